"""A reading: one indicator of one unit for one period, with the question it answers. Imports cube, query, definitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jianbao.definitions.catalogue import Form, Indicator, Measure
from jianbao.definitions.expressions import literal
from jianbao.definitions.period import Period
from jianbao.definitions.register import Unit
from jianbao.numbers import query
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.links import PREFIX
from jianbao.numbers.made_of import made_of, named
from jianbao.numbers.openings import LEDGER as OPENINGS
from jianbao.numbers.pairing import text
from jianbao.store.corrected import Edit

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Reading:
    """`value` in base units (a rate is 0.873, not 87.3), None when nothing is known: missing is never zero.

    due, filed: 应报 and 实报 of the ledger behind it, for the unit's subtree; carried: units whose state is of an earlier
    filing (沿用); gaps: filings missing up to the period's end (缺n期). `rows()` asks again without the aggregate.
    """

    indicator: Indicator
    unit: Unit
    scope: Scope
    period: Period
    form: Form
    as_of: datetime
    value: float | None
    numerator: float | None
    denominator: float | None
    n_rows: int
    due: int = 0
    filed: int = 0
    carried: int = 0
    gaps: int = 0
    cube: Cube = field(repr=False, compare=False, kw_only=True)

    def previous(self) -> Reading | None:
        """The same question one period earlier; None before the campaign's first."""
        return self.on(self.period.previous())

    def year_ago(self) -> Reading | None:
        return self.on(self.period.year_ago())

    def on(self, period: Period) -> Reading | None:
        """The same question for another period; None when the campaign or the unit was not there yet."""
        if period.ends < self.cube.definitions.campaign.starts or self.unit.code not in self.cube.tree(period):
            return None
        return read(self.cube, self.indicator.id, self.unit.code, period, form=self.form, scope=self.scope)

    def of(self, unit: str) -> Reading:
        return read(self.cube, self.indicator.id, unit, self.period, form=self.form, scope=self.scope)

    def rows(self, limit: int | None = None) -> pd.DataFrame:
        """The ledger rows behind the number: part, file, sheet, row, unit, date, then the ledger's columns."""
        return rows_of(self, limit)

    def to_json(self) -> dict[str, Any]:
        return {"indicator": self.indicator.id, "code": self.indicator.code, "slot": self.indicator.slot,
                "title": self.indicator.title.zh, "measure": self.indicator.unit, "unit": self.unit.code,
                "scope": self.scope, "period": self.period.id, "form": self.form, "as_of": self.as_of.isoformat(),
                "value": self.value, "numerator": self.numerator, "denominator": self.denominator,
                "n_rows": self.n_rows, "due": self.due, "filed": self.filed}


class Readings(Sequence[Reading]):
    """Readings of one or more indicators for several units, and what was derived from them."""

    def __init__(self, readings: Iterable[Reading], derived: dict[str, list[Any]] | None = None) -> None:
        self._readings = tuple(readings)
        self.derived = dict(derived or {})

    def __len__(self) -> int:
        return len(self._readings)

    def __getitem__(self, at: Any) -> Any:
        return self._readings[at]

    def __iter__(self) -> Iterator[Reading]:
        return iter(self._readings)

    @property
    def units(self) -> tuple[Unit, ...]:
        return tuple({r.unit.code: r.unit for r in self}.values())

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        return tuple({r.indicator.id: r.indicator for r in self}.values())

    def only(self, indicator: str) -> Readings:
        return Readings(r for r in self if indicator in (r.indicator.id, r.indicator.code, r.indicator.title.zh))

    def with_(self, *derive: Callable[[Readings], list[Any]]) -> Readings:
        """With derived columns beside: `with_(compare.on_previous, compare.rank)`. One value per reading."""
        return Readings(self, {**self.derived, **{d.__name__: d(self) for d in derive}})

    def to_pandas(self) -> pd.DataFrame:
        """One row per reading: indicator, code, unit, unit_name, scope, period, form, value, numerator, denominator,
        n_rows, due, filed, then the derived columns."""
        import pandas as pd

        frame = pd.DataFrame([{**r.to_json(), "unit_name": r.unit.label} for r in self])
        for name, values in self.derived.items():
            frame[name] = [str(v) if v is not None else None for v in values]
        return frame

    def _repr_html_(self) -> str:
        return str(self.to_pandas().to_html(index=False, notebook=True))

    def __repr__(self) -> str:
        return f"Readings({len(self)}: {', '.join(i.title.zh for i in self.indicators)} × {len(self.units)} units)"


