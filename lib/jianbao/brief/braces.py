"""Braces filled: each becomes text bound to its figure. Imports prose, printing, numbers; speaks for one brief."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.brief import checked, claims, printing, prose, revising
from jianbao.brief.figures import as_of_text
from jianbao.brief.parts import Run
from jianbao.brief.revised import PRINTED
from jianbao.definitions.campaign import Fact
from jianbao.definitions.period import long_date, month_day
from jianbao.errors import BriefError
from jianbao.numbers import compare, facts
from jianbao.numbers import reported as published
from jianbao.numbers.readings import Reading, read
from jianbao.numbers.weak import robust_last

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief
    from jianbao.workspace import Workspace


def fill(brief: Brief, text: str, words: Mapping[str, Run] | None = None) -> list[Run]:
    """One paragraph with its braces filled; 〔…〕 with an empty brace drops out. Raises BriefError at the brace.

    `words` are further words this text may ask for, with what they stand for.
    """
    definitions, words = brief.workspace.definitions, words or {}

    def resolved(piece: prose.Brace) -> Run | None:
        return words[piece.name] if piece.kind == "word" and piece.name in words else _resolved(brief, piece)

    runs: list[Run] = []
    for piece in prose.parse(text, definitions.catalogue, (*definitions.campaign.facts, *words)):
        claims.guard(brief, piece)
        if isinstance(piece, prose.Text):
            runs.append(Run(piece.text))
        elif isinstance(piece, prose.Brace):
            if (run := resolved(piece)) is None and piece.kind == "claim":
                raise claims.refusal(brief, piece)
            runs.append(run or Run(printing.NO_DATA if not piece.derived else ""))
        else:
            inside = [Run(p.text) if isinstance(p, prose.Text) else resolved(p) for p in piece.pieces]
            if all(run is not None for run in inside):
                runs += [run for run in inside if run is not None]
    return [r for r in runs if r.text]


def reading_of(brief: Brief, brace: prose.Brace) -> Reading:
    unit = brief.unit.code
    if brief.team is not None and not brace.unit:
        raise BriefError(f"{{{brace.raw}}}: a liaison group has no figures of its own. Name a unit: {{{brace.raw}@{brief.members[0]}}}.")
    if brace.unit:
        unit = brief.workspace.register_at(brief.as_of).find(brace.unit, brief.period.ends)
    form: Any = brace.form
    scope: Any = brace.scope
    return read(brief.cube, brace.name, unit, brief.period, form=form, scope=scope)


def word(brief: Brief, name: str) -> str:
    """A word of the brief, or one the campaign has fixed; "" when there is none to say."""
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
            return brief.label
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
    said = campaign.facts[name]
    assert isinstance(said, str)
    return said


def _resolved(brief: Brief, brace: prose.Brace) -> Run | None:
    """None when there is nothing to say."""
    if brace.kind == "literal":
        return Run(brace.name)
    if brace.kind == "word":
        if isinstance(brief.workspace.definitions.campaign.facts.get(brace.name), Fact):
            found = facts.find(brief.cube, brace.name, brief.period)
            text = _taken(found)
            return Run(text, brief.figures.add_fact(found, text)) if text else None
        text = word(brief, brace.name)
        return Run(text) if text else None
    if brace.kind == "claim":
        return claims.said(brief, brace)
    reading = reading_of(brief, brace)
    if brace.derived is None:
        if reading.value is None:
            return None
        text = printing.printed(reading, bare=brace.bare)
        return Run(text, brief.figures.add(reading, text))
    if brace.derived == PRINTED:
        return revising.printed_before(brief, reading, bare=brace.bare)
    text = derived(brief.workspace, brace.derived, reading)
    return Run(text, brief.figures.add(reading, text, brace.derived)) if text else None


def _taken(found: facts.Found) -> str:
    """Dates as 8月28日; one text as it stands, several each in quotation marks, which need no comma between them."""
    said = [month_day(v) if isinstance(v, date) else str(v) for v in found.values]
    if len(said) < 2 or isinstance(found.values[0], date):
        return "、".join(said)
    return "".join(f"“{text}”" for text in said)


def derived(workspace: Workspace, what: str, r: Reading) -> str:
    """The clause of a comparison; "" when there is nothing to say."""
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
            campaign, share = workspace.definitions.campaign, compare.share_of(r)
            return printing.share_clause(share, campaign.whole if share is not None and share.of.code == campaign.root else "")
        case "位次":
            found = [k for k in compare.ranked(compare.peers(r)) if k.reading.unit.code == r.unit.code]
            return printing.rank_clause(found[0] if found else None)
        case "末位":
            last = robust_last(compare.comparable_children(r))
            return last.reading.unit.label if last is not None and last.sure else ""
        case "差额":
            return printing.gap_clause(published.gap_of(r))
        case "核实":
            return checked.clause(r)
    ranks = compare.ranked(compare.comparable_children(r))
    first = printing.best(ranks)
    # Of five units the third is neither ahead nor behind.
    return printing.rank_names(first if what == "前三" else [k for k in printing.best(ranks, last=True) if k not in first])
