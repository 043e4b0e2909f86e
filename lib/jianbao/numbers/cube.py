"""All indicators of all units for some periods, rolled up. Imports query, coverage, workspace, definitions.

Units stand in depth-first order, so a subtree is a slice and a roll-up is one cumulative sum and a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, TO_DATE, Form, Indicator, Measure
from jianbao.definitions.expressions import combine, combined_names
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError, unknown
from jianbao.numbers import query
from jianbao.numbers.coverage import Coverage, coverage

if TYPE_CHECKING:
    import pyarrow as pa

    from jianbao.definitions.register import Tree
    from jianbao.store import Snapshot
    from jianbao.workspace import Workspace

Scope = Literal["subtree", "own", "reported"]
SCOPES: tuple[Scope, ...] = ("subtree", "own", "reported")
Floats = "NDArray[np.float64]"


@dataclass(frozen=True)
class Leaf:
    """One atom per unit, before rolling up. `former` are rows of units that no longer stand in the tree, by the unit
    they belonged under. `lists` hold what distinct counts and medians need."""

    own: Any                        # float64 per unit
    rows: Any                       # int64 per unit
    former: Any
    former_rows: Any
    lists: tuple[Any, Any, Any] | None = None   # positions, values, whether the unit itself stands there


@dataclass(frozen=True)
class Values:
    """One indicator over all units: nan where there is no value."""

    numerator: Any
    denominator: Any | None
    rows: Any

    @property
    def value(self) -> Any:
        if self.denominator is None:
            return self.numerator
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.denominator == 0, np.nan, self.numerator / self.denominator)


class Cube:
    """Readings of `indicators` for `periods`, computed once. The tree is that of each period's last day."""

    def __init__(self, workspace: Workspace, periods: Sequence[Period], *, as_of: datetime | None = None,
                 indicators: Iterable[str] | None = None) -> None:
        self.workspace = workspace
        self.definitions = workspace.definitions
        self.as_of = workspace.as_of(as_of)
        self.periods = tuple(periods)
        catalogue = self.definitions.catalogue
        self.indicators = tuple(catalogue[i].id for i in indicators) if indicators is not None else tuple(catalogue.indicators)
        self.snapshot: Snapshot = workspace.snapshot(self.as_of)
        self._filings_ready: set[str] = set()
        self._leaves: dict[tuple[Measure, str, str], Leaf] = {}
        self._coverage: dict[tuple[str, str], Coverage] = {}
        self._known: dict[tuple[str, str, str, str], Any] = {}
        self._values: dict[tuple[str, str, str, str], Values] = {}
        self._compute()

    # The tree

    def tree(self, period: Period) -> Tree:
        return self.workspace.register_at(self.as_of).on(period.ends)

    def at(self, unit: str, period: Period) -> int:
        tree = self.tree(period)
        if unit not in tree.position:
            raise unknown("unit", unit, tree.position)
        return tree.position[unit]

    def rolled(self, values: Any, period: Period) -> Any:
        """Subtree sums of an array per unit."""
        if values.dtype.kind != "f":
            total = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
            return total[self._ends(period)] - total[:len(values)]
        # Level by level, deepest first: a difference of running totals would leave dust of the units before.
        total = values.copy()
        for at, parents in self._levels(period):
            total += np.bincount(parents, weights=total[at], minlength=len(total))
        return total

    def coverage(self, ledger: str, period: Period) -> Coverage:
        key = (ledger, period.id)
        if key not in self._coverage:
            self._coverage[key] = coverage(self.workspace, self.definitions.ledgers[ledger], period, self.tree(period),
                                           self.as_of)
        return self._coverage[key]

    # Values

    def values(self, indicator: str, form: Form, period: Period, scope: Scope = "subtree") -> Values:
        """Numerator, denominator and rows for every unit of the period's tree."""
        i = self.definitions.catalogue[indicator]
        key = (i.id, form, period.id, scope)
        if key not in self._values:
            self._values[key] = self._evaluate(i, form, period, scope)
        return self._values[key]

    def _evaluate(self, i: Indicator, form: Form, period: Period, scope: Scope) -> Values:
        if form not in i.forms:
            raise JianbaoError(f"{i.title.zh} ({i.id}) is read as {'、'.join(i.forms)}, not {form}.")
        if not i.allows(scope):
            raise JianbaoError(f"{i.title.zh} ({i.id}) does not roll up. Ask with scope own.")
        if i.combine is not None:
            return self._combined(i, form, period, scope)
        if i.numerator is not None and i.denominator is not None:
            top = self._part(i, i.numerator, form, period, scope)
            bottom = self._part(i, i.denominator, form, period, scope)
            return Values(top.numerator, bottom.numerator, top.rows + bottom.rows)
        values = self.measured(i, form, period, scope)
        if i.authority and scope == "subtree":
            values = self._by_authority(i, values, form, period)
        return values

    def _part(self, i: Indicator, part: str | Measure, form: Form, period: Period, scope: Scope) -> Values:
        if isinstance(part, str):
            other = self.definitions.catalogue[part]
            return self.values(other.id, part_form(other, form), period, scope)
        return self.measured(part, measure_form(part, form, self.definitions), period, scope)

    def _combined(self, i: Indicator, form: Form, period: Period, scope: Scope) -> Values:
        assert i.combine is not None
        parts: dict[str, Any] = {}
        rows = np.zeros(len(self.tree(period).order), np.int64)
        for name in combined_names(i.combine):
            if name == "elapsed":
                parts[name] = np.full(len(rows), self.elapsed(i, period))
                continue
            other = self.definitions.catalogue[name]
            v = self.values(other.id, part_form(other, form), period, scope)
            parts[name] = v.value
            rows = rows + v.rows
        result = np.full(len(rows), np.nan)
        for k in np.flatnonzero(~np.any([np.isnan(a) for a in parts.values()], axis=0)):    # none without all its parts
            result[k] = combine(i.combine, {n: float(a[k]) for n, a in parts.items()})
        return Values(result, None, rows)

    def elapsed(self, i: Indicator, period: Period) -> float:
        """序时 of an indicator: its target's own time if it has one, or that of a ratio it is combined from."""
        target = self.definitions.targets.get(i.id)
        if target is None and i.combine:
            target = next((self.definitions.targets.get(self.definitions.catalogue[n].id)
                           for n in combined_names(i.combine) if n != "elapsed"), None)
        return self.definitions.campaign.elapsed(period.ends, target.starts if target else None,
                                                 target.due if target else None)

    def measured(self, m: Measure, form: Form, period: Period, scope: Scope = "subtree") -> Values:
        """A measure rolled up, with nan where nothing is known: missing is never zero."""
        assert m.ledger is not None
        ledger = self.definitions.ledgers[m.ledger]
        leaf = self.leaf(m, form, period)
        known = self.known(ledger.name, form, period, scope)
        parents = self._has_children(period)
        kind = m.aggregate[0]
        own, rows = leaf.own, leaf.rows
        if ledger.totals == "reported":
            # A total the source published stands beside the sum of the parts, never in it.
            if scope == "reported":
                value = self._lists(leaf, period, kind, own=True) if leaf.lists is not None else own
                return Values(np.where(rows > 0, value, np.nan), None, rows)
            own, rows = np.where(parents, 0.0, own), np.where(parents, 0, rows)
            if leaf.lists is not None:
                places, values, stands = leaf.lists
                part = (places < 0) | ~stands | ~parents[places]
                leaf = replace(leaf, lists=(places[part], values[part], stands[part]))
        elif scope == "reported":
            return Values(np.full(len(own), np.nan), None, np.zeros(len(own), np.int64))
        if ledger.by_day and form == STOCK:     # filing for a week says nothing of the days before a unit's first row
            known = known & (rows > 0 if scope == "own" else self.rolled(rows, period) > 0)
        if scope == "own":
            value = self._lists(leaf, period, kind, own=True) if leaf.lists is not None else own
            return Values(np.where(known, value, np.nan), None, rows)
        total_rows = self.rolled(rows + leaf.former_rows, period)
        value = self._lists(leaf, period, kind) if leaf.lists is not None else self.rolled(own + leaf.former, period)
        return Values(np.where(known, value, np.nan), None, total_rows)

    def known(self, ledger: str, form: Form, period: Period, scope: Scope = "subtree") -> Any:
        """Where anything is known: in a period, units that filed for it; to date, units that ever filed."""
        key = (ledger, form, period.id, scope)
        if key not in self._known:
            self._known[key] = self._find_known(ledger, form, period, scope)
        return self._known[key]

    def _find_known(self, ledger: str, form: Form, period: Period, scope: Scope) -> Any:
        c = self.coverage(ledger, period)
        has, gone = (c.known_in, c.gone_in) if form == IN_PERIOD else (c.known_to_date, c.gone_to_date)
        if scope == "own":
            return has
        if form == STOCK and self.definitions.ledgers[ledger].kind == "snapshot":      # their counts are nobody's now
            valid = {u.code for u in self.workspace.register_at(self.as_of).units if u.valid_on(period.ends)}
            gone = gone & valid
        places = np.array([p for p in (self._place(code, period) for code in gone) if p >= 0], np.int64)
        return self.rolled(has + np.bincount(places, minlength=len(has)), period) > 0

    def leaf(self, m: Measure, form: Form, period: Period) -> Leaf:
        key = (_core(m), form, period.id)
        if key not in self._leaves:
            self._fill([query.Ask(key[0], period, form)])
        return self._leaves[key]

    # Computing

    def _compute(self) -> None:
        asks: dict[query.Ask, None] = {}
        query.prepare(self.snapshot, {name: self.workspace.master_table(name, self.as_of)
                                      for name, ledger in self.definitions.ledgers.items() if ledger.kind == "master"})
        for id_ in self.indicators:
            for period in self.periods:
                i = self.definitions.catalogue[id_]
                for form in i.forms:
                    for ask in self._asks(i, form, period):
                        asks[ask] = None
        self._fill(list(asks))

    def _asks(self, i: Indicator, form: Form, period: Period) -> list[query.Ask]:
        if i.combine is not None:
            names = [n for n in combined_names(i.combine) if n != "elapsed"]
            others = [self.definitions.catalogue[n] for n in names]
            return [a for o in others for a in self._asks(o, part_form(o, form), period)]
        if i.numerator is not None and i.denominator is not None:
            found = []
            for part in (i.numerator, i.denominator):
                if isinstance(part, str):
                    other = self.definitions.catalogue[part]
                    found += self._asks(other, part_form(other, form), period)
                else:
                    found.append(query.Ask(_core(part), period, measure_form(part, form, self.definitions)))
            return found
        return [query.Ask(_core(i), period, form)]

    def _fill(self, asks: list[query.Ask]) -> None:
        for ask in asks:
            if ask.measure.ledger == "filings" and ask.period.id not in self._filings_ready:
                rows: Any = self.workspace.filing(ask.period, self.as_of).to_dict("records")
                query.prepare_filings(self.snapshot, rows, ask.period)
                self._filings_ready.add(ask.period.id)
            if ask.period not in self.periods:
                self.periods = (*self.periods, ask.period)
        for plan in query.plans(asks, self.definitions, self.snapshot):
            table = query.run(plan, self.snapshot)
            units = table.column("unit").to_pylist()
            places: dict[str, tuple[Any, Any]] = {}
            for n, atom in enumerate(plan.atoms):
                columns = [table.column(f"a{n}_{j}") for j in range(len(atom.columns))]
                period = atom.ask.period
                if period.id not in places:
                    places[period.id] = self._places(units, period)
                self._leaves[atom.ask.measure, atom.ask.form, period.id] = self._leaf(atom.ask, *places[period.id], columns)

    def _leaf(self, ask: query.Ask, places: Any, stands: Any, columns: list[pa.ChunkedArray]) -> Leaf:
        import pyarrow as pa

        n = len(self.tree(ask.period).order)
        rows = _floats(columns[-1]).astype(np.int64)
        kind, _ = ask.measure.aggregate
        lists = None
        if kind == "units":
            having = ask.measure.units_having
            assert having is not None
            flags = [_floats(c) > 0 for c in columns[:-1]]
            yes = np.ones(len(places), bool)
            for k, flag in enumerate(flags):
                yes &= flag if k < len(having.all) else ~flag
            value = yes.astype(float)
            rows = np.where(yes, rows, 0)       # rows behind a count of units: those of the units counted
        elif kind in ("count", "stock"):
            value = rows.astype(float)
        elif kind == "sum" or not pa.types.is_list(columns[0].type):    # a distinct count that adds up
            value = _floats(columns[0])
        else:
            value = np.zeros(len(places))
            lists = _flat(columns[0], places, stands)

        def spread(values: Any, where: Any) -> Any:
            ok = where & (places >= 0)
            return np.bincount(places[ok], weights=values[ok].astype(float), minlength=n)

        return Leaf(spread(value, stands), spread(rows, stands).astype(np.int64), spread(value, ~stands),
                    spread(rows, ~stands).astype(np.int64), lists)

    def _lists(self, leaf: Leaf, period: Period, kind: str, *, own: bool = False) -> Any:
        """Exact distinct counts, or medians, at every unit."""
        assert leaf.lists is not None
        places, values, stands = leaf.lists
        n = len(self.tree(period).order)
        kept = (places >= 0) & stands if own else places >= 0
        places, values = places[kept], values[kept]
        if kind == "median":
            ends = np.arange(1, n + 1) if own else self._ends(period)
            order = np.argsort(places, kind="stable")
            places, values = places[order], values[order].astype(float)
            first, last = np.searchsorted(places, np.arange(n)), np.searchsorted(places, ends)
            result = np.full(n, np.nan)
            for k in np.flatnonzero(last > first):
                result[k] = _median(values[first[k]:last[k]])
            return result
        values, at = np.divmod(np.unique(values.astype(np.int64) * n + places), n)
        counts = np.bincount(at, minlength=n).astype(float)
        if own:
            return counts
        # +1 at each unit that has the value, -1 where two of them meet: subtree sums are then distinct counts.
        same = values[1:] == values[:-1]
        meet = self._meeting(at[:-1][same], at[1:][same], period)
        counts -= np.bincount(meet[meet >= 0], minlength=n)
        return self.rolled(counts, period)

    def _meeting(self, a: Any, b: Any, period: Period) -> Any:
        """The lowest common ancestor of each pair of positions; -1 for units of different trees."""
        paths = self._paths(period)
        depth = (paths[a] == paths[b]).cumprod(axis=1).sum(axis=1) if len(a) else np.zeros(0, np.int64)
        return np.where(depth > 0, paths[a, np.maximum(depth - 1, 0)], -1) if len(a) else np.zeros(0, np.int64)

    def _paths(self, period: Period) -> Any:
        """Row i: the ancestors of unit i from the root down to itself, then distinct fillers."""
        tree = self.tree(period)
        if not hasattr(tree, "_paths"):
            depth = self._depth(period)
            paths = -1 - np.arange(len(depth))[:, None].repeat(int(depth.max(initial=0)) + 1, axis=1)
            for i, parent in enumerate(tree.parents):
                if parent >= 0:
                    paths[i, :depth[i]] = paths[parent, :depth[i]]
                paths[i, depth[i]] = i
            object.__setattr__(tree, "_paths", paths)
        return tree._paths  # type: ignore[attr-defined]

    def _depth(self, period: Period) -> Any:
        tree = self.tree(period)
        if not hasattr(tree, "_depth"):
            depth = np.zeros(len(tree.order), np.int64)
            for i, parent in enumerate(tree.parents):
                depth[i] = depth[parent] + 1 if parent >= 0 else 0
            object.__setattr__(tree, "_depth", depth)
        return tree._depth  # type: ignore[attr-defined]

    def _levels(self, period: Period) -> list[tuple[Any, Any]]:
        """The positions of each level below the top, deepest first, and their parents'."""
        tree = self.tree(period)
        if not hasattr(tree, "_levels"):
            depth, parents = self._depth(period), np.array(tree.parents, np.int64)
            levels = [np.flatnonzero(depth == level) for level in range(int(depth.max(initial=0)), 0, -1)]
            object.__setattr__(tree, "_levels", [(at, parents[at]) for at in levels])
        return tree._levels  # type: ignore[attr-defined, no-any-return]

    def _ends(self, period: Period) -> Any:
        tree = self.tree(period)
        if not hasattr(tree, "_ends_array"):
            object.__setattr__(tree, "_ends_array", np.array(tree.ends, np.int64))
        return tree._ends_array  # type: ignore[attr-defined]

    def _has_children(self, period: Period) -> Any:
        return self._ends(period) > np.arange(1, len(self.tree(period).order) + 1)

    def _places(self, codes: Sequence[str | None], period: Period) -> tuple[Any, Any]:
        """Where the rows of each unit count, and whether it stands there itself."""
        position = self.tree(period).position
        places = np.array([-1 if code is None else position.get(code, -1) for code in codes], np.int64)
        stands = places >= 0
        for k in np.flatnonzero(~stands).tolist():
            places[k] = self._place(codes[k], period)
        return places, stands

    def _place(self, code: str | None, period: Period) -> int:
        """Where a unit's rows count: itself, or the nearest unit above it that still stands; -1 for nowhere."""
        tree = self.tree(period)
        seen = set()
        at = code
        while at and at not in tree.position and at not in seen:
            seen.add(at)
            at = self._last_parents.get(at)
        return tree.position[at] if at and at in tree.position else -1

    @cached_property
    def _last_parents(self) -> dict[str, str | None]:
        units = sorted(self.workspace.register_at(self.as_of).units, key=lambda u: u.valid_from)
        return {u.code: u.parent for u in units}

    def _by_authority(self, i: Indicator, values: Values, form: Form, period: Period) -> Values:
        """Above the source unit its own figure is printed; the others' rows only cross-check."""
        tree = self.tree(period)
        if i.authority is None or i.authority not in tree:
            return values
        own = self.measured(i, form, period, "own")
        at = tree.position[i.authority]
        top, rows = values.numerator.copy(), values.rows.copy()
        for unit in tree.path(i.authority)[:-1]:
            top[tree.position[unit.code]] = own.numerator[at]
            rows[tree.position[unit.code]] = own.rows[at]
        return replace(values, numerator=top, rows=rows)


