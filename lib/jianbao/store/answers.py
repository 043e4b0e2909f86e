"""Deliveries as they are on file, with what was found in them: what a refiled workbook is compared with. Imports catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from jianbao.definitions.finding import Finding

if TYPE_CHECKING:
    from jianbao.store.store import Store

FIELDS = ("severity", "rule", "message", "remedy", "sheet", "cell", "row", "column", "value", "unit", "ledger", "period",
          "explain", "explanation", "key")


@dataclass(frozen=True)
class FiledSheet:
    """One sheet of a delivery."""

    ledger: str
    period: str
    sheet: str
    accepted: bool
    nil: bool
    rows: int


@dataclass(frozen=True)
class Delivered:
    """One file on file. `findings` are those of the file itself, then those of its sheets, as they were received."""

    id: int
    sha256: str
    name: str
    filer: str
    received_at: datetime
    outcome: str
    kind: str
    guesses: tuple[str, ...]
    answers: str
    compared: str           # JSON: how it compares with what it answers
    sheets: tuple[FiledSheet, ...]
    findings: tuple[Finding, ...]

    @property
    def period(self) -> str:
        """That of its first sheet, else of the first finding that knows one; "" when none does."""
        return next((s.period for s in self.sheets if s.period), "") or next((f.period for f in self.findings if f.period), "")

    @property
    def returned(self) -> set[str]:
        """Ledgers that went back: their sheets, or what stood in place of one."""
        back = {s.ledger for s in self.sheets if not s.accepted}
        taken = {s.ledger for s in self.sheets if s.accepted}
        return back | {f.ledger for f in self.findings if f.severity == "error" and f.ledger and f.ledger not in taken}


@dataclass(frozen=True)
class Came:
    """A sheet of a delivery, as far as it says that something came again. `ledger` is "" for a file of which none was known."""

    delivery: int
    filer: str
    answers: str
    received_at: datetime
    ledger: str
    period: str


def delivered(store: Store, *, shas: Iterable[str] = (), prefixes: Iterable[str] = ()) -> list[Delivered]:
    """Deliveries by content, or by the beginning of it; oldest first."""
    from sqlalchemy import or_, select

    from jianbao.store.catalogue import deliveries as d

    found: dict[int, Any] = {}
    with store.engine.connect() as c:
        def add(condition: Any) -> None:
            found.update((r["id"], r) for r in c.execute(select(d).where(condition)).mappings())

        for part in _parts(shas):
            add(d.c.sha256.in_(part))
        for part in _parts(prefixes, 100):
            add(or_(*(d.c.sha256.startswith(p, autoescape=True) for p in part)))
        return _whole(c, [found[i] for i in sorted(found, key=lambda i: (found[i]["received_at"], i))])


def sent_back(store: Store, filers: Iterable[str], sheets: Iterable[tuple[str, str]]) -> list[Delivered]:
    """Deliveries of `filers` of which one of these sheets (ledger, period) went back, oldest first."""
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    ledgers: dict[str, set[str]] = {}
    for ledger, period in sheets:
        ledgers.setdefault(ledger, set()).add(period)
    wanted, found = set(filers), set[str]()
    cov, sub, dlv = t.coverage, t.submissions, t.deliveries
    with store.engine.connect() as c:
        for ledger, periods in ledgers.items():     # as the index has them: however much else is on file
            query = (select(dlv.c.sha256, sub.c.filer).distinct().join(sub, sub.c.delivery == dlv.c.id)
                     .join(cov, cov.c.submission == sub.c.id)
                     .where(cov.c.ledger == ledger, cov.c.period.in_(periods), ~cov.c.accepted))
            found |= {sha for sha, filer in c.execute(query) if filer in wanted}
    return delivered(store, shas=found)


def went_back(store: Store, *, period: str = "", day: date | None = None) -> list[Delivered]:
    """Deliveries of a period, or of a day and without any period, of which something went back; oldest first."""
    from sqlalchemy import select

    from jianbao.store.catalogue import deliveries as d
    from jianbao.store.catalogue import findings as f
    from jianbao.store.catalogue import submissions as s

    query = select(d.c.sha256).where(d.c.outcome.in_(("returned", "partly", "unreadable")), d.c.kind == "workbook")
    if day is not None:
        query = query.where(d.c.received_at >= datetime.combine(day, time.min), d.c.received_at <= datetime.combine(day, time.max))
    else:
        query = query.where(d.c.id.in_(select(s.c.delivery).where(s.c.period == period))
                            | d.c.id.in_(select(f.c.delivery).where(f.c.period == period)))
    with store.engine.connect() as c:
        shas = list(c.execute(query).scalars())
    return [x for x in delivered(store, shas=shas) if x.period == period]


def came(store: Store, filers: Iterable[str], answering: Iterable[str], since: datetime) -> list[Came]:
    """What came since then of `filers` or as an answer to one of these files."""
    from sqlalchemy import select

    from jianbao.store.catalogue import deliveries as d
    from jianbao.store.catalogue import submissions as s

    wanted, answered = set(filers), set(answering)
    query = (select(d.c.id, d.c.filer, d.c.answers, d.c.received_at, s.c.ledger, s.c.period)
             .outerjoin(s, s.c.delivery == d.c.id).where(d.c.received_at >= since, d.c.kind == "workbook"))
    with store.engine.connect() as c:
        return [Came(r.id, r.filer, r.answers, r.received_at, r.ledger or "", r.period or "") for r in c.execute(query)
                if r.filer in wanted or r.answers in answered]


def folders(store: Store, shas: Iterable[str]) -> set[str]:
    """The periods of deliveries, and the days on which those came that say none: where their copies would stand."""
    from sqlalchemy import select

    from jianbao.store.catalogue import deliveries as d
    from jianbao.store.catalogue import submissions as s

    found: set[str] = set()
    with store.engine.connect() as c:
        for part in _parts(shas):
            query = select(d.c.received_at, s.c.period).distinct().outerjoin(s, s.c.delivery == d.c.id).where(d.c.sha256.in_(part))
            for at, period in c.execute(query):
                found |= {period or "", at.date().isoformat()}
    return found - {""}


def _whole(c: Any, rows: list[Any]) -> list[Delivered]:
    """The deliveries with their sheets and findings."""
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    sheets: dict[int, list[FiledSheet]] = {}
    findings: dict[int, list[Finding]] = {}
    compared: dict[int, str] = {}
    names = {r["id"]: r["name"] for r in rows}
    for part in _parts(names):
        for s in c.execute(select(t.submissions).where(t.submissions.c.delivery.in_(part))
                           .order_by(t.submissions.c.id)).mappings():
            sheets.setdefault(s["delivery"], []).append(
                FiledSheet(s["ledger"], s["period"], s["sheet"], bool(s["accepted"]), bool(s["nil"]), int(s["rows"])))
        for f in c.execute(select(t.findings).where(t.findings.c.delivery.in_(part)).order_by(t.findings.c.id)).mappings():
            findings.setdefault(f["delivery"], []).append(
                Finding(**{k: f[k] for k in FIELDS}, file=names[f["delivery"]]))
        compared |= {r.delivery: r.said for r in c.execute(
            select(t.comparisons).where(t.comparisons.c.delivery.in_(part)))}
    return [Delivered(r["id"], r["sha256"], r["name"], r["filer"], r["received_at"], r["outcome"], r["kind"],
                      tuple(json.loads(r["guesses"])), r["answers"], compared.get(r["id"], ""),
                      tuple(sheets.get(r["id"], ())), tuple(findings.get(r["id"], ()))) for r in rows]


def _parts(values: Iterable[Any], size: int = 500) -> Iterable[list[Any]]:
    wanted = list(values)
    return (wanted[i:i + size] for i in range(0, len(wanted), size))
