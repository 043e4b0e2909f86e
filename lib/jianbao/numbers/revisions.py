"""What became known late of periods already closed, cell by cell. Imports pairing, workspace, store, definitions.

Method: docs/methods/revisions.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.ledger import FilledFrom, Ledger
from jianbao.definitions.period import Period
from jianbao.numbers.pairing import Row, by_content, by_key, item_of, key_of, text

if TYPE_CHECKING:
    from jianbao.workspace import Workspace

ADDED, REMOVED = "新增一行", "删去一行"      # in `is_` and `was` of a whole row, whose column is ""


@dataclass(frozen=True)
class Arrival:
    """An accepted submission for one unit, received inside the window asked."""

    submission: int
    ledger: str
    period: Period
    unit: str                       # the office for its own ledgers
    received_at: datetime
    superseded_at: datetime | None
    file: str
    sheet: str


def changes(workspace: Workspace, period: Period, as_of: datetime | None = None) -> list[dict[str, Any]]:
    """One dict per cell of closed periods' rows changed within `period`'s window of knowledge: received after the previous
    period's cut-off and up to this one's, no later than `as_of`.

    unit, ledger, of_period, item (key, or 第n行), column, was, is_ (text, None for nothing), reason, file, sheet. Reasons:
    late, a first filing or a row for a period already closed; corrected, filed again or declared; reclassified, decided by
    the office for a day of a closed period. A whole row that came or went has column "".
    """
    after, until = workspace.cut_off(period.previous()), min(workspace.cut_off(period), workspace.as_of(as_of))
    if until <= after:
        return []
    arrivals = _arrivals(workspace, after, until)
    decided, judged = _decided(workspace, after, until)
    found: list[dict[str, Any]] = []
    by_ledger: dict[str, list[Arrival]] = defaultdict(list)
    for a in arrivals:
        by_ledger[a.ledger].append(a)
    for name, group in by_ledger.items():
        ledger = workspace.definitions.ledgers.get(name)
        if ledger is None or not (ledger.is_filed or ledger.kind == "master"):     # 更正单 counts as what it corrects
            continue
        late = [a for a in group if workspace.cut_off(a.period) < a.received_at]
        if late:
            found += _filed_late(ledger, late, workspace, until)
        if ledger.kind == "event" and ledger.date is not None:
            on_time = [a for a in group if workspace.cut_off(a.period) >= a.received_at
                       and (a.superseded_at is None or a.superseded_at > until)]
            found += _dated_back(ledger, on_time, workspace, until)
    # A decision counts as what it changes, not once more as a late row of the office's own ledger.
    found = [{k: v for k, v in f.items() if k != "at"} for f in found if f["at"] not in judged]
    found += _declared(workspace, after, until)
    found += decided
    return sorted(found, key=lambda f: tuple(f[k] or "" for k in ("unit", "ledger", "of_period", "item", "column", "is_")))


def _arrivals(workspace: Workspace, after: datetime, until: datetime) -> list[Arrival]:
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    cov = t.coverage
    query = (select(cov.c.submission, cov.c.ledger, cov.c.period, cov.c.unit, cov.c.received_at, cov.c.superseded_at,
                    t.deliveries.c.name, t.submissions.c.sheet)
             .join(t.submissions, t.submissions.c.id == cov.c.submission)
             .join(t.deliveries, t.deliveries.c.id == t.submissions.c.delivery)
             .where(cov.c.accepted, cov.c.period != "", cov.c.received_at > after, cov.c.received_at <= until)
             .order_by(cov.c.received_at, cov.c.submission, cov.c.unit))
    start = workspace.definitions.campaign.week_start
    with workspace.store.engine.connect() as c:
        return [Arrival(r.submission, r.ledger, Period(r.period, start), r.unit, r.received_at, r.superseded_at, r.name, r.sheet)
                for r in c.execute(query)]


# Filed after the cut-off of its period

def _filed_late(ledger: Ledger, late: Sequence[Arrival], workspace: Workspace, until: datetime) -> Iterator[dict[str, Any]]:
    """Each late submission against what stood for its period and unit before it came."""
    before = _before(ledger, late, workspace)
    wanted = {a.submission for a in late} | {s for group in before.values() for s, _ in group}
    rows = _rows(ledger, workspace, until, f"r.submission in ({', '.join(map(str, sorted(wanted)))})")
    by_filing: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for r in rows:
        by_filing[r["submission"], "" if ledger.by_office else r["unit"]].append(r)
    states = _standing(ledger, late, workspace) if ledger.by_key else {}
    for a in late:
        whose = "" if ledger.by_office else a.unit
        earlier = [s for s, at in before.get((a.period.id, a.unit), []) if at < a.received_at]
        was = by_filing.get((earlier[-1], whose), []) if earlier else []
        now = by_filing.get((a.submission, whose), [])
        reason = "corrected" if earlier else "late"
        if ledger.key:
            carried = [r for r in states.get((a.submission, whose), []) if key_of(r, ledger) in {key_of(n, ledger) for n in now}]
            pairs = by_key(ledger, [*carried, *was], now)
        else:
            pairs = by_content(ledger, was, now)
        for b, n in pairs:
            yield from _cells(ledger, b, n, a, reason)


def _before(ledger: Ledger, late: Sequence[Arrival], workspace: Workspace) -> dict[tuple[str, str], list[tuple[int, datetime]]]:
    """(period, unit) → its accepted submissions, oldest first."""
    from sqlalchemy import select

    from jianbao.store.catalogue import coverage as t

    query = select(t.c.period, t.c.unit, t.c.submission, t.c.received_at).where(
        t.c.ledger == ledger.name, t.c.accepted, t.c.period.in_(sorted({a.period.id for a in late})),
        t.c.received_at < max(a.received_at for a in late)).order_by(t.c.received_at, t.c.submission)
    units, found = {a.unit for a in late}, defaultdict(list)
    with workspace.store.engine.connect() as c:
        for period, unit, submission, at in c.execute(query):
            if unit in units:
                found[period, unit].append((submission, at))
    return found


def _standing(ledger: Ledger, late: Sequence[Arrival], workspace: Workspace) -> dict[tuple[int, str], list[Row]]:
    """For each late submission of keyed things, the versions that stood at its period's end before it came."""
    found: dict[tuple[int, str], list[Row]] = {}
    for at, ends in {(a.received_at, a.period.ends) for a in late}:
        group = [a for a in late if (a.received_at, a.period.ends) == (at, ends)]
        whose = "" if ledger.by_office else f" and r.unit in ({', '.join(literal(a.unit) for a in group)})"
        snapshot = workspace.snapshot(at - (datetime.resolution))
        rows = snapshot.connection.sql(f"select r.* from {snapshot.state(ledger.name, ends)} r where true{whose}")
        for r in rows.to_arrow_table().to_pylist():
            for a in group:
                if ledger.by_office or r["unit"] == a.unit:
                    found.setdefault((a.submission, "" if ledger.by_office else a.unit), []).append(r)
    return found


