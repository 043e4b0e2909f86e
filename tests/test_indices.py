"""Indices: values of a few units that can be added up by hand, their medians by level, gaps, first acts and ranks."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from hand_world import BUREAU, COUNTY, TOWN, HandWorld, problem, reading_class, review, week
from jianbao.errors import DefinitionError
from jianbao.numbers import indices
from jianbao.numbers.cube import Cube

DAY = {n: week(n).starts for n in range(35, 45)}
VILLAGE = "村(社区)"
# Three bureaus above, three towns below.
UNITS = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), ("D01", "root", BUREAU), ("D02", "root", BUREAU), ("D03", "root", BUREAU),
         ("C01", "root", COUNTY), ("C01T1", "C01", TOWN), ("C01T2", "C01", TOWN), ("C01T3", "C01", TOWN)]
INDICES = """
heat.index:
  code: I01
  title: {zh: 热度指数}
  unit: 分
  nature: index
  better: higher
  rolls_up: none
  index:
    mean_of:
      - {of: reading_class.days, goal: 4}
      - {of: centre_group.sessions, goal: 2}
      - {of: rectification.rate, by_schedule: true}
    at_least: 2
  definition: 各项之均。
heat.gap:
  code: I02
  title: {zh: 上下温差}
  unit: 分
  nature: index
  rolls_up: none
  index: {gap: {of: heat.index, first: 上, last: 下}}
  definition: 上减下。
heat.first_act:
  code: I03
  title: {zh: 层级传导时滞}
  unit: 天
  nature: index
  rolls_up: none
  index: {first_act: [{ledger: study}, {ledger: problems}]}
  definition: 首次行动相隔天数。
study_result.gap:
  code: I05
  title: {zh: 学用位次差}
  unit: 位
  nature: index
  rolls_up: none
  index:
    rank_gap:
      names: [学, 用]
      first: [{of: reading_class.days}, {of: centre_group.sessions}]
      last: [{of: rectification.rate}, {of: rectification.overdue}]
      peers: 3
  definition: 学的位次减用的位次。
progress.index:
  code: I07
  title: {zh: 推进指数}
  unit: 分
  nature: index
  better: higher
  rolls_up: none
  index: {progress: [{of: reading_class.coverage, weight: 2}, {of: rectification.rate}]}
  definition: 加权平均。
progress.rank:
  code: I08
  title: {zh: 推进位次}
  unit: 位
  nature: index
  better: lower
  rolls_up: none
  index: {rank_of: progress.index}
  definition: 同类单位中的位次。
