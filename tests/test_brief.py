"""The brief as an analyst uses it, on the received example."""

from __future__ import annotations

from datetime import datetime

import pytest

import jianbao as jb
from jianbao.brief.parts import Advice, Chart, Findings, Foot, Head, Heading, Prose, Sources, Table
from jianbao.calendar import issue_number, worked_day
from jianbao.errors import BriefError, UnknownName
from jianbao.workspace import Workspace

AS_OF = "2023-10-23T12:00"


@pytest.fixture
def brief(example: Workspace) -> jb.Brief:
    return jb.open_brief("2023-W42", "root", AS_OF, workspace=example)


def said(brief: jb.Brief, text: str) -> str:
    brief.say(text)
    part = brief.parts[-1]
    assert isinstance(part, Prose)
    return part.text


def test_the_head_says_what_the_brief_is_about(brief: jb.Brief) -> None:
    head = brief.head
    assert isinstance(head, Head)
    assert (head.name, head.period, head.unit, head.number, head.total) == ("工作简报", "2023-W42", "root", 8, 8)
    assert head.issued_on == "2023-10-24"        # due the Tuesday after
    assert head.as_of == "2023-10-23T12:00:00"
    due, filed = head.filed or (0, 0)
    assert 0 < filed < due
    assert "应报" in repr(brief) and "2023年第42周" in repr(brief)


def test_the_sentence_of_the_readme_is_said(brief: jb.Brief) -> None:
    text = said(brief, "截至{截止日}，{全域}{主题教育单位数}主题教育单位中已有{已启动单位数}完成启动，启动率{启动率}〔，{启动率.环比}〕。")
    assert text == "截至10月22日，全市90个主题教育单位中已有90个完成启动，启动率100%，与上周持平。"


def test_every_number_said_is_a_figure_with_its_rows(brief: jb.Brief) -> None:
    brief.say("读书班{读书班天数.累计}，整改完成率{整改完成率}〔，{整改完成率.序时}〕。")
    brief.sources()
    sources = next(p for p in brief.parts if isinstance(p, Sources))
    assert [f.derived for f in sources.figures] == ["", "", "序时"]
    rate = sources.figures[1]
    assert rate.formula == f"{rate.numerator:.0f} ÷ {rate.denominator:.0f}"
    assert rate.rows and sources.figures[2].rows == ()      # the same rows are not carried twice
    days = sources.figures[0]
    assert days.n_rows > len(days.rows) == 50        # the rest is one call away
    assert len(brief.trace("f1")) == days.n_rows
    assert days.rows[0].file.endswith(".xlsx") and days.rows[0].row > 1
    assert brief.trace("f1")["days"].sum() == days.value
    with pytest.raises(UnknownName, match="no figure 'f99'"):
        brief.trace("f99")


def test_the_first_period_has_nothing_to_compare_with(example: Workspace) -> None:
    first = jb.open_brief("2023-W35", "root", "2023-09-04T12:00", workspace=example)
    assert said(first, "听取意见建议{听取意见建议条数.期内}〔，{听取意见建议条数.期内.环比}〕。").count("，") == 0


def test_no_data_is_said_and_never_zero(example: Workspace) -> None:
    # 蕉岙乡 had not filed by the cut-off
    filing = jb.open_brief("2023-W42", "root", AS_OF, workspace=example).filing
    missing = filing[~filing["filed"] & (filing["ledger"] == "study")]["unit"].iloc[0]
    brief = jb.open_brief("2023-W42", missing, AS_OF, workspace=example)
    assert brief["读书班天数.期内"].value is None
    assert said(brief, "读书班{读书班天数.期内}〔，{读书班天数.期内.环比}〕。") == "读书班暂无数据。"


def test_a_zero_base_gives_no_percentage(example: Workspace) -> None:
    brief = jb.open_brief("2023-W39", "C01", "2023-10-02T12:00", workspace=example)
    texts = {said(brief, f"{{{i.id}.累计.环比}}启") for i in brief.workspace.definitions.catalogue
             if i.rolls_up == "sum" and "累计" in i.forms}
    assert not any("inf" in t or "nan" in t for t in texts)


def test_ranks_name_peers_only(brief: jb.Brief) -> None:
    text = said(brief, "{整改完成率.前三}居前，{整改完成率.后三}靠后。")
    names = {u.label for u in example_counties(brief)}
    for name in text.replace("居前，", "、").replace("靠后。", "").split("、"):
        assert name.removesuffix("（并列）") in names


