"""The sealed-off reader: bytes in by stdin, cells out by stdout. Imports gate, errors; started by reader, never imported.

What most files do not need is imported where it is used: every child pays for what stands at the top.

A crafted file can make any parser allocate half a terabyte or loop for hours. Here that ends this process and nothing
else: memory and time are limited, no file can be written, and each result leaves as soon as it is there.
"""

from __future__ import annotations

import io
import sys
from time import process_time
from typing import Any

from jianbao.errors import WorkbookError
from jianbao.intake.concealed import Concealed
from jianbao.intake.gate import MAX_INSIDE, MAX_PARTS, PARQUET, Marks, inspect
from jianbao.intake.handover import ROWS_AT_ONCE, jobs, put_result, put_rows
from jianbao.intake.kinds import kind_of, marks_of, misnamed
from jianbao.intake.scan import MAX_AREA, MAX_MERGED, MAX_ROWS, RESAVE, within

MEMORY = 1 << 30  # bytes of address space
SECONDS_PER_MB = 5  # of the processor, beside what every file has
MAX_TEXT = 32_767  # characters in a cell: no workbook has more
CODES_SHEET = "_codes"  # the templates' own drop-down lists: never filed
# Title, visible, rows, faults, merged ranges; then, where there is any, what RawSheet has beside these.
Cells = tuple[Any, ...]


def main() -> None:
    """Reads files from stdin; writes one result for each, in order. The last argument: processor seconds for a small file."""
    seconds = float(sys.argv.pop())
    _limit()
    out = sys.stdout.buffer
    for name, content in jobs(sys.stdin.buffer):
        _grant(seconds + SECONDS_PER_MB * len(content) / (1 << 20))
        try:
            marks = inspect(content, name)
            sheets = [_bounded(sheet, max(marks.inside, len(content))) for sheet in read(content, name, marks)]
            put_result(out, (marks.notes, [_ahead(out, sheet) for sheet in sheets]))
        except WorkbookError as e:
            put_result(out, (e.rule, e.message, e.remedy))
        except BaseException as e:  # calamine's PanicException is no Exception
            put_result(out, _explained(e))
            if isinstance(e, MemoryError) or not isinstance(e, Exception):
                return  # the next child starts afresh


def _bounded(sheet: Cells, size: int) -> Cells:
    """The sheet, when it is no larger than the gate allows: some kinds of file are measured only once they are read."""
    _, _, rows, _, merged, *_ = sheet
    width = len(rows[0]) if rows else 0
    within(len(rows), width)
    if sum(last - first for first, _, last, _ in merged) > MAX_MERGED:
        raise WorkbookError("merged", "合并单元格太多或互相重叠。", "请取消合并单元格，逐行填写后重新报送。")
    if size > 1 << 20 and any(len(c) > MAX_TEXT for row in rows for c in row if c.__class__ is str):
        raise WorkbookError("too-large", f"有的单元格超过 {MAX_TEXT} 字，不像正常填报的台账。", RESAVE)
    return sheet


def _ahead(out: Any, sheet: Cells) -> tuple[Any, ...]:
    """The sheet with its rows put before it when they are many, and their number in their place."""
    rows = sheet[2]
    if len(rows) <= ROWS_AT_ONCE:
        return sheet
    count = len(rows)
    rows.reverse()  # so that they can be given away from the end
    while rows:
        block = rows[-ROWS_AT_ONCE:]
        del rows[-ROWS_AT_ONCE:]
        block.reverse()
        put_rows(out, block)
    return (*sheet[:2], count, *sheet[3:])


def read(content: bytes, name: str, marks: Marks) -> list[Cells]:
    """The sheets of one file, in its order: title, visible, rows (rows[i][j] is Excel row i+1), faults, merged ranges."""
    if content.startswith(PARQUET):
        return [_table(content, name)]
    if not content.startswith((b"PK", b"\xd0\xcf")):
        return [_text(content, name)]
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(marks.content))
    kind = kind_of(content)
    about, since_1904 = ({}, marks.since_1904) if kind == "xlsx" else marks_of(content, kind, MAX_PARTS)
    notes = misnamed(name, kind)
    sheets = []
    for sheet in book.sheets_metadata:
        if sheet.name == CODES_SHEET or sheet.typ != SheetTypeEnum.WorkSheet:
            continue
        cells = book.get_sheet_by_name(sheet.name)
        within(cells.total_height, cells.total_width)
        merged = marks.merged.get(sheet.name, [])
        if content.startswith(b"\xd0\xcf"):
            merged = [(a, b, c, d) for (a, b), (c, d) in cells.merged_cell_ranges or ()]
        faults = marks.faults.get(sheet.name, {})
        concealed = marks.concealed.get(sheet.name)
        if about and (more := about.get(sheet.name)):
            faults, merged, concealed = {**faults, **more.faults}, merged or more.merged, more.concealed
        found: Cells = (
            sheet.name,
            sheet.visible == SheetVisibleEnum.Visible,
            cells.to_python(skip_empty_area=False),
            faults,
            merged,
        )
        if concealed or since_1904 or notes:
            seen = concealed or Concealed()
            found = (*found, sorted(seen.rows), sorted(seen.columns), seen.filtered, since_1904, notes)
        sheets.append(found)
    return sheets


def _text(content: bytes, name: str) -> Cells:
    """A CSV file or a web page's tables as one sheet named after it."""
    from jianbao.intake.texts import faults_in, is_html, read_html, read_text

    suffix = name.lower().rpartition(".")[2]
    if is_html(content) and suffix != "csv":
        rows, merged = read_html(content, within)
        notes: tuple[str, ...] = (f"文件名后缀是 .{suffix}，内容是网页，按里面的表格读",)
        return _title(name), True, rows, faults_in(rows), merged, (), (), False, False, notes
    rows, notes = read_text(content, within)
    if suffix not in ("csv", "tsv", "tab"):
        notes = (f"文件名后缀是 .{suffix}，内容是文本，按内容读", *notes)
    faults = faults_in(rows) if b"#" in content else {}
    return (_title(name), True, rows, faults, [], (), (), False, False, notes) if notes else (_title(name), True, rows, faults, [])


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
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # macOS does not limit address space
            continue


def _grant(seconds: float) -> None:
    """Processor time for the next file."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (int(process_time() + seconds) + 1, hard))
    except (ValueError, OSError):
        return
