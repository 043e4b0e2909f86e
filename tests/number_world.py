"""Small random worlds: the same filings as a jianbao store and as the oracle's data frames. Seeded, so a failure repeats."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa

import random_rows
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions, load
from jianbao.definitions.period import Period, periods_between
from jianbao.store import Delivery, Received, Submission, arrow_type
from jianbao.workspace import Workspace
from oracle import Filed, Window
from random_rows import OFFICE, Seen, some_day

PARAMS = Path(__file__).parents[1] / "params"
WEEKS = [Period(f"2023-W{n}") for n in range(35, 40)]
MONTH = Period("2023-09")           # W35 begins before it and W39 ends after it
MASTERS = ("register", "bases", "groups", "tasks")
_definitions: list[Definitions] = []


def definitions() -> Definitions:
    """The example campaign's, read once."""
    if not _definitions:
        _definitions.append(load(PARAMS))
    return _definitions[0]


@dataclass(frozen=True)
class Sheet:
    """One ledger, one period, some units; `rows` carry unit and the ledger's columns."""

    ledger: str
    period: Period | None           # None: a master workbook
    filer: str
    units: tuple[str, ...]
    received_at: datetime
    rows: tuple[dict[str, Any], ...] = ()
    nil: bool = False
    accepted: bool = True
    findings: tuple[Any, ...] = ()

    @property
    def ends(self) -> date:
        return self.period.ends if self.period else self.received_at.date()

    @property
    def late(self) -> bool:
        return self.period is not None and self.received_at > datetime.combine(
            self.ends + timedelta(days=1), datetime.min.time()).replace(hour=12)


@dataclass
class World:
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def moments(self) -> list[datetime]:
        return sorted({s.received_at for s in self.sheets})

    def filed(self) -> Filed:
        """For the oracle. Submissions are numbered as they came."""
        ledgers = definitions().ledgers
        covered: list[dict[str, Any]] = []
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in definitions().filed_ledgers}
        masters: dict[str, list[tuple[datetime, pd.DataFrame]]] = {name: [] for name in MASTERS}
        findings: list[dict[str, Any]] = []
        for n, s in enumerate(sorted(self.sheets, key=lambda s: s.received_at)):
            if s.period is None:
                masters[s.ledger].append((s.received_at, _frame(s.rows, ledgers[s.ledger])))
                continue
            covered += [{"submission": n, "ledger": s.ledger, "period": s.period.id, "ends": s.ends, "unit": u,
                         "received_at": s.received_at, "accepted": s.accepted, "nil": s.nil}
                        for u in ([s.filer] if ledgers[s.ledger].by_office else s.units)]
            findings += [{"submission": n, "unit": f.unit, "rule": f.rule} for f in s.findings]
            if s.accepted:
                rows[s.ledger] += [{"submission": n, "row": k, "date": _event(r, s, ledgers[s.ledger]), **r}
                                   for k, r in enumerate(s.rows, 4)]
        frame = pd.DataFrame(covered)
        frame["ends"], frame["received_at"] = pd.to_datetime(frame["ends"]), pd.to_datetime(frame["received_at"])
        return Filed(frame, {name: _frame(found, ledgers[name], "submission", "row", "date")
                             for name, found in rows.items()}, masters,
                     pd.DataFrame(findings, columns=["submission", "unit", "rule"]))

    def workspace(self, folder: Path, *, shuffle: Random | None = None) -> Workspace:
        """A workspace with its store filled, receive by receive; `shuffle` takes the receives, and the files in each, in
        another order."""
        workspace = empty_workspace(folder)
        batches: dict[datetime, list[Sheet]] = {}
        for s in sorted(self.sheets, key=lambda s: s.received_at):
            batches.setdefault(s.received_at, []).append(s)
        order = list(batches)
        if shuffle is not None:
            shuffle.shuffle(order)
            for batch in batches.values():
                shuffle.shuffle(batch)
        for at in order:
            receive(workspace, batches[at], at)
        return workspace


