"""What the indicators must come to, counted from the filings as they were meant. Imports city, events, filing, planted_more.

Written apart from the library on purpose: plain loops over rows, nothing of jianbao, so that the two can be compared.
A value is a number; of a ratio it is [numerator, denominator]. What nobody could know is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from statistics import median
from types import SimpleNamespace
from typing import Any

import planted_more
from city import ENDS, STARTS, City, Row
from events import WEEKS, ends, starts
from filing import FILED_BY, MONTHLY, OFFICE, Delivery, Filed, cut_off, month_ends_in
from matters import KEY

IN, TO, AT = "期内", "累计", "时点"
KEYS = {
    **{name: (key,) for name, key in KEY.items()},
    "group_study": ("member_group",),
    "opinions": ("channel",),
    "problems": ("problem_id",),
    "publications": ("doc_type", "issue_no"),
}
FINAL = datetime(2023, 10, 26, 18)
Rows = list[Row]


class Known:
    """The sheets that should have been accepted and received by `at`."""

    def __init__(self, city: City, deliveries: list[Delivery], at: datetime) -> None:
        self.city, self.at = city, at
        known = [d for d in deliveries if d.received_at <= at and not d.useless]
        known.sort(key=lambda d: d.received_at)
        self.all: list[tuple[datetime, Filed]] = [(d.received_at, s) for d in known for s in d.sheets]
        # The last accepted sheet of a ledger, week and unit counts; so do the office's, whatever units their rows name.
        self.counts: dict[tuple[str, str, str], tuple[datetime, Filed]] = {}
        self.first: dict[tuple[str, str, str], datetime] = {}
        for when, s in self.all:
            if s.accepted:
                for unit in s.units:
                    self.counts[s.ledger, s.period, unit] = (when, s)
                    self.first.setdefault((s.ledger, s.period, unit), when)
        self.filers: dict[tuple[str, str], set[str]] = {}
        self.launched: dict[str, str] = {}  # unit → the first week in which it filed its launch, with rows
        for (ledger, period, unit), (_, s) in sorted(self.counts.items(), key=lambda x: x[0]):
            self.filers.setdefault((ledger, period), set()).add(unit)
            if ledger == "launch" and not s.nil:
                self.launched.setdefault(unit, period)
        # Asked many times for the same.
        self.rows = cache(self._rows)
        self.state = cache(self._state)
        self.problems = cache(self._problems)
        self.filing = cache(self._filing_of)

    def _rows(self, ledger: str) -> Rows:
        """Rows that count, oldest week first, with `_filed` the last day of the week they were filed for."""
        found = [(period, when, unit, s) for (name, period, unit), (when, s) in self.counts.items() if name == ledger]
        return [
            {**row, "_filed": ends(period)}
            for period, _, unit, s in sorted(found, key=lambda x: x[:3])
            for row in s.rows
            if unit == OFFICE or row["unit"] == unit
        ]

    def _state(self, ledger: str, day: date) -> Rows:
        """The last version of each keyed row filed for a week that ended by `day`."""
        last: dict[tuple[Any, ...], Row] = {}
        for row in self.rows(ledger):
            if row["_filed"] <= day:
                last[row["unit"], *(row[k] for k in KEYS[ledger])] = row
        return list(last.values())

    def _problems(self, day: date) -> Rows:
        """The problems' state with what the office had decided by `day`."""
        decided = sorted((r for r in self.rows("reviews") if r["decided_on"] <= day), key=lambda r: r["decided_on"])
        found = []
        for row in self.state("problems", day):
            mine = [r for r in decided if (r["unit"], r["item_key"]) == (row["unit"], row["problem_id"])]  # WT-: of L11 alone
            verdicts = [r for r in mine if r["decision"] in ("合格", "退回")]
            back = [r for r in verdicts if r["decision"] == "退回"]
            yes = [r for r in verdicts if r["decision"] == "合格"]
            found.append(
                {
                    **row,
                    "review": verdicts[-1]["decision"] if verdicts else "待审",
                    "accepted_on": yes[-1]["decided_on"] if yes else None,
                    "refile_due": back[-1]["due_on"] if back else None,
                    "returned_on": back[-1]["decided_on"] if back else None,
                }
            )
        return found

    def _filing_of(self, week: str) -> Rows:
        """One row per unit and ledger due for the week."""
        now, before = self._filing(week), self._filing(WEEKS[WEEKS.index(week) - 1]) if week != WEEKS[0] else []
        missed = {(r["unit"], r["ledger"]) for r in before if not r["filed"]}
        return [r | {"missed_before": (r["unit"], r["ledger"]) in missed} for r in now]

    def _filing(self, week: str) -> Rows:
        rows = []
        for u in self.city.on(ends(week)):
            for ledger, kinds in FILED_BY.items():
                if not u["files"] or u["org_type"] not in kinds:
                    continue
                if ledger in MONTHLY and not month_ends_in(week):
                    continue
                code = u["code"]
                if ledger == "launch" and self.launched.get(code, week) < week:
                    continue
                filed = (ledger, week, code) in self.counts
                back = any(
                    s.ledger == ledger and s.period == week and code in s.units and not s.accepted for _, s in self.all
                )
                rows.append(
                    {
                        "unit": code,
                        "ledger": ledger,
                        "filed": filed,
                        "returned": back and not filed,
                        "on_time": filed and self.first[ledger, week, code] <= cut_off(week),
                    }
                )
        return rows


