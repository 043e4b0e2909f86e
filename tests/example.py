"""The shipped example, filed and received once for all tests that need real workbooks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from jianbao.intake.inbox import receive
from jianbao.workspace import Workspace

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Workspace:
    """A copy of the example's workspace in `folder`, with eight weeks filed and received."""
    for name in ("params", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("master", "example"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "data/example/make_example.py", "--no-master"], cwd=folder, check=True,
                   capture_output=True, timeout=300)
    workspace = Workspace(folder)
    for week in sorted(folder.glob("data/inbox/2023-W*")):
        receive(workspace, week)
    return workspace


def again(workspace: Workspace, folder: Path) -> Workspace:
    """A second copy of a received workspace, for tests that change it."""
    shutil.copytree(workspace.root, folder, ignore=shutil.ignore_patterns("inbox", "issues", ".*.lock"))
    return Workspace(folder)
