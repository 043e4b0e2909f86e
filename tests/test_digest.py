"""The look at filing as it comes in: what arrived since the last look, who is missing, what is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import jianbao as jb
from jianbao.brief.parts import Prose, Sources, Table
from jianbao.publish.plan import due_issues, issues_of
from worlds import World, make_world

DAILY = {"notebook": "d.ipynb", "name": "每日调度", "title": "{截止日}调度", "period": "day"}
CALENDAR = "cut_off: {days: 1, at: '12:00'}\ndue: {daily: {days: 0, at: '18:00'}}\nfirst: {daily: 2023-10-16}\nwork_days: cn\n"
CALLED: dict[str, Any] = {"code": "A1", "title": {"zh": "学习次数"}, "unit": "次", "nature": "activity", "ledger": "study",
                          "value": "count()", "rolls_up": "sum", "definition": "学习的次数。"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Week 42 ends on Sunday 22 October; its filings are due on Monday at 12:00. 市住房局 files on Friday morning, 西岭县's first
    file has an error, its second comes on Monday afternoon, late."""
    world = make_world(tmp_path, indicators={"study": {"study.count": CALLED}}, params={"briefs.yml": {"daily": DAILY}})
    (world.root / "params" / "calendar.yml").write_text(CALENDAR, encoding="utf-8")
    row = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 1}
    world.file("B01", "2023-W42", {"集中学习台账": [row]}, name="住房局.xlsx")
    world.receive("2023-10-20T09:00")
    world.file("C02", "2023-W42", {"集中学习台账": [{**row, "学习类型": "读书会"}]}, name="西岭.xlsx")
    world.receive("2023-10-20T10:00")
    world.file("C02", "2023-W42", {"集中学习台账": [row]}, name="西岭2.xlsx")
    world.receive("2023-10-23T15:00")
    return world


def opened(world: World, day: str) -> jb.Brief:
    return jb.open_brief(day, "root", f"{day}T18:00", product="daily", workspace=world.reopen())


def said(brief: jb.Brief) -> list[str]:
    return [p.text for p in brief.parts if isinstance(p, Prose)]


def test_what_came_since_the_evening_before_and_what_went_back(world: World) -> None:
    brief = opened(world, "2023-10-20")
    brief.arrivals()
    assert said(brief) == ["10月19日18:00至10月20日18:00，收到报表文件2份、台账2张，入库1张；退回1张。"]
    (table,) = [p for p in brief.parts if isinstance(p, Table)]
    assert [run.text for run in table.rows[0]][:2] == ["西岭县", "集中学习台账"]
    brief.sources()
    (sources,) = [p for p in brief.parts if isinstance(p, Sources)]     # counts are noted with what they mean
    assert ("退回台账数", 1.0) in [(f.title, f.value) for f in sources.figures]


def test_monday_looks_back_over_the_weekend_and_late_is_said(world: World) -> None:
    brief = opened(world, "2023-10-23")
    brief.arrivals()
    assert said(brief) == ["10月20日18:00至10月23日18:00，收到报表文件1份、台账1张，入库1张，其中迟报1张，没有退回。"]
    brief = opened(world, "2023-10-24")
    brief.arrivals()
    assert said(brief) == ["10月23日18:00至10月24日18:00，没有收到报送。"]


def test_who_is_missing_and_how_long_is_left(world: World) -> None:
    brief = opened(world, "2023-10-20")
    brief.missing()
    assert said(brief)[0].startswith("2023年第42周（10月16日—10月22日）应报单位")
    assert said(brief)[0].endswith("；10月23日12:00截止，还有2天18小时。") and "退回未重报1个" in said(brief)[0]
    (table,) = [p for p in brief.parts if isinstance(p, Table)]
    names = "".join(row[-1].text for row in table.rows)
    assert "西岭县（退回）" in names
    after = opened(world, "2023-10-23")
    after.missing()
    assert said(after)[0].endswith("；已于10月23日12:00截止。")


def test_early_in_a_week_nobody_is_listed(world: World) -> None:
    brief = opened(world, "2023-10-24")     # for week 43, due on the 30th
    brief.missing()
    assert said(brief)[0].startswith("2023年第43周")
    assert not [p for p in brief.parts if isinstance(p, Table)]


def test_what_checks_found_errors_first(world: World) -> None:
    brief = opened(world, "2023-10-20")
    brief.exceptions()
    (table,) = [p for p in brief.parts if isinstance(p, Table)]
    assert [run.text for run in table.rows[0]][:2] == ["错误", "集中学习台账"]
    quiet = opened(world, "2023-10-24")
    quiet.exceptions()
    assert said(quiet) == ["这段时间收到的报送没有核查问题。"]


def test_a_day_is_as_of_its_evening_and_days_off_have_none(world: World) -> None:
    workspace = world.reopen()
    (issue,) = issues_of(workspace, workspace.period("2023-10-20"))
    assert issue.as_of.isoformat() == "2023-10-20T18:00:00"
    from datetime import datetime

    days = [i.period.id for i in due_issues(workspace, now=datetime(2023, 10, 23, 19))]
    assert days == ["2023-10-20", "2023-10-23"]
