"""Families F, G and H, and spot checks, after the 口径: one small function per indicator."""

from __future__ import annotations

import pandas as pd

from oracle.parts import AT, IN, Ratio, count, distinct, indicator, of, total, units

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
    return Ratio(of(v, "campaign.counties", AT), of(v, "liaison.teams", AT))


@indicator("liaison.units_per_team", AT)
def _(v, form):
    return Ratio(of(v, "campaign.other_units", AT), of(v, "liaison.teams", AT))


def _supervision(v, form, *kinds):
    rows = v.dated("supervision", form)
    return rows[rows.kind.isin(kinds)]


@indicator("supervision.visits")
def _(v, form):
    return count("supervision", form, _supervision(v, form, "下沉督导"))


@indicator("supervision.orgs")
def _(v, form):
    return total("supervision", form, _supervision(v, form, "下沉督导"), "orgs_covered")


@indicator("supervision.units")
def _(v, form):
    return distinct("supervision", form, _supervision(v, form, "下沉督导").explode("visited"), "visited")


@indicator("supervision.coverage")
def _(v, form):
    return Ratio(of(v, "supervision.units", form), of(v, "campaign.units", AT))


@indicator("calendar.workdays")
def _(v, form):
    days = v.calendar(form)
    return count("calendar", form, days[days.worked])


@indicator("calendar.weeks")
def _(v, form):
    return distinct("calendar", form, v.calendar(form), "week")


@indicator("dispatch.days")
def _(v, form):
    rows = _supervision(v, form, "日调度")
    return distinct("supervision", form, rows[rows.held_on.isin(v.all_days.day[v.all_days.worked])], "held_on")


@indicator("dispatch.rate")
def _(v, form):
    return Ratio(of(v, "dispatch.days", form), of(v, "calendar.workdays", form))


@indicator("weekly_meeting.weeks")
def _(v, form):
    rows = _supervision(v, form, "周会商")
    rows = rows.assign(week=(rows.held_on - v.campaign_starts).dt.days // 7)
    return distinct("supervision", form, rows, "week")


@indicator("weekly_meeting.rate")
def _(v, form):
    return Ratio(of(v, "weekly_meeting.weeks", form), of(v, "calendar.weeks", form))


@indicator("supervision.meetings")
def _(v, form):
    return count("supervision", form, _supervision(v, form, "座谈会", "培训会"))


@indicator("resolutions.open", AT)
def _(v, form):
    rows = v.state("resolutions")
    return count("resolutions", AT, rows[rows.status != "已办结"])


@indicator("resolutions.done")
def _(v, form):
    rows = v.state("resolutions")
    return count("resolutions", form, v.window(rows[rows.status == "已办结"], "closed_on", form))


def _issues(v, form, *types, by="issued_on"):
    """Publications of these types, or of any, dated by the day they came out or were taken up."""
    rows = v.window(v.state("publications"), by, form)
    return rows[rows.doc_type.isin(types)] if types else rows


@indicator("guidance.lists")
def _(v, form):
    return count("publications", form, _issues(v, form, "分类指导清单"))


# G 信息与宣传

@indicator("special_reports.count")
def _(v, form):
    rows = _issues(v, form, "专报")
    return count("publications", form, rows[rows.sent_up == True])  # noqa: E712


@indicator("briefs.count")
def _(v, form):
    return count("publications", form, _issues(v, form, "简报"))


@indicator("briefs.numbers_sum")
def _(v, form):
    rows = _issues(v, form, "简报")
    return total("publications", form, rows.assign(number=rows.total_no.fillna(rows.issue_no)), "number")


@indicator("adoption.count")
def _(v, form):
    return total("publications", form, _issues(v, form, by="adopted_on"), "adopted")


@indicator("adoption.rate")
def _(v, form):
    sent = _issues(v, form)
    sent = sent[sent.sent_up == True]  # noqa: E712
    used = sent[(sent.adopted > 0) & (sent.adopted_on <= v.last)]
    return Ratio(count("publications", form, used), count("publications", form, sent))


def _media(v, form):
    rows = v.dated("media", form)
    return rows[rows.reprint == False]  # noqa: E712


@indicator("media.commentary")
def _(v, form):
    rows = _media(v, form)
    return count("media", form, rows[rows.genre == "系列评论"])


@indicator("media.local")
def _(v, form):
    rows = _media(v, form)
    return count("media", form, rows[rows.outlet_level.isin(["县", "市"])])


@indicator("media.provincial")
def _(v, form):
    rows = _media(v, form)
    return count("media", form, rows[rows.outlet_level.isin(["省", "中央"])])


@indicator("media.count")
def _(v, form):
    return count("media", form, _media(v, form))


@indicator("media.provincial_share")
def _(v, form):
    return Ratio(of(v, "media.provincial", form), of(v, "media.count", form))


def _notices(v, form, kind, by):
    """A moment belongs to its day."""
    rows = v.state("notices")
    rows = rows[rows.kind == kind]
    return v.window(rows.assign(day=rows[by].dt.normalize()), "day", form)


@indicator("notices.publicity")
def _(v, form):
    return count("notices", form, _notices(v, form, "宣传提示", "found_at"))


@indicator("notices.sensitive_terms")
def _(v, form):
    return count("notices", form, _notices(v, form, "敏感词提示", "found_at"))


@indicator("notices.wording_fixed")
def _(v, form):
    rows = _notices(v, form, "错误表述", "handled_at")
    return total("notices", form, rows[rows.status == "已整改"], "quantity")


@indicator("notices.handled")
def _(v, form):
    rows = _notices(v, form, "敏感舆情", "handled_at")
    return total("notices", form, rows[rows.status == "已处置"], "quantity")


@indicator("notices.handled_in_time")
def _(v, form):
    rows = _notices(v, form, "敏感舆情", "found_at")
    took = (rows.handled_at - rows.found_at) / pd.Timedelta(hours=1)
    return Ratio(total("notices", form, rows[(rows.status == "已处置") & (took <= rows.limit_hours)], "quantity"),
                 total("notices", form, rows, "quantity"))


def _contributions(v, form):
    return v.window(v.state("contributions"), "sent_on", form)


@indicator("contributions.count")
def _(v, form):
    return count("contributions", form, _contributions(v, form))


@indicator("contributions.chosen")
def _(v, form):
    rows = _contributions(v, form)
    return count("contributions", form, rows[rows.chosen == "采用"])


# 抽查核实

def _checked(topic: str, ledger: str) -> None:
    def rows(v, form):
        found = v.dated("samples", form)
        return found[found.reviewed == ledger] if ledger else found

    @indicator(f"{topic}.checked")
    def _(v, form):
        return count("samples", form, rows(v, form))

    @indicator(f"{topic}.verified_rate")
    def _(v, form):
        checked = rows(v, form)
        return Ratio(count("samples", form, checked[checked.result == "核实"]), count("samples", form, checked))


_checked("samples", "")
_checked("rectification", "L11")
_checked("development", "L08")
_checked("livelihood", "L09")


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


@indicator("filings.return_rate", IN)
def _(v, form):
    f = v.filings
    return Ratio(count("filings", form, f[f.returned_ever]), count("filings", form, f[f.filed | f.returned]))


@indicator("findings.duplicates", IN)
def _(v, form):
    f = v.findings
    return count("findings", form, f[f.rule.isin(["key", "key-filed", "copied"])])


@indicator("changes.count", IN)
def _(v, form):
    return count("changes", form, v.changes)
