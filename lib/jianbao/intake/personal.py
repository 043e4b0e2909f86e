"""Personal data kept out: masked in the cells before anything reads them, then told as findings. Imports sheet, definitions.

What comes after (rows, findings, guesses, the store's catalogue) sees only masked text; the file as it came stays in
store/files, and in the unit's own returned copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Column
from jianbao.definitions.personal import (
    WORDS,
    Kind,
    find,
    looks_like_name,
    mask,
    masked_name,
    masked_number,
    number_kind,
    suspicious,
    written_as_number,
)
from jianbao.intake.reader import RawSheet
from jianbao.intake.sheet import Sheet, letters
from jianbao.intake.workbook import Book

SHOWN = 100         # cells of one sheet that are told one by one
_SMALLEST = 1e10    # of the numbers worth a look: a phone typed as a number
# What turns the reading direction or cannot be seen: it makes a text look like another.
UNSEEN = re.compile("[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Spot:
    """A cell, 0-based, that held personal data, or (kind None) characters that cannot be seen."""

    row: int
    column: int
    kind: Kind | None


@dataclass(frozen=True)
class Screened:
    """What was found in the sheets of one file, by sheet; `named` are sheets whose own name held a number, `long` those with
    numbers so long that a text column may hold a phone typed as one."""

    spots: Mapping[str, Sequence[Spot]]
    named: Mapping[str, Kind]
    long: frozenset[str]


NOTHING = Screened({}, {}, frozenset())


def masked(sheets: Sequence[RawSheet]) -> tuple[Sequence[RawSheet], Screened]:
    """The sheets with every number that tells a person masked, and where that was. Most files come back as they are."""
    result: list[RawSheet] = []
    spots: dict[str, Sequence[Spot]] = {}
    named: dict[str, Kind] = {}
    long: set[str] = set()
    for sheet in sheets:
        name = mask(UNSEEN.sub("", sheet.name))
        if name != sheet.name and (found := find(sheet.name)):
            named[name] = found[0].kind
        # One pass without a call for each cell; nearly every sheet ends here.
        texts = [c for row in sheet.rows for c in row if c.__class__ is str and c and (len(c) > 10 or not c.isprintable())]
        numbers = [c for row in sheet.rows for c in row if c.__class__ is float and c >= _SMALLEST]
        if numbers:
            long.add(name)
        joined = "\n".join(texts)
        if suspicious(joined) or UNSEEN.search(joined) or any(map(number_kind, numbers)):
            rows, found_here = _cells(sheet.rows)
            if found_here:
                spots[name] = found_here
                sheet = replace(sheet, rows=rows)
        result.append(sheet if name == sheet.name else replace(sheet, name=name))
    return result, Screened(spots, named, frozenset(long)) if spots or named or long else NOTHING


def _cells(rows: list[list[Any]]) -> tuple[list[list[Any]], list[Spot]]:
    out, spots = [], []
    for i, row in enumerate(rows):
        changed: list[Any] | None = None
        for j, cell in enumerate(row):
            said, kinds = _cell(cell)
            if kinds:
                changed = list(row) if changed is None else changed
                changed[j] = said
                spots += [Spot(i, j, kind) for kind in kinds]
        out.append(row if changed is None else changed)
    return out, spots


def _cell(cell: Any) -> tuple[Any, tuple[Kind | None, ...]]:
    if cell.__class__ is float:
        kind = number_kind(cell)
        return (masked_number(cell, kind), (kind,)) if kind else (cell, ())
    if cell.__class__ is not str:
        return cell, ()
    kinds: tuple[Kind | None, ...] = tuple(dict.fromkeys(p.kind for p in find(cell)))
    said = mask(cell) if kinds else cell
    if UNSEEN.search(said):
        return UNSEEN.sub("", said), (*kinds, None)
    return said, kinds


def screen(book: Book, screened: Screened) -> Book:
    """The book with what was found as findings: an ID number, a bank card or a name returns the sheet, a phone does not."""
    if screened is NOTHING and not any(c.pattern for s in book.sheets for c in s.ledger.typed.values()):
        return book
    sheets = tuple(_screened(s, screened.spots.get(s.name, ()), s.name in screened.long) for s in book.sheets)
    taken = {s.name for s in sheets}
    more = [finding for name, spots in screened.spots.items() if name not in taken for finding in _elsewhere(book, name, spots)]
    more += [Finding("warning", "personal", f"工作表名里有{WORDS[kind]}。", "请改工作表名，台账不收个人信息。", file=book.file, sheet=name)
             for name, kind in screened.named.items()]
    return replace(book, sheets=sheets, findings=(*book.findings, *more))


def about_name(file: str, kinds: Sequence[Kind]) -> list[Finding]:
    """For a file whose name, as it came, held a number."""
    return [Finding("warning", "personal", f"文件名里有{WORDS[kind]}。", "以后请不要把个人信息写进文件名。", file=file) for kind in kinds]


def hidden(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings, none quoting personal data: a phone that was typed as a number is text only once it is quoted."""
    return tuple(replace(f, value=mask(f.value), message=mask(f.message)) if suspicious(f.value) or suspicious(f.message) else f
                 for f in findings)


