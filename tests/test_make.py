"""make.py: what it skips, what it says when it cannot go on, and the main job from end to end on a small stand-in."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType

import pytest

MAKE = Path(__file__).parents[1] / "make.py"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """make.py as if it lay in an empty folder with a pyproject.toml."""
    spec = importlib.util.spec_from_file_location("make", MAKE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return module


def installed(make: ModuleType, *extras: str) -> None:
    """Leave what a finished installation leaves."""
    Path(make.python()).parent.mkdir(parents=True, exist_ok=True)
    Path(make.python()).touch()
    make.stamp_path().write_text(make.json.dumps({**make.fingerprint(), "extras": extras}), encoding="utf-8")


def file_week(make: ModuleType, week: str, content: str = "file,received_at\n") -> Path:
    folder: Path = make.ROOT / "data" / "inbox" / week
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "received.csv").write_text(content, encoding="utf-8")
    return folder


def test_it_needs_nothing_but_python() -> None:
    nodes = list(ast.walk(ast.parse(MAKE.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_installation_is_current_until_pyproject_changes(make: ModuleType) -> None:
    assert not make.is_installed("")
    installed(make)
    assert make.is_installed("")
    (make.ROOT / "pyproject.toml").write_text("[project]\ndependencies = []\n", encoding="utf-8")
    assert not make.is_installed("")


def test_the_tests_installation_serves_the_briefs_but_not_the_other_way(make: ModuleType) -> None:
    installed(make)
    assert not make.is_installed("test")
    installed(make, "test")
    assert make.is_installed("test")
    assert make.is_installed("")


def test_an_installation_does_not_survive_a_move(make: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(make)
    moved = make.ROOT.with_name("moved")
    make.ROOT.rename(moved)
    monkeypatch.setattr(make, "ROOT", moved)
    assert not make.is_installed("")


def test_a_torn_stamp_is_no_stamp(make: ModuleType) -> None:
    installed(make)
    make.stamp_path().write_text('{"pyproj', encoding="utf-8")
    assert not make.is_installed("")


def test_the_shell_cannot_send_an_installation_elsewhere(make: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME", "JIANBAO_WORKSPACE"):
        monkeypatch.setenv(name, "somewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "the office's own")
    env = make.environ()
    assert not {"PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME", "JIANBAO_WORKSPACE"} & env.keys()
    assert env["PIP_USER"] == "0"
    assert env["PIP_INDEX_URL"] == "the office's own"


def test_an_old_python_is_told_which_one_to_use(make: ModuleType) -> None:
    make.check_python((3, 11, 0))
    with pytest.raises(make.Problem, match=r"this is Python 3\.10\.4; jianbao needs 3\.11 or later\.\n.*python3\.11"):
        make.check_python((3, 10, 4))


def test_a_python_without_venv_is_told_what_to_install(make: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    make.check_venv_module()
    monkeypatch.setattr(make.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(make.Problem, match=r"lacks ensurepip, so \.venv cannot be made\.\n.*install python3-venv"):
        make.check_venv_module()


def test_no_network_is_told_from_other_failures(make: ModuleType) -> None:
    lost = "WARNING: Retrying after NewConnectionError('... Temporary failure in name resolution')\nERROR: No matching"
    assert "no package index could be reached" in make.explain_pip(lost, ".")
    assert "PIP_FIND_LINKS" in make.explain_pip(lost, ".")
    other = make.explain_pip("ERROR: Could not build wheels for pyarrow", ".[test]")
    assert other.startswith("pip install -e .[test] failed")
    assert "Could not build wheels for pyarrow" in other


def test_weeks_are_the_folders_that_say_when_they_came_in_order(make: ModuleType) -> None:
    file_week(make, "2023-W42")
    file_week(make, "2023-W41")
    (make.ROOT / "data" / "inbox" / "loose").mkdir()
    assert [week.name for week in make.weeks()] == ["2023-W41", "2023-W42"]


def test_a_folder_is_known_by_names_and_contents(make: ModuleType) -> None:
    week = file_week(make, "2023-W42")
    before = make.digest(week)
    (week / "a.xlsx").write_bytes(b"1")
    one = make.digest(week)
    (week / "a.xlsx").rename(week / "b.xlsx")
    assert len({before, one, make.digest(week)}) == 3


def test_clean_keeps_what_the_example_did_not_make(make: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    week = file_week(make, "2023-W42")
    make.received_path().parent.mkdir(parents=True)
    make.received_path().write_text(make.json.dumps({week.name: make.digest(week)}), encoding="utf-8")

    (week / "filed by an office.xlsx").write_bytes(b"x")
    make.clean([])
    assert week.exists()
    assert "it holds more than the example made" in capsys.readouterr().out

    (week / "filed by an office.xlsx").unlink()
    make.clean([])
    assert not week.exists()
    assert not make.received_path().exists()


def test_a_wrong_job_names_the_right_ones(make: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert make.main(["breif"]) == 2
    assert "brief, test, check, clean" in capsys.readouterr().err
    assert make.main(["clean", "all"]) == 2
    assert "takes no arguments" in capsys.readouterr().err


EXAMPLE = """
from pathlib import Path
for week in ("2023-W41", "2023-W42"):
    folder = Path("data/inbox") / week
    folder.mkdir(parents=True)
    (folder / "received.csv").write_text("file,received_at")
"""
# Notes each call; a receive ends with 1, as it does when a workbook is returned.
JIANBAO = """#!/bin/sh
echo "$*" >> calls
if [ "$1" = receive ]; then {receive}; fi
"""


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for jianbao is a shell script")
def test_brief_does_each_step_once(make: ModuleType) -> None:
    root: Path = make.ROOT
    venv.create(root / ".venv", with_pip=False, symlinks=True)
    installed(make)
    (root / "make.py").write_bytes(MAKE.read_bytes())
    (root / "data" / "example").mkdir(parents=True)
    (root / "data" / "example" / "make_example.py").write_text(EXAMPLE, encoding="utf-8")
    jianbao = root / ".venv" / "bin" / "jianbao"

    def brief() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "make.py", "brief"]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    def calls() -> list[str]:
        said = (root / "calls").read_text(encoding="utf-8").replace(f"{root}/", "").splitlines()
        (root / "calls").unlink()
        return said

    jianbao.write_text(JIANBAO.format(receive="echo 'Traceback (most recent call last)' >&2; exit 1"), encoding="utf-8")
    jianbao.chmod(0o755)
    crashed = brief()
    assert crashed.returncode == 1
    assert "jianbao receive data/inbox/2023-W41: ended with 1" in crashed.stderr
    assert calls() == ["receive data/inbox/2023-W41"]

    jianbao.write_text(JIANBAO.format(receive="exit 1"), encoding="utf-8")
    first = brief()
    assert first.returncode == 0, first.stderr
    runs = [f"run {period} --only {only} --jobs 2" for period, only in make.EXAMPLE_ISSUES]
    assert calls() == ["receive data/inbox/2023-W41", "receive data/inbox/2023-W42", *runs]

    again = brief()
    assert [line.split()[0] for line in again.stdout.splitlines()] == ["install", "example", "receive", *["brief"] * 4, "done"]
    assert again.stdout.count("current") == 3
    assert calls() == runs
