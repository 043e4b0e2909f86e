"""What is said of verdicts, and what `Brief` shows of diagnosis. Imports weak, parts, printing, numbers.

Indices are for the working paper and the leader's annex; the issued text says facts, which are ordinary figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jianbao.brief import prose, suppress, weak
from jianbao.brief.facet import Facet
from jianbao.brief.parts import Column, Face, Prose, Run, Table
from jianbao.brief.printing import NO_DATA, decimal, digits, percent_of, printed, rounded
from jianbao.definitions.catalogue import Form
from jianbao.definitions.diagnosis import THRESHOLD, Threshold
from jianbao.errors import BriefError
from jianbao.numbers import indices
from jianbao.numbers.diagnose import Chosen, Found, Outcome, word_for

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

NOT_JUDGED = "数据不足，不作判断"
_STATES = {"held": "成立", "not held": "不成立", "insufficient": NOT_JUDGED}
_UNITS_SHOWN = 60


# Verdicts

def sentence(brief: Brief, outcome: Outcome, text: str) -> list[Run]:
    """A verdict's sentence with its names filled; what is a figure of the brief's unit is bound to it."""
    runs = []
    for piece in re.split(r"(\{[^{}]*\})", text):
        if not piece.startswith("{"):
            runs.append(Run(piece))
            continue
        name = piece[1:-1]
        said = _named(brief, outcome, name)
        reading = outcome.found[name].reading if name in outcome.found else None
        runs.append(Run(said, brief.figures.add(reading, said) if reading is not None and reading.value is not None else None))
    return [r for r in runs if r.text]


def _text(brief: Brief, outcome: Outcome, text: str) -> str:
    return suppress.plain(sentence(brief, outcome, text), brief.figures)


def judgements(brief: Brief) -> list[Prose]:
    """What the text may say: the evidence of each verdict that holds and is told to all."""
    return [Prose(tuple(sentence(brief, o, o.rule.evidence + o.rule.caveat))) for o in brief.verdicts()
            if o.state == "held" and o.rule.told_to == "text"]


def diagnosis(brief: Brief, *, title: str, face: Face) -> list[Table]:
    """Every verdict with its outcome, what it rests on level by level, the units by liaison group, and the thresholds.

    In an issued copy only what is told to the leader or to all, and no list of units.
    """
    found = [o for o in brief.verdicts() if face == "working" or o.rule.told_to != "desk"]
    if not found:
        raise BriefError("params/diagnosis.yml has no verdict to show here.")
    tables = [_outcomes(brief, found, title, face)]
    for o in found:
        tables += [t for t in (_levels(brief, o, face), _parts(brief, o, face)) if t is not None]
        if face == "working":
            tables += [t for c in o.chosen.values() if c.units for t in (_units(brief, c), _sides(brief, o, c)) if t is not None]
    return [*tables, thresholds(brief, {name: t for o in found for name, t in o.thresholds.items()}, face)]


def _outcomes(brief: Brief, found: Sequence[Outcome], title: str, face: Face) -> Table:
    rows = []
    for o in found:
        said = "".join(o.why) if o.state == "insufficient" else o.rule.evidence
        rows.append((Run(o.rule.title), Run(_STATES[o.state]), Run(_text(brief, o, said))))
    caveats = dict.fromkeys(_text(brief, o, o.rule.caveat) for o in found if o.rule.caveat)
    return Table(title, (Column("判断", width=3.2), Column("结果", width=2.2), Column("依据", width=8)), tuple(rows),
                 notes=tuple(caveats), face=face)


def _levels(brief: Brief, o: Outcome, face: Face) -> Table | None:
    """The values a verdict compares level by level."""
    levels = list(brief.workspace.definitions.campaign.levels)
    shown = [name for name in o.rule.values if any(f"{name}.{level}" in o.found for level in levels)]
    if not shown:
        return None
    rows = []
    for name in shown:
        v = o.rule.values[name]
        i = brief.workspace.definitions.catalogue[v.of] if v.of else None
        head = {"rated": f"评定单位数（{i.title.zh if i else ''}）", "filed": "报齐单位占应报单位"}.get(v.what, i.title.zh if i else name)
        rows.append((Run(head), *(Run(_number(brief, o.found[f"{name}.{level}"]) if f"{name}.{level}" in o.found else "—")
                                  for level in levels)))
    return Table(f"{o.rule.title}：各层级情况", (Column("指标", width=4), *(Column(x, "right") for x in levels)), tuple(rows),
                 face=face)


def _parts(brief: Brief, o: Outcome, face: Face) -> Table | None:
    if not o.parts:
        return None
    levels = list(brief.workspace.definitions.campaign.levels)
    rows = tuple((Run(p.title), *(Run(_points(brief, p.by_level[x])) for x in levels), Run(_points(brief, p.gap))) for p in o.parts)
    return Table(f"{o.rule.title}：各项中位数（分）",
                 (Column("项目", width=4), *(Column(x, "right") for x in levels), Column(f"{levels[0]}减{levels[-1]}", "right")), rows,
                 notes=("各项满分100分，超出部分不计；按相差大小排列。",), face=face)


def _units(brief: Brief, chosen: Chosen) -> Table:
    """The units by liaison group; those without one last. A fact about each, not a name for it."""
    teams = brief.workspace.teams(brief.period.ends, brief.as_of)
    groups: dict[str, list[str]] = {}
    for unit in chosen.units[:_UNITS_SHOWN]:
        groups.setdefault(teams.get(unit.code, {}).get("team_name", "") or "未编组", []).append(unit.label)
    more = len(chosen.units) - _UNITS_SHOWN
    since = f"连续{chosen.periods}期，" if chosen.periods > 1 else ""
    notes = [f"{since}可评定{chosen.rated}个单位，符合的{len(chosen.units)}个。", *([f"另有{more}个单位未列。"] if more > 0 else [])]
    rows = tuple((Run(team), Run(str(len(units))), Run("、".join(units))) for team, units in sorted(groups.items()))
    return Table(chosen.title, (Column("联络组", width=2), Column("个数", "right", width=1), Column("单位", width=8)), rows,
                 notes=tuple(notes), face="working")


def _sides(brief: Brief, o: Outcome, chosen: Chosen) -> Table | None:
    """Of units chosen by a rank gap: both ranks, and the figures behind them."""
    catalogue = brief.workspace.definitions.catalogue
    index = next((i for v in o.rule.values.values() if v.of and (i := catalogue[v.of]).index and i.index.rank_gap), None)
    if index is None:
        return None
    cube, period = brief.cube, brief.period
    first, last = indices.sides(cube, index.id, period)
    parts, rule = indices.parts(cube, index.id, period), brief.workspace.definitions.campaign.rounding

    def figures(at: int, side: int) -> str:
        known = [(p, catalogue[p.indicator]) for p in parts if p.side == side and p.raw[at] == p.raw[at]]
        return "、".join(f"{p.title}{digits(p.raw[at], i, rule)}{'' if i.is_percent else i.unit}" for p, i in known)

    rows = []
    for unit in chosen.units[:_UNITS_SHOWN]:
        at = cube.at(unit.code, period)
        rows.append((Run(unit.label), Run(f"{first[at]:.0f}"), Run(f"{last[at]:.0f}"), Run(figures(at, 0)), Run(figures(at, 1))))
    assert index.index is not None and index.index.rank_gap is not None
    one, two = index.index.rank_gap.names
    columns = (Column("单位", width=2), Column(f"{one}位次", "right", width=1.4), Column(f"{two}位次", "right", width=1.4),
               Column(one, width=4), Column(two, width=4))
    return Table(f"{chosen.title}：两边的数", columns, tuple(rows), notes=(index.definition,), face="working")


def thresholds(brief: Brief, chosen: dict[str, Threshold], face: Face) -> Table:
    rows = tuple((Run(t.title), Run(_limit(t)), Run(t.note)) for t in chosen.values())
    return Table("判断所用阈值", (Column("阈值", width=5), Column("数值", "right", width=1.5), Column("说明", width=4)), rows, face=face)


def _named(brief: Brief, o: Outcome, name: str) -> str:
    first, _, step = name.partition(".")
    if first == THRESHOLD:
        return _limit(o.thresholds[step])
    if step == "word":
        return word_for(o.chosen[first].share, {**brief.workspace.definitions.diagnosis.thresholds})
    if first == "part":
        widest = o.parts[0] if o.parts else None
        if widest is None:
            return NO_DATA
        return f"{_points(brief, widest.by_level[step])}分" if step else widest.title
    return _number(brief, o.found[name])


def _number(brief: Brief, found: Found) -> str:
    if found.value is None:
        return NO_DATA
    rule = brief.workspace.definitions.campaign.rounding
    if found.kind == "count":
        return f"{found.value:.0f}个"
    if found.kind == "share" or found.indicator is None:
        return percent_of(found.value, rule)
    if found.reading is not None:
        return printed(found.reading)
    text = digits(found.value, found.indicator, rule)
    return text if found.indicator.is_percent else f"{text}{found.indicator.unit}"


def _points(brief: Brief, value: float | None) -> str:
    return "—" if value is None else f"{rounded(decimal(value), 1, brief.workspace.definitions.campaign.rounding):f}"


def _limit(t: Threshold) -> str:
    scale = 100 if t.unit in ("%", "百分点") else 1
    return f"{(decimal(t.value) * scale).normalize():f}" + ("个百分点" if t.unit == "百分点" else t.unit)


def refuse_indices(brief: Brief, paragraph: str) -> None:
    """Raises BriefError for an index in an issued sentence."""
    catalogue = brief.workspace.definitions.catalogue
    for brace in prose.braces(paragraph, catalogue, brief.workspace.definitions.campaign.facts):
        if brace.kind == "reading" and catalogue[brace.name].nature == "index":
            raise BriefError(f"{{{brace.raw}}}: {catalogue[brace.name].title.zh} is an index, for the working paper and the "
                             "leader's annex. Say a fact in the text, and show the index with brief.diagnosis().")


class Diagnosing(Facet):
    """What `Brief` shows of diagnosis."""

    def judgements(self) -> None:
        """The verdicts that hold and that the text may say, a paragraph each."""
        for part in judgements(self._brief):
            self._brief.show(part)

    def diagnosis(self, *, title: str = "研判情况", face: Face = "working") -> None:
        """Tables of every verdict: outcome, evidence, levels, units by liaison group, thresholds. For the working paper;
        face="issued" for the leader's annex, without the lists of units."""
        for part in diagnosis(self._brief, title=title, face=face):
            self._brief.show(part)

    def weak_spots(self, *names: str, of: str | Sequence[str] = "children", title: str = "薄弱环节", limit: int = 12,
                   face: Face = "issued") -> None:
        """A table of figures behind schedule or far from their peers; without names, of all that have a target."""
        self._brief.show(weak.spots(self._brief, names, of=of, title=title, limit=limit, face=face))

    def contributions(self, name: str, *, of: str | Sequence[str] = "children", form: Form | None = None, title: str = "",
                      face: Face = "issued") -> None:
        """A table of which units moved a total. Raises BriefError for a ratio."""
        self._brief.show(weak.contributions(self._brief, name, of=of, form=form, title=title, face=face))

    def callbacks(self, name: str, *, title: str = "催报次序", limit: int = 20, face: Face = "working") -> None:
        """A table of the missing filings behind a headline, those that matter most first."""
        self._brief.show(weak.calls(self._brief, name, title=title, limit=limit, face=face))
