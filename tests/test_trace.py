"""Every number of every product led back: runs to figures, derived figures to readings, readings to rows, rows to the
workbooks that were filed.

Nothing here prints or compares with the library's own code: rounding, ranks, shares and clauses are done again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from example import Products
from jianbao.brief.parts import Chart, Document, Figure, Findings, Heading, Prose, Run, Sources, Table
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.period import Period
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import Reading, ledger_of, read
from recount import again, gone

PRODUCTS = ("weekly", "report", "unit", "team", "topic", "quality", "daily")
OUT_OF_LEDGERS = "报送登记（系统）"
COUNTY = "县(市、区)"


# What was printed, and how it is asked for again

class Trace:
    """The documents of all products and the readings behind their figures."""

    def __init__(self, products: Products) -> None:
        self.products, self.workspace = products, products.workspace
        self.documents = {p: products.document(p) for p in PRODUCTS}
        self._cubes: dict[str, Cube] = {}
        self._rows: dict[tuple[Any, ...], pd.DataFrame] = {}

    @cached_property
    def figures(self) -> list[tuple[str, Figure]]:
        return [(p, f) for p in PRODUCTS for f in sources(self.documents[p]).figures]

    def of_kind(self, *kinds: str) -> list[tuple[str, Figure, Reading]]:
        """(product, figure, reading) of the figures derived in one of these ways; at least one."""
        found = [(p, f, self.reading(f)) for p, f in self.figures if f.indicator and kind(f) in kinds]
        assert found, kinds
        return found

    def reading(self, f: Figure) -> Reading:
        return self.ask(f.indicator, f.unit, f.period, f.form, f.scope, f.as_of)

    def ask(self, indicator: str, unit: str, period: str, form: str, scope: str, as_of: str) -> Reading:
        if as_of not in self._cubes:
            weeks = [self.workspace.period(f"2023-W{n}") for n in (41, 42)]
            self._cubes[as_of] = Cube(self.workspace, weeks, as_of=datetime.fromisoformat(as_of))
        return read(self._cubes[as_of], indicator, unit, Period(period), form=form, scope=scope)  # type: ignore[arg-type]

    def rows(self, r: Reading) -> pd.DataFrame:
        """The rows behind a reading, asked for once."""
        key = (r.indicator.id, r.unit.code, r.period.id, r.form, r.scope, r.as_of)
        if key not in self._rows:
            self._rows[key] = r.rows()
        return self._rows[key]

    def value(self, name: str, f: Figure) -> float | None:
        """What an indicator is for the unit and period of a figure, in the form it is usually read in."""
        i = self.workspace.definitions.catalogue[name]
        return self.ask(i.id, f.unit, f.period, i.default_form, "subtree", f.as_of).value

    @cached_property
    def weekly_sheets(self) -> dict[str, list[dict[str, Any]]]:
        return ledger_sheets(self.products["weekly"])

    def siblings(self, r: Reading) -> list[Reading]:
        """The units of the same kind under the same unit, itself included."""
        tree = r.cube.tree(r.period)
        above = tree.path(r.unit.code)[-2].code
        return [r.of(u.code) for u in tree.children(above) if u.org_type == r.unit.org_type]

    def counties(self, r: Reading) -> list[Reading]:
        assert r.unit.code == "root"
        return [r.of(u.code) for u in r.cube.tree(r.period).children("root") if u.org_type == COUNTY]


@pytest.fixture(scope="module")
def trace(products: Products) -> Trace:
    failed = {issue: r.why for issue, r in products.results.items() if r.outcome != "made"}
    assert not failed
    return Trace(products)


def sources(document: Document) -> Sources:
    (found,) = [p for p in document.parts if isinstance(p, Sources)]
    return found


def kind(f: Figure) -> str:
    return re.sub("（.*）", "", f.derived)


def runs(part: Any) -> Iterator[tuple[str, Run]]:
    """(where, run) of the text of a part; a table's cells under their column's title."""
    match part:
        case Prose():
            yield from ((part.role, run) for run in part.runs)
        case Heading():
            yield "heading", Run(part.text)
        case Table():
            yield from ((column.title, cell) for row in part.rows for column, cell in zip(part.columns, row, strict=True))
            yield from (("note", Run(note)) for note in part.notes)
        case Chart():
            yield from runs(part.data) if part.data else ()
            yield from (("note", Run(note)) for note in part.notes)


# Rounding, once more

def exact(r: Reading) -> Fraction:
    assert r.value is not None
    return Fraction(str(r.numerator)) / Fraction(str(r.denominator)) if r.denominator else number(r.value)


def number(value: float) -> Fraction:
    return Fraction(f"{value:.13g}")


def half_up(value: Fraction, places: int) -> Decimal:
    exactly = Decimal(value.numerator) / Decimal(value.denominator)
    return exactly.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def digits(value: Fraction, i: Indicator) -> str:
    if i.unit == "%":
        text = f"{half_up(value * 100, 1):f}"
        if value in (0, 1):
            return f"{value * 100}%"
        return "99.9%" if text == "100.0" and value < 1 else f"{text}%"
    shown = value / Fraction(str(i.scale))
    if i.hedge == "余" and shown >= 10 and shown.denominator == 1:
        step = 10 if shown < 1000 else 10 ** (len(str(shown)) - 2)
        return f"{shown // step * step}" + ("余" if shown % step else "")
    if i.decimals is not None or i.scale != 1:
        return f"{half_up(shown, 2 if i.decimals is None else i.decimals):f}"
    return f"{half_up(shown, 1):f}".removesuffix(".0")


def printed(r: Reading) -> str:
    i = r.indicator
    word = {"%": "", "百分点": "个百分点"}.get(i.unit, i.unit)
    return digits(exact(r), i) + word + ("左右" if i.hedge == "左右" else "")


def points(value: Fraction) -> Decimal:
    return abs(half_up(value * 100, 1))


# Runs and figures

def test_a_run_prints_its_figure(trace: Trace) -> None:
    """What stands in the text, a table or a chart's data is what the note says, with or without the measure word."""
    found = Counter[str]()
    for product, document in trace.documents.items():
        figures = {f.id: f for f in sources(document).figures}
        for part in document.parts:
            for where, run in runs(part):
                if run.figure is None:
                    continue
                f = figures[run.figure]
                assert run.text.rstrip("※") in (f.printed, f.printed.removesuffix(f.measure)), (product, where, run, f)
                found[product] += 1
        # A verdict's evidence is one cell with several figures in it: those are named there without a link.
        every = [run for part in document.parts for _, run in runs(part)]
        for id_ in figures.keys() - {run.figure for run in every}:
            assert any(figures[id_].printed in run.text for run in every), (product, figures[id_])
    assert all(found[p] for p in PRODUCTS) and sum(found.values()) > 900


