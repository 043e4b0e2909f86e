"""催报一览: the roster as a workbook, units and ledgers against the last periods. Imports roster, reminders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from jianbao.definitions.period import month_day
from jianbao.intake.reminders import short, what
from jianbao.intake.roster import COLOURS, LEGEND, Entry, Roster, moment

FILLS = {"green": PatternFill("solid", fgColor="CFE8D0"), "yellow": PatternFill("solid", fgColor="FFE699"),
         "red": PatternFill("solid", fgColor="F4B6AE"), "grey": PatternFill("solid", fgColor="EDEDED")}
UNIT_COLUMNS = (("联络组", 14), ("单位", 22), ("代报", 16), ("应报", 6), ("未报", 6), ("退回", 6), ("连续\n未报", 6))
LEDGER_COLUMNS = (("联络组", 14), ("单位", 22), ("台账", 22), ("状态", 11), ("收到", 15), ("退回\n处数", 6), ("连续\n未报", 6))
_HEAD, _ON_DARK = PatternFill("solid", fgColor="7A2E2A"), Font("宋体", 11, bold=True, color="FFFFFF")
_PLAIN, _BOLD, _TITLE = Font("宋体", 11), Font("宋体", 11, bold=True), Font("宋体", 15, bold=True)
_THIN = Side("thin", color="BFBFBF")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRE, _WRAP = Alignment("center", "center", wrap_text=True), Alignment(vertical="center", wrap_text=True)
_FIRST = 5  # the row of column titles


def workbook(found: Roster) -> Any:
    """Two sheets: a line for each unit, and one for each ledger of each unit. Not yet saved."""
    book = Workbook()
    units, ledgers = book.worksheets[0], book.create_sheet("逐张台账")
    units.title = "催报一览"
    n = len(found.periods)
    _sheet(units, found, UNIT_COLUMNS, ("催报内容", 60), [
        ((e.group, e.name, e.filer_name if e.filer != e.unit else "", len(e.filings), _count(e, "未报"), _count(e, "退回"),
          e.longest or None), [e.mark(k) for k in range(n)], "；".join(what(e))) for e in found.entries])
    _sheet(ledgers, found, LEDGER_COLUMNS, None, [
        ((e.group, e.name, f.title, f.status + ("（迟）" if f.late else ""), moment(f.received_at) if f.received_at else "",
          f.errors or None, len(f.missed) or None), [(m, 1) for m in f.marks], "") for e in found.entries for f in e.filings])
    book.properties.creator, book.properties.title = "jianbao", f"催报一览 {found.period.label}"
    return book


def _count(e: Entry, status: str) -> int | None:
    return sum(f.status == status for f in e.filings) or None


def _sheet(ws: Any, found: Roster, lead: Sequence[tuple[str, int]], last: tuple[str, int] | None, rows: Sequence[Any]) -> None:
    _put(ws, 1, 1, f"{ws.title}：{found.period.label}", _TITLE)
    counts = "　".join(f"{name} {n}" for name, n in {**found.counts, **found.asked}.items())
    _put(ws, 2, 1, f"{found.deadline}；按 {found.as_of:%Y-%m-%d %H:%M} 收到的统计。{counts}（张表）", _PLAIN)
    reopened = "　".join(r.text for r in found.reopened)
    _put(ws, 3, 1, f"图例：{LEGEND}；数字是几张表。" + (f"　{reopened}" if reopened else ""), _PLAIN)
    columns = [*lead, *((f"{short(p, found.period)}\n{month_day(p.ends)}", 8) for p in found.periods), *([last] if last else [])]
    for j, (title, width) in enumerate(columns, 1):
        cell = _put(ws, _FIRST, j, title, _ON_DARK)
        cell.fill, cell.alignment, cell.border = _HEAD, _CENTRE, _BOX
        ws.column_dimensions[get_column_letter(j)].width = width
    ws.row_dimensions[_FIRST].height = 34
    for i, (said, marks, text) in enumerate(rows, _FIRST + 1):
        for j, value in enumerate(said, 1):
            cell = _put(ws, i, j, value, _PLAIN)
            cell.border, cell.alignment = _BOX, _WRAP if j < 4 else _CENTRE
        for j, (mark, n) in enumerate(marks, len(lead) + 1):
            cell = _put(ws, i, j, f"{mark}{n}" if n > 1 else mark or None, _BOLD)
            cell.border, cell.alignment = _BOX, _CENTRE
            if mark:
                cell.fill = FILLS[COLOURS[mark]]
        if last:
            cell = _put(ws, i, len(columns), text, _PLAIN)
            cell.border, cell.alignment = _BOX, _WRAP
            ws.row_dimensions[i].height = 16 * max(1, -(-_width(text) // (last[1] - 2)), -(-_width(str(said[1])) // 20)) + 2
    ws.freeze_panes = ws.cell(_FIRST + 1, 3)
    if rows:
        ws.auto_filter.ref = f"A{_FIRST}:{get_column_letter(len(columns))}{_FIRST + len(rows)}"
    ws.print_title_rows = f"{_FIRST}:{_FIRST}"
    ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", 9
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    ws.oddFooter.center.text = "第 &P 页，共 &N 页"


def _put(ws: Any, row: int, column: int, value: Any, font: Font) -> Any:
    """Writes a value; text stays text, whatever it begins with."""
    cell = ws.cell(row, column)
    if isinstance(value, str):
        value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value)[:32767]
    cell.value = value
    if isinstance(value, str) and value:
        cell.data_type = "s"        # #N/A too
        cell.quotePrefix = unicodedata.normalize("NFKC", value).lstrip()[:1] in ("=", "+", "-", "@")
    cell.font = font
    return cell


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
