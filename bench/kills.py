"""A receive of 200 files killed at random moments, then run to its end: nothing lost, nothing twice, no repair by hand.

    python bench/kills.py [--kills 500] [--files 200] [--dir DIR] [--seed 1]
    python bench/kills.py --world DIR --kills 15       a workspace of your own with files in data/inbox, nothing received

The files are the project's own templates, filled in: some with errors, some sent twice, some in a zip, a scan, and a file that
is no workbook. Each time the workspace is copied as it was, a receive is started in a process of its own and killed with
SIGKILL, alone or with the processes it started, at a moment that is uniform over its duration, or soon after something that
can be seen from outside (files being written, the first copy sent back). Then it is received once more, and everything on
file is compared with what an undisturbed receive leaves.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))

AT = datetime(2023, 10, 23, 10)
MOMENTS = ("uniform", "uniform", "uniform", "writing", "rows", "returns")


def distinct() -> None:
    """Texts that no other unit has, so that nothing goes back but what is planted."""
    import intake

    rows = intake.rows

    def own(sheet: str, unit: int) -> list[dict[str, Any]]:
        return [{k: f"{v}，其{unit}之{n}" if k in ("主题", "问题摘要") else v for k, v in row.items()}
                for n, row in enumerate(rows(sheet, unit))]

    intake.rows = own


def build(folder: Path, files: int) -> None:
    import intake
    import openpyxl

    from jianbao.intake.layout import HEADER_ROW

    distinct()
    intake.ROWS = 4
    zipped = files // 10
    intake.build(folder, files - files // 20 - 2 + zipped - 1)
    inbox = folder / "data" / "inbox"
    books = sorted(inbox.iterdir())
    for n, path in enumerate(books):
        if n % 10 == 3:         # an error in one sheet
            book = openpyxl.load_workbook(path)
            sheet = book[intake.TITLES[0]]
            column = next(c.column for c in sheet[HEADER_ROW] if c.value == "天数")
            sheet.cell(HEADER_ROW + 1, column, 99)
            book.save(path)
    with zipfile.ZipFile(inbox / "县里发来.zip", "w") as archive:
        for path in books[-zipped:]:
            archive.write(path, path.name)
            path.unlink()
    for path in books[:files // 20]:
        shutil.copy(path, path.with_name(f"{path.stem}（1）{path.suffix}"))
    (inbox / "J001盖章扫描件.pdf").write_bytes(b"%PDF-1.7\n" + b"scan" * 500)
    (inbox / "坏文件.xlsx").write_bytes(b"PK\x03\x04 this is no workbook")


def receive(folder: Path) -> None:
    from jianbao.intake.inbox import receive as run
    from jianbao.workspace import open_workspace

    run(open_workspace(folder), received_at=AT)


def forked(do: Callable[[], Any]) -> int:
    """A process of its own, in a group of its own, with everything imported. Its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setpgid(0, 0)
        do()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def done(do: Callable[[], Any]) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(forked(do), 0)[1])


# What is on file

def on_file(folder: Path) -> dict[str, Any]:
    """Everything a receive leaves, without numbers that depend on the order in which things were done."""
    from jianbao.workspace import open_workspace

    workspace, found = open_workspace(folder), dict[str, Any]()
    sql = sqlite3.connect(folder / "data" / "store" / "catalogue.sqlite")
    sub = "(select d2.sha256 from deliveries d2 where d2.id = s.delivery), s.ledger, s.period, s.filer, s.sheet"
    for name, query in {
        "deliveries": "select sha256, name, size, filer, outcome, kind, container, received_at, guesses, returned_copy from deliveries",
        "submissions": f"select {sub}, s.accepted, s.nil, s.late, s.rows from submissions s",
        "coverage": f"select {sub}, c.unit, c.rows, c.accepted, c.superseded_at from coverage c join submissions s on s.id = c.submission",
        "findings": "select d.sha256, f.severity, f.rule, f.message, f.sheet, f.cell, f.unit from findings f "
                    "join deliveries d on d.id = f.delivery",
    }.items():
        found[name] = Counter(sql.execute(query).fetchall())
    snapshot = workspace.snapshot()
    for ledger in workspace.definitions.ledgers:
        columns = ", ".join(f'"{c}"' for c in snapshot.columns(ledger) if c not in ("submission", "received"))
        rows = snapshot.connection.sql(f"select {columns} from {snapshot.source(ledger)}").to_arrow_table().to_pylist()
        found[f"rows of {ledger}"] = Counter(repr(r) for r in rows)
    returns = folder / "data" / "returns"
    found["returns"] = Counter(p.relative_to(returns).as_posix() for p in returns.rglob("*") if p.is_file())
    return found


