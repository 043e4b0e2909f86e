"""Verbs of filing: template, check, receive. Imports intake, each only when its verb runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from jianbao.intake.receipt import Receipt


@click.command()
@click.argument("period", required=False)
@click.option("--common", is_flag=True, help="每类单位一份，填报单位从下拉选。")
@click.option("--correction", is_flag=True, help="只要一份空白的更正单，各单位通用。")
@click.pass_context
def template(ctx: click.Context, period: str | None, common: bool, correction: bool) -> None:
    """发表：按应报清单生成报表文件到 data/outbox。

    \b
    例：jianbao template 2023-W42
        jianbao template 第8周 --common
        jianbao template --correction
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.intake.template import make_templates

    wanted = workspace.period(period) if period else workspace.open_period()
    if correction:
        from jianbao.intake.amendments import template as blank

        terminal.echo(f"更正单：{terminal.near(blank(workspace, wanted))}")
        return
    with terminal.progress(f"生成 {wanted.label} 报表"):
        files = make_templates(workspace, wanted, common=common)
    terminal.echo(f"{wanted.label}：{len(files)} 份报表，在 {terminal.near(files[0].parent) if files else workspace.path('outbox')}")


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
@click.option("--watch", is_flag=True, help="一直看着文件夹：传完、存好的就收，还在写的等；Ctrl-C 停止。")
@click.option("--every", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="配合 --watch：隔几秒看一次。")
@JSON
@click.pass_context
def receive(ctx: click.Context, folder: Path | None, received_at: str | None, watch: bool, every: float, as_json: bool) -> None:
    """收表：核查，干净的入库，其余退回 data/returns；打印新的数据版本。

    \b
    例：jianbao receive
        jianbao receive data/inbox/2023-W42 --received-at 2023-10-23T11:00
        jianbao receive --watch --every 10
    """
    if watch:
        _watch(ctx, folder, received_at, every, as_json)
        return
    workspace = opened(ctx)
    from jianbao.errors import UnknownName
    from jianbao.intake.inbox import receive as run_receive

    if folder is not None and not folder.exists():
        raise UnknownName(f"no folder {folder}.")
    at = workspace.as_of(received_at) if received_at else None
    with terminal.progress("收表"):
        receipt = run_receive(workspace, folder, received_at=at)
    _show(receipt, as_json)
    ctx.exit(receipt.exit_code)


def _show(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        terminal.dump(receipt.to_json())
        for note in receipt.notes:
            terminal.echo(note, err=True)
    else:
        terminal.receipt(receipt)


def _watch(ctx: click.Context, folder: Path | None, received_at: str | None, every: float, as_json: bool) -> None:
    """Until Ctrl-C or SIGTERM, either of which lets a receive that has begun come to its end."""
    import signal
    from datetime import datetime

    from jianbao.errors import UnknownName

    if received_at:
        raise UnknownName("--watch receives files as they come: leave --received-at out.")
    if folder is None:
        folder = opened(ctx).path("inbox")
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise UnknownName(f"no folder {folder}.")
    from jianbao.intake.watch import Stop, watch

    stop, stopping = Stop(), (signal.SIGINT, signal.SIGTERM)

    def tell(receipt: Receipt) -> None:
        # A signal in the middle of a long write to a pipe makes Python drop what is left of it.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
        try:
            if not as_json:
                terminal.echo(f"—— {datetime.now():%Y-%m-%d %H:%M:%S}")
            _show(receipt, as_json)
        finally:
            if hasattr(signal, "pthread_sigmask"):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)

    for number in stopping:
        signal.signal(number, stop.set)
    terminal.echo(f"看着 {terminal.near(folder)}，每 {every:g} 秒一次；Ctrl-C 停止。", err=True)
    watch(lambda: opened(ctx), folder, stop=stop, tell=tell, fail=lambda said: terminal.echo(f"jianbao: {said}", err=True), every=every)
    terminal.echo("已停止。", err=True)
