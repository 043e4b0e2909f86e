"""Counts far from what a unit usually files, and sheets copied from an earlier period."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.definitions.rule import Swing
from jianbao.errors import DefinitionError
from jianbao.intake.history import far
from worlds import LEDGERS, World, make_world

FIRST = date(2023, 9, 4)    # W36
TOPICS = ("优化审批", "惠企政策", "园区用地", "招工用工", "融资服务")


def monday(week: int) -> date:
    return FIRST + timedelta(weeks=week - 36)


def filed(world: World, counts: Sequence[int | None], first: int = 36, filer: str = "C02") -> list[Finding]:
    """A week's count after the other, None a week without a filing; what the last one found."""
    for week, n in enumerate(counts, first):
        if n is not None:
            rows = [{"收到意见数": n, "答复数": 0}]
            world.file(filer, f"2023-W{week}", {"意见统计表": [] if n == 0 else rows}, nil=["意见统计表"] if n == 0 else [])
            last = world.receive(f"{monday(week + 1)}T10:00")
    return [f for r in last.files if r.outcome != "duplicate" for f in r.findings]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([40, 50, 45, 200], "“收到意见数”合计 200，是平时的 4.4 倍（前 3 次的中位数 45）。"),
        ([40, None, 50, 45, 200], "“收到意见数”合计 200，是平时的 4.4 倍（前 3 次的中位数 45）。"),
        ([200, 180, 190, 40], "“收到意见数”合计 40，只有平时的 21%（前 3 次的中位数 190）。"),
        ([200, 180, 190, 0], "“收到意见数”合计 0，只有平时的 0%（前 3 次的中位数 190）。"),
        ([0, 0, 0, 30], "“收到意见数”合计 30，平时没有（前 3 次的中位数 0）。"),
        ([9, 9, 9, 100, 110, 120, 100, 100, 100, 500], "“收到意见数”合计 500，是平时的 5.0 倍（前 6 次的中位数 100）。"),
    ],
)
def test_a_count_far_from_the_usual_one_must_be_explained(tmp_path: Path, counts: list[int | None], message: str) -> None:
    (one,) = filed(make_world(tmp_path), counts)
    assert (one.severity, one.rule, one.message, one.explain) == ("warning", "swing", message, True)
    assert one.remedy == "属实的在“说明”里写明原因；填错的请改正。"
    assert (one.cell, one.column) == ("A6", "opened")


@pytest.mark.parametrize("counts", [[40, 50, 45, 170], [4, 5, 4, 20], [40, 400], [40, 45, 400], [200, 180, 190, 60]])
def test_what_is_not_far_or_not_yet_known_is_not_asked(tmp_path: Path, counts: list[int | None]) -> None:
    assert filed(make_world(tmp_path), counts) == []


def test_at_the_edges() -> None:
    swing = Swing(factor=3, least=20)
    assert far(30, 10, swing) and not far(29, 10, swing)
    assert far(10, 30, swing) and not far(11, 30, swing)
    assert not far(19, 0, swing) and far(20, 0, swing)


