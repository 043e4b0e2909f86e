"""Things that stand in a unit's lists and change from week to week: difficulties, livelihood matters, rules, cases, topics,
texts sent. Imports city, events, texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from city import MERGED, STARTS, City, Row, county_of
from events import CLOSES, HIDES, WEEKS, Events, _post, ends, starts, workday
from texts import sent

KEY = {
    "topics": "topic_id",
    "cases": "case_id",
    "development": "problem_id",
    "livelihood": "item_id",
    "institutions": "entry_id",
    "contributions": "text_id",
    "notices": "notice_id",
    "resolutions": "item_id",
}
DAY = {
    "topics": "declared_on",
    "cases": "fixed_date",
    "development": "registered_on",
    "livelihood": "registered_on",
    "institutions": "registered_on",
    "contributions": "sent_on",
    "notices": "found_at",
    "resolutions": "raised_on",
}


@dataclass
class Matter:
    """One keyed thing: its first row, what changes in it and when, and what the office has seen of it."""

    ledger: str
    unit: str
    row: Row
    changes: list[tuple[date, Row]] = field(default_factory=list)
    verdicts: list[tuple[str, str | None]] = field(default_factory=list)  # what the office will say, in this order
    returned: bool = False
    seen: Row | None = None
    seen_on: date | None = None

    @property
    def key(self) -> str:
        return str(self.row[KEY[self.ledger]])

    @property
    def begins(self) -> date:
        day = self.row[DAY[self.ledger]]
        return day.date() if hasattr(day, "hour") else day

    def at(self, day: date) -> Row | None:
        """The row as it stands at the end of `day`; None before it was registered."""
        if self.begins > day:
            return None
        row = dict(self.row)
        for when, change in sorted(self.changes, key=lambda c: c[0]):
            if when <= day:
                row |= change
        return row


def add(city: City, events: Events) -> list[Matter]:
    """All matters of all units, and the references to them in visits; apart from the draws of `events`."""
    units = {r["code"]: r for r in city.register if r["campaign_unit"] and r["code"] != MERGED}
    found: list[Matter] = []
    for make in (_development, _livelihood, _institutions):
        random = Random(f"{make.__name__}{STARTS}")
        for u in units.values():
            found += make(u, events, random)
    _same_matter_twice(found)
    _solved_on_site(found, events)
    by_unit: dict[str, list[Matter]] = {}
    for m in found:
        by_unit.setdefault(m.unit, []).append(m)
    random, other = Random(f"cases{STARTS}"), Random(f"topics{STARTS}")
    for u in units.values():
        found += _cases(u, by_unit.get(u["code"], []), random)
    titled: set[tuple[str, str]] = set()
    for u in units.values():
        found += _topics(u, city, by_unit.get(u["code"], []), titled, other)
    return found + _contributions(units, Random(f"contributions{STARTS}"))


def some_day(random: Random, first: str, last: str) -> date:
    """A working day from one week to another."""
    span = (min(ends(last), CLOSES) - starts(first)).days
    day = workday(starts(first) + timedelta(days=random.randint(0, span)))
    return day if day <= CLOSES else date(2023, 10, 20)


def pace(unit: str) -> float:
    """How much of what others get done gets done here."""
    return 0.25 if unit in HIDES else 0.45 if county_of(unit) == "C04" else 1.0


DIFFICULTIES = [
    ("闲置用地", "{p}闲置厂房{n}亩盘活利用"),
    ("闲置用地", "批而未供土地{n}亩处置"),
    ("项目建设", "{p}至园区连接线征地收尾"),
    ("项目建设", "污水处理二期管网{n}公里建设滞后"),
    ("项目建设", "标准厂房竣工验收和办证卡点"),
    ("要素保障", "园区企业用电增容排队{n}户"),
    ("要素保障", "首贷难的小微企业{n}户融资对接"),
    ("要素保障", "重点企业用工缺口{n}人"),
    ("要素保障", "工业用水价格和供水保障"),
    ("国企改革", "两家平台公司合并重组"),
    ("国企改革", "城投公司存量债务{n}笔化解"),
    ("考核体系", "高质量发展考核指标减并"),
    ("考核体系", "园区亩均效益评价落地"),
    ("其他", "{p}农产品冷链集配中心选址"),
    ("其他", "数据共享目录{n}项对接"),
]


def _development(u: Row, events: Events, random: Random) -> list[Matter]:
    most = {"市四套班子": (1, 3), "市直机关": (0, 3), "县(市、区)": (4, 6), "国有企业": (1, 3)}.get(u["org_type"])
    if most is None:
        return []
    if u["code"] in ("D04", "D06", "D08", "D09"):
        most = (2, 4)
    found = []
    days = sorted(some_day(random, "2023-W37", "2023-W41") for _ in range(random.randint(*most)))
    chosen = random.sample(DIFFICULTIES, len(days))
    for serial, (day, (about, title)) in enumerate(zip(days, chosen, strict=True), 1):
        row = {
            "unit": u["code"],
            "problem_id": f"NT-{serial:02d}",
            "field": about,
            "title": title.format(p=_place(u, random), n=random.randint(6, 48)),
            "registered_on": day,
            "due_date": day + timedelta(days=random.choice([20, 30, 60, 75, 90])),
            "status": "登记",
            "closed_on": None,
        }
        solved = workday(day + timedelta(days=round(random.triangular(6, 50, 18) / (1.1 if pace(u["code"]) == 1 else 0.6))))
        begun = workday(day + timedelta(days=random.randint(2, 8)))
        changes: list[tuple[date, Row]] = [(begun, {"status": "推进中"})] if begun < solved else []
        if random.random() < 0.75 * pace(u["code"]):
            changes.append((solved, {"status": "破解", "closed_on": solved}))
        elif row["due_date"] < CLOSES:
            changes.append((row["due_date"] + timedelta(days=1), {"status": "延期"}))
        found.append(Matter("development", u["code"], row, changes))
    return found


MATTERS = [
    ("教育", "{p}幼儿园接送路口拥堵"),
    ("教育", "乡村小学午餐配送不热"),
    ("教育", "课后服务延时到傍晚六点"),
    ("医疗", "{p}卫生室缺少常用药"),
    ("医疗", "慢性病患者取药往返太远"),
    ("养老", "{p}老年食堂开办"),
    ("养老", "高龄津贴补发{n}人"),
    ("就业", "返乡人员技能培训{n}人"),
    ("就业", "拖欠工程尾款影响工资发放"),
    ("住房", "老旧小区外墙渗漏{n}户"),
    ("住房", "安置房不动产证办理{n}户"),
    ("交通", "{p}入户道路硬化"),
    ("交通", "公交末班车延后半小时"),
    ("交通", "桥头限高杆撞损修复"),
    ("环境", "{p}河道漂浮物清理"),
    ("环境", "垃圾转运点异味治理"),
    ("环境", "夜市油烟和噪声"),
    ("其他", "自来水水压不足{n}户"),
    ("其他", "公厕夜间照明"),
    ("其他", "快递进村站点补齐"),
]


def _livelihood(u: Row, events: Events, random: Random) -> list[Matter]:
    most = {"市直机关": (1, 3), "县(市、区)": (6, 9), "县直机关": (2, 4), "乡镇(街道)": (2, 5)}.get(u["org_type"])
    if most is None or u["short_name"].endswith(("组织部", "宣传部", "政法委")):
        return []
    found = []
    days = sorted(some_day(random, "2023-W36", "2023-W42") for _ in range(random.randint(*most)))
    chosen = random.sample(MATTERS, len(days))
    for serial, (day, (category, title)) in enumerate(zip(days, chosen, strict=True), 1):
        kind = "民生项目" if random.random() < 0.3 else "民生问题"
        row = {
            "unit": u["code"],
            "item_id": f"MS-{serial:02d}",
            "category": category,
            "kind": kind,
            "title": title.format(p=_place(u, random), n=random.randint(12, 160)),
            "registered_on": day,
            "due_date": day + timedelta(days=random.choice([15, 20, 30, 45, 60] if kind == "民生问题" else [30, 60, 90])),
            "status": "登记",
            "closed_on": None,
            "link_id": None,
        }
        solved = workday(day + timedelta(days=round(random.triangular(3, 40, 9))))
        begun = workday(day + timedelta(days=random.randint(1, 5)))
        changes: list[tuple[date, Row]] = [(begun, {"status": "办理中"})] if begun < solved else []
        if random.random() < 0.85 * pace(u["code"]):
            changes.append((solved, {"status": "已解决", "closed_on": solved}))
        elif row["due_date"] < CLOSES:
            changes.append((row["due_date"] + timedelta(days=1), {"status": "延期"}))
        found.append(Matter("livelihood", u["code"], row, changes))
    if u["code"] == "D08":  # five on one day, the day before the deadline of all of them
        for m in found[:5]:
            m.row["due_date"] = max(m.row["registered_on"], date(2023, 10, 20))
            if m.row["registered_on"] < date(2023, 10, 19):
                m.changes = [(date(2023, 10, 19), {"status": "已解决", "closed_on": date(2023, 10, 19)})]
    return found


RULES = [
    "联系服务群众工作办法",
    "项目联席会商制度",
    "涉企检查备案办法",
    "民生事项限时办结规定",
    "文件会议统筹管理规定",
    "流动党员双向管理办法",
    "公共设施管护责任清单",
    "督查检查计划管理办法",
    "调研成果转化跟踪办法",
    "窗口轮值和容缺受理办法",
    "一线考察干部办法",
    "信访积案领导包案制度",
]
DRIVES = [
    "群众身边办事慢问题专项整治",
    "填表报数过多专项整治",
    "拖欠企业账款专项整治",
    "项目手续卡点专项整治",
    "物业服务突出问题专项整治",
    "校园周边秩序专项整治",
    "农村公厕管护专项整治",
    "窗口服务作风专项整治",
]


def _institutions(u: Row, events: Events, random: Random) -> list[Matter]:
    most = {"市四套班子": (2, 3), "市直机关": (1, 3), "县(市、区)": (4, 6), "县直机关": (0, 2), "国有企业": (1, 2)}
    if u["org_type"] not in most:
        return []
    count = random.randint(*most[u["org_type"]])
    days = sorted(some_day(random, "2023-W37", "2023-W41") for _ in range(count))
    rules, drives = random.sample(RULES, 6), random.sample(DRIVES, 3)
    found = []
    for serial, day in enumerate(days, 1):
        drive = serial == 1 or (serial == 4 and u["org_type"] == "县(市、区)")
        kind = "专项整治" if drive else random.choice(["制度新建", "制度新建", "制度修订", "制度修订", "制度废止"])
        own = [p.row["problem_id"] for p in events.problems if p.unit == u["code"] and p.row["registered_on"] < day]
        row = {
            "unit": u["code"],
            "entry_id": f"ZD-{serial:02d}",
            "kind": kind,
            "title": drives[serial % 3] if drive else rules[serial - 1],
            "problem_ids": "、".join(sorted(random.sample(own, min(len(own), random.choice([0, 1, 1, 2]))))) or None,
            "doc_no": None,
            "registered_on": day,
            "due_date": day + timedelta(days=random.choice([21, 30, 60])),
            "status": "未启动",
            "closed_on": None,
        }
        done = workday(day + timedelta(days=random.randint(5, 34)))
        begun = workday(day + timedelta(days=random.randint(2, 7)))
        changes: list[tuple[date, Row]] = [(begun, {"status": "推进中"})] if begun < done else []
        if random.random() < 0.8 * pace(u["code"]):
            number = None if drive else f"{_stem(u)}〔2023〕{20 + 3 * serial + random.randint(0, 2)}号"
            changes.append((done, {"status": "已完成", "closed_on": done, "doc_no": number}))
        found.append(Matter("institutions", u["code"], row, changes))
    return found


_STEMS = {"S01": "澜委办", "S02": "澜常办", "S03": "澜府办", "S04": "澜协办", "D04": "澜发改", "Q01": "澜城建", "Q02": "澜水务"}


def _stem(u: Row) -> str:
    """How the unit's documents are numbered: 澜教发, 松农发, 望办发."""
    code, short = u["code"], u["short_name"]
    if code in _STEMS:
        return _STEMS[code]
    if not county_of(code):
        return f"澜{short.removeprefix('市委').removeprefix('市')[:1]}发"
    part = next((word[:1] for word in ("组织部", "教育局", "农业农村局") if short.endswith(word)), "办")
    return f"{short[:1]}{part}发"


