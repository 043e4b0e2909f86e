"""Values of every indicator for any unit, period, form and scope, at a moment of knowledge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from statistics import median
from typing import Any

import pandas as pd

from oracle.changes import Changes
from oracle.filed import BY_OFFICE, KEYS, OFFICE, Filed, Known, Tree
from oracle.indicators import ALL, AT, IN, Ahead, Part, Ratio, Sum
from oracle.indices import OF_ITS_OWN, Indices

FORMS = {**{id_: forms for id_, (forms, _) in ALL.items()}, **dict.fromkeys(OF_ITS_OWN, (AT,))}
STARTS, ENDS = date(2023, 8, 28), date(2024, 1, 31)
# Who files what; the office's own ledgers are the office's alone.
_ALL = ["市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业", "乡镇(街道)"]
FILED_BY = {
    "launch": [*_ALL, "村(社区)", "两企三新"],
    "study": _ALL,
    "group_study": ["县(市、区)", "国有企业", "乡镇(街道)", "村(社区)", "两企三新"],
    "visits": ["市四套班子", "市直机关", "县(市、区)", "县直机关"],
    "opinions": ["市直机关", "县(市、区)", "县直机关", "乡镇(街道)"],
    "problems": _ALL,
    "lectures": _ALL,
    "cases": _ALL,
    "topics": ["市四套班子", "县(市、区)"],
    "development": ["市四套班子", "市直机关", "县(市、区)", "国有企业"],
    "livelihood": ["市直机关", "县(市、区)", "县直机关", "乡镇(街道)"],
    "institutions": ["市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业"],
    "contributions": ["市直机关", "县(市、区)", "县直机关"],
}
# Asked for in the weeks in which a month ends only.
MONTHLY = ("lectures", "cases", "livelihood", "institutions", "contributions")
SYSTEM = ("register", "bases", "tasks", "groups", "filings", "calendar", "findings", "changes")
# Of the weeks tried: 中秋 and 国庆 2023, and the two days worked for them.
OFF = {date(2023, 9, 29) + timedelta(days=n) for n in range(8)}
WORKED = {date(2023, 10, 7), date(2023, 10, 8)}
SNAPSHOTS = ("group_study", "opinions")


@dataclass(frozen=True)
class Window:
    """A period asked for. `weeks` are the filing periods that touch it, as (id, last day); a week touches itself."""

    id: str
    starts: date
    ends: date
    weeks: tuple[tuple[str, date], ...]

    @property
    def whole(self) -> tuple[tuple[str, date], ...]:
        """The weeks that ended inside."""
        return tuple(w for w in self.weeks if self.starts <= w[1] <= self.ends)


class View:
    """What the indicators' functions see: the frames of one moment and one period."""

    def __init__(self, known: Known, window: Window) -> None:
        self.known, self.p = known, window
        self.last, self.campaign_starts = pd.Timestamp(window.ends), pd.Timestamp(STARTS)
        self.tree = Tree(known.master("register"), window.ends)
        self._dated: dict[tuple[str, str], pd.DataFrame] = {}

    def window(self, rows: pd.DataFrame, column: str, form: str) -> pd.DataFrame:
        """Rows dated in the period, or from the campaign's start to the period's end."""
        first = self.p.starts if form == IN else STARTS
        return rows[(rows[column] >= pd.Timestamp(first)) & (rows[column] <= self.last)]

    def dated(self, ledger: str, form: str) -> pd.DataFrame:
        if (ledger, form) not in self._dated:
            self._dated[ledger, form] = self.window(self.known.rows(ledger), "date", form)
        return self._dated[ledger, form]

    def filed_in(self, ledger: str, form: str) -> pd.DataFrame:
        """A snapshot's flows belong to the period they were filed for."""
        return self.window(self.known.rows(ledger), "ends", form)

    def state(self, ledger: str) -> pd.DataFrame:
        rows = self.known.state(ledger, self.p.ends)
        # What a unit that is gone had (a stock) is another's now; what it did stays.
        return rows[rows.unit.isin(self.tree.valid.code)] if ledger in SNAPSHOTS else rows

    @cached_property
    def register(self) -> pd.DataFrame:
        return self.tree.valid.assign(unit=self.tree.valid.code)

    @cached_property
    def bases(self) -> pd.DataFrame:
        b = self.known.master("bases")
        b = b[(b.base_date <= self.last) & b.unit.isin(self.tree.valid.code)]
        return b.sort_values("base_date", kind="stable").drop_duplicates("unit", keep="last")

    @cached_property
    def tasks(self) -> pd.DataFrame:
        return self.known.master("tasks")

    @cached_property
    def groups(self) -> pd.DataFrame:
        return self.known.master("groups")

    def linked(self, rows: pd.DataFrame, *ledgers: str) -> pd.Series:
        """Whether a row's link is the number of something its own unit has registered in one of the ledgers."""
        there = set()
        for ledger in ledgers:
            other = self.state(ledger)
            there |= set(zip(other.unit, other[KEYS[ledger][0]], strict=True))
        return pd.Series([pair in there for pair in zip(rows.unit, rows.link_id, strict=True)], rows.index, dtype=bool)

    def calendar(self, form: str) -> pd.DataFrame:
        """The days of the period, or of the campaign up to its end, that belong to the campaign: unit, day, worked, week."""
        first = max(self.p.starts, STARTS) if form == IN else STARTS
        days = [first + timedelta(days=n) for n in range((min(self.p.ends, ENDS) - first).days + 1)]
        return pd.DataFrame({"unit": OFFICE, "day": pd.to_datetime(days), "worked": [is_worked(d) for d in days],
                             "week": [week_of(d) for d in days]})

    @cached_property
    def all_days(self) -> pd.DataFrame:
        """Any day a row may bear, those before the campaign too."""
        days = [STARTS + timedelta(days=n) for n in range(-60, (ENDS - STARTS).days + 1)]
        return pd.DataFrame({"day": pd.to_datetime(days), "worked": [is_worked(d) for d in days]})

    @cached_property
    def filings(self) -> pd.DataFrame:
        """Who was due to file what for each week that ended in the period, and what became of it."""
        rows: list[dict[str, Any]] = []
        for week, ends in self.p.whole:
            before = ends - timedelta(days=7)
            earlier: dict[tuple[str, str], dict[str, Any]] = {}
            if before >= STARTS:
                earlier = {(r["unit"], r["ledger"]): r for r in self._filing(None, before)}
            for r in self._filing(week, ends):
                was = earlier.get((r["unit"], r["ledger"]), {"filed": False, "returned": True, "rows": 0})
                rows.append({**r, "missed_before": not was["filed"] and not was["returned"],
                             "filed_before": was["filed"], "rows_before": was["rows"]})
        kinds = {"filed": bool, "returned": bool, "on_time": bool, "missed_before": bool, "rows": int, "returned_ever": bool,
                 "filed_before": bool, "rows_before": int}
        return pd.DataFrame(rows, columns=["unit", "ledger", *kinds]).astype(kinds)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What was found in the period's submissions, except in those for every unit of which a later accepted one came."""
        came = self.known.received[self.known.received.period.isin([week for week, _ in self.p.whole])]
        last = came[came.accepted].drop_duplicates(["ledger", "period", "unit"], keep="last")
        last = came.merge(last[["ledger", "period", "unit", "received_at", "submission"]], on=["ledger", "period", "unit"],
                          how="left", suffixes=("", "_last"))
        newer = (last.received_at_last > last.received_at) | (
            (last.received_at_last == last.received_at) & (last.submission_last > last.submission))
        standing = set(last.submission[~newer])
        found = self.known.filed.findings
        found = found[found.submission.isin(standing)]
        return found.assign(unit=found.unit.where(found.unit != "", "root"))

    @cached_property
    def changes(self) -> pd.DataFrame:
        found = Changes(self.known.filed, self.p.starts, self.p.ends, self.known.as_of)
        return pd.DataFrame({"unit": pd.Series(found.units, dtype=object)})

    def _filing(self, week: str | None, ends: date) -> list[dict[str, Any]]:
        cut_off = datetime.combine(ends + timedelta(days=1), datetime.min.time()).replace(hour=12)
        tree = Tree(self.known.master("register"), ends)
        register = tree.valid.set_index("code")
        received = self.known.received[self.known.received.ends == pd.Timestamp(ends)]
        launched = self.known.rows("launch")
        launched = set(launched.unit[launched.ends < pd.Timestamp(ends)])
        month_ends = (ends - timedelta(days=6)).month != (ends + timedelta(days=1)).month
        due = [(c, ledger) for ledger, kinds in FILED_BY.items() for c in tree.parents
               if register.files[c] and register.org_type[c] in kinds and not (ledger == "launch" and c in launched)
               and (month_ends or ledger not in MONTHLY)]
        due += [(OFFICE, ledger) for ledger in sorted(BY_OFFICE) if OFFICE in tree.parents]
        by = dict(iter(received.groupby(["unit", "ledger"])))
        rows = []
        for unit, ledger in due:
            mine = by.get((unit, ledger))
            yes = mine[mine.accepted] if mine is not None else None
            filed = yes is not None and len(yes) > 0
            content = self.known.filed.rows[ledger]
            counted = 0
            if filed:       # an office's sheet is one whole; of another, the unit's own rows
                counted = ((content.submission == yes.submission.iloc[-1]) & ((content.unit == unit) | (ledger in BY_OFFICE))).sum()
            rows.append({"unit": unit, "ledger": ledger, "filed": filed, "returned": mine is not None and not filed,
                         "on_time": filed and yes.received_at.iloc[0] <= cut_off, "rows": counted,
                         "returned_ever": mine is not None and bool((~mine.accepted).any())})
        return rows


