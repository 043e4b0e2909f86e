"""Who was due to file and who did, as arrays over the tree. Imports workspace, definitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period, periods_between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from jianbao.definitions.register import Tree
    from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Coverage:
    """Per unit of the tree (its own filing, not its subtree's), for one ledger and period.

    due, filed: in the period; ever: any accepted filing by the period's end; gaps: periods due and not accepted by then.
    known_in, known_to_date: whether anything is known of the unit for the period, or up to its end; the same of units
    that stand in the tree no more, as codes.
    """

    due: NDArray[np.bool_]
    filed: NDArray[np.bool_]
    ever: NDArray[np.bool_]
    gaps: NDArray[np.int64]
    known_in: NDArray[np.bool_]
    known_to_date: NDArray[np.bool_]
    gone_in: frozenset[str] = frozenset()
    gone_to_date: frozenset[str] = frozenset()


def coverage(workspace: Workspace, ledger: Ledger, period: Period, tree: Tree, as_of: datetime) -> Coverage:
    """For a period longer than the filing period, due and filed are those of the last filing period in it."""
    import numpy as np

    n = len(tree.order)
    campaign = workspace.definitions.campaign
    if ledger.kind in ("filings", "calendar") or (ledger.kind == "master" and workspace.master_table(ledger.name, as_of) is not None):
        yes = np.ones(n, bool)
        return Coverage(yes, yes, yes, np.zeros(n, np.int64), yes, yes)
    if ledger.kind == "master":     # never received: nothing is known, not even that there is none
        no = np.zeros(n, bool)
        return Coverage(no, no, no, np.zeros(n, np.int64), no, no)
    inside = periods_between(period.starts, period.ends, campaign.period, campaign.week_start)
    filing_period = next((p for p in reversed(inside) if p.ends <= period.ends), inside[-1] if inside else period)
    # What has a day of its own may be of October and come with the week that ends in November; a state of then may not.
    dated = ledger.by_day or (ledger.kind == "event" and not ledger.by_key)
    parts = inside if dated else [p for p in inside if p.ends <= period.ends]
    counts = _accepted(workspace, ledger, as_of, ended_by=period.ends)
    now = _accepted(workspace, ledger, as_of, periods=[filing_period])
    within = set(now if parts == [filing_period] else _accepted(workspace, ledger, as_of, periods=parts))
    if ledger.by_office:
        office = campaign.office_code
        due = np.array([u.code == office for u in tree.order], bool)
        filed, ever, in_ = (np.full(n, office in found) for found in (now, counts, within))
        return Coverage(due, filed, ever, np.zeros(n, np.int64), in_, ever | in_)

    def standing(codes: Iterable[str]) -> NDArray[np.bool_]:
        array = np.zeros(n, bool)
        array[[tree.position[c] for c in codes if c in tree.position]] = True
        return array

    due = np.array([u.files and u.org_type in ledger.filed_by for u in tree.order], bool)
    filed, ever = standing(now), standing(counts)
    answered: set[str] = set()
    if ledger.frequency == "once":      # what was answered before, and with rows, is not asked again
        answered = set(_accepted(workspace, ledger, as_of, ended_by=period.starts - timedelta(days=1), with_rows=True))
        answered |= {u for u, merged in workspace.register_at(as_of).predecessors(period.ends).items() if answered.issuperset(merged)}
    known_in, known_to_date = within | answered, within | set(counts)
    known: dict[str, Any] = {
        "known_in": standing(known_in), "known_to_date": standing(known_to_date),
        "gone_in": frozenset(known_in - tree.position.keys()),
        "gone_to_date": frozenset(known_to_date - tree.position.keys())}
    if ledger.frequency == "once":
        due &= ~standing(answered)
        return Coverage(due, filed, ever, (due & ~ever).astype(np.int64), **known)
    gaps = np.zeros(n, np.int64)
    if ledger.filing == "source":
        due = filed | ever
    else:
        done = np.zeros(n, np.int64)
        for unit, count in counts.items():
            if unit in tree.position:
                done[tree.position[unit]] = count
        gaps = np.where(due, np.maximum(_expected(workspace, ledger, period, tree) - done, 0), 0)
        if ledger.frequency == "monthly" and not _month_ends_in(filing_period):
            due = due & filed
    return Coverage(due, filed, ever, gaps, **known)


def _accepted(workspace: Workspace, ledger: Ledger, as_of: datetime, *, periods: Iterable[Period] | None = None,
              ended_by: date | None = None, with_rows: bool = False) -> dict[str, int]:
    """unit → number of periods with an accepted filing: of `periods`, or of those that ended by `ended_by`."""
    from sqlalchemy import func, select

    from jianbao.store.catalogue import coverage as t

    query = select(t.c.unit, func.count(t.c.period.distinct())).where(
        t.c.ledger == ledger.name, t.c.accepted, t.c.received_at <= as_of).group_by(t.c.unit)
    if periods is not None:
        query = query.where(t.c.period.in_([p.id for p in periods]))
    if ended_by is not None:
        query = query.where(t.c.period_ends <= ended_by)
    if with_rows:
        query = query.where(t.c.rows > 0, t.c.superseded_at.is_(None) | (t.c.superseded_at > as_of))
    with workspace.store.engine.connect() as c:
        return {str(unit): int(count) for unit, count in c.execute(query)}


def _expected(workspace: Workspace, ledger: Ledger, period: Period, tree: Tree) -> NDArray[np.int64]:
    import numpy as np

    periods = [p for p in workspace.periods(period) if p.ends <= period.ends
               and (ledger.frequency != "monthly" or _month_ends_in(p))]
    ends = np.array([p.ends for p in periods], "datetime64[D]")
    since = np.array([max(u.valid_from, workspace.definitions.campaign.starts) for u in tree.order], "datetime64[D]")
    return len(ends) - np.searchsorted(ends, since)


def _month_ends_in(period: Period) -> bool:
    return period.starts.month != period.next().starts.month or period.starts.year != period.next().starts.year
