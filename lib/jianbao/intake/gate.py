"""Looks at a file's bytes before any parser does. Imports scan, parts, errors; standard library: a child starts fast.

Nothing that is refused here was parsed: the zip directory and the raw sheet XML are enough to see a far cell, a bomb, a
DTD or an encrypted file. What gets past is read by a child process with limits (reader).
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from jianbao.errors import WorkbookError
from jianbao.intake import opendocument
from jianbao.intake.concealed import Concealed, since_1904, watched
from jianbao.intake.parts import CHUNK, BadZip, Part, archive, directory, selected, unpacked, whole
from jianbao.intake.scan import RESAVE, scanned, within
from jianbao.intake.texts import is_table

MAX_FILE = 20 << 20  # bytes as filed
MAX_INSIDE = 300 << 20  # bytes unpacked
MAX_PACKING = 200  # unpacked to packed, for anything over MAX_SMALL
MAX_SMALL = 20 << 20
MAX_PARTS = 4000
OVERLAP = 4096

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_END = b"PK\x05\x06"
PARQUET = b"PAR1"  # at both ends
_READ_BY_PARSERS = re.compile(
    r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml|styles\.xml|workbook\.xml|_rels/workbook\.xml\.rels)"
    r"|_rels/\.rels|\[Content_Types\]\.xml",
    re.IGNORECASE,
)
_READ_OTHERWISE = re.compile(r"mimetype|.*\.(xml|rels|bin)", re.IGNORECASE)  # by workbooks that are not laid out as usual
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<[A-Za-z_]")
_PREAMBLE = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*<[A-Za-z_:\x80-\xff]", re.DOTALL)
_COUNT = re.compile(rb"""\b(?:uniqueCount|count)\s*=\s*["'](\d+)""")


class Marks(NamedTuple):
    """What calamine does not tell, per sheet, 0-based: cells with an error or an uncomputed formula, merged ranges; and
    the bytes it is to read."""

    faults: dict[str, dict[tuple[int, int], str]]
    merged: dict[str, list[tuple[int, int, int, int]]]  # first row, column, last row, column
    content: bytes
    notes: tuple[str, ...] = ()  # what it carries and nobody reads
    inside: int = 0  # bytes, unpacked
    concealed: Mapping[str, Concealed] = MappingProxyType({})  # hidden rows and columns
    since_1904: bool = False


# Parts of a workbook, or names within an .xls, and what is said when they are there.
_CARRIED = (
    (re.compile(r"(?i)xl/(vbaProject\.bin|macrosheets/.+)|(Basic|Scripts)/.+"), "_VBA_PROJECT", "含宏，没有执行"),
    (re.compile(r"(?i)xl/externalLinks/[^/]+"), "", "外部链接没有读取，用的是文件里存的数"),
    (re.compile(r"(?i)xl/(connections\.xml|queryTables/.+|webextensions/.+|model/.+)"), "", "外部数据连接没有读取"),
    (
        re.compile(r"(?i)xl/(embeddings|activeX|ctrlProps)/.+|Object [^/]+/.+|ObjectReplacements/.+"),
        "Ole10Native",
        "嵌入的文件和控件没有读取",
    ),
    (re.compile(r"(?i)xl/media/.+|Pictures/.+"), "", "图片没有读取"),
)


def inspect(content: bytes, name: str) -> Marks:
    """The marks of a file that may be read. Raises WorkbookError for one that must not be."""
    if not content:
        raise WorkbookError("empty-file", "文件是空的（0 字节）。", "可能没有传完，请重新保存并报送。")
    if len(content) > MAX_FILE:
        raise WorkbookError(
            "too-large", f"文件有 {len(content) >> 20} MB，超过 {MAX_FILE >> 20} MB。", "请删去图片和无关的工作表后重新报送。"
        )
    if content.startswith(ZIP):
        return _zip(content)
    if content.startswith(OLE):
        _ole(content)
        return Marks({}, {}, content, tuple(said for _, name, said in _CARRIED if name and name.encode("utf-16-le") in content))
    if content.startswith(PARQUET):
        if not content.endswith(PARQUET):
            raise _damaged("文件不完整。")
        return Marks({}, {}, content)
    if name.lower().endswith(".csv"):
        return Marks({}, {}, content)
    if name.lower().endswith((".xlsx", ".xlsm", ".xlsb", ".ods")) and ZIP_END in content[-(22 + 65535) :]:
        raise _damaged("文件开头多出了别的内容。")
    if is_table(content, name):
        return Marks({}, {}, content)
    raise WorkbookError("not-excel", f"这不是 Excel 文件{_kind(content)}。", RESAVE)


