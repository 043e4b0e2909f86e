"""nbconvert finds the four exporters and they write what a notebook shows."""

import io
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from pypdf import PdfReader

from jianbao.publish.exporters import DocxExporter, HtmlExporter, PdfExporter, XlsxExporter
from sample_document import document
from test_document import as_notebook


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    nb = as_notebook(document())
    nb.cells.insert(0, v4.new_code_cell("secret_code = 1", metadata={"tags": ["parameters"]}))
    return nb


@pytest.mark.parametrize(("exporter", "start", "extension"), [
    (HtmlExporter, "<!doctype html>", ".html"), (PdfExporter, b"%PDF-", ".pdf"), (DocxExporter, b"PK", ".docx"),
    (XlsxExporter, b"PK", ".xlsx")])
def test_each_writes_its_kind(notebook: nbformat.NotebookNode, exporter: type, start: object, extension: str) -> None:
    data, resources = exporter().from_notebook_node(notebook)
    assert data.startswith(start)
    assert resources["output_extension"] == extension


def test_code_is_never_shown(notebook: nbformat.NotebookNode) -> None:
    assert "secret_code" not in HtmlExporter(face="working").from_notebook_node(notebook)[0]


def test_face_is_a_setting(notebook: nbformat.NotebookNode) -> None:
    assert "校核底稿" in HtmlExporter(face="working").from_notebook_node(notebook)[0]
    assert "校核底稿" not in HtmlExporter().from_notebook_node(notebook)[0]


def as_installed(folder: Path) -> dict[str, str]:
    """An environment in which the entry points of pyproject.toml count, whether or not the library is installed."""
    root = Path(__file__).parent.parent
    declared = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    info = folder / "jianbao_entries-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jianbao-entries\nVersion: 0\n", "utf-8")
    group = "nbconvert.exporters"
    lines = [f"{name} = {target}" for name, target in declared[group].items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]), "utf-8")
    paths = [str(folder), str(root / "lib"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


@pytest.mark.parametrize("name", ["jianbao_html", "jianbao_pdf", "jianbao_docx", "jianbao_xlsx"])
def test_jupyter_nbconvert_finds_each_by_name(tmp_path: Path, notebook: nbformat.NotebookNode, name: str) -> None:
    nbformat.write(notebook, tmp_path / "weekly.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", name, "--PdfExporter.face=working", "weekly.ipynb"],
        cwd=tmp_path, env=as_installed(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / f"weekly.{name.removeprefix('jianbao_')}").read_bytes()
    if name == "jianbao_pdf":
        assert "来源注释" in "".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)


def test_a_notebook_without_our_parts_converts_in_every_writer() -> None:
    nb = v4.new_notebook(cells=[
        v4.new_markdown_cell("# 周报\n\n## 进展\n\n正文**重点**。\n\n| 单位 | 数 |\n|---|--:|\n| 甲县 | 12 |"),
        v4.new_code_cell("x", outputs=[v4.new_output("stream", name="stdout", text="打印的话")])])
    assert "打印的话" in HtmlExporter().from_notebook_node(nb)[0]
    for exporter in (PdfExporter, DocxExporter, XlsxExporter):
        first, second = (exporter().from_notebook_node(nb)[0] for _ in range(2))
        assert first == second


def test_loading_the_exporters_loads_no_writer() -> None:
    code = ("import sys, jianbao.publish.exporters; "
            "print([m for m in ('typst', 'docx', 'openpyxl', 'matplotlib', 'pandas') if m in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
