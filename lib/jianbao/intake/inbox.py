"""Files in: seen before? readable? right? then stored, and the rest sent back. Imports this room, workspace, store."""

from __future__ import annotations

import csv
import gc
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from jianbao.definitions.finding import Finding
from jianbao.errors import JianbaoError, WorkbookError
from jianbao.intake.checks import Checked, check_sheets, is_filed
from jianbao.intake.contract import Contract
from jianbao.intake.master import receive_master, register_of
from jianbao.intake.reader import read_each
from jianbao.intake.receipt import FileReport, Outcome, Receipt, SheetReport
from jianbao.intake.workbook import Book, read_workbook
from jianbao.store import Delivery, Received, Submission
from jianbao.workspace import Workspace

RECEIVED_LIST = "received.csv"  # beside the files: file, received_at


@dataclass(frozen=True)
class Incoming:
    """A file as it came; `name` is its path within the folder it was found in."""

    path: Path
    name: str
    content: bytes
    received_at: datetime
    sha256: str


@dataclass(frozen=True)
class Examined:
    """A file with what was found in it; nothing is stored yet."""

    incoming: Incoming
    book: Book | None
    checked: tuple[Checked, ...]
    findings: tuple[Finding, ...]  # of the file itself; those of sheets are with the sheets

    @property
    def outcome(self) -> Outcome:
        if self.book is None:
            return "unreadable"
        accepted = [c.accepted for c in self.checked]
        if not any(accepted):
            return "returned"
        clean = all(accepted) and not any(f.severity == "error" for f in self.findings)
        return "stored" if clean else "partly"

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        return (*self.findings, *(f for c in self.checked for f in c.sheet.findings))

    def report(self, returned: Path | None = None) -> FileReport:
        period = self.book.period.id if self.book and self.book.period else ""
        sheets = tuple(
            SheetReport(c.sheet.ledger.name, c.sheet.ledger.title, c.sheet.name, len(c.sheet.rows), c.sheet.nil, c.accepted)
            for c in self.checked
        )
        return FileReport(
            self.incoming.name,
            self.outcome,
            self.incoming.received_at,
            self.book.filer if self.book else "",
            period,
            sheets,
            self.all_findings,
            self.book.guesses if self.book else (),
            returned,
        )


def receive(workspace: Workspace, path: Path | None = None, *, received_at: datetime | None = None) -> Receipt:
    """Stores what is clean among the files in `path` (data/inbox when None) and writes the rest back to data/returns.

    Each file's received time is the one `received.csv` beside it says, else `received_at`, else now. Files whose content
    came before are left alone. Raises DefinitionError when a master workbook is wrong; nothing is stored then.
    """
    folder = path or workspace.path("inbox")
    incoming = _listed(folder, received_at or workspace.now, must_exist=path is not None)
    store = workspace.store
    with store.lock():
        seen = store.seen([i.sha256 for i in incoming])
        new, duplicates = _sorted_out(incoming, seen)
        masters = receive_master(workspace, received_at or min((i.received_at for i in new), default=workspace.now))
        if not new:
            return Receipt((*masters, *duplicates), store.version())
        examined = examine(workspace, new)
        version = store.receive([_received(workspace, e) for e in examined], received_at=max(i.received_at for i in new))
    workspace.refresh()
    from jianbao.intake.returned import write_return

    reports = [e.report(write_return(workspace, e.report(), e.incoming.content)) for e in examined]
    return Receipt((*masters, *sorted([*reports, *duplicates], key=lambda r: r.file)), version)


