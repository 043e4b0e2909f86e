"""An opened brief: asks for numbers, says sentences, shows tables and charts. Imports this room, numbers, workspace.

Everything shown is also kept in `parts`, so that a plain script can write a document too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from jianbao import issued
from jianbao.brief import aside, braces, claims, exhibits, prose, revising, suppress
from jianbao.brief.ahead import Ahead
from jianbao.brief.charting import Charting
from jianbao.brief.diagnosis import Diagnosing, refuse_indices
from jianbao.brief.digest import Digest, collecting
from jianbao.brief.figures import Figures, as_of_text
from jianbao.brief.parts import Document, FindingLine, Findings, Foot, Head, Heading, Part, Prose, Run
from jianbao.calendar import due_at, issue_number
from jianbao.definitions.campaign import Product
from jianbao.definitions.catalogue import Form
from jianbao.definitions.finding import Finding
from jianbao.definitions.period import Period, long_date
from jianbao.definitions.register import Team, Unit
from jianbao.errors import BriefError, unknown
from jianbao.numbers import compare, copies
from jianbao.numbers import reported as published
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.diagnose import Outcome, outcomes
from jianbao.numbers.identities import Checked
from jianbao.numbers.readings import Reading, Readings, read, readings
from jianbao.workspace import Workspace, open_workspace

FINDINGS_SHOWN = 100


def open_brief(period: str = "", unit: str = "root", as_of: str = "", *, product: str | None = None,
               workspace: Workspace | None = None) -> Brief:
    """The brief of a unit for a period as known at `as_of` (empty: the last receive).

    `unit` is a code, a name, a liaison group's code, or root. The product (its head and foot) is JIANBAO_PRODUCT, else the
    first of the period's kind. Raises UnknownName, with suggestions, before anything is computed.
    """
    workspace = workspace or open_workspace()
    wanted = workspace.period(period)
    known = workspace.as_of(as_of)
    register = workspace.register_at(known)
    team = next((t for t in workspace.team_list(wanted.ends, known) if t.code == unit), None)
    root = workspace.definitions.campaign.root
    code = root if unit in ("", "root") or team else register.find(unit, wanted.ends)
    found = register.on(wanted.ends)[code]
    name = product or os.environ.get("JIANBAO_PRODUCT") or next(
        (n for n, p in workspace.definitions.products.items() if p.period == wanted.kind),
        next(iter(workspace.definitions.products), None))
    if name is not None and name not in workspace.definitions.products:
        raise unknown("product", name, workspace.definitions.products)
    brief = Brief(workspace, wanted, found, known, name, team)
    from jianbao.brief import ipython

    ipython.attach(brief)
    return brief


class Brief(Ahead, Charting, Digest, Diagnosing):
    """See `open_brief`. Shown as its own head: title, unit path, data version, 应报/实报, open findings."""

    def __init__(self, workspace: Workspace, period: Period, unit: Unit, as_of: datetime, product: str | None,
                 team: Team | None = None) -> None:
        self.workspace, self.period, self.unit, self.as_of, self.product_name = workspace, period, unit, as_of, product
        self.team = team                # a liaison group: the brief speaks of its units, and `unit` is the root
        self.figures = Figures()
        self.parts: list[Part] = []

    # What it is about

    @property
    def product(self) -> Product:
        products = self.workspace.definitions.products
        if self.product_name is None:
            raise BriefError("params/briefs.yml names no product, so the brief has no head.")
        return products[self.product_name]

    @cached_property
    def cube(self) -> Cube:
        """Every indicator for this period and the one before, computed once."""
        first = self.workspace.definitions.campaign.starts
        periods = [p for p in (self.period, self.period.previous()) if p.ends >= first]
        return Cube(self.workspace, periods, as_of=self.as_of)

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The units the brief speaks of: its unit and all below, or the liaison group's own."""
        if self.team is not None:
            return self.team.units
        return tuple(u.code for u in self.workspace.register_at(self.as_of).on(self.period.ends).subtree(self.unit.code))

    @property
    def label(self) -> str:
        return self.team.name if self.team is not None else self.unit.label

    @cached_property
    def filing(self) -> Any:
        """One row per ledger due of each of the brief's units; a day tells of the period that is coming in."""
        frame = self.workspace.filing(collecting(self), self.as_of)
        return frame[frame["unit"].isin(self.members)]

    @cached_property
    def filed(self) -> tuple[int, int]:
        """应报 and 实报: units due to file, and those of them with everything due accepted."""
        by_unit = self.filing.groupby("unit")["filed"].all() if len(self.filing) else []
        return len(by_unit), int(sum(by_unit))

    @property
    def head(self) -> Head:
        p, campaign = self.product, self.workspace.definitions.campaign
        number, total = self.number
        whose = self.label if self.team else " › ".join(u.label for u in self.path)
        return Head(name=p.name, title=self.title, issuer=p.issuer, issued_on=self.issued_on.isoformat(),
                    period=self.period.id, period_label=self.period.label, unit=self.unit.code,
                    unit_name=whose, as_of=self.as_of.isoformat(), number=number,
                    total=total, secrecy=p.secrecy or campaign.secrecy, filed=self.filed, issue=self.issue,
                    open_findings=len(self._findings))

    @property
    def title(self) -> str:
        return suppress.plain(braces.fill(self, self.product.title), self.figures)

    @property
    def issue(self) -> str:
        root = self.workspace.definitions.campaign.root
        unit = self.team.code if self.team else "root" if self.unit.code == root else self.unit.code
        return f"{self.product_name}/{self.period.id}/{unit}"

    @property
    def path(self) -> tuple[Unit, ...]:
        return self.workspace.register_at(self.as_of).on(self.period.ends).path(self.unit.code)

    @property
    def issued_on(self) -> Any:
        """The day the calendar says the issue is due."""
        return due_at(self.workspace, self.product_name, self.period).date()

    @property
    def number(self) -> tuple[int | None, int | None]:
        return issue_number(self.workspace, self.product_name, self.period)

    # Numbers

    def __getitem__(self, name: str) -> Reading:
        """brief["登记事项数"], brief["登记事项数.期内"], brief["A01@C01"]: a reading of the brief's unit and period."""
        brace = prose.braces("{" + name + "}", self.workspace.definitions.catalogue)[0]
        if brace.derived:
            raise BriefError(f"{name}: {brace.derived} is derived. Use jb.compare on the reading.")
        return braces.reading_of(self, brace)

    def readings(self, *names: str, of: str | Sequence[str] = "children", form: Form | None = None,
                 scope: Scope = "subtree") -> Readings:
        """Readings of the units `of`: children, peers (comparable children), descendants, members (of a liaison group, else
        the unit and all below), self, or unit codes."""
        ids = [self.workspace.definitions.catalogue[n].id for n in names]
        return readings(self.cube, ids, self._units(of, ids[0]), self.period, form=form, scope=scope)

    def verdicts(self) -> list[Outcome]:
        """What became of every verdict of params/diagnosis.yml: held, not held, or insufficient data to judge."""
        return outcomes(self.cube, self.unit.code, self.period)

    def trace(self, figure: str) -> Any:
        """The ledger rows behind a printed figure, by its id: brief.trace("f3")."""
        for id_, reading, _, _ in self.figures.readings():
            if id_ == figure:
                return reading.rows()
        raise unknown("figure", figure, [x[0] for x in self.figures.readings()])

    # Showing

    def say(self, text: str, role: str = "body", *, face: str = "issued") -> None:
        """Each paragraph with its braces filled. Raises BriefError that points at the brace."""
        for paragraph in prose.paragraphs(text):
            if paragraph.startswith("#"):
                marks, _, title = paragraph.partition(" ")
                self.show(Heading(suppress.plain(braces.fill(self, title), self.figures), level=max(1, len(marks) - 1)))
                continue
            if face != "working":
                refuse_indices(self, paragraph)
            runs = braces.fill(self, paragraph)
            if "".join(r.text for r in runs).strip():
                self.show(Prose(tuple(runs), role=role, face="working" if face == "working" else "issued"))

    def heading(self, text: str, level: int = 1) -> None:
        self.show(Heading(text, level))

    def table(self, values: Readings, *, title: str, by: str | None = None, total: bool = False,
              unit_title: str = "单位", notes: Sequence[str] = ()) -> None:
        """A table of readings; `total` adds the brief's own unit in the last row."""
        if total and (left := self._left_out(values)):
            notes = [*notes, f"合计含表中未列的{left}个单位及其下属。"]
        totals = [read(self.cube, i.id, self.unit.code, self.period, form=values.only(i.id)[0].form,
                       scope=values.only(i.id)[0].scope) for i in values.indicators] if total else None
        self.show(exhibits.table(values, self.figures, title=title, by=by, total=totals, unit_title=unit_title,
                                 notes=notes))

    def reported(self, *names: str, of: str | Sequence[str] = "self", title: str,
                 notes: Sequence[str] = ()) -> None:
        """A table of totals as their source published them, beside the sums of the parts and the differences."""
        ids = [self.workspace.definitions.catalogue[n].id for n in names]
        gaps = published.gaps(self.cube, ids, self._units(of, ids[0]), self.period)
        self.show(exhibits.reported(gaps, self.figures, title=title, notes=notes))

    def caveats(self) -> None:
        """Says so, in plain sight, when too few filed for the period to be told by; otherwise nothing."""
        due, filed = self.filed
        threshold = self.workspace.definitions.campaign.thresholds.same_coverage
        if due and filed / due < threshold:
            self.show(Prose((Run("报送提示：", strong=True), Run(
                f"{self.period.this}应报单位{due}个，报齐{filed}个，不足{threshold:.0%}。报送不足的台账，累计数和时点数沿用各单位"
                "上次报送，不作环比，不排位次。"))))

    def revisions(self, *, limit: int = 4) -> None:
        """修订说明: what the last issue printed and would print otherwise now: a sentence, and a table for the working paper."""
        revising.show(self, limit=limit)

    def as_printed(self, name: str, issue: str = "") -> issued.PrintedFigure | None:
        """brief.as_printed("事项办结率", issue="weekly/2023-W41/root"): a figure of the brief's unit as that issue printed it.

        Without an issue, the last one of this product. None when it was not printed there.
        """
        brace = prose.braces("{" + name + "}", self.workspace.definitions.catalogue)[0]
        r = braces.reading_of(self, brace)
        said = issued.printed(self.workspace, issue) if issue else revising.last_printed(self)
        return said.find(r.indicator.id, unit=r.unit.code, form=r.form, scope=r.scope) if said is not None else None

    def findings(self, *, title: str = "数据核查情况") -> None:
        """What is open in the data behind this brief: a summary for all, the lines for the working paper."""
        items = [*self._findings, *claims.other_dates(self)]
        errors = sum(f.severity == "error" for f in items)
        due, filed = self.filed
        units = self.workspace.register_at(self.as_of).on(self.period.ends).position
        labels = {u.code: u.label for u in self.workspace.register_at(self.as_of).units}
        lines = tuple(FindingLine(f.severity, labels.get(f.unit, f.unit), f.place, f.message, _to_do(f))
                      for f in sorted(items, key=lambda f: (f.severity, units.get(f.unit, 0)))[:FINDINGS_SHOWN])
        returned = int(self.filing.groupby("unit")["returned"].any().sum()) if len(self.filing) else 0
        summary = (f"{self.period.this}应报单位{due}个，实报{filed}个，退回未重报{returned}个，"
                   f"未报{max(due - filed - returned, 0)}个；") if due else ""
        waiting = sum(f.explain and not f.explanation for f in items)
        summary += (f"核查发现错误{errors}处，提示{len(items) - errors}处{f'（待说明{waiting}处）' if waiting else ''}。" if items
                    else "核查未发现问题。")
        self.show(Findings(title=title, summary=summary, items=lines, more=max(0, len(items) - len(lines))))

    def identities(self, *, title: str = "勾稽关系核对") -> None:
        """For the working paper: every identity with both sides, and whether it holds."""
        self.show(claims.table(self, title))

    def sources(self) -> None:
        """The closing line, the definitions, and for the working paper the notes behind every figure. Put it last."""
        due, filed = self.filed
        closing = (f"数据截至{long_date(self.period.ends)}，接收至{as_of_text(self.as_of)}；"
                   + (f"应报{due}个、实报{filed}个；" if due else ""))
        closing = f"{closing}口径见附件。" if self.figures.readings() else f"{closing.removesuffix('；')}。"
        if (remembered := self._remembered()) is not None:
            self.show(remembered)
        said = self.figures.sources(closing, rounding=self.workspace.definitions.campaign.rounding)
        self.show(replace(said, hidden=suppress.hidden(self.parts, self.figures)))
        aside.write(self.figures)
        p = self.product
        if p.report_to or p.send_to or p.issue_to or p.copies:
            self.show(Foot(p.report_to, p.send_to, p.issue_to, p.copies, p.even_pages))

    def show(self, part: Part) -> None:
        """Keeps a part and, in a notebook, shows it."""
        from jianbao.brief import ipython

        self.parts.append(part)
        ipython.display(part)

    @property
    def document(self) -> Document:
        return Document((self.head, *self.parts))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from jianbao.brief import ipython

        return ipython.bundle(self.head)

    def __repr__(self) -> str:
        due, filed = self.filed
        return (f"{self.title} · {' › '.join(u.label for u in self.path)} · {self.period.label} · "
                f"数据版本{as_of_text(self.as_of)} · " + (f"应报{due}个、实报{filed}个 · " if due else "")
                + f"待处理核查{len(self._findings)}条")

    @cached_property
    def checked(self) -> list[Checked]:
        """Every identity asked of the brief's units, as it stands."""
        return claims.checked(self)

    @cached_property
    def _findings(self) -> list[Any]:
        from jianbao.intake import corrections

        filed = self.workspace.store.findings(as_of=self.as_of, period=self.period.id, units=set(self.members))
        copied = [f for f in copies.findings(self.workspace, self.period, self.as_of) if f.unit in self.members]
        root = self.workspace.definitions.campaign.root
        open_ = [f for f in corrections.findings(self.workspace, self.as_of, ends=self.period.ends)
                 if (f.unit or root) in self.members]
        return [*filed, *open_, *copied, *published.findings(self.cube, self.unit.code, self.period), *claims.findings(self)]

    def _left_out(self, values: Readings) -> int:
        """Children of the brief's unit that a table does not list, though its total counts them."""
        children = {u.code for u in self.cube.tree(self.period).children(self.unit.code)}
        shown = {u.code for u in values.units}
        return len(children - shown) if shown <= children else 0

    def _units(self, of: str | Sequence[str], indicator: str) -> list[str]:
        tree = self.cube.tree(self.period)
        if not isinstance(of, str):
            return [self.workspace.register_at(self.as_of).find(u, self.period.ends) for u in of]
        match of:
            case "children":
                return [u.code for u in tree.children(self.unit.code)]
            case "peers":
                reading = read(self.cube, indicator, self.unit.code, self.period)
                return [r.unit.code for r in compare.comparable_children(reading)]
            case "descendants":
                return [u.code for u in tree.subtree(self.unit.code)][1:]
            case "members":
                return list(self.members)
            case "self":
                return [self.unit.code]
        return [self.workspace.register_at(self.as_of).find(of, self.period.ends)]


def _to_do(f: Finding) -> str:
    """What is left to do about a finding: nothing, once it is explained."""
    return f"已说明：{f.explanation}" if f.explanation else f"待说明。{f.remedy}" if f.explain else f.remedy
