"""Rows as Parquet files: stamped with what is known of them, sorted. Imports durable, received, definitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jianbao.definitions.ledger import Ledger
from jianbao.store.arrays import array
from jianbao.store.durable import Writing
from jianbao.store.received import Submission

if TYPE_CHECKING:
    import pyarrow as pa


def stamped(parts: Sequence[tuple[Submission, int, datetime]], ledger: Ledger) -> pa.Table:
    """The rows of submissions of one ledger with period, filed, received and submission beside, in the store's types.

    `parts` are submissions with their numbers and when they were received; all together, which costs no more than one.
    """
    import numpy as np
    import pyarrow as pa

    tables = [s.rows for s, _, _ in parts if s.rows is not None]
    rows = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    which = np.repeat(np.arange(len(tables), dtype=np.int32), [t.num_rows for t in tables])
    index = pa.Array.from_buffers(pa.int32(), len(which), [None, pa.py_buffer(which)])

    def spread(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.DictionaryArray.from_arrays(index, array(values, kind)).dictionary_decode()

    columns = {name: rows.column(name) for name in ("unit", "row", "date")} | {
        "period": spread([s.period for s, _, _ in parts], pa.string()),
        "filed": spread([s.period_ends for s, _, _ in parts], pa.date32()),
        "received": spread([at for _, _, at in parts], pa.timestamp("us")),
        "submission": spread([number for _, number, _ in parts], pa.int64()),
    }
    for name, column in ledger.columns.items():
        if column.filled_from is None and name not in columns:
            kind = arrow_type(column.type)
            columns[name] = rows.column(name).cast(kind) if name in rows.column_names else pa.nulls(rows.num_rows, kind)
    return pa.table(columns)


def put(writing: Writing, ledger: str, receive: int, table: pa.Table) -> tuple[str, int]:
    """One file for a ledger and a receive; (path below the store's folder, rows)."""
    # Sorted by unit, small row groups: one unit's rows are read without the rest.
    table = table.sort_by([("unit", "ascending"), ("submission", "ascending"), ("row", "ascending")])
    name = f"rows/{ledger}/{receive:06d}-{uuid4().hex[:8]}.parquet"
    writing.put(writing.folder / name, as_parquet(table, 50_000))
    return name, table.num_rows


def as_parquet(table: pa.Table, group: int) -> pa.Buffer:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=group, dictionary_pagesize_limit=1 << 20)
    return sink.getvalue()


def arrow_type(column_type: str) -> Any:
    """The Arrow type of a ledger column's type."""
    import pyarrow as pa

    return {"str": pa.string(), "code": pa.string(), "unit": pa.string(), "int": pa.int64(), "num": pa.float64(),
            "percent": pa.float64(), "date": pa.date32(), "datetime": pa.timestamp("us"), "bool": pa.bool_(),
            "list": pa.list_(pa.string())}[column_type]


def count_by_unit(s: Submission) -> dict[str, int]:
    if s.rows is None or not s.accepted:
        return {}
    if len(s.units) == 1:
        return {s.units[0]: s.rows.num_rows}
    counts = s.rows.column("unit").value_counts()
    return {item["values"].as_py(): item["counts"].as_py() for item in counts}
