"""What issues printed is remembered, and what became known later is told: cell by cell, and in the next brief."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import revision_world as rw
from jianbao import issued
from jianbao.brief.parts import Sources, Table
from jianbao.errors import PublishError, UnknownName
from jianbao.numbers.revisions import ADDED, REMOVED, changes
from jianbao.publish import batch, manifest
from revision_world import days, problem, review, study
from worlds import World

TUESDAY = date(2023, 10, 10)        # in 2023-W41, whose cut-off is Monday the 16th at noon


@pytest.fixture
def world(tmp_path: Path) -> World:
    """W40 and W41 filed on time: 6 days of study by W40, 3 more in W41; two problems each in two counties, one of four closed."""
    made = rw.world(tmp_path)
    study(made, "C01", "2023-W40", days(4, date(2023, 10, 3)))
    study(made, "C02", "2023-W40", days(2, date(2023, 10, 3)))
    assert made.receive("2023-10-09T10:00").exit_code == 0
    made.file("C01", "2023-W41", {"集中学习台账": [days(3, TUESDAY)], "问题台账": [problem("P1"), problem("P2")]}, name="东湖县.xlsx")
    made.file("C02", "2023-W41", {"集中学习台账": [], "问题台账": [problem("P1", "已整改", date(2023, 10, 12)), problem("P2")]},
              nil=["集中学习台账"], name="西岭县.xlsx")
    made.file("Z01", "2023-W41", {"审核记录": [review(u, k, "合格", date(2023, 10, 13)) for u in ("C01", "C02") for k in ("P1", "P2")]},
              name="审核.xlsx")
    assert made.receive("2023-10-16T11:00").exit_code == 0
    return made


def cells(world: World, period: str = "2023-W42", as_of: str | None = None) -> list[tuple[Any, ...]]:
    found = changes(world.workspace, world.workspace.period(period), datetime.fromisoformat(as_of) if as_of else None)
    return [(c["unit"], c["ledger"], c["of_period"], c["item"], c["column"], c["was"], c["is_"], c["reason"]) for c in found]


# Cells of closed periods

def test_what_came_in_time_is_no_revision(world: World) -> None:
    assert cells(world, "2023-W41") == [] == cells(world)


def test_a_late_file_brings_its_rows(world: World) -> None:
    study(world, "B01", "2023-W41", days(2, TUESDAY))
    world.receive("2023-10-17T09:00")
    assert cells(world) == [("B01", "study", "2023-W41", "第7行", "", None, ADDED, "late")]
    assert cells(world, "2023-W43") == []                       # it was news in W42 alone
    assert cells(world, as_of="2023-10-16T20:00") == []         # and not before it came


def test_a_file_sent_again_changes_the_cells_that_differ(world: World) -> None:
    study(world, "C01", "2023-W41", days(5, TUESDAY), days(1, TUESDAY, "中心组"), name="东湖县重报.xlsx")
    world.receive("2023-10-17T09:00")
    assert cells(world) == [("C01", "study", "2023-W41", "第7行", "days", "3", "5", "corrected"),
                            ("C01", "study", "2023-W41", "第8行", "", None, ADDED, "corrected")]
    found = changes(world.workspace, world.workspace.period("2023-W42"))
    assert {(c["file"], c["sheet"]) for c in found} == {("东湖县重报.xlsx", "集中学习台账")}


def test_rows_that_only_moved_are_the_same(world: World) -> None:
    rows = [days(1, TUESDAY, "中心组"), days(3, TUESDAY)]
    study(world, "C01", "2023-W41", *rows)
    world.receive("2023-10-17T09:00")
    assert cells(world) == [("C01", "study", "2023-W41", "第7行", "", None, ADDED, "corrected")]


def test_a_row_left_out_is_told(world: World) -> None:
    study(world, "C01", "2023-W41")
    world.receive("2023-10-17T09:00")
    assert cells(world) == [("C01", "study", "2023-W41", "第7行", "", REMOVED, None, "corrected")]


def test_a_late_version_of_a_keyed_thing_is_held_against_the_state_carried_forward(world: World) -> None:
    world.file("C01", "2023-W42", {"问题台账": [problem("P1", "已整改", date(2023, 10, 18))]})
    world.receive("2023-10-24T09:00")       # after the cut-off of W42, for the first time
    assert cells(world, "2023-W43") == [("C01", "problems", "2023-W42", "P1", "closed_on", None, "2023-10-18", "late"),
                                        ("C01", "problems", "2023-W42", "P1", "status", "整改中", "已整改", "late")]


def test_an_earlier_day_in_a_file_on_time_belongs_to_the_day(world: World) -> None:
    study(world, "C01", "2023-W42", days(2, date(2023, 10, 17)), days(1, TUESDAY))
    world.receive("2023-10-23T09:00")
    assert cells(world) == [("C01", "study", "2023-W41", "第8行", "", None, ADDED, "late")]


def test_a_declared_correction_counts_in_the_window_it_was_declared_in(world: World) -> None:
    rw.change(world, "corrections/2023.yml", lambda said: said.append(
        {"ledger": "study", "unit": "C01", "match": {"period": "2023-W41"}, "expect": {"days": 3}, "set": {"days": 2},
         "reason": "多记一天", "who": "县办", "on": "2023-10-18T09:00"}))
    study(world, "C02", "2023-W42")
    world.receive("2023-10-23T09:00")
    assert cells(world) == [("C01", "study", "2023-W41", "第7行", "days", "3", "2", "corrected")]
    assert cells(world, "2023-W41") == []


def test_a_decision_for_a_day_of_a_closed_period_reclassifies(world: World) -> None:
    world.file("Z01", "2023-W42", {"审核记录": [review("C01", "P1", "退回", date(2023, 10, 14)),
                                               review("C02", "P2", "退回", date(2023, 10, 19))]})
    world.receive("2023-10-23T09:00")
    # The second was decided in W42 itself: no revision. The first does not count once more as a late row of the reviews.
    assert cells(world) == [("C01", "problems", "2023-W41", "P1", "review", "合格", "退回", "reclassified")]


# What was printed

def test_an_issue_remembers_what_it_printed(world: World) -> None:
    rw.printed(world, "2023-W41")
    said = issued.printed(world.workspace, "weekly/2023-W41/root")
    assert (said.label, said.printing, said.standing, said.as_of) == ("第2期", 1, True, datetime(2023, 10, 16, 11))
    figure = said.find("days", unit="root", form="累计")
    assert figure is not None
    assert (figure.printed, figure.value, figure.indicator, figure.measure) == ("9天", 9.0, "days", "天")
    rate = said.find("rate", unit="root")
    assert rate is not None and (rate.printed, rate.numerator, rate.denominator) == ("25.0%", 1.0, 4.0)
    assert said.counted["days"]["where"] == "study_type = '读书班'"
    text = world.workspace.path("issues", "weekly", "2023-W41", "root", "issue.json").read_text(encoding="utf-8")
    assert "东湖县.xlsx" not in text        # ledger rows stay in the working paper


def test_what_is_remembered_has_the_same_bytes_each_time(world: World) -> None:
    path = world.workspace.path("issues", "weekly", "2023-W41", "root", "issue.json")
    rw.printed(world, "2023-W41")
    first = path.read_bytes()
    rw.printed(world, "2023-W41")
    assert path.read_bytes() == first
    assert not (path.parent / issued.EARLIER).exists()      # the same figures are not printed twice


def test_the_last_issue_is_the_last_before(world: World) -> None:
    w = world.workspace
    assert issued.last(w, "weekly", before=w.period("2023-W41")) is None
    rw.printed(world, "2023-W40")
    rw.printed(world, "2023-W41")
    found = issued.last(w, "weekly", before=w.period("2023-W43"))
    assert found is not None and found.issue == "weekly/2023-W41/root"
    assert issued.last(w, "weekly", before=w.period("2023-W41"), as_of=datetime(2023, 10, 8)) is None
    assert [p.issue for p in issued.all_of(w, "weekly", before=w.period("2023-W41"))] == ["weekly/2023-W40/root"]
    assert issued.last(w, None, before=w.period("2023-W41")) is None


def test_an_issue_printed_again_with_other_figures_keeps_both(world: World) -> None:
    rw.printed(world, "2023-W41")
    study(world, "B01", "2023-W41", days(2, TUESDAY))
    world.receive("2023-10-17T09:00")
    rw.printed(world, "2023-W41", "latest")
    first, second = issued.printings(world.workspace, "weekly/2023-W41/root")
    assert [p.find("days", unit="root", form="累计").printed for p in (first, second)] == ["9天", "11天"]    # type: ignore[union-attr]
    assert (str(first), str(second)) == ("weekly/2023-W41/root#1", "weekly/2023-W41/root")
    assert issued.printed(world.workspace, "weekly/2023-W41#1").printing == 1
    assert issued.printed(world.workspace, "weekly/2023-W41", as_of=datetime(2023, 10, 16, 12)).printing == 1
    shown = [(str(p), f.printed) for p, f in issued.as_printed(world.workspace, "B03", "root", "累计", period="2023-W41")]
    assert shown == [("weekly/2023-W41/root#1", "9天"), ("weekly/2023-W41/root", "11天")]
    rw.printed(world, "2023-W41")       # and the earlier ones stay when it is printed a third time
    assert [p.find("days", unit="root", form="累计").printed                                            # type: ignore[union-attr]
            for p in issued.printings(world.workspace, "weekly/2023-W41/root")] == ["9天", "11天", "9天"]


def test_an_unknown_issue_is_answered_with_what_was_meant(world: World) -> None:
    rw.printed(world, "2023-W41")
    w = world.workspace
    with pytest.raises(UnknownName, match=r"no issue 'weekly/2023-W14/root'. Did you mean: weekly/2023-W41/root"):
        issued.printed(w, "weekly/2023-W14/root")
    with pytest.raises(UnknownName, match=r"printed 1 time; there is no printing '3'. Write #1"):
        issued.printed(w, "weekly/2023-W41/root#3")
    with pytest.raises(UnknownName, match="had not been printed of what was known by"):
        issued.printed(w, "weekly/2023-W41/root", as_of=datetime(2023, 9, 1))
    folder = w.path("issues", "weekly", "2023-W39", "root")
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PublishError, match="made before issues remembered what they printed"):
        issued.printed(w, "weekly/2023-W39/root")


# 修订说明 and 已刊数 in a brief

def test_the_next_brief_says_what_changed_since_print(world: World) -> None:
    rw.printed(world, "2023-W41")
    study(world, "B01", "2023-W41", days(2, TUESDAY), name="市住房局迟报.xlsx")
    world.receive("2023-10-17T09:00")
    study(world, "C01", "2023-W42", days(1, date(2023, 10, 18)))
    world.receive("2023-10-23T09:00")
    brief = rw.printed(world, "2023-W42")
    assert rw.said(brief) == ("修订说明：因迟报补报，第2期印发的数有调整：读书班天数（期内）由3天调整为5天，"
                              "读书班天数（累计）由9天调整为11天，涉及市住房局。方向、位次和判断没有变化。本期环比按调整后的数计算。")
    table = next(p for p in brief.parts if isinstance(p, Table))
    assert table.face == "working"
    assert [c.text for c in table.rows[0]] == ["读书班天数（累计）", "青石市", "9天", "11天", "迟报补报", "市住房局", ""]
    assert table.notes == ("市住房局：迟报补报（市住房局迟报.xlsx）",)


def test_nothing_is_said_when_all_of_it_stands(world: World) -> None:
    rw.printed(world, "2023-W41")
    study(world, "C01", "2023-W42", days(1, date(2023, 10, 18)))
    world.receive("2023-10-23T09:00")
    assert rw.said(rw.printed(world, "2023-W42")) == ""


def test_before_anything_was_printed_the_cut_off_is_compared_with(world: World) -> None:
    study(world, "B01", "2023-W41", days(2, TUESDAY))
    world.receive("2023-10-17T09:00")
    for unit in ("B01", "C01", "C02", "C01-T01", "C02-T01"):
        study(world, unit, "2023-W42", days(1, date(2023, 10, 18)))
    world.receive("2023-10-23T09:00")
    note = rw.said(rw.printed(world, "2023-W42"))
    assert note.startswith("修订说明：因迟报补报，2023年第41周（10月9日—10月15日）截止时的数有调整：读书班天数（期内）由3天调整为5天，")


def test_a_printed_value_is_one_brace(world: World) -> None:
    first = rw.printed(world, "2023-W40")
    assert not any("上期印作" in getattr(p, "text", "") for p in first.parts)
    brief = rw.printed(world, "2023-W41")
    assert any("上期印作6天" in getattr(p, "text", "") for p in brief.parts)
    note = next(f for p in brief.parts if isinstance(p, Sources) for f in p.figures if f.derived.startswith("已刊"))
    assert (note.derived, note.printed, note.period) == ("已刊（第1期）", "6天", "2023-W40")
    assert brief.as_printed("读书班天数.累计", issue="weekly/2023-W40/root").printed == "6天"     # type: ignore[union-attr]
    assert brief.as_printed("B03").printed == "6天"                                             # type: ignore[union-attr]
    assert brief.as_printed("整改完成率@C01") is None


# End to end: two runs of a notebook

def test_runs_remember_and_follow_each_other(world: World) -> None:
    first = rw.run(world.workspace, "2023-W41")
    said = json.loads((first.folder / "issue.json").read_text(encoding="utf-8"))
    assert (said["issue"], said["as_of"], said["number"]) == ("weekly/2023-W41/root", "2023-10-16T11:00:00", 2)
    sealed = manifest.read(first.folder)
    assert sealed is not None and sealed["outputs"]["issue.json"] == manifest.file_digest(first.folder / "issue.json")
    assert "issue.json" not in [p.name for p in first.files]        # nothing for a reader
    study(world, "B01", "2023-W41", days(2, TUESDAY))
    world.receive("2023-10-17T09:00")
    study(world, "C01", "2023-W42", days(1, date(2023, 10, 18)))
    world.receive("2023-10-23T09:00")
    second = rw.run(world.workspace, "2023-W42")
    issued_copy, working = (re.sub(r"<[^>]+>|\u2060", "", (second.folder / name).read_text(encoding="utf-8"))
                            for name in ("brief.html", "working.html"))
    assert "第2期印发的数有调整" in issued_copy and "上期印作9天" in issued_copy
    assert "第2期印发的数与现在的数" not in issued_copy        # the table is the working paper's
    assert "第2期印发的数与现在的数" in working
    # Printed again of later data, W41 keeps its first printing; W42 saw that one and stays as it is.
    rw.run(world.workspace, "2023-W41", "2023-10-24T09:00")
    assert (first.folder / "earlier" / "1.json").exists()
    assert batch.reasons(second.issue, world.workspace) == []
    # Printed again of the same data by another definition, it is another issue before.
    rw.change(world, "indicators/all.yml", lambda said: said["days"].update(where="study_type in ('读书班', '中心组')"))
    assert "上期有重印" not in batch.reasons(second.issue, world.workspace)
    rw.run(world.workspace, "2023-W41")
    assert "上期有重印" in batch.reasons(second.issue, world.workspace)
