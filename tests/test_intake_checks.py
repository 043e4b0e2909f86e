"""Each check with its message, cell and remedy; and that the order of files decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.intake.receipt import FileReport, Receipt
from worlds import LEDGERS, UNITS, World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
PROBLEM = {"问题编号": "WT-1", "问题摘要": "窗口排队时间长", "登记日期": date(2023, 10, 17), "状态": "整改中"}
REVIEW = {"单位": "西岭县", "条目编号": "WT-1", "审核意见": "合格", "审核日期": date(2023, 10, 19)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def one(receipt: Receipt) -> FileReport:
    """The last of the files that had not come before."""
    return [f for f in receipt.files if f.outcome != "duplicate"][-1]


def findings(world: World, sheets: Mapping[str, Sequence[Mapping[str, Any]]], *, filer: str = "C02") -> list[Finding]:
    world.file(filer, "2023-W42", sheets)
    return list(one(world.receive()).findings)


@pytest.mark.parametrize(
    ("row", "rule", "cell", "message"),
    [
        ({"学习类型": None}, "required", "A7", "“学习类型”没有填。"),
        ({"学习类型": "读书会"}, "code", "A7", "“读书会”不在“学习类型”的选项里。"),
        ({"天数": "两天"}, "type", "D7", "“两天”不是数字。"),
        ({"天数": 0}, "min", "D7", "“天数”小于 0.5。"),
        ({"天数": 16}, "max", "D7", "“天数”大于 15。"),
        ({"天数": 1.2}, "step", "D7", "“天数”应是 0.5 的整数倍。"),
        ({"主题": "学" * 21}, "max_length", "E7", "“主题”超过 20 字。"),
        ({"出勤率": 1.2}, "percent", "G7", "“1.2”分不清是 1.2% 还是 120%。"),
        ({"出勤率": "105%"}, "max", "G7", "“出勤率”大于 100%。"),
        ({"结束日期": date(2023, 10, 16)}, "order", "C7", "结束日期 2023-10-16 早于开始日期。"),
        ({"开始日期": date(2023, 10, 23)}, "future", "B7", "“开始日期”2023-10-23 晚于统计期最后一天。"),
    ],
)
def test_a_wrong_cell_returns_its_sheet(world: World, row: dict[str, Any], rule: str, cell: str, message: str) -> None:
    found = findings(world, {"集中学习台账": [{**CLASS, **row}]})
    assert [(f.severity, f.rule, f.cell, f.message) for f in found] == [("error", rule, cell, message)]
    assert (found[0].ledger, found[0].period, found[0].unit, found[0].row) == ("study", "2023-W42", "C02", 7)
    assert found[0].remedy


def test_only_the_wrong_sheet_is_returned(world: World) -> None:
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "天数": 16}], "问题台账": [PROBLEM]})
    report = one(world.receive())
    assert report.outcome == "partly"
    assert {s.ledger: s.accepted for s in report.sheets} == {"study": False, "problems": True}
    assert world.workspace.store.covered("study", "2023-W42") == {}
    assert world.workspace.store.covered("problems", "2023-W42") == {"C02": 1}


def test_an_event_before_the_period_is_taken_with_a_warning(world: World) -> None:
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "开始日期": date(2023, 10, 9)}]})
    report = one(world.receive())
    assert report.outcome == "stored"
    assert [(f.severity, f.rule, f.cell) for f in report.findings] == [("warning", "backdated", "B7")]


def test_a_warning_of_the_ledger_returns_nothing(world: World) -> None:
    world.file("C02", "2023-W42", {"意见统计表": [{"收到意见数": 3, "答复数": 4}]})
    report = one(world.receive())
    assert (report.outcome, [(f.severity, f.rule, f.cell) for f in report.findings]) == ("stored", [("warning", "replied", "B7")])


def test_empty_cells_make_a_rule_unknown_and_unknown_passes(world: World) -> None:
    assert findings(world, {"集中学习台账": [{**CLASS, "结束日期": None}]}) == []


def test_a_key_stands_once_in_a_submission(world: World) -> None:
    found = findings(world, {"问题台账": [PROBLEM, {**PROBLEM, "问题编号": "ＷＴ-1 "}]})
    assert [(f.rule, f.cell, f.message) for f in found] == [
        ("key", "A7", "“问题编号”与另一行重复。"),
        ("key", "A8", "“问题编号”与另一行重复。"),
    ]


def test_a_snapshot_has_one_row_for_each_unit(world: World) -> None:
    found = findings(world, {"意见统计表": [{"收到意见数": 3, "答复数": 1}, {"收到意见数": 2, "答复数": 1}]})
    assert [f.rule for f in found] == ["key", "key"]


def test_an_event_with_a_key_is_filed_in_one_period_only(tmp_path: Path) -> None:
    world = make_world(tmp_path, ledgers={"study": {**LEDGERS["study"], "key": ["topic"]}})
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "主题": "一"}]})
    world.receive()
    world.file("C02", "2023-W43", {"集中学习台账": [{**CLASS, "主题": "一"}]})
    again = one(world.receive("2023-10-30T10:00"))
    assert [(f.rule, f.message) for f in again.findings if f.severity == "error"] == [
        ("key-filed", "这一项在 2023-W42 已经报过。")
    ]
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "主题": "一", "天数": 3}]})
    assert one(world.receive("2023-10-30T11:00")).outcome == "stored"


def test_a_unit_files_only_for_those_it_files_for(world: World) -> None:
    found = findings(
        world,
        {"集中学习台账": [{"单位": "东湖县", **CLASS}, {"单位": "柳河镇", **CLASS}, {"单位": "石桥镇", **CLASS}]},
        filer="C01",
    )
    assert [(f.rule, f.cell, f.message) for f in found] == [("entitled", "A9", "“石桥镇”的“集中学习台账”不由“东湖县”代报。")]


def test_a_ledger_is_filed_by_its_org_types_only(world: World) -> None:
    found = findings(world, {"意见统计表": [{"收到意见数": 1, "答复数": 1}]}, filer="C02-T01")
    assert [(f.rule, f.message) for f in found] == [("entitled", "“意见统计表”不由“石桥镇”报送。")]


def test_the_office_files_its_own_ledgers_about_any_unit(world: World) -> None:
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]})
    world.file("Z01", "2023-W42", {"审核记录": [REVIEW]})
    assert {f.outcome for f in world.receive().files} == {"stored"}
    assert findings(world, {"审核记录": [{**REVIEW, "审核意见": "退回"}]}, filer="C02")[0].rule == "entitled"


def test_a_filer_for_several_must_name_the_unit(world: World) -> None:
    assert [f.message for f in findings(world, {"集中学习台账": [CLASS]}, filer="C01")] == ["代报几个单位的表要有“单位”一列。"]
    world.file("C01", "2023-W42", {"集中学习台账": [{"单位": "东湖县", **CLASS}, {"单位": None, **CLASS}]})
    assert [(f.rule, f.cell, f.message) for f in one(world.receive()).findings] == [("unit", "A8", "没有填单位。")]


def test_a_filing_covers_every_unit_it_is_for(world: World) -> None:
    world.file("C01", "2023-W42", {"集中学习台账": [{"单位": "东湖县", **CLASS}]})
    world.receive()
    assert world.workspace.store.covered("study", "2023-W42") == {"C01": 1, "C01-T01": 0}


def test_a_unit_must_be_valid_on_the_last_day(tmp_path: Path) -> None:
    closed = ("C03", "南溪县", "南溪县", "root", "县", "县", "C02", True, {"失效日期": date(2023, 10, 20)})
    world = make_world(tmp_path, units=[*UNITS, closed])
    found = findings(world, {"集中学习台账": [{"单位": "南溪县", **CLASS}]})
    assert [(f.rule, f.message) for f in found] == [("unit", "“C03”在 2023-10-22 不是有效单位。")]


def test_references_do_not_depend_on_the_order_of_files(world: World) -> None:
    world.file("Z01", "2023-W42", {"审核记录": [REVIEW]}, name="a.xlsx")
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]}, name="b.xlsx")
    assert [f.outcome for f in world.receive().files[1:]] == ["stored", "stored"]


def test_a_reference_is_to_the_same_unit(world: World) -> None:
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]})
    world.file("Z01", "2023-W42", {"审核记录": [{**REVIEW, "单位": "市住房局"}, {**REVIEW, "条目编号": "WT-2"}]})
    assert [(f.rule, f.cell, f.message, f.remedy) for f in one(world.receive()).findings] == [
        ("reference", "B7", "“条目编号”WT-1 在本单位的“问题台账”里没有。", "请核对编号，或先在“问题台账”里登记。"),
        ("reference", "B8", "“条目编号”WT-2 在本单位的“问题台账”里没有。", "请核对编号，或先在“问题台账”里登记。"),
    ]


def test_a_reference_into_a_returned_sheet_says_so(world: World) -> None:
    world.file("C02", "2023-W42", {"问题台账": [{**PROBLEM, "状态": "办结"}]})
    world.file("Z01", "2023-W42", {"审核记录": [REVIEW]})
    assert [(f.rule, f.remedy) for f in one(world.receive()).findings] == [
        ("reference", "登记它的“问题台账”这次被退回，请改正后一起重报。")
    ]


def test_a_reference_to_what_was_stored_before_is_found(world: World) -> None:
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM]})
    world.receive()
    world.file("Z01", "2023-W43", {"审核记录": [{**REVIEW, "审核日期": date(2023, 10, 24)}]})
    assert one(world.receive("2023-10-30T10:00")).outcome == "stored"


def test_a_refile_with_far_fewer_rows_is_questioned(world: World) -> None:
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "主题": t} for t in "一二三四五"]})
    world.receive()
    world.file("C02", "2023-W42", {"集中学习台账": [CLASS, {**CLASS, "天数": 1}]})
    report = one(world.receive("2023-10-23T11:00"))
    assert (report.outcome, [(f.severity, f.rule, f.message) for f in report.findings]) == (
        "stored",
        [("warning", "shrink", "重报只有 2 行，原来有 5 行。")],
    )


def test_what_is_gone_from_a_whole_list_is_questioned(world: World) -> None:
    issue = {"期号": 1, "标题": "一", "印发日期": date(2023, 10, 17), "单位": "市攻坚办"}
    world.file("Z01", "2023-W42", {"刊物台账": [issue, {**issue, "期号": 2}]})
    assert one(world.receive()).findings == ()
    world.file("Z01", "2023-W43", {"刊物台账": [issue, {**issue, "期号": 3, "印发日期": date(2023, 10, 24)}]})
    report = one(world.receive("2023-10-30T10:00"))
    assert report.outcome == "stored"
    assert [(f.severity, f.rule, f.message) for f in report.findings] == [
        ("warning", "vanished", "以前报过、这次全表里没有的有 1 项：2。")
    ]


def test_a_nil_return_has_no_rows(world: World) -> None:
    world.file("C02", "2023-W42", {"集中学习台账": [CLASS]}, nil=["集中学习台账"])
    assert [(f.rule, f.message) for f in one(world.receive()).findings] == [("nil", "选了零报送，又填了 1 行。")]
