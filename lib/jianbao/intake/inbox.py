"""Files in: seen before? readable? right? then stored, and the rest sent back. Imports this room, workspace, store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from jianbao.definitions.personal import mask
from jianbao.errors import JianbaoError, StoreError
from jianbao.intake.arrivals import Found, Incoming, Left, arrived, known, left_report, listed, read, remember
from jianbao.intake.examining import Examined, examine, received
from jianbao.intake.master import receive_master
from jianbao.intake.receipt import FileReport, Receipt
from jianbao.store import Version, listing
from jianbao.store.durable import sweep_parts
from jianbao.workspace import Workspace

BATCH = 1 << 30  # bytes read at once: more than any office gets in a week
AHEAD = timedelta(days=1)  # further in the future no file was received
RETURNS_AT_ONCE = 50


def receive(
    workspace: Workspace,
    path: Path | None = None,
    *,
    received_at: datetime | None = None,
    only: Callable[[Path], bool] | None = None,
) -> Receipt:
    """Stores what is clean among the files in `path` (data/inbox when None) and writes the rest back to data/returns.

    Each file's received time is the one `received.csv` beside it says, else `received_at`, else now. Files whose content
    came before are left alone, and so are those that are being written. `only` limits it to some of the files. Raises
    DefinitionError when a master workbook is wrong; nothing is stored then.
    """
    folder = path or workspace.path("inbox")
    store = workspace.store
    latest = workspace.now + AHEAD
    if received_at is not None and received_at > latest:
        raise JianbaoError(f"--received-at {received_at.isoformat(' ', 'minutes')} lies in the future. Say when the files came.")
    write_back(workspace)  # what an earlier receive was stopped before
    reports: list[FileReport] = []
    stored: list[Examined] = []
    version: Version | None = None
    with store.lock():
        at, notes = (received_at, ()) if received_at is not None else _moment(workspace)
        lies = listed(folder, at, must_exist=path is not None, latest=latest)
        files = [f for f in lies.files if only is None or only(f.path)]
        reports += [r for r in lies.left if only is None]
        unchanged = known(store, files)
        seen = store.seen(unchanged.values())
        reports += [_duplicate(f.name, f.received_at) for f in files if unchanged.get(f.path) in seen]
        to_read = [f for f in files if unchanged.get(f.path) not in seen]
        masters = receive_master(workspace, received_at or min((f.received_at for f in to_read), default=at))
        for batch in _batches(to_read):
            contents, left = _contents(batch)
            incoming = arrived(contents, store.seen)
            new, duplicates = _sorted_out(incoming, store.seen([i.sha256 for i in incoming]))
            reports += [*left, *duplicates]
            if new:
                examined = examine(workspace, new)
                version = store.receive([received(workspace, e) for e in examined], received_at=max(i.received_at for i in new))
                workspace.refresh()
                stored += [replace(e, incoming=replace(e.incoming, content=b"")) for e in examined]
            remember(store, contents)
    copies, trouble = write_back(workspace, [e.incoming.sha256 for e in stored])
    reports += [e.report(copies.get(e.incoming.sha256)) for e in stored]
    return Receipt((*masters, *sorted(reports, key=lambda r: r.file)), version or store.version(), (*notes, *trouble))


def check(workspace: Workspace, files: Iterable[Path], *, received_at: datetime | None = None) -> Receipt:
    """What `receive` would find in `files` (or folders of them); stores and writes nothing."""
    at = received_at or workspace.now
    lies = [listed(path, at, must_exist=True) for path in files]
    contents, left = _contents([f for one in lies for f in one.files])
    new, duplicates = _sorted_out(arrived(contents), set())
    examined = sorted((e.report() for e in examine(workspace, new)), key=lambda r: (r.received_at, r.file))
    return Receipt((*examined, *duplicates, *left, *(r for one in lies for r in one.left)))


def write_back(workspace: Workspace, mine: Sequence[str] = ()) -> tuple[dict[str, Path | None], list[str]]:
    """Writes what has to go back and was not written yet, of this receive or of one that was stopped.

    The copies of `mine` by content hash, and what hindered: what is not written now, the next receive writes.
    """
    from jianbao.intake.outstanding import folders_after, write_lists
    from jianbao.intake.returned import write_returns

    store, folder = workspace.store, workspace.path("returns")
    trouble: list[str] = []
    with store.lock_named("returns"):
        pending, unlisted, copies = store.unreturned(), store.unlisted(), dict[str, str]()
        try:
            sweep_parts(folder)
            for n in range(0, len(pending), RETURNS_AT_ONCE):
                made = write_returns(workspace, pending[n : n + RETURNS_AT_ONCE])
                copies |= {sha: "" if p is None else p.relative_to(folder).as_posix() for sha, p in made.items()}
        except (OSError, StoreError) as e:
            trouble.append(f"退回的副本没有写成（{e}）；下次收表时补写。")
        try:
            write_lists(workspace, folders_after(workspace, {*mine, *pending, *unlisted}))
            # Only now, so that whoever finishes what was stopped here writes the lists as well.
            store.all_returned(copies, unlisted)
        except (OSError, StoreError) as e:  # open in Excel, or the disk is full
            trouble.append(f"退回清单没有写成（{e}）；下次收表时重写。")
    return {sha: folder / copy if copy else None for sha, copy in listing.copies(store.engine, mine).items()}, trouble


def _moment(workspace: Workspace) -> tuple[datetime, tuple[str, ...]]:
    """Now, but never before what was received last: a clock that was set back must not put new files before old ones."""
    now, last = workspace.now, workspace.store.version()
    if last is None or now > last.as_of:
        return now, ()
    at = last.as_of + timedelta(microseconds=1)
    behind = last.as_of - now >= timedelta(seconds=1)
    note = f"系统时钟比上次收表早（现在 {now:%Y-%m-%d %H:%M:%S}），收到时间记作 {at:%Y-%m-%d %H:%M:%S}；请校准时钟。"
    return at, (note,) if behind else ()


def _batches(files: Sequence[Found]) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = 0
    for f in sorted(files, key=lambda f: (f.received_at, f.name)):
        if batch and size + f.mark.size > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(f)
        size += f.mark.size
    if batch:
        yield batch


def _contents(files: Iterable[Found]) -> tuple[list[tuple[Found, bytes]], list[FileReport]]:
    """The files that could be read whole, and those that are left for the next time."""
    contents: list[tuple[Found, bytes]] = []
    left = []
    for f in files:
        try:
            contents.append((f, read(f)))
        except Left as why:
            left.append(left_report(f.name, f.received_at, why))
    return contents, left


def _sorted_out(incoming: Sequence[Incoming], seen: set[str]) -> tuple[list[Incoming], list[FileReport]]:
    """New files in order of receipt, and those whose content came before or comes twice."""
    new: dict[str, Incoming] = {}
    duplicates = []
    for i in sorted(incoming, key=lambda i: (i.received_at, i.name)):
        if i.sha256 in seen or i.sha256 in new:
            duplicates.append(_duplicate(i.name, i.received_at, new[i.sha256].name if i.sha256 in new else ""))
        else:
            new[i.sha256] = i
    return list(new.values()), duplicates


def _duplicate(name: str, at: datetime, other: str = "") -> FileReport:
    return FileReport(mask(name), "duplicate", at, guesses=(f"与{other or '以前收到的文件'}内容相同，没有再收",))
