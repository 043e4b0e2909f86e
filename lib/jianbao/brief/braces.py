"""Braces filled: each becomes text bound to its figure. Imports prose, printing, numbers; speaks for one brief."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jianbao.brief import printing, prose
from jianbao.brief.figures import as_of_text
from jianbao.brief.parts import Run
from jianbao.definitions.period import long_date, month_day
from jianbao.numbers import compare
from jianbao.numbers import reported as published
from jianbao.numbers.readings import Reading, read

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief


def fill(brief: Brief, text: str) -> list[Run]:
    """One paragraph with its braces filled; 〔…〕 with an empty brace drops out. Raises BriefError at the brace."""
    definitions = brief.workspace.definitions
    runs: list[Run] = []
    for piece in prose.parse(text, definitions.catalogue, definitions.campaign.facts):
        if isinstance(piece, prose.Text):
            runs.append(Run(piece.text))
        elif isinstance(piece, prose.Brace):
            runs.append(_resolved(brief, piece) or Run(printing.NO_DATA if not piece.derived else ""))
        else:
            inside = [Run(p.text) if isinstance(p, prose.Text) else _resolved(brief, p) for p in piece.pieces]
            if all(run is not None for run in inside):
                runs += [run for run in inside if run is not None]
    return [r for r in runs if r.text]


def reading_of(brief: Brief, brace: prose.Brace) -> Reading:
    unit = brief.unit.code
    if brace.unit:
        unit = brief.workspace.register_at(brief.as_of).find(brace.unit, brief.period.ends)
    form: Any = brace.form
    scope: Any = brace.scope
    return read(brief.cube, brace.name, unit, brief.period, form=form, scope=scope)


def word(brief: Brief, name: str) -> str:
    """A fixed word of the brief or the campaign; "" when there is none to say."""
    period, campaign = brief.period, brief.workspace.definitions.campaign
    match name:
        case "截止日":
            return month_day(period.ends)
        case "截止日期":
            return long_date(period.ends)
        case "统计期":
            return period.label
        case "本期":
            return period.this
        case "上期":
            return period.that
        case "单位":
            return brief.unit.label
        case "全域":
            return campaign.whole if brief.unit.code == campaign.root and campaign.whole else brief.unit.label
        case "应报":
            return f"{brief.filed[0]}个"
        case "实报":
            return f"{brief.filed[1]}个"
        case "期号":
            return f"第{brief.number[0]}期" if brief.number[0] else ""
        case "数据版本":
            return as_of_text(brief.as_of)
    return campaign.facts[name]


def _resolved(brief: Brief, brace: prose.Brace) -> Run | None:
    """None when there is nothing to say."""
    if brace.kind == "literal":
        return Run(brace.name)
    if brace.kind == "word":
        text = word(brief, brace.name)
        return Run(text) if text else None
    reading = reading_of(brief, brace)
    if brace.derived is None:
        if reading.value is None:
            return None
        text = printing.printed(reading, bare=brace.bare)
        return Run(text, brief.figures.add(reading, text))
    text = _derived(brief, brace.derived, reading)
    return Run(text, brief.figures.add(reading, text, brace.derived)) if text else None


def _derived(brief: Brief, what: str, r: Reading) -> str:
    match what:
        case "环比":
            return printing.change_clause(compare.change(r))
        case "同比":
            return printing.change_clause(compare.change(r, r.period.year_ago()))
        case "序时":
            return printing.schedule_clause(compare.schedule_of(r))
        case "完成率":
            return printing.completion_clause(compare.completion(r), r)
        case "占比":
            campaign, share = brief.workspace.definitions.campaign, compare.share_of(r)
            return printing.share_clause(share, campaign.whole if share is not None and share.of.code == campaign.root else "")
        case "位次":
            found = [k for k in compare.ranked(compare.peers(r)) if k.reading.unit.code == r.unit.code]
            return printing.rank_clause(found[0] if found else None)
        case "差额":
            return printing.gap_clause(published.gap_of(r))
    return printing.rank_names(printing.best(compare.ranked(compare.comparable_children(r)), last=what == "后三"))
