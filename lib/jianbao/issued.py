"""What issues printed (已刊数), read back from their folders. Imports workspace, definitions.

An issue's folder holds `issue.json`, the whole document as it stands, and below `earlier/` what it printed before, when a
later run printed other figures. Method: docs/methods/revisions.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from jianbao.definitions.counted import fingerprint
from jianbao.definitions.period import Period
from jianbao.errors import PublishError, UnknownName, unknown
from jianbao.workspace import Workspace

NAME, EARLIER, FORMAT = "issue.json", "earlier", 1


@dataclass(frozen=True)
class PrintedFigure:
    """One figure as it was printed. `value` is in base units and unrounded, `printed` is the text; `derived` is empty for
    a reading itself, else 环比, 位次 …; `fingerprint` tells how it was counted."""

    indicator: str
    code: str
    title: str
    measure: str
    unit: str
    unit_name: str
    scope: str
    period: str
    form: str
    derived: str
    printed: str
    value: float | None
    numerator: float | None
    denominator: float | None
    as_of: datetime
    fingerprint: str

    @property
    def key(self) -> tuple[str, ...]:
        """What was asked: the same key in two issues is the same question."""
        return (self.indicator, self.unit, self.form, self.scope, self.period, self.derived)

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "as_of": self.as_of.isoformat()}


@dataclass(frozen=True)
class Printed:
    """One printing of an issue: `printing` counts from 1; `number` is its 期号. `standing` is the last one."""

    issue: str
    product: str
    period: Period
    unit: str                       # "root" for the whole
    as_of: datetime
    number: int | None
    printing: int
    standing: bool
    content: Mapping[str, Any]

    def __str__(self) -> str:
        return self.issue if self.standing else f"{self.issue}#{self.printing}"

    @property
    def label(self) -> str:
        """第7期, or the period when the product has no numbers."""
        return f"第{self.number}期" if self.number else self.period.label

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The parts of the document as JSON, in reading order, without pictures and ledger rows."""
        return list(self.content["parts"])

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The parts of one kind."""
        return [part for part in self.parts if part["kind"] == kind]

    @cached_property
    def counted(self) -> dict[str, dict[str, str]]:
        """Indicator → how it was counted, field by field."""
        return {id_: json.loads(said) for part in self.of("sources") for id_, said in part.get("counted", ())}

    @cached_property
    def figures(self) -> tuple[PrintedFigure, ...]:
        """Every figure printed, in order of first use. Words taken from rows have no value and are none."""
        prints = {id_: fingerprint(said) for id_, said in self.counted.items()}
        return tuple(PrintedFigure(
            indicator=f["indicator"], code=f["code"], title=f["title"], measure=f["measure"], unit=f["unit"],
            unit_name=f["unit_name"], scope=f["scope"], period=f["period"], form=f["form"], derived=f["derived"],
            printed=f["printed"], value=f["value"], numerator=f["numerator"], denominator=f["denominator"],
            as_of=datetime.fromisoformat(f["as_of"]), fingerprint=prints.get(f["indicator"], ""))
            for part in self.of("sources") for f in part["figures"] if f["indicator"])

    def find(self, indicator: str, *, unit: str, form: str | None = None, scope: str = "subtree",
             derived: str = "", period: str | None = None) -> PrintedFigure | None:
        """The figure of the issue's own period (or `period`) that answers the question; None when it was not printed."""
        wanted = period or self.period.id
        return next((f for f in self.figures if (f.indicator, f.unit, f.scope, f.derived, f.period)
                     == (indicator, unit, scope, derived, wanted) and form in (None, f.form)), None)


def content(issue: str, as_of: datetime, parts: list[dict[str, Any]]) -> str:
    """The text of issue.json: equal parts give equal bytes. Ledger rows stay in the working paper."""
    kept = [{**part, "figures": [{k: v for k, v in f.items() if k != "rows"} for f in part["figures"]]}
            if part["kind"] == "sources" else part for part in parts]
    product, period, unit = issue.split("/")
    number = next((part.get("number") for part in kept if part["kind"] == "head"), None)
    said = {"format": FORMAT, "issue": issue, "product": product, "period": period, "unit": unit,
            "as_of": as_of.isoformat(), "number": number, "parts": kept}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def printed(workspace: Workspace, issue: str, *, as_of: datetime | None = None) -> Printed:
    """The standing printing of `product/period/unit`, or with `#2` the second one; the unit may be left out for the whole.

    With `as_of`, the last printing made of what was known by then. Raises UnknownName with what was probably meant.
    """
    name, _, number = issue.partition("#")
    name = name if name.count("/") != 1 else f"{name}/root"
    found = printings(workspace, name) if name.count("/") == 2 else []
    if not found:
        folder = workspace.path("issues", *name.split("/"))
        if name.count("/") == 2 and (folder / "manifest.json").exists():
            raise PublishError(f"{name} was made before issues remembered what they printed. Make it again: "
                               f"jianbao run {name.split('/')[1]} --only '{name}' --force")
        raise unknown("issue", issue, sorted(_issues(workspace)))
    if number:
        if not number.isdigit() or not 1 <= int(number) <= len(found):
            raise UnknownName(f"{name} was printed {len(found)} time{'s' if len(found) > 1 else ''}; "
                              f"there is no printing {number!r}. Write #1 … #{len(found)}.")
        return found[int(number) - 1]
    known = [p for p in found if as_of is None or p.as_of <= as_of]
    if not known:
        raise UnknownName(f"{name} had not been printed of what was known by {as_of}.")
    return known[-1]


