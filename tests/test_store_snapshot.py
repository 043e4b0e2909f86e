"""What was known at a moment: corrections on read, states, and versions of master workbooks."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from hand_world import UNITS, HandWorld, monday, problem, reading_class, review, week
from jianbao.definitions.correction import Correction
from jianbao.errors import DefinitionError

AUG29, SEP5 = date(2023, 8, 29), date(2023, 9, 5)
IN, TO = "期内", "累计"


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path)


def corrected(world: HandWorld, **said: Any) -> None:
    """One more declared correction of C01's study rows."""
    c = Correction.model_validate({"ledger": "study", "unit": "C01", "reason": "电话核实", "who": "办公室", "on": datetime(2023, 9, 6),
                                   **said})
    world.workspace.store.corrections = (*world.workspace.store.corrections, c)


# Corrections

def test_a_correction_changes_what_is_read_from_its_own_moment(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(12, AUG29), reading_class(1, AUG29))
    world.file("study", 36, "C01")
    corrected(world, match={"row": 4}, set={"days": 1.2}, expect={"days": 12})
    assert world.value("reading_class.days", "C01", 35, IN) == 2.2
    assert world.value("reading_class.days", "C01", 35, IN, as_of=monday(35)) == 13
    assert world.workspace.snapshot().failed_corrections() == []


def test_a_whole_number_is_that_number_in_any_column(world: HandWorld) -> None:
    """`days: 2` is said of a row that holds 2.0, `start_date: 2023-08-29` of a day."""
    world.file("study", 35, "C01", reading_class(2.0, AUG29))
    world.file("study", 36, "C01")
    corrected(world, match={"start_date": "2023-08-29"}, set={"days": 3}, expect={"days": 2})
    assert world.value("reading_class.days", "C01", 35, IN) == 3


def test_one_whose_expectation_no_longer_holds_is_not_applied_and_told(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(12, AUG29))
    corrected(world, match={"row": 4}, set={"days": 1.2}, expect={"days": 12}, on=datetime(2023, 9, 4, 10))
    world.file("study", 35, "C01", reading_class(2, AUG29), at=monday(35, 15))      # they refiled it themselves
    assert world.value("reading_class.days", "C01", 35, IN) == 2
    assert world.workspace.snapshot().failed_corrections() == ["study, C01, {'row': 4}: no row says {'days': 12} any more (电话核实)"]
    assert world.workspace.snapshot(monday(35, 12)).failed_corrections() == []


def test_a_corrected_day_moves_the_event(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(2, AUG29))
    world.file("study", 36, "C01")
    corrected(world, match={"row": 4}, set={"start_date": "2023-09-05"})
    assert world.value("reading_class.days", "C01", 35, IN) == 0
    assert world.value("reading_class.days", "C01", 36, IN) == 2
    assert world.value("reading_class.days", "C01", 36, TO) == 2


def test_a_day_taken_away_leaves_the_filing_s_last_day(world: HandWorld) -> None:
    world.file("study", 36, "C01", reading_class(2, AUG29))
    corrected(world, match={"row": 4}, set={"start_date": None}, on=datetime(2023, 9, 1))
    assert world.value("reading_class.days", "C01", 36, IN) == 2


def test_other_units_rows_stay(world: HandWorld) -> None:
    for unit in ("C01", "C02"):
        world.file("study", 35, unit, reading_class(2, AUG29))
    corrected(world, match={"days": 2}, set={"days": 5}, on=datetime(2023, 9, 1))
    assert [world.value("reading_class.days", u, 35, IN) for u in ("C01", "C02")] == [5, 2]


def test_a_cell_may_be_emptied_and_an_empty_one_expected(world: HandWorld) -> None:
    world.file("opinions", 35, "C01", {"channel": "信箱", "opinions": 3}, {"channel": "信访", "opinions": 4, "backlog_close": 9})
    corrected(world, ledger="opinions", match={"channel": "信箱"}, set={"backlog_close": 7}, expect={"backlog_close": None},
              on=datetime(2023, 9, 1))
    corrected(world, ledger="opinions", match={"channel": "信访"}, set={"opinions": None}, on=datetime(2023, 9, 1))
    rows = world.read("opinions.count", "C01", 35, IN).rows()
    assert dict(zip(rows.channel, rows.backlog_close, strict=True)) == {"信箱": 7, "信访": 9}
    assert world.value("opinions.count", "C01", 35, IN) == 3