def test_every_figure_says_what_it_means(trace: Trace) -> None:
    for product, f in trace.figures:
        assert f.title and f.printed and f.definition and f.source and f.period and f.as_of, (product, f)
        assert bool(f.indicator) == bool(f.code) == bool(f.form) == bool(f.unit), (product, f)
        if f.denominator is not None:
            top, bottom = (f"{Decimal(str(x)).normalize():f}" for x in (f.numerator, f.denominator))
            assert f.formula == f"{top} ÷ {bottom}", (product, f)


# Readings and their rows

def test_every_reading_is_counted_again_from_its_rows(trace: Trace) -> None:
    """Of all figures, printed as they are or compared: value, parts and number of rows, in plain pandas."""
    seen, rows_seen = set(), 0
    for product, f in trace.figures:
        key = (f.indicator, f.unit, f.period, f.form, f.scope, f.as_of)
        if not f.indicator or key in seen:
            continue
        seen.add(key)
        r = trace.reading(f)
        assert (f.value, f.numerator, f.denominator, f.n_rows) == (r.value, r.numerator, r.denominator, r.n_rows), (product, f)
        if r.indicator.index is not None:       # levels and ranks of units: tests/test_indices.py and the oracle
            assert f.indicator.startswith("heat."), f
            continue
        rows = trace.rows(r)
        assert len(rows) == r.n_rows, key
        assert again(r, rows=rows) == pytest.approx((r.value, r.numerator, r.denominator)), key
        rows_seen += len(rows)
    assert len(seen) > 400 and rows_seen > 15000


def test_a_note_lists_the_first_rows_of_its_reading(trace: Trace) -> None:
    for product, f in trace.figures:
        assert len(f.rows) <= 50, (product, f.id)
        if f.indicator and f.rows:
            frame = trace.rows(trace.reading(f))
            assert len(f.rows) == min(len(frame), 50)
            titles = {name: ledger.title for name, ledger in trace.workspace.definitions.ledgers.items()}
            there = [(x.file or titles[x.ledger_name], 0 if pd.isna(x.row) else int(x.row)) for x in frame.itertuples()]
            assert [(row.file, row.row) for row in f.rows] == there[:50], (product, f.id)
    for product, document in trace.documents.items():       # every reading with rows has them at its first figure
        first: dict[tuple[str, ...], Figure] = {}
        for f in sources(document).figures:
            first.setdefault((f.indicator, f.unit, f.period, f.form, f.scope, f.title), f)
        bare = [f.id for f in first.values() if f.n_rows and not f.rows]
        assert not bare, (product, bare)


def test_what_is_printed_of_a_reading_is_its_value_rounded_once(trace: Trace) -> None:
    for product, f, r in trace.of_kind(""):
        text = printed(r)
        assert f.printed in (text, text.removesuffix(r.indicator.unit)), (product, f.printed, text, f.title, f.unit)


def test_words_and_dates_stand_in_the_rows_they_are_taken_from(trace: Trace) -> None:
    found = [(p, f) for p, f in trace.figures if not f.indicator and f.n_rows]
    assert {f.title for _, f in found} == {"动员大会日期", "全面启动日期", "正面典型案例", "反面典型案例"}
    for product, f in found:
        assert f.value is None and f.rows and len(f.rows) == f.n_rows
        for row in f.rows:
            values = [*dict(row.values).values(), *(short(v) for v in dict(row.values).values())]
            assert f.printed.strip("“”") in values, (product, f)


