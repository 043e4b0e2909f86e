"""How a template is laid out, and what the identity lines of a filed one say. Imports cells, reader, definitions.

A template sheet has a title, one line of advice, three identity lines (填报单位, 统计期, 零报送), the column titles and
rows below; a hidden `_meta` sheet repeats who and when.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.period import Period, parse_period
from jianbao.errors import UnknownName
from jianbao.intake.cells import COMPATIBLE, Units, shown, squash
from jianbao.intake.reader import RawSheet

TITLE_ROW, ADVICE_ROW, FILER_ROW, PERIOD_ROW, NIL_ROW, HEADER_ROW = 1, 2, 3, 4, 5, 6  # as Excel numbers them
FILER_LABEL, PERIOD_LABEL, NIL_LABEL, STAMP_LABEL, UNIT_TITLE = "填报单位", "统计期", "零报送", "盖章件", "单位"
HINT = "←"  # begins a text that explains a cell and is no value
META_SHEET, CODES_SHEET = "_meta", "_codes"
INSIDE = " › "  # between an archive's name and what is in it
RESULT_SHEET = "核查结果"  # the first sheet of a returned copy
RETURNED_SHEET = "退回事项"  # in a template: rows the office sent back; not read
SLIP, EXPLANATION, NUMBER = "回执号", "说明", "编号"  # its number, and of its columns the filer's and each finding's own

_LABELS = {
    "填报单位": "filer",
    "报送单位": "filer",
    "上报单位": "filer",
    "统计期": "period",
    "报告期": "period",
    "填报期": "period",
    "统计周期": "period",
    "零报送": "nil",
    "盖章件": "stamped",
}
_LABEL = re.compile(f"({'|'.join(_LABELS)})(\\(.*?\\))?(:?)(.*)")
_LABELLED = re.compile(f"\\s*[填报上统零盖{COMPATIBLE}]")  # cheaper than squashing every cell above a header
_PERIODS = (
    r"\d{4}-?W\d{1,2}",
    r"\d{4}年第?\d+周",
    r"第\d+周",
    r"\d{4}-\d\d-T[123]",
    r"\d{4}-Q[1-4]",
    r"\d{4}-\d\d-\d\d",
    r"\d{1,2}\.\d{1,2}[-—~至]\d{1,2}\.\d{1,2}",
    r"(?:\d{4}年)?\d{1,2}月(?:[上中下]旬)?",
    r"\d{4}-\d\d",
)


@dataclass
class Identity:
    """What one place says of a sheet, as it says it; "" where it says nothing."""

    filer: Any = ""
    period: Any = ""
    nil: Any = ""
    stamped: Any = ""
    ledgers: dict[str, str] = field(default_factory=dict)  # sheet → ledger, from `_meta` only


def shown_identity(rows: Sequence[Sequence[Any]]) -> Identity:
    """What the lines above a header say: `填报单位 | 住房局` in two cells or `填报单位：住房局` in one."""
    said = Identity()
    for row in rows:
        for j, cell in enumerate(row):
            if not cell or cell.__class__ is not str or not _LABELLED.match(cell):
                continue
            if (match := _LABEL.match(squash(cell))) is None:
                continue
            label, _, colon, rest = match.groups()
            if rest and not colon:  # a sentence that begins with the word
                continue
            value: Any = rest or next((c for c in row[j + 1 :] if c != ""), "")
            if isinstance(value, str) and (value.startswith(HINT) or (not rest and _LABEL.match(squash(value)))):
                value = ""
            if getattr(said, _LABELS[label]) == "":
                setattr(said, _LABELS[label], value.strip() if isinstance(value, str) else value)
    return said


def hidden_identity(sheets: Sequence[RawSheet]) -> Identity:
    """The template's own copy: rows of key and value; `sheet` rows name a sheet and its ledger."""
    said = Identity()
    for row in next((s.rows for s in sheets if s.name == META_SHEET), ()):
        key, value = row[0], shown(row[1]) if len(row) > 1 else ""
        if key in ("filer", "period"):
            setattr(said, key, value)
        elif key == "sheet" and len(row) > 2:
            said.ledgers[value] = shown(row[2])
    return said


def named_period(file: str) -> str:
    """The part of a file's name, or else of its archive's, that looks like a period; or ""."""
    stems = [squash(PurePath(part).stem).upper() for part in reversed(file.split(INSIDE))]
    return next((m[0] for stem in stems for p in _PERIODS if (m := re.search(p, stem))), "")


def named_unit(file: str, units: Units) -> str:
    """The one unit that a file's name, or else its archive's, names: a part of it, else the longest name within it; or ""."""
    return next((found for part in reversed(file.split(INSIDE)) if (found := _unit_in(PurePath(part).stem, units))), "")


def _unit_in(stem: str, units: Units) -> str:
    parts = [p for p in re.split(r"[\s_\-—–()（）【】\[\]、,，.+]+", stem) if p]
    found = {code for part in parts if len(codes := units.find(part)) == 1 for code in codes}
    if not found:
        name = squash(stem).upper()
        within = sorted((n for n in units.names if len(n) > 1 and n in name), key=len, reverse=True)
        found = units.find(within[0]) if within else set()
    return next(iter(found)) if len(found) == 1 else ""


def filing_period(said: Any, ledger: Ledger | None, today: date, campaign: Campaign) -> Period | str:
    """A period as filers write it, of the campaign's kind; else what is wrong with it."""
    if isinstance(said, date):  # Excel turns 2023-10 and 10.16 into dates
        try:
            return campaign.period_of(said.date() if isinstance(said, datetime) else said)
        except (UnknownName, OverflowError):  # the last days of the year 9999
            return f"统计期“{shown(said)}”看不懂。请写成 {campaign.period_of(today).id} 的样子。"
    text = squash(shown(said))
    how = f"请写成 {campaign.period_of(today).id} 或 {campaign.period_of(today).label} 的样子。"
    found = None
    # 2023年第42周（10月16日—10月22日）: either part will do.
    for part in (text, re.sub(r"\(.*?\)", "", text), *re.findall(r"\((.*?)\)", text)):
        part = re.sub(r"(?i)(\d{4})W", r"\1-W", part)
        try:
            found = parse_period(
                part, today=today, kind=campaign.period, week_start=campaign.week_start, campaign_starts=campaign.starts
            )
        except UnknownName:
            continue
        if (week := re.fullmatch(r"第(\d+)周", part)) and found.starts > campaign.ends:
            found = _week_of_year(int(week[1]), today, campaign.week_start) or found
        break
    if found is None:
        return f"统计期“{shown(said)}”看不懂。{how}"
    if found.kind != campaign.period:
        if found.kind == "month" and ledger is not None and ledger.frequency == "monthly":
            return campaign.period_of(found.ends)
        return f"统计期“{shown(said)}”与本台账的报送周期不符。{how}"
    return found


def template_columns(ledger: Ledger, with_unit: bool) -> Mapping[str, Column]:
    """The columns of a template sheet, in order: 单位 first when the filer files for several or about others."""
    unit = {"unit": Column(title=UNIT_TITLE, type="unit", required=True, width=18, help="从下拉列表选单位。")}
    return {**(unit if with_unit else {}), **ledger.columns}


def _week_of_year(number: int, today: date, week_start: int) -> Period | None:
    """第42周 beyond the campaign's own weeks is the year's 42nd, of the year in which it lies nearest to `today`."""
    found = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            found.append(Period(f"{year}-W{number:02d}", week_start))
        except UnknownName:
            continue
    return min(found, key=lambda p: abs((p.ends - today).days), default=None)
