"""A filed workbook sent back: its own cells marked, and a list of what to do. Imports receipt, layout."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.worksheet.worksheet import Worksheet

from jianbao.definitions.finding import Finding
from jianbao.intake.layout import RESULT_SHEET
from jianbao.intake.receipt import OUTCOMES, FileReport
from jianbao.workspace import Workspace

MAX_STYLES, MAX_XML = 1 << 20, 30 << 20  # beyond these openpyxl takes gigabytes; a list alone goes back
MAX_MARKED = 2000
SEVERITIES = {"error": "须改正", "warning": "请核对"}
_ERROR, _WARNING = PatternFill("solid", fgColor="F8C9C4"), PatternFill("solid", fgColor="FCE9B2")
_HEAD = PatternFill("solid", fgColor="7A2E2A")
_LINE = Border(bottom=Side("thin", color="D0D0D0"))
_WRAP, _CENTRE = Alignment(vertical="top", wrap_text=True), Alignment("center", "top")
_COLUMNS = (("序号", 6), ("处理", 9), ("工作表", 16), ("单元格", 9), ("填的内容", 18), ("问题", 44), ("怎么改", 44), ("说明", 24))


def write_return(workspace: Workspace, report: FileReport, content: bytes) -> Path | None:
    """The path of the annotated copy below data/returns; None when nothing was found."""
    if not report.findings:
        return None
    folder = workspace.path("returns", report.period or report.received_at.date().isoformat())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / return_name(report.file, content)
    book = _own(content) if report.outcome != "unreadable" else None
    book = book or Workbook()
    blank = book.worksheets[0] if not book.worksheets[0]._cells and len(book.worksheets) == 1 else None
    sheet = book.create_sheet(RESULT_SHEET, 0)
    if blank is not None:
        book.remove(blank)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    marked = {title: book[title] for title in book.sheetnames if title != RESULT_SHEET}
    _mark(marked, report.findings)
    _list(sheet, report, set(marked))
    book.save(path)
    return path


def return_name(file: str, content: bytes) -> str:
    """A name no other file's copy has, short enough for any file system."""
    import hashlib

    stem = unicodedata.normalize("NFC", PurePath(file).stem)
    stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", stem).strip(" .") or "文件"
    while len(stem.encode()) > 180:
        stem = stem[:-1]
    return f"{stem}_退回_{hashlib.sha256(content).hexdigest()[:8]}.xlsx"


def _own(content: bytes) -> Any:
    """The filer's workbook for writing; None when it is of a kind or size that openpyxl should not open."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {i.filename: i.file_size for i in archive.infolist()}
        if sizes.get("xl/styles.xml", 0) > MAX_STYLES or sum(sizes.values()) > MAX_XML:
            return None
        book = load_workbook(io.BytesIO(content))
    except Exception:  # what the reader bears, openpyxl need not; the list says everything
        return None
    if RESULT_SHEET in book.sheetnames:  # a copy sent back before and filed again
        book.remove(book[RESULT_SHEET])
    return book if book.worksheets else None


def _mark(sheets: dict[str, Worksheet], findings: Sequence[Finding]) -> None:
    notes: dict[tuple[str, str], list[Finding]] = {}
    for f in findings:
        if f.cell and f.sheet in sheets and len(notes) < MAX_MARKED:
            notes.setdefault((f.sheet, f.cell), []).append(f)
    for (title, place), found in notes.items():
        cell: Any = sheets[title][place]
        if type(cell).__name__ == "MergedCell":
            continue
        cell.fill = _ERROR if any(f.severity == "error" for f in found) else _WARNING
        text = "\n".join(f"{SEVERITIES[f.severity]}：{f.message}{f.remedy}" for f in found)
        cell.comment = Comment(text, "核查", height=60 + 18 * (len(text) // 16), width=260)


def _list(sheet: Any, report: FileReport, known: set[str]) -> None:
    sheet.sheet_view.showGridLines = False
    errors = sum(f.severity == "error" for f in report.findings)
    put(sheet, 1, 1, f"核查结果：{OUTCOMES[report.outcome]}", Font("宋体", 15, bold=True, color="7A2E2A"))
    put(
        sheet,
        2,
        1,
        f"文件 {report.file}，{report.received_at:%Y-%m-%d %H:%M} 收到。须改正 {errors} 处，请核对 "
        f"{len(report.findings) - errors} 处。点“单元格”一列可以跳到该处。",
        Font("宋体", 11),
    )
    done = "、".join(f"{s.title}（{'零报送' if s.nil else f'{s.rows} 行'}）" for s in report.sheets if s.accepted)
    back = "、".join(s.title for s in report.sheets if not s.accepted)
    put(
        sheet,
        3,
        1,
        "；".join(x for x in (f"已收：{done}" if done else "", f"退回：{back}，改正后请重报这些表" if back else "") if x)
        or "没有收下任何一张表，改正后请重新报送。",
        Font("宋体", 11),
    )
    for j, (title, width) in enumerate(_COLUMNS, 1):
        put(sheet, 5, j, title, Font("宋体", 11, bold=True, color="FFFFFF"), _HEAD)
        sheet.column_dimensions[chr(64 + j)].width = width
        sheet.cell(5, j).alignment = Alignment("center", "center")
    sheet.row_dimensions[5].height = 22
    ordered = sorted(report.findings, key=lambda f: (f.severity != "error", f.sheet, f.row or 0))
    for i, f in enumerate(ordered, 1):
        row = 5 + i
        for j, value in enumerate((i, SEVERITIES[f.severity], f.sheet, f.cell, f.value, f.message, f.remedy, None), 1):
            cell = put(sheet, row, j, value, Font("宋体", 11))
            cell.border, cell.alignment = _LINE, _CENTRE if j in (1, 2, 4) else _WRAP
        sheet.cell(row, 2).fill = _ERROR if f.severity == "error" else _WARNING
        if f.cell and f.sheet in known:
            link: Any = sheet.cell(row, 4)
            link.hyperlink = "#'{}'!{}".format(f.sheet.replace("'", "''"), f.cell)
            link.font = Font("宋体", 11, color="1F4E79", underline="single")
        lines = max(-(-_width(f.message) // 42), -(-_width(f.remedy) // 42), -(-_width(f.value) // 16), 1)
        sheet.row_dimensions[row].height = 16 * lines + 2
    sheet.freeze_panes = "A6"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "5:5"


def put(sheet: Worksheet, row: int, column: int, value: Any, font: Font, fill: PatternFill | None = None) -> Any:
    """Writes a value; text stays text, whatever it begins with."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, str):
        value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value)
    cell.value = value
    if isinstance(value, str) and unicodedata.normalize("NFKC", value).lstrip()[:1] in ("=", "+", "-", "@"):
        cell.data_type = "s"
    cell.font = font
    if fill is not None:
        cell.fill = fill
    return cell


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
