"""The HTML face: one file that asks for nothing."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jianbao.brief.parts import Column, Document, Run, Table
from jianbao.publish.export.html import write
from sample_document import HOSTILE, SENTENCE, document, hostile


class Page(HTMLParser):
    """Tags with attributes, and the words a reader sees."""

    def __init__(self, source: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._inside: list[str] = []
        self.feed(source.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("style", "title"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            self._inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_head_of_the_file() -> None:
    source = write(document()).decode()
    page = Page(source.encode())
    assert page.all("html") == [{"lang": "zh-CN"}]
    assert "<title>工作简报　全市整改任务推进情况</title>" in source
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; font-src data:")
    assert "script" not in policy


@pytest.mark.parametrize("face", ["issued", "working"])
def test_nothing_is_asked_for(face: str) -> None:
    source = write(document(), face=face).decode()
    assert not re.search(r"https?://|//\w+\.\w+/|@import|url\((?!data:font/woff)", source)
    page = Page(source.encode())
    assert not page.all("script")
    for attrs in [*page.all("img"), *page.all("link"), *page.all("a")]:
        assert (attrs.get("src") or attrs.get("href") or "").startswith(("data:", "#"))


def test_what_a_reader_sees_in_order() -> None:
    words = Page(write(document())).words
    wanted = ["内部资料", "工作简报", "第7期（总第42期）", "云麓市推进工作领导小组办公室", "2023年10月23日",
              "全市整改任务推进情况",
              "本期要点", "应报266个单位", "一、总体进展", SENTENCE, "表1　各县", "二、整改落实", "（一）任务完成情况",
              "图1　各县",
              "数据截至2023年10月22日", "附件：指标口径", "报：市委", "（共印120份）"]
    places = [words.index(text) for text in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize("face", ["issued", "working"])
def test_the_fonts_in_the_file_have_every_character_of_it(face: str) -> None:
    from fontTools.ttLib import TTFont

    source = write(document(), face=face)
    words = set(Page(source).words) - {"\n"}
    found = re.findall(r"url\(data:font/woff;base64,([^)]+)\)", source.decode())
    assert len(found) == 2      # serif and sans
    for encoded in found:
        font = TTFont(io.BytesIO(base64.b64decode(encoded)))
        assert font.flavor == "woff"
        assert words <= set(map(chr, font.getBestCmap()))
        assert len(font.getBestCmap()) < 1000
        assert max(font["hmtx"][font.getBestCmap()[ord("市")]]) == 1000     # the tables survived the packing


def test_the_issued_copy_is_small() -> None:
    assert len(write(document())) < 350_000


def test_the_annex_is_a_table() -> None:
    source = write(document()).decode()
    annex = source[source.index('<section class="annex">'):]
    assert '<th scope="row" class="left">启动率</th><td class="left">已召开启动会议' in annex


def test_charts_are_described_and_tables_have_heads() -> None:
    page = Page(write(document()))
    assert [image["alt"] for image in page.all("img")] == [
        "条形图：各县（市、区）启动率，云麓区95.2%最高，临湖新区66.7%最低。"]
    assert {th.get("scope") for th in page.all("th")} == {"col", "row"}
    assert len(page.all("caption")) == 3        # the table, the data behind the chart, the annex


@pytest.mark.parametrize(("columns", "wide"), [(4, 0), (5, 1)])
def test_a_table_too_wide_for_a_phone_says_that_it_scrolls(columns: int, wide: int) -> None:
    table = Table("表", (Column("甲"),) * columns, ((Run("1"),) * columns,))
    assert write(Document((table,))).decode().count('class="scroll wide"') == wide
    assert 'class="scroll wide" role="region" tabindex="0" aria-label="各县（市、区）启动率"><img' in write(document()).decode()


def test_the_working_paper_links_figures_to_their_notes() -> None:
    page = Page(write(document(), face="working"))
    targets = {attrs["href"] for attrs in page.all("a")}
    assert targets == {"#note-1", "#note-2"}
    assert {f"#{attrs['id']}" for attrs in page.all("li") if "id" in attrs} == targets
    assert "235 ÷ 266 = 88.3%" in page.words
    assert "云麓区报表.xlsx · 整改台账 · 第5行" in page.words
    assert "校核底稿" in page.words


def test_the_issued_copy_embeds_no_ledger_row() -> None:
    source = write(document()).decode()
    for secret in ("报表.xlsx", "整改台账", "第1项整改任务", "校核底稿", "只供校核", "note-1"):
        assert secret not in source


def test_words_stay_words() -> None:
    source = write(hostile(), face="working")
    page = Page(source)
    assert not page.all("script")
    for mark in ("标题", "要点", "节", "段", "表"):
        assert mark + HOSTILE in page.words


def test_the_same_document_gives_the_same_bytes() -> None:
    assert write(document(), face="working") == write(document(), face="working")


@pytest.mark.browser
def test_a_machine_without_chinese_fonts_shows_no_empty_boxes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    import matplotlib
    from playwright.sync_api import sync_playwright

    latin = Path(matplotlib.get_data_path()) / "fonts" / "ttf"      # Chromium starts with no font at all, but shows nothing
    (tmp_path / "fonts.conf").write_text(
        f"<fontconfig><dir>{latin}</dir><cachedir>{tmp_path}</cachedir></fontconfig>", "utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    file = tmp_path / "brief.html"
    file.write_bytes(write(document(), face="working"))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(file.as_uri())
        inspector = page.context.new_cdp_session(page)
        inspector.send("DOM.enable")
        inspector.send("CSS.enable")
        root = inspector.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
        nodes = inspector.send("DOM.querySelectorAll", {"nodeId": root, "selector": "h1,h2,h3,p,td,th,figcaption"})
        used = [font for node in nodes["nodeIds"]
                for font in inspector.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]]
        browser.close()
    assert len(used) > 100
    assert {font["familyName"] for font in used if not font["isCustomFont"]} == set()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("made", [document(), hostile()])
def test_a_browser_finds_nothing_wrong(tmp_path: Path, made: object, width: int) -> None:
    import shutil

    from playwright.sync_api import sync_playwright

    file = tmp_path / "brief.html"
    file.write_bytes(write(made, face="working"))
    said: list[str] = []
    asked: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri(), wait_until="networkidle")
        loaded = page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert loaded
    assert sideways == 0        # a wide table scrolls in its own box
