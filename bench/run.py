"""All measurements, small by default; nothing is written into the project.

    python bench/run.py
    python bench/run.py --rows 1000000 --workbooks 400 --rounds 3 --dir /somewhere/with/room
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import intake
import readings
import startup

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workbooks", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--without-naive", action="store_true", help="leave the slowest out, for many rows")
    parser.add_argument("--dir", type=Path, help="keep the data here; a temporary folder otherwise")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = a.dir or Path(temporary)
        startup.run(max(a.rounds, 5))
        intake.run(folder / f"workbooks-{a.workbooks}", a.workbooks, a.rounds)
        readings.run(folder / f"rows-{a.rows}", a.rows, a.rounds, naive=not a.without_naive)
