"""Suggestions said, listed for those concerned, remembered, and followed up in the next issue. Imports braces, parts,
numbers.advice, issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from jianbao import issued
from jianbao.brief import braces, printing, suppress
from jianbao.brief.parts import Advice as Remembered
from jianbao.brief.parts import Advised, Column, Face, Heading, Prose, Run, Table, from_json
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.period import month_day
from jianbao.errors import unknown
from jianbao.numbers.advice import Advice, Standing, advise, better_up, gaps, standing
from jianbao.numbers.readings import Reading, read

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

Routine = Literal["working", "issued", "none"]
PER_STEP = 3
ROUTINE = "（常规）"
STANDINGS: dict[str, str] = {"green": "绿（达到）", "late": "黄（逾期后达到）", "yellow": "黄（有进展）",
                             "red": "红（未动）", "overdue": "红（逾期）", "": "无数据"}
_TONES = {"green": "green", "late": "yellow", "yellow": "yellow", "red": "red", "overdue": "red", "": ""}
_CLOSED = ("green", "late")
_COUNTED = (("green", "已达到目标"), ("late", "逾期后达到"), ("yellow", "有进展"), ("red", "没有进展"), ("overdue", "逾期未落实"),
            ("", "暂无数据"))


def advised(brief: Brief) -> list[Advice]:
    """What is advised for the brief's unit, or for the units of its liaison group."""
    members = brief.members if brief.team is not None else None
    return advise(brief.cube, brief.unit.code, brief.period, members=members)


def chosen(advice: Sequence[Advice], *, per_step: int = PER_STEP, limit: int | None = None,
           routine: Routine = "working") -> list[Advice]:
    """The most severe of each step, at most `limit` in all; of a step that nothing triggered, a routine one."""
    kept = [a for step in dict.fromkeys(a.rule.step for a in advice)
            for a in [x for x in advice if x.rule.step == step and not x.rule.routine][:per_step]]
    if limit is not None:
        worst = sorted(range(len(kept)), key=lambda k: -kept[k].severity)[:limit]
        kept = [a for k, a in enumerate(kept) if k in worst]
    needed = {a.rule.step for a in advice if not a.rule.routine}
    if routine == "none":
        return kept
    return [a for a in advice if a in kept or (a.rule.routine and a.rule.step not in needed)]


def say(brief: Brief, *, per_step: int, limit: int | None, routine: Routine, sections: bool, only: Sequence[str] = ()) -> None:
    """One paragraph for each step: evidence, then what to do. See Ahead.suggestions."""
    known = {rule.step for rule in brief.workspace.definitions.suggestions}
    for step in only:
        if step not in known:
            raise unknown("step", step, known)
    advice = [a for a in brief.advice if not only or a.rule.step in only]
    found = chosen(advice, per_step=per_step, limit=limit, routine=routine)
    for step in dict.fromkeys(a.rule.step for a in found):
        here = [a for a in found if a.rule.step == step]
        face: Face = "working" if here[0].rule.routine and routine == "working" else "issued"
        runs: list[Run] = [] if sections and face == "issued" else [Run(f"{step}：", strong=True)]
        for n, a in enumerate(here):
            if len(here) > 1:
                runs.append(Run(f"{'一二三四五六七八九十'[n]}是"))
            runs += clause(brief, a)
        if sections and face == "issued":
            brief.show(Heading(step, level=2))
        brief.show(Prose(tuple(runs), face=face))
    brief.advised += [_advised(brief, a) for a in found if a.success is not None and a.target is not None]


def clause(brief: Brief, a: Advice) -> list[Run]:
    """Evidence, what to do, and a full stop; a routine one says that it is."""
    if a.rule.routine:
        return [*braces.fill(brief, a.rule.suggest), Run(f"{ROUTINE}。")]
    evidence = braces.fill(brief, a.rule.evidence, _words(brief, a))
    mark = "；" if any("，" in r.text for r in evidence) else "，"
    return [*evidence, Run(mark), *_suggestion(brief, a), Run("。")]


def _suggestion(brief: Brief, a: Advice) -> list[Run]:
    alone = len(brief.cube.tree(brief.period).subtree(brief.unit.code)) == 1
    return braces.fill(brief, a.rule.own if alone and a.rule.own else a.rule.suggest, _words(brief, a))


