"""The same numbers as an analyst writes them who is in no hurry: each indicator reads its ledger, filters it, merges the
units above each unit, and groups. Results already had are used again; nothing else is shared.

    python bench/naive.py FOLDER PERIOD [--out FILE.npz]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import BY_OFFICE, ENDS, FLOWS, IN_PERIOD, STARTS, STOCK, TO_DATE, Catalogue, main, weeks

Period = Any        # (id, first day, last day)
Where = Callable[[pd.DataFrame], Any]
KEYS = {"problems": ["problem_id"], "publications": ["doc_type", "issue_no"], "opinions": ["channel"],
        "group_study": ["member_group"]}
VERSION = ["filed", "received", "submission", "row"]


class World:
    def __init__(self, folder: Path, period: str) -> None:
        self.catalogue, self.periods = Catalogue(folder), weeks(period)
        register = pd.read_parquet(self.catalogue.files("register"))
        register["from"], register["to"] = pd.to_datetime(register["valid_from"]), pd.to_datetime(register["valid_to"])
        self.register = register
        self.had: dict[tuple[str, str, str], pd.Series] = {}
        self.closure: dict[str, pd.DataFrame] = {}
        self.read: dict[str, pd.DataFrame] = {}
        self.states: dict[tuple[str, str], pd.DataFrame] = {}

    def standing(self, p: Period) -> pd.DataFrame:
        end = pd.Timestamp(p[2])
        return self.register[(self.register["from"] <= end) & ~(self.register["to"] < end)]

    def above(self, p: Period) -> pd.DataFrame:
        """unit, above: each unit ever registered with itself and everything above it that stands at the period's end."""
        if p[0] in self.closure:
            return self.closure[p[0]]
        parents = dict(zip(self.register["code"], self.register["parent"].fillna(""), strict=True))
        stands = set(self.standing(p)["code"])
        pairs = []
        for unit in parents:
            at = unit
            while at:
                if at in stands:
                    pairs.append((unit, at))
                at = parents[at]
        self.closure[p[0]] = pd.DataFrame(pairs, columns=["unit", "above"])
        return self.closure[p[0]]

    def rows(self, ledger: str) -> pd.DataFrame:
        """The rows that count now, read once for all forms and periods of an indicator."""
        if ledger in self.read:
            return self.read[ledger]
        frame = pd.read_parquet(self.catalogue.files(ledger))
        for name in frame.columns:
            if name.endswith(("_on", "_date")) or name in ("date", "filed"):
                frame[name] = pd.to_datetime(frame[name])
        gone = pd.DataFrame(self.catalogue.superseded(ledger), columns=["submission", "unit"])
        on = ["submission"] if ledger in BY_OFFICE else ["submission", "unit"]
        frame = frame.merge(gone[on].drop_duplicates().assign(gone=True), on=on, how="left")
        self.read[ledger] = frame[frame["gone"].isna()]
        return self.read[ledger]

    def state(self, ledger: str, p: Period) -> pd.DataFrame:
        """The last version of each key filed by the period's end; problems with what was decided about them."""
        if (ledger, p[0]) not in self.states:
            rows = self.rows(ledger)
            rows = rows[rows["filed"] <= pd.Timestamp(p[2])].sort_values(VERSION)
            rows = rows.drop_duplicates(["unit", *KEYS[ledger]], keep="last")
            self.states[ledger, p[0]] = self.decided(rows, p) if ledger == "problems" else rows
        return self.states[ledger, p[0]]

    def known(self, ledger: str, form: str, p: Period) -> pd.Series:
        """Which units know anything: somebody at or below them has filed."""
        standing = self.standing(p)["code"]
        if ledger in ("register", "bases"):
            return pd.Series(True, index=standing)
        units = self.catalogue.filed(ledger, p[0]) if form == IN_PERIOD and ledger != "launch" else (
            self.catalogue.ever(ledger, p[2]))
        if ledger in BY_OFFICE:
            return pd.Series(bool(units), index=standing)
        filed = self.above(p)
        filed = filed[filed["unit"].isin(self.only_standing(ledger, form, p, pd.DataFrame({"unit": units}))["unit"])]
        return pd.Series(standing.isin(filed["above"]).to_numpy(), index=standing)

    def only_standing(self, ledger: str, form: str, p: Period, rows: pd.DataFrame) -> pd.DataFrame:
        """Counts carried forward end with the unit."""
        ends = form == STOCK and ledger in ("opinions", "group_study")
        return rows[rows["unit"].isin(self.standing(p)["code"])] if ends else rows

    def decided(self, rows: pd.DataFrame, p: Period) -> pd.DataFrame:
        """Problems with what the office decided about them by the period's end."""
        reviews = self.rows("reviews")
        reviews = reviews[(reviews["decided_on"] <= pd.Timestamp(p[2])) & (reviews["reviewed"] == "L11")]
        reviews = reviews.sort_values(["decided_on", "received", "submission", "row"])
        for decisions, columns in ((["合格", "退回"], {"decision": "review"}), (["合格"], {"decided_on": "accepted_on"}),
                                   (["退回"], {"due_on": "refile_due"})):
            last = reviews[reviews["decision"].isin(decisions)].drop_duplicates(["unit", "item_key"], keep="last")
            last = last.rename(columns={"item_key": "problem_id", **columns})[["unit", "problem_id", *columns.values()]]
            rows = rows.merge(last, on=["unit", "problem_id"], how="left")
        rows["review"] = rows["review"].fillna("待审")
        return rows


