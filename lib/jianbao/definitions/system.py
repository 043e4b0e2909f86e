"""The library's own ledgers: what the system knows of days, filings, findings and changes, and the sheets that correct rows filed before.
Plain data; imports ledger, correction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jianbao.definitions.correction import Amendment
from jianbao.definitions.ledger import Column, Ledger

FILINGS = Ledger(
    name="filings", code="S0", title="报送登记", kind="filings",
    columns={
        "ledger": Column(title="台账"), "ledger_title": Column(title="台账名称"),
        "filed": Column(title="已报", type="bool"), "on_time": Column(title="按时", type="bool"),
        "nil": Column(title="零报送", type="bool"), "returned": Column(title="退回未重报", type="bool"),
        "missed_before": Column(title="上期漏报", type="bool"), "rows": Column(title="行数", type="int"),
        "filed_before": Column(title="上期已报", type="bool"), "rows_before": Column(title="上期行数", type="int"),
        "returned_ever": Column(title="曾被退回", type="bool"),
    })
CALENDAR = Ledger(
    name="calendar", code="S1", title="日历", kind="calendar", date="day",
    columns={"day": Column(title="日期", type="date"), "worked": Column(title="工作日", type="bool"),
             "week": Column(title="第几周", type="int")})
FINDINGS = Ledger(
    name="findings", code="S2", title="核查结果", kind="filings",
    columns={"ledger": Column(title="台账"), "rule": Column(title="规则"),
             "severity": Column(title="程度", type="code", codes=("error", "warning")),
             "message": Column(title="说明"), "column": Column(title="列"), "value": Column(title="值")})
CHANGES = Ledger(
    name="changes", code="S3", title="修订登记", kind="filings",
    columns={"ledger": Column(title="台账"), "of_period": Column(title="原统计期"), "item": Column(title="事项"),
             "column": Column(title="列"), "was": Column(title="原值"), "is_": Column(title="现值"),
             "reason": Column(title="原因", type="code", codes=("late", "corrected", "reclassified"))})
# Filed by any unit at any time, about rows it filed before. Stored with names instead of titles, values as SQL casts them,
# and in `item` the row as JSON: what `match` says of a declared correction.
AMENDMENTS = Ledger(
    name="amendments", code="S5", title="更正单", kind="amendments", minutes=3, aliases=("数据更正单", "更正表"),
    note="一行改一格；改好的整张单子随报表一起报。原来的报表不用重报。",
    columns={
        "of_ledger": Column(title="台账", required=True, aliases=("台账名称", "原台账"), width=16, help="填台账名称，如下拉列表。"),
        "of_period": Column(title="原统计期", aliases=("原报统计期",), width=16,
                            help="台账没有编号的，填这一行是哪一期报的，如 2023-W42。"),
        "item": Column(title="条目", required=True, aliases=("编号", "条目编号", "行"), width=16,
                       help="填这一行的编号；台账没有编号的，填它在原表里的行号，如 7。"),
        "of_column": Column(title="列", required=True, aliases=("列名", "更正列"), width=14, help="填要改的一列的表头。"),
        "was": Column(title="原填", aliases=("原值", "原来填的"), width=16, help="现在填的是什么；空着的不填。"),
        "is_": Column(title="改为", aliases=("现值", "更正为"), width=16, help="应当是什么；要清空的不填。"),
        "reason": Column(title="理由", required=True, aliases=("更正理由", "原因"), width=30, max_length=200),
        "post": Column(title="说明人职务", required=True, aliases=("职务",), width=16, help="填职务或科室，不填姓名。", max_length=30)})
SYSTEM = {ledger.name: ledger for ledger in (FILINGS, CALENDAR, FINDINGS, CHANGES, AMENDMENTS)}


def amendment(row: Mapping[str, Any]) -> Amendment:
    """A stored row of 更正单 as the correction it is, from the moment it was received."""
    return Amendment(ledger=row["of_ledger"], unit=row["unit"], match=json.loads(row["item"]), set={row["of_column"]: row["is_"]},
                     expect={row["of_column"]: row["was"]}, reason=row["reason"], who=row["post"], on=row["received"])
