"""What became of each filing that was due: filed, late, returned, missing. Plain rows; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

COLUMNS = ("unit", "ledger", "ledger_title", "filer", "filed", "on_time", "nil", "late", "returned", "received_at", "rows",
           "missed_before", "filed_before", "rows_before", "returned_ever")


@dataclass
class _Fate:
    first: datetime | None = None           # the first accepted one came
    now: Mapping[str, Any] | None = None    # the one that counts
    waiting: bool = False                   # returned, and nothing accepted came
    returned: bool = False                  # some submission was returned


def filed(due: Iterable[Mapping[str, str]], known: Iterable[Mapping[str, Any]], cut_off: datetime) -> list[dict[str, Any]]:
    """One row for each of `due` (unit, ledger, ledger_title, filer), by what was received of it, oldest first (`known`, as
    Store.filings has it)."""
    fates: dict[tuple[str, str], _Fate] = {}
    for r in known:
        fate = fates.setdefault((r["unit"], r["ledger"]), _Fate())
        if r["accepted"]:
            fate.first = fate.first or r["received_at"]
            fate.now, fate.waiting = (r if r["effective"] else fate.now), False
        else:
            fate.returned = True
            fate.waiting = fate.waiting or fate.now is None
    rows = []
    for one in due:
        fate = fates.get((one["unit"], one["ledger"]), _Fate())
        on_time = fate.now is not None and fate.first is not None and fate.first <= cut_off
        rows.append({
            **one, "filed": fate.now is not None, "on_time": on_time, "nil": fate.now is not None and bool(fate.now["nil"]),
            "late": fate.now is not None and not on_time, "returned": fate.waiting,
            "received_at": fate.now["received_at"] if fate.now else None, "rows": fate.now["rows"] if fate.now else None,
            "returned_ever": fate.returned})
    return rows


def beside(now: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`now` with what the period before had: missed_before, filed_before, rows_before."""
    then = {(r["unit"], r["ledger"]): r for r in before}
    nothing: dict[str, Any] = {"filed": False, "returned": True, "rows": None}
    found = []
    for r in now:
        b = then.get((r["unit"], r["ledger"]), nothing)
        found.append({**r, "missed_before": not b["filed"] and not b["returned"], "filed_before": b["filed"],
                      "rows_before": b["rows"]})
    return found
