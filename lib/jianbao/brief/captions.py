"""What stands around a chart: its heads and measures, who is left out; and what may be charted at all. Imports parts, printing."""

from __future__ import annotations

from collections.abc import Sequence

from jianbao.brief.parts import Prose, Run
from jianbao.brief.printing import NO_DATA, names
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.period import Period
from jianbao.errors import BriefError
from jianbao.numbers.readings import Reading


def refuse_activity(i: Indicator, what: str) -> None:
    """Raises BriefError when a chart would put units in order, or colour them, by an activity."""
    if not i.ranked:
        raise BriefError(f"{what}: {i.title.zh} ({i.id}) is of nature {i.nature}"
                         + ("" if i.nature in ("activity", "handling") else " and does not say which way is better")
                         + ": such figures are not ranked. Chart a coverage or a result whose `better` is said, or use brief.trend.")


def nothing(title: str) -> Prose:
    return Prose((Run(f"{title}：{NO_DATA}，图略。"),), role="note")


def heading(i: Indicator) -> str:
    return f"{i.title.zh}（{i.unit}）"


def measure(i: Indicator) -> str:
    """单位：个; percentages carry their sign."""
    return "" if i.is_percent else f"单位：{i.unit}"


def children_word(readings: Sequence[Reading]) -> str:
    kinds = {r.unit.org_type for r in readings}
    return f"各{kinds.pop()}" if len(kinds) == 1 else "各单位"


def left_out(children: Sequence[Reading], kept: Sequence[Reading], so: str = "不列入") -> list[str]:
    """Who is not drawn: named, never as zero and never as the last."""
    inside = {r.unit.code for r in kept}
    out = [r.unit for r in children if r.unit.code not in inside]
    return [f"{names(out)}未报、报送不足或无从计算，{so}。"] if out else []


def short(period: Period) -> str:
    """10.16—10.22 for a week, else the label without its year."""
    if period.kind == "week":
        return f"{period.starts.month}.{period.starts.day}—{period.ends.month}.{period.ends.day}"
    return period.label.removeprefix(f"{period.starts.year}年") or period.label
