"""Of the rows that the office sent back: the sheet in a template that tells its filer. Imports decided, layout, workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from jianbao.definitions.period import Period
from jianbao.intake import decided
from jianbao.intake.decided import Standing
from jianbao.intake.layout import RETURNED_SHEET
from jianbao.intake.marked import put
from jianbao.workspace import Workspace

_COLUMNS = (("台账", 20), ("单位", 18), ("编号", 12), ("内容", 44), ("退回日期", 13), ("退回原因", 14), ("重报时限", 13), ("还剩", 12))
_BOX = Border(*(Side("thin", color="BFBFBF"),) * 4)


def awaited(workspace: Workspace, period: Period) -> list[Standing]:
    """The rows that went back and had not come again when the templates of `period` are made, what is due first, first."""
    return decided.awaited(workspace, _day(workspace, period))


def add_returned(workspace: Workspace, book: Any, period: Period, units: Sequence[str], rows: Sequence[Standing] | None = None) -> None:
    """退回事项, in front: one line for each row of these units that went back. Nothing when there is none.

    `rows`: those of all units, where many templates are made at once.
    """
    found = [s for s in (awaited(workspace, period) if rows is None else rows) if s.unit in set(units)]
    if not found:
        return
    ledgers, tree = workspace.definitions.ledgers, workspace.register.on(period.ends)
    today = _day(workspace, period)
    sheet = book.create_sheet(RETURNED_SHEET, 0)
    book.active = 0
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    late = sum(bool(s.overdue(today)) for s in found)
    put(sheet, 1, 1, f"退回事项：{len(found)} 项要改好重报" + (f"，其中 {late} 项已过时限" if late else ""), Font("宋体", 16, bold=True))
    marks = "、".join(dict.fromkeys(f"“{r.columns[r.returns.refiled_on].title}”" for s in found
                                   if (r := ledgers[s.ledger]).returns is not None))
    put(sheet, 2, 1, f"按退回原因改好，在对应的台账里用原来的编号再报一行，并填{marks}。这张表只供查看，不用填。",
        Font("宋体", 10, color="595959"))
    for j, (title, width) in enumerate(_COLUMNS, 1):
        head = put(sheet, 4, j, title, Font("宋体", 11, bold=True))
        head.fill, head.border = PatternFill("solid", fgColor="DCE6F1"), _BOX
        head.alignment = Alignment("center", "center")
        sheet.column_dimensions[chr(64 + j)].width = width
    for i, s in enumerate(found, 5):
        over = s.overdue(today)
        left = f"已过 {over} 天" if over else f"{(s.due - today).days} 天" if s.due else "没有定时限"
        values = (ledgers[s.ledger].title, tree[s.unit].label if s.unit in tree else s.unit, s.key, s.subject,
                  s.returned_on and s.returned_on.isoformat(), s.reason, s.due.isoformat() if s.due else "—", left)
        for j, value in enumerate(values, 1):
            cell = put(sheet, i, j, value, Font("宋体", 11, color="B3261E" if over and j == len(values) else None))
            cell.border, cell.alignment = _BOX, Alignment(vertical="center", wrap_text=True)
        sheet.row_dimensions[i].height = 18 * max(1, -(-2 * len(s.subject) // 42))
    sheet.freeze_panes, sheet.sheet_view.showGridLines = "A5", False
    sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight = 9, "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.protection.sheet = True


def _day(workspace: Workspace, period: Period) -> date:
    """Today, kept within the period: what was sent back later is not yet known to a template made again."""
    return max(min(workspace.today, period.ends), period.starts)
