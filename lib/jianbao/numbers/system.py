"""The rows of the ledgers nobody files: filings, findings and changes of a period, and the days of the campaign. Imports
workspace, definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.definitions.workdays import is_worked
from jianbao.store.snapshot import SQL_TYPES

if TYPE_CHECKING:
    import pyarrow as pa

    from jianbao.store import Snapshot
    from jianbao.workspace import Workspace

_SHARED = {"unit": "varchar", "row": "integer", "date": "date", "period": "varchar", "submission": "bigint"}
_MORE = {"findings": {"file": "varchar", "sheet": "varchar"}}


def source(ledger: Ledger, period: Period) -> str:
    """The table `prepare` makes: one for all time of the calendar, one for each period of the others."""
    return f"system_{ledger.name}" if ledger.kind == "calendar" else f"{ledger.name}_{period.id.replace('-', '_')}"


def prepare(workspace: Workspace, snapshot: Snapshot, ledger: Ledger, period: Period, as_of: datetime, filing: Any) -> None:
    """Registers the table of a ledger as known at `as_of`; `filing` is Workspace.filing of the period, called when wanted."""
    rows: Iterable[Mapping[str, Any]]
    match ledger.name:
        case "calendar":
            rows = days(workspace)
        case "findings":
            rows = found(workspace, period, as_of)
        case "changes":
            rows = changed(workspace, period, as_of)
        case _:
            rows = filing().astype(object).to_dict("records")
    own = {name: SQL_TYPES[c.type] for name, c in ledger.columns.items()}
    said = {} if ledger.kind == "calendar" else {"date": period.ends, "period": period.id}
    columns = {**_SHARED, **_MORE.get(ledger.name, {}), **own}
    snapshot.connection.register(source(ledger, period), table([{**said, **r} for r in rows], columns))


def days(workspace: Workspace) -> list[dict[str, Any]]:
    """Every day of the campaign, of the office: day, worked, week (0 is the week the campaign starts in)."""
    campaign, work_days = workspace.definitions.campaign, workspace.definitions.calendar.work_days
    first = campaign.period_of(campaign.starts, "week").starts
    all_days = [campaign.starts + timedelta(days=n) for n in range((campaign.ends - campaign.starts).days + 1)]
    return [{"unit": campaign.office_code, "row": n, "date": day, "period": campaign.period_of(day).id, "day": day,
             "worked": is_worked(day, work_days), "week": (day - first).days // 7} for n, day in enumerate(all_days, 1)]


def found(workspace: Workspace, period: Period, as_of: datetime) -> list[dict[str, Any]]:
    """The findings of a period's filings that still count at `as_of`; those of a whole file are the root's."""
    root = workspace.definitions.campaign.root
    return [{"unit": f.unit or root, "row": f.row, "ledger": f.ledger, "rule": f.rule, "severity": f.severity,
             "message": f.message, "column": f.column, "value": f.value, "file": f.file, "sheet": f.sheet}
            for p in workspace.filing_periods(period) for f in workspace.store.findings(as_of=as_of, period=p.id)]


def changed(workspace: Workspace, period: Period, as_of: datetime) -> list[dict[str, Any]]:
    """The cells of earlier periods that changed while this one was the current one."""
    from jianbao.numbers import revisions

    return [{**r, "was": _text(r.get("was")), "is_": _text(r.get("is_"))}
            for r in revisions.changes(workspace, period, as_of)]


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pa.Table:
    """An Arrow table of `columns` (name → SQL type); what a row does not say is null."""
    import pyarrow as pa

    from jianbao.store.arrays import array

    types = {"varchar": pa.string(), "bigint": pa.int64(), "integer": pa.int32(), "double": pa.float64(),
             "date": pa.date32(), "timestamp": pa.timestamp("us"), "boolean": pa.bool_(), "varchar[]": pa.list_(pa.string())}
    return pa.table({n: array([_known(r.get(n)) for r in rows], types[t]) for n, t in columns.items()})


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
