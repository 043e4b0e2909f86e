"""Several files that say the same, or that each want to count: which one does, and what is said of it. Imports checks, arrivals.

“(1)”, “副本”, “最终版2”: units mail a workbook again under a new name. The last received counts; of those received at the
same moment, the one whose name claims to be later, then the one saved later. What the folder lists first never matters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from jianbao.intake.arrivals import Incoming
from jianbao.intake.checks import Checked
from jianbao.store import Store, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

OTHERS_NAMED = 5
_DIGITS = {c: n for n, c in enumerate("一二三四五六七八九", 1)}
_N = r"(\d{1,2}|[一二三四五六七八九])"
_COPY = re.compile(r"[-_ ]*(?:副本|copy)[-_ ]*", re.IGNORECASE)
_AGAIN = re.compile(r" *\((\d{1,2})\)")
_NUMBERED = re.compile(rf"[-_ ]*(?:(?<![A-Za-z])[vV](?:er)?\.?(\d{{1,2}})(?![\d])|第?{_N}[版稿])")
_CHANGED = re.compile(rf"[-_ ]*(?:修改|修订|更正|订正|改正|重报)(?:[版稿后])*{_N}?(?=$|[-_ ()])")
_FINAL = re.compile(rf"[-_ ]*(?:最终|最后|终版|终稿|定稿|final)(?:[版稿])*{_N}?(?=$|[-_ ()])", re.IGNORECASE)


def version_mark(name: str) -> tuple[int, ...]:
    """How late the name of a file claims to be: 最终版2 after 修改, 修改 after v3, v3 after (1), (1) after nothing."""
    stem = _stem(name)
    final, changed, numbered = _FINAL.search(stem), _CHANGED.search(stem), _NUMBERED.search(stem)
    again = _AGAIN.findall(stem)
    return (
        _number(final[1]) if final else 0,
        _number(changed[1]) if changed else 0,
        _number(numbered[1] or numbered[2]) if numbered else 0,
        max(map(int, again), default=0),
        int(_COPY.search(stem) is not None),
    )


def without_mark(name: str) -> str:
    """The file's name without its suffix and without what only tells the version."""
    stem = _stem(name)
    for pattern in (_AGAIN, _FINAL, _CHANGED, _NUMBERED, _COPY):
        stem = pattern.sub("", stem)
    return stem.strip(" -_")


def _stem(name: str) -> str:
    return unicodedata.normalize("NFKC", PurePosixPath(name).stem)


def _number(said: str | None) -> int:
    return 1 if not said else _DIGITS.get(said) or int(said)


@dataclass(frozen=True)
class Filed:
    """What counts until now for a ledger, a period and a unit."""

    rows: int
    nil: bool
    submission: int
    file: str
    received_at: datetime


def in_order(
    files: Sequence[Incoming], checked: Mapping[int, Sequence[Checked]]
) -> tuple[list[int], dict[int, list[Checked]], dict[int, list[str]]]:
    """The order in which `files` are to be stored, their sheets with what is said of others, and guesses by file.

    Files stay in place except where several bring the same ledger, period and unit at one moment: these come in the order
    of their version, so that the last one is the one that counts.
    """
    claims: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for n, sheets in checked.items():
        for k, c in enumerate(sheets):
            if c.sheet.period is not None:
                units = (c.sheet.filer,) if c.sheet.ledger.by_office else c.units
                for unit in units:
                    claims.setdefault((c.sheet.ledger.name, c.sheet.period.id, unit, files[n].received_at), []).append((n, k))
    result = {n: list(sheets) for n, sheets in checked.items()}
    guesses: dict[int, list[str]] = {}
    contests = {tuple(sorted(set(claim))) for claim in claims.values() if len({n for n, _ in claim}) > 1}
    if not contests:
        return list(range(len(files))), result, guesses
    for contest in sorted(contests):
        _tell(sorted(contest, key=lambda place: _rank(files[place[0]])), files, checked, result, guesses)
    order = list(range(len(files)))
    for group in _joined({n for n, _ in contest} for contest in contests):
        for place, n in zip(sorted(group), sorted(group, key=lambda n: _rank(files[n])), strict=True):
            order[place] = n
    return order, result, {n: list(dict.fromkeys(said)) for n, said in guesses.items()}


def _rank(i: Incoming) -> tuple[Any, ...]:
    return version_mark(i.own_name), i.modified or datetime.min, i.name, i.sha256


