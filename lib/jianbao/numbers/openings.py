"""期初数: what a unit had or had done before its office filed here, as rows of a master ledger. Imports workspace, catalogue.

They count to date and at a point in time, never in a period. Method: docs/methods/openings.md
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD, Form, Indicator, takes_opening
from jianbao.errors import JianbaoError

if TYPE_CHECKING:
    from jianbao.workspace import Workspace

LEDGER = "openings"


class Openings:
    """All opening balances as received by `as_of`. A workspace without the ledger has none."""

    def __init__(self, workspace: Workspace, as_of: datetime) -> None:
        self._workspace, self._as_of = workspace, as_of

    @cached_property
    def _by_indicator(self) -> dict[str, list[dict[str, Any]]]:
        catalogue, found = self._workspace.definitions.catalogue, dict[str, list[dict[str, Any]]]()
        for row in self._workspace.master_rows(LEDGER, self._as_of) or []:
            if row["indicator"] in catalogue:
                found.setdefault(catalogue[row["indicator"]].id, []).append(row)
        return found

    def rows(self, i: Indicator, form: Form, on: date) -> Sequence[dict[str, Any]]:
        """The rows that count in an indicator's reading of a period that ends `on`: unit, indicator, value, on, source, and
        the system's columns. Raises JianbaoError for an indicator that takes none."""
        if i.id not in self._by_indicator:
            return ()
        if not takes_opening(i, self._workspace.definitions.ledgers):
            raise JianbaoError(f"{i.title.zh} ({i.id}) has an opening balance but takes none: only counts and sums that add up, "
                               f"and stocks counted item by item, do. Take its rows out of the {LEDGER} workbook.")
        if form == IN_PERIOD:
            return ()
        return [r for r in self._by_indicator[i.id] if r["value"] is not None and (r["on"] is None or r["on"] <= on)]

    def sums(self, rows: Sequence[dict[str, Any]], places: Any, n: int) -> tuple[Any, Any]:
        """Value and number of the rows at each of `n` units; `places` are the rows' own."""
        ok = places >= 0
        values = np.array([float(r["value"]) for r in rows])
        return np.bincount(places[ok], weights=values[ok], minlength=n), np.bincount(places[ok], minlength=n)
