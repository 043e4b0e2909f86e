"""What an indicator comes from: the rows it counts, unit by unit, and how. `ALL` holds the functions of every family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from oracle.oracle import View

IN, TO, AT = "期内", "累计", "时点"


@dataclass
class Part:
    """`values` per unit; what they come to over several units is said by `how`. `ledger` tells who is known to have filed."""

    ledger: str
    form: str
    how: str                        # sum | distinct | median
    values: dict[str, list[Any]]


@dataclass
class Ratio:
    top: Part
    bottom: Part


@dataclass
class Ahead:
    """A ratio minus the elapsed share of the time."""

    ratio: Ratio


@dataclass
class Sum:
    """Figures added (1) or taken away (-1), each over the same units; nothing where one of them is not known."""

    terms: list[tuple[int, Part]]
    plus: int = 0


ALL: dict[str, tuple[tuple[str, ...], Callable[..., Part | Ratio | Ahead | Sum]]] = {}


def indicator(id_: str, *forms: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        ALL[id_] = (forms or (IN, TO), function)
        return function
    return keep


def of(v: View, id_: str, form: str) -> Any:
    return ALL[id_][1](v, form)


def _part(ledger: str, form: str, how: str, rows: pd.DataFrame, values: Any) -> Part:
    found: dict[str, list[Any]] = {}
    for unit, value in zip(rows.unit, values, strict=True):
        found.setdefault(unit, []).append(value)
    return Part(ledger, form, how, found)


def count(ledger: str, form: str, rows: pd.DataFrame) -> Part:
    return _part(ledger, form, "sum", rows, [1] * len(rows))


def total(ledger: str, form: str, rows: pd.DataFrame, column: str) -> Part:
    return _part(ledger, form, "sum", rows, rows[column].fillna(0).astype(float))


def distinct(ledger: str, form: str, rows: pd.DataFrame, *columns: str) -> Part:
    rows = rows.dropna(subset=list(columns))
    return _part(ledger, form, "distinct", rows, zip(*(rows[c] for c in columns), strict=True))


def median(ledger: str, form: str, rows: pd.DataFrame, days: pd.Series) -> Part:
    kept = days.notna()
    return _part(ledger, form, "median", rows[kept], days[kept])


def units(ledger: str, form: str, rows: pd.DataFrame, *, having: list[pd.Series], not_having: list[pd.Series]) -> Part:
    codes = set(rows.unit)
    for mask in having:
        codes &= set(rows.unit[mask])
    for mask in not_having:
        codes -= set(rows.unit[mask])
    return Part(ledger, form, "distinct", {c: [c] for c in codes})


def base(id_: str, column: str) -> None:
    """The indicator that adds up a column of the bases, each unit's latest."""
    @indicator(id_, AT)
    def _(v: View, form: str) -> Part:
        return total("bases", AT, v.bases, column)


def campaign(v: View) -> set[str]:
    """The units of the campaign's second batch."""
    r = v.register
    return set(r.code[(r.campaign_unit == True) & (r.batch == "第二批")])  # noqa: E712