def _same_matter_twice(found: list[Matter]) -> None:
    """In three counties one difficulty is also a livelihood matter, solved on the same day."""
    for unit in ("C01", "C02", "C05"):
        difficulty = next((m for m in found if (m.ledger, m.unit) == ("development", unit) and _closing(m)), None)
        matter = next((m for m in found if (m.ledger, m.unit) == ("livelihood", unit)), None)
        if difficulty is None or matter is None:
            continue
        day = _closing(difficulty)
        assert day is not None
        matter.row |= {"title": difficulty.row["title"], "link_id": difficulty.key, "kind": "民生问题", "category": "其他"}
        matter.row["registered_on"] = difficulty.row["registered_on"]
        matter.row["due_date"] = max(matter.row["due_date"], matter.row["registered_on"] + timedelta(days=30))
        matter.changes = [(day, {"status": "已解决", "closed_on": day})]


def _closing(m: Matter) -> date | None:
    days = [change["closed_on"] for _, change in m.changes if change.get("closed_on")]
    return days[0] if days and days[0] <= CLOSES else None


def _solved_on_site(found: list[Matter], events: Events) -> None:
    """Some of what is solved on a visit stands in the unit's lists as well: it is closed on the day of the visit."""
    used: set[tuple[str, str]] = set()
    for visit in events.dated["visits"]:
        visit["solved_refs"] = None
        if visit["_id"] % 9 or not visit["solved_on_site"]:
            continue
        day = visit["visit_date"]
        mine = [
            m
            for m in found
            if m.unit == visit["unit"] and m.ledger in ("development", "livelihood") and (m.unit, m.key) not in used
        ]
        fits = [
            m
            for m in mine
            if m.begins <= day - timedelta(days=4) and not m.row.get("link_id") and _closing(m) and m.unit != "D08"
        ]
        linked = {m.row["link_id"] for m in mine if m.row.get("link_id")}
        fits = [m for m in fits if m.key not in linked]
        if not fits:
            continue
        m = fits[0]
        used.add((m.unit, m.key))
        status = "破解" if m.ledger == "development" else "已解决"
        m.changes = [c for c in m.changes if c[0] < day and not c[1].get("closed_on")]
        m.changes.append((day, {"status": status, "closed_on": day}))
        visit["solved_refs"] = m.key


