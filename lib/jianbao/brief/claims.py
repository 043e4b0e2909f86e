"""Claims and identities in a brief: words printed only while they hold, findings, and the table of the working paper.
Imports prose, printing, parts, numbers; speaks for one brief.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jianbao.brief import prose
from jianbao.brief.equations import RESULTS, SIGNS, failing, side
from jianbao.brief.figures import as_of_text
from jianbao.brief.parts import Column, Prose, Run, Table
from jianbao.definitions.finding import Finding
from jianbao.definitions.identity import Identity
from jianbao.definitions.load import Definitions
from jianbao.definitions.period import long_date, month_day
from jianbao.errors import BriefError, unknown
from jianbao.numbers import identities
from jianbao.numbers.identities import Checked, Compared
from jianbao.numbers.readings import read

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

PLACE = "勾稽关系"
SHOWN = 20      # violations of one identity in the table; a lesson is learnt from fewer
# 没有全覆盖 claims nothing, and 确保全覆盖 says what is wanted.
_DENIED = re.compile(r"(没有?|未能?|不能|不是|并非|能否|是否)(完全|真正|做到|实现|达到)*$")
_WANTED = re.compile(r"(确保|力争|争取|督促|拟|计划|努力)[^，。；：！？]*$")
_SHARE_OF_EACH = "平人班组次户年月日"      # 平均举办, 班均…: an average, not a claim about each


# The brace

def identity_of(definitions: Definitions, brace: prose.Brace) -> Identity:
    """The identity a claim rests on. Raises BriefError for a claim none backs, and where several do and none is named."""
    rules = definitions.identities

    def fail(message: str) -> BriefError:
        return BriefError(f"【{{{brace.raw}}}】: {message}")

    if brace.otherwise is not None and (words := _claimed(brace.otherwise, rules.claims)):
        raise fail(f"{words[0]} is a claim itself and cannot stand in for one. Say what is known: 否则=陆续举办.")
    found = rules.claiming(brace.name)
    if not found:
        raise fail(f"{unknown('claim', brace.name, rules.claims)} Claims are listed in params/identities.yml.")
    if brace.about:
        about = definitions.catalogue[brace.about].id if brace.about in definitions.catalogue else brace.about
        named = [i for i in found if about in (i.id, definitions.catalogue[i.about].id)]
        if not named:
            raise fail(str(unknown("identity", brace.about, [x for i in found for x in (i.id, i.about)])))
        found = (named[0],)
    if len(found) > 1:
        each = " or ".join(f"{{断言:{brace.name}|依据={definitions.catalogue[i.about].code}}}" for i in found)
        raise fail(f"is claimed of several figures. Say which: {each}.")
    return found[0]


def said(brief: Brief, brace: prose.Brace) -> Run | None:
    """The claim's words if it holds, else the alternative, bound to the figure the claim is about; None without either."""
    checked = _checked(brief, brace)
    text = brace.name if checked.holds else brace.otherwise
    if text is None:
        return None
    about = read(brief.cube, checked.identity.about, checked.unit.code, brief.period)
    return Run(text, brief.figures.add(about, text, "断言") if text else None)


def refusal(brief: Brief, brace: prose.Brace) -> BriefError:
    """Why a claim cannot be printed, with its numbers, and the ways out."""
    checked = _checked(brief, brace)
    why = failing(checked) if checked.holds is False else RESULTS[None]
    return BriefError(f"【{{{brace.raw}}}】: {checked.unit.label}、{brief.period.label}：{why}。 A claim that does not hold cannot "
                      f"be printed. Put its clause in 〔…〕, or write {{断言:{brace.name}|否则=…}}.")