"""


def world(tmp_path: Path, text: str = INDICES, **more: Any) -> HandWorld:
    return HandWorld(tmp_path, units=UNITS, files={"indicators/indices.yml": text, "diagnosis.yml": ""}, **more)


def studied(w: HandWorld, unit: str, days: float, sessions: int, n: int = 35) -> None:
    rows = [reading_class(days, DAY[n])] if days else []
    w.file("study", n, unit, *rows, *[reading_class(1, DAY[n], "中心组")] * sessions)


def own(w: HandWorld, name: str, unit: str, n: int = 35) -> float | None:
    return w.value(name, unit, n, scope="own")


def test_heat_is_the_mean_of_capped_components(tmp_path: Path) -> None:
    w = world(tmp_path)
    studied(w, "D01", 2, 1)         # 50 and 50
    studied(w, "D02", 8, 1)         # capped: 100 and 50
    studied(w, "D03", 4, 0)         # 100 and 0
    assert [own(w, "heat.index", u) for u in ("D01", "D02", "D03")] == [50, 75, 50]


def test_volume_buys_no_heat(tmp_path: Path) -> None:
    w = world(tmp_path)
    studied(w, "D01", 4, 2)
    studied(w, "D02", 40, 20)
    assert own(w, "heat.index", "D01") == own(w, "heat.index", "D02") == 100


def test_too_few_components_are_not_rated(tmp_path: Path) -> None:
    """D01 filed one ledger of which two components come; D02 only problems: one component."""
    w = world(tmp_path)
    studied(w, "D01", 4, 2)
    w.file("problems", 35, "D02", problem("W1", DAY[35]))
    w.file("reviews", 35, "Z01", review("D02", "W1", "合格", DAY[35]))
    assert own(w, "heat.index", "D02") is None
    assert w.value("heat.index", "D03", 35, scope="own") is None        # nothing filed is not cold


def test_a_component_by_schedule_is_measured_against_the_time_gone_by(tmp_path: Path) -> None:
    """The campaign runs 157 days from August 28; at the end of W42 (October 22) 56 have gone by, and 1 of 2 is rectified."""
    w = world(tmp_path)
    studied(w, "D01", 4, 2, 42)
    w.file("problems", 42, "D01", problem("W1", DAY[42], status="已整改", closed=DAY[42]), problem("W2", DAY[42]))
    w.file("reviews", 42, "Z01", review("D01", "W1", "合格", DAY[42]), review("D01", "W2", "合格", DAY[42]))
    elapsed = 56 / 157
    assert 0.5 / elapsed > 1            # ahead of schedule: capped
    assert own(w, "heat.index", "D01", 42) == 100
    parts = indices.parts(w.cube(42), "heat.index", week(42))
    assert [p.title for p in parts] == ["读书班天数", "中心组专题学习次数", "整改完成率"]
    assert parts[2].raw[w.cube(42).at("D01", week(42))] == 0.5


def test_above_a_unit_stands_the_median_of_those_rated_below(tmp_path: Path) -> None:
    w = world(tmp_path)
    studied(w, "D01", 2, 1)             # 50
    studied(w, "D02", 8, 1)             # 75
    studied(w, "C01T1", 0, 0)           # 0; a nil return is known
    studied(w, "C01T2", 4, 2)           # 100
    assert w.value("heat.index", "root", 35) == median([50, 75, 0, 100])
    assert w.value("heat.index", "C01", 35) == 50


def test_each_level_has_the_median_of_its_rated_units(tmp_path: Path) -> None:
    w = world(tmp_path)
    for unit, days, sessions in [("D01", 2, 1), ("D02", 8, 1), ("D03", 4, 2), ("C01T1", 0, 1), ("C01T2", 2, 0)]:
        studied(w, unit, days, sessions)
    found = indices.by_level(w.cube(35), "heat.index", week(35))
    assert [(v.level, v.value, v.rated) for v in found.values()] == [("上", 75, 3), ("中", None, 0), ("下", 25, 2)]
    assert w.value("heat.gap", "root", 35) == 50
    assert w.value("heat.gap", "C01", 35) is None       # nobody of the first level below a county
    assert own(w, "heat.gap", "D01") is None


def test_a_level_knows_who_was_asked_and_who_filed_everything(tmp_path: Path) -> None:
    w = world(tmp_path)
    cube = w.cube(35)
    studied(w, "D01", 2, 1)
    for ledger in {d.ledger.name for d in w.workspace.due(week(35)) if d.unit.code == "D02"}:
        w.file(ledger, 35, "D02")
    cube = w.cube(35)
    top = indices.by_level(cube, "heat.index", week(35))["上"]
    assert (top.due, top.filed, top.coverage) == (3, 1, pytest.approx(1 / 3))


def test_a_ratio_at_a_level_divides_the_sums(tmp_path: Path) -> None:
    """One of one and one of three: 2 of 4, not the mean of 100 % and 33 %."""
    w = world(tmp_path)
    w.file("problems", 35, "D01", problem("W1", DAY[35], status="已整改", closed=DAY[35]))
    w.file("problems", 35, "D02", problem("W1", DAY[35], status="已整改", closed=DAY[35]), problem("W2", DAY[35]), problem("W3", DAY[35]))
    w.file("reviews", 35, "Z01", review("D01", "W1", "合格", DAY[35]), *[review("D02", f"W{k}", "合格", DAY[35]) for k in (1, 2, 3)])
    assert indices.by_level(w.cube(35), "rectification.rate", week(35))["上"].value == 0.5
    assert indices.by_level(w.cube(35), "rectification.done", week(35))["上"].value == 2


def test_the_first_act_counts_days_and_who_has_none_is_later_than_all(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.file("study", 35, "D01", reading_class(1, date(2023, 8, 31)), reading_class(1, date(2023, 8, 30)))    # 2 days
    w.file("problems", 35, "D01", problem("W1", date(2023, 8, 29)))                                         # 1 day
    w.file("study", 35, "D02", reading_class(1, date(2023, 9, 1)))                                          # 4 days
    w.file("study", 35, "D03")                                                                              # none yet
    assert [own(w, "heat.first_act", u) for u in ("D01", "D02", "D03", "C01T1")] == [1, 4, None, None]
    assert w.value("heat.first_act", "root", 35) == 4
    assert indices.by_level(w.cube(35), "heat.first_act", week(35))["上"].value == 4
    w.file("study", 35, "C01T1")
    w.file("study", 35, "C01T2")
    assert w.value("heat.first_act", "root", 35) is None        # three of five have none: no median to tell


def test_the_first_act_may_be_a_filing(tmp_path: Path) -> None:
    """A ledger the system keeps is made when it is asked; its rows are dated by the end of their period."""
    w = world(tmp_path, INDICES.replace("first_act: [{ledger: study}, {ledger: problems}]",
                                        "first_act: [{ledger: filings, where: filed}]"))
    studied(w, "D01", 2, 0)
    starts = w.workspace.definitions.campaign.starts
    assert own(w, "heat.first_act", "D01") == (week(35).ends - starts).days
    assert own(w, "heat.first_act", "D02") is None


def test_ranks_of_a_gap_are_among_one_s_peers(tmp_path: Path) -> None:
    """Days 1, 2, 3 rank 0, 50, 100; sessions 2, 1, 0 rank 100, 50, 0: all means are 50, so all stand in the middle."""
    w = world(tmp_path)
    for unit, days, sessions in [("D01", 1, 2), ("D02", 2, 1), ("D03", 3, 0)]:
        studied(w, unit, days, sessions)
        w.file("problems", 35, unit, problem("W1", DAY[35]), problem("W2", DAY[35], due=date(2023, 8, 29)))
    w.file("reviews", 35, "Z01", *[review(u, k, "合格", DAY[35]) for u in ("D01", "D02", "D03") for k in ("W1", "W2")])
    first, last = indices.sides(w.cube(35), "study_result.gap", week(35))
    at = [w.cube(35).at(u, week(35)) for u in ("D01", "D02", "D03")]
    assert first[at].tolist() == last[at].tolist() == [50, 50, 50]
    assert np.isnan(first[w.cube(35).at("C01T1", week(35))])


def test_study_without_results_parts_the_ranks(tmp_path: Path) -> None:
    """D01 studies most and has one overdue, D03 least and none: 100 − 0 and 0 − 75, with D02 and D03 equal in results."""
    w = world(tmp_path)
    for unit, days, sessions in [("D01", 3, 2), ("D02", 2, 1), ("D03", 1, 0)]:
        studied(w, unit, days, sessions)
        overdue = unit == "D01"
        done = {} if overdue else {"status": "已整改", "closed": DAY[35]}
        w.file("problems", 35, unit, problem("W1", DAY[35], due=date(2023, 8, 29) if overdue else date(2023, 12, 31), **done))
    w.file("reviews", 35, "Z01", *[review(u, "W1", "合格", DAY[35]) for u in ("D01", "D02", "D03")])
    assert [own(w, "study_result.gap", u) for u in ("D01", "D02", "D03")] == [100, 50 - 75, 0 - 75]


def test_fewer_than_the_wanted_peers_are_not_ranked(tmp_path: Path) -> None:
    w = world(tmp_path)
    for unit in ("D01", "D02"):
        studied(w, unit, 2, 1)
    assert np.isnan(indices.sides(w.cube(35), "study_result.gap", week(35))[0]).all()


def test_progress_weighs_the_unit_s_figures_with_all_below(tmp_path: Path) -> None:
    """C01's towns: one of two due teams held a class (50), all rectified (100): (2×50 + 100) / 3."""
    w = world(tmp_path)
    w.bases(C01T1={"teams_due": 1}, C01T2={"teams_due": 1})
    studied(w, "C01T1", 2, 0)
    w.file("problems", 35, "C01T1", problem("W1", DAY[35], status="已整改", closed=DAY[35]))
    w.file("reviews", 35, "Z01", review("C01T1", "W1", "合格", DAY[35]))
    assert w.value("progress.index", "C01", 35) == pytest.approx(200 / 3)
    assert own(w, "progress.index", "C01T1") == 100