def short(value: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return ""
    return f"{day.month}月{day.day}日"


# Derived figures: each kind by its own rule

CHECKS: dict[str, Callable[[Trace, Figure, Reading], Any]] = {}


def derives(*names: str) -> Callable[[Any], Any]:
    def keep(check: Any) -> Any:
        CHECKS.update(dict.fromkeys(names, check))
        return check
    return keep


def test_every_derived_figure_is_derived_again(trace: Trace) -> None:
    found = Counter(kind(f) for _, f in trace.figures if f.indicator and f.derived)
    assert found.keys() == CHECKS.keys() | {"账龄"}, "a new kind of figure wants a check; one that is gone, none"
    for product, f in trace.figures:
        if f.indicator and kind(f) in CHECKS:
            want = CHECKS[kind(f)](trace, f, trace.reading(f))
            assert f.printed == want, f"{product} {f.unit_name}{f.title}{f.derived}: {f.printed}, not {want}"


def filers(r: Reading) -> set[str]:
    """Units that answered for the ledger behind a figure in its period, among the unit and those below it."""
    frame = r.cube.workspace.filing(r.period, r.as_of)
    below = {u.code for u in r.cube.tree(r.period).subtree(r.unit.code)}
    mine = frame[(frame.ledger == ledger_of(r.indicator, r.cube)) & frame.filed]
    return set(mine.unit) & below


def compared(r: Reading) -> tuple[Fraction, Fraction, bool]:
    """Now, before, and whether only those that filed both times are in: flows over different filers are compared so."""
    before = r.on(r.period.previous())
    assert before is not None
    name = ledger_of(r.indicator, r.cube)
    if r.form == "期内" and name is not None:
        ledger, now, then = r.cube.definitions.ledgers[name], filers(r), filers(before)
        if ledger.is_filed and not ledger.by_office and now != then:
            values = [again(x, now & then)[0] for x in (r, before)]
            assert None not in values
            return number(values[0] or 0), number(values[1] or 0), True
    return exact(r), exact(before), False


@derives("环比")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    """As a clause or, in a table, as a signed number."""
    now, before, same = compared(r)
    i, step = r.indicator, now - before
    size = f"{points(step):f}" if i.is_percent else digits(abs(step), i)
    if f.printed[0] in "+-0123456789":
        sign = "" if not Decimal(size) else "+" if step > 0 else "-"
        return sign + (size if sign else "0") + ("*" if same else "")
    lead = "同口径" if same else ""
    if step == 0:
        return f"{lead}与上周持平"
    if before == 0 and not i.is_percent:
        return "上周为0"
    if i.is_percent:
        return f"{lead}比上周{'提高' if step > 0 else '下降'}{size}个百分点"
    return f"{lead}比上周{'增加' if step > 0 else '减少'}{size}{i.unit}"


@derives("同口径上周")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    _, before, same = compared(r)
    assert same
    return digits(before, r.indicator) + r.indicator.unit


@derives("拉动")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    now, before, _ = compared(r)
    base = compared(trace.ask(f.indicator, "root", f.period, f.form, f.scope, f.as_of))[1]
    part = half_up((now - before) / base * 100, 1)
    return f"{part:+f}" if part else "0"


@derives("序时")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    ahead = progress(r) - elapsed(r)
    size = points(ahead)
    return f"{'超' if ahead > 0 else '低于'}序时进度{size:f}个百分点" if size else "与序时进度持平"


def target(r: Reading) -> dict[str, Any]:
    said = yaml.safe_load((r.cube.workspace.root / "params/targets.yml").read_text(encoding="utf-8"))
    return dict(said.get(r.indicator.id, {}))


def progress(r: Reading) -> Fraction:
    return exact(r) / Fraction(str(target(r).get("value", 1)))


def elapsed(r: Reading) -> Fraction:
    last = target(r).get("due")
    days = ((last or date(2024, 1, 31)) - date(2023, 8, 28)).days + 1
    passed = min((r.period.ends - date(2023, 8, 28)).days + 1, days)
    assert float(Fraction(passed, days)) == gone(r.period.ends, due=last)
    return Fraction(passed, days)


@derives("同类比较")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    values = sorted(exact(x) for x in trace.siblings(r) if may_be_ranked(x))
    half = len(values) // 2
    middle = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
    return f"{len(values)}个同类单位中位数{digits(middle, r.indicator)}，相差明显"


def may_be_ranked(r: Reading) -> bool:
    return r.value is not None and (not r.due or r.filed / r.due >= 0.8)


def places(readings: list[Reading]) -> list[tuple[int, Reading]]:
    """1, 2, 2, 4: the best first, equal values equally; in the order of the register among equals."""
    kept = [r for r in readings if may_be_ranked(r)]
    best = sorted(kept, key=exact, reverse=kept[0].indicator.better == "higher")
    return [(1 + next(n for n, x in enumerate(best) if exact(x) == exact(r)), r) for r in best]


@derives("位次")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    order = places(trace.siblings(r))
    (mine,) = [n for n, x in order if x.unit.code == r.unit.code]
    tied = [x.unit.label for n, x in order if n == mine and x.unit.code != r.unit.code]
    if f.printed.startswith("列第"):
        return f"列第{mine}位" + (f"（与{'、'.join(tied)}并列）" if tied else "")
    if f.printed.startswith("第"):
        return f"第{mine}位" + ("（并列）" if tied else "")
    return f"{mine}" + ("（并列）" if tied and "并列" in f.printed else "")


@derives("位次变化")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    now, before = ({x.unit.code: n for n, x in places(trace.siblings(of))} for of in (r, r.on(r.period.previous())))
    up = before[r.unit.code] - now[r.unit.code]
    return f"{'↑' if up > 0 else '↓'}{abs(up)}"


@derives("前三")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    order = places(trace.counties(r))
    return listed([(n, x) for n, x in order if n <= order[2][0]])


@derives("后三")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    order = places(trace.counties(r))
    ahead = {x.unit.code for n, x in order if n <= order[2][0]}
    return listed([(n, x) for n, x in order[::-1] if n >= order[-3][0] and x.unit.code not in ahead])


def listed(chosen: list[tuple[int, Reading]]) -> str:
    said = []
    for place in dict.fromkeys(n for n, _ in chosen):
        names = [x.unit.label for n, x in chosen if n == place]
        said.append("、".join(names) + ("（并列）" if len(names) > 1 else ""))
    return "、".join(said)


@derives("断言")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    """A claim stands only where the two sides of its identity are equal."""
    rules = yaml.safe_load((trace.workspace.root / "params/identities.yml").read_text(encoding="utf-8"))
    named = trace.workspace.definitions.catalogue
    rules = rules if isinstance(rules, list) else rules["identities"]
    (rule,) = [x for x in rules if f.printed in x.get("claim", []) and named[x["about"]].id == f.indicator]
    sides = [float(x) if x.isdigit() else trace.value(x, f) for x in rule["check"].split(" = ")]
    return f.printed if sides[0] == sides[1] is not None else "nothing"


@derives("涉及单位数")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    """The units for which the rule's condition holds by their own rows."""
    rules = yaml.safe_load((trace.workspace.root / "params/diagnosis.yml").read_text(encoding="utf-8"))["suggestions"]
    counts = {len(concerned(trace, rule["units"], f)) for rule in rules
              if rule.get("success", {}).get("indicator") == f.indicator and "units" in rule}
    (n,) = [n for n in counts if f"{n}个" == f.printed] or [-1]
    return f"{n}个"


def concerned(trace: Trace, units: dict[str, Any], f: Figure) -> list[str]:
    tree = trace.reading(f).cube.tree(Period(f.period))
    children = units.get("of") == "children"
    below = tree.children(f.unit) if children else tree.subtree(f.unit)
    return [u.code for u in below if all(holds(trace, text, u.code, f, "subtree" if children else "own")
                                         for text in units["when"].split(" and "))]


def holds(trace: Trace, text: str, unit: str, f: Figure, scope: str) -> bool:
    left, sign, right = text.split()
    values = []
    for name in (left, right):
        if re.fullmatch(r"[\d.]+", name):
            values.append(Fraction(name))
        elif name == "elapsed":
            values.append(Fraction(str(gone(Period(f.period).ends))))
        else:
            i = trace.workspace.definitions.catalogue[name.removesuffix(".in_period")]
            form = "期内" if name.endswith(".in_period") else i.default_form
            r = trace.ask(i.id, unit, f.period, form, scope, f.as_of)
            if r.value is None:
                return False
            values.append(exact(r))
    return {"<": values[0] < values[1], ">": values[0] > values[1], "=": values[0] == values[1]}[sign]


@derives("核实")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    """抽查n件、核实率x%, or 待核实 where fewer than due came back or too few were true."""
    said = yaml.safe_load((trace.workspace.root / "params/sample.yml").read_text(encoding="utf-8"))
    of = next(x for id_, x in said["of"].items() if f.indicator in (id_, *x["also"]))
    drawn = next(id_ for id_, x in said["of"].items() if x is of)

    def ask(id_: str) -> Reading:
        forms = trace.workspace.definitions.catalogue[id_].forms
        return trace.ask(id_, f.unit, f.period, "累计" if "累计" in forms else forms[-1], f.scope, f.as_of)

    made, rate, total = ask(of["checked"]), ask(of["verified"]), ask(drawn)
    due = min(said["floor"]["checked"], int(Fraction(str(said["share"])) * int(total.value or 0)))
    if (made.value or 0) < due or (rate.value is not None and exact(rate) < Fraction(str(said["floor"]["rate"]))):
        return "待核实"
    return f"抽查{made.value:.0f}件、核实率{digits(exact(rate), rate.indicator)}"


@derives("已刊")
def _(trace: Trace, f: Figure, r: Reading) -> str:
    """As the issue said, or as it stood at the cut-off when there was none to say it."""
    if "期）" in f.derived:
        before = json.loads((trace.products["weekly"].parents[1] / f.period / "root" / "issue.json").read_text(encoding="utf-8"))
        said = [x["printed"] for part in before["parts"] if part["kind"] == "sources" for x in part["figures"]
                if (x["indicator"], x["unit"], x["form"], x["scope"]) == (f.indicator, f.unit, f.form, f.scope)]
        as_place = [re.sub(r"^(\d+)", r"第\1位", x) for x in said]
        return f.printed if f.printed in [*said, *as_place] else f"none of {said}"
    assert f.derived.endswith("截止时）")
    then = trace.workspace.cut_off(Period(f.period)).isoformat()
    return printed(trace.ask(f.indicator, f.unit, f.period, f.form, f.scope, then))


def test_ages_are_counted_from_the_rows(trace: Trace) -> None:
    """The table behind the chart of ages, cell by cell."""
    checked = 0
    for product, document in trace.documents.items():
        figures = {f.id: f for f in sources(document).figures}
        for chart in (p for p in document.parts if isinstance(p, Chart) and p.data and p.data.title.endswith("账龄")):
            assert chart.data is not None
            f = figures[str(chart.data.rows[0][1].figure)]
            r = trace.reading(f)
            columns = r.cube.definitions.ledgers[str(r.indicator.ledger)].columns
            named = re.match("按(.+)计，截至", chart.notes[0])
            assert named
            (column,) = [n for n, c in columns.items() if c.title == named[1]]
            rows = trace.rows(r)
            ages = [(r.period.ends - day.date()).days for day in rows[column]]
            (state,) = [n for n, c in columns.items() if set(c.codes) >= {h.title for h in chart.data.columns[1:-1]}]
            for line in chart.data.rows:
                low, high = span(line[0].text)
                inside = [low <= age <= high for age in ages]
                for head, cell in zip(chart.data.columns[1:], line[1:], strict=True):
                    n = sum(one and head.title in (said, "合计") for one, said in zip(inside, rows[state], strict=True))
                    assert cell.text == f"{n}", (product, line[0].text, head.title)
                    checked += 1
            assert sum(int(line[-1].text) for line in chart.data.rows) == r.value
    assert checked > 8


def span(text: str) -> tuple[int, int]:
    """Days from … to, both in. What is not overdue yet has a due day still to come."""
    if text == "未超期":
        return -10**6, 0
    found = [int(x) for x in re.findall(r"\d+", text)]
    return (0, found[0]) if text.endswith("以内") else (found[0] + 1, 10**6) if text.endswith("以上") else (found[0], found[1])


# Numbers of the register of filings, and of the office's own list

def test_counts_of_filing_are_those_of_the_register(trace: Trace) -> None:
    checked = 0
    for product, f in trace.figures:
        if f.source != OUT_OF_LEDGERS or f.indicator:
            continue
        if f.title in ("来文份数", "来文台账数", "入库台账数", "迟报台账数", "退回台账数"):
            came = trace.workspace.store.filings(datetime.fromisoformat(f.as_of))
            came = came[came.received_at > datetime(2023, 10, 20, 18)].drop_duplicates("submission")
            n = {"来文份数": came.delivery.nunique(), "来文台账数": len(came), "入库台账数": came.accepted.sum(),
                 "迟报台账数": (came.accepted & came.late).sum(), "退回台账数": (~came.accepted).sum()}[f.title]
        else:
            frame = trace.workspace.filing(trace.workspace.period("2023-W42"), datetime.fromisoformat(f.as_of))
            if product == "team":
                (team,) = [t for t in trace.workspace.team_list(date(2023, 10, 22), datetime.fromisoformat(f.as_of)) if t.code == "G1"]
                frame = frame[frame.unit.isin(team.units)]
            open_ = frame[~frame.filed]
            n = {"应报单位": frame.unit.nunique(), "报齐单位": frame.unit.nunique() - open_.unit.nunique(),
                 "未报齐单位": open_.unit.nunique(), "退回未重报单位": open_[open_.returned].unit.nunique(),
                 "连续未报单位": open_[open_.missed_before].unit.nunique()}[f.title]
        assert f.printed.startswith(f"{n}{f.measure}"), (product, f)
        checked += 1
    assert checked > 12


def test_open_matters_are_counted_from_the_office_s_own_workbook(trace: Trace, example: Any) -> None:
    """In the sheets as they were filed by the cut-offs of this issue and of the product's issue before: a week for the brief,
    four for the report."""
    open_matters(trace, example, "weekly", "2023-W41", date(2023, 10, 15))
    open_matters(trace, example, "report", "2023-W38", date(2023, 9, 24))


def open_matters(trace: Trace, example: Any, product: str, before_this: str, told_by: date) -> None:
    now, before = (matters(trace, example, period) for period in ("2023-W42", before_this))
    ends = date(2023, 10, 22)
    carried = {k for k, m in before.items() if not m["closed_on"] or m["closed_on"] > told_by}
    told = {k: m for k, m in now.items() if k in carried or k not in before}
    open_ = [m for m in told.values() if not m["closed_on"] or m["closed_on"] > ends]
    want = {"上期转来": len(carried), "新增": len(told) - len(carried), "办结": len(told) - len(open_), "未办结": len(open_),
            "逾期": sum(m["due_date"] < ends for m in open_)}
    found = {f.title.removeprefix("议定和请示事项"): f.value for p, f in trace.figures
             if f.title.startswith("议定和请示事项") and f.period == "2023-W42" and p == product}
    assert found == {k: n for k, n in want.items() if n} and len(open_) > 3


def matters(trace: Trace, example: Any, period: str) -> dict[str, dict[str, Any]]:
    """The office's matters by number, each as the last sheet that tells of it has it, of those taken in by the cut-off."""
    columns = trace.workspace.definitions.ledgers["resolutions"].columns
    titles = {title: name for name, c in columns.items() for title in (c.title, *c.aliases)}
    filed = trace.workspace.store.filings(trace.workspace.cut_off(Period(period)))
    filed = filed[(filed.ledger == "resolutions") & filed.effective & (filed.period <= period)].sort_values("period")
    found: dict[str, dict[str, Any]] = {}
    for name, sheet in filed[["file", "sheet"]].drop_duplicates().itertuples(index=False):
        (path,) = example.root.glob(f"data/inbox/*/{name}")
        lines = raw_sheet(path, sheet)
        head = next(n for n, line in enumerate(lines) if sum(str(x) in titles for x in line) > 4)
        names = [titles.get(str(x), "") for x in lines[head]]
        for line in lines[head + 1:]:
            row = {name: date.fromisoformat(str(x)) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(x)) else x
                   for name, x in zip(names, line, strict=True)}
            if row["item_id"]:
                found[str(row["item_id"])] = row
    return found


