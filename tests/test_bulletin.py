"""Rows nobody here wrote: examples/bulletin against the bulletins that were published at the time.

Reported totals are the bulletins' own figures, so all agree. Sums of the parts lag, and mostly do not; every difference is
listed. The counts below were also taken with plain pandas from data/source.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from jianbao.definitions.period import Period
from jianbao.intake.inbox import receive
from jianbao.intake.receipt import Receipt
from jianbao.numbers.cube import Cube
from jianbao.publish.lint import lint
from jianbao.workspace import Workspace, open_workspace

EXAMPLE = Path(__file__).parents[1] / "examples" / "bulletin"
MADE = ("inbox", "store", "returns", "issues", "outbox", "site")
INDICATORS = {
    "confirmed": "cases.confirmed", "suspected": "cases.suspected", "cured": "cases.cured", "dead": "cases.dead",
}  # fmt: skip
DAYS = [Period((date(2020, 1, 16) + timedelta(days=n)).isoformat()) for n in range(106)]
WITH_PARTS = ["CN", "420000", "360000"]


@dataclass(frozen=True)
class Bulletins:
    workspace: Workspace
    receipt: Receipt
    cube: Cube      # every day

    def value(self, indicator: str, unit: str, day: Period, scope: str) -> float | None:
        values = self.cube.values(indicator, "时点", day, scope).value  # type: ignore[arg-type]
        value = float(values[self.cube.at(unit, day)])
        return None if value != value else value


@pytest.fixture(scope="module")
def bulletins(tmp_path_factory: pytest.TempPathFactory) -> Bulletins:
    root = tmp_path_factory.mktemp("bulletin") / "bulletin"
    shutil.copytree(EXAMPLE, root, ignore=lambda folder, names: [n for n in names if n in MADE and folder.endswith("data")])
    subprocess.run([sys.executable, str(root / "data" / "make_inbox.py")], check=True, capture_output=True)
    workspace = open_workspace(root)
    receipt = receive(workspace)
    return Bulletins(workspace, receipt, Cube(workspace, DAYS, indicators=INDICATORS.values()))


@pytest.fixture(scope="module")
def published(bulletins: Bulletins) -> pd.DataFrame:
    """One row per figure in a bulletin: day, unit, what, bulletin, reported, parts."""
    source = bulletins.workspace.path("source")
    table = pd.read_csv(source / "official_bulletins.csv", dtype=str, keep_default_na=False)
    codes = {u.name: u.code for u in bulletins.workspace.register.units} | {"": "CN"}
    rows = []
    for r in table.to_dict("records"):
        unit, day = codes[r["province"]], Period(r["date"])
        for what, indicator in INDICATORS.items():
            if r[what]:
                parts = None if what == "suspected" else bulletins.value(indicator, unit, day, "subtree")
                rows.append((day.id, unit, what, float(r[what]), bulletins.value(indicator, unit, day, "reported"), parts))
    return pd.DataFrame(rows, columns=["day", "unit", "what", "bulletin", "reported", "parts"])


def test_the_register_is_what_the_source_lists(bulletins: Bulletins) -> None:
    made = bulletins.workspace.path("master", "register.csv").read_bytes()
    assert made == (EXAMPLE / "data" / "master" / "register.csv").read_bytes(), "run examples/bulletin/data/make_inbox.py"


def test_every_row_is_received(bulletins: Bulletins) -> None:
    assert Counter(f.outcome for f in bulletins.receipt.files) == {"stored": 17}  # 16 weeks and the register
    assert sum(s.rows for f in bulletins.receipt.files for s in f.sheets if s.ledger == "daily") == 6542
    # More cured and dead than confirmed: the source's own rows, kept and said.
    assert Counter(f.rule for f in bulletins.receipt.findings) == {"balance": 10}
    assert [r for r in lint(bulletins.workspace) if r.severity == "error"] == []


def test_reported_totals_are_the_bulletins_own(published: pd.DataFrame) -> None:
    assert published["what"].value_counts().to_dict() == {"confirmed": 514, "cured": 268, "suspected": 204, "dead": 132}
    assert published[published["reported"] != published["bulletin"]].to_dict("records") == []


def test_sums_of_the_parts_are_compared_separately(published: pd.DataFrame, tmp_path: Path) -> None:
    summed = published[published["unit"].isin(WITH_PARTS) & (published["what"] != "suspected")]
    differs = summed[summed["parts"] != summed["bulletin"]].assign(difference=lambda f: f["bulletin"] - f["parts"])
    differs.to_csv(tmp_path / "differences.csv", index=False)
    found = {(what, unit): (len(g), int((g["parts"] == g["bulletin"]).sum()))
             for (what, unit), g in summed.groupby(["what", "unit"])}  # fmt: skip
    assert found == {  # bulletins, of them equal to the sum of the parts
        ("confirmed", "CN"): (18, 0), ("confirmed", "420000"): (18, 15), ("confirmed", "360000"): (17, 17),
        ("cured", "CN"): (18, 3), ("cured", "420000"): (18, 3), ("cured", "360000"): (10, 10),
        ("dead", "CN"): (18, 12), ("dead", "420000"): (18, 14),
    }  # fmt: skip
    assert len(differs) == len(pd.read_csv(tmp_path / "differences.csv")) == 61
    # A place that the source does not divide is its own sum.
    alone = published[~published["unit"].isin(WITH_PARTS) & (published["what"] != "suspected")]
    assert (alone["parts"] == alone["bulletin"]).all()


def test_how_often_a_published_total_is_not_the_sum(bulletins: Bulletins, tmp_path: Path) -> None:
    rows = []
    for unit in WITH_PARTS:
        for day in DAYS:
            pair = [bulletins.value("cases.confirmed", unit, day, scope) for scope in ("reported", "subtree")]
            if None not in pair and pair[0] != pair[1]:
                rows.append((day.id, unit, *pair))
    pd.DataFrame(rows, columns=["day", "unit", "reported", "parts"]).to_csv(tmp_path / "daily_differences.csv", index=False)
    assert Counter(unit for _, unit, *_ in rows) == {"CN": 75, "420000": 47, "360000": 15}


def test_the_country_is_not_the_sum_of_the_provinces_on_62_of_106_days(bulletins: Bulletins) -> None:
    differing = 0
    for day in DAYS:
        provinces = [u.code for u in bulletins.cube.tree(day).children("CN")]
        known = [v for u in provinces if (v := bulletins.value("cases.confirmed", u, day, "reported")) is not None]
        differing += bulletins.value("cases.confirmed", "CN", day, "reported") != sum(known)
    assert differing == 62


def test_a_reading_leads_back_to_its_row(bulletins: Bulletins) -> None:
    from jianbao.numbers.readings import read

    reading = read(bulletins.cube, "cases.confirmed", "CN", Period("2020-02-12"), scope="reported")
    row = reading.rows().iloc[0]
    assert (reading.value, row["file"], row["unit"], str(row["day"])[:10]) == (
        58839, "分地区逐日统计_2020-W07.csv", "CN", "2020-02-12")  # fmt: skip
    with bulletins.workspace.path("inbox", row["file"]).open(encoding="utf-8") as f:
        assert f.readlines()[row["row"] - 1].startswith("CN,2020-02-12,58839,")
