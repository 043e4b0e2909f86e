"""Indicators: what each figure means, as data. Imports ledger, expressions, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from jianbao.definitions import expressions
from jianbao.definitions.ledger import Ledger, Strict
from jianbao.errors import unknown

Form = Literal["期内", "累计", "时点"]
IN_PERIOD: Final = "期内"
TO_DATE: Final = "累计"
STOCK: Final = "时点"
FORMS: tuple[Form, ...] = (IN_PERIOD, TO_DATE, STOCK)
Nature = Literal["activity", "coverage", "result", "handling"]
RollsUp = Literal["sum", "distinct", "stock", "ratio", "none"]


class UnitsHaving(Strict):
    """Units with at least one row for each of `all`, and with no row for any of `none`."""

    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


class Measure(Strict):
    """What is counted in the rows of one ledger."""

    ledger: str | None = None
    where: str | None = None
    value: str | None = None
    date: Annotated[str | None, Field(description="which date decides the period; else the ledger's")] = None
    units_having: UnitsHaving | None = None
    median_of: str | None = None
    enter: str | None = None
    leave: str | None = None

    @property
    def aggregate(self) -> tuple[str, str]:
        """("count" | "sum" | "distinct" | "median" | "units" | "stock", expression)."""
        if self.units_having is not None:
            return "units", ""
        if self.median_of is not None:
            return "median", self.median_of
        if self.enter is not None:
            return "stock", self.enter
        return expressions.aggregate(self.value or "count()")


class Title(Strict):
    zh: str
    en: str = ""


class Indicator(Measure):
    """One indicator. Values are in base units; `scale` and `decimals` are how they print."""

    id: str
    code: str
    title: Title
    unit: str                                   # measure word: 个; % for ratios printed as percentages
    nature: Nature
    rolls_up: RollsUp
    definition: str
    source: str = ""
    aliases: tuple[str, ...] = ()
    slot: str | None = None
    authority: str | None = None
    better: Literal["higher", "lower", "none"] = "none"
    numerator: str | Measure | None = None
    denominator: str | Measure | None = None
    combine: str | None = None
    form: Form | None = None                    # the only form it makes sense in; None: both 期内 and 累计
    stock: bool = False                         # a ratio read at a point in time
    scale: float = 1
    decimals: int | None = None
    hedge: Literal["", "余", "左右"] = ""
    sensitivity: Literal["public", "internal", "restricted"] = "internal"

    @model_validator(mode="after")
    def _fits(self) -> Indicator:
        forms = [n for n in ("value", "units_having", "median_of", "enter", "numerator", "combine")
                 if getattr(self, n) is not None]
        if len(forms) > 1:
            raise ValueError(f"says how it is counted more than once: {', '.join(forms)}. Keep one.")
        if not forms:
            raise ValueError("does not say how it is counted. Give one of: value, units_having, numerator and "
                             "denominator, combine, median_of, enter and leave.")
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError("a ratio needs both numerator and denominator.")
        allowed = {"numerator": ("ratio",), "combine": ("none", "sum", "stock"), "median_of": ("none",),
                   "units_having": ("distinct", "stock"), "enter": ("stock",)}.get(forms[0])
        if forms[0] == "value":
            try:
                kind, _ = expressions.aggregate(self.value or "")
            except expressions.BadExpression as e:
                raise ValueError(str(e)) from None
            allowed = {"distinct": ("distinct", "stock"), "median": ("none",)}.get(kind, ("sum", "stock", "none"))
        if allowed and self.rolls_up not in allowed:
            raise ValueError(f"{forms[0]} rolls up as {' or '.join(allowed)}, not as {self.rolls_up}.")
        if self.nature in ("activity", "handling") and self.better != "none":
            raise ValueError(f"{self.nature} counts are neither good nor bad: better: {self.better} would rank them. "
                             "Leave `better` out.")
        if forms[0] not in ("numerator", "combine") and self.ledger is None:
            raise ValueError("'ledger' is missing.")
        return self

    @property
    def is_percent(self) -> bool:
        return self.unit == "%"

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms it can be asked in, the default one last."""
        if self.rolls_up == "stock" or self.stock:
            return (STOCK,)
        return (self.form,) if self.form is not None else (IN_PERIOD, TO_DATE)

    @property
    def default_form(self) -> Form:
        return self.forms[-1]

    def allows(self, scope: str) -> bool:
        """Whether it can be asked with a scope: what does not roll up is read for a unit's own rows only."""
        return scope != "subtree" or self.rolls_up != "none" or self.combine is not None or self.aggregate[0] == "median"

    @property
    def ranked(self) -> bool:
        """Coverage and results may be ranked; activity and handling never: ranking them orders up meetings."""
        return self.nature in ("coverage", "result") and self.better != "none"


@dataclass(frozen=True)
class Catalogue:
    """All indicators, found by id, code, Chinese title or alias."""

    indicators: Mapping[str, Indicator]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.indicators.values())

    def __len__(self) -> int:
        return len(self.indicators)

    @cached_property
    def names(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for i in self.indicators.values():
            for name in (i.id, i.code, i.title.zh, i.title.en, *i.aliases):
                if name:
                    found.setdefault(name, i.id)
        return found

    def __getitem__(self, name: str) -> Indicator:
        try:
            return self.indicators[self.names[name.strip()]]
        except KeyError:
            raise unknown("indicator", name, self.names) from None

    def __contains__(self, name: str) -> bool:
        return name.strip() in self.names


def check_measure(measure: Measure, ledgers: Mapping[str, Ledger], unit_columns: Iterable[str],
                  extra: Mapping[str, Iterable[str]]) -> None:
    """Raises BadExpression or UnknownName when a measure names a ledger or column that is not there."""
    if measure.ledger is None:
        raise expressions.BadExpression("'ledger' is missing.")
    if measure.ledger not in ledgers:
        raise unknown("ledger", measure.ledger, ledgers)
    ledger = ledgers[measure.ledger]
    columns = [*ledger.columns, "event_date", "period", *extra.get(ledger.name, ())]
    texts = [measure.where, measure.date, measure.median_of, measure.enter, measure.leave]
    if measure.value:
        texts.append(expressions.aggregate(measure.value)[1])
    if measure.units_having:
        texts += [*measure.units_having.all, *measure.units_having.none]
    for text in texts:
        if text:
            expressions.check(text, columns, what=f"ledger {ledger.name}", unit_columns=unit_columns, codes=ledger.codes)
