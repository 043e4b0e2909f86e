"""Figures counted again from the rows they name, in plain pandas: nothing of the engine but the rows themselves."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from statistics import median
from typing import Any

import pandas as pd

from jianbao.definitions.catalogue import Indicator, Measure
from jianbao.numbers.readings import Reading
from number_world import definitions

STARTS, ENDS = date(2023, 8, 28), date(2024, 1, 31)
Parts = tuple[float | None, float | None, float | None]
_FORMS = {"in_period": "期内", "to_date": "累计", "at_end": "时点"}


def again(reading: Reading, units: Collection[str] | None = None, *, rows: pd.DataFrame | None = None) -> Parts:
    """(value, numerator, denominator) of a reading from its own rows, or from those of some units among them.

    What is combined from other indicators is combined anew from theirs. Indices are not counted here.
    """
    i = reading.indicator
    if i.combine is not None:
        return combined(reading, units), None, None
    rows = reading.rows() if rows is None else rows
    if units is not None:
        rows = rows[rows.unit.isin(units)]
    if i.denominator is None:
        return recount(i, rows), None, None
    top, bottom = (part(reading, name, rows, units) for name in ("分子", "分母"))
    return (top / bottom if top is not None and bottom else None), top, bottom


def part(reading: Reading, name: str, rows: pd.DataFrame, units: Collection[str] | None) -> float | None:
    measure = part_of(reading.indicator, name)
    if isinstance(measure, Indicator) and measure.combine is not None:
        return combined(named(reading, measure.id), units)
    return recount(measure, rows[rows.part == name])


def combined(reading: Reading, units: Collection[str] | None) -> float | None:
    """The arithmetic of a `combine:`, each name in it counted again; None where one is not known."""
    known: dict[str, float | None] = {"elapsed": gone(reading.period.ends)}
    text = str(reading.indicator.combine)
    for name in re.findall(r"[a-z_]+(?:\.[a-z_]+)+", text):
        r = named(reading, name)
        known[name] = again(r, units)[0] if r.value is not None else None
    return arithmetic(text, known)


def arithmetic(text: str, known: dict[str, float | None]) -> float | None:
    if found := re.fullmatch(r"coalesce\((.*)\)", text):
        return next((v for piece in found[1].split(",") if (v := arithmetic(piece.strip(), known)) is not None), None)
    total: float = 0.0
    for sign, name in re.findall(r"([-+]?)\s*([a-z_]+(?:\.[a-z_]+)*|\d+)", text):
        value = float(name) if name.isdigit() else known[name]
        if value is None:
            return None
        total += -value if sign == "-" else value
    return total


def named(reading: Reading, name: str) -> Reading:
    """The reading that a name in a definition means: in the same form if it has it, else at the moment, else to date."""
    from jianbao.numbers.readings import read

    id_, _, form = name.rpartition(".")
    wanted = _FORMS.get(form)
    i = definitions().catalogue[id_ if wanted else name]
    wanted = wanted or next(f for f in (reading.form, "时点", "累计", "期内") if f in i.forms)
    return read(reading.cube, i.id, reading.unit.code, reading.period, form=wanted, scope=reading.scope)  # type: ignore[arg-type]


def part_of(i: Indicator, name: str) -> Measure:
    found = i.numerator if name == "分子" else i.denominator
    return definitions().catalogue[found] if isinstance(found, str) else found  # type: ignore[return-value]


def recount(m: Measure, rows: pd.DataFrame) -> float:
    kind, inner = m.aggregate
    match kind:
        case "sum":
            return float(said(inner, rows).fillna(0).sum()) if len(rows) else 0
        case "count" | "stock":
            return len(rows)
        case "units":
            return rows.unit.nunique()
        case "median":
            return median(said(inner, rows).dropna())
    column = definitions().ledgers[str(m.ledger)].columns.get(inner)
    if column is not None and column.type == "list":
        return len({x for one in rows[inner] if one is not None for x in one})
    alone = inner == "unit" or (column is not None and column.globally_unique)
    rows = rows.assign(counted=said(inner, rows)).dropna(subset=["counted"])
    return len(rows.drop_duplicates(["counted"] if alone else ["unit", "counted"]))


def said(inner: str, rows: pd.DataFrame) -> pd.Series:
    """A column, or what the few expressions in the catalogue come to."""
    def days(first: Any, last: Any) -> pd.Series:
        return (pd.to_datetime(last) - pd.to_datetime(first)).dt.days

    match inner:
        case "days_between(campaign_starts, held_on)":
            return days(STARTS, rows.held_on)
        case "days_between(accepted_on, closed_on)":
            return days(rows.accepted_on, rows.closed_on)
        case "week_of(held_on)":
            return days(STARTS, rows.held_on) // 7
        case "length(solved_refs)":
            return rows.solved_refs.map(lambda x: len(x) if hasattr(x, "__len__") else 0)
        case "coalesce(total_no, issue_no)":
            return rows.total_no.fillna(rows.issue_no)
    return rows[inner]


def gone(on: date, starts: date | None = None, due: date | None = None) -> float:
    """序时: of the days from the first to the last, both counted, those gone by."""
    first, last = starts or STARTS, due or ENDS
    return min(max(((on - first).days + 1) / ((last - first).days + 1), 0.0), 1.0)
