"""Families A and B, after the 口径: one small function per indicator."""

from __future__ import annotations

from oracle.parts import AT, IN, TO, Ahead, Ratio, Sum, base, campaign, count, distinct, indicator, median, of, total, units

# A 启动部署与任务

@indicator("campaign.units", AT)
def _(v, form):
    return count("register", AT, v.register[v.register.unit.isin(campaign(v))])


@indicator("campaign.counties", AT)
def _(v, form):
    r = v.register
    return count("register", AT, r[r.org_type == "县(市、区)"])


@indicator("campaign.other_units", AT)
def _(v, form):
    r = v.register
    return count("register", AT, r[r.unit.isin(campaign(v)) & (r.org_type != "县(市、区)")])


@indicator("launch.units")
def _(v, form):
    rows = v.dated("launch", form)
    return distinct("launch", form, rows[(rows.event_type == "动员会") & rows.unit.isin(campaign(v))], "unit")


@indicator("launch.rate")
def _(v, form):
    return Ratio(of(v, "launch.units", form), of(v, "campaign.units", AT))


@indicator("launch.lag")
def _(v, form):
    rows = v.dated("launch", form)
    rows = rows[rows.event_type == "动员会"]
    return median("launch", form, rows, (rows.held_on - v.campaign_starts).dt.days)


base("party_orgs.count", "party_org_count")


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


base("reading_class.due", "teams_due")


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


@indicator("study.idle_units", IN)
def _(v, form):
    f = v.filings[v.filings.ledger == "study"]
    return distinct("filings", form, f[f.filed & f.filed_before & (f.rows == 0) & (f.rows_before == 0)], "unit")


@indicator("centre_group.city", TO)
def _(v, form):
    rows = _study(v, form, "中心组")
    return count("study", form, rows[rows.unit == "S01"])


@indicator("centre_group.next", TO)
def _(v, form):
    return Sum([(1, of(v, "centre_group.city", TO))], plus=1)


def _lectures(v, form):     # a party branch's secretary is not in a leadership team
    rows = v.dated("lectures", form)
    return rows[rows.speaker_rank != "支部书记"]


@indicator("lectures.count")
def _(v, form):
    return count("lectures", form, _lectures(v, form))


@indicator("lectures.speakers")
def _(v, form):
    return distinct("lectures", form, _lectures(v, form), "speaker_code")


base("leaders.team_members", "team_members")


@indicator("lectures.coverage")
def _(v, form):
    return Ratio(of(v, "lectures.speakers", form), of(v, "leaders.team_members", AT))


def _group(id_: str, group: str) -> None:
    @indicator(id_, AT)
    def _(v, form):
        rows = v.state("group_study")
        return total("group_study", AT, rows[rows.member_group == group], "done")


_group("group_study.village_officials", "省派驻村")
_group("group_study.new_sector", "三新")
_group("group_study.floating", "流动")
_group("group_study.elderly", "年老体弱")


base("bases.village_officials", "village_officials")


base("bases.new_sector", "members_new_sector")


@indicator("group_study.copies")
def _(v, form):
    return total("group_study", form, v.filed_in("group_study", form), "copies")


@indicator("group_study.coverage", AT)
def _(v, form):
    rows = v.state("group_study")
    return Ratio(total("group_study", AT, rows, "done"), total("group_study", AT, rows, "should"))
