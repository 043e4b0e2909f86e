"""The campaign's products as readers get them: made by real kernels, within their budgets, saying each thing once and the
same everywhere."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import docx
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from example import ISSUES, Products
from jianbao.brief.parts import Chart, Document, Findings, Heading, Prose, Run, Sources, Table

PRODUCTS = ("weekly", "report", "unit", "team", "topic", "quality", "daily")
WITH_KEYPOINTS = ("weekly", "report", "unit", "topic", "quality")
# What a reader must never see: a gap in the data, a fault of the program, a brace left over.
UNFIT = re.compile(r"暂无数据|\bnan\b|\bNaN\b|\bNone\b|[{}〔〕]|\{\{|Traceback|None")


@pytest.fixture(scope="module")
def documents(products: Products) -> dict[str, Document]:
    return {p: products.document(p, "issued") for p in PRODUCTS}


def texts(part: Any) -> list[str]:
    """Everything a reader of the issued copy reads in a part."""
    match part:
        case Prose():
            return [part.text]
        case Heading():
            return [part.text]
        case Table():
            return [part.title, *(c.title for c in part.columns), *(c.text for row in part.rows for c in row), *part.notes]
        case Chart():
            return [part.title, part.alt, *part.notes, *(texts(part.data) if part.data else [])]
        case Findings():
            return [part.title, part.summary]
        case Sources():
            return [part.closing, part.rounding, *(x for pair in part.definitions for x in pair)]
    return []


def cells(part: Any) -> list[Run]:
    if isinstance(part, Prose):
        return list(part.runs)
    table = part.data if isinstance(part, Chart) else part
    return [run for row in table.rows for run in row] if isinstance(table, Table) else []


def pages(folder: Path, name: str = "brief.pdf") -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO((folder / name).read_bytes())).pages]


def test_every_product_is_made(products: Products) -> None:
    assert {issue: (r.outcome, r.why) for issue, r in products.results.items() if r.outcome != "made"} == {}
    assert sorted({issue.split("/")[0] for issue in products.results}) == sorted(PRODUCTS)
    assert len(products.results) == sum(map(len, ISSUES.values()))
    for issue, r in products.results.items():
        formats = products.workspace.definitions.products[issue.split("/")[0]].formats
        want = {"html": {"brief.html", "working.html"}, "pdf": {"brief.pdf", "working.pdf"}, "docx": {"brief.docx"},
                "xlsx": {"annex.xlsx", "working.xlsx"}}
        assert {p.name for p in r.folder.iterdir()} >= set.union(*(want[f] for f in formats)) | {"issue.json", "manifest.json"}, issue


def test_products_stay_within_their_budgets(products: Products, documents: dict[str, Document]) -> None:
    for product in PRODUCTS:
        said = products.workspace.definitions.products[product]
        n = len(pages(products[product]))
        assert said.max_pages is not None and n <= said.max_pages, (product, n)
        charts = sum(isinstance(p, Chart) for p in documents[product].parts)
        assert said.max_charts is None or charts <= said.max_charts, (product, charts)
    assert len(pages(products["weekly"])) in (2, 4)
    assert products.workspace.definitions.products["weekly"].max_charts == 1


def test_the_report_fills_every_slot(products: Products, documents: dict[str, Document]) -> None:
    """40 of 40: each number the office's own report had, in the issued text, not zero, its rows at hand."""
    content = json.loads((products["report"] / "issue.json").read_text(encoding="utf-8"))
    (sources,) = [p for p in content["parts"] if p["kind"] == "sources"]
    issued = {run.figure for part in documents["report"].parts for run in cells(part)}
    found: dict[str, list[Any]] = {}
    for f in sources["figures"]:
        if f["slot"].startswith("N") and not f["derived"] and f["id"] in issued and f["unit"] == "root" and f["period"] == "2023-W42":
            found.setdefault(f["slot"], []).append(f)
    assert sorted(found) == [f"N{n:02}" for n in range(1, 41)]
    for slot, figures in found.items():
        assert any(f["value"] and f["n_rows"] and re.search("[1-9]", f["printed"]) for f in figures), slot


def test_the_report_has_both_parts_and_four_steps(documents: dict[str, Document]) -> None:
    heads = [(p.level, p.text) for p in documents["report"].parts if isinstance(p, Heading)]
    assert [text for level, text in heads if level == 1] == ["进展情况", "存在不足", "下一步打算", "议定和请示事项"]
    at = heads.index((1, "下一步打算"))
    assert [text for level, text in heads[at:] if level == 2] == ["理论学习", "调查研究", "整改整治", "宣传引导"]
    assert "建章立制" in [text for _, text in heads]
    text = "".join(x for p in documents["report"].parts for x in texts(p))
    for word in ("已整改", "市委书记", "市长", "省委主题教育第九指导组", "8月28日"):
        assert word in text, word


