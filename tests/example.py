"""The shipped example, filed and received once for all tests that need real workbooks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from jianbao.brief.parts import Document, Face
from jianbao.intake.inbox import receive
from jianbao.publish.batch import Result, run
from jianbao.publish.document import from_notebook
from jianbao.publish.plan import issues_of
from jianbao.workspace import Workspace

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> None:
    """Fills `folder` with a copy of the example's workspace, eight weeks filed and received."""
    for name in ("params", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in ("master", "example"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "data/example/make_example.py", "--no-master"], cwd=folder, check=True,
                   capture_output=True, timeout=300)
    workspace = Workspace(folder)
    for week in sorted(folder.glob("data/inbox/2023-W*")):
        receive(workspace, week)


def again(workspace: Workspace, folder: Path) -> Workspace:
    """A second copy of a received workspace, for tests that change it."""
    shutil.copytree(workspace.root, folder, ignore=shutil.ignore_patterns("inbox", "issues", ".*.lock"))
    return Workspace(folder)


@dataclass(frozen=True)
class Products:
    """One issue of every product, made by real kernels. `results` by issue: weekly/2023-W42/root."""

    workspace: Workspace
    results: dict[str, Result]

    def __getitem__(self, product: str) -> Path:
        """The folder of the last issue of a product."""
        return [r.folder for issue, r in self.results.items() if issue.startswith(f"{product}/")][-1]

    def document(self, product: str, face: Face = "working") -> Document:
        """As the writers had it: read back from the executed notebook, ledger rows and all."""
        nb = nbformat.read(self[product] / "brief.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        return from_notebook(nb).face(face)


# The weekly brief twice: the second one tells what became of the first. Longest first, for two kernels side by side.
ISSUES = {"2023-W41": ["weekly/*"], "2023-W42": ["topic/*", "report/*", "weekly/*", "unit/*/C01", "quality/*", "team/*/G1"],
          "2023-10-23": ["daily/*"]}


def make_products(workspace: Workspace, folder: Path) -> dict[str, Result]:
    """Makes the issues in a copy of the workspace; what became of each."""
    workspace = again(workspace, folder)
    wanted = [i for period, globs in ISSUES.items() for only in globs
              for i in issues_of(workspace, workspace.period(period), only=only)]
    return {str(r.issue): r for r in run(wanted, workspace, jobs=2)}
