"""Verdicts: guards first, what is not known decides nothing, and what is printed of them. Weak spots, last places, calls."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

import jianbao as jb
from hand_world import BUREAU, COUNTY, TOWN, HandWorld, monday, problem, reading_class, review, week
from jianbao.brief.parts import Prose, Table
from jianbao.errors import BriefError, DefinitionError
from jianbao.numbers.callback import callbacks
from jianbao.numbers.diagnose import Outcome, outcomes, word_for
from jianbao.numbers.readings import Readings, readings
from jianbao.numbers.weak import robust_last, scores, weak_spots
from test_indices import INDICES, studied

DAY = {n: week(n).starts for n in range(35, 45)}
FIRST = ("D01", "D02")
MIDDLE = ("C01", "C02")
LAST = ("C01T1", "C01T2", "C02T1")
UNITS = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), *[(u, "root", BUREAU) for u in FIRST],
         *[(u, "root", COUNTY) for u in MIDDLE], ("C01T1", "C01", TOWN), ("C01T2", "C01", TOWN), ("C02T1", "C02", TOWN)]
RULES = """
thresholds:
  coverage: {title: 报齐, value: 0.9, unit: "%"}
  rated: {title: 已评, value: 2, unit: 个}
  gap: {title: 温差, value: 10, unit: 分}
  cold: {title: 偏低, value: 60, unit: 分}
verdicts:
  - id: V01
    title: 上热下冷
    told_to: leader
    values:
      filed: {what: filed}
      rated: {of: heat.index, what: rated}
      heat: {of: heat.index}
      gap: {of: heat.gap}
    guards:
      - {when: filed >= threshold.coverage, says: "报齐{filed}，不到{threshold.coverage}。"}
      - {when: rated.上 >= threshold.rated and rated.下 >= threshold.rated, says: "可评单位上{rated.上}、下{rated.下}。"}
    units:
      cold: {title: 热度偏低的单位, when: heat < threshold.cold}
    when: [heat.上 > heat.中 and heat.中 > heat.下, gap >= threshold.gap]
    parts_of: heat
    evidence: 热度上{heat.上}、下{heat.下}，相差{gap}，差在{part}（{part.上}和{part.下}）；偏低的{cold}，占{cold.share}，{cold.word}。
    caveat: 不等于成效。
  - id: V02
    title: 连续偏低
    values: {heat: {of: heat.index}}
    units: {cold: {title: 连续偏低的单位, when: heat < threshold.cold, periods: 2}}
    when: [cold > 0]
    evidence: 连续偏低的{cold}，热度{heat}，上期{heat.previous}。
  - id: V03
    title: 超期
    told_to: text
    values: {overdue: {of: rectification.overdue}}
    when: [overdue > 0]
    evidence: 超期未整改{overdue}。
