"""Claims typed by hand in a notebook's cells, outside what the prose language reads. Imports brief.claims."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from jianbao.brief.claims import typed_in
from jianbao.definitions.load import Definitions

SHOWN_AS_IS = ("heading",)      # their text is printed without braces
SPOKEN = ("say", "remark")      # their plain strings are read as prose; the words of an f-string are not


def typed_in_cell(cell: Mapping[str, Any], definitions: Definitions) -> Iterator[tuple[int, str]]:
    """(line, message) for each claim in a Markdown cell, in a heading, or in the fixed words of an f-string said."""
    source = "".join(cell.get("source", ""))
    kind = cell.get("cell_type")
    texts = enumerate(source.splitlines(), 1) if kind == "markdown" else _strings(source) if kind == "code" else ()
    for line, text in texts:
        for said in typed_in(text, definitions):
            yield line, said


def _strings(source: str) -> Iterator[tuple[int, str]]:
    if source.startswith("%%"):
        return
    try:
        tree = ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines()))
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            match node.func.attr, node.args[0]:
                case name, ast.Constant(value=str(text)) if name in SHOWN_AS_IS:
                    yield node.lineno, text
                case name, ast.JoinedStr(values=values) if name in (*SHOWN_AS_IS, *SPOKEN):
                    for part in values:
                        if isinstance(part, ast.Constant):
                            yield node.lineno, str(part.value)
