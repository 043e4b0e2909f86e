"""What the issue before could know of a ledger, beside what is known now. Imports calendar, store snapshots by way of the brief."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from jianbao.calendar import has_issue
from jianbao.definitions.period import Period
from jianbao.errors import BriefError

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief
    from jianbao.store import Snapshot

T = TypeVar("T")


def period_before(brief: Brief) -> Period | None:
    """The period of the issue before, as the calendar has it; None for the first of the campaign."""
    definitions, period = brief.workspace.definitions, brief.period.previous()
    chosen = definitions.calendar.only.get(brief.product_name or "")
    while period.ends >= definitions.campaign.starts:
        if has_issue(brief.workspace, brief.product_name, period) and (chosen is None or period.id in chosen):
            return period
        period = period.previous()
    return None


def now_and_then(brief: Brief, ledger: str, read: Callable[[Snapshot, str, date], dict[str, T]]
                 ) -> tuple[dict[str, T], dict[str, T], date]:
    """What `read` finds by the period's end, as the brief knows it; what it found for the issue before at that one's cut-off
    (nothing before the first); and the day up to which the issue before told, date.min when there was none."""
    now = read(brief.cube.snapshot, ledger, brief.period.ends)
    before = period_before(brief)
    if before is None:
        return now, {}, date.min
    cut_off = min(brief.workspace.cut_off(before), brief.as_of)
    known = brief.workspace.store.version(cut_off) is not None
    return now, read(brief.workspace.snapshot(cut_off), ledger, before.ends) if known else {}, before.ends


def demand(brief: Brief, ledger: str, columns: Iterable[str], what_for: str) -> None:
    """Raises BriefError, naming the columns, when the campaign has no such ledger."""
    ledgers, columns = brief.workspace.definitions.ledgers, tuple(columns)
    if ledger not in ledgers or set(columns) - set(ledgers[ledger].columns):
        raise BriefError(f"{what_for} needs a ledger {ledger} with the columns {', '.join(columns)} (params/ledgers/{ledger}.yml).")
