"""Verbs that change what was filed or may be: correct, close, reopen. Imports intake, each only when its verb runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from jianbao.workspace import Workspace


@click.command()
@click.argument("unit", required=False)
@click.argument("ledger", required=False)
@click.argument("key", nargs=-1)
@click.option("--set", "set_", multiple=True, metavar="列=值", help="改成什么；可以写几次。空值清空这一格。")
@click.option("--withdraw", is_flag=True, help="误报的整行不再计入。")
@click.option("--period", "-p", help="哪一期报的；台账没有编号的要写。")
@click.option("--row", "-r", type=int, help="原表里的行号；台账没有编号的要写。")
@click.option("--reason", help="为什么改。")
@click.option("--caller", help="谁来电说明：职务或科室，不写姓名。")
@click.option("--taker", help="谁记录：职务或科室。")
@click.option("--status", type=click.Choice(["待书面", "确认"]), default="待书面", show_default=True, help="有书面件的写确认。")
@click.option("--on", help="什么时候说的；缺省为现在。")
@click.option("--list", "listed", is_flag=True, help="列出全部更正和现在的状态。")
@JSON
@click.pass_context
def correct(ctx: click.Context, unit: str | None, ledger: str | None, key: tuple[str, ...], set_: tuple[str, ...], withdraw: bool,
            period: str | None, row: int | None, reason: str | None, caller: str | None, taker: str | None, status: str,
            on: str | None, listed: bool, as_json: bool) -> None:
    """更正：电话更正一行，写进 params/corrections；单位书面报来以前为待书面。

    \b
    例：jianbao correct C01 集中学习台账 -p 2023-W42 -r 7 --set 天数=2 --reason 多写一个2 --caller 财务处办公室 --taker 综合科
        jianbao correct C01 问题台账 WT-001 --withdraw --reason 与WT-003重复 --caller 财务处办公室 --taker 综合科
        jianbao correct --list
    """
    from jianbao.errors import JianbaoError

    workspace = opened(ctx, refresh=True)
    if listed:
        _list(workspace, as_json)
        return
    from jianbao.intake.declaring import declare

    if unit is None or ledger is None:
        raise JianbaoError("say whose row, of which ledger: jianbao correct UNIT LEDGER KEY… --set 列=值; or --list.")
    at = workspace.as_of(on) if on else workspace.now
    made = declare(workspace, unit, ledger, key, set_=set_, reason=reason or "", caller=caller or "", taker=taker or "", on=at,
                   status="确认" if status == "确认" else "待书面", period=period, row=row, withdraw=withdraw)
    what = "这一行不再计入" if made.withdrawn else "，".join(f"{title}：{was} → {is_}" for title, was, is_ in made.changes)
    if as_json:
        terminal.dump({"file": terminal.near(made.path), "unit": made.unit_name, "item": made.target.item, "status": made.status,
                       "changes": [dict(zip(("column", "was", "is"), c, strict=True)) for c in made.changes]})
        return
    terminal.echo(terminal.clean(f"{made.unit_name} {made.target.ledger.title} {made.target.item}（{made.target.row['period']}）　{what}"))
    waits = "；单位重报或报更正单后自动转为已书面。" if made.status == "待书面" else ""
    terminal.echo(f"{made.status}，写入 {terminal.near(made.path)}{waits}")


def _list(workspace: Workspace, as_json: bool) -> None:
    from jianbao.intake.corrections import standings, to_json

    found = [to_json(s, workspace) for s in standings(workspace) if not s.edits or any(e.changes for e in s.edits)]
    if as_json:
        terminal.dump(found)
        return
    if not found:
        terminal.echo("没有更正。")
        return
    names = {u.code: u.label for u in workspace.register.units}
    rows = [(f["state"], f["on"][:16].replace("T", " "), names.get(f["unit"], "各单位"), f["about"], f["change"], f["reason"],
             "／".join(x for x in (f["who"], f["taker"]) if x)) for f in found]
    terminal.table(["状态", "时间", "单位", "哪一行", "改动", "理由", "来电／记录"], rows)


def _decision(verb: Callable[..., None]) -> Callable[..., None]:
    """The arguments of a decision on a period: which, who, why, since when."""
    for add in (click.pass_context, click.option("--on", help="从什么时候起；缺省为现在。"),
                click.option("--reason", required=True, help="为什么。"),
                click.option("--who", required=True, help="谁定的：职务或科室，不写姓名。"),
                click.argument("period", required=False)):
        verb = add(verb)
    return verb


@click.command()
@_decision
def close(ctx: click.Context, period: str | None, who: str, reason: str, on: str | None) -> None:
    """关账：一期不再收表；以后来的退回，改数用更正单。

    \b
    例：jianbao close 2023-W42 --who 办公室综合科 --reason 周报已印发
    """
    _act(ctx, "close", period, who, reason, on)


@click.command()
@_decision
def reopen(ctx: click.Context, period: str | None, who: str, reason: str, on: str | None) -> None:
    """重开：已关账的一期再收表；谁、何时、为何，其间来了什么，都留痕。

    \b
    例：jianbao reopen 2023-W42 --who 办公室综合科 --reason 停电迟到，经负责人同意补报
    """
    _act(ctx, "reopen", period, who, reason, on)


def _act(ctx: click.Context, action: str, period: str | None, who: str, reason: str, on: str | None) -> None:
    workspace = opened(ctx)
    from jianbao.intake.closing import act
    from jianbao.store.closings import WORDS

    wanted = workspace.period(period)
    made = act(workspace, "close" if action == "close" else "reopen", wanted, who=who, reason=reason,
               at=workspace.as_of(on) if on else workspace.now)
    terminal.echo(f"{wanted.label}　{made.at:%Y-%m-%d %H:%M} {WORDS[made.action]}（{made.who}：{made.reason}）")
