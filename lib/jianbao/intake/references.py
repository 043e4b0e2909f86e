"""References between ledgers: each must lead to a row of the same unit. Imports sheet, store, definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.intake.sheet import Sheet
from jianbao.store import Store
from jianbao.store.arrays import array

Pairs = set[tuple[Any, Any]]  # (unit, value)


def dangling(
    sheets: Sequence[Sheet], accepted: set[int], ledgers: Mapping[str, Ledger], store: Store, connection: Any
) -> list[tuple[int, Finding]]:
    """(which sheet, finding) for each reference that leads neither into the store nor into an accepted sheet of the batch.

    A column may refer to several ledgers; one of them must have the value.

    A sheet sent back for a dangling reference may leave others dangling: repeated until nothing changes.
    """
    wanted = [
        (n, name, [_target(r, ledgers) for r in c.referred])
        for n, s in enumerate(sheets)
        for name, c in s.ledger.typed.items()
        if c.referred and s.rows
    ]
    if not wanted:
        return []
    targets = {t for _, _, ts in wanted for t in ts}
    stored = {t: _stored(t, [(sheets[n], name) for n, name, ts in wanted if t in ts], store, connection) for t in targets}
    while True:
        filed = {t: _filed(t, sheets, accepted) for t in targets}
        missing = [
            (n, at, name, value, ts)
            for n, name, ts in wanted
            for at, unit, value in _references(sheets[n], name)
            if not any((unit, value) in stored[t] or (unit, value) in filed[t] for t in ts)
        ]
        lost = {n for n, *_ in missing} & accepted
        if not lost:
            break
        accepted = accepted - lost
    everything = {t: _filed(t, sheets, set(range(len(sheets)))) for t in targets}
    found = []
    for n, at, name, value, ts in missing:
        sheet, title = sheets[n], "”“".join(ledgers[ledger].title for ledger, _ in ts)
        here = any((sheet.units[at], value) in everything[t] for t in ts)
        found.append(
            (
                n,
                sheet.finding(
                    "error",
                    "reference",
                    f"“{sheet.title(name)}”{value} 在本单位的“{title}”里没有。",
                    f"登记它的“{title}”这次被退回，请改正后一起重报。" if here else f"请核对编号，或先在“{title}”里登记。",
                    at=at,
                    column=name,
                    value=value,
                ),
            )
        )
    return found


def _filed(target: tuple[str, str], sheets: Sequence[Sheet], numbers: set[int]) -> Pairs:
    ledger, key = target
    return {
        pair
        for n, s in enumerate(sheets)
        if s.ledger.name == ledger and n in numbers
        for pair in zip(s.units, s.values[key], strict=True)
    }


def _stored(target: tuple[str, str], wanted: Sequence[tuple[Sheet, str]], store: Store, connection: Any) -> Pairs:
    """Those of the wanted (unit, value) that the store has."""
    import pyarrow as pa

    ledger, key = target
    pairs = {(unit, str(value)) for sheet, name in wanted for _, unit, value in _references(sheet, name)}
    if not pairs or not store.files(ledger):
        return set()
    connection.register("known", store.keys(ledger, [key]))
    connection.register(
        "wanted",
        pa.table({"unit": array([u for u, _ in pairs], pa.string()), "v": array([v for _, v in pairs], pa.string())}),
    )
    return set(
        connection.execute(
            f'select k.unit, k."{key}" from known k semi join wanted w on w.unit = k.unit and w.v = cast(k."{key}" as varchar)'
        ).fetchall()
    )


def _target(references: str, ledgers: Any) -> tuple[str, str]:
    name, _, key = references.partition(".")
    return name, key or ledgers[name].key[0]


def _references(sheet: Sheet, name: str) -> Iterable[tuple[int, str | None, Any]]:
    for at, (unit, value) in enumerate(zip(sheet.units, sheet.values[name], strict=True)):
        for one in value if isinstance(value, list) else (value,):
            if one is not None:
                yield at, unit, one
