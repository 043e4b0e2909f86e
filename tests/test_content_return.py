"""What the office sends back by its content: a state of the row with its history, counted by hand.

WT-1 of D01 goes back twice, comes again twice, is accepted, and fails the later check twice. WT-2 went back and is awaited.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hand_world import HandWorld, monday, problem, review
from jianbao.brief.brief import open_brief
from jianbao.cli import main
from jianbao.errors import UnknownName
from jianbao.intake.chronicle import history
from jianbao.intake.decided import awaited, standings
from jianbao.intake.decided import told as told_by
from jianbao.intake.sentback import add_returned
from worlds import LEDGERS, make_world


def filled(column: str, title: str, **more: str) -> dict[str, Any]:
    """A column of the problems that the office's reviews fill with what they say of the last return."""
    return {"title": title, **more, "filled_from": {"ledger": "reviews", "column": column, "latest": "decided_on",
                                                    "key": {"problem_id": "item"}, "where": "decision = '退回'"}}


REVIEWED: dict[str, Any] = {
    **LEDGERS["problems"],
    "returns": {"state": "review", "returned": "退回", "waiting": "待审", "reason": "reason", "returned_on": "returned_on",
                "due": "due", "refiled_on": "refiled_on"},
    "columns": {
        **LEDGERS["problems"]["columns"],
        "refiled_on": {"title": "重报日期", "type": "date"},
        "reason": filled("reason", "退回原因"),
        "returned_on": filled("decided_on", "退回日期", type="date"),
        "due": filled("due_on", "重报时限", type="date"),
    },
}
REVIEWS: dict[str, Any] = {
    **LEDGERS["reviews"],
    "columns": {**LEDGERS["reviews"]["columns"], "reason": {"title": "退回原因"}, "due_on": {"title": "重报时限", "type": "date"}},
}


def day(month: int, n: int) -> date:
    return date(2023, month, n)


IN, TO = "期内", "累计"
LAST = day(11, 30)


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    """W41 is Oct 9–15, W42 16–22, W43 23–29, W44 Oct 30–Nov 5, W45 6–12."""
    w = HandWorld(tmp_path)
    wt1, wt2 = problem("WT-1", day(10, 9)), problem("WT-2", day(10, 10))
    w.file("problems", 41, "D01", wt1, wt2)
    w.file("reviews", 41, "Z01", review("D01", "WT-1", "退回", day(10, 12), reason="过细过碎", due_on=day(10, 18)))
    w.file("problems", 42, "D01", wt1 | {"summary": "合并后的问题", "refiled_on": day(10, 17)})
    w.file("reviews", 42, "Z01", review("D01", "WT-1", "退回", day(10, 19), reason="措施不实", due_on=day(10, 25)),
           review("D01", "WT-2", "退回", day(10, 20), reason="不聚焦", due_on=day(10, 27)))
    w.file("problems", 43, "D01", wt1 | {"summary": "再改的问题", "refiled_on": day(10, 24)})
    w.file("reviews", 43, "Z01", review("D01", "WT-1", "合格", day(10, 26)))
    w.file("problems", 44, "D01", wt1 | {"summary": "再改的问题", "refiled_on": day(10, 24), "status": "已整改", "closed_on": day(10, 31)})
    w.file("reviews", 44, "Z01", review("D01", "WT-1", "回头看不合格", day(11, 2), due_on=day(11, 9)))
    w.file("reviews", 45, "Z01", review("D01", "WT-1", "回头看不合格", day(11, 10)))
    return w


def told(world: HandWorld, on: date, key: str = "WT-1") -> tuple[Any, ...]:
    """state, times returned, times refiled, failures, awaited"""
    [s] = [s for s in standings(world.workspace, on) if s.key == key]
    return s.state, s.returns, s.refilings, s.failures, s.open


def test_a_row_goes_back_comes_again_is_accepted_and_fails(world: HandWorld) -> None:
    assert told(world, day(10, 15)) == ("退回", 1, 0, 0, True)
    assert told(world, day(10, 18)) == ("退回", 1, 0, 0, True)          # what W42 says is known of Oct 22
    assert told(world, day(10, 22)) == ("退回", 2, 1, 0, True)          # and back again on the 19th
    assert told(world, day(10, 29)) == ("合格", 2, 2, 0, False)
    assert told(world, day(11, 5)) == ("合格", 2, 2, 1, False)          # a later check is another question
    assert told(world, LAST) == ("合格", 2, 2, 2, False)