# Filed on time for its own period, and dated in one already closed (补报)

def _dated_back(ledger: Ledger, on_time: Sequence[Arrival], workspace: Workspace, until: datetime) -> Iterator[dict[str, Any]]:
    if not on_time:
        return
    spans = " or ".join(f"(r.period = {literal(p.id)} and r.date < {literal(p.starts)})"
                        for p in sorted({a.period for a in on_time}))
    of = {(a.submission, "" if ledger.by_office else a.unit): a for a in on_time}
    campaign = workspace.definitions.campaign
    known = ""
    if ledger.filing == "rolling":      # the whole list comes each time; what is new in it counts
        same = " and ".join(f'k."{n}" is not distinct from r."{n}"' for n in ("unit", *ledger.key))
        known = f" and not exists (select 1 from {_files(ledger, workspace)} k where {same} and k.received < r.received)"
    first = literal(min(a.received_at for a in on_time))
    for r in _rows(ledger, workspace, until, f"({spans}) and r.received >= {first}{known}"):
        a = of.get((r["submission"], "" if ledger.by_office else r["unit"]))
        if a is None:
            continue
        day = max(r["date"], campaign.starts)
        closed = campaign.period_of(day, a.period.kind)
        if workspace.cut_off(closed) < a.received_at:
            yield from _cells(ledger, None, r, a, "late", of_period=closed.id)


# Declared by correction