def faults(folder: Path, wanted: dict[str, Any]) -> list[str]:
    """What is not as it should be after the last receive."""
    found, said = on_file(folder), []
    for name, counted in wanted.items():
        if found[name] != counted:
            more, less = found[name] - counted, counted - found[name]
            said.append(f"{name}: {sum(less.values())} lost, {sum(more.values())} too many, such as {[*less, *more][0]}")
    store = folder / "data" / "store"
    sql = sqlite3.connect(store / "catalogue.sqlite")
    if (answer := sql.execute("pragma integrity_check").fetchall()) != [("ok",)]:
        said.append(f"the catalogue: {answer}")
    shas = dict(sql.execute("select sha256, size from deliveries"))
    for path in (folder / "data" / "inbox").rglob("*"):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() not in shas:
            said.append(f"in the inbox and not on file: {path.name}")
    kept = [p for p in store.glob("files/*/*") if p.is_file()]
    if Counter(hashlib.sha256(p.read_bytes()).hexdigest() for p in kept) != Counter(shas.keys()):
        said.append(f"{len(kept)} files are kept, {len(shas)} delivered, or their content differs")
    named = {p for p, in sql.execute("select path from files union select path from retired")}
    if (there := {p.relative_to(store).as_posix() for p in store.glob("rows/*/*")}) != named:
        said.append(f"rows on disk and in the catalogue differ: {sorted(there ^ named)[:3]}")
    if left := [p.name for p in (folder / "data").rglob("*") if p.name.endswith(".part") or p.name == ".writing"]:
        said.append(f"left lying about: {left[:3]}")
    for path in (folder / "data" / "returns").rglob("*.xlsx"):
        try:
            with zipfile.ZipFile(path) as z:
                z.testzip()
        except zipfile.BadZipFile:
            said.append(f"half a copy: {path.name}")
    unanswered = sql.execute("select count(*) from deliveries where returned_copy is null").fetchone()[0]
    copies = [c for c, in sql.execute("select returned_copy from deliveries where returned_copy <> ''")]
    missing = [c for c in copies if not (folder / "data" / "returns" / c).exists()]
    if unanswered or missing:
        said.append(f"{unanswered} deliveries have no answer, {len(missing)} copies are not there")
    return said


def half(folder: Path, wanted: dict[str, Any]) -> str:
    """Where the kill struck, and whether it shows: `mixed` is what must never be."""
    path = folder / "data" / "store" / "catalogue.sqlite"
    if not path.exists():
        return "nothing yet"
    sql = sqlite3.connect(path)
    count = sql.execute("select count(*) from deliveries where filer <> 'Z01'").fetchone()[0]
    whole = sum(n for d, n in wanted["deliveries"].items() if d[3] != "Z01")
    waiting = sql.execute("select count(*) from deliveries where returned_copy is null").fetchone()[0]
    if count not in (0, whole):
        return f"mixed: {count} of {whole} files"
    if count:
        return "stored, answers missing" if waiting else "stored and answered"
    return "files written, nothing stored" if (folder / "data" / "store" / ".writing").exists() else "nothing stored"


# Killing

def reached(folder: Path, moment: str) -> bool:
    store = folder / "data" / "store"
    if moment == "writing":
        return (store / ".writing").exists()
    if moment == "rows":
        return any((store / "rows").glob("study/*"))
    return any((folder / "data" / "returns").rglob("*.xlsx"))


