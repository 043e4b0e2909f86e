"""Looks at a file's bytes before any parser does. Imports errors only; standard library, so that a child starts fast.

Nothing that is refused here was parsed: the zip directory and the raw sheet XML are enough to see a far cell, a bomb, a
DTD or an encrypted file. What gets past is read by a child process with limits (reader).
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from jianbao.errors import WorkbookError
from jianbao.intake.parts import CHUNK, archive, unpacked

MAX_FILE = 20 << 20  # bytes as filed
MAX_INSIDE = 300 << 20  # bytes unpacked
MAX_PACKING = 200  # unpacked to packed, for anything over MAX_SMALL
MAX_SMALL = 20 << 20
MAX_PARTS = 4000
MAX_ROWS, MAX_COLUMNS, MAX_AREA = 200_000, 702, 5_000_000
OVERLAP = 4096

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET = b"PAR1"  # at both ends
RESAVE = "请用 WPS 或 Excel 打开，另存为 .xlsx 后重新报送。"
_READ_BY_PARSERS = re.compile(
    r"xl/(worksheets/[^/]+\.xml|sharedStrings\.xml|styles\.xml|workbook\.xml|_rels/workbook\.xml\.rels)"
    r"|_rels/\.rels|\[Content_Types\]\.xml",
    re.IGNORECASE,
)
_BEGINNING = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>)?\s*<[A-Za-z_]")
# A literal beginning is what makes these searches cheap; every writer we met puts a space before the attribute.
_FAR = re.compile(rb' r="(?:[A-Z]{2,3}\d|[A-Z]\d{4})')
_FAR_QUOTED = re.compile(rb"\sr='(?:[A-Z]{2,3}\d|[A-Z]\d{4})")
_PLACE = re.compile(rb"""\br=["']([A-Z]+)(\d+)["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")
_FORMULAS = (b"<f>", b"<f ", b":f>", b":f ")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)</|<(?:\w+:)?t(?:\s[^>]*)?>[^<]")
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*?\bref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")
_ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


class Marks(NamedTuple):
    """What calamine does not tell, per sheet, 0-based: cells with an error or an uncomputed formula, merged ranges; and
    the bytes it is to read."""

    faults: dict[str, dict[tuple[int, int], str]]
    merged: dict[str, list[tuple[int, int, int, int]]]  # first row, column, last row, column
    content: bytes


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
        return Marks({}, {}, content)
    if content.startswith(PARQUET):
        if not content.endswith(PARQUET):
            raise _damaged("文件不完整。")
        return Marks({}, {}, content)
    if name.lower().endswith(".csv"):
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
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError):
        raise _damaged() from None
    parts = archive.infolist()
    names = [p.filename for p in parts]
    known = set(names)
    if len(known) != len(names) or len(names) > MAX_PARTS:
        raise _damaged("文件内部结构不正常（部件重名或过多）。")
    if any(n.startswith(("/", "\\")) or ".." in n.replace("\\", "/").split("/") or ":" in n for n in names):
        raise _damaged("文件内部有不正常的路径。")
    if any(p.flag_bits & 1 for p in parts):
        raise _locked()
    inside, packed = sum(p.file_size for p in parts), max(1, sum(p.compress_size for p in parts))
    if inside > MAX_INSIDE or (inside > MAX_SMALL and inside > packed * MAX_PACKING):
        raise WorkbookError(
            "bomb", f"文件展开后有 {inside >> 20} MB，不像正常填报的台账。", "请把内容粘贴到新下发的模板里重新报送。"
        )
    if not known & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} and "xl/" not in {n[:3].lower() for n in names}:
        what = "，是 Word 文件" if "word/document.xml" in known else "，是演示文稿" if "ppt/presentation.xml" in known else ""
        raise WorkbookError("not-excel", f"这不是 Excel 文件{what}。", "请填在下发的 Excel 模板里重新报送。")
    try:
        return _marks(content, archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        OSError,
        KeyError,
        SyntaxError,  # ElementTree's ParseError is one
        UnicodeDecodeError,
    ):
        raise _damaged() from None


def _marks(content: bytes, book: zipfile.ZipFile) -> Marks:
    faults: dict[str, dict[tuple[int, int], str]] = {}
    merged: dict[str, list[tuple[int, int, int, int]]] = {}
    texts: dict[str, bytes] = {}
    wanted = [part for part in book.infolist() if _READ_BY_PARSERS.fullmatch(part.filename)]
    for part in wanted:
        chunks: Iterable[bytes] = _without_dtd(unpacked(content, part))
        if whole := part.file_size <= CHUNK:
            texts[part.filename] = b"".join(chunks)
            chunks = (texts[part.filename],)
        if "worksheets/" in part.filename:
            found, ranges = _scan(chunks, whole=whole)
            if found:
                faults[part.filename] = found
            if ranges:
                merged[part.filename] = sorted(ranges)
        elif not whole:
            for _ in chunks:
                pass
    readable = _readable(texts) if len(texts) == len(wanted) else None
    if not (faults or merged):
        return Marks({}, {}, readable or content)
    titles = _sheet_names(book)
    return Marks(
        {titles.get(k, k): v for k, v in faults.items()}, {titles.get(k, k): v for k, v in merged.items()}, readable or content
    )


