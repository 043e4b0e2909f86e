"""Words that stand in ledger rows: the date of an event, the title of a case. Imports query, readings, definitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.definitions.campaign import Fact
from jianbao.definitions.catalogue import STOCK, TO_DATE, Measure
from jianbao.definitions.period import Period
from jianbao.errors import unknown
from jianbao.numbers import query
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import with_places

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Found:
    """The values a fact has at a period's end, oldest first, and the rows they stand in; none when nothing was filed."""

    name: str
    fact: Fact
    values: tuple[str | date, ...]
    period: Period
    cube: Cube = field(repr=False, compare=False)

    def rows(self) -> pd.DataFrame:
        """The ledger rows that hold the values, with file, sheet and row."""
        frame = _frame(self.cube, self.fact, self.period)
        return frame[frame[self.fact.value].map(_plain).isin(self.values)].reset_index(drop=True)


def find(cube: Cube, name: str, period: Period) -> Found:
    """A fact of the campaign that is taken from rows. Raises UnknownName for any other."""
    facts = {n: f for n, f in cube.definitions.campaign.facts.items() if isinstance(f, Fact)}
    if name not in facts:
        raise unknown("fact", name, facts)
    fact = facts[name]
    values = list(dict.fromkeys(v for v in map(_plain, _frame(cube, fact, period)[fact.value]) if v is not None))
    if values and isinstance(values[0], date):
        values.sort(key=str)
    chosen = {"first": values[:1], "last": values[-1:], "all": values}[fact.take]
    return Found(name, fact, tuple(chosen), period, cube)


def _frame(cube: Cube, fact: Fact, period: Period) -> pd.DataFrame:
    ledger = cube.definitions.ledgers[fact.ledger]
    ask = query.Ask(Measure(ledger=fact.ledger, where=fact.where, value="count()"), period,
                    STOCK if ledger.by_key or ledger.kind == "master" else TO_DATE)
    cube.make_ready(ledger.name, period)
    source = query.source_of(ask, ledger, cube.snapshot, cube.definitions)
    condition = query.condition_of(ask, ledger, cube.definitions)
    join = f"left join {query.register_on([period.ends], cube.snapshot)} u on u.code = r.unit"
    frame = cube.snapshot.connection.sql(
        f"select r.* from {source} r {join} where {condition} order by r.date, r.unit, r.row").df()
    frame.insert(0, "part", "")
    frame.insert(1, "ledger_name", ledger.name)
    return with_places(frame, cube)


def _plain(value: Any) -> Any:
    """A date without its time of day, a text as it is, None for what is missing."""
    import pandas as pd

    if value is None or pd.isna(value):
        return None
    return value.date() if hasattr(value, "date") else value
