"""What is filed of what happened, by whom, when, and how well. Imports city, events, matters, office.

Most filers file in time and cleanly. The rest is listed here by name, so that each kind of trouble occurs and can be
looked for: late, missing, filed again, returned, unreadable, untidy.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import office
from city import City, Row
from events import WEEKS, Events, Problem, advance, decide, ends, recheck, starts, workday
from matters import KEY, Matter

# Who files what, in the order of the sheets.
TEAMS = ("市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业", "乡镇(街道)")
FILED_BY = {
    "launch": (*TEAMS, "村(社区)", "两企三新"),
    "study": TEAMS,
    "lectures": TEAMS,
    "group_study": ("县(市、区)", "国有企业", "乡镇(街道)", "村(社区)", "两企三新"),
    "cases": TEAMS,
    "topics": ("市四套班子", "县(市、区)"),
    "visits": ("市四套班子", "市直机关", "县(市、区)", "县直机关"),
    "development": ("市四套班子", "市直机关", "县(市、区)", "国有企业"),
    "livelihood": ("市直机关", "县(市、区)", "县直机关", "乡镇(街道)"),
    "opinions": ("市直机关", "县(市、区)", "县直机关", "乡镇(街道)"),
    "problems": TEAMS,
    "institutions": ("市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业"),
    "contributions": ("市直机关", "县(市、区)", "县直机关"),
    "supervision": ("主题办",),
    "publications": ("主题办",),
    "media": ("主题办",),
    "notices": ("主题办",),
    "reviews": ("主题办",),
    "resolutions": ("主题办",),
    "samples": ("主题办",),
}
# Asked for at the end of a month; in other weeks filed when there is something.
MONTHLY = ("lectures", "cases", "livelihood", "institutions", "contributions")
OFFICE = "Z01"

# Returned: the ledger with the mistake, and when the corrected workbook comes (None: it has not come yet).
WRONG: dict[tuple[str, str], tuple[str, str, str | None]] = {
    ("D05", "2023-W37"): ("study", "code", "in time"),
    ("C05", "2023-W38"): ("group_study", "unit", "late"),
    ("C03T3", "2023-W38"): ("study", "date", "in time"),
    ("C02", "2023-W39"): ("visits", "solved", "in time"),
    ("C03T4", "2023-W39"): ("problems", "key", "late"),
    ("C01T5", "2023-W41"): ("problems", "closed-dated", "late"),
    ("C01T3", "2023-W41"): ("group_study", "type", "in time"),
    ("C04T2", "2023-W41"): ("opinions", "backlog", None),
    ("C04", "2023-W42"): ("opinions", "backlog", None),
}
# The whole file is of no use; a good one comes in time, or late.
USELESS: dict[tuple[str, str], tuple[str, str]] = {
    ("C03T6", "2023-W36"): ("filer", "in time"),
    ("D07", "2023-W38"): ("period", "in time"),
    ("C02T5", "2023-W40"): ("truncated", "late"),
    ("D03", "2023-W41"): ("encrypted", "in time"),
}
MISSING = {
    ("C04T6", "2023-W36"),
    ("C04T6", "2023-W37"),
    ("Q03", "2023-W38"),
    ("C03T5", "2023-W40"),
    ("C02T6", "2023-W40"),
    ("C04T3", "2023-W40"),
    ("C04T5", "2023-W42"),
    ("C04D3", "2023-W42"),
}
LATE = {
    ("C04T1", "2023-W35"),
    ("Q02", "2023-W35"),
    ("C03T1", "2023-W36"),
    ("D12", "2023-W36"),
    ("C04D2", "2023-W37"),
    ("C01T6", "2023-W37"),
    ("D08", "2023-W39"),
    ("D09", "2023-W39"),
    ("C04T4", "2023-W39"),
    ("C02D3", "2023-W39"),
    ("C04", "2023-W40"),
    ("D11", "2023-W40"),
    ("C01D1", "2023-W40"),
    ("C04T6", "2023-W41"),
    ("C03D2", "2023-W41"),
    ("C04T1", "2023-W42"),
    ("C03T3", "2023-W42"),
}
# Accepted, then filed again with other figures: before the cut-off or after it.
AGAIN: dict[tuple[str, str], tuple[str, str]] = {
    ("C02", "2023-W38"): ("study", "in time"),
    ("C02", "2023-W37"): ("visits", "late"),
    ("Z01", "2023-W41"): ("reviews", "in time"),
    ("C01", "2023-W41"): ("opinions", "in time"),
    ("C05", "2023-W41"): ("opinions", "late"),
    ("S03", "2023-W42"): ("visits", "in time"),
    ("C06", "2023-W42"): ("opinions", "late"),
}
ABSENT = {("C03T3", "2023-W41"): "opinions", ("D04", "2023-W42"): "study"}  # one sheet left out
RECLASSIFIED = {("C01", "2023-W39"): "study"}  # accepted, and after the cut-off filed again with another kind of study
TWICE = {("D01", "2023-W36")}  # the same file sent twice under two names
UNTIDY: dict[tuple[str, str], tuple[str, ...]] = {
    ("C01", "2023-W36"): ("moved", "chinese-dates"),
    ("C01T1", "2023-W37"): ("aliases", "full-width"),
    ("D02", "2023-W37"): ("more-titles", "blanks"),
    ("C02T1", "2023-W38"): ("merged", "chinese-dates"),
    ("S02", "2023-W38"): ("aliases", "dotted-dates"),
    ("C06", "2023-W39"): ("moved", "total", "short-dates"),
    ("C03", "2023-W39"): ("more-titles", "full-width"),
    ("D12", "2023-W41"): ("old-name",),
    ("C02T4", "2023-W41"): ("total", "blanks", "footer"),
    ("C05", "2023-W42"): ("merged", "aliases"),
    ("C01T2", "2023-W42"): ("moved", "full-width", "chinese-dates"),
    ("S04", "2023-W42"): ("more-sheets", "footer"),
    ("Q01", "2023-W42"): ("serial-dates", "period-range"),
    ("D10", "2023-W42"): ("code-name", "period-words"),
    ("C03T1", "2023-W42"): ("one-cell-identity",),
}


@dataclass(frozen=True)
class Filed:
    """One sheet as it was meant: `accepted` is what should become of it, `mistake` why it should be returned."""

    ledger: str
    period: str
    units: tuple[str, ...]
    rows: tuple[Row, ...]
    accepted: bool = True
    mistake: str = ""

    @property
    def nil(self) -> bool:
        return not self.rows


@dataclass(frozen=True)
class Delivery:
    """One file: its name, when it came, its sheets, and how it is written."""

    filer: str
    period: str
    received_at: datetime
    sheets: tuple[Filed, ...]
    file: str
    looks: tuple[str, ...] = ()
    useless: str = ""
    again: int = 0


@dataclass
class Desk:
    """What units still have to file, from week to week."""

    city: City
    events: Events
    random: Random
    matters: list[Matter]
    filed: set[int] = field(default_factory=set)  # `_id` of dated rows that were accepted
    sent: dict[tuple[str, str, str], Row] = field(default_factory=dict)  # matters as last accepted
    launched: set[str] = field(default_factory=set)
    deliveries: list[Delivery] = field(default_factory=list)


DAY = {
    "launch": "held_on",
    "study": "start_date",
    "lectures": "lecture_date",
    "visits": "visit_date",
    "supervision": "held_on",
    "media": "published_on",
    "samples": "checked_on",
}


def month_ends_in(week: str) -> bool:
    return starts(week).month != (ends(week) + timedelta(days=1)).month


def cut_off(week: str) -> datetime:
    return datetime.combine(ends(week) + timedelta(days=1), time(12))


def everything_filed(city: City, events: Events, random: Random) -> list[Delivery]:
    """All deliveries of all weeks in the order of their weeks and filers."""
    desk = Desk(city, events, random, events.matters)
    events.dated["samples"] = []
    for week in WEEKS:
        decisions = _sit(events.problems, week, random)
        if decisions:
            decisions += office.decide(desk.matters, events.dated["publications"], decisions[0]["decided_on"])
        for n, row in enumerate(office.check(week)):
            events.dated["samples"].append(row | {"_id": 90_000_001 + 1000 * WEEKS.index(week) + 2 * n})
        for p in events.problems:
            advance(p, ends(week))
        for filer, units in _filers(city, ends(week)).items():
            _file(desk, week, filer, units, decisions)
    return desk.deliveries


def _filers(city: City, day: date) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for u in city.on(day):
        if u["files"]:
            found.setdefault(u["filer"] or u["code"], []).append(u)
    return found


def _sit(problems: list[Problem], week: str, random: Random) -> list[Row]:
    """The office sits on Wednesday; in the holiday week it does not."""
    day = workday(starts(week) + timedelta(days=2))
    if day > ends(week):
        return []
    rows = [row for p in problems if (row := decide(p, day, random))]
    if week >= "2023-W40":
        done = [p for p in problems if p.seen and p.seen["status"] == "已整改" and p.seen_on and p.seen_on < day]
        rows += [recheck(p, day + timedelta(days=1), random) for p in random.sample(done, len(done) // 6)]
    return rows


def _file(desk: Desk, week: str, filer: str, units: list[Row], decisions: list[Row]) -> None:
    key, random = (filer, week), desk.random
    sheets = _sheets(desk, week, filer, units, decisions)
    if absent := ABSENT.get(key):
        sheets = [s for s in sheets if s.ledger != absent]
    in_time, late = _times(week, random)
    if key in MISSING:
        return
    looks = UNTIDY.get(key, ())
    name = _file_name(desk.city, filer, week, random)
    first = Delivery(filer, week, in_time, tuple(sheets), name, looks)
    if key in LATE:
        first = replace(first, received_at=late)
    if key in USELESS:
        why, when = USELESS[key]
        _deliver(desk, replace(first, useless=why), [])
        first = _second(first, late if when == "late" else None, random)
    elif key in WRONG:
        ledger, mistake, when = WRONG[key]
        bad = [
            replace(s, accepted=False, mistake=mistake, rows=_spoilt(s, mistake)) if s.ledger == ledger else s
            for s in sheets
        ]
        _deliver(desk, replace(first, sheets=tuple(bad)), [s for s in bad if s.accepted])
        if when is None:
            return
        first = _second(first, late if when == "late" else None, random)
    elif key in AGAIN:
        ledger, when = AGAIN[key]
        other = [replace(s, rows=_other_figures(s)) if s.ledger == ledger else s for s in sheets]
        _deliver(desk, replace(first, sheets=tuple(other)), other)
        first = _second(first, late if when == "late" else None, random)
    elif key in RECLASSIFIED:
        other = [replace(s, rows=_other_figures(s)) if s.ledger == RECLASSIFIED[key] else s for s in sheets]
        _deliver(desk, replace(first, sheets=tuple(other)), other)
        first = _second(first, late, Random(f"{filer}{week}"))
    elif key in TWICE:
        _deliver(desk, first, sheets)
        first = replace(
            first, received_at=first.received_at + timedelta(minutes=7), file=first.file.replace(".xlsx", "(1).xlsx")
        )
    _deliver(desk, first, sheets)


def _second(first: Delivery, at: datetime | None, random: Random) -> Delivery:
    at = at or min(
        cut_off(first.period) - timedelta(minutes=random.randint(5, 40)),
        first.received_at + timedelta(hours=1, minutes=random.randint(0, 50)),
    )
    return replace(
        first,
        received_at=at,
        file=first.file.replace(".xlsx", random.choice(["（重报）.xlsx", "-更正.xlsx", "(2).xlsx"])),
        again=1,
    )


def _deliver(desk: Desk, delivery: Delivery, accepted: list[Filed]) -> None:
    desk.deliveries.append(deepcopy(delivery))
    problems = {(p.unit, p.row["problem_id"]): p for p in desk.events.problems}
    matters = {(m.ledger, m.unit, m.key): m for m in desk.matters}
    for s in accepted:
        if s.ledger in KEY:
            for row in s.rows:
                at = (s.ledger, row["unit"], row[KEY[s.ledger]])
                desk.sent[at] = row
                matters[at].seen, matters[at].seen_on = row, delivery.received_at.date()
        desk.filed |= {row["_id"] for row in s.rows if "_id" in row}
        if s.ledger == "launch":
            desk.launched |= {row["unit"] for row in s.rows}
        if s.ledger == "problems":
            for row in s.rows:
                p = problems[row["unit"], row["problem_id"]]
                p.seen, p.seen_on, p.changed = dict(p.row), delivery.received_at.date(), False


def _sheets(desk: Desk, week: str, filer: str, units: list[Row], decisions: list[Row]) -> list[Filed]:
    sheets = []
    for ledger, kinds in FILED_BY.items():
        mine = tuple(u["code"] for u in units if u["org_type"] in kinds)
        if not mine or (ledger == "launch" and desk.launched.issuperset(mine)):
            continue
        rows = _rows(desk, ledger, week, set(mine), decisions)
        if ledger in MONTHLY and not rows and not month_ends_in(week):
            continue
        sheets.append(Filed(ledger, week, mine, tuple(rows)))
    return sheets


def _rows(desk: Desk, ledger: str, week: str, units: set[str], decisions: list[Row]) -> list[Row]:
    last = ends(week)
    if ledger == "reviews":
        return decisions
    if ledger == "publications":
        rows = [dict(r) for r in desk.events.dated[ledger] if r["issued_on"] <= last]
        for r in rows:
            if r["adopted_on"] and r["adopted_on"] > last:
                r |= {"adopted": None, "adopted_on": None, "adopted_in": None}
        return rows
    if ledger in ("group_study", "opinions"):
        return [r for r in desk.events.weekly.get((ledger, week), []) if r["unit"] in units]
    if ledger == "problems":
        return [
            {"unit": p.unit, **p.row}
            for p in desk.events.problems
            if p.unit in units and p.changed and p.row["registered_on"] <= last
        ]
    if ledger in KEY:
        now = [(m, m.at(last)) for m in desk.matters if m.ledger == ledger and (m.unit in units or OFFICE in units)]
        return [row for m, row in now if row is not None and row != desk.sent.get((ledger, m.unit, m.key))]
    day = DAY[ledger]
    rows = [
        r
        for r in desk.events.dated[ledger]
        if (r["unit"] in units or OFFICE in units) and r[day] <= last and r["_id"] not in desk.filed
    ]
    if (
        ledger != "launch"
    ):  # what was missed last week is made good; older things are not, and one in sixty waits a week
        rows = [r for r in rows if r[day] >= starts(week) - timedelta(days=7)]
        rows = [r for r in rows if r["_id"] % 60 or r[day] < starts(week) or week == WEEKS[-1]]
    return sorted(rows, key=lambda r: (r["unit"], r[day]))


def _times(week: str, random: Random) -> tuple[datetime, datetime]:
    close = cut_off(week)
    early = close - timedelta(
        minutes=random.choice([random.randint(90, 300), random.randint(90, 300), random.randint(3900, 4300)])
    )
    late = close + timedelta(minutes=random.choice([random.randint(40, 300), random.randint(1200, 1650)]))
    return early, late


def _file_name(city: City, filer: str, week: str, random: Random) -> str:
    short, number = city.unit(filer)["short_name"], int(week[-2:])
    return random.choice(
        [
            f"{short}{week}.xlsx",
            f"{short}{week}.xlsx",
            f"{week}_{short}_主题教育台账.xlsx",
            f"{short}主题教育台账（第{number}周）.xlsx",
            f"{filer}-{week}.xlsx",
        ]
    )


def _spoilt(s: Filed, mistake: str) -> tuple[Row, ...]:
    """The rows with one mistake in them, which the sheet is returned for."""
    rows = [dict(r) for r in s.rows]
    assert rows, f"{s.ledger} {s.period} {s.units[0]} has no row to spoil"
    at: Row = rows[-1]
    backlog = next((r for r in rows if r.get("channel") == "信访"), at)
    changes: dict[str, Any] = {
        "code": {"study_type": "读书会"},
        "unit": {"_unit": "茶亭畈村委会"},
        "date": {"start_date": "9月31日"},
        "solved": {"solved_on_site": at.get("found", 0) + 2},
        "type": {"should": "约20"},
        "closed-dated": {"status": "已整改", "closed_on": None},
    }
    if mistake == "backlog":
        backlog["backlog_close"] += 1
    elif mistake == "key":
        rows.append(dict(at))
    else:
        at |= changes[mistake]
    return tuple(rows)


def _other_figures(s: Filed) -> tuple[Row, ...]:
    """The same rows with a slip that is put right later; nothing a check could see."""
    rows = [dict(r) for r in s.rows]
    assert rows, f"{s.ledger} {s.period} {s.units[0]} has no row to change"
    at = rows[0]
    if s.ledger == "study":
        at["actual"] = max(0, at["actual"] - 1)
        if at["study_type"] != "读书班":
            at["study_type"], at["seq_no"] = ("辅导报告" if at["study_type"] == "中心组" else "中心组"), None
    elif s.ledger == "visits":
        at["found"], at["solved_on_site"] = at["found"] + 3, at["solved_on_site"] + 3
    elif s.ledger == "opinions":
        at["opinions"] += 20
    elif s.ledger == "reviews":
        returned = next((r for r in rows if r["decision"] == "退回" and r["reason"] == "过细过碎"), at)
        returned["reason"] = "不聚焦" if returned["decision"] == "退回" else None
    return tuple(rows)