def is_worked(day: date) -> bool:
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def week_of(day: date) -> int:
    """The campaign's weeks from 0; it starts on a Monday."""
    return (day - STARTS).days // 7


class Oracle:
    """`value(indicator, unit, form, scope)` for one period at one moment; None where nothing is known."""

    def __init__(self, filed: Filed, window: Window, as_of: datetime) -> None:
        self.view = View(Known(filed, as_of), window)
        self.tree = self.view.tree
        self._parts: dict[tuple[str, str], Any] = {}
        self._has: dict[tuple[str, str], set[str]] = {}
        self._codes = set(self.view.known.master("register").code)

    @property
    def units(self) -> list[str]:
        return sorted(self.tree.parents)

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """unit → itself and every unit under it, those that are gone included."""
        return {u: [c for c in self._codes if self.tree.is_within(c, u)] for u in self.units}

    def value(self, indicator: str, unit: str, form: str, scope: str = "subtree") -> float | None:
        return self.parts(indicator, unit, form, scope)[0]

    def parts(self, indicator: str, unit: str, form: str, scope: str) -> tuple[float | None, float | None, float | None]:
        """(value, numerator, denominator)."""
        if indicator in OF_ITS_OWN:
            return self._indices.parts(indicator, unit, scope)
        key = (indicator, form)
        if key not in self._parts:
            self._parts[key] = ALL[indicator][1](self.view, form)
        return self._evaluate(self._parts[key], unit, scope)

    @cached_property
    def _indices(self) -> Indices:
        return Indices(self)

    def _evaluate(self, what: Part | Ratio | Ahead | Sum, unit: str, scope: str) -> tuple[Any, Any, Any]:
        if isinstance(what, Sum):
            parts = [(sign, self._evaluate(part, unit, scope)[0]) for sign, part in what.terms]
            if any(value is None for _, value in parts):
                return None, None, None
            return sum(sign * value for sign, value in parts) + what.plus, None, None
        if isinstance(what, Ahead):
            rate = self._evaluate(what.ratio, unit, scope)[0]
            gone = ((self.view.p.ends - STARTS).days + 1) / ((ENDS - STARTS).days + 1)
            return (None if rate is None else rate - min(gone, 1.0)), None, None
        if isinstance(what, Ratio):
            top, bottom = self._over(what.top, unit, scope), self._over(what.bottom, unit, scope)
            return (None if top is None or not bottom else top / bottom), top, bottom
        return self._over(what, unit, scope), None, None

    def _over(self, part: Part, unit: str, scope: str) -> float | None:
        units = [unit] if scope == "own" else self._below[unit]
        has = self._filers(part.ledger, part.form)
        if has is not None and not any(u in has for u in units):
            return None
        values = [x for u in units for x in part.values.get(u, ())]
        match part.how:
            case "sum":
                return sum(values)
            case "distinct":
                return len(set(values))
        return median(values) if values else None

    def _filers(self, ledger: str, form: str) -> set[str] | None:
        """Units something is known of; None: everybody."""
        if ledger in SYSTEM:
            return None
        if (ledger, form) not in self._has:
            accepted = self.view.known.accepted
            mine = accepted[accepted.ledger == ledger]
            dated = ledger not in KEYS      # a dated row of October may come with the week that ends in November
            inside = mine.period.isin([w for w, _ in (self.view.p.weeks if dated else self.view.p.whole)])
            ever = mine.ends <= pd.Timestamp(self.view.p.ends)
            units = set(mine.unit[inside if form == IN else inside | ever])
            if form == IN and ledger == "launch":       # filed once with a row, it answers for every later period
                rows = self.view.known.rows("launch")
                units |= set(rows.unit[rows.ends < pd.Timestamp(self.view.p.starts)])
            if form == AT and ledger in SNAPSHOTS:      # counts of a unit that is gone are nobody's
                units &= set(self.tree.valid.code)
            self._has[ledger, form] = self._codes if ledger in BY_OFFICE and units else units
        return self._has[ledger, form]
