"""HTML of one part, for the eye in JupyterLab and for the HTML writer. Imports notes and parts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape

from jianbao.brief import notes as source_notes
from jianbao.brief.parts import (
    Advice,
    Chart,
    FindingLine,
    Findings,
    Foot,
    Head,
    Heading,
    Part,
    Prose,
    Run,
    Sources,
    Table,
)

RED = "#c1121f"
TONES = {"green": "#1a7f37", "yellow": "#8a6100", "red": RED}

# A number and the word it counts stay on one line (GB/T 15835 5.1.7.2). 4.1个 and 百分点 may part: as one piece they
# leave so wide a gap at the end of a line that the line is pulled apart.
_NUMBER = re.compile(
    r"(?<=\d个)百分点|[-+−＋]?\d+(?:[.,:]\d+)*(?:[%％‰]|万[元人次个户件份亩]?|亿[元人]?|人次|平方米|[一-鿿]|(?=[^\d]|$))")
_NARROW = 4     # columns a phone shows side by side
_SEVERITY = {"error": "错误", "warning": "提示"}


def html(part: Part, *, label: str = "", notes: Mapping[str, int] | None = None) -> str:
    """The part as a fragment; nothing in its text can become markup.

    `label` is the number the writer gives: 一、 or 表1. `notes` maps a figure's id to the number of its source note;
    a run whose figure is among them becomes a link to it.
    """
    notes = notes or {}
    match part:
        case Head():
            return _head(part)
        case Heading():
            level = min(part.level + 1, 6)
            return f"<h{level}>{escape(label + part.text)}</h{level}>"
        case Prose():
            whose = f'<p class="{escape(part.role)} whose">{escape(part.label)}</p>' if part.label else ""
            return f'{whose}<p class="{escape(part.role)}">{inline(part.runs, notes)}</p>'
        case Table():
            return _table(part, label, notes)
        case Chart():
            return _chart(part, label, notes)
        case Findings():
            return _findings(part)
        case Sources():
            return _sources(part)
        case Foot():
            return _foot(part)
        case Advice():
            return f'<p class="note">记下建议{len(part.items)}条，下期报告落实情况。</p>'


def inline(runs: Iterable[Run], notes: Mapping[str, int] | None = None) -> str:
    """Runs as HTML, numbers kept whole."""
    out = []
    for run in runs:
        text = "".join(f'<span class="nb">{escape(piece)}</span>' if keep else escape(piece)
                       for piece, keep in unbroken(run.text))
        if run.strong:
            text = f"<strong>{text}</strong>"
        if run.tone:
            text = f'<span style="color:{TONES[run.tone]}">{text}</span>'
        if run.figure and notes and run.figure in notes:
            n = notes[run.figure]
            text = f'<a class="fig" href="#note-{n}">{text}<sup>{n}</sup></a>'
        elif run.figure:
            text = f'<span class="fig" data-figure="{escape(run.figure)}">{text}</span>'
        out.append(text)
    return "".join(out)


def unbroken(text: str) -> list[tuple[str, bool]]:
    """`text` in pieces; True marks one that no line may break: a number with its measure word."""
    pieces, at = [], 0
    for found in _NUMBER.finditer(text):
        if found.start() > at:
            pieces.append((text[at:found.start()], False))
        pieces.append((found.group(), True))
        at = found.end()
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces


def issue_number(head: Head) -> str:
    """第42期（总第87期）; 第8期 alone in the first year, when both are the same; "" for a product without numbers."""
    number = f"第{head.number}期" if head.number is not None else ""
    total = f"总第{head.total}期" if head.total is not None else ""
    return f"{number}（{total}）" if number and total and head.total != head.number else number or total


def chinese_date(iso: str) -> str:
    """2023-10-23 → 2023年10月23日; what is no date comes back as it is."""
    try:
        day = date.fromisoformat(iso[:10])
    except ValueError:
        return iso
    return f"{day.year}年{day.month}月{day.day}日"


def standing(head: Head) -> str:
    """One line for the checker: issue, data version, 应报 and 实报, open findings."""
    facts = [head.issue and f"期：{head.issue}", head.as_of and f"数据版本：{head.as_of[:16].replace('T', ' ')}"]
    if head.filed and head.filed[0]:    # nobody is due where sources publish
        facts.append(f"应报{head.filed[0]}、实报{head.filed[1]}")
    facts.append(f"待核{head.open_findings}条" if head.open_findings else "")
    return "　".join(fact for fact in facts if fact)


def numbered_title(label: str, title: str) -> str:
    """表1　各单位办结进展; either may be missing."""
    return "　".join(x for x in (label, title) if x)


def finding_cells(line: FindingLine) -> tuple[str, ...]:
    """Severity, unit, place, message and remedy as printed."""
    return _SEVERITY.get(line.severity, line.severity), line.unit, line.place, line.message, line.remedy


FINDING_TITLES = ("级别", "单位", "位置", "问题", "处理")


def picture(chart: Chart) -> str:
    """The picture as a data: URI, or "" when there is none."""
    # An SVG that keeps its words as text shows empty boxes where the reader has no Chinese font.
    if chart.svg and not (chart.png and "<text" in chart.svg):
        return "data:image/svg+xml;base64," + base64.b64encode(chart.svg.encode()).decode()
    return "data:image/png;base64," + base64.b64encode(chart.png).decode() if chart.png else ""


def _head(head: Head) -> str:
    lines = []
    if head.secrecy:
        lines.append(f'<p class="secrecy">{escape(head.secrecy)}</p>')
    if head.name:
        lines.append(f'<p class="masthead" style="color:{RED}">{escape(head.name)}</p>')
    if number := issue_number(head):
        lines.append(f'<p class="number">{escape(number)}</p>')
    if head.issuer or head.issued_on:
        lines.append(f'<p class="issuer"><span>{escape(head.issuer)}</span> '
                     f'<time datetime="{escape(head.issued_on)}">{escape(chinese_date(head.issued_on))}</time></p>')
    if head.name:
        lines.append(f'<hr style="border:0;border-top:2px solid {RED}">')
    lines.append(f"<h1>{escape(head.title)}</h1>")
    if head.period_label:
        lines.append(f'<p class="period">{escape(head.period_label)}</p>')
    return '<header class="head">' + "\n".join(lines) + "</header>"


def _table(table: Table, label: str, notes: Mapping[str, int]) -> str:
    head = "".join(f'<th scope="col" class="{column.align}">{escape(column.title)}</th>' for column in table.columns)
    body = []
    for i, row in enumerate(table.rows):
        cells = []
        for j, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            tag = 'th scope="row"' if j == 0 else "td"
            cells.append(f'<{tag} class="{column.align}">{inline((cell,), notes)}</{tag[:2]}>')
        body.append(f'<tr{" class=total" if i in table.total_rows else ""}>{"".join(cells)}</tr>')
    title = numbered_title(label, table.title)
    return (
        '<div class="exhibit">'
        + _scroll(f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead>"
                  f'<tbody>{"".join(body)}</tbody></table>', title, wide=len(table.columns) > _NARROW)
        + f"{_notes(table.notes)}</div>")


def _scroll(inner: str, title: str, *, wide: bool) -> str:
    """A box that scrolls sideways by itself; a `wide` one says so where the page is narrow."""
    return (f'<div class="scroll{" wide" if wide else ""}" role="region" tabindex="0" aria-label="{escape(title)}">'
            f"{inner}</div>")


def _chart(chart: Chart, label: str, notes: Mapping[str, int]) -> str:
    source = picture(chart)
    shown = f"<p>{escape(chart.alt)}</p>"
    if source:
        shown = _scroll(f'<img src="{source}" alt="{escape(chart.alt)}">', chart.title, wide=True)
    data = f"<details><summary>数据表</summary>{_table(chart.data, '', notes)}</details>" if chart.data else ""
    caption = escape(numbered_title(label, chart.title))
    return f'<figure class="exhibit">{shown}<figcaption>{caption}</figcaption>{_notes(chart.notes)}{data}</figure>'


def _notes(notes: Sequence[str]) -> str:
    return "".join(f'<p class="note">{escape("注：" * (i == 0) + note)}</p>' for i, note in enumerate(notes))


def _findings(findings: Findings) -> str:
    summary = f'<p><strong>{escape(findings.title)}：</strong>{inline((Run(findings.summary),))}</p>'
    if not findings.items:
        return f'<div class="findings">{summary}</div>'
    head = "".join(f'<th scope="col">{title}</th>' for title in FINDING_TITLES)
    rows = "".join(
        f'<tr class="{escape(line.severity)}">' + "".join(f"<td>{escape(cell)}</td>" for cell in finding_cells(line))
        + "</tr>" for line in findings.items)
    more = f'<p class="note">另有{findings.more}条未列。</p>' if findings.more else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="findings">{summary}{_scroll(table, findings.title, wide=True)}{more}</div>'


def _sources(sources: Sources) -> str:
    out = [f'<p class="closing">{inline((Run(sources.closing),))}</p>'] if sources.closing else []
    if annex := source_notes.annex(sources):
        out.append(f'<section class="annex"><h2>{escape(annex.title)}</h2>{_table(annex, "", {})}</section>')
    if sources.figures:
        groups = "".join(map(_note_group, source_notes.groups(sources)))
        out.append(f'<section class="notes"><h2>来源注释</h2>'
                   f'<p class="note">{escape(source_notes.WHERE_THE_REST_IS)}</p>{groups}</section>')
    return "".join(out)


def _note_group(group: source_notes.Group) -> str:
    said = "　".join(f'<span class="subject">{name}</span> {escape(text)}' for name, text in group.facts)
    return (f'<h3>{escape(group.title)}</h3><p>{said}</p>'
            f'<ol start="{group.notes[0].n}">{"".join(map(_source_note, group.notes))}</ol>')


def _source_note(note: source_notes.Note) -> str:
    said = "".join(f'<span><span class="subject">{escape(name)}</span> {escape(text)}</span> '
                   for name, text in source_notes.facts(note))
    printed = f"<b>{escape(note.printed)}</b>　" if note.printed else ""
    return (f'<li id="note-{note.n}"><p>{printed}<span class="subject">{escape(note.subject)}</span></p>'
            f'<p class="facts">{said}</p>{_source_rows(note)}</li>')


def _source_rows(note: source_notes.Note) -> str:
    rows = note.rows[:source_notes.ROWS_SHOWN]
    if not rows:
        return ""
    titles = source_notes.columns_of(rows)
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("位置", "单位", *titles))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in (
            source_notes.place(row), row.unit, *(dict(row.values).get(title, "") for title in titles))) + "</tr>"
        for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return (f"<details><summary>来源行（列出{len(rows)}行，共{note.n_rows}行）</summary>"
            f'{_scroll(table, "来源行", wide=True)}</details>')


def _foot(foot: Foot) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in recipients(foot))
    copies = f'<p class="copies">{escape(printed_copies(foot))}</p>' if foot.copies is not None else ""
    return f'<footer class="foot">{f"<div>{lines}</div>" if lines else ""}{copies}</footer>'


def recipients(foot: Foot) -> list[str]:
    """报, 送 and 发 as printed lines."""
    return [f"{verb}：{to}" for verb, to in (("报", foot.report_to), ("送", foot.send_to), ("发", foot.issue_to)) if to]


def printed_copies(foot: Foot) -> str:
    """（共印120份）, or "" when not said."""
    return f"（共印{foot.copies}份）" if foot.copies is not None else ""
