"""Corrections: taken by telephone, sent in as 更正单, declared for many rows at once; and what became of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from jianbao.brief.brief import Brief
from jianbao.cli import main
from jianbao.errors import DefinitionError, JianbaoError
from jianbao.intake import amendments, corrections
from jianbao.intake.declaring import Declared, declare
from jianbao.workspace import Workspace
from worlds import World, make_world

STUDY, PROBLEMS, OPINIONS, AMEND = "集中学习台账", "问题台账", "意见统计表", "更正单"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 12, "参加人数": 30}
PROBLEM = {"问题编号": "WT-001", "问题摘要": "窗口排队久", "登记日期": date(2023, 10, 9), "状态": "整改中"}
NOON = datetime(2023, 10, 24, 12)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_NOW", "2023-11-30T12:00:00")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return filed(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same, for what changes nothing."""
    return filed(tmp_path_factory.mktemp("kept"))


def filed(folder: Path) -> World:
    world = make_world(folder)
    world.file("C02", "2023-W42", {STUDY: [CLASS], PROBLEMS: [PROBLEM, {**PROBLEM, "问题编号": "WT-002"}],
                                   OPINIONS: [{"收到意见数": 10, "答复数": 4}]})
    world.receive("2023-10-23T10:00")
    return world


def told(world: World, *args: Any, **more: Any) -> Declared:
    """A correction by telephone, as the verb declares it."""
    said = {"reason": "多写一个2", "caller": "西岭县攻坚办", "taker": "综合科", "on": NOON, **more}
    unit, ledger, *key = args
    made = declare(world.workspace, unit, ledger, key, **said)
    world.reopen()
    return made


def rows(world: World, ledger: str, *columns: str, as_of: datetime | None = None) -> list[tuple[Any, ...]]:
    snapshot = world.workspace.snapshot(as_of or world.workspace.as_of())
    return snapshot.connection.sql(f"select {', '.join(columns)} from {snapshot.source(ledger)} order by all").fetchall()


def states(world: World, as_of: datetime | None = None) -> list[str]:
    return [s.state for s in corrections.standings(world.workspace, as_of)]


# By telephone