def counted(w: World, ledger: str, form: str, p: Period, where: Where | None, date: str = "date") -> pd.DataFrame:
    """The rows of a ledger that an indicator counts for a form and period."""
    keyed = ledger in ("problems", "publications") or (form == STOCK and ledger in KEYS)
    rows = w.state(ledger, p) if keyed else w.rows(ledger)
    if form != STOCK:
        rows = rows[rows[date].between(pd.Timestamp(p[1] if form == IN_PERIOD else STARTS), pd.Timestamp(p[2]))]
    rows = w.only_standing(ledger, form, p, rows)
    return rows[where(rows)] if where else rows


def rolled(w: World, ledger: str, form: str, p: Period, rows: pd.DataFrame, how: Callable[[Any], pd.Series],
           empty: float = 0.0) -> pd.Series:
    known = w.known(ledger, form, p)
    result = how(rows.merge(w.above(p), on="unit").groupby("above")).reindex(known.index, fill_value=empty)
    return result.astype(float).where(known)


# How an indicator is counted: each gives a function of the world, the form and the period


def count(ledger: str, where: Where | None = None, date: str = "date") -> Any:
    return lambda w, form, p: rolled(w, ledger, form, p, counted(w, ledger, form, p, where, date), lambda g: g.size())


def total(ledger: str, value: str, where: Where | None = None, date: str = "date") -> Any:
    return lambda w, form, p: rolled(w, ledger, form, p, counted(w, ledger, form, p, where, date), lambda g: g[value].sum())


def distinct(ledger: str, value: list[str], where: Where | None = None) -> Any:
    def number(w: World, form: str, p: Period) -> pd.Series:
        rows = counted(w, ledger, form, p, where)
        rows = rows.assign(key=rows[value[0]] if len(value) == 1 else rows[value[0]] + "\x1f" + rows[value[1]])
        return rolled(w, ledger, form, p, rows, lambda g: g["key"].nunique())
    return number


def median_days(ledger: str, first: str | pd.Timestamp, last: str, where: Where, date: str = "date") -> Any:
    def number(w: World, form: str, p: Period) -> pd.Series:
        rows = counted(w, ledger, form, p, where, date)
        days = (rows[last] - (rows[first] if isinstance(first, str) else first)).dt.days
        return rolled(w, ledger, form, p, rows.assign(days=days), lambda g: g["days"].median(), np.nan)
    return number


def ratio(top: Any, bottom: Any) -> Any:
    def number(w: World, form: str, p: Period) -> pd.Series:
        a, b = (had(w, x, form, p) if isinstance(x, str) else x(w, form, p) for x in (top, bottom))
        return a / b.replace(0, np.nan)
    return number


def latest_base(value: str) -> Any:
    def number(w: World, form: str, p: Period) -> pd.Series:
        rows = w.rows("bases")
        rows = rows[rows["base_date"] <= pd.Timestamp(p[2])].sort_values("base_date").drop_duplicates("unit", keep="last")
        rows = rows[rows["unit"].isin(w.standing(p)["code"])]
        return rolled(w, "bases", form, p, rows, lambda g: g[value].sum())
    return number


def campaign_units(w: World, form: str, p: Period) -> pd.Series:
    rows = w.standing(p)
    rows = rows[(rows["campaign_unit"] == True) & (rows["batch"] == "第二批")]  # noqa: E712
    return rolled(w, "register", form, p, rows.assign(unit=rows["code"]), lambda g: g.size())


