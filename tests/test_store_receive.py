"""Receiving: all of it or nothing, one writer, everything kept, the last accepted filing counts."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
import pytest
from sqlalchemy import text

from hand_world import HandWorld, monday, reading_class, review, week
from jianbao.definitions.finding import Finding
from jianbao.errors import StoreError, UnknownName
from jianbao.store import Store
from number_world import Sheet, definitions, delivered, receive

AUG29 = date(2023, 8, 29)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", definitions().ledgers)


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path)


def sheet(unit: str = "C01", n: int = 35, *days: float, at: datetime | None = None) -> Sheet:
    return Sheet("study", week(n), unit, (unit,), at or monday(n), tuple({"unit": unit, **reading_class(d, AUG29)} for d in days))


def put(store: Store, *sheets: Sheet) -> None:
    with store.lock():
        store.receive([delivered(s, definitions().ledgers[s.ledger]) for s in sheets], received_at=max(s.received_at for s in sheets))


def days(store: Store, as_of: datetime | None = None) -> list[float]:
    snapshot = store.snapshot(as_of)
    return sorted(x[0] for x in snapshot.connection.sql(f"select days from {snapshot.source('study')}").fetchall())


def test_an_empty_store_has_no_version_and_no_rows(store: Store) -> None:
    assert store.version() is None
    assert days(store) == []
    assert store.filings().empty
    assert store.keys("problems", ["problem_id"]).num_rows == 0


def test_versions_are_counted_and_dated(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    put(store, sheet("C01", 36, 2.0))
    assert str(store.version()) == "v2 (2023-09-11 09:00:00)"
    then = store.version(monday(35))
    assert then is not None
    assert (then.number, then.as_of) == (1, monday(35))
    assert store.version(datetime(2023, 9, 1)) is None


def test_what_was_seen_is_known_by_its_content_whatever_became_of_it(store: Store) -> None:
    one = delivered(sheet("C01", 35, 1.0), definitions().ledgers["study"])
    two = delivered(replace(sheet("C02", 35, 1.0), accepted=False), definitions().ledgers["study"])
    store.receive([one, two], received_at=monday(35))
    shas = [one.delivery.sha256, two.delivery.sha256]
    assert store.seen([*shas, "0" * 64]) == set(shas)
    assert store.file(shas[1]).read_bytes() == two.content
    with pytest.raises(StoreError, match="no file with content 000000000000… in"):
        store.file("0" * 64)


def test_a_file_that_changed_meanwhile_is_refused_and_nothing_of_it_stays(store: Store) -> None:
    item = delivered(sheet("C01", 35, 1.0), definitions().ledgers["study"])
    with pytest.raises(StoreError, match=r"C01_study.xlsx: its content changed while it was being received"):
        store.receive([replace(item, content=b"other")], received_at=monday(35))
    assert store.version() is None
    assert days(store) == []


def test_a_crash_before_the_commit_shows_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, sheet("C01", 35, 1.0))

    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as m, pytest.raises(KeyboardInterrupt):
        m.setattr("jianbao.store.receiving.supersede", crash)      # the last step, after the rows are on disk
        put(store, sheet("C01", 35, 2.0, at=monday(35, 15)), sheet("C02", 35, 3.0, at=monday(35, 15)))
    assert set(store.folder.glob("rows/study/*")) == set(store.files("study"))      # and leaves nothing
    assert len(list(store.folder.glob("files/*/*"))) == 1
    again = Store(store.folder, definitions().ledgers)
    assert days(again) == [1.0]
    assert str(again.version()).startswith("v1 ")
    assert set(again.filings().unit) == {"C01"}
    put(again, sheet("C01", 35, 2.0, at=monday(35, 15)), sheet("C02", 35, 3.0, at=monday(35, 15)))     # and it can be received again
    assert days(again) == [2.0, 3.0]


def test_half_written_files_are_never_seen(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    (store.folder / "rows" / "study" / "000002-deadbeef.parquet").write_bytes(b"PAR1")
    assert days(store) == [1.0]


def test_a_second_writer_waits_for_the_first(store: Store) -> None:
    order: list[str] = []
    held = threading.Event()

    def first() -> None:
        with store.lock():
            held.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with Store(store.folder, definitions().ledgers).lock():
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_a_writer_that_waits_too_long_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = filelock.FileLock
    with store.lock():
        monkeypatch.setattr("filelock.FileLock", lambda path, timeout: real(path, timeout=0.05))
        with pytest.raises(StoreError, match=r"is being written by another process\. Wait for it and run again\."), \
                Store(store.folder, definitions().ledgers).lock():
            pass


def test_readers_read_while_a_writer_writes(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    with store.engine.begin() as c:
        c.execute(text("update files set live = false"))
        assert days(Store(store.folder, definitions().ledgers)) == [1.0]
        c.rollback()


def test_a_store_of_the_first_format_gets_the_columns_it_lacks(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    with store.engine.begin() as c:
        c.execute(text("drop index deliveries_unreturned"))
        for table, names in (("deliveries", ("kind", "container", "answers", "guesses", "returned_copy")),
                             ("findings", ("explain", "explanation"))):
            for name in names:
                c.execute(text(f'alter table {table} drop column "{name}"'))
        c.execute(text("update about set format = 1"))
    again = Store(store.folder, definitions().ledgers)
    put(again, replace(sheet("C01", 36, 2.0), findings=(Finding("warning", "swing", "多了一倍。", "请核对。"),)))
    assert days(again) == [1.0, 2.0]
    with again.engine.connect() as c:
        # what came before was sent back long ago; what comes now has still to be
        assert c.execute(text("select kind, guesses, returned_copy from deliveries order by id")).all() == [
            ("workbook", "[]", ""), ("workbook", "[]", None)]


def test_a_store_of_another_format_is_refused(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    with store.engine.begin() as c:
        c.execute(text("update about set format = 99"))
    with pytest.raises(StoreError, match=r"the store is of format 99, this jianbao reads format \d+\. Use the version that wrote it"):
        Store(store.folder, definitions().ledgers).version()


def test_an_unknown_ledger_is_refused(store: Store) -> None:
    item = delivered(sheet("C01", 35, 1.0), definitions().ledgers["study"])
    wrong = replace(item, submissions=(replace(item.submissions[0], ledger="studdy"),))
    with pytest.raises(UnknownName, match=r"no ledger 'studdy'. Did you mean: .*study"):
        store.receive([wrong], received_at=monday(35))
    with pytest.raises(UnknownName, match="no ledger 'studdy'"):
        store.files("studdy")


# What counts

def test_the_last_accepted_filing_counts_a_returned_one_does_not(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    put(store, replace(sheet("C01", 35, 2.0, at=monday(35, 10)), accepted=False))
    assert days(store) == [1.0]
    put(store, sheet("C01", 35, 3.0, at=monday(35, 15)))
    assert days(store) == [3.0]
    assert store.covered("study", "2023-W35") == {"C01": 1}
    assert days(store, monday(35, 12)) == [1.0]


def test_a_nil_return_takes_the_rows_back(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0, 2.0))
    put(store, replace(sheet("C01", 35, at=monday(35, 15)), nil=True))
    assert days(store) == []
    assert store.covered("study", "2023-W35") == {"C01": 0}


def test_a_file_found_late_takes_its_place_by_its_received_time(store: Store) -> None:
    put(store, sheet("C01", 35, 3.0, at=monday(35, 15)))
    put(store, sheet("C01", 35, 1.0, at=monday(35, 9)))        # received later, came earlier
    assert days(store) == [3.0]
    assert days(store, monday(35, 12)) == [1.0]


def test_of_two_at_the_same_moment_the_later_one_in_the_list_counts(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0), sheet("C01", 35, 2.0))
    assert days(store) == [2.0]
    assert store.filings().effective.tolist() == [False, True]


def test_filings_tell_what_counted_then(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0))
    put(store, sheet("C01", 35, 2.0, 3.0, at=monday(35, 15)))
    now, then = store.filings(), store.filings(monday(35, 12))
    assert now[["rows", "effective", "late"]].values.tolist() == [[1, False, False], [2, True, True]]
    assert then[["rows", "effective"]].values.tolist() == [[1, True]]
    assert store.filings(periods=["2023-W36"]).empty


def test_the_office_s_ledger_is_replaced_as_a_whole(world: HandWorld) -> None:
    world.file("reviews", 35, "Z01", review("C01", "WT-1", "合格", AUG29), review("C02", "WT-1", "合格", AUG29))
    world.file("reviews", 35, "Z01", review("C01", "WT-1", "退回", AUG29, reason="其他", due_on=AUG29), at=monday(35, 15))
    keys = world.workspace.store.keys("reviews", ["item_key"]).to_pylist()
    assert keys == [{"unit": "C01", "item_key": "WT-1"}]
    assert world.workspace.store.covered("reviews", "2023-W35") == {"Z01": 1}


def test_keys_are_of_rows_that_count(store: Store) -> None:
    put(store, sheet("C01", 35, 1.0, 1.0), sheet("C02", 35, 2.0))
    put(store, sheet("C02", 35, 4.0, at=monday(35, 15)))
    assert sorted((r["unit"], r["days"]) for r in store.keys("study", ["days"]).to_pylist()) == [("C01", 1.0), ("C02", 4.0)]


def finding(unit: str, message: str, period: str = "2023-W35") -> Finding:
    return Finding("warning", "rows", message, "核对。", unit=unit, ledger="study", period=period)


def test_findings_ofsuperseded_filings_are_gone_and_come_back_as_of_then(store: Store) -> None:
    put(store, replace(sheet("C01", 35, 1.0), accepted=False, findings=(finding("C01", "first"),)))
    put(store, replace(sheet("C01", 35, 2.0, at=monday(35, 15)), findings=(finding("C01", "second"),)))
    put(store, replace(sheet("C02", 35, 2.0, at=monday(35, 16)), findings=(finding("C02", "other"),)))
    assert [f.message for f in store.findings()] == ["second", "other"]
    assert [f.message for f in store.findings(as_of=monday(35, 12))] == ["first"]
    assert [f.message for f in store.findings(units=["C02"])] == ["other"]
    assert store.findings(period="2023-W36") == []
    assert store.findings()[0].file == "C01_study.xlsx"


def test_findings_stay_while_one_of_the_units_still_counts(store: Store) -> None:
    both = replace(sheet("C01", 35, 1.0), units=("C01", "C02"), findings=(finding("C01", "both"),))
    put(store, both)
    put(store, sheet("C01", 35, 2.0, at=monday(35, 15)))
    assert [f.message for f in store.findings()] == ["both"]
    put(store, sheet("C02", 35, 2.0, at=monday(35, 16)))
    assert store.findings() == []


# Rows as they are stored

def test_a_ledger_s_columns_are_stored_in_their_types(store: Store) -> None:
    visit = {"unit": "C01", "visit_date": AUG29, "leader_code": "X-1", "leader_rank": "市级", "found": 2, "solved_on_site": 0,
             "with_leaders": ["X-2", "X-3"], "with_reception": None}
    put(store, Sheet("visits", week(35), "C01", ("C01",), monday(35), (visit,)))
    (path,) = store.files("visits")
    table = pa.parquet.read_table(path) if hasattr(pa, "parquet") else duckdb.sql(f"from '{path}'").to_arrow_table()
    kinds = {f.name: str(f.type) for f in table.schema}
    assert {k: kinds[k] for k in ("unit", "row", "date", "filed", "received", "submission", "found", "with_leaders", "with_reception")} == {
        "unit": "string", "row": "int32", "date": "date32[day]", "filed": "date32[day]", "received": "timestamp[us]", "submission": "int64",
        "found": "int64", "with_leaders": "list<element: string>", "with_reception": "bool"}
    assert "review" not in kinds
    row = table.to_pylist()[0]
    assert (row["date"], row["period"], row["filed"], row["with_leaders"], row["with_reception"]) == (
        AUG29, "2023-W35", date(2023, 9, 3), ["X-2", "X-3"], None)


def test_columns_the_office_decides_are_not_taken_from_units(store: Store) -> None:
    put(store, Sheet("problems", week(35), "C01", ("C01",), monday(35), (
        {"unit": "C01", "problem_id": "WT-1", "registered_on": AUG29, "review": "合格"},)))
    assert "review" not in store.snapshot().columns("problems")


def test_any_engine_reads_the_same_files(store: Store) -> None:
    put(store, sheet("C02", 35, 1.0), sheet("C01", 35, 2.5))
    files = [str(p) for p in store.files("study")]
    assert duckdb.sql(f"select unit, days from read_parquet({files})").fetchall() == [("C01", 2.5), ("C02", 1.0)]     # sorted by unit


def test_content_is_what_the_hash_says(store: Store) -> None:
    item = delivered(sheet("C01", 35, 1.0), definitions().ledgers["study"])
    store.receive([item], received_at=monday(35))
    assert hashlib.sha256(store.file(item.delivery.sha256).read_bytes()).hexdigest() == item.delivery.sha256


def test_the_workspace_s_data_version_is_the_last_receive(world: HandWorld) -> None:
    receive(world.workspace, [sheet("C01", 35, 1.0)], monday(35))
    assert world.workspace.as_of() == monday(35)
    last = world.workspace.last_filed_period()
    assert last == week(35)
