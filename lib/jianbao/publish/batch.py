"""Issues made: executed aside, written in every format, sealed, put in place by rename. Imports this room, workspace.

A failed issue leaves the earlier good one as it was; the others go on.
"""

from __future__ import annotations

import json
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from jianbao import issued
from jianbao.errors import JianbaoError
from jianbao.publish import budget, kernels, manifest
from jianbao.publish.parameters import checked, declared
from jianbao.publish.plan import Issue
from jianbao.workspace import Workspace

Outcome = Literal["made", "current", "failed", "busy"]
NOTEBOOK = "brief.ipynb"
_WORDS = {"new": "未编", "notebook": "笔记本有改动", "parameters": "参数有改动", "definitions": "口径有改动",
          "data": "数据有更新", "printed": "上期有重印", "library": "程序有更新",
          "files": "成品被改动或缺失"}


@dataclass(frozen=True)
class Result:
    issue: Issue
    outcome: Outcome
    folder: Path
    files: tuple[Path, ...] = ()
    why: str = ""               # why it was made, or what went wrong

    def to_json(self) -> dict[str, Any]:
        return {"issue": str(self.issue), "outcome": self.outcome, "as_of": self.issue.as_of.isoformat(),
                "folder": str(self.folder), "files": [str(f) for f in self.files], "why": self.why}


def parameters_of(issue: Issue, workspace: Workspace) -> tuple[Path, dict[str, Any]]:
    """The notebook of an issue and the parameters it gets, checked against what it declares."""
    product = workspace.definitions.products[issue.product]
    notebook = workspace.root / "notebooks" / product.notebook
    known = declared(notebook)
    values = {"period": issue.period.id, "unit": issue.unit, "as_of": issue.as_of.isoformat(), **issue.parameters}
    return notebook, checked(values, known, product.notebook)


def reasons(issue: Issue, workspace: Workspace) -> list[str]:
    """Why an issue would be made now, in words; empty when it is current."""
    notebook, parameters = parameters_of(issue, workspace)
    parts = manifest.ingredients(issue, notebook, parameters, workspace)
    return [_WORDS[x] for x in manifest.changed(issue.folder(workspace), parts)]


def run(issues: Iterable[Issue], workspace: Workspace, *, jobs: int = 1, force: bool = False,
        tell: Callable[[Result], None] | None = None) -> list[Result]:
    """Makes what is not current, `jobs` at a time, each in a kernel process of its own. `tell` hears of each result."""
    wanted = list(issues)
    for issue in wanted:        # every parameter is checked before the first kernel starts
        parameters_of(issue, workspace)

    def one(issue: Issue) -> Result:
        result = make(issue, workspace, force=force)
        if tell is not None:
            tell(result)
        return result

    if jobs <= 1 or len(wanted) <= 1:
        return [one(issue) for issue in wanted]
    # An issue may print what the one before it printed, so those of a product and unit follow each other.
    chains: dict[tuple[str, str], list[int]] = {}
    for n, issue in enumerate(wanted):
        chains.setdefault((issue.product, issue.unit), []).append(n)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        done = pool.map(lambda chain: [(n, one(wanted[n])) for n in chain], chains.values())
        return [result for _, result in sorted((r for chain in done for r in chain), key=lambda r: r[0])]


def make(issue: Issue, workspace: Workspace, *, force: bool = False) -> Result:
    """One issue. Never raises for what goes wrong inside it: that is its result."""
    folder = issue.folder(workspace)
    kept = ""
    try:
        notebook, parameters = parameters_of(issue, workspace)
        parts = manifest.ingredients(issue, notebook, parameters, workspace)
        with _lock(folder) as free:
            if not free:
                return Result(issue, "busy", folder, why="另一进程正在编制")
            _recover(folder)
            differs = manifest.changed(folder, parts)
            if not differs and not force:
                return Result(issue, "current", folder, _outputs(folder))
            work = folder.with_name(f".{folder.name}.part-{uuid4().hex[:8]}")
            work.mkdir(parents=True)
            try:
                kernels.execute(notebook, work / NOTEBOOK, parameters, workspace=workspace.root)
                names = _write(work, issue, workspace)
                issued.keep(folder, work)
                manifest.write(work, issue, parameters, parts, made_at=workspace.now.isoformat(), outputs=names)
                _swap(work, folder)
            except BaseException:
                kept = _keep_failed(work, folder)
                raise
        why = "、".join(_WORDS[x] for x in differs) or "重编"
        result = Result(issue, "made", folder, _outputs(folder), why)
    except JianbaoError as e:
        result = Result(issue, "failed", folder, why=f"{e}{kept}")
    except Exception as e:
        # A fault of ours in one issue must not take the batch down; it is shown whole, for whoever mends it.
        result = Result(issue, "failed", folder, why="".join(traceback.format_exception(e)).rstrip() + kept)
    _log(result, workspace)
    return result


