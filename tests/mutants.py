"""Real files, a little or badly broken: what discs, mail gateways, other programs and bad people make of them.

mutant(content, random.Random(7)) -> (bytes, how)       the same seed gives the same mutant
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from random import Random

NUMBERS = (
    b"", b"0", b"-1", b"1", b"255", b"65536", b"1048576", b"1048577", b"2147483648", b"4294967295", b"4294967296",
    b"18446744073709551616", b"1e308", b"1e309", b"-1e308", b"NaN", b"INF", b"0.1", b"1.1E+17", b"45216", b"-45216", b"2958466",
    b"A1", b"XFD1048576", b"XFE1", b"ZZZZ9", b"A0", b"A1:XFD1048576", b"1" * 400, "１２".encode(), "约30".encode(),
)  # fmt: skip
TEXTS = (
    b"", b" ", b"\t", b"=1+1", b"@x", b"&amp;&lt;", b"&#0;", b"&#x41;", b"&x;", b"_x0000_", b"]]>", b"<![CDATA[x]]>", b"<!--x-->",
    b"\x00", b"\xff\xfe", b"\xc3\x28", "　".encode(), "\u202e\u200b".encode(), "😀".encode(), "龘".encode() * 40_000,
    b"2023-W42", "2023年13月45日".encode(), b"9999-99-99", b"110101199003071233", b"13800138000",
    "合计".encode(), "填报单位".encode(), "统计期：".encode(), "是".encode(), b"-", b"'; drop table deliveries; --",
    b"{{7*7}}", b"$x_{1}$", b"<script>alert(1)</script>",
)  # fmt: skip
RECORDS = (0x0203, 0x0204, 0x00FD, 0x00FC, 0x00BD, 0x0006, 0x0085, 0x002F, 0x003C, 0x0200)
TYPES = (b"s", b"n", b"b", b"e", b"str", b"inlineStr", b"d", b"x", b"")


def mutant(content: bytes, random: Random) -> tuple[bytes, str]:
    """A changed copy, and which ways were taken, for the one who looks for the cause."""
    ways: list[Callable[[bytes, Random], bytes]] = [random.choice((flipped, cut_out, doubled, cut_short, noisy, exchanged))]
    if content.startswith(b"PK"):
        ways += [directory_changed, *[part_changed] * 6, parts_changed]
    elif content.startswith(b"\xd0\xcf"):
        ways += [record_changed] * 3
    taken = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        way = random.choice(ways)
        content = way(content, random)
        taken.append(way.__name__)
    return content, "+".join(taken)


def _span(content: bytes, random: Random, most: int) -> tuple[int, int]:
    begin = random.randrange(len(content) + 1)
    return begin, min(len(content), begin + random.randint(1, most))


def flipped(content: bytes, random: Random) -> bytes:
    data = bytearray(content or b"\0")
    for _ in range(random.choice((1, 2, 5, 50))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def cut_out(content: bytes, random: Random) -> bytes:
    begin, end = _span(content, random, random.choice((1, 16, 512, 4096)))
    return content[:begin] + content[end:]


def doubled(content: bytes, random: Random) -> bytes:
    begin, end = _span(content, random, random.choice((1, 16, 512, 4096)))
    return content[:end] + content[begin:end] * random.choice((1, 2, 100)) + content[end:]


def cut_short(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def noisy(content: bytes, random: Random) -> bytes:
    begin, end = _span(content, random, 64)
    return content[:begin] + random.randbytes(random.choice((1, 8, end - begin, 512))) + content[end:]


def exchanged(content: bytes, random: Random) -> bytes:
    a, b = sorted((_span(content, random, 512), _span(content, random, 512)))
    if a[1] > b[0]:
        return content[::-1]
    return content[: a[0]] + content[b[0] : b[1]] + content[a[1] : b[0]] + content[a[0] : a[1]] + content[b[1] :]


def directory_changed(content: bytes, random: Random) -> bytes:
    """A field of a zip's entries, or of its end."""
    data = bytearray(content)
    marks = [(m.start(), m[0]) for m in re.finditer(rb"PK(?:\x01\x02|\x03\x04|\x05\x06)", content)]
    if not marks:
        return flipped(content, random)
    at, mark = random.choice(marks)
    fields = {
        b"PK\x01\x02": ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4), (46, 4)),
        b"PK\x03\x04": ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2), (30, 4)),
        b"PK\x05\x06": ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    }[mark]
    place, size = random.choice(fields)
    old = int.from_bytes(data[at + place : at + place + size], "little")
    new = random.choice((0, 1, 8, old + 1, old - 1, old * 2, 0xFFFF, 0xFFFFFFFF, random.getrandbits(32))) % (1 << 8 * size)
    data[at + place : at + place + size] = new.to_bytes(size, "little")
    return bytes(data)


