"""What the units and the office might have filed: random rows of each ledger, few numbers each so that they meet again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from jianbao.definitions.period import Period

OFFICE = "Z01"
ENDED_BY, MADE_ON, MOVED_ON = date(2023, 9, 13), date(2023, 9, 11), date(2023, 9, 18)


@dataclass
class Seen:
    """What was filed so far, for the office to decide on and to list again: reviewed ledger → (unit, key); issues."""

    items: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: {"L11": [], "L06": [], "L19": []})
    issues: list[dict[str, Any]] = field(default_factory=list)


def some_day(r: Random, first: int, last: int) -> date:
    return date(2023, 8, 28) + timedelta(days=r.randint(first, last))


def _maybe(r: Random, value: Any, p: float = 0.8) -> Any:
    return value if r.random() < p else None


def _event_day(r: Random, week: Period) -> date:
    """In the week, or before it (补报), even before the campaign."""
    return week.starts + timedelta(days=r.randint(0, 6) if r.random() < 0.75 else -r.randint(1, 16))


def register(r: Random) -> list[dict[str, Any]]:
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


def bases(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    def base(unit: str, day: date) -> dict[str, Any]:
        return {"unit": unit, "base_date": day, "teams_due": r.randint(0, 1), "team_members": r.randint(0, 9),
                "leaders_county_up": r.randint(0, 5), "party_org_count": r.randint(0, 40), "members": r.randint(0, 90),
                "backlog_base": _maybe(r, r.randint(0, 30), 0.6), "village_officials": _maybe(r, r.randint(0, 3)),
                "members_new_sector": _maybe(r, r.randint(0, 9))}

    rows = [base(c, date(2023, 6, 30)) for c in codes if r.random() < 0.9]
    return rows + [base(c, some_day(r, 0, 40)) for c in codes if r.random() < 0.3]


def groups(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    rows = []
    for c in codes:
        team = r.randint(1, 4)
        until = _maybe(r, some_day(r, 5, 30), 0.3)
        rows.append({"district": f"P{team % 2}", "district_name": "片区", "team": f"G{team}", "team_name": "组", "unit": c,
                     "valid_from": date(2023, 1, 1), "valid_to": until})
        if until and r.random() < 0.5:
            rows.append({**rows[-1], "team": f"G{r.randint(1, 4)}", "valid_from": until + timedelta(days=1), "valid_to": None})
    return rows


def tasks(r: Random, codes: list[str]) -> list[dict[str, Any]]:
    return [{"task_id": f"T{n}", "measure": "理论学习", "title": "任务", "unit": r.choice(codes), "start_date": date(2023, 8, 28),
             "due_date": some_day(r, 3, 40), "weight": r.choice([0.5, 1.0, 2.0, 0.1]), "progress": r.random(),
             "status": r.choice(["推进中", "已完成", "已取消", "已逾期"]), "done_date": _maybe(r, some_day(r, 0, 40), 0.5)}
            for n in range(12)]


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
                     "with_reception": _maybe(r, r.random() < 0.5),
                     "solved_refs": _maybe(r, [_link(r) for _ in range(r.randint(1, 2))], 0.3)})
    return rows


def _opinions(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "channel": c, "opinions": r.randint(0, 30), "replied": _maybe(r, 1), "backlog_open": _maybe(r, 9),
             "backlog_new": _maybe(r, 1), "backlog_resolved": _maybe(r, r.randint(0, 4)), "backlog_close": _maybe(r, r.randint(0, 9))}
            for c in ("访民情", "信箱", "信访") if r.random() < 0.7]


def _problems(r: Random, unit: str, week: Period, seen: Seen) -> list[dict[str, Any]]:
    rows = []
    for key in _keys(r, "WT"):
        seen.items["L11"].append((unit, key))
        rows.append({"unit": unit, "problem_id": key, "subject": "领导班子", "source": "自己找", "summary": "问题",
                     "refiled_on": _maybe(r, some_day(r, 0, 34), 0.3), **_life(r, week, "已整改", ["整改中", "基本完成"])})
    return rows


def _keys(r: Random, prefix: str) -> list[str]:
    """The same few numbers in every unit."""
    return [f"{prefix}-{n}" for n in r.sample(range(1, 6), r.randint(0, 3))]


def _link(r: Random) -> str:
    """Some of these are registered, some are not, and some in another unit only."""
    return f"{r.choice(['NT', 'MS', 'ZD'])}-{r.randint(1, 6)}"


def _life(r: Random, week: Period, done: str, others: list[str]) -> dict[str, Any]:
    """registered_on, due_date, status and closed_on of a thing that is registered and one day done."""
    day = _event_day(r, week)
    closed = _maybe(r, day + timedelta(days=r.randint(0, 10)), 0.4)
    return {"registered_on": day, "due_date": some_day(r, 5, 40), "status": done if closed and r.random() < 0.9 else r.choice(others),
            "closed_on": closed}


def _lectures(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "lecture_date": _event_day(r, week), "speaker_code": f"X-{r.randint(1, 4)}", "title": "党课",
             "speaker_rank": r.choice(["市级", "县处级", "乡科级", "支部书记"]), "audience": _maybe(r, 40)} for _ in range(r.randint(0, 3))]


def _cases(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "case_id": key, "polarity": r.choice(["正面", "反面"]), "title": "案例", "fixed_date": _event_day(r, week),
             "status": r.choice(["确定", "调研中", "已形成报告", "已转化"]), "link_id": _maybe(r, _link(r), 0.6), "result_on": None}
            for key in _keys(r, "AL")]


def _topics(r: Random, unit: str, week: Period, seen: Seen) -> list[dict[str, Any]]:
    rows = []
    for key in _keys(r, "KT"):
        seen.items["L06"].append((unit, key))
        day, change = _event_day(r, week), r.choice(["原课题", "重新申报", "主动调整", "转化深化"])
        rows.append({"unit": unit, "topic_id": key, "leader_code": f"X-{r.randint(1, 6)}", "leader_rank": r.choice(["市级", "县处级"]),
                     "title": "课题", "change_type": change, "changed_on": None if change == "原课题" else _event_day(r, week),
                     "declared_on": day, "outcome": _maybe(r, r.choice(["未完成", "已完成", "已转化"])), "finished_on": None,
                     "link_id": _maybe(r, _link(r), 0.6), "refiled_on": None})
    return rows


def _development(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "problem_id": key, "field": "其他", "title": "难题", **_life(r, week, "破解", ["登记", "推进中", "延期"])}
            for key in _keys(r, "NT")]


def _livelihood(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "item_id": key, "category": "其他", "kind": r.choice(["民生问题", "民生项目"]), "title": "实事",
             "link_id": _maybe(r, _link(r), 0.5), **_life(r, week, "已解决", ["登记", "办理中", "延期"])} for key in _keys(r, "MS")]


def _institutions(r: Random, unit: str, week: Period, _: Any) -> list[dict[str, Any]]:
    return [{"unit": unit, "entry_id": key, "kind": r.choice(["专项整治", "制度新建", "制度修订", "制度废止"]), "title": "条目",
             "problem_ids": _maybe(r, ["WT-1"], 0.3), "doc_no": None, **_life(r, week, "已完成", ["未启动", "推进中"])}
            for key in _keys(r, "ZD")]


def _contributions(r: Random, unit: str, week: Period, seen: Seen) -> list[dict[str, Any]]:
    keys = _keys(r, "LG")
    seen.items["L19"] += [(unit, key) for key in keys]
    return [{"unit": unit, "text_id": key, "column_name": "做法", "title": "来稿", "text": "正文", "sent_on": _event_day(r, week)}
            for key in keys]


def _reviews(r: Random, week: Period, seen: Seen, _: list[str]) -> list[dict[str, Any]]:
    rows = []
    for _ in range(r.randint(0, 10)):
        reviewed = r.choice(["L11", "L11", "L06", "L19"])
        if not seen.items[reviewed]:
            continue
        unit, key = r.choice(seen.items[reviewed])
        decision = r.choice(["采用", "未用"] if reviewed == "L19" else ["合格", "合格", "退回", "回头看合格", "回头看不合格"])
        back = decision == "退回"
        rows.append({"unit": unit, "reviewed": reviewed, "item_key": key, "decision": decision, "decided_on": _event_day(r, week),
                     "reason": r.choice(["过细过碎", "不聚焦"]) if back else None,
                     "due_on": _maybe(r, week.ends + timedelta(days=r.randint(-6, 6))) if back else None})
    return rows


def _supervision(r: Random, week: Period, _: Seen, units: list[str]) -> list[dict[str, Any]]:
    """Visits stand with the unit visited, everything else with the office; some of it on days off."""
    rows = []
    for _ in range(r.randint(0, 7)):
        kind = r.choice(["下沉督导", "下沉督导", "日调度", "日调度", "周会商", "座谈会", "培训会"])
        visit = kind == "下沉督导"
        rows.append({"unit": r.choice(units) if visit else OFFICE, "kind": kind, "held_on": _event_day(r, week), "lead": "市主题办",
                     "visited": [r.choice(units) for _ in range(r.randint(1, 3))] if visit else _maybe(r, [r.choice(units)], 0.2),
                     "orgs_covered": _maybe(r, r.randint(0, 30)) if visit else None, "items": None, "items_done": None})
    return rows


def _media(r: Random, week: Period, _: Seen, units: list[str]) -> list[dict[str, Any]]:
    return [{"unit": r.choice(units), "published_on": _event_day(r, week), "title": "报道", "outlet": "媒体",
             "outlet_level": r.choice(["县", "市", "省", "中央"]), "genre": r.choice(["消息", "系列评论"]), "counted_in": "篇",
             "reprint": r.random() < 0.3} for _ in range(r.randint(0, 6))]


def _notices(r: Random, week: Period, _: Seen, units: list[str]) -> list[dict[str, Any]]:
    """Times of day matter here: 24 hours are 24 hours, not one date further."""
    rows = []
    for n in r.sample(range(1, 9), r.randint(0, 5)):
        kind = ("宣传提示", "敏感词提示", "错误表述", "敏感舆情")[n % 4]
        found = datetime.combine(_event_day(r, week), datetime.min.time()) + timedelta(hours=r.randint(0, 23), minutes=r.choice([0, 30]))
        handled = _maybe(r, found + timedelta(hours=r.choice([1, 12, 24, 30, 48]), minutes=r.choice([0, 0, 30])), 0.7)
        waiting, done = {"错误表述": ("整改中", "已整改"), "敏感舆情": ("处置中", "已处置")}.get(kind, ("已发", "已发"))
        rows.append({"unit": [OFFICE, *units][n % 3], "notice_id": f"TS-{n}", "kind": kind, "issue_no": None, "found_at": found,
                     "quantity": r.randint(1, 4), "status": done if handled else waiting, "handled_at": handled,
                     "limit_hours": _maybe(r, r.choice([12, 24, 48]), 0.9)})
    return rows


def _resolutions(r: Random, week: Period, _: Seen, units: list[str]) -> list[dict[str, Any]]:
    rows = []
    for n in r.sample(range(1, 7), r.randint(0, 3)):
        unit, life = units[n % len(units)], _life(r, week, "已办结", ["待办", "办理中"])
        rows.append({"unit": unit, "item_id": f"YD-{n}", "raised_at": "周会商", "raised_on": life.pop("registered_on"), "title": "事项",
                     "owner": unit, "answer": None, **life})
    return rows


def _samples(r: Random, week: Period, seen: Seen, units: list[str]) -> list[dict[str, Any]]:
    return [{"unit": r.choice(units), "drawn_for": week.id, "reviewed": r.choice(["L11", "L08", "L09"]), "item_key": f"WT-{n}",
             "result": r.choice(["核实", "核实", "不实", "部分核实"]), "note": None, "checked_on": _event_day(r, week)}
            for n in range(r.randint(0, 5))]


def _publications(r: Random, week: Period, seen: Seen, units: list[str]) -> list[dict[str, Any]]:
    """The whole list each time: new ones, changed ones, now and then one left out."""
    issues = seen.issues
    for _ in range(r.randint(0, 3)):
        kind = r.choice(["简报", "专报", "分类指导清单"])
        number = 1 + sum(i["doc_type"] == kind for i in issues)
        issues.append({"unit": r.choice([OFFICE, OFFICE, *units]), "doc_type": kind, "issue_no": number, "title": "信息",
                       "total_no": _maybe(r, number + 40, 0.3),
                       "issued_on": _event_day(r, week), "sent_up": r.random() < 0.6, "adopted": None, "adopted_on": None,
                       "source_units": _maybe(r, ["C01"])})
    for n, issue in enumerate(issues):
        if issue["sent_up"] and issue["adopted"] is None and r.random() < 0.4:
            adopted = r.randint(0, 3)
            issues[n] = {**issue, "adopted": adopted, "adopted_on": _event_day(r, week) if adopted else None}
    return [dict(i) for i in issues if r.random() < 0.95]


ROWS: dict[str, Any] = {
    "launch": _launch, "study": _study, "lectures": _lectures, "group_study": _group_study, "cases": _cases, "topics": _topics,
    "visits": _visits, "development": _development, "livelihood": _livelihood, "opinions": _opinions, "problems": _problems,
    "institutions": _institutions, "contributions": _contributions}
BY_OFFICE: dict[str, Any] = {
    "reviews": _reviews, "publications": _publications, "supervision": _supervision, "media": _media, "notices": _notices,
    "resolutions": _resolutions, "samples": _samples}
