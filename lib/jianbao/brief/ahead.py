"""What a brief says beside its figures: steps ahead and whether the last ones moved, open matters, words of others.

A facet of Brief. Imports advice, carried, returning, voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from jianbao.brief import advice as steps
from jianbao.brief import carried as matters
from jianbao.brief import returning as back
from jianbao.brief import voices as words
from jianbao.brief.facet import Facet
from jianbao.brief.parts import Advised, Face, Part
from jianbao.numbers.advice import Advice


class Ahead(Facet):
    """See Brief."""

    @cached_property
    def advised(self) -> list[Advised]:
        """The suggestions this brief has said so far."""
        return []

    @cached_property
    def followed(self) -> list[Advised]:
        """The suggestions of the issue before that were not yet reached, with how they stand now."""
        return steps.followed(self._brief)

    @cached_property
    def advice(self) -> list[Advice]:
        """Every rule of params/diagnosis.yml that holds for the unit, with whom it concerns; routine ones last in a step."""
        return steps.advised(self._brief)

    def suggestions(self, *, per_step: int = steps.PER_STEP, limit: int | None = None,
                    routine: steps.Routine = "working", sections: bool = False, only: Sequence[str] = ()) -> None:
        """下步建议: a paragraph for each step, the most severe first; evidence, then what to do.

        `per_step` and `limit` (in all) keep the most severe. Where nothing triggers a step, what is routine is said and marked
        常规: in the working paper, in the issued copy, or not at all. `sections` sets the steps as headings of level 2;
        `only` keeps the steps named.
        """
        steps.say(self._brief, per_step=per_step, limit=limit, routine=routine, sections=sections, only=only)

    def worklist(self, *, title: str = "建议落实清单", face: Face = "issued", limit: int | None = None) -> None:
        """The units concerned, by liaison group: value now, who, by when, and what will show success.

        `limit` keeps the worst of each suggestion. Nothing when nobody is concerned.
        """
        if (table := steps.worklist(self._brief, title=title, face=face, limit=limit)) is not None:
            self._brief.show(table)

    def followed_up(self, *, title: str = "上期建议落实情况", face: Face = "issued") -> None:
        """What became of the suggestions of the issue before: a sentence and a table in 红, 黄 and 绿 with their history.

        Nothing when there is no issue before, or all it advised was reached and said so.
        """
        steps.show_followed(self._brief, title=title, face=face)

    def carried(self, *, title: str = "议定和请示事项办理情况", ledger: str = matters.LEDGER, face: Face = "issued") -> None:
        """Decisions and requests still open, those overdue marked, and those closed since the issue before.

        As filed by the period's end and known to the brief. Nothing when there are none.
        """
        matters.show(self._brief, title=title, ledger=ledger, face=face)

    def returned(self, *, title: str = "退回事项办理情况", face: Face = "working", limit: int = 40) -> None:
        """Rows that did not bear a later check twice, and those that the office sent back and awaits: who, why, by when.

        As it stands at the period's end and is known to the brief. Nothing when there are none.
        """
        back.show(self._brief, title=title, face=face, limit=limit)

    def voices(self, kind: str = "", *, ledger: str = words.LEDGER, limit: int = 3) -> None:
        """来稿: the texts the office chose since the issue before, as the units wrote them, set apart from generated prose.

        `kind` is a column of the paper: 做法. Their numbers are bound to nothing, so the working paper lists them.
        """
        words.show(self._brief, ledger=ledger, kind=kind, limit=limit)

    def remark(self, text: str) -> None:
        """按语: the office's own words, marked so. Braces are filled."""
        words.remark(self._brief, text)

    def gaps(self) -> None:
        """For the working paper: the measures of which nothing printed so far gives a number. Put it before sources."""
        steps.show_gaps(self._brief)

    def _remembered(self) -> Part | None:
        return steps.remembered(self._brief)
