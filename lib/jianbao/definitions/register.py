"""The register: units in a tree, each valid for a time. Plain data; imports errors only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from jianbao.errors import DefinitionError, UnknownName, unknown


@dataclass(frozen=True)
class Unit:
    """One unit for one span of validity. `attributes` are the register's further columns, named by the campaign."""

    code: str
    name: str
    short_name: str = ""
    parent: str | None = None
    level: str = ""
    org_type: str = ""
    valid_from: date = date.min
    valid_to: date | None = None        # the last day, inclusive
    aliases: tuple[str, ...] = ()
    filer: str = ""                     # who files for it; empty: itself
    files: bool = True                  # False: a node of the tree that never files (免报, 汇总节点)
    merged_into: str = ""               # who goes on with its work from the day after `valid_to`
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def label(self) -> str:
        return self.short_name or self.name

    @property
    def filed_by(self) -> str:
        return self.filer or self.code

    def valid_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Tree:
    """The units of one day in depth-first order, so that a subtree is a slice: `order[i:ends[i]]`."""

    order: tuple[Unit, ...]
    ends: tuple[int, ...]
    parents: tuple[int, ...]            # position of the parent, -1 at a root
    day: date = date.min

    @cached_property
    def position(self) -> dict[str, int]:
        return {unit.code: i for i, unit in enumerate(self.order)}

    def __contains__(self, code: str) -> bool:
        return code in self.position

    def __getitem__(self, code: str) -> Unit:
        return self.order[self._at(code)]

    def subtree(self, code: str) -> tuple[Unit, ...]:
        i = self._at(code)
        return self.order[i:self.ends[i]]

    def children(self, code: str) -> tuple[Unit, ...]:
        i = self._at(code)
        return tuple(u for j, u in enumerate(self.order[i:self.ends[i]], i) if self.parents[j] == i)

    def leaves(self, code: str) -> tuple[Unit, ...]:
        i = self._at(code)
        return tuple(self.order[j] for j in range(i, self.ends[i]) if self.ends[j] == j + 1)

    def path(self, code: str) -> tuple[Unit, ...]:
        """From the root down to the unit itself."""
        path, i = [], self._at(code)
        while i >= 0:
            path.append(self.order[i])
            i = self.parents[i]
        return tuple(path[::-1])

    def is_within(self, code: str, ancestor: str) -> bool:
        if code not in self or ancestor not in self:
            return False
        top = self.position[ancestor]
        return top <= self.position[code] < self.ends[top]

    def _at(self, code: str) -> int:
        try:
            return self.position[code]
        except KeyError:
            raise unknown("unit", code, self.position) from None