def test_other_units_do_not_make_the_usual_count(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    filed(world, [200, 200, 200], filer="B01")
    assert filed(world, [30, 30, 30, 30]) == []


def test_weeks_in_one_batch_are_held_against_each_other(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    for week, n in ((36, 40), (37, 40), (38, 40), (39, 400)):
        world.file("C02", f"2023-W{week}", {"意见统计表": [{"收到意见数": n, "答复数": 0}]})
    found = world.receive("2023-10-09T10:00").findings
    assert [(f.rule, f.period) for f in found] == [("swing", "2023-W39")]


def test_a_ledger_may_ask_otherwise_or_not_at_all(tmp_path: Path) -> None:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    ledgers["opinions"]["swing"] = {"opened": False, "replied": {"factor": 2, "least": 5}}
    world = make_world(tmp_path, ledgers=ledgers)
    for week, n in ((36, 5), (37, 5), (38, 5), (39, 10)):
        world.file("C02", f"2023-W{week}", {"意见统计表": [{"收到意见数": 50 * n, "答复数": n}]})
    assert [(f.rule, f.column) for f in world.receive("2023-10-09T10:00").findings] == [("swing", "replied")]


def test_a_column_of_swing_that_is_not_there(tmp_path: Path) -> None:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    ledgers["opinions"]["swing"] = {"opend": False}
    with pytest.raises(DefinitionError, match=r"swing: no column of numbers 'opend'\. Did you mean: opened"):
        make_world(tmp_path, ledgers=ledgers).workspace.definitions  # noqa: B018


def test_many_more_rows_than_usual(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    for week, n in ((36, 2), (37, 3), (38, 2), (39, 25)):
        world.file("C02", f"2023-W{week}", {"集中学习台账": [
            {"学习类型": "中心组", "开始日期": monday(week), "天数": 1, "主题": f"专题 {week} {k}"} for k in range(n)]})
    assert [(f.rule, f.period, f.message) for f in world.receive("2023-10-09T10:00").findings] == [
        ("swing", "2023-W39", "这次报的行数 25，是平时的 12.5 倍（前 3 次的中位数 2）。")]


# A sheet copied from an earlier period


def classes(week: int, topics: Sequence[str] = TOPICS, **more: Any) -> list[dict[str, Any]]:
    return [{"学习类型": "中心组", "开始日期": monday(week) + timedelta(days=k), "天数": 1, "主题": topic, "参加人数": 10 + k, **more}
            for k, topic in enumerate(topics)]


def copied(world: World, rows: list[dict[str, Any]]) -> list[tuple[str, str, bool]]:
    world.file("C02", "2023-W40", {"集中学习台账": classes(40)})
    world.receive("2023-10-09T10:00")
    world.file("C02", "2023-W41", {"集中学习台账": rows})
    found = [r for r in world.receive("2023-10-16T10:00").files if r.outcome != "duplicate"][-1].findings
    return [(f.rule, f.message, f.explain) for f in found if f.rule != "backdated"]


def test_last_periods_rows_with_new_dates(tmp_path: Path) -> None:
    assert copied(make_world(tmp_path), classes(41)) == [
        ("copied-period", "5 行与 2023-W40 报的除日期外完全相同，像是照抄上期的表。", True)]


def test_last_periods_rows_as_they_were(tmp_path: Path) -> None:
    assert copied(make_world(tmp_path), classes(40)) == [
        ("copied-period", "5 行与 2023-W40 报的除日期外完全相同，像是照抄上期的表。", True)]


def test_four_of_five_are_a_copy_and_three_are_not(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    assert copied(world, classes(41, [*TOPICS[:4], "新的一题"])) == [
        ("copied-period", "5 行里有 4 行与 2023-W40 报的除日期外完全相同，像是照抄上期的表。", True)]
    assert copied(make_world(tmp_path / "other"), classes(41, [*TOPICS[:3], "新的一题", "又一题"])) == []


def test_rows_that_are_all_alike_are_no_copy(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.file("C02", "2023-W40", {"集中学习台账": [{**row, "参加人数": 10} for row in classes(40, ["例会"] * 5)]})
    world.file("C02", "2023-W41", {"集中学习台账": [{**row, "参加人数": 10} for row in classes(41, ["例会"] * 5)]})
    assert world.receive("2023-10-16T10:00").findings == []


def test_one_row_filed_again_in_a_later_period(tmp_path: Path) -> None:
    again = [classes(40)[1], *classes(41, ["甲", "乙"])]
    assert copied(make_world(tmp_path), again) == [("filed-before", "与 2023-W40 报的第 8 行完全相同。", True)]


def test_a_period_filed_again_is_no_copy(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.file("C02", "2023-W41", {"集中学习台账": classes(41)})
    world.receive("2023-10-16T10:00")
    world.file("C02", "2023-W41", {"集中学习台账": [*classes(41), *classes(41, ["新的一题"])]})
    assert [f.rule for f in world.receive("2023-10-16T11:00").findings] == []