def guard(brief: Brief, piece: prose.Piece) -> None:
    """Lets no claim typed by hand be printed unless it holds. Raises BriefError; lint asks for a brace in any case."""
    definitions = brief.workspace.definitions
    for text in _typed(piece):
        for word in _claimed(text, definitions.identities.claims):
            if brief.team is not None:
                raise BriefError(f"【{word}】: of whom is it claimed? Name a unit: {{断言:{word}@{brief.members[0]}}}.")
            for identity in definitions.identities.claiming(word):
                checked = identities.check(brief.cube, identity, brief.unit.code, brief.period)
                if not checked.holds:
                    why = failing(checked) if checked.holds is False else RESULTS[None]
                    raise BriefError(f"【{word}】: {checked.unit.label}、{brief.period.label}：{why}。 {_instead(word, definitions)}")


def wrong_in(text: str, definitions: Definitions, words: tuple[str, ...] = ()) -> Iterator[str]:
    """What lint says of one paragraph of prose: claims nothing backs, and claims typed outside a brace."""
    try:
        pieces = prose.parse(text, definitions.catalogue, (*definitions.campaign.facts, *words))
    except BriefError:
        return      # said elsewhere
    for piece in pieces:
        for brace in piece.pieces if isinstance(piece, prose.Optional) else (piece,):
            if isinstance(brace, prose.Brace) and brace.kind == "claim":
                try:
                    identity_of(definitions, brace)
                except BriefError as e:
                    yield str(e)
        for plain in _typed(piece):
            yield from typed_in(plain, definitions)


def typed_in(text: str, definitions: Definitions) -> Iterator[str]:
    """One message for each claim in a text without braces."""
    rules = definitions.identities
    for word in dict.fromkeys(_claimed(text, (*rules.claims, *rules.guarded))):
        yield f"【{word}】: {_instead(word, definitions)}"


def _instead(word: str, definitions: Definitions) -> str:
    found = definitions.identities.claiming(word)
    if not found:
        return (f"{word} is claimed and nothing checks it. Add an identity with claim: [{word}…] to params/identities.yml and "
                "write it in a brace, or say what is known.")
    which = [f"|依据={definitions.catalogue[i.about].code}" for i in found] if len(found) > 1 else [""]
    return ("A claim typed by hand is not checked when numbers change. Write "
            + " or ".join(f"{{断言:{word}{about}}}" for about in which) + ".")


def _checked(brief: Brief, brace: prose.Brace) -> Checked:
    identity = identity_of(brief.workspace.definitions, brace)
    unit = brief.unit.code
    if brace.unit:
        unit = brief.workspace.register_at(brief.as_of).find(brace.unit, brief.period.ends)
    elif brief.team is not None:
        raise BriefError(f"{{{brace.raw}}}: a liaison group has no figures of its own. Name a unit: "
                         f"{{断言:{brace.name}@{brief.members[0]}}}.")
    return identities.check(brief.cube, identity, unit, brief.period)


def _typed(piece: prose.Piece) -> Iterator[str]:
    """The words of a piece that a hand typed; a literal's too, for a source does not make a claim true."""
    for p in piece.pieces if isinstance(piece, prose.Optional) else (piece,):
        if isinstance(p, prose.Text):
            yield p.text
        elif p.kind == "literal":
            yield p.name


def _claimed(text: str, words: tuple[str, ...]) -> list[str]:
    """Which of `words` a text claims, in order; the longest where one holds another. Denied and wanted ones are not."""
    if not words:
        return []
    each = (rf"(?<![{_SHARE_OF_EACH}]){re.escape(w)}" if w.startswith("均") else rf"(?<!\d){re.escape(w)}"
            for w in sorted(words, key=len, reverse=True))
    return [m[0] for m in re.finditer("|".join(each), text)
            if not _DENIED.search(text[:m.start()]) and not _WANTED.search(text[:m.start()])]


# Identities of the whole brief

def findings(brief: Brief) -> list[Finding]:
    """One for each identity that does not hold for the brief's unit or one below: both sides, and what to do."""
    found = []
    for c in brief.checked:
        if c.holds is False:
            no = f"不能写{''.join(f'“{w}”' for w in c.identity.claim)}。" if c.identity.claim else ""
            found.append(Finding(c.identity.severity, c.identity.id, f"{failing(c)}。{c.identity.message}{no}", c.identity.hint,
                                 file=PLACE, sheet=c.identity.title, unit=c.unit.code, period=c.period.id))
    return found


