"""Workbooks out, and the same workbooks back: what a template asks for is what a receive takes."""

from __future__ import annotations

import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from jianbao.intake.inbox import receive
from jianbao.intake.layout import HEADER_ROW, NIL_ROW
from jianbao.intake.template import make_templates
from worlds import World, make_world

VALUES: dict[str, Any] = {
    "单位": "东湖县",
    "学习类型": "读书班",
    "开始日期": date(2023, 10, 17),
    "结束日期": date(2023, 10, 18),
    "天数": 2,
    "主题": "一",
    "参加人数": 30,
    "出勤率": 0.9,
    "问题编号": "WT-1",
    "问题摘要": "排队",
    "登记日期": date(2023, 10, 17),
    "状态": "整改中",
    "收到意见数": 3,
    "答复数": 2,
    "条目编号": "WT-1",
    "审核意见": "合格",
    "审核日期": date(2023, 10, 19),
    "期号": 1,
    "标题": "一",
    "印发日期": date(2023, 10, 18),
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path)
    world.receive("2023-10-16T10:00")
    return world


def made(world: World, **how: bool) -> dict[str, Path]:
    return {p.name: p for p in make_templates(world.workspace, world.workspace.period("2023-W42"), **how)}


def titles(ws: Any) -> list[str]:
    return [c.value for c in ws[HEADER_ROW] if c.value]


def fill(path: Path, to: Path, *, filer: str | None = None) -> None:
    """One row in every sheet, in the columns that have a value above and may be written."""
    book = load_workbook(path)
    for ws in book.worksheets:
        if ws.sheet_state != "visible":
            continue
        if filer:
            ws["B3"] = filer
        for j, title in enumerate(titles(ws), 1):
            if title in VALUES:
                ws.cell(HEADER_ROW + 1, j).value = VALUES[title]
    to.parent.mkdir(parents=True, exist_ok=True)
    book.save(to)


def test_one_for_each_filer_with_a_sheet_for_each_ledger_due(world: World) -> None:
    assert {
        name: [ws.title for ws in load_workbook(p).worksheets if ws.sheet_state == "visible"] for name, p in made(world).items()
    } == {
        "B01_市住房局_2023-W42.xlsx": ["集中学习台账", "意见统计表", "问题台账"],
        "C01_东湖县_2023-W42.xlsx": ["集中学习台账", "意见统计表", "问题台账"],
        "C02_西岭县_2023-W42.xlsx": ["集中学习台账", "意见统计表", "问题台账"],
        "C02-T01_石桥镇_2023-W42.xlsx": ["集中学习台账", "问题台账"],
        "Z01_市攻坚办_2023-W42.xlsx": ["刊物台账", "审核记录"],
    }


def test_all_templates_filled_in_come_back_without_a_finding(world: World) -> None:
    for name, path in made(world).items():
        fill(path, world.root / "data" / "inbox" / name)
    receipt = world.receive("2023-10-23T10:00")
    assert receipt.findings == []
    assert receipt.counts == {"stored": 5}
    assert all(f.guesses == () for f in receipt.files)


def test_a_filled_common_template_comes_back_without_a_finding(world: World) -> None:
    paths = made(world, common=True)
    assert list(paths) == ["市直_2023-W42.xlsx", "县_2023-W42.xlsx", "乡镇_2023-W42.xlsx", "办公室_2023-W42.xlsx"]
    fill(paths["县_2023-W42.xlsx"], world.root / "data" / "inbox" / "a.xlsx", filer="东湖县")
    (report,) = world.receive("2023-10-23T10:00").files
    assert (report.filer, report.outcome, report.findings) == ("C01", "stored", ())


def test_a_common_template_lists_its_filers(world: World) -> None:
    book = load_workbook(made(world, common=True)["县_2023-W42.xlsx"])
    ws = book["集中学习台账"]
    assert not ws["B3"].protection.locked
    (choice,) = [v for v in ws.data_validations.dataValidation if "B3" in str(v.sqref)]
    assert listed(book, choice) == ["东湖县", "西岭县"]


def listed(book: Any, validation: Any) -> list[str]:
    """The values of a drop-down that a defined name on the hidden sheet gives."""
    sheet, cells = next(iter(book.defined_names[validation.formula1.removeprefix("=")].destinations))
    assert book[sheet].sheet_state == "veryHidden"
    return [row[0].value for row in book[sheet][cells]]


def test_codes_are_drop_downs_and_titles_carry_notes(world: World) -> None:
    book = load_workbook(made(world)["C02_西岭县_2023-W42.xlsx"])
    ws = book["集中学习台账"]
    assert titles(ws) == ["学习类型", "开始日期", "结束日期", "天数", "主题", "参加人数", "出勤率"]
    (choice,) = [v for v in ws.data_validations.dataValidation if "A7" in str(v.sqref)]
    assert listed(book, choice) == ["读书班", "中心组", "专题研讨"]
    assert ws["A6"].comment.text == "必填\n选项：读书班、中心组、专题研讨"
    assert ws.freeze_panes == "A7"
    assert ws.column_dimensions["B"].number_format == "yyyy-mm-dd"
    assert "约需 6 分钟" in ws["A2"].value


