"""A declared change of filed rows: of one row, of many at once, or a row taken out. Imports ledger, expressions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator

from jianbao.definitions import expressions
from jianbao.definitions.ledger import Ledger, Strict
from jianbao.errors import unknown

Said = str | int | float | None
EVERY_UNIT = "*"
ROWS = "rows"           # in `expect`: how many rows the declaration must hit


class Correction(Strict):
    """`match` or `where` says which rows; `set` what they say from then on, or `withdraw` takes them out. Without what it
    expects, it is not applied and told."""

    ledger: str
    unit: Annotated[str, Field(description="a unit's code; * for the rows of all units, with where")]
    match: Annotated[dict[str, str | int | float], Field(
        description="columns and what they say; period and row find a row of a ledger without key")] = Field(default_factory=dict)
    where: Annotated[str | None, Field(description="an expression over the ledger's columns, instead of match")] = None
    set: dict[str, Said] = Field(default_factory=dict)
    withdraw: Annotated[bool, Field(description="the rows do not count any more: filed by mistake")] = False
    expect: Annotated[dict[str, Said], Field(
        description="what the rows say so far; rows: the number of rows that must be hit")] = Field(default_factory=dict)
    reason: str
    who: Annotated[str, Field(description="who said so: a post or an office, no person's name")]
    taker: Annotated[str, Field(description="who took it down: a post or an office")] = ""
    on: datetime
    status: Literal["确认", "待书面"] = "确认"

    @model_validator(mode="after")
    def _fits(self) -> Correction:
        if bool(self.match) == bool(self.where):
            raise ValueError("say which rows by match: {column: value} or by where: an expression, one of the two.")
        if self.withdraw == bool(self.set):
            raise ValueError("say what the rows become by set: {column: value}, or withdraw: true, one of the two.")
        if self.unit == EVERY_UNIT and ROWS not in self.expect:
            raise ValueError("a correction of all units says how many rows it hits: expect: {rows: 12}.")
        return self

    @property
    def rows(self) -> int | None:
        """How many rows it must hit; None: any."""
        n = self.expect.get(ROWS)
        return None if n is None else int(n)

    @property
    def expected(self) -> Mapping[str, Said]:
        """What the rows' columns must say."""
        return {name: value for name, value in self.expect.items() if name != ROWS}


class Amendment(Correction):
    """One that a unit filed as a line of 更正单: a paper, from the moment it was received."""


def wrong_in_correction(c: Correction, ledgers: Mapping[str, Ledger]) -> list[str]:
    """Columns it names that are not there, values that do not fit theirs, and expressions that cannot be read."""
    if c.ledger not in ledgers or not ledgers[c.ledger].is_filed:
        return [str(unknown("ledger", c.ledger, [n for n, x in ledgers.items() if x.is_filed]))]
    ledger = ledgers[c.ledger]
    columns, problems = ledger.typed, []
    for said in ("match", "set", "expect"):
        for name, value in getattr(c, said).items():
            system = {"match": ("row", "period"), "expect": (ROWS,)}.get(said, ())
            if name not in columns and name not in system:
                problems.append(f"{said}: {unknown('column', name, columns)}")
            elif name in columns and not fits(value, columns[name].type):
                problems.append(f"{said}: {name} is of type {columns[name].type}, which {value!r} is not.")
            elif name in (*system, ROWS) and name != "period" and not fits(value, "int"):
                problems.append(f"{said}: {name} is a number of rows, which {value!r} is not.")
            elif said == "set" and (codes := columns[name].codes) and columns[name].type == "code" and value not in (None, *codes):
                problems.append(f"set: {unknown('code of ' + name, str(value), codes)}")
    if c.where:
        try:
            expressions.check(c.where, [*columns, "period", "row", "date"], what=f"ledger {c.ledger}", codes=ledger.codes)
            if used := [n for _, n in expressions.columns_of(c.where) if n in expressions.MOMENTS]:
                problems.append(f"where: {used[0]} depends on the period asked; a correction holds for all. Write the day.")
        except expressions.BadExpression as e:
            problems.append(f"where: {e}")
    return problems


def fits(value: Said, kind: str) -> bool:
    """Whether a value of a definition can stand in a column of this type."""
    if value is None or kind in ("str", "code", "unit"):
        return True
    try:
        match kind:
            case "int":
                return float(value) == int(float(value))
            case "num" | "percent":
                return isinstance(float(value), float)
            case "date" | "datetime":
                return bool(datetime.fromisoformat(str(value)))
            case "list":
                return str(value).startswith("[") and str(value).endswith("]")
    except ValueError:
        return False
    return kind == "bool" and value in (0, 1)
