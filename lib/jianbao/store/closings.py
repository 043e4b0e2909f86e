"""Periods closed and opened again: who, when and why. Imports catalogue, definitions, errors.

A closed period takes no more filings. The last action counts; without any, a period closes by itself when the calendar says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from jianbao.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine

Action = Literal["close", "reopen"]
WORDS = {"close": "关账", "reopen": "重开"}
BY_CALENDAR = "calendar"        # who closed it when nobody did


@dataclass(frozen=True)
class Closing:
    """One action on a period. `who` is a post or an office."""

    period: str
    action: Action
    at: datetime
    who: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"period": self.period, "action": self.action, "at": self.at.isoformat(), "who": self.who, "reason": self.reason}


def actions(engine: Engine, *, period: str | None = None, as_of: datetime | None = None) -> list[Closing]:
    """What was done by `as_of`, oldest first."""
    from sqlalchemy import select

    from jianbao.store.catalogue import closings as t

    query = select(t.c.period, t.c.action, t.c.at, t.c.who, t.c.reason).order_by(t.c.at, t.c.id)
    if period is not None:
        query = query.where(t.c.period == period)
    if as_of is not None:
        query = query.where(t.c.at <= as_of)
    with engine.connect() as c:
        return [Closing(*row) for row in c.execute(query)]


def shut(done: Iterable[Closing], at: datetime, closes_at: datetime | None) -> Closing | None:
    """The closing that holds for what comes at a moment, None while the period is open. `done` are the actions on one period;
    `closes_at` is when it closes by itself, unless it was opened again."""
    last = max((c for c in done if c.at <= at), key=lambda c: c.at, default=None)
    if last is not None:
        return last if last.action == "close" else None
    if closes_at is not None and at > closes_at:
        return Closing("", "close", closes_at, BY_CALENDAR, "")
    return None


def record(engine: Engine, closing: Closing, closes_at: datetime | None) -> None:
    """Remembers an action. Raises StoreError when it changes nothing, or comes before the last one."""
    from sqlalchemy import insert

    from jianbao.store.catalogue import closings as t

    done = actions(engine, period=closing.period)
    if done and done[-1].at > closing.at:
        raise StoreError(f"{closing.period}: the last action was {WORDS[done[-1].action]} at {done[-1].at:%Y-%m-%d %H:%M}, after "
                         f"{closing.at:%Y-%m-%d %H:%M}. Say a later time with --on.")
    holds = shut(done, closing.at, closes_at)
    if (holds is not None) == (closing.action == "close"):
        since = f" since {holds.at:%Y-%m-%d %H:%M} ({holds.who})" if holds else ""
        raise StoreError(f"{closing.period} is {'closed' if holds else 'open'} already{since}. Nothing was changed.")
    with engine.begin() as c:
        c.execute(insert(t).values(period=closing.period, action=closing.action, at=closing.at, who=closing.who,
                                   reason=closing.reason))
