"""Issues made for real: a kernel, every format, the seal; and what happens when a notebook fails.

What is read is the weekly brief, made with the other products; what is done to an issue is done to the daily digest, whose
notebook is the shortest.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import Counter
from io import BytesIO
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader

import example as shipped
from example import Products
from jianbao.brief.parts import Prose
from jianbao.errors import PublishError, UnknownName
from jianbao.publish import batch, manifest
from jianbao.publish.parameters import checked, declared
from jianbao.publish.plan import Issue, due_issues, issues_of
from jianbao.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(example: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shipped.again(example, tmp_path_factory.mktemp("publish") / "ws")


def digest_of(workspace: Workspace, day: str) -> Issue:
    (issue,) = issues_of(workspace, workspace.period(day))
    return issue


@pytest.fixture(scope="module")
def made(workspace: Workspace) -> batch.Result:
    (result,) = batch.run([digest_of(workspace, "2023-10-23")], workspace)
    assert result.outcome == "made", result.why
    return result


def test_an_issue_has_every_format_and_a_seal(products: Products) -> None:
    folder = products["weekly"]
    names = {p.name for p in folder.iterdir()}
    assert names == {"brief.ipynb", "brief.html", "brief.pdf", "brief.docx", "annex.xlsx", "working.html", "working.pdf",
                     "working.xlsx", "issue.json", "manifest.json"}
    sealed = manifest.read(folder)
    assert sealed is not None
    assert sealed["issue"] == "weekly/2023-W42/root"
    assert sealed["as_of"] == "2023-10-23T12:00:00"      # the cut-off, not the last receive
    assert sealed["parameters"] == {"period": "2023-W42", "unit": "root", "as_of": "2023-10-23T12:00:00"}
    for name, digest in sealed["outputs"].items():
        assert manifest.file_digest(folder / name) == digest


def test_the_pdf_says_what_the_notebook_said(products: Products) -> None:
    reader = PdfReader(BytesIO((products["weekly"] / "brief.pdf").read_bytes()))
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "").replace(" ", "")
    assert "工作简报" in text and "第8期" in text and "内部资料，注意保存" in text
    assert "全市90个主题教育单位启动率100%" in text
    assert "暂无数据" not in text and "nan" not in text and "{" not in text
    assert len(reader.pages) == 4


def test_the_same_numbers_stand_in_html_pdf_and_docx(products: Products) -> None:
    folder = products["weekly"]
    html = (folder / "brief.html").read_text(encoding="utf-8")
    written = "".join(p.text for p in docx.Document(str(folder / "brief.docx")).paragraphs).replace("\u2060", "")
    prose = [p.text for p in products.document("weekly", "issued").parts if isinstance(p, Prose)]
    assert len(prose) > 8
    plain = re.sub(r"<[^>]+>", "", html).replace("&nbsp;", "").replace("\u2060", "").replace("\n", "")
    for sentence in prose:
        assert sentence in plain, sentence
        assert sentence in written, sentence


def test_the_issued_copy_holds_no_ledger_rows(products: Products) -> None:
    issued = (products["weekly"] / "brief.html").read_text(encoding="utf-8")
    working = (products["weekly"] / "working.html").read_text(encoding="utf-8")
    assert "集中学习台账" in working and ".xlsx" in working
    assert ".xlsx" not in issued


def test_a_run_tells_its_kernels_the_workspace_and_nobody_else(made: batch.Result) -> None:
    """What this process starts or opens afterwards is not led there."""
    assert made.outcome == "made" and "JIANBAO_WORKSPACE" not in os.environ


def test_a_second_run_finds_it_current(workspace: Workspace, made: batch.Result) -> None:
    before = (made.folder / "brief.pdf").stat().st_mtime_ns
    (again,) = batch.run([made.issue], workspace)
    assert again.outcome == "current"
    assert (made.folder / "brief.pdf").stat().st_mtime_ns == before


def test_a_touched_output_or_definition_is_made_anew(workspace: Workspace, made: batch.Result) -> None:
    (made.folder / "brief.html").write_text("changed by hand", encoding="utf-8")
    assert batch.reasons(made.issue, workspace) == ["成品被改动或缺失"]
    terms = workspace.root / "params" / "terms.yml"
    kept = terms.read_text(encoding="utf-8")
    terms.write_text(kept + "# 又加一行\n", encoding="utf-8")
    assert batch.reasons(made.issue, workspace) == ["口径有改动"]
    terms.write_text(kept, encoding="utf-8")
    digest = (manifest.read(made.folder) or {})["outputs"]
    (again,) = batch.run([made.issue], workspace)
    assert again.outcome == "made"
    remade = (manifest.read(made.folder) or {})["outputs"]
    # Only the notebook holds times of execution; what readers get is the same to the byte.
    assert {k: v for k, v in remade.items() if k != "brief.ipynb"} == {k: v for k, v in digest.items() if k != "brief.ipynb"}


def test_a_failing_notebook_leaves_the_good_issue_and_the_others_go_on(workspace: Workspace, made: batch.Result) -> None:
    good = (made.folder / "brief.pdf").read_bytes()
    notebook = workspace.root / "notebooks" / "daily.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    nb = json.loads(kept)
    nb["cells"][2]["source"] = ["if period == '2023-10-23':\n", "    raise ValueError('第三格坏了')\n", "brief.say('好')"]
    notebook.write_text(json.dumps(nb, ensure_ascii=False), encoding="utf-8")
    try:
        first, second = batch.run([made.issue, digest_of(workspace, "2023-10-24")], workspace, jobs=2)
    finally:
        notebook.write_text(kept, encoding="utf-8")
    assert (first.outcome, second.outcome) == ("failed", "made")
    assert "daily.ipynb, cell 3: ValueError: 第三格坏了" in first.why
    assert "raise ValueError" in first.why
    assert (made.folder / "brief.pdf").read_bytes() == good
    kept_as = made.folder.with_name("root.failed.ipynb")
    assert kept_as.exists() and first.why.endswith(f"\n运行到此为止的笔记本：{kept_as}")
    assert not list(made.folder.parent.glob("*.part-*"))


def test_a_broken_brace_fails_with_the_brace(workspace: Workspace) -> None:
    notebook = workspace.root / "notebooks" / "daily.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    notebook.write_text(kept.replace("brief.arrivals()", "brief.say('{主题教育单位书}已启动')"), encoding="utf-8")
    try:
        (result,) = batch.run([digest_of(workspace, "2023-10-25")], workspace)
    finally:
        notebook.write_text(kept, encoding="utf-8")
    assert result.outcome == "failed"
    assert "【{主题教育单位书}】" in result.why and "Did you mean: 主题教育单位" in result.why


def test_two_runs_at_once_make_it_once(workspace: Workspace) -> None:
    issue = digest_of(workspace, "2023-10-26")
    results: list[batch.Result] = []
    threads = [threading.Thread(target=lambda: results.append(batch.make(issue, workspace))) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(r.outcome for r in results) in (["busy", "made"], ["current", "made"])


def test_a_crash_between_the_renames_is_mended(workspace: Workspace, made: batch.Result) -> None:
    made.folder.rename(made.folder.with_name(".root.old"))      # the old one moved away, the new one never came
    (result,) = batch.run([made.issue], workspace)
    assert result.outcome == "current"


def test_due_runs_catch_up_each_period_as_of_its_own_cut_off(workspace: Workspace) -> None:
    from datetime import datetime

    issues = due_issues(workspace, now=datetime(2023, 9, 20, 12))
    assert [(str(i), i.as_of.isoformat()) for i in issues if i.product == "weekly"] == [
        ("weekly/2023-W35/root", "2023-09-04T12:00:00"), ("weekly/2023-W36/root", "2023-09-11T12:00:00"),
        ("weekly/2023-W37/root", "2023-09-18T12:00:00")]
    # The calendar says since when each product is made: the others begin in October.
    assert Counter(i.product for i in issues) == {"weekly": 3}
    later = due_issues(workspace, now=datetime(2024, 3, 1))
    assert Counter(i.product for i in later) == {
        "weekly": 8, "quality": 2, "unit": 2 * 6, "team": 2 * 6, "report": 2, "topic": 2, "daily": 1}
    (daily,) = [i for i in later if i.product == "daily"]       # the one day since on which filings came in, as of its evening
    assert (daily.period.id, daily.as_of) == ("2023-10-23", datetime(2023, 10, 23, 18))
    assert [str(i) for i in later if i.product in ("report", "topic")] == [
        "report/2023-W38/root", "report/2023-W42/root", "topic/2023-W40/root", "topic/2023-W42/root"]
    (holiday,) = [i for i in later if str(i) == "weekly/2023-W39/root"]
    assert holiday.due == datetime(2023, 10, 7, 9)      # the Tuesday was in the holiday


def test_parameters_are_strict(tmp_path: Path, workspace: Workspace) -> None:
    known = declared(workspace.root / "notebooks" / "weekly.ipynb")
    assert [(p.name, p.type, p.default) for p in known.values()] == [
        ("period", "str", "2023-W42"), ("unit", "str", "root"), ("as_of", "str", "")]
    assert known["unit"].help.startswith("单位编码")
    with pytest.raises(UnknownName, match=r"no parameter of weekly.ipynb: 'units'. Did you mean: unit"):
        checked({"units": "C01"}, known, "weekly.ipynb")
    bad = tmp_path / "bad.ipynb"
    bad.write_text(json.dumps({"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]},
                                          "source": ["import os\n", "n: int = 3"], "outputs": []}]}), encoding="utf-8")
    with pytest.raises(PublishError, match=r"parameters cell, line 1: only lines like"):
        declared(bad)
    bad.write_text(json.dumps({"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]},
                                          "source": ["n: int = 3  # how many"], "outputs": []}]}), encoding="utf-8")
    assert checked({"n": "4"}, declared(bad), "bad.ipynb") == {"n": 4}
    with pytest.raises(UnknownName, match=r"parameter n of bad.ipynb: 'many' is no int \(how many\)"):
        checked({"n": "many"}, declared(bad), "bad.ipynb")


def test_nothing_received_by_the_cut_off_says_so(workspace: Workspace) -> None:
    from jianbao.definitions.period import Period
    from jianbao.errors import JianbaoError

    with pytest.raises(JianbaoError, match=r"nothing had been received by the cut-off of 2023-W30"):
        issues_of(workspace, Period("2023-W30"))
    with pytest.raises(UnknownName, match=r"2023-W30 \(2023-07-24…2023-07-30\) lies outside the campaign"):
        workspace.period("2023-W30")


def test_the_notebook_on_disk_is_untouched(workspace: Workspace, made: batch.Result) -> None:
    nb = json.loads((workspace.root / "notebooks" / "daily.ipynb").read_text(encoding="utf-8"))
    assert all(not c.get("outputs") for c in nb["cells"])


def test_a_kernel_that_dies_is_told_apart_and_nothing_else_is_printed(workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    notebook = workspace.root / "notebooks" / "daily.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    notebook.write_text(kept.replace("brief.sources()", "import os; os._exit(3)"), encoding="utf-8")
    try:
        (result,) = batch.run([digest_of(workspace, "2023-10-27")], workspace)
    finally:
        notebook.write_text(kept, encoding="utf-8")
    assert result.outcome == "failed"
    assert "daily.ipynb: the kernel died" in result.why
    assert not list(result.folder.parent.glob(".root.part-*"))
    assert capfd.readouterr().err == ""
