"""The invented city of 澜川: its register, bases, liaison groups and tasks, as plain rows keyed by column name.

No place, unit or figure here exists. Leaders are posts (unit code, post, serial); there is no person in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

STARTS, ENDS = date(2023, 8, 28), date(2024, 1, 31)
RENAMED_ON = date(2023, 10, 9)  # D12 changes its name
MERGED_ON = date(2023, 10, 2)  # C03T1V2 is merged into C03T1V1
RENAMED, OLD_NAME = "D12", "市大数据发展管理局"
MERGED, MERGED_INTO = "C03T1V2", "C03T1V1"

Row = dict[str, Any]

TEAMS = [
    ("S01", "市委常委会", "澜川市委常委会"),
    ("S02", "市人大常委会党组", "澜川市人大常委会党组"),
    ("S03", "市政府党组", "澜川市政府党组"),
    ("S04", "市政协党组", "澜川市政协党组"),
]
DEPARTMENTS = [
    "市委组织部",
    "市委宣传部",
    "市委政法委",
    "市发展改革委",
    "市教育局",
    "市财政局",
    "市人社局",
    "市住建局",
    "市农业农村局",
    "市信访局",
    "市卫健委",
    "市数据局",
]
FIRMS = [
    ("Q01", "澜川城建集团", "澜川城市建设发展集团有限公司", "国有企业"),
    ("Q02", "澜川水务集团", "澜川清源水务集团有限公司", "国有企业"),
    ("Q03", "云岫电商", "澜川云岫电子商务有限公司", "两企三新"),
]
# code, county, how fast it rectifies, its towns, its villages by the number of their town
COUNTIES: list[tuple[str, str, float, list[str], list[tuple[int, str]]]] = [
    (
        "C01",
        "望澜区",
        1.15,
        ["荻浦街道", "晴岚街道", "听松街道", "柳津镇", "榕陂镇", "蓼滩镇"],
        [(1, "云坞社区"), (2, "听雨社区")],
    ),
    (
        "C02",
        "霁溪区",
        1.10,
        ["望霞街道", "白鹭汀街道", "橘屿镇", "葛畈镇", "樟渡镇", "枫岙镇"],
        [(1, "鸥渚社区"), (4, "上葛村")],
    ),
    (
        "C03",
        "松畴县",
        0.95,
        ["墨溪镇", "柘岭镇", "杉畈镇", "书堂岭镇", "麦墩乡", "槐畈乡"],
        [(1, "桂畴村"), (1, "桂畴新村")],
    ),
    (
        "C04",
        "苍屿县",
        0.7,
        ["沙屿镇", "霞屿镇", "蒲渚镇", "钓矶镇", "蕉岙乡", "苇塘乡"],
        [(1, "兰汀村"), (2, "花垄村")],
    ),
    (
        "C05",
        "檀溪县",
        0.95,
        ["梅坞镇", "茶垄镇", "竹岙镇", "桑垟镇", "薇岭乡", "蕨坪乡"],
        [(1, "茶亭畈村"), (3, "竹里村")],
    ),
    (
        "C06",
        "澄陵市",
        1.00,
        ["荷渡街道", "莲畈镇", "蘅塘镇", "荇溪镇", "芦渡镇", "藕垄乡"],
        [(1, "荷花塘社区"), (5, "芷畈村")],
    ),
]
PROXIES = ("C05", "C06")  # these two counties file for all their towns and villages, in one workbook
PACE = {code: pace for code, _, pace, _, _ in COUNTIES}


@dataclass(frozen=True)
class City:
    register: list[Row]
    bases: list[Row]
    groups: list[Row]
    tasks: list[Row]

    def unit(self, code: str) -> Row:
        """The unit's last span."""
        return [r for r in self.register if r["code"] == code][-1]

    def on(self, day: date) -> list[Row]:
        return [r for r in self.register if r["valid_from"] <= day and (r["valid_to"] is None or day <= r["valid_to"])]

    def base(self, code: str, column: str, day: date) -> int:
        """The latest base not after `day`; 0 without one."""
        rows = [r for r in self.bases if r["unit"] == code and r["base_date"] <= day]
        return max(rows, key=lambda r: r["base_date"])[column] or 0 if rows else 0


