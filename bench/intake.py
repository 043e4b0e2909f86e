"""Reading and checking filed workbooks beside pandas merely reading them.

    python bench/intake.py --dir DIR [--workbooks 400] [--rounds 3]

Each workbook is the project's own template for one unit, with 30 rows in each of three ledgers. pandas reads the three
sheets by one `read_excel` a file (once), or, as most people write it, by one for each sheet (each).
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from measure import BENCH, python, rounds, spent, table

PERIOD, ROWS = "2023-W42", 30
FIRST, AT = date(2023, 10, 16), datetime(2023, 10, 23, 10)
TITLES = ("集中学习台账", "检视问题台账", "实地调研台账")


def rows(sheet: str, unit: int) -> list[dict[str, Any]]:
    """What one unit files in one sheet, by column title."""
    found = []
    for k in range(ROWS):
        day, n = FIRST + timedelta(days=(k + unit) % 7), (unit * 31 + k * 17) % 97
        if sheet == "集中学习台账":
            found.append({"学习类型": ("读书班", "中心组", "专题研讨")[n % 3], "开始日期": day, "结束日期": day, "天数": 1,
                          "主题": f"关于改进服务的学习{n}", "应到人数": 30, "实到人数": 20 + n % 10})
        elif sheet == "检视问题台账":
            found.append({"问题编号": f"WT-{k:03d}", "主体": "领导班子", "来源": "自己找", "问题摘要": f"窗口排队时间长，办理环节多{n}",
                          "登记日期": day, "整改时限": day + timedelta(days=60), "整改状态": "整改中"})
        else:
            found.append({"日期": day, "带队领导编码": f"J{unit:03d}-ZZ-{k % 5:02d}", "职级": "县处级",
                          "地点（单位）": f"J{(n * 3) % 50:03d}", "发现问题数": 3, "现场解决数": n % 3, "是否结合接访": "是"})
    return found


def build(folder: Path, workbooks: int) -> None:
    """A workspace of `workbooks` offices and the workbook that each of them filed, in data/inbox."""
    import openpyxl
    import pyarrow as pa

    from jianbao.intake.layout import HEADER_ROW
    from jianbao.intake.template import make_templates
    from jianbao.store import Delivery, Received, Submission
    from jianbao.workspace import open_workspace

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(BENCH.parent / "params", folder / "params")
    shutil.rmtree(folder / "params" / "corrections", ignore_errors=True)
    workspace = open_workspace(folder)
    offices = [f"J{n:03d}" for n in range(workbooks)]
    codes, n = ["root", "Z01", *offices], workbooks + 2
    register = pa.table({
        "unit": codes, "row": pa.array(range(4, 4 + n), pa.int32()), "date": pa.array([FIRST] * n, pa.date32()), "code": codes,
        "name": ["全市", "主题办", *(f"第{c}局" for c in offices)], "short_name": codes, "parent": [None] + ["root"] * (n - 1),
        "level": ["市"] * n, "org_type": ["汇总节点", "主题办", *["市直机关"] * workbooks],
        "campaign_unit": [False, False, *[True] * workbooks], "batch": [None, None, *["第二批"] * workbooks],
        "files": [False, *[True] * (n - 1)], "valid_from": pa.array([date(2023, 1, 1)] * n, pa.date32())})
    content, at = b"register", datetime(2023, 8, 1, 9)
    delivery = Delivery(hashlib.sha256(content).hexdigest(), "register.xlsx", len(content), "Z01", at, "stored")
    submission = Submission("register", "", at.date(), "Z01", ("Z01",), False, "register", True, False, register)
    with workspace.store.lock():
        workspace.store.receive([Received(delivery, content, (submission,))], received_at=at)
    made = {path.name: path for path in make_templates(workspace, workspace.period(PERIOD))}
    inbox = workspace.path("inbox")
    inbox.mkdir(parents=True)
    for n, office in enumerate(offices):
        path = next(path for name, path in made.items() if office in name)
        book = openpyxl.load_workbook(path)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible" and sheet.title not in TITLES:
                book.remove(sheet)
        for title in TITLES:
            sheet = book[title]
            column = {str(cell.value): cell.column for cell in sheet[HEADER_ROW]}
            for k, row in enumerate(rows(title, n)):
                for name, value in row.items():
                    sheet.cell(HEADER_ROW + 1 + k, column[name], value)
        book.active = book.index(book[TITLES[0]])
        book.save(inbox / path.name)
    shutil.rmtree(workspace.path("outbox"))


def ours(folder: Path) -> None:
    from jianbao.intake.inbox import check
    from jianbao.workspace import open_workspace

    receipt = check(open_workspace(folder), [folder / "data" / "inbox"], received_at=AT)
    wanted = len(TITLES) * ROWS
    if any(sum(s.rows for s in f.sheets) != wanted or f.outcome != "stored" for f in receipt.files):
        raise SystemExit(f"not everything was read and clean: {receipt.counts} {receipt.findings[:3]}")


def theirs(folder: Path, *, each: bool) -> None:
    import pandas as pd

    from jianbao.intake.layout import HEADER_ROW

    how: Any = {"header": HEADER_ROW - 1, "engine": "openpyxl"}
    for path in sorted((folder / "data" / "inbox").glob("*.xlsx")):
        frames = ([pd.read_excel(path, sheet_name=title, **how) for title in TITLES] if each
                  else pd.read_excel(path, sheet_name=list(TITLES), **how).values())
        if any(len(frame) < ROWS for frame in frames):
            raise SystemExit(f"{path.name}: rows are missing")


def run(folder: Path, workbooks: int, times: int) -> None:
    print(f"intake: {workbooks} workbooks of {len(TITLES)} ledgers of {ROWS} rows", flush=True)
    me = Path(__file__)
    spent(python(me, "--dir", folder, "--workbooks", workbooks, "--step", "build"))
    commands = {name: python(me, "--dir", folder, "--step", step)
                for name, step in (("jianbao", "ours"), ("pandas, once", "once"), ("pandas, each", "each"))}
    found = rounds(commands, times, lambda line: print(line, flush=True))
    print(table(found, "jianbao"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--workbooks", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", choices=("build", "ours", "once", "each"), help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.step == "build":
        build(a.dir, a.workbooks)
    elif a.step == "ours":
        ours(a.dir)
    elif a.step:
        theirs(a.dir, each=a.step == "each")
    else:
        run(a.dir / f"workbooks-{a.workbooks}", a.workbooks, a.rounds)
