"""An opened brief: asks for numbers, says sentences, shows tables and charts. Imports this room, numbers, workspace.

Everything shown is also kept in `parts`, so that a plain script can write a document too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from jianbao.brief import exhibits, printing, prose
from jianbao.brief.figures import Figures, as_of_text
from jianbao.brief.parts import Document, FindingLine, Findings, Foot, Head, Heading, Part, Prose, Run
from jianbao.definitions.campaign import Product
from jianbao.definitions.catalogue import IN_PERIOD, Form
from jianbao.definitions.period import Period, long_date, month_day
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
        return Head(name=p.name, title=self._fill(p.title), issuer=p.issuer, issued_on=self.issued_on.isoformat(),
                    period=self.period.id, period_label=self.period.label, unit=self.unit.code,
                    unit_name=" › ".join(u.label for u in self.path), as_of=self.as_of.isoformat(), number=number,
                    total=total, secrecy=p.secrecy or campaign.secrecy, filed=self.filed, issue=self.issue,
                    open_findings=len(self._findings))

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
        return self._read(brace)

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
                self.show(Heading("".join(r.text for r in self._runs(title)), level=max(1, len(marks) - 1)))
                continue
            runs = self._runs(paragraph)
            if "".join(r.text for r in runs).strip():
                self.show(Prose(tuple(runs), role=role, face="working" if face == "working" else "issued"))

    def heading(self, text: str, level: int = 1) -> None:
        self.show(Heading(text, level))

    def table(self, values: Readings, *, title: str, by: str | None = None, total: bool = False,
              unit_title: str = "单位", notes: Sequence[str] = ()) -> None:
        """A table of readings; `total` adds the brief's own unit in the last row."""
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
        for n, verdict in enumerate(self.verdicts()[:limit]):
            lead = f"{'一二三四五六七八九十'[n]}是" if limit <= 10 else ""
            self.show(Prose((Run(lead, strong=True), *self._runs(verdict.rule.evidence + verdict.rule.suggest))))

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
        return (f"{self._fill(self.product.title)} · {' › '.join(u.label for u in self.path)} · {self.period.label} · "
                f"数据版本{as_of_text(self.as_of)} · " + (f"应报{due}个、实报{filed}个 · " if due else "")
                + f"待处理核查{len(self._findings)}条")

    # Braces

    def words(self) -> dict[str, str]:
        """The fixed words of this brief that a brace may name, with the campaign's facts."""
        campaign = self.workspace.definitions.campaign
        due, filed = self.filed
        number, _ = self.number
        whole = campaign.whole if self.unit.code == campaign.root and campaign.whole else self.unit.label
        return {**campaign.facts, "截止日": month_day(self.period.ends), "截止日期": long_date(self.period.ends),
                "统计期": self.period.label, "本期": self.period.this, "上期": self.period.that, "单位": self.unit.label,
                "全域": whole, "应报": f"{due}个", "实报": f"{filed}个", "期号": f"第{number}期" if number else "",
                "数据版本": as_of_text(self.as_of)}

    def _fill(self, text: str) -> str:
        return "".join(r.text for r in self._runs(text))

    def _runs(self, text: str) -> list[Run]:
        definitions = self.workspace.definitions
        runs: list[Run] = []
        for piece in prose.parse(text, definitions.catalogue, definitions.campaign.facts):
            if isinstance(piece, prose.Text):
                runs.append(Run(piece.text))
            elif isinstance(piece, prose.Brace):
                run = self._resolve(piece)
                runs.append(run or Run(printing.NO_DATA if not piece.derived else ""))
            else:
                inside = [Run(p.text) if isinstance(p, prose.Text) else self._resolve(p) for p in piece.pieces]
                if all(run is not None for run in inside):
                    runs += [run for run in inside if run is not None]
        return [r for r in runs if r.text]

    def _resolve(self, brace: prose.Brace) -> Run | None:
        """None when there is nothing to say: an optional part then drops out."""
        if brace.kind == "literal":
            return Run(brace.name)
        if brace.kind == "word":
            words = self._words_early() if brace.name in _EARLY else self.words()
            return Run(words[brace.name]) if words.get(brace.name) else None
        reading = self._read(brace)
        if brace.derived is None:
            if reading.value is None:
                return None
            text = printing.printed(reading, bare=brace.bare)
            return Run(text, self.figures.add(reading, text))
        text = self._derived(brace.derived, reading)
        return Run(text, self.figures.add(reading, text, brace.derived)) if text else None

    def _words_early(self) -> dict[str, str]:
        """Words that need no filing status, which a title may use before anything is computed."""
        campaign = self.workspace.definitions.campaign
        whole = campaign.whole if self.unit.code == campaign.root and campaign.whole else self.unit.label
        return {"截止日": month_day(self.period.ends), "截止日期": long_date(self.period.ends), "全域": whole,
                "统计期": self.period.label, "单位": self.unit.label, "本期": self.period.this, "上期": self.period.that}

    def _read(self, brace: prose.Brace) -> Reading:
        unit = self.unit.code
        if brace.unit:
            unit = self.workspace.register_at(self.as_of).find(brace.unit, self.period.ends)
        form: Any = brace.form
        scope: Any = brace.scope
        return read(self.cube, brace.name, unit, self.period, form=form, scope=scope)

    def _derived(self, what: str, r: Reading) -> str:
        match what:
            case "环比":
                return printing.change_clause(compare.change(r))
            case "同比":
                return printing.change_clause(compare.change(r, r.period.year_ago()))
            case "序时":
                return printing.schedule_clause(compare.schedule_of(r))
            case "完成率":
                return printing.completion_clause(compare.completion(r), r)
            case "占比":
                campaign = self.workspace.definitions.campaign
                share = compare.share_of(r)
                whole = campaign.whole if share is not None and share.of.code == campaign.root else ""
                return printing.share_clause(share, whole)
            case "位次":
                found = [k for k in compare.ranked(compare.peers(r)) if k.reading.unit.code == r.unit.code]
                return printing.rank_clause(found[0] if found else None)
            case "差额":
                return printing.gap_clause(published.gap_of(r))
        ranks = compare.ranked(compare.comparable_children(r))
        return printing.rank_names(printing.best(ranks, last=what == "后三"))

    @cached_property
    def _findings(self) -> list[Any]:
        tree = self.workspace.register_at(self.as_of).on(self.period.ends)
        inside = {u.code for u in tree.subtree(self.unit.code)}
        filed = self.workspace.store.findings(as_of=self.as_of, period=self.period.id, units=inside)
        return [*filed, *published.findings(self.cube, self.unit.code, self.period)]

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