def _words(brief: Brief, a: Advice) -> dict[str, Run]:
    n = f"{len(a.concerned)}个"
    figure = brief.figures.add(a.success, n, "涉及单位数") if a.success is not None and a.concerned else None
    return {"涉及单位数": Run(n, figure) if a.concerned else Run("有关"),
            "涉及单位": Run("、".join(r.unit.label for r in a.concerned) or "有关单位"),
            "期限": Run(month_day(_due(brief, a)[0]))}


def _due(brief: Brief, a: Advice) -> tuple[date, date]:
    """The due day to print, and the first one. What was said before keeps its day; when that has gone by, it gets a new one."""
    before = next((x for x in brief.followed if x.id == a.rule.id and x.states[-1][2] not in _CLOSED), None)
    if before is None:
        return a.due, a.due
    due, first = date.fromisoformat(before.due), date.fromisoformat(before.first_due)
    return (due if due > brief.period.ends else a.due), first


# The list of those concerned

def worklist(brief: Brief, *, title: str, face: Face, limit: int | None) -> Table | None:
    """Unit by unit what is asked of it: by liaison group, then in the order of the register. See Ahead.worklist."""
    tree, teams = brief.cube.tree(brief.period), brief.workspace.teams(brief.period.ends, brief.as_of)
    rows, left = [], 0
    for a in brief.advice:
        shown = a.concerned[:limit]
        left += len(a.concerned) - len(shown)
        for r in shown:
            team = teams.get(r.unit.code, {})
            value = printing.printed(r)
            rows.append((team.get("team", "~"), tree.position[r.unit.code],
                         (Run(team.get("team_name", "") or "—"), Run(r.unit.label), Run(a.matter or r.indicator.title.zh),
                          Run(value, brief.figures.add(r, value)), Run(a.rule.owner or "—"),
                          Run(month_day(_due(brief, a)[0])), Run(_aim_of_one(brief, a, r)))))
    if not rows:
        return None
    rows.sort(key=lambda row: row[:2])
    cells = tuple(row[2] for row in rows)
    columns = [Column("联络组", width=2), Column("单位", width=2.4), Column("事项", width=2.6), Column("现值", "right", 1.6),
               Column("责任", width=2.6), Column("期限", width=1.7), Column("成效标准", width=3)]
    grouped = any(row[0].text != "—" for row in cells) and brief.team is None
    notes = [f"每项只列差距最大的{limit}个单位，另有{left}行未列。"] if left else []
    return Table(title, tuple(columns[not grouped:]), tuple(row[not grouped:] for row in cells), tuple(notes), face=face)


def _aim_of_one(brief: Brief, a: Advice, r: Reading) -> str:
    one = a.rule.units.target if a.rule.units else None
    return _aim(brief, a) if one is None else aim(r.indicator, one, r.value, brief)


def _aim(brief: Brief, a: Advice) -> str:
    return "—" if a.success is None or a.target is None else aim(a.success.indicator, a.target, a.success.value, brief)


def aim(i: Indicator, target: float, value: float | None, brief: Brief) -> str:
    """The indicator and what will show success: …数降为0, …率达到90%."""
    rule = brief.workspace.definitions.campaign.rounding
    word = "" if i.is_percent else "个百分点" if i.unit == "百分点" else i.unit
    said = f"{printing.digits(target, i, rule).replace('.0%', '%')}{word}"
    if better_up(i, target, value):
        return f"{i.title.zh}不低于0" if target == 0 else f"{i.title.zh}达到{said}"
    return f"{i.title.zh}降为0" if target == 0 else f"{i.title.zh}降到{said}"


# What earlier issues advised

def _advised(brief: Brief, a: Advice) -> Advised:
    assert a.success is not None and a.target is not None
    number, due = brief.number[0], _due(brief, a)
    return Advised(
        id=a.rule.id, step=a.rule.step, text=suppress.plain(_suggestion(brief, a), brief.figures), raised=brief.period.id,
        issue=brief.issue, said_in=f"第{number}期" if number else brief.period.label.split("（")[0], owner=a.rule.owner,
        due=due[0].isoformat(), first_due=due[1].isoformat(), unit=brief.unit.code, indicator=a.success.indicator.id,
        form=a.success.form, value=a.success.value, printed=printing.printed(a.success), target=a.target,
        aim=_aim(brief, a))


def followed(brief: Brief) -> list[Advised]:
    """The suggestions of the product's issue before, and earlier ones not yet reached, each with how it stands now."""
    root = brief.workspace.definitions.campaign.root
    unit = brief.team.code if brief.team is not None else "root" if brief.unit.code == root else brief.unit.code
    before = issued.last(brief.workspace, brief.product_name, before=brief.period, unit=unit, as_of=brief.as_of)
    said = [from_json(part) for part in before.of("advice")] if before is not None else []
    items = [item for part in said if isinstance(part, Remembered) for item in part.items]
    return [_now(brief, item) for item in items if not item.states or item.states[-1][2] not in _CLOSED]


