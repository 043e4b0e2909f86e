"""A workspace for another campaign, small and complete. Imports definitions, errors.

`files/` is copied as it stands; the register's workbook is written from the ledger that describes it.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from jianbao.definitions.load import load
from jianbao.errors import JianbaoError

_UNITS: list[dict[str, Any]] = [
    {"code": "root", "name": "全部单位", "short_name": "全部", "level": "总", "org_type": "汇总节点", "files": "否"},
    {"code": "D00", "name": "办公室", "short_name": "办公室", "parent": "root", "level": "单位", "org_type": "部门", "files": "是"},
    {"code": "D01", "name": "第一处", "short_name": "一处", "parent": "root", "level": "单位", "org_type": "部门", "files": "是"},
    {"code": "D02", "name": "第二处", "short_name": "二处", "parent": "root", "level": "单位", "org_type": "部门", "files": "是"},
]


def make(folder: Path, *, today: date) -> list[Path]:
    """Writes a workspace into `folder`, which must be empty or not there; returns its files."""
    if folder.exists() and any(folder.iterdir()):
        raise JianbaoError(f"{folder} is not empty. Give a folder that is not there yet.")
    shutil.copytree(Path(__file__).parent / "files", folder, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("__pycache__"))
    campaign = folder / "params" / "campaign.yml"
    year = today.year
    campaign.write_text(campaign.read_text(encoding="utf-8").replace("2000-01-01", f"{year}-01-01")
                        .replace("2000-12-31", f"{year}-12-31"), encoding="utf-8")
    calendar = folder / "params" / "calendar.yml"
    calendar.write_text(calendar.read_text(encoding="utf-8").replace("2000-W01", f"{year}-W01"), encoding="utf-8")
    made = ("outbox", "inbox", "returns", "store", "issues")
    (folder / ".gitignore").write_text("".join(f"data/{name}/\n" for name in made), encoding="utf-8")
    _write_register(folder)
    (folder / "data" / "inbox").mkdir(parents=True, exist_ok=True)
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _write_register(folder: Path) -> None:
    from openpyxl import Workbook

    ledger = load(folder / "params").ledgers["register"]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = ledger.title
    sheet.append([c.title for c in ledger.columns.values()])
    for unit in _UNITS:
        sheet.append([unit.get(name, date(2000, 1, 1) if name == "valid_from" else None) for name in ledger.columns])
    sheet.freeze_panes = "A2"
    path = folder / "data" / "master" / "register.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