def example_counties(brief: jb.Brief) -> list[jb.Register]:
    tree = brief.workspace.register.on(brief.period.ends)
    return [u for u in tree.children("root") if u.code.startswith("C")]  # type: ignore[misc]


def test_an_unknown_brace_is_pointed_at(brief: jb.Brief) -> None:
    with pytest.raises(BriefError, match=r"【{启动律}】.*Did you mean: 启动率"):
        brief.say("启动率{启动律}。")
    with pytest.raises(BriefError, match=r"听取意见建议条数 is of nature activity: such figures are not ranked"):
        brief.say("{听取意见建议条数.前三}居前。")


def test_literals_need_a_source_and_document_numbers_stay(brief: jb.Brief) -> None:
    assert said(brief, "召开座谈会{字面:3场|来源=会议通知}，印发〔2023〕5号。") == "召开座谈会3场，印发〔2023〕5号。"
    with pytest.raises(BriefError, match="names its source"):
        brief.say("召开座谈会{字面:3场}。")


def test_unknown_words_end_before_anything_is_computed(example: Workspace) -> None:
    with pytest.raises(UnknownName, match=r"no unit 'C0l'. Did you mean: C0"):
        jb.open_brief("2023-W42", "C0l", AS_OF, workspace=example)
    with pytest.raises(UnknownName, match="no period '2023-W60'"):
        jb.open_brief("2023-W60", "root", AS_OF, workspace=example)
    with pytest.raises(UnknownName, match="no data version 'yesterday'"):
        jb.open_brief("2023-W42", "root", "yesterday", workspace=example)
    with pytest.raises(UnknownName, match=r"no product 'weekli'. Did you mean: weekly"):
        jb.open_brief("2023-W42", "root", AS_OF, product="weekli", workspace=example)


def test_a_table_orders_by_rank_and_says_who_is_left_out(brief: jb.Brief) -> None:
    counties = brief.readings("整改完成率", "超期未整改数", of="peers")
    brief.table(counties.with_(jb.compare.on_previous, jb.compare.rank), title="各县（市、区）整改进展", by="rank", total=True)
    table = brief.parts[-1]
    assert isinstance(table, Table)
    places = [row[3].text for row in table.rows[:-1]]
    ranked = [int(p.removesuffix("（并列）")) for p in places if p != "—"]
    assert ranked == sorted(ranked)
    assert places[len(ranked):] == ["—"] * (len(places) - len(ranked))
    assert any("不列位次" in note for note in table.notes)
    assert table.rows[-1][0].text == "合计" and table.total_rows == (6,)
    # A total is the whole's own reading, so every cell of the table can be traced.
    assert all(cell.figure for row in table.rows for cell in row[1:] if cell.text not in ("—", ""))


def test_children_and_own_rows_add_up_to_the_whole(brief: jb.Brief) -> None:
    whole = brief["实地调研次数.累计"].value
    parts = [r.value or 0 for r in brief.readings("实地调研次数", of="children", form="累计")]
    own = brief["实地调研次数.累计.本级"].value or 0
    assert whole == sum(parts) + own


def test_charts_state_what_they_show(brief: jb.Brief) -> None:
    brief.progress("整改完成率")
    brief.trend("实地调研次数", last=8)
    progress, trend = brief.parts[-2:]
    assert isinstance(progress, Chart) and isinstance(trend, Chart)
    assert progress.alt.startswith("整改完成率：最高") and "序时进度" in progress.alt
    assert trend.alt.startswith("实地调研次数（期内）近8期")
    for chart in (progress, trend):
        assert chart.svg.startswith("<?xml") and "<text" not in chart.svg       # paths: the same on every machine
        assert chart.png.startswith(b"\x89PNG")
        assert chart.data is not None and len(chart.data.rows) >= 5


def test_a_chart_without_data_is_a_note_not_a_crash(example: Workspace) -> None:
    first = jb.open_brief("2023-W35", "root", "2023-09-04T12:00", workspace=example)
    first.progress("整改完成率", title="各县（市、区）整改完成率")
    note = first.parts[-1]
    assert isinstance(note, Prose)
    assert (note.role, note.text) == ("note", "各县（市、区）整改完成率：暂无数据，图略。")


