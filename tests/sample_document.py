"""One issue of an invented city's 简报, for the tests of the four writers."""

from __future__ import annotations

import io
from functools import cache

from jianbao.brief.parts import (
    Chart,
    Column,
    Document,
    Figure,
    FindingLine,
    Findings,
    Foot,
    Head,
    Heading,
    Prose,
    Run,
    SourceRow,
    Sources,
    Table,
)
from jianbao.publish.export import fonts

COUNTIES = (
    ("云麓区", 42, 40, 31, 24), ("澄江区", 38, 36, 27, 22), ("沙洲区", 35, 33, 25, 19), ("青岭县", 31, 28, 22, 15),
    ("禾川县", 29, 26, 20, 14), ("平桥县", 27, 23, 17, 11), ("柳溪县", 24, 20, 15, 9), ("石泉市", 22, 17, 13, 8),
    ("临湖新区", 18, 12, 9, 5),
)
SENTENCE = "截至10月22日，全市266个单位中已有235个完成启动，启动率88.3%，比上周提高4.1个百分点。"
# Text that means something to one writer's format and must mean nothing in any document.
HOSTILE = "<script>alert(1)</script> =1+1 $x$ #import \"a\" @a *b* \\n &amp; {{7*7}} {%tr%}"

HEAD = Head(
    name="工作简报", title="全市整改任务推进情况", issuer="云麓市推进工作领导小组办公室", issued_on="2023-10-23",
    period="2023-W42", period_label="2023年第42周（10月16日—10月22日）", unit="root", unit_name="全市",
    as_of="2023-10-23T09:00:00", number=7, total=42, secrecy="内部资料　注意保存", issue="weekly/2023-W42/root",
    filed=(266, 259), open_findings=3)
FOOT = Foot(report_to="市委、市政府领导同志", send_to="市委各部门，市直各单位",
            issue_to="各县（市、区）推进办，各联络组", copies=120)


@cache
def chart() -> Chart:
    """A bar chart drawn with the packaged font; the same bytes every time."""
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.figure import Figure as Canvas

    font_manager.fontManager.addfont(fonts.files()[fonts.SANS])
    names = [name for name, *_ in COUNTIES]
    rates = [done / due * 100 for _, due, done, *_ in COUNTIES]
    svg, png = io.StringIO(), io.BytesIO()
    with matplotlib.rc_context({"font.family": [fonts.SANS, "DejaVu Sans"], "svg.hashsalt": "sample"}):
        canvas = Canvas(figsize=(6.2, 3.2), layout="constrained")
        axes = canvas.subplots()
        bars = axes.barh(names[::-1], rates[::-1], color="#3b6ea5")
        axes.bar_label(bars, fmt="%.1f", padding=3)
        axes.set(xlabel="启动率（%）", xlim=(0, 110))
        axes.spines[["top", "right"]].set_visible(False)
        canvas.savefig(svg, format="svg", metadata={"Date": None})
        canvas.savefig(png, format="png", dpi=200)
    return Chart(title="各县（市、区）启动率", alt="条形图：各县（市、区）启动率，云麓区95.2%最高，临湖新区66.7%最低。",
                 data=Table("各县（市、区）启动率", (Column("单位"), Column("启动率", "right")),
                            tuple((Run(n), Run(f"{r:.1f}%")) for n, r in zip(names, rates, strict=True))),
                 svg=svg.getvalue(), png=png.getvalue())


def table() -> Table:
    """Nine counties and their total."""
    columns = (Column("单位"), Column("应启动（个）", "right"), Column("已启动（个）", "right"),
               Column("启动率", "right"), Column("整改任务（项）", "right"), Column("已完成（项）", "right"))
    rows = [(Run(n), Run(str(a)), Run(str(b)), Run(f"{b / a:.1%}"), Run(str(c)), Run(str(d)))
            for n, a, b, c, d in COUNTIES]
    rows.append((Run("合计"), Run("266"), Run("235", figure="f2"), Run("88.3%", figure="f1"), Run("179"), Run("127")))
    return Table("各县（市、区）整改任务进展", columns, tuple(rows),
                 notes=("临湖新区10月起单列统计，此前计入云麓区。",), total_rows=(9,))


def source_rows(n: int) -> tuple[SourceRow, ...]:
    """Rows of an invented ledger."""
    return tuple(
        SourceRow(file=f"{name}报表.xlsx", sheet="整改台账", row=5 + i, unit=name,
                  values=(("事项", f"第{i + 1}项整改任务"), ("进度", "已完成" if i % 3 else "推进中"),
                          ("备注", "=1+1")))
        for i, name in ((i, COUNTIES[i % 9][0]) for i in range(n)))


