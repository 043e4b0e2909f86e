"""The office's own form with rows already begun, to be filled in and filed like any other. Imports template, forms, layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.intake.forms import Form, unit_names
from jianbao.intake.layout import HEADER_ROW, HINT, template_columns
from jianbao.intake.template import workbook
from jianbao.intake.written import write
from jianbao.workspace import Workspace

_HEAD, _TEXT = Font("宋体", 11, italic=True, color="595959"), Font("宋体", 10, color="595959")
_BOX = Border(*(Side("thin", color="BFBFBF"),) * 4)


def prefilled(workspace: Workspace, ledger: Ledger, period: Period, rows: Sequence[Mapping[str, Any]],
              asides: Sequence[tuple[str, int, Sequence[str]]] = ()) -> Any:
    """A workbook of `ledger` for `period`, filed by the office, not yet saved: each row's columns stand there already.

    `rows` give unit (a code) and columns of the ledger; `asides` are further columns (title, width, a text for each row)
    behind the ledger's own, which explain the rows and are not read when the form comes back.
    """
    tree = workspace.register.on(period.ends)
    office = workspace.definitions.campaign.office_code
    book = workbook(workspace, Form(ledger.title, (office,), (ledger,), {ledger.name: (office,)}), period, tree)
    sheet = book.worksheets[0]
    names = unit_names(tree)
    columns = list(template_columns(ledger, True))
    for j, (title, width, _) in enumerate(asides, len(columns) + 1):
        head = write(sheet.cell(HEADER_ROW, j), f"{HINT} {title}")
        head.font, head.alignment = _HEAD, Alignment("center", "center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(j)].width = width
    for n, row in enumerate(rows):
        at = HEADER_ROW + 1 + n
        for j, name in enumerate(columns, 1):
            cell = sheet.cell(at, j)
            if name in row:
                write(cell, names.get(row[name], row[name]) if name == "unit" else row[name])
            _as_column(sheet, cell, j)
        for j, (_, _, texts) in enumerate(asides, len(columns) + 1):
            cell = write(sheet.cell(at, j), texts[n])
            cell.number_format = "@"
            cell.font, cell.alignment, cell.border = _TEXT, Alignment(vertical="center", wrap_text=True), _BOX
    return book


def _as_column(sheet: Any, cell: Any, j: int) -> None:
    """A cell that is written loses its column's style: given back here, so that it can be filled in."""
    style = sheet.column_dimensions[get_column_letter(j)]
    cell.font, cell.alignment, cell.protection = copy(style.font), copy(style.alignment), copy(style.protection)
    cell.number_format = style.number_format
    cell.border = _BOX
    if style.fill.fill_type:
        cell.fill = PatternFill(style.fill.fill_type, fgColor=style.fill.fgColor)
