"""PDF by Typst: GB/T 9704 page, packaged fonts alone, the same bytes every time. Imports brief.markup and notes."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jianbao.brief import markup, notes
from jianbao.brief.parts import Chart, Document, Face, FindingLine, Findings, Heading, Prose, Run, Table
from jianbao.errors import PublishError
from jianbao.publish.export import fonts
from jianbao.publish.export.layout import (
    ANNEX_SIZE,
    WORKING_MARK,
    Layout,
    findings_table,
    lay_out,
    table_size,
    widths,
)

# Typst may break between a box and these, although none of them may begin a line.
_STAYS = "；：—～…·"


def write(document: Document, *, face: Face = "issued") -> bytes:
    """A tagged PDF/UA-1 file with outline. Text reaches Typst as JSON, so none of it can become markup."""
    page = lay_out(document, face)
    pictures: dict[str, bytes] = {}
    data = _page(page, pictures)
    day = page.day
    moment = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) if day else 0
    template = (files("jianbao.publish.export") / "brief.typ").read_text("utf-8")

    def compiled() -> bytes:
        return _compiled(template, data, pictures, format="pdf", timestamp=moment, pdf_standards=["ua-1"])

    made = compiled()
    if page.foot and page.foot.even and face == "issued" and pages_of(made) % 2:
        # Whether the foot must turn the leaf depends on where it ends up, which Typst alone cannot settle.
        data["foot"]["turn"] = True
        made = compiled()
    return made


def pages_of(pdf: bytes) -> int:
    from pypdf import PdfReader

    return len(PdfReader(io.BytesIO(pdf)).pages)


def png_of(svg: str) -> bytes:
    """The picture at 200 dpi, for a writer that takes no SVG."""
    page = '#set page(width: auto, height: auto, margin: 0pt)\n#image("picture.svg")\n'
    return _compiled(page, {}, {"picture.svg": svg.encode()}, format="png", ppi=200.0)


def _compiled(template: str, data: dict[str, Any], pictures: dict[str, bytes], **options: Any) -> bytes:
    import typst

    with tempfile.TemporaryDirectory(prefix="jianbao-") as name:
        root = Path(name)
        (root / "brief.typ").write_text(template, "utf-8")
        (root / "brief.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
        for file, content in pictures.items():
            (root / file).write_bytes(content)
        try:
            made, warnings = typst.compile_with_warnings(
                str(root / "brief.typ"), root=str(root), font_paths=fonts.typst_fonts(), ignore_system_fonts=True,
                **options)
        except typst.TypstError as problem:
            # Also a character no packaged font has: it would print as an empty box.
            raise PublishError(f"PDF: {problem.message} {' '.join(problem.hints)}".strip()) from problem
    if warnings:
        # An unknown font is only a warning to Typst; to a reader it is another look on every machine.
        raise PublishError("PDF: " + "; ".join(warning.message for warning in warnings))
    return bytes(made[0] if isinstance(made, list) else made)


def _page(page: Layout, pictures: dict[str, bytes]) -> dict[str, Any]:
    head, working = page.head, page.face == "working"
    return {
        "fonts": {"serif": fonts.SERIF, "sans": fonts.SANS},
        "title": page.full_title,
        "author": head.issuer,
        "date": [page.day.year, page.day.month, page.day.day] if page.day else None,
        "working": working,
        "mark": WORKING_MARK if working else "",
        "standing": markup.standing(head) if working else "",
        "head": {
            "secrecy": head.secrecy, "name": head.name, "number": markup.issue_number(head), "issuer": head.issuer,
            "date": markup.chinese_date(head.issued_on), "title": head.title, "period": head.period_label,
        },
        "keypoints": [_pieces(page, point.runs) for point in page.keypoints],
        "body": [block for placed in page.body for block in _blocks(page, placed.part, placed.label, pictures)],
        "closing": _pieces(page, [Run(page.sources.closing)]),
        "annex": _table(page, annex, "", ANNEX_SIZE) if (annex := notes.annex(page.sources)) else None,
        "rest": notes.WHERE_THE_REST_IS,
        "notes": [{"title": group.title, "facts": _facts(group.facts), "notes": [_note(note) for note in group.notes]}
                  for group in page.groups],
        "foot": {"lines": markup.recipients(page.foot), "copies": markup.printed_copies(page.foot),
                 "turn": False}
        if page.foot else None,
    }


def _pieces(page: Layout, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Each as a dict; `tail` holds marks that stay with an unbroken piece, printed after its note number."""
    out: list[dict[str, Any]] = []
    for piece in page.pieces(list(runs)):
        text = piece.text
        if out and out[-1]["keep"] and piece.note is None and not piece.keep:
            text = text.lstrip(_STAYS)
            out[-1]["tail"] += piece.text[:len(piece.text) - len(text)]
        if text:
            out.append({**asdict(piece), "text": text, "tail": "", "tone": markup.TONES.get(piece.tone, "")})
    return out


