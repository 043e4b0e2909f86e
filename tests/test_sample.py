"""Spot checks: what is drawn and why, the form that goes out and comes back, and what stands beside a figure."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

import jianbao as jb
from hand_world import COUNTY, HandWorld, monday, problem, review, week
from jianbao.brief import checked as beside
from jianbao.brief.parts import Prose, Table
from jianbao.cli.sample import sample, write
from jianbao.errors import BriefError, DefinitionError, JianbaoError
from jianbao.intake.inbox import receive
from jianbao.numbers.sample import Draw, draw

FOUR = [*[(f"C0{n}", "root", COUNTY) for n in range(1, 5)]]
UNITS = [("root", None, "汇总节点"), *FOUR, ("Z01", "root", "主题办")]
MONDAY, TUESDAY, SUNDAY = date(2023, 8, 28), date(2023, 8, 29), date(2023, 9, 3)     # of week 35

RULES = """
share: 0.05
of:
  rectification.done: {title: summary, checked: rectification.checked, verified: rectification.verified_rate,
                       rate: rectification.rate, also: [rectification.rate]}
results: {ledger: samples, period: drawn_for, reviewed: reviewed, item: item_key}
floor: {checked: 2, rate: 0.9}
"""


def world(folder: Path, rules: str = RULES, **more: Any) -> HandWorld:
    return HandWorld(folder, units=UNITS, files={"sample.yml": rules}, **more)


def closed(w: HandWorld, unit: str, days: list[date | None], *, n: int = 35) -> None:
    """A unit's accepted problems, each closed on its day, or open."""
    keys = [f"WT-{k:03d}" for k in range(1, len(days) + 1)]
    w.file("problems", n, unit, *[problem(key, MONDAY, status="已整改" if day else "整改中", closed=day)
                                  for key, day in zip(keys, days, strict=True)])


def accepted(w: HandWorld, **counts: int) -> None:
    w.file("reviews", 35, "Z01", *[review(u, f"WT-{k:03d}", "合格", MONDAY) for u, n in counts.items() for k in range(1, n + 1)])


def drawn(w: HandWorld, **more: Any) -> Draw:
    return draw(w.workspace, week(35), **more)


# The draw

def test_one_in_twenty_is_drawn_and_at_least_one(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [date(2023, 8, 28 + k % 4) for k in range(16)] + [None] * 16)     # four a day, none at the end
    accepted(w, C01=32)
    assert len(drawn(w).items) == 1                     # 0.05 × 16, rounded up
    assert drawn(w).reported == {"rectification.done": 16}
    assert drawn(w).items[0].why == "随机"


def test_the_same_seed_draws_the_same_and_another_draws_others(tmp_path: Path) -> None:
    w = world(tmp_path, RULES.replace("share: 0.05", "share: 0.5"))
    closed(w, "C01", [date(2023, 8, 28 + k % 4) for k in range(16)] + [None] * 16)
    accepted(w, C01=32)
    first = [i.key for i in drawn(w, seed="甲").items]
    assert [i.key for i in drawn(w, seed="甲").items] == first and len(first) == 8
    assert [i.key for i in drawn(w, seed="乙").items] != first
    assert drawn(w).seed == "lanchuan-theme-education 2023-W35"


def test_a_row_more_moves_no_other(tmp_path: Path) -> None:
    """An item's lot is its own: half are drawn, and all that were drawn of 16 are among those drawn of 17."""
    w = world(tmp_path, RULES.replace("share: 0.05", "share: 0.5"))
    closed(w, "C02", [date(2023, 8, 28 + k % 4) for k in range(16)] + [None] * 16)
    accepted(w, C01=4, C02=32)
    before = {(i.unit, i.key) for i in drawn(w).items}
    closed(w, "C01", [MONDAY, None, None, None])      # stands before the others, so that every row moves on by one
    after = {(i.unit, i.key) for i in drawn(w).items}
    assert (len(before), len(after)) == (8, 9)
    assert before < after


