"""A batch of files read and checked: what each says, what is wrong with it, what it answers. Imports this room, workspace, store.

Whatever looks at a file on its way in has its line in `examine`.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from jianbao.definitions.finding import Finding
from jianbao.definitions.personal import mask
from jianbao.errors import WorkbookError
from jianbao.intake import explanations, personal, refiled, slips
from jianbao.intake.amendments import Amendments
from jianbao.intake.arrivals import Incoming
from jianbao.intake.attachments import Attached, attached, missing
from jianbao.intake.checks import Checked, check_sheets, is_filed
from jianbao.intake.closing import Gate
from jianbao.intake.contract import Contract
from jianbao.intake.formats import explained
from jianbao.intake.master import register_of
from jianbao.intake.reader import read_each
from jianbao.intake.receipt import FileReport, Outcome, SheetReport
from jianbao.intake.versions import equal_to_filed, in_order
from jianbao.intake.workbook import Book, read_workbook
from jianbao.store import Delivery, Received, Submission
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Examined:
    """A file with what was found in it; nothing is stored yet."""

    incoming: Incoming
    book: Book | None
    checked: tuple[Checked, ...]
    findings: tuple[Finding, ...]  # of the file itself; those of sheets are with the sheets
    answer: refiled.Answer | None = None
    attached: Attached | None = None
    said: tuple[str, ...] = ()  # of the file beside others

    @property
    def kind(self) -> str:
        return "attachment" if self.attached else "archive" if self.incoming.format.kind == "archive" else "workbook"

    @property
    def filer(self) -> str:
        return self.book.filer if self.book else self.attached.filer if self.attached else ""

    @property
    def outcome(self) -> Outcome:
        if self.attached is not None:
            return "attached"
        if self.kind == "archive" and self.incoming.refused is None:
            return "unpacked"
        if self.book is None:
            return "unreadable"
        accepted = [c.accepted for c in self.checked]
        if not any(accepted):
            return "returned"
        clean = all(accepted) and not any(f.severity == "error" for f in self.findings)
        return "stored" if clean else "partly"

    @property
    def guesses(self) -> tuple[str, ...]:
        guess = self.answer.guess if self.answer else ""
        return (*(self.book.guesses if self.book else ()), *([guess] if guess else []), *self.said)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(f for c in self.checked for f in c.sheet.findings))

    def report(self, returned: Path | None = None) -> FileReport:
        period = self.book.period.id if self.book and self.book.period else self.attached.period if self.attached else ""
        sheets = tuple(
            SheetReport(c.sheet.ledger.name, c.sheet.ledger.title, c.sheet.name, len(c.sheet.rows), c.sheet.nil, c.accepted)
            for c in self.checked
        )
        return FileReport(
            self.incoming.name,
            self.outcome,
            self.incoming.received_at,
            self.filer,
            period,
            sheets,
            self.all_findings,
            self.guesses,
            returned,
            self.answer.comparison if self.answer else None,
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cycle collector, which would go through hundreds of thousands of cells again and again and find nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_uncollected()
def examine(workspace: Workspace, incoming: Sequence[Incoming]) -> list[Examined]:
    """Reads and checks all of a batch together; one Examined for each file, in the order in which they are to be stored."""
    on = max((i.received_at for i in incoming), default=workspace.now).date()
    contract = Contract(workspace.definitions, register_of(workspace, on))
    books: dict[int, Book] = {}
    findings: dict[int, list[Finding]] = {}
    said: dict[int, slips.Slip] = {}
    words: dict[int, explanations.Explained] = {}
    for n, i in enumerate(incoming):
        if i.format.kind != "workbook":
            said[n] = slips.Slip()
            why = i.refused or (i.format.refused if i.format.kind == "scan" else None)
            findings[n] = [Finding("error", why.rule, why.message, why.remedy, file=i.name)] if why else []
            findings[n] += personal.about_name(i.name, i.personal)
    for n, sheets in read_each({n: (i.own_name, i.content) for n, i in enumerate(incoming) if i.format.kind == "workbook"}):
        i = incoming[n]
        said[n] = slips.slip_of(i.content, [] if isinstance(sheets, WorkbookError) else sheets, i.name)
        about_name = personal.about_name(i.name, i.personal)
        if isinstance(sheets, WorkbookError):
            sheets = explained(sheets, i.name)
            findings[n] = [Finding("error", sheets.rule, mask(sheets.message), sheets.remedy, file=i.name), *about_name]
            continue
        clean, screened = personal.masked(sheets)
        books[n] = personal.screen(read_workbook(contract, i.name, clean, i.received_at), screened)
        books[n] = replace(books[n], guesses=(*books[n].guesses, *sheets.notes)) if sheets.notes else books[n]
        words[n] = explanations.read(clean, books[n].sheets)
        findings[n] = [*books[n].findings, *_not_filed(books[n]), *about_name]
    gate, amendments = Gate(workspace), Amendments(workspace, contract)
    filed = [
        (n, gate.checked(amendments.read(s, incoming[n].received_at), incoming[n].received_at))
        for n, book in books.items()
        for s in book.sheets
        if is_filed(s)
    ]
    checked: dict[int, list[Checked]] = {}
    for (n, _), one in zip(filed, check_sheets([s for _, s in filed], contract, workspace.store, on), strict=True):
        checked.setdefault(n, []).append(replace(one, sheet=replace(one.sheet, findings=personal.hidden(one.sheet.findings))))
    scans = attached(incoming, books, contract.units(on), workspace.store)
    order, checked, beside = in_order(incoming, checked)
    for n, found in equal_to_filed(workspace.store, checked).items():
        beside.setdefault(n, []).extend(found)
    for n, book in books.items():
        if absent := missing(book, scans, workspace.store):
            findings[n].append(absent)
    for n, scan in scans.items():
        findings[n] = personal.about_name(incoming[n].name, incoming[n].personal)
        beside[n] = [f"认作 {scan.filer} {scan.period} 的盖章件（{scan.why}），只留存，不读"]
    examined = [
        Examined(
            i,
            books.get(n),
            tuple(checked.get(n, ())),
            personal.hidden(findings[n]),
            attached=scans.get(n),
            said=tuple(beside.get(n, ())),
        )
        for n, i in enumerate(incoming)
    ]
    reasons = workspace.definitions.terms.empty_reasons
    examined = [_explained(e, words[n], reasons) if words.get(n) else e for n, e in enumerate(examined)]
    answering = _answering(workspace, examined, said)
    return [answering[n] for n in order]


def _explained(e: Examined, said: explanations.Explained, empty_reasons: Iterable[str]) -> Examined:
    """With what the filer says to the warnings."""
    found = iter(explanations.applied(e.all_findings, said, empty_reasons))
    mine = tuple(next(found) for _ in e.findings)
    checked = tuple(replace(c, sheet=replace(c.sheet, findings=tuple(next(found) for _ in c.sheet.findings))) for c in e.checked)
    return replace(e, findings=mine, checked=checked)


def _answering(workspace: Workspace, examined: Sequence[Examined], said: dict[int, slips.Slip]) -> list[Examined]:
    """Each with what it answers of what went back before."""
    files = [
        refiled.Refiled(
            e.incoming.name,
            said[n],
            e.book.filer if e.book else "",
            e.incoming.received_at,
            tuple((c.sheet.ledger.name, c.sheet.period.id) for c in e.checked if c.sheet.period),
            e.findings,
            tuple(f for c in e.checked for f in c.sheet.findings),
        )
        for n, e in enumerate(examined)
    ]
    titles = {name: ledger.title for name, ledger in workspace.definitions.ledgers.items()}
    answers = refiled.compared(files, workspace.store, titles)
    return [replace(e, findings=a.findings, answer=a) for e, a in zip(examined, answers, strict=True)]


def _not_filed(book: Book) -> Iterable[Finding]:
    for s in book.sheets:
        if not is_filed(s) and s.ledger.is_filed:
            yield replace(
                s.finding(
                    "warning",
                    "not-filed",
                    f"“{s.ledger.title}”是空的，没有选零报送，按未报处理。",
                    "确实没有的，在“零报送”处选“是”；有的请填报。",
                ),
                row=None,
            )


def received(workspace: Workspace, e: Examined) -> Received:
    """What goes into the store of it."""
    i = e.incoming
    submissions = []
    for c in e.checked:
        s = c.sheet
        assert s.period is not None
        submissions.append(
            Submission(
                s.ledger.name,
                s.period.id,
                s.period.ends,
                s.filer,
                c.units,
                s.nil and not s.rows,
                s.name,
                c.accepted,
                i.received_at > workspace.cut_off(s.period),
                c.rows if c.accepted else None,
                s.findings,
            )
        )
    answer = e.answer.comparison if e.answer else None
    delivery = Delivery(
        i.sha256,
        i.name,
        len(i.content),
        e.filer,
        i.received_at,
        e.outcome,
        kind=e.kind,
        container=i.container,
        period=e.attached.period if e.attached else "",
        answers=answer.answers if answer else "",
        guesses=e.guesses,
        compared=answer.dumps() if answer else "",
    )
    return Received(delivery, i.content, tuple(submissions), e.findings)
