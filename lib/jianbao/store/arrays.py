"""Lists to Arrow arrays without pandas, which `pyarrow.array` imports to see whether a list is a Series. Imports pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH = date(1970, 1, 1).toordinal()


def array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """What `pyarrow.array(values, kind)` is, for the types that ledgers have and lists of these; None is null."""
    import numpy as np
    import pyarrow as pa

    def bits(flags: Sequence[Any]) -> Any:
        return pa.py_buffer(np.packbits(np.array(flags, bool), bitorder="little"))

    if pa.types.is_string(kind):
        builder = pa.lib.StringBuilder()
        builder.append_values(values)
        return builder.finish()
    nulls = values.count(None)
    known = bits([v is not None for v in values]) if nulls else None
    if pa.types.is_list(kind):
        lists = [v or () for v in values]
        offsets = np.array(list(accumulate(map(len, lists), initial=0)), np.int32)
        inner = array([item for one in lists for item in one], kind.value_type)
        return pa.Array.from_buffers(kind, len(lists), [known, pa.py_buffer(offsets)], nulls, children=[inner])
    if pa.types.is_boolean(kind):
        data = bits(values)
    elif pa.types.is_date32(kind):
        data = pa.py_buffer(np.array([v.toordinal() - EPOCH if v else 0 for v in values], np.int32))
    elif pa.types.is_timestamp(kind):
        data = pa.py_buffer(np.array(values, f"datetime64[{kind.unit}]").astype(np.int64))
    else:
        data = pa.py_buffer(np.array([v or 0 for v in values] if nulls else values, str(kind).replace("double", "float64")))
    return pa.Array.from_buffers(kind, len(values), [known, data], nulls)
