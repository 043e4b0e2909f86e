"""Tables that a source publishes: CSV without identity lines, counts by day, totals beside their parts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jianbao.brief.brief import Brief, open_brief
from jianbao.brief.parts import Chart, Prose, Table
from jianbao.definitions.period import Period
from jianbao.numbers import reported
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from jianbao.publish.plan import issues_of
from worlds import UNITS, World, make_world

LEDGER: dict[str, Any] = {
    "code": "D1", "title": "逐日统计", "kind": "snapshot", "filing": "source", "totals": "reported", "date": "day",
    "key": ["day"], "columns": {
        "day": {"title": "日期", "type": "date", "required": True, "aliases": ["date"]},
        "opened": {"title": "累计受理", "type": "int", "required": True, "min": 0, "aliases": ["opened"]}}}  # fmt: skip
INDICATORS: dict[str, Any] = {
    "opened": {"code": "A1", "title": {"zh": "累计受理"}, "unit": "件", "nature": "result", "ledger": "daily",
               "value": "sum(opened)", "rolls_up": "stock", "definition": "到期末的受理数。"},
    "places": {"code": "A2", "title": {"zh": "有受理的单位数"}, "unit": "个", "nature": "result", "ledger": "daily",
               "where": "opened > 0", "value": "distinct(unit)", "rolls_up": "stock", "definition": "受理数大于零的单位。"},
}  # fmt: skip
# 东湖县 has 柳河镇 below it, 西岭县 has 石桥镇: the first table's parts come to 8, the city published 10.
FIRST = "单位,日期,累计受理\n青石市,2023-09-06,10\n东湖县,2023-09-06,6\n柳河镇,2023-09-06,5\nC02-T01,2023-09-06,3\n"


def published_world(tmp_path: Path, **more: Any) -> World:
    product = {"notebook": "w.ipynb", "name": "统计", "title": "{单位}", "units": ["root", "C01"]}
    return make_world(tmp_path, ledgers={"daily": LEDGER}, indicators={"daily": INDICATORS},
                      params={"briefs.yml": {"weekly": product}}, **more)  # fmt: skip


def publish(world: World, name: str, text: str) -> None:
    inbox = world.root / "data" / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (inbox / name).write_text(text, encoding="utf-8")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = published_world(tmp_path)
    publish(world, "逐日统计.csv", FIRST)
    receipt = world.receive("2023-09-11T10:00")
    assert [f.message for f in receipt.findings if f.severity == "error"] == []
    return world


def ask(world: World, indicator: str, unit: str, period: str, scope: Any = "subtree") -> Reading:
    p = Period(period)
    return read(Cube(world.workspace, [p], indicators=[indicator]), indicator, unit, p, scope=scope)


def brief_of(world: World, period: str = "2023-W36") -> Brief:
    return open_brief(period, workspace=world.workspace)


def test_a_table_without_identity_is_the_office_s_and_of_its_last_day_s_week(world: World) -> None:
    filings = world.workspace.store.filings()
    assert set(filings["filer"]) == {"Z01"}
    assert set(filings["period"]) == {"2023-W36"}
    assert set(filings["unit"]) == {"root", "C01", "C01-T01", "C02-T01"}


def test_a_parquet_file_is_read_like_a_table(tmp_path: Path) -> None:
    world = published_world(tmp_path)
    frame = pd.DataFrame({"单位": ["青石市", "C01-T01"], "日期": pd.to_datetime(["2023-09-06", "2023-09-06"]), "累计受理": [10, 5]})
    publish(world, "逐日统计.csv", "")
    path = world.root / "data" / "inbox" / "逐日统计.csv"
    frame.to_parquet(path.with_suffix(".parquet"))
    path.write_bytes(path.with_suffix(".parquet").read_bytes()[:-4] + b"....")  # cut off, under another name
    outcomes = {f.file: f.outcome for f in world.receive("2023-09-11T10:00").files}
    assert outcomes["逐日统计.parquet"] == "stored"
    assert outcomes["逐日统计.csv"] == "unreadable"
    assert ask(world, "opened", "root", "2023-W36", "reported").value == 10
    assert ask(world, "opened", "C01-T01", "2023-09-06").rows()["file"].tolist() == ["逐日统计.parquet"]


def test_the_file_name_may_say_the_week(tmp_path: Path) -> None:
    world = published_world(tmp_path)
    publish(world, "逐日统计_2023-W37.csv", FIRST)
    world.receive("2023-09-18T10:00")
    assert set(world.workspace.store.filings()["period"]) == {"2023-W37"}


def test_a_source_with_a_unit_of_its_own_is_the_filer(tmp_path: Path) -> None:
    source = ("S01", "统计网站", "统计网站", None, "市", "来源", None, False)
    world = make_world(tmp_path, units=[*UNITS, source], ledgers={"daily": {**LEDGER, "filed_by": ["来源"]}})
    publish(world, "逐日统计.csv", FIRST)
    assert [f.outcome for f in world.receive("2023-09-11T10:00").files if f.file.endswith(".csv")] == ["stored"]
    assert set(world.workspace.store.filings()["filer"]) == {"S01"}


def test_another_unit_may_not_file_the_source_s_table(tmp_path: Path) -> None:
    world = published_world(tmp_path)
    publish(world, "逐日统计.csv", "填报单位,东湖县\n" + FIRST)
    receipt = world.receive("2023-09-11T10:00")
    assert [f.rule for f in receipt.findings if f.severity == "error"] == ["entitled"]


def test_a_row_without_its_unit_is_an_error(tmp_path: Path) -> None:
    world = published_world(tmp_path)
    publish(world, "逐日统计.csv", FIRST + ",2023-09-07,4\n")
    errors = [f for f in world.receive("2023-09-11T10:00").findings if f.severity == "error"]
    assert [(f.rule, f.row) for f in errors] == [("unit", 6)]


def test_a_published_total_stands_beside_the_sum_of_its_parts(world: World) -> None:
    assert ask(world, "opened", "root", "2023-W36", "reported").value == 10
    assert ask(world, "opened", "root", "2023-W36").value == 8  # 5 + 3; neither 10 nor 6 is added
    assert ask(world, "opened", "C01", "2023-W36", "reported").value == 6
    assert ask(world, "opened", "C01-T01", "2023-W36", "reported").value == 5  # a place without parts
    assert ask(world, "opened", "C02", "2023-W36", "reported").value is None  # nothing was published of it
    assert ask(world, "opened", "B01", "2023-W36").value is None


def test_a_distinct_count_leaves_published_totals_out(world: World) -> None:
    assert ask(world, "places", "root", "2023-W36").value == 2  # 柳河镇, 石桥镇


def test_the_difference_is_a_finding(world: World) -> None:
    p = Period("2023-W36")
    cube = Cube(world.workspace, [p])
    found = {f.unit: f.message for f in reported.findings(cube, "root", p)}
    assert found == {
        "root": "“累计受理”公布数10件，分项合计8件，相差+2件。",
        "C01": "“累计受理”公布数6件，分项合计5件，相差+1件。",
    }
    assert brief_of(world).head.open_findings == 2


def test_a_stock_by_day_is_that_of_the_last_day_up_to_it(world: World) -> None:
    publish(world, "第二周.csv", "单位,date,opened\n柳河镇,2023-09-13,9\n柳河镇,2023-09-15,7\n")
    world.receive("2023-09-18T10:00")
    days = {"2023-09-05": None, "2023-09-06": 5, "2023-09-12": 5, "2023-09-13": 9, "2023-09-14": 9, "2023-W37": 7, "2023-09": 7}
    assert {day: ask(world, "opened", "C01-T01", day).value for day in days} == days


def test_a_unit_may_be_named_on_its_own_days_only(tmp_path: Path) -> None:
    gone = (*UNITS[5], {"失效日期": date(2023, 9, 6)})
    world = published_world(tmp_path, units=[*UNITS[:5], gone, UNITS[6]])
    publish(world, "逐日统计.csv", FIRST)
    assert not [f for f in world.receive("2023-09-11T10:00").findings if f.severity == "error"]
    assert ask(world, "opened", "C01", "2023-09-06").value == 5
    # From the next day 东湖县 has no part left: its own figure counts.
    assert ask(world, "opened", "C01", "2023-09-07").value == 6
    publish(world, "第二周.csv", "单位,日期,累计受理\n柳河镇,2023-09-13,9\n")
    errors = [f for f in world.receive("2023-09-18T10:00").findings if f.severity == "error"]
    assert [(f.rule, f.cell) for f in errors] == [("unit", "A2")]


def test_what_came_at_several_times_may_be_received_at_once(tmp_path: Path) -> None:
    world = published_world(tmp_path)
    publish(world, "一.csv", FIRST)
    publish(world, "二.csv", "单位,日期,累计受理\n柳河镇,2023-09-13,9\n")
    publish(world, "received.csv", "file,received_at\n一.csv,2023-09-11T10:00\n二.csv,2023-09-18T10:00\n")
    world.receive("2023-09-20T10:00")
    issues = issues_of(world.workspace, Period("2023-W36"))
    assert {i.as_of for i in issues} == {datetime(2023, 9, 11, 12)}  # the cut-off, though one receive took in both
    early = open_brief("2023-W37", as_of="2023-09-11T12:00", workspace=world.workspace)
    assert early["累计受理@C01-T01"].value == 5


def test_a_product_may_name_its_units(world: World) -> None:
    assert [str(i) for i in issues_of(world.workspace, Period("2023-W36"))] == ["weekly/2023-W36/root", "weekly/2023-W36/C01"]


def test_what_a_brief_says_of_published_totals(world: World) -> None:
    brief = brief_of(world)
    brief.say("公布{累计受理.公布}，合计{累计受理.合计}，公布数{累计受理.公布.差额}〔；{累计受理.公布.差额@C02}〕。")
    brief.reported("累计受理", of=["root", "C01"], title="对照")
    brief.trend("累计受理.公布", last=2)
    brief.findings()
    brief.sources()
    said, table, chart, findings, sources = brief.parts
    assert isinstance(said, Prose) and said.text == "公布10件，合计8件，公布数比合计多2件。"
    assert isinstance(table, Table)
    assert [[run.text for run in row] for row in table.rows] == [
        ["青石市·累计受理（件）", "10", "8", "+2"], ["东湖县·累计受理（件）", "6", "5", "+1"]]  # fmt: skip
    assert isinstance(chart, Chart) and chart.data is not None
    assert [run.text for run in chart.data.rows[-1]][1] == "10"  # the published, not the sum
    assert findings.summary == "核查发现错误0处，提示2处。"  # nobody is due to file a published table
    assert "应报" not in sources.closing
