"""The PDF face: what is printed, with which fonts, and the same bytes each time."""

import io
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from jianbao.brief.parts import Column, Document, FindingLine, Findings, Heading, Prose, Run, Sources, Table
from jianbao.errors import PublishError
from jianbao.publish.export import pdf
from jianbao.publish.export.pdf import write
from sample_document import HOSTILE, SENTENCE, chart, document, hostile, table


def words(data: bytes, *pages: int) -> str:
    """The text without line ends and spaces: where a line breaks is the page's business."""
    read = PdfReader(io.BytesIO(data)).pages
    chosen = [read[i] for i in pages] if pages else list(read)
    return re.sub(r"\s", "", "".join(page.extract_text() for page in chosen))


@pytest.fixture(scope="module")
def issued() -> bytes:
    return write(document())


@pytest.fixture(scope="module")
def working() -> bytes:
    return write(document(), face="working")


def test_the_sentences_are_there(issued: bytes) -> None:
    text = words(issued)
    for said in (SENTENCE, "一、总体进展", "（二）存在的问题", "第7期（总第42期）", "表1各县（市、区）整改任务进展",
                 "附件：指标口径", "（共印120份）", "—1—"):
        assert said in text
    assert "报表.xlsx" not in text and "校核底稿" not in text


def test_the_first_page_shows_body_text(issued: bytes) -> None:
    assert SENTENCE in words(issued, 0)


def test_the_foot_stands_on_the_last_page(issued: bytes) -> None:
    assert "送：市委各部门" in words(issued, -1)


def test_the_source_notes_follow_the_foot(working: bytes) -> None:
    text = words(working)
    assert text.index("送：市委各部门") < text.index("来源注释")


def test_the_working_paper_has_source_notes(working: bytes) -> None:
    text = words(working)
    for said in ("校核底稿", "来源注释", "235÷266=88.3%", "云麓区报表.xlsx·整改台账·第5行", "共266行",
                 "晚于截止日期"):
        assert said in text


def test_only_packaged_fonts_and_all_embedded(working: bytes) -> None:
    names = set()
    for page in PdfReader(io.BytesIO(working)).pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font["/DescendantFonts"][0].get_object()
            names.add(str(font["/BaseFont"]).split("+")[-1])
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner["/FontDescriptor"])
    assert {re.match(r"(\w+)-Regular", name)[1] for name in names} == {"NotoSerifSC", "NotoSansSC"}


def test_title_author_language_tags_and_outline(issued: bytes) -> None:
    read = PdfReader(io.BytesIO(issued))
    assert read.metadata.title == "工作简报　全市整改任务推进情况"
    assert read.metadata.author == "云麓市推进工作领导小组办公室"
    assert f"{read.metadata.creation_date:%Y-%m-%d}" == "2023-10-23"
    assert read.trailer["/Root"]["/Lang"] == "zh-CN"
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]
    top = [entry.title for entry in read.outline if not isinstance(entry, list)]
    assert top == ["一、总体进展", "二、整改落实", "三、下一步工作", "附件：指标口径"]


def test_the_page_is_a4_with_the_type_area(issued: bytes) -> None:
    box = PdfReader(io.BytesIO(issued)).pages[0].mediabox
    assert (float(box.width), float(box.height)) == pytest.approx((595.28, 841.89), abs=0.1)


def test_a_page_holds_22_lines_of_28_characters() -> None:
    data = write(Document((Prose((Run("国" * 28 * 22 * 3),)),)))
    second = PdfReader(io.BytesIO(data)).pages[1].extract_text().split("\n")
    assert [len(line) for line in second if "国" in line] == [28] * 22


def test_the_same_document_gives_the_same_bytes(issued: bytes, working: bytes) -> None:
    assert write(document()) == issued
    assert write(document(), face="working") == working


def test_words_stay_words() -> None:
    text = words(write(hostile(), face="working"))
    said = re.sub(r"\s", "", HOSTILE)
    for mark in ("标题", "要点", "节", "段", "表"):
        assert mark + said in text


def test_a_long_table_repeats_its_head() -> None:
    long = replace(table(), rows=table().rows[:9] * 8, total_rows=())
    data = write(Document((long,)))
    n = len(PdfReader(io.BytesIO(data)).pages)
    assert n >= 2
    assert all("应启动（个）" in words(data, i) for i in range(n))


