"""The verb of spot checks: sample. Imports numbers and intake, only when the verb runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from jianbao.numbers.sample import Draw
    from jianbao.workspace import Workspace


@click.command()
@click.argument("period", required=False)
@click.option("--seed", default="", help="种子；缺省为工作代号加统计期。种子相同，名单相同。")
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="写到哪个文件；缺省为 data/outbox/统计期/抽查_统计期.xlsx。")
@JSON
@click.pass_context
def sample(ctx: click.Context, period: str | None, seed: str, as_of: str | None, out: Path | None, as_json: bool) -> None:
    """抽查：从这一期报了完成的条目里抽一份名单，写成可填报的核实台账。

    \b
    例：jianbao sample 2023-W42
        jianbao sample 2023-W42 --seed 当众摇出的号码 --json
    """
    workspace = opened(ctx)
    from jianbao.numbers.sample import draw

    wanted = workspace.period(period)
    drawn = draw(workspace, wanted, seed=seed, as_of=workspace.as_of(as_of))
    path = None
    if drawn.items:
        path = out or workspace.path("outbox", wanted.id, f"抽查_{wanted.id}.xlsx")
        path.parent.mkdir(parents=True, exist_ok=True)
        write(workspace, drawn, path)
    if as_json:
        terminal.dump({**drawn.to_json(), "file": str(path) if path else None})
        return
    titles = {f: workspace.definitions.catalogue[f].title.zh for f in drawn.reported}
    counts = "，".join(f"{titles[f]} {n} 件抽 {sum(i.figure == f for i in drawn.items)} 件" for f, n in drawn.reported.items())
    terminal.echo(f"{wanted.label}　种子 {drawn.seed}　数据版本 {drawn.as_of:%Y-%m-%d %H:%M}\n{counts}")
    if not drawn.items:
        terminal.echo("这一期没有报完成的，不用抽。")
        return
    terminal.table(["单位", "编号", "摘要", "完成日期", "为什么抽", "出处"],
                   [(i.unit_name, i.key, i.title, i.done_on.isoformat(), i.why, f"{i.file} › {i.sheet} › 第{i.row}行")
                    for i in drawn.items])
    if path is not None:
        terminal.echo(f"已写到 {terminal.near(path)}，填好结果后照常收表。")


def write(workspace: Workspace, drawn: Draw, path: Path) -> None:
    """The draw as a form of the results ledger, for the period after: unit, period, ledger and item stand there already."""
    from jianbao.intake.prefilled import prefilled

    results = workspace.definitions.sampling.results
    assert results is not None
    ledgers = workspace.definitions.ledgers
    later = drawn.period.next()
    period = later if later.starts <= workspace.definitions.campaign.ends else drawn.period
    rows = [{"unit": i.unit, results.period: drawn.period.id, results.reviewed: ledgers[i.ledger].code, results.item: i.key}
            for i in drawn.items]
    asides = [("摘要", 32, [i.title for i in drawn.items]), ("完成日期", 11, [i.done_on.isoformat() for i in drawn.items]),
              ("为什么抽", 30, [i.why for i in drawn.items]),
              ("出处", 30, [f"{i.file} › {i.sheet} › 第{i.row}行" for i in drawn.items])]
    prefilled(workspace, ledgers[results.ledger], period, rows, asides).save(path)
