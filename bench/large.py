"""One workbook of 200,000 rows × 12 columns, received: checked and stored.

    python bench/large.py --dir DIR [--rows 200000] [--wrong]

Says the CPU seconds, and the peak memory of the process that receives and of the one that reads for it, each by itself. The
workbook has what careless people write: dates as text, numbers as text, names and free text. With --wrong one cell in every
row is wrong: it goes back, with as many marks as a person can use.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Thread

BENCH = Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH)]
sys.path.append(str(BENCH.parent / "lib"))
from measure import python  # noqa: E402

AT = datetime(2023, 10, 23, 10)
TITLE, COLUMNS = "走访服务明细台账", 12
LEDGER = """
code: L90
title: 走访服务明细台账
kind: event
filed_by: [市直机关]
date: day
key: [number]
columns:
  number: {title: 编号, required: true}
  day: {title: 日期, type: date, required: true}
  kind: {title: 类型, type: code, required: true, codes: [企业, 项目, 群众]}
  people: {title: 人数, type: int, min: 0, max: 5000}
  hours: {title: 时长, type: num, min: 0}
  share: {title: 满意率, type: percent, min: 0, max: 1}
  done: {title: 是否办结, type: bool}
  closed: {title: 办结日期, type: date}
  place: {title: 地点, max_length: 40}
  matter: {title: 事项, max_length: 200}
  answer: {title: 答复, max_length: 200}
  note: {title: 备注}
rules:
  - {id: closed-after, check: closed >= day, column: closed, message: 办结日期早于日期。, remedy: 核对两个日期。}
"""


def build(folder: Path, rows: int, wrong: bool) -> None:
    import intake
    from openpyxl import Workbook

    intake.build(folder, 2)
    (folder / "params" / "ledgers" / "large.yml").write_text(LEDGER, encoding="utf-8")
    inbox = folder / "data" / "inbox"
    for path in inbox.glob("*"):
        path.unlink()
    book = Workbook(write_only=True)
    sheet = book.create_sheet(TITLE)
    for row in ([TITLE], [], ["填报单位", "J000"], ["统计期", intake.PERIOD], ["零报送"],
                ["编号", "日期", "类型", "人数", "时长", "满意率", "是否办结", "办结日期", "地点", "事项", "答复", "备注"]):
        sheet.append(row)
    first = date(2023, 10, 16)
    for n in range(rows):
        day = first + timedelta(days=n % 5)
        sheet.append([
            f"BH-{n:06d}", day if n % 10 else f"2023年10月{day.day}日", ("企业", "项目", "群众")[n % 3], n % 50 if n % 7 else f"{n % 50}人",
            1.5 + n % 3, 0.85, "大概" if wrong else "是", day + timedelta(days=1), f"第{n % 900}号办事窗口",
            f"反映办理环节多、排队时间长的问题，第{n}件",
            f"已当场答复并约定回访，经办编号{n * 7 % 99991}", None if n % 4 else "现场办结"])
    book.save(inbox / "large.xlsx")
    (folder / "ready").touch()


def watch(seen: list[int]) -> None:
    """Peaks of the processes that this one starts, as the kernel keeps them: RUSAGE_CHILDREN counts what was ours before."""
    while True:
        for task in Path("/proc/self/task").iterdir():
            for child in (task / "children").read_text().split():
                with suppress(OSError, IndexError):
                    text = Path("/proc", child, "status").read_text()
                    if b"jianbao" in Path("/proc", child, "cmdline").read_bytes():
                        seen.append(int(text.partition("VmHWM:")[2].split()[0]))
        time.sleep(0.05)


def ours(folder: Path, rows: int, wrong: bool) -> None:
    from jianbao.intake.inbox import receive
    from jianbao.workspace import open_workspace

    seen: list[int] = []
    Thread(target=watch, args=(seen,), daemon=True).start()
    began = time.monotonic()
    receipt = receive(open_workspace(folder), folder / "data" / "inbox", received_at=AT)
    (file,) = receipt.files
    me, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = [len(file.findings), *(f"{f.cell} {f.message}" for f in file.findings[:2]), *(f.message for f in file.findings[-1:])]
    print(json.dumps({
        "outcome": file.outcome, "rows": sum(s.rows for s in file.sheets), "findings": told, "wall": time.monotonic() - began,
        "parent": [me.ru_utime + me.ru_stime, me.ru_maxrss], "child": [children.ru_utime + children.ru_stime, max(seen, default=0)],
    }, ensure_ascii=False))
    if file.outcome != ("returned" if wrong else "stored") or sum(s.rows for s in file.sheets) != rows:
        sys.exit(1)


def run(folder: Path, rows: int, wrong: bool) -> None:
    more = ["--wrong"] if wrong else []
    if not (folder / "ready").exists():
        subprocess.run(python(__file__, "--dir", folder, "--rows", rows, "--step", "build", *more), check=True)
    shutil.rmtree(folder / "data" / "store")
    shutil.copytree(folder / "store.before", folder / "data" / "store")
    size = (folder / "data" / "inbox" / "large.xlsx").stat().st_size
    done = subprocess.run(python(__file__, "--dir", folder, "--rows", rows, "--step", "ours", *more), capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(done.stderr)
    said = json.loads(done.stdout)
    (cpu, peak), (child_cpu, child_peak) = said["parent"], said["child"]
    print(f"large: {rows} rows × {COLUMNS}, {size / 2**20:.1f} MB: {said['outcome']}, {said['rows']} rows, {said['wall']:.0f} s")
    print(f"  receiving: {cpu:.1f} CPU s, peak {peak >> 10} MiB; reading: {child_cpu:.1f} CPU s, peak {child_peak >> 10} MiB; "
          f"both peaks together {(peak + child_peak) >> 10} MiB")
    print(f"  findings: {said['findings'][0]}", *said["findings"][1:], sep="\n    ")
    sys.exit(done.returncode)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--wrong", action="store_true", help="a wrong cell in every row")
    parser.add_argument("--step", choices=("build", "ours"), help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.step == "build":
        build(a.dir, a.rows, a.wrong)
    elif a.step:
        ours(a.dir, a.rows, a.wrong)
    else:
        run(a.dir / f"large-{a.rows}{'-wrong' if a.wrong else ''}", a.rows, a.wrong)
