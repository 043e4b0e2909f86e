"""Verdicts of `params/diagnosis.yml`: guards first, then conditions, with everything they rest on. Imports indices, readings.

What is not known decides nothing: then no judgement is made, and the outcome says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.diagnosis import FEW, MANY, THRESHOLD, Threshold, UnitSet, Value, Verdict
from jianbao.definitions.expressions import mentions, truth
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.numbers import indices
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read

State = Literal["held", "not held", "insufficient"]


@dataclass(frozen=True)
class Found:
    """A number a verdict calls by name. A figure prints as its indicator, a count as units, a share as a percentage;
    `reading` is the figure's own when it is the unit's."""

    value: float | None
    kind: Literal["figure", "count", "share"]
    indicator: Indicator | None = None
    reading: Reading | None = None


@dataclass(frozen=True)
class Chosen:
    """The units that meet a condition, in the order of the tree, of so many of which everything needed is known. `known` is
    False when the periods to look at are not there yet."""

    title: str
    units: tuple[Unit, ...]
    rated: int
    periods: int
    known: bool = True

    @property
    def share(self) -> float | None:
        return len(self.units) / self.rated if self.known and self.rated else None


@dataclass(frozen=True)
class PartGap:
    """A component of an index at each level, in points; the median of the units that have it."""

    title: str
    by_level: Mapping[str, float | None]

    @property
    def gap(self) -> float | None:
        """The first level less the last."""
        values = list(self.by_level.values())
        return None if not values or values[0] is None or values[-1] is None else values[0] - values[-1]


@dataclass(frozen=True)
class Outcome:
    """What became of one verdict. `why` says which guards failed or what is not known, when it was not judged.

    `found` holds every name of its conditions and of its evidence; `parts` are the components, the widest gap first.
    """

    rule: Verdict
    unit: Unit
    period: Period
    state: State
    why: tuple[str, ...]
    found: Mapping[str, Found]
    chosen: Mapping[str, Chosen]
    thresholds: Mapping[str, Threshold]
    parts: tuple[PartGap, ...]


def outcomes(cube: Cube, unit: str, period: Period, rules: Iterable[Verdict] | None = None) -> list[Outcome]:
    """Every verdict for a unit with all below it, in the file's order, whatever became of it."""
    rules = cube.definitions.diagnosis.verdicts if rules is None else rules
    return [_Case(cube, rule, unit, period).outcome for rule in rules]


def word_for(share: float | None, thresholds: Mapping[str, Threshold]) -> str:
    """少数, 部分 or 多数 of a share of units; "" when there is none."""
    if share is None:
        return ""
    return "少数" if share <= thresholds[FEW].value else "部分" if share <= thresholds[MANY].value else "多数"


