"""The figures a brief has printed, each with what it rests on. Imports parts, printing, numbers, workspace."""

from __future__ import annotations

from jianbao.brief.parts import Figure, SourceRow, Sources
from jianbao.brief.printing import ROUNDING_NOTES, cell, formula, is_missing
from jianbao.definitions.catalogue import IN_PERIOD, TO_DATE
from jianbao.definitions.period import long_date
from jianbao.numbers.readings import Reading

ROWS_INLINE = 50


class Figures:
    """Remembers every printed number under an id, in order of first use; the same number keeps its id."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], tuple[str, Reading, str, str]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, reading: Reading, printed: str, derived: str = "") -> str:
        key = (reading.indicator.id, reading.unit.code, reading.period.id, reading.form, reading.scope, derived, printed)
        if key not in self._found:
            self._found[key] = (f"f{len(self._found) + 1}", reading, printed, derived)
        return self._found[key][0]

    def readings(self) -> list[tuple[str, Reading, str, str]]:
        """(id, reading, printed, derived) of everything printed."""
        return list(self._found.values())

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
        indicators = {r.indicator.id: r.indicator for _, r, _, _ in self._found.values()}
        return Sources(closing=closing, figures=tuple(notes), rounding=ROUNDING_NOTES[rounding],
                       definitions=tuple((f"{i.title.zh}（{i.code}）", i.definition)
                                         for i in sorted(indicators.values(), key=lambda i: i.code)))


def source_rows(reading: Reading, limit: int = ROWS_INLINE) -> tuple[SourceRow, ...]:
    """The first `limit` ledger rows behind a reading, as text."""
    cube = reading.cube
    frame = reading.rows(limit=limit)
    units = {u.code: u.label for u in cube.workspace.register_at(cube.as_of).units}
    rows = []
    for record in frame.head(limit).to_dict("records"):
        ledger = cube.definitions.ledgers[record["ledger_name"]]
        values = [(column.title, cell(record.get(name))) for name, column in ledger.columns.items()
                  if column.sensitivity != "restricted"]
        if record["part"]:
            values.insert(0, ("用于", str(record["part"])))
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
