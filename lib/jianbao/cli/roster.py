"""The verb roster: who has filed, and the texts that remind those who have not. Imports intake when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from rich.text import Text

    from jianbao.intake.roster import Entry, Roster

LATE_NAMED = 3
STYLES = {"green": "green", "yellow": "bold yellow", "red": "bold red", "grey": "dim"}


@click.command()
@click.argument("period", required=False)
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--remind", is_flag=True, help="打印可直接粘贴的催报文字，按联络组；加 --unit 只要一个单位的。")
@click.option("--unit", "-u", help="只看一个单位（编码或简称）。")
@click.option("--all", "everybody", is_flag=True, help="已报齐的单位也列出。")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="催报文字（每组、每单位一份）和催报一览写到文件夹。")
@JSON
@click.pass_context
def roster(ctx: click.Context, period: str | None, as_of: str | None, remind: bool, unit: str | None, everybody: bool,
           out: Path | None, as_json: bool) -> None:
    """催报：谁报了、迟报、漏报、零报送、退回未重报，连续未报几期，近八期怎样。

    \b
    例：jianbao roster 2023-W42
        jianbao roster --remind
        jianbao roster --remind --unit C01
        jianbao roster 2023-W42 --out 催报
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.intake import reminders
    from jianbao.intake.roster import roster as make_roster

    wanted = workspace.period(period)
    with terminal.progress("查报送情况"):
        found = make_roster(workspace, wanted, as_of=workspace.as_of(as_of) if as_of else None)
    if out is not None:
        paths = reminders.write(found, out)
        terminal.echo(f"{wanted.label}：催报文字 {len(paths) - 1} 份，一览 {terminal.near(paths[-1])}")
    elif as_json:
        terminal.dump((found.only(_of(found, unit)) if unit else found).to_json())
    elif remind and unit:
        terminal.echo(reminders.of_unit(found, unit) or "没有要催的。")
    elif remind:
        terminal.echo("\n\n".join(f"〔{group}〕\n{text}" for group, text in found.reminders.items()) or "没有要催的。")
    else:
        show(found.only(_of(found, unit)) if unit else found, everybody=everybody or bool(unit))


def _of(found: Roster, unit: str) -> list[str]:
    from jianbao.errors import unknown

    mine = [e.unit for e in found.entries if unit in (e.unit, e.name)]
    if not mine:
        raise unknown("unit with something due", unit, [e.name for e in found.entries] + [e.unit for e in found.entries])
    return mine


def show(found: Roster, *, everybody: bool = False) -> None:
    """The deadline and the counts, then every unit with something open, late or missed, by liaison group, with its history."""
    from jianbao.intake.roster import LEGEND

    terminal.echo(f"{found.period.label}　{found.deadline}")
    if found.closed is not None:
        who = "按日历自动" if found.closed.who == "calendar" else found.closed.who
        terminal.echo(f"{found.closed.at.month}月{found.closed.at.day}日 {found.closed.at:%H:%M} 已关账（{who}）")
    for again in found.reopened:
        terminal.echo(terminal.clean(again.text))
    counts = {**found.counts, **{name: n for name, n in found.asked.items() if n}}
    terminal.echo("　".join(f"{name} {n} {'张表' if name in found.counts or name == '连续未报' else '处'}" for name, n in counts.items()))
    rows = [_row(e, found) for e in found.entries if everybody or e.asked or any(f.late for f in e.filings)]
    if not rows:
        terminal.echo("都已按时报齐。")
        return
    terminal.table(["联络组", "单位", "代报", "未报", "退回", "其他", f"近{len(found.periods)}期"], rows)
    terminal.echo(f"近{len(found.periods)}期，旧的在前：{LEGEND}；一个单位几张表的，写最差的一张。")


def _row(e: Entry, found: Roster) -> list[str | Text]:
    missing = "、".join(f.title + (f"（连续{len(f.missed)}期）" if len(f.missed) > 1 else "") for f in e.open if f.status == "未报")
    back = "、".join(f.title + (f"（{f.errors}处）" if f.errors else "") for f in e.open if f.status == "退回")
    more = []
    if late := [f.title for f in e.filings if f.late]:
        more.append(f"迟报 {'、'.join(late)}" if len(late) <= LATE_NAMED else f"迟报 {len(late)} 张表")
    if waiting := sum(f.unexplained for f in e.filings):
        more.append(f"待说明 {waiting} 处")
    if e.unwritten:
        more.append(f"更正待书面 {len(e.unwritten)} 处")
    if e.stamp_missing:
        more.append("缺盖章件")
    return [e.group, e.name, e.filer_name if e.filer != e.unit else "", missing, back, "；".join(more), _history(e, found)]


def _history(e: Entry, found: Roster) -> Text:
    """One mark for each period, in its colour; · where nothing was due."""
    from rich.text import Text

    from jianbao.intake.roster import COLOURS

    text = Text()
    for n in range(len(found.periods)):
        mark, _ = e.mark(n)
        text.append(mark or "· ", STYLES[COLOURS[mark]] if mark else "dim")
    return text
