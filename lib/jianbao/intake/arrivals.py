"""What lies in the inbox: files found, read whole or left for the next time, archives taken apart. Imports archives,
formats, receipt, store.

The inbox is a folder that others write into while we look: a file may vanish, grow or be replaced between two calls, its
name may be anything, and it may be no file at all. Nothing of that is an exception, and nothing is taken by half.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from jianbao.definitions.finding import Finding
from jianbao.definitions.personal import Kind, find, mask
from jianbao.errors import JianbaoError, WorkbookError
from jianbao.intake.archives import MAX_INSIDE, MAX_MEMBERS, is_junk, label, members
from jianbao.intake.formats import Format, format_of
from jianbao.intake.layout import INSIDE
from jianbao.intake.receipt import FileReport
from jianbao.store import Store, listing

RECEIVED_LIST = "received.csv"  # beside the files: file, received_at
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".!ut")
MAX_KEPT = 200 << 20  # bytes; a longer one is no ledger and stays where it is
FRESH = 3  # seconds within which a file may change again and bear the same time
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Mark(NamedTuple):
    """What changes when a file's content does."""

    size: int
    modified: int  # nanoseconds
    changed: int  # nanoseconds: of its name, rights or content
    inode: int


@dataclass(frozen=True)
class Found:
    """A file seen in the folder and not yet read; `name` is its path within the folder, fit to be shown."""

    path: Path
    name: str
    received_at: datetime
    mark: Mark

    @property
    def key(self) -> str:
        """What tells the path from others in the catalogue, where no name may stand that tells a person."""
        return hashlib.sha256(os.fsencode(self.path.absolute())).hexdigest()


@dataclass(frozen=True)
class Incoming:
    """A file as it came; in its name personal data are masked (`personal`). `container` is the archive's content hash;
    `refused` says why it cannot be read."""

    name: str
    content: bytes
    received_at: datetime
    sha256: str
    format: Format
    modified: datetime | None = None
    container: str = ""
    refused: WorkbookError | None = None
    personal: tuple[Kind, ...] = ()

    def __post_init__(self) -> None:
        if found := find(self.name):
            object.__setattr__(self, "personal", tuple(dict.fromkeys(p.kind for p in found)))
            object.__setattr__(self, "name", mask(self.name))

    @property
    def own_name(self) -> str:
        """Without the archive it came in."""
        return self.name.rpartition(INSIDE)[2]

    @property
    def folder(self) -> str:
        """What it shares with the files that came beside it; "" for those that lie in the inbox itself."""
        outer, inside, own = self.name.rpartition(INSIDE)
        return f"{outer}{inside}{own.rpartition('/')[0]}"