def _tell(
    ranked: Sequence[tuple[int, int]],
    files: Sequence[Incoming],
    checked: Mapping[int, Sequence[Checked]],
    result: dict[int, list[Checked]],
    guesses: dict[int, list[str]],
) -> None:
    """Says in every sheet of a contest which one counts."""
    accepted = [place for place in ranked if checked[place[0]][place[1]].accepted]
    if not accepted:
        return
    wins = accepted[-1]
    winner = checked[wins[0]][wins[1]]
    title = winner.sheet.ledger.title
    others = []
    for place in ranked:
        if place == wins:
            continue
        n, k = place
        c = checked[n][k]
        if c.accepted and same_rows(c, winner):
            guesses.setdefault(n, []).append(f"“{title}”与同时收到的“{files[wins[0]].name}”内容相同")
            continue
        others.append(files[n].name)
        if c.accepted:
            said = c.sheet.finding(
                "warning",
                "several",
                f"同时收到几份“{title}”，以“{files[wins[0]].name}”为准，这一份不计。",
                "应以这一份为准的，请单独重报一次。",
            )
            result[n][k] = replace(result[n][k], sheet=result[n][k].sheet.adding([said]))
    if others:
        n, k = wins
        names = "、".join(f"“{name}”" for name in others[:OTHERS_NAMED])
        names += f"等 {len(others)} 份" if len(others) > OTHERS_NAMED else ""
        guesses.setdefault(n, []).append(f"“{title}”同时收到几份，按文件名的版本和保存时间认作这一份")
        last = ranked[-1]
        back = "" if last == wins else f"“{files[last[0]].name}”有错退回；"
        said = winner.sheet.finding(
            "warning",
            "several",
            f"同时收到的还有{names}；{back}以这一份为准。",
            "请核对是不是这一份；不是的，把该用的那份单独重报一次。",
        )
        result[n][k] = replace(result[n][k], sheet=result[n][k].sheet.adding([said]))


def _joined(groups: Iterable[set[int]]) -> list[set[int]]:
    """Groups that share a member, as one."""
    result: list[set[int]] = []
    for group in groups:
        apart = []
        for other in result:
            if other & group:
                group = group | other
            else:
                apart.append(other)
        result = [*apart, group]
    return result


# The same rows again


def same_rows(a: Checked, b: Checked) -> bool:
    """Whether two sheets say the same, wherever it stands in them."""
    if a.rows is None or b.rows is None:
        return a.rows is None and b.rows is None and a.sheet.nil == b.sheet.nil
    return a.rows.num_rows == b.rows.num_rows and bool(_comparable(a.rows, a).equals(_comparable(b.rows, b)))


def equal_to_filed(store: Store, checked: Mapping[int, Sequence[Checked]]) -> dict[int, list[str]]:
    """position → what is said of its accepted sheets whose content is what counts already."""
    wanted: dict[tuple[str, str], list[tuple[int, Checked]]] = {}
    for n, sheets in checked.items():
        for c in sheets:
            if c.accepted and c.sheet.period is not None and c.units:
                wanted.setdefault((c.sheet.ledger.name, c.sheet.period.id), []).append((n, c))
    found: dict[int, list[str]] = {}
    for (ledger, period), numbers in wanted.items():
        filed = _filed(store, ledger, period)
        for n, c in numbers if filed else ():
            units = (c.sheet.filer,) if c.sheet.ledger.by_office else c.units
            old = [filed[u] for u in units if u in filed]
            if len(old) < len(units) or sum(o.rows for o in old) != (c.rows.num_rows if c.rows is not None else 0):
                continue
            if (c.rows is None and all(o.nil for o in old)) or (c.rows is not None and _stored_equal(store, c, units)):
                last = max(old, key=lambda o: o.received_at)
                found.setdefault(n, []).append(
                    f"“{c.sheet.ledger.title}”与 {last.received_at:%Y-%m-%d %H:%M} 收到的“{last.file}”内容相同，按重报收下"
                )
    return found


def _filed(store: Store, ledger: str, period: str) -> dict[str, Filed]:
    from sqlalchemy import select

    from jianbao.store import catalogue as t

    cov, sub, dlv = t.coverage, t.submissions, t.deliveries
    query = (
        select(cov.c.unit, cov.c.rows, cov.c.nil, cov.c.submission, dlv.c.name, cov.c.received_at)
        .join(sub, sub.c.id == cov.c.submission)
        .join(dlv, dlv.c.id == sub.c.delivery)
        .where(cov.c.ledger == ledger, cov.c.period == period, cov.c.accepted, cov.c.superseded_at.is_(None))
    )
    with store.engine.connect() as c:
        return {unit: Filed(*rest) for unit, *rest in c.execute(query)}


def _stored_equal(store: Store, c: Checked, units: Sequence[str]) -> bool:
    assert c.rows is not None and c.sheet.period is not None
    mine = _comparable(c.rows, c)
    snapshot = store.snapshot()
    names = ", ".join(f'"{n}"' for n in mine.column_names)
    by_unit = "" if c.sheet.ledger.by_office else " and unit in (select unnest(?))"
    stored = snapshot.connection.sql(
        f"select {names} from {snapshot.filed(c.sheet.ledger.name)} where period = ?{by_unit} order by unit, row",
        params=[c.sheet.period.id, *([list(units)] if by_unit else [])],
    ).to_arrow_table()
    return bool(mine.equals(stored.cast(mine.schema)))


def _comparable(rows: pa.Table, c: Checked) -> pa.Table:
    """What a sheet says, in one order and in the store's types; not where in the sheet it says it."""
    import pyarrow as pa

    ordered = rows.sort_by([("unit", "ascending"), ("row", "ascending")])
    columns = {"unit": ordered.column("unit").cast(pa.string())}
    for name, column in c.sheet.ledger.typed.items():
        kind = arrow_type(column.type)
        if name != "unit":
            columns[name] = ordered.column(name).cast(kind) if name in ordered.column_names else pa.nulls(rows.num_rows, kind)
    return pa.table(columns)
