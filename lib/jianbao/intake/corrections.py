"""Which row a correction means, whether the row may say what it should, and which corrections are open. Imports masks, sheet,
cells, workspace, store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from jianbao.definitions.expressions import literal
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.intake.cells import parse_column, squash
from jianbao.intake.contract import Contract
from jianbao.intake.masks import batch_table, broken
from jianbao.intake.past import Group, Past
from jianbao.intake.sheet import Sheet
from jianbao.store import Snapshot
from jianbao.store.corrected import Standing
from jianbao.workspace import Workspace

Row = Mapping[str, Any]
NOTHING = "空"


@dataclass(frozen=True)
class Target:
    """A row that counts now, and how a correction names it: `match`, and what else it says that tells it from others."""

    ledger: Ledger
    row: Row
    match: Mapping[str, Any]
    says: Mapping[str, Any]

    @property
    def item(self) -> str:
        return item(self.ledger, self.row)


class Rows:
    """The rows that count at a moment, asked for by unit and read once."""

    def __init__(self, workspace: Workspace, as_of: datetime) -> None:
        self.workspace, self.as_of = workspace, as_of
        self._read: dict[tuple[str, str], list[Row]] = {}

    @cached_property
    def snapshot(self) -> Snapshot:
        return self.workspace.snapshot(self.as_of)

    def of(self, ledger: Ledger, unit: str) -> list[Row]:
        """A unit's rows, what was filed last first."""
        key = ledger.name, unit
        if key not in self._read:
            self._read[key] = self.snapshot.connection.sql(
                f"select r.* from {self.snapshot.source(ledger.name)} r where r.unit = {literal(unit)} "
                "order by r.filed desc, r.received desc, r.submission desc, r.row").to_arrow_table().to_pylist()
        return self._read[key]

    def find(self, ledger: Ledger, unit: str, said: str, period: str | None) -> list[Target]:
        """The rows that `said` names: by key, or by the row's number where the ledger has no key. Several only where they are
        several things; of the versions of one thing the last."""
        wanted = squash(said).upper()
        rows = [r for r in self.of(ledger, unit) if period in (None, r["period"])]
        if not ledger.key:
            wanted = wanted.removeprefix("第").removesuffix("行")
            return [_target(ledger, r, by_row=True) for r in rows if str(r["row"]) == wanted]
        found = [r for r in rows if squash(item(ledger, r)).upper() == wanted]
        return [_target(ledger, r) for r in (found[:1] if ledger.by_key else found)]

    def items(self, ledger: Ledger, unit: str) -> list[str]:
        return list(dict.fromkeys(item(ledger, r) for r in self.of(ledger, unit)))


def item(ledger: Ledger, row: Row) -> str:
    """What a row is called: its key, or its number in the sheet."""
    return "、".join(shown(row[k]) for k in ledger.key) if ledger.key else f"第{row['row']}行"


def shown(value: Any) -> str:
    """A ledger value as a correction prints it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or NOTHING
    return NOTHING if value is None or value == "" else str(value)


def plain(value: Any) -> Any:
    """A ledger value as a definition says it: numbers and text; days as 2023-10-08, lists as [a, b]."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else value


def same(a: Any, b: Any) -> bool:
    return shown(a) == shown(b)


def _target(ledger: Ledger, row: Row, *, by_row: bool = False) -> Target:
    if by_row:
        said = {n: plain(row[n]) for n, c in ledger.typed.items() if c.required and c.type != "list" and row[n] is not None}
        return Target(ledger, row, {"period": row["period"], "row": row["row"]}, said)
    match = {k: plain(row[k]) for k in ledger.key}
    return Target(ledger, row, match if ledger.by_key else {"period": row["period"], **match}, {})


def broken_by(workspace: Workspace, target: Target, changes: Mapping[str, Any]) -> list[Finding]:
    """What the ledger's rules say of the row with the changes that they did not say of it before; also a required cell emptied."""
    import duckdb

    ledger, start = target.ledger, workspace.definitions.campaign.week_start
    period = Period(target.row["period"], start)
    found: list[set[Finding]] = []
    for row in (target.row, {**target.row, **changes}):
        values = {n: [row[n]] for n in ledger.typed}
        sheet = Sheet(ledger, "", "", row["unit"], period, False, [row["row"]], values, [row["unit"]],
                      {n: j for j, n in enumerate(ledger.typed)}, 1)
        table = batch_table(ledger, [sheet], [period.ends])
        group = Group(ledger, [0], [sheet], [period.ends], [(row["unit"],)], table, frozenset())
        past = Past(workspace.store, duckdb.connect(":memory:"), {ledger.name: group})
        said = {f for _, f in broken(group, workspace.definitions.campaign, past)}
        said |= {sheet.finding("error", "required", f"“{c.title}”必填，不能清空。", "填上应有的数。", at=0, column=n)
                 for n, c in ledger.typed.items() if c.required and row[n] is None}
        found.append(said)
    was = {(f.rule, f.column) for f in found[0]}
    return sorted((f for f in found[1] if f.severity == "error" and (f.rule, f.column) not in was), key=lambda f: (f.column, f.rule))


