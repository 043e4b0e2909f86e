"""What every test stands on: charts without a screen, and an honest skip where a program is missing."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from jianbao.workspace import Workspace

os.environ["MPLBACKEND"] = "agg"

# Mark → the programs any one of which will do.
PROGRAMS = {"browser": ("chromium", "chromium-browser", "google-chrome"), "office": ("soffice",)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for mark, programs in PROGRAMS.items():
        if not any(map(shutil.which, programs)):
            reason = f"none of {', '.join(programs)} on PATH"
            for item in items:
                if item.get_closest_marker(mark):
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With JIANBAO_NO_SKIP=1, as in CI, a browser or office test that skips has failed."""
    report = yield
    forbidden = os.environ.get("JIANBAO_NO_SKIP") == "1" and any(map(item.get_closest_marker, PROGRAMS))
    if forbidden and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} must not skip while JIANBAO_NO_SKIP=1. {reason}"
    return report


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """A folder and what `make(folder)` gave when it was filled: once, also for several workers that test side by side."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder, kept = base / name, base / f"{name}.pickle"
    with FileLock(base / f"{name}.lock"):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make(folder)))
    return folder, pickle.loads(kept.read_bytes())


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The example's workspace, received once. Read only: copy it with `example.again` to change it."""
    from example import build

    return Workspace(made_once(tmp_path_factory, "example", build)[0])


@pytest.fixture(scope="session")
def products(example: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An issue of every product of the example, made once. Read only."""
    from example import Products, make_products

    folder, results = made_once(tmp_path_factory, "products", lambda folder: make_products(example, folder))
    return Products(Workspace(folder), results)
