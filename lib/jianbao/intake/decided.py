"""Rows that the office sent back by their content: how each stands, and which are still awaited. Imports sheet, workspace,
store, definitions.

A row is told by ledger, unit and key. How a ledger says "sent back" and "filed again" is in its definition (`returns`). The
whole history of a row is in chronicle.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import FilledFrom, Ledger, Returns
from jianbao.definitions.period import month_day
from jianbao.errors import JianbaoError
from jianbao.intake.cells import shown
from jianbao.intake.sheet import Sheet
from jianbao.store import Store
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """How a row stands that went back at least once, or did not bear a later check."""

    ledger: str
    unit: str
    key: str
    subject: str
    state: str                      # the office's word, 待审 again once it was refiled
    returns: int                    # how often it went back
    refilings: int                  # how often it came again
    reason: str
    returned_on: date | None        # of the last time it went back
    due: date | None
    refiled_on: date | None
    failures: int                   # of the later check
    failed_on: date | None
    open: bool                      # it went back and has not come again

    def overdue(self, on: date) -> int:
        """Days past its due day while it is awaited; 0 when not."""
        return max((on - self.due).days, 0) if self.open and self.due else 0


def standings(workspace: Workspace, on: date, as_of: datetime | None = None, *, ledgers: Iterable[str] | None = None,
              units: Iterable[str] | None = None, filed: date | None = None) -> list[Standing]:
    """Every row that the office sent back or that did not bear a later check, as it stands at the end of `on`, by ledger, unit
    and key. Filings count up to the period that ended by `filed`, or by `on`."""
    snapshot = workspace.snapshot(as_of)
    wanted = set(units) if units is not None else None
    found = []
    for ledger in workspace.definitions.filed_ledgers.values():
        if ledger.returns is None or (ledgers is not None and ledger.name not in ledgers):
            continue
        found += _standings(snapshot, ledger, ledger.returns, on, filed or on, wanted)
    return sorted(found, key=lambda s: (s.ledger, s.unit, s.key))


def _standings(
    snapshot: Any, ledger: Ledger, returns: Returns, on: date, filed: date, units: set[str] | None
) -> list[Standing]:
    f = filled(ledger, returns.state)
    last_day = date(9999, 1, 1)
    last = min(on, last_day)
    decisions = queried(snapshot, f"select x.*, x.\"{f.latest}\" as decided from {snapshot.source(f.ledger)} x "
                                f"where ({decides(ledger)}) and x.\"{f.latest}\" <= {literal(last)} "
                                f'order by x."{f.latest}", x.received, x.submission, x.row')
    mine: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for d in decisions:
        if units is None or d["unit"] in units:
            mine.setdefault((d["unit"], "·".join(shown(d[theirs]) for theirs in f.key.values())), []).append(d)
    failed = {returns.failed} - {""}
    mine = {k: ds for k, ds in mine.items() if any(d[f.column] in {returns.returned, *failed} for d in ds)}
    if not mine:
        return []
    versions: dict[tuple[str, str], list[dict[str, Any]]] = {}
    names = ", ".join(f'r."{n}"' for n in dict.fromkeys(("unit", *ledger.key, returns.refiled_on,
                                                          *([returns.subject] if returns.subject else []))))
    listed = ", ".join(literal(u) for u in sorted({u for u, _ in mine}))
    ever: dict[tuple[str, str], set[date]] = {}
    counted = snapshot.source(ledger.name)
    for rows_of in (counted, snapshot.everything(ledger.name)):
        for v in queried(snapshot, f"select {names} from {rows_of} r where r.unit in ({listed}) "
                                 f"and r.filed <= {literal(min(filed, last_day))} order by r.filed, r.received, r.submission, r.row"):
            place = v["unit"], "·".join(shown(v[k]) for k in ledger.key)
            if rows_of is counted:
                versions.setdefault(place, []).append(v)
            if v[returns.refiled_on] is not None and v[returns.refiled_on] <= on:
                ever.setdefault(place, set()).add(v[returns.refiled_on])
    reason, due = filled(ledger, returns.reason).column, filled(ledger, returns.due).column
    found = []
    for (unit, key), ds in mine.items():
        verdicts = [d for d in ds if not returns.recheck or not _said(ledger, returns.recheck, d)]
        back = [d for d in verdicts if d[f.column] == returns.returned]
        failures = [d for d in ds if d[f.column] in failed]
        rows = versions.get((unit, key), [])
        days = {v[returns.refiled_on] for v in rows if v[returns.refiled_on] is not None and v[returns.refiled_on] <= on}
        refiled = max(days, default=None)
        last_word = verdicts[-1][f.column] if verdicts else returns.waiting
        came = bool(back) and refiled is not None and refiled >= back[-1]["decided"]
        open_ = last_word == returns.returned and not came
        state = returns.waiting if last_word == returns.returned and came else last_word
        # Each time it went back it can have come again once, however often the day was corrected.
        again = {bisect_right([d["decided"] for d in back], day) for day in ever.get((unit, key), ())} - {0}
        subject = shown(rows[-1][returns.subject], 80) if rows and returns.subject else ""
        found.append(Standing(ledger.name, unit, key, subject, state, len(back), len(again),
                              shown(back[-1][reason]) if back else "", back[-1]["decided"] if back else None,
                              back[-1][due] if back else None, refiled, len(failures),
                              failures[-1]["decided"] if failures else None, open_))
    return found


def awaited(workspace: Workspace, on: date, units: Iterable[str] | None = None, as_of: datetime | None = None) -> list[Standing]:
    """Rows that went back by `on` and have not come again, in whatever was filed; what is due first, first."""
    found = [s for s in standings(workspace, on, as_of, units=units, filed=date.max) if s.open]
    return sorted(found, key=lambda s: (s.due or date.max, s.ledger, s.unit, s.key))


def told(workspace: Workspace, on: date, as_of: datetime | None = None) -> dict[str, list[str]]:
    """unit → its awaited rows as a reminder names them: 检视问题台账 WT-002（不聚焦，10月27日前重报，已过 3 天）."""
    found: dict[str, list[str]] = {}
    for s in awaited(workspace, on, as_of=as_of):
        late = s.overdue(on)
        said = [s.reason, f"{month_day(s.due)}前重报" if s.due else "", f"已过 {late} 天" if late else ""]
        about = "，".join(x for x in said if x)
        title = workspace.definitions.ledgers[s.ledger].title
        found.setdefault(s.unit, []).append(f"{title} {s.key}" + (f"（{about}）" if about else ""))
    return found


# A sheet that files such a row again


def unmarked(sheets: Sequence[Sheet], store: Store) -> Iterable[tuple[int, Finding]]:
    """Rows of a batch that went back and come again without the day of refiling: (sheet, finding)."""
    ledgers = {s.ledger.name: s.ledger for s in sheets if s.ledger.returns is not None and s.rows and s.period is not None}
    for ledger in ledgers.values():
        returns = ledger.returns
        assert returns is not None
        back = _sent_back(store, ledger, returns) if store.files(filled(ledger, returns.state).ledger) else {}
        if not back:
            continue
        title = ledger.columns[returns.refiled_on].title
        for n, sheet in enumerate(sheets):
            if sheet.ledger.name != ledger.name or sheet.period is None:
                continue
            refiled = sheet.values[returns.refiled_on]
            for at, unit in enumerate(sheet.units):
                d = back.get((unit, sheet.key(at)))
                if d is None or (refiled[at] is not None and refiled[at] >= d.returned_on):
                    continue
                until = f"，要求 {month_day(d.due)}前重报" if d.due else ""
                yield n, sheet.finding(
                    "warning", "refiled",
                    f"“{d.key}”{month_day(d.returned_on)}被退回（{d.reason or '没有写原因'}）{until}；这次报了，“{title}”没有填"
                    + ("。" if refiled[at] is None else "新的日期。"),
                    f"已按退回意见改好的，填上“{title}”；没有改的，仍按退回计。", at=at, column=returns.refiled_on, value=refiled[at])


@dataclass(frozen=True)
class _Back:
    key: str
    returned_on: date
    reason: str
    due: date | None


def _sent_back(store: Store, ledger: Ledger, returns: Returns) -> dict[tuple[str | None, str], _Back]:
    """(unit, key) → the last decision, where it was to send the row back."""
    f = filled(ledger, returns.state)
    snapshot = store.snapshot()
    keys = ", ".join(f'x."{k}"' for k in ("unit", *f.key.values()))
    condition = f"where {to_sql(f.where, _plain)}" if f.where else ""
    rows = queried(snapshot, f"select * from (select x.* from {snapshot.source(f.ledger)} x {condition} qualify row_number() over "
                           f'(partition by {keys} order by x."{f.latest}" desc, x.received desc, x.submission desc, x.row desc) = 1) '
                           f'where "{f.column}" = {literal(returns.returned)}')
    reason, due = filled(ledger, returns.reason).column, filled(ledger, returns.due).column
    back = {}
    for r in rows:
        key = "·".join(shown(r[theirs]) for theirs in f.key.values())
        back[r["unit"], key] = _Back(key, r[f.latest], shown(r[reason]), r[due])
    return back


def filled(ledger: Ledger, column: str) -> FilledFrom:
    """Where the office decides a column."""
    f = ledger.columns[column].filled_from
    if f is None:
        raise JianbaoError(f"{ledger.title}: {column} is not filled from any ledger of the office.")
    return f


def decides(ledger: Ledger) -> str:
    """Which rows of the office's ledger are decisions on this one: those that fill any of its columns."""
    said = {f"({to_sql(f.where, _plain)})" if f.where else "true" for c in ledger.columns.values() if (f := c.filled_from)}
    return " or ".join(sorted(said))


def _said(ledger: Ledger, column: str, decision: Mapping[str, Any]) -> bool:
    """Whether a decision is of those that fill `column`."""
    return decision[filled(ledger, column).column] in ledger.columns[column].codes


def _plain(table: str, name: str) -> str:
    return f'x."{name}"'


def queried(snapshot: Any, query: str) -> list[dict[str, Any]]:
    """The rows of a query, as dictionaries."""
    found: list[dict[str, Any]] = snapshot.connection.sql(query).to_arrow_table().to_pylist()
    return found
