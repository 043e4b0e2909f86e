"""A column that may refer to one of several ledgers."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jianbao.errors import DefinitionError
from worlds import LEDGERS, World, make_world

PROBLEM = {"问题编号": "WT-1", "问题摘要": "窗口排队时间长", "登记日期": date(2023, 10, 17), "状态": "整改中"}
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2, "主题": "KT-1"}
REVIEW = {"单位": "西岭县", "审核意见": "合格", "审核日期": date(2023, 10, 19)}


def make(folder: Path, *references: str) -> World:
    ledgers: dict[str, Any] = copy.deepcopy(LEDGERS)
    ledgers["reviews"]["columns"]["item"]["references"] = list(references)
    return make_world(folder, ledgers=ledgers)


def test_a_value_in_any_of_the_ledgers_will_do(tmp_path: Path) -> None:
    world = make(tmp_path, "problems.problem_id", "study.topic")
    world.file("C02", "2023-W42", {"问题台账": [PROBLEM], "集中学习台账": [CLASS]})
    world.file("Z01", "2023-W42", {"审核记录": [{**REVIEW, "条目编号": key} for key in ("WT-1", "KT-1", "KT-2")]})
    office = world.receive().files[-1]
    assert [(f.rule, f.cell, f.message, f.remedy) for f in office.findings] == [
        ("reference", "B9", "“条目编号”KT-2 在本单位的“问题台账”“集中学习台账”里没有。",
         "请核对编号，或先在“问题台账”“集中学习台账”里登记。")]


def test_what_is_returned_in_one_of_them_is_said(tmp_path: Path) -> None:
    world = make(tmp_path, "study.topic", "problems.problem_id")
    world.file("C02", "2023-W42", {"问题台账": [{**PROBLEM, "状态": "办结"}], "集中学习台账": [CLASS]})
    world.file("Z01", "2023-W42", {"审核记录": [{**REVIEW, "条目编号": "WT-1"}]})
    assert [f.rule for f in world.receive().files[-1].findings] == ["reference"]


def test_a_ledger_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"item: references topics\.topic_id, which is not there"):
        make(tmp_path, "problems.problem_id", "topics.topic_id").workspace.definitions  # noqa: B018