def _now(brief: Brief, item: Advised) -> Advised:
    found: Standing = ""
    value = printing.NO_DATA
    if item.indicator in brief.workspace.definitions.catalogue and item.target is not None:
        form: Any = item.form or None
        now = read(brief.cube, item.indicator, item.unit, brief.period, form=form)
        value = printing.printed(now)
        found = standing(now.indicator, then=item.value, now=now.value, target=item.target,
                         due=date.fromisoformat(item.due), first_due=date.fromisoformat(item.first_due), on=brief.period.ends)
    return replace(item, states=(*item.states, (brief.period.id, value, found)))


def show_followed(brief: Brief, *, title: str, face: Face) -> None:
    """The sentence with the counts and the table. See Ahead.followed_up."""
    items = brief.followed
    if not items:
        return
    issues = list(dict.fromkeys(x.said_in for x in items))
    numbered = all(x.said_in.startswith("第") for x in items)
    lead = (f"{issues[0] if numbered else '上期'}提出的" if len(issues) == 1
            else f"{'、'.join(issues) if numbered else '此前'}提出、仍在跟踪的")
    counts = [(word, n) for key, word in _COUNTED if (n := sum(x.states[-1][2] == key for x in items))]
    all_ = "都" if len(items) > 1 else ""
    said = f"建议{all_}{counts[0][0]}" if len(counts) == 1 else f"建议中，{'，'.join(f'{n}条{word}' for word, n in counts)}"
    brief.show(Prose((Run(f"{lead}{len(items)}条{said}。"),), face=face))
    rows = []
    for x in items:
        reading = None
        if x.indicator in brief.workspace.definitions.catalogue:
            form: Any = x.form or None
            reading = read(brief.cube, x.indicator, x.unit, brief.period, form=form)
        value = x.states[-1][1]
        figure = brief.figures.add(reading, value) if reading is not None and reading.value is not None else None
        then = suppress.bound(brief.figures, reading, x.printed, "提出时")
        said = x.printed + (f"（{x.said_in}）" if len(issues) > 1 else "")
        rows.append((Run(x.text), Run(x.owner or "—"), Run(_due_text(x)), Run(said, then), Run(value, figure), Run(x.aim),
                     Run(history(x), tone=_TONES[x.states[-1][2]])))
    brief.show(Table(title, (Column("建议", width=5), Column("责任", width=2.2), Column("期限", width=1.8),
                             Column("提出时", width=1.6), Column("现在", width=1.6), Column("目标", width=2.6),
                             Column("进展", width=2.4)),
                     tuple(rows), ("绿为按期达到目标，黄为有进展或逾期后达到，红为没有进展或逾期。",), face=face))


def history(item: Advised) -> str:
    """黄→红→绿（达到）: one colour for each issue since, the last one with its word."""
    earlier = [STANDINGS[s][:1] if s else "—" for _, _, s in item.states[:-1]]
    return "→".join([*earlier, STANDINGS[item.states[-1][2]]])


def _due_text(item: Advised) -> str:
    due, first = (month_day(date.fromisoformat(x)) for x in (item.due, item.first_due))
    return due if due == first else f"{due}（原{first}）"


def remembered(brief: Brief) -> Remembered | None:
    """What the next issue must know: this issue's suggestions, and the earlier ones. One said again keeps its beginning."""
    again = {x.id: x for x in brief.advised}
    earlier = [replace(x, due=again[x.id].due, text=again[x.id].text) if x.id in again and x.states[-1][2] not in _CLOSED else x
               for x in brief.followed]
    going_on = {x.id for x in earlier if x.states[-1][2] not in _CLOSED}
    items = (*earlier, *(x for x in brief.advised if x.id not in going_on))
    return Remembered(items) if items else None


def show_gaps(brief: Brief) -> None:
    """An editorial note for every measure without a number. See Ahead.gaps."""
    codes = {r.indicator.code for _, r, _, _ in brief.figures.readings()}
    missing = [measure for _, measure in gaps(brief.workspace.definitions.suggestions, codes)]
    if missing:
        brief.show(Prose((Run("编辑提示：", strong=True), Run(
            f"{'、'.join(missing)}在本期没有一个数，请补充这方面的数据，或说明为什么不写。")), role="note", face="working"))



