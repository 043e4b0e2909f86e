"""The store when the power goes, the disk is full, or several are at it: all of a receive or nothing, and it says so."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hand_world import monday, week
from jianbao.definitions.finding import Finding
from jianbao.errors import StoreError
from jianbao.store import Received, Store, compact
from jianbao.store.durable import MARK, write_durably
from number_world import Sheet, definitions, delivered
from storing import expected, received, sums

HERE = Path(__file__).parent


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", definitions().ledgers)


def again(store: Store) -> Store:
    """The same store as another process sees it."""
    return Store(store.folder, store.ledgers)


def put(store: Store, *numbers: int) -> None:
    with store.lock():
        store.receive([received(k) for k in numbers], received_at=received(max(numbers)).delivery.received_at)


def writer(folder: Path, count: int, kept: float = 86400) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, str(HERE / "storing.py"), str(folder), str(count), str(kept)],
                               stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert process.stdout is not None
    assert process.stdout.readline() == b"begins\n"
    return process


def unnamed(store: Store) -> set[str]:
    """Files in the store that its catalogue does not know."""
    with store.engine.connect() as c:
        known = set(c.execute(text("select path from files union select path from retired")).scalars())
        kept = set(c.execute(text("select sha256 from deliveries")).scalars())
    rows = {p.relative_to(store.folder).as_posix() for p in store.folder.glob("rows/*/*")}
    files = {p.relative_to(store.folder).as_posix() for p in store.folder.glob("files/*/*") if p.stem not in kept}
    return (rows - known) | files


# Killed

def test_a_writer_killed_at_any_moment_is_finished_by_the_next_one(store: Store) -> None:
    chance = random.Random(4)
    for _ in range(6):
        process = writer(store.folder, 40)
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
        process.wait()
        study, visits = sums(again(store))
        assert study == visits      # never one ledger's file without the other's
    assert writer(store.folder, 40).wait() == 0
    assert sums(again(store)) == (expected(40), expected(40))
    put(store, 40)
    assert unnamed(store) == set()
    assert not (store.folder / MARK).exists()
    with sqlite3.connect(store.folder / "catalogue.sqlite") as c:
        assert c.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert c.execute("select count(*), count(distinct sha256) from deliveries").fetchall() == [(41, 41)]


def test_a_killed_writer_leaves_no_lock(store: Store) -> None:
    process = writer(store.folder, 10_000)
    while store.version() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    process.kill()
    process.wait()
    began = time.monotonic()
    with store.lock():
        pass
    assert time.monotonic() - began < 5


def dead(store: Store) -> list[Path]:
    """What a writer that died before its commit left: its mark, rows, a file as it came, and halves of both."""
    (store.folder / MARK).touch()
    left = [store.folder / "rows" / "study" / "000009-0badf00d.parquet", store.folder / "rows" / "study" / ".x.1234.part",
            store.folder / "files" / "ab" / f"ab{'0' * 62}.xlsx", store.folder / "files" / "ab" / ".y.1234.part"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"PAR1")
    return left


def test_what_a_dead_writer_left_is_swept_by_the_next(store: Store) -> None:
    put(store, 0)
    left = dead(store)
    assert sums(store) == (expected(1), expected(1))
    put(store, 1)
    assert not any(path.exists() for path in left)
    assert sums(again(store)) == (expected(2), expected(2))


def test_what_is_older_than_the_dead_writer_is_never_swept(store: Store) -> None:
    put(store, 0)
    kept = store.file(received(0).delivery.sha256)
    rows = store.files("study")
    old = time.time() - 3600
    for path in (kept, *rows):
        os.utime(path, (old, old))
    dead(store)
    (store.folder / "catalogue.sqlite").rename(store.folder / "elsewhere.sqlite")      # somebody took the catalogue away
    other = again(store)
    put(other, 1)
    assert kept.exists()
    assert all(path.exists() for path in rows)


def test_without_a_mark_nothing_is_looked_through(store: Store) -> None:
    put(store, 0)
    left = dead(store)
    (store.folder / MARK).unlink()
    put(store, 1)
    assert all(path.exists() for path in left)


# The disk

@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes; where none may be mounted, a limit on the size of files stands in for it."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True).returncode == 0:
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def big(item: Received, size: int) -> Received:
    import hashlib

    content = os.urandom(size)
    return replace(item, content=content,
                   delivery=replace(item.delivery, sha256=hashlib.sha256(content).hexdigest(), size=size))


def test_a_full_disk_is_said_and_nothing_is_half_stored(store: Store, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        full = Store(disk / "store", store.ledgers)
        put(full, 0)
        item = big(received(1), 2 << 20)
        with pytest.raises(StoreError, match=r"files/.*: no room is left on this disk\. Nothing is half stored\. Make room, then "
                                             r"run it again\.|cannot be written: File too large"), full.lock():
            full.receive([received(2), item], received_at=monday(36))
        assert sums(again(full)) == (expected(1), expected(1))
        assert unnamed(full) == set()
        put(full, 1, 2)
        assert sums(again(full)) == (expected(3), expected(3))
        full.engine.dispose()


def test_a_disk_full_while_the_catalogue_is_written_is_said_too(store: Store, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        full = Store(disk / "store", store.ledgers)
        put(full, 0)
        talk = tuple(Finding("warning", "long", str(n) * 2000, "核对。") for n in range(2000))
        said = r"catalogue\.sqlite: (no room is left on its disk|its disk cannot be read or written \(disk I/O error)"
        with pytest.raises(StoreError, match=said), full.lock():
            full.receive([replace(received(1), findings=talk)], received_at=monday(36))
        assert sums(again(full)) == (expected(1), expected(1))
        assert unnamed(full) == set()
        put(full, 1)
        assert sums(again(full)) == (expected(2), expected(2))
        full.engine.dispose()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "copy.xlsx"
    write_durably(path, b"one")
    flush = os.fsync
    with monkeypatch.context() as m:
        m.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(StoreError, match=r"no room is left on this disk"):
            write_durably(path, b"two")
    assert os.fsync is flush
    assert path.read_bytes() == b"one"
    assert [p.name for p in path.parent.iterdir()] == ["copy.xlsx"]


def test_files_and_their_folders_are_flushed_before_the_commit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []
    flush = os.fsync

    def watched(handle: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{handle}").readlink().relative_to(store.folder).as_posix())
        flush(handle)

    def commit(*_: Any, **__: Any) -> None:
        flushed.append("commit")

    monkeypatch.setattr(os, "fsync", watched)
    monkeypatch.setattr("jianbao.store.receiving.supersede", commit)
    put(store, 0)
    sha = received(0).delivery.sha256
    before = flushed[:flushed.index("commit")]
    parts = [name for name in before if name.endswith(".part")]
    assert {name.split("/")[0] for name in parts} == {"rows", "files"}
    assert len(parts) == 3
    folders = before[len(parts):]
    assert {f"files/{sha[:2]}", "rows/study", "rows/visits", "files", "rows", "."} == set(folders)


def test_a_folder_nobody_may_write_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file stands where the folder should be")
    with pytest.raises(StoreError, match=r"store cannot be written: "):
        Store(tmp_path / "store", definitions().ledgers).version()


# The catalogue

def test_a_damaged_catalogue_says_where_the_files_are(store: Store) -> None:
    put(store, 0)
    store.engine.dispose()
    path = store.folder / "catalogue.sqlite"
    for beside in store.folder.glob("catalogue.sqlite-*"):
        beside.unlink()
    path.write_bytes(os.urandom(8192))
    with pytest.raises(StoreError, match=r"catalogue.*: it is damaged \(file is not a database\).*Put back the last copy"):
        again(store).version()


def test_a_catalogue_that_another_program_holds_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, 0)
    with store.engine.connect() as c:
        c.exec_driver_sql("pragma busy_timeout=50")
    held = sqlite3.connect(store.folder / "catalogue.sqlite", isolation_level=None)
    held.execute("begin immediate")
    with pytest.raises(StoreError, match=r"catalogue\.sqlite: another program keeps it busy .*then run it again"):
        put(store, 1)
    held.execute("rollback")
    put(store, 1)
    assert sums(store) == (expected(2), expected(2))


def test_a_catalogue_that_may_not_be_written_is_said(store: Store) -> None:
    put(store, 0)
    with store.engine.connect() as c:
        c.exec_driver_sql("pragma query_only=on")
    with pytest.raises(StoreError, match=r"catalogue\.sqlite: it cannot be written .*who may write"):
        put(store, 1)


def test_an_error_of_our_own_making_stays_as_it_is(store: Store) -> None:
    with pytest.raises(Exception, match="no such table: nowhere") as caught, store.engine.connect() as c:
        c.execute(text("select * from nowhere"))
    assert not isinstance(caught.value, StoreError)


def test_two_who_open_a_new_store_at_once_both_can(tmp_path: Path) -> None:
    found: list[Any] = []
    for n in range(5):
        together = threading.Barrier(4)

        def opens(n: int = n, together: threading.Barrier = together) -> None:
            store = Store(tmp_path / f"store{n}", definitions().ledgers)
            together.wait()
            try:
                found.append(store.version())
            except Exception as e:
                found.append(e)

        threads = [threading.Thread(target=opens) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert found == [None] * 20


# Several at once

def test_readers_never_see_half_of_a_receive(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    process = writer(store.folder, 60, 1.0)       # merged files vanish after a second
    reader = again(store)
    old = reader.snapshot()
    states = set()
    while process.poll() is None:
        snapshot = reader.snapshot()
        time.sleep(0.01)            # a receive or a merge may come between
        study, visits = (snapshot.connection.sql(f"select sum({x}), count(*) from {snapshot.source(ledger)}").fetchall()[0]
                         for ledger, x in (("study", "days"), ("visits", "found")))
        assert study == visits
        states.add(study)
        if len(states) == 3:
            old, seen = snapshot, study
    assert process.returncode == 0
    assert len(states) > 5
    assert sums(again(store)) == (expected(60), expected(60))
    # Its files were merged and removed since: the same rows are found under their new names.
    monkeypatch.setattr(compact, "KEPT", timedelta(0))
    put(store, *range(60, 68))
    named = old.source("study")
    assert not all(Path(p).exists() for p in named.split("'") if p.endswith(".parquet"))
    assert old.connection.sql(f"select sum(days), count(*) from {named}").fetchall() == [seen]


def test_two_writers_take_turns(store: Store) -> None:
    both = [writer(store.folder, 30), writer(store.folder, 30)]
    assert [p.wait() for p in both] == [0, 0]
    assert sums(store) == (expected(30), expected(30))
    with store.engine.connect() as c:
        assert c.execute(text("select count(*) from deliveries")).scalar() == 30


def test_a_snapshot_does_not_see_what_comes_later_however_it_is_dated(store: Store) -> None:
    def days(snapshot: Any) -> list[tuple[str, float]]:
        return sorted(snapshot.connection.sql(f"select unit, days from {snapshot.source('study')}").fetchall())

    def file(unit: str, value: float, at: datetime) -> None:
        row = {"unit": unit, "study_type": "读书班", "days": value, "topic": "学习"}
        sheet = Sheet("study", week(35), unit, (unit,), at, (row,))
        store.receive([delivered(sheet, store.ledgers["study"])], received_at=at)

    file("C01", 1.0, monday(35, 10))
    file("C02", 2.0, monday(35, 10))
    asked, not_asked = store.snapshot(), store.snapshot()
    assert days(asked) == [("C01", 1.0), ("C02", 2.0)]
    file("C01", 5.0, monday(35, 10))        # in the same second
    file("C02", 6.0, monday(35, 8))         # found late
    assert days(asked) == days(not_asked) == [("C01", 1.0), ("C02", 2.0)]
    assert days(store.snapshot()) == [("C01", 5.0), ("C02", 2.0)]
    assert days(store.snapshot(monday(35, 9))) == [("C02", 6.0)]


# What goes back

def test_what_was_not_answered_yet_is_known(store: Store) -> None:
    put(store, 0)
    assert store.unreturned() == []  # nothing was found in it
    files = [replace(received(k), findings=(Finding("warning", "hidden", "有隐藏的行。", "请核对。"),)) for k in (1, 2)]
    with store.lock():
        store.receive(files, received_at=files[1].delivery.received_at)
    first, second = (f.delivery.sha256 for f in files)
    assert store.unreturned() == [first, second]
    store.returned(first, "2023-W35/0_退回.xlsx")
    assert again(store).unreturned() == [second]
    store.returned(second, "")
    assert store.unreturned() == []


def test_what_the_lists_do_not_say_yet_is_known(store: Store) -> None:
    put(store, 0, 1)
    first, second, third = (received(k).delivery.sha256 for k in range(3))
    assert store.unlisted() == [first, second]
    store.all_returned({first: ""}, store.unlisted())
    assert again(store).unlisted() == []
    put(store, 2)
    assert store.unlisted() == [third]


def test_a_master_workbook_is_never_answered(store: Store) -> None:
    sheet = Sheet("register", None, "Z01", (), monday(35), ({"code": "C01", "name": "单位", "valid_from": datetime(2023, 1, 1).date()},))
    store.receive([delivered(sheet, store.ledgers["register"])], received_at=monday(35))
    assert store.unreturned() == []


def test_a_large_receive_stays_lean(tmp_path: Path) -> None:
    script = """
