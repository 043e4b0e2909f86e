"""What jianbao raises, each with the place, the problem and the way out. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class JianbaoError(Exception):
    """Anything the person at the keyboard can put right. The command line prints it as one line and exits 2."""


class DefinitionError(JianbaoError):
    """A file in `params/` or a master workbook says something that cannot be meant."""


class UnknownName(JianbaoError):
    """A period, unit, indicator, ledger or parameter that does not exist."""


class WorkbookError(JianbaoError):
    """A file that cannot be read as a workbook at all. Becomes a finding; never stops a receive."""

    def __init__(self, rule: str, message: str, remedy: str) -> None:
        super().__init__(f"{message} {remedy}")
        self.rule, self.message, self.remedy = rule, message, remedy


class StoreError(JianbaoError):
    """The store is locked, of another version, or disagrees with itself."""


class BriefError(JianbaoError):
    """A sentence, table or chart that asks for what is not there. Names the brace."""


class PublishError(JianbaoError):
    """An issue that could not be made."""


def suggestions(name: str, known: Iterable[str]) -> list[str]:
    """At most three of `known` that `name` may have meant."""
    return get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownName:
    """`unknown("unit", "C31", units)` → "no unit C31. Did you mean: C03, C13?" """
    known = list(known)
    near = suggestions(name, known)
    hint = f" Did you mean: {', '.join(near)}?" if near else f" There are {len(known)}." if len(known) > 12 else (
        f" Known: {', '.join(sorted(known))}." if known else "")
    return UnknownName(f"no {what} {name!r}.{hint}")
