"""An opened brief: asks for numbers, says sentences, shows tables and charts. Imports this room, numbers, workspace.

Everything shown is also kept in `parts`, so that a plain script can write a document too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from jianbao.brief import braces, exhibits, printing, prose
from jianbao.brief.figures import Figures, as_of_text
from jianbao.brief.parts import Document, FindingLine, Findings, Foot, Head, Heading, Part, Prose, Run
from jianbao.calendar import due_at, issue_number
from jianbao.definitions.campaign import Product
from jianbao.definitions.catalogue import IN_PERIOD, Form
from jianbao.definitions.period import Period, long_date
from jianbao.definitions.register import Unit
from jianbao.errors import BriefError, unknown
from jianbao.numbers import compare
from jianbao.numbers import reported as published
from jianbao.numbers.cube import Cube, Scope
from jianbao.numbers.diagnose import Verdict, verdicts
from jianbao.numbers.readings import Reading, Readings, read, readings
from jianbao.workspace import Workspace, open_workspace

FINDINGS_SHOWN = 100


def open_brief(period: str = "", unit: str = "root", as_of: str = "", *, product: str | None = None,
               workspace: Workspace | None = None) -> Brief:
    """The brief of a unit for a period as known at `as_of` (empty: the last receive).

    `unit` is a code, a name, or root. The product (its head and foot) is JIANBAO_PRODUCT, else the first of the period's
    kind. Raises UnknownName, with suggestions, before anything is computed.
    """
    workspace = workspace or open_workspace()
    wanted = workspace.period(period)
    known = workspace.as_of(as_of)
    register = workspace.register_at(known)
    code = workspace.definitions.campaign.root if unit in ("", "root") else register.find(unit, wanted.ends)
    found = register.on(wanted.ends)[code]
    name = product or os.environ.get("JIANBAO_PRODUCT") or next(
        (n for n, p in workspace.definitions.products.items() if p.period == wanted.kind),
        next(iter(workspace.definitions.products), None))
    if name is not None and name not in workspace.definitions.products:
        raise unknown("product", name, workspace.definitions.products)
    brief = Brief(workspace, wanted, found, known, name)
    from jianbao.brief import ipython

    ipython.attach(brief)
    return brief


class Brief:
    """See `open_brief`. Shown as its own head: title, unit path, data version, 应报/实报, open findings."""

    def __init__(self, workspace: Workspace, period: Period, unit: Unit, as_of: datetime, product: str | None) -> None:
        self.workspace, self.period, self.unit, self.as_of, self.product_name = workspace, period, unit, as_of, product
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
    def filing(self) -> Any:
        """One row per unit and ledger due below the brief's unit."""
        tree = self.workspace.register_at(self.as_of).on(self.period.ends)
        inside = {u.code for u in tree.subtree(self.unit.code)}
        frame = self.workspace.filing(self.period, self.as_of)
        return frame[frame["unit"].isin(inside)]

    @cached_property
    def filed(self) -> tuple[int, int]:
        """应报 and 实报: units due to file, and those of them with everything due accepted."""
        by_unit = self.filing.groupby("unit")["filed"].all() if len(self.filing) else []
        return len(by_unit), int(sum(by_unit))

    @property
    def head(self) -> Head:
        p, campaign = self.product, self.workspace.definitions.campaign
        number, total = self.number
        return Head(name=p.name, title=self.title, issuer=p.issuer, issued_on=self.issued_on.isoformat(),
                    period=self.period.id, period_label=self.period.label, unit=self.unit.code,
                    unit_name=" › ".join(u.label for u in self.path), as_of=self.as_of.isoformat(), number=number,
                    total=total, secrecy=p.secrecy or campaign.secrecy, filed=self.filed, issue=self.issue,
                    open_findings=len(self._findings))

    @property
    def title(self) -> str:
        return "".join(r.text for r in braces.fill(self, self.product.title))

    @property
    def issue(self) -> str:
        root = self.workspace.definitions.campaign.root
        return f"{self.product_name}/{self.period.id}/{'root' if self.unit.code == root else self.unit.code}"

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
        """Readings of the units `of`: children, peers (comparable children), descendants, self, or unit codes."""
        ids = [self.workspace.definitions.catalogue[n].id for n in names]
        return readings(self.cube, ids, self._units(of, ids[0]), self.period, form=form, scope=scope)

    def verdicts(self) -> list[Verdict]:
        return verdicts(self.cube, self.unit.code, self.period)

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
                self.show(Heading("".join(r.text for r in braces.fill(self, title)), level=max(1, len(marks) - 1)))
                continue
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

    def progress(self, name: str, *, title: str = "") -> None:
        """A chart of the comparable children against 序时."""
        self.show(exhibits.progress(self[name], self.figures, title=title))

    def trend(self, name: str, *, last: int = 8, form: Form | None = None, title: str = "") -> None:
        """A chart of the last periods; flows are read 期内 unless said otherwise."""
        reading = self[name]
        i = reading.indicator
        form = form or (IN_PERIOD if IN_PERIOD in i.forms and not i.is_percent else i.default_form)
        first = self.workspace.definitions.campaign.starts
        periods = [p for p in self.period.last(last) if p.ends >= first]
        cube = Cube(self.workspace, periods, as_of=self.as_of, indicators=[i.id])
        known = [read(cube, i.id, reading.unit.code, p, form=form, scope=reading.scope)
                 if reading.unit.code in cube.tree(p) else None for p in periods]
        self.show(exhibits.trend(known, self.figures, title=title, labels=[_short(p) for p in periods]))

    def caveats(self) -> None:
        """Says so, in plain sight, when too few filed for the period to be told by; otherwise nothing."""
        due, filed = self.filed
        threshold = self.workspace.definitions.campaign.thresholds.same_coverage
        if due and filed / due < threshold:
            self.show(Prose((Run("报送提示：", strong=True), Run(
                f"{self.period.this}应报单位{due}个，报齐{filed}个，不足{threshold:.0%}。累计数和时点数沿用各单位上次报送，"
                "不作环比，不排位次。"))))

    def revisions(self, *, limit: int = 6) -> None:
        """修订说明: previous figures that a printed comparison rests on and that have changed since their own cut-off.

        Late and corrected filings change them; a reader who adds up two issues would otherwise find a clash.
        """
        before = self.period.previous()
        then = self.workspace.cut_off(before)
        if then >= self.as_of or self.workspace.store.version(then) is None:
            return
        compared = {(r.indicator.id, r.unit.code, r.form, r.scope): r for _, r, _, derived in self.figures.readings()
                    if derived == "环比" and r.period == self.period}
        old = Cube(self.workspace, [before], as_of=then, indicators=dict.fromkeys(key[0] for key in compared))
        said = []
        for (indicator, unit, form, scope), r in compared.items():
            now = r.previous()
            if now is None or unit not in old.tree(before):
                continue
            was = read(old, indicator, unit, before, form=form, scope=scope)
            if was.value is not None and now.value is not None and printing.printed(was) != printing.printed(now):
                whose = "" if unit == self.unit.code else r.unit.label
                what = r.indicator.title.zh + (f"（{form}）" if len(r.indicator.forms) > 1 else "")
                said.append(f"{whose}{what}由{printing.printed(was)}调整为{printing.printed(now)}")
        if said:
            more = f"等{len(said)}项" if len(said) > limit else ""
            self.show(Prose((Run("修订说明：", strong=True), Run(
                f"因迟报、更正，{before.label}的数与当期印发时不同，{'，'.join(said[:limit])}{more}。"
                "本期环比按调整后的数计算。")), role="note"))

    def findings(self, *, title: str = "数据核查情况") -> None:
        """What is open in the data behind this brief: a summary for all, the lines for the working paper."""
        items = self._findings
        errors = sum(f.severity == "error" for f in items)
        due, filed = self.filed
        units = self.workspace.register_at(self.as_of).on(self.period.ends).position
        labels = {u.code: u.label for u in self.workspace.register_at(self.as_of).units}
        lines = tuple(FindingLine(f.severity, labels.get(f.unit, f.unit), f.place, f.message, f.remedy)
                      for f in sorted(items, key=lambda f: (f.severity, units.get(f.unit, 0)))[:FINDINGS_SHOWN])
        returned = int(self.filing.groupby("unit")["returned"].any().sum()) if len(self.filing) else 0
        summary = (f"{self.period.this}应报单位{due}个，实报{filed}个，退回未重报{returned}个，"
                   f"未报{max(due - filed - returned, 0)}个；") if due else ""
        summary += (f"核查发现错误{errors}处，提示{len(items) - errors}处。" if items else "核查未发现问题。")
        self.show(Findings(title=title, summary=summary, items=lines, more=max(0, len(items) - len(lines))))

    def suggestions(self, *, limit: int = 6) -> None:
        """The rules of diagnosis that hold: evidence first, then what to do; one paragraph each."""
        held = self.verdicts()[:limit]
        for n, verdict in enumerate(held):
            lead = f"{'一二三四五六七八九十'[n]}是" if 1 < len(held) <= 10 else ""
            self.show(Prose((Run(lead, strong=True), *braces.fill(self, verdict.rule.evidence + verdict.rule.suggest))))

    def sources(self) -> None:
        """The closing line, the definitions, and for the working paper the notes behind every figure. Put it last."""
        due, filed = self.filed
        closing = (f"数据截至{long_date(self.period.ends)}，接收至{as_of_text(self.as_of)}；"
                   + (f"应报{due}个、实报{filed}个；" if due else "") + "口径见附件。")
        self.show(self.figures.sources(closing, rounding=self.workspace.definitions.campaign.rounding))
        p = self.product
        if p.report_to or p.send_to or p.issue_to or p.copies:
            self.show(Foot(p.report_to, p.send_to, p.issue_to, p.copies))

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
    def _findings(self) -> list[Any]:
        tree = self.workspace.register_at(self.as_of).on(self.period.ends)
        inside = {u.code for u in tree.subtree(self.unit.code)}
        filed = self.workspace.store.findings(as_of=self.as_of, period=self.period.id, units=inside)
        return [*filed, *published.findings(self.cube, self.unit.code, self.period)]

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
            case "self":
                return [self.unit.code]
        return [self.workspace.register_at(self.as_of).find(of, self.period.ends)]


def _short(period: Period) -> str:
    if period.kind == "week":
        return f"{period.starts.month}.{period.starts.day}—{period.ends.month}.{period.ends.day}"
    return period.label.removeprefix(f"{period.starts.year}年") or period.label

