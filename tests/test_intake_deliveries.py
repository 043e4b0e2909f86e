"""What units send, received: archives, the same workbook again, stamped scans, whole lists, and an inbox that moves."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from jianbao.cli import main
from jianbao.errors import JianbaoError
from jianbao.intake import arrivals, inbox
from jianbao.intake.inbox import check, receive
from jianbao.intake.receipt import FileReport, Receipt
from jianbao.intake.template import make_templates
from jianbao.intake.versions import version_mark, without_mark
from jianbao.store import catalogue
from worlds import LEDGERS, MASTERS, World, make_world

STUDY, PROBLEMS, COUNTS = "集中学习台账", "问题台账", "意见统计表"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
OTHER = {"学习类型": "中心组", "开始日期": date(2023, 10, 18), "天数": 1}
PDF = b"%PDF-1.7 stamped"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def inbox_of(world: World) -> Path:
    return world.root / "data" / "inbox"


def made(world: World, filer: str, *rows: dict[str, Any], stamped: str = "") -> bytes:
    """A workbook of the study ledger for 2023-W42."""
    path = world.file(filer, "2023-W42", {STUDY: rows}, folder=world.root / "made")
    if stamped:
        book = load_workbook(path)
        book[STUDY]["C5"], book[STUDY]["D5"] = "盖章件", stamped
        book.save(path)
    return path.read_bytes()


def put(world: World, name: str, content: bytes, *, at: datetime | None = None) -> Path:
    path = inbox_of(world) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if at is not None:
        os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def outcomes(receipt: Receipt) -> list[tuple[str, str]]:
    return [(f.file, f.outcome) for f in receipt.files if not f.file.startswith("master/")]


def report(receipt: Receipt, file: str) -> FileReport:
    (found,) = [f for f in receipt.files if f.file == file]
    return found


def days(world: World, as_of: datetime | None = None) -> list[tuple[str, float]]:
    """(unit, days) of every study row that counts."""
    snapshot = world.workspace.snapshot(as_of)
    return snapshot.connection.sql(f"select unit, days from {snapshot.source('study')} order by 1, 2").fetchall()  # type: ignore[no-any-return]


def deliveries(world: World) -> list[Any]:
    t = catalogue.deliveries
    with world.workspace.store.engine.connect() as c:
        return list(c.execute(select(t.c.name, t.c.kind, t.c.outcome, t.c.container, t.c.sha256, t.c.filer)
                              .where(~t.c.name.like("master/%")).order_by(t.c.id)))


# Archives


def test_an_archive_is_kept_and_each_workbook_in_it_received(world: World) -> None:
    content = zipped({"市直/住房局.xlsx": made(world, "B01", CLASS), "西岭县.xlsx": made(world, "C02", OTHER), "说明.txt": b"hi"})
    put(world, "汇总.zip", content)
    receipt = world.receive()
    assert outcomes(receipt) == [
        ("汇总.zip", "unpacked"),
        ("汇总.zip › 市直/住房局.xlsx", "stored"),
        ("汇总.zip › 西岭县.xlsx", "stored"),
        ("汇总.zip › 说明.txt", "unreadable"),
    ]
    assert days(world) == [("B01", 2), ("C02", 1)]
    whole, *inside = deliveries(world)
    assert (whole.kind, whole.container) == ("archive", "")
    assert {d.container for d in inside} == {whole.sha256}
    assert world.workspace.store.file(whole.sha256).read_bytes() == content
    assert outcomes(world.receive("2023-10-23T11:00")) == [("汇总.zip", "duplicate")]


def test_an_archive_sent_again_with_one_more_brings_only_that(world: World) -> None:
    first = {"住房局.xlsx": made(world, "B01", CLASS)}
    put(world, "一.zip", zipped(first))
    world.receive()
    put(world, "二.zip", zipped({**first, "西岭县.xlsx": made(world, "C02", CLASS)}))
    assert outcomes(world.receive("2023-10-23T11:00")) == [
        ("一.zip", "duplicate"), ("二.zip", "unpacked"), ("二.zip › 住房局.xlsx", "duplicate"), ("二.zip › 西岭县.xlsx", "stored")]


def test_an_archive_that_cannot_be_opened_is_kept_and_answered(world: World) -> None:
    whole = zipped({"住房局.xlsx": made(world, "B01", CLASS)})
    put(world, "半个.zip", whole[: len(whole) // 2])
    put(world, "炸.zip", zipped({f"{n}.xlsx": b"x" for n in range(2001)}))
    receipt = world.receive()
    assert [(f.file, f.outcome, f.findings[0].message) for f in receipt.files[1:]] == [
        ("半个.zip", "unreadable", "这是没有传完或已损坏的压缩包，不能当台账读。"),
        ("炸.zip", "unreadable", "压缩包里有 2001 个文件，超过 2000 个。")]
    assert all(f.returned for f in receipt.files[1:]) and receipt.exit_code == 1
    assert [d.kind for d in deliveries(world)] == ["workbook", "archive"]


def test_whose_a_workbook_is_may_stand_in_its_name_or_its_archives(world: World) -> None:
    content = load_workbook(io.BytesIO(made(world, "C02", CLASS)))
    content[STUDY]["B3"] = None
    out = io.BytesIO()
    content.save(out)
    put(world, "市攻坚办汇总.zip", zipped({"西岭县.xlsx": out.getvalue()}))
    found = report(world.receive(), "市攻坚办汇总.zip › 西岭县.xlsx")
    assert (found.filer, found.guesses) == ("C02", ("填报单位按文件名认作 C02",))


# The same again, and several at once


@pytest.mark.parametrize("names", [
    ("台账.xlsx", "台账 - 副本.xlsx", "台账(1).xlsx", "台账（2）.xlsx", "台账v3.xlsx", "台账第4版.xlsx", "台账修改.xlsx", "台账修改2.xlsx",
     "台账最终版.xlsx", "台账最终版2.xlsx", "台账最终版2(1).xlsx"),
    ("report.xlsx", "report v2.xlsx", "report final.xlsx"),
])
def test_names_claim_a_version(names: tuple[str, ...]) -> None:
    marks = [version_mark(name) for name in names]
    assert marks == sorted(marks) and len(set(marks)) == len(marks)
    assert len({without_mark(name) for name in names}) == 1


@pytest.mark.parametrize("name", ["2023-W42.xlsx", "C01-T02_柳河镇.xlsx", "台账(2023).xlsx", "修改意见汇总.xlsx", "IV2.xlsx",
                                  "最终意见.xlsx"])
def test_other_names_claim_none(name: str) -> None:
    assert version_mark(name) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("order", [("台账.xlsx", "台账(1).xlsx", "台账最终版2.xlsx"), ("台账最终版2.xlsx", "台账(1).xlsx", "台账.xlsx")])
def test_of_several_at_once_the_one_named_latest_counts_and_it_is_said(world: World, order: tuple[str, ...]) -> None:
    contents = {"台账.xlsx": made(world, "C02", CLASS), "台账(1).xlsx": made(world, "C02", CLASS, OTHER),
                "台账最终版2.xlsx": made(world, "C02", {**CLASS, "天数": 5})}
    for n, name in enumerate(order):
        put(world, name, contents[name], at=datetime(2023, 10, 20, 9, n))
    receipt = world.receive()
    assert days(world) == [("C02", 5)]
    counts = report(receipt, "台账最终版2.xlsx")
    assert counts.guesses == ("“集中学习台账”同时收到几份，按文件名的版本和保存时间认作这一份",)
    assert [(f.severity, f.rule, f.message, f.remedy) for f in counts.findings] == [
        ("warning", "several", "同时收到的还有“台账.xlsx”、“台账(1).xlsx”；以这一份为准。",
         "请核对是不是这一份；不是的，把该用的那份单独重报一次。")]
    assert [(f.rule, f.message, f.remedy) for f in report(receipt, "台账.xlsx").findings] == [
        ("several", "同时收到几份“集中学习台账”，以“台账最终版2.xlsx”为准，这一份不计。", "应以这一份为准的，请单独重报一次。")]
    assert {f.outcome for f in receipt.files} == {"stored"}


def test_names_that_say_nothing_are_told_apart_by_when_they_were_saved(world: World) -> None:
    put(world, "b.xlsx", made(world, "C02", CLASS), at=datetime(2023, 10, 20, 9))
    put(world, "a.xlsx", made(world, "C02", OTHER), at=datetime(2023, 10, 20, 10))
    world.receive()
    assert days(world) == [("C02", 1)]


def test_when_the_latest_is_returned_the_one_before_counts(world: World) -> None:
    put(world, "台账.xlsx", made(world, "C02", CLASS))
    put(world, "台账最终版.xlsx", made(world, "C02", {**CLASS, "天数": 99}))
    receipt = world.receive()
    assert days(world) == [("C02", 2)]
    assert [f.message for f in report(receipt, "台账.xlsx").findings] == [
        "同时收到的还有“台账最终版.xlsx”；“台账最终版.xlsx”有错退回；以这一份为准。"]


def test_the_same_rows_saved_anew_are_taken_and_called_equal(world: World) -> None:
    put(world, "台账.xlsx", made(world, "C02", CLASS, OTHER))
    put(world, "台账(1).xlsx", made(world, "C02", CLASS, OTHER) + b"")
    book = load_workbook(inbox_of(world) / "台账.xlsx")
    book.properties.creator = "WPS"
    book.save(inbox_of(world) / "台账(1).xlsx")
    receipt = world.receive()
    assert outcomes(receipt) == [("台账(1).xlsx", "stored"), ("台账.xlsx", "stored")]
    assert report(receipt, "台账.xlsx").guesses == ("“集中学习台账”与同时收到的“台账(1).xlsx”内容相同",)
    assert [f.findings for f in receipt.files[1:]] == [(), ()]
    book.properties.creator = "WPS again"
    book.save(inbox_of(world) / "台账(2).xlsx")
    later = world.receive("2023-10-24T10:00")
    assert report(later, "台账(2).xlsx").guesses == ("“集中学习台账”与 2023-10-23 10:00 收到的“台账(1).xlsx”内容相同，按重报收下",)
    assert days(world) == [("C02", 1), ("C02", 2)]


def test_a_changed_row_is_not_called_equal(world: World) -> None:
    put(world, "a.xlsx", made(world, "C02", CLASS))
    world.receive()
    put(world, "b.xlsx", made(world, "C02", {**CLASS, "天数": 3}))
    assert report(world.receive("2023-10-24T10:00"), "b.xlsx").guesses == ()
    assert days(world) == [("C02", 3)]


def test_one_ledger_refiled_alone_replaces_just_that_one(world: World) -> None:
    problem = {"问题编号": "WT-1", "问题摘要": "排队", "登记日期": date(2023, 10, 17), "状态": "整改中"}
    world.file("C02", "2023-W42", {STUDY: [CLASS], PROBLEMS: [problem], COUNTS: [{"收到意见数": 3, "答复数": 2}]})
    world.file("B01", "2023-W42", {STUDY: [CLASS]})
    world.receive()
    world.file("C02", "2023-W42", {COUNTS: [{"收到意见数": 4, "答复数": 4}]})
    world.receive("2023-10-24T09:00")
    snapshot = world.workspace.snapshot()
    assert snapshot.connection.sql(f"select opened, replied from {snapshot.source('opinions')}").fetchall() == [(4, 4)]
    assert len(snapshot.connection.sql(f"select 1 from {snapshot.source('problems')}").fetchall()) == 1
    assert days(world) == [("B01", 2), ("C02", 2)]


def test_a_list_sent_whole_each_week_is_one_list(tmp_path: Path) -> None:
    world = make_world(tmp_path, indicators={"bulletins": {"bulletins.issued": {
        "code": "K1", "title": {"zh": "印发刊物期数"}, "unit": "期", "nature": "result", "ledger": "bulletins",
        "value": "count()", "rolls_up": "sum", "definition": "印发的期数。"}}})
    monday = date(2023, 10, 2)
    listed: list[dict[str, Any]] = []
    for week, monday in ((40, date(2023, 10, 2)), (41, date(2023, 10, 9)), (42, date(2023, 10, 16))):
        listed = [{**r, "标题": r["标题"] + "（更正）"} if r["期号"] == 1 and week == 42 else r for r in listed]
        listed.append({"单位": "Z01", "期号": week - 39, "标题": f"第{week - 39}期", "印发日期": monday})
        world.file("Z01", f"2023-W{week}", {"刊物台账": listed})
        receipt = world.receive(f"{monday + timedelta(days=7)}T10:00")
        assert receipt.files[-1].outcome == "stored", receipt.findings
    snapshot = world.workspace.snapshot()
    now = snapshot.connection.sql(f"select issue_no, title from {snapshot.state('bulletins', date(2023, 10, 22))} order by 1").fetchall()
    assert now == [(1, "第1期（更正）"), (2, "第2期"), (3, "第3期")]


# Stamped scans


def test_a_scan_beside_a_workbook_is_kept_with_it_and_not_read(world: World) -> None:
    put(world, "C02 台账.xlsx", made(world, "C02", CLASS, stamped="√"))
    put(world, "C02 台账（盖章扫描件）.pdf", PDF)
    put(world, "市住房局.zip", zipped({"台账.xlsx": made(world, "B01", CLASS), "IMG_001.jpg": b"\xff\xd8\xff\xe0 photo"}))
    receipt = world.receive()
    assert outcomes(receipt) == [
        ("C02 台账.xlsx", "stored"), ("C02 台账（盖章扫描件）.pdf", "attached"), ("市住房局.zip", "unpacked"),
        ("市住房局.zip › IMG_001.jpg", "attached"), ("市住房局.zip › 台账.xlsx", "stored")]
    scan = report(receipt, "C02 台账（盖章扫描件）.pdf")
    assert (scan.filer, scan.period, scan.findings) == ("C02", "2023-W42", ())
    assert scan.guesses == ("认作 C02 2023-W42 的盖章件（文件名与台账相同），只留存，不读",)
    assert receipt.exit_code == 0 and not any(f.returned for f in receipt.files)
    with world.workspace.store.engine.connect() as c:
        t = catalogue.attachments
        assert c.execute(select(t.c.filer, t.c.period).order_by(t.c.filer)).all() == [("B01", "2023-W42"), ("C02", "2023-W42")]


def test_a_scan_that_comes_a_day_later_finds_its_filer(world: World) -> None:
    put(world, "a.xlsx", made(world, "C01", CLASS | {"单位": "东湖县"}, stamped="已附"))
    first = report(world.receive(), "a.xlsx")
    assert [(f.severity, f.rule, f.message, f.remedy) for f in first.findings if f.rule == "stamp"] == [
        ("warning", "stamp", "写明附了盖章件，没有收到。", "请把盖章件的扫描件或照片与台账一起再发一次，文件名写明单位。")]
    put(world, "柳河镇盖章.heic", b"\0\0\0\x18ftypheic photo")       # files through C01
    late = report(world.receive("2023-10-24T09:00"), "柳河镇盖章.heic")
    assert (late.outcome, late.filer, late.period) == ("attached", "C01", "2023-W42")
    put(world, "b.xlsx", made(world, "C01", CLASS | {"单位": "东湖县", "天数": 3}, stamped="是"))
    assert report(world.receive("2023-10-24T10:00"), "b.xlsx").findings == ()


@pytest.mark.parametrize("name", ["IMG_001.pdf", "西岭县.pdf"])
def test_a_scan_of_nobody_who_files_is_answered(world: World, name: str) -> None:
    put(world, "a.xlsx", made(world, "B01", CLASS))
    put(world, name, PDF)
    scan = report(world.receive(), name)
    assert (scan.outcome, [f.message for f in scan.findings]) == ("unreadable", ["这是 PDF，不能当台账读。"])


@pytest.mark.parametrize("said", ["否", "无", "待补"])
def test_what_is_no_tick_promises_no_scan(world: World, said: str) -> None:
    put(world, "a.xlsx", made(world, "C02", CLASS, stamped=said))
    assert report(world.receive(), "a.xlsx").findings == ()


def test_a_template_asks_for_the_scan_when_the_campaign_does(tmp_path: Path) -> None:
    for stamped, cells in ((False, ["零报送", None, None]), (True, ["零报送", None, "盖章件"])):
        world = make_world(tmp_path / str(stamped), campaign={"stamped": stamped})
        world.receive()
        path = next(p for p in make_templates(world.workspace, world.workspace.period("2023-W42")) if p.name.startswith("C02"))
        sheet = load_workbook(path).worksheets[0]
        assert [sheet.cell(5, j).value for j in (1, 2, 3)] == cells
        assert ("“盖章件”后选“是”" in str(sheet["E5"].value)) is stamped
        assert sheet["D5"].protection.locked is not stamped


# An inbox that moves


def test_a_file_still_being_written_is_left_and_taken_the_next_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(world, "a.xlsx", made(world, "C02", CLASS))
    put(world, "b.xlsx", made(world, "B01", CLASS))
    real = arrivals.read

    def meanwhile(found: arrivals.Found) -> bytes:
        if found.path == path:
            with path.open("ab") as f:
                f.write(b"more")
        return real(found)

    monkeypatch.setattr(inbox, "read", meanwhile)
    receipt = world.receive()
    assert outcomes(receipt) == [("a.xlsx", "left"), ("b.xlsx", "stored")]
    assert [(f.severity, f.message, f.remedy) for f in receipt.files[1].findings] == [("warning", "文件正在写入，没有收。", "留待下次。")]
    assert receipt.exit_code == 0
    monkeypatch.setattr(inbox, "read", real)
    path.write_bytes(made(world, "C02", CLASS))
    assert outcomes(world.receive("2023-10-23T11:00")) == [("a.xlsx", "stored"), ("b.xlsx", "duplicate")]


def test_a_file_that_is_too_long_to_be_kept_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MAX_KEPT", 100)
    put(world, "录像.mp4", b"x" * 101)
    assert [(f.outcome, f.findings[0].rule) for f in world.receive().files[1:]] == [("left", "too-large")]


def test_old_files_are_not_read_again_and_a_changed_one_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(world, "a.xlsx", made(world, "C02", CLASS), at=datetime(2023, 10, 20, 9))
    monkeypatch.setattr(arrivals, "FRESH", -1)
    world.receive()
    read: list[str] = []
    real = arrivals.read
    monkeypatch.setattr(inbox, "read", lambda found: (read.append(found.name), real(found))[1])
    assert outcomes(world.receive("2023-10-23T11:00")) == [("a.xlsx", "duplicate")]
    assert read == []
    path.write_bytes(made(world, "C02", OTHER))
    os.utime(path, (datetime(2023, 10, 20, 9).timestamp(),) * 2)
    assert outcomes(world.receive("2023-10-23T12:00")) == [("a.xlsx", "stored")]
    assert read == ["a.xlsx"] and days(world) == [("C02", 1)]


def test_a_batch_that_is_too_much_at_once_is_received_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH", 10)
    put(world, "a.xlsx", made(world, "C02", CLASS))
    put(world, "b.xlsx", made(world, "B01", CLASS))
    receipt = world.receive()
    assert outcomes(receipt) == [("a.xlsx", "stored"), ("b.xlsx", "stored")]
    assert receipt.version is not None and receipt.version.number == 3      # the master workbook and two parts


def test_returns_of_a_receive_that_was_stopped_are_written_by_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world, "a.xlsx", made(world, "C02", {**CLASS, "天数": 99}))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr("jianbao.intake.returned.write_returns", full)
        receipt = world.receive()
    assert report(receipt, "a.xlsx").returned is None
    assert receipt.notes == ("退回的副本没有写成（[Errno 28] No space left on device）；下次收表时补写。",)
    world.receive("2023-10-23T11:00")
    assert len(list((world.root / "data" / "returns" / "2023-W42").glob("a_退回_*.xlsx"))) == 1


# The clock


def test_a_clock_set_back_never_puts_a_file_before_an_older_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_NOW", "2023-10-23T10:00:00")
    put(world, "a.xlsx", made(world, "C02", CLASS))
    assert receive(world.workspace).notes == ()
    monkeypatch.setenv("JIANBAO_NOW", "2023-10-22T08:00:00")
    put(world, "b.xlsx", made(world, "C02", OTHER))
    receipt = receive(world.workspace)
    assert report(receipt, "b.xlsx").received_at == datetime(2023, 10, 23, 10, 0, 0, 1)
    assert receipt.notes == ("系统时钟比上次收表早（现在 2023-10-22 08:00:00），收到时间记作 2023-10-23 10:00:00；请校准时钟。",)
    assert days(world) == [("C02", 1)]
    assert days(world, datetime(2023, 10, 23, 10)) == [("C02", 2)]


def test_two_receives_in_one_second_are_two_moments_and_no_complaint(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_NOW", "2023-10-23T10:00:00")
    times = []
    for n, row in enumerate((CLASS, OTHER)):
        put(world, f"{n}.xlsx", made(world, "C02", row))
        receipt = receive(world.workspace)
        assert receipt.notes == ()
        times.append(report(receipt, f"{n}.xlsx").received_at)
    assert times[0] < times[1]


def test_a_time_said_outright_is_taken_but_not_from_the_future(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world, "a.xlsx", made(world, "C02", CLASS))
    world.receive("2023-10-24T10:00")
    put(world, "b.xlsx", made(world, "B01", CLASS))
    assert report(world.receive("2023-10-23T09:00"), "b.xlsx").received_at == datetime(2023, 10, 23, 9)
    monkeypatch.setenv("JIANBAO_NOW", "2023-10-23T10:00:00")
    with pytest.raises(JianbaoError, match=r"--received-at 2023-10-25 10:00 lies in the future\. Say when the files came\."):
        world.receive("2023-10-25T10:00")


# The rest


def test_check_looks_into_archives_and_stores_nothing(world: World) -> None:
    path = put(world, "汇总.zip", zipped({"西岭县.xlsx": made(world, "C02", CLASS), "盖章.pdf": PDF}))
    receipt = check(world.workspace, [path], received_at=datetime(2023, 10, 23, 10))
    assert outcomes(receipt) == [("汇总.zip", "unpacked"), ("汇总.zip › 盖章.pdf", "attached"), ("汇总.zip › 西岭县.xlsx", "stored")]
    assert world.workspace.store.version() is None


def test_opening_balances_of_an_office_that_starts_late_go_the_whole_way(tmp_path: Path) -> None:
    openings = {
        "code": "R9", "title": "期初数", "kind": "master",
        "columns": {"unit": {"title": "单位", "type": "unit", "required": True}, "indicator": {"title": "指标", "required": True},
                    "value": {"title": "数值", "type": "num", "required": True}, "on": {"title": "截至日期", "type": "date"},
                    "source": {"title": "来源", "required": True}}}
    world = make_world(
        tmp_path, ledgers={**LEDGERS, **MASTERS, "openings": openings},
        indicators={"study": {"study.days": {
            "code": "S1", "title": {"zh": "学习天数"}, "unit": "天", "nature": "result", "ledger": "study",
            "value": "sum(days)", "rolls_up": "sum", "definition": "天数之和。"}}},
        master={"期初数": [{"单位": "西岭县", "指标": "学习天数", "数值": 12, "截至日期": date(2023, 9, 30), "来源": "办公室台账"}]})
    put(world, "西岭县.xlsx", made(world, "C02", CLASS))
    run = CliRunner()
    received = run.invoke(main, ["-w", str(world.root), "receive", "--received-at", "2023-10-23T10:00"], catch_exceptions=False)
    assert received.exit_code == 0, received.output
    shown = run.invoke(main, ["-w", str(world.root), "show", "S1", "-u", "C02", "-p", "2023-W42", "--json"], catch_exceptions=False)
    assert {r["form"]: r["value"] for r in json.loads(shown.stdout)}["累计"] == 14
    book = Workbook()
    book.worksheets[0].title = "期初数"
    for row in (["单位", "指标", "数值", "来源"], ["西岭县", "学习天", 1, "x"]):
        book.worksheets[0].append(row)
    book.save(world.root / "data" / "master" / "更正期初.xlsx")
    refused = run.invoke(main, ["-w", str(world.root), "receive", "--received-at", "2023-10-24T10:00"])
    assert refused.exit_code == 2 and "no indicator '学习天'. Did you mean: 学习天数" in refused.stderr


def test_two_receives_at_once_take_each_file_once(world: World) -> None:
    for n in range(12):
        put(world, f"{n:02}.xlsx", made(world, "C02", {**CLASS, "主题": f"第{n}次"}))
    code = ("import sys, json; from pathlib import Path; from datetime import datetime; from jianbao.workspace import Workspace;"
            "from jianbao.intake.inbox import receive;"
            "r = receive(Workspace(Path(sys.argv[1])), received_at=datetime(2023, 10, 23, 10));"
            "print(json.dumps([[f.file, f.outcome] for f in r.files]))")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen([sys.executable, "-c", code, str(world.root)], stdout=subprocess.PIPE, env=env) for _ in range(2)]
    said = [json.loads(p.communicate(timeout=120)[0]) for p in both]
    assert [p.returncode for p in both] == [0, 0]
    found = sorted(file for one in said for file, outcome in one if outcome == "stored")
    assert found == [*(f"{n:02}.xlsx" for n in range(12)), "master/master.xlsx"]
    assert sorted(outcome for one in said for _, outcome in one) == ["duplicate"] * 12 + ["stored"] * 13
    assert days(world) == [("C02", 2)]
