"""Who has filed what for a period, and what to write to those who have not. Imports workspace, definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from jianbao.definitions.period import Period
from jianbao.workspace import Workspace

Status = Literal["已报", "零报送", "退回", "未报"]
NO_GROUP = "未编组"


@dataclass(frozen=True)
class Filing:
    """One ledger of one unit. `received_at` is when what counts now came; `late`, when the first accepted came too late."""

    ledger: str
    title: str
    status: Status
    late: bool
    received_at: datetime | None
    missed_before: bool

    @property
    def open(self) -> bool:
        return self.status in ("退回", "未报")


@dataclass(frozen=True)
class Entry:
    """One unit with all that is due from it."""

    unit: str
    name: str
    filer: str
    filer_name: str
    district: str
    team: str
    team_name: str
    filings: tuple[Filing, ...]

    @property
    def open(self) -> tuple[Filing, ...]:
        return tuple(f for f in self.filings if f.open)


@dataclass(frozen=True)
class Roster:
    """Every unit that owes a filing for `period`, as known at `as_of`; ordered by liaison group, then the register."""

    period: Period
    cut_off: datetime
    as_of: datetime
    entries: tuple[Entry, ...]

    @property
    def counts(self) -> dict[str, int]:
        """应报 = 实报 + 退回 + 未报, counted in filings; 迟报 are among 实报."""
        filings = [f for e in self.entries for f in e.filings]
        return {
            "应报": len(filings),
            "实报": sum(not f.open for f in filings),
            "零报送": sum(f.status == "零报送" for f in filings),
            "迟报": sum(f.late for f in filings),
            "退回": sum(f.status == "退回" for f in filings),
            "未报": sum(f.status == "未报" for f in filings),
        }

    @property
    def reminders(self) -> dict[str, str]:
        """Liaison group → text to paste; groups with nothing open are left out."""
        groups: dict[str, list[Entry]] = {}
        for e in self.entries:
            if e.open:
                groups.setdefault(e.team_name or e.team or NO_GROUP, []).append(e)
        return {team: self._reminder(entries) for team, entries in groups.items()}

    def _reminder(self, entries: list[Entry]) -> str:
        overdue = self.as_of > self.cut_off
        until = f"{self.cut_off.month}月{self.cut_off.day}日 {self.cut_off:%H:%M}"
        lines = [
            f"【催报】{self.period.label}报表"
            + (f"已于 {until} 截止，以下单位还没有报齐，请尽快报送：" if overdue else f"将于 {until} 截止，请以下单位按时报送：")
        ]
        by_filer: dict[str, list[Entry]] = {}
        for e in entries:
            by_filer.setdefault(e.filer, []).append(e)
        number = 0
        for mine in by_filer.values():
            for e in mine:
                number += 1
                by = "" if e.filer == e.unit else f"（由{e.filer_name}代报）"
                lines.append(f"{number}. {e.name}{by}：{_what(e.open)}")
        lines.append("没有内容的请选“零报送”；退回的请按核查结果改正后重报。")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.id,
            "cut_off": self.cut_off.isoformat(),
            "as_of": self.as_of.isoformat(),
            "counts": self.counts,
            "reminders": self.reminders,
            "units": [
                {
                    "unit": e.unit,
                    "name": e.name,
                    "filer": e.filer,
                    "team": e.team,
                    "team_name": e.team_name,
                    "district": e.district,
                    "filings": [
                        {
                            "ledger": f.ledger,
                            "title": f.title,
                            "status": f.status,
                            "late": f.late,
                            "received_at": f.received_at.isoformat() if f.received_at else None,
                            "missed_before": f.missed_before,
                        }
                        for f in e.filings
                    ],
                }
                for e in self.entries
            ],
        }


def roster(workspace: Workspace, period: Period, as_of: datetime | None = None) -> Roster:
    """The roster of `period`. `as_of` is knowledge time; None: everything received so far, seen from now."""
    tree = workspace.register_at(as_of).on(period.ends)
    teams = workspace.teams(period.ends, as_of)
    filings: dict[str, list[Filing]] = {}
    filers: dict[str, str] = {}
    for r in workspace.filing(period, as_of).to_dict("records"):
        status: Status = ("零报送" if r["nil"] else "已报") if r["filed"] else "退回" if r["returned"] else "未报"
        at = (
            r["received_at"].to_pydatetime()
            if r["filed"] and hasattr(r["received_at"], "to_pydatetime")
            else r["received_at"]
            if r["filed"]
            else None
        )
        filings.setdefault(r["unit"], []).append(
            Filing(r["ledger"], r["ledger_title"], status, bool(r["late"]), at, bool(r["missed_before"]))
        )
        filers[r["unit"]] = r["filer"]
    entries = []
    for unit in tree.order:
        if unit.code in filings:
            team, filer = teams.get(unit.code, {}), filers[unit.code]
            entries.append(
                Entry(
                    unit.code,
                    unit.label,
                    filer,
                    tree[filer].label if filer in tree else filer,
                    team.get("district", ""),
                    team.get("team", ""),
                    team.get("team_name", ""),
                    tuple(filings[unit.code]),
                )
            )
    entries.sort(key=lambda e: (e.team == "", e.team))  # stable: within a group as the register has them
    return Roster(period, workspace.cut_off(period), as_of or workspace.now, tuple(entries))


def _what(filings: tuple[Filing, ...]) -> str:
    """未报 集中学习台账、实地调研台账；退回 检视问题台账."""
    parts = []
    for status in ("未报", "退回"):
        names = [
            f.title + ("（上期也未报）" if f.missed_before and status == "未报" else "") for f in filings if f.status == status
        ]
        if names:
            parts.append(f"{status} {'、'.join(names)}")
    return "；".join(parts)
