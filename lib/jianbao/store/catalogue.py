"""The tables of the store's catalogue. Imports durable, errors.

SQLite by default; any SQLAlchemy URL in JIANBAO_CATALOGUE (PostgreSQL when offices share a store).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from jianbao.errors import StoreError
from jianbao.store.durable import plainly

FORMAT = 2
metadata = MetaData()

about = Table("about", metadata, Column("format", Integer, nullable=False))
receives = Table(
    "receives", metadata,
    Column("id", Integer, primary_key=True), Column("received_at", DateTime, nullable=False),
    Column("files", Integer, nullable=False))
# From when on a receive counts: its earliest delivery may have come long before it was received.
knowledge = Table(
    "knowledge", metadata,
    Column("receive", Integer, primary_key=True, autoincrement=False), Column("since", DateTime, nullable=False, index=True))
deliveries = Table(
    "deliveries", metadata,
    Column("id", Integer, primary_key=True), Column("receive", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, unique=True), Column("name", Text, nullable=False),
    Column("size", Integer, nullable=False), Column("filer", String(64), nullable=False),
    Column("received_at", DateTime, nullable=False), Column("outcome", String(16), nullable=False),
    # Since format 2
    Column("kind", String(16), nullable=False, server_default="workbook"),      # workbook | archive | attachment
    Column("container", String(64), nullable=False, server_default=""),         # sha256 of the archive it came in
    Column("answers", String(64), nullable=False, server_default=""),           # sha256 of the returned delivery it answers
    Column("guesses", Text, nullable=False, server_default="[]"),               # JSON: what had to be guessed to read it
    Column("returned_copy", Text),      # below data/returns; "" when nothing goes back; null: not written yet
    Index("deliveries_received", "received_at"))
# As text: an Index with a condition would import every database's dialect.
UNRETURNED = "CREATE INDEX IF NOT EXISTS deliveries_unreturned ON deliveries (id) WHERE returned_copy IS NULL"
event.listen(deliveries, "after_create", DDL(UNRETURNED))  # type: ignore[no-untyped-call]
submissions = Table(
    "submissions", metadata,
    Column("id", Integer, primary_key=True), Column("delivery", Integer, nullable=False, index=True),
    Column("ledger", String(64), nullable=False), Column("period", String(16), nullable=False),
    Column("period_ends", Date, nullable=False), Column("filer", String(64), nullable=False),
    Column("sheet", Text, nullable=False), Column("accepted", Boolean, nullable=False),
    Column("nil", Boolean, nullable=False), Column("late", Boolean, nullable=False),
    Column("received_at", DateTime, nullable=False), Column("rows", Integer, nullable=False))
# One row per unit that a submission covers: filed for, with or without rows.
coverage = Table(
    "coverage", metadata,
    Column("submission", Integer, primary_key=True), Column("unit", String(64), primary_key=True),
    Column("ledger", String(64), nullable=False), Column("period", String(16), nullable=False),
    Column("period_ends", Date, nullable=False), Column("received_at", DateTime, nullable=False),
    Column("accepted", Boolean, nullable=False), Column("nil", Boolean, nullable=False),
    Column("late", Boolean, nullable=False), Column("rows", Integer, nullable=False),
    Column("superseded_at", DateTime),
    Index("coverage_of", "ledger", "period", "unit"), Index("coverage_period", "period"),
    Index("coverage_superseded", "ledger", "superseded_at"))
findings = Table(
    "findings", metadata,
    Column("id", Integer, primary_key=True), Column("delivery", Integer, nullable=False, index=True),
    Column("submission", Integer), Column("severity", String(8), nullable=False), Column("rule", String(64), nullable=False),
    Column("message", Text, nullable=False), Column("remedy", Text, nullable=False), Column("sheet", Text, nullable=False),
    Column("cell", String(16), nullable=False), Column("row", Integer), Column("column", Text, nullable=False),
    Column("value", Text, nullable=False), Column("unit", String(64), nullable=False),
    Column("ledger", String(64), nullable=False), Column("period", String(16), nullable=False, index=True),
    # Since format 2
    Column("explain", Boolean, nullable=False, server_default=text("false")),
    Column("explanation", Text, nullable=False, server_default=""),
    Column("key", Text, nullable=False, server_default=""))      # of the row, where its ledger has one
# How a delivery compares with the returned one that it answers, as JSON.
comparisons = Table(
    "comparisons", metadata,
    Column("delivery", Integer, primary_key=True, autoincrement=False), Column("said", Text, nullable=False))
# Scans of stamped papers, which are kept and never read: whose, and with the filings of which period they came.
attachments = Table(
    "attachments", metadata,
    Column("delivery", Integer, primary_key=True, autoincrement=False), Column("filer", String(64), nullable=False),
    Column("period", String(16), nullable=False), Index("attachments_of", "filer", "period"))
# What was read in an inbox, so that it is not read again while it stays as it is. Only a cache.
listed = Table(
    "listed", metadata,
    Column("path", Text, primary_key=True), Column("sha256", String(64), nullable=False),
    Column("size", BigInteger, nullable=False), Column("modified", BigInteger, nullable=False),     # nanoseconds
    Column("changed", BigInteger, nullable=False))
# A period closed, or opened again: who, when and why.
closings = Table(
    "closings", metadata,
    Column("id", Integer, primary_key=True), Column("period", String(16), nullable=False, index=True),
    Column("action", String(8), nullable=False), Column("at", DateTime, nullable=False),     # close | reopen
    Column("who", Text, nullable=False), Column("reason", Text, nullable=False))
files = Table(
    "files", metadata,
    Column("id", Integer, primary_key=True), Column("ledger", String(64), nullable=False, index=True),
    Column("path", Text, nullable=False, unique=True), Column("receive", Integer, nullable=False),
    Column("rows", Integer, nullable=False), Column("live", Boolean, nullable=False))
# The last delivery after which the lists of what went back were written; one row.
answered = Table("answered", metadata, Column("delivery", Integer, nullable=False))
# Files whose rows stand in a merged one. They stay on disk a while, for whoever still reads them.
retired = Table(
    "retired", metadata,
    Column("path", Text, primary_key=True), Column("at", DateTime, nullable=False, index=True))     # UTC
runs = Table(
    "runs", metadata,
    Column("id", Integer, primary_key=True), Column("issue", Text, nullable=False, index=True),
    Column("made_at", DateTime, nullable=False), Column("outcome", String(16), nullable=False),
    Column("fingerprint", String(64), nullable=False), Column("as_of", String(32), nullable=False),
    Column("detail", Text, nullable=False))


def open_engine(folder: Path) -> Engine:
    """The catalogue, made when it is not there. Raises StoreError for one of another format."""
    url = os.environ.get("JIANBAO_CATALOGUE") or f"sqlite:///{(folder / 'catalogue.sqlite').as_posix()}"
    engine = create_engine(url)
    event.listen(engine, "handle_error", _said_plainly, retval=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
    if not _is_whole(engine):
        from filelock import FileLock

        with plainly(folder), FileLock(str(folder / ".catalogue.lock"), timeout=60):      # two may find it missing at once
            _make(engine)
    with engine.connect() as c:
        found = c.execute(select(about.c.format)).scalar()
    if found != FORMAT:
        raise StoreError(f"{folder}: the store is of format {found}, this jianbao reads format {FORMAT}. "
                         "Use the version that wrote it, or receive the inbox into an empty store.")
    return engine


@contextmanager
def one_state(engine: Engine) -> Iterator[Connection]:
    """A connection whose queries all see the same state, whatever is committed between them."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as c:
            c.exec_driver_sql("BEGIN")      # by itself sqlite3 begins none for reading
            yield c
    else:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as c:
            yield c


