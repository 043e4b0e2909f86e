"""Suggestions: who is concerned, what is worst, and what the next issue says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import jianbao as jb
from hand_world import HandWorld, monday, problem, review, week
from jianbao import issued
from jianbao.brief.parts import Advice, Advised, Heading, Prose, Table, to_json
from jianbao.definitions.advice import Due, Suggestion
from jianbao.definitions.catalogue import Indicator
from jianbao.errors import DefinitionError, UnknownName
from jianbao.numbers.advice import severity, standing

# Two rules of one step, a step with nothing but routine, and a list of measures that must have a number.
RULES = """
thresholds:
  most: {title: 允许的超期数, value: 0}
suggestions:
  - id: T1
    step: 整改整治
    any: [rectification.overdue > threshold.most]
    evidence: 超期未整改{超期未整改数}
    suggest: 请{涉及单位数}单位{期限}前销号
    own: 请在{期限}前销号
    units: {when: rectification.overdue > 0, value: rectification.overdue, title: 超期, target: 1}
    owner: 责任单位
    success: {indicator: rectification.overdue, target: 0, base: problems.accepted}
  - id: T2
    step: 整改整治
    any: [rectification.rate < 0.9]
    evidence: 整改完成率{整改完成率}
    suggest: 请{涉及单位}加快进度
    units: {when: rectification.rate < 0.9, value: rectification.rate}
    owner: 责任单位
    due: {periods: 1}
    success: {indicator: rectification.rate, target: 0.9}
  - id: T3
    step: 宣传引导
    routine: true
    suggest: 总结做法
  - id: T4
    step: 数据缺口
    gap: {检视整改: [E01, E09], 建章立制: [E13], 理论学习: [B01]}
"""


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    """Ten accepted problems: four of T1 (two overdue, none done), one of T2 (done), five of C02's town (one overdue, four done)."""
    w = HandWorld(tmp_path, files={"diagnosis.yml": RULES})
    w.master("groups", *[{"district": "P1", "district_name": "一片区", "team": t, "team_name": f"第{n}组", "unit": u,
                          "valid_from": date(2023, 1, 1), "valid_to": None}
                         for t, n, u in (("G1", "二", "C01T1"), ("G2", "一", "C02T1"))])
    first, late, done = date(2023, 8, 29), date(2023, 9, 5), {"status": "已整改", "closed": date(2023, 9, 6)}
    w.file("problems", 36, "C01T1", problem("A1", first, due=late), problem("A2", first, due=late), problem("A3", first),
           problem("A4", first))
    w.file("problems", 36, "C01T2", problem("B1", first, **done))  # type: ignore[arg-type]
    w.file("problems", 36, "C02T1", problem("D1", first, due=late), *[
        problem(f"D{n}", first, **done) for n in range(2, 6)])  # type: ignore[arg-type]
    w.file("reviews", 36, "Z01", *[review(u, k, "合格", date(2023, 8, 30)) for u, k in (
        ("C01T1", "A1"), ("C01T1", "A2"), ("C01T1", "A3"), ("C01T1", "A4"), ("C01T2", "B1"), *(("C02T1", f"D{n}") for n in range(1, 6)))],
        units=("C01T1", "C01T2", "C02T1"))
    return w


def brief_of(world: HandWorld, n: int, unit: str = "root") -> jb.Brief:
    return jb.open_brief(f"2023-W{n}", unit, monday(n, 12).isoformat(), workspace=world.workspace, product="weekly")


def texts(brief: jb.Brief, face: str = "issued") -> list[str]:
    return [p.text for p in brief.parts if isinstance(p, Prose) and p.face == face]


def print_issue(world: HandWorld, brief: jb.Brief) -> None:
    """The issue as a run leaves it."""
    folder = world.workspace.path("issues", *brief.issue.split("/"))
    folder.mkdir(parents=True)
    parts = [json.loads(json.dumps(to_json(p), ensure_ascii=False)) for p in brief.document.parts]
    (folder / issued.NAME).write_text(issued.content(brief.issue, brief.as_of, parts), encoding="utf-8")


