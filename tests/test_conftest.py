"""The skip rule of conftest.py, tried on a small suite of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

@pytest.mark.browser
def test_page(): pass

@pytest.mark.office
def test_sheet(): pytest.skip("no licence")

def test_plain(): pytest.skip("not today")
"""


def outcome(folder: Path, no_skip: str) -> str:
    """The whole output of pytest on SUITE, on a PATH that holds `folder` alone."""
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  browser: b\n  office: o\n", encoding="utf-8")
    env = {**os.environ, "PATH": str(folder), "JIANBAO_NO_SKIP": no_skip, "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False).stdout


def test_a_missing_program_skips_with_its_name(tmp_path: Path) -> None:
    said = outcome(tmp_path, no_skip="")
    assert "3 skipped" in said
    assert "none of chromium, chromium-browser, google-chrome on PATH" in said


def test_in_ci_only_plain_tests_may_skip(tmp_path: Path) -> None:
    (tmp_path / "soffice").write_text("", encoding="utf-8")
    (tmp_path / "soffice").chmod(0o755)
    said = outcome(tmp_path, no_skip="1")
    # The page skips before it begins (an error to pytest), the sheet by its own word (a failure).
    assert "1 failed, 1 skipped, 1 error" in said
    assert "must not skip while JIANBAO_NO_SKIP=1" in said
    assert "no licence" in said


@pytest.mark.browser
def test_with_a_browser_a_browser_test_runs() -> None:
    assert any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
