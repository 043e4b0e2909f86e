"""Corrections on read: the rows they touch as they are afterwards, and what became of each. Imports definitions.

The touched rows are few. They are copied beside the files and changed one correction after the other, in the order in which
they were made, so that a later one may correct an earlier one. The files are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from jianbao.definitions.correction import EVERY_UNIT, Amendment, Correction
from jianbao.definitions.expressions import literal, to_sql

if TYPE_CHECKING:
    from jianbao.store.snapshot import Snapshot

# 生效 holds · 待书面 holds, and the unit's own file does not say so yet · 已书面 the file says it too · 已失效 not applied
State = Literal["生效", "待书面", "已书面", "已失效"]


@dataclass(frozen=True)
class Edit:
    """One row that a correction changed, as it stood before it."""

    correction: Correction
    before: Mapping[str, Any]

    @property
    def changes(self) -> bool:
        """False for a paper that says what the row says already."""
        return self.correction.withdraw or self.correction.set != self.correction.expected

    @property
    def place(self) -> tuple[int, int, str]:
        return self.before["submission"], self.before["row"], self.before["unit"]


@dataclass(frozen=True)
class Standing:
    """What became of a correction. `found` are the rows it would have hit; fewer are `edits` only when it was not applied."""

    correction: Correction
    state: State
    edits: tuple[Edit, ...]
    found: int


class Corrected:
    """The corrections of one ledger as known at a snapshot, applied when this is made."""

    def __init__(self, snapshot: Snapshot, name: str, raw: str, corrections: Sequence[Correction]) -> None:
        self.snapshot, self.name, self.raw, self.corrections = snapshot, name, raw, tuple(corrections)
        self.table = f"corrected_{name}"
        self.kinds = snapshot.columns(name)
        self.edits: list[Edit] = []
        self.found: list[int] = []
        self._apply()

    def source(self) -> str:
        """The rows with all corrections applied. A FROM item."""
        if not self.touched:
            return self.raw
        columns = ", ".join(f'r."{n}"' for n in self.kinds)
        same = "k.submission = r.submission and k.row = r.row and k.unit = r.unit"
        return (f"(select {columns} from {self.raw} r left join {self.table}_keys k on {same} where k.submission is null "
                f"union all select {columns} from {self.table} r)")

    def standings(self) -> list[Standing]:
        """What became of each, in the order in which they were made."""
        by_correction: dict[int, list[Edit]] = {}
        for e in self.edits:
            by_correction.setdefault(id(e.correction), []).append(e)
        return [Standing(c, self._state(c, edits), tuple(edits), found) for c, found in zip(self.corrections, self.found, strict=True)
                for edits in [by_correction.get(id(c), [])]]

    # Applying

    def _apply(self) -> None:
        run = self._run
        run(f"create or replace temp table {self.table} as select r.* from {self.raw} r {self._touched()}")
        run(f"create or replace temp table {self.table}_keys as select submission, row, unit from {self.table}")
        touched = self.snapshot.connection.sql(f"select * from {self.table} order by submission, row, unit").to_arrow_table()
        rows: list[dict[str, Any]] = touched.to_pylist()
        self.touched = bool(rows)
        by_unit: dict[str, list[int]] = {}
        for n, row in enumerate(rows):
            by_unit.setdefault(row["unit"], []).append(n)
        gone: set[int] = set()
        for c in self.corrections:
            mine = range(len(rows)) if c.unit == EVERY_UNIT else by_unit.get(c.unit, [])
            if c.where:
                matching = self._where(c.where, rows, touched.schema)
                mine = [n for n in mine if n in matching]
            wanted = {k: self._typed(k, v) for k, v in {**c.match, **c.expected}.items()}
            hit = [n for n in mine if n not in gone and all(rows[n][k] == v for k, v in wanted.items())]
            self.found.append(len(hit))
            if c.rows is not None and c.rows != len(hit):
                continue
            self.edits += [Edit(c, rows[n]) for n in hit]
            if c.withdraw:
                gone |= set(hit)
            for n in hit:
                rows[n] = {**rows[n], **self._changes(c, rows[n])}
        if self.touched:
            kept = [row for n, row in enumerate(rows) if n not in gone]
            self.snapshot.connection.register(f"{self.table}_now", type(touched).from_pylist(kept, touched.schema))
            run(f"create or replace temp table {self.table} as select * from {self.table}_now")
            self.snapshot.connection.unregister(f"{self.table}_now")

    def _changes(self, c: Correction, row: Mapping[str, Any]) -> dict[str, Any]:
        changes = {n: self._typed(n, v) for n, v in c.set.items()}
        # A corrected day moves the event: `date` is its copy, the filing's last day where it is empty.
        day = self.snapshot.ledger(self.name).date
        if day in changes:
            at = changes[day]
            changes["date"] = row["filed"] if at is None else at.date() if isinstance(at, datetime) else at
        return changes

    def _touched(self) -> str:
        """SQL after the rows, `r`: only those that any correction may mean. What is named alike is looked up together."""
        named: dict[tuple[str, ...], set[str]] = {}
        wheres = []
        for c in self.corrections:
            said = {**({} if c.unit == EVERY_UNIT else {"unit": c.unit}), **c.match}
            if c.where:
                wheres.append(f"(coalesce({to_sql(c.where, _own)}, false) and {self._says(said)})")
            else:
                line = ", ".join(f"cast({literal(v)} as {self.kinds[k]})" for k, v in said.items())
                named.setdefault(tuple(said), set()).add(f"({line})")
        for keys, values in named.items():
            columns = ", ".join(f'"{k}"' for k in keys)
            mine = ", ".join(f'r."{k}"' for k in keys)
            wheres.append(f"({mine}) in (select ({columns}) from (values {', '.join(sorted(values))}) v({columns}))")
        return f"where {' or '.join(wheres)}"

    def _where(self, text: str, rows: Sequence[Mapping[str, Any]], schema: Any) -> set[int]:
        """The positions of the rows, as they are by now, for which an expression is true."""
        import pyarrow as pa

        table = pa.Table.from_pylist(list(rows), schema).append_column("n·", pa.array(range(len(rows)), pa.int64()))
        self.snapshot.connection.register("rows·", table)
        found = self._run(f'select "n·" from "rows·" r where {to_sql(text, _own)}')
        self.snapshot.connection.unregister("rows·")
        return {n for (n,) in found}

    def _typed(self, name: str, value: Any) -> Any:
        """A value of a definition in the column's own type: 2 is 2.0, and 2023-10-08 a day."""
        if value is None:
            return None
        match self.kinds[name]:
            case "bigint" | "integer":
                return int(float(value))
            case "double":
                return float(value)
            case "date":
                return datetime.fromisoformat(str(value)).date()
            case "timestamp":
                return datetime.fromisoformat(str(value))
            case "boolean":
                return str(value).lower() in ("1", "true")
            case "varchar[]":
                return [part.strip() for part in str(value).strip("[]").split(",") if part.strip()]
        return str(value)

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.snapshot.connection.execute(sql).fetchall()
        return found

    def _says(self, wanted: Mapping[str, Any]) -> str:
        return " and ".join(f'r."{k}" is null' if v is None else f'coalesce(r."{k}" = cast({literal(v)} as {self.kinds[k]}), false)'
                            for k, v in wanted.items()) or "true"

    # What became of them

    def _state(self, c: Correction, edits: Sequence[Edit]) -> State:
        applied = bool(edits)
        if applied and c.status == "确认":
            return "生效"
        places = {e.place for e in edits}
        papers = [e.correction for e in self.edits if isinstance(e.correction, Amendment) and e.place in places and e.correction.on > c.on]
        if applied and all(any(name in p.set and p.set[name] == _text(value) for p in papers) for name, value in c.set.items()) and c.set:
            return "已书面"
        if c.where is None and self._written(c, since=applied):
            return "已书面"
        return "待书面" if applied else "已失效"

    def _written(self, c: Correction, *, since: bool) -> bool:
        """Whether the unit's own file says what the correction says; `since`: the last one, filed after it was made."""
        # A row may stand elsewhere in the file that was filed again: its other cells tell it.
        same: dict[str, Any] = {k: v for k, v in c.match.items() if k != "row"}
        if "row" in c.match:
            same |= {k: v for k, v in c.expected.items() if k not in c.set}
        unit = {"unit": c.unit}
        run = self._run
        if c.withdraw:
            wanted = self._says({**unit, **same, **c.expected})
            if run(f"select count(*) from {self.raw} r where {wanted}")[0][0]:
                return False
            return bool(run(f"select count(*) from {self.snapshot.everything(self.name)} r where {wanted}")[0][0])
        last = run(f"select r.received, {self._says(c.set)} as agrees from {self.raw} r where {self._says({**unit, **same})} "
                   f"order by r.filed desc, r.received desc, agrees desc limit 1")
        return bool(last) and bool(last[0][1]) and (not since or last[0][0] > c.on)


def _text(value: Any) -> str | None:
    """A value of a declaration as the lines of 更正单 are stored."""
    return None if value is None else str(value)


def _own(_: str, name: str) -> str:
    return f'r."{name}"'
