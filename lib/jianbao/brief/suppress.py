"""Small counts about people kept out of the issued copy: 不足5人 for a value below the campaign's threshold. Imports parts,
figures, numbers.

The working paper keeps every value. What is hidden is hidden wherever the issue prints it, with the rates and comparisons
that rest on it; of a table with a total, where one part alone is hidden, the next smallest is hidden too.
Method: docs/methods/small-counts.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jianbao.brief.parts import Chart, Hidden, Part, Prose, Run, Table
from jianbao.definitions.catalogue import Indicator
from jianbao.numbers.made_of import form_of, named
from jianbao.numbers.readings import Reading, read

if TYPE_CHECKING:
    from jianbao.brief.figures import Figures

LEFT_OUT, CELL = "从略", "略"
# What is derived and yet tells no value: names of units, words, and how well others were checked.
_TELLS_NOTHING = frozenset(("前三", "后三", "末位", "断言", "核实", "涉及单位数"))
# Printed counts of their own, not the reading's: how many of its rows are of one age, what was printed before.
_OWN_COUNT = re.compile(r"账龄|同口径.*|已刊.*|提出时")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
Key = tuple[str, str, str, str, str]


def hidden(parts: Iterable[Part], figures: Figures) -> tuple[Hidden, ...]:
    """Which figures the issued copy must not print, and what it prints instead; none without a threshold."""
    printed = figures.readings()
    if not printed or not (least := threshold(printed[0][1])):
        return ()
    known = {id_: r for id_, r, _, derived in printed if not derived}
    tables = [t for part in parts if getattr(part, "face", "issued") == "issued" and (t := _table(part)) is not None]
    keys: set[Key] = set()
    while True:
        found = {id_: _instead(r, said, derived, least, keys) for id_, r, said, derived in printed
                 if _told(r, said, derived, least, keys)}
        more = {key for table in tables for key in _complements(table, known, set(found))} - keys
        if not more:
            return tuple(Hidden(id_, *said) for id_, said in found.items())
        keys |= more


def applied(part: Part, instead: Sequence[Hidden]) -> Part:
    """The part as the issued copy prints it. A chart that draws what is hidden becomes the table behind it."""
    said = {h.figure: h for h in instead}
    match part:
        case Prose():
            return replace(part, runs=tuple(_run(run, said, cell=False) for run in part.runs))
        case Table():
            return _masked(part, said)
        case Chart(data=Table() as data) if any(run.figure in said for row in data.rows for run in row):
            return _masked(replace(data, title=part.title, face=part.face), said)
    return part


def plain(runs: Iterable[Run], figures: Figures) -> str:
    """The text of runs that is printed where no figure can be bound, as in a heading: small counts are hidden at once."""
    known = {id_: (r, said, derived) for id_, r, said, derived in figures.readings()}
    out = []
    for run in runs:
        if run.figure in known:
            r, said, derived = known[run.figure]
            if (least := threshold(r)) and _told(r, said, derived, least, set()):
                run = _run(run, {run.figure: Hidden(run.figure, *_instead(r, said, derived, least, set()))}, cell=False)
        out.append(run.text)
    return "".join(out)


def bound(figures: Figures, r: Reading | None, said: str, derived: str) -> str | None:
    """A figure's id for a text that needs one only because it may have to be hidden; else None."""
    hides = r is not None and threshold(r) and about_people(r.indicator, r.cube.definitions.catalogue)
    return figures.add(r, said, derived) if r is not None and hides else None


def threshold(reading: Reading) -> int:
    return reading.cube.definitions.campaign.thresholds.suppress_below


def about_people(i: Indicator, catalogue: Any) -> bool:
    """Whether it counts people, or is a rate or a difference of counts that do."""
    return i.people or any(catalogue[part].people for part in _parts(i))


def small(r: Reading, least: int) -> bool:
    """Whether the value, or a part of it that counts people, is above nothing and below the threshold."""
    catalogue = r.cube.definitions.catalogue
    if not about_people(r.indicator, catalogue):
        return False
    if r.denominator is not None:
        sides = zip((r.numerator, r.denominator), (r.indicator.numerator, r.indicator.denominator), strict=True)
        return any(_between(value, least) for value, part in sides
                   if r.indicator.people or (isinstance(part, str) and catalogue[part].people))
    if r.indicator.combine is not None:
        return (not r.indicator.is_percent and _between(r.value, least)) or any(_between(x.value, least) for x in _combined(r))
    return _between(r.value, least)


