"""What goes back to the filer, made from what is on file: marked copies, and a list of who still has one to answer.

Imports marked, slips, receipt, store, workspace. A copy can be made again at any time, byte for byte the same: it is made of
the delivery's bytes, its findings and its slip.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from tempfile import TemporaryFile
from threading import Timer

from jianbao.errors import StoreError
from jianbao.intake.marked import Copy, made
from jianbao.intake.receipt import OUTCOMES, FileReport
from jianbao.intake.refiled import loads
from jianbao.intake.slips import finding_ids, slip_number
from jianbao.store.answers import Delivered, delivered
from jianbao.store.durable import write_durably
from jianbao.workspace import Workspace

START = "import sys; sys.path += sys.argv[1:]; from jianbao.intake.marked import main; main()"
WAIT, WAIT_PER_FILE = 60, 30  # seconds of the wall clock for a child that makes copies


def write_return(workspace: Workspace, report: FileReport, content: bytes) -> Path | None:
    """The path of the copy of a file that is on file, below data/returns; None when nothing was found in it."""
    return rewritten(workspace, hashlib.sha256(content).hexdigest()) if report.findings else None


def rewritten(workspace: Workspace, sha256: str) -> Path | None:
    """The same by its content alone: made again from the store."""
    return write_returns(workspace, [sha256])[sha256]


def write_returns(workspace: Workspace, shas: Iterable[str]) -> dict[str, Path | None]:
    """sha256 → the copy that goes back, each written whole or not at all; None when nothing does.

    Raises StoreError for a content that is not on file.
    """
    wanted = list(dict.fromkeys(shas))
    found = {d.sha256: d for d in delivered(workspace.store, shas=wanted)}
    for sha in wanted:
        if sha not in found:
            raise StoreError(f"no delivery {sha[:12]}… in the store.")
    back = [d for d in found.values() if d.findings]
    paths: dict[str, Path | None] = dict.fromkeys(wanted)
    for d, content in zip(back, _copies(copy_of(workspace, d) for d in back), strict=True):
        path = return_path(workspace, d)
        write_durably(path, content)
        paths[d.sha256] = path
    return paths


def return_path(workspace: Workspace, d: Delivered) -> Path:
    """Where the copy of a delivery stands: below its period, or the day it came."""
    folder = d.period or d.received_at.date().isoformat()
    return workspace.path("returns", folder, return_name(d.name, d.sha256))


def return_name(file: str, sha256: str) -> str:
    """A name no other file's copy has, short enough for any file system."""
    stem = unicodedata.normalize("NFC", PurePath(file).stem)
    stem = re.sub(r"(_退回_[0-9a-f]{8})+", "", stem)  # a copy that came back, and goes again
    stem = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', "_", stem).strip(" .") or "文件"
    while len(stem.encode()) > 180:
        stem = stem[:-1]
    return f"{stem}_退回_{sha256[:8]}.xlsx"


def copy_of(workspace: Workspace, d: Delivered) -> Copy:
    """What the copy of a delivery is made of."""
    ledgers = workspace.definitions.ledgers
    sheets = tuple((ledgers[s.ledger].title if s.ledger in ledgers else s.ledger, s.rows, s.nil, s.accepted) for s in d.sheets)
    compared = loads(d.compared)
    said = () if compared is None else tuple(x for x in (
        f"重报核对：{compared.answered}。{compared.sentence}", compared.not_again) if x)
    content = None if d.outcome == "unreadable" else workspace.store.file(d.sha256).read_bytes()
    outcome = OUTCOMES.get(d.outcome, d.outcome)
    return Copy(slip_number(d.sha256, d.period, d.received_at), d.name, d.received_at, outcome, sheets, d.findings,
                tuple(finding_ids(d.findings)), d.guesses, compared.was if compared else (), said,
                content if content is not None and content.startswith(b"PK") else None)


def _copies(copies: Iterable[Copy]) -> Iterator[bytes]:
    """Each as a workbook, in order. The one that a child dies over, or cannot make, becomes a list alone."""
    pending = list(copies)
    while pending:
        if all(c.content is None for c in pending):  # nothing of anybody else's in them: no child needed
            yield from map(made, pending)
            return
        done = 0
        for content in _child(pending):
            yield made(replace(pending[done], content=None)) if content is None else content
            done += 1
        if not done:
            yield made(replace(pending[0], content=None))
            done = 1
        del pending[:done]


def _child(job: Sequence[Copy]) -> Iterator[bytes | None]:
    """The workbooks that come back before the child ends, in order."""
    library = str(Path(__file__).resolve().parents[2])
    with TemporaryFile() as given:
        pickle.dump(list(job), given, pickle.HIGHEST_PROTOCOL)
        given.seek(0)
        process = subprocess.Popen([sys.executable, "-I", "-S", "-c", START, library, *filter(None, sys.path)], stdin=given,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    assert process.stdout is not None
    clock = Timer(WAIT + WAIT_PER_FILE * len(job), process.kill)
    clock.start()
    try:
        while True:
            try:
                yield pickle.load(process.stdout)
            except (EOFError, pickle.UnpicklingError):
                return
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
