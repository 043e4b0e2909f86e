"""The copy that goes back: the filer's own workbook with its cells marked and a list in front. Imports disarmed, definitions.

Made in a sealed-off process (copies): a workbook that the reader bore may still be one that openpyxl drowns in. Nothing of
the copy depends on the clock, so that the same delivery always gives the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.personal import mask
from jianbao.intake.disarmed import disarm, lost

RESULT_SHEET, META_SHEET = "核查结果", "_meta"
SLIP, EXPLANATION, NUMBER = "回执号", "说明", "编号"
MEMORY, SECONDS_PER_FILE = 3 << 29, 20  # of address space in bytes, of the processor
MAX_STYLES, MAX_XML = 1 << 20, 20 << 20  # beyond these openpyxl takes gigabytes; a list alone goes back
MAX_MARKED, MAX_LISTED = 2000, 2000
SEVERITIES = {"error": "须改正", "warning": "请核对"}
HEADER = 7  # the row of titles on the result sheet
COLUMNS = (("序号", 6), ("处理", 9), ("上次", 9), ("工作表", 16), ("单元格", 9), ("填的内容", 18), ("问题", 42), ("怎么改", 42),
           (EXPLANATION, 26), (NUMBER, 10))
DAWN = (1980, 1, 1, 0, 0, 0)
_PLACE = re.compile(r"[A-Z]{1,3}[1-9]\d{0,6}")


@dataclass(frozen=True)
class Copy:
    """All that a copy is made of. `was`, `said` and `ids` are beside `findings`; `content` is None for a list alone."""

    slip: str
    file: str
    received_at: datetime
    outcome: str                    # as it is printed
    sheets: tuple[tuple[str, int, bool, bool], ...]     # title, rows, nil, accepted
    findings: tuple[Finding, ...]
    ids: tuple[str, ...]
    guesses: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    said: tuple[str, ...] = ()      # lines on what the file answers
    content: bytes | None = None


def made(copy: Copy) -> bytes:
    """The copy as a workbook."""
    from openpyxl import Workbook

    book, lacking = (_own(copy.content), lost(copy.content)) if copy.content is not None else (None, ())
    alone = book is None
    if book is None:
        book = Workbook()
        book.remove(book.worksheets[0])
    disarmed = disarm(book)
    sheet = book.create_sheet(RESULT_SHEET, 0)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    own = {mask(s.title): s for s in book.worksheets[1:]}  # findings name it so
    _mark(own, copy.findings)
    _list(sheet, copy, own, _about(alone, lacking, disarmed))
    _sign(book, copy)
    return _saved(book, copy.received_at)


# The filer's own workbook


def _own(content: bytes) -> Any:
    """It for writing; None when it is of a kind or size that openpyxl should not open."""
    import warnings

    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {i.filename: i.file_size for i in archive.infolist()}
        if sizes.get("xl/styles.xml", 0) > MAX_STYLES or sum(sizes.values()) > MAX_XML:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book: Any = load_workbook(io.BytesIO(content), keep_links=False)
    except Exception:  # what the reader bears, openpyxl need not; the list says everything
        return None
    for sheet in book.chartsheets:
        book.remove(sheet)
    for name in [n for n in book.sheetnames if n == RESULT_SHEET]:  # a copy sent back before and filed again
        book.remove(book[name])
    if not book.worksheets:
        return None
    for sheet in book.worksheets:
        sheet._images, sheet._charts, sheet._pivots = [], [], []
    return book


def _mark(sheets: dict[str, Any], findings: Sequence[Finding]) -> None:
    from openpyxl.comments import Comment

    notes: dict[tuple[str, str], list[Finding]] = {}
    for f in findings:
        if f.sheet in sheets and _PLACE.fullmatch(f.cell) and len(notes) < MAX_MARKED:
            notes.setdefault((f.sheet, f.cell), []).append(f)
    for (title, place), found in notes.items():
        cell: Any = _top_left(sheets[title], place)
        cell.fill = _fill("error" if any(f.severity == "error" for f in found) else "warning")
        text = "\n".join(f"{SEVERITIES[f.severity]}：{f.message}{f.remedy}" for f in found)
        own = cell.comment.text.strip() if cell.comment is not None else ""
        if own and not own.startswith(tuple(SEVERITIES.values())):
            text = f"{text}\n原批注：{own}"
        text = _clean(text)[:2000]
        cell.comment = Comment(text, "核查", height=60 + 18 * (len(text) // 16), width=260)


def _top_left(sheet: Any, place: str) -> Any:
    """The cell, or that which shows what is merged over it."""
    cell = sheet[place]
    if type(cell).__name__ == "MergedCell":
        for merged in sheet.merged_cells.ranges:
            if place in merged:
                return sheet.cell(merged.min_row, merged.min_col)
    return cell


# The list in front


def _about(alone: bool, lacking: Sequence[str], disarmed: Sequence[str]) -> Iterator[str]:
    if alone:
        yield "原文件不便标注，这里只列问题，请在原文件里改"
    if lacking and not alone:
        yield f"本副本不含{'、'.join(lacking)}，原件不变"
    if disarmed:
        listed = "、".join(disarmed[:5]) + ("等" if len(disarmed) > 5 else "")
        yield f"{listed} {len(disarmed)} 处公式会连到文件以外，副本里改成了文字"


def _list(sheet: Any, copy: Copy, own: dict[str, Any], about: Iterator[str]) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side

    plain, wrap = Font("宋体", 11), Alignment(vertical="top", wrap_text=True)
    centre, line = Alignment("center", "top"), Border(bottom=Side("thin", color="D0D0D0"))
    sheet.sheet_view.showGridLines = False
    errors = sum(f.severity == "error" for f in copy.findings)
    put(sheet, 1, 1, f"核查结果：{copy.outcome}", Font("宋体", 15, bold=True, color="7A2E2A"))
    put(sheet, 2, 1, f"文件 {copy.file}，{copy.received_at:%Y-%m-%d %H:%M} 收到。须改正 {errors} 处，请核对 "
        f"{len(copy.findings) - errors} 处。点“单元格”一列可以跳到该处。", plain)
    _paragraph(sheet, 3, _taken(copy))
    asked = f"{SLIP}：{copy.slip}　改好后连这张表一起重报；没有填错的，把原因写在“{EXPLANATION}”一列。"
    put(sheet, 4, 1, asked, Font("宋体", 11, bold=True))
    notes = [*copy.said, *(["自动识别：" + "；".join(copy.guesses)] if copy.guesses else []), *about]
    if notes:
        _paragraph(sheet, 5, "。".join(notes) + "。")
    for j, (title, width) in enumerate(COLUMNS, 1):
        cell = put(sheet, HEADER, j, title, Font("宋体", 11, bold=True, color="FFFFFF"))
        cell.fill, cell.alignment = PatternFill("solid", fgColor="7A2E2A"), Alignment("center", "center")
        sheet.column_dimensions[chr(64 + j)].width = width
    sheet.column_dimensions["C"].hidden = not copy.was
    sheet.row_dimensions[HEADER].height = 22
    was = copy.was or ("",) * len(copy.findings)
    ordered = sorted(zip(copy.findings, was, copy.ids, strict=True), key=lambda x: (x[0].severity != "error", x[0].sheet, x[0].row or 0))
    for i, (f, before, number) in enumerate(ordered[:MAX_LISTED], 1):
        row = HEADER + i
        values = (i, SEVERITIES[f.severity], before or None, f.sheet, f.cell, f.value, f.message, f.remedy, f.explanation or None, number)
        for j, value in enumerate(values, 1):
            cell = put(sheet, row, j, value, plain)
            cell.border, cell.alignment = line, centre if j in (1, 2, 3, 5) else wrap
        sheet.cell(row, 2).fill = _fill(f.severity)
        sheet.cell(row, 9).protection, sheet.cell(row, 9).number_format = Protection(locked=False), "@"
        if f.explain and not f.explanation:
            sheet.cell(row, 9).fill = PatternFill("solid", fgColor="FFF9E5")
        sheet.cell(row, 10).font, sheet.cell(row, 10).alignment = Font("宋体", 8, color="A6A6A6"), Alignment("center", "top")
        if f.sheet in own and _PLACE.fullmatch(f.cell):
            link: Any = sheet.cell(row, 5)
            link.hyperlink = "#'{}'!{}".format(own[f.sheet].title.replace("'", "''"), f.cell)
            link.font = Font("宋体", 11, color="1F4E79", underline="single")
        lines = max(-(-_width(f.message) // 40), -(-_width(f.remedy) // 40), -(-_width(f.value) // 16),
                    -(-_width(f.explanation) // 24), -(-_width(f.sheet) // 14), 1)
        sheet.row_dimensions[row].height = 16 * lines + 2
    if len(ordered) > MAX_LISTED:
        put(sheet, HEADER + MAX_LISTED + 1, 1, f"另有 {len(ordered) - MAX_LISTED} 处没有列出，先改上面的。", plain)
    sheet.freeze_panes = f"A{HEADER + 1}"
    sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight = 9, "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{HEADER}:{HEADER}"


def _paragraph(sheet: Any, row: int, text: str) -> None:
    """Over the whole width of the list, as high as it needs."""
    from openpyxl.styles import Alignment, Font

    put(sheet, row, 1, text, Font("宋体", 11)).alignment = Alignment(vertical="top", wrap_text=True)
    sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(COLUMNS))
    sheet.row_dimensions[row].height = 16 * -(-_width(text) // 165) + 2


def _taken(copy: Copy) -> str:
    done = "、".join(f"{title}（{'零报送' if nil else f'{rows} 行'}）" for title, rows, nil, accepted in copy.sheets if accepted)
    back = "、".join(title for title, _, _, accepted in copy.sheets if not accepted)
    return (
        "；".join(x for x in (f"已收：{done}" if done else "", f"退回：{back}，改正后请重报这些表" if back else "") if x)
        or "没有收下任何一张表，改正后请重新报送。"
    )


def put(sheet: Any, row: int, column: int, value: Any, font: Any) -> Any:
    """Writes a value; text stays text, whatever it begins with."""
    cell: Any = sheet.cell(row, column)
    if isinstance(value, str):
        value = _clean(value)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        if unicodedata.normalize("NFKC", value).lstrip()[:1] in ("=", "+", "-", "@"):
            cell.quotePrefix = True
    cell.font = font
    return cell


def _clean(text: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", text)


def _fill(severity: str) -> Any:
    from openpyxl.styles import PatternFill

    return PatternFill("solid", fgColor="F8C9C4" if severity == "error" else "FCE9B2")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# Signed and saved


def _sign(book: Any, copy: Copy) -> None:
    """The slip where the filer does not see it: a document property, and the template's own hidden sheet."""
    from openpyxl.packaging.custom import CustomPropertyList, StringProperty

    book.custom_doc_props = CustomPropertyList()
    book.custom_doc_props.append(StringProperty(name=SLIP, value=copy.slip))
    if META_SHEET in book.sheetnames:
        meta = book[META_SHEET]
        row = next((r for r in range(1, meta.max_row + 1) if meta.cell(r, 1).value == "slip"), meta.max_row + 1)
        meta.cell(row, 1, "slip")
        meta.cell(row, 2, copy.slip)


