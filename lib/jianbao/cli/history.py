"""The verb history: what became of one row. Imports intake only when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened

if TYPE_CHECKING:
    from datetime import date

    from jianbao.intake.chronicle import Event, History


@click.command()
@click.argument("ledger")
@click.argument("unit")
@click.argument("key")
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@JSON
@click.pass_context
def history(ctx: click.Context, ledger: str, unit: str, key: str, as_of: str | None, as_json: bool) -> None:
    """查一条台账的来龙去脉：哪天报的、退回过几次、为什么、重报没有、审核结果。

    \b
    例：jianbao history L11 D01 WT-003
        jianbao history L11 D01 WT-003 --json
    """
    workspace = opened(ctx, refresh=True)
    from jianbao.intake.chronicle import history as run_history

    known = workspace.as_of(as_of) if as_of else None
    code = workspace.register_at(known).find(unit)
    found = run_history(workspace, ledger, code, key, known)
    if as_json:
        terminal.dump(found.to_json())
        return
    labels = {u.code: u.label for u in workspace.register_at(known).units}
    _print(found, labels.get(code, code), workspace.today)


def _print(found: History, unit: str, today: date) -> None:
    s = found.standing
    terminal.echo(f"{found.ledger.title}　{unit}　{found.key}")
    if s is not None:
        late = s.overdue(today)
        terminal.echo(f"现在：{s.state}" + (f"，应于 {s.due} 前重报" + (f"，已过 {late} 天" if late else "") if s.open and s.due else "")
                   + f"。退回 {s.returns} 次，重报 {s.refilings} 次"
                   + (f"，{found.ledger.returns.failed} {s.failures} 次" if s.failures and found.ledger.returns else "") + "。")
    terminal.table(["日期", "事项", "内容", "出处"], [(e.on.isoformat(), e.what, _content(e), _place(e)) for e in found.events])


def _content(e: Event) -> str:
    from jianbao.intake.chronicle import AGAIN

    if e.changes:
        said = "；".join(f"{title}：{before or '空'} → {after or '空'}" for title, before, after in e.changes)
    elif e.values:
        said = "　".join(f"{title}：{value}" for title, value in e.values)
    elif e.what == AGAIN:
        said = "没有变化"
    else:
        said = "；".join(x for x in (e.reason, f"{e.due} 前重报" if e.due else "") if x)
    return said + ("" if e.counts else "（已被更正的报送顶替）")


def _place(e: Event) -> str:
    return f"{e.file} › {e.sheet} › 第{e.row}行（{e.period}，{e.known_at:%m-%d %H:%M} 收）"