"""


def world(tmp_path: Path, rules: str = RULES, units: list[tuple[Any, ...]] | None = None, **more: str) -> HandWorld:
    return HandWorld(tmp_path, units=UNITS if units is None else units, files={"indicators/indices.yml": INDICES, "diagnosis.yml": rules,
                                                                             "identities.yml": "", **more})


def file_all(w: HandWorld, n: int, heat: dict[str, tuple[float, int]]) -> None:
    """Everything due filed nil, except study: days and sessions of each unit."""
    for due in w.workspace.due(week(n)):
        if due.ledger.name == "study":
            studied(w, due.unit.code, *heat.get(due.unit.code, (0, 0)), n)
        else:
            w.file(due.ledger.name, n, due.unit.code)


# Above 100, in the middle 75, below 25 and 0.
FALLING: dict[str, tuple[float, int]] = {"D01": (4, 2), "D02": (4, 2), "C01": (4, 1), "C02": (4, 1), "C01T1": (0, 0), "C01T2": (1, 1),
                                         "C02T1": (1, 1)}


def judged(w: HandWorld, n: int = 35) -> dict[str, Outcome]:
    return {o.rule.id: o for o in outcomes(w.cube(n), "root", week(n))}


# Verdicts

def test_a_verdict_holds_when_everything_does(tmp_path: Path) -> None:
    w = world(tmp_path)
    file_all(w, 35, FALLING)
    o = judged(w)["V01"]
    assert o.state == "held" and o.why == ()
    values = {name: f.value for name, f in o.found.items()}
    assert (values["heat.上"], values["heat.中"], values["heat.下"], values["gap"]) == (100, 75, 37.5, 62.5)
    assert (values["filed"], values["rated.上"], values["rated.下"]) == (1, 2, 3)
    assert [u.code for u in o.chosen["cold"].units] == ["C01T1", "C01T2", "C02T1"] and o.chosen["cold"].share == 3 / 7
    assert [(p.title, p.by_level["上"], p.by_level["下"]) for p in o.parts] == [
        ("读书班天数", 100, 25), ("中心组专题学习次数", 100, 50), ("整改完成率", None, None)]
    assert {name: t.value for name, t in o.thresholds.items()} == {
        "coverage": 0.9, "rated": 2, "cold": 60, "gap": 10, "few": 0.15, "many": 0.5}


def test_a_verdict_does_not_hold_when_one_condition_fails(tmp_path: Path) -> None:
    w = world(tmp_path)
    file_all(w, 35, {**FALLING, "C01": (4, 2), "C02": (4, 2)})      # the middle is as warm as above
    assert judged(w)["V01"].state == "not held"


def test_too_few_filings_are_no_judgement(tmp_path: Path) -> None:
    """Five of seven units filed everything (and the office): the guard says so, whatever the conditions."""
    w = world(tmp_path)
    for u in (*FIRST, *MIDDLE, *LAST):
        studied(w, u, *FALLING[u])
    o = judged(w)["V01"]
    assert o.state == "insufficient" and o.why == ("报齐{filed}，不到{threshold.coverage}。",)
    assert o.found["filed"].value == 0


def test_too_few_rated_units_are_no_judgement(tmp_path: Path) -> None:
    w = world(tmp_path, RULES.replace("value: 2, unit: 个", "value: 3, unit: 个"))
    file_all(w, 35, FALLING)
    o = judged(w)["V01"]
    assert (o.state, o.why) == ("insufficient", ("可评单位上{rated.上}、下{rated.下}。",))


def test_what_is_not_known_decides_nothing(tmp_path: Path) -> None:
    w = world(tmp_path, RULES.replace("filed >= threshold.coverage", "filed >= 0"))
    for u in (*FIRST, *LAST):
        studied(w, u, *FALLING[u])
    o = judged(w)["V01"]                            # nobody in the middle
    assert (o.state, o.why) == ("insufficient", ("热度指数（中）没有数据。",))


def test_the_sides_of_a_rank_gap_at_a_level(tmp_path: Path) -> None:
    """Three above, by study 100, 50, 0 and by results 0, 75, 75: the middle of the sides is 50 and 75, of the gaps −25."""
    rules = """
verdicts:
  - id: V1
    title: 学用
    values: {gap: {of: study_result.gap}, study: {of: study_result.gap, what: first}, result: {of: study_result.gap, what: last}}
    when: [study.上 < result.上]
    evidence: 学{study.上}，用{result.上}，差{gap.上}；全部{study}、{result}。
