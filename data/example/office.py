"""What the city's office keeps itself: supervision, media, notices, matters agreed on, spot checks; and what it decides on
topics and texts. Imports city, events, matters.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from city import MERGED, STARTS, City, Row, county_of
from events import CLOSES, HOLIDAY, WEEKS, Events, ends, starts, workday
from matters import Matter, items

OFFICE = "Z01"
MAKE_UP = (date(2023, 10, 7), date(2023, 10, 8))  # a Saturday and a Sunday worked for the holiday
NOT_HELD = (date(2023, 9, 6), date(2023, 9, 20), date(2023, 9, 21), date(2023, 10, 7))  # no daily meeting


def worked(day: date) -> bool:
    return day in MAKE_UP or (day.weekday() < 5 and day not in HOLIDAY)


def add(city: City, events: Events) -> list[Matter]:
    """Dated rows into `events`; returned are the things that change."""
    events.dated["supervision"] = _supervision(city, Random(f"supervision{STARTS}"))
    events.dated["media"] = _media(Random(f"media{STARTS}"))
    for name, first in (("supervision", 80_000_001), ("media", 81_000_001)):
        for n, row in enumerate(events.dated[name]):
            row["_id"] = first + 2 * n
    return _notices(Random(f"notices{STARTS}")) + _resolutions()


def _supervision(city: City, random: Random) -> list[Row]:
    def row(unit: str, kind: str, day: date, lead: str, **more: object) -> Row:
        return {"unit": unit, "kind": kind, "held_on": day, "lead": lead, "team_code": None, "visited": None,
                "orgs_covered": None, "items": None, "items_done": None} | more

    rows = []
    for n in range((CLOSES - STARTS).days + 1):
        day = STARTS + timedelta(days=n)
        if worked(day) and day >= date(2023, 9, 4) and day not in NOT_HELD:
            count = random.randint(1, 4)
            rows.append(row(OFFICE, "日调度", day, "市主题办", items=count, items_done=random.randint(count // 2, count)))
    for week in WEEKS:
        day = starts(week) + timedelta(days=4)
        if not worked(day):
            day = date(2023, 9, 28) if week == "2023-W39" else day
        if worked(day):
            count = random.randint(3, 6)
            rows.append(row(OFFICE, "周会商", day, "市主题办", items=count, items_done=random.randint(count // 2, count)))
    for text, kind, lead, count in (
        ("09-07", "培训会", "市主题办", 0),
        ("09-13", "座谈会", "省委指导组", 3),
        ("09-26", "座谈会", "市主题办", 4),
        ("10-11", "培训会", "市主题办", 0),
        ("10-18", "座谈会", "省委指导组", 5),
    ):
        day = date(2023, *map(int, text.split("-")))
        rows.append(row(OFFICE, kind, day, lead, items=count, items_done=count // 2))
    # Going down to the counties: the provincial group with the office, and each liaison group to its own county.
    counties = [u["code"] for u in city.register if u["org_type"] == "县(市、区)"]
    seen: set[tuple[str, date]] = set()
    for n, week in enumerate(WEEKS[2:]):
        for k in range(1 if week == "2023-W40" else 3):
            county = counties[(n * 2 + k) % len(counties)]
            day = workday(starts(week) + timedelta(days=random.randint(0, 3)))
            if day > ends(week) or (county, day) in seen:
                continue
            seen.add((county, day))
            lead = ("省委指导组", "联络组", "市主题办")[k]
            team = next(g["team"] for g in city.groups if g["unit"] == county)
            below = [u["code"] for u in city.on(day) if u["campaign_unit"] and county_of(u["code"]) == county
                     and u["code"] not in (county, MERGED)]
            visited = [county, *sorted(random.sample(below, random.randint(1, 3)))]
            rows.append(row(county, "下沉督导", day, lead, team_code=team if lead == "联络组" else None,
                            visited="、".join(visited), orgs_covered=len(visited) * random.randint(3, 7) + random.randint(0, 4),
                            items=random.randint(1, 5), items_done=None))
            rows[-1]["items_done"] = random.randint(0, rows[-1]["items"])
    for text, unit in (("09-14", "D05"), ("09-27", "Q01"), ("10-12", "D08"), ("10-19", "D10")):
        day = date(2023, *map(int, text.split("-")))
        rows.append(row(unit, "下沉督导", day, "市主题办", visited=unit, orgs_covered=random.randint(5, 12), items=2, items_done=1))
    return sorted(rows, key=lambda r: (r["held_on"], r["kind"], r["unit"]))


HEADLINES = [
    "读书班上谈短板",
    "把会开到田间地头",
    "一张清单管到底",
    "夜访小区听民声",
    "积案化解在庭院",
    "流动党员不掉队",
    "老党员家里的课堂",
    "难题揭榜见真章",
    "即知即改暖民心",
    "窗口中午不断人",
    "问题清单晒出来",
    "骑手歇脚也充电",
    "带着课题下基层",
    "小站点办大民生",
]
COMMENTS = ["学，贵在入心", "查，贵在见底", "改，贵在见效", "防止一阵风", "少些套路多些实招", "民声就是考题"]


def _media(random: Random) -> list[Row]:
    """What the city's publicity department listed as printed or broadcast, once for each outlet."""
    rows, comments = [], 0
    places = {"C01": "望澜区", "C02": "霁溪区", "C03": "松畴县", "C04": "苍屿县", "C05": "檀溪县", "C06": "澄陵市"}
    city_units = ["D02", "D05", "D08", "D10", "S01", "S03"]

    def add(unit: str, day: date, title: str, outlet: str, level: str, genre: str, counted: str, reprint: bool = False) -> None:
        rows.append({"unit": unit, "published_on": day, "title": title, "outlet": outlet, "outlet_level": level,
                     "genre": genre, "counted_in": counted, "reprint": reprint,
                     "ref": f"{day.month}月{day.day}日第{random.randint(1, 6)}版" if counted == "篇" else None})

    for n, week in enumerate(WEEKS):
        busy = 0.3 if week in ("2023-W35", "2023-W40") else 1.0
        for unit, place in places.items():
            for _ in range(round(busy * random.choice([0, 1, 1, 2] if unit != "C04" else [0, 0, 1]))):
                add(unit, _in(week, random), f"{place}：{random.choice(HEADLINES)}", f"{place}融媒体中心", "县",
                    random.choice(["消息", "消息", "视频"]), "条")
        for _ in range(round(busy * random.randint(3, 5))):
            genre = random.choice(["消息", "消息", "通讯", "视频"])
            add(random.choice(city_units), _in(week, random), random.choice(HEADLINES),
                random.choice(["澜川日报", "澜川广播电视台", "澜川发布客户端"]), "市", genre,
                "篇" if genre == "通讯" else "条")
        if n in (1, 2, 3, 4, 6, 7):
            add("D02", _in(week, random), COMMENTS[comments], "澜川日报", "市", "系列评论", "篇")
            comments += 1
        upward = (0, 1, 2, 2, 3, 1, 3, 2)[n]  # 省级以上: fewer in the last week than in the one before
        for k in range(upward):
            unit = random.choice([*places, *city_units])
            high = (n, k) in ((3, 0), (6, 1))
            add(unit, _in(week, random), f"澜川：{random.choice(HEADLINES)}",
                "中央主要媒体客户端" if high else random.choice(["省日报", "省广播电视台", "省新闻网"]),
                "中央" if high else "省", "消息", "条", reprint=k == 2)
        if n in (3, 5):
            add("D02", _in(week, random), "以学促干要在转化上下功夫", "省党建刊物" if n == 3 else "澜川日报",
                "省" if n == 3 else "市", "理论文章", "篇")
    return sorted(rows, key=lambda r: (r["published_on"], r["outlet"], r["title"]))