def build(random: Random) -> City:
    register = _register()
    return City(register, _bases(register, random), _groups(register), _tasks())


def county_of(code: str) -> str:
    """C01T3 → C01; "" for a unit of the city itself."""
    return code[:3] if code.startswith("C") else ""


def _unit(
    code: str,
    name: str,
    short: str,
    parent: str,
    level: str,
    org_type: str,
    *,
    filer: str = "",
    files: bool = True,
    campaign: bool = True,
    valid_from: date = date(2023, 1, 1),
    valid_to: date | None = None,
    aliases: str = "",
) -> Row:
    return {
        "code": code,
        "name": name,
        "short_name": short,
        "parent": parent,
        "level": level,
        "org_type": org_type,
        "campaign_unit": campaign,
        "batch": "第二批" if campaign else None,
        "filer": filer,
        "files": files,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "aliases": aliases,
    }


def _register() -> list[Row]:
    node = {"files": False, "campaign": False}
    rows = [
        _unit("root", "澜川市", "全市", "", "市", "汇总节点", aliases="市本级汇总", **node),
        _unit(
            "Z01",
            "澜川市委主题教育领导小组办公室",
            "市委主题教育办",
            "root",
            "市",
            "主题办",
            campaign=False,
            aliases="市主题教育办、市委主题教育领导小组办公室",
        ),
        _unit("S00", "澜川市四套班子", "市四套班子", "root", "市", "汇总节点", **node),
    ]
    rows += [_unit(code, name, short, "S00", "市", "市四套班子") for code, short, name in TEAMS]
    rows.append(_unit("D00", "澜川市直单位", "市直单位", "root", "市", "汇总节点", **node))
    for n, short in enumerate(DEPARTMENTS, 1):
        code = f"D{n:02d}"
        if code == RENAMED:
            rows.append(
                _unit(
                    code,
                    f"澜川{OLD_NAME}",
                    OLD_NAME,
                    "D00",
                    "市",
                    "市直机关",
                    valid_to=date.fromordinal(RENAMED_ON.toordinal() - 1),
                    aliases="市大数据局",
                )
            )
            rows.append(
                _unit(
                    code,
                    f"澜川{short}",
                    short,
                    "D00",
                    "市",
                    "市直机关",
                    valid_from=RENAMED_ON,
                    aliases=f"{OLD_NAME}、澜川{OLD_NAME}、市大数据局",
                )
            )
        else:
            rows.append(_unit(code, f"澜川{short}", short, "D00", "市", "市直机关"))
    rows.append(_unit("Q00", "澜川市企业单位", "企业单位", "root", "市", "汇总节点", **node))
    rows += [_unit(code, name, short, "Q00", "市", kind) for code, short, name, kind in FIRMS]
    for code, county, _, towns, villages in COUNTIES:
        seat, proxy = county[-1], code if code in PROXIES else ""
        rows.append(
            _unit(
                code,
                f"澜川市{county}" if seat != "市" else county,
                county,
                "root",
                "县",
                "县(市、区)",
                aliases=f"{county}本级、中共{county}委员会",
            )
        )
        rows += [
            _unit(f"{code}D{n}", f"{county}{office}", f"{county}{office}", code, "县", "县直机关")
            for n, office in enumerate((f"{seat}委组织部", "教育局", "农业农村局"), 1)
        ]
        for n, town in enumerate(towns, 1):
            town_code = f"{code}T{n}"
            rows.append(_unit(town_code, f"{county}{town}", town, code, "乡", "乡镇(街道)", filer=proxy))
            for m, village in enumerate([v for t, v in villages if t == n], 1):
                village_code = f"{town_code}V{m}"
                merged = date.fromordinal(MERGED_ON.toordinal() - 1) if village_code == MERGED else None
                rows.append(
                    _unit(
                        village_code,
                        f"{town}{village}",
                        village,
                        town_code,
                        "村",
                        "村(社区)",
                        filer=proxy or town_code,
                        valid_to=merged,
                    )
                )
    return rows


