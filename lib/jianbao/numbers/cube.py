"""All indicators of all units for some periods, computed once. Imports query, leaves, rollup, coverage, workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, Form, Indicator, Measure
from jianbao.definitions.expressions import combine
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError, unknown
from jianbao.numbers import indices, query, system
from jianbao.numbers.coverage import Coverage, coverage
from jianbao.numbers.leaves import Leaf, leaf_of
from jianbao.numbers.made_of import ELAPSED, core, form_of, measure_form, named, part_form, wanted
from jianbao.numbers.openings import Openings
from jianbao.numbers.places import Places, moved
from jianbao.numbers.rollup import Rollup

if TYPE_CHECKING:

    from jianbao.definitions.register import Tree
    from jianbao.store import Snapshot
    from jianbao.workspace import Workspace

Scope = Literal["subtree", "own", "reported"]
SCOPES: tuple[Scope, ...] = ("subtree", "own", "reported")


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
        self.places = Places(workspace.register_at(self.as_of))
        self.openings = Openings(workspace, self.as_of)
        self._ready: set[str] = set()
        self._rollups: dict[date, Rollup] = {}
        self._filing: dict[str, Any] = {}
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

    def rollup(self, period: Period) -> Rollup:
        if period.ends not in self._rollups:
            self._rollups[period.ends] = Rollup(self.tree(period))
        return self._rollups[period.ends]

    def coverage(self, ledger: str, period: Period) -> Coverage:
        key = (ledger, period.id)
        if key not in self._coverage:
            self._coverage[key] = coverage(self.workspace, self.definitions.ledgers[ledger], period, self.tree(period),
                                           self.as_of)
        return self._coverage[key]

    def filing(self, period: Period) -> Any:
        """One row per unit and ledger due, as `Workspace.filing`, read once."""
        if period.id not in self._filing:
            self._filing[period.id] = self.workspace.filing(period, self.as_of)
        return self._filing[period.id]

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
        if i.index is not None:
            value, rows = indices.values(self, i, period, scope)
            return Values(value, None, rows)
        if i.numerator is not None and i.denominator is not None:
            top = self._part(i, i.numerator, form, period, scope)
            bottom = self._part(i, i.denominator, form, period, scope)
            return Values(top.numerator, bottom.numerator, top.rows + bottom.rows)
        values = self._counted(i, form, period, scope)
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
        tree, starts = self.tree(period), self.definitions.campaign.starts
        parts: dict[str, Any] = {ELAPSED: np.full(len(tree.order), self.elapsed(i, period))}
        rows = np.zeros(len(tree.order), np.int64)
        for m in named(i):
            other, then = self.definitions.catalogue[m.indicator], m.of(period)
            if then.ends < starts:
                parts[m.text] = np.full(len(rows), np.nan)
                continue
            v = self.values(other.id, form_of(m, other, form), then, scope)
            parts[m.text] = moved(v.value, self.tree(then), tree, np.nan)
            rows = rows + moved(v.rows, self.tree(then), tree, 0)
        result = np.full(len(rows), np.nan)
        missing = np.any([np.isnan(a) for a in parts.values()], axis=0)
        # None without all its parts, but where the text says what stands for a missing one.
        for k in range(len(rows)) if "coalesce" in i.combine.lower() else np.flatnonzero(~missing):
            value = combine(i.combine, {n: None if np.isnan(a[k]) else float(a[k]) for n, a in parts.items()})
            result[k] = np.nan if value is None else value
        return Values(result, None, rows)

    def elapsed(self, i: Indicator, period: Period) -> float:
        """序时 of an indicator: its target's own time if it has one, or that of a ratio it is combined from."""
        target = self.definitions.targets.get(i.id)
        if target is None and i.combine:
            target = next((self.definitions.targets.get(self.definitions.catalogue[m.indicator].id) for m in named(i)), None)
        return self.definitions.campaign.elapsed(period.ends, target.starts if target else None,
                                                 target.due if target else None)

    def _counted(self, i: Indicator, form: Form, period: Period, scope: Scope) -> Values:
        """What the rows say, and the opening balances with them."""
        values = self.measured(i, form, period, scope)
        rows = self.openings.rows(i, form, period.ends) if scope != "reported" else ()
        if not rows:
            return values
        places, stands = self.places.places([r["unit"] for r in rows], self.tree(period))
        places = np.where(stands, places, -1) if scope == "own" else places
        sums, n = self.openings.sums(rows, places, len(values.rows))
        if scope == "subtree":
            sums, n = self.rollup(period).sums(sums), self.rollup(period).sums(n)
        return Values(np.where(n > 0, np.nan_to_num(values.numerator) + sums, values.numerator), None, values.rows + n)

    def measured(self, m: Measure, form: Form, period: Period, scope: Scope = "subtree") -> Values:
        """A measure rolled up, with nan where nothing is known: missing is never zero."""
        assert m.ledger is not None
        ledger = self.definitions.ledgers[m.ledger]
        leaf = self.leaf(m, form, period)
        known = self.known(ledger.name, form, period, scope)
        rollup = self.rollup(period)
        parents = rollup.has_children
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
            known = known & (rows > 0 if scope == "own" else rollup.sums(rows) > 0)
        if scope == "own":
            value = self._lists(leaf, period, kind, own=True) if leaf.lists is not None else own
            return Values(np.where(known, value, np.nan), None, rows)
        total_rows = rollup.sums(rows + leaf.former_rows)
        value = self._lists(leaf, period, kind) if leaf.lists is not None else rollup.sums(own + leaf.former)
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
        tree = self.tree(period)
        if scope == "own":
            heirs = [tree.position[h] for code in gone if (h := self.places.heir(code, tree)) is not None]
            return has | (np.bincount(heirs, minlength=len(has)) > 0) if heirs else has
        if form == STOCK and self.definitions.ledgers[ledger].kind == "snapshot":      # their counts are nobody's now
            valid = {u.code for u in self.workspace.register_at(self.as_of).units if u.valid_on(period.ends)}
            gone = gone & valid
        places = np.array([p for p in (self.places.place(code, tree) for code in gone) if p >= 0], np.int64)
        return self.rollup(period).sums(has + np.bincount(places, minlength=len(has))) > 0

    def leaf(self, m: Measure, form: Form, period: Period) -> Leaf:
        key = (core(m), form, period.id)
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
                    asks |= dict.fromkeys(wanted(i, form, period, self))
        self._fill(list(asks))

    def _fill(self, asks: list[query.Ask]) -> None:
        for ask in asks:
            self.make_ready(str(ask.measure.ledger), ask.period)
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
                    places[period.id] = self.places.places(units, self.tree(period))
                self._leaves[atom.ask.measure, atom.ask.form, period.id] = leaf_of(
                    atom.ask.measure, columns, *places[period.id], self.rollup(period).n)

    def make_ready(self, ledger: str, period: Period) -> None:
        """The table of a ledger that the system keeps by itself, made once."""
        if self.definitions.ledgers[ledger].is_filed or self.definitions.ledgers[ledger].kind == "master":
            return
        name = system.source(self.definitions.ledgers[ledger], period)
        if name not in self._ready:
            system.prepare(self.workspace, self.snapshot, self.definitions.ledgers[ledger], period, self.as_of,
                           lambda: self.filing(period))
            self._ready.add(name)

    def _lists(self, leaf: Leaf, period: Period, kind: str, *, own: bool = False) -> Any:
        """Exact distinct counts, or medians, at every unit."""
        assert leaf.lists is not None
        places, values, stands = leaf.lists
        kept = (places >= 0) & stands if own else places >= 0
        rollup = self.rollup(period)
        return (rollup.medians if kind == "median" else rollup.distinct)(places[kept], values[kept], own=own)

    def _by_authority(self, i: Indicator, values: Values, form: Form, period: Period) -> Values:
        """Above the source unit its own figure is printed; the others' rows only cross-check."""
        tree = self.tree(period)
        if i.authority is None or i.authority not in tree:
            return values
        own = self._counted(i, form, period, "own")
        at = tree.position[i.authority]
        top, rows = values.numerator.copy(), values.rows.copy()
        for unit in tree.path(i.authority)[:-1]:
            top[tree.position[unit.code]] = own.numerator[at]
            rows[tree.position[unit.code]] = own.rows[at]
        return replace(values, numerator=top, rows=rows)
