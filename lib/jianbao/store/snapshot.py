"""Rows as they were known at one moment, as SQL over Parquet. Imports definitions, errors.

Engines read the same files; only `connection` is DuckDB. Sources are SQL text, so that a query can be compiled for
another engine.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jianbao.definitions.campaign import Correction
from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa

    from jianbao.store.store import Store

# unit, row, date as filed; period and filed (its last day) of the filing; received and submission of the knowledge.
SYSTEM = {"unit": "varchar", "row": "integer", "date": "date", "period": "varchar", "filed": "date",
          "received": "timestamp", "submission": "bigint"}
SQL_TYPES = {"str": "varchar", "code": "varchar", "unit": "varchar", "int": "bigint", "num": "double",
             "percent": "double", "date": "date", "datetime": "timestamp", "bool": "boolean", "list": "varchar[]"}


class Snapshot:
    """What was known at `as_of`. One DuckDB connection in memory; close it by dropping the snapshot."""

    def __init__(self, store: Store, as_of: datetime) -> None:
        self.store, self.as_of = store, as_of
        self._superseded: dict[str, str] = {}

    @cached_property
    def connection(self) -> Any:
        import duckdb

        connection = duckdb.connect(":memory:")
        connection.execute("set preserve_insertion_order = false")
        return connection

    def ledger(self, name: str) -> Ledger:
        return self.store.ledgers[name]

    def columns(self, name: str) -> dict[str, str]:
        """Every stored column of a ledger with its SQL type."""
        ledger = self.ledger(name)
        own = {n: SQL_TYPES[c.type] for n, c in ledger.typed.items()}
        return SYSTEM | {n: t for n, t in own.items() if n not in SYSTEM}

    def source(self, name: str) -> str:
        """The rows that count: received by `as_of`, not superseded by then, corrections applied. A FROM item."""
        files = self.store.files(name)
        columns = self.columns(name)
        if not files:
            nulls = ", ".join(f'cast(null as {t}) as "{n}"' for n, t in columns.items())
            return f"(select {nulls} where 1 = 0)"
        listed = ", ".join(literal(path.as_posix()) for path in files)
        chosen = ", ".join(self._corrected(name, n) for n in columns)
        where = [f"r.received <= {literal(self.as_of)}"]
        if (gone := self._gone(name)):
            whole = self.ledger(name).by_office
            where.append(f"not exists (select 1 from {gone} g where g.submission = r.submission"
                         f"{'' if whole else ' and g.unit = r.unit'})")
        return (f"(select {chosen} from read_parquet([{listed}], union_by_name = true) r "
                f"where {' and '.join(where)})")

    def state(self, name: str, on: date) -> str:
        """The last version of each key filed for a period that ended by `on`: the state at the end of that day."""
        ledger = self.ledger(name)
        keys = ", ".join(f'"{k}"' for k in ("unit", *ledger.key))
        columns = ", ".join(f's."{n}"' for n in self.columns(name))
        return (f"(select {columns} from (select r.*, row_number() over (partition by {keys} "
                f"order by r.filed desc, r.received desc, r.submission desc, r.row desc) as version "
                f"from {self.source(name)} r where r.filed <= {literal(on)}) s where s.version = 1)")

    def decided(self, name: str, rows: str, on: date) -> str:
        """`rows` (a FROM item) with the columns that the office decides, as they stood at the end of `on`."""
        ledger = self.ledger(name)
        filled = {n: c.filled_from for n, c in ledger.columns.items() if c.filled_from is not None}
        if not filled:
            return rows
        joins, chosen = [], [f'b."{n}"' for n in self.columns(name)]
        for i, (n, f) in enumerate(filled.items()):
            assert f is not None
            on_keys = list(f.key.items())
            keys = ", ".join(f'"{k}"' for k in ("unit", *f.key.values()))
            condition = f" and ({to_sql(f.where, _plain)})" if f.where else ""
            latest = (f'(select d.* from (select x.*, row_number() over (partition by {keys} order by x."{f.latest}" desc, '
                      f'x.received desc, x.submission desc, x.row desc) as version from {self.source(f.ledger)} x '
                      f'where x."{f.latest}" <= {literal(on)}{condition}) d where d.version = 1)')
            match = " and ".join([f"d{i}.unit = b.unit", *(f'd{i}."{theirs}" = b."{ours}"' for ours, theirs in on_keys)])
            joins.append(f"left join {latest} d{i} on {match}")
            value = f'd{i}."{f.column}"'
            chosen.append(f'coalesce({value}, {literal(f.default)}) as "{n}"' if f.default else f'{value} as "{n}"')
        return f"(select {', '.join(chosen)} from {rows} b {' '.join(joins)})"

    def master(self, name: str) -> pa.Table | None:
        """A master workbook as known at `as_of`, or its first version when none was known yet; None when never received."""
        from sqlalchemy import select

        from jianbao.store.catalogue import submissions as t

        query = select(t.c.id).where(t.c.ledger == name, t.c.accepted)
        with self.store.engine.connect() as c:
            found = c.execute(query.where(t.c.received_at <= self.as_of)
                              .order_by(t.c.received_at.desc(), t.c.id.desc()).limit(1)).scalar()
            if found is None:
                found = c.execute(query.order_by(t.c.received_at, t.c.id).limit(1)).scalar()
        if found is None:
            return None
        listed = ", ".join(literal(path.as_posix()) for path in self.store.files(name))
        columns = ", ".join(f'"{n}"' for n in self.columns(name))
        return self.connection.sql(f"select {columns} from read_parquet([{listed}], union_by_name = true) "
                                   f"where submission = {found} order by row").to_arrow_table()

    def failed_corrections(self) -> list[str]:
        """Corrections whose `expect` no longer holds: they are not applied, and this says which."""
        failed = []
        for c in self.store.corrections:
            if c.on > self.as_of or not c.expect:
                continue
            n = self.connection.sql(f"select count(*) from {self.source_uncorrected(c.ledger)} r "
                                    f"where {_conditions(c, expect=True)}").fetchone()
            if not n or not n[0]:
                failed.append(f"{c.ledger}, {c.unit}, {c.match}: no row says {c.expect} any more ({c.reason})")
        return failed

    def source_uncorrected(self, name: str) -> str:
        kept, self.store.corrections = self.store.corrections, ()
        try:
            return self.source(name)
        finally:
            self.store.corrections = kept

    def _gone(self, name: str) -> str:
        """A table of the (submission, unit) pairs superseded by `as_of`; "" when there are none."""
        if name not in self._superseded:
            import pyarrow as pa
            from sqlalchemy import select

            from jianbao.store.catalogue import coverage as t

            with self.store.engine.connect() as c:
                rows = c.execute(select(t.c.submission, t.c.unit).where(
                    t.c.ledger == name, t.c.superseded_at <= self.as_of)).all()
            if rows:
                table = f"gone_{name}"
                self.connection.register(table, pa.table({
                    "submission": pa.array([r[0] for r in rows], pa.int64()),
                    "unit": pa.array([r[1] for r in rows], pa.string())}))
                self._superseded[name] = table
            else:
                self._superseded[name] = ""
        return self._superseded[name]

    def _corrected(self, name: str, column: str) -> str:
        value = f'r."{column}"'
        for c in self.store.corrections:
            if c.ledger == name and column in c.set and c.on <= self.as_of:
                kind = self.columns(name)[column]
                value = (f"case when {_conditions(c, expect=True)} then cast({literal(c.set[column])} as {kind}) "
                         f"else {value} end")
        return f'{value} as "{column}"'


def _plain(table: str, name: str) -> str:
    return f'"{name}"'


def _conditions(c: Correction, *, expect: bool) -> str:
    wanted = {"unit": c.unit, **c.match, **(c.expect if expect else {})}
    return " and ".join(f'r."{k}" is null' if v is None else f'cast(r."{k}" as varchar) = {literal(str(v))}'
                        for k, v in wanted.items())
