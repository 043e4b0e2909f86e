"""Every rule of params/ledgers breaks just as it says, word for word, and an ordinary row breaks none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from jianbao.definitions.finding import Finding
from jianbao.definitions.load import Definitions, load
from jianbao.definitions.period import Period
from jianbao.definitions.register import Register, Unit
from jianbao.intake.checks import check_sheets
from jianbao.intake.contract import Contract
from jianbao.intake.sheet import Sheet
from jianbao.store import Delivery, Received, Store, Submission, arrow_type

Row = dict[str, Any]
PARAMS = Path(__file__).parents[1] / "params"
MON, TUE, SUN, NEXT = date(2023, 10, 16), date(2023, 10, 17), date(2023, 10, 22), date(2023, 10, 23)
W41, W42, W44 = Period("2023-W41"), Period("2023-W42"), Period("2023-W44")
UNITS = {"root": "汇总节点", "Z01": "主题办", "S01": "市四套班子", "D01": "市直机关", "C01": "县(市、区)", "T01": "乡镇(街道)"}

# An ordinary row of each ledger, and who files it.
GOOD: dict[str, tuple[str, Row]] = {
    "launch": ("D01", {"event_type": "动员会", "held_on": TUE}),
    "study": ("D01", {"study_type": "读书班", "start_date": MON, "end_date": TUE, "days": 2, "topic": "专题", "should": 9, "actual": 8}),
    "lectures": ("D01", {"lecture_date": TUE, "speaker_code": "D01-ZZ-01", "speaker_rank": "县处级", "title": "担当"}),
    "group_study": ("C01", {"member_group": "三新", "should": 50, "done": 30, "copies": 0}),
    "cases": ("D01", {"case_id": "AL-01", "polarity": "正面", "title": "一", "fixed_date": MON, "status": "调研中"}),
    "topics": ("C01", {"topic_id": "KT-01", "leader_code": "C01-ZZ-01", "leader_rank": "县处级", "title": "一", "change_type": "原课题",
                       "declared_on": MON, "outcome": "未完成"}),
    "visits": ("D01", {"visit_date": TUE, "leader_code": "D01-ZZ-01", "leader_rank": "县处级", "found": 2, "solved_on_site": 1}),
    "development": ("D01", {"problem_id": "NT-01", "field": "其他", "title": "一", "registered_on": MON, "due_date": date(2023, 12, 1),
                            "status": "推进中"}),
    "livelihood": ("D01", {"item_id": "MS-01", "category": "交通", "kind": "民生问题", "title": "城南停车难", "registered_on": MON,
                           "due_date": date(2023, 12, 1), "status": "办理中"}),
    "opinions": ("D01", {"channel": "信访", "opinions": 5, "replied": 3, "backlog_open": 4, "backlog_new": 2, "backlog_resolved": 1,
                         "backlog_close": 5}),
    "problems": ("D01", {"problem_id": "WT-01", "subject": "领导班子", "source": "自己找", "summary": "三", "registered_on": MON,
                         "due_date": date(2023, 12, 1), "status": "整改中"}),
    "institutions": ("D01", {"entry_id": "ZD-01", "kind": "制度新建", "title": "四", "registered_on": MON, "due_date": date(2023, 12, 1),
                             "status": "推进中"}),
    "supervision": ("Z01", {"kind": "下沉督导", "held_on": TUE, "lead": "市主题办", "visited": ["D01"], "orgs_covered": 3, "items": 2,
                            "items_done": 1}),
    "publications": ("Z01", {"doc_type": "简报", "issue_no": 1, "title": "五", "issued_on": TUE, "sent_up": True}),
    "media": ("Z01", {"published_on": TUE, "title": "六", "outlet": "日报", "outlet_level": "市", "genre": "消息", "counted_in": "条",
                      "reprint": False}),
    "notices": ("Z01", {"notice_id": "YQ-1", "kind": "错误表述", "found_at": datetime(2023, 10, 17, 9), "quantity": 1, "status": "整改中",
                        "limit_hours": 24}),
    "reviews": ("Z01", {"reviewed": "L11", "item_key": "WT-01", "decision": "合格", "decided_on": TUE}),
    "resolutions": ("Z01", {"item_id": "YD-1", "raised_at": "日调度", "raised_on": MON, "title": "七", "owner": "D01",
                            "due_date": date(2023, 11, 1), "status": "办理中"}),
    "contributions": ("D01", {"text_id": "LG-1", "column_name": "动态", "title": "八", "text": "写清时间、做法和数量。" * 5,
                              "sent_on": TUE}),
    "samples": ("Z01", {"drawn_for": "2023-W41", "reviewed": "L11", "item_key": "WT-01", "result": "核实", "checked_on": TUE}),
    "register": ("Z01", {"code": "D01", "name": "局", "short_name": "局", "parent": "root", "level": "市", "org_type": "市直机关",
                         "valid_from": MON}),
    "bases": ("Z01", {"unit": "D01", "base_date": MON, "team_members": 5, "leaders_county_up": 3}),
    "groups": ("Z01", {"district": "A", "team": "G1", "unit": "D01", "valid_from": MON}),
    "tasks": ("Z01", {"task_id": "RW-1", "unit": "D01", "start_date": MON, "due_date": SUN, "weight": 100.0, "status": "推进中"}),
}
CLOSED = {"status": "已解决", "closed_on": TUE}
SPEAKERS = [{"speaker_code": f"D01-ZZ-{n:02d}"} for n in range(1, 5)]

# ledger.rule → what is changed in the ordinary row (a list: several rows), what it says, and the row a week before.
CASES: dict[str, tuple[Row | list[Row], str] | tuple[Row | list[Row], str, Row]] = {
    "launch.not-later": ({"held_on": NEXT}, "日期晚于统计期最后一天。"),
    "launch.one-launch": ([{}, {"held_on": SUN}], "动员会报了 2 次。"),
    "study.order": ({"end_date": date(2023, 10, 15)}, "结束日期早于开始日期。"),
    "study.days": ({"days": 2.5}, "天数多于开始到结束的日历天数。"),
    "study.attendance": ({"actual": 10}, "实到人数多于应到人数。"),
    "study.seq": ({"seq_no": 1}, "不是中心组学习，填了次序。"),
    "study.not-later": ({"start_date": NEXT, "end_date": date(2023, 10, 24)}, "开始日期晚于统计期最后一天。"),
    "lectures.not-later": ({"lecture_date": NEXT}, "日期晚于统计期最后一天。"),
    "lectures.campaign": ({"lecture_date": date(2023, 8, 27)}, "日期早于主题教育开始。"),
    "lectures.speakers": (SPEAKERS, "讲过党课的班子成员已有 4 人，多于班子成员数 3。"),
    "group_study.done": ({"done": 51}, "已学人数多于应学人数。"),
    "group_study.done-falls": ({"done": 29}, "累计已学人数 29，比 2023-W41 报的 30 少。", {}),
    "cases.result-dated": ({"status": "已形成报告"}, "已形成报告或已转化，没有成果日期。"),
    "cases.result-order": ({"result_on": date(2023, 10, 15)}, "成果日期早于确定日期。"),
    "cases.not-later": ({"result_on": NEXT}, "确定或成果日期晚于统计期最后一天。"),
    "cases.linked": ({"status": "已转化", "result_on": TUE}, "已转化，没有填关联条目。"),
    "cases.status-back": ({"status": "确定"}, "解剖状态由“调研中”（2023-W41 报）退回“确定”。", {}),
    "cases.both-kinds": ({"period": W44}, "正面案例 1 个，反面案例 0 个；每个单位至少各确定一个。"),
    "topics.changed": ({"change_type": "主动调整"}, "课题有变更，没有变更日期。"),
    "topics.changed-order": ({"changed_on": date(2023, 10, 15)}, "变更日期早于申报日期。"),
    "topics.finished": ({"outcome": "已完成"}, "课题已完成或已转化，没有完成日期。"),
    "topics.finished-order": ({"finished_on": date(2023, 10, 15)}, "完成日期早于申报日期。"),
    "topics.not-later": ({"finished_on": NEXT}, "申报或完成日期晚于统计期最后一天。"),
    "topics.linked": ({"outcome": "已转化", "finished_on": TUE}, "课题已转化，没有填关联条目。"),
    "topics.status-back": ({}, "成果状态由“已完成”（2023-W41 报）退回“未完成”。", {"outcome": "已完成", "finished_on": date(2023, 10, 9)}),
    "topics.closed-changed": ({"outcome": "已完成", "finished_on": TUE}, "完成日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                              {"outcome": "已完成", "finished_on": date(2023, 10, 12)}),
    "visits.solved": ({"solved_on_site": 3}, "现场解决数多于发现问题数。"),
    "visits.not-later": ({"visit_date": NEXT}, "日期晚于统计期最后一天。"),
    "development.closed-dated": ({"status": "破解"}, "状态为破解，没有破解日期。"),
    "development.closed-status": ({"closed_on": TUE}, "填了破解日期，状态不是破解。"),
    "development.closed-order": ({"status": "破解", "closed_on": date(2023, 10, 15)}, "破解日期早于登记日期。"),
    "development.not-later": ({"status": "破解", "closed_on": NEXT}, "登记或破解日期晚于统计期最后一天。"),
    "development.due-order": ({"due_date": date(2023, 10, 15)}, "完成时限早于登记日期。"),
    "development.status-back": ({}, "状态由“破解”（2023-W41 报）退回“推进中”。", {"status": "破解", "closed_on": date(2023, 10, 12)}),
    "development.closed-changed": ({"status": "破解", "closed_on": TUE}, "破解日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                                   {"status": "破解", "closed_on": date(2023, 10, 12)}),
    "livelihood.closed-dated": ({"status": "已解决"}, "状态为已解决，没有解决日期。"),
    "livelihood.closed-status": ({"closed_on": TUE}, "填了解决日期，状态不是已解决。"),
    "livelihood.closed-order": ({**CLOSED, "closed_on": date(2023, 10, 15)}, "解决日期早于登记日期。"),
    "livelihood.not-later": ({**CLOSED, "closed_on": NEXT}, "登记或解决日期晚于统计期最后一天。"),
    "livelihood.due-order": ({"due_date": date(2023, 10, 15)}, "完成时限早于登记日期。"),
    "livelihood.status-back": ({"status": "登记"}, "状态由“延期”（2023-W41 报）退回“登记”。", {"status": "延期"}),
    "livelihood.closed-changed": (CLOSED, "解决日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                                  {**CLOSED, "closed_on": date(2023, 10, 12)}),
    "opinions.replied": ({"replied": 6}, "已反馈条数多于意见建议条数。"),
    "opinions.backlog": ({"backlog_close": 6}, "积案期末不等于期初加新增减化解。"),
    "opinions.backlog-filled": ({"backlog_new": None, "backlog_close": None}, "“信访”一行的积案四列没有填全。"),
    "opinions.backlog-opening": ({}, "积案期初 4，不等于 2023-W41 报的期末 5。", {}),
    "problems.closed-dated": ({"status": "已整改"}, "状态为已整改，没有完成日期。"),
    "problems.closed-status": ({"closed_on": TUE}, "填了完成日期，状态不是已整改。"),
    "problems.closed-order": ({"status": "已整改", "closed_on": date(2023, 10, 15)}, "完成日期早于登记日期。"),
    "problems.not-later": ({"status": "已整改", "closed_on": NEXT}, "登记或完成日期晚于统计期最后一天。"),
    "problems.due-order": ({"due_date": date(2023, 10, 15)}, "整改时限早于登记日期。"),
    "problems.status-back": ({}, "整改状态由“基本完成”（2023-W41 报）退回“整改中”。", {"status": "基本完成"}),
    "problems.closed-changed": ({"status": "已整改", "closed_on": TUE}, "完成日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                                {"status": "已整改", "closed_on": date(2023, 10, 12)}),
    "institutions.doc-no": ({"status": "已完成", "closed_on": TUE}, "制度已完成，没有文号。"),
    "institutions.closed-dated": ({"status": "已完成", "doc_no": "澜办发1号"}, "状态为已完成，没有完成日期。"),
    "institutions.closed-status": ({"closed_on": TUE}, "填了完成日期，状态不是已完成。"),
    "institutions.closed-order": ({"status": "已完成", "doc_no": "1", "closed_on": date(2023, 10, 15)}, "完成日期早于登记日期。"),
    "institutions.not-later": ({"status": "已完成", "doc_no": "1", "closed_on": NEXT}, "登记或完成日期晚于统计期最后一天。"),
    "institutions.due-order": ({"due_date": date(2023, 10, 15)}, "完成时限早于登记日期。"),
    "institutions.status-back": ({"status": "未启动"}, "状态由“推进中”（2023-W41 报）退回“未启动”。", {}),
    "institutions.closed-changed": ({"status": "已完成", "doc_no": "1", "closed_on": TUE},
                                    "完成日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                                    {"status": "已完成", "doc_no": "1", "closed_on": date(2023, 10, 12)}),
    "supervision.items": ({"items_done": 3}, "已办结事项数多于议定事项数。"),
    "supervision.visited": ({"visited": None}, "下沉督导没有填走访单位或覆盖党组织数。"),
    "supervision.team": ({"lead": "联络组"}, "联络组牵头的没有填联络组。"),
    "supervision.not-later": ({"held_on": NEXT}, "日期晚于统计期最后一天。"),
    "publications.adopted-dated": ({"adopted": 1}, "有采用条数，没有采用日期。"),
    "publications.adopted-sent": ({"adopted": 1, "adopted_on": TUE, "sent_up": False}, "没有报送省办，却有采用条数。"),
    "publications.consecutive": ([{}, {"issue_no": 4}, {"doc_type": "专报"}], "“简报”的期号从 1 到 4，只有 2 期，缺 2 期。"),
    "media.commentary": ({"genre": "系列评论"}, "系列评论应按篇计，转载的不再算系列评论。"),
    "media.not-later": ({"published_on": NEXT}, "日期晚于统计期最后一天。"),
    "notices.status": ({"status": "已发"}, "处置状态与类型不符。"),
    "notices.issue-no": ({"kind": "宣传提示", "status": "已发"}, "提示没有填期号。"),
    "notices.handled": ({"status": "已整改"}, "已整改或已处置，没有完成时间。"),
    "notices.handled-order": ({"status": "已整改", "handled_at": datetime(2023, 10, 17, 8)}, "完成时间早于发现时间。"),
    "notices.limit": ({"limit_hours": None}, "没有填时限。"),
    "notices.status-back": ({}, "处置状态由“已整改”（2023-W41 报）退回“整改中”。",
                            {"status": "已整改", "handled_at": datetime(2023, 10, 12, 9)}),
    "notices.closed-changed": ({"status": "已整改", "handled_at": datetime(2023, 10, 17, 10)},
                               "完成时间由 2023-10-12 09:00（2023-W41 报）改成 2023-10-17 10:00。",
                               {"status": "已整改", "handled_at": datetime(2023, 10, 12, 9)}),
    "reviews.reason": ({"decision": "退回", "due_on": SUN}, "退回的没有写原因。"),
    "reviews.due": ({"decision": "退回", "reason": "不聚焦"}, "退回的没有写重报时限。"),
    "reviews.decision": ({"decision": "采用"}, "审核意见与被审台账不符。"),
    "reviews.printed": ({"printed_in": "简报第9期"}, "没有采用，却填了刊用期号。"),
    "resolutions.closed-dated": ({"status": "已办结", "answer": "办了"}, "状态为已办结，没有办结日期。"),
    "resolutions.closed-status": ({"closed_on": TUE}, "填了办结日期，状态不是已办结。"),
    "resolutions.closed-order": ({"status": "已办结", "answer": "办了", "closed_on": date(2023, 10, 15)}, "办结日期早于提出日期。"),
    "resolutions.answered": ({"status": "已办结", "closed_on": TUE}, "已办结，没有写办理结果。"),
    "resolutions.due-order": ({"due_date": date(2023, 10, 15)}, "办理时限早于提出日期。"),
    "resolutions.status-back": ({"status": "待办"}, "状态由“办理中”（2023-W41 报）退回“待办”。", {}),
    "resolutions.closed-changed": ({"status": "已办结", "answer": "办了", "closed_on": TUE},
                                   "办结日期由 2023-10-12（2023-W41 报）改成 2023-10-17。",
                                   {"status": "已办结", "answer": "办了", "closed_on": date(2023, 10, 12)}),
    "contributions.length": ({"text": "太短"}, "正文不足40字。"),
    "contributions.not-later": ({"sent_on": NEXT}, "来稿日期晚于统计期最后一天。"),
    "samples.note": ({"result": "不实"}, "不实或部分核实的没有写说明。"),
    "samples.not-later": ({"checked_on": NEXT}, "核实日期晚于统计期最后一天。"),
    "register.span": ({"valid_to": date(2023, 10, 15)}, "失效日期早于生效日期。"),
    "register.level": ([{"code": "C01", "short_name": "县", "level": "县"}, {"parent": "C01"}], "层级“市”高于上级单位“县”的“县”。"),
    "bases.leaders": ({"leaders_county_up": 6}, "县处级以上领导数大于班子成员数。"),
    "groups.one-team": ([{}, {"team": "G2"}], "“D01”同时在 2 个小组。"),
    "tasks.order": ({"due_date": date(2023, 10, 15)}, "完成时限早于起始日期。"),
    "tasks.done": ({"status": "已完成"}, "状态为已完成，没有完成日期。"),
    "tasks.weights": ([{"weight": 60.0}, {"task_id": "RW-2", "weight": 41.5}, {"task_id": "RW-3", "weight": 7.0, "status": "已取消"}],
                      "没有取消的任务，权重合计 101.5，不是 100。"),
}
# What breaks these breaks another rule too.
ALSO = {"study.order"}


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return load(PARAMS)


@pytest.fixture(scope="module")
def store(definitions: Definitions, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """With the bases of one unit: a team of three."""
    import pyarrow as pa

    store = Store(tmp_path_factory.mktemp("store"), definitions.ledgers)
    columns = {n: pa.array([None], arrow_type(c.type)) for n, c in definitions.ledgers["bases"].typed.items()}
    day = pa.array([date(2023, 9, 1)], pa.date32())
    rows = pa.table({**columns, "unit": ["D01"], "row": pa.array([2], pa.int32()), "date": day, "base_date": day, "team_members": [3]})
    at = datetime(2023, 9, 1, 9)
    submission = Submission("bases", "", at.date(), "Z01", ("Z01",), False, "基数表", True, False, rows)
    import hashlib

    delivery = Delivery(hashlib.sha256(b"bases").hexdigest(), "bases.xlsx", 5, "Z01", at, "stored")
    with store.lock():
        store.receive([Received(delivery, b"bases", (submission,))], received_at=at)
    return store


@pytest.fixture(scope="module")
def contract(definitions: Definitions) -> Contract:
    register = Register(Unit(code, f"单位{code}", code, None if code == "root" else "root", org_type=kind, files=code != "root")
                        for code, kind in UNITS.items())
    return Contract(definitions, register)


def sheet(definitions: Definitions, ledger: str, rows: Sequence[Row], period: Period, nil: bool = False) -> Sheet:
    it, filer = definitions.ledgers[ledger], GOOD[ledger][0]
    names = list(it.typed)
    units: list[str | None] = [r.get("unit", r.get("code") if ledger == "register" else filer) for r in rows]
    return Sheet(it, it.title, f"{filer}.xlsx", filer, None if it.kind == "master" else period, nil, list(range(7, 7 + len(rows))),
                 {n: [r.get(n) for r in rows] for n in names}, units, {n: j for j, n in enumerate(names)}, 6)


def found(definitions: Definitions, contract: Contract, store: Store, *sheets: Sheet) -> list[Finding]:
    checked = check_sheets(sheets, contract, store, SUN)
    return [f for c in checked for f in c.sheet.findings if f.rule != "reference"]


def weeks(definitions: Definitions, ledger: str, change: Row | list[Row], before: Mapping[str, Any] | None) -> list[Sheet]:
    good = GOOD[ledger][1]
    changes = change if isinstance(change, list) else [change]
    period = changes[0].get("period", W42)
    rows = [{**good, **{k: v for k, v in c.items() if k != "period"}} for c in changes]
    sheets = [sheet(definitions, ledger, rows, period)]
    if before is not None:
        earlier = {k: date(2023, 10, 9) if v == MON else datetime(2023, 10, 9, 9) if v == datetime(2023, 10, 17, 9) else v
                   for k, v in good.items()}
        sheets.append(sheet(definitions, ledger, [{**earlier, **before}], W41))
        sheets[0] = sheet(definitions, ledger, [{**earlier, **c} for c in changes], period)
    return sheets


@pytest.mark.parametrize("ledger", GOOD)
def test_an_ordinary_row_breaks_nothing(definitions: Definitions, contract: Contract, store: Store, ledger: str) -> None:
    assert found(definitions, contract, store, sheet(definitions, ledger, [GOOD[ledger][1]], W42)) == []


@pytest.mark.parametrize("name", CASES)
def test_a_rule_says_so(definitions: Definitions, contract: Contract, store: Store, name: str) -> None:
    ledger, rule = name.split(".")
    change, message, *before = CASES[name]
    told = found(definitions, contract, store, *weeks(definitions, ledger, change, before[0] if before else None))
    rules = {r.id: r for r in definitions.ledgers[ledger].rules}
    mine = [f for f in told if f.rule == rule]
    assert [(f.message, f.remedy, f.severity, f.explain, f.column) for f in mine] == [
        (message, rules[rule].remedy, rules[rule].severity, rules[rule].explain, rules[rule].column)]
    if name not in ALSO:
        assert [f for f in told if f.rule in rules and f.rule != rule] == []


def test_a_problem_returned_and_yet_closed(definitions: Definitions, contract: Contract, store: Store) -> None:
    returned = {**GOOD["reviews"][1], "unit": "D01", "decision": "退回", "reason": "不聚焦", "due_on": SUN, "decided_on": TUE}
    closed = {**GOOD["problems"][1], "status": "已整改", "closed_on": SUN}
    reviews = sheet(definitions, "reviews", [returned], W42)
    told = found(definitions, contract, store, reviews, sheet(definitions, "problems", [closed], W42))
    assert [(f.rule, f.message, f.explain) for f in told] == [
        ("closed-returned", "这个问题 2023-10-17 被退回，还没有重报，状态却是已整改。", True)]
    again = sheet(definitions, "problems", [{**closed, "refiled_on": date(2023, 10, 18)}], W42)
    assert found(definitions, contract, store, reviews, again) == []


def test_the_opening_after_a_period_that_was_missed_may_differ(definitions: Definitions, contract: Contract, store: Store) -> None:
    good = GOOD["opinions"][1]
    weeks_ = [sheet(definitions, "opinions", [good], Period(p)) for p in ("2023-W40", "2023-W42")]
    assert found(definitions, contract, store, *weeks_) == []


@pytest.mark.parametrize(("ledger", "other", "message"), [
    ("livelihood", "development", "“名称”与本单位 2023-W42 报的“发展难题台账” NT-01 相同，像是同一件事。"),
    ("lectures", "T01", "“日期、主讲人编码”与“T01”2023-W42 报的第 7 行相同，像是同一件事。"),
    ("visits", "C01", "“日期、带队领导编码”与“C01”2023-W42 报的第 7 行相同，像是同一件事。"),
])
def test_what_should_be_filed_once(
    definitions: Definitions, contract: Contract, store: Store, ledger: str, other: str, message: str
) -> None:
    mine = sheet(definitions, ledger, [GOOD[ledger][1]], W42)
    if other in GOOD:
        first = sheet(definitions, other, [{**GOOD[other][1], "title": GOOD[ledger][1]["title"]}], W42)
    else:
        from dataclasses import replace

        first = replace(sheet(definitions, ledger, [GOOD[ledger][1]], W42), filer=other, units=[other])
    assert [(f.rule, f.message) for f in found(definitions, contract, store, first, mine)] == [("unlike", message)]


def test_every_rule_has_its_case(definitions: Definitions) -> None:
    rules = {f"{ledger.name}.{rule.id}" for ledger in definitions.ledgers.values() for rule in ledger.rules}
    assert rules - {"problems.closed-returned"} == set(CASES)
