"""A column that may refer to one of several ledgers."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path

import pytest
from worlds import LEDGERS, World, make_world

PROBLEM = {"问题编号": "WT-1", "问题摘要": "窗口排队", "登记日期": date(2023, 10, 16), "状态": "处理中"}
REVIEW = {"单位": "西岭县", "审核意见": "合格", "审核日期": date(2023, 10, 18)}


@pytest.fixture
def world(tmp_path: Path) -> World:
    ledgers = copy.deepcopy(LEDGERS)
    ledgers["reviews"]["columns"]["item"]["references"] = ["problems.problem_id", "study.topic"]
    return make_world(tmp_path, ledgers=ledgers)
