"""What happened in 澜川 from 2023-W35 to 2023-W42, unit by unit: the truth that is then filed more or less well.

Every row is a dict keyed by the ledger's column names, with its unit. Imports city, texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from city import MERGED, MERGED_INTO, MERGED_ON, PACE, STARTS, City, Row, county_of
from texts import SAID, summary

WEEKS = [f"2023-W{n}" for n in range(35, 43)]
HOLIDAY = [date(2023, 9, 29) + timedelta(days=n) for n in range(8)]  # 中秋、国庆: little happens
CLOSES = date(2023, 10, 22)
HIDES = ("D07", "C01T3", "C02T5", "C06T1")  # much study, little done
# These rectify everything on one day: the last but two of a week, or some Friday.
AT_ONCE = {"C06D1": date(2023, 10, 20), "D12": date(2023, 10, 13)}


def starts(week: str) -> date:
    return STARTS + timedelta(weeks=int(week[-2:]) - 35)


def ends(week: str) -> date:
    return starts(week) + timedelta(days=6)


@dataclass
class Problem:
    """One self-check problem. What the office decides and when it is rectified comes about week by week."""

    unit: str
    row: Row
    accepted_on: date | None = None
    returned: int = 0
    refile_on: date | None = None
    closes: date | None = None  # when it will be rectified
    seen: Row | None = None  # the row as the office last received it
    seen_on: date | None = None
    changed: bool = True  # since it was last received
    settled: bool = False  # nothing more for the office to decide


@dataclass
class Events:
    """Dated events per ledger, and weekly counts per (ledger, week)."""

    dated: dict[str, list[Row]] = field(default_factory=dict)
    weekly: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    matters: list[Any] = field(default_factory=list)  # what stands in units' lists and changes: see matters.py


def happen(city: City, random: Random) -> Events:
    events = Events()
    units = {r["code"]: r for r in city.register if r["campaign_unit"]}
    events.dated["launch"] = [row for u in units.values() for row in _launch(u, random)]
    events.dated["study"] = [row for u in units.values() for row in _study(u, city, random)]
    events.dated["visits"] = [row for u in units.values() for row in _visits(u, city, units, random)]
    events.dated["publications"] = _publications(units)
    for u in units.values():
        _group_study(u, city, events, random)
        _opinions(u, city, events, random)
    events.problems = [p for u in units.values() for p in _problems(u, random)]
    for rows in events.dated.values():
        for n, row in enumerate(rows):
            row["_id"] = n + 1_000_000 * len(row)
    # What follows has draws of its own, so that what stands above stays as it is.
    said: dict[str, int] = {}
    for p in events.problems:
        own = Random(f"{p.unit}{p.row['problem_id']}{STARTS}")
        p.row["summary"] = summary(p.row["summary"], _near(units[p.unit], units, own), own, said)
    copied = {p.unit: p for p in events.problems if p.row["problem_id"] == "WT-002"}
    copied["C04T2"].row["summary"] = copied["C01T2"].row["summary"]
    _towns_study_less(events.dated["study"], Random(f"towns{STARTS}"))
    events.dated["study"] += _more_study(units, Random(f"study{STARTS}"))
    events.dated["visits"] += _more_visits(units, events.dated["visits"], Random(f"visits{STARTS}"))
    _number_sessions(events.dated["study"], units)
    events.dated["lectures"] = _lectures(units, city, Random(f"lectures{STARTS}"))
    return events


def _near(u: Row, units: dict[str, Row], random: Random) -> str:
    """A town or village of the unit's county, or of any."""
    below = [x["short_name"] for x in units.values() if x["org_type"] in ("乡镇(街道)", "村(社区)") and x["code"] != MERGED
             and (not county_of(u["code"]) or county_of(x["code"]) == county_of(u["code"]))]
    return str(random.choice(below))


def _more_study(units: dict[str, Row], random: Random) -> list[Row]:
    """Units that study much: a session of each kind a week, and a longer reading class."""
    rows = []
    for code in HIDES:
        for n, week in enumerate(WEEKS[2:]):
            for study_type in ("中心组", "专题研讨", *(("读书班",) if n in (1, 2) else ())):
                if (day := _day(random, week)) is None:
                    continue
                days = min(2, 5 - day.weekday()) if study_type == "读书班" else 0.5
                size = random.randint(9, 12)
                rows.append(
                    {
                        "unit": code,
                        "study_type": study_type,
                        "start_date": day,
                        "end_date": day + timedelta(days=int(days - 0.5)),
                        "days": days,
                        "topic": random.choice(TOPICS),
                        "should": size,
                        "actual": size,
                        "_id": 60_000_001 + 2 * len(rows),
                    }
                )
    return rows


