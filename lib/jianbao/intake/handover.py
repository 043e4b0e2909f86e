"""What passes between the one who receives and the child that reads for it. Standard library only.

The child is where a crafted file may do what it likes, so what comes back is not trusted either: it can be text, numbers,
dates and lists of these, of a bounded length, and nothing that runs.
"""

from __future__ import annotations

import datetime
import io
import pickle
import struct
from collections.abc import Iterator
from typing import IO, Any

MAX_RESULT = 400 << 20  # bytes that the cells of one file may come to
ROWS_AT_ONCE = 2_000  # longer sheets come in pieces, so that neither side holds one twice
_PLAIN = {name: getattr(datetime, name) for name in ("date", "datetime", "time", "timedelta")}
_JOB, _RESULT = struct.Struct("<IQ"), struct.Struct("<BI")
_ROWS, _FILE = 1, 2


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in _PLAIN:
            return _PLAIN[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no business here")


def put_job(to: IO[bytes], name: str, content: bytes) -> None:
    said = name.encode("utf-8", "surrogatepass")
    to.write(_JOB.pack(len(said), len(content)))
    to.write(said)
    to.write(content)


def jobs(source: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    while head := source.read(_JOB.size):
        name, content = _JOB.unpack(head)
        yield source.read(name).decode("utf-8", "surrogatepass"), source.read(content)


def put_rows(to: IO[bytes], rows: list[list[Any]]) -> None:
    _put(to, _ROWS, rows)


def put_result(to: IO[bytes], result: Any) -> None:
    """The last word on a file. A number in the place of a sheet's rows stands for so many put before."""
    _put(to, _FILE, result)
    to.flush()


def _put(to: IO[bytes], kind: int, what: Any) -> None:
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
    to.write(_RESULT.pack(kind, len(data)))
    to.write(data)


def result(source: IO[bytes]) -> tuple[list[list[Any]], Any] | None:
    """The rows put before, and the last word on the next file. None when the child ended, or does not keep to this."""
    rows: list[list[Any]] = []
    left = MAX_RESULT
    while True:
        head = source.read(_RESULT.size)
        if len(head) < _RESULT.size:
            return None
        kind, length = _RESULT.unpack(head)
        left -= length
        if left < 0:
            return None
        data = source.read(length)
        if len(data) < length:
            return None
        try:
            what = _Unpickler(io.BytesIO(data)).load()
        except Exception:  # whatever a crafted pickle makes of itself
            return None
        if kind != _ROWS:
            return rows, what
        rows += what
