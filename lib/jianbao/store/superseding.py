"""Which submissions still count: each gives way to the next one of its ledger, period and unit. Imports catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any


def supersede(c: Any, touched: set[tuple[str, str]], units: set[str], since: datetime) -> None:
    """Each accepted submission of a ledger, period and unit gives way when the next one is received.

    `since` is the earliest moment at which something came now: what gave way before then has its successor already.
    """
    from sqlalchemy import bindparam, or_, select, update

    from jianbao.store.catalogue import coverage as t

    changes = []
    wanted = sorted(units)
    for ledger, period in sorted(touched):
        rows: list[Any] = []
        for i in range(0, len(wanted), 500):
            rows += c.execute(select(t.c.unit, t.c.received_at, t.c.submission, t.c.superseded_at).where(
                t.c.ledger == ledger, t.c.period == period, t.c.accepted, t.c.unit.in_(wanted[i:i + 500]),
                or_(t.c.superseded_at.is_(None), t.c.superseded_at >= since))
                .order_by(t.c.unit, t.c.received_at, t.c.submission)).all()
        for a, b in zip(rows, [*rows[1:], None], strict=True):
            end = b.received_at if b is not None and b.unit == a.unit else None
            if end != a.superseded_at:
                changes.append({"s": a.submission, "u": a.unit, "end": end})
    if changes:
        c.execute(update(t).where(t.c.submission == bindparam("s"), t.c.unit == bindparam("u"))
                  .values(superseded_at=bindparam("end")), changes)


def gone(c: Any, ledger: str, as_of: datetime, last: int) -> list[tuple[int, str]]:
    """The (submission, unit) pairs of a ledger that had given way by `as_of`, of what was known when `last` was the last
    submission: what came in since does not count, even if it is dated back."""
    from sqlalchemy import func, select

    from jianbao.store.catalogue import coverage as t
    from jianbao.store.catalogue import submissions

    query = select(t.c.submission, t.c.unit).where(t.c.ledger == ledger)
    if (c.execute(select(func.max(submissions.c.id))).scalar() or 0) == last:
        query = query.where(t.c.superseded_at <= as_of)
    else:
        query = query.where(t.c.submission <= last, t.c.accepted, _replaced(t, as_of, last))
    return [(submission, unit) for submission, unit in c.execute(query)]


def superseded_submissions(c: Any, as_of: datetime | None, among: Iterable[int]) -> set[int]:
    """Those of `among` of which nothing counts any more: a later accepted one came for every unit they covered."""
    from sqlalchemy import select

    from jianbao.store.catalogue import coverage as t

    wanted, moot = sorted(set(among)), set[int]()
    for i in range(0, len(wanted), 500):
        mine = t.c.submission.in_(wanted[i:i + 500])
        covering = set(c.execute(select(t.c.submission).distinct().where(mine)).scalars())
        moot |= covering - set(c.execute(select(t.c.submission).distinct().where(mine, ~_replaced(t, as_of))).scalars())
    return moot


def _replaced(t: Any, as_of: datetime | None, last: int | None = None) -> Any:
    """Whether an accepted submission came after this one for the same ledger, period and unit, by `as_of`."""
    from sqlalchemy import and_, exists, or_

    later = t.alias()
    newer = or_(later.c.received_at > t.c.received_at,
                and_(later.c.received_at == t.c.received_at, later.c.submission > t.c.submission))
    return exists().where(later.c.ledger == t.c.ledger, later.c.period == t.c.period, later.c.unit == t.c.unit,
                          later.c.accepted, newer, *([later.c.received_at <= as_of] if as_of is not None else []),
                          *([later.c.submission <= last] if last is not None else []))
