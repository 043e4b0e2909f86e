"""A connection for readers who stay long: a file that was merged since is read under its new name. Imports nothing of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

# The files of one ledger as `read_parquet` is given them.
LISTED = re.compile(r"\[\s*'(?:[^']|'')*/rows/(\w+)/[^'/]*\.parquet'(?:\s*,\s*'(?:[^']|'')*')*\s*\]")


class Renewing:
    """A DuckDB connection. Text that names files which are gone is asked again with those of now (`files`, by ledger): merged
    files have the same rows, and what came since is shut out by the text itself."""

    def __init__(self, connection: Any, files: Callable[[str], Iterable[Path]]) -> None:
        self._connection, self._files = connection, files

    def sql(self, text: str, **more: Any) -> Any:
        return self._asked(self._connection.sql, text, **more)

    def execute(self, text: str, *more: Any) -> Any:
        return self._asked(self._connection.execute, text, *more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _asked(self, ask: Callable[..., Any], text: str, *more: Any, **named: Any) -> Any:
        import duckdb

        try:
            return ask(text, *more, **named)
        except duckdb.IOException:
            fresh = LISTED.sub(self._now, text)
            if fresh == text:
                raise
            return ask(fresh, *more, **named)

    def _now(self, listed: re.Match[str]) -> str:
        names = (path.as_posix().replace("'", "''") for path in self._files(listed[1]))
        return "[" + ", ".join(f"'{name}'" for name in names) + "]"
