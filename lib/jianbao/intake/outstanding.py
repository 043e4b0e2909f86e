"""Which of the files that went back still wait for an answer: a list for the office. Imports returned, store, workspace."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from jianbao.intake.marked import put
from jianbao.intake.returned import return_path
from jianbao.intake.slips import slip_number
from jianbao.store.answers import Came, Delivered, came, went_back
from jianbao.store.durable import write_durably
from jianbao.workspace import Workspace

LIST = "退回清单.xlsx"
State = Literal["待重报", "已重报"]
_COLUMNS = (("状态", 9), ("填报单位", 24), ("联络组", 18), ("退回的表", 34), ("须改正", 8), ("请核对", 8), ("收到时间", 17),
            ("回执号", 24), ("文件", 34), ("退回的副本", 46))


@dataclass(frozen=True)
class Returned:
    """One file that went back. `waiting` are the titles of the ledgers that did not come again."""

    state: State
    filer: str
    name: str
    team: str
    waiting: tuple[str, ...]
    returned: tuple[str, ...]
    errors: int
    warnings: int
    received_at: datetime
    slip: str
    file: str
    copy: Path


def outstanding(workspace: Workspace, folder: str) -> list[Returned]:
    """Everything that went back for a period (or came on a day without saying any), what waits first, then by group and filer.

    A file no longer waits once the same filer sent each of its returned ledgers again; should that have gone back too, it
    stands in a line of its own.
    """
    day = _day(folder)
    back = went_back(workspace.store, period="" if day else folder, day=day)
    if not back:
        return []
    later = came(workspace.store, {d.filer for d in back if d.filer}, {d.sha256 for d in back}, min(d.received_at for d in back))
    known = workspace.definitions.ledgers
    on = day or workspace.period(folder).ends
    tree, teams = workspace.register.on(on), workspace.teams(on)
    found = []
    for d in back:
        waiting = _waiting(d, back, later)
        titles = {x: known[x].title if x in known else x for x in d.returned}
        errors = sum(f.severity == "error" for f in d.findings)
        found.append(Returned("已重报" if waiting is None else "待重报", d.filer,
                              tree[d.filer].label if d.filer in tree else d.filer or "认不出单位",
                              teams.get(d.filer, {}).get("team_name", ""), tuple(titles[x] for x in sorted(waiting or ())),
                              tuple(titles[x] for x in sorted(titles)), errors, len(d.findings) - errors, d.received_at,
                              slip_number(d.sha256, d.period, d.received_at), d.name, return_path(workspace, d)))
    return sorted(found, key=lambda r: (r.state == "已重报", r.team == "", r.team, r.filer, r.received_at))


def _waiting(d: Delivered, back: Iterable[Delivered], later: Iterable[Came]) -> set[str] | None:
    """The ledgers that did not come again, of those that went back; None when nothing is awaited any more."""
    mine = [c for c in later if c.delivery != d.id and (c.received_at, c.delivery) > (d.received_at, d.id)
            and (c.answers == d.sha256 or (d.filer and c.filer == d.filer))]
    again = {c.ledger for c in mine if not d.period or c.period == d.period}
    again |= {x for o in back for x in o.returned if o.filer == d.filer and (o.received_at, o.id) > (d.received_at, d.id)}
    if d.returned:
        return d.returned - again or None
    return None if mine else set()


def write_lists(workspace: Workspace, folders: Iterable[str]) -> list[Path]:
    """退回清单.xlsx in each of these folders below data/returns; none where nothing went back."""
    paths = []
    for folder in sorted(set(folders)):
        if found := outstanding(workspace, folder):
            path = workspace.path("returns", folder, LIST)
            write_durably(path, _workbook(folder, found))
            paths.append(path)
    return paths


def folders_after(workspace: Workspace, shas: Iterable[str]) -> set[str]:
    """Below data/returns, those whose list these deliveries may have changed."""
    from jianbao.store.answers import folders

    return {name for name in folders(workspace.store, shas) if workspace.path("returns", name).is_dir()}


def _day(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder) if len(folder) == 10 else None
    except ValueError:
        return None


def _workbook(folder: str, found: list[Returned]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    plain, bold = Font("宋体", 11), Font("宋体", 11, bold=True)
    book = Workbook()
    sheet: Any = book.worksheets[0]
    sheet.title, sheet.sheet_view.showGridLines = "退回清单", False
    waiting = [r for r in found if r.state == "待重报"]
    put(sheet, 1, 1, f"{folder} 退回清单：{len({r.filer for r in waiting})} 个单位 {len(waiting)} 份待重报", Font("宋体", 15, bold=True))
    put(sheet, 2, 1, "每次收表后重新生成。把“退回的副本”发给填报单位，改好后照常放进收件文件夹。", plain)
    for j, (title, width) in enumerate(_COLUMNS, 1):
        cell = put(sheet, 4, j, title, bold)
        cell.fill, cell.alignment = PatternFill("solid", fgColor="DCE6F1"), Alignment("center", "center")
        sheet.column_dimensions[chr(64 + j)].width = width
    line = Border(bottom=Side("thin", color="D0D0D0"))
    for i, r in enumerate(found, 5):
        what = "、".join(r.waiting or r.returned) or "整份"
        values = (r.state, r.name, r.team, what, r.errors, r.warnings, f"{r.received_at:%Y-%m-%d %H:%M}", r.slip, r.file, r.copy.name)
        for j, value in enumerate(values, 1):
            cell = put(sheet, i, j, value, plain)
            cell.border, cell.alignment = line, Alignment("center" if j in (1, 5, 6, 7) else None, "top", wrap_text=j in (4, 9, 10))
        if r.state == "待重报":
            sheet.cell(i, 1).fill = PatternFill("solid", fgColor="F8C9C4")
        sheet.cell(i, 10).hyperlink = r.copy.name
        sheet.cell(i, 10).font = Font("宋体", 11, color="1F4E79", underline="single")
    sheet.freeze_panes, sheet.auto_filter.ref = "A5", f"A4:{chr(64 + len(_COLUMNS))}{4 + len(found)}"
    sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight = 9, "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "4:4"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
