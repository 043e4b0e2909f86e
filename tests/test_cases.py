"""One case per indicator, small enough to be worked out by hand, through the real store and the real engine.

tests/cases/<indicator>/: rows.csv or rows.<ledger>.csv, expected.csv, why.md. See tests/cases/README.md.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from jianbao.workspace import Workspace
from number_world import OFFICE, Sheet, definitions, receive

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(p.name for p in CASES.iterdir() if p.is_dir())
BEFORE = datetime(2023, 8, 25, 9)
# What these are counted from is there without anything filed: the register, the days, who was due.
WITHOUT_ROWS = ("register", "calendar", "filings")
ABOUT = ("week", "unit", "received", "returned", "finding")     # columns about the sheet, not of the ledger


def test_every_indicator_has_a_case() -> None:
    assert sorted(definitions().catalogue.indicators) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_case_says_why(name: str) -> None:
    """Two sentences or more, and at least one value that is expected."""
    why = (CASES / name / "why.md").read_text(encoding="utf-8")
    assert 1 < sum(why.count(stop) for stop in "。；") < 13, why
    assert lines(CASES / name / "expected.csv")


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_worked_out_by_hand_is_what_is_counted(name: str, tmp_path: Path) -> None:
    workspace, cubes, wrong = filed(CASES / name, tmp_path), dict[str, Cube](), []
    for row in lines(CASES / name / "expected.csv"):
        period, as_of = Period(row["period"]), row.get("as_of") or ""
        if as_of not in cubes:
            cubes[as_of] = Cube(workspace, [period], as_of=datetime.fromisoformat(as_of) if as_of else None, indicators=[])
        r = read(cubes[as_of], name, row["unit"], period, form=row["form"], scope=row.get("scope") or "subtree")  # type: ignore[arg-type]
        wrong += [f"{row}: {part} is {found}" for part, found in parts(r).items() if row.get(part) and not same(row[part], found)]
    assert wrong == []


def parts(r: Reading) -> dict[str, float | None]:
    return {"value": r.value, "numerator": r.numerator, "denominator": r.denominator}


def same(said: str, found: float | None) -> bool:
    """缺, a number, a fraction, or one fraction less another."""
    if said == "缺" or found is None:
        return said == "缺" and found is None
    first, *others = map(Fraction, said.split(" - "))
    return abs(found - float(first - sum(others))) < 1e-12 * max(1, abs(found))


def filed(case: Path, folder: Path) -> Workspace:
    """A workspace of its own that has received the case's rows."""
    workspace = Workspace(folder, today=date(2023, 10, 10))
    workspace.__dict__["definitions"] = replace(definitions(), root=folder)
    batches: dict[datetime, list[Sheet]] = {}
    for sheet in sheets(case):
        batches.setdefault(sheet.received_at, []).append(sheet)
    for at in sorted(batches):
        receive(workspace, batches[at], at)
    return workspace


def sheets(case: Path) -> Iterator[Sheet]:
    """The masters, then each unit's sheets week by week."""
    ledgers = definitions().ledgers
    files = sorted(case.glob("rows*.csv"))
    about = {ledger_in(case, path): path for path in files}
    assert about or ledger_in(case, case / "rows.csv") in WITHOUT_ROWS, f"{case.name} has no rows"
    about.setdefault("register", CASES / "register.csv")
    for name, path in about.items():
        ledger = ledgers[name]
        if ledger.kind == "master":
            rows = [typed(row, ledger) for row in lines(path)]
            if name == "register":
                rows = [{"name": r["code"], "short_name": r["code"], "level": "市", **r} for r in rows]
            yield Sheet(name, None, OFFICE, (), BEFORE, tuple(rows))
            continue
        filings: dict[tuple[str, ...], list[dict[str, str]]] = {}
        for row in lines(path):
            filer = OFFICE if ledger.by_office else row["unit"]
            filings.setdefault((row["week"], filer, row.get("received") or "", row.get("returned") or ""), []).append(row)
        for (week, filer, received, returned), group in filings.items():
            yield sheet_of(ledger, Period(f"2023-W{week}"), filer, received, returned == "是", group)


def sheet_of(ledger: Ledger, period: Period, filer: str, received: str, returned: bool, group: list[dict[str, str]]) -> Sheet:
    monday = datetime.combine(period.ends + timedelta(days=1), datetime.min.time()).replace(hour=9)
    rows = tuple(typed(row, ledger) for row in group if any(v for k, v in row.items() if k not in ABOUT))
    found = tuple(Finding("error" if returned else "warning", row["finding"], f"第{n}行。", "", row=n, unit=row["unit"], ledger=ledger.name,
                          period=period.id) for n, row in enumerate(group, 4) if row.get("finding"))
    return Sheet(ledger.name, period, filer, tuple(dict.fromkeys(r["unit"] for r in group)),
                 datetime.fromisoformat(received) if received else monday, rows, nil=not rows, accepted=not returned, findings=found)


def ledger_in(case: Path, path: Path) -> str:
    """rows.visits.csv is of visits; rows.csv of the ledger the indicator is counted from."""
    if path.name != "rows.csv":
        return path.name.split(".")[1]
    found = definitions().catalogue[case.name]
    while found.ledger is None:
        part: Any = found.numerator or (found.combine or "").split(" ")[0]
        if not isinstance(part, str):
            return str(part.ledger)
        found = definitions().catalogue[part]
    return found.ledger


def typed(row: dict[str, str], ledger: Ledger) -> dict[str, Any]:
    """Cells as the ledger's columns say; a column nobody wrote stays empty."""
    known = {"unit": row["unit"]} if "unit" in row else {}
    for name, text in row.items():
        if name not in ABOUT:
            known[name] = value(text, ledger.columns[name].type)
    return known


def value(text: str, kind: str) -> Any:
    if not text:
        return None
    match kind:
        case "int":
            return int(text)
        case "num" | "percent":
            return float(text)
        case "date":
            return date.fromisoformat(text)
        case "datetime":
            return datetime.fromisoformat(text)
        case "bool":
            return {"是": True, "否": False}[text]
        case "list":
            return text.split("、")
    return text


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