def part_form(i: Indicator, form: Form) -> Form:
    """The form of a part: the same if it has it, a stock at the point in time, else to date."""
    return form if form in i.forms else STOCK if STOCK in i.forms else TO_DATE if TO_DATE in i.forms else i.default_form


def measure_form(m: Measure, form: Form, definitions: Any) -> Form:
    """An inline measure over master data is a stock; otherwise it is read as its ratio is."""
    ledger = definitions.ledgers[m.ledger]
    return STOCK if ledger.kind == "master" or m.enter is not None else IN_PERIOD if ledger.kind == "filings" else form


def _core(m: Measure) -> Measure:
    """The counting part alone, so that two indicators that count the same share one atom."""
    return Measure(**{name: getattr(m, name) for name in Measure.model_fields})


def _floats(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    return _numbers(column.combine_chunks().cast(pa.float64()))


def _numbers(values: pa.Array) -> Any:
    """An array without nulls, as it lies in memory: pyarrow's to_numpy would import pandas."""
    return np.from_dlpack(values)


def _flat(column: pa.ChunkedArray, places: Any, stands: Any) -> tuple[Any, Any, Any]:
    """A list column as (position, value, stands) of each value; texts as numbers, equal where the texts are."""
    import pyarrow as pa

    flat = column.combine_chunks()
    lengths = np.diff(_numbers(flat.offsets))       # a null list is an empty one
    values = flat.flatten()
    if not pa.types.is_floating(values.type):
        values = values.dictionary_encode().indices
    return np.repeat(places, lengths), _numbers(values), np.repeat(stands, lengths)


def _median(values: Any) -> float:
    """As numpy's, without its overhead on a few values."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
