"""The campaign: its name, time, levels, cut-offs, thresholds, products and words. Imports ledger, period, errors."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from jianbao.definitions.ledger import Strict
from jianbao.definitions.period import Period, period_of
from jianbao.definitions.rule import Swing

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _clock(value: Any) -> Any:
    return time.fromisoformat(value) if isinstance(value, str) else value


Clock = Annotated[time, BeforeValidator(_clock)]


class Level(Strict):
    """A band of the tree, by org types: 上, 中, 下."""

    org_types: tuple[str, ...]


class Thresholds(Strict):
    """Below `same_coverage` common filers a change is withheld; below `rank_coverage` a unit is not ranked.

    `copied_share` of a sheet's rows, at least `copied_rows`, filed before with other dates: copied from an earlier period.
    `round_share` of at least `round_values` numbers being multiples of ten, or `run_rows` rows running alike: not counted.
    """

    same_coverage: float = 0.8
    rank_coverage: float = 0.8
    refile_shrink: float = 0.5
    small_base: int = 5
    # Counts about people above nothing and below it are not told in issued copies; 0: all are told.
    suppress_below: int = 0
    batch_rows: int = 50
    swing: Swing = Swing()
    copied_share: float = 0.8
    copied_rows: int = 3
    round_share: float = 0.8
    round_values: int = 20
    run_rows: int = 8


class Fact(Strict):
    """A word for prose that stands in ledger rows as known at a period's end: the first, last or every value of a column.

    Dates are ordered by themselves, other values by the date of their row.
    """

    ledger: str
    value: str                                  # a column
    where: str | None = None
    take: Literal["first", "last", "all"] = "last"


class Campaign(Strict):
    name: str                                   # short id for files
    title: str                                  # 优化营商环境攻坚行动
    starts: date
    ends: date
    period: Literal["day", "week", "xun", "month", "quarter", "half", "year"] = "week"
    week_starts: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    root: str                                   # code of the unit at the top
    office: str = ""                            # code of the unit that files the office's own ledgers; empty: root
    levels: dict[str, Level] = Field(default_factory=dict)
    # Org types whose units are compared with each other, the first one present among a unit's children counting.
    peers: tuple[str, ...] = ()
    whole: str = ""                             # how prose calls the whole: 全区
    rounding: Literal["half_even", "half_up"] = "half_up"
    thresholds: Thresholds = Thresholds()
    facts: dict[str, str | Fact] = Field(default_factory=dict)     # words for prose: {城市名}; fixed, or taken from rows
    secrecy: str = ""
    stamped: Annotated[bool, Field(description="templates ask whether a stamped scan (盖章件) comes with the workbook")] = False
    timezone: str = "Asia/Shanghai"

    @model_validator(mode="after")
    def _fits(self) -> Campaign:
        if self.ends < self.starts:
            raise ValueError(f"ends on {self.ends}, before it starts on {self.starts}.")
        return self

    @property
    def week_start(self) -> int:
        return WEEKDAYS.index(self.week_starts)

    @property
    def office_code(self) -> str:
        return self.office or self.root

    def period_of(self, day: date, kind: str | None = None) -> Period:
        return period_of(day, kind or self.period, self.week_start)

    def elapsed(self, on: date, starts: date | None = None, due: date | None = None) -> float:
        """序时: the share of the time from `starts` to `due` that has gone by at the end of `on`, by calendar days."""
        first, last = starts or self.starts, due or self.ends
        return min(max(((on - first).days + 1) / ((last - first).days + 1), 0.0), 1.0)


class Moment(Strict):
    """A time of day some days after a period's last day: {days: 1, at: 12:00}."""

    days: int = 0
    at: Clock = time(18, 0)

    def after(self, period: Period) -> datetime:
        return datetime.combine(period.ends + timedelta(days=self.days), self.at)


class Product(Strict):
    """One product: when it is due, what notebook makes it, and its head and foot."""

    notebook: str
    name: str                                   # masthead
    title: str                                  # may hold {单位}, {统计期}, {截止日}
    period: Literal["day", "week", "xun", "month", "quarter", "half", "year"] = "week"
    units: Annotated[str | tuple[str, ...], Field(
        description="root, children, all (both), teams, an org type or a unit's code; or a list of these")] = "root"
    issuer: str = ""
    secrecy: str = ""
    report_to: str = ""
    send_to: str = ""
    issue_to: str = ""
    copies: int | None = None
    numbered: bool = True                       # whether its issues bear a 期号, once params/calendar.yml says the first
    first_number: int = 1
    total_before: int = 0
    max_pages: int | None = None                # a longer issue fails
    even_pages: bool = False                    # printed on both sides: an odd last page is followed by the foot on its back
    max_charts: int | None = None               # in the issued copy
    formats: tuple[Literal["html", "pdf", "docx", "xlsx"], ...] = ("html", "pdf", "docx")


class Closes(Strict):
    """A period closes by itself so many days after its cut-off."""

    days: int = Field(ge=0)


class Calendar(Strict):
    """When filings are due and issues are made. `work_days`: a due day off moves to the next worked one (调休)."""

    cut_off: Moment = Moment(days=1, at=time(12, 0))
    closes: Closes | None = None                            # none: a period stays open until somebody closes it
    due: dict[str, Moment] = Field(default_factory=dict)    # product → when its issue is made
    first: dict[str, str] = Field(default_factory=dict)     # product → first period it is made for
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # product → the periods it is made for, when not all
    work_days: Literal["cn", "all"] = "all"


class Target(Strict):
    """What an indicator should reach by when; `starts` and `due` are the campaign's when left out."""

    value: float = 1.0
    starts: date | None = None
    due: date | None = None
    units: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Target:
        if self.starts and self.due and self.due < self.starts:
            raise ValueError(f"due on {self.due}, before it starts on {self.starts}.")
        return self


class Terms(Strict):
    """Fixed words whose numerals are not figures (第二批), and words that must not go out."""

    fixed: tuple[str, ...] = ()
    refused: dict[str, str] = Field(default_factory=dict)   # word → what to write instead
    empty_reasons: tuple[str, ...] = ()                     # explanations that explain nothing