def _kind(content: bytes) -> str:
    head = content[:2048].lstrip().lower()
    if head.startswith(b"%pdf"):
        return "，是 PDF"
    if head.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")) or b"<html" in head:
        return "，是改了后缀的网页"
    if head.startswith(b"<?xml"):
        return "，是 XML 文本"
    if head.startswith((b"rar!", b"7z\xbc\xaf")):
        return "，是压缩包"
    return ""


def _ole(content: bytes) -> None:
    """An .xls may be read; an encrypted workbook of either age may not."""
    if len(content) < 1536:
        raise WorkbookError("damaged", "文件不完整。", RESAVE)
    encrypted = "EncryptedPackage".encode("utf-16-le") in content
    if not encrypted:
        import msoffcrypto

        try:
            encrypted = bool(msoffcrypto.OfficeFile(io.BytesIO(content)).is_encrypted())
        except Exception:  # what it does not know, the reader will say
            encrypted = False
    if encrypted:
        raise _locked()


def _locked() -> WorkbookError:
    return WorkbookError("encrypted", "文件设有打开密码，无法读取。", "请取消打开密码后重新报送。")


def _damaged(what: str = "文件已损坏或没有传完。") -> WorkbookError:
    return WorkbookError("damaged", what, RESAVE)


def _zip(content: bytes) -> Marks:
    try:
        parts = directory(content, MAX_PARTS)
    except BadZip as e:
        known = {"the same name twice": "部件重名", "too many": "部件过多", "overlap": "部件重叠", "another name": "目录与内容不符"}
        raise _damaged(f"文件内部结构不正常（{known[str(e)]}）。" if str(e) in known else "文件已损坏或没有传完。") from None
    names = [p.name for p in parts]
    if any(n.startswith("/") or ".." in n.split("/") or ":" in n or "\0" in n for n in names):
        raise _damaged("文件内部有不正常的路径。")
    if any(p.encrypted for p in parts):
        raise _locked()
    inside, packed = sum(p.size for p in parts), max(1, sum(p.packed for p in parts))
    if inside > MAX_INSIDE or (inside > MAX_SMALL and inside > packed * MAX_PACKING):
        raise WorkbookError(
            "bomb", f"文件展开后有 {inside >> 20} MB，不像正常填报的台账。", "请把内容粘贴到新下发的模板里重新报送。"
        )
    if "xl/workbook.xml" not in names:
        known_names = set(names)
        if not known_names & {"xl/workbook.bin", "content.xml"} and "xl/" not in {n[:3].lower() for n in names}:
            what = (
                "，是 Word 文件" if "word/document.xml" in known_names else "，是演示文稿" if "ppt/presentation.xml" in known_names else ""
            )
            raise WorkbookError("not-excel", f"这不是 Excel 文件{what}。", "请填在下发的 Excel 模板里重新报送。")
    listed = "\n".join(names)
    notes = tuple(said for pattern, _, said in _CARRIED if pattern.search(listed))
    try:
        return _marks(content, parts)._replace(notes=notes, inside=inside)
    except (
        BadZip,
        zlib.error,
        KeyError,
        ValueError,
        SyntaxError,  # ElementTree's ParseError is one
    ):
        raise _damaged() from None