def killed(folder: Path, moment: str, lasts: float, chance: random.Random) -> bool:
    """Starts a receive and kills it; whether it was still running."""
    group = chance.random() < 0.4
    wait = chance.uniform(0, lasts * 1.05) if moment == "uniform" else chance.expovariate(1 / 0.03)
    child = forked(lambda: receive(folder))
    began = time.monotonic()
    if moment != "uniform":
        while not reached(folder, moment) and os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() - began < 60:
            time.sleep(0.001)
    time.sleep(wait)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL) if group else os.kill(child, signal.SIGKILL)
    try:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    except ChildProcessError:       # it had ended before the moment came
        return False


def run(pristine: Path, work: Path, kills: int, seed: int) -> int:
    """Kills `kills` times; how many went wrong."""
    import pickle

    import duckdb  # noqa: F401
    import openpyxl  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import sqlalchemy.dialects.sqlite  # noqa: F401

    import jianbao.intake.inbox
    import jianbao.intake.outstanding
    import jianbao.intake.returned
    import jianbao.publish.export  # noqa: F401

    chance = random.Random(seed)
    whole = work / "undisturbed"
    shutil.copytree(pristine, whole)
    began = time.monotonic()
    if done(lambda: receive(whole)):
        raise SystemExit("the undisturbed receive failed")
    lasts = time.monotonic() - began
    state = work / "wanted"
    done(lambda: state.write_bytes(pickle.dumps(on_file(whole))))
    wanted = pickle.loads(state.read_bytes())
    print(f"{sum(wanted['deliveries'].values())} deliveries, {sum(wanted['findings'].values())} findings, "
          f"{sum(n for name, c in wanted.items() if name.startswith('rows of') for n in c.values())} rows, "
          f"{sum(wanted['returns'].values())} files back; undisturbed {lasts:.1f} s", flush=True)
    if done(lambda: complain(whole, wanted)):
        raise SystemExit("the undisturbed receive is not whole")
    wrong, struck, took = 0, Counter[str](), [lasts]
    for n in range(kills):
        folder, moment = work / f"kill{n}", MOMENTS[n % len(MOMENTS)]
        shutil.copytree(pristine, folder)
        again = 1 + (chance.random() < 0.2)         # sometimes the next one is killed as well
        lasts = median(took[-5:])       # the machine may be busier than it was
        hit = [killed(folder, moment if k == 0 else "uniform", lasts, chance) for k in range(again)]
        where = half(folder, wanted)
        struck[where if any(hit) else "ended before"] += 1
        began = time.monotonic()
        bad = where.startswith("mixed") or done(lambda folder=folder: receive(folder))      # type: ignore[misc]
        if not where.startswith("stored"):
            took.append(time.monotonic() - began)
        bad = bad or done(lambda folder=folder: complain(folder, wanted))     # type: ignore[misc]
        wrong += bool(bad)
        if bad:
            print(f"kill {n} ({moment}, {where}) went wrong; see {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)   # a process that was killed may still be letting go of its files
        if n % 50 == 49:
            print(f"  {n + 1} kills, {wrong} wrong", flush=True)
    print(f"{kills} kills, {wrong} wrong. They struck: " + "; ".join(f"{where} {k}" for where, k in struck.most_common()))
    spent = sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    print(f"{spent:.0f} CPU s")
    return wrong


def complain(folder: Path, wanted: dict[str, Any]) -> None:
    if said := faults(folder, wanted):
        raise SystemExit("\n".join(said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, help="keep the files here; a temporary folder otherwise")
    parser.add_argument("--world", type=Path)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.dir) as temporary:
        pristine = a.world or (a.dir or Path(temporary)) / f"kills-{a.files}"
        if not pristine.exists():
            os.waitpid(forked(lambda: build(pristine, a.files)), 0)
        keep = Path(tempfile.mkdtemp(dir=a.dir, prefix="work-")) if a.dir else Path(temporary) / "work"
        keep.mkdir(exist_ok=True)
        wrong = run(pristine, keep, a.kills, a.seed)
        if not wrong:
            shutil.rmtree(keep)
    sys.exit(bool(wrong))
