"""The shipped example end to end: what was planted in the workbooks comes out as figures."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from jianbao.numbers.cube import Cube
from jianbao.numbers.diagnose import outcomes
from jianbao.numbers.readings import read
from jianbao.workspace import Workspace

WEEKS = [f"2023-W{n}" for n in range(35, 43)]


def planted(workspace: Workspace) -> Any:
    return json.loads((workspace.root / "data/example/planted.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("moment", ["cut-off", "final"])
@pytest.mark.parametrize("week", WEEKS)
def test_every_planted_total_comes_out(example: Workspace, week: str, moment: str) -> None:
    truth = planted(example)
    as_of = datetime.fromisoformat(truth["as_of"]["cut-off"][week] if moment == "cut-off" else truth["as_of"]["final"])
    period = example.period(week)
    cube = Cube(example, [period], as_of=as_of)
    wrong, checked = [], 0
    for unit, indicators in truth["values"][week][moment].items():
        code = example.definitions.campaign.root if unit == "root" else unit
        for indicator, forms in indicators.items():
            for form, want in forms.items():
                r = read(cube, indicator, code, period, form=form)
                got: Any = [r.numerator, r.denominator] if isinstance(want, list) else r.value
                checked += 1
                if got != pytest.approx(want, rel=1e-9):
                    wrong.append(f"{unit} {indicator} {form}: planted {want}, got {got}")
    assert not wrong, "\n".join(wrong[:20])
    assert checked > 400


def test_at_least_25_indicators_and_every_way_of_rolling_up(example: Workspace) -> None:
    catalogue = example.definitions.catalogue
    assert len(catalogue) >= 25
    assert {i.rolls_up for i in catalogue} == {"sum", "distinct", "stock", "ratio", "none"}
    assert {i.code[0] for i in catalogue} >= set("ABCDEFGH")
    assert {f for i in catalogue for f in i.forms} == {"期内", "累计", "时点"}


def test_every_file_has_one_outcome_and_the_wrong_ones_come_back(example: Workspace) -> None:
    inbox = [p for p in (example.root / "data/inbox").rglob("*") if p.is_file() and p.name != "received.csv"]
    returned = list((example.root / "data/returns").rglob("*.xlsx"))
    assert len(inbox) > 500
    assert 3 <= len(returned) <= 40
    filed = example.store.filings()
    assert filed["accepted"].sum() < len(filed)      # some were returned
    assert (~filed["effective"] & filed["accepted"]).any()   # some were superseded
    assert filed["nil"].any() and filed["late"].any()


def test_every_reading_of_the_last_week_gives_as_many_rows_as_it_says(example: Workspace) -> None:
    period = example.period("2023-W42")
    cube = Cube(example, [period])
    counted = 0
    for i in example.definitions.catalogue:
        for unit in ("root", "C05"):
            for form in i.forms:
                r = read(cube, i.id, unit, period, form=form)
                assert len(r.rows()) == r.n_rows, (i.id, unit, form)
                counted += r.n_rows
    assert counted > 1000


def test_the_two_shortcomings_of_the_report_are_there_and_concern_a_few(example: Workspace) -> None:
    """上热中温下冷 and 两张皮 in the last week: some towns of 苍屿县 are cold, and the units that study much and do little are told."""
    period = example.period("2023-W42")
    found = {o.rule.id: o for o in outcomes(Cube(example, [period], as_of=example.cut_off(period)), "root", period)}
    assert [found[rule].state for rule in ("V01", "V02")] == ["held", "held"]
    cold = {u.code for u in found["V01"].chosen["cold"].units}
    assert 3 <= len(cold) <= 12 and sum(code.startswith("C04") for code in cold) >= 3
    assert {u.code for u in found["V02"].chosen["flagged"].units} == {"D07", "C01T3", "C02T5", "C06T1"}