def _bases(register: list[Row], random: Random) -> list[Row]:
    rows, seen = [], set()
    for u in register:
        code, kind = u["code"], u["org_type"]
        if not u["campaign_unit"] or code in seen:
            continue
        seen.add(code)
        members, leaders, orgs = {
            "市四套班子": (9, 9, 4),
            "市直机关": (6, 6, 14),
            "县(市、区)": (28, 28, 12),
            "县直机关": (5, 0, 7),
            "国有企业": (6, 4, 16),
            "乡镇(街道)": (9, 0, 34),
            "村(社区)": (5, 0, 4),
            "两企三新": (3, 0, 2),
        }[kind]
        spread = random.randint
        row = {
            "unit": code,
            "base_date": STARTS,
            "teams_due": int(kind not in ("村(社区)", "两企三新")),
            "team_members": members + spread(0, 2),
            "leaders_county_up": leaders and leaders - spread(0, 1),
            "party_org_count": max(1, orgs + spread(-orgs // 5, orgs // 5)),
            "village_officials": 0,
            "members_new_sector": 0,
            "members_floating": 0,
            "members_elderly": 0,
            "backlog_base": 0,
        }
        row["members"] = row["party_org_count"] * spread(18, 26)
        if kind == "县(市、区)":
            row |= {"village_officials": spread(6, 11), "backlog_base": spread(18, 30)}
        if kind == "乡镇(街道)":
            row |= {
                "members_new_sector": spread(15, 60),
                "members_floating": spread(10, 45),
                "members_elderly": spread(30, 90),
                "backlog_base": spread(1, 6),
            }
        if kind == "村(社区)":
            row |= {"members_floating": spread(2, 9), "members_elderly": spread(6, 20)}
        if kind == "两企三新":
            row |= {"members_new_sector": spread(18, 30)}
        if kind == "国有企业":
            row |= {"members_floating": spread(8, 16)}
        if code == "D10":  # 市信访局
            row["backlog_base"] = 34
        rows.append(row)
    first = {r["unit"]: r for r in rows}
    gone, grown = first[MERGED], first[MERGED_INTO]
    counts = [c for c in gone if c not in ("unit", "base_date", "team_members", "teams_due")]
    rows.append({**gone, "base_date": MERGED_ON, "team_members": 0} | dict.fromkeys(counts, 0))
    rows.append({**grown, "base_date": MERGED_ON} | {c: grown[c] + gone[c] for c in counts})
    for code, added in (("C01T1", 2), ("C02T2", 1), ("Q01", 3)):  # new branches found in the autumn check
        rows.append(
            {**first[code], "base_date": date(2023, 10, 1), "party_org_count": first[code]["party_org_count"] + added}
        )
    return rows


def _groups(register: list[Row]) -> list[Row]:
    """Three districts of two teams; each team looks after one county, all within it, and a few of the city's units."""
    names = {
        1: ("P1", "东部片区"),
        2: ("P1", "东部片区"),
        3: ("P2", "中部片区"),
        4: ("P2", "中部片区"),
        5: ("P3", "西部片区"),
        6: ("P3", "西部片区"),
    }
    rows, city, seen = [], 0, set()
    for u in register:
        if not u["campaign_unit"] or u["code"] in seen:
            continue
        seen.add(u["code"])
        if county := county_of(u["code"]):
            team = int(county[1:])
        else:
            team, city = city % 6 + 1, city + 1
        district, district_name = names[team]
        rows.append(
            {
                "district": district,
                "district_name": district_name,
                "team": f"G{team}",
                "team_name": f"第{'一二三四五六'[team - 1]}联络组",
                "unit": u["code"],
                "valid_from": STARTS,
                "valid_to": date.fromordinal(MERGED_ON.toordinal() - 1) if u["code"] == MERGED else None,
            }
        )
    return rows


def _tasks() -> list[Row]:
    """The weights of what is not cancelled make 100. A task's state at any date follows from its dates."""
    listed = [  # measure, title, unit, start, due, weight, done (None: open), progress
        ("组织保障", "成立领导小组和办公室，印发实施方案", "Z01", "08-28", "09-05", 4, "09-04", 100),
        ("组织保障", "组建联络组，召开业务培训会", "Z01", "08-28", "09-10", 4, "09-08", 100),
        ("组织保障", "召开全市动员大会，各单位全部启动", "S01", "08-28", "09-15", 5, "09-15", 100),
        ("理论学习", "举办市级领导干部专题读书班", "S01", "09-04", "09-22", 5, "09-22", 100),
        ("理论学习", "各领导班子举办读书班", "D01", "09-04", "10-31", 6, None, 96),
        ("理论学习", "组织省派驻村干部集中学习培训", "D01", "09-11", "10-20", 4, "10-13", 100),
        ("理论学习", "“三新”党员和流动党员分类学习", "D01", "09-11", "12-15", 5, None, 75),
        ("理论学习", "领导班子成员讲专题党课", "D02", "09-18", "12-31", 4, None, 40),
        ("调查研究", "市级领导确定调研课题", "S01", "09-01", "09-20", 4, "09-19", 100),
        ("调查研究", "确定正反面典型案例", "S03", "09-10", "10-10", 4, "10-09", 100),
        ("调查研究", "县处级以上领导开展实地调研", "D04", "09-11", "11-30", 6, None, 55),
        ("调查研究", "形成调研报告并开展成果转化", "D04", "10-10", "12-20", 5, None, 10),
        ("推动发展", "开展“访民情、解民困”实践活动", "D10", "09-11", "12-31", 5, None, 45),
        ("推动发展", "信访积案领导包案化解", "D10", "09-11", "12-31", 5, None, 40),
        ("推动发展", "梳理高质量发展难题清单", "D04", "09-15", "10-15", 4, "10-12", 100),
        ("检视整改", "建立检视问题清单并审核", "Z01", "09-10", "10-20", 5, "10-19", 100),
        ("检视整改", "即知即改问题整改", "Z01", "09-18", "11-30", 6, None, 58),
        ("检视整改", "确定专项整治项目", "D03", "09-20", "10-13", 3, None, 70),
        ("检视整改", "专题民主生活会", "S01", "12-15", "01-20", 4, None, 0),
        ("建章立制", "梳理制度清单，提出废改立意见", "S02", "10-08", "11-30", 3, None, 20),
        ("建章立制", "修订基层联系点制度", "D01", "10-15", "12-31", 3, None, 5),
        ("组织保障", "省委指导组第一次下沉督导保障", "Z01", "09-18", "10-13", 2, "10-16", 100),
        ("组织保障", "中期调度会", "Z01", "11-01", "11-20", 2, None, 0),
        ("组织保障", "总结评估和群众满意度测评", "Z01", "01-05", "01-31", 2, None, 0),
        ("组织保障", "编印学习资料汇编（并入市直统一印发）", "D02", "09-04", "10-31", 2, None, 0),
    ]

    def day(text: str) -> date:
        month, number = map(int, text.split("-"))
        return date(2023 + (month < 6), month, number)

    rows = []
    for n, (measure, title, unit, start, due, weight, done, progress) in enumerate(listed, 1):
        status = (
            "已取消"
            if "并入" in title
            else "已完成"
            if done
            else "未启动"
            if progress == 0
            else "已逾期"
            if day(due) <= date(2023, 10, 22)
            else "推进中"
        )
        rows.append(
            {
                "task_id": f"RW-{n:02d}",
                "measure": measure,
                "title": title,
                "unit": unit,
                "start_date": day(start),
                "due_date": day(due),
                "weight": weight,
                "progress": progress,
                "status": status,
                "done_date": day(done) if done else None,
            }
        )
    return rows