def figures() -> tuple[Figure, ...]:
    """Three figures, the first a ratio with its parts."""
    about = {"unit": "root", "unit_name": "全市", "scope": "subtree", "period": "2023-W42",
             "as_of": "2023-10-23T09:00:00"}
    return (
        Figure(id="f1", printed="88.3%", indicator="launch.rate", code="A03", title="启动率", measure="", form="时点",
               value=235 / 266, numerator=235, denominator=266, n_rows=266, formula="235 ÷ 266",
               definition="已召开启动会议的单位占应启动单位的比重。", source="启动情况台账（L01）",
               rows=source_rows(12), **about),
        Figure(id="f2", printed="235个", indicator="launch.count", code="A02", title="已启动单位数", measure="个",
               form="时点", value=235, numerator=235, denominator=None, n_rows=235,
               definition="已召开启动会议的单位数，按单位去重。", source="启动情况台账（L01）",
               rows=source_rows(3), **about),
        Figure(id="f3", printed="提高4.1个百分点", indicator="launch.rate", code="A03", title="启动率", measure="",
               form="时点", derived="环比", value=0.041, numerator=None, denominator=None, n_rows=0,
               formula="88.3% − 84.2%", definition="已召开启动会议的单位占应启动单位的比重。",
               source="启动情况台账（L01）", **about),
    )


def prose(text: str, **kw: str) -> Prose:
    return Prose((Run(text),), **kw)


def document() -> Document:
    """The issue as a notebook would show it, sources before the foot."""
    traced = Prose((
        Run("截至10月22日，全市266个单位中已有"), Run("235个", figure="f2"), Run("完成启动，启动率"),
        Run("88.3%", figure="f1"), Run("，比上周"), Run("提高4.1个百分点", figure="f3"), Run("。")))
    assert traced.text == SENTENCE
    return Document((
        HEAD,
        prose("启动率88.3%，比上周提高4.1个百分点，临湖新区等3个县（市、区）低于80%。", role="keypoint"),
        prose("179项整改任务已完成127项，完成率70.9%，快于序时进度5.2个百分点。", role="keypoint"),
        prose("应报266个单位、实报259个，7个单位未按时报送。", role="keypoint"),
        Heading("总体进展"),
        traced,
        prose("从分布看，云麓区、澄江区、沙洲区启动率均超过94%；石泉市、临湖新区分别为77.3%、66.7%，"
              "主要是新调整机构的人员尚未到位，工作方案未完成审批。各地普遍建立周调度机制，对进展滞后的任务逐项明确责任单位和完成时限。"),
        table(),
        Heading("整改落实"),
        Heading("任务完成情况", level=2),
        prose("全市共列整改任务179项，已完成127项，完成率70.9%。其中，涉及群众办事的58项完成46项，涉及基层减负的41项完成30项，"
              "涉及安全生产的80项完成51项。", ),
        chart(),
        Heading("存在的问题", level=2),
        Prose((Run("一是推进不平衡。", strong=True), Run("完成率最高与最低的县（市、区）相差21.9个百分点。"))),
        Prose((Run("二是报送不及时。", strong=True), Run("7个单位未在截止时间前报送，其中3个单位连续2周未报。"))),
        Heading("下一步工作"),
        prose("对启动率低于80%的3个县（市、区）开展实地督导，11月5日前逐项销号；对连续2周未报送的单位进行提醒。"),
        Prose((Run("本段只供校核：石泉市的口径待确认。"),), face="working"),
        Findings(title="数据核查", summary="本期发现错误1条、提示2条，均已通知报送单位核实，不影响本期数字。", items=(
            FindingLine("error", "石泉市", "石泉市报表.xlsx 整改台账 F17", "完成日期2032-10-12晚于截止日期。",
                        "改为实际完成日期。"),
            FindingLine("warning", "柳溪县", "柳溪县报表.xlsx 整改台账", "比上周少4行。", "说明减少的原因。"),
            FindingLine("warning", "平桥县", "平桥县报表.xlsx 启动情况 C9", "单位名称与名册不一致。", "按名册填写。"))),
        Sources(closing="数据截至2023年10月22日；应报266个单位、实报259个；口径见附件。", figures=figures(),
                definitions=(("启动率", "已召开启动会议的单位占应启动单位的比重，按单位去重，期末时点数。"),
                             ("已启动单位数", "已召开启动会议的单位数，以会议通知为准。"),
                             ("整改完成率", "已销号的整改任务占全部整改任务的比重，任务总数为期末在册数。")),
                rounding="部分数据因四舍五入，存在总计与分项合计不等的情况。"),
        FOOT,
    ))


def hostile() -> Document:
    """Every place that takes words, filled with words that mean something to some format."""
    figure = figures()[0]
    return Document((
        Head(name="简报", title=f"标题{HOSTILE}", issuer=HOSTILE, issued_on="2023-10-23", period="2023-W42",
             period_label=HOSTILE, unit="root", unit_name=HOSTILE, as_of="", secrecy=HOSTILE),
        prose(f"要点{HOSTILE}", role="keypoint"),
        Heading(f"节{HOSTILE}"),
        Prose((Run(f"段{HOSTILE}", figure="f1"),)),
        Table(f"表{HOSTILE}", (Column("甲"), Column("=1+1", "right")),
              ((Run(HOSTILE), Run("=1+1")), (Run("@a"), Run("-2+3")), (Run("#import"), Run("12")))),
        Findings(title="核查", summary=HOSTILE, items=(FindingLine("error", HOSTILE, HOSTILE, HOSTILE),)),
        Sources(closing=HOSTILE, figures=(figure,), definitions=((HOSTILE, HOSTILE),)),
        Foot(report_to=HOSTILE, copies=1),
    ))