_EARLY = ("截止日", "截止日期", "统计期", "本期", "上期", "单位", "全域")


def due_at(workspace: Workspace, product: str | None, period: Period) -> datetime:
    """When the calendar wants the issue of a period, moved past days off where the calendar knows 调休."""
    calendar = workspace.definitions.calendar
    moment = calendar.due.get(product or "")
    at = moment.after(period) if moment else calendar.cut_off.after(period)
    return worked_day(at) if calendar.work_days == "cn" else at


def worked_day(at: datetime) -> datetime:
    """`at`, or the same time on the next day that is worked in China (weekends swapped for holidays included)."""
    from datetime import timedelta

    import chinese_calendar

    try:
        while not chinese_calendar.is_workday(at.date()):
            at += timedelta(days=1)
    except NotImplementedError:     # a year the holiday table does not cover yet: weekends only
        while at.weekday() >= 5:
            at += timedelta(days=1)
    return at


def issue_number(workspace: Workspace, product: str | None, period: Period) -> tuple[int | None, int | None]:
    """期号 of the year and the running number: the ordinal of the period's due date in the calendar, whatever ran when."""
    calendar = workspace.definitions.calendar
    if product is None or product not in calendar.first:
        return None, None
    p = workspace.definitions.products[product]
    from jianbao.definitions.period import periods_between

    first = Period(calendar.first[product], period.week_start)
    if period < first:
        return None, None
    due = [due_at(workspace, product, q) for q in periods_between(first.starts, period.ends, period.kind, period.week_start)]
    same_year = sum(d.year == due[-1].year for d in due)
    number = same_year + (p.first_number - 1 if due[-1].year == due[0].year else 0)
    return number, len(due) + p.first_number - 1 + p.total_before


def _short(period: Period) -> str:
    if period.kind == "week":
        return f"{period.starts.month}.{period.starts.day}—{period.ends.month}.{period.ends.day}"
    return period.label.removeprefix(f"{period.starts.year}年") or period.label


__all__ = ["Brief", "due_at", "issue_number", "open_brief"]
