"""A correction taken by telephone, written into params/corrections. Imports corrections, contract, workspace, definitions."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import uuid4

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import load
from jianbao.definitions.period import Period
from jianbao.definitions.personal import looks_like_name, mask
from jianbao.errors import DefinitionError, JianbaoError, UnknownName, suggestions, unknown
from jianbao.intake.cells import BadCell, squash
from jianbao.intake.contract import Contract
from jianbao.intake.corrections import Rows, Target, broken_by, plain, shown, value_of
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Declared:
    """A correction as it was written: where, and for each column what it was and is. `withdrawn`: the row is out."""

    path: Path
    target: Target
    unit_name: str
    changes: tuple[tuple[str, str, str], ...]
    status: str
    withdrawn: bool = False


def declare(workspace: Workspace, unit: str, ledger: str, key: Sequence[str], *, set_: Sequence[str], reason: str, caller: str,
            taker: str, on: datetime, status: Literal["确认", "待书面"] = "待书面", period: str | None = None,
            row: int | None = None, withdraw: bool = False) -> Declared:
    """Finds the one row, writes the declared change of it and loads the definitions with it before it is kept.

    Raises JianbaoError, with a suggestion where there is one, for a row, column or value that cannot be meant, for a change that
    changes nothing, and for a person's name.
    """
    definitions = workspace.definitions
    found = definitions.ledger(ledger)
    if not found.is_filed:
        raise JianbaoError(f"{found.title} is no ledger that units file; master data are corrected in data/master.")
    code = workspace.register.find(unit)
    wanted = workspace.period(period).id if period else None
    for option, post in (("--caller", caller), ("--taker", taker)):
        if not post.strip():
            raise JianbaoError(f"{option} is empty: name a post or an office.")
        if looks_like_name(post.strip()):
            raise JianbaoError(f"{option} {post!r} looks like a person's name. Name the post or the office, as in 办公室综合科.")
    if not reason.strip() or reason.strip() in definitions.terms.empty_reasons:
        raise JianbaoError(f"--reason {reason!r} explains nothing. Say why the row is wrong.")
    if on > workspace.now:
        raise JianbaoError(f"--on {on:%Y-%m-%dT%H:%M} lies ahead. A correction holds from the moment it was made.")
    target = _target(Rows(workspace, max(on, workspace.as_of())), found, code, key, wanted, row)
    columns = {} if withdraw else _values(workspace, target, set_)
    if withdraw and set_:
        raise JianbaoError("--withdraw takes the row out; leave --set away.")
    if not withdraw and not columns:
        raise JianbaoError("nothing to set. Write --set 列=值, or --withdraw to take the row out.")
    changes = tuple((found.columns[n].title, shown(target.row[n]), shown(v)) for n, v in columns.items())
    if still := [f"{title} is {was}" for title, was, is_ in changes if was == is_]:
        raise JianbaoError(f"nothing changes: {', '.join(still)} already.")
    if wrong := broken_by(workspace, target, columns):
        raise JianbaoError(f"the row would be wrong: {wrong[0].message}{wrong[0].remedy}")
    expect = {**target.says, **{n: plain(target.row[n]) for n in columns}}
    said: dict[str, Any] = {
        "ledger": found.name, "unit": code, "match": target.match, "expect": expect,
        **({"withdraw": True} if withdraw else {"set": {n: plain(v) for n, v in columns.items()}}),
        "reason": mask(reason.strip()), "who": caller.strip(), "taker": taker.strip(), "on": on, "status": status}
    name = workspace.register.on(Period(target.row["period"], definitions.campaign.week_start).ends)
    label = name[code].label if code in name else code
    path = workspace.root / "params" / "corrections" / f"{target.row['period']}.yml"
    with workspace.store.lock_named("corrections"):
        _keep(workspace.root / "params", path, _written(said, f"{found.title}，{label}"))
    return Declared(path, target, label, changes, status, withdraw)


def _target(rows: Rows, ledger: Ledger, unit: str, key: Sequence[str], period: str | None, row: int | None) -> Target:
    if ledger.key and len(key) != len(ledger.key):
        titles = "、".join(ledger.columns[k].title for k in ledger.key)
        raise JianbaoError(f"{ledger.title}: name the row by {titles}, {len(ledger.key)} value(s); {len(key)} given.")
    if not ledger.key and (key or row is None or period is None):
        raise JianbaoError(f"{ledger.title} has no key: name the row by --period 2023-W42 --row 7, its row in the filed sheet.")
    said = "、".join(key) if ledger.key else str(row)
    found = rows.find(ledger, unit, said, period)
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(dict.fromkeys(str(t.row["period"]) for t in found))
        raise JianbaoError(f"{ledger.title}: several rows of {unit} are called {said} ({listed}). Add --period.")
    if not (there := rows.items(ledger, unit)):
        raise UnknownName(f"{unit} has no row in {ledger.title}.")
    if ledger.key:
        raise unknown(f"row of {unit} in {ledger.title} called", said, there)
    numbers = ", ".join(str(r["row"]) for r in rows.of(ledger, unit) if r["period"] == period)
    raise UnknownName(f"no row {row} of {unit} in {ledger.title} for {period}. " +
                      (f"There are rows {numbers}." if numbers else f"{unit} filed none for it."))


def _values(workspace: Workspace, target: Target, set_: Sequence[str]) -> dict[str, Any]:
    """column → value, by title, alias or name of the column; an empty value empties the cell."""
    ledger, definitions = target.ledger, workspace.definitions
    names = {said: n for n, c in ledger.typed.items() for said in (n, squash(c.title), *map(squash, c.aliases))}
    period = Period(target.row["period"], definitions.campaign.week_start)
    contract = Contract(definitions, workspace.register)
    values: dict[str, Any] = {}
    for said in set_:
        column, equals, value = said.replace("＝", "=", 1).partition("=")
        if not equals:
            raise JianbaoError(f"--set {said}: write 列=值, as in --set 天数=3.")
        name = names.get(squash(column))
        if name is None:
            decided = [c.title for c in ledger.columns.values() if c.filled_from and c.title == column.strip()]
            if decided:
                raise JianbaoError(f"{decided[0]} is decided by the office in a ledger of its own; file it there.")
            near = suggestions(column.strip(), [c.title for c in ledger.typed.values()] + list(ledger.typed))
            raise UnknownName(f"{ledger.title} has no column {column.strip()!r}." +
                              (f" Did you mean: {', '.join(near)}?" if near else ""))
        try:
            values[name] = value_of(contract, ledger, name, value.strip(), period) if value.strip() else None
        except BadCell as e:
            raise JianbaoError(f"--set {said}: {e.message}{e.remedy}") from None
    return values


def _written(said: Mapping[str, Any], about: str) -> str:
    """The declaration as YAML, one line for each thing it says."""
    def inline(values: Mapping[str, Any]) -> str:
        return "{" + ", ".join(f"{k}: {_scalar(v)}" for k, v in values.items()) + "}"

    lines = [f"- ledger: {said['ledger']}      # {' '.join(about.split())}"]
    for name, value in list(said.items())[1:]:
        if name == "on":
            shown_ = value.isoformat()
        elif isinstance(value, Mapping):
            shown_ = inline(value)
        else:
            shown_ = _scalar(value)
        lines.append(f"  {name}: {shown_}")
    return "\n".join(lines) + "\n"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else json.dumps(str(value), ensure_ascii=False)


def _keep(params: Path, path: Path, text: str) -> None:
    """Appends to the file, atomically, once the definitions load with it."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before.strip() == "[]":
        before = ""
    after = before + ("" if not before or before.endswith("\n") else "\n") + text
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "params"
        shutil.copytree(params, copy, ignore=shutil.ignore_patterns("schema"))
        trial = copy / path.relative_to(params)
        trial.parent.mkdir(exist_ok=True)
        trial.write_text(after, encoding="utf-8")
        try:
            load(copy)
        except DefinitionError as e:
            raise DefinitionError(f"the correction was not written; with it the definitions do not load:\n{e}") from None
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    with part.open("w", encoding="utf-8") as f:
        f.write(after)
        f.flush()
        os.fsync(f.fileno())
    part.replace(path)
