"""The Word face: native styles, repeated heads, described pictures, fixed bytes."""

import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import docx
import pytest
from docx.oxml.ns import qn

from jianbao.brief.parts import Document, Foot, Prose, Run
from jianbao.publish.export.docx import write
from sample_document import HOSTILE, SENTENCE, chart, document, hostile


@pytest.fixture(scope="module")
def issued() -> docx.document.Document:
    return docx.Document(io.BytesIO(write(document())))


@pytest.fixture(scope="module")
def working() -> docx.document.Document:
    return docx.Document(io.BytesIO(write(document(), face="working")))


def styled(opened: docx.document.Document, style: str) -> list[str]:
    return [p.text for p in opened.paragraphs if p.style.name == style]


def test_native_styles_carry_the_structure(issued: docx.document.Document) -> None:
    assert styled(issued, "Title") == ["全市整改任务推进情况"]
    assert styled(issued, "Heading 1") == ["一、总体进展", "二、整改落实", "三、下一步工作", "附件：指标口径"]
    assert styled(issued, "Heading 2") == ["（一）任务完成情况", "（二）存在的问题"]
    assert styled(issued, "Caption") == ["表1　各县（市、区）整改任务进展", "图1　各县（市、区）启动率"]
    assert SENTENCE in styled(issued, "Body Text")
    assert styled(issued, "报头") == ["工作简报"]


@pytest.mark.parametrize(("style", "font", "points"), [
    ("Title", "方正小标宋简体", 22), ("Heading 1", "黑体", 16), ("Heading 2", "楷体_GB2312", 16),
    ("Normal", "仿宋_GB2312", 16)])
def test_styles_name_the_office_fonts(issued: docx.document.Document, style: str, font: str, points: int) -> None:
    found = issued.styles[style]
    fonts = found.element.rPr.rFonts
    assert fonts.get(qn("w:eastAsia")) == font
    assert not [name for name in fonts.attrib if "heme" in name]     # a theme font would win
    assert found.font.size.pt == points


def test_page_setup(issued: docx.document.Document) -> None:
    section = issued.sections[0]
    sizes = [round(x.mm) for x in (section.page_width, section.page_height, section.top_margin, section.bottom_margin,
                                   section.left_margin, section.right_margin)]
    assert sizes == [210, 297, 37, 35, 28, 26]
    assert "PAGE" in section.footer._element.xml and "PAGE" in section.even_page_footer._element.xml


def test_a_table_repeats_its_head_and_keeps_rows_whole(issued: docx.document.Document) -> None:
    found, annex = issued.tables
    assert found.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in (*found.rows, *annex.rows))
    assert annex.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert [cell.text for cell in found.rows[-1].cells] == ["合计", "266", "235", "88.3%", "179", "127"]


def test_the_annex_is_a_small_table_right_after_the_closing_line(issued: docx.document.Document) -> None:
    annex = issued.tables[1]
    assert [cell.text for row in annex.rows[:2] for cell in row.cells] == [
        "指标", "口径", "启动率", "已召开启动会议的单位占应启动单位的比重，按单位去重，期末时点数。"]
    assert {run.font.size.pt for row in annex.rows for cell in row.cells for run in cell.paragraphs[0].runs} == {9.0}
    texts = [p.text for p in issued.paragraphs]
    at = texts.index("附件：指标口径")
    assert texts.count("附件：指标口径") == 1 and texts[at - 1].startswith("数据截至")
    assert not issued.paragraphs[at].paragraph_format.page_break_before


def test_the_foot_takes_the_end_of_the_issue_with_it_to_the_next_page(issued: docx.document.Document) -> None:
    kept = [[p.paragraph_format.keep_with_next for p in row.cells[0].paragraphs] for row in issued.tables[1].rows]
    assert kept[-2:] == [[True], [True]]
    at = next(i for i, p in enumerate(issued.paragraphs) if p.style.name == "报尾")
    assert [p.paragraph_format.keep_with_next for p in issued.paragraphs[at - 1:at + 4]] == [True] * 5
    plain = docx.Document(io.BytesIO(write(Document((Prose((Run("甲"),)), Prose((Run("乙"),)), Foot(issue_to="各县"))))))
    assert [bool(p.paragraph_format.keep_with_next) for p in plain.paragraphs if p.style.name == "Body Text"] == [False, True]


def test_no_space_is_put_between_a_number_and_its_measure_word(issued: docx.document.Document) -> None:
    properties = issued.styles["Normal"].element.pPr
    assert [properties.find(qn(f"w:{name}")).get(qn("w:val")) for name in ("autoSpaceDE", "autoSpaceDN")] == ["0", "0"]


def test_pictures_are_described(issued: docx.document.Document) -> None:
    (shape,) = issued.inline_shapes
    assert shape._inline.docPr.get("descr") == chart().alt


def test_a_chart_with_svg_alone_is_drawn_too() -> None:
    opened = docx.Document(io.BytesIO(write(Document((replace(chart(), png=b""),)))))
    assert len(opened.inline_shapes) == 1


def test_core_properties_come_from_the_head(issued: docx.document.Document) -> None:
    said = issued.core_properties
    assert (said.title, said.author) == ("工作简报　全市整改任务推进情况", "云麓市推进工作领导小组办公室")
    assert said.created.replace(tzinfo=None) == said.modified.replace(tzinfo=None) == datetime(2023, 10, 23)


def test_the_working_paper_links_figures_to_their_notes(working: docx.document.Document) -> None:
    body = working.element.body
    anchors = {link.get(qn("w:anchor")) for link in body.iter(qn("w:hyperlink"))}
    marks = {mark.get(qn("w:name")) for mark in body.iter(qn("w:bookmarkStart"))}
    assert anchors == {"note_1", "note_2"} and anchors <= marks
    notes = "\n".join(styled(working, "来源注释"))
    assert "算式：235 ÷ 266 = 88.3%" in notes
    assert "云麓区报表.xlsx · 整改台账 · 第5行" in notes


def test_the_issued_copy_embeds_no_ledger_row() -> None:
    with zipfile.ZipFile(io.BytesIO(write(document()))) as package:
        everything = "".join(package.read(name).decode("utf-8", "ignore") for name in package.namelist())
    assert "报表.xlsx" not in everything and "校核底稿" not in everything


def test_words_stay_words() -> None:
    opened = docx.Document(io.BytesIO(write(hostile(), face="working")))
    assert styled(opened, "Title") == [f"标题{HOSTILE}"]
    assert f"一、节{HOSTILE}" in styled(opened, "Heading 1")
    assert opened.tables[0].rows[1].cells[0].text == HOSTILE


def test_the_same_document_gives_the_same_bytes() -> None:
    assert write(document(), face="working") == write(document(), face="working")
    with zipfile.ZipFile(io.BytesIO(write(document()))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.office
def test_libreoffice_opens_it(tmp_path: Path) -> None:
    from pypdf import PdfReader

    (tmp_path / "brief.docx").write_bytes(write(document(), face="working"))
    subprocess.run(
        [shutil.which("soffice") or "soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "brief.docx")],
        check=True, capture_output=True, timeout=180)
    pages = PdfReader(tmp_path / "brief.pdf").pages
    text = "".join(page.extract_text() for page in pages)
    assert "235" in text and 4 <= len(pages) <= 9
