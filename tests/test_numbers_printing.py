"""How figures read: one rounding, in decimals, and the clauses of comparisons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from jianbao.brief import printing
from jianbao.brief.printing import change_cell, change_clause, digits, printed, rounded
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.numbers.compare import Change, Rank, Schedule, Share, Withheld
from jianbao.numbers.readings import Reading
from number_world import definitions

W35, W36 = Period("2023-W35"), Period("2023-W36")


@dataclass
class _Campaign:
    rounding: str


@dataclass
class _Definitions:
    campaign: _Campaign


@dataclass
class _Cube:
    definitions: _Definitions


def indicator(id_: str = "reading_class.days", **changes: Any) -> Indicator:
    return definitions().catalogue[id_].model_copy(update=changes)


def reading(value: float | None, i: Indicator | None = None, *, of: tuple[float, float] | None = None, rule: str = "half_up",
            unit: str = "甲县") -> Reading:
    cube: Any = _Cube(_Definitions(_Campaign(rule)))
    if of is not None:
        value = of[0] / of[1]
    return Reading(indicator=i or indicator(), unit=Unit(unit, unit), scope="subtree", period=W36, form="期内", as_of=datetime(2023, 9, 11),
                   value=value, numerator=of[0] if of else None, denominator=of[1] if of else None, n_rows=0, cube=cube)


def changed(before: float, now: float, i: Indicator | None = None, *, rule: str = "half_up", same_coverage: bool = False,
            against: Period = W35) -> Change:
    return Change(now, before, reading(now, i, rule=rule), against, same_coverage)


RATE = indicator("rectification.rate")


# Values

@pytest.mark.parametrize(("value", "shown"), [(12.5, "12.5天"), (12.0, "12天"), (0.0, "0天"), (1234.0, "1234天"), (2.25, "2.3天"),
                                              (2.35, "2.4天")])
def test_a_count_prints_as_many_decimals_as_it_has_at_most_one(value: float, shown: str) -> None:
    assert printed(reading(value)) == shown


def test_nothing_known_is_said() -> None:
    assert printed(reading(None)) == "暂无数据"


def test_bare_leaves_the_measure_word_out() -> None:
    assert printed(reading(12.5), bare=True) == "12.5"
    assert printed(reading(None, RATE, of=(1, 2)), bare=True) == "50.0%"


def test_half_up_and_half_even() -> None:
    """docs/methods/rounding.md: 0.125 to two places."""
    assert [rounded(Decimal("0.125"), 2, rule) for rule in ("half_up", "half_even")] == [Decimal("0.13"), Decimal("0.12")]
    assert [rounded(Decimal("-0.125"), 2, rule) for rule in ("half_up", "half_even")] == [Decimal("-0.13"), Decimal("-0.12")]
    assert [printed(reading(None, RATE, of=(5, 80), rule=rule)) for rule in ("half_up", "half_even")] == ["6.3%", "6.2%"]    # 6.25
    assert str(rounded(Decimal("-0.04"), 1, "half_up")) == "0.0"


def test_a_rate_is_divided_in_decimals() -> None:
    assert printed(reading(None, RATE, of=(201, 2000))) == "10.1%"        # 10.05; as binary 10.049999999999999
    assert printed(reading(None, RATE, of=(1, 3))) == "33.3%"


def test_the_dust_of_a_binary_sum_does_not_decide_a_half() -> None:
    assert 1.15 + 2.3 == 3.4499999999999997
    assert printed(reading(1.15 + 2.3)) == "3.5天"
    assert printing.formula(reading(None, RATE, of=(1.15 + 2.3, 5))) == "3.45 ÷ 5"
    assert change_clause(changed(1.0, 1.15 + 3.3)) == "比上周增加3.5天"     # 3.4499999999999997 again
    assert printed(reading(1e15 + 1)) == "1000000000000001天"


@pytest.mark.parametrize(("of", "shown"), [((4998, 5000), "99.9%"), ((5000, 5000), "100%"), ((0, 5000), "0%"), ((1, 5000), "0.0%"),
                                           ((9996, 10000), "99.9%"), ((10004, 10000), "100.0%"), ((3, 2), "150.0%")])
def test_all_is_said_of_all_only(of: tuple[float, float], shown: str) -> None:
    assert printed(reading(None, RATE, of=of)) == shown


def test_all_is_said_of_all_only_without_decimals_and_of_shares_too() -> None:
    assert printed(reading(None, indicator("rectification.rate", decimals=0), of=(996, 1000))) == "99%"
    r = reading(9996)
    assert printing.share_clause(Share(9996, 10000, Unit("root", "全市"), r)) == "占全市的99.9%"
    assert printing.completion_clause(0.9996, r) == "完成目标的99.9%"
    assert printing.completion_clause(1.0, r) == "完成目标的100%"
    assert printing.completion_clause(1.25, r) == "完成目标的125.0%"


def test_a_scale_prints_ten_thousands() -> None:
    copies = indicator("group_study.copies")
    assert printed(reading(123456.0, copies)) == "12.35万份"
    assert printed(reading(50.0, copies)) == "0.01万份"     # 0.005, half up


@pytest.mark.parametrize(("value", "shown"), [(7, "7"), (10, "10"), (128, "120余"), (120, "120"), (999, "990余"), (1280, "1200余"),
                                              (1200, "1200"), (34567, "34000余")])
def test_a_hedge_floors_and_says_so(value: int, shown: str) -> None:
    assert digits(value, indicator(hedge="余")) == shown


def test_about_stands_behind_the_measure_word() -> None:
    assert printed(reading(None, indicator("liaison.units_per_team"), of=(36, 5))) == "7个左右"


# Changes

@pytest.mark.parametrize(("before", "now", "said"), [(5, 10, "比上周增加5天"), (10, 7.5, "比上周减少2.5天"), (4, 4, "与上周持平"),
                                                     (0, 3, "上周为0"), (0, 0, "与上周持平"), (3, 0, "比上周减少3天"),
                                                     (4.0, 4.04, "与上周基本持平")])
def test_a_count_s_change(before: float, now: float, said: str) -> None:
    assert change_clause(changed(before, now)) == said


@pytest.mark.parametrize(("before", "now", "said"), [(0.5, 0.625, "比上周提高12.5个百分点"), (0.5, 0.4, "比上周下降10.0个百分点"),
                                                     (0.5, 0.5, "与上周持平"), (0.5, 0.5004, "与上周基本持平"),
                                                     (0.0, 0.25, "比上周提高25.0个百分点"),
                                                     (0.5, 0.5545, "比上周提高5.5个百分点")])
def test_a_rate_s_change_is_in_points_of_unrounded_values(before: float, now: float, said: str) -> None:
    assert change_clause(changed(before, now, RATE)) == said


def test_points_are_taken_before_rounding() -> None:
    # Printed 33.3 % and 66.7 %: their difference would be 33.4.
    assert change_clause(changed(1 / 3, 2 / 3, RATE)) == "比上周提高33.3个百分点"


def test_same_coverage_is_said_and_nothing_where_withheld() -> None:
    assert change_clause(changed(10, 13, same_coverage=True)) == "同口径比上周增加3天"
    assert change_clause(changed(10, 10, same_coverage=True)) == "同口径与上周持平"
    assert change_clause(Withheld("…")) == change_clause(None) == ""
    assert change_cell(changed(10, 13, same_coverage=True)) == "+3*"


def test_the_other_period_has_its_name() -> None:
    assert change_clause(changed(5, 10, against=Period("2022-W36"))) == "比上年同期增加5天"
    assert change_clause(changed(5, 10, against=Period("2023-W33"))) == "比2023年第33周（8月14日—8月20日）增加5天"
    month = replace(changed(5, 10), reading=replace(reading(10), period=Period("2023-09")), against=Period("2023-08"))
    assert change_clause(month) == "比上月增加5天"


@pytest.mark.parametrize(("before", "now", "i", "cell"), [(5, 10, None, "+5"), (10, 7.7, None, "-2.3"), (4, 4, None, "0"),
                                                          (0, 3, None, "+3"),
                                                          (4.0, 4.04, None, "0"), (0.5, 0.625, RATE, "+12.5"), (0.5, 0.5004, RATE, "0")])
def test_a_change_in_a_table(before: float, now: float, i: Indicator | None, cell: str) -> None:
    assert change_cell(changed(before, now, i)) == cell
    assert change_cell(None) == "—"


def test_a_hedged_count_changes_exactly() -> None:
    assert change_clause(changed(100, 128, indicator(hedge="余"))) == "比上周增加28天"


# Schedule, rank

@pytest.mark.parametrize(("progress", "elapsed", "said"), [(0.54, 0.5, "超序时进度4.0个百分点"), (0.4, 0.5, "低于序时进度10.0个百分点"),
                                                           (0.5, 0.5, "与序时进度持平"), (0.5004, 0.5, "与序时进度持平"),
                                                           (0.5545, 0.5, "超序时进度5.5个百分点")])
def test_schedule_is_subtracted_first_and_rounded_last(progress: float, elapsed: float, said: str) -> None:
    assert printing.schedule_clause(Schedule(progress, elapsed, reading(0.5, RATE))) == said
    assert printing.schedule_clause(None) == ""


def ranks(*places: int) -> list[Rank]:
    read = [reading(0.5, RATE, unit=name) for name, _ in zip("甲乙丙丁戊", places, strict=False)]
    return [Rank(p, len(places), tuple(o.unit for o, q in zip(read, places, strict=True) if q == p and o is not r), r)
            for r, p in zip(read, places, strict=True)]


def test_ties_are_named() -> None:
    assert printing.rank_clause(ranks(1, 2, 2, 4)[1]) == "列第2位（与丙并列）"
    assert printing.rank_clause(ranks(1, 2)[0]) == "列第1位"
    assert printing.rank_clause(None) == ""


@pytest.mark.parametrize(("places", "first", "last"), [((1, 2, 3, 4, 5), "甲、乙、丙", "戊、丁、丙"),
                                                       ((1, 2, 3, 3, 5), "甲、乙、丙、丁（并列）", "戊、丁、丙（并列）"),
                                                       ((1, 1, 1, 1, 5), "甲、乙、丙、丁（并列）", "戊、丁、丙、乙、甲（并列）"),
                                                       ((1, 2), "甲、乙", "乙、甲")])
def test_the_first_and_last_three_take_everybody_on_the_edge(places: tuple[int, ...], first: str, last: str) -> None:
    assert printing.rank_names(printing.best(ranks(*places))) == first
    assert printing.rank_names(printing.best(ranks(*places), last=True)) == last
    assert printing.best([]) == []


def test_cells_of_source_rows() -> None:
    assert [printing.cell(v) for v in (None, float("nan"), True, False, 3.0, 2.5, ["甲", "乙"], datetime(2023, 9, 1))] == [
        "", "", "是", "否", "3", "2.5", "甲、乙", "2023-09-01"]
