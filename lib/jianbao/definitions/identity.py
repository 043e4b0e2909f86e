"""Identities of `params/identities.yml`: what must agree between figures, and the claims that rest on it. Plain data;
imports catalogue, expressions, ledger, errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from jianbao.definitions import expressions
from jianbao.definitions.catalogue import Catalogue, wrong_mention
from jianbao.definitions.expressions import Comparison
from jianbao.definitions.ledger import Severity, Strict
from jianbao.errors import unknown

Units = Literal["root", "unit", "children", "all"]


class Identity(Strict):
    """Comparisons of figures, joined by `and`, that hold when every figure is right.

    A name may carry a form and a time: `problems.open.previous`. What cannot be computed is neither held nor violated.
    `units`: root, for the whole only; unit, for whichever unit is asked; children, for that unit and each of its children;
    all, for that unit and every unit below by its own rows. `tolerance` is a share of the right side of `=`. With
    `printed` the figures are taken as rounded for print.
    """

    id: str
    title: str
    check: str = ""
    one_date: bool = False
    units: Units = "root"
    when: str | None = None
    tolerance: Annotated[float, Field(ge=0, description="0.1: the left side may differ from the right by a tenth of it")] = 0
    printed: bool = False
    claim: Annotated[tuple[str, ...], Field(description="words that may be printed only while it holds: 均举办")] = ()
    about: Annotated[str, Field(description="the indicator the claim speaks of")] = ""
    message: str = ""
    hint: str = "按两边的指标各查来源行，找出不一致的一处。"
    severity: Severity = "error"

    @model_validator(mode="after")
    def _fits(self) -> Identity:
        if bool(self.check) == self.one_date:
            raise ValueError("says nothing to check. Write check:, or one_date: true." if self.one_date is False
                             else "one_date looks at what the brief prints; leave check out.")
        if self.one_date and self.claim:
            raise ValueError("one_date backs no claim. Leave claim out.")
        if self.claim and not self.about:
            raise ValueError("'about' is missing: name the indicator the claim speaks of, so that it can be traced.")
        if self.claim and self.when:
            raise ValueError("a claim holds or does not: leave 'when' out, or check it in an identity of its own.")
        if any(not word.strip() for word in self.claim):
            raise ValueError("claim: holds an empty word.")
        try:
            signs = [c.sign for c in self.comparisons]
            if self.when:
                expressions.mentions(self.when)
        except expressions.BadExpression as e:
            raise ValueError(str(e)) from None
        if self.tolerance and set(signs) - {"="}:
            raise ValueError("a tolerance goes with = only.")
        return self

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        return expressions.comparisons(self.check) if self.check else ()

    @property
    def scope(self) -> Literal["subtree", "own"]:
        return "own" if self.units == "all" else "subtree"


class Identities(Strict):
    """The whole file. `guarded`: words that say all of something, which prose may print from a brace only."""

    guarded: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Identities:
        ids = [i.id for i in self.identities]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"{', '.join(twice)} stands twice. Give each identity an id of its own.")
        return self

    def claiming(self, word: str) -> tuple[Identity, ...]:
        """The identities a claim may rest on; more than one where the same word is said of several figures."""
        return tuple(i for i in self.identities if word in i.claim)

    @cached_property
    def claims(self) -> tuple[str, ...]:
        """Every word that rests on an identity."""
        return tuple(dict.fromkeys(word for i in self.identities for word in i.claim))


def wrong_in_identity(identity: Identity, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(field, problem) for every name that is not there and every figure that cannot be asked so."""
    for field, text in (("check", identity.check), ("when", identity.when or "")):
        for m in expressions.mentions(text) if text else ():
            if problem := wrong_mention(m, catalogue):
                yield field, problem
            elif m.indicator in catalogue and not catalogue[m.indicator].allows(identity.scope):
                yield field, f"{m.text}: {m.indicator} does not roll up. Write units: all, which reads own rows."
    if identity.about and identity.about not in catalogue:
        yield "about", str(unknown("indicator", identity.about, catalogue.names))
