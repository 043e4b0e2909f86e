"""Deliveries as .xlsx files: in the template's layout, or as untidy as people make them. Imports filing.

The same delivery always gives the same bytes, since a file is known by its content.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

from city import OLD_NAME, RENAMED, City, Row
from filing import Delivery, Filed, ends, starts
from openpyxl import Workbook
from openpyxl.styles import Font

from jianbao.definitions.ledger import Column, Ledger

BOLD = Font(bold=True)
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
ADVICE = "请按列填写，不要增删列；没有内容的，“零报送”填“是”。只填职务编码和件数，不填个人信息。"
_CORE = (
    b'<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/'
    b'metadata/core-properties"/>'
)
_THEME = (
    b'<?xml version="1.0"?><a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" name="Office">'
    b"<a:themeElements/></a:theme>"
)


def content(d: Delivery, ledgers: Mapping[str, Ledger], city: City) -> bytes:
    """The file's bytes."""
    if d.useless == "encrypted":  # an OLE container, as Excel writes a workbook with a password
        return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2016)
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for sheet in d.sheets:
        _write(workbook, d, sheet, ledgers[sheet.ledger], city)
    if "more-sheets" in d.looks:
        notes = workbook.create_sheet("填报说明")
        notes.append(["本表一式一份，", "按周填报"])
    data = packed(workbook)
    return data[: len(data) * 3 // 5] if d.useless == "truncated" else data


def packed(workbook: Workbook) -> bytes:
    """Saved without the time of saving."""
    raw, result = io.BytesIO(), io.BytesIO()
    workbook.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            data = {"docProps/core.xml": _CORE, "xl/theme/theme1.xml": _THEME}.get(item.filename, source.read(item))
            target.writestr(zipfile.ZipInfo(item.filename, (2023, 8, 28, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def master(ledger: Ledger, rows: Iterable[Row], path: Path) -> None:
    """One master workbook: a sheet named by the ledger's title, its column titles, its rows."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = ledger.title
    sheet.append([c.title for c in ledger.columns.values()])
    for row in rows:
        sheet.append([_plain(row.get(name), c) for name, c in ledger.columns.items()])
    for cell in sheet[1]:
        cell.font = BOLD
        column = list(ledger.columns.values())[cell.column - 1]
        sheet.column_dimensions[cell.column_letter].width = column.width or max(10, 2.2 * len(column.title))
        for below in sheet[cell.column_letter][1:]:
            if column.type == "date":
                below.number_format = "yyyy-mm-dd"
            elif column.type == "percent":
                below.number_format = "0%"
    sheet.freeze_panes = "A2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(workbook))


def _write(workbook: Workbook, d: Delivery, filed: Filed, ledger: Ledger, city: City) -> None:
    looks, random = set(d.looks), Random(f"{d.filer}{d.period}{filed.ledger}")
    sheet = workbook.create_sheet(ledger.title)
    several = ledger.by_office or len(filed.units) > 1
    names = [n for n, c in ledger.columns.items() if c.filled_from is None or "moved" not in looks]
    if "moved" in looks:
        names = [*names[2:], *names[:2]]
    if several:
        names = ["unit", *names]
    sheet.append([f"{ledger.title}（{ledger.code}）"])
    sheet.append([ADVICE])
    if "more-titles" in looks:
        sheet.append(["澜川市主题教育统计资料"])
        sheet.append([])
    filer, period = _identity(d, city)
    nil = "是" if filed.nil else "" if "moved" in looks else "否"
    for label, value in (("填报单位", filer), ("统计期", period), ("零报送", nil)):
        sheet.append([f"{label}：{value}"] if "one-cell-identity" in looks else [label, value])
    titles = [_title(ledger.columns[n], looks) if n != "unit" else "单位" for n in names]
    sheet.append(titles)
    top = sheet.max_row
    for row in filed.rows:
        sheet.append([_cell(n, row, ledger, city, looks, random) for n in names])
    if "merged" in looks and several and filed.rows:
        _merge_units(sheet, top + 1, [r["unit"] for r in filed.rows])
    if "blanks" in looks:
        for _ in range(3):
            sheet.append([" ", None, "  "])
    if "total" in looks and filed.rows:
        sums = {
            n: sum(r[n] or 0 for r in filed.rows)
            for n, c in ledger.columns.items()
            if c.type in ("int", "num") and n != "seq_no"
        }
        sheet.append([_total(n, k, sums) for k, n in enumerate(names)])
    if "footer" in looks:
        sheet.append([])
        sheet.append(["填表人：", None, "审核人："])


def _total(name: str, place: int, sums: Mapping[str, float]) -> Any:
    return "合计" if place == 0 else sums.get(name)


def _identity(d: Delivery, city: City) -> tuple[str, str]:
    unit = city.unit(d.filer)
    filer, period = unit["name"], d.period
    if "old-name" in d.looks and d.filer == RENAMED:
        filer = OLD_NAME
    if "code-name" in d.looks:
        filer = d.filer
    if "aliases" in d.looks:
        filer = f" {unit['short_name']} "
    first, last = starts(d.period), ends(d.period)
    if "period-range" in d.looks:
        period = f"{first.month}.{first.day}-{last.month}.{last.day}"
    if "period-words" in d.looks:
        period = f"2023年第{int(d.period[-2:])}周（{first.month}月{first.day}日—{last.month}月{last.day}日）"
    if d.useless == "filer":
        filer = f"{unit['short_name'][:2]}人民政府办"
    if d.useless == "period":
        period = "2023-W48"
    return filer, period


def _title(column: Column, looks: set[str]) -> str:
    return column.aliases[0] if "aliases" in looks and column.aliases else column.title


def _cell(name: str, row: Row, ledger: Ledger, city: City, looks: set[str], random: Random) -> Any:
    if name == "unit":
        return row.get("_unit") or city.unit(row["unit"])["short_name"]
    column, value = ledger.columns[name], row.get(name)
    if value is None:
        return None
    if column.type == "unit":
        return city.unit(value)["short_name"]
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return _date(value, looks, random)
    if column.type == "code" and "aliases" in looks:
        said = [k for k, v in column.code_aliases.items() if v == value]
        return said[0] if said else value
    if column.type in ("int", "num") and "full-width" in looks and not isinstance(value, str):
        return f"{value:g}".translate(FULL_WIDTH)
    return _plain(value, column)


def _date(day: date, looks: set[str], random: Random) -> Any:
    if "chinese-dates" in looks:
        return f"{day.year}年{day.month}月{day.day}日"
    if "dotted-dates" in looks:
        return f"{day.year}.{day.month}.{day.day}"
    if "short-dates" in looks:
        return f"{day.month}月{day.day}日"
    if "serial-dates" in looks:
        return int(f"{day:%Y%m%d}")
    return day if random.random() < 0.8 else day.isoformat()


def _plain(value: Any, column: Column) -> Any:
    if column.type == "bool" and value is not None:
        return "是" if value else "否"
    if column.type == "percent" and value is not None:
        return value / 100
    return value if value != "" else None


def _merge_units(sheet: Any, first: int, units: list[str]) -> None:
    """One cell for each unit's rows, as people who file for several like it."""
    begin = 0
    for k in range(1, len(units) + 1):
        if k == len(units) or units[k] != units[begin]:
            if k - begin > 1:
                sheet.merge_cells(start_row=first + begin, end_row=first + k - 1, start_column=1, end_column=1)
            begin = k


def received(when: datetime) -> str:
    return when.isoformat(sep=" ", timespec="minutes")
