"""What an issue was made from, and its seal. Imports plan, issued, workspace.

An issue whose notebook, parameters, definitions, data and library are unchanged, and whose files are still as sealed,
is current: nothing runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jianbao import issued
from jianbao.publish.parameters import read_notebook
from jianbao.publish.plan import Issue
from jianbao.workspace import Workspace

NAME = "manifest.json"


def ingredients(issue: Issue, notebook: Path, parameters: Mapping[str, Any], workspace: Workspace) -> dict[str, str]:
    """A hash of each thing an issue is made from."""
    return {
        "notebook": _digest(_sources(notebook)),
        "parameters": _digest(dict(sorted(parameters.items()))),
        "definitions": _folder(workspace.root / "params", "*.yml"),
        "data": _digest([workspace.store.fingerprint(issue.as_of), issue.as_of.isoformat()]),
        "printed": issued.digest(issued.last(workspace, issue.product, before=issue.period, unit=issue.unit,
                                             as_of=issue.as_of)),
        "library": _library(),
    }


def fingerprint(parts: Mapping[str, str]) -> str:
    return _digest(dict(sorted(parts.items())))


def read(folder: Path) -> dict[str, Any] | None:
    """The manifest of the issue in `folder`; None when there is none to trust."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return found if isinstance(found, dict) else None


def changed(folder: Path, parts: Mapping[str, str]) -> list[str]:
    """What differs from the sealed issue: ingredients by name, "new", or "files" when an output was touched."""
    sealed = read(folder)
    if sealed is None:
        return ["new"]
    differs = [name for name, digest in parts.items() if sealed.get("ingredients", {}).get(name) != digest]
    touched = [name for name, digest in sealed.get("outputs", {}).items()
               if not (folder / name).exists() or file_digest(folder / name) != digest]
    return differs or (["files"] if touched else [])


def write(folder: Path, issue: Issue, parameters: Mapping[str, Any], parts: Mapping[str, str], *, made_at: str,
          outputs: list[str]) -> None:
    content = {
        "issue": str(issue), "made_at": made_at, "due": issue.due.isoformat(), "as_of": issue.as_of.isoformat(),
        "parameters": dict(parameters), "jianbao": version("jianbao"), "ingredients": dict(parts),
        "fingerprint": fingerprint(parts), "outputs": {name: file_digest(folder / name) for name in outputs},
    }
    (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _sources(notebook: Path) -> list[list[Any]]:
    """What a notebook says, without outputs, counts and cell ids."""
    cells = read_notebook(notebook).get("cells", [])
    return [[c.get("cell_type"), "".join(c.get("source", "")), sorted(c.get("metadata", {}).get("tags", []))] for c in cells]


def _folder(folder: Path, pattern: str) -> str:
    return _digest([[p.relative_to(folder).as_posix(), file_digest(p)] for p in sorted(folder.rglob(pattern))])


@lru_cache(maxsize=1)
def _library() -> str:
    package = Path(__file__).parents[1]
    files = sorted(p for p in package.rglob("*") if p.suffix in (".py", ".css", ".j2", ".typ"))
    return _digest([[p.relative_to(package).as_posix(), file_digest(p)] for p in files])