def planted(city: City, deliveries: list[Delivery]) -> dict[str, Any]:
    """week → "cut-off" or "final" → unit → indicator → form → value."""
    units = ["root", *(u["code"] for u in city.register if u["org_type"] == "县(市、区)")]
    values: dict[str, Any] = {}
    final = Known(city, deliveries, FINAL)
    for week in WEEKS:
        values[week] = {
            name: {unit: _values(known, week, unit) for unit in units}
            for name, known in (("cut-off", Known(city, deliveries, cut_off(week))), ("final", final))
        }
    return {
        "about": "Invented. Counted by data/example/planted.py from what was meant to be filed, not by jianbao.",
        "as_of": {"cut-off": {week: cut_off(week).isoformat() for week in WEEKS}, "final": FINAL.isoformat()},
        "values": values,
    }


def _values(known: Known, week: str, unit: str) -> dict[str, dict[str, Any]]:
    first, last = starts(week), ends(week)
    city = known.city
    standing = {u["code"] for u in city.on(last)}

    def within(code: str) -> bool:
        """Codes are nested: C01T1V2 lies in C01T1, C01 and root."""
        return unit == "root" or code.startswith(unit)

    def mine(rows: Rows, *, stock: bool = False) -> Rows:
        # A unit merged away keeps what it did; what it had is the other's now.
        return [r for r in rows if within(r["unit"]) and (not stock or r["unit"] in standing)]

    result: dict[str, dict[str, Any]] = {}

    def say(indicator: str, form: str, value: Any) -> None:
        if value is not None:
            result.setdefault(indicator, {})[form] = value

    def both(indicator: str, rows: Rows, day: str, count: Callable[[Rows], Any], ledger: str = "") -> None:
        """期内 and 累计 by the date in `day`; no 期内 where nobody filed `ledger` for the week."""
        dated = [r for r in rows if r[day] is not None]
        if not ledger or any(map(within, known.filers.get((ledger, week), ()))):
            say(indicator, IN, count([r for r in dated if first <= r[day] <= last]))
        say(indicator, TO, count([r for r in dated if STARTS <= r[day] <= last]))

    def ratio(indicator: str, top: str, bottom: str, forms: tuple[str, ...] = (IN, TO)) -> None:
        for form in forms:
            a, b = result[top].get(form), result[bottom].get(form, result[bottom].get(AT))
            if a is not None and b:
                say(indicator, form, [a, b])

    def total(column: str) -> Callable[[Rows], float]:
        return lambda rows: sum(r[column] or 0 for r in rows)

    def distinct(*columns: str) -> Callable[[Rows], int]:
        return lambda rows: len({tuple(r[c] for c in columns) for r in rows})

    def having(test: Callable[[Row], bool], rows: Rows) -> Rows:
        return [r for r in rows if test(r)]

    _from_register(city, last, within, say)
    # A
    launches = having(lambda r: r["event_type"] == "动员会", mine(known.rows("launch")))
    both("launch.units", having(lambda r: r["unit"] in standing, launches), "held_on", distinct("unit"))
    ratio("launch.rate", "launch.units", "campaign.units")
    both(
        "launch.lag",
        launches,
        "held_on",
        lambda rows: median((r["held_on"] - STARTS).days for r in rows) if rows else None,
    )
    # B
    study = mine(known.rows("study"))
    classes = having(lambda r: r["study_type"] == "读书班", study)
    centre = having(lambda r: r["study_type"] == "中心组", study)
    both("reading_class.teams", classes, "start_date", distinct("unit"), "study")
    both("reading_class.days", classes, "start_date", total("days"), "study")
    both("centre_group.sessions", centre, "start_date", len, "study")
    both(
        "study.both",
        study,
        "start_date",
        lambda rows: len(
            {r["unit"] for r in rows if r["study_type"] == "读书班"}
            & {r["unit"] for r in rows if r["study_type"] == "中心组"}
        ),
        "study",
    )
    ratio("reading_class.coverage", "reading_class.teams", "reading_class.due")
    ratio("reading_class.days_per_team", "reading_class.days", "reading_class.teams")
    groups = mine(known.state("group_study", last), stock=True)
    for name, group in (
        ("village_officials", "省派驻村"),
        ("new_sector", "三新"),
        ("floating", "流动"),
        ("elderly", "年老体弱"),
    ):
        say(f"group_study.{name}", AT, total("done")(having(lambda r, g=group: r["member_group"] == g, groups)))
    if groups:
        say("group_study.coverage", AT, [total("done")(groups), total("should")(groups)])
    both("group_study.copies", mine(known.rows("group_study")), "_filed", total("copies"), "group_study")
    # C
    visits = having(lambda r: r["leader_rank"] in ("市级", "县处级"), mine(known.rows("visits")))
    both("visits.count", visits, "visit_date", len, "visits")
    both("visits.leaders", visits, "visit_date", distinct("leader_code"), "visits")
    both("visits.solved", visits, "visit_date", total("solved_on_site"), "visits")
    both("visits.with_reception", having(lambda r: r["with_reception"], visits), "visit_date", len, "visits")
    ratio("visits.per_leader", "visits.count", "leaders.count")
    ratio("visits.solved_per_visit", "visits.solved", "visits.count")
    ratio("visits.with_reception_share", "visits.with_reception", "visits.count")
    # D
    opinions = mine(known.rows("opinions"))
    both("opinions.count", opinions, "_filed", total("opinions"), "opinions")
    both(
        "backlog.resolved",
        having(lambda r: r["channel"] == "信访", opinions),
        "_filed",
        total("backlog_resolved"),
        "opinions",
    )
    ratio("backlog.resolved_rate", "backlog.resolved", "backlog.base")
    say(
        "backlog.open",
        AT,
        total("backlog_close")(
            having(lambda r: r["channel"] == "信访", mine(known.state("opinions", last), stock=True))
        ),
    )
    # E
    problems = mine(known.problems(last))
    good = having(lambda r: r["review"] == "合格", problems)
    done = having(lambda r: r["status"] == "已整改", good)
    say("problems.accepted", AT, len(good))
    both("problems.filed", problems, "registered_on", len, "problems")
    both("rectification.done", done, "closed_on", len, "problems")
    ratio("rectification.rate", "rectification.done", "problems.accepted")
    elapsed = ((last - STARTS).days + 1) / ((ENDS - STARTS).days + 1)
    if good:
        say("rectification.ahead", AT, result["rectification.done"][TO] / len(good) - elapsed)
    say("rectification.overdue", AT, len(having(lambda r: r["status"] != "已整改" and r["due_date"] < last, good)))
    both(
        "rectification.days",
        done,
        "closed_on",
        lambda rows: median((r["closed_on"] - r["accepted_on"]).days for r in rows) if rows else None,
        "problems",
    )
    both("_days", done, "closed_on", lambda rows: sum((r["closed_on"] - r["accepted_on"]).days for r in rows), "problems")
    ratio("rectification.mean_days", "_days", "rectification.done")
    del result["_days"]
    both("problems.accepted_flow", good, "accepted_on", len, "problems")
    awaited = having(lambda r: r["review"] == "退回" and not _again(r), problems)
    say("problems.returned_open", AT, len(awaited))
    say("problems.waiting", AT, len(having(lambda r: r["review"] == "待审" or (r["review"] == "退回" and _again(r)), problems)))
    say("problems.refile_overdue", AT, len(having(lambda r: r["refile_due"] < last, awaited)))
    both("problems.refiled", having(_again, problems), "refiled_on", len, "problems")
    say("problems.open", AT, len(having(lambda r: r["closed_on"] is None or r["closed_on"] > last, good)))
    say("problems.untouched_units", AT, len({r["unit"] for r in good} - {r["unit"] for r in done}))
    due = having(lambda r: r["refile_due"] is not None and r["refile_due"] <= last, problems)
    if due:
        say(
            "problems.refiled_on_time",
            AT,
            [len(having(lambda r: r["refiled_on"] and r["refiled_on"] <= r["refile_due"], due)), len(due)],
        )
    reviews = mine(known.rows("reviews"))
    back = having(lambda r: r["decision"] == "退回" and r["reviewed"] == "L11", reviews)
    both("problems.returned_too_fine", having(lambda r: r["reason"] == "过细过碎", back), "decided_on", len)
    both("problems.recheck_failed", having(lambda r: r["decision"] == "回头看不合格", reviews), "decided_on", len)
    both("_returned", back, "decided_on", distinct("unit", "item_key"))
    ratio("problems.return_rate", "_returned", "problems.filed")
    del result["_returned"]
    _from_publications(mine(known.state("publications", last)), having, both, ratio, result, last)
    _from_filings(mine(known.filing(week)), say, distinct("unit"))
    # B06: the city's centre group is S01's
    if unit == "root":
        sessions = len([r for r in centre if r["unit"] == "S01" and r["start_date"] <= last])
        say("centre_group.city", TO, sessions)
        say("centre_group.next", TO, sessions + 1)
    count = SimpleNamespace(unit=unit, result=result, say=say, both=both, ratio=ratio, mine=mine, having=having, total=total,
                            distinct=distinct, stands=standing.__contains__)
    planted_more.lists(known, count, last)
    planted_more.office(known, count, last)
    return result


