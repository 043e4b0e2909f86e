"""Merging small files: nothing that can be asked changes, and there are never many."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

import jianbao.store.compact as compact
from hand_world import monday, reading_class, week
from jianbao.definitions.ledger import Ledger
from jianbao.errors import StoreError
from jianbao.store import Store
from number_world import Sheet, definitions, delivered

DAY = date(2023, 8, 29)
UNITS = ("C01", "C02", "C03")


def sheets(seed: int) -> list[tuple[datetime, list[Sheet]]]:
    """Receives as careless units make them: again and again, returned, nil, several at once, found late, at the same moment."""
    chance, found = Random(seed), []
    for k in range(30):
        now = monday(37) + timedelta(hours=k)
        batch = []
        for n in range(chance.choice((1, 1, 2, 5))):
            at = now - timedelta(hours=chance.choice((0, 0, 0, 3, 20)))
            units = tuple(chance.sample(UNITS, chance.choice((1, 1, 2))))
            nil = chance.random() < 0.1
            rows = () if nil else tuple({"unit": u, **reading_class(100 * k + 10 * n + i, DAY)} for u in units
                                        for i in range(chance.choice((0, 1, 4, 20))))
            batch.append(Sheet("study", week(chance.choice((35, 36))), units[0], units, at, rows, nil=nil,
                               accepted=chance.random() < 0.85))
        found.append((now, batch))
    return found


def filled(folder: Path, receives: list[tuple[datetime, list[Sheet]]]) -> Store:
    store = Store(folder, definitions().ledgers)
    for now, batch in receives:
        files = {d.delivery.sha256: d for d in (delivered(s, store.ledgers["study"]) for s in batch)}
        store.receive(list(files.values()), received_at=now)
    return store


def asked(store: Store, at: datetime | None) -> list[Any]:
    snapshot = store.snapshot(at)
    rows = snapshot.connection.sql(f"select * from {snapshot.source('study')} order by submission, unit, row").to_arrow_table().to_pylist()
    state = snapshot.connection.sql(f"select * from {snapshot.everything('study')} order by submission, unit, row").to_arrow_table()
    return [rows, state.to_pylist(), store.version(at), store.filings(at).to_dict("records"), store.covered("study", "2023-W35"),
            store.fingerprint(at or datetime.max)]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_that_can_be_asked_changes(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    receives = sheets(seed)
    monkeypatch.setattr(compact, "FAN", 3)
    merged = filled(tmp_path / "merged", receives)
    monkeypatch.setattr(compact, "FAN", 1000)
    plain = filled(tmp_path / "plain", receives)
    assert len(merged.files("study")) < 10 < len(plain.files("study"))
    moments = [None, monday(36), *(now + timedelta(minutes=30) for now, _ in receives[::5])]
    for at in moments:
        assert asked(merged, at) == asked(plain, at)
    assert asked(merged, None)[0]       # and there is something to ask


def test_a_snapshot_opened_before_reads_the_same_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receives = sheets(9)
    monkeypatch.setattr(compact, "FAN", 3)
    monkeypatch.setattr(compact, "KEPT", timedelta(0))      # merged files go at once
    store = filled(tmp_path / "store", receives[:15])

    def rows(snapshot: Any, source: str) -> list[Any]:
        return sorted(snapshot.connection.sql(f"select submission, row, days from {source}").fetchall())

    asked_before, only_opened = store.snapshot(), store.snapshot()
    source = asked_before.source("study")
    then = rows(asked_before, source)
    for now, batch in receives[15:]:
        files = {d.delivery.sha256: d for d in (delivered(s, store.ledgers["study"]) for s in batch)}
        store.receive(list(files.values()), received_at=now)
    assert then
    assert rows(store.snapshot(), store.snapshot().everything("study")) != then
    assert rows(asked_before, source) == rows(only_opened, only_opened.source("study")) == then


def test_small_files_stay_few_and_large_ones_as_they_are() -> None:
    sizes: list[int] = []
    for n in range(5000):
        sizes.append(200_000 if n == 100 else 30)
        while group := compact.due([compact._File(i, "", 0, rows) for i, rows in enumerate(sizes) if rows < compact.SMALL]):
            gone = {f.id for f in group}
            sizes = [rows for i, rows in enumerate(sizes) if i not in gone] + [sum(f.rows for f in group)]
        assert len(sizes) < 20
    assert 200_000 in sizes
    assert sum(sizes) == 30 * 4999 + 200_000


def file(store: Store, n: int, ledger: Ledger | None = None) -> None:
    sheet = Sheet("study", week(35), "C01", ("C01",), monday(35) + timedelta(hours=n), ({"unit": "C01", **reading_class(n + 1, DAY)},))
    store.receive([delivered(sheet, ledger or store.ledgers["study"])], received_at=sheet.received_at)


def test_merged_files_go_after_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store", definitions().ledgers)
    for n in range(compact.FAN):
        file(store, n)
    assert len(store.files("study")) == 1
    assert len(list(store.folder.glob("rows/study/*"))) == compact.FAN + 1
    later = compact._now() + compact.KEPT + timedelta(minutes=1)
    monkeypatch.setattr(compact, "_now", lambda: later)
    file(store, 10)
    assert {p.name for p in store.folder.glob("rows/study/*")} == {p.name for p in store.files("study")}
    with store.engine.connect() as c:
        assert c.execute(text("select count(*) from retired")).scalar() == 0


def test_the_rows_of_a_filing_stand_together(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", definitions().ledgers)
    for n, (unit, w) in enumerate((("C02", 36), ("C01", 35), ("C01", 36), ("C02", 35))):
        sheet = Sheet("study", week(w), unit, (unit,), monday(36) + timedelta(hours=n), ({"unit": unit, **reading_class(1, DAY)},))
        store.receive([delivered(sheet, store.ledgers["study"])], received_at=sheet.received_at)
    (path,) = store.files("study")
    rows = pq.ParquetFile(path).read().to_pylist()
    assert [(r["period"], r["unit"]) for r in rows] == [
        ("2023-W35", "C01"), ("2023-W35", "C02"), ("2023-W36", "C01"), ("2023-W36", "C02")]


def test_a_ledger_that_was_given_a_column_since_is_merged_with_it(tmp_path: Path) -> None:
    now = definitions().ledgers["study"]
    then = replace_columns(now, "topic")
    store = Store(tmp_path / "store", {**definitions().ledgers, "study": then})
    file(store, 0, then)
    store = Store(store.folder, definitions().ledgers)
    for n in range(1, compact.FAN):
        file(store, n)
    (path,) = store.files("study")
    assert pq.ParquetFile(path).read().column("topic").to_pylist() == [None, *["学习"] * (compact.FAN - 1)]


def replace_columns(ledger: Ledger, without: str) -> Ledger:
    return ledger.model_copy(update={"columns": {n: c for n, c in ledger.columns.items() if n != without}})


def test_files_that_do_not_fit_together_stay_apart(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", definitions().ledgers)
    for n in range(compact.FAN - 1):
        file(store, n)
    path = store.files("study")[0]
    table = pq.ParquetFile(path).read()
    pq.write_table(table.set_column(table.schema.get_field_index("days"), "days", pa.array(["一天"])), path)
    file(store, compact.FAN)
    assert len(store.files("study")) == compact.FAN


def test_a_file_with_other_rows_than_the_catalogue_says_is_not_merged(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", definitions().ledgers)
    for n in range(compact.FAN - 1):
        file(store, n)
    path = store.files("study")[0]
    table = pq.ParquetFile(path).read()
    pq.write_table(pa.concat_tables([table, table]), path)
    file(store, compact.FAN)        # what was received is stored all the same
    assert len(store.files("study")) == compact.FAN
    files = compact._small(store, "study")
    with pytest.raises(StoreError, match=r"rows/study: the files have 5 rows, the catalogue says 4\. They are left as they are"):
        compact._merge(store, "study", files)
    assert not (store.folder / ".writing").exists() or replace is None


def test_a_full_disk_stops_merging_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store", definitions().ledgers)
    for n in range(compact.FAN - 1):
        file(store, n)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(compact, "as_parquet", full)
        file(store, compact.FAN)
    assert len(store.files("study")) == compact.FAN
    file(store, compact.FAN + 1)
    assert len(store.files("study")) == 1
