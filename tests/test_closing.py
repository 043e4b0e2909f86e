"""A period closed to filing, by hand or by the calendar; opened again, with a trace of who, why and what came."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jianbao.cli import main
from jianbao.intake import closing
from jianbao.intake.roster import roster
from worlds import CALENDAR, World, make_world

STUDY = "集中学习台账"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.file("C02", "2023-W42", {STUDY: [CLASS]})
    world.receive("2023-10-23T10:00")
    return world


def call(world: World, *args: str, now: str) -> Result:
    return CliRunner().invoke(main, ["-w", str(world.root), *args], env={"JIANBAO_NOW": now}, catch_exceptions=False)


def late(world: World, unit: str, at: str, *, days: float = 1, period: str = "2023-W42") -> Any:
    world.file(unit, period, {STUDY: [{**CLASS, "天数": days}]})
    (report,) = [f for f in world.receive(at).files if f.outcome != "duplicate" and f.file.startswith(unit)]
    return report


def test_what_comes_for_a_closed_period_is_returned(world: World) -> None:
    said = call(world, "close", "2023-W42", "--who", "综合科", "--reason", "周报已印发", now="2023-10-24T09:00:00")
    assert said.output == "2023年第42周（10月16日—10月22日）　2023-10-24 09:00 关账（综合科：周报已印发）\n"
    report = late(world, "B01", "2023-10-24T10:00")
    assert report.outcome == "returned"
    assert [(f.severity, f.rule, f.message, f.remedy) for f in report.findings] == [
        ("error", "closed", "统计期 2023年第42周（10月16日—10月22日） 已于 10月24日 09:00 关账（综合科），没有收。",
         "要改已报的数，请填“更正单”；确需补报的，请联系办公室重开这一期。")]
    assert late(world, "B01", "2023-10-24T08:59", days=2).outcome == "stored"       # it came before, and was only read later
    assert late(world, "B01", "2023-10-30T10:00", period="2023-W43").outcome == "stored"


def test_opened_again_it_is_taken_and_that_leaves_a_trace(world: World) -> None:
    call(world, "close", "2023-W42", "--who", "综合科", "--reason", "周报已印发", now="2023-10-24T09:00:00")
    said = call(world, "reopen", "2023-W42", "--who", "攻坚办主任", "--reason", "停电迟到", now="2023-10-25T09:00:00")
    assert said.output == "2023年第42周（10月16日—10月22日）　2023-10-25 09:00 重开（攻坚办主任：停电迟到）\n"
    assert late(world, "B01", "2023-10-25T10:00").outcome == "stored"
    period = world.workspace.period("2023-W42")
    (again,) = closing.reopenings(world.workspace, period)
    assert again.text == ("10月25日 09:00 重开（攻坚办主任：停电迟到），尚未关账；其间来文 1 份：B01_2023-W42_2.xlsx")
    call(world, "close", "2023-W42", "--who", "综合科", "--reason", "补报已收", now="2023-10-26T09:00:00")
    found = roster(world.workspace, period)
    assert found.closed is not None and found.closed.reason == "补报已收"
    assert [r.text for r in found.reopened] == [
        "10月25日 09:00 重开（攻坚办主任：停电迟到），至 10月26日 09:00 关账；其间来文 1 份：B01_2023-W42_2.xlsx"]
    data = json.loads(call(world, "roster", "2023-W42", "--json", now="2023-10-26T10:00:00").stdout)
    assert data["closed"] == {"period": "2023-W42", "action": "close", "at": "2023-10-26T09:00:00", "who": "综合科", "reason": "补报已收"}
    assert data["reopened"] == [{"period": "2023-W42", "action": "reopen", "at": "2023-10-25T09:00:00", "who": "攻坚办主任",
                                 "reason": "停电迟到", "until": "2023-10-26T09:00:00", "files": ["B01_2023-W42_2.xlsx"]}]
    shown = call(world, "roster", "2023-W42", now="2023-10-26T10:00:00").output.splitlines()
    assert shown[1] == "10月26日 09:00 已关账（综合科）"
    assert shown[2].startswith("10月25日 09:00 重开（攻坚办主任：停电迟到），至 10月26日 09:00 关账")
    before = roster(world.workspace, period, datetime(2023, 10, 24, 12))
    assert before.closed is not None and before.reopened == ()


def test_the_calendar_closes_by_itself_unless_somebody_opens_it(tmp_path: Path) -> None:
    world = make_world(tmp_path, params={"calendar.yml": {**CALENDAR, "closes": {"days": 14}}})
    assert late(world, "B01", "2023-11-06T12:00").outcome == "stored"       # 14 days after the cut-off, to the minute
    report = late(world, "C02", "2023-11-06T12:01", days=2)
    assert [f.message for f in report.findings if f.severity == "error"] == [
        "统计期 2023年第42周（10月16日—10月22日） 已于 11月6日 12:00 关账，按日历自动关账，没有收。"]
    said = call(world, "close", "2023-W42", "--who", "综合科", "--reason", "周报已印发", now="2023-11-07T09:00:00")
    assert said.exit_code == 2
    assert said.stderr == "jianbao: 2023-W42 is closed already since 2023-11-06 12:00 (calendar). Nothing was changed.\n"
    call(world, "reopen", "2023-W42", "--who", "综合科", "--reason", "停电迟到", now="2023-11-07T09:00:00")
    assert late(world, "C02", "2023-11-20T12:00", days=3).outcome == "stored"


@pytest.mark.parametrize(("args", "said"), [
    (("reopen", "2023-W42", "--who", "综合科", "--reason", "停电迟到"), "2023-W42 is open already. Nothing was changed."),
    (("close", "2023-W42", "--who", " ", "--reason", "停电迟到"), "--who is empty: name the post or office that decided it."),
    (("close", "2023-W42", "--who", "综合科", "--reason", "无"), "--reason '无' explains nothing. Say why"),
    (("close", "2023-W99", "--who", "综合科", "--reason", "停电迟到"), "no period '2023-W99'"),
])
def test_what_cannot_be_meant_is_one_line(world: World, args: tuple[str, ...], said: str) -> None:
    result = call(world, *args, now="2023-10-24T09:00:00")
    assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1


def test_a_clock_that_went_back_cannot_close_before_the_last_action(world: World) -> None:
    call(world, "close", "2023-W42", "--who", "综合科", "--reason", "周报已印发", now="2023-10-24T09:00:00")
    result = call(world, "reopen", "2023-W42", "--who", "综合科", "--reason", "停电迟到", now="2023-10-24T08:00:00")
    assert "the last action was 关账 at 2023-10-24 09:00, after 2023-10-24 08:00. Say a later time with --on." in result.stderr


def test_a_correction_sheet_is_taken_for_a_closed_period(world: World) -> None:
    call(world, "close", "2023-W42", "--who", "综合科", "--reason", "周报已印发", now="2023-10-24T09:00:00")
    line = {"台账": STUDY, "原统计期": "2023-W42", "条目": 7, "列": "天数", "原填": 2, "改为": 3, "理由": "少写一天",
            "说明人职务": "综合科科长"}
    world.file("C02", "2023-W42", {"更正单": [line]})
    (report,) = [f for f in world.receive("2023-10-24T10:00").files if f.outcome != "duplicate"]
    assert report.outcome == "stored", report.findings
