"""Sums, exact distinct counts and medians over a tree, for every unit at once. Imports the register's Tree only.

Units stand in depth-first order, so a subtree is a slice of an array per unit.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jianbao.definitions.register import Tree


class Rollup:
    """The tree of one day as arrays."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.n = len(tree.order)

    @cached_property
    def ends(self) -> Any:
        return np.array(self.tree.ends, np.int64)

    @cached_property
    def has_children(self) -> Any:
        return self.ends > np.arange(1, self.n + 1)

    def sums(self, values: Any) -> Any:
        """Subtree sums of an array per unit."""
        if values.dtype.kind != "f":
            total = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
            return total[self.ends] - total[:len(values)]
        # Level by level, deepest first: a difference of running totals would leave dust of the units before.
        total = values.copy()
        for at, parents in self._levels:
            total += np.bincount(parents, weights=total[at], minlength=len(total))
        return total

    def distinct(self, places: Any, values: Any, *, own: bool = False) -> Any:
        """How many different values stand in each subtree (or at each unit itself). Exact at every level."""
        values, at = np.divmod(np.unique(values.astype(np.int64) * self.n + places), self.n)
        counts = np.bincount(at, minlength=self.n).astype(float)
        if own:
            return counts
        # +1 at each unit that has the value, -1 where two of them meet: subtree sums are then distinct counts.
        same = values[1:] == values[:-1]
        meet = self._meeting(at[:-1][same], at[1:][same])
        counts -= np.bincount(meet[meet >= 0], minlength=self.n)
        return self.sums(counts)

    def medians(self, places: Any, values: Any, *, own: bool = False) -> Any:
        """The median of the values in each subtree; nan where there are none. Never rolled up, always of the values."""
        ends = np.arange(1, self.n + 1) if own else self.ends
        order = np.argsort(places, kind="stable")
        places, values = places[order], values[order].astype(float)
        first, last = np.searchsorted(places, np.arange(self.n)), np.searchsorted(places, ends)
        result = np.full(self.n, np.nan)
        for k in np.flatnonzero(last > first):
            result[k] = _median(values[first[k]:last[k]])
        return result

    def _meeting(self, a: Any, b: Any) -> Any:
        """The lowest common ancestor of each pair of positions; -1 for units of different trees."""
        if not len(a):
            return np.zeros(0, np.int64)
        depth = (self._paths[a] == self._paths[b]).cumprod(axis=1).sum(axis=1)
        return np.where(depth > 0, self._paths[a, np.maximum(depth - 1, 0)], -1)

    @cached_property
    def _depth(self) -> Any:
        depth = np.zeros(self.n, np.int64)
        for i, parent in enumerate(self.tree.parents):
            depth[i] = depth[parent] + 1 if parent >= 0 else 0
        return depth

    @cached_property
    def _paths(self) -> Any:
        """Row i: the ancestors of unit i from the root down to itself, then distinct fillers."""
        depth = self._depth
        paths = -1 - np.arange(self.n)[:, None].repeat(int(depth.max(initial=0)) + 1, axis=1)
        for i, parent in enumerate(self.tree.parents):
            if parent >= 0:
                paths[i, :depth[i]] = paths[parent, :depth[i]]
            paths[i, depth[i]] = i
        return paths

    @cached_property
    def _levels(self) -> list[tuple[Any, Any]]:
        """The positions of each level below the top, deepest first, and their parents'."""
        depth, parents = self._depth, np.array(self.tree.parents, np.int64)
        levels = [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)), 0, -1)]
        return [(at, parents[at]) for at in levels]


def _median(values: Any) -> float:
    """As numpy's, without its overhead on a few values."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
