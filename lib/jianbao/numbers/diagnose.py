"""Rules of `params/diagnosis.yml` applied to readings: what deserves attention, and what to do. Imports readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jianbao.definitions.campaign import Suggestion
from jianbao.definitions.expressions import combined_names, holds
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read


@dataclass(frozen=True)
class Verdict:
    """A rule that holds, with the readings it rests on."""

    rule: Suggestion
    evidence: tuple[Reading, ...]


def verdicts(cube: Cube, unit: str, period: Period, rules: Iterable[Suggestion] | None = None) -> list[Verdict]:
    """The rules that hold for the unit, in the file's order. What is not known triggers nothing."""
    found = []
    for rule in rules if rules is not None else cube.definitions.suggestions:
        names = combined_names(rule.when)
        readings = [read(cube, name, unit, period) for name in dict.fromkeys(names)]
        values = {name: r.value for name, r in zip(dict.fromkeys(names), readings, strict=True)}
        if holds(rule.when, values):
            found.append(Verdict(rule, tuple(readings)))
    return found
