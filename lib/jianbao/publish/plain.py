"""Markdown and HTML that were not written for us, as parts. Imports brief.parts."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, cast

from jianbao.brief.parts import Chart, Column, Heading, Part, Prose, Run, Table

_CJK = "⺀-鿿豈-﫿　-〿＀-￯"
_SOFT_BREAK = re.compile(f"(?<=[{_CJK}])\n(?=[{_CJK}])")
_NUMERIC = re.compile(r"[-+−]?[\d,]*\.?\d+(?:e[-+]?\d+)?[%‰]?|NaN|<NA>|None|—|-|", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HIDDEN = {"script", "style", "head", "template"}
_BLOCKS = {"p", "div", "li", "br", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "section", "table"}


def markdown_parts(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Iterator[Part]:
    """The parts of one Markdown text.

    A `#` comes back as a heading of level 0: only the notebook knows if it is a title. Raw HTML
    gives its words and tables, nothing else. Pictures are read from `attachments`; one that lies elsewhere is left
    out, since a document fetches nothing.
    """
    import mistune

    parse = mistune.create_markdown(renderer=None, plugins=["table"])
    tokens = cast(list[dict[str, Any]], parse(_COMMENT.sub("", source)))
    yield from _blocks(tokens, attachments or {})


def html_parts(source: str) -> Iterator[Part]:
    """The tables of an HTML output, or else its words as prose."""
    reader = _Reader()
    reader.feed(_COMMENT.sub("", source))
    reader.close()
    tables = [table for table in map(_table, reader.tables) if table]
    if tables:
        yield from tables
    else:
        yield from text_parts("\n\n".join(reader.words()))


def text_parts(text: str) -> Iterator[Prose]:
    """Each block of lines of a printed text as a paragraph."""
    for block in re.split(r"\n\s*\n", text):
        if said := _SOFT_BREAK.sub("", block.strip()).replace("\n", " "):
            yield Prose((Run(said),))


def _blocks(tokens: Sequence[Mapping[str, Any]], attachments: Mapping[str, Mapping[str, str]]) -> Iterator[Part]:
    for token in tokens:
        match token["type"]:
            case "heading":
                text = "".join(run.text for run in _runs(token["children"]))
                if text:
                    yield Heading(text, level=token["attrs"]["level"] - 1)
            case "paragraph" | "block_text":
                yield from _paragraph(token["children"], attachments)
            case "list":
                yield from _list(token, attachments)
            case "table":
                yield _markdown_table(token)
            case "block_html":
                yield from html_parts(token["raw"])
            case "block_code":
                yield from text_parts(token["raw"])
            case _:
                yield from _blocks(token.get("children", ()), attachments)


def _paragraph(children: Sequence[Mapping[str, Any]], attachments: Mapping[str, Mapping[str, str]]) -> Iterator[Part]:
    runs = _runs([child for child in children if child["type"] != "image"])
    if "".join(run.text for run in runs).strip():
        yield Prose(tuple(runs))
    for child in children:
        if child["type"] == "image":
            alt = "".join(run.text for run in _runs(child["children"]))
            bundle = attachments.get(child["attrs"]["url"].removeprefix("attachment:"), {})
            if chart := picture_part(bundle, alt=alt):
                yield chart


def _list(token: Mapping[str, Any], attachments: Mapping[str, Mapping[str, str]]) -> Iterator[Part]:
    start = token["attrs"].get("start", 1)
    for n, item in enumerate(token["children"], start):
        mark = f"{n}. " if token["attrs"]["ordered"] else "· "
        for i, part in enumerate(_blocks(item["children"], attachments)):
            yield Prose((Run(mark), *part.runs)) if i == 0 and isinstance(part, Prose) else part


def _markdown_table(token: Mapping[str, Any]) -> Table:
    head, body = token["children"][0], token["children"][1:]
    columns = tuple(Column(_text(cell), align=cell["attrs"]["align"] or "left") for cell in head["children"])
    rows = tuple(tuple(Run(_text(cell)) for cell in row["children"]) for part in body for row in part["children"])
    return Table(title="", columns=columns, rows=rows)


def _text(token: Mapping[str, Any]) -> str:
    return "".join(run.text for run in _runs(token["children"])).strip()


def _runs(tokens: Sequence[Mapping[str, Any]], strong: bool = False) -> list[Run]:
    runs: list[Run] = []
    for token in tokens:
        kind = token["type"]
        if kind == "softbreak":
            text = "\n"
        elif kind == "linebreak":
            text = " "
        elif "children" in token:
            runs += _runs(token["children"], strong or kind == "strong")
            continue
        else:
            text = token.get("raw", "")
        if runs and runs[-1].strong == strong:
            runs[-1] = Run(runs[-1].text + text, strong=strong)
        else:
            runs.append(Run(text, strong=strong))
    # A line end between two Chinese characters is no space.
    return [Run(_SOFT_BREAK.sub("", run.text).replace("\n", " "), strong=run.strong) for run in runs]


def picture_part(bundle: Mapping[str, Any], *, alt: str = "") -> Chart | None:
    """A plain picture as a chart, or None. Without a description the alt text admits it."""
    svg = _joined(bundle.get("image/svg+xml", ""))
    png = base64.b64decode(_joined(bundle.get("image/png", "")))
    if not svg and not png:
        return None
    return Chart(title="", alt=alt or "图，作者未附文字说明", svg=svg, png=png)


def _joined(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


class _Reader(HTMLParser):
    """Collects tables, as rows of (text, is header) inside head or body, and the words outside them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_HtmlTable] = []
        self._text: list[str] = []
        self._open: list[_HtmlTable] = []
        self._hidden = 0
        self._into: Callable[[str], None] = self._text.append

    def words(self) -> list[str]:
        return [block.strip() for block in "".join(self._text).split("\n") if block.strip()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "table":
            self._open.append(_HtmlTable())
        elif self._open and tag == "thead":
            self._open[-1].in_head = True
        elif self._open and tag == "tr":
            self._open[-1].rows.append(([], self._open[-1].in_head))
        elif self._open and tag in ("td", "th"):
            said = dict(attrs)
            self._open[-1].cell(tag == "th", _span(said.get("colspan")))
        elif self._open and tag == "caption":
            self._open[-1].in_caption = True
        elif tag in _BLOCKS and not self._open:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag == "table" and self._open:
            self.tables.append(self._open.pop())
        elif self._open and tag == "thead":
            self._open[-1].in_head = False
        elif self._open and tag == "caption":
            self._open[-1].in_caption = False
        elif tag in _BLOCKS and not self._open:
            self._text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._open:
            self._open[-1].said(data)
        else:
            self._text.append(data.replace("\n", " "))


class _HtmlTable:
    def __init__(self) -> None:
        self.rows: list[tuple[list[list[Any]], bool]] = []   # ([[text, is header]…], in head)
        self.caption = ""
        self.in_head = self.in_caption = False
        self._span = 1

    def cell(self, header: bool, span: int) -> None:
        if not self.rows:
            self.rows.append(([], self.in_head))
        # A cell over several columns is repeated in each: a column must be readable alone.
        self._span = span
        self.rows[-1][0].extend(["", header] for _ in range(span))

    def said(self, data: str) -> None:
        if self.in_caption:
            self.caption += data
        elif self.rows and self.rows[-1][0]:
            for cell in self.rows[-1][0][-self._span:]:
                cell[0] += data


def _span(value: str | None) -> int:
    return min(int(value), 50) if value and value.isdigit() and int(value) else 1


def _table(found: _HtmlTable) -> Table | None:
    rows = [([" ".join(text.split()) for text, _ in cells], in_head or all(header for _, header in cells))
            for cells, in_head in found.rows if cells]
    n_head = next((i for i, (_, is_head) in enumerate(rows) if not is_head), len(rows))
    head, body = [cells for cells, _ in rows[:n_head]], [cells for cells, _ in rows[n_head:]]
    if not body:
        return None
    width = max(len(cells) for cells in [*head, *body])
    padded = [cells + [""] * (width - len(cells)) for cells in body]
    titles = ["·".join(dict.fromkeys(c[j] for c in head if j < len(c) and c[j])) for j in range(width)]
    if titles[0] == "" and width > 1 and [cells[0] for cells in padded] == [str(i) for i in range(len(padded))]:
        # pandas' default index says nothing to a reader.
        titles, padded = titles[1:], [cells[1:] for cells in padded]
    columns = tuple(
        Column(title, align="right" if all(_NUMERIC.fullmatch(cells[j]) for cells in padded) else "left")
        for j, title in enumerate(titles))
    return Table(title=" ".join(found.caption.split()), columns=columns,
                 rows=tuple(tuple(Run(cell) for cell in cells) for cells in padded))
