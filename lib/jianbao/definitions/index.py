"""Indices: figures made of other figures, as data. Imports ledger."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from jianbao.definitions.ledger import Strict


class Component(Strict):
    """One part of an index: an indicator over its goal, capped at 1; or, in a rank gap, the rank of an indicator.

    The goal is `plan` (an indicator that says each unit's own) or `goal`, else that of params/targets.yml, else 1;
    `by_schedule` takes the share of it that is due by now.
    """

    of: str
    title: str = ""                             # how tables call it; else the indicator's title
    last: int = Field(default=1, ge=1)          # so many periods together, 期内
    goal: float | None = Field(default=None, gt=0)
    plan: str | None = None
    by_schedule: bool = False
    weight: float = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Component:
        if self.plan is not None and self.goal is not None:
            raise ValueError("says plan and goal. Keep one.")
        return self


class Act(Strict):
    """Rows that show a unit has begun: those of a ledger that meet `where`, by `date` or the ledger's own."""

    ledger: str
    where: str | None = None
    date: str | None = None


class LevelGap(Strict):
    """One level's value of an index less another's."""

    of: str
    first: str
    last: str


class RankGap(Strict):
    """Where a unit stands by `first` among its peers, less where it stands by `last`, as percentile ranks.

    Peers are the units of one org type; fewer than `peers` are not ranked.
    """

    names: tuple[str, str]                      # how tables call the two sides
    first: tuple[Component, ...]
    last: tuple[Component, ...]
    at_least: int = Field(default=2, ge=1)
    peers: int = Field(default=5, ge=2)


class Index(Strict):
    """How an index is counted; one of the six ways. Values of 0–100 are points, not shares."""

    mean_of: tuple[Component, ...] = ()         # of a unit's own rows; above, the median of the rated units below
    progress: tuple[Component, ...] = ()        # weighted mean of the unit's figures with all below
    at_least: int = Field(default=1, ge=1)      # components known, else not rated
    gap: LevelGap | None = None
    first_act: tuple[Act, ...] = ()             # days from the campaign's start to the first of them
    rank_gap: RankGap | None = None
    rank_of: str | None = None                  # competition rank among siblings of the same org type

    @property
    def way(self) -> Literal["mean_of", "progress", "gap", "first_act", "rank_gap", "rank_of"]:
        return next(name for name in WAYS if getattr(self, name))

    @property
    def components(self) -> tuple[Component, ...]:
        sides = (*self.rank_gap.first, *self.rank_gap.last) if self.rank_gap else ()
        return (*self.mean_of, *self.progress, *sides)

    @property
    def names(self) -> tuple[str, ...]:
        """The indicators it is made of."""
        found = [name for c in self.components for name in (c.of, c.plan) if name]
        found += [self.gap.of] if self.gap else []
        return tuple(dict.fromkeys([*found, *([self.rank_of] if self.rank_of else [])]))

    @model_validator(mode="after")
    def _fits(self) -> Index:
        said = [name for name in WAYS if getattr(self, name)]
        if len(said) != 1:
            raise ValueError(f"says {', '.join(said) or 'nothing'}. Give one of: {', '.join(WAYS)}.")
        if self.at_least > max(len(self.components), 1):
            raise ValueError(f"at_least: {self.at_least} of {len(self.components)} components can never be known.")
        return self


WAYS: tuple[Literal["mean_of", "progress", "gap", "first_act", "rank_gap", "rank_of"], ...] = (
    "mean_of", "progress", "gap", "first_act", "rank_gap", "rank_of")
