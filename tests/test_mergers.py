"""Units renamed, and units merged into another: whose the history is, what is due from whom, and how it is compared.

东湖县 (C01) and 西岭县 (C02) end on 15 October, with week 41; 湖岭县 (C09) goes on with their work. Their rows, all of one day:

            W40   W41   W42   W43
    C01     1     3
    C02     2     4
    C09                 10    5
    B01     1     1     1     1
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jianbao.definitions.register import Register, Unit
from jianbao.errors import DefinitionError
from jianbao.numbers import compare
from jianbao.numbers.compare import Change, Withheld
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from worlds import LEDGERS, MASTERS, World, make_world

IN, TO = "期内", "累计"
STUDY = "集中学习台账"
LAST, FIRST = date(2023, 10, 15), date(2023, 10, 16)
REGISTER = {**MASTERS["register"], "columns": {**MASTERS["register"]["columns"], "merged_into": {"title": "并入单位编码"}}}
BASE = {"unit": "天", "nature": "activity", "ledger": "study", "definition": "…"}
INDICATORS: dict[str, Any] = {
    "days": {**BASE, "code": "B03", "title": {"zh": "读书班天数"}, "value": "sum(days)", "rolls_up": "sum"},
    "units": {**BASE, "code": "B04", "title": {"zh": "办班单位数"}, "unit": "个", "rolls_up": "distinct",
              "units_having": {"all": ["days > 0"]}},
    "kinds": {**BASE, "code": "B05", "title": {"zh": "有专题研讨的单位数"}, "unit": "个", "rolls_up": "distinct",
              "units_having": {"all": ["study_type = '读书班'", "study_type = '专题研讨'"]}},
    "open": {"code": "C01", "title": {"zh": "未办问题数"}, "unit": "个", "nature": "handling", "ledger": "problems",
             "where": "status = '整改中'", "value": "count()", "rolls_up": "stock", "definition": "…"},
}
INTO = {"失效日期": LAST, "并入单位编码": "C09"}


def units(*, merged: bool = True) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        ("root", "青石市", "青石市", None, "市", "汇总", None, False), ("Z01", "攻坚办", "攻坚办", "root", "市", "办公室", None, True),
        ("B01", "市住房局", "市住房局", "root", "市", "市直", None, True)]
    for code, name in (("C01", "东湖县"), ("C02", "西岭县")):
        rows.append((code, name, name, "root", "县", "县", None, True, INTO if merged else {}))
    if merged:
        rows.append(("C09", "湖岭县", "湖岭县", "root", "县", "县", None, True, {"生效日期": FIRST}))
    return rows


def days(n: float, week: int, kind: str = "读书班") -> dict[str, Any]:
    return {"学习类型": kind, "开始日期": date.fromisocalendar(2023, week, 2), "天数": n}


def filed(world: World, unit: str, week: int, *rows: dict[str, Any], at: str | None = None) -> Any:
    name = f"{unit}_{week}_{world.count}.xlsx"
    world.file(unit, f"2023-W{week}", {STUDY: list(rows)}, nil=() if rows else (STUDY,), name=name)
    at = at or f"{date.fromisocalendar(2023, week + 1, 1)}T10:00"
    (report,) = [f for f in world.receive(at).files if f.file == name]
    return report


def made(folder: Path, **more: Any) -> World:
    ledgers = {**LEDGERS, "register": REGISTER}
    return make_world(folder, units=units(**more), ledgers=ledgers, indicators={"all": INDICATORS},
                      campaign={"thresholds": {"same_coverage": 0.5}})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = made(tmp_path_factory.mktemp("merger"))
    for unit, week, n in (("C01", 40, 1), ("C02", 40, 2), ("B01", 40, 1), ("C01", 41, 3), ("C02", 41, 4), ("B01", 41, 1),
                          ("C09", 42, 10), ("B01", 42, 1), ("C09", 43, 5), ("B01", 43, 1)):
        report = filed(world, unit, week, days(n, week))
        assert report.outcome == "stored", report.findings
    return world


def ask(world: World, indicator: str, unit: str, week: int, form: Any = None, scope: Any = "subtree") -> Reading:
    period = world.workspace.period(f"2023-W{week}")
    return read(Cube(world.workspace, [period], indicators=[indicator]), indicator, unit, period, form=form, scope=scope)


def test_the_history_counts_under_the_successor_afterwards_and_under_each_before(world: World) -> None:
    assert [ask(world, "days", u, 41, TO).value for u in ("C01", "C02", "B01", "root")] == [4, 6, 2, 12]
    assert [ask(world, "days", u, 42, TO).value for u in ("C09", "B01", "root")] == [20, 3, 23]
    assert [ask(world, "days", u, 42, IN).value for u in ("C09", "B01", "root")] == [10, 1, 11]
    assert ask(world, "days", "C09", 43, TO).value == 25
    assert ask(world, "days", "C09", 43, TO, "own").value == 25
    assert ask(world, "days", "root", 43, TO, "own").value is None       # not at the unit above


def test_every_row_behind_the_successor_s_figure_is_found(world: World) -> None:
    for scope in ("subtree", "own"):
        reading = ask(world, "days", "C09", 43, TO, scope)
        rows = reading.rows()
        assert (rows["days"].sum(), sorted(set(rows["unit"])), len(rows)) == (25, ["C01", "C02", "C09"], reading.n_rows)


def test_merged_units_are_one_unit(world: World) -> None:
    assert [ask(world, "units", "root", w, TO).value for w in (41, 42)] == [3, 2]
    assert ask(world, "units", "C09", 42, TO).value == 1


def test_a_unit_has_what_any_of_those_merged_into_it_had(tmp_path: Path) -> None:
    world = made(tmp_path)
    filed(world, "C01", 40, days(1, 40, "读书班"))
    filed(world, "C02", 40, days(1, 40, "专题研讨"))
    filed(world, "C09", 42)
    assert [ask(world, "kinds", u, 41, TO).value for u in ("C01", "C02", "root")] == [0, 0, 0]
    assert [ask(world, "kinds", u, 42, TO).value for u in ("C09", "root")] == [1, 1]


def test_the_successor_is_known_by_what_was_filed_before_it(tmp_path: Path) -> None:
    world = made(tmp_path)
    filed(world, "C01", 40, days(1, 40))
    assert ask(world, "days", "C09", 42, TO).value == 1
    assert ask(world, "days", "C09", 42, TO, "own").value == 1
    assert ask(world, "days", "C09", 42, IN).value is None


def test_on_previous_takes_the_merged_pair(world: World) -> None:
    change = compare.change(ask(world, "days", "C09", 42, IN))
    assert isinstance(change, Change) and (change.now, change.before, change.same_coverage) == (10, 7, True)
    whole = compare.change(ask(world, "days", "root", 42, IN))
    assert isinstance(whole, Change) and (whole.now, whole.before, whole.same_coverage) == (11, 8, False)
    later = compare.change(ask(world, "days", "C09", 43, IN))
    assert isinstance(later, Change) and (later.now, later.before) == (5, 10)
    ever = compare.change(ask(world, "days", "C09", 42, TO))
    assert isinstance(ever, Change) and (ever.now, ever.before) == (20, 10)


def test_a_pair_of_which_one_did_not_file_is_not_compared(tmp_path: Path) -> None:
    world = made(tmp_path)
    for unit, week, n in (("C01", 41, 3), ("B01", 41, 1), ("C09", 42, 10), ("B01", 42, 2)):
        filed(world, unit, week, days(n, week))
    assert compare.change(ask(world, "days", "C09", 42, IN)) == Withheld("并入的单位上期没有报齐，不作比较")
    whole = compare.change(ask(world, "days", "root", 42, IN))
    assert isinstance(whole, Change) and (whole.now, whole.before, whole.same_coverage) == (2, 1, True)


def test_what_is_due_is_due_from_the_successor(world: World) -> None:
    def due(week: int) -> list[str]:
        return [d.unit.code for d in world.workspace.due(world.workspace.period(f"2023-W{week}")) if d.ledger.name == "study"]

    assert due(41) == ["B01", "C01", "C02"]
    assert due(42) == ["B01", "C09"]
    reading = ask(world, "days", "root", 42, IN)
    # 市住房局 missed W36…W39; what those missed that are gone, nobody is asked for any more.
    assert (reading.due, reading.filed, reading.gaps) == (2, 2, 4)


def test_a_file_of_one_that_has_ended_names_its_successor(tmp_path: Path) -> None:
    world = made(tmp_path)
    report = filed(world, "C01", 42, days(1, 42))
    assert report.outcome == "returned"
    assert [(f.message, f.remedy) for f in report.findings if f.severity == "error"] == [
        ("“东湖县”已于 2023-10-16 并入“湖岭县”。", "请以“湖岭县”报送；并入以前报的不用改。")]
    assert filed(world, "C01", 41, days(1, 41), at="2023-10-24T10:00").outcome == "stored"     # late, of its own time
    line = {"单位": "西岭县", "条目编号": "WT-1", "审核意见": "合格", "审核日期": date(2023, 10, 17)}
    world.file("Z01", "2023-W42", {"审核记录": [line]}, name="审核.xlsx")
    (report,) = [f for f in world.receive("2023-10-23T10:00").files if f.file == "审核.xlsx"]
    assert ("“西岭县”已于 2023-10-16 并入“湖岭县”。", "请以“湖岭县”报送；并入以前报的不用改。") in [
        (f.message, f.remedy) for f in report.findings]


def test_a_merger_changes_nothing_in_the_totals_of_the_root(tmp_path: Path) -> None:
    """The same rows with and without the merger; what 湖岭县 files is 东湖县's where there was none."""
    r = Random(7)
    rows = [(u, w, r.randint(1, 9)) for w in (39, 40, 41) for u in ("C01", "C02", "B01") if r.random() < 0.8]
    rows += [(u, w, r.randint(1, 9)) for w in (42, 43) for u in ("C09", "B01")]
    worlds = [made(tmp_path / "with"), made(tmp_path / "without", merged=False)]
    for world, names in zip(worlds, ({}, {"C09": "C01"}), strict=True):
        for unit, week, n in rows:
            assert filed(world, names.get(unit, unit), week, days(n, week)).outcome == "stored"
    for week in (39, 40, 41, 42, 43):
        for form in (IN, TO):
            a, b = (ask(world, "days", "root", week, form).value for world in worlds)
            assert a == b == sum(n for u, w, n in rows if w == week or (form == TO and w < week)), (week, form)


