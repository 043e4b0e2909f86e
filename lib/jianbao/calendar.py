"""The publishing calendar: when issues are due and what number they bear. Imports workspace, definitions."""

from __future__ import annotations

from datetime import datetime

from jianbao.definitions.period import Period, periods_between
from jianbao.definitions.workdays import next_worked
from jianbao.workspace import Workspace


def due_at(workspace: Workspace, product: str | None, period: Period) -> datetime:
    """When the calendar wants the issue of a period, moved past days off where the calendar knows 调休."""
    calendar = workspace.definitions.calendar
    moment = calendar.due.get(product or "")
    at = moment.after(period) if moment else calendar.cut_off.after(period)
    return worked_day(at) if calendar.work_days == "cn" else at


def has_issue(workspace: Workspace, product: str | None, period: Period) -> bool:
    """Whether there is an issue for a period at all: a day's product rests on days off, which the next worked day tells of."""
    calendar = workspace.definitions.calendar
    moment = calendar.due.get(product or "")
    return period.kind != "day" or moment is None or due_at(workspace, product, period) == moment.after(period)


def worked_day(at: datetime) -> datetime:
    """`at`, or the same time on the next day that is worked in China (weekends swapped for holidays included)."""
    return datetime.combine(next_worked(at.date(), "cn"), at.time())


def issue_number(workspace: Workspace, product: str | None, period: Period) -> tuple[int | None, int | None]:
    """期号 of the year and the running number: the ordinal of the period's due date in the calendar, whatever ran when.

    (None, None) for a product without numbers or one the calendar does not know, or before its first period.
    """
    calendar = workspace.definitions.calendar
    if product is None or product not in calendar.first or not workspace.definitions.products[product].numbered:
        return None, None
    first = Period(calendar.first[product], period.week_start)
    if period < first:
        return None, None
    p = workspace.definitions.products[product]
    periods = periods_between(first.starts, period.ends, period.kind, period.week_start)
    if (chosen := calendar.only.get(product)) is not None:
        periods = [q for q in periods if q.id in chosen or q == period]
    periods = [q for q in periods if has_issue(workspace, product, q) or q == period]
    due = [due_at(workspace, product, q) for q in periods]
    same_year = sum(d.year == due[-1].year for d in due)
    number = same_year + (p.first_number - 1 if due[-1].year == due[0].year else 0)
    return number, len(due) + p.first_number - 1 + p.total_before
