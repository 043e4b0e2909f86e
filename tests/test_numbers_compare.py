"""Figures derived from readings: 环比 同比 完成率 序时 占比 位次 拉动. Worked examples of docs/methods among them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hand_world import BUREAU, COUNTY, TOWN, UNITS, HandWorld, monday, problem, reading_class, review, week
from jianbao.definitions.period import Period
from jianbao.numbers import compare
from jianbao.numbers.compare import Change, Withheld, change
from jianbao.numbers.readings import Reading, Readings, readings
from number_world import Sheet, receive

DAY = {n: week(n).starts for n in range(35, 45)}
IN, TO = "期内", "累计"
FIVE = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), *[(f"D0{n}", "root", BUREAU) for n in range(1, 6)]]


@pytest.fixture
def bureaus(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, units=FIVE)


def days(world: HandWorld, n: int, **by_unit: float) -> None:
    """Each unit's reading-class days of week `n`, as D01=2, …"""
    for unit, value in by_unit.items():
        world.file("study", n, unit, *([reading_class(value, DAY[n])] if value else []))


# 环比

def test_nothing_comes_before_the_first_period(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2)
    assert change(bureaus.read("reading_class.days", "root", 35, IN)) is None


def test_an_unknown_side_is_no_change(bureaus: HandWorld) -> None:
    days(bureaus, 36, D01=2)
    assert change(bureaus.read("reading_class.days", "root", 36, IN)) is None       # nobody filed for W35
    assert change(bureaus.read("reading_class.days", "D02", 36, IN)) is None