def test_the_last_minute_is_drawn_more_and_says_so(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [MONDAY, TUESDAY] * 8 + [SUNDAY] * 3 + [None] * 10)
    accepted(w, C01=29)
    late = [i for i in drawn(w).items if i.done_on == SUNDAY]
    assert [i.why for i in late if i.drawn_as == "期末突击"] == ["期末突击：9月3日完成，是期末最后2天"]     # 0.2 × 3, rounded up


def test_a_batch_of_one_day_is_drawn_and_says_so(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [TUESDAY] * 5 + [None] * 20)
    closed(w, "C02", [TUESDAY] * 4 + [None] * 20)
    accepted(w, C01=25, C02=24)
    items = {i.unit: i for i in drawn(w).items if i.reasons}
    assert items["C01"].why == "同日成批：8月29日一天完成5件"
    assert "C02" not in items


@pytest.mark.parametrize(("done", "of", "why"), [
    (4, 4, "踩线达标：整改完成率100.0%，正好达到目标"), (3, 4, ""),
    (5, 111, "踩线达标：整改完成率4.5%，正好达到序时进度")])          # 7 of 157 days: 4.46 %; 5 of 111: 4.50 %
def test_units_exactly_on_a_line_are_drawn(tmp_path: Path, done: int, of: int, why: str) -> None:
    w = world(tmp_path, RULES.replace("share: 0.05", "share: 1"))
    closed(w, "C01", [date(2023, 8, 28 + k % 4) for k in range(done)] + [None] * (of - done))
    accepted(w, C01=of)
    assert {i.why for i in drawn(w).items} == {why or "随机"}


def test_a_place_is_named_for_every_item(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [MONDAY, None])
    accepted(w, C01=2)
    (item,) = drawn(w).items
    assert (item.unit_name, item.key, item.title, item.sheet, item.row) == ("C01", "WT-001", "问题", "检视问题台账", 4)
    assert item.file.endswith(".xlsx")


def test_a_row_without_the_text_that_titles_it_has_no_title(tmp_path: Path) -> None:
    w = world(tmp_path, RULES.replace("title: summary", "title: return_reason").replace("share: 0.05", "share: 1"))
    closed(w, "C01", [MONDAY, MONDAY])
    w.file("reviews", 35, "Z01", review("C01", "WT-001", "退回", MONDAY, reason="重复"),
           *[review("C01", key, "合格", TUESDAY) for key in ("WT-001", "WT-002")])
    assert [(i.key, i.title) for i in drawn(w).items] == [("WT-001", "重复"), ("WT-002", "")]


def test_nothing_done_draws_nothing_and_no_rules_are_an_error(tmp_path: Path) -> None:
    w = world(tmp_path / "a")
    closed(w, "C01", [None])
    assert drawn(w).items == ()
    with pytest.raises(JianbaoError, match=r"params/sample.yml does not say what to draw from"):
        draw(world(tmp_path / "b", "{}").workspace, week(35), as_of=monday(35))


def test_a_wrong_name_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"params/sample.yml:4: no column 'sumary'.*summary"):
        _ = world(tmp_path, RULES.replace("title: summary", "title: sumary")).workspace.definitions


# Out and back

def test_the_form_goes_out_and_comes_back(tmp_path: Path) -> None:
    w = world(tmp_path, RULES.replace("share: 0.05", "share: 1"))
    closed(w, "C01", [MONDAY, TUESDAY])
    accepted(w, C01=2)
    path = tmp_path / "抽查.xlsx"
    write(w.workspace, drawn(w), path)
    book = load_workbook(path)
    sheet = book["抽查核实台账"]
    header = {c.value: c.column for c in sheet[6]}
    rows = [[sheet.cell(r, c).value for c in range(1, 5)] for r in (7, 8)]
    assert rows == [["单位C01", "2023-W35", "L11", "WT-001"], ["单位C01", "2023-W35", "L11", "WT-002"]]
    assert sheet.cell(7, header["← 为什么抽"]).value.startswith("踩线达标") and sheet.cell(7, header["← 摘要"]).value == "问题"
    for row in (7, 8):
        assert not sheet.cell(row, header["核实结果"]).protection.locked
        sheet.cell(row, header["核实结果"]).value = "核实"
        sheet.cell(row, header["核实日期"]).value = date(2023, 9, 8)
    inbox = tmp_path / "in"
    inbox.mkdir()
    book.save(inbox / "抽查.xlsx")
    receipt = receive(w.workspace, inbox, received_at=datetime(2023, 9, 11, 9))
    assert [f.message for f in receipt.findings] == []
    assert w.value("rectification.checked", "C01", 36) == 2
    assert w.value("rectification.verified_rate", "C01", 36) == 1


