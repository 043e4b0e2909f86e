"""What a document is made of, and its JSON. Imports nothing of ours but, for the issued face, suppress.

A notebook shows parts; each output carries the part as JSON beside what the eye sees, and every writer (HTML, PDF,
DOCX, XLSX) reads those parts back. So text, table and chart of all four faces are one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

MIME = "application/vnd.jianbao.part+json"

Align = Literal["left", "right", "center"]
Face = Literal["issued", "working"]


@dataclass(frozen=True)
class Run:
    """A stretch of text; with `figure`, a printed value that can be traced to that figure of the sources.

    `tone` green, yellow or red colours what the text itself says too: a page may be printed in black.
    """

    text: str
    figure: str | None = None
    strong: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Head:
    """报头. `number` is this year's 期号, `total` the running one; both None for a product without numbers."""

    name: str                       # the masthead, large and red: 工作简报
    title: str                      # the title of this issue
    issuer: str                     # 编发单位
    issued_on: str                  # ISO date
    period: str                     # canonical: 2023-W42
    period_label: str               # 2023年第42周（10月16日—10月22日）
    unit: str                       # unit code
    unit_name: str
    as_of: str                      # data version, ISO timestamp
    number: int | None = None
    total: int | None = None
    secrecy: str = ""               # 内部资料，注意保存
    issue: str = ""                 # product/period/unit
    filed: tuple[int, int] | None = None    # 应报, 实报
    open_findings: int = 0
    kind: str = field(default="head", init=False)


@dataclass(frozen=True)
class Heading:
    """Level 1 prints as 一、, level 2 as （一）; the writer numbers, so the text carries no number."""

    text: str
    level: int = 1
    kind: str = field(default="heading", init=False)


@dataclass(frozen=True)
class Prose:
    """A paragraph. Roles: body, keypoint (a line of 本期要点, on top), note (small, under an exhibit), closing;
    voice (a unit's own words) and remark (the office's), which writers set apart from what was generated."""

    runs: tuple[Run, ...]
    role: str = "body"
    face: Face = "issued"           # "working" is left out of the issued copy
    label: str = ""                 # 来稿　某单位, 按语: whose words they are, over the first paragraph
    ref: str = ""                   # the entry a voice was taken from: unit/key
    kind: str = field(default="prose", init=False)

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Column:
    title: str
    align: Align = "left"
    width: float | None = None      # relative


