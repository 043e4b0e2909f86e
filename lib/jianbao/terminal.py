"""What a terminal shows: receipts, readings, results. Imports intake, brief.printing, publish.

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
    from rich.text import Text

    from jianbao.definitions.finding import Finding
    from jianbao.intake.receipt import FileReport, Receipt
    from jianbao.numbers.readings import Reading
    from jianbao.publish.batch import Result

FINDINGS_SHOWN = 40         # of a receipt with no more than these all are shown,
FINDINGS_PER_FILE = 3       # else the first few of each file with errors,
GROUPS_SHOWN, FILES_NAMED = 40, 5       # and what is to be looked at in the others, once
SCREEN = 20                 # lines
_WIDTH = 150        # when the output is no terminal
_WHOLE = 10         # a column no wider than this is never folded


def echo(text: str = "", *, err: bool = False) -> None:
    """Prints lines without what would steer the terminal: any of them may hold what a unit typed."""
    click.echo("\n".join(map(clean, text.split("\n"))), err=err)


def dump(value: Any) -> None:
    """JSON; what a terminal would obey is escaped, which JSON reads back as it was."""
    said = json.dumps(value, ensure_ascii=False, indent=1, default=str)
    click.echo("".join(c if c.isprintable() or c in "\n\u3000" else json.dumps(c)[1:-1] for c in said))


def receipt(found: Receipt) -> None:
    """What there is to say, errors first; then what was recognised; the totals last, and above all the rest as well when
    that is more than a screen."""
    from jianbao.intake.receipt import OUTCOMES

    lines = _each(found.files) if len(found.findings) <= FINDINGS_SHOWN else _together(found.files)
    guesses: dict[str, list[str]] = {}
    for file in found.files:
        for guess in file.guesses if file.outcome != "duplicate" else ():
            guesses.setdefault(guess, []).append(file.file)
    lines += [f"自动识别  {'、'.join(names)}：{guess}" for guess, names in guesses.items()]
    lines += [f"重报核对  {file.file}：{file.answered.told(file.findings)}" for file in found.files if file.answered]
    lines += [f"注意  {note}" for note in found.notes]
    totals = "，".join(f"{OUTCOMES[k]} {n} 份" for k, n in found.counts.items()) or "没有文件"
    errors = sum(f.severity == "error" for f in found.findings)
    summary = (f"{totals}；错误 {errors} 条，提示 {len(found.findings) - errors} 条"
               + (f"；数据版本 {found.version}" if found.version else ""))
    for line in [*([summary] if len(lines) > SCREEN else []), *lines, summary]:
        click.echo(clean(line))


def _each(files: Sequence[FileReport]) -> list[str]:
    """Every finding, file by file, and where the copy lies."""
    lines = []
    for file in sorted(files, key=lambda f: not _wrong(f)):
        lines += [_finding(f) for f in sorted(file.findings, key=lambda f: f.severity)]
        lines += [_copy(file)] if file.returned is not None else []
    return lines


def _together(files: Sequence[FileReport]) -> list[str]:
    """Of files with errors the first few and the copy; what is to be looked at in the others, the same once for all."""
    lines = []
    for file in filter(_wrong, files):
        lines += [_finding(f) for f in sorted(file.findings, key=lambda f: f.severity)[:FINDINGS_PER_FILE]]
        if len(file.findings) > FINDINGS_PER_FILE:
            lines.append(f"……{file.file} 另有 {len(file.findings) - FINDINGS_PER_FILE} 条，见退回的文件或 --json。")
        lines += [_copy(file)] if file.returned is not None else []
    alike: dict[tuple[str, str], list[Finding]] = {}
    folders: dict[Path, int] = {}
    for file in files:
        if not _wrong(file):
            for f in file.findings:
                alike.setdefault((f.rule, f.message), []).append(f)
            if file.returned is not None:
                folders[file.returned.parent] = folders.get(file.returned.parent, 0) + 1
    groups = sorted(alike.values(), key=len)        # what one file alone has is read first
    lines += [_finding(group[0], _named(group)) for group in groups[:GROUPS_SHOWN]]
    if more := sum(map(len, groups[GROUPS_SHOWN:])):
        lines.append(f"……另有 {more} 条提示，见退回的文件或 --json。")
    return lines + [f"请核对  {n} 份 → {near(folder)}" for folder, n in folders.items()]


def _wrong(file: FileReport) -> bool:
    return any(f.severity == "error" for f in file.findings)


def _named(alike: Sequence[Finding]) -> str:
    """Where findings that say the same stand: the place of one, the first files of several."""
    files = list(dict.fromkeys(f.file for f in alike))
    more = f" 等 {len(files)} 份" if len(files) > FILES_NAMED else ""
    return alike[0].place if len(alike) == 1 else "、".join(files[:FILES_NAMED]) + more


def _copy(file: FileReport) -> str:
    from jianbao.intake.receipt import OUTCOMES

    assert file.returned is not None
    return f"{'请核对' if file.outcome == 'stored' else OUTCOMES[file.outcome]}  {file.file} → {near(file.returned)}"


def _finding(f: Finding, place: str = "") -> str:
    gap = " " if f.message[-1:].isascii() else ""       # 。 brings its own room
    return f"{'错误' if f.severity == 'error' else '提示'}  {place or f.place}：{f.message}{gap}{f.remedy}"


def readings(found: Sequence[Reading]) -> None:
    from jianbao.brief.printing import formula, printed

    first = found[0]
    echo(f"{first.unit.label}　{first.period.label}　数据版本 {first.as_of:%Y-%m-%d %H:%M}")
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
        echo(f"只列前 {limit} 行；全部见 --json。")


def result(found: Result) -> None:
    """One line for the issue and one per file; what went wrong on stderr."""
    words = {"made": "编成", "current": "已是最新", "failed": "失败", "busy": "占用"}
    failed = found.outcome == "failed"
    echo(f"{words[found.outcome]}  {found.issue}" + (f"（{found.why}）" if found.why and not failed else ""), err=failed)
    if failed:
        echo("\n".join(f"  {clean(line)}" for line in found.why.splitlines()), err=True)
    for path in found.files:
        echo(f"  {near(path)}")


def table(columns: Sequence[str], lines: Sequence[Sequence[str | Text]], right: tuple[int, ...] = ()) -> None:
    """Cells are text as it is, or with styles where they come as rich's own."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for n, column in enumerate(columns):
        widest = max([cell_len(column), *(cell_len(str(line[n])) for line in lines)])
        # Short columns stay whole, so that the long ones fold first.
        shown.add_column(column, justify="right" if n in right else "left", overflow="fold", min_width=min(widest, _WHOLE))
    for line in lines:
        shown.add_row(*(value if isinstance(value, Text) else Text(clean(value)) for value in line))
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


def clean(text: str) -> str:
    """Without control characters: a filed text must not steer the terminal."""
    return "".join(c if c.isprintable() or c in " \u3000" else "·" for c in text)
