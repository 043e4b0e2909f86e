"""The language in braces: what each part parses to, and errors that point at the brace."""

from __future__ import annotations

import pytest

from jianbao.brief.prose import Brace, Optional, Text, braces, paragraphs, parse
from jianbao.errors import BriefError
from number_world import definitions

WORDS = ("城市名", "主题教育办")


def one(text: str) -> Brace:
    (piece,) = parse(text, definitions().catalogue, WORDS)
    assert isinstance(piece, Brace)
    return piece


def refused(text: str) -> str:
    with pytest.raises(BriefError) as e:
        parse(text, definitions().catalogue, WORDS)
    return str(e.value)


def test_a_sentence_is_text_and_braces() -> None:
    pieces = parse("截至{截止日}，启动率{启动率}。", definitions().catalogue)
    assert pieces == (Text("截至"), Brace("截止日", "word", "截止日"), Text("，启动率"), Brace("启动率", "reading", "launch.rate"),
                      Text("。"))


@pytest.mark.parametrize("name", ["读书班天数", "reading_class.days", "B03", "读书班累计天数", " 读书班天数 ", "Reading-class days"])
def test_title_id_code_alias_and_english_name_the_same_indicator(name: str) -> None:
    assert one("{" + name + "}").name == "reading_class.days"


def test_full_width_braces_are_braces() -> None:
    assert one("｛读书班天数.累计｝").form == "累计"
    assert one("{读书班天数：数}").bare


@pytest.mark.parametrize(("text", "expected"), [
    ("{读书班天数.期内}", {"form": "期内"}), ("{读书班天数.累计}", {"form": "累计"}), ("{检视问题数.时点}", {"form": "时点"}),
    ("{读书班天数.本级}", {"scope": "own"}), ("{读书班天数.公布}", {"scope": "reported"}), ("{读书班天数.合计}", {"scope": "subtree"}),
    ("{读书班天数.环比}", {"derived": "环比"}), ("{读书班天数.同比}", {"derived": "同比"}), ("{读书班天数.占比}", {"derived": "占比"}),
    ("{启动率.完成率}", {"derived": "完成率"}), ("{整改完成率.序时}", {"derived": "序时"}), ("{整改完成率.位次}", {"derived": "位次"}),
    ("{整改完成率.前三}", {"derived": "前三"}), ("{整改完成率.后三}", {"derived": "后三"}),
    ("{读书班天数.期内.环比}", {"form": "期内", "derived": "环比"}), ("{读书班天数.本级.累计}", {"form": "累计", "scope": "own"}),
    ("{读书班天数:数}", {"bare": True}), ("{读书班天数.累计@C01}", {"form": "累计", "unit": "C01"}),
    ("{读书班天数:数@C01}", {"bare": True, "unit": "C01"}), ("{读书班天数@C01:数}", {"bare": True, "unit": "C01"}),
    ("{reading_class.days.期内}", {"form": "期内"})])
def test_every_modifier(text: str, expected: dict[str, object]) -> None:
    brace = one(text)
    assert brace.kind == "reading"
    assert {k: getattr(brace, k) for k in expected} == expected


def test_words_of_the_brief_and_of_the_campaign() -> None:
    assert (one("{城市名}").kind, one("{统计期}").kind) == ("word", "word")


def test_a_literal_names_its_source() -> None:
    brace = one("{字面:3场|来源=会议通知}")
    assert (brace.kind, brace.name, brace.source) == ("literal", "3场", "会议通知")
    assert one("｛字面：3场|来源＝会议通知｝").source == "会议通知"
    assert "a literal names its source" in refused("{字面:3场}")


def test_an_optional_clause_holds_braces() -> None:
    text, optional, end = parse("甲〔，{启动率.环比}〕。", definitions().catalogue)
    assert isinstance(optional, Optional)
    assert [type(p) for p in optional.pieces] == [Text, Brace]
    assert (text, end) == (Text("甲"), Text("。"))


def test_a_document_number_stays_as_it_is() -> None:
    pieces = parse("发〔2023〕5号", definitions().catalogue)
    assert "".join(p.text for p in pieces if isinstance(p, Text)) == "发〔2023〕5号"
    assert all(isinstance(p, Text) for p in pieces)


@pytest.mark.parametrize(("text", "message"), [
    ("启动率{启动律}。", "启动率【{启动律}】。: no indicator '启动律'. Did you mean: 启动率?"),
    ("{读书班天数.环币}", "【{读书班天数.环币}】: 读书班天数 has no '环币'. Did you mean: 环比?"),
    ("{读书班天数.期内.环比.占比}", "读书班天数 has no '占比'"),
    ("{reading_class.day}", "no indicator 'reading_class.day'. Did you mean: reading_class.days"),
    ("{reading_class.day.环比}", "no indicator 'reading_class.day'. Did you mean: reading_class.days"),
    ("{读书班天数.时点}", "读书班天数 is read as 期内、累计, not 时点."),
    ("{检视问题数.期内}", "检视问题数 is read as 时点, not 期内."),
    ("{读书班天数.前三}", "读书班天数 is of nature activity: such figures are not ranked."),
    ("{整改完成率.占比}", "整改完成率 is a ratio and has no share of a whole."),
    ("{读书班天数:位}", "after a colon only 数 is known, not '位'."),
    ("{城市明}", "Or the word 城市名?"),
    ("{}", "no indicator ''"),
    ("启动率{启动率", "启动率【{启动率】: this brace is not closed. Write } at its end."),
    ("启动率启动率}", "this brace closes nothing."),
    ("〔，{启动率.环比}", "〔 is not closed. Write 〕 at its end."),
    ("〔{启动率}〔{启动率}〕〕", "〔 inside 〔. Close the first one.")])
def test_errors_point_at_the_brace(text: str, message: str) -> None:
    assert message in refused(text)


def test_only_a_part_of_a_long_sentence_is_shown() -> None:
    said = refused("一二三四五六七八九十甲乙丙丁{启动律}一二三四五六七八九十")
    assert said.startswith("…三四五六七八九十甲乙丙丁【{启动律}】一二三四五六七八…: ")


def test_all_braces_of_a_text() -> None:
    found = braces("{启动率}〔，{启动率.环比}〕{城市名}", definitions().catalogue, WORDS)
    assert [b.raw for b in found] == ["启动率", "启动率.环比", "城市名"]


def test_paragraphs_join_their_lines_as_chinese_does() -> None:
    assert paragraphs("第一行，\n  第二行。\n\n\n另一段 in English\nwith words\n") == ["第一行，第二行。", "另一段 in English\nwith words"]