def _from_register(city: City, last: date, within: Callable[[str], bool], say: Callable[..., None]) -> None:
    units = [u for u in city.on(last) if within(u["code"])]
    campaign = [u for u in units if u["campaign_unit"]]
    say("campaign.units", AT, len(campaign))
    for indicator, column in (
        ("party_orgs.count", "party_org_count"),
        ("reading_class.due", "teams_due"),
        ("leaders.count", "leaders_county_up"),
        ("backlog.base", "backlog_base"),
    ):
        say(indicator, AT, sum(city.base(u["code"], column, last) for u in campaign))
    planted_more.register(city, units, campaign, last, say)
    tasks = [t for t in city.tasks if within(t["unit"]) and t["status"] != "已取消"]
    due = [t for t in tasks if t["due_date"] <= last]
    finished = [t for t in tasks if t["done_date"] and t["done_date"] <= last]
    if due:
        say(
            "tasks.on_time_rate",
            AT,
            [sum(bool(t["done_date"] and t["done_date"] <= t["due_date"]) for t in due), len(due)],
        )
    if tasks:
        weights = sum(t["weight"] for t in finished), sum(t["weight"] for t in tasks)
        say("tasks.progress", AT, list(weights))
        say("tasks.ahead", AT, weights[0] / weights[1] - ((last - STARTS).days + 1) / ((ENDS - STARTS).days + 1))
    say("tasks.overdue", AT, sum(t["due_date"] < last and t not in finished for t in tasks))
    groups = [
        g
        for g in city.groups
        if within(g["unit"]) and g["valid_from"] <= last and (g["valid_to"] is None or last <= g["valid_to"])
    ]
    teams, counties = len({g["team"] for g in groups}), sum(u["org_type"] == "县(市、区)" for u in units)
    say("liaison.districts", AT, len({g["district"] for g in groups}))
    say("liaison.teams", AT, teams)
    if teams:
        say("liaison.counties_per_team", AT, [counties, teams])
        say("liaison.units_per_team", AT, [len(campaign) - counties, teams])


