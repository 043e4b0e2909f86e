"""Which kind of workbook the bytes are, whatever the name says, and the marks of the kinds that the gate does not read.

Imports binary, concealed, parts; standard library otherwise.
"""

from __future__ import annotations

import zlib

from jianbao.intake.concealed import Marks, marks_of_ods
from jianbao.intake.parts import directory, whole

SUFFIXES = {
    "xlsx": ("xlsx", "xlsm", "xltx", "xltm"),
    "xlsb": ("xlsb",),
    "ods": ("ods", "ots", "fods"),
    "xls": ("xls", "xlt", "et", "ett"),
}
_SHEET = 156  # BrtBundleSh


def kind_of(content: bytes) -> str:
    """xls, ods, xlsb or xlsx, of a file that the gate let through."""
    if content.startswith(b"\xd0\xcf"):
        return "xls"
    if content[30:38] == b"mimetype" or (b"content.xml" in content and b"xl/workbook" not in content):
        return "ods"
    return "xlsb" if b"xl/workbook.bin" in content else "xlsx"


def misnamed(name: str, kind: str) -> tuple[str, ...]:
    """What is said when the name promises another kind."""
    suffix = name.lower().rpartition(".")[2] if "." in name else ""
    return (f"文件名后缀是 .{suffix}，内容是 {kind} 工作簿，按内容读",) if suffix not in SUFFIXES[kind] and suffix else ()


def marks_of(content: bytes, kind: str, most: int) -> tuple[dict[str, Marks], bool]:
    """Sheet title → what a parser does not tell, and whether day numbers count from 1904. Nothing for .xlsx, nor for
    what is not as it should be: the parser has the last word. `most`: parts of a zip file."""
    if kind == "xlsx":
        return {}, False
    if kind == "xls":
        from jianbao.intake.binary import marks_of_xls

        return marks_of_xls(content)
    try:
        parts = {part.name: part for part in directory(content, most)}
        if kind == "ods":
            return marks_of_ods(whole(content, parts["content.xml"]))
        wanted = {name: part for name, part in parts.items() if name.startswith(("xl/worksheets/", "xl/workbook.bin", "xl/_rels/"))}
        return _marks_of_xlsb({name: whole(content, part) for name, part in wanted.items()})
    except (KeyError, ValueError, SyntaxError, zlib.error):  # ElementTree's ParseError is a SyntaxError
        return {}, False


def _marks_of_xlsb(parts: dict[str, bytes]) -> tuple[dict[str, Marks], bool]:
    from xml.etree import ElementTree

    from jianbao.intake.binary import marks_of_xlsb_sheet, records, xlsb_since_1904

    book = parts["xl/workbook.bin"]
    links = {r.get("Id"): r.get("Target", "") for r in ElementTree.fromstring(parts["xl/_rels/workbook.bin.rels"])}
    found = {}
    for number, data in records(book):
        if number != _SHEET or len(data) < 12:
            continue
        link, at = _text(data, 8)
        title, _ = _text(data, at)
        part = parts.get("xl/" + (links.get(link) or "").removeprefix("/xl/"))
        if part is not None:
            found[title] = marks_of_xlsb_sheet(part)
    return found, xlsb_since_1904(book)


def _text(data: bytes, at: int) -> tuple[str, int]:
    length = int.from_bytes(data[at : at + 4], "little")
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
