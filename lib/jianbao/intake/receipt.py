"""What became of the files that came: every file once, with its outcome and findings. Imports store, definitions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jianbao.definitions.finding import Finding
from jianbao.store import Version

if TYPE_CHECKING:
    from jianbao.intake.refiled import Comparison

Outcome = Literal["stored", "partly", "returned", "unreadable", "duplicate", "unpacked", "attached", "left"]
OUTCOMES = {"stored": "已收", "partly": "部分退回", "returned": "退回", "unreadable": "无法读取", "duplicate": "重复",
            "unpacked": "已解包", "attached": "附件", "left": "留待下次"}


@dataclass(frozen=True)
class SheetReport:
    ledger: str
    title: str
    sheet: str
    rows: int
    nil: bool
    accepted: bool


@dataclass(frozen=True)
class FileReport:
    """One file. `guesses` says what had to be guessed to read it; `returned` is the annotated copy, if one was written;
    `answered`, how it compares with the returned file that it answers."""

    file: str
    outcome: Outcome
    received_at: datetime
    filer: str = ""
    period: str = ""
    sheets: tuple[SheetReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    guesses: tuple[str, ...] = ()
    returned: Path | None = None
    answered: Comparison | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "outcome": self.outcome,
            "received_at": self.received_at.isoformat(),
            "filer": self.filer,
            "period": self.period,
            "sheets": [vars(s) for s in self.sheets],
            "findings": [f.to_json() for f in self.findings],
            "guesses": list(self.guesses),
            "returned": str(self.returned) if self.returned else None,
            "answers": self.answered.to_json(self.findings) if self.answered else None,
        }


@dataclass(frozen=True)
class Receipt:
    """All files of one receive or check. `version` is the data version that holds them; None when nothing was stored.
    `notes` are about the receive itself."""

    files: tuple[FileReport, ...]
    version: Version | None = None
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> list[Finding]:
        return [f for file in self.files for f in file.findings]

    @property
    def exit_code(self) -> int:
        """1 when anything was sent back."""
        return int(any(f.severity == "error" for f in self.findings))

    @property
    def counts(self) -> dict[str, int]:
        """Outcome → files."""
        return dict(Counter(f.outcome for f in self.files))

    def to_json(self) -> list[dict[str, Any]]:
        return [f.to_json() for f in self.files]
