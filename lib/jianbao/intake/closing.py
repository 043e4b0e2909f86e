"""Periods closed to filing: what comes for one is returned, and what came while one was open again is told. Imports workspace,
store, sheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError
from jianbao.intake.sheet import Sheet
from jianbao.store.closings import BY_CALENDAR, WORDS, Action, Closing, actions, record, shut
from jianbao.workspace import Workspace

EMPTY = ("无", "略", "同上")


@dataclass(frozen=True)
class Reopened:
    """A period opened again: the action, when it closed next (None: it is still open), and the files that came in between."""

    opened: Closing
    until: datetime | None
    files: tuple[str, ...]

    @property
    def text(self) -> str:
        """10月30日 09:00 重开（办公室：补报一个单位），至 11月1日 18:00 关账；其间来文 2 份：…"""
        shown = "、".join(self.files[:3]) + (" 等" if len(self.files) > 3 else "")
        end = f"，至 {_when(self.until)} 关账" if self.until else "，尚未关账"
        return (f"{_when(self.opened.at)} 重开（{self.opened.who}：{self.opened.reason}）{end}；"
                + (f"其间来文 {len(self.files)} 份：{shown}" if self.files else "其间没有来文"))

    def to_json(self) -> dict[str, Any]:
        return {**self.opened.to_json(), "until": self.until.isoformat() if self.until else None, "files": list(self.files)}


def closes_at(workspace: Workspace, period: Period) -> datetime | None:
    """When a period closes by itself; None: never."""
    closes = workspace.definitions.calendar.closes
    return workspace.cut_off(period) + timedelta(days=closes.days) if closes is not None else None


def closed(workspace: Workspace, period: Period, at: datetime) -> Closing | None:
    """The closing that holds at a moment, None while the period is open."""
    return shut(actions(workspace.store.engine, period=period.id), at, closes_at(workspace, period))


def act(workspace: Workspace, action: Action, period: Period, *, who: str, reason: str, at: datetime) -> Closing:
    """Closes a period or opens it again. Raises JianbaoError when that changes nothing, or nobody and no reason is named."""
    if not who.strip():
        raise JianbaoError("--who is empty: name the post or office that decided it.")
    if not reason.strip() or reason.strip() in (*EMPTY, *workspace.definitions.terms.empty_reasons):
        raise JianbaoError(f"--reason {reason!r} explains nothing. Say why, for instance: 停电迟到，经主任同意补报.")
    made = Closing(period.id, action, at, who.strip(), reason.strip())
    with workspace.store.lock():
        record(workspace.store.engine, made, closes_at(workspace, period))
    return made


def reopenings(workspace: Workspace, period: Period, as_of: datetime | None = None) -> list[Reopened]:
    """Each time a period was opened again, as known at `as_of`, oldest first."""
    done = actions(workspace.store.engine, period=period.id, as_of=as_of)
    if not any(c.action == "reopen" for c in done):
        return []
    came = workspace.store.filings(as_of, periods=[period.id])
    found = []
    for n, c in enumerate(done):
        if c.action == "reopen":
            until = done[n + 1].at if n + 1 < len(done) else None
            inside = came[(came["received_at"] >= c.at) & ((came["received_at"] <= until) if until else True)]
            found.append(Reopened(c, until, tuple(dict.fromkeys(inside["file"]))))
    return found


class Gate:
    """The closings of a workspace, read once for a batch."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._done: dict[str, list[Closing]] | None = None

    def checked(self, sheet: Sheet, received_at: datetime) -> Sheet:
        """The sheet with a finding when its period was closed when it came."""
        if sheet.period is None or not sheet.ledger.is_filed:      # 更正单 is how a closed period is corrected
            return sheet
        if self._done is None:
            self._done = {}
            for c in actions(self.workspace.store.engine):
                self._done.setdefault(c.period, []).append(c)
        by = shut(self._done.get(sheet.period.id, ()), received_at, closes_at(self.workspace, sheet.period))
        return sheet if by is None else sheet.adding([sheet.finding("error", "closed", *said(by, sheet.period))])


def said(by: Closing, period: Period) -> tuple[str, str]:
    """What a filer is told, and what to do."""
    who = "，按日历自动关账" if by.who == BY_CALENDAR else f"（{by.who}）"
    return (f"统计期 {period.label} 已于 {_when(by.at)} {WORDS['close']}{who}，没有收。",
            "要改已报的数，请填“更正单”；确需补报的，请联系办公室重开这一期。")


def _when(at: datetime | None) -> str:
    return f"{at.month}月{at.day}日 {at:%H:%M}" if at else ""
