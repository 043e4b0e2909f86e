"""The shipped notebooks under stock tools, from their own folder, as an analyst's JupyterLab would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import example as shipped
from example import Products
from jianbao.workspace import Workspace
from number_world import definitions


@pytest.fixture(scope="module")
def workspace(example: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shipped.again(example, tmp_path_factory.mktemp("notebooks") / "ws")


def run(workspace: Workspace, *command: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("JIANBAO_")}
    return subprocess.run([sys.executable, "-m", *command], cwd=workspace.root / "notebooks", capture_output=True, text=True,
                          timeout=300, env=env)


def parts(path: Path) -> list[str]:
    nb = json.loads(path.read_text(encoding="utf-8"))
    return [o["data"]["application/vnd.jianbao.part+json"]["kind"] for c in nb["cells"] for o in c.get("outputs", [])
            if "application/vnd.jianbao.part+json" in o.get("data", {})]


def test_stock_papermill_runs_the_weekly_notebook(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    done = run(workspace, "papermill", "weekly.ipynb", str(out), "-p", "period", "2023-W41", "-p", "unit", "C02", "--no-progress-bar")
    assert done.returncode == 0, done.stderr[-2000:]
    kinds = parts(out)
    assert kinds[0] == "head" and "prose" in kinds and kinds[-2:] == ["sources", "foot"]
    assert "霁溪区" in out.read_text(encoding="utf-8")


def test_nbconvert_writes_every_format_from_a_run_notebook(workspace: Workspace, products: Products, tmp_path: Path) -> None:
    out = products["weekly"] / "brief.ipynb"
    for exporter, suffix, start in (("jianbao_html", "html", b"<!DOCTYPE html>"), ("jianbao_pdf", "pdf", b"%PDF"),
                                    ("jianbao_docx", "docx", b"PK")):
        done = run(workspace, "nbconvert", "--to", exporter, str(out), "--output-dir", str(tmp_path))
        assert done.returncode == 0, done.stderr[-2000:]
        assert (tmp_path / f"brief.{suffix}").read_bytes()[:15].upper().startswith(start.upper())


def test_every_product_has_its_notebook_and_none_carries_outputs() -> None:
    """Each is short: the library computes, the notebook says."""
    found = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in (shipped.ROOT / "notebooks").glob("*.ipynb")}
    assert found.keys() == {p.notebook for p in definitions().products.values()} | {"explore.ipynb"}
    for name, nb in found.items():
        code = [c for c in nb["cells"] if c["cell_type"] == "code"]
        assert [c["metadata"].get("tags") for c in code].count(["parameters"]) == 1, name
        assert not any(c.get("outputs") or c["execution_count"] for c in code), name
        own = [line for c in code for line in c["source"] if not c["source"][0].startswith("%%say")]
        assert name == "explore.ipynb" or len(own) < 60, name


def test_the_explore_notebook_runs_whole(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "explore.ipynb"
    done = run(workspace, "papermill", "explore.ipynb", str(out), "--no-progress-bar")
    assert done.returncode == 0, done.stderr[-2000:]
    nb = json.loads(out.read_text(encoding="utf-8"))
    assert not [o for c in nb["cells"] for o in c.get("outputs", []) if o["output_type"] == "error"]
    text = json.dumps(nb, ensure_ascii=False)
    assert "读书班天数" in text and "image/png" in text
    assert "Glyph" not in text and "missing from font" not in text      # no tofu in the analyst's own charts either


def test_an_error_in_a_cell_is_one_line(workspace: Workspace, tmp_path: Path) -> None:
    broken = workspace.root / "notebooks" / "sketch.ipynb"
    nb = json.loads((workspace.root / "notebooks" / "weekly.ipynb").read_text(encoding="utf-8"))
    nb["cells"] = [*nb["cells"][:2], {"cell_type": "code", "id": "x", "metadata": {}, "execution_count": None, "outputs": [],
                                      "source": ["%%say\n", "启动率{启动律}。"]}]
    broken.write_text(json.dumps(nb, ensure_ascii=False), encoding="utf-8")
    out = tmp_path / "out.ipynb"
    done = run(workspace, "papermill", "sketch.ipynb", str(out), "--no-progress-bar")
    assert done.returncode != 0
    errors = [o for c in json.loads(out.read_text(encoding="utf-8"))["cells"] for o in c.get("outputs", [])
              if o["output_type"] == "error"]
    assert errors[-1]["ename"] == "BriefError"
    assert len(errors[-1]["traceback"]) == 1 and "Did you mean: 启动率" in errors[-1]["traceback"][0]
