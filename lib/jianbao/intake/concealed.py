"""Rows and columns that a sheet hides, in the XML of an .xlsx or .ods; merged and faulty cells of an .ods. Standard library only.

Parsers give the cells of hidden rows like all others. They are filed too, and it is said: a filter left on must not make a
row count that nobody saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAX_ROWS, MAX_COLUMNS = 250_000, 702
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr=["'](\d{1,7})["'][^>]*>""")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_FROM, _TO = re.compile(rb"""\bmin=["'](\d{1,5})["']"""), re.compile(rb"""\bmax=["'](\d{1,5})["']""")
_HIDDEN = re.compile(rb"""\shidden=["'](?:1|true|on)["']""")
_SINCE_1904 = re.compile(rb"""\bdate1904=["'](?:1|true|on)["']""")
_TAG = re.compile(rb"<(/?)table:(table|table-row|table-column|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>")
_REPEATED = re.compile(rb"""table:number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,9})["']""")
_SPAN = re.compile(rb"""table:number-(rows|columns)-spanned\s*=\s*["'](\d{1,6})["']""")
_UNSEEN = re.compile(rb"""table:visibility\s*=\s*["'](collapse|filter)["']""")
_NULL_DATE = re.compile(rb"""<table:null-date\b[^>]*date-value\s*=\s*["']1904-01-01""")
_NAME = re.compile(rb"""table:name\s*=\s*["']([^"']*)["']""")
_ERROR = re.compile(rb"<text:p>(#N/A|#DIV/0!|#REF!|#VALUE!|#NAME\?|#NUM!|#NULL!|Err:\d+)</text:p>")


@dataclass
class Concealed:
    """What one sheet hides, 0-based."""

    rows: set[int] = field(default_factory=set)
    columns: set[int] = field(default_factory=set)
    filtered: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows or self.columns)


@dataclass
class Marks:
    """What a parser does not tell of one sheet, 0-based."""

    faults: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # first row, column, last row, column
    concealed: Concealed = field(default_factory=Concealed)


def watched(chunks: Iterable[bytes], into: Concealed) -> Iterator[bytes]:
    """The same chunks of an .xlsx sheet, in which no tag is cut; what they hide is put down on the way."""
    for text in chunks:
        if text.find(b"hidden=") >= 0 and _HIDDEN.search(text):
            into.rows.update(int(row[1]) - 1 for row in _ROW.finditer(text) if _HIDDEN.search(row[0]))
            for column in _COLUMN.findall(text):
                first, last = _FROM.search(column), _TO.search(column)
                if first and last and _HIDDEN.search(column):
                    into.columns.update(range(int(first[1]) - 1, min(int(last[1]), MAX_COLUMNS)))
            into.filtered = into.filtered or text.find(b"filterColumn") >= 0
        yield text


def since_1904(workbook: bytes) -> bool:
    """Whether the workbook part says that its day numbers count from 1904."""
    return workbook.find(b"date1904") >= 0 and _SINCE_1904.search(workbook) is not None


def marks_of_ods(content: bytes) -> tuple[dict[str, Marks], bool]:
    """Sheet title → marks, from the content.xml of an .ods; and whether its day numbers count from 1904."""
    from html import unescape

    found: dict[str, Marks] = {}
    dated = _NULL_DATE.search(content) is not None
    if not (b"table:visibility" in content or b"-spanned" in content or _ERROR.search(content)):
        return found, dated
    sheet = Marks()
    row = column = declared = rows = 0
    within = 0
    for tag in _TAG.finditer(content):
        kind, about = tag[2], tag[3]
        if kind == b"table":
            within += -1 if tag[1] else 1
            if not tag[1] and within == 1:
                name = _NAME.search(about)
                sheet = found.setdefault(unescape(name[1].decode("utf-8", "replace")) if name else "", Marks())
                row = rows = declared = 0
            continue
        if tag[1] or within != 1:
            continue
        said = _REPEATED.search(about)
        times = int(said[1]) if said else 1
        if kind == b"table-column":
            if _UNSEEN.search(about):
                sheet.concealed.columns.update(range(declared, min(declared + times, MAX_COLUMNS)))
            declared += times
        elif kind == b"table-row":
            row, rows, column = rows, rows + times, 0
            if (unseen := _UNSEEN.search(about)) and rows <= MAX_ROWS:
                sheet.concealed.rows.update(range(row, rows))
                sheet.concealed.filtered = sheet.concealed.filtered or unseen[1] == b"filter"
        else:
            spans = {which: int(n) for which, n in _SPAN.findall(about)} if b"-spanned" in about else {}
            if spans.get(b"rows", 1) > 1:
                sheet.merged.append((row, column, row + spans[b"rows"] - 1, column + spans.get(b"columns", 1) - 1))
            if not about.endswith(b"/") and (error := _ERROR.match(content, tag.end())):
                sheet.faults[row, column] = error[1].decode() if error[1].startswith(b"#") else "#ERROR"
            column += times
    return found, dated
