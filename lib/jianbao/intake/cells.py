"""One raw cell to one value, as people write it; what cannot be meant is a BadCell. Imports writing, dates, definitions, errors.

Readers give text, float, bool, date, datetime, time or timedelta, and "" for an empty cell. Messages are for the person
who filled the cell in. What was taken although the cell left something open is a Guess, and said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from jianbao.definitions.ledger import Column
from jianbao.definitions.period import Period
from jianbao.definitions.register import Register
from jianbao.errors import suggestions
from jianbao.intake.dates import as_date as as_date
from jianbao.intake.dates import as_datetime as as_datetime
from jianbao.intake.dates import read_datetime
from jianbao.intake.writing import BadCell as BadCell
from jianbao.intake.writing import Guess, clean, numeral, says_nothing
from jianbao.intake.writing import shown as shown
from jianbao.intake.writing import squash as squash

EMPTY_MARKS = frozenset(("/", "\\", "-", "--", "—", "——", "无", "暂无", "N/A", "n/a", "／"))
_SCALES = {"万": 10_000, "亿": 100_000_000}
MEASURES = "元人次个件天场条篇份名家户项期处所起支台套只辆间"
_YES = frozenset(("是", "√", "✓", "✔", "☑", "对", "有", "Y", "YES", "TRUE", "1", "已"))
_NO = frozenset(("否", "×", "✗", "✘", "☐", "X", "错", "没有", "N", "NO", "FALSE", "0", "未", "无"))
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(\.\d+)?")
_SPACED = re.compile(r"\d\s+\d")
_THOUSANDS = re.compile(r"\D*\d{1,3}(?:\s\d{3})+(?:\.\d+)?\D*")
# Inside [ ]: characters that squashing turns into ordinary 汉字, such as ⼩ and ㊟.
COMPATIBLE = "\u2e80-\u2fdf\u3200-\u33ff\uf900-\ufaff\U0002f800-\U0002fa1f"


# Each of these takes a cell that is not empty.


def as_number(value: Any) -> float:
    """12, １２, 1,234.50, ￥3.5万, 5人. Raises BadCell for 12,5, 约30, 三十."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        raise BadCell(f"“{shown(value)}”不是数字。", "请填数字，并把单元格格式改为“常规”。")
    if _SPACED.search(value) and not _THOUSANDS.fullmatch(value.strip()):
        raise BadCell(f"“{shown(value)}”中间有空格，分不清是不是一个数。", "请去掉空格，或一格只填一个数。")
    text = squash(value).replace("￥", "").replace("¥", "").replace("−", "-")
    match = _NUMBER.match(text)
    rest = text[match.end() :] if match else text
    scale = 1
    if match and rest[:1] in _SCALES:
        scale, rest = _SCALES[rest[0]], rest[1:]
    if match is None or (rest and not (len(rest) == 1 and rest in MEASURES)):
        raise BadCell(f"“{shown(value)}”不是数字。", "请只填阿拉伯数字，如 12 或 12.5（小数用点，不加“约”“余”等字）。")
    number = float((match[1] + match[2] + (match[3] or "")).replace(",", ""))
    # 3.5万 is 35000, not 35000.000000000004
    return round(number * scale, 6) if scale > 1 else number


def as_int(value: Any) -> int:
    number = as_number(value)
    if number != number or number in (float("inf"), float("-inf")) or number != int(number):
        raise BadCell(f"“{shown(value)}”不是整数。", "请填整数。")
    if abs(number) >= 2**53:
        raise BadCell(f"“{shown(value)}”太大，表格软件已丢失后面的位数。", "请核对；编号类内容请按文本填写。")
    return int(number)


def as_percent(value: Any) -> float:
    """A share: 85.3%, 85.3 and a cell holding 0.853 are all 0.853."""
    found = _percent(value)
    return float(found.value if isinstance(found, Guess) else found)


def _percent(value: Any) -> Any:
    """The same, as a Guess for 85.3."""
    text = squash(value) if isinstance(value, str) else ""
    if text.endswith("%"):
        return _hundredth(as_number(text[:-1]))
    number = as_number(value)
    if 1 < number < 2:  # 1.2 in a percent cell is 120 %, typed into a plain one it is 1.2 %
        raise BadCell(f"“{shown(value)}”分不清是 {number:g}% 还是 {number * 100:g}%。", "请带百分号填写。", "percent")
    return number if -1 <= number <= 1 else Guess(_hundredth(number), "percent")


def _count(value: Any) -> Any:
    """A whole number; one in 汉字 as a Guess."""
    try:
        return as_int(value)
    except BadCell:
        text = squash(value) if isinstance(value, str) else ""
        number = numeral(text[:-1] if len(text) > 1 and text[-1] in MEASURES else text)
        if number is None:
            raise
        return Guess(number, "numeral")


def _hundredth(number: float) -> float:
    return float(f"{number / 100:.12g}")


def as_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = shown(value) if isinstance(value, float | int) else squash(value).upper()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise BadCell(f"“{shown(value)}”既不是“是”也不是“否”。", "请填 是 或 否。")


def as_text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else shown(value)


def as_identifier(value: Any) -> str:
    """Text by which rows are told apart: 12.0 is 12, full-width is half-width, no spaces."""
    return squash(as_text(value))


def as_list(value: Any) -> list[str]:
    """Split at 、，；and spaces."""
    return [part for part in re.split(r"[、，,；;\s]+", as_text(value)) if part]


