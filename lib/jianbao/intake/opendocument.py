"""How far the sheets of an .ods reach, before any parser makes room for them. Standard library only.

Its cells and rows say how often they are repeated: one line of it may stand for a billion cells. What is repeated and empty
at the end, as LibreOffice writes in every file, counts for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_TAG = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["']\s*(\d+)""")


def measured(chunks: Iterable[bytes], within: Callable[[int, int], None]) -> None:
    """Calls `within(rows, columns)` for what each sheet has grown to; it raises when that is too far."""
    rows = columns = row = height = column = 0
    for text in _uncut(chunks):
        for tag in _TAG.finditer(text):
            kind, about = tag[1], tag[2]
            if kind == b"table":
                rows = columns = row = height = column = 0
                continue
            said = _REPEATED.search(about)
            times = int(said[1][:12]) if said else 1
            if kind == b"table-row":
                row, height, column = row + height, times, 0
                continue
            column += times
            if b"office:" in about or not about.endswith(b"/"):
                rows, columns = max(rows, row + height), max(columns, column)
                within(rows, columns)


def _uncut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text, in pieces that end where a tag begins."""
    tail = b""
    for chunk in chunks:
        text = tail + chunk
        at = text.rfind(b"<")
        at = at if at > 0 else len(text)
        yield text[:at]
        tail = text[at:]
    yield tail
