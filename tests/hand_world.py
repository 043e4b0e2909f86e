"""A world of a few units filed by hand, for tests whose values can be checked in the head."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from jianbao.workspace import Workspace
from number_world import OFFICE, Sheet, empty_workspace, receive

COUNTY, TOWN, BUREAU = "县(市、区)", "乡镇(街道)", "市直机关"
# code, parent, org type: two counties with towns, and a bureau beside them.
UNITS = [("root", None, "汇总节点"), (OFFICE, "root", "主题办"), ("C01", "root", COUNTY), ("C01T1", "C01", TOWN), ("C01T2", "C01", TOWN),
         ("C02", "root", COUNTY), ("C02T1", "C02", TOWN), ("D01", "root", BUREAU)]
BEFORE = datetime(2023, 8, 25, 9)


def week(n: int | Period) -> Period:
    return n if isinstance(n, Period) else Period(f"2023-W{n}")


def monday(n: int | Period, hour: int = 9) -> datetime:
    """The morning after week `n`, before its cut-off at noon."""
    return datetime.combine(week(n).ends + timedelta(days=1), datetime.min.time()).replace(hour=hour)


@dataclass
class HandWorld:
    folder: Path
    units: list[tuple[Any, ...]] = field(default_factory=lambda: list(UNITS))
    spans: dict[str, tuple[date, date | None]] = field(default_factory=dict)    # code → valid from, to
    campaign: dict[str, Any] = field(default_factory=dict)                      # changes to params/campaign.yml
    files: dict[str, str] = field(default_factory=dict)                         # further files of params/
    masters: bool = True

    def __post_init__(self) -> None:
        self.workspace: Workspace = empty_workspace(self.folder)
        params = self.folder / "params"
        if self.campaign or self.files:
            self.workspace.__dict__.pop("definitions")      # read this folder's own
        if self.campaign:
            said = yaml.safe_load((params / "campaign.yml").read_text(encoding="utf-8"))
            (params / "campaign.yml").write_text(yaml.safe_dump({**said, **self.campaign}, allow_unicode=True), encoding="utf-8")
        for name, text in self.files.items():
            (params / name).parent.mkdir(exist_ok=True)
            (params / name).write_text(text, encoding="utf-8")
        if self.masters:
            self.master("register", *[self.unit(*u) for u in self.units])

    def unit(self, code: str, parent: str | None, org_type: str, **more: Any) -> dict[str, Any]:
        first, last = self.spans.get(code, (date(2023, 1, 1), None))
        return {"code": code, "name": f"单位{code}", "short_name": code, "parent": parent, "level": "县", "org_type": org_type,
                "campaign_unit": org_type not in ("汇总节点", "主题办"), "batch": "第二批", "files": org_type not in ("汇总节点", "主题办"),
                "valid_from": first, "valid_to": last} | more

    def master(self, name: str, *rows: dict[str, Any], at: datetime = BEFORE) -> None:
        self._receive(Sheet(name, None, OFFICE, (), at, rows))

    def bases(self, *, at: datetime = BEFORE, on: date = date(2023, 6, 30), **by_unit: dict[str, int]) -> None:
        """bases(C01={"teams_due": 1})"""
        columns = ("teams_due", "team_members", "leaders_county_up", "party_org_count", "members", "backlog_base")
        self.master("bases", *[{"unit": u, "base_date": on, **dict.fromkeys(columns, 0), **said} for u, said in by_unit.items()], at=at)

    def file(self, ledger: str, n: int | Period, unit: str, *rows: dict[str, Any], at: datetime | None = None, accepted: bool = True,
             units: tuple[str, ...] = (), findings: tuple[Any, ...] = ()) -> None:
        """One sheet for week `n`; without rows a nil return. Rows are the unit's own unless they name another."""
        self._receive(Sheet(ledger, week(n), unit, units or (unit,), at or monday(n), tuple({"unit": unit, **r} for r in rows),
                            nil=not rows, accepted=accepted, findings=findings))

    def _receive(self, sheet: Sheet) -> None:
        receive(self.workspace, [sheet], sheet.received_at)

    def cube(self, *weeks: int | Period, as_of: datetime | None = None) -> Cube:
        return Cube(self.workspace, [week(n) for n in weeks], as_of=as_of, indicators=[])

    def read(self, indicator: str, unit: str, n: int | Period, form: Any = None, scope: Any = "subtree",
             as_of: datetime | None = None) -> Reading:
        period = week(n)
        return read(Cube(self.workspace, [period], as_of=as_of, indicators=[]), indicator, unit, period, form=form, scope=scope)

    def value(self, *question: Any, **more: Any) -> float | None:
        return self.read(*question, **more).value


def reading_class(days: float, day: date, kind: str = "读书班") -> dict[str, Any]:
    return {"study_type": kind, "start_date": day, "end_date": day, "days": days, "topic": "学习"}


def problem(key: str, day: date, *, due: date = date(2023, 12, 31), status: str = "整改中", closed: date | None = None) -> dict[str, Any]:
    return {"problem_id": key, "subject": "领导班子", "source": "自己找", "summary": "问题", "registered_on": day, "due_date": due,
            "status": status, "closed_on": closed}


def review(unit: str, key: str, decision: str, day: date, **more: Any) -> dict[str, Any]:
    return {"unit": unit, "reviewed": "L11", "item_key": key, "decision": decision, "decided_on": day, **more}
