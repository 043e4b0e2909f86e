"""The parameters a notebook declares, and strictness about them. Imports errors.

papermill warns about an unknown name and pastes it as code; here a wrong parameter fails before a kernel starts.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianbao.errors import PublishError, UnknownName, unknown

_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str               # str, int, float, bool
    default: Any
    help: str = ""


def declared(notebook: Path) -> dict[str, Parameter]:
    """The lines of the cell tagged `parameters`: `period: str = "2023-W42"  # help`. Only literals may stand there."""
    nb = read_notebook(notebook)
    cells = [c for c in nb.get("cells", []) if "parameters" in c.get("metadata", {}).get("tags", ())]
    if len(cells) != 1:
        raise PublishError(f"{notebook}: {len(cells)} cells are tagged `parameters`; exactly one must be.")
    source = "".join(cells[0].get("source", ""))
    try:
        tree = ast.parse(source)
    except SyntaxError as e:
        raise PublishError(f"{notebook}: parameters cell, line {e.lineno}: {e.msg}.") from None
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokenize.generate_tokens(io.StringIO(source).readline)
                if t.type == tokenize.COMMENT}
    found = {}
    for node in tree.body:
        target = node.target if isinstance(node, ast.AnnAssign) else (
            node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None)
        value = getattr(node, "value", None)
        try:
            default = ast.literal_eval(value) if value is not None else None
        except ValueError:
            target = None
        if not isinstance(target, ast.Name) or value is None:
            raise PublishError(f"{notebook}: parameters cell, line {node.lineno}: only lines like "
                               '`period: str = "2023-W42"` may stand here.')
        said = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else type(default).__name__
        if said not in _TYPES:
            raise PublishError(f"{notebook}: parameters cell, line {node.lineno}: {target.id} is of type {said}; "
                               f"known are {', '.join(_TYPES)}.")
        found[target.id] = Parameter(target.id, said, default, comments.get(node.lineno, ""))
    return found


def checked(values: Mapping[str, Any], known: Mapping[str, Parameter], notebook: str) -> dict[str, Any]:
    """`values` as the types declared. Raises UnknownName for a name or value the notebook does not take."""
    result = {}
    for name, value in values.items():
        if name not in known:
            raise unknown(f"parameter of {notebook}:", name, known)
        p = known[name]
        try:
            result[name] = _as(value, p.type)
        except (TypeError, ValueError):
            raise UnknownName(f"parameter {name} of {notebook}: {value!r} is no {p.type}"
                              + (f" ({p.help})" if p.help else "") + ".") from None
    return result


def read_notebook(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.ipynb"))
        raise PublishError(f"{path} is not there." + (f" There are: {', '.join(near)}." if near else "")) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as e:
        raise PublishError(f"{path}: not a notebook ({e}).") from None


def _as(value: Any, kind: str) -> Any:
    if kind == "bool":
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false", "1", "0", "是", "否"):
            return str(value).lower() in ("true", "1", "是")
        raise ValueError
    if kind == "str":
        if not isinstance(value, str) or re.search(r"[\x00-\x08\x0b-\x1f]", value):
            raise ValueError
        return value
    if isinstance(value, bool):
        raise ValueError
    return _TYPES[kind](value)
