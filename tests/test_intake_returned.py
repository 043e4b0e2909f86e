"""What goes back to the filer: its own file, marked, with a list of what to do."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from jianbao.definitions.finding import Finding
from jianbao.intake.disarmed import is_harmless
from jianbao.intake.layout import RESULT_SHEET
from jianbao.intake.marked import HEADER, Copy, made, put
from jianbao.intake.outstanding import LIST
from jianbao.intake.returned import return_name, return_path, rewritten
from jianbao.store.answers import delivered
from jianbao.store.durable import write_durably
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
    rows = [[c.value for c in (row[1], *row[3:8])] for row in ws.iter_rows(min_row=HEADER + 1)]
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
    assert (ws["E8"].hyperlink.location or ws["E8"].hyperlink.target.removeprefix("#")) == f"'{STUDY}'!D7"


def test_an_unreadable_file_gets_a_workbook_that_says_so(world: World) -> None:
    path = world.root / "data" / "inbox" / "C02.xlsx"
    path.parent.mkdir()
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    book = returned(world)
    assert book.sheetnames == [RESULT_SHEET]
    assert [c.value for c in book[RESULT_SHEET][HEADER + 1]][6:8] == [
        "文件不完整。",
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
    one, two = "6b86b273" * 8, "d4735e3a" * 8
    assert len(return_name("某" * 200 + ".xlsx", one).encode()) <= 230
    assert return_name("a/报表:1?.xlsx", one) == "报表_1__退回_6b86b273.xlsx"
    assert return_name("报表.xlsx", one) != return_name("报表.xlsx", two)
    assert return_name("报表_退回_6b86b273_退回_0a0a0a0a.xlsx", two) == "报表_退回_d4735e3a.xlsx"


def filed(world: World, sheets: dict[str, Any], change: Any = None, name: str = "西岭县.xlsx", at: str = "2023-10-23T10:00") -> Any:
    """The report of one file of C02 for W42, after `change` was made to its workbook."""
    path = world.file("C02", "2023-W42", sheets, name=name)
    if change is not None:
        book = load_workbook(path)
        change(book)
        book.save(path)
    return next(f for f in world.receive(at).files if f.file == name)


def test_a_copy_carries_its_slip_in_sight_and_out_of_it(world: World) -> None:
    def with_meta(book: Any) -> None:
        book.create_sheet("_meta").append(["filer", "C02"])

    report = filed(world, {STUDY: [{**CLASS, "天数": 99}]}, with_meta)
    book = load_workbook(report.returned)
    sha = report.returned.stem[-8:]
    assert {p.name: p.value for p in book.custom_doc_props.props} == {"回执号": f"2023-W42-{sha}"}
    assert book[RESULT_SHEET]["A4"].value == (
        f"回执号：2023-W42-{sha}　改好后连这张表一起重报；没有填错的，把原因写在“说明”一列。"
    )
    assert [[c.value for c in row] for row in book["_meta"].iter_rows()] == [["filer", "C02"], ["slip", f"2023-W42-{sha}"]]


def test_a_copy_is_made_again_byte_for_byte(world: World) -> None:
    report = filed(world, {STUDY: [{**CLASS, "天数": 99}, {**CLASS, "学习类型": "自学"}]})
    [d] = delivered(world.workspace.store, prefixes=[report.returned.stem[-8:]])
    before = report.returned.read_bytes()
    report.returned.unlink()
    assert rewritten(world.reopen(), d.sha256) == report.returned == return_path(world.workspace, d)
    assert report.returned.read_bytes() == before


def test_a_full_disk_leaves_no_half_copy_and_the_next_receive_writes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    folder = world.root / "data" / "returns" / "2023-W42"
    world.receive()
    with monkeypatch.context() as m:
        write = write_durably
        m.setattr("jianbao.intake.returned.write_durably", lambda path, content: (m.setattr(os, "fsync", full), write(path, content)))
        assert filed(world, {STUDY: [{**CLASS, "天数": 99}]}).returned is None
    assert [p for p in folder.rglob("*") if p.is_file()] == []
    world.receive("2023-10-23T11:00")
    assert [p.name[:7] for p in folder.glob("西岭县*")] == ["西岭县_退回_"]


def test_what_reaches_out_of_the_workbook_comes_back_as_text(world: World) -> None:
    def arm(book: Any) -> None:
        ws = book[STUDY]
        ws["H7"], ws["H8"] = "=HYPERLINK(\"http://x.invalid\",\"看\")", "=SUM(D7,1)"
        ws["I7"] = "=cmd|' /C calc'!A0"
        ws["A7"].hyperlink = "file:///etc/passwd"
        book.defined_names["auto_open"] = DefinedName("auto_open", attr_text="集中学习台账!$A$1")

    book = load_workbook(filed(world, {STUDY: [{**CLASS, "天数": 99}]}, arm).returned)
    ws = book[STUDY]
    assert (ws["H7"].data_type, ws["H7"].value) == ("s", '=HYPERLINK("http://x.invalid","看")')
    assert (ws["I7"].data_type, ws["I7"].value) == ("s", "=cmd|' /C calc'!A0")
    assert (ws["H8"].data_type, ws["H8"].value) == ("f", "=SUM(D7,1)")
    assert ws["A7"].hyperlink is None
    assert list(book.defined_names) == []
    assert "集中学习台账 H7、集中学习台账 I7 2 处公式会连到文件以外，副本里改成了文字。" in book[RESULT_SHEET]["A5"].value


@pytest.mark.parametrize(("formula", "harmless"), [
    ("=SUM(D7:D9)", True), ("=IF(A1>0,\"是\",\"否\")", True), ("=集中学习台账!D7*2", True), ("=_xlfn.CONCAT(A1,B1)", False),
    ("=WEBSERVICE(\"http://x\")", False), ("=[1]Sheet1!A1", False), ("='C:\\a\\[b.xlsx]c'!A1", False), ("=DDE(\"a\",\"b\",\"c\")", False),
    ("=DISPIMG(\"ID_1\",1)", False), ("=＝HYPERLINK(1)", False), ("=RTD(\"a\")", False), ("=CALL(\"kernel32\")", False),
    ("=INDIRECT(\"A1\")", False), ("=IMAGE(\"https://x\")", False), ("='//srv/x'!A1", False), ("=codes_1", True),
])
def test_only_arithmetic_within_the_workbook_stays(formula: str, harmless: bool) -> None:
    assert is_harmless(formula) is harmless


def test_pictures_and_charts_that_a_copy_lacks_are_said(world: World) -> None:
    def draw(book: Any) -> None:
        chart = BarChart()
        chart.add_data(Reference(book[STUDY], min_col=4, min_row=7, max_row=7))
        book[STUDY].add_chart(chart, "J2")

    book = load_workbook(filed(world, {STUDY: [{**CLASS, "天数": 99}]}, draw).returned)
    assert book[STUDY]._charts == []
    assert book[RESULT_SHEET]["A5"].value == "本副本不含图表，原件不变。"


def test_a_merged_cell_is_marked_where_it_shows(world: World) -> None:
    path = world.file("C02", "2023-W42", {STUDY: [CLASS, CLASS]})
    book = load_workbook(path)
    book[STUDY].merge_cells("A7:A8")
    out = io.BytesIO()
    book.save(out)
    found = Finding("error", "code", "“自学”不在选项里。", "请从下拉列表选。", sheet=STUDY, cell="A8", row=8)
    copy = Copy("2023-W42-6b86b273", path.name, datetime(2023, 10, 23), "退回", (), (found,), ("1",), content=out.getvalue())
    ws = load_workbook(io.BytesIO(made(copy)))[STUDY]
    assert ws["A7"].fill.fgColor.rgb == "00F8C9C4"
    assert ws["A7"].comment.text == "须改正：“自学”不在选项里。请从下拉列表选。"


def test_a_unit_keeps_its_own_comment(world: World) -> None:
    def remark(book: Any) -> None:
        book[STUDY]["D7"].comment = Comment("含周末", "填表人")

    ws = load_workbook(filed(world, {STUDY: [{**CLASS, "天数": 99}]}, remark).returned)[STUDY]
    assert ws["D7"].comment.text == "须改正：“天数”大于 15。请核对后改正。\n原批注：含周末"


def test_a_csv_gets_a_list_that_says_which_file(world: World) -> None:
    path = world.root / "data" / "inbox" / "集中学习台账_西岭县_2023-W42.csv"
    path.parent.mkdir(parents=True)
    path.write_text("学习类型,开始日期,天数\n自学,2023-10-17,2\n", encoding="gb18030")
    book = returned(world)
    assert book.sheetnames == [RESULT_SHEET]
    ws = book[RESULT_SHEET]
    assert ws["A2"].value.startswith("文件 集中学习台账_西岭县_2023-W42.csv，2023-10-23 10:00 收到。须改正 1 处")
    assert ws["A4"].value.startswith("回执号：2023-W42-")
    assert ws["A5"].value.endswith("原文件不便标注，这里只列问题，请在原文件里改。")
    assert book.custom_doc_props.props[0].value in ws["A4"].value


def test_a_file_over_which_the_child_dies_gets_a_list_and_the_next_one_its_copy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = "import pickle, sys; job = pickle.load(sys.stdin.buffer); sys.stdin.close(); "
    dies += "from jianbao.intake import marked; marked.made(job[0]) if '东湖' not in job[0].file else __import__('os')._exit(9); "
    dies += "[sys.stdout.buffer.write(pickle.dumps(marked.made(c))) for c in job]"
    monkeypatch.setattr("jianbao.intake.returned.START", f"import sys; sys.path += sys.argv[1:]; {dies}")
    for filer, name in (("C01", "东湖县.xlsx"), ("C02", "西岭县.xlsx")):
        world.file(filer, "2023-W42", {STUDY: [{**CLASS, "天数": 99}]}, name=name)
    copies = {f.file: load_workbook(f.returned).sheetnames for f in world.receive().files if f.returned}
    assert copies == {"东湖县.xlsx": [RESULT_SHEET], "西岭县.xlsx": [RESULT_SHEET, STUDY]}


def test_the_office_has_a_list_of_what_is_waiting_for_whom(world: World) -> None:
    filed(world, {STUDY: [{**CLASS, "天数": 99}], "问题台账": []}, name="=西岭县.xlsx")
    path = world.root / "data" / "returns" / "2023-W42" / LIST

    def lines() -> list[list[Any]]:
        return [[c.value for c in row][:6] for row in load_workbook(path).worksheets[0].iter_rows(min_row=5)]

    assert load_workbook(path).worksheets[0]["A1"].value == "2023-W42 退回清单：1 个单位 1 份待重报"
    assert lines() == [["待重报", "西岭县", None, STUDY, 1, 1]]
    assert load_workbook(path).worksheets[0]["I5"].data_type == "s"
    filed(world, {STUDY: [{**CLASS, "天数": 88}]}, name="再报.xlsx", at="2023-10-23T11:00")
    assert [r[0] for r in lines()] == ["待重报", "已重报"]
    filed(world, {STUDY: [CLASS]}, name="三报.xlsx", at="2023-10-23T11:30")
    assert [r[0] for r in lines()] == ["已重报", "已重报"]