def _in(week: str, random: Random) -> date:
    return starts(week) + timedelta(days=random.randint(0, 4))


def _notices(random: Random) -> list[Matter]:
    found: list[Matter] = []

    def add(unit: str, kind: str, at: datetime, quantity: int, **more: object) -> Matter:
        row = {"unit": unit, "notice_id": "", "kind": kind, "issue_no": None, "found_at": at, "quantity": quantity,
               "status": "已发", "handled_at": None, "limit_hours": None} | more
        found.append(Matter("notices", unit, row))
        return found[-1]

    for kind, days in (
        ("宣传提示", ("09-05", "09-13", "09-22", "10-07", "10-17")),
        ("敏感词提示", ("09-08", "09-25", "10-13")),
    ):
        for number, text in enumerate(days, 1):
            add(OFFICE, kind, datetime(2023, *map(int, text.split("-")), 9, 30), 1, issue_no=number)
    owners = ["C01", "C02", "C03", "C04", "C05", "C06", "D02", "D05", "D08", "Q01", "C04", "C03"]
    for kind, count, done, doing, limits in (
        ("错误表述", 13, "已整改", "整改中", (24, 48)),
        ("敏感舆情", 9, "已处置", "处置中", (4, 24)),
    ):
        for n in range(count):
            week = WEEKS[1 + n * 7 // count]
            day = starts(week) + timedelta(days=random.randint(0, 4))
            at = datetime.combine(day, time(random.randint(8, 20), random.choice([5, 10, 20, 35, 50])))
            limit = random.choice(limits)
            m = add(owners[(n * 5) % len(owners)], kind, at, random.randint(1, 4) if kind == "错误表述" else random.choice([1, 1, 2]),
                    status=doing, limit_hours=limit)
            took = limit * random.uniform(0.15, 0.95) if random.random() < 0.8 else limit * random.uniform(1.1, 2.2)
            end = at + timedelta(minutes=5 * round(took * 12))
            if not (kind == "错误表述" and n == count - 1):  # the last one is still open
                m.changes.append((end.date(), {"status": done, "handled_at": end}))
    found.sort(key=lambda m: m.row["found_at"])
    for n, m in enumerate(found, 1):
        m.row["notice_id"] = f"YQ-{n:03d}"
    return found


# Where raised, day, matter, owner, due, done (None: open), answer.
AGREED = [
    ("日调度", "09-05", "补齐未启动单位的动员安排", "D01", "09-12", "09-12", "未启动单位均已定下日期"),
    ("周会商", "09-08", "联络组进驻前培训材料统一编印", "D02", "09-13", "09-13", "已印发各联络组"),
    ("请示", "09-11", "乡镇班子读书班天数要求", "Z01", "09-18", "09-15", "省委主题教育办答复：不少于一天半，可与党校培训合并"),
    ("周会商", "09-15", "分类学习资料缺口由市级统一补印", "D02", "09-25", "09-22", "补印并送达六个县（市、区）"),
    ("日调度", "09-19", "苍屿县两个乡镇读书班排期", "C04", "09-28", None, None),
    ("日调度", "09-22", "检视问题退回口径对口解释", "Z01", "09-27", "09-26", "已对各联络组逐条说明"),
    ("周会商", "09-22", "信访积案包案名单核对", "D10", "10-10", "10-09", "包案名单已核对到岗位"),
    ("请示", "09-25", "驻村干部参训是否计入县级人数", "Z01", "10-07", "10-07", "省委主题教育办答复：由驻在县统计，省级不重复计"),
    ("周会商", "09-28", "节日期间值班和舆情值守", "D02", "10-06", "10-06", "值守记录已归档"),
    ("日调度", "10-08", "迟报单位逐个提醒", "D01", "10-11", "10-11", "已提醒五个单位，四个补报"),
    ("周会商", "10-13", "超期未整改问题逐项说明原因", "D03", "10-20", None, None),
    ("周会商", "10-13", "县级课题退回后一周内重报", "D04", "10-20", "10-20", "退回课题已重报大半，余下的一并督促"),
    ("请示", "10-13", "两企三新党组织是否列入抽查", "Z01", "10-27", None, None),
    ("日调度", "10-16", "抽查发现的虚报整改退回重办", "C03", "10-23", None, None),
    ("日调度", "10-18", "来稿雷同的单位约谈", "C04", "10-25", None, None),
    ("周会商", "10-20", "民生项目清单未建立的单位补建", "D04", "10-31", None, None),
    ("周会商", "10-20", "筹备中期调度会", "Z01", "11-10", None, None),
]


def _resolutions() -> list[Matter]:
    def day(text: str) -> date:
        return date(2023, *map(int, text.split("-")))

    found = []
    for n, (where, raised, title, owner, due, done, answer) in enumerate(AGREED, 1):
        row = {"unit": owner, "item_id": f"YD-{n:03d}", "raised_at": where, "raised_on": day(raised), "title": title,
               "owner": owner, "due_date": day(due), "status": "待办", "closed_on": None, "answer": None}
        m = Matter("resolutions", owner, row, [(day(raised) + timedelta(days=3), {"status": "办理中"})])
        if done:
            m.changes.append((day(done), {"status": "已办结", "closed_on": day(done), "answer": answer}))
        found.append(m)
    return found


# What is added to a topic that was too broad.
CLEARER = ("里最急的三件事", "卡在哪几道手续", "先从哪个村做起", "老办法为什么不灵", "的钱从哪里来", "谁牵头谁配合")


def decide(matters: list[Matter], briefs: list[Row], day: date) -> list[Row]:
    """What the office says on `day` of the topics and texts it has received; it says it once a week."""
    rows = []
    for m in [*items(matters, "topics"), *items(matters, "contributions")]:
        waiting = m.seen is None or m.seen_on is None or m.seen_on >= day
        if waiting or not m.verdicts:
            continue
        topic = m.ledger == "topics"
        if m.returned and not (m.seen or {}).get("refiled_on"):
            continue
        decision, reason = m.verdicts.pop(0)
        row: Row = {"unit": m.unit, "reviewed": "L06" if topic else "L19", "item_key": m.key, "decision": decision,
                    "reason": reason, "decided_on": day, "due_on": None, "printed_in": None}
        if decision == "退回":
            row["due_on"] = workday(day + timedelta(days=7))
            slow = county_of(m.unit) == "C04"
            refiled = workday(day + timedelta(days=(11 if slow else 2 + len(m.key) % 3 + sum(map(ord, m.unit + m.key)) % 4)))
            m.returned = True
            m.changes = [c for c in m.changes if c[0] <= day]
            about = CLEARER[sum(map(ord, m.unit + m.key)) % len(CLEARER)]
            better = m.row["title"].removesuffix("研究") + about
            m.changes.append((day, {"refiled_on": None}))
            m.changes.append((refiled, {"refiled_on": refiled, "change_type": "重新申报", "changed_on": refiled, "title": better}))
        if decision == "采用":
            later = [b for b in briefs if b["doc_type"] == "简报" and b["issued_on"] >= day]
            if later:
                row["printed_in"] = f"简报第{later[0]['issue_no']}期"
            else:
                row["decision"] = "未用"
        rows.append(row)
    return rows


# What `jianbao sample` drew for a week, checked in a later one: unit, ledger, item.
DRAWN = {
    "2023-W41": (
        "2023-W39",
        [
            ("C01T6", "L11", "WT-001"),
            ("C02", "L09", "MS-04"),
            ("C04D3", "L09", "MS-01"),
            ("C05", "L11", "WT-002"),
            ("C06", "L08", "NT-01"),
            ("D03", "L11", "WT-001"),
            ("D12", "L08", "NT-01"),
        ],
    ),
    "2023-W42": (
        "2023-W41",
        [
            ("C01", "L08", "NT-03"),
            ("C01D1", "L11", "WT-002"),
            ("C01D1", "L11", "WT-003"),
            ("C01T2", "L11", "WT-002"),
            ("C01T4", "L09", "MS-01"),
            ("C02D3", "L09", "MS-01"),
            ("C02T2", "L11", "WT-003"),
            ("C03", "L11", "WT-002"),
            ("C04", "L11", "WT-005"),
            ("C05T4", "L11", "WT-004"),
            ("C06", "L09", "MS-04"),
            ("C06", "L11", "WT-004"),
            ("C06T6", "L09", "MS-01"),
            ("D12", "L11", "WT-002"),
            ("Q01", "L08", "NT-01"),
            ("S04", "L11", "WT-007"),
        ],
    ),
}


def check(week: str) -> list[Row]:
    """The results of the spot checks that came back in the week."""
    if week not in DRAWN:
        return []
    before, drawn = DRAWN[week]
    rows = []
    for n, (unit, reviewed, key) in enumerate(drawn):
        result = {1: "不实", 4: "部分核实"}.get(n, "核实")
        note = {"不实": "现场没有开工，佐证照片是旧照", "部分核实": "主体已完成，尾项未收口"}.get(result)
        rows.append({"unit": unit, "drawn_for": before, "reviewed": reviewed, "item_key": key, "result": result, "note": note,
                     "checked_on": workday(starts(week) + timedelta(days=1 + n % 3))})
    return rows
