"""The shipped campaign: its definitions, its invented filings, and what these come to when counted apart from ours."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from jianbao.definitions import expressions
from jianbao.definitions.load import Definitions, load
from jianbao.definitions.period import Period
from jianbao.errors import DefinitionError
from jianbao.intake.inbox import receive
from jianbao.numbers.cube import Cube
from jianbao.workspace import Workspace

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "example"

NATURES = {
    "activity": "B03 B04 B05 B15 C09 C10 C11 C12 C16 D04 F09 G01 G02 G03",
    "handling": "E02 E03 E04",
    "coverage": "A02 B01 B02 B11 B12 B13 B14 B16 H02",
    "result": "A05 A06 A07 A08 D05 D06 E05 E06 E07 E08 E09 E10 E14 E16 G04",
}


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load(ROOT / "params")


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """The modules of data/example, with the city and its deliveries made once."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        parts = {name: import_module(name) for name in ("make_example", "events", "filing", "planted", "sheets")}
    finally:
        sys.path.remove(str(EXAMPLE))
    city, deliveries = parts["make_example"].make()
    yield SimpleNamespace(**parts, city=city, deliveries=deliveries)


@pytest.fixture(scope="module")
def received(example: Any, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A workspace of its own that has received the eight weeks one by one, and the receipts by week."""
    root = tmp_path_factory.mktemp("lanchuan")
    shutil.copytree(ROOT / "params", root / "params")
    shutil.copytree(ROOT / "data" / "master", root / "data" / "master")
    workspace, receipts = Workspace(root), {}
    for week in example.events.WEEKS:
        folder = workspace.path("inbox", week)
        mine = [d for d in example.deliveries if d.period == week]
        example.make_example.write_week(mine, definitions.ledgers, example.city, folder)
        receipts[week] = receive(workspace, folder)
    return SimpleNamespace(workspace=workspace, receipts=receipts)


# Definitions


def test_each_indicator_is_of_the_nature_that_was_decided(definitions: Definitions) -> None:
    found = {code: definitions.catalogue[code].nature for codes in NATURES.values() for code in codes.split()}
    assert found == {code: nature for nature, codes in NATURES.items() for code in codes.split()}


def test_every_way_of_counting_and_rolling_up_occurs(definitions: Definitions) -> None:
    indicators = list(definitions.catalogue)
    assert {i.rolls_up for i in indicators} == {"sum", "distinct", "stock", "ratio", "none"}
    assert {i.code[0] for i in indicators} == set("ABCDEFGH")
    for field in ("units_having", "median_of", "enter", "combine", "numerator", "value"):
        assert any(getattr(i, field) is not None for i in indicators), field
    assert {i.ledger for i in indicators if i.ledger} == set(definitions.ledgers)


def test_suggestions_and_targets_speak_of_indicators_that_exist(definitions: Definitions) -> None:
    catalogue = definitions.catalogue
    for s in definitions.suggestions:
        named = [f"{table}.{name}" for table, name in expressions.columns_of(s.when)]
        braces = [b.split(".")[0] for b in re.findall(r"\{([^}]+)\}", s.evidence + s.suggest)]
        assert [n for n in named + braces if n not in catalogue] == [], s.id
        assert s.measure in definitions.ledgers["tasks"].columns["measure"].codes


def test_every_level_is_made_of_org_types_of_the_register(definitions: Definitions) -> None:
    types = set(definitions.ledgers["register"].columns["org_type"].codes)
    levels = [t for level in definitions.campaign.levels.values() for t in level.org_types]
    filers = [t for ledger in definitions.filed_ledgers.values() for t in ledger.filed_by if t != "office"]
    assert set(levels) <= types and set(filers) <= set(levels)
    assert len(levels) == len(set(levels))


def test_a_wrong_column_is_shown_with_its_file_and_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "params", tmp_path / "params")
    file = tmp_path / "params" / "indicators" / "study.yml"
    text = file.read_text(encoding="utf-8")
    line = text[: text.index("value: sum(days)")].count("\n") + 1
    file.write_text(text.replace("value: sum(days)", "value: sum(day)"), encoding="utf-8")
    place = rf"^params/indicators/study\.yml:{line}: reading_class\.days: "
    with pytest.raises(DefinitionError, match=place + r".*no column 'day'\. Did you mean: days\?$"):
        load(tmp_path / "params")


# The example


def test_what_is_committed_is_what_the_example_makes(example: Any, definitions: Definitions, tmp_path: Path) -> None:
    planted = json.loads(json.dumps(example.planted.planted(example.city, example.deliveries)))
    assert planted == json.loads((EXAMPLE / "planted.json").read_text(encoding="utf-8"))
    for name in ("register", "bases", "groups", "tasks"):
        example.sheets.master(definitions.ledgers[name], getattr(example.city, name), tmp_path / f"{name}.xlsx")
        assert cells(ROOT / "data" / "master" / f"{name}.xlsx") == cells(tmp_path / f"{name}.xlsx")


def test_the_same_week_is_written_with_the_same_bytes(example: Any, definitions: Definitions, tmp_path: Path) -> None:
    mine = [d for d in example.deliveries if d.period == "2023-W35"]
    for folder in ("a", "b"):
        example.make_example.write_week(mine, definitions.ledgers, example.city, tmp_path / folder)
    files = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}
    assert files == {p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()}
    assert len(files) == len(mine) + 1      # and received.csv


def test_only_what_was_spoilt_is_returned(example: Any, received: Any) -> None:
    whose = {(d.period, d.file): d.filer for d in example.deliveries}
    returned = {(whose.get((week, f.file), f.file), week) for week, receipt in received.receipts.items()
                for f in receipt.files if any(x.severity == "error" for x in f.findings)}
    filing = example.filing
    assert returned == {*filing.WRONG, *filing.USELESS, ("报送情况说明.txt", "2023-W37")}
    twice = [week for week, receipt in received.receipts.items() for f in receipt.files if f.outcome == "duplicate"]
    assert twice == [week for _, week in filing.TWICE]


@pytest.mark.parametrize("mistake", ["code", "unit", "date", "solved", "key", "closed-dated", "type", "backlog"])
def test_each_mistake_is_found_for_what_it_is(example: Any, received: Any, mistake: str) -> None:
    (filer, week), *_ = [key for key, (_, what, _) in example.filing.WRONG.items() if what == mistake]
    file = next(d.file for d in example.deliveries if (d.filer, d.period) == (filer, week))
    report = next(f for f in received.receipts[week].files if f.file == file)
    rules = {x.rule for x in report.findings if x.severity == "error"}
    assert rules == {"type" if mistake == "date" else mistake}
    assert report.outcome == "partly"       # the other sheets of the file were taken


@pytest.mark.parametrize("view", ["cut-off", "final"])
@pytest.mark.parametrize("week", [f"2023-W{n}" for n in range(35, 43)])
def test_the_indicators_come_to_what_was_planted(received: Any, week: str, view: str) -> None:
    planted = json.loads((EXAMPLE / "planted.json").read_text(encoding="utf-8"))
    said = planted["as_of"][view]
    period = Period(week)
    cube = Cube(received.workspace, [period], as_of=datetime.fromisoformat(said if view == "final" else said[week]))
    wrong = {}
    for unit, indicators in planted["values"][week][view].items():
        at = cube.at(unit, period)
        for indicator, forms in indicators.items():
            for form, expected in forms.items():
                values = cube.values(indicator, form, period)
                parts = [p[at] for p in (values.numerator, values.denominator) if p is not None]
                if parts != pytest.approx(expected if isinstance(expected, list) else [expected], abs=1e-9):
                    wrong[unit, indicator, form] = (parts, expected)
    assert wrong == {}


def test_a_cube_of_two_weeks_reads_each_weeks_own_register(received: Any) -> None:
    """A village is merged away in W40: 91 units had launched before, 90 of those that still stand have."""
    before, after = Period("2023-W39"), Period("2023-W42")
    cube = Cube(received.workspace, [before, after], indicators=["launch.units"])
    launched = [cube.values("launch.units", "累计", p).numerator[cube.at("root", p)] for p in (before, after)]
    assert launched == [91, 90]


def cells(path: Path) -> list[Any]:
    return [list(row) for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]
