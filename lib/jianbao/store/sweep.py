"""What a writer that died left behind, removed by the next one. Imports durable, catalogue."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jianbao.store.durable import MARK

if TYPE_CHECKING:
    from sqlalchemy import Column, Engine


def sweep(folder: Path, engine: Engine) -> list[Path]:
    """Removes files that a dead writer had made since it set its mark and that the catalogue does not name; these.

    The caller holds the store's lock, so nobody else is writing. What is older than the mark is never touched, whatever
    the catalogue says: a store beside the wrong catalogue loses nothing.
    """
    mark = folder / MARK
    try:
        since = mark.stat().st_mtime_ns
    except FileNotFoundError:
        return []
    young = {p for top in ("rows", "files") for p in _since(folder / top, since)}
    parts = {p for p in young if p.name.endswith(".part")}
    rows = {p.relative_to(folder).as_posix(): p for p in young - parts if p.suffix == ".parquet"}
    kept = {p.name[:64]: p for p in young - parts if p.relative_to(folder).parts[0] == "files"}
    rows = {name: p for name, p in rows.items() if name.startswith("rows/")}
    left = [*parts, *_unnamed(engine, rows, kept)]
    for path in left:
        path.unlink(missing_ok=True)
    mark.unlink(missing_ok=True)
    return left


def _since(top: Path, since: int) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for folder in os.scandir(top):
            if folder.is_dir():
                for entry in os.scandir(folder):
                    if entry.is_file() and entry.stat().st_mtime_ns >= since:
                        yield Path(entry.path)


def _unnamed(engine: Engine, rows: dict[str, Path], kept: dict[str, Path]) -> list[Path]:
    from jianbao.store.catalogue import deliveries, files, one_state, retired

    def named(column: Column[str], wanted: Iterable[str]) -> set[str]:
        found, names = set[str](), list(wanted)
        for i in range(0, len(names), 500):
            found |= set(c.execute(column.table.select().with_only_columns(column)
                                   .where(column.in_(names[i:i + 500]))).scalars())
        return found

    with one_state(engine) as c:
        known = named(files.c.path, rows) | named(retired.c.path, rows)
        delivered = named(deliveries.c.sha256, kept)
    return [*(p for n, p in rows.items() if n not in known), *(p for n, p in kept.items() if n not in delivered)]