GOOD = ["小区微治理", "一窗办好一件事", "村集体茶园托管", "楼栋议事会", "矛盾就地化解", "闲置校舍变养老点", "骑手驿站", "河道长效管护"]
BAD = ["道路反复开挖", "惠企资金兑付迟缓", "便民设施建而不用", "表格重复填报", "信访件久拖不决", "项目重签约轻落地", "路灯长期失修"]


def _cases(u: Row, own: list[Matter], random: Random) -> list[Matter]:
    kind = u["org_type"]
    if kind in ("村(社区)", "两企三新"):
        return []
    found = []
    last = {"市四套班子": "2023-W38", "市直机关": "2023-W39", "县(市、区)": "2023-W39"}.get(kind, "2023-W41")
    polarities = ["正面", "反面"] + (["正面"] if kind == "县(市、区)" and random.random() < 0.6 else [])
    if u["code"] in ("C04T1", "C04T5", "C04T6", "C04D3", "C03T6"):  # these have none, or only a good one
        polarities = polarities[: 1 if u["code"] == "C03T6" else 0]
    elif kind in ("乡镇(街道)", "县直机关") and random.random() < 0.12:
        polarities = ["正面"]
    for serial, polarity in enumerate(polarities, 1):
        day = some_day(random, "2023-W37", last)
        title = f"{_place(u, random)}{random.choice(GOOD if polarity == '正面' else BAD)}"
        if u["code"] == "S01":
            title = "榕陂镇农文旅融合带动村集体增收" if polarity == "正面" else "城东片区污水管网反复开挖"
            day = date(2023, 9, 20) if polarity == "正面" else date(2023, 9, 21)
        row = {
            "unit": u["code"],
            "case_id": f"AL-{serial:02d}",
            "polarity": polarity,
            "title": title,
            "fixed_date": day,
            "status": "确定",
            "link_id": None,
            "result_on": None,
        }
        changes: list[tuple[date, Row]] = []
        studied = workday(day + timedelta(days=random.randint(4, 9)))
        changes.append((studied, {"status": "调研中"}))
        reported = workday(studied + timedelta(days=random.randint(6, 24)))
        if random.random() < 0.45 * min(1.0, 2 * pace(u["code"])):
            changes.append((reported, {"status": "已形成报告", "result_on": reported}))
            turned = workday(reported + timedelta(days=random.randint(3, 12)))
            links = [m for m in own if m.begins < turned]
            if links and u["code"] not in HIDES and random.random() < 0.5:
                changes.append((turned, {"status": "已转化", "result_on": turned, "link_id": random.choice(links).key}))
        found.append(Matter("cases", u["code"], row, changes))
    return found


