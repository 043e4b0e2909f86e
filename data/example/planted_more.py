"""What the indicators of the lists and of the office's own ledgers must come to. Imports city, events, office.

Called by planted.py with its own counting: `count.both` says 期内 and 累计, `count.say` one form, `count.ratio` two figures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from city import STARTS, City, Row
from events import WEEKS, ends
from office import worked

Rows = list[Row]
IN, TO, AT = "期内", "累计", "时点"


def lists(known: Any, count: Any, last: date) -> None:
    """Lectures, cases, topics, difficulties, livelihood matters, rules, texts; and what is solved in all, once each."""
    both, say, having, total, distinct = count.both, count.say, count.having, count.total, count.distinct
    lectures = having(lambda r: r["speaker_rank"] != "支部书记", count.mine(known.rows("lectures")))
    both("lectures.count", lectures, "lecture_date", len, "lectures")
    both("lectures.speakers", lectures, "lecture_date", distinct("speaker_code"), "lectures")
    count.ratio("lectures.coverage", "lectures.speakers", "leaders.team_members")
    state = {name: count.mine(known.state(name, last), stock=True) for name in ("cases", "topics", "development",
                                                                              "livelihood", "institutions")}
    ids = {(name, r["unit"], r[key]) for name, key in (("development", "problem_id"), ("livelihood", "item_id"),
                                                       ("institutions", "entry_id")) for r in state[name]}

    def leads(row: Row, *names: str) -> bool:
        return any((name, row["unit"], row["link_id"]) in ids for name in names)

    def linked(rows: Rows) -> Rows:
        return [r for r in rows if leads(r, "development", "livelihood", "institutions")]

    cases = state["cases"]
    good = {r["unit"] for r in cases if r["polarity"] == "正面"}
    bad = {r["unit"] for r in cases if r["polarity"] == "反面"}
    say("cases.positive", AT, sum(r["polarity"] == "正面" for r in cases))
    say("cases.negative", AT, sum(r["polarity"] == "反面" for r in cases))
    say("cases.units", AT, len(good & bad))
    count.ratio("cases.coverage", "cases.units", "campaign.units", (AT,))
    finished = having(lambda r: r["status"] in ("已形成报告", "已转化"), cases)
    say("cases.finished", AT, len(finished))
    say("cases.linked", AT, len(linked(finished)))
    _topics(known, count, state["topics"], linked, last)

    development = state["development"]
    solved = having(lambda r: r["status"] == "破解", development)
    both("development.registered", development, "registered_on", len, "development")
    both("development.solved", solved, "closed_on", len, "development")
    count.ratio("development.solved_rate", "development.solved", "development.registered", (TO,))
    problems = having(lambda r: r["kind"] == "民生问题", state["livelihood"])
    done = having(lambda r: r["status"] == "已解决", problems)
    both("livelihood.registered", problems, "registered_on", len, "livelihood")
    both("livelihood.solved", done, "closed_on", len, "livelihood")
    both("livelihood.solved_linked", [r for r in done if leads(r, "development")], "closed_on", len, "livelihood")
    count.ratio("livelihood.solved_rate", "livelihood.solved", "livelihood.registered", (TO,))
    projects = having(lambda r: r["kind"] == "民生项目", state["livelihood"])
    say("livelihood.projects", AT, len(projects))
    say("livelihood.list_units", AT, distinct("unit")(projects))
    count.ratio("livelihood.list_coverage", "livelihood.list_units", "campaign.units", (AT,))
    due = having(lambda r: r["due_date"] <= last, projects)
    if due:
        on_time = having(lambda r: r["status"] == "已解决" and r["closed_on"] <= r["due_date"], due)
        say("livelihood.projects_on_time", AT, [len(on_time), len(due)])
    say("special.projects", AT, sum(r["kind"] == "专项整治" for r in state["institutions"]))
    rules = having(lambda r: r["kind"] in ("制度新建", "制度修订") and r["status"] == "已完成", state["institutions"])
    both("institutions.rules", rules, "closed_on", len, "institutions")
    visits = having(lambda r: r["leader_rank"] in ("市级", "县处级"), count.mine(known.rows("visits")))
    both("visits.found", visits, "visit_date", total("found"), "visits")
    both("visits.solved_registered", visits, "visit_date", lambda rows: sum(bool(r["solved_refs"]) for r in rows), "visits")
    value = count.result
    for form in (TO,):
        parts = [value[name].get(form) for name in ("visits.solved", "visits.solved_registered", "development.solved",
                                                    "livelihood.solved", "livelihood.solved_linked")]
        if None not in parts:
            say("problems.solved_total", form, parts[0] - parts[1] + parts[2] + parts[3] - parts[4])
    both("contributions.count", count.mine(known.state("contributions", last)), "sent_on", len, "contributions")


def _topics(known: Any, count: Any, topics: Rows, linked: Callable[[Rows], Rows], last: date) -> None:
    top = count.having(lambda r: r["leader_rank"] == "市级", topics)
    count.say("topics.city_leaders", AT, count.distinct("leader_code")(top))
    for name, change in (("refiled", "重新申报"), ("adjusted", "主动调整")):
        changed = [r for r in top if r["change_type"] == change]
        count.both(f"topics.{name}_leaders", changed, "changed_on", count.distinct("leader_code"), "topics")
    if count.unit == "root":
        value = count.result
        count.say("topics.deepened_leaders", TO, value["topics.city_leaders"][AT] - value["topics.refiled_leaders"][TO]
                  - value["topics.adjusted_leaders"][TO])
    finished = count.having(lambda r: r["outcome"] in ("已完成", "已转化"), topics)
    count.say("topics.finished", AT, len(finished))
    count.say("topics.linked", AT, len(linked(finished)))
    count.ratio("topics.conversion", "topics.linked", "topics.finished", (AT,))
    said = [r for r in known.rows("reviews") if r["reviewed"] == "L06" and r["decision"] == "退回" and r["decided_on"] <= last]
    returned = []
    for r in topics:
        mine = [s["decided_on"] for s in said if (s["unit"], s["item_key"]) == (r["unit"], r["topic_id"])]
        if r["leader_rank"] == "县处级" and mine:
            returned.append({**r, "returned_on": max(mine)})
    count.both("topics.returned", returned, "returned_on", len, "topics")


def office(known: Any, count: Any, last: date) -> None:
    """Supervision, media, notices, matters agreed on, spot checks."""
    both, having, total = count.both, count.having, count.total
    rows = count.mine(known.rows("supervision"))
    visits = having(lambda r: r["kind"] == "下沉督导", rows)
    both("supervision.visits", visits, "held_on", len)
    both("supervision.orgs", visits, "held_on", total("orgs_covered"))
    both("supervision.units", visits, "held_on", lambda found: len({u for r in found for u in r["visited"].split("、")}))
    count.ratio("supervision.coverage", "supervision.units", "campaign.units")
    both("supervision.meetings", having(lambda r: r["kind"] in ("座谈会", "培训会"), rows), "held_on", len)
    if count.unit == "root":
        _rhythm(count, rows, last)
    media = having(lambda r: not r["reprint"], count.mine(known.rows("media")))
    both("media.commentary", having(lambda r: r["genre"] == "系列评论", media), "published_on", len)
    both("media.local", having(lambda r: r["outlet_level"] in ("市", "县"), media), "published_on", len)
    both("media.provincial", having(lambda r: r["outlet_level"] in ("省", "中央"), media), "published_on", len)
    both("media.count", media, "published_on", len)
    count.ratio("media.provincial_share", "media.provincial", "media.count")
    notices = [r | {"found_on": r["found_at"].date(), "handled_on": r["handled_at"] and r["handled_at"].date()}
               for r in count.mine(known.state("notices", last))]
    both("notices.publicity", having(lambda r: r["kind"] == "宣传提示", notices), "found_on", len)
    both("notices.sensitive_terms", having(lambda r: r["kind"] == "敏感词提示", notices), "found_on", len)
    both("notices.wording_fixed", having(lambda r: r["status"] == "已整改", notices), "handled_on", total("quantity"))
    found = having(lambda r: r["kind"] == "敏感舆情", notices)
    handled = having(lambda r: r["status"] == "已处置", found)
    both("notices.handled", handled, "handled_on", total("quantity"))
    soon = [r for r in handled if r["handled_at"] - r["found_at"] <= timedelta(hours=r["limit_hours"])]
    both("_soon", soon, "found_on", total("quantity"))
    both("_found", found, "found_on", total("quantity"))
    count.ratio("notices.handled_in_time", "_soon", "_found")
    agreed = count.mine(known.state("resolutions", last))
    count.say("resolutions.open", AT, sum(r["status"] != "已办结" for r in agreed if count.stands(r["unit"])))
    both("resolutions.done", having(lambda r: r["status"] == "已办结", agreed), "closed_on", len)
    checked = count.mine(known.rows("samples"))
    both("samples.checked", checked, "checked_on", len)
    both("_verified", having(lambda r: r["result"] == "核实", checked), "checked_on", len)
    count.ratio("samples.verified_rate", "_verified", "samples.checked")
    for name in ("_soon", "_found", "_verified"):
        count.result.pop(name, None)


def _rhythm(count: Any, rows: Rows, last: date) -> None:
    """Daily and weekly meetings against working days and weeks."""
    daily = [r for r in rows if r["kind"] == "日调度" and worked(r["held_on"])]
    count.both("dispatch.days", daily, "held_on", count.distinct("held_on"))
    weekly = [r | {"week": (r["held_on"] - STARTS).days // 7} for r in rows if r["kind"] == "周会商"]
    count.both("weekly_meeting.weeks", weekly, "held_on", count.distinct("week"))
    days = [STARTS + timedelta(days=n) for n in range((last - STARTS).days + 1)]
    now = next(n for n, week in enumerate(WEEKS) if ends(week) == last)
    for form, mine, weeks in ((IN, days[-7:], 1), (TO, days, now + 1)):
        count.say("dispatch.rate", form, [count.result["dispatch.days"][form], sum(map(worked, mine))])
        count.say("weekly_meeting.rate", form, [count.result["weekly_meeting.weeks"][form], weeks])


def register(city: City, units: Rows, campaign: Rows, last: date, say: Callable[..., None]) -> None:
    counties = sum(u["org_type"] == "县(市、区)" for u in units)
    say("campaign.counties", AT, counties)
    say("campaign.other_units", AT, len(campaign) - counties)
    for indicator, column in (("leaders.team_members", "team_members"), ("bases.village_officials", "village_officials"),
                              ("bases.new_sector", "members_new_sector")):
        say(indicator, AT, sum(city.base(u["code"], column, last) for u in campaign))
