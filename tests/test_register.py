"""The register: trees of a day, names, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from jianbao.definitions.register import Register, Unit
from jianbao.errors import DefinitionError, UnknownName

SPRING, SUMMER = date(2023, 4, 1), date(2023, 7, 1)


def unit(code: str, parent: str | None = None, first: date = date(2023, 1, 1), last: date | None = None, **more: object) -> Unit:
    return Unit(code, f"{code}单位", short_name=code.lower(), parent=parent, valid_from=first, valid_to=last,
                **more)  # type: ignore[arg-type]


TREE = [unit("R"), unit("A", "R"), unit("A1", "A"), unit("A2", "A", last=date(2023, 6, 30)), unit("B", "R"), unit("B1", "B", first=SUMMER)]


def codes(units: tuple[Unit, ...]) -> list[str]:
    return [u.code for u in units]


def test_the_tree_of_a_day() -> None:
    tree = Register(TREE).on(SPRING)
    assert codes(tree.order) == ["R", "A", "A1", "A2", "B"]
    assert codes(tree.subtree("A")) == ["A", "A1", "A2"]
    assert codes(tree.children("R")) == ["A", "B"]
    assert codes(tree.leaves("R")) == ["A1", "A2", "B"]
    assert codes(tree.path("A2")) == ["R", "A", "A2"]
    assert codes(Register(TREE).on(SUMMER).leaves("R")) == ["A1", "B1"]


def test_valid_to_is_the_last_day() -> None:
    register = Register(TREE)
    assert "A2" in register.on(date(2023, 6, 30))
    assert "A2" not in register.on(SUMMER)


def test_within() -> None:
    tree = Register(TREE).on(SPRING)
    assert [tree.is_within(c, "A") for c in ("A", "A1", "B", "R", "nobody")] == [True, True, False, False, False]


def test_a_unit_that_moves_hangs_where_it_hangs_that_day() -> None:
    register = Register([*TREE[:5], unit("M", "A", last=date(2023, 6, 30)), unit("M", "B", first=SUMMER)])
    assert codes(register.on(SPRING).path("M")) == ["R", "A", "M"]
    assert codes(register.on(SUMMER).path("M")) == ["R", "B", "M"]


def test_a_unit_under_one_that_is_gone_hangs_on_nothing() -> None:
    register = Register([*TREE, unit("A21", "A2")])
    assert "A21" in register.on(SPRING)
    assert "A21" not in register.on(SUMMER)


def test_a_deep_register_is_no_trouble() -> None:
    tree = Register([unit("0"), *(unit(str(n), str(n - 1)) for n in range(1, 3000))]).on(SPRING)
    assert len(tree.path("2999")) == 3000
    assert len(tree.subtree("0")) == 3000


def test_an_unknown_unit_gets_a_hint() -> None:
    with pytest.raises(UnknownName, match=r"no unit 'A3'. Did you mean: A, A1, A2\?|no unit 'A3'. Did you mean:"):
        Register(TREE).on(SPRING).subtree("A3")


def test_found_by_any_of_its_names() -> None:
    register = Register([*TREE[:5], unit("C", "R", aliases=("老丙", "丙局"))])
    assert [register.find(x) for x in ("C", "C单位", "c", "老丙", " 丙局 ")] == ["C"] * 5
    with pytest.raises(UnknownName, match=r"no unit '丙居'. Did you mean: .*丙局"):
        register.find("丙居")


def test_a_name_of_several_wants_the_code() -> None:
    register = Register([unit("R"), replace(unit("X", "R"), short_name="城关镇"),
                         replace(unit("Y", "R"), short_name="城关镇", valid_to=date(2023, 6, 30))])
    with pytest.raises(UnknownName, match=r"several units are called '城关镇': X, Y\. Write the code\."):
        register.find("城关镇")
    assert register.find("城关镇", on=SUMMER) == "X"


@pytest.mark.parametrize(("units", "message"), [
    ([unit("R", last=date(2022, 1, 1))], "unit R: valid to 2022-01-01, before it begins on 2023-01-01"),
    ([unit("R"), unit("R", first=SPRING)], "unit R is listed twice for 2023-04-01. End the first span before it."),
    ([unit("R"), unit("A", "Q")], "no parent of unit A: 'Q'"),
    ([unit("R"), unit("A", "R", filer="Q")], "no filer of unit A: 'Q'"),
    ([unit("A", "B"), unit("B", "A")], "unit A stands above itself: A → B → A"),
    ([unit("A", "A")], "unit A stands above itself: A → A")])
def test_what_cannot_be_meant_is_refused(units: list[Unit], message: str) -> None:
    with pytest.raises(DefinitionError) as e:
        Register(units)
    assert message in str(e.value)


def test_every_problem_is_told_at_once_and_a_ring_once() -> None:
    with pytest.raises(DefinitionError) as e:
        Register([unit("A", "B"), unit("B", "C"), unit("C", "A"), unit("D", "C"), unit("E", "nobody")])
    assert str(e.value).count("stands above itself") == 1
    assert "no parent of unit E" in str(e.value)


def test_two_units_that_change_places_are_no_ring() -> None:
    """In spring A is under B, from summer B under A; no day holds a ring, in whatever order they are listed."""
    spans = [unit("A", "R", first=SUMMER), unit("B", "R", last=date(2023, 6, 30)), unit("A", "B", last=date(2023, 6, 30)),
             unit("B", "A", first=SUMMER)]
    for order in (spans, spans[::-1]):
        register = Register([unit("R"), *order])
        assert codes(register.on(SPRING).path("A")) == ["R", "B", "A"]
        assert codes(register.on(SUMMER).path("B")) == ["R", "A", "B"]


def test_a_ring_of_one_day_is_found_behind_later_spans() -> None:
    spans = [unit("A", "B", last=date(2023, 6, 30)), unit("B", "A", last=date(2023, 6, 30)), unit("A", "R", first=SUMMER),
             unit("B", "R", first=SUMMER)]
    with pytest.raises(DefinitionError, match="unit A stands above itself: A → B → A"):
        Register([unit("R"), *spans])