def test_a_row_without_key_is_found_by_period_and_line(world: World) -> None:
    made = told(world, "西岭县", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    assert made.changes == (("天数", "12", "2"),)
    assert made.path == world.root / "params" / "corrections" / "2023-W42.yml"
    (said,) = world.workspace.definitions.corrections
    assert said.model_dump(exclude_defaults=True) | {"status": said.status} == {
                    "ledger": "study", "unit": "C02", "match": {"period": "2023-W42", "row": 7},
                    "expect": {"study_type": "读书班", "start_date": "2023-10-17", "days": 12}, "set": {"days": 2},
                    "reason": "多写一个2", "who": "西岭县攻坚办", "taker": "综合科", "on": datetime(2023, 10, 24, 12), "status": "待书面"}
    assert rows(world, "study", "days") == [(2.0,)]
    assert rows(world, "study", "days", as_of=datetime(2023, 10, 24, 11)) == [(12.0,)]


def test_a_row_with_a_key_is_found_by_it_and_columns_by_title_alias_or_name(world: World) -> None:
    made = told(world, "C02", "L11", "wt-001", set_=["状态=已整改", "closed_on=10月20日"])
    assert made.changes == (("状态", "整改中", "已整改"), ("完成日期", "空", "2023-10-20"))
    assert rows(world, "problems", "problem_id", "status", "closed_on") == [
        ("WT-001", "已整改", date(2023, 10, 20)), ("WT-002", "整改中", None)]


def test_a_second_one_corrects_what_the_first_one_made(world: World) -> None:
    told(world, "C02", STUDY, set_=["天数=1.5"], period="2023-W42", row=7, on=datetime(2023, 10, 24, 9))
    told(world, "C02", STUDY, set_=["天数=2", "参加人数="], period="2023-W42", row=7, on=datetime(2023, 10, 24, 10))
    assert rows(world, "study", "days", "people") == [(2.0, None)]
    assert rows(world, "study", "days", as_of=datetime(2023, 10, 24, 9, 30)) == [(1.5,)]
    assert states(world) == ["待书面", "待书面"]


def test_comments_and_earlier_declarations_are_kept(world: World) -> None:
    path = world.root / "params" / "corrections" / "2023-W42.yml"
    path.parent.mkdir()
    path.write_text("# 十月的更正，综合科保管", encoding="utf-8")
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    told(world, "C02", PROBLEMS, "WT-002", set_=["问题摘要=材料\"多\"：要跑两趟 # 次"])
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# 十月的更正，综合科保管\n- ledger: study      # 集中学习台账，西岭县\n  unit: \"C02\"\n")
    assert rows(world, "problems", "summary") == [("材料\"多\"：要跑两趟 # 次",), ("窗口排队久",)]
    assert sorted(p.name for p in path.parent.iterdir()) == ["2023-W42.yml"]


def test_what_does_not_load_is_not_written(world: World) -> None:
    path = world.root / "params" / "corrections" / "2023-W42.yml"
    path.parent.mkdir()
    path.write_text("[]  # nothing\n", encoding="utf-8")
    with pytest.raises(DefinitionError, match="the correction was not written; with it the definitions do not load"):
        told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    assert path.read_text(encoding="utf-8") == "[]  # nothing\n"


@pytest.mark.parametrize(("args", "more", "message"), [
    (("C03", STUDY), {}, "no unit 'C03'. Did you mean: C0"),
    (("C02", "集中学习台帐"), {}, "no ledger '集中学习台帐'"),
    (("C02", STUDY), {}, "集中学习台账 has no key: name the row by --period 2023-W42 --row 7, its row in the filed sheet."),
    (("C02", STUDY), {"period": "2023-W42", "row": 8}, "no row 8 of C02 in 集中学习台账 for 2023-W42. There are rows 7."),
    (("C02", STUDY), {"period": "2023-W41", "row": 7}, "no row 7 of C02 in 集中学习台账 for 2023-W41. C02 filed none for it."),
    (("C01", PROBLEMS, "WT-001"), {}, "C01 has no row in 问题台账."),
    (("C02", PROBLEMS, "WT-01"), {}, "no row of C02 in 问题台账 called 'WT-01'. Did you mean: WT-001, WT-002?"),
    (("C02", PROBLEMS), {}, "问题台账: name the row by 问题编号, 1 value(s); 0 given."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状太=已整改"]}, "问题台账 has no column '状太'. Did you mean: 状态?"),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态"]}, "--set 状态: write 列=值, as in --set 天数=3."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=完成"]}, "--set 状态=完成: “完成”不在“状态”的选项里。"),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["审核结果=合格"]}, "审核结果 is decided by the office in a ledger of its own"),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=整改中"]}, "nothing changes: 状态 is 整改中 already."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=已整改"]}, "the row would be wrong: 状态为已整改，没有完成日期。补填完成日期。"),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["问题摘要="]}, "the row would be wrong: “问题摘要”必填，不能清空。"),
    (("C02", STUDY), {"period": "2023-W42", "row": 7, "set_": ["天数=99"]}, "the row would be wrong: “天数”"),
    (("C02", PROBLEMS, "WT-001"), {"set_": []}, "nothing to set. Write --set 列=值, or --withdraw to take the row out."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=已整改"], "reason": " "}, "--reason ' ' explains nothing."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=已整改"], "caller": "王小明"}, "--caller '王小明' looks like a person's name."),
    (("C02", PROBLEMS, "WT-001"), {"set_": ["状态=已整改"], "on": datetime(2023, 12, 25)}, "--on 2023-12-25T00:00 lies ahead."),
    (("C02", "单位名册", "C02"), {}, "单位名册 is no ledger that units file; master data are corrected in data/master."),
])
def test_what_cannot_be_meant_is_said_and_nothing_written(kept: World, args: tuple[str, ...], more: Mapping[str, Any],
                                                          message: str) -> None:
    with pytest.raises(JianbaoError) as e:
        told(kept, *args, **{"set_": ["天数=2"], **more})
    assert message in str(e.value)
    assert not (kept.root / "params" / "corrections").exists()


# 待书面 until the file agrees