"""
    w = world(tmp_path, rules, units=[("root", None, "汇总节点"), ("Z01", "root", "主题办"),
                                       *[(f"D0{n}", "root", BUREAU) for n in (1, 2, 3)]])
    for unit, days, sessions in [("D01", 3, 2), ("D02", 2, 1), ("D03", 1, 0)]:
        studied(w, unit, days, sessions)
        done = {"due": date(2023, 8, 29)} if unit == "D01" else {"status": "已整改", "closed": DAY[35]}
        w.file("problems", 35, unit, problem("W1", DAY[35], **done))
    w.file("reviews", 35, "Z01", *[review(u, "W1", "合格", DAY[35]) for u in ("D01", "D02", "D03")])
    o = judged(w)["V1"]
    assert {n: o.found[n].value for n in ("study.上", "result.上", "gap.上", "study", "result")} == {
        "study.上": 50, "result.上": 75, "gap.上": -25, "study": 50, "result": 75}
    assert o.state == "held"


def test_units_must_meet_it_in_every_period(tmp_path: Path) -> None:
    w = world(tmp_path)
    file_all(w, 35, FALLING)
    first = judged(w)["V02"]
    assert (first.state, first.why) == ("insufficient", ("“连续偏低的单位”要看连续2期，目前期数不够。",))
    assert first.found["heat.previous"].value is None
    file_all(w, 36, {"C01T1": (4, 2)})              # nobody else does more than the week before
    o = judged(w, 36)["V02"]
    assert [u.code for u in o.chosen["cold"].units] == ["C01T2", "C02T1"]
    assert o.state == "held" and o.found["heat.previous"].value == w.value("heat.index", "root", 35)


@pytest.mark.parametrize(("share", "word"), [(0.15, "少数"), (0.1501, "部分"), (0.5, "部分"), (0.51, "多数"), (None, "")])
def test_words_by_share(tmp_path: Path, share: float | None, word: str) -> None:
    assert word_for(share, world(tmp_path).workspace.definitions.diagnosis.thresholds) == word


@pytest.mark.parametrize(("was", "now", "said"), [
    ("gap >= threshold.gap]", "gap >= threshold.gab]", "V01: no threshold 'gab'. Did you mean: gap"),
    ("{of: heat.gap}", "{of: heat.gab}", "V01: no indicator 'heat.gab'"),
    ("相差{gap}", "相差{gapp}", "V01: no name 'gapp'. Did you mean: gap"),
    ("heat.上 > heat.中", "heat.上 > heat.里", "V01: no name 'heat.里'"),
    ("when: heat < threshold.cold}\n    when", "when: filed < threshold.cold}\n    when", "V01: units: cold: a condition on single units"),
    ("parts_of: heat", "parts_of: warmth", "parts_of: 'warmth' is not among the values"),
    ("values: {overdue: {of: rectification.overdue}}", "values: {overdue: {what: value}}", "'of' is missing. Name an indicator"),
])
def test_what_a_verdict_names_must_be_there(tmp_path: Path, was: str, now: str, said: str) -> None:
    assert was in RULES
    with pytest.raises(DefinitionError) as e:
        _ = world(tmp_path, RULES.replace(was, now)).workspace.definitions
    assert said in str(e.value) and "params/diagnosis.yml:" in str(e.value)


# What is said

def opened(w: HandWorld, n: int = 35, unit: str = "root") -> jb.Brief:
    return jb.open_brief(f"2023-W{n}", unit, workspace=w.workspace)


def cells(table: Any) -> list[list[str]]:
    assert isinstance(table, Table)
    return [[run.text for run in row] for row in table.rows]


def test_the_working_paper_shows_verdicts_levels_units_and_thresholds(tmp_path: Path) -> None:
    w = world(tmp_path)
    team = {"district": "P1", "district_name": "东片", "valid_from": date(2023, 1, 1)}
    w.master("groups", {**team, "team": "1", "team_name": "第1组", "unit": "C01T1"},
             {**team, "team": "2", "team_name": "第2组", "unit": "C02T1"})
    file_all(w, 35, FALLING)
    brief = opened(w)
    brief.diagnosis(title="研判情况")
    tables = {p.title: p for p in brief.parts if isinstance(p, Table)}
    assert all(t.face == "working" for t in tables.values())
    assert cells(tables["研判情况"])[0] == [
        "上热下冷", "成立", "热度上100分、下37.5分，相差62.5分，差在读书班天数（100.0分和25.0分）；偏低的3个，占42.9%，部分。"]
    assert cells(tables["研判情况"])[1] == ["连续偏低", "数据不足，不作判断", "“连续偏低的单位”要看连续2期，目前期数不够。"]
    assert cells(tables["研判情况"])[2][1] == "不成立"
    assert tables["研判情况"].notes == ("不等于成效。",)
    assert cells(tables["上热下冷：各层级情况"]) == [["评定单位数（热度指数）", "2个", "2个", "3个"],
                                              ["热度指数", "100分", "75分", "37.5分"]]
    assert cells(tables["上热下冷：各项中位数（分）"])[0] == ["读书班天数", "100.0", "100.0", "25.0", "75.0"]
    assert cells(tables["热度偏低的单位"]) == [["未编组", "1", "C01T2"], ["第1组", "1", "C01T1"], ["第2组", "1", "C02T1"]]
    assert ["温差", "10分", ""] in cells(tables["判断所用阈值"])
    assert ["报齐", "90%", ""] in cells(tables["判断所用阈值"])


def test_the_leader_s_copy_lists_no_units_and_nothing_meant_for_the_desk(tmp_path: Path) -> None:
    w = world(tmp_path)
    file_all(w, 35, FALLING)
    brief = opened(w)
    brief.diagnosis(title="研判情况", face="issued")
    tables = {p.title: p for p in brief.parts if isinstance(p, Table)}
    assert [row[0] for row in cells(tables["研判情况"])] == ["上热下冷", "超期"]
    assert "热度偏低的单位" not in tables and not any("C01T1" in text for t in tables.values() for row in cells(t) for text in row)


def test_a_failed_guard_prints_its_numbers(tmp_path: Path) -> None:
    w = world(tmp_path)
    studied(w, "D01", 1, 1)
    brief = opened(w)
    brief.diagnosis()
    assert cells(brief.parts[0])[0] == ["上热下冷", "数据不足，不作判断", "报齐0%，不到90%。可评单位上1个、下0个。"]


def test_the_text_says_facts_and_binds_them(tmp_path: Path) -> None:
    w = world(tmp_path)
    w.file("problems", 35, "D01", problem("W1", DAY[35], due=date(2023, 8, 29)))
    w.file("reviews", 35, "Z01", review("D01", "W1", "合格", DAY[35]))
    brief = opened(w)
    brief.judgements()
    (part,) = brief.parts
    assert isinstance(part, Prose) and part.text == "超期未整改1个。"
    figure = next(run.figure for run in part.runs if run.figure)
    assert len(brief.trace(figure)) == 1


def test_an_index_does_not_stand_in_an_issued_sentence(tmp_path: Path) -> None:
    w = world(tmp_path)
    file_all(w, 35, FALLING)
    brief = opened(w)
    with pytest.raises(BriefError, match="热度指数 is an index"):
        brief.say("热度{热度指数}。")
    brief.say("热度{热度指数}。", face="working")
    assert brief.parts[-1].text == "热度75分。"     # type: ignore[union-attr]


# Weak spots

BUREAUS = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), *[(f"D0{n}", "root", BUREAU) for n in range(1, 8)]]


def rectified(w: HandWorld, n: int = 42, **by_unit: tuple[int, int]) -> None:
    """Each unit's problems and how many of them are rectified, as D01=(4, 10)."""
    decided = []
    for unit, (done, all_) in by_unit.items():
        rows = [problem(f"W{k}", DAY[n], **({"status": "已整改", "closed": DAY[n]} if k < done else {})) for k in range(all_)]
        w.file("problems", n, unit, *rows)
        decided += [review(unit, f"W{k}", "合格", DAY[n]) for k in range(all_)]
    w.file("reviews", n, "Z01", *decided)


