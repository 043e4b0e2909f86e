"""What starting costs beside an empty Python: python bench/startup.py [--rounds 7]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measure import BENCH, python, rounds

LIB = f"import sys; sys.path.append({str(BENCH.parent / 'lib')!r}); "
COMMANDS = {"nothing": python("-c", "pass"), "import jianbao": python("-c", LIB + "import jianbao"),
            "jianbao --help": python("-c", LIB + "sys.argv = ['jianbao', '--help']; from jianbao.cli import main; main()")}


def run(times: int) -> None:
    print("start-up")
    found = rounds(COMMANDS, times)
    base = found["nothing"]
    for name, runs in found.items():
        cpu, wall = (median(getattr(s, what) for s in runs) for what in ("cpu", "wall"))
        more_cpu, more_wall = cpu - median(s.cpu for s in base), wall - median(s.wall for s in base)
        print(f"  {name:16} CPU {cpu:.3f} s (+{more_cpu:.3f})   wall {wall:.3f} s (+{more_wall:.3f})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    run(parser.parse_args().rounds)
