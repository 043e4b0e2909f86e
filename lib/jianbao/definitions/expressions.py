"""The expressions of definitions: a small allow-listed part of SQL. Imports period, errors.

Parsed, never run as text: an expression can compare and add the columns of its ledger and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from jianbao.definitions.period import Period
from jianbao.errors import suggestions

# Names every expression may use beside its columns; their values come with the question asked.
MOMENTS = ("period_starts", "period_ends", "campaign_starts", "campaign_ends")
FUNCTIONS = ("coalesce", "nullif", "abs", "least", "greatest", "length", "days_between", "hours_between", "contains", "concat")
# Of indicators alone, as the campaign's calendar answers them: is the day worked, and which week is it (0: the first).
CALENDAR_FUNCTIONS = ("worked_day", "week_of")
AGGREGATES = ("count", "sum", "distinct", "median")
# Of the rules of ledgers alone: where a code stands in its order, and what all rows of a sheet come to.
STEP, ROW_SUMS = "step", ("count", "sum", "min", "max", "distinct")
RULE_FUNCTIONS = (STEP, *ROW_SUMS)
# How a name of an indicator may go on: which window of it, and whose period.
FORMS = {"in_period": "期内", "to_date": "累计", "at_end": "时点"}
TIMES = ("previous", "year_ago")


class BadExpression(ValueError):
    """Says what is wrong with an expression; the loader adds the file and line."""


@dataclass(frozen=True)
class Mention:
    """An indicator named by an expression: `problems.open`, `problems.open.previous`, `visits.count.in_period.year_ago`.

    `text` is what the expression says, and the key of its value; `form` is one of FORMS' values, None for the usual one;
    `time` tells whose period: the one asked, the one before it, or the same a year ago.
    """

    text: str
    indicator: str
    form: Literal["期内", "累计", "时点"] | None = None
    time: Literal["", "previous", "year_ago"] = ""

    def of(self, period: Period) -> Period:
        """The period meant when `period` is asked."""
        return period.previous() if self.time == "previous" else period.year_ago() if self.time else period


@dataclass(frozen=True)
class Comparison:
    """One comparison of a `check:`: two expressions for `combine`, and = <> < <= > or >= between them."""

    left: str
    sign: Literal["=", "<>", "<", "<=", ">", ">="]
    right: str


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    # `distinct` is a word of SQL's own, which no function can be called by
    said = re.sub(r"\bdistinct\s*\(", "distinct_of(", text)
    try:
        tree = sqlglot.parse_one(said, dialect="duckdb")
    except SqlglotError as e:
        detail = re.sub(r"\x1b\[[0-9;]*m", "", str(e)).splitlines()[0]
        raise BadExpression(f"{text!r} is not an expression: {detail}") from None
    allowed = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
               exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Is, exp.Between, exp.Add, exp.Sub, exp.Mul, exp.Div,
               exp.Mod, exp.Neg, exp.Paren, exp.Case, exp.If, exp.Tuple)
    for node in tree.walk():
        if isinstance(node, exp.Func) and not isinstance(node, exp.And | exp.Or | exp.Case | exp.If):
            name = _function(node)
            if name not in (*FUNCTIONS, *CALENDAR_FUNCTIONS, *RULE_FUNCTIONS):
                raise _not_allowed(text, name, (*FUNCTIONS, *CALENDAR_FUNCTIONS))
            wanted = 1 if name in CALENDAR_FUNCTIONS else 2 if name in ("days_between", "hours_between") else None
            if wanted and len(node.expressions) != wanted:
                raise BadExpression(f"{text!r}: {name}() takes {wanted} date{'s' if wanted > 1 else ''}.")
        elif not isinstance(node, allowed):
            raise BadExpression(f"{text!r}: {type(node).__name__} is not allowed here. "
                                "Compare and calculate with columns only.")
    return tree


def _function(node: Any) -> str:
    from sqlglot import exp

    name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
    return "distinct" if name == "distinct_of" else name


def _not_allowed(text: str, name: str, known: Iterable[str]) -> BadExpression:
    known = list(known)
    near = suggestions(name, known)
    return BadExpression(f"{text!r}: function {name}() is not among those allowed: {', '.join(known)}."
                         + (f" Did you mean: {', '.join(near)}?" if near else ""))


def functions_of(text: str) -> list[str]:
    """Every function the expression calls, by the name it is written with."""
    from sqlglot import exp

    return [_function(n) for n in _parse(text).find_all(exp.Func) if not isinstance(n, exp.And | exp.Or | exp.Case | exp.If)]


def _refuse_rule_functions(text: str, allowed: Iterable[str] = ()) -> None:
    for name in functions_of(text):
        if name in RULE_FUNCTIONS and name not in allowed:
            raise _not_allowed(text, name, (*FUNCTIONS, *(allowed or CALENDAR_FUNCTIONS)))


def columns_of(text: str) -> list[tuple[str, str]]:
    """Every name in the expression as (table, column); table is "" or what stands before the point."""
    from sqlglot import exp

    return [(".".join(p.name for p in c.parts[:-1]), c.name) for c in _parse(text).find_all(exp.Column)]


def check(text: str, columns: Iterable[str], *, what: str, unit_columns: Iterable[str] = (),
          codes: Mapping[str, Iterable[str]] | None = None, calendar: bool = False, functions: Iterable[str] = (),
          tables: Mapping[str, Iterable[str]] | None = None, elsewhere: bool = False) -> None:
    """Raises BadExpression for anything outside the allow-list, any name `what` does not have, or any text compared with
    a column whose `codes` do not hold it: such a condition would silently count nothing. `calendar`: worked_day and
    week_of may be used; `functions`: those of rules that may. `tables` are further ones with their columns, and
    `elsewhere`: names of tables that are not known here are the caller's business."""
    _refuse_rule_functions(text, functions)
    if not calendar and (used := _calendar_functions(text)):
        raise BadExpression(f"{text!r}: {used[0]}() can be used in indicators only.")
    known = {*columns, *MOMENTS, "unit"}
    for table, name in columns_of(text):
        names = set(unit_columns) if table == "unit" else set((tables or {}).get(table, known))
        if elsewhere and table not in ("", *(tables or {})):
            continue
        if table not in ("", "unit", *(tables or {})) or name not in names:
            owner = "the register" if table == "unit" else what
            near = suggestions(name, names)
            raise BadExpression(f"{owner} has no column {name!r}."
                                + (f" Did you mean: {', '.join(near)}?" if near else f" It has: {', '.join(sorted(names))}."))
    for name, value in _compared(text):
        known_codes = list((codes or {}).get(name, ()))
        if known_codes and value not in known_codes:
            near = suggestions(value, known_codes)
            raise BadExpression(f"column {name!r} of {what} has no code {value!r}."
                                + (f" Did you mean: {', '.join(near)}?" if near else f" Its codes: {', '.join(known_codes)}."))