THEMES = [
    "园区亩均效益提升",
    "县域商业体系建设",
    "乡村教师队伍稳定",
    "基层医疗用药保障",
    "农村宅基地纠纷化解",
    "城市更新资金平衡",
    "新就业群体党建",
    "茶产业品牌整合",
    "中小企业融资对接",
    "老旧小区物业治理",
    "青年人才返乡就业",
    "河湖管护长效机制",
    "数字政务数据共享",
    "农村公路管养分工",
    "村级集体经济增收",
    "养老服务网点布局",
    "信访积案源头预防",
    "水库移民后期扶持",
    "冷链物流短板",
    "干部下沉一线考核",
]


PATTERNS = ["{p}{t}的卡点和办法", "{t}怎样在{p}落地", "从{p}看{t}", "{p}{t}解剖", "{t}：{p}的做法能否推开", "{t}难在哪，以{p}为例"]


def _title(u: Row, theme: str, serial: int, titled: set[tuple[str, str]], random: Random) -> str:
    """A topic's title; no theme is taken twice to the same place."""
    place = next(p for _ in range(50) if (p := _place(u, random)) and (theme, p) not in titled)
    titled.add((theme, place))
    return PATTERNS[(serial + len(titled)) % len(PATTERNS)].format(p=place, t=theme)


