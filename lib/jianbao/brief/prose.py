"""The language in braces: sentences whose every number, direction, rank and date is computed. Imports printing, numbers.

    截至{截止日}，已有{已启动单位数}完成启动，启动率{启动率}〔，{启动率.环比}〕。

A brace names an indicator by title, alias, id or code, then what of it: a form (.期内 .累计 .时点), a scope (.本级 .公布),
a comparison (.环比 .同比 .占比 .完成率 .序时 .位次 .前三 .后三 .末位), .差额, the published total against the sum of the parts, or
.已刊, as the last issue printed it.
.末位 is empty while the last place is not sure (docs/methods/rank-robustness.md).
`:数` leaves the measure word out, `@单位` asks another unit.
〔…〕 drops out when a brace inside is empty. {字面:3场|来源=会议通知} is a literal with its source.
{断言:均举办} prints its words only while the identity they rest on holds; {断言:均举办|否则=陆续举办} has others for when it
does not, and {断言:全覆盖|依据=B11} says which of several is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from jianbao.definitions.catalogue import FORMS, Catalogue
from jianbao.errors import BriefError, UnknownName, suggestions

SCOPES = {"本级": "own", "公布": "reported", "合计": "subtree"}
DERIVED = ("环比", "同比", "占比", "完成率", "序时", "位次", "前三", "后三", "末位", "差额", "核实", "已刊")
MODIFIERS = (*FORMS, *SCOPES, *DERIVED)
WORDS = ("截止日", "截止日期", "统计期", "本期", "上期", "单位", "全域", "应报", "实报", "期号", "数据版本")

CLAIM = ("断言:", "claim:")

_OPEN, _CLOSE = "{｛", "}｝"
_CLAIM_PARTS = {"依据": "about", "about": "about", "否则": "otherwise", "else": "otherwise"}


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Brace:
    """A parsed brace. `kind`: reading, word (of the brief or the campaign), literal, claim."""

    raw: str
    kind: Literal["reading", "word", "literal", "claim"]
    name: str
    form: str | None = None
    scope: str = "subtree"
    derived: str | None = None
    bare: bool = False
    unit: str | None = None
    source: str = ""
    about: str = ""                 # of a claim: the identity or indicator meant
    otherwise: str | None = None    # of a claim: what to say when it does not hold


@dataclass(frozen=True)
class Optional:
    """〔…〕"""

    pieces: tuple[Text | Brace, ...]


Piece = Text | Brace | Optional


def parse(text: str, catalogue: Catalogue, words: Iterable[str] = ()) -> tuple[Piece, ...]:
    """The pieces of one paragraph. Raises BriefError that points at the wrong brace."""
    known = {*WORDS, *words}
    pieces: list[Piece] = []
    inside: list[Text | Brace] | None = None
    at = 0
    while at < len(text):
        c = text[at]
        into: list[Piece] | list[Text | Brace] = pieces if inside is None else inside
        if c in _OPEN:
            end = next((k for k in range(at, len(text)) if text[k] in _CLOSE), -1)
            if end < 0:
                raise BriefError(_point(text, at, len(text), "this brace is not closed. Write } at its end."))
            into.append(_brace(text, at, end, catalogue, known))
            at = end + 1
        elif c in _CLOSE:
            raise BriefError(_point(text, at, at + 1, "this brace closes nothing."))
        elif c == "〔":
            if inside is not None:
                raise BriefError(_point(text, at, at + 1, "〔 inside 〔. Close the first one."))
            inside, at = [], at + 1
        elif c == "〕" and inside is not None:
            # Six-corner brackets around plain text are those of a document number: 〔2023〕.
            if any(isinstance(p, Brace) for p in inside):
                pieces.append(Optional(tuple(inside)))
            else:
                pieces += [Text("〔"), *inside, Text("〕")]
            inside, at = None, at + 1
        else:
            stop = next((k for k in range(at, len(text)) if text[k] in "{｛}｝〔〕"), len(text))
            stop = stop if stop > at else at + 1
            into.append(Text(text[at:stop]))
            at = stop
    if inside is not None:
        raise BriefError(_point(text, text.rfind("〔"), len(text), "〔 is not closed. Write 〕 at its end."))
    return tuple(pieces)


def braces(text: str, catalogue: Catalogue, words: Iterable[str] = ()) -> list[Brace]:
    """Every brace of a text; what lint checks."""
    found = []
    for piece in parse(text, catalogue, words):
        for p in piece.pieces if isinstance(piece, Optional) else (piece,):
            if isinstance(p, Brace):
                found.append(p)
    return found


def paragraphs(text: str) -> list[str]:
    """Paragraphs stand apart by an empty line; the lines of one are joined as Chinese is, without a space."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return [re.sub(r"(?<![A-Za-z0-9])\s*\n\s*|\s*\n\s*(?![A-Za-z0-9])", "", b.strip()) for b in blocks if b.strip()]


