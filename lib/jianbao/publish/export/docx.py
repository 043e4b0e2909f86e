"""DOCX with native styles, for the office that edits it. Imports brief.markup and notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from jianbao.brief import markup
from jianbao.brief import notes as source_notes
from jianbao.brief.notes import Note
from jianbao.brief.parts import Chart, Document, Face, Findings, Heading, Prose, Run, Table
from jianbao.publish.export import ooxml
from jianbao.publish.export import wordstyles as word
from jianbao.publish.export.layout import (
    ANNEX_SIZE,
    WORKING_MARK,
    Layout,
    findings_table,
    lay_out,
    table_size,
    widths,
)

_STYLE_OF = {"body": "Body Text", "note": "注", "closing": "数据截至"}


def write(document: Document, *, face: Face = "issued") -> bytes:
    """A Word file; times in it are the day of issue."""
    import docx

    page = lay_out(document, face)
    out = docx.Document()
    word.prepare(out, draft=face == "working")
    _properties(out, page)
    writer = _Writer(out, page)
    writer.head()
    writer.keypoints()
    for placed in page.body:
        writer.part(placed.part, placed.label)
    writer.sources()
    writer.foot()
    writer.source_notes()
    data = io.BytesIO()
    out.save(data)
    return ooxml.fixed(data.getvalue(), page.day)


def _properties(out: Any, page: Layout) -> None:
    said = out.core_properties
    said.title, said.author, said.last_modified_by = page.full_title[:255], page.head.issuer[:255], ""
    said.subject, said.keywords, said.comments, said.category = "", "", "", ""
    said.language, said.revision = "zh-CN", 1
    said.created = said.modified = ooxml.moment(page.day)


class _Writer:
    """Appends parts to one open Word document."""

    def __init__(self, out: Any, page: Layout) -> None:
        self.out, self.page = out, page

    def paragraph(self, style: str, text: str = "") -> Any:
        return self.out.add_paragraph(text, style=style)

    def runs(self, paragraph: Any, runs: Sequence[Run], *, bold: bool = False) -> None:
        """The runs; one that is traced links to its source note and carries its number."""
        for note, pieces in groupby(self.page.pieces(runs), key=lambda piece: piece.note):
            made = []
            for piece in pieces:
                run = paragraph.add_run(piece.text)
                made.append(run)
                if piece.strong or bold:
                    run.bold = True
                if piece.tone:
                    run.font.color.rgb = _rgb(markup.TONES[piece.tone])
                if piece.marked:
                    mark = paragraph.add_run(str(note))
                    mark.font.superscript = True
                    made.append(mark)
            if note is not None:
                word.link(paragraph, made, f"note_{note}")

    def head(self) -> None:
        from docx.shared import Pt

        head, page = self.page.head, self.page
        working = page.face == "working"
        if head.secrecy or working:
            line = self.paragraph("报头行")
            self._both_sides(line, head.secrecy, WORKING_MARK if working else "")
            if working:
                line.runs[-1].font.color.rgb = _red()
        if working and (said := markup.standing(head)):
            self.paragraph("注", said)
        if head.name:
            masthead = self.paragraph("报头", head.name)
            if len(head.name) > 7:
                masthead.runs[0].font.size = int(word.WIDTH_MM / len(head.name) * 0.95 * 36000)
        if number := markup.issue_number(head):
            self.paragraph("报头行", number).alignment = 1
        if head.issuer or head.issued_on:
            line = self.paragraph("报头行")
            self._both_sides(line, head.issuer, markup.chinese_date(head.issued_on))
            if head.name:
                word.rule(line, ["bottom"], color=word.RED, eighths=18)
        title = self.paragraph("Title", head.title)
        if head.name:
            title.paragraph_format.space_before = Pt(20)
        if head.period_label:
            self.paragraph("Subtitle", head.period_label)

    def _both_sides(self, paragraph: Any, left: str, right: str) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT
        from docx.shared import Mm

        paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(word.WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT)
        paragraph.add_run(left)
        if right:
            paragraph.add_run(f"\t{right}")

    def keypoints(self) -> None:
        """A framed box: paragraphs with the same border on all sides run together."""
        from docx.shared import Pt

        if not self.page.keypoints:
            return
        title = self.paragraph("本期要点")
        run = title.add_run("本期要点")
        word.name_fonts(run._r.get_or_add_rPr(), word.HEI)
        run.font.color.rgb = _red()
        framed = [title]
        for point in self.page.keypoints:
            paragraph = self.paragraph("本期要点")
            mark = paragraph.add_run("■\t")
            mark.font.size, mark.font.color.rgb = 101600, _red()    # 8 pt
            self.runs(paragraph, point.runs)
            framed.append(paragraph)
        for paragraph in framed:
            word.rule(paragraph, ["top", "left", "bottom", "right"], color=word.RED, space=6)
            # Equal indents too, or the frame falls apart.
            word.put(paragraph._p.get_or_add_pPr(), word.element("ind", left="480", right="160", hanging="320"))
        title.alignment = 1
        framed[0].paragraph_format.space_before = framed[-1].paragraph_format.space_after = Pt(10)

    def part(self, part: Any, label: str) -> None:
        match part:
            case Heading():
                self.paragraph(f"Heading {part.level}", label + part.text)
            case Prose(role="voice" | "remark"):
                self.words(part)
            case Prose():
                self.runs(self.paragraph(_STYLE_OF.get(part.role, "Body Text")), part.runs)
            case Table():
                self.table(part, label)
            case Chart():
                self.chart(part, label)
            case Findings():
                self.runs(self.paragraph("Body Text"), [Run(f"{part.title}：", strong=True), Run(part.summary)])
                if table := findings_table(part):
                    self.grid(table, ANNEX_SIZE)
                    self.notes(table.notes)

    def words(self, part: Prose) -> None:
        """Words that were not generated: a unit's behind a bar, the office's on a ground."""
        from docx.shared import Pt

        office = part.role == "remark"
        made = [self.paragraph("按语" if office else "来稿")]
        self.runs(made[0], part.runs)
        if part.label:
            label = self.paragraph("署名", part.label)
            made[0]._p.addprevious(label._p)
            label.paragraph_format.space_before, label.paragraph_format.keep_with_next = Pt(10), True
            if office:
                label.runs[0].font.color.rgb = _red()
            made[0].paragraph_format.keep_with_next = not office      # a text's title
            made.insert(0, label)
        for paragraph in made:
            properties = paragraph._p.get_or_add_pPr()
            if office:
                word.put(properties, word.element("shd", val="clear", color="auto", fill="F3F1ED"))
            else:
                word.rule(paragraph, ["left"], color="B5B5B5", eighths=24, space=8)
                word.put(properties, word.element("ind", left="640", firstLine="0" if part.label else "600"))

    def table(self, table: Table, label: str) -> None:
        from docx.shared import Pt

        caption = self.paragraph("Caption", markup.numbered_title(label, table.title))
        caption.paragraph_format.keep_with_next = True
        caption.paragraph_format.space_before = Pt(8)
        self.grid(table, table_size(table))
        self.notes(table.notes)

    def grid(self, table: Table, size: float) -> None:
        """Head and rows alone, in `size` points."""
        from docx.enum.table import WD_TABLE_ALIGNMENT
        from docx.shared import Mm, Pt

        made = self.out.add_table(rows=0, cols=len(table.columns), style="Table Grid")
        made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        shares = widths(table)
        across = [Mm(word.WIDTH_MM * share / sum(shares)) for share in shares]
        for column, width in zip(made.columns, across, strict=True):
            column.width = width
        points = Pt(size)
        short = len(table.rows) <= 15
        for i, cells in enumerate([tuple(Run(c.title, strong=True) for c in table.columns), *table.rows]):
            row = made.add_row()
            word.keep_whole(row)
            strong = i == 0 or i - 1 in table.total_rows
            for cell, column, run, width in zip(row.cells, table.columns, cells, across, strict=True):
                cell.width, cell.vertical_alignment = width, 1
                paragraph = cell.paragraphs[0]
                paragraph.style = self.out.styles["表文"]
                paragraph.alignment = 1 if i == 0 else {"left": 0, "center": 1, "right": 2}[column.align]
                paragraph.paragraph_format.keep_with_next = short and i < len(table.rows)
                self.runs(paragraph, [run], bold=strong)
                for said in paragraph.runs:
                    said.font.size = points
                if strong:
                    word.shade(cell, "F3F1ED")
            if i == 0:
                word.repeat_header(row)

    def chart(self, chart: Chart, label: str) -> None:
        from docx.shared import Mm

        png = chart.png
        if not png and chart.svg:
            from jianbao.publish.export.pdf import png_of

            png = png_of(chart.svg)
        paragraph = self.paragraph("图")
        paragraph.paragraph_format.keep_with_next = True
        if png:
            shape = paragraph.add_run().add_picture(io.BytesIO(png), width=Mm(word.WIDTH_MM * 0.84))
            word.describe(shape, chart.title, chart.alt)
        else:
            paragraph.add_run(chart.alt)
        self.paragraph("Caption", markup.numbered_title(label, chart.title))
        self.notes(chart.notes)

    def notes(self, notes: Sequence[str]) -> None:
        for i, note in enumerate(notes):
            self.paragraph("注", "注：" * (i == 0) + note)
        if not notes:
            self.paragraph("注")     # a table that touches the next one would become one table in Word

    def sources(self) -> None:
        from docx.shared import Pt

        if self.page.sources.closing:
            self.paragraph("数据截至", self.page.sources.closing)
        if annex := source_notes.annex(self.page.sources):
            heading = self.paragraph("Heading 1", annex.title)
            heading.paragraph_format.space_before = Pt(8)
            self.grid(annex, ANNEX_SIZE)
            self.notes(annex.notes)

    def source_notes(self) -> None:
        """What the issue rests on, after its foot: only the working paper has figures here."""
        if not self.page.groups:
            return
        self.paragraph("Heading 1", "来源注释").paragraph_format.page_break_before = True
        self.paragraph("来源注释", source_notes.WHERE_THE_REST_IS)
        for group in self.page.groups:
            title = self.paragraph("Heading 2", group.title)
            self._indented("　".join(f"{name}：{said}" for name, said in group.facts)).paragraph_format.keep_with_next = True
            title.runs[0].font.size = 152400     # 12 pt
            for note in group.notes:
                self.note(note)

    def note(self, note: Note) -> None:
        paragraph = self.paragraph("来源注释")
        paragraph.paragraph_format.keep_with_next = True
        word.bookmark(paragraph, f"note_{note.n}", note.n)
        paragraph.add_run("　".join(x for x in (f"{note.n}.", note.printed) if x)).bold = True
        paragraph.add_run(f"　{note.subject}")
        self._indented("；".join(f"{name}：{said}" for name, said in source_notes.facts(note)))
        for row in note.rows[:source_notes.ROWS_PRINTED]:
            self._indented(f"{source_notes.place(row)}　{row.unit}　{source_notes.row_facts(row)}").runs[0].font.size = 114300   # 9 pt

    def _indented(self, text: str) -> Any:
        from docx.shared import Pt

        paragraph = self.paragraph("来源注释", text)
        paragraph.paragraph_format.left_indent = Pt(21)
        return paragraph

    def foot(self) -> None:
        foot = self.page.foot
        if foot is None:
            return
        self._hold_to_the_foot()
        self.paragraph("报尾").paragraph_format.keep_with_next = True
        lines = markup.recipients(foot)
        for i, said in enumerate(lines):
            paragraph = self.paragraph("报尾", said)
            word.put(paragraph._p.get_or_add_pPr(), word.element("ind", left="840", right="280", hanging="560"))
            paragraph.paragraph_format.keep_with_next = paragraph.paragraph_format.keep_together = True
            word.rule(paragraph, [side for side, here in (("top", i == 0), ("bottom", i == len(lines) - 1)) if here])
        if said := markup.printed_copies(foot):
            self.paragraph("报尾", said).alignment = 2


    def _hold_to_the_foot(self) -> None:
        """What ends the issue goes over the page with the foot, which would look lost there alone."""
        for part in reversed(list(self.out.iter_inner_content())):
            if hasattr(part, "rows"):
                for row in list(part.rows)[-2:]:
                    for cell in row.cells:
                        cell.paragraphs[0].paragraph_format.keep_with_next = True
                return
            part.paragraph_format.keep_with_next = True
            if part.style.name != "注":
                return


def _red() -> Any:
    return _rgb(word.RED)


def _rgb(color: str) -> Any:
    from docx.shared import RGBColor

    return RGBColor.from_string(color.lstrip("#").upper())
