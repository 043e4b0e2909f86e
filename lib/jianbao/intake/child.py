"""The sealed-off reader: bytes in by stdin, cells out by stdout. Imports gate, errors; started by reader, never imported.

What most files do not need is imported where it is used: every child pays for what stands at the top.

A crafted file can make any parser allocate half a terabyte or loop for hours. Here that ends this process and nothing
else: memory and time are limited, no file can be written, and each result leaves as soon as it is there.
"""

from __future__ import annotations

import io
import pickle
import sys
from time import process_time
from typing import Any

from jianbao.errors import WorkbookError
from jianbao.intake.gate import MAX_AREA, MAX_INSIDE, MAX_ROWS, PARQUET, RESAVE, inspect

MEMORY = 1 << 30  # bytes of address space
SECONDS_PER_FILE = 20  # of the processor
CODES_SHEET = "_codes"  # the templates' own drop-down lists: never filed
Cells = tuple[str, bool, list[list[Any]], dict[tuple[int, int], str], list[tuple[int, int, int, int]]]


def main() -> None:
    """Reads a pickled list of (name, content); writes one pickled result for each, in order."""
    job: list[tuple[str, bytes]] = pickle.load(sys.stdin.buffer)
    _limit()
    out = sys.stdout.buffer
    for name, content in job:
        _grant()
        try:
            result: Any = read(content, name)
        except WorkbookError as e:
            result = (e.rule, e.message, e.remedy)
        except BaseException as e:  # calamine's PanicException is no Exception
            result = _explained(e)
        pickle.dump(result, out, pickle.HIGHEST_PROTOCOL)
        out.flush()


def read(content: bytes, name: str) -> list[Cells]:
    """The sheets of one file, in its order: title, visible, rows (rows[i][j] is Excel row i+1), faults, merged ranges."""
    marks = inspect(content, name)
    if content.startswith(PARQUET):
        return [_table(content, name)]
    if not content.startswith((b"PK", b"\xd0\xcf")):
        return [_text(content, name)]
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(marks.content))
    sheets = []
    for sheet in book.sheets_metadata:
        if sheet.name == CODES_SHEET or sheet.typ != SheetTypeEnum.WorkSheet:
            continue
        cells = book.get_sheet_by_name(sheet.name)
        merged = marks.merged.get(sheet.name, [])
        if content.startswith(b"\xd0\xcf"):
            merged = [(a, b, c, d) for (a, b), (c, d) in cells.merged_cell_ranges or ()]
        sheets.append(
            (
                sheet.name,
                sheet.visible == SheetVisibleEnum.Visible,
                cells.to_python(skip_empty_area=False),
                marks.faults.get(sheet.name, {}),
                merged,
            )
        )
    return sheets


def _text(content: bytes, name: str) -> Cells:
    """A CSV file as one sheet named after it: UTF-8 with or without mark, else GB 18030."""
    import csv

    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise WorkbookError("encoding", "文本编码无法识别。", "请另存为 UTF-8 编码的 CSV。")
    rows = [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    width = max(map(len, rows), default=0)
    return _title(name), True, [row + [""] * (width - len(row)) for row in rows], {}, []


def _table(content: bytes, name: str) -> Cells:
    """A Parquet file as one sheet named after it, its column names as the header."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(io.BytesIO(content))
    about = file.metadata
    unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if about.num_rows > MAX_ROWS or about.num_rows * about.num_columns > MAX_AREA or unpacked > MAX_INSIDE:
        raise WorkbookError("too-large", f"表有 {about.num_rows} 行 {about.num_columns} 列，太大。", "请分期、分块发送。")
    columns = []
    for column in file.read(use_threads=False).columns:
        if pa.types.is_timestamp(column.type):  # nanoseconds would need pandas
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        columns.append([_cell(value) for value in column.to_pylist()])
    rows = [list(row) for row in zip(*columns, strict=True)]
    return _title(name), True, [[str(n) for n in file.schema_arrow.names], *rows], {}, []


def _cell(value: Any) -> Any:
    """As a workbook's reader gives it: numbers as float, "" where empty."""
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal

    match value:
        case None:
            return ""
        case bool() | str():
            return value
        case int() | float() | Decimal():
            return float(value) if value == value else ""
        case datetime():
            return value.replace(tzinfo=None)
        case date() | time() | timedelta():
            return value
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _title(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]


def _explained(error: BaseException) -> tuple[str, str, str]:
    kind = type(error).__name__
    if kind == "PasswordError":
        return "encrypted", "文件设有打开密码，无法读取。", "请取消打开密码后重新报送。"
    if kind == "MemoryError":
        return "bomb", "文件展开后太大，不像正常填报的台账。", "请把内容粘贴到新下发的模板里重新报送。"
    return "damaged", "文件内部有损坏，读不出来。", RESAVE


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the gate and the parent's clock remain
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _grant() -> None:
    """Processor time for the next file."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + SECONDS_PER_FILE, hard))