def test_it_waits_for_paper_until_the_unit_refiles_the_same(world: World) -> None:
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    assert states(world) == ["待书面"]
    (finding,) = corrections.findings(world.workspace)
    assert (finding.severity, finding.rule, finding.unit, finding.period) == ("warning", "unwritten", "C02", "2023-W42")
    assert finding.message == "集中学习台账 第7行（2023-W42）：天数 12 → 2，10月24日西岭县攻坚办口头更正，还没有书面的。"
    assert finding.remedy == "请重报原表，或报一份更正单。"
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "学习类型": "中心组", "天数": 1}, {**CLASS, "天数": 2}]})    # it stands elsewhere now
    world.receive("2023-10-25T10:00")
    assert states(world) == ["已书面"]
    assert corrections.findings(world.workspace) == []
    assert states(world, NOON) == ["待书面"]
    assert sorted(rows(world, "study", "study_type", "days")) == [("中心组", 1.0), ("读书班", 2.0)]


def test_a_later_file_that_repeats_the_old_number_does_not_undo_it(world: World) -> None:
    told(world, "C02", PROBLEMS, "WT-001", set_=["问题摘要=窗口少"])
    world.file("C02", "2023-W43", {PROBLEMS: [PROBLEM]})
    world.receive("2023-10-30T10:00")
    assert states(world) == ["待书面"]
    assert set(rows(world, "problems", "problem_id", "summary")) == {("WT-001", "窗口少"), ("WT-002", "窗口排队久")}
    world.file("C02", "2023-W44", {PROBLEMS: [{**PROBLEM, "问题摘要": "窗口少"}]})
    world.receive("2023-11-06T10:00")
    assert states(world) == ["已书面"]


def test_one_that_the_refiled_row_contradicts_is_not_applied_and_told(world: World) -> None:
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 3}]})
    world.receive("2023-10-25T10:00")
    assert states(world) == ["已失效"]
    (finding,) = corrections.findings(world.workspace)
    assert finding.message == "集中学习台账 第7行（2023-W42）：天数 12 → 2，没有使用：现在的数不是更正时的数（多写一个2）。"
    assert finding.remedy == "请核对后改写或删去 params/corrections 里的这一条。"
    assert rows(world, "study", "days") == [(3.0,)]


def test_a_confirmed_one_simply_holds(world: World) -> None:
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7, status="确认")
    assert states(world) == ["生效"]
    assert corrections.findings(world.workspace) == []


def test_a_row_filed_by_mistake_is_withdrawn(world: World) -> None:
    told(world, "C02", PROBLEMS, "WT-002", set_=[], withdraw=True, status="待书面")
    assert rows(world, "problems", "problem_id") == [("WT-001",)]
    assert corrections.findings(world.workspace)[0].message.startswith("问题台账 WT-002：删去 1 行，10月24日")
    world.file("C02", "2023-W42", {PROBLEMS: [PROBLEM]})
    world.receive("2023-10-25T10:00")
    assert states(world) == ["已书面"]


# Many rows at once

def declared(world: World, **said: Any) -> Workspace:
    path = world.root / "params" / "corrections" / "a.yml"
    path.parent.mkdir(exist_ok=True)
    base = {"reason": "认定办法调整", "who": "市攻坚办综合科", "on": "2023-10-24T09:00:00"}
    path.write_text(yaml.safe_dump([{**base, **said}], allow_unicode=True), encoding="utf-8")
    return world.reopen()


def test_one_declaration_changes_a_code_for_many_rows_of_all_units(world: World) -> None:
    world.file("B01", "2023-W42", {STUDY: [CLASS, {**CLASS, "天数": 1}]})
    world.receive("2023-10-23T11:00")
    declared(world, ledger="study", unit="*", where="study_type = '读书班' and days >= 12", set={"study_type": "专题研讨"},
             expect={"rows": 2})
    assert rows(world, "study", "unit", "days", "study_type") == [
        ("B01", 1.0, "读书班"), ("B01", 12.0, "专题研讨"), ("C02", 12.0, "专题研讨")]
    assert states(world) == ["生效"]


def test_another_number_of_rows_than_said_changes_none_and_is_told(world: World) -> None:
    workspace = declared(world, ledger="problems", unit="C02", where="status = '整改中'", withdraw=True, expect={"rows": 3})
    assert len(rows(world, "problems", "problem_id")) == 2
    (finding,) = corrections.findings(workspace)
    assert finding.message == "问题台账 2 行：删去 2 行，没有使用：应改 3 行，现有 2 行（认定办法调整）。"
    assert workspace.snapshot(workspace.as_of()).failed_corrections() == [
        "problems, C02, status = '整改中': 2 rows, not 3 (认定办法调整)"]


