"""Personal data in free text: ID numbers, bank cards and mobile phones found, and masked. Imports nothing of ours.

A ledger counts matters; who they happened to stays in the unit's own files. What is found here is told by its own check
digits and dates, so that document numbers, project codes, credit codes of organisations, dates and amounts pass.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["id", "card", "phone"]
WORDS: Final[dict[Kind, str]] = {"id": "身份证号", "card": "银行卡号", "phone": "手机号码"}

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES = frozenset((11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
                        61, 62, 63, 64, 65, 71, 81, 82, 83))
_DIGITS = "0-9０-９"
# What people put between the groups of a number, and what the eye does not see there.
_GAP = "[ \t\u00a0\u2000-\u200d\u202a-\u202f\u2060\u3000\ufeff·\u2010-\u2015\u2212\uff0d_－-]"
_RUN: Final = re.compile(f"[{_DIGITS}](?:{_GAP}{{0,2}}[{_DIGITS}]){{10,}}(?:{_GAP}{{0,2}}[xXｘＸ](?![A-Za-z]))?")
_GROUP = re.compile(f"[{_DIGITS}]+[xXｘＸ]?|[xXｘＸ]")
_SEVERAL = re.compile(f"[{_DIGITS}](?:{_GAP}{{0,2}}[{_DIGITS}]){{10}}")
_MEASURES = re.compile(r"\s*(?:\.\d|万|亿|元|美元|港元|欧元|%|％|吨|平方|立方|千瓦|公里|亩|株|人次|kWh|m[²2³3])")
_WITHIN = re.compile(r"(?:\d\.|[A-Za-z$￥¥€])$")       # a decimal, a code, an amount
_CALLED = re.compile(r"(?:tel|phone|mobile|mob)[.:]?$", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[1-9](?:\.\d+)?[eE]\+?1[5-8]")
_PHONES = ((11,), (3, 4, 4), (3, 8), (7, 4), (1,) * 11)


@dataclass(frozen=True)
class Personal:
    """One number found: which characters of the text it takes, and what it is."""

    kind: Kind
    start: int
    end: int


def suspicious(text: str) -> bool:
    """Whether a text holds enough digits close together to be looked at: cheap, and never false when `find` finds something."""
    return _SEVERAL.search(text) is not None


def find(text: str) -> list[Personal]:
    """Everything personal in a text, in order; what overlaps is the longer and surer one."""
    if len(text) < 11 or not suspicious(text):
        return []
    return [p for run in _RUN.finditer(text) for p in _within(text, run.start(), run.end())]


def mask(text: str) -> str:
    """The text with the middle of every number found as *; a text without one comes back as it is."""
    if len(text) < 11:
        return text
    out: list[str] = []
    at = 0
    for p in find(text):
        out += [text[at:p.start], _starred(text[p.start:p.end], p.kind)]
        at = p.end
    return "".join(out) + text[at:] if out else text


def number_kind(value: float) -> Kind | None:
    """What a number cell of 16 digits and more is likely to be: typed as a number, an ID number loses its last digits."""
    if not 1e15 <= value < 1e19 or value != int(value):
        return None
    digits = str(int(value))
    if len(digits) == 18 and _born(digits[6:14]) and _region(digits):
        return "id"
    return "card" if len(digits) >= 16 and digits.startswith("62") else None


def masked_number(value: float, kind: Kind) -> str:
    """110101********** of a number cell."""
    digits = str(int(value))
    return digits[:6].ljust(len(digits), "*") if kind == "id" else digits[:4].ljust(len(digits), "*")


def written_as_number(text: str) -> bool:
    """1.1010119900307E+17: what becomes of a long number that was typed into a cell of numbers."""
    return _SCIENTIFIC.fullmatch(text) is not None


def _starred(said: str, kind: Kind) -> str:
    """The first and last few characters kept; blanks and hyphens stay, so that the text still reads as it did."""
    places = [i for i, c in enumerate(said) if c.isalnum()]
    first, last = {"id": (6, 2), "card": (4, 4), "phone": (len(places) - 8, 4)}[kind]
    hidden = set(places[first:len(places) - last])
    return "".join("*" if i in hidden else c for i, c in enumerate(said))


def _within(text: str, start: int, end: int) -> Iterator[Personal]:
    """What a run of digits and gaps holds; it may hold a date or another number beside."""
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(text, start, end)]
    said = [unicodedata.normalize("NFKC", text[a:b]).upper() for a, b in groups]
    at = 0
    while at < len(groups):
        found = next((p for p in _starting(text, groups, said, at)), None)
        if found is None:
            at += 1
            continue
        yield found
        while at < len(groups) and groups[at][0] < found.end:
            at += 1


def _starting(text: str, groups: list[tuple[int, int]], said: list[str], at: int) -> Iterator[Personal]:
    """What begins with group `at`, surest first."""
    spans: list[tuple[str, tuple[int, ...], int]] = []
    digits, sizes = "", list[int]()
    for n in range(at, len(groups)):
        digits, sizes = digits + said[n], [*sizes, len(said[n])]
        if len(digits) > 19:
            break
        spans.append((digits, tuple(sizes), n))
    start = groups[at][0]
    for digits, sizes_, n in spans:
        if _is_id(digits, sizes_):
            yield Personal("id", start, groups[n][1])
    for digits, sizes_, n in spans:
        if not digits.isdigit() or not _alone(text, start, groups[n][1]):
            continue
        if _is_card(digits, sizes_):
            yield Personal("card", start, groups[n][1])
        if _is_phone(digits, sizes_):
            yield Personal("phone", start, groups[n][1])


def _alone(text: str, start: int, end: int) -> bool:
    """Not part of a code, a decimal or an amount."""
    before, after = text[max(0, start - 8):start], text[end:end + 8]
    if _WITHIN.search(before) and not _CALLED.search(before):
        return False
    return not (after and ((after[0].isascii() and after[0].isalpha()) or _MEASURES.match(after)))


def _is_id(digits: str, sizes: tuple[int, ...]) -> bool:
    if len(digits) == 18 and digits[:17].isdigit():
        check = "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, digits, strict=False)) % 11]
        return digits[17] == check and _region(digits) and _born(digits[6:14])
    # The old form has no check digit: only in one piece, or in the groups it has.
    return len(digits) == 15 and digits.isdigit() and sizes in ((15,), (6, 6, 3), (6, 9)) \
        and _region(digits) and _born(f"19{digits[6:12]}")


def _region(digits: str) -> bool:
    return int(digits[:2]) in _PROVINCES and digits[2:4] != "00" and (digits[4:6] != "00" or digits[:2] == "71")


def _born(said: str) -> bool:
    try:
        day = date(int(said[:4]), int(said[4:6]), int(said[6:]))
    except ValueError:
        return False
    return 1900 <= day.year < 2100


def _is_card(digits: str, sizes: tuple[int, ...]) -> bool:
    """Lengths and first digits of cards in use in the country, and the Luhn sum."""
    n, first = len(digits), int(digits[:2])
    known = ((first == 62 and n >= 16) or (digits[:4] in ("9558", "9559", "9562") and n in (16, 19)) or (digits[0] == "4" and n == 16)
             or (digits[:6] == "436742" and n == 19) or (51 <= first <= 55 and n == 16)
             or (3528 <= int(digits[:4]) <= 3589 and n == 16) or (first in (34, 37) and n == 15))
    pieces = len(sizes) in (1, n) or all(s == 4 for s in sizes[:-1]) or sizes == (6, n - 6) or sizes == (4, 6, 5)
    return known and pieces and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for k, d in enumerate(reversed(digits)):
        value = int(d) * (2 if k % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_phone(digits: str, sizes: tuple[int, ...]) -> bool:
    for code in ("", "86", "0086"):
        own = digits[len(code):]
        if digits.startswith(code) and len(own) == 11 and own[0] == "1" and own[1] in "3456789":
            alone = sizes[0] == len(code)       # 86 in a group of its own
            rest = sizes if not code else sizes[1:] if alone else (sizes[0] - len(code), *sizes[1:])
            return rest in _PHONES and not (rest == (3, 4, 4) and _dated(own[3:]))
    return False


def _dated(said: str) -> bool:
    """2023-1017 in 156-2023-1017, the number of a document."""
    return said[:2] == "20" and "01" <= said[4:6] <= "12" and "01" <= said[6:] <= "31"


# Names, in a column of codes

_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫"
    "段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗"
    "谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣"
    "巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝")
_COMPOUND = ("欧阳", "上官", "司马", "诸葛", "皇甫", "令狐", "夏侯", "慕容", "尉迟", "司徒", "东方", "公孙", "端木", "西门", "南宫", "长孙")
_NAME = re.compile(r"([一-鿿]{2,4}|[一-鿿]{1,4}·[一-鿿]{1,6})(?:[（(].{0,12}[）)])?")


def looks_like_name(text: str) -> bool:
    """Two to four 汉字 that begin with a usual surname. Only for columns that should hold a code: 王家镇 looks like one, too."""
    said = _NAME.fullmatch(text.strip())
    return said is not None and (said[1][0] in _SURNAMES or said[1].startswith(_COMPOUND) or "·" in said[1])


def masked_name(text: str) -> str:
    """王** of a name."""
    said = text.strip()
    return said[0] + "*" * (len(said) - 1)
