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


@cache
def typst_fonts() -> Any:
    """The packaged fonts alone, scanned once per process: no system font and none of Typst's own."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder())])
