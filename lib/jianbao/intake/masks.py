"""The rule table of a ledger, compiled to one pass over a whole batch. Imports past, sheet, cells, definitions.

Every rule becomes one boolean column of a single SELECT; what comes back is the rows that break something, and which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.expressions import columns_of, literal, to_sql
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Ledger, Rule
from jianbao.definitions.rule import BRACES, PARENT, PREVIOUS, steps_of
from jianbao.intake.cells import shown
from jianbao.intake.implied import REMEDY, Mask, general_masks
from jianbao.intake.past import AT, ENDS, SHEET, STARTS, Group, Past
from jianbao.intake.sheet import MAX_SAID, Sheet, letters
from jianbao.store.arrays import array

if TYPE_CHECKING:
    import pyarrow as pa

Name = Callable[[str, str], str]


def batch_table(ledger: Ledger, sheets: Sequence[Sheet], ends: Sequence[date]) -> pa.Table:
    """All rows of the sheets of one ledger: unit, row, date, the ledger's columns, and which sheet and period they are of.

    Rows without a date of their own have the period's last day (`ends`, one for each sheet).
    """
    import pyarrow as pa

    from jianbao.store import arrow_type

    number = array([i for i, s in enumerate(sheets) for _ in s.rows], pa.int32())

    def spread(days: Sequence[date]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(number, array(days, pa.date32()))

    columns: dict[str, Any] = {
        "unit": array([u for s in sheets for u in s.units], pa.string()),
        "row": array([r for s in sheets for r in s.rows], pa.int32()),
    }
    for name, column in ledger.typed.items():
        values: list[Any] = []
        for s in sheets:
            values += s.values[name]
        columns[name] = array(values, arrow_type(column.type))
    own = [s.values[ledger.date] if ledger.date else [None] * len(s.rows) for s in sheets]
    columns["date"] = array([day or end for days, end in zip(own, ends, strict=True) for day in days], pa.date32())
    starts = [s.period.starts if s.period else date(1, 1, 1) for s in sheets]
    numbered = array(range(len(number)), pa.int64())
    return pa.table(columns | {SHEET: number, STARTS: spread(starts), ENDS: spread(ends), AT: numbered})


def broken(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for every row and general check, or rule of the row and its bases, that do not agree."""
    rules = [r for r in group.ledger.rules if not r.over and not looks_back(r, group.ledger)]
    source, name_of = joined(group, rules, campaign, past)
    masks = [*general_masks(group.ledger), *rule_masks(rules, group.ledger, name_of)]
    yield from run(masks, source, group, past.connection)


