"""An atom's columns as arrays over the units of a tree, before rolling up. Imports definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jianbao.definitions.catalogue import Measure

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Leaf:
    """One atom per unit, before rolling up. `former` are rows of units that no longer stand in the tree, by the unit
    they belonged under. `lists` hold what distinct counts and medians need."""

    own: Any                        # float64 per unit
    rows: Any                       # int64 per unit
    former: Any
    former_rows: Any
    lists: tuple[Any, Any, Any] | None = None   # positions, values, whether the unit itself stands there


def leaf_of(measure: Measure, columns: list[pa.ChunkedArray], places: Any, stands: Any, n: int) -> Leaf:
    """The leaf of one atom's columns. `places` says at which of `n` units each row counts, `stands` whether it is that unit."""
    import pyarrow as pa

    rows = _floats(columns[-1]).astype(np.int64)
    kind, _ = measure.aggregate
    lists = None
    if kind == "units":
        having = measure.units_having
        assert having is not None
        flags = [_together(_floats(c) > 0, places, stands, n) for c in columns[:-1]]
        yes = np.ones(len(places), bool)
        for k, flag in enumerate(flags):
            yes &= flag if k < len(having.all) else ~flag
        value = (yes & _first(places, stands)).astype(float)
        rows = np.where(yes, rows, 0)       # rows behind a count of units: those of the units counted
    elif kind in ("count", "stock"):
        value = rows.astype(float)
    elif kind == "sum" or not pa.types.is_list(columns[0].type):    # a distinct count that adds up
        value = _floats(columns[0])
        if measure.aggregate == ("distinct", "unit"):
            value = np.where(_together(value > 0, places, stands, n) & _first(places, stands), 1.0, np.where(stands, 0.0, value))
    else:
        value = np.zeros(len(places))
        lists = _flat(columns[0], places, stands)

    def spread(values: Any, where: Any) -> Any:
        ok = where & (places >= 0)
        return np.bincount(places[ok], weights=values[ok].astype(float), minlength=n)

    return Leaf(spread(value, stands), spread(rows, stands).astype(np.int64), spread(value, ~stands),
                spread(rows, ~stands).astype(np.int64), lists)


# Units that were merged stand at one place: they are one unit, which has what any of them has.

def _together(flag: Any, places: Any, stands: Any, n: int) -> Any:
    """A flag of each row, true for all that stand at a place where it is true for any."""
    at = np.zeros(n, bool)
    at[places[flag & stands]] = True
    return np.where(stands, at[np.where(stands, places, 0)], flag) if n else flag


def _first(places: Any, stands: Any) -> Any:
    """Of the rows that stand at a place, only the first; every other row."""
    first = ~stands
    found = np.flatnonzero(stands)
    first[found[np.unique(places[found], return_index=True)[1]]] = True
    return first


def _floats(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    return _numbers(column.combine_chunks().cast(pa.float64()))


def _numbers(values: pa.Array) -> Any:
    """An array without nulls, as it lies in memory: pyarrow's to_numpy would import pandas."""
    return np.from_dlpack(values)


def _flat(column: pa.ChunkedArray, places: Any, stands: Any) -> tuple[Any, Any, Any]:
    """A list column as (position, value, stands) of each value; texts as numbers, equal where the texts are."""
    import pyarrow as pa

    flat = column.combine_chunks()
    lengths = np.diff(_numbers(flat.offsets))       # a null list is an empty one
    values = flat.flatten()
    if not pa.types.is_floating(values.type):
        values = values.dictionary_encode().indices
    return np.repeat(places, lengths), _numbers(values), np.repeat(stands, lengths)