class Left(Exception):
    """A file that is not taken this time, and why. Never leaves intake."""

    def __init__(self, rule: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.rule, self.message, self.remedy = rule, message, remedy


@dataclass(frozen=True)
class Listing:
    files: tuple[Found, ...]
    left: tuple[FileReport, ...]


def listed(folder: Path, default: datetime, *, must_exist: bool, latest: datetime = datetime.max) -> Listing:
    """Every file in a folder and below, or the one file, by name; links are not followed.

    Raises JianbaoError when the folder must be there and is not, or a list of received times cannot be meant or says a
    time after `latest`.
    """
    if not folder.exists():
        if must_exist:
            raise JianbaoError(f"{folder} is not there. Name a workbook, or a folder with workbooks in it.")
        return Listing((), ())
    files: list[Found] = []
    left: list[FileReport] = []
    times: dict[Path, dict[str, datetime]] = {}
    for path, relative, problem in [(folder.resolve(), Path(folder.name), None)] if folder.is_file() else _walk(folder):
        name = shown_name(relative)
        if problem is None and is_junk(label(name)):
            continue
        try:
            if problem is not None:
                raise problem
            mark = _mark(path.stat(follow_symlinks=False))
            if path.suffix.lower() in UNFINISHED:
                raise Left("unfinished", "还没有传完。", "传完后去掉这个后缀，下次收。")
            if path.parent not in times:
                times[path.parent] = received_times(path.parent / RECEIVED_LIST, latest)
            files.append(Found(path, name, times[path.parent].get(path.name, default), mark))
        except OSError as e:
            left.append(left_report(name, default, _cannot(e)))
        except Left as e:
            left.append(left_report(name, default, e))
    return Listing(tuple(files), tuple(left))


def read(found: Found) -> bytes:
    """The whole content of the file that was found. Raises Left when it is not that file any more, or cannot be read."""
    if found.mark.size > MAX_KEPT:
        raise Left("too-large", f"文件有 {found.mark.size >> 20} MB，超过 {MAX_KEPT >> 20} MB，没有收。", "请删去图片，或分几份报送。")
    try:
        with os.fdopen(os.open(found.path, _OPEN), "rb") as f:
            before = _mark(os.fstat(f.fileno()))
            content = f.read(before.size + 1) if before == found.mark else b""
            after = _mark(os.fstat(f.fileno()))
        there = _mark(found.path.stat(follow_symlinks=False))
    except OSError as e:
        raise _cannot(e) from None
    if not found.mark == before == after == there or len(content) != found.mark.size:
        raise Left("changing", "文件正在写入，没有收。", "留待下次。")
    return content


def arrived(files: Iterable[tuple[Found, bytes]], seen: Callable[[list[str]], set[str]] | None = None) -> list[Incoming]:
    """Each file, and after it what is in it when it is an archive; not of archives whose content was `seen` or comes twice."""
    whole = [
        _incoming(found.name, content, found.received_at, datetime.fromtimestamp(found.mark.modified / 1e9))
        for found, content in files
    ]
    archives = [i.sha256 for i in whole if i.format.kind == "archive"]
    opened = seen(archives) if seen is not None and archives else set[str]()
    result = []
    for one in whole:
        if one.format.kind != "archive" or one.sha256 in opened:
            result.append(one)
        else:
            opened.add(one.sha256)
            result += _taken_apart(one)
    return result


def shown_name(path: Path) -> str:
    """A path within the folder as it may be shown and stored: bytes that are no UTF-8 are what Windows in China writes."""
    name = path.as_posix()
    if not name.isascii():
        raw = os.fsencode(name)
        try:
            name = raw.decode("utf-8")
        except UnicodeDecodeError:
            name = raw.decode("gb18030", "replace")
    return label(name) or "·"


def left_report(name: str, at: datetime, why: Left) -> FileReport:
    name = mask(name)
    return FileReport(name, "left", at, findings=(Finding("warning", why.rule, why.message, why.remedy, file=name),))


# What was read before

def known(store: Store, files: Iterable[Found]) -> dict[Path, str]:
    """path → content hash of the files that have not changed since they were last read; saves reading them again."""
    files = list(files)
    remembered = listing.remembered(store.engine, [f.key for f in files])
    found = {}
    for f in files:
        sha, *mark = remembered.get(f.key, ("", 0, 0, 0))
        if sha and mark == [f.mark.size, f.mark.modified, f.mark.changed]:
            found[f.path] = sha
    return found


def remember(store: Store, read_now: Iterable[tuple[Found, bytes]]) -> None:
    """Keeps what was read for `known`; not of files so fresh that another change could bear the same time."""
    now = time.time_ns()
    listing.remember(
        store.engine,
        {
            f.key: (hashlib.sha256(content).hexdigest(), f.mark.size, f.mark.modified, f.mark.changed)
            for f, content in read_now
            if now - max(f.mark.modified, f.mark.changed) > FRESH * 10**9
        }
    )


def received_times(path: Path, latest: datetime = datetime.max) -> dict[str, datetime]:
    """file → received time, naive local. Raises JianbaoError naming the line that cannot be meant."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # as Excel saves it in China
        text = content.decode("gb18030", "replace")
    times = {}
    for row in (reader := csv.DictReader(io.StringIO(text, newline=""))):
        try:
            at = datetime.fromisoformat(str(row["received_at"]).strip()).replace(tzinfo=None)
            times[str(row["file"])] = at
        except (KeyError, ValueError):
            raise JianbaoError(
                f"{path}:{reader.line_num}: should have the columns file and received_at, with times such as 2023-10-23T11:40."
            ) from None
        if at > latest:
            raise JianbaoError(f"{path}:{reader.line_num}: {at.isoformat(' ', 'minutes')} lies in the future. Correct the time.")
    return times


def _walk(folder: Path) -> Iterator[tuple[Path, Path, Left | None]]:
    """(path, path within the folder, why not) of everything below that is no folder, by name within each folder."""
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as entries:
                inside = sorted(entries, key=lambda e: os.fsencode(e.name))
        except OSError as e:
            yield here, here.relative_to(folder), _cannot(e)
            continue
        folders = []
        for entry in inside:
            path = here / entry.name
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    if not entry.name.startswith(".") and entry.name != "__MACOSX":
                        folders.append(path)
                    continue
                problem = None if stat.S_ISREG(mode) else _no_file(path, folder, mode)
            except OSError as e:
                problem = _cannot(e)
            if problem is None or problem.message:
                yield path, path.relative_to(folder), problem
        pending += reversed(folders)


def _no_file(path: Path, folder: Path, mode: int) -> Left:
    if not stat.S_ISLNK(mode):
        return Left("no-file", "不是普通文件，没有收。", "请从收表文件夹里移走。")
    inside = Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)) and path.exists()
    # What a link within the folder leads to is found where it lies.
    return Left("link", "" if inside else "是指向别处的链接，没有收。", "请把文件本身放进来。")


def _mark(s: os.stat_result) -> Mark:
    if not stat.S_ISREG(s.st_mode):
        raise Left("no-file", "不是普通文件，没有收。", "请从收表文件夹里移走。")
    return Mark(s.st_size, s.st_mtime_ns, s.st_ctime_ns, s.st_ino)


def _cannot(e: OSError) -> Left:
    if e.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return Left("vanished", "列出以后被移走或换掉了，没有收。", "还要报的请再放进来。")
    if e.errno in (errno.EACCES, errno.EPERM):
        return Left("permission", "没有读取权限，没有收。", "请放开读取权限，或关掉正在占用它的程序，下次收。")
    return Left("unreachable", f"现在读不了（{e.strerror or e.errno}），没有收。", "请检查磁盘或网络，留待下次。")


def _incoming(name: str, content: bytes, at: datetime, modified: datetime | None, container: str = "") -> Incoming:
    known_as = format_of(content, name)
    refused = known_as.refused if known_as.kind == "other" else None
    return Incoming(name, content, at, hashlib.sha256(content).hexdigest(), known_as, modified, container, refused)


def _taken_apart(whole: Incoming) -> list[Incoming]:
    """The archive and its files; an archive within it as well, but none within that."""
    try:
        inside = _members(whole, MAX_MEMBERS, MAX_INSIDE)
    except WorkbookError as e:
        return [replace(whole, refused=e)]
    result = [whole]
    for one in inside:
        result.append(one)
        if one.format.kind == "archive":
            used = sum(len(i.content) for i in result if i is not whole)
            try:
                deeper = _members(one, MAX_MEMBERS - len(result), MAX_INSIDE - used)
            except WorkbookError as e:
                result[-1] = replace(one, refused=e)
            else:
                result += [_no_deeper(i) for i in deeper]
    return result


def _members(whole: Incoming, count: int, size: int) -> list[Incoming]:
    return [
        _incoming(f"{whole.name}{INSIDE}{m.name}", m.content, whole.received_at, m.modified, whole.sha256)
        for m in members(whole.content, at_most=count, size=size)
    ]


def _no_deeper(one: Incoming) -> Incoming:
    if one.format.kind != "archive":
        return one
    return replace(one, refused=WorkbookError("nested", "压缩包里套了几层压缩包，没有打开。", "请解压到只剩一层后重新报送。"))
