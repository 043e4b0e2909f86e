"""Files on disk whole or not at all, even when the power goes. Imports errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from jianbao.errors import StoreError

MARK = ".writing"       # stands in a store while files are written that the catalogue does not name yet
FULL = {errno.ENOSPC, errno.EDQUOT}
CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class Writing:
    """Files written aside; `finish()` flushes them all to disk, then gives them their names and flushes their folders.

    One wait for the disk and not one a file. A mark in `folder` says for as long as this is open that a writer is at work:
    found by the next one, it means that this one died.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.mark = folder, folder / MARK
        self._parts: dict[Path, Path] = {}
        self._folders: set[Path] = set()

    def __enter__(self) -> Writing:
        with plainly(self.folder):
            self.mark.touch()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:        # else it stays for the sweep
            self.mark.unlink(missing_ok=True)

    def put(self, path: Path, content: Any) -> None:
        """`content` (bytes or a buffer) at `path`, once finished."""
        with plainly(path.parent):
            self._make(path.parent)
            part = path.with_name(f".{uuid4().hex[:8]}.{os.getpid()}.part")       # however long the name, it fits
            with part.open("wb") as f:
                f.write(content)
        self._parts[path] = part
        self._folders.add(path.parent)

    def finish(self) -> None:
        with plainly(self.folder):
            for part in self._parts.values():
                _flush(part)
            for path, part in self._parts.items():
                part.replace(path)
            for folder in self._folders:
                _flush(folder)
        self._parts.clear()
        self._folders.clear()

    def _make(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            new.mkdir(exist_ok=True)
            self._folders.add(new.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Aside, flushed to disk, then by rename: a reader sees the whole file or none, also after the power was gone."""
    writing = Writing(path.parent)
    try:
        writing.put(path, content)
        writing.finish()
    except BaseException:
        for part in writing._parts.values():
            with suppress(OSError):
                part.unlink()
        raise


def sweep_parts(top: Path) -> None:
    """Removes halves of files in the folders below `top` whose writers are no more."""
    for part in top.glob("*/.*.part"):
        number = part.name.split(".")[-2]
        if number.isdigit() and not _runs(int(number)):
            part.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@contextmanager
def plainly(place: Path) -> Iterator[None]:
    """What the operating system refuses, as a StoreError that says what to do."""
    try:
        yield
    except OSError as e:
        raise refused(e, place) from e


def refused(e: OSError, place: Path) -> StoreError:
    if e.errno in FULL:
        return StoreError(f"{place}: no room is left on this disk. Nothing is half stored. Make room, then run it again.")
    if e.errno in CLOSED:
        return StoreError(f"{place} cannot be written: {os.strerror(e.errno)}. See who may write there and whether the disk is "
                          "read-only, then run it again.")
    return StoreError(f"{place} cannot be written: {e.strerror or e}. Nothing is half stored. Mend it, then run it again.")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as e:
        # Some network drives cannot flush a folder.
        if not (path.is_dir() and e.errno in (errno.EINVAL, errno.ENOTSUP)):
            raise
    finally:
        os.close(handle)
