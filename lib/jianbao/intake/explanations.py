"""What filers say to warnings: on the result sheet of a copy that came back, or beside the row. Imports slips, headers, sheet.

An explanation travels with its warning. One that only says all is well is refused, and the warning stays open.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jianbao.definitions.finding import Finding
from jianbao.definitions.personal import mask
from jianbao.intake.cells import shown
from jianbao.intake.headers import EXPLAINING, title
from jianbao.intake.reader import RawSheet
from jianbao.intake.sheet import Sheet
from jianbao.intake.slips import Listed, finding_ids, listed

LEAST = 4  # 汉字 or letters, or nothing was said
LONGEST = 300
# What stands around a reason and is none: 经核实，数据无误 says no more than 无误.
_PADDING = re.compile("(?:经|已|均|都|数据|情况|再次|现|本单位|我单位|核对|核实|确认|检查|了|的|以上|上述|该|此)+")
_SPACES = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Explained:
    """The words of one file: by line of its result sheet, and by sheet and row."""

    lines: tuple[Listed, ...] = ()
    rows: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.lines or self.rows)


def read(raw: Sequence[RawSheet], sheets: Iterable[Sheet]) -> Explained:
    """What a file explains; most explain nothing."""
    lines = tuple(line for line in listed(raw) if line.explanation)
    rows: dict[tuple[str, int], str] = {}
    by_name = {s.name: s for s in raw}
    for sheet in sheets:
        source = by_name.get(sheet.name)
        if source is None or not 0 < sheet.header <= len(source.rows):
            continue
        place = _place(source.rows[sheet.header - 1], sheet)
        if place is not None:
            for row in sheet.rows:
                cells = source.rows[row - 1]
                if place < len(cells) and cells[place] != "":
                    rows[sheet.name, row] = shown(cells[place], LONGEST)
    return Explained(lines, rows)


def _place(header: Sequence[object], sheet: Sheet) -> int | None:
    taken = set(sheet.places.values())
    for j, cell in enumerate(header):
        if isinstance(cell, str) and j not in taken and title(cell) in EXPLAINING:
            return j
    return None


def applied(findings: Sequence[Finding], said: Explained, empty_reasons: Iterable[str]) -> tuple[Finding, ...]:
    """The findings of a file, each warning with what was said to it. Those of errors are not heard: errors are put right.

    A line of the result sheet is for the same finding only while that says the same.
    """
    if not said:
        return tuple(findings)
    by_id = {line.id: line for line in said.lines if line.id}
    by_place = {(line.sheet, line.cell, line.message): line for line in said.lines}
    nothing = frozenset(map(squashed, empty_reasons))
    result = []
    for f, number in zip(findings, finding_ids(findings), strict=True):
        line = by_id.get(number) or by_place.get((f.sheet, f.cell, f.message))
        words = line.explanation if line is not None and line.message == f.message else ""
        # beside the row stands the newer one
        words = (said.rows.get((f.sheet, f.row)) if f.row is not None else None) or words
        result.append(_with(f, mask(words), nothing) if words and f.severity == "warning" else f)
    return tuple(result)


def _with(f: Finding, words: str, nothing: frozenset[str]) -> Finding:
    if says_nothing(words, nothing):
        return replace(f, remedy=f"说明“{shown(words)}”没有说出原因，请写清为什么。{f.remedy}")
    return replace(f, explanation=shown(words, LONGEST))


def says_nothing(words: str, nothing: frozenset[str]) -> bool:
    """Whether an explanation explains nothing: one of the empty ones, alone, repeated or dressed up; too short; numbers only."""
    text = squashed(words)
    if len(re.findall(r"[^\W\d_]", text)) < LEAST or text in nothing:
        return True
    left = text
    for one in sorted(nothing, key=len, reverse=True):
        left = left.replace(one, "")
    return not _PADDING.sub("", left)


def squashed(words: str) -> str:
    """Words as they are compared: half-width, small, without spaces and punctuation."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", words)).lower()
