"""Thousands of broken workbooks, received: what became of each, how long it took, how much memory.

    python bench/fuzz.py --dir DIR [--mutants 10000] [--seed 0] [--batch 250] [--without-office]

Mutants (tests/mutants.py) of the project's own templates filled in, of the test suite's files, and of what LibreOffice makes
of a template (.xls, .ods, .csv). Each batch is received, or checked, by a process of its own, beside one good file that must be
stored. What is wrong is printed with its number: --only N makes that mutant again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

BENCH = Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tests")]
sys.path.append(str(BENCH.parent / "lib"))
from measure import python  # noqa: E402

from mutants import mutant  # noqa: E402

AT = datetime(2023, 10, 23, 10)
LIMIT = 900     # seconds for a batch
OUTCOMES = {"stored", "partly", "returned", "unreadable", "duplicate", "attached", "unpacked"}


def build(folder: Path, office: bool) -> None:
    """A workspace, one good file, and the files that are to be broken."""
    import intake

    intake.build(folder, 60)      # every place that its rows speak of
    inbox = folder / "data" / "inbox"
    good, *others = sorted(inbox.glob("*.xlsx"))
    seeds = folder / "seeds"
    seeds.mkdir()
    good.rename(folder / "good.xlsx")
    for path in others[:2]:
        path.rename(seeds / path.name)
    if office and shutil.which("soffice"):
        for kind in ("xls", "ods", "csv:Text - txt - csv (StarCalc):44,34,76,1"):       # 76: UTF-8
            subprocess.run(["soffice", "--headless", "--convert-to", kind, "--outdir", str(seeds), str(others[2])],
                           check=True, capture_output=True, timeout=120)
        written = seeds / "office.xlsm"     # the same content as LibreOffice writes it, with the suffix of macros
        subprocess.run(["soffice", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder), str(others[2])],
                       check=True, capture_output=True, timeout=120)
        (folder / others[2].name).rename(written)
    for path in sorted((BENCH.parent / "tests" / "files").glob("**/*")):
        if path.is_file() and path.stat().st_size < 200_000 and path.suffix.lower() in (".xls", ".xlsx", ".xlsm", ".ods", ".csv", ".et"):
            shutil.copy(path, seeds / f"fixture-{path.name}")
    for path in inbox.glob("*"):
        path.unlink()
    (folder / "ready").touch()


def made(folder: Path, n: int, seed: int) -> tuple[bytes, str, str]:
    """The content of mutant `n`, its suffix, and what was done to what."""
    random = Random(f"{seed}-{n}")
    source = random.choice(sorted((folder / "seeds").iterdir()))
    content, how = mutant(source.read_bytes(), random)
    return content, source.suffix, f"{source.name} {how}"


def batch(folder: Path, first: int, count: int, seed: int, verb: str) -> dict[str, Any]:
    """Receives or checks mutants `first`… in this process; what became of them, and everything that is wrong."""
    from jianbao.intake.inbox import check, receive
    from jianbao.workspace import open_workspace

    inbox = folder / "data" / "inbox"
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.mkdir()
    shutil.copy(folder / "good.xlsx", inbox / "good.xlsx")
    contents = {}
    for n in range(first, first + count):
        content, suffix, how = made(folder, n, seed)
        contents[f"{n:06d}{suffix}"] = content, how
        (inbox / f"{n:06d}{suffix}").write_bytes(content)
    workspace = open_workspace(folder)
    began = time.monotonic()
    receipt = receive(workspace, inbox, received_at=AT) if verb == "receive" else check(workspace, [inbox], received_at=AT)
    wrong = []
    reports = {f.file: f for f in receipt.files}
    for name, (content, how) in contents.items():
        report = reports.get(name)
        if report is None:
            wrong.append(f"{name}: not in the receipt ({how})")
        elif report.outcome not in OUTCOMES:
            wrong.append(f"{name}: outcome {report.outcome} ({how})")
        elif (report.outcome in ("unreadable", "partly") and not any(f.severity == "error" for f in report.findings)) or (
                report.outcome == "returned" and not report.findings):      # an empty sheet comes back with a warning
            wrong.append(f"{name}: {report.outcome} and not said why ({how})")
        else:
            wrong += [f"{name}: a finding that does not say what, or what to do: {f} ({how})" for f in report.findings
                      if not (f.rule and f.message and f.remedy)]
        if verb == "receive" and not workspace.store.seen([hashlib.sha256(content).hexdigest()]):
            wrong.append(f"{name}: not kept ({how})")
    if reports["good.xlsx"].outcome != "stored":
        wrong.append(f"good.xlsx: {reports['good.xlsx']}")
    me, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    rules = Counter(f.rule for name in contents for f in reports[name].findings if reports[name].outcome == "unreadable")
    return {"outcomes": Counter(reports[n].outcome for n in contents if n in reports), "rules": rules, "wrong": wrong,
            "wall": time.monotonic() - began, "cpu": me.ru_utime + me.ru_stime + children.ru_utime + children.ru_stime,
            "parent": me.ru_maxrss, "child": children.ru_maxrss}


def run(folder: Path, mutants: int, size: int, seed: int, office: bool) -> int:
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(python(__file__, "--dir", folder, "--step", "build", *([] if office else ["--without-office"])), check=True)
    outcomes: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    wrong: list[str] = []
    walls, cpu, parent, child = [], 0.0, 0, 0
    for n, first in enumerate(range(0, mutants, size)):
        shutil.rmtree(folder / "data" / "store", ignore_errors=True)
        shutil.copytree(folder / "store.before", folder / "data" / "store")
        count, verb = min(size, mutants - first), ("receive", "check")[n % 3 == 2]
        command = python(__file__, "--dir", folder, "--step", verb, "--first", first, "--mutants", count, "--seed", seed)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            wrong.append(f"mutants {first}…{first + count - 1}: no end within {LIMIT} s")
            continue
        if done.returncode:
            wrong.append(f"mutants {first}…{first + count - 1} ({verb}): {done.stderr[-3000:]}")
            continue
        said = json.loads(done.stdout.splitlines()[-1])
        outcomes.update(said["outcomes"])
        rules.update(said["rules"])
        wrong += said["wrong"]
        walls.append(said["wall"])
        cpu, parent, child = cpu + said["cpu"], max(parent, said["parent"]), max(child, said["child"])
        print(f"  {first + count:6} {verb:8}{said['wall']:7.1f} s  {dict(said['outcomes'])}", flush=True)
    print(f"fuzz: {sum(outcomes.values())} mutants, seed {seed}: {dict(outcomes.most_common())}")
    print(f"  unreadable by rule: {dict(rules.most_common())}")
    print(f"  {cpu:.0f} CPU s; the slowest batch of {size} took {max(walls, default=0):.0f} s; "
          f"peak memory {parent >> 10} MiB of the one who receives, {child >> 10} MiB of one that reads for it")
    print(f"  wrong: {len(wrong)}", *wrong, sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--mutants", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without-office", action="store_true", help="only what can be made without LibreOffice")
    parser.add_argument("--only", type=int, help="receive this one mutant, and say what became of it")
    parser.add_argument("--step", choices=("build", "receive", "check"), help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.only is not None:
        content, suffix, how = made(a.dir, a.only, a.seed)
        (a.dir / f"mutant-{a.only}{suffix}").write_bytes(content)
        print(how, batch(a.dir, a.only, 1, a.seed, "check"), sep="\n")
    elif a.step == "build":
        build(a.dir, not a.without_office)
    elif a.step:
        print(json.dumps(batch(a.dir, a.first, a.mutants, a.seed, a.step)))
    else:
        sys.exit(run(a.dir, a.mutants, a.batch, a.seed, not a.without_office))
