"""Values written into the cells of a workbook that goes out: text stays text. Imports nothing of ours."""

from __future__ import annotations

import re
from typing import Any

# What a sheet's XML cannot hold, and what turns the reading direction.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def write(cell: Any, value: Any) -> Any:
    """Puts a value into an openpyxl cell; a text that begins with = or reads #N/A stays a text. The cell comes back."""
    if isinstance(value, str):
        value = _UNFIT.sub("", value)[:32767] or None
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        if value[:1] in ("=", "+", "-", "@"):
            cell.quotePrefix = True     # also when somebody edits the cell
    return cell
