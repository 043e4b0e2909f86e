"""Scans of stamped papers (盖章件): whose they are, by what lies beside them. Kept, never read. Imports arrivals, workbook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from jianbao.definitions.finding import Finding
from jianbao.intake.arrivals import Incoming
from jianbao.intake.cells import Units
from jianbao.intake.layout import INSIDE, named_unit
from jianbao.intake.versions import without_mark
from jianbao.intake.workbook import Book
from jianbao.store import Store, listing

RECENT = timedelta(days=45)
# What people add to the name of a workbook when they scan it.
_ADDED = re.compile(r"(?:已?盖章|签章|签字|公章|扫描|附件|照片|图片|拍照|正式|电子|版|件|稿|页)+|第\d{1,2}页")
_LOOSE = re.compile(r"[\s\-_—()【】\[\].、,]+")


@dataclass(frozen=True)
class Attached:
    """Whose scan it is and with the filings of which period it goes; `why` says how that is known."""

    filer: str
    period: str
    why: str


def attached(files: Sequence[Incoming], books: Mapping[int, Book], units: Units, store: Store) -> dict[int, Attached]:
    """position → whose, for the scans that belong to somebody who files: now beside them, or lately."""
    scans = [n for n, i in enumerate(files) if i.format.kind == "scan"]
    if not scans:
        return {}
    known = {n: book for n, book in books.items() if book.filer}
    now = {book.filer: book.period.id for book in known.values() if book.period}
    guessed = {n: _whose(files[n], files, known, units) for n in scans}
    others = {filer for filer, _ in guessed.values() if filer and filer not in now}
    on = max(files[n].received_at for n in scans).date()
    lately = listing.last_periods(store.engine, others, on - RECENT) if others else {}
    periods = {**lately, **now}
    return {n: Attached(filer, periods[filer], why) for n, (filer, why) in guessed.items() if filer in periods}


def missing(book: Book, found: Mapping[int, Attached], store: Store) -> Finding | None:
    """For a workbook that says it comes with a stamped scan, and none came."""
    if not book.stamped or not book.filer or book.period is None:
        return None
    here = (book.filer, book.period.id)
    if any((a.filer, a.period) == here for a in found.values()) or here in listing.attached(store.engine, {book.filer}):
        return None
    return Finding(
        "warning",
        "stamp",
        "写明附了盖章件，没有收到。",
        "请把盖章件的扫描件或照片与台账一起再发一次，文件名写明单位。",
        file=book.file,
        sheet=book.sheets[0].name if book.sheets else "",
        unit=book.filer,
        ledger=book.sheets[0].ledger.name if book.sheets else "",
        period=book.period.id,
    )


def _whose(scan: Incoming, files: Sequence[Incoming], books: Mapping[int, Book], units: Units) -> tuple[str, str]:
    """(filer, how it is known); ("", "") when nothing tells."""
    beside = {n: book for n, book in books.items() if (files[n].folder, files[n].container) == (scan.folder, scan.container)}
    stem = _bare(scan.own_name)
    same = {book.filer for n, book in beside.items() if stem and _bare(files[n].own_name) == stem}
    if len(same) == 1:
        return same.pop(), "文件名与台账相同"
    if unit := _named(scan, units):
        return unit, "文件名写了单位"
    filers = {book.filer for book in beside.values()}
    if scan.folder and len(filers) == 1:
        return filers.pop(), "与台账放在一起"
    return "", ""


def _named(scan: Incoming, units: Units) -> str:
    """The filer for the unit that the name of the file, else of its folder or archive, names."""
    inside = [p for part in scan.name.split(INSIDE) for p in PurePosixPath(part).parts]
    for part in reversed(inside):
        if (code := named_unit(part, units)) and code in units.tree:
            return str(units.tree[code].filed_by)
    return ""


def _bare(name: str) -> str:
    """The name by which a scan and its workbook are told to belong together."""
    return _LOOSE.sub("", _ADDED.sub("", without_mark(PurePosixPath(name).name)))
