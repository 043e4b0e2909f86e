"""What is said of weak spots, of what moved a total, and of missing filings. Imports parts, printing, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from jianbao.brief.parts import Column, Face, Prose, Run, Table
from jianbao.brief.printing import change_cell, decimal, digits, percent_of, points, printed, rounded
from jianbao.definitions.catalogue import IN_PERIOD, Form
from jianbao.definitions.diagnosis import BEHIND, DISTANCE, PEERS
from jianbao.errors import BriefError
from jianbao.numbers import compare
from jianbao.numbers.callback import callbacks
from jianbao.numbers.readings import Reading, Readings, read
from jianbao.numbers.weak import Weak, weak_spots

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

_REASONS = {"schedule": "序时", "peers": "同类比较"}


def spots(brief: Brief, names: Sequence[str], *, of: str | Sequence[str], title: str, limit: int, face: Face) -> Table | Prose:
    """Units behind schedule, or far from units of their kind, by figures that may be ranked."""
    d = brief.workspace.definitions
    chosen = names or [n for n in d.targets if d.catalogue[n].ranked]
    found = _weak(brief, brief.readings(*chosen, of=of))
    if not found:
        return Prose((Run(f"{title}：按现有数据没有发现明显落后的。"),), role="note", face=face)
    said: dict[tuple[str, str], list[Weak]] = {}
    for w in found:
        said.setdefault((w.reading.indicator.id, w.reading.unit.code), []).append(w)
    # Those weak by both reasons first; then, so that neither reason hides the other, the worst of each in turn.
    late, far = ([g for g in said.values() if len(g) == 1 and g[0].why == why] for why in ("schedule", "peers"))
    order = [*(g for g in said.values() if len(g) == 2), *(g for pair in zip_longest(late, far) for g in pair if g is not None)]
    rows = tuple((Run(g[0].reading.indicator.title.zh), Run(g[0].reading.unit.label),
                  Run(printed(g[0].reading), brief.figures.add(g[0].reading, printed(g[0].reading))), _reasons(brief, g))
                 for g in order[:limit])
    more = [f"另有{len(order) - limit}处未列。"] if len(order) > limit else []
    return Table(title, (Column("指标", width=3), Column("单位", width=2.5), Column("数值", "right", width=2), Column("情况", width=5)),
                 rows, notes=("只看覆盖类和结果类指标；报送不全、基数过小的单位不列。", *more), face=face)


def _weak(brief: Brief, readings: Readings) -> list[Weak]:
    limits, campaign = brief.workspace.definitions.diagnosis.thresholds, brief.workspace.definitions.campaign
    return weak_spots(readings, behind=limits[BEHIND].value, distance=limits[DISTANCE].value, peers=int(limits[PEERS].value),
                      small_base=campaign.thresholds.small_base)


def _reasons(brief: Brief, found: Sequence[Weak]) -> Run:
    said = "；".join(map(_why, found))
    return Run(said, brief.figures.add(found[0].reading, said, "、".join(_REASONS[w.why] for w in found)))


def _why(w: Weak) -> str:
    r, rule = w.reading, w.reading.cube.definitions.campaign.rounding
    if w.why == "schedule":
        return f"低于序时进度{rounded(decimal(-w.gap) * 100, 1, rule):f}个百分点"
    middle = digits(w.middle or 0.0, r.indicator, rule) + ("" if r.indicator.is_percent else r.indicator.unit)
    return f"{w.peers}个同类单位中位数{middle}，相差明显"


def contributions(brief: Brief, name: str, *, of: str | Sequence[str], form: Form | None, title: str, face: Face) -> Table:
    """Which units moved the total: now, before, the change and its part of the whole's growth, the largest first."""
    i = brief.workspace.definitions.catalogue[name]
    if i.rolls_up in ("ratio", "none"):
        raise BriefError(f"{i.title.zh} ({i.id}) rolls up as {i.rolls_up}: its units' changes do not add up. Name a count or a sum.")
    form = form or (IN_PERIOD if IN_PERIOD in i.forms else i.default_form)
    readings = brief.readings(i.id, of=of, form=form)
    parts = compare.contributions(readings)
    changes = [compare.change(r) for r in readings]
    known = [(r, c, p) for r, c, p in zip(readings, changes, parts, strict=True) if isinstance(c, compare.Change)]
    known.sort(key=lambda x: -abs(x[1].difference))
    whole = read(brief.cube, i.id, brief.unit.code, brief.period, form=form)
    change = compare.change(whole)
    total = change if of == "children" and isinstance(change, compare.Change) else None
    if total is not None:
        # The base is the one printed below: the parts that can be compared may be fewer than the whole.
        known = [(r, c, c.difference / total.before if total.before else None) for r, c, _ in known]
    rows = [_moved(brief, r.unit.label, r, c, p) for r, c, p in known]
    if total is not None:
        known.append((whole, total, total.growth))
        rows.append(_moved(brief, "合计", *known[-1]))
    out = [r.unit.label for r, c in zip(readings, changes, strict=True)
           if not isinstance(c, compare.Change) and (r.due or r.value is not None)]
    notes = [f"拉动为该单位增减占{brief.period.that}合计的百分点。"]
    notes += [f"{'、'.join(out)}不能与{brief.period.that}比较，未列。"] if out else []
    notes += ["带*的为同口径比较：只含两期都报送的单位。"] if any(c.same_coverage for _, c, _ in known) else []
    unit = f"（{i.unit}）"
    return Table(title or f"{i.title.zh}增减来自哪些单位",
                 (Column("单位", width=3), Column(f"{brief.period.this}{unit}", "right"), Column(f"{brief.period.that}{unit}", "right"),
                  Column("增减", "right"), Column("拉动（百分点）", "right")), tuple(rows), notes=tuple(notes),
                 total_rows=(len(rows) - 1,) if total is not None else (), face=face)


