"""What is in the repository, or would be with the next commit: no outputs, no machine's own paths, nothing heavy."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVIEST = 2_000_000  # bytes

# In halves, so that this file does not name them itself.
HOSTS = [
    "".join(halves)
    for halves in (
        ("pypi", ".org"), ("python", "hosted.org"), ("npmjs", ".org"), ("npmjs", ".com"), ("anaconda", ".org"),
        ("crates", ".io"), ("deb.deb", "ian.org"), ("tsinghua", ".edu.cn"), ("mirrors", ".aliyun"),
    )
]  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w.>~-])(?:/home/\w|/Users/\w|/root/|/work/|/opt/\w|[A-Za-z]:\\{1,2}Users\\)")


@pytest.fixture(scope="module")
def files() -> list[Path]:
    try:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"not a git checkout: {getattr(error, 'stderr', error)!r}")
    return [path for path in map(ROOT.__truediv__, filter(None, listed.split("\0"))) if path.is_file()]


def text(path: Path) -> str:
    """The file's text; empty if it has none."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def outputs(notebook: dict) -> list[int]:
    """The numbers of the cells that carry an output or a run count."""
    cells = enumerate(notebook["cells"], 1)
    return [number for number, cell in cells if cell.get("outputs") or cell.get("execution_count") is not None]


def foreign(line: str) -> bool:
    """Whether `line` names a package registry or a place on one machine."""
    return bool(MACHINE_PATH.search(line)) or any(host in line for host in HOSTS)


def test_notebooks_carry_no_outputs(files: list[Path]) -> None:
    notebooks = [path for path in files if path.suffix == ".ipynb"]
    found = {str(path.relative_to(ROOT)): outputs(json.loads(path.read_text(encoding="utf-8"))) for path in notebooks}
    assert {name: cells for name, cells in found.items() if cells} == {}, "run nbstripout on them"


def test_no_file_names_a_registry_or_a_machine(files: list[Path]) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(text(path).splitlines(), 1)
        if path != Path(__file__) and foreign(line)
    ]
    assert found == []


def test_no_file_is_heavy(files: list[Path]) -> None:
    assert [str(path.relative_to(ROOT)) for path in files if path.stat().st_size > HEAVIEST] == []


def test_what_the_rules_see() -> None:
    run = {"cell_type": "code", "outputs": [], "execution_count": 3}
    clean = {"cell_type": "code", "outputs": [], "execution_count": None}
    assert outputs({"cells": [{"cell_type": "markdown"}, clean, run]}) == [3]
    assert foreign("see /home/someone/data")
    assert foreign(r'path = "C:\\Users\\someone"')
    assert foreign("index-url = https://" + HOSTS[0])
    assert not foreign("#!/usr/bin/env bash")
    assert not foreign("https://docs.example/home/index.html and network/work/x")


def test_links_between_documents_lead_somewhere(files: list[Path]) -> None:
    pages = [path for path in files if path.suffix == ".md"]
    found = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if not target.startswith(("https:", "mailto:")) and not (page.parent / target).exists()
    ]
    assert found == []
