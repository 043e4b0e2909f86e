"""An executed notebook read as a document: its text and shown parts, never its code. Imports brief.parts, errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jianbao.brief.parts import MIME, Document, Head, Heading, Part, from_json
from jianbao.errors import PublishError
from jianbao.publish.plain import html_parts, markdown_parts, picture_part, text_parts

LEFT_OUT = frozenset({"remove-cell", "parameters", "injected-parameters"})
OUTPUT_LEFT_OUT = frozenset({"remove-output"})

# What Python prints for an object without words: <Axes: …>, [<matplotlib.lines.Line2D at 0x7f…>].
_REPR = re.compile(r"^[\[({]*<[\w.]+[ :].*>", re.DOTALL)


def from_notebook(nb: Any, *, title: str = "") -> Document:
    """The parts of `nb` in reading order.

    Parts shown by the library are read from their JSON; Markdown, pandas tables, pictures, printed text and
    results become parts too. Code, errors and stderr are left out, and so are cells tagged remove-cell,
    parameters or injected-parameters and the outputs of those tagged remove-output. Without a head the first
    leading `#`, the notebook's metadata or `title` names the document. A part that cannot be read raises
    PublishError naming the cell.
    """
    parts: list[Part] = []
    fallback = ""
    for n, cell in enumerate(nb["cells"], 1):
        for part in _cell_parts(n, cell):
            if isinstance(part, Heading) and part.level < 1:
                if all(isinstance(earlier, Head) for earlier in parts) and not fallback:
                    fallback = part.text
                    continue
                part = Heading(part.text, level=1)
            parts.append(part)
    if not any(isinstance(part, Head) for part in parts):
        named = fallback or str(nb.get("metadata", {}).get("title", "")) or title or "简报"
        parts.insert(0, Head(name="", title=named, issuer="", issued_on="", period="", period_label="", unit="",
                             unit_name="", as_of=""))
    return Document(tuple(parts))


def _cell_parts(n: int, cell: Mapping[str, Any]) -> Iterator[Part]:
    tags = set(cell.get("metadata", {}).get("tags", ()))
    if tags & LEFT_OUT:
        return
    if cell["cell_type"] == "markdown":
        yield from markdown_parts(_joined(cell["source"]), cell.get("attachments"))
    elif cell["cell_type"] == "code" and not tags & OUTPUT_LEFT_OUT:
        for output in cell.get("outputs", ()):
            yield from _output_parts(n, output)


def _output_parts(n: int, output: Mapping[str, Any]) -> Iterator[Part]:
    match output["output_type"]:
        case "stream" if output.get("name") == "stdout":
            yield from text_parts(_joined(output["text"]))
        case "display_data" | "execute_result":
            yield from _bundle_parts(n, output["data"])


def _bundle_parts(n: int, data: Mapping[str, Any]) -> Iterator[Part]:
    """The best reading of one bundle: our part, a picture, a table, Markdown, words."""
    if MIME in data:
        yield _ours(n, data)
    elif chart := picture_part(data):
        yield chart
    elif "text/markdown" in data:
        yield from markdown_parts(_joined(data["text/markdown"]))
    elif "text/html" in data:
        yield from html_parts(_joined(data["text/html"]))
    elif "text/plain" in data and not _REPR.match(said := _joined(data["text/plain"]).strip()):
        yield from text_parts(said)


def _ours(n: int, data: Mapping[str, Any]) -> Part:
    svg = _joined(data.get("image/svg+xml", ""))
    try:
        png = base64.b64decode(_joined(data.get("image/png", "")))
        return from_json(data[MIME], svg=svg, png=png)
    except (KeyError, TypeError, ValueError) as problem:
        raise PublishError(
            f"cell {n}: this output is no part this version can read ({problem!r}). Run the notebook again."
        ) from problem


def _joined(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)
