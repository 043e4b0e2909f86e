"""One cell at a time: what people write, and what it means."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from jianbao.definitions.ledger import Column
from jianbao.definitions.period import Period
from jianbao.definitions.register import Register, Unit
from jianbao.intake.cells import (
    BadCell,
    Codes,
    Units,
    as_bool,
    as_date,
    as_datetime,
    as_identifier,
    as_int,
    as_list,
    as_number,
    as_percent,
    parse_column,
    parser,
)
from jianbao.intake.writing import numeral, row_list

W42 = Period("2023-W42")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (12.0, 12),
        ("１２", 12),
        ("1,234.50", 1234.5),
        ("￥1,234", 1234),
        ("3.5万", 35_000),
        ("1.2亿元", 120_000_000),
        (" 12\u00a0", 12),
        ("\u300012", 12),
        ("5人", 5),
        ("-3", -3),
        ("－3", -3),
        (".5", 0.5),
    ],
)
def test_numbers_as_people_write_them(said: Any, meant: float) -> None:
    assert as_number(said) == meant


@pytest.mark.parametrize("said", ["12,5", "1,23", "约30", "30余", "三十", "3人次", "1.2.3", True, date(2023, 10, 8)])
def test_what_is_no_number_is_refused(said: Any) -> None:
    with pytest.raises(BadCell, match="不是数字"):
        as_number(said)


def test_an_int_is_whole_and_exact() -> None:
    assert as_int("3.0") == 3
    with pytest.raises(BadCell, match=r"“2\.5”不是整数。"):
        as_int(2.5)
    with pytest.raises(BadCell, match="太大"):  # Excel kept 15 digits of these 18
        as_int(110_101_199_003_071_200.0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("85.3%", 0.853),
        ("８５.３％", 0.853),
        (0.853, 0.853),
        ("85.3", 0.853),
        (85.3, 0.853),
        (1.0, 1.0),
        (0.0, 0.0),
        (100.0, 1.0),
        ("120%", 1.2),
    ],
)
def test_a_share_is_the_same_however_it_is_written(said: Any, meant: float) -> None:
    assert as_percent(said) == pytest.approx(meant)


def test_a_share_that_may_be_either_is_refused() -> None:
    with pytest.raises(BadCell, match=r"分不清是 1\.2% 还是 120%"):
        as_percent(1.2)


@pytest.mark.parametrize(
    "said",
    [
        "2023年10月8日",
        "2023.10.8",
        "2023-10-08",
        "2023/10/8",
        "20231008",
        20231008.0,
        "10月8日",
        "10月8号",
        "10.8",
        "10/8",
        "１０月８日",
        "10月8日（星期日）",
        45207.0,
        datetime(2023, 10, 8, 9),
        date(2023, 10, 8),
        "2023-10-08 09:30",
        "2023-10-08T00:00:00",
    ],
)
def test_dates_as_people_write_them(said: Any) -> None:
    assert as_date(said, W42) == date(2023, 10, 8)


def test_a_date_without_a_year_lies_nearest_to_the_period() -> None:
    assert as_date("12月30日", Period("2024-W01")) == date(2023, 12, 30)
    assert as_date("1月2日", Period("2023-W52")) == date(2024, 1, 2)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("10月8日-10日", "一行只填一天"),
        ("2023年2月30日", "没有这一天"),
        ("上周三", "不是一个日期"),
        (10.8, "不是日期"),
        ("13月1日", "没有这一天"),
    ],
)
def test_what_is_no_date_is_refused(said: Any, why: str) -> None:
    with pytest.raises(BadCell, match=why):
        as_date(said, W42)


def test_a_time_of_day_is_kept() -> None:
    assert as_datetime("2023-10-08 09:30") == datetime(2023, 10, 8, 9, 30)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("是", True), ("√", True), (True, True), (1.0, True), ("否", False), ("×", False), ("无", False), (0.0, False)],
)
def test_yes_and_no(said: Any, meant: bool) -> None:
    assert as_bool(said) is meant


def test_lists_split_at_any_separator() -> None:
    assert as_list("甲、乙，丙;丁 戊") == ["甲", "乙", "丙", "丁", "戊"]


def test_an_identifier_is_the_same_in_any_width_and_type() -> None:
    assert as_identifier("ＷＴ－０１２ ") == as_identifier("WT-012") == "WT-012"
    assert as_identifier(12.0) == "12"


def test_codes_take_aliases_and_any_width_and_suggest() -> None:
    codes = Codes(Column(title="类型", type="code", codes=("乡镇(街道)", "读书班"), code_aliases={"专题读书班": "读书班"}))
    assert codes("乡镇（街道） ") == "乡镇(街道)"
    assert codes("专题读书班") == "读书班"
    with pytest.raises(BadCell) as e:
        codes("读书会")
    assert e.value.message == "“读书会”不在“类型”的选项里。"
    assert e.value.remedy == "是不是“读书班”？请从下拉列表选：乡镇(街道)、读书班。"


def test_units_by_any_of_their_names_on_the_day() -> None:
    register = Register(
        [
            Unit("C01", "东湖县", aliases=("湖东县",)),
            Unit("C01-T01", "东湖县城关镇", "城关镇"),
            Unit("C02-T01", "西岭县城关镇", "城关镇"),
            Unit("C03", "新区", valid_to=date(2023, 9, 30)),
            Unit("C04", "新区", valid_from=date(2023, 10, 1)),
        ]
    )
    units = Units(register, date(2023, 10, 22))
    assert [units(x) for x in ("东湖县", " 湖东县", "c01", "新区")] == ["C01", "C01", "C01", "C04"]
    with pytest.raises(BadCell, match="有几个单位都叫“城关镇”。 请改填单位编码：C01-T01、C02-T01。"):
        units("城关镇")
    with pytest.raises(BadCell, match="单位名册里没有“城关街”。 是不是“城关镇”？"):
        units("城关街")


def test_a_column_keeps_its_length_and_says_where_it_is_wrong() -> None:
    column = Column(title="人数", type="int")
    values, bad = parse_column([3.0, "", "４", "几", "—", " ", "\u200b"], "int", parser(column), {})
    assert values == [3, None, 4, None, None, None, None]
    assert {k: e.message for k, e in bad.items()} == {3: "“几”不是数字。"}


def test_a_guess_is_told_each_time_it_is_made() -> None:
    parse, memo = parser(Column(title="人数", type="int")), {"": None}
    for _ in range(2):
        guessed: dict[str, list[int]] = {}
        assert parse_column(["十二", 3.0, "十二"], "int", parse, memo, guessed) == ([12, 3, 12], {})
        assert guessed == {"numeral": [0, 2]}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("零", 0),
        ("两", 2),
        ("十", 10),
        ("一十二", 12),
        ("二十", 20),
        ("一百", 100),
        ("一百零五", 105),
        ("一百一十", 110),
        ("两千零三", 2003),
        ("九千九百九十九", 9999),
    ],
)
def test_numbers_in_words(said: str, meant: int) -> None:
    assert numeral(said) == meant


@pytest.mark.parametrize("said", ["", "一百二", "二三", "十十", "一百零二十", "百", "几十", "十二个半", "一万"])
def test_what_is_no_number_in_words(said: str) -> None:
    assert numeral(said) is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2023年10月8日上午9:30", datetime(2023, 10, 8, 9, 30)),
        ("2023年10月8日 下午3点", datetime(2023, 10, 8, 15)),
        ("2023-10-08 3:30 PM", datetime(2023, 10, 8, 15, 30)),
        ("2023-10-08 09:30:15", datetime(2023, 10, 8, 9, 30, 15)),
        ("二〇二三年十月二十一日九时三十分", datetime(2023, 10, 21, 9, 30)),
        ("23年10月8日", datetime(2023, 10, 8)),
    ],
)
def test_times_as_people_write_them(said: str, meant: datetime) -> None:
    assert as_datetime(said, W42) == meant


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("8/10/2023", "分不清是 8月10日 还是 10月8日"),
        ("8/10/23", "分不清年、月、日"),
        ("22/10/23", "分不清年、月、日"),  # of 2022 from one end, of this year from the other
        ("99/10/8", "分不清年、月、日"),
        ("2023-10-08 25:00", "没有这一天"),
        ("32/13/2023", "没有这一天"),
    ],
)
def test_a_day_that_may_be_two_is_refused(said: str, why: str) -> None:
    with pytest.raises(BadCell, match=why):
        as_date(said, W42)


def test_a_short_year_needs_a_period_to_be_near_to() -> None:
    assert as_date("24/1/2", Period("2023-W52")) == date(2024, 1, 2)
    with pytest.raises(BadCell, match="分不清年、月、日"):
        as_date("24/1/2")


def test_rows_are_listed_in_runs() -> None:
    assert row_list([7]) == "第 7 行"
    assert row_list([7, 8, 10, 11, 12]) == "第 7、8、10—12 行"
    assert row_list(range(1, 20, 2)) == "第 1、3、5、7、9、11 等 10 行"


def test_a_code_that_looks_like_an_empty_mark_is_a_code() -> None:
    column = Column(title="情况", type="code", codes=("有", "无"))
    assert parse_column(["无", "有", "/"], "code", parser(column), {})[0] == ["无", "有", None]


def test_one_and_true_are_not_confused() -> None:
    column = Column(title="是否", type="bool")
    assert parse_column([True, 1.0, 0.0, False, "是"], "bool", parser(column), {})[0] == [True, True, False, False, True]
    number = Column(title="人数", type="num")
    values, bad = parse_column([1.0, True, 1.0], "num", parser(number), {})
    assert values == [1.0, None, 1.0]
    assert list(bad) == [1]
