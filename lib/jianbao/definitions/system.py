"""The ledgers nobody files: what the system itself knows of days, filings, findings and changes. Plain data; imports ledger."""

from __future__ import annotations

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
SYSTEM = {ledger.name: ledger for ledger in (FILINGS, CALENDAR, FINDINGS, CHANGES)}
