"""Printed figures asked again: what each would print now, why it differs, and what that turns over. Imports printing, braces,
exhibits, issued, numbers.

Method: docs/methods/revisions.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from jianbao.brief import printing
from jianbao.brief.prose import DERIVED
from jianbao.definitions.counted import counted, differences, fingerprint
from jianbao.definitions.period import Period
from jianbao.errors import JianbaoError
from jianbao.issued import Printed, PrintedFigure
from jianbao.numbers import compare, diagnose
from jianbao.numbers.causes import REASONS, RECOMPUTED, REDEFINED, Cause, Meanwhile
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, read

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief
    from jianbao.workspace import Workspace

Flip = Literal["", "direction", "rank"]
PRINTED = "已刊"
# The comparisons that can be asked again of a reading alone; a count of the units in a table, say, cannot.
AGAIN = frozenset(DERIVED) - {PRINTED}
NOT_SAID = "不再列出"           # a comparison that is withheld now, or has nothing to compare with


@dataclass(frozen=True)
class Revised:
    """A figure that prints otherwise now. `reasons` are keys of numbers.causes.REASONS; `causes` the units behind it;
    `redefined` (field, was, now) of how it is counted; `flipped` whether a direction or a rank turned over."""

    figure: PrintedFigure
    was: str
    now: str
    reading: Reading | None
    reasons: tuple[str, ...]
    causes: tuple[Cause, ...] = ()
    redefined: tuple[tuple[str, str, str], ...] = ()
    flipped: Flip = ""

    @property
    def because(self) -> str:
        """迟报补报、更正"""
        return "、".join(REASONS[r] for r in self.reasons)

    def to_json(self) -> dict[str, Any]:
        f = self.figure
        return {"indicator": f.indicator, "code": f.code, "title": f.title, "unit": f.unit, "unit_name": f.unit_name,
                "form": f.form, "scope": f.scope, "period": f.period, "derived": f.derived, "was": self.was, "is": self.now,
                "value_was": f.value, "value_is": self.reading.value if self.reading else None, "why": list(self.reasons),
                "flipped": self.flipped,
                "redefined": [{"field": name, "was": was, "is": now} for name, was, now in self.redefined],
                "units": [{"unit": c.unit.code, "name": c.unit.label, "was": c.was.value if c.was else None,
                           "is": c.now.value if c.now else None, "why": list(c.reasons), "sources": list(c.sources)}
                          for c in self.causes]}


@dataclass(frozen=True)
class Turned:
    """A verdict of the diagnosis that came out otherwise then; states are held, not held, insufficient."""

    id: str
    title: str
    was: str
    now: str


@dataclass(frozen=True)
class Revisions:
    """Every printed figure that prints otherwise. `asked` were printed and can be asked again; `gone` cannot be any more;
    `redefined` are the indicators counted otherwise, whether or not their figures changed."""

    asked: int
    figures: tuple[Revised, ...]
    verdicts: tuple[Turned, ...] = ()
    gone: tuple[PrintedFigure, ...] = ()
    redefined: Mapping[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)

    def flipped(self, how: Flip) -> list[Revised]:
        return [f for f in self.figures if f.flipped == how]


def since(printed: Printed, workspace: Workspace, as_of: datetime) -> Revisions:
    """What an issue printed, against what is known by `as_of` under the definitions of today."""
    again = Again(printed.figures, workspace, printed.as_of, as_of, printed.counted)
    return Revisions(again.asked, tuple(again.revised()), tuple(again.turned(printed.unit, printed.period)), again.gone,
                     again.redefined)


def between(first: Printed, second: Printed, workspace: Workspace) -> Revisions:
    """What two printings for the same period say of the same questions; the earlier knowledge stands first."""
    again = Again(first.figures, workspace, first.as_of, second.as_of, first.counted, second.counted)
    texts: dict[tuple[str, ...], PrintedFigure] = {}
    for f in second.figures:
        texts.setdefault(f.key, f)
    return Revisions(again.asked, tuple(again.revised(texts)), tuple(again.turned(first.unit, first.period)), again.gone,
                     again.redefined)


class Again:
    """Figures of one knowledge asked of another: two cubes over the same questions."""

    def __init__(self, figures: Iterable[PrintedFigure], workspace: Workspace, then: datetime, now: datetime,
                 counted_then: Mapping[str, Mapping[str, str]], counted_now: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.workspace, self.then_at, self.now_at = workspace, then, now
        self.counted_then, self.counted_now = counted_then, counted_now
        catalogue, start = workspace.definitions.catalogue, workspace.definitions.campaign.week_start
        kept: dict[tuple[str, ...], PrintedFigure] = {}
        for f in figures:       # a value printed with and without its measure word is one
            if not f.derived or f.derived in AGAIN:
                kept.setdefault(f.key, f)
        self.asked = len(kept)
        self._gone = {k: f for k, f in kept.items() if f.indicator not in catalogue.indicators}
        self.figures = [f for k, f in kept.items() if k not in self._gone]
        self.periods = {f.period: Period(f.period, start) for f in self.figures}

    @property
    def gone(self) -> tuple[PrintedFigure, ...]:
        """Figures whose indicator, unit or form is no longer there. Complete once `revised` was asked."""
        return tuple(self._gone.values())

    @cached_property
    def then(self) -> Cube:
        return self._cube(self.then_at)

    @cached_property
    def now(self) -> Cube:
        return self._cube(self.now_at)

    @cached_property
    def meanwhile(self) -> Meanwhile:
        return Meanwhile(self.then, self.now)

    @cached_property
    def redefined(self) -> dict[str, tuple[tuple[str, str, str], ...]]:
        """Indicator → how it is counted otherwise."""
        found = {}
        for id_ in dict.fromkeys(f.indicator for f in self.figures):
            was = self.counted_then.get(id_)
            is_ = counted(id_, self.workspace.definitions) if self.counted_now is None else self.counted_now.get(id_)
            if was and is_ and fingerprint(was) != fingerprint(is_):
                found[id_] = tuple(differences(was, is_))
        return found

    def revised(self, texts: Mapping[tuple[str, ...], PrintedFigure] | None = None) -> list[Revised]:
        """The figures that print otherwise, in the order they were printed; `texts` are what another printing said."""
        found = []
        for f in self.figures:
            if texts is not None and f.key not in texts:
                continue
            r = self._read(f, self.now)
            if r is None and texts is None:
                self._gone[f.key] = f
                continue
            text = texts[f.key].printed if texts is not None else self._text(f, r)
            if text != f.printed and not (texts is None and self._stands(f, text)):
                found.append(self._revised(f, r, text))
        return found

    def turned(self, unit: str, period: Period) -> list[Turned]:
        """Verdicts on the unit that come out otherwise; by the rules of today, both times."""
        if not self.workspace.definitions.diagnosis.verdicts or self.then_at == self.now_at:
            return []
        code = self.workspace.definitions.campaign.root if unit == "root" else unit
        if any(code not in cube.tree(period) for cube in (self.then, self.now)):
            return []
        pairs = zip(diagnose.outcomes(self.then, code, period), diagnose.outcomes(self.now, code, period), strict=True)
        return [Turned(a.rule.id, a.rule.title, a.state, b.state) for a, b in pairs if a.state != b.state]

    def _stands(self, f: PrintedFigure, text: str) -> bool:
        """Whether nothing moved: the figure was only printed in a shape of its own."""
        old = self._read(f, self.then)
        return (old is not None and _same(old.value, f.value) and self._text(f, old) == text
                and f.indicator not in self.redefined)

    def _revised(self, f: PrintedFigure, r: Reading | None, text: str) -> Revised:
        old = self._read(f, self.then)
        reasons: dict[str, None] = {}
        causes = self._causes(f, r) if r is not None else []
        for cause in causes:
            reasons |= dict.fromkeys(cause.reasons)
        redefined = self.redefined.get(f.indicator, ())
        # What was known then, counted as today: where it is not what was printed, the counting is otherwise.
        if old is None or not _same(old.value, f.value) or self._text(f, old) != f.printed or not reasons:
            reasons[REDEFINED if redefined else RECOMPUTED] = None
        if RECOMPUTED in reasons and len(reasons) > 1:
            del reasons[RECOMPUTED]
        return Revised(f, f.printed, text or NOT_SAID, r, tuple(k for k in REASONS if k in reasons), tuple(causes),
                       redefined if REDEFINED in reasons else (), _flip(f, text))

    def _causes(self, f: PrintedFigure, r: Reading) -> list[Cause]:
        """Of everything the figure rests on; each unit once, the largest difference first."""
        rests: list[Reading | None] = [r]
        match f.derived:
            case "环比":
                rests.append(r.previous())
            case "同比":
                rests.append(r.year_ago())
            case "位次":
                rests = list(compare.peers(r))
            case "前三" | "后三" | "末位":
                rests = list(compare.comparable_children(r))
            case "占比":
                share = compare.share_of(r)
                rests = [share.reading.of(share.of.code) if share else r]
        found: dict[str, Cause] = {}
        for one in rests:
            for cause in self.meanwhile.causes(one) if one is not None else ():
                found.setdefault(cause.unit.code, cause)
        return sorted(found.values(), key=lambda c: (-c.size, c.unit.code))

    def _read(self, f: PrintedFigure, cube: Cube) -> Reading | None:
        form: Any = f.form
        scope: Any = f.scope
        try:
            return read(cube, f.indicator, f.unit, self.periods[f.period], form=form, scope=scope)
        except JianbaoError:
            return None

    def _text(self, f: PrintedFigure, r: Reading | None) -> str:
        """The figure printed again in the shape it had; "" when there is nothing to say now."""
        return "" if r is None else reprinted(f, r, self.workspace)

    def _cube(self, as_of: datetime) -> Cube:
        first = self.workspace.definitions.campaign.starts
        wanted = {q.id: q for p in self.periods.values() for q in (p, p.previous()) if q.ends >= first}
        return Cube(self.workspace, list(wanted.values()), as_of=as_of,
                    indicators=dict.fromkeys(f.indicator for f in self.figures))


def reprinted(f: PrintedFigure, r: Reading, workspace: Workspace) -> str:
    """A printed figure again from a reading, in the shape it had: with or without its measure word, a clause or a cell."""
    from jianbao.brief import braces, exhibits
    from jianbao.brief.figures import Figures

    if not f.derived:
        return printing.printed(r, bare=bool(f.measure) and f.measure not in f.printed)
    clause = re.search(r"[^\d%+.\-（）并列—]", f.printed) is not None
    values: dict[str, Callable[[Reading], Any]] = {"环比": compare.change, "序时": compare.schedule_of,
                                                   "占比": compare.share_of, "位次": _rank_of}
    if f.derived in values and not clause:
        text = exhibits.derived_cell(values[f.derived](r), r, Figures()).text
        return "" if text == "—" else text
    return braces.derived(workspace, f.derived, r)


def _rank_of(r: Reading) -> compare.Rank | None:
    return next((k for k in compare.ranked(compare.peers(r)) if k.reading.unit.code == r.unit.code), None)


def direction(text: str) -> str:
    """up, down or same of a printed comparison; "" for anything else."""
    if re.search(r"增加|提高|^\+|^超", text):
        return "up"
    if re.search(r"减少|下降|^-|^低于", text):
        return "down"
    return "same" if re.search(r"持平|^0\*?$|为0$", text) else ""


def _flip(f: PrintedFigure, now: str) -> Flip:
    if f.derived in ("位次", "前三", "后三", "末位"):
        return "rank"
    was, is_ = direction(f.printed), direction(now)
    return "direction" if f.derived and was and is_ and was != is_ else ""


def _same(a: float | None, b: float | None) -> bool:
    return (a is None) == (b is None) and (a is None or b is None or abs(a - b) <= 1e-9 * max(1.0, abs(a)))


def figure_of(r: Reading, printed: str, derived: str = "") -> PrintedFigure:
    """A reading as if it had been printed."""
    i = r.indicator
    return PrintedFigure(i.id, i.code, i.title.zh, i.unit, r.unit.code, r.unit.label, r.scope, r.period.id, r.form, derived,
                         printed, r.value, r.numerator, r.denominator, r.as_of, "")


def from_cut_off(brief: Brief, before: Period, compared: Sequence[Reading]) -> Revisions:
    """For a period that no issue is remembered of: the figures compared with, as they stood at that period's cut-off."""
    then, workspace = brief.workspace.cut_off(before), brief.workspace
    ids = dict.fromkeys(r.indicator.id for r in compared)
    old = Cube(workspace, [before], as_of=then, indicators=ids)
    was = [read(old, r.indicator.id, r.unit.code, before, form=r.form, scope=r.scope) for r in compared
           if r.unit.code in old.tree(before)]
    figures = [figure_of(r, printing.printed(r)) for r in was if r.value is not None]
    again = Again(figures, workspace, then, brief.as_of, {id_: counted(id_, workspace.definitions) for id_ in ids})
    return Revisions(again.asked, tuple(f for f in again.revised() if f.now != printing.NO_DATA))
