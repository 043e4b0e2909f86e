"""What the system keeps by itself: the calendar, filings, findings and changes; and the functions that know the calendar."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from hand_world import HandWorld, monday, reading_class, week
from jianbao.definitions.finding import Finding
from jianbao.definitions.load import load
from jianbao.definitions.period import Period
from jianbao.definitions.workdays import exceptions, is_worked, next_worked
from jianbao.errors import DefinitionError

IN, TO = "期内", "累计"
AUG29 = date(2023, 8, 29)
FILES = {
    "ledgers/meetings.yml": """
code: X1
title: 会议表
kind: event
filed_by: [office]
date: held_on
columns:
  held_on: {title: 日期, type: date}
  begins: {title: 开始, type: datetime}
  ends: {title: 结束, type: datetime}
  present: {title: 到会单位, type: list}
""",
    "indicators/more.yml": """
workdays: {code: X01, title: {zh: 日历工作日}, unit: 天, nature: coverage, ledger: calendar, where: worked = true, value: count(),
  rolls_up: sum, definition: 见日历。}
weeks: {code: X02, title: {zh: 日历周}, unit: 周, nature: coverage, ledger: calendar, value: distinct(week), rolls_up: distinct,
  definition: 见日历。}
meeting_days: {code: X03, title: {zh: 工作日开会天数}, unit: 天, nature: activity, ledger: meetings, where: "worked_day(held_on)",
  value: distinct(held_on), rolls_up: distinct, definition: 见会议表。}
meeting_weeks: {code: X04, title: {zh: 开会周数}, unit: 周, nature: activity, ledger: meetings, value: distinct(week_of(held_on)),
  rolls_up: distinct, definition: 见会议表。}
first_week: {code: X05, title: {zh: 第一周会议数}, unit: 次, nature: activity, ledger: meetings, where: week_of(held_on) = 0,
  value: count(), rolls_up: sum, definition: 见会议表。}
meeting_rate: {code: X06, title: {zh: 工作日开会率}, unit: "%", nature: coverage, numerator: meeting_days, denominator: workdays,
  rolls_up: ratio, definition: 见会议表。}
long_meetings: {code: X07, title: {zh: 长会数}, unit: 次, nature: activity, ledger: meetings,
  where: "hours_between(begins, ends) > 1.5", value: count(), rolls_up: sum, definition: 见会议表。}
present_units: {code: X08, title: {zh: 到会单位去重}, unit: 个, nature: coverage, ledger: meetings, value: distinct(present),
  rolls_up: distinct, definition: 见会议表。}
idle: {code: X09, title: {zh: 两期零行单位}, unit: 个, nature: coverage, ledger: filings, form: 期内, rolls_up: distinct,
  where: ledger = 'study' and filed and filed_before and rows = 0 and rows_before = 0, value: distinct(unit), definition: 见登记。}
returned_ever: {code: X10, title: {zh: 曾退回}, unit: 个, nature: coverage, ledger: filings, form: 期内, rolls_up: sum,
  where: ledger = 'study' and returned_ever, value: count(), definition: 见登记。}
doubles: {code: X11, title: {zh: 疑似重复}, unit: 条, nature: coverage, ledger: findings, form: 期内, rolls_up: sum,
  where: "rule in ('double-row') and severity = 'warning'", value: count(), definition: 见核查。}
changed: {code: X12, title: {zh: 修订格数}, unit: 个, nature: coverage, ledger: changes, form: 期内, rolls_up: sum,
  where: ledger = 'study', value: count(), definition: 见修订。}