def read(cube: Cube, indicator: str, unit: str, period: Period, *, form: Form | None = None,
         scope: Scope = "subtree") -> Reading:
    """One reading from a cube."""
    i = cube.definitions.catalogue[indicator]
    form = form or i.default_form
    at = cube.at(unit, period)
    values = cube.values(i.id, form, period, scope)
    due, filed, carried, gaps = _coverage(cube, i, period, at, scope)
    return Reading(
        indicator=i, unit=cube.tree(period).order[at], scope=scope, period=period, form=form, as_of=cube.as_of,
        value=_number(values.value[at]),
        numerator=_number(values.numerator[at]) if values.denominator is not None else None,
        denominator=_number(values.denominator[at]) if values.denominator is not None else None,
        n_rows=int(values.rows[at]), due=due, filed=filed, carried=carried, gaps=gaps, cube=cube)


def readings(cube: Cube, indicators: Iterable[str], units: Iterable[str], period: Period, *, form: Form | None = None,
             scope: Scope = "subtree") -> Readings:
    units = list(units)
    return Readings(read(cube, i, u, period, form=form, scope=scope) for i in indicators for u in units)


def ledger_of(i: Indicator, cube: Cube) -> str | None:
    """The ledger a figure's coverage is told by: its own, or its numerator's, or that of what it is combined from."""
    if i.ledger is not None:
        return i.ledger
    part: Any = i.numerator
    if i.combine:
        part = next((m.indicator for m in named(i)), None)
    if isinstance(part, Measure):
        return part.ledger
    return ledger_of(cube.definitions.catalogue[part], cube) if part else None


def _coverage(cube: Cube, i: Indicator, period: Period, at: int, scope: Scope) -> tuple[int, int, int, int]:
    name = ledger_of(i, cube)
    if name is None or not cube.definitions.ledgers[name].is_filed:
        return 0, 0, 0, 0
    c = cube.coverage(name, period)
    inside = slice(at, cube.tree(period).ends[at] if scope == "subtree" else at + 1)
    return (int(c.due[inside].sum()), int((c.filed & c.due)[inside].sum()),
            int((c.due & c.ever & ~c.filed)[inside].sum()), int(c.gaps[inside].sum()))


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else number


# From a number back to its rows

_LEAD = ("part", "ledger_name", "file", "sheet", "row", "unit", "date", "period")


def asks_of(reading: Reading) -> list[tuple[str, query.Ask]]:
    """(part, ask) for everything a reading counts: its own measure, or its numerator and denominator, or its parts."""
    return made_of(reading.indicator, reading.form, reading.period, reading.cube)


def rows_of(reading: Reading, limit: int | None = None) -> pd.DataFrame:
    import pandas as pd

    frames = [frame for part, ask in asks_of(reading) for frame in _frames(reading, part, ask, limit)]
    if not frames:
        return pd.DataFrame({name: [] for name in _LEAD})
    return pd.concat(frames, ignore_index=True) if len(frames) != 1 else frames[0]


def _frames(reading: Reading, part: str, ask: query.Ask, limit: int | None) -> Iterator[pd.DataFrame]:
    """The rows of one ask, and its opening balances."""
    cube = reading.cube
    assert ask.measure.ledger is not None
    ledger = cube.definitions.ledgers[ask.measure.ledger]
    cube.make_ready(ledger.name, ask.period)
    source = query.source_of(ask, ledger, cube.snapshot, cube.definitions)
    condition = query.condition_of(ask, ledger, cube.definitions)
    join = f"left join {query.register_on([ask.period.ends], cube.snapshot)} u on u.code = r.unit"
    units = _units(reading, ask, ledger.totals == "reported")
    where = [f"({condition})", f"r.unit in ({', '.join(literal(c) for c in units)})" if units else "false"]
    if ask.measure.units_having:
        where += _having(ask, condition, f"{source} r {join}", cube)
    order = {"filings": "r.unit, r.ledger", "calendar": "r.row"}.get(ledger.kind, "r.unit, r.submission, r.row")
    sql = (f"select r.* from {source} r {join} "
           f"where {' and '.join(where)} order by {order}" + (f" limit {limit}" if limit else ""))
    frame = cube.snapshot.connection.sql(sql).df()
    yield _placed(frame.drop(columns=[c for c in frame if c.startswith(PREFIX)]), part, ledger.name, cube)
    if isinstance(ask.measure, Indicator) and reading.scope != "reported":
        import pandas as pd

        rows = cube.openings.rows(ask.measure, ask.form, ask.period.ends)
        if kept := [r for r in rows if r["unit"] in units]:
            yield _placed(pd.DataFrame([{**r, "date": r["on"] or r["date"]} for r in kept[:limit]]), part, OPENINGS, cube)


