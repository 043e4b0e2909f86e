"""What a terminal shows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
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


def findings(file: str, errors: int) -> tuple[Finding, ...]:
    return tuple(Finding("error", "type", f"第{n}处不对。", "请改。", file=file) for n in range(errors))


def test_a_receipt_of_hundreds_says_its_sum_first_and_something_of_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    files = [report(f"好{n}.xlsx", "stored") for n in range(280)]
    files += [report(f"错{n:02}.xlsx", "returned", findings=findings(f"错{n:02}.xlsx", 9), returned=Path(f"错{n:02}_退回.xlsx"))
              for n in range(20)]
    terminal.receipt(Receipt(tuple(files), notes=("系统时钟比上次收表早。",)))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[-1] == "已收 280 份，退回 20 份；错误 180 条，提示 0 条"
    assert lines[1:6] == ["错误  错00.xlsx：第0处不对。请改。", "错误  错00.xlsx：第1处不对。请改。", "错误  错00.xlsx：第2处不对。请改。",
                          "……错00.xlsx 另有 6 条，见退回的文件或 --json。", "退回  错00.xlsx → 错00_退回.xlsx"]
    assert lines[-2] == "注意  系统时钟比上次收表早。"
    assert sum(line.startswith("退回  ") for line in lines) == 20 and len(lines) == 103


def test_what_hundreds_of_files_are_to_look_at_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    def looked_at(n: int, message: str = "几行完全相同。") -> FileReport:
        file = f"{n:03}.xlsx"
        return report(file, "stored", findings=(Finding("warning", "copied", message, "请核对。", file=file),),
                      returned=Path("returns/W42") / f"{n:03}_退回.xlsx")

    terminal.receipt(Receipt((*(looked_at(n) for n in range(200)), looked_at(900, "单有的一条。"))))
    assert capsys.readouterr().out.splitlines() == [
        "提示  900.xlsx：单有的一条。请核对。",
        "提示  000.xlsx、001.xlsx、002.xlsx、003.xlsx、004.xlsx 等 200 份：几行完全相同。请核对。",
        "请核对  201 份 → returns/W42",
        "已收 201 份；错误 0 条，提示 201 条"]


def test_the_same_guess_for_many_files_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.receipt(Receipt(tuple(report(f"{n}.xlsx", "stored", guesses=("统计期按文件名认作 第42周",)) for n in (1, 2))))
    assert capsys.readouterr().out.splitlines()[0] == "自动识别  1.xlsx、2.xlsx：统计期按文件名认作 第42周"


def test_what_a_file_is_called_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.receipt(Receipt((report("甲\x1b[2J.xlsx", "left", findings=findings("甲\x1b[2J.xlsx", 1), guesses=("\x07猜",)),)))
    assert not any(c < " " for c in capsys.readouterr().out.replace("\n", ""))
