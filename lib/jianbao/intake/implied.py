"""One rule as SQL, and the rules that follow from a ledger's columns and key by themselves. Imports past, definitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jianbao.definitions.expressions import literal
from jianbao.definitions.ledger import Column, Ledger
from jianbao.intake.past import ENDS, SHEET, STARTS

REMEDY = "请核对后改正。"


@dataclass(frozen=True)
class Mask:
    """One rule: `bad` is the SQL of a row that breaks it. `quoted` are the expressions in the message's braces with their
    SQL; those that only name a column of the row are left out."""

    rule: str
    severity: str
    column: str
    bad: str
    message: str
    remedy: str
    explain: bool = False
    quoted: tuple[tuple[str, str], ...] = ()


def general_masks(ledger: Ledger) -> Iterator[Mask]:
    for name, column in ledger.typed.items():
        yield from _bounds(name, column)
    if ledger.kind != "master" and ledger.date:
        title = ledger.columns[ledger.date].title
        if ledger.kind == "event" and not ledger.by_key:
            yield Mask(
                "backdated",
                "warning",
                ledger.date,
                f'b."date" < b."{STARTS}"',
                f"补报：“{title}”{{{ledger.date}}} 早于本统计期，计入它自己的统计期。",
                "确属补报的不用改；年月写错的请改正。",
            )
        yield Mask(
            "future",
            "error",
            ledger.date,
            f'b."date" > b."{ENDS}"',
            f"“{title}”{{{ledger.date}}} 晚于统计期最后一天。",
            "只报到本期末为止的；以后的下一期再报。",
        )
    key = ledger.key or (("unit",) if ledger.kind == "snapshot" else ())
    if key:
        same = ", ".join(dict.fromkeys(f'b."{k}"' for k in (SHEET, "unit", *key)))
        filled = " and ".join(f'b."{k}" is not null' for k in key)
        titles = "、".join(ledger.columns[k].title if k in ledger.columns else "单位" for k in key)
        yield Mask(
            "key",
            "error",
            key[-1],
            f"{filled} and count(*) over (partition by {same}) > 1",
            f"“{titles}”与另一行重复。",
            "同一项只填一行；确是两项的，编号要不同。",
        )


def _bounds(name: str, c: Column) -> Iterator[Mask]:
    percent, place = c.type == "percent", f'b."{name}"'

    def said(limit: float) -> str:
        return f"{limit * 100:g}%" if percent else f"{limit:g}"

    if c.min is not None:
        yield Mask("min", "error", name, f"{place} < {c.min!r}", f"“{c.title}”小于 {said(c.min)}。", REMEDY)
    if c.max is not None:
        yield Mask("max", "error", name, f"{place} > {c.max!r}", f"“{c.title}”大于 {said(c.max)}。", REMEDY)
    if c.step is not None:
        bad = f"abs({place} / {c.step!r} - round({place} / {c.step!r})) > 1e-6"
        yield Mask("step", "error", name, bad, f"“{c.title}”应是 {said(c.step)} 的整数倍。", REMEDY)
    if c.pattern:
        said_as = literal(c.pattern)
        bad = f"not regexp_full_match({place}, {said_as})"
        if c.type == "list":
            bad = f"len(list_filter({place}, lambda one: not regexp_full_match(one, {said_as}))) > 0"
        what = c.pattern_of or "规定的写法"
        yield Mask("pattern", "error", name, bad, f"“{c.title}”写的不是{what}。", f"请填{what}。{c.help}")
    if c.max_length is not None:
        length = f"len({place})" if c.type == "list" else f"length({place})"
        bad = f"{length} > {c.max_length}"
        yield Mask("max_length", "error", name, bad, f"“{c.title}”超过 {c.max_length} 字。", "请压缩文字。")
