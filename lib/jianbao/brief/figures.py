"""The figures a brief has printed, each with what it rests on. Imports parts, printing, numbers, workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jianbao.brief.parts import Figure, Run, SourceRow, Sources
from jianbao.brief.printing import ROUNDING_NOTES, cell, formula, is_missing
from jianbao.definitions.catalogue import IN_PERIOD, TO_DATE
from jianbao.definitions.counted import counted
from jianbao.definitions.period import long_date
from jianbao.numbers.cube import Cube
from jianbao.numbers.facts import Found
from jianbao.numbers.readings import Reading

ROWS_INLINE = 50


class Figures:
    """Remembers every printed number under an id, in order of first use; the same number keeps its id."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[str, Reading, str, str]] = {}
        self._facts: dict[tuple[str, str], tuple[str, Found]] = {}
        self._counts: dict[tuple[str, ...], Figure] = {}

    def __len__(self) -> int:
        return len(self._found) + len(self._facts) + len(self._counts)

    def add(self, reading: Reading, printed: str, derived: str = "") -> str:
        key = (reading.indicator.id, reading.unit.code, reading.period.id, reading.form, reading.scope, derived, printed)
        if key not in self._found:
            self._found[key] = (f"f{len(self) + 1}", reading, printed, derived)
        return self._found[key][0]

    def add_fact(self, found: Found, printed: str) -> str:
        """Remembers a word that was taken from rows; its id."""
        return self._facts.setdefault((found.name, printed), (f"f{len(self) + 1}", found))[0]

    def add_count(self, title: str, count: int, measure: str, definition: str, *, period: str, as_of: str,
                  source: str = "报送登记（系统）") -> Run:
        """A number of the filing register or the store's log, or of rows listed beside it, bound to what it means."""
        printed = f"{count}{measure}"
        found = self._counts.setdefault((title, printed, definition), Figure(
            id=f"f{len(self) + 1}", printed=printed, indicator="", code="", title=title, measure=measure, unit="", unit_name="",
            scope="", period=period, form="", as_of=as_of, value=float(count), numerator=None, denominator=None, n_rows=0,
            definition=definition, source=source))
        return Run(printed, found.id)

    def readings(self) -> list[tuple[str, Reading, str, str]]:
        """(id, reading, printed, derived) of everything printed."""
        return list(self._found.values())

    def frames(self) -> Iterator[tuple[str, Any, Cube]]:
        """(id, all its ledger rows, cube) of every reading and fact printed, by the id of its first figure; earlier periods
        first, so that the last a row is seen is its latest state."""
        seen: set[tuple[str, ...]] = set()
        for id_, r, _, _ in sorted(self._found.values(), key=lambda found: found[1].period.ends):
            key = (r.indicator.id, r.unit.code, r.period.id, r.form, r.scope)
            if key not in seen and r.n_rows:
                yield id_, r.rows(), r.cube
            seen.add(key)
        for id_, found in self._facts.values():
            yield id_, found.rows(), found.cube

    def sources(self, closing: str, *, rounding: str, rows: int = ROWS_INLINE) -> Sources:
        """The notes behind every figure, and the definitions of what was printed.

        The first figure of a reading carries its rows; those derived from it rest on the same.
        """
        seen: set[tuple[str, ...]] = set()
        notes = []
        for id_, r, printed, derived in self._found.values():
            key = (r.indicator.id, r.unit.code, r.period.id, r.form, r.scope)
            notes.append(_figure(id_, r, printed, derived, () if key in seen else source_rows(r, rows)))
            seen.add(key)
        notes += [_fact(id_, found, printed, rows) for (_, printed), (id_, found) in self._facts.items()]
        notes += self._counts.values()
        notes.sort(key=lambda note: int(note.id[1:]))
        indicators = {r.indicator.id: r.indicator for _, r, _, _ in self._found.values()}
        return Sources(closing=closing, figures=tuple(notes), rounding=ROUNDING_NOTES[rounding],
                       definitions=tuple((f"{i.title.zh}（{i.code}）", i.definition)
                                         for i in sorted(indicators.values(), key=lambda i: i.code)),
                       counted=tuple((id_, said) for id_, said in sorted(self._counted().items())))

    def _counted(self) -> dict[str, str]:
        """Indicator → how it is counted, so that a later issue can tell a figure redefined from one revised."""
        return {r.indicator.id: json.dumps(counted(r.indicator.id, r.cube.definitions), ensure_ascii=False)
                for _, r, _, _ in self._found.values()}