def test_once_it_came_again_it_waits_for_the_office(world: HandWorld) -> None:
    world.file("problems", 44, "C01", problem("WT-1", day(10, 30)) | {"refiled_on": day(11, 3)})
    world.file("reviews", 44, "Z01", review("C01", "WT-1", "退回", day(11, 1), reason="重复", due_on=day(11, 8)), at=monday(44, 10))
    [s] = [s for s in standings(world.workspace, day(11, 5)) if s.unit == "C01"]
    assert (s.state, s.returns, s.refilings, s.open) == ("待审", 1, 1, False)


def test_the_counts_of_a_problem_that_went_back_twice(world: HandWorld) -> None:
    value = world.value
    assert value("problems.returned_too_fine", "D01", 42, TO) == 1      # the second time for another reason
    assert value("problems.filed", "D01", 42, TO) == 2
    assert value("problems.return_rate", "D01", 42, TO) == 1            # 2 problems of 2, three returns
    assert [value("problems.returned_open", "D01", n) for n in (41, 42, 43, 44)] == [1, 2, 1, 1]
    assert [value("problems.waiting", "D01", n) for n in (41, 42, 43)] == [1, 0, 0]
    assert [value("problems.accepted", "D01", n) for n in (42, 43)] == [0, 1]
    assert [value("problems.refiled", "D01", n, TO) for n in (41, 42, 43)] == [0, 0, 1]    # W42's came back again
    assert [value("problems.recheck_failed", "D01", n, IN) for n in (43, 44, 45)] == [0, 1, 1]
    assert value("problems.recheck_failed", "D01", 45, TO) == 2


def test_filed_is_accepted_and_awaited_and_waiting(world: HandWorld) -> None:
    for n in (41, 42, 43, 44):
        parts = [world.value(f"problems.{x}", "D01", n) for x in ("accepted", "returned_open", "waiting")]
        assert world.value("problems.filed", "D01", n, TO) == sum(p or 0 for p in parts) == 2


def test_what_is_awaited_past_its_day_is_counted_until_it_comes(world: HandWorld) -> None:
    assert [world.value("problems.refile_overdue", "D01", n) for n in (41, 42, 43, 44)] == [0, 0, 1, 1]   # WT-2, due Oct 27
    found = awaited(world.workspace, LAST)
    assert [(s.key, s.reason, s.due, s.overdue(LAST)) for s in found] == [("WT-2", "不聚焦", day(10, 27), 34)]
    world.file("problems", 46, "D01", problem("WT-2", day(10, 10)) | {"refiled_on": day(11, 15)})
    assert awaited(world.workspace, LAST) == []
    assert world.value("problems.refile_overdue", "D01", 46) == 0


def test_a_day_of_refiling_put_right_counts_once(world: HandWorld) -> None:
    world.file("problems", 46, "D01", problem("WT-2", day(10, 10)) | {"refiled_on": day(11, 14)})
    world.file("problems", 46, "D01", problem("WT-2", day(10, 10)) | {"refiled_on": day(11, 15)}, at=monday(46, 10))
    assert told(world, LAST, "WT-2") == ("待审", 1, 1, 0, False)


def test_the_history_of_a_row_tells_everything_in_order(world: HandWorld) -> None:
    found = history(world.workspace, "L11", "D01", "WT-1")
    assert [(e.on, e.what) for e in found.events] == [
        (day(10, 12), "退回"), (day(10, 16), "报送"), (day(10, 17), "重报"), (day(10, 19), "退回"), (day(10, 24), "重报"),
        (day(10, 26), "合格"), (day(11, 2), "回头看不合格"), (day(11, 6), "再报"), (day(11, 10), "回头看不合格"),
    ]
    assert found.events[2].changes == (("问题摘要", "问题", "合并后的问题"), ("重报日期", "", "2023-10-17"))
    assert (found.events[3].reason, found.events[3].due) == ("措施不实", day(10, 25))
    assert found.events[7].changes == (("整改状态", "整改中", "已整改"), ("完成日期", "", "2023-10-31"))


def test_the_history_as_known_then(world: HandWorld) -> None:
    found = history(world.workspace, "L11", "D01", "WT-1", datetime(2023, 10, 17))
    assert [e.what for e in found.events] == ["退回", "报送"]


