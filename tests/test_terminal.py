"""What a terminal shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from jianbao import terminal
from jianbao.definitions.finding import Finding
from jianbao.intake.receipt import FileReport, Outcome, Receipt

AT = datetime(2023, 10, 23, 9)


def report(file: str, outcome: Outcome, **more: Any) -> FileReport:
    return FileReport(file, outcome, AT, **more)


def test_a_receipt_counts_duplicates_and_names_what_was_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.receipt(Receipt((
        report("甲.xlsx", "stored", guesses=("“Sheet1”按列名认作“学习台账”",)),
        report("乙.xlsx", "duplicate", guesses=("与甲.xlsx内容相同，没有再收",)),
        report("丙.xlsx", "duplicate", guesses=("与甲.xlsx内容相同，没有再收",)))))
    assert capsys.readouterr().out.splitlines() == [
        "自动识别  甲.xlsx：“Sheet1”按列名认作“学习台账”", "已收 1 份，重复 2 份；错误 0 条，提示 0 条"]


@pytest.mark.parametrize(("message", "shown"), [("日期不对。", "日期不对。请改。"), ("Wrong date.", "Wrong date. 请改。")])
def test_a_remedy_follows_its_message(capsys: pytest.CaptureFixture[str], message: str, shown: str) -> None:
    terminal.receipt(Receipt((report("甲.xlsx", "returned", findings=(Finding("error", "type", message, "请改。", file="甲.xlsx"),)),)))
    assert capsys.readouterr().out.splitlines()[0] == f"错误  甲.xlsx：{shown}"


def test_a_long_column_folds_before_a_short_one(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table(["编码", "指标", "说明"], [("B03", "读书班天数", "长" * 300)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("B03") and "读书班天数" in lines[1]
    assert len(lines) > 3 and sum(line.count("长") for line in lines) == 300
