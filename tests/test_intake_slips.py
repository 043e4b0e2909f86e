"""A refiled workbook finds the slip it answers, and what was repaired, left alone or newly broken is said."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from jianbao import terminal
from jianbao.definitions.finding import Finding
from jianbao.intake.layout import RESULT_SHEET
from jianbao.intake.marked import HEADER
from jianbao.intake.reader import read_batch
from jianbao.intake.receipt import FileReport, Receipt
from jianbao.intake.refiled import paired
from jianbao.intake.slips import finding_ids, listed, slip_of
from jianbao.store.answers import delivered
from worlds import World, make_world

STUDY, PROBLEMS = "集中学习台账", "问题台账"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
DUE = {"登记日期": date(2023, 10, 17), "状态": "整改中"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def sent(
    world: World, sheets: dict[str, Any], at: str, filer: str = "C02", name: str | None = None, period: str = "2023-W42"
) -> FileReport:
    path = world.file(filer, period, sheets, name=name)
    return next(f for f in world.receive(at).files if f.file == path.name)


def refiled(world: World, first: FileReport, change: Callable[[Any], None], at: str = "2023-10-23T11:00", name: str = "") -> FileReport:
    """The returned copy of `first`, changed and filed again."""
    assert first.returned is not None
    book = load_workbook(first.returned)
    change(book)
    path = world.root / "data" / "inbox" / (name or first.returned.name)
    book.save(path)
    return next(f for f in world.receive(at).files if f.file == path.name)


def wrong_twice(world: World) -> FileReport:
    """D7 and D8 of the study ledger are beyond 15 days."""
    return sent(world, {STUDY: [{**CLASS, "天数": 99}, {**CLASS, "天数": 88, "主题": "二"}]}, "2023-10-23T10:00", name="西岭县.xlsx")


def test_what_was_repaired_left_alone_and_newly_broken_is_said(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = wrong_twice(world)

    def change(book: Any) -> None:
        book[STUDY]["D7"], book[STUDY]["A8"] = 2, "自学"

    report = refiled(world, first, change)
    assert first.returned is not None
    number = f"2023-W42-{first.returned.stem[-8:]}"
    assert report.answered is not None
    assert report.answered.told(report.findings) == (
        f"对应回执 {number}，10月23日 10:00 收到的“西岭县.xlsx”。已改正 1 处，未改 1 处，新出现 1 处，已说明 0 处。"
        "未改：集中学习台账 D8。新出现：集中学习台账 A8。"
    )
    terminal.receipt(Receipt((report,)))
    assert f"重报核对  {report.file}：对应回执 {number}" in capsys.readouterr().out
    said = report.to_json()["answers"]
    assert (said["slip"], said["repaired"], [f["cell"] for f in said["unchanged"]], [f["cell"] for f in said["new"]]) == (
        number, 1, ["D8"], ["A8"])
    [old, new] = delivered(world.workspace.store, prefixes=[number[-8:], report.returned.stem[-8:] if report.returned else ""])
    assert new.answers == old.sha256


def test_the_new_list_says_what_each_was_last_time(world: World) -> None:
    def change(book: Any) -> None:
        book[STUDY]["D7"], book[STUDY]["D8"], book[STUDY]["A8"] = 2, 77, "自学"

    report = refiled(world, wrong_twice(world), change)
    assert report.returned is not None
    ws = load_workbook(report.returned)[RESULT_SHEET]
    assert ws["A5"].value.startswith("重报核对：对应回执 2023-W42-")
    assert "已改正 1 处，未改 1 处，新出现 1 处，已说明 0 处。" in ws["A5"].value
    assert [(r[4].value, r[2].value) for r in ws.iter_rows(min_row=HEADER + 1)] == [("A8", "新出现"), ("D8", "仍不对")]
    assert ws.column_dimensions["C"].hidden is False


def test_a_first_filing_has_no_last_time(world: World) -> None:
    first = wrong_twice(world)
    assert first.answered is None
    assert load_workbook(first.returned)[RESULT_SHEET].column_dimensions["C"].hidden is True


def without_sheet(book: Any) -> None:
    book.remove(book[RESULT_SHEET])


def without_property(book: Any) -> None:
    del book.custom_doc_props["回执号"]


@pytest.mark.parametrize("lose", [without_sheet, without_property])
def test_either_trace_of_the_slip_is_enough(world: World, lose: Callable[[Any], None]) -> None:
    def change(book: Any) -> None:
        book[STUDY]["D7"] = 2
        lose(book)

    report = refiled(world, wrong_twice(world), change, name="改好了.xlsx")
    assert report.answered is not None
    assert (report.answered.guessed, report.answered.repaired, report.guesses) == (False, 1, ())


def test_the_name_of_the_copy_is_the_last_trace_and_said_to_be_one(world: World) -> None:
    first = wrong_twice(world)

    def change(book: Any) -> None:
        without_sheet(book)
        without_property(book)

    assert first.returned is not None
    report = refiled(world, first, change)
    assert report.answered is not None
    assert report.guesses == (f"按文件名认作对 2023-W42-{first.returned.stem[-8:]} 的重报",)


def test_a_refile_without_slip_is_held_against_the_last_one_and_that_is_said(world: World) -> None:
    sent(world, {STUDY: [{**CLASS, "天数": 77}]}, "2023-10-23T09:00")
    first = wrong_twice(world)
    report = sent(world, {STUDY: [CLASS, {**CLASS, "天数": 88, "主题": "二"}]}, "2023-10-23T11:00", name="新的.xlsx")
    assert first.returned is not None
    assert report.answered is not None
    assert report.answered.answered == "没有带回执号，按最近一次退回核对：10月23日 10:00 收到的“西岭县.xlsx”"
    assert report.guesses == (f"没有带回执号，按最近一次退回（2023-W42-{first.returned.stem[-8:]}）核对改没改",)
    assert (report.answered.repaired, report.answered.was) == (1, ("未改",))


def test_what_was_made_good_since_is_answered_no_more(world: World) -> None:
    wrong_twice(world)
    sent(world, {STUDY: [CLASS]}, "2023-10-23T10:30")
    report = sent(world, {STUDY: [CLASS, {**CLASS, "主题": "二"}]}, "2023-10-23T11:00")
    assert (report.outcome, report.answered, report.guesses) == ("stored", None, ())


def test_another_units_slip_is_a_warning_and_answers_nothing(world: World) -> None:
    first = sent(world, {STUDY: [{**CLASS, "天数": 99}]}, "2023-10-23T10:00", filer="C01", name="东湖县.xlsx")
    assert first.returned is not None

    def change(book: Any) -> None:
        book[STUDY]["B3"], book[STUDY]["D7"] = "C02", 2

    report = refiled(world, first, change)
    assert report.answered is None
    assert [(f.severity, f.rule, f.message, f.remedy) for f in report.findings] == [(
        "warning", "slip", f"回执号 2023-W42-{first.returned.stem[-8:]} 是退给 C01 的，这份文件的填报单位是 C02。",
        "请核对填报单位和统计期；如果拿错了副本，请用退给本单位的那一份。",
    )]


def test_another_periods_slip_is_a_warning(world: World) -> None:
    first = sent(world, {STUDY: [{**CLASS, "开始日期": date(2023, 10, 11), "天数": 99}]}, "2023-10-16T10:00", period="2023-W41")

    def change(book: Any) -> None:
        book[STUDY]["B4"], book[STUDY]["B7"], book[STUDY]["D7"] = "2023-W42", date(2023, 10, 17), 2

    assert first.returned is not None
    report = refiled(world, first, change)
    assert report.outcome == "stored"
    assert [f.message for f in report.findings] == [
        f"回执号 2023-W41-{first.returned.stem[-8:]} 是 2023-W41 的，这份文件报的是 2023-W42。"
    ]


def test_an_unknown_slip_is_a_warning(world: World) -> None:
    first = wrong_twice(world)

    def change(book: Any) -> None:
        without_property(book)
        book[RESULT_SHEET]["A4"] = "回执号：2023-W42-00000000"
        book[STUDY]["D7"] = book[STUDY]["D8"] = 2

    report = refiled(world, first, change, name="改.xlsx")
    assert [(f.message, f.remedy) for f in report.findings] == [
        ("回执号 2023-W42-00000000 查不到。", "不影响收表；请在退给本单位的副本上改后重报。")
    ]
    assert report.answered is not None
    assert report.answered.guessed


def test_a_row_is_known_by_its_key_wherever_it_went(world: World) -> None:
    """WT-2 is repaired and WT-1, still wrong, stands a row lower, under a new row that is wrong in the same way."""
    done = {**DUE, "状态": "已整改"}
    first = sent(world, {PROBLEMS: [{**done, "问题编号": "WT-1", "问题摘要": "甲"}, {**done, "问题编号": "WT-2", "问题摘要": "乙"}]},
                 "2023-10-23T10:00")
    assert [f.key for f in first.findings] == ["WT-1", "WT-2"]
    report = sent(world, {PROBLEMS: [{**done, "问题编号": "WT-3", "问题摘要": "丙"}, {**done, "问题编号": "WT-1", "问题摘要": "甲"},
                                     {**DUE, "问题编号": "WT-2", "问题摘要": "乙"}]}, "2023-10-23T11:00")
    assert report.answered is not None
    assert report.answered.repaired == 1
    assert {f.key: w for f, w in zip(report.findings, report.answered.was, strict=True)} == {"WT-1": "未改", "WT-3": "新出现"}


def test_a_row_without_key_is_known_by_its_value(world: World) -> None:
    sent(world, {STUDY: [{**CLASS, "天数": 99}]}, "2023-10-23T10:00")
    report = sent(world, {STUDY: [CLASS, {**CLASS, "天数": 99, "主题": "二"}]}, "2023-10-23T11:00")
    assert report.answered is not None
    assert (report.answered.repaired, report.answered.was) == (0, ("未改",))


def test_sheets_that_did_not_come_again_are_named_and_not_taken_for_repaired(world: World) -> None:
    sent(world, {STUDY: [{**CLASS, "天数": 99}], PROBLEMS: [{**DUE, "状态": "已整改", "问题编号": "WT-1", "问题摘要": "甲"}]},
         "2023-10-23T10:00")
    report = sent(world, {STUDY: [CLASS]}, "2023-10-23T11:00")
    assert report.answered is not None
    assert (report.answered.repaired, report.answered.not_again) == (1, "退回的“问题台账”这次没有重报")


def test_what_the_filer_explains_is_neither_repaired_nor_left_alone(world: World) -> None:
    first = sent(world, {STUDY: [{**CLASS, "天数": 99}, {**CLASS, "开始日期": date(2023, 10, 9)}]}, "2023-10-23T10:00")

    def change(book: Any) -> None:
        [line] = [r for r in book[RESULT_SHEET].iter_rows(min_row=HEADER + 1) if r[4].value == "B8"]
        line[8].value = "主讲人出差，推迟到本周才补学。"
        book[STUDY]["D7"] = 2

    report = refiled(world, first, change)
    assert report.answered is not None
    assert report.answered.sentence == "已改正 1 处，未改 0 处，新出现 0 处，已说明 1 处"
    ws = load_workbook(report.returned)[RESULT_SHEET]
    assert [ws.cell(HEADER + 1, j).value for j in (3, 5, 9)] == ["已说明", "B8", "主讲人出差，推迟到本周才补学。"]


def one(rule: str, cell: str, value: str = "", key: str = "", ledger: str = "study", column: str = "days") -> Finding:
    return Finding("error", rule, "错", "改", sheet=STUDY, cell=cell, row=int(cell[1:]), column=column, value=value, key=key, ledger=ledger)


def test_of_two_equal_mistakes_one_repaired_leaves_one(world: World) -> None:
    assert paired([one("max", "D7", "99"), one("max", "D9", "99")], [one("max", "D8", "99")]) == [0]
    assert paired([one("max", "D7", "99"), one("max", "D9", "99")], [one("max", "D9", "99")]) == [1]
    assert paired([one("max", "D7", "99")], [one("type", "D7", "九十九")]) == [None]
    assert paired([one("max", "D7", "99", key="A")], [one("max", "D7", "99", key="B")]) == [None]
    assert paired([one("max", "D7", "99", key="")], [one("max", "D7", "99", key="B")]) == [0]


def test_the_list_of_a_copy_is_read_back_with_its_explanations(world: World) -> None:
    first = wrong_twice(world)
    assert first.returned is not None
    book = load_workbook(first.returned)
    book[RESULT_SHEET].cell(HEADER + 1, 9).value = "跨两周，合并填报。"
    out = io.BytesIO()
    book.save(out)
    sheets = read_batch({"x": ("x.xlsx", out.getvalue())})["x"]
    lines = listed(sheets)  # type: ignore[arg-type]
    assert [(x.id, x.cell, x.value, x.explanation) for x in lines] == [
        (finding_ids(first.findings)[0], "D7", "99", "跨两周，合并填报。"), (finding_ids(first.findings)[1], "D8", "88", "")]


def test_an_id_stays_when_a_keyed_row_moves_and_alike_ones_are_numbered() -> None:
    assert finding_ids([one("max", "D7", key="A")]) == finding_ids([one("max", "D9", "3", key="A")])
    assert finding_ids([one("max", "D7")]) != finding_ids([one("max", "D9")])
    first, second = finding_ids([one("max", "D7"), one("max", "D7")])
    assert second == f"{first}-2"


def test_properties_that_are_no_zip_or_lie_say_nothing() -> None:
    assert slip_of(b"docProps/custom.xml", [], "a.xlsx").number == ""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("docProps/custom.xml", b" " * (1 << 20) + '<property name="回执号"><v>2023-W42-00000000</v></property>'.encode())
    assert slip_of(out.getvalue(), [], "a.xlsx").number == ""
