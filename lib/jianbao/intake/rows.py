"""Which rows of a filed sheet say something: totals, signatures, repeated headers and numbered blanks are passed over, and
said. Imports headers, cells, reader, definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jianbao.definitions.ledger import Ledger
from jianbao.intake.cells import COMPATIBLE, shown, squash
from jianbao.intake.headers import Header
from jianbao.intake.reader import RawSheet
from jianbao.intake.writing import BLANK, row_list, says_nothing

TOTALS = frozenset(("合计", "总计", "小计", "共计", "合计:", "总计:", "本页合计", "本页小计", "本页累计", "承前页", "过次页"))
# What one of these begins with, before it is squashed: nearly every row is told by it.
CLOSING = re.compile(f"\\s*[合总小共本承过填审制联单负经注说备{COMPATIBLE}]")
# With its colon: a topic may well begin with 联系.
FOOTER = re.compile(r"(填[表报](人|日期|时间)|审核人?|制表人?|联系(人|电话|方式)|(单位)?负责人|经办人?|注|说明|备注)(\(.*?\))?:")
NUMBERS = frozenset(("int", "num", "percent"))
COLUMN_NUMBER = re.compile(r"[甲乙丙丁戊己庚辛]|\(?\d{1,2}\)?|栏次|序号")
PASSED = {
    "serial": "只有序号，没有收",
    "aside": "只在没有收的列里有内容，没有收",
    "footer": "认作落款或说明，没有收",
    "header": "重复了表头，没有当作数据",
    "numbering": "认作栏次，没有当作数据",
}


@dataclass(frozen=True)
class Rows:
    """A sheet's rows with merged cells filled down, and the 0-based numbers of those that say something, or what else."""

    cells: list[list[Any]]
    kept: list[int]
    totals: list[int]
    merged_numbers: list[tuple[int, str]]  # row, column: a number merged over several rows
    filled: Mapping[str, list[int]]  # column → rows that a merged text or date was carried to
    passed: Mapping[str, list[int]] = field(default_factory=dict)  # a key of PASSED → rows

    def said(self) -> Iterator[str]:
        """What was passed over, as a receipt says it behind the sheet's name."""
        for why, numbers in self.passed.items():
            yield f"{row_list([i + 1 for i in sorted(numbers)])}{PASSED[why]}"


def rows_below(raw: RawSheet, ledger: Ledger, header: Header, stop: int | None = None) -> Rows:
    """The rows below `header` and before `stop`."""
    rows, merged_numbers, filled = _filled_down(raw, ledger, header)
    end = len(rows) if stop is None else stop
    faulty = {r for r, _ in raw.faults} if raw.faults else ()
    mapped = list(header.places.values())
    # Only a sheet with further columns can have rows that say something, but not to us.
    strange = bool(header.unknown) or len(mapped) < (len(rows[header.row]) if rows else 0)
    needed = [j for name, j in header.places.items() if name in ledger.columns and ledger.columns[name].required]
    lead = next((j for j in mapped if rows[header.row][j] != ""), 0)
    title = rows[header.row][lead]
    kept: list[int] = []
    totals: list[int] = []
    passed: dict[str, list[int]] = {}
    start = header.row + 1
    if start < end and _numbers_columns(rows[start]):
        passed["numbering"] = [start]
        start += 1
    for i in range(start, end):
        row = rows[i]
        first = _first(row)
        if first is None and i not in faulty:
            continue
        if row[lead] == title and title and _repeats(row, rows[header.row], mapped):
            passed.setdefault("header", []).extend([i, *_block_above(rows, header, kept)])
            continue
        if strange and i not in faulty and all(row[j] == "" for j in mapped) and first not in TOTALS:
            why = "footer" if first and FOOTER.match(first) else "aside"
            if all(cell == "" or j in header.serial for j, cell in enumerate(row)):
                why = "serial"
            passed.setdefault(why, []).append(i)
        elif first in TOTALS:
            totals.append(i)
        elif first and FOOTER.match(first) and 2 * sum(row[j] != "" for j in needed) <= len(needed):
            passed.setdefault("footer", []).append(i)
        else:
            kept.append(i)
    return Rows(rows, kept, totals, merged_numbers, filled, passed)


def _first(row: Sequence[Any]) -> str | None:
    """The first cell that says something, squashed when it may close the rows, else ""; None when none does."""
    for cell in row:
        if cell.__class__ is not str:
            return ""
        if cell and not (cell[0] in BLANK and says_nothing(cell)):
            return squash(cell) if len(cell) < 60 and CLOSING.match(cell) else ""
    return None


def _repeats(row: Sequence[Any], header: Sequence[Any], mapped: Sequence[int]) -> bool:
    """The header once more, as at the top of each printed page."""
    return 3 * sum(1 for j in mapped if row[j] == header[j]) >= 2 * len(mapped)


def _block_above(rows: Sequence[Sequence[Any]], header: Header, kept: list[int]) -> Iterator[int]:
    """Takes from `kept` the lines just above a repeated header that stand above the first one too: title, unit, period."""
    above = [row for row in rows[: header.row] if any(cell != "" for cell in row)]
    while kept and above and rows[kept[-1]] in above:
        yield kept.pop()


def _numbers_columns(row: Sequence[Any]) -> bool:
    """甲 乙 1 2 3, or 栏次 1 2 3: the numbers of columns, as statistical forms have them below the titles."""
    said = [squash(shown(cell)) for cell in row if cell != ""] if any(cell in ("甲", "栏次") for cell in row[:3]) else []
    return len(said) > 1 and all(COLUMN_NUMBER.fullmatch(text) for text in said)


def _filled_down(raw: RawSheet, ledger: Ledger, header: Header) -> tuple[list[list[Any]], list[tuple[int, str]], dict[str, list[int]]]:
    """A text or date merged over several rows holds for each; a number counts once, so it stays in the first."""
    names = {place: name for name, place in header.places.items()} if raw.merged else {}
    rows, numbers = raw.rows, []
    filled: dict[str, list[int]] = {}
    for top, left, bottom, _ in raw.merged:
        name = names.get(left)
        if bottom <= top or top <= header.row or name is None or bottom >= len(rows):
            continue
        if name in ledger.columns and ledger.columns[name].type in NUMBERS:
            numbers.append((top, name))
            continue
        rows = list(rows) if rows is raw.rows else rows
        for i in range(top + 1, bottom + 1):
            if rows[i].count("") < len(rows[i]):
                rows[i] = [rows[top][left] if j == left else cell for j, cell in enumerate(rows[i])]
                filled.setdefault(name, []).append(i)
    return rows, numbers, filled
