"""Totals a source published, beside the sums of their parts. Imports readings, definitions.

Neither is corrected by the other: the difference is shown, and is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jianbao.definitions.finding import Finding
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, ledger_of, read


@dataclass(frozen=True)
class Gap:
    """A published total and the sum of its parts, of one unit and period."""

    reported: Reading
    parts: Reading

    @property
    def difference(self) -> float:
        """Published less summed: above zero when the parts lag."""
        return (self.reported.value or 0.0) - (self.parts.value or 0.0)

    @property
    def agrees(self) -> bool:
        return abs(self.difference) < 1e-9


def gap_of(reading: Reading) -> Gap | None:
    """差额 of the question a reading asks, whatever its scope. None when either side is unknown, or parts do not add up."""
    if not reading.indicator.allows("subtree"):
        return None

    def scoped(scope: str) -> Reading:
        return read(reading.cube, reading.indicator.id, reading.unit.code, reading.period, form=reading.form,
                    scope="reported" if scope == "reported" else "subtree")

    gap = Gap(scoped("reported"), scoped("subtree"))
    return gap if gap.reported.value is not None and gap.parts.value is not None else None


def gaps(cube: Cube, indicators: Iterable[str], units: Iterable[str], period: Period) -> list[Gap]:
    """One for each unit and indicator where both sides are known."""
    units = list(units)
    found = (gap_of(read(cube, i, u, period, scope="reported")) for i in indicators for u in units)
    return [gap for gap in found if gap is not None]


def findings(cube: Cube, unit: str, period: Period) -> list[Finding]:
    """A warning for each published total, at the unit and below it, that is not the sum of its parts."""
    tree = cube.tree(period)
    units = [u.code for u in tree.subtree(unit) if tree.children(u.code)]
    return [_finding(gap) for gap in gaps(cube, _published(cube), units, period) if not gap.agrees]


def _published(cube: Cube) -> Iterator[str]:
    """Indicators whose rows are counts a source publishes with totals of its own."""
    ledgers = cube.definitions.ledgers
    for i in cube.definitions.catalogue:
        if i.ledger is not None and ledgers[i.ledger].totals == "reported" and i.aggregate[0] == "sum":
            yield i.id


def _finding(gap: Gap) -> Finding:
    r, i = gap.reported, gap.reported.indicator
    ledger = ledger_of(i, r.cube) or ""
    return Finding("warning", "reported-total",
                   f"“{i.title.zh}”公布数{_plain(r.value)}{i.unit}，分项合计{_plain(gap.parts.value)}{i.unit}，"
                   f"相差{gap.difference:+.12g}{i.unit}。",
                   "两数并列，请与来源核对。", unit=r.unit.code, ledger=ledger,
                   column=i.id, value=_plain(r.value), period=r.period.id)


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
