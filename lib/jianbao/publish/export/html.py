"""One HTML file that asks for nothing: no script, no request, a strict CSP, its own fonts. Imports brief.markup."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from importlib.resources import files

from jianbao.brief.markup import html, standing
from jianbao.brief.parts import Document, Face
from jianbao.publish.export import fonts
from jianbao.publish.export.layout import WORKING_MARK, lay_out


def write(document: Document, *, face: Face = "issued") -> bytes:
    """UTF-8 HTML. In the working face every traced figure links to its source note."""
    from jinja2 import Environment
    from markupsafe import Markup

    page = lay_out(document, face)
    here = files("jianbao.publish.export")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    template = environment.from_string((here / "page.html.j2").read_text("utf-8"))
    notes = page.notes
    said = template.render(
        title=page.full_title,
        author=page.head.issuer,
        face=face,
        mark=WORKING_MARK if face == "working" else "",
        standing=standing(page.head) if face == "working" else "",
        css=Markup((here / "page.css").read_text("utf-8")),
        head=Markup(html(page.head)),
        keypoints=[Markup(html(point, notes=notes)) for point in page.keypoints],
        body=[Markup(html(placed.part, label=placed.label, notes=notes)) for placed in page.body],
        sources=Markup(html(replace(page.sources, figures=()))),
        foot=Markup(html(page.foot)) if page.foot else "",
        source_notes=Markup(html(replace(page.sources, closing="", definitions=()))),
    )
    return said.replace("/* fonts */", _font_faces(said), 1).encode()


def _font_faces(page: str) -> str:
    """The packaged fonts with the page's characters: a machine without Chinese fonts shows no empty boxes."""
    text = "".join(sorted(set(re.sub(r'src="data:[^"]*"', "", page)) | set(map(chr, range(32, 127)))))
    return "\n".join(
        f'@font-face {{ font-family: "{name}"; src: url(data:font/woff;base64,'
        f'{b64encode(fonts.subset(family, text)).decode()}) format("woff"); }}'
        for name, family in (("jianbao serif", fonts.SERIF), ("jianbao sans", fonts.SANS)))
