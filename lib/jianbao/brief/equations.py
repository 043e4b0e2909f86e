"""A comparison of figures in words: 办结数76件，应等于受理数78件，相差2件. Imports printing, numbers."""

from __future__ import annotations

import re
from typing import Literal

from jianbao.brief import printing
from jianbao.definitions.catalogue import IN_PERIOD, Indicator
from jianbao.definitions.expressions import Mention, mentions
from jianbao.numbers.identities import Checked, Compared
from jianbao.numbers.named import ELAPSED
from jianbao.numbers.readings import Reading

RESULTS = {True: "成立", False: "不成立", None: "数据不足"}
SIGNS = {"=": "＝", "<>": "≠", "<": "＜", "<=": "≤", ">": "＞", ">=": "≥"}
_OUGHT = {"=": "应等于", "<>": "应不同于", "<": "应小于", "<=": "应不大于", ">": "应大于", ">=": "应不小于"}
_OPERATORS = {" + ": "＋", " - ": "－", " * ": "×", " / ": "÷"}


def failing(c: Checked) -> str:
    """The comparisons that fail, each with both sides and the difference."""
    return "；".join(_failing(c, compared) for compared in c.failed)


def side(c: Checked, compared: Compared, which: Literal["left", "right"], *, codes: bool = False) -> str:
    """One side with its figures named: 未结数（上周）12件＋新受理5件＝17件. `codes` puts each figure's code before it."""
    text = getattr(compared.comparison, which)
    names = mentions(text)
    value = getattr(compared, which)
    if not names:
        return _number(value, _measured(c, compared))
    said = re.sub(r"COALESCE\(([^,()]+), [^,()]+\)", r"\1", text)
    for operator, sign in _OPERATORS.items():
        said = said.replace(operator, sign)
    said = re.sub("|".join(re.escape(m.text) for m in sorted(names, key=lambda m: -len(m.text))),
                  lambda found: _figure(c, next(m for m in names if m.text == found[0]), codes), said)
    total = "" if len(names) == 1 and text == names[0].text else "＝" + _number(value, _measured(c, compared, text))
    return said.replace("(", "（").replace(")", "）") + (total if value is not None else "")


def _failing(c: Checked, compared: Compared) -> str:
    """What only a claim rests on is short of it, not wrong: 办结76件，与受理78件相差2件."""
    assert compared.left is not None and compared.right is not None
    gap, i, tolerance = abs(compared.left - compared.right), _measured(c, compared), c.identity.tolerance
    points = i is not None and (i.is_percent or i.unit == "百分点")
    rule = c.cube.definitions.campaign.rounding
    apart = f"{printing.rounded(printing.decimal(gap * 100), 1, rule):f}个百分点" if points else _number(gap, i)
    left, right = side(c, compared, "left"), side(c, compared, "right")
    if c.identity.claim and compared.comparison.sign == "=" and not tolerance:
        return f"{left}，与{right}相差{apart}"
    ought = f"应约等于（相差{tolerance:.0%}以内）" if tolerance else _OUGHT[compared.comparison.sign]
    return f"{left}，{ought}{right}" + (f"，相差{apart}" if gap else "")


def _figure(c: Checked, m: Mention, codes: bool) -> str:
    if m.indicator == ELAPSED:
        return f"序时进度{c.cube.definitions.campaign.elapsed(c.period.ends):.1%}"
    i = c.cube.definitions.catalogue[m.indicator]
    said: list[str] = []
    if m.time:
        said.append(c.period.that if m.time == "previous" else m.of(c.period).label)
    elif m.form is not None:
        said.append(c.period.this if m.form == IN_PERIOD else m.form)
    return f"{i.code + ' ' if codes else ''}{i.title.zh}{'（' + '，'.join(said) + '）' if said else ''}{_value(c.readings.get(m.text))}"


def _value(r: Reading | None) -> str:
    """As printed, without a hedge: 2300余 cannot be compared."""
    if r is None or r.value is None:
        return "暂无"
    i = r.indicator.model_copy(update={"hedge": ""})
    number = printing.digits(printing.exact(r) or printing.decimal(r.value), i, r.cube.definitions.campaign.rounding)
    return number if i.is_percent else f"{number}{i.unit}"


def _measured(c: Checked, compared: Compared, text: str = "") -> Indicator | None:
    """The indicator whose unit a side is told in: the one unit of all its figures; None where there are several."""
    said = text or f"{compared.comparison.left} + {compared.comparison.right}"
    catalogue = c.cube.definitions.catalogue
    found = [catalogue[m.indicator] for m in mentions(said) if m.indicator != ELAPSED]
    return found[0] if found and len({i.unit for i in found}) == 1 else None


def _number(value: float | None, i: Indicator | None) -> str:
    if value is None:
        return "暂无"
    if i is None:
        return f"{value:.12g}"
    number = printing.digits(value, i.model_copy(update={"hedge": ""}))
    return number if i.is_percent else f"{number}{i.unit}"
