"""Verb of printed figures: diff; and what `show --printed` lists. Imports brief, issued, only when the verb runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from jianbao.brief.revised import Revisions
    from jianbao.issued import Printed
    from jianbao.workspace import Workspace


@click.command()
@click.argument("first", metavar="ISSUE")
@click.argument("second", metavar="ISSUE")
@JSON
@click.pass_context
def diff(ctx: click.Context, first: str, second: str, as_json: bool) -> None:
    """比两期：印过的数现在变了没有，由多少到多少，为什么，哪个单位、哪份文件；方向、位次、判断翻没翻。

    \b
    两期不同：前一期印的数，按后一期的数据重算；本期自己的进展另列。
    同一期印过几次：在期后面加 #1、#2；两处写同一期，比第一次和最后一次。
    例：jianbao diff weekly/2023-W41/root weekly/2023-W42/root
        jianbao diff weekly/2023-W41 weekly/2023-W41
    """
    workspace = opened(ctx)
    from jianbao import issued
    from jianbao.brief import revised

    a, b = issued.printed(workspace, first), issued.printed(workspace, second)
    notes = []
    if (a.issue, a.printing) == (b.issue, b.printing):
        every = issued.printings(workspace, a.issue)
        a = every[0]
        if len(every) == 1:
            notes.append(f"{a.issue}只印过一次，没有可比的。")
    if (b.period.ends, b.as_of, b.printing) < (a.period.ends, a.as_of, a.printing):
        a, b = b, a
    same = a.period == b.period
    with terminal.progress("比对"):
        found = revised.between(a, b, workspace) if same else revised.since(a, workspace, b.as_of)
    for p in (a, b):
        times = len(issued.printings(workspace, p.issue))
        if times > 1:
            notes.append(f"{p.issue}印过{times}次，这里用第{p.printing}次（数据截至{p.as_of:%Y-%m-%d %H:%M}）。")
    if not same and b.as_of < a.as_of:
        notes.append(f"{b}的数据早于{a}，以下是按较早的数据重算的结果。")
    moved = [] if same else _moved(a, b)
    if as_json:
        terminal.dump(_as_json(a, b, found, moved, list(dict.fromkeys(notes)), workspace))
        return
    _shown(a, b, found, moved, list(dict.fromkeys(notes)), workspace, same=same)


def _moved(a: Printed, b: Printed) -> list[dict[str, Any]]:
    """Each question that both issues answer for their own periods: the work's own movement, no revision."""
    before: dict[tuple[str, ...], Any] = {}
    for f in a.figures:
        if not f.derived and f.period == a.period.id:
            before.setdefault((f.indicator, f.unit, f.form, f.scope), f)
    moved, seen = [], set()
    for f in b.figures:
        key = (f.indicator, f.unit, f.form, f.scope)
        if f.derived or f.period != b.period.id or key not in before or key in seen:
            continue
        seen.add(key)
        if f.printed != before[key].printed:
            moved.append({"indicator": f.indicator, "code": f.code, "title": f.title, "unit": f.unit, "unit_name": f.unit_name,
                          "form": f.form, "scope": f.scope, "was": before[key].printed, "is": f.printed})
    return moved


def _as_json(a: Printed, b: Printed, found: Revisions, moved: list[dict[str, Any]], notes: list[str],
             workspace: Workspace) -> dict[str, Any]:
    where = workspace.definitions.where
    return {
        "from": _named(a), "to": _named(b), "asked": found.asked, "changed": [f.to_json() for f in found.figures],
        "verdicts": [{"id": v.id, "title": v.title, "was": v.was, "is": v.now} for v in found.verdicts],
        "redefined": [{"indicator": id_, "where": where.get(id_, ""),
                       "fields": [{"field": n, "was": was, "is": now} for n, was, now in fields]}
                      for id_, fields in found.redefined.items()],
        "gone": [f.to_json() for f in found.gone], "moved": moved, "notes": notes}


def _named(p: Printed) -> dict[str, Any]:
    return {"issue": p.issue, "printing": p.printing, "standing": p.standing, "as_of": p.as_of.isoformat(), "number": p.number}


def _shown(a: Printed, b: Printed, found: Revisions, moved: list[dict[str, Any]], notes: list[str], workspace: Workspace, *,
           same: bool) -> None:
    from jianbao.brief import revising

    definitions = workspace.definitions
    terminal.echo(f"{a}（{a.label}，数据截至{a.as_of:%Y-%m-%d %H:%M}） → {b}（{b.label}，数据截至{b.as_of:%Y-%m-%d %H:%M}）")
    for note in notes:
        terminal.echo(note)
    terminal.echo()
    if found.figures:
        terminal.echo(f"{a.label}印的{found.asked}个数，{'两次不同' if same else '现在不同'}的有{len(found.figures)}个：")
        flips = {"direction": "方向有变", "rank": "位次有变", "": ""}
        terminal.table(["指标", "单位", "印的", "现在", "原因", "来自", "影响"],
                       [(revising.name(f, f.figure.unit), f.figure.unit_name, f.was, f.now, f.because, revising.units(f),
                         flips[f.flipped]) for f in found.figures])
        for line in revising.sources(found):
            terminal.echo(f"来自  {line}")
    else:
        terminal.echo(f"{a.label}印的{found.asked}个数都没有变。")
    for v in found.verdicts:
        terminal.echo(f"判断有变：{revising.turned(v)}")
    for line in revising.redefinitions(found, definitions.where, definitions.catalogue):
        terminal.echo(f"口径调整：{line}")
    if found.gone:
        terminal.echo("已不能重算（指标或单位不在了）：" + "、".join(dict.fromkeys(f.title for f in found.gone)))
    if moved:
        terminal.echo(f"\n本期进展（{a.label}到{b.label}，不是修订）：")
        terminal.table(["指标", "读法", "单位", a.label, b.label],
                       [(m["title"], m["form"], m["unit_name"], m["was"], m["is"]) for m in moved], right=(3, 4))


def show_printed(workspace: Workspace, indicator: str, unit: str | None, form: str | None, period: str | None, *,
                 as_json: bool) -> None:
    """Where and how an indicator was printed, for `jianbao show … --printed`."""
    from jianbao import issued

    found = issued.as_printed(workspace, indicator, unit, form, period=period)
    if as_json:
        terminal.dump([{**_named(p), **f.to_json()} for p, f in found])
    elif not found:
        terminal.echo("哪一期也没有印过。")
    else:
        terminal.table(["期", "期号", "数据截至", "单位", "统计期", "读法", "印作", ""],
                       [(str(p), f"第{p.number}期" if p.number else "", f"{p.as_of:%Y-%m-%d %H:%M}", f.unit_name, f.period, f.form,
                         f"{f.derived} {f.printed}".strip(), "" if p.standing else "已重印") for p, f in found], right=(6,))
