"""A folder opened: definitions, master data and store, loaded once. Imports store, definitions, errors."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jianbao.definitions.ledger import Ledger
from jianbao.definitions.load import Definitions, load
from jianbao.definitions.period import Period, parse_period, periods_between
from jianbao.definitions.register import Register, Team, Tree, Unit
from jianbao.errors import DefinitionError, JianbaoError, UnknownName
from jianbao.store import Snapshot, Store
from jianbao.store.filed import COLUMNS, beside, filed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Due:
    """Who must file what: `filer` files `ledger` for `unit`."""

    unit: Unit
    ledger: Ledger
    filer: str


class Workspace:
    """One campaign's folder: params/, notebooks/, data/."""

    def __init__(self, root: Path, *, today: date | None = None) -> None:
        self.root = root
        self._today = today
        self._registers: dict[Any, Register] = {}
        self._snapshots: dict[Any, Snapshot] = {}
        self._cut_offs: dict[Period, datetime] = {}
        self._masters: dict[tuple[str, Any], pa.Table | None] = {}
        self._filed: dict[tuple[str, datetime], list[dict[str, Any]]] = {}

    @cached_property
    def definitions(self) -> Definitions:
        return load(self.root / "params")

    @cached_property
    def store(self) -> Store:
        return Store(self.path("store"), self.definitions.ledgers, self.definitions.corrections)

    def path(self, *names: str) -> Path:
        """A path below data/."""
        return self.root.joinpath("data", *names)

    # Time

    @property
    def now(self) -> datetime:
        """The campaign's local time, without zone; JIANBAO_NOW (ISO) stands in for the clock."""
        if said := os.environ.get("JIANBAO_NOW"):
            return datetime.fromisoformat(said)
        return datetime.now(ZoneInfo(self.definitions.campaign.timezone)).replace(tzinfo=None, microsecond=0)

    @property
    def today(self) -> date:
        return self._today or self.now.date()

    def period(self, text: str | Period | None = None) -> Period:
        """A period as people write it; None: the last closed one, not past the campaign's own."""
        campaign = self.definitions.campaign
        if isinstance(text, Period):
            return text
        if text:
            period = parse_period(text, today=self.today, kind=campaign.period, week_start=campaign.week_start,
                                  campaign_starts=campaign.starts, campaign_ends=campaign.ends)
            if period.ends < campaign.starts or period.starts > campaign.ends:
                raise UnknownName(f"{text}: {period.id} ({period.starts}…{period.ends}) lies outside the campaign, "
                                  f"which runs {campaign.starts}…{campaign.ends}.")
            return period
        last = campaign.period_of(self.today)
        if self.cut_off(last) > self.now:
            last = last.previous()
        if last.starts > campaign.ends:
            filed = self.last_filed_period()
            return filed or campaign.period_of(campaign.ends)
        return last

    def open_period(self) -> Period:
        """The filing period of today, or the campaign's first or last one: what templates are for."""
        campaign = self.definitions.campaign
        return campaign.period_of(min(max(self.today, campaign.starts), campaign.ends))

    def collecting(self, day: date) -> Period:
        """The filing period whose filings come in on `day`: the earliest whose cut-off is not over when the day begins."""
        campaign = self.definitions.campaign
        period = campaign.period_of(min(max(day, campaign.starts), campaign.ends))
        while period.previous().ends >= campaign.starts and self.cut_off(period.previous()).date() >= day:
            period = period.previous()
        return period

    def has_filings(self, period: Period, as_of: datetime) -> bool:
        """Whether anything was accepted for a period, or for one inside it, by `as_of`."""
        from sqlalchemy import exists, select

        from jianbao.store.catalogue import coverage as t

        query = select(exists().where(t.c.accepted, t.c.period != "", t.c.received_at <= as_of,
                                      t.c.period_ends >= period.starts, t.c.period_ends <= period.ends))
        with self.store.engine.connect() as c:
            return bool(c.execute(query).scalar())

    def last_filed_period(self) -> Period | None:
        """The last period anybody filed for."""
        from sqlalchemy import func, select

        from jianbao.store.catalogue import coverage as t

        with self.store.engine.connect() as c:
            ends = c.execute(select(func.max(t.c.period_ends)).where(t.c.accepted, t.c.period != "")).scalar()
        return self.definitions.campaign.period_of(ends) if ends else None

    def cut_off(self, period: Period) -> datetime:
        """Received by then is on time. A period longer than the filing period waits for the one its last day lies in."""
        if period not in self._cut_offs:
            last = self.definitions.campaign.period_of(period.ends)
            self._cut_offs[period] = self.definitions.calendar.cut_off.after(last if last.days < period.days else period)
        return self._cut_offs[period]

    def as_of(self, text: str | datetime | None = None) -> datetime:
        """A data version: ISO time, or latest or empty for the last receive. Raises UnknownName for anything else."""
        if isinstance(text, datetime):
            return text
        if text and text != "latest":
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                raise UnknownName(f"no data version {text!r}. Write a time such as 2023-10-23T12:00, "
                                  "or latest for the last receive.") from None
            return at.replace(tzinfo=None) if at.tzinfo is None else at.astimezone(
                ZoneInfo(self.definitions.campaign.timezone)).replace(tzinfo=None)
        version = self.store.version()
        if version is None:
            raise JianbaoError(f"nothing has been received into {self.path('store')}. "
                               "Put workbooks into data/inbox and run: jianbao receive")
        declared = (c.on for c in self.definitions.corrections if c.on <= self.now)
        return max([version.as_of, *declared])      # what was declared since is known too

    def periods(self, last: Period) -> list[Period]:
        """The campaign's filing periods from its start to `last`."""
        c = self.definitions.campaign
        return periods_between(c.starts, last.ends, c.period, c.week_start)

    # Master data

    def snapshot(self, as_of: datetime | None = None) -> Snapshot:
        return self.store.snapshot(as_of)

    @cached_property
    def register(self) -> Register:
        """The register as last received. Raises DefinitionError when none was."""
        return self.register_at(None)

    def register_at(self, as_of: datetime | None) -> Register:
        if as_of not in self._registers:
            rows = self.master_rows("register", as_of)
            if rows is None:
                raise DefinitionError(f"the store has no register yet. Put the register's workbook into "
                                      f"{self.path('master')} and run: jianbao receive")
            self._registers[as_of] = Register(unit_from(row) for row in rows)
        return self._registers[as_of]

    def refresh(self) -> None:
        """Forget what was read before: more was received."""
        self._registers.clear()
        self._masters.clear()
        self._snapshots.clear()
        self._filed.clear()
        self.__dict__.pop("register", None)

    def master_rows(self, name: str, as_of: datetime | None = None) -> list[dict[str, Any]] | None:
        """A master workbook's rows; None when it was never received."""
        table = self.master_table(name, as_of)
        return None if table is None else table.to_pylist()

    def master_table(self, name: str, as_of: datetime | None = None) -> pa.Table | None:
        """The same as one Arrow table, read once."""
        if name not in self.definitions.ledgers:
            return None
        if (name, as_of) not in self._masters:
            if as_of not in self._snapshots:
                self._snapshots[as_of] = self.store.snapshot(as_of)
            self._masters[name, as_of] = self._snapshots[as_of].master(name)
        return self._masters[name, as_of]

    def teams(self, on: date, as_of: datetime | None = None) -> dict[str, dict[str, str]]:
        """unit → its liaison group on that day: district, district_name, team, team_name."""
        rows = self.master_rows("groups", as_of) or []
        return {r["unit"]: {k: r.get(k) or "" for k in ("district", "district_name", "team", "team_name")}
                for r in rows if _valid(r, on)}

    def team_list(self, on: date, as_of: datetime | None = None) -> list[Team]:
        """The liaison groups of a day by code, each with its units in the order of the tree."""
        order = self.register_at(as_of).on(on).position
        found: dict[str, tuple[dict[str, str], list[str]]] = {}
        for unit, team in self.teams(on, as_of).items():
            if unit in order:
                found.setdefault(team["team"], (team, []))[1].append(unit)
        return [Team(code, team["team_name"] or code, team["district_name"], tuple(sorted(units, key=order.__getitem__)))
                for code, (team, units) in sorted(found.items())]

    # Filing

    def due(self, period: Period, as_of: datetime | None = None) -> list[Due]:
        """Who must file what for `period`, by filer, then ledger code.

        Weekly ledgers each time; monthly ones when a month ends within the period; `once` until it was accepted.
        """
        campaign, filed = self.definitions.campaign, self.definitions.filed_ledgers
        tree = self.register_at(as_of).on(period.ends)
        done = self._filed_before(period, [x.name for x in filed.values() if x.frequency == "once"], as_of)
        result = []
        for ledger in filed.values():
            if ledger.filing == "source" or (ledger.frequency == "monthly" and not _month_ends_in(period)):
                continue
            for unit in self._filing_units(tree, ledger):
                if ledger.frequency == "once" and unit.code in done.get(ledger.name, ()):
                    continue
                result.append(Due(unit, ledger, campaign.office_code if ledger.by_office else unit.filed_by))
        return sorted(result, key=lambda d: (d.filer, d.ledger.code, d.unit.code))

    def _filing_units(self, tree: Tree, ledger: Ledger) -> Iterable[Unit]:
        office = self.definitions.campaign.office_code
        if ledger.by_office:
            return [tree[office]] if office in tree else []
        return [u for u in tree.order if u.files and u.org_type in ledger.filed_by]

    def _filed_before(self, period: Period, ledgers: list[str], as_of: datetime | None) -> dict[str, set[str]]:
        from sqlalchemy import select

        from jianbao.store.catalogue import coverage as t

        at = as_of or datetime.max      # what was replaced by then no longer answers
        query = select(t.c.ledger, t.c.unit).where(
            t.c.ledger.in_(ledgers), t.c.accepted, t.c.rows > 0, t.c.period_ends < period.starts, t.c.received_at <= at,
            t.c.superseded_at.is_(None) | (t.c.superseded_at > at))
        done: dict[str, set[str]] = {}
        with self.store.engine.connect() as c:
            for ledger, unit in c.execute(query):
                done.setdefault(ledger, set()).add(unit)
        for units in done.values():     # what all had answered that were merged into a unit, it is not asked again
            units |= {u for u, merged in self.register_at(as_of).predecessors(period.ends).items() if units.issuperset(merged)}
        return done

    def filing(self, period: Period, as_of: datetime | None = None) -> pd.DataFrame:
        """One row per unit and ledger due: unit, ledger, ledger_title, filer, filed, on_time, nil, late, returned,
        received_at, rows, missed_before, filed_before, rows_before, returned_ever.

        `returned` was sent back and nothing accepted came since: 应报 = 实报 + 退回未重报 + 未报. `rows` is None unless
        filed; what stands `_before` is of the filing period before.
        """
        import pandas as pd

        now: list[dict[str, Any]] = []
        for part in self.filing_periods(period):
            before = part.previous()
            then = self.filed(before, as_of) if before.ends >= self.definitions.campaign.starts else []
            now += beside(self.filed(part, as_of), then)
        return pd.DataFrame(now, columns=list(COLUMNS))

    def filing_periods(self, period: Period) -> list[Period]:
        """The filing periods that end in a period, or itself when it is too short for one."""
        campaign = self.definitions.campaign
        parts = periods_between(period.starts, period.ends, campaign.period, campaign.week_start)
        return [p for p in parts if p.ends <= period.ends] or [period]

    def filed(self, period: Period, as_of: datetime | None) -> list[dict[str, Any]]:
        """The same for one filing period as plain rows, without what was before. Remembered for an `as_of`."""
        if as_of is not None and (period.id, as_of) in self._filed:
            return self._filed[period.id, as_of]
        due = [{"unit": d.unit.code, "ledger": d.ledger.name, "ledger_title": d.ledger.title, "filer": d.filer}
               for d in self.due(period, as_of)]
        known: Any = self.store.filings(as_of, periods=[period.id]).to_dict("records")
        rows = filed(due, known, self.cut_off(period))
        if as_of is not None:
            self._filed[period.id, as_of] = rows
        return rows


