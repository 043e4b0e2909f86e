"""Figures derived from readings, each by a named rule. Imports readings, definitions.

Differences are taken of unrounded values; rounding is for print.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, Form, Indicator, Measure
from jianbao.definitions.expressions import combine
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.numbers.cube import Cube
from jianbao.numbers.made_of import ELAPSED, form_of, measure_form, named, part_form
from jianbao.numbers.readings import Reading, Readings, ledger_of

Direction = Literal["up", "down", "same"]


@dataclass(frozen=True)
class Change:
    """Now against before. `same_coverage`: both sides are sums over the units that filed both times (同口径)."""

    now: float
    before: float
    reading: Reading
    against: Period
    same_coverage: bool = False

    @property
    def difference(self) -> float:
        return self.now - self.before

    @property
    def growth(self) -> float | None:
        """Relative change; None over a zero base."""
        return self.difference / abs(self.before) if self.before else None

    @property
    def direction(self) -> Direction:
        return "same" if abs(self.difference) < 1e-12 else "up" if self.difference > 0 else "down"


@dataclass(frozen=True)
class Withheld:
    """A change that is not printed, and why."""

    reason: str


@dataclass(frozen=True)
class Schedule:
    """Progress against the time gone by (序时). Method: docs/methods/schedule.md"""

    progress: float
    elapsed: float
    reading: Reading

    @property
    def gap(self) -> float:
        return self.progress - self.elapsed


@dataclass(frozen=True)
class Share:
    part: float
    whole: float
    of: Unit
    reading: Reading

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True)
class Rank:
    """Competition ranking: 1, 2, 2, 4. `tied` are the others with the same value."""

    place: int
    among: int
    tied: tuple[Unit, ...]
    reading: Reading


def change(reading: Reading, against: Period | None = None) -> Change | Withheld | None:
    """环比: against the previous period (or `against`); None when there is nothing to compare with.

    A flow over different sets of filers is compared on the units that filed both times, or withheld when those are too
    few; what is read to date or at a point in time is withheld when too few filed this time.
    Method: docs/methods/on-previous.md
    """
    then = against or reading.period.previous()
    before, cube = reading.on(then), reading.cube
    if before is None and reading.value is not None and then.ends >= cube.definitions.campaign.starts:
        return _before_merger(reading, then)
    if before is None or reading.value is None or before.value is None:
        return None
    threshold = cube.definitions.campaign.thresholds.same_coverage
    if reading.form != IN_PERIOD:
        # What is carried forward stands still; with few filings that is no news of the work.
        if reading.due and reading.filed / reading.due < threshold:
            return Withheld(f"本期报送只有应报的{reading.filed / reading.due:.0%}，低于{threshold:.0%}，不作比较")
        return Change(reading.value, before.value, reading, before.period)
    name = ledger_of(reading.indicator, cube)
    if name is None or not cube.definitions.ledgers[name].is_filed:
        return Change(reading.value, before.value, reading, before.period)
    now_filed, before_filed = _filed(reading, name), _filed(before, name)
    if now_filed == before_filed or cube.definitions.ledgers[name].by_office:
        return Change(reading.value, before.value, reading, before.period)
    # Units merged since are taken together: they filed if all of them did.
    heir = _heirs(before, reading)
    silent = {heir(u) for u in _due(before, name) - before_filed}
    was = {heir(u) for u in before_filed}
    if now_filed == was and not was & silent:
        return Change(reading.value, before.value, reading, before.period)
    common, due = now_filed & (was - silent), _due(reading, name)
    share = len(common & due) / len(due) if due else 1.0
    if share < threshold:
        return Withheld(f"两期都报送的单位只占应报单位的{share:.0%}，低于{threshold:.0%}，不作比较")
    values = [_on(reading, common), _on(before, frozenset(u for u in before_filed if heir(u) in common))]
    if values[0] is None or values[1] is None:
        return Withheld("两期报送单位不同，且不能按相同单位重算")
    return Change(values[0], values[1], reading, before.period, same_coverage=True)


def _before_merger(reading: Reading, then: Period) -> Change | Withheld | None:
    """A unit that was not there yet, against all that were merged into it; None when it simply began."""
    cube, tree = reading.cube, reading.cube.tree(reading.period)
    merged = [u for u in cube.places.register.predecessors(tree.day).get(reading.unit.code, ()) if u in cube.tree(then)]
    if not merged or reading.value is None:
        return None
    name = ledger_of(reading.indicator, cube)
    if reading.form == IN_PERIOD and name is not None and cube.definitions.ledgers[name].is_filed:
        c, position = cube.coverage(name, then), cube.tree(then).position
        if any(c.due[position[u]] and not c.filed[position[u]] for u in merged):
            return Withheld("并入的单位上期没有报齐，不作比较")
    units = frozenset(u.code for code in merged for u in cube.tree(then).subtree(code))
    before = _over(reading.indicator, reading.form, then, cube, units)
    return None if before is None else Change(reading.value, before, reading, then, same_coverage=True)


def _heirs(before: Reading, now: Reading) -> Callable[[str], str]:
    """unit of the earlier tree → the one that stands for it now: itself, or the one it was merged into."""
    cube, tree = now.cube, now.cube.tree(now.period)
    return lambda code: cube.places.heir(code, tree) or code


def on_previous(readings: Readings) -> list[Change | Withheld | None]:
    """环比 of each reading."""
    return [change(r) for r in readings]


def year_on_year(readings: Readings) -> list[Change | Withheld | None]:
    """同比, only where a year-ago period of the campaign exists."""
    return [change(r, r.period.year_ago()) for r in readings]


def completion(reading: Reading) -> float | None:
    """完成率: value ÷ target; may exceed 1. None without a target."""
    target = reading.cube.definitions.targets.get(reading.indicator.id)
    if target is None or reading.value is None:
        return None
    goal = target.units.get(reading.unit.code, target.value)
    return reading.value / goal if goal else None


def schedule_of(reading: Reading) -> Schedule | None:
    """序时: completion against the elapsed share of the target's own time, or the campaign's."""
    done = completion(reading)
    if done is None:
        done = reading.value if reading.indicator.is_percent else None
    if done is None:
        return None
    return Schedule(done, reading.cube.elapsed(reading.indicator, reading.period), reading)


def schedule(readings: Readings) -> list[Schedule | None]:
    return [schedule_of(r) for r in readings]


def share_of(reading: Reading, of: str | None = None) -> Share | None:
    """占比: of the unit above (or `of`). None at the root, for ratios, and without a value."""
    tree = reading.cube.tree(reading.period)
    path = tree.path(reading.unit.code)
    if of is None and len(path) < 2:
        return None
    whole = replace(reading, scope="subtree").of(of or path[-2].code)
    if reading.value is None or whole.value is None or reading.denominator is not None:
        return None
    return Share(reading.value, whole.value, whole.unit, reading)


def share(readings: Readings) -> list[Share | None]:
    return [share_of(r) for r in readings]


def ranked(readings: Iterable[Reading]) -> list[Rank]:
    """The readings that may be ranked, best first. Units without enough filings are out, never last."""
    kept = [r for r in readings if rankable(r)]
    if not kept or not kept[0].indicator.ranked:
        return []
    sign = -1 if kept[0].indicator.better == "higher" else 1
    order = sorted(kept, key=lambda r: sign * round(_value(r), 12))
    values = [round(_value(r), 12) for r in order]
    return [Rank(place=values.index(v) + 1, among=len(order), reading=r,
                 tied=tuple(o.unit for o, w in zip(order, values, strict=True) if w == v and o is not r))
            for r, v in zip(order, values, strict=True)]


def rank(readings: Readings) -> list[Rank | None]:
    """位次 of each reading among its peers in `readings`: the same indicator and the same org type."""
    found: dict[tuple[str, str], Rank] = {}
    for i in readings.indicators:
        groups: dict[str, list[Reading]] = {}
        for r in readings:
            if r.indicator.id == i.id:
                groups.setdefault(r.unit.org_type, []).append(r)
        for group in groups.values():
            for item in ranked(group):
                found[i.id, item.reading.unit.code] = item
    return [found.get((r.indicator.id, r.unit.code)) for r in readings]


def rankable(reading: Reading) -> bool:
    """Has a value, and enough of its units have filed."""
    if reading.value is None:
        return False
    threshold = reading.cube.definitions.campaign.thresholds.rank_coverage
    return not reading.due or reading.filed / reading.due >= threshold


def peers(reading: Reading) -> list[Reading]:
    """The unit's own siblings of the same org type, itself included."""
    tree = reading.cube.tree(reading.period)
    path = tree.path(reading.unit.code)
    if len(path) < 2:
        return [reading]
    return [reading.of(u.code) for u in tree.children(path[-2].code) if u.org_type == reading.unit.org_type]


