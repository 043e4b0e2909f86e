"""Counts far from what a unit usually files. Imports masks, past, definitions. Method: docs/methods/swing.md"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.expressions import literal
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.rule import Swing
from jianbao.intake.masks import about_sheet
from jianbao.intake.past import SHEET, Group, Past

ROWS = "rows"
RECENT = 12  # periods looked back; a unit that missed some still has filings among them
Counts = dict[str, float]  # rows, or column → how many
REMEDY = "属实的在“说明”里写明原因；填错的请改正。"


def swings(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for each count of rows or of a column that is far from the median of the unit's last filings."""
    asked = asked_of(group.ledger, campaign.thresholds.swing)
    filed = _filed(group, asked, past) if asked else {}
    if not filed:
        return
    now = _counted(group, asked, past)
    for i, units in enumerate(group.units):
        for unit in units:
            earlier = [counts for day, counts in sorted(filed.get(unit, {}).items(), reverse=True) if day < group.ends[i]]
            for what, swing in asked.items():
                value, usual = now.get((i, unit), {}).get(what, 0), _usual([c.get(what, 0) for c in earlier], swing)
                if usual is not None and far(value, usual, swing):
                    yield i, _finding(group, i, unit, what, value, usual, min(len(earlier), swing.of))


def asked_of(ledger: Ledger, usual: Swing) -> dict[str, Swing]:
    """Column, or `rows` → what is asked of it: rows and flows as the campaign says, and what the ledger says itself."""
    if not ledger.is_filed or ledger.by_office or ledger.filing != "periodic" or ledger.frequency == "once":
        return {}
    flows = [n for n, c in ledger.typed.items() if c.measure == "flow"]
    said = dict.fromkeys((ROWS, *flows), usual) | dict(ledger.swing)
    return {name: s for name, s in said.items() if s}


def far(value: float, usual: float, swing: Swing) -> bool:
    """At least `factor` times as much or as little, and at least `least` away."""
    return abs(value - usual) >= swing.least and (value >= usual * swing.factor or value * swing.factor <= usual)


def _usual(history: list[float], swing: Swing) -> float | None:
    from statistics import median

    return float(median(history[: swing.of])) if len(history) >= swing.at_least else None


def _filed(group: Group, asked: dict[str, Swing], past: Past) -> dict[str, dict[date, Counts]]:
    """unit → last day of a period → what was filed for it; of a nil return nothing. Of the last periods, and of the units
    that may swing at all: a small count cannot be far from a small one."""
    from sqlalchemy import select

    from jianbao.store.catalogue import coverage as t

    name, columns, least = group.ledger.name, [c for c in asked if c != ROWS], min(s.least for s in asked.values())
    mine = [t.c.ledger == name, t.c.accepted, t.c.superseded_at.is_(None), t.c.period_ends < max(group.ends)]
    now = _counted(group, asked, past)
    wanted = {unit for (_, unit), counts in now.items() if max(counts.values()) >= least}
    found: dict[str, dict[date, Counts]] = {}
    with past.store.engine.connect() as c:
        days = list(c.execute(select(t.c.period_ends).where(*mine).distinct().order_by(t.c.period_ends.desc())).scalars())[:RECENT]
        if not days and not group.several_periods:
            return {}
        if days:
            mine.append(t.c.period_ends >= days[-1])
            wanted |= set(c.execute(select(t.c.unit).where(*mine, t.c.rows >= least).distinct()).scalars())
            sums = _summed(group, columns, days[-1], past)
            wanted |= {unit for (unit, _), counts in sums.items() if max(counts.values()) >= least}
            named = sorted(wanted & group.everyone)
            for k in range(0, len(named), 500):
                query = select(t.c.unit, t.c.period_ends, t.c.rows).where(*mine, t.c.unit.in_(named[k : k + 500]))
                for unit, day, n in c.execute(query):
                    found.setdefault(unit, {})[day] = {ROWS: n, **sums.get((unit, day), {})}
    for i, unit in group.standing:      # what the batch files counts instead
        if unit in wanted:
            found.setdefault(unit, {})[group.ends[i]] = now.get((i, unit), {})
    return found


def _counted(group: Group, asked: dict[str, Swing], past: Past) -> dict[tuple[int, str], Counts]:
    """(sheet, unit) → the counts of the batch's rows."""
    columns = [c for c in asked if c != ROWS]
    sums = "".join(f', coalesce(sum("{c}"), 0)' for c in columns)
    rows = past.connection.execute(f'select "{SHEET}", unit, count(*){sums} from {past.batch(group)} group by all').fetchall()
    return {(s, unit): dict(zip((ROWS, *columns), map(float, counts), strict=True)) for s, unit, *counts in rows}


def _summed(group: Group, columns: list[str], since: date, past: Past) -> dict[tuple[str, date], Counts]:
    """(unit, last day) → the sums of stored rows; nothing where no column is asked of."""
    if not columns or not past.stored(group.ledger.name):
        return {}
    sums = ", ".join(f'coalesce(sum(r."{c}"), 0)' for c in columns)
    rows = past.snapshot.connection.sql(
        f"select r.unit, r.filed, {sums} from {past.snapshot.source(group.ledger.name)} r "
        f"where r.filed >= {literal(since)} and {past.among(group.everyone)} group by all").fetchall()
    return {(unit, day): dict(zip(columns, map(float, counts), strict=True)) for unit, day, *counts in rows}


def _finding(group: Group, number: int, unit: str, column: str, value: float, usual: float, filings: int) -> Finding:
    sheet = group.sheets[number]
    what = "这次报的行数" if column == ROWS else f"“{group.ledger.columns[column].title}”合计"
    more = f"是平时的 {value / usual:.1f} 倍" if usual else "平时没有"
    compared = more if value > usual else f"只有平时的 {value / usual:.0%}"
    message = f"{what} {value:g}，{compared}（前 {filings} 次的中位数 {usual:g}）。"
    return about_sheet(sheet, "swing", message, REMEDY, column="" if column == ROWS else column, unit=unit, explain=True)


