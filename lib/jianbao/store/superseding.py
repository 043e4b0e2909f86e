"""Which submissions still count: each gives way to the next one of its ledger, period and unit. Imports catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def supersede(c: Any, touched: set[tuple[str, str]], units: set[str]) -> None:
    """Each accepted submission of a ledger, period and unit gives way when the next one is received."""
    from sqlalchemy import bindparam, select, update

    from jianbao.store.catalogue import coverage as t

    changes = []
    wanted = sorted(units)
    for ledger, period in sorted(touched):
        rows: list[Any] = []
        for i in range(0, len(wanted), 500):
            rows += c.execute(select(t.c.unit, t.c.received_at, t.c.submission, t.c.superseded_at).where(
                t.c.ledger == ledger, t.c.period == period, t.c.accepted, t.c.unit.in_(wanted[i:i + 500]))
                .order_by(t.c.unit, t.c.received_at, t.c.submission)).all()
        for a, b in zip(rows, [*rows[1:], None], strict=True):
            end = b.received_at if b is not None and b.unit == a.unit else None
            if end != a.superseded_at:
                changes.append({"s": a.submission, "u": a.unit, "end": end})
    if changes:
        c.execute(update(t).where(t.c.submission == bindparam("s"), t.c.unit == bindparam("u"))
                  .values(superseded_at=bindparam("end")), changes)


def superseded_submissions(c: Any, as_of: datetime | None) -> set[int]:
    """Submissions of which nothing counts any more: a later accepted one came for every unit they covered."""
    from sqlalchemy import and_, exists, or_, select

    from jianbao.store.catalogue import coverage as t

    later = t.alias()
    newer = or_(later.c.received_at > t.c.received_at,
                and_(later.c.received_at == t.c.received_at, later.c.submission > t.c.submission))
    replaced = and_(later.c.ledger == t.c.ledger, later.c.period == t.c.period, later.c.unit == t.c.unit,
                    later.c.accepted, newer, *([later.c.received_at <= as_of] if as_of is not None else []))
    gone = set(c.execute(select(t.c.submission).distinct().where(exists().where(replaced))).scalars())
    alive = set(c.execute(select(t.c.submission).distinct().where(~exists().where(replaced))).scalars())
    return gone - alive
