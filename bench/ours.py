"""Every indicator of every unit for a week and the one before, as jianbao computes them.

    python bench/ours.py FOLDER PERIOD [--out FILE.npz]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "lib"))      # PYTHONPATH first: another copy can be measured


def compute(folder: Path, period: str, wanted: set[str] | None = None) -> dict[str, Any]:
    """ "indicator|form|period" → one value per unit, and "order|period" → their codes."""
    from jianbao.numbers.cube import Cube
    from jianbao.workspace import open_workspace

    workspace = open_workspace(folder)
    now = workspace.period(period)
    periods = [now.previous(), now]
    catalogue = workspace.definitions.catalogue
    names = [i.id for i in catalogue if wanted is None or i.id in wanted]
    cube = Cube(workspace, periods, indicators=names)
    result = {f"{name}|{form}|{p.id}": cube.values(name, form, p).value
              for name in names for form in catalogue[name].forms for p in periods}
    return result | {f"order|{p.id}": [u.code for u in cube.tree(p).order] for p in periods}


if __name__ == "__main__":
    from common import main

    main(compute)
