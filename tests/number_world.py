"""Small random worlds: the same filings as a jianbao store and as the oracle's data frames. Seeded, so a failure repeats."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions, load
from jianbao.definitions.period import Period, periods_between
from jianbao.store import Delivery, Received, Submission, arrow_type
from jianbao.workspace import Workspace
from oracle import Filed, Window

PARAMS = Path(__file__).parents[1] / "params"
WEEKS = [Period(f"2023-W{n}") for n in range(35, 40)]
MONTH = Period("2023-09")           # W35 begins before it and W39 ends after it
OFFICE = "Z01"
ENDED_BY, MADE_ON, MOVED_ON = date(2023, 9, 13), date(2023, 9, 11), date(2023, 9, 18)
MASTERS = ("register", "bases", "groups", "tasks")
_definitions: list[Definitions] = []


def definitions() -> Definitions:
    """The example campaign's, read once."""
    if not _definitions:
        _definitions.append(load(PARAMS))
    return _definitions[0]


@dataclass(frozen=True)
class Sheet:
    """One ledger, one period, some units; `rows` carry unit and the ledger's columns."""

    ledger: str
    period: Period | None           # None: a master workbook
    filer: str
    units: tuple[str, ...]
    received_at: datetime
    rows: tuple[dict[str, Any], ...] = ()
    nil: bool = False
    accepted: bool = True
    findings: tuple[Any, ...] = ()

    @property
    def ends(self) -> date:
        return self.period.ends if self.period else self.received_at.date()

    @property
    def late(self) -> bool:
        return self.period is not None and self.received_at > datetime.combine(
            self.ends + timedelta(days=1), datetime.min.time()).replace(hour=12)


@dataclass
class World:
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def moments(self) -> list[datetime]:
        return sorted({s.received_at for s in self.sheets})

    def filed(self) -> Filed:
        """For the oracle. Submissions are numbered as they came."""
        ledgers = definitions().ledgers
        covered: list[dict[str, Any]] = []
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in definitions().filed_ledgers}
        masters: dict[str, list[tuple[datetime, pd.DataFrame]]] = {name: [] for name in MASTERS}
        for n, s in enumerate(sorted(self.sheets, key=lambda s: s.received_at)):
            if s.period is None:
                masters[s.ledger].append((s.received_at, _frame(s.rows, ledgers[s.ledger])))
                continue
            covered += [{"submission": n, "ledger": s.ledger, "period": s.period.id, "ends": s.ends, "unit": u,
                         "received_at": s.received_at, "accepted": s.accepted, "nil": s.nil}
                        for u in ([s.filer] if ledgers[s.ledger].by_office else s.units)]
            if s.accepted:
                rows[s.ledger] += [{"submission": n, "row": k, "date": _event(r, s, ledgers[s.ledger]), **r}
                                   for k, r in enumerate(s.rows, 4)]
        frame = pd.DataFrame(covered)
        frame["ends"], frame["received_at"] = pd.to_datetime(frame["ends"]), pd.to_datetime(frame["received_at"])
        return Filed(frame, {name: _frame(found, ledgers[name], "submission", "row", "date")
                             for name, found in rows.items()}, masters)

    def workspace(self, folder: Path, *, shuffle: Random | None = None) -> Workspace:
        """A workspace with its store filled, receive by receive; `shuffle` takes the receives, and the files in each, in
        another order."""
        workspace = empty_workspace(folder)
        batches: dict[datetime, list[Sheet]] = {}
        for s in sorted(self.sheets, key=lambda s: s.received_at):
            batches.setdefault(s.received_at, []).append(s)
        order = list(batches)
        if shuffle is not None:
            shuffle.shuffle(order)
            for batch in batches.values():
                shuffle.shuffle(batch)
        for at in order:
            receive(workspace, batches[at], at)
        return workspace


def empty_workspace(folder: Path, params: Path = PARAMS) -> Workspace:
    shutil.copytree(params, folder / "params")
    workspace = Workspace(folder, today=date(2023, 10, 10))
    if params == PARAMS:        # read once for all tests
        workspace.__dict__["definitions"] = replace(definitions(), root=folder)
    return workspace