def _placed(frame: pd.DataFrame, part: str, ledger: str, cube: Cube) -> pd.DataFrame:
    frame.insert(0, "part", part)
    frame.insert(1, "ledger_name", ledger)
    return with_places(frame, cube)


def _having(ask: query.Ask, condition: str, source: str, cube: Cube) -> list[str]:
    """Only units that are counted, and of theirs the rows that show what they have."""
    assert ask.measure.units_having is not None
    all_, none = ([query.expression(x, ask.period, cube.definitions) for x in texts]
                  for texts in (ask.measure.units_having.all, ask.measure.units_having.none))
    having = " and ".join([*(f"bool_or(({condition}) and coalesce({x}, false))" for x in all_),
                           *(f"not bool_or(({condition}) and coalesce({x}, false))" for x in none)])
    shown = [f"(coalesce({' or '.join(all_)}, false))"] if all_ else []
    return [*shown, f"r.unit in (select r.unit from {source} group by r.unit having {having})"]


def _units(reading: Reading, ask: query.Ask, reported: bool) -> list[str]:
    """The units whose rows count in a part of a reading, in the tree of the part's own period."""
    cube, tree, unit = reading.cube, reading.cube.tree(ask.period), reading.unit.code
    if unit not in tree:
        return []
    if reading.scope in ("own", "reported"):
        merged = cube.places.register.predecessors(tree.day).get(unit, ()) if reading.scope == "own" else ()
        return [unit, *merged]
    authority = ask.measure.authority if isinstance(ask.measure, Indicator) else None
    if authority and authority in tree and any(u.code == unit for u in tree.path(authority)[:-1]):
        return [authority]
    within = cube.places.within(unit, tree)
    if reported:
        within = [c for c in within if c not in tree.position or tree.ends[tree.position[c]] == tree.position[c] + 1]
    return within


def with_places(frame: pd.DataFrame, cube: Cube) -> pd.DataFrame:
    """file and sheet in place of the submission's number."""
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    ids = sorted({int(x) for x in frame["submission"].dropna()}) if "submission" in frame else []
    places: dict[int, tuple[str, str]] = {}
    with cube.workspace.store.engine.connect() as c:
        for k in range(0, len(ids), 500):
            for id_, name, sheet in c.execute(
                    select(t.submissions.c.id, t.deliveries.c.name, t.submissions.c.sheet)
                    .join(t.deliveries, t.deliveries.c.id == t.submissions.c.delivery)
                    .where(t.submissions.c.id.in_(ids[k:k + 500]))):
                places[id_] = (name, sheet)
    import pandas as pd

    frame = _with_corrections(frame, cube)
    if "file" in frame:     # what the system keeps knows where it is from
        return frame[[*(c for c in _LEAD if c in frame), *(c for c in frame if c not in _LEAD and c != "submission")]]
    known = ([("", "") if pd.isna(x) else places.get(int(x), ("", "")) for x in frame["submission"]]
             if "submission" in frame else [("", "")] * len(frame))
    if not frame["ledger_name"].eq("filings").any():    # there `filed` is a column of its own
        frame = frame.drop(columns=[c for c in ("submission", "received", "filed") if c in frame])
    frame.insert(2, "file", [k[0] for k in known])
    frame.insert(3, "sheet", [k[1] for k in known])
    lead = [c for c in _LEAD if c in frame]
    return frame[[*lead, *(c for c in frame.columns if c not in lead)]]


def _with_corrections(frame: pd.DataFrame, cube: Cube) -> pd.DataFrame:
    """A column `corrected` where any of the rows was: 天数 12 → 1.2（电话核实）."""
    if "submission" not in frame or not len(frame):
        return frame
    name = str(frame["ledger_name"].iloc[0])
    if not (edits := cube.snapshot.edits(name)):
        return frame
    titles = {n: c.title for n, c in cube.definitions.ledgers[name].columns.items()}
    places = zip(frame["submission"], frame["row"], frame["unit"], strict=True)
    said = ["；".join(_corrected(e, titles) for e in edits.get(place, ())) for place in places]
    return frame.assign(corrected=said) if any(said) else frame


def _corrected(edit: Edit, titles: Mapping[str, str]) -> str:
    c = edit.correction
    changed = "、".join(f"{titles[n]} {text(edit.before[n]) or '空'} → {text(value) or '空'}" for n, value in c.set.items())
    return f"{changed}（{c.reason}{'，待书面' if c.status == '待书面' else ''}）"