def empty_workspace(folder: Path, params: Path = PARAMS) -> Workspace:
    shutil.copytree(params, folder / "params")
    workspace = Workspace(folder, today=date(2023, 10, 10))
    if params == PARAMS:        # read once for all tests
        workspace.__dict__["definitions"] = replace(definitions(), root=folder)
    return workspace


def receive(workspace: Workspace, sheets: Iterable[Sheet], at: datetime) -> None:
    received = [delivered(s, workspace.definitions.ledgers[s.ledger]) for s in sheets]
    with workspace.store.lock():
        workspace.store.receive(received, received_at=at)
    workspace.refresh()


def delivered(s: Sheet, ledger: Ledger) -> Received:
    """A sheet as the file it would have come in; equal sheets have equal content."""
    content = repr(s).encode()
    d = Delivery(hashlib.sha256(content).hexdigest(), f"{s.filer}_{s.ledger}.xlsx", len(content), s.filer, s.received_at,
                 "stored" if s.accepted else "returned")
    sub = Submission(ledger=s.ledger, period=s.period.id if s.period else "", period_ends=s.ends, filer=s.filer, units=s.units,
                     nil=s.nil, sheet=ledger.title, accepted=s.accepted, late=s.late, rows=table(s, ledger) if s.rows else None,
                     findings=s.findings)
    return Received(d, content, (sub,))


def table(s: Sheet, ledger: Ledger) -> pa.Table:
    columns = {"unit": pa.array([r.get("unit", r.get("code")) for r in s.rows], pa.string()),
               "row": pa.array(range(4, 4 + len(s.rows)), pa.int32()),
               "date": pa.array([_event(r, s, ledger) for r in s.rows], pa.date32())}
    for name, c in ledger.typed.items():
        columns[name] = pa.array([r.get(name) for r in s.rows], arrow_type(c.type))
    return pa.table(columns)


def window(period: Period) -> Window:
    weeks = [period] if period.kind == "week" else periods_between(period.starts, period.ends, "week")
    return Window(period.id, period.starts, period.ends, tuple((w.id, w.ends) for w in weeks))


def _event(row: dict[str, Any], s: Sheet, ledger: Ledger) -> date:
    day = row.get(ledger.date) if ledger.date else None
    return day.date() if isinstance(day, datetime) else day or s.ends


def _frame(rows: Iterable[dict[str, Any]], ledger: Ledger, *more: str) -> pd.DataFrame:
    columns = list(dict.fromkeys([*more, *([] if ledger.name == "register" else ["unit"]), *ledger.typed]))
    frame = pd.DataFrame([{c: r.get(c) for c in columns} for r in rows], columns=columns, dtype=object)
    for name in columns:
        kind = "date" if name == "date" else ledger.columns[name].type if name in ledger.columns else ""
        if kind in ("date", "datetime"):
            frame[name] = pd.to_datetime(frame[name])
        elif kind in ("int", "num", "percent") or name in ("submission", "row"):
            frame[name] = pd.to_numeric(frame[name]).astype(float)
    return frame


# A random one

def random_world(seed: int) -> World:
    """12 units or so on four levels, five weeks; one unit ended, one made, one moved; late, missing, returned, replaced."""
    r = Random(seed)
    world = World()
    register = random_rows.register(r)
    begin = datetime(2023, 8, 25, 9)
    first = [u for u in register if u["code"] != "C02T9"] if r.random() < 0.3 else register
    _master(world, "register", first, begin)
    if first is not register:
        _master(world, "register", register, datetime(2023, 9, 12, 9))
    codes = sorted({u["code"] for u in register})
    bases = random_rows.bases(r, codes)
    _master(world, "bases", bases, begin)
    if r.random() < 0.4:
        _master(world, "bases", [{**b, "party_org_count": b["party_org_count"] + r.randint(0, 3)} for b in bases] +
                [{**r.choice(bases), "base_date": date(2023, 9, 15)}], datetime(2023, 9, 20, 9))
    _master(world, "groups", random_rows.groups(r, codes), begin)
    tasks = random_rows.tasks(r, codes)
    _master(world, "tasks", tasks, begin)
    if r.random() < 0.5:
        _master(world, "tasks", [{**t, "done_date": t["done_date"] or some_day(r, 0, 34)} for t in tasks], datetime(2023, 9, 19, 9))
    seen = Seen()
    for week in WEEKS:
        _week(r, world, register, week, seen)
    return world


