"""Weak spots: results and coverage behind schedule or far from their peers, and whether a last place is sure. Imports compare.

Activity and handling are never weak: only what `better` is said of and what may be ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from jianbao.numbers.compare import rankable, ranked, schedule_of
from jianbao.numbers.readings import Reading

CONSISTENT = 0.6745         # of a normal: median absolute deviation ÷ standard deviation
MEAN_CONSISTENT = 1.2533    # standard deviation ÷ mean absolute deviation, when over half are equal


@dataclass(frozen=True)
class Weak:
    """A figure that is behind. By schedule `gap` is progress less elapsed; by peers `score` is the robust distance from
    their median, in standard deviations, negative when worse."""

    reading: Reading
    why: Literal["schedule", "peers"]
    gap: float
    score: float | None = None
    middle: float | None = None
    peers: int = 0


@dataclass(frozen=True)
class Last:
    """The worst of some readings and whether it stays the worst. `doubts` say what could change it; empty: it stands."""

    reading: Reading
    doubts: tuple[str, ...]

    @property
    def sure(self) -> bool:
        return not self.doubts


def weak_spots(readings: Iterable[Reading], *, behind: float, distance: float, peers: int, small_base: float) -> list[Weak]:
    """What of the readings is weak, worst first within each reason: schedule, then peers.

    Peers are the readings of the same indicator and org type. Fewer than `peers` are not compared; a rate over fewer than
    `small_base` is not judged, nor is one closer to the median than `behind`; units with too few filings are left out.
    Method: docs/methods/weak-spots.md
    """
    kept = [r for r in readings if r.indicator.ranked and rankable(r) and (r.denominator is None or r.denominator >= small_base)]
    late = [Weak(r, "schedule", s.gap) for r in kept if r.indicator.id in r.cube.definitions.targets
            and r.indicator.better == "higher" and (s := schedule_of(r)) is not None and s.gap < -behind]
    groups: dict[tuple[str, str], list[Reading]] = {}
    for r in kept:
        groups.setdefault((r.indicator.id, r.unit.org_type), []).append(r)
    far = []
    for group in groups.values():
        if len(group) >= peers:
            middle = median(_value(r) for r in group)
            far += [Weak(r, "peers", _value(r) - middle, score, middle, len(group))
                    for r, score in zip(group, scores([_value(r) for r in group], group[0].indicator.better), strict=True)
                    if score is not None and score <= -distance
                    and not (r.indicator.is_percent and abs(_value(r) - middle) < behind)]
    return [*sorted(late, key=lambda w: w.gap), *sorted(far, key=lambda w: w.score or 0.0)]


def scores(values: Sequence[float], better: str = "higher") -> list[float | None]:
    """The robust distance of each value from the median (Iglewicz and Hoaglin's modified z); above zero is better.

    None for all when all are equal: nothing stands out.
    """
    middle = median(values)
    off = [abs(v - middle) for v in values]
    width = median(off) / CONSISTENT or MEAN_CONSISTENT * sum(off) / len(off)
    sign = -1 if better == "lower" else 1
    return [sign * (v - middle) / width if width else None for v in values]


def robust_last(readings: Iterable[Reading]) -> Last | None:
    """The worst of the readings, and what could make it not the worst. None when there are not two that may be ranked.

    It must survive whoever is not ranked for want of filings, its own missing filings at their best against the next
    one's at their worst, equals, and a base so small that one case more and one less would turn the order.
    Method: docs/methods/rank-robustness.md
    """
    everybody = list(readings)
    order = ranked(everybody)
    if len(order) < 2:
        return None
    worst, rest = order[-1], order[:-1]
    r, doubts = worst.reading, []
    if worst.tied:
        doubts.append(f"与{'、'.join(u.label for u in worst.tied)}并列")
    placed = {k.reading.unit.code for k in order}
    if out := [x.unit.label for x in everybody if x.unit.code not in placed]:
        doubts.append(f"{'、'.join(out)}未参加排位，可能更低")
    if not worst.tied:
        others = [k.reading for k in rest]
        if not all(_worse(_best(r), _worst(o), r) for o in others) and (r.filed < r.due or any(o.filed < o.due for o in others)):
            doubts.append("未报的按最好、其他单位未报的按最差补上，可能不是末位")
        if not all(_worse(_moved(r, 1), _moved(o, -1), r) for o in others):
            doubts.append("基数小，各差一件位次就会变")
    return Last(r, tuple(doubts))


def _best(r: Reading) -> float:
    return _filled(r, best=True)


def _worst(r: Reading) -> float:
    return _filled(r, best=False)


def _filled(r: Reading, *, best: bool) -> float:
    """The value if those who have not filed had filed the best, or the worst: a rate of all or none on a base like the
    others'; a count grown by their share, or unchanged."""
    value = _value(r)
    if not r.due or r.filed >= r.due or not r.filed:
        return value
    share = r.filed / r.due
    high = best == (r.indicator.better == "higher")
    if r.denominator is None:
        return value / share if high else value
    return value * share + ((1 - share) if high else 0.0)


def _moved(r: Reading, by: int) -> float:
    """A rate with one case more on its good side (1), or one less (-1), within 0 and all; anything else as it is."""
    if r.denominator is None or r.numerator is None or not r.indicator.is_percent:
        return _value(r)
    step = by if r.indicator.better == "higher" else -by
    return min(max(r.numerator + step, 0.0), r.denominator) / r.denominator


def _worse(a: float, b: float, r: Reading) -> bool:
    return a < b - 1e-12 if r.indicator.better == "higher" else a > b + 1e-12


def _value(r: Reading) -> float:
    assert r.value is not None
    return r.value