def _marks(content: bytes, parts: Sequence[Part]) -> Marks:
    faults: dict[str, dict[tuple[int, int], str]] = {}
    merged: dict[str, list[tuple[int, int, int, int]]] = {}
    hidden: dict[str, Concealed] = {}
    texts: dict[str, bytes] = {}
    dated = False
    wanted = [part for part in parts if _READ_BY_PARSERS.fullmatch(part.name)]

    def look(part: Part, *, at_cells: bool) -> None:
        nonlocal dated
        chunks: Iterable[bytes]
        if small := part.size <= CHUNK:
            text = whole(content, part)
            _without_dtd_at_start(text)
            chunks = (text,)
            texts[part.name] = text
        else:
            chunks = _without_dtd(unpacked(content, part))
        if at_cells:
            found, ranges = scanned(watched(chunks, concealed := Concealed()), whole=small)
            if concealed:
                hidden[part.name] = concealed
            if found:
                faults[part.name] = found
            if ranges:
                merged[part.name] = sorted(ranges)
        else:
            for i, text in enumerate(chunks):
                if not i and part.name.endswith("sharedStrings.xml"):
                    _promises(text, part)
                elif part.name == "xl/workbook.xml":
                    dated = dated or since_1904(text)

    for part in wanted:
        look(part, at_cells="worksheets/" in part.name)
    sheets = [name for name in (p.name for p in wanted) if "worksheets/" in name]
    if usual := _usual(texts, len(sheets)):
        readable = _readable(texts) if len(texts) == len(wanted) else None
    else:
        readable = None
        texts.clear()
        others = [p for p in parts if p not in wanted and _READ_OTHERWISE.fullmatch(p.name)]
        for part in others:
            if part.name.lower().endswith((".xml", ".rels")):
                look(part, at_cells=part.name != "content.xml")
            else:
                for _ in unpacked(content, part):
                    pass
            texts.clear()
            if part.name == "content.xml":
                opendocument.measured(unpacked(content, part), within)
        wanted += others
    readable = readable or selected(content, wanted)
    if not (faults or merged or hidden):
        return Marks({}, {}, readable, since_1904=dated)
    titles = _sheet_names(content, wanted) if usual or any(p.name == "xl/workbook.xml" for p in wanted) else {}
    return Marks(
        {titles.get(k, k): v for k, v in faults.items()},
        {titles.get(k, k): v for k, v in merged.items()},
        readable,
        concealed={titles.get(k, k): v for k, v in hidden.items()},
        since_1904=dated,
    )


def _usual(texts: Mapping[str, bytes], sheets: int) -> bool:
    """Whether a workbook keeps its sheets where we look for them."""
    links = texts.get("xl/_rels/workbook.xml.rels", b"").replace(b"'", b'"')
    return "xl/workbook.xml" in texts and links.count(b'/worksheet"') == sheets


def _readable(texts: Mapping[str, bytes]) -> bytes | None:
    """The inspected parts as a workbook of their own: a third less work for the parser, and nothing else before its eyes.

    None for a workbook that is large: its parts are passed on as they are packed.
    """
    if sum(map(len, texts.values())) > MAX_SMALL:
        return None
    return archive({name: _merging_nothing(text) if "worksheets/" in name else text for name, text in texts.items()})


def _promises(text: bytes, part: Part) -> None:
    """Parsers make room for as many shared strings as are promised: more than bytes are there is a trap."""
    if any(int(n) > part.size for n in _COUNT.findall(text, 0, 1024)):
        raise _damaged("文件内部的计数不实。")


def _merging_nothing(text: bytes) -> bytes:
    """Calamine goes through a sheet once more for its merged cells, which we know: an empty list on top ends that."""
    at = text.rfind(b"<", 0, max(0, text.find(b"sheetData")))
    return b"".join((text[:at], b"<mergeCells></mergeCells>", text[at:])) if at >= 0 else text


def _without_dtd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, each with the end of the one before it, so that no tag is cut. Raises WorkbookError for a DTD."""
    tail = b""
    for i, chunk in enumerate(chunks):
        text = tail + chunk if tail else chunk
        if not i:
            _without_dtd_at_start(text)
        yield text
        tail = text[-OVERLAP:]


def _without_dtd_at_start(text: bytes) -> None:
    """A DTD stands before the first element or nowhere; so that it can hide in no encoding, this must look like UTF-8."""
    if text and _BEGINNING.match(text) is None and _PREAMBLE.match(text) is None:
        if b"\0" in text[:4] or text.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise WorkbookError("encoding", "文件内部用了不常见的编码，不予读取。", RESAVE)
        if b"<!" in text:
            raise WorkbookError("dtd", "文件里夹带了外部定义（DTD），不予读取。", RESAVE)
        raise _damaged()


def _sheet_names(content: bytes, parts: Sequence[Part]) -> dict[str, str]:
    """Part → sheet title. Only after the parts were found free of any DTD."""
    from xml.etree import ElementTree

    def tree(name: str) -> ElementTree.Element:
        return ElementTree.fromstring(whole(content, next(p for p in parts if p.name == name)))

    try:
        rels = {r.get("Id"): r.get("Target", "") for r in tree("xl/_rels/workbook.xml.rels")}
        nodes = list(tree("xl/workbook.xml").iter())
    except StopIteration:
        raise _damaged() from None
    titles = {}
    for node in nodes:
        if node.tag.rpartition("}")[2] == "sheet":
            target = next((rels.get(v, "") or "" for k, v in node.attrib.items() if k.endswith("}id")), "")
            titles["xl/" + target.removeprefix("/").removeprefix("xl/")] = node.get("name", "")
    return titles
