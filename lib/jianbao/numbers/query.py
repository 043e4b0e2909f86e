"""The catalogue as SQL: one pass per ledger and state of it. Imports definitions, store.

A measure in a window becomes an *atom*: a few aggregate columns grouped by the rows' own unit. Rolling up the tree
happens afterwards, on arrays (`cube.py`); nothing here knows the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, Form, Measure
from jianbao.definitions.expressions import columns_of, literal, to_sql
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import Period, period_of
from jianbao.definitions.workdays import WorkDays, exceptions
from jianbao.numbers import system
from jianbao.numbers.links import column_of, with_links

if TYPE_CHECKING:
    import pyarrow as pa

    from jianbao.store import Snapshot

@dataclass(frozen=True)
class Ask:
    """One measure in one window."""

    measure: Measure
    period: Period
    form: Form


@dataclass(frozen=True)
class Atom:
    """An ask as columns: `columns` are SQL aggregates, `condition` picks the rows it counts."""

    ask: Ask
    condition: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All atoms over one FROM item, with the register where they ask for it. `by_day`: both hold the rows of several days,
    `asked_on` says of which."""

    ledger: Ledger
    source: str
    register: str
    by_day: bool
    atoms: tuple[Atom, ...]

    def sql(self) -> str:
        chosen = ["r.unit as unit"]
        for i, atom in enumerate(self.atoms):
            chosen += [f"{column} as a{i}_{j}" for j, column in enumerate(atom.columns)]
        same_day = " and u.asked_on = r.asked_on" if self.by_day else ""
        join = f" left join {self.register} u on u.code = r.unit{same_day}" if self.register else ""
        return f"select {', '.join(chosen)} from {self.source} r{join} group by r.unit"


def plans(asks: Iterable[Ask], definitions: Definitions, snapshot: Snapshot) -> list[Plan]:
    """The asks grouped so that each ledger is read once, with its states of all the days asked. Master data, and events
    beside the register, are read day by day: there a pass costs less than its rows once for each day."""
    groups: dict[tuple[Any, ...], list[Ask]] = {}
    for ask in asks:
        assert ask.measure.ledger is not None
        ledger = definitions.ledgers[ask.measure.ledger]
        by_day = _by_day(ask, ledger)
        alone = not by_day and (ledger.kind in ("master", "filings") or _joins_register(ask, ledger))
        groups.setdefault((ledger.name, by_day, _reads_state(ask, ledger), alone and ask.period), []).append(ask)
    return [_plan(group, by_day, definitions, snapshot) for (_, by_day, *_), group in groups.items()]


def _plan(asks: Sequence[Ask], by_day: bool, definitions: Definitions, snapshot: Snapshot) -> Plan:
    ledger = definitions.ledgers[str(asks[0].measure.ledger)]
    days = sorted({ask.period.ends for ask in asks})
    if not by_day:
        source = source_of(asks[0], ledger, snapshot, definitions)
    elif _reads_state(asks[0], ledger):
        source = snapshot.states(ledger.name, days)
    else:
        source = snapshot.on_days(snapshot.source(ledger.name), days)
    if wanted := {column for ask in asks for column in _decided(ask, ledger)}:
        source = snapshot.decisions(ledger.name, source, days, wanted)
    if by_day:
        source = with_links([ask.measure for ask in asks], source, definitions.ledgers, days, snapshot, by_day=True)
    joins = any(_joins_register(ask, ledger) for ask in asks)
    return Plan(ledger, source, register_on(days, snapshot) if joins else "", by_day,
                tuple(atom(ask, ledger, definitions, by_day=by_day) for ask in asks))


def source_of(ask: Ask, ledger: Ledger, snapshot: Snapshot, definitions: Definitions) -> str:
    """The FROM item an ask reads, with every column."""
    if ledger.kind in ("filings", "calendar"):
        return system.source(ledger, ask.period)
    if ledger.kind == "master":
        return master_on(ledger.name, ask.period.ends, snapshot)
    rows = snapshot.state(ledger.name, ask.period.ends) if _reads_state(ask, ledger) else snapshot.source(ledger.name)
    rows = snapshot.decided(ledger.name, rows, ask.period.ends)
    return with_links([ask.measure], rows, definitions.ledgers, [ask.period.ends], snapshot, by_day=False)


def _reads_state(ask: Ask, ledger: Ledger) -> bool:
    return ledger.by_key or (ledger.kind == "snapshot" and ask.form == STOCK)


def _by_day(ask: Ask, ledger: Ledger) -> bool:
    """Whether the rows themselves differ with the day asked."""
    return ledger.is_filed and (_reads_state(ask, ledger) or bool(_decided(ask, ledger)) or bool(ask.measure.linked_to))


