"""Charts: labels that can be read."""

from __future__ import annotations

import itertools

import pytest

from jianbao.brief import charts

WEEKS = ["8.28—9.3", "9.4—9.10", "9.11—9.17", "9.18—9.24", "9.25—10.1", "10.2—10.8", "10.9—10.15", "10.16—10.22"]


@pytest.mark.parametrize(("labels", "second", "turned"), [
    (WEEKS[:4], "9.4—9.10", 0), (WEEKS, "9.4—\n9.10", 0), (WEEKS * 2, "9.4—9.10", 90)])
def test_period_labels_do_not_run_into_each_other(labels: list[str], second: str, turned: int) -> None:
    with charts.house(height=2.5) as (figure, axes):
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.set_xticks(range(len(labels)), labels)
        charts._fit_labels(figure, axes, labels)
        figure.draw_without_rendering()
        shown = axes.get_xticklabels()
        boxes = [label.get_window_extent() for label in shown]
    assert (shown[1].get_text(), shown[1].get_rotation()) == (second, turned)
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
