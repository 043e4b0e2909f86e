"""Lists to Arrow arrays: the same as pyarrow makes, without pandas."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from jianbao.store.arrays import array


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["甲", None, "", "b"], pa.string()),
        ([], pa.string()),
        ([1, None, 2**53, -4, 0], pa.int64()),
        (range(3), pa.int32()),
        ([1.5, None, 0.0], pa.float64()),
        ([True, None, False] * 5, pa.bool_()),
        ([date(2023, 10, 16), None, datetime(2023, 10, 22, 23, 59), date(1, 1, 1)], pa.date32()),
        ([datetime(2023, 10, 16, 9, 30, 1, 5), None, datetime(1900, 1, 1)], pa.timestamp("us")),
        ([["甲", "乙"], None, [], ["丙"]], pa.list_(pa.string())),
        ([], pa.list_(pa.string())),
    ],
    ids=str,
)
def test_the_same_as_pyarrow_makes(values: Any, kind: Any) -> None:
    made = array(values, kind)
    made.validate(full=True)
    assert made.type == kind
    assert made.equals(pa.array(values, kind))


def test_pandas_is_not_imported_for_it() -> None:
    code = (
        "import sys; import pyarrow as pa; from jianbao.store.arrays import array; "
        "array(['a'], pa.string()), array([1, None], pa.int64()); print('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
