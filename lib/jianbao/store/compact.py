"""Many small Parquet files become one. Imports durable, rows, catalogue.

A year of small receives would leave tens of thousands of files, and a question opens every one of them. Files are merged by
size: as soon as there are FAN of one size, they and all smaller ones become one file of the next. So each row is written
again a few times at most, and there are never more than a few dozen small files. Nothing else changes: rows keep what was
known of them and when, superseded ones stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from jianbao.errors import StoreError
from jianbao.store.durable import Writing
from jianbao.store.rows import as_parquet

if TYPE_CHECKING:
    import pyarrow as pa

    from jianbao.store.store import Store

FAN = 4
SMALL = FAN ** 8                    # rows; a larger file stays as it is
GROUP = 1 << 13                     # rows that are read together
KEPT = timedelta(days=1)            # merged files stay on disk so long, for whoever reads them still


class _File(NamedTuple):
    id: int
    path: str
    receive: int
    rows: int


def compact(store: Store, ledgers: Iterable[str]) -> None:
    """Merges what has become many in `ledgers` and removes what was merged long ago. The caller holds the lock.

    A full disk stops it and nothing else: the files stay as they are until another time.
    """
    with suppress(OSError, StoreError):
        for ledger in sorted(ledgers):
            if group := due(_small(store, ledger)):
                _merge(store, ledger, group)
        _forget(store)


def due(files: Sequence[_File]) -> list[_File]:
    """Those to merge now; none while there are fewer than FAN of each size."""
    group: list[_File] = []
    for size in range(8):
        here = [f for f in files if _size(f.rows) == size]
        if len(here) + bool(group) >= FAN:
            group = [f for f in files if _size(f.rows) <= size]
    return group


def _size(rows: int) -> int:
    return (max(rows, 1).bit_length() - 1) // 2         # 1…3 rows, 4…15, 16…63, …


def _small(store: Store, ledger: str) -> list[_File]:
    from sqlalchemy import select

    from jianbao.store.catalogue import files as t

    with store.engine.connect() as c:
        return [_File(*row) for row in c.execute(select(t.c.id, t.c.path, t.c.receive, t.c.rows).where(
            t.c.ledger == ledger, t.c.live, t.c.rows < SMALL).order_by(t.c.id))]


def _merge(store: Store, ledger: str, group: Sequence[_File]) -> None:
    from sqlalchemy import delete, insert

    from jianbao.store.catalogue import files, one_change, retired

    table = _together([store.folder / f.path for f in group])
    if table is None:
        return
    if table.num_rows != sum(f.rows for f in group):
        raise StoreError(f"{store.folder / 'rows' / ledger}: the files have {table.num_rows} rows, the catalogue says "
                         f"{sum(f.rows for f in group)}. They are left as they are.")
    last = max(f.receive for f in group)
    path = f"rows/{ledger}/{last:06d}-{uuid4().hex[:8]}-merged.parquet"
    with Writing(store.folder) as writing:
        writing.put(store.folder / path, as_parquet(table, GROUP))
        writing.finish()
        with one_change(store.engine) as c:
            c.execute(insert(files).values(ledger=ledger, path=path, receive=last, rows=table.num_rows, live=True))
            c.execute(delete(files).where(files.c.id.in_([f.id for f in group])))
            c.execute(insert(retired), [{"path": f.path, "at": _now()} for f in group])


def _together(paths: Sequence[Any]) -> pa.Table | None:
    """The rows of all; None when a column stands in them in kinds that have nothing in common.

    By filing, then unit: the rows of a week stand together, and within it those of a unit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.concat_tables([pq.ParquetFile(p).read(use_threads=False) for p in paths], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return table.sort_by([(name, "ascending") for name in ("filed", "unit", "submission", "row")])


def _forget(store: Store) -> None:
    from sqlalchemy import delete, select

    from jianbao.store.catalogue import one_change, retired

    with store.engine.connect() as c:
        old = c.execute(select(retired.c.path).where(retired.c.at < _now() - KEPT).limit(500)).scalars().all()
    if old:
        for path in old:
            (store.folder / path).unlink(missing_ok=True)
        with one_change(store.engine) as c:
            c.execute(delete(retired).where(retired.c.path.in_(old)))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