import resource, sys, hashlib
from pathlib import Path
from datetime import date, datetime
import pyarrow as pa, pyarrow.parquet, sqlalchemy
from jianbao.store import Delivery, Received, Store, Submission
from number_world import definitions
n = 200_000
day = date(2023, 8, 29)
rows = pa.table({"unit": ["C01"] * n, "row": pa.array(range(8, 8 + n), pa.int32()), "date": pa.array([day] * n, pa.date32()),
                 "study_type": ["读书班"] * n, "days": pa.array([1.5] * n), "topic": [f"第{k}次学习，关于改进服务" for k in range(n)],
                 "start_date": pa.array([day] * n, pa.date32()), "end_date": pa.array([day] * n, pa.date32())})
content = b"x" * 10_000_000
d = Delivery(hashlib.sha256(content).hexdigest(), "big.xlsx", len(content), "C01", datetime(2023, 9, 4), "stored")
s = Submission("study", "2023-W35", date(2023, 9, 3), "C01", ("C01",), False, "study", True, False, rows)
store = Store(Path(sys.argv[1]), definitions().ledgers)
store.version()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.receive([Received(d, content, (s,))], received_at=datetime(2023, 9, 4))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    grown = subprocess.run([sys.executable, "-c", script, str(tmp_path / "store")], capture_output=True, text=True, check=True,
                           env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}).stdout
    assert int(grown) < 300      # MiB, beside the rows themselves
    assert sums_of(tmp_path / "store") == 200_000


def sums_of(folder: Path) -> int:
    snapshot = Store(folder, definitions().ledgers).snapshot()
    return int(snapshot.connection.sql(f"select count(*) from {snapshot.source('study')}").fetchall()[0][0])

