"""Rows that name a row of another ledger, and figures made of figures of another time or form."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hand_world import BUREAU, UNITS, HandWorld, monday, reading_class
from jianbao.definitions.load import load
from jianbao.errors import DefinitionError
from jianbao.numbers.named import readings_named, values_named

IN, TO, AT = "期内", "累计", "时点"
AUG29, SEP5, SEP12 = date(2023, 8, 29), date(2023, 9, 5), date(2023, 9, 12)
STATE = """
kind: state
filed_by: ["县(市、区)", 乡镇(街道), 市直机关]
key: [{key}]
date: day
columns:
  {key}: {{title: 编号, required: true}}
  day: {{title: 日期, type: date}}
  status: {{title: 状态}}
  link_id: {{title: 关联编号}}
  more: {{title: 其他关联, type: list}}
"""
FILES = {
    "ledgers/works.yml": "code: X1\ntitle: 工作表\n" + STATE.format(key="work"),
    "ledgers/plans.yml": "code: X2\ntitle: 计划表\n" + STATE.format(key="plan"),
    "ledgers/talks.yml": """
code: X3
title: 谈话表
kind: event
filed_by: ["县(市、区)", 市直机关]
date: day
columns:
  day: {title: 日期, type: date}
  about: {title: 事项}
""",
    "indicators/more.yml": """
linked: {code: X01, title: {zh: 有关联的工作}, unit: 项, nature: result, ledger: works, linked_to: [plans], value: count(),
  rolls_up: stock, definition: 见表。}
linked_more: {code: X02, title: {zh: 列表关联}, unit: 项, nature: result, ledger: works, linked_to: [plans, works], link: more,
  value: count(), rolls_up: stock, definition: 见表。}
linked_rate: {code: X03, title: {zh: 关联率}, unit: "%", nature: result,
  numerator: {ledger: works, linked_to: [plans], where: status = '完', value: count()},
  denominator: {ledger: works, where: status = '完', value: count()}, rolls_up: ratio, stock: true, definition: 见表。}
talks.linked: {code: X04, title: {zh: 谈到工作的次数}, unit: 次, nature: activity, ledger: talks, linked_to: [works], link: about,
  value: count(), rolls_up: sum, definition: 见表。}
days.grown: {code: X05, title: {zh: 累计增量}, unit: 天, nature: activity, rolls_up: none,
  combine: "reading_class.days.to_date - coalesce(reading_class.days.to_date.previous, 0)", definition: 见表。}
days.next: {code: X06, title: {zh: 下一次}, unit: 次, nature: activity, combine: 1 + reading_class.days * 2, rolls_up: none,
  definition: 见表。}
days.rise: {code: X07, title: {zh: 比上期}, unit: 天, nature: activity, rolls_up: none, form: 期内,
  combine: B03.in_period - B03.in_period.previous, definition: 见表。}
