"""Periods: their bounds, their neighbours, and what people write for them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from jianbao.definitions.period import KINDS, Period, parse_period, period_of, periods_between
from jianbao.errors import UnknownName

TODAY = date(2023, 10, 18)          # Wednesday of W42


@pytest.mark.parametrize(("id_", "starts", "ends"), [
    ("2023-10-16", "2023-10-16", "2023-10-16"), ("2023-W42", "2023-10-16", "2023-10-22"), ("2023-10-T1", "2023-10-01", "2023-10-10"),
    ("2023-10-T3", "2023-10-21", "2023-10-31"), ("2024-02-T3", "2024-02-21", "2024-02-29"), ("2023-10", "2023-10-01", "2023-10-31"),
    ("2023-Q4", "2023-10-01", "2023-12-31"), ("2023-H1", "2023-01-01", "2023-06-30"), ("2023", "2023-01-01", "2023-12-31"),
    ("2021-W01", "2021-01-04", "2021-01-10"), ("2020-W53", "2020-12-28", "2021-01-03"), ("2025-W01", "2024-12-30", "2025-01-05")])
def test_bounds_are_inclusive(id_: str, starts: str, ends: str) -> None:
    p = Period(id_)
    assert (p.starts.isoformat(), p.ends.isoformat()) == (starts, ends)
    assert p.days == (p.ends - p.starts).days + 1
    assert p.starts in p
    assert p.ends in p
    assert p.ends + timedelta(days=1) not in p


def test_weeks_are_iso_weeks_when_they_begin_on_monday() -> None:
    day = date(2019, 12, 20)
    while day < date(2027, 1, 10):
        year, week, _ = day.isocalendar()
        assert period_of(day, "week").id == f"{year}-W{week:02d}"
        day += timedelta(days=1)


@pytest.mark.parametrize("start", range(7))
def test_weeks_tile_the_days_whatever_weekday_they_begin_on(start: int) -> None:
    day = date(2019, 12, 1)
    seen = set()
    while day < date(2022, 2, 1):
        p = period_of(day, "week", start)
        assert (p.starts.weekday(), p.days) == (start, 7)
        assert day in p
        assert Period(p.id, start) == p
        seen.add(p.id)
        day += timedelta(days=1)
    assert len(seen) in (114, 115)     # 792 days in weeks, no number used twice


def test_a_week_belongs_to_the_year_of_its_fourth_day() -> None:
    assert period_of(date(2023, 1, 1), "week", 6).id == "2023-W01"      # Sunday to Saturday
    assert period_of(date(2022, 12, 31), "week", 6).id == "2022-W52"
    assert Period("2023-W01", 6).starts == date(2023, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_next_and_previous_meet(kind: str) -> None:
    p = period_of(date(2023, 12, 30), kind)
    for _ in range(40):
        q = p.next()
        assert q.starts == p.ends + timedelta(days=1)
        assert q.previous() == p
        assert p < q
        assert q.kind == kind
        p = q


@pytest.mark.parametrize(("id_", "ago"), [("2023-W42", "2022-W42"), ("2020-W53", "2019-W52"), ("2024-02-29", "2023-02-28"),
                                          ("2023-10-T2", "2022-10-T2"),
                                          ("2023-10", "2022-10"), ("2023-Q4", "2022-Q4"), ("2023-H2", "2022-H2"), ("2023", "2022")])
def test_a_year_ago(id_: str, ago: str) -> None:
    assert Period(id_).year_ago().id == ago


def test_the_last_n_end_with_it() -> None:
    assert [p.id for p in Period("2024-W02").last(4)] == ["2023-W51", "2023-W52", "2024-W01", "2024-W02"]


def test_one_spelling_per_period() -> None:
    assert Period("2023-W7") == Period("2023-W07")
    assert Period("2023-W7").id == "2023-W07"
    assert len({Period("2023-W7"), Period("2023-W07")}) == 1


@pytest.mark.parametrize("wrong", ["2023-W54", "2021-W53", "2023-W00", "2023-13", "2023-02-30", "2023-Q5", "2023-H3", "2023-10-T4", "W42",
                                   "", "2023-10\n",
                                   "２０２３-10", "2023-1-1", "0000", "2023-W042", "x2023"])
def test_anything_else_is_refused_with_the_forms(wrong: str) -> None:
    with pytest.raises(UnknownName, match=r"no period .*Write one of: 2023-W42 \(week\), 2023-10 \(month\)"):
        Period(wrong)


@pytest.mark.parametrize(("id_", "label", "this", "that"), [
    ("2023-W42", "2023年第42周（10月16日—10月22日）", "本周", "上周"), ("2023-10", "2023年10月", "本月", "上月"),
    ("2023-10-T2", "2023年10月中旬", "本旬", "上旬"), ("2023-Q4", "2023年第四季度", "本季度", "上季度"),
    ("2023-H2", "2023年下半年", "本半年", "上半年"), ("2023", "2023年", "今年", "上年"),
    ("2023-10-16", "2023年10月16日", "当日", "前一日")])
def test_as_a_document_writes_it(id_: str, label: str, this: str, that: str) -> None:
    p = Period(id_)
    assert (p.label, p.this, p.that) == (label, this, that)


@pytest.mark.parametrize(("text", "id_"), [
    ("2023-W42", "2023-W42"), ("2023-w42", "2023-W42"), (" 2023-W7 ", "2023-W07"), ("２０２３-10", "2023-10"), ("本周", "2023-W42"),
    ("上周", "2023-W41"), ("这周", "2023-W42"), ("本月", "2023-10"), ("上月", "2023-09"), ("上旬", "2023-10-T1"), ("本季度", "2023-Q4"),
    ("今年", "2023"), ("上年", "2022"), ("昨天", "2023-10-17"), ("第7周", "2023-W41"), ("第1周", "2023-W35"), ("2023年第42周", "2023-W42"),
    ("2023年42周", "2023-W42"), ("10月", "2023-10"), ("2023年10月", "2023-10"), ("10月中旬", "2023-10-T2"), ("10.16-10.22", "2023-W42"),
    ("10.16—10.22", "2023-W42"), ("10.16～10.22", "2023-W42"), ("10月16日至22日", "2023-W42"), ("2023.10.16-10.22", "2023-W42"),
    ("2023年10月16日－10月22日", "2023-W42"), ("10.1-10.31", "2023-10"), ("10.11-10.20", "2023-10-T2"), ("12.25-12.31", "2023-W52"),
    ("1月", "2024-01"),
    ("9月", "2023-09"), ("3月", "2024-03"), ("1.1-1.7", "2024-W01")])
def test_what_people_write(text: str, id_: str) -> None:
    assert parse_period(text, today=TODAY, campaign_starts=date(2023, 8, 28)).id == id_


def test_a_month_alone_is_the_nearest_one_not_before_the_campaign() -> None:
    assert parse_period("9月", today=date(2024, 10, 8), campaign_starts=date(2023, 8, 28)).id == "2024-09"
    assert parse_period("12月", today=date(2024, 1, 9)).id == "2023-12"
    assert parse_period("2月", today=date(2023, 12, 9)).id == "2024-02"
    assert parse_period("12.25-12.31", today=date(2024, 1, 2)).id == "2023-W52"


def test_weeks_that_begin_on_another_day() -> None:
    assert parse_period("本周", today=TODAY, week_start=4) == Period("2023-W42", 4)
    assert Period("2023-W42", 4).starts == date(2023, 10, 13)
    assert parse_period("10.13-10.19", today=TODAY, week_start=4).id == "2023-W42"


@pytest.mark.parametrize(("text", "why"),
                         [("10.16-10.21",
                           "2023-10-16…2023-10-21 is no whole week. The week of 2023-10-16 is 2023-W42, 2023-10-16…2023-10-22."),
                                           ("2.28-2.30", "there is no such day"), ("下下周", "Write one of"), ("第0周", "Write one of"),
                          ("2023年第60周", "Write one of"),
                                           ("13月", "Write one of"), ("", "Write one of")])
def test_what_cannot_be_meant_is_refused(text: str, why: str) -> None:
    with pytest.raises(UnknownName) as e:
        parse_period(text, today=TODAY, campaign_starts=date(2023, 8, 28))
    assert why in str(e.value)


def test_the_nth_week_needs_a_campaign() -> None:
    with pytest.raises(UnknownName, match="the campaign has no start"):
        parse_period("第7周", today=TODAY)


def test_periods_between_touch_both_ends() -> None:
    assert [p.id for p in periods_between(date(2023, 9, 1), date(2023, 9, 30), "week")] == [f"2023-W{n}" for n in (35, 36, 37, 38, 39)]
    assert periods_between(date(2023, 9, 2), date(2023, 9, 1), "week") == []
    with pytest.raises(UnknownName, match=r"no kind of period 'weak'. Did you mean: week"):
        period_of(TODAY, "weak")
