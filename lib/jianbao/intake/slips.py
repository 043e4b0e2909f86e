"""The slip number that every copy which goes back carries, and the lines of its result sheet. Imports cells, layout, reader.

The number stands in a document property, in a line of the result sheet and in the copy's name.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jianbao.definitions.finding import Finding
from jianbao.intake.cells import shown, squash
from jianbao.intake.layout import EXPLANATION, NUMBER, RESULT_SHEET, SLIP
from jianbao.intake.reader import RawSheet

PROPERTIES = "docProps/custom.xml"
_NUMBER = r"\d{4}(?:-[0-9A-Za-z]{1,5}){0,2}-[0-9a-f]{8}"
_PROPERTY = re.compile(rf'name="{SLIP}"[^>]*>\s*<[^>]*>\s*({_NUMBER})\s*<'.encode())
_LINE = re.compile(rf"{SLIP}[:：]\s*({_NUMBER})")
_NAMED = re.compile(r"_退回_([0-9a-f]{8})(?!\w)")
_MOST = 1 << 16     # bytes of document properties looked at


def slip_number(sha256: str, period: str, received_at: datetime) -> str:
    """The slip of a delivery: 2023-W42-6b86b273. Without a period, the day it came."""
    return f"{period or received_at.date().isoformat()}-{sha256[:8]}"


@dataclass(frozen=True)
class Slip:
    """What a file says it answers: the beginning of that file's sha256, and the number as it stands there."""

    number: str = ""
    named: bool = False     # only its name says so

    @property
    def sha(self) -> str:
        return self.number[-8:]


def slip_of(content: bytes, sheets: Sequence[RawSheet], name: str) -> Slip:
    """The slip of a file that could be read: its property, else the line on the result sheet, else its name."""
    if PROPERTIES.encode() in content and (found := _property(content)):
        return Slip(found)
    for sheet in sheets:
        if sheet.name == RESULT_SHEET:
            for row in sheet.rows[:10]:
                for cell in row:
                    if isinstance(cell, str) and (match := _LINE.search(cell)):
                        return Slip(match[1])
    match = _NAMED.search(name)
    return Slip(match[1], named=True) if match else Slip()


def _property(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(PROPERTIES) as part:
            match = _PROPERTY.search(part.read(_MOST))
    except Exception:       # whatever is wrong with it, it says no number
        return ""
    return match[1].decode() if match else ""


# The lines of a result sheet


def finding_id(f: Finding) -> str:
    """Tells a finding from the others of its file, wherever its row went: by rule, ledger, unit, key (else cell), column."""
    place = f"{f.unit}|{f.key}|{f.column}" if f.key else f.cell
    return hashlib.sha256(f"{f.rule}|{f.ledger or f.sheet}|{place}".encode()).hexdigest()[:8]


def finding_ids(findings: Iterable[Finding]) -> list[str]:
    """The id of each; of several alike, the second ends in -2."""
    seen: Counter[str] = Counter()
    ids = []
    for f in findings:
        seen[one := finding_id(f)] += 1
        ids.append(one if seen[one] == 1 else f"{one}-{seen[one]}")
    return ids


@dataclass(frozen=True)
class Listed:
    """One line of the result sheet of a copy that came back; `id` is "" where the number was lost."""

    id: str
    sheet: str
    cell: str
    value: str
    message: str
    explanation: str


def listed(sheets: Sequence[RawSheet]) -> list[Listed]:
    """What the result sheet of a refiled copy lists, with what the filer wrote beside it; empty when it has none."""
    rows = next((s.rows for s in sheets if s.name == RESULT_SHEET), [])
    titles = ("工作表", "单元格", "填的内容", "问题", EXPLANATION, NUMBER)
    result: list[Listed] = []
    places: dict[str, int] = {}
    for row in rows:
        if "问题" not in places or EXPLANATION not in places:
            places = {squash(c): j for j, c in enumerate(row) if isinstance(c, str)}
            continue
        said = {t: shown(row[places[t]], 2000) if t in places and places[t] < len(row) else "" for t in titles}
        if said["问题"] or said[NUMBER]:
            result.append(Listed(said[NUMBER], *(said[t] for t in titles[:-1])))
    return result
