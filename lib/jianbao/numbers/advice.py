"""Rules of suggestions applied to readings: what to do, for whom, by when, and whether it moved. Imports readings, cube,
definitions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from jianbao.definitions.advice import ELAPSED, THRESHOLD, Concerned, Success, Suggestion
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.expressions import Mention, holds, mentions, truth
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.readings import Reading, read

# late and yellow are both yellow, red and overdue both red; "" is not known.
Standing = Literal["green", "late", "yellow", "red", "overdue", ""]
_DUST = 1e-9


@dataclass(frozen=True)
class Advice:
    """One rule for one unit and period. `concerned` are the listed value of each unit on the list, worst first; `looked_at`
    how many units something is known of. `target` is in base units; `severity` lies between 0 and 1."""

    rule: Suggestion
    concerned: tuple[Reading, ...]
    looked_at: int
    success: Reading | None
    target: float | None
    due: date
    severity: float

    @property
    def matter(self) -> str:
        """What is asked of those concerned, in a few words; "" when the rule does not say."""
        return self.rule.units.title if self.rule.units else ""

    @property
    def share(self) -> float:
        """Of the units looked at, those on the list; 1 for a rule without a list, which is everybody's."""
        return len(self.concerned) / self.looked_at if self.rule.units and self.looked_at else 1.0


def advise(cube: Cube, unit: str, period: Period, *, members: Collection[str] | None = None) -> list[Advice]:
    """The suggestions of a unit: step by step as the file has them, in a step the most severe first, routine ones last.

    What is not known triggers nothing, and what has reached its success needs no advice. With `members` (a liaison group's
    units) the rules that concern one of them, whatever holds for the whole.
    """
    found = [_advice(cube, rule, unit, period, members) for rule in cube.definitions.suggestions
             if not rule.gap and (members is not None or rule.routine or _triggered(cube, rule, unit, period))]
    found = [a for a in found if not _done(a)] if members is None else [a for a in found if a.concerned]
    steps = list(dict.fromkeys(rule.step for rule in cube.definitions.suggestions))
    return sorted(found, key=lambda a: (steps.index(a.rule.step), a.rule.routine, -a.severity))


def target_of(success: Success, cube: Cube, unit: str, period: Period) -> float | None:
    """What the indicator should reach: said with the rule, else the unit's own target, else the general one."""
    if success.target is not None:
        return success.target
    if success.reach is not None:
        return read(cube, success.reach, unit, period).value
    target = cube.definitions.targets.get(cube.definitions.catalogue[success.indicator].id)
    return None if target is None else target.units.get(unit, target.value)


def better_up(i: Indicator, target: float, value: float | None) -> bool:
    """Whether more is better: as the indicator says, else towards the target."""
    return i.better == "higher" if i.better != "none" else value is None or target >= value


def reached(i: Indicator, target: float, value: float, *, then: float | None = None) -> bool:
    return value >= target - _DUST if better_up(i, target, then if then is not None else value) else value <= target + _DUST


def severity(i: Indicator, value: float | None, target: float | None, base: float | None = None) -> float:
    """(target − value) ÷ target, between 0 and 1, in the direction the indicator names. Towards 0 there is nothing to divide
    by: then value ÷ `base`, or the value itself where it is a share, or 1."""
    if value is None or target is None or reached(i, target, value):
        return 0.0
    gap = abs(target - value)
    whole = abs(target) or base or (1.0 if i.is_percent or i.scale == 0.01 else gap)
    return min(gap / whole, 1.0)


def standing(i: Indicator, *, then: float | None, now: float | None, target: float, due: date, on: date,
             first_due: date | None = None) -> Standing:
    """How a suggestion stands at the end of `on`, for an indicator that stood at `then` when it was made.

    green: reached by its (first) due day; late: reached after it; yellow: moved towards the target; red: not moved;
    overdue: past its due day; "" where nothing is known now.
    """
    if now is None:
        return ""
    if reached(i, target, now, then=then):
        return "green" if on <= (first_due or due) else "late"
    if on > due:
        return "overdue"
    if then is None:
        return "red"
    moved = now - then if better_up(i, target, then) else then - now
    return "yellow" if moved > _DUST else "red"


def _done(a: Advice) -> bool:
    s = a.success
    return s is not None and s.value is not None and a.target is not None and reached(s.indicator, a.target, s.value)


def _triggered(cube: Cube, rule: Suggestion, unit: str, period: Period) -> bool:
    values = _Values(cube, period, "subtree")
    return any(holds(text, values.of(text, unit)) for text in rule.any)


def _advice(cube: Cube, rule: Suggestion, unit: str, period: Period, members: Collection[str] | None) -> Advice:
    concerned, looked_at = _concerned(cube, rule.units, unit, period, members) if rule.units else ((), 0)
    success, target, size = None, None, 0.0
    if rule.success is not None:
        success = read(cube, rule.success.indicator, unit, period, form=rule.success.form)
        target = target_of(rule.success, cube, unit, period)
        base = read(cube, rule.success.base, unit, period).value if rule.success.base else None
        size = severity(success.indicator, success.value, target, base)
    share = len(concerned) / looked_at if rule.units and looked_at else 1.0
    return Advice(rule, concerned, looked_at, success, target, rule.due.after(period), size * share)


def _concerned(cube: Cube, units: Concerned, unit: str, period: Period,
               members: Collection[str] | None) -> tuple[tuple[Reading, ...], int]:
    """The units on the list, worst first, and of how many units the condition could be told."""
    tree = cube.tree(period)
    scope: Scope = "own" if units.of == "units" else "subtree"
    below = tree.subtree(unit) if units.of == "units" else tree.children(unit) or [tree[unit]]
    values = _Values(cube, period, scope)
    known = {u.code: truth(units.when, values.of(units.when, u.code))
             for u in below if members is None or u.code in members}
    listed = [read(cube, units.value, code, period, scope=scope) for code, held in known.items() if held]
    worst = -1.0 if cube.definitions.catalogue[units.value].better == "lower" else 1.0
    listed.sort(key=lambda r: (r.value is None, worst * (r.value or 0.0)))
    return tuple(listed), sum(held is not None for held in known.values())


class _Values:
    """The values of conditions for one unit after another: each indicator is asked once for all of them."""

    def __init__(self, cube: Cube, period: Period, scope: Scope) -> None:
        self.cube, self.period, self.scope = cube, period, scope
        self.thresholds = cube.definitions.diagnosis.thresholds

    def of(self, text: str, unit: str) -> Mapping[str, float | None]:
        return {m.text: self._value(m, unit) for m in mentions(text)}

    def _value(self, m: Mention, unit: str) -> float | None:
        cube, then = self.cube, m.of(self.period)
        if m.indicator.startswith(THRESHOLD):
            return self.thresholds[m.indicator.removeprefix(THRESHOLD)].value
        if then.ends < cube.definitions.campaign.starts:
            return None
        if m.indicator == ELAPSED:
            return cube.definitions.campaign.elapsed(then.ends)
        at = cube.tree(then).position.get(unit)
        if at is None:
            return None
        i = cube.definitions.catalogue[m.indicator]
        value = float(cube.values(i.id, m.form or i.default_form, then, self.scope).value[at])
        return None if value != value else value


def gaps(rules: Iterable[Suggestion], printed: Collection[str]) -> list[tuple[Suggestion, str]]:
    """(rule, measure) for every measure none of whose indicators is among the `printed` codes."""
    return [(rule, measure) for rule in rules for measure, codes in rule.gap.items() if not set(codes) & set(printed)]