def _topics(u: Row, city: City, own: list[Matter], titled: set[tuple[str, str]], random: Random) -> list[Matter]:
    """City leaders each have a topic but for the last of two teams; of a county's leaders about ten have one."""
    code, kind = u["code"], u["org_type"]
    if kind not in ("市四套班子", "县(市、区)"):
        return []
    top, found = kind == "市四套班子", []
    leaders = city.base(code, "leaders_county_up", CLOSES)
    count = leaders - (code in ("S02", "S04")) if top else random.randint(8, 11)
    for serial in range(1, count + 1):
        day = some_day(random, "2023-W36", "2023-W37" if top else "2023-W39")
        broad = random.random() < (0.3 if top else 0.35) * (1.5 if county_of(code) == "C04" else 1)
        theme = THEMES[(serial * 3 + len(found) + sum(map(ord, code))) % len(THEMES)]
        row = {
            "unit": code,
            "topic_id": f"KT-{serial:02d}",
            "leader_code": _post(code, serial),
            "leader_rank": "市级" if top else "县处级",
            "title": f"{theme}研究" if broad else _title(u, theme, serial, titled, random),
            "change_type": "原课题",
            "changed_on": None,
            "declared_on": day,
            "outcome": "未完成",
            "finished_on": None,
            "link_id": None,
            "refiled_on": None,
        }
        m = Matter("topics", code, row, [], [("合格", None)])
        if broad and random.random() < 0.75:
            reason = "不聚焦" if random.random() < 0.75 else random.choice(["过大", "重复"])
            m.verdicts.insert(0, ("退回", reason))
            if not top and random.random() < 0.12:  # once more
                m.verdicts.insert(0, ("退回", "不聚焦"))
        else:
            changed = max(some_day(random, "2023-W39", "2023-W42"), workday(day + timedelta(days=5)))
            if (draw := random.random()) < (0.22 if top else 0.1):
                title = _title(u, theme, serial + 1, titled, random)
                m.changes.append((changed, {"change_type": "主动调整", "changed_on": changed, "title": title}))
            elif draw < 0.45:
                m.changes.append((changed, {"change_type": "转化深化", "changed_on": changed}))
        if random.random() < 0.38 * pace(code) and len(m.verdicts) == 1:
            done = max(some_day(random, "2023-W41", "2023-W42"), workday(day + timedelta(days=20)))
            m.changes.append((done, {"outcome": "已完成", "finished_on": done}))
            links = [x for x in own if x.begins < done]
            if links and random.random() < 0.45:
                m.changes.append((done, {"outcome": "已转化", "finished_on": done, "link_id": random.choice(links).key}))
        found.append(m)
    return found