def _again(r: Row) -> bool:
    """A problem that went back and was filed again since."""
    return bool(r["returned_on"] and r["refiled_on"] and r["refiled_on"] >= r["returned_on"])


def _from_publications(rows: Rows, having: Any, both: Any, ratio: Any, result: dict[str, Any], last: date) -> None:
    if not rows:
        return
    sent = having(lambda r: r["sent_up"], rows)
    both("guidance.lists", having(lambda r: r["doc_type"] == "分类指导清单", rows), "issued_on", len)
    both("special_reports.count", having(lambda r: r["doc_type"] == "专报", sent), "issued_on", len)
    both("briefs.count", having(lambda r: r["doc_type"] == "简报", rows), "issued_on", len)
    both("adoption.count", rows, "adopted_on", lambda found: sum(r["adopted"] or 0 for r in found))
    both("_sent", sent, "issued_on", len)
    both("_used", having(lambda r: r["adopted"] and r["adopted_on"] <= last, sent), "issued_on", len)
    ratio("adoption.rate", "_used", "_sent")
    del result["_sent"], result["_used"]


def _from_filings(rows: Rows, say: Callable[..., None], units: Callable[[Rows], int]) -> None:
    due = units(rows)
    late = {r["unit"] for r in rows if not r["on_time"]}
    on_time = len({r["unit"] for r in rows if r["on_time"]} - late)
    missing = [r for r in rows if not r["filed"] and not r["returned"]]
    say("filings.due", IN, due)
    say("filings.on_time_units", IN, on_time)
    say("filings.on_time_rate", IN, [on_time, due])
    say("filings.missing", IN, units(missing))
    say("filings.missing_again", IN, units([r for r in missing if r["missed_before"]]))
    say("filings.returned", IN, units([r for r in rows if r["returned"]]))
