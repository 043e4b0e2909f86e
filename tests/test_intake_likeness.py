"""The same thing filed twice, and numbers that look written rather than counted."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.errors import DefinitionError
from worlds import LEDGERS, World, make_world

DAY = date(2023, 10, 17)
PROBLEM = {"问题编号": "WT-1", "问题摘要": "城南片区停车难、出行难", "登记日期": DAY, "状态": "整改中"}
ITEM = {"事项编号": "MS-1", "名称": "城南片区停车难，出行难。"}
CLASS = {"学习类型": "中心组", "开始日期": DAY, "天数": 1}
ITEMS = {
    "code": "L09", "title": "实事台账", "kind": "state", "filed_by": ["县", "市直"], "key": ["item_id"],
    "columns": {"item_id": {"title": "事项编号", "required": True}, "title": {"title": "名称", "required": True},
                "link_id": {"title": "关联问题"}},
    "unlike": [{"ledger": "problems", "columns": {"title": "summary"}, "near": 0.85, "link": "link_id"}]}


def make(folder: Path, change: Mapping[str, Mapping[str, Any]] | None = None, **campaign: Any) -> World:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS) | {"items": copy.deepcopy(ITEMS)}
    for name, said in (change or {}).items():
        ledgers[name] |= said
    return make_world(folder, ledgers=ledgers, campaign=campaign)


def varying(*names: str) -> dict[str, Any]:
    columns: dict[str, Any] = copy.deepcopy(LEDGERS["study"]["columns"])
    for name in names:
        columns[name]["varies"] = True
    return {"study": {"columns": columns}}


def found(world: World, at: str = "2023-10-23T10:00") -> list[Finding]:
    return [f for r in world.receive(at).files if r.outcome != "duplicate" for f in r.findings if f.rule != "backdated"]


def told(world: World, at: str = "2023-10-23T10:00") -> list[tuple[str, str, str]]:
    return [(f.rule, f.cell, f.message) for f in found(world, at)]


# In two ledgers


def test_one_thing_in_two_ledgers(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM], "实事台账": [ITEM]})
    (one,) = found(world)
    assert (one.severity, one.rule, one.cell, one.explain) == ("warning", "unlike", "B7", True)
    assert one.message == "“名称”与本单位 2023-W42 报的“问题台账” WT-1 相同，像是同一件事。"
    assert one.remedy == "一件事只登记一处；两处都要登记的，填“关联问题”。"


def test_nearly_alike_and_not_so_near(tmp_path: Path) -> None:
    world = make(tmp_path)
    rows = [{**PROBLEM, "问题摘要": text, "问题编号": f"WT-{n}"} for n, text in enumerate(("城南片区停车困难、出行难", "城北片区排水不畅"))]
    world.file("C02", "2023-W42", {"问题台账": rows, "实事台账": [ITEM]})
    assert told(world) == [("unlike", "B7", "“名称”与本单位 2023-W42 报的“问题台账” WT-0 有 95% 相同，像是同一件事。")]


def test_what_is_linked_is_meant(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM], "实事台账": [{**ITEM, "关联问题": "WT-1"}]})
    assert told(world) == []


def test_whichever_of_the_two_comes_later_is_told(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.file("C02", "2023-W41", {"实事台账": [ITEM]})
    world.receive("2023-10-16T10:00")
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]})
    assert told(world) == [("unlike", "B7", "“问题摘要”与本单位 2023-W41 报的“实事台账” MS-1 相同，像是同一件事。")]


def test_two_units_may_have_the_same_trouble(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]})
    world.file("B01", "2023-W42", {"实事台账": [ITEM]})
    assert told(world) == []


def test_one_thing_under_two_numbers(tmp_path: Path) -> None:
    world = make(tmp_path, {"problems": {"unlike": [{"columns": ["summary"]}]}})
    world.file("C02", "2023-W41", {"问题台账": [{**PROBLEM, "登记日期": date(2023, 10, 10)}]})
    world.receive("2023-10-16T10:00")
    world.file("C02", "2023-W42", {"问题台账": [{**PROBLEM, "状态": "已整改", "完成日期": DAY}, {**PROBLEM, "问题编号": "WT-2"}]})
    assert told(world) == [("unlike", "B8", "“问题摘要”与本单位 2023-W42 报的 WT-1 相同，像是同一件事。")]


# By two units


@pytest.mark.parametrize("order", [("C02", "B01"), ("B01", "C02")])
def test_one_session_filed_by_two_units(tmp_path: Path, order: tuple[str, str]) -> None:
    world = make(tmp_path, {"study": {"unlike": [{"columns": ["start_date", "topic"], "units": "others"}]}})
    for n, filer in enumerate(order):
        world.file(filer, "2023-W42", {"集中学习台账": [{**CLASS, "主题": "惠企政策"}]}, name=f"{n}.xlsx")
    (one,) = found(world)
    assert (one.unit, one.rule, one.explain, one.remedy) == (order[1], "unlike", True, "一件事只报一次；确是两件事的，在“说明”里写明。")
    other = {"C02": "西岭县", "B01": "市住房局"}[order[0]]
    assert one.message == f"“开始日期、主题”与“{other}”2023-W42 报的第 7 行相同，像是同一件事。"


def test_the_other_unit_may_have_filed_weeks_ago(tmp_path: Path) -> None:
    world = make(tmp_path, {"study": {"unlike": [{"columns": ["start_date", "topic"], "units": "others"}]}})
    world.file("B01", "2023-W42", {"集中学习台账": [{**CLASS, "主题": "惠企政策"}]})
    world.receive()
    later = {**CLASS, "开始日期": date(2023, 10, 24), "主题": "惠企政策"}
    world.file("C02", "2023-W43", {"集中学习台账": [{**CLASS, "主题": "惠企 政策"}, later]})
    assert [(rule, cell) for rule, cell, _ in told(world, "2023-10-30T10:00")] == [("unlike", "B7")]


@pytest.mark.parametrize(
    ("unlike", "message"),
    [
        ({"ledger": "problem", "columns": ["title"]}, "unlike: there is no ledger 'problem'. Did you mean: problems"),
        ({"ledger": "problems", "columns": ["title"]}, "unlike: ledger problems has no column 'title'."),
        ({"columns": ["titel"]}, "unlike: ledger items has no column 'titel'. Did you mean: title"),
        ({"columns": ["title"], "link": "link"}, "unlike: ledger items has no column 'link'. Did you mean: link_id"),
        ({"columns": ["title"], "near": 0.9, "units": "others"}, "needs a second column that is equal"),
        ({"columns": ["title"], "where": "titel = 'x'"}, "ledger items has no column 'titel'. Did you mean: title"),
    ],
)
def test_an_unlike_that_cannot_be_meant(tmp_path: Path, unlike: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as e:
        make(tmp_path, {"items": {"unlike": [unlike]}}).workspace.definitions  # noqa: B018
    assert message in str(e.value) and "params/ledgers/items.yml" in str(e.value)


# Numbers and rows that look written


def sessions(values: Sequence[int | None], topics: Sequence[str] | None = None) -> list[dict[str, Any]]:
    return [{**CLASS, "开始日期": DAY - timedelta(days=n % 2), "主题": topics[n] if topics else f"第 {n * 7 % 31} 题 {n}", "参加人数": v}
            for n, v in enumerate(values)]


ORDINARY = [23, 31, 28, 40, 17, 35, 26, 30, 22, 41, 38, 27, 19, 33, 29, 50, 24, 36, 21, 32, 20, 34]


def of_sessions(folder: Path, rows: list[dict[str, Any]], *names: str, **campaign: Any) -> list[tuple[str, str, str]]:
    world = make(folder, varying(*names), **campaign)
    world.file("C02", "2023-W42", {"集中学习台账": rows})
    return told(world)


def test_ordinary_numbers_are_not_asked_about(tmp_path: Path) -> None:
    assert of_sessions(tmp_path, sessions(ORDINARY), "people", "topic") == []


def test_too_many_round_numbers(tmp_path: Path) -> None:
    values = [n * 10 for n in (3, 5, 2, 4, 6, 3, 2, 5, 4, 3, 6, 2, 5, 4, 3, 2)] + [23, 31, 28, 41]
    assert of_sessions(tmp_path, sessions(values), "people") == [
        ("round", "F6", "“参加人数”20 个数里有 16 个是整十数，像是估计的。")]
    assert of_sessions(tmp_path / "fewer", sessions(values[1:]), "people") == []
    assert of_sessions(tmp_path / "not-asked", sessions(values)) == []


def test_one_number_down_many_rows(tmp_path: Path) -> None:
    values = [23, 31, *[45] * 8, 28]
    assert of_sessions(tmp_path, sessions(values), "people") == [
        ("run", "F9", "第 9 至 16 行的“参加人数”都一样，连续 8 行，像是拖动填充的。")]
    assert of_sessions(tmp_path / "seven", sessions([23, *[45] * 7, 28]), "people") == []
    assert of_sessions(tmp_path / "small", sessions([23, *[2] * 9, 28]), "people") == []
    assert of_sessions(tmp_path / "shorter", sessions([23, *[45] * 7, 28]), "people", thresholds={"run_rows": 7}) != []


def test_a_dragged_series(tmp_path: Path) -> None:
    assert of_sessions(tmp_path, sessions([50, *range(21, 30), 50]), "people") == [
        ("run", "F8", "第 8 至 16 行的“参加人数”依次相差 1，连续 9 行，像是拖动填充的。")]


def test_one_text_down_many_rows(tmp_path: Path) -> None:
    rows = sessions(ORDINARY[:10], ["开头的一题", *["进一步优化营商环境"] * 8, "末尾的一题"])
    assert of_sessions(tmp_path, rows, "topic") == [("run", "E8", "第 8 至 15 行的“主题”都一样，连续 8 行，像是拖动填充的。")]


def test_rows_that_differ_in_nothing(tmp_path: Path) -> None:
    rows = sessions([23, 31, 28])
    assert of_sessions(tmp_path, [*rows, rows[0], rows[0]]) == [("same-row", "A10", "第 7、10、11 行完全相同。")]


def test_rows_that_differ_in_their_number_only(tmp_path: Path) -> None:
    world = make(tmp_path)
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM, {**PROBLEM, "问题编号": "WT-2"}, {**PROBLEM, "问题编号": "WT-3", "状态": "已整改",
                                                                             "完成日期": DAY}]})
    assert told(world) == [("same-row", "A8", "第 7、8 行除“问题编号”外完全相同。")]


def test_several_units_with_the_same_rows(tmp_path: Path) -> None:
    world = make(tmp_path)
    rows = sessions([23, 31, 48], ["甲题", "乙题", "丙题"])
    later = [{**r, "开始日期": DAY + timedelta(days=2)} for r in rows]
    world.file("C01", "2023-W42", {"集中学习台账": [*({"单位": "东湖县", **r} for r in rows), *({"单位": "柳河镇", **r} for r in later)]})
    (one,) = found(world)
    assert (one.rule, one.unit, one.message, one.explain) == (
        "same-sheet", "C01", "“东湖县”、“柳河镇”报的 3 行除日期外完全相同。", True)


def test_few_small_counts_may_be_the_same(tmp_path: Path) -> None:
    world = make(tmp_path)
    rows = [{**CLASS, "学习类型": kind} for kind in ("中心组", "读书班", "专题研讨")]
    world.file("C01", "2023-W42", {"集中学习台账": [*({"单位": "东湖县", **r} for r in rows), *({"单位": "柳河镇", **r} for r in rows)]})
    assert told(world) == []


def test_a_pair_is_told_once_and_not_with_every_new_state(tmp_path: Path) -> None:
    ledgers = {"items": copy.deepcopy(ITEMS)}
    ledgers["items"]["columns"]["state"] = {"title": "状态"}
    world = make(tmp_path, ledgers)
    world.file("C02", "2023-W41", {"问题台账": [{**PROBLEM, "登记日期": date(2023, 10, 10)}], "实事台账": [ITEM]})
    assert [f.rule for f in world.receive("2023-10-16T10:00").findings] == ["unlike"]
    world.file("C02", "2023-W42", {"实事台账": [{**ITEM, "状态": "在办"}]})
    assert told(world) == []
    world.file("C02", "2023-W41", {"实事台账": [{**ITEM, "状态": "在办"}]})
    assert [rule for rule, _, _ in told(world, "2023-10-23T11:00")] == ["unlike"]


def test_very_many_texts_of_one_unit_are_held_together_by_being_equal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jianbao.intake.likeness.CROWD", 1)
    world = make(tmp_path)
    rows = [PROBLEM, {**PROBLEM, "问题编号": "WT-2", "问题摘要": "城北片区排水不畅"}]
    world.file("C02", "2023-W42", {"问题台账": rows, "实事台账": [ITEM, {"事项编号": "MS-2", "名称": "城北片区排水不畅了"}]})
    assert [cell for _, cell, _ in told(world)] == ["B7"]