def _parts(content: bytes) -> dict[str, bytes] | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as z:
            return {n: z.read(n) for n in z.namelist()}
    except Exception:  # broken before
        return None


def _zipped(parts: dict[str, bytes], random: Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", random.choice((0, 8, 8, 8))) as z:
        for name, data in parts.items():
            z.writestr(name, data)
    return out.getvalue()


def parts_changed(content: bytes, random: Random) -> bytes:
    """Parts lost, exchanged, emptied, renamed or added."""
    parts = _parts(content)
    if not parts:
        return flipped(content, random)
    names = list(parts)
    a, b = random.choice(names), random.choice(names)
    match random.randrange(7):
        case 0:
            del parts[a]
        case 1:
            parts[a], parts[b] = parts[b], parts[a]
        case 2:
            parts[a] = b""
        case 3:
            parts = {(n.upper() if n == a else n): d for n, d in parts.items()}
        case 4:
            parts = {(n.replace("/", "\\") if n == a else n): d for n, d in parts.items()}
        case 5:
            parts["xl/" + random.choice(("vbaProject.bin", "worksheets/sheet99.xml", "media/x.png"))] = random.randbytes(40)
        case _:
            random.shuffle(names)
            parts = {n: parts[n] for n in names}
    return _zipped(parts, random)


def part_changed(content: bytes, random: Random) -> bytes:
    """The XML of one part."""
    parts = _parts(content)
    names = [n for n in parts or () if n.endswith((".xml", ".rels"))]
    if not parts or not names:
        return flipped(content, random)
    likely = [n for n in names if "sheet" in n or "content" in n or "shared" in n or "workbook" in n]
    name = random.choice(likely or names) if random.random() < 0.8 else random.choice(names)
    for _ in range(random.choice((1, 1, 3, 10))):
        parts[name] = random.choice(XML)(parts[name], random)
    return _zipped(parts, random)


def _somewhere(pattern: bytes, xml: bytes, random: Random) -> re.Match[bytes] | None:
    found = list(re.finditer(pattern, xml))
    return random.choice(found) if found else None


def _instead(xml: bytes, match: re.Match[bytes] | None, group: int, new: bytes) -> bytes:
    return xml if match is None else xml[: match.start(group)] + new + xml[match.end(group) :]


def attribute(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb'[\w:]+="([^"]*)"', xml, random), 1, random.choice(NUMBERS))


def place(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb'\br="([^"]*)"', xml, random), 1, random.choice(NUMBERS))


def kind(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb'\bt="([^"]*)"|<c( )', xml, random), 1, random.choice(TYPES)) if b'"' in xml else xml


def style(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb'\bs="([^"]*)"', xml, random), 1, random.choice(NUMBERS))


def number(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb">([\d.]+)<", xml, random), 1, random.choice(NUMBERS))


def text(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb">([^<>]+)<", xml, random), 1, random.choice(TEXTS))


def tag_lost(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb"<[^>]+>", xml, random), 0, b"")


def element_lost(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb"<(\w+)[^>]*>[^<]*</\1>", xml, random), 0, b"")


