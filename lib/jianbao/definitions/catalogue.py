"""Indicators: what each figure means, as data. Imports ledger, expressions, errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from jianbao.definitions import expressions
from jianbao.definitions.campaign import Fact
from jianbao.definitions.index import Index
from jianbao.definitions.ledger import Ledger, Strict
from jianbao.errors import UnknownName, unknown

Form = Literal["期内", "累计", "时点"]
IN_PERIOD: Final = "期内"
TO_DATE: Final = "累计"
STOCK: Final = "时点"
FORMS: tuple[Form, ...] = (IN_PERIOD, TO_DATE, STOCK)
Nature = Literal["activity", "coverage", "result", "handling", "index"]      # index: for the desk, never ranked in print
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
    linked_to: Annotated[tuple[str, ...], Field(
        description="only rows whose link names a row of one of these ledgers, of the same unit, as they stand at period end")] = ()
    link: Annotated[str, Field(description="the column that names it; a list may name several")] = "link_id"

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
    index: Index | None = None
    form: Form | None = None                    # the only form it makes sense in; None: both 期内 and 累计
    stock: bool = False                         # a ratio read at a point in time
    scale: float = 1
    decimals: int | None = None
    hedge: Literal["", "余", "左右"] = ""
    people: Annotated[bool, Field(description="it counts people: small values stay out of issued copies")] = False
    sensitivity: Literal["public", "internal", "restricted"] = "internal"

    @model_validator(mode="after")
    def _fits(self) -> Indicator:
        forms = [n for n in ("value", "units_having", "median_of", "enter", "numerator", "combine", "index")
                 if getattr(self, n) is not None]
        if len(forms) > 1:
            raise ValueError(f"says how it is counted more than once: {', '.join(forms)}. Keep one.")
        if not forms:
            raise ValueError("does not say how it is counted. Give one of: value, units_having, numerator and "
                             "denominator, combine, median_of, enter and leave, index.")
        if (self.numerator is None) != (self.denominator is None):
            raise ValueError("a ratio needs both numerator and denominator.")
        allowed = {"numerator": ("ratio",), "combine": ("none", "sum", "stock"), "median_of": ("none",),
                   "units_having": ("distinct", "stock"), "enter": ("stock",), "index": ("none",)}.get(forms[0])
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
        if forms[0] not in ("numerator", "combine", "index") and self.ledger is None:
            raise ValueError("'ledger' is missing.")
        return self

    @property
    def is_percent(self) -> bool:
        return self.unit == "%"

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms it can be asked in, the default one last."""
        if self.rolls_up == "stock" or self.stock or self.index is not None:
            return (STOCK,)
        return (self.form,) if self.form is not None else (IN_PERIOD, TO_DATE)

    @property
    def default_form(self) -> Form:
        return self.forms[-1]

    def allows(self, scope: str) -> bool:
        """Whether it can be asked with a scope: what does not roll up is read for a unit's own rows only."""
        return scope != "subtree" or self.rolls_up != "none" or self.combine is not None \
            or self.index is not None or self.aggregate[0] == "median"

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


def takes_opening(i: Indicator, ledgers: Mapping[str, Ledger]) -> bool:
    """Whether an opening balance can be added: to sums to date, and to stocks that are counted item by item.

    A distinct count might count somebody twice, and a stock that is filed anew each time holds what was there before.
    """
    if i.ledger is None or i.ledger not in ledgers or i.numerator is not None or i.combine is not None or i.index is not None:
        return False
    kind = i.aggregate[0]
    return (i.rolls_up == "sum" and kind in ("count", "sum")) or (
        i.rolls_up == "stock" and (kind == "stock" or (kind == "count" and ledgers[i.ledger].by_key)))


def wrong_mention(m: expressions.Mention, catalogue: Catalogue) -> str:
    """What is wrong with a name in `combine:`: no such indicator, or a form it does not have; "" when nothing is."""
    if m.indicator == "elapsed":
        return ""
    if m.indicator not in catalogue:
        return str(unknown("indicator", m.indicator, catalogue.names))
    forms = catalogue[m.indicator].forms
    return "" if m.form in (None, *forms) else f"{m.text}: {m.indicator} is read as {'、'.join(forms)}, not {m.form}."


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
            expressions.check(text, columns, what=f"ledger {ledger.name}", unit_columns=unit_columns, codes=ledger.codes,
                              calendar=True)
    if measure.linked_to:
        _check_links(measure, ledger, ledgers)


def _check_links(measure: Measure, ledger: Ledger, ledgers: Mapping[str, Ledger]) -> None:
    if measure.link not in ledger.columns:
        raise unknown(f"column of ledger {ledger.name}", measure.link, ledger.columns)
    if not ledger.is_filed:
        raise expressions.BadExpression(f"linked_to: ledger {ledger.name} is not filed by units, so its rows link to nothing.")
    for name in measure.linked_to:
        if name not in ledgers:
            raise unknown("ledger", name, ledgers)
        if not ledgers[name].by_key or len(ledgers[name].key) != 1:
            raise expressions.BadExpression(f"linked_to: rows of ledger {name} are not told by one key column, "
                                            "so no link can name one.")


def check_fact(fact: Fact, ledgers: Mapping[str, Ledger], unit_columns: Iterable[str]) -> None:
    """Raises BadExpression or UnknownName when a fact names a ledger or column that is not there."""
    check_measure(Measure(ledger=fact.ledger, where=fact.where, value="count()"), ledgers, unit_columns, {})
    if fact.value not in ledgers[fact.ledger].columns:
        raise unknown("column", fact.value, ledgers[fact.ledger].columns)


def wrong_in_index(i: Indicator, catalogue: Catalogue, ledgers: Mapping[str, Ledger], unit_columns: Iterable[str],
                   levels: Iterable[str]) -> list[str]:
    """Indicators, ledgers, columns and levels that an index names and that are not there."""
    if i.index is None:
        return []
    problems = [str(unknown("indicator", name, catalogue.names)) for name in i.index.names if name not in catalogue]
    if gap := i.index.gap:
        problems += [str(unknown("level", name, levels)) for name in (gap.first, gap.last) if name not in set(levels)]
    for act in i.index.first_act:
        try:
            check_measure(Measure(ledger=act.ledger, where=act.where, date=act.date, value="count()"), ledgers, unit_columns, {})
        except (expressions.BadExpression, UnknownName) as e:
            problems.append(str(e))
    return problems