def comparable_children(reading: Reading) -> list[Reading]:
    """The unit's children of one org type: the first of the campaign's `peers` present, else the most frequent."""
    children = reading.cube.tree(reading.period).children(reading.unit.code)
    types = [u.org_type for u in children]
    preferred = [t for t in reading.cube.definitions.campaign.peers if types.count(t) > 1]
    chosen = preferred[0] if preferred else max(types, key=types.count, default="")
    return [reading.of(u.code) for u in children if u.org_type == chosen]


def contributions(readings: Readings) -> list[float | None]:
    """拉动: each unit's part of the whole's change, in percentage points of the whole's previous value.

    They sum to the whole's growth when `readings` are all the parts. None where either period is unknown.
    Method: docs/methods/contributions.md
    """
    changes = [change(r) for r in readings]
    base = sum(c.before for c in changes if isinstance(c, Change))
    return [c.difference / base if isinstance(c, Change) and base else None for c in changes]


def _filed(reading: Reading, ledger: str) -> frozenset[str]:
    """Units that answered for the period; what is asked once stays answered."""
    c = reading.cube.coverage(ledger, reading.period)
    return _units(reading, c.known_in if _once(reading, ledger) else c.filed)


def _due(reading: Reading, ledger: str) -> frozenset[str]:
    c = reading.cube.coverage(ledger, reading.period)
    return _units(reading, c.due | c.known_in if _once(reading, ledger) else c.due)