def element_doubled(xml: bytes, random: Random) -> bytes:
    match = _somewhere(rb"<(\w+)[^>]*>(?:[^<]*|<[^>]*>[^<]*</[^>]*>)</\1>", xml, random)
    return xml if match is None else _instead(xml, match, 0, match[0] * random.choice((2, 3, 1000)))


def tag_renamed(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb"</?([\w:]+)", xml, random), 1, random.choice((b"c", b"v", b"row", b"f", b"is", b"x:c", b"si")))


def prefixed(xml: bytes, random: Random) -> bytes:
    return re.sub(rb"<(/?)(\w)", rb"<\1x:\2", xml.replace(b"xmlns=", b"xmlns:x="))


def formula(xml: bytes, random: Random) -> bytes:
    return _instead(xml, _somewhere(rb"<v>", xml, random), 0, random.choice((b"<f>1/0</f><v>", b'<f t="shared" si="0"/><v>', b"<f/><v>")))


def recoded(xml: bytes, random: Random) -> bytes:
    said = xml.decode("utf-8", "replace")
    encoding = random.choice(("utf-16", "utf-16-le", "utf-16-be", "gb18030", "utf-8-sig", "utf-7", "cp037", "utf-32"))
    if random.random() < 0.5:
        said = re.sub(r'encoding="[^"]*"', f'encoding="{encoding}"', said)
    return said.encode(encoding, "replace")


def with_dtd(xml: bytes, random: Random) -> bytes:
    dtd = random.choice((b'<!DOCTYPE x [<!ENTITY x "y">]>', b'<!DOCTYPE x SYSTEM "file:///etc/passwd">', b"<!-- x -->", b"<?x y?>"))
    at = xml.find(b"?>") + 2 if b"?>" in xml[:200] else 0
    return xml[:at] + dtd + xml[at:]


def nested(xml: bytes, random: Random) -> bytes:
    deep = random.choice((10, 1000, 20_000))
    return _instead(xml, _somewhere(rb">()<", xml, random), 1, b"<a>" * deep + b"</a>" * deep)


def merged(xml: bytes, random: Random) -> bytes:
    ranges = random.choice((b"A1:B2", b"A7:A9", b"B7:C8", b"A1:XFD1", b"A7:A1048576", b"C9:A1", b"$A$7:$A$8", b"x"))
    merge = b'<mergeCells count="1"><mergeCell ref="' + ranges + b'"/></mergeCells>'
    return xml.replace(b"</sheetData>", b"</sheetData>" + merge, 1)


XML = (
    attribute, attribute, place, kind, style, number, number, text, text, text, tag_lost, element_lost, element_doubled,
    tag_renamed, prefixed, formula, recoded, with_dtd, nested, merged, flipped, cut_out, doubled, cut_short, noisy,
)  # fmt: skip


def record_changed(content: bytes, random: Random) -> bytes:
    """A field of an .xls: the sector table, the directory, or a record of its stream."""
    data = bytearray(content)
    begin = content.find(struct.pack("<HH", 0x0809, 16))
    if begin < 0 or random.random() < 0.2:
        at = random.randrange(min(len(data), 2048))
        data[at : at + 4] = random.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x02\0\0\0", random.randbytes(4)))
        return bytes(data)
    places, at = [], begin
    while at + 4 <= len(data) and len(places) < 20_000:
        kind, length = struct.unpack_from("<HH", data, at)
        if not kind:
            break
        places.append((at, length))
        at += 4 + length
    at, length = random.choice(places)
    match random.randrange(4):
        case 0:
            data[at : at + 2] = random.choice(RECORDS).to_bytes(2, "little")
        case 1:
            new = random.choice((0, 1, min(length + 1, 65535), max(0, length - 1), 8224, 65535))
            data[at + 2 : at + 4] = new.to_bytes(2, "little")
        case _:
            if length:
                where = at + 4 + random.randrange(length)
                data[where : where + 2] = random.choice((b"\0\0", b"\xff\xff", b"\xff\x7f", random.randbytes(2)))
    return bytes(data)
