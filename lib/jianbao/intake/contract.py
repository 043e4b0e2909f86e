"""The campaign's ledgers as workbooks: sheet names, column titles, parsers, and who files for whom. Imports headers, cells,
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
from jianbao.definitions.system import AMENDMENTS
from jianbao.intake.cells import Parse, Units, parser, squash
from jianbao.intake.headers import SEARCHED_ROWS, SERIAL, UNIT_TITLES, Header, header_of, loosened, titles, two_levels
from jianbao.intake.layout import HEADER_ROW, UNIT_TITLE, filing_period
from jianbao.intake.reader import RawSheet


class Contract:
    """The campaign's ledgers as workbooks. Made once for a batch; remembers headers, codes and units it has met."""

    def __init__(self, definitions: Definitions, register: Register, ledgers: Mapping[str, Ledger] | None = None) -> None:
        self.definitions, self.register = definitions, register
        self.ledgers = {**definitions.filed_ledgers, AMENDMENTS.name: AMENDMENTS} if ledgers is None else ledgers
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
        # What a header begins with: a sheet that has it once holds one table.
        self.words = frozenset(
            said for ledger in self.ledgers.values() for c in ledger.columns.values() for said in (c.title, *c.aliases)
        ) | frozenset((*UNIT_TITLES, *SERIAL))
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
        if ledger.kind == "amendments":  # of its own rows and of those it files for; the office of anybody's
            return tuple(u.code for u in (self.register.on(on).order if filer == office else mine)) or (filer,)
        return tuple(u.code for u in mine if u.org_type in ledger.filed_by) if ledger.filed_by else (filer,)

    def ended(self, code: str, on: date) -> tuple[str, str]:
        """What is said of a unit that does not stand on a day, and what to do."""
        into = self.register.merged(code, on)
        if into is None:
            return f"“{code}”在 {on} 不是有效单位。", "单位已撤并的，请填现在的单位。"
        names = {u.code: u.label for u in self.register.units}
        return (
            f"“{names[code]}”已于 {into[0]} 并入“{names[into[1]]}”。",
            f"请以“{names[into[1]]}”报送；并入以前报的不用改。",
        )

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

    def header(self, raw: RawSheet, ledger: Ledger, start: int = 0, stop: int | None = None) -> Header | None:
        """The row (or two) of `raw` that is most like the ledger's column titles; None when none is. Only rows from `start`
        on and before `stop` are looked at."""
        typed = ledger.typed
        enough = min(2, len(typed))
        best = None
        usual = HEADER_ROW - 1
        last = min(start + SEARCHED_ROWS, len(raw.rows) if stop is None else stop)
        for i in chain((usual,) if start == 0 else (), range(start, last)):
            if i >= last:
                continue
            found = self._header(raw.rows[i], ledger, i)
            if len(found.places) >= enough and (best is None or len(found.places) > len(best.places)):
                best = found
                if i == usual and all(n in found.places for n, c in typed.items() if c.required):
                    break
        if best is None or not (best.unknown or best.twice) or all(n in best.places for n in typed):
            return best
        return loosened(self._two_levels(raw, ledger, best, start, last), self.titles[ledger.name])

    def _two_levels(self, raw: RawSheet, ledger: Ledger, best: Header, start: int, last: int) -> Header:
        """`best` with the row below or above it, where more columns are known so."""
        index = self.titles[ledger.name]
        for lower in (best.row + 1, best.row):
            if start < lower < last:
                found = two_levels(raw.rows[lower - 1], raw.rows[lower], index, lower)
                if found is not None and len(found.places) > len(best.places):
                    best = found
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