def _contributions(units: dict[str, Row], random: Random) -> list[Matter]:
    senders = [c for c, u in units.items() if u["org_type"] in ("市直机关", "县(市、区)", "县直机关")]
    found: list[Matter] = []
    numbers: dict[str, int] = {}

    def send(unit: str, day: date, column: str, title: str, text: str) -> None:
        numbers[unit] = numbers.get(unit, 0) + 1
        row = {"unit": unit, "text_id": f"LG-{numbers[unit]:02d}", "column_name": column, "title": title, "text": text}
        found.append(Matter("contributions", unit, row | {"sent_on": day}))

    for n, week in enumerate(WEEKS[1:]):
        for _ in range(2 if week == "2023-W40" else 3):  # no two of them of one kind
            unit = senders[(n * 11 + len(found) * 7 + random.randint(0, 2)) % len(senders)]
            said = sent(len(found), units[unit]["short_name"], _place(units[unit], random), random)
            send(unit, some_day(random, week, week), *said)
    # One takes another's words, one its own of five weeks ago.
    others = next(m for m in found if m.begins < starts("2023-W39") and county_of(m.unit) in ("C01", "C02"))
    words = others.row["text"].replace(units[others.unit]["short_name"], units["C04D2"]["short_name"])
    send("C04D2", date(2023, 10, 19), others.row["column_name"], "用好身边的课堂", words)
    first = next(m for m in found if m.begins < starts("2023-W38") and m.unit.startswith("D"))
    send(first.unit, date(2023, 10, 17), first.row["column_name"], first.row["title"], first.row["text"])
    found.sort(key=lambda m: m.begins)
    numbers.clear()
    for m in found:
        numbers[m.unit] = numbers.get(m.unit, 0) + 1
        m.row["text_id"] = f"LG-{numbers[m.unit]:02d}"
        # About two in five are printed.
        m.verdicts = [("采用" if random.random() < 0.5 and m.unit != "C04D2" else "未用", None)]
    return found


PLACES = {
    "C01": ["荻浦街道", "云坞社区", "榕陂镇", "蓼滩镇"],
    "C02": ["望霞街道", "橘屿镇", "上葛村", "樟渡镇"],
    "C03": ["墨溪镇", "桂畴村", "柘岭镇", "麦墩乡"],
    "C04": ["沙屿镇", "兰汀村", "蒲渚镇", "苇塘乡"],
    "C05": ["梅坞镇", "茶亭畈村", "竹岙镇", "薇岭乡"],
    "C06": ["荷渡街道", "芷畈村", "莲畈镇", "芦渡镇"],
}


def _place(u: Row, random: Random) -> str:
    """Somewhere in the unit's own county; a town speaks of itself."""
    code: str = u["code"]
    if u["org_type"] == "乡镇(街道)":
        return str(u["short_name"])
    return random.choice(PLACES[county_of(code) or random.choice(sorted(PLACES))])


def items(found: list[Matter], ledger: str) -> list[Any]:
    return [m for m in found if m.ledger == ledger]
