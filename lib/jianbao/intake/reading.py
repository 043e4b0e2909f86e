"""One sheet read by its ledger: typed columns, what is wrong in cells, and what had to be guessed. Imports rows, sheet, headers,
cells, reader, definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Column, Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import Parse, parse_column, shown, squash
from jianbao.intake.dates import SERIALS, SINCE_1904
from jianbao.intake.headers import EXPLAINING, Header
from jianbao.intake.layout import HEADER_ROW
from jianbao.intake.reader import RawSheet
from jianbao.intake.rows import Rows, rows_below
from jianbao.intake.sheet import MAX_SAID, Sheet, letters
from jianbao.intake.writing import row_list

# Behind a cell that left something open.
WHY = {
    "numeral": "用汉字写数",
    "year": "没有写年份",
    "century": "年份只写了两位",
    "order": "年份写在最后",
    "serial": "写的是日期序号",
    "percent": "没有百分号",
}


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
    stop: int | None = None,
) -> Sheet:
    """The typed rows below `header` and before row `stop`. `parse(column)` gives the column's parser and memo; `own_unit`
    is the unit of a sheet without a 单位 column, "" when it cannot be told."""
    below = rows_below(raw, ledger, header, stop)
    rows, kept = below.cells, below.kept
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
    guesses = list(_about_layout(base, raw, header, below))
    findings = list(_about_header(base, header, rows, kept))
    findings += _about_rows(base, below)

    def column_of(name: str, kind: str) -> tuple[list[Any], Mapping[int, Any]]:
        place = header.places[name]
        cells = [rows[i][place] for i in kept]
        if raw.since_1904 and kind in ("date", "datetime"):
            cells = [c + SINCE_1904 if c.__class__ in (int, float) and SERIALS.start <= c + SINCE_1904 < SERIALS.stop else c for c in cells]
        guessed: dict[str, list[int]] = {}
        typed, bad = parse_column(cells, kind, *parse(name), guessed)
        for why, at in guessed.items():
            said = f"“{base.title(name)}”{row_list([base.rows[k] for k in at])}{WHY[why]}"
            meant = f"{100 * typed[at[0]]:.6g}%" if why == "percent" else shown(typed[at[0]])
            guesses.append(f"“{raw.name}”的{said}，如“{shown(rows[kept[at[0]]][place])}”读作 {meant}")
        return typed, bad

    units: Sequence[str | None] = base.units
    if "unit" in header.places and "unit" not in ledger.columns:
        units, bad = column_of("unit", "unit")
        base = replace(base, units=units)
        findings += base.many(
            base.finding("error", e.rule, e.message, e.remedy, at=k, column="unit", value=rows[kept[k]][header.places["unit"]])
            for k, e in bad.items()
        )
        empty = _empty(units, bad)
        if own_unit:
            units = list(units)
            for k in empty:
                units[k] = own_unit
        else:
            findings += base.many(
                base.finding("error", "unit", "没有填单位。", "填上这一行是哪个单位的。", at=k, column="unit") for k in empty
            )
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
        typed, bad = column_of(name, column.type)
        values[name] = typed
        if bad:
            findings += base.many(
                base.finding("error", e.rule, e.message, e.remedy, at=k, column=name, value=rows[kept[k]][place])
                for k, e in bad.items()
            )
        if column.required and None in typed:
            findings += base.many(
                base.finding("error", "required", f"“{column.title}”没有填。", _needed(column), at=k, column=name)
                for k in _empty(typed, bad)
                if (kept[k], place) not in faults
            )
    findings += base.many(_faults(base, faults, kept)) if faults else ()
    return replace(base, values=values, findings=tuple(findings), guesses=tuple(guesses)).keyed()


def _empty(values: Sequence[Any], bad: Mapping[int, Any]) -> list[int]:
    return [k for k, v in enumerate(values) if v is None and k not in bad]


def _needed(column: Column) -> str:
    return f"这一列必填。{column.help}" if column.help else "这一列必填。"


def _about_layout(sheet: Sheet, raw: RawSheet, header: Header, below: Rows) -> Iterator[str]:
    """What had to be guessed of where things stand, and what stands where nobody sees it."""
    titles = "、".join(f"“{written}”认作“{sheet.title(name)}”" for written, name in header.guessed.items())
    said = [f"的表头认作{row_list(range(header.first + 1, header.row + 2))}"] if sheet.period and _moved(header, sheet) else []
    said += [f"的列名{titles}"] if titles else []
    for name, filled in below.filled.items():
        said.append(f"的“{sheet.title(name)}”合并了单元格，{row_list([i + 1 for i in filled])}按合并的内容读")
    said += below.said()
    kept = set(below.kept) if raw.hidden_rows else ()
    hidden = [i + 1 for i in raw.hidden_rows if i in kept]
    if hidden:
        said.append(f"{row_list(hidden)}{'被筛选隐藏' if raw.filtered else '是隐藏的'}，也收了（共 {len(hidden)} 行）")
    columns = [f"{letters(j)} 列“{sheet.title(n)}”" for n, j in header.places.items() if j in raw.hidden_columns]
    if columns and below.kept:
        said.append(f"的 {'、'.join(columns)}是隐藏的，也收了")
    for text in said:
        yield f"“{raw.name}”{text}"


def _moved(header: Header, sheet: Sheet) -> bool:
    """Published tables have their header anywhere: nothing to say."""
    return (header.row != HEADER_ROW - 1 or header.levels > 1) and sheet.ledger.filing != "source"


def _about_rows(sheet: Sheet, below: Rows) -> Iterator[Finding]:
    if below.totals:
        listed, first = "、".join(str(i + 1) for i in below.totals[:5]), below.totals[0] + 1
        at = replace(sheet, rows=[first])
        total = at.finding("warning", "total", f"第 {listed} 行是合计，没有收。", "合计由系统计算，请删去合计行。")
        yield replace(total, row=first, cell=f"A{first}")
    places = {i: k for k, i in enumerate(below.kept)} if below.merged_numbers else {}
    for i, name in below.merged_numbers[:MAX_SAID]:
        if i in places:
            yield sheet.finding(
                "warning",
                "merged",
                f"“{sheet.title(name)}”合并了几行，数字只计入第一行。",
                "请取消合并，逐行填写。",
                at=places[i],
                column=name,
            )


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
    more = {t: j for t, j in header.unknown.items() if any(rows[i][j] != "" for i in kept) and squash(t) not in EXPLAINING}
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