def source_rows(reading: Reading, limit: int = ROWS_INLINE) -> tuple[SourceRow, ...]:
    """The first `limit` ledger rows behind a reading, as text."""
    return rows_as_text(reading.rows(limit=limit), reading.cube, limit)


def rows_as_text(frame: Any, cube: Cube, limit: int = ROWS_INLINE, *, what_for: bool = True) -> tuple[SourceRow, ...]:
    """The first `limit` rows of a frame as `Reading.rows` gives it; `what_for` says the part of the figure a row is for."""
    units = {u.code: u.label for u in cube.workspace.register_at(cube.as_of).units}
    rows = []
    for record in frame.head(limit).to_dict("records"):
        ledger = cube.definitions.ledgers[record["ledger_name"]]
        values = [(column.title, cell(record.get(name))) for name, column in ledger.columns.items()
                  if column.sensitivity != "restricted"]
        named = {column.title for column in ledger.columns.values() if column.type == "unit" and "编码" not in column.title}
        values = [(title, units.get(value, value) if title in named else value) for title, value in values]
        if what_for and record["part"]:
            values.insert(0, ("用于", str(record["part"])))
        if not is_missing(record.get("corrected")) and record["corrected"]:
            values.append(("已更正", str(record["corrected"])))
        row = record.get("row")
        rows.append(SourceRow(file=record["file"] or ledger.title, sheet=record["sheet"] or "",
                              row=0 if row is None or is_missing(row) else int(row),
                              unit=units.get(record["unit"], str(record["unit"] or "")),
                              values=tuple((k, v) for k, v in values if v)))
    return tuple(rows)


def _figure(id_: str, r: Reading, printed: str, derived: str, rows: tuple[SourceRow, ...]) -> Figure:
    i = r.indicator
    return Figure(id=id_, printed=printed, indicator=i.id, code=i.code, title=i.title.zh, measure=i.unit,
                  unit=r.unit.code, unit_name=r.unit.label, scope=r.scope, period=r.period.id, form=r.form,
                  as_of=r.as_of.isoformat(), value=r.value, numerator=r.numerator, denominator=r.denominator,
                  n_rows=r.n_rows, definition=i.definition, source=i.source, formula=formula(r), derived=derived,
                  rows=rows, slot=i.slot or "", coverage=coverage(r))


def _fact(id_: str, found: Found, printed: str, limit: int) -> Figure:
    """A word taken from rows, noted like a figure: without a value, with its rows."""
    ledger = found.cube.definitions.ledgers[found.fact.ledger]
    frame = found.rows()
    return Figure(id=id_, printed=printed, indicator="", code="", title=found.name, measure="", unit="", unit_name="",
                  scope="", period=found.period.id, form="", as_of=found.cube.as_of.isoformat(), value=None, numerator=None,
                  denominator=None, n_rows=len(frame), definition=f"取自{ledger.title}“{ledger.columns[found.fact.value].title}”一栏。",
                  source=f"{ledger.title}（{ledger.code}）", rows=rows_as_text(frame, found.cube, limit))


def coverage(r: Reading) -> str:
    """应报90、实报83；其中7个沿用上次报送；累计缺12期: how complete the filings behind a reading are."""
    said = [f"应报{r.due}、实报{r.filed}"] if r.due else []
    if r.carried and r.form != IN_PERIOD:
        said.append(f"{r.carried}个单位沿用上次报送")
    if r.gaps and r.form == TO_DATE:
        said.append(f"缺{r.gaps}期")
    return "；".join(said)


def as_of_text(reading_as_of: object) -> str:
    """10月23日12:00 of a timestamp, with the year."""
    from datetime import datetime

    assert isinstance(reading_as_of, datetime)
    return f"{long_date(reading_as_of.date())}{reading_as_of:%H:%M}"
