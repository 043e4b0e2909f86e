"""Charts of one figure and what each finds: progress, trend, ranking, contributions. Imports charts, captions, printing, numbers.

The alt text is the finding, a sentence computed from what is drawn; the table behind a chart carries every number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from jianbao.brief import charts
from jianbao.brief.captions import children_word, heading, left_out, measure, nothing, refuse_activity
from jianbao.brief.figures import Figures
from jianbao.brief.parts import Chart, Column, Prose, Run, Table
from jianbao.brief.printing import (
    NO_DATA,
    change_cell,
    change_clause,
    exact,
    names,
    percent,
    printed,
    schedule_clause,
    spread,
)
from jianbao.errors import BriefError
from jianbao.numbers.compare import Change, Rank, Schedule, Withheld, change, comparable_children, rankable, ranked, schedule_of
from jianbao.numbers.readings import Reading

SHOWN = 20      # more bars than that do not fit on a page
T = TypeVar("T")


def progress(reading: Reading, figures: Figures, *, title: str = "") -> Chart | Prose:
    """Each comparable child's rate against 序时, best on top. Short ones are hatched, so it reads in black and white.

    A note instead when no child has a value yet: a first period must not fail. Raises BriefError for an activity.
    """
    i = reading.indicator
    refuse_activity(i, "progress")
    children = comparable_children(reading)
    kept = [(r, s) for r in children if rankable(r) and (s := schedule_of(r)) is not None]
    whole = schedule_of(reading)
    if not kept or whole is None:
        return nothing(title or i.title.zh)
    pairs = sorted(kept, key=lambda p: -p[1].progress)
    shown = _ends(pairs, SHOWN)
    line = percent(whole.elapsed, reading)
    texts = {r.unit.code: percent(s.progress, r) for r, s in pairs}
    behind = [r for r, s in pairs if _behind(s)]
    svg, png = charts.bars([r.unit.label for r, _ in shown], [s.progress for _, s in shown],
                           [texts[r.unit.code] for r, _ in shown], line=whole.elapsed, line_label=f"序时{line}",
                           behind=[_behind(s) for _, s in shown], aside=[spread(s.gap, r) for r, s in shown],
                           aside_title="与序时差（百分点）")
    data = Table(title=f"{i.title.zh}与序时进度", columns=(Column("单位"), Column(i.title.zh, "right"), Column("与序时相比")),
                 rows=tuple((Run(r.unit.label), Run(texts[r.unit.code], figures.add(r, printed(r))),
                             Run(schedule_clause(s), figures.add(r, schedule_clause(s), "序时"))) for r, s in pairs))
    notes = (*(["斜纹为低于序时进度的单位。"] if behind else []), *_cut(pairs, shown), *left_out(children, [r for r, _ in pairs]))
    return Chart(title=title or f"{children_word(children)}{i.title.zh}", alt=_progress_found(reading, pairs, behind), data=data,
                 svg=svg, png=png, notes=notes)


def _progress_found(reading: Reading, pairs: Sequence[tuple[Reading, Schedule]], behind: Sequence[Reading]) -> str:
    i, whole = reading.indicator, schedule_of(reading)
    assert whole is not None
    line = f"序时进度{percent(whole.elapsed, reading)}"

    def one(at: int) -> str:
        r, s = pairs[at]
        equal = [p.unit for p, q in pairs if round(q.progress, 12) == round(s.progress, 12)]
        return f"{names(equal)}{percent(s.progress, r)}（{schedule_clause(s)}）"

    if len({round(s.progress, 12) for _, s in pairs}) == 1:
        r, s = pairs[0]
        said = f"{i.title.zh}：{_all(pairs)}{percent(s.progress, r)}，{schedule_clause(s)}（{line}）"
    else:
        short = f"{len(behind)}个低于序时进度：{names([r.unit for r in behind])}" if behind else "均不低于序时进度"
        said = f"{i.title.zh}：最高{one(0)}，最低{one(-1)}；{line}，{short}"
    moved = [c for r, _ in pairs if isinstance(c := change(r), Change) and c.direction != "same"]
    most = max(moved, key=lambda c: c.difference, default=None)
    if most is not None and most.difference > 0 and len(pairs) > 1:
        said += f"；{most.reading.unit.label}进展最大，{change_clause(most)}"
    return said + "。"


def trend(readings: Sequence[Reading | None], figures: Figures, *, title: str = "",
          labels: Sequence[str]) -> Chart | Prose:
    """One indicator over several periods; a period without data is a gap. A note instead when none has data."""
    known = [r for r in readings if r is not None and r.value is not None]
    if not known:
        return nothing(title or "走势")
    i = known[-1].indicator
    values = [None if r is None or r.value is None else float(exact(r) or 0) for r in readings]
    texts = ["无数据" if r is None or r.value is None else printed(r, bare=True) for r in readings]
    svg, png = charts.columns(labels, values, texts, join=i.is_percent, unit=measure(i))
    first, last = known[0], known[-1]
    top = max(known, key=lambda r: r.value or 0.0)
    gaps = sum(v is None for v in values)
    alt = (f"{i.title.zh}（{last.form}）近{len(values)}期：由{labels[list(readings).index(first)]}的{printed(first)}到"
           f"{labels[list(readings).index(last)]}的{printed(last)}，最高是{labels[list(readings).index(top)]}的{printed(top)}"
           + (f"，{gaps}期无数据。" if gaps else "。"))
    data = Table(title=f"{i.title.zh}分期", columns=(Column("统计期"), Column(heading(i), "right")),
                 rows=tuple((Run(label), Run(text) if r is None or r.value is None
                             else Run(text, figures.add(r, printed(r))))
                            for label, text, r in zip(labels, texts, readings, strict=True)))
    return Chart(title=title or f"{i.title.zh}近{len(values)}期走势", alt=alt, data=data, svg=svg, png=png)


def ranking(reading: Reading, figures: Figures, *, title: str = "") -> Chart | Prose:
    """The comparable children in order of rank: now, the period before, and by how many places each moved.

    Units that have not filed enough are left out and named below. Raises BriefError for an activity.
    """
    i = reading.indicator
    refuse_activity(i, "ranking")
    children = comparable_children(reading)
    places = ranked(children)
    if not places:
        return nothing(title or i.title.zh)
    before = [r.previous() for r in children]
    old = {k.reading.unit.code: k for k in ranked(r for r in before if r is not None)}
    moves = {k.reading.unit.code: old[k.reading.unit.code].place - k.place for k in places if k.reading.unit.code in old}
    shown = _ends(places, SHOWN)
    svg, png = charts.pairs(
        [f"{k.reading.unit.label}　{k.place}" for k in shown],
        [_plain(old[k.reading.unit.code].reading) if k.reading.unit.code in old else None for k in shown],
        [_plain(k.reading) or 0.0 for k in shown], [printed(k.reading, bare=True) for k in shown],
        [_move(moves.get(k.reading.unit.code), bool(old)) for k in shown], that=reading.period.that, this=reading.period.this,
        moves_title="位次变化" if old else "", unit=measure(i),
        worse=[isinstance(c := change(k.reading), Change) and c.direction == ("down" if i.better == "higher" else "up")
               for k in shown],
        fallen=[moves.get(k.reading.unit.code, 0) < 0 for k in shown])
    rows = []
    for k in places:
        r, was = k.reading, old.get(k.reading.unit.code)
        place, moved = f"{k.place}" + ("（并列）" if k.tied else ""), _move(moves.get(r.unit.code), True)
        rows.append((Run(r.unit.label), Run(place, figures.add(r, place, "位次")),
                     Run(printed(r, bare=True), figures.add(r, printed(r))),
                     Run(printed(was.reading, bare=True), figures.add(was.reading, printed(was.reading))) if was else Run("—"),
                     Run(f"{was.place}", figures.add(was.reading, f"{was.place}", "位次")) if was else Run("—"),
                     Run(moved, figures.add(r, moved, "位次变化") if moves.get(r.unit.code) else None)))
    that = reading.period.that
    data = Table(title=f"{i.title.zh}位次", columns=(
        Column("单位"), Column("位次", "right"), Column(heading(i), "right"), Column(f"{that}数", "right"),
        Column(f"{that}位次", "right"), Column("位次变化", "right")), rows=tuple(rows))
    notes = (*_cut(places, shown), *left_out(children, [k.reading for k in places]))
    return Chart(title=title or f"{children_word(children)}{i.title.zh}位次", alt=_ranking_found(places, old, moves), data=data,
                 svg=svg, png=png, notes=notes)


def _ranking_found(places: Sequence[Rank], old: dict[str, Rank], moves: dict[str, int]) -> str:
    first, last = places[0], places[-1]
    i, that = first.reading.indicator, first.reading.period.that
    if len(places) == 1:
        return f"{i.title.zh}：只有{first.reading.unit.label}可比，为{printed(first.reading)}。"
    if first.place == last.place:
        return f"{i.title.zh}：{_all(places)}{printed(first.reading)}，不分先后。"

    order = first.reading.cube.tree(first.reading.period).position

    def at(k: Rank) -> str:
        units = sorted([k.reading.unit, *k.tied], key=lambda u: order[u.code])
        return f"{names(units)}{'并列' if k.tied else ''}{printed(k.reading)}"

    gap = abs((first.reading.value or 0.0) - (last.reading.value or 0.0))
    said = f"{i.title.zh}：{at(first)}居首，{at(last)}居后，相差{spread(gap, first.reading, signed=False, word=True)}"
    up = [k for k in places if moves.get(k.reading.unit.code, 0) > 0]
    down = [k for k in places if moves.get(k.reading.unit.code, 0) < 0]
    if up:
        said += f"；上升最多的是{_moved(max(up, key=lambda k: moves[k.reading.unit.code]), moves, old, up)}"
    if down:
        said += f"；下降最多的是{_moved(min(down, key=lambda k: moves[k.reading.unit.code]), moves, old, down)}"
    if moves and not up and not down:
        said += f"；位次与{that}相同"
    return said + "。"


def _moved(k: Rank, moves: dict[str, int], old: dict[str, Rank], among: Sequence[Rank]) -> str:
    same = [m for m in among if moves[m.reading.unit.code] == moves[k.reading.unit.code]]
    if len(same) > 2:
        steps = moves[k.reading.unit.code]
        return f"{names([m.reading.unit for m in same])}（各{'升' if steps > 0 else '降'}{abs(steps)}位）"
    return "、".join(f"{m.reading.unit.label}（第{old[m.reading.unit.code].place}位到第{m.place}位）" for m in same)


def _move(places: int | None, known: bool) -> str:
    if places is None:
        return "新列入" if known else ""
    return f"↑{places}" if places > 0 else f"↓{-places}" if places < 0 else "—"


def contributions(whole: Reading, parts: Sequence[Reading], figures: Figures, *, title: str = "", limit: int = 12) -> Chart | Prose:
    """Which units moved the total since the period before: each part's change, the whole's below.

    `parts` are the children and the unit's own share. Results stand in order of size; activities in the register's order,
    since sorting them would rank them. Raises BriefError for a ratio, whose parts do not add up.
    """
    i = whole.indicator
    if whole.denominator is not None or i.rolls_up in ("ratio", "none", "distinct"):
        raise BriefError(f"{i.title.zh} ({i.id}) does not add up from its units, so no unit has a part of its change. "
                         "Chart its numerator, or use brief.ranking.")
    total = change(whole)
    known = [c for r in parts if isinstance(c := change(r), Change)]
    if not isinstance(total, Change) or not known:
        why = f"{total.reason}，" if isinstance(total, Withheld) else f"{NO_DATA}，"
        return Prose((Run(f"{title or f'{i.title.zh}增减来源'}：{why}图略。"),), role="note")
    moved = [c for c in known if c.direction != "same"]
    by_size = sorted(moved, key=lambda c: -abs(c.difference))
    kept, cut = by_size[:limit], by_size[limit:]
    kept = sorted(kept, key=lambda c: -c.difference) if i.ranked else [c for c in moved if c in kept]
    labels = [_part_label(c.reading, whole) for c in kept]
    values, texts = [c.difference for c in kept], [change_cell(c) for c in kept]
    # The total may rest on more units than can be told apart: below a unit that filed too little, some filed twice.
    for label, size in ((f"其余{len(cut)}个单位", sum(c.difference for c in cut)),
                        ("报送不全的单位", total.difference - sum(c.difference for c in known))):
        if abs(size) > 1e-9:
            labels.append(label)
            values.append(size)
            texts.append(spread(size, whole))
    labels.append("合计")
    values.append(total.difference)
    texts.append(change_cell(total))
    svg, png = charts.parts(labels, values, texts, unit=measure(i), total=len(labels) - 1,
                            worse=[i.better == ("higher" if v < 0 else "lower") for v in values])
    rows = [(Run(_part_label(c.reading, whole)), Run(printed(c.reading, bare=True), figures.add(c.reading, printed(c.reading))),
             Run(change_cell(c), figures.add(c.reading, change_cell(c), "环比"))) for c in known]
    rows.append((Run("合计"), Run(printed(whole, bare=True), figures.add(whole, printed(whole))),
                 Run(change_cell(total), figures.add(whole, change_cell(total), "环比"))))
    data = Table(title=f"{i.title.zh}增减来源", columns=(Column("单位"), Column(heading(i), "right"),
                                                    Column(f"比{whole.period.that}", "right")),
                 rows=tuple(rows), total_rows=(len(rows) - 1,))
    notes = ["斜纹为减少。"] if any(v < 0 for v in values) else []
    notes += ["带*的为同口径比较：只含两期都报送的单位。"] if any("*" in t for t in texts) else []
    return Chart(title=title or f"{i.title.zh}比{whole.period.that}增减来源", alt=_parts_found(total, moved, whole), data=data,
                 svg=svg, png=png, notes=tuple(notes))


def _parts_found(total: Change, moved: Sequence[Change], whole: Reading) -> str:
    i = whole.indicator
    head = f"{i.title.zh}（{whole.form}）{change_clause(total)}"
    if not moved:
        return f"{head}，各单位均与{whole.period.that}持平。"
    up = sorted((c for c in moved if c.difference > 0), key=lambda c: -c.difference)
    down = sorted((c for c in moved if c.difference < 0), key=lambda c: c.difference)

    def said(changes: Sequence[Change], word: str) -> str:
        shown = "、".join(f"{_part_label(c.reading, whole)}{spread(abs(c.difference), c.reading, signed=False, word=True)}"
                         for c in changes[:3])
        return f"{len(changes)}个单位{word}：{shown}{'等' if len(changes) > 3 else ''}"

    return "；".join([head, *([said(up, "增加")] if up else []), *([said(down, "减少")] if down else [])]) + "。"


def _part_label(r: Reading, whole: Reading) -> str:
    return f"{r.unit.label}本级" if r.unit.code == whole.unit.code else r.unit.label


def _all(items: Sequence[object]) -> str:
    return f"{len(items)}个单位都是"


def _behind(s: Schedule) -> bool:
    """Behind as it is printed: what reads as level with the schedule is not hatched."""
    return schedule_clause(s).startswith("低于")


def _plain(r: Reading) -> float | None:
    return None if r.value is None else float(r.value)


def _ends(items: Sequence[T], limit: int) -> list[T]:
    half = limit // 2
    return list(items) if len(items) <= limit else [*items[:half], *items[-half:]]


def _cut(items: Sequence[object], shown: Sequence[object]) -> list[str]:
    half = len(shown) // 2
    return [f"只画前{half}位和后{half}位，其余{len(items) - len(shown)}个见数据。"] if len(shown) < len(items) else []
