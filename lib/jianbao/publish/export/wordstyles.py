"""The Word page and its styles by GB/T 9704, and the XML python-docx has no words for. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SONG, FANG, KAI, HEI = "方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体"
LATIN = "Times New Roman"
PITCH = 28.95       # points: 225 mm ÷ 22 lines
WIDTH_MM = 156.0
RED = "C1121F"

# The order the schema wants; Word refuses a file that breaks it.
_PPR = ("pStyle", "keepNext", "keepLines", "pageBreakBefore", "widowControl", "pBdr", "shd", "tabs", "kinsoku",
        "overflowPunct", "autoSpaceDE", "autoSpaceDN", "snapToGrid", "spacing", "ind", "jc", "outlineLvl", "rPr", "sectPr")

# name: (base, font, points, alignment, first-line characters, exact line points or None for single)
_STYLES: dict[str, tuple[str, str, float, str, int, float | None]] = {
    "Normal": ("", FANG, 16, "both", 0, PITCH),
    "Body Text": ("Normal", FANG, 16, "both", 200, PITCH),
    "Title": ("Normal", SONG, 22, "center", 0, 34),
    "Subtitle": ("Normal", KAI, 14, "center", 0, PITCH),
    "Heading 1": ("Normal", HEI, 16, "left", 200, PITCH),
    "Heading 2": ("Normal", KAI, 16, "left", 200, PITCH),
    "Heading 3": ("Normal", FANG, 16, "left", 200, PITCH),
    "Heading 4": ("Normal", FANG, 16, "left", 200, PITCH),
    "Caption": ("Normal", HEI, 12, "center", 0, 20),
    "报头": ("Normal", SONG, 54, "center", 0, None),
    "报头行": ("Normal", FANG, 16, "left", 0, PITCH),
    "本期要点": ("Normal", FANG, 16, "both", 0, 26),
    "表文": ("Normal", FANG, 12, "left", 0, None),
    "图": ("Normal", FANG, 12, "center", 0, None),
    "注": ("Normal", FANG, 10.5, "left", 0, 16),
    "数据截至": ("Normal", FANG, 12, "both", 200, 20),
    "来稿": ("Normal", KAI, 15, "both", 200, 26),
    "按语": ("Normal", KAI, 15, "both", 200, 26),
    "署名": ("Normal", HEI, 12, "left", 0, 22),
    "来源注释": ("Normal", FANG, 10.5, "left", 0, 16),
    "报尾": ("Normal", FANG, 14, "left", 0, 26),
}


def element(tag: str, **attributes: str) -> Any:
    """An element of the w: namespace; attributes without prefix are w: too."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def put(properties: Any, child: Any) -> None:
    """Insert `child` into paragraph properties where the schema wants it, in place of one of its kind."""
    name = child.tag.split("}")[1]
    for old in properties.findall(child.tag):
        properties.remove(old)
    properties.insert_element_before(child, *(f"w:{tag}" for tag in _PPR[_PPR.index(name) + 1:]))


def prepare(document: Any, *, draft: bool) -> None:
    """Page, line grid, page numbers and styles of an empty document."""
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(28)
    for grid in section._sectPr.findall(element("docGrid").tag):
        section._sectPr.remove(grid)
    section._sectPr.append(element("docGrid", type="lines", linePitch=str(round(PITCH * 20))))
    for name, style in _STYLES.items():
        _style(document, name, *style)
    # Odd pages right, even pages left; a draft in the middle.
    document.settings.odd_and_even_pages_header_footer = not draft
    _page_number(section.footer, "center" if draft else "right")
    if not draft:
        _page_number(section.even_page_footer, "left")