def launched(w: World, form: str, p: Period) -> pd.Series:
    rows = counted(w, "launch", form, p, lambda r: r["event_type"] == "动员会")
    register = w.standing(p)[["code", "campaign_unit"]].rename(columns={"code": "unit"})
    rows = rows.merge(register, on="unit")
    rows = rows[rows["campaign_unit"] == True].assign(key=rows["unit"])  # noqa: E712
    return rolled(w, "launch", form, p, rows, lambda g: g["key"].nunique())


def both_kinds(w: World, form: str, p: Period) -> pd.Series:
    rows = counted(w, "study", form, p, lambda r: r["study_type"].isin(["读书班", "中心组"]))
    kinds = rows.groupby("unit")["study_type"].nunique()
    return rolled(w, "study", form, p, pd.DataFrame({"unit": kinds[kinds == 2].index}), lambda g: g.size())


def untouched(w: World, form: str, p: Period) -> pd.Series:
    rows = counted(w, "problems", form, p, lambda r: r["review"] == "合格")
    closed = rows["status"].eq("已整改").groupby(rows["unit"]).any()
    return rolled(w, "problems", form, p, pd.DataFrame({"unit": closed[~closed].index}), lambda g: g.size())


def still_open(w: World, form: str, p: Period) -> pd.Series:
    end = pd.Timestamp(p[2])
    return count("problems", lambda r: (r["review"] == "合格") & (r["accepted_on"] <= end) & ~(r["closed_on"] <= end))(w, form, p)


def overdue(w: World, form: str, p: Period) -> pd.Series:
    return count("problems", lambda r: (r["review"] == "合格") & (r["status"] != "已整改")
                 & (r["due_date"] < pd.Timestamp(p[2])))(w, form, p)


def refiled_on_time(w: World, form: str, p: Period) -> pd.Series:
    end = pd.Timestamp(p[2])
    return ratio(count("problems", lambda r: (r["refile_due"] <= end) & (r["refiled_on"] <= r["refile_due"])),
                 count("problems", lambda r: r["refile_due"] <= end))(w, form, p)


def adoption_rate(w: World, form: str, p: Period) -> pd.Series:
    return ratio(count("publications", lambda r: (r["sent_up"] == True) & (r["adopted"] > 0)  # noqa: E712
                       & (r["adopted_on"] <= pd.Timestamp(p[2]))),
                 count("publications", lambda r: r["sent_up"] == True))(w, form, p)  # noqa: E712


def ahead(w: World, form: str, p: Period) -> pd.Series:
    elapsed = ((p[2] - STARTS).days + 1) / ((ENDS - STARTS).days + 1)
    return had(w, "rectification.rate", TO_DATE, p) - elapsed


def _led(r: pd.DataFrame) -> Any:
    return r["leader_rank"].isin(["市级", "县处级"])


def _group(name: str) -> Any:
    return total("group_study", "done", lambda r: r["member_group"] == name)


def _done(r: pd.DataFrame) -> Any:
    return (r["status"] == "已整改") & (r["review"] == "合格")