def _blocks(page: Layout, part: Any, label: str, pictures: dict[str, bytes]) -> list[dict[str, Any]]:
    match part:
        case Heading():
            return [{"kind": "heading", "level": part.level, "text": label + part.text}]
        case Prose():
            # What a figure stands behind was taken from rows, and so was a unit's own text.
            runs = [replace(run, text=fonts.printable(run.text)) if run.figure or part.role == "voice" else run for run in part.runs]
            return [{"kind": "prose", "role": part.role, "label": part.label, "pieces": _pieces(page, runs)}]
        case Table():
            return [_table(page, part, label)]
        case Chart():
            return [_chart(part, label, pictures)]
        case Findings():
            summary = [Run(f"{part.title}：", strong=True), Run(part.summary)]
            said: list[dict[str, Any]] = [{"kind": "prose", "role": "body", "label": "", "pieces": _pieces(page, summary)}]
            table = findings_table(_filed(part))
            return said + ([{**_table(page, table, "", ANNEX_SIZE), "title": ""}] if table else [])
    raise TypeError(part)


def _table(page: Layout, table: Table, label: str, size: float | None = None) -> dict[str, Any]:
    return {
        "kind": "table", "title": markup.numbered_title(label, table.title), "size": size or table_size(table),
        "columns": [{"title": fonts.printable(column.title), "align": column.align, "width": width}
                    for column, width in zip(table.columns, widths(table), strict=True)],
        "rows": [[_pieces(page, [replace(cell, text=fonts.printable(cell.text))]) for cell in row] for row in table.rows],
        "bold": list(table.total_rows), "notes": _numbered(table.notes),
    }


def _chart(chart: Chart, label: str, pictures: dict[str, bytes]) -> dict[str, Any]:
    file = ""
    if chart.svg or chart.png:
        file = f"chart-{len(pictures) + 1}.{'svg' if chart.svg else 'png'}"
        pictures[file] = chart.svg.encode() if chart.svg else chart.png
    return {"kind": "chart", "title": markup.numbered_title(label, chart.title), "alt": fonts.printable(chart.alt), "file": file,
            "notes": _numbered(chart.notes)}


def _filed(findings: Findings) -> Findings:
    """Words from filed workbooks may hold any character; one that cannot be printed must not stop the issue."""
    lines = (FindingLine(line.severity, *map(fonts.printable, (line.unit, line.place, line.message, line.remedy)))
             for line in findings.items)
    return replace(findings, items=tuple(lines))


def _numbered(notes: Sequence[str]) -> list[str]:
    return ["注：" * (i == 0) + note for i, note in enumerate(notes)]


def _note(note: notes.Note) -> dict[str, Any]:
    return {
        "n": note.n, "printed": fonts.printable(note.printed), "subject": note.subject, "facts": _facts(notes.facts(note)),
        "rows": [fonts.printable(f"{notes.place(row)}　{row.unit}　{notes.row_facts(row)}")
                 for row in note.rows[:notes.ROWS_PRINTED]],
    }


def _facts(said: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [list(fact) for fact in said]
