"""Rows that name a row of another ledger: a column beside them that says whether it is there. Imports snapshot, catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from jianbao.definitions.catalogue import Measure
from jianbao.definitions.ledger import Ledger

if TYPE_CHECKING:
    from jianbao.store import Snapshot

PREFIX = "linked by "       # no ledger can have a column called so


def column_of(m: Measure) -> str:
    """The name of the column, the same for all measures that ask for the same links."""
    return f"{PREFIX}{m.link} to {' '.join(m.linked_to)}"


def with_links(measures: Iterable[Measure], rows: str, ledgers: Mapping[str, Ledger], days: Sequence[date],
               snapshot: Snapshot, *, by_day: bool) -> str:
    """`rows` (a FROM item; `by_day`: with asked_on) and a column for each kind of link asked; as they are when none is."""
    chosen = {}
    for m in measures:
        if m.linked_to:
            chosen[column_of(m)] = " or ".join(_named(m, name, ledgers, days, snapshot, by_day) for name in m.linked_to)
    if not chosen:
        return rows
    more = ", ".join(f'({condition}) as "{name}"' for name, condition in chosen.items())
    return f"(select b.*, {more} from {rows} b)"


def _named(m: Measure, name: str, ledgers: Mapping[str, Ledger], days: Sequence[date], snapshot: Snapshot,
           by_day: bool) -> str:
    assert m.ledger is not None
    key = ledgers[name].key[0]
    a_list = ledgers[m.ledger].columns[m.link].type == "list"
    same = f'list_contains(b."{m.link}", l."{key}")' if a_list else f'l."{key}" = b."{m.link}"'
    there = snapshot.states(name, days) if by_day else snapshot.state(name, days[0])
    then = " and l.asked_on = b.asked_on" if by_day else ""
    return f"exists (select 1 from {there} l where l.unit = b.unit and {same}{then})"