def raw_sheet(path: Path, sheet: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)


# Numbers that stand for themselves

DATES = re.compile(r"\d{4}年第\d+周（[^）]*）|(\d{4}年)?\d{1,2}月(\d{1,2}日)?|\d{1,2}:\d\d|\d{4}年|第\d+期")
# Of tables that list rows of a register as they are, the columns of counts and dates; of lists, what is left out.
REGISTERS = {"未报齐单位", "需要联系的单位", "核查问题", "退回改正的台账", "议定和请示事项办理情况"}
AIMS = {"成效标准", "目标", "期限"}
LIMITS = re.compile(r"不足应报的80%|分母为0|核实率低于90%|另有\d+(处|行|种|项|张|个单位)[^。]*未列|未列的\d+个单位|等\d+项|"
                    r"\d+天(以内|以上)|\d+—\d+天")



def test_no_issued_number_stands_unbound(trace: Trace) -> None:
    """Every digit belongs to a figure, a date, a fixed term, a limit of params, or the list it counts the rest of."""
    fixed = yaml.safe_load((trace.workspace.root / "params/terms.yml").read_text(encoding="utf-8"))["fixed"]
    loose = []
    for product, document in trace.documents.items():
        for part in document.face("issued").parts:
            if getattr(part, "role", "") == "voice":        # a unit's own words; its numbers are listed as unchecked
                continue
            title = getattr(part, "title", "")
            if any(title.endswith(x) for x in REGISTERS):
                continue
            for where, run in runs(part):
                text = run.text
                for term in sorted(fixed, key=len, reverse=True):
                    text = text.replace(term, "")
                text = LIMITS.sub("", DATES.sub("", text))
                if run.figure is None and where not in AIMS and re.search(r"\d", text):
                    loose.append((product, title, where, run.text))
    assert not loose


