"""What the raw XML of one sheet says that a parser does not, or says too late: far cells, errors, uncomputed formulas, merges.

Imports errors only; standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jianbao.errors import WorkbookError

MAX_ROWS, MAX_COLUMNS, MAX_AREA = 250_000, 702, 5_000_000
MAX_MERGED = 1_000_000  # rows under merged cells, each counted as often as it is merged
RESAVE = "请用 WPS 或 Excel 打开，另存为 .xlsx 后重新报送。"
# A literal beginning is what makes these searches cheap; every writer we met puts a space before the attribute.
_FAR = re.compile(rb' r="(?:[A-Z]{2,3}\d|[A-Z]\d{4})')
_FAR_QUOTED = re.compile(rb"\sr='(?:[A-Z]{2,3}\d|[A-Z]\d{4})")
_PLACE = re.compile(rb"""\br=["']([A-Z]+)(\d+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_FORMULAS = (b"<f>", b"<f ", b":f>", b":f ")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)</|<(?:\w+:)?t(?:\s[^>]*)?>[^<]")
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*?\bref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
_ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


def scanned(chunks: Iterable[bytes], *, whole: bool) -> tuple[dict[tuple[int, int], str], set[tuple[int, int, int, int]]]:
    """Faults and merged ranges of one sheet, which may be `whole` in its only chunk."""
    rows = columns = area = 0
    faults: dict[tuple[int, int], str] = {}
    merged: set[tuple[int, int, int, int]] = set()
    for text in chunks:
        begin, end = 0, len(text)
        if whole:
            first, last = text.find(b"sheetData"), text.rfind(b"sheetData")
            begin, end = (first, last) if first < last else (0, end)
        quoted = text.find(b"'", begin, end) >= 0
        if _FAR.search(text, begin, end) or (quoted and _FAR_QUOTED.search(text, begin, end)):
            rows, columns = _extent(text, rows, columns)
        if (
            text.find(b't="e"', begin, end) >= 0
            or (quoted and text.find(b"t='e'", begin, end) >= 0)
            or (text.find(b"f", begin, end) >= 0 and any(text.find(mark, begin, end) >= 0 for mark in _FORMULAS))
        ):
            faults.update(_faults(text))
        if (start := text.find(b"mergeCells", end if begin else 0)) >= 0:
            # Within one row a merge changes nothing for who reads the rows.
            stop = text.rfind(b"mergeCells")  # the end tag, unless a chunk ends before it
            ranges = _MERGE.findall(text, start, stop if stop > start else len(text))
            area += sum((int(d) - int(b) + 1) * (column(c) - column(a) + 1) for a, b, c, d in ranges)
            if area > MAX_AREA:
                raise WorkbookError("merged", "合并单元格太多或太大。", "请取消合并单元格，逐行填写后重新报送。")
            merged |= {(int(b) - 1, column(a), int(d) - 1, column(c)) for a, b, c, d in ranges if b != d}
    return faults, merged


def _extent(text: bytes, rows: int, columns: int) -> tuple[int, int]:
    """The last row and column so far. Raises WorkbookError when a cell stands where no ledger reaches."""
    for letters, digits in set(_PLACE.findall(text)):
        if len(digits) > 9 or len(letters) > 4:
            raise WorkbookError("damaged", "文件已损坏或没有传完。", RESAVE)
        row, col = int(digits), column(letters) + 1
        if row > MAX_ROWS or col > MAX_COLUMNS:
            raise far_cell(f"单元格 {letters.decode()}{row} 离表格太远。")
        rows, columns = max(rows, row), max(columns, col)
    within(rows, columns)
    return rows, columns


def within(rows: int, columns: int) -> None:
    """Raises WorkbookError for a table larger than any ledger."""
    if rows * columns > MAX_AREA or rows > MAX_ROWS or columns > MAX_COLUMNS:
        raise far_cell(f"表格占了 {rows} 行 {columns} 列，大多是空的。")


def far_cell(message: str) -> WorkbookError:
    return WorkbookError("far-cell", message, "请删除表格以外的行和列（选中后右键删除，不是清空），保存后重新报送。")


def _faults(text: bytes) -> dict[tuple[int, int], str]:
    """Cells that show an error, or a formula nobody has computed."""
    found = {}
    for cell in _CELL.finditer(text):
        attributes, inner = cell[1], cell[2] or b""
        is_error = b't="e"' in attributes or b"t='e'" in attributes
        if not is_error and not _FORMULA.search(inner):
            continue
        value, place = _VALUE.search(inner), _PLACE.search(attributes)
        if place is None or (value is not None and not is_error):
            continue
        said = value[1].decode("utf-8", "replace") if value is not None and value[1] else ""
        found[int(place[2]) - 1, column(place[1])] = (said if said in _ERRORS else "#ERROR") if is_error else "formula"
    return found


def column(letters: bytes) -> int:
    """A → 0, XFD → 16383."""
    n = 0
    for letter in letters:
        n = n * 26 + letter - 64
    return n - 1
