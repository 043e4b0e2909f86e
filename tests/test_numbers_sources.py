"""Ledgers filed less often, totals a source publishes itself, source units whose figure is printed, and the ledger-wide sums."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hand_world import HandWorld, monday, week
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError

AUG29 = date(2023, 8, 29)
IN, TO = "期内", "累计"
LEDGERS = {
    "ledgers/yearbook.yml": """
code: X1
title: 年鉴表
kind: snapshot
totals: reported
filed_by: ["县(市、区)", 乡镇(街道)]
key: [item]
columns:
  item: {title: 项目, required: true}
  n: {title: 数量, type: int, measure: flow}
""",
    "ledgers/monthly.yml": """
code: X2
title: 月报表
kind: event
frequency: monthly
filed_by: ["县(市、区)"]
date: day
columns:
  day: {title: 日期, type: date}
  n: {title: 数量, type: int}
""",
    "ledgers/visitors.yml": """
code: X3
title: 信访部门台账
kind: event
filed_by: [市直机关, "县(市、区)", 乡镇(街道)]
date: day
columns:
  day: {title: 日期, type: date}
  n: {title: 数量, type: int}
""",
    "indicators/more.yml": """
yearbook.n: {code: X01, title: {zh: 年鉴数}, unit: 个, nature: activity,
  ledger: yearbook, value: sum(n), rolls_up: sum, definition: 见表。}
monthly.n: {code: X02, title: {zh: 月报数}, unit: 个, nature: activity,
  ledger: monthly, value: sum(n), rolls_up: sum, definition: 见表。}
visitors.n: {code: X03, title: {zh: 来访数}, unit: 个, nature: activity,
  ledger: visitors, value: sum(n), rolls_up: sum, authority: D01, definition: 见表。}
visitors.median: {code: X04, title: {zh: 每次人数}, unit: 个, nature: result,
  ledger: visitors, value: median(n), rolls_up: none, definition: 见表。}
visitors.raw: {code: X05, title: {zh: 不汇总数}, unit: 个, nature: result,
  ledger: visitors, value: sum(n), rolls_up: none, definition: 见表。}
""",
}


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, files=LEDGERS)


def test_a_published_total_stands_beside_the_sum_of_its_parts(world: HandWorld) -> None:
    for unit, n in (("C01", 10), ("C01T1", 4), ("C01T2", 5), ("C02T1", 3)):
        world.file("yearbook", 35, unit, {"item": "甲", "n": n})
    assert world.value("yearbook.n", "C01", 35, IN) == 9
    assert world.value("yearbook.n", "C01", 35, IN, scope="reported") == 10
    assert world.value("yearbook.n", "C02", 35, IN, scope="reported") is None       # it published none
    assert world.value("yearbook.n", "root", 35, IN) == 12
    assert sorted(world.read("yearbook.n", "C01", 35, IN).rows().n) == [4, 5]
    assert world.read("yearbook.n", "C01", 35, IN, scope="reported").rows().n.tolist() == [10]


def test_without_published_totals_there_is_none_to_ask_for(world: HandWorld) -> None:
    world.file("visitors", 35, "C01", {"day": AUG29, "n": 2})
    assert world.value("visitors.n", "C01", 35, IN, scope="reported") is None


def test_above_the_source_unit_its_own_figure_is_printed(world: HandWorld) -> None:
    for unit, n in (("D01", 8), ("C01", 5), ("C01T1", 4)):
        world.file("visitors", 35, unit, {"day": AUG29, "n": n})
    assert world.value("visitors.n", "root", 35, IN) == 8       # not 17: the others only cross-check
    assert world.value("visitors.n", "C01", 35, IN) == 9
    assert world.value("visitors.n", "D01", 35, IN) == 8
    assert world.read("visitors.n", "root", 35, IN).rows().unit.tolist() == ["D01"]


def test_the_source_unit_s_silence_is_not_filled_by_the_others(world: HandWorld) -> None:
    world.file("visitors", 35, "C01", {"day": AUG29, "n": 5})
    assert world.value("visitors.n", "root", 35, IN) is None


def test_a_median_is_of_all_rows_below_not_of_medians(world: HandWorld) -> None:
    world.file("visitors", 35, "C01", *[{"day": AUG29, "n": n} for n in (1, 2, 9)])
    world.file("visitors", 35, "C02", {"day": AUG29, "n": 10})
    assert [world.value("visitors.median", u, 35, IN) for u in ("C01", "C02", "root")] == [2, 10, 5.5]


def test_what_does_not_roll_up_is_refused_above(world: HandWorld) -> None:
    world.file("visitors", 35, "C01", {"day": AUG29, "n": 5})
    with pytest.raises(JianbaoError, match=r"不汇总数 .* does not roll up. Ask with scope own."):
        world.read("visitors.raw", "C01", 35, IN)
    assert world.value("visitors.raw", "C01", 35, IN, scope="own") == 5


def test_a_monthly_ledger_is_due_in_the_week_the_month_ends_in(world: HandWorld) -> None:
    due = [n for n in range(35, 45) if any(d.ledger.name == "monthly" for d in world.workspace.due(week(n)))]
    assert due == [35, 39, 44]      # 31 August, 30 September, 31 October
    world.file("monthly", 35, "C01", {"day": AUG29, "n": 2})
    world.file("visitors", 36, "C01")
    r = world.read("monthly.n", "root", 35, IN)
    assert (r.value, r.due, r.filed) == (2, 2, 1)
    r = world.read("monthly.n", "root", 36, TO)
    assert (r.value, r.due, r.gaps) == (2, 0, 1)        # nobody is asked in W36; C02 still owes August


def test_an_undated_row_takes_the_last_day_of_its_filing(world: HandWorld) -> None:
    world.file("visitors", 35, "C01", {"day": None, "n": 2})
    assert world.read("visitors.n", "C01", 35, IN).rows().date.astype(str).tolist() == ["2023-09-03"]
    assert world.value("visitors.n", "C01", Period("2023-08"), IN) == 0
    assert world.value("visitors.n", "C01", Period("2023-09"), IN) == 2


def test_gaps_are_counted_from_the_unit_s_own_beginning(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, spans={"C02T1": (date(2023, 9, 11), None)}, files=LEDGERS)
    world.file("visitors", 37, "C02", {"day": AUG29, "n": 2})
    assert world.read("visitors.n", "C02T1", 38, TO).gaps == 2       # W37 and W38
    assert world.read("visitors.n", "C02", 38, TO).gaps == 2 + 3     # and C02 itself W35, W36 and W38
    assert world.workspace.cut_off(week(35)) == monday(35, 12)