class Codes:
    """The codes of one column, found whatever their width or spaces."""

    def __init__(self, column: Column) -> None:
        self.title, self.codes = column.title, column.codes
        self.known = {squash(said).upper(): code for said, code in [*column.code_aliases.items(), *((code, code) for code in column.codes)]}

    def __call__(self, value: Any) -> str:
        said = as_text(value)
        found = self.known.get(squash(said).upper())
        if found is not None:
            return found
        near = suggestions(said, self.codes)
        hint = f"是不是“{near[0]}”？" if near else ""
        options = "、".join(self.codes[:12]) + ("……" if len(self.codes) > 12 else "")
        raise BadCell(f"“{shown(value)}”不在“{self.title}”的选项里。", f"{hint}请从下拉列表选：{options}。", "code")

    def many(self, value: Any) -> list[str]:
        return list(dict.fromkeys(self(part) for part in as_list(value)))


class Units:
    """Units by code, name, short name or former name, on one day."""

    def __init__(self, register: Register, on: date) -> None:
        self.on = on
        self.tree = register.on(on)
        self.names: dict[str, set[str]] = {}
        self.said: dict[str, str] = {}
        for unit in register.units:
            for name in (unit.code, unit.name, unit.short_name, *unit.aliases):
                if name:
                    self.names.setdefault(squash(name).upper(), set()).add(unit.code)
                    self.said[name] = unit.code

    def find(self, text: Any) -> set[str]:
        """The codes of all units called so; those valid on the day when any is."""
        found = self.names.get(squash(as_text(text)).upper(), set())
        return {code for code in found if code in self.tree} or found

    def __call__(self, value: Any) -> str:
        found = self.find(value)
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise BadCell(f"有几个单位都叫“{shown(value)}”。", f"请改填单位编码：{'、'.join(sorted(found))}。", "unit")
        near = suggestions(as_text(value), self.said)
        hint = f"是不是“{near[0]}”？" if near else ""
        raise BadCell(f"单位名册里没有“{shown(value)}”。", f"{hint}请按名册填单位名称、简称或编码。", "unit")


Parse = Callable[[Any], Any]  # a value or a Guess


def parser(column: Column, *, near: Period | None = None, units: Units | None = None, identifier: bool = False) -> Parse:
    """What turns a cell of `column` that is not empty into its value or a Guess, or raises BadCell."""
    match column.type:
        case "int":
            return _count
        case "num":
            return as_number
        case "percent":
            return _percent
        case "date":
            return lambda value: _date(value, near)
        case "datetime":
            return lambda value: read_datetime(value, near)
        case "bool":
            return as_bool
        case "code":
            return Codes(column)
        case "list":
            return Codes(column).many if column.codes else as_list
        case "unit" if units is not None:
            return units
    return as_identifier if identifier else as_text


def _date(value: Any, near: Period | None) -> Any:
    found = read_datetime(value, near)
    return Guess(found.value.date(), found.why) if isinstance(found, Guess) else found.date()


def parse_column(
    values: Sequence[Any],
    kind: str,
    parse: Parse,
    memo: dict[Any, Any],
    guessed: dict[str, list[int]] | None = None,
) -> tuple[list[Any], Mapping[int, BadCell]]:
    """The values, None where empty or wrong, and what is wrong by position; into `guessed` why → positions of guesses.

    Most cells already have the type they should: those are taken without a call. Texts met before (codes, units) come
    from `memo`, which belongs to one `parse`.
    """
    plain: type = {"num": float, "date": date, "datetime": datetime, "bool": bool}.get(kind, type(None))
    free = kind == "str"
    kinds = set(map(type, values))
    if kinds == {plain}:
        return list(values), {}
    if kinds == {str}:
        if free and parse is as_text:
            # A test of the whole column at once; nearly none needs more.
            tidy = str.strip if "".join(values).isprintable() else clean
            return [tidy(value) or None for value in values], {}
        if all(value in memo for value in values):
            return [memo[value] for value in values], {}
    result: list[Any] = []
    bad: dict[int, BadCell] = {}
    before: dict[Any, Guess] = memo.setdefault(Guess, {})
    add = result.append
    for i, value in enumerate(values):
        if value == "":
            add(None)
            continue
        cls = value.__class__
        if cls is plain:
            add(value)
            continue
        if cls is str:
            if value in memo:
                add(memo[value])
                continue
            if says_nothing(value) or (not free and value.strip() in EMPTY_MARKS and not _is_value(parse, value)):
                add(None)
                continue
        elif cls is float and kind == "int" and value == (n := int(value) if -(2**53) < value < 2**53 else None):
            add(n)
            continue
        try:
            parsed = before[value] if value in before else parse(value)
        except BadCell as e:
            bad[i] = e
            add(None)
            continue
        if parsed.__class__ is Guess:
            if guessed is not None:
                guessed.setdefault(parsed.why, []).append(i)
            if len(before) < 10_000:
                before[value] = parsed
            add(parsed.value)
            continue
        if free and parsed == "":
            parsed = None
        add(parsed)
        if cls is str and not free and len(memo) < 10_000:
            memo[value] = parsed
    return result, bad


def _is_value(parse: Parse, value: str) -> bool:
    """无 and — are empty marks unless the column has them as a code or means 否 by them."""
    if isinstance(parse, Codes):
        return squash(value).upper() in parse.known
    return parse is as_bool and squash(value) in _NO