@pytest.mark.parametrize(("said", "message"), [
    ({"unit": "*", "where": "days > 3", "set": {"days": 3}}, "a correction of all units says how many rows it hits: expect: {rows: 12}."),
    ({"unit": "C02", "set": {"days": 3}}, "say which rows by match: {column: value} or by where: an expression, one of the two."),
    ({"unit": "C02", "where": "days > 3", "set": {"days": 3}, "withdraw": True},
     "say what the rows become by set: {column: value}, or withdraw: true, one of the two."),
    ({"unit": "C02", "where": "dais > 3", "set": {"days": 3}}, "where: ledger study has no column 'dais'. Did you mean: days"),
    ({"unit": "C02", "where": "days > 3", "set": {"study_type": "读书斑"}}, "no code of study_type '读书斑'. Did you mean: 读书班?"),
    ({"unit": "C02", "where": "start_date > period_ends", "set": {"days": 3}}, "period_ends depends on the period asked"),
    ({"unit": "C02", "where": "days > 3", "set": {"days": 3}, "expect": {"rows": "many"}},
     "rows is a number of rows, which 'many' is not."),
])
def test_a_declaration_that_cannot_be_meant_does_not_load(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError) as e:
        _ = declared(make_world(tmp_path), ledger="study", **said).definitions
    assert message in str(e.value) and "params/corrections/a.yml:1" in str(e.value)


# 更正单

LINE = {"台账": STUDY, "原统计期": "2023-W42", "条目": 7, "列": "天数", "原填": 12, "改为": 2, "理由": "多写一个2",
        "说明人职务": "综合科科长"}


def amended(world: World, *lines: Mapping[str, Any], filer: str = "C02", at: str = "2023-10-24T10:00") -> Any:
    world.file(filer, "2023-W43", {AMEND: [{**LINE, **x} for x in lines]})
    (report,) = [f for f in world.receive(at).files if f.outcome != "duplicate"]
    return report


def test_lines_become_corrections_from_the_moment_they_came(world: World) -> None:
    closed = {"台账": "问题台账", "原统计期": None, "条目": "WT-001", "列": "完成日期", "原填": None, "改为": "10月20日"}
    report = amended(world, {}, closed)
    assert (report.outcome, report.findings) == ("stored", ())
    assert rows(world, "study", "days") == [(2.0,)]
    assert rows(world, "problems", "closed_on") == [(date(2023, 10, 20),), (None,)]
    assert rows(world, "study", "days", as_of=datetime(2023, 10, 24, 9)) == [(12.0,)]
    assert states(world) == ["生效", "生效"]
    (c, _) = [s.correction for s in corrections.standings(world.workspace)]
    assert (c.who, c.reason, c.on) == ("综合科科长", "多写一个2", datetime(2023, 10, 24, 10))


def test_two_sheets_of_one_week_both_hold(world: World) -> None:
    amended(world, {})
    amended(world, {"列": "参加人数", "原填": 30, "改为": 31}, at="2023-10-24T11:00")
    assert rows(world, "study", "days", "people") == [(2.0, 31)]


def test_the_unit_s_paper_closes_what_was_said_by_telephone(world: World) -> None:
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7, on=datetime(2023, 10, 24, 9))
    report = amended(world, {})
    assert [(f.severity, f.message, f.remedy) for f in report.findings] == [
        ("warning", "这一格已经是“2”，不用再改。", "确要改成别的，请重填“改为”。")]
    assert states(world)[0] == "已书面"
    assert rows(world, "study", "days") == [(2.0,)]


