"""The same thing filed twice: in two ledgers, by two units, or again with new dates. Imports masks, past, definitions.

Method: docs/methods/likeness.md
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.expressions import literal, to_sql
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.rule import Unlike
from jianbao.intake.masks import about_sheet, names_of
from jianbao.intake.past import AT, ENDS, SHEET, Group, Past

DATES = ("date", "datetime")
LOOKED_BACK = timedelta(days=92)  # for what may have been copied from
SHORT = 4  # characters; below, nearly alike says nothing
CROWD = 250_000  # pairs of one block; beyond, only equal texts are told
Label = Callable[[str, int], str]  # unit's code, position in the batch → its name
Pair = tuple[Any, ...]


def refiled(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for sheets copied from an earlier period, and for rows that stand just so in another one.

    Only where rows have no key, by which `key-filed` would tell; and counts, whose flows are the same as before.
    """
    ledger = group.ledger
    if not ledger.is_filed or ledger.by_office or ledger.filing != "periodic" or not past.known(group):
        return
    if ledger.kind == "event" and not ledger.key:
        whole = list(ledger.typed)
        content = [n for n, c in ledger.typed.items() if c.type not in DATES]
        telling = "true"
    elif ledger.kind == "snapshot":
        flows = [n for n, c in ledger.typed.items() if c.measure == "flow"]
        whole, content = [], [*ledger.key, *flows]
        telling = " + ".join(f'coalesce(r."{c}", 0)' for c in flows) + " >= 5" if flows else ""
    else:
        return
    if not telling:
        return
    more = {"content": hashed(content)} | ({"whole": hashed(whole)} if whole else {})
    since = min(s.period.starts if s.period else end for s, end in zip(group.sheets, group.ends, strict=True)) - LOOKED_BACK
    before = past.rows(ledger, [], units=group.everyone, until=max(group.ends), since=since, more=more, where=telling)
    if before is None:
        return
    batch = past.batch(group)
    extra = "".join(f', {sql} as "{n}"' for n, sql in more.items())
    past.connection.execute(f'create or replace temp table "mine·" as select r."{SHEET}" as s, r."{AT}" as i, r.unit, '
                            f'r."ends·" as ends, r.row{extra} from {batch} r where {telling}')
    copied = set()
    for s, unit, rows, matched, period in _copied(before, campaign, past):
        copied.add((s, unit))
        said = f"{rows} 行里有 {matched} 行" if matched < rows else f"{rows} 行"
        yield s, about_sheet(
            group.sheets[s], "copied-period", f"{said}与 {period} 报的除日期外完全相同，像是照抄上期的表。",
            "请核对是不是本期的情况；确实一样的，在“说明”里写明原因。", unit=unit, explain=True)
    if whole:
        starts = group_starts(group)
        for s, i, unit, period, row in past.connection.execute(
            'select m.s, m.i, m.unit, min_by(p.period, (p.filed, p.row)), min_by(p.row, (p.filed, p.row)) '
            f'from "mine·" m join {before} p on p.unit = m.unit and p.whole = m.whole and p.filed <> m.ends '
            "group by m.s, m.i, m.unit order by m.i").fetchall():
            if (s, unit) not in copied:
                found = group.sheets[s].finding("warning", "filed-before", f"与 {period} 报的第 {row} 行完全相同。",
                                                "一件事只报一次，请删去这一行；确是两件事的，在“说明”里写明。", at=i - starts[s],
                                                column=ledger.date or "")
                yield s, replace(found, explain=True)


def _copied(before: str, campaign: Campaign, past: Past) -> list[Pair]:
    """(sheet, unit, rows, rows found again, period) for each sheet that is mostly one of an earlier period."""
    t = campaign.thresholds
    # The nth row of one content is the nth of the same content then.
    rows: list[Pair] = past.connection.execute(
        'with mine as (select *, row_number() over (partition by s, unit, content order by row) as n, '
        'count(*) over (partition by s, unit) as rows from "mine·"), '
        f"then_ as (select unit, filed, period, content, row_number() over (partition by unit, filed, content order by row) as n "
        f"from {before}), "
        "found as (select m.s, m.unit, m.rows, p.filed, p.period, count(*) as matched, count(distinct m.content) as kinds "
        "from mine m join then_ p on p.unit = m.unit and p.content = m.content and p.n = m.n and p.filed < m.ends "
        "group by all) "
        f"select s, unit, rows, matched, period from found where kinds >= {t.copied_rows} and matched >= {t.copied_share} * rows "
        "qualify row_number() over (partition by s, unit order by matched desc, filed desc) = 1 order by s, unit").fetchall()
    return rows


