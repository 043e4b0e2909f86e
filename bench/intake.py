"""Receiving filed workbooks (checked, stored, each file kept) beside pandas merely reading them.

    python bench/intake.py --dir DIR [--workbooks 1000] [--rounds 3]

Each workbook is the project's own template for one unit, with 30 rows in each of three ledgers. pandas reads the three
sheets by one `read_excel` a file (once), every sheet of it (all), or, as most people write it, by one call for each of the
three (each). CPU is counted with all child processes, start-up and imports included.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))
from measure import BENCH, python, rounds, spent, table

PERIOD, ROWS = "2023-W42", 30
FIRST, AT = date(2023, 10, 16), datetime(2023, 10, 23, 10)
TITLES = ("集中学习台账", "检视问题台账", "实地调研台账")


WHO = ("窗口人员", "基层干部", "企业代表", "老年居民", "返乡青年", "社区网格员", "驻村工作队", "物业公司", "乡村医生", "个体商户")
WHAT = ("办事排队时间长", "材料反复提交", "道路照明不足", "停车位紧张", "政策宣传不到位", "热线转办超期", "水管老化漏水", "培训内容陈旧",
        "审批环节偏多", "预约系统不好用", "公交班次太少", "垃圾清运不及时", "医保报销流程复杂", "数据重复填报")
WHERE = ("东片区", "河西街道", "产业园", "老城片", "新城服务中心", "北山乡", "码头沿线", "高校周边", "南门市场", "铁路小区", "工人新村")
HOW = ("增设窗口", "简化材料", "改造线路", "现场协调", "专班推进", "公开时限", "上门服务", "联合会商", "逐户走访", "优化流程", "补充人手")


def rows(sheet: str, unit: int) -> list[dict[str, Any]]:
    """What one unit files in one sheet, by column title: its own, as no two offices write the same."""
    found = []
    random = Random(f"{sheet} {unit}")
    texts = random.sample([a + b + c for a in WHERE for b in WHO for c in WHAT], ROWS)
    places = random.sample(range(50), ROWS)
    for k, (text, place) in enumerate(zip(texts, places, strict=True)):
        day, n = FIRST + timedelta(days=random.randrange(7)), random.randrange(97)
        if sheet == "集中学习台账":
            found.append({"学习类型": ("读书班", "中心组", "专题研讨")[n % 3], "开始日期": day, "结束日期": day, "天数": 1,
                          "主题": f"{random.choice(HOW)}：{text}", "应到人数": 21 + n % 23, "实到人数": 9 + n % 11})
        elif sheet == "检视问题台账":
            found.append({"问题编号": f"WT-{k:03d}", "主体": "领导班子", "来源": "自己找", "问题摘要": f"{text}，拟{random.choice(HOW)}",
                          "登记日期": day, "整改时限": day + timedelta(days=60), "整改状态": "整改中"})
        else:
            found.append({"日期": day, "带队领导编码": f"J{unit:03d}-ZZ-{k % 5:02d}", "职级": "县处级",
                          "地点（单位）": f"J{place:03d}", "发现问题数": 3 + n % 4, "现场解决数": n % 3, "是否结合接访": "是"})
    return found


def prepare(folder: Path, workbooks: int) -> Any:
    """A workspace of `workbooks` offices that has received their register and nothing else."""
    import pyarrow as pa

    from jianbao.store import Delivery, Received, Submission
    from jianbao.workspace import open_workspace

    for old in ("params", "data/store", "data/returns", "store.before"):
        shutil.rmtree(folder / old, ignore_errors=True)
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
    shutil.copytree(folder / "data" / "store", folder / "store.before")
    return workspace


def build(folder: Path, workbooks: int) -> None:
    """The same with the workbook that each of the offices filed, in data/inbox."""
    import openpyxl

    from jianbao.intake.layout import HEADER_ROW
    from jianbao.intake.template import make_templates

    shutil.rmtree(folder, ignore_errors=True)
    workspace = prepare(folder, workbooks)
    made = {path.name: path for path in make_templates(workspace, workspace.period(PERIOD))}
    inbox = workspace.path("inbox")
    inbox.mkdir(parents=True)
    for n, office in enumerate(f"J{n:03d}" for n in range(workbooks)):
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
    from jianbao.intake.inbox import receive
    from jianbao.workspace import open_workspace

    receipt = receive(open_workspace(folder), folder / "data" / "inbox", received_at=AT)
    wanted = len(TITLES) * ROWS
    if any(sum(s.rows for s in f.sheets) != wanted or f.outcome != "stored" for f in receipt.files):
        raise SystemExit(f"not everything was read and clean: {receipt.counts} {receipt.findings[:3]}")


def afresh(folder: Path) -> None:
    """The store as it was before the files came."""
    shutil.rmtree(folder / "data" / "store")
    shutil.copytree(folder / "store.before", folder / "data" / "store")


def theirs(folder: Path, how_often: str) -> None:
    import pandas as pd

    from jianbao.intake.layout import HEADER_ROW

    how: Any = {"header": HEADER_ROW - 1, "engine": "openpyxl"}
    for path in sorted((folder / "data" / "inbox").glob("*.xlsx")):
        frames = ({title: pd.read_excel(path, sheet_name=title, **how) for title in TITLES} if how_often == "each"
                  else pd.read_excel(path, sheet_name=list(TITLES) if how_often == "once" else None, **how))
        if any(len(frames[title]) < ROWS for title in TITLES):
            raise SystemExit(f"{path.name}: rows are missing")


def run(folder: Path, workbooks: int, times: int) -> None:
    print(f"intake: {workbooks} workbooks of {len(TITLES)} ledgers of {ROWS} rows", flush=True)
    me = Path(__file__)
    there = (folder / "data" / "inbox").exists()
    spent(python(me, "--dir", folder, "--workbooks", workbooks, "--step", "prepare" if there else "build"))
    commands = {name: python(me, "--dir", folder, "--step", step)
                for name, step in (("jianbao", "ours"), *((f"pandas, {how}", how) for how in ("once", "all", "each")))}
    found = rounds(commands, times, lambda line: print(line, flush=True), before=lambda: afresh(folder))
    print(table(found, "jianbao"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--workbooks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", choices=("prepare", "build", "ours", "once", "all", "each"), help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.step == "build":
        build(a.dir, a.workbooks)
    elif a.step == "prepare":
        prepare(a.dir, a.workbooks)
    elif a.step == "ours":
        ours(a.dir)
    elif a.step:
        theirs(a.dir, a.step)
    else:
        run(a.dir / f"workbooks-{a.workbooks}", a.workbooks, a.rounds)
