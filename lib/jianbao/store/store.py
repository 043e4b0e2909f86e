"""A store: its lock, receiving into it, and what its catalogue knows of filing. Imports this room, definitions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jianbao.definitions.correction import Correction
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.errors import StoreError, unknown
from jianbao.store.compact import compact
from jianbao.store.durable import plainly
from jianbao.store.received import Received, Version
from jianbao.store.receiving import kept, receive
from jianbao.store.snapshot import Snapshot
from jianbao.store.superseding import superseded_submissions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from filelock import BaseFileLock
    from sqlalchemy import Connection, Engine


class Store:
    """A folder with `rows/`, `files/` (every file as it came) and the catalogue. Opening it makes what is missing."""

    def __init__(self, folder: Path, ledgers: Mapping[str, Ledger], corrections: Sequence[Correction] = ()) -> None:
        self.folder, self.ledgers, self.corrections = folder, ledgers, tuple(corrections)
        self._fingerprints: dict[tuple[datetime, int], str] = {}

    @cached_property
    def engine(self) -> Engine:
        from jianbao.store.catalogue import open_engine

        self._make()
        return open_engine(self.folder)

    def _make(self) -> None:
        with plainly(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def _lock(self) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(str(self.folder / ".lock"), timeout=60)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """The one writer; may be taken again by who holds it. A writer that is killed leaves no lock behind. Raises StoreError
        when another holds it for more than a minute."""
        from filelock import Timeout

        self._make()
        with plainly(self.folder):
            try:
                self._lock.acquire()
            except Timeout:
                raise StoreError(f"{self.folder} is being written by another process. Wait for it and run again.") from None
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def lock_named(self, name: str) -> Iterator[None]:
        """One process at a time does `name`; a second one waits for it."""
        from filelock import FileLock

        self._make()
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
        with self.engine.connect() as c:
            return _version(c, as_of)

    def fingerprint(self, as_of: datetime) -> str:
        """A hash of everything known at `as_of`: each file's content and when it came, however it was batched."""
        from sqlalchemy import func, select

        from jianbao.store.catalogue import deliveries as t
        from jianbao.store.catalogue import one_state

        with one_state(self.engine) as c:
            last = c.execute(select(func.max(t.c.id))).scalar() or 0
            if (as_of, last) not in self._fingerprints:     # every issue of a plan asks for it
                digest = hashlib.sha256()
                for sha, at in c.execute(select(t.c.sha256, t.c.received_at).where(t.c.received_at <= as_of).order_by(t.c.sha256)):
                    digest.update(f"{sha} {at.isoformat()}\n".encode())
                self._fingerprints[as_of, last] = digest.hexdigest()
        return self._fingerprints[as_of, last]

    def receive(self, received: Sequence[Received], *, received_at: datetime) -> Version:
        """All of `received` in one transaction. The caller holds `lock()`. Rows of returned submissions are not stored,
        their files and findings are. Raises StoreError when the disk is full or the like; nothing is stored then."""
        shas = [r.delivery.sha256 for r in received]
        if not shas:
            raise StoreError("nothing is given to receive. Leave out the call when there is no file.")
        if len(set(shas)) < len(shas) or self.seen(shas):
            raise StoreError("the same file content is received twice. Leave out what `seen()` names, and repetitions.")
        with self.lock():
            compact(self, receive(self, received, received_at))
        version = self.version()
        assert version is not None
        return version

    def unreturned(self) -> list[str]:
        """Content hashes of what was received and not answered yet, oldest first: whoever receives next writes what goes back."""
        from sqlalchemy import select

        from jianbao.store.catalogue import deliveries as t

        with self.engine.connect() as c:
            return list(c.execute(select(t.c.sha256).where(t.c.returned_copy.is_(None)).order_by(t.c.id)).scalars())

    def unlisted(self) -> list[str]:
        """Content hashes of what came since the lists of what went back were last written (`all_returned`)."""
        from sqlalchemy import func, select

        from jianbao.store.catalogue import answered
        from jianbao.store.catalogue import deliveries as t

        last = select(func.coalesce(func.max(answered.c.delivery), 0)).scalar_subquery()
        with self.engine.connect() as c:
            return list(c.execute(select(t.c.sha256).where(t.c.id > last).order_by(t.c.id)).scalars())

    def returned(self, sha256: str, copy: str) -> None:
        """Remembers what went back: the copy's path below data/returns, "" when nothing does."""
        self.all_returned({sha256: copy})

    def all_returned(self, copies: Mapping[str, str], listed: Sequence[str] = ()) -> None:
        """The same for many: content hash → path. `listed` of the `unlisted` stand in the lists now."""
        from sqlalchemy import bindparam, delete, func, insert, select, update

        from jianbao.store.catalogue import answered, one_change
        from jianbao.store.catalogue import deliveries as t

        if not copies and not listed:
            return
        with one_change(self.engine) as c:
            if copies:
                c.execute(update(t).where(t.c.sha256 == bindparam("sha")).values(returned_copy=bindparam("copy")),
                          [{"sha": sha, "copy": copy} for sha, copy in copies.items()])
            if listed:
                c.execute(delete(answered))
                c.execute(insert(answered).from_select(["delivery"], select(func.max(t.c.id)).where(t.c.sha256 == listed[-1])))

    def file(self, sha256: str) -> Path:
        """The file as it came."""
        from sqlalchemy import select

        from jianbao.store.catalogue import deliveries as t

        with self.engine.connect() as c:
            name = c.execute(select(t.c.name).where(t.c.sha256 == sha256)).scalar()
        if name is not None and (path := kept(self.folder, sha256, name)).exists():
            return path
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
        database.execute("set global parquet_metadata_cache = true")        # a file never changes
        return database

    def snapshot(self, as_of: datetime | None = None) -> Snapshot:
        """The rows as they were known at `as_of`; None: now."""
        from sqlalchemy import func, select

        from jianbao.store.catalogue import one_state
        from jianbao.store.catalogue import submissions as t

        with one_state(self.engine) as c:
            last = c.execute(select(func.max(t.c.id))).scalar() or 0
            version = _version(c) if as_of is None else None
        return Snapshot(self, as_of or (version.as_of if version else datetime.max), last)

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
            moot = superseded_submissions(c, as_of, {r["submission"] for r in rows if r["submission"] is not None})
        return [Finding(**{k: r[k] for k in ("severity", "rule", "message", "remedy", "file", "sheet", "cell", "row",
                                             "column", "value", "unit", "ledger", "period", "explain", "explanation", "key")})
                for r in rows
                if r["submission"] not in moot and (wanted is None or r["unit"] in wanted or r["filer"] in wanted)]


def _version(c: Connection, as_of: datetime | None = None) -> Version | None:
    from sqlalchemy import func, select

    from jianbao.store.catalogue import deliveries, knowledge, receives

    if as_of is None:       # receives are numbered from 1
        number = c.execute(select(func.max(receives.c.id))).scalar()
        at = c.execute(select(func.max(deliveries.c.received_at))).scalar()
    else:
        number = c.execute(select(func.count()).where(knowledge.c.since <= as_of)).scalar()
        at = c.execute(select(func.max(deliveries.c.received_at)).where(deliveries.c.received_at <= as_of)).scalar()
    return Version(number, at) if number and at is not None else None
