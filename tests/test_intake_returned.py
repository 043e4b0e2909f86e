"""What goes back to the filer: its own file, marked, with a list of what to do."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from jianbao.intake.layout import RESULT_SHEET
from jianbao.intake.returned import put, return_name
from worlds import World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
STUDY = "集中学习台账"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def returned(world: World) -> Any:
    report = world.receive().files[-1]
    assert report.returned is not None
    return load_workbook(report.returned)


def test_wrong_cells_are_red_and_say_why(world: World) -> None:
    world.file("C02", "2023-W42", {STUDY: [CLASS, {**CLASS, "天数": 99}]})
    ws = returned(world)[STUDY]
    assert ws["D8"].value == 99
    assert ws["D8"].fill.fgColor.rgb == "00F8C9C4"
    assert ws["D8"].comment.text == "须改正：“天数”大于 15。请核对后改正。"
    assert ws["D7"].comment is None


def test_the_first_sheet_lists_everything_and_leads_there(world: World) -> None:
    world.file(
        "C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99, "开始日期": date(2023, 10, 9)}], "问题台账": []}, nil=["问题台账"]
    )
    book = returned(world)
    ws = book[RESULT_SHEET]
    assert book.sheetnames[0] == RESULT_SHEET
    assert ws["A1"].value == "核查结果：部分退回"
    assert ws["A3"].value == "已收：问题台账（零报送）；退回：集中学习台账，改正后请重报这些表"
    rows = [[c.value for c in row[1:7]] for row in ws.iter_rows(min_row=6)]
    assert rows == [
        ["须改正", STUDY, "D7", "99", "“天数”大于 15。", "请核对后改正。"],
        [
            "请核对",
            STUDY,
            "B7",
            "2023-10-09",
            "补报：“开始日期”2023-10-09 早于本统计期，计入它自己的统计期。",
            "确属补报的不用改；年月写错的请改正。",
        ],
    ]
    assert ws["D6"].hyperlink.location == f"'{STUDY}'!D7" or ws["D6"].hyperlink.target == f"#'{STUDY}'!D7"


def test_an_unreadable_file_gets_a_workbook_that_says_so(world: World) -> None:
    path = world.root / "data" / "inbox" / "C02.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"%PDF-1.7")
    book = returned(world)
    assert book.sheetnames == [RESULT_SHEET]
    assert [c.value for c in book[RESULT_SHEET][6]][5:7] == [
        "这不是 Excel 文件，是 PDF。",
        "请用 WPS 或 Excel 打开，另存为 .xlsx 后重新报送。",
    ]


def test_a_clean_file_gets_nothing_back(world: World) -> None:
    world.file("C02", "2023-W42", {STUDY: [CLASS]})
    assert world.receive().files[-1].returned is None
    assert not (world.root / "data" / "returns").exists()


def test_a_returned_copy_corrected_in_place_is_taken(world: World) -> None:
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99}]})
    first = world.receive().files[-1]
    assert first.returned is not None
    book = load_workbook(first.returned)
    book[STUDY]["D7"] = 2
    book.save(world.root / "data" / "inbox" / first.returned.name)
    report = next(f for f in world.receive("2023-10-23T11:00").files if f.outcome != "duplicate")
    assert (report.outcome, report.findings) == ("stored", ())


@pytest.mark.parametrize("value", ["=1+1", "＝HYPERLINK(1)", " =1", "+1", "-1", "@x"])
def test_text_from_a_file_never_becomes_a_formula(value: str) -> None:
    book = Workbook()
    from openpyxl.styles import Font

    put(book.worksheets[0], 1, 1, value, Font())
    out = io.BytesIO()
    book.save(out)
    cell = load_workbook(io.BytesIO(out.getvalue())).worksheets[0]["A1"]
    assert (cell.data_type, cell.value) == ("s", value)


def test_names_are_short_safe_and_never_the_same() -> None:
    long = return_name("某" * 200 + ".xlsx", b"1")
    assert len(long.encode()) <= 255
    assert return_name("a/报表:1?.xlsx", b"1") == "报表_1__退回_6b86b273.xlsx"
    assert return_name("报表.xlsx", b"1") != return_name("报表.xlsx", b"2")
