"""Indices over all units: figures made of other figures, and what any figure is at each level. Imports components, query.

The cube asks `values` for an indicator that has an `index:`; `parts` and `by_level` are what tables and verdicts ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from jianbao.definitions.catalogue import TO_DATE, Form, Indicator, Measure
from jianbao.definitions.index import Act
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError
from jianbao.numbers import query
from jianbao.numbers.components import Part, form_of, mean_of, moved, parts_of, side_of, window

if TYPE_CHECKING:
    from jianbao.numbers.cube import Cube, Scope


@dataclass(frozen=True)
class LevelValue:
    """A figure at one level. `rated`: units that have a value; due, filed: units asked in the period, and those of them
    with everything accepted."""

    level: str
    value: float | None
    rated: int
    due: int
    filed: int

    @property
    def coverage(self) -> float | None:
        return self.filed / self.due if self.due else None


def values(cube: Cube, i: Indicator, period: Period, scope: Scope) -> tuple[Any, Any]:
    """Value and rows of every unit. Own: the unit's; subtree: the median of the rated units below and itself, except for
    progress and ranks, which are of the unit's figures with all below."""
    assert i.index is not None
    n = len(cube.tree(period).order)
    if scope == "reported":
        return np.full(n, np.nan), np.zeros(n, np.int64)
    match i.index.way:
        case "progress":
            return mean_of(parts_of(cube, i.index, period, scope), i.index.components, i.index.at_least), _rows(cube, i, period, scope)
        case "rank_of":
            return _ranks(cube, i, period, scope), _rows(cube, i, period, scope)
        case "gap":
            return _level_gap(cube, i, period) if scope == "subtree" else np.full(n, np.nan), _rows(cube, i, period, scope)
    own = own_values(cube, i, period)
    rows = _rows(cube, i, period, scope)
    if scope == "own":
        return np.where(np.isinf(own), np.nan, own), rows
    return _medians(cube, period, own, np.arange(n)), rows


def own_values(cube: Cube, i: Indicator, period: Period) -> Any:
    """Each unit's own value; nan where not rated. Of a first act inf where the unit filed and has none yet."""
    assert i.index is not None
    if i.index.first_act:
        return _first_acts(cube, i.index.first_act, period)
    if i.index.rank_gap:
        return side_of(cube, i.index, period, 0) - side_of(cube, i.index, period, 1)
    return mean_of(parts_of(cube, i.index, period, "own"), i.index.components, i.index.at_least)


def parts(cube: Cube, indicator: str, period: Period, scope: Scope = "own") -> list[Part]:
    """The components of an index, in the order of its definition; of a first act and of what is made of an index, none."""
    i = cube.definitions.catalogue[indicator]
    return parts_of(cube, i.index, period, scope) if i.index is not None else []


def sides(cube: Cube, indicator: str, period: Period) -> tuple[Any, Any]:
    """Of a rank gap: each unit's percentile rank (0–100) by the first side and by the last."""
    i = cube.definitions.catalogue[indicator]
    if i.index is None or i.index.rank_gap is None:
        raise JianbaoError(f"{i.title.zh} ({i.id}) is no rank gap and has no sides.")
    return side_of(cube, i.index, period, 0), side_of(cube, i.index, period, 1)


def by_level(cube: Cube, indicator: str, period: Period, unit: str = "", what: str = "value") -> dict[str, LevelValue]:
    """The campaign's levels in their order, each with the figure of its units below `unit` (empty: of all).

    An index is the median of the rated units, a side of a rank gap (`what`: first, last) the median of theirs; a ratio the
    sum of numerators over that of denominators; a count the sum. Raises JianbaoError for what can be neither.
    """
    i, filing = cube.definitions.catalogue[indicator], filing_by_level(cube, period, unit)
    side = sides(cube, indicator, period)[what == "last"] if what in ("first", "last") else None
    found = {}
    for level, places in at_levels(cube, period, unit).items():
        value, rated = _at_level(cube, i, period, places) if side is None else _median(side[places])
        found[level] = replace(filing[level], value=value, rated=rated)
    return found


def filing_by_level(cube: Cube, period: Period, unit: str = "") -> dict[str, LevelValue]:
    """The same with no figure: who was asked at each level, and who filed."""
    filed, order = filed_units(cube, period), cube.tree(period).order
    found = {}
    for level, places in at_levels(cube, period, unit).items():
        answers = [filed[order[k].code] for k in places if order[k].code in filed]
        found[level] = LevelValue(level, None, 0, len(answers), sum(answers))
    return found


