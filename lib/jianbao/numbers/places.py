"""Where the rows of a unit count in the tree of a day. Imports the register."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jianbao.definitions.register import Register, Tree


class Places:
    """The places of a register's units: at themselves; at the unit they were merged into; or at the nearest unit above that
    still stands."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.codes = frozenset(register.codes)
        self._last_parents = {u.code: u.parent for u in sorted(register.units, key=lambda u: u.valid_from)}

    def heir(self, code: str, tree: Tree) -> str | None:
        """The unit that stands for one in the tree: itself, or the one it was merged into; None when neither stands."""
        return code if code in tree.position else self.register.successor(code, tree.day) if code in self.codes else None

    def place(self, code: str | None, tree: Tree) -> int:
        """The position in the tree; -1 for nowhere."""
        seen = set()
        at = code
        while at and at not in tree.position and at not in seen:
            seen.add(at)
            at = self.register.successor(at, tree.day) or self._last_parents.get(at)
        return tree.position[at] if at and at in tree.position else -1

    def places(self, codes: Sequence[str | None], tree: Tree) -> tuple[Any, Any]:
        """The positions of several (int64), and whether each unit stands there itself, or is continued there (bool)."""
        position = tree.position
        places = np.array([-1 if code is None else position.get(code, -1) for code in codes], np.int64)
        stands = places >= 0
        for k in np.flatnonzero(~stands).tolist():
            code = codes[k]
            places[k] = self.place(code, tree)
            stands[k] = code is not None and self.heir(code, tree) is not None
        return places, stands

    def within(self, code: str, tree: Tree) -> list[str]:
        """The units whose rows count in a unit's subtree, those that are gone included, by code."""
        at = tree.position[code]
        return sorted(c for c in self.codes if at <= self.place(c, tree) < tree.ends[at])


def moved(array: Any, then: Tree, now: Tree, fill: float) -> Any:
    """An array over the units of `then` as one over those of `now`; `fill` for units that were not there."""
    if then is now:
        return array
    result = np.full(len(now.order), fill, array.dtype)
    for code, at in now.position.items():
        if code in then.position:
            result[at] = array[then.position[code]]
    return result
