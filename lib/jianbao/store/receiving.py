"""A receive: files written, then everything about them in one transaction. Imports catalogue, rows, superseding, sweep.

Before the commit nothing of it is seen; a writer that dies leaves files without a name in the catalogue, which the next one
sweeps away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jianbao.definitions.finding import Finding
from jianbao.errors import StoreError, unknown
from jianbao.store.durable import Writing
from jianbao.store.received import Delivery, Received, Submission
from jianbao.store.rows import count_by_unit, put, stamped
from jianbao.store.superseding import supersede
from jianbao.store.sweep import sweep

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jianbao.store.store import Store

EVERYWHERE = "*"        # the unit a master workbook covers


@dataclass
class _Entries:
    """What a receive adds to the catalogue, and the rows for its files."""

    delivered: list[dict[str, Any]] = field(default_factory=list)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    covered: list[dict[str, Any]] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    compared: list[dict[str, Any]] = field(default_factory=list)
    attached: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, list[tuple[Submission, int, datetime]]] = field(default_factory=dict)
    written: list[dict[str, Any]] = field(default_factory=list)


def receive(store: Store, received: Sequence[Received], received_at: datetime) -> set[str]:
    """Stores all of `received` or nothing; the ledgers that got rows. The caller holds the lock."""
    from sqlalchemy.exc import IntegrityError

    from jianbao.store.catalogue import one_change

    sweep(store.folder, store.engine)
    try:
        with Writing(store.folder) as writing:
            number, delivery, submission = _next(store)
            for item in received:
                _keep(writing, item.delivery, item.content)
            entries = _entries(store, received, number, delivery, submission)
            entries.written = [{"ledger": ledger, "path": path, "receive": number, "rows": n, "live": True}
                               for ledger, parts in sorted(entries.tables.items())
                               for path, n in [put(writing, ledger, number, stamped(parts, store.ledgers[ledger]))]]
            writing.finish()
            with one_change(store.engine) as c:
                _insert(c, entries, number, received_at)
    except BaseException as error:
        with suppress(Exception):       # at the latest the next writer does it
            sweep(store.folder, store.engine)
        if isinstance(error, IntegrityError):
            raise StoreError(f"{store.folder}: another process wrote to the catalogue at the same time. Nothing was stored; "
                             "run it again.") from error
        raise
    return set(entries.tables)


def _next(store: Store) -> list[int]:
    """The numbers that the next receive, delivery and submission get."""
    from sqlalchemy import func, select

    from jianbao.store import catalogue as t

    with store.engine.connect() as c:
        return [(c.execute(select(func.max(table.c.id))).scalar() or 0) + 1
                for table in (t.receives, t.deliveries, t.submissions)]


def _entries(store: Store, received: Sequence[Received], number: int, delivery: int, submission: int) -> _Entries:
    e = _Entries()
    for item in received:
        d = item.delivery
        # Nothing goes back of a master workbook (what is wrong with it stops the receive), nor where nothing was found.
        master = bool(item.submissions) and all(s.period == "" for s in item.submissions)
        found = item.findings or any(s.findings for s in item.submissions)
        e.delivered.append({"id": delivery, "receive": number, "sha256": d.sha256, "name": d.name,
                            "size": d.size, "filer": d.filer, "received_at": d.received_at, "outcome": d.outcome,
                            "kind": d.kind, "container": d.container, "answers": d.answers,
                            "guesses": json.dumps(d.guesses, ensure_ascii=False), "returned_copy": None if found and not master else ""})
        if d.compared:
            e.compared.append({"delivery": delivery, "said": d.compared})
        if d.kind == "attachment":
            e.attached.append({"delivery": delivery, "filer": d.filer, "period": d.period})
        e.found += [_finding_row(f, delivery, None) for f in item.findings]
        for said in item.submissions:
            s = _ready(store, said)
            rows = s.rows.num_rows if s.rows is not None and s.accepted else 0
            shared = {"ledger": s.ledger, "period": s.period, "period_ends": s.period_ends,
                      "received_at": d.received_at, "accepted": s.accepted, "nil": s.nil, "late": s.late}
            e.submitted.append({"id": submission, "delivery": delivery, "filer": s.filer, "sheet": s.sheet, "rows": rows, **shared})
            per_unit = count_by_unit(s)
            e.covered += [{"submission": submission, "unit": u, "rows": per_unit.get(u, 0), **shared} for u in s.units]
            e.found += [_finding_row(f, delivery, submission) for f in s.findings]
            if rows:
                e.tables.setdefault(s.ledger, []).append((s, submission, d.received_at))
            submission += 1
        delivery += 1
    return e


def _insert(c: Connection, e: _Entries, number: int, received_at: datetime) -> None:
    from sqlalchemy import insert

    from jianbao.store import catalogue as t

    moments = [d["received_at"] for d in e.delivered]
    c.execute(insert(t.receives).values(id=number, received_at=max([received_at, *moments]), files=len(e.delivered)))
    c.execute(insert(t.knowledge).values(receive=number, since=min(moments)))
    for table, values in ((t.deliveries, e.delivered), (t.submissions, e.submitted), (t.coverage, e.covered),
                          (t.findings, e.found), (t.files, e.written), (t.comparisons, e.compared), (t.attachments, e.attached)):
        if values:
            c.execute(insert(table), values)
    accepted = [v for v in e.covered if v["accepted"]]
    if accepted:
        supersede(c, {(str(v["ledger"]), str(v["period"])) for v in accepted}, {str(v["unit"]) for v in accepted},
                  since=min(v["received_at"] for v in accepted))


def _keep(writing: Writing, delivery: Delivery, content: bytes) -> None:
    path = kept(writing.folder, delivery.sha256, delivery.name)
    if not path.exists() or path.stat().st_size != len(content):
        if hashlib.sha256(content).hexdigest() != delivery.sha256:
            raise StoreError(f"{delivery.name}: its content changed while it was being received. Receive it again.")
        writing.put(path, content)


def kept(folder: Path, sha256: str, name: str) -> Path:
    """Where a file that came under `name` is kept as it came."""
    suffix = Path(name).suffix.lower()
    return folder / "files" / sha256[:2] / f"{sha256}{suffix if suffix.isascii() and len(suffix) <= 6 else ''}"


def _ready(store: Store, s: Submission) -> Submission:
    if s.ledger not in store.ledgers:
        raise unknown("ledger", s.ledger, store.ledgers)
    ledger = store.ledgers[s.ledger]
    # The office's ledgers and the master workbooks are filed once for everybody they name.
    units = (EVERYWHERE,) if ledger.kind == "master" else (s.filer,) if ledger.by_office else s.units
    return replace(s, units=units)


def _finding_row(f: Finding, delivery: int, submission: int | None) -> dict[str, Any]:
    row = f.to_json()
    row.pop("file")
    return {"delivery": delivery, "submission": submission, **row}