def _once(reading: Reading, ledger: str) -> bool:
    return reading.cube.definitions.ledgers[ledger].frequency == "once"


def _units(reading: Reading, chosen: Any) -> frozenset[str]:
    tree = reading.cube.tree(reading.period)
    at = tree.position[reading.unit.code]
    last = tree.ends[at] if reading.scope == "subtree" else at + 1
    units = frozenset(tree.order[k].code for k in range(at, last) if chosen[k])
    source = reading.indicator.authority
    # Above the source unit only what it filed is printed.
    return units & {source} if source in units and source != reading.unit.code and reading.scope == "subtree" else units


def _on(reading: Reading, units: frozenset[str]) -> float | None:
    """The reading over `units` only, from their own rows; None when it cannot be counted so."""
    return _over(reading.indicator, reading.form, reading.period, reading.cube, units)


def _over(i: Indicator, form: Form, period: Period, cube: Cube, units: frozenset[str]) -> float | None:
    catalogue = cube.definitions.catalogue
    if i.index is not None:
        return None
    if i.combine is not None:
        values: dict[str, float | None] = {ELAPSED: cube.elapsed(i, period)}
        for m in named(i):
            then = m.of(period)
            values[m.text] = None if then.ends < cube.definitions.campaign.starts else _over(
                catalogue[m.indicator], form_of(m, catalogue[m.indicator], form), then, cube, units)
        return combine(i.combine, values)
    if i.numerator is not None and i.denominator is not None:
        top, bottom = (
            _over(catalogue[part], part_form(catalogue[part], form), period, cube, units) if isinstance(part, str)
            else _leaf_over(part, measure_form(part, form, cube.definitions), period, cube, units)
            for part in (i.numerator, i.denominator))
        return top / bottom if top is not None and bottom else None
    return _leaf_over(i, form, period, cube, units)


def _leaf_over(m: Measure, form: Form, period: Period, cube: Cube, units: frozenset[str]) -> float | None:
    position = cube.tree(period).position
    places = np.array(sorted(position[u] for u in units if u in position), np.int64)
    leaf = cube.leaf(m, form, period)
    if leaf.lists is None:
        return float(leaf.own[places].sum())
    at, values, stands = leaf.lists
    values = values[stands & np.isin(at, places)]
    if m.aggregate[0] == "distinct":
        return float(len(np.unique(values)))
    return float(np.median(values)) if len(values) else None


def _value(reading: Reading) -> float:
    assert reading.value is not None
    return reading.value
