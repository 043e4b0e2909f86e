"""Days that are worked: weekdays, less holidays, with the weekend days worked in their stead (调休). Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

WorkDays = Literal["cn", "all"]


def is_worked(day: date, work_days: WorkDays) -> bool:
    """Whether `day` is worked: every day under `all`; under `cn` as the State Council's holiday notices have it.

    A year the table does not cover yet knows weekends only.
    """
    if work_days == "all":
        return True
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def next_worked(day: date, work_days: WorkDays) -> date:
    """`day`, or the next one that is worked."""
    while not is_worked(day, work_days):
        day += timedelta(days=1)
    return day


def exceptions(first: date, last: date, work_days: WorkDays) -> tuple[Sequence[date], Sequence[date]]:
    """(weekdays that are not worked, weekend days that are) from `first` to `last`."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    differ = [d for d in days if is_worked(d, work_days) != (d.weekday() < 5)]
    return [d for d in differ if d.weekday() < 5], [d for d in differ if d.weekday() >= 5]
