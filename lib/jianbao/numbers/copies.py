"""Ledger texts copied from other units or from earlier filings, with both places. Imports workspace, store, definitions.

Equal texts are told after spaces and punctuation are dropped; alike ones by the share of four-character pieces they have
in common, digits aside. Method: docs/methods/copied-texts.md
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jianbao.definitions.expressions import literal
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.period import Period
from jianbao.definitions.sampling import Texts
from jianbao.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

PIECE = 4           # characters
KEPT = 4            # one piece in so many is kept to find a text's like by
CROWD = 80          # a piece that more texts share tells nothing
SHOWN = 30          # characters of a text that a finding quotes


@dataclass(frozen=True)
class Place:
    unit: str
    unit_name: str
    period: str
    file: str
    sheet: str
    row: int

    def __str__(self) -> str:
        return f"{self.unit_name}在{self.period}报的“{self.sheet}”第{self.row}行（{self.file}）"


@dataclass(frozen=True)
class Copy:
    """A text filed in the period, and where it or its like stood before. `alike` is 1 for equal texts."""

    ledger: str
    column: str
    text: str
    alike: float
    at: Place
    source: Place


def copies(workspace: Workspace, period: Period, as_of: datetime | None = None) -> list[Copy]:
    """Texts filed for `period` that were filed before, or at the same time by another unit; by ledger and place.

    The same item filed again by the same unit is no copy, nor is a text that many units share, nor a short one. Of several
    equal texts the first filed is the source.
    """
    found: list[Copy] = []
    for ledger, columns in _looked_at(workspace):
        for column in columns:
            found += _of_column(workspace, ledger, column, period, workspace.as_of(as_of))
    return found


def findings(workspace: Workspace, period: Period, as_of: datetime | None = None) -> list[Finding]:
    """The same as warnings for the units that copied."""
    ledgers = workspace.definitions.ledgers
    said = []
    for c in copies(workspace, period, as_of):
        column = ledgers[c.ledger].columns[c.column]
        how = "相同" if c.alike >= 1 else f"有{c.alike:.0%}相同"
        text = c.text if len(c.text) <= SHOWN else f"{c.text[:SHOWN]}…"
        said.append(Finding("warning", "copied", f"“{column.title}”与{c.source}{how}：{text}",
                            "请核实是不是同一件事；照抄的重写，确实一样的写明原因。", file=c.at.file, sheet=c.at.sheet, row=c.at.row,
                            column=c.column, value=text, unit=c.at.unit, ledger=c.ledger, period=c.at.period))
    return said


def _looked_at(workspace: Workspace) -> Iterator[tuple[Ledger, Sequence[str]]]:
    chosen = workspace.definitions.sampling.texts.columns
    for name, ledger in workspace.definitions.filed_ledgers.items():
        if chosen:
            columns = [c for c in chosen.get(name, ()) if c in ledger.typed]
        else:
            columns = [c for c, said in ledger.typed.items() if said.type == "str" and c not in ledger.key
                       and said.references is None and said.sensitivity != "restricted"]
        if columns and not ledger.by_office and ledger.filing != "source":
            yield ledger, columns


def _of_column(workspace: Workspace, ledger: Ledger, column: str, period: Period, as_of: datetime) -> list[Copy]:
    texts = workspace.definitions.sampling.texts
    frame = _texts(workspace, ledger, column, period, as_of, texts)
    if not frame["now"].any():
        return []
    pairs = {**_alike(frame, texts), **_equal(frame)}
    if not pairs:
        return []
    wanted = frame.loc[sorted({k for new, (old, _) in pairs.items() for k in (new, old)})]
    places = _places(workspace, wanted, as_of)
    return [Copy(ledger.name, column, str(frame.at[new, "text"]), alike, places[new], places[old])
            for new, (old, alike) in sorted(pairs.items())]


def _texts(workspace: Workspace, ledger: Ledger, column: str, period: Period, as_of: datetime, texts: Texts) -> pd.DataFrame:
    """One row per item and text, in order of filing: unit, item, text, plain, submission, row, period, now.

    `plain` is the text without spaces and punctuation; `now`: filed for the period. Set phrases are left out.
    """
    snapshot = workspace.snapshot(as_of)
    # Without a key, what a unit files for one period is one item: a text twice in a file is another check's business.
    item = ' || \'·\' || '.join(f'cast("{k}" as varchar)' for k in ledger.key) or "period"
    plain = f"regexp_replace(lower(\"{column}\"), '[\\s\\p{{P}}\\p{{S}}]', '', 'g')"
    frame: pd.DataFrame = snapshot.connection.sql(
        f"select unit, {item} as item, \"{column}\" as text, {plain} as plain, submission, row, period, "
        f"filed between {literal(period.starts)} and {literal(period.ends)} as now, filed, received "
        f"from {snapshot.source(ledger.name)} where filed <= {literal(period.ends)} and length(\"{column}\") >= {texts.least}").df()
    frame = frame[frame["plain"].str.len() >= texts.least]
    frame = frame.sort_values(["filed", "received", "submission", "row"], kind="stable")
    frame = frame.drop_duplicates(["unit", "item", "plain"]).reset_index(drop=True)
    users = frame.groupby("plain")["unit"].transform("nunique")
    return frame[users <= texts.common].reset_index(drop=True)


def _equal(frame: Any) -> dict[int, tuple[int, float]]:
    """new → the first row with the same text."""
    groups = frame.groupby("plain").ngroup()
    first = frame.groupby(groups).cumcount() == 0
    origin = {g: k for k, g in zip(frame.index[first], groups[first], strict=True)}
    return {int(k): (int(origin[groups[k]]), 1.0) for k in frame.index[frame["now"] & ~first]}


def _alike(frame: Any, texts: Texts) -> dict[int, tuple[int, float]]:
    """new → the earlier row most like it, and how much. Longer texts only: one word changed in a short one is another text."""
    masked = frame["plain"].str.replace(r"\d+", "0", regex=True)
    longer = masked[masked.str.len() >= texts.least * 3 // 2]
    distinct = longer.drop_duplicates()
    now = set(frame.index[frame["now"]])
    # Rows of one masked text stand for each other: the first is the source of all, the new ones are told.
    rows: dict[str, list[int]] = {}
    for k, text in longer.items():
        rows.setdefault(text, []).append(k)
    new = [members[0] for members in rows.values() if not now.isdisjoint(members)]
    sketches = _sketches(distinct)
    of_new = sketches[sketches["at"].isin(new)]
    sketches = sketches[sketches["piece"].isin(of_new["piece"])]
    crowd = sketches.groupby("piece")["at"].transform("size")
    sketches = sketches[(crowd > 1) & (crowd <= CROWD)]
    pairs = of_new.merge(sketches, on="piece", suffixes=("", "_old"))
    pairs = pairs[pairs["at"] != pairs["at_old"]][["at", "at_old"]].drop_duplicates()
    found: dict[int, tuple[int, float]] = {}
    pieces: dict[int, frozenset[str]] = {}

    def best(k: int, old: int, alike: float) -> None:
        if k in now and old < k and not _same(frame, k, old) and alike > found.get(k, (0, 0.0))[1]:
            found[k] = old, alike

    for first, *others in rows.values():    # equal but for the numbers
        for k in others:
            if frame.at[k, "plain"] != frame.at[first, "plain"]:
                best(k, first, _cap(1.0))
    for at, old in pairs.itertuples(index=False):
        for one in (at, old):
            if one not in pieces:
                pieces[one] = _pieces(distinct[one])
        alike = len(pieces[at] & pieces[old]) / len(pieces[at] | pieces[old])
        if alike >= texts.alike:
            for k in rows[distinct[at]]:
                best(k, old, _cap(alike))
    return found


def _cap(alike: float) -> float:
    return min(alike, 0.99)     # equal is said of equal texts only


def _same(frame: Any, one: int, other: int) -> bool:
    """Versions of one item, which naturally resemble each other."""
    return bool(frame.at[one, "unit"] == frame.at[other, "unit"] and frame.at[one, "item"] == frame.at[other, "item"])


def _pieces(text: str) -> frozenset[str]:
    return frozenset(text[k:k + PIECE] for k in range(len(text) - PIECE + 1))


def _sketches(texts: pd.Series) -> pd.DataFrame:
    """(at, piece): of each text every fourth of its pieces, chosen by their hashes: texts alike share some of theirs."""
    import numpy as np
    import pandas as pd

    lengths = texts.str.len().to_numpy(np.int64)
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), lengths)
    if len(points) < PIECE:
        return pd.DataFrame({"at": [], "piece": []})
    hashed = np.zeros(len(points) - PIECE + 1, np.uint64)
    for k in range(PIECE):
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + points[k:len(points) - PIECE + 1 + k]
    hashed ^= hashed >> np.uint64(29)
    hashed *= np.uint64(0xBF58476D1CE4E5B9)
    hashed ^= hashed >> np.uint64(32)
    # Not across two texts; and the same pieces of every text, whichever they are.
    kept = (owner[:len(hashed)] == owner[PIECE - 1:]) & (hashed % np.uint64(KEPT) == 0)
    return pd.DataFrame({"at": texts.index.to_numpy()[owner[:len(hashed)][kept]], "piece": hashed[kept]}).drop_duplicates()


def _places(workspace: Workspace, frame: Any, as_of: datetime) -> dict[int, Place]:
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    names = {u.code: u.label for u in workspace.register_at(as_of).units}
    ids = sorted({int(x) for x in frame["submission"]})
    files: dict[int, tuple[str, str]] = {}
    with workspace.store.engine.connect() as c:
        for k in range(0, len(ids), 500):
            for id_, file, sheet in c.execute(
                    select(t.submissions.c.id, t.deliveries.c.name, t.submissions.c.sheet)
                    .join(t.deliveries, t.deliveries.c.id == t.submissions.c.delivery)
                    .where(t.submissions.c.id.in_(ids[k:k + 500]))):
                files[id_] = (file, sheet)
    found = {}
    for k, r in zip(frame.index, frame.to_dict("records"), strict=True):
        found[int(k)] = Place(r["unit"], names.get(r["unit"], r["unit"]), r["period"], *files.get(int(r["submission"]), ("", "")),
                              int(r["row"]))
    return found
