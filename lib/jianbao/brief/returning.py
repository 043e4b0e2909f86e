"""Rows that the office sent back, for whoever must press for them (退回事项). Imports intake.decided, parts.

First those that did not bear a later check twice or more, then what is awaited past its day, then what is awaited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from jianbao.brief.parts import Column, Face, Run, Table
from jianbao.definitions.period import month_day
from jianbao.intake.decided import Standing, standings

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

AGAIN = 2       # failed so often, a row is listed for the leader


def pressing(brief: Brief) -> list[Standing]:
    """What of the unit and those below it failed twice or is awaited at the end of the period."""
    whole = brief.team is None and brief.unit.code == brief.workspace.definitions.campaign.root
    on = brief.period.ends
    found = standings(brief.workspace, on, brief.as_of, units=None if whole else brief.members)
    order = brief.workspace.register_at(brief.as_of).on(on).position
    return sorted((s for s in found if s.failures >= AGAIN or s.open),
                  key=lambda s: (-s.failures if s.failures >= AGAIN else 0, -s.overdue(on), order.get(s.unit, 0), s.key))


def show(brief: Brief, *, title: str, face: Face, limit: int) -> None:
    """See Ahead.returned."""
    found = pressing(brief)
    if not found:
        return
    labels = {u.code: u.label for u in brief.workspace.register_at(brief.as_of).units}
    ledgers = brief.workspace.definitions.ledgers
    rows = tuple((Run(labels.get(s.unit, s.unit)), Run(f"{ledgers[s.ledger].title} {s.key}"), Run(s.subject or "—"),
                  Run(f"{s.returns}次" + (f"，重报{s.refilings}次" if s.refilings else "") if s.returns else "—"),
                  Run(s.reason or "—"), Run(month_day(s.due) if s.due else "—"), _state(s, brief.period.ends), _checked(brief, s))
                 for s in found[:limit])
    columns = (Column("单位", width=2), Column("台账和编号", width=2.6), Column("内容", width=4), Column("退回", width=1.8),
               Column("最近一次原因", width=1.8), Column("重报时限", width=1.6), Column("现在", width=2), Column("复核", width=2.4))
    brief.show(Table(title, columns, rows, _notes(found, limit), face=face))


def _state(s: Standing, on: date) -> Run:
    late = s.overdue(on)
    return Run(f"未重报，逾期{late}天", tone="red") if late else Run("未重报") if s.open else Run(s.state)


def _checked(brief: Brief, s: Standing) -> Run:
    returns = brief.workspace.definitions.ledgers[s.ledger].returns
    if not s.failures or returns is None or s.failed_on is None:
        return Run("—")
    return Run(f"{returns.failed}{s.failures}次，最近{month_day(s.failed_on)}", tone="red" if s.failures >= AGAIN else "")


def _notes(found: Sequence[Standing], limit: int) -> tuple[str, ...]:
    again = sum(s.failures >= AGAIN for s in found)
    said = ([f"复核两次以上不合格的{again}项列在前面，请领导过问。"] if again else []) + (
        [f"另有{len(found) - limit}项未列。"] if len(found) > limit else [])
    return tuple(said)
