"""The look at filing: what came in, who is missing, what is wrong since the last look. Imports roster, parts; a facet of Brief."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from jianbao.brief.earlier import period_before
from jianbao.brief.facet import Facet
from jianbao.brief.parts import Column, Prose, Run, Table
from jianbao.calendar import due_at
from jianbao.definitions.period import Period, month_day
from jianbao.intake.roster import NO_GROUP, Entry, Roster, roster

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief

LISTED = 12             # names in one cell, returned sheets in the issued copy
NOBODY = "无"
LIST_AHEAD = timedelta(days=3)


class Digest(Facet):
    """What `Brief` tells of filing as it comes in."""

    def arrivals(self, *, after: datetime | None = None) -> None:
        """What came in since the issue before was due (or `after`), and the returned sheets with the first reason for each."""
        arrivals(self._brief, after)

    def missing(self, *, title: str = "") -> None:
        """Who has not filed for the period that is coming in: by liaison group, or by unit within one; and the time left."""
        missing(self._brief, title=title)

    def exceptions(self, *, after: datetime | None = None) -> None:
        """What checks found in the filings since the issue before, by kind, errors first."""
        exceptions(self._brief, after)


def since(brief: Brief) -> datetime:
    """When the issue before this one was due; the start of the campaign for the first."""
    before = period_before(brief)
    if before is None:
        return datetime.combine(brief.workspace.definitions.campaign.starts, datetime.min.time())
    return due_at(brief.workspace, brief.product_name, before)


def collecting(brief: Brief) -> Period:
    """The filing period that is coming in: the brief's own, or for a day the one whose cut-off is ahead."""
    return brief.workspace.collecting(brief.period.ends) if brief.period.kind == "day" else brief.period


def arrivals(brief: Brief, after: datetime | None = None) -> None:
    """What came in since `after`: counts, and the returned sheets with the first reason for each."""
    after = after or since(brief)
    frame = brief.workspace.store.filings(brief.as_of)
    frame = frame[(frame["received_at"] > after) & frame["unit"].isin(brief.members)]
    sheets = frame.drop_duplicates("submission")
    lead, span = f"{_moment(after)}至{_moment(brief.as_of)}，", f"{_moment(after)}（不含）至{_moment(brief.as_of)}"
    if not len(sheets):
        brief.show(Prose((Run(f"{lead}没有收到报送。"),)))
        return
    count = _counter(brief, span)
    good = sheets[sheets["accepted"]]
    runs = [Run(lead), Run("收到报表文件"), count("来文份数", sheets["delivery"].nunique(), "份", "收到的报表文件数"), Run("、台账"),
            count("来文台账数", len(sheets), "张", "收到的台账数，一张工作表为一张台账"), Run("，入库"),
            count("入库台账数", len(good), "张", "核查通过、已经入库的台账数")]
    late = good[good["late"]]
    if len(late):
        runs += [Run("，其中迟报"), count("迟报台账数", len(late), "张", "截止时间以后收到的台账数")]
    back = sheets[~sheets["accepted"]]
    if not len(back):
        brief.show(Prose((*runs, Run("，没有退回。"))))
    else:
        returned = count("退回台账数", len(back), "张", "核查有错误、退回改正的台账数")
        brief.show(Prose((*runs, Run("；退回"), returned, Run("。"))))
        brief.show(_returned(brief, set(zip(back["file"], back["sheet"], strict=True)), after))


def _returned(brief: Brief, sheets: set[tuple[str, str]], after: datetime) -> Table:
    labels = {u.code: u.label for u in brief.workspace.register_at(brief.as_of).units}
    found: dict[tuple[str, str], list[str]] = {}
    units: dict[tuple[str, str], str] = {}
    for f in brief.workspace.store.findings(as_of=brief.as_of, after=after, units=brief.members):
        if f.severity == "error" and (f.file, f.sheet) in sheets:
            found.setdefault((f.file, f.sheet), []).append(f"{f.cell} {f.message}".strip())
            units.setdefault((f.file, f.sheet), labels.get(f.unit, f.unit))
    rows = tuple((Run(units[key]), Run(key[1]), Run(said[0] + (f"（另有{len(said) - 1}处）" if len(said) > 1 else "")))
                 for key, said in list(found.items())[:LISTED])
    notes = (f"另有{len(found) - LISTED}张退回的台账未列，见数据核查清单。",) if len(found) > LISTED else ()
    return Table("退回改正的台账", (Column("单位", width=2), Column("台账", width=2.4), Column("首条错误", width=6)), rows, notes)


def missing(brief: Brief, *, title: str = "") -> None:
    """Who has not filed for the period that is coming in, by liaison group, with the time left."""
    period = collecting(brief)
    found = roster(brief.workspace, period, brief.as_of)
    entries = [e for e in found.entries if e.unit in set(brief.members)]
    if not entries:
        brief.show(Prose((Run(f"{period.label}没有应报的台账。"),)))
        return
    brief.show(Prose(tuple(_standing(brief, found, entries, period))))
    # Early on nobody has filed, and a list of everybody tells nothing.
    near = found.cut_off - brief.as_of <= LIST_AHEAD
    if near and any(e.open for e in entries):
        brief.show(_open_table(entries, title or f"{period.label}未报齐单位", whole=brief.team is None))


