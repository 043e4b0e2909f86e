"""Verbs of figures: show. Imports numbers, only when the verb runs."""

from __future__ import annotations

import json
from typing import Any

import click

from jianbao import terminal
from jianbao.cli.common import JSON, opened


@click.command()
@click.argument("indicator", required=False)
@click.option("--all", "everything", is_flag=True, help="全部指标。")
@click.option("--unit", "-u", default="root", help="单位编码或名称；root 为全域。")
@click.option("--period", "-p", help="统计期；缺省为最近一个已截止的。")
@click.option("--form", help="期内、累计或时点；缺省为指标自己的。")
@click.option("--scope", default="subtree", help="subtree 含下级、own 本级、reported 来源公布。")
@click.option("--as-of", help="数据版本；缺省为最近一次收表。")
@click.option("--rows", is_flag=True, help="列出数字背后的台账行。")
@click.option("--printed", is_flag=True, help="列出哪几期印过、印作多少（已刊数）。")
@JSON
@click.pass_context
def show(ctx: click.Context, indicator: str | None, everything: bool, unit: str, period: str | None, form: str | None,
         scope: str, as_of: str | None, rows: bool, printed: bool, as_json: bool) -> None:
    """查数：一个指标或全部指标的值，及其背后的行。

    \b
    例：jianbao show B03 --unit C01 --period 2023-W42
        jianbao show --all --json
        jianbao show 事项办结率 --rows
        jianbao show 事项办结率 --printed
    """
    workspace = opened(ctx)
    from jianbao.definitions.catalogue import FORMS
    from jianbao.errors import JianbaoError, unknown
    from jianbao.numbers.cube import SCOPES, Cube
    from jianbao.numbers.readings import read

    catalogue = workspace.definitions.catalogue
    if bool(indicator) == everything:
        raise JianbaoError("say one indicator, or --all. Example: jianbao show B03")
    if printed:
        from jianbao.cli.diff import show_printed

        if everything:
            raise JianbaoError("--printed is asked of one indicator. Example: jianbao show B03 --printed")
        whose = (workspace.definitions.campaign.root if unit == "root"
                 else workspace.register.find(unit, workspace.period(period).ends))
        show_printed(workspace, catalogue[str(indicator)].id, whose, form, workspace.period(period).id if period else None,
                     as_json=as_json)
        return
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