def test_the_units_concerned_and_the_most_severe_first(world: HandWorld) -> None:
    found = brief_of(world, 36).advice
    assert [a.rule.id for a in found] == ["T2", "T1", "T3"]     # routine last of its step
    rate, overdue, _ = found
    # 5 of 10 done: (0.9 − 0.5) ÷ 0.9; of three units two are below 90 %: T1's 0 %, C02T1's 80 %, not T2's 100 %.
    assert [(r.unit.code, r.value) for r in rate.concerned] == [("C01T1", 0.0), ("C02T1", 0.8)]
    assert (rate.looked_at, rate.share) == (3, 2 / 3)
    assert rate.severity == pytest.approx((0.9 - 0.5) / 0.9 * 2 / 3)
    # 3 overdue of 10, in two units of three.
    assert [(r.unit.code, r.value) for r in overdue.concerned] == [("C01T1", 2.0), ("C02T1", 1.0)]
    assert overdue.severity == pytest.approx(3 / 10 * 2 / 3)
    assert (overdue.due, rate.due) == (date(2023, 9, 24), date(2023, 9, 17))     # 14 days on; the end of the next week


def test_what_is_not_known_triggers_nothing(world: HandWorld) -> None:
    assert [a.rule.id for a in brief_of(world, 36, "D01").advice] == ["T3"]


def test_what_has_reached_its_success_needs_no_advice(world: HandWorld) -> None:
    # 10 of 10 rectified would leave T2 alone; here its trigger still holds for the whole at 50 %, and only its success is lower.
    (world.folder / "params/diagnosis.yml").write_text(RULES.replace("rate, target: 0.9", "rate, target: 0.5"), encoding="utf-8")
    world.workspace.__dict__.pop("definitions")
    assert [a.rule.id for a in brief_of(world, 36).advice] == ["T1", "T3"]


