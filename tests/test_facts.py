"""Words taken from rows, liaison groups as readers, and what an issue may take of its reader's time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jianbao.brief.brief import open_brief
from jianbao.brief.parts import Chart, Document, Foot, Prose, Run, Sources
from jianbao.calendar import issue_number
from jianbao.definitions.campaign import Product
from jianbao.definitions.load import load
from jianbao.errors import BriefError, DefinitionError, PublishError, UnknownName
from jianbao.numbers import facts
from jianbao.numbers.cube import Cube
from jianbao.publish import budget
from jianbao.publish.export import pdf
from jianbao.publish.plan import issues_of
from worlds import CAMPAIGN, World, make_world

MEETINGS: dict[str, Any] = {
    "code": "L01", "title": "会议台账", "kind": "event", "filed_by": ["县", "市直"], "date": "held_on", "columns": {
        "kind": {"title": "类型", "type": "code", "required": True, "codes": ["动员会", "推进会"]},
        "held_on": {"title": "日期", "type": "date", "required": True},
        "title": {"title": "会议名称"}}}  # fmt: skip
CALLED: dict[str, Any] = {
    "code": "A1", "title": {"zh": "会议次数"}, "unit": "次", "nature": "activity", "ledger": "meetings", "value": "count()",
    "rolls_up": "sum", "definition": "会议的次数。"}  # fmt: skip
FACTS: dict[str, Any] = {
    "城市名": "青石",
    "最早动员日期": {"ledger": "meetings", "where": "kind = '动员会'", "value": "held_on", "take": "first"},
    "全面动员日期": {"ledger": "meetings", "where": "kind = '动员会'", "value": "held_on", "take": "last"},
    "会议": {"ledger": "meetings", "where": "unit = 'C01'", "value": "title", "take": "all"},
    "东湖会议": {"ledger": "meetings", "where": "unit = 'C01' and kind = '推进会'", "value": "title"},
}


def meeting(kind: str, day: date, title: str) -> dict[str, Any]:
    return {"类型": kind, "日期": day, "会议名称": title}


def world_of(tmp_path: Path, *, products: dict[str, Any] | None = None, facts: dict[str, Any] = FACTS) -> World:
    return make_world(tmp_path, ledgers={"meetings": MEETINGS}, indicators={"meetings": {"meetings": CALLED}},
                      params={"campaign.yml": {**CAMPAIGN, "facts": facts},
                              "briefs.yml": products or {"weekly": {"notebook": "w.ipynb", "name": "简报", "title": "{单位}情况"}}})


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = world_of(tmp_path)
    world.file("C01", "2023-W41", {"会议台账": [meeting("动员会", date(2023, 10, 9), "东湖动员"),
                                             meeting("推进会", date(2023, 10, 11), "东湖推进")]})
    world.file("C02", "2023-W41", {"会议台账": [meeting("动员会", date(2023, 10, 13), "西岭动员")]})
    world.receive("2023-10-16T10:00")
    return world


def test_a_date_is_the_first_or_the_last_of_its_column(world: World) -> None:
    workspace = world.reopen()
    cube = Cube(workspace, [workspace.period("2023-W41")])
    assert facts.find(cube, "最早动员日期", workspace.period("2023-W41")).values == (date(2023, 10, 9),)
    last = facts.find(cube, "全面动员日期", workspace.period("2023-W41"))
    assert last.values == (date(2023, 10, 13),)
    rows = last.rows()      # the one row it stands in, where a person finds it
    assert rows[["unit", "sheet", "row"]].to_dict("records") == [{"unit": "C02", "sheet": "会议台账", "row": rows["row"][0]}]


def test_nothing_is_known_before_anything_was_filed(world: World) -> None:
    workspace = world.reopen()
    cube = Cube(workspace, [workspace.period("2023-W40")])
    assert facts.find(cube, "全面动员日期", workspace.period("2023-W40")).values == ()
    with pytest.raises(UnknownName, match="Did you mean: 全面动员日期"):
        facts.find(cube, "全面动员日", workspace.period("2023-W40"))


def test_a_fact_of_a_ledger_nobody_files(tmp_path: Path) -> None:
    """The first day of the campaign that is worked, from the system's own calendar."""
    world = world_of(tmp_path, facts={"首个工作日": {"ledger": "calendar", "where": "worked", "value": "day", "take": "first"}})
    world.receive("2023-10-16T10:00")
    workspace = world.reopen()
    cube = Cube(workspace, [workspace.period("2023-W41")], indicators=[])
    assert facts.find(cube, "首个工作日", workspace.period("2023-W41")).values == (workspace.definitions.campaign.starts,)


def test_prose_says_a_fact_and_notes_its_rows(world: World) -> None:
    brief = open_brief("2023-W41", workspace=world.reopen())
    brief.say("{城市名}于{最早动员日期}启动，{全面动员日期}前全部动员；开了{会议}，最近是“{东湖会议}”。")
    (said,) = [p for p in brief.parts if isinstance(p, Prose)]
    assert said.text == "青石于10月9日启动，10月13日前全部动员；开了“东湖动员”“东湖推进”，最近是“东湖推进”。"
    brief.sources()
    (sources,) = [p for p in brief.parts if isinstance(p, Sources)]
    noted = {f.title: f for f in sources.figures}
    assert noted["全面动员日期"].printed == "10月13日"
    assert [r.unit for r in noted["全面动员日期"].rows] == ["西岭县"]
    assert noted["会议"].n_rows == 2
    assert {r.figure for r in said.runs if r.figure} == {f.id for f in sources.figures}