def receive(workspace: Workspace, sheets: Iterable[Sheet], at: datetime) -> None:
    received = [delivered(s, workspace.definitions.ledgers[s.ledger]) for s in sheets]
    with workspace.store.lock():
        workspace.store.receive(received, received_at=at)
    workspace.refresh()


def delivered(s: Sheet, ledger: Ledger) -> Received:
    """A sheet as the file it would have come in; equal sheets have equal content."""
    content = repr(s).encode()
    d = Delivery(hashlib.sha256(content).hexdigest(), f"{s.filer}_{s.ledger}.xlsx", len(content), s.filer, s.received_at,
                 "stored" if s.accepted else "returned")
    sub = Submission(ledger=s.ledger, period=s.period.id if s.period else "", period_ends=s.ends, filer=s.filer, units=s.units,
                     nil=s.nil, sheet=ledger.title, accepted=s.accepted, late=s.late, rows=table(s, ledger) if s.rows else None,
                     findings=s.findings)
    return Received(d, content, (sub,))


def table(s: Sheet, ledger: Ledger) -> pa.Table:
    columns = {"unit": pa.array([r.get("unit", r.get("code")) for r in s.rows], pa.string()),
               "row": pa.array(range(4, 4 + len(s.rows)), pa.int32()),
               "date": pa.array([_event(r, s, ledger) for r in s.rows], pa.date32())}
    for name, c in ledger.typed.items():
        columns[name] = pa.array([r.get(name) for r in s.rows], arrow_type(c.type))
    return pa.table(columns)


def window(period: Period) -> Window:
    weeks = [period] if period.kind == "week" else periods_between(period.starts, period.ends, "week")
    return Window(period.id, period.starts, period.ends, tuple((w.id, w.ends) for w in weeks))


def _event(row: dict[str, Any], s: Sheet, ledger: Ledger) -> date:
    day = row.get(ledger.date) if ledger.date else None
    return day or s.ends


def _frame(rows: Iterable[dict[str, Any]], ledger: Ledger, *more: str) -> pd.DataFrame:
    columns = list(dict.fromkeys([*more, *([] if ledger.name == "register" else ["unit"]), *ledger.typed]))
    frame = pd.DataFrame([{c: r.get(c) for c in columns} for r in rows], columns=columns, dtype=object)
    for name in columns:
        kind = "date" if name == "date" else ledger.columns[name].type if name in ledger.columns else ""
        if kind == "date":
            frame[name] = pd.to_datetime(frame[name])
        elif kind in ("int", "num", "percent") or name in ("submission", "row"):
            frame[name] = pd.to_numeric(frame[name]).astype(float)
    return frame


# A random one

def random_world(seed: int) -> World:
    """12 units or so on four levels, five weeks; one unit ended, one made, one moved; late, missing, returned, replaced."""
    r = Random(seed)
    world = World()
    register = _register(r)
    begin = datetime(2023, 8, 25, 9)
    first = [u for u in register if u["code"] != "C02T9"] if r.random() < 0.3 else register
    _master(world, "register", first, begin)
    if first is not register:
        _master(world, "register", register, datetime(2023, 9, 12, 9))
    codes = sorted({u["code"] for u in register})
    bases = _bases(r, codes)
    _master(world, "bases", bases, begin)
    if r.random() < 0.4:
        _master(world, "bases", [{**b, "party_org_count": b["party_org_count"] + r.randint(0, 3)} for b in bases] +
                [{**r.choice(bases), "base_date": date(2023, 9, 15)}], datetime(2023, 9, 20, 9))
    _master(world, "groups", _groups(r, codes), begin)
    tasks = _tasks(r, codes)
    _master(world, "tasks", tasks, begin)
    if r.random() < 0.5:
        _master(world, "tasks", [{**t, "done_date": t["done_date"] or _day(r, 0, 34)} for t in tasks], datetime(2023, 9, 19, 9))
    problems: list[tuple[str, str]] = []
    issues: list[dict[str, Any]] = []
    for week in WEEKS:
        _week(r, world, register, week, problems, issues)
    return world


