"""What a check found: a value, never an exception. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """Where, what, and what to do. `error` returns that submission; `warning` (提示) asks for a second look and lets it in."""

    severity: Literal["error", "warning"]
    rule: str                   # required, type, code, unit, entitled, late, key, reference …, or a ledger rule's id
    message: str
    remedy: str
    file: str = ""
    sheet: str = ""
    cell: str = ""              # C7
    row: int | None = None      # as Excel numbers it
    column: str = ""            # the ledger's column name
    value: str = ""             # what the cell says
    unit: str = ""
    ledger: str = ""
    period: str = ""
    explain: bool = False       # a warning that stays open until it is explained
    explanation: str = ""       # what the filer says to it
    key: str = ""               # of the row, where its ledger has one: WT-003

    @property
    def place(self) -> str:
        """file › sheet › cell, as far as known."""
        return " › ".join(x for x in (self.file, self.sheet, self.cell) if x)

    def to_json(self) -> dict[str, Any]:
        return {"severity": self.severity, "rule": self.rule, "file": self.file, "sheet": self.sheet,
                "cell": self.cell, "row": self.row, "column": self.column, "value": self.value, "unit": self.unit,
                "ledger": self.ledger, "period": self.period, "message": self.message, "remedy": self.remedy,
                "explain": self.explain, "explanation": self.explanation, "key": self.key}