def test_a_rank_leaves_out_who_did_not_file_and_shares_places(tmp_path: Path) -> None:
    w = world(tmp_path, INDICES.replace("{of: reading_class.coverage, weight: 2}, {of: rectification.rate}",
                                        "{of: reading_class.days, goal: 4}"))
    for unit, days in [("D01", 2), ("D02", 2)]:
        studied(w, unit, days, 0)
    assert [w.value("progress.rank", u, 35) for u in ("D01", "D02", "D03")] == [1, 1, None]
    studied(w, "D03", 3, 0)
    assert [w.value("progress.rank", u, 35) for u in ("D01", "D02", "D03")] == [2, 2, 1]


def test_several_periods_are_added_before_they_are_divided(tmp_path: Path) -> None:
    """On time in one of the two weeks: half, whatever the week."""
    w = world(tmp_path, INDICES.replace("{of: reading_class.days, goal: 4}", "{of: filings.on_time_rate, last: 4}"))
    for ledger in {d.ledger.name for d in w.workspace.due(week(35)) if d.unit.code == "D01"}:
        w.file(ledger, 35, "D01")
    w.file("study", 36, "D01", reading_class(1, DAY[36], "中心组"), reading_class(1, DAY[36], "中心组"))
    assert own(w, "heat.index", "D01", 36) == (50 + 100) / 2
    assert own(w, "heat.index", "D01", 35) == (100 + 0) / 2