# The register

def unit(code: str, last: date | None = None, into: str = "", first: date = date(2020, 1, 1)) -> Unit:
    return Unit(code, f"{code}单位", valid_from=first, valid_to=last, merged_into=into)


def test_a_chain_of_mergers_leads_to_the_last() -> None:
    register = Register([unit("A", date(2023, 3, 31), "B"), unit("B", date(2023, 6, 30), "C"), unit("C")])
    assert [register.successor("A", d) for d in (date(2023, 3, 31), date(2023, 4, 1), date(2023, 7, 1))] == [None, "B", "C"]
    assert register.predecessors(date(2023, 7, 1)) == {"C": ("A", "B")}
    assert register.merged("A", date(2023, 7, 1)) == (date(2023, 4, 1), "C")
    assert [register.successor(x, date(2023, 7, 1)) for x in ("B", "C", "nobody")] == ["C", None, None]


@pytest.mark.parametrize(("units", "message"), [
    ([unit("A", date(2023, 3, 31), "B")], "unit that A was merged into: 'B'"),
    ([unit("A", None, "B"), unit("B")], "unit A is merged into B, and has no last day. Give it one."),
    ([unit("A", date(2023, 3, 31), "A")], "unit A is merged into itself."),
])
def test_a_merger_that_cannot_be_meant_is_refused(units: list[Unit], message: str) -> None:
    with pytest.raises(DefinitionError) as e:
        Register(units)
    assert message in str(e.value)


