"""The components of an index over all units: points over a goal, percentile ranks among peers, means of them.
Imports catalogue, period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, TO_DATE, Form, Indicator
from jianbao.definitions.index import Component, Index
from jianbao.definitions.period import Period

if TYPE_CHECKING:
    from jianbao.numbers.cube import Cube, Scope


@dataclass(frozen=True)
class Part:
    """One component over all units of the period's tree: points (0–100) and the figure behind them, nan where unknown.

    `side` is 0, or 1 for the second side of a rank gap.
    """

    title: str
    indicator: str
    points: Any
    raw: Any
    side: int = 0


def parts_of(cube: Cube, index: Index, period: Period, scope: Scope) -> list[Part]:
    """In the order of the definition."""
    if gap := index.rank_gap:
        return [_ranked(cube, c, period, gap.peers, side) for side, cs in enumerate((gap.first, gap.last)) for c in cs]
    return [_scored(cube, c, period, scope) for c in index.components]


def _scored(cube: Cube, c: Component, period: Period, scope: Scope) -> Part:
    """Over its goal and capped: more than the goal buys nothing."""
    i = cube.definitions.catalogue[c.of]
    raw = _raw(cube, c, i, period, scope)
    goal = _goal(cube, c, i, period, scope)
    with np.errstate(divide="ignore", invalid="ignore"):
        points = np.where(goal > 0, np.clip(raw / goal, 0, 1) * 100, np.nan)
    return Part(c.title or i.title.zh, i.id, np.where(np.isnan(raw), np.nan, points), raw)


def _ranked(cube: Cube, c: Component, period: Period, peers: int, side: int) -> Part:
    i = cube.definitions.catalogue[c.of]
    raw = _raw(cube, c, i, period, "own")
    if c.plan:
        with np.errstate(divide="ignore", invalid="ignore"):
            raw = np.where(_goal(cube, c, i, period, "own") > 0, raw / _goal(cube, c, i, period, "own"), np.nan)
    sign = -1 if i.better == "lower" else 1
    return Part(c.title or i.title.zh, i.id, _percentile_ranks(cube, period, sign * raw, peers), raw, side)


def _raw(cube: Cube, c: Component, i: Indicator, period: Period, scope: Scope) -> Any:
    """The figure itself; over several periods numerators and denominators are added, as far as they are known."""
    form = form_of(i, c)
    times = window(cube, period, c)
    if times == [period]:
        return cube.values(i.id, form, period, scope).value
    tree = cube.tree(period)
    top, bottom = np.full(len(tree.order), np.nan), np.full(len(tree.order), np.nan)
    ratio = False
    for then in times:
        v = cube.values(i.id, form, then, scope)
        top = _plus(top, moved(cube, v.numerator, then, period))
        if v.denominator is not None:
            ratio, bottom = True, _plus(bottom, moved(cube, v.denominator, then, period))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom == 0, np.nan, top / bottom) if ratio else top


def _goal(cube: Cube, c: Component, i: Indicator, period: Period, scope: Scope) -> Any:
    """What each unit's figure should have come to by now."""
    tree, catalogue = cube.tree(period), cube.definitions.catalogue
    if c.plan:
        plan = catalogue[c.plan]
        goal = cube.values(plan.id, plan.default_form, period, scope).value
    else:
        target = cube.definitions.targets.get(i.id)
        goal = np.full(len(tree.order), c.goal or (target.value if target else 1.0))
        if target and c.goal is None:
            for code, value in target.units.items():
                if code in tree.position:
                    goal[tree.position[code]] = value
    return goal * cube.elapsed(i, period) if c.by_schedule else goal


def mean_of(found: Sequence[Part], components: Sequence[Component], at_least: int) -> Any:
    """Weighted mean of the components that are known; nan with fewer than `at_least`."""
    points = np.array([p.points for p in found])
    weights = np.array([c.weight for c in components])[:, None]
    known = ~np.isnan(points)
    total = (np.where(known, points, 0) * weights).sum(axis=0)
    weight = (known * weights).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known.sum(axis=0) >= at_least, total / weight, np.nan)


def side_of(cube: Cube, index: Index, period: Period, side: int) -> Any:
    """Of a rank gap: the percentile rank of each unit's mean percentile rank, by its first side (0) or its last (1)."""
    gap = index.rank_gap
    assert gap is not None
    found = [p for p in parts_of(cube, index, period, "own") if p.side == side]
    return _percentile_ranks(cube, period, mean_of(found, gap.last if side else gap.first, gap.at_least), gap.peers)


def _percentile_ranks(cube: Cube, period: Period, figures: Any, at_least: int) -> Any:
    """0 for the lowest of its org type, 100 for the highest, the middle of their places for equals."""
    ranks = np.full(len(figures), np.nan)
    for places in _by_type(cube, period):
        known = places[~np.isnan(figures[places])]
        if len(known) < max(at_least, 2):
            continue
        x = np.round(figures[known], 9)         # binary dust is no difference
        order = np.sort(x)
        below, upto = np.searchsorted(order, x, "left"), np.searchsorted(order, x, "right")
        ranks[known] = (below + (upto - below - 1) / 2) / (len(x) - 1) * 100
    return ranks


def _by_type(cube: Cube, period: Period) -> list[Any]:
    groups: dict[str, list[int]] = {}
    for k, unit in enumerate(cube.tree(period).order):
        groups.setdefault(unit.org_type, []).append(k)
    return [np.array(places, np.int64) for places in groups.values()]


def window(cube: Cube, period: Period, c: Component) -> list[Period]:
    """The periods a component is read for."""
    return [p for p in period.last(c.last) if p.ends >= cube.definitions.campaign.starts] if c.last > 1 else [period]


def form_of(i: Indicator, c: Component) -> Form:
    if c.last > 1 and IN_PERIOD in i.forms:
        return IN_PERIOD
    return STOCK if STOCK in i.forms else TO_DATE if TO_DATE in i.forms else i.default_form


def moved(cube: Cube, array: Any, then: Period, now: Period, fill: float = np.nan) -> Any:
    """An array over the tree of `then` as one over the tree of `now`, by unit."""
    if cube.tree(then) is cube.tree(now):
        return array
    before = cube.tree(then).position
    return np.array([array[before[u.code]] if u.code in before else fill for u in cube.tree(now).order], float)


def _plus(a: Any, b: Any) -> Any:
    """Unknown only where both are."""
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, a + b))
