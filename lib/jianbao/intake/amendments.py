"""更正单: each line held against the rows in the store, and made the correction that is stored. Imports corrections, contract,
sheet, cells, workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.definitions.personal import looks_like_name
from jianbao.definitions.system import AMENDMENTS
from jianbao.errors import suggestions
from jianbao.intake.cells import BadCell, squash
from jianbao.intake.contract import Contract
from jianbao.intake.corrections import NOTHING, Rows, Target, broken_by, plain, same, shown, value_of
from jianbao.intake.sheet import Sheet
from jianbao.workspace import Workspace

WHERE_ELSE = "只更正本单位和代报单位的数；别的单位的由它自己或办公室更正。"


class Refused(Exception):
    """One line of a sheet that cannot be taken: in which column, what is wrong, what to do."""

    def __init__(self, column: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.column, self.message, self.remedy = column, message, remedy


class Amendments:
    """Reads the 更正单 of a batch. The rows they speak of are those known when each was received."""

    def __init__(self, workspace: Workspace, contract: Contract) -> None:
        self.workspace, self.contract = workspace, contract
        self._rows: dict[datetime, Rows] = {}

    def read(self, sheet: Sheet, received_at: datetime) -> Sheet:
        """The sheet with its lines as they are stored, or with what is wrong in them; any other sheet as it is."""
        if sheet.ledger.kind != AMENDMENTS.kind or sheet.period is None:
            return sheet
        kept: list[int] = []
        values: dict[str, list[Any]] = {n: [] for n in sheet.ledger.typed}
        found: list[Finding] = []
        wrong = {f.row for f in sheet.findings if f.severity == "error"}
        for at, row in enumerate(sheet.rows):
            if row in wrong:
                continue
            try:
                line = self._line(sheet, at, received_at)
            except Refused as e:
                found.append(self._finding(sheet, "error", at, e.column, e.message, e.remedy))
                continue
            if line["was"] == line["is_"]:      # kept all the same: the paper for what was said by telephone
                said = shown(sheet.values["is_"][at])
                message = f"这一格已经是“{said}”，不用再改。"
                found.append(self._finding(sheet, "warning", at, "is_", message, "确要改成别的，请重填“改为”。"))
            kept.append(at)
            for name in values:
                values[name].append(line.get(name, sheet.values[name][at]))
        if any(f.severity == "error" for f in found) or wrong:
            return sheet.adding(found)
        return replace(sheet, rows=[sheet.rows[k] for k in kept], values=values, units=[sheet.units[k] for k in kept],
                       nil=sheet.nil or not kept, findings=(*sheet.findings, *found))

    def _line(self, sheet: Sheet, at: int, received_at: datetime) -> dict[str, Any]:
        """The stored values of one line. `was` is `is_` when the store says it already."""
        unit = sheet.units[at]
        mine = self.contract.covers(sheet.ledger, sheet.filer, sheet.period.ends if sheet.period else received_at.date())
        if unit is None or unit not in mine:
            raise Refused("unit", f"“{self._label(unit, sheet)}”的数不由“{self._label(sheet.filer, sheet)}”更正。", WHERE_ELSE)
        ledger = self._ledger(sheet.values["of_ledger"][at])
        name = self._column(ledger, sheet.values["of_column"][at])
        post, reason = sheet.values["post"][at], sheet.values["reason"][at]
        if looks_like_name(post):
            raise Refused("post", f"“说明人职务”填的“{shown(post)}”像是姓名。", "请填职务或科室，不填姓名。")
        if reason in self.workspace.definitions.terms.empty_reasons:
            raise Refused("reason", f"“{shown(reason)}”没有说明原因。", "请写明原来为什么填错、依据是什么。")
        target = self._target(ledger, unit, sheet, at, received_at)
        was, is_ = (self._value(target, name, said, sheet.values[said][at]) for said in ("was", "is_"))
        title, now = ledger.columns[name].title, target.row[name]
        if same(now, is_) and not same(was, is_):
            was = is_
        elif not same(now, was):
            raise Refused("was", f"“{title}”现在是“{shown(now)}”，不是“{shown(was)}”。", "请核对原填；以系统里现有的数为准。")
        elif same(was, is_):
            raise Refused("is_", "“改为”与“原填”相同。", "没有要改的，请删去这一行。")
        for f in broken_by(self.workspace, target, {name: is_}):
            raise Refused("is_", f"改为“{shown(is_)}”以后不符合规则：{f.message}", f.remedy)
        match = {**target.match, **{k: v for k, v in target.says.items() if k != name}}
        return {"of_ledger": ledger.name, "of_period": target.row["period"], "of_column": name, "was": _text(was), "is_": _text(is_),
                "item": json.dumps(match, ensure_ascii=False)}

    def _ledger(self, said: str) -> Ledger:
        ledger = self.contract.ledger_named(said)
        if ledger is None or not ledger.is_filed:
            titles = [x.title for x in self.workspace.definitions.filed_ledgers.values()]
            raise Refused("of_ledger", f"没有“{shown(said)}”这种台账。", _meant(said, titles) + "请填台账名称。")
        return ledger

    def _column(self, ledger: Ledger, said: str) -> str:
        name = self.contract.titles[ledger.name].get(squash(said).upper())
        if name is None or name not in ledger.typed:
            decided = name in ledger.columns
            titles = [c.title for c in ledger.typed.values()]
            raise Refused("of_column", f"“{ledger.title}”没有“{shown(said)}”这一列{'可以更正' if decided else ''}。",
                          "这一列由办公室认定。" if decided else _meant(said, titles) + "请填表头上的列名。")
        return name

    def _target(self, ledger: Ledger, unit: str, sheet: Sheet, at: int, received_at: datetime) -> Target:
        said, period = sheet.values["item"][at], sheet.values["of_period"][at]
        if period is not None:
            of = self.contract.period(period, ledger, received_at.date())
            if isinstance(of, str):
                raise Refused("of_period", of, "没有编号的台账要写明原统计期。")
            period = of.id
        elif not ledger.key:
            raise Refused("of_period", f"“{ledger.title}”的行没有编号，要写明原统计期。", "请填这一行是哪一期报的，如 2023-W42。")
        rows = self._rows.setdefault(received_at, Rows(self.workspace, received_at))
        found = rows.find(ledger, unit, said, period)
        if len(found) == 1:
            return found[0]
        if found:
            listed = "、".join(dict.fromkeys(str(t.row["period"]) for t in found))
            raise Refused("of_period", f"“{ledger.title}”里叫“{shown(said)}”的有 {len(found)} 行（{listed}）。", "请写明原统计期。")
        near = _meant(said, rows.items(ledger, unit)) if ledger.key else ""
        when = f"{period} 的" if period else ""
        raise Refused("item", f"{when}“{ledger.title}”里没有“{shown(said)}”这一条。",
                      near + ("请填这一行的编号。" if ledger.key else "请填这一行在原表里的行号。"))

    def _value(self, target: Target, name: str, where: str, said: Any) -> Any:
        if said is None or said == "" or said == NOTHING:
            return None
        period = Period(target.row["period"], self.workspace.definitions.campaign.week_start)
        try:
            return value_of(self.contract, target.ledger, name, said, period)
        except BadCell as e:
            raise Refused(where, f"“{target.ledger.columns[name].title}”：{e.message}", e.remedy) from None

    def _label(self, code: str | None, sheet: Sheet) -> str:
        tree = self.contract.register.on(sheet.period.ends) if sheet.period else None
        return tree[code].label if tree is not None and code is not None and code in tree else str(code or "")

    def _finding(self, sheet: Sheet, severity: str, at: int, column: str, message: str, remedy: str) -> Finding:
        value = sheet.units[at] if column == "unit" else sheet.values[column][at]
        return sheet.finding(severity, "amendment", message, remedy, at=at, column=column, value=value)


def template(workspace: Workspace, period: Period) -> Path:
    """A blank 更正单 that any unit can fill in, in data/outbox/<period>; its path."""
    from jianbao.intake.forms import Form
    from jianbao.intake.template import workbook

    tree = workspace.register.on(period.ends)
    filers = tuple(dict.fromkeys(u.filed_by for u in tree.order if u.files))
    titles = tuple(x.title for x in workspace.definitions.filed_ledgers.values())
    # Only here: what is typed is looked up with a hint, which a code would not give.
    choice = AMENDMENTS.columns["of_ledger"].model_copy(update={"type": "code", "codes": titles})
    ledger = AMENDMENTS.model_copy(update={"columns": {**AMENDMENTS.columns, "of_ledger": choice}})
    form = Form(AMENDMENTS.title, filers, (ledger,), {ledger.name: tuple(u.code for u in tree.order if u.files)})
    path = workspace.path("outbox", period.id) / f"{AMENDMENTS.title}_{period.id}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    workbook(workspace, form, period, tree).save(path)
    return path


def _meant(said: str, known: list[str]) -> str:
    near = suggestions(str(said), known)
    return f"是不是“{near[0]}”？" if near else ""


def _text(value: Any) -> str | None:
    """As SQL casts it back into the column's own type."""
    said = plain(value)
    return None if said is None else str(said)