def rates(w: HandWorld, n: int = 42, name: str = "rectification.rate") -> Readings:
    units = [u.code for u in w.cube(n).tree(week(n)).children("root") if u.org_type == BUREAU]
    return readings(w.cube(n), [name], units, week(n))


LIMITS: dict[str, Any] = {"behind": 0.1, "distance": 3.5, "peers": 5, "small_base": 5}


def test_the_robust_distance_by_hand() -> None:
    """Median 10, deviations 1 1 0 1 8 with median 1: z = 0.6745 × 8 = 5.4 below."""
    found = scores([9, 11, 10, 11, 2])
    assert found[4] == pytest.approx(-5.396) and found[0] == pytest.approx(-0.6745)
    assert scores([9, 11, 10, 11, 2], "lower")[4] == pytest.approx(5.396)
    assert scores([3, 3, 3]) == [None] * 3
    # More than half equal: the mean deviation 2 takes the place of the median's 0.
    assert scores([5, 5, 5, 5, 15])[4] == pytest.approx(10 / (1.2533 * 2))


def test_behind_schedule_is_weak_and_a_small_base_is_not_judged(tmp_path: Path) -> None:
    """At the end of W42 56 of 157 days have gone by (35.7 %): 2 of 10 is 15.7 points behind, 3 of 10 only 5.7."""
    w = world(tmp_path, units=BUREAUS)
    rectified(w, D01=(2, 10), D02=(3, 10), D03=(0, 4))
    found = weak_spots(rates(w), **LIMITS)
    assert [(x.reading.unit.code, x.why) for x in found] == [("D01", "schedule")]
    assert found[0].gap == pytest.approx(0.2 - 56 / 157)


