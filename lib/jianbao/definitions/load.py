"""`params/` read whole and strictly into Definitions. Imports the other modules of this room, errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jianbao.definitions import expressions
from jianbao.definitions.advice import Suggestion, wrong_in
from jianbao.definitions.campaign import Calendar, Campaign, Fact, Product, Target, Terms
from jianbao.definitions.catalogue import Catalogue, Indicator, Measure, check_fact, check_measure, wrong_in_index, wrong_mention
from jianbao.definitions.correction import Correction, wrong_in_correction
from jianbao.definitions.diagnosis import Diagnosis
from jianbao.definitions.identity import Identities, wrong_in_identity
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.rule import wrong_in_unlike, wrong_masters
from jianbao.definitions.sampling import Sampling
from jianbao.definitions.system import SYSTEM
from jianbao.definitions.yamlfile import WHOLE, Source
from jianbao.errors import DefinitionError, UnknownName, unknown

# What the library itself must find in the master workbooks; a campaign adds columns of its own.
REGISTER_COLUMNS = ("code", "name", "short_name", "parent", "level", "org_type", "valid_from", "valid_to", "aliases",
                    "filer", "files")
GROUP_COLUMNS = ("district", "team", "team_name", "unit", "valid_from", "valid_to")
OPENING_COLUMNS = ("unit", "indicator", "value", "on", "source")


@dataclass(frozen=True)
class Definitions:
    """Everything `params/` says. `where` tells for each thing the file and line it stands in."""

    root: Path
    campaign: Campaign
    calendar: Calendar
    products: Mapping[str, Product]
    ledgers: Mapping[str, Ledger]
    catalogue: Catalogue
    targets: Mapping[str, Target]
    terms: Terms
    corrections: tuple[Correction, ...]
    diagnosis: Diagnosis
    where: Mapping[str, str]
    sampling: Sampling = dataclasses.field(default_factory=Sampling)
    identities: Identities = dataclasses.field(default_factory=Identities)

    def ledger(self, name: str) -> Ledger:
        """By name, code or title. Raises UnknownName."""
        for ledger in self.ledgers.values():
            if name in (ledger.name, ledger.code, ledger.title):
                return ledger
        raise unknown("ledger", name, [*self.ledgers, *(x.code for x in self.ledgers.values())])

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        return self.diagnosis.suggestions

    @property
    def filed_ledgers(self) -> dict[str, Ledger]:
        """The ledgers that units or the office file period by period, in order of code."""
        kept = [x for x in self.ledgers.values() if x.is_filed]
        return {x.name: x for x in sorted(kept, key=lambda x: x.code)}

    @property
    def unit_columns(self) -> tuple[str, ...]:
        register = self.ledgers.get("register")
        return tuple(register.columns) if register else REGISTER_COLUMNS


def load(params: Path) -> Definitions:
    """Raises DefinitionError with one line per problem: `params/indicators/study.yml:9: …`. Nothing is half read."""
    if not (params / "campaign.yml").exists():
        raise DefinitionError(f"{params / 'campaign.yml'} is not there. A workspace has params/campaign.yml; "
                              "`jianbao new DIR` makes one.")
    book = _Book(params)
    campaign = book.one("campaign.yml", Campaign)
    calendar = book.one("calendar.yml", Calendar, optional=True)
    products = book.named("briefs.yml", Product)
    targets = book.named("targets.yml", Target)
    terms = book.one("terms.yml", Terms, optional=True)
    diagnosis = book.one("diagnosis.yml", Diagnosis, optional=True) or Diagnosis()
    for part in ("suggestions", "verdicts"):
        for n, item in enumerate(getattr(diagnosis, part)):
            book.where[item.id] = book.places[id(item)] = book.place("diagnosis.yml", part, n)
    identities = book.one("identities.yml", Identities, optional=True) or Identities()
    for n, identity in enumerate(identities.identities):
        book.where[f"identity {identity.id}"] = book.place("identities.yml", "identities", n)
    corrections = []
    for path in sorted(params.glob("corrections/*.yml")):
        corrections += book.listed(path.relative_to(params).as_posix(), Correction)
    ledgers: dict[str, Ledger] = dict(SYSTEM)
    for path in sorted(params.glob("ledgers/*.yml")):
        ledger = book.one(path.relative_to(params).as_posix(), Ledger, name=path.stem)
        if path.stem in SYSTEM:
            book.problems.append(f"{book.shown(path)}:1: {path.stem} is a ledger of the system's own. Call this one otherwise.")
        elif ledger is not None:
            ledgers[ledger.name] = ledger
            book.where[f"ledger {ledger.name}"] = f"{book.shown(path)}:1"
    indicators: dict[str, Indicator] = {}
    for path in sorted(params.glob("indicators/*.yml")):
        for id_, indicator in book.named(path.relative_to(params).as_posix(), Indicator, key="id").items():
            if id_ in indicators:
                book.problems.append(f"{book.where[id_]}: {id_}: stands in two files.")
            indicators[id_] = indicator
    book.stop()
    catalogue = Catalogue(indicators)
    definitions = Definitions(params.parent, campaign, calendar, products, ledgers, catalogue, targets, terms,
                              tuple(corrections), diagnosis, book.where, identities=identities,
                              sampling=book.one("sample.yml", Sampling, optional=True) or Sampling())
    _cross_check(definitions, book)
    book.stop()
    return definitions


class _Book:
    """Reads file after file and keeps every problem, so that one run shows them all."""

    def __init__(self, params: Path) -> None:
        self.params = params
        self.problems: list[str] = []
        self.where: dict[str, str] = {}
        self.places: dict[int, str] = {}        # of list items, by identity
        self._sources: dict[str, Source | None] = {}

    def shown(self, path: Path) -> str:
        return f"params/{path.relative_to(self.params).as_posix()}"

    def source(self, name: str) -> Source | None:
        if name not in self._sources:
            try:
                self._sources[name] = Source(self.params / name, f"params/{name}")
            except DefinitionError as e:
                self.problems.append(str(e))
                self._sources[name] = None
        return self._sources[name]

    def one(self, name: str, cls: Any, /, *, optional: bool = False, **more: Any) -> Any:
        if optional and not (self.params / name).exists():
            return cls()
        source = self.source(name)
        return self._model(source, cls, (), WHOLE, **more) if source else None

    def named(self, name: str, cls: Any, key: str | None = None) -> dict[str, Any]:
        if not (self.params / name).exists() or (source := self.source(name)) is None:
            return {}
        found = {}
        if not isinstance(source.data or {}, dict):
            self.problems.append(f"params/{name}:1: should be names with values below them, not a list. Take the '- ' away.")
            return {}
        for id_, data in (source.data or {}).items():
            self.where[id_] = source.place(id_)
            model = self._model(source, cls, (id_,), data, **({key: id_} if key else {}))
            if model is not None:
                found[id_] = model
        return found

    def listed(self, name: str, cls: Any) -> list[Any]:
        if not (self.params / name).exists() or (source := self.source(name)) is None:
            return []
        if not isinstance(source.data, list):
            if source.data:
                self.problems.append(f"params/{name}:1: should be a list: lines beginning with '- '.")
            return []
        models = [self._model(source, cls, (i,), data) for i, data in enumerate(source.data)]
        for i, model in enumerate(models):
            if model is not None:
                self.where[getattr(model, "id", f"{name} {i}")] = self.places[id(model)] = source.place(i)
        return [m for m in models if m is not None]

    def _model(self, source: Source, cls: Any, path: tuple[Any, ...], data: Any, **more: Any) -> Any:
        try:
            return source.model(cls, path, data, **more)
        except DefinitionError as e:
            self.problems.append(str(e))
            return None

    def at(self, id_: str, *steps: str) -> str:
        """file:line of an indicator's field."""
        file = self.where.get(id_, "params:1").rsplit(":", 1)[0]
        source = self._sources.get(file.removeprefix("params/"))
        return source.place(id_, *steps) if source else self.where.get(id_, "params")

    def place(self, name: str, *steps: Any) -> str:
        """file:line of something in one of the files."""
        source = self._sources.get(name)
        return source.place(*steps) if source else f"params/{name}:1"

    def stop(self) -> None:
        if self.problems:
            raise DefinitionError("\n".join(self.problems))


