"""What a ledger is: its columns, its key, its date, who files it how, and its rules. Imports rule, errors."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from jianbao.definitions import expressions
from jianbao.definitions.rule import Rule as Rule
from jianbao.definitions.rule import Severity as Severity
from jianbao.definitions.rule import Strict as Strict
from jianbao.definitions.rule import Swing, Unlike, check_rule, wrong_names

ColumnType = Literal["str", "int", "num", "percent", "date", "datetime", "bool", "code", "unit", "list"]
Kind = Literal["event", "state", "snapshot", "master", "filings", "calendar", "amendments"]


class FilledFrom(Strict):
    """A column the office decides in a ledger of its own: the latest row there by `latest`, up to the period's end.

    `key` maps this ledger's key columns to that ledger's columns; the unit is always matched.
    """

    ledger: str
    column: str
    latest: str
    key: dict[str, str]
    where: str | None = None
    default: str | None = None


class Column(Strict):
    """One column. Numbers may be bounded; `percent` is divided by 100 on reading; `list` is split at 、，；and spaces."""

    title: str
    type: ColumnType = "str"
    required: bool = False
    codes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    code_aliases: dict[str, str] = Field(default_factory=dict)
    steps: Annotated[dict[str, int], Field(
        description="how far each code is, for step(column) in rules; left out: the order of the codes")] = Field(default_factory=dict)
    varies: Annotated[bool, Field(
        description="differs from row to row, as what is counted or written does: round numbers and runs are asked about")] = False
    measure: Literal["stock", "flow"] | None = None
    min: float | None = None
    max: float | None = None
    step: float | None = None
    max_length: int | None = None
    pattern: Annotated[str, Field(description="what a text must be, as a regular expression: [A-Z]\\d+-ZZ-\\d{2}")] = ""
    pattern_of: Annotated[str, Field(description="what such a text is called in a message: 职务编码")] = ""
    references: Annotated[str | tuple[str, ...] | None, Field(
        description="ledger.column that must hold this value, for the same unit; of several, one must")] = None
    globally_unique: Annotated[bool, Field(description="values are unique over all units, not only within one")] = False
    filled_from: FilledFrom | None = None
    help: str = ""
    width: float | None = None
    sensitivity: Literal["public", "internal", "restricted"] = "internal"

    @property
    def referred(self) -> tuple[str, ...]:
        """Every ledger.column that may hold this value; empty when the column refers to nothing."""
        return (self.references,) if isinstance(self.references, str) else self.references or ()

    @model_validator(mode="after")
    def _fits(self) -> Column:
        if self.type == "code" and not self.codes:
            raise ValueError("a code column needs its codes: [ … ].")
        if self.codes and self.type not in ("code", "list"):
            raise ValueError(f"codes belong to a column of type code or list, not {self.type}.")
        if self.pattern:
            if self.type not in ("str", "list"):
                raise ValueError(f"a pattern belongs to a column of type str or list, not {self.type}.")
            try:
                re.compile(self.pattern)
            except re.error as e:
                raise ValueError(f"pattern: {e}.") from None
        wrong = set(self.code_aliases.values()) - set(self.codes)
        if wrong:
            raise ValueError(f"code_aliases lead to {', '.join(sorted(wrong))}, which is no code of the column.")
        if self.steps and set(self.steps) != set(self.codes):
            differing = set(self.steps) ^ set(self.codes)
            raise ValueError(f"steps must say of each code how far it is: look at {', '.join(sorted(differing))}.")
        return self


class Returns(Strict):
    """How the office sends a row back and what tells that it came again: columns of this ledger, most of them filled from the
    office's own, and the words that stand in them."""

    state: Annotated[str, Field(description="the column that says what the office decided last")]
    returned: Annotated[str, Field(description="its word for a row that went back")]
    waiting: Annotated[str, Field(description="its word for a row not decided on")]
    reason: str
    returned_on: str
    due: Annotated[str, Field(description="by when the row is to come again")]
    refiled_on: Annotated[str, Field(description="the filer's own column: the day it filed the row again")]
    recheck: Annotated[str, Field(description="the column that says what a later check found")] = ""
    failed: Annotated[str, Field(description="its word for a row that did not bear it")] = ""
    subject: Annotated[str, Field(description="the column that says what a row is about")] = ""


