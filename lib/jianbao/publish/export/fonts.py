"""The fonts that come with a package, so a page looks the same on every machine. Imports nothing of ours."""

from __future__ import annotations

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
