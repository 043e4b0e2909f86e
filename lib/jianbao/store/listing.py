"""What was read in an inbox, and which scans came with what: small tables beside the rows. Imports catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

Listed = tuple[str, int, int, int]  # content hash, size, modified, changed


def remembered(engine: Engine, paths: Sequence[str]) -> dict[str, Listed]:
    """path → what the file was when it was last read, of those of `paths` that were."""
    from sqlalchemy import select

    from jianbao.store.catalogue import listed as t

    found: dict[str, Listed] = {}
    with engine.connect() as c:
        for n in range(0, len(paths), 500):
            rows = c.execute(select(t).where(t.c.path.in_(paths[n : n + 500])))
            found.update((r.path, (r.sha256, r.size, r.modified, r.changed)) for r in rows)
    return found


def remember(engine: Engine, files: Mapping[str, Listed]) -> None:
    """Replaces what is remembered of these paths. Where that cannot be written, they are read once more: no reason to fail."""
    from sqlalchemy import delete, insert
    from sqlalchemy.exc import OperationalError

    from jianbao.store.catalogue import listed as t
    from jianbao.store.catalogue import one_change

    if not files:
        return
    names, paths = ("path", "sha256", "size", "modified", "changed"), list(files)
    with suppress(OperationalError), one_change(engine) as c:
        for n in range(0, len(paths), 500):
            c.execute(delete(t).where(t.c.path.in_(paths[n : n + 500])))
        c.execute(insert(t), [dict(zip(names, (path, *said), strict=True)) for path, said in files.items()])


def copies(engine: Engine, shas: Sequence[str]) -> dict[str, str]:
    """content hash → what went back, of those that something did."""
    from sqlalchemy import select

    from jianbao.store.catalogue import deliveries as t

    found: dict[str, str] = {}
    with engine.connect() as c:
        for n in range(0, len(shas), 500):
            query = select(t.c.sha256, t.c.returned_copy).where(t.c.sha256.in_(shas[n : n + 500]), t.c.returned_copy != "")
            found.update((sha, copy) for sha, copy in c.execute(query))
    return found


def attached(engine: Engine, filers: set[str]) -> set[tuple[str, str]]:
    """(filer, period) of every scan that is on file for these filers."""
    from sqlalchemy import select

    from jianbao.store.catalogue import attachments as t

    with engine.connect() as c:
        rows = c.execute(select(t.c.filer, t.c.period).distinct()).all()
    return {(filer, period) for filer, period in rows if filer in filers}


def last_periods(engine: Engine, filers: set[str], since: date) -> dict[str, str]:
    """filer → the last period it filed for, of those that ended on or after `since`."""
    from sqlalchemy import select

    from jianbao.store.catalogue import submissions as t

    query = select(t.c.filer, t.c.period).where(t.c.period != "", t.c.period_ends >= since).order_by(t.c.period_ends, t.c.id)
    with engine.connect() as c:
        return {filer: period for filer, period in c.execute(query) if filer in filers}
