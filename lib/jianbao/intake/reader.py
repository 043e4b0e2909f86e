"""Reads workbooks in child processes with limits, so that no file can harm the one who receives it. Imports gate, errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread
from time import monotonic
from typing import Any, BinaryIO, TypeVar

from jianbao.errors import WorkbookError
from jianbao.intake.gate import MAX_FILE
from jianbao.intake.handover import put_job, result
from jianbao.intake.scan import RESAVE

Key = TypeVar("Key", bound=Hashable)
FILES_PER_CHILD, BYTES_PER_CHILD = 2000, 64 << 20
START = "import sys; sys.path += sys.argv[1:]; from jianbao.intake.child import main; main()"
SECONDS, LEAST_SECONDS = 6.0, 1.0  # of the processor for a small file; halved with each file that uses them up
XCPU = 24  # the signal's number; Windows has no such
WAIT, WAIT_PER_MB = 60, 30  # seconds of the wall clock for one file, beside the child's own limit of processor time


@dataclass(frozen=True)
class RawSheet:
    """Cells as filed: `rows[i][j]` is Excel row i+1, column j+1; "" is empty. `faults` and `merged` are 0-based."""

    name: str
    visible: bool
    rows: list[list[Any]]
    faults: dict[tuple[int, int], str]  # cells with #N/A and the like, or "formula": never computed
    merged: list[tuple[int, int, int, int]]  # first row, first column, last row, last column
    hidden_rows: Sequence[int] = ()  # 0-based, as all of these
    hidden_columns: Sequence[int] = ()
    filtered: bool = False  # some rows are hidden by a filter
    since_1904: bool = False  # its day numbers count from there
    notes: Sequence[str] = ()  # what had to be guessed to read it


class RawBook(list[RawSheet]):
    """The sheets of one file, in its order."""

    notes: tuple[str, ...] = ()  # what it carries and nobody reads: macros, links to other files


def read_batch(files: Mapping[Key, tuple[str, bytes]]) -> dict[Key, RawBook | WorkbookError]:
    """key → (name, content) in; key → the file's sheets, or why they cannot be read. Never raises for a file's sake."""
    return dict(read_each(files))


def read_each(files: Mapping[Key, tuple[str, bytes]]) -> Iterator[tuple[Key, RawBook | WorkbookError]]:
    """The same one by one and in order, so that what was read can be looked at while the next is being read.

    When a child dies, the file it died over comes first in another; dying again is that file's doing, and the rest go on
    without it. One that used up its time is not tried again, and leaves less of it to the next: a folder full of such
    files takes minutes at most, not hours.
    """
    seconds = SECONDS
    for pending in _batches(files):
        with TemporaryFile() as given:
            places = []
            for key in pending:
                places.append(given.tell())
                put_job(given, *_within_reason(files[key]))
            given.flush()
            done, tried = 0, False
            while done < len(pending):
                given.seek(places[done])
                child = _Child(given, seconds)
                before = done
                for read in child.results(len(files[key][1]) for key in pending[done:]):
                    yield pending[done], read
                    done += 1
                if done == len(pending):
                    break
                tried = tried if done == before else False
                if child.too_long:
                    seconds = max(LEAST_SECONDS, seconds / 2)
                if tried or child.too_long:
                    yield (
                        pending[done],
                        WorkbookError(
                            "unreadable", "读取这个文件时耗尽了内存或时间，文件内容不正常。", f"请把内容粘贴到新下发的模板里。{RESAVE}"
                        ),
                    )
                    done += 1
                    tried = False
                else:
                    tried = True


def _batches(files: Mapping[Key, tuple[str, bytes]]) -> Iterator[list[Key]]:
    batch: list[Key] = []
    size = 0
    for key, (_, content) in files.items():
        if batch and (len(batch) >= FILES_PER_CHILD or size + len(content) > BYTES_PER_CHILD):
            yield batch
            batch, size = [], 0
        batch.append(key)
        size += len(content)
    if batch:
        yield batch


def _within_reason(file: tuple[str, bytes]) -> tuple[str, bytes]:
    """The gate refuses by size; the child need not be sent more than shows it."""
    name, content = file
    return name, content[: MAX_FILE + 1]


class _Child:
    """One process that reads what `given` holds from its place on."""

    def __init__(self, given: BinaryIO, seconds: float) -> None:
        self.given, self.seconds, self.too_long = given, seconds, False

    def results(self, sizes: Iterator[int]) -> Iterator[RawBook | WorkbookError]:
        """What comes back before the child ends, in order. `sizes` are those of the files it is given."""
        library = str(Path(__file__).resolve().parents[2])
        # Isolated, without site, and its own library first: no module in the working directory can stand in for another,
        # and it starts in half the time.
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", START, library, *filter(None, sys.path), str(self.seconds)],
            stdin=self.given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the one who receives: a child would call the file it reads damaged
        )
        assert process.stdout is not None
        until: list[float] = [float("inf")]  # only while it is being waited for
        over = Event()

        def watch() -> None:
            while not over.wait(1):
                if monotonic() > until[0]:
                    self.too_long = True
                    process.kill()

        Thread(target=watch, daemon=True).start()
        try:
            for size in sizes:
                until[0] = monotonic() + WAIT + WAIT_PER_MB * size / (1 << 20)
                read = result(process.stdout)
                until[0] = float("inf")
                if read is None or (made := _made(*read)) is None:
                    return
                yield made
        finally:
            over.set()
            if process.poll() is None and not self._ended(process):
                process.kill()
            process.stdout.close()
            process.wait()
            # XCPU: its processor time was used up
            self.too_long = self.too_long or process.returncode == -XCPU

    @staticmethod
    def _ended(process: subprocess.Popen[bytes]) -> bool:
        """Whether a child that says no more has died of itself: how, is asked for later."""
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        return True


def _made(ahead: list[list[Any]], said: Any) -> RawBook | WorkbookError | None:
    """The child's last word on a file, with the rows that came before it. None when it makes no sense."""
    try:
        if len(said) == 3:
            return WorkbookError(*map(str, said))
        notes, sheets = said
        book = RawBook()
        book.notes = tuple(map(str, notes))
        at = 0
        for title, visible, rows, *more in sheets:
            if isinstance(rows, int):
                at += rows
                book.append(RawSheet(title, visible, ahead[at - rows : at], *more))
            else:
                book.append(RawSheet(title, visible, rows, *more))
        return book
    except (TypeError, ValueError):
        return None
