"""修订说明 and 已刊数 in a brief: a sentence for the issued copy, a table for the working paper. Imports revised, parts, issued."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from jianbao import issued
from jianbao.brief.parts import Column, Prose, Run, Table
from jianbao.brief.revised import PRINTED, Revised, Revisions, Turned, from_cut_off, since
from jianbao.definitions.catalogue import Catalogue
from jianbao.definitions.counted import field_word
from jianbao.numbers.causes import REASONS, Cause
from jianbao.numbers.readings import Reading

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

SHOWN = 60          # lines of the table
UNITS_NAMED = 3
STATES = {"held": "成立", "not held": "不成立", "insufficient": "数据不足"}


def last_printed(brief: Brief) -> issued.Printed | None:
    """The issue of the same product before this one, as it stood at the brief's data version."""
    return issued.last(brief.workspace, brief.product_name, before=brief.period, unit=brief.issue.rsplit("/", 1)[-1],
                       as_of=brief.as_of)


def printed_before(brief: Brief, r: Reading, *, bare: bool = False) -> Run | None:
    """{….已刊}: the figure as the last issue printed it, bound to that period's reading; None when it did not."""
    before = last_printed(brief)
    found = before.find(r.indicator.id, unit=r.unit.code, form=r.form, scope=r.scope) if before is not None else None
    if before is None or found is None:
        return None
    text = found.printed.removesuffix(found.measure) if bare else found.printed
    return Run(text, brief.figures.add(r.on(before.period) or r, text, f"{PRINTED}（{before.label}）"))


def show(brief: Brief, *, limit: int = 4) -> None:
    """What the last issue printed and would print otherwise now; nothing when all of it stands.

    The sentence names the unit's own figures, those that turned over or are compared with in this brief first; the table
    has all of them with the units and files behind. Before anything was printed, the figures this brief compares with are
    held against the previous period's cut-off.
    """
    before = last_printed(brief)
    compared = {(r.indicator.id, r.unit.code, r.form, r.scope): r for _, r, _, derived in brief.figures.readings()
                if derived == "环比" and r.period == brief.period}
    if before is not None:
        label, found = f"{before.label}印发", since(before, brief.workspace, brief.as_of)
    else:
        period = brief.period.previous()
        then = brief.workspace.cut_off(period)
        if not compared or then >= brief.as_of or brief.workspace.store.version(then) is None:
            return
        label, found = f"{period.label}截止时", from_cut_off(brief, period, list(compared.values()))
    if not found.figures:
        return
    brief.show(Prose(tuple(_sentence(brief, label, found, set(compared), limit)), role="note"))
    brief.show(table(found, title=f"修订说明：{label}的数与现在的数", where=brief.workspace.definitions.where,
                     catalogue=brief.workspace.definitions.catalogue, changed_definitions=True))


def _sentence(brief: Brief, label: str, found: Revisions, compared: set[tuple[str, ...]], limit: int) -> Iterable[Run]:
    values = [f for f in found.figures if not f.figure.derived]
    order = sorted(values, key=lambda f: (f.figure.unit != brief.unit.code,
                                          (f.figure.indicator, f.figure.unit, f.figure.form, f.figure.scope) not in compared))
    named = order[:limit] or list(found.figures[:limit])
    reasons = [REASONS[k] for k in REASONS if any(k in f.reasons for f in found.figures)]
    yield Run("修订说明：", strong=True)
    yield Run(f"因{'、'.join(reasons)}，{label}的数有调整：")
    for n, f in enumerate(named):
        yield Run(("，" if n else "") + name(f, brief.unit.code) + "由")
        yield Run(f.was, _bound(brief, f, f.was, f"{PRINTED}（{label.removesuffix('印发')}）"))
        yield Run("调整为")
        yield Run(f.now, _bound(brief, f, f.now, f.figure.derived))
    yield Run(f"等{len(order)}项" if len(order) > len(named) else "")
    yield Run(_whose([c for f in found.figures for c in f.causes]) + "。")
    yield from _turned_over(brief, found, f"{PRINTED}（{label.removesuffix('印发')}）")
    yield Run("本期环比按调整后的数计算。" if compared else "")


def _bound(brief: Brief, f: Revised, text: str, derived: str) -> str | None:
    return brief.figures.add(f.reading, text, derived) if f.reading is not None else None


def name(f: Revised, unit: str = "") -> str:
    """单位指标（读法）环比: the unit left out when it is the brief's own, the form where there are several."""
    whose = "" if f.figure.unit == unit else f.figure.unit_name
    several = f.reading is not None and len(f.reading.indicator.forms) > 1
    scope = {"own": "本级", "reported": "公布"}.get(f.figure.scope, "")
    said = "、".join(x for x in (f.figure.form if several else "", scope) if x)
    return f"{whose}{f.figure.title}{f'（{said}）' if said else ''}{f.figure.derived}"