def at_levels(cube: Cube, period: Period, unit: str = "") -> dict[str, Any]:
    """level → positions of its units that file, below `unit` or all."""
    tree = cube.tree(period)
    first = tree.position[unit] if unit else 0
    last = tree.ends[first] if unit else len(tree.order)
    return {name: np.array([k for k in range(first, last) if tree.order[k].org_type in level.org_types
                            and tree.order[k].files], np.int64)
            for name, level in cube.definitions.campaign.levels.items()}


def filed_units(cube: Cube, period: Period) -> dict[str, bool]:
    """unit → whether everything it was asked for the period has been accepted; only units that were asked."""
    frame = cube.filing(period)
    return {str(unit): bool(ok) for unit, ok in frame.groupby("unit")["filed"].all().items()} if len(frame) else {}


def asked(i: Indicator, period: Period, cube: Cube) -> Iterator[tuple[Indicator, Form, Period]]:
    """Every figure an index needs for a period, so that all are counted in one pass."""
    catalogue, index = cube.definitions.catalogue, i.index
    assert index is not None
    for c in index.components:
        for then in window(cube, period, c):
            yield catalogue[c.of], form_of(catalogue[c.of], c), then
        if c.plan:
            yield catalogue[c.plan], catalogue[c.plan].default_form, period
    for name in (index.gap.of if index.gap else None, index.rank_of):
        if name:
            yield catalogue[name], catalogue[name].default_form, period


def acts(i: Indicator, period: Period) -> list[query.Ask]:
    """The rows a first act looks at, as asks that count them."""
    assert i.index is not None
    return [query.Ask(_measure(a), period, TO_DATE) for a in i.index.first_act]


# What stands on an index

def _level_gap(cube: Cube, i: Indicator, period: Period) -> Any:
    assert i.index is not None and i.index.gap is not None
    gap = i.index.gap
    of = cube.definitions.catalogue[gap.of]
    if of.index is None:
        raise JianbaoError(f"{i.title.zh} ({i.id}): a gap between levels is one of an index, and {of.title.zh} is none.")
    own, levels = own_values(cube, of, period), at_levels(cube, period)
    return _medians(cube, period, own, levels[gap.first]) - _medians(cube, period, own, levels[gap.last])


def _ranks(cube: Cube, i: Indicator, period: Period, scope: Scope) -> Any:
    """1, 2, 2, 4 among siblings of one org type. Units of which too few have filed are not ranked, never last."""
    assert i.index is not None and i.index.rank_of is not None
    of, tree = cube.definitions.catalogue[i.index.rank_of], cube.tree(period)
    figures = cube.values(of.id, of.default_form, period, scope).value.copy()
    figures[~_enough_filed(cube, of, period, scope)] = np.nan
    groups: dict[tuple[int, str], list[int]] = {}
    for k, unit in enumerate(tree.order):
        if not np.isnan(figures[k]):
            groups.setdefault((tree.parents[k], unit.org_type), []).append(k)
    ranks = np.full(len(figures), np.nan)
    for places in (g for g in groups.values() if len(g) > 1):        # alone is no rank
        x = np.round(figures[places], 9) * (1 if of.better == "lower" else -1)
        ranks[places] = np.searchsorted(np.sort(x), x, "left") + 1
    return ranks


def _enough_filed(cube: Cube, i: Indicator, period: Period, scope: Scope) -> Any:
    """Where, of every ledger behind an index, the share of units that filed reaches the threshold for ranking."""
    from jianbao.numbers.readings import ledger_of

    catalogue, threshold = cube.definitions.catalogue, cube.definitions.campaign.thresholds.rank_coverage
    enough = np.ones(len(cube.tree(period).order), bool)
    for name in {ledger_of(catalogue[n], cube) for n in (i.index.names if i.index else (i.id,))} - {None}:
        ledger = cube.definitions.ledgers[str(name)]
        if ledger.name not in cube.definitions.filed_ledgers:
            continue
        c = cube.coverage(ledger.name, period)
        owed, answered = (c.due | c.known_in, c.known_in) if ledger.frequency == "once" else (c.due, c.filed & c.due)
        due, filed = owed.astype(np.int64), answered.astype(np.int64)
        if scope == "subtree":
            due, filed = cube.rollup(period).sums(due), cube.rollup(period).sums(filed)
        enough &= (due == 0) | (filed >= threshold * due)
    return enough