def _moved(brief: Brief, label: str, r: Reading, c: compare.Change, part: float | None) -> tuple[Run, ...]:
    rule = brief.workspace.definitions.campaign.rounding
    moved, before = change_cell(c), r.on(c.against)

    def side(value: float, of: Reading | None, word: str) -> Run:
        text = digits(value, r.indicator, rule)
        own = of is not None and of.value == value      # else only of those that filed both times
        return Run(text, brief.figures.add(of if own and of else r, text + r.indicator.unit, "" if own else f"同口径{word}"))

    pulled = "—" if part is None else points(part, rule)
    return (Run(label), side(c.now, r, r.period.this), side(c.before, before, r.period.that),
            Run(moved, brief.figures.add(r, moved, "环比")), Run(pulled, brief.figures.add(r, pulled, "拉动")))


def calls(brief: Brief, name: str, *, title: str, limit: int, face: Face) -> Table | Prose:
    """Whom to call first for a headline: who owes its ledger, by what it usually carries."""
    i = brief.workspace.definitions.catalogue[name]
    base = i.rolls_up in ("ratio", "none")
    form = IN_PERIOD if IN_PERIOD in i.forms and not base else i.default_form
    found = callbacks(read(brief.cube, i.id, brief.unit.code, brief.period, form=form))
    if not found:
        return Prose((Run(f"{title}：影响{i.title.zh}的报送已经报齐。"),), role="note", face=face)
    rule = brief.workspace.definitions.campaign.rounding
    rows = []
    for c in found[:limit]:
        usual = "没有报过" if c.usual is None else f"{rounded(decimal(c.usual), 1, rule):f}".removesuffix(".0")
        rows.append((Run(c.unit.label), Run(c.team or "未编组"), Run(c.filer.label), Run("退回未重报" if c.state == "returned" else "未报"),
                     Run(usual), Run("—" if c.share is None else percent_of(c.share, rule))))
    share = sum(c.share or 0.0 for c in found)
    what = "基数" if base else "平时一期的数" if form == IN_PERIOD else "现有的数"
    notes = [f"共{len(found)}个单位未报，按{what}排列，合占{percent_of(share, rule)}。",
             *([f"另有{len(found) - limit}个未列。"] if len(found) > limit else [])]
    return Table(title, (Column("单位", width=2.5), Column("联络组", width=2), Column("报送人", width=2.5), Column("状态", width=1.8),
                         Column(what, "right", width=1.8), Column("占比", "right", width=1.2)), tuple(rows), notes=tuple(notes), face=face)
