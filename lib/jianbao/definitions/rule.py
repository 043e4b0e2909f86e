"""The checks a ledger gives itself, as data: rules, likeness to other rows, swings. Imports expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jianbao.definitions import expressions
from jianbao.errors import suggestions

Severity = Literal["error", "warning"]
PREVIOUS, PARENT = "previous", "parent"      # tables of a rule: the row as it was; in the register, the unit above
BRACES = re.compile(r"\{([^{}]+)\}")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Strict):
    """A check: `check` must not be false. Empty cells make it unknown, and unknown passes.

    It is asked of each row; with `over: sheet` of all rows of a sheet together, with `over: unit` of all that a unit has
    filed so far. Beside the ledger's columns it may name `previous.column`, the same unit's and key's row as it was last
    accepted for an earlier period (`previous.period` and `previous.period_ends` tell which); `master.column`, the unit's row
    in a master workbook as it stands at the period's end; and in the register `parent.column`, the unit above. `{…}` in the
    message and remedy holds an expression of the same kind.
    """

    id: str
    check: str
    message: str
    remedy: str = ""
    column: str | None = None
    severity: Severity = "error"
    explain: Annotated[bool, Field(description="the warning stays open until the filer explains it")] = False
    over: Annotated[Literal["sheet", "unit"] | None, Field(
        description="ask once: sheet, of the sheet's rows; unit, of all a unit has filed up to this period")] = None
    by: Annotated[tuple[str, ...], Field(description="with over: once for each value of these columns; `unit` is one")] = ()

    @model_validator(mode="before")
    @classmethod
    def _explained(cls, data: Any) -> Any:
        return {"severity": "warning", **data} if isinstance(data, dict) and data.get("explain") is True else data

    @model_validator(mode="after")
    def _fits(self) -> Rule:
        if self.explain and self.severity != "warning":
            raise ValueError(f"rule {self.id}: explain is for warnings; an error is put right, not explained.")
        if self.by and not self.over:
            raise ValueError(f"rule {self.id}: by belongs to over: sheet or over: unit.")
        return self

    @property
    def quoted(self) -> tuple[str, ...]:
        """The expressions that message and remedy quote, each once."""
        return tuple(dict.fromkeys(BRACES.findall(self.message + self.remedy)))

    @property
    def expressions(self) -> tuple[str, ...]:
        return (self.check, *self.quoted)

    @property
    def names(self) -> set[tuple[str, str]]:
        """(table, column) of everything it names."""
        return {name for text in self.expressions for name in expressions.columns_of(text)}

    @property
    def uses_previous(self) -> bool:
        return any(table == PREVIOUS for table, _ in self.names)

    @property
    def masters(self) -> tuple[str, ...]:
        """The master ledgers it names."""
        return tuple(sorted({table for table, _ in self.names} - {"", PREVIOUS, PARENT}))


class Swing(Strict):
    """How far a count may be from what the unit usually files: the median of its last filings.

    Asked about when `factor` times as much, or as little, and at least `least` away. Units with fewer than `at_least`
    filings of the last `of` have no usual count yet.
    """

    factor: float = Field(default=4, gt=1)
    least: float = Field(default=20, gt=0)
    of: int = Field(default=6, ge=1)
    at_least: int = Field(default=3, ge=1)


class Unlike(Strict):
    """Rows that no other row should be like: of `ledger` (empty: this one), filed by the same unit or by others.

    All `columns` must be equal, after spaces and punctuation are dropped from texts; with `near`, texts need only be so
    much alike. Rows whose `link` names the other's key are meant to be two.
    """

    columns: Annotated[tuple[str, ...] | dict[str, str], Field(description="of both, or here: there")]
    ledger: str = ""
    units: Literal["same", "others"] = "same"
    near: float | None = Field(default=None, gt=0.5, lt=1)
    link: str | None = None
    where: str | None = None                    # which rows of this ledger
    remedy: str = ""

    @property
    def pairs(self) -> dict[str, str]:
        """Column here → column there."""
        return self.columns if isinstance(self.columns, dict) else {c: c for c in self.columns}


def steps_of(columns: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Column → code → how far it is: as `steps` says, else in the order of the codes."""
    return {name: dict(c.steps) or {code: n for n, code in enumerate(c.codes)} for name, c in columns.items() if c.codes}


