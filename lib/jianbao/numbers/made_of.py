"""What an indicator is made of: the questions to ledgers behind it, each with its form and period. Imports indices, query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, TO_DATE, Form, Indicator, Measure
from jianbao.definitions.expressions import Mention, mentions
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import Period
from jianbao.numbers import indices
from jianbao.numbers.query import Ask

if TYPE_CHECKING:
    from jianbao.numbers.cube import Cube

ELAPSED = "elapsed"     # 序时: a name in `combine:` that is no indicator


def made_of(i: Indicator, form: Form, period: Period, cube: Cube, part: str = "") -> list[tuple[str, Ask]]:
    """(part, ask) for everything an indicator counts: its own measure, or its numerator (分子) and denominator (分母), or
    what it is combined from, by title. A rank or a gap between levels is made of what the index it reads is made of."""
    catalogue = cube.definitions.catalogue
    if i.combine is not None:
        found = []
        for m in named(i):
            other, then = catalogue[m.indicator], m.of(period)
            if then.ends >= cube.definitions.campaign.starts:
                found += made_of(other, form_of(m, other, form), then, cube, part or _title(m, other))
        return found
    if i.index is not None:
        parts = [ask for other, f, then in indices.asked(i, period, cube)
                 for ask in made_of(other, f, then, cube, part or other.title.zh)]
        return parts + [(part, ask) for ask in indices.acts(i, period)]
    if i.numerator is not None and i.denominator is not None:
        found = []
        for name, piece in (("分子", i.numerator), ("分母", i.denominator)):
            if isinstance(piece, str):
                other = catalogue[piece]
                found += made_of(other, part_form(other, form), period, cube, part or name)
            else:
                found.append((part or name, Ask(piece, period, measure_form(piece, form, cube.definitions))))
        return found
    return [(part, Ask(i, period, form))]


def wanted(i: Indicator, form: Form, period: Period, cube: Cube) -> list[Ask]:
    """The asks that must be answered to know it; measures by their counting part alone."""
    return [Ask(core(ask.measure), ask.period, ask.form) for _, ask in made_of(i, form, period, cube)]


def named(i: Indicator) -> list[Mention]:
    """The indicators a `combine:` names."""
    return [m for m in mentions(i.combine) if m.indicator != ELAPSED] if i.combine else []


def form_of(m: Mention, other: Indicator, form: Form) -> Form:
    """The form a `combine:` reads a part in: the one its name asks for, or that of the whole."""
    return m.form or part_form(other, form)


def part_form(i: Indicator, form: Form) -> Form:
    """The form of a part: the same if it has it, a stock at the point in time, else to date."""
    return form if form in i.forms else STOCK if STOCK in i.forms else TO_DATE if TO_DATE in i.forms else i.default_form


def measure_form(m: Measure, form: Form, definitions: Definitions) -> Form:
    """An inline measure over master data is a stock; otherwise it is read as its ratio is."""
    ledger = definitions.ledgers[str(m.ledger)]
    return STOCK if ledger.kind == "master" or m.enter is not None else IN_PERIOD if ledger.kind == "filings" else form


def core(m: Measure) -> Measure:
    """The counting part alone, so that two indicators that count the same share one atom."""
    return Measure(**{name: getattr(m, name) for name in Measure.model_fields})


def _title(m: Mention, other: Indicator) -> str:
    said = [m.form or "", {"previous": "上期", "year_ago": "上年同期"}.get(m.time, "")]
    return other.title.zh + (f"（{'、'.join(s for s in said if s)}）" if any(said) else "")
