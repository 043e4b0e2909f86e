"""The column titles of a filed sheet: which of the ledger's columns stands where. Imports cells, definitions.

A title is known exactly, or by an alias of the ledger. What is not known so may be guessed: a sub-title under a group's
title, a title with a unit behind it, one written almost like it — and then it is said. Where two columns could be meant,
none is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jianbao.definitions.ledger import Ledger
from jianbao.intake.cells import MEASURES, squash

UNIT_TITLES = ("单位", "单位名称", "所属单位", "被审单位", "单位编码")
SERIAL = frozenset(("序号", "NO", "NO.", "行号"))
EXPLAINING = frozenset(("说明", "情况说明", "原因说明", "说明原因"))  # what is said to warnings, where the ledger has no such column
SEARCHED_ROWS = 30  # how far down a header may stand
ALIKE = 0.9  # as difflib has it: one character of ten, or one more than five
# One of these more or less, and the column is another one.
OPPOSED = frozenset("未不非无没已应实上下前后内外增减升降新旧老男女正副首末同总均累本去")
JOINTS = ("", "·", "-", "(")
_BRACKET = re.compile(r"\(([^()]*)\)$")
_SCALED = re.compile(r"[十百千万亿]")
_PARTS = re.compile(r"[·\-—–/:_()\[\]]+")


@dataclass(frozen=True)
class Header:
    """The column titles: `places` from the ledger's names ("unit" too) to sheet columns, 0-based; `row` is their last row."""

    row: int
    places: Mapping[str, int]
    unknown: Mapping[str, int] = field(default_factory=dict)  # titles that no column has
    twice: Mapping[str, int] = field(default_factory=dict)
    serial: tuple[int, ...] = ()  # columns that only number the rows
    guessed: Mapping[str, str] = field(default_factory=dict)  # title as written → column
    levels: int = 1

    @property
    def first(self) -> int:
        return self.row - self.levels + 1


def titles(ledger: Ledger) -> dict[str, str]:
    """Every title and alias of the ledger's columns, squashed → column name; 单位 too, unless the ledger uses it."""
    index = {squash(said).upper(): name for name, c in ledger.columns.items() for said in (c.title, *c.aliases)}
    if ledger.kind != "master":
        for said in UNIT_TITLES:
            index.setdefault(said, "unit")
    return index


def header_of(row: Sequence[Any], index: Mapping[str, str], number: int) -> Header:
    """What `row` would be as the header of a ledger with these titles."""
    places: dict[str, int] = {}
    unknown: dict[str, int] = {}
    twice: dict[str, int] = {}
    serial = []
    for j, cell in enumerate(row):
        if cell.__class__ is not str or not cell or cell.startswith("←"):  # a column that explains, and is none
            continue
        said = title(cell)
        name = known(said, index)
        if name is None:
            if said in SERIAL:
                serial.append(j)
            elif said:
                unknown[cell.strip()] = j
        elif name in places:
            twice[cell.strip()] = j
        else:
            places[name] = j
    return Header(number, places, unknown, twice, tuple(serial))


def title(cell: str) -> str:
    """A title as it is compared."""
    return squash(cell).upper().strip("*:")


def known(said: str, index: Mapping[str, str]) -> str | None:
    """The column of a title, with or without a remark in brackets; 金额（万元） is not 金额."""
    name = index.get(said)
    if name is None and (bracket := _BRACKET.search(said)) and not _SCALED.search(bracket[1]):
        name = index.get(said[: bracket.start()].strip("*"))
    return name


def two_levels(upper: Sequence[Any], lower: Sequence[Any], index: Mapping[str, str], number: int) -> Header | None:
    """Both rows as one header, `number` being the lower one: 人数 over 应到 and 实到 is 人数·应到 and 人数·实到.

    None when the lower row is no row of titles.
    """
    if any(cell.__class__ is not str for cell in lower):
        return None
    found: dict[str, list[tuple[int, int, str]]] = {}  # column → strength, place, as written
    unknown: dict[str, int] = {}
    serial = []
    group = ""
    for j, (above, below) in enumerate(zip(upper, lower, strict=True)):
        up, low = (title(above) if isinstance(above, str) else ""), title(below)
        if up:
            group = up
        elif not low:
            group = ""
        if not low or (low.startswith("(") and low.endswith(")")):  # a unit below its title
            name, strength, written = known(up, index), 2, str(above).strip()
        else:
            name, strength = _under(group, low, index)
            if name is None and up and known(up, index):
                return None
            written = f"{group}·{below.strip()}" if group else below.strip()
        if name is not None:
            found.setdefault(name, []).append((strength, j, written))
        elif up in SERIAL or low in SERIAL:
            serial.append(j)
        elif up or low:
            unknown[written] = j
    places: dict[str, int] = {}
    twice: dict[str, int] = {}
    guessed: dict[str, str] = {}
    for name, those in found.items():
        those.sort(key=lambda x: -x[0])
        places[name] = those[0][1]
        if "·" in those[0][2]:
            guessed[those[0][2]] = name
        for strength, j, written in those[1:]:
            (twice if strength == those[0][0] else unknown)[written] = j
    return Header(number, places, unknown, twice, tuple(serial), guessed, 2)


def _under(group: str, low: str, index: Mapping[str, str]) -> tuple[str | None, int]:
    """The column of a sub-title, and how surely: by both titles together, or by its own."""
    if group:
        for joint in JOINTS:
            end = ")" if joint == "(" else ""
            for said in (f"{group}{joint}{low}{end}", f"{low}{joint}{group}{end}"):
                if said in index:
                    return index[said], 2
    return known(low, index), 1


def loosened(header: Header, index: Mapping[str, str]) -> Header:
    """With the titles that are almost known, each taken for a column that no other title could be."""
    meant: dict[str, list[str]] = {}
    for written in header.unknown:
        if len(names := set(_like(title(written), index))) == 1:
            meant.setdefault(names.pop(), []).append(written)
    guessed = {those[0]: name for name, those in meant.items() if len(those) == 1 and name not in header.places}
    if not guessed:
        return header
    return replace(
        header,
        places={**header.places, **{name: header.unknown[written] for written, name in guessed.items()}},
        unknown={written: j for written, j in header.unknown.items() if written not in guessed},
        guessed={**header.guessed, **guessed},
    )


def _like(said: str, index: Mapping[str, str]) -> Iterator[str]:
    """The columns that a title nobody knows may mean."""
    parts = [part for part in _PARTS.split(said) if part]
    if len(parts) == 2:
        joined = {index[both] for both in (parts[0] + parts[1], parts[1] + parts[0]) if both in index}
        yield from joined or {index[part] for part in parts if part in index and not _scaled(said)}
        if joined:
            return
    for known_title, name in index.items():
        rest = said[len(known_title) :].strip("/:·-()") if said.startswith(known_title) else ""
        with_unit = len(rest) == 1 and rest in MEASURES + "%"
        if with_unit or _BRACKET.sub("", known_title) == said or _nearly(said, known_title):
            yield name


def _scaled(said: str) -> bool:
    return _SCALED.search(said) is not None


def _nearly(a: str, b: str) -> bool:
    if len(a) < 5 or abs(len(a) - len(b)) > 3:
        return False
    from difflib import SequenceMatcher

    match = SequenceMatcher(None, a, b, autojunk=False)
    if match.quick_ratio() < ALIKE or match.ratio() < ALIKE:
        return False
    return all(not OPPOSED & {*a[i:j], *b[k:m]} for kind, i, j, k, m in match.get_opcodes() if kind != "equal")
