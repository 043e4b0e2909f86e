"""The fonts that come with a package, so a page looks the same on every machine. Imports nothing of ours."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

SERIF, SANS = "Noto Serif SC", "Noto Sans SC"


def folder() -> Path:
    """Where the font files lie."""
    import pylopdf_fonts_zh_cn

    return Path(pylopdf_fonts_zh_cn.__file__).parent


def files() -> dict[str, Path]:
    """Family name → file; static Regular faces, OFL."""
    return {SERIF: folder() / "NotoSerifSC-Regular.otf", SANS: folder() / "NotoSansSC-Regular.otf"}


def printable(text: str) -> str:
    """`text` with 〓, the printers' mark for a missing sort, for each character no packaged font has."""
    try:
        text.encode("gbk")      # the fonts have all of it; most text needs no further look
        return text
    except UnicodeEncodeError:
        return "".join(c if ord(c) in _covered() else "〓" for c in text)


@cache
def _covered() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(code for file in files().values() for code in FT2Font(str(file)).get_charmap())


@cache
def typst_fonts() -> Any:
    """The packaged fonts alone, scanned once per process: no system font and none of Typst's own."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder())])


def subset(family: str, text: str) -> bytes:
    """A WOFF file of the family with the characters of `text` alone; the same text gives the same bytes."""
    import uharfbuzz

    wanted = uharfbuzz.SubsetInput()
    wanted.unicode_set.update({ord(c) for c in text})
    wanted.flags = uharfbuzz.SubsetFlags.NO_HINTING
    # Browsers squeeze the white half of neighbouring marks by these two; nothing else is asked of the layout tables.
    wanted.layout_feature_tag_set.clear()
    wanted.layout_feature_tag_set.update({int.from_bytes(b"halt"), int.from_bytes(b"chws")})
    wanted.name_id_set.clear()
    wanted.name_id_set.update({0, 1, 2, 13, 14})    # name and licence
    return _woff(uharfbuzz.subset(_face(family), wanted).blob.data)


@cache
def _face(family: str) -> Any:
    import uharfbuzz

    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(files()[family])))


def _woff(font: bytes) -> bytes:
    """The font in WOFF 1.0: the same tables, each compressed (www.w3.org/TR/WOFF)."""
    flavor, n = struct.unpack(">4sH", font[:6])
    tables = [struct.unpack(">4sLLL", font[12 + 16 * i:28 + 16 * i]) for i in range(n)]
    directory, data, at = b"", b"", 44 + 20 * n
    for tag, checksum, offset, length in tables:
        plain = font[offset:offset + length]
        packed = min(zlib.compress(plain, 9), plain, key=len)
        directory += struct.pack(">4sLLLL", tag, at + len(data), len(packed), length, checksum)
        data += packed + bytes(-len(packed) % 4)
    whole = 12 + 16 * n + sum(length + -length % 4 for *_, length in tables)
    head = struct.pack(">4s4sLHHLHHLLLLL", b"wOFF", flavor, at + len(data), n, 0, whole, 1, 0, 0, 0, 0, 0, 0)
    return head + directory + data
