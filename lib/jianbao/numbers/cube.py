"""All indicators of all units for some periods, computed once. Imports query, leaves, rollup, coverage, workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, TO_DATE, Form, Indicator, Measure
from jianbao.definitions.expressions import combine, combined_names
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError, unknown
from jianbao.numbers import query
from jianbao.numbers.coverage import Coverage, coverage
from jianbao.numbers.leaves import Leaf, leaf_of
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
        self._filings_ready: set[str] = set()
        self._rollups: dict[date, Rollup] = {}
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
        if scope == "own":
            return has
        if form == STOCK and self.definitions.ledgers[ledger].kind == "snapshot":      # their counts are nobody's now
            valid = {u.code for u in self.workspace.register_at(self.as_of).units if u.valid_on(period.ends)}
            gone = gone & valid
        places = np.array([p for p in (self._place(code, period) for code in gone) if p >= 0], np.int64)
        return self.rollup(period).sums(has + np.bincount(places, minlength=len(has))) > 0

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
                self._leaves[atom.ask.measure, atom.ask.form, period.id] = leaf_of(
                    atom.ask.measure, columns, *places[period.id], self.rollup(period).n)

    def _lists(self, leaf: Leaf, period: Period, kind: str, *, own: bool = False) -> Any:
        """Exact distinct counts, or medians, at every unit."""
        assert leaf.lists is not None
        places, values, stands = leaf.lists
        kept = (places >= 0) & stands if own else places >= 0
        rollup = self.rollup(period)
        return (rollup.medians if kind == "median" else rollup.distinct)(places[kept], values[kept], own=own)

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