def test_the_same_filers_are_compared_as_they_are(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=3)
    days(bureaus, 36, D01=4, D02=3.5)
    c = change(bureaus.read("reading_class.days", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.now, c.before, c.difference, c.growth, c.direction, c.same_coverage) == (7.5, 5, 2.5, 0.5, "up", False)
    assert c.against == week(35)


def test_different_filers_are_compared_on_those_that_filed_twice(bureaus: HandWorld) -> None:
    """docs/methods/on-previous.md: four of five, just enough; 10 → 13, not 16 → 13."""
    days(bureaus, 35, D01=2, D02=3, D03=4, D04=1, D05=6)
    days(bureaus, 36, D01=3, D02=3, D03=5, D04=2)
    c = change(bureaus.read("reading_class.days", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (10, 13, True)


def test_too_few_in_common_are_not_compared(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=3, D03=4, D04=1)
    days(bureaus, 36, D01=3, D02=3, D03=5)
    c = change(bureaus.read("reading_class.days", "root", 36, IN))
    assert isinstance(c, Withheld)
    assert c.reason == "两期都报送的单位只占应报单位的60%，低于80%，不作比较"


def test_nil_returns_are_filings_returned_sheets_are_not(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=0, D03=1, D04=1, D05=1)
    days(bureaus, 36, D01=0, D02=2, D03=1, D04=1)
    bureaus.file("study", 36, "D05", reading_class(9, DAY[36]), accepted=False)
    c = change(bureaus.read("reading_class.days", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (4, 4, True)
    assert c.direction == "same"


def test_a_distinct_count_is_cut_to_the_common_units(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=3, D03=4, D04=1, D05=6)
    days(bureaus, 36, D01=3, D02=3, D03=5, D04=2)
    c = change(bureaus.read("reading_class.teams", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (4, 4, True)       # five teams, then four: the fifth did not file


def test_posts_met_in_several_common_units_count_once(bureaus: HandWorld) -> None:
    def visited(n: int, day: date, **leaders: str) -> None:
        for unit, leader in leaders.items():
            bureaus.file("visits", n, unit, {"visit_date": day, "leader_code": leader, "leader_rank": "县处级", "found": 1,
                                             "solved_on_site": 0})

    visited(35, DAY[35], D01="X-1", D02="X-1", D03="X-2", D04="X-3", D05="X-4")
    visited(36, DAY[36], D01="X-1", D02="X-2", D03="X-2", D04="X-2")
    c = change(bureaus.read("visits.leaders", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (3, 2, True)       # then


def test_what_is_asked_once_is_compared_with_all_that_answered(bureaus: HandWorld) -> None:
    """Launching units drop out of the next week's filers; that does not make the weeks incomparable."""
    mobilised = {"event_type": "动员会", "held_on": DAY[35]}
    for unit in ("D01", "D02", "D03", "D04"):
        bureaus.file("launch", 35, unit, mobilised)
    bureaus.file("launch", 35, "D05")
    bureaus.file("launch", 36, "D05", mobilised | {"held_on": DAY[36]})
    c = change(bureaus.read("launch.units", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (4, 1, False)


def test_to_date_and_stocks_are_compared_as_known(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=3)
    days(bureaus, 36, D01=0, D02=0, D03=1, D04=0)       # 4 of 5 filed
    c = change(bureaus.read("reading_class.days", "root", 36, TO))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (5, 6, False)


def test_what_is_carried_forward_is_not_compared_when_few_filed(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=2, D02=3)
    days(bureaus, 36, D03=1)                            # 1 of 5: "unchanged" would say nothing of the work
    withheld = change(bureaus.read("reading_class.days", "root", 36, TO))
    assert isinstance(withheld, Withheld)
    assert withheld.reason == "本期报送只有应报的20%，低于80%，不作比较"


def test_a_zero_base_has_no_growth(bureaus: HandWorld) -> None:
    days(bureaus, 35, D01=0)
    days(bureaus, 36, D01=3)
    c = change(bureaus.read("reading_class.days", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.growth) == (0, None)


def test_a_ratio_of_common_filers_is_recomputed_from_its_parts(bureaus: HandWorld) -> None:
    visit = {"leader_code": "D-1", "leader_rank": "县处级", "found": 2}
    for n, solved in ((35, {"D01": 1, "D02": 1, "D03": 1, "D04": 1, "D05": 2}), (36, {"D01": 2, "D02": 1, "D03": 1, "D04": 1})):
        for unit, s in solved.items():
            bureaus.file("visits", n, unit, visit | {"visit_date": DAY[n], "solved_on_site": s})
    c = change(bureaus.read("visits.solved_per_visit", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (4 / 4, 5 / 4, True)


def test_no_year_ago_no_year_on_year(bureaus: HandWorld) -> None:
    days(bureaus, 36, D01=3)
    assert compare.year_on_year(Readings([bureaus.read("reading_class.days", "root", 36, IN)])) == [None]


def test_year_on_year_where_the_campaign_is_that_old(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, units=FIVE, campaign={"starts": "2022-08-29"}, spans={"D05": (date(2023, 1, 1), None)}, masters=False)
    world.master("register", *[world.unit(*u, **({} if u[0] == "D05" else {"valid_from": date(2022, 1, 1)})) for u in FIVE])
    a_year = Period("2022-W36")
    at = monday(35).replace(year=2022)
    receive(world.workspace, [Sheet("study", a_year, "D01", ("D01",), at, ({"unit": "D01", **reading_class(2, a_year.starts)},))], at)
    days(world, 36, D01=3)
    (c,) = compare.year_on_year(Readings([world.read("reading_class.days", "D01", 36, IN)]))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.against) == (2, 3, a_year)
    assert compare.year_on_year(Readings([world.read("reading_class.days", "D05", 36, IN)])) == [None]      # not there yet


# 完成率, 序时

def rectified(world: HandWorld, n: int, unit: str, done: int, of: int) -> None:
    """`of` accepted problems, `done` of them closed."""
    world.file("problems", n, unit, *[problem(f"WT-{k}", DAY[n], status="已整改" if k <= done else "整改中",
                                              closed=DAY[n] if k <= done else None) for k in range(1, of + 1)])


def accept(world: HandWorld, n: int, **counts: int) -> None:
    world.file("reviews", n, "Z01", *[review(u, f"WT-{k}", "合格", DAY[n]) for u, of in counts.items() for k in range(1, of + 1)])


def test_schedule_by_calendar_days_both_ends_counted(tmp_path: Path) -> None:
    """docs/methods/schedule.md: 1 September to 9 December are 100 days; 20 October is day 50; 54 % is 4 points ahead."""
    targets = "rectification.rate: {value: 1, starts: 2023-09-01, due: 2023-12-09}\n"
    world = HandWorld(tmp_path, units=FIVE, files={"targets.yml": targets})
    rectified(world, 42, "D01", 27, 50)
    accept(world, 42, D01=50)
    r = world.read("rectification.rate", "root", 42)
    assert (r.numerator, r.denominator) == (27, 50)
    s = compare.schedule_of(r)
    assert s is not None
    assert s.elapsed == 52 / 100        # W42 ends on 22 October, day 52
    assert world.workspace.definitions.campaign.elapsed(date(2023, 10, 20), date(2023, 9, 1), date(2023, 12, 9)) == 0.5
    assert s.gap == pytest.approx(0.02)


@pytest.mark.parametrize(("day", "share"), [("2023-08-31", 0.0), ("2023-09-01", 0.01), ("2023-12-09", 1.0), ("2024-05-01", 1.0)])
def test_elapsed_is_capped(bureaus: HandWorld, day: str, share: float) -> None:
    campaign = bureaus.workspace.definitions.campaign
    assert campaign.elapsed(date.fromisoformat(day), date(2023, 9, 1), date(2023, 12, 9)) == share


def test_completion_against_a_unit_s_own_target(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, units=FIVE, files={"targets.yml": "reading_class.days: {value: 10, units: {D01: 4}}\n"})
    days(world, 35, D01=5, D02=5)
    assert compare.completion(world.read("reading_class.days", "D01", 35, TO)) == 1.25      # may pass 1
    assert compare.completion(world.read("reading_class.days", "D02", 35, TO)) == 0.5
    assert compare.completion(world.read("centre_group.sessions", "D02", 35, TO)) is None
    assert compare.completion(world.read("reading_class.days", "D03", 35, TO)) is None


# 占比, 拉动

def test_shares_of_the_unit_above(tmp_path: Path) -> None:
    world = HandWorld(tmp_path)
    for unit, d in (("C01", 1), ("C01T1", 2), ("C02", 5)):
        world.file("study", 35, unit, reading_class(d, DAY[35]))
    part = compare.share_of(world.read("reading_class.days", "C01", 35, IN))
    assert part is not None
    assert (part.value, part.of.code) == (3 / 8, "root")
    own = compare.share_of(world.read("reading_class.days", "C01", 35, IN, scope="own"))
    assert own is not None
    assert own.value == 1 / 8           # of the whole, not of what the root filed itself
    below = compare.share_of(world.read("reading_class.days", "C01T1", 35, IN), of="root")
    assert below is not None
    assert below.value == 2 / 8
    assert compare.share_of(world.read("reading_class.days", "root", 35, IN)) is None
    assert compare.share_of(world.read("reading_class.days_per_team", "C01", 35, IN)) is None


def test_contributions_add_up_to_the_whole_s_growth(tmp_path: Path) -> None:
    world = HandWorld(tmp_path)
    for n, a, b, d in ((35, 2, 1, 1), (36, 3, 0, 3)):
        for unit, x in (("C01", a), ("C02", b), ("D01", d)):
            world.file("study", n, unit, *([reading_class(x, DAY[n])] if x else []))
    parts = compare.contributions(of_children(world, "reading_class.days", 36, IN))
    assert parts == [0.25, -0.25, 0.5, None]
    whole = change(world.read("reading_class.days", "root", 36, IN))
    assert isinstance(whole, Change)
    assert sum(p or 0 for p in parts) == whole.growth == 0.5


def of_children(world: HandWorld, indicator: str, n: int, form: Any = None) -> Readings:
    cube = world.cube(n)
    units = sorted((u.code for u in cube.tree(week(n)).children("root")), key=["C01", "C02", "C03", "C04", "C05", "D01", "Z01"].index)
    return readings(cube, [indicator], units, week(n), form=form)


# 位次

COUNTIES = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), *[(f"C0{n}", "root", COUNTY) for n in range(1, 6)],
            ("D01", "root", BUREAU)]


@pytest.fixture
def counties(tmp_path: Path) -> HandWorld:
    """docs/methods/ranking.md: 9/10, 8/10, 4/5, 7/10, and one that did not file; a bureau at 10/10 beside them."""
    world = HandWorld(tmp_path, units=COUNTIES)
    shares = {"C01": (9, 10), "C02": (8, 10), "C03": (4, 5), "C04": (7, 10), "D01": (10, 10)}
    for unit, (done, of) in shares.items():
        rectified(world, 35, unit, done, of)
    accept(world, 35, **{u: of for u, (_, of) in shares.items()})
    return world


def test_peers_are_ranked_ties_share_a_place_non_filers_are_out(counties: HandWorld) -> None:
    found = of_children(counties, "rectification.rate", 35)
    places = {r.unit.code: rank and (rank.place, rank.among, [u.code for u in rank.tied])
              for r, rank in zip(found, compare.rank(found), strict=True)}
    assert places == {"C01": (1, 4, []), "C02": (2, 4, ["C03"]), "C03": (2, 4, ["C02"]), "C04": (4, 4, []), "C05": None,
                      "D01": (1, 1, []), "Z01": None}


def test_less_is_better_where_it_is_said(counties: HandWorld) -> None:
    found = of_children(counties, "rectification.overdue", 42)
    assert [r.value for r in found][:5] == [0, 0, 0, 0, None]
    for n, unit in ((2, "C01"), (1, "C02")):
        counties.file("problems", 36, unit, *[problem(f"WT-{k}", DAY[35], due=DAY[36]) for k in range(1, n + 1)])
    counties.file("problems", 36, "C03")
    ranks = compare.ranked(counties.read("rectification.overdue", u, 36) for u in ("C01", "C02", "C03"))
    assert [(r.reading.unit.code, r.reading.value, r.place) for r in ranks] == [("C03", 0, 1), ("C02", 1, 2), ("C01", 2, 3)]


def test_activity_is_never_ranked(counties: HandWorld) -> None:
    counties.file("study", 35, "C01", reading_class(3, DAY[35]))
    found = of_children(counties, "reading_class.days", 35, IN)
    assert compare.rank(found) == [None] * 7
    assert compare.ranked(found) == []


def test_a_unit_below_the_coverage_is_not_ranked(tmp_path: Path) -> None:
    units = [*UNITS, ("C01T3", "C01", TOWN), ("C01T4", "C01", TOWN)]
    world = HandWorld(tmp_path, units=units)
    for unit in ("C01", "C01T1", "C01T2", "C01T3", "C02", "C02T1"):
        rectified(world, 35, unit, 1, 2)
    accept(world, 35, **dict.fromkeys(("C01", "C01T1", "C01T2", "C01T3", "C02", "C02T1"), 2))
    assert compare.rankable(world.read("rectification.rate", "C01", 35))        # 4 of 5, just enough
    rectified(world, 36, "C01", 1, 2)
    rectified(world, 36, "C02", 1, 2)
    rectified(world, 36, "C02T1", 1, 2)
    assert not compare.rankable(world.read("rectification.rate", "C01", 36))    # 1 of 5
    assert compare.rankable(world.read("rectification.rate", "C02", 36))


def test_equal_in_print_is_not_equal(bureaus: HandWorld) -> None:
    rectified(bureaus, 35, "D01", 2, 3)
    rectified(bureaus, 35, "D02", 667, 1000)
    accept(bureaus, 35, D01=3, D02=1000)
    ranks = compare.ranked(bureaus.read("rectification.rate", u, 35) for u in ("D01", "D02"))
    assert [(r.reading.unit.code, r.place, r.tied) for r in ranks] == [("D02", 1, ()), ("D01", 2, ())]      # 66.7 % both


def test_children_to_compare_are_of_the_commonest_type(counties: HandWorld) -> None:
    r = counties.read("rectification.rate", "root", 35)
    assert [x.unit.code for x in sorted(compare.comparable_children(r), key=lambda x: x.unit.code)] == ["C01", "C02", "C03", "C04", "C05"]
    assert {x.unit.code for x in compare.peers(counties.read("rectification.rate", "D01", 35))} == {"D01"}


def test_derived_columns_stand_beside_their_readings(counties: HandWorld) -> None:
    found = of_children(counties, "rectification.rate", 35)
    table = found.with_(compare.rank, compare.schedule).to_pandas()
    assert list(table.columns)[-2:] == ["rank", "schedule"]
    assert isinstance(found[0], Reading)