def _write(work: Path, issue: Issue, workspace: Workspace) -> list[str]:
    """The formats the product asks for, issued copy and working paper; returns the file names."""
    import nbformat

    from jianbao.brief.parts import to_json
    from jianbao.publish.document import from_notebook
    from jianbao.publish.export import docx, html, pdf, xlsx

    nb = nbformat.read(work / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    document = from_notebook(nb, title=str(issue))
    writers = {"html": html.write, "pdf": pdf.write, "docx": docx.write, "xlsx": xlsx.write}
    names = [NOTEBOOK]
    product = workspace.definitions.products[issue.product]
    for format_ in product.formats:
        name = "annex.xlsx" if format_ == "xlsx" else f"brief.{format_}"
        face: Any = "issued"
        (work / name).write_bytes(writers[format_](document, face=face))
        names.append(name)
    pdf_file = work / "brief.pdf"
    budget.check(document, pdf_file.read_bytes() if pdf_file.exists() else None, product, str(issue))
    (work / "working.html").write_bytes(html.write(document, face="working"))
    (work / "working.pdf").write_bytes(pdf.write(document, face="working"))
    names += ["working.html", "working.pdf"]
    if "xlsx" in product.formats:
        (work / "working.xlsx").write_bytes(xlsx.write(document, face="working", rows=_every_row(work / "rows.json")))
        names.append("working.xlsx")
    said = issued.content(str(issue), issue.as_of, [to_json(part) for part in document.parts])
    (work / issued.NAME).write_text(said, encoding="utf-8")
    return [*names, issued.NAME]


def _every_row(path: Path) -> Any:
    """The ledger rows that the kernel left beside its notebook (see brief.aside), taken away."""
    if not path.exists():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return rows


def _outputs(folder: Path) -> tuple[Path, ...]:
    sealed = manifest.read(folder) or {}
    return tuple(folder / name for name in sealed.get("outputs", {}) if name not in (NOTEBOOK, issued.NAME))


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(folder.parent / f".{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _swap(work: Path, folder: Path) -> None:
    """The new folder in place of the old. A crash between the two renames is mended by `_recover`."""
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():
        folder.replace(old)
    work.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def _recover(folder: Path) -> None:
    """After a crash: puts the old issue back when its successor never arrived, and clears what was half made."""
    old = folder.with_name(f".{folder.name}.old")
    if old.exists():
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.replace(folder)
    for left in folder.parent.glob(f".{folder.name}.part-*"):
        shutil.rmtree(left, ignore_errors=True)


def _keep_failed(work: Path, folder: Path) -> str:
    """The notebook as far as it got, beside the issue, for whoever must mend it; a line that names it, or ""."""
    kept = folder.with_name(f"{folder.name}.failed.ipynb")
    ran = (work / NOTEBOOK).exists()
    if ran:
        (work / NOTEBOOK).replace(kept)
    shutil.rmtree(work, ignore_errors=True)
    return f"\n运行到此为止的笔记本：{kept}" if ran else ""


def _log(result: Result, workspace: Workspace) -> None:
    from sqlalchemy import insert

    from jianbao.store.catalogue import runs

    sealed = manifest.read(result.folder) or {}
    if result.outcome == "made":
        result.folder.with_name(f"{result.folder.name}.failed.ipynb").unlink(missing_ok=True)
    with workspace.store.engine.begin() as c:
        c.execute(insert(runs).values(
            issue=str(result.issue), made_at=workspace.now, outcome=result.outcome,
            fingerprint=sealed.get("fingerprint", "") if result.outcome == "made" else "",
            as_of=result.issue.as_of.isoformat(), detail=json.dumps({"why": result.why}, ensure_ascii=False)))


__all__ = ["Result", "make", "parameters_of", "reasons", "run"]
