"""What must hold of every reading whatever was filed, tried on random worlds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import asks_of, read
from jianbao.workspace import Workspace
from number_world import WEEKS, World, definitions, random_world, receive
from recount import part_of, recount

LAST = WEEKS[-1]
ADDITIVE = [i for i in definitions().catalogue if i.rolls_up in ("sum", "stock") and i.numerator is None and i.combine is None
            and i.aggregate[0] in ("count", "sum", "stock")]


@pytest.fixture(scope="module", params=[1001, 1002])
def known(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Workspace, Cube]]:
    world = random_world(request.param)
    workspace = world.workspace(tmp_path_factory.mktemp("world"))
    yield world, workspace, Cube(workspace, [WEEKS[2], LAST])


def test_a_subtree_is_its_top_its_children_and_those_that_are_gone(known: tuple[World, Workspace, Cube]) -> None:
    _, _, cube = known
    for period in cube.periods:
        tree = cube.tree(period)
        for i in ADDITIVE:
            for form in i.forms:
                own, whole = (cube.values(i.id, form, period, scope).value.copy() for scope in ("own", "subtree"))
                leaf = cube.leaf(i, form, period)
                # A late row of a period the unit never filed for counts above it, though its own figure is not yet known.
                assert np.isnan(own[own != leaf.own]).all()
                for at in np.flatnonzero(np.isnan(whole)):      # so may a whole branch's, which its parent's then holds
                    whole[at] = (leaf.own + leaf.former)[at:tree.ends[at]].sum()
                for unit in tree.order:
                    at = tree.position[unit.code]
                    below = sum(whole[tree.position[c.code]] for c in tree.children(unit.code))
                    if not np.isnan(cube.values(i.id, form, period).value[at]):
                        assert whole[at] == pytest.approx(leaf.own[at] + below + leaf.former[at], rel=1e-12), (i.id, form, unit.code)


def test_an_additive_reading_is_known_where_a_part_is(known: tuple[World, Workspace, Cube]) -> None:
    _, _, cube = known
    tree = cube.tree(LAST)
    for i in ADDITIVE:
        for form in i.forms:
            value = cube.values(i.id, form, LAST).value
            for unit in tree.order:
                if any(not np.isnan(value[tree.position[c.code]]) for c in tree.children(unit.code)):
                    assert not np.isnan(value[tree.position[unit.code]]), (i.id, form, unit.code)


def test_readings_recompute_from_their_rows(known: tuple[World, Workspace, Cube]) -> None:
    """Every indicator, of the root and every fourth unit, both scopes: ask for the rows and count them by hand."""
    _, _, cube = known
    checked = 0
    for k, i in enumerate(definitions().catalogue):
        if i.combine is not None or i.index is not None:        # made of other readings, which are checked themselves
            continue
        for n, unit in enumerate(cube.tree(LAST).order):
            if n and (n + k) % 4:
                continue
            r = read(cube, i.id, unit.code, LAST, scope="own" if (n + k) % 8 == 4 else "subtree", form=i.forms[n % len(i.forms)])
            if r.value is None:
                continue
            rows = r.rows()
            assert r.n_rows == len(rows), (i.id, unit.code)
            if r.denominator is None:
                assert recount(i, rows) == pytest.approx(r.value), (i.id, unit.code)
            else:
                if any(getattr(part_of(i, name), "combine", None) for name in ("分子", "分母")):
                    continue
                top, bottom = (recount(part_of(i, name), rows[rows.part == name]) for name in ("分子", "分母"))
                assert (top, bottom) == (pytest.approx(r.numerator), pytest.approx(r.denominator)), (i.id, unit.code)
            checked += 1
    assert checked > 120


def test_asks_name_a_ledger_for_every_part(known: tuple[World, Workspace, Cube]) -> None:
    _, _, cube = known
    for i in definitions().catalogue:
        parts = [part for part, _ in asks_of(read(cube, i.id, "root", LAST, scope="subtree" if i.allows("subtree") else "own"))]
        if i.denominator is not None:
            assert list(dict.fromkeys(parts)) == ["分子", "分母"]


def test_a_ratio_is_that_of_its_parts_never_a_mean(known: tuple[World, Workspace, Cube]) -> None:
    _, _, cube = known
    differs = 0
    for i in definitions().catalogue:
        if i.denominator is None:
            continue
        v = cube.values(i.id, i.default_form, LAST)
        tree = cube.tree(LAST)
        for unit in tree.order:
            at = tree.position[unit.code]
            if not np.isnan(v.value[at]):
                assert v.value[at] == v.numerator[at] / v.denominator[at]
                children = [v.value[tree.position[c.code]] for c in tree.children(unit.code)]
                differs += len(children) > 1 and not np.isclose(v.value[at], np.mean(children), equal_nan=True)
    assert differs > 0


def test_what_was_printed_can_be_printed_again(tmp_path: Path) -> None:
    """After each receive the numbers of the moment; when all is in, asked as of each moment, the same."""
    world = random_world(1003)
    moments = world.moments
    half = moments[len(moments) // 2]
    then = World([s for s in world.sheets if s.received_at <= half])
    workspace = then.workspace(tmp_path)
    before = numbers(Cube(workspace, WEEKS[1:4]))
    for at in (m for m in moments if m > half):
        receive(workspace, [s for s in world.sheets if s.received_at == at], at)
    now, again = numbers(Cube(workspace, WEEKS[1:4])), numbers(Cube(workspace, WEEKS[1:4], as_of=half))
    assert before == again
    assert before != now


def test_the_order_of_receives_does_not_matter(tmp_path: Path) -> None:
    """Files found late in a drawer, with their true received times, give what they would have given in order."""
    world = random_world(1004)
    as_of = world.moments[-1]
    first = numbers(Cube(world.workspace(tmp_path / "a"), WEEKS, as_of=as_of))
    second = numbers(Cube(world.workspace(tmp_path / "b", shuffle=Random(7)), WEEKS, as_of=as_of))
    assert first == second


def numbers(cube: Cube) -> dict[tuple[str, str, str, str], float | None]:
    found = {}
    for period in cube.periods:
        for i in definitions().catalogue:
            for form in i.forms:
                value = cube.values(i.id, form, period).value
                for unit, at in cube.tree(period).position.items():
                    found[i.id, form, period.id, unit] = None if np.isnan(value[at]) else float(value[at])
    return found