def _declared(workspace: Workspace, after: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    snapshot, start = workspace.snapshot(until), workspace.definitions.campaign.week_start
    for c, edits in ((s.correction, s.edits) for s in snapshot.standings()):
        if not after < c.on <= until:
            continue
        ledger = workspace.definitions.ledgers[c.ledger]
        for r in (e.before for e in edits):
            if not r["period"] or workspace.cut_off(Period(r["period"], start)) >= c.on:
                continue
            shared = {"unit": r["unit"], "ledger": c.ledger, "of_period": r["period"], "item": item_of(r, ledger),
                      "reason": "corrected", "file": "", "sheet": ""}
            if c.withdraw:
                yield {**shared, "column": "", "was": REMOVED, "is_": None}
            for column, value in c.set.items():
                if text(r[column]) != text(value):
                    yield {**shared, "column": column, "was": text(r[column]), "is_": text(value)}


# Decided by the office

def _decided(workspace: Workspace, after: datetime, until: datetime) -> tuple[list[dict[str, Any]], set[tuple[Any, ...]]]:
    """Decided columns of closed periods that a decision received in the window changed; and the decisions' own rows."""
    found: list[dict[str, Any]] = []
    judged: set[tuple[Any, ...]] = set()
    loaded: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    campaign = workspace.definitions.campaign
    for ledger in workspace.definitions.ledgers.values():
        for name, column in ledger.columns.items():
            if (f := column.filled_from) is None:
                continue
            if (f.ledger, f.where) not in loaded:
                loaded[f.ledger, f.where] = _decisions(f, workspace, until)
            rows = loaded[f.ledger, f.where]
            for r in rows:
                day = r[f.latest]
                if day is None or not after < r["received"] <= until:
                    continue
                closed = campaign.period_of(max(_day(day), campaign.starts))
                if workspace.cut_off(closed) >= r["received"]:
                    continue
                judged.add((f.ledger, r["submission"], r["row"]))
                same = [o for o in rows if o["received"] < r["received"] and o["unit"] == r["unit"]
                        and all(o[k] == r[k] for k in f.key.values()) and _day(o[f.latest]) <= closed.ends]
                stood = max(same, key=lambda o: (_day(o[f.latest]), o["received"], o["submission"], o["row"]), default=None)
                was = stood[f.column] if stood is not None else f.default
                overruled = stood is not None and _day(stood[f.latest]) > _day(day)
                if text(was) != text(r[f.column]) and not overruled:
                    found.append({"unit": r["unit"], "ledger": ledger.name, "of_period": closed.id,
                                  "item": "、".join(str(r[k]) for k in f.key.values()), "column": name, "was": text(was),
                                  "is_": text(r[f.column]), "reason": "reclassified", "file": r["file"], "sheet": r["sheet"]})
    return found, judged


def _decisions(f: FilledFrom, workspace: Workspace, until: datetime) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    snapshot = workspace.snapshot(until)
    where = to_sql(f.where, _column) if f.where else "true"
    rows: list[dict[str, Any]] = snapshot.connection.sql(
        f"select r.* from {snapshot.source(f.ledger)} r where ({where})").to_arrow_table().to_pylist()
    query = select(t.submissions.c.id, t.deliveries.c.name, t.submissions.c.sheet).join(
        t.deliveries, t.deliveries.c.id == t.submissions.c.delivery).where(t.submissions.c.ledger == f.ledger)
    with workspace.store.engine.connect() as c:
        places = {id_: (name, sheet) for id_, name, sheet in c.execute(query)}
    return [{**r, "file": places[r["submission"]][0], "sheet": places[r["submission"]][1]} for r in rows if r[f.latest] is not None]


# Cells

def _cells(ledger: Ledger, was: Row | None, now: Row | None, a: Arrival, reason: str, *,
           of_period: str | None = None) -> Iterator[dict[str, Any]]:
    row = now or was
    assert row is not None
    shared = {"unit": row["unit"], "ledger": ledger.name, "of_period": of_period or a.period.id, "item": item_of(row, ledger),
              "reason": reason, "file": a.file, "sheet": a.sheet, "at": (ledger.name, a.submission, row["row"])}
    if was is None or now is None:
        yield {**shared, "column": "", "was": REMOVED if now is None else None, "is_": ADDED if was is None else None}
        return
    for name in ledger.typed:
        b, n = text(was.get(name)), text(now.get(name))
        if b != n and name != "unit":
            yield {**shared, "column": name, "was": b, "is_": n}


def _files(ledger: Ledger, workspace: Workspace) -> str:
    listed = ", ".join(literal(p.as_posix()) for p in workspace.store.files(ledger.name))
    return f"read_parquet([{listed}], union_by_name = true)"


def _rows(ledger: Ledger, workspace: Workspace, until: datetime, where: str) -> list[dict[str, Any]]:
    if not workspace.store.files(ledger.name):
        return []
    rows: list[dict[str, Any]] = workspace.snapshot(until).connection.sql(
        f"select r.* from {_files(ledger, workspace)} r where r.received <= {literal(until)} and {where} "
        "order by r.submission, r.unit, r.row").to_arrow_table().to_pylist()
    return rows


def _column(_: str, name: str) -> str:
    return f'r."{name}"'


def _day(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value