def test_the_verb_prints_it(world: HandWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_NOW", "2023-11-30T09:00")
    monkeypatch.setenv("COLUMNS", "200")
    run = CliRunner().invoke(main, ["-w", str(world.folder), "history", "L11", "D01", "WT-2"])
    assert run.exit_code == 0, run.output
    lines = run.output.splitlines()
    assert lines[0] == "检视问题台账　D01　WT-2"
    assert lines[1] == "现在：退回，应于 2023-10-27 前重报，已过 34 天。退回 1 次，重报 0 次。"
    assert "不聚焦；2023-10-27 前重报" in run.output
    said = json.loads(CliRunner().invoke(main, ["-w", str(world.folder), "history", "检视问题台账", "D01", "WT-1", "--json"]).output)
    assert (said["returned"], said["refiled"], said["failed"], said["state"]) == (2, 2, 2, "合格")


@pytest.mark.parametrize(("ledger", "key", "message"), [
    ("L11", "WT-9", "检视问题台账 has no WT-9 of D01. It has, among others, WT-1, WT-2."),
    ("L02", "1", "集中学习台账: its rows have no key, so that none can be told from the others."),
    ("L14", "1", "told by"),
])
def test_a_row_that_is_not_there_is_said_to_be(world: HandWorld, ledger: str, key: str, message: str) -> None:
    with pytest.raises(UnknownName, match=message.replace("(", r"\(")):
        history(world.workspace, ledger, "D01", key)


def test_the_next_template_tells_its_unit(world: HandWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    from openpyxl import Workbook

    monkeypatch.setenv("JIANBAO_NOW", "2023-10-30T09:00")
    book = Workbook()
    add_returned(world.workspace, book, world.workspace.period("2023-W44"), ["D01"])
    ws = book.worksheets[0]
    assert ws.title == "退回事项"
    assert ws["A1"].value == "退回事项：1 项要改好重报，其中 1 项已过时限"
    assert ws["A2"].value == "按退回原因改好，在对应的台账里用原来的编号再报一行，并填“重报日期”。这张表只供查看，不用填。"
    assert [c.value for c in ws[5]] == ["检视问题台账", "D01", "WT-2", "问题", "2023-10-20", "不聚焦", "2023-10-27", "已过 3 天"]
    add_returned(world.workspace, (other := Workbook()), world.workspace.period("2023-W44"), ["C01"])
    assert other.sheetnames == ["Sheet"]


def test_a_reminder_names_what_is_awaited(world: HandWorld) -> None:
    assert told_by(world.workspace, day(10, 26)) == {"D01": ["检视问题台账 WT-2（不聚焦，10月27日前重报）"]}
    assert told_by(world.workspace, day(10, 30)) == {"D01": ["检视问题台账 WT-2（不聚焦，10月27日前重报，已过 3 天）"]}
    assert told_by(world.workspace, day(10, 13)) == {"D01": ["检视问题台账 WT-1（过细过碎，10月18日前重报）"]}


def test_a_row_that_went_back_and_comes_without_the_day_is_asked_about(tmp_path: Path) -> None:
    """Filed as a workbook, the way a unit does it."""
    ledgers = {**LEDGERS, "problems": REVIEWED, "reviews": REVIEWS}
    w = make_world(tmp_path, ledgers=ledgers)
    row = {"问题编号": "WT-1", "问题摘要": "甲", "登记日期": day(10, 10), "状态": "整改中"}
    w.file("C02", "2023-W41", {"问题台账": [row]})
    w.receive("2023-10-16T09:00")
    w.file("Z01", "2023-W42", {"审核记录": [{"单位": "C02", "条目编号": "WT-1", "审核意见": "退回", "审核日期": day(10, 17),
                                        "退回原因": "不聚焦", "重报时限": day(10, 20)}]})
    w.receive("2023-10-18T09:00")
    for at, again in (("T09:00", {}), ("T10:00", {"重报日期": day(10, 12)}), ("T11:00", {"重报日期": day(10, 19)})):
        w.file("C02", "2023-W42", {"问题台账": [{**row, "问题摘要": "甲乙", **again}]})
        found = [f for f in w.receive(f"2023-10-23{at}").findings if f.rule == "refiled"]
        if again.get("重报日期") == day(10, 19):
            assert found == []
        else:
            [f] = found
            lacking = "新的日期。" if again else "。"
            assert (f.severity, f.message, f.remedy) == (
                "warning", f"“WT-1”10月17日被退回（不聚焦），要求 10月20日前重报；这次报了，“重报日期”没有填{lacking}",
                "已按退回意见改好的，填上“重报日期”；没有改的，仍按退回计。")


def test_the_leader_is_told_first_of_what_failed_twice(world: HandWorld) -> None:
    brief = open_brief("2023-W46", "root", product="report", workspace=world.workspace)
    brief.returned()
    table = brief.parts[-1]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["D01", "检视问题台账 WT-1", "再改的问题", "2次，重报2次", "措施不实", "10月25日", "合格", "回头看不合格2次，最近11月10日"],
        ["D01", "检视问题台账 WT-2", "问题", "1次", "不聚焦", "10月27日", "未重报，逾期23天", "—"],
    ]
    assert (table.face, table.notes) == ("working", ("复核两次以上不合格的1项列在前面，请领导过问。",))
    assert [row[6].tone for row in table.rows] == ["", "red"]
