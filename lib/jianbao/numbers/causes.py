"""Why a figure is not what it was: which units' own figures differ, and what was received meanwhile. Imports readings, store.

Method: docs/methods/revisions.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from jianbao.definitions.catalogue import IN_PERIOD
from jianbao.definitions.correction import Correction
from jianbao.definitions.counted import ledgers_behind, made_from
from jianbao.definitions.expressions import literal
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.register import Unit
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read
from jianbao.store.closings import Closing, actions

LATE, REFILED, CORRECTED, RECLASSIFIED = "late", "refiled", "corrected", "reclassified"
MASTER, REDEFINED, RECOMPUTED = "master", "redefined", "recomputed"
REASONS = {LATE: "迟报补报", REFILED: "重报", CORRECTED: "更正", RECLASSIFIED: "审核认定", MASTER: "名册基数调整",
           REDEFINED: "口径调整", RECOMPUTED: "重新计算"}
_SYSTEM = ("filings", "findings", "changes", "calendar", "amendments")


@dataclass(frozen=True)
class Cause:
    """A unit whose own figure (本级) differs. `was` or `now` is None where the unit did not stand. `sources` are the names of
    the files that came, or what a correction says."""

    unit: Unit
    was: Reading | None
    now: Reading | None
    reasons: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def size(self) -> float:
        """How much it differs, to put the largest first."""
        def parts(r: Reading | None) -> tuple[float, float]:
            return (0.0, 0.0) if r is None else (r.numerator if r.numerator is not None else r.value or 0.0, r.denominator or 0.0)

        return sum(abs(a - b) for a, b in zip(parts(self.was), parts(self.now), strict=True))


class Meanwhile:
    """What was received after `then` was computed and by the time of `now`, and which figures it touched."""

    def __init__(self, then: Cube, now: Cube) -> None:
        self.then, self.now = then, now
        self.definitions, self.store = now.definitions, now.workspace.store
        self._arrived: dict[tuple[str, date, date], dict[str, set[int]]] = {}
        self._decided: dict[tuple[str, str, date], dict[str, set[int]]] = {}

    def causes(self, reading: Reading) -> list[Cause]:
        """The units below a reading of `now` whose own figure was another one `then`, the largest difference first.

        Reasons: late, a first filing, or rows of an earlier day in a later one; refiled; corrected, by declaration;
        reclassified, decided by the office; master, the register or bases. Without any of these, recomputed.
        """
        found = [self._cause(unit, reading) for unit in self._differing(reading)]
        if not found and (part := self._part_moved(reading)):
            return part
        return sorted(found, key=lambda c: (-c.size, c.unit.code))

    def _part_moved(self, r: Reading) -> list[Cause]:
        """Of an index, which is no sum over units: the units whose parts of it differ, as far as it differs itself."""
        before = self._read(self.then, r.unit.code, r)
        if r.indicator.index is None or _told(before) == _told(r):
            return []
        causes: dict[str, Cause] = {}
        for i in made_from(r.indicator.id, self.definitions):
            part = read(self.now, i.id, r.unit.code, r.period, scope="subtree" if i.allows("subtree") else "own")
            whole = replace(part, scope="subtree")      # own figures are read below it, whether or not they add up
            for unit in self._differing(whole):
                causes.setdefault(unit, self._cause(unit, whole))
        return sorted(causes.values(), key=lambda c: (-c.size, c.unit.code))

    def _read(self, cube: Cube, code: str, r: Reading) -> Reading | None:
        return read(cube, r.indicator.id, code, r.period, form=r.form, scope=r.scope) if code in cube.tree(r.period) else None

    def _differing(self, r: Reading) -> list[str]:
        tree, before = self.now.tree(r.period), self.then.tree(r.period)
        if r.scope != "subtree":
            codes = [r.unit.code]
        else:
            codes = [u.code for u in tree.subtree(r.unit.code)]
            codes += [u.code for u in before.subtree(r.unit.code) if u.code not in tree] if r.unit.code in before else []
            if r.indicator.authority in codes[1:]:
                codes = [str(r.indicator.authority)]
        return [code for code in codes if _told(self._own(self.then, code, r)) != _told(self._own(self.now, code, r))]

    def _own(self, cube: Cube, code: str, r: Reading) -> Reading | None:
        if code not in cube.tree(r.period):
            return None
        return read(cube, r.indicator.id, code, r.period, form=r.form, scope="reported" if r.scope == "reported" else "own")

    def _cause(self, code: str, r: Reading) -> Cause:
        was, now = self._own(self.then, code, r), self._own(self.now, code, r)
        rows, deciding = ledgers_behind(r.indicator.id, self.definitions)
        reasons: dict[str, None] = {}
        sources: dict[str, None] = {}
        for name in sorted(rows):
            ledger = self.definitions.ledgers[name]
            if ledger.kind == "master" or name in _SYSTEM:
                continue
            whose = self.definitions.campaign.office_code if ledger.by_office else code
            # An event of a period comes with rows of its days; anything else may rest on all that was filed up to its end.
            first = r.period.starts if r.form == IN_PERIOD and ledger.kind == "event" else date(1900, 1, 1)
            wanted = self._reaching(ledger, first, r.period.ends).get(code, set())
            for f in self._filings(name, whose):
                in_time = first <= f["period_ends"] <= r.period.ends
                if f["submission"] in wanted or (in_time and not ledger.by_office):
                    reasons[REFILED if f["before"] and f["period_ends"] <= r.period.ends else LATE] = None
                    sources |= dict.fromkeys([f["file"], *self._reopened(f)])
        if rows & set(_SYSTEM):     # figures of filing itself: whatever the unit filed for the period
            for f in self._all_filings.get(code, []):
                if r.period.starts <= f["period_ends"] <= r.period.ends:
                    reasons[REFILED if f["before"] else LATE] = None
                    sources |= dict.fromkeys([f["file"], *self._reopened(f)])
        for name in sorted(deciding):
            found = self._judged(name, rows, r.period.ends).get(code, set())
            reasons |= dict.fromkeys([RECLASSIFIED] if found else [])
            sources |= dict.fromkeys(self._names[s] for s in sorted(found) if s in self._names)
        for c in self._corrections.get(code, ()):
            if c.ledger in rows | deciding:
                reasons[CORRECTED] = None
                sources[f"更正：{c.reason}"] = None
        masters = {n for n in rows if self.definitions.ledgers[n].kind == "master"} & self._masters
        if masters or (not reasons and "register" in self._masters):
            reasons[MASTER] = None
            sources |= dict.fromkeys(self.definitions.ledgers[n].title for n in sorted(masters or {"register"}))
        unit = (now or was).unit if (now or was) is not None else self.now.tree(r.period)[code]  # type: ignore[union-attr]
        return Cause(unit, was, now, tuple(k for k in REASONS if k in reasons) or (RECOMPUTED,), tuple(sources))

    # What came

    @cached_property
    def _corrections(self) -> dict[str, list[Correction]]:
        """unit → corrections of the time between that changed rows of its own."""
        found: dict[str, list[Correction]] = {}
        for s in self.now.snapshot.standings():
            if self.then.as_of < s.correction.on <= self.now.as_of:
                for unit in {s.correction.unit, *(e.before["unit"] for e in s.edits)}:
                    found.setdefault(unit, []).append(s.correction)
        return found

    def _filings(self, ledger: str, unit: str) -> list[dict[str, Any]]:
        return [f for f in self._all_filings.get(unit, []) if f["ledger"] == ledger]

    @cached_property
    def _all_filings(self) -> dict[str, list[dict[str, Any]]]:
        """unit → accepted submissions of the time between; `before`: one for the same ledger and period was known then."""
        from sqlalchemy import and_, exists, select

        from jianbao.store import catalogue as t

        cov, earlier = t.coverage, t.coverage.alias()
        before = exists().where(and_(earlier.c.ledger == cov.c.ledger, earlier.c.period == cov.c.period, earlier.c.accepted,
                                     earlier.c.unit == cov.c.unit, earlier.c.received_at <= self.then.as_of))
        query = (select(cov.c.submission, cov.c.ledger, cov.c.period, cov.c.period_ends, cov.c.unit, cov.c.received_at,
                        t.deliveries.c.name.label("file"), before.label("before"))
                 .join(t.submissions, t.submissions.c.id == cov.c.submission)
                 .join(t.deliveries, t.deliveries.c.id == t.submissions.c.delivery)
                 .where(cov.c.accepted, cov.c.period != "", cov.c.received_at > self.then.as_of,
                        cov.c.received_at <= self.now.as_of)
                 .order_by(cov.c.received_at, cov.c.submission))
        found: dict[str, list[dict[str, Any]]] = {}
        with self.store.engine.connect() as c:
            for row in c.execute(query).mappings():
                found.setdefault(row["unit"], []).append(dict(row))
        return found

    def _reopened(self, filing: Mapping[str, Any]) -> list[str]:
        """What is said of a filing that was only taken because its period had been opened again."""
        done = [c for c in self._closings if c.period == filing["period"] and c.at <= filing["received_at"]]
        return [f"重开：{done[-1].reason}（{done[-1].who}）"] if done and done[-1].action == "reopen" else []

    @cached_property
    def _closings(self) -> list[Closing]:
        return actions(self.store.engine, as_of=self.now.as_of)

    @cached_property
    def _names(self) -> dict[int, str]:
        """submission → file name, of the time between."""
        return {f["submission"]: f["file"] for group in self._all_filings.values() for f in group}

    @cached_property
    def _masters(self) -> set[str]:
        """Master ledgers received in the time between."""
        from sqlalchemy import select

        from jianbao.store.catalogue import submissions as t

        query = select(t.c.ledger).distinct().where(t.c.accepted, t.c.period == "", t.c.received_at > self.then.as_of,
                                                    t.c.received_at <= self.now.as_of)
        with self.store.engine.connect() as c:
            return set(c.execute(query).scalars())

    def _reaching(self, ledger: Ledger, first: date, ends: date) -> dict[str, set[int]]:
        """unit → submissions of the time between with rows of the days asked, whenever they were filed for."""
        key = (ledger.name, first, ends)
        if key not in self._arrived:
            day = "date" if (ledger.kind == "event" and ledger.filing != "rolling") or ledger.by_day else "filed"
            self._arrived[key] = self._with_rows(ledger, f'r."{day}" between {literal(first)} and {literal(ends)}')
        return self._arrived[key]

    def _judged(self, deciding: str, judged: set[str], ends: date) -> dict[str, set[int]]:
        """unit → submissions of the time between in which the office decided on rows of `judged` up to `ends`."""
        found: dict[str, set[int]] = {}
        for name in sorted(judged):
            for column in self.definitions.ledgers[name].columns.values():
                f = column.filled_from
                if f is not None and f.ledger == deciding:
                    key = (deciding, f.latest, ends)
                    if key not in self._decided:
                        self._decided[key] = self._with_rows(self.definitions.ledgers[deciding], f'r."{f.latest}" <= {literal(ends)}')
                    for unit, submissions in self._decided[key].items():
                        found.setdefault(unit, set()).update(submissions)
        return found

    def _with_rows(self, ledger: Ledger, where: str) -> dict[str, set[int]]:
        files = self.store.files(ledger.name)
        if not files:
            return {}
        listed = ", ".join(literal(p.as_posix()) for p in files)
        rows = self.now.snapshot.connection.sql(
            f"select distinct r.unit, r.submission from read_parquet([{listed}], union_by_name = true) r "
            f"where r.received > {literal(self.then.as_of)} and r.received <= {literal(self.now.as_of)} and {where}").fetchall()
        found: dict[str, set[int]] = {}
        for unit, submission in rows:
            found.setdefault(unit, set()).add(submission)
        return found


def _told(r: Reading | None) -> tuple[Any, ...] | None:
    return None if r is None else tuple(None if v is None else round(v, 9) for v in (r.value, r.numerator, r.denominator))
