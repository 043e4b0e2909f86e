"""Spot checks as data: what is drawn from, how much of what, where results come back, when they say enough. Imports ledger, catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from jianbao.definitions.catalogue import Catalogue
from jianbao.definitions.ledger import Ledger, Strict
from jianbao.errors import unknown

Part = Annotated[float, Field(ge=0, le=1)]


class Drawn(Strict):
    """One figure whose rows are drawn from: what it counts in a period is what was reported done in it."""

    title: Annotated[str, Field(description="the column that says what an item is")]
    checked: Annotated[str, Field(description="the indicator that counts the items checked")]
    verified: Annotated[str, Field(description="the indicator that is the share of them found true")]
    rate: Annotated[str, Field(description="the rate whose exact thresholds are looked at")] = ""
    also: Annotated[tuple[str, ...], Field(description="further figures that rest on the same items")] = ()


class LastMinute(Strict):
    """Done within the last `days` of the period."""

    days: Annotated[int, Field(ge=1)] = 2
    share: Part = 0.2


class Exact(Strict):
    """Of units whose rate lies on a threshold or less than `within` above it: its target, `at`, and 序时 if `schedule`."""

    at: tuple[float, ...] = ()
    within: Part = 0.005
    schedule: bool = True
    share: Part = 0.2


class Batch(Strict):
    """At least `rows` done by one unit on one day."""

    rows: Annotated[int, Field(ge=2)] = 5
    share: Part = 0.2


class Results(Strict):
    """The ledger the results come back in, and its columns for what was drawn."""

    ledger: str
    period: str
    reviewed: str
    item: str


class Floor(Strict):
    """Below it a figure prints as not verified: too few of what should have been checked, or too few of those found true."""

    checked: Annotated[int, Field(ge=1)] = 10
    rate: Part = 0.9


class Texts(Strict):
    """Texts of at least `least` characters are compared; alike are those sharing this part of their pieces.

    `columns`: ledger → its columns; left out, every long text column of every ledger.
    """

    least: Annotated[int, Field(ge=6)] = 16
    alike: Annotated[float, Field(gt=0.5, le=1)] = 0.7
    columns: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    common: Annotated[int, Field(ge=2, description="a text that more units than this filed is a set phrase, not a copy")] = 8


class Sampling(Strict):
    """`params/sample.yml`. `share` of all are drawn whatever they are, at least `at_least`; more of what deserves a look."""

    share: Part = 0.05
    at_least: Annotated[int, Field(ge=0)] = 1
    of: dict[str, Drawn] = Field(default_factory=dict)
    results: Results | None = None
    last_minute: LastMinute | None = LastMinute()
    exact: Exact | None = Exact()
    batch: Batch | None = Batch()
    floor: Floor = Floor()
    texts: Texts = Texts()

    def figure_of(self, indicator: str) -> str | None:
        """The figure drawn from whose checks speak for `indicator`; None when none does."""
        return next((f for f, d in self.of.items() if indicator == f or indicator in d.also), None)

    def wrong(self, catalogue: Catalogue, ledgers: Mapping[str, Ledger]) -> Iterator[tuple[tuple[str, ...], str]]:
        """(path, message) of every name that is not there."""
        for figure, drawn in self.of.items():
            for field, id_ in (("", figure), ("checked", drawn.checked), ("verified", drawn.verified),
                                *(("rate", r) for r in [drawn.rate] if r), *(("also", a) for a in drawn.also)):
                if id_ not in catalogue:
                    yield ("of", figure, *([field] if field else [])), str(unknown("indicator", id_, catalogue.names))
            if figure not in catalogue:
                continue
            counted = ledgers.get(catalogue[figure].ledger or "")
            if counted is None or not counted.key:
                yield ("of", figure), f"{figure} counts no rows of a ledger with a key, so nothing can be drawn from it."
            elif drawn.title not in counted.columns:
                yield ("of", figure, "title"), str(unknown("column", drawn.title, counted.columns))
        if self.of and self.results is None:
            yield ("of",), "say in `results` which ledger the results come back in."
        if self.results is not None:
            if self.results.ledger not in ledgers:
                yield ("results", "ledger"), str(unknown("ledger", self.results.ledger, ledgers))
            else:
                for field in ("period", "reviewed", "item"):
                    column = getattr(self.results, field)
                    if column not in ledgers[self.results.ledger].columns:
                        yield ("results", field), str(unknown("column", column, ledgers[self.results.ledger].columns))
        for name, columns in self.texts.columns.items():
            if name not in ledgers:
                yield ("texts", "columns", name), str(unknown("ledger", name, ledgers))
                continue
            for column in columns:
                if column not in ledgers[name].columns:
                    yield ("texts", "columns", name), str(unknown("column", column, ledgers[name].columns))
