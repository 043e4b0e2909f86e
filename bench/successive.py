"""Ten thousand small submissions, one after the other: what the last ones cost beside the first.

    python bench/successive.py [--receives 10000] [--workbooks 0] [--dir DIR]

Each receive is one file with 30 rows of one ledger, of one of 200 units, week after week; every twentieth one files again
what it had filed. With --workbooks that many go all the way from data/inbox through `intake.inbox.receive` instead.
CPU seconds are of this process; the readers' own processes are added for workbooks.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))

PARAMS = Path(__file__).resolve().parents[1] / "params"
UNITS, ROWS, FIRST = 200, 30, date(2023, 1, 2)


def cpu() -> float:
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def filing(n: int) -> Any:
    """The n-th file: 30 rows of one unit and one week."""
    import pyarrow as pa

    from jianbao.definitions.period import Period
    from jianbao.store import Delivery, Received, Submission

    again = n % 20 == 19
    week, unit = divmod(n - 7 if again else n, UNITS)
    first = FIRST + timedelta(weeks=week)
    iso = first.isocalendar()
    period, code = Period(f"{iso.year}-W{iso.week:02d}"), f"J{unit:03d}"
    at = datetime.combine(period.ends, datetime.min.time()) + timedelta(days=1, seconds=n)
    days = [first + timedelta(days=k % 7) for k in range(ROWS)]
    rows = pa.table({"unit": [code] * ROWS, "row": pa.array(range(8, 8 + ROWS), pa.int32()), "date": pa.array(days, pa.date32()),
                     "study_type": ["读书班"] * ROWS, "start_date": pa.array(days, pa.date32()), "end_date": pa.array(days, pa.date32()),
                     "days": pa.array([1.0 + (n + k) % 3 for k in range(ROWS)]), "topic": [f"学习{n}-{k}" for k in range(ROWS)]})
    content = hashlib.sha256(str(n).encode()).digest() * 256
    delivery = Delivery(hashlib.sha256(content).hexdigest(), f"{code}_{period.id}_{n}.xlsx", len(content), code, at, "stored")
    return period, Received(delivery, content, (Submission("study", period.id, period.ends, code, (code,), False, "study", True,
                                                           False, rows),))


def measured(do: Callable[[], Any]) -> tuple[float, float]:
    began, clock = cpu(), time.perf_counter()
    do()
    return cpu() - began, time.perf_counter() - clock


def questions(store: Any, n: int) -> dict[str, Callable[[], Any]]:
    """What is asked after `n` receives, of the week that is filed now."""
    period, received = filing(n)
    sha, code = received.delivery.sha256, received.delivery.filer

    def rows(condition: str) -> Any:
        snapshot = store.snapshot()
        return snapshot.connection.sql(f"select count(*), sum(days) from {snapshot.source('study')} "
                                       f"where filed = date '{period.ends}'{condition}").fetchall()

    return {"rows of a week": lambda: rows(""), "rows of a unit": lambda: rows(f" and unit = '{code}'"),
            "covered": lambda: store.covered("study", period.id), "seen": lambda: store.seen([sha]),
            "version": store.version, "findings": lambda: store.findings(period=period.id)}


def submissions(folder: Path, receives: int) -> None:
    from jianbao.definitions.load import load
    from jianbao.store import Store

    ledgers = load(PARAMS).ledgers
    warm = Store(folder / "warm", ledgers)      # what is loaded once is not a commit's cost
    for n in range(20):
        with warm.lock():
            warm.receive([filing(n)[1]], received_at=datetime(2023, 1, 1))
        for ask in questions(warm, n).values():
            ask()
    store = Store(folder / "store", ledgers)
    found: dict[str, list[tuple[float, float]]] = {}
    for n in range(receives):
        received = filing(n)[1]
        with store.lock():
            found.setdefault("commit", []).append(
                measured(lambda r=received: store.receive([r], received_at=r.delivery.received_at)))   # type: ignore[misc]
        if n < 100 or n >= receives - 100:
            if n % 5 == 4:
                for name, ask in questions(store, n).items():
                    found.setdefault(name, []).append(measured(ask))
            if n % 10 == 9:
                found.setdefault("fingerprint", []).append(measured(lambda: store.fingerprint(datetime.max)))
        if n % 1000 == 999:
            print(f"  {n + 1} receives: {1000 * mean(c for c, _ in found['commit'][-100:]):.1f} ms CPU a commit, "
                  f"{len(store.files('study'))} files", flush=True)
    table({name: (times[:100], times[-100:]) if name == "commit" else (times[:len(times) // 2], times[len(times) // 2:])
           for name, times in found.items()})
    last = store.snapshot()
    total = last.connection.sql(f"select count(*) from {last.source('study')}").fetchall()[0]
    wanted = ROWS * (receives - receives // 20)
    print(f"rows that count: {total[0]}, wanted {wanted}")


def workbooks(folder: Path, count: int) -> None:
    """One workbook a receive, through the inbox."""
    import intake
    from kills import distinct

    from jianbao.intake.inbox import receive
    from jianbao.workspace import open_workspace

    distinct()
    intake.build(folder / "ws", count)
    inbox = folder / "ws" / "data" / "inbox"
    waiting = sorted(inbox.iterdir())
    aside = folder / "aside"
    inbox.rename(aside)
    inbox.mkdir()
    found = []
    for n, path in enumerate(waiting):
        shutil.move(aside / path.name, inbox / path.name)
        workspace = open_workspace(folder / "ws")
        found.append(measured(lambda n=n, w=workspace: receive(w, received_at=intake.AT + timedelta(minutes=n))))   # type: ignore[misc]
        (inbox / path.name).unlink()
    tail = max(len(found) // 5, 1)
    table({"receive": (found[1:tail + 1], found[-tail:])})


def table(found: dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]]) -> None:
    print(f"{'':16}{'first, CPU ms':>14}{'last':>10}{'last/first':>12}{'wall':>8}")
    for name, (first, last) in found.items():
        a, b, u, v = (mean(x[i] for x in part) for i in (0, 1) for part in (first, last))
        print(f"{name:16}{1000 * a:14.2f}{1000 * b:10.2f}{b / max(a, 1e-9):12.2f}{v / u:8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--receives", type=int, default=10_000)
    parser.add_argument("--workbooks", type=int, default=0)
    parser.add_argument("--dir", type=Path)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.dir) as temporary:
        if a.workbooks:
            workbooks(Path(temporary), a.workbooks)
        else:
            submissions(Path(temporary), a.receives)