@pytest.mark.parametrize(("line", "column", "message", "remedy"), [
    ({"台账": "集中学习台帐"}, "of_ledger", "没有“集中学习台帐”这种台账。", "是不是“集中学习台账”？请填台账名称。"),
    ({"列": "天树"}, "of_column", "“集中学习台账”没有“天树”这一列。", "是不是“天数”？请填表头上的列名。"),
    ({"原填": 11}, "was", "“天数”现在是“12”，不是“11”。", "请核对原填；以系统里现有的数为准。"),
    ({"改为": "两天"}, "is_", "“天数”：“两天”不是数字。", "请只填阿拉伯数字，如 12 或 12.5（小数用点，不加“约”“余”等字）。"),
    ({"改为": 12}, "is_", "“改为”与“原填”相同。", "没有要改的，请删去这一行。"),
    ({"改为": None}, "is_", "改为“空”以后不符合规则：“天数”必填，不能清空。", "填上应有的数。"),
    ({"条目": 8}, "item", "2023-W42 的“集中学习台账”里没有“8”这一条。", "请填这一行在原表里的行号。"),
    ({"台账": PROBLEMS, "条目": "WT-01", "列": "状态"}, "item", "2023-W42 的“问题台账”里没有“WT-01”这一条。",
     "是不是“WT-001”？请填这一行的编号。"),
    ({"原统计期": None}, "of_period", "“集中学习台账”的行没有编号，要写明原统计期。", "请填这一行是哪一期报的，如 2023-W42。"),
    ({"台账": PROBLEMS, "条目": "WT-001", "列": "审核结果"}, "of_column", "“问题台账”没有“审核结果”这一列可以更正。",
     "这一列由办公室认定。"),
    ({"说明人职务": "王小明"}, "post", "“说明人职务”填的“王小明”像是姓名。", "请填职务或科室，不填姓名。"),
])
def test_one_wrong_line_returns_the_sheet(kept: World, line: Mapping[str, Any], column: str, message: str, remedy: str) -> None:
    report = amended(kept, {"列": "参加人数", "原填": 30, "改为": 31}, line)
    errors = [(f.column, f.message, f.remedy) for f in report.findings if f.severity == "error"]
    if column != "post":       # names are masked wherever they are shown
        assert errors == [(column, message, remedy)]
    assert report.outcome == "returned" and len(errors) >= 1
    assert rows(kept, "study", "days", "people") == [(12.0, 30)]


def test_a_unit_corrects_its_own_and_the_office_anybody_s(world: World) -> None:
    world.file("C01", "2023-W42", {STUDY: [{"单位": "柳河镇", **CLASS}]})
    world.receive("2023-10-23T11:00")
    assert amended(world, {"单位": "柳河镇"}, filer="C01").outcome == "stored"
    report = amended(world, {"单位": "西岭县"}, filer="C01")
    assert [f.message for f in report.findings] == ["“西岭县”的数不由“东湖县”更正。"]
    assert amended(world, {"单位": "西岭县"}, filer="Z01").outcome == "stored"
    assert rows(world, "study", "unit", "days") == [("C01-T01", 2.0), ("C02", 2.0)]


def test_rows_of_a_figure_say_that_they_were_corrected(tmp_path: Path) -> None:
    from jianbao.brief.figures import source_rows
    from jianbao.numbers.cube import Cube
    from jianbao.numbers.readings import read
    from revision_world import INDICATORS

    world = make_world(tmp_path, indicators={"all": INDICATORS})
    world.file("C02", "2023-W42", {STUDY: [CLASS, {**CLASS, "天数": 1}]})
    world.receive("2023-10-23T10:00")
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W42", row=7)
    period = world.workspace.period("2023-W42")
    reading = read(Cube(world.workspace, [period], indicators=["days"]), "days", "root", period)
    assert reading.value == 3
    assert list(reading.rows()["corrected"]) == ["天数 12 → 2（多写一个2，待书面）", ""]
    assert ("已更正", "天数 12 → 2（多写一个2，待书面）") in source_rows(reading)[0].values


def test_the_blank_sheet_comes_back_filled_in(world: World) -> None:
    """As a unit does it: the unit chosen, one line typed below the titles."""
    path = amendments.template(world.workspace, world.workspace.period("2023-W43"))
    assert path == world.root / "data" / "outbox" / "2023-W43" / "更正单_2023-W43.xlsx"
    book = load_workbook(path)
    sheet = book["更正单"]
    assert [c.value for c in sheet[6]] == ["单位", "台账", "原统计期", "条目", "列", "原填", "改为", "理由", "说明人职务"]
    sheet["B3"] = "西岭县"
    for j, value in enumerate((STUDY, "2023年第42周", 7, "天数", 12, 2, "多写一个2", "综合科科长"), 2):
        sheet.cell(7, j, value)
    book.save(world.root / "data" / "inbox" / "西岭县更正.xlsx")
    (report,) = [f for f in world.receive("2023-10-30T10:00").files if f.file == "西岭县更正.xlsx"]
    assert (report.outcome, report.findings) == ("stored", ())
    assert rows(world, "study", "days") == [(2.0,)]


