"""Which workbooks go out for a period: to whom, with which ledgers, for which units. Imports workspace, definitions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.definitions.register import Tree
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Form:
    """One workbook to make: `filers` is one filer, or all of an org type to choose from; `units` by ledger, for 代报."""

    name: str
    filers: tuple[str, ...]
    ledgers: tuple[Ledger, ...]
    units: Mapping[str, tuple[str, ...]]

    @property
    def minutes(self) -> float:
        return sum(x.minutes for x in self.ledgers)


def forms_due(workspace: Workspace, period: Period, tree: Tree) -> list[Form]:
    """One form for each filer that has something due, in order of filer."""
    due: dict[str, dict[str, list[str]]] = {}
    for d in workspace.due(period):
        due.setdefault(d.filer, {}).setdefault(d.ledger.name, []).append(d.unit.code)
    known = workspace.definitions.ledgers
    return [
        Form(
            f"{filer}_{tree[filer].label}" if filer in tree else filer,
            (filer,),
            tuple(known[name] for name in ledgers),
            {name: tuple(units) for name, units in ledgers.items()},
        )
        for filer, ledgers in due.items()
    ]


def common_forms(workspace: Workspace, period: Period, tree: Tree) -> list[Form]:
    """One form for each org type of filer, with all that any of them has due."""
    kinds: dict[str, list[Form]] = {}
    for form in forms_due(workspace, period, tree):
        filer = form.filers[0]
        kinds.setdefault(tree[filer].org_type if filer in tree else "", []).append(form)
    result = []
    for kind, forms in kinds.items():
        ledgers = {x.name: x for form in forms for x in form.ledgers}
        units = {
            name: tuple(dict.fromkeys(u for form in forms if len(form.units.get(name, ())) > 1 for u in form.units[name]))
            for name in ledgers
        }
        result.append(
            Form(
                kind or "通用",
                tuple(form.filers[0] for form in forms),
                tuple(sorted(ledgers.values(), key=lambda x: x.code)),
                units,
            )
        )
    return result


def template_version(ledgers: Sequence[Ledger]) -> str:
    """Changes when a column, code or rule of these ledgers does."""
    return hashlib.sha256("".join(x.model_dump_json() for x in ledgers).encode()).hexdigest()[:8]


def unit_names(tree: Tree) -> dict[str, str]:
    """code → the name, or the code where two units share the name."""
    found: dict[str, list[str]] = {}
    for unit in tree.order:
        found.setdefault(unit.name, []).append(unit.code)
    return {code: name if len(codes) == 1 else code for name, codes in found.items() for code in codes}
