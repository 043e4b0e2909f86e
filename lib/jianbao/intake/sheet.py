"""What a sheet is once it is read, and how its columns are known. Imports cells, definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import shown, squash

UNIT_TITLES = ("单位", "单位名称", "所属单位", "被审单位", "单位编码")
SERIAL = frozenset(("序号", "NO", "NO.", "行号"))
SEARCHED_ROWS = 30  # how far down a header may stand


@dataclass(frozen=True)
class Header:
    """The row of column titles: `places` from the ledger's names ("unit" too) to sheet columns, 0-based."""

    row: int
    places: Mapping[str, int]
    unknown: Mapping[str, int] = field(default_factory=dict)  # titles that no column has
    twice: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """One ledger's rows as filed, by column. `rows` are Excel's row numbers; all lists are of one length."""

    ledger: Ledger
    name: str
    file: str
    filer: str
    period: Period | None  # None: a master workbook
    nil: bool
    rows: Sequence[int]
    values: Mapping[str, Sequence[Any]]  # the ledger's typed columns, None where empty or wrong
    units: Sequence[str | None]
    places: Mapping[str, int]
    header: int
    findings: tuple[Finding, ...] = ()

    def finding(
        self, severity: Any, rule: str, message: str, remedy: str, *, at: int | None = None, column: str = "", value: Any = None
    ) -> Finding:
        """A finding in this sheet; `at` is the position of the row among those read."""
        row = self.rows[at] if at is not None else None
        place = self.places.get(column)
        cell = f"{letters(place if place is not None else 0)}{row}" if row is not None else ""
        return Finding(
            severity,
            rule,
            message,
            remedy,
            file=self.file,
            sheet=self.name,
            cell=cell,
            row=row,
            column=column,
            value=shown(value),
            unit=(self.units[at] if at is not None else None) or self.filer,
            ledger=self.ledger.name,
            period=self.period.id if self.period else "",
        )

    def adding(self, findings: Sequence[Finding]) -> Sheet:
        return replace(self, findings=(*self.findings, *findings)) if findings else self

    def title(self, column: str) -> str:
        return self.ledger.columns[column].title if column in self.ledger.columns else UNIT_TITLES[0]


def letters(column: int) -> str:
    """0 → A, 26 → AA."""
    text = ""
    while column >= 0:
        text, column = chr(65 + column % 26) + text, column // 26 - 1
    return text


def titles(ledger: Ledger) -> dict[str, str]:
    """Every title and alias of the ledger's columns, squashed → column name; 单位 too, unless the ledger uses it."""
    index = {squash(said).upper(): name for name, c in ledger.columns.items() for said in (c.title, *c.aliases)}
    if ledger.kind != "master":
        for said in UNIT_TITLES:
            index.setdefault(said, "unit")
    return index


def header_of(row: Sequence[Any], index: Mapping[str, str], number: int) -> Header:
    """What `row` would be as the header of a ledger with these titles."""
    places: dict[str, int] = {}
    unknown: dict[str, int] = {}
    twice: dict[str, int] = {}
    for j, cell in enumerate(row):
        if cell.__class__ is not str or not cell or cell.startswith("←"):     # a column that explains, and is none
            continue
        said = squash(cell).upper().strip("*:")
        name = index.get(said) or index.get(re.sub(r"\([^()]*\)$", "", said).strip("*"))
        if name is None:
            if said and said not in SERIAL:
                unknown[cell.strip()] = j
        elif name in places:
            twice[cell.strip()] = j
        else:
            places[name] = j
    return Header(number, places, unknown, twice)
