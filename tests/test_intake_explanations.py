"""What a filer says to a warning: beside the row or on the returned copy; and what says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from jianbao.definitions.finding import Finding
from jianbao.intake.explanations import says_nothing, squashed
from jianbao.intake.layout import RESULT_SHEET
from jianbao.intake.receipt import FileReport
from worlds import World, make_world

EMPTY = ["核实无误", "情况属实", "已核实", "经核实无误", "数据无误", "数据属实", "属实", "无误", "正常", "无", "同上", "见附件"]
COUNTS = {"收到意见数": 3, "答复数": 4}
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 9), "天数": 2}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, params={"terms.yml": {"empty_reasons": EMPTY}})


def received(world: World, at: str = "2023-10-23T10:00") -> FileReport:
    return [f for f in world.receive(at).files if f.outcome != "duplicate"][-1]


def filed(world: World, row: Mapping[str, Any], sheet: str = "意见统计表") -> Finding:
    world.file("C02", "2023-W42", {sheet: [row]})
    (finding,) = received(world).findings
    return finding


@pytest.mark.parametrize("column", ["情况说明", "说明"])
def test_a_column_beside_the_rows_is_for_what_is_warned_of_there(world: World, column: str) -> None:
    finding = filed(world, {**COUNTS, column: "有两条是上周收到、本周答复的"})
    assert (finding.rule, finding.explanation) == ("replied", "有两条是上周收到、本周答复的")
    assert [f.explanation for f in world.workspace.store.findings()] == [finding.explanation]


def test_it_is_for_its_own_row_only(world: World) -> None:
    rows = [{**CLASS, "主题": "甲", "情况说明": "上周的补报，通知来得晚"}, {**CLASS, "主题": "乙"}]
    world.file("C02", "2023-W42", {"集中学习台账": rows})
    assert [(f.rule, f.row, f.explanation) for f in received(world).findings] == [
        ("backdated", 7, "上周的补报，通知来得晚"), ("backdated", 8, "")]


def test_an_error_is_put_right_and_not_explained(world: World) -> None:
    finding = filed(world, {"收到意见数": 3, "答复数": -1, "说明": "系统导出时就是负数"})
    assert (finding.severity, finding.rule, finding.explanation) == ("error", "min", "")


@pytest.mark.parametrize("words", ["核实无误", "经核实，数据无误。", " 情况 属实！", "同上", "见附件", "已核实", "无", "12345", "是的",
                                   "我单位已核对，情况属实"])
def test_words_that_say_nothing_leave_the_warning_open(world: World, words: str) -> None:
    finding = filed(world, {**COUNTS, "说明": words})
    assert finding.explanation == ""
    assert finding.message == "答复数多于收到数。"
    assert finding.remedy == f"说明“{words.strip()}”没有说出原因，请写清为什么。说明原因。"


@pytest.mark.parametrize(
    ("words", "nothing"),
    [
        ("核实无误", True), ("核 实、无误！！", True), ("ＯＫ", True), ("已核对无误，数据属实", True), ("无误无误", True), ("123 条", True),
        ("因机构改革划入三个科室", False), ("已核实，三人调离", False), ("补报9月漏报的2次", False), ("正常增长，旺季来件多", False),
    ],
)
def test_what_says_nothing(words: str, nothing: bool) -> None:
    assert says_nothing(words, frozenset(map(squashed, EMPTY))) is nothing


def test_numbers_of_persons_are_masked_before_it_is_kept(world: World) -> None:
    world.file("C02", "2023-W42", {"意见统计表": [{**COUNTS, "说明": "由经办人 13812345678 漏记了两条"}]})
    finding = next(f for f in received(world).findings if f.rule == "replied")
    assert "13812345678" not in finding.explanation and "漏记了两条" in finding.explanation


# On the returned copy


def explained(world: World, change: Callable[[Any, dict[str, int]], None]) -> Finding:
    """A warned workbook whose returned copy is filed again, the result sheet changed."""
    world.file("C02", "2023-W42", {"意见统计表": [COUNTS]})
    first = received(world)
    assert first.returned is not None
    book = load_workbook(first.returned)
    ws = book[RESULT_SHEET]
    head = next(r for r in ws.iter_rows() if any(c.value == "说明" for c in r))
    change(book, {str(c.value): c.column for c in head} | {"row": head[0].row + 1})
    book.save(world.root / "data" / "inbox" / "again.xlsx")
    return next(f for f in received(world, "2023-10-23T11:00").findings if f.rule == "replied")


def test_what_is_written_on_the_result_sheet_comes_back_with_the_warning(world: World) -> None:
    def change(book: Any, at: dict[str, int]) -> None:
        book[RESULT_SHEET].cell(at["row"], at["说明"]).value = "有一条是上周收到的"

    assert explained(world, change).explanation == "有一条是上周收到的"


def test_without_its_number_a_line_is_known_by_its_place_and_words(world: World) -> None:
    def change(book: Any, at: dict[str, int]) -> None:
        book[RESULT_SHEET].cell(at["row"], at["说明"]).value = "有一条是上周收到的"
        book[RESULT_SHEET].cell(at["row"], at["编号"]).value = None

    assert explained(world, change).explanation == "有一条是上周收到的"


def test_an_empty_one_is_refused_there_too(world: World) -> None:
    def change(book: Any, at: dict[str, int]) -> None:
        book[RESULT_SHEET].cell(at["row"], at["说明"]).value = "情况属实"

    finding = explained(world, change)
    assert (finding.explanation, finding.remedy) == ("", "说明“情况属实”没有说出原因，请写清为什么。说明原因。")


def test_a_line_left_empty_explains_nothing(world: World) -> None:
    finding = explained(world, lambda book, at: None if book is None else book[RESULT_SHEET].cell(99, 1, "x") and None)
    assert (finding.explanation, finding.remedy) == ("", "说明原因。")
