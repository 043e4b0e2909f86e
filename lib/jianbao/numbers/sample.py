"""Spot checks: a seeded draw from what was reported done, and what the checks say of a figure. Imports compare, readings, cube.

Method: docs/methods/spot-checks.md
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from jianbao.definitions.catalogue import IN_PERIOD, TO_DATE
from jianbao.definitions.period import Period, month_day
from jianbao.definitions.sampling import Drawn, Sampling
from jianbao.errors import JianbaoError
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Item:
    """One row reported done in the period, and why it deserves a look; `drawn_as` says which draw took it."""

    figure: str                     # the indicator it is counted in
    ledger: str
    unit: str
    unit_name: str
    key: str
    title: str
    done_on: date
    file: str
    sheet: str
    row: int
    reasons: tuple[str, ...] = ()
    drawn_as: str = ""

    @property
    def why(self) -> str:
        """Why it was drawn, as printed: 期末2天内完成；…, or 随机."""
        return "；".join(self.reasons) or RANDOM

    def to_json(self) -> dict[str, Any]:
        return {"figure": self.figure, "ledger": self.ledger, "unit": self.unit, "unit_name": self.unit_name, "key": self.key,
                "title": self.title, "done_on": self.done_on.isoformat(), "file": self.file, "sheet": self.sheet,
                "row": self.row, "why": self.why, "drawn_as": self.drawn_as}


@dataclass(frozen=True)
class Draw:
    """The list for a period. `reported`: rows reported done by figure; the same period, data and seed give the same list."""

    period: Period
    as_of: datetime
    seed: str
    items: tuple[Item, ...]
    reported: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        return {"period": self.period.id, "as_of": self.as_of.isoformat(), "seed": self.seed, "reported": dict(self.reported),
                "items": [i.to_json() for i in self.items]}


RANDOM, LAST, EXACT, BATCH = "随机", "期末突击", "踩线达标", "同日成批"


def draw(workspace: Workspace, period: Period, *, seed: str = "", as_of: datetime | None = None) -> Draw:
    """What to check of `period`: a share of each stratum, then of all. Empty when nothing was reported done.

    Raises JianbaoError when params/sample.yml names nothing to draw from.
    """
    sampling = workspace.definitions.sampling
    if not sampling.of:
        raise JianbaoError("params/sample.yml does not say what to draw from. Name a figure below `of:`.")
    cube = Cube(workspace, [period], as_of=as_of, indicators=[])
    seed = seed or f"{workspace.definitions.campaign.name} {period.id}"
    taken: list[Item] = []
    reported = {}
    for figure, drawn in sampling.of.items():
        items = _marked(_reported(cube, figure, drawn, period), cube, drawn, period, sampling)
        reported[figure] = len(items)
        taken += _taken(items, sampling, seed)
    position = cube.tree(period).position
    taken.sort(key=lambda i: (i.ledger, position.get(i.unit, len(position)), i.key))
    return Draw(period, cube.as_of, seed, tuple(taken), reported)


def _reported(cube: Cube, figure: str, drawn: Drawn, period: Period) -> list[Item]:
    """The rows that the figure counts in the period, over everybody."""
    definitions = cube.definitions
    i = definitions.catalogue[figure]
    assert i.ledger is not None
    ledger = definitions.ledgers[i.ledger]
    frame = read(cube, i.id, definitions.campaign.root, period, form=IN_PERIOD if IN_PERIOD in i.forms else None).rows()
    names = {u.code: u.label for u in cube.workspace.register_at(cube.as_of).units}
    day = i.date if i.date in ledger.columns else ledger.date or "date"
    return [Item(figure=i.id, ledger=ledger.name, unit=r["unit"], unit_name=names.get(r["unit"], r["unit"]),
                 key="·".join(str(r[k]) for k in ledger.key), title=_text(r[drawn.title]),
                 done_on=_day(r[day], r["date"]), file=r["file"], sheet=r["sheet"], row=int(r["row"]))
            for r in frame.to_dict("records")]


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _marked(items: Sequence[Item], cube: Cube, drawn: Drawn, period: Period, sampling: Sampling) -> list[Item]:
    """The items with the reasons they deserve a look for."""
    reasons: dict[int, list[str]] = defaultdict(list)
    if (late := sampling.last_minute) is not None:
        after = period.ends - timedelta(days=late.days)
        for k, item in enumerate(items):
            if item.done_on > after:
                reasons[k].append(f"{LAST}：{month_day(item.done_on)}完成，是期末最后{late.days}天")
    if sampling.exact is not None and drawn.rate:
        on_line = {unit: said for unit in {i.unit for i in items} if (said := _on_line(cube, drawn.rate, unit, period, sampling))}
        for k, item in enumerate(items):
            if item.unit in on_line:
                reasons[k].append(f"{EXACT}：{on_line[item.unit]}")
    if (batch := sampling.batch) is not None:
        together: dict[tuple[str, date], list[int]] = defaultdict(list)
        for k, item in enumerate(items):
            together[item.unit, item.done_on].append(k)
        for (_, day), group in together.items():
            if len(group) >= batch.rows:
                for k in group:
                    reasons[k].append(f"{BATCH}：{month_day(day)}一天完成{len(group)}件")
    return [replace(item, reasons=tuple(reasons[k])) for k, item in enumerate(items)]


def _on_line(cube: Cube, rate: str, unit: str, period: Period, sampling: Sampling) -> str:
    """Which threshold a unit's own rate just meets; "" for none."""
    exact = sampling.exact
    assert exact is not None
    i = cube.definitions.catalogue[rate]
    if unit not in cube.tree(period):
        return ""
    r = read(cube, i.id, unit, period, scope="own" if i.allows("own") else "subtree")
    if r.value is None:
        return ""
    lines = [(value, f"{value:.1%}") for value in exact.at]
    if (target := cube.definitions.targets.get(i.id)) is not None:
        goal = target.units.get(unit, target.value)
        lines.append((goal, "目标"))
    if exact.schedule:
        lines.append((cube.elapsed(i, period), "序时进度"))
    for line, name in lines:
        if line > 0 and -1e-9 <= r.value - line < max(exact.within, 1e-9):
            return f"{i.title.zh}{r.value:.1%}，正好达到{name}"
    return ""