class _Case:
    """One verdict on one unit."""

    def __init__(self, cube: Cube, rule: Verdict, unit: str, period: Period) -> None:
        self.cube, self.rule, self.unit, self.period = cube, rule, unit, period
        self.chosen = {name: self._chosen(u) for name, u in rule.units.items()}
        self._levels: dict[tuple[str, str], Mapping[str, indices.LevelValue]] = {}

    @property
    def outcome(self) -> Outcome:
        d = self.cube.definitions.diagnosis
        state, why = self._judged()
        return Outcome(self.rule, self.cube.tree(self.period)[self.unit], self.period, state, why, dict(self.found), self.chosen,
                       {name: d.thresholds[name] for name in self.rule.thresholds}, self.parts)

    def _judged(self) -> tuple[State, tuple[str, ...]]:
        values = {**{name: f.value for name, f in self.found.items()}, **_limits(self.cube)}
        failed = [g.says for g in self.rule.guards if not truth(g.when, values)]
        if failed:
            return "insufficient", tuple(failed)
        answers = [truth(text, values) for text in self.rule.when]
        if False in answers:
            return "not held", ()
        if None in answers:
            names = [m.text for text, a in zip(self.rule.when, answers, strict=True) if a is None for m in mentions(text)]
            return "insufficient", tuple(dict.fromkeys(self._unknown(n) for n in names if values[n] is None))
        return "held", ()

    @cached_property
    def found(self) -> dict[str, Found]:
        """Every name of the conditions on the whole and of the sentences, in the order they are said."""
        levels, names = self.cube.definitions.campaign.levels, dict[str, None]()
        for n in self.rule.names:
            first, _, step = n.partition(".")       # one level asked: all are found, for the table of levels
            names |= dict.fromkeys(f"{first}.{level}" for level in levels) if step in levels else {n: None}
        return {n: self._find(n) for n in names if not (n == "part" or n.startswith("part.") or n.endswith(".word"))}

    def _find(self, text: str) -> Found:
        name, _, step = text.partition(".")
        if name in self.chosen:
            c = self.chosen[name]
            if step == "share":
                return Found(c.share, "share")
            return Found(float(c.rated if step == "rated" else len(c.units)) if c.known else None, "count")
        v = self.rule.values[name]
        i = self.cube.definitions.catalogue[v.of] if v.of else None
        kind: Any = {"rated": "count", "filed": "share"}.get(v.what, "figure")
        if step == "previous":
            before = self.period.previous()
            there = before.ends >= self.cube.definitions.campaign.starts and self.unit in self.cube.tree(before)
            return self._whole(v, i, kind, before) if there else Found(None, kind, i)
        return Found(self._at(v, i, step), kind, i) if step else self._whole(v, i, kind, self.period)

    def _whole(self, v: Value, i: Indicator | None, kind: Any, period: Period) -> Found:
        """Of the unit with all below it."""
        if v.what == "filed":
            filed = indices.filed_units(self.cube, period)
            mine = [filed[u.code] for u in self.cube.tree(period).subtree(self.unit) if u.code in filed]
            return Found(sum(mine) / len(mine) if mine else None, kind)
        assert i is not None
        if v.what == "value" and i.allows("subtree"):
            reading = read(self.cube, i.id, self.unit, period)
            return Found(reading.value, kind, i, reading)
        own = self._own(v, i, period)[self._places(period)]
        own = own[~np.isnan(own)]
        if v.what == "rated":
            return Found(float(len(own)), kind, i)
        return Found(float(np.median(own)) if len(own) else None, kind, i)

    def _at(self, v: Value, i: Indicator | None, level: str) -> float | None:
        of = i.id if i is not None else ""
        key = (of, v.what)
        if key not in self._levels:
            self._levels[key] = (indices.by_level(self.cube, of, self.period, self.unit, v.what) if of
                                 else indices.filing_by_level(self.cube, self.period, self.unit))
        at = self._levels[key][level]
        return at.coverage if v.what == "filed" else float(at.rated) if v.what == "rated" else at.value

    def _own(self, v: Value, i: Indicator, period: Period) -> Any:
        if v.what in ("first", "last"):
            return indices.sides(self.cube, i.id, period)[v.what == "last"]
        return self.cube.values(i.id, i.default_form, period, "own").value

    def _places(self, period: Period) -> Any:
        """The unit and all below, of those that file."""
        tree = self.cube.tree(period)
        first = tree.position[self.unit]
        return np.array([k for k in range(first, tree.ends[first]) if tree.order[k].files], np.int64)

    def _chosen(self, wanted: UnitSet) -> Chosen:
        period, rated, kept = self.period, -1, set[str]()
        for n in range(wanted.periods):
            if period.ends < self.cube.definitions.campaign.starts or self.unit not in self.cube.tree(period):
                return Chosen(wanted.title, (), 0, wanted.periods, known=False)
            meeting, known = self._meeting(wanted.when, period)
            kept, rated = (kept & meeting if n else meeting), (rated if n else known)
            period = period.previous()
        tree = self.cube.tree(self.period)
        return Chosen(wanted.title, tuple(u for u in tree.order if u.code in kept), rated, wanted.periods)

    def _meeting(self, when: str, period: Period) -> tuple[set[str], int]:
        """The units a condition holds for, and how many it can be said of."""
        order, limits, catalogue = self.cube.tree(period).order, _limits(self.cube), self.cube.definitions.catalogue
        names = [m.text for m in mentions(when) if m.text not in limits]
        own = {n: self._own(self.rule.values[n], catalogue[self.rule.values[n].of], period) for n in names}
        places = self._places(period)
        known = [k for k in places if not any(np.isnan(own[n][k]) for n in names)]
        return {order[k].code for k in known if truth(when, {**limits, **{n: float(own[n][k]) for n in names}})}, len(known)

    @property
    def parts(self) -> tuple[PartGap, ...]:
        if not self.rule.parts_of:
            return ()
        levels = indices.at_levels(self.cube, self.period, self.unit)
        found = []
        for part in indices.parts(self.cube, self.rule.values[self.rule.parts_of].of, self.period):
            points = {name: part.points[places][~np.isnan(part.points[places])] for name, places in levels.items()}
            found.append(PartGap(part.title, {name: float(np.median(x)) if len(x) else None for name, x in points.items()}))
        return tuple(sorted(found, key=lambda p: -np.inf if p.gap is None else p.gap, reverse=True))

    def _unknown(self, name: str) -> str:
        first, _, step = name.partition(".")
        if first in self.rule.units:
            wanted = self.rule.units[first]
            return f"“{wanted.title}”要看连续{wanted.periods}期，目前期数不够。" if wanted.periods > 1 else f"“{wanted.title}”无从统计。"
        of = self.rule.values[first].of
        title = self.cube.definitions.catalogue[of].title.zh if of else "报送"
        return f"{title}{f'（{step}）' if step and step != 'previous' else ''}没有数据。"


def _limits(cube: Cube) -> dict[str, float]:
    return {f"{THRESHOLD}.{name}": t.value for name, t in cube.definitions.diagnosis.thresholds.items()}
