"""What a terminal shows: receipts, rosters, readings, results. Imports intake, brief.printing, publish.

Cells are plain text, never markup: they may hold what a unit typed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from jianbao.intake.receipt import Receipt
    from jianbao.intake.roster import Roster
    from jianbao.numbers.readings import Reading
    from jianbao.publish.batch import Result

FINDINGS_SHOWN = 40
_WIDTH = 150        # when the output is no terminal
_WHOLE = 10         # a column no wider than this is never folded


def dump(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def receipt(found: Receipt) -> None:
    """Findings first (what must be mended), then one line per file that was not simply stored, then the totals."""
    from jianbao.intake.receipt import OUTCOMES

    shown = sorted(found.findings, key=lambda f: f.severity)[:FINDINGS_SHOWN]
    for f in shown:
        gap = " " if f.message[-1:].isascii() else ""       # 。 brings its own room
        click.echo(f"{'错误' if f.severity == 'error' else '提示'}  {_clean(f.place)}：{_clean(f.message)}{gap}{_clean(f.remedy)}")
    if len(found.findings) > len(shown):
        click.echo(f"……另有 {len(found.findings) - len(shown)} 条，见 --json 或退回的文件。")
    for file in found.files:
        if file.outcome != "stored" and file.returned is not None:
            click.echo(f"{OUTCOMES[file.outcome]}  {_clean(file.file)} → {near(file.returned)}")
    for file in found.files:
        for guess in file.guesses if file.outcome != "duplicate" else ():
            click.echo(f"自动识别  {_clean(file.file)}：{_clean(guess)}")
    totals = "，".join(f"{OUTCOMES[k]} {n} 份" for k, n in found.counts.items()) or "没有文件"
    errors = sum(f.severity == "error" for f in found.findings)
    click.echo(f"{totals}；错误 {errors} 条，提示 {len(found.findings) - errors} 条"
               + (f"；数据版本 {found.version}" if found.version else ""))


def roster(found: Roster) -> None:
    """The counts, then every unit with something open or late, by liaison group."""
    click.echo(f"{found.period.label}　截止 {found.cut_off:%Y-%m-%d %H:%M}")
    click.echo("　".join(f"{name} {n} 张表" for name, n in found.counts.items()))
    rows = []
    for e in found.entries:
        late = [f for f in e.filings if f.late]
        if not (e.open or late):
            continue
        missing = [f.title + ("（连续）" if f.missed_before else "") for f in e.open if f.status == "未报"]
        returned = [f.title for f in e.open if f.status == "退回"]
        rows.append((e.team_name or e.team, e.name, e.filer_name if e.filer != e.unit else "", "、".join(missing),
                     "、".join(returned), "、".join(f.title for f in late)))
    if rows:
        table(["联络组", "单位", "代报", "未报", "退回", "迟报"], rows)
    else:
        click.echo("都已按时报齐。")


def readings(found: Sequence[Reading]) -> None:
    from jianbao.brief.printing import formula, printed

    first = found[0]
    click.echo(f"{first.unit.label}　{first.period.label}　数据版本 {first.as_of:%Y-%m-%d %H:%M}")
    table(["编码", "指标", "读法", "值", "算式", "行数", "应报/实报"],
          [(r.indicator.code, r.indicator.title.zh, r.form, printed(r), formula(r), str(r.n_rows),
            f"{r.due}/{r.filed}" if r.due else "") for r in found], right=(3, 5))


def rows(reading: Reading, limit: int = 60) -> None:
    """The ledger rows behind a reading: where each stands in the file that was filed, and what it says."""
    from jianbao.brief.figures import source_rows

    found = source_rows(reading, limit + 1)
    table(["出处", "单位", "内容"],
          [(f"{r.file} › {r.sheet} › 第{r.row}行" if r.row else r.file, r.unit,
            "　".join(f"{title}：{value}" for title, value in r.values)) for r in found[:limit]])
    if len(found) > limit:
        click.echo(f"只列前 {limit} 行；全部见 --json。")


def result(found: Result) -> None:
    """One line for the issue and one per file; what went wrong on stderr."""
    words = {"made": "编成", "current": "已是最新", "failed": "失败", "busy": "占用"}
    failed = found.outcome == "failed"
    click.echo(f"{words[found.outcome]}  {found.issue}" + (f"（{found.why}）" if found.why and not failed else ""), err=failed)
    if failed:
        click.echo("\n".join(f"  {_clean(line)}" for line in found.why.splitlines()), err=True)
    for path in found.files:
        click.echo(f"  {near(path)}")


def table(columns: Sequence[str], lines: Sequence[Sequence[str]], right: tuple[int, ...] = ()) -> None:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for n, column in enumerate(columns):
        widest = max([cell_len(column), *(cell_len(line[n]) for line in lines)])
        # Short columns stay whole, so that the long ones fold first.
        shown.add_column(column, justify="right" if n in right else "left", overflow="fold", min_width=min(widest, _WHOLE))
    for line in lines:
        shown.add_row(*(Text(_clean(value)) for value in line))
    Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(shown)


def progress(text: str) -> AbstractContextManager[Any]:
    """A spinner in a terminal, silence elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{text}…")


def near(path: Path) -> str:
    """The path from here when it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _clean(text: str) -> str:
    """Without control characters: a filed text must not steer the terminal."""
    return "".join(c if c.isprintable() or c in " \u3000" else "·" for c in text)
