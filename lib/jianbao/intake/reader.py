"""Reads workbooks in child processes with limits, so that no file can harm the one who receives it. Imports gate, errors."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import Any, TypeVar

from jianbao.errors import WorkbookError
from jianbao.intake.gate import MAX_FILE, RESAVE

Key = TypeVar("Key", bound=Hashable)
FILES_PER_CHILD, BYTES_PER_CHILD = 400, 64 << 20
START = "import sys; sys.path += sys.argv[1:]; from jianbao.intake.child import main; main()"
WAIT, WAIT_PER_FILE = 60, 5  # seconds of the wall clock, beside the child's own limit of processor time


@dataclass(frozen=True)
class RawSheet:
    """Cells as filed: `rows[i][j]` is Excel row i+1, column j+1; "" is empty. `faults` and `merged` are 0-based."""

    name: str
    visible: bool
    rows: list[list[Any]]
    faults: dict[tuple[int, int], str]  # cells with #N/A and the like, or "formula": never computed
    merged: list[tuple[int, int, int, int]]  # first row, first column, last row, last column


def read_batch(files: Mapping[Key, tuple[str, bytes]]) -> dict[Key, list[RawSheet] | WorkbookError]:
    """key → (name, content) in; key → the file's sheets, or why they cannot be read. Never raises for a file's sake."""
    return dict(read_each(files))


def read_each(files: Mapping[Key, tuple[str, bytes]]) -> Iterator[tuple[Key, list[RawSheet] | WorkbookError]]:
    """The same one by one and in order, so that what was read can be looked at while the next is being read.

    When a child dies, the file it died over comes first in another; dying again is that file's doing, and the rest go on
    without it.
    """
    for pending in _batches(files):
        while pending:
            done = 0
            for read in _child([_within_reason(files[key]) for key in pending]):
                yield pending[done], WorkbookError(*read) if isinstance(read, tuple) else [RawSheet(*sheet) for sheet in read]
                done += 1
            del pending[:done]
            if pending and not done:
                yield (
                    pending.pop(0),
                    WorkbookError(
                        "unreadable", "读取这个文件时耗尽了内存或时间，文件内容不正常。", f"请把内容粘贴到新下发的模板里。{RESAVE}"
                    ),
                )


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


def _child(job: list[tuple[str, bytes]]) -> Iterator[Any]:
    """The results that come back before the child ends, in order."""
    library = str(Path(__file__).resolve().parents[2])
    with TemporaryFile() as given:
        pickle.dump(job, given, pickle.HIGHEST_PROTOCOL)
        given.seek(0)
        # Isolated, without site, and its own library first: no module in the working directory can stand in for another,
        # and it starts in half the time.
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", START, library, *filter(None, sys.path)],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    assert process.stdout is not None
    clock = Timer(WAIT + WAIT_PER_FILE * len(job), process.kill)
    clock.start()
    try:
        while True:
            try:
                result = pickle.load(process.stdout)
            except (EOFError, pickle.UnpicklingError):  # it ended, perhaps in the middle of one
                return
            yield result
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