def test_far_from_its_peers_is_weak_with_enough_of_them(tmp_path: Path) -> None:
    w = world(tmp_path, units=BUREAUS)
    rectified(w, D01=(50, 100), D02=(51, 100), D03=(52, 100), D04=(53, 100), D05=(37, 100))
    found = weak_spots(rates(w), **LIMITS)
    assert [(x.reading.unit.code, x.why, x.middle, x.peers) for x in found] == [("D05", "peers", 0.51, 5)]
    assert found[0].score == pytest.approx(-0.6745 * 14 / 1)
    assert weak_spots(rates(w), **{**LIMITS, "peers": 6}) == []
    assert weak_spots(rates(w), **{**LIMITS, "behind": 0.15}) == []     # 14 points are far for these five, yet too little to tell


def test_activity_is_never_weak(tmp_path: Path) -> None:
    w = world(tmp_path, units=BUREAUS)
    for n in range(1, 7):
        studied(w, f"D0{n}", 0 if n == 1 else 9 + n, 0, 42)
    assert weak_spots(rates(w, name="reading_class.days"), **LIMITS) == []


def test_weak_spots_as_a_table_and_when_there_are_none(tmp_path: Path) -> None:
    w = world(tmp_path, units=BUREAUS)
    rectified(w, D01=(2, 10), D02=(5, 10))
    brief = opened(w, 42)
    brief.weak_spots("整改完成率")
    assert cells(brief.parts[0]) == [["整改完成率", "D01", "20.0%", "低于序时进度15.7个百分点"]]
    brief.weak_spots("启动率")
    assert brief.parts[1].text == "薄弱环节：按现有数据没有发现明显落后的。"      # type: ignore[union-attr]


# Last places. docs/methods/rank-robustness.md

def last(w: HandWorld, n: int = 42) -> Any:
    return robust_last(rates(w, n))


def bureaus(n: int) -> list[tuple[Any, ...]]:
    return BUREAUS[:2 + n]


