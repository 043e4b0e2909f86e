"""Receiving when things go wrong: killed, two at once, no room on the disk. Real processes on real files."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

from test_store_durability import small_disk
from worlds import UNITS, World, make_world

ROOT = Path(__file__).parents[1]
STUDY, PROBLEMS = "集中学习台账", "问题台账"


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "lib"), *sys.path]), **more}


def receiving(world: World, folder: Path | None = None, *, largest: int | None = None) -> subprocess.Popen[str]:
    """`jianbao receive` in a process of its own, which may write no file larger than `largest`."""
    said = [] if largest is None else [f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))"]
    command = [sys.executable, "-c", "; ".join([*said, "from jianbao.cli import main", "main()"]), "receive",
               *([str(folder)] if folder else []), "--received-at", "2023-10-23T10:00"]
    return subprocess.Popen(command, cwd=world.root, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def make(tmp_path: Path) -> World:
    bureaux = [(f"B{n:02d}", f"青石市第{n}局", f"{n}局", "root", "市", "市直", None, True) for n in range(18)]
    return make_world(tmp_path, units=[*UNITS[:2], *bureaux])


def filed(world: World, folder: Path | None = None, *, first: int = 0, count: int = 9) -> None:
    """Files of as many units: every third with an error, one of them twice, two in a zip."""
    made = []
    for n in range(first, first + count):
        day = date(2023, 10, 17)
        rows = [{"学习类型": "读书班", "开始日期": day, "天数": 99 if n % 3 == 2 else 1 + k % 2, "主题": f"第{n}份之{k}"} for k in range(3)]
        problems = [{"问题编号": f"WT-{n}-{k}", "问题摘要": f"第{n}份的事{k}", "登记日期": day, "状态": "整改中"} for k in range(2)]
        made.append(world.file(f"B{n:02d}", "2023-W42", {STUDY: rows, PROBLEMS: problems}, folder=folder))
    shutil.copy(made[0], made[0].with_name(f"{made[0].stem}(1).xlsx"))
    with zipfile.ZipFile(made[0].with_name(f"打包{first}.zip"), "w") as z:
        for path in made[-2:]:
            z.write(path, path.name)
            path.unlink()


def test_killed_fifteen_times_nothing_is_lost_and_nothing_twice(tmp_path: Path) -> None:
    world = make(tmp_path)
    filed(world)
    (world.root / "data" / "inbox" / "坏的.xlsx").write_bytes(b"PK\x03\x04")
    done = subprocess.run([sys.executable, str(ROOT / "bench" / "kills.py"), "--world", str(world.root), "--kills", "15"],
                          env=environment(), text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 kills, 0 wrong" in done.stdout
    deliveries, findings, rows, back = map(int, re.findall(r"(\d+) (?:deliveries|findings|rows|files back)", done.stdout)[:4])
    assert deliveries == 12             # the master workbook, 7 and the zip with 2, a broken one
    assert (findings, rows, back) == (10, 20 + 6 * 3 + 9 * 2, 6)


def test_two_receives_of_one_inbox_take_each_file_once(tmp_path: Path) -> None:
    world = make(tmp_path)
    filed(world)
    both = [receiving(world), receiving(world)]
    said = [p.communicate()[0] for p in both]
    assert not any("Traceback" in s for s in said), said
    store = world.reopen().store
    with store.engine.connect() as c:
        assert c.exec_driver_sql("select count(*), count(distinct sha256) from deliveries").one() == (11, 11)    # master, 9, the zip
    snapshot = store.snapshot()
    problems = snapshot.connection.sql(f"select count(*), count(distinct problem_id) from {snapshot.source('problems')}").fetchall()
    assert problems == [(18, 18)]       # two of each unit, also of those whose other sheet went back
    contents = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (world.root / "data" / "inbox").iterdir()}
    assert store.seen(contents) == contents
    assert store.unreturned() == []
    assert not list((world.root / "data").rglob("*.part"))


def test_two_receives_of_different_folders_lose_nothing(tmp_path: Path) -> None:
    world = make(tmp_path)
    folders = [world.root / "data" / "inbox" / "一", world.root / "data" / "inbox" / "二"]
    for n, folder in enumerate(folders):
        filed(world, folder, first=n * 9)
    both = [receiving(world, folder) for folder in folders]
    said = [p.communicate()[0] for p in both]
    assert not any("Traceback" in s for s in said), said
    contents = {hashlib.sha256(p.read_bytes()).hexdigest() for folder in folders for p in folder.iterdir()}
    store = world.reopen().store
    assert store.seen(contents) == contents
    assert store.unreturned() == []
    version = store.version()
    assert version is not None
    assert version.number in (2, 3)      # the master workbook and the folders, together or one after the other


def test_no_room_on_the_disk_is_said_and_the_next_receive_finishes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 3 << 20) as disk:
        world = make(disk)
        filed(world, count=6)
        taken, own = disk / "other people's files", disk.is_mount()
        taken.write_bytes(b"0" * (shutil.disk_usage(disk).free - (100 << 10)) if own else b"")
        process = receiving(world, largest=None if own else 4 << 10)
        said = process.communicate()[0]
        assert process.returncode != 0
        assert "Traceback" not in said
        problem = r"no room is left on (this|its) disk.*Make room, then run it again|(File too large|disk I/O error).*run it again"
        assert re.search(problem, said.replace("\n", " ")), said
        taken.unlink()
        process = receiving(world)
        said = process.communicate()[0]
        assert "Traceback" not in said
        store = world.reopen().store
        contents = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (world.root / "data" / "inbox").iterdir()}
        assert store.seen(contents) == contents
        assert store.unreturned() == []
        assert not list((world.root / "data").rglob("*.part"))
        store.engine.dispose()
