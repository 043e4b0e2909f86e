"""What is wrong with the sheets of a batch, and which of them are accepted. Imports the kinds of checks, past, contract.

Cells were checked while they were read; here are the checks that need more than a cell: the row, the sheet, the register,
the store and the rest of the batch. The outcome does not depend on the order of the files: first it is settled which sheets
are accepted, then all are held against what was filed before and what the batch brings, and that only warns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.intake.contract import Contract
from jianbao.intake.decided import unmarked
from jianbao.intake.history import swings
from jianbao.intake.likeness import refiled, unlikes
from jianbao.intake.masks import batch_table, broken, broken_since
from jianbao.intake.past import AT, ENDS, SHEET, STARTS, Group, Past
from jianbao.intake.plausible import implausible
from jianbao.intake.references import dangling
from jianbao.intake.sheet import Sheet
from jianbao.intake.sums import broken_so_far, broken_sums
from jianbao.store import Store
from jianbao.store.arrays import array

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_KEYS = 5


@dataclass(frozen=True)
class Checked:
    """One sheet with everything found in it. `rows` is None for a nil return."""

    sheet: Sheet
    units: tuple[str, ...]
    accepted: bool
    rows: pa.Table | None


def is_filed(sheet: Sheet) -> bool:
    """An empty sheet without the 零报送 tick says nothing: not filed."""
    return bool(sheet.rows) or sheet.nil


def check_sheets(sheets: Sequence[Sheet], contract: Contract, store: Store, on: date) -> list[Checked]:
    """Each of `sheets` checked, in their order. `on` is the day that stands for a master workbook's period."""
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute("set threads = 2")
    batch = _Batch(sheets, contract, store, on, connection)
    batch.check_filing()
    for ledger, numbers in batch.by_ledger.items():
        batch.check_rows(contract.definitions.ledgers[ledger], numbers)
    accepted = {n for n in range(len(sheets)) if batch.accepted(n)}
    for n, finding in dangling(sheets, accepted, contract.definitions.ledgers, store, connection):
        batch.found[n].append(finding)
    for n, finding in unmarked(sheets, store):
        batch.found[n].append(finding)
    batch.check_past()
    return batch.result()


