"""The rule table of a ledger, compiled to one pass over a whole batch. Imports sheet, cells, definitions.

Every rule becomes one boolean column of a single SELECT; what comes back is the rows that break something, and which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Column, Ledger
from jianbao.intake.cells import shown
from jianbao.intake.sheet import Sheet
from jianbao.store.arrays import array

if TYPE_CHECKING:
    import pyarrow as pa

SHEET, STARTS, ENDS = "sheet·", "starts·", "ends·"  # columns of the batch that no ledger can have
REMEDY = "请核对后改正。"


@dataclass(frozen=True)
class Mask:
    """One rule: `bad` is the SQL of a row that breaks it. `message` may quote columns in braces."""

    rule: str
    severity: str
    column: str
    bad: str
    message: str
    remedy: str


def batch_table(ledger: Ledger, sheets: Sequence[Sheet], ends: Sequence[date]) -> pa.Table:
    """All rows of the sheets of one ledger: unit, row, date, the ledger's columns, and which sheet and period they are of.

    Rows without a date of their own have the period's last day (`ends`, one for each sheet).
    """
    import pyarrow as pa

    from jianbao.store import arrow_type

    number = array([i for i, s in enumerate(sheets) for _ in s.rows], pa.int32())

    def spread(days: Sequence[date]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(number, array(days, pa.date32()))

    columns: dict[str, Any] = {
        "unit": array([u for s in sheets for u in s.units], pa.string()),
        "row": array([r for s in sheets for r in s.rows], pa.int32()),
    }
    for name, column in ledger.typed.items():
        values: list[Any] = []
        for s in sheets:
            values += s.values[name]
        columns[name] = array(values, arrow_type(column.type))
    own = [s.values[ledger.date] if ledger.date else [None] * len(s.rows) for s in sheets]
    columns["date"] = array([day or end for days, end in zip(own, ends, strict=True) for day in days], pa.date32())
    starts = [s.period.starts if s.period else date(1, 1, 1) for s in sheets]
    return pa.table(columns | {SHEET: number, STARTS: spread(starts), ENDS: spread(ends)})


def broken(
    ledger: Ledger, table: pa.Table, sheets: Sequence[Sheet], campaign: Campaign, connection: Any
) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for every row and rule that do not agree."""
    import pyarrow as pa

    masks = list(_masks(ledger, campaign))
    if not masks or not table.num_rows:
        return
    chosen = ", ".join(f"coalesce({m.bad}, false) as m{i}" for i, m in enumerate(masks))
    either = " or ".join(f"m{i}" for i in range(len(masks)))
    connection.register("batch", table.append_column("i·", array(range(table.num_rows), pa.int64())))
    rows = connection.execute(
        f'select * from (select "i·", "{SHEET}", {chosen} from batch) where {either} order by "i·"'
    ).fetchall()
    connection.unregister("batch")
    starts = [0]
    for s in sheets:
        starts.append(starts[-1] + len(s.rows))
    for i, number, *flags in rows:
        sheet, at = sheets[number], i - starts[number]
        said = [m for m, flag in zip(masks, flags, strict=True) if flag]
        # A ledger's own rule on the same cell says it better than a general one.
        own = {m.column for m in said if m.rule in _own_rules(ledger)}
        for m in said:
            if m.rule in ("backdated", "future") and m.column in own:
                continue
            column = m.column if m.column in sheet.places else ""
            yield (
                number,
                sheet.finding(
                    m.severity,
                    m.rule,
                    _filled(m.message, sheet, at),
                    m.remedy or REMEDY,
                    at=at,
                    column=column,
                    value=_value(sheet, column, at),
                ),
            )


def _own_rules(ledger: Ledger) -> set[str]:
    return {r.id for r in ledger.rules}


def _value(sheet: Sheet, column: str, at: int) -> Any:
    return sheet.units[at] if column == "unit" else sheet.values[column][at] if column in sheet.values else None


def _filled(message: str, sheet: Sheet, at: int) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: shown(_value(sheet, m[1], at)) if m[1] in sheet.values else m[0], message)


def _masks(ledger: Ledger, campaign: Campaign) -> Iterator[Mask]:
    for name, column in ledger.typed.items():
        yield from _bounds(name, column)
    if ledger.kind != "master" and ledger.date:
        title = ledger.columns[ledger.date].title
        if ledger.kind == "event" and not ledger.by_key:
            yield Mask(
                "backdated",
                "warning",
                ledger.date,
                f'"date" < "{STARTS}"',
                f"补报：“{title}”{{{ledger.date}}} 早于本统计期，计入它自己的统计期。",
                "确属补报的不用改；年月写错的请改正。",
            )
        yield Mask(
            "future",
            "error",
            ledger.date,
            f'"date" > "{ENDS}"',
            f"“{title}”{{{ledger.date}}} 晚于统计期最后一天。",
            "只报到本期末为止的；以后的下一期再报。",
        )
    key = ledger.key or (("unit",) if ledger.kind == "snapshot" else ())
    if key:
        same = ", ".join(dict.fromkeys(f'"{k}"' for k in (SHEET, "unit", *key)))
        filled = " and ".join(f'"{k}" is not null' for k in key)
        titles = "、".join(ledger.columns[k].title if k in ledger.columns else "单位" for k in key)
        yield Mask(
            "key",
            "error",
            key[-1],
            f"{filled} and count(*) over (partition by {same}) > 1",
            f"“{titles}”与另一行重复。",
            "同一项只填一行；确是两项的，编号要不同。",
        )
    name_of = _names(campaign)
    for rule in ledger.rules:
        yield Mask(rule.id, rule.severity, rule.column or "", f"not ({to_sql(rule.check, name_of)})", rule.message, rule.remedy)


def _bounds(name: str, c: Column) -> Iterator[Mask]:
    percent = c.type == "percent"

    def said(limit: float) -> str:
        return f"{limit * 100:g}%" if percent else f"{limit:g}"

    if c.min is not None:
        yield Mask("min", "error", name, f'"{name}" < {c.min!r}', f"“{c.title}”小于 {said(c.min)}。", REMEDY)
    if c.max is not None:
        yield Mask("max", "error", name, f'"{name}" > {c.max!r}', f"“{c.title}”大于 {said(c.max)}。", REMEDY)
    if c.step is not None:
        yield Mask(
            "step",
            "error",
            name,
            f'abs("{name}" / {c.step!r} - round("{name}" / {c.step!r})) > 1e-6',
            f"“{c.title}”应是 {said(c.step)} 的整数倍。",
            REMEDY,
        )
    if c.max_length is not None:
        length = f'len("{name}")' if c.type == "list" else f'length("{name}")'
        yield Mask(
            "max_length", "error", name, f"{length} > {c.max_length}", f"“{c.title}”超过 {c.max_length} 字。", "请压缩文字。"
        )


def _names(campaign: Campaign) -> Callable[[str, str], str]:
    moments = {
        "period_starts": f'"{STARTS}"',
        "period_ends": f'"{ENDS}"',
        "campaign_starts": literal(campaign.starts),
        "campaign_ends": literal(campaign.ends),
    }

    def name_of(table: str, column: str) -> str:
        return moments.get(column) or f'"{column}"'

    return name_of
