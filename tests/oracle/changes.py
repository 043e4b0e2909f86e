"""历史数据修订量: what came in the period's window of knowledge and changed periods already closed, one line per cell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from oracle.filed import BY_OFFICE, KEYS, Filed, Known

STARTS = date(2023, 8, 28)
# Things told by a key, though each is filed but once.
ALSO_KEYED = {"supervision": ["kind", "held_on"], "samples": ["reviewed", "item_key", "checked_on"]}
EVENTS = ("launch", "study", "lectures", "visits", "supervision", "publications", "media", "reviews", "samples")
NOT_CELLS = ("submission", "row", "date", "unit")
# What the office decides: whose, which decisions, and the columns they fill with what there is before any.
BACK = {"reason": None, "decided_on": None, "due_on": None}
JUDGED: list[tuple[str, list[str], dict[str, Any]]] = [
    ("L11", ["合格", "退回"], {"decision": "待审"}), ("L11", ["合格"], {"decided_on": None}), ("L11", ["退回"], BACK),
    ("L11", ["回头看合格", "回头看不合格"], {"decision": None}),
    ("L06", ["合格", "退回"], {"decision": "待审"}), ("L06", ["退回"], BACK),
    ("L19", ["采用", "未用"], {"decision": None}), ("L19", ["采用"], {"printed_in": None})]


def week_ends(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def cut_off(ends: date) -> datetime:
    """Noon after the week that a period's last day lies in."""
    return datetime.combine(week_ends(ends) + timedelta(days=1), datetime.min.time()).replace(hour=12)


