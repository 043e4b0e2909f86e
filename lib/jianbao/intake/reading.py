"""One sheet read by its ledger: typed columns and what is wrong in cells. Imports sheet, cells, reader, definitions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import COMPATIBLE, Parse, parse_column, squash
from jianbao.intake.reader import RawSheet
from jianbao.intake.sheet import Header, Sheet, letters

TOTALS = frozenset(("合计", "总计", "小计", "共计", "合计:", "总计:"))
# What one of these begins with, before it is squashed: nearly every row is told by it.
CLOSING = re.compile(f"\\s*[合总小共填审制联单负经注说备{COMPATIBLE}]")
# With its colon: a topic may well begin with 联系.
FOOTER = re.compile(r"(填[表报](人|日期|时间)|审核人?|制表人?|联系(人|电话|方式)|(单位)?负责人|经办人?|注|说明|备注)(\(.*?\))?:")
NUMBERS = frozenset(("int", "num", "percent"))


def read_sheet(
    raw: RawSheet,
    ledger: Ledger,
    header: Header,
    *,
    file: str,
    filer: str,
    period: Period | None,
    nil: bool,
    parse: Callable[[str], tuple[Parse, dict[str, Any]]],
    own_unit: str,
) -> Sheet:
    """The typed rows below `header`. `parse(column)` gives the column's parser and memo; `own_unit` is the unit of a
    sheet without a 单位 column, "" when it cannot be told."""
    rows, kept, skipped = _rows(raw, ledger, header)
    base = Sheet(
        ledger,
        raw.name,
        file,
        filer,
        period,
        nil,
        [i + 1 for i in kept],
        {},
        [own_unit or None] * len(kept),
        header.places,
        header.row + 1,
    )
    findings = list(_about_header(base, header, rows, kept))
    findings += skipped(base)
    units: Sequence[str | None] = base.units
    if "unit" in header.places and "unit" not in ledger.columns:
        units, bad = _column(rows, kept, header.places["unit"], "unit", parse("unit"))
        base = replace(base, units=units)
        findings += [
            base.finding("error", e.rule, e.message, e.remedy, at=k, column="unit", value=rows[kept[k]][header.places["unit"]])
            for k, e in bad.items()
        ]
        for k in _empty(units, bad):
            if own_unit:
                units = [own_unit if i == k else u for i, u in enumerate(units)]
            else:
                findings.append(base.finding("error", "unit", "没有填单位。", "填上这一行是哪个单位的。", at=k, column="unit"))
    elif kept and not own_unit and ledger.kind != "master":
        findings.append(base.finding("error", "unit", "代报几个单位的表要有“单位”一列。", "请用下发的模板，逐行写明单位。"))
    if units is not base.units:
        base = replace(base, units=units)
    faults = {(r, c): said for (r, c), said in raw.faults.items() if r > header.row}
    values: dict[str, Sequence[Any]] = {}
    for name, column in ledger.typed.items():
        place = header.places.get(name)
        if place is None:
            values[name] = [None] * len(kept)
            continue
        typed, bad = _column(rows, kept, place, column.type, parse(name))
        values[name] = typed
        if bad:
            findings += [
                base.finding("error", e.rule, e.message, e.remedy, at=k, column=name, value=rows[kept[k]][place])
                for k, e in bad.items()
            ]
        if column.required and None in typed:
            findings += [
                base.finding("error", "required", f"“{column.title}”没有填。", _needed(column), at=k, column=name)
                for k in _empty(typed, bad)
                if (kept[k], place) not in faults
            ]
    findings += _faults(base, faults, kept)
    return replace(base, values=values, findings=tuple(findings))


def _column(
    rows: Sequence[Sequence[Any]], kept: Sequence[int], place: int, kind: str, how: tuple[Parse, dict[str, Any]]
) -> tuple[list[Any], Mapping[int, Any]]:
    parse, memo = how
    return parse_column([rows[i][place] for i in kept], kind, parse, memo)


def _empty(values: Sequence[Any], bad: Mapping[int, Any]) -> list[int]:
    return [k for k, v in enumerate(values) if v is None and k not in bad]


def _needed(column: Column) -> str:
    return f"这一列必填。{column.help}" if column.help else "这一列必填。"


def _rows(raw: RawSheet, ledger: Ledger, header: Header) -> tuple[list[list[Any]], list[int], Callable[[Sheet], list[Finding]]]:
    """The rows with merged cells filled down, the positions of those that say something, and what was passed over."""
    rows, merged_numbers = _filled_down(raw, ledger, header)
    faulty = {r for r, _ in raw.faults}
    mapped = list(header.places.values())
    # Only a sheet with further columns can have rows that say something, but not to us.
    strange = bool(header.unknown) or len(mapped) < (len(rows[header.row]) if rows else 0)
    needed = [j for name, j in header.places.items() if name in ledger.columns and ledger.columns[name].required]
    kept, totals = [], []
    for i in range(header.row + 1, len(rows)):
        row = rows[i]
        first = _first(row)
        if first is None and i not in faulty:
            continue
        if strange and i not in faulty and all(row[j] == "" for j in mapped) and first not in TOTALS:
            continue
        if first in TOTALS:
            totals.append(i)
        elif not (first and FOOTER.match(first) and 2 * sum(row[j] != "" for j in needed) <= len(needed)):
            kept.append(i)

    def say(sheet: Sheet) -> list[Finding]:
        said = []
        if totals:
            listed = "、".join(str(i + 1) for i in totals[:5])
            at = replace(sheet, rows=[i + 1 for i in totals])
            said.append(
                replace(
                    at.finding("warning", "total", f"第 {listed} 行是合计，没有收。", "合计由系统计算，请删去合计行。"),
                    row=totals[0] + 1,
                    cell=f"A{totals[0] + 1}",
                )
            )
        for i, name in merged_numbers:
            if i in kept:
                said.append(
                    sheet.finding(
                        "warning",
                        "merged",
                        f"“{ledger.columns[name].title}”合并了几行，数字只计入第一行。",
                        "请取消合并，逐行填写。",
                        at=kept.index(i),
                        column=name,
                    )
                )
        return said

    return rows, kept, say


def _first(row: Sequence[Any]) -> str | None:
    """The first cell that says something, squashed when it may close the rows, else ""; None when none does."""
    for cell in row:
        if cell.__class__ is not str:
            return ""
        if cell and not cell.isspace():
            return squash(cell) if len(cell) < 60 and CLOSING.match(cell) else ""
    return None


def _filled_down(raw: RawSheet, ledger: Ledger, header: Header) -> tuple[list[list[Any]], list[tuple[int, str]]]:
    """A text or date merged over several rows holds for each; a number counts once, so it stays in the first."""
    names = {place: name for name, place in header.places.items()}
    rows, numbers = raw.rows, []
    for top, left, bottom, _ in raw.merged:
        name = names.get(left)
        if bottom <= top or top <= header.row or name is None or bottom >= len(rows):
            continue
        if name in ledger.columns and ledger.columns[name].type in NUMBERS:
            numbers.append((top, name))
            continue
        rows = list(rows) if rows is raw.rows else rows
        for i in range(top + 1, bottom + 1):
            if rows[i].count("") < len(rows[i]):
                rows[i] = [rows[top][left] if j == left else cell for j, cell in enumerate(rows[i])]
    return rows, numbers


def _about_header(sheet: Sheet, header: Header, rows: Sequence[Sequence[Any]], kept: Sequence[int]) -> Iterator[Finding]:
    row, first = header.row + 1, f"A{header.row + 1}"
    missing = {name: c for name, c in sheet.ledger.typed.items() if name not in header.places}
    for name, column in missing.items():
        if column.required:
            yield replace(
                sheet.finding("error", "column", f"缺少必填列“{column.title}”。", "请用下发的模板，不要删改表头。"),
                cell=first,
                row=row,
                column=name,
            )
    optional = "、".join(c.title for c in missing.values() if not c.required)
    if optional and kept and sheet.period is not None:
        yield replace(
            sheet.finding("warning", "column", f"缺少这些列，按没有填处理：{optional}。", "请用最新下发的模板。"),
            cell=first,
            row=row,
        )
    for title, j in header.twice.items():
        yield replace(
            sheet.finding("error", "column", f"表头“{title}”与另一列重复，分不清用哪一列。", "请删去多余的一列。", value=title),
            cell=f"{letters(j)}{header.row + 1}",
            row=header.row + 1,
        )
    more = {t: j for t, j in header.unknown.items() if any(rows[i][j] != "" for i in kept)}
    if more:
        where = next(iter(more.values()))
        yield replace(
            sheet.finding(
                "warning",
                "column",
                f"多出的列没有收：{'、'.join(more)}。",
                "台账没有这些列；需要说明的写入相应列。",
                value="、".join(more),
            ),
            cell=f"{letters(where)}{header.row + 1}",
            row=header.row + 1,
        )


def _faults(sheet: Sheet, faults: Mapping[tuple[int, int], str], kept: Sequence[int]) -> Iterator[Finding]:
    names = {place: name for name, place in sheet.places.items()}
    positions = {i: k for k, i in enumerate(kept)}
    for (i, j), said in sorted(faults.items()):
        if i in positions and (name := names.get(j)):
            if said == "formula":
                message, remedy = "公式没有算出结果。", "请改填数值，或在 Excel 里打开、保存一次再报。"
            else:
                message, remedy = f"公式出错（{said}）。", "请改正公式，或直接填数值。"
            yield sheet.finding(
                "error",
                "formula",
                f"“{sheet.title(name)}”的{message}",
                remedy,
                at=positions[i],
                column=name,
                value="公式" if said == "formula" else said,
            )
