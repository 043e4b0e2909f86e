"""The house look: a packaged Chinese font, ink that survives a black and white printer, the same bytes each time.

The same font on every machine, so no label is ever a row of empty boxes; text from data is never read as mathematics.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any

INK, BLUE, LIGHT, RED, GREY = "#222222", "#2f5d8a", "#a9c4de", "#b3261e", "#8a8a8a"
LABEL = 10.0    # points; printed at nine tenths of that
WIDTH = 6.2     # inches: what a page is wide
DASHED = (0, (5, 2))
# Told apart without colour: dark, light, and two patterns.
FILLS: tuple[dict[str, Any], ...] = (
    {"facecolor": BLUE, "edgecolor": BLUE},
    {"facecolor": LIGHT, "edgecolor": BLUE},
    {"facecolor": "white", "edgecolor": BLUE, "hatch": "////"},
    {"facecolor": "white", "edgecolor": BLUE, "hatch": "...."},
    {"facecolor": "white", "edgecolor": BLUE},
)


@lru_cache(maxsize=1)
def _font() -> str:
    from matplotlib import font_manager

    folder = files("pylopdf_fonts_zh_cn")
    name = ""
    for path in _walk(folder):
        if path.name.lower().endswith((".otf", ".ttf")) and "sans" in path.name.lower():
            font_manager.fontManager.addfont(str(path))
            name = font_manager.FontProperties(fname=str(path)).get_name()
    return name


def _walk(folder: Any) -> Iterator[Any]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _walk(item)
        else:
            yield item


def house_style() -> None:
    """The house look for an analyst's own charts: after this, Chinese labels show in every figure of the session."""
    import seaborn as sns

    sns.set_theme(style="ticks", font=_font(), rc=_settings())


def _settings() -> dict[str, Any]:
    return {"font.family": [_font(), "DejaVu Sans"], "font.size": 9, "axes.titlesize": 10, "axes.edgecolor": GREY,
            "axes.spines.top": False, "axes.spines.right": False, "text.color": INK, "axes.labelcolor": INK,
            "xtick.color": INK, "ytick.color": INK, "svg.hashsalt": "jianbao", "svg.fonttype": "path",
            "axes.unicode_minus": False, "text.parse_math": False, "hatch.linewidth": 0.8}


@contextmanager
def house(width: float = WIDTH, height: float = 3.0, *, rows: int = 1, columns: int = 1,
          **more: Any) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes (an array of them for several); closed afterwards, and no setting is left changed."""
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.figure import Figure

    with mpl.rc_context():
        sns.set_theme(style="ticks", font=_font(), rc=_settings())
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(rows, columns, **more)


def pictures(figure: Any) -> tuple[str, bytes]:
    """The figure as SVG and PNG, the same bytes for the same drawing."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


def plain(axes: Any, *, spines: tuple[str, ...] = ("bottom",)) -> None:
    """Without scales: the numbers stand beside the marks."""
    axes.set(xlabel="", ylabel="")
    axes.set_xticks([])
    for side in spines:
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)


def unit_mark(axes: Any, text: str) -> None:
    """单位：个, at the top right."""
    if text:
        axes.annotate(text, (1, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", ha="right",
                      va="bottom", fontsize=LABEL - 1, color=INK)
