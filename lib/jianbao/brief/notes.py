"""Source notes, one for each reading, by indicator; and the annex of definitions. Imports parts.

A value, its 环比 and its 位次 rest on the same rows, so they share one note and the rows are listed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jianbao.brief.parts import Column, Figure, Run, SourceRow, Sources, Table

ROWS_SHOWN = 50     # on a screen, folded away
ROWS_PRINTED = 10   # on paper
ANNEX = "附件：指标口径"
WHERE_THE_REST_IS = "列出的行以外，全部来源行在底稿附表 working.xlsx 里，也可用各条注释后面的命令查看。"


@dataclass(frozen=True)
class Note:
    """What is printed of one reading, under one number. `same_rows` is an earlier note that lists the same rows."""

    n: int
    figures: tuple[Figure, ...]
    rows: tuple[SourceRow, ...] = ()
    same_rows: int | None = None

    @property
    def first(self) -> Figure:
        return self.figures[0]

    @property
    def n_rows(self) -> int:
        return max(figure.n_rows for figure in self.figures)

    @property
    def printed(self) -> str:
        """The reading as printed, in each of its shapes; "" when only figures derived from it are printed."""
        return "、".join(dict.fromkeys(f.printed for f in self.figures if not f.derived))

    @property
    def subject(self) -> str:
        """What the reading is about: 市直机关 · 2023-W42 · 期内; and 本级 or 公布 when it is not of the whole subtree."""
        scope = {"own": "本级", "reported": "公布"}.get(self.first.scope, "")
        return " · ".join(x for x in (self.first.unit_name, self.first.period, self.first.form, scope) if x)


@dataclass(frozen=True)
class Group:
    """The notes of one indicator."""

    notes: tuple[Note, ...]

    @property
    def title(self) -> str:
        """Code and title."""
        first = self.notes[0].first
        return " ".join(x for x in (first.code, first.title) if x)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What is true of the indicator whatever the unit and period, as (name, text)."""
        first = self.notes[0].first
        return tuple((name, text) for name, text in (("口径", first.definition), ("来源", first.source)) if text)


def groups(sources: Sources) -> tuple[Group, ...]:
    """Notes by indicator, indicators and readings in order of first use, numbered through."""
    by_indicator: dict[tuple[str, str], dict[tuple[str, ...], list[Figure]]] = {}
    for f in sources.figures:
        readings = by_indicator.setdefault((f.indicator, f.title), {})
        readings.setdefault((f.unit, f.scope, f.period, f.form, f.as_of), []).append(f)
    out, n, listed = [], 0, dict[tuple[SourceRow, ...], int]()
    for readings in by_indicator.values():
        notes = []
        for figures in readings.values():
            n += 1
            rows = next((f.rows for f in figures if f.rows), ())
            same = listed.setdefault(rows, n) if rows else n
            notes.append(Note(n, tuple(figures), () if same < n else rows, same if same < n else None))
        out.append(Group(tuple(notes)))
    return tuple(out)


def numbers(found: Iterable[Group]) -> dict[str, int]:
    """Figure id → number of its note."""
    return {figure.id: note.n for group in found for note in group.notes for figure in note.figures}


def facts(note: Note) -> tuple[tuple[str, str], ...]:
    """What a note says beside value and subject, as (name, text): formula, parts, derived figures, rows."""
    first, said = note.first, list[tuple[str, str]]()
    own = next((f for f in note.figures if not f.derived), first)
    if own.formula:
        said.append(("算式", f"{own.formula} = {own.printed}" if not own.derived else own.formula))
    else:
        said += [(name, plain(value)) for name, value in (("分子", own.numerator), ("分母", own.denominator))]
    for f in note.figures:
        if f.derived:
            formula = f"（{f.formula}）" if f.formula and f.formula != own.formula else ""
            said.append((f.derived, f.printed + formula))
    said.append(("报送", own.coverage))
    if note.n_rows:
        said.append(("来源行", f"共{note.n_rows}行" + (f"，同注{note.same_rows}" if note.same_rows else "")))
        said.append(("查看全部", command(note)))
    return tuple((name, text) for name, text in said if text)


def command(note: Note) -> str:
    """What to type for the reading with all its rows, as this issue knew it; "" for a word, whose rows are all shown."""
    f = note.first
    if not f.indicator:
        return ""
    scope = f" --scope {f.scope}" if f.scope not in ("", "subtree") else ""
    as_of = f.as_of.removesuffix(":00") if f.as_of.count(":") == 2 else f.as_of     # 12:00:00 → 12:00
    return (f"jianbao show {f.code or f.indicator} --unit {f.unit} --period {f.period} --form {f.form}{scope}"
            f" --as-of {as_of} --rows")


def row_facts(row: SourceRow) -> str:
    """What a row says, on one line."""
    return "；".join(f"{title} {value}" for title, value in row.values)


def place(row: SourceRow) -> str:
    """file · sheet · 第n行: where a person finds the row."""
    return f"{row.file} · {row.sheet} · 第{row.row}行"


def columns_of(rows: Sequence[SourceRow]) -> list[str]:
    """Every column title among the rows, in order of first use."""
    return list(dict.fromkeys(title for row in rows for title, _ in row.values))


def annex(sources: Sources) -> Table | None:
    """The definitions as a table of two columns, or None when there are none."""
    if not sources.definitions:
        return None
    return Table(
        title=ANNEX, columns=(Column("指标", width=3.2), Column("口径", width=7)),
        rows=tuple((Run(title), Run(text)) for title, text in sources.definitions),
        notes=(sources.rounding,) if sources.rounding else ())


def plain(value: float | None) -> str:
    """156.0 → 156; None → nothing."""
    return "" if value is None else f"{value:.12g}"
