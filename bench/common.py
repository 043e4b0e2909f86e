"""What the compared programs share: which indicators, what the catalogue says, and the command line."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

# All but those of filing itself, tasks and liaison groups: these read no ledger that grows.
COMPARED = (
    "campaign.units", "launch.units", "launch.rate", "launch.lag", "party_orgs.count",
    "opinions.count", "backlog.resolved", "backlog.base", "backlog.resolved_rate", "backlog.open",
    "special_reports.count", "briefs.count", "guidance.lists", "adoption.count", "adoption.rate",
    "problems.accepted", "problems.filed", "problems.returned_too_fine", "problems.return_rate", "problems.refiled_on_time",
    "rectification.done", "rectification.rate", "rectification.ahead", "rectification.overdue", "rectification.days",
    "problems.recheck_failed", "problems.open", "problems.untouched_units",
    "visits.count", "leaders.count", "visits.leaders", "visits.per_leader", "visits.solved", "visits.solved_per_visit",
    "visits.with_reception", "visits.with_reception_share",
    "reading_class.teams", "reading_class.due", "reading_class.coverage", "reading_class.days", "reading_class.days_per_team",
    "centre_group.sessions", "group_study.village_officials", "group_study.new_sector", "group_study.floating",
    "group_study.elderly", "group_study.copies", "group_study.coverage", "study.both")
IN_PERIOD, TO_DATE, STOCK = "期内", "累计", "时点"
FLOWS = (IN_PERIOD, TO_DATE)
STARTS, ENDS = date(2023, 1, 2), date(2023, 12, 31)      # the world's campaign
BY_OFFICE = ("reviews", "publications")


def week(text: str) -> tuple[str, date, date]:
    """ "2023-W42" → its id, first and last day."""
    first = date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    return text, first, first + timedelta(days=6)


def weeks(text: str) -> list[tuple[str, date, date]]:
    """The week before, then the week."""
    before = (week(text)[1] - timedelta(days=7)).isocalendar()
    return [week(f"{before.year}-W{before.week:02d}"), week(text)]


class Catalogue:
    """The store's catalogue read by plain SQL."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "data" / "store"
        self.sql = sqlite3.connect(self.store / "catalogue.sqlite")

    def files(self, ledger: str) -> list[str]:
        return [str(self.store / path) for path, in self.sql.execute(
            "select path from files where ledger = ? and live order by id", (ledger,))]

    def superseded(self, ledger: str) -> list[tuple[int, str]]:
        return self.sql.execute("select submission, unit from coverage where ledger = ? and superseded_at is not null",
                                (ledger,)).fetchall()

    def filed(self, ledger: str, period: str) -> list[str]:
        """Units with an accepted submission for the period."""
        return [u for u, in self.sql.execute("select distinct unit from coverage where ledger = ? and period = ? and accepted",
                                             (ledger, period))]

    def ever(self, ledger: str, ends: date) -> list[str]:
        """Units with an accepted submission for any period that ended by then."""
        return [u for u, in self.sql.execute(
            "select distinct unit from coverage where ledger = ? and period_ends <= ? and accepted", (ledger, str(ends)))]


def main(compute: Callable[..., dict[str, Any]]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("period")
    parser.add_argument("--out", type=Path, help="keep the values as .npz")
    parser.add_argument("--all", action="store_true", help="every indicator, not only the compared ones")
    arguments = parser.parse_args()
    wanted = None if arguments.all else set(COMPARED)
    values = compute(arguments.folder, arguments.period, wanted)
    if arguments.out:
        import numpy as np

        np.savez(arguments.out, **values)
