"""`jianbao diff`: was, is and why of every printed figure, by unit; what turned over; and what merely moved on."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import revision_world as rw
from jianbao.brief.revised import Again, figure_of
from jianbao.cli import main
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import read
from revision_world import days, problem, review, study
from worlds import World

TUESDAY, NEXT = date(2023, 10, 10), date(2023, 10, 17)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """W40: 6 days. W41: 3 more in C01, two problems each in C01 and C02, of which C02 closed one. Both weeks printed."""
    made = rw.world(tmp_path)
    study(made, "C01", "2023-W40", days(4, date(2023, 10, 3)))
    study(made, "C02", "2023-W40", days(2, date(2023, 10, 3)))
    made.receive("2023-10-09T10:00")
    rw.printed(made, "2023-W40")
    made.file("C01", "2023-W41", {"集中学习台账": [days(3, TUESDAY)], "问题台账": [problem("P1"), problem("P2")]})
    made.file("C02", "2023-W41", {"集中学习台账": [], "问题台账": [problem("P1", "已整改", date(2023, 10, 12)), problem("P2")]},
              nil=["集中学习台账"])
    made.file("Z01", "2023-W41", {"审核记录": [review(u, k, "合格", date(2023, 10, 13)) for u in ("C01", "C02") for k in ("P1", "P2")]})
    made.receive("2023-10-16T11:00")
    rw.printed(made, "2023-W41")
    return made


def next_week(world: World, *rows: dict[str, Any]) -> None:
    study(world, "C01", "2023-W42", *(rows or [days(1, NEXT)]))
    world.receive("2023-10-23T09:00")
    world.reopen()
    rw.printed(world, "2023-W42")


def asked(world: World, first: str = "weekly/2023-W41/root", second: str = "weekly/2023-W42/root") -> dict[str, Any]:
    result = CliRunner().invoke(main, ["-w", str(world.root), "diff", first, second, "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def changed(found: dict[str, Any]) -> dict[tuple[str, str, str], tuple[str, str, list[str]]]:
    return {(c["indicator"], c["form"], c["derived"]): (c["was"], c["is"], c["why"]) for c in found["changed"]}


def test_nothing_changed_and_the_work_moved_on(world: World) -> None:
    next_week(world)
    found = asked(world)
    assert found["changed"] == []
    moved = [(m["code"], m["form"], m["was"], m["is"]) for m in found["moved"]]
    assert moved == [("B03", "累计", "9天", "10天"), ("B03", "期内", "3天", "1天")]
    result = CliRunner().invoke(main, ["-w", str(world.root), "diff", "weekly/2023-W41", "weekly/2023-W42"])
    assert "个数都没有变" in result.output and "本期进展（第2期到第3期，不是修订）" in result.output


def test_a_late_file_is_named_with_its_unit(world: World) -> None:
    study(world, "B01", "2023-W41", days(2, TUESDAY), name="住房局迟报.xlsx")
    world.receive("2023-10-17T09:00")
    next_week(world)
    found = asked(world)
    assert changed(found)["days", "累计", ""] == ("9天", "11天", ["late"])
    assert changed(found)["days", "期内", ""] == ("3天", "5天", ["late"])
    unit = next(c for c in found["changed"] if c["form"] == "累计")["units"]
    assert unit == [{"unit": "B01", "name": "市住房局", "was": None, "is": 2.0, "why": ["late"], "sources": ["住房局迟报.xlsx"]}]
    assert ("rate", "时点", "") not in changed(found)


def test_a_file_sent_again_is_refiled_and_a_direction_turns(world: World) -> None:
    study(world, "C01", "2023-W41", days(9, TUESDAY), name="东湖县重报.xlsx")
    world.receive("2023-10-17T09:00")
    next_week(world)
    found = asked(world)
    assert changed(found)["days", "累计", ""] == ("9天", "15天", ["refiled"])
    turn = next(c for c in found["changed"] if c["derived"] == "环比")
    assert (turn["was"], turn["is"], turn["flipped"]) == ("比上周减少3天", "比上周增加3天", "direction")
    shown = CliRunner().invoke(main, ["-w", str(world.root), "diff", "weekly/2023-W41", "weekly/2023-W42"]).output
    assert "方向有变" in shown and "来自  东湖县：重报（东湖县重报.xlsx）" in shown
    assert "方向有变：读书班天数（期内）环比由“比上周减少3天”变为“比上周增加3天”。" in rw.said(rw.printed(world, "2023-W42"))


def test_a_day_of_the_closed_week_in_the_next_file_is_late(world: World) -> None:
    next_week(world, days(1, NEXT), days(0.5, TUESDAY))
    found = asked(world)
    assert changed(found)["days", "期内", ""] == ("3天", "3.5天", ["late"])


def test_a_declared_correction_says_its_reason(world: World) -> None:
    rw.change(world, "corrections/2023.yml", lambda said: said.append(
        {"ledger": "study", "unit": "C01", "match": {"period": "2023-W41"}, "expect": {"days": 3}, "set": {"days": 2},
         "reason": "多记一天", "who": "县办", "on": "2023-10-18T09:00"}))
    next_week(world)
    found = asked(world)
    assert changed(found)["days", "累计", ""] == ("9天", "8天", ["corrected"])
    assert found["changed"][0]["units"][0]["sources"] == ["更正：多记一天"]


def test_a_decision_reclassifies_and_ranks_turn_over(world: World) -> None:
    # C02 had closed one of two and led; the office now refuses it as of W41, so both counties stand at nothing.
    world.file("Z01", "2023-W42", {"审核记录": [review("C02", "P1", "退回", date(2023, 10, 15))]}, name="市办审核.xlsx")
    world.receive("2023-10-18T09:00")
    next_week(world)
    found = asked(world)
    assert changed(found)["passed", "时点", ""] == ("4个", "3个", ["reclassified"])
    assert changed(found)["rate", "时点", ""] == ("25.0%", "0%", ["reclassified"])
    rank = next(c for c in found["changed"] if c["derived"] == "前三")
    assert (rank["was"], rank["is"], rank["flipped"]) == ("西岭县、东湖县", "东湖县、西岭县（并列）", "rank")
    assert [(u["name"], u["sources"]) for u in rank["units"]] == [("西岭县", ["市办审核.xlsx"])]


def test_a_redefinition_says_which_line_changed(world: World) -> None:
    next_week(world)
    rw.change(world, "indicators/all.yml", lambda said: said["days"].update(where="study_type = '读书班' and days > 0"))
    found = asked(world)
    assert found["changed"] == [] and [r["indicator"] for r in found["redefined"]] == ["days"]      # otherwise, and the same
    rw.change(world, "indicators/all.yml", lambda said: said["days"].update(where="study_type = '读书班' and days > 2"))
    found = asked(world)
    assert changed(found)["days", "累计", ""] == ("9天", "7天", ["redefined"])
    assert found["redefined"] == [{"indicator": "days", "where": "params/indicators/all.yml:1", "fields": [
        {"field": "where", "was": "study_type = '读书班'", "is": "study_type = '读书班' and days > 2"}]}]
    shown = CliRunner().invoke(main, ["-w", str(world.root), "diff", "weekly/2023-W41", "weekly/2023-W42"]).output
    assert ("口径调整：读书班天数的条件由“study_type = '读书班'”改为“study_type = '读书班' and days > 2”"
            "（params/indicators/all.yml:1）") in shown


def test_a_late_file_and_a_redefinition_are_both_told(world: World) -> None:
    study(world, "B01", "2023-W41", days(5, TUESDAY))
    world.receive("2023-10-17T09:00")
    next_week(world)
    rw.change(world, "indicators/all.yml", lambda said: said["days"].update(where="study_type = '读书班' and days > 2"))
    assert changed(asked(world))["days", "累计", ""] == ("9天", "12天", ["late", "redefined"])


def test_an_indicator_that_is_gone_is_named(world: World) -> None:
    next_week(world)
    rw.change(world, "indicators/all.yml", lambda said: said.pop("days"))
    found = asked(world)
    assert {g["indicator"] for g in found["gone"]} == {"days"}
    assert found["changed"] == []


def test_a_shape_of_its_own_is_no_change_and_what_a_reading_cannot_tell_is_not_asked(world: World) -> None:
    reading = Cube(world.workspace, [world.workspace.period("2023-W41")], as_of=datetime(2023, 10, 16, 12))
    days_then = read(reading, "days", "root", world.workspace.period("2023-W41"), form="累计")
    figures = [figure_of(days_then, "9.0天整"), figure_of(days_then, "2个", "涉及单位数")]
    study(world, "C01", "2023-W42", days(1, NEXT))
    world.receive("2023-10-23T09:00")
    again = Again(figures, world.workspace, datetime(2023, 10, 16, 12), datetime(2023, 10, 23, 12), {})
    assert (again.asked, again.revised()) == (1, [])


def test_an_index_names_the_units_whose_parts_changed(tmp_path: Path) -> None:
    score = {"code": "I01", "title": {"zh": "办结指数"}, "unit": "分", "nature": "index", "better": "higher", "decimals": 1,
             "rolls_up": "none", "index": {"mean_of": [{"of": "rate"}], "at_least": 1}, "definition": "完成率的得分。"}
    made = rw.world(tmp_path)
    rw.change(made, "indicators/all.yml", lambda said: said.update(score=score))
    for unit in ("C01", "C02"):
        made.file(unit, "2023-W41", {"问题台账": [problem("P1", "已整改", TUESDAY), problem("P2")]})
    made.file("Z01", "2023-W41", {"审核记录": [review(u, k, "合格", date(2023, 10, 13)) for u in ("C01", "C02") for k in ("P1", "P2")]})
    made.receive("2023-10-16T11:00")
    then, week = datetime(2023, 10, 16, 12), made.workspace.period("2023-W41")
    was = read(Cube(made.workspace, [week], as_of=then, indicators=["score"]), "score", "root", week)
    assert was.value == 50
    made.file("C02", "2023-W41", {"问题台账": [problem("P1", "已整改", TUESDAY), problem("P2", "已整改", TUESDAY)]}, name="西岭县重报.xlsx")
    made.receive("2023-10-17T09:00")
    (found,) = Again([figure_of(was, "50.0分")], made.workspace, then, datetime(2023, 10, 17, 12), {}).revised()
    assert (found.now, found.reasons) == ("75.0分", ("refiled",))       # the median of 50 and 100
    assert [(c.unit.code, c.sources) for c in found.causes] == [("C02", ("西岭县重报.xlsx",))]


def test_two_printings_of_one_issue(world: World) -> None:
    study(world, "B01", "2023-W41", days(2, TUESDAY), name="住房局迟报.xlsx")
    world.receive("2023-10-17T09:00")
    rw.printed(world, "2023-W41", "latest")
    found = asked(world, "weekly/2023-W41", "weekly/2023-W41")
    assert (found["from"]["printing"], found["to"]["printing"]) == (1, 2)
    assert changed(found)["days", "累计", ""] == ("9天", "11天", ["late"])
    assert found["moved"] == []
    assert found["notes"] == ["weekly/2023-W41/root印过2次，这里用第1次（数据截至2023-10-16 11:00）。",
                              "weekly/2023-W41/root印过2次，这里用第2次（数据截至2023-10-17 09:00）。"]
    assert changed(asked(world, "weekly/2023-W41#2", "weekly/2023-W41#1")) == changed(found)     # the earlier stands first


def test_one_printing_is_not_compared_with_itself(world: World) -> None:
    found = asked(world, "weekly/2023-W41", "weekly/2023-W41/root")
    assert found["changed"] == [] and found["notes"] == ["weekly/2023-W41/root只印过一次，没有可比的。"]


def test_an_unknown_issue_is_one_line_and_exit_2(world: World) -> None:
    result = CliRunner().invoke(main, ["-w", str(world.root), "diff", "weekly/2023-W14/root", "weekly/2023-W41/root"])
    assert result.exit_code == 2
    assert "no issue 'weekly/2023-W14/root'. Did you mean: weekly/2023-W41/root" in result.output


def test_show_printed_lists_where_a_figure_stood(world: World) -> None:
    next_week(world)
    result = CliRunner().invoke(main, ["-w", str(world.root), "show", "B03", "--printed", "--form", "累计", "--json"])
    assert result.exit_code == 0, result.output
    assert [(p["issue"], p["derived"], p["printed"]) for p in json.loads(result.output)] == [
        ("weekly/2023-W40/root", "", "6天"), ("weekly/2023-W41/root", "", "9天"), ("weekly/2023-W41/root", "已刊（第1期）", "6天"),
        ("weekly/2023-W42/root", "", "10天"), ("weekly/2023-W42/root", "已刊（第2期）", "9天")]
    shown = CliRunner().invoke(main, ["-w", str(world.root), "show", "B03", "--printed", "-u", "C01"])
    assert shown.output.strip() == "哪一期也没有印过。"
