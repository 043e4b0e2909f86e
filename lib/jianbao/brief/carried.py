"""Decisions and requests carried over from issue to issue (议定与请示事项). Imports earlier, parts.

The ledger is of kind state and has the columns raised_at, raised_on, title, owner, due_date, status, closed_on, answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.brief.earlier import demand, now_and_then
from jianbao.brief.parts import Column, Face, Prose, Run, Table
from jianbao.brief.printing import cell
from jianbao.definitions.period import month_day

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief
    from jianbao.store import Snapshot

LEDGER = "resolutions"
COLUMNS = ("raised_at", "raised_on", "title", "owner", "due_date", "status", "closed_on")


@dataclass(frozen=True)
class Matter:
    """One decision or request as it stands. `closed_on` is None while it is open."""

    key: str
    raised_at: str
    raised_on: date
    title: str
    owner: str                      # unit code
    due: date | None
    status: str
    closed_on: date | None
    answer: str

    def open_on(self, day: date) -> bool:
        return self.closed_on is None or self.closed_on > day

    def late(self, day: date) -> int:
        """Days past its due day while open; 0 when not."""
        return max((day - self.due).days, 0) if self.due and self.open_on(day) else 0


@dataclass(frozen=True)
class Carried:
    """What the issue before left open, what came since, what was closed since, and what is open now: 上期 + 新增 = 办结 + 未办结."""

    before: tuple[Matter, ...]
    new: tuple[Matter, ...]
    closed: tuple[Matter, ...]
    open: tuple[Matter, ...]

    def overdue(self, day: date) -> list[Matter]:
        return [m for m in self.open if m.late(day)]


def carried_of(brief: Brief, ledger: str = LEDGER) -> Carried:
    """As filed by the period's end and known to the brief, against what was known at the cut-off of the issue before."""
    period = brief.period
    demand(brief, ledger, COLUMNS, "carried")
    now, then, told_by = now_and_then(brief, ledger, _matters)
    before = {k for k, m in then.items() if m.open_on(told_by) and k in now}
    told = {k for k in then if k not in before}         # closed, and said so, by the issue before
    wanted = _inside(brief)
    since = [m for k, m in now.items() if k not in told and (wanted is None or m.owner in wanted)]
    order = sorted(since, key=lambda m: (-m.late(period.ends), m.due or date.max, m.key))
    return Carried(before=tuple(m for m in order if m.key in before), new=tuple(m for m in order if m.key not in before),
                   closed=tuple(m for m in order if not m.open_on(period.ends)),
                   open=tuple(m for m in order if m.open_on(period.ends)))


def show(brief: Brief, *, title: str, ledger: str, face: Face) -> None:
    """The sentence with the counts and the table: open ones, the most overdue first, then those closed. See Ahead.carried."""
    found, day = carried_of(brief, ledger), brief.period.ends
    if not found.open and not found.closed:
        return
    brief.show(Prose(tuple(_sentence(brief, found, ledger)), face=face))
    labels = {u.code: u.label for u in brief.workspace.register_at(brief.as_of).units}
    rows = tuple((Run(m.title), Run(f"{m.raised_at}，{month_day(m.raised_on)}"), Run(labels.get(m.owner, m.owner)),
                  Run(month_day(m.due) if m.due else "—"), _state(m, day), Run(m.answer or "—"))
                 for m in (*found.open, *found.closed))
    brief.show(Table(title, (Column("事项", width=4), Column("提出", width=2.4), Column("承办单位", width=2),
                             Column("时限", width=1.8), Column("状态", width=2.6), Column("结果", width=3)), rows, face=face))


def _sentence(brief: Brief, found: Carried, ledger: str) -> Iterator[Run]:
    """上期转来4项，新增4项，办结1项，未办结7项，其中逾期2项, every count bound to what it means."""
    source, late = brief.workspace.definitions.ledgers[ledger], found.overdue(brief.period.ends)

    def count(word: str, matters: Sequence[Matter], meaning: str) -> Iterator[Run]:
        yield Run(word)
        title = f"议定和请示事项{word.removeprefix('，').removeprefix('其中')}"
        yield brief.figures.add_count(title, len(matters), "项", meaning, period=brief.period.id, as_of=brief.as_of.isoformat(),
                                      source=f"{source.title}（{source.code}）")

    yield Run("议定和请示事项")
    if found.before:
        yield from count("上期转来", found.before, "上期末尚未办结的事项数。")
    if found.new:
        yield from count("，新增" if found.before else "新增", found.new, "本期提出或报来的事项数。")
    if found.closed:
        yield from count("，办结", found.closed, "上期以来办结的事项数。")
    else:
        yield Run("，没有办结")
    if found.open:
        yield from count("，未办结", found.open, "期末尚未办结的事项数。")
    if late and len(late) < len(found.open):
        yield from count("，其中逾期", late, "期末尚未办结、已过时限的事项数。")
    yield Run("，全部逾期。" if late and len(late) == len(found.open) else "。")


def _state(m: Matter, day: date) -> Run:
    if not m.open_on(day):
        assert m.closed_on is not None
        return Run(f"{month_day(m.closed_on)}办结")
    late = m.late(day)
    return Run(f"{m.status}，逾期{late}天", tone="red") if late else Run(m.status)


def _matters(snapshot: Snapshot, ledger: str, on: date) -> dict[str, Matter]:
    """Key → the matter as filed for periods that ended by `on`."""
    key = snapshot.ledger(ledger).key[0]
    rows: list[dict[str, Any]] = snapshot.connection.sql(f"select * from {snapshot.state(ledger, on)} r").to_arrow_table().to_pylist()
    return {str(r[key]): Matter(str(r[key]), cell(r["raised_at"]), r["raised_on"], cell(r["title"]), cell(r["owner"]),
                                r["due_date"], cell(r["status"]), r["closed_on"], cell(r.get("answer")))
            for r in rows if r[key] and r["raised_on"] and r["raised_on"] <= on}


def _inside(brief: Brief) -> set[str] | None:
    """The units whose matters a brief tells of: all of them for the whole, else the unit's and those below it."""
    whole = brief.team is None and brief.unit.code == brief.workspace.definitions.campaign.root
    return None if whole else set(brief.members)
