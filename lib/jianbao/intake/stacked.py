"""Several ledgers one below another in one sheet: where each begins and ends. Imports contract, headers, layout, reader.

`一、集中学习台账`, a header and rows; then `二、问题台账`, a header and rows. Most sheets hold one table: a look at their first
columns tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from jianbao.definitions.ledger import Ledger
from jianbao.intake.cells import squash
from jianbao.intake.contract import Contract
from jianbao.intake.headers import Header, header_of, title
from jianbao.intake.layout import shown_identity
from jianbao.intake.reader import RawSheet

FIRST_COLUMNS = 3
_NUMBERED = re.compile(r"[(（]?(?:[一二三四五六七八九十]+|\d+)[)）、.．]|表\s*[\d一二三四五六七八九十]+")


@dataclass(frozen=True)
class Table:
    """A ledger's part of a sheet: its lines above the header from row `start` on, and its rows before row `stop`, 0-based."""

    raw: RawSheet
    ledger: Ledger
    header: Header | None
    start: int = 0
    stop: int | None = None


def stacked(contract: Contract, raw: RawSheet) -> list[Table]:
    """The tables of a sheet that holds several; empty for the others."""
    if not _may_hold_several(contract, raw):
        return []
    found: list[tuple[Ledger, int, int]] = []  # ledger, first row of its block, header
    above = 0
    for i, row in enumerate(raw.rows):
        if contract.words.isdisjoint(row[:FIRST_COLUMNS]) or (ledger := _ledger(contract, raw, above, i)) is None:
            continue
        if found and ledger is found[-1][0] and _same(raw.rows[i], raw.rows[found[-1][2]]):
            continue  # the same header again, at the top of a page
        found.append((ledger, _block(contract, raw.rows, above, i), i))
        above = i + 1
    if len(found) < 2:
        return []
    tables = []
    for k, (ledger, start, _) in enumerate(found):
        stop = found[k + 1][1] if k + 1 < len(found) else len(raw.rows)
        tables.append(Table(raw, ledger, contract.header(raw, ledger, start, stop), start, stop))
    return tables


def _may_hold_several(contract: Contract, raw: RawSheet) -> bool:
    """Whether words that headers begin with stand in one column twice, or more often than one header has them."""
    known = contract.words.__contains__
    width = min(FIRST_COLUMNS, len(raw.rows[0])) if raw.rows else 0
    times = [sum(map(known, map(itemgetter(j), raw.rows))) for j in range(width)]
    return max(times, default=0) > 1 or sum(times) > FIRST_COLUMNS


def _ledger(contract: Contract, raw: RawSheet, above: int, i: int) -> Ledger | None:
    """The ledger that row `i` is a header of: the one named above it, else the one it has most columns of."""
    said = {title(cell) for cell in raw.rows[i] if cell.__class__ is str and cell}
    likely: list[tuple[int, Ledger]] = []
    for name, ledger in contract.ledgers.items():
        if len(said & contract.titles[name].keys()) < min(2, len(ledger.typed)):
            continue
        header = header_of(raw.rows[i], contract.titles[name], i)
        needed = [n for n, c in ledger.typed.items() if c.required]
        if 2 * sum(n in header.places for n in needed) >= len(needed):
            likely.append((len(header.places) - len(header.unknown), ledger))
    likely.sort(key=lambda x: -x[0])
    if not likely:
        return None
    named = _named(contract, raw.rows, above, i)
    if any(ledger is named for _, ledger in likely):
        return named
    return None if len(likely) > 1 and likely[0][0] == likely[1][0] else likely[0][1]


def _named(contract: Contract, rows: Sequence[Sequence[Any]], above: int, i: int) -> Ledger | None:
    """The ledger named by the line nearest above a header that names one."""
    for row in reversed(rows[_block(contract, rows, above, i) : i]):
        for cell in row:
            if cell.__class__ is str and cell and (ledger := contract.ledger_named(cell)) is not None:
                return ledger
    return None


def _block(contract: Contract, rows: Sequence[Sequence[Any]], above: int, i: int) -> int:
    """Where the lines above a header begin: blank ones, a title, and those that say who and when."""
    start = i
    while start > above:
        row = rows[start - 1]
        said = [cell for cell in row if cell != ""]
        if said:
            first = said[0] if isinstance(said[0], str) else ""
            identity = shown_identity([row])
            is_title = len(said) == 1 and (_NUMBERED.match(first) or contract.ledger_named(first) is not None)
            if not (is_title or any(x != "" for x in (identity.filer, identity.period, identity.nil)) or squash(first) == "零报送"):
                break
        start -= 1
    return start


def _same(row: Sequence[Any], header: Sequence[Any]) -> bool:
    return [squash(c) for c in row if c != ""] == [squash(c) for c in header if c != ""]