def test_the_command_prints_the_list_and_writes_the_form(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [MONDAY, None])
    accepted(w, C01=2)
    said = CliRunner().invoke(sample, ["2023-W35", "--seed", "甲"], obj=w.folder)
    assert said.exit_code == 0, said.output
    assert "种子 甲" in said.output and "整改完成数 1 件抽 1 件" in said.output and "随机" in said.output
    assert (w.folder / "data/outbox/2023-W35/抽查_2023-W35.xlsx").exists()


# Beside figures

def checks(w: HandWorld, unit: str, results: list[str]) -> None:
    w.file("samples", 36, "Z01", *[{"unit": unit, "drawn_for": "2023-W35", "reviewed": "L11", "item_key": f"WT-{k:03d}",
                                    "result": r, "checked_on": date(2023, 9, 6), "note": None if r == "核实" else "没有做完"}
                                   for k, r in enumerate(results, 1)], units=(unit,))


@pytest.mark.parametrize(("results", "said"), [
    ([], ""),                                           # nobody is checked anywhere: nothing is said
    (["核实", "核实"], "抽查2件、核实率100%"),
    (["核实"], "待核实"),                                # 0.05 × 40 are two
    (["核实", "部分核实"], "待核实"),                     # 50 %
    (["核实"] * 9 + ["不实"], "抽查10件、核实率90%"), (["核实"] * 19 + ["不实"], "抽查20件、核实率95%")])
def test_what_stands_beside_a_figure(tmp_path: Path, results: list[str], said: str) -> None:
    w = world(tmp_path)
    closed(w, "C01", [date(2023, 8, 28 + k % 4) for k in range(40)])
    accepted(w, C01=40)
    if results:
        checks(w, "C01", results)
    for name in ("rectification.done", "rectification.rate"):
        assert beside.clause(w.read(name, "C01", 36)) == said
    with pytest.raises(BriefError, match=r"读书班天数 \(reading_class.days\) has no spot checks"):
        beside.clause(w.read("reading_class.days", "C01", 36))
    brief = jb.open_brief("2023-W36", "C01", workspace=w.workspace)
    brief.say("整改完成{整改完成数.累计}〔（{整改完成数.核实}）〕。")
    part = brief.parts[-1]
    assert isinstance(part, Prose)
    assert part.text == f"整改完成40个{f'（{said}）' if said else ''}。"


def test_a_unit_too_small_to_be_drawn_from_owes_no_checks(tmp_path: Path) -> None:
    w = world(tmp_path)
    closed(w, "C01", [date(2023, 8, 28 + k % 4) for k in range(40)])
    closed(w, "C02", [MONDAY] * 3)
    accepted(w, C01=40, C02=3)
    checks(w, "C01", ["核实", "核实"])
    assert beside.clause(w.read("rectification.done", "C02", 36)) == ""


def test_a_figure_below_the_floor_is_marked_in_tables(tmp_path: Path) -> None:
    w = world(tmp_path)
    for unit in ("C01", "C02"):
        closed(w, unit, [date(2023, 8, 28 + k % 4) for k in range(40)])
    accepted(w, C01=40, C02=40)
    checks(w, "C01", ["核实", "核实"])
    brief = jb.open_brief("2023-W36", "root", workspace=w.workspace)
    brief.table(brief.readings("整改完成数", of=["C01", "C02"]), title="整改完成情况")
    table = brief.parts[-1]
    assert isinstance(table, Table)
    assert [[run.text for run in row] for row in table.rows] == [["C01", "40"], ["C02", "40※"]]
    assert "带※的待核实：应抽查的还没有查够，或核实率低于90%。" in table.notes
