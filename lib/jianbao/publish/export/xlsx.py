"""XLSX annex: figures with their parts, source rows, and every table as a sheet. Imports brief.notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from jianbao.brief import notes
from jianbao.brief.parts import Chart, Document, Face, Findings, Table
from jianbao.publish.export import ooxml
from jianbao.publish.export.layout import Layout, findings_table, lay_out

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_NUMBER = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|0|[1-9]\d{0,14})(\.\d+)?(%?)")
_LONGEST = 32767    # characters a cell can hold

_FIGURES = ("注释", "编码", "指标", "印出", "数值", "单位", "统计期", "形式", "派生", "分子", "分母", "算式", "行数",
            "口径", "来源", "数据版本")
_ROWS = ("注释", "指标", "文件", "工作表", "行", "单位")


def write(document: Document, *, face: Face = "issued") -> bytes:
    """A workbook. The issued copy holds definitions and tables; figures with their ledger rows only the working paper.

    Text stays text, whatever it begins with; a printed number in a right-hand column is a number that prints the same.
    """
    from openpyxl import Workbook

    page = lay_out(document, face)
    book = Workbook()
    del book[book.sheetnames[0]]
    if page.sources.figures:
        _figures(book, page)
        _source_rows(book, page)
    else:
        _sheet(book, "指标", ("指标", "口径"), page.sources.definitions)
    for title, table in _tables(page):
        _table(book, title, table)
    said = book.properties
    said.title, said.creator, said.lastModifiedBy = page.full_title[:255], page.head.issuer[:255], None
    said.created = said.modified = ooxml.moment(page.day)
    out = io.BytesIO()
    book.save(out)
    return ooxml.fixed(out.getvalue(), page.day)


def _tables(page: Layout) -> Iterable[tuple[str, Table]]:
    for placed in page.body:
        match placed.part:
            case Table() as table:
                yield f"{placed.label} {table.title}", table
            case Chart(data=Table() as table) as chart:
                yield f"{placed.label} {chart.title}", table
            case Findings() as findings:
                if lines := findings_table(findings):
                    yield findings.title, lines


def _figures(book: Any, page: Layout) -> None:
    _sheet(book, "指标", _FIGURES, (
        (page.notes[f.id], f.code, f.title, f.printed, f.value, f.unit_name, f.period, f.form, f.derived, f.numerator,
         f.denominator, f.formula, f.n_rows, f.definition, f.source, f.as_of)
        for f in page.sources.figures))


def _source_rows(book: Any, page: Layout) -> None:
    found = [note for group in page.groups for note in group.notes if note.rows]
    titles = notes.columns_of([row for note in found for row in note.rows])
    _sheet(book, "来源行", (*_ROWS, *titles), (
        (note.n, note.first.title, row.file, row.sheet, row.row, row.unit,
         *(dict(row.values).get(title) for title in titles))
        for note in found for row in note.rows))


def _table(book: Any, title: str, table: Table) -> None:
    from openpyxl.styles import Font

    def value(text: str, align: str) -> Any:
        return _number(text) if align == "right" else text

    sheet = _sheet(book, title, [column.title for column in table.columns], (
        [value(cell.text, column.align) for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows))
    for said in table.notes:
        _put(sheet, sheet.max_row + 1, 1, said)
    for i in table.total_rows:
        for cell in sheet[i + 2]:
            cell.font = Font(bold=True)


def _number(text: str) -> Any:
    """12,345 → (12345, "#,##0") when Excel prints it back the same, else the text."""
    if not (found := _NUMBER.fullmatch(text)):
        return text
    _, whole, decimals, percent = found.groups()
    value = Decimal(text.rstrip("%").replace(",", "")) / (100 if percent else 1)
    shape = ("#,##0" if "," in whole else "0") + ("." + "0" * (len(decimals) - 1) if decimals else "") + percent
    return int(value) if value == int(value) and not percent and not decimals else float(value), shape


def _sheet(book: Any, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """One sheet: a bold frozen header, then the rows."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(_sheet_title(title, book.sheetnames))
    longest = [len(column) * 2 for column in columns]
    for j, column in enumerate(columns, 1):
        cell = _put(sheet, 1, j, column)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="F3F1ED")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for i, row in enumerate(rows, 2):
        for j, value in enumerate(row, 1):
            cell = _put(sheet, i, j, value)
            cell.alignment = Alignment(vertical="top", wrap_text=cell.data_type == "s")
            longest[j - 1] = max(longest[j - 1], len(str(cell.value or "").encode("gb18030", "replace")))
    for j, width in enumerate(longest, 1):
        sheet.column_dimensions[get_column_letter(j)].width = min(max(width + 2, 6), 36)
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9   # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return sheet


def _put(sheet: Any, row: int, column: int, value: Any) -> Any:
    shape = "General"
    if isinstance(value, tuple):
        value, shape = value
    if isinstance(value, str):
        value = value[:_LONGEST] or None
    cell = sheet.cell(row, column, value)
    cell.number_format = shape
    if isinstance(value, str):
        # openpyxl takes =1+1 for a formula and #N/A for an error; here both are words.
        cell.data_type, cell.number_format = "s", "@"
        cell.quotePrefix = value[:1] in ("=", "+", "-", "@")
    return cell


def _sheet_title(title: str, taken: Sequence[str]) -> str:
    """At most 31 characters, none that Excel forbids, no name twice."""
    name = _FORBIDDEN.sub("", title).strip()[:31] or "表"
    lowered = {known.lower() for known in taken}
    n = 2
    while name.lower() in lowered:
        name = f"{name[:27]} ({n})"
        n += 1
    return name
