"""Tables that are no workbooks inside: CSV and its kin in any encoding, and the web pages that systems export as .xls.
Standard library only. Nothing in a page is run or fetched; only its table cells are read.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import islice
from typing import Any

from jianbao.errors import WorkbookError

Within = Callable[[int, int], None]  # raises WorkbookError for a table larger than any ledger
SUFFIXES = (".csv", ".tsv", ".tab", ".xls", ".xlsx", ".et")
SEPARATORS = {",": "", "\t": "制表符", ";": "分号", "|": "竖线", "，": "全角逗号"}
LOOKED_AT = 50  # lines
MAX_SPAN = 1000
ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")
_ROW, _CELL = re.compile(rb"(?i)<tr[\s>]"), re.compile(rb"(?i)<t[dh][\s>]")
_CHARSET = re.compile(rb"""(?i)charset\s*=\s*["']?\s*([\w-]{2,20})""")
_SEP = re.compile(r"(?i)sep=(.)\r?\n")


def is_html(content: bytes) -> bool:
    """A web page with a table of some size."""
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith(b"<") and b"<table" in content.lower() and _at_least(2, _ROW, content) and _at_least(4, _CELL, content)


def _at_least(times: int, pattern: re.Pattern[bytes], content: bytes) -> bool:
    return len(list(islice(pattern.finditer(content), times))) == times


def is_table(content: bytes, name: str) -> bool:
    """Whether a file that is no workbook may be read as text, whatever its suffix promises."""
    if not name.lower().endswith(SUFFIXES):
        return False
    if is_html(content):
        return True
    head = content[:4096]
    if not _utf16(content) and (b"\0" in head or head.lstrip().startswith((b"<", b"%", b"{"))):
        return False
    try:
        lines = [line for line in decoded(content).splitlines() if line.strip()][:LOOKED_AT]
    except WorkbookError:
        return False
    return bool(lines) and _separated(lines)[1] > 1


def decoded(content: bytes) -> str:
    """UTF-16 or UTF-8, with or without mark, else GB 18030. Raises WorkbookError for what is none of them."""
    encodings = [_utf16(content)] if _utf16(content) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise WorkbookError("encoding", "文本编码无法识别。", "请另存为 UTF-8 编码的 CSV。")


def _utf16(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark: the separators and digits of such a text have a zero beside them.
    head = content[:2000]
    if head.count(b"\0") * 8 > len(head) > 3:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return ""


def read_text(content: bytes, within: Within) -> tuple[list[list[Any]], tuple[str, ...]]:
    """The rows, all of one width, and what had to be guessed."""
    text = decoded(content)
    said = _SEP.match(text)  # Excel's own first line; no row
    if said:
        text = text[said.end() :]
    sample = [line for line in io.StringIO(text) if line.strip()][:LOOKED_AT] if not said else []
    separator = said[1] if said else _separated(sample)[0]
    rows: list[list[Any]] = []
    width = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(row) > width:
                width = len(row)
            if not len(rows) % 1000 or width > 1000:
                within(len(rows), width)
    except csv.Error:
        raise WorkbookError(
            "damaged", f"第 {len(rows) + 1} 行读不出来，引号可能没有成对。", "请用 WPS 或 Excel 打开，另存为 .xlsx 后重新报送。"
        ) from None
    within(len(rows), width)
    for row in rows:
        row += [""] * (width - len(row))
    if '="' in text:
        for row in rows:
            for j, cell in enumerate(row):
                if cell.startswith('="') and cell.endswith('"'):  # how exports keep the zeros of a number
                    row[j] = cell[2:-1]
    name = SEPARATORS.get(separator, separator)
    return rows, (f"按{name}分列",) if name else ()


def faults_in(rows: list[list[Any]]) -> dict[tuple[int, int], str]:
    """Cells that show an error, 0-based; they are emptied."""
    found = {(i, j): cell for i, row in enumerate(rows) for j, cell in enumerate(row) if cell[:1] == "#" and cell in ERRORS}
    for i, j in found:
        rows[i][j] = ""
    return found


def _separated(lines: list[str]) -> tuple[str, int]:
    """The separator by which most of the lines fall into most columns, and how many."""
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            widths = sorted(len(row) for row in csv.reader(lines, delimiter=separator))
        except csv.Error:
            continue
        usual = widths[len(widths) // 2] if widths else 0
        if usual > most:
            best, most = separator, usual
    return best, most


def read_html(content: bytes, within: Within) -> tuple[list[list[Any]], list[tuple[int, int, int, int]]]:
    """The cells of all tables of a page, one below another with a row between, and the ranges merged over several rows."""
    said = _CHARSET.search(content[:4096])
    try:
        text = content.decode(said[1].decode().lower().replace("gb2312", "gb18030").replace("gbk", "gb18030")) if said else ""
    except (LookupError, UnicodeDecodeError):
        text = ""
    page = _Tables(within)
    page.feed(text or decoded(content))
    page.close()
    width = max(map(len, page.rows), default=0)
    within(len(page.rows), width)
    return [row + [""] * (width - len(row)) for row in page.rows], page.merged


class _Tables(HTMLParser):
    """Collects the text of table cells. A table within a cell is part of that cell's text."""

    def __init__(self, within: Within) -> None:
        super().__init__(convert_charrefs=True)
        self.within = within
        self.rows: list[list[Any]] = []
        self.merged: list[tuple[int, int, int, int]] = []
        self.taken: dict[tuple[int, int], bool] = {}  # places under a cell that spans rows
        self.depth = self.skipped = 0
        self.cell: list[str] | None = None
        self.place = (0, 0)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.skipped += 1
        elif tag == "table":
            self.depth += 1
            if self.depth == 1 and self.rows:
                self.rows.append([])
        elif self.depth != 1:
            return
        elif tag == "tr":
            self._end_cell()
            self.rows.append([])
            if not len(self.rows) % 500:
                self.within(len(self.rows), max(map(len, self.rows)))
        elif tag in ("td", "th"):
            self._end_cell()
            self._begin_cell({k: v or "" for k, v in attrs})
        elif tag == "br" and self.cell is not None:
            self.cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.skipped = max(0, self.skipped - 1)
        elif tag == "table":
            if self.depth == 1:
                self._end_cell()
            self.depth = max(0, self.depth - 1)
        elif self.depth == 1 and tag in ("td", "th", "tr"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.skipped:
            self.cell.append(" ".join(data.split()) if "\n" in data else data)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if not self.rows:
            self.rows.append([])
        i, row = len(self.rows) - 1, self.rows[-1]
        while (i, len(row)) in self.taken:
            row.append("")
        j, across, down = len(row), _span(attributes, "colspan"), _span(attributes, "rowspan")
        row += [""] * across
        self.within(i + 1, len(row))
        for k in range(1, down):
            for n in range(j, j + across):
                self.taken[i + k, n] = True
        if len(self.taken) > 1_000_000:
            raise WorkbookError("merged", "合并单元格太多或太大。", "请取消合并单元格，逐行填写后重新报送。")
        if down > 1:
            self.merged.append((i, j, i + down - 1, j + across - 1))
        self.place, self.cell = (i, j), []

    def _end_cell(self) -> None:
        if self.cell is not None:
            self.rows[self.place[0]][self.place[1]] = "".join(self.cell).strip()
        self.cell = None


def _span(attributes: dict[str, str], name: str) -> int:
    said = attributes.get(name, "").strip()
    return min(max(int(said), 1), MAX_SPAN) if said.isdecimal() and len(said) < 6 else 1
