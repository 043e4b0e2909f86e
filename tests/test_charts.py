"""Charts: labels that can be read, and alt texts that say what the drawing shows, worked out by hand."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import jianbao as jb
from hand_world import COUNTY, TOWN, HandWorld, problem, reading_class, review, week
from jianbao.brief import charts
from jianbao.brief.charts import single
from jianbao.brief.parts import Chart, Prose
from jianbao.errors import BriefError, UnknownName

WEEKS = ["8.28—9.3", "9.4—9.10", "9.11—9.17", "9.18—9.24", "9.25—10.1", "10.2—10.8", "10.9—10.15", "10.16—10.22"]
FOUR = [("root", None, "汇总节点"), ("Z01", "root", "主题办"), *[(f"C0{n}", "root", COUNTY) for n in range(1, 5)]]


@pytest.mark.parametrize(("labels", "second", "turned"), [
    (WEEKS[:4], "9.4—9.10", 0), (WEEKS, "9.4—\n9.10", 0), (WEEKS * 2, "9.4—9.10", 90)])
def test_period_labels_do_not_run_into_each_other(labels: list[str], second: str, turned: int) -> None:
    with charts.house(height=2.5) as (figure, axes):
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_xticks(range(len(labels)), labels)
        single._fit_labels(figure, axes, labels)
        figure.draw_without_rendering()
        shown = axes.get_xticklabels()
        boxes = [label.get_window_extent() for label in shown]
    assert (shown[1].get_text(), shown[1].get_rotation()) == (second, turned)
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


# A world of four counties: in week 35 each has ten accepted problems; what is rectified by the end of each week is given.

@pytest.fixture
def four(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, units=FOUR)


def rectified(world: HandWorld, n: int, **by_unit: int) -> None:
    """Each unit files its ten problems, so many of them closed in week `n` or before."""
    if n == 35:
        world.file("reviews", 35, "Z01", *[review(u, f"WT-{k}", "合格", week(35).starts) for u in by_unit for k in range(10)])
    for unit, done in by_unit.items():
        closed = {k: getattr(world, "_closed", {}).get((unit, k), week(n).starts) for k in range(done)}
        world.__dict__.setdefault("_closed", {}).update({(unit, k): day for k, day in closed.items()})
        world.file("problems", n, unit, *[
            problem(f"WT-{k}", date(2023, 8, 28), status="已整改" if k < done else "整改中", closed=closed.get(k))
            for k in range(10)])


def opened(world: HandWorld, n: int) -> jb.Brief:
    return jb.open_brief(f"2023-W{n}", "root", workspace=world.workspace)


def drawn(brief: jb.Brief) -> Chart:
    chart = brief.parts[-1]
    assert isinstance(chart, Chart), chart
    assert chart.svg.startswith("<?xml") and "<text" not in chart.svg and chart.png.startswith(b"\x89PNG")
    return chart


def cells(chart: Chart) -> list[list[str]]:
    assert chart.data is not None
    return [[run.text for run in row] for row in chart.data.rows]


# 序时: week 35 ends after 7 of 157 days (4.5 %), week 36 after 14 (8.9 %)

def test_progress_says_who_leads_who_lags_and_what_changed(four: HandWorld) -> None:
    rectified(four, 35, C01=0, C02=1, C03=0, C04=0)
    rectified(four, 36, C01=3, C02=1, C03=0, C04=0)
    brief = opened(four, 36)
    brief.progress("整改完成率")
    chart = drawn(brief)
    assert chart.alt == ("整改完成率：最高C0130.0%（超序时进度21.1个百分点），最低C03、C040%（低于序时进度8.9个百分点）；"
                         "序时进度8.9%，2个低于序时进度：C03、C04；C01进展最大，比上周提高30.0个百分点。")
    assert cells(chart)[0] == ["C01", "30.0%", "超序时进度21.1个百分点"]
    assert chart.notes == ("斜纹为低于序时进度的单位。",)


def test_a_chart_for_the_working_paper_is_not_in_the_issued_copy(four: HandWorld) -> None:
    rectified(four, 35, C01=1, C02=1, C03=1, C04=0)
    brief = opened(four, 35)
    brief.progress("整改完成率", face="working")
    assert [type(p) for p in brief.document.face("working").parts][-1] is Chart
    assert not [p for p in brief.document.face("issued").parts if isinstance(p, Chart)]


def test_progress_of_equals_has_no_best(four: HandWorld) -> None:
    rectified(four, 35, C01=1, C02=1, C03=1, C04=1)
    brief = opened(four, 35)
    brief.progress("整改完成率")
    assert drawn(brief).alt == "整改完成率：4个单位都是10.0%，超序时进度5.5个百分点（序时进度4.5%）。"


def test_who_has_not_filed_is_named_and_not_drawn(four: HandWorld) -> None:
    rectified(four, 35, C01=1, C02=0)
    for chart in ("progress", "ranking"):
        brief = opened(four, 35)
        getattr(brief, chart)("整改完成率")
        assert [row[0] for row in cells(drawn(brief))] == ["C01", "C02"]
        assert "C03、C04未报、报送不足或无从计算，不列入。" in drawn(brief).notes
        assert "C03" not in drawn(brief).alt


def test_ranking_says_first_last_and_who_moved(four: HandWorld) -> None:
    rectified(four, 35, C01=0, C02=3, C03=2, C04=1)
    rectified(four, 36, C01=5, C02=3, C03=2, C04=2)
    brief = opened(four, 36)
    brief.ranking("整改完成率")
    chart = drawn(brief)
    assert chart.title == "各县(市、区)整改完成率位次"
    assert chart.alt == ("整改完成率：C0150.0%居首，C03、C04并列20.0%居后，相差30.0个百分点；"
                         "上升最多的是C01（第4位到第1位）；下降最多的是C02（第1位到第2位）、C03（第2位到第3位）。")
    assert cells(chart) == [["C01", "1", "50.0%", "0%", "4", "↑3"], ["C02", "2", "30.0%", "30.0%", "1", "↓1"],
                            ["C03", "3（并列）", "20.0%", "20.0%", "2", "↓1"], ["C04", "3（并列）", "20.0%", "10.0%", "3", "—"]]


def test_ranking_in_the_first_period_has_nothing_to_compare(four: HandWorld) -> None:
    rectified(four, 35, C01=0, C02=3, C03=2, C04=1)
    brief = opened(four, 35)
    brief.ranking("整改完成率")
    assert drawn(brief).alt == "整改完成率：C0230.0%居首，C010%居后，相差30.0个百分点。"


def test_ranking_of_equals_and_of_one(four: HandWorld, tmp_path: Path) -> None:
    rectified(four, 35, C01=1, C02=1, C03=1, C04=1)
    brief = opened(four, 35)
    brief.ranking("整改完成率")
    assert drawn(brief).alt == "整改完成率：4个单位都是10.0%，不分先后。"
    alone = HandWorld(tmp_path / "one", units=[FOUR[0], FOUR[2], FOUR[1]])
    rectified(alone, 35, C01=1)
    brief = opened(alone, 35)
    brief.ranking("整改完成率")
    assert drawn(brief).alt == "整改完成率：只有C01可比，为10.0%。"


def test_many_that_moved_alike_are_named_together(four: HandWorld) -> None:
    rectified(four, 35, C01=1, C02=4, C03=3, C04=2)
    rectified(four, 36, C01=5, C02=4, C03=3, C04=2)
    brief = opened(four, 36)
    brief.ranking("整改完成率")
    assert drawn(brief).alt.endswith("上升最多的是C01（第4位到第1位）；下降最多的是C02、C03、C04（各降1位）。")


def test_the_same_ranks_as_before(four: HandWorld) -> None:
    rectified(four, 35, C01=1, C02=2, C03=3, C04=4)
    rectified(four, 36, C01=2, C02=3, C03=4, C04=5)
    brief = opened(four, 36)
    brief.ranking("整改完成率")
    assert drawn(brief).alt.endswith("；位次与上周相同。")


@pytest.mark.parametrize("chart", ["ranking", "progress", "heatmap"])
def test_activities_are_never_ranked(four: HandWorld, chart: str) -> None:
    four.file("study", 35, "C01", reading_class(2, week(35).starts))
    with pytest.raises(BriefError, match=r"读书班天数 \(reading_class.days\) is of nature activity: such figures are not ranked"):
        getattr(opened(four, 35), chart)("读书班天数")


# Contributions

def days(world: HandWorld, n: int, **by_unit: float) -> None:
    for unit, value in by_unit.items():
        world.file("study", n, unit, *([reading_class(value, week(n).starts)] if value else []))


def test_contributions_say_who_moved_the_total(four: HandWorld) -> None:
    days(four, 35, C01=2, C02=3, C03=1, C04=1)
    days(four, 36, C01=6, C02=1, C03=2, C04=1)
    brief = opened(four, 36)
    brief.contribution_chart("读书班天数")
    chart = drawn(brief)
    assert chart.alt == "读书班天数（期内）比上周增加3天；2个单位增加：C014天、C031天；1个单位减少：C022天。"
    assert cells(chart) == [["C01", "6", "+4"], ["C02", "1", "-2"], ["C03", "2", "+1"], ["C04", "1", "0"], ["合计", "10", "+3"]]
    assert chart.data is not None and chart.data.total_rows == (4,)


def test_contributions_of_a_rate_are_refused(four: HandWorld) -> None:
    rectified(four, 35, C01=0, C02=3, C03=2, C04=1)
    with pytest.raises(BriefError, match="does not add up from its units"):
        opened(four, 35).contribution_chart("整改完成率")


def test_contributions_without_a_period_before_are_a_note(four: HandWorld) -> None:
    days(four, 35, C01=2)
    brief = opened(four, 35)
    brief.contribution_chart("读书班天数")
    note = brief.parts[-1]
    assert isinstance(note, Prose)
    assert note.text == "读书班天数增减来源：暂无数据，图略。"


# Heat map

def test_the_heat_map_tells_the_widest_gap_and_what_is_missing(four: HandWorld) -> None:
    rectified(four, 35, C01=9, C02=1, C03=5)
    brief = opened(four, 35)
    brief.heatmap("整改完成率", "超期未整改数")
    chart = drawn(brief)
    assert chart.alt == ("4个单位、2项指标（整改完成率、超期未整改数）：差距最大的是C02的整改完成率（10.0%）；"
                         "总的看，C02落后最多，C01最好；2处未报、报送不足或无从计算。")
    assert cells(chart) == [["C01", "90.0%", "0"], ["C02", "10.0%", "0"], ["C03", "50.0%", "0"], ["C04", "未报", "未报"]]
    assert chart.notes == ("颜色越深，离目标越远；超期未整改数没有目标，与表中各单位比，颜色越深越靠后。",
                           "斜纹为未报、报送不足或无从计算，不作零计，不作比较。")


def test_a_heat_map_of_units_at_their_targets_names_nobody(four: HandWorld) -> None:
    rectified(four, 35, C01=10, C02=10, C03=10, C04=10)
    brief = opened(four, 35)
    brief.heatmap("整改完成率")
    assert drawn(brief).alt == "4个单位、1项指标（整改完成率）：没有单位落后。"


# Small multiples

def test_small_multiples_name_the_late_and_the_largest_step(four: HandWorld) -> None:
    rectified(four, 35, C01=0, C02=1, C03=0, C04=0)
    rectified(four, 36, C01=3, C02=1, C03=0, C04=1)
    brief = opened(four, 36)
    brief.multiples("整改完成率", last=4)
    chart = drawn(brief)
    assert chart.alt == ("整改完成率（累计）近2期，4个单位：本期低于序时进度（8.9%）的1个，C03；"
                         "升幅最大的是C01，由0%到30.0%，最小的是C02，没有变化。")
    assert cells(chart)[0] == ["C01", "0%", "30.0%"]
    assert chart.notes == ("红字、空心点为本期低于序时进度的单位。",)


def test_small_multiples_of_an_activity_rank_nobody(four: HandWorld) -> None:
    days(four, 35, C01=2, C02=3, C03=1, C04=1)
    days(four, 36, C01=6, C02=1, C03=2, C04=1)
    brief = opened(four, 36)
    brief.multiples("读书班天数")
    assert drawn(brief).alt == "读书班天数（期内）近2期，4个单位：与各自首期相比，增加的2个，减少的1个，持平的1个。"


# Ageing

@pytest.fixture
def aged(tmp_path: Path) -> HandWorld:
    """Week 40 ends on 8 October: ages of 38, 38, 8 and 8 days; one of them 4 days past its date, one 20."""
    world = HandWorld(tmp_path, units=[*FOUR[:3], ("C01T1", "C01", TOWN)])
    old, new = date(2023, 8, 31), date(2023, 9, 30)
    world.file("problems", 40, "C01", problem("WT-1", old, due=date(2023, 10, 4)), problem("WT-2", old, due=date(2023, 9, 18)),
               problem("WT-3", new), problem("WT-4", new, status="未启动"))
    world.file("reviews", 40, "Z01", *[review("C01", f"WT-{n}", "合格", old if n < 3 else new) for n in (1, 2, 3, 4)])
    return world


def test_ageing_counts_from_the_day_the_figure_counts_in(aged: HandWorld) -> None:
    brief = opened(aged, 40)
    brief.ageing("期末未结问题数", state="status")
    chart = drawn(brief)
    assert chart.alt == ("期末未结问题数4个（自审核合格日期起）：31—60天的2个，占50.0%；最多的是30天以内，2个；"
                         "31—60天的以整改中为多，2个。")
    assert cells(chart) == [["30天以内", "1", "1", "2"], ["31—60天", "0", "2", "2"], ["61—90天", "0", "0", "0"],
                            ["90天以上", "0", "0", "0"]]


def test_ageing_by_what_is_overdue(aged: HandWorld) -> None:
    brief = opened(aged, 40)
    brief.ageing("期末未结问题数", state="status", due="due_date")
    chart = drawn(brief)
    assert chart.alt == "期末未结问题数4个：超期2个，占50.0%，其中超期8—30天的1个；超期8—30天的以整改中为多，1个。"
    assert [row[-1] for row in cells(chart)] == ["2", "1", "1", "0"]


def test_ageing_of_nothing_is_a_note_and_of_no_column_an_error(aged: HandWorld) -> None:
    brief = opened(aged, 40)
    brief.ageing("整改完成数", state="status")
    assert isinstance(brief.parts[-1], Prose)
    with pytest.raises(UnknownName, match=r"no column 'stauts'.*status"):
        brief.ageing("期末未结问题数", state="stauts")


# The same bytes each time

@pytest.mark.parametrize("draw", [
    lambda: charts.pairs(["甲", "乙"], [0.2, None], [0.3, 0.1], ["30%", "10%"], ["↑1", "新列入"], that="上周", this="本周",
                         moves_title="位次变化"),
    lambda: charts.heat(["甲", "乙"], ["完成率", "超期数（个）"], [[0.1, None], [1.0, 0.5]], [["90%", "未报"], ["0%", "3"]]),
    lambda: charts.multiples(["甲", "乙", "丙"], [[1.0, None, 2.0], [0.0, 0.0, 0.0], [None, None, 3.0]], ["2", "0", "3"],
                             first="第一周", last="第三周", schedule=[1.0, 2.0, 3.0], behind=[True, True, False]),
    lambda: charts.parts(["甲", "合计"], [-2.0, 3.0], ["-2", "+3"], total=1),
    lambda: charts.stacks(["新", "旧"], [("办理中", [3.0, 1.0]), ("未启动", [0.0, 2.0])]),
], ids=["pairs", "heat", "multiples", "parts", "stacks"])
def test_a_chart_is_the_same_bytes_each_time(draw: Any) -> None:
    assert draw() == draw()
