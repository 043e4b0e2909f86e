"""The command line: one verb per step. Imports every room, each only when its verb runs.

Exit codes: 0 done, 1 findings or failed issues, 2 a word that is not understood.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jianbao import terminal

if TYPE_CHECKING:
    from jianbao.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="机器可读的输出。")


class _Main(click.Group):
    """Our own errors are one line and exit 2."""

    def invoke(self, ctx: click.Context) -> Any:
        from jianbao.errors import JianbaoError

        try:
            return super().invoke(ctx)
        except JianbaoError as e:
            click.echo(f"jianbao: {e}", err=True)
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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """新建：给另一项工作开一个工作区（params、notebooks、data）。

    \b
    例：jianbao new ~/防汛检查
    """
    from datetime import date

    from jianbao.skeleton import make

    files = make(folder, today=date.today())
    click.echo(f"{folder}：{len(files)} 个文件。先改 params/ 和 data/master/register.xlsx，再运行 jianbao -w {folder} lint")


@main.command()
@click.argument("period", required=False)
@click.option("--common", is_flag=True, help="每类单位一份，填报单位从下拉选。")
@click.pass_context
def template(ctx: click.Context, period: str | None, common: bool) -> None:
    """发表：按应报清单生成报表文件到 data/outbox。

    \b
    例：jianbao template 2023-W42
        jianbao template 第8周 --common
    """
    workspace = _open(ctx, refresh=True)
    from jianbao.intake.template import make_templates

    wanted = workspace.period(period) if period else workspace.open_period()
    with terminal.progress(f"生成 {wanted.label} 报表"):
        files = make_templates(workspace, wanted, common=common)
    click.echo(f"{wanted.label}：{len(files)} 份报表，在 {terminal.near(files[0].parent) if files else workspace.path('outbox')}")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_JSON
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """核查：只看不存，列出全部问题；有错误时退出码为 1。

    \b
    例：jianbao check data/inbox/*.xlsx
        jianbao check 上报/财务处.xlsx --json
    """
    workspace = _open(ctx, refresh=True)
    from jianbao.errors import UnknownName
    from jianbao.intake.inbox import check as run_check

    for path in files:
        if not path.exists():
            raise UnknownName(f"no file {path}.")
    with terminal.progress("核查"):
        receipt = run_check(workspace, list(files))
    terminal.dump(receipt.to_json()) if as_json else terminal.receipt(receipt)
    ctx.exit(receipt.exit_code)


@main.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--received-at", help="收到时间，如 2023-10-23T10:30；缺省用 received.csv 或现在。")
@_JSON
@click.pass_context
def receive(ctx: click.Context, folder: Path | None, received_at: str | None, as_json: bool) -> None:
    """收表：核查，干净的入库，其余退回 data/returns；打印新的数据版本。

    \b
    例：jianbao receive
        jianbao receive data/inbox/2023-W42 --received-at 2023-10-23T11:00
    """
    workspace = _open(ctx)
    from jianbao.errors import UnknownName
    from jianbao.intake.inbox import receive as run_receive

    if folder is not None and not folder.exists():
        raise UnknownName(f"no folder {folder}.")
    at = workspace.as_of(received_at) if received_at else None
    with terminal.progress("收表"):
        receipt = run_receive(workspace, folder, received_at=at)
    terminal.dump(receipt.to_json()) if as_json else terminal.receipt(receipt)
    ctx.exit(receipt.exit_code)


@main.command()
@click.argument("period", required=False)
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--remind", is_flag=True, help="打印可直接粘贴的催报文字。")
@_JSON
@click.pass_context
def roster(ctx: click.Context, period: str | None, as_of: str | None, remind: bool, as_json: bool) -> None:
    """催报：谁报了、迟报、漏报、零报送、退回未重报。

    \b
    例：jianbao roster 2023-W42
        jianbao roster --remind
    """
    workspace = _open(ctx, refresh=True)
    from jianbao.intake.roster import roster as make_roster

    wanted = workspace.period(period)
    found = make_roster(workspace, wanted, as_of=workspace.as_of(as_of) if as_of else None)
    if as_json:
        terminal.dump(found.to_json())
    elif remind:
        click.echo("\n\n".join(f"〔{team}〕\n{text}" for team, text in found.reminders.items()) or "没有要催的。")
    else:
        terminal.roster(found)


@main.command()
@click.argument("indicator", required=False)
@click.option("--all", "everything", is_flag=True, help="全部指标。")
@click.option("--unit", "-u", default="root", help="单位编码或名称；root 为全域。")
@click.option("--period", "-p", help="统计期；缺省为最近一个已截止的。")
@click.option("--form", help="期内、累计或时点；缺省为指标自己的。")
@click.option("--scope", default="subtree", help="subtree 含下级、own 本级、reported 来源公布。")
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--rows", is_flag=True, help="列出数字背后的台账行。")
@_JSON
@click.pass_context
def show(ctx: click.Context, indicator: str | None, everything: bool, unit: str, period: str | None, form: str | None,
         scope: str, as_of: str | None, rows: bool, as_json: bool) -> None:
    """查数：一个指标或全部指标的值，及其背后的行。

    \b
    例：jianbao show B03 --unit C01 --period 2023-W42
        jianbao show --all --json
        jianbao show 事项办结率 --rows
    """
    workspace = _open(ctx)
    from jianbao.definitions.catalogue import FORMS
    from jianbao.errors import JianbaoError, unknown
    from jianbao.numbers.cube import SCOPES, Cube
    from jianbao.numbers.readings import read

    catalogue = workspace.definitions.catalogue
    if bool(indicator) == everything:
        raise JianbaoError("say one indicator, or --all. Example: jianbao show B03")
    ids = [i.id for i in catalogue] if everything else [catalogue[str(indicator)].id]
    wanted, known = workspace.period(period), workspace.as_of(as_of)
    if scope not in SCOPES:
        raise unknown("scope", scope, SCOPES)
    if form is not None and form not in FORMS:
        raise unknown("form", form, FORMS)
    code = workspace.definitions.campaign.root if unit == "root" else workspace.register_at(known).find(unit, wanted.ends)
    cube = Cube(workspace, [wanted], as_of=known, indicators=ids)
    found = []
    for i in (catalogue[name] for name in ids):
        wanted_forms: Any = [form] if form else i.forms if everything else [i.default_form]
        # One indicator asked wrongly is an error; among all of them it is left out.
        found += [read(cube, i.id, code, wanted, form=f, scope=scope)
                  for f in wanted_forms if not everything or (f in i.forms and i.allows(scope))]
    if rows:
        if as_json:
            terminal.dump([{**r.to_json(), "rows": json.loads(r.rows().to_json(orient="records", date_format="iso"))}
                           for r in found])
            return
        for r in found:
            terminal.readings([r])
            terminal.rows(r)
        return
    if as_json:
        terminal.dump([r.to_json() for r in found])
    else:
        terminal.readings(found)


@main.command()
@click.argument("period", required=False)
@click.option("--only", help="只看符合的，如 'weekly/*'。")
@click.option("--as-of", help="数据版本；缺省为该期截止时；latest 为最近一次收表。")
@_JSON
@click.pass_context
def plan(ctx: click.Context, period: str | None, only: str | None, as_of: str | None, as_json: bool) -> None:
    """计划：这一期该编哪些，为什么。

    \b
    例：jianbao plan 2023-W42
    """
    workspace = _open(ctx)
    from jianbao.publish import batch
    from jianbao.publish.plan import issues_of

    issues = issues_of(workspace, workspace.period(period), as_of=as_of, only=only)
    rows = [(str(i), f"{i.due:%Y-%m-%d %H:%M}", f"{i.as_of:%Y-%m-%d %H:%M}", batch.reasons(i, workspace)) for i in issues]
    if as_json:
        terminal.dump([{"issue": a, "due": b, "as_of": c, "reasons": d} for a, b, c, d in rows])
    else:
        terminal.table(["期", "应发", "数据截止", "要做"], [(a, b, c, "、".join(d) or "已是最新") for a, b, c, d in rows])


@main.command()
@click.argument("period", required=False)
@click.option("--due", is_flag=True, help="按发布日历补齐到现在为止该发的各期。")
@click.option("--only", help="只编符合的，如 'weekly/*'。")
@click.option("--as-of", help="数据版本；缺省为该期截止时；latest 为最近一次收表。")
@click.option("--jobs", "-j", default=1, show_default=True, type=click.IntRange(1, 64), help="同时编几份。")
@click.option("--force", is_flag=True, help="没有变化也重编。")
@click.option("--param", "-P", "params", multiple=True, metavar="NAME=VALUE", help="笔记本自己的参数。")
@_JSON
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

    workspace = _open(ctx)
    extra = dict(_pair(p) for p in params)
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
        click.echo("到现在为止没有应发的。")
    ctx.exit(1 if any(r.outcome == "failed" for r in results) else 0)


@main.command()
@click.option("--schemas", is_flag=True, help="同时更新 params/schema（供编辑器提示）。")
@_JSON
@click.pass_context
def lint(ctx: click.Context, schemas: bool, as_json: bool) -> None:
    """查口径：params/、notebooks/ 和名册，逐条给出文件和行号。

    \b
    例：jianbao lint
    """
    workspace = _open(ctx)
    from jianbao.errors import DefinitionError
    from jianbao.publish import lint as linter

    with suppress(DefinitionError):     # lint itself says what is wrong
        _open(ctx, refresh=True)

    remarks = linter.lint(workspace)
    if schemas:
        linter.write_schemas(workspace)
    if as_json:
        terminal.dump([r.to_json() for r in remarks])
    else:
        for r in remarks:
            click.echo(f"{'错误' if r.severity == 'error' else '提示'}  {r}")
        errors = sum(r.severity == "error" for r in remarks)
        click.echo(f"错误 {errors} 条，提示 {len(remarks) - errors} 条。")
    ctx.exit(1 if any(r.severity == "error" for r in remarks) else 0)


def _open(ctx: click.Context, *, refresh: bool = False) -> Workspace:
    """`refresh` takes in master workbooks changed since the last receive."""
    from jianbao.workspace import open_workspace

    workspace = open_workspace(ctx.obj)
    if refresh:
        from jianbao.intake.master import receive_master

        with workspace.store.lock():
            receive_master(workspace, workspace.now)
        workspace.refresh()
    return workspace


def _pair(text: str) -> tuple[str, str]:
    from jianbao.errors import UnknownName

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UnknownName(f"--param {text}: write NAME=VALUE.")
    return name, value


if __name__ == "__main__":
    main()
