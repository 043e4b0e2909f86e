"""How a filed workbook is understood: which sheet is which ledger, whose, for when. Imports layout, sheet, cells, definitions.

A filed sheet may have lost or moved anything the template had: sheets are known by name or by their column titles,
identity is what the sheet shows, else what the hidden `_meta` remembers, else what the file is called. What had to be
guessed is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import Period
from jianbao.definitions.register import Register, Unit
from jianbao.intake.cells import BadCell, Parse, Units, as_bool, as_date, parse_column, parser, shown, squash
from jianbao.intake.layout import (
    FILER_LABEL,
    HEADER_ROW,
    META_SHEET,
    NIL_LABEL,
    PERIOD_LABEL,
    RESULT_SHEET,
    UNIT_TITLE,
    Identity,
    filing_period,
    hidden_identity,
    named_period,
    named_unit,
    shown_identity,
)
from jianbao.intake.reader import RawSheet
from jianbao.intake.sheet import SEARCHED_ROWS, Header, Sheet, header_of, read_sheet, titles


@dataclass(frozen=True)
class Book:
    """What a file says: its sheets by ledger, or the findings that tell why not."""

    file: str
    filer: str = ""
    period: Period | None = None
    sheets: tuple[Sheet, ...] = ()
    findings: tuple[Finding, ...] = ()
    guesses: tuple[str, ...] = ()


class Contract:
    """The campaign's ledgers as workbooks. Made once for a batch; remembers headers, codes and units it has met."""

    def __init__(self, definitions: Definitions, register: Register, ledgers: Mapping[str, Ledger] | None = None) -> None:
        self.definitions, self.register = definitions, register
        self.ledgers = definitions.filed_ledgers if ledgers is None else ledgers
        self.sheet_names = {squash(said).upper(): ledger for ledger in self.ledgers.values()
                            for said in (ledger.name, *ledger.aliases, ledger.code, ledger.title,
                                         f"{ledger.code}{ledger.title}", f"{ledger.title}({ledger.code})")}
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
        if ledger.filing == "source":   # a published table covers whom it names
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

    def read(self, file: str, raw: Sequence[RawSheet], received_at: datetime) -> Book:
        """The file as this campaign understands it."""
        return _Reading(self, file, raw, received_at).book()

    def period(self, said: Any, ledger: Ledger | None, today: date) -> Period | str:
        """A period as filers write it, of the campaign's kind; else what is wrong with it."""
        key = (said, ledger is not None and ledger.frequency, today)
        if key not in self._periods:
            self._periods[key] = filing_period(said, ledger, today, self.definitions.campaign)
        return self._periods[key]

    def header(self, raw: RawSheet, ledger: Ledger) -> Header | None:
        """The row of `raw` that is most like the ledger's column titles; None when none is."""
        enough = min(2, len(ledger.typed))
        best = None
        usual = HEADER_ROW - 1
        numbers = [usual, *(i for i in range(min(SEARCHED_ROWS, len(raw.rows))) if i != usual)]
        for i in numbers:
            if i >= len(raw.rows):
                continue
            found = self._header(raw.rows[i], ledger, i)
            if len(found.places) >= enough and (best is None or len(found.places) > len(best.places)):
                best = found
                if i == usual and all(n in found.places for n, c in ledger.typed.items() if c.required):
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
                self._parsers[key] = parser(column, near=period, units=units, identifier=identifier), {}
            return self._parsers[key]

        return parse


