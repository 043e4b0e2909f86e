"""How a figure is written: decimals, rounding, measure words, and the clause of a comparison. Imports numbers, definitions.

Rounding happens here and once, on decimals made from the exact numerator and denominator.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.register import Unit
from jianbao.numbers.compare import Change, Rank, Schedule, Share, Withheld
from jianbao.numbers.readings import Reading
from jianbao.numbers.reported import Gap

NO_DATA = "暂无数据"
ROUNDING_NOTES = {"half_up": "数值按四舍五入取位，比较按未取位的数值计算，部分分项之和与合计可能不等。",
                  "half_even": "数值按四舍六入五成双取位，比较按未取位的数值计算，部分分项之和与合计可能不等。"}


def exact(reading: Reading) -> Decimal | None:
    """The value without binary dust: a rate is divided in decimals."""
    if reading.value is None:
        return None
    if reading.numerator is not None and reading.denominator:
        return decimal(reading.numerator) / decimal(reading.denominator)
    return decimal(reading.value)


def decimal(value: float) -> Decimal:
    """The number that was meant: binary sums leave dust (1.15 + 2.3 is 3.4499999999999997), which must not decide a half."""
    return Decimal(int(value)) if float(value).is_integer() else Decimal(f"{value:.13g}")


def decimals_of(i: Indicator) -> int | None:
    """Digits after the point; None: as many as the number has, at most one."""
    if i.decimals is not None:
        return i.decimals
    if i.is_percent:
        return 1
    return 2 if i.scale != 1 else None


def rounded(value: Decimal, places: int, rule: str) -> Decimal:
    mode = ROUND_HALF_EVEN if rule == "half_even" else ROUND_HALF_UP
    result = value.quantize(Decimal(1).scaleb(-places), rounding=mode)
    return abs(result) if result == 0 else result       # never -0.0


def digits(value: Decimal | float, i: Indicator, rule: str = "half_up") -> str:
    """The number as printed, without its measure word: 87.3%, 128, 12.5."""
    number = decimal(value) if isinstance(value, float | int) else value
    shown = number * 100 if i.is_percent else number / Decimal(repr(i.scale))
    if i.hedge == "余" and shown >= 10 and shown == shown.to_integral_value():
        step = Decimal(10) ** (len(str(int(shown))) - 2 if shown >= 1000 else 1)
        floor = (shown / step).to_integral_value(rounding=ROUND_FLOOR) * step
        return f"{floor:f}".split(".")[0] + ("余" if shown > floor else "")
    places = decimals_of(i)
    if places is None:
        short = rounded(shown, 1, rule)
        return f"{short:f}".removesuffix(".0")
    return _percentage(shown, places, rule) if i.is_percent else f"{rounded(shown, places, rule):f}"


def _percentage(shown: Decimal, places: int, rule: str) -> str:
    """A whole 100 or 0 is said whole; 99.96 must not read as all."""
    if shown in (0, 100):
        return f"{shown:.0f}%"
    number = rounded(shown, places, rule)
    if number == 100 and shown < 100:
        number = shown.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR)
    return f"{number:f}%"


def printed(reading: Reading, *, bare: bool = False) -> str:
    """The value with its measure word, 暂无数据 where nothing is known."""
    value = exact(reading)
    if value is None:
        return NO_DATA
    i = reading.indicator
    text = digits(value, i, _rule(reading))
    around = "左右" if i.hedge == "左右" else ""
    word = "个百分点" if i.unit == "百分点" else i.unit
    return text if bare or i.is_percent else f"{text}{word}{around}"


def change_clause(change: Change | Withheld | None) -> str:
    """比上周增加5天 | 与上周持平 | 上周为0 | nothing, when there is nothing to compare with or too little."""
    if not isinstance(change, Change):
        return ""
    r, i = change.reading, change.reading.indicator
    that = _that(change)
    lead = "同口径" if change.same_coverage else ""
    if change.direction == "same":
        return f"{lead}与{that}持平"
    if change.before == 0 and not (i.is_percent or i.unit == "百分点"):
        return f"{that}为0"
    up = change.direction == "up"
    size = abs(decimal(change.now) - decimal(change.before))
    if i.is_percent or i.unit == "百分点":
        points = rounded(size * 100, decimals_of(i) or 1, _rule(r))
        if points == 0:
            return f"{lead}与{that}基本持平"
        return f"{lead}比{that}{'提高' if up else '下降'}{points:f}个百分点"
    text = digits(size, i.model_copy(update={"hedge": ""}), _rule(r))
    if Decimal(text) == 0:
        return f"{lead}与{that}基本持平"
    return f"{lead}比{that}{'增加' if up else '减少'}{text}{i.unit}"


def change_cell(change: Change | Withheld | None) -> str:
    """The change for a table: +5, -2.3, 0, — where there is none."""
    if not isinstance(change, Change):
        return "—"
    i = change.reading.indicator
    size = decimal(change.now) - decimal(change.before)
    if i.is_percent or i.unit == "百分点":
        value = rounded(size * 100, decimals_of(i) or 1, _rule(change.reading))
        text = f"{value:+f}" if value else "0"
    else:
        text = digits(abs(size), i.model_copy(update={"hedge": ""}), _rule(change.reading))
        text = "0" if Decimal(text) == 0 else ("+" if size > 0 else "-") + text
    return text + ("*" if change.same_coverage else "")


def schedule_clause(schedule: Schedule | None) -> str:
    """超序时进度3.2个百分点 | 低于… | 与序时进度持平. Subtracted first, rounded last."""
    if schedule is None:
        return ""
    gap = rounded((decimal(schedule.progress) - decimal(schedule.elapsed)) * 100, 1, _rule(schedule.reading))
    if gap == 0:
        return "与序时进度持平"
    return f"{'超' if gap > 0 else '低于'}序时进度{abs(gap):f}个百分点"


def share_clause(share: Share | None, whole: str = "") -> str:
    if share is None or share.value is None:
        return ""
    return f"占{whole or share.of.label}的{percent(share.part / share.whole if share.whole else 0, share.reading)}"


def rank_clause(rank: Rank | None) -> str:
    if rank is None:
        return ""
    return f"列第{rank.place}位" + (f"（与{names([*rank.tied])}并列）" if rank.tied else "")


def gap_clause(gap: Gap | None) -> str:
    """比合计多12例 | 比合计少… | 与合计一致: what a source published against the sum of the parts."""
    if gap is None:
        return ""
    if gap.agrees:
        return "与合计一致"
    r = gap.reported
    return f"比合计{'多' if gap.difference > 0 else '少'}{_size(gap)}{'' if r.indicator.is_percent else r.indicator.unit}"


def gap_cell(gap: Gap) -> str:
    """The difference for a table: +12, -3, 0."""
    return "0" if gap.agrees else ("+" if gap.difference > 0 else "-") + _size(gap)


def _size(gap: Gap) -> str:
    i = gap.reported.indicator
    if i.is_percent:
        return f"{rounded(abs(Decimal(repr(gap.difference))) * 100, decimals_of(i) or 1, _rule(gap.reported)):f}个百分点"
    return digits(abs(gap.difference), i.model_copy(update={"hedge": ""}), _rule(gap.reported))


def completion_clause(value: float | None, reading: Reading) -> str:
    return "" if value is None else f"完成目标的{percent(value, reading)}"


def percent(value: float, reading: Reading) -> str:
    return percent_of(value, _rule(reading))


def percent_of(value: float, rule: str) -> str:
    return _percentage(decimal(value) * 100, 1, rule)


def points(difference: float, rule: str) -> str:
    """A difference of rates in percentage points, signed: +3.2, or 0."""
    size = rounded(decimal(difference) * 100, 1, rule)
    return f"{size:+f}" if size else "0"


def spread(difference: float, reading: Reading, *, signed: bool = True, word: bool = False) -> str:
    """A difference as printed: +3.2 for rates in percentage points, +5 else; `word` adds 个百分点 or the measure word."""
    i = reading.indicator
    if i.is_percent or i.unit == "百分点":
        size = rounded(decimal(difference) * 100, decimals_of(i) or 1, _rule(reading))
        text = (f"{size:+f}" if signed else f"{size:f}") if size else "0"
        return text + ("个百分点" if word else "")
    text = digits(abs(difference), i.model_copy(update={"hedge": ""}), _rule(reading))
    sign = ("" if Decimal(text) == 0 else "+" if difference > 0 else "-") if signed else ""
    return sign + text + (i.unit if word else "")


def best(ranks: Sequence[Rank], n: int = 3, *, last: bool = False) -> list[Rank]:
    """The first (or last) n places with everybody tied on the edge."""
    if not ranks:
        return []
    if last:
        # From the end, worst first.
        order = list(reversed(ranks))
        edge = order[min(n, len(order)) - 1].place
        return [r for r in order if r.place >= edge]
    edge = ranks[min(n, len(ranks)) - 1].place
    return [r for r in ranks if r.place <= edge]


def rank_names(ranks: Sequence[Rank]) -> str:
    """甲处、乙处、丙处（并列） – ties are said."""
    groups: dict[int, list[Rank]] = {}
    for r in ranks:
        groups.setdefault(r.place, []).append(r)
    said = [names([r.reading.unit for r in group]) + ("（并列）" if len(group) > 1 else "") for group in groups.values()]
    return "、".join(said)


def names(units: Sequence[Unit]) -> str:
    return "、".join(u.label for u in units)


def formula(reading: Reading) -> str:
    """The formula with this period's parts: 156 ÷ 203."""
    if reading.denominator is None:
        return ""
    def plain(x: float | None) -> str:
        return "—" if x is None else f"{decimal(x).normalize():f}"
    return f"{plain(reading.numerator)} ÷ {plain(reading.denominator)}"


def cell(value: Any) -> str:
    """A ledger value as text for a source row."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return "、".join(str(x) for x in value)
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.removesuffix(" 00:00:00")


def is_missing(value: Any) -> bool:
    """None, nan, NaT or NA: what an empty cell becomes on its way through a data frame."""
    import pandas as pd

    return bool(pd.isna(value))


def _that(change: Change) -> str:
    if change.against == change.reading.period.previous():
        return change.reading.period.that
    return "上年同期" if change.against == change.reading.period.year_ago() else change.against.label


def _rule(reading: Reading) -> str:
    return reading.cube.definitions.campaign.rounding
