"""How an indicator is counted and printed, as flat text: what tells a redefinition. Imports load, catalogue, ledger."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from jianbao.definitions import expressions
from jianbao.definitions.catalogue import Catalogue, Indicator
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions

# What is said of an indicator and does not change its number.
_SAID = {"id", "code", "title", "nature", "definition", "source", "aliases", "slot", "sensitivity", "people"}
_PRINTED = {"unit", "scale", "decimals", "hedge", "better"}      # of the indicator asked, not of its parts
_WORDS = {"where": "条件", "value": "计数", "numerator": "分子", "denominator": "分母", "combine": "算式", "date": "日期",
          "ledger": "台账", "unit": "计量单位", "scale": "单位换算", "decimals": "小数位", "hedge": "概数", "target": "目标",
          "form": "读法", "better": "优劣方向", "enter": "进入", "leave": "退出", "key": "键"}


def counted(indicator: str, definitions: Definitions) -> dict[str, str]:
    """Field → text: the indicator's own fields, then those of what it is made of (`rate.done: where`), of the ledgers
    read (`ledger study: key`) and of its target."""
    found: dict[str, str] = {}
    for i in _reached(definitions.catalogue[indicator], definitions.catalogue):
        lead = "" if i.id == definitions.catalogue[indicator].id else f"{i.id}: "
        found |= {lead + name: text for name, text in _fields(i) if not (lead and name in _PRINTED)}
        for name in sorted(_ledgers(i, definitions)):
            found |= {f"ledger {name}: {k}": v for k, v in _ledger_fields(definitions.ledgers[name], _read(i))}
    target = definitions.targets.get(definitions.catalogue[indicator].id)
    if target is not None:
        found |= {f"target.{k}": v for k, v in _flat("", target.model_dump(mode="json", exclude_defaults=True))}
    return found


def fingerprint(said: Mapping[str, str]) -> str:
    """A short hash of how something is counted; equal for equal counting."""
    return hashlib.sha256(json.dumps(dict(sorted(said.items())), ensure_ascii=False).encode()).hexdigest()[:16]


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(field, was, now) of everything counted otherwise; "" where there was or is nothing."""
    return [(name, was.get(name, ""), now.get(name, "")) for name in dict.fromkeys([*was, *now])
            if was.get(name, "") != now.get(name, "")]


def field_word(field: str) -> str:
    """条件 of where, 分子条件 of numerator.where; what has no word stays as it is in the file."""
    lead, colon, name = field.rpartition(": ")
    steps = [_WORDS.get(step, step) for step in name.split(".")]
    return f"{lead}{colon}{''.join(steps) if all(s in _WORDS for s in name.split('.')) else name}"


def made_from(indicator: str, definitions: Definitions) -> list[Indicator]:
    """The indicators it is made of, those made of nothing else alone."""
    catalogue = definitions.catalogue
    return [i for i in _reached(catalogue[indicator], catalogue) if len(_reached(i, catalogue)) == 1 and _ledgers(i, definitions)]


def ledgers_behind(indicator: str, definitions: Definitions) -> tuple[set[str], set[str]]:
    """(ledgers whose rows are counted, ledgers in which the office decides columns that are read)."""
    rows, deciding = set[str](), set[str]()
    for i in _reached(definitions.catalogue[indicator], definitions.catalogue):
        rows |= _ledgers(i, definitions)
        for name in _ledgers(i, definitions):
            deciding |= {c.filled_from.ledger for n, c in definitions.ledgers[name].columns.items()
                         if c.filled_from is not None and n in _read(i)}
    return rows, deciding


def _reached(i: Indicator, catalogue: Catalogue) -> list[Indicator]:
    """The indicator and everything it is made of, itself first."""
    found: dict[str, Indicator] = {}
    todo = [i]
    while todo:
        at = todo.pop(0)
        if at.id not in found:
            found[at.id] = at
            todo += [catalogue[name] for name in _parts(at) if name in catalogue]
    return list(found.values())


def _parts(i: Indicator) -> list[str]:
    """Every word of its fields that may name an indicator."""
    names: list[str] = []
    for name, text in _fields(i):
        names.append(text)
        if name == "combine":
            names += expressions.combined_names(text)
    return names


def _fields(i: Indicator) -> list[tuple[str, str]]:
    return list(_flat("", i.model_dump(mode="json", exclude_defaults=True, exclude=_SAID)))


def _flat(lead: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{lead}.{name}" if lead else str(name), inner)
    elif isinstance(value, list) and any(isinstance(x, dict | list) for x in value):
        for n, inner in enumerate(value, 1):
            yield from _flat(f"{lead}.{n}", inner)
    elif isinstance(value, list):
        yield lead, ", ".join(map(str, value))
    else:
        yield lead, str(value)


def _ledgers(i: Indicator, definitions: Definitions) -> set[str]:
    """The ledgers named anywhere in how it is counted."""
    words = {word for name, text in _fields(i) for word in text.split(", ")
             if name.rpartition(".")[2] in ("ledger", "linked_to") or ".linked_to" in name}
    return words & set(definitions.ledgers)


def _read(i: Indicator) -> set[str]:
    """The words of its expressions that may be columns."""
    found = set[str]()
    for name, text in _fields(i):
        try:
            inner = expressions.aggregate(text)[1] if name.rpartition(".")[2] == "value" else text
            found |= {column for _, column in expressions.columns_of(inner)} if inner else set()
        except expressions.BadExpression:
            continue        # a title, a number: no expression
    return found


def _ledger_fields(ledger: Ledger, read: set[str]) -> Iterator[tuple[str, str]]:
    """What of a ledger changes a count: how its rows stand for each other, and where decided columns come from."""
    yield from _flat("", ledger.model_dump(mode="json", include={"kind", "filing", "key", "date", "totals"},
                                           exclude_defaults=True))
    for name, column in ledger.columns.items():
        if column.filled_from is not None and name in read:
            yield from _flat(name, column.filled_from.model_dump(mode="json", exclude_defaults=True))
