"""Suggestions of `params/diagnosis.yml`: what to do when a condition on indicators holds. Plain data; imports ledger,
expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from jianbao.definitions.catalogue import Catalogue, Form
from jianbao.definitions.expressions import BadExpression, combined_names, mentions
from jianbao.definitions.ledger import Strict
from jianbao.definitions.period import Period
from jianbao.errors import unknown

THRESHOLD = "threshold."        # conditions write threshold.name for a limit of the same file
ELAPSED = "elapsed"
# What the sentences of a rule may ask for beside indicators; braces around them.
WORDS = ("涉及单位数", "涉及单位", "期限")


class Concerned(Strict):
    """The units a suggestion is for. `title` is the matter in a few words; `target` what one unit should reach, where that
    is not what the rule's success asks of the whole.

    `of: units` looks at every unit by its own rows, `of: children` at the next level with all below it. A unit is on the
    list when `when` holds for it; a unit of which nothing is known is neither on the list nor among those looked at.
    """

    when: str
    value: Annotated[str, Field(description="the indicator the list shows, and orders by")]
    of: Literal["units", "children"] = "units"
    title: str = ""
    target: float | None = None


class Due(Strict):
    """By when: `days` after the period's last day, or at the end of the `periods`-th period after it."""

    days: int | None = Field(default=None, ge=1)
    periods: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Due:
        if (self.days is None) == (self.periods is None):
            raise ValueError("write either days or periods.")
        return self

    def after(self, period: Period) -> date:
        if self.days is not None:
            return period.ends + timedelta(days=self.days)
        for _ in range(self.periods or 0):
            period = period.next()
        return period.ends


class Success(Strict):
    """The indicator that will show it worked, and the value it should reach: `target`, or that of the indicator `reach`, else
    the one in targets.yml.

    `base` names the indicator of the whole, for a figure that should fall to 0: 12 overdue of 200 weigh 0.06.
    """

    indicator: str
    target: float | None = None
    reach: str | None = None
    form: Form | None = None
    base: str | None = None


class Suggestion(Strict):
    """A rule: when any of its conditions holds, say the evidence and what to do. Braces are filled by the prose language,
    which here also knows {涉及单位数}, {涉及单位} and {期限}.

    `routine`: said without any need, and marked so. `gap`: an editorial note for the working paper when no number of a
    measure's indicators is printed: {measure: [codes]}.
    """

    id: str
    step: str                                   # which of the steps ahead it belongs to
    any: tuple[str, ...] = ()
    evidence: str = ""
    suggest: str = ""
    own: str = ""                               # said in place of `suggest` to a unit that has none below it
    units: Concerned | None = None
    owner: str = ""
    due: Due = Due(days=14)
    success: Success | None = None
    routine: bool = False
    gap: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Suggestion:
        if self.gap:
            if self.any or self.routine or self.units:
                raise ValueError("a gap rule looks at what is printed: leave any, routine and units out.")
            return self
        if bool(self.any) == self.routine:
            raise ValueError("'any' is empty. Write at least one condition, or routine: true." if not self.any
                             else "a routine suggestion needs no condition: leave 'any' out.")
        if not self.suggest:
            raise ValueError("'suggest' is missing.")
        if self.any and not (self.evidence and self.success):
            raise ValueError("a suggestion rests on evidence and names what will show success: give both.")
        return self

    @property
    def conditions(self) -> tuple[str, ...]:
        return (*self.any, *((self.units.when,) if self.units else ()))

    @property
    def indicators(self) -> list[str]:
        """Every indicator the rule names outside its sentences. Raises BadExpression."""
        found = [n for text in self.conditions for n in combined_names(text) if not n.startswith(THRESHOLD) and n != ELAPSED]
        if self.units:
            found.append(self.units.value)
        if self.success:
            found += [n for n in (self.success.indicator, self.success.base, self.success.reach) if n]
        return list(dict.fromkeys([*found, *(code for codes in self.gap.values() for code in codes)]))


def wrong_in(rule: Suggestion, catalogue: Catalogue, thresholds: Iterable[str], targets: Mapping[str, object]) -> list[str]:
    """What a rule names that is not there, and a success without a value to reach."""
    try:
        problems = [str(unknown("indicator", n, catalogue.names)) for n in rule.indicators if n not in catalogue]
        said = {m.indicator.removeprefix(THRESHOLD) for text in rule.conditions for m in mentions(text)
                if m.indicator.startswith(THRESHOLD)}
    except BadExpression as e:
        return [str(e)]
    problems += [str(unknown("threshold", n, thresholds)) for n in sorted(said - set(thresholds))]
    subtree = [*rule.any, *([rule.units.when] if rule.units and rule.units.of == "children" else [])]
    for m in (m for text in rule.conditions for m in mentions(text) if m.indicator in catalogue):
        i = catalogue[m.indicator]
        if m.form is not None and m.form not in i.forms:
            problems.append(f"{m.text}: {i.title.zh} is read as {'、'.join(i.forms)}, not {m.form}.")
    problems += [f"{n} does not roll up, so it says nothing of a unit with those below it."
                 for text in subtree for n in combined_names(text) if n in catalogue and not catalogue[n].allows("subtree")]
    s = rule.success
    if s and s.indicator in catalogue:
        i = catalogue[s.indicator]
        if s.target is None and s.reach is None and i.id not in targets:
            problems.append(f"success: {s.indicator} has no target. Write target: here, or one in targets.yml.")
        if s.form is not None and s.form not in i.forms:
            problems.append(f"success: {i.title.zh} is read as {'、'.join(i.forms)}, not {s.form}.")
    return problems
