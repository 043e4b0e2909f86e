"""The expressions of definitions: what they may say, what they become, what they come to."""

from __future__ import annotations

import pytest

from jianbao.definitions.expressions import (
    BadExpression,
    Mention,
    aggregate,
    check,
    columns_of,
    combine,
    combined_names,
    holds,
    literal,
    mentions,
    to_sql,
    truth,
)
from jianbao.definitions.period import Period


def plain(table: str, name: str) -> str:
    return f't."{name}"' if not table else f'{table}."{name}"'


@pytest.mark.parametrize(("text", "sql"), [
    ("status = '已整改' and due_date < period_ends", """t."status" = '已整改' AND t."due_date" < t."period_ends\""""),
    ("unit.batch in ('第二批')", """unit."batch" IN ('第二批')"""),
    ("days_between(a, b) > 3", """DATE_DIFF('DAY', t."a", t."b") > 3"""),
    ("a is null or not b", """t."a" IS NULL OR NOT t."b\""""),
    ("coalesce(a, 0) between 1 and 2", """COALESCE(t."a", 0) BETWEEN 1 AND 2"""),
    ("name = 'it''s'", """t."name" = 'it''s'""")])
def test_to_sql(text: str, sql: str) -> None:
    assert to_sql(text, plain) == sql


@pytest.mark.parametrize("text", ["(select 1)", "a; drop table x", "exists (select 1)", "a || b", "x -> y", "count(*)", "a::int",
                                  "read_csv('x')", "getenv('HOME')",
                                  "current_date", "*", "a = 1 union select 2", "cast(a as int)", "a like '%x'", "lambda x: x", ""])
def test_nothing_runs_that_only_compares_and_adds(text: str) -> None:
    with pytest.raises(BadExpression):
        check(text, ["a", "b", "x", "y"], what="ledger l")


def test_names_of_the_expression() -> None:
    assert columns_of("a > b and unit.c = 1") == [("", "a"), ("", "b"), ("unit", "c")]


def test_check_names_the_column_and_its_neighbours() -> None:
    check("days > 1 and unit.batch = 'x' and registered <= period_ends", ["days", "registered"], what="ledger l", unit_columns=["batch"])
    with pytest.raises(BadExpression, match=r"ledger l has no column 'day'. Did you mean: days\?"):
        check("day > 1", ["days"], what="ledger l")
    with pytest.raises(BadExpression, match=r"the register has no column 'bach'. Did you mean: batch\?"):
        check("unit.bach = 1", ["days"], what="ledger l", unit_columns=["batch"])
    with pytest.raises(BadExpression, match="has no column 'days'"):
        check("other.days = 1", ["days"], what="ledger l")


@pytest.mark.parametrize(("text", "found"), [("count()", ("count", "")), ("sum(days)", ("sum", "days")),
                                             (" distinct( unit ) ", ("distinct", "unit")),
                                             ("sum(a + b)", ("sum", "a + b"))])
def test_aggregates(text: str, found: tuple[str, str]) -> None:
    assert aggregate(text) == found


@pytest.mark.parametrize("text", ["avg(days)", "days", "count(days)", "sum()", "sum(days", "max(a)"])
def test_other_aggregates_are_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        aggregate(text)


def test_combine_is_arithmetic_over_known_values() -> None:
    values = {"a.b": 6.0, "C05": 4.0, "elapsed": 0.5, "gone": None, "zero": 0.0}
    assert combine("a.b - C05 * elapsed", values) == 4
    assert combine("-(a.b + C05) / 2", values) == -5
    assert combine("a.b - gone", values) is None
    assert combine("a.b / zero", values) is None
    assert combine("a.b + 1", values) == 7
    assert combine("a.b + coalesce(gone, 1) + abs(-2)", values) == 9
    assert combined_names("a.b - C05 * elapsed") == ["a.b", "C05", "elapsed"]


def test_names_may_ask_for_a_form_and_a_time() -> None:
    text = "a.b.previous - a.b.in_period + C05.to_date.year_ago - a.b.previous + 标题.at_end"
    assert mentions(text) == (
        Mention("a.b.previous", "a.b", None, "previous"), Mention("a.b.in_period", "a.b", "期内"),
        Mention("C05.to_date.year_ago", "C05", "累计", "year_ago"), Mention("标题.at_end", "标题", "时点"))
    assert combined_names(text) == ["a.b", "C05", "标题"]
    assert combine("a.b.previous - a.b.in_period", {"a.b.previous": 5.0, "a.b.in_period": 2.0}) == 3
    assert [m.of(Period("2023-W40")).id for m in mentions("a.previous + a.year_ago + a")] == ["2023-W39", "2022-W40", "2023-W40"]
    # A word of the grammar alone is a name like any other.
    assert mentions("previous + to_date.previous") == (
        Mention("previous", "previous"), Mention("to_date.previous", "to_date", None, "previous"))


@pytest.mark.parametrize("text", ["a.previous.previous", "a.b.in_period.to_date", "a.year_ago.previous"])
def test_a_form_or_time_is_said_once(text: str) -> None:
    with pytest.raises(BadExpression, match="says twice of when or in which form"):
        mentions(text)


def test_what_is_not_known_does_not_hold() -> None:
    values = {"a": 1.0, "b": None}
    assert holds("a > 0 and a < 2", values)
    assert holds("b > 0 or a = 1", values)
    assert not holds("b > 0", values)
    assert not holds("not b > 0", values)
    assert not holds("a > 0 and b <> 1", values)


def test_what_cannot_be_said_is_neither_true_nor_false() -> None:
    values = {"a": 1.0, "b": None}
    assert truth("a = 1", values) is True
    assert truth("a > 1", values) is False
    assert truth("a = b", values) is None
    assert truth("a > 1 and b > 0", values) is False        # whatever b is
    assert truth("a = 1 or b > 0", values) is True
    assert truth("a = 1 and b > 0", values) is None
    assert truth("not b > 0", values) is None


def test_the_calendar_s_functions_are_given_by_who_asks() -> None:
    functions = {"worked_day": lambda x: f"{x} in (1, 2)", "week_of": lambda x: f"({x} - 3)"}
    assert to_sql("worked_day(a) and week_of(b) = 0", plain, functions=functions) == 't."a" IN (1, 2) AND (t."b" - 3) = 0'
    assert to_sql("hours_between(a, b) > 2", plain) == """(DATE_DIFF('SECOND', t."a", t."b") / 3600.0) > 2"""
    check("week_of(a) = 0", ["a"], what="ledger l", calendar=True)
    with pytest.raises(BadExpression, match=r"week_of\(\) can be used in indicators only"):
        check("week_of(a) = 0", ["a"], what="ledger l")
    with pytest.raises(BadExpression, match=r"hours_between\(\) takes 2 dates"):
        check("hours_between(a)", ["a"], what="ledger l")


def test_literals_cannot_break_out() -> None:
    assert literal("'; drop table x; --") == "'''; drop table x; --'"
    assert [literal(x) for x in (None, True, 3, 0.5)] == ["null", "true", "3", "0.5"]
