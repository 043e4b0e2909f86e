"""Rules as data: what a ledger may ask of a row, of what was filed before, of all rows together, and of its bases."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.errors import DefinitionError
from worlds import LEDGERS, World, make_world

PROBLEM = {"问题编号": "WT-1", "问题摘要": "窗口排队时间长", "登记日期": date(2023, 10, 9), "状态": "整改中"}
CLOSED = {**PROBLEM, "状态": "已整改", "完成日期": date(2023, 10, 12)}
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2, "主题": "甲"}
W41, W42, W43 = "2023-W41", "2023-W42", "2023-W43"

NEVER_BACK = {
    "id": "status-back", "check": "step(status) >= step(previous.status)", "column": "status", "explain": True,
    "message": "状态由“{previous.status}”（{previous.period} 报）退回“{status}”。", "remedy": "写明原因。"}
OPENING = {
    "id": "opening", "check": "opened >= previous.opened", "column": "opened", "severity": "warning",
    "message": "{opened} 比 {previous.period} 的 {previous.opened} 少 {previous.opened - opened}。"}
BOTH = {
    "id": "both", "over": "unit", "check": "count(study_type = '读书班') >= 1 and sum(days) <= 10", "column": "days",
    "severity": "warning", "message": "读书班 {count(study_type = '读书班')} 次，共 {count()} 次 {sum(days)} 天，最多 {max(days)} 天。"}
FIRMS = {
    "id": "firms", "over": "sheet", "by": ["unit"], "check": "sum(people) <= bases.firms", "column": "people",
    "message": "{unit} 共 {sum(people)} 人，多于企业数 {bases.firms}。", "remedy": "核对。"}


def make(folder: Path, rules: Mapping[str, Sequence[Mapping[str, Any]]], **more: Any) -> World:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    for name, said in rules.items():
        ledgers[name]["rules"] = list(said)
    return make_world(folder, ledgers=ledgers, **more)


def told(world: World, at: str = "2023-10-30T10:00") -> list[tuple[str, str, str, str]]:
    """(rule, period, cell, message) of what this receive found, reminders of lateness and 补报 left out."""
    return [(f.rule, f.period, f.cell, f.message) for f in found(world, at)]


def found(world: World, at: str = "2023-10-30T10:00") -> list[Finding]:
    return [f for r in world.receive(at).files if r.outcome != "duplicate" for f in r.findings if f.rule != "backdated"]


# previous.…


def test_what_was_filed_for_the_last_period_stands_beside_the_row(tmp_path: Path) -> None:
    world = make(tmp_path, {"problems": [NEVER_BACK]})
    world.file("C02", W41, {"问题台账": [CLOSED, {**CLOSED, "问题编号": "WT-2"}]})
    assert told(world) == []
    world.file("C02", W42, {"问题台账": [PROBLEM, {**CLOSED, "问题编号": "WT-2"}]})
    (one,) = found(world)
    assert (one.rule, one.cell, one.explain) == ("status-back", "D7", True)
    assert one.message == "状态由“已整改”（2023-W41 报）退回“整改中”。"


def test_another_units_row_of_the_same_number_is_another_thing(tmp_path: Path) -> None:
    world = make(tmp_path, {"problems": [NEVER_BACK]})
    world.file("B01", W41, {"问题台账": [CLOSED]})
    world.file("C02", W42, {"问题台账": [PROBLEM]})
    assert told(world) == []


@pytest.mark.parametrize("names", [("a.xlsx", "b.xlsx"), ("b.xlsx", "a.xlsx")])
def test_two_periods_in_one_batch_see_each_other_in_whatever_order(tmp_path: Path, names: tuple[str, str]) -> None:
    world = make(tmp_path, {"opinions": [OPENING]})
    world.file("C02", W42, {"意见统计表": [{"收到意见数": 5, "答复数": 1}]}, name=names[0])
    world.file("C02", W41, {"意见统计表": [{"收到意见数": 9, "答复数": 1}]}, name=names[1])
    assert told(world) == [("opening", W42, "A7", "5 比 2023-W41 的 9 少 4。")]


def test_a_returned_sheet_is_nobodys_last_period(tmp_path: Path) -> None:
    world = make(tmp_path, {"opinions": [OPENING]})
    world.file("C02", W41, {"意见统计表": [{"收到意见数": 6, "答复数": 1}]})
    world.receive("2023-10-16T10:00")
    world.file("C02", W42, {"意见统计表": [{"收到意见数": 90, "答复数": -1}]})
    world.file("C02", W43, {"意见统计表": [{"收到意见数": 5, "答复数": 1}]})
    assert told(world) == [("min", W42, "B7", "“答复数”小于 0。"), ("opening", W43, "A7", "5 比 2023-W41 的 6 少 1。")]


def test_what_a_refile_replaces_no_longer_counts_and_what_comes_later_never_did(tmp_path: Path) -> None:
    world = make(tmp_path, {"opinions": [OPENING]})
    world.file("C02", W41, {"意见统计表": [{"收到意见数": 9, "答复数": 1}]})
    world.file("C02", W43, {"意见统计表": [{"收到意见数": 20, "答复数": 1}]})
    assert told(world) == []
    world.file("C02", W41, {"意见统计表": [{"收到意见数": 4, "答复数": 1}]})
    world.file("C02", W42, {"意见统计表": [{"收到意见数": 5, "答复数": 1}]})
    assert told(world, "2023-10-30T11:00") == []


def test_the_last_of_many_periods_counts(tmp_path: Path) -> None:
    world = make(tmp_path, {"problems": [NEVER_BACK]})
    for n, row in enumerate((PROBLEM, CLOSED, PROBLEM), 39):
        rows = [{**row, "登记日期": date(2023, 9, 25), "完成日期": row.get("完成日期") and date(2023, 10, 2)}]
        world.file("C02", f"2023-W{n}", {"问题台账": rows})
    world.file("C02", W42, {"问题台账": [CLOSED]})
    assert [(rule, period) for rule, period, _, _ in told(world)] == [("status-back", W41)]


def test_steps_say_which_codes_are_equally_far(tmp_path: Path) -> None:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    ledgers["problems"]["columns"]["status"] |= {"codes": ["整改中", "已整改", "延期"], "steps": {"整改中": 0, "延期": 0, "已整改": 1}}
    ledgers["problems"]["rules"] = [NEVER_BACK]
    world = make_world(tmp_path, ledgers=ledgers)
    world.file("C02", W41, {"问题台账": [{**PROBLEM, "状态": "延期"}]})
    world.file("C02", W42, {"问题台账": [PROBLEM]})
    assert told(world) == []


# What the office decided


def test_a_rule_may_name_what_the_office_decided(tmp_path: Path) -> None:
    rule = {"id": "reviewed", "check": "status <> '已整改' or review = '合格'", "column": "status", "severity": "warning",
            "message": "审核结果是“{review}”，状态是“{status}”。"}
    world = make(tmp_path, {"problems": [rule]})
    world.file("C02", W41, {"问题台账": [PROBLEM, {**PROBLEM, "问题编号": "WT-2"}]})
    world.receive("2023-10-16T10:00")
    said = {"WT-1": "退回", "WT-2": "合格"}
    reviews = [{"单位": "西岭县", "审核日期": date(2023, 10, 19), "条目编号": k, "审核意见": v} for k, v in said.items()]
    world.file("Z01", W42, {"审核记录": reviews})
    world.file("C02", W42, {"问题台账": [CLOSED, {**CLOSED, "问题编号": "WT-2"}, {**CLOSED, "问题编号": "WT-3"}]})
    assert told(world) == [("reviewed", W42, "D7", "审核结果是“退回”，状态是“已整改”。")]


# over: unit, over: sheet


def test_all_that_a_unit_has_filed_is_asked_together(tmp_path: Path) -> None:
    world = make(tmp_path, {"study": [BOTH]})
    world.file("C02", W41, {"集中学习台账": [{**CLASS, "学习类型": "中心组", "开始日期": date(2023, 10, 10), "天数": 6}]})
    assert told(world) == [("both", W41, "D6", "读书班 0 次，共 1 次 6 天，最多 6 天。")]
    world.file("C02", W42, {"集中学习台账": [{**CLASS, "天数": 5}]})
    (one,) = found(world, "2023-10-30T11:00")
    assert (one.message, one.unit, one.row, one.column) == ("读书班 1 次，共 2 次 11 天，最多 6 天。", "C02", 6, "days")


def test_a_nil_return_is_asked_too(tmp_path: Path) -> None:
    world = make(tmp_path, {"study": [BOTH]})
    world.file("C02", W42, {"集中学习台账": []}, nil=["集中学习台账"])
    assert told(world) == [("both", W42, "D6", "读书班 0 次，共 0 次  天，最多  天。")]


def test_of_versions_of_a_thing_the_last_one_counts(tmp_path: Path) -> None:
    rule = {"id": "open", "over": "unit", "check": "count(status = '整改中') < 2", "severity": "warning",
            "message": "还有 {count(status = '整改中')} 个。"}
    world = make(tmp_path, {"problems": [rule]})
    world.file("C02", W41, {"问题台账": [PROBLEM]})
    world.receive("2023-10-16T10:00")
    world.file("C02", W42, {"问题台账": [CLOSED, {**PROBLEM, "问题编号": "WT-2"}]})
    assert told(world) == []
    world.file("C02", W43, {"问题台账": [{**PROBLEM, "问题编号": "WT-3"}]})
    assert told(world, "2023-10-30T11:00") == [("open", W43, "A6", "还有 2 个。")]


def test_each_unit_of_a_sheet_for_several_beside_its_own_base(tmp_path: Path) -> None:
    counted = [("C01", date(2023, 9, 1), 50), ("C01", date(2023, 10, 20), 20), ("C01-T01", date(2023, 9, 1), 5),
               ("C01", date(2023, 11, 20), 1)]
    bases = [{"单位编码": unit, "基准日": day, "企业数": n} for unit, day, n in counted]
    world = make(tmp_path, {"study": [FIRMS]}, master={"基数表": bases})
    world.file("C01", W42, {"集中学习台账": [
        {"单位": "东湖县", **CLASS, "参加人数": 12}, {"单位": "东湖县", **CLASS, "主题": "乙", "参加人数": 9},
        {"单位": "柳河镇", **CLASS, "参加人数": 5}]})
    (one,) = found(world)
    assert (one.severity, one.unit, one.message) == ("error", "C01", "C01 共 21 人，多于企业数 20。")
    assert world.workspace.store.covered("study", W42) == {}


def test_without_a_base_nothing_is_known_to_be_wrong(tmp_path: Path) -> None:
    world = make(tmp_path, {"study": [FIRMS]})
    world.file("C02", W42, {"集中学习台账": [{**CLASS, "参加人数": 12}]})
    assert told(world) == []


def test_a_sheet_as_a_whole(tmp_path: Path) -> None:
    rule = {"id": "gap", "over": "sheet", "check": "max(issue_no) = distinct(issue_no)", "column": "issue_no",
            "severity": "warning", "explain": True, "message": "缺 {max(issue_no) - distinct(issue_no)} 期。"}
    world = make(tmp_path, {"bulletins": [rule]})
    issue = {"标题": "一", "印发日期": date(2023, 10, 17), "单位": "市攻坚办"}
    world.file("Z01", W42, {"刊物台账": [{**issue, "期号": 1}, {**issue, "期号": 4}]})
    (one,) = found(world)
    assert (one.rule, one.message, one.explain) == ("gap", "缺 2 期。", True)


# What is wrong in a rule is told when it is loaded


@pytest.mark.parametrize(
    ("ledger", "rule", "message"),
    [
        ("opinions", {"check": "opend >= 1"}, "ledger opinions has no column 'opend'. Did you mean: opened"),
        ("opinions", {"check": "opened >= previous.opend", "severity": "warning"}, "has no column 'opend'. Did you mean: opened"),
        ("opinions", {"check": "opened >= previus.opened", "severity": "warning"},
         "previus.opened: there is no master ledger 'previus' with one row for each unit. Did you mean: previous"),
        ("opinions", {"check": "opened <= bases.firm"}, "ledger bases has no column 'firm'. Did you mean: firms"),
        ("opinions", {"check": "opened <= groups.team"}, "there is no master ledger 'groups' with one row for each unit"),
        ("opinions", {"check": "opened >= previous.opened"}, "write severity: warning, or explain: true"),
        ("opinions", {"check": "opened >= 1", "explain": True, "severity": "error"}, "explain is for warnings"),
        ("opinions", {"check": "opened >= 1", "message": "{opend}"}, "has no column 'opend'. Did you mean: opened"),
        ("opinions", {"check": "sum(opened) >= 1"}, "function sum() is not among those allowed"),
        ("opinions", {"check": "count() >= 1", "over": "unit"}, "write severity: warning"),
        ("opinions", {"check": "count() >= 1", "over": "sheet", "by": ["opend"]}, "by: no column 'opend'. Did you mean: opened"),
        ("opinions", {"check": "opened >= 1", "by": ["opened"]}, "by belongs to over"),
        ("study", {"check": "days >= previous.days", "severity": "warning"}, "the ledger has no key"),
        ("study", {"check": "step(days) >= 1"}, "step(days): 'days' is no column with codes"),
        ("problems", {"check": "status = '以整改'"}, "has no code '以整改'"),
        ("problems", {"check": "review = '合格'"}, "that may be what is wrong"),
        ("problems", {"check": "status = '已整改'", "column": "statu"}, "no column 'statu'. Did you mean: status"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_told_on_loading(tmp_path: Path, ledger: str, rule: dict[str, Any], message: str) -> None:
    world = make(tmp_path, {ledger: [{"id": "r", "message": "x", **rule}]})
    with pytest.raises(DefinitionError) as e:
        world.workspace.definitions  # noqa: B018
    assert message in str(e.value) and f"params/ledgers/{ledger}.yml" in str(e.value)


def test_steps_leave_no_code_out(tmp_path: Path) -> None:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    ledgers["problems"]["columns"]["status"]["steps"] = {"整改中": 0}
    with pytest.raises(DefinitionError, match="steps must say of each code how far it is: look at 已整改"):
        make_world(tmp_path, ledgers=ledgers).workspace.definitions  # noqa: B018
