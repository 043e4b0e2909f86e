"""Verbs of filing: template, check, receive, roster. Imports intake, each only when its verb runs."""

from __future__ import annotations

from pathlib import Path

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened


@click.command()
@click.argument("period", required=False)
@click.option("--common", is_flag=True, help="每类单位一份，填报单位从下拉选。")
@click.pass_context
def template(ctx: click.Context, period: str | None, common: bool) -> None:
    """发表：按应报清单生成报表文件到 data/outbox。

    \b
    例：jianbao template 2023-W42
        jianbao template 第8周 --common
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.intake.template import make_templates

    wanted = workspace.period(period) if period else workspace.open_period()
    with terminal.progress(f"生成 {wanted.label} 报表"):
        files = make_templates(workspace, wanted, common=common)
    click.echo(f"{wanted.label}：{len(files)} 份报表，在 {terminal.near(files[0].parent) if files else workspace.path('outbox')}")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@JSON
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """核查：只看不存，列出全部问题；有错误时退出码为 1。

    \b
    例：jianbao check data/inbox/*.xlsx
        jianbao check 上报/财务处.xlsx --json
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.errors import UnknownName
    from jianbao.intake.inbox import check as run_check

    for path in files:
        if not path.exists():
            raise UnknownName(f"no file {path}.")
    with terminal.progress("核查"):
        receipt = run_check(workspace, list(files))
    terminal.dump(receipt.to_json()) if as_json else terminal.receipt(receipt)
    ctx.exit(receipt.exit_code)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--received-at", help="收到时间，如 2023-10-23T10:30；缺省用 received.csv 或现在。")
@JSON
@click.pass_context
def receive(ctx: click.Context, folder: Path | None, received_at: str | None, as_json: bool) -> None:
    """收表：核查，干净的入库，其余退回 data/returns；打印新的数据版本。

    \b
    例：jianbao receive
        jianbao receive data/inbox/2023-W42 --received-at 2023-10-23T11:00
    """
    workspace = opened(ctx)
    from jianbao.errors import UnknownName
    from jianbao.intake.inbox import receive as run_receive

    if folder is not None and not folder.exists():
        raise UnknownName(f"no folder {folder}.")
    at = workspace.as_of(received_at) if received_at else None
    with terminal.progress("收表"):
        receipt = run_receive(workspace, folder, received_at=at)
    terminal.dump(receipt.to_json()) if as_json else terminal.receipt(receipt)
    ctx.exit(receipt.exit_code)


@click.command()
@click.argument("period", required=False)
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--remind", is_flag=True, help="打印可直接粘贴的催报文字。")
@JSON
@click.pass_context
def roster(ctx: click.Context, period: str | None, as_of: str | None, remind: bool, as_json: bool) -> None:
    """催报：谁报了、迟报、漏报、零报送、退回未重报。

    \b
    例：jianbao roster 2023-W42
        jianbao roster --remind
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.intake.roster import roster as make_roster

    wanted = workspace.period(period)
    found = make_roster(workspace, wanted, as_of=workspace.as_of(as_of) if as_of else None)
    if as_json:
        terminal.dump(found.to_json())
    elif remind:
        click.echo("\n\n".join(f"〔{team}〕\n{text}" for team, text in found.reminders.items()) or "没有要催的。")
    else:
        terminal.roster(found)