def _style(document: Any, name: str, base: str, font: str, points: float, align: str, indent: int,
           line: float | None) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    styles = document.styles
    style = styles[name] if name in [s.name for s in styles] else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if base:
        style.base_style = styles[base]
    style.quick_style, style.hidden = True, False
    style.font.size, style.font.bold, style.font.italic = Pt(points), False, False
    style.font.color.rgb = RGBColor.from_string(RED if name == "报头" else "000000")
    name_fonts(style.element.get_or_add_rPr(), font)
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(element("pBdr").tag):      # the default Title has a blue rule
        properties.remove(border)
    exact = {"line": str(round(line * 20)), "lineRule": "exact"} if line else {"line": "240", "lineRule": "auto"}
    room = "40" if name == "表文" else "0"
    put(properties, element("spacing", before=room, after=room, **exact))
    put(properties, element("ind", firstLineChars=str(indent), firstLine=str(round(indent / 100 * points * 20))))
    put(properties, element("jc", val=align))
    if not base:
        for kind in ("autoSpaceDE", "autoSpaceDN"):     # 90个, not 90 个: as the printed page has it
            put(properties, element(kind, val="0"))
    if line != PITCH:   # else each of its lines takes a whole line of the page grid
        put(properties, element("snapToGrid", val="0"))
    style.paragraph_format.widow_control = True
    style.paragraph_format.keep_with_next = name.startswith("Heading")
    style.paragraph_format.keep_together = name.startswith("Heading")


def name_fonts(properties: Any, font: str) -> None:
    """Name the Chinese and the Latin face, and drop the theme's: a theme font wins over a named one."""
    fonts = properties.get_or_add_rFonts()
    fonts.attrib.clear()
    fonts.attrib.update(element("rFonts", ascii=LATIN, hAnsi=LATIN, cs=LATIN, eastAsia=font).attrib)
    for lang in properties.findall(element("lang").tag):
        properties.remove(lang)
    properties.append(element("lang", val="en-US", eastAsia="zh-CN"))


def _page_number(footer: Any, align: str) -> None:
    footer.is_linked_to_previous = False
    paragraph = footer.paragraphs[0]
    put(paragraph._p.get_or_add_pPr(), element("jc", val=align))
    for kind in ("— ", "begin", "PAGE", "separate", "1", "end", " —"):
        run = paragraph.add_run()
        name_fonts(run._r.get_or_add_rPr(), "宋体")
        run.font.size = 177800      # 14 pt: 4号
        if kind in ("begin", "separate", "end"):
            run._r.append(element("fldChar", fldCharType=kind))
        elif kind == "PAGE":
            instruction = element("instrText")
            instruction.text = " PAGE "
            run._r.append(instruction)
        else:
            run.text = kind


def rule(paragraph: Any, sides: Iterable[str], *, color: str = "000000", eighths: int = 6, space: int = 1) -> None:
    """A line along the given sides of a paragraph, in eighths of a point."""
    borders = element("pBdr")
    for side in ("top", "left", "bottom", "right"):
        if side in sides:
            borders.append(element(side, val="single", sz=str(eighths), space=str(space), color=color))
    put(paragraph._p.get_or_add_pPr(), borders)


def repeat_header(row: Any) -> None:
    """Print this row again on top of every page the table reaches."""
    row._tr.get_or_add_trPr().append(element("tblHeader"))


def keep_whole(row: Any) -> None:
    """Never break this row across pages."""
    row._tr.get_or_add_trPr().insert(0, element("cantSplit"))


def shade(cell: Any, color: str) -> None:
    """Fill a cell."""
    properties = cell._tc.get_or_add_tcPr()
    properties.insert_element_before(
        element("shd", val="clear", color="auto", fill=color), "w:noWrap", "w:tcMar", "w:vAlign")


def describe(shape: Any, title: str, text: str) -> None:
    """Give a picture its alternative text."""
    shape._inline.docPr.set("title", title)
    shape._inline.docPr.set("descr", text)


def bookmark(paragraph: Any, name: str, number: int) -> None:
    """Mark a paragraph as a place to link to."""
    paragraph._p.append(element("bookmarkStart", id=str(number), name=name))
    paragraph._p.append(element("bookmarkEnd", id=str(number)))


def link(paragraph: Any, runs: Iterable[Any], name: str) -> None:
    """Make runs of the paragraph a link to a bookmark."""
    made = element("hyperlink", anchor=name, history="1")
    paragraph._p.append(made)
    for run in runs:
        made.append(run._r)