INDICATORS: dict[str, tuple[tuple[str, ...], Any]] = {
    "campaign.units": ((STOCK,), campaign_units),
    "launch.units": (FLOWS, launched),
    "launch.rate": (FLOWS, ratio("launch.units", "campaign.units")),
    "launch.lag": (FLOWS, median_days("launch", pd.Timestamp(STARTS), "held_on", lambda r: r["event_type"] == "动员会")),
    "party_orgs.count": ((STOCK,), latest_base("party_org_count")),
    "opinions.count": (FLOWS, total("opinions", "opinions", date="filed")),
    "backlog.resolved": (FLOWS, total("opinions", "backlog_resolved", lambda r: r["channel"] == "信访", date="filed")),
    "backlog.base": ((STOCK,), latest_base("backlog_base")),
    "backlog.resolved_rate": (FLOWS, ratio("backlog.resolved", "backlog.base")),
    "backlog.open": ((STOCK,), total("opinions", "backlog_close", lambda r: r["channel"] == "信访")),
    "special_reports.count": (FLOWS, count("publications", lambda r: (r["doc_type"] == "专报") & (r["sent_up"] == True))),  # noqa: E712
    "briefs.count": (FLOWS, count("publications", lambda r: r["doc_type"] == "简报")),
    "guidance.lists": (FLOWS, count("publications", lambda r: r["doc_type"] == "分类指导清单")),
    "adoption.count": (FLOWS, total("publications", "adopted", date="adopted_on")),
    "adoption.rate": (FLOWS, adoption_rate),
    "problems.accepted": ((STOCK,), count("problems", lambda r: r["review"] == "合格")),
    "problems.filed": (FLOWS, count("problems", date="registered_on")),
    "problems.returned_too_fine": (FLOWS, count("reviews", lambda r: (r["decision"] == "退回") & (r["reason"] == "过细过碎"))),
    "problems.return_rate": (FLOWS, ratio(distinct("reviews", ["unit", "item_key"], lambda r: r["decision"] == "退回"),
                                          "problems.filed")),
    "problems.refiled_on_time": ((STOCK,), refiled_on_time),
    "rectification.done": (FLOWS, count("problems", _done, date="closed_on")),
    "rectification.rate": (FLOWS, ratio("rectification.done", "problems.accepted")),
    "rectification.ahead": ((STOCK,), ahead),
    "rectification.overdue": ((STOCK,), overdue),
    "rectification.days": (FLOWS, median_days("problems", "accepted_on", "closed_on", _done, date="closed_on")),
    "problems.recheck_failed": (FLOWS, count("reviews", lambda r: r["decision"] == "回头看不合格")),
    "problems.open": ((STOCK,), still_open),
    "problems.untouched_units": ((STOCK,), untouched),
    "visits.count": (FLOWS, count("visits", _led)),
    "leaders.count": ((STOCK,), latest_base("leaders_county_up")),
    "visits.leaders": (FLOWS, distinct("visits", ["leader_code"], _led)),
    "visits.per_leader": (FLOWS, ratio("visits.count", "leaders.count")),
    "visits.solved": (FLOWS, total("visits", "solved_on_site", _led)),
    "visits.solved_per_visit": (FLOWS, ratio("visits.solved", "visits.count")),
    "visits.with_reception": (FLOWS, count("visits", lambda r: _led(r) & r["with_reception"])),
    "visits.with_reception_share": (FLOWS, ratio("visits.with_reception", "visits.count")),
    "reading_class.teams": (FLOWS, distinct("study", ["unit"], lambda r: r["study_type"] == "读书班")),
    "reading_class.due": ((STOCK,), latest_base("teams_due")),
    "reading_class.coverage": (FLOWS, ratio("reading_class.teams", "reading_class.due")),
    "reading_class.days": (FLOWS, total("study", "days", lambda r: r["study_type"] == "读书班")),
    "reading_class.days_per_team": (FLOWS, ratio("reading_class.days", "reading_class.teams")),
    "centre_group.sessions": (FLOWS, count("study", lambda r: r["study_type"] == "中心组")),
    "group_study.village_officials": ((STOCK,), _group("省派驻村")),
    "group_study.new_sector": ((STOCK,), _group("三新")),
    "group_study.floating": ((STOCK,), _group("流动")),
    "group_study.elderly": ((STOCK,), _group("年老体弱")),
    "group_study.copies": (FLOWS, total("group_study", "copies", date="filed")),
    "group_study.coverage": ((STOCK,), ratio(total("group_study", "done"), total("group_study", "should"))),
    "study.both": (FLOWS, both_kinds),
}


def had(w: World, name: str, form: str, p: Period) -> pd.Series:
    """An indicator's values, computed once; a stock stands in where a flow's form is asked of it."""
    forms, number = INDICATORS[name]
    if (name, forms[0], p[0]) not in w.had:
        outer, w.read, w.states = (w.read, w.states), {}, {}
        for q in w.periods:
            for f in forms:
                w.had[name, f, q[0]] = number(w, f, q)
        w.read, w.states = outer
    return w.had[name, form if form in forms else STOCK, p[0]]


def compute(folder: Path, period: str, wanted: set[str] | None = None) -> dict[str, Any]:
    """ "indicator|form|period" → one value per unit, and "order|period" → their codes."""
    w = World(folder, period)
    result: dict[str, Any] = {}
    for p in w.periods:
        order = sorted(w.standing(p)["code"])
        result[f"order|{p[0]}"] = np.array(order)
        for name, (forms, _) in INDICATORS.items():
            for form in forms if wanted is None or name in wanted else ():
                result[f"{name}|{form}|{p[0]}"] = had(w, name, form, p).reindex(order).to_numpy(float)
    return result


if __name__ == "__main__":
    main(compute)
