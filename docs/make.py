"""Writes the pages that are generated: docs/cli.md, docs/indicators.md and params/schema/*.json. Run: python docs/make.py"""

from __future__ import annotations

from pathlib import Path

from jianbao.publish.lint import write_schemas
from jianbao.publish.reference import cli_page, indicators_page
from jianbao.workspace import Workspace

ROOT = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    return {"cli.md": cli_page(), "indicators.md": indicators_page(Workspace(ROOT).definitions)}


if __name__ == "__main__":
    for name, text in pages().items():
        (ROOT / "docs" / name).write_text(text, encoding="utf-8")
    write_schemas(Workspace(ROOT))