def unlikes(group: Group, campaign: Campaign, past: Past, label: Label) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for rows of the group that are like a row they should not be like, by its own `unlike` or by
    another ledger's that names this one. The other row was filed before, or stands in the batch."""
    if not group.table.num_rows:
        return
    ledgers, mine = past.store.ledgers, group.ledger
    searches = [_Search(group, u, mine, ledgers[u.ledger or mine.name], u.pairs, False, past) for u in mine.unlike]
    for other in ledgers.values():
        searches += [_Search(group, u, other, other, {b: a for a, b in u.pairs.items()}, True, past)
                     for u in other.unlike if u.ledger == mine.name != other.name]
    for search in searches:
        for at, other_row, alike in search.found(campaign):
            yield search.told(at, other_row, alike, label)


@dataclass(frozen=True)
class _Search:
    """One `unlike` of the ledger `owner`, asked of the rows of `group`: is any of `other`'s like them?

    `pairs` is column of the group's ledger → column of the other. `backwards`: the group's ledger is the one that is named;
    then only rows filed before are looked at, as within the batch the owner's rows tell.
    """

    group: Group
    unlike: Unlike
    owner: Ledger
    other: Ledger
    pairs: Mapping[str, str]
    backwards: bool
    past: Past

    def found(self, campaign: Campaign) -> Iterator[tuple[int, dict[str, Any], float]]:
        """(row of the batch, the other row, how much alike): of several the one most alike, filed last."""
        others = self._others()
        if others is None:
            return
        u, batch = self.unlike, self.past.batch(self.group)
        texts = self._compared("str")
        equal = [f"{a} = {b}" for a, b in self._compared("")] + [*self._conditions(), *self._news()]
        few = self._few(others)
        ways = [(few, " and ".join(" = ".join(t) for t in texts) or "true")]
        if u.near and texts:
            (mine, theirs), crowded = texts[0], self._crowded(batch, others)
            # Two texts of very different lengths cannot be so much alike.
            nearly = (f"length({mine}) >= {SHORT} and length({theirs}) >= {SHORT} and "
                      f"2 * least(length({mine}), length({theirs})) >= {u.near} * (length({mine}) + length({theirs}))")
            ways = ([(others, f"{nearly} and b.unit not in ({crowded})"), (few, f"{ways[0][1]} and b.unit in ({crowded})")]
                    if crowded else [(others, nearly)])
        said = ", ".join(texts[0]) if u.near and texts else "null, null"
        key = f'p."{self.other.key[0]}"' if self.other.key else "null"
        where = to_sql(u.where, names_of(campaign)) if u.where and not self.backwards else "true"
        rows = [row for among, way in ways for row in self.past.connection.execute(
            f'select b."{AT}", p.unit, p.period, p.row, p.filed, {key}, {said} from {batch} b join {among} p '
            f"on {' and '.join(equal)} and {way} where {where} "
            f'order by b."{AT}", p.filed desc, p.unit, p.row').fetchall()]
        best: dict[int, tuple[dict[str, Any], float]] = {}
        for (at, unit, period, row, _, key_, _, _), alike in zip(rows, _alike(rows, u.near), strict=True):
            if alike >= (u.near or 1) and (at not in best or alike > best[at][1]):
                best[at] = {"unit": unit, "period": period, "row": row, "key": key_}, alike
        yield from ((at, other_row, alike) for at, (other_row, alike) in sorted(best.items()))

    def _others(self) -> str | None:
        """The rows to look among; None when there are none."""
        u, past, other = self.unlike, self.past, self.other
        if self.backwards and not past.stored(other.name):
            return None
        if not past.stored(other.name) and other.name not in past.groups:
            return None
        conditions = [to_sql(u.where, lambda _, c: f'r."{c}"')] if u.where and (self.backwards or other.name == self.owner.name) else []
        if u.units == "others":
            conditions += self._around()
        columns = [*other.key, *self.pairs.values(), *([u.link] if u.link and self.backwards else [])]
        found = past.rows(other, columns, units=self.group.everyone if u.units == "same" else None, until=max(self.group.ends),
                          where=" and ".join(conditions) or "true")
        if found is None:
            return None
        if other.by_key:  # the last version of each
            keys = ", ".join(f'"{k}"' for k in ("unit", *other.key))
            found = f"(select * from {found} qualify row_number() over (partition by {keys} order by filed desc, row desc) = 1)"
        return f'(select * from {found} where "{SHEET}" < 0)' if self.backwards else found

    def _around(self) -> list[str]:
        """Rows of others are only looked at on the days that the batch speaks of."""
        for mine, theirs in self.pairs.items():
            days = [v for s in self.group.sheets for v in s.values[mine] if v] if self.group.ledger.typed[mine].type in DATES else []
            if days:
                return [f'r."{theirs}" between {literal(min(days))} and {literal(max(days))}']
        return []

    def _compared(self, kind: str) -> list[tuple[str, str]]:
        """SQL of both sides of each pair: of the texts, or of all else."""
        typed = self.group.ledger.typed
        chosen = [(a, b) for a, b in self.pairs.items() if (typed[a].type == "str") == (kind == "str")]
        return [(plain(kind, f'b."{a}"'), plain(kind, f'p."{b}"')) for a, b in chosen]

    def _conditions(self) -> Iterator[str]:
        u, mine = self.unlike, self.group.ledger
        yield "b.unit = p.unit" if u.units == "same" else "b.unit <> p.unit"
        if u.link:
            linked, key = ("p", mine.key) if self.backwards else ("b", self.other.key)
            yield f'{linked}."{u.link}" is distinct from {"b" if self.backwards else "p"}."{key[0]}"'
        if mine.name == self.other.name:
            # of two in one batch the later one is told; versions of one thing are one
            yield f'(p."{SHEET}" < 0 or (p."{SHEET}", p.row) < (b."{SHEET}", b.row))'
            if u.units == "same":
                same = " and ".join(f'b."{k}" is not distinct from p."{k}"' for k in mine.key)
                yield f"not ({same})" if same else f'(p."{SHEET}" = b."{SHEET}" and p.row <> b.row)'

    def _news(self) -> Iterator[str]:
        """A pair is told when the later of the two first comes, not with every new state of either."""
        mine = self.group.ledger
        if not mine.by_key or not self.past.stored(mine.name):
            return
        before = self.past.rows(mine, [*mine.key, *self.pairs], units=self.group.everyone, until=max(self.group.ends))
        same = " and ".join(f'o."{c}" is not distinct from b."{c}"' for c in ("unit", *mine.key, *self.pairs))
        yield (f'(p."{SHEET}" >= 0 or p.filed >= b."{ENDS}" or not exists '
               f'(select 1 from {before} o where {same} and o.filed < b."{ENDS}"))')

    def _few(self, others: str) -> str:
        """Of a unit's equal rows the first two: one of them is another than the row asked about, and more tell no more."""
        equal = ", ".join(["p.unit", *(b for kind in ("str", "") for _, b in self._compared(kind))])
        return f'(select p.* from {others} p qualify row_number() over (partition by {equal} order by p."{SHEET}", p.row) <= 2)'

    def _crowded(self, batch: str, others: str) -> str:
        """The units with too many rows for each text to be held against each other one, as SQL; "" when there are none."""
        rows = self.past.connection.execute(
            f"select b.unit from (select unit, count(*) as n from {batch} group by unit) b "
            f"join (select unit, count(*) as n from {others} group by unit) p on p.unit = b.unit where b.n * p.n > {CROWD}"
        ).fetchall()
        return ", ".join(literal(unit) for unit, in rows)

    def told(self, at: int, theirs: Mapping[str, Any], alike: float, label: Label) -> tuple[int, Finding]:
        """The finding, and in which sheet."""
        u, group, starts = self.unlike, self.group, group_starts(self.group)
        number = bisect_right(starts, at) - 1
        sheet, ledger, columns = group.sheets[number], group.ledger, list(self.pairs)
        titles = "、".join(ledger.columns[c].title for c in columns)
        whose = "本单位 " if u.units == "same" else f"“{label(theirs['unit'], group.numbers[number])}”"
        which = f" {theirs['key']} " if theirs["key"] is not None else f"第 {theirs['row']} 行"
        where = f"“{self.other.title}”{which}" if self.other.name != ledger.name else which
        how = "相同" if alike >= 1 else f"有 {min(alike, 0.99):.0%} 相同"
        link = f"一件事只登记一处；两处都要登记的，填“{self.owner.columns[u.link].title}”。" if u.link else ""
        found = sheet.finding(
            "warning", "unlike", f"“{titles}”与{whose}{theirs['period']} 报的{where}{how}，像是同一件事。",
            u.remedy or link or "一件事只报一次；确是两件事的，在“说明”里写明。", at=at - starts[number], column=columns[0],
            value=sheet.values[columns[0]][at - starts[number]])
        return number, replace(found, explain=True)


def _alike(rows: Sequence[Pair], near: float | None) -> Sequence[float]:
    if near is None or not rows:
        return [1.0] * len(rows)
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cpdist

    return [float(x) for x in cpdist([r[-2] for r in rows], [r[-1] for r in rows], scorer=Indel.normalized_similarity,
                                     score_cutoff=near)]


def plain(kind: str, sql: str) -> str:
    """A text as it is compared: without spaces, punctuation and case."""
    return f"nullif(regexp_replace(lower({sql}), '[\\s\\p{{P}}\\p{{S}}]', '', 'g'), '')" if kind == "str" else sql


def hashed(columns: Sequence[str]) -> str:
    """A hash over the columns of row `r`."""
    return "hash(" + ", ".join(f'r."{c}"' for c in columns) + ")"


def group_starts(group: Group) -> list[int]:
    """Where each sheet's rows begin in the group's table."""
    starts = [0]
    for s in group.sheets:
        starts.append(starts[-1] + len(s.rows))
    return starts