class Register:
    """All units over all time. Frozen; `on(day)` is the tree of that day."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = tuple(units)
        self._trees: dict[date, Tree] = {}
        self._predecessors: dict[date, dict[str, tuple[str, ...]]] = {}
        _check(self.units)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Register) and self.units == other.units

    def on(self, day: date) -> Tree:
        """The tree on `day`. A unit whose parent is not valid that day hangs on nothing and is left out."""
        if day not in self._trees:
            self._trees[day] = _tree([u for u in self.units if u.valid_on(day)], day)
        return self._trees[day]

    def successor(self, code: str, on: date) -> str | None:
        """Who goes on with the work of a unit that has ended by `on`: the unit it was merged into, or what became of that. None
        for one that stands, has not begun, or ended without a successor that stands."""
        seen = {code}
        while code not in self.on(on):
            last = self._merged.get(code)
            if last is None or last.valid_to is None or last.valid_to >= on or last.merged_into in seen:
                return None
            code = last.merged_into
            seen.add(code)
        return code if len(seen) > 1 else None

    def predecessors(self, on: date) -> dict[str, tuple[str, ...]]:
        """Unit that stands on a day → those merged into it by then, by code."""
        if on not in self._predecessors:
            found: dict[str, list[str]] = {}
            for code in sorted(self._merged):
                if (into := self.successor(code, on)) is not None:
                    found.setdefault(into, []).append(code)
            self._predecessors[on] = {into: tuple(codes) for into, codes in found.items()}
        return self._predecessors[on]

    def merged(self, code: str, on: date) -> tuple[date, str] | None:
        """(first day of the merger, unit) for a unit that had been merged into another by `on`; the last in a chain."""
        into = self.successor(code, on)
        last = self._merged.get(code)
        if into is None or last is None or last.valid_to is None:
            return None
        return last.valid_to + timedelta(days=1), into

    @cached_property
    def _merged(self) -> dict[str, Unit]:
        """code → its last span, of units that were merged."""
        last: dict[str, Unit] = {}
        for u in sorted(self.units, key=lambda u: u.valid_from):
            last[u.code] = u
        return {code: u for code, u in last.items() if u.merged_into}

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(u.code for u in self.units)

    @cached_property
    def _names(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = {}
        for u in self.units:
            for name in {u.code, u.name, u.short_name, *u.aliases} - {""}:
                names.setdefault(name, set()).add(u.code)
        return names

    def find(self, text: str, on: date | None = None) -> str:
        """The code of the unit called `text`: by code, name, short name or former name.

        Raises UnknownName when nobody is called so, or several are (two towns may share a short name).
        """
        name = str(text).strip()
        found = self._names.get(name, set())
        if on is not None and len(found) > 1:
            found = {c for c in found if c in self.on(on)} or found
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise UnknownName(f"several units are called {name!r}: {', '.join(sorted(found))}. Write the code.")
        raise unknown("unit", name, self._names)


def _check(units: tuple[Unit, ...]) -> None:
    problems = []
    spans: dict[str, list[Unit]] = {}
    for u in units:
        spans.setdefault(u.code, []).append(u)
        if u.valid_to is not None and u.valid_to < u.valid_from:
            problems.append(f"unit {u.code}: valid to {u.valid_to}, before it begins on {u.valid_from}")
    for code, same in spans.items():
        same.sort(key=lambda u: u.valid_from)
        for a, b in pairwise(same):
            if a.valid_to is None or a.valid_to >= b.valid_from:
                problems.append(f"unit {code} is listed twice for {b.valid_from}. End the first span before it.")
        for u in same:
            if u.parent and u.parent not in spans:
                problems.append(str(unknown(f"parent of unit {code}:", u.parent, spans)))
            if u.filer and u.filer not in spans:
                problems.append(str(unknown(f"filer of unit {code}:", u.filer, spans)))
            if u.merged_into and u.merged_into not in spans:
                problems.append(str(unknown(f"unit that {code} was merged into:", u.merged_into, spans)))
            elif u.merged_into and u.valid_to is None:
                problems.append(f"unit {code} is merged into {u.merged_into}, and has no last day. Give it one.")
            elif u.merged_into == code:
                problems.append(f"unit {code} is merged into itself.")
    # A cycle stands on some day on which a unit begins; when nobody moved, one look at all will do.
    days = {u.valid_from for u in units} if len(spans) < len(units) else set()
    for valid in [[u for u in units if u.valid_on(day)] for day in sorted(days)] or [list(units)]:
        problems += _cycles({u.code: u.parent for u in valid})
    if problems:
        raise DefinitionError("register: " + "\nregister: ".join(sorted(set(problems))[:20]))


def _cycles(parents: Mapping[str, str | None]) -> list[str]:
    found, fine = [], set[str]()
    for code in parents:
        path: list[str] = []
        at: str | None = code
        while at and at not in fine and at not in path:
            path.append(at)
            at = parents.get(at)
        if at and at not in fine:
            ring = path[path.index(at):]
            start = ring.index(min(ring))
            ring = ring[start:] + ring[:start]      # told once, from whichever unit it is met
            found.append(f"unit {ring[0]} stands above itself: {' → '.join([*ring, ring[0]])}")
        fine.update(path)
    return found


def _tree(valid: list[Unit], day: date) -> Tree:
    below: dict[str | None, list[Unit]] = {}
    for u in valid:
        below.setdefault(u.parent or None, []).append(u)
    order: list[Unit] = []
    ends: list[int] = []
    parents: list[int] = []
    # An explicit stack: a register may be deeper than Python's.
    stack: list[tuple[Unit, int] | int] = [(u, -1) for u in reversed(below.get(None, []))]
    while stack:
        item = stack.pop()
        if isinstance(item, int):
            ends[item] = len(order)
            continue
        unit, parent = item
        here = len(order)
        order.append(unit)
        parents.append(parent)
        ends.append(0)
        stack.append(here)
        stack.extend((u, here) for u in reversed(below.get(unit.code, [])))
    return Tree(tuple(order), tuple(ends), tuple(parents), day)


@dataclass(frozen=True)
class Team:
    """A liaison group on a day: a grouping beside the tree, never a step of it."""

    code: str
    name: str
    district: str
    units: tuple[str, ...]
