"""Broken workbooks and nonsense in cells: nothing raises, nothing hangs, each file is stored or told why not.

The long version is bench/fuzz.py.
"""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from hostile_files import biff, ods, ods_rows, ole, shared
from jianbao.intake import reader
from jianbao.intake.inbox import check
from jianbao.intake.reader import RawBook, RawSheet
from mutants import mutant
from worlds import World, make_world, write_sheet

STUDY, EVERY, PERIOD = "集中学习台账", "各类列台账", "2023-W42"
ROWS = [{"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2, "主题": f"第{n}次", "出勤率": 0.8} for n in range(8)]
TYPES = ("str", "int", "num", "percent", "date", "datetime", "bool", "code", "list", "unit")
LEDGER = {
    "code": "L90", "title": EVERY, "kind": "event", "filed_by": ["县"], "date": "c_date", "key": ["c_str"],
    "columns": {
        f"c_{kind}": {"title": f"列{kind}", "type": kind, **({"codes": ["甲", "乙", "无"]} if kind in ("code", "list") else {}),
                      **({"min": 0, "max": 100} if kind in ("int", "num") else {}), **({"max_length": 20} if kind == "str" else {})}
        for kind in TYPES
    },
    "rules": [{"id": "order", "check": "c_datetime >= c_date", "column": "c_datetime", "message": "{c_datetime} 早于 {c_date}。",
               "remedy": "核对。"}],
}  # fmt: skip
PLAIN = [[STUDY], [], ["填报单位", "C02"], ["统计期", PERIOD], ["零报送"], ["学习类型", "开始日期", "天数"],
         *[["读书班", "2023-10-17", "2"]] * 5]  # fmt: skip


def workbook() -> bytes:
    book = Workbook()
    book.active.title = STUDY
    write_sheet(book.active, STUDY, "C02", PERIOD, ROWS)
    write_sheet(book.create_sheet("问题台账"), "问题台账", "C02", PERIOD, [
        {"问题编号": "WT-1", "问题摘要": "排队", "登记日期": date(2023, 10, 17), "状态": "整改中"}])
    book.create_sheet("_meta").append(["filer", "C02"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    from worlds import LEDGERS

    world = make_world(tmp_path_factory.mktemp("fuzz"), ledgers={**LEDGERS, "every": LEDGER})
    world.file("C01", PERIOD, {STUDY: ROWS[:1]})
    world.receive()
    return world


def test_mutants(world: World) -> None:
    book = workbook()
    sources = {".xlsx": (book, shared(book)), ".xls": (ole(biff({STUDY: PLAIN})),), ".ods": (ods(ods_rows(PLAIN)),),
               ".csv": ("\n".join(",".join(map(str, r)) for r in PLAIN).encode("gb18030"),)}  # fmt: skip
    random = Random(20231016)
    folder = world.root / "mutants"
    folder.mkdir()
    for n in range(300):
        suffix = random.choice((".xlsx", ".xlsx", ".xlsx", ".xls", ".ods", ".csv"))
        (folder / f"{n:03d}{suffix}").write_bytes(mutant(random.choice(sources[suffix]), random)[0])
    receipt = world.receive("2023-10-23T11:00", folder)
    assert len(receipt.files) == 300
    for report in receipt.files:
        assert report.outcome in ("stored", "partly", "returned", "unreadable", "duplicate")
        if report.outcome in ("partly", "unreadable"):
            assert any(f.severity == "error" for f in report.findings), report
        assert report.findings or report.outcome != "returned"
        assert all(f.rule and f.message and f.remedy for f in report.findings), report
    assert receipt.counts["stored"] > 30
    assert receipt.counts["unreadable"] > 30


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text("0123456789.,-+/年月日号万亿%：:eE１２①²፩〇一二十廿 至~*'=@", max_size=14),
    st.sampled_from([r for row in PLAIN for r in row] + [
        "合计", "填表人：", "是", "无", "甲、乙", "C01", "东湖县", "2023-10-17", "9999-12-31", "0000-00-00", "45216", "1e400", "=1+1", "\0",
        "\ud800", "110101199003071233", "{c_date}", "%s", "1" * 400, "龘" * 5000]),
)  # fmt: skip
VALUES = st.one_of(
    st.just(""), TEXTS, st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas(),
    st.integers(-10, 100).map(float), st.sampled_from([float("inf"), float("nan"), 1e308, -1e308, 2.0**53, 45216.0, 20231017.0]),
)  # fmt: skip
CELLS = st.lists(st.lists(VALUES, min_size=len(TYPES), max_size=len(TYPES)), min_size=1, max_size=12)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(cells=CELLS, above=st.lists(st.lists(VALUES, max_size=4), max_size=3), unit=VALUES, period=VALUES)
@example(cells=[[float("inf")] * len(TYPES), ["፩፩፩፩፩"] * len(TYPES)], above=[], unit="C01", period=PERIOD)
@example(cells=[["\ud800"] * len(TYPES)] * 2, above=[["\ud800"]], unit="\ud800", period="\ud800")
@example(cells=[["x"] * len(TYPES)], above=[], unit="C01", period=float("inf"))
@example(cells=[["x"] * len(TYPES)], above=[], unit=float("nan"), period=datetime(9999, 12, 31))
@example(cells=[[date(1, 1, 1)] * len(TYPES), [time(1)] * len(TYPES)], above=[], unit="C01", period=timedelta(1))
def test_any_value_in_any_column(world: World, cells: list[list[Any]], above: list[list[Any]], unit: Any, period: Any) -> None:
    """As the reader might hand it over, whatever the file said."""
    titles = [f"列{kind}" for kind in TYPES]
    rows = [*above, ["填报单位", unit], ["统计期", period], titles, *cells]
    width = max(map(len, rows))
    book = RawBook([RawSheet(EVERY, True, [[*r, *[""] * (width - len(r))] for r in rows], {}, [])])
    path = world.root / "any.xlsx"
    path.write_bytes(workbook())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader._Child, "results", lambda self, sizes: (book for _ in sizes))
        (report,) = check(world.workspace, [path], received_at=datetime(2023, 10, 23, 10)).files
    assert report.outcome in ("stored", "partly", "returned")
    assert all(f.rule and f.message and f.remedy for f in report.findings)
    report.to_json()
    str(report)


def test_any_value_that_a_workbook_can_hold(tmp_path: Path) -> None:
    """The same through a file, stored and read again."""
    world = make_world(tmp_path, ledgers={"every": LEDGER})
    random = Random(7)
    values = ["x", "12", "１２", "约30", 12, 12.5, -1e300, True, date(2023, 10, 17), datetime(2023, 10, 17, 8), time(8), "2023年10月17日",
              "甲", "甲、丙", "东湖县", "85.3%", "=1/0", "合计", "'", " ", None, "是"]  # fmt: skip
    rows = [{f"列{kind}": random.choice(values) for kind in TYPES} for _ in range(200)]
    world.file("C01", PERIOD, {EVERY: rows})
    good = {"列str": "一", "列date": date(2023, 10, 17), "列list": "甲、乙", "列percent": "85%"}
    world.file("C02", PERIOD, {EVERY: [good]})
    reports = {f.filer: f for f in world.receive().files if f.filer}
    assert (reports["C01"].outcome, reports["C02"].outcome) == ("returned", "stored")
    snapshot = world.workspace.snapshot()
    rows_back = snapshot.connection.sql(f"select c_str, c_date, c_list, c_percent from {snapshot.source('every')}").fetchall()
    assert rows_back == [("一", date(2023, 10, 17), ["甲", "乙"], 0.85)]
