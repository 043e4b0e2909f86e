"""Writes the pages that are generated: docs/cli.md, docs/indicators.md and params/schema/*.json. Run: python docs/make.py"""

from __future__ import annotations

from pathlib import Path

import click

from jianbao.cli import main
from jianbao.publish.lint import write_schemas
from jianbao.publish.reference import indicators_page
from jianbao.workspace import Workspace

ROOT = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    return {"cli.md": cli_page(), "indicators.md": indicators_page(Workspace(ROOT).definitions)}


def cli_page() -> str:
    """Every verb with its help, as Markdown."""
    lines = ["# 命令", "", "本页由命令自己的帮助生成。", ""]
    for name in sorted(main.commands):
        context = click.Context(main.commands[name], info_name=f"jianbao {name}", max_content_width=100,
                                help_option_names=["-h", "--help"])
        context.terminal_width = 100
        lines += [f"## jianbao {name}", "", "```", main.commands[name].get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    for name, text in pages().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")
    write_schemas(Workspace(ROOT))
