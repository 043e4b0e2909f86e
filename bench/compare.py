"""How many values of two programs differ: python bench/compare.py A.npz B.npz"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def mismatches(a: Any, b: Any) -> dict[str, int]:
    """indicator|form|period → units whose values differ by more than 1e-9 of themselves; nothing known must be in both."""
    found = {}
    at = {}
    for key in a:
        if key.startswith("order|"):
            position = {code: i for i, code in enumerate(b[key].tolist())}
            at[key.split("|")[1]] = np.array([position[code] for code in a[key].tolist()])
    for key in a:
        if key.startswith("order|"):
            continue
        if key not in b:
            found[key] = -1
            continue
        x, y = a[key], b[key][at[key.split("|")[2]]]
        found[key] = int((~np.isclose(x, y, rtol=1e-9, atol=1e-12, equal_nan=True)).sum())
    return found


if __name__ == "__main__":
    result = mismatches(*(np.load(name) for name in sys.argv[1:3]))
    wrong = {k: n for k, n in result.items() if n}
    print(f"{len(result)} arrays compared, {sum(abs(n) for n in wrong.values())} values differ")
    for key, n in sorted(wrong.items()):
        print(f"  {key}: {n if n > 0 else 'missing'}")