def test_findings_suggestions_and_the_closing_line(brief: jb.Brief) -> None:
    brief.findings()
    brief.heading("下步建议")
    brief.suggestions(limit=3, routine="none")
    steps = len(brief.parts) - 2
    assert 1 <= steps <= 3        # a step is one paragraph
    brief.sources()
    kinds = [type(p) for p in brief.parts]
    assert kinds == [Findings, Heading, *[Prose] * steps, Advice, Sources, Foot]
    findings, sources = brief.parts[0], brief.parts[-2]
    assert isinstance(findings, Findings) and isinstance(sources, Sources)
    due, filed = brief.filed
    assert f"应报单位{due}个，实报{filed}个" in findings.summary
    assert sources.closing == f"数据截至2023年10月22日，接收至2023年10月23日12:00；应报{due}个、实报{filed}个；口径见附件。"
    assert sources.rounding.startswith("数值按四舍五入")
    issued = brief.document.face("issued")
    kept = next(p for p in issued.parts if isinstance(p, Sources))
    assert kept.figures == () and kept.definitions        # no ledger rows leave with the issued copy


def test_issue_numbers_come_from_the_calendar_not_from_the_run(example: Workspace) -> None:
    assert issue_number(example, "weekly", jb.Period("2023-W35")) == (1, 1)
    assert issue_number(example, "weekly", jb.Period("2024-W02")) == (3, 20)   # after W52 and W01, also due in 2024
    assert issue_number(example, "weekly", jb.Period("2023-W34")) == (None, None)


def test_due_days_off_move_to_the_next_worked_day() -> None:
    # 2023-09-29 to 10-06 were days off; the weekend of 10-07 was worked.
    assert worked_day(datetime(2023, 10, 3, 9)).isoformat() == "2023-10-07T09:00:00"
    assert worked_day(datetime(2023, 10, 24, 9)).isoformat() == "2023-10-24T09:00:00"


def test_as_of_brings_back_what_was_known_then(example: Workspace) -> None:
    early = jb.open_brief("2023-W41", "root", "2023-10-16T12:00", workspace=example)["读书班天数.累计"]
    late = jb.open_brief("2023-W41", "root", "", workspace=example)["读书班天数.累计"]
    assert early.value is not None and late.value is not None
    assert early.value != late.value     # late and corrected filings came after the cut-off
    assert jb.open_brief("2023-W41", "root", "2023-10-16T12:00", workspace=example)["B03"].value == early.value


def test_previous_figures_that_changed_since_they_were_issued_are_said(brief: jb.Brief) -> None:
    brief.say("整改完成率{整改完成率}〔，{整改完成率.环比}〕。")
    brief.revisions()
    note, table = brief.parts[-2:]
    assert isinstance(note, Prose) and isinstance(table, Table)
    then = jb.open_brief("2023-W41", "root", "2023-10-16T12:00", workspace=brief.workspace)["整改完成率"]
    now = brief["整改完成率"].previous()
    assert now is not None and then.value != now.value
    was, become = (f"{100 * (r.value or 0):.1f}%" for r in (then, now))
    assert f"整改完成率（累计）由{was}调整为{become}" in note.text
    assert note.text.startswith("修订说明：因迟报补报") and "2023年第41周（10月9日—10月15日）截止时的数有调整" in note.text
    assert table.face == "working" and table.rows[0][2].text == was


def test_nothing_is_said_of_revisions_before_anything_was_compared(brief: jb.Brief) -> None:
    brief.revisions()
    assert brief.parts == []


def test_a_week_hardly_anybody_filed_for_says_so_and_compares_nothing(example: Workspace) -> None:
    brief = jb.open_brief("2023-W43", "root", "", workspace=example)
    brief.caveats()
    assert isinstance(brief.parts[-1], Prose)
    assert brief.parts[-1].text.startswith("报送提示：本周应报单位") and "报齐0个" in brief.parts[-1].text
    brief.say("整改完成率{整改完成率}〔，{整改完成率.环比}〕〔，本周{整改完成数.期内}〕。")
    assert brief.parts[-1].text.count("，") == 0     # type: ignore[union-attr]


def test_enough_filings_need_no_caveat(brief: jb.Brief) -> None:
    brief.caveats()
    assert brief.parts == []