def test_aims_are_those_of_the_rules(trace: Trace) -> None:
    """成效标准 holds targets, which params say, not figures."""
    rules = yaml.safe_load((trace.workspace.root / "params/diagnosis.yml").read_text(encoding="utf-8"))["suggestions"]
    targets = yaml.safe_load((trace.workspace.root / "params/targets.yml").read_text(encoding="utf-8"))
    named, aims = trace.workspace.definitions.catalogue, set()
    for rule in (x for x in rules if "success" in x):
        success, units = rule["success"], rule.get("units", {})
        goal = success.get("target", targets.get(success["indicator"], {}).get("value"))
        for i, value in ((named[success["indicator"]], goal), (named[units.get("value", success["indicator"])], units.get("target"))):
            if value is not None:
                word = "" if i.unit == "%" else {"百分点": "个百分点"}.get(i.unit, i.unit)
                said = digits(Fraction(str(value)), i).replace(".0%", "%") + word
                aims |= {f"{i.title.zh}{x}" for x in (f"达到{said}", f"降到{said}", *(("降为0", "不低于0") if not value else ()))}
    checked = [cell.text for d in trace.documents.values() for part in d.parts if isinstance(part, Table)
               for where, cell in runs(part) if where in ("成效标准", "目标")]
    assert len(checked) > 50 and {x for x in checked if x not in ("—", *aims)} == set()


