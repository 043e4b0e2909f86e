"""Who was due to file and who did, as arrays over the tree. Imports workspace, definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

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
    """

    due: NDArray[np.bool_]
    filed: NDArray[np.bool_]
    ever: NDArray[np.bool_]
    gaps: NDArray[np.int64]


def coverage(workspace: Workspace, ledger: Ledger, period: Period, tree: Tree, as_of: datetime) -> Coverage:
    """For a period longer than the filing period, due and filed are those of the last filing period in it."""
    import numpy as np

    n = len(tree.order)
    campaign = workspace.definitions.campaign
    if ledger.kind in ("master", "filings"):
        yes = np.ones(n, bool)
        return Coverage(yes, yes, yes, np.zeros(n, np.int64))
    inside = periods_between(period.starts, period.ends, campaign.period, campaign.week_start)
    filing_period = next((p for p in reversed(inside) if p.ends <= period.ends), inside[-1] if inside else period)
    counts = _accepted(workspace, ledger, period, as_of)
    now = _accepted(workspace, ledger, filing_period, as_of, only=True)
    if ledger.by_office:
        office = campaign.office_code
        filed = np.full(n, office in now)
        ever = np.full(n, office in counts)
        due = np.zeros(n, bool)
        if office in tree:
            due[tree.position[office]] = True
        return Coverage(due, filed, ever, np.zeros(n, np.int64))
    due = np.array([u.files and u.org_type in ledger.filed_by for u in tree.order], bool)
    filed, ever = np.zeros(n, bool), np.zeros(n, bool)
    done = np.zeros(n, np.int64)
    for unit in now:
        if unit in tree.position:
            filed[tree.position[unit]] = True
    for unit, count in counts.items():
        if unit in tree.position:
            ever[tree.position[unit]] = True
            done[tree.position[unit]] = count
    if ledger.frequency == "once":
        return Coverage(due & ~(ever & ~filed), filed, ever, (due & ~ever).astype(np.int64))
    expected = _expected(workspace, ledger, period, tree)
    gaps = np.where(due, np.maximum(expected - done, 0), 0) if ledger.filing != "source" else np.zeros(n, np.int64)
    if ledger.filing == "source":
        due = filed | ever
    elif ledger.frequency == "monthly" and not _month_ends_in(filing_period):
        due = due & filed
    return Coverage(due, filed, ever, gaps)


def _accepted(workspace: Workspace, ledger: Ledger, period: Period, as_of: datetime, *, only: bool = False) -> dict[str, int]:
    """unit → number of periods with an accepted filing, up to the period's end or in that period only."""
    from sqlalchemy import func, select

    from jianbao.store.catalogue import coverage as t

    query = select(t.c.unit, func.count(t.c.period.distinct())).where(
        t.c.ledger == ledger.name, t.c.accepted, t.c.received_at <= as_of).group_by(t.c.unit)
    query = query.where(t.c.period == period.id) if only else query.where(t.c.period_ends <= period.ends)
    with workspace.store.engine.connect() as c:
        return {unit: count for unit, count in c.execute(query)}


def _expected(workspace: Workspace, ledger: Ledger, period: Period, tree: Tree) -> NDArray[np.int64]:
    import numpy as np

    periods = [p for p in workspace.periods(period) if p.ends <= period.ends
               and (ledger.frequency != "monthly" or _month_ends_in(p))]
    ends = np.array([p.ends for p in periods], "datetime64[D]")
    since = np.array([max(u.valid_from, workspace.definitions.campaign.starts) for u in tree.order], "datetime64[D]")
    return len(ends) - np.searchsorted(ends, since)


def _month_ends_in(period: Period) -> bool:
    return period.starts.month != period.next().starts.month or period.starts.year != period.next().starts.year