def _decided(ask: Ask, ledger: Ledger) -> set[str]:
    """The columns an ask reads that the office decides."""
    return {column for table, column in _names(ask.measure)
            if table == "" and column in ledger.columns and ledger.columns[column].filled_from is not None}


def atom(ask: Ask, ledger: Ledger, definitions: Definitions, *, by_day: bool = False) -> Atom:
    """The aggregates of one ask; the last column counts its rows."""
    m = ask.measure
    condition = condition_of(ask, ledger, definitions)
    if by_day:
        condition = f"r.asked_on = {literal(ask.period.ends)} and {condition}"

    def sql(text: str) -> str:
        return expression(text, ask.period, definitions)

    kind, inner = m.aggregate
    rows = f"count(*) filter (where {condition})"
    if kind == "units":
        assert m.units_having is not None
        flags = [f"coalesce(bool_or(({condition}) and ({sql(x)})), false)"
                 for x in (*m.units_having.all, *m.units_having.none)]
        shown = " or ".join(f"coalesce({sql(x)}, false)" for x in m.units_having.all) or "true"
        return Atom(ask, condition, (*flags, f"count(*) filter (where ({condition}) and ({shown}))"))
    if kind in ("count", "stock"):
        return Atom(ask, condition, (rows,))
    if kind == "sum":
        return Atom(ask, condition, (f"coalesce(sum(cast({sql(inner)} as double)) filter (where {condition}), 0)", rows))
    kept = f"{condition} and {sql(inner)} is not null"
    if kind == "distinct" and inner.strip() == "unit":      # each group of rows is one unit: it counts or not
        return Atom(ask, condition, (f"max(case when {kept} then 1 else 0 end)", rows))
    if kind == "distinct" and _lists(inner, ledger):        # of all that the lists name
        many = "len(list_distinct(flatten({})))" if within_unit(inner, ledger) else "flatten({})"
        named = f"coalesce(list({sql(inner)}) filter (where {kept}), [])"
        return Atom(ask, condition, (many.format(named), rows))
    if kind == "distinct":
        value = f"cast({sql(inner)} as varchar)"
        many = "count(distinct {})" if within_unit(inner, ledger) else "list(distinct {})"
        return Atom(ask, condition, (f"{many.format(value)} filter (where {kept})", rows))
    return Atom(ask, condition, (f"list(cast({sql(inner)} as double)) filter (where {kept})", rows))


def within_unit(inner: str, ledger: Ledger) -> bool:
    """Ids are unique within the unit, so two units never share one and their counts add up; other units and posts are
    unique by themselves, and several units may have the same. So is what a list names, but for ids of the unit's own."""
    column = ledger.columns.get(inner.strip())
    if column is None:
        return True
    return not (column.type == "unit" or column.globally_unique or (column.type == "list" and not column.referred))


def _lists(inner: str, ledger: Ledger) -> bool:
    column = ledger.columns.get(inner.strip())
    return column is not None and column.type == "list"


def condition_of(ask: Ask, ledger: Ledger, definitions: Definitions) -> str:
    """Which rows an ask counts: its `where`, and its dates inside the window."""
    m, period = ask.measure, ask.period
    parts = []
    if m.where:
        parts.append(f"coalesce({expression(m.where, period, definitions)}, false)")
    if m.linked_to:
        parts.append(f'r."{column_of(m)}"')
    if _only_standing(ask, ledger):
        parts.append("u.code is not null")
    if m.enter is not None:
        entered, left = expression(m.enter, period, definitions), expression(m.leave or "null", period, definitions)
        end = literal(period.ends)
        # Boundary, said once: what enters or leaves on the last day has entered or left.
        parts.append(f"coalesce({entered} <= {end}, false) and not coalesce({left} <= {end}, false)")
    elif ask.form != STOCK and ledger.kind != "master":
        when = expression(m.date, period, definitions) if m.date else "r.date"
        if ledger.kind == "snapshot" and not ledger.by_day and not m.date:
            when = "r.filed"
        first = period.starts if ask.form == IN_PERIOD else definitions.campaign.starts
        parts.append(f"coalesce(cast({when} as date) between {literal(first)} and {literal(period.ends)}, false)"
                     if ledger.kind != "filings" else "true")
    return " and ".join(parts) or "true"


def expression(text: str, period: Period, definitions: Definitions) -> str:
    campaign = definitions.campaign
    return _rendered(text, period.starts, period.ends, campaign.starts, campaign.ends, campaign.week_start,
                     definitions.calendar.work_days)