class Ledger(Strict):
    """A ledger.

    kind: `event` rows happen on a date · `state` rows are versions of keyed things · `snapshot` rows are a unit's
    counts for a period · `master` workbooks are the office's own · `filings` (of each period) and `calendar` (of each day) are
    what the system knows by itself · `amendments` correct rows filed before.
    filing: `periodic` files what is new · `rolling` sends the whole list each time · `source` a published table.
    """

    name: str
    code: str
    title: str
    kind: Kind
    filing: Literal["periodic", "rolling", "source"] = "periodic"
    frequency: Literal["once", "weekly", "monthly"] = "weekly"
    filed_by: Annotated[tuple[str, ...], Field(description="org types that file it; [office] for the office's own")] = ()
    key: tuple[str, ...] = ()
    date: str | None = None
    totals: Literal["own", "reported"] = "own"
    columns: dict[str, Column]
    rules: tuple[Rule, ...] = ()
    unlike: tuple[Unlike, ...] = ()
    swing: Annotated[dict[str, Swing | Literal[False]], Field(
        description="column or rows → how far from the unit's usual count is asked about; false: not at all")] = Field(default_factory=dict)
    returns: Returns | None = None
    aliases: tuple[str, ...] = ()
    minutes: Annotated[float, Field(description="about how long a unit needs for it each time")] = 5
    sensitivity: Literal["public", "internal", "restricted"] = "internal"
    note: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Ledger:
        from jianbao.errors import suggestions

        names = list(self.columns)
        for what, column in [("key", k) for k in self.key] + ([("date", self.date)] if self.date else []):
            if column not in self.columns:
                near = suggestions(column, names)
                raise ValueError(f"{what}: no column {column!r}." + (f" Did you mean: {', '.join(near)}?" if near else ""))
        if self.date and self.columns[self.date].type not in ("date", "datetime"):
            raise ValueError(f"date: column {self.date!r} is of type {self.columns[self.date].type}, not date.")
        if (self.kind == "state" or self.filing == "rolling") and not self.key:
            raise ValueError("needs a key: [ … ], so that versions of the same thing can be told.")
        reserved = set(names) & {"unit", "period", "row", "submission", "received", "filed", "event_date", "asked_on",
                                 "holds_from", "holds_until"}
        if reserved and self.is_filed:
            raise ValueError(f"{', '.join(sorted(reserved))}: these names are the system's own. Call the column otherwise.")
        for rule in self.rules:
            try:
                check_rule(rule, self)
            except expressions.BadExpression as e:
                raise ValueError(f"rule {rule.id}: {e}") from None
        if wrong := wrong_names(self.swing, self.typed, "swing"):
            raise ValueError(wrong[0])
        if self.returns is not None:
            decided = [self.returns.state, self.returns.reason, self.returns.returned_on, self.returns.due]
            decided += [self.returns.recheck] if self.returns.recheck else []
            for column in decided:
                if column not in names or self.columns[column].filled_from is None:
                    raise ValueError(f"returns: {column!r} is no column that the office decides (filled_from).")
            for column in (self.returns.refiled_on, *([self.returns.subject] if self.returns.subject else [])):
                if column not in self.typed:
                    raise ValueError(f"returns: no column {column!r} that the filer fills in.")
        titles: dict[str, str] = {}
        for name, one in self.columns.items():
            for title in (one.title, *one.aliases):
                if titles.setdefault(title, name) != name:
                    raise ValueError(f"{title} is the title of both {titles[title]} and {name}.")
        return self

    @property
    def codes(self) -> dict[str, tuple[str, ...]]:
        return {name: c.codes for name, c in self.columns.items() if c.codes}

    @property
    def is_filed(self) -> bool:
        """Units or the office file it period by period; not a master workbook, nor the system's own."""
        return self.kind in ("event", "state", "snapshot")

    @property
    def by_key(self) -> bool:
        """Rows are versions of keyed things: the last accepted one counts, and a row left out keeps its state."""
        return self.kind == "state" or self.filing == "rolling"

    @property
    def by_day(self) -> bool:
        """Counts with a day of their own, several a period: the last one up to a day is the stock on that day."""
        return self.kind == "snapshot" and self.date is not None

    @property
    def by_office(self) -> bool:
        return self.filed_by == ("office",)

    @property
    def typed(self) -> dict[str, Column]:
        """The columns a filer types: all but those the office decides."""
        return {name: c for name, c in self.columns.items() if c.filled_from is None}