class _Reading:
    """One file being understood."""

    def __init__(self, contract: Contract, file: str, raw: Sequence[RawSheet], received_at: datetime) -> None:
        self.contract, self.file, self.received_at = contract, file, received_at
        self.shown = [s for s in raw if s.visible and s.name not in (META_SHEET, RESULT_SHEET)]
        self.hidden = [s for s in raw if not s.visible and s.name != META_SHEET]
        self.meta = hidden_identity(raw)
        self.findings: list[Finding] = []
        self.guesses: list[str] = []

    def book(self) -> Book:
        matched = [(raw, *self._ledger(raw)) for raw in self.shown]
        known = [(raw, ledger, header) for raw, ledger, header in matched if ledger is not None]
        for raw in self.hidden:
            if self.contract.ledger_named(raw.name) and any(c != "" for row in raw.rows[HEADER_ROW:] for c in row):
                self._say("warning", "hidden", f"工作表“{raw.name}”是隐藏的，没有收。", "要报的请取消隐藏后重新报送。", raw.name)
        if not known and not self.findings:
            self._say("error", "ledger", "没有找到要报的台账。", "请用下发的模板，不要改工作表名和表头。")
        names = [ledger.name for _, ledger, _ in known]
        sheets = []
        filer, period = "", None
        for raw, ledger, header in known:
            if names.count(ledger.name) > 1:
                self._say("error", "twice", f"有两张表都像“{ledger.title}”：“{raw.name}”是其中一张。",
                          "一个文件里每种台账只留一张。", raw.name, ledger.name)
                continue
            if header is None:
                self._say("error", "header", f"“{raw.name}”找不到表头。", "请用下发的模板，不要删改表头。", raw.name, ledger.name)
                continue
            sheet = self._sheet(raw, ledger, header, filer)
            if sheet is not None:
                sheets.append(sheet)
                filer, period = filer or sheet.filer, period or sheet.period
        return Book(self.file, filer or self._any_filer(), period, tuple(sheets), tuple(self.findings),
                    tuple(dict.fromkeys(self.guesses)))

    def _sheet(self, raw: RawSheet, ledger: Ledger, header: Header, before: str) -> Sheet | None:
        said = shown_identity(raw.rows[:header.row])
        if ledger.filing == "source":   # tables are published as they are, without our identity lines
            said = replace(said, filer=said.filer or self.contract.source(ledger, self.received_at.date()),
                           period=said.period or self._published_for(raw, ledger, header))
        period = self._period(said, ledger, raw.name)
        filer = self._filer(said, period.ends if period else self.received_at.date(), raw.name, ledger.name)
        if period is None or not filer:
            return None
        if before and filer != before:
            self._say("error", "filer", f"“{raw.name}”的填报单位与前面的表不同。", "一个文件只填一个报送单位；代报的用“单位”一列区分。",
                      raw.name, ledger.name)
            return None
        covered = self.contract.covers(ledger, filer, period.ends)
        if ledger.by_office or ledger.filing == "source" or len(covered) > 1:
            own = ""
        else:
            own = covered[0] if covered else filer
        return read_sheet(raw, ledger, header, file=self.file, filer=filer, period=period, nil=self._nil(said, raw, ledger),
                          parse=self.contract.how(ledger, period, period.ends), own_unit=own)

    def _ledger(self, raw: RawSheet) -> tuple[Ledger | None, Header | None]:
        """Which ledger a sheet is: by name, by what the template noted, by a title within the name, by its columns."""
        contract = self.contract
        found = contract.ledgers.get(self.meta.ledgers.get(raw.name, "")) or contract.ledger_named(raw.name)
        if found is not None:
            return found, contract.header(raw, found)
        if not any(c != "" for row in raw.rows for c in row):
            return None, None
        likely = []
        for ledger in contract.ledgers.values():
            header = contract.header(raw, ledger)
            needed = [n for n, c in ledger.typed.items() if c.required]
            if header and len(header.places) >= min(3, len(ledger.typed)) and \
                    2 * sum(n in header.places for n in needed) >= len(needed):
                likely.append((len(header.places) - len(header.unknown), ledger, header))
        likely.sort(key=lambda x: -x[0])
        if likely and (len(likely) == 1 or likely[0][0] > likely[1][0]):
            self.guesses.append(f"“{raw.name}”按列名认作“{likely[0][1].title}”")
            return likely[0][1], likely[0][2]
        self._say("warning" if len(self.shown) > 1 else "error", "ledger", f"工作表“{raw.name}”认不出是哪种台账，没有收。",
                  "要报的请把工作表名改成台账名称；不报的请删去。", raw.name)
        return None, None

    def _period(self, said: Identity, ledger: Ledger, sheet: str) -> Period | None:
        today = self.received_at.date()
        for text, where in ((said.period, ""), (self.meta.period, "模板"), (named_period(self.file), "文件名")):
            if text == "":
                continue
            period = self.contract.period(text, ledger, today)
            campaign = self.contract.definitions.campaign
            if isinstance(period, str):
                self._say("error", "period", period, "改正后重新报送。", sheet, ledger.name)
                return None
            if period.starts > today or period.ends < campaign.starts or period.starts > campaign.ends:
                why = "还没有开始" if period.starts > today else "不在本次工作期间"
                self._say("error", "period", f"统计期 {period.label} {why}。", "请核对统计期。", sheet, ledger.name)
                return None
            if where == "文件名":
                self.guesses.append(f"统计期按{where}认作 {period.label}")
            return period
        self._say("error", "period", "没有写统计期。", f"请在“{PERIOD_LABEL}”后写明，如 {self.contract.definitions.campaign.period_of(today).id}。",
                  sheet, ledger.name)
        return None

    def _published_for(self, raw: RawSheet, ledger: Ledger, header: Header) -> date | str:
        """The period in the file's name, else the last day that the rows speak of; "" when neither says any."""
        named = named_period(self.file)
        if named and isinstance(self.contract.period(named, ledger, self.received_at.date()), Period):
            return named
        if ledger.date is None or ledger.date not in header.places:
            return ""
        place = header.places[ledger.date]
        days, _ = parse_column([row[place] for row in raw.rows[header.row + 1:]], "date", as_date, {})
        return max((day for day in days if day is not None), default="")

    def _filer(self, said: Identity, on: date, sheet: str, ledger: str) -> str:
        units = self.contract.units(on)
        if said.filer != "":
            try:
                filer = units(said.filer)
            except BadCell as e:
                self._say("error", "filer", f"填报单位：{e.message}", e.remedy, sheet, ledger)
                return ""
            if self.meta.filer and self.meta.filer != filer:
                self._say("warning", "filer", f"表上的填报单位是“{shown(said.filer)}”，用的是发给 {self.meta.filer} 的模板。",
                          "请确认填报单位；以表上写的为准。", sheet, ledger)
            return filer
        if self.meta.filer and self.meta.filer in units.tree:
            return str(self.meta.filer)
        found = named_unit(self.file, units)
        if found:
            self.guesses.append(f"填报单位按文件名认作 {found}")
        else:
            self._say("error", "filer", "没有写填报单位。", f"请在“{FILER_LABEL}”后写明单位名称或编码。", sheet, ledger)
        return found

    def _any_filer(self) -> str:
        """Whose file this seems to be, for the list of what came, when no sheet of it could be taken."""
        units = self.contract.units(self.received_at.date())
        for raw in self.shown:
            said = shown_identity(raw.rows[:SEARCHED_ROWS])
            if said.filer != "" and len(found := units.find(said.filer)) == 1:
                return next(iter(found))
        return str(self.meta.filer) or named_unit(self.file, units)

    def _nil(self, said: Identity, raw: RawSheet, ledger: Ledger) -> bool:
        if said.nil == "":
            return False
        try:
            return as_bool(said.nil)
        except BadCell as e:
            self._say("warning", "nil", f"“{NIL_LABEL}”处写的是{e.message}", "零报送请选“是”，有内容的请留空。", raw.name, ledger.name)
            return False

    def _say(self, severity: Any, rule: str, message: str, remedy: str, sheet: str = "", ledger: str = "") -> None:
        self.findings.append(Finding(severity, rule, message, remedy, file=self.file, sheet=sheet, ledger=ledger))

