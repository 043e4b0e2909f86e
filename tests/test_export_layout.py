"""What all four writers share: order, numbers, faces."""

from dataclasses import replace
from typing import Any

import pytest

from jianbao.brief.markup import html, issue_number, unbroken
from jianbao.brief.notes import command, facts, groups, numbers
from jianbao.brief.parts import Column, Document, Figure, Findings, Heading, Prose, Run, Sources, Table
from jianbao.publish.export.layout import lay_out, numeral, widths
from sample_document import HEAD, document, figures, source_rows


def test_headings_are_numbered_and_a_new_one_restarts_its_children() -> None:
    levels = (1, 2, 2, 1, 2, 3, 3, 4)
    page = lay_out(Document(tuple(Heading("节", level) for level in levels)), "issued")
    assert [placed.label for placed in page.body] == ["一、", "（一）", "（二）", "二、", "（一）", "1.", "2.", "（1）"]


@pytest.mark.parametrize(("n", "said"), [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (35, "三十五")])
def test_numeral(n: int, said: str) -> None:
    assert numeral(n) == said


def test_key_points_come_first_and_the_foot_last_wherever_they_were_shown() -> None:
    parts = document().parts
    page = lay_out(Document(tuple(reversed(parts))), "issued")
    assert page.head == HEAD
    assert len(page.keypoints) == 3
    assert page.foot is not None
    assert not any(isinstance(placed.part, Prose) and placed.part.role == "keypoint" for placed in page.body)


def test_the_issued_copy_has_no_ledger_rows_and_no_finding_lines() -> None:
    page = lay_out(document(), "issued")
    assert page.sources.figures == () and page.notes == {}
    assert all(placed.part.items == () for placed in page.body if isinstance(placed.part, Findings))
    assert not any("只供校核" in placed.part.text for placed in page.body if isinstance(placed.part, Prose))


def test_the_working_paper_marks_what_will_not_be_issued() -> None:
    said = [placed.part.text for placed in lay_out(document(), "working").body if isinstance(placed.part, Prose)]
    assert "〔仅底稿〕本段只供校核：石泉市的口径待确认。" in said


@pytest.mark.parametrize(("text", "kept"), [
    ("启动率88.3%，比上周提高4.1个百分点。", ["88.3%", "4.1个", "百分点"]),
    ("共3万元，12,345人次，10月16日", ["3万元", "12,345人次", "10月", "16日"]),
    ("下降-2.5%", ["-2.5%"]),
    ("没有数字", []),
])
def test_a_number_and_its_measure_word_stay_together(text: str, kept: list[str]) -> None:
    pieces = unbroken(text)
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, keep in pieces if keep] == kept


def figure(id_: str, **kw: Any) -> Figure:
    return replace(figures()[1], id=id_, **kw)


def test_figures_of_one_reading_share_a_note_and_notes_stand_by_indicator() -> None:
    rate, county = {"indicator": "r", "title": "完成率", "code": "E07"}, {"unit": "C01", "unit_name": "云麓区"}
    found = groups(Sources("", figures=(
        figure("f1", **rate, printed="38.6%", formula="187 ÷ 484"), figure("f2", printed="90个"),
        figure("f3", **rate, printed="提高4.1个百分点", derived="环比", formula="187 ÷ 484", rows=()),
        figure("f4", **rate, **county, printed="44.3%", rows=source_rows(2)))))
    assert [group.title for group in found] == ["E07 完成率", "A02 已启动单位数"]
    assert numbers(found) == {"f1": 1, "f3": 1, "f4": 2, "f2": 3}
    first = found[0].notes[0]
    assert facts(first) == (
        ("算式", "187 ÷ 484 = 38.6%"), ("环比", "提高4.1个百分点"), ("来源行", "共235行"),
        ("查看全部", "jianbao show E07 --unit root --period 2023-W42 --form 时点 --as-of 2023-10-23T09:00 --rows"))
    assert (first.printed, first.subject) == ("38.6%", "全市 · 2023-W42 · 时点")


@pytest.mark.parametrize(("scope", "as_of", "said"), [
    ("subtree", "2023-10-23T12:00:00", "--form 时点 --as-of 2023-10-23T12:00 --rows"),
    ("own", "2023-10-23T12:00:05", "--form 时点 --scope own --as-of 2023-10-23T12:00:05 --rows")])
def test_a_note_says_what_to_type_for_all_its_rows(scope: str, as_of: str, said: str) -> None:
    note = groups(Sources("", figures=(figure("f1", scope=scope, as_of=as_of, unit="C01"),)))[0].notes[0]
    assert command(note) == f"jianbao show A02 --unit C01 --period 2023-W42 {said}"


def test_rows_listed_under_one_note_are_not_listed_again() -> None:
    found = groups(Sources("", figures=(
        figure("f1"), figure("f2", indicator="x", title="另一指标"), figure("f3", unit="C01", rows=source_rows(1)))))
    notes = [note for group in found for note in group.notes]
    assert [(note.n, len(note.rows), note.same_rows) for note in notes] == [(1, 3, None), (2, 1, None), (3, 0, 1)]
    assert ("来源行", "共235行，同注1") in facts(notes[2])


@pytest.mark.parametrize(("title", "width"), [
    ("位次", 4), ("整改完成率（%）", 10), ("超期未整改数（个）", 12), ("整改完成率比上周", 10), ("超期未整改数比上周", 10)])
def test_a_title_over_numbers_takes_two_lines_at_most(title: str, width: int) -> None:
    table = Table("表", (Column("单位"), Column(title, "right")), ((Run("甲"), Run("1")),))
    assert widths(table)[1] == width + 2


def test_only_the_last_piece_of_a_traced_run_carries_the_note_number() -> None:
    page = lay_out(document(), "working")
    pieces = page.pieces([Run("提高4.1个百分点", figure="f3"), Run("。")])
    assert [(p.text, p.note, p.marked) for p in pieces] == [
        ("提高", 1, False), ("4.1个", 1, False), ("百分点", 1, True), ("。", None, False)]


def test_control_characters_never_reach_a_writer() -> None:
    page = lay_out(Document((Heading("甲\x00\x0b乙"), Prose((Run("丙\ud800"),)))), "issued")
    assert [placed.part.text for placed in page.body] == ["甲乙", "丙"]


def test_a_closing_sentence_said_in_the_text_is_not_said_again() -> None:
    page = lay_out(Document((Prose((Run("数据截至。"),), role="closing"), Sources(closing="数据截至。"))), "issued")
    assert page.sources.closing == ""


def test_a_column_without_a_width_takes_what_it_needs() -> None:
    table = Table("表", (Column("甲", width=2), Column("乙")), ((Run("四个汉字"), Run("四个汉字")),))
    assert widths(table) == pytest.approx([2, 2])


def test_a_traced_cell_has_room_for_the_number_of_its_note() -> None:
    table = Table("表", (Column("甲"), Column("乙")), ((Run("1（并列）"), Run("1（并列）", figure="f1")),))
    assert widths(table) == [11, 13]


def test_issue_number() -> None:
    assert issue_number(HEAD) == "第7期（总第42期）"
    assert issue_number(replace(HEAD, number=8, total=8)) == "第8期"
    assert issue_number(replace(HEAD, number=None)) == "总第42期"


def test_markup_escapes_and_marks_header_cells() -> None:
    made = html(Table("<表>", (Column("<列>"),), ((Run("<b>"),),)), label="表1")
    assert "<caption>表1　&lt;表&gt;</caption>" in made
    assert '<th scope="col" class="left">&lt;列&gt;</th>' in made
    assert '<th scope="row" class="left">&lt;b&gt;</th>' in made
