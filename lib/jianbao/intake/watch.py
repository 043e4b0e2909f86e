"""A folder watched: what has come to rest is received, what is still being copied waits. Imports inbox, arrivals, workspace.

By looking again and again, not by the system's events: an office's inbox is a shared drive or a folder that a mail program
syncs, and for what another machine writes there no event is sent.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

from jianbao.intake.archives import is_junk
from jianbao.intake.arrivals import UNFINISHED, Mark
from jianbao.intake.inbox import receive
from jianbao.intake.receipt import Receipt
from jianbao.workspace import Workspace

SETTLE = 3.0  # seconds without a change
BATCH_WAIT = 60.0  # seconds that a file at rest waits for others that are still coming
HALF_WAIT = 600.0  # seconds after which half a zip file is taken for what it is: damaged
OPEN_WAIT = 900.0  # seconds after which a lock file is taken for one that was left behind
_TAIL = 22 + 65_535  # where the end of a zip file's directory can stand
_ZIP, _END = b"PK\x03\x04", b"PK\x05\x06"


class Stop:
    """Set by a signal. No threading.Event: its lock may be held by the very wait that the signal interrupts."""

    def __init__(self) -> None:
        self._set = False

    def set(self, *_: object) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    def wait(self, seconds: float) -> None:
        """Until it is set, at most so long."""
        ends = monotonic() + seconds
        while not self._set and (left := ends - monotonic()) > 0:
            sleep(min(left, 0.2))


@dataclass
class Settling:
    """Which files of a folder have come to rest. `look` is called again and again with the time, in seconds."""

    settle: float = SETTLE
    done: dict[Path, Mark] = field(default_factory=dict)
    _since: dict[Path, tuple[Mark, float]] = field(default_factory=dict)

    def look(self, folder: Path, now: float) -> set[Path]:
        """The files to be received now; none while some of what is coming may still join them."""
        seen = dict(_files(folder))
        self.done = {path: mark for path, mark in self.done.items() if seen.get(path) == mark}
        before, self._since = self._since, {}
        ready, waited, coming = set(), 0.0, False
        locked = {p.name.removeprefix("~$") for p in seen if p.name.startswith("~$")}
        for path, mark in seen.items():
            if path in self.done or is_junk(path.name):
                continue
            if path.suffix.lower() in UNFINISHED:
                coming = True
                continue
            known, since = before.get(path, (mark, now))
            since = since if known == mark else now
            self._since[path] = mark, since
            if now - since >= self._patience(path, mark, locked):
                ready.add(path)
                waited = max(waited, now - since)
            else:
                coming = True
        return ready if not coming or waited >= self.settle + BATCH_WAIT else set()

    def _patience(self, path: Path, mark: Mark, locked: set[str]) -> float:
        # Office programs name the lock of a long name without its first two letters.
        if path.name in locked or path.name[2:] in locked:
            return OPEN_WAIT
        return self.settle if mark.size == 0 or is_whole(path) else HALF_WAIT

    def received(self, paths: Iterable[Path]) -> None:
        """These are not asked for again while they stay as they are."""
        self.done.update({path: self._since[path][0] for path in paths if path in self._since})


def watch(
    workspace: Callable[[], Workspace],
    folder: Path | None,
    *,
    stop: Stop,
    tell: Callable[[Receipt], None],
    fail: Callable[[str], None],
    every: float = 10.0,
    settle: float = SETTLE,
) -> None:
    """Receives what comes to rest in `folder` (data/inbox when None), a batch at a time, until `stop` is set.

    `workspace` opens it anew for each batch, so that changed params count. What goes wrong in one round is told to `fail`,
    once while it stays the same, and tried again in the next.
    """
    settling, trouble = Settling(settle), ""
    while not stop.is_set():
        said = ""
        try:
            here = folder or workspace().path("inbox")
            if ready := settling.look(here, monotonic()):
                receipt = receive(workspace(), here, only=ready.__contains__)
                settling.received(ready)
                if receipt.files or receipt.notes:
                    tell(receipt)
        except Exception as e:  # locked, a full disk, a drive that is gone: none of them lasts
            said = str(e) if str(e) else type(e).__name__
            if said != trouble:
                fail(said)
        trouble = said
        stop.wait(every)


def is_whole(path: Path) -> bool:
    """False for the beginning of a zip file whose directory, which stands at the end, has not come yet."""
    try:
        with path.open("rb") as f:
            if f.read(4) != _ZIP:
                return True
            size = f.seek(0, os.SEEK_END)
            f.seek(max(0, size - _TAIL))
            return _END in f.read()
    except OSError:
        return True  # the receive says what is wrong with it


def _files(folder: Path) -> Iterator[tuple[Path, Mark]]:
    for here, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f != "__MACOSX"]
        for name in names:
            path = Path(here, name)
            try:
                s = path.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(s.st_mode):
                yield path, Mark(s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino)