def test_tables_of_the_register_count_its_rows(trace: Trace) -> None:
    """Who has filed, by liaison group, and what checks found, by kind."""
    for product in ("quality", "daily"):
        as_of = datetime.fromisoformat(trace.documents[product].head.as_of)      # type: ignore[union-attr]
        frame = trace.workspace.filing(trace.workspace.period("2023-W42"), as_of)
        done = frame.groupby("unit").filed.all()
        teams = {u: t.name for t in trace.workspace.team_list(date(2023, 10, 22), as_of) for u in t.units}
        table = named_table(trace.documents[product], "未报齐单位")
        assert sum(int(line[1].text) for line in table.rows) == len(done)
        for team, due, filed, names in ([c.text for c in line] for line in table.rows):
            mine = [u for u in done.index if teams.get(u, "未编组") == team]
            late = [u for u in mine if not done[u]]
            assert (int(due), int(filed)) == (len(mine), len(mine) - len(late)), (product, team)
            assert len(late) == (0 if names == "无" else names.count("、") + 1)
        found = named_table(trace.documents[product], "核查问题")
        since = datetime(2023, 10, 20, 18) if product == "daily" else datetime(2023, 10, 17, 9)
        kinds = Counter((f.severity, f.message) for f in trace.workspace.store.findings(as_of=as_of, after=since))
        assert kinds, product
        for severity, _, message, n, _ in ([c.text for c in line] for line in found.rows):
            assert kinds["error" if severity == "错误" else "warning", message] >= int(n) > 0, (product, message)
        assert sum(int(line[3].text) for line in found.rows) == sum(kinds.values()) or found.notes