def test_no_heading_is_stranded_at_the_end_of_a_page() -> None:
    for lines in range(14, 22):
        data = write(Document((*[Prose((Run("句"),))] * lines, Heading("标题在此"), Prose((Run("正文" * 60),)))))
        for i in range(len(PdfReader(io.BytesIO(data)).pages)):
            text = words(data, i)
            if "标题在此" in text:
                assert "正文正文" in text.split("标题在此")[1]


def test_a_number_is_not_torn_from_its_measure_word() -> None:
    for shift in range(12):
        text = "字" * (20 + shift) + "共12,345.1万元。"
        lines = PdfReader(io.BytesIO(write(Document((Prose((Run(text),)),))))).pages[0].extract_text().split("\n")
        assert any("12,345.1万元" in line for line in lines)


MARKS = "，。；：、！？）》”’％—…"


def test_no_line_begins_with_a_closing_mark() -> None:
    # Every width of line before a number and every mark after it; Typst breaks between a box and ；.
    for mark in "；：、，）—":
        parts = tuple(Prose((Run("字" * n + "应报91个、实报83个"), Run(f"{mark}口径见附件，比上周提高4.1个百分点{mark}共83个。")))
                      for n in range(28))
        lines = [line.strip() for page in PdfReader(io.BytesIO(write(Document(parts)))).pages
                 for line in page.extract_text().split("\n")]
        assert re.sub(r"\s", "", "".join(lines)).count(f"个{mark}口") == 28
        assert [line for line in lines if line[:1] in MARKS and line != "—1—" and not re.match(r"— ?\d", line)] == []


def test_a_mark_in_a_run_of_its_own_is_not_lost() -> None:
    said = Prose((Run("高于序时"), Run("3.0个百分点"), Run("；"), Run("望澜区"), Run("居前：3个"), Run("；：")))
    assert "3.0个百分点；望澜区居前：3个；：" in words(write(Document((said,))))


def test_the_annex_follows_the_closing_line_on_its_page_as_a_small_table() -> None:
    definitions = tuple((f"指标{n}（A{n:02}）", "期末在册的单位数；合并、更名后的单位只计一次。") for n in range(40))
    closing = "数据截至2023年10月22日；口径见附件。"
    data = write(Document((Prose((Run("正文"),)), Sources(closing=closing, definitions=definitions))))
    pages = PdfReader(io.BytesIO(data)).pages
    assert len(pages) == 2
    assert "口径见附件。附件：指标口径指标口径指标0" in words(data, 0)
    assert words(data, 1).startswith("指标口径指标")      # the head again
    assert words(data).count("附件：指标口径") == 1


def test_each_reading_has_one_note_and_its_rows_stand_once(working: bytes) -> None:
    text = words(working)
    notes = text[text.index("来源注释"):]
    assert notes.count("口径：已召开启动会议的单位占应启动单位的比重。") == 1
    assert "环比：提高4.1个百分点（88.3%−84.2%）" in notes
    assert notes.count("云麓区报表.xlsx·整改台账·第5行") == 2      # one of each reading: their lists differ


def test_no_line_of_a_command_ends_within_a_word(working: bytes) -> None:
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(working)).pages)
    assert len(re.findall(r"--period\s+2023-W42\s+--form\s+时点\s+--as-of\s+2023-10-23T09:00\s+--rows", text)) == 2


def test_a_document_without_head_or_anything_compiles() -> None:
    assert "简报" in words(write(Document(())))
    assert "没有数据" in words(write(Document((Table("没有数据", (Column("单位"),), ()), Table("空", (), ())))))


def test_a_character_no_font_has_is_an_error_in_our_words_and_a_mark_in_filed_ones() -> None:
    with pytest.raises(PublishError, match=r"😀.*could not be displayed"):
        write(Document((Prose((Run("完成😀"),)),)))
    line = FindingLine("error", "石泉市", "报表.xlsx F17", "“完成😀”不是日期")
    assert "“完成〓”不是日期" in words(write(Document((Findings("核查", "一条。", (line,)),)), face="working"))


def test_rare_names_and_symbols_print() -> None:
    said = "喆堃镕赟玥珺翀垚暐㎡²³①≥…“”"
    assert said in words(write(Document((Prose((Run(said),)),))))


def test_an_unknown_font_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.fonts, "SANS", "仿宋_GB2312")
    with pytest.raises(PublishError, match="unknown font family"):
        write(document())


def test_an_svg_becomes_a_png_for_writers_that_need_one() -> None:
    assert pdf.png_of(chart().svg).startswith(b"\x89PNG")
