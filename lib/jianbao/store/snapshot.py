"""Rows as they were known at one moment, as SQL over Parquet. Imports definitions, errors.

Engines read the same files; only `connection` is DuckDB. Sources are SQL text, so that a query can be compiled for
another engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
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
    """What was known at `as_of`. A DuckDB connection of its own; close it by dropping the snapshot."""

    def __init__(self, store: Store, as_of: datetime) -> None:
        self.store, self.as_of = store, as_of
        self._superseded: dict[str, str] = {}
        self._sources: dict[str, str] = {}

    @cached_property
    def connection(self) -> Any:
        return self.store.database.cursor()     # its own tables; a database of its own would cost some milliseconds more

    def ledger(self, name: str) -> Ledger:
        return self.store.ledgers[name]

    def columns(self, name: str) -> dict[str, str]:
        """Every stored column of a ledger with its SQL type."""
        ledger = self.ledger(name)
        own = {n: SQL_TYPES[c.type] for n, c in ledger.typed.items()}
        return SYSTEM | {n: t for n, t in own.items() if n not in SYSTEM}

    def source(self, name: str) -> str:
        """The rows that count: received by `as_of`, not superseded by then, corrections applied. A FROM item."""
        if name not in self._sources:
            self._sources[name] = self._source(name, self.store.corrections)
        return self._sources[name]

    def _source(self, name: str, corrections: Iterable[Correction]) -> str:
        files = self.store.files(name)
        columns = self.columns(name)
        if not files:
            nulls = ", ".join(f'cast(null as {t}) as "{n}"' for n, t in columns.items())
            return f"(select {nulls} where 1 = 0)"
        listed = ", ".join(literal(path.as_posix()) for path in files)
        mine = [c for c in corrections if c.ledger == name and c.on <= self.as_of]
        stored = self._stored(name, files)
        chosen = ", ".join(self._corrected(name, n, mine) if n in stored else f'cast(null as {t}) as "{n}"'
                           for n, t in columns.items())
        where = [f"r.received <= {literal(self.as_of)}"]
        if (gone := self._gone(name)):
            whole = self.ledger(name).by_office
            where.append(f"not exists (select 1 from {gone} g where g.submission = r.submission"
                         f"{'' if whole else ' and g.unit = r.unit'})")
        return (f"(select {chosen} from read_parquet([{listed}], union_by_name = true) r "
                f"where {' and '.join(where)})")

    def state(self, name: str, on: date) -> str:
        """The last version of each key filed for a period that ended by `on`: the state at the end of that day.

        Of counts with a day of their own, the one of the last day up to `on`, whenever it was filed.
        """
        columns = ", ".join(f's."{n}"' for n in self.columns(name))
        return f"(select {columns} from {self.states(name, [on])} s)"

    def decided(self, name: str, rows: str, on: date) -> str:
        """`rows` (a FROM item) with the columns that the office decides, as they stood at the end of `on`."""
        filled = [n for n, c in self.ledger(name).columns.items() if c.filled_from is not None]
        if not filled:
            return rows
        columns = ", ".join(f's."{n}"' for n in (*self.columns(name), *filled))
        return f"(select {columns} from {self.decisions(name, self.on_days(rows, [on]), [on], filled)} s)"

    # The same for several days in one pass: a column `asked_on` says for which of them a row stands

    def on_days(self, rows: str, days: Sequence[date]) -> str:
        """`rows` once for each day."""
        return f"(select s.*, a.asked_on from {rows} s cross join {_asked(days)} a)"

    def states(self, name: str, days: Sequence[date]) -> str:
        """`state` at the end of each of `days`. A version holds from its own day until the next version's."""
        ledger = self.ledger(name)
        keys = ", ".join(f'r."{k}"' for k in ("unit", *(k for k in ledger.key if not (ledger.by_day and k == ledger.date))))
        day, first = ("r.date", "r.date, ") if ledger.by_day else ("r.filed", "")
        columns = ", ".join(f'v."{n}"' for n in self.columns(name))
        versions = (f"(select r.*, {day} as holds_from, lead({day}) over (partition by {keys} "
                    f"order by {first}r.filed, r.received, r.submission, r.row) as holds_until "
                    f"from {self.source(name)} r where {day} <= {literal(max(days))})")
        return f"(select {columns}, a.asked_on from {versions} v join {_asked(days)} a on {_holds('v', 'a')})"

    def decisions(self, name: str, rows: str, days: Sequence[date], wanted: Iterable[str]) -> str:
        """`rows` (with `asked_on`) and those of the columns the office decides that are `wanted`."""
        found: dict[tuple[Any, ...], str] = {}
        joins, chosen = [], [f'b."{n}"' for n in (*self.columns(name), "asked_on")]
        columns = self.ledger(name).columns
        for n in sorted(set(wanted), key=list(columns).index):
            f = columns[n].filled_from
            assert f is not None
            same = (f.ledger, f.latest, f.where, *f.key.items())
            if same not in found:
                d = found[same] = f"d{len(found)}"
                keys = ", ".join(f'x."{k}"' for k in ("unit", *f.key.values()))
                condition = f" and ({to_sql(f.where, _plain)})" if f.where else ""
                decided = (f'(select x.*, x."{f.latest}" as holds_from, lead(x."{f.latest}") over (partition by {keys} '
                           f'order by x."{f.latest}", x.received, x.submission, x.row) as holds_until '
                           f'from {self.source(f.ledger)} x where x."{f.latest}" <= {literal(max(days))}{condition})')
                match = [f"{d}.unit = b.unit", *(f'{d}."{theirs}" = b."{ours}"' for ours, theirs in f.key.items())]
                joins.append(f" left join {decided} {d} on {' and '.join(match)} and {_holds(d, 'b')}")
            value = f'{found[same]}."{f.column}"'
            chosen.append(f'coalesce({value}, {literal(f.default)}) as "{n}"' if f.default else f'{value} as "{n}"')
        return f"(select {', '.join(chosen)} from {rows} b{''.join(joins)})"

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
        if not (files := self.store.files(name)):       # received, and no row in any version
            return self.connection.sql(f"select * from {self.source(name)}").to_arrow_table()
        listed = ", ".join(literal(path.as_posix()) for path in files)
        stored = self._stored(name, files)
        columns = ", ".join(f'"{n}"' if n in stored else f'cast(null as {t}) as "{n}"' for n, t in self.columns(name).items())
        return self.connection.sql(f"select {columns} from read_parquet([{listed}], union_by_name = true) "
                                   f"where submission = {found} order by row").to_arrow_table()

    def _stored(self, name: str, files: Sequence[Path]) -> frozenset[str]:
        """The columns that stand in a ledger's files: not those its definition was given since the last was filed."""
        import pyarrow.parquet as pq

        stored = set[str]()
        for path in reversed(files):        # the last one will mostly have them all
            stored |= set(pq.read_schema(path).names)
            if stored >= self.columns(name).keys():
                break
        return frozenset(stored)

    def failed_corrections(self) -> list[str]:
        """Corrections whose `expect` no longer holds: they are not applied, and this says which."""
        failed = []
        for c in self.store.corrections:
            if c.on > self.as_of or not c.expect:
                continue
            n = self.connection.sql(f"select count(*) from {self._source(c.ledger, ())} r "
                                    f"where {self._conditions(c)}").fetchall()
            if not n[0][0]:
                failed.append(f"{c.ledger}, {c.unit}, {c.match}: no row says {c.expect} any more ({c.reason})")
        return failed

    def corrected_by(self, c: Correction) -> list[dict[str, Any]]:
        """The rows that a correction changes, as they stood before it: what was corrected earlier is."""
        before = [o for o in self.store.corrections if o.ledger == c.ledger and o.on < c.on]
        rows: list[dict[str, Any]] = self.connection.sql(f"select r.* from {self._source(c.ledger, before)} r "
                                                         f"where {self._conditions(c)}").to_arrow_table().to_pylist()
        return rows

    def _gone(self, name: str) -> str:
        """A table of the (submission, unit) pairs superseded by `as_of`; "" when there are none."""
        if name not in self._superseded:
            import pyarrow as pa
            from sqlalchemy import select

            from jianbao.store.arrays import array
            from jianbao.store.catalogue import coverage as t

            with self.store.engine.connect() as c:
                rows = c.execute(select(t.c.submission, t.c.unit).where(
                    t.c.ledger == name, t.c.superseded_at <= self.as_of)).all()
            if rows:
                table = f"gone_{name}"
                self.connection.register(table, pa.table({
                    "submission": array([r[0] for r in rows], pa.int64()),
                    "unit": array([r[1] for r in rows], pa.string())}))
                self._superseded[name] = table
            else:
                self._superseded[name] = ""
        return self._superseded[name]

    def _corrected(self, name: str, column: str, corrections: Iterable[Correction]) -> str:
        value = f'r."{column}"'
        for c in corrections:
            # A corrected day moves the event: `date` is its copy, the filing's last day where it is empty.
            said = self.ledger(name).date if column == "date" and "date" not in c.set else column
            if said in c.set:
                new = f"cast({literal(c.set[said])} as {self.columns(name)[column]})"
                new = f"coalesce({new}, r.filed)" if said != column else new
                value = f"case when {self._conditions(c)} then {new} else {value} end"
        return f'{value} as "{column}"'

    def _conditions(self, c: Correction) -> str:
        # Compared in the column's own type: 2 is 2.0, and 2023-10-08 a day.
        kinds = self.columns(c.ledger)
        wanted = {"unit": c.unit, **c.match, **c.expect}
        return " and ".join(f'r."{k}" is null' if v is None else f'r."{k}" = cast({literal(v)} as {kinds[k]})'
                            for k, v in wanted.items())


def _asked(days: Iterable[date]) -> str:
    return "(" + " union all ".join(f"select {literal(day)} as asked_on" for day in days) + ")"


def _holds(version: str, rows: str) -> str:
    """A version holds at the end of the day asked: it was there by then, and the next one was not."""
    return (f"{version}.holds_from <= {rows}.asked_on "
            f"and ({version}.holds_until is null or {version}.holds_until > {rows}.asked_on)")


def _plain(table: str, name: str) -> str:
    return f'"{name}"'

