"""What became of one row: every version that was filed of it, every decision on it. Imports decided, workspace, store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jianbao.definitions.expressions import literal
from jianbao.definitions.ledger import Ledger
from jianbao.errors import UnknownName
from jianbao.intake.cells import shown
from jianbao.intake.decided import Standing, decides, filled, queried, standings
from jianbao.store import Store
from jianbao.workspace import Workspace

FILED, AGAIN, REFILED = "报送", "再报", "重报"


@dataclass(frozen=True)
class Event:
    """One thing that happened to a row. `what` is 报送, 再报, 重报, or the office's word; `on` is its day.

    `changes` are (column title, before, after) against the version before; `values` (title, value) are those of the first.
    """

    on: date
    what: str
    known_at: datetime              # when the file came
    file: str
    sheet: str
    row: int
    period: str
    reason: str = ""
    due: date | None = None
    changes: tuple[tuple[str, str, str], ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    counts: bool = True             # False: this version of the row gave way to a corrected filing of the same period

    def to_json(self) -> dict[str, Any]:
        return {"on": self.on.isoformat(), "what": self.what, "known_at": self.known_at.isoformat(), "file": self.file,
                "sheet": self.sheet, "row": self.row, "period": self.period, "reason": self.reason,
                "due": self.due.isoformat() if self.due else None,
                "changes": [list(c) for c in self.changes], "values": dict(self.values), "counts": self.counts}


@dataclass(frozen=True)
class History:
    ledger: Ledger
    unit: str
    key: str
    events: tuple[Event, ...]
    standing: Standing | None       # None: never sent back

    def to_json(self) -> dict[str, Any]:
        s = self.standing
        return {"ledger": self.ledger.code, "title": self.ledger.title, "unit": self.unit, "key": self.key,
                "events": [e.to_json() for e in self.events],
                "returned": s.returns if s else 0, "refiled": s.refilings if s else 0, "failed": s.failures if s else 0,
                "state": s.state if s else None, "open": bool(s and s.open)}


def history(workspace: Workspace, ledger: str, unit: str, key: str, as_of: datetime | None = None) -> History:
    """All that was filed of a row and decided on it, oldest first, as known at `as_of`.

    Raises UnknownName when the ledger has no keys or nothing was ever filed under this one.
    """
    of = workspace.definitions.ledger(ledger)
    if not of.key or not of.is_filed:
        raise UnknownName(f"{of.title}: its rows have no key, so that none can be told from the others. "
                          f"Ledgers with keys: {'、'.join(x.code for x in workspace.definitions.filed_ledgers.values() if x.key)}.")
    snapshot = workspace.snapshot(as_of)
    wanted = _parts(of, key)
    rows = queried(snapshot, f"select r.* from {snapshot.everything(of.name)} r where r.unit = {literal(unit)} and "
                           + " and ".join(f'cast(r."{k}" as varchar) = {literal(v)}' for k, v in wanted.items())
                           + " order by r.received, r.submission, r.row")
    if not rows:
        raise UnknownName(f"{of.title} has no {key} of {unit}.{_near(snapshot, of, unit)}")
    places = _places(workspace.store, {r["submission"] for r in rows})
    standing = {r["submission"] for r in queried(snapshot, f"select distinct r.submission from {snapshot.source(of.name)} r "
                                                          f"where r.unit = {literal(unit)}")}
    events = [*_filings(of, rows, places, standing), *_decisions(workspace, snapshot, of, unit, key)]
    found = [s for s in standings(workspace, date.max, as_of, ledgers=[of.name], units=[unit]) if s.key == key]
    # A day's filing comes before the day's decision on it; what was filed again answers an earlier one.
    order = {FILED: 0, AGAIN: 0}
    events.sort(key=lambda e: (e.on, order.get(e.what, 1), e.known_at))
    return History(of, unit, key, tuple(events), found[0] if found else None)


# What is on file of a row


def _filings(ledger: Ledger, rows: Sequence[Mapping[str, Any]], places: Mapping[int, tuple[str, str]],
             standing: set[int]) -> Iterable[Event]:
    titles = {n: c.title for n, c in ledger.typed.items()}
    refiled_on = ledger.returns.refiled_on if ledger.returns else ""
    before: Mapping[str, Any] | None = None
    for r in rows:
        day, changes = r["received"].date(), tuple[tuple[str, str, str], ...]()
        if before is None:
            what = FILED
        else:
            changes = tuple((titles[n], shown(before[n], 80), shown(r[n], 80)) for n in titles if before[n] != r[n])
            what = AGAIN
        if refiled_on and r[refiled_on] is not None and (before is None or before[refiled_on] != r[refiled_on]):
            what, day = (REFILED if before is not None else what), r[refiled_on]
        file, sheet = places[r["submission"]]
        values = tuple((titles[n], shown(r[n], 80)) for n in titles if r[n] is not None) if before is None else ()
        yield Event(day, what, r["received"], file, sheet, r["row"], r["period"], changes=changes, values=values,
                    counts=r["submission"] in standing)
        before = r


def _decisions(workspace: Workspace, snapshot: Any, ledger: Ledger, unit: str, key: str) -> list[Event]:
    f = next((c.filled_from for c in ledger.columns.values() if c.filled_from is not None), None)
    if f is None:
        return []
    returns = ledger.returns
    rows = queried(snapshot, f"select x.* from {snapshot.source(f.ledger)} x where ({decides(ledger)}) and x.unit = {literal(unit)} "
                           f'order by x."{f.latest}", x.received, x.submission, x.row')
    rows = [r for r in rows if "·".join(shown(r[theirs]) for theirs in f.key.values()) == key]
    places = _places(workspace.store, {r["submission"] for r in rows})
    word = filled(ledger, returns.state).column if returns else f.column
    reason = filled(ledger, returns.reason).column if returns else ""
    due = filled(ledger, returns.due).column if returns else ""
    return [Event(r[f.latest], shown(r[word]), r["received"], *places[r["submission"]], r["row"], r["period"],
                  reason=shown(r[reason]) if reason else "", due=r[due] if due else None) for r in rows]


def _places(store: Store, submissions: Iterable[int]) -> dict[int, tuple[str, str]]:
    """submission → its file and sheet."""
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    query = (select(t.submissions.c.id, t.deliveries.c.name, t.submissions.c.sheet)
             .join(t.deliveries, t.deliveries.c.id == t.submissions.c.delivery)
             .where(t.submissions.c.id.in_(list(submissions))))
    with store.engine.connect() as c:
        return {r[0]: (r[1], r[2]) for r in c.execute(query)}


def _parts(ledger: Ledger, key: str) -> dict[str, str]:
    said = key.split("·")
    if len(said) != len(ledger.key):
        titles = "·".join(ledger.columns[k].title for k in ledger.key)
        raise UnknownName(f"{ledger.title}: a row is told by {titles}. Write it so.")
    return dict(zip(ledger.key, said, strict=True))


def _near(snapshot: Any, ledger: Ledger, unit: str) -> str:
    keys = " || '·' || ".join(f'cast(r."{k}" as varchar)' for k in ledger.key)
    rows = queried(snapshot, f"select distinct {keys} as k from {snapshot.everything(ledger.name)} r where r.unit = {literal(unit)} "
                           "order by k limit 5")
    return f" It has, among others, {', '.join(r['k'] for r in rows)}." if rows else ""