def _towns_study_less(study: list[Row], random: Random) -> None:
    """Most of what a town's centre group did after its first session was a discussion only."""
    seen: set[str] = set()
    for row in sorted(study, key=lambda r: (r["start_date"], r["_id"])):
        if row["study_type"] != "中心组" or "T" not in row["unit"]:
            continue
        if row["unit"] in seen and random.random() < 0.75:
            row["study_type"] = "专题研讨"
        seen.add(row["unit"])


def _more_visits(units: dict[str, Row], before: list[Row], random: Random) -> list[Row]:
    """The city's own leaders go out more: those who have not led a visit first."""
    rows: list[Row] = []
    for code, u in units.items():
        if u["org_type"] not in ("市四套班子", "市直机关"):
            continue
        led = {r["leader_code"] for r in before if r["unit"] == code}
        posts = [_post(code, n) for n in range(1, 8) if _post(code, n) not in led][: 5 if u["org_type"] == "市四套班子" else 3]
        for leader in [*posts, _post(code, 1), *([_post(code, 2)] if code in HIDES else [])]:
            day = _day(random, random.choice([w for w in WEEKS[2:] if w != "2023-W40"]))
            if day is None:
                continue
            found = random.choice([0, 1, 2, 2, 3])
            rows.append(
                {
                    "unit": code,
                    "visit_date": day,
                    "leader_code": leader,
                    "leader_rank": "市级" if u["org_type"] == "市四套班子" else "县处级",
                    "place_unit": random.choice(sorted(c for c in units if "T" in c and c != MERGED)),
                    "with_leaders": None,
                    "found": found,
                    "solved_on_site": random.randint(0, found),
                    "with_reception": random.random() < 0.3,
                    "_id": 62_000_001 + 2 * len(rows),
                }
            )
    return rows


def _number_sessions(study: list[Row], units: dict[str, Row]) -> None:
    """The city's and the counties' centre groups number their sessions."""
    numbers: dict[str, int] = {}
    for row in sorted(study, key=lambda r: (r["start_date"], r["_id"])):
        row["seq_no"] = None
        if row["study_type"] == "中心组" and units[row["unit"]]["org_type"] in ("市四套班子", "县(市、区)"):
            row["seq_no"] = numbers[row["unit"]] = numbers.get(row["unit"], 0) + 1


LECTURES = [
    "把学习成果写在群众心坎上",
    "从一件件小事里看初心",
    "以实干回答时代之问",
    "做让基层放心的机关干部",
    "守住为民用权的底线",
    "在难题面前不绕道",
    "把支部建在群众需要的地方",
    "调查研究是做好工作的基本功",
    "学会同群众坐在一条板凳上",
    "发展要算长远账",
]


def _lectures(units: dict[str, Row], city: City, random: Random) -> list[Row]:
    """Who lectures how many times: about three leaders in four of the city's teams, a third of a county's."""
    share = {"市四套班子": 0.8, "市直机关": 0.55, "县(市、区)": 0.36, "国有企业": 0.5, "县直机关": 0.3, "乡镇(街道)": 0.28}
    rank = {"市四套班子": "市级", "县直机关": "乡科级", "乡镇(街道)": "乡科级"}
    rows = []
    for u in units.values():
        if u["org_type"] not in share:
            continue
        code, many = u["code"], share[u["org_type"]] * (0.5 if county_of(u["code"]) == "C04" else 1)
        for post in range(1, city.base(code, "team_members", CLOSES) + 1):
            times = int(code in HIDES or random.random() < many) + (random.random() < 0.06)
            for _ in range(times):
                day = _day(random, random.choice([w for w in WEEKS[2:] if w != "2023-W40"]))
                if day is None:
                    continue
                by_branch = u["org_type"] == "乡镇(街道)" and random.random() < 0.3
                rows.append(
                    {
                        "unit": code,
                        "lecture_date": day,
                        "speaker_code": _post(code, post),
                        "speaker_rank": "支部书记" if by_branch else rank.get(u["org_type"], "县处级"),
                        "title": random.choice(LECTURES),
                        "audience": random.randint(18, 120),
                        "_id": 70_000_001 + 2 * len(rows),
                    }
                )
    return rows


