"""What spot checks say beside a figure: 抽查20件、核实率95%, or 待核实. Imports printing, numbers."""

from __future__ import annotations

from collections.abc import Iterable

from jianbao.brief.printing import percent
from jianbao.errors import BriefError
from jianbao.numbers.readings import Reading
from jianbao.numbers.sample import Checked, checked

PENDING, MARK = "待核实", "※"


def clause(reading: Reading) -> str:
    """抽查20件、核实率95% | 待核实 below the floor | nothing where no check was due and none was made.

    Raises BriefError for a figure that nothing is drawn from.
    """
    if reading.cube.definitions.sampling.figure_of(reading.indicator.id) is None:
        raise BriefError(f"{reading.indicator.title.zh} ({reading.indicator.id}) has no spot checks: params/sample.yml draws "
                         "nothing from it. Name it there below `of:`, or as `also` of a figure that is drawn from.")
    found = checked(reading)
    if found is None:
        return ""
    return PENDING if found.state == "pending" else said(found)


def said(found: Checked) -> str:
    rate = percent(found.verified.value or 0.0, found.verified).replace(".0%", "%")
    return f"抽查{found.checked.value:.0f}件、核实率{rate}"


def mark(reading: Reading) -> str:
    """※ behind a figure in a table that is below the floor, else nothing."""
    found = checked(reading)
    return MARK if found is not None and found.state == "pending" else ""


def note(readings: Iterable[Reading]) -> list[str]:
    """What ※ means, when any of these readings carries it."""
    for r in readings:
        if mark(r):
            floor = r.cube.definitions.sampling.floor
            return [f"带{MARK}的待核实：应抽查的还没有查够，或核实率低于{floor.rate:.0%}。"]
    return []