@contextmanager
def one_change(engine: Engine) -> Iterator[Connection]:
    """A transaction for writing, committed at its end."""
    with engine.begin() as c:
        if engine.dialect.name == "sqlite":
            c.exec_driver_sql("BEGIN IMMEDIATE")    # waits for its turn here, not half-way through
        yield c


def _is_whole(engine: Engine) -> bool:
    there = set(inspect(engine).get_table_names())
    if not there >= metadata.tables.keys():
        return False
    with engine.connect() as c:
        return c.execute(select(about.c.format)).scalar() not in (None, 1)


def _make(engine: Engine) -> None:
    """What is missing of tables, columns and indexes."""
    metadata.create_all(engine)
    with one_change(engine) as c:
        found = c.execute(select(about.c.format)).scalar()
        if found is None:
            c.execute(insert(about).values(format=FORMAT))
        elif found == 1:
            _add_columns(c)
        if found in (None, 1, FORMAT):
            for table in metadata.tables.values():
                for index in table.indexes:
                    index.create(c, checkfirst=True)
            known = select(knowledge.c.receive)
            c.execute(insert(knowledge).from_select(["receive", "since"], select(
                deliveries.c.receive, func.min(deliveries.c.received_at)).where(deliveries.c.receive.not_in(known))
                .group_by(deliveries.c.receive)))


