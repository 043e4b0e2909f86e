"""The expressions of definitions: a small allow-listed part of SQL. Imports errors only.

Parsed, never run as text: an expression can compare and add the columns of its ledger and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jianbao.errors import suggestions

# Names every expression may use beside its columns; their values come with the question asked.
MOMENTS = ("period_starts", "period_ends", "campaign_starts", "campaign_ends")
FUNCTIONS = ("coalesce", "nullif", "abs", "least", "greatest", "length", "days_between", "contains", "concat")
AGGREGATES = ("count", "sum", "distinct", "median")


class BadExpression(ValueError):
    """Says what is wrong with an expression; the loader adds the file and line."""


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as e:
        detail = re.sub(r"\x1b\[[0-9;]*m", "", str(e)).splitlines()[0]
        raise BadExpression(f"{text!r} is not an expression: {detail}") from None
    allowed = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ,
               exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Is, exp.Between, exp.Add, exp.Sub, exp.Mul, exp.Div,
               exp.Mod, exp.Neg, exp.Paren, exp.Case, exp.If, exp.Tuple)
    for node in tree.walk():
        if isinstance(node, exp.Func) and not isinstance(node, exp.And | exp.Or | exp.Case | exp.If):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name not in FUNCTIONS:
                near = suggestions(name, FUNCTIONS)
                raise BadExpression(f"{text!r}: function {name}() is not among those allowed: {', '.join(FUNCTIONS)}."
                                    + (f" Did you mean: {', '.join(near)}?" if near else ""))
        elif not isinstance(node, allowed):
            raise BadExpression(f"{text!r}: {type(node).__name__} is not allowed here. "
                                "Compare and calculate with columns only.")
    return tree


def columns_of(text: str) -> list[tuple[str, str]]:
    """Every name in the expression as (table, column); table is "" or "unit"."""
    from sqlglot import exp

    return [(c.table, c.name) for c in _parse(text).find_all(exp.Column)]


def check(text: str, columns: Iterable[str], *, what: str, unit_columns: Iterable[str] = (),
          codes: Mapping[str, Iterable[str]] | None = None) -> None:
    """Raises BadExpression for anything outside the allow-list, any name `what` does not have, or any text compared with
    a column whose `codes` do not hold it: such a condition would silently count nothing."""
    known = {*columns, *MOMENTS, "unit"}
    for table, name in columns_of(text):
        names = set(unit_columns) if table == "unit" else known
        if table not in ("", "unit") or name not in names:
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


def to_sql(text: str, name: Callable[[str, str], str], dialect: str = "duckdb") -> str:
    """The expression as SQL; `name(table, column)` gives the SQL for each name in it."""
    import sqlglot
    from sqlglot import exp

    def named(node: Any) -> Any:
        return sqlglot.parse_one(name(node.table, node.name), dialect="duckdb") if isinstance(node, exp.Column) else node

    def known(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.lower() == "days_between":
            first, last = node.expressions
            return exp.DateDiff(this=last, expression=first, unit=exp.var("day"))
        return node

    # Two passes: what replaces a node is not walked into.
    return str(_parse(text).copy().transform(named).transform(known).sql(dialect=dialect))


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
    """Arithmetic over named values, as `combine:` writes it; None when any is None or a divisor is 0."""
    result = _evaluate(_parse(text), text, values)
    return None if result is None else float(result)


def holds(text: str, values: Mapping[str, float | None]) -> bool:
    """A condition over named values, as `when:` writes it. What is not known does not hold."""
    return bool(_evaluate(_parse(text), text, values))


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
            return values[f"{node.table}.{node.name}" if node.table else node.name]
        case exp.And():
            return bool(inner(node.left)) and bool(inner(node.right))
        case exp.Or():
            return bool(inner(node.left)) or bool(inner(node.right))
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


def combined_names(text: str) -> list[str]:
    """The indicators a `combine:` or `when:` mentions."""
    return [f"{table}.{name}" if table else name for table, name in columns_of(text)]
