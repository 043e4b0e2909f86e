"""Readings by hand: what counts, when it is known, and where it rolls up."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from hand_world import COUNTY, TOWN, UNITS, HandWorld, monday, problem, reading_class, review, week
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError, UnknownName

AUG29, SEP5, SEP12 = date(2023, 8, 29), date(2023, 9, 5), date(2023, 9, 12)      # in W35, W36, W37
IN, TO = "期内", "累计"


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path)


# Missing is never zero

def test_nothing_filed_is_none_a_nil_return_is_zero(world: HandWorld) -> None:
    world.file("study", 35, "C01T1")
    assert world.value("reading_class.days", "C01T1", 35, IN) == 0
    assert world.value("reading_class.days", "C01T2", 35, IN) is None
    assert world.value("reading_class.days", "C01", 35, IN) == 0        # one below it is known


def test_a_returned_sheet_is_not_known(world: HandWorld) -> None:
    world.file("study", 35, "C01T1", reading_class(2, AUG29), accepted=False)
    assert world.value("reading_class.days", "C01T1", 35, IN) is None
    world.file("study", 35, "C01T1", reading_class(1.5, AUG29), at=monday(35, 15))
    assert world.value("reading_class.days", "C01T1", 35, IN) == 1.5


def test_to_date_keeps_what_was_known_when_a_week_is_missing(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    world.file("study", 36, "D01")
    r = world.read("reading_class.days", "C01", 36, TO)
    assert (r.value, r.gaps) == (2, 5)      # C01 misses W36, its two towns miss both weeks
    assert world.value("reading_class.days", "C01", 36, IN) is None


def test_due_and_filed_count_units_below(world: HandWorld) -> None:
    world.file("study", 35, "C01")
    world.file("study", 35, "C01T2")
    r = world.read("reading_class.days", "root", 35, IN)
    assert (r.due, r.filed) == (6, 2)       # two counties, three towns, a bureau


def test_a_state_not_refiled_is_carried_and_says_so(world: HandWorld) -> None:
    world.file("opinions", 35, "C01", {"channel": "信访", "opinions": 3, "backlog_close": 7, "backlog_resolved": 2})
    world.file("opinions", 36, "C02", {"channel": "信访", "opinions": 1, "backlog_close": 4, "backlog_resolved": 1})
    r = world.read("backlog.open", "root", 36)
    assert (r.value, r.carried) == (11, 1)
    assert world.value("backlog.resolved", "root", 36, IN) == 1
    assert world.value("backlog.resolved", "root", 36, TO) == 3


def test_without_a_master_workbook_its_figures_are_unknown_not_zero(world: HandWorld) -> None:
    assert world.value("party_orgs.count", "root", 35) is None
    world.bases(C01={"party_org_count": 12})
    assert world.value("party_orgs.count", "root", 35) == 12
    assert world.value("campaign.units", "root", 35) == 6


def test_an_empty_master_workbook_is_known_to_be_empty(world: HandWorld) -> None:
    world.master("tasks")
    assert world.value("tasks.overdue", "root", 35) == 0
    assert world.value("tasks.progress", "root", 35) is None


# Time

def test_an_event_filed_late_counts_where_it_happened(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(1, AUG29))
    world.file("study", 36, "C01", reading_class(2, SEP5), reading_class(0.5, AUG29))
    assert world.value("reading_class.days", "C01", 35, IN) == 1.5
    assert world.value("reading_class.days", "C01", 36, IN) == 2
    assert world.value("reading_class.days", "C01", 35, IN, as_of=monday(35)) == 1      # as it was printed then


def test_events_before_the_campaign_do_not_count(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(3, date(2023, 8, 27)), reading_class(1, date(2023, 8, 28)))
    assert world.value("reading_class.days", "C01", 35, TO) == 1


def test_a_new_filing_replaces_the_old_one_from_its_own_moment(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(1, AUG29))
    world.file("study", 35, "C01", reading_class(4, AUG29), at=monday(35, 15))
    assert world.value("reading_class.days", "C01", 35, IN) == 4
    assert world.value("reading_class.days", "C01", 35, IN, as_of=monday(35, 14)) == 1


def test_one_of_several_units_may_be_replaced(world: HandWorld) -> None:
    both = (reading_class(1, AUG29) | {"unit": "C01T1"}, reading_class(2, AUG29) | {"unit": "C01T2"})
    world.file("study", 35, "C01", *both, units=("C01T1", "C01T2"))
    world.file("study", 35, "C01T2", reading_class(5, AUG29), at=monday(35, 15))
    assert world.value("reading_class.days", "C01", 35, IN) == 6


def test_the_boundary_is_said_once_the_last_day_counts(world: HandWorld) -> None:
    world.file("problems", 35, "C01", problem("WT-1", AUG29), problem("WT-2", AUG29, status="已整改", closed=date(2023, 9, 3)),
               problem("WT-3", AUG29))
    world.file("reviews", 35, "Z01", *[review("C01", f"WT-{n}", "合格", date(2023, 9, 3)) for n in (1, 2, 3)])
    assert world.value("problems.accepted", "C01", 35) == 3
    assert world.value("problems.open", "C01", 35) == 2         # WT-2 left on the last day, 1 and 3 entered on it


def test_the_office_s_last_decision_by_then_counts(world: HandWorld) -> None:
    world.file("problems", 35, "C01", problem("WT-1", AUG29))
    world.file("problems", 36, "C01")
    world.file("reviews", 35, "Z01", review("C01", "WT-1", "退回", AUG29, reason="过细过碎", due_on=SEP5))
    world.file("reviews", 36, "Z01", review("C01", "WT-1", "合格", SEP5), review("C01", "WT-1", "回头看不合格", date(2023, 9, 8)))
    assert world.value("problems.accepted", "C01", 35) == 0
    assert world.value("problems.accepted", "C01", 36) == 1     # a re-check is another question
    assert world.value("problems.returned_too_fine", "C01", 36, TO) == 1


def test_the_same_number_in_two_units_is_two_problems(world: HandWorld) -> None:
    for unit in ("C01", "C02"):
        world.file("problems", 35, unit, problem("WT-1", AUG29))
    world.file("reviews", 35, "Z01", *[review(u, "WT-1", "退回", AUG29, reason="其他", due_on=SEP5) for u in ("C01", "C02", "C01")])
    r = world.read("problems.return_rate", "root", 35, TO)
    assert (r.numerator, r.denominator) == (2, 2)


def test_a_post_is_the_same_post_in_two_units(world: HandWorld) -> None:
    visit = {"visit_date": AUG29, "leader_code": "C01-01", "leader_rank": "县处级", "found": 1, "solved_on_site": 1}
    for unit in ("C01", "C02"):
        world.file("visits", 35, unit, visit)
    assert world.value("visits.leaders", "root", 35, IN) == 1
    assert [world.value("visits.leaders", u, 35, IN) for u in ("C01", "C02")] == [1, 1]


def test_what_is_asked_once_stays_answered_but_a_nil_return_does_not(world: HandWorld) -> None:
    world.file("launch", 35, "C01", {"event_type": "动员会", "held_on": AUG29})
    world.file("launch", 35, "C02")
    assert world.value("launch.units", "C01", 36, IN, scope="own") == 0
    assert world.value("launch.units", "C02", 36, IN, scope="own") is None
    assert world.value("launch.units", "root", 36, TO) == 1
    r = world.read("launch.units", "root", 36, IN)
    assert (r.due, r.filed) == (5, 0)       # C01 is not asked again
    assert {d.unit.code for d in world.workspace.due(week(36)) if d.ledger.name == "launch"} == {"C01T1", "C01T2", "C02", "C02T1", "D01"}


# A month of weeks

def test_a_month_takes_the_dated_events_of_a_week_that_ends_after_it(world: HandWorld) -> None:
    september = Period("2023-09")
    world.file("study", 39, "C01", reading_class(1, date(2023, 9, 30)), reading_class(2, date(2023, 10, 1)))
    world.file("opinions", 39, "C01", {"channel": "信箱", "opinions": 5})
    assert world.value("reading_class.days", "C01", september, IN) == 1
    assert world.value("reading_class.days", "C01", september, TO) == 1
    assert world.value("opinions.count", "C01", september, IN) is None      # W39 ended on 1 October
    assert world.value("opinions.count", "C01", Period("2023-10"), IN) == 5


def asked_of_bureau(world: HandWorld, n: int) -> list[str]:
    return [d.ledger.name for d in world.workspace.due(week(n)) if d.unit.code == "D01"]


def test_a_month_s_filing_is_that_of_its_weeks(world: HandWorld) -> None:
    for n in (35, 36, 37, 38):      # the weeks that end in September
        for ledger in asked_of_bureau(world, n):
            world.file(ledger, n, "D01", at=monday(n, 15 if n == 37 else 9))
    r = world.read("filings.due", "D01", Period("2023-09"))
    assert r.value == 1
    assert world.value("filings.missing", "D01", Period("2023-09")) == 0
    assert world.value("filings.on_time_units", "D01", Period("2023-09")) == 0      # late once


def test_a_returned_sheet_was_not_missing_the_week_before(world: HandWorld) -> None:
    for ledger in asked_of_bureau(world, 35):
        world.file(ledger, 35, "D01", accepted=ledger != "study")
    for ledger in asked_of_bureau(world, 36):
        if ledger not in ("launch", "study"):
            world.file(ledger, 36, "D01")
    missing = world.workspace.filing(week(36)).query("unit == 'D01' and not filed").set_index("ledger").missed_before
    assert missing.to_dict() == {"launch": False, "study": False}
    assert world.value("filings.missing_again", "D01", 36) == 0
    assert world.value("filings.missing_again", "D01", 37) == 1     # launch and study, twice running now


# The tree

def test_a_ratio_is_not_the_mean_of_its_parts(world: HandWorld) -> None:
    world.bases(C01={"teams_due": 1}, C01T1={"teams_due": 1}, C01T2={"teams_due": 1}, C02={"teams_due": 1})
    world.file("study", 35, "C01", reading_class(1, AUG29))
    world.file("study", 35, "C02", reading_class(1, AUG29))
    values = [world.value("reading_class.coverage", u, 35, TO) for u in ("C01", "C02", "root")]
    assert values == [1 / 3, 1, 2 / 4]


def test_what_a_unit_did_stays_what_it_had_goes(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, spans={"C01T2": (date(2023, 1, 1), date(2023, 9, 10))})     # ends with W36
    world.bases(C01={"party_org_count": 10}, C01T2={"party_org_count": 3})
    world.file("study", 35, "C01T2", reading_class(2, AUG29))
    world.file("opinions", 35, "C01T2", {"channel": "信访", "opinions": 4, "backlog_close": 6})
    for n, stood in ((36, True), (37, False)):
        assert world.value("reading_class.days", "C01", n, TO) == 2
        assert world.value("opinions.count", "C01", n, TO) == 4
        assert world.value("backlog.open", "C01", n) == (6 if stood else None)      # nobody who stands has filed
        assert world.value("party_orgs.count", "C01", n) == (13 if stood else 10)
    assert world.value("reading_class.days", "C01", 37, TO, scope="own") is None    # it was never C01's own
    with pytest.raises(UnknownName, match="no unit 'C01T2'"):
        world.read("reading_class.days", "C01T2", 37)


def test_own_distinct_counts_leave_out_units_that_are_gone(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, spans={"C01T2": (date(2023, 1, 1), date(2023, 9, 10))})
    world.file("study", 35, "C01T2", reading_class(2, AUG29))
    world.file("study", 35, "C01", reading_class(1, AUG29))
    assert world.value("reading_class.teams", "C01", 37, TO) == 2
    assert world.value("reading_class.teams", "C01", 37, TO, scope="own") == 1


def test_the_register_of_each_period_s_own_last_day_counts(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, spans={"C02T1": (date(2023, 1, 1), date(2023, 9, 10))})
    world.file("launch", 35, "C02T1", {"event_type": "动员会", "held_on": AUG29})
    cube = world.cube(35, 37)       # both at once: one register must not stand in for the other
    assert cube.values("launch.units", TO, week(35)).value[cube.at("root", week(35))] == 1
    assert cube.values("launch.units", TO, week(37)).value[cube.at("root", week(37))] == 0      # not a campaign unit any more


def test_a_unit_that_moved_takes_what_it_did_along(tmp_path: Path) -> None:
    units = [u for u in UNITS if u[0] != "C02T1"]
    world = HandWorld(tmp_path, units=units, masters=False)
    rows = [world.unit(*u) for u in units]
    world.master("register", *rows, world.unit("C02T1", "C02", TOWN, valid_to=date(2023, 9, 10)),
                 world.unit("C02T1", "C01", TOWN, valid_from=date(2023, 9, 11)))
    world.file("study", 35, "C02T1", reading_class(2, AUG29))
    assert [world.value("reading_class.days", c, 36, TO) for c in ("C01", "C02")] == [None, 2]
    assert [world.value("reading_class.days", c, 37, TO) for c in ("C01", "C02")] == [2, None]


def test_sums_carry_no_dust_of_their_neighbours(tmp_path: Path) -> None:
    world = HandWorld(tmp_path)
    world.master("tasks", *[{"task_id": u, "measure": "理论学习", "title": "任务", "unit": u, "start_date": AUG29, "due_date": SEP12,
                             "weight": w, "progress": 0.0, "status": "推进中", "done_date": None}
                            for u, w in (("C01T1", 1e9), ("C01T2", 0.1), ("C02", 0.2), ("C02T1", 0.3))], at=monday(36))
    assert world.read("tasks.progress", "C02T1", 37).denominator == 0.3
    assert world.read("tasks.progress", "C01T2", 37).denominator == 0.1


# Questions that make no sense

def test_a_form_it_does_not_have_is_refused(world: HandWorld) -> None:
    world.file("study", 35, "C01")
    with pytest.raises(JianbaoError, match=r"读书班天数 .* is read as 期内、累计, not 时点"):
        world.read("reading_class.days", "C01", 35, "时点")


def test_an_unknown_unit_gets_a_hint(world: HandWorld) -> None:
    with pytest.raises(UnknownName, match=r"no unit 'C1'\. Did you mean: .*C01"):
        world.read("campaign.units", "C1", 35)


def test_rows_tell_file_sheet_and_row(world: HandWorld) -> None:
    world.file("study", 35, "C01T1", reading_class(2, AUG29), reading_class(9, AUG29, "中心组"))
    rows = world.read("reading_class.days", "C01", 35, IN).rows()
    assert rows[["file", "sheet", "row", "unit", "days"]].values.tolist() == [["C01T1_study.xlsx", "集中学习台账", 4, "C01T1", 2.0]]


def test_rows_of_units_having_are_those_of_the_units_counted(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(1, AUG29), reading_class(1, AUG29, "中心组"), reading_class(1, AUG29, "专题研讨"))
    world.file("study", 35, "C02", reading_class(1, AUG29))
    r = world.read("study.both", "root", 35, IN)
    assert r.value == 1
    assert sorted(r.rows().study_type) == ["中心组", "读书班"]


def test_previous_is_none_before_the_campaign_and_before_the_unit(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, units=[*UNITS, ("C03", "root", COUNTY)], spans={"C03": (date(2023, 9, 11), None)})
    assert world.read("campaign.units", "root", 35).previous() is None
    assert world.read("campaign.units", "C03", 37).previous() is None
    assert world.read("campaign.units", "root", 37).previous().value == 6
    assert world.read("campaign.units", "root", 37).year_ago() is None


def test_an_unknown_moment_is_refused(world: HandWorld) -> None:
    with pytest.raises(UnknownName, match="no data version 'yesterday'"):
        world.workspace.as_of("yesterday")
    assert world.workspace.as_of("2023-09-04T12:00+08:00") == datetime(2023, 9, 4, 12)