def named_table(document: Document, title: str) -> Table:
    (table,) = [p for p in document.parts if isinstance(p, Table) and p.title.endswith(title)]
    return table


def test_the_summary_of_findings_counts_its_lines(trace: Trace) -> None:
    checked = 0
    for product, document in trace.documents.items():
        for part in (p for p in document.parts if isinstance(p, Findings)):
            due, filed, back, missing, wrong, hints = map(int, re.findall(r"\d+", part.summary))
            severities = Counter(line.severity for line in part.items)
            assert (wrong, hints, part.more) == (severities["error"], severities["warning"], 0), product
            frame = trace.workspace.filing(trace.workspace.period("2023-W42"), datetime.fromisoformat(document.head.as_of))
            below = {u.code for u in trace.workspace.register.on(date(2023, 10, 22)).subtree(document.head.unit)}
            by_unit = frame[frame.unit.isin(below)].groupby("unit")
            assert (due, filed, back) == (len(by_unit), by_unit["filed"].all().sum(), by_unit["returned"].any().sum()), product
            assert missing == due - filed - back and document.head.filed == (due, filed)
            checked += 1
    assert checked >= 3


def test_what_a_chart_finds_is_in_its_data(trace: Trace) -> None:
    """Each number of the alt text is printed in the table behind the chart, or a difference or share of what is."""
    checked = 0
    for product, document in trace.documents.items():
        figures = {f.id: f for f in sources(document).figures}
        for chart in (p for p in document.parts if isinstance(p, Chart)):
            assert chart.data is not None and len(chart.alt) > 15, (product, chart.title)
            behind = [trace.reading(figures[run.figure]) for _, run in runs(chart.data) if run.figure]
            values = [exact(r) for r in behind if r.value is not None]
            values += [elapsed(r) for r in behind if r.indicator.is_percent]
            values += [exact(b) for r in behind if (b := r.on(r.period.previous())) is not None and b.value is not None]
            cells = [run.text for _, run in runs(chart.data)]
            counts = [Fraction(c) for c in cells if c.isdigit()]
            rest = {v - c for v in values for c in counts}      # overdue: all but those not yet due
            text = re.sub(r"近\d+期|\d+个单位|\d+项指标|\d+处未报|\d+个低于|第\d+位|\d+—\d+天|\d+天以[内上]", "", chart.alt)
            for n, word in re.findall(r"(\d+(?:\.\d+)?)(%|个百分点)?", text):
                if word == "个百分点":
                    assert Decimal(n) in {points(a - b) for a in values for b in values}, (product, chart.alt, n)
                elif word == "%":
                    shares = {f"{half_up(a / b * 100, 1)}" for a in (*counts, *rest) for b in (*counts, *values) if b}
                    gone_by = {digits(x, behind[0].indicator).rstrip("%") for x in values}
                    assert f"{n}%" in cells or n in shares | gone_by, (product, chart.alt, n)
                else:
                    printed_there = {x for c in cells for x in re.findall(r"\d+(?:\.\d+)?", c)}
                    assert n in printed_there | {str(x) for x in rest} or Fraction(n) in values, (product, chart.alt, n)
                checked += 1
    assert checked > 15


# The working paper's own files

