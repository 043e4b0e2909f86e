"""The story of a receive: seen before, read, checked, stored, sent back; master workbooks first."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from jianbao.errors import DefinitionError, JianbaoError
from jianbao.intake.inbox import check
from worlds import World, make_world

CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
STUDY = "集中学习台账"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def rows(world: World, ledger: str, as_of: str | None = None) -> int:
    snapshot = world.workspace.snapshot(datetime.fromisoformat(as_of) if as_of else None)
    return len(snapshot.connection.sql(f"select 1 from {snapshot.source(ledger)}").fetchall())


def test_the_same_content_is_received_once(world: World) -> None:
    path = world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    (path.parent / "b.xlsx").write_bytes(path.read_bytes())
    assert [(f.file, f.outcome) for f in world.receive().files[1:]] == [("a.xlsx", "stored"), ("b.xlsx", "duplicate")]
    again = world.receive()
    assert [(f.file, f.outcome) for f in again.files] == [("a.xlsx", "duplicate"), ("b.xlsx", "duplicate")]
    assert again.exit_code == 0
    assert rows(world, "study") == 1


def test_a_refile_replaces_and_an_absent_sheet_stays(world: World) -> None:
    problem = {"问题编号": "WT-1", "问题摘要": "排队", "登记日期": date(2023, 10, 17), "状态": "整改中"}
    world.file("C02", "2023-W42", {STUDY: [CLASS], "问题台账": [problem]})
    world.receive()
    world.file("C02", "2023-W42", {STUDY: [CLASS, {**CLASS, "天数": 1}]})
    world.receive("2023-10-23T11:00")
    assert (rows(world, "study"), rows(world, "problems")) == (2, 1)
    assert rows(world, "study", as_of="2023-10-23T10:30") == 1


def test_an_empty_sheet_without_the_tick_is_not_filed(world: World) -> None:
    world.file("C02", "2023-W42", {STUDY: [], "问题台账": [], "意见统计表": []}, nil=["问题台账"])
    report = world.receive().files[-1]
    assert [(s.ledger, s.nil, s.accepted) for s in report.sheets] == [("problems", True, True)]
    assert [(f.severity, f.rule, f.message) for f in report.findings] == [
        ("warning", "not-filed", "“集中学习台账”是空的，没有选零报送，按未报处理。"),
        ("warning", "not-filed", "“意见统计表”是空的，没有选零报送，按未报处理。"),
    ]
    assert world.workspace.store.covered("study", "2023-W42") == {}
    assert world.workspace.store.covered("problems", "2023-W42") == {"C02": 0}


def test_received_times_come_from_the_list_beside_the_files(world: World) -> None:
    folder = world.root / "data" / "inbox" / "week42"
    world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx", folder=folder)
    world.file("B01", "2023-W42", {STUDY: [CLASS]}, name="b.xlsx", folder=folder)
    with (folder / "received.csv").open("w", encoding="utf-8-sig", newline="") as f:
        csv.writer(f).writerows([["file", "received_at"], ["a.xlsx", "2023-10-23T12:00"]])
    receipt = world.receive("2023-10-24T09:00")
    assert [(f.file, f.received_at.isoformat()) for f in receipt.files[1:]] == [
        ("week42/a.xlsx", "2023-10-23T12:00:00"),
        ("week42/b.xlsx", "2023-10-24T09:00:00"),
    ]
    filings = world.workspace.store.filings()
    assert dict(zip(filings["unit"], filings["late"].astype(bool), strict=True)) == {"C02": False, "B01": True}
    assert receipt.version is not None
    assert receipt.version.as_of == datetime(2023, 10, 24, 9)


def test_a_received_list_that_cannot_be_meant_names_its_line(world: World) -> None:
    path = world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    (path.parent / "received.csv").write_text("file,received_at\na.xlsx,昨天\n", encoding="utf-8")
    with pytest.raises(JianbaoError, match=r"received\.csv:2: should have the columns file and received_at"):
        world.receive()


def test_lock_files_are_not_deliveries_and_other_files_are(world: World) -> None:
    path = world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    (path.parent / "~$a.xlsx").write_bytes(b"lock")
    (path.parent / "说明.pdf").write_bytes(b"%PDF-1.7")
    receipt = world.receive()
    assert [(f.file, f.outcome) for f in receipt.files[1:]] == [("a.xlsx", "stored"), ("说明.pdf", "unreadable")]
    assert receipt.exit_code == 1
    assert receipt.counts == {"stored": 2, "unreadable": 1}


def test_every_file_once_in_json(world: World) -> None:
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99}]}, name="a.xlsx")
    (data,) = world.receive().to_json()[1:]
    assert {k: data[k] for k in ("file", "outcome", "filer", "period", "guesses")} == {
        "file": "a.xlsx",
        "outcome": "returned",
        "filer": "C02",
        "period": "2023-W42",
        "guesses": [],
    }
    assert data["sheets"] == [{"ledger": "study", "title": STUDY, "sheet": STUDY, "rows": 1, "nil": False, "accepted": False}]
    assert [(f["rule"], f["cell"]) for f in data["findings"]] == [("max", "D7")]
    assert data["returned"].endswith(".xlsx")


def test_check_stores_and_writes_nothing(world: World) -> None:
    path = world.file("C02", "2023-W42", {STUDY: [{**CLASS, "天数": 99}]})
    receipt = check(world.workspace, [path], received_at=datetime(2023, 10, 23, 10))
    assert [(f.outcome, f.findings[0].rule) for f in receipt.files] == [("returned", "max")]
    assert (receipt.exit_code, receipt.version, world.workspace.store.version()) == (1, None, None)
    assert not (world.root / "data" / "returns").exists()


def test_a_folder_that_is_not_there_is_said(world: World) -> None:
    with pytest.raises(JianbaoError, match="is not there"):
        world.receive(path=world.root / "nowhere")


def test_master_workbooks_make_a_new_version_when_they_change(world: World) -> None:
    assert [(f.file, [s.ledger for s in f.sheets]) for f in world.receive().files] == [("master/master.xlsx", ["register"])]
    assert world.receive().files == ()
    assert world.workspace.register.find("东湖县") == "C01"
    path = world.root / "data" / "master" / "master.xlsx"
    book = load_workbook(path)
    book["单位名册"]["B5"] = "东湖区"
    book.save(path)
    world.receive("2023-10-30T10:00")
    assert world.workspace.register.find("东湖区") == "C01"
    assert world.workspace.register_at(datetime(2023, 10, 24)).find("东湖县") == "C01"


def test_master_sheets_name_units_of_the_register_received_with_them(tmp_path: Path) -> None:
    world = make_world(tmp_path, master={"基数表": [{"单位编码": "东湖县", "基准日": date(2023, 9, 1), "企业数": 120}]})
    world.receive()
    (row,) = world.workspace.master_rows("bases") or []
    assert (row["unit"], row["firms"], row["date"]) == ("C01", 120, date(2023, 9, 1))


@pytest.mark.parametrize(
    ("master", "message"),
    [
        ({"基数表": [{"单位编码": "C99", "基准日": date(2023, 9, 1)}]}, "master.xlsx › 基数表 › A2: 单位名册里没有“C99”。"),
        ({"基数表": [{"单位编码": "C01", "基准日": date(2023, 9, 1), "企业数": -1}]}, "› C2: “企业数”小于 0。"),
        ({"基数表": [{"甲": 1}]}, "基数表: 找不到表头。"),
    ],
)
def test_an_error_in_a_master_workbook_stops_everything(
    tmp_path: Path, master: dict[str, list[dict[str, object]]], message: str
) -> None:
    world = make_world(tmp_path, master=master)
    world.file("C02", "2023-W42", {STUDY: [CLASS]})
    with pytest.raises(DefinitionError, match=message.replace(".", r"\.")):
        world.receive()
    assert world.workspace.store.version() is None


def test_a_register_that_cannot_be_a_tree_stops_everything(tmp_path: Path) -> None:
    world = make_world(
        tmp_path,
        units=[("root", "青石市", "", None, "市", "汇总", None, False), ("C01", "东湖县", "", "C09", "县", "县", None, True)],
    )
    with pytest.raises(DefinitionError, match=r"data/master: register: no parent of unit C01: 'C09'"):
        world.receive()
    assert world.workspace.store.version() is None