def _screened(sheet: Sheet, spots: Sequence[Spot], long: bool) -> Sheet:
    found = list(_told(sheet, spots))
    values = dict(sheet.values)
    for name, column in sheet.ledger.typed.items():
        if long and column.type in ("str", "list"):
            values[name] = list(_typed_as_number(sheet, name, values[name], found))
        if column.pattern and name in values:
            values[name] = list(_names(sheet, name, column, values[name], found))
    return replace(sheet, values=values).adding(found) if found else sheet


def _told(sheet: Sheet, spots: Sequence[Spot]) -> Iterator[Finding]:
    if not spots:
        return
    at = {row: k for k, row in enumerate(sheet.rows)}
    names = {place: name for name, place in sheet.places.items()}
    for spot in spots[:SHOWN]:
        row, column = spot.row + 1, names.get(spot.column, "")
        where = f"“{sheet.title(column)}”里" if column and row in at else "这一格里"
        severity, message, remedy = _said(where, spot.kind)
        said = sheet.finding(severity, _rule(spot.kind), message, remedy, at=at.get(row), column=column)
        yield replace(said, cell=f"{letters(spot.column)}{row}", row=row)
    if len(spots) > SHOWN:
        worst = any(s.kind in ("id", "card") for s in spots[SHOWN:])
        yield sheet.finding("error" if worst else "warning", "personal", f"另有 {len(spots) - SHOWN} 格也是这样，没有逐一列出。",
                            "请把整张表看一遍。")


def _rule(kind: Kind | None) -> str:
    return "unseen" if kind is None else "personal"


def _said(where: str, kind: Kind | None) -> tuple[str, str, str]:
    if kind is None:
        return "warning", f"{where}有看不见的控制字符，已去掉。", "从别处粘贴来的，请只粘贴文字。"
    if kind == "phone":
        return "warning", f"{where}有手机号码，入库时已隐去中间几位。", "台账不收个人信息，以后请不要填。"
    return "error", f"{where}有{WORDS[kind]}。", f"台账不收{WORDS[kind]}，请删去后重新报送。"


def _elsewhere(book: Book, sheet: str, spots: Sequence[Spot]) -> Iterator[Finding]:
    """Of a sheet that was not taken: one line, for it is in the file all the same."""
    kinds = dict.fromkeys(WORDS[s.kind] for s in spots if s.kind is not None)
    if kinds:
        yield Finding("warning", "personal", f"没有收的工作表里有{'、'.join(kinds)}。", "台账不收个人信息，请删去这张工作表。",
                      file=book.file, sheet=sheet)


def _typed_as_number(sheet: Sheet, column: str, values: Sequence[Any], found: list[Finding]) -> Iterator[Any]:
    for k, value in enumerate(values):
        text = value if isinstance(value, str) else "、".join(value) if isinstance(value, list) else ""
        if written_as_number(text):
            found.append(sheet.finding(
                "warning", "long-number", f"“{sheet.title(column)}”的数太长，表格软件已丢失后面的位数（显示成 {float(text):.1E}）。",
                "编号请先把单元格设为文本再填；身份证号、银行卡号不要填。", at=k, column=column))
        elif (kinds := [p.kind for p in find(text)]):
            severity, message, remedy = _said(f"“{sheet.title(column)}”里", kinds[0])
            found.append(sheet.finding(severity, "personal", message, remedy, at=k, column=column))
            value = [mask(v) for v in value] if isinstance(value, list) else mask(text)
        yield value


def _names(sheet: Sheet, name: str, column: Column, values: Sequence[Any], found: list[Finding]) -> Iterator[Any]:
    """What looks like a name is no code: told, and not kept."""
    right, wrong = re.compile(column.pattern), set[str]()
    for said in {v for value in values if value is not None for v in (value if isinstance(value, list) else (value,))}:
        if not right.fullmatch(said) and looks_like_name(said):
            wrong.add(said)
    for k, value in enumerate(values):
        names = wrong.intersection(value if isinstance(value, list) else (value,)) if wrong and value is not None else ()
        if names:
            found.append(sheet.finding(
                "error", "name", f"“{column.title}”疑似填了姓名（{'、'.join(map(masked_name, sorted(names)))}）。",
                f"台账不记姓名，请填{column.pattern_of or '编码'}。{column.help}", at=k, column=name,
                value="、".join(map(masked_name, sorted(names)))))
            value = None
        yield value
