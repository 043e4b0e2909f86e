"""How a filed workbook is understood: which sheet is which ledger, whose, for when. Imports stacked, contract, layout, reading.

A filed sheet may have lost or moved anything the template had: sheets are known by name or by their column titles,
identity is what the sheet shows, else what the hidden `_meta` remembers, else what the file is called. What had to be
guessed is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import BadCell, as_bool, as_date, parse_column, shown
from jianbao.intake.contract import Contract
from jianbao.intake.headers import SEARCHED_ROWS, Header
from jianbao.intake.layout import (
    FILER_LABEL,
    HEADER_ROW,
    META_SHEET,
    NIL_LABEL,
    PERIOD_LABEL,
    RESULT_SHEET,
    RETURNED_SHEET,
    Identity,
    hidden_identity,
    named_period,
    named_unit,
    shown_identity,
)
from jianbao.intake.reader import RawSheet
from jianbao.intake.reading import read_sheet
from jianbao.intake.sheet import Sheet
from jianbao.intake.stacked import Table, stacked


@dataclass(frozen=True)
class Book:
    """What a file says: its sheets by ledger, or the findings that tell why not."""

    file: str
    filer: str = ""
    period: Period | None = None
    sheets: tuple[Sheet, ...] = ()
    findings: tuple[Finding, ...] = ()
    guesses: tuple[str, ...] = ()
    stamped: bool = False  # it says that a stamped scan comes with it


def read_workbook(contract: Contract, file: str, raw: Sequence[RawSheet], received_at: datetime) -> Book:
    """The file as this campaign understands it."""
    return _Reading(contract, file, raw, received_at).book()


class _Reading:
    """One file being understood."""

    def __init__(self, contract: Contract, file: str, raw: Sequence[RawSheet], received_at: datetime) -> None:
        self.contract, self.file, self.received_at = contract, file, received_at
        self.shown = [s for s in raw if s.visible and s.name not in (META_SHEET, RESULT_SHEET, RETURNED_SHEET)]
        self.hidden = [s for s in raw if not s.visible and s.name != META_SHEET]
        self.meta = hidden_identity(raw)
        self.findings: list[Finding] = []
        self.guesses: list[str] = []
        self.stamped = False

    def book(self) -> Book:
        known = [table for raw in self.shown for table in self._tables(raw)]
        for raw in self.hidden:
            if self.contract.ledger_named(raw.name) and any(c != "" for row in raw.rows[HEADER_ROW:] for c in row):
                self._say("warning", "hidden", f"工作表“{raw.name}”是隐藏的，没有收。", "要报的请取消隐藏后重新报送。", raw.name)
        if not known and not self.findings:
            self._say("error", "ledger", "没有找到要报的台账。", "请用下发的模板，不要改工作表名和表头。")
        self.guesses += [note for raw in (*self.shown, *self.hidden) for note in raw.notes]
        if any(raw.since_1904 for raw in self.shown):
            self.guesses.append("工作簿用的是 1904 日期系统，日期已按此换算")
        names = [table.ledger.name for table in known]
        sheets = []
        filer, period = "", None
        for table in known:
            raw, ledger, header = table.raw, table.ledger, table.header
            if names.count(ledger.name) > 1:
                self._say(
                    "error",
                    "twice",
                    f"有两张表都像“{ledger.title}”：“{raw.name}”是其中一张。",
                    "一个文件里每种台账只留一张。",
                    raw.name,
                    ledger.name,
                )
                continue
            if header is None:
                self._say("error", "header", f"“{raw.name}”找不到表头。", "请用下发的模板，不要删改表头。", raw.name, ledger.name)
                continue
            sheet = self._sheet(table, header, filer)
            if sheet is not None:
                sheets.append(sheet)
                self.guesses += sheet.guesses
                filer, period = filer or sheet.filer, period or sheet.period
        return Book(
            self.file,
            filer or self._any_filer(),
            period,
            tuple(sheets),
            tuple(self.findings),
            tuple(dict.fromkeys(self.guesses)),
            self.stamped,
        )

    def _sheet(self, table: Table, header: Header, before: str) -> Sheet | None:
        raw, ledger = table.raw, table.ledger
        said = shown_identity(raw.rows[table.start : header.first])
        if table.start:  # who and when are often said once, at the top of the sheet
            top = shown_identity(raw.rows[: table.start])
            said = replace(
                said,
                filer=said.filer if said.filer != "" else top.filer,
                period=said.period if said.period != "" else top.period,
            )
        if ledger.filing == "source":  # tables are published as they are, without our identity lines
            said = replace(
                said,
                filer=said.filer or self.contract.source(ledger, self.received_at.date()),
                period=said.period or self._published_for(raw, ledger, header),
            )
        self.stamped = self.stamped or self._comes_stamped(said)
        period = self._period(said, ledger, raw.name)
        filer = self._filer(said, period.ends if period else self.received_at.date(), raw.name, ledger.name)
        if period is None or not filer:
            return None
        if before and filer != before:
            self._say(
                "error",
                "filer",
                f"“{raw.name}”的填报单位与前面的表不同。",
                "一个文件只填一个报送单位；代报的用“单位”一列区分。",
                raw.name,
                ledger.name,
            )
            return None
        covered = self.contract.covers(ledger, filer, period.ends)
        several = ledger.by_office or ledger.filing == "source" or len(covered) > 1
        own = "" if several else covered[0] if covered else filer
        return read_sheet(
            raw,
            ledger,
            header,
            file=self.file,
            filer=filer,
            period=period,
            nil=self._nil(said, raw, ledger),
            parse=self.contract.how(ledger, period, period.ends),
            own_unit=own,
            stop=table.stop,
        )

    def _tables(self, raw: RawSheet) -> list[Table]:
        """The ledgers in a sheet: one, seldom several one below another, or none."""
        several = stacked(self.contract, raw)
        if several:
            listed = "、".join(f"第 {t.start + 1} 行起“{t.ledger.title}”" for t in several)
            self.guesses.append(f"“{raw.name}”里有 {len(several)} 张表：{listed}")
            return several
        ledger, header = self._ledger(raw)
        return [] if ledger is None else [Table(raw, ledger, header)]

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
            if (
                header
                and len(header.places) >= min(3, len(ledger.typed))
                and 2 * sum(n in header.places for n in needed) >= len(needed)
            ):
                likely.append((len(header.places) - len(header.unknown), ledger, header))
        likely.sort(key=lambda x: -x[0])
        if likely and (len(likely) == 1 or likely[0][0] > likely[1][0]):
            self.guesses.append(f"“{raw.name}”按列名认作“{likely[0][1].title}”")
            return likely[0][1], likely[0][2]
        self._say(
            "warning" if len(self.shown) > 1 else "error",
            "ledger",
            f"工作表“{raw.name}”认不出是哪种台账，没有收。",
            "要报的请把工作表名改成台账名称；不报的请删去。",
            raw.name,
        )
        return None, None

    def _period(self, said: Identity, ledger: Ledger, sheet: str) -> Period | None:
        today, campaign = self.received_at.date(), self.contract.definitions.campaign
        stated = said.period if said.period != "" else self.meta.period
        named = named_period(self.file) if stated == "" else ""
        if stated == "" and not named:
            self._say(
                "error",
                "period",
                "没有写统计期。",
                f"请在“{PERIOD_LABEL}”后写明，如 {campaign.period_of(today).id}。",
                sheet,
                ledger.name,
            )
            return None
        period = self.contract.period(named or stated, ledger, today)
        if isinstance(period, str):
            self._say("error", "period", period, "改正后重新报送。", sheet, ledger.name)
            return None
        if period.starts > today or period.ends < campaign.starts or period.starts > campaign.ends:
            why = "还没有开始" if period.starts > today else "不在本次工作期间"
            self._say("error", "period", f"统计期 {period.label} {why}。", "请核对统计期。", sheet, ledger.name)
            return None
        if named:
            self.guesses.append(f"统计期按文件名认作 {period.label}")
        return period

    def _published_for(self, raw: RawSheet, ledger: Ledger, header: Header) -> date | str:
        """The period in the file's name, else the last day that the rows speak of; "" when neither says any."""
        named = named_period(self.file)
        if named and isinstance(self.contract.period(named, ledger, self.received_at.date()), Period):
            return named
        if ledger.date is None or ledger.date not in header.places:
            return ""
        place = header.places[ledger.date]
        days, _ = parse_column([row[place] for row in raw.rows[header.row + 1 :]], "date", as_date, {})
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
                self._say(
                    "warning",
                    "filer",
                    f"表上的填报单位是“{shown(said.filer)}”，用的是发给 {self.meta.filer} 的模板。",
                    "请确认填报单位；以表上写的为准。",
                    sheet,
                    ledger,
                )
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

    def _comes_stamped(self, said: Identity) -> bool:
        """√, 是 and 已附 say that a scan comes with the file; whatever else stands there does not."""
        try:
            return shown(said.stamped).startswith("已") or (said.stamped != "" and as_bool(said.stamped))
        except BadCell:
            return False

    def _nil(self, said: Identity, raw: RawSheet, ledger: Ledger) -> bool:
        if said.nil == "":
            return False
        try:
            return as_bool(said.nil)
        except BadCell as e:
            self._say(
                "warning", "nil", f"“{NIL_LABEL}”处写的是{e.message}", "零报送请选“是”，有内容的请留空。", raw.name, ledger.name
            )
            return False

    def _say(self, severity: Any, rule: str, message: str, remedy: str, sheet: str = "", ledger: str = "") -> None:
        if rule in ("filer", "period") and any((f.rule, f.message) == (rule, message) for f in self.findings):
            return  # the same on every sheet
        self.findings.append(Finding(severity, rule, message, remedy, file=self.file, sheet=sheet, ledger=ledger))
