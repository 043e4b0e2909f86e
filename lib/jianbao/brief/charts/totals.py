"""What a total is made of: the parts of its change, and stacks by state. Imports style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jianbao.brief.charts.style import BLUE, FILLS, GREY, INK, LABEL, RED, house, pictures, plain, unit_mark


def parts(labels: Sequence[str], values: Sequence[float], texts: Sequence[str], *, unit: str = "",
          total: int | None = None, worse: Sequence[bool] = ()) -> tuple[str, bytes]:
    """Bars to either side of zero, falls hatched, what is for the worse in red; `total` is the index of the sum."""
    low, high = min([*values, 0.0]), max([*values, 0.0])
    span = (high - low) or 1.0
    with house(height=0.7 + 0.32 * len(labels)) as (figure, axes):
        for k, value in enumerate(values):
            colour = INK if k == total else RED if worse and worse[k] else BLUE
            style: dict[str, Any] = {"facecolor": colour} if value >= 0 else {"facecolor": "white", "hatch": "////"}
            axes.barh(k, value, height=0.62, linewidth=1.0, edgecolor=colour, **style)
            axes.text(value + (span * 0.012 if value >= 0 else -span * 0.012), k, texts[k], va="center",
                      ha="left" if value >= 0 else "right", fontsize=LABEL)
        if total is not None:
            axes.axhline(total - 0.5, color=GREY, linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlim=(low - span * (0.14 if low < 0 else 0.0), high + span * 0.14), ylim=(len(labels) - 0.4, -0.6))
        plain(axes, spines=("bottom", "left"))
        unit_mark(axes, unit)
        return pictures(figure)


def stacks(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], *, unit: str = "") -> tuple[str, bytes]:
    """A column per label, stacked by series: name and values. The names stand beside the tallest stack, no legend."""
    totals = [sum(values[k] for _, values in series) for k in range(len(labels))]
    top = max(totals, default=1.0) or 1.0
    width = 0.56
    named = max(range(len(labels)), key=lambda k: (totals[k], k))
    with house(height=2.9) as (figure, axes):
        floor = [0.0] * len(labels)
        places: list[tuple[float, str]] = []
        for n, (name, values) in enumerate(series):
            axes.bar(range(len(labels)), values, bottom=floor, width=width, linewidth=1.0, **FILLS[n % len(FILLS)])
            for k, value in enumerate(values):
                if value > top * 0.085:
                    axes.text(k, floor[k] + value / 2, f"{value:g}", ha="center", va="center", fontsize=LABEL - 1,
                              color="white" if n == 0 else INK,
                              bbox=None if n == 0 else {"facecolor": FILLS[n % len(FILLS)]["facecolor"], "edgecolor": "none",
                                                        "pad": 0.8})
            if values[named]:
                places.append((floor[named] + values[named] / 2, name))
            floor = [a + b for a, b in zip(floor, values, strict=True)]
        last = -top * 0.04      # clear of the axis
        for height, name in places:
            last = max(height, last + top * 0.085)
            axes.annotate(name, (named + width / 2, height), xytext=(named + width / 2 + 0.07, last), va="center", ha="left",
                          fontsize=LABEL - 1, arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6})
        for k, value in enumerate(totals):
            axes.text(k, value + top * 0.02, f"{value:g}", ha="center", va="bottom", fontsize=LABEL)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_yticks([])
        axes.set(xlabel="", ylabel="", ylim=(0, top * 1.14), xlim=(-0.5, len(labels) - 0.2))
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="x", length=0)
        unit_mark(axes, unit)
        return pictures(figure)
