"""Grids: a heat map with its numbers, and one small line per unit. Imports style."""

from __future__ import annotations

from collections.abc import Sequence

from jianbao.brief.charts.style import BLUE, DASHED, GREY, INK, LABEL, RED, WIDTH, house, pictures

BRIGHT = 0.72   # darker cells carry white numbers


def heat(rows: Sequence[str], columns: Sequence[str], dark: Sequence[Sequence[float | None]],
         texts: Sequence[Sequence[str]]) -> tuple[str, bytes]:
    """A cell for each row and column: `dark` from 0 (white) to 1, None hatched; its text always inside."""
    import numpy as np
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shades = LinearSegmentedColormap.from_list("house", ["#ffffff", "#a9c4de", "#1f4568"])
    values = np.array([[float("nan") if v is None else v for v in line] for line in dark], dtype=float)
    with house(height=0.75 + 0.33 * len(rows)) as (figure, axes):
        sns.heatmap(values, ax=axes, cmap=shades, vmin=0, vmax=1, cbar=False, linewidths=1.0, linecolor="#c8c8c8",
                    xticklabels=False, yticklabels=False)
        for i, line in enumerate(dark):
            for j, value in enumerate(line):
                if value is None:
                    axes.add_patch(Rectangle((j, i), 1, 1, facecolor="white", edgecolor=GREY, hatch="////", linewidth=0.0))
                axes.text(j + 0.5, i + 0.5, texts[i][j], ha="center", va="center", fontsize=LABEL,
                          color="white" if value is not None and value > BRIGHT else INK,
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2} if value is None else None)
        axes.set_yticks([k + 0.5 for k in range(len(rows))], rows, rotation=0)
        axes.set_xticks([k + 0.5 for k in range(len(columns))], [_folded(c, len(columns)) for c in columns], rotation=0)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set(xlabel="", ylabel="")
        return pictures(figure)


def multiples(titles: Sequence[str], lines: Sequence[Sequence[float | None]], ends: Sequence[str], *,
              first: str, last: str, schedule: Sequence[float] = (), behind: Sequence[bool] = (),
              schedule_label: str = "") -> tuple[str, bytes]:
    """One small line per unit, all on one scale; the last point carries its value. `schedule` is the dashed line.

    Units that are `behind` have a hollow last point and a red title. `first`, `last`: what the ends of the axis say.
    """
    count, across = len(titles), _across(len(titles))
    down = -(-count // across)
    known = [v for line in lines for v in line if v is not None] + list(schedule)
    top = max(known, default=1.0) or 1.0
    with house(width=WIDTH, height=0.35 + 1.25 * down, rows=down, columns=across, sharey=True,
               squeeze=False) as (figure, grid):
        for k, axes in enumerate(grid.flat):
            if k >= count:
                axes.set_visible(False)
                continue
            late = bool(behind) and behind[k]
            values = [float("nan") if v is None else v for v in lines[k]]
            if schedule:
                axes.plot(range(len(schedule)), schedule, color=RED, linewidth=1.0, linestyle=DASHED)
            axes.plot(range(len(values)), values, color=BLUE, linewidth=1.8, clip_on=False)
            at = max((n for n, v in enumerate(values) if v == v), default=None)
            if at is not None:
                alone = sum(v == v for v in values) == 1
                axes.plot([at], [values[at]], marker="o", markersize=5.5 if not alone else 6, color=BLUE, linestyle="",
                          markerfacecolor="white" if late else BLUE, markeredgewidth=1.4, clip_on=False, zorder=4)
            axes.set_title(f"{titles[k]}　{ends[k]}", fontsize=LABEL - 0.5, loc="left", pad=3, color=RED if late else INK)
            axes.set(xlim=(-0.3, len(values) - 0.6), ylim=(0, top * 1.08), yticks=[], xlabel="", ylabel="")
            axes.tick_params(axis="x", length=0, labelsize=LABEL - 2)
            axes.set_xticks([])
            if k + across >= count:     # nothing stands below it
                for where, text, side in ((0.0, first, "left"), (1.0, last, "right"))[0 if len(values) > 1 else 1:]:
                    axes.annotate(text, (where, 0), xycoords="axes fraction", xytext=(0, -3), textcoords="offset points",
                                  ha=side, va="top", fontsize=LABEL - 2)
            axes.spines["left"].set_visible(False)
        figure.get_layout_engine().set(h_pad=0.08)
        if schedule and schedule_label:
            figure.text(1.0, 0.0, f"- - -  {schedule_label}", ha="right", va="bottom", fontsize=LABEL - 1, color=RED)
            figure.get_layout_engine().set(rect=(0, 0.2 / figure.get_figheight(), 1, 1 - 0.2 / figure.get_figheight()))
        return pictures(figure)


def _folded(title: str, count: int) -> str:
    """A column's title in lines that fit above its cells; a measure word in brackets gets a line of its own."""
    width = max(4, int(38 / max(count, 1)))
    name, bracket, rest = title.partition("（")
    lines = [name[k:k + width] for k in range(0, len(name), width)]
    whole = len(lines) == 1 and len(title) <= width
    return title if whole else "\n".join([*lines, *([bracket + rest] if bracket else [])])


def _across(count: int) -> int:
    """Panels in a row: four, or three where that leaves fewer gaps."""
    return count if count <= 4 else min((4, 3), key=lambda n: (-count % n, -n))
