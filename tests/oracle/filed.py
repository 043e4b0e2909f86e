"""What was filed, as data frames, and what of it counts at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import pandas as pd

OFFICE = "Z01"
KEYS = {"group_study": ["member_group"], "opinions": ["channel"], "problems": ["problem_id"], "cases": ["case_id"],
        "topics": ["topic_id"], "development": ["problem_id"], "livelihood": ["item_id"], "institutions": ["entry_id"],
        "publications": ["doc_type", "issue_no"], "notices": ["notice_id"], "resolutions": ["item_id"], "contributions": ["text_id"]}
BY_OFFICE = {"reviews", "publications", "supervision", "media", "notices", "resolutions", "samples"}
# What the office decides on, by its code in the reviews: (decisions, column of the review, name here), the last of each.
REVIEWED = {
    "problems": ("L11", [(["合格", "退回"], "decision", "review"), (["合格"], "decided_on", "accepted_on"),
                         (["退回"], "due_on", "refile_due"), (["退回"], "decided_on", "returned_on")]),
    "topics": ("L06", [(["退回"], "decided_on", "returned_on")]),
    "contributions": ("L19", [(["采用", "未用"], "decision", "chosen")]),
}
ORDER = ["ends", "received_at", "submission", "row"]


@dataclass
class Filed:
    """Everything that ever came.

    submissions: one row per covered unit: submission, ledger, period, ends, unit, received_at, accepted, nil.
    rows: ledger → submission, unit, row, date (the event's), then its columns.
    masters: register, bases, groups, tasks → versions as (received_at, frame), oldest first.
    findings: one row per finding: submission, unit ("" of none), rule.
    """

    submissions: pd.DataFrame
    rows: dict[str, pd.DataFrame]
    masters: dict[str, list[tuple[datetime, pd.DataFrame]]]
    findings: pd.DataFrame


class Known:
    """What counted of it at `as_of`."""

    def __init__(self, filed: Filed, as_of: datetime) -> None:
        self.filed, self.as_of = filed, as_of
        self._rows: dict[str, pd.DataFrame] = {}
        self._states: dict[tuple[str, date], pd.DataFrame] = {}

    @cached_property
    def received(self) -> pd.DataFrame:
        s = self.filed.submissions
        return s[s.received_at <= self.as_of].sort_values(["received_at", "submission"])

    @cached_property
    def accepted(self) -> pd.DataFrame:
        return self.received[self.received.accepted]

    @cached_property
    def effective(self) -> pd.DataFrame:
        """The last accepted submission of each ledger, period and unit."""
        return self.accepted.drop_duplicates(["ledger", "period", "unit"], keep="last")

    def rows(self, ledger: str) -> pd.DataFrame:
        if ledger not in self._rows:
            mine = self.effective[self.effective.ledger == ledger][["submission", "unit", "period", "ends", "received_at"]]
            if ledger in BY_OFFICE:     # its rows name other units than the office that filed them
                mine = mine.drop(columns="unit")
                self._rows[ledger] = self.filed.rows[ledger].merge(mine, on="submission")
            else:
                self._rows[ledger] = self.filed.rows[ledger].merge(mine, on=["submission", "unit"])
        return self._rows[ledger]

    def state(self, ledger: str, day: date) -> pd.DataFrame:
        """The last version of each key filed for a period that ended by `day`, with the office's decisions of then."""
        if (ledger, day) not in self._states:
            rows = self.rows(ledger)
            rows = rows[rows.ends <= pd.Timestamp(day)].sort_values(ORDER)
            rows = rows.drop_duplicates(["unit", *KEYS[ledger]], keep="last")
            self._states[ledger, day] = self._decided(ledger, rows, day) if ledger in REVIEWED else rows
        return self._states[ledger, day]

    def _decided(self, ledger: str, rows: pd.DataFrame, day: date) -> pd.DataFrame:
        code, columns = REVIEWED[ledger]
        [key] = KEYS[ledger]
        reviews = self.rows("reviews")
        reviews = reviews[(reviews.reviewed == code) & (reviews.decided_on <= pd.Timestamp(day))]
        reviews = reviews.sort_values(["decided_on", "received_at", "submission", "row"])
        for decisions, column, name in columns:
            found = reviews[reviews.decision.isin(decisions)].drop_duplicates(["unit", "item_key"], keep="last")
            found = found[["unit", "item_key", column]].rename(columns={"item_key": key, column: name})
            rows = rows.merge(found, on=["unit", key], how="left")
        if "review" in rows:
            rows["review"] = rows.review.astype(object).where(rows.review.notna(), "待审")
        return rows

    def master(self, name: str) -> pd.DataFrame:
        """The version known then, or the first one when none was."""
        versions = self.filed.masters[name]
        return ([frame for at, frame in versions if at <= self.as_of] or [versions[0][1]])[-1]


class Tree:
    """The register on one day: who stands under whom, and where the rows of units that are gone belong."""

    def __init__(self, register: pd.DataFrame, day: date) -> None:
        on = pd.Timestamp(day)
        valid = register[(register.valid_from <= on) & (register.valid_to.isna() | (register.valid_to >= on))]
        self.valid = valid
        parents = dict(zip(valid.code, valid.parent, strict=True))
        self.parents = {c: p for c, p in parents.items() if self._hangs(c, parents)}
        latest = register.sort_values("valid_from").drop_duplicates("code", keep="last")
        self._last = dict(zip(latest.code, latest.parent, strict=True))

    @staticmethod
    def _hangs(code: str, parents: dict[str, str | None]) -> bool:
        """Up to a root without a gap."""
        at: str | None = code
        while at is not None and at in parents:
            at = parents[at]
        return at is None

    def place(self, code: str) -> str | None:
        """The unit itself, or the nearest one above it that still stands."""
        at: str | None = code
        while at is not None and at not in self.parents:
            at = self._last.get(at)
        return at

    def is_within(self, code: str, top: str) -> bool:
        at: str | None = self.place(code)
        while at is not None and at != top:
            at = self.parents[at]
        return at == top
