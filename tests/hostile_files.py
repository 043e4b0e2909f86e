"""Files that attack, or look as if they did. Each is made here, from bytes, and small on disk."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

SHEET = "xl/worksheets/sheet1.xml"


def repacked(content: bytes, change: Mapping[str, bytes | Callable[[bytes], bytes] | None] = {}, **more: Any) -> bytes:
    """The same zip with parts changed, added, or (None) left out. `more`: method, streamed (with data descriptors)."""

    class Streamed(io.RawIOBase):  # cannot be sought: sizes come after the data
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    out: Any = Streamed() if more.get("streamed") else io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", more.get("method", zipfile.ZIP_DEFLATED)) as new:
        for name in dict.fromkeys([*old.namelist(), *change]):
            how = change.get(name, lambda data: data)
            if how is None:
                continue
            data = how(old.read(name) if name in old.namelist() else b"") if callable(how) else how
            if more.get("zip64"):
                with new.open(name, "w", force_zip64=True) as f:
                    f.write(data)
            else:
                new.writestr(name, data)
    return bytes(out.data) if more.get("streamed") else out.getvalue()


def shared(content: bytes) -> bytes:
    """The same workbook with its texts in a part of their own, as Excel and WPS keep them."""
    texts: list[bytes] = []

    def kept(match: re.Match[bytes]) -> bytes:
        texts.append(match[2])
        return b'<c%s t="s"><v>%d</v></c>' % (match[1], len(texts) - 1)

    space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    main = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="' + main + b'"/>'
    cell = rb'<c((?: [rs]="\w+")*) t="inlineStr"><is><t(?: [^>]*)?>(.*?)</t></is></c>'
    content = repacked(content, {
        SHEET: lambda x: re.sub(cell, kept, x),
        "[Content_Types].xml": lambda x: x.replace(b"</Types>", override + b"</Types>"),
    })
    items = b"".join(b"<si><t>%s</t></si>" % t for t in texts)
    return repacked(content, {
        "xl/sharedStrings.xml": b'<sst %s count="%d" uniqueCount="%d">%s</sst>' % (space, len(texts), len(texts), items)
    })


def with_rows(content: bytes, xml: str) -> bytes:
    """The same workbook with rows added at the end of its first sheet."""
    return repacked(content, {SHEET: lambda x: x.replace(b"</sheetData>", xml.encode() + b"</sheetData>")})


def entry(content: bytes, name: str) -> int:
    """Where the directory's entry of a part begins."""
    at = content.rindex(name.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    return at


def poked(content: bytes, at: int, data: bytes) -> bytes:
    return content[:at] + data + content[at + len(data) :]


def zip_of(parts: Sequence[tuple[str, bytes]]) -> bytes:
    import warnings

    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        warnings.simplefilter("ignore")  # the same name twice
        for name, data in parts:
            z.writestr(name, data)
    return out.getvalue()


def overlapping(copies: int = 50) -> bytes:
    """Many parts that are one: each entry of the directory leads to the same bytes."""
    data = zlib.compress(b"a" * (1 << 20), 9)[2:-4]
    crc = zlib.crc32(b"a" * (1 << 20))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(data), 1 << 20, 15, 0) + b"xl/workbook.xml" + data
    central = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(data), 1 << 20, 15, 0, 0, 0, 0, 0, 0)
        + b"xl/workbook.xml"
        for _ in range(copies)
    )
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(central), len(local), 0)


def ole(stream: bytes, name: str = "Workbook", also: Sequence[str] = ()) -> bytes:
    """A compound file with one stream and some empty ones: what an .xls is on the outside."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // 512)
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    assert len(fat) <= 128, "a larger stream needs more than one FAT sector"
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def directory(name: str, kind: int, start: int, size: int, child: int, right: int = -1) -> bytes:
        raw = name.encode("utf-16-le") + b"\0\0"
        return struct.pack(
            "<64sHBBiii16sIQQIQ", raw, len(raw), kind, 1, -1, right, child, b"", 0, 0, 0, start & 0xFFFFFFFF, size
        )

    entries = [directory("Root Entry", 5, -2, 0, 1), directory(name, 2, 2, len(stream), -1, 2 if also else -1)]
    entries += [directory(n, 2, -2, 0, -1, i + 3 if i + 1 < len(also) else -1) for i, n in enumerate(also)]
    entries += [directory("", 0, 0, 0, -1)] * (4 - len(entries))
    head = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE,
        0, 0xFFFFFFFE, 0, 0,
    )
    head += struct.pack("<I", 0xFFFFFFFF) * 108
    return head + struct.pack("<128I", *fat) + b"".join(entries) + stream.ljust(sectors * 512, b"\0")


def biff(sheets: Mapping[str, Sequence[Sequence[Any]]], *, before: bytes = b"", within: bytes = b"") -> bytes:
    """The stream of an .xls: sheet → rows of text, numbers and None. `before` and `within` are further records, in front
    of the list of sheets and of each sheet's cells."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(said: str, length: str) -> bytes:
        return struct.pack(length + "B", len(said), 1) + said.encode("utf-16-le")

    bodies = []
    for rows in sheets.values():
        cells = b""
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if isinstance(value, str):
                    cells += record(0x0204, struct.pack("<HHH", i, j, 0) + text(value, "<H"))
                elif value is not None:
                    cells += record(0x0203, struct.pack("<HHHd", i, j, 0, value))
        bodies.append(record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + within + cells + record(0x000A, b""))
    start = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0)) + before
    listed = [len(record(0x0085, b"\0" * 6 + text(name, "<B"))) for name in sheets]
    at = len(start) + sum(listed) + 4
    table = b""
    for name, body in zip(sheets, bodies, strict=True):
        table += record(0x0085, struct.pack("<IBB", at, 0, 0) + text(name, "<B"))
        at += len(body)
    return start + table + record(0x000A, b"") + b"".join(bodies)


def ods(rows: str, title: str = "集中学习台账") -> bytes:
    """An .ods whose one sheet has these rows, as OpenDocument writes them."""
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
        for short, long in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="{title}">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    return zip_of([
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", content.encode()),
        ("META-INF/manifest.xml", b'<?xml version="1.0"?><manifest:manifest xmlns:manifest='
         b'"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'),
    ])


def ods_rows(rows: Sequence[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'

    return "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