def _whose(causes: Sequence[Cause]) -> str:
    """，涉及甲、乙、丙等5个单位: those with the largest differences first."""
    labels = list(dict.fromkeys(c.unit.label for c in sorted(causes, key=lambda c: -c.size)))
    if not labels:
        return ""
    more = f"等{len(labels)}个单位" if len(labels) > UNITS_NAMED else ""
    return f"，涉及{'、'.join(labels[:UNITS_NAMED])}{more}"


def _turned_over(brief: Brief, found: Revisions, printed: str, limit: int = 2) -> Iterable[Run]:
    """Directions, ranks and verdicts that came out otherwise, or that none did."""
    said = False
    for word, how in (("方向", "direction"), ("位次", "rank")):
        items = sorted(found.flipped(how), key=lambda f: f.figure.unit != brief.unit.code)  # type: ignore[arg-type]
        for n, f in enumerate(items[:limit]):
            yield Run("；" if n else f"{word}有变：")
            yield Run(f"{name(f, brief.unit.code)}由")
            yield from _quoted(brief, f, f.was, printed)
            yield Run("变为")
            yield from _quoted(brief, f, f.now, f.figure.derived)
            said = True
        if items:
            yield Run(f"等{len(items)}项。" if len(items) > limit else "。")
    if found.verdicts:
        yield Run("判断有变：" + "；".join(turned(v) for v in found.verdicts) + "。")
    elif not said:
        yield Run("方向、位次和判断没有变化。")


def _quoted(brief: Brief, f: Revised, text: str, derived: str) -> Iterable[Run]:
    """第1位（并列） of a rank's cell, “比上周增加5天” of a clause."""
    if place := re.match(r"\d+", text):
        text = f"第{place[0]}位{text[place.end():]}"
    run = Run(text, _bound(brief, f, text, derived))
    yield from (run,) if place else (Run("“"), run, Run("”"))


def turned(v: Turned) -> str:
    return f"“{v.title}”由{STATES.get(v.was, v.was)}变为{STATES.get(v.now, v.now)}"


def table(found: Revisions, *, title: str, where: Mapping[str, str], catalogue: Catalogue,
          changed_definitions: bool = False) -> Table:
    """Every figure that changed: was, is, why, from whom, and what it turned over. For the working paper."""
    words = {"direction": "方向变", "rank": "位次变", "": ""}
    rows = tuple((Run(name(f, f.figure.unit)), Run(f.figure.unit_name), Run(f.was), Run(f.now), Run(f.because),
                  Run(units(f)), Run(words[f.flipped])) for f in found.figures[:SHOWN])
    notes = [f"另有{len(found.figures) - SHOWN}项未列。"] if len(found.figures) > SHOWN else []
    notes += sources(found)[:SHOWN]
    if changed_definitions:
        notes += [f"口径调整：{line}" for line in redefinitions(found, where, catalogue)]
    columns = (Column("指标", width=3), Column("单位", width=2), Column("印发时", "right", 1.5), Column("现在", "right", 1.5),
               Column("原因", width=1.5), Column("来自", width=2.5), Column("影响", width=1.2))
    return Table(title=title, columns=columns, rows=rows, notes=tuple(notes), face="working")


def units(f: Revised, limit: int = UNITS_NAMED) -> str:
    """甲、乙、丙等5个单位, the largest difference first."""
    labels = [c.unit.label for c in f.causes]
    return "、".join(labels[:limit]) + (f"等{len(labels)}个单位" if len(labels) > limit else "")


def sources(found: Revisions) -> list[str]:
    """甲：迟报补报（甲.xlsx）, one line for each unit behind any of the changes, with all its files and corrections."""
    by_unit: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for cause in (c for f in found.figures for c in f.causes):
        reasons, said = by_unit.setdefault(cause.unit.label, ({}, {}))
        reasons |= dict.fromkeys(cause.reasons)
        said |= dict.fromkeys(cause.sources)
    return [f"{label}：{'、'.join(REASONS[k] for k in REASONS if k in reasons)}" + (f"（{'、'.join(said)}）" if said else "")
            for label, (reasons, said) in by_unit.items()]


def redefinitions(found: Revisions, where: Mapping[str, str], catalogue: Catalogue) -> list[str]:
    """某指标的条件由“…”改为“…”（params/indicators/study.yml:9）, one line a field."""
    lines = []
    for id_, fields in found.redefined.items():
        title = catalogue[id_].title.zh if id_ in catalogue else id_
        lines += [f"{title}的{field_word(name)}由“{was or '无'}”改为“{now or '无'}”（{where.get(id_, 'params')}）"
                  for name, was, now in fields]
    return lines