class Changes:
    """`units`: the unit of each change."""

    def __init__(self, filed: Filed, starts: date, ends: date, as_of: datetime) -> None:
        self.filed = filed
        self.after, self.until = cut_off(starts - timedelta(days=1)), min(cut_off(ends), as_of)
        s = filed.submissions
        self.accepted = s[s.accepted].sort_values(["received_at", "submission"])
        self.came = self.accepted[(self.accepted.received_at > self.after) & (self.accepted.received_at <= self.until)]
        self.received = dict(zip(s.submission, s.received_at, strict=True))
        self._known: dict[datetime, Known] = {}

    @cached_property
    def units(self) -> list[str]:
        if self.until <= self.after:
            return []
        decided, judged = self._decided()
        rows = [*self._late(), *self._dated_back()]
        return [unit for unit, ledger, submission, row in rows if (ledger, submission, row) not in judged] + decided

    def known(self, at: datetime) -> Known:
        if at not in self._known:
            self._known[at] = Known(self.filed, at)
        return self._known[at]

    def content(self, ledger: str, submission: int, unit: str) -> list[dict[str, Any]]:
        rows = self._content.get((ledger, submission), [])
        return rows if ledger in BY_OFFICE else [r for r in rows if r["unit"] == unit]

    @cached_property
    def _content(self) -> dict[tuple[str, int], list[dict[str, Any]]]:
        found: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for ledger, frame in self.filed.rows.items():
            for r in frame.to_dict("records"):
                found.setdefault((ledger, int(r["submission"])), []).append(r)
        return found

    def _late(self) -> Iterator[tuple[str, str, int, int]]:
        """Each submission after its cut-off against the one before it, cell by cell."""
        for s in self.came.itertuples():
            if s.received_at <= cut_off(s.ends.date()):
                continue
            same = self.accepted[(self.accepted.ledger == s.ledger) & (self.accepted.period == s.period)
                                 & (self.accepted.unit == s.unit) & (self.accepted.received_at < s.received_at)]
            was = self.content(s.ledger, same.submission.iloc[-1], s.unit) if len(same) else []
            now = self.content(s.ledger, s.submission, s.unit)
            key = KEYS.get(s.ledger) or ALSO_KEYED.get(s.ledger)
            pairs = unkeyed(was, now) if key is None else keyed([*self._carried(s, key, now), *was], now, key)
            for b, n in pairs:
                row = n or b
                assert row is not None
                times = 1 if b is None or n is None else sum(plain(b[c]) != plain(n[c]) for c in n if c not in NOT_CELLS)
                yield from [(row["unit"], s.ledger, int(row["submission"]) if n is None else s.submission, int(row["row"]))] * times

    def _carried(self, s: Any, key: list[str], now: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of keyed things, the versions that stood before: it is against these that a late one is held."""
        if s.ledger in ALSO_KEYED or s.ledger in ("group_study", "opinions"):
            return []
        state = self.known(s.received_at - timedelta(microseconds=1)).state(s.ledger, s.ends.date())
        state = state if s.ledger in BY_OFFICE else state[state.unit == s.unit]
        keys = {key_of(r, key) for r in now}
        columns = list(self.filed.rows[s.ledger].columns)
        return [r for r in state[columns].to_dict("records") if key_of(r, key) in keys]

    def _dated_back(self) -> Iterator[tuple[str, str, int, int]]:
        """Filed in time for its own week and dated in one that is closed."""
        for s in self.came.itertuples():
            ends = s.ends.date()
            if s.ledger not in EVENTS or s.received_at > cut_off(ends):
                continue
            later = self.accepted[(self.accepted.ledger == s.ledger) & (self.accepted.period == s.period) & (self.accepted.unit == s.unit)
                                  & (self.accepted.received_at <= self.until)]
            if later.submission.iloc[-1] != s.submission:
                continue
            for r in self.content(s.ledger, s.submission, s.unit):
                day = r["date"].date()
                if day < ends - timedelta(days=6) and cut_off(max(day, STARTS)) < s.received_at and not self._told(s, r):
                    yield r["unit"], s.ledger, s.submission, int(r["row"])

    def _told(self, s: Any, row: dict[str, Any]) -> bool:
        """A whole list comes each time: what it held before is not new."""
        if s.ledger != "publications":
            return False
        key = KEYS["publications"]
        return any(key_of(r, key) == key_of(row, key) for (ledger, submission), rows in self._content.items()
                   if ledger == s.ledger and self.received[submission] < s.received_at for r in rows)

    def _decided(self) -> tuple[list[str], set[tuple[str, int, int]]]:
        reviews = self.known(self.until).rows("reviews").sort_values(["decided_on", "received_at", "submission", "row"])
        units, judged = [], set()
        for code, decisions, columns in JUDGED:
            mine = reviews[(reviews.reviewed == code) & reviews.decision.isin(decisions) & reviews.decided_on.notna()]
            for r in mine[mine.received_at > self.after].to_dict("records"):
                closed = week_ends(max(r["decided_on"].date(), STARTS))
                if cut_off(closed) >= r["received_at"]:
                    continue
                judged.add(("reviews", int(r["submission"]), int(r["row"])))
                before = mine[(mine.unit == r["unit"]) & (mine.item_key == r["item_key"]) & (mine.received_at < r["received_at"])
                              & (mine.decided_on <= pd.Timestamp(closed))]
                last = before.iloc[-1] if len(before) else None
                if last is not None and last.decided_on > r["decided_on"]:
                    continue
                units += [r["unit"] for c, at_first in columns.items()
                          if plain(at_first if last is None else last.get(c)) != plain(r.get(c))]
        return units, judged


def key_of(row: dict[str, Any], key: list[str]) -> tuple[Any, ...]:
    return (row["unit"], *(plain(row[k]) for k in key))


def keyed(was: list[dict[str, Any]], now: list[dict[str, Any]], key: list[str]) -> list[tuple[Any, Any]]:
    old, new = ({key_of(r, key): r for r in rows} for rows in (was, now))
    return [(old.get(k), new.get(k)) for k in {**old, **new}]


def unkeyed(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """Equal rows cancel out; then the same line is the same row; what is left is paired in order."""
    old, new = list(was), list(now)
    for b in was:
        twin = next((n for n in new if same(b, n)), None)
        if twin is not None:
            old.remove(b)
            new.remove(twin)
    pairs: list[tuple[Any, Any]] = []
    for b in list(old):
        n = next((n for n in new if n["row"] == b["row"]), None)
        if n is not None:
            old.remove(b)
            new.remove(n)
            pairs.append((b, n))
    longest = max(len(old), len(new))
    return pairs + list(zip(old + [None] * (longest - len(old)), new + [None] * (longest - len(new)), strict=True))


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return a["unit"] == b["unit"] and all(plain(a[c]) == plain(b[c]) for c in a if c not in NOT_CELLS)


def plain(value: Any) -> Any:
    """What is missing is None, whatever a frame makes of it."""
    if isinstance(value, list):
        return tuple(value) or None
    return None if value is None or value == "" or pd.isna(value) else value

