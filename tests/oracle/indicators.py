"""One small function per indicator, after its 口径. Each gives the rows it counts, unit by unit, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from oracle.oracle import View

IN, TO, AT = "期内", "累计", "时点"


@dataclass
class Part:
    """`values` per unit; what they come to over several units is said by `how`. `ledger` tells who is known to have filed."""

    ledger: str
    form: str
    how: str                        # sum | distinct | median
    values: dict[str, list[Any]]


@dataclass
class Ratio:
    top: Part
    bottom: Part


@dataclass
class Ahead:
    """A ratio minus the elapsed share of the time."""

    ratio: Ratio


ALL: dict[str, tuple[tuple[str, ...], Callable[..., Part | Ratio | Ahead]]] = {}


def indicator(id_: str, *forms: str) -> Callable[[Any], Any]:
    def keep(function: Any) -> Any:
        ALL[id_] = (forms or (IN, TO), function)
        return function
    return keep


def of(v: View, id_: str, form: str) -> Any:
    return ALL[id_][1](v, form)


def _part(ledger: str, form: str, how: str, rows: pd.DataFrame, values: Any) -> Part:
    found: dict[str, list[Any]] = {}
    for unit, value in zip(rows.unit, values, strict=True):
        found.setdefault(unit, []).append(value)
    return Part(ledger, form, how, found)


def count(ledger: str, form: str, rows: pd.DataFrame) -> Part:
    return _part(ledger, form, "sum", rows, [1] * len(rows))


def total(ledger: str, form: str, rows: pd.DataFrame, column: str) -> Part:
    return _part(ledger, form, "sum", rows, rows[column].fillna(0).astype(float))


def distinct(ledger: str, form: str, rows: pd.DataFrame, *columns: str) -> Part:
    rows = rows.dropna(subset=list(columns))
    return _part(ledger, form, "distinct", rows, zip(*(rows[c] for c in columns), strict=True))


def median(ledger: str, form: str, rows: pd.DataFrame, days: pd.Series) -> Part:
    kept = days.notna()
    return _part(ledger, form, "median", rows[kept], days[kept])


def units(ledger: str, form: str, rows: pd.DataFrame, *, having: list[pd.Series], not_having: list[pd.Series]) -> Part:
    codes = set(rows.unit)
    for mask in having:
        codes &= set(rows.unit[mask])
    for mask in not_having:
        codes -= set(rows.unit[mask])
    return Part(ledger, form, "distinct", {c: [c] for c in codes})


# A 启动部署与任务

@indicator("campaign.units", AT)
def _(v, form):
    r = v.register
    return count("register", AT, r[(r.campaign_unit == True) & (r.batch == "第二批")])  # noqa: E712


@indicator("launch.units")
def _(v, form):
    r = v.register
    campaign = set(r.code[r.campaign_unit == True])  # noqa: E712
    rows = v.dated("launch", form)
    return distinct("launch", form, rows[(rows.event_type == "动员会") & rows.unit.isin(campaign)], "unit")


@indicator("launch.rate")
def _(v, form):
    return Ratio(of(v, "launch.units", form), of(v, "campaign.units", AT))


@indicator("launch.lag")
def _(v, form):
    rows = v.dated("launch", form)
    rows = rows[rows.event_type == "动员会"]
    return median("launch", form, rows, (rows.held_on - v.campaign_starts).dt.days)


@indicator("party_orgs.count", AT)
def _(v, form):
    return total("bases", AT, v.bases, "party_org_count")


@indicator("tasks.on_time_rate", AT)
def _(v, form):
    t = v.tasks
    due = t[(t.status != "已取消") & (t.due_date <= v.last)]
    return Ratio(count("tasks", AT, due[due.done_date <= due.due_date]), count("tasks", AT, due))


@indicator("tasks.progress", AT)
def _(v, form):
    t = v.tasks
    kept = t[t.status != "已取消"]
    return Ratio(total("tasks", AT, kept[kept.done_date <= v.last], "weight"), total("tasks", AT, kept, "weight"))


@indicator("tasks.ahead", AT)
def _(v, form):
    return Ahead(of(v, "tasks.progress", AT))


@indicator("tasks.overdue", AT)
def _(v, form):
    t = v.tasks
    open_ = t.done_date.isna() | (t.done_date > v.last)
    return count("tasks", AT, t[(t.status != "已取消") & (t.due_date < v.last) & open_])


# B 理论学习

def _study(v, form, kind):
    rows = v.dated("study", form)
    return rows[rows.study_type == kind]


@indicator("reading_class.teams")
def _(v, form):
    return distinct("study", form, _study(v, form, "读书班"), "unit")


@indicator("reading_class.due", AT)
def _(v, form):
    return total("bases", AT, v.bases, "teams_due")


@indicator("reading_class.coverage")
def _(v, form):
    return Ratio(of(v, "reading_class.teams", form), of(v, "reading_class.due", AT))


@indicator("reading_class.days")
def _(v, form):
    return total("study", form, _study(v, form, "读书班"), "days")


@indicator("reading_class.days_per_team")
def _(v, form):
    return Ratio(of(v, "reading_class.days", form), of(v, "reading_class.teams", form))


@indicator("centre_group.sessions")
def _(v, form):
    return count("study", form, _study(v, form, "中心组"))


@indicator("study.both")
def _(v, form):
    rows = v.dated("study", form)
    return units("study", form, rows, having=[rows.study_type == "读书班", rows.study_type == "中心组"], not_having=[])


def _group(id_: str, group: str) -> None:
    @indicator(id_, AT)
    def _(v, form):
        rows = v.state("group_study")
        return total("group_study", AT, rows[rows.member_group == group], "done")


_group("group_study.village_officials", "省派驻村")
_group("group_study.new_sector", "三新")
_group("group_study.floating", "流动")
_group("group_study.elderly", "年老体弱")


@indicator("group_study.copies")
def _(v, form):
    return total("group_study", form, v.filed_in("group_study", form), "copies")


@indicator("group_study.coverage", AT)
def _(v, form):
    rows = v.state("group_study")
    return Ratio(total("group_study", AT, rows, "done"), total("group_study", AT, rows, "should"))


# C 调查研究

def _visits(v, form):
    rows = v.dated("visits", form)
    return rows[rows.leader_rank.isin(["市级", "县处级"])]


@indicator("visits.count")
def _(v, form):
    return count("visits", form, _visits(v, form))


@indicator("leaders.count", AT)
def _(v, form):
    return total("bases", AT, v.bases, "leaders_county_up")


@indicator("visits.leaders")
def _(v, form):     # a post's code is the same post in any unit
    return distinct("visits", form, _visits(v, form), "leader_code")


@indicator("visits.per_leader")
def _(v, form):
    return Ratio(of(v, "visits.count", form), of(v, "leaders.count", AT))


@indicator("visits.solved")
def _(v, form):
    return total("visits", form, _visits(v, form), "solved_on_site")


@indicator("visits.solved_per_visit")
def _(v, form):
    return Ratio(of(v, "visits.solved", form), of(v, "visits.count", form))


@indicator("visits.with_reception")
def _(v, form):
    rows = _visits(v, form)
    return count("visits", form, rows[rows.with_reception == True])  # noqa: E712


@indicator("visits.with_reception_share")
def _(v, form):
    return Ratio(of(v, "visits.with_reception", form), of(v, "visits.count", form))


# D 推动发展与民生

@indicator("opinions.count")
def _(v, form):
    return total("opinions", form, v.filed_in("opinions", form), "opinions")


@indicator("backlog.resolved")
def _(v, form):
    rows = v.filed_in("opinions", form)
    return total("opinions", form, rows[rows.channel == "信访"], "backlog_resolved")


@indicator("backlog.base", AT)
def _(v, form):
    return total("bases", AT, v.bases, "backlog_base")


@indicator("backlog.resolved_rate")
def _(v, form):
    return Ratio(of(v, "backlog.resolved", form), of(v, "backlog.base", AT))


@indicator("backlog.open", AT)
def _(v, form):
    rows = v.state("opinions")
    return total("opinions", AT, rows[rows.channel == "信访"], "backlog_close")


# E 检视整改

def _good(v):
    rows = v.state("problems")
    return rows[rows.review == "合格"]


@indicator("problems.accepted", AT)
def _(v, form):
    return count("problems", AT, _good(v))


@indicator("problems.filed")
def _(v, form):
    return count("problems", form, v.window(v.state("problems"), "registered_on", form))


@indicator("problems.returned_too_fine")
def _(v, form):
    rows = v.dated("reviews", form)
    return count("reviews", form, rows[(rows.reviewed == "L11") & (rows.decision == "退回") & (rows.reason == "过细过碎")])


@indicator("problems.return_rate")
def _(v, form):
    rows = v.dated("reviews", form)
    back = rows[(rows.reviewed == "L11") & (rows.decision == "退回")]
    return Ratio(distinct("reviews", form, back, "unit", "item_key"), of(v, "problems.filed", form))


@indicator("problems.refiled_on_time", AT)
def _(v, form):
    rows = v.state("problems")
    due = rows[rows.refile_due <= v.last]
    return Ratio(count("problems", AT, due[due.refiled_on <= due.refile_due]), count("problems", AT, due))


def _done(v, form):
    rows = _good(v)
    return v.window(rows[rows.status == "已整改"], "closed_on", form)


@indicator("rectification.done")
def _(v, form):
    return count("problems", form, _done(v, form))


@indicator("rectification.rate")
def _(v, form):
    return Ratio(of(v, "rectification.done", form), of(v, "problems.accepted", AT))


@indicator("rectification.ahead", AT)
def _(v, form):
    return Ahead(of(v, "rectification.rate", TO))


@indicator("rectification.overdue", AT)
def _(v, form):
    rows = _good(v)
    return count("problems", AT, rows[(rows.status != "已整改") & (rows.due_date < v.last)])


@indicator("rectification.days")
def _(v, form):
    rows = _done(v, form)
    return median("problems", form, rows, (rows.closed_on - rows.accepted_on).dt.days)


@indicator("problems.recheck_failed")
def _(v, form):
    rows = v.dated("reviews", form)
    return count("reviews", form, rows[(rows.reviewed == "L11") & (rows.decision == "回头看不合格")])


@indicator("problems.open", AT)
def _(v, form):     # entered: accepted by the last day; left: closed by the last day
    rows = _good(v)
    return count("problems", AT, rows[(rows.accepted_on <= v.last) & ~(rows.closed_on <= v.last)])


@indicator("problems.untouched_units", AT)
def _(v, form):
    rows = v.state("problems")
    good = rows.review == "合格"
    return units("problems", AT, rows, having=[good], not_having=[good & (rows.status == "已整改")])


# F 督导联络

def _groups(v):
    g = v.groups
    return g[(g.valid_from <= v.last) & (g.valid_to.isna() | (g.valid_to >= v.last))]


@indicator("liaison.districts", AT)
def _(v, form):
    return distinct("groups", AT, _groups(v), "district")


@indicator("liaison.teams", AT)
def _(v, form):
    return distinct("groups", AT, _groups(v), "team")


@indicator("liaison.counties_per_team", AT)
def _(v, form):
    r = v.register
    return Ratio(count("register", AT, r[r.org_type == "县(市、区)"]), of(v, "liaison.teams", AT))


@indicator("liaison.units_per_team", AT)
def _(v, form):
    r = v.register
    others = r[(r.campaign_unit == True) & (r.batch == "第二批") & (r.org_type != "县(市、区)")]  # noqa: E712
    return Ratio(count("register", AT, others), of(v, "liaison.teams", AT))


def _issues(v, form, by="issued_on"):
    return v.window(v.state("publications"), by, form)


@indicator("guidance.lists")
def _(v, form):
    rows = _issues(v, form)
    return count("publications", form, rows[rows.doc_type == "分类指导清单"])


# G 信息与宣传

@indicator("special_reports.count")
def _(v, form):
    rows = _issues(v, form)
    return count("publications", form, rows[(rows.doc_type == "专报") & (rows.sent_up == True)])  # noqa: E712


@indicator("briefs.count")
def _(v, form):
    rows = _issues(v, form)
    return count("publications", form, rows[rows.doc_type == "简报"])


@indicator("adoption.count")
def _(v, form):
    return total("publications", form, _issues(v, form, "adopted_on"), "adopted")


@indicator("adoption.rate")
def _(v, form):
    sent = _issues(v, form)
    sent = sent[sent.sent_up == True]  # noqa: E712
    used = sent[(sent.adopted > 0) & (sent.adopted_on <= v.last)]
    return Ratio(count("publications", form, used), count("publications", form, sent))


# H 报送情况: of the period asked, whichever form

@indicator("filings.due", IN)
def _(v, form):
    return distinct("filings", form, v.filings, "unit")


@indicator("filings.on_time_units", IN)
def _(v, form):
    f = v.filings
    return units("filings", form, f, having=[f.on_time], not_having=[~f.on_time])


@indicator("filings.on_time_rate", IN)
def _(v, form):
    return Ratio(of(v, "filings.on_time_units", form), of(v, "filings.due", form))


def _missing(v):
    f = v.filings
    return f[~f.filed & ~f.returned]


@indicator("filings.missing", IN)
def _(v, form):
    return distinct("filings", form, _missing(v), "unit")


@indicator("filings.missing_again", IN)
def _(v, form):
    rows = _missing(v)
    return distinct("filings", form, rows[rows.missed_before], "unit")


@indicator("filings.returned", IN)
def _(v, form):
    f = v.filings
    return distinct("filings", form, f[f.returned], "unit")
