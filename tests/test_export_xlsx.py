"""The workbook annex: numbers as numbers, words as words."""

import io
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from jianbao.brief.parts import Column, Document, Run, Sources, Table
from jianbao.publish.export.xlsx import write
from sample_document import HOSTILE, document, hostile


def opened(data: bytes) -> Workbook:
    return load_workbook(io.BytesIO(data))


def test_the_working_annex_holds_figures_rows_and_tables() -> None:
    book = opened(write(document(), face="working"))
    assert book.sheetnames == [
        "表1 各县（市、区）整改任务进展", "图1 各县（市、区）启动率", "数据核查", "指标", "来源行"]
    titles = [cell.value for cell in book["指标"][2]]
    first = dict(zip(titles, (cell.value for cell in book["指标"][3]), strict=True))
    assert (first["指标"], first["分子"], first["分母"], first["算式"]) == ("启动率", 235, 266, "235 ÷ 266")
    assert first["数值"] == pytest.approx(235 / 266)
    rows = book["来源行"]
    assert rows.max_row == 2 + 12 + 3
    assert [cell.value for cell in rows[3]][:6] == [1, "启动率", "云麓区报表.xlsx", "整改台账", 5, "云麓区"]


def test_the_issued_annex_holds_definitions_and_tables_alone() -> None:
    book = opened(write(document()))
    assert book.sheetnames == ["表1 各县（市、区）整改任务进展", "图1 各县（市、区）启动率", "指标"]
    assert book["指标"]["A3"].value == "启动率"


def test_every_sheet_says_its_issue_above_a_header_that_stays_and_filters() -> None:
    for sheet in opened(write(document(), face="working")):
        assert sheet["A1"].value == (
            "全市整改任务推进情况　2023年第42周（10月16日—10月22日）　数据版本 2023-10-23 09:00")
        assert sheet.freeze_panes == "A3" and sheet.auto_filter.ref.startswith("A2:")
    # Nine counties from row 3; the total below them stays where it is when they are sorted.
    assert opened(write(document()))["表1 各县（市、区）整改任务进展"].auto_filter.ref == "A2:F11"


def test_a_long_definition_wraps_in_a_wide_column_and_its_row_is_high_enough() -> None:
    said = "期末在册的单位数，合并、更名后的单位只计一次。" * 4      # 184 characters wide
    sheet = opened(write(Document((Sources("", definitions=(("启动率", said),)),))))["指标"]
    cell = sheet["B3"]
    assert cell.alignment.wrap_text and cell.alignment.vertical == "top"
    assert sheet.column_dimensions["B"].width == 60
    assert sheet.row_dimensions[3].height == 15 * 4


def test_changes_are_numbers_and_keep_their_sign_and_a_shared_rank_is_text() -> None:
    columns = (Column("单位"), Column("比上周", "right"), Column("位次", "right"), Column("数", "right"))
    cells = (("甲", "+4.5", "1（并列）", "-3"), ("乙", "-0.8", "1（并列）", "4"), ("丙", "0.0", "3", "—"))
    sheet = opened(write(Document((Table("表", columns, tuple(tuple(Run(c) for c in row) for row in cells)),))))["表1 表"]
    assert [(c.value, c.number_format) for c in sheet["B"][2:]] == [
        (4.5, "+0.0;-0.0;0"), (-0.8, "+0.0;-0.0;0"), (0, "0.0")]
    assert [c.value for c in sheet["C"][2:]] == ["1（并列）", "1（并列）", 3]
    assert [(c.value, c.number_format) for c in sheet["D"][2:]] == [(-3, "0"), (4, "0"), ("—", "@")]


def test_printed_numbers_are_numbers_that_print_the_same() -> None:
    sheet = opened(write(document()))["表1 各县（市、区）整改任务进展"]
    assert (sheet["B3"].value, sheet["B3"].number_format) == (42, "0")
    assert (sheet["D3"].value, sheet["D3"].number_format) == (pytest.approx(0.952), "0.0%")
    assert sheet["A12"].font.b


@pytest.mark.parametrize("face", ["issued", "working"])
def test_no_text_becomes_a_formula(face: str) -> None:
    cells = [cell for sheet in opened(write(hostile(), face=face)) for row in sheet for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [cell.value for cell in cells if cell.value == "=1+1"]
    assert [cell.value for cell in cells if cell.value == HOSTILE]


def test_the_same_document_gives_the_same_bytes() -> None:
    assert write(document(), face="working") == write(document(), face="working")
    said = opened(write(document())).properties
    assert said.created == said.modified == datetime(2023, 10, 23)
    assert said.creator == "云麓市推进工作领导小组办公室"


@pytest.mark.office
def test_libreoffice_reads_text_as_text(tmp_path: Path) -> None:
    (tmp_path / "annex.xlsx").write_bytes(write(document(), face="working"))
    subprocess.run(
        [shutil.which("soffice") or "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
         "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,5", "--outdir",
         str(tmp_path), str(tmp_path / "annex.xlsx")], check=True, capture_output=True, timeout=180)
    (csv,) = tmp_path.glob("*.csv")
    assert csv.read_text("utf-8").splitlines()[2].endswith("=1+1")
