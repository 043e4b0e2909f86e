"""Rows of two submissions told apart: which are the same, which changed, which came or went. Imports definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jianbao.definitions.ledger import Ledger

Row = Mapping[str, Any]
Pair = tuple[Row | None, Row | None]


def by_key(ledger: Ledger, was: Iterable[Row], now: Iterable[Row]) -> Iterator[Pair]:
    old = {key_of(r, ledger): r for r in was}
    new = {key_of(r, ledger): r for r in now}
    for key in dict.fromkeys([*old, *new]):
        yield old.get(key), new.get(key)


def by_content(ledger: Ledger, was: Sequence[Row], now: Sequence[Row]) -> Iterator[Pair]:
    """Rows of equal content are the same; of the rest, those on the same line, then in order; what is left came or went."""
    left, right = Counter(content_of(r, ledger) for r in was), Counter(content_of(r, ledger) for r in now)
    same = left & right
    old, new = _less(was, Counter(same), ledger), _less(now, Counter(same), ledger)
    lines = {r["row"]: r for r in new}
    for b in [b for b in old if b["row"] in lines]:
        n = lines.pop(b["row"])
        old.remove(b)
        new.remove(n)
        yield b, n
    for k in range(max(len(old), len(new))):
        yield (old[k] if k < len(old) else None), (new[k] if k < len(new) else None)


def _less(rows: Sequence[Row], same: Counter[Any], ledger: Ledger) -> list[Row]:
    kept = []
    for r in rows:
        content = content_of(r, ledger)
        if same[content]:
            same[content] -= 1
        else:
            kept.append(r)
    return kept


def key_of(r: Row, ledger: Ledger) -> tuple[Any, ...]:
    return (r["unit"], *(text(r.get(k)) for k in ledger.key))


def content_of(r: Row, ledger: Ledger) -> tuple[Any, ...]:
    return (r["unit"], *(text(r.get(n)) for n in ledger.typed))


def item_of(r: Row, ledger: Ledger) -> str:
    return "、".join(text(r.get(k)) or "" for k in ledger.key) if ledger.key else f"第{r['row']}行"


def text(value: Any) -> str | None:
    """A ledger value as text; None and "" are nothing."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or None
    return None if value is None or value == "" else str(value)