def workday(day: date) -> date:
    """`day`, or the next day on which offices work."""
    while day in HOLIDAY or day.weekday() > 4:
        day += timedelta(days=1)
    return day


def _day(random: Random, week: str) -> date | None:
    days = [d for n in range(5) if (d := starts(week) + timedelta(days=n)) not in HOLIDAY]
    return random.choice(days) if days else None


def _launch(u: Row, random: Random) -> list[Row]:
    first, last = {
        "市四套班子": (0, 2),
        "市直机关": (1, 5),
        "县(市、区)": (2, 7),
        "县直机关": (7, 14),
        "国有企业": (3, 9),
        "乡镇(街道)": (8, 16),
        "村(社区)": (10, 20),
        "两企三新": (9, 15),
    }[u["org_type"]]
    day = workday(STARTS + timedelta(days=random.randint(first, last)))
    if u["code"] in ("C04T5", "C04T1V1"):  # the slow county's last
        day = workday(STARTS + timedelta(days=23))
    if u["code"] == "S01":
        day = STARTS
    rows = [{"unit": u["code"], "event_type": "动员会", "held_on": day, "doc_title": None}]
    if u["org_type"] in ("市四套班子", "市直机关", "县(市、区)", "国有企业"):
        earlier = max(day - timedelta(days=day.weekday()), day - timedelta(days=1))  # in the same week
        rows.append(
            {
                "unit": u["code"],
                "event_type": random.choice(["领导小组会", "常委会"]),
                "held_on": earlier,
                "doc_title": None,
            }
        )
        rows.append(
            {
                "unit": u["code"],
                "event_type": "方案印发",
                "held_on": day,
                "doc_title": f"{u['short_name']}主题教育实施方案",
            }
        )
    return rows


TOPICS = [
    "专题一：学思想、强党性",
    "专题二：重实践、建新功",
    "专题三：以学促干、真抓实干",
    "读原著学原文悟原理",
    "检视问题、推动整改",
    "基层治理与为民服务",
]


def _study(u: Row, city: City, random: Random) -> list[Row]:
    kind = u["org_type"]
    if kind in ("村(社区)", "两企三新"):
        return []
    size = city.base(u["code"], "team_members", CLOSES) + random.randint(0, 6)

    def row(study_type: str, day: date, days: float) -> Row:
        end = day + timedelta(days=int(days - 0.5))
        return {
            "unit": u["code"],
            "study_type": study_type,
            "start_date": day,
            "end_date": end,
            "days": days,
            "topic": random.choice(TOPICS),
            "should": size,
            "actual": size - random.choice([0, 0, 0, 1, 2]),
        }

    rows = []
    # The reading class: the city first, the towns last; two towns of the slow county have not held theirs.
    weeks = {
        "市四套班子": (1, 3),
        "市直机关": (1, 4),
        "国有企业": (2, 5),
        "县(市、区)": (1, 4),
        "县直机关": (2, 6),
        "乡镇(街道)": (2, 7),
    }[kind]
    if u["code"] not in ("C04T5", "C04T6"):
        n = random.randint(*weeks)
        day = workday(STARTS + timedelta(days=7 * n + random.choice([0, 1, 2])))
        days = {
            "市四套班子": random.choice([3, 4, 5]),
            "县(市、区)": random.choice([3, 3.5, 4]),
            "市直机关": random.choice([2, 2.5, 3]),
        }.get(kind, random.choice([1, 1.5, 2]))
        room = (4 - day.weekday()) + 1
        if day + timedelta(days=room) <= CLOSES + timedelta(days=1):
            rows.append(row("读书班", day, min(days, room)))
            if kind in ("市四套班子", "县(市、区)") and n < 4 and (again := _day(random, WEEKS[n + 3])):
                rows.append(row("读书班", again, 0.5 if again.weekday() == 4 else 1))
    every = {
        "市四套班子": 0.65,
        "市直机关": 0.5,
        "县(市、区)": 0.7,
        "国有企业": 0.4,
        "县直机关": 0.35,
        "乡镇(街道)": 0.3,
    }[kind]
    for week in WEEKS[1:]:
        for study_type, share in (("中心组", every), ("专题研讨", 0.25), ("现场教学", 0.1), ("辅导报告", 0.08)):
            share *= 0.5 if county_of(u["code"]) == "C04" else 1
            if random.random() < share and (day := _day(random, week)):
                rows.append(row(study_type, day, 0.5 if study_type != "现场教学" else 1))
    return rows


