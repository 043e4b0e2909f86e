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

from jianbao.definitions.correction import Correction
from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.system import AMENDMENTS, amendment
from jianbao.store.corrected import Corrected, Edit, Standing
from jianbao.store.renewing import Renewing
from jianbao.store.superseding import gone

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

    def __init__(self, store: Store, as_of: datetime, last: int) -> None:
        self.store, self.as_of = store, as_of
        self.last = last        # the last submission on file when this was opened; later ones are not seen, however dated
        self._superseded: dict[str, str] = {}
        self._sources: dict[str, str] = {}
        self._corrected: dict[str, Corrected | None] = {}

    @cached_property
    def connection(self) -> Any:
        # A cursor has its own tables; a database of its own would cost some milliseconds more.
        return Renewing(self.store.database.cursor(), self.store.files)

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
            corrected = self.corrected(name)
            self._sources[name] = self.filed(name) if corrected is None else corrected.source()
        return self._sources[name]

    def filed(self, name: str) -> str:
        """The same as the units filed them, before any correction."""
        gone = self._gone(name)
        if not gone:
            return self.everything(name)
        whole = self.ledger(name).by_office
        # Not `not exists`: DuckDB would read all rows before it looks at what is asked.
        return (f"(select r.* from {self.everything(name)} r left join {gone} g on g.submission = r.submission"
                f"{'' if whole else ' and g.unit = r.unit'} where g.submission is null)")

    def everything(self, name: str) -> str:
        """Every row received by `as_of`, superseded or not. A FROM item."""
        files = self.store.files(name)
        columns = self.columns(name)
        if not files:
            nulls = ", ".join(f'cast(null as {t}) as "{n}"' for n, t in columns.items())
            return f"(select {nulls} where 1 = 0)"
        listed = ", ".join(literal(path.as_posix()) for path in files)
        stored = self._stored(name, files)
        chosen = ", ".join(f'r."{n}"' if n in stored else f'cast(null as {t}) as "{n}"' for n, t in columns.items())
        return (f"(select {chosen} from read_parquet([{listed}], union_by_name = true) r "
                f"where r.received <= {literal(self.as_of)} and r.submission <= {self.last})")

    # Corrections

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """All that were made by `as_of`, declared or filed, in order."""
        made = [c for c in self.store.corrections if c.on <= self.as_of]
        return tuple(sorted([*made, *self._amended()], key=lambda c: c.on))

    def corrected(self, name: str) -> Corrected | None:
        """The corrections of a ledger, applied; None when there are none."""
        if name not in self._corrected:
            mine = [c for c in self.corrections if c.ledger == name] if self.ledger(name).is_filed else []
            self._corrected[name] = Corrected(self, name, self.filed(name), mine) if mine else None
        return self._corrected[name]

    def standings(self) -> list[Standing]:
        """What became of every correction, in the order in which they were made."""
        names = dict.fromkeys(c.ledger for c in self.corrections)
        found = [s for name in names if (made := self.corrected(name)) is not None for s in made.standings()]
        return sorted(found, key=lambda s: s.correction.on)

    def edits(self, name: str) -> dict[tuple[int, int, str], list[Edit]]:
        """(submission, row, unit) → the changes made to it, in order."""
        found: dict[tuple[int, int, str], list[Edit]] = {}
        for edit in made.edits if (made := self.corrected(name)) is not None else ():
            found.setdefault(edit.place, []).append(edit)
        return found

    def failed_corrections(self) -> list[str]:
        """Corrections that do not fit the rows any more: they are not applied, and this says which."""
        return [f"{c.ledger}, {c.unit}, {c.match or c.where}: " +
                (f"{s.found} rows, not {c.rows}" if s.found else f"no row says {dict(c.expected)} any more" if c.expected
                 else "no such row any more") + f" ({c.reason})"
                for s in self.standings() if s.state == "已失效" for c in [s.correction]]

    def _amended(self) -> list[Correction]:
        """Corrections that units filed, as the rows of their 更正单 say them."""
        if AMENDMENTS.name not in self.store.ledgers or not self.store.files(AMENDMENTS.name):
            return []
        rows = self.connection.sql(f"select r.* from {self.everything(AMENDMENTS.name)} r order by r.received, r.submission, r.row"
                                   ).to_arrow_table().to_pylist()
        return [amendment(r) for r in rows]

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

        query = select(t.c.id).where(t.c.ledger == name, t.c.accepted, t.c.id <= self.last)
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

    def _gone(self, name: str) -> str:
        """A table of the (submission, unit) pairs superseded by `as_of`; "" when there are none."""
        if name not in self._superseded:
            import pyarrow as pa

            from jianbao.store.arrays import array
            from jianbao.store.catalogue import one_state

            with one_state(self.store.engine) as c:
                rows = gone(c, name, self.as_of, self.last)
            if rows:
                table = f"gone_{name}"
                self.connection.register(table, pa.table({
                    "submission": array([r[0] for r in rows], pa.int64()),
                    "unit": array([r[1] for r in rows], pa.string())}))
                self._superseded[name] = table
            else:
                self._superseded[name] = ""
        return self._superseded[name]


def _asked(days: Iterable[date]) -> str:
    return "(" + " union all ".join(f"select {literal(day)} as asked_on" for day in days) + ")"


def _holds(version: str, rows: str) -> str:
    """A version holds at the end of the day asked: it was there by then, and the next one was not."""
    return (f"{version}.holds_from <= {rows}.asked_on "
            f"and ({version}.holds_until is null or {version}.holds_until > {rows}.asked_on)")


def _plain(table: str, name: str) -> str:
    return f'"{name}"'

