"""A document set in the order all four writers print. Imports brief.parts, notes and markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from jianbao.brief import notes as source_notes
from jianbao.brief.markup import FINDING_TITLES, finding_cells, unbroken
from jianbao.brief.parts import (
    Chart,
    Column,
    Document,
    Face,
    Findings,
    Foot,
    Head,
    Heading,
    Prose,
    Run,
    Sources,
    Table,
)

WORKING_MARK = "校核底稿"
_ONLY_WORKING = "〔仅底稿〕"
_DIGITS = "〇一二三四五六七八九"
# What XML and workbooks cannot hold, or what turns the reading direction.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
T = TypeVar("T")


@dataclass(frozen=True)
class Placed:
    """A part of the body with the number it prints: 一、 （一） 表1 图1."""

    part: Heading | Prose | Table | Chart | Findings
    label: str = ""


@dataclass(frozen=True)
class Piece:
    """A stretch of one look. `keep` must not break; `note` is the source note it links to, printed if `marked`."""

    text: str
    keep: bool = False
    strong: bool = False
    note: int | None = None
    marked: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Layout:
    """Head, key points, body, sources, foot: the order of the printed page."""

    face: Face
    head: Head
    keypoints: tuple[Prose, ...]
    body: tuple[Placed, ...]
    sources: Sources
    foot: Foot | None

    @cached_property
    def groups(self) -> tuple[source_notes.Group, ...]:
        """The source notes by indicator; empty in the issued copy."""
        return source_notes.groups(self.sources)

    @cached_property
    def notes(self) -> dict[str, int]:
        """The number of each figure's source note."""
        return source_notes.numbers(self.groups)

    @property
    def full_title(self) -> str:
        """The masthead before the title, for the window and the file's properties."""
        return "　".join(x for x in (self.head.name, self.head.title) if x)

    @property
    def day(self) -> date | None:
        """The day of issue, the only date a file may carry: the clock would change its bytes."""
        try:
            return date.fromisoformat(self.head.issued_on[:10])
        except ValueError:
            return None

    def pieces(self, runs: Sequence[Run]) -> list[Piece]:
        """Runs cut so that a number and its measure word stand together."""
        out = []
        for run in runs:
            note = self.notes.get(run.figure) if run.figure else None
            cut = unbroken(run.text)
            out += [Piece(text, keep, run.strong, note, note is not None and i == len(cut), run.tone)
                    for i, (text, keep) in enumerate(cut, 1)]
        return out


def lay_out(document: Document, face: Face) -> Layout:
    """Number headings, tables and charts; bring the key points to the top and the sources and foot to the end."""
    head = Head(name="", title="简报", issuer="", issued_on="", period="", period_label="", unit="", unit_name="",
                as_of="")
    sources, foot = Sources(closing=""), None
    keypoints: list[Prose] = []
    body: list[Placed] = []
    seen_head = False
    counts = [0, 0, 0, 0]
    tables = charts = 0
    for part in (_printable(part) for part in document.face(face).parts):
        match part:
            case Head():
                head = head if seen_head else part
                seen_head = True
            case Sources():
                sources = _merged(sources, part)
            case Foot():
                foot = part
            case Prose(role="keypoint"):
                keypoints.append(_marked(part))
            case Heading():
                level = min(max(part.level, 1), 4)
                counts[level - 1:] = [counts[level - 1] + 1] + [0] * (4 - level)
                body.append(Placed(replace(part, level=level), _numeral(level, counts[level - 1])))
            case Table():
                tables += 1
                body.append(Placed(_marked(part), f"表{tables}"))
            case Chart():
                charts += 1
                body.append(Placed(_marked(part), f"图{charts}"))
            case Prose() | Findings():
                body.append(Placed(_marked(part)))
    said = {placed.part.text for placed in body if isinstance(placed.part, Prose)}
    if sources.closing in said:
        sources = replace(sources, closing="")
    return Layout(face, head, tuple(keypoints), tuple(body), sources, foot)


def findings_table(findings: Findings) -> Table | None:
    """The finding lines as a table, or None when there are none to list."""
    if not findings.items:
        return None
    widths = (1.2, 1.8, 4, 4, 3)
    return Table(
        title=findings.title,
        columns=tuple(Column(title, width=width) for title, width in zip(FINDING_TITLES, widths, strict=True)),
        rows=tuple(tuple(Run(cell) for cell in finding_cells(line)) for line in findings.items),
        notes=(f"另有{findings.more}条未列。",) if findings.more else ())


def widths(table: Table) -> list[float]:
    """Relative column widths: what the analyst asked for, else what the longest cell needs."""
    needed = []
    for j, column in enumerate(table.columns):
        cells = [_width(row[j].text) + 2 * bool(row[j].figure) for row in table.rows]     # room for the note's number
        # The names on the left want one line; a long title over numbers may take two.
        title = min(_width(column.title), 14) if j == 0 else _title_width(column.title)
        needed.append(float(min(max([title, 4, *cells]) + 2, 30)))
    said = [column.width for column in table.columns]
    known = [w for w in said if w is not None]
    if known and len(known) < len(said):
        # A column without a width takes what it needs, on the scale of those that have one.
        scale = sum(known) / sum(n for n, w in zip(needed, said, strict=True) if w is not None)
        return [n * scale if w is None else w for n, w in zip(needed, said, strict=True)]
    return [float(w) for w in known] or needed


def _title_width(title: str) -> int:
    """Of a title in at most two lines, the unit in brackets on a line of its own when it can be."""
    whole = _width(title)
    name = _width(title.split("（")[0])
    if whole > 10 and whole > name and name <= 12:
        return max(name, whole - name)
    return min(whole, max(10, (whole + 3) // 4 * 2))


ANNEX_SIZE = 9.0    # 小五: read when in doubt, so it must not cost the issue a page


def table_size(table: Table) -> float:
    """Type size in points, smaller for more columns."""
    return 12.0 if len(table.columns) <= 6 else 10.5 if len(table.columns) <= 9 else 9.0


def numeral(n: int) -> str:
    """12 → 十二, for 1 to 99."""
    tens, ones = divmod(n, 10)
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def _numeral(level: int, n: int) -> str:
    return {1: f"{numeral(n)}、", 2: f"（{numeral(n)}）", 3: f"{n}.", 4: f"（{n}）"}[level]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def _marked(part: Any) -> Any:
    """What the issued copy leaves out says so in the working paper."""
    if getattr(part, "face", "issued") != "working":
        return part
    if isinstance(part, Prose):
        return replace(part, runs=(Run(_ONLY_WORKING), *part.runs))
    return replace(part, title=_ONLY_WORKING + part.title)


def _merged(a: Sources, b: Sources) -> Sources:
    return Sources(closing=b.closing or a.closing, figures=a.figures + b.figures,
                   definitions=tuple(dict.fromkeys(a.definitions + b.definitions)), rounding=b.rounding or a.rounding)


def _printable(value: T) -> T:
    """The same value without control characters, all the way down."""
    if isinstance(value, str):
        return UNPRINTABLE.sub("", value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_printable(item) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _printable(getattr(value, f.name)) for f in fields(value)
                   if f.init and f.name not in ("svg", "png")}
        return replace(value, **changed)
    return value