def _readable(texts: Mapping[str, bytes]) -> bytes | None:
    """The inspected parts as a workbook of their own: a third less work for the parser, and nothing else before its eyes.

    None for a workbook that is large or keeps its sheets where we do not look for them.
    """
    sheets = {name: text for name, text in texts.items() if "worksheets/" in name}
    links = texts.get("xl/_rels/workbook.xml.rels", b"").replace(b"'", b'"')
    if "xl/workbook.xml" not in texts or links.count(b'/worksheet"') != len(sheets) or sum(map(len, texts.values())) > MAX_SMALL:
        return None
    return archive({**texts, **{name: _merging_nothing(text) for name, text in sheets.items()}})


def _merging_nothing(text: bytes) -> bytes:
    """Calamine goes through a sheet once more for its merged cells, which we know: an empty list on top ends that."""
    at = text.rfind(b"<", 0, max(0, text.find(b"sheetData")))
    return b"".join((text[:at], b"<mergeCells></mergeCells>", text[at:])) if at >= 0 else text


def _without_dtd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, each with the end of the one before it, so that no tag is cut. Raises WorkbookError for a DTD."""
    tail, ordinary = b"", False
    for chunk in chunks:
        text = tail + chunk if tail else chunk
        # A DTD stands before the first element or nowhere.
        ordinary = ordinary or _BEGINNING.match(text) is not None
        if not ordinary and (b"<!DOCTYPE" in text or b"<!ENTITY" in text or text.startswith((b"\xff\xfe", b"\xfe\xff"))):
            raise WorkbookError("dtd", "文件里夹带了外部定义（DTD），不予读取。", RESAVE)
        yield text
        tail = text[-OVERLAP:]


def _scan(chunks: Iterable[bytes], *, whole: bool) -> tuple[dict[tuple[int, int], str], set[tuple[int, int, int, int]]]:
    """Faults and merged ranges of one sheet, which may be `whole` in its only chunk."""
    rows = columns = 0
    faults: dict[tuple[int, int], str] = {}
    merged: set[tuple[int, int, int, int]] = set()
    for text in chunks:
        begin, end = 0, len(text)
        if whole:
            first, last = text.find(b"sheetData"), text.rfind(b"sheetData")
            begin, end = (first, last) if first < last else (0, end)
        quoted = text.find(b"'", begin, end) >= 0
        if _FAR.search(text, begin, end) or (quoted and _FAR_QUOTED.search(text, begin, end)):
            rows, columns = _extent(text, rows, columns)
        if (
            text.find(b't="e"', begin, end) >= 0
            or (quoted and text.find(b"t='e'", begin, end) >= 0)
            or (text.find(b"f", begin, end) >= 0 and any(text.find(mark, begin, end) >= 0 for mark in _FORMULAS))
        ):
            faults.update(_faults(text))
        if (start := text.find(b"mergeCells", end if begin else 0)) >= 0:
            # Within one row a merge changes nothing for who reads the rows.
            stop = text.rfind(b"mergeCells")  # the end tag, unless a chunk ends before it
            ranges = _MERGE.findall(text, start, stop if stop > start else len(text))
            merged |= {(int(b) - 1, column(a), int(d) - 1, column(c)) for a, b, c, d in ranges if b != d}
    return faults, merged


def _extent(text: bytes, rows: int, columns: int) -> tuple[int, int]:
    """The last row and column so far. Raises WorkbookError when a cell stands where no ledger reaches."""
    for letters, digits in set(_PLACE.findall(text)):
        row, col = int(digits), column(letters) + 1
        if row > MAX_ROWS or col > MAX_COLUMNS:
            raise WorkbookError(
                "far-cell",
                f"单元格 {letters.decode()}{row} 离表格太远。",
                "请删除表格以外的行和列（选中后右键删除，不是清空），保存后重新报送。",
            )
        rows, columns = max(rows, row), max(columns, col)
    if rows * columns > MAX_AREA:
        raise WorkbookError(
            "far-cell",
            f"表格占了 {rows} 行 {columns} 列，大多是空的。",
            "请删除表格以外的行和列（选中后右键删除，不是清空），保存后重新报送。",
        )
    return rows, columns


def _faults(text: bytes) -> dict[tuple[int, int], str]:
    """Cells that show an error, or a formula nobody has computed."""
    found = {}
    for cell in _CELL.finditer(text):
        attributes, inner = cell[1], cell[2] or b""
        is_error = b't="e"' in attributes or b"t='e'" in attributes
        if not is_error and not _FORMULA.search(inner):
            continue
        value, place = _VALUE.search(inner), _PLACE.search(attributes)
        if place is None or (value is not None and not is_error):
            continue
        said = value[1].decode("utf-8", "replace") if value is not None and value[1] else ""
        found[int(place[2]) - 1, column(place[1])] = (said if said in _ERRORS else "#ERROR") if is_error else "formula"
    return found


def column(letters: bytes) -> int:
    """A → 0, XFD → 16383."""
    n = 0
    for letter in letters:
        n = n * 26 + letter - 64
    return n - 1


def _sheet_names(archive: zipfile.ZipFile) -> dict[str, str]:
    """Part → sheet title. Only after the parts were found free of any DTD."""
    from xml.etree import ElementTree

    rels = {r.get("Id"): r.get("Target", "") for r in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))}
    titles = {}
    for node in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if node.tag.rpartition("}")[2] == "sheet":
            target = next((rels.get(v, "") or "" for k, v in node.attrib.items() if k.endswith("}id")), "")
            titles["xl/" + target.removeprefix("/").removeprefix("xl/")] = node.get("name", "")
    return titles
