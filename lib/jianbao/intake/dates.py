"""One raw cell to a day or a time, as people write them. Imports writing, definitions.

Readers give a date, a datetime, a serial number or a text. What leaves something open — the year, the century, the order
of day and month — is taken only where the period or the numbers themselves decide, and then as a Guess.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from jianbao.definitions.period import Period
from jianbao.intake.writing import BadCell, Guess, numeral, shown, squash

HOW = "请写成 2023-10-08 或 10月8日。"
_TIME = r"(上午|下午|晚上?|中午)?T?(?:(\d{1,2})[:时点](\d{1,2})?分?(?::?(\d{2})(?:\.\d+)?秒?)?(AM|PM)?)?"
_DAY = re.compile(r"(?:(\d{4}|\d{2})([年./-]))?(\d{1,2})[月./-](\d{1,2})日?" + _TIME)
_ENDS_WITH_YEAR = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})" + _TIME)
_ENDS_SHORT = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2}")
_WEEKDAY = re.compile(r"\(?(?:周|星期|礼拜)[一二三四五六日天]\)?")
_SPOKEN = re.compile("[〇○零一二三四五六七八九十廿卅]")
_SPOKEN_YEAR = re.compile("[〇○零一二三四五六七八九]{4}(?=年)")
_SPOKEN_PART = re.compile("[一二三四五六七八九十廿卅]{1,3}(?=[月日时点分])")
_YEAR_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_SERIAL_ZERO = datetime(1899, 12, 30)
SERIALS = range(20_000, 80_000)  # 1954 to 2119
SINCE_1904 = 1462  # days between the two date systems


def as_datetime(value: Any, near: Period | None = None) -> datetime:
    """2023年10月8日, 2023.10.8, 20231008, 二〇二三年十月八日, 10月8日 (of the year nearest to `near`), an Excel serial; with a
    time or without."""
    found = read_datetime(value, near)
    day: datetime = found.value if isinstance(found, Guess) else found
    return day


def as_date(value: Any, near: Period | None = None) -> date:
    return as_datetime(value, near).date()


def read_datetime(value: Any, near: Period | None = None) -> Any:
    """The same, as a Guess where something was left open. Raises BadCell."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, float | int) and not isinstance(value, bool):
        if 19_000_101 <= value <= 21_001_231 and value == int(value):
            value = str(int(value))
        elif SERIALS.start <= value < SERIALS.stop:
            return Guess(_SERIAL_ZERO + timedelta(days=round(value * 86_400) / 86_400), "serial")
        else:
            raise BadCell(f"“{shown(value)}”不是日期。", HOW)
    if not isinstance(value, str):
        raise BadCell(f"“{shown(value)}”不是日期。", HOW)
    text = _WEEKDAY.sub("", squash(value).upper()).replace("号", "日").replace("。", ".")
    if _SPOKEN.search(text):
        text = _SPOKEN_PART.sub(_in_digits, _SPOKEN_YEAR.sub(lambda m: m[0].translate(_YEAR_DIGITS), text))
    if text.isdecimal():
        if len(text) == 8:
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif len(text) == 5 and int(text) in SERIALS:
            return Guess(_SERIAL_ZERO + timedelta(days=int(text)), "serial")
    try:
        return _day(text, value, near)
    except ValueError as e:
        if isinstance(e, BadCell):
            raise
        raise BadCell(f"“{shown(value)}”：没有这一天。", HOW) from None


def _in_digits(match: re.Match[str]) -> str:
    number = numeral(match[0].replace("廿", "二十").replace("卅", "三十"))
    return match[0] if number is None else str(number)


def _day(text: str, value: str, near: Period | None) -> Any:
    """Raises BadCell; ValueError for a day that no calendar has."""
    if (match := _DAY.fullmatch(text)) is not None:
        year, mark, month, day, *clock = match.groups()
        if year is None:
            found = _year(int(month), int(day), near)
            return Guess(datetime(found, int(month), int(day)) + _clock(*clock), "year")
        if len(year) == 4:
            return datetime(int(year), int(month), int(day)) + _clock(*clock)
        full = _century(int(year), int(month), int(day), near, value) if mark != "年" else 2000 + int(year)
        return Guess(datetime(full, int(month), int(day)) + _clock(*clock), "century")
    if (match := _ENDS_WITH_YEAR.fullmatch(text)) is not None:
        first, second, full = int(match[1]), int(match[2]), int(match[3])
        if first <= 12 and second <= 12 and first != second:
            raise BadCell(
                f"“{shown(value)}”分不清是 {first}月{second}日 还是 {second}月{first}日。", f"请按年、月、日的顺序写，如 {full}-10-08。"
            )
        month, day = (second, first) if first > 12 else (first, second)
        return Guess(datetime(full, month, day) + _clock(*match.groups()[3:]), "order")
    if _ENDS_SHORT.fullmatch(text) is not None:
        raise BadCell(f"“{shown(value)}”分不清年、月、日。", "请把年份写全，如 2023-10-08。")
    several = len(re.findall(r"\d{1,2}日", text)) > 1 or re.search(r"[至~]", text)
    raise BadCell(f"“{shown(value)}”不是一个日期。", "一行只填一天，请填开始的那一天。" if several else HOW)


def _clock(half: str | None, hour: str | None, minute: str | None, second: str | None, suffix: str | None) -> timedelta:
    """How far into the day. Raises ValueError for a time no clock shows."""
    h = int(hour or 0)
    afternoon = half in ("下午", "晚", "晚上") or suffix == "PM" or (half == "中午" and h < 3)
    at = time(h + 12 if afternoon and 0 < h < 12 else h, int(minute or 0), int(second or 0))
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _century(year: int, month: int, day: int, near: Period | None, value: str) -> int:
    """23/10/8 is of 2023 in a period of 2023. Raises BadCell for 8/10/23, and for either far from any period."""
    if near is not None:
        now = near.ends.year
        # Read from the other end it would be of this very year, and from this end it is not: nobody can tell.
        if abs(2000 + year - now) <= 1 and (2000 + year == now or 2000 + day != now):
            return 2000 + year
    raise BadCell(f"“{shown(value)}”分不清年、月、日。", "请把年份写全，如 2023-10-08。")


def _year(month: int, day: int, near: Period | None) -> int:
    if near is None:
        raise BadCell(f"{month}月{day}日没有写年份。", "请写成 2023-10-08。")
    days = [date(near.ends.year + n, month, min(day, 28)) for n in (-1, 0, 1)]
    return min(days, key=lambda d: abs((d - near.ends).days)).year