def _visits(u: Row, city: City, units: dict[str, Row], random: Random) -> list[Row]:
    kind = u["org_type"]
    if kind not in ("市四套班子", "市直机关", "县(市、区)", "县直机关"):
        return []
    rate = {"市四套班子": 1.6, "市直机关": 0.7, "县(市、区)": 3.2, "县直机关": 0.5}[kind]
    rate *= 0.55 if county_of(u["code"]) == "C04" else 1
    rank = {"市四套班子": "市级", "县直机关": "乡科级"}.get(kind, "县处级")
    leaders = city.base(u["code"], "leaders_county_up" if kind != "县直机关" else "team_members", CLOSES)
    near = [
        c
        for c in units
        if units[c]["org_type"] in ("乡镇(街道)", "村(社区)")
        and c != MERGED
        and (not county_of(u["code"]) or county_of(c) == county_of(u["code"]))
    ]
    rows = []
    for week in WEEKS[1:]:
        for _ in range(int(rate * random.uniform(0.4, 1.7) + random.random())):
            if (day := _day(random, week)) is None:
                continue
            found = random.choice([0, 1, 1, 2, 2, 3, 4])
            companions = random.sample(range(1, leaders + 1), min(leaders, random.choice([0, 0, 1, 2])))
            lead = random.randint(1, leaders)
            rows.append(
                {
                    "unit": u["code"],
                    "visit_date": day,
                    "leader_code": _post(u["code"], lead),
                    "leader_rank": rank,
                    "place_unit": random.choice(near),
                    "with_leaders": "、".join(_post(u["code"], n) for n in companions if n != lead) or None,
                    "found": found,
                    "solved_on_site": random.randint(0, found),
                    "with_reception": random.random() < (0.34 if kind != "县直机关" else 0.2),
                }
            )
    return rows


def _post(unit: str, number: int) -> str:
    """A post's code: unit, post, serial. 正职 first."""
    return f"{unit}-{'ZZ' if number <= 2 else 'FZ'}-{number:02d}"


def _group_study(u: Row, city: City, events: Events, random: Random) -> None:
    groups = {
        "县(市、区)": [("省派驻村", "village_officials")],
        "乡镇(街道)": [("三新", "members_new_sector"), ("流动", "members_floating"), ("年老体弱", "members_elderly")],
        "村(社区)": [("流动", "members_floating"), ("年老体弱", "members_elderly")],
        "两企三新": [("三新", "members_new_sector")],
        "国有企业": [("流动", "members_floating")],
    }.get(u["org_type"], [])
    # Where each group will stand by the last week; the officials are all trained, the slow county is not there yet.
    goal = {
        g: 1.0 if g == "省派驻村" else random.uniform(0.82, 1.0) * (0.75 if county_of(u["code"]) == "C04" else 1)
        for g, _ in groups
    }
    done = dict.fromkeys(goal, 0)
    for n, week in enumerate(WEEKS):
        if u["code"] == MERGED and ends(week) >= MERGED_ON:
            break
        rows = []
        for group, column in groups:
            should = city.base(u["code"], column, ends(week))
            share = (
                1.0 if group == "省派驻村" and n >= 5 else min(1.0, max(0.0, (n - 1) / 6) * random.uniform(0.9, 1.05))
            )
            if u["code"] == MERGED_INTO and n == 5:  # those of the merged village who had been reached
                done[group] += _reached_in_merged(events, group)
            done[group] = max(done[group], min(should, round(should * goal[group] * share)))
            copies = random.randint(should, should * 4) if n and random.random() < 0.7 else 0
            rows.append(
                {
                    "unit": u["code"],
                    "member_group": group,
                    "should": should,
                    "done": done[group],
                    "mode": {
                        "省派驻村": "集中",
                        "三新": "线上送学",
                        "流动": random.choice(["线上送学", "线下寄学"]),
                        "年老体弱": "上门",
                    }[group],
                    "copies": copies,
                }
            )
        if rows:
            events.weekly.setdefault(("group_study", week), []).extend(rows)


def _reached_in_merged(events: Events, group: str) -> int:
    rows = [
        r
        for r in events.weekly.get(("group_study", "2023-W39"), [])
        if r["unit"] == MERGED and r["member_group"] == group
    ]
    return rows[0]["done"] if rows else 0


