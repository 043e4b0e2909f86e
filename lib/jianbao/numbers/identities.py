"""Identities of `params/identities.yml` tried on readings: held, violated, or not to be said. Imports named, cube, readings.

Only what identities name is read; values come from the cube's arrays, readings are made for what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.expressions import Comparison, Mention, combine, mentions, truth
from jianbao.definitions.identity import Identity
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.named import ELAPSED, readings_named
from jianbao.numbers.readings import Reading

DUST = 1e-9     # of binary sums: 0.1 + 0.2 equals 0.3 here


@dataclass(frozen=True)
class Compared:
    """One comparison with its two values in base units; `holds` is None where either is not known."""

    comparison: Comparison
    left: float | None
    right: float | None
    holds: bool | None


@dataclass(frozen=True)
class Checked:
    """An identity tried on one unit and period."""

    identity: Identity
    unit: Unit
    period: Period
    scope: Scope
    compared: tuple[Compared, ...]
    cube: Cube = field(repr=False, compare=False)

    @property
    def holds(self) -> bool | None:
        """False where one comparison fails; None (数据不足) where none fails and one cannot be said."""
        said = [c.holds for c in self.compared]
        return False if False in said else None if None in said else True

    @property
    def failed(self) -> tuple[Compared, ...]:
        return tuple(c for c in self.compared if c.holds is False)

    @cached_property
    def readings(self) -> Mapping[str, Reading | None]:
        """By the text of each name in the check; None where the period meant is before the campaign or the unit."""
        return readings_named(self.cube, self.identity.check, self.unit.code, self.period, scope=self.scope)


def check(cube: Cube, identity: Identity, unit: str, period: Period, *, scope: Scope = "subtree") -> Checked:
    """One identity for one unit, whatever its `units` and `when` say: what a claim about that unit rests on."""
    return _checked(cube, identity, [cube.at(unit, period)], period, scope)[0]


def checked(cube: Cube, unit: str, period: Period, *, members: Sequence[str] | None = None) -> list[Checked]:
    """Every identity for the units it asks for, of `unit` and those below, in the file's order; only where its `when` holds.

    `members`: of these units alone, each by itself (a liaison group's); identities of the whole are left out.
    """
    tree = cube.tree(period)
    found: list[Checked] = []
    for identity in cube.definitions.identities.identities:
        if identity.check:
            units = [tree.position[u] for u in _units(cube, identity, unit, period, members)]
            found += _checked(cube, identity, _applying(cube, identity, units, period), period, identity.scope)
    return found


def violations(cube: Cube, unit: str, period: Period, *, members: Sequence[str] | None = None) -> list[Checked]:
    """Those of `checked` that do not hold. What is not known violates nothing."""
    return [c for c in checked(cube, unit, period, members=members) if c.holds is False]


def _units(cube: Cube, identity: Identity, unit: str, period: Period, members: Sequence[str] | None) -> Iterable[str]:
    tree = cube.tree(period)
    if members is not None:
        return [] if identity.units == "root" else [u for u in members if u in tree]
    match identity.units:
        case "root":
            return [unit] if unit == cube.definitions.campaign.root else []
        case "unit":
            return [unit]
        case "children":
            return [unit, *(u.code for u in tree.children(unit))]
    return [u.code for u in tree.subtree(unit)]


def _applying(cube: Cube, identity: Identity, places: list[int], period: Period) -> list[int]:
    """The places where `when` holds; unknown does not."""
    if identity.when is None:
        return places
    rows = _values(cube, mentions(identity.when), places, period, identity.scope)
    return [at for at, values in zip(places, rows, strict=True) if truth(identity.when, values)]


def _checked(cube: Cube, identity: Identity, places: Sequence[int], period: Period, scope: Scope) -> list[Checked]:
    order = cube.tree(period).order
    printed = cube.definitions.campaign.rounding if identity.printed else ""
    rows = _values(cube, mentions(identity.check), places, period, scope, printed)
    return [Checked(identity, order[at], period, scope, tuple(_compared(c, values, identity.tolerance)
                                                              for c in identity.comparisons), cube)
            for at, values in zip(places, rows, strict=True)]


def _values(cube: Cube, names: Sequence[Mention], places: Sequence[int], period: Period, scope: Scope,
            printed: str = "") -> Iterator[dict[str, float | None]]:
    """For each place the value of every mention, as `combine` wants them. Whole columns are read at once."""
    columns = [_column(cube, m, places, period, scope) for m in names]
    known = [cube.definitions.catalogue[m.indicator] if printed and m.indicator != ELAPSED else None for m in names]
    for k in range(len(places)):
        row: dict[str, float | None] = {}
        for m, i, column in zip(names, known, columns, strict=True):
            value = column[k]
            row[m.text] = value if i is None or value is None else _as_printed(value, i, printed)
        yield row


def _column(cube: Cube, m: Mention, places: Sequence[int], period: Period, scope: Scope) -> list[float | None]:
    if m.indicator == ELAPSED:
        return [cube.definitions.campaign.elapsed(period.ends)] * len(places)
    then = m.of(period)
    if then.ends < cube.definitions.campaign.starts:
        return [None] * len(places)
    i = cube.definitions.catalogue[m.indicator]
    values: Any = cube.values(i.id, m.form or i.default_form, then, scope).value
    order, position = cube.tree(period).order, cube.tree(then).position
    found: list[float | None] = []
    for at in places:
        there = at if then == period else position.get(order[at].code, -1)
        value = float(values[there]) if there >= 0 else float("nan")
        found.append(None if value != value else value)
    return found


def _compared(c: Comparison, values: Mapping[str, float | None], tolerance: float) -> Compared:
    left, right = combine(c.left, values), combine(c.right, values)
    if left is None or right is None:
        return Compared(c, left, right, None)
    gap, dust = left - right, DUST * max(1.0, abs(left), abs(right))
    near = abs(gap) <= max(dust, tolerance * abs(right) + dust if tolerance else 0)
    holds = {"=": near, "<>": not near, "<=": gap <= dust, "<": gap < -dust, ">=": gap >= -dust, ">": gap > dust}[c.sign]
    return Compared(c, left, right, holds)


def _as_printed(value: float, i: Indicator, rule: str) -> float:
    """The value as the reader sees it, in base units: 1.6 that prints as 2 is 2."""
    if i.decimals is None:
        return value
    scale = Decimal("0.01") if i.is_percent else Decimal(repr(float(i.scale)))
    mode = ROUND_HALF_EVEN if rule == "half_even" else ROUND_HALF_UP
    shown = (Decimal(f"{value:.13g}") / scale).quantize(Decimal(1).scaleb(-i.decimals), rounding=mode)
    return float(shown * scale)