def open_workspace(path: Path | str | None = None) -> Workspace:
    """The workspace at `path`, or JIANBAO_WORKSPACE, or the nearest folder upward that holds params/campaign.yml."""
    if path is None:
        path = os.environ.get("JIANBAO_WORKSPACE") or None
    start = Path(path) if path else Path.cwd()
    for folder in (start.resolve(), *([] if path else start.resolve().parents)):
        if (folder / "params" / "campaign.yml").exists():
            return Workspace(folder)
    where = f"{start} is" if path else f"neither {start} nor a folder above it is"
    raise JianbaoError(f"{where} a workspace (a folder with params/campaign.yml). Go into one, set JIANBAO_WORKSPACE, "
                       "or make one: jianbao new DIR")


def unit_from(row: dict[str, Any]) -> Unit:
    """A row of the register ledger as a unit."""
    known = ("code", "name", "short_name", "parent", "level", "org_type", "valid_from", "valid_to", "aliases", "filer",
             "files", "merged_into", "unit", "row", "date", "period", "filed", "received", "submission")
    return Unit(code=row["code"], name=row["name"], short_name=row["short_name"] or "", parent=row["parent"] or None,
                level=row["level"] or "", org_type=row["org_type"] or "", valid_from=row["valid_from"] or date.min,
                valid_to=row["valid_to"], aliases=tuple(row["aliases"] or ()), filer=row["filer"] or "",
                files=row["files"] is not False, merged_into=row.get("merged_into") or "",
                attributes={k: v for k, v in row.items() if k not in known})


def _valid(row: dict[str, Any], on: date) -> bool:
    return (row.get("valid_from") or date.min) <= on and (row.get("valid_to") is None or on <= row["valid_to"])


def _month_ends_in(period: Period) -> bool:
    return any((period.starts + timedelta(days=n + 1)).day == 1 for n in range(period.days))