def check(workspace: Workspace, files: Iterable[Path], *, received_at: datetime | None = None) -> Receipt:
    """What `receive` would find in `files` (or folders of them); stores and writes nothing."""
    at = received_at or workspace.now
    incoming = [i for path in files for i in _listed(path, at, must_exist=True)]
    new, duplicates = _sorted_out(incoming, set())
    return Receipt((*(e.report() for e in examine(workspace, new)), *duplicates))


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
    """Reads and checks all of a batch together; one Examined for each file, in order."""
    on = max((i.received_at for i in incoming), default=workspace.now).date()
    contract = Contract(workspace.definitions, register_of(workspace, on))
    books: dict[int, Book] = {}
    findings: dict[int, list[Finding]] = {}
    for n, sheets in read_each({n: (i.name, i.content) for n, i in enumerate(incoming)}):
        i = incoming[n]
        if isinstance(sheets, WorkbookError):
            findings[n] = [Finding("error", sheets.rule, sheets.message, sheets.remedy, file=i.name)]
            continue
        books[n] = read_workbook(contract, i.name, sheets, i.received_at)
        findings[n] = [*books[n].findings, *_not_filed(books[n])]
    filed = [(n, s) for n, book in books.items() for s in book.sheets if is_filed(s)]
    checked: dict[int, list[Checked]] = {}
    for (n, _), one in zip(filed, check_sheets([s for _, s in filed], contract, workspace.store, on), strict=True):
        checked.setdefault(n, []).append(one)
    return [Examined(i, books.get(n), tuple(checked.get(n, ())), tuple(findings[n])) for n, i in enumerate(incoming)]


def _not_filed(book: Book) -> Iterable[Finding]:
    for s in book.sheets:
        if not is_filed(s):
            yield replace(
                s.finding(
                    "warning",
                    "not-filed",
                    f"“{s.ledger.title}”是空的，没有选零报送，按未报处理。",
                    "确实没有的，在“零报送”处选“是”；有的请填报。",
                ),
                row=None,
            )


def _received(workspace: Workspace, e: Examined) -> Received:
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
    delivery = Delivery(i.sha256, i.name, len(i.content), e.book.filer if e.book else "", i.received_at, e.outcome)
    return Received(delivery, i.content, tuple(submissions), e.findings)


def _sorted_out(incoming: Sequence[Incoming], seen: set[str]) -> tuple[list[Incoming], list[FileReport]]:
    """New files in order of receipt, and those whose content came before or comes twice."""
    new: dict[str, Incoming] = {}
    duplicates = []
    for i in sorted(incoming, key=lambda i: (i.received_at, i.name)):
        if i.sha256 in seen or i.sha256 in new:
            other = new[i.sha256].name if i.sha256 in new else "以前收到的文件"
            duplicates.append(FileReport(i.name, "duplicate", i.received_at, guesses=(f"与{other}内容相同，没有再收",)))
        else:
            new[i.sha256] = i
    return list(new.values()), duplicates


def _listed(path: Path, default: datetime, *, must_exist: bool) -> list[Incoming]:
    """Every file in a folder and below, or the one file; lock files and lists of received times left out."""
    if not path.exists():
        if must_exist:
            raise JianbaoError(f"{path} is not there. Name a workbook, or a folder with workbooks in it.")
        return []
    paths = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    times: dict[Path, dict[str, datetime]] = {}
    result = []
    for p in paths:
        if p.name.startswith(("~$", ".")) or p.name == RECEIVED_LIST:
            continue
        if p.parent not in times:
            times[p.parent] = _received_times(p.parent / RECEIVED_LIST)
        name = p.name if path.is_file() else p.relative_to(path).as_posix()
        content = p.read_bytes()
        at = times[p.parent].get(p.name, default)
        result.append(Incoming(p, name, content, at, hashlib.sha256(content).hexdigest()))
    return result


def _received_times(path: Path) -> dict[str, datetime]:
    """file → received time, naive local. Raises JianbaoError naming the line that cannot be meant."""
    if not path.exists():
        return {}
    times = {}
    with path.open(encoding="utf-8-sig", newline="") as f:
        for row in (reader := csv.DictReader(f)):
            try:
                times[str(row["file"])] = datetime.fromisoformat(str(row["received_at"]).strip()).replace(tzinfo=None)
            except (KeyError, ValueError):
                raise JianbaoError(
                    f"{path}:{reader.line_num}: should have the columns file and received_at, "
                    "with times such as 2023-10-23T11:40."
                ) from None
    return times
