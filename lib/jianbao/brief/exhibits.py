"""Tables made from readings; charts are in graphs and panels. Imports parts, printing, figures, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jianbao.brief import checked
from jianbao.brief.captions import heading
from jianbao.brief.figures import Figures
from jianbao.brief.parts import Column, Run, Table
from jianbao.brief.printing import change_cell, gap_cell, percent, points, printed
from jianbao.definitions.catalogue import Indicator
from jianbao.errors import BriefError
from jianbao.numbers.compare import Change, Rank, Schedule, Share, Withheld
from jianbao.numbers.readings import Reading, Readings
from jianbao.numbers.reported import Gap

NOT_FILED, NOTHING = "未报", "—"
_DERIVED_TITLES = {"on_previous": "比{that}", "year_on_year": "比上年同期", "rank": "位次", "share": "占比",
                   "schedule": "序时差（百分点）", "contributions": "拉动（百分点）"}


def table(readings: Readings, figures: Figures, *, title: str, unit_title: str = "单位", by: str | None = None,
          total: Reading | Sequence[Reading] | None = None, notes: Sequence[str] = ()) -> Table:
    """One row per unit, one column per indicator with its derived columns beside; `by="rank"` puts the best on top.

    `total` readings stand in the last row. Units that have not filed say so.
    """
    if not len(readings):
        raise BriefError(f"表“{title}”没有可列的数据。")
    indicators, units = readings.indicators, list(readings.units)
    at = {(r.indicator.id, r.unit.code): k for k, r in enumerate(readings)}
    if by == "rank":
        places: list[Rank | None] = readings.derived.get("rank") or [None] * len(readings)
        first, unranked = indicators[0].id, len(units) + 1
        units.sort(key=lambda u: (p.place if (p := places[at[first, u.code]]) else unranked, u.code))
    columns = [Column(unit_title)]
    for i in indicators:
        columns.append(Column(heading(i), "right"))
        for name in _derived_of(i, readings):
            head = _DERIVED_TITLES.get(name, name).format(that=readings[0].period.that)
            columns.append(Column(head if len(indicators) == 1 else f"{i.title.zh}{head}", "right"))
    rows, same = [], False
    for unit in units:
        line = [Run(unit.label)]
        for i in indicators:
            k = at.get((i.id, unit.code))
            if k is None:
                line += [Run("—")] * (1 + len(_derived_of(i, readings)))
                continue
            r = readings[k]
            line.append(_value_cell(r, figures))
            for name in _derived_of(i, readings):
                value = readings.derived[name][k]
                same |= isinstance(value, Change) and value.same_coverage
                line.append(derived_cell(value, r, figures))
        rows.append(tuple(line))
    totals: tuple[int, ...] = ()
    if total is not None:
        given = [total] if isinstance(total, Reading) else list(total)
        line = [Run("合计")]
        for i in indicators:
            r = next((t for t in given if t.indicator.id == i.id), None)
            line.append(_value_cell(r, figures) if r is not None else Run(""))
            line += [Run("")] * len(_derived_of(i, readings))
        rows.append(tuple(line))
        totals = (len(rows) - 1,)
    said = [*notes, *(["带*的为同口径比较：只含两期都报送的单位。"] if same else [])]
    said += _empty_notes(readings) + _rank_notes(readings) + checked.note(readings)
    return Table(title=title, columns=tuple(columns), rows=tuple(rows), notes=tuple(said), total_rows=totals)


def reported(gaps: Sequence[Gap], figures: Figures, *, title: str, notes: Sequence[str] = ()) -> Table:
    """One row per published total: what the source published, the sum of the parts, the difference."""
    if not gaps:
        raise BriefError(f"表“{title}”没有来源公布的合计可列。")
    one = len({g.reported.unit.code for g in gaps}) == 1
    rows = []
    for g in gaps:
        r = g.reported
        name = heading(r.indicator) if one else f"{r.unit.label}·{heading(r.indicator)}"
        rows.append((Run(name), _value_cell(r, figures), _value_cell(g.parts, figures),
                     Run(gap_cell(g), figures.add(r, gap_cell(g), "差额"))))
    columns = (Column("指标" if one else "单位·指标"), Column("公布数", "right"), Column("分项合计", "right"),
               Column("差额", "right"))
    return Table(title=title, columns=columns, rows=tuple(rows),
                 notes=(*notes, "公布数为来源发布的总数，分项合计为下属各单位之和；两者并列，互不代替。"))


def _not_filed(r: Reading) -> bool:
    """Due, and nobody below it has filed: a word of its own, since “—” may also be a rate over nothing."""
    return bool(r.due) and not r.filed


def _empty_notes(readings: Readings) -> list[str]:
    empty = [r for r in readings if r.value is None]
    said = ["“未报”不作零计，不列位次。"] if any(map(_not_filed, empty)) else []
    return said + (["“—”为无从计算（没有数据，或分母为0）。"] if not all(map(_not_filed, empty)) else [])


def _rank_notes(readings: Readings) -> list[str]:
    """Who is not ranked for want of filings, and who prints the same and yet ranks apart."""
    ranks: list[Rank | None] = readings.derived.get("rank") or []
    if not ranks:
        return []
    threshold = readings[0].cube.definitions.campaign.thresholds.rank_coverage
    out = dict.fromkeys(r.unit.label for r, k in zip(readings, ranks, strict=True)
                        if k is None and r.indicator.ranked and r.value is not None)
    who = "、".join(out) if any(ranks) else "各单位"
    nor = "不作环比、不列位次" if "on_previous" in readings.derived else "不列位次"
    notes = [f"{who}本期报送不足应报的{threshold:.0%}，{nor}。"] if out else []
    alike: dict[tuple[str, str], list[Rank]] = {}
    for r, k in zip(readings, ranks, strict=True):
        if k is not None:
            alike.setdefault((r.indicator.id, printed(r)), []).append(k)
    near = dict.fromkeys(k.reading.unit.label for group in alike.values() if len({k.place for k in group}) > 1
                         for k in group)
    return [*notes, *([f"{'、'.join(near)}取位后相同，位次按未取位的数值排定。"] if near else [])]


def _derived_of(i: Indicator, readings: Readings) -> list[str]:
    """Ranks stand only beside figures that may be ranked."""
    return [n for n in readings.derived if not (n == "rank" and not i.ranked)]


def _value_cell(r: Reading, figures: Figures) -> Run:
    if r.value is None:
        return Run(NOT_FILED if _not_filed(r) else NOTHING)
    text = printed(r, bare=True).removesuffix("%" if r.indicator.is_percent else "") + checked.mark(r)
    return Run(text, figures.add(r, printed(r)))


def derived_cell(value: Any, r: Reading, figures: Figures) -> Run:
    """What was derived from a reading, as a cell: +5, 3（并列）, — where there is nothing."""
    match value:
        case Change():
            text = change_cell(value)
            return Run(text, figures.add(r, text, "环比"))
        case Withheld() | None:
            return Run("—")
        case Rank():
            text = f"{value.place}" + ("（并列）" if value.tied else "")
            return Run(text, figures.add(r, text, "位次"))
        case Schedule():
            gap = points(value.gap, r.cube.definitions.campaign.rounding)
            return Run(gap, figures.add(r, gap, "序时"))
        case Share():
            text = percent(value.value or 0.0, r) if value.value is not None else "—"
            return Run(text, figures.add(r, text, "占比"))
        case float():
            gap = points(value, r.cube.definitions.campaign.rounding)
            return Run(gap, figures.add(r, gap, "拉动"))
    return Run(str(value))