def value_of(contract: Contract, ledger: Ledger, name: str, said: Any, period: Period) -> Any:
    """A cell of a column as its filer writes it, as the value it is. Raises BadCell."""
    parse, memo = contract.how(ledger, period, period.ends)(name)
    values, bad = parse_column([said], ledger.columns[name].type, parse, memo)[:2]
    for e in bad.values():
        raise e
    return values[0]


# Which are open

def changed(standing: Standing, ledger: Ledger) -> str:
    """天数 12 → 1.2; 删去一行."""
    c = standing.correction
    if c.withdraw:
        return f"删去 {len(standing.edits) or standing.found} 行"
    before = standing.edits[0].before if standing.edits else {}
    return "、".join(f"{ledger.columns[n].title} {shown(before.get(n, c.expect.get(n)))} → {shown(value)}" for n, value in c.set.items())


def about(standing: Standing, ledger: Ledger) -> str:
    """集中学习台账 第7行（2023-W42）."""
    c = standing.correction
    if c.where:
        return f"{ledger.title} {len(standing.edits) or standing.found} 行"
    if standing.edits:
        row = standing.edits[0].before
        return f"{ledger.title} {item(ledger, row)}" + ("" if ledger.by_key else f"（{row['period']}）")
    said = [f"第{v}行" if k == "row" else str(v) for k, v in c.match.items() if k != "period"]
    return f"{ledger.title} {'、'.join(said)}" + (f"（{c.match['period']}）" if "period" in c.match else "")


def standings(workspace: Workspace, as_of: datetime | None = None) -> list[Standing]:
    """What became of every correction known at `as_of`, oldest first; none before anything was received."""
    if workspace.store.version() is None:
        return []
    return workspace.snapshot(workspace.as_of(as_of)).standings()


def findings(workspace: Workspace, as_of: datetime | None = None, *, ends: date | None = None) -> list[Finding]:
    """A warning for each correction that still waits for a paper, and for each that was not applied. `ends`: only those of rows
    filed for a period that ended by then."""
    found = []
    for s in standings(workspace, as_of):
        c, ledger = s.correction, workspace.definitions.ledgers[s.correction.ledger]
        rows = [e.before for e in s.edits if ends is None or e.before["filed"] <= ends]
        first = rows[0] if rows else {}
        at: dict[str, Any] = {"ledger": c.ledger, "column": next(iter(c.set), ""), "period": first.get("period") or ""}
        what = f"{about(s, ledger)}：{changed(s, ledger)}"
        if s.state == "待书面" and rows:
            message = f"{what}，{c.on.month}月{c.on.day}日{c.who}口头更正，还没有书面的。"
            units = dict.fromkeys(r["unit"] for r in rows)
            found += [Finding("warning", "unwritten", message, "请重报原表，或报一份更正单。", unit=u, **at) for u in units]
        elif s.state == "已失效":
            now = f"应改 {c.rows} 行，现有 {s.found} 行" if s.found else "现在的数不是更正时的数"
            unit = "" if c.unit == "*" else c.unit
            found.append(Finding("warning", "correction", f"{what}，没有使用：{now}（{c.reason}）。",
                                 "请核对后改写或删去 params/corrections 里的这一条。", unit=unit, **at))
    return found


def to_json(standing: Standing, workspace: Workspace) -> dict[str, Any]:
    """One correction with what became of it."""
    c, ledger = standing.correction, workspace.definitions.ledgers[standing.correction.ledger]
    return {"state": standing.state, "ledger": c.ledger, "unit": c.unit, "about": about(standing, ledger),
            "change": changed(standing, ledger), "rows": len(standing.edits), "reason": c.reason, "who": c.who, "taker": c.taker,
            "on": c.on.isoformat(), "status": c.status}