def test_a_step_is_a_paragraph_with_evidence_and_what_to_do(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.suggestions()
    assert texts(brief) == ["整改整治：一是整改完成率50.0%，请C01T1、C02T1加快进度。二是超期未整改3个，请2个单位9月24日前销号。"]
    assert texts(brief, "working") == ["宣传引导：总结做法（常规）。"]
    known = {id_: (r.indicator.code, derived) for id_, r, _, derived in brief.figures.readings()}
    paragraph = next(p for p in brief.parts if isinstance(p, Prose))
    assert [(r.text, known[r.figure]) for r in paragraph.runs if r.figure] == [
        ("50.0%", ("E07", "")), ("3个", ("E09", "")), ("2个", ("E09", "涉及单位数"))]


def test_limits_keep_the_most_severe_and_routine_ones_can_be_issued(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.suggestions(limit=1, routine="issued", sections=True)
    assert texts(brief) == ["整改完成率50.0%，请C01T1、C02T1加快进度。", "总结做法（常规）。"]
    assert [p.text for p in brief.parts if isinstance(p, Heading)] == ["整改整治", "宣传引导"]


def test_a_paper_on_one_subject_keeps_to_its_steps(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.suggestions(routine="issued", only=["宣传引导"])
    assert texts(brief) == ["宣传引导：总结做法（常规）。"]
    with pytest.raises(UnknownName, match=r"no step '宣传'\. Did you mean: 宣传引导"):
        brief.suggestions(only=["宣传"])


def test_a_unit_with_nobody_below_is_told_itself(world: HandWorld) -> None:
    brief = brief_of(world, 36, "C01T1")
    brief.suggestions(routine="none")
    assert "超期未整改2个，请在9月24日前销号。" in texts(brief)[0]


def test_the_list_says_team_value_due_and_success(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.worklist()
    table = brief.parts[-1]
    assert isinstance(table, Table)
    assert [c.title for c in table.columns] == ["联络组", "单位", "事项", "现值", "责任", "期限", "成效标准"]
    assert [[c.text for c in row] for row in table.rows] == [
        ["第二组", "C01T1", "整改完成率", "0%", "责任单位", "9月17日", "整改完成率达到90%"],
        ["第二组", "C01T1", "超期", "2个", "责任单位", "9月24日", "超期未整改数降到1个"],
        ["第一组", "C02T1", "整改完成率", "80.0%", "责任单位", "9月17日", "整改完成率达到90%"],
        ["第一组", "C02T1", "超期", "1个", "责任单位", "9月24日", "超期未整改数降到1个"]]
    assert all(row[3].figure for row in table.rows)
    brief.worklist(limit=1)
    short = brief.parts[-1]
    assert isinstance(short, Table)
    assert (len(short.rows), short.notes) == (2, ("每项只列差距最大的1个单位，另有2行未列。",))


def test_a_liaison_group_sees_its_own_units(world: HandWorld) -> None:
    brief = brief_of(world, 36, "G2")
    brief.worklist()
    table = brief.parts[-1]
    assert isinstance(table, Table)
    assert [row[0].text for row in table.rows] == ["C02T1", "C02T1"]


def test_the_next_issue_says_whether_it_moved(world: HandWorld) -> None:
    first = brief_of(world, 36)
    first.suggestions()
    first.sources()
    print_issue(world, first)
    # C01T1 rectifies one that was overdue: 6 of 10, and two overdue are left.
    world.file("problems", 37, "C01T1", problem("A1", date(2023, 8, 29), due=date(2023, 9, 5), status="已整改", closed=date(2023, 9, 14)))
    second = brief_of(world, 37)
    second.followed_up()
    assert texts(second) == ["第2期提出的2条建议都有进展。"]
    table = second.parts[-1]
    assert isinstance(table, Table)
    assert [[c.text for c in row][2:] for row in table.rows] == [
        ["9月17日", "50.0%", "60.0%", "整改完成率达到90%", "黄（有进展）"],
        ["9月24日", "3个", "2个", "超期未整改数降为0", "黄（有进展）"]]
    second.suggestions()
    assert "请2个单位9月24日前销号" in texts(second)[-1]        # said again, it keeps its day
    second.sources()
    print_issue(world, second)
    # Everything overdue is rectified; the rate stands at 8 of 10, a week past its first day.
    world.file("problems", 38, "C01T1", problem("A2", date(2023, 8, 29), due=date(2023, 9, 5), status="已整改", closed=date(2023, 9, 20)))
    world.file("problems", 38, "C02T1", problem("D1", date(2023, 8, 29), due=date(2023, 9, 5), status="已整改", closed=date(2023, 9, 21)))
    third = brief_of(world, 38)
    assert {x.id: [s[2] for s in x.states] for x in third.followed} == {"T1": ["yellow", "green"], "T2": ["yellow", "yellow"]}
    third.followed_up()
    assert texts(third) == ["第2期提出的2条建议中，1条已达到目标，1条有进展。"]
    assert [row[-1].text for row in third.parts[-1].rows] == ["黄→黄（有进展）", "黄→绿（达到）"]  # type: ignore[union-attr]
    third.sources()
    print_issue(world, third)
    # What was reached is told once.
    assert [x.id for x in brief_of(world, 39).followed] == ["T2"]


def test_the_second_issue_follows_what_the_first_really_printed(world: HandWorld) -> None:
    first = brief_of(world, 36)
    first.suggestions(limit=1)
    first.sources()
    print_issue(world, first)
    assert [x.id for x in brief_of(world, 37).followed] == ["T2"]
    # An issue made of earlier knowledge than the printing does not see it.
    early = jb.open_brief("2023-W37", "root", monday(36, 10).isoformat(), workspace=world.workspace, product="weekly")
    assert early.followed == []


def test_without_an_issue_before_there_is_nothing_to_follow(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.followed_up()
    assert brief.parts == []


def test_what_must_be_remembered_is_no_part_of_the_issued_copy(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.suggestions()
    brief.sources()
    [kept] = [p for p in brief.parts if isinstance(p, Advice)]
    assert [(x.id, x.raised, x.due, x.printed, x.text) for x in kept.items] == [
        ("T2", "2023-W36", "2023-09-17", "50.0%", "请C01T1、C02T1加快进度"),
        ("T1", "2023-W36", "2023-09-24", "3个", "请2个单位9月24日前销号")]
    assert not any(isinstance(p, Advice) for p in brief.document.face("issued").parts)


def test_put_off_once_overdue_and_the_history_stays(world: HandWorld) -> None:
    first = brief_of(world, 36)
    first.suggestions()
    first.sources()
    print_issue(world, first)
    later = brief_of(world, 38)        # nothing moved, and both days are 17 and 24 September: the week ends on the 24th
    assert [(x.id, x.states[-1][2]) for x in later.followed] == [("T2", "overdue"), ("T1", "red")]
    later.suggestions()
    later.followed_up()
    later.sources()
    [kept] = [p for p in later.parts if isinstance(p, Advice)]
    assert [(x.id, x.due, x.first_due) for x in kept.items] == [("T2", "2023-10-01", "2023-09-17"), ("T1", "2023-10-08", "2023-09-24")]


@pytest.mark.parametrize(("now", "on", "expected"), [
    (0.0, 10, "green"), (0.0, 30, "late"), (2.0, 10, "yellow"), (3.0, 10, "red"), (5.0, 10, "red"), (2.0, 30, "overdue"), (None, 10, "")])
def test_red_yellow_and_green(world: HandWorld, now: float | None, on: int, expected: str) -> None:
    overdue = world.workspace.definitions.catalogue["rectification.overdue"]
    assert standing(overdue, then=3.0, now=now, target=0.0, due=date(2023, 9, 24), on=date(2023, 9, on)) == expected


def test_the_gap_is_a_share_of_the_target(world: HandWorld) -> None:
    def of(name: str) -> Indicator:
        return world.workspace.definitions.catalogue[name]

    assert severity(of("rectification.rate"), 0.6, 0.9) == pytest.approx(1 / 3)
    assert severity(of("rectification.rate"), 0.95, 0.9) == 0.0
    assert severity(of("rectification.overdue"), 3, 0, base=12) == 0.25
    assert severity(of("rectification.overdue"), 3, 0) == 1.0
    assert severity(of("rectification.ahead"), -0.2, 0) == pytest.approx(0.2)
    assert severity(of("rectification.rate"), None, 0.9) == 0.0


def test_a_measure_without_a_number_is_an_editorial_note(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.say("检视问题{检视问题数}。")
    brief.gaps()
    note = brief.parts[-1]
    assert isinstance(note, Prose)
    assert note.face == "working"
    assert note.text.startswith("编辑提示：建章立制、理论学习在本期没有一个数")


@pytest.mark.parametrize(("change", "said"), [
    ({"any": []}, "'any' is empty"), ({"routine": True}, "needs no condition"), ({"evidence": ""}, "rests on evidence"),
    ({"suggest": ""}, "'suggest' is missing"), ({"gap": {"a": ["E01"]}}, "leave any, routine and units out")])
def test_a_rule_says_all_it_must(change: dict[str, object], said: str) -> None:
    rule = {"id": "T", "step": "s", "any": ["E09 > 0"], "evidence": "e", "suggest": "s", "success": {"indicator": "E09", "target": 0}}
    with pytest.raises(ValueError, match=said):
        Suggestion.model_validate({**rule, **change})
    with pytest.raises(ValueError, match="either days or periods"):
        Due.model_validate({})


@pytest.mark.parametrize(("old", "new", "said"), [
    ("threshold.most", "threshold.mots", "no threshold 'mots'. Did you mean: most"),
    ("target: 0, base", "form: 累计, target: 0, base", "超期未整改数 is read as 时点, not 累计"),
    ("rectification.rate, target: 0.9", "problems.open", "problems.open has no target"),
    ("value: rectification.rate}", "value: rectification.rat}", "no indicator 'rectification.rat'"),
    ("[rectification.rate < 0.9]", "[rectification.days > 30]", "")])
def test_what_a_rule_names_must_be_there(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in RULES
    world = HandWorld(tmp_path, files={"diagnosis.yml": RULES.replace(old, new)}, masters=False)
    if not said:
        assert len(world.workspace.definitions.suggestions) == 4
        return
    with pytest.raises(DefinitionError, match=said):
        _ = world.workspace.definitions


def test_an_advice_comes_back_from_its_json(world: HandWorld) -> None:
    from jianbao.brief.parts import from_json

    item = Advised(id="T1", step="s", text="t", raised="2023-W36", issue="weekly/2023-W36/root", said_in="第2期", owner="o",
                   due="2023-09-24", first_due="2023-09-24", unit="root", states=(("2023-W37", "2个", "yellow"),))
    part = Advice((item, replace(item, id="T2", value=1.5)))
    assert from_json(json.loads(json.dumps(to_json(part)))) == part


def test_due_days_are_counted_from_the_last_day() -> None:
    assert Due(days=14).after(week(42)) == date(2023, 11, 5)
    assert Due(periods=2).after(week(52)) == date(2024, 1, 14)     # across the years


def test_a_product_without_numbers_speaks_of_the_issue_before(world: HandWorld) -> None:
    params = world.folder / "params"
    calendar = (params / "calendar.yml").read_text(encoding="utf-8")
    (params / "calendar.yml").write_text("".join(
        line for line in calendar.splitlines(keepends=True) if not line.strip().startswith("weekly: 2023")), encoding="utf-8")
    world.workspace.__dict__.pop("definitions")
    first = brief_of(world, 36)
    assert first.number == (None, None)
    first.suggestions()
    first.sources()
    print_issue(world, first)
    second = brief_of(world, 37)
    second.followed_up()
    assert texts(second) == ["上期提出的2条建议都没有进展。"]
