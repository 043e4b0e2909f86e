"""What a receive brings: files, the sheets in them, and the state of knowledge they make. Imports definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from jianbao.definitions.finding import Finding

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Submission:
    """One sheet: one ledger for one period, covering the units it was filed for, with or without rows."""

    ledger: str
    period: str                     # canonical; "" for a master workbook
    period_ends: date
    filer: str
    units: tuple[str, ...]
    nil: bool
    sheet: str
    accepted: bool                  # False: returned; its rows are not stored
    late: bool
    rows: pa.Table | None           # unit, row, date, then the ledger's columns
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """One file as it came."""

    sha256: str
    name: str
    size: int
    filer: str
    received_at: datetime
    outcome: str                    # stored | partly | returned | unreadable | unpacked (an archive) | attached
    kind: str = "workbook"          # workbook | archive | attachment
    container: str = ""             # sha256 of the archive it came in
    answers: str = ""               # sha256 of the returned delivery that this one answers
    guesses: tuple[str, ...] = ()   # what had to be guessed to read it
    compared: str = ""              # JSON: how it compares with what it answers
    period: str = ""                # of an attachment: the period whose filings it belongs to


@dataclass(frozen=True)
class Received:
    delivery: Delivery
    content: bytes
    submissions: tuple[Submission, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Version:
    """A state of knowledge: everything received up to and at `as_of`."""

    number: int
    as_of: datetime

    def __str__(self) -> str:
        return f"v{self.number} ({self.as_of:%Y-%m-%d %H:%M:%S})"
