"""Families D and E, after the 口径: one small function per indicator."""

from __future__ import annotations

from oracle.parts import AT, TO, Ahead, Ratio, Sum, base, campaign, count, distinct, indicator, median, of, total, units

# D 推动发展与民生

@indicator("development.registered")
def _(v, form):
    return count("development", form, v.window(v.state("development"), "registered_on", form))


@indicator("development.solved")
def _(v, form):
    rows = v.state("development")
    return count("development", form, v.window(rows[rows.status == "破解"], "closed_on", form))


@indicator("development.solved_rate", TO)
def _(v, form):
    return Ratio(of(v, "development.solved", TO), of(v, "development.registered", TO))


def _livelihood(v, kind):
    rows = v.state("livelihood")
    return rows[rows.kind == kind]


def _livelihood_solved(v, form):
    rows = _livelihood(v, "民生问题")
    return v.window(rows[rows.status == "已解决"], "closed_on", form)


@indicator("livelihood.registered")
def _(v, form):
    return count("livelihood", form, v.window(_livelihood(v, "民生问题"), "registered_on", form))


@indicator("livelihood.solved")
def _(v, form):
    return count("livelihood", form, _livelihood_solved(v, form))


@indicator("livelihood.solved_rate", TO)
def _(v, form):
    return Ratio(of(v, "livelihood.solved", TO), of(v, "livelihood.registered", TO))


@indicator("livelihood.solved_linked")
def _(v, form):
    rows = _livelihood_solved(v, form)
    return count("livelihood", form, rows[v.linked(rows, "development")])


@indicator("problems.solved_total")
def _(v, form):
    return Sum([(1, of(v, "visits.solved", form)), (-1, of(v, "visits.solved_registered", form)),
                (1, of(v, "development.solved", form)), (1, of(v, "livelihood.solved", form)),
                (-1, of(v, "livelihood.solved_linked", form))])


@indicator("livelihood.projects", AT)
def _(v, form):
    return count("livelihood", AT, _livelihood(v, "民生项目"))


@indicator("livelihood.list_units", AT)
def _(v, form):
    rows = _livelihood(v, "民生项目")
    return distinct("livelihood", AT, rows[rows.unit.isin(campaign(v))], "unit")


@indicator("livelihood.list_coverage", AT)
def _(v, form):
    return Ratio(of(v, "livelihood.list_units", AT), of(v, "campaign.units", AT))


@indicator("livelihood.projects_on_time", AT)
def _(v, form):
    rows = _livelihood(v, "民生项目")
    due = rows[rows.due_date <= v.last]
    return Ratio(count("livelihood", AT, due[(due.status == "已解决") & (due.closed_on <= due.due_date)]),
                 count("livelihood", AT, due))


@indicator("opinions.count")
def _(v, form):
    return total("opinions", form, v.filed_in("opinions", form), "opinions")


@indicator("backlog.resolved")
def _(v, form):
    rows = v.filed_in("opinions", form)
    return total("opinions", form, rows[rows.channel == "信访"], "backlog_resolved")


base("backlog.base", "backlog_base")


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


@indicator("problems.accepted_flow")
def _(v, form):
    return count("problems", form, v.window(_good(v), "accepted_on", form))


@indicator("problems.returned_open", AT)
def _(v, form):
    return count("problems", AT, _awaited(v))


def _awaited(v):        # went back, and did not come again since
    rows = v.state("problems")
    return rows[(rows.review == "退回") & ~(rows.refiled_on >= rows.returned_on)]


@indicator("problems.refile_overdue", AT)
def _(v, form):
    rows = _awaited(v)
    return count("problems", AT, rows[rows.refile_due < v.last])


@indicator("problems.refiled")
def _(v, form):
    rows = v.state("problems")
    return count("problems", form, v.window(rows[rows.refiled_on >= rows.returned_on], "refiled_on", form))


@indicator("problems.waiting", AT)
def _(v, form):
    rows = v.state("problems")
    again = (rows.review == "退回") & (rows.refiled_on >= rows.returned_on)
    return count("problems", AT, rows[(rows.review == "待审") | again])


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


@indicator("rectification.mean_days")
def _(v, form):
    rows = _done(v, form)
    return Ratio(total("problems", form, rows.assign(days=(rows.closed_on - rows.accepted_on).dt.days), "days"),
                 count("problems", form, rows))


@indicator("special.projects", AT)
def _(v, form):
    rows = v.state("institutions")
    return count("institutions", AT, rows[rows.kind == "专项整治"])


@indicator("institutions.rules")
def _(v, form):
    rows = v.state("institutions")
    rows = rows[rows.kind.isin(["制度新建", "制度修订"]) & (rows.status == "已完成")]
    return count("institutions", form, v.window(rows, "closed_on", form))


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
