"""XLSX annex: every table as a sheet, then the indicators, with figures and source rows in the working paper. Imports brief.notes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jianbao.brief import notes
from jianbao.brief.markup import TONES
from jianbao.brief.parts import Chart, Document, Face, Findings, Prose, Table
from jianbao.publish.export import ooxml
from jianbao.publish.export.layout import UNPRINTABLE, Layout, findings_table, lay_out

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_NUMBER = re.compile(r"([-+−]?)(\d{1,3}(?:,\d{3})+|0|[1-9]\d{0,14})(\.\d+)?(%?)")
_LONGEST = 32767    # characters a cell can hold
_HEAD = 2           # the row of column titles; above it stands which issue this is
_WIDE, _WIDER = 36, 60      # characters: a column's most, and a definition's
_LINE = 15          # points

_FIGURES = ("注释", "编码", "指标", "印出", "数值", "单位", "统计期", "形式", "派生", "分子", "分母", "算式", "行数",
            "口径", "来源", "数据版本")
_ROWS = ("注释", "指标", "文件", "工作表", "行", "单位")


def write(document: Document, *, face: Face = "issued", rows: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """A workbook. The issued copy holds definitions and tables; figures with their ledger rows only the working paper.

    `rows` are all the ledger rows (see brief.aside), a sheet for each ledger; without them the sheet 来源行 has those that the
    document itself carries.

    Text stays text, whatever it begins with; a printed number in a right-hand column is a number that prints the same.
    """
    from openpyxl import Workbook

    page = lay_out(document, face)
    book = Workbook()
    del book[book.sheetnames[0]]
    for title, table in _tables(page):
        _table(book, page, title, table)
    if words := list(_words(page)):
        _sheet(book, page, "来稿和按语", ("类别", "文字"), words)
    if page.sources.figures:
        _figures(book, page)
        if rows:
            for ledger in rows:
                _ledger_rows(book, page, ledger)
        else:
            _source_rows(book, page)
    else:
        _sheet(book, page, "指标", ("指标", "口径"), page.sources.definitions)
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


def _words(page: Layout) -> Iterable[tuple[str, str]]:
    """Whose words, and what they say: the texts of units and the office's remark."""
    whose = ""
    for placed in page.body:
        if isinstance(placed.part, Prose) and placed.part.role in ("voice", "remark"):
            whose = placed.part.label or whose
            yield whose, placed.part.text


def _figures(book: Any, page: Layout) -> None:
    _sheet(book, page, "指标", _FIGURES, (
        (page.notes[f.id], f.code, f.title, f.printed, (f.value, "0.00%") if f.measure == "%" and f.value is not None else f.value,
         f.unit_name, f.period, f.form, f.derived, f.numerator, f.denominator, f.formula, f.n_rows, f.definition, f.source,
         f.as_of[:16].replace("T", " "))
        for f in page.sources.figures))


def _source_rows(book: Any, page: Layout) -> None:
    found = [note for group in page.groups for note in group.notes if note.rows]
    titles = notes.columns_of([row for note in found for row in note.rows])
    _sheet(book, page, "来源行", (*_ROWS, *titles), (
        (note.n, note.first.title, row.file, row.sheet, row.row, row.unit,
         *(dict(row.values).get(title) for title in titles))
        for note in found for row in note.rows))


def _ledger_rows(book: Any, page: Layout, ledger: Mapping[str, Any]) -> None:
    """Every row of one ledger that an issue counts, each once, with the notes it is counted in."""
    _sheet(book, page, ledger["title"], ("用于注释", "文件", "工作表", "行", "单位", *ledger["columns"]), (
        ("、".join(str(n) for n in sorted({page.notes[id_] for id_ in ids if id_ in page.notes})), file, sheet, row or None, unit,
         *map(_number, values))
        for ids, file, sheet, row, unit, *values in ledger["rows"]))