def test_who_and_when_stand_there_to_see_and_hidden(world: World) -> None:
    book = load_workbook(made(world)["C02_西岭县_2023-W42.xlsx"])
    ws = book["问题台账"]
    assert (ws["B3"].value, ws["B4"].value, ws.cell(NIL_ROW, 2).value) == ("西岭县", "2023年第42周（10月16日—10月22日）", None)
    meta = {row[0].value: row[1].value for row in book["_meta"].iter_rows() if row[0].value != "sheet"}
    assert (meta["filer"], meta["period"], meta["minutes"]) == ("C02", "2023-W42", 23)
    assert book["_meta"].sheet_state == "veryHidden"


def test_what_the_office_decides_is_grey_and_locked_and_not_taken(world: World) -> None:
    path = made(world)["C02_西岭县_2023-W42.xlsx"]
    ws = load_workbook(path)["问题台账"]
    assert titles(ws)[-1] == "审核结果"
    assert ws.protection.sheet
    assert ws.column_dimensions["F"].protection.locked
    assert not ws.column_dimensions["A"].protection.locked
    VALUES["审核结果"] = "合格"
    try:
        fill(path, world.root / "data" / "inbox" / "a.xlsx")
    finally:
        del VALUES["审核结果"]
    (report,) = world.receive("2023-10-23T10:00").files
    assert report.findings == ()


def test_only_who_files_for_several_is_asked_for_the_unit(world: World) -> None:
    paths = made(world)
    assert titles(load_workbook(paths["C01_东湖县_2023-W42.xlsx"])["集中学习台账"])[0] == "单位"
    assert titles(load_workbook(paths["C01_东湖县_2023-W42.xlsx"])["意见统计表"])[0] == "收到意见数"
    assert titles(load_workbook(paths["Z01_市攻坚办_2023-W42.xlsx"])["审核记录"])[0] == "单位"


def test_an_empty_template_sent_back_is_not_filed(world: World) -> None:
    path = made(world)["C02-T01_石桥镇_2023-W42.xlsx"]
    receipt = receive(world.workspace, path, received_at=datetime(2023, 10, 23, 10))
    assert [f.rule for f in receipt.findings] == ["not-filed", "not-filed"]
    assert receipt.files[0].outcome == "returned"


@pytest.mark.office
@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_template_saved_by_another_program_still_comes_back_clean(world: World, tmp_path: Path, kind: str) -> None:
    filled = tmp_path / "filled" / "C02.xlsx"
    fill(made(world)["C02_西岭县_2023-W42.xlsx"], filled)
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", kind, "--outdir"]
    subprocess.run([*command, str(world.root / "data" / "inbox"), str(filled)], check=True, capture_output=True, timeout=120)
    (report,) = world.receive("2023-10-23T10:00").files
    assert (report.file, report.outcome, report.filer) == (f"C02.{kind}", "stored", "C02")
    assert (report.findings, report.guesses) == ((), ())


@pytest.mark.office
def test_a_template_survives_a_round_trip_through_another_program(world: World, tmp_path: Path) -> None:
    """xlsx → ods → xlsx: who and when, the hidden copy of both, and what may be chosen are still there, and it can be filed."""
    path = made(world)["C02_西岭县_2023-W42.xlsx"]
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to"]
    for kind, source in (("ods", path), ("xlsx", tmp_path / f"{path.stem}.ods")):
        subprocess.run([*command, kind, "--outdir", str(tmp_path), str(source)], check=True, capture_output=True, timeout=120)
    back = tmp_path / path.name
    before, after = load_workbook(path), load_workbook(back)
    assert [(ws.title, ws.sheet_state == "visible") for ws in after] == [(ws.title, ws.sheet_state == "visible") for ws in before]
    assert [row[:2] for row in after["_meta"].values][:2] == [("filer", "C02"), ("period", "2023-W42")]
    ws = after["集中学习台账"]
    assert [ws.cell(row, 2).value for row in (3, 4)] == ["西岭县", "2023年第42周（10月16日—10月22日）"]
    assert titles(ws) == titles(before["集中学习台账"])
    assert choices(after) == choices(before)
    fill(back, world.root / "data" / "inbox" / "C02.xlsx")
    (report,) = world.receive("2023-10-23T10:00").files
    assert (report.outcome, report.filer, report.findings, report.guesses) == ("stored", "C02", (), ())


def choices(book: Any) -> set[str]:
    """The drop-downs of the study ledger: where they begin, and what may be chosen. An .ods keeps them for 1,000 rows."""
    found = set()
    for rule in book["集中学习台账"].data_validations.dataValidation:
        if rule.type != "list":
            continue
        name = rule.formula1.removeprefix("=").removeprefix("$")
        if name.startswith('"'):
            values = [name.strip('"')]
        else:
            at = book.defined_names[name].destinations if name in book.defined_names else [name.replace("'", "").split("!")]
            values = [row[0].value for sheet, cells in at for row in book[sheet][cells]]
        found.add(f"{str(rule.sqref).partition(':')[0]}: {'、'.join(map(str, values))}")
    return found
