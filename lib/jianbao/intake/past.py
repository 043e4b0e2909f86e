"""What had been filed before, beside the sheets of a batch. Imports sheet, store, definitions.

Rows of the store that count now, less those that accepted sheets of the batch replace, and with the rows of these. So two
periods of a unit see each other in one batch, in whatever order the files came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jianbao.definitions.expressions import literal
from jianbao.definitions.ledger import Ledger
from jianbao.intake.sheet import Sheet
from jianbao.store import Store
from jianbao.store.arrays import array

if TYPE_CHECKING:
    import pyarrow as pa

SHEET, STARTS, ENDS, AT = "sheet·", "starts·", "ends·", "i·"  # columns of the batch that no ledger can have
FEW = 40  # units named in the query; more are joined
OWN = frozenset(("unit", "row", "date"))


@dataclass(frozen=True)
class Group:
    """The sheets of one ledger in a batch; `table` has their rows, SHEET says of which, by position in `sheets`."""

    ledger: Ledger
    numbers: Sequence[int]  # where they stand in the batch
    sheets: Sequence[Sheet]
    ends: Sequence[date]
    units: Sequence[tuple[str, ...]]  # whom each covers
    table: pa.Table
    accepted: frozenset[int]  # positions

    @cached_property
    def everyone(self) -> set[str]:
        """Every unit that a sheet covers or a row names."""
        return {u for said in (*self.units, *(s.units for s in self.sheets)) for u in said if u is not None}

    @property
    def several_periods(self) -> bool:
        return len(set(self.ends)) > 1

    @cached_property
    def standing(self) -> list[tuple[int, str]]:
        """(position, unit) of what counts of the batch: the last accepted sheet for each period and unit. The office's
        sheets stand whole: unit is ""."""
        last: dict[tuple[date, str], int] = {}
        for i in sorted(self.accepted):
            for unit in ("",) if self.ledger.by_office else self.units[i]:
                last[self.ends[i], unit] = i
        return [(i, unit) for (_, unit), i in last.items()]


class Past:
    """See the module. Relations are temporary tables of `connection`, made when asked for."""

    def __init__(self, store: Store, connection: Any, groups: dict[str, Group]) -> None:
        self.store, self.connection, self.groups = store, connection, groups
        self._files: dict[str, bool] = {}
        self._masters: dict[str, str | None] = {}
        self._batches: dict[str, str] = {}
        self._made = 0

    @cached_property
    def snapshot(self) -> Any:
        return self.store.snapshot()

    def stored(self, ledger: str) -> bool:
        """Whether the store has any rows of it."""
        if ledger not in self._files:
            self._files[ledger] = bool(self.store.files(ledger))
        return self._files[ledger]

    def known(self, group: Group) -> bool:
        """Whether the group's units can have filed anything for another period."""
        return self.stored(group.ledger.name) or group.several_periods

    def master(self, name: str) -> str | None:
        """A table of the master ledger's rows as last received; None when there are none."""
        if name not in self._masters:
            found = self.snapshot.master(name)
            self._masters[name] = self.register(found, f"master·{name}") if found is not None else None
        return self._masters[name]

    def batch(self, group: Group) -> str:
        """A table of the rows of a group."""
        name = group.ledger.name
        if name not in self._batches:
            self._batches[name] = self.register(group.table, f"batch·{name}")
        return self._batches[name]

    def register(self, table: pa.Table, name: str = "") -> str:
        if not name:
            self._made += 1
            name = f"past·{self._made}"
        self.connection.register(name, table)
        return f'"{name}"'

    def among(self, units: Iterable[str]) -> str:
        """The condition, in the store, that `r` is of these units."""
        import pyarrow as pa

        named = sorted(set(units))
        if len(named) <= FEW:
            return f"r.unit in ({', '.join(map(literal, named)) or 'null'})"
        self.snapshot.connection.register("units·", pa.table({"unit": array(named, pa.string())}))
        return 'r.unit in (select unit from "units·")'

    def rows(
        self,
        ledger: Ledger,
        columns: Iterable[str],
        *,
        units: Iterable[str] | None,
        until: date,
        since: date | None = None,
        more: dict[str, str] | None = None,
        where: str = "true",
    ) -> str | None:
        """A table of unit, row, date, filed, period, sheet (-1: of the store) and `columns` of what was filed for periods
        that ended by `until`, and not before `since`; None when nothing was. `more` is name → SQL over the columns; `where`
        limits stored rows."""
        wanted = [c for c in dict.fromkeys(columns) if c not in OWN]
        parts = []
        if self.stored(ledger.name):
            recent = f"r.filed >= {literal(since)} and ({where})" if since else where
            parts.append(self._stored(ledger, wanted, units, until, more or {}, recent))
        group = self.groups.get(ledger.name)
        if group is not None and group.standing and group.table.num_rows:
            parts.append(self._filed(group, wanted, more or {}))
        if not parts:
            return None
        self._made += 1
        name = f'"past·{self._made}"'
        self.connection.execute(f"create temp table {name} as {' union all by name '.join(parts)}")
        return name

    def _stored(
        self, ledger: Ledger, columns: Sequence[str], units: Iterable[str] | None, until: date, more: dict[str, str], where: str
    ) -> str:
        conditions = [f"r.filed <= {literal(until)}", f"({where})"]
        if units is not None:
            conditions.append(self.among(units))
        chosen = "".join(f', r."{c}"' for c in columns) + "".join(f', {sql} as "{n}"' for n, sql in more.items())
        known = self.snapshot.connection.sql(
            f"select r.unit, r.row, r.date, r.filed, r.period{chosen} from {self.snapshot.source(ledger.name)} r "
            f"where {' and '.join(conditions)}"
        ).to_arrow_table()
        name, replaced = self.register(known), self._replaced(ledger)
        gone = f" where not exists (select 1 from {replaced[0]} c where {replaced[1]})" if replaced else ""
        return f'select k.*, -1 as "{SHEET}" from {name} k{gone}'

    def _replaced(self, ledger: Ledger) -> tuple[str, str] | None:
        """The table of what the batch replaces, and how its rows are told."""
        import pyarrow as pa

        group = self.groups.get(ledger.name)
        if group is None or not group.standing:
            return None
        pairs = group.standing
        table = pa.table(
            {"unit": array([u for _, u in pairs], pa.string()), "ends": array([group.ends[i] for i, _ in pairs], pa.date32())}
        )
        return self.register(table), "c.ends = k.filed" + ("" if ledger.by_office else " and c.unit = k.unit")

    def _filed(self, group: Group, columns: Sequence[str], more: dict[str, str]) -> str:
        import pyarrow as pa

        pairs = group.standing
        periods = [s.period.id if s.period else "" for s in group.sheets]
        stands = self.register(
            pa.table(
                {
                    "sheet": array([i for i, _ in pairs], pa.int32()),
                    "unit": array([u for _, u in pairs], pa.string()),
                    "period": array([periods[i] for i, _ in pairs], pa.string()),
                }
            )
        )
        batch = self.batch(group)
        chosen = "".join(f', r."{c}"' for c in columns) + "".join(f', {sql} as "{n}"' for n, sql in more.items())
        same = f'c.sheet = r."{SHEET}"' + ("" if group.ledger.by_office else " and c.unit = r.unit")
        return (
            f'select r.unit, r.row, r.date, r."{ENDS}" as filed, c.period{chosen}, r."{SHEET}" '
            f"from {batch} r join {stands} c on {same}"
        )