def test_a_fact_nobody_filed_drops_its_clause(world: World) -> None:
    brief = open_brief("2023-W40", workspace=world.reopen())
    brief.say("启动〔，{全面动员日期}前全部动员〕。")
    assert [p.text for p in brief.parts if isinstance(p, Prose)] == ["启动。"]


def test_a_fact_of_a_wrong_column_is_told_by_file_and_line(tmp_path: Path) -> None:
    wrong = {"日期": {"ledger": "meetings", "value": "held_onn"}}
    with pytest.raises(DefinitionError, match=r"params/campaign.yml:\d+: 日期: .*held_onn.*Did you mean: held_on"):
        load(world_of(tmp_path, facts=wrong).root / "params")


# Liaison groups

def team_world(tmp_path: Path) -> World:
    rows = [{"片区编码": "P1", "片区名称": "东片", "小组编码": team, "小组名称": name, "对接单位编码": unit, "起始日期": date(2023, 9, 1)}
            for team, name, unit in (("G1", "第一联络组", "C01"), ("G1", "第一联络组", "C01-T01"), ("G2", "第二联络组", "C02"))]
    product = {"notebook": "t.ipynb", "name": "工作单", "title": "{单位}工作单", "units": "teams"}
    return make_world(tmp_path, ledgers={"meetings": MEETINGS}, master={"联络组": rows},
                      indicators={"meetings": {"meetings": CALLED}}, params={"briefs.yml": {"team": product}})


def test_a_liaison_group_reads_of_its_own_units(tmp_path: Path) -> None:
    world = team_world(tmp_path)
    world.file("C01", "2023-W41", {"会议台账": [meeting("动员会", date(2023, 10, 9), "东湖动员")]})
    world.receive("2023-10-16T10:00")
    workspace = world.reopen()
    assert [str(i) for i in issues_of(workspace, workspace.period("2023-W41"), as_of="latest")] == ["team/2023-W41/G1", "team/2023-W41/G2"]
    brief = open_brief("2023-W41", "G1", workspace=workspace)
    assert (brief.title, brief.issue, brief.head.unit_name) == ("第一联络组工作单", "team/2023-W41/G1", "第一联络组")
    assert brief.members == ("C01", "C01-T01")
    assert brief.filed == (1, 1)            # 东湖县 is due and filed; a town files no meetings
    assert [r.value for r in brief.readings("会议次数", of="members", scope="own")] == [1, None]
    with pytest.raises(BriefError, match="a liaison group has no figures of its own"):
        brief.say("开会{会议次数}。")
    assert open_brief("2023-W41", "G2", workspace=workspace).filed == (1, 0)


# What an issue may take

def test_a_product_for_chosen_periods_is_made_then_or_when_asked_by_name(tmp_path: Path) -> None:
    products = {name: {"notebook": "w.ipynb", "name": name, "title": name} for name in ("weekly", "report")}
    world = world_of(tmp_path, products=products)
    calendar = world.root / "params" / "calendar.yml"
    calendar.write_text("cut_off: {days: 1, at: '12:00'}\nfirst: {report: 2023-W38}\nonly: {report: [2023-W38, 2023-W41]}\n")
    world.file("C01", "2023-W40", {"会议台账": [meeting("动员会", date(2023, 10, 3), "东湖动员")]})
    world.receive("2023-10-09T10:00")
    workspace = world.reopen()

    def made(period: str, only: str | None = None) -> list[str]:
        return [str(i) for i in issues_of(workspace, workspace.period(period), as_of="latest", only=only)]

    assert made("2023-W40") == ["weekly/2023-W40/root"]
    assert made("2023-W41") == ["weekly/2023-W41/root", "report/2023-W41/root"]
    assert made("2023-W40", "report/*") == ["report/2023-W40/root"]
    assert issue_number(workspace, "report", workspace.period("2023-W41")) == (2, 2)


PRODUCT = Product(notebook="w.ipynb", name="简报", title="情况", max_pages=2, max_charts=1)


def document(paragraphs: int, charts: int = 0) -> Document:
    text = "本周工作平稳推进，各项任务按计划进行，情况总体良好。" * 8
    return Document((*(Prose((Run(text),)) for _ in range(paragraphs)), *(Chart(f"图{n}", "说明") for n in range(charts))))


def test_an_issue_longer_than_its_budget_fails_and_says_by_how_much() -> None:
    short, long = document(2), document(9)
    assert budget.pages_of(pdf.write(short)) == 1
    budget.check(short, pdf.write(short), PRODUCT, "weekly/2023-W41/root")
    with pytest.raises(PublishError, match=r"weekly/2023-W41/root: \d pages, and 2 are allowed. Say less in w.ipynb"):
        budget.check(long, pdf.write(long), PRODUCT, "weekly/2023-W41/root")


def test_a_second_chart_fails_unless_it_is_for_the_working_paper() -> None:
    with pytest.raises(PublishError, match="2 charts in the issued copy, and 1 are allowed"):
        budget.check(document(1, charts=2), None, PRODUCT, "weekly/2023-W41/root")
    second = Chart("图", "说明", face="working")
    budget.check(Document((*document(1, charts=1).parts, second)), None, PRODUCT, "weekly/2023-W41/root")


@pytest.mark.parametrize(("paragraphs", "pages"), [(2, 2), (4, 2), (7, 4)])
def test_a_brief_printed_on_both_sides_ends_on_an_even_page(paragraphs: int, pages: int) -> None:
    with_foot = Document((*document(paragraphs).parts, Foot(report_to="市政府", copies=60, even=True)))
    assert budget.pages_of(pdf.write(with_foot)) == pages
