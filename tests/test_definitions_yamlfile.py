"""YAML as it is read: what is text stays text, every value has its line, and what is no YAML is said with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions import yamlfile
from jianbao.errors import DefinitionError

TEXT = """\
a: 010
b: "12"
c: [NO, true, 1.5, -3]
d:
  e: |
    两行
    文字
  f:
g: 12:30:45
"""


def source(folder: Path, text: str) -> yamlfile.Source:
    path = folder / "a.yml"
    path.write_text(text, encoding="utf-8")
    return yamlfile.Source(path, "a.yml")


@pytest.fixture(params=["fast", "slow"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Not every PyYAML has the fast one."""
    if request.param == "slow":
        monkeypatch.setattr(yamlfile, "_FastLoader", yamlfile._Loader)
    return request.param


@pytest.mark.usefixtures("loader")
def test_either_loader_reads_the_same_values_and_lines(tmp_path: Path) -> None:
    read = source(tmp_path, TEXT)
    assert read.data == {"a": "010", "b": "12", "c": ["NO", True, 1.5, -3], "d": {"e": "两行\n文字\n", "f": None}, "g": "12:30:45"}
    assert [read.line(path) for path in (("a",), ("c", 2), ("d",), ("d", "f"), ("g",))] == [1, 3, 4, 8, 9]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: &x 2\nc: *x\n", r"a.yml:3: aliases \(\*x\) are not read. Write the value out."),
        ("a: 1\nb: c: d\n", "a.yml:2: not YAML: mapping values are not allowed here"),
        ("a: 1\nb: x\ty: 2\n", "a.yml:2: not YAML"),
        ("a: 1\nb: \x01\n", "a.yml:2: not YAML: the invisible character 0x0001. Delete it."),
        ("a: 1\na: 2\n", "a.yml:2: 'a' stands here twice."),
    ],
)
def test_what_is_not_read_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=f"^{message}"):
        source(tmp_path, text)