def _week(r: Random, world: World, register: list[dict[str, Any]], week: Period, problems: list[tuple[str, str]],
          issues: list[dict[str, Any]]) -> None:
    valid = {u["code"]: u for u in register if u["valid_from"] <= week.ends and (u["valid_to"] is None or week.ends <= u["valid_to"])}
    for name, ledger in definitions().filed_ledgers.items():
        if ledger.by_office:
            continue
        groups: dict[str, list[str]] = {}
        for u in valid.values():
            if u["files"] and u["org_type"] in ledger.filed_by:
                groups.setdefault(u["filer"] or u["code"], []).append(u["code"])
        for filer, codes in sorted(groups.items()):
            for units in [codes] if r.random() < 0.5 else [[c] for c in codes]:
                _filings(r, world, name, week, filer, tuple(units), problems)
    for name in ("reviews", "publications"):
        if r.random() < 0.8:
            for at in _moments(r, week)[:r.choice([1, 1, 2])]:
                rows = _reviews(r, week, problems) if name == "reviews" else _publications(r, week, issues, list(valid))
                _add(world, Sheet(name, week, OFFICE, tuple(sorted({x["unit"] for x in rows})), at, tuple(rows), nil=not rows,
                                  accepted=r.random() < 0.9))


def _filings(r: Random, world: World, ledger: str, week: Period, filer: str, units: tuple[str, ...],
             problems: list[tuple[str, str]]) -> None:
    fate = r.random()
    if fate < 0.15:
        return
    times = _moments(r, week)
    n = 1 if fate < 0.7 else 2 if fate < 0.95 else 3
    for at in times[:n]:
        nil = r.random() < 0.15
        rows = [] if nil else [row for u in units for row in _ROWS[ledger](r, u, week, problems)]
        _add(world, Sheet(ledger, week, filer, units, at, tuple(rows), nil=not rows, accepted=r.random() < 0.85))
    if len(units) > 1 and r.random() < 0.3:     # one of them files again for itself
        _add(world, Sheet(ledger, week, units[-1], units[-1:], times[-1] + timedelta(hours=1),
                          tuple(_ROWS[ledger](r, units[-1], week, problems)), accepted=r.random() < 0.9))


def _add(world: World, sheet: Sheet) -> None:
    world.sheets.append(sheet)


def _moments(r: Random, week: Period) -> list[datetime]:
    """Few distinct ones, so that several files come at the same moment; some after the cut-off, some weeks late."""
    monday = datetime.combine(week.ends + timedelta(days=1), datetime.min.time())
    return sorted(r.sample([monday.replace(hour=9), monday.replace(hour=11), monday.replace(hour=12), monday.replace(hour=15),
                            monday + timedelta(days=1, hours=9), monday + timedelta(days=9, hours=10)], 3))


def _day(r: Random, first: int, last: int) -> date:
    return date(2023, 8, 28) + timedelta(days=r.randint(first, last))


def _maybe(r: Random, value: Any, p: float = 0.8) -> Any:
    return value if r.random() < p else None


def _event_day(r: Random, week: Period) -> date:
    """In the week, or before it (补报), even before the campaign."""
    return week.starts + timedelta(days=r.randint(0, 6) if r.random() < 0.75 else -r.randint(1, 16))


