"""What a sheet is once it is read. Imports headers, cells, definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import shown
from jianbao.intake.headers import UNIT_TITLES

MAX_SAID = 1000  # cells of a column with the same mistake that are told of one by one


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
    guesses: tuple[str, ...] = ()  # what had to be guessed to read it

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
            key=self.key(at) if at is not None else "",
        )

    def key(self, at: int) -> str:
        """What a row is told by in its ledger; "" when the ledger has no key, or the row does not say it."""
        said = [shown(self.values[k][at]) for k in self.ledger.key if k in self.values]
        return "·".join(said) if len(said) == len(self.ledger.key) and all(said) else ""

    def keyed(self) -> Sheet:
        """With the key of its row in every finding that has one."""
        if not self.ledger.key or not self.findings:
            return self
        at = {row: k for k, row in enumerate(self.rows)}
        return replace(self, findings=tuple(
            f if f.key or f.row not in at else replace(f, key=self.key(at[f.row])) for f in self.findings))

    def many(self, said: Iterable[Finding]) -> Iterator[Finding]:
        """The first of what is said of one column and mistake, and how many more there are: it is one mistake, repeated."""
        said = iter(said)
        first = list(islice(said, MAX_SAID))
        yield from first
        if more := sum(1 for _ in said):
            yield self.as_often(first[-1], more)

    def bounded(self, said: Sequence[Finding]) -> Iterator[Finding]:
        """The same of findings of several kinds."""
        if len(said) <= MAX_SAID:
            yield from said
            return
        kinds: dict[tuple[str, str], list[Finding]] = {}
        for f in said:
            kinds.setdefault((f.rule, f.column), []).append(f)
        for alike in kinds.values():
            yield from alike if len(alike) <= MAX_SAID + 1 else self.many(alike)  # one may be the last word of many

    def as_often(self, said: Finding, more: int) -> Finding:
        """In the place of `more` findings like this one."""
        where = f"“{self.title(said.column)}”" if said.column else ""
        return replace(
            said,
            message=f"{where}还有 {more} 行也是这样（{said.message.rstrip('。')}），没有逐一列出。",
            remedy=f"请把整列改正。{said.remedy}",
            cell=f"{letters(self.places.get(said.column, 0))}{self.header}",
            row=self.header,
            value="",
            key="",
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