def broken_since(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """The same of rules that name `previous.…`, or what the office decided. Only known once it is known which sheets of the
    batch are accepted."""
    rules = [r for r in group.ledger.rules if not r.over and looks_back(r, group.ledger)]
    if rules and group.table.num_rows:
        source, name_of = joined(group, rules, campaign, past)
        yield from run(rule_masks(rules, group.ledger, name_of), source, group, past.connection)


def looks_back(rule: Rule, ledger: Ledger) -> bool:
    return rule.uses_previous or any(not table and name not in ledger.typed for table, name in rule.names & decided(ledger))


def decided(ledger: Ledger) -> set[tuple[str, str]]:
    return {("", name) for name, c in ledger.columns.items() if c.filled_from is not None}


def run(masks: Iterable[Mask], source: str, group: Group, connection: Any) -> Iterator[tuple[int, Finding]]:
    """The masks in one pass over `source`, a FROM of the batch as `b`."""
    masks, sheets = list(masks), group.sheets
    if not masks or not group.table.num_rows:
        return
    quoted = list(dict.fromkeys(q for m in masks for q in m.quoted))
    chosen = "".join(f", coalesce({m.bad}, false) as m{i}" for i, m in enumerate(masks))
    chosen += "".join(f", {sql} as v{i}" for i, (_, sql) in enumerate(quoted))
    either = " or ".join(f"m{i}" for i in range(len(masks)))
    rows = connection.execute(
        f'select * from (select b."{AT}", b."{SHEET}"{chosen} from {source}) where {either} order by "{AT}"'
    ).fetchall()
    starts = [0]
    for s in sheets:
        starts.append(starts[-1] + len(s.rows))
    own_rules = {r.id for r in group.ledger.rules}
    often: dict[tuple[int, int], int] = {}
    last: dict[tuple[int, int], Finding] = {}
    for i, number, *flags in rows:
        sheet, at = sheets[number], i - starts[number]
        said = [m for m, flag in zip(masks, flags, strict=False) if flag]
        values = {text: v for (text, _), v in zip(quoted, flags[len(masks) :], strict=True)}
        # A ledger's own rule on the same cell says it better than a general one.
        own = {m.column for m in said if m.rule in own_rules}
        for m in said:
            if m.rule in ("backdated", "future") and m.column in own:
                continue
            column = m.column if m.column in sheet.places else ""
            which = number, id(m)
            often[which] = often.get(which, 0) + 1
            if often[which] > MAX_SAID:
                continue
            found = sheet.finding(
                m.severity,
                m.rule,
                _filled(m.message, sheet, at, values),
                _filled(m.remedy or REMEDY, sheet, at, values),
                at=at,
                column=column,
                value=_value(sheet, column, at),
            )
            last[which] = replace(found, explain=True) if m.explain else found
            yield number, last[which]
    for which, times in often.items():
        if times > MAX_SAID:
            yield which[0], sheets[which[0]].as_often(last[which], times - MAX_SAID)


def about_sheet(sheet: Sheet, rule: str, message: str, remedy: str, *, column: str = "", unit: str = "", severity: str = "warning",
                explain: bool = False) -> Finding:
    """A finding about the rows together; it stands at the column's title."""
    place = sheet.places.get(column, 0)
    found = sheet.finding(severity, rule, message, remedy or REMEDY)
    return replace(found, cell=f"{letters(place)}{sheet.header}", row=sheet.header, column=column, unit=unit or found.unit,
                   explain=explain)


def _value(sheet: Sheet, column: str, at: int) -> Any:
    return sheet.units[at] if column == "unit" else sheet.values[column][at] if column in sheet.values else None


def _filled(message: str, sheet: Sheet, at: int, values: dict[str, Any]) -> str:
    def said(match: Any) -> str:
        text = match[1]
        return shown(values[text] if text in values else _value(sheet, text, at))

    return BRACES.sub(said, message)


# What rules name


def joined(group: Group, rules: Sequence[Rule], campaign: Campaign, past: Past, *, alias: str = "b") -> tuple[str, Name]:
    """A FROM of the batch as `b` with what the rules name of elsewhere beside each row, and how names are written in it."""
    ledger, joins = group.ledger, [f"{past.batch(group)} b"]
    known = {"": True}
    names = {name for rule in rules for name in rule.names}
    if any(t == PARENT for t, _ in names):
        last = "row_number() over (partition by code order by valid_from desc) = 1"
        joins.append(f"left join (select * from {past.batch(group)} qualify {last}) {PARENT} on {PARENT}.code = b.parent")
    for master in sorted({m for rule in rules for m in rule.masters}):
        found = past.master(master)
        known[master] = found is not None
        if found is not None:
            day = past.store.ledgers[master].date
            on = f'"{master}".unit = b.unit' + (f' and b."{ENDS}" >= "{master}"."{day}"' if day else "")
            joins.append(f'{"asof " if day else ""}left join {found} "{master}" on {on}')
    if any(t == PREVIOUS for t, _ in names):
        found = _previous(group, [n for t, n in names if t == PREVIOUS], past)
        known[PREVIOUS] = found is not None
        if found is not None:
            moment, mine = ("date", "date") if ledger.by_day else ("filed", ENDS)
            keys = [k for k in ledger.key if not (ledger.by_day and k == ledger.date)]
            same = " and ".join(f'{PREVIOUS}."{k}" = b."{k}"' for k in ("unit", *keys))
            joins.append(f'asof left join {found} {PREVIOUS} on {same} and b."{mine}" > {PREVIOUS}."{moment}"')
    office = {n for _, n in names & decided(ledger)}
    for name in sorted(office):
        found = _decisions(group, name, past)
        known[name] = found is not None
        if found is not None:
            f = ledger.columns[name].filled_from
            assert f is not None
            same = " and ".join([f'"d·{name}".unit = b.unit', *(f'"d·{name}"."{t}" = b."{o}"' for o, t in f.key.items())])
            joins.append(f'asof left join {found} "d·{name}" on {same} and b."{ENDS}" >= "d·{name}"."{f.latest}"')
    plain = names_of(campaign, alias)

    def name_of(table: str, column: str) -> str:
        if not known.get(table, True):
            return "null"
        if table:
            return f'"{table}"."{"filed" if (table, column) == (PREVIOUS, "period_ends") else column}"'
        if column in office:
            f = ledger.columns[column].filled_from
            assert f is not None
            value = f'"d·{column}"."{f.column}"' if known[column] else "null"
            return f"coalesce({value}, {literal(f.default)})" if f.default else value
        return plain(table, column)

    return " ".join(joins), name_of


def _previous(group: Group, columns: Sequence[str], past: Past) -> str | None:
    """What the same units filed for other periods, one row for each key and period."""
    ledger = group.ledger
    if not past.known(group):
        return None
    found = past.rows(ledger, [*ledger.key, *(c for c in columns if c in ledger.typed)], units=group.everyone, until=max(group.ends))
    if found is None:
        return None
    keys = ", ".join(f'"{k}"' for k in ("unit", *ledger.key))
    return f"(select * from {found} qualify row_number() over (partition by {keys}, filed order by row desc) = 1)"


def _decisions(group: Group, name: str, past: Past) -> str | None:
    """What the office decided of a column, for the units of the group."""
    f = group.ledger.columns[name].filled_from
    assert f is not None
    where = to_sql(f.where, lambda table, column: f'r."{column}"') if f.where else "true"
    columns = [f.column, f.latest, *f.key.values(), *(c for _, c in columns_of(f.where or "true"))]
    found = past.rows(past.store.ledgers[f.ledger], columns, units=group.everyone, until=max(group.ends), where=where)
    if found is None:
        return None
    keys = ", ".join(f'"{k}"' for k in ("unit", *f.key.values(), f.latest))
    latest = f"row_number() over (partition by {keys} order by filed desc, row desc) = 1"
    return f"(select r.* from {found} r where {where} qualify {latest})"


def names_of(campaign: Campaign, alias: str = "b") -> Name:
    moments = {
        "period_starts": f'{alias}."{STARTS}"',
        "period_ends": f'{alias}."{ENDS}"',
        "campaign_starts": literal(campaign.starts),
        "campaign_ends": literal(campaign.ends),
    }

    def name_of(table: str, column: str) -> str:
        return moments.get(column) or f'{alias}."{column}"'

    return name_of


# The masks


def rule_masks(rules: Iterable[Rule], ledger: Ledger, name_of: Name) -> Iterator[Mask]:
    steps = steps_of(ledger.columns)
    for rule in rules:
        quoted = tuple((q, to_sql(q, name_of, steps=steps)) for q in rule.quoted if q not in ledger.typed)
        bad = f"not ({to_sql(rule.check, name_of, steps=steps)})"
        yield Mask(rule.id, rule.severity, rule.column or "", bad, rule.message, rule.remedy, rule.explain, quoted)
