"""Every indicator × unit × period × form × scope, at two moments, on random worlds: the cube and the oracle agree."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.workspace import Workspace
from number_world import MONTH, WEEKS, definitions, random_world, window
from oracle import FORMS, Filed, Oracle

SEEDS = range(10)


def test_the_oracle_knows_every_indicator_in_its_forms() -> None:
    assert {i.id: set(i.forms) for i in definitions().catalogue} == {id_: set(forms) for id_, forms in FORMS.items()}


def test_the_oracle_imports_nothing_of_ours() -> None:
    for path in (Path(__file__).parent / "oracle").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(
                node, ast.ImportFrom) else []
            assert not [n for n in names if n.split(".")[0] == "jianbao"], path


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cube_agrees_with_the_oracle(seed: int, tmp_path: Path) -> None:
    """As of a moment in mid-campaign for one week, and as of the end for two periods, the month now and then."""
    world = random_world(seed)
    workspace, filed, r = world.workspace(tmp_path), world.filed(), Random(seed)
    middle = world.moments[len(world.moments) // 2] + timedelta(minutes=1)
    found = differences(workspace, filed, middle, r.sample(WEEKS[:4], 1))
    assert found + differences(workspace, filed, world.moments[-1], r.sample([*WEEKS, MONTH], 2)) == []


def differences(workspace: Workspace, filed: Filed, as_of: datetime, periods: Sequence[Period]) -> list[str]:
    """One line per value that differs."""
    cube = Cube(workspace, periods, as_of=as_of)
    return [line for p in periods for line in compared(cube, Oracle(filed, window(p), as_of), p, as_of)]


def compared(cube: Cube, oracle: Oracle, period: Period, as_of: datetime) -> list[str]:
    position = cube.tree(period).position
    assert sorted(position) == oracle.units
    found = []
    for indicator, forms in FORMS.items():
        for form in forms:
            for scope in ("subtree", "own"):
                v = cube.values(indicator, form, period, scope)
                ours = [v.value, *([v.numerator, v.denominator] if v.denominator is not None else [])]
                for unit, at in position.items():
                    theirs = oracle.parts(indicator, unit, form, scope)
                    for name, a, b in zip(("value", "numerator", "denominator"), ours, theirs, strict=False):
                        if not same(a[at], b):
                            found.append(f"{as_of} {period} {indicator} {form} {scope} {unit} {name}: {a[at]} but {b}")
    return found


def same(a: float, b: float | None) -> bool:
    if b is None or np.isnan(a):
        return b is None and bool(np.isnan(a))
    return a == b or abs(a - b) <= 1e-12 * max(abs(a), abs(b))
