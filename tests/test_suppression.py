"""Small counts about people: what the issued copy prints instead, in every format, and that the working paper keeps them.

Four bureaus, two weeks, those who took part and those invited:

             last week   this week   invited
    甲局          9           2          8
    乙局          6           7         10
    丙局          3          30         40
    丁局          0           0          5
    together     18          39         63
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

import jianbao as jb
from jianbao.brief.parts import Chart, Document, Head, Heading, Part, Prose, Sources, Table, from_json, to_json
from jianbao.numbers import compare
from jianbao.publish.export import docx, html, pdf, xlsx
from worlds import UNITS, World, make_world

NAMES = {"A01": "甲局", "A02": "乙局", "A03": "丙局", "A04": "丁局"}
BUREAUS = [UNITS[0], UNITS[1], *((code, name, name, "root", "县", "市直", None, True) for code, name in NAMES.items())]
SEEN = {"2023-W41": (9, 6, 3, 0), "2023-W42": (2, 7, 30, 0)}
INVITED = (8, 10, 40, 5)
LEDGER = {"code": "L1", "title": "座谈台账", "kind": "snapshot", "filed_by": ["市直"], "columns": {
    "seen": {"title": "参加人数", "type": "int", "measure": "flow"}, "invited": {"title": "应到人数", "type": "int", "measure": "flow"}}}


def counted(code: str, zh: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "title": {"zh": zh}, "unit": "人", "nature": "coverage", "better": "higher", "rolls_up": "sum",
            "definition": f"{zh}。", "form": "期内", "people": True, **more}


INDICATORS = {
    "seen": counted("A1", "参加人数", ledger="talks", value="sum(seen)"),
    "invited": counted("A2", "应到人数", ledger="talks", value="sum(invited)"),
    "rate": counted("A3", "到会率", unit="%", rolls_up="ratio", numerator="seen", denominator="invited", people=False),
    "absent": counted("A4", "缺席人数", combine="invited - seen", rolls_up="none", better="none"),
    "talks": counted("A5", "报表数", ledger="talks", value="count()", unit="张", people=False),
}


def world_of(tmp_path: Path, least: int) -> World:
    world = make_world(tmp_path, units=BUREAUS, ledgers={"talks": LEDGER}, indicators={"all": INDICATORS},
                       campaign={"thresholds": {"suppress_below": least}, "whole": "全市"},
                       params={"briefs.yml": {"weekly": {"notebook": "w.ipynb", "name": "简报", "title": "{单位}座谈情况"}}})
    for week, values in SEEN.items():
        for code, seen, invited in zip(NAMES, values, INVITED, strict=True):
            world.file(code, week, {"座谈台账": [{"参加人数": seen, "应到人数": invited}]})
    world.receive()
    return world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world_of(tmp_path_factory.mktemp("people"), 5)


@pytest.fixture
def brief(world: World) -> jb.Brief:
    return jb.open_brief("2023-W42", workspace=world.workspace)


def issued(brief: jb.Brief) -> list[Part]:
    """The issued copy's parts, written out and read back as a notebook's are."""
    brief.sources()
    return list(Document(tuple(from_json(to_json(p)) for p in brief.document.parts)).face("issued").parts)


def said(brief: jb.Brief, text: str) -> str:
    brief.say(text)
    return next(p.text for p in issued(brief) if isinstance(p, Prose))


def cells(table: Table) -> list[list[str]]:
    return [[run.text for run in row] for row in table.rows]


@pytest.mark.parametrize(("text", "printed"), [
    ("参加{参加人数}。", "参加39人。"),
    ("甲局{参加人数@A01}，乙局{参加人数@A02}。", "甲局不足5人，乙局7人。"),
    ("甲局{参加人数@A01:数}人。", "甲局不足5人。"),
    ("丁局{参加人数@A04}。", "丁局0人。"),                                         # nobody is told nothing
    ("甲局{参加人数@A01}〔，{参加人数.环比@A01}〕。", "甲局不足5人，环比从略。"),
    ("丙局{参加人数@A03}〔，{参加人数.环比@A03}〕。", "丙局30人，环比从略。"),             # 30 less 27 is last week's 3
    ("乙局{参加人数@A02}〔，{参加人数.环比@A02}〕。", "乙局7人，比上周增加1人。"),
    ("甲局{参加人数.占比@A01}。", "甲局占比从略。"),
    ("甲局到会率{到会率@A01}，乙局{到会率@A02}。", "甲局到会率从略，乙局70.0%。"),
    ("丁局到会率{到会率@A04}。", "丁局到会率0%。"),
    ("乙局缺席{缺席人数@A02}，丙局{缺席人数@A03}。", "乙局缺席不足5人，丙局10人。"),          # 10 less 7
    ("甲局缺席{缺席人数@A01}。", "甲局缺席从略。"),                                   # 8 less 2 is 6: the 2 could be had from it
    ("报表{报表数@A01}。", "报表1张。"),                                           # counts no people
])
def test_a_sentence_says_less_than_five(brief: jb.Brief, text: str, printed: str) -> None:
    assert said(brief, text) == printed


def test_a_heading_has_it_hidden_in_both_faces(brief: jb.Brief) -> None:
    brief.say("## 甲局{参加人数@A01}")
    assert [p.text for p in brief.parts if isinstance(p, Heading)] == ["甲局不足5人"]


def test_one_hidden_part_of_a_total_hides_the_next_smallest(brief: jb.Brief) -> None:
    brief.table(brief.readings("参加人数", of="peers").with_(compare.on_previous), title="参加情况", total=True)
    (table,) = [p for p in issued(brief) if isinstance(p, Table)]
    # 39 - 30 - 0 = 9 is 甲局 and 乙局 together: neither can be told.
    assert cells(table) == [["甲局", "不足5", "略"], ["乙局", "略", "略"], ["丙局", "30", "略"], ["丁局", "0", "0"], ["合计", "39", ""]]
    assert table.notes[-1] == "标“不足5”“略”的数涉及的人少，不公布。"
    working = [p for p in brief.document.face("working").parts if isinstance(p, Table)]
    assert cells(working[0]) == [["甲局", "2", "-7"], ["乙局", "7", "+1"], ["丙局", "30", "+27"], ["丁局", "0", "0"], ["合计", "39", ""]]


def test_what_a_table_hides_no_sentence_tells(brief: jb.Brief) -> None:
    brief.say("乙局{参加人数@A02}，到会率{到会率@A02}。")
    brief.table(brief.readings("参加人数", of="peers"), title="参加情况", total=True)
    assert next(p.text for p in issued(brief) if isinstance(p, Prose)) == "乙局从略，到会率从略。"


def test_without_a_total_nothing_can_be_subtracted(brief: jb.Brief) -> None:
    brief.table(brief.readings("参加人数", "到会率", of="peers"), title="参加情况")
    (table,) = [p for p in issued(brief) if isinstance(p, Table)]
    assert cells(table) == [["甲局", "不足5", "略"], ["乙局", "7", "70.0"], ["丙局", "30", "75.0"], ["丁局", "0", "0"]]


@pytest.mark.parametrize("draw", ["trend", "ranking", "progress", "multiples", "heatmap", "contribution_chart"])
def test_a_chart_that_draws_it_becomes_its_table(brief: jb.Brief, draw: str) -> None:
    name = "到会率" if draw in ("progress", "heatmap") else "参加人数"
    brief.unit = brief.cube.tree(brief.period)["A01"] if draw == "trend" else brief.unit
    getattr(brief, draw)(name, title="图")
    drawn = [p for p in brief.document.face("working").parts if isinstance(p, Chart)]
    assert drawn and drawn[0].png
    parts = issued(brief)
    assert not any(isinstance(p, Chart) for p in parts)
    (table,) = [p for p in parts if isinstance(p, Table)]
    assert table.title == "图"
    assert not {"2", "-7", "25.0", "25%", "2人"} & {c for row in cells(table) if row[0] in ("甲局", "10.16—10.22") for c in row}
    assert any(c in ("不足5", "略") for row in cells(table) for c in row)


def test_a_chart_without_small_counts_stays(brief: jb.Brief) -> None:
    brief.trend("参加人数", title="图")       # 18 and 39
    assert [p.title for p in issued(brief) if isinstance(p, Chart)] == ["图"]


def test_no_threshold_hides_nothing(tmp_path: Path) -> None:
    brief = jb.open_brief("2023-W42", workspace=world_of(tmp_path, 0).workspace)
    assert said(brief, "甲局{参加人数@A01}，{参加人数.环比@A01}。") == "甲局2人，比上周减少7人。"
    assert next(p for p in brief.parts if isinstance(p, Sources)).hidden == ()


def everything(brief: jb.Brief) -> Document:
    brief.say("甲局{参加人数@A01}，到会率{到会率@A01}，{参加人数.环比@A01}。", role="keypoint")
    brief.table(brief.readings("参加人数", "到会率", of="peers").with_(compare.on_previous, compare.share), title="参加情况", total=True)
    brief.ranking("参加人数")
    brief.heatmap("到会率")
    brief.sources()
    return brief.document


def texts(name: str, data: bytes) -> str:
    """Everything a reader could find in a file: text, attributes, names of pictures."""
    if name == "html":
        return re.sub(r"url\(data:[^)]*\)|base64,[\w+/=]+|<style>.*?</style>", "", data.decode(), flags=re.DOTALL)
    if name == "pdf":
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    if name == "xlsx":
        return " ".join(str(c) for sheet in load_workbook(io.BytesIO(data)) for row in sheet.iter_rows(values_only=True)
                        for c in row if c is not None)
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        return " ".join(z.read(n).decode() for n in z.namelist() if n.endswith(".xml"))


@pytest.mark.parametrize("name", ["html", "pdf", "docx", "xlsx"])
def test_no_file_of_the_issue_tells_it(brief: jb.Brief, name: str) -> None:
    write: Any = {"html": html, "pdf": pdf, "docx": docx, "xlsx": xlsx}[name].write
    document = everything(brief)
    told = texts(name, write(document))
    squashed = re.sub(r"[\s\u2060]|<[^>]+>", "", told)
    assert "不足5" in squashed and "略" in squashed
    assert ("甲局不足5人，到会率从略，环比从略。" in squashed) is (name != "xlsx")     # the annex has tables
    for small in ("2人", "25%", "25.0", "5.1%", "-7", "减少7人", "70.0", "70%", "17.9"):
        assert not re.search(rf"(?<![\d.]){re.escape(small)}", squashed), small
    if name == "xlsx":
        with_values = load_workbook(io.BytesIO(xlsx.write(document, face="working")))
        assert any(c == 2 for row in with_values[with_values.sheetnames[0]].iter_rows(values_only=True) for c in row)


def test_the_head_of_an_issue_needs_no_value(brief: jb.Brief) -> None:
    assert isinstance(brief.document.head, Head)
