"""A small invented office in a temporary folder: units, ledgers, and workbooks as units would file them.

world = make_world(tmp_path)
world.file("C01", "2023-W42", {"集中学习台账": [{"学习类型": "读书班", "开始日期": date(2023, 10, 17), …}]})
receipt = world.receive("2023-10-23T10:00")
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook

from jianbao.intake.inbox import receive
from jianbao.intake.receipt import Receipt
from jianbao.workspace import Workspace

Row = Mapping[str, Any]

CAMPAIGN: dict[str, Any] = {
    "name": "test-campaign",
    "title": "青石市营商环境攻坚行动",
    "starts": "2023-09-04",
    "ends": "2024-01-28",
    "period": "week",
    "week_starts": "monday",
    "root": "root",
    "office": "Z01",
    "levels": {"上": {"org_types": ["市直"]}, "中": {"org_types": ["县"]}, "下": {"org_types": ["乡镇"]}},
}
CALENDAR: dict[str, Any] = {"cut_off": {"days": 1, "at": "12:00"}, "work_days": "all"}

# code, name, short name, parent, level, org type, filer, files
UNITS: list[tuple[Any, ...]] = [
    ("root", "青石市", "青石市", None, "市", "汇总", None, False),
    ("Z01", "市攻坚行动办公室", "市攻坚办", "root", "市", "办公室", None, True),
    ("B01", "青石市住房局", "市住房局", "root", "市", "市直", None, True),
    ("C01", "东湖县", "东湖县", "root", "县", "县", None, True),
    ("C02", "西岭县", "西岭县", "root", "县", "县", None, True),
    ("C01-T01", "柳河镇", "柳河镇", "C01", "乡", "乡镇", "C01", True),
    ("C02-T01", "石桥镇", "石桥镇", "C02", "乡", "乡镇", None, True),
]

MASTERS: dict[str, Any] = {
    "register": {
        "code": "R1",
        "title": "单位名册",
        "kind": "master",
        "key": ["code", "valid_from"],
        "columns": {
            "code": {"title": "单位编码", "required": True},
            "name": {"title": "单位名称", "required": True},
            "short_name": {"title": "简称"},
            "parent": {"title": "上级单位编码"},
            "level": {"title": "层级"},
            "org_type": {"title": "单位类型"},
            "filer": {"title": "代报单位编码"},
            "files": {"title": "是否报送", "type": "bool"},
            "valid_from": {"title": "生效日期", "type": "date", "required": True},
            "valid_to": {"title": "失效日期", "type": "date"},
            "aliases": {"title": "曾用名", "type": "list"},
        },
    },
    "bases": {
        "code": "R2",
        "title": "基数表",
        "kind": "master",
        "key": ["unit", "base_date"],
        "date": "base_date",
        "columns": {
            "unit": {"title": "单位编码", "type": "unit", "required": True},
            "base_date": {"title": "基准日", "type": "date", "required": True},
            "firms": {"title": "企业数", "type": "int", "min": 0},
        },
    },
    "groups": {
        "code": "R3",
        "title": "联络组",
        "kind": "master",
        "key": ["team", "unit", "valid_from"],
        "columns": {
            "district": {"title": "片区编码"},
            "district_name": {"title": "片区名称"},
            "team": {"title": "小组编码", "required": True},
            "team_name": {"title": "小组名称"},
            "unit": {"title": "对接单位编码", "type": "unit", "required": True},
            "valid_from": {"title": "起始日期", "type": "date", "required": True},
            "valid_to": {"title": "终止日期", "type": "date"},
        },
    },
}

LEDGERS: dict[str, Any] = {
    "study": {
        "code": "L02",
        "title": "集中学习台账",
        "kind": "event",
        "filed_by": ["市直", "县", "乡镇"],
        "date": "start_date",
        "aliases": ["学习台账"],
        "minutes": 6,
        "columns": {
            "study_type": {
                "title": "学习类型",
                "type": "code",
                "required": True,
                "codes": ["读书班", "中心组", "专题研讨"],
                "code_aliases": {"研讨": "专题研讨"},
                "aliases": ["类型"],
            },
            "start_date": {"title": "开始日期", "type": "date", "required": True, "aliases": ["开始时间"]},
            "end_date": {"title": "结束日期", "type": "date"},
            "days": {
                "title": "天数",
                "type": "num",
                "required": True,
                "min": 0.5,
                "max": 15,
                "step": 0.5,
                "aliases": ["天数（天）"],
            },
            "topic": {"title": "主题", "max_length": 20},
            "people": {"title": "参加人数", "type": "int", "min": 0},
            "share": {"title": "出勤率", "type": "percent", "min": 0, "max": 1},
        },
        "rules": [
            {
                "id": "order",
                "check": "end_date >= start_date",
                "column": "end_date",
                "message": "结束日期 {end_date} 早于开始日期。",
                "remedy": "核对两个日期。",
            }
        ],
    },
    "problems": {
        "code": "L11",
        "title": "问题台账",
        "kind": "state",
        "filed_by": ["市直", "县", "乡镇"],
        "key": ["problem_id"],
        "date": "registered_on",
        "minutes": 12,
        "columns": {
            "problem_id": {"title": "问题编号", "required": True},
            "summary": {"title": "问题摘要", "required": True},
            "registered_on": {"title": "登记日期", "type": "date", "required": True},
            "status": {"title": "状态", "type": "code", "required": True, "codes": ["整改中", "已整改"]},
            "closed_on": {"title": "完成日期", "type": "date"},
            "review": {
                "title": "审核结果",
                "filled_from": {"ledger": "reviews", "column": "decision", "latest": "decided_on", "key": {"problem_id": "item"}},
            },
        },
        "rules": [
            {
                "id": "closed-dated",
                "check": "status <> '已整改' or closed_on is not null",
                "column": "closed_on",
                "message": "状态为已整改，没有完成日期。",
                "remedy": "补填完成日期。",
            }
        ],
    },
    "opinions": {
        "code": "L10",
        "title": "意见统计表",
        "kind": "snapshot",
        "filed_by": ["市直", "县"],
        "columns": {
            "opened": {"title": "收到意见数", "type": "int", "required": True, "min": 0, "measure": "flow"},
            "replied": {"title": "答复数", "type": "int", "required": True, "min": 0, "measure": "flow"},
        },
        "rules": [
            {
                "id": "replied",
                "check": "replied <= opened",
                "column": "replied",
                "severity": "warning",
                "message": "答复数多于收到数。",
                "remedy": "说明原因。",
            }
        ],
    },
    "reviews": {
        "code": "L17",
        "title": "审核记录",
        "kind": "event",
        "filed_by": ["office"],
        "date": "decided_on",
        "columns": {
            "item": {"title": "条目编号", "required": True, "references": "problems.problem_id"},
            "decision": {"title": "审核意见", "type": "code", "required": True, "codes": ["合格", "退回"]},
            "decided_on": {"title": "审核日期", "type": "date", "required": True},
        },
    },
    "bulletins": {
        "code": "L14",
        "title": "刊物台账",
        "kind": "event",
        "filing": "rolling",
        "filed_by": ["office"],
        "key": ["issue_no"],
        "date": "issued_on",
        "columns": {
            "issue_no": {"title": "期号", "type": "int", "required": True},
            "title": {"title": "标题", "required": True},
            "issued_on": {"title": "印发日期", "type": "date", "required": True},
        },
    },
}


@dataclass
class World:
    """A workspace and the means to file into it."""

    root: Path
    units: Sequence[tuple[Any, ...]]
    count: int = field(default=0)

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.root)

    def reopen(self) -> Workspace:
        self.__dict__.pop("workspace", None)
        return self.workspace

    def file(
        self,
        filer: str,
        period: str,
        sheets: Mapping[str, Iterable[Row]],
        *,
        nil: Iterable[str] = (),
        name: str | None = None,
        folder: Path | None = None,
    ) -> Path:
        """Writes a workbook as a unit would from its template: sheet title → rows by column title."""
        book = Workbook()
        book.remove(book.worksheets[0])
        for title, rows in sheets.items():
            write_sheet(
                book.create_sheet(title), title, filer, period, list(rows), nil=title in set(nil), titles=self.titles(title)
            )
        self.count += 1
        path = (folder or self.root / "data" / "inbox") / (name or f"{filer}_{period}_{self.count}.xlsx")
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
        return path

    def titles(self, ledger: str) -> list[str]:
        """The column titles that a filer of the ledger fills in."""
        return [c.title for c in self.workspace.definitions.ledger(ledger).typed.values()]

    def receive(self, at: str = "2023-10-23T10:00", path: Path | None = None) -> Receipt:
        """Receives the inbox (or `path`) as of a time."""
        return receive(self.workspace, path, received_at=datetime.fromisoformat(at))


def write_sheet(
    ws: Any, title: str, filer: str, period: str, rows: Sequence[Row], *, nil: bool = False, titles: Sequence[str] = ()
) -> None:
    """The template's layout. The columns are `titles` and whatever else the rows name."""
    known = list(dict.fromkeys([*(["单位"] if any("单位" in r for r in rows) else []), *titles, *(k for r in rows for k in r)]))
    ws.append([title])
    ws.append([])
    ws.append(["填报单位", filer])
    ws.append(["统计期", period])
    ws.append(["零报送", "是" if nil else None])
    ws.append(known)
    for row in rows:
        ws.append([row.get(t) for t in known])