def _add_columns(connection: Connection) -> None:
    """From format 1 to 2: columns that stood in no table then."""
    for table in (deliveries, findings):
        there = {c["name"] for c in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                kind = column.type.compile(connection.dialect)
                default = f" NOT NULL DEFAULT {_quoted(column.server_default)}" if column.server_default is not None else ""
                connection.execute(text(f'ALTER TABLE {table.name} ADD COLUMN "{column.name}" {kind}{default}'))
    # What was received under format 1 has its returns written.
    connection.execute(text(UNRETURNED))
    connection.execute(update(deliveries).values(returned_copy=""))
    connection.execute(update(about).values(format=FORMAT))


def _quoted(default: Any) -> str:
    said = default.arg
    return f"'{said}'" if isinstance(said, str) else str(said)


def _sqlite_settings(connection: Any, _record: Any) -> None:
    import sqlite3

    cursor = connection.cursor()
    try:
        # WAL: readers never wait for the one writer. FULL: a commit survives power loss.
        cursor.execute("PRAGMA busy_timeout=30000")
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            _to_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error as e:
        raise _plain(e, "the store's catalogue") or e from e
    finally:
        cursor.close()


def _to_wal(cursor: Any) -> None:
    import sqlite3
    import time

    for n in range(100):        # two that open a new catalogue at once: SQLite lets neither wait for the other
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as e:
            if "is locked" not in str(e) or n == 99:
                raise
            time.sleep(0.05)


def _said_plainly(context: Any) -> BaseException | None:
    """An error of the database that is not of our making, as a StoreError with a way out."""
    engine = context.engine
    place = "the store's catalogue" if engine is None else str(
        engine.url.database if engine.dialect.name == "sqlite" else engine.url)      # without the password
    return _plain(context.original_exception, place)


# What SQLite and PostgreSQL say → what it means, and what to do.
SAID = (
    (("disk is full", "no space left", "could not extend"), "no room is left on its disk",
     "Nothing is half stored. Make room, then run it again."),
    (("is locked", "lock timeout", "deadlock detected"), "another program keeps it busy",
     "Close what has it open (a database viewer, a backup, a synchronised folder), then run it again."),
    (("readonly", "read-only"), "it cannot be written",
     "See who may write to it and to its folder and whether the disk is read-only, then run it again."),
    (("unable to open", "connection refused", "connection is bad", "could not connect", "connection failed",
      "could not translate", "server closed"),
     "it cannot be opened", "See whether it is there and who may read it, then run it again."),
    (("disk i/o error",), "its disk cannot be read or written",
     "See whether the disk is full, connected and sound, then run it again."),
    (("malformed", "not a database"), "it is damaged",
     "Put back the last copy of the store's folder and run it again, or receive everything into an empty store: "
     "each file as it came is under files/ in the store."),
)


def _plain(e: BaseException, place: str) -> StoreError | None:
    said = str(e).lower()
    for words, problem, remedy in SAID:
        if any(word in said for word in words):
            return StoreError(f"{place}: {problem} ({e}). {remedy}")
    return None
