"""Charts in the house look: seaborn on a packaged Chinese font, legible in black and white. Imports parts only.

The same font on every machine, so no label is ever a row of empty boxes; text from data is never read as mathematics.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any

INK, BLUE, LIGHT, RED, GREY = "#222222", "#2f5d8a", "#a9c4de", "#b3261e", "#8a8a8a"
LABEL = 10.0    # points; printed at nine tenths of that


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
            "axes.unicode_minus": False, "text.parse_math": False}


@contextmanager
def house(width: float = 6.2, height: float = 3.0) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes; closed afterwards, and no setting is left changed."""
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.figure import Figure

    with mpl.rc_context():
        sns.set_theme(style="ticks", font=_font(), rc=_settings())
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots()


def pictures(figure: Any) -> tuple[str, bytes]:
    """The figure as SVG and PNG, the same bytes for the same drawing."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    return svg.getvalue(), png.getvalue()


def bars(labels: Sequence[str], values: Sequence[float], texts: Sequence[str], *, line: float | None = None,
         line_label: str = "", behind: Sequence[bool] = ()) -> tuple[str, bytes]:
    """Horizontal bars, the first on top. `line` is a mark to compare with; bars that fall short are hatched."""
    import seaborn as sns

    with house(height=0.9 + 0.32 * len(labels)) as (figure, axes):
        sns.barplot(x=list(values), y=[f"{k}" for k in range(len(labels))], color=BLUE, ax=axes, orient="h", width=0.62)
        for bar, short in zip(axes.patches, behind or [False] * len(labels), strict=False):
            if short:
                bar.set(facecolor="white", edgecolor=RED, hatch="////", linewidth=1.0)
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(axis="y", length=0)
        right = max([*values, line or 0.0, 0.0]) or 1.0
        for k, (value, text) in enumerate(zip(values, texts, strict=True)):
            axes.text(value + right * 0.012, k, text, va="center", ha="left", fontsize=LABEL,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        if line is not None:
            axes.axvline(line, color=RED, linewidth=1.2, linestyle=(0, (5, 2)))
            axes.text(line, -0.68, line_label, color=RED, ha="center", va="bottom", fontsize=LABEL)
        axes.set(xlabel="", ylabel="", xlim=(0, right * 1.16), ylim=(len(labels) - 0.4, -0.6))
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        return pictures(figure)


def columns(labels: Sequence[str], values: Sequence[float | None], texts: Sequence[str], *,
            join: bool = False) -> tuple[str, bytes]:
    """One column per period, or points joined by a line for a rate; the last period is dark. A gap stays a gap."""
    import seaborn as sns

    with house(height=2.5) as (figure, axes):
        shown = [float("nan") if v is None else v for v in values]
        top = max([v for v in shown if v == v], default=1.0) or 1.0
        if join:
            sns.lineplot(x=range(len(labels)), y=shown, color=BLUE, marker="o", ax=axes, errorbar=None)
        else:
            sns.barplot(x=list(range(len(labels))), y=shown, color=LIGHT, ax=axes, width=0.6, errorbar=None)
            if axes.patches and shown[-1] == shown[-1]:
                axes.patches[-1].set_facecolor(BLUE)
        for k, (value, text) in enumerate(zip(shown, texts, strict=True)):
            where = value if value == value else 0
            axes.text(k, where + top * 0.03, text, ha="center", va="bottom", fontsize=LABEL)
        axes.set_xticks(range(len(labels)), labels)
        axes.set(xlabel="", ylabel="", ylim=(0, top * 1.18), xlim=(-0.6, len(labels) - 0.4))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="x", length=0)
        _fit_labels(figure, axes, labels)
        return pictures(figure)


def _fit_labels(figure: Any, axes: Any, labels: Sequence[str]) -> None:
    """Labels below the columns apart from each other: 10.16—10.22 in two lines if need be, upright as the last resort."""
    if _apart(figure, axes):
        return
    axes.set_xticks(range(len(labels)), [label.replace("—", "—\n") for label in labels])
    if not _apart(figure, axes):
        axes.set_xticks(range(len(labels)), labels, rotation=90)


def _apart(figure: Any, axes: Any) -> bool:
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    return all(left.x1 + 2 <= right.x0 for left, right in itertools.pairwise(boxes))