def _compared(text: str) -> list[tuple[str, str]]:
    """(column, text) for every `column = 'text'`, `<>` and `in (…)`."""
    from sqlglot import exp

    found = []
    for node in _parse(text).find_all(exp.EQ, exp.NEQ, exp.In):
        sides = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
        columns = [s.name for s in sides if isinstance(s, exp.Column) and not s.table]
        found += [(c, s.this) for c in columns for s in sides if isinstance(s, exp.Literal) and s.is_string]
    return found


def _calendar_functions(text: str) -> list[str]:
    from sqlglot import exp

    return [n.name.lower() for n in _parse(text).find_all(exp.Anonymous) if n.name.lower() in CALENDAR_FUNCTIONS]


def to_sql(text: str, name: Callable[[str, str], str], dialect: str = "duckdb",
           functions: Mapping[str, Callable[[str], str]] | None = None,
           steps: Mapping[str, Mapping[str, int]] | None = None, present: str = "*") -> str:
    """The expression as SQL; `name(table, column)` gives the SQL for each name in it, `functions` that of the calendar's
    functions of one date (SQL to SQL). `steps` says of each column which code is how far; `present` is the SQL that is not
    null in a row to be counted."""
    import sqlglot
    from sqlglot import exp

    def stepped(node: Any) -> Any:
        if not (isinstance(node, exp.Anonymous) and node.name.lower() == STEP):
            return node
        column = node.expressions[0]
        ifs = [exp.If(this=exp.Literal.string(code), true=exp.Literal.number(n))
               for code, n in (steps or {})[column.name].items()]
        return exp.Case(this=column, ifs=ifs)

    def named(node: Any) -> Any:
        return sqlglot.parse_one(name(node.table, node.name), dialect="duckdb") if isinstance(node, exp.Column) else node

    def known(node: Any) -> Any:
        called = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if called == "days_between":
            first, last = node.expressions
            return exp.DateDiff(this=last, expression=first, unit=exp.var("day"))
        if called == "hours_between":
            first, last = node.expressions
            seconds = exp.DateDiff(this=last, expression=first, unit=exp.var("second"))
            return exp.paren(exp.Div(this=seconds, expression=exp.Literal.number("3600.0")))
        if called == "distinct_of":
            return exp.Count(this=exp.Distinct(expressions=node.expressions))
        if isinstance(node, exp.Count) and node.this is None:
            return sqlglot.parse_one(f"count({present})", dialect="duckdb")
        if isinstance(node, exp.Count) and not isinstance(node.this, exp.Column | exp.Distinct):
            there = "true" if present == "*" else f"{present} is not null"
            return sqlglot.parse_one(f"count(*) filter (where {there} and ({node.this.sql(dialect='duckdb')}))", dialect="duckdb")
        if called in CALENDAR_FUNCTIONS:
            return sqlglot.parse_one((functions or {})[called](node.expressions[0].sql(dialect="duckdb")), dialect="duckdb")
        return node

    # Several passes: what replaces a node is not walked into.
    return str(_parse(text).copy().transform(stepped).transform(named).transform(known).sql(dialect=dialect))