""",
}


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, files=FILES)


def work(key: str, link: str | None = None, status: str = "完", more: list[str] | None = None) -> dict[str, Any]:
    return {"work": key, "day": AUG29, "status": status, "link_id": link, "more": more}


def plan(key: str) -> dict[str, Any]:
    return {"plan": key, "day": AUG29, "status": "有", "link_id": None, "more": None}


def counted(world: HandWorld, *question: Any, **more: Any) -> float | None:
    r = world.read(*question, **more)
    rows = r.rows()
    assert len(rows) == r.n_rows
    assert not [c for c in rows if "linked by" in c]
    return r.value


# Links

def test_only_rows_whose_link_names_a_row_of_the_same_unit(world: HandWorld) -> None:
    world.file("works", 35, "C01", work("W1", "P1"), work("W2", "P9"), work("W3"))
    world.file("works", 35, "C02", work("W1", "P1"))        # C02 has no P1 of its own
    world.file("plans", 35, "C01", plan("P1"))
    world.file("plans", 35, "C02", plan("P2"))
    assert counted(world, "linked", "root", 35) == 1
    assert [counted(world, "linked", u, 35) for u in ("C01", "C02")] == [1, 0]
    assert counted(world, "linked_rate", "root", 35) == 1 / 4
    assert world.read("linked_rate", "root", 35).rows().part.tolist() == ["分子", *["分母"] * 4]


def test_the_other_ledger_is_read_as_it_stands_at_period_end(world: HandWorld) -> None:
    world.file("works", 35, "C01", work("W1", "P1"))
    world.file("plans", 36, "C01", plan("P1"))
    assert [counted(world, "linked", "C01", n) for n in (35, 36)] == [0, 1]
    cube = world.cube(35, 36)           # both at once: each in its own time
    assert [cube.values("linked", AT, p).value[cube.at("C01", p)] for p in cube.periods] == [0, 1]
    assert counted(world, "linked", "C01", 36, as_of=monday(35)) == 0


def test_a_list_may_name_several_and_several_ledgers_may_hold_them(world: HandWorld) -> None:
    world.file("works", 35, "C01", work("W1", more=["P9", "P1"]), work("W2", more=["W1"]), work("W3", more=["P9"]), work("W4"))
    world.file("plans", 35, "C01", plan("P1"))
    assert counted(world, "linked_more", "C01", 35) == 2


def test_events_link_to_states(world: HandWorld) -> None:
    world.file("talks", 35, "C01", {"day": AUG29, "about": "W1"}, {"day": AUG29, "about": "W7"})
    world.file("talks", 36, "C01", {"day": SEP5, "about": "W7"})
    world.file("works", 36, "C01", work("W7"))
    assert [counted(world, "talks.linked", "C01", n, TO) for n in (35, 36)] == [0, 2]
    assert counted(world, "talks.linked", "C01", 36, IN) == 1


@pytest.mark.parametrize(("was", "now", "told"), [
    ("linked_to: [plans], value", "linked_to: [plan], value", "Did you mean: plans"),
    ("linked_to: [plans], value", "linked_to: [talks], value", "rows of ledger talks are not told by one key column"),
    ("link: about", "link: abut", "Did you mean: about"),
    ("reading_class.days.to_date -", "reading_class.days.at_end -", "is read as 期内、累计, not 时点"),
    ("B03.in_period.previous", "B033.previous", "no indicator 'B033'"),
    ("B03.in_period.previous", "B03.in_period.to_date", "says twice of when or in which form"),
])
def test_what_is_refused(was: str, now: str, told: str, tmp_path: Path) -> None:
    text = FILES["indicators/more.yml"]
    assert was in text
    world = HandWorld(tmp_path, files={**FILES, "indicators/more.yml": text.replace(was, now)}, masters=False)
    with pytest.raises(DefinitionError, match=told):
        load(world.folder / "params")


# Figures of another time or form

def test_a_part_of_the_period_before(world: HandWorld) -> None:
    for n, day, d in ((35, AUG29, 2), (36, SEP5, 5)):
        world.file("study", n, "C01", reading_class(d, day))
    assert counted(world, "days.rise", "C01", 36) == 3
    assert counted(world, "days.rise", "C01", 35) is None           # nothing comes before the first period
    assert counted(world, "days.grown", "C01", 36) == 5
    assert counted(world, "days.grown", "C01", 35) == 2             # said: nothing before is zero
    assert world.read("days.rise", "C01", 36).rows().part.tolist() == ["读书班天数（期内）", "读书班天数（期内、上期）"]


def test_numbers_in_a_combination(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    assert counted(world, "days.next", "C01", 35, TO) == 5
    assert counted(world, "days.next", "C02", 35, TO) is None


def test_a_unit_made_since_has_no_part_of_the_period_before(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, units=[*UNITS, ("D02", "root", BUREAU)], spans={"D02": (date(2023, 9, 11), None)}, files=FILES)
    for unit in ("D01", "D02"):
        world.file("study", 37, unit, reading_class(2, SEP12))
    world.file("study", 36, "D01", reading_class(1, SEP5))
    assert [counted(world, "days.rise", u, 37) for u in ("D01", "D02", "root")] == [1, None, 3]
    assert counted(world, "days.grown", "D02", 37) == 2


def test_values_named_in_a_condition(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    world.file("study", 36, "C01", reading_class(3, SEP5))
    cube = world.cube(36)
    text = "reading_class.days.in_period > B03.in_period.previous and B03.to_date > 4 and elapsed < 1"
    [p] = cube.periods
    assert values_named(cube, text, "C01", p) | {"elapsed": 0} == {
        "reading_class.days.in_period": 3, "B03.in_period.previous": 2, "B03.to_date": 5, "elapsed": 0}
    assert readings_named(cube, "B03.previous", "C01", p.previous())["B03.previous"] is None
