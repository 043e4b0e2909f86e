"""Who has filed, who has not, and the reminder to paste."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from jianbao.cli import main
from jianbao.definitions.period import Period
from jianbao.errors import UnknownName
from jianbao.intake import overview, reminders
from jianbao.intake.declaring import declare
from jianbao.intake.roster import Roster, roster
from worlds import UNITS, World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
STUDY, PROBLEMS, OPINIONS = "集中学习台账", "问题台账", "意见统计表"


@pytest.fixture
def world(tmp_path: Path) -> World:
    group = {"片区编码": "D1", "片区名称": "东片", "小组编码": "G1", "小组名称": "第一联络组", "起始日期": date(2023, 9, 1)}
    world = make_world(tmp_path, master={"联络组": [{**group, "对接单位编码": "C01"}, {**group, "对接单位编码": "C01-T01"}]})
    world.file("C01", "2023-W42", {STUDY: [{"单位": "东湖县", **CLASS}], PROBLEMS: []}, nil=[PROBLEMS])
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99}], OPINIONS: [{"收到意见数": 1, "答复数": 1}]})
    world.receive("2023-10-23T10:00")
    world.file("B01", "2023-W42", {STUDY: [CLASS]})
    world.receive("2023-10-23T12:01")
    return world


def of(world: World, as_of: str | None = None) -> Roster:
    return roster(world.workspace, world.workspace.period("2023-W42"), datetime.fromisoformat(as_of) if as_of else None)


def status(found: Roster, unit: str) -> dict[str, tuple[str, bool]]:
    (entry,) = [e for e in found.entries if e.unit == unit]
    return {f.title: (f.status, f.late) for f in entry.filings}


def test_each_ledger_of_each_unit_has_its_status(world: World) -> None:
    found = of(world)
    assert status(found, "C01") == {STUDY: ("已报", False), OPINIONS: ("未报", False), PROBLEMS: ("零报送", False)}
    assert status(found, "C02") == {STUDY: ("退回", False), OPINIONS: ("已报", False), PROBLEMS: ("未报", False)}
    assert status(found, "B01")[STUDY] == ("已报", True)


def test_due_is_filed_and_returned_and_missing(world: World) -> None:
    counts = of(world).counts
    assert counts == {"应报": 15, "实报": 6, "零报送": 2, "迟报": 1, "退回": 1, "未报": 8}
    assert counts["应报"] == counts["实报"] + counts["退回"] + counts["未报"]


def test_as_of_an_earlier_moment_the_late_one_is_missing(world: World) -> None:
    assert status(of(world, "2023-10-23T12:00"), "B01")[STUDY] == ("未报", False)


def test_reminders_by_liaison_group(world: World) -> None:
    reminders = of(world, "2023-10-23T13:00").reminders
    assert list(reminders) == ["第一联络组", "未编组"]
    assert reminders["第一联络组"].splitlines() == [
        "【催报】2023年第42周（10月16日—10月22日）报表已于 10月23日 12:00 截止，已过 1 小时，以下单位还没有报齐，请尽快报送：",
        "1. 东湖县：未报 意见统计表（连续7期，自第36周起）",
        "没有内容的请选“零报送”；退回的请按核查结果改正后重报。",
        "连续3期以上未报的（东湖县），请今天回复原因和补报时间。",
    ]
    assert ("西岭县：未报 问题台账（连续7期，自第36周起）；退回 集中学习台账（1处须改正，10月23日退回）"
            in reminders["未编组"])


def test_before_the_cut_off_the_reminder_asks_in_time(world: World) -> None:
    text = of(world, "2023-10-23T11:00").reminders["第一联络组"]
    assert text.startswith("【催报】2023年第42周（10月16日—10月22日）报表将于 10月23日 12:00 截止，还有 1 小时，请以下单位按时报送：")


def test_json_has_every_unit_that_owes(world: World) -> None:
    data = of(world).to_json()
    assert [u["unit"] for u in data["units"]] == ["C01", "C01-T01", "Z01", "B01", "C02", "C02-T01"]
    assert data["units"][0]["filings"][0] == {
        "ledger": "study",
        "title": STUDY,
        "status": "已报",
        "late": False,
        "received_at": "2023-10-23T10:00:00",
        "missed_before": True,
        "missed": [],
        "marks": ["未", "未", "未", "未", "未", "未", "按"],
        "errors": 0,
        "returned_at": None,
        "unexplained": 0,
    }
    assert data["history"] == [f"2023-W{n}" for n in range(36, 43)]


# History

def marks(found: Roster, unit: str, title: str = STUDY) -> str:
    (filing,) = [f for e in found.entries if e.unit == unit for f in e.filings if f.title == title]
    return "".join(filing.marks)


def test_a_missed_period_is_red_and_turns_yellow_when_it_is_made_up(world: World) -> None:
    world.file("B01", "2023-W41", {STUDY: [{**CLASS, "开始日期": date(2023, 10, 10)}]})
    world.receive("2023-10-24T09:00")
    world.file("B01", "2023-W43", {STUDY: []}, nil=[STUDY])
    world.receive("2023-10-30T09:00")
    found = roster(world.workspace, world.workspace.period("2023-W43"), datetime(2023, 10, 30, 9))
    assert marks(found, "B01") == "未未未未未迟迟零"
    assert marks(found, "C01") == "未未未未未未按待"
    assert marks(of(world, "2023-10-23T13:00"), "B01") == "未未未未未未迟"      # W41 was not made up yet
    assert marks(of(world, "2023-10-23T11:00"), "B01") == "未未未未未未待"
    assert marks(found, "C02") == "未未未未未未退待"
    (e,) = [e for e in found.entries if e.unit == "C02"]
    assert [len(f.missed) for f in e.filings] == [0, 0, 7]     # returned is not missing


def test_misses_are_counted_past_the_history_shown_and_pass_over_what_was_not_due(world: World) -> None:
    period = world.workspace.period("2023-W44")
    found = roster(world.workspace, period, datetime(2023, 11, 6, 13), history=2)
    (e,) = [e for e in found.entries if e.unit == "C02-T01"]
    assert [(f.title, "".join(f.marks), len(f.missed), f.missed[0].id) for f in e.filings] == [
        (STUDY, "未未", 9, "2023-W36"), (PROBLEMS, "未未", 9, "2023-W36")]


def test_the_deadline_says_how_long_is_left_or_over(world: World) -> None:
    assert of(world, "2023-10-23T09:30").deadline == "截止 10月23日 12:00，还有 2 小时"
    assert of(world, "2023-10-23T11:40").deadline == "截止 10月23日 12:00，还有 20 分钟"
    assert of(world, "2023-10-26T14:00").deadline == "截止 10月23日 12:00，已过 3 天 2 小时"


def test_one_unit_s_text(world: World) -> None:
    found = of(world, "2023-10-23T13:00")
    assert reminders.of_unit(found, "西岭县").splitlines() == [
        "【催报】西岭县：2023年第42周（10月16日—10月22日）报表已于 10月23日 12:00 截止，已过 1 小时，请尽快报送：",
        "1. 未报 问题台账（连续7期，自第36周起）",
        "2. 退回 集中学习台账（1处须改正，10月23日退回）",
        "没有内容的请选“零报送”；退回的请按核查结果改正后重报。",
        "已连续7期未报，请今天回复原因和补报时间。",
    ]
    assert reminders.of_unit(found, "C01-T01") == ""
    before = of(world, "2023-10-23T09:00")
    assert reminders.of_unit(before, "C01-T01").startswith("【催报】柳河镇（由东湖县代报）：")
    with pytest.raises(UnknownName, match=r"no unit with something due '西岭现'\. Did you mean: 西岭县"):
        reminders.of_unit(found, "西岭现")


def test_files_to_send_are_one_for_each_group_and_unit_and_a_workbook(world: World, tmp_path: Path) -> None:
    found = of(world, "2023-10-23T13:00")
    paths = reminders.write(found, tmp_path / "out")
    assert [p.relative_to(tmp_path / "out").as_posix() for p in paths] == [
        "第一联络组.txt", "未编组.txt", "units/C01_东湖县.txt", "units/Z01_市攻坚办.txt", "units/B01_市住房局.txt", "units/C02_西岭县.txt",
        "units/C02-T01_石桥镇.txt", "催报一览_2023-W42.xlsx"]
    assert paths[0].read_text(encoding="utf-8").startswith("【催报】2023年第42周")
    kept = tmp_path / "out" / "自己的.txt"
    kept.write_text("不是催报", encoding="utf-8")
    gone = tmp_path / "out" / "units" / "B09_已报齐.txt"
    gone.write_text("【催报】上次的", encoding="utf-8")
    reminders.write(found, tmp_path / "out")
    assert kept.exists() and not gone.exists()


def test_file_names_are_safe_and_never_shared() -> None:
    wanted = ["../../etc/passwd", "a/b", "a_b", "A_B", "CON", "", "..", "长" * 200, "x\u202etxt.exe"]
    names = list(reminders._names(wanted))
    assert names == ["_.._etc_passwd", "a_b", "a_b_2", "A_B_3", "_CON", "未命名", "未命名_2", "长" * 60, "xtxt.exe"]


def test_the_workbook_has_letters_and_fills_and_no_formula(tmp_path: Path) -> None:
    units = [*UNITS[:3], ("C09", "@SUM(A1:A9)", "＝1+1", "root", "县", "县", None, True)]
    world = make_world(tmp_path, units=units)
    world.file("B01", "2023-W42", {STUDY: [CLASS]})
    world.receive("2023-10-23T10:00")
    path = tmp_path / "一览.xlsx"
    overview.workbook(of(world, "2023-10-23T13:00")).save(path)
    book = load_workbook(path)
    assert book.sheetnames == ["催报一览", "逐张台账"]
    cells = [c for ws in book.worksheets for row in ws.iter_rows() for c in row]
    assert {c.data_type for c in cells if c.value is not None} == {"s", "n"}
    ws = book["催报一览"]
    (line,) = [row for row in ws.iter_rows(min_row=6) if row[1].value == "市住房局"]
    assert [(c.value, c.fill.fgColor.rgb) for c in line[12:14]] == [("未3", "00F4B6AE"), ("未2", "00F4B6AE")]
    (study,) = [row for row in book["逐张台账"].iter_rows(min_row=6) if row[1].value == "市住房局" and row[2].value == STUDY]
    assert [(c.value, c.fill.fgColor.rgb) for c in study[12:14]] == [("未", "00F4B6AE"), ("按", "00CFE8D0")]


def test_stamped_scans_and_telephone_corrections_are_asked_for(tmp_path: Path) -> None:
    world = make_world(tmp_path, campaign={"stamped": True})
    world.file("B01", "2023-W42", {STUDY: [CLASS], PROBLEMS: [], OPINIONS: []}, nil=[PROBLEMS, OPINIONS])
    world.receive("2023-10-23T10:00")
    declare(world.workspace, "B01", STUDY, (), set_=["天数=3"], reason="少写一天", caller="市住房局办公室", taker="综合科",
            on=datetime(2023, 10, 23, 11), period="2023-W42", row=7)
    world.reopen()
    found = of(world, "2023-10-23T13:00")
    (e,) = [e for e in found.entries if e.unit == "B01"]
    assert (e.open, e.stamp_missing, e.unwritten) == ((), True, ("集中学习台账 第7行（2023-W42）：天数 2 → 3",))
    assert reminders.of_unit(found, "B01").splitlines()[1:] == [
        "1. 口头更正待书面 集中学习台账 第7行（2023-W42）：天数 2 → 3", "2. 缺盖章件", "请补齐后一并报送。"]
    assert found.asked == {"待说明": 0, "待书面": 1, "缺盖章件": 1, "连续未报": 12}


def test_the_terminal_tells_the_same_without_colours(world: World) -> None:
    result = CliRunner().invoke(main, ["-w", str(world.root), "roster", "2023-W42", "--as-of", "2023-10-23T13:00"],
                                catch_exceptions=False)
    lines = result.output.splitlines()
    assert lines[0] == "2023年第42周（10月16日—10月22日）　截止 10月23日 12:00，已过 1 小时"
    assert lines[1] == "应报 15 张表　实报 6 张表　零报送 2 张表　迟报 1 张表　退回 1 张表　未报 8 张表　连续未报 8 张表"
    (line,) = [x for x in lines if "西岭县" in x]
    assert line.split() == ["未编组", "西岭县", "问题台账（连续7期）", "集中学习台账（1处）", "未未未未未未未"]
    assert lines[-1] == ("近7期，旧的在前：按 按时　零 零报送　迟 迟报补报（黄）　未 未报、退 退回未重报（红）　待 未到截止；"
                         "一个单位几张表的，写最差的一张。")


def test_a_message_stays_short() -> None:
    names = [f"第{n}台账" for n in range(1, 10)]
    assert reminders.some(names[:6]) == "、".join(names[:6])
    assert reminders.some(names) == "第1台账、第2台账、第3台账、第4台账、第5台账、第6台账等9张表"
    assert [reminders.short(Period("2023-W51"), Period(p)) for p in ("2023-W52", "2024-W01")] == ["第51周", "2023年第51周"]