def ledger_sheets(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Sheet → its rows by column title, for the sheets of ledger rows."""
    found = {}
    for sheet in load_workbook(folder / "working.xlsx", read_only=True):
        lines = list(sheet.iter_rows(values_only=True))
        if len(lines) > 1 and lines[1][0] == "用于注释":
            found[sheet.title] = [dict(zip(lines[1], line, strict=True)) for line in lines[2:]]
    return found


@pytest.mark.parametrize("product", ["weekly", "report"])
def test_the_workbook_has_every_row_behind_every_figure(trace: Trace, product: str) -> None:
    """Each row once, with file, sheet, row and the notes it counts in; a note's rows are those of its reading, no more."""
    folder = trace.products[product]
    noted: dict[int, set[tuple[Any, ...]]] = {}
    position = {u.label: n for n, u in enumerate(trace.workspace.register.units)}
    for title, rows in ledger_sheets(folder).items():
        at = [position[r["单位"]] for r in rows]
        assert at == sorted(at), title                      # unit by unit, as the register has them
        named = {str(r.get("地点（单位）") or "") for r in rows}
        assert not {x for x in named if x.isascii()} - {""}, named      # a unit is named, not coded
        places_seen = [(r["文件"], r["工作表"], r["行"], r["单位"]) for r in rows if r["行"]]
        assert len(places_seen) == len(set(places_seen)), title
        assert all(r["文件"] and r["单位"] for r in rows), title
        for r in rows:
            for n in str(r["用于注释"]).split("、"):
                noted.setdefault(int(n), set()).add((title, r["文件"], r["行"], r["单位"], *([] if r["行"] else r.values())))
    lines = list(load_workbook(folder / "working.xlsx", read_only=True)["指标"].iter_rows(values_only=True))
    by_id = {(line[1], line[3], line[5], line[6], line[7], line[8]): line[0] for line in lines[2:]}
    labels = {u.code: u.label for u in trace.workspace.register.units}
    ledgers = trace.workspace.definitions.ledgers
    checked, seen = 0, set()
    for f in sources(trace.documents[product]).figures:
        if not f.indicator or not f.n_rows:
            continue
        n = by_id[f.code, f.printed, f.unit_name, f.period, f.form, f.derived or None]
        if n in seen or f.indicator.startswith("heat."):
            continue
        seen.add(n)
        frame = trace.rows(trace.reading(f))
        want = {(title, x.file or title, int(x.row), labels[x.unit]) for x in frame[frame["row"].notna()].itertuples()
                if (title := ledgers[x.ledger_name].title)}
        got = {x[:4] for x in noted[int(n)] if x[2]}
        assert got == want, (f.title, f.unit, len(got), len(want))
        system = frame[frame["row"].isna()].drop_duplicates([c for c in ("ledger_name", "unit", "ledger", "period") if c in frame])
        assert len([x for x in noted[int(n)] if not x[2]]) == len(system), f.title
        checked += len(want) + len(system)
    assert checked > 3000 and len(seen) > 150


def test_rows_say_what_the_filed_workbooks_say(trace: Trace, example: Any) -> None:
    """The weekly brief's rows against the files as they came: file, sheet and row lead to cells with the same content."""
    files = {p.name: p for p in example.root.glob("data/inbox/*/*.xlsx")}
    files |= {f"master/{p.name}": p for p in example.root.glob("data/master/*.xlsx")}
    labels = {u.code: {u.code, u.name, u.label, *u.aliases} for u in trace.workspace.register.units}
    said = {u.label: labels[u.code] for u in trace.workspace.register.units}
    opened: dict[tuple[str, str], list[list[Any]]] = {}
    checked = 0
    for ledger in trace.workspace.definitions.ledgers.values():
        rows = trace.weekly_sheets.get(ledger.title, [])
        for row in (r for r in rows if r["行"]):
            key = (row["文件"], row["工作表"])
            if key not in opened:
                opened[key] = raw_sheet(files[key[0]], key[1])
            cells = {plain(c) for c in opened[key][row["行"] - 1]} - {""}
            for column in ledger.columns.values():
                value = row.get(column.title)
                if value is None or column.filled_from is not None or column.type == "list":
                    continue
                if column.type in ("date", "datetime"):
                    there = any(same_day(str(value), c) for c in cells)
                elif column.type == "unit":
                    there = bool(cells & {plain(x) for x in said.get(value, labels.get(value, ()))})
                else:
                    also = [a for a, code in column.code_aliases.items() if code == value]
                    there = bool(cells & {plain(x) for x in (value, *also)})
                assert there, (key, row["行"], column.title, value, cells)
                checked += 1
    assert len(opened) > 300 and checked > 10000


def plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFKC", str(value)).strip().removesuffix(" 00:00:00")
    return text.removesuffix(".0") if re.fullmatch(r"-?\d+\.0", text) else text


def same_day(value: str, cell: str) -> bool:
    """2023-09-18 is written 9月18日, 2023.9.18, 20230918 or as a date, with a time or without."""
    year, month, day = map(int, value[:10].split("-"))
    if re.fullmatch(r"\d{8}", cell):
        return cell == f"{year}{month:02}{day:02}"
    found = [int(x) for x in re.findall(r"\d+", cell)]
    return [month, day] == found[:2] or [year, month, day] == found[:3]


def test_a_note_shows_at_most_fifty_rows_and_the_parts_of_its_formula(trace: Trace) -> None:
    page = (trace.products["weekly"] / "working.html").read_text(encoding="utf-8")
    notes = re.findall(r'<li id="note-\d+">.*?</li>', page, re.DOTALL)
    assert len(notes) > 150
    most = 0
    for note in notes:
        if rows := re.search(r"来源行（列出(\d+)行，共(\d+)行）", note):
            shown, whole = map(int, rows.groups())
            assert note.count("<tr>") - 1 == shown == min(whole, 50)
            most = max(most, whole)
    assert most > 400
    r = trace.ask("rectification.rate", "root", "2023-W42", "累计", "subtree", trace.documents["weekly"].head.as_of)  # type: ignore
    assert f"{r.numerator:.0f} ÷ {r.denominator:.0f} = {printed(r)}" in re.sub("<[^>]+>", "", page)
    issued = (trace.products["weekly"] / "brief.html").read_text(encoding="utf-8")
    assert "来源行" not in issued and ".xlsx" not in issued
