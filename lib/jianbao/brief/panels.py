"""Charts of many figures at once: heat map, small multiples, ageing of open items. Imports charts, captions, printing, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from jianbao.brief import charts
from jianbao.brief.captions import heading, left_out, nothing, refuse_activity
from jianbao.brief.figures import Figures
from jianbao.brief.parts import Chart, Column, Prose, Run, Table
from jianbao.brief.printing import is_missing, names, percent, printed, schedule_clause, spread
from jianbao.errors import BriefError, unknown
from jianbao.numbers.compare import completion, rankable, schedule_of
from jianbao.numbers.readings import Reading, Readings, ledger_of

AGES = (30, 60, 90)     # days
OVERDUE = (7, 30)


# Units × indicators

def heatmap(readings: Readings, figures: Figures, *, title: str = "") -> Chart | Prose:
    """Units in rows, indicators in columns, the value in each cell; the darker, the further behind.

    Behind its target, or, where none is set, behind the best of the units shown. What is missing is hatched and neither
    dark nor white. Raises BriefError for activities: colouring them would rank them.
    """
    for i in readings.indicators:
        refuse_activity(i, "heat map")
    lags = {(r.unit.code, r.indicator.id): lag for i in readings.indicators for r, lag in _lags(readings.only(i.id))}
    if all(lag is None for lag in lags.values()):
        return nothing(title or "各项指标")
    at = {(r.unit.code, r.indicator.id): r for r in readings}
    units, indicators = readings.units, readings.indicators
    dark = [[lags.get((u.code, i.id)) for i in indicators] for u in units]
    texts = [[_cell(at.get((u.code, i.id))) for i in indicators] for u in units]
    heads = [i.title.zh if i.is_percent else heading(i) for i in indicators]
    svg, png = charts.heat([u.label for u in units], heads, dark, texts)
    data = Table(title=title or "各单位各项指标", columns=(Column("单位"), *(Column(heading(i), "right") for i in indicators)),
                 rows=tuple((Run(u.label), *(_figure(at.get((u.code, i.id)), figures) for i in indicators)) for u in units))
    targets = readings[0].cube.definitions.targets
    peers = [i.title.zh for i in indicators if i.id not in targets]
    how = "颜色越深，离目标越远" + (f"；{'、'.join(peers)}没有目标，与表中各单位比，颜色越深越靠后" if peers else "") + "。"
    if len(peers) == len(indicators):
        how = "与图中各单位比，颜色越深越靠后。"
    missing = sum(v is None for line in dark for v in line)
    return Chart(title=title or "各单位各项指标", alt=_heat_found(readings, lags), data=data, svg=svg, png=png,
                 notes=(how, *(["斜纹为未报、报送不足或无从计算，不作零计，不作比较。"] if missing else [])))


def _lags(readings: Sequence[Reading]) -> list[tuple[Reading, float | None]]:
    """How far each is behind, 0 to 1; None where the value may not be compared."""
    kept = [r for r in readings if rankable(r)]
    done = {r.unit.code: completion(r) for r in kept}
    if kept and all(d is not None for d in done.values()) and kept[0].indicator.better == "higher":
        behind = {r.unit.code: min(max(1 - (done[r.unit.code] or 0.0), 0.0), 1.0) for r in kept}
    else:
        values = [r.value or 0.0 for r in kept]
        low, high = min(values, default=0.0), max(values, default=0.0)
        best = high if kept and kept[0].indicator.better == "higher" else low
        # One item more is no gulf: counts that differ by little are all pale.
        least = 0.0 if not kept or kept[0].indicator.is_percent else kept[0].cube.definitions.campaign.thresholds.small_base
        span = max(high - low, least)
        behind = {r.unit.code: abs((r.value or 0.0) - best) / span if span else 0.0 for r in kept}
    return [(r, behind.get(r.unit.code)) for r in readings]


def _heat_found(readings: Readings, lags: Mapping[tuple[str, str], float | None]) -> str:
    units, indicators = readings.units, readings.indicators
    known = {key: lag for key, lag in lags.items() if lag is not None}
    missing = len(lags) - len(known)
    gone = f"；{missing}处未报、报送不足或无从计算" if missing else ""
    head = f"{len(units)}个单位、{len(indicators)}项指标（{'、'.join(i.title.zh for i in indicators)}）"
    if len(units) == 1:
        last = max(known, key=lambda k: known[k])
        worst = next(r for r in readings if (r.unit.code, r.indicator.id) == last)
        return f"{head}：最弱的是{worst.indicator.title.zh}，{printed(worst)}{gone}。"
    most = max(known.values())
    if most <= 0:
        return f"{head}：没有单位落后{gone}。"
    worst_cells = [r for r in readings if known.get((r.unit.code, r.indicator.id), -1.0) == most]
    means = {u.code: sum(v) / len(v) for u in units
             if (v := [known[u.code, i.id] for i in indicators if (u.code, i.id) in known])}
    by_mean = [u for u in units if u.code in means]
    weakest = [u for u in by_mean if means[u.code] == max(means.values())]
    strongest = [u for u in by_mean if means[u.code] == min(means.values())]
    cells = "、".join(f"{r.unit.label}的{r.indicator.title.zh}（{printed(r)}）" for r in worst_cells[:3])
    said = f"{head}：差距最大的是{cells}{'等' if len(worst_cells) > 3 else ''}"
    if len(indicators) > 1 and len(weakest) < len(by_mean):
        said += f"；总的看，{names(weakest)}落后最多，{names(strongest)}最好"
    return f"{said}{gone}。"


def _cell(r: Reading | None) -> str:
    if r is None:
        return "—"
    if r.value is None:
        return "未报" if r.due and not r.filed else "—"
    return printed(r, bare=True)


def _figure(r: Reading | None, figures: Figures) -> Run:
    return Run(_cell(r)) if r is None or r.value is None else Run(_cell(r), figures.add(r, printed(r)))


# One small line per unit

def multiples(lines: Sequence[Sequence[Reading | None]], figures: Figures, *, labels: Sequence[str],
              title: str = "") -> Chart | Prose:
    """One small line per unit over the same periods, all on one scale, against the schedule where there is one.

    `lines`: a unit's readings, oldest first, None where it was not there yet. A period without data is a gap.
    """
    kept = [[r for r in line if r is not None] for line in lines]
    kept = [line for line in kept if any(r.value is not None for r in line)]
    if not kept:
        return nothing(title or "分单位走势")
    drawn = [line for line in lines if any(r is not None and r.value is not None for r in line)]
    i = kept[0][0].indicator
    schedule, behind = _schedule(drawn, len(labels))
    values = [[None if r is None else r.value for r in line] for line in drawn]
    last = [next(r for r in reversed(line) if r.value is not None) for line in kept]
    units = [line[0].unit for line in kept]
    svg, png = charts.multiples([u.label for u in units], values, [printed(r, bare=True) for r in last], first=labels[0],
                                last=labels[-1], schedule=schedule, behind=behind, schedule_label="序时进度")
    data = Table(title=f"{i.title.zh}分单位、分期", columns=(Column("单位"), *(Column(label, "right") for label in labels)),
                 rows=tuple((Run(u.label), *(_figure(r, figures) for r in line)) for u, line in zip(units, drawn, strict=True)))
    children = [line[-1] for line in lines if line and line[-1] is not None]
    notes = (*(["红字、空心点为本期低于序时进度的单位。"] if any(behind) else []),
             *left_out([r for r in children if r is not None], [r for r in last if rankable(r)], "不作比较"))
    return Chart(title=title or f"{i.title.zh}分单位走势", alt=_multiples_found(kept, last, behind, len(labels)), data=data,
                 svg=svg, png=png, notes=notes if i.is_percent else (f"单位：{i.unit}；各图纵轴相同。", *notes))


def _schedule(lines: Sequence[Sequence[Reading | None]], count: int) -> tuple[list[float], list[bool]]:
    """The dashed line, and who is below it at the end; both empty for a figure without a schedule."""
    ends = [line[-1] for line in lines]
    first = next((r for r in ends if r is not None and schedule_of(r) is not None), None)
    if first is None or not first.indicator.is_percent or completion(first) is None:
        return [], []
    periods = next(line for line in lines if line[-1] is first)
    at = [r.period if r is not None else None for r in periods]
    dashed = [first.cube.elapsed(first.indicator, p) if p is not None else float("nan") for p in at]
    late = [r is not None and rankable(r) and schedule_clause(schedule_of(r)).startswith("低于") for r in ends]
    return dashed, late


def _multiples_found(lines: Sequence[Sequence[Reading]], last: Sequence[Reading], behind: Sequence[bool], count: int) -> str:
    i = last[0].indicator
    steps = [(end, (end.value or 0.0) - (begin.value or 0.0), begin) for line, end in zip(lines, last, strict=True)
             if rankable(end) and (begin := next(r for r in line if r.value is not None)) is not end]
    said = f"{i.title.zh}（{last[0].form}）近{count}期，{len(last)}个单位"
    if behind:
        late = [r.unit for r, b in zip(last, behind, strict=True) if b]
        line = schedule_of(last[-1])
        until = f"（{percent(line.elapsed, last[-1])}）" if line is not None else ""
        said += f"：本期低于序时进度{until}的{len(late)}个，{names(late)}" if late else f"：本期均不低于序时进度{until}"
    if steps and i.ranked:
        falling = i.better == "lower"
        end, _, begin = max(steps, key=lambda s: -s[1] if falling else s[1])
        least = min(steps, key=lambda s: -s[1] if falling else s[1])
        joint = "；" if behind else "："
        said += f"{joint}{'降' if falling else '升'}幅最大的是{end.unit.label}，由{printed(begin)}到{printed(end)}"
        if least[0] is not end:
            said += f"，最小的是{least[0].unit.label}，{_step(least[0], least[1])}"
    elif not behind:
        moved = [sum(s > 0 for _, s, _ in steps), sum(s < 0 for _, s, _ in steps)]
        counts = zip(("增加", "减少", "持平"), (*moved, len(steps) - sum(moved)), strict=True)
        said += f"：与各自首期相比，{'，'.join(f'{word}的{n}个' for word, n in counts if n) or '没有可比的'}"
    return said + "。"


def _step(r: Reading, step: float) -> str:
    size = spread(abs(step), r, signed=False, word=True)
    return "没有变化" if abs(step) < 1e-12 else f"{'提高' if step > 0 else '下降'}{size}" if r.indicator.is_percent else (
        f"{'增加' if step > 0 else '减少'}{size}")


# How old is what is open

def ageing(reading: Reading, figures: Figures, *, state: str, since: str = "", due: str = "",
           bounds: Sequence[int] = (), title: str = "") -> Chart | Prose:
    """The rows behind a figure by age at the period's end, stacked by the column `state`.

    Age counts from the column `since` (default: the date by which the figure counts an item in, else the ledger's);
    with `due` instead, items are laid out by how far they are past that date. `bounds` are days. A note when nothing is
    open; rows without the date stand in a bucket of their own.
    """
    name = ledger_of(reading.indicator, reading.cube)
    assert name is not None
    ledger = reading.cube.definitions.ledgers[name]
    column = due or since or _date_column(reading, ledger)
    for wanted in (column, state):
        if wanted not in ledger.columns:
            raise unknown("column", wanted, ledger.columns)
    if ledger.columns[column].type not in ("date", "datetime"):
        raise BriefError(f"{column} of {ledger.title} is of type {ledger.columns[column].type}, so it has no age.")
    if not reading.value:
        return nothing(title or reading.indicator.title.zh)
    frame = _with_column(reading, (column, state))
    bounds = tuple(bounds) or (OVERDUE if due else AGES)
    buckets = _overdue_names(bounds) if due else _age_names(bounds)
    counts: dict[str, list[int]] = {}
    for day, said in frame:
        key = said or "（空）"
        counts.setdefault(key, [0] * (len(buckets) + 1))
        counts[key][_bucket(day, reading.period.ends, bounds, overdue=bool(due), of=len(buckets))] += 1
    if any(line[-1] for line in counts.values()):
        buckets = [*buckets, "无日期"]
    order = [*ledger.columns[state].codes, *sorted(set(counts) - set(ledger.columns[state].codes))]
    series = [(s, [float(n) for n in counts[s][:len(buckets)]]) for s in order if s in counts]
    svg, png = charts.stacks(buckets, series, unit=f"单位：{reading.indicator.unit}")
    sums = [int(sum(values[k] for _, values in series)) for k in range(len(buckets))]

    def run(n: int) -> Run:
        return Run(str(n), figures.add(reading, f"{n}{reading.indicator.unit}", "账龄"))

    data = Table(title=f"{reading.indicator.title.zh}账龄", columns=(
        Column("超期" if due else "账龄"), *(Column(s, "right") for s, _ in series), Column("合计", "right")),
        rows=tuple((Run(b), *(run(int(values[k])) for _, values in series), run(sums[k])) for k, b in enumerate(buckets)))
    return Chart(title=title or f"{reading.indicator.title.zh}{'超期情况' if due else '账龄'}",
                 alt=_age_found(reading, buckets, sums, series, bool(due), ledger.columns[column].title), data=data, svg=svg,
                 png=png, notes=(f"按{ledger.columns[column].title}计，截至{reading.period.ends.month}月{reading.period.ends.day}日。",))


def _age_found(reading: Reading, buckets: Sequence[str], sums: Sequence[int], series: Sequence[tuple[str, Sequence[float]]],
               overdue: bool, column: str) -> str:
    word, total = reading.indicator.unit, sum(sums)
    dated = [k for k, b in enumerate(buckets) if b != "无日期"]
    said = f"{reading.indicator.title.zh}{total}{word}"
    oldest = max((k for k in dated if sums[k]), default=None)
    if overdue:
        late = sum(sums[k] for k in dated[1:])
        said += f"：超期{late}{word}，占{percent(late / total, reading)}" if late else "：没有超期的"
        if late and oldest is not None:
            said += f"，其中{buckets[oldest]}的{sums[oldest]}{word}"
    elif oldest is not None:
        said += f"（自{column}起）：{buckets[oldest]}的{sums[oldest]}{word}，占{percent(sums[oldest] / total, reading)}"
        most = max(dated, key=lambda k: sums[k])
        if most != oldest:
            said += f"；最多的是{buckets[most]}，{sums[most]}{word}"
    if len(series) > 1 and oldest is not None and not (overdue and oldest == 0):
        name, values = max(series, key=lambda s: s[1][oldest])
        said += f"；{buckets[oldest]}的以{name}为多，{values[oldest]:.0f}{word}"
    return said + (f"；{sums[-1]}{word}没有日期" if buckets[-1] == "无日期" else "") + "。"


def _date_column(reading: Reading, ledger: Any) -> str:
    entered = (reading.indicator.enter or "").strip()
    column = entered if entered in ledger.columns else ledger.date
    if not column:
        raise BriefError(f"ageing: {ledger.title} has no date. Say since: the column from which age counts.")
    return str(column)


def _with_column(reading: Reading, columns: tuple[str, str]) -> list[tuple[date | None, str]]:
    """(day, state) of the rows behind a reading. Raises BriefError when the office's column is not among them."""
    frame = reading.rows()
    for c in columns:
        if c not in frame:
            raise BriefError(f"ageing: the rows of {reading.indicator.title.zh} do not carry {c}, which the office decides. "
                             "Name a column the units file, or one the figure's own definition uses.")
    return [(None if is_missing(day) else _day(day), "" if is_missing(state) else str(state))
            for day, state in zip(frame[columns[0]], frame[columns[1]], strict=True)]


def _day(value: Any) -> date:
    day = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return day.date() if isinstance(day, datetime) else day


def _age_names(bounds: Sequence[int]) -> list[str]:
    middle = [f"{low + 1}—{high}天" for low, high in pairwise(bounds)]
    return [f"{bounds[0]}天以内", *middle, f"{bounds[-1]}天以上"]


def _overdue_names(bounds: Sequence[int]) -> list[str]:
    middle = [f"超期{low + 1}—{high}天" for low, high in zip((0, *bounds), bounds, strict=False)]
    return ["未超期", *middle, f"超期{bounds[-1]}天以上"]


def _bucket(day: date | None, on: date, bounds: Sequence[int], *, overdue: bool, of: int) -> int:
    if day is None:
        return of
    age = (on - day).days
    if overdue and age <= 0:
        return 0
    return sum(age > b for b in bounds) + (1 if overdue else 0)
