"""Every indicator, every unit, one week and the one before: jianbao beside naive and well-written pandas.

    python bench/readings.py --dir DIR [--rows 1000000] [--rounds 3] [--without-naive]

Each runs in a process of its own, start-up and imports included. The values of all three are compared first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measure import BENCH, python, rounds, spent, table

PERIOD = "2023-W42"
PROGRAMS = {"jianbao": "ours.py", "good pandas": "good_pandas.py", "naive pandas": "naive.py"}


def run(folder: Path, rows: int, times: int, *, naive: bool = True, seed: int = 1) -> None:
    print(f"readings: about {rows:,} ledger rows", flush=True)
    spent(python(BENCH / "world.py", folder, "--rows", rows, "--seed", seed))
    programs = {name: file for name, file in PROGRAMS.items() if naive or name != "naive pandas"}
    for name, file in programs.items():
        spent(python(BENCH / file, folder, PERIOD, "--out", folder / f"{file}.npz"))
        if name != "jianbao":
            shown = subprocess.run(python(BENCH / "compare.py", folder / "ours.py.npz", folder / f"{file}.npz"),
                                   capture_output=True, text=True, check=True)
            print(f"  jianbao and {name}: {shown.stdout.rstrip()}", flush=True)
    commands = {name: python(BENCH / file, folder, PERIOD) for name, file in programs.items()}
    found = rounds(commands, times, lambda line: print(line, flush=True))
    print(table(found, "jianbao"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-naive", action="store_true")
    a = parser.parse_args()
    run(a.dir / f"rows-{a.rows}", a.rows, a.rounds, naive=not a.without_naive)
