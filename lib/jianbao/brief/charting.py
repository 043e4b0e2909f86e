"""The charts a brief shows, each by one line in a notebook. Imports graphs, panels, numbers; a facet of Brief."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jianbao.brief import graphs, panels
from jianbao.brief.captions import short
from jianbao.brief.facet import Facet
from jianbao.definitions.catalogue import IN_PERIOD, Form
from jianbao.definitions.period import Period
from jianbao.numbers.compare import comparable_children
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read

if TYPE_CHECKING:
    from jianbao.brief.figures import Figures
    from jianbao.brief.parts import Chart, Face, Prose


class Charting(Facet):
    """What `Brief` can draw. A chart without data is a note that says so; with face="working" it is left out of the issued copy."""

    def progress(self, name: str, *, title: str = "", face: Face = "issued") -> None:
        """A chart of the comparable children against 序时."""
        self._draw(graphs.progress(self._brief[name], self._figures, title=title), face)

    def ranking(self, name: str, *, title: str = "", face: Face = "issued") -> None:
        """The comparable children in order of rank, with the period before and the places moved. No activities."""
        self._draw(graphs.ranking(self._brief[name], self._figures, title=title), face)

    def contribution_chart(self, name: str, *, form: Form | None = None, title: str = "", limit: int = 12,
                           face: Face = "issued") -> None:
        """Which children moved the total since the period before; flows are read 期内 unless said otherwise."""
        whole = self._brief[name]
        wanted = form or _flow(whole)
        whole = whole if wanted == whole.form else read(whole.cube, whole.indicator.id, whole.unit.code, whole.period, form=wanted)
        children = [whole.of(u.code) for u in whole.cube.tree(self._brief.period).children(whole.unit.code)]
        own = read(whole.cube, whole.indicator.id, whole.unit.code, whole.period, form=wanted, scope="own")
        before = own.previous()
        parts = [*children, *([own] if own.value or (before and before.value) else [])]
        self._draw(graphs.contributions(whole, parts, self._figures, title=title, limit=limit), face)

    def trend(self, name: str, *, last: int = 8, form: Form | None = None, title: str = "", face: Face = "issued") -> None:
        """A chart of the last periods; flows are read 期内 unless said otherwise."""
        reading = self._brief[name]
        known, periods = self._over(reading, [reading.unit.code], last, form or _flow(reading))
        self._draw(graphs.trend(known[0], self._figures, title=title, labels=[short(p) for p in periods]), face)

    def multiples(self, name: str, *, last: int = 8, form: Form | None = None, title: str = "", face: Face = "issued") -> None:
        """One small line per comparable child over the last periods, on one scale, with the schedule where there is one."""
        reading = self._brief[name]
        units = [r.unit.code for r in comparable_children(reading)]
        known, periods = self._over(reading, units, last, form or _flow(reading))
        self._draw(panels.multiples(known, self._figures, title=title, labels=[short(p) for p in periods]), face)

    def heatmap(self, *names: str, of: str | Sequence[str] = "peers", title: str = "", face: Face = "issued") -> None:
        """Units × indicators with the value in each cell, dark where a unit is behind. No activities."""
        self._draw(panels.heatmap(self._brief.readings(*names, of=of), self._figures, title=title), face)

    def ageing(self, name: str, *, state: str, since: str = "", due: str = "", bounds: Sequence[int] = (),
               title: str = "", face: Face = "issued") -> None:
        """What is open, by age (or by days past `due`), stacked by the column `state`."""
        chart = panels.ageing(self._brief[name], self._figures, state=state, since=since, due=due, bounds=bounds, title=title)
        self._draw(chart, face)

    @property
    def _figures(self) -> Figures:
        return self._brief.figures

    def _draw(self, part: Chart | Prose, face: Face) -> None:
        self._brief.show(replace(part, face=face))

    def _over(self, reading: Reading, units: Sequence[str], last: int,
              form: Form) -> tuple[list[list[Reading | None]], list[Period]]:
        """A line of readings for each unit over the last periods of the campaign; None where the unit was not there."""
        brief = self._brief
        first = brief.workspace.definitions.campaign.starts
        periods = [p for p in brief.period.last(last) if p.ends >= first]
        cube = Cube(brief.workspace, periods, as_of=brief.as_of, indicators=[reading.indicator.id])
        lines: list[list[Reading | None]] = [
            [read(cube, reading.indicator.id, u, p, form=form, scope=reading.scope) if u in cube.tree(p) else None
             for p in periods] for u in units]
        return lines, periods


def _flow(reading: Reading) -> Any:
    i = reading.indicator
    return IN_PERIOD if IN_PERIOD in i.forms and not i.is_percent else i.default_form