class _Timeless(zipfile.ZipFile):
    """Every part of one moment, and the document's last change the one given."""

    changed: datetime

    def writestr(self, name: Any, data: Any, *_: Any, **__: Any) -> None:  # type: ignore[override]
        if name == "docProps/core.xml":
            stamp = f"{self.changed:%Y-%m-%dT%H:%M:%S}Z".encode()
            data = re.sub(rb"(<dcterms:(created|modified)[^>]*>)[^<]*", lambda m: m[1] + stamp, data)
        info = zipfile.ZipInfo(name, DAWN)
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        super().writestr(info, data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        self.writestr(str(arcname or filename), Path(filename).read_bytes())


def _saved(book: Any, changed: datetime) -> bytes:
    from openpyxl.writer.excel import ExcelWriter

    out = io.BytesIO()
    with _Timeless(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.changed = changed
        ExcelWriter(book, archive).save()
    return out.getvalue()


def main() -> None:
    """Reads a pickled list of copies to make; writes one pickled workbook for each, in order."""
    import pickle
    import sys

    job: list[Copy] = pickle.load(sys.stdin.buffer)
    _limit()
    _blind()
    for copy in job:
        _grant()
        try:
            result: bytes | None = made(copy)
        except BaseException:  # a list alone will be made of it
            result = None
        pickle.dump(result, sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)
        sys.stdout.buffer.flush()


def _blind() -> None:
    """Pictures and document properties are not kept: nothing here need decode them."""
    from openpyxl.reader import excel

    excel.__dict__["find_images"] = lambda *_: ([], [])
    excel.ExcelReader.read_custom = lambda self: None  # type: ignore[method-assign]


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _grant() -> None:
    """Processor time for the next file."""
    from time import process_time

    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + SECONDS_PER_FILE, hard))