def test_mergers_in_a_ring_lead_nowhere() -> None:
    register = Register([unit("A", date(2023, 3, 31), "B"), unit("B", date(2023, 3, 31), "A")])
    assert register.successor("A", date(2023, 4, 1)) is None


# Renamed

def test_a_renamed_unit_files_under_either_name_and_is_printed_by_the_name_of_the_time(tmp_path: Path) -> None:
    old: tuple[Any, ...] = ("C01", "东湖县", "东湖县", "root", "县", "县", None, True, {"失效日期": LAST})
    new: tuple[Any, ...] = ("C01", "东湖市", "东湖市", "root", "县", "县", None, True, {"生效日期": FIRST, "曾用名": "东湖县"})
    ledgers = {**LEDGERS, "register": REGISTER}
    world = make_world(tmp_path, units=[*units(merged=False)[:3], old, new], ledgers=ledgers, indicators={"all": INDICATORS})
    for name, week in (("东湖县", 41), ("东湖县", 42), ("东湖市", 43)):
        assert filed(world, name, week, days(1, week)).outcome == "stored"
    assert [(r.unit.label, r.value) for w in (41, 42, 43) for r in [ask(world, "days", "C01", w, TO)]] == [
        ("东湖县", 1), ("东湖市", 2), ("东湖市", 3)]
    assert datetime(2023, 10, 30, 10) == world.workspace.as_of()
