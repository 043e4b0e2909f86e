"""The tables of the store's catalogue. Imports errors only.

SQLite by default; any SQLAlchemy URL in JIANBAO_CATALOGUE (PostgreSQL when offices share a store).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import (
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
    insert,
    inspect,
    select,
    text,
    update,
)

from jianbao.errors import StoreError

FORMAT = 2
metadata = MetaData()

about = Table("about", metadata, Column("format", Integer, nullable=False))
receives = Table(
    "receives", metadata,
    Column("id", Integer, primary_key=True), Column("received_at", DateTime, nullable=False),
    Column("files", Integer, nullable=False))
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
    Column("returned_copy", Text))      # below data/returns; "" when nothing goes back; null: not written yet
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
    Index("coverage_of", "ledger", "period", "unit"), Index("coverage_superseded", "ledger", "superseded_at"))
findings = Table(
    "findings", metadata,
    Column("id", Integer, primary_key=True), Column("delivery", Integer, nullable=False, index=True),
    Column("submission", Integer), Column("severity", String(8), nullable=False), Column("rule", String(64), nullable=False),
    Column("message", Text, nullable=False), Column("remedy", Text, nullable=False), Column("sheet", Text, nullable=False),
    Column("cell", String(16), nullable=False), Column("row", Integer), Column("column", Text, nullable=False),
    Column("value", Text, nullable=False), Column("unit", String(64), nullable=False),
    Column("ledger", String(64), nullable=False), Column("period", String(16), nullable=False),
    # Since format 2
    Column("explain", Boolean, nullable=False, server_default=text("false")),
    Column("explanation", Text, nullable=False, server_default=""))
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
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_settings)
    metadata.create_all(engine)
    with engine.begin() as connection:
        found = connection.execute(select(about.c.format)).scalar()
        if found is None:
            connection.execute(insert(about).values(format=FORMAT))
        elif found == 1:
            _add_columns(connection)
        elif found != FORMAT:
            raise StoreError(f"{folder}: the store is of format {found}, this jianbao reads format {FORMAT}. "
                             "Use the version that wrote it, or receive the inbox into an empty store.")
    return engine


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
    connection.execute(update(deliveries).values(returned_copy=""))
    connection.execute(update(about).values(format=FORMAT))


def _quoted(default: Any) -> str:
    said = default.arg
    return f"'{said}'" if isinstance(said, str) else str(said)


def _sqlite_settings(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL: readers never wait for the one writer. FULL: a commit survives power loss.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
