"""What every verb shares: its options and the opened workspace. Imports workspace; click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jianbao.workspace import Workspace

JSON = click.option("--json", "as_json", is_flag=True, help="机器可读的输出。")


def opened(ctx: click.Context, *, refresh: bool = False) -> Workspace:
    """`refresh` takes in master workbooks changed since the last receive."""
    from jianbao.workspace import open_workspace

    workspace = open_workspace(ctx.obj)
    if refresh:
        from jianbao.intake.master import receive_master

        with workspace.store.lock():
            receive_master(workspace, workspace.now)
        workspace.refresh()
    return workspace


def pair(text: str) -> tuple[str, str]:
    from jianbao.errors import UnknownName

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UnknownName(f"--param {text}: write NAME=VALUE.")
    return name, value