class _Batch:
    def __init__(self, sheets: Sequence[Sheet], contract: Contract, store: Store, on: date, connection: Any) -> None:
        self.sheets, self.contract, self.store, self.connection = sheets, contract, store, connection
        self.ends = [s.period.ends if s.period else on for s in sheets]
        self.found: list[list[Finding]] = [list(s.findings) for s in sheets]
        self.tables: list[Any] = [None] * len(sheets)
        self.units: list[tuple[str, ...]] = [()] * len(sheets)
        self.by_ledger: dict[str, list[int]] = {}
        for n, s in enumerate(sheets):
            self.by_ledger.setdefault(s.ledger.name, []).append(n)
        self._covered: dict[tuple[str, str], dict[str, int]] = {}
        self.groups: dict[str, Group] = {}
        self.past = Past(store, connection, {})

    def result(self) -> list[Checked]:
        return [
            Checked(
                s.adding(list(s.bounded(self.found[n][len(s.findings) :]))),
                self.units[n],
                self.accepted(n),
                self.tables[n] if s.rows else None,
            )
            for n, s in enumerate(self.sheets)
        ]

    def accepted(self, n: int) -> bool:
        return not any(f.severity == "error" for f in self.found[n])

    def covered(self, ledger: str, period: str) -> dict[str, int]:
        """unit → rows now, of the submissions that one of this ledger and period would replace."""
        key = ledger, period
        if key not in self._covered:
            self._covered[key] = self.store.covered(ledger, period)
        return self._covered[key]

    # One sheet and the register

    def check_filing(self) -> None:
        office = self.contract.definitions.campaign.office_code
        for n, sheet in enumerate(self.sheets):
            ledger, filer, found = sheet.ledger, sheet.filer, self.found[n]
            if sheet.period is None:
                self.units[n] = tuple(dict.fromkeys(u for u in sheet.units if u))
                continue
            if ledger.kind == "amendments":  # held against the store line by line before
                self.units[n] = tuple(sorted({u for u in sheet.units if u})) or (filer,)
                continue
            mine = self.contract.covers(ledger, filer, self.ends[n])
            published = ledger.filing == "source"
            about_others = ledger.by_office or published or filer == office
            said = {u for u in sheet.units if u is not None}
            source = self.contract.source(ledger, self.ends[n]) if published else ""
            if not mine and not (about_others and filer in (office, source)):
                found.append(
                    sheet.finding(
                        "error",
                        "entitled",
                        *self._why_not(ledger, filer, n),
                    )
                )
            elif not about_others:
                found += self._not_mine(n, said - set(mine))
            elif published and ledger.date:
                found += self._not_there(n, sheet.values[ledger.date])
            else:
                found += self._not_mine(n, {u for u in said if u not in self.contract.units(self.ends[n]).tree})
            before = self.covered(ledger.name, sheet.period.id)
            whole = set(before) if ledger.by_office or published else set()
            self.units[n] = tuple(sorted({*mine, *said, *whole})) or (filer,)
            if sheet.nil and sheet.rows:
                found.append(
                    sheet.finding("error", "nil", f"选了零报送，又填了 {len(sheet.rows)} 行。", "有内容的请清空“零报送”。")
                )
            self._check_shrink(n, before)

    def _not_there(self, n: int, days: Sequence[date | datetime | None]) -> Iterable[Finding]:
        """A published table may speak of units that ended before its last day: each row is held against its own."""
        sheet = self.sheets[n]
        for at, (unit, said) in enumerate(zip(sheet.units, days, strict=True)):
            day = said.date() if isinstance(said, datetime) else said or self.ends[n]
            if unit is not None and unit not in self.contract.register.on(day):
                yield sheet.finding(
                    "error",
                    "unit",
                    f"“{unit}”在 {day} 不是有效单位。",
                    "请核对单位和日期；单位的起止以名册为准。",
                    at=at,
                    column="unit",
                    value=unit,
                )

    def _not_mine(self, n: int, units: set[str]) -> Iterable[Finding]:
        sheet, tree = self.sheets[n], self.contract.units(self.ends[n]).tree
        for at, unit in enumerate(sheet.units if units else ()):
            if unit not in units:
                continue
            if unit not in tree:
                yield sheet.finding(
                    "error",
                    "unit",
                    *self.contract.ended(unit, self.ends[n]),
                    at=at,
                    column="unit",
                    value=unit,
                )
            else:
                yield sheet.finding(
                    "error",
                    "entitled",
                    f"“{self._label(unit, n)}”的“{sheet.ledger.title}”不由“{self._label(sheet.filer, n)}”代报。",
                    "请删去这一行，或核对单位。",
                    at=at,
                    column="unit",
                    value=unit,
                )

    def _why_not(self, ledger: Ledger, filer: str, n: int) -> tuple[str, str]:
        if self.contract.register.merged(filer, self.ends[n]):
            return self.contract.ended(filer, self.ends[n])
        return f"“{ledger.title}”不由“{self._label(filer, n)}”报送。", "请核对填报单位；只报下发给本单位的台账。"

    def _label(self, code: str, n: int) -> str:
        tree = self.contract.units(self.ends[n]).tree
        return tree[code].label if code in tree else code

    def _check_shrink(self, n: int, before: dict[str, int]) -> None:
        sheet = self.sheets[n]
        old, new = sum(before.get(u, 0) for u in self.units[n]), len(sheet.rows)
        share = self.contract.definitions.campaign.thresholds.refile_shrink
        if old >= 2 and new < old * share:
            self.found[n].append(
                sheet.finding(
                    "warning",
                    "shrink",
                    f"重报只有 {new} 行，原来有 {old} 行。",
                    "重报的表会整张替换原来的；如果漏了，请补齐后再报。",
                )
            )

    # Rows

    def check_rows(self, ledger: Ledger, numbers: list[int]) -> None:
        sheets = [self.sheets[n] for n in numbers]
        campaign, ends = self.contract.definitions.campaign, [self.ends[n] for n in numbers]
        table = batch_table(ledger, sheets, ends)
        group = Group(ledger, numbers, sheets, ends, [self.units[n] for n in numbers], table, frozenset())
        self.groups[ledger.name] = group
        self._add(group, broken(group, campaign, self.past))
        self._add(group, broken_sums(group, campaign, self.past))
        if ledger.kind != "master" and ledger.key and self.store.files(ledger.name):
            self._check_keys(ledger, numbers, table)
        plain = table.drop_columns([SHEET, STARTS, ENDS, AT])
        start = 0
        for n, sheet in zip(numbers, sheets, strict=True):
            self.tables[n] = plain.slice(start, len(sheet.rows))
            start += len(sheet.rows)

    def _add(self, group: Group, found: Iterable[tuple[int, Finding]]) -> None:
        for which, finding in found:
            self.found[group.numbers[which]].append(finding)

    def check_past(self) -> None:
        """What was filed before, and what else the batch brings, beside each row and sheet. Warnings only."""
        groups = {
            name: replace(g, accepted=frozenset(i for i, n in enumerate(g.numbers) if self.accepted(n)))
            for name, g in self.groups.items()
        }
        past, campaign = Past(self.store, self.connection, groups), self.contract.definitions.campaign
        for group in groups.values():
            if group.ledger.kind not in ("event", "state", "snapshot"):
                continue
            self._add(group, broken_since(group, campaign, past))
            self._add(group, broken_so_far(group, campaign, past))
            self._add(group, swings(group, campaign, past))
            self._add(group, refiled(group, campaign, past))
            self._add(group, unlikes(group, campaign, past, self._label))
            self._add(group, implausible(group, campaign, past, self._label))

    def _check_keys(self, ledger: Ledger, numbers: list[int], table: pa.Table) -> None:
        """Keys against the store: an event filed again in another period; an item gone from a whole list."""
        import pyarrow as pa

        rolling = ledger.filing == "rolling"
        if (not rolling and ledger.by_key) or ledger.kind == "snapshot":
            return
        keys = ", ".join(f'k."{k}"' for k in ledger.key)
        same = " and ".join(f'b."{k}" = k."{k}"' for k in ("unit", *ledger.key))
        self.connection.register("known", self.store.keys(ledger.name, [*ledger.key, "period", "filed"]))
        self.connection.register("batch", table)
        if rolling:
            covers = [(i, u) for i, n in enumerate(numbers) for u in self.units[n]]
            self.connection.register(
                "covers",
                pa.table(
                    {
                        "i": array([i for i, _ in covers], pa.int64()),
                        "unit": array([u for _, u in covers], pa.string()),
                        "ends": array([self.ends[numbers[i]] for i, _ in covers], pa.date32()),
                    }
                ),
            )
            match = "true" if ledger.by_office else "c.unit = k.unit"
            rows = self.connection.execute(
                f"select distinct c.i, {keys} from known k join covers c on {match} and k.filed <= c.ends where not exists "
                f'(select 1 from batch b where b."{SHEET}" = c.i and {same}) order by all'
            ).fetchall()
            gone: dict[int, list[str]] = {}
            for i, *key in rows:
                gone.setdefault(i, []).append("·".join(str(k) for k in key))
            for i, names in gone.items():
                sheet = self.sheets[numbers[i]]
                listed = "、".join(names[:SHOWN_KEYS]) + ("等" if len(names) > SHOWN_KEYS else "")
                self.found[numbers[i]].append(
                    sheet.finding(
                        "warning",
                        "vanished",
                        f"以前报过、这次全表里没有的有 {len(names)} 项：{listed}。",
                        "漏了的请补上；确应删去的告知办公室，此前仍按原来的计。",
                        value=listed,
                    )
                )
        else:
            rows = self.connection.execute(
                f'select b."{SHEET}", b.row, min(k.period) from batch b join known k on {same} '
                f'where k.filed <> b."{ENDS}" group by all order by all'
            ).fetchall()
            places = {i: {row: at for at, row in enumerate(self.sheets[numbers[i]].rows)} for i in {i for i, *_ in rows}}
            for i, row, period in rows:
                sheet = self.sheets[numbers[i]]
                self.found[numbers[i]].append(
                    sheet.finding(
                        "error",
                        "key-filed",
                        f"这一项在 {period} 已经报过。",
                        "一件事只报一次；要更正的，重报原来那一期的表。",
                        at=places[i][row],
                        column=ledger.key[-1],
                    )
                )
        for name in ("known", "batch"):
            self.connection.unregister(name)
