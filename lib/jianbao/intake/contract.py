"""The campaign's ledgers as workbooks: sheet names, column titles, parsers, and who files for whom. Imports sheet, cells,
layout, definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any

from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import Period
from jianbao.definitions.register import Register, Unit
from jianbao.intake.cells import Parse, Units, parser, squash
from jianbao.intake.layout import HEADER_ROW, UNIT_TITLE, filing_period
from jianbao.intake.reader import RawSheet
from jianbao.intake.sheet import SEARCHED_ROWS, Header, header_of, titles


class Contract:
    """The campaign's ledgers as workbooks. Made once for a batch; remembers headers, codes and units it has met."""

    def __init__(self, definitions: Definitions, register: Register, ledgers: Mapping[str, Ledger] | None = None) -> None:
        self.definitions, self.register = definitions, register
        self.ledgers = definitions.filed_ledgers if ledgers is None else ledgers
        self.sheet_names = {
            squash(said).upper(): ledger
            for ledger in self.ledgers.values()
            for said in (
                ledger.name,
                *ledger.aliases,
                ledger.code,
                ledger.title,
                f"{ledger.code}{ledger.title}",
                f"{ledger.title}({ledger.code})",
            )
        }
        self.titles = {name: titles(ledger) for name, ledger in self.ledgers.items()}
        self._units: dict[date, Units] = {}
        self._headers: dict[Any, Header] = {}
        self._parsers: dict[Any, tuple[Parse, dict[str, Any]]] = {}
        self._periods: dict[Any, Period | str] = {}
        self._filed_for: dict[date, dict[str, list[Unit]]] = {}

    def ledger_named(self, text: str) -> Ledger | None:
        """The ledger that a sheet called `text` holds: its name, code, title or alias, or one of these within a longer name."""
        name = squash(text).upper()
        if name in self.sheet_names:
            return self.sheet_names[name]
        within = [said for said in self.sheet_names if len(said) > 2 and said in name]
        return self.sheet_names[max(within, key=len)] if within else None

    def units(self, on: date) -> Units:
        if on not in self._units:
            self._units[on] = Units(self.register, on)
        return self._units[on]

    def covers(self, ledger: Ledger, filer: str, on: date) -> tuple[str, ...]:
        """The units for which `filer` files `ledger` on that day; none when it has no business to."""
        office = self.definitions.campaign.office_code
        if ledger.by_office:
            return (office,) if filer == office else ()
        if ledger.filing == "source":  # a published table covers whom it names
            return ()
        if on not in self._filed_for:
            groups: dict[str, list[Unit]] = {}
            for unit in self.register.on(on).order:
                if unit.files:
                    groups.setdefault(unit.filed_by, []).append(unit)
            self._filed_for[on] = groups
        mine = self._filed_for[on].get(filer, ())
        return tuple(u.code for u in mine if u.org_type in ledger.filed_by) if ledger.filed_by else (filer,)

    def source(self, ledger: Ledger, on: date) -> str:
        """Whose a published table is when it does not say: the one unit of the ledger's `filed_by`, else the office."""
        named = [u.code for u in self.register.on(on).order if u.org_type in ledger.filed_by]
        return named[0] if len(named) == 1 else self.definitions.campaign.office_code

    def period(self, said: Any, ledger: Ledger | None, today: date) -> Period | str:
        """A period as filers write it, of the campaign's kind; else what is wrong with it."""
        key = (said, ledger is not None and ledger.frequency, today)
        if key not in self._periods:
            self._periods[key] = filing_period(said, ledger, today, self.definitions.campaign)
        return self._periods[key]

    def header(self, raw: RawSheet, ledger: Ledger) -> Header | None:
        """The row of `raw` that is most like the ledger's column titles; None when none is."""
        typed = ledger.typed
        enough = min(2, len(typed))
        best = None
        usual = HEADER_ROW - 1
        for i in chain((usual,), range(min(SEARCHED_ROWS, len(raw.rows)))):
            if i >= len(raw.rows):
                continue
            found = self._header(raw.rows[i], ledger, i)
            if len(found.places) >= enough and (best is None or len(found.places) > len(best.places)):
                best = found
                if i == usual and all(n in found.places for n, c in typed.items() if c.required):
                    break
        return best

    def _header(self, row: Sequence[Any], ledger: Ledger, number: int) -> Header:
        key = (ledger.name, number, tuple(row))
        if key not in self._headers:
            if len(self._headers) > 50_000:
                self._headers.clear()
            self._headers[key] = header_of(row, self.titles[ledger.name], number)
        return self._headers[key]

    def how(self, ledger: Ledger, period: Period | None, on: date) -> Any:
        """For `read_sheet`: column → its parser and memo."""

        def parse(name: str) -> tuple[Parse, dict[str, Any]]:
            column = ledger.columns.get(name) or Column(title=UNIT_TITLE, type="unit")
            key = (ledger.name, name, on)
            if key not in self._parsers:
                identifier = column.type == "str" and (name in ledger.key or column.references is not None)
                units = self.units(on) if column.type == "unit" else None
                self._parsers[key] = parser(column, near=period, units=units, identifier=identifier), {"": None}
            return self._parsers[key]

        return parse