def _table(book: Any, page: Layout, title: str, table: Table) -> None:
    from openpyxl.styles import Alignment, Font

    changes = [any(row[j].text.startswith("+") for row in table.rows) for j in range(len(table.columns))]

    def value(text: str, align: str, change: bool) -> Any:
        return _number(text, change=change) if align == "right" else text

    totals = 0
    while len(table.rows) - 1 - totals in table.total_rows:
        totals += 1
    sheet = _sheet(book, page, title, [column.title for column in table.columns], [
        [value(cell.text, column.align, change)
         for column, change, cell in zip(table.columns, changes, row, strict=True)]
        for row in table.rows], totals=totals)
    for j, column in enumerate(table.columns):
        for cell in next(sheet.iter_cols(j + 1, j + 1, _HEAD + 1, _HEAD + len(table.rows))) if table.rows else ():
            cell.alignment = Alignment(horizontal=column.align, vertical="top", wrap_text=cell.data_type == "s")
    for i, row in enumerate(table.rows, _HEAD + 1):
        for j, run in enumerate(row, 1):
            if run.tone:
                sheet.cell(i, j).font = Font(color="FF" + TONES[run.tone].lstrip("#").upper(), bold=True)
    for said in table.notes:
        _put(sheet, sheet.max_row + 1, 1, said)
    for i in table.total_rows:
        for cell in sheet[i + _HEAD + 1]:
            cell.font = Font(bold=True)


def _number(text: str, *, change: bool = False) -> Any:
    """12,345 → (12345, "#,##0") when Excel prints it back the same, else the text. A `change` keeps its plus sign."""
    if not (found := _NUMBER.fullmatch(text)):
        return text
    sign, whole, decimals, percent = found.groups()
    value = Decimal(text.rstrip("%").replace(",", "").replace("−", "-")) / (100 if percent else 1)
    shape = ("#,##0" if "," in whole else "0") + ("." + "0" * (len(decimals) - 1) if decimals else "") + percent
    if sign and (change or sign != "-"):
        shape = f"+{shape};{'−' if sign == '−' else '-'}{shape};0{percent}"
    return int(value) if value == int(value) and not percent and not decimals else float(value), shape


def _sheet(book: Any, page: Layout, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *,
           totals: int = 0) -> Any:
    """One sheet: which issue it is, a bold frozen header to filter by, the rows; the last `totals` are not filtered."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(_sheet_title(title, book.sheetnames))
    _put(sheet, 1, 1, _of_issue(page)).font = Font(bold=True)
    # Room for the mark of the filter, too.
    longest = [len(column) * 2 + 2 for column in columns]
    last = _HEAD
    for j, column in enumerate(columns, 1):
        cell = _put(sheet, _HEAD, j, column)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="F3F1ED")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for last, row in enumerate(rows, _HEAD + 1):
        for j, value in enumerate(row, 1):
            cell = _put(sheet, last, j, value)
            cell.alignment = Alignment(vertical="top", wrap_text=cell.data_type == "s")
            longest[j - 1] = max(longest[j - 1], _across(cell.value))
    widths = [min(max(most + 2, 6), _WIDE if most <= 2 * _WIDE else _WIDER) for most in longest]
    for j, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(j)].width = width
    for cells in sheet.iter_rows(_HEAD, last):
        # Said here, since not every reader makes room for wrapped text by itself.
        lines = max((-(-_across(cell.value) // (width - 1)) for cell, width in zip(cells, widths, strict=True)), default=1)
        if lines > 1:
            sheet.row_dimensions[cells[0].row].height = _LINE * min(lines, 20)
    if columns and last - totals > _HEAD:
        sheet.auto_filter.ref = f"A{_HEAD}:{get_column_letter(len(columns))}{last - totals}"
    sheet.freeze_panes = f"A{_HEAD + 1}"
    sheet.print_title_rows = f"1:{_HEAD}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9   # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return sheet


def _of_issue(page: Layout) -> str:
    """Title, period and data version: a sheet that travels alone still says what it is."""
    head = page.head
    version = f"数据版本 {head.as_of[:16].replace('T', ' ')}" if head.as_of else ""
    return "　".join(x for x in (head.title, head.period_label, version) if x)


def _across(value: Any) -> int:
    """How wide a value is, in Latin characters."""
    return 0 if value is None else len(str(value).encode("gb18030", "replace"))


def _put(sheet: Any, row: int, column: int, value: Any) -> Any:
    shape = "General"
    if isinstance(value, tuple):
        value, shape = value
    if isinstance(value, str):
        value = UNPRINTABLE.sub("", value)[:_LONGEST] or None
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