def _cross_check(d: Definitions, book: _Book) -> None:
    names: dict[str, str] = {}
    for i in d.catalogue:
        for name in (i.code, i.title.zh, *i.aliases):
            if names.setdefault(name, i.id) != i.id:
                book.problems.append(f"{book.where[i.id]}: {i.id}: {name} is also {names[name]}. Names must be unique.")
        for side in ("numerator", "denominator"):
            part = getattr(i, side)
            if isinstance(part, str) and part not in d.catalogue:
                book.problems.append(f"{book.at(i.id, side)}: {i.id}: {unknown('indicator', part, d.catalogue.names)}")
            elif isinstance(part, Measure):
                _try(book, i.id, side, part, d)
        if i.combine:
            try:
                problems = [said for m in expressions.mentions(i.combine) if (said := wrong_mention(m, d.catalogue))]
            except expressions.BadExpression as e:
                problems = [str(e)]
            book.problems += [f"{book.at(i.id, 'combine')}: {i.id}: {problem}" for problem in problems]
        book.problems += [f"{book.at(i.id, 'index')}: {i.id}: {problem}" for problem in
                          wrong_in_index(i, d.catalogue, d.ledgers, d.unit_columns, d.campaign.levels)]
        _check_parts(book, i, d)
        if i.ledger is not None:
            _try(book, i.id, "", i, d)
    for ledger in d.ledgers.values():
        for name, column in ledger.columns.items():
            place = book.where.get(f"ledger {ledger.name}", "params/ledgers")
            for said in column.referred:
                target, _, key = said.partition(".")
                if target not in d.ledgers or (key and key not in d.ledgers[target].columns):
                    book.problems.append(f"{place}: {name}: references {said}, which is not there.")
            if (f := column.filled_from) and (f.ledger not in d.ledgers or {f.column, f.latest, *f.key.values()}
                                              - set(d.ledgers[f.ledger].columns)):
                book.problems.append(f"{place}: {name}: filled_from names a ledger or column that is not there.")
        _check_rules(book, ledger, d)
    for name, fact in d.campaign.facts.items():
        if isinstance(fact, Fact):
            try:
                check_fact(fact, d.ledgers, d.unit_columns)
            except (expressions.BadExpression, UnknownName) as e:
                source = book.source("campaign.yml")
                book.problems.append(f"{source.place('facts', name) if source else 'params/campaign.yml'}: {name}: {e}")
    book.problems += [f"{book.place('sample.yml', *steps)}: {said}" for steps, said in d.sampling.wrong(d.catalogue, d.ledgers)]
    for name in d.targets:
        if name not in d.catalogue:
            book.problems.append(f"{book.where[name]}: {unknown('indicator', name, d.catalogue.names)}")
    for product in (*d.calendar.due, *d.calendar.first, *d.calendar.only):
        if product not in d.products:
            book.problems.append(f"params/calendar.yml:1: {unknown('product', product, d.products)}")
    for c in d.corrections:
        book.problems += [f"{book.places[id(c)]}: {problem}" for problem in wrong_in_correction(c, d.ledgers)]
    for verdict in d.diagnosis.verdicts:
        book.problems += [f"{book.places[id(verdict)]}: {verdict.id}: {problem}"
                          for problem in verdict.wrong(d.catalogue, d.diagnosis.thresholds, d.campaign.levels)]
    for rule in d.suggestions:
        book.problems += [f"{book.places[id(rule)]}: {rule.id}: {problem}"
                          for problem in wrong_in(rule, d.catalogue, d.diagnosis.thresholds, d.targets)]
    for n, identity in enumerate(d.identities.identities):
        book.problems += [f"{book.place('identities.yml', 'identities', n, step)}: {identity.id}: {step}: {problem}"
                          for step, problem in wrong_in_identity(identity, d.catalogue)]
    if (register := d.ledgers.get("register")) is not None:
        missing = set(REGISTER_COLUMNS) - set(register.columns)
        if missing:
            book.problems.append(f"params/ledgers/register.yml:1: the register needs the columns "
                                 f"{', '.join(sorted(missing))}.")
    if (openings := d.ledgers.get("openings")) is not None and (
            openings.kind != "master" or set(OPENING_COLUMNS) - set(openings.columns)):
        book.problems.append(f"params/ledgers/openings.yml:1: opening balances are a master ledger with the columns "
                             f"{', '.join(OPENING_COLUMNS)}.")


