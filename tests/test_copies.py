"""Copied texts: found with both places, and no alarm for what is short, common, or the same item again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

import pytest

from hand_world import COUNTY, HandWorld, monday, problem, week
from jianbao.definitions.sampling import Sampling, Texts
from jianbao.numbers import copies as room
from jianbao.numbers.copies import Copy, copies, findings

UNITS = [("root", None, "汇总节点"), *[(f"C{n:02d}", "root", COUNTY) for n in range(1, 13)], ("Z01", "root", "主题办")]
LONG = "调查研究解剖麻雀不够深入，有的调研走马观花，发现的问题停在表面，没有拿出管用的办法。"    # 38 characters: 35 pieces
SHORT = "理论学习不够深入。"


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path, units=UNITS, files={"sample.yml": "texts: {least: 16, alike: 0.7, common: 8}\n"})


def said(key: str, text: str) -> dict[str, Any]:
    return problem(key, date(2023, 8, 28)) | {"summary": text}


def found(world: HandWorld, n: int) -> list[Copy]:
    return copies(world.workspace, week(n))


def test_a_text_of_another_unit_is_found_with_both_places(world: HandWorld) -> None:
    world.file("problems", 35, "C01", said("WT-1", "无关的一个问题，写得长一些，与别的都不一样，也不会相同。"), said("WT-2", LONG))
    world.file("problems", 36, "C02", said("WT-9", LONG.replace("，", ", ") + " "))
    (copy,) = found(world, 36)
    assert (copy.at.unit, copy.at.period, copy.at.row) == ("C02", "2023-W36", 4)
    assert (copy.source.unit, copy.source.period, copy.source.row, copy.alike) == ("C01", "2023-W35", 5, 1.0)
    (finding,) = findings(world.workspace, week(36))
    assert finding.message == ("“问题摘要”与C01在2023-W35报的“检视问题台账”第5行（C01_problems.xlsx）相同："
                               "调查研究解剖麻雀不够深入, 有的调研走马观花, 发现的问题停…")
    assert (finding.severity, finding.rule, finding.unit, finding.row) == ("warning", "copied", "C02", 4)


def test_at_the_same_time_the_first_received_is_the_source(world: HandWorld) -> None:
    world.file("problems", 35, "C02", said("WT-1", LONG), at=monday(35, 8))
    world.file("problems", 35, "C01", said("WT-1", LONG), at=monday(35, 10))
    (copy,) = found(world, 35)
    assert (copy.at.unit, copy.source.unit) == ("C01", "C02")


def test_the_same_item_filed_again_is_no_copy(world: HandWorld) -> None:
    world.file("problems", 35, "C01", said("WT-1", LONG))
    world.file("problems", 36, "C01", said("WT-1", LONG) | {"status": "基本完成"})
    world.file("problems", 37, "C01", said("WT-1", LONG[:-3] + "。"))
    assert found(world, 36) == found(world, 37) == []


def test_another_item_of_the_same_unit_is_one(world: HandWorld) -> None:
    world.file("problems", 35, "C01", said("WT-1", LONG))
    world.file("problems", 36, "C01", said("WT-1", LONG), said("WT-2", LONG))
    (copy,) = found(world, 36)
    assert (copy.at.row, copy.source.period) == (5, "2023-W35")


@pytest.mark.parametrize(("text", "alike"), [
    ("我单位" + LONG, 35 / 38),                      # three pieces more
    (LONG.replace("管用", "实在"), 30 / 40),          # two characters stand in five pieces
    (LONG.replace("走马观花", "浮在面上"), None),       # seven pieces: 28 of 42, another text
    (LONG.replace("调研", "调查")[:20] + LONG[::-1], None)])
def test_near_texts_are_told_by_how_much_they_share(world: HandWorld, text: str, alike: float | None) -> None:
    world.file("problems", 35, "C01", said("WT-1", LONG))
    world.file("problems", 36, "C02", said("WT-1", text))
    assert [c.alike for c in found(world, 36)] == ([pytest.approx(alike)] if alike else [])


def test_only_the_numbers_changed_is_told(world: HandWorld) -> None:
    text = "全年走访企业{n}家，收集诉求{m}条，逐条转交责任单位办理并跟踪到底，一件不落。"
    world.file("problems", 35, "C01", said("WT-1", text.format(n=12, m=30)))
    world.file("problems", 36, "C02", said("WT-1", text.format(n=125, m=8)))
    (copy,) = found(world, 36)
    assert copy.alike == 0.99
    assert "有99%相同" in findings(world.workspace, week(36))[0].message


def test_short_phrases_alarm_nobody(world: HandWorld) -> None:
    for unit in ("C01", "C02", "C03"):
        world.file("problems", 35, unit, said("WT-1", SHORT), said("WT-2", SHORT))
    assert found(world, 35) == []


def test_what_many_units_write_is_a_set_phrase(world: HandWorld) -> None:
    for n in range(1, 10):      # nine units, one more than `common`
        world.file("problems", 35, f"C{n:02d}", said("WT-1", LONG))
    assert found(world, 35) == []


def test_later_knowledge_is_not_known_earlier(world: HandWorld) -> None:
    world.file("problems", 35, "C01", said("WT-1", LONG), at=monday(37))
    world.file("problems", 36, "C02", said("WT-1", LONG), at=monday(36))
    assert copies(world.workspace, week(36), monday(36, 12)) == []
    assert len(copies(world.workspace, week(36), monday(37, 12))) == 1


def test_only_the_columns_named_are_looked_at(world: HandWorld) -> None:
    world.file("problems", 35, "C01", said("WT-1", LONG))
    world.file("problems", 35, "C02", said("WT-1", LONG))
    definitions = world.workspace.definitions
    only = Sampling(texts=Texts(columns={"study": ("topic",)}))
    world.workspace.__dict__["definitions"] = replace(definitions, sampling=only)
    assert found(world, 35) == []


def test_two_hundred_thousand_texts_take_seconds() -> None:
    """The part that grows: sketches of all, comparison of the new ones."""
    import pandas as pd

    r = Random(7)
    words = [chr(0x4e00 + k) for k in range(3000)]
    texts = ["".join(r.choices(words, k=40)) for _ in range(200_000)]
    copied = 199_990
    for k in range(10):
        texts[copied + k] = texts[k][:20] + "改" + texts[k][21:]      # one of forty characters: 33 pieces of 41 in common
    frame = pd.DataFrame({"unit": [f"U{k % 500}" for k in range(200_000)], "item": [f"{k}" for k in range(200_000)],
                          "plain": texts, "now": [k >= 195_000 for k in range(200_000)]})
    begin = perf_counter()
    pairs = room._alike(frame, Texts(alike=0.7))
    assert perf_counter() - begin < 30
    assert {k: old for k, (old, _) in pairs.items()} == {copied + k: k for k in range(10)}
    assert pairs[copied][1] == pytest.approx(33 / 41)
