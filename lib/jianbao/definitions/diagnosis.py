"""Verdicts of `params/diagnosis.yml`: guards, conditions, evidence, and their thresholds in one place. Imports advice,
catalogue, expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from jianbao.definitions.advice import Suggestion
from jianbao.definitions.catalogue import Catalogue
from jianbao.definitions.expressions import BadExpression, mentions
from jianbao.definitions.ledger import Strict
from jianbao.errors import unknown

ToldTo = Literal["desk", "leader", "text"]
THRESHOLD = "threshold"         # conditions write threshold.name
FEW, MANY = "few", "many"       # the two thresholds that part 少数, 部分 and 多数
BEHIND, DISTANCE, PEERS = "behind", "distance", "peers"     # those of weak spots


def braces(text: str) -> list[str]:
    """The names in the braces of a sentence."""
    return re.findall(r"\{([^{}]*)\}", text)


class Threshold(Strict):
    """A limit with a name. `value` is in base units: 0.9 for 90 %; `note` says where it comes from."""

    title: str
    value: float
    unit: str = ""
    note: str = ""


STANDARD = {
    FEW: Threshold(title="少数：不超过", value=0.15, unit="%"),
    MANY: Threshold(title="部分：不超过，再多为多数", value=0.5, unit="%"),
    BEHIND: Threshold(title="薄弱环节：低于序时进度、低于同类中位数超过", value=0.1, unit="百分点"),
    DISTANCE: Threshold(title="薄弱环节：与同类单位中位数的稳健距离不小于", value=3.5, unit="倍"),
    PEERS: Threshold(title="同类单位不少于，才作比较", value=5, unit="个"),
}


class Value(Strict):
    """What a verdict's conditions call by a name.

    `what`: value, the figure itself; rated, how many units have one; filed, the share of the asked units that filed
    everything (needs no `of`); first and last, the sides of a rank gap.
    """

    of: str = ""
    what: Literal["value", "rated", "filed", "first", "last"] = "value"

    @model_validator(mode="after")
    def _fits(self) -> Value:
        if (self.what == "filed") == bool(self.of):
            raise ValueError("'of' is missing. Name an indicator." if not self.of else "filed is of no indicator: leave 'of' out.")
        return self


class Guard(Strict):
    """What must hold before anything is judged; `says` is printed when it does not."""

    when: str
    says: str


class UnitSet(Strict):
    """The units whose own values meet a condition, in each of the last `periods`."""

    title: str
    when: str
    periods: int = Field(default=1, ge=1)


class Verdict(Strict):
    """One judgement: it holds when all of `when` hold, and is not made when a guard fails or something is not known.

    Names in conditions are those of `values` (`heat`; `heat.上` at a level; `heat.previous` one period before), of `units`
    (`cold`, their number; `cold.share` of the rated ones) and thresholds (`threshold.gap`). Braces in sentences hold the
    same names; `{cold.word}` is 少数, 部分 or 多数, `{part}` the component that parts the first level from the last most,
    `{part.上}` what it is there. `told_to`: desk, the working paper; leader, an annex of the leader's copy; text, all.
    """

    id: str
    title: str
    told_to: ToldTo = "desk"
    values: dict[str, Value]
    guards: tuple[Guard, ...] = ()
    units: dict[str, UnitSet] = Field(default_factory=dict)
    when: tuple[str, ...]
    evidence: str
    caveat: str = ""
    parts_of: str = ""          # a value whose components are compared between the first level and the last

    @property
    def conditions(self) -> tuple[str, ...]:
        return (*(g.when for g in self.guards), *(u.when for u in self.units.values()), *self.when)

    @property
    def sentences(self) -> str:
        return "".join([*(g.says for g in self.guards), self.evidence, self.caveat])

    @property
    def thresholds(self) -> tuple[str, ...]:
        """The names of those it reads."""
        names = [*(m.text for text in self.conditions for m in mentions(text)), *braces(self.sentences)]
        said = [n.partition(".")[2] for n in names if n.startswith(THRESHOLD + ".")]
        words = [FEW, MANY] if ".word}" in self.evidence else []
        return tuple(dict.fromkeys([*said, *words]))

    @property
    def names(self) -> tuple[str, ...]:
        """What its conditions on the whole and its sentences call by name, in the order they are said."""
        said = [m.text for text in (*(g.when for g in self.guards), *self.when) for m in mentions(text)]
        return tuple(dict.fromkeys(n for n in (*said, *braces(self.sentences)) if not n.startswith(THRESHOLD + ".")))

    def wrong(self, catalogue: Catalogue, thresholds: Iterable[str], levels: Iterable[str]) -> list[str]:
        """What it names that is not there."""
        problems = [str(unknown("indicator", v.of, catalogue.names)) for v in self.values.values()
                    if v.of and v.of not in catalogue]
        try:
            said = self.names
            problems += [str(unknown("threshold", t, thresholds)) for t in self.thresholds if t not in set(thresholds)]
        except BadExpression as e:
            return [*problems, str(e)]
        problems += [f"units: {name}: a condition on single units reads values and thresholds, not {m.text!r}."
                     for name, chosen in self.units.items() for m in mentions(chosen.when)
                     if not m.text.startswith(THRESHOLD + ".")
                     and (m.text not in self.values or self.values[m.text].what in ("rated", "filed"))]
        known = set(self._names(levels))
        return [*problems, *(str(unknown("name", name, known)) for name in said if name not in known)]

    def _names(self, levels: Iterable[str]) -> list[str]:
        steps = ["", *(f".{level}" for level in levels)]
        found = [f"{name}{step}" for name in self.values for step in (*steps, ".previous")]
        found += [f"{name}{step}" for name in self.units for step in ("", ".share", ".word", ".rated")]
        return [*found, *([f"part{step}" for step in steps] if self.parts_of else [])]

    @model_validator(mode="after")
    def _fits(self) -> Verdict:
        if not self.when:
            raise ValueError("'when' is empty. Write at least one condition.")
        if twice := set(self.values) & set(self.units):
            raise ValueError(f"{', '.join(sorted(twice))} stands under values and under units. Give one of them another name.")
        if self.parts_of and self.parts_of not in self.values:
            raise ValueError(f"parts_of: {self.parts_of!r} is not among the values.")
        return self


class Diagnosis(Strict):
    """The whole file."""

    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    """By name. Those the library itself reads (STANDARD) are there, whether a campaign says them or not."""
    verdicts: tuple[Verdict, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Diagnosis:
        self.__dict__["thresholds"] = {**STANDARD, **self.thresholds}
        return self
