"""Whom to call first: filings that are missing, by how much of the headline they usually carry. Imports readings, cube."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from jianbao.definitions.catalogue import IN_PERIOD
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.errors import JianbaoError
from jianbao.numbers.readings import Reading, asks_of, ledger_of


@dataclass(frozen=True)
class Call:
    """One missing filing. `usual` is what the unit brings in an ordinary period, or carries by now, in the headline's unit
    (of a rate in its base's); None when it never filed. `share` is that of the whole, missing ones counted in."""

    unit: Unit
    filer: Unit
    team: str
    state: Literal["missing", "returned"]
    usual: float | None
    share: float | None
    periods: int                # how many earlier filings the usual rests on


def callbacks(reading: Reading, *, periods: int = 4) -> list[Call]:
    """The units below the reading's that owe the headline's ledger, the heaviest first, those never heard of last.

    A flow goes by the mean of the last `periods` filed; a stock and what is read to date by what the unit has now. A rate
    goes by its denominator: that is what moves it. Raises JianbaoError for a headline no unit files.
    """
    cube, period = reading.cube, reading.period
    ledger = ledger_of(reading.indicator, cube)
    if ledger is None or ledger not in cube.definitions.filed_ledgers:
        raise JianbaoError(f"{reading.indicator.title.zh} ({reading.indicator.id}) comes from no ledger that units file.")
    tree = cube.tree(period)
    inside = {u.code for u in tree.subtree(reading.unit.code)}
    frame = cube.filing(period)
    owed = frame[(frame["ledger"] == ledger) & ~frame["filed"].astype(bool) & frame["unit"].isin(inside)]
    usual, known = _usual(reading, ledger, periods)
    teams = cube.workspace.teams(period.ends, cube.as_of)
    first, last = tree.position[reading.unit.code], tree.ends[tree.position[reading.unit.code]]
    whole = float(np.nansum(usual[first:last]))
    calls = []
    for r in owed.to_dict("records"):
        at = tree.position[r["unit"]]
        value = None if np.isnan(usual[at]) else float(usual[at])
        team = teams.get(r["unit"], {})
        calls.append(Call(tree.order[at], tree.order[tree.position.get(r["filer"], at)],
                          team.get("team_name") or team.get("team", ""), "returned" if r["returned"] else "missing", value,
                          value / whole if value is not None and whole else None, int(known[at])))
    return sorted(calls, key=lambda c: (c.usual is None, -(c.usual or 0.0)))


def _usual(reading: Reading, ledger: str, periods: int) -> tuple[Any, Any]:
    """What each unit itself usually brings, nan where it never filed; and on how many filings that rests."""
    cube, period = reading.cube, reading.period
    if reading.form != IN_PERIOD:
        value = _weight(reading, period)
        return value, (~np.isnan(value)).astype(np.int64)
    tree, starts = cube.tree(period), cube.definitions.campaign.starts
    total, count = np.zeros(len(tree.order)), np.zeros(len(tree.order), np.int64)
    then = period.previous()
    while then.ends >= starts and (count < periods).any():
        before = cube.tree(then).position
        filed, value = cube.coverage(ledger, then).filed, _weight(reading, then)
        for k, unit in enumerate(tree.order):
            at = before.get(unit.code)
            if at is not None and filed[at] and count[k] < periods and not np.isnan(value[at]):
                total[k], count[k] = total[k] + value[at], count[k] + 1
        then = then.previous()
    now, filed_now = _weight(reading, period), cube.coverage(ledger, period).filed
    with np.errstate(divide="ignore", invalid="ignore"):
        # Who filed weighs what it filed; who did not, what it usually does.
        return np.where(filed_now & ~np.isnan(now), now, np.where(count > 0, total / count, np.nan)), count


def _weight(reading: Reading, period: Period) -> Any:
    """What each unit's own rows add to the headline, or to its base; of a headline that does not add up, its rows."""
    cube, i = reading.cube, reading.indicator
    if i.rolls_up in ("sum", "distinct", "stock", "ratio") and i.combine is None:
        values = cube.values(i.id, reading.form, period, "own")
        return values.numerator if values.denominator is None else values.denominator
    rows = np.zeros(len(cube.tree(period).order))
    for _, ask in asks_of(reading):
        rows = rows + cube.measured(ask.measure, ask.form, period, "own").rows
    return np.where(rows > 0, rows, np.nan)