def _first_acts(cube: Cube, chosen: tuple[Act, ...], period: Period) -> Any:
    """Days from the campaign's first day to each unit's first act; inf where it filed and has none; nan where unknown."""
    tree, starts = cube.tree(period), cube.definitions.campaign.starts
    days = np.full(len(tree.order), np.inf)
    known = np.zeros(len(tree.order), bool)
    for act in chosen:
        ask = query.Ask(_measure(act), period, TO_DATE)
        ledger = cube.definitions.ledgers[act.ledger]
        known |= cube.known(ledger.name, TO_DATE, period, "own")
        # Of filings there is a table for each period; rows of the others know their dates.
        tables = [replace(ask, period=p) for p in _so_far(cube, period)] if ledger.kind == "filings" else [ask]
        for one in tables:
            for unit, first in _first_dates(cube, act, one):
                if unit in tree.position and first is not None:
                    at = tree.position[unit]
                    days[at] = min(days[at], (first - starts).days)
    return np.where(known, days, np.nan)


def _first_dates(cube: Cube, act: Act, ask: query.Ask) -> list[tuple[str, date | None]]:
    """(unit, the first day) of the rows that are such an act."""
    ledger = cube.definitions.ledgers[act.ledger]
    cube.make_ready(ledger.name, ask.period)
    when = query.expression(act.date, ask.period, cube.definitions) if act.date else "r.date"
    join = f"left join {query.register_on([ask.period.ends], cube.snapshot)} u on u.code = r.unit"
    rows: list[tuple[str, date | None]] = cube.snapshot.connection.sql(
        f"select r.unit, min(cast({when} as date)) from {query.source_of(ask, ledger, cube.snapshot, cube.definitions)} r {join} "
        f"where {query.condition_of(ask, ledger, cube.definitions)} group by r.unit").fetchall()
    return rows


def _so_far(cube: Cube, period: Period) -> Iterator[Period]:
    """The campaign's own periods up to the end of this one."""
    campaign = cube.definitions.campaign
    one = campaign.period_of(period.ends)
    while one.ends >= campaign.starts:
        if one.ends <= period.ends:
            yield one
        one = one.previous()


# Small things

def _at_level(cube: Cube, i: Indicator, period: Period, places: Any) -> tuple[float | None, int]:
    if i.index is not None:
        if i.index.way in ("gap", "rank_of"):
            raise JianbaoError(f"{i.title.zh} ({i.id}) has no value at a level.")
        return _median(own_values(cube, i, period)[places])
    v = cube.values(i.id, i.default_form, period, "own")
    if v.denominator is not None:
        known = ~np.isnan(v.numerator[places]) & (v.denominator[places] > 0)
        top, bottom = v.numerator[places][known].sum(), v.denominator[places][known].sum()
        return (float(top / bottom) if bottom else None), int(known.sum())
    if i.rolls_up not in ("sum", "stock") and i.aggregate != ("distinct", "unit") and not i.units_having:
        raise JianbaoError(f"{i.title.zh} ({i.id}) rolls up as {i.rolls_up} and cannot be told level by level.")
    known = ~np.isnan(v.numerator[places])
    return (float(v.numerator[places][known].sum()) if known.any() else None), int(known.sum())


def _median(own: Any) -> tuple[float | None, int]:
    """Of those rated, and how many they are."""
    own = own[~np.isnan(own)]
    return (_finite(np.median(own)) if len(own) else None), len(own)


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _medians(cube: Cube, period: Period, own: Any, places: Any) -> Any:
    """The median of the rated ones of `places` in each subtree. Half of them without an act yet: no median to tell."""
    kept = places[~np.isnan(own[places])]
    found = cube.rollup(period).medians(kept, own[kept])
    return np.where(np.isinf(found), np.nan, found)


def _rows(cube: Cube, i: Indicator, period: Period, scope: Scope) -> Any:
    """How many rows stand behind the index: those of its components."""
    rows = np.zeros(len(cube.tree(period).order), np.int64)
    for part, form, then in asked(i, period, cube):
        rows = rows + moved(cube, cube.values(part.id, form, then, scope).rows, then, period, 0).astype(np.int64)
    for ask in acts(i, period):
        rows = rows + cube.measured(ask.measure, ask.form, period, scope).rows
    return rows


def _measure(act: Act) -> Measure:
    return Measure(ledger=act.ledger, where=act.where, date=act.date, value="count()")
