"""What of a filer's workbook must not come back alive, and what a copy of it lacks. Standard library and openpyxl only."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from typing import Any

# What an office's arithmetic needs, and nothing that reaches out of the workbook.
HARMLESS = frozenset(
    """
    SUM SUMIF SUMIFS SUMPRODUCT COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS AVERAGE AVERAGEIF AVERAGEIFS MAX MIN MEDIAN MOD ABS
    INT ROUND ROUNDUP ROUNDDOWN CEILING FLOOR TRUNC POWER SQRT SUBTOTAL IF IFS IFERROR IFNA AND OR NOT TRUE FALSE ISBLANK
    ISNUMBER ISTEXT ISERROR N VALUE TEXT LEFT RIGHT MID LEN TRIM CLEAN UPPER LOWER FIND SEARCH SUBSTITUTE REPLACE EXACT REPT
    CONCATENATE CONCAT TEXTJOIN DATE DATEVALUE YEAR MONTH DAY HOUR MINUTE SECOND WEEKDAY WEEKNUM EDATE EOMONTH DATEDIF DAYS
    NETWORKDAYS WORKDAY TODAY NOW VLOOKUP HLOOKUP LOOKUP MATCH INDEX CHOOSE ROW ROWS COLUMN COLUMNS RANK LARGE SMALL
    """.split()  # noqa: SIM905
)
_LOST = (("xl/media/", "图片"), ("xl/charts/", "图表"), ("xl/drawings/drawing", "图形"), ("xl/embeddings/", "嵌入的文件"),
         ("xl/vbaproject", "宏"), ("xl/externallinks/", "外部链接"), ("xl/pivottables/", "透视表"), ("xl/activex/", "控件"),
         ("xl/chartsheets/", "图表"), ("xl/connections", "数据连接"))


def lost(content: bytes | None) -> tuple[str, ...]:
    """What stands in the file and not in a copy that openpyxl wrote."""
    try:
        with zipfile.ZipFile(io.BytesIO(content or b"")) as archive:
            names = [n.lower() for n in archive.namelist()]
    except Exception:
        return ()
    found = [word for start, word in _LOST if any(n.startswith(start) for n in names)]
    pictured = {"图片", "图表"} & set(found)
    return tuple(dict.fromkeys(w for w in found if w != "图形" or not pictured))


def disarm(book: Any) -> list[str]:
    """Whatever in the filer's cells reaches out of the workbook becomes text; the places of the formulas that did."""
    places = []
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and not is_harmless(formula := _formula(cell.value)):
                    cell.value = formula
                    cell.data_type, cell.quotePrefix = "s", True
                    places.append(f"{sheet.title} {cell.coordinate}")
                if cell.hyperlink is not None:
                    cell.hyperlink = None
        sheet._hyperlinks = []
        rules = sheet.data_validations.dataValidation
        sheet.data_validations.dataValidation = [r for r in rules if all(
            is_harmless(str(f)) for f in (r.formula1, r.formula2) if f is not None)]
        _without_reaching(sheet)
    for names in (book.defined_names, *(s.defined_names for s in book.worksheets)):
        for name in [n for n, d in names.items() if not is_harmless(str(d.attr_text or "")) or n.lower().startswith("auto_")]:
            del names[name]
    return places


def _formula(value: Any) -> str:
    """The text of a formula, of an array or a data table too."""
    text = value if isinstance(value, str) else getattr(value, "text", None) or getattr(value, "ref", "") or ""
    return text if text.startswith("=") else f"={text}"


def _without_reaching(sheet: Any) -> None:
    from openpyxl.formatting.formatting import ConditionalFormattingList

    kept = ConditionalFormattingList()
    for formatting in sheet.conditional_formatting:
        for rule in formatting.rules:
            if all(is_harmless(str(f)) for f in rule.formula):
                kept.add(str(formatting.sqref), rule)
    sheet.conditional_formatting = kept


def is_harmless(formula: str) -> bool:
    """Only arithmetic within the workbook: known functions, no other file, no link, no program."""
    text = re.sub(r'"[^"]*"', '""', unicodedata.normalize("NFKC", formula))
    if len(text) > 2000 or re.search(r"[\[\]|\\{}]|//", text):
        return False
    if re.search(r"'[^']*[:/.][^']*'!", text):
        return False
    return all(name.upper() in HARMLESS for name in re.findall(r"([^\W\d][\w.]*)\s*\(", text))
