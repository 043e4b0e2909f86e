"""期初数: what a unit had before its office filed here. The example of docs/methods/openings.md among them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from hand_world import HandWorld, monday, problem, reading_class, review
from jianbao.definitions.load import load
from jianbao.errors import DefinitionError, JianbaoError
from jianbao.intake.master import read_master
from jianbao.numbers.compare import Change, change

IN, TO = "期内", "累计"
AUG29, SEP5 = date(2023, 8, 29), date(2023, 9, 5)
OPENINGS = {
    "ledgers/openings.yml": """
code: R9
title: 期初数
kind: master
columns:
  unit: {title: 单位, type: unit, required: true}
  indicator: {title: 指标, required: true}
  value: {title: 数值, type: num, required: true}
  on: {title: 截至日期, type: date}
  source: {title: 来源, required: true}
""",
    "indicators/openings.yml": """
days.per_problem: {code: X91, title: {zh: 每个问题的天数}, unit: 天, nature: result, numerator: reading_class.days,
  denominator: problems.filed, rolls_up: ratio, definition: 比率经由分子分母用期初数。}
""",
}


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, files=OPENINGS)


def opening(unit: str, indicator: str, value: float, on: date | None = date(2023, 8, 31)) -> dict[str, Any]:
    return {"unit": unit, "indicator": indicator, "value": value, "on": on, "source": "办公室台账"}


def test_an_opening_counts_to_date_and_never_in_a_period(world: HandWorld) -> None:
    world.master("openings", opening("C01T1", "reading_class.days", 12))
    world.file("study", 35, "C01T1", reading_class(2, AUG29))
    world.file("study", 35, "C01", reading_class(3, AUG29))
    assert [world.value("reading_class.days", u, 35, TO) for u in ("C01T1", "C01", "root")] == [14, 17, 17]
    assert [world.value("reading_class.days", u, 35, IN) for u in ("C01T1", "C01", "root")] == [2, 5, 5]
    assert world.value("reading_class.days", "C01", 35, TO, scope="own") == 3
    assert world.value("reading_class.days", "C01T1", 35, TO, scope="own") == 14


def test_openings_are_rows_with_the_workbook_they_stand_in(world: HandWorld) -> None:
    world.master("openings", opening("C01T1", "B03", 12), opening("C02", "读书班天数", 1))      # by code and by title
    world.file("study", 35, "C01T1", reading_class(2, AUG29))
    r = world.read("reading_class.days", "C01", 35, TO)
    rows = r.rows()
    assert (r.value, r.n_rows, len(rows)) == (14, 2, 2)
    assert rows.ledger_name.tolist() == ["study", "openings"]
    assert rows[["file", "sheet", "row", "unit", "value", "source"]].values.tolist()[1] == [
        "Z01_openings.xlsx", "期初数", 4, "C01T1", 12.0, "办公室台账"]
    assert world.read("reading_class.days", "C01", 35, IN).n_rows == 1


def test_before_a_unit_files_its_opening_is_what_is_known(world: HandWorld) -> None:
    world.master("openings", opening("C01T1", "reading_class.days", 12))
    assert world.value("reading_class.days", "C01T1", 36, TO) == 12
    assert world.value("reading_class.days", "C01T1", 36, IN) is None
    assert world.value("reading_class.days", "C01T2", 36, TO) is None       # neither filed nor opened: unknown, not 0


def test_an_opening_counts_from_its_day(world: HandWorld) -> None:
    world.master("openings", opening("C01", "reading_class.days", 5, SEP5), opening("C01", "reading_class.days", 1, None))
    world.file("study", 35, "C01", reading_class(2, AUG29))
    assert [world.value("reading_class.days", "C01", n, TO) for n in (35, 36)] == [3, 8]


def test_an_opening_stock_of_what_is_counted_item_by_item(world: HandWorld) -> None:
    world.master("openings", opening("C01", "problems.open", 4), opening("C01", "problems.accepted", 9))
    world.file("problems", 35, "C01", problem("WT-1", AUG29))
    world.file("reviews", 35, "Z01", review("C01", "WT-1", "合格", AUG29))
    assert world.value("problems.open", "C01", 35) == 5
    assert world.value("problems.accepted", "root", 35) == 10
    assert len(world.read("problems.open", "root", 35).rows()) == world.read("problems.open", "root", 35).n_rows == 2


def test_ratios_use_openings_through_their_parts(world: HandWorld) -> None:
    world.master("openings", opening("C01", "reading_class.days", 8), opening("C01", "problems.filed", 3))
    world.file("study", 35, "C01", reading_class(2, AUG29))
    world.file("problems", 35, "C01", problem("WT-1", AUG29), problem("WT-2", AUG29))
    r = world.read("days.per_problem", "C01", 35, TO)
    assert (r.numerator, r.denominator, r.value) == (10, 5, 2)
    assert r.n_rows == len(r.rows()) == 5
    assert world.read("days.per_problem", "C01", 35, IN).numerator == 2


def test_a_comparison_to_date_has_the_opening_on_both_sides(world: HandWorld) -> None:
    world.master("openings", opening("D01", "reading_class.days", 10))
    for n, day in ((35, AUG29), (36, SEP5)):
        for unit in ("C01", "C01T1", "C01T2", "C02", "C02T1", "D01"):
            world.file("study", n, unit, reading_class(1, day))
    c = change(world.read("reading_class.days", "root", 36, TO))
    assert isinstance(c, Change)
    assert (c.before, c.now) == (16, 22)


def test_openings_are_known_from_when_they_came(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    world.master("openings", at=datetime(2023, 8, 25, 10))
    world.master("openings", opening("C01", "reading_class.days", 5), at=monday(35, 15))
    assert world.value("reading_class.days", "C01", 35, TO, as_of=monday(35, 14)) == 2
    assert world.value("reading_class.days", "C01", 35, TO) == 7


def test_an_opening_of_a_unit_that_is_gone_stays_with_the_one_above(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, spans={"C01T2": (date(2023, 1, 1), date(2023, 9, 10))}, files=OPENINGS)
    world.master("openings", opening("C01T2", "reading_class.days", 6))
    world.file("study", 37, "C01", reading_class(1, date(2023, 9, 12)))
    r = world.read("reading_class.days", "C01", 37, TO)
    assert (r.value, r.n_rows, len(r.rows())) == (7, 2, 2)
    assert world.value("reading_class.days", "C01", 37, TO, scope="own") == 1


def test_what_cannot_be_added_takes_no_opening(world: HandWorld) -> None:
    world.master("openings", opening("C01", "reading_class.teams", 1))      # the same team might open and file
    with pytest.raises(JianbaoError, match=r"reading_class\.teams\) has an opening balance but takes none"):
        world.value("reading_class.teams", "C01", 35, TO)


def test_a_workbook_with_openings_that_cannot_be_is_refused(world: HandWorld) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "期初数"
    for row in (["单位", "指标", "数值", "截至日期", "来源"], ["C01", "读书班天数", 12, date(2023, 8, 31), "办公室台账"],
                ["C01", "读书班天", 3, None, "办公室台账"], ["C01", "B01", 1, None, "办公室台账"]):
        sheet.append(row)
    folder = world.workspace.path("master")
    folder.mkdir(parents=True)
    book.save(folder / "期初数.xlsx")
    with pytest.raises(DefinitionError) as e:
        read_master(world.workspace, date(2023, 9, 1))
    first, second = str(e.value).splitlines()
    assert first.startswith("data/master/期初数.xlsx: 期初数: 第3行：no indicator '读书班天'. Did you mean: 读书班天数")
    assert second == ("data/master/期初数.xlsx: 期初数: 第4行：“举办读书班领导班子数”不能有期初数。"
                      "只有可以累加的数和逐件登记的存量可以有。")


def test_the_ledger_needs_its_columns(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, files={"ledgers/openings.yml": "code: R9\ntitle: 期初数\nkind: master\ncolumns:\n  unit: {title: 单位}\n"},
                      masters=False)
    with pytest.raises(DefinitionError, match=r"openings\.yml:1: opening balances are a master ledger with the columns unit, indicator"):
        load(world.folder / "params")
