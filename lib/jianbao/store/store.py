"""Receiving into the store, and what its catalogue knows of filing. Imports catalogue, snapshot, definitions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jianbao.definitions.campaign import Correction
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.errors import StoreError, unknown
from jianbao.store.received import Delivery, Received, Submission, Version
from jianbao.store.rows import count_by_unit, stamped, write, write_durably
from jianbao.store.snapshot import Snapshot
from jianbao.store.superseding import supersede, superseded_submissions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from sqlalchemy import Engine

EVERYWHERE = "*"        # the unit a master workbook covers


class Store:
    """A folder with `rows/`, `files/` (every file as it came) and the catalogue. Opening it makes what is missing."""

    def __init__(self, folder: Path, ledgers: Mapping[str, Ledger], corrections: Sequence[Correction] = ()) -> None:
        self.folder, self.ledgers, self.corrections = folder, ledgers, tuple(corrections)

    @cached_property
    def engine(self) -> Engine:
        from jianbao.store.catalogue import open_engine

        self.folder.mkdir(parents=True, exist_ok=True)
        return open_engine(self.folder)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """The one writer. Raises StoreError when another holds it for more than a minute."""
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(str(self.folder / ".lock"), timeout=60):
                yield
        except Timeout:
            raise StoreError(f"{self.folder} is being written by another process. Wait for it and run again.") from None

    @contextmanager
    def lock_named(self, name: str) -> Iterator[None]:
        """One process at a time does `name`; a second one waits for it."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(str(self.folder / f".{name}.lock")):
            yield

    # What was received

    def seen(self, shas: Iterable[str]) -> set[str]:
        """Those of `shas` that were delivered before, whatever became of them."""
        from jianbao.store.catalogue import deliveries as t

        wanted, found = list(shas), set()
        with self.engine.connect() as c:
            for i in range(0, len(wanted), 500):
                found |= set(c.execute(t.select().with_only_columns(t.c.sha256)
                                       .where(t.c.sha256.in_(wanted[i:i + 500]))).scalars())
        return found

    def version(self, as_of: datetime | None = None) -> Version | None:
        """The last version known at `as_of`, None before the first.

        A receive may take in what came at several times: at `as_of` it counts with what had come by then.
        """
        from sqlalchemy import func, select

        from jianbao.store.catalogue import deliveries as t

        query = select(func.count(t.c.receive.distinct()), func.max(t.c.received_at))
        if as_of is not None:
            query = query.where(t.c.received_at <= as_of)
        with self.engine.connect() as c:
            number, at = c.execute(query).one()
        return Version(number, at) if number else None

    def fingerprint(self, as_of: datetime) -> str:
        """A hash of everything known at `as_of`: each file's content and when it came, however it was batched."""
        from sqlalchemy import select

        from jianbao.store.catalogue import deliveries as t

        digest = hashlib.sha256()
        with self.engine.connect() as c:
            for sha, at in c.execute(select(t.c.sha256, t.c.received_at).where(t.c.received_at <= as_of).order_by(t.c.sha256)):
                digest.update(f"{sha} {at.isoformat()}\n".encode())
        return digest.hexdigest()

    def receive(self, received: Sequence[Received], *, received_at: datetime) -> Version:
        """All of `received` in one transaction. The caller holds `lock()`. Rows of returned submissions are not stored,
        their files and findings are."""
        from sqlalchemy import func, insert, select

        from jianbao.store import catalogue as t

        shas = [r.delivery.sha256 for r in received]
        if len(set(shas)) < len(shas) or self.seen(shas):
            raise StoreError("the same file content is received twice. Leave out what `seen()` names, and repetitions.")
        with self.engine.begin() as c:
            def after(table: Any) -> int:
                return int(c.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1

            receive, delivery_id, submission_id = after(t.receives), after(t.deliveries), after(t.submissions)
            newest = max([received_at, *(r.delivery.received_at for r in received)])
            delivered, submitted, covered, found = [], [], [], []
            tables: dict[str, list[pa.Table]] = {}
            for item in received:
                d = item.delivery
                self._keep(d, item.content)
                delivered.append({"id": delivery_id, "receive": receive, "sha256": d.sha256, "name": d.name,
                                  "size": d.size, "filer": d.filer, "received_at": d.received_at, "outcome": d.outcome,
                                  "kind": d.kind, "container": d.container, "answers": d.answers,
                                  "guesses": json.dumps(d.guesses, ensure_ascii=False)})
                found += [_finding_row(f, delivery_id, None) for f in item.findings]
                for s in item.submissions:
                    s = self._ready(s)
                    rows = s.rows.num_rows if s.rows is not None and s.accepted else 0
                    shared = {"ledger": s.ledger, "period": s.period, "period_ends": s.period_ends,
                              "received_at": d.received_at, "accepted": s.accepted, "nil": s.nil, "late": s.late}
                    submitted.append({"id": submission_id, "delivery": delivery_id, "filer": s.filer, "sheet": s.sheet,
                                      "rows": rows, **shared})
                    per_unit = count_by_unit(s)
                    covered += [{"submission": submission_id, "unit": u, "rows": per_unit.get(u, 0), **shared}
                                for u in s.units]
                    found += [_finding_row(f, delivery_id, submission_id) for f in s.findings]
                    if rows:
                        tables.setdefault(s.ledger, []).append(stamped(s, self.ledgers[s.ledger], submission_id, d.received_at))
                    submission_id += 1
                delivery_id += 1
            written = [{"ledger": ledger, "path": path, "receive": receive, "rows": n, "live": True}
                       for ledger, parts in sorted(tables.items()) for path, n in [write(self.folder, ledger, receive, parts)]]
            c.execute(insert(t.receives).values(id=receive, received_at=newest, files=len(received)))
            for table, values in ((t.deliveries, delivered), (t.submissions, submitted), (t.coverage, covered),
                                  (t.findings, found), (t.files, written)):
                if values:
                    c.execute(insert(table), values)
            supersede(c, {(str(v["ledger"]), str(v["period"])) for v in covered if v["accepted"]},
                       {str(v["unit"]) for v in covered})
        version = self.version()
        assert version is not None
        return version

    def file(self, sha256: str) -> Path:
        """The file as it came."""
        found = list((self.folder / "files" / sha256[:2]).glob(f"{sha256}*"))
        if not found:
            raise StoreError(f"no file with content {sha256[:12]}… in {self.folder / 'files'}.")
        return found[0]

    # What is known

    @cached_property
    def database(self) -> Any:
        """A DuckDB in memory, for the connections of all snapshots."""
        import duckdb

        database = duckdb.connect(":memory:")
        database.execute("set global preserve_insertion_order = false")
        return database

    def snapshot(self, as_of: datetime | None = None) -> Snapshot:
        """The rows as they were known at `as_of`; None: now."""
        version = self.version(as_of)
        return Snapshot(self, as_of or (version.as_of if version else datetime.max))

    def files(self, ledger: str) -> list[Path]:
        """The live Parquet files of a ledger, for any engine that reads Parquet. Filter on `received` for as-of."""
        from sqlalchemy import select

        from jianbao.store.catalogue import files as t

        if ledger not in self.ledgers:
            raise unknown("ledger", ledger, self.ledgers)
        with self.engine.connect() as c:
            return [self.folder / p for p in c.execute(select(t.c.path).where(t.c.ledger == ledger, t.c.live)
                                                       .order_by(t.c.id)).scalars()]

    def keys(self, ledger: str, columns: Sequence[str]) -> pa.Table:
        """unit and `columns` of every row that counts now, without repetition; what references are checked against."""
        if not self.files(ledger):
            import pyarrow as pa

            return pa.table({name: pa.array([], pa.string()) for name in ("unit", *columns)})
        snapshot = self.snapshot()
        names = ", ".join(f'"{name}"' for name in ("unit", *columns))
        return snapshot.connection.sql(f"select distinct {names} from {snapshot.source(ledger)}").to_arrow_table()

    def covered(self, ledger: str, period: str) -> dict[str, int]:
        """unit → rows of its accepted submission that counts now."""
        from sqlalchemy import select

        from jianbao.store.catalogue import coverage as t

        with self.engine.connect() as c:
            rows = c.execute(select(t.c.unit, t.c.rows).where(
                t.c.ledger == ledger, t.c.period == period, t.c.accepted, t.c.superseded_at.is_(None)))
            return {str(unit): int(n) for unit, n in rows}

    def filings(self, as_of: datetime | None = None, *, periods: Iterable[str] | None = None) -> pd.DataFrame:
        """Every covered unit of every submission received by `as_of`: ledger, period, unit, filer, received_at,
        accepted, nil, late, rows, effective, file, sheet, submission, delivery."""
        import pandas as pd
        from sqlalchemy import select

        from jianbao.store import catalogue as t

        cov, sub, dlv = t.coverage, t.submissions, t.deliveries
        query = (select(cov.c.ledger, cov.c.period, cov.c.unit, sub.c.filer, cov.c.received_at, cov.c.accepted,
                        cov.c.nil, cov.c.late, cov.c.rows, cov.c.superseded_at, dlv.c.name.label("file"),
                        sub.c.sheet, cov.c.submission, sub.c.delivery)
                 .join(sub, sub.c.id == cov.c.submission).join(dlv, dlv.c.id == sub.c.delivery)
                 .where(cov.c.period != "").order_by(cov.c.received_at, cov.c.submission, cov.c.unit))
        if as_of is not None:
            query = query.where(cov.c.received_at <= as_of)
        if periods is not None:
            query = query.where(cov.c.period.in_(list(periods)))
        with self.engine.connect() as c:
            frame = pd.DataFrame(c.execute(query).mappings().all(), columns=[x.name for x in query.selected_columns])
        gone = pd.to_datetime(frame.pop("superseded_at"))
        frame["effective"] = frame["accepted"].astype(bool) & ~(gone <= (as_of or datetime.max))
        return frame

    def findings(self, *, as_of: datetime | None = None, period: str | None = None, after: datetime | None = None,
                 units: Iterable[str] | None = None) -> list[Finding]:
        """Findings on file, oldest first, of submissions not superseded since; `units` limits by the covered unit or
        filer, `after` to what came later than that."""
        from sqlalchemy import select

        from jianbao.store import catalogue as t

        f, d = t.findings, t.deliveries
        query = select(f, d.c.name.label("file"), d.c.filer).join(d, d.c.id == f.c.delivery).order_by(f.c.id)
        if as_of is not None:
            query = query.where(d.c.received_at <= as_of)
        if after is not None:
            query = query.where(d.c.received_at > after)
        if period is not None:
            query = query.where(f.c.period == period)
        wanted = set(units) if units is not None else None
        with self.engine.connect() as c:
            rows = c.execute(query).mappings().all()
            moot = superseded_submissions(c, as_of)
        return [Finding(**{k: r[k] for k in ("severity", "rule", "message", "remedy", "file", "sheet", "cell", "row",
                                             "column", "value", "unit", "ledger", "period", "explain", "explanation")})
                for r in rows
                if r["submission"] not in moot and (wanted is None or r["unit"] in wanted or r["filer"] in wanted)]

    # Writing

    def _keep(self, delivery: Delivery, content: bytes) -> None:
        suffix = Path(delivery.name).suffix.lower()
        suffix = suffix if suffix.isascii() and len(suffix) <= 6 else ""
        path = self.folder / "files" / delivery.sha256[:2] / f"{delivery.sha256}{suffix}"
        if not path.exists():
            if hashlib.sha256(content).hexdigest() != delivery.sha256:
                raise StoreError(f"{delivery.name}: its content changed while it was being received. Receive it again.")
            write_durably(path, content)

    def _ready(self, s: Submission) -> Submission:
        if s.ledger not in self.ledgers:
            raise unknown("ledger", s.ledger, self.ledgers)
        ledger = self.ledgers[s.ledger]
        # The office's ledgers and the master workbooks are filed once for everybody they name.
        units = (EVERYWHERE,) if ledger.kind == "master" else (s.filer,) if ledger.by_office else s.units
        return replace(s, units=units)


def _finding_row(f: Finding, delivery: int, submission: int | None) -> dict[str, Any]:
    row = f.to_json()
    row.pop("file")
    return {"delivery": delivery, "submission": submission, **row}