def _opinions(u: Row, city: City, events: Events, random: Random) -> None:
    kind = u["org_type"]
    if kind not in ("市直机关", "县(市、区)", "县直机关", "乡镇(街道)"):
        return
    channels = random.sample(["访民情", "座谈", "信箱", "热线"], 2 if kind != "县(市、区)" else 4)
    open_ = city.base(u["code"], "backlog_base", STARTS)
    target, resolved = round(open_ * random.uniform(0.4, 0.62) * (0.5 if county_of(u["code"]) == "C04" else 1)), 0
    for n, week in enumerate(WEEKS):
        rows = []
        quiet = 0.4 if week in ("2023-W35", "2023-W40") else 1.0
        for channel in channels:
            count = int(random.randint(0, 3 if kind != "县(市、区)" else 6) * quiet)
            rows.append(
                {
                    "unit": u["code"],
                    "channel": channel,
                    "opinions": count,
                    "replied": random.randint(count // 2, count),
                    "backlog_open": None,
                    "backlog_new": None,
                    "backlog_resolved": None,
                    "backlog_close": None,
                }
            )
        if city.base(u["code"], "backlog_base", STARTS):
            solved = min(open_, max(0, round(target * n / 7) - resolved))
            new = 1 if random.random() < 0.04 else 0
            count = random.randint(0, 2)
            rows.append(
                {
                    "unit": u["code"],
                    "channel": "信访",
                    "opinions": count,
                    "replied": count,
                    "backlog_open": open_,
                    "backlog_new": new,
                    "backlog_resolved": solved,
                    "backlog_close": open_ + new - solved,
                }
            )
            resolved += solved
            open_ += new - solved
        events.weekly.setdefault(("opinions", week), []).extend(rows)


SUBJECTS = list(SAID)


def _problems(u: Row, random: Random) -> list[Problem]:
    kind = u["org_type"]
    if kind in ("村(社区)", "两企三新"):
        return []
    n = random.randint(
        *{
            "市四套班子": (9, 14),
            "市直机关": (6, 10),
            "县(市、区)": (12, 18),
            "县直机关": (4, 7),
            "国有企业": (5, 8),
            "乡镇(街道)": (4, 8),
        }[kind]
    )
    problems = []
    for serial in range(1, n + 1):
        day = workday(STARTS + timedelta(days=min(53, int(random.triangular(10, 53, 18)))))
        if day > CLOSES - timedelta(days=2):
            day = CLOSES - timedelta(days=3)
        due = day + timedelta(days=random.choice([30, 40, 45, 60, 60, 75, 90]))
        row = {
            "problem_id": f"WT-{serial:03d}",
            "subject": random.choice(["领导班子", "领导班子", "领导干部"]),
            "source": random.choice(["自己找", "自己找", "上级点", "群众提"]),
            "summary": random.choice(SUBJECTS),
            "registered_on": day,
            "due_date": due,
            "status": "未启动",
            "closed_on": None,
            "refiled_on": None,
        }
        problems.append(Problem(u["code"], row))
    # Serial numbers follow the dates of registration.
    problems.sort(key=lambda p: p.row["registered_on"])
    for serial, p in enumerate(problems, 1):
        p.row["problem_id"] = f"WT-{serial:03d}"
    return problems


def decide(p: Problem, day: date, random: Random) -> Row | None:
    """The office's decision on what it has received by `day`; None: not yet."""
    waiting = p.seen is None or p.seen_on is None or p.seen_on >= day or (p.returned and p.seen["refiled_on"] is None)
    if p.settled or waiting or random.random() < 0.12:
        return None
    row: Row = {
        "unit": p.unit,
        "reviewed": "L11",
        "item_key": p.row["problem_id"],
        "decided_on": day,
        "reason": None,
        "due_on": None,
    }
    chance = {0: 0.15, 1: 0.12}.get(p.returned, 0)
    if random.random() < chance:
        due = workday(day + timedelta(days=7))
        late = random.random() < 0.15
        p.refile_on = (
            workday(due + timedelta(days=3))
            if late
            else min(due, workday(day + timedelta(days=random.choice([3, 4, 5]))))
        )
        p.returned += 1
        p.row["refiled_on"], p.seen["refiled_on"], p.changed = None, None, True
        return row | {
            "decision": "退回",
            "due_on": due,
            "reason": random.choice(["过细过碎", "过细过碎", "过细过碎", "不聚焦", "重复", "措施不实"]),
        }
    p.accepted_on, p.settled = day, True
    pace = PACE.get(county_of(p.unit), 1.05)
    slow = 0.7 if "T" in p.unit else 1  # towns take longer
    p.closes = workday(day + timedelta(days=round(random.triangular(2, 32, 4) / pace / slow)))
    if pace < 0.8 and random.random() < 0.4:  # the slow county puts some aside
        p.closes = date(2024, 3, 1)
    if p.unit in HIDES and p.row["problem_id"] != "WT-001":
        p.closes = date(2024, 3, 1)
    if day < AT_ONCE.get(p.unit, day):
        p.closes = AT_ONCE[p.unit]
    return row | {"decision": "合格"}


def recheck(p: Problem, day: date, random: Random) -> Row:
    """The office looks again at what is said to be rectified."""
    failed = random.random() < 0.15
    return {
        "unit": p.unit,
        "reviewed": "L11",
        "item_key": p.row["problem_id"],
        "decided_on": day,
        "reason": None,
        "due_on": workday(day + timedelta(days=14)) if failed else None,
        "decision": "回头看不合格" if failed else "回头看合格",
    }


def advance(p: Problem, on: date) -> None:
    """The unit's own row as it stands at the end of `on`."""
    before = dict(p.row)
    if p.refile_on is not None and p.refile_on <= on and p.row["refiled_on"] is None:
        p.row["refiled_on"] = p.refile_on
    if p.closes is not None and p.row["status"] != "已整改":
        if p.closes <= on:
            p.row |= {"status": "已整改", "closed_on": p.closes}
        elif p.accepted_on is not None and (on - p.accepted_on).days >= 3:
            p.row["status"] = "基本完成" if (p.closes - on).days <= 7 else "整改中"
    p.changed |= before != p.row


def _publications(units: dict[str, Row]) -> list[Row]:
    listed = [  # type, title, date, sent up, adopted, adopted on, in, audience
        ("简报", "高起点开局 全市主题教育迅速启动", "09-05", True, 1, "09-12", "第6期", None),
        ("分类指导清单", "机关党组织主题教育指导清单", "09-06", False, None, None, None, "机关"),
        ("分类指导清单", "乡镇（街道）党组织主题教育指导清单", "09-06", False, None, None, None, "乡镇(街道)"),
        ("分类指导清单", "村（社区）党组织主题教育指导清单", "09-08", False, None, None, None, "村(社区)"),
        ("分类指导清单", "国有企业党组织主题教育指导清单", "09-08", False, None, None, None, "国企"),
        ("分类指导清单", "学校党组织主题教育指导清单", "09-11", False, None, None, None, "学校"),
        ("简报", "市四套班子带头办好读书班", "09-12", True, None, None, None, None),
        ("专报", "关于第一阶段启动部署情况的报告", "09-15", True, 1, "09-25", "专刊第2期", None),
        ("简报", "各县（市、区）分类抓好学习", "09-19", True, 2, "09-27", "第9期", None),
        ("分类指导清单", "“三新”领域党组织主题教育指导清单", "09-20", False, None, None, None, "三新"),
        ("简报", "调研开路 问题导向", "09-26", True, None, None, None, None),
        ("情况通报", "关于报送情况的通报", "09-27", False, None, None, None, None),
        ("简报", "节日期间值班值守和便民服务", "10-07", False, None, None, None, None),
        ("专报", "关于“三新”党员学习的做法和建议", "10-09", True, None, None, None, None),
        ("简报", "边学边查边改 即知即改见实效", "10-10", True, 1, "10-18", "第13期", None),
        ("简报", "访民情解民困 化解积案", "10-13", True, None, None, None, None),
        ("简报", "流动党员学习不掉队", "10-17", True, None, None, None, None),
        ("专报", "关于检视问题整改进展的报告", "10-19", True, None, None, None, None),
        ("情况通报", "关于检视问题审核退回情况的通报", "10-20", False, None, None, None, None),
    ]
    numbers: dict[str, int] = {}
    rows = []
    for n, (kind, title, day, sent, adopted, adopted_on, where, audience) in enumerate(listed, 1):
        numbers[kind] = numbers.get(kind, 0) + 1

        def date_of(text: str | None) -> date | None:
            return date(2023, *map(int, text.split("-"))) if text else None

        rows.append(
            {
                "unit": "Z01",
                "doc_type": kind,
                "issue_no": numbers[kind],
                "total_no": numbers[kind],      # each publication counts its own; in its first year both are the same
                "title": title,
                "issued_on": date_of(day),
                "source_units": None if kind == "分类指导清单" else ["望澜区", "霁溪区", "市财政局"][n % 3],
                "sent_up": sent,
                "adopted": adopted,
                "adopted_on": date_of(adopted_on),
                "adopted_in": where,
                "audience": audience,
            }
        )
    return rows