def printings(workspace: Workspace, issue: str) -> list[Printed]:
    """Every printing of an issue, oldest first; the last is the one that stands. Empty when it was never made."""
    folder = workspace.path("issues", *issue.split("/"))
    earlier = sorted((folder / EARLIER).glob("*.json"), key=lambda p: int(p.stem))
    paths = [p for p in (*earlier, folder / NAME) if p.exists()]
    found = [(path, said) for path in paths if (said := _read(path)) is not None]
    return [_printed(said, n, path.name == NAME, workspace) for n, (path, said) in enumerate(found, 1)]


def all_of(workspace: Workspace, product: str, unit: str = "root", *, before: Period | None = None,
           as_of: datetime | None = None) -> list[Printed]:
    """The issues of a product for a unit, by period; only those before a period, and as they stood at `as_of`."""
    found = []
    for name in sorted(_issues(workspace, product, _unit(workspace, unit))):
        period = _period(name.split("/")[1], workspace)
        if before is not None and not period.ends < before.ends:
            continue
        stood = [p for p in printings(workspace, name) if as_of is None or p.as_of <= as_of]
        found += stood[-1:]
    return sorted(found, key=lambda p: p.period.ends)


def last(workspace: Workspace, product: str | None, *, before: Period, unit: str = "root",
         as_of: datetime | None = None) -> Printed | None:
    """The issue before: the last one of the product for the unit. None before the first."""
    if product is None:
        return None
    names = [(_period(name.split("/")[1], workspace).ends, name) for name in _issues(workspace, product, _unit(workspace, unit))]
    for ends, name in sorted(names, reverse=True):
        if ends < before.ends:
            stood = [p for p in printings(workspace, name) if as_of is None or p.as_of <= as_of]
            if stood:
                return stood[-1]
    return None


def as_printed(workspace: Workspace, indicator: str, unit: str | None = None, form: str | None = None, *,
               period: str | None = None) -> list[tuple[Printed, PrintedFigure]]:
    """Where and how a figure was printed, by issue and printing. `unit` is a code; None asks for every unit.

    `period` is the figure's own. Derived figures (环比 …) come with the reading they were derived from.
    """
    id_ = workspace.definitions.catalogue[indicator].id
    found = []
    for name in sorted(_issues(workspace)):
        folder = workspace.path("issues", *name.split("/"))
        if not any(f'"{id_}"' in path.read_text(encoding="utf-8")
                   for path in (folder / NAME, *(folder / EARLIER).glob("*.json"))):
            continue
        found += [(p, f) for p in printings(workspace, name) for f in p.figures
                  if f.indicator == id_ and unit in (None, f.unit) and form in (None, f.form) and period in (None, f.period)]
    return sorted(found, key=lambda x: (x[0].period.ends, x[0].issue, x[0].printing))


def digest(printed: Printed | None) -> str:
    """A hash of what a later issue may rest on; "" for none."""
    said = json.dumps(printed.content, ensure_ascii=False, sort_keys=True) if printed else ""
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def keep(old: Path, new: Path) -> None:
    """Carries what the issue in folder `old` printed before into `new`, and what it printed last when `new` prints other
    figures."""
    before = sorted((old / EARLIER).glob("*.json"), key=lambda p: int(p.stem))
    texts = [p.read_text(encoding="utf-8") for p in before]
    if (old / NAME).exists():
        was, now = _read(old / NAME), _read(new / NAME)
        if was is not None and now is not None and _said(was) != _said(now):
            texts.append((old / NAME).read_text(encoding="utf-8"))
    for n, text in enumerate(texts, 1):
        (new / EARLIER).mkdir(exist_ok=True)
        (new / EARLIER / f"{n}.json").write_text(text, encoding="utf-8")


def _said(said: Mapping[str, Any]) -> list[Any]:
    """What was printed of what: the same list is the same printing."""
    return [[f["indicator"], f["unit"], f["form"], f["scope"], f["period"], f["derived"], f["printed"], f["value"]]
            for part in said["parts"] if part["kind"] == "sources" for f in part["figures"]]


def _issues(workspace: Workspace, product: str = "*", unit: str = "*") -> Iterator[str]:
    root = workspace.path("issues")
    for path in root.glob(f"{product}/*/{unit}/{NAME}"):
        name = path.parent.relative_to(root)
        if not any(step.startswith(".") for step in name.parts):      # half made, or being replaced
            yield name.as_posix()


def _read(path: Path) -> dict[str, Any] | None:
    """None for a file that is none of ours, or of another format."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return said if isinstance(said, dict) and said.get("format") == FORMAT else None


def _printed(said: Mapping[str, Any], n: int, standing: bool, workspace: Workspace) -> Printed:
    return Printed(issue=said["issue"], product=said["product"], period=_period(said["period"], workspace),
                   unit=said["unit"], as_of=datetime.fromisoformat(said["as_of"]), number=said["number"], printing=n,
                   standing=standing, content=said)


def _period(text: str, workspace: Workspace) -> Period:
    return Period(text, workspace.definitions.campaign.week_start)


def _unit(workspace: Workspace, unit: str) -> str:
    return "root" if unit == workspace.definitions.campaign.root else unit
