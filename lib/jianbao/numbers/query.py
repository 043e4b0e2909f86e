"""The catalogue as SQL: one pass per ledger and state of it. Imports definitions, store.

A measure in a window becomes an *atom*: a few aggregate columns grouped by the rows' own unit. Rolling up the tree
happens afterwards, on arrays (`cube.py`); nothing here knows the tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.definitions.catalogue import IN_PERIOD, STOCK, Form, Measure
from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import Period

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


@dataclass
class Plan:
    """All atoms over one FROM item, with the `register` of one day where they ask for it."""

    ledger: Ledger
    source: str
    register: str = ""
    atoms: list[Atom] = field(default_factory=list)

    def sql(self) -> str:
        chosen = ["r.unit as unit"]
        for i, atom in enumerate(self.atoms):
            chosen += [f"{column} as a{i}_{j}" for j, column in enumerate(atom.columns)]
        join = f" left join {self.register} u on u.code = r.unit" if self.register else ""
        return f"select {', '.join(chosen)} from {self.source} r{join} group by r.unit"


def plans(asks: Iterable[Ask], definitions: Definitions, snapshot: Snapshot) -> list[Plan]:
    """The asks grouped so that each ledger is read once per state needed: events once, states and registers once per day."""
    found: dict[tuple[str, str, str], Plan] = {}
    for ask in asks:
        assert ask.measure.ledger is not None
        ledger = definitions.ledgers[ask.measure.ledger]
        source = source_of(ask, ledger, snapshot)
        register = register_table(ask.period) if _uses_register(ask.measure) or _only_standing(ask, ledger) else ""
        plan = found.setdefault((ledger.name, source, register), Plan(ledger, source, register))
        plan.atoms.append(atom(ask, ledger, definitions))
    return list(found.values())


def source_of(ask: Ask, ledger: Ledger, snapshot: Snapshot) -> str:
    """The FROM item an ask reads."""
    if ledger.kind in ("master", "filings"):
        return f"{ledger.name}_{_safe(ask.period)}"
    if ledger.by_key or (ledger.kind == "snapshot" and ask.form == STOCK):
        rows = snapshot.state(ledger.name, ask.period.ends)
    else:
        rows = snapshot.source(ledger.name)
    return snapshot.decided(ledger.name, rows, ask.period.ends)


def atom(ask: Ask, ledger: Ledger, definitions: Definitions) -> Atom:
    """The aggregates of one ask; the last column counts its rows."""
    m = ask.measure
    condition = condition_of(ask, ledger, definitions)

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
        return Atom(ask, condition, (f"sum(cast({sql(inner)} as double)) filter (where {condition})", rows))
    kept = f"{condition} and {sql(inner)} is not null"
    if kind == "distinct":
        return Atom(ask, condition, (f"list(distinct {distinct_key(inner, sql(inner), ledger)}) filter (where {kept})", rows))
    return Atom(ask, condition, (f"list(cast({sql(inner)} as double)) filter (where {kept})", rows))


def distinct_key(inner: str, value: str, ledger: Ledger) -> str:
    """Ids are unique within the unit, so what is counted is (unit, id); units and posts are unique by themselves."""
    column = ledger.columns.get(inner.strip())
    if inner.strip() == "unit" or (column is not None and (column.type == "unit" or column.globally_unique)):
        return f"cast({value} as varchar)"
    return f"concat(r.unit, chr(31), cast({value} as varchar))"


def condition_of(ask: Ask, ledger: Ledger, definitions: Definitions) -> str:
    """Which rows an ask counts: its `where`, and its dates inside the window."""
    m, period = ask.measure, ask.period
    parts = []
    if m.where:
        parts.append(f"coalesce({expression(m.where, period, definitions)}, false)")
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
    moments: dict[str, date] = {"period_starts": period.starts, "period_ends": period.ends,
                                "campaign_starts": campaign.starts, "campaign_ends": campaign.ends}

    def name(table: str, column: str) -> str:
        if table == "unit":
            return f'u."{column}"'
        if column in moments:
            return f"cast({literal(moments[column].isoformat())} as date)"
        return f'r."{"date" if column == "event_date" else column}"'

    return f"({to_sql(text, name)})"


def run(plan: Plan, snapshot: Snapshot) -> pa.Table:
    """unit and the atoms' columns; one row per unit that has rows."""
    return snapshot.connection.sql(plan.sql()).to_arrow_table()


def prepare(snapshot: Snapshot, definitions: Definitions, masters: Mapping[str, Sequence[Mapping[str, Any]]],
            period: Period) -> None:
    """Registers the master ledgers as they stand at the period's end, and the register for `unit.…`."""
    for name, rows in masters.items():
        table = _table(rows, snapshot.columns(name))
        snapshot.connection.register(f"{name}_{_safe(period)}", table)


def prepare_filings(snapshot: Snapshot, rows: Sequence[Mapping[str, Any]], period: Period) -> None:
    columns = {"unit": "varchar", "ledger": "varchar", "ledger_title": "varchar", "filed": "boolean",
               "on_time": "boolean", "nil": "boolean", "returned": "boolean", "missed_before": "boolean",
               "row": "integer", "date": "date", "period": "varchar", "filed_on": "date", "submission": "bigint"}
    stamped = [{**r, "date": period.ends, "period": period.id} for r in rows]
    snapshot.connection.register(f"filings_{_safe(period)}", _table(stamped, columns))


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    types = {"varchar": pa.string(), "bigint": pa.int64(), "integer": pa.int32(), "double": pa.float64(),
             "date": pa.date32(), "timestamp": pa.timestamp("us"), "boolean": pa.bool_(), "varchar[]": pa.list_(pa.string())}
    return pa.table({n: pa.array([r.get(n) for r in rows], types[t]) for n, t in columns.items()})


def register_table(period: Period) -> str:
    """The register's rows of the period's last day, joined as `u` for `unit.…`."""
    return f"register_{_safe(period)}"


def _only_standing(ask: Ask, ledger: Ledger) -> bool:
    """Counts carried forward end with the unit: what a merged one had, its successor counts. What it did stays."""
    return ask.form == STOCK and (ledger.kind == "snapshot" or ledger.name == "bases")


def _uses_register(m: Measure) -> bool:
    from jianbao.definitions.expressions import columns_of

    texts = [m.where, m.date, m.median_of, m.enter, m.leave, m.aggregate[1] or None]
    if m.units_having:
        texts += [*m.units_having.all, *m.units_having.none]
    return any(table == "unit" for text in texts if text for table, _ in columns_of(text))


def _safe(period: Period) -> str:
    return period.id.replace("-", "_")