def test_a_clear_last_place_stands(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    rectified(w, D01=(9, 20), D02=(8, 20), D03=(3, 20))
    found = last(w)
    assert (found.reading.unit.code, found.sure, found.doubts) == ("D03", True, ())


def test_equals_share_the_last_place(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    rectified(w, D01=(9, 20), D02=(3, 20), D03=(3, 20))
    assert last(w).doubts == ("与D02并列",)


def test_who_did_not_file_may_be_lower(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    rectified(w, D01=(9, 20), D02=(3, 20))
    assert last(w).doubts == ("D03未参加排位，可能更低",)


def test_a_small_base_turns_with_one_case(tmp_path: Path) -> None:
    """1 of 3 and 2 of 3: one more here and one less there, and the order is the other way round."""
    w = world(tmp_path, units=bureaus(2))
    rectified(w, D01=(2, 3), D02=(1, 3))
    assert last(w).doubts == ("基数小，各差一件位次就会变",)


def test_missing_filings_below_are_filled_in_at_their_best(tmp_path: Path) -> None:
    """Nine of ten towns of C02 filed 20 % of theirs: with the tenth at 100 % it has 28 %, C01 with 25 % is below."""
    towns = [(f"{c}T{n}", c, TOWN) for c in ("C01", "C02") for n in range(10)]
    units = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), ("C01", "root", COUNTY), ("C02", "root", COUNTY), *towns]
    w = world(tmp_path, units=units)
    w.file("problems", 42, "C01")
    w.file("problems", 42, "C02")
    rectified(w, 42, **{f"C01T{k}": (25, 100) for k in range(10)}, **{f"C02T{k}": (20, 100) for k in range(9)})
    both = readings(w.cube(42), ["rectification.rate"], ["C01", "C02"], week(42))
    found = robust_last(both)
    assert found is not None and found.reading.unit.code == "C02"
    assert found.doubts == ("未报的按最好、其他单位未报的按最差补上，可能不是末位",)
    w.file("problems", 42, "C02T9")
    assert robust_last(readings(w.cube(42), ["rectification.rate"], ["C01", "C02"], week(42))).sure    # type: ignore[union-attr]


def test_prose_names_a_last_place_only_when_it_is_sure(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    rectified(w, D01=(9, 20), D02=(8, 20), D03=(3, 20))
    brief = opened(w, 42)
    brief.say("整改完成率{整改完成率}〔，{整改完成率.末位}居末位〕。")
    assert brief.parts[-1].text == "整改完成率33.3%，D03居末位。"     # type: ignore[union-attr]
    doubtful = world(tmp_path / "b", units=bureaus(3))
    rectified(doubtful, D01=(9, 20), D02=(3, 20))
    brief = opened(doubtful, 42)
    brief.say("整改完成率{整改完成率}〔，{整改完成率.末位}居末位〕。")
    assert brief.parts[-1].text == "整改完成率30.0%。"      # type: ignore[union-attr]


def test_one_alone_is_not_last(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(1))
    rectified(w, D01=(2, 3))
    assert last(w) is None


# Contributions and calls

def test_which_units_moved_the_total(tmp_path: Path) -> None:
    """docs/methods/contributions.md: 40, 40, 20 became 50, 38, 20: +8 %, of which 10, −2 and 0 points."""
    w = world(tmp_path, units=bureaus(3))
    for n, values in ((35, (8, 8, 4)), (36, (10, 7.5, 4))):
        for unit, days in zip(("D01", "D02", "D03"), values, strict=True):
            w.file("study", n, unit, reading_class(days, DAY[n]))
    brief = opened(w, 36)
    brief.contributions("读书班天数")
    table = brief.parts[0]
    assert cells(table)[:3] == [["D01", "10", "8", "+2", "+10.0"], ["D02", "7.5", "8", "-0.5", "-2.5"], ["D03", "4", "4", "0", "0"]]
    assert cells(table)[3] == ["合计", "21.5", "20", "+1.5", "+7.5"]
    with pytest.raises(BriefError, match="do not add up"):
        brief.contributions("整改完成率")


def test_the_heaviest_missing_filing_is_called_first(tmp_path: Path) -> None:
    """Usually D01 brings 1, D02 (2 + 4) / 2 = 3; D03 filed 4 this week; D04 never filed."""
    w = world(tmp_path, units=bureaus(4))
    for n, by_unit in ((35, {"D01": 1, "D02": 2, "D03": 9}), (36, {"D01": 1, "D02": 4, "D03": 9}), (37, {"D03": 4})):
        for unit, days in by_unit.items():
            w.file("study", n, unit, reading_class(days, DAY[n]))
    w.file("study", 37, "D01", reading_class(1, DAY[37]), accepted=False)
    found = callbacks(w.read("reading_class.days", "root", 37, "期内"))
    assert [(c.unit.code, c.state, c.usual, c.share, c.periods) for c in found] == [
        ("D02", "missing", 3, 3 / 8, 2), ("D01", "returned", 1, 1 / 8, 2), ("D04", "missing", None, None, 0)]


def test_a_rate_s_filers_are_called_by_their_base(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    rectified(w, 41, D01=(1, 2), D02=(1, 6))
    w.file("problems", 42, "D01")
    found = callbacks(w.read("rectification.rate", "root", 42))
    assert [(c.unit.code, c.usual) for c in found] == [("D02", 6), ("D03", None)]
    assert found[0].share == 6 / 8


def test_calls_as_a_table(tmp_path: Path) -> None:
    w = world(tmp_path, units=bureaus(3))
    for unit, days in (("D01", 1), ("D02", 3), ("D03", 4)):
        w.file("study", 35, unit, reading_class(days, DAY[35]))
    w.file("study", 36, "D03", reading_class(6, DAY[36]))
    brief = opened(w, 36)
    brief.callbacks("读书班天数")
    assert cells(brief.parts[0]) == [["D02", "未编组", "D02", "未报", "3", "30.0%"], ["D01", "未编组", "D01", "未报", "1", "10.0%"]]
    assert brief.parts[0].notes == ("共2个单位未报，按平时一期的数排列，合占40.0%。",)    # type: ignore[union-attr]
    for unit in ("D01", "D02"):
        w.file("study", 36, unit, at=monday(36, 10))
    brief = opened(w, 36)
    brief.callbacks("读书班天数")
    assert brief.parts[0].text == "催报次序：影响读书班天数的报送已经报齐。"    # type: ignore[union-attr]
