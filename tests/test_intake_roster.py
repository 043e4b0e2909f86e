"""Who has filed, who has not, and the reminder to paste."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from jianbao.intake.roster import Roster, roster
from worlds import World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
STUDY, PROBLEMS, OPINIONS = "集中学习台账", "问题台账", "意见统计表"


@pytest.fixture
def world(tmp_path: Path) -> World:
    group = {"片区编码": "D1", "片区名称": "东片", "小组编码": "G1", "小组名称": "第一联络组", "起始日期": date(2023, 9, 1)}
    world = make_world(tmp_path, master={"联络组": [{**group, "对接单位编码": "C01"}, {**group, "对接单位编码": "C01-T01"}]})
    world.file("C01", "2023-W42", {STUDY: [{"单位": "东湖县", **CLASS}], PROBLEMS: []}, nil=[PROBLEMS])
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99}], OPINIONS: [{"收到意见数": 1, "答复数": 1}]})
    world.receive("2023-10-23T10:00")
    world.file("B01", "2023-W42", {STUDY: [CLASS]})
    world.receive("2023-10-23T12:01")
    return world


def of(world: World, as_of: str | None = None) -> Roster:
    return roster(world.workspace, world.workspace.period("2023-W42"), datetime.fromisoformat(as_of) if as_of else None)


def status(found: Roster, unit: str) -> dict[str, tuple[str, bool]]:
    (entry,) = [e for e in found.entries if e.unit == unit]
    return {f.title: (f.status, f.late) for f in entry.filings}


def test_each_ledger_of_each_unit_has_its_status(world: World) -> None:
    found = of(world)
    assert status(found, "C01") == {STUDY: ("已报", False), OPINIONS: ("未报", False), PROBLEMS: ("零报送", False)}
    assert status(found, "C02") == {STUDY: ("退回", False), OPINIONS: ("已报", False), PROBLEMS: ("未报", False)}
    assert status(found, "B01")[STUDY] == ("已报", True)


def test_due_is_filed_and_returned_and_missing(world: World) -> None:
    counts = of(world).counts
    assert counts == {"应报": 15, "实报": 6, "零报送": 2, "迟报": 1, "退回": 1, "未报": 8}
    assert counts["应报"] == counts["实报"] + counts["退回"] + counts["未报"]


def test_as_of_an_earlier_moment_the_late_one_is_missing(world: World) -> None:
    assert status(of(world, "2023-10-23T12:00"), "B01")[STUDY] == ("未报", False)


def test_reminders_by_liaison_group(world: World) -> None:
    reminders = of(world, "2023-10-23T13:00").reminders
    assert list(reminders) == ["第一联络组", "未编组"]
    assert reminders["第一联络组"].splitlines() == [
        "【催报】2023年第42周（10月16日—10月22日）报表已于 10月23日 12:00 截止，以下单位还没有报齐，请尽快报送：",
        "1. 东湖县：未报 意见统计表（上期也未报）",
        "没有内容的请选“零报送”；退回的请按核查结果改正后重报。",
    ]
    assert "西岭县：未报 问题台账（上期也未报）；退回 集中学习台账" in reminders["未编组"]


def test_before_the_cut_off_the_reminder_asks_in_time(world: World) -> None:
    text = of(world, "2023-10-23T11:00").reminders["第一联络组"]
    assert text.startswith("【催报】2023年第42周（10月16日—10月22日）报表将于 10月23日 12:00 截止，请以下单位按时报送：")


def test_json_has_every_unit_that_owes(world: World) -> None:
    data = of(world).to_json()
    assert [u["unit"] for u in data["units"]] == ["C01", "C01-T01", "Z01", "B01", "C02", "C02-T01"]
    assert data["units"][0]["filings"][0] == {
        "ledger": "study",
        "title": STUDY,
        "status": "已报",
        "late": False,
        "received_at": "2023-10-23T10:00:00",
        "missed_before": True,
    }
