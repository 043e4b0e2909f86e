"""The I family, after its 口径: figures made of the oracle's other figures, unit by unit in plain Python."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import pandas as pd

from oracle.indicators import ALL, AT, IN, TO, Ratio, distinct, indicator, of

if TYPE_CHECKING:
    from oracle.oracle import Oracle

LEVELS = {"上": ("市四套班子", "市直机关", "国有企业"), "中": ("县(市、区)", "县直机关"), "下": ("乡镇(街道)", "村(社区)", "两企三新")}
NEVER = float("inf")
OF_ITS_OWN = ("heat.index", "heat.gap", "heat.first_act", "study_result.gap", "progress.index", "progress.rank",
              "study_result.finished", "study_result.linked", "study_result.conversion")
WATCHED = ("study", "visits", "problems")
PROGRESS = {"launch.rate": 1, "reading_class.coverage": 1, "group_study.coverage": 1, "cases.coverage": 1, "tasks.progress": 2,
            "rectification.rate": 2, "livelihood.solved_rate": 1}
BEHIND_PROGRESS = ("launch", "study", "group_study", "cases", "problems", "livelihood")
STUDY = ("reading_class.days_per_team", "centre_group.sessions", "lectures.coverage", "visits.per_leader")
RESULT = ("rectification.rate", "livelihood.solved_rate", "development.solved_rate", "study_result.conversion")


def _both_filed(v, *, idle):  # type: ignore[no-untyped-def]
    """Units that filed every watched ledger this time and the time before; `idle`: and nothing stood in any."""
    f = v.filings[v.filings.ledger.isin(WATCHED)]
    fine = f.filed & f.filed_before & ((f["rows"] == 0) & (f["rows_before"] == 0) if idle else True)
    every = fine.groupby(f.unit).all()
    return f[f.unit.isin(every[every].index)]


@indicator("heat.silent_units", IN)
def _(v, form):  # type: ignore[no-untyped-def]
    return distinct("filings", form, _both_filed(v, idle=True), "unit")


@indicator("heat.watched_units", IN)
def _(v, form):  # type: ignore[no-untyped-def]
    return distinct("filings", form, _both_filed(v, idle=False), "unit")


@indicator("heat.silent_share", IN)
def _(v, form):  # type: ignore[no-untyped-def]
    return Ratio(of(v, "heat.silent_units", form), of(v, "heat.watched_units", form))


def form_of(name: str) -> str:
    if name in OF_ITS_OWN:
        return AT
    forms = ALL[name][0]
    return AT if AT in forms else TO if TO in forms else forms[-1]


class Indices:
    """Over one oracle; `value` is None where a unit is not rated."""

    def __init__(self, oracle: Oracle) -> None:
        self.o, self.units = oracle, oracle.units
        self._progress: dict[tuple[str, str], float | None] = {}
        register = oracle.tree.valid.set_index("code")
        self.kind, self.files = dict(register.org_type), dict(register.files)

    def parts(self, name: str, unit: str, scope: str) -> tuple[float | None, float | None, float | None]:
        """(value, numerator, denominator)."""
        if name != "study_result.conversion":
            return self.value(name, unit, scope), None, None
        top, bottom = self.value("study_result.linked", unit, scope), self.value("study_result.finished", unit, scope)
        return (None if top is None or not bottom else top / bottom), top, bottom

    def value(self, indicator: str, unit: str, scope: str) -> float | None:
        match indicator:
            case "heat.index":
                return self.heat[unit] if scope == "own" else self.middle(self.heat, unit)
            case "heat.first_act":
                return self.middle(self.first_act, unit, alone=scope == "own")
            case "heat.gap":
                if scope == "own":
                    return None
                upper, lower = (self.middle({u: x for u, x in self.heat.items() if self.kind[u] in LEVELS[level] and self.files[u]},
                                            unit) for level in ("上", "下"))
                return None if upper is None or lower is None else upper - lower
            case "study_result.gap":
                return self.gap[unit] if scope == "own" else self.middle(self.gap, unit)
            case "study_result.finished" | "study_result.linked":
                which = indicator.rpartition(".")[2]
                known = [x for ledger in ("topics", "cases") if (x := self.figure(f"{ledger}.{which}", unit, scope)) is not None]
                return sum(known) if known else None
            case "progress.index":
                return self.progress(unit, scope)
        return self.rank(unit, scope)

    def middle(self, own: dict[str, float | None], unit: str, *, alone: bool = False) -> float | None:
        """The median of the rated units at and below a unit."""
        inside = [unit] if alone else [u for u in self.units if self.o.tree.is_within(u, unit)]
        rated = [x for u in inside if (x := own.get(u)) is not None]
        found = median(rated) if rated else None
        return None if found == NEVER else found

    @cached_property
    def gone(self) -> float:
        first, last = date(2023, 8, 28), date(2024, 1, 31)
        return min(((self.o.view.p.ends - first).days + 1) / ((last - first).days + 1), 1.0)

    def figure(self, indicator: str, unit: str, scope: str = "own") -> float | None:
        return self.o.value(indicator, unit, form_of(indicator), scope)

    # Heat

    @cached_property
    def heat(self) -> dict[str, float | None]:
        return {u: self._heat(u) for u in self.units}

    def _heat(self, unit: str) -> float | None:
        sessions, visits = self.figure("centre_group.sessions", unit), self.figure("visits.per_leader", unit)
        rate = self.figure("rectification.rate", unit)
        parts = [self._on_time(unit), self.figure("tasks.on_time_rate", unit), None if sessions is None else sessions / (5 * self.gone),
                 None if visits is None else visits / (5 * self.gone), None if rate is None else rate / self.gone]
        known = [min(x, 1) * 100 for x in parts if x is not None]
        return mean(known) if len(known) >= 3 else None

    def _on_time(self, unit: str) -> float | None:
        """Of this period and the three before it: in how many the unit filed everything in time, of those it was asked in."""
        asked = [o.parts("filings.on_time_rate", unit, IN, "own")[1:] for o in self._four if unit in o.units]
        due = sum(bottom or 0 for _, bottom in asked)
        return sum(top or 0 for top, _ in asked) / due if due else None

    @cached_property
    def _four(self) -> list[Oracle]:
        found, window = [self.o], self.o.view.p
        for _ in range(3):
            window = before(window)
            if window.ends >= date(2023, 8, 28):
                found.append(type(self.o)(self.o.view.known.filed, window, self.o.view.known.as_of))
        return found

    @cached_property
    def first_act(self) -> dict[str, float | None]:
        v = self.o.view
        launched = v.dated("launch", TO)
        frames = [launched[launched.event_type == "动员会"], v.dated("study", TO), v.dated("visits", TO),
                  v.window(v.state("problems"), "date", TO)]
        acts = pd.concat([f[["unit", "date"]] for f in frames])
        known = set().union(*(self.o._filers(ledger, TO) or () for ledger in ("launch", "study", "visits", "problems")))
        first = {u: (day.date() - date(2023, 8, 28)).days for u, day in acts.groupby("unit").date.min().items()} if len(acts) else {}
        return {u: first.get(u, NEVER) if u in known else None for u in self.units}

    # Study and results

    @cached_property
    def gap(self) -> dict[str, float | None]:
        study, result = self._standing(STUDY), self._standing(RESULT)
        return {u: None if study[u] is None or result[u] is None else study[u] - result[u] for u in self.units}

    def _standing(self, indicators: tuple[str, ...]) -> dict[str, float | None]:
        ranks = [self._ranks({u: self.figure(i, u) for u in self.units}) for i in indicators]
        means: dict[str, float | None] = {}
        for u in self.units:
            known = [x for r in ranks if (x := r[u]) is not None]
            means[u] = mean(known) if len(known) >= 2 else None
        return self._ranks(means)

    def _ranks(self, figures: dict[str, float | None]) -> dict[str, float | None]:
        """Of the others of its kind: the share it is above, counting equals half."""
        ranks: dict[str, float | None] = dict.fromkeys(figures)
        for u, x in figures.items():
            others = [y for v, y in figures.items() if v != u and self.kind[v] == self.kind[u] and y is not None]
            if x is not None and len(others) >= 4:
                ranks[u] = sum(1 if y < x - 1e-9 else 0.5 if y <= x + 1e-9 else 0 for y in others) / len(others) * 100
        return ranks

    # Progress

    def progress(self, unit: str, scope: str) -> float | None:
        if (unit, scope) not in self._progress:
            self._progress[unit, scope] = self._weighted(unit, scope)
        return self._progress[unit, scope]

    def _weighted(self, unit: str, scope: str) -> float | None:
        known = [(weight, min(x, 1) * 100) for i, weight in PROGRESS.items() if (x := self.figure(i, unit, scope)) is not None]
        return sum(w * x for w, x in known) / sum(w for w, _ in known) if len(known) >= 3 else None

    def rank(self, unit: str, scope: str) -> float | None:
        parents = self.o.tree.parents
        peers = [u for u in self.units if parents[u] == parents[unit] and self.kind[u] == self.kind[unit] and self._filed(u, scope)]
        if unit not in peers:
            return None
        points = {u: x for u in peers if (x := self.progress(u, scope)) is not None}
        if unit not in points or len(points) < 2:
            return None
        return 1 + sum(x > points[unit] + 1e-9 for x in points.values())

    def _filed(self, unit: str, scope: str) -> bool:
        """At least four fifths of those asked have filed, for each ledger progress is counted from."""
        inside = [unit] if scope == "own" else [u for u in self.units if self.o.tree.is_within(u, unit)]
        for ledger in BEHIND_PROGRESS:
            asked = {u: done for u, done in self._asked(ledger).items() if u in inside}
            if asked and sum(asked.values()) < 0.8 * len(asked):
                return False
        return True

    @cached_property
    def _last_filing(self) -> list[dict[str, Any]]:
        return self.o.view._filing(*self.o.view.p.whole[-1])

    def _asked(self, ledger: str) -> dict[str, bool]:
        """Who was asked in the period's last week, and whether it filed; what is asked once, by whether it ever answered."""
        rows = [r for r in self._last_filing if r["ledger"] == ledger]
        if ledger != "launch":
            return {r["unit"]: r["filed"] for r in rows}
        answered = self.o._filers("launch", IN) or set()
        return {u: u in answered for u in {r["unit"] for r in rows} | (answered & set(self.units))}


def before(window):  # type: ignore[no-untyped-def]
    """The week before, or the month before with its weeks."""
    kind = type(window)
    if len(window.weeks) == 1:
        ends = window.ends - timedelta(days=7)
        id_ = f"{ends.isocalendar().year}-W{ends.isocalendar().week:02}"
        return kind(id_, ends - timedelta(days=6), ends, ((id_, ends),))
    ends = window.starts - timedelta(days=1)
    starts, weeks = ends.replace(day=1), []
    last = starts + timedelta(days=6 - starts.weekday())
    while last - timedelta(days=6) <= ends:
        weeks.append((f"{last.isocalendar().year}-W{last.isocalendar().week:02}", last))
        last += timedelta(days=7)
    return kind(f"{ends:%Y-%m}", starts, ends, tuple(weeks))