def test_the_rows_behind_an_index_are_those_of_its_components(tmp_path: Path) -> None:
    w = world(tmp_path)
    studied(w, "D01", 2, 1)
    reading = w.read("heat.index", "D01", 35, scope="own")
    rows = reading.rows()
    assert rows["part"].tolist() == ["读书班天数", "中心组专题学习次数"]
    assert reading.n_rows == len(rows) == 2
    assert len(w.read("heat.first_act", "D01", 35, scope="own").rows()) == 2


def test_a_unit_that_was_not_there_before_has_its_own_periods_only(tmp_path: Path) -> None:
    w = world(tmp_path, INDICES.replace("{of: reading_class.days, goal: 4}", "{of: reading_class.days, goal: 4, last: 2}"),
              spans={"D03": (DAY[36], None)})
    studied(w, "D01", 2, 2, 35)
    studied(w, "D01", 2, 0, 36)
    studied(w, "D03", 2, 1, 36)
    assert [own(w, "heat.index", u, 36) for u in ("D01", "D03")] == [100, 50]


def test_indices_are_never_ranked_in_print(tmp_path: Path) -> None:
    w = world(tmp_path)
    assert not w.workspace.definitions.catalogue["progress.index"].ranked


def test_heat_once_more_by_hand_on_many_units(tmp_path: Path) -> None:
    """The same in plain Python on 30 units with made-up filings."""
    units = [*UNITS[:2], *[(f"D{n:02}", "root", BUREAU) for n in range(1, 16)], ("C01", "root", COUNTY),
             *[(f"T{n:02}", "C01", TOWN) for n in range(1, 16)]]
    w = HandWorld(tmp_path, units=units, files={"indicators/indices.yml": INDICES, "diagnosis.yml": ""})
    heat: dict[str, list[float]] = {BUREAU: [], TOWN: []}
    for n, (unit, _, kind) in enumerate(units):
        if kind in heat and n % 4:
            days, sessions = (n * 7) % 11 / 2, n % 4 - 1
            studied(w, unit, days, sessions)
            heat[kind].append((min(days / 4, 1) + min(sessions / 2, 1)) * 50)
    found = indices.by_level(w.cube(35), "heat.index", week(35))
    assert (found["上"].value, found["上"].rated) == (pytest.approx(median(heat[BUREAU])), len(heat[BUREAU]))
    assert found["下"].value == pytest.approx(median(heat[TOWN]))
    assert w.value("heat.index", "root", 35) == pytest.approx(median(heat[BUREAU] + heat[TOWN]))


@pytest.mark.parametrize(("was", "now", "said"), [
    ("of: reading_class.days, goal", "of: reading_class.dais, goal", "indices.yml:9: heat.index: no indicator 'reading_class.dais'"),
    ("last: 下", "last: 底", "heat.gap: no level '底'"),
    ("{ledger: study}", "{ledger: studi}", "heat.first_act: no ledger 'studi'"),
    ("at_least: 2", "at_least: 4", "at_least: 4 of 3 components can never be known"),
    ("index: {rank_of: progress.index}", "index: {rank_of: progress.rank}", "progress.rank: is made of itself"),
    ("  index: {gap: {of: heat.index, first: 上, last: 下}}", "  index: {}", "says nothing. Give one of: mean_of"),
])
def test_what_an_index_names_must_be_there(tmp_path: Path, was: str, now: str, said: str) -> None:
    assert was in INDICES
    with pytest.raises(DefinitionError, match=said.replace("[", r"\[")):
        world(tmp_path, INDICES.replace(was, now)).cube(35)


def test_a_cube_counts_everything_an_index_needs_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    w = world(tmp_path)
    studied(w, "D01", 2, 1)
    cube = Cube(w.workspace, [week(35)], indicators=["heat.index"])
    asked: list[Any] = []
    monkeypatch.setattr(cube, "_fill", asked.append)
    cube.values("heat.index", "时点", week(35), "own")
    assert asked == []
