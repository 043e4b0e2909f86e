"""Rows as Parquet files: stamped with what is known of them, sorted, written durably. Imports received, definitions."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jianbao.definitions.ledger import Ledger
from jianbao.store.received import Submission

if TYPE_CHECKING:
    import pyarrow as pa


def stamped(s: Submission, ledger: Ledger, submission: int, received_at: datetime) -> pa.Table:
    """The rows of a submission with period, filed, received and submission beside, in the store's types."""
    import pyarrow as pa

    assert s.rows is not None
    n = s.rows.num_rows
    stamps = {
        "period": pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([s.period])).cast(pa.string()),
        "filed": pa.repeat(pa.scalar(s.period_ends, pa.date32()), n),
        "received": pa.repeat(pa.scalar(received_at, pa.timestamp("us")), n),
        "submission": pa.repeat(pa.scalar(submission, pa.int64()), n),
    }
    columns = {name: s.rows.column(name) for name in ("unit", "row", "date")} | stamps
    for name, column in ledger.columns.items():
        if column.filled_from is None and name not in columns:
            kind = arrow_type(column.type)
            columns[name] = s.rows.column(name).cast(kind) if name in s.rows.column_names else pa.nulls(n, kind)
    return pa.table(columns)


def write(folder: Path, ledger: str, receive: int, parts: list[pa.Table]) -> tuple[str, int]:
    """One file for a ledger and a receive; (path below `folder`, rows)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Sorted by unit, small row groups: one unit's rows are read without the rest.
    table = pa.concat_tables(parts).sort_by([("unit", "ascending"), ("submission", "ascending"), ("row", "ascending")])
    name = f"rows/{ledger}/{receive:06d}-{uuid4().hex[:8]}.parquet"
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=50_000, dictionary_pagesize_limit=1 << 20)
    write_durably(folder / name, sink.getvalue().to_pybytes())
    return name, table.num_rows


def arrow_type(column_type: str) -> Any:
    """The Arrow type of a ledger column's type."""
    import pyarrow as pa

    return {"str": pa.string(), "code": pa.string(), "unit": pa.string(), "int": pa.int64(), "num": pa.float64(),
            "percent": pa.float64(), "date": pa.date32(), "datetime": pa.timestamp("us"), "bool": pa.bool_(),
            "list": pa.list_(pa.string())}[column_type]


def write_durably(path: Path, content: bytes) -> None:
    """Aside, flushed to disk, then by rename: a reader sees the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    with part.open("wb") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    part.replace(path)


def count_by_unit(s: Submission) -> dict[str, int]:
    if s.rows is None or not s.accepted:
        return {}
    if len(s.units) == 1:
        return {s.units[0]: s.rows.num_rows}
    counts = s.rows.column("unit").value_counts()
    return {item["values"].as_py(): item["counts"].as_py() for item in counts}