def other_dates(brief: Brief) -> list[Finding]:
    """One for each figure in the text so far that is of another date than the brief, where the paragraph does not say so."""
    rule = next((i for i in brief.workspace.definitions.identities.identities if i.one_date), None)
    if rule is None:
        return []
    known = {id_: reading for id_, reading, _, _ in brief.figures.readings()}
    found = {}
    for part in (part for part in brief.parts if isinstance(part, Prose)):
        for run in part.runs:
            r = known.get(run.figure or "")
            if r is None or (r.period == brief.period and r.as_of == brief.as_of):
                continue
            names = [as_of_text(r.as_of)] if r.period == brief.period else [
                month_day(r.period.ends), r.period.label, *([brief.period.that] if r.period == brief.period.previous() else [])]
            if not any(name in part.text for name in names):
                found[r.indicator.id, r.period.id, r.as_of] = Finding(
                    rule.severity, rule.id, f"{r.indicator.title.zh}{run.text}的截止日期是{long_date(r.period.ends)}（数据版本"
                    f"{as_of_text(r.as_of)}），本文截止{long_date(brief.period.ends)}（数据版本{as_of_text(brief.as_of)}），文中没有说明。"
                    f"{rule.message}", rule.hint, file=PLACE, sheet=rule.title, unit=r.unit.code, period=r.period.id)
    return list(found.values())


def table(brief: Brief, title: str) -> Table:
    """For the working paper: identity, unit, both sides, and whether it holds; in a note those that cannot be said.

    Of an identity asked of every unit by its own rows: how many hold, and the units where it does not.
    """
    rows: list[tuple[Run, ...]] = []
    unsaid: list[str] = []
    for identity in brief.workspace.definitions.identities.identities:
        mine = [c for c in brief.checked if c.identity is identity]
        failed = [c for c in mine if c.holds is False]
        if mine and all(c.holds is None for c in mine):
            unsaid.append(identity.title)
        elif identity.units == "all" and len(mine) > 1:
            held = sum(c.holds is True for c in mine)
            none = len(mine) - held - len(failed)
            rows.append(_line(identity, f"{len(mine)}个", f"成立{held}个", "", f"不成立{len(failed)}个" +
                              (f"，数据不足{none}个" if none else ""), not failed))
            rows += [_row(c, compared) for c in failed[:SHOWN] for compared in c.failed]
        else:
            rows += [_row(c, compared) for c in mine for compared in c.compared]
        if identity.one_date:
            rows.append(_line(identity, brief.label, "正文各数的截止日期", "＝", long_date(brief.period.ends), not other_dates(brief)))
    columns = (Column("关系", width=2.4), Column("单位", width=1.3), Column("左边", width=3.2), Column("", "center", 0.5),
               Column("右边", width=3.2), Column("结果", width=1.2))
    notes = (f"数据不足，不作判断：{'；'.join(unsaid)}。",) if unsaid else ()
    return Table(title, columns, tuple(rows), notes, face="working")


def _row(c: Checked, compared: Compared) -> tuple[Run, ...]:
    sign = "≈" if c.identity.tolerance else SIGNS[compared.comparison.sign]
    return _line(c.identity, c.unit.label, side(c, compared, "left", codes=True), sign,
                 side(c, compared, "right", codes=True), compared.holds)


def _line(identity: Identity, whose: str, left: str, sign: str, right: str, holds: bool | None) -> tuple[Run, ...]:
    return (Run(identity.title), Run(whose), Run(left), Run(sign), Run(right), Run(RESULTS[holds], strong=holds is False))


def checked(brief: Brief) -> list[Checked]:
    """Every identity asked of the brief's units, as it stands."""
    return identities.checked(brief.cube, brief.unit.code, brief.period,
                              members=brief.members if brief.team is not None else None)