def test_an_empty_correction_sheet_among_the_others_says_nothing(world: World) -> None:
    world.file("B01", "2023-W43", {STUDY: [{**CLASS, "开始日期": date(2023, 10, 24)}], AMEND: []}, name="b.xlsx")
    (report,) = [f for f in world.receive("2023-10-30T10:00").files if f.file == "b.xlsx"]
    assert (report.outcome, report.findings) == ("stored", ())


# What a brief and the terminal say

def test_an_open_correction_is_among_the_findings_of_a_brief(tmp_path: Path) -> None:
    import revision_world

    world = revision_world.world(tmp_path)
    revision_world.study(world, "C02", "2023-W41", {**CLASS, "开始日期": date(2023, 10, 10)})
    world.receive("2023-10-16T10:00")
    told(world, "C02", STUDY, set_=["天数=2"], period="2023-W41", row=7)
    tree = world.workspace.register.on(date(2023, 10, 22))
    for unit, expected in (("root", 1), ("C02", 1), ("C01", 0)):
        brief = Brief(world.workspace, world.workspace.period("2023-W42"), tree[unit], NOON, "weekly")
        assert [f.rule for f in brief._findings] == ["unwritten"] * expected, unit
    earlier = Brief(world.workspace, world.workspace.period("2023-W40"), tree["root"], NOON, "weekly")
    assert [f.rule for f in earlier._findings] == []      # the row was filed for a later week


def test_a_figure_revised_while_its_period_was_open_again_says_so(tmp_path: Path) -> None:
    import revision_world
    from jianbao.intake.closing import act
    from jianbao.numbers.causes import Meanwhile
    from jianbao.numbers.cube import Cube
    from jianbao.numbers.readings import read

    world = revision_world.world(tmp_path)
    revision_world.study(world, "C02", "2023-W41", {**CLASS, "开始日期": date(2023, 10, 10)})
    world.receive("2023-10-16T10:00")
    workspace, period = world.workspace, world.workspace.period("2023-W41")
    act(workspace, "close", period, who="综合科", reason="周报已印发", at=datetime(2023, 10, 17, 9))
    act(workspace, "reopen", period, who="综合科", reason="停电迟到", at=datetime(2023, 10, 18, 9))
    revision_world.study(world, "C01", "2023-W41", {**CLASS, "开始日期": date(2023, 10, 10)}, name="迟到.xlsx")
    world.receive("2023-10-18T10:00")
    then, now = (Cube(workspace, [period], as_of=datetime(2023, 10, day, 12), indicators=["days"]) for day in (16, 18))
    (cause,) = Meanwhile(then, now).causes(read(now, "days", "root", period))
    assert (cause.unit.code, cause.reasons, cause.sources) == ("C01", ("late",), ("迟到.xlsx", "重开：停电迟到（综合科）"))


def test_the_verb_tells_what_was_and_is_and_lists_all(world: World) -> None:
    def call(*args: str) -> Result:
        return CliRunner().invoke(main, ["-w", str(world.root), "correct", *args], catch_exceptions=False)

    said = call("C02", STUDY, "-p", "2023-W42", "-r", "7", "--set", "天数=2", "--reason", "多写一个2", "--caller", "西岭县攻坚办",
                "--taker", "综合科", "--on", "2023-10-24T12:00")
    assert said.output.splitlines()[0] == "西岭县 集中学习台账 第7行（2023-W42）　天数：12 → 2"
    assert said.output.splitlines()[1].startswith("待书面，写入 ")
    assert said.output.splitlines()[1].endswith("2023-W42.yml；单位重报或报更正单后自动转为已书面。")
    listed = call("--list").output.splitlines()
    assert listed[0].split() == ["状态", "时间", "单位", "哪一行", "改动", "理由", "来电／记录"]
    assert listed[1].split() == ["待书面", "2023-10-24", "12:00", "西岭县", "集中学习台账", "第7行（2023-W42）", "天数", "12", "→", "2",
                                 "多写一个2", "西岭县攻坚办／综合科"]
    (one,) = json.loads(call("--list", "--json").stdout)
    assert [one[k] for k in ("state", "unit", "change", "rows")] == ["待书面", "C02", "天数 12 → 2", 1]
    wrong = call("C02")
    assert wrong.exit_code == 2 and "say whose row, of which ledger" in wrong.stderr
