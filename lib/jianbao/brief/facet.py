"""One side of Brief, kept in a module of its own: what it can tell of a subject. Imports nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief


class Facet:
    """Mixed into Brief; its methods speak for `_brief`, the whole of it."""

    @property
    def _brief(self) -> Brief:
        return cast("Brief", self)