def _register(r: Random) -> list[dict[str, Any]]:
    def unit(code: str, parent: str | None, org_type: str, **more: Any) -> dict[str, Any]:
        return {"code": code, "name": f"单位{code}", "short_name": code, "parent": parent, "level": "市", "org_type": org_type,
                "campaign_unit": r.random() < 0.85, "batch": _maybe(r, "第二批", 0.9), "filer": None, "files": True,
                "valid_from": date(2023, 1, 1), "valid_to": None, "aliases": None} | more

    units = [unit("root", None, "汇总节点", files=False, campaign_unit=False), unit(OFFICE, "root", "主题办", files=False),
             unit("D01", "root", "市直机关"), unit("C01", "root", "县(市、区)"), unit("C02", "root", "县(市、区)")]
    for county in ("C01", "C02"):
        for n in range(1, r.randint(2, 3) + 1):
            town = f"{county}T{n}"
            units.append(unit(town, county, "乡镇(街道)", files=r.random() < 0.93))
            if r.random() < 0.6:
                units.append(unit(f"{town}V1", town, r.choice(["村(社区)", "两企三新"]), filer=_maybe(r, town, 0.7)))
    units.append(unit("C02T9", "C02", "乡镇(街道)", valid_from=MADE_ON))
    # One comes to an end, with or without those under it.
    towns = [u for u in units if u["org_type"] == "乡镇(街道)" and u["code"] != "C02T9"]
    gone = r.choice(towns)
    gone["valid_to"] = ENDED_BY
    if r.random() < 0.6:
        for u in units:
            if u["parent"] == gone["code"]:
                u["valid_to"] = ENDED_BY - timedelta(days=r.choice([0, 7]))
    # One moves to the other county.
    mover = r.choice([t for t in towns if t is not gone])
    if r.random() < 0.7:
        mover["valid_to"] = MOVED_ON - timedelta(days=1)
        units.append({**mover, "valid_from": MOVED_ON, "valid_to": None, "parent": "C02" if mover["parent"] == "C01" else "C01"})
    r.shuffle(units)
    return units


def _master(world: World, name: str, rows: list[dict[str, Any]], at: datetime) -> None:
    _add(world, Sheet(name, None, OFFICE, (), at, tuple(rows)))


