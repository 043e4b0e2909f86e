"""params/, notebooks/ and master data read critically, with file and line. Imports brief.prose, workspace, parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianbao.brief import claims, prose
from jianbao.definitions.advice import WORDS
from jianbao.definitions.campaign import Fact
from jianbao.definitions.catalogue import Measure
from jianbao.definitions.expressions import columns_of
from jianbao.definitions.load import Definitions
from jianbao.definitions.schema import schemas
from jianbao.errors import BriefError, DefinitionError, JianbaoError
from jianbao.publish import claimed
from jianbao.publish.parameters import declared, read_notebook
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Remark:
    severity: str           # error | warning
    place: str              # params/indicators/study.yml:9, notebooks/weekly.ipynb: cell 3, line 2
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def to_json(self) -> dict[str, str]:
        return {"severity": self.severity, "place": self.place, "message": self.message}


def lint(workspace: Workspace) -> list[Remark]:
    """Everything that can be said without running a notebook. Errors would stop a run; warnings deserve a look."""
    try:
        definitions = workspace.definitions
    except DefinitionError as e:
        return [Remark("error", "", line) for line in str(e).splitlines()]
    remarks = [*_notebooks(workspace.root, definitions), *_products(workspace, definitions), *_braces(definitions),
               *_unused(definitions), *_master(workspace), *_corrections(workspace)]
    return sorted(remarks, key=lambda r: r.severity)


def write_schemas(workspace: Workspace) -> list[Path]:
    """params/schema/*.json, for editors that complete and check YAML."""
    folder = workspace.root / "params" / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        written.append(folder / f"{name}.json")
    return written


def _notebooks(root: Path, definitions: Definitions) -> Iterator[Remark]:
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        shown = f"notebooks/{path.name}"
        try:
            nb = read_notebook(path)
        except JianbaoError as e:
            yield Remark("error", shown, str(e))
            continue
        for n, cell in enumerate(nb.get("cells", []), 1):
            for line, said in claimed.typed_in_cell(cell, definitions):
                yield Remark("error", f"{shown}: cell {n}, line {line}", said)
            if cell.get("cell_type") != "code":
                continue
            if cell.get("outputs"):
                yield Remark("warning", f"{shown}: cell {n}", "holds outputs. Strip them: nbstripout " + path.name)
            for line, text in _sentences("".join(cell.get("source", ""))):
                for paragraph in prose.paragraphs(text):
                    try:
                        prose.parse(paragraph, definitions.catalogue, definitions.campaign.facts)
                    except BriefError as e:
                        yield Remark("error", f"{shown}: cell {n}, line {line + _line_of(text, str(e))}", str(e))
                    for said in claims.wrong_in(paragraph, definitions):
                        yield Remark("error", f"{shown}: cell {n}, line {line + _line_of(text, said)}", said)


def _sentences(source: str) -> Iterator[tuple[int, str]]:
    """(line, text) of every %%say cell and every string said in code."""
    if source.startswith("%%say"):
        _, _, rest = source.partition("\n")
        yield 2, rest
        return
    try:
        tree = ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines()))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("say", "remark") and node.args
                and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
            yield node.lineno, node.args[0].value


def _line_of(text: str, message: str) -> int:
    found = re.search(r"【(.*?)】", message, flags=re.DOTALL)
    at = text.find(found[1]) if found else -1
    return text.count("\n", 0, at) if at >= 0 else 0


def _products(workspace: Workspace, definitions: Definitions) -> Iterator[Remark]:
    for name, product in definitions.products.items():
        place = definitions.where.get(name, "params/briefs.yml")
        notebook = workspace.root / "notebooks" / product.notebook
        try:
            known = declared(notebook)
        except JianbaoError as e:
            yield Remark("error", place, f"{name}: {str(e).replace(str(workspace.root) + '/', '')}")
            continue
        missing = {"period", "unit", "as_of"} - set(known)
        if missing:
            yield Remark("error", place, f"{name}: {product.notebook} declares no parameter {', '.join(sorted(missing))}.")
        try:
            prose.parse(product.title, definitions.catalogue, definitions.campaign.facts)
        except BriefError as e:
            yield Remark("error", place, f"{name}: title: {e}")
        for said in claims.wrong_in(product.title, definitions):
            yield Remark("error", place, f"{name}: title: {said}")


def _braces(definitions: Definitions) -> Iterator[Remark]:
    for rule in definitions.suggestions:
        place = definitions.where.get(rule.id, "params/diagnosis.yml")
        for text in (rule.evidence, rule.suggest, rule.own):
            try:
                prose.parse(text, definitions.catalogue, (*definitions.campaign.facts, *WORDS))
            except BriefError as e:
                yield Remark("error", place, f"{rule.id}: {e}")
        for said in claims.wrong_in(rule.evidence, definitions, WORDS):
            yield Remark("error", place, f"{rule.id}: {said}")


def _unused(definitions: Definitions) -> Iterator[Remark]:
    """Columns that units must fill and nothing reads: the burden that reporting complains of."""
    used: set[tuple[str, str]] = set()
    for i in definitions.catalogue:
        for part in (i, i.numerator, i.denominator):
            if isinstance(part, Measure) and part.ledger:
                used |= {(part.ledger, name) for name in _names(part)}
    for fact in definitions.campaign.facts.values():
        if isinstance(fact, Fact):
            used |= {(fact.ledger, fact.value), *((fact.ledger, name) for _, name in columns_of(fact.where or "true"))}
    for ledger in definitions.filed_ledgers.values():
        used |= {(ledger.name, k) for k in ledger.key} | ({(ledger.name, ledger.date)} if ledger.date else set())
        for rule in ledger.rules:
            used |= {(ledger.name, name) for _, name in columns_of(rule.check)}
        for name, column in ledger.typed.items():
            for said in column.referred:
                used |= {(ledger.name, name), tuple(said.split(".", 1))}  # type: ignore[arg-type]
        for column in ledger.columns.values():
            if (f := column.filled_from) is not None:
                used |= {(f.ledger, n) for n in (f.column, f.latest, *f.key.values())}
    for ledger in definitions.filed_ledgers.values():
        idle = [c.title for name, c in ledger.typed.items() if (ledger.name, name) not in used]
        if idle:
            yield Remark("warning", definitions.where.get(f"ledger {ledger.name}", ""),
                         f"{ledger.title}: no indicator or check uses {'、'.join(idle)}. Is it worth the units' time?")


def _names(m: Measure) -> set[str]:
    texts: list[Any] = [m.where, m.date, m.median_of, m.enter, m.leave, m.aggregate[1] or None,
                        m.link if m.linked_to else None]
    if m.units_having:
        texts += [*m.units_having.all, *m.units_having.none]
    return {name for text in texts if text for _, name in columns_of(text)}


def _master(workspace: Workspace) -> Iterator[Remark]:
    try:
        register = workspace.register
    except DefinitionError as e:
        yield Remark("warning", "data/master", str(e))
        return
    definitions = workspace.definitions
    codes = register.codes
    for name, code in (("root", definitions.campaign.root), ("office", definitions.campaign.office_code)):
        if code not in codes:
            yield Remark("error", "params/campaign.yml:1", f"{name}: no unit {code} in the register.")
    types = {u.org_type for u in register.units}
    for ledger in definitions.filed_ledgers.values():
        for kind in set(ledger.filed_by) - types - {"office"}:
            yield Remark("warning", definitions.where.get(f"ledger {ledger.name}", ""),
                         f"{ledger.title}: filed_by names {kind}, and no unit is of that type.")
    for master in ("bases", "groups", "tasks"):
        rows = workspace.master_rows(master) or []
        for code in sorted({str(r["unit"]) for r in rows if r.get("unit")} - codes):
            yield Remark("error", "data/master", f"{definitions.ledgers[master].title}: no unit {code} in the register.")


def _corrections(workspace: Workspace) -> Iterator[Remark]:
    """Declared corrections that are not applied, because the rows no longer say what was expected."""
    if workspace.definitions.corrections and workspace.store.version() is not None:
        for said in workspace.snapshot(workspace.as_of()).failed_corrections():
            yield Remark("warning", "params/corrections", said)


__all__ = ["Remark", "lint", "write_schemas"]
