"""Strict YAML into pydantic models, with the file and line in every error. Imports errors only.

Plain `safe_load` reads NO as False, 010 as 8 and 12:30:45 as a number, keeps the last of two equal keys and expands
aliases; a definition must mean what it says, so here only true/false, decimal numbers and null are not text.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from jianbao.errors import DefinitionError, suggestions

Model = TypeVar("Model", bound=BaseModel)
Path_ = tuple[Any, ...]
WHOLE: Any = object()       # of a file; an empty value is a value too


class Source:
    """The lines of one YAML file: where each value stands."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path, self.shown = path, shown
        self.lines: dict[Path_, int] = {}
        self.problems: list[str] = []
        self.data: Any = None
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as e:
            raise DefinitionError(f"{shown}: not UTF-8 text ({e.reason} at byte {e.start}). Save it as UTF-8.") from None
        node = _composed(text, shown)
        self.data = self._value(node, ()) if node is not None else {}
        self._raise()

    def line(self, path: Path_) -> int:
        """The line of `path`, or of the nearest thing around it."""
        for n in range(len(path), -1, -1):
            if path[:n] in self.lines:
                return self.lines[path[:n]]
        return 1

    def place(self, *path: Any) -> str:
        return f"{self.shown}:{self.line(path)}"

    def error(self, path: Path_, message: str) -> str:
        name = f"{path[0]}: " if path and isinstance(path[0], str) else ""     # an item of a list has only its line
        return f"{self.place(*path)}: {name}{message}"

    def model(self, cls: type[Model], path: Path_ = (), data: Any = WHOLE, **more: Any) -> Model:
        """`data` as a model. Raises DefinitionError naming each wrong line, with did-you-mean for unknown words."""
        value = self.data if data is WHOLE else data
        if not isinstance(value, dict):
            said = "says nothing" if value is None else f"says {_short(value)}"
            raise DefinitionError(self.error(path, f"{said}. Write names and values below it, one a line: name: value."))
        try:
            return cls.model_validate({**value, **more})
        except ValidationError as e:
            raise DefinitionError("\n".join(self._explain(cls, path, item) for item in _meant(e.errors()))) from None

    def _explain(self, cls: type[BaseModel], path: Path_, item: Any) -> str:
        loc = tuple(p for p in item["loc"] if not (isinstance(p, str) and p.startswith(("function-", "Measure"))))
        where = path + loc
        name = ".".join(str(p) for p in loc)
        if item["type"] == "extra_forbidden":
            near = suggestions(str(loc[-1]), _fields(cls, loc[:-1]))
            message = f"does not know {name!r}." + (f" Did you mean: {', '.join(near)}?" if near else "")
        elif item["type"] == "missing":
            message = f"{name!r} is missing."
        else:
            text = item["msg"].removeprefix("Value error, ")
            message = f"{name}: {text}" if name else text
            if isinstance(item.get("input"), str | int | float | bool) and "Did you" not in text:
                message += f" (it says {item['input']!r})"
        return self.error(where, message) if path else f"{self.place(*where)}: {message}"

    def _value(self, node: yaml.Node, path: Path_) -> Any:
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            result: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = self._value(key_node, (*path, "\0key"))
                if key in result:
                    self.problems.append(f"{self.shown}:{key_node.start_mark.line + 1}: {key!r} stands here twice.")
                key = key if isinstance(key, str) else str(key_node.value)
                result[key] = self._value(value_node, (*path, key))
                self.lines[(*path, key)] = key_node.start_mark.line + 1
            return result
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, i)) for i, item in enumerate(node.value)]
        return _scalar(node)

    def _raise(self) -> None:
        if self.problems:
            raise DefinitionError("\n".join(self.problems))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # not every PyYAML has it
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def _composed(text: str, shown: str) -> yaml.Node | None:
    """The nodes of a file without aliases. Raises DefinitionError with the line of what is no YAML."""
    # An alias needs both; a tab within a line is read by the one loader and not by the other.
    if not ("&" in text and "*" in text) and "\t" not in text:
        with suppress(yaml.YAMLError):          # the slow loader says it
            return yaml.compose(text, Loader=_FastLoader)
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):
                raise DefinitionError(f"{shown}:{token.start_mark.line + 1}: aliases (*{token.value}) are not read. "
                                      "Write the value out.")
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as e:
        line = e.problem_mark.line + 1 if e.problem_mark else 1
        near = text.splitlines()[max(0, line - 2):line]
        wide = next((n for n, said in enumerate(near, max(1, line - 1)) if "：" in said), None)
        hint = f" Line {wide} has a full-width colon ：; write : and a space." if wide else ""
        raise DefinitionError(f"{shown}:{line}: not YAML: {e.problem}.{hint}") from None
    except yaml.reader.ReaderError as e:
        line = text.count("\n", 0, e.position) + 1
        raise DefinitionError(f"{shown}:{line}: not YAML: the invisible character {e.character:#06x}. Delete it.") from None


def _scalar(node: Any) -> Any:
    if node.style:      # quoted or block: always text
        return node.value
    text = node.value
    if text in ("true", "false"):
        return text == "true"
    if text in ("", "null", "~"):
        return None
    if re.fullmatch(r"-?(0|[1-9]\d*)", text):
        return int(text)
    if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text):
        return float(text)
    return text


def _meant(errors: list[Any]) -> list[Any]:
    """Where a name or a mapping may stand and a mapping stands, only what is wrong in the mapping."""
    mappings = {e["loc"][:k] for e in errors for k, step in enumerate(e["loc"]) if str(step).startswith("Measure")}
    return [e for e in errors if not (e["loc"][-1:] == ("str",) and e["loc"][:-1] in mappings)] or errors


def _fields(cls: type[BaseModel], loc: Path_) -> list[str]:
    """The field names of the model at `loc` below `cls`, as far as they can be followed."""
    at: Any = cls
    for step in loc:
        if not (isinstance(at, type) and issubclass(at, BaseModel)):
            break
        info = at.model_fields.get(str(step))
        if info is None:
            continue
        inner = [a for a in (info.annotation, *_arguments(info.annotation))
                 if isinstance(a, type) and issubclass(a, BaseModel)]
        if inner:
            at = inner[0]
    return list(at.model_fields) if isinstance(at, type) and issubclass(at, BaseModel) else []


def _arguments(annotation: Any) -> list[Any]:
    found = []
    for a in getattr(annotation, "__args__", ()):
        found += [a, *_arguments(a)]
    return found


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}…"
