"""Immutable Parquet rows and the SQL catalogue that names them. Imports definitions, errors.

A crash before the catalogue's commit shows nothing; rows are never changed, only superseded, so every earlier state of
knowledge can be asked again.
"""

from jianbao.store.received import Delivery, Received, Submission, Version
from jianbao.store.rows import arrow_type
from jianbao.store.snapshot import Snapshot
from jianbao.store.store import Store

__all__ = ["Delivery", "Received", "Snapshot", "Store", "Submission", "Version", "arrow_type"]