def _between(value: float | None, least: int) -> bool:
    return value is not None and 0 < value < least


def _told(r: Reading, said: str, derived: str, least: int, keys: set[Key]) -> bool:
    """Whether a printed figure would tell a count that is hidden."""
    if derived in _TELLS_NOTHING or not about_people(r.indicator, r.cube.definitions.catalogue):
        return False
    if _OWN_COUNT.fullmatch(derived):
        number = _NUMBER.search(said)
        return _closed(r, least, keys) or (not said.endswith("%") and number is not None and _between(float(number[0]), least))
    rests_on = [r]
    if derived in ("环比", "拉动", "位次变化"):
        rests_on.append(r.previous() or r)
    elif derived == "同比":
        rests_on.append(r.year_ago() or r)
    return any(_closed(x, least, keys) for x in rests_on)


def _closed(r: Reading, least: int, keys: set[Key]) -> bool:
    if small(r, least) or _key(r) in keys:
        return True
    parts = set(_parts(r.indicator))
    return any(k[0] in parts and k[1:3] == (r.unit.code, r.period.id) for k in keys)


def _instead(r: Reading, said: str, derived: str, least: int, keys: set[Key]) -> tuple[str, str]:
    """(in a sentence, in a cell)"""
    if not derived and r.denominator is None and small(r, least) and _between(r.value, least):
        return f"不足{least}{r.indicator.unit}", f"不足{least}"
    clause = derived and re.search(r"[^\d%+.\-（）并列—]", said) and not _OWN_COUNT.fullmatch(derived)
    return f"{derived}{LEFT_OUT}" if clause else LEFT_OUT, CELL


def _complements(table: Table, known: dict[str, Reading], told: set[str]) -> Iterator[Key]:
    """Where one part alone of a printed total is hidden, it could be had by subtraction."""
    for j in range(len(table.columns)):
        cells = [(i in table.total_rows, run.figure) for i, row in enumerate(table.rows) if (run := row[j]).figure in known]
        whole = [f for total, f in cells if total and f not in told]
        parts = [f for total, f in cells if not total and f is not None]
        if not whole or sum(f in told for f in parts) != 1 or known[parts[0]].denominator is not None:
            continue
        rest = sorted((known[f] for f in parts if f not in told), key=lambda r: (not r.value, r.value or 0.0))
        yield _key(rest[0] if rest else known[str(whole[0])])


def _key(r: Reading) -> Key:
    return r.indicator.id, r.unit.code, r.period.id, r.form, r.scope


def _parts(i: Indicator) -> list[str]:
    return [p for p in (i.numerator, i.denominator) if isinstance(p, str)] + [m.indicator for m in named(i)]


def _combined(r: Reading) -> Iterator[Reading]:
    """The readings of people that a `combine:` is made from."""
    cube = r.cube
    for m in named(r.indicator):
        other, then = cube.definitions.catalogue[m.indicator], m.of(r.period)
        if other.people and then.ends >= cube.definitions.campaign.starts and r.unit.code in cube.tree(then):
            yield read(cube, other.id, r.unit.code, then, form=form_of(m, other, r.form), scope=r.scope)


def _table(part: Part) -> Table | None:
    return part if isinstance(part, Table) else part.data if isinstance(part, Chart) else None


def _run(run: Run, said: dict[str, Hidden], *, cell: bool) -> Run:
    h = said.get(run.figure or "")
    if h is None:
        return run
    measure = h.text.removeprefix(h.cell)       # 人 of 不足5人
    if h.text.startswith(h.cell) and h.cell != CELL:
        return replace(run, text=h.text if run.text.endswith(measure) else h.cell)
    return replace(run, text=h.cell if cell else h.text)


def _masked(table: Table, said: dict[str, Hidden]) -> Table:
    rows = tuple(tuple(_run(run, said, cell=True) for run in row) for row in table.rows)
    marks = dict.fromkeys(run.text if run.text == CELL else h.cell for row in rows for run in row
                          if (h := said.get(run.figure or "")) is not None)
    if not marks:
        return table
    note = f"标{''.join(f'“{mark}”' for mark in sorted(marks))}的数涉及的人少，不公布。"
    return replace(table, rows=rows, notes=(*table.notes, note))
