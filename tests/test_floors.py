"""The house: rooms stand on floors, a module says what it is, and the library knows no campaign."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "lib" / "jianbao"
MODULES = sorted(LIBRARY.rglob("*.py"))

FLOORS = {
    "errors": 1,
    "definitions": 2,
    "store": 3,
    "workspace": 4,
    "calendar": 5,
    "issued": 5,
    "intake": 5,
    "numbers": 5,
    "brief": 6,
    "publish": 7,
    "skeleton": 7,
    "terminal": 8,
    "cli": 9,
    "__init__": 9,
    "__main__": 9,
}
# Values reach publishing as parts, so it needs no way to compute any.
FORBIDDEN = {("publish", "numbers")}
# A number must come out the same under a notebook, a test and a cluster worker.
JUPYTER = {"IPython", "ipykernel", "nbformat", "papermill", "nbconvert", "nbclient", "jupyter_client", "jupyterlab"}
HIGHEST_WITHOUT_JUPYTER = 5

# Words of one campaign or of one kind of office. They belong to params/, data/ and notebooks/.
CAMPAIGN = (
    "主题教育", "读书班", "专题研讨", "调查研究", "检视整改", "整改", "回头看", "信访", "党", "支部",
    "县", "乡镇", "街道", "村", "市委", "全市",
)  # fmt: skip
CAMPAIGN_ENGLISH = ("reading class", "reading_class", "rectification", "petition", "county", "counties", "township")


def room(module: Path) -> str:
    """The room a module of the library belongs to: the first name below lib/jianbao."""
    return module.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imports(source: str, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything `source` imports, a relative import resolved from `package`.

    Imports inside functions count: a late import is still an import. `from x import y` gives x.y, as y may be a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += [node.module] if node.module else []
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def breaches(source: str, of: str, package: tuple[str, ...]) -> list[str]:
    """What in `source`, a module of room `of`, breaks the import rule; one line each."""
    found = []
    for line, name in imports(source, package):
        top, *rest = name.split(".")
        if top in JUPYTER and FLOORS[of] <= HIGHEST_WITHOUT_JUPYTER:
            found.append(f"line {line}: {of} imports {top}; no Jupyter below brief")
        if top != "jianbao":
            continue
        other = rest[0] if rest and rest[0] in FLOORS else "__init__"
        if other != of and (FLOORS[other] >= FLOORS[of] or (of, other) in FORBIDDEN):
            found.append(f"line {line}: {of} (floor {FLOORS[of]}) imports {other} (floor {FLOORS[other]})")
    return found


def campaign_words(text: str) -> list[str]:
    english = "|".join(CAMPAIGN_ENGLISH)
    return re.findall("|".join(CAMPAIGN), text) + re.findall(rf"\b(?:{english})\b", text, re.IGNORECASE)


def shown(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_imports_from_lower_floors_only(module: Path) -> None:
    of = room(module)
    assert of in FLOORS, f"{shown(module)}: no floor is known for {of}; say in FLOORS and in the design where it stands"
    package = ("jianbao", *module.relative_to(LIBRARY).parts[:-1])
    assert breaches(module.read_text(encoding="utf-8"), of, package) == []


@pytest.mark.parametrize("module", MODULES, ids=shown)
def test_a_module_says_what_it_is(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))), f"{shown(module)} has no docstring"


@pytest.mark.parametrize("file", sorted(p for p in LIBRARY.rglob("*") if p.is_file() and p.suffix != ".pyc"), ids=shown)
def test_the_library_knows_no_campaign(file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # an image or a font
    found = [f"{n}: {word}" for n, line in enumerate(text.splitlines(), 1) for word in campaign_words(line)]
    assert found == [], f"{shown(file)} names a campaign; move the words to params/ or notebooks/"


@pytest.mark.parametrize(
    ("source", "of", "package", "told"),
    [
        ("from jianbao.store import Store", "numbers", ("jianbao", "numbers"), []),
        ("from .query import sql", "numbers", ("jianbao", "numbers"), []),
        ("from ..store import Store", "numbers", ("jianbao", "numbers"), []),
        ("from jianbao import errors", "store", ("jianbao",), []),
        ("import pandas", "numbers", ("jianbao", "numbers"), []),
        ("from ..brief import parts", "numbers", ("jianbao", "numbers"), ["numbers (floor 5) imports brief (floor 6)"]),
        ("from .. import brief", "numbers", ("jianbao", "numbers"), ["numbers (floor 5) imports brief (floor 6)"]),
        ("import jianbao.intake", "numbers", ("jianbao", "numbers"), ["numbers (floor 5) imports intake (floor 5)"]),
        ("import jianbao as jb", "store", ("jianbao",), ["store (floor 3) imports __init__ (floor 9)"]),
        ("def f():\n from ..numbers import x", "publish", ("jianbao", "publish"), ["imports numbers (floor 5)"]),
        ("import nbformat.v4", "numbers", ("jianbao", "numbers"), ["no Jupyter below brief"]),
        ("import nbformat", "brief", ("jianbao", "brief"), []),
    ],
)
def test_the_rule_itself(source: str, of: str, package: tuple[str, ...], told: list[str]) -> None:
    found = breaches(source, of, package)
    assert len(found) == len(told)
    assert all(text in line for text, line in zip(told, found, strict=True))


def test_the_words_of_a_campaign_are_seen_anywhere_in_a_line() -> None:
    assert campaign_words("# 各县读书班; a Reading class") == ["县", "读书班", "Reading class"]
    assert campaign_words("the unit's accounting of its discounty") == []
