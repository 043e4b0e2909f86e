"""Verbs of a workspace: new, lint. Imports skeleton and publish, each only when its verb runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """新建：给另一项工作开一个工作区（params、notebooks、data）。

    \b
    例：jianbao new ~/防汛检查
    """
    from datetime import date

    from jianbao.skeleton import make

    files = make(folder, today=date.today())
    terminal.echo(f"{folder}：{len(files)} 个文件。先改 params/ 和 data/master/register.xlsx，再运行 jianbao -w {folder} lint")


@click.command()
@click.option("--schemas", is_flag=True, help="同时更新 params/schema（供编辑器提示）。")
@JSON
@click.pass_context
def lint(ctx: click.Context, schemas: bool, as_json: bool) -> None:
    """查口径：params/、notebooks/ 和名册，逐条给出文件和行号。

    \b
    例：jianbao lint
    """
    workspace = opened(ctx)
    from jianbao.errors import DefinitionError
    from jianbao.publish import lint as linter

    with suppress(DefinitionError):     # lint itself says what is wrong
        opened(ctx, refresh=True)

    remarks = linter.lint(workspace)
    if schemas:
        linter.write_schemas(workspace)
    if as_json:
        terminal.dump([r.to_json() for r in remarks])
    else:
        for r in remarks:
            terminal.echo(f"{'错误' if r.severity == 'error' else '提示'}  {r}")
        errors = sum(r.severity == "error" for r in remarks)
        terminal.echo(f"错误 {errors} 条，提示 {len(remarks) - errors} 条。")
    ctx.exit(1 if any(r.severity == "error" for r in remarks) else 0)
