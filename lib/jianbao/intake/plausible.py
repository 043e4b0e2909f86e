"""Numbers that look written rather than counted. Imports masks, likeness, past, definitions. Method: docs/methods/likeness.md"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.finding import Finding
from jianbao.intake.likeness import DATES, Label, group_starts, hashed
from jianbao.intake.masks import about_sheet
from jianbao.intake.past import AT, SHEET, Group, Past

LARGE = 10  # a small number is round or repeated by itself
TELLING = 8  # characters of a text that two matters will not share by chance
Found = Iterator[tuple[int, Finding]]


def implausible(group: Group, campaign: Campaign, past: Past, label: Label) -> Found:
    """(which sheet, finding): too many round numbers, the same down many rows, dragged series, rows or units' sheets
    that are one and the same."""
    if not group.ledger.is_filed or not group.table.num_rows:
        return
    if any(len(s.rows) >= min(campaign.thresholds.run_rows, campaign.thresholds.round_values) for s in group.sheets):
        yield from _round(group, campaign, past)
        yield from _runs(group, campaign, past)
    if group.ledger.kind != "snapshot" and not group.ledger.by_office and any(len(s.rows) > 1 for s in group.sheets):
        yield from _same_rows(group, past)
    # A published table is as its source made it; there is nobody to explain.
    if any(len(units) > 1 for units in group.units) and not group.ledger.by_office and group.ledger.filing != "source":
        yield from _same_sheets(group, campaign, past, label)


def _varying(group: Group, *kinds: str) -> list[str]:
    return [n for n, c in group.ledger.typed.items() if c.varies and c.type in kinds]


def _round(group: Group, campaign: Campaign, past: Past) -> Found:
    columns, t = _varying(group, "int"), campaign.thresholds
    if not columns:
        return
    sums = ", ".join(f'count(*) filter (where "{c}" >= {LARGE}), count(*) filter (where "{c}" >= {LARGE} and "{c}" % 10 = 0)'
                     for c in columns)
    for s, *counts in past.connection.execute(
        f'select "{SHEET}", {sums} from {past.batch(group)} group by "{SHEET}" order by 1').fetchall():
        for c, n, tens in zip(columns, counts[::2], counts[1::2], strict=True):
            if n >= t.round_values and tens >= t.round_share * n:
                yield s, about_sheet(group.sheets[s], "round",
                                     f"“{group.ledger.columns[c].title}”{n} 个数里有 {tens} 个是整十数，像是估计的。",
                                     "请按实际数填写；确是整数的，在“说明”里写明。", column=c)


def _runs(group: Group, campaign: Campaign, past: Past) -> Found:
    """The same value, or one step from row to row, for so many rows in a column that should vary."""
    starts = group_starts(group)
    for c in _varying(group, "int", "str"):
        number = group.ledger.typed[c].type == "int"
        value = f'"{c}"' if number else f"nullif(trim(\"{c}\"), '')"
        large = f"value >= {LARGE}" if number else "length(value) >= 6"
        rows = past.connection.execute(
            f'with v as (select "{SHEET}" as s, unit, "{AT}" as i, {value} as value from {past.batch(group)}), '
            "d as (select *, value - lag(value) over w as step from v window w as (partition by s, unit order by i)), "
            # a run goes on while the step stays what it was
            "e as (select *, case when step is not distinct from lag(step) over w then 0 else 1 end as turn "
            "from d window w as (partition by s, unit order by i)), "
            "n as (select *, sum(turn) over (partition by s, unit order by i) as run from e) "
            f"select s, min(i) - 1, max(i), any_value(step), count(*) + 1 from n where step is not null "
            f"group by s, unit, run having count(*) + 1 >= {campaign.thresholds.run_rows} and bool_and({large}) order by 2"
        ).fetchall() if number else past.connection.execute(
            f'with v as (select "{SHEET}" as s, unit, "{AT}" as i, {value} as value from {past.batch(group)}), '
            "n as (select *, row_number() over (partition by s, unit order by i) - row_number() over "
            "(partition by s, unit, value order by i) as run from v where value is not null) "
            f"select s, min(i), max(i), 0, count(*) from n where {large} group by s, unit, run, value "
            f"having count(*) >= {campaign.thresholds.run_rows} order by 2"
        ).fetchall()
        for s, first, last, step_, n in rows:
            sheet, title = group.sheets[s], group.ledger.columns[c].title
            a, b = sheet.rows[first - starts[s]], sheet.rows[last - starts[s]]
            how = "都一样" if not step_ else f"依次相差 {step_:g}"
            yield s, sheet.finding("warning", "run", f"第 {a} 至 {b} 行的“{title}”{how}，连续 {n} 行，像是拖动填充的。",
                                   "请逐行核对；属实的在“说明”里写明。", at=first - starts[s], column=c,
                                   value=sheet.values[c][first - starts[s]])


def _same_rows(group: Group, past: Past) -> Found:
    """Rows that differ in nothing but their key; without a key, in nothing at all."""
    ledger, starts = group.ledger, group_starts(group)
    columns = [n for n in ledger.typed if n not in ledger.key]
    texts = [n for n in columns if ledger.typed[n].type == "str" and not ledger.typed[n].referred]
    if not columns or (ledger.key and not texts):
        return
    telling = " or ".join(f'length(r."{t}") >= {TELLING}' for t in texts) if ledger.key else "true"
    several = f"count(distinct {hashed(ledger.key)})" if ledger.key else "count(*)"   # one key twice is told as such
    but = f"除“{'、'.join(ledger.columns[k].title for k in ledger.key)}”外" if ledger.key else ""
    for s, places in past.connection.execute(
        f'select r."{SHEET}", list(r."{AT}" order by r."{AT}") from {past.batch(group)} r where {telling} '
        f'group by r."{SHEET}", r.unit, {hashed(columns)} having {several} > 1 order by all'
    ).fetchall():
        sheet = group.sheets[s]
        listed = "、".join(str(sheet.rows[i - starts[s]]) for i in places[:6]) + ("等" if len(places) > 6 else "")
        found = sheet.finding("warning", "same-row", f"第 {listed} 行{but}完全相同。",
                              "一件事只填一行，请删去多余的；确是几件事的，在“说明”里写明。", at=places[1] - starts[s],
                              column=(ledger.key or tuple(columns))[0])
        yield s, replace(found, explain=True)


def _same_sheets(group: Group, campaign: Campaign, past: Past, label: Label) -> Found:
    """Units of one filer whose rows are the same in all but dates, and not by being few or zero."""
    ledger = group.ledger
    columns = [n for n, c in ledger.typed.items() if c.type not in DATES]
    numbers = [n for n in columns if ledger.typed[n].type in ("int", "num")]
    texts = [n for n in columns if ledger.typed[n].type == "str" and n not in ledger.key and not ledger.typed[n].referred]
    weight = " + ".join(["0", *(f'coalesce(sum(r."{c}"), 0)' for c in numbers)])
    said = " + ".join(["0", *(f'count(r."{c}")' for c in texts)])
    for s, units, rows in past.connection.execute(
        f'with one as (select r."{SHEET}" as s, r.unit, list_sort(list({hashed(columns)})) as what, '
        f"count(*) as rows, count(distinct {hashed(columns)}) as kinds, {weight} as weight, {said} as said from {past.batch(group)} r "
        f"where r.unit is not null group by all) "
        "select s, list(unit order by unit), any_value(rows) from one "
        f"where kinds >= {campaign.thresholds.copied_rows} and (weight >= 100 or said >= rows) "
        "group by s, what having count(*) > 1 order by all"
    ).fetchall():
        named = "、".join(f"“{label(u, group.numbers[s])}”" for u in units[:5]) + ("等" if len(units) > 5 else "")
        yield s, about_sheet(group.sheets[s], "same-sheet", f"{named}报的 {rows} 行除日期外完全相同。",
                             "请核对是不是照抄的；确实一样的，在“说明”里写明原因。", unit=units[0], explain=True)
