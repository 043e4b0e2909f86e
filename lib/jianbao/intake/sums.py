"""Rules over all rows together: of a sheet, or of all a unit has filed so far. Imports masks, past, definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jianbao.definitions.campaign import Campaign
from jianbao.definitions.expressions import to_sql
from jianbao.definitions.finding import Finding
from jianbao.definitions.ledger import Rule
from jianbao.definitions.rule import BRACES
from jianbao.intake.cells import shown
from jianbao.intake.masks import about_sheet, joined
from jianbao.intake.past import ENDS, SHEET, STARTS, Group, Past
from jianbao.store.arrays import array

PRESENT = "present·"


def broken_sums(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """(which sheet, finding) for each rule with `over: sheet` that the rows of a sheet do not agree with."""
    rules = [r for r in group.ledger.rules if r.over == "sheet"]
    if rules and group.table.num_rows:
        for by, some in _alike(rules):
            yield from _broken(group, some, by, f'(select true as "{PRESENT}", b.* from {past.batch(group)} b)', campaign, past)


def broken_so_far(group: Group, campaign: Campaign, past: Past) -> Iterator[tuple[int, Finding]]:
    """The same for `over: unit`: every unit that a sheet covers, with or without rows, and all that counts of it up to the
    sheet's period. Of versions of a thing the last one counts."""
    rules = [r for r in group.ledger.rules if r.over == "unit"]
    if rules:
        source = _everything(group, rules, past)
        for by, some in _alike(rules):
            yield from _broken(group, some, ("unit", *(b for b in by if b != "unit")), source, campaign, past)


def _alike(rules: Iterable[Rule]) -> list[tuple[tuple[str, ...], list[Rule]]]:
    """Rules that can be asked together: of the same groups of rows."""
    found: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.by, []).append(rule)
    return list(found.items())


def _broken(
    group: Group, rules: Sequence[Rule], by: Sequence[str], source: str, campaign: Campaign, past: Past
) -> Iterator[tuple[int, Finding]]:
    joins, name_of = joined(group, rules, campaign, past)
    beside = sorted({name_of(table, name) for rule in rules for table, name in rule.names if table} - {"null"})
    same = [f'b."{SHEET}"', f'b."{STARTS}"', f'b."{ENDS}"', *(f'b."{c}"' for c in by), *beside]
    quoted = list(dict.fromkeys(q for rule in rules for q in rule.quoted))

    def sql(text: str) -> str:
        return to_sql(text, name_of, present=f'b."{PRESENT}"')

    chosen = [f"coalesce(not ({sql(rule.check)}), false) as m{i}" for i, rule in enumerate(rules)]
    chosen += [f"{sql(q)} as v{i}" for i, q in enumerate(quoted)]
    either = " or ".join(f"m{i}" for i in range(len(rules)))
    unit = 'b."unit"' if "unit" in by else "null"
    rows = past.connection.execute(
        f'select * from (select b."{SHEET}" as s, {unit} as u, {", ".join(chosen)} '
        f"from {joins.replace(f'{past.batch(group)} b', f'{source} b', 1)} group by {', '.join(same)}) where {either} order by all"
    ).fetchall()
    for number, unit, *said in rows:
        values = dict(zip(quoted, said[len(rules) :], strict=True))
        for rule, flag in zip(rules, said, strict=False):
            if flag:
                yield number, _finding(rule, group.sheets[number], unit, values)


def _finding(rule: Rule, sheet: Any, unit: str | None, values: dict[str, Any]) -> Finding:
    def filled(text: str) -> str:
        return BRACES.sub(lambda m: shown(values[m[1]]), text)

    return about_sheet(sheet, rule.id, filled(rule.message), filled(rule.remedy), column=rule.column or "", unit=unit or "",
                       severity=rule.severity, explain=rule.explain)


def _everything(group: Group, rules: Sequence[Rule], past: Past) -> str:
    """A FROM item: for each sheet and unit it covers, the rows that count; one empty row where there are none."""
    import pyarrow as pa

    ledger = group.ledger
    columns = [c for c in ledger.typed if any(c == n for r in rules for t, n in (*r.names, *(("", b) for b in r.by)) if not t)]
    columns = list(dict.fromkeys([*ledger.key, *columns]))
    named = [sorted({u for u in s.units if u}) if ledger.by_office else list(units)
             for s, units in zip(group.sheets, group.units, strict=True)]
    covers = [(i, unit) for i, units in enumerate(named) for unit in units]
    starts = [s.period.starts if s.period else end for s, end in zip(group.sheets, group.ends, strict=True)]
    asked = past.register(pa.table({
        SHEET: array([i for i, _ in covers], pa.int32()), "unit": array([u for _, u in covers], pa.string()),
        STARTS: array([starts[i] for i, _ in covers], pa.date32()), ENDS: array([group.ends[i] for i, _ in covers], pa.date32())}))
    batch = past.batch(group)
    listed = "".join(f', r."{c}"' for c in columns)
    rows = (f'select c."{SHEET}", c.unit, r."{ENDS}" as filed, r.row{listed} from {asked} c '
            f'join {batch} r on r."{SHEET}" = c."{SHEET}" and r.unit = c.unit')
    before = past.rows(ledger, columns, units=group.everyone, until=max(group.ends)) if past.known(group) else None
    if before:
        rows += (f' union all by name select c."{SHEET}", c.unit, r.filed, r.row{listed} from {asked} c '
                 f'join {before} r on r.unit = c.unit and r.filed < c."{ENDS}"')
    if ledger.by_key:
        keys = ", ".join(f'"{k}"' for k in (SHEET, "unit", *ledger.key))
        rows = f"select * from ({rows}) qualify row_number() over (partition by {keys} order by filed desc, row desc) = 1"
    chosen = "".join(f', r."{c}"' for c in columns)
    return (f'(select c."{SHEET}", c.unit, c."{STARTS}", c."{ENDS}"{chosen}, case when r.row is not null then true end '
            f'as "{PRESENT}" from {asked} c left join ({rows}) r on r."{SHEET}" = c."{SHEET}" and r.unit = c.unit)')