def aggregate(text: str) -> tuple[str, str]:
    """`sum(days)` → ("sum", "days"); `count()` → ("count", "")."""
    match = re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", text, flags=re.DOTALL)
    if not match or match[1] not in AGGREGATES:
        near = suggestions(match[1], AGGREGATES) if match else []
        raise BadExpression(f"{text!r} is not one of count(), sum(…), distinct(…), median(…)."
                            + (f" Did you mean: {', '.join(near)}?" if near else ""))
    kind, inner = match[1], match[2].strip()
    if (kind == "count") == bool(inner):
        raise BadExpression(f"{text!r}: write count() without, and {kind if inner == '' else 'sum'}(…) with a column.")
    return kind, inner


def literal(value: Any) -> str:
    """A Python value as an SQL literal."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if hasattr(value, "isoformat"):
        kind = "timestamp" if hasattr(value, "hour") else "date"
        return f"{kind} '{value.isoformat(sep=' ') if kind == 'timestamp' else value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def combine(text: str, values: Mapping[str, float | None]) -> float | None:
    """Arithmetic over named values, as `combine:` writes it; None when any is None (unless coalesce() names another) or a
    divisor is 0. `values` are by the text of their mention."""
    result = _evaluate(_parse(text), text, values)
    return None if result is None else float(result)


def holds(text: str, values: Mapping[str, float | None]) -> bool:
    """A condition over named values, as `when:` writes it. What is not known does not hold."""
    return bool(truth(text, values))


def truth(text: str, values: Mapping[str, float | None]) -> bool | None:
    """The same, with None where it cannot be said: a comparison with what is not known."""
    result = _evaluate(_parse(text), text, values)
    return None if result is None else bool(result)


def _evaluate(node: Any, text: str, values: Mapping[str, float | None]) -> Any:
    from sqlglot import exp

    def inner(part: Any) -> Any:
        return _evaluate(part, text, values)

    match node:
        case exp.Paren():
            return inner(node.this)
        case exp.Neg():
            value = inner(node.this)
            return None if value is None else -value
        case exp.Not():
            value = inner(node.this)
            return None if value is None else not value
        case exp.Literal():
            return float(node.this)
        case exp.Column():
            # `items.count` parses as a table and a column
            return values[_written(node)]
        case exp.Coalesce():
            return next((v for v in map(inner, (node.this, *node.expressions)) if v is not None), None)
        case exp.Abs():
            value = inner(node.this)
            return None if value is None else abs(value)
        case exp.And() | exp.Or():      # unknown unless the other side settles it
            sides, settles = [inner(node.left), inner(node.right)], isinstance(node, exp.Or)
            return settles if any(v is not None and bool(v) == settles for v in sides) else None if None in sides else not settles
    a, b = inner(node.left), inner(node.right)
    if a is None or b is None:
        return None
    match node:
        case exp.Add():
            return a + b
        case exp.Sub():
            return a - b
        case exp.Mul():
            return a * b
        case exp.Div():
            return a / b if b else None
        case exp.GT():
            return a > b
        case exp.GTE():
            return a >= b
        case exp.LT():
            return a < b
        case exp.LTE():
            return a <= b
        case exp.EQ():
            return a == b
        case exp.NEQ():
            return a != b
    raise BadExpression(f"{text!r}: only + - * / and comparisons here.")


@lru_cache(maxsize=4096)
def mentions(text: str) -> tuple[Mention, ...]:
    """The indicators a `combine:`, `when:` or `check:` names, each once, in order.

    `a.b.in_period`, `.to_date` and `.at_end` ask for a form; `.previous` and `.year_ago` for another period.
    """
    from sqlglot import exp

    _refuse_rule_functions(text)
    return tuple(dict.fromkeys(_mention(_written(c)) for c in _parse(text).find_all(exp.Column, bfs=False)))


def combined_names(text: str) -> list[str]:
    """The indicators a `combine:`, `when:` or `check:` is made of, without their forms and times."""
    return list(dict.fromkeys(m.indicator for m in mentions(text)))


def _mention(text: str) -> Mention:
    *name, last = text.split(".")
    form, time = None, ""
    while name and (last in TIMES or last in FORMS):
        if (time if last in TIMES else form):
            raise BadExpression(f"{text}: says twice of when or in which form it is read.")
        if last in TIMES:
            time = last
        else:
            form = FORMS[last]
        *name, last = name
    return Mention(text, ".".join([*name, last]), form, time)  # type: ignore[arg-type]


def _written(column: Any) -> str:
    """`items.count` parses as a table and a column: the name as the text has it."""
    return ".".join(part.name for part in column.parts)


@lru_cache(maxsize=4096)
def comparisons(text: str) -> tuple[Comparison, ...]:
    """The comparisons that a `check:` joins by `and`. Raises BadExpression for anything but comparisons."""
    from sqlglot import exp

    def found(node: Any) -> list[Comparison]:
        match node:
            case exp.Paren():
                return found(node.this)
            case exp.And():
                return [*found(node.left), *found(node.right)]
            case exp.EQ() | exp.NEQ() | exp.LT() | exp.LTE() | exp.GT() | exp.GTE():
                sign: Any = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}[node.key]
                return [Comparison(node.left.sql(dialect="duckdb"), sign, node.right.sql(dialect="duckdb"))]
        raise BadExpression(f"{text!r}: write comparisons, joined by `and` if there are several: a + b <= c and d = e.")

    kept = found(_parse(text))
    mentions(text)      # says what is wrong with a name
    return tuple(kept)