@dataclass(frozen=True)
class Table:
    """Cells are printed text; a cell's `figure` says which figure of the sources it prints. Always titled."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Run, ...], ...]
    notes: tuple[str, ...] = ()
    total_rows: tuple[int, ...] = ()        # indices of rows set in bold: 合计
    face: Face = "issued"
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Chart:
    """The picture travels beside this JSON as image/svg+xml and image/png. `alt` states what the chart shows."""

    title: str
    alt: str
    data: Table | None = None       # what was drawn, for readers who cannot see it
    notes: tuple[str, ...] = ()
    face: Face = "issued"
    svg: str = field(default="", compare=False)     # never in the JSON
    png: bytes = field(default=b"", compare=False)  # never in the JSON
    kind: str = field(default="chart", init=False)


@dataclass(frozen=True)
class FindingLine:
    severity: str                   # error | warning
    unit: str
    place: str                      # file, sheet, cell
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Findings:
    """What is wrong with the data behind this issue. The summary is for all; the lines are for the working paper."""

    title: str
    summary: str
    items: tuple[FindingLine, ...] = ()
    more: int = 0                   # lines left out
    kind: str = field(default="findings", init=False)


@dataclass(frozen=True)
class SourceRow:
    """One ledger row behind a figure: where it stands in the file that was filed, and what it says."""

    file: str
    sheet: str
    row: int
    unit: str
    values: tuple[tuple[str, str], ...]     # (column title, printed value)


@dataclass(frozen=True)
class Figure:
    """One printed number: definition, formula with its parts, and the rows behind it."""

    id: str                         # f1, f2 … in order of first use
    printed: str
    indicator: str
    code: str
    title: str
    measure: str                    # measure word: 个
    unit: str
    unit_name: str
    scope: str
    period: str
    form: str                       # 期内 累计 时点, or a derived one: 环比
    as_of: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n_rows: int
    definition: str
    source: str
    formula: str = ""               # with this period's parts: 156 ÷ 203
    derived: str = ""               # 环比, 序时 …: empty for a reading itself
    rows: tuple[SourceRow, ...] = ()        # at most 50, on the first figure of a reading alone
    slot: str = ""
    coverage: str = ""              # 应报90、实报83；沿用7；缺12期


@dataclass(frozen=True)
class Hidden:
    """A figure that the issued copy must not print, and what stands there instead: in a sentence, and in a cell."""

    figure: str
    text: str                       # 不足5人 | 从略 | 环比从略
    cell: str                       # 不足5 | 略


@dataclass(frozen=True)
class Sources:
    """Notes behind every figure (working paper), and the one closing line (issued copy)."""

    closing: str                    # 数据截至…；应报n、实报m；口径见附件。
    figures: tuple[Figure, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()   # 附件: (title, definition) of what was printed
    rounding: str = ""
    counted: tuple[tuple[str, str], ...] = ()       # (indicator, how it was counted as JSON), for later issues
    hidden: tuple[Hidden, ...] = ()                 # small counts about people, kept out of the issued copy
    kind: str = field(default="sources", init=False)


@dataclass(frozen=True)
class Foot:
    """报尾: 报（上级）, 送（平级）, 发（下级）, 印数. `even`: printed on both sides, so it stands on an even page."""

    report_to: str = ""
    send_to: str = ""
    issue_to: str = ""
    copies: int | None = None
    even: bool = False
    kind: str = field(default="foot", init=False)


@dataclass(frozen=True)
class Advised:
    """A suggestion as an issue printed it, with what later issues found: `states` are (period, printed value, standing)."""

    id: str                         # of its rule
    step: str
    text: str
    raised: str                     # period of the issue that first printed it
    issue: str                      # that issue: product/period/unit
    said_in: str                    # 第8期, for the reader
    owner: str
    due: str                        # ISO date
    first_due: str                  # before it was put off
    unit: str
    indicator: str = ""
    form: str = ""
    value: float | None = None      # when it was raised, in base units
    printed: str = ""
    target: float | None = None
    aim: str = ""                   # the target in words: 超期未办结事项数降为0
    states: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Advice:
    """What an issue must remember for the next one: its suggestions and the earlier ones still open. Printed by no writer."""

    items: tuple[Advised, ...]
    face: Face = "working"
    kind: str = field(default="advice", init=False)


Part = Head | Heading | Prose | Table | Chart | Findings | Sources | Foot | Advice
_KINDS: dict[str, type[Any]] = {
    "head": Head, "heading": Heading, "prose": Prose, "table": Table, "chart": Chart, "findings": Findings,
    "sources": Sources, "foot": Foot, "advice": Advice,
}
_NESTED: dict[tuple[str, str], type[Any]] = {
    ("Prose", "runs"): Run, ("Table", "columns"): Column, ("Findings", "items"): FindingLine,
    ("Sources", "figures"): Figure, ("Sources", "hidden"): Hidden, ("Figure", "rows"): SourceRow, ("Advice", "items"): Advised,
}
assert set(_KINDS.values()) == set(get_args(Part))


def to_json(part: Part) -> dict[str, Any]:
    """The part as plain JSON values, without pictures."""
    data = asdict(part)
    data.pop("svg", None)
    data.pop("png", None)
    return data


def from_json(data: Mapping[str, Any], *, svg: str = "", png: bytes = b"") -> Part:
    """The inverse of `to_json`; pictures are given back from their own outputs."""
    part: Part = _build(_KINDS[data["kind"]], data, svg=svg, png=png)
    return part


def _build(cls: type[Any], data: Mapping[str, Any], *, svg: str = "", png: bytes = b"") -> Any:
    values: dict[str, Any] = {}
    for f in fields(cls):
        if not f.init or f.name not in data:
            continue
        values[f.name] = _value(cls.__name__, f.name, data[f.name])
    if cls is Chart:
        values.update(svg=svg, png=png)
    return cls(**values)


def _value(owner: str, name: str, value: Any) -> Any:
    if value is None:
        return None
    if owner == "Table" and name == "rows":
        return tuple(tuple(_build(Run, cell) for cell in row) for row in value)
    if owner == "Chart" and name == "data":
        return _build(Table, value)
    if (owner, name) in _NESTED:
        return tuple(_build(_NESTED[owner, name], item) for item in value)
    if isinstance(value, list | tuple):
        return tuple(tuple(item) if isinstance(item, list | tuple) else item for item in value)
    return value


@dataclass(frozen=True)
class Document:
    """The parts of one issue in reading order."""

    parts: tuple[Part, ...]

    @property
    def head(self) -> Head | None:
        return next((part for part in self.parts if isinstance(part, Head)), None)

    def face(self, face: Face) -> Document:
        """The issued copy drops what only the working paper shows: ledger rows, source notes, finding lines, and the
        definitions of figures that nothing else of it prints. Small counts about people are not told in it."""
        if face == "working":
            return self
        from jianbao.brief.suppress import applied

        kept: list[Part] = []
        instead = [h for part in self.parts if isinstance(part, Sources) for h in part.hidden]
        shown = {run.figure for part in self.parts if getattr(part, "face", "issued") != "working" for run in _runs(part)}
        for part in self.parts:
            if getattr(part, "face", "issued") == "working":
                continue
            if isinstance(part, Sources):
                seen, unseen = ({f"{f.title}（{f.code}）" for f in part.figures if (f.id in shown) is said} for said in (True, False))
                part = Sources(closing=part.closing, rounding=part.rounding,
                               definitions=tuple(d for d in part.definitions if d[0] in seen or d[0] not in unseen))
            elif isinstance(part, Findings):
                part = Findings(title=part.title, summary=part.summary)
            kept.append(applied(part, instead) if instead else part)
        return Document(tuple(kept))


def _runs(part: Part) -> Iterator[Run]:
    """Every run of text of a part, those of tables and of the data behind charts included."""
    match part:
        case Prose():
            yield from part.runs
        case Table():
            for row in part.rows:
                yield from row
        case Chart(data=Table() as data):
            yield from _runs(data)
