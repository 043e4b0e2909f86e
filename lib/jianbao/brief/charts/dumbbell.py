"""Now against before, one row each: a hollow point, a filled one, and the step between. Imports style."""

from __future__ import annotations

from collections.abc import Sequence

from jianbao.brief.charts.style import BLUE, INK, LABEL, RED, house, pictures, unit_mark


def pairs(labels: Sequence[str], before: Sequence[float | None], now: Sequence[float], texts: Sequence[str],
          moves: Sequence[str], *, that: str, this: str, moves_title: str, unit: str = "",
          worse: Sequence[bool] = (), fallen: Sequence[bool] = ()) -> tuple[str, bytes]:
    """The first on top. `before` may be unknown; `moves` stand at the right below `moves_title`.

    Red are the steps for the `worse` and the moves of the `fallen`.
    """
    count = len(labels)
    known = [*now, *(v for v in before if v is not None)]
    low, high = min(known), max(known)
    span = (high - low) or abs(high) or 1.0
    left, edge = low - span * 0.08, high + span * 0.42
    with house(height=0.75 + 0.32 * count) as (figure, axes):
        for k in range(count):
            axes.axhline(k, color="#e6e6e6", linewidth=0.7, zorder=0)
            colour = RED if worse and worse[k] else BLUE
            old = before[k]
            if old is not None and old != now[k]:
                axes.plot([old, now[k]], [k, k], color=colour, linewidth=2.2, solid_capstyle="butt", zorder=1)
                axes.plot([old], [k], marker="o", markersize=7, markerfacecolor="white", markeredgecolor=colour,
                          markeredgewidth=1.4, linestyle="", zorder=2)
            axes.plot([now[k]], [k], marker="o", markersize=7.5, color=colour, linestyle="", zorder=3)
            further = max(now[k], old if old is not None else now[k])
            axes.text(further + span * 0.03, k, texts[k], va="center", ha="left", fontsize=LABEL, zorder=5,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
            axes.text(edge, k, moves[k], va="center", ha="right", fontsize=LABEL, zorder=5,
                      color=RED if fallen and fallen[k] else INK,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        axes.set_yticks(range(count), labels)
        axes.set_xticks([])
        axes.set(xlim=(left, edge), ylim=(count - 0.4, -0.6))
        axes.spines[["bottom", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        key = f"○ {that}　● {this}" + (f"　{unit}" if unit else "")
        axes.annotate(key, (0, 1), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", ha="left",
                      va="bottom", fontsize=LABEL - 1)
        unit_mark(axes, moves_title)
        return pictures(figure)