def _standing(brief: Brief, found: Roster, entries: list[Entry], period: Period) -> list[Run]:
    count = _counter(brief, period.label)
    open_ = [e for e in entries if e.open]
    back = [e for e in open_ if any(f.status == "退回" for f in e.open)]
    again = [e for e in open_ if any(f.missed_before for f in e.open)]
    left = found.cut_off - brief.as_of
    until = f"{month_day(found.cut_off.date())}{found.cut_off:%H:%M}"
    runs = [Run(f"{period.label}"), Run("应报单位"), count("应报单位", len(entries), "个", "至少有一张台账应报的单位数"), Run("，报齐"),
            count("报齐单位", len(entries) - len(open_), "个", "应报台账全部入库的单位数"), Run("，未报齐"),
            count("未报齐单位", len(open_), "个", "还有应报台账没有入库的单位数")]
    if back:
        runs += [Run("（其中退回未重报"), count("退回未重报单位", len(back), "个", "有台账退回、尚未重报的单位数"), Run("）")]
    if again:
        runs += [Run("，上期也未报的"), count("连续未报单位", len(again), "个", "同一台账上期未报、本期仍未报的单位数")]
    if left.total_seconds() > 0:
        return [*runs, Run(f"；{until}截止，还有{_span(left.total_seconds())}。")]
    return [*runs, Run(f"；已于{until}截止。")]


def _open_table(entries: list[Entry], title: str, *, whole: bool) -> Table:
    """By liaison group for the whole; by unit for one group."""
    if not whole:
        rows = [(Run(e.name), Run("、".join(f.title for f in e.open if f.status == "未报") or NOBODY),
                 Run("、".join(f.title for f in e.open if f.status == "退回") or NOBODY),
                 Run("是" if any(f.missed_before for f in e.open) else "")) for e in entries if e.open]
        return Table(title, (Column("单位", width=2), Column("未报", width=4), Column("退回未重报", width=3),
                             Column("上期也未报", "center", width=1.4)), tuple(rows))
    teams: dict[str, list[Entry]] = {}
    for e in entries:
        teams.setdefault(e.team_name or e.team or NO_GROUP, []).append(e)
    rows = []
    for team, mine in teams.items():
        open_ = [e for e in mine if e.open]
        names = [e.name + ("（退回）" if any(f.status == "退回" for f in e.open) else "") for e in open_]
        rows.append((Run(team), Run(str(len(mine))), Run(str(len(mine) - len(open_))),
                     Run("、".join(names[:LISTED]) + (f"等{len(names)}个" if len(names) > LISTED else "") or NOBODY)))
    return Table(title, (Column("联络组", width=1.6), Column("应报", "right", width=.8), Column("报齐", "right", width=.8),
                         Column("未报齐单位", width=6)), tuple(rows))


def exceptions(brief: Brief, after: datetime | None = None) -> None:
    """What checks found in the filings since `after`, by kind; errors first, the commonest first."""
    after = after or since(brief)
    found = brief.workspace.store.findings(as_of=brief.as_of, after=after, units=brief.members)
    if not found:
        brief.show(Prose((Run("这段时间收到的报送没有核查问题。"),)))
        return
    kinds = Counter((f.severity, _ledger(brief, f.ledger), f.message) for f in found)
    order = sorted(kinds.items(), key=lambda item: (item[0][0] != "error", -item[1], item[0]))
    units = {kind: {f.unit for f in found if (f.severity, _ledger(brief, f.ledger), f.message) == kind} for kind, _ in order[:LISTED]}
    rows = tuple((Run("错误" if severity == "error" else "提示"), Run(ledger), Run(message), Run(str(n)),
                  Run(str(len(units[severity, ledger, message])))) for (severity, ledger, message), n in order[:LISTED])
    notes = (f"另有{len(order) - LISTED}种未列。",) if len(order) > LISTED else ()
    brief.show(Table("核查问题", (Column("级别", "center", width=1), Column("台账", width=2.4), Column("问题", width=5),
                                Column("处数", "right", width=.8), Column("单位数", "right", width=1)), rows, notes))


def _counter(brief: Brief, span: str) -> Callable[[str, int, str, str], Run]:
    """Binds a count to its title, measure word and definition, over `span`."""
    def count(title: str, n: int, measure: str, definition: str) -> Run:
        return brief.figures.add_count(title, n, measure, f"{definition}；{span}。", period=brief.period.id,
                                       as_of=brief.as_of.isoformat())

    return count


def _ledger(brief: Brief, name: str) -> str:
    ledgers = brief.workspace.definitions.ledgers
    return ledgers[name].title if name in ledgers else "文件"


def _moment(at: datetime) -> str:
    return f"{month_day(at.date())}{at:%H:%M}"


def _span(seconds: float) -> str:
    days, hours = divmod(int(seconds // 3600), 24)
    return f"{days}天{hours}小时" if days and hours else f"{days}天" if days else f"{max(hours, 1)}小时"
