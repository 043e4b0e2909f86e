"""Workbooks out: for each filer what is due, ready to fill in. Imports forms, layout, workspace, definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.period import Period
from jianbao.definitions.register import Tree
from jianbao.intake.forms import Form, common_forms, forms_due, template_version, unit_names
from jianbao.intake.layout import (
    ADVICE_ROW,
    CODES_SHEET,
    FILER_LABEL,
    FILER_ROW,
    HEADER_ROW,
    HINT,
    META_SHEET,
    NIL_LABEL,
    NIL_ROW,
    PERIOD_LABEL,
    PERIOD_ROW,
    STAMP_LABEL,
    TITLE_ROW,
    template_columns,
)
from jianbao.intake.sentback import add_returned, awaited
from jianbao.intake.written import write
from jianbao.workspace import Workspace

if TYPE_CHECKING:
    from jianbao.intake.decided import Standing

LAST_ROW = 2000  # drop-downs and checks reach so far
MAX_UNITS = 400  # a longer drop-down helps nobody; names are typed and checked
FORMATS = {"int": "0", "num": "0.##", "percent": "0.0%", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}
WIDTHS = {"int": 10, "num": 10, "percent": 10, "date": 13, "datetime": 18, "bool": 8, "code": 14}

_PLAIN, _SMALL = Font("宋体", 11), Font("宋体", 10, color="595959")
_TITLE, _BOLD = Font("宋体", 16, bold=True), Font("宋体", 11, bold=True)
_ON_DARK = Font("宋体", 11, bold=True, color="FFFFFF")
_NEEDED, _FREE = PatternFill("solid", fgColor="2F5D8A"), PatternFill("solid", fgColor="DCE6F1")
_DECIDED, _ENTRY = PatternFill("solid", fgColor="EDEDED"), PatternFill("solid", fgColor="FFF9E5")
_THIN = Side("thin", color="BFBFBF")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRE, _TOP = Alignment("center", "center", wrap_text=True), Alignment(vertical="top", wrap_text=True)
_OPEN, _LOCKED = Protection(locked=False), Protection(locked=True)


def make_templates(workspace: Workspace, period: Period, *, common: bool = False) -> list[Path]:
    """Writes a workbook for each filer that has something due to data/outbox/<period>; the paths, in order of filer.

    `common`: one for each org type instead, with the filer as a drop-down.
    """
    tree = workspace.register.on(period.ends)
    folder = workspace.path("outbox", period.id)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    returned = awaited(workspace, period)
    for form in (common_forms if common else forms_due)(workspace, period, tree):
        name = re.sub(r"[^\w()（）-]+", "", form.name)
        path = folder / f"{name}_{period.id}.xlsx"
        workbook(workspace, form, period, tree, returned).save(path)
        paths.append(path)
    return paths


def workbook(workspace: Workspace, form: Form, period: Period, tree: Tree, returned: Sequence[Standing] | None = None) -> Any:
    """The workbook of one form, not yet saved. `returned`: the rows of all units that went back and are awaited."""
    book = Workbook()
    book.remove(book.worksheets[0])
    lists = _Lists(book)
    names = unit_names(tree)
    filers = [names.get(f, f) for f in form.filers]
    for ledger in form.ledgers:
        about = form.units.get(ledger.name, ())
        units = [names[u.code] for u in tree.order if u.files] if ledger.by_office else [names.get(u, u) for u in about]
        _sheet(
            book,
            ledger,
            period,
            filers,
            units if ledger.by_office or len(about) > 1 else [],
            names,
            lists,
            workspace.definitions.campaign.starts,
        )
        if workspace.definitions.campaign.stamped and not ledger.by_office:
            _ask_for_stamp(book.worksheets[-1])
    lists.write()
    meta = book.create_sheet(META_SHEET)
    meta.sheet_state = "veryHidden"
    filer = form.filers[0] if len(form.filers) == 1 else ""
    for row in (
        ("filer", filer),
        ("period", period.id),
        ("version", template_version(form.ledgers)),
        ("minutes", form.minutes),
        *(("sheet", _title(x), x.name) for x in form.ledgers),
    ):
        meta.append(row)
    if len(form.filers) == 1:
        add_returned(workspace, book, period, sorted({u for us in form.units.values() for u in us}), returned)
    book.properties.creator, book.properties.title = "jianbao", f"{form.name} {period.label}"
    return book


def _title(ledger: Ledger) -> str:
    return re.sub(r"[\[\]:*?/\\]", "", ledger.title)[:31]


class _Lists:
    """Drop-down lists on a hidden sheet, each under a name; equal lists stand there once."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.lists: dict[tuple[str, ...], str] = {}

    def name(self, values: Sequence[str]) -> str:
        return self.lists.setdefault(tuple(values), f"codes_{len(self.lists) + 1}")

    def write(self) -> None:
        sheet = self.book.create_sheet(CODES_SHEET)
        sheet.sheet_state = "veryHidden"
        for j, (values, name) in enumerate(self.lists.items(), 1):
            for i, value in enumerate(values, 1):
                write(sheet.cell(i, j), value)
            letter = get_column_letter(j)
            self.book.defined_names[name] = DefinedName(name, attr_text=f"{CODES_SHEET}!${letter}$1:${letter}${len(values)}")


