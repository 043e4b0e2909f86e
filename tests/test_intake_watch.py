"""A folder watched: what is at rest is received in one batch, what is being copied or edited waits, trouble passes."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from jianbao.errors import StoreError
from jianbao.intake import watch as watching
from jianbao.intake.receipt import Receipt
from jianbao.intake.watch import BATCH_WAIT, HALF_WAIT, OPEN_WAIT, Settling, Stop, is_whole, watch
from worlds import World, make_world

STUDY = "集中学习台账"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}


def names(found: set[Path]) -> list[str]:
    return sorted(p.name for p in found)


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "x" * 200)
    return out.getvalue()


def test_a_file_is_taken_once_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    settling, path = Settling(3.0), tmp_path / "a.csv"
    path.write_bytes(b"one")
    assert settling.look(tmp_path, 0) == set()
    assert settling.look(tmp_path, 2) == set()
    path.write_bytes(b"one more")
    assert settling.look(tmp_path, 3) == set()
    assert settling.look(tmp_path, 5) == set()
    assert settling.look(tmp_path, 6) == {path}
    settling.received({path})
    assert settling.look(tmp_path, 60) == set()
    path.write_bytes(b"changed again")
    assert settling.look(tmp_path, 61) == set()
    assert settling.look(tmp_path, 64) == {path}


def test_files_that_come_together_are_one_batch(tmp_path: Path) -> None:
    settling = Settling(3.0)
    for n in range(3):
        (tmp_path / f"{n}.csv").write_bytes(b"x")
        assert settling.look(tmp_path, 2 * n) == set()
    assert settling.look(tmp_path, 6) == set()          # the last one came at 4
    assert names(settling.look(tmp_path, 7)) == ["0.csv", "1.csv", "2.csv"]


def test_one_that_never_comes_to_rest_does_not_hold_up_the_others(tmp_path: Path) -> None:
    settling, growing = Settling(3.0), tmp_path / "b.csv"
    (tmp_path / "a.csv").write_bytes(b"x")
    for now in range(int(BATCH_WAIT) + 3):
        growing.write_bytes(b"x" * (now + 1))
        assert settling.look(tmp_path, now) == set()
    growing.write_bytes(b"x" * 1000)
    assert names(settling.look(tmp_path, BATCH_WAIT + 3)) == ["a.csv"]


@pytest.mark.parametrize("name", ["a.xlsx.part", "a.tmp", "a.crdownload", "~$a.xlsx", ".a.xlsx", "Thumbs.db"])
def test_what_is_no_file_yet_is_never_taken(tmp_path: Path, name: str) -> None:
    settling = Settling(3.0)
    (tmp_path / name).write_bytes(b"x")
    assert settling.look(tmp_path, 0) == settling.look(tmp_path, 10_000) == set()


def test_half_a_zip_file_waits_and_is_taken_for_damaged_in_the_end(tmp_path: Path) -> None:
    settling, path, whole = Settling(3.0), tmp_path / "a.xlsx", a_zip()
    path.write_bytes(whole[:-30])
    assert not is_whole(path)
    assert settling.look(tmp_path, 0) == settling.look(tmp_path, HALF_WAIT - 1) == set()
    assert settling.look(tmp_path, HALF_WAIT) == {path}
    path.write_bytes(whole)
    assert is_whole(path)
    settling.look(tmp_path, 1000)
    assert settling.look(tmp_path, 1003) == {path}


@pytest.mark.parametrize(("lock", "file"), [("~$a.xlsx", "a.xlsx"), ("~$季度台账.docx", "四季季度台账.docx")])
def test_a_file_that_is_open_in_an_office_program_waits(tmp_path: Path, lock: str, file: str) -> None:
    settling, path = Settling(3.0), tmp_path / file
    path.write_bytes(a_zip())
    (tmp_path / lock).write_bytes(b"someone")
    settling.look(tmp_path, 0)
    assert settling.look(tmp_path, OPEN_WAIT - 1) == set()
    assert settling.look(tmp_path, OPEN_WAIT) == {path}         # nobody keeps one open for so long: it was left behind
    (tmp_path / lock).unlink()
    assert Settling(0.0).look(tmp_path, 0) == {path}


# Rounds


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def rounds(world: World, monkeypatch: pytest.MonkeyPatch, *between: object) -> tuple[list[Receipt], list[str]]:
    """The receipts and the trouble of a watch that looks once more than there is something to do `between`."""
    receipts: list[Receipt] = []
    trouble: list[str] = []
    stop, todo = Stop(), list(between)

    def wait(_: float) -> None:
        if not todo:
            stop.set()
        elif callable(act := todo.pop(0)):
            act()

    monkeypatch.setattr(stop, "wait", wait)
    world.workspace.path("inbox").mkdir(exist_ok=True)
    watch(world.reopen, None, stop=stop, tell=receipts.append, fail=trouble.append, settle=0.0)
    return receipts, trouble


def test_each_batch_has_its_receipt_and_old_files_are_not_told_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    receipts, trouble = rounds(world, monkeypatch, None, lambda: world.file("B01", "2023-W42", {STUDY: [CLASS]}, name="b.xlsx"), None)
    assert trouble == []
    assert [[(f.file, f.outcome) for f in r.files] for r in receipts] == [
        [("master/master.xlsx", "stored"), ("a.xlsx", "stored")], [("b.xlsx", "stored")]]


def test_trouble_is_told_once_and_the_next_round_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    real, calls = watching.receive, []

    def hindered(*args: object, **more: object) -> Receipt:
        calls.append(1)
        if len(calls) < 3:
            raise StoreError("the store is being written by another process.")
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(*args, **more)      # type: ignore[arg-type]

    monkeypatch.setattr(watching, "receive", hindered)
    receipts, trouble = rounds(world, monkeypatch, None, None, None, None)
    assert trouble == ["the store is being written by another process.", "[Errno 28] No space left on device"]
    assert [f.outcome for r in receipts for f in r.files] == ["stored", "stored"]
    assert len(calls) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_in_a_terminal_takes_files_and_ends_cleanly(world: World, number: signal.Signals) -> None:
    """A real process: one workbook comes in pieces, one is there, then it is told to stop as a whole group, as Ctrl-C does."""
    inbox = world.root / "data" / "inbox"
    world.file("C02", "2023-W42", {STUDY: [CLASS]}, name="a.xlsx")
    late = world.file("B01", "2023-W42", {STUDY: [CLASS]}, name="b.xlsx", folder=world.root / "made").read_bytes()
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JIANBAO_NOW": "2023-10-23T10:00:00"}
    process = subprocess.Popen(
        [sys.executable, "-m", "jianbao.cli", "-w", str(world.root), "receive", "--watch", "--every", "0.2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True, text=True)
    try:
        with (inbox / "b.xlsx").open("wb") as f:
            f.write(late[:1000])
            f.flush()
            time.sleep(2)
            f.write(late[1000:])
        _until(lambda: len(_stored(world)) == 3)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert "已停止。" in err and "Traceback" not in err
    reports = _json_lists(out)
    assert sorted(r["file"] for r in reports) == ["a.xlsx", "b.xlsx", "master/master.xlsx"]
    assert {r["outcome"] for r in reports} == {"stored"}


def test_ctrl_c_in_the_middle_of_a_receive_lets_it_come_to_its_end(world: World) -> None:
    """The terminal sends Ctrl-C to every process of the group: to the child that reads, too, which must not mind."""
    for n in range(60):
        world.file("C02", "2023-W42", {STUDY: [{**CLASS, "主题": f"第{n}次"}] * 20}, name=f"{n:03}.xlsx")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "JIANBAO_NOW": "2023-10-23T10:00:00"}
    process = subprocess.Popen(
        [sys.executable, "-m", "jianbao.cli", "-w", str(world.root), "receive", "--watch", "--every", "0.2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True, text=True)
    try:
        _until(lambda: len(_stored(world)) == 1)        # the master workbook: the others are read next
        for _ in range(30):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, "jianbao:" in err) == (0, False), err
    assert len(_stored(world)) == 61
    assert {r["outcome"] for r in _json_lists(out)} == {"stored"}


def _stored(world: World) -> set[str]:
    """Looked at from outside, without making anything."""
    try:
        with closing(sqlite3.connect(f"file:{world.root / 'data/store/catalogue.sqlite'}?mode=ro", uri=True)) as c:
            return {name for (name,) in c.execute("select name from deliveries")}
    except sqlite3.OperationalError:
        return set()


def _until(done: object, seconds: float = 60) -> None:
    assert callable(done)
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.02)


def _json_lists(text: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    decoder, at = json.JSONDecoder(), 0
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at)
        found += value
        at += len(text[at:]) - len(text[at:].lstrip())
    return found