""",
}


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, files=FILES)


def counted(world: HandWorld, *question: Any, **more: Any) -> float | None:
    """The value, its rows beside it: they must be as many as it says."""
    r = world.read(*question, **more)
    assert len(r.rows()) == r.n_rows
    return r.value


# Days

def test_days_that_are_worked() -> None:
    # 2023: the Mid-Autumn and National Day holiday ran 29 September – 6 October; 7 and 8 October were worked for it.
    days = {d: is_worked(date(2023, *d), "cn") for d in ((9, 28), (9, 29), (10, 6), (10, 7), (10, 8), (10, 9), (10, 14))}
    assert list(days.values()) == [True, False, False, True, True, True, False]
    assert is_worked(date(2023, 10, 1), "all")
    assert next_worked(date(2023, 9, 29), "cn") == date(2023, 10, 7)
    assert (is_worked(date(2099, 1, 1), "cn"), is_worked(date(2099, 1, 3), "cn")) == (True, False)      # weekends alone are known
    off, on = exceptions(date(2023, 9, 25), date(2023, 10, 15), "cn")
    assert [d.isoformat() for d in off] == ["2023-09-29", *[f"2023-10-0{n}" for n in range(2, 7)]]
    assert on == [date(2023, 10, 7), date(2023, 10, 8)]
    assert exceptions(date(2023, 9, 30), date(2023, 10, 1), "all") == ([], [date(2023, 9, 30), date(2023, 10, 1)])


def test_the_calendar_has_a_row_for_each_day(world: HandWorld) -> None:
    assert counted(world, "workdays", "root", 39, IN) == 4      # 25–28 September
    assert counted(world, "workdays", "root", 40, IN) == 2      # the weekend of 7 and 8 October
    assert counted(world, "workdays", "root", 35, TO) == 5
    assert counted(world, "workdays", "root", Period("2023-10"), IN) == 2 + 5 + 5 + 5 + 2
    assert counted(world, "weeks", "root", 40, TO) == 6
    rows = world.read("workdays", "root", 40, IN).rows()
    assert rows[["unit", "week"]].values.tolist() == [["Z01", 5], ["Z01", 5]]
    assert world.value("workdays", "C01", 40, IN) == 0          # they are the office's days


def test_worked_days_and_weeks_in_expressions(world: HandWorld) -> None:
    world.file("meetings", 35, "Z01", *[{"held_on": date(2023, 8, d)} for d in (28, 28, 29)])
    world.file("meetings", 40, "Z01", *[{"held_on": date(2023, 10, d)} for d in (5, 7)])
    assert counted(world, "meeting_days", "root", 40, TO) == 3          # 28 and 29 August, 7 October; the 5th was a holiday
    assert counted(world, "meeting_weeks", "root", 40, TO) == 2
    assert counted(world, "first_week", "root", 40, TO) == 3
    assert counted(world, "meeting_rate", "root", 40, IN) == 1 / 2


def test_hours_and_lists(world: HandWorld) -> None:
    def at(hour: int, minute: int) -> datetime:
        return datetime(2023, 8, 28, hour, minute)

    monday_ = date(2023, 8, 28)
    world.file("meetings", 35, "Z01", {"held_on": monday_, "begins": at(9, 0), "ends": at(10, 30), "present": ["C01", "D01"]},
               {"held_on": monday_, "begins": at(9, 0), "ends": at(10, 31), "present": ["C01", "C02"]},
               {"held_on": monday_, "begins": at(9, 0), "ends": None, "present": None})
    assert counted(world, "long_meetings", "root", 35, IN) == 1
    assert counted(world, "present_units", "root", 35, IN) == 3     # C01, C02, D01
    assert counted(world, "present_units", "root", 36, IN) is None


# Filings, findings, changes

def test_filings_remember_the_period_before(world: HandWorld) -> None:
    for n in (35, 36):
        world.file("study", n, "C01")
        world.file("study", n, "C02", *([reading_class(1, AUG29)] if n == 35 else []))
    world.file("study", 36, "D01")
    assert counted(world, "idle", "root", 36) == 1      # C01; C02 had a row before, D01 did not file before
    assert world.read("idle", "root", 36).rows().unit.tolist() == ["C01"]
    frame = world.workspace.filing(week(36)).query("ledger == 'study'").set_index("unit")
    assert frame.loc["C02", ["filed_before", "rows_before", "rows"]].tolist() == [True, 1, 0]
    assert not frame.loc["D01", "filed_before"]
    assert frame.loc["D01", "missed_before"]


def test_a_return_is_remembered_when_it_was_filed_again(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(1, AUG29), accepted=False)
    world.file("study", 35, "C01", reading_class(2, AUG29), at=monday(35, 11))
    world.file("study", 35, "C02", reading_class(1, AUG29))
    assert counted(world, "returned_ever", "root", 35) == 1
    assert not world.workspace.filing(week(35)).returned.any()


def test_findings_are_counted_while_their_submission_counts(world: HandWorld) -> None:
    double = Finding("warning", "double-row", "两行相同。", "请核对。", sheet="集中学习台账", cell="A4", row=4, unit="C01", ledger="study",
                     period="2023-W35")
    world.file("study", 35, "C01", reading_class(1, AUG29), findings=(double,))
    assert counted(world, "doubles", "root", 35) == 1
    assert counted(world, "doubles", "C01", 35, scope="own") == 1
    assert world.read("doubles", "root", 35).rows()[["file", "sheet", "row", "rule"]].values.tolist() == [
        ["C01_study.xlsx", "集中学习台账", 4, "double-row"]]
    assert counted(world, "doubles", "root", 36) == 0
    world.file("study", 35, "C01", reading_class(2, AUG29), at=monday(35, 11))
    assert counted(world, "doubles", "root", 35) == 0


def test_changes_are_those_of_closed_periods(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(1, AUG29))
    world.file("study", 36, "C01")
    assert counted(world, "changed", "root", 36) == 0
    world.file("study", 35, "C01", reading_class(4, AUG29), at=monday(35, 15))      # after the cut-off, in the next one's time
    assert counted(world, "changed", "root", 36) == 1
    rows = world.read("changed", "C01", 36).rows()
    assert rows[["unit", "ledger", "of_period", "column"]].values.tolist() == [["C01", "study", "2023-W35", "days"]]
    assert counted(world, "changed", "root", 36, as_of=monday(35, 14)) == 0


# Definitions

@pytest.mark.parametrize(("files", "told"), [
    ({"ledgers/calendar.yml": "code: X9\ntitle: 表\nkind: event\ncolumns:\n  a: {title: 甲}\n"},
     "calendar is a ledger of the system's own"),
    ({"ledgers/meetings.yml": FILES["ledgers/meetings.yml"] + "rules:\n  - {id: a, check: worked_day(held_on), message: 否。}\n"},
     r"worked_day\(\) can be used in indicators only"),
    ({"indicators/more.yml": FILES["indicators/more.yml"].replace("worked_day(held_on)", "worked_day(held_on, begins)")},
     r"worked_day\(\) takes 1 date"),
    ({"indicators/more.yml": FILES["indicators/more.yml"].replace("rows_before", "rows_befor")}, "Did you mean: rows_before"),
])
def test_what_is_refused(files: dict[str, str], told: str, tmp_path: Path) -> None:
    world = HandWorld(tmp_path, files={**FILES, **files}, masters=False)
    with pytest.raises(DefinitionError, match=told):
        load(world.folder / "params")
