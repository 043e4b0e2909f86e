"""The readings an expression over indicators names, with their forms and times. Imports readings, expressions."""

from __future__ import annotations

from jianbao.definitions.expressions import Mention, mentions
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.readings import Reading, read

ELAPSED = "elapsed"     # 序时: no indicator, a share of the campaign's time


def readings_named(cube: Cube, text: str, unit: str, period: Period, *, scope: Scope = "subtree") -> dict[str, Reading | None]:
    """By the text of each mention; None where the period meant lies before the campaign or before the unit.

    Raises UnknownName for an indicator that is not there, JianbaoError for a form it does not have.
    """
    return {m.text: _reading(cube, m, unit, period, scope) for m in mentions(text) if m.indicator != ELAPSED}


def values_named(cube: Cube, text: str, unit: str, period: Period, *, scope: Scope = "subtree") -> dict[str, float | None]:
    """The values `holds`, `truth` and `combine` want, in base units; `elapsed` is the campaign's."""
    values = {name: None if r is None else r.value for name, r in readings_named(cube, text, unit, period, scope=scope).items()}
    if any(m.indicator == ELAPSED for m in mentions(text)):
        values[ELAPSED] = cube.definitions.campaign.elapsed(period.ends)
    return values


def _reading(cube: Cube, m: Mention, unit: str, period: Period, scope: Scope) -> Reading | None:
    then = m.of(period)
    if then.ends < cube.definitions.campaign.starts or unit not in cube.tree(then):
        return None
    return read(cube, m.indicator, unit, then, form=m.form, scope=scope)
