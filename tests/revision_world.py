"""A small office whose figures are printed and then revised: what test_revisions and test_diff file and run."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from jianbao import issued
from jianbao.brief.brief import Brief
from jianbao.brief.parts import Prose, to_json
from jianbao.publish import batch
from jianbao.publish.plan import issues_of
from jianbao.workspace import Workspace
from worlds import UNITS, World, make_world

INDICATORS: dict[str, Any] = {
    "days": {"code": "B03", "title": {"zh": "读书班天数"}, "unit": "天", "nature": "activity", "ledger": "study",
             "where": "study_type = '读书班'", "value": "sum(days)", "rolls_up": "sum", "definition": "读书班天数之和。"},
    "closed": {"code": "C06", "title": {"zh": "整改完成数"}, "unit": "个", "nature": "result", "ledger": "problems",
               "where": "status = '已整改' and review = '合格'", "value": "count()", "rolls_up": "stock", "better": "higher",
               "definition": "审核合格、已整改的问题。"},
    "passed": {"code": "C05", "title": {"zh": "检视问题数"}, "unit": "个", "nature": "handling", "ledger": "problems",
               "where": "review = '合格'", "value": "count()", "rolls_up": "stock", "definition": "审核合格的问题。"},
    "rate": {"code": "C09", "title": {"zh": "整改完成率"}, "unit": "%", "nature": "result", "numerator": "closed",
             "denominator": "passed", "rolls_up": "ratio", "stock": True, "better": "higher", "definition": "完成数除以问题数。"},
}
# Everybody files for himself.
OWN = [(*u[:6], None, u[7]) for u in UNITS]
BRIEFS = {"weekly": {"notebook": "weekly.ipynb", "name": "工作简报", "title": "{单位}情况", "period": "week", "formats": ["html"]}}
CALENDAR = {"cut_off": {"days": 1, "at": "12:00"}, "work_days": "all", "first": {"weekly": "2023-W40"}}
SAID = """%%say
读书班{读书班天数.累计}，{本期}{读书班天数.期内}〔，{读书班天数.期内.环比}〕〔，上期印作{读书班天数.累计.已刊}〕。

检视问题{检视问题数}，整改完成率{整改完成率}〔；{整改完成率.前三}居前〕。"""
CELLS = [
    ('period: str = "2023-W41"\nunit: str = "root"\nas_of: str = ""', ["parameters"]),
    ('import jianbao as jb\n\nbrief = jb.open_brief(period, unit, as_of, product="weekly")\nbrief', []),
    (SAID, []),
    ("brief.revisions()\nbrief.sources()", []),
]


def world(tmp_path: Path, **more: Any) -> World:
    """Two counties, their towns and a bureau; a weekly brief of three figures."""
    campaign = {"peers": ["县"], "thresholds": {"same_coverage": 0.2, "rank_coverage": 0.2}}
    made = make_world(tmp_path, units=OWN, campaign=campaign, indicators={"all": INDICATORS},
                      params={"briefs.yml": BRIEFS, "calendar.yml": CALENDAR, **more})
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags}, "source": source, "outputs": [],
              "execution_count": None} for n, (source, tags) in enumerate(CELLS)]
    book = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4, "nbformat_minor": 5}
    (made.root / "notebooks").mkdir()
    (made.root / "notebooks" / "weekly.ipynb").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    return made


def days(n: float, day: date, kind: str = "读书班") -> dict[str, Any]:
    return {"学习类型": kind, "开始日期": day, "天数": n}


def problem(key: str, status: str = "整改中", closed: date | None = None) -> dict[str, Any]:
    return {"问题编号": key, "问题摘要": "问题", "登记日期": date(2023, 10, 9), "状态": status, "完成日期": closed}


def review(unit: str, key: str, decision: str, day: date) -> dict[str, Any]:
    return {"单位": unit, "条目编号": key, "审核意见": decision, "审核日期": day}


def study(made: World, unit: str, period: str, *rows: dict[str, Any], name: str | None = None) -> None:
    made.file(unit, period, {"集中学习台账": list(rows)}, nil=() if rows else ("集中学习台账",), name=name)


def run(workspace: Workspace, period: str, as_of: str | None = None) -> batch.Result:
    """The weekly brief of the whole, as of the cut-off unless said."""
    (issue,) = issues_of(workspace, workspace.period(period), as_of=as_of)
    result = batch.make(issue, workspace)
    assert result.outcome in ("made", "current"), result.why
    return result


def printed(made: World, period: str, as_of: str | None = None) -> Brief:
    """The same brief as `run` makes, printed without a kernel: said here, and remembered as the run does it."""
    workspace = made.workspace
    (issue,) = issues_of(workspace, workspace.period(period), as_of=as_of)
    brief = Brief(workspace, issue.period, workspace.register_at(issue.as_of).on(issue.period.ends)["root"], issue.as_of, "weekly")
    brief.say(SAID.removeprefix("%%say"))
    brief.revisions()
    brief.sources()
    folder = issue.folder(workspace)
    aside = folder.with_name(f".{folder.name}.new")
    aside.mkdir(parents=True)
    (aside / issued.NAME).write_text(issued.content(str(issue), issue.as_of, [to_json(p) for p in brief.document.parts]),
                                     encoding="utf-8")
    issued.keep(folder, aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    return brief


def said(brief: Brief) -> str:
    """The note on revisions; "" when there is none."""
    return "".join(p.text for p in brief.parts if isinstance(p, Prose) and p.role == "note")


def change(made: World, file: str, edit: Any) -> Workspace:
    """One file of params/ edited in place; the workspace opened again."""
    path = made.root / "params" / file
    said = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    edit(said)
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return made.reopen()