def _bases(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    def base(unit: str, day: date) -> dict[str, Any]:
        return {"unit": unit, "base_date": day, "teams_due": r.randint(0, 1), "team_members": r.randint(0, 9),
                "leaders_county_up": r.randint(0, 5), "party_org_count": r.randint(0, 40), "members": r.randint(0, 90),
                "backlog_base": _maybe(r, r.randint(0, 30), 0.6)}

    rows = [base(c, date(2023, 6, 30)) for c in codes if r.random() < 0.9]
    return rows + [base(c, _day(r, 0, 40)) for c in codes if r.random() < 0.3]


def _groups(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    rows = []
    for c in codes:
        team = r.randint(1, 4)
        until = _maybe(r, _day(r, 5, 30), 0.3)
        rows.append({"district": f"P{team % 2}", "district_name": "片区", "team": f"G{team}", "team_name": "组", "unit": c,
                     "valid_from": date(2023, 1, 1), "valid_to": until})
        if until and r.random() < 0.5:
            rows.append({**rows[-1], "team": f"G{r.randint(1, 4)}", "valid_from": until + timedelta(days=1), "valid_to": None})
    return rows


def _tasks(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    return [{"task_id": f"T{n}", "measure": "理论学习", "title": "任务", "unit": r.choice(codes), "start_date": date(2023, 8, 28),
             "due_date": _day(r, 3, 40), "weight": r.choice([0.5, 1.0, 2.0, 0.1]), "progress": r.random(),
             "status": r.choice(["推进中", "已完成", "已取消", "已逾期"]), "done_date": _maybe(r, _day(r, 0, 40), 0.5)} for n in range(12)]


def _launch(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "event_type": r.choice(["动员会", "动员会", "常委会"]), "held_on": _event_day(r, week)}
            for _ in range(r.randint(0, 2))]


def _study(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    rows = []
    for _ in range(r.randint(0, 3)):
        day = _event_day(r, week)
        rows.append({"unit": unit, "study_type": r.choice(["读书班", "中心组", "专题研讨"]), "start_date": day, "end_date": day,
                     "days": r.choice([0.5, 1.0, 2.5, 3.0]), "topic": "学习", "should": _maybe(r, 20), "actual": _maybe(r, 18)})
    return rows


def _group_study(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "member_group": g, "should": r.randint(0, 50), "done": r.randint(0, 50), "mode": _maybe(r, "集中"),
             "copies": _maybe(r, r.randint(0, 900), 0.7)}
            for g in ("省派驻村", "三新", "流动", "年老体弱", "其他") if r.random() < 0.6]


def _visits(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    rows = []
    for _ in range(r.randint(0, 3)):
        found = r.randint(0, 6)
        rows.append({"unit": unit, "visit_date": _event_day(r, week), "leader_code": f"X-{r.randint(1, 4)}",
                     "leader_rank": r.choice(["市级", "县处级", "县处级", "乡科级"]), "place_unit": _maybe(r, "C01"),
                     "with_leaders": _maybe(r, ["X-1", "X-2"]), "found": found, "solved_on_site": r.randint(0, found),
                     "with_reception": _maybe(r, r.random() < 0.5)})
    return rows


def _opinions(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "channel": c, "opinions": r.randint(0, 30), "replied": _maybe(r, 1), "backlog_open": _maybe(r, 9),
             "backlog_new": _maybe(r, 1), "backlog_resolved": _maybe(r, r.randint(0, 4)), "backlog_close": _maybe(r, r.randint(0, 9))}
            for c in ("访民情", "信箱", "信访") if r.random() < 0.7]


def _problems(r: Random, unit: str, week: Period, known: list[tuple[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for n in r.sample(range(1, 6), r.randint(0, 3)):    # the same few numbers in every unit
        key = f"WT-{n:03d}"
        known.append((unit, key))
        day = _event_day(r, week)
        closed = _maybe(r, day + timedelta(days=r.randint(0, 10)), 0.4)
        rows.append({"unit": unit, "problem_id": key, "subject": "领导班子", "source": "自己找", "summary": "问题", "registered_on": day,
                     "due_date": _day(r, 5, 40), "status": "已整改" if closed and r.random() < 0.9 else r.choice(["整改中", "基本完成"]),
                     "closed_on": closed, "refiled_on": _maybe(r, _day(r, 0, 34), 0.3)})
    return rows


def _reviews(r: Random, week: Period, known: list[tuple[str, str]]) -> list[dict[str, Any]]:
    rows = []
    for unit, key in [r.choice(known) for _ in range(r.randint(0, 8))] if known else []:
        decision = r.choice(["合格", "合格", "退回", "回头看合格", "回头看不合格"])
        rows.append({"unit": unit, "reviewed": "L11", "item_key": key, "decision": decision, "decided_on": _event_day(r, week),
                     "reason": r.choice(["过细过碎", "不聚焦"]) if decision == "退回" else None,
                     "due_on": _maybe(r, week.ends + timedelta(days=r.randint(-6, 6))) if decision == "退回" else None})
    return rows


def _publications(r: Random, week: Period, issues: list[dict[str, Any]], units: list[str]) -> list[dict[str, Any]]:
    """The whole list each time: new ones, changed ones, now and then one left out."""
    for _ in range(r.randint(0, 3)):
        kind = r.choice(["简报", "专报", "分类指导清单"])
        number = 1 + sum(i["doc_type"] == kind for i in issues)
        issues.append({"unit": r.choice([OFFICE, OFFICE, *units]), "doc_type": kind, "issue_no": number, "title": "信息",
                       "issued_on": _event_day(r, week), "sent_up": r.random() < 0.6, "adopted": None, "adopted_on": None,
                       "source_units": _maybe(r, ["C01"])})
    for n, issue in enumerate(issues):
        if issue["sent_up"] and issue["adopted"] is None and r.random() < 0.4:
            adopted = r.randint(0, 3)
            issues[n] = {**issue, "adopted": adopted, "adopted_on": _event_day(r, week) if adopted else None}
    return [dict(i) for i in issues if r.random() < 0.95]


_ROWS = {"launch": _launch, "study": _study, "group_study": _group_study, "visits": _visits, "opinions": _opinions,
         "problems": _problems}
