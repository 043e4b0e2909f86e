"""Family C, after the 口径: one small function per indicator."""

from __future__ import annotations

from oracle.parts import AT, TO, Ratio, Sum, base, campaign, count, distinct, indicator, of, total, units

# C 调查研究

def _cases(id_: str, polarity: str) -> None:
    @indicator(id_, AT)
    def _(v, form):
        rows = v.state("cases")
        return count("cases", AT, rows[rows.polarity == polarity])


_cases("cases.positive", "正面")
_cases("cases.negative", "反面")


@indicator("cases.units", AT)
def _(v, form):
    rows = v.state("cases")
    rows = rows[rows.unit.isin(campaign(v))]
    return units("cases", AT, rows, having=[rows.polarity == "正面", rows.polarity == "反面"], not_having=[])


@indicator("cases.coverage", AT)
def _(v, form):
    return Ratio(of(v, "cases.units", AT), of(v, "campaign.units", AT))


_ITEMS = ("development", "livelihood", "institutions")


@indicator("cases.finished", AT)
def _(v, form):
    rows = v.state("cases")
    return count("cases", AT, rows[rows.status.isin(["已形成报告", "已转化"])])


@indicator("cases.linked", AT)
def _(v, form):
    rows = v.state("cases")
    rows = rows[rows.status.isin(["已形成报告", "已转化"])]
    return count("cases", AT, rows[v.linked(rows, *_ITEMS)])


def _city_topics(v):
    rows = v.state("topics")
    return rows[rows.leader_rank == "市级"]


@indicator("topics.city_leaders", AT)
def _(v, form):
    return distinct("topics", AT, _city_topics(v), "leader_code")


def _changed(id_: str, change: str) -> None:
    @indicator(id_)
    def _(v, form):
        rows = _city_topics(v)
        return distinct("topics", form, v.window(rows[rows.change_type == change], "changed_on", form), "leader_code")


_changed("topics.refiled_leaders", "重新申报")
_changed("topics.adjusted_leaders", "主动调整")


@indicator("topics.deepened_leaders", TO)
def _(v, form):
    return Sum([(1, of(v, "topics.city_leaders", AT)), (-1, of(v, "topics.refiled_leaders", TO)),
                (-1, of(v, "topics.adjusted_leaders", TO))])


@indicator("topics.returned")
def _(v, form):
    rows = v.state("topics")
    return count("topics", form, v.window(rows[rows.leader_rank == "县处级"], "returned_on", form))


def _finished(v):
    rows = v.state("topics")
    return rows[rows.outcome.isin(["已完成", "已转化"])]


@indicator("topics.finished", AT)
def _(v, form):
    return count("topics", AT, _finished(v))


@indicator("topics.linked", AT)
def _(v, form):
    rows = _finished(v)
    return count("topics", AT, rows[v.linked(rows, *_ITEMS)])


@indicator("topics.conversion", AT)
def _(v, form):
    return Ratio(of(v, "topics.linked", AT), of(v, "topics.finished", AT))


def _visits(v, form):
    rows = v.dated("visits", form)
    return rows[rows.leader_rank.isin(["市级", "县处级"])]


@indicator("visits.count")
def _(v, form):
    return count("visits", form, _visits(v, form))


base("leaders.count", "leaders_county_up")


@indicator("visits.found")
def _(v, form):
    return total("visits", form, _visits(v, form), "found")


@indicator("visits.leaders")
def _(v, form):     # a post's code is the same post in any unit
    return distinct("visits", form, _visits(v, form), "leader_code")


@indicator("visits.leaders_without", AT)
def _(v, form):
    return Sum([(1, of(v, "leaders.count", AT)), (-1, of(v, "visits.leaders", TO))])


@indicator("visits.per_leader")
def _(v, form):
    return Ratio(of(v, "visits.count", form), of(v, "leaders.count", AT))


@indicator("visits.solved")
def _(v, form):
    return total("visits", form, _visits(v, form), "solved_on_site")


@indicator("visits.solved_registered")
def _(v, form):
    rows = _visits(v, form)
    return total("visits", form, rows.assign(n=[len(x) if isinstance(x, list) else 0 for x in rows.solved_refs]), "n")


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
