"""Bars and columns. Imports style."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from jianbao.brief.charts.style import BLUE, DASHED, LABEL, LIGHT, RED, house, pictures, plain, unit_mark


def bars(labels: Sequence[str], values: Sequence[float], texts: Sequence[str], *, line: float | None = None,
         line_label: str = "", behind: Sequence[bool] = (), aside: Sequence[str] = (), aside_title: str = "",
         unit: str = "") -> tuple[str, bytes]:
    """Horizontal bars, the first on top. `line` is a mark to compare with; bars that fall short are hatched.

    `aside`: a text for each bar in a column at the right, below `aside_title`.
    """
    import seaborn as sns

    with house(height=0.9 + 0.32 * len(labels)) as (figure, axes):
        sns.barplot(x=list(values), y=[f"{k}" for k in range(len(labels))], color=BLUE, ax=axes, orient="h", width=0.62)
        for bar, short in zip(axes.patches, behind or [False] * len(labels), strict=False):
            if short:
                bar.set(facecolor="white", edgecolor=RED, hatch="////", linewidth=1.0)
        axes.set_yticks(range(len(labels)), labels)
        right = max([*values, line or 0.0, 0.0]) or 1.0
        for k, (value, text) in enumerate(zip(values, texts, strict=True)):
            axes.text(value + right * 0.012, k, text, va="center", ha="left", fontsize=LABEL, zorder=5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        if line is not None:
            axes.axvline(line, color=RED, linewidth=1.2, linestyle=DASHED)
            axes.text(line, -0.68, line_label, color=RED, ha="center", va="bottom", fontsize=LABEL)
        edge = right * (1.42 if aside else 1.16)
        for k, text in enumerate(aside):
            axes.text(edge, k, text, va="center", ha="right", fontsize=LABEL)
        if aside:
            axes.text(edge, -0.68, aside_title, ha="right", va="bottom", fontsize=LABEL - 1)
        axes.set(xlim=(0, edge), ylim=(len(labels) - 0.4, -0.6))
        plain(axes)
        if not aside:
            unit_mark(axes, unit)
        return pictures(figure)


def columns(labels: Sequence[str], values: Sequence[float | None], texts: Sequence[str], *, join: bool = False,
            unit: str = "") -> tuple[str, bytes]:
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
        unit_mark(axes, unit)
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