def make_world(
    tmp_path: Path,
    *,
    ledgers: Mapping[str, Any] | None = None,
    units: Sequence[tuple[Any, ...]] = (),
    indicators: Mapping[str, Any] | None = None,
    campaign: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    master: Mapping[str, Sequence[Row]] | None = None,
) -> World:
    """A workspace below `tmp_path` with its params written and its master workbooks in data/master, nothing received.

    `ledgers` replaces the default ones; `indicators` is file name → indicators; `params` is further file → content;
    `master` is further master sheets (基数表, 联络组 …) → rows.
    """
    root = tmp_path / "world"
    chosen = list(units or UNITS)
    write_params(
        root / "params",
        {
            "campaign.yml": {**CAMPAIGN, **(campaign or {})},
            "calendar.yml": CALENDAR,
            **{f"ledgers/{name}.yml": data for name, data in {**MASTERS, **(LEDGERS if ledgers is None else ledgers)}.items()},
            **{f"indicators/{name}.yml": data for name, data in (indicators or {}).items()},
            **(params or {}),
        },
    )
    book = Workbook()
    book.remove(book.worksheets[0])
    titles = ("单位编码", "单位名称", "简称", "上级单位编码", "层级", "单位类型", "代报单位编码", "是否报送")
    register = [
        {
            **dict(zip(titles, u, strict=False)),
            "是否报送": "是" if u[7] else "否",
            "生效日期": date(2020, 1, 1),
            **(u[8] if len(u) > 8 else {}),
        }
        for u in chosen
    ]
    for title, rows in {"单位名册": register, **(master or {})}.items():
        ws = book.create_sheet(title)
        names = list(dict.fromkeys(k for r in rows for k in r))
        ws.append(names)
        for r in rows:
            ws.append([r.get(n) for n in names])
    folder = root / "data" / "master"
    folder.mkdir(parents=True)
    book.save(folder / "master.xlsx")
    return World(root, chosen)


def write_params(folder: Path, files: Mapping[str, Any]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(copy.deepcopy(data), allow_unicode=True, sort_keys=False), encoding="utf-8")