def _check_rules(book: _Book, ledger: Ledger, d: Definitions) -> None:
    """What a ledger's rules say of other ledgers."""
    file = f"ledgers/{ledger.name}.yml"
    for n, rule in enumerate(ledger.rules):
        book.problems += [f"{book.place(file, 'rules', n, 'check')}: rule {rule.id}: {problem}"
                          for problem in wrong_masters(rule, d.ledgers)]
    for n, unlike in enumerate(ledger.unlike):
        book.problems += [f"{book.place(file, 'unlike', n)}: {problem}" for problem in wrong_in_unlike(unlike, ledger, d.ledgers)]


def _parts(i: Indicator, d: Definitions) -> list[tuple[str, Indicator]]:
    """(field, indicator) for every indicator that `i` is made of."""
    try:
        combined = expressions.combined_names(i.combine) if i.combine else []
    except expressions.BadExpression:
        combined = []
    said = [("numerator", i.numerator), ("denominator", i.denominator), *(("combine", name) for name in combined),
            *(("index", name) for name in (i.index.names if i.index else ()))]
    return [(field, d.catalogue[name]) for field, name in said if isinstance(name, str) and name in d.catalogue]


def _check_parts(book: _Book, i: Indicator, d: Definitions) -> None:
    """A figure is not made of itself, and a sum or a ratio not of what cannot be added up."""
    for at_field, part in _parts(i, d):
        below, todo = set[str](), [part]
        while todo:
            at = todo.pop()
            if at.id not in below:
                below.add(at.id)
                todo += [p for _, p in _parts(at, d)]
        if i.id in below:
            book.problems.append(f"{book.at(i.id, at_field)}: {i.id}: is made of itself, by way of {part.id}.")
        elif part.rolls_up in ("ratio", "none") and i.rolls_up != "none":
            book.problems.append(f"{book.at(i.id, at_field)}: {i.id}: {part.id} rolls up as {part.rolls_up}, so it cannot be "
                                 f"a part of a {i.rolls_up}. Name what it is counted from.")


def _try(book: _Book, id_: str, field: str, measure: Measure, d: Definitions) -> None:
    try:
        check_measure(measure, d.ledgers, d.unit_columns, {})
    except (expressions.BadExpression, UnknownName) as e:
        bad = str(e)
        steps = [field] if field else []
        # Point at the line of the expression that is wrong, not at the indicator's first line.
        for name in ("ledger", "value", "where", "date", "median_of", "enter", "leave", "units_having", "linked_to"):
            said = getattr(measure, name, None)
            if said and not _passes(measure, name, d):
                steps.append(name)
                break
        book.problems.append(f"{book.at(id_, *steps)}: {id_}: {bad}")


def _passes(measure: Measure, name: str, d: Definitions) -> bool:
    said: dict[str, Any] = {name: getattr(measure, name)} if name != "ledger" else {}
    only = Measure(ledger=measure.ledger, link=measure.link, **said)
    try:
        check_measure(only, d.ledgers, d.unit_columns, {})
    except (expressions.BadExpression, UnknownName):
        return False
    return True