def _sheet(
    book: Any,
    ledger: Ledger,
    period: Period,
    filers: Sequence[str],
    units: Sequence[str],
    names: Mapping[str, str],
    lists: _Lists,
    campaign_starts: Any,
) -> None:
    ws = book.create_sheet(_title(ledger))
    columns = template_columns(ledger, bool(units))
    last = get_column_letter(max(len(columns), 4))
    ws.sheet_view.zoomScale = 110
    for j, (name, column) in enumerate(columns.items(), 1):
        _column(ws, j, name, column, ledger, period, units, names, lists, campaign_starts)
    _put(ws, TITLE_ROW, 1, f"{ledger.title}（{ledger.code}）", _TITLE)
    decided = "灰色列由办公室填写。" if any(c.filled_from for c in columns.values()) else ""
    advice = f"一行填一项，深色表头必填；约需 {ledger.minutes:g} 分钟。{decided}{ledger.note}"
    _put(ws, ADVICE_ROW, 1, advice, _SMALL, alignment=_TOP)
    ws.merge_cells(f"A{ADVICE_ROW}:{last}{ADVICE_ROW}")
    width = sum(ws.column_dimensions[get_column_letter(j)].width for j in range(1, max(len(columns), 4) + 1))
    ws.row_dimensions[TITLE_ROW].height = 28
    ws.row_dimensions[ADVICE_ROW].height = 15 * max(1, -(-int(1.8 * len(advice)) // max(int(width) - 2, 20))) + 3
    only = filers[0] if len(filers) == 1 else None
    for row, label, value, hint in (
        (FILER_ROW, FILER_LABEL, only, None if only else f"{HINT} 从下拉列表选本单位"),
        (PERIOD_ROW, PERIOD_LABEL, period.label, None),
        (NIL_ROW, NIL_LABEL, None, f"{HINT} 本期一项也没有的，选“是”；有的不选"),
    ):
        _put(ws, row, 1, label, _BOLD)
        entry = _put(ws, row, 2, value, _PLAIN)
        if value is None:
            entry.fill, entry.border, entry.protection = _ENTRY, _BOX, _OPEN
        if hint:
            _put(ws, row, 4, hint, _SMALL)  # a long name runs on into the third
        ws.row_dimensions[row].height = 18
    if only is None:
        _choice(ws, lists.name(filers), f"B{FILER_ROW}", "请从列表里选填报单位。", strict=True)
    nil = DataValidation("list", formula1='"是"', allow_blank=True)
    nil.add(f"B{NIL_ROW}")
    ws.add_data_validation(nil)
    ws.row_dimensions[HEADER_ROW].height = 32
    ws.freeze_panes = ws.cell(HEADER_ROW + 1, 1)
    _printing(ws, last)
    protection = ws.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = protection.insertRows = protection.deleteRows = False
    protection.sort = protection.autoFilter = protection.formatCells = False


def _ask_for_stamp(ws: Any) -> None:
    """Beside the nil return: whether a stamped scan comes with the workbook. The hint there moves on."""
    hint = ws.cell(NIL_ROW, 4).value
    _put(ws, NIL_ROW, 3, STAMP_LABEL, _BOLD)
    entry = _put(ws, NIL_ROW, 4, None, _PLAIN)
    entry.fill, entry.border, entry.protection = _ENTRY, _BOX, _OPEN
    _put(ws, NIL_ROW, 5, f"{hint}；附了盖章扫描件的，在“{STAMP_LABEL}”后选“是”", _SMALL)
    yes = DataValidation("list", formula1='"是"', allow_blank=True)
    yes.add(f"D{NIL_ROW}")
    ws.add_data_validation(yes)


def _column(
    ws: Any,
    j: int,
    name: str,
    column: Column,
    ledger: Ledger,
    period: Period,
    units: Sequence[str],
    names: Mapping[str, str],
    lists: _Lists,
    campaign_starts: Any,
) -> None:
    """The title with its note, the format of the cells below, and what may be chosen there."""
    letter = get_column_letter(j)
    decided = column.filled_from is not None
    dark = column.required and not decided
    head = _put(
        ws,
        HEADER_ROW,
        j,
        column.title,
        _ON_DARK if dark else _BOLD,
        fill=_DECIDED if decided else _NEEDED if dark else _FREE,
        alignment=_CENTRE,
    )
    head.border = _BOX
    text = _note(column)
    head.comment = Comment(text, "jianbao", width=240, height=40 + 18 * (text.count("\n") + len(text) // 17))
    cells = ws.column_dimensions[letter]
    cells.width = max(column.width or WIDTHS.get(column.type, 16), 2 * len(column.title) + 3, 11 if j == 1 else 0)
    cells.font, cells.number_format = _PLAIN, FORMATS.get(column.type, "@")
    cells.protection = _LOCKED if decided else _OPEN
    cells.alignment = Alignment(vertical="center", wrap_text=column.type in ("str", "list"))
    if decided:
        cells.fill = _DECIDED
        return
    place = f"{letter}{HEADER_ROW + 1}:{letter}{LAST_ROW}"
    if name == "unit" and units:
        _choice(ws, lists.name(units), place, "请从列表里选单位。", strict=True)
    elif column.type == "unit" and len(names) <= MAX_UNITS:
        _choice(ws, lists.name(list(names.values())), place, "", strict=False)
    elif column.type == "code":
        _choice(ws, lists.name(column.codes), place, f"请从列表里选“{column.title}”。", strict=True)
    elif column.type == "bool":
        _choice(ws, lists.name(("是", "否")), place, "请填 是 或 否。", strict=True)
    elif column.type in ("int", "num", "percent", "date"):
        _limits(ws, place, name, column, ledger, period, campaign_starts)


def _choice(ws: Any, name: str, place: str, error: str, *, strict: bool) -> None:
    rule = DataValidation(
        "list", formula1=f"={name}", allow_blank=True, showErrorMessage=strict, errorTitle="请改正", error=error or None
    )
    rule.add(place)
    ws.add_data_validation(rule)


def _limits(ws: Any, place: str, name: str, column: Column, ledger: Ledger, period: Period, campaign_starts: Any) -> None:
    if column.type == "date":
        if name == ledger.date:
            low, high = f"DATE({campaign_starts.year - 1},1,1)", f"DATE({period.ends.year},{period.ends.month},{period.ends.day})"
            said = f"请填日期，不晚于 {period.ends}，如 {period.ends}。"
        else:
            low, high, said = "DATE(2000,1,1)", "DATE(2099,12,31)", f"请填日期，如 {period.ends}。"
        kind = "date"
    else:
        low = f"{column.min:g}" if column.min is not None else "-999999999"
        high = f"{column.max:g}" if column.max is not None else "999999999"
        kind = "whole" if column.type == "int" else "decimal"
        said = (
            "请填"
            + {"int": "整数", "percent": "百分比"}.get(column.type, "数字")
            + (
                f"，{_limit(column, column.min)} 到 {_limit(column, column.max)}"
                if column.min is not None and column.max is not None
                else f"，不小于 {_limit(column, column.min)}"
                if column.min is not None
                else ""
            )
            + "。"
        )
    rule = DataValidation(
        cast(Any, kind),
        operator="between",
        formula1=low,
        formula2=high,
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="请改正",
        error=said,
    )
    rule.add(place)
    ws.add_data_validation(rule)


def _limit(column: Column, value: float) -> str:
    return f"{value * 100:g}%" if column.type == "percent" else f"{value:g}"


def _note(column: Column) -> str:
    """What the comment on a column's title says."""
    kinds = {
        "int": "整数",
        "num": "数字",
        "percent": "百分比，如 85.3%",
        "date": "日期，如 2023-10-08",
        "bool": "是 或 否",
        "list": "多个用顿号隔开",
        "datetime": "日期和时间",
    }
    lines = ["由办公室填写" if column.filled_from else "必填" if column.required else "选填"]
    lines += [kinds[column.type]] if column.type in kinds else []
    lines += ["选项：" + "、".join(column.codes)] if column.codes else []
    lines += [f"不超过 {column.max_length} 字"] if column.max_length else []
    return "\n".join([*lines, *([column.help] if column.help else [])])


def _put(
    ws: Any, row: int, column: int, value: Any, font: Font, *, fill: PatternFill | None = None, alignment: Alignment | None = None
) -> Any:
    cell = write(ws.cell(row, column), value)
    cell.font, cell.protection = font, _LOCKED
    cell.number_format = "@" if value is None else "General"
    cell.alignment = alignment or Alignment(vertical="center")
    if fill is not None:
        cell.fill = fill
    return cell


def _printing(ws: Any, last: str) -> None:
    ws.page_setup.paperSize, ws.page_setup.orientation = 9, "landscape"
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    ws.print_title_rows = f"1:{HEADER_ROW}"
    # Lines around what is filled in; as cell styles they would cost thousands of cells.
    rows = f"A{HEADER_ROW + 1}:{last}{LAST_ROW}"
    filled = f"COUNTA($A{HEADER_ROW + 1}:${last}{HEADER_ROW + 1})>0"
    lines = Rule("expression", formula=[filled], dxf=DifferentialStyle(border=_BOX))
    ws.conditional_formatting.add(rows, lines)
    ws.oddFooter.center.text = "第 &P 页，共 &N 页"
