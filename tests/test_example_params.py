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

from jianbao.definitions.advice import WORDS
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
    assert {i.code[0] for i in indicators} == set("ABCDEFGHI")
    for field in ("units_having", "median_of", "enter", "combine", "numerator", "value"):
        assert any(getattr(i, field) is not None for i in indicators), field
    # Nothing is counted of the sheets that correct rows: they change what the others count.
    assert {i.ledger for i in indicators if i.ledger} == set(definitions.ledgers) - {"amendments"}


def test_suggestions_and_targets_speak_of_indicators_that_exist(definitions: Definitions) -> None:
    catalogue = definitions.catalogue
    for s in definitions.suggestions:
        braces = [re.split("[.:]", b)[0] for b in re.findall(r"\{([^}]+)\}", s.evidence + s.suggest + s.own)]
        assert [n for n in s.indicators + braces if n not in catalogue and n not in WORDS] == [], s.id
    gaps = {measure for s in definitions.suggestions for measure in s.gap}
    assert gaps == set(definitions.ledgers["tasks"].columns["measure"].codes) - {"组织保障"}


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


def test_a_unit_is_asked_for_few_ledgers_a_week(received: Any) -> None:
    """Most of what is not urgent is asked for when a month ends, and may come earlier."""
    asked: dict[str, dict[str, int]] = {"2023-W39": {}, "2023-W42": {}}
    for week, units in asked.items():
        for due in received.workspace.due(Period(week)):
            units[due.unit.code] = units.get(due.unit.code, 0) + 1
    assert {u: asked["2023-W42"][u] for u in ("S01", "D01", "C01", "C01T1", "C01T1V1")} == {
        "S01": 5, "D01": 5, "C01": 7, "C01T1": 4, "C01T1V1": 1}
    assert asked["2023-W39"]["C01T1"] == 4 + 3      # lectures, cases, livelihood matters
    assert max(asked["2023-W39"].values()) <= 12


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


def test_every_slot_of_the_report_has_a_figure(definitions: Definitions) -> None:
    last = planted_values()["2023-W42"]["cut-off"]["root"]
    slots = {i.slot: i.id for i in definitions.catalogue if i.slot and i.slot.startswith("N")}
    assert sorted(slots) == [f"N{n:02d}" for n in range(1, 41)]
    figures = {slot: last[i].get("时点", last[i].get("累计")) for slot, i in slots.items()}
    assert [slot for slot, value in figures.items() if not (value[0] if isinstance(value, list) else value)] == []


def test_what_may_be_claimed_and_what_not() -> None:
    """As data/example/README.md tells it."""
    values = planted_values()

    def said(week: str, indicator: str, form: str = "累计") -> Any:
        return values[week]["cut-off"]["root"][indicator][form]

    trained = {week: said(week, "group_study.village_officials", "时点") == said(week, "bases.village_officials", "时点")
               for week in values}
    assert trained == {week: week >= "2023-W41" for week in values}     # 全覆盖 of those sent to villages
    held, due = said("2023-W42", "reading_class.coverage")
    assert held < due                                                    # not 均举办
    daily = {week: said(week, "dispatch.rate", "期内") for week in values}
    assert {week for week, (days, of) in daily.items() if days == of} == {f"2023-W{n}" for n in (37, 39, 41, 42)}
    changed = said("2023-W42", "topics.refiled_leaders") + said("2023-W42", "topics.adjusted_leaders")
    assert 0 < changed < said("2023-W42", "topics.city_leaders", "时点")
    solved = [said("2023-W42", i) for i in ("visits.solved", "development.solved", "livelihood.solved")]
    assert 0 < said("2023-W42", "problems.solved_total") < sum(solved)   # some stand in two lists
    assert said("2023-W42", "supervision.orgs") <= said("2023-W42", "party_orgs.count", "时点")


def test_numbers_run_on_and_links_lead_somewhere(received: Any) -> None:
    briefs = sorted(r["issue_no"] for r in rows_of(received.workspace, "publications") if r["doc_type"] == "简报")
    assert briefs == list(range(1, 1 + len(briefs))) and briefs
    sessions = sorted(r["seq_no"] for r in rows_of(received.workspace, "study")
                      if r["unit"] == "S01" and r["study_type"] == "中心组")
    assert sessions == list(range(1, 1 + len(sessions))) and sessions
    keys = {"development": "problem_id", "livelihood": "item_id", "institutions": "entry_id"}
    known = {(r["unit"], r[key]) for name, key in keys.items() for r in rows_of(received.workspace, name)}
    linked = {(r["unit"], r["link_id"]) for name in ("cases", "topics") for r in rows_of(received.workspace, name)
              if r["link_id"]}
    assert linked and linked <= known


def test_two_problems_read_alike_only_where_one_was_copied(received: Any) -> None:
    problems = rows_of(received.workspace, "problems")
    places: dict[str, set[str]] = {}
    for r in problems:
        assert len(r["summary"]) <= 80
        places.setdefault(r["summary"], set()).add(r["unit"])
    assert [units for units in places.values() if len(units) > 1] == [{"C01T2", "C04T2"}]
    assert len(places) > 500


def test_a_cube_of_two_weeks_reads_each_weeks_own_register(received: Any) -> None:
    """A village is merged away in W40: 91 units had launched before, 90 of those that still stand have."""
    before, after = Period("2023-W39"), Period("2023-W42")
    cube = Cube(received.workspace, [before, after], indicators=["launch.units"])
    launched = [cube.values("launch.units", "累计", p).numerator[cube.at("root", p)] for p in (before, after)]
    assert launched == [91, 90]


def planted_values() -> Any:
    return json.loads((EXAMPLE / "planted.json").read_text(encoding="utf-8"))["values"]


def rows_of(workspace: Workspace, ledger: str) -> list[dict[str, Any]]:
    """The rows of a ledger as they stand at the end of the last week."""
    snapshot = workspace.snapshot()
    by_key = workspace.definitions.ledgers[ledger].by_key
    source = snapshot.state(ledger, Period("2023-W42").ends) if by_key else snapshot.source(ledger)
    return snapshot.connection.sql(f"select * from {source}").to_arrow_table().to_pylist()


def cells(path: Path) -> list[Any]:
    return [list(row) for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]