def _brace(text: str, at: int, end: int, catalogue: Catalogue, known: set[str]) -> Brace:
    raw = text[at + 1:end].strip()
    body = raw.replace("：", ":")

    def fail(message: str) -> BriefError:
        return BriefError(_point(text, at, end + 1, message))

    if body.startswith("字面:"):
        content, _, source = raw[3:].partition("|")
        if not re.match(r"来源[=＝].+", source):
            raise fail("a literal names its source: {字面:3场|来源=会议通知}.")
        return Brace(raw, "literal", content.strip(), source=re.split("[=＝]", source, maxsplit=1)[1])
    if raw in known:
        return Brace(raw, "word", raw)
    if body.startswith(CLAIM):
        return _claim(raw, fail)
    unit = None
    if "@" in body:
        body, unit = body.split("@", 1)
        unit, colon, tail = unit.partition(":")     # {…@C01:数} as well as {…:数@C01}
        body, unit = body.strip() + colon + tail.strip(), unit.strip()
    body, colon, bare = body.partition(":")
    if colon and bare != "数":
        raise fail(f"after a colon only 数 is known, not {bare!r}.")
    steps = [s.strip() for s in body.split(".")]
    # Ids hold points themselves, so the longest beginning that names an indicator is the name.
    for n in range(len(steps), 0, -1):
        name = ".".join(steps[:n])
        if name in catalogue:
            break
    else:
        while len(steps) > 1 and steps[-1] in MODIFIERS:
            steps.pop()
        try:
            catalogue[".".join(steps)]
        except UnknownName as e:
            near = suggestions(steps[0], known)
            raise fail(str(e) + (f" Or the word {near[0]}?" if near else "")) from None
        raise AssertionError
    form, scope, derived = None, "subtree", None
    for step in steps[n:]:
        if step in FORMS:
            form = step
        elif step in SCOPES:
            scope = SCOPES[step]
        elif step in DERIVED and derived is None:
            derived = step
        else:
            near = suggestions(step, MODIFIERS)
            raise fail(f"{name} has no {step!r}." + (f" Did you mean: {', '.join(near)}?" if near else "")
                       + f" There are: {', '.join(MODIFIERS)}.")
    indicator = catalogue[name]
    if form is not None and form not in indicator.forms:
        raise fail(f"{indicator.title.zh} is read as {'、'.join(indicator.forms)}, not {form}.")
    if derived in ("位次", "前三", "后三", "末位") and not indicator.ranked:
        raise fail(f"{indicator.title.zh} is of nature {indicator.nature}: such figures are not ranked. "
                   "Rank a coverage or a result whose `better` is said.")
    if derived in ("占比",) and indicator.rolls_up in ("ratio", "none"):
        raise fail(f"{indicator.title.zh} is a ratio and has no share of a whole.")
    return Brace(raw, "reading", indicator.id, form, scope, derived, bool(colon), unit)


def _claim(raw: str, fail: Callable[[str], BriefError]) -> Brace:
    """断言:均举办@单位|依据=…|否则=…"""
    words, *parts = (part.strip() for part in re.split("[|｜]", re.split("[:：]", raw, maxsplit=1)[1]))
    word, at, unit = words.partition("@")
    said: dict[str, str] = {}
    for part in parts:
        name, *value = re.split("[=＝]", part, maxsplit=1)
        if name.strip() not in _CLAIM_PARTS or not value:
            raise fail("a claim goes on with 依据= or 否则=: {断言:均举办|否则=陆续举办}.")
        said[_CLAIM_PARTS[name.strip()]] = value[0].strip()
    if not word.strip() or (at and not unit.strip()):
        raise fail("write the claim's words after the colon: {断言:均举办}.")
    return Brace(raw, "claim", word.strip(), unit=unit.strip() or None, about=said.get("about", ""),
                 otherwise=said.get("otherwise"))


def _point(text: str, start: int, end: int, message: str) -> str:
    """The sentence around the place, with the place marked: …启动率【{启动律}】…: no indicator …"""
    before, after = text[max(0, start - 12):start], text[end:end + 8]
    return f"{'…' if start > 12 else ''}{before}【{text[start:end]}】{after}{'…' if end + 8 < len(text) else ''}: {message}"