def test_filed_rows_themselves_are_never_changed(world: HandWorld) -> None:
    world.file("study", 35, "C01", reading_class(12, AUG29))
    before = [p.read_bytes() for p in world.workspace.store.files("study")]
    corrected(world, match={"row": 4}, set={"days": 1.2})
    world.value("reading_class.days", "C01", 35, IN)
    assert [p.read_bytes() for p in world.workspace.store.files("study")] == before


# States

def state(world: HandWorld, n: int) -> list[tuple[str, str, str]]:
    snapshot = world.workspace.snapshot()
    rows = snapshot.decided("problems", snapshot.state("problems", week(n).ends), week(n).ends)
    return sorted(snapshot.connection.sql(f"select problem_id, status, review from {rows}").fetchall())


def test_a_row_missing_from_a_later_file_keeps_its_state(world: HandWorld) -> None:
    world.file("problems", 35, "C01", problem("WT-1", AUG29), problem("WT-2", AUG29))
    world.file("problems", 36, "C01", problem("WT-2", AUG29, status="已整改", closed=SEP5))
    assert state(world, 35) == [("WT-1", "整改中", "待审"), ("WT-2", "整改中", "待审")]
    assert state(world, 36) == [("WT-1", "整改中", "待审"), ("WT-2", "已整改", "待审")]


def test_a_row_left_out_of_a_refile_of_the_same_week_is_gone(world: HandWorld) -> None:
    world.file("problems", 35, "C01", problem("WT-1", AUG29), problem("WT-2", AUG29))
    world.file("problems", 35, "C01", problem("WT-2", AUG29), at=monday(35, 15))
    assert state(world, 35) == [("WT-2", "整改中", "待审")]


def test_the_later_week_counts_even_when_the_earlier_one_is_refiled_after_it(world: HandWorld) -> None:
    world.file("problems", 36, "C01", problem("WT-1", AUG29, status="已整改", closed=SEP5))
    world.file("problems", 35, "C01", problem("WT-1", AUG29), at=monday(37))
    assert state(world, 36) == [("WT-1", "已整改", "待审")]


def test_decisions_of_later_days_are_not_yet_known_then(world: HandWorld) -> None:
    world.file("problems", 35, "C01", problem("WT-1", AUG29))
    world.file("reviews", 36, "Z01", review("C01", "WT-1", "退回", AUG29, reason="其他", due_on=SEP5), review("C01", "WT-1", "合格", SEP5))
    assert [state(world, n)[0][2] for n in (35, 36)] == ["退回", "合格"]


# Master workbooks

def test_a_master_workbook_is_that_of_the_moment_the_first_before_any(world: HandWorld) -> None:
    world.bases(C01={"party_org_count": 5}, at=monday(35))
    world.bases(C01={"party_org_count": 8}, at=monday(37))
    found = [world.value("party_orgs.count", "C01", 36, as_of=at) for at in (monday(34), monday(36), monday(38))]
    assert found == [5, 5, 8]


def test_the_base_of_a_period_is_the_latest_one_not_after_its_end(world: HandWorld) -> None:
    world.master("bases", *[{"unit": "C01", "base_date": day, "party_org_count": n, "teams_due": 0}
                            for day, n in ((date(2023, 6, 30), 5), (date(2023, 9, 10), 7), (date(2023, 10, 1), 9))])
    assert [world.value("party_orgs.count", "C01", n) for n in (35, 36, 38)] == [5, 7, 7]


def test_a_unit_not_yet_listed_then_is_not_there_as_of_then(world: HandWorld) -> None:
    rows = [world.unit(*u) for u in [*UNITS, ("C03", "root", "县(市、区)")]]
    world.master("register", *rows, at=monday(36))
    assert world.value("campaign.units", "root", 35, as_of=monday(35)) == 6
    assert world.value("campaign.units", "root", 35) == 7


def test_a_master_workbook_without_a_row_is_a_version_too(world: HandWorld) -> None:
    world.bases(C01={"party_org_count": 5}, at=monday(35))
    world.master("bases", at=monday(36))
    assert world.value("party_orgs.count", "C01", 36) == 0
    assert world.value("party_orgs.count", "C01", 36, as_of=monday(35)) == 5


def test_a_store_without_a_register_says_what_to_do(tmp_path: Path) -> None:
    world = HandWorld(tmp_path, masters=False)
    with pytest.raises(DefinitionError,
                       match=r"the store has no register yet. Put the register's workbook into .* and run: jianbao receive"):
        _ = world.workspace.register