def _week(r: Random, world: World, register: list[dict[str, Any]], week: Period, seen: Seen) -> None:
    valid = {u["code"]: u for u in register if u["valid_from"] <= week.ends and (u["valid_to"] is None or week.ends <= u["valid_to"])}
    for name, ledger in definitions().filed_ledgers.items():
        if ledger.by_office:
            continue
        groups: dict[str, list[str]] = {}
        for u in valid.values():
            if u["files"] and u["org_type"] in ledger.filed_by:
                groups.setdefault(u["filer"] or u["code"], []).append(u["code"])
        for filer, codes in sorted(groups.items()):
            for units in [codes] if r.random() < 0.5 else [[c] for c in codes]:
                _filings(r, world, name, week, filer, tuple(units), seen)
    for name, make in random_rows.BY_OFFICE.items():
        if r.random() < 0.8:
            for at in _moments(r, week)[:r.choice([1, 1, 2])]:
                rows = make(r, week, seen, list(valid))
                accepted = r.random() < 0.9
                _add(world, Sheet(name, week, OFFICE, tuple(sorted({x["unit"] for x in rows})), at, tuple(rows), nil=not rows,
                                  accepted=accepted, findings=_findings(r, name, week, sorted(valid), accepted)))


def _filings(r: Random, world: World, ledger: str, week: Period, filer: str, units: tuple[str, ...], seen: Seen) -> None:
    fate = r.random()
    if fate < (0.5 if definitions().ledgers[ledger].frequency == "monthly" else 0.15):
        return
    times = _moments(r, week)
    n = 1 if fate < 0.7 else 2 if fate < 0.95 else 3
    for at in times[:n]:
        nil = r.random() < 0.15
        rows = [] if nil else [row for u in units for row in random_rows.ROWS[ledger](r, u, week, seen)]
        accepted = r.random() < 0.85
        _add(world, Sheet(ledger, week, filer, units, at, tuple(rows), nil=not rows, accepted=accepted,
                          findings=_findings(r, ledger, week, units, accepted)))
    if len(units) > 1 and r.random() < 0.3:     # one of them files again for itself
        _add(world, Sheet(ledger, week, units[-1], units[-1:], times[-1] + timedelta(hours=1),
                          tuple(random_rows.ROWS[ledger](r, units[-1], week, seen)), accepted=r.random() < 0.9))


def _findings(r: Random, ledger: str, week: Period, units: Sequence[str], accepted: bool) -> tuple[Finding, ...]:
    """An error where the sheet was returned; now and then a warning."""
    severities: list[Any] = ["error"] * (not accepted) + ["warning"] * r.choice([0, 0, 0, 1, 2])
    return tuple(Finding(s, r.choice(["key", "key-filed", "copied", "shrink"]), f"第{n}处。", "", unit=r.choice([*units, ""]),
                         ledger=ledger, period=week.id) for n, s in enumerate(severities))


def _add(world: World, sheet: Sheet) -> None:
    world.sheets.append(sheet)


def _moments(r: Random, week: Period) -> list[datetime]:
    """Few distinct ones, so that several files come at the same moment; some after the cut-off, some weeks late."""
    monday = datetime.combine(week.ends + timedelta(days=1), datetime.min.time())
    return sorted(r.sample([monday.replace(hour=9), monday.replace(hour=11), monday.replace(hour=12), monday.replace(hour=15),
                            monday + timedelta(days=1, hours=9), monday + timedelta(days=9, hours=10)], 3))


def _master(world: World, name: str, rows: list[dict[str, Any]], at: datetime) -> None:
    _add(world, Sheet(name, None, OFFICE, (), at, tuple(rows)))
