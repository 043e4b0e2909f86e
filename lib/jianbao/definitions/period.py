"""Periods of time, as reports name them. Imports errors only.

Periods are values: `Period("2023-W42").previous()`. Weeks begin on the weekday the campaign says (0 = Monday) and are
numbered as ISO 8601 numbers them, shifted to that weekday: a week belongs to the year that holds its fourth day.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, total_ordering

from jianbao.errors import UnknownName, unknown

KINDS = ("day", "week", "xun", "month", "quarter", "half", "year")
# \Z and ASCII: one spelling per period, so that equal periods are equal values.
_PATTERNS = {
    "day": re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII),
    "week": re.compile(r"(\d{4})-W(\d\d?)\Z", re.ASCII),
    "xun": re.compile(r"(\d{4})-(\d\d)-T([123])\Z", re.ASCII),
    "month": re.compile(r"(\d{4})-(\d\d)\Z", re.ASCII),
    "quarter": re.compile(r"(\d{4})-Q([1-4])\Z", re.ASCII),
    "half": re.compile(r"(\d{4})-H([12])\Z", re.ASCII),
    "year": re.compile(r"(\d{4})\Z", re.ASCII),
}
_FORMS = "2023-W42 (week), 2023-10 (month), 2023-10-T2 (旬), 2023-Q4, 2023-H2, 2023, 2023-10-16 (day)"
_NOUNS = {"day": "日", "week": "周", "xun": "旬", "month": "月", "quarter": "季度", "half": "半年", "year": "年"}


@total_ordering
@dataclass(frozen=True)
class Period:
    """A day, week, 旬, month, quarter, half or year, by its canonical id. Raises UnknownName for anything else."""

    id: str
    week_start: int = 0

    def __post_init__(self) -> None:
        kind = next((k for k, pattern in _PATTERNS.items() if pattern.match(self.id)), None)
        try:
            if kind is None:
                raise ValueError
            if kind == "week":      # one spelling per week
                object.__setattr__(self, "id", "{}-W{:02d}".format(*self._numbers("week")))
            self._bounds(kind)
        except ValueError:
            raise UnknownName(f"no period {self.id!r}. Write one of: {_FORMS}.") from None

    def __str__(self) -> str:
        return self.id

    def __lt__(self, other: Period) -> bool:
        return (self.starts, self.ends) < (other.starts, other.ends)

    @cached_property
    def kind(self) -> str:
        return next(k for k, pattern in _PATTERNS.items() if pattern.match(self.id))

    @cached_property
    def starts(self) -> date:
        return self._bounds(self.kind)[0]

    @cached_property
    def ends(self) -> date:
        """The last day, inclusive."""
        return self._bounds(self.kind)[1]

    @property
    def days(self) -> int:
        return (self.ends - self.starts).days + 1

    def __contains__(self, day: date) -> bool:
        return self.starts <= day <= self.ends

    def previous(self) -> Period:
        return period_of(self.starts - timedelta(days=1), self.kind, self.week_start)

    def next(self) -> Period:
        return period_of(self.ends + timedelta(days=1), self.kind, self.week_start)

    def year_ago(self) -> Period:
        """The same period of the last year; week 53 of a long year falls on week 52 of a short one."""
        year, *rest = self._numbers(self.kind)
        if self.kind == "week":
            return Period(f"{year - 1}-W{min(rest[0], _weeks_in(year - 1, self.week_start)):02d}", self.week_start)
        if self.kind == "day":
            day = min(rest[1], monthrange(year - 1, rest[0])[1])
            return Period(f"{year - 1}-{rest[0]:02d}-{day:02d}", self.week_start)
        return Period(f"{year - 1}{self.id[4:]}", self.week_start)

    def last(self, n: int) -> list[Period]:
        """The `n` periods that end with this one, oldest first."""
        periods = [self]
        while len(periods) < n:
            periods.append(periods[-1].previous())
        return periods[::-1]

    @property
    def label(self) -> str:
        """As a document writes it: 2023年第42周（10月16日—10月22日）."""
        year, *rest = self._numbers(self.kind)
        match self.kind:
            case "day":
                return f"{year}年{rest[0]}月{rest[1]}日"
            case "week":
                return f"{year}年第{rest[0]}周（{month_day(self.starts)}—{month_day(self.ends)}）"
            case "xun":
                return f"{year}年{rest[0]}月{'上中下'[rest[1] - 1]}旬"
            case "month":
                return f"{year}年{rest[0]}月"
            case "quarter":
                return f"{year}年第{'一二三四'[rest[0] - 1]}季度"
            case "half":
                return f"{year}年{'上下'[rest[0] - 1]}半年"
        return f"{year}年"

    @property
    def this(self) -> str:
        """本周, 本月, 今年, 当日."""
        return {"day": "当日", "year": "今年"}.get(self.kind, "本" + _NOUNS[self.kind])

    @property
    def that(self) -> str:
        """The previous one: 上周, 上月, 上年, 前一日."""
        return {"day": "前一日"}.get(self.kind, "上" + _NOUNS[self.kind])

    def _numbers(self, kind: str) -> list[int]:
        match = _PATTERNS[kind].match(self.id)
        assert match
        return [int(g) for g in match.groups()]

    def _bounds(self, kind: str) -> tuple[date, date]:
        year, *rest = self._numbers(kind)
        match kind:
            case "day":
                day = date(year, *rest)
                return day, day
            case "week":
                if not 1 <= rest[0] <= _weeks_in(year, self.week_start):
                    raise ValueError
                start = _first_week(year, self.week_start) + timedelta(weeks=rest[0] - 1)
                return start, start + timedelta(days=6)
            case "xun":
                month, n = rest
                last = monthrange(year, month)[1] if n == 3 else n * 10
                return date(year, month, n * 10 - 9), date(year, month, last)
            case "month":
                return _months(year, rest[0], 1)
            case "quarter":
                return _months(year, rest[0] * 3 - 2, 3)
            case "half":
                return _months(year, rest[0] * 6 - 5, 6)
        return date(year, 1, 1), date(year, 12, 31)


def period_of(day: date, kind: str, week_start: int = 0) -> Period:
    """The period of `kind` that holds `day`."""
    match kind:
        case "day":
            text = day.isoformat()
        case "week":
            year = (_week_begin(day, week_start) + timedelta(days=3)).year
            number = (_week_begin(day, week_start) - _first_week(year, week_start)).days // 7 + 1
            text = f"{year}-W{number:02d}"
        case "xun":
            text = f"{day:%Y-%m}-T{min((day.day - 1) // 10, 2) + 1}"
        case "month":
            text = f"{day:%Y-%m}"
        case "quarter":
            text = f"{day.year}-Q{(day.month + 2) // 3}"
        case "half":
            text = f"{day.year}-H{(day.month + 5) // 6}"
        case "year":
            text = str(day.year)
        case _:
            raise unknown("kind of period", kind, KINDS)
    return Period(text, week_start)


def periods_between(first: date, last: date, kind: str, week_start: int = 0) -> list[Period]:
    """Every period of `kind` that touches first…last, in order."""
    periods = [period_of(first, kind, week_start)] if first <= last else []
    while periods and periods[-1].ends < last:
        periods.append(periods[-1].next())
    return periods


def parse_period(text: str, *, today: date, kind: str = "week", week_start: int = 0,
                 campaign_starts: date | None = None, campaign_ends: date | None = None) -> Period:
    """What people write: 上周, 本月, 第7周 (of the campaign), 10.16-10.22, 10月中旬, 2023年第42周, 2023-w42.

    Relative words count from `today`, which is not guessed here; a day without a year is one of the campaign's.
    """
    lately = min(today, campaign_ends or today)
    clean = re.sub(r"\s+", "", unicodedata.normalize("NFKC", str(text))).upper()
    for pattern in _PATTERNS.values():
        if pattern.match(clean):
            return Period(clean, week_start)
    relative = {"本周": ("week", 0), "这周": ("week", 0), "上周": ("week", 1), "本旬": ("xun", 0), "上旬": ("xun", 1),
                "本月": ("month", 0), "上月": ("month", 1), "本季度": ("quarter", 0), "上季度": ("quarter", 1),
                "今年": ("year", 0), "去年": ("year", 1), "上年": ("year", 1), "今天": ("day", 0), "昨天": ("day", 1)}
    if clean in relative:
        found, back = relative[clean]
        period = period_of(today, found, week_start)
        return period.previous() if back else period
    if m := re.fullmatch(r"第([1-9]\d?)周", clean):
        if campaign_starts is None:
            raise UnknownName(f"{text}: the campaign has no start, so its weeks cannot be counted. Write 2023-W42.")
        return period_of(campaign_starts + timedelta(weeks=int(m[1]) - 1), "week", week_start)
    if m := re.fullmatch(r"(\d{4})年第?(\d+)周", clean):
        return Period(f"{m[1]}-W{int(m[2]):02d}", week_start)
    if m := re.fullmatch(r"(?:(\d{4})年)?(\d{1,2})月(?:([上中下])旬)?", clean):
        year = int(m[1] or _year_of(int(m[2]), lately, campaign_starts))
        tail = f"-T{'上中下'.index(m[3]) + 1}" if m[3] else ""
        return Period(f"{year}-{int(m[2]):02d}{tail}", week_start)
    if m := re.fullmatch(r"(?:(\d{4})[.年])?(\d{1,2})[.月](\d{1,2})日?[-—~至](?:(\d{1,2})[.月])?(\d{1,2})日?", clean):
        try:
            first = date(int(m[1] or _year_of(int(m[2]), lately, campaign_starts)), int(m[2]), int(m[3]))
            last_month = int(m[4] or m[2])
            last = date(first.year + (last_month < first.month), last_month, int(m[5]))
        except ValueError:
            raise UnknownName(f"no period {text!r}: there is no such day.") from None
        for guess in KINDS:
            period = period_of(first, guess, week_start)
            if (period.starts, period.ends) == (first, last):
                return period
        whole = period_of(first, kind, week_start)
        raise UnknownName(f"no period {text!r}: {first}…{last} is no whole {kind}. "
                          f"The {kind} of {first} is {whole.id}, {whole.starts}…{whole.ends}.")
    raise UnknownName(f"no period {text!r}. Write one of: {_FORMS}; or 上周, 第7周, 10.16-10.22.")


def month_day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def long_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _months(year: int, first: int, n: int) -> tuple[date, date]:
    last = first + n - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])


def _week_begin(day: date, week_start: int) -> date:
    return day - timedelta(days=(day.weekday() - week_start) % 7)


def _first_week(year: int, week_start: int) -> date:
    return _week_begin(date(year, 1, 4), week_start)


def _weeks_in(year: int, week_start: int) -> int:
    return (_first_week(year + 1, week_start) - _first_week(year, week_start)).days // 7


def _year_of(month: int, today: date, campaign_starts: date | None) -> int:
    """The year meant by a month alone: the one nearest to today, not before the campaign."""
    # 1月 said in a campaign that began in September means the January after it.
    first = (campaign_starts.year, campaign_starts.month) if campaign_starts else (1, 1)
    years = [y for y in (today.year - 1, today.year, today.year + 1) if (y, month) >= first]
    if not years:
        return first[0] + (month < first[1])
    return min(years, key=lambda y: abs((y - today.year) * 12 + month - today.month))