@pytest.mark.parametrize("product", PRODUCTS)
def test_nothing_unfit_is_printed(products: Products, documents: dict[str, Document], product: str) -> None:
    for part in documents[product].parts:
        for text in texts(part):
            assert not UNFIT.search(text), (product, text)
            assert not re.search(r"[，；。、]{2}|^[，；。、]|（）|“”", text), (product, text)
    for text in pages(products[product]):
        assert not UNFIT.search(text.replace("来稿", "")), product
    written = "".join(p.text for p in docx.Document(str(products[product] / "brief.docx")).paragraphs)
    assert len(written) > 200 and not UNFIT.search(written), product


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_sentence_is_said_twice(documents: dict[str, Document], product: str) -> None:
    said = Counter(s for p in documents[product].parts if isinstance(p, Prose) for s in p.text.split("。") if len(s) > 8)
    assert [s for s, n in said.items() if n > 1] == []
    titles = Counter(p.title for p in documents[product].parts if isinstance(p, Table | Chart))
    assert [t for t, n in titles.items() if n > 1] == []


def test_key_points_are_three_to_five_and_stand_on_top(documents: dict[str, Document]) -> None:
    for product in PRODUCTS:
        roles = [p.role for p in documents[product].parts if isinstance(p, Prose)]
        n = roles.count("keypoint")
        assert 3 <= n <= 5 if product in WITH_KEYPOINTS else n == 0, (product, n)
        assert roles[:n] == ["keypoint"] * n, product


def test_text_table_and_chart_say_the_same(products: Products) -> None:
    """The same indicator, unit, form and period prints one number, wherever it stands and in whichever product."""
    said: dict[tuple[str, ...], set[str]] = {}
    places: dict[tuple[str, ...], set[str]] = {}
    for product in PRODUCTS:
        content = json.loads((products[product] / "issue.json").read_text(encoding="utf-8"))
        (sources,) = [p for p in content["parts"] if p["kind"] == "sources"]
        figures = {f["id"]: f for f in sources["figures"] if f["indicator"]}
        for part in products.document(product).parts:
            for run in cells(part):
                if run.figure in figures and (f := figures[run.figure])["derived"] in ("", "环比", "序时", "位次"):
                    key = (f["indicator"], f["unit"], f["period"], f["form"], f["scope"], f["as_of"], f["derived"])
                    said.setdefault(key, set()).add(size(run.text, f))
                    places.setdefault(key, set()).add(f"{product} {type(part).__name__}")
    assert {key: texts for key, texts in said.items() if len(texts) > 1} == {}
    assert sum(len(where) > 1 for where in places.values()) > 30       # not for want of anything said in two places


def size(text: str, f: dict[str, Any]) -> str:
    """The number alone, with its sign as words give it: 比上周下降0.5个百分点 and -0.5 are one."""
    if f["derived"] == "":
        return text.rstrip("※").removesuffix("左右").removesuffix(f["measure"])
    down = re.search("减少|下降|低于|-", text)
    number = re.search(r"\d+(?:\.\d+)?", text)
    if number is None or "为0" in text:
        return "0" if number is None else "from 0"
    if f["derived"] == "环比" and text.startswith("+") and float(number[0]) == float(f["value"] or 0):
        return "from 0"
    return ("-" if down and float(number[0]) else "") + number[0]


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_issued_copy_names_no_ledger_row(products: Products, product: str) -> None:
    folder = products[product]
    page = (folder / "brief.html").read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>", "", page)
    paper = "".join(pages(folder)).replace("\n", "")
    written = "".join(p.text for p in docx.Document(str(folder / "brief.docx")).paragraphs)
    book = ""
    if (folder / "annex.xlsx").exists():
        book = "".join(str(c) for s in load_workbook(folder / "annex.xlsx") for line in s.iter_rows(values_only=True) for c in line if c)
    for text in (plain, paper, written, book):
        assert len(text) > 100 or text is book
        assert not re.search(r"\.xlsx|来源行|查看全部|jianbao show|工作表.{0,12}第\d+行|热度指数|学用位次差", text), product
    if product != "daily":
        assert ".xlsx" in (folder / "working.html").read_text(encoding="utf-8"), product


@pytest.mark.browser
def test_pages_open_without_a_word_of_complaint(products: Products) -> None:
    from playwright.sync_api import sync_playwright

    complaints: dict[str, list[str]] = {}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
                                         args=["--no-sandbox"])
        for product in PRODUCTS:
            for name in ("brief.html", "working.html"):
                page = browser.new_page(viewport={"width": 1200, "height": 900})
                said = complaints.setdefault(f"{product} {name}", [])
                page.on("console", lambda message, said=said: said.append(message.text))
                page.on("pageerror", lambda error, said=said: said.append(str(error)))
                page.on("requestfailed", lambda request, said=said: said.append(request.url[:200]))
                page.goto((products[product] / name).as_uri(), wait_until="load")
                if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"):
                    said.append("scrolls sideways")
                if not page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)"):
                    said.append("a picture is missing")
                dead = page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].filter("
                                     "a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map(a => a.hash)")
                said += [f"leads nowhere: {x}" for x in dead]
                page.close()
        browser.close()
    assert {name: said for name, said in complaints.items() if said} == {}
