"""Which issues there are to make, and why. Imports calendar, workspace, errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from jianbao.calendar import due_at, has_issue
from jianbao.definitions.campaign import Product
from jianbao.definitions.period import Period, periods_between
from jianbao.errors import JianbaoError, PublishError, unknown
from jianbao.workspace import Workspace


@dataclass(frozen=True)
class Issue:
    """product/period/unit: the same string in plan, folder and address."""

    product: str
    period: Period
    unit: str                       # unit code; "root" for the whole
    as_of: datetime
    due: datetime
    parameters: dict[str, Any] = field(default_factory=dict, hash=False, compare=False)

    def __str__(self) -> str:
        return f"{self.product}/{self.period.id}/{self.unit}"

    def folder(self, workspace: Workspace) -> Path:
        return workspace.path("issues", self.product, self.period.id, self.unit)


def issues_of(workspace: Workspace, period: Period, *, as_of: datetime | str | None = None, only: str | None = None,
              products: Iterable[str] | None = None) -> list[Issue]:
    """Every issue of the products made for this kind of period. `only` is a glob over product/period/unit.

    `as_of` is the period's cut-off unless said, or the time it is due where that comes first (a day's digest is made in the
    evening); "latest" is the last receive. Raises when nothing had been received.
    """
    definitions = workspace.definitions
    found = []
    for name, product in definitions.products.items():
        if product.period != period.kind or (products is not None and name not in products):
            continue
        # A product made for chosen periods is made for another one only when it is asked for by name.
        chosen = definitions.calendar.only.get(name)
        if chosen is not None and period.id not in chosen and not (only or "").startswith(f"{name}/"):
            continue
        due = due_at(workspace, name, period)
        known = _as_of(workspace, period, as_of, due)
        for unit in _units(workspace, product, period, known):
            found.append(Issue(name, period, unit, known, due))
    if not found:
        kinds = sorted({p.period for p in definitions.products.values()})
        raise PublishError(f"no product is made for a {period.kind} ({period.id}). Products are made for: {', '.join(kinds)}.")
    kept = [i for i in found if only is None or fnmatch(str(i), only)]
    if not kept:
        # By product first: that is the word most often mistyped, and the list of all issues may be long.
        products_ = sorted({f"{i.product}/*" for i in found})
        raise unknown("issue like", str(only), products_ if f"{str(only).split('/')[0]}/*" not in products_ else map(str, found))
    return kept


def due_issues(workspace: Workspace, *, now: datetime | None = None) -> list[Issue]:
    """Every issue the calendar wanted by now, each as of its own period's cut-off; periods missed are caught up."""
    now = now or workspace.now
    definitions = workspace.definitions
    found: list[Issue] = []
    for name in definitions.calendar.due:
        product = definitions.products[name]
        first = Period(definitions.calendar.first.get(name) or definitions.campaign.period_of(
            definitions.campaign.starts, product.period).id, definitions.campaign.week_start)
        chosen = definitions.calendar.only.get(name)
        for period in periods_between(first.starts, definitions.campaign.ends, product.period, first.week_start):
            if (chosen is not None and period.id not in chosen) or not has_issue(workspace, name, period):
                continue
            if due_at(workspace, name, period) > now:
                break
            # A period nobody filed for has nothing to tell; it is caught up when its filings come. A day has no filings of
            # its own: it tells of those that were coming in.
            filed_for = workspace.collecting(period.ends) if period.kind == "day" != definitions.campaign.period else period
            if workspace.has_filings(filed_for, min(workspace.cut_off(period), due_at(workspace, name, period))):
                found += issues_of(workspace, period, products=[name])
    return found


def _as_of(workspace: Workspace, period: Period, said: datetime | str | None, due: datetime) -> datetime:
    if isinstance(said, datetime):
        return said
    if said == "latest":
        return workspace.as_of()
    if said:
        return workspace.as_of(said)
    latest, cut_off = workspace.as_of(), min(workspace.cut_off(period), due)
    if latest <= cut_off:
        return latest
    if workspace.store.version(cut_off) is None:
        raise JianbaoError(f"nothing had been received by the cut-off of {period.id} ({cut_off:%Y-%m-%d %H:%M}). "
                           "Say --as-of latest to use what came later.")
    return cut_off


def _units(workspace: Workspace, product: Product, period: Period, as_of: datetime) -> list[str]:
    tree = workspace.register_at(as_of).on(period.ends)
    root = workspace.definitions.campaign.root
    children = [u.code for u in tree.children(root)]
    found: list[str] = []
    for said in (product.units,) if isinstance(product.units, str) else product.units:
        match said:
            case "root":
                found.append("root")
            case "children":
                found += children
            case "all":
                found += ["root", *children]
            case "teams":
                found += [t.code for t in workspace.team_list(period.ends, as_of)]
            case _ if said in tree:
                found.append(said)
            case _:
                found += [u.code for u in tree.order if u.org_type == said]
    return list(dict.fromkeys(found))
