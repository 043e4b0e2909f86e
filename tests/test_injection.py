"""What a unit types stays text, in whatever comes out: no code runs, no markup, no formula, no control character.

One small office types the payloads of injection_world everywhere; it is received, asked, and its brief made by a real kernel
in every format. Each file is then opened by a program that would run what is in it.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from pypdf import PdfReader

from injection_world import CONTROL, MARKUP, NAMES, PAYLOADS, hostile_world
from jianbao.brief.parts import MIME
from jianbao.cli import main
from jianbao.intake.prefilled import prefilled
from jianbao.intake.receipt import Receipt
from jianbao.intake.template import make_templates
from jianbao.publish import batch
from jianbao.publish.plan import issues_of
from worlds import World

LONG = 200          # of a very long payload, what stands at the end of a line is no matter
FIELDS = ("fldSimple", "instrText", "fldChar", "altChunk", "object", "OLEObject")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return hostile_world(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def receipt(world: World) -> Receipt:
    return world.receive()


@pytest.fixture(scope="module")
def issue(world: World, receipt: Receipt) -> Path:
    (wanted,) = issues_of(world.workspace, world.workspace.period("2023-W42"))
    result = batch.make(wanted, world.workspace)
    assert result.outcome == "made", result.why
    return result.folder


def kept(text: str) -> str:
    """A payload as it is stored: without what cannot be seen or steers a terminal."""
    return "".join(c for c in text if c not in CONTROL + "\u202c\u2069\u200d\x00\x07\x08").strip()


def squashed(text: str) -> str:
    return re.sub(r"[\s\u2060]", "", text)


# In the store

def test_what_was_typed_is_stored_letter_by_letter(world: World, receipt: Receipt) -> None:
    outcomes = {f.outcome for f in receipt.files}
    assert {"stored", "returned"} <= outcomes and "unreadable" not in outcomes
    snapshot = world.workspace.snapshot()
    rows = snapshot.connection.sql(f"select summary from {snapshot.source('problems')} where unit = 'B01' order by row").fetchall()
    assert [text for (text,) in rows] == [kept(p) for p in PAYLOADS]


# In a terminal

CALLS = [["check", "data/inbox"], ["receive"], ["roster", "2023-W42"], ["show", "问题数", "--rows"], ["show", "--all"],
         ["show", "问题数", "--unit", "\x1b[31m东湖\u202e"], ["check", "\x1b[31m没有.xlsx"], ["run", "2023-W42"], ["lint"],
         ["plan", "2023-W42"]]


@pytest.mark.parametrize("args", [*CALLS, *([*args, "--json"] for args in CALLS), ["roster", "2023-W42", "--remind"],
                                  ["history", "问题数"]], ids=" ".join)
def test_no_output_steers_the_terminal(world: World, issue: Path, args: list[str]) -> None:
    full = [str(world.root / a) if a == "data/inbox" else a for a in args]
    result = CliRunner().invoke(main, ["-w", str(world.root), *full])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    said = result.output + result.stderr
    assert said.strip()
    assert [c for c in said if not c.isprintable() and c not in "\n\u3000\u2060"] == []
    if "--json" in args and result.exit_code in (0, 1) and result.stdout.strip():
        json.loads(result.stdout)


# In a browser

class Elements(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.events: list[str] = []
        self.links: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.events += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]


def pages(issue: Path) -> Iterator[tuple[str, str]]:
    """Every HTML that comes out: the two faces, and each output of the notebook."""
    for name in ("brief.html", "working.html"):
        yield name, (issue / name).read_text(encoding="utf-8")
    for n, cell in enumerate(nbformat.read(issue / "brief.ipynb", as_version=4)["cells"]):
        for output in cell.get("outputs", ()):
            for kind in ("text/html", "image/svg+xml"):
                if said := output.get("data", {}).get(kind):
                    yield f"cell {n} {kind}", "".join(said)


def test_no_page_has_an_element_that_a_unit_typed(issue: Path) -> None:
    found = list(pages(issue))
    assert len(found) > 10
    for name, source in found:
        page = Elements(source)
        assert not page.tags & {"script", "jb-mark", "iframe", "object", "form", "textarea"}, name
        assert page.events == [], name
        assert all(link.startswith(("data:", "#")) for link in page.links), name
        assert not set(CONTROL) & set(source), name
    assert "&lt;jb-mark&gt;" in (issue / "brief.html").read_text(encoding="utf-8")


@pytest.mark.browser
def test_a_browser_runs_nothing(issue: Path, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    found = dict(pages(issue))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
        outputs = "".join(source for name, source in found.items() if not name.endswith(".html"))
        for name, source in {**{n: s for n, s in found.items() if n.endswith(".html")}, "notebook": outputs}.items():
            file = tmp_path / "page.html"
            file.write_text(source if name.endswith(".html") else f"<!doctype html><meta charset=utf-8>{source}", encoding="utf-8")
            asked: list[str] = []
            page = browser.new_page()
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(file.as_uri(), wait_until="networkidle")
            strange = page.evaluate("document.querySelectorAll('jb-mark,script,iframe').length")
            assert (page.evaluate("window.hacked === undefined"), strange) == (True, 0), name
            assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()], name
            if name == "brief.html":
                words = squashed(page.evaluate("document.body.textContent"))
                assert [p for p in PAYLOADS if squashed(kept(p))[:LONG] not in words] == []
            page.close()
        browser.close()


# In a spreadsheet

def test_no_cell_of_a_workbook_is_a_formula(world: World, issue: Path, receipt: Receipt) -> None:
    templates = make_templates(world.workspace, world.workspace.period("2023-W43"))
    ledger = world.workspace.definitions.ledgers["contributions"]
    begun = prefilled(world.workspace, ledger, world.workspace.period("2023-W42"),
                      [{"unit": "C01", "no": f"=x{n}", "title": p[:900], "text": p[:900]} for n, p in enumerate(PAYLOADS)],
                      [("=说明", 20, [p[:900] for p in PAYLOADS])])
    begun.save(world.root / "begun.xlsx")
    returned = [f.returned for f in receipt.files if f.returned]
    assert len(templates) == 4 and len(returned) >= 3
    texts = ""
    for path in (issue / "annex.xlsx", issue / "working.xlsx", world.root / "begun.xlsx", *templates, *returned):
        book = load_workbook(path)
        for sheet in book:
            cells = [c for row in sheet.iter_rows() for c in row if c.value is not None]
            own = path in returned and sheet.title != "核查结果"     # the unit's own cells come back as it wrote them
            assert own or {c.data_type for c in cells} <= {"s", "n", "b", "d"}, (path, sheet.title)
            texts += "".join(str(c.value) for c in cells if not own)
            links = [c.hyperlink for c in cells if c.hyperlink]
            assert all(link.target is None or link.target.startswith("#") for link in links)
        with zipfile.ZipFile(path) as z:
            assert not [n for n in z.namelist() if "vba" in n or "externalLink" in n or "embeddings" in n]
            assert all(b"\x1b" not in z.read(n) for n in z.namelist() if n.endswith(".xml"))
        assert re.fullmatch(r"[^\x00-\x1f\u202e]+", path.name)
    assert all(squashed(kept(p))[:LONG] in squashed(texts) for p in PAYLOADS)


@pytest.mark.office
def test_an_office_program_computes_nothing(issue: Path, tmp_path: Path) -> None:
    import subprocess

    subprocess.run(["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to", "ods",
                    "--outdir", str(tmp_path), str(issue / "working.xlsx")], check=True, capture_output=True, timeout=180)
    with zipfile.ZipFile(tmp_path / "working.ods") as z:
        content = z.read("content.xml").decode()
    assert "table:formula" not in content
    assert "=1+1" in content


# On paper

def test_the_word_file_has_no_field_that_computes(issue: Path) -> None:
    with zipfile.ZipFile(issue / "brief.docx") as z:
        trees = {n: ElementTree.fromstring(z.read(n)) for n in z.namelist() if n.endswith((".xml", ".rels"))}
    instructions = [e.text or "" for tree in trees.values() for e in tree.iter() if e.tag.endswith("}instrText")]
    assert {said.strip().split()[0] for said in instructions} <= {"PAGE"}       # the page number, ours
    tags = {e.tag.rpartition("}")[2] for tree in trees.values() for e in tree.iter()}
    assert not tags & {"altChunk", "OLEObject", "object", "script", "jb-mark"}
    outside = [e.attrib for n, tree in trees.items() if n.endswith(".rels") for e in tree if e.attrib.get("TargetMode") == "External"]
    assert outside == []
    words = squashed("".join(e.text or "" for e in trees["word/document.xml"].iter() if e.tag.endswith("}t")))
    assert [p for p in PAYLOADS if squashed(kept(p))[:LONG] not in words] == []


def test_the_pdf_prints_the_words(issue: Path) -> None:
    reader = PdfReader(io.BytesIO((issue / "brief.pdf").read_bytes()))
    words = squashed("".join(page.extract_text() for page in reader.pages))
    printed = [p for p in PAYLOADS if all(ord(c) < 0x2fff or "一" <= c <= "鿿" for c in p) and "\u0301" not in p and len(p) < LONG]
    assert len(printed) > 20
    assert [p for p in printed if squashed(kept(p)) not in words] == []
    assert "root:" not in words and "49" not in re.findall(r"\{\{7\*7\}\}|(?<!\d)49(?!\d)", words)
    assert reader.trailer["/Root"].get("/OpenAction") is None and "/JavaScript" not in str(reader.trailer["/Root"])


# In the notebook, and beside it

def test_the_executed_notebook_ran_its_own_cells_alone(world: World, issue: Path) -> None:
    made = nbformat.read(issue / "brief.ipynb", as_version=4)
    nbformat.validate(made)
    source = json.loads((world.root / "notebooks" / "weekly.ipynb").read_text(encoding="utf-8"))
    own = [c["source"] for c in source["cells"] if "parameters" not in c["metadata"]["tags"]]
    kept_cells = [c["source"] for c in made["cells"] if not {"parameters", "injected-parameters"} & set(c["metadata"].get("tags", ()))]
    assert kept_cells == own
    for cell in made["cells"]:
        assert not [o for o in cell.get("outputs", ()) if o["output_type"] == "error"]
    parts = [o["data"][MIME] for c in made["cells"] for o in c.get("outputs", ()) if MIME in o.get("data", {})]
    assert any(MARKUP in json.dumps(p, ensure_ascii=False) for p in parts)
    assert any(name in json.dumps(parts, ensure_ascii=False) for name in NAMES.values())


def test_logs_and_records_are_plain_json(world: World, issue: Path) -> None:
    found = [p for p in world.root.rglob("*") if p.suffix in (".json", ".jsonl", ".log") and "params" not in p.parts]
    assert {"manifest.json", "issue.json"} <= {p.name for p in found}
    for path in found:
        text = path.read_text(encoding="utf-8")
        assert not set("\x1b\x9b\u202e") & set(text), path
        for line in text.splitlines() if path.suffix != ".json" else [text]:
            json.loads(line)
