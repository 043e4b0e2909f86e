"""A writer in a process of its own: the same receives each time it is started, those that are on file left out.

    python storing.py FOLDER COUNT [SECONDS]

Every receive brings one file of one unit with a number in each of two ledgers, the same in both: so they sum to the same in
every state of the store. Each unit files again and again for one week. Three at a time come within one second.
SECONDS is how long merged files are kept.
"""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from jianbao.store import Delivery, Received, Store
from number_world import Sheet, definitions, delivered

UNITS = ("C01", "C02", "C03", "C04", "C05")
BEGAN = datetime(2023, 9, 4, 9)
DAY = date(2023, 8, 29)


def sheets(k: int) -> list[Sheet]:
    from jianbao.definitions.period import Period

    unit, at, week = UNITS[k % len(UNITS)], BEGAN + timedelta(seconds=k // 3), Period("2023-W35")
    study = {"unit": unit, "study_type": "读书班", "start_date": DAY, "end_date": DAY, "days": float(k + 1), "topic": "学习"}
    visit = {"unit": unit, "visit_date": DAY, "leader_code": "X-1", "leader_rank": "市级", "found": k + 1, "solved_on_site": 0}
    return [Sheet("study", week, unit, (unit,), at, (study,)), Sheet("visits", week, unit, (unit,), at, (visit,))]


def received(k: int) -> Received:
    import hashlib

    both = [delivered(s, definitions().ledgers[s.ledger]) for s in sheets(k)]
    content = f"file {k} ".encode() * 400
    one = both[0].delivery
    d = Delivery(hashlib.sha256(content).hexdigest(), f"{k}.xlsx", len(content), one.filer, one.received_at, "stored")
    return Received(d, content, tuple(s for b in both for s in b.submissions))


def sums(store: Store, as_of: datetime | None = None) -> tuple[Any, Any]:
    """What the units filed, by either ledger."""
    snapshot = store.snapshot(as_of)
    return tuple(snapshot.connection.sql(f"select sum({column}), count(*) from {snapshot.source(ledger)}").fetchall()[0]
                 for ledger, column in (("study", "days"), ("visits", "found")))     # type: ignore[return-value]


def expected(count: int) -> tuple[float, int]:
    """The sum of the last number of each unit, and how many filed."""
    last = {k % len(UNITS): k + 1 for k in range(count)}
    return float(sum(last.values())), len(last)


def main(folder: Path, count: int, kept: float | None) -> None:
    if kept is not None:
        import jianbao.store.compact as compact

        compact.KEPT = timedelta(seconds=kept)
    store = Store(folder, definitions().ledgers)
    print("begins", flush=True)
    for k in range(count):
        one = received(k)
        with store.lock():
            if not store.seen([one.delivery.sha256]):
                store.receive([one], received_at=one.delivery.received_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else None)
