"""Text as people and their programs write it, made comparable; and the two ways a cell can be answered but with its value.

Imports errors of this room only: standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, NamedTuple

# Zero-width, direction and joining marks, soft hyphens and control characters: pasted in from pages and chats, seen by nobody.
_UNSEEN = {
    *range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xAD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
    *range(0x2060, 0x2065), 0xFE0E, 0xFE0F, 0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB,
}  # fmt: skip
# With these a text may begin that says nothing.
BLANK = frozenset(map(chr, [*_UNSEEN, *b" \t\n\r", 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]))
_WITHOUT = dict.fromkeys(_UNSEEN)
_DIGITS = "零一二三四五六七八九"
_DIGIT = f"[{_DIGITS[1:]}]"
_NUMERAL = re.compile(f"(?:({_DIGIT})千)?(?:零?({_DIGIT})百)?(?:零?({_DIGIT}?)十)?(?:零?([{_DIGITS}]))?")
SHOWN_ROWS = 6


class BadCell(ValueError):
    """A cell that cannot be meant: what is wrong, and what to write instead."""

    def __init__(self, message: str, remedy: str, rule: str = "type") -> None:
        super().__init__(f"{message} {remedy}")
        self.message, self.remedy, self.rule = message, remedy, rule


class Guess(NamedTuple):
    """A value that was taken although the cell left something open; `why` is a key of reading.WHY."""

    value: Any
    why: str


def squash(text: Any) -> str:
    """Text as names and codes are compared: half-width, without any space or unseen character."""
    text = str(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return "".join((text if text.isprintable() else text.translate(_WITHOUT)).split())


def clean(text: str) -> str:
    """Free text as it is kept: without unseen characters and outer spaces, lines ended by \\n."""
    text = text.strip()
    if text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_WITHOUT).strip()


def says_nothing(text: str) -> bool:
    """Spaces and unseen characters only."""
    return not text or (text[0] in BLANK and not squash(text))


def shown(value: Any, limit: int = 40) -> str:
    """A value as a finding quotes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes") if value.time() != time(0) else value.date().isoformat()
    if isinstance(value, list | tuple):
        return "、".join(str(v) for v in value)
    text = str(value).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def numeral(text: str) -> int | None:
    """十二 → 12, 一百零五 → 105; up to 9999. None for what is no such number, or could be two (一百二, 二三)."""
    said = text.replace("两", "二").replace("〇", "零")
    match = _NUMERAL.fullmatch(said)
    if not said or match is None:
        return None
    thousands, hundreds, tens, ones = match.groups()
    parts = (thousands, hundreds, tens or ("一" if "十" in said else None), ones)
    number = sum(_DIGITS.index(part) * size for part, size in zip(parts, (1000, 100, 10, 1), strict=True) if part)
    return number if said in _spoken(number) else None


def _spoken(number: int) -> tuple[str, ...]:
    """The number as it is said; 十二 and 一十二 both."""
    text, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    return (text or "零", text.removeprefix("一")) if text.startswith("一十") else (text or "零",)


def row_list(rows: Sequence[int]) -> str:
    """第 7 行; 第 7—9、12 行; beyond six places 等 and how many."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    said = "、".join(str(a) if a == b else f"{a}、{b}" if b == a + 1 else f"{a}—{b}" for a, b in runs[:SHOWN_ROWS])
    return f"第 {said} {f'等 {len(rows)} ' if len(runs) > SHOWN_ROWS else ''}行"