@lru_cache(maxsize=4096)
def _rendered(text: str, period_starts: date, period_ends: date, campaign_starts: date, campaign_ends: date,
              week_start: int, work_days: WorkDays) -> str:
    moments = {"period_starts": period_starts, "period_ends": period_ends,
               "campaign_starts": campaign_starts, "campaign_ends": campaign_ends}

    def name(table: str, column: str) -> str:
        if table == "unit":
            return f'u."{column}"'
        if column in moments:
            return f"cast({literal(moments[column].isoformat())} as date)"
        return f'r."{"date" if column == "event_date" else column}"'

    def worked(day: str) -> str:
        return _worked(f"cast({day} as date)", campaign_starts, campaign_ends, work_days)

    def week(day: str) -> str:
        first = period_of(campaign_starts, "week", week_start).starts
        return f"cast(floor(date_diff('day', {literal(first)}, cast({day} as date)) / 7.0) as bigint)"

    return f"({to_sql(text, name, functions={'worked_day': worked, 'week_of': week})})"


@lru_cache(maxsize=64)
def _off_and_on(starts: date, ends: date, work_days: WorkDays) -> tuple[str, str]:
    # A year about the campaign: rows may name days before it began or after it ends.
    days = exceptions(starts - timedelta(days=366), ends + timedelta(days=366), work_days)
    off, on = (", ".join(literal(d) for d in some) for some in days)
    return off, on


def _worked(day: str, starts: date, ends: date, work_days: WorkDays) -> str:
    """SQL: weekdays (1900-01-01 was a Monday) but for holidays, and the weekend days worked in their stead."""
    if work_days == "all":
        return f"{day} is not null"
    off, on = _off_and_on(starts, ends, work_days)
    weekday = f"date_diff('day', date '1900-01-01', {day}) % 7 < 5"
    return f"(({weekday}{f' and {day} not in ({off})' if off else ''}){f' or {day} in ({on})' if on else ''})"


def run(plan: Plan, snapshot: Snapshot) -> pa.Table:
    """unit and the atoms' columns; one row per unit that has rows."""
    return snapshot.connection.sql(plan.sql()).to_arrow_table()


def prepare(snapshot: Snapshot, masters: Mapping[str, pa.Table | None]) -> None:
    """Registers the master ledgers as they were last received."""
    for name, table in masters.items():
        snapshot.connection.register(f"known_{name}", system.table([], snapshot.columns(name)) if table is None else table)


def master_on(name: str, on: date, snapshot: Snapshot) -> str:
    """A master ledger's rows as they stand on a day: a FROM item. Of bases, each unit's last one by then."""
    columns, day = snapshot.columns(name), literal(on)
    chosen = ", ".join('m.code as unit' if (name, n) == ("register", "unit") else f'm."{n}"' for n in columns)
    if name == "bases":
        return (f"(select {chosen} from (select b.*, row_number() over (partition by b.unit "
                f"order by b.base_date desc nulls last, b.row desc) as version from known_bases b "
                f"where coalesce(b.base_date <= {day}, true)) m where m.version = 1)")
    spans = [f"coalesce(m.{n} {sign} {day}, true)" for n, sign in (("valid_from", "<="), ("valid_to", ">=")) if n in columns]
    return f"(select {chosen} from known_{name} m where {' and '.join(spans) or 'true'})"


def register_on(days: Sequence[date], snapshot: Snapshot) -> str:
    """The register's rows of each of `days` with `asked_on`, joined as `u` for `unit.…`."""
    each = (f"select m.*, {literal(day)} as asked_on from {master_on('register', day, snapshot)} m" for day in days)
    return f"({' union all '.join(each)})"


def _only_standing(ask: Ask, ledger: Ledger) -> bool:
    """Counts carried forward end with the unit: what a merged one had, its successor counts. What it did stays."""
    return ask.form == STOCK and (ledger.kind == "snapshot" or ledger.name == "bases")


def _joins_register(ask: Ask, ledger: Ledger) -> bool:
    return _only_standing(ask, ledger) or any(table == "unit" for table, _ in _names(ask.measure))


def _names(m: Measure) -> list[tuple[str, str]]:
    """Every (table, column) a measure reads; table is "" or "unit"."""
    texts = [m.where, m.date, m.median_of, m.enter, m.leave, m.aggregate[1] or None]
    if m.units_having:
        texts += [*m.units_having.all, *m.units_having.none]
    return [name for text in texts if text for name in _columns(text)]


_columns = lru_cache(maxsize=4096)(columns_of)