def _taken(items: Sequence[Item], sampling: Sampling, seed: str) -> list[Item]:
    """The draw from one figure's rows: strata first, then a share of all from the rest."""
    order = sorted(items, key=lambda i: _lot(seed, i))
    taken: dict[tuple[str, str], Item] = {}

    def take(pool: Iterable[Item], count: int, name: str) -> None:
        for item in pool:
            if count > 0 and (item.unit, item.key) not in taken:
                taken[item.unit, item.key] = replace(item, drawn_as=name)
                count -= 1

    for name, stratum in ((BATCH, sampling.batch), (EXACT, sampling.exact), (LAST, sampling.last_minute)):
        pool = [i for i in order if any(r.startswith(name) for r in i.reasons)]
        if stratum is not None and pool:
            already = sum((i.unit, i.key) in taken for i in pool)
            take(pool, _ceil(stratum.share * len(pool)) - already, name)
    if items:
        take(order, max(_ceil(sampling.share * len(items)), sampling.at_least), RANDOM)
    return list(taken.values())


def _lot(seed: str, item: Item) -> str:
    """An item's place in the draw: its own, so one row more or less moves no other."""
    return hashlib.sha256("\0".join((seed, item.figure, item.unit, item.key)).encode()).hexdigest()


def _ceil(x: float) -> int:
    return math.ceil(x - 1e-9)      # 0.05 × 20 is one, not two


def _day(value: Any, fallback: Any) -> date:
    for v in (value, fallback):
        if v is not None and v == v and not (hasattr(v, "isoformat") and str(v) == "NaT"):
            day = v.to_pydatetime() if hasattr(v, "to_pydatetime") else v
            return day.date() if isinstance(day, datetime) else day
    return date.min


# Results beside figures

@dataclass(frozen=True)
class Checked:
    """What spot checks say of a figure to date: `checked` items, `verified` of them found true; `due` should have been."""

    reading: Reading                # the figure
    checked: Reading
    verified: Reading
    due: int
    state: Literal["verified", "pending"]


def checked(reading: Reading) -> Checked | None:
    """The checks behind a figure, of its unit and all below, to the period's end.

    None for a figure that nothing is drawn from, and where no check was due and none was made. `pending` when too few of
    the due checks came back, or too few of those found the item true.
    """
    sampling = reading.cube.definitions.sampling
    figure = sampling.figure_of(reading.indicator.id)
    if figure is None or reading.value is None or reading.scope == "reported":
        return None
    drawn, period, unit = sampling.of[figure], reading.period, reading.unit.code
    catalogue = reading.cube.definitions.catalogue
    ask: Callable[[str], Reading] = lambda name: read(      # noqa: E731
        reading.cube, name, unit, period, scope=reading.scope,
        form=TO_DATE if TO_DATE in catalogue[name].forms else None)
    total, count, share = ask(figure), ask(drawn.checked), ask(drawn.verified)
    made = int(count.value or 0)
    # A unit too small to be drawn from regularly owes no checks.
    due = min(sampling.floor.checked, int(sampling.share * (total.value or 0) + 1e-9))
    if not made and (not due or not _begun(reading, drawn)):
        return None
    low = share.value is not None and share.value < sampling.floor.rate
    return Checked(reading, count, share, due, "pending" if made < due or low else "verified")


def _begun(reading: Reading, drawn: Drawn) -> bool:
    """Whether any check of this kind was made anywhere: an office that makes none marks nothing."""
    root = read(reading.cube, drawn.checked, reading.cube.definitions.campaign.root, reading.period, form=TO_DATE)
    return bool(root.value)


