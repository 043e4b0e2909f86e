"""Who has filed what for a period, and how it went in the periods before. Imports closing, corrections, workspace, store,
definitions. The texts to send are in reminders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from jianbao.definitions.finding import Finding
from jianbao.definitions.period import Period
from jianbao.intake import closing, corrections, decided
from jianbao.intake.closing import Reopened
from jianbao.store import listing
from jianbao.store.closings import Closing
from jianbao.workspace import Workspace

Status = Literal["已报", "零报送", "退回", "未报"]
# One letter for a period of a unit and ledger, so that a copy without colours tells as much: on time, nil, late, waiting for the
# cut-off, returned, missing. "" where nothing was due.
Mark = Literal["", "按", "零", "迟", "待", "退", "未"]
COLOURS: Mapping[str, str] = {"按": "green", "零": "green", "迟": "yellow", "退": "red", "未": "red", "待": "grey"}
WORST: Sequence[str] = ("未", "退", "迟", "待", "按", "零", "")
LEGEND = "按 按时　零 零报送　迟 迟报补报（黄）　未 未报、退 退回未重报（红）　待 未到截止"
NO_GROUP = "未编组"
HISTORY = 8
_EVER = datetime.max


@dataclass(frozen=True)
class Filing:
    """One ledger of one unit. `received_at` is when what counts now came; `late`, when the first accepted came too late.

    `marks` are one for each period of the roster's history, the roster's own last. `missed` are the periods missed one after the
    other up to now, oldest first (连续未报). Of what was returned, `errors` places are to be mended, since `returned_at`.
    """

    ledger: str
    title: str
    status: Status
    late: bool
    received_at: datetime | None
    missed_before: bool
    marks: tuple[Mark, ...] = ()
    missed: tuple[Period, ...] = ()
    errors: int = 0
    returned_at: datetime | None = None
    unexplained: int = 0

    @property
    def open(self) -> bool:
        return self.status in ("退回", "未报")


@dataclass(frozen=True)
class Entry:
    """One unit with all that is due from it. `unwritten` are its corrections by telephone that wait for a paper; `awaited`, its
    rows that the office sent back by their content;
    `stamp_missing`, when the campaign asks for a stamped scan and none came with what was filed."""

    unit: str
    name: str
    filer: str
    filer_name: str
    district: str
    team: str
    team_name: str
    filings: tuple[Filing, ...]
    unwritten: tuple[str, ...] = ()
    stamp_missing: bool = False
    awaited: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[Filing, ...]:
        return tuple(f for f in self.filings if f.open)

    @property
    def asked(self) -> bool:
        """Whether there is anything to write to it about."""
        return bool(self.open or self.unwritten or self.awaited or self.stamp_missing or any(f.unexplained for f in self.filings))

    @property
    def group(self) -> str:
        return self.team_name or self.team or NO_GROUP

    @property
    def longest(self) -> int:
        """连续未报 of the ledger missed longest."""
        return max((len(f.missed) for f in self.filings), default=0)

    def mark(self, n: int) -> tuple[str, int]:
        """The worst mark of its ledgers in the n-th period of the history, and how many have it."""
        marks = [f.marks[n] for f in self.filings]
        worst = next((m for m in WORST if m in marks), "")
        return worst, marks.count(worst) if worst else 0       # type: ignore[arg-type]


@dataclass(frozen=True)
class Roster:
    """Every unit that owes a filing for `period`, as known at `as_of`; ordered by liaison group, then the register.

    `periods` are those of the history. `closed` is the closing that holds, `reopened` each time the period was opened again.
    """

    period: Period
    cut_off: datetime
    as_of: datetime
    entries: tuple[Entry, ...]
    periods: tuple[Period, ...] = ()
    closed: Closing | None = None
    reopened: tuple[Reopened, ...] = ()

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
    def asked(self) -> dict[str, int]:
        """What else is open: 待说明 warnings, 待书面 corrections, units without 盖章件, filings missed for two periods or more."""
        filings = [f for e in self.entries for f in e.filings]
        return {
            "待说明": sum(f.unexplained for f in filings),
            "待书面": sum(len(e.unwritten) for e in self.entries),
            "缺盖章件": sum(e.stamp_missing for e in self.entries),
            "连续未报": sum(len(f.missed) > 1 for f in filings),
        }

    @property
    def left(self) -> timedelta:
        """Until the cut-off; below zero when it is over."""
        return self.cut_off - self.as_of

    @property
    def deadline(self) -> str:
        """截止 10月23日 12:00，还有 1 天 3 小时."""
        return f"截止 {moment(self.cut_off)}，{'还有' if self.left >= timedelta(0) else '已过'} {span(self.left)}"

    @property
    def reminders(self) -> dict[str, str]:
        """Liaison group → text to paste; groups with nothing open are left out."""
        from jianbao.intake.reminders import by_group

        return by_group(self)

    def only(self, units: Iterable[str]) -> Roster:
        """The same of some units alone."""
        wanted = set(units)
        return replace(self, entries=tuple(e for e in self.entries if e.unit in wanted))

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.id,
            "cut_off": self.cut_off.isoformat(),
            "as_of": self.as_of.isoformat(),
            "seconds_left": int(self.left.total_seconds()),
            "counts": self.counts,
            "asked": self.asked,
            "history": [p.id for p in self.periods],
            "closed": self.closed.to_json() if self.closed else None,
            "reopened": [r.to_json() for r in self.reopened],
            "reminders": self.reminders,
            "units": [
                {
                    "unit": e.unit,
                    "name": e.name,
                    "filer": e.filer,
                    "team": e.team,
                    "team_name": e.team_name,
                    "district": e.district,
                    "unwritten": list(e.unwritten),
                    "awaited": list(e.awaited),
                    "stamp_missing": e.stamp_missing,
                    "filings": [
                        {
                            "ledger": f.ledger,
                            "title": f.title,
                            "status": f.status,
                            "late": f.late,
                            "received_at": f.received_at.isoformat() if f.received_at else None,
                            "missed_before": f.missed_before,
                            "missed": [p.id for p in f.missed],
                            "marks": list(f.marks),
                            "errors": f.errors,
                            "returned_at": f.returned_at.isoformat() if f.returned_at else None,
                            "unexplained": f.unexplained,
                        }
                        for f in e.filings
                    ],
                }
                for e in self.entries
            ],
        }


def roster(workspace: Workspace, period: Period, as_of: datetime | None = None, *, history: int = HISTORY) -> Roster:
    """The roster of `period`. `as_of` is knowledge time; None: everything received so far, seen from now."""
    now, known = as_of or workspace.now, as_of or _EVER
    tree = workspace.register_at(as_of).on(period.ends)
    teams = workspace.teams(period.ends, as_of)
    past = _Past(workspace, period, known, now)
    periods = past.last(history)
    back, unexplained = _returned(workspace, period, known)
    unwritten = _unwritten(workspace, as_of)
    awaited = decided.told(workspace, now.date(), as_of)
    filings: dict[str, list[Filing]] = {}
    filers: dict[str, str] = {}
    for (code, ledger), r in past.of(period).items():
        status: Status = ("零报送" if r["nil"] else "已报") if r["filed"] else "退回" if r["returned"] else "未报"
        errors, returned_at = back.get((code, ledger), (0, None)) if status == "退回" else (0, None)
        missed = past.missed(code, ledger)
        filings.setdefault(code, []).append(
            Filing(
                ledger, r["ledger_title"], status, bool(r["late"]), _plain(r["received_at"]) if r["filed"] else None,
                past.missed_before(code, ledger), tuple(past.mark(p, code, ledger) for p in periods), missed, errors, returned_at,
                unexplained.get((code, ledger), 0),
            )
        )  # fmt: skip
        filers[code] = r["filer"]
    unstamped = _unstamped(workspace, period, as_of, past)
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
                    tuple(unwritten.get(unit.code, ())),
                    filer in unstamped,
                    tuple(awaited.get(unit.code, ())),
                )
            )
    entries.sort(key=lambda e: (e.team == "", e.team))  # stable: within a group as the register has them
    return Roster(
        period, workspace.cut_off(period), now, tuple(entries), tuple(periods), closing.closed(workspace, period, now),
        tuple(closing.reopenings(workspace, period, as_of)),
    )  # fmt: skip


class _Past:
    """What became of everything due, period by period, read when asked for."""

    def __init__(self, workspace: Workspace, period: Period, known: datetime, now: datetime) -> None:
        self.workspace, self.period, self.known, self.now = workspace, period, known, now
        self._read: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
        self._over: dict[str, bool] = {}

    def of(self, period: Period) -> dict[tuple[str, str], Mapping[str, Any]]:
        """(unit, ledger) → its row of Workspace.filing."""
        if period.id not in self._read:
            rows = [r for p in self.workspace.filing_periods(period) for r in self.workspace.filed(p, self.known)]
            self._read[period.id] = {(r["unit"], r["ledger"]): r for r in rows}
        return self._read[period.id]

    def last(self, n: int) -> list[Period]:
        first = self.workspace.definitions.campaign.starts
        return [p for p in self.period.last(n) if p.ends >= first]

    def over(self, period: Period) -> bool:
        if period.id not in self._over:
            self._over[period.id] = self.now > self.workspace.cut_off(period)
        return self._over[period.id]

    def mark(self, period: Period, unit: str, ledger: str) -> Mark:
        r = self.of(period).get((unit, ledger))
        if r is None:
            return ""
        if r["filed"]:
            return "迟" if r["late"] else "零" if r["nil"] else "按"
        return "退" if r["returned"] else "未" if self.over(period) else "待"

    def missed(self, unit: str, ledger: str) -> tuple[Period, ...]:
        """The periods missed one after the other up to the roster's own, or to the last one whose cut-off is over. Periods in
        which nothing was due are passed over."""
        found: list[Period] = []
        at, first = self.period, self.workspace.definitions.campaign.starts
        if not self.over(at) and self.mark(at, unit, ledger) == "待":
            at = at.previous()
        while at.ends >= first and (mark := self.mark(at, unit, ledger)) in ("未", ""):
            found += [at] * bool(mark)
            at = at.previous()
        return tuple(found[::-1])

    def missed_before(self, unit: str, ledger: str) -> bool:
        """Whether it was missing, and not only returned, the period before."""
        before = self.period.previous()
        if before.ends < self.workspace.definitions.campaign.starts:
            return False
        r = self.of(before).get((unit, ledger))
        return r is not None and not r["filed"] and not r["returned"]


def _returned(
    workspace: Workspace, period: Period, known: datetime
) -> tuple[dict[tuple[str, str], tuple[int, datetime]], dict[tuple[str, str], int]]:
    """(unit, ledger) → of what was returned last, the places to mend and when; and the warnings that wait for an explanation."""
    found: list[Finding] = []
    sheets: dict[tuple[str, str], tuple[str, str, datetime]] = {}
    units: dict[tuple[str, str], list[str]] = {}
    for p in workspace.filing_periods(period):
        found += workspace.store.findings(as_of=known, period=p.id)
        for r in workspace.store.filings(known, periods=[p.id]).to_dict("records"):
            units.setdefault((r["file"], r["sheet"]), []).append(r["unit"])
            if not r["accepted"]:
                sheets[r["unit"], r["ledger"]] = (r["file"], r["sheet"], _plain(r["received_at"]))
    errors: dict[tuple[str, str], int] = {}
    waiting: dict[tuple[str, str], int] = {}
    for f in found:
        if f.severity == "error":
            errors[f.file, f.sheet] = errors.get((f.file, f.sheet), 0) + 1
        elif f.explain and not f.explanation:
            covered = units.get((f.file, f.sheet), [])
            # What is said of a whole sheet is the first unit's it covers.
            unit = f.unit if f.unit in covered or not covered else covered[0]
            waiting[unit, f.ledger] = waiting.get((unit, f.ledger), 0) + 1
    return {key: (errors.get((file, sheet), 0), at) for key, (file, sheet, at) in sheets.items()}, waiting


def _unwritten(workspace: Workspace, as_of: datetime | None) -> dict[str, list[str]]:
    """unit → its corrections that wait for a paper."""
    found: dict[str, list[str]] = {}
    for f in corrections.findings(workspace, as_of):
        if f.rule == "unwritten":
            found.setdefault(f.unit, []).append(f.message.split("，", 1)[0])
    return found


def _unstamped(workspace: Workspace, period: Period, as_of: datetime | None, past: _Past) -> set[str]:
    """Filers that filed something for the period without the stamped scan the campaign asks for."""
    if not workspace.definitions.campaign.stamped:
        return set()
    filers = {r["filer"] for r in past.of(period).values() if r["filed"]}
    there = listing.attached(workspace.store.engine, filers)
    return {f for f in filers if not any((f, p.id) in there for p in workspace.filing_periods(period))}


def _plain(at: Any) -> Any:
    return at.to_pydatetime() if hasattr(at, "to_pydatetime") else at


def moment(at: datetime) -> str:
    """10月23日 12:00"""
    return f"{at.month}月{at.day}日 {at:%H:%M}"


def span(left: timedelta) -> str:
    """1 天 3 小时, of either sign; below an hour in minutes."""
    minutes = int(abs(left.total_seconds()) // 60)
    days, hours = divmod(minutes // 60, 24)
    said = [f"{days} 天"] * bool(days) + [f"{hours} 小时"] * bool(hours)
    return " ".join(said) if said else f"{minutes} 分钟"
