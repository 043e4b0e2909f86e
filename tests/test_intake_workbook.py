"""Workbooks as they come back: moved, renamed, merged, misnamed. What can be understood is; what is guessed is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from jianbao.intake.receipt import FileReport
from worlds import World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def sheet_of(
    world: World,
    rows: Sequence[Sequence[Any]],
    *,
    sheet: str = "集中学习台账",
    name: str = "报表.xlsx",
    also: Callable[[Any], None] | None = None,
) -> Path:
    """A workbook of one sheet whose cells are `rows`."""
    book = Workbook()
    ws = book.worksheets[0]
    ws.title = sheet
    for row in rows:
        ws.append(list(row))
    if also:
        also(ws)
    path = world.root / "data" / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def filed(world: World) -> FileReport:
    """What became of the one file in the inbox."""
    return world.receive().files[-1]


def rows_of(world: World, ledger: str) -> list[dict[str, Any]]:
    snapshot = world.workspace.snapshot()
    return snapshot.connection.sql(f"select * from {snapshot.source(ledger)} order by row").to_arrow_table().to_pylist()


IDENTITY = [["填报单位：西岭县", None, "统计期：第42周"]]
HEADER = ["学习类型", "开始日期", "天数", "主题"]


def test_the_template_layout_is_read(world: World) -> None:
    world.file("C02", "2023-W42", {"集中学习台账": [{**CLASS, "主题": " 一 ", "参加人数": 30, "出勤率": 0.9}]})
    report = filed(world)
    assert (report.outcome, report.filer, report.period, report.findings, report.guesses) == ("stored", "C02", "2023-W42", (), ())
    row = rows_of(world, "study")[0]
    assert {k: row[k] for k in ("unit", "row", "date", "study_type", "days", "topic", "people", "share")} == {
        "unit": "C02",
        "row": 7,
        "date": date(2023, 10, 17),
        "study_type": "读书班",
        "days": 2.0,
        "topic": "一",
        "people": 30,
        "share": 0.9,
    }


def test_identity_in_one_cell_title_rows_above_columns_moved_and_renamed(world: World) -> None:
    sheet_of(
        world,
        [
            ["青石市学习情况统计表"],
            [],
            *IDENTITY,
            ["序号", "主题", "天数（天）", "开始时间*", "类型"],
            [1, "一", 2, "10月17日", "研讨"],
            [2],
            [3, "二", "0.5", "2023.10.18", "中心组"],
        ],
    )
    report = filed(world)
    assert (report.outcome, report.filer, report.period) == ("stored", "C02", "2023-W42")
    assert [(r["row"], r["topic"], r["days"], r["start_date"], r["study_type"]) for r in rows_of(world, "study")] == [
        (5, "一", 2.0, date(2023, 10, 17), "专题研讨"),
        (7, "二", 0.5, date(2023, 10, 18), "中心组"),
    ]


def test_a_sheet_is_known_by_its_columns_when_its_name_says_nothing(world: World) -> None:
    sheet_of(world, [*IDENTITY, HEADER, ["读书班", date(2023, 10, 17), 2, "一"]], sheet="Sheet1")
    report = filed(world)
    assert report.outcome == "stored"
    assert report.guesses == ("“Sheet1”按列名认作“集中学习台账”", "“Sheet1”的表头认作第 2 行")


def test_a_sheet_that_is_no_ledger_is_said_and_not_taken(world: World) -> None:
    path = world.file("C02", "2023-W42", {"集中学习台账": [CLASS]})
    book = load_workbook(path)
    book.create_sheet("通讯录").append(["甲", "乙"])
    book.create_sheet("空表")
    book.save(path)
    report = filed(world)
    assert report.outcome == "stored"
    assert [(f.severity, f.rule, f.sheet) for f in report.findings] == [("warning", "ledger", "通讯录")]


def test_sheets_in_any_order_under_title_code_or_alias(world: World) -> None:
    book = Workbook()
    problems, study = book.worksheets[0], book.create_sheet("学习台账(2)")
    problems.title = "L11"
    for ws, header, row in (
        (problems, ["问题编号", "问题摘要", "登记日期", "状态"], ["WT-1", "排队", date(2023, 10, 17), "整改中"]),
        (study, HEADER, ["读书班", date(2023, 10, 17), 2, "一"]),
    ):
        ws.append(["填报单位", "西岭县"])
        ws.append(["统计期", "2023-W42"])
        ws.append(header)
        ws.append(row)
    (world.root / "data" / "inbox").mkdir()
    book.save(world.root / "data" / "inbox" / "x.xlsx")
    assert [(s.ledger, s.rows, s.accepted) for s in filed(world).sheets] == [("problems", 1, True), ("study", 1, True)]


@pytest.mark.parametrize(
    "name", ["C02_2023-W42.xlsx", "西岭县第42周学习台账.xlsx", "2023年第42周-西岭县.xlsx", "C02 2023W42.xlsx"]
)
def test_the_file_name_tells_who_and_when_when_nothing_else_does(world: World, name: str) -> None:
    sheet_of(world, [HEADER, ["读书班", date(2023, 10, 17), 2, "一"]], name=name)
    report = filed(world)
    assert (report.outcome, report.filer, report.period) == ("stored", "C02", "2023-W42")
    assert report.guesses == (
        "统计期按文件名认作 2023年第42周（10月16日—10月22日）",
        "填报单位按文件名认作 C02",
        "“集中学习台账”的表头认作第 1 行",
    )


def test_what_the_sheet_shows_stands_over_the_hidden_copy(world: World) -> None:
    def hide(ws: Any) -> None:
        meta = ws.parent.create_sheet("_meta")
        meta.sheet_state = "veryHidden"
        meta.append(["filer", "C01"])
        meta.append(["period", "2023-W41"])

    sheet_of(world, [*IDENTITY, HEADER, ["读书班", date(2023, 10, 17), 2, "一"]], also=hide)
    report = filed(world)
    assert (report.filer, report.period) == ("C02", "2023-W42")
    assert [f.message for f in report.findings if f.rule == "filer"] == ["表上的填报单位是“西岭县”，用的是发给 C01 的模板。"]


def test_the_hidden_copy_serves_when_the_sheet_shows_nothing(world: World) -> None:
    def hide(ws: Any) -> None:
        meta = ws.parent.create_sheet("_meta")
        meta.append(["filer", "C02"])
        meta.append(["period", "2023-W42"])
        meta.append(["sheet", "改了名", "study"])

    sheet_of(world, [HEADER, ["读书班", date(2023, 10, 17), 2, "一"]], sheet="改了名", also=hide)
    report = filed(world)
    assert (report.outcome, report.filer, report.period) == ("stored", "C02", "2023-W42")
    assert report.guesses == ("“改了名”的表头认作第 1 行",)


@pytest.mark.parametrize(
    ("said", "period"),
    [
        ("2023-W42", "2023-W42"),
        ("2023年第42周（10月16日—10月22日）", "2023-W42"),
        ("10.16-10.22", "2023-W42"),
        ("第7周", "2023-W42"),
        ("第42周", "2023-W42"),
        (date(2023, 10, 18), "2023-W42"),
        ("２０２３－Ｗ４２", "2023-W42"),
    ],
)
def test_periods_as_people_write_them(world: World, said: Any, period: str) -> None:
    sheet_of(world, [["填报单位", "西岭县"], ["统计期", said], HEADER, ["读书班", date(2023, 10, 17), 2, "一"]])
    assert filed(world).period == period


@pytest.mark.parametrize(
    ("rows", "rule", "message"),
    [
        ([["填报单位", "西岭县"], HEADER], "period", "没有写统计期。"),
        ([["统计期", "2023-W42"], HEADER], "filer", "没有写填报单位。"),
        ([["统计期", "某周"], ["填报单位", "西岭县"], HEADER], "period", "统计期“某周”看不懂。"),
        ([["统计期", "2023-10"], ["填报单位", "西岭县"], HEADER], "period", "统计期“2023-10”与本台账的报送周期不符。"),
        ([["统计期", "2023-W50"], ["填报单位", "西岭县"], HEADER], "period", "还没有开始"),
        ([["统计期", "2023-W20"], ["填报单位", "西岭县"], HEADER], "period", "不在本次工作期间"),
        ([["统计期", "2023-W42"], ["填报单位", "西领县"], HEADER], "filer", "填报单位：单位名册里没有“西领县”。"),
        ([["统计期", "2023-W42"], ["填报单位", "西岭县"], ["甲", "乙"]], "header", "“集中学习台账”找不到表头。"),
    ],
)
def test_what_cannot_be_told_is_returned(world: World, rows: list[list[Any]], rule: str, message: str) -> None:
    sheet_of(world, [*rows, ["读书班", date(2023, 10, 17), 2, "一"]])
    report = filed(world)
    assert report.outcome == "returned"
    assert [(f.rule, f.severity) for f in report.findings] == [(rule, "error")]
    assert message in report.findings[0].message
    assert report.findings[0].remedy


def test_a_missing_required_column_is_an_error_and_an_unknown_one_a_warning(world: World) -> None:
    sheet_of(world, [*IDENTITY, ["学习类型", "开始日期", "地点"], ["读书班", date(2023, 10, 17), "礼堂"]])
    assert [(f.severity, f.cell, f.message) for f in filed(world).findings] == [
        ("error", "A2", "缺少必填列“天数”。"),
        ("warning", "A2", "缺少这些列，按没有填处理：结束日期、主题、参加人数、出勤率。"),
        ("warning", "C2", "多出的列没有收：地点。"),
    ]


def test_a_column_that_stands_twice_is_an_error(world: World) -> None:
    sheet_of(world, [*IDENTITY, ["学习类型", "开始日期", "天数", "开始时间"], ["读书班", date(2023, 10, 17), 2, None]])
    assert [f.message for f in filed(world).findings if f.severity == "error"] == ["表头“开始时间”与另一列重复，分不清用哪一列。"]


def test_totals_and_signatures_are_no_rows(world: World) -> None:
    sheet_of(
        world,
        [
            *IDENTITY,
            HEADER,
            ["读书班", date(2023, 10, 17), 2, "一"],
            ["读书班", date(2023, 10, 18), 3, "二"],
            ["合 计", None, 5],
            [],
            ["填表人：", None, None, "审核人："],
        ],
    )
    report = filed(world)
    assert report.sheets[0].rows == 2
    assert [(f.severity, f.rule, f.cell, f.message) for f in report.findings if f.rule == "total"] == [
        ("warning", "total", "A5", "第 5 行是合计，没有收。")
    ]
    assert report.outcome == "stored"


def test_a_topic_may_begin_like_a_signature(world: World) -> None:
    sheet_of(world, [*IDENTITY, ["主题", "学习类型", "开始日期", "天数"], ["联系服务企业专题", "读书班", date(2023, 10, 17), 2]])
    assert filed(world).sheets[0].rows == 1


def test_a_merged_date_holds_for_each_row_and_a_merged_number_once(world: World) -> None:
    def merge(ws: Any) -> None:
        ws.merge_cells("B3:B4")
        ws.merge_cells("E3:E4")

    sheet_of(
        world,
        [*IDENTITY, [*HEADER, "参加人数"], ["读书班", date(2023, 10, 17), 2, "一", 30], ["中心组", None, 1, "二", None]],
        also=merge,
    )
    report = filed(world)
    assert [(r["start_date"], r["people"]) for r in rows_of(world, "study")] == [
        (date(2023, 10, 17), 30),
        (date(2023, 10, 17), None),
    ]
    assert [(f.rule, f.cell) for f in report.findings if f.rule == "merged"] == [("merged", "E3")]


def test_error_cells_are_not_read_as_empty(world: World) -> None:
    sheet_of(world, [*IDENTITY, HEADER, ["读书班", date(2023, 10, 17), "#DIV/0!", "=A3"]])
    assert [(f.rule, f.cell, f.message) for f in filed(world).findings if f.severity == "error"] == [
        ("formula", "C3", "“天数”的公式出错（#DIV/0!）。"),
        ("formula", "D3", "“主题”的公式没有算出结果。"),
    ]


def test_a_hidden_sheet_with_rows_is_not_taken_silently(world: World) -> None:
    path = world.file("C02", "2023-W42", {"集中学习台账": [CLASS], "问题台账": [{"问题编号": "WT-1"}]})
    book = load_workbook(path)
    book["问题台账"].sheet_state = "hidden"
    book.save(path)
    assert [(f.severity, f.rule) for f in filed(world).findings] == [("warning", "hidden")]


def test_two_sheets_of_one_ledger_are_both_returned(world: World) -> None:
    path = world.file("C02", "2023-W42", {"集中学习台账": [CLASS]})
    book = load_workbook(path)
    book.copy_worksheet(book["集中学习台账"]).title = "集中学习台账(2)"
    book.save(path)
    report = filed(world)
    assert report.outcome == "returned"
    assert [f.rule for f in report.findings] == ["twice", "twice"]


def test_csv_is_a_sheet_named_after_its_file(world: World) -> None:
    path = world.root / "data" / "inbox" / "集中学习台账_C02_2023-W42.csv"
    path.parent.mkdir()
    path.write_bytes("学习类型,开始日期,天数\n读书班,2023-10-17,2\n".encode("gb18030"))
    report = filed(world)
    assert (report.outcome, report.filer, report.period, report.sheets[0].rows) == ("stored", "C02", "2023-W42", 1)


def test_who_files_is_asked_once_for_all_sheets(world: World) -> None:
    world.file("西领县", "2023-W42", {"集中学习台账": [CLASS], "意见统计表": [{"收到意见数": 1, "答复数": 1}]})
    assert [(f.rule, f.remedy) for f in filed(world).findings] == [("filer", "是不是“西岭县”？请按名册填单位名称、简称或编码。")]


def test_a_row_of_spaces_says_nothing(world: World) -> None:
    sheet_of(world, [*IDENTITY, HEADER, ["读书班", date(2023, 10, 17), 2, "一"], [" ", None, "\u3000", None]])
    assert filed(world).sheets[0].rows == 1
