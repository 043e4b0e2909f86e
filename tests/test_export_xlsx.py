"""The workbook annex: numbers as numbers, words as words."""

import io
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from jianbao.publish.export.xlsx import write
from sample_document import HOSTILE, document, hostile


def opened(data: bytes) -> Workbook:
    return load_workbook(io.BytesIO(data))


def test_the_working_annex_holds_figures_rows_and_tables() -> None:
    book = opened(write(document(), face="working"))
    assert book.sheetnames == [
        "指标", "来源行", "表1 各县（市、区）整改任务进展", "图1 各县（市、区）启动率", "数据核查"]
    titles = [cell.value for cell in book["指标"][1]]
    first = dict(zip(titles, (cell.value for cell in book["指标"][2]), strict=True))
    assert (first["指标"], first["分子"], first["分母"], first["算式"]) == ("启动率", 235, 266, "235 ÷ 266")
    assert first["数值"] == pytest.approx(235 / 266)
    rows = book["来源行"]
    assert rows.max_row == 1 + 12 + 3
    assert [cell.value for cell in rows[2]][:6] == [1, "启动率", "云麓区报表.xlsx", "整改台账", 5, "云麓区"]


def test_the_issued_annex_holds_definitions_and_tables_alone() -> None:
    book = opened(write(document()))
    assert book.sheetnames == ["指标", "表1 各县（市、区）整改任务进展", "图1 各县（市、区）启动率"]
    assert book["指标"]["A2"].value == "启动率"


def test_printed_numbers_are_numbers_that_print_the_same() -> None:
    sheet = opened(write(document()))["表1 各县（市、区）整改任务进展"]
    assert (sheet["B2"].value, sheet["B2"].number_format) == (42, "0")
    assert (sheet["D2"].value, sheet["D2"].number_format) == (pytest.approx(0.952), "0.0%")
    assert sheet["A11"].font.b


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
         "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2", "--outdir",
         str(tmp_path), str(tmp_path / "annex.xlsx")], check=True, capture_output=True, timeout=180)
    (csv,) = tmp_path.glob("*.csv")
    assert csv.read_text("utf-8").splitlines()[1].endswith("=1+1")
