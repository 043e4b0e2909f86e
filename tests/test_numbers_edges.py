"""The edges: weeks across months and years, cut-offs of longer periods, nobody filed, one unit only, all equal."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from hand_world import BUREAU, HandWorld, reading_class
from jianbao.definitions.period import Period
from jianbao.numbers import compare
from jianbao.numbers.compare import Change, change
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Readings, readings
from jianbao.workspace import Workspace

IN, TO = "期内", "累计"
AUG29 = date(2023, 8, 29)
W52, W01 = Period("2023-W52"), Period("2024-W01")       # 25–31 December, 1–7 January
OVER_NEW_YEAR = {"starts": date(2023, 12, 4), "ends": date(2024, 2, 4)}


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path)


# Cut-offs

@pytest.mark.parametrize(("period", "cut_off"), [
    ("2023-W39", datetime(2023, 10, 2, 12)),        # 25 September – 1 October: Monday noon
    ("2023-09", datetime(2023, 10, 2, 12)),         # its last day lies in W39, so it waits for that
    ("2023-10", datetime(2023, 11, 6, 12)),         # 31 October lies in W44, which ends on 5 November
    ("2023-Q4", datetime(2024, 1, 1, 12)),          # 31 December is the Sunday of W52
    ("2023", datetime(2024, 1, 1, 12)),
    ("2023-10-T1", datetime(2023, 10, 16, 12)),     # 10 October lies in W41
    ("2023-10-16", datetime(2023, 10, 17, 12)),     # a day is shorter than a week: its own
])
def test_a_longer_period_waits_for_the_week_its_last_day_lies_in(world: HandWorld, period: str, cut_off: datetime) -> None:
    assert world.workspace.cut_off(Period(period)) == cut_off


def test_a_month_s_last_week_may_come_after_the_month(world: HandWorld) -> None:
    """30 September lies in the week that ends on 1 October; its filing is in time for the month."""
    september = Period("2023-09")
    world.file("study", 39, "C01", reading_class(2, date(2023, 9, 30)))
    at = world.workspace.cut_off(september)
    assert world.value("reading_class.days", "C01", september, IN, as_of=at) == 2
    assert world.value("reading_class.days", "C01", september, IN, as_of=datetime(2023, 10, 1, 12)) is None


def test_with_months_filed_a_month_has_its_own_cut_off(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, campaign={"period": "month"})
    assert world.workspace.cut_off(Period("2023-09")) == datetime(2023, 10, 1, 12)
    assert world.workspace.cut_off(Period("2023-Q4")) == datetime(2024, 1, 1, 12)


# Weeks across months and years

def test_a_week_across_two_months_is_split_by_the_day_of_each_event(world: HandWorld) -> None:
    world.file("study", 39, "C01", reading_class(1, date(2023, 9, 30)), reading_class(2, date(2023, 10, 1)))
    world.file("study", 40, "C01")
    assert world.value("reading_class.days", "C01", 39, IN) == 3
    assert world.value("reading_class.days", "C01", Period("2023-09"), IN) == 1
    assert world.value("reading_class.days", "C01", Period("2023-10"), IN) == 2
    assert world.value("reading_class.days", "C01", Period("2023-09"), TO) == 1
    assert world.value("reading_class.days", "C01", Period("2023-Q4"), IN) == 2


def test_the_first_week_of_the_year_follows_the_last_of_the_one_before(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, campaign=OVER_NEW_YEAR)
    world.file("study", W52, "D01", reading_class(2, date(2023, 12, 28)))
    world.file("study", W01, "D01", reading_class(3, date(2024, 1, 2)), reading_class(1, date(2023, 12, 31)))      # the last one 补报
    assert (W01.previous(), W52.next()) == (W52, W01)
    c = change(world.read("reading_class.days", "D01", W01, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.against) == (3, 3, W52)
    assert world.value("reading_class.days", "D01", W01, TO) == 6
    assert world.value("reading_class.days", "D01", Period("2023"), IN) == 3
    assert world.value("reading_class.days", "D01", Period("2024-01"), IN) == 3
    assert world.value("filings.missing_again", "D01", W01) == 1        # what is missed in both years is missed twice running
    assert world.workspace.cut_off(W52) == datetime(2024, 1, 1, 12)


def test_a_week_that_begins_on_another_day_may_hold_new_year(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, campaign={**OVER_NEW_YEAR, "week_starts": "saturday"})
    over = world.workspace.definitions.campaign.period_of(date(2024, 1, 1))
    assert (over.starts, over.ends) == (date(2023, 12, 30), date(2024, 1, 5))
    world.file("study", over, "D01", reading_class(1, date(2023, 12, 31)), reading_class(2, date(2024, 1, 1)))
    assert world.value("reading_class.days", "D01", over, IN) == 3
    assert world.value("reading_class.days", "D01", Period("2023-12"), IN) == 1
    assert world.value("reading_class.days", "D01", Period("2024"), IN) == 2
    assert world.workspace.cut_off(Period("2023-12")) == world.workspace.cut_off(over) == datetime(2024, 1, 6, 12)


# Who files

def test_a_ledger_nobody_filed_is_unknown_everywhere(world: HandWorld) -> None:
    world.file("visits", 35, "C01")
    for form in (IN, TO):
        r = world.read("reading_class.days", "root", 35, form)
        assert (r.value, r.n_rows, r.due, r.filed, len(r.rows())) == (None, 0, 6, 0, 0)
    cube = world.cube(35)
    counties = readings(cube, ["reading_class.coverage"], ["C01", "C02"], cube.periods[0])
    assert compare.rank(counties) == [None, None]
    assert change(counties[0]) is None


def test_a_county_files_for_its_towns(world: HandWorld) -> None:
    rows = (reading_class(1, AUG29) | {"unit": "C01T1"}, reading_class(2, AUG29) | {"unit": "C01"})
    world.file("study", 35, "C01", *rows, units=("C01", "C01T1", "C01T2"))
    assert [world.value("reading_class.days", u, 35, IN, scope="own") for u in ("C01", "C01T1", "C01T2")] == [2, 1, 0]
    r = world.read("reading_class.days", "C01", 35, IN)
    assert (r.value, r.due, r.filed) == (3, 3, 3)
    assert r.rows().file.unique().tolist() == ["C01_study.xlsx"]


def test_one_unit_only(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, units=[("D01", None, BUREAU)], campaign={"root": "D01", "office": "D01"})
    world.file("study", 35, "D01", reading_class(2, AUG29))
    world.bases(D01={"teams_due": 1})
    r = world.read("reading_class.coverage", "D01", 35, TO)
    assert (r.value, compare.share_of(r), change(r)) == (1, None, None)
    assert [x.unit.code for x in compare.peers(r)] == ["D01"]
    [rank] = compare.rank(Readings([r]))
    assert rank is not None
    assert (rank.place, rank.among, rank.tied) == (1, 1, ())


def test_all_equal_all_first(world: HandWorld) -> None:
    world.bases(**{u: {"teams_due": 1} for u in ("C01", "C02", "D01")})
    for unit in ("C01", "C01T1", "C01T2", "C02", "C02T1"):
        world.file("study", 35, unit, reading_class(1, AUG29))
    cube = world.cube(35)
    counties = readings(cube, ["reading_class.coverage"], ["C01", "C02"], cube.periods[0], scope="own")
    assert [(r.place, r.among, [u.code for u in r.tied]) for r in compare.rank(counties) if r] == [(1, 2, ["C02"]), (1, 2, ["C01"])]


def test_zero_everywhere_is_zero_and_has_no_ratio(world: HandWorld) -> None:
    world.bases(C01={"teams_due": 0})
    for n in (35, 36):
        for unit in ("C01", "C01T1", "C01T2"):
            world.file("study", n, unit)
    c = change(world.read("reading_class.days", "C01", 36, IN))
    assert isinstance(c, Change)
    assert (c.now, c.before, c.growth, c.direction) == (0, 0, None, "same")
    r = world.read("reading_class.coverage", "C01", 36, TO)
    assert (r.numerator, r.denominator, r.value) == (0, 0, None)
    assert not compare.rankable(r)


# A source that alone is printed

def test_above_a_source_unit_only_its_own_filings_are_compared(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, files={
        "ledgers/letters.yml": 'code: X1\ntitle: 来信表\nkind: event\nfiled_by: [市直机关, "县(市、区)"]\ndate: day\ncolumns:\n'
                               "  day: {title: 日期, type: date}\n  n: {title: 件数, type: int}\n",
        "indicators/more.yml": "letters.n: {code: X01, title: {zh: 来信件数}, unit: 件, nature: handling, ledger: letters, value: sum(n),\n"
                               "  rolls_up: sum, authority: D01, definition: 见表。}\n"
                               'letters.share: {code: X02, title: {zh: 来信比}, unit: "%", nature: handling, numerator: letters.n,\n'
                               "  denominator: letters.n, rolls_up: ratio, definition: 见表。}\n"})
    for n, day, units in ((35, AUG29, {"D01": 8, "C01": 5, "C02": 1}), (36, date(2023, 9, 5), {"D01": 9, "C01": 7})):
        for unit, count in units.items():
            world.file("letters", n, unit, {"day": day, "n": count})
    c = change(world.read("letters.n", "root", 36, IN))
    assert isinstance(c, Change)
    assert (c.before, c.now, c.same_coverage) == (8, 9, False)
    ratio = world.read("letters.share", "root", 36, IN)
    assert (ratio.numerator, ratio.n_rows) == (9, 2)
    assert ratio.rows().unit.tolist() == ["D01", "D01"]


def test_columns_a_ledger_was_given_since_are_empty_in_what_was_filed_before(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    path = world.folder / "params" / "ledgers" / "study.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\ncolumns:\n", "\ncolumns:\n  afterthought: {title: 补充}\n"), encoding="utf-8")
    again = Workspace(world.folder, today=date(2023, 10, 10))
    assert "afterthought" in again.definitions.ledgers["study"].columns
    cube = Cube(again, [Period("2023-W35")], indicators=["reading_class.days"])
    rows = readings(cube, ["reading_class.days"], ["C01"], cube.periods[0])[0].rows()
    assert rows.afterthought.isna().tolist() == [True]
    assert rows.days.tolist() == [2]