def check_rule(rule: Rule, ledger: Any) -> None:
    """Raises BadExpression for what the rule cannot mean in its ledger. Master ledgers are looked at by `wrong_masters`."""
    functions = expressions.ROW_SUMS if rule.over else (expressions.STEP,)
    typed = ledger.typed
    tables = {PREVIOUS: [*typed, "period", "period_ends", "row"]} if not rule.over else {}
    if ledger.name == "register" and not rule.over:
        tables[PARENT] = list(typed)
    for text in rule.expressions:
        expressions.check(text, ledger.columns, what=f"ledger {ledger.name}", codes=ledger.codes, functions=functions,
                          tables=tables, elsewhere=True)
        _check_steps(text, ledger)
    office = {n for t, n in rule.names if t in ("", PREVIOUS)} & (set(ledger.columns) - set(typed))
    if rule.uses_previous and rule.over:
        raise expressions.BadExpression("previous belongs to a rule of rows. With over: unit everything filed before is there.")
    if rule.uses_previous and not (ledger.key or ledger.kind == "snapshot"):
        raise expressions.BadExpression("previous needs rows that can be told again: the ledger has no key.")
    if (rule.uses_previous or rule.over == "unit" or office) and rule.severity != "warning":
        raise expressions.BadExpression("it looks at what was filed before, and that may be what is wrong: "
                                        "write severity: warning, or explain: true.")
    if office and rule.over:
        raise expressions.BadExpression(f"{', '.join(sorted(office))}: what the office decides can be used in rules of rows only.")
    if rule.over == "unit" and ledger.kind == "master":
        raise expressions.BadExpression("over: unit is for what units file. Write over: sheet and by: [unit].")
    wrong = [c for c in rule.by if c not in (*typed, "unit")]
    if wrong:
        near = suggestions(wrong[0], [*typed, "unit"])
        raise expressions.BadExpression(f"by: no column {wrong[0]!r}." + (f" Did you mean: {', '.join(near)}?" if near else ""))
    if rule.column and rule.column not in ledger.columns:
        near = suggestions(rule.column, ledger.columns)
        raise expressions.BadExpression(f"no column {rule.column!r}." + (f" Did you mean: {', '.join(near)}?" if near else ""))


def _check_steps(text: str, ledger: Any) -> None:
    for inner in re.findall(r"\bstep\s*\(([^()]*)\)", text):
        name = inner.strip().removeprefix(f"{PREVIOUS}.").removeprefix(f"{PARENT}.")
        if name not in ledger.codes:
            near = suggestions(name, ledger.codes)
            raise expressions.BadExpression(f"step({inner.strip()}): {name!r} is no column with codes."
                                            + (f" Did you mean: {', '.join(near)}?" if near else ""))


def wrong_masters(rule: Rule, ledgers: Mapping[str, Any]) -> list[str]:
    """What the rule's names of master ledgers get wrong."""
    problems = []
    known = {name: x for name, x in ledgers.items()
             if x.kind == "master" and "unit" in x.columns and set(x.key) <= {"unit", x.date}}
    for table, column in sorted(rule.names):
        if table not in rule.masters:
            continue
        if table not in known:
            near = suggestions(table, [PREVIOUS, *known])
            problems.append(f"{table}.{column}: there is no master ledger {table!r} with one row for each unit."
                            + (f" Did you mean: {', '.join(near)}?" if near else ""))
        elif column not in known[table].columns:
            near = suggestions(column, known[table].columns)
            problems.append(f"ledger {table} has no column {column!r}." + (f" Did you mean: {', '.join(near)}?" if near else ""))
    return problems


def wrong_in_unlike(unlike: Unlike, ledger: Any, ledgers: Mapping[str, Any]) -> list[str]:
    """Ledgers and columns an `unlike` names that are not there."""
    if unlike.ledger and unlike.ledger not in ledgers:
        near = suggestions(unlike.ledger, ledgers)
        return [f"unlike: there is no ledger {unlike.ledger!r}." + (f" Did you mean: {', '.join(near)}?" if near else "")]
    other = ledgers[unlike.ledger] if unlike.ledger else ledger
    problems = []

    def there(name: str, owner: Any) -> None:
        if name not in owner.typed:
            near = suggestions(name, owner.typed)
            problems.append(f"unlike: ledger {owner.name} has no column {name!r}."
                            + (f" Did you mean: {', '.join(near)}?" if near else ""))

    for mine, theirs in unlike.pairs.items():
        there(mine, ledger)
        there(theirs, other)
    if unlike.link:
        there(unlike.link, ledger)
    if unlike.where:
        try:
            expressions.check(unlike.where, ledger.typed, what=f"ledger {ledger.name}", codes=ledger.codes)
        except expressions.BadExpression as e:
            problems.append(f"unlike: {e}")
    texts = [c for c in unlike.pairs if c in ledger.typed and ledger.typed[c].type == "str"]
    if unlike.near and not problems:
        if len(texts) != 1:
            problems.append("unlike: near is for one column of text; the others must be equal.")
        elif unlike.units == "others" and len(unlike.pairs) == 1:
            problems.append("unlike: near among other units needs a second column that is equal, such as the date: "
                            "else every text is held against every other.")
    return problems


def wrong_names(names: Iterable[str], columns: Mapping[str, Any], what: str) -> list[str]:
    """Those of `names` that are no numeric column."""
    numbers = [n for n, c in columns.items() if c.type in ("int", "num")]
    return [f"{what}: no column of numbers {name!r}." + (f" Did you mean: {', '.join(near)}?"
            if (near := suggestions(name, [*numbers, "rows"])) else "")
            for name in names if name not in (*numbers, "rows")]
