"""Verbs of issues: plan, run. Imports publish, each only when its verb runs."""

from __future__ import annotations

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened, pair


@click.command()
@click.argument("period", required=False)
@click.option("--only", help="只看符合的，如 'weekly/*'。")
@click.option("--as-of", help="数据版本；缺省为该期截止时；latest 为最近一次收表。")
@JSON
@click.pass_context
def plan(ctx: click.Context, period: str | None, only: str | None, as_of: str | None, as_json: bool) -> None:
    """计划：这一期该编哪些，为什么。

    \b
    例：jianbao plan 2023-W42
    """
    workspace = opened(ctx)
    from jianbao.publish import batch
    from jianbao.publish.plan import issues_of

    issues = issues_of(workspace, workspace.period(period), as_of=as_of, only=only)
    rows = [(str(i), f"{i.due:%Y-%m-%d %H:%M}", f"{i.as_of:%Y-%m-%d %H:%M}", batch.reasons(i, workspace)) for i in issues]
    if as_json:
        terminal.dump([{"issue": a, "due": b, "as_of": c, "reasons": d} for a, b, c, d in rows])
    else:
        terminal.table(["期", "应发", "数据截止", "要做"], [(a, b, c, "、".join(d) or "已是最新") for a, b, c, d in rows])


@click.command()
@click.argument("period", required=False)
@click.option("--due", is_flag=True, help="按发布日历补齐到现在为止该发的各期。")
@click.option("--only", help="只编符合的，如 'weekly/*'。")
@click.option("--as-of", help="数据版本；缺省为该期截止时；latest 为最近一次收表。")
@click.option("--jobs", "-j", default=1, show_default=True, type=click.IntRange(1, 64), help="同时编几份。")
@click.option("--force", is_flag=True, help="没有变化也重编。")
@click.option("--param", "-P", "params", multiple=True, metavar="NAME=VALUE", help="笔记本自己的参数。")
@JSON
@click.pass_context
def run(ctx: click.Context, period: str | None, due: bool, only: str | None, as_of: str | None, jobs: int, force: bool,
        params: tuple[str, ...], as_json: bool) -> None:
    """编制：执行笔记本，写出 HTML、PDF、DOCX；没有变化的不重做。

    \b
    例：jianbao run 2023-W42
        jianbao run --due --jobs 2
    """
    from dataclasses import replace

    from jianbao.errors import JianbaoError

    workspace = opened(ctx)
    extra = dict(pair(p) for p in params)
    from jianbao.publish import batch
    from jianbao.publish.plan import due_issues, issues_of

    if due and (period or as_of):
        raise JianbaoError("--due follows the calendar and takes no period and no --as-of.")
    if due:
        from fnmatch import fnmatch

        with workspace.store.lock_named("run-due"):
            issues = [i for i in due_issues(workspace) if only is None or fnmatch(str(i), only)]
            results = batch.run([replace(i, parameters=extra) for i in issues], workspace, jobs=jobs, force=force,
                                tell=None if as_json else terminal.result)
    else:
        issues = issues_of(workspace, workspace.period(period), as_of=as_of, only=only)
        results = batch.run([replace(i, parameters=extra) for i in issues], workspace, jobs=jobs, force=force,
                            tell=None if as_json else terminal.result)
    if as_json:
        terminal.dump([r.to_json() for r in results])
    elif not results:
        terminal.echo("到现在为止没有应发的。")
    ctx.exit(1 if any(r.outcome == "failed" for r in results) else 0)
