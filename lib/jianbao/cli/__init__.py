"""The command line: one verb per step. Imports every room, each only when its verb runs.

Exit codes: 0 done, 1 findings or failed issues, 2 a word that is not understood.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from jianbao import terminal
from jianbao.cli import corrections, diff, figures, filing, history, issues, roster, sample, workspaces


class _Main(click.Group):
    """Our own errors are one line and exit 2."""

    def invoke(self, ctx: click.Context) -> Any:
        from jianbao.errors import JianbaoError

        try:
            return super().invoke(ctx)
        except JianbaoError as e:
            terminal.echo(f"jianbao: {e}", err=True)
            ctx.exit(2)


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--workspace", "-w", type=click.Path(path_type=Path), help="工作区文件夹；缺省从当前目录向上找。")
@click.version_option(package_name="jianbao")
@click.pass_context
def main(ctx: click.Context, workspace: Path | None) -> None:
    """简报：收台账、查问题、出数字、编简报。

    \b
    例：jianbao receive                收表入库
        jianbao roster 2023-W42        看谁没报
        jianbao run 2023-W42           编制这一周的简报
    """
    ctx.obj = workspace


for _verb in (workspaces.new, filing.template, filing.check, filing.receive, roster.roster, corrections.correct,
              corrections.close, corrections.reopen, history.history, figures.show, sample.sample, issues.plan, issues.run,
              diff.diff, workspaces.lint):
    main.add_command(_verb)
