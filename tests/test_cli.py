"""The command line as a person meets it: verbs, one-line errors, exit codes, JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import example as shipped
from jianbao.cli import main
from jianbao.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(example: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return shipped.again(example, tmp_path_factory.mktemp("cli") / "ws")


def call(workspace: Workspace | Path, *args: str, env: dict[str, str] | None = None) -> Result:
    root = workspace if isinstance(workspace, Path) else workspace.root
    return CliRunner().invoke(main, ["-w", str(root), *args], env=env, catch_exceptions=False)


def test_every_verb_has_help_with_an_example() -> None:
    for name, command in main.commands.items():
        text = CliRunner().invoke(main, [name, "--help"]).output
        assert f"例：jianbao {name}" in text, name
        assert command.get_short_help_str().strip()


@pytest.mark.parametrize(("args", "message"), [
    (("show", "读书班天书"), "no indicator '读书班天书'. Did you mean: 读书班天数"),
    (("show", "B03", "--unit", "C0l"), "no unit 'C0l'. Did you mean: C0"),
    (("show", "B03", "--period", "2023-W99"), "no period '2023-W99'"),
    (("show", "B03", "--form", "时点"), "读书班天数 (reading_class.days) is read as 期内、累计, not 时点."),
    (("show", "B03", "--form", "累记"), "no form '累记'. Did you mean: 累计"),
    (("show", "B03", "--scope", "subtre"), "no scope 'subtre'. Did you mean: subtree"),
    (("show",), "say one indicator, or --all"),
    (("run", "2023-W42", "--only", "weekli/*"), "no issue like 'weekli/*'. Did you mean: weekly/*"),
    (("run", "2023-W42", "--param", "units=C01"), "no parameter of weekly.ipynb: 'units'. Did you mean: unit"),
    (("run", "2023-W42", "--as-of", "soon"), "no data version 'soon'"),
    (("run", "2023-10"), "no product is made for a month (2023-10)"),
    (("run", "--due", "2023-W42"), "--due follows the calendar"),
    (("check", "nowhere.xlsx"), "no file nowhere.xlsx"),
    (("receive", "nowhere"), "no folder nowhere"),
    (("receive", "--received-at", "soon"), "no data version 'soon'"),
    (("plan", "第x周"), "no period '第x周'"),
])
def test_a_word_not_understood_is_one_line_and_exit_2(workspace: Workspace, args: tuple[str, ...], message: str) -> None:
    result = call(workspace, *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("jianbao: ")


def test_outside_a_workspace_it_says_where_to_go(tmp_path: Path) -> None:
    result = call(tmp_path, "plan")
    assert result.exit_code == 2
    assert "jianbao new DIR" in result.stderr


def test_show_json_has_the_promised_fields(workspace: Workspace) -> None:
    (reading,) = json.loads(call(workspace, "show", "B03", "--unit", "C01", "--period", "2023-W42", "--json").stdout)
    assert list(reading)[:14] == ["indicator", "code", "slot", "title", "measure", "unit", "scope", "period", "form", "as_of",
                                  "value", "numerator", "denominator", "n_rows"]
    assert (reading["indicator"], reading["slot"], reading["form"]) == ("reading_class.days", "N04", "累计")
    everything = json.loads(call(workspace, "show", "--all", "--unit", "root", "--period", "2023-W42", "--json").stdout)
    assert len({r["indicator"] for r in everything}) == len(workspace.definitions.catalogue)
    slots = {r["slot"] for r in everything if r["value"]}
    assert slots >= {"N01", "N02", "N03", "N04", "N05", "N07", "N08", "N09", "N15", "N16", "N18", "N19", "N21", "N22", "N23",
                     "N24", "N25", "N26", "N29", "N30", "N31", "N32"}


def test_show_as_of_and_rows(workspace: Workspace) -> None:
    early = json.loads(call(workspace, "show", "B03", "-p", "2023-W41", "--as-of", "2023-10-16T12:00", "--json").stdout)
    late = json.loads(call(workspace, "show", "B03", "-p", "2023-W41", "--json").stdout)
    assert early[0]["value"] != late[0]["value"]
    (with_rows,) = json.loads(call(workspace, "show", "B03", "-u", "C01", "-p", "2023-W42", "--rows", "--json").stdout)
    assert sum(r["days"] for r in with_rows["rows"]) == with_rows["value"]
    assert all(r["file"].endswith(".xlsx") and r["sheet"] and r["row"] > 1 for r in with_rows["rows"])
    shown = call(workspace, "show", "B03", "-u", "C01", "-p", "2023-W42", "--rows").stdout
    assert "集中学习台账 › 第" in shown and "学习类型：读书班" in shown


def test_template_check_receive_roster(workspace: Workspace, tmp_path: Path) -> None:
    made = call(workspace, "template", "2023-W43")
    assert made.exit_code == 0 and "份报表" in made.stdout
    outbox = workspace.path("outbox", "2023-W43")
    files = sorted(outbox.glob("*.xlsx"))
    assert len(files) > 60
    assert call(workspace, "template", "2023-W43", "--common").exit_code == 0
    checked = call(workspace, "check", *map(str, files[:3]), "--json")
    reports = json.loads(checked.stdout)
    assert [Path(r["file"]).name for r in reports] == [f.name for f in files[:3]]
    assert all({"file", "outcome", "findings"} <= set(r) for r in reports)
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(files[0].read_bytes()[:2000])
    result = call(workspace, "check", str(broken), str(files[1]))
    assert result.exit_code == 1
    assert "坏.xlsx" in result.stdout and "错误" in result.stdout
    roster = json.loads(call(workspace, "roster", "2023-W42", "--json").stdout)
    counts = roster["counts"]
    assert counts["应报"] == counts["实报"] + counts["退回"] + counts["未报"]
    assert "【催报】" in call(workspace, "roster", "2023-W42", "--remind").stdout
    assert "第四联络组" in call(workspace, "roster", "2023-W42").stdout


def test_plan_run_run_due(workspace: Workspace) -> None:
    assert "未编" in call(workspace, "plan", "2023-W38").stdout
    result = call(workspace, "run", "2023-W38", "--only", "weekly/*")
    assert result.exit_code == 0, result.output
    for name in ("brief.html", "brief.pdf", "brief.docx"):
        assert name in result.stdout
    assert call(workspace, "run", "2023-W38", "--only", "weekly/*").stdout.startswith("已是最新  weekly/2023-W38/root")
    now = {"JIANBAO_NOW": "2023-09-13T08:00:00"}
    first = call(workspace, "run", "--due", "--only", "weekly/*", "--json", env=now)
    assert [(r["issue"], r["outcome"]) for r in json.loads(first.stdout)] == [
        ("weekly/2023-W35/root", "made"), ("weekly/2023-W36/root", "made")]
    second = call(workspace, "run", "--due", "--only", "weekly/*", "--json", env=now)
    assert {r["outcome"] for r in json.loads(second.stdout)} == {"current"}
    assert "没有应发的" in call(workspace, "run", "--due", env={"JIANBAO_NOW": "2023-08-29T08:00:00"}).stdout


def test_a_failed_issue_is_exit_1(workspace: Workspace) -> None:
    notebook = workspace.root / "notebooks" / "weekly.ipynb"
    kept = notebook.read_text(encoding="utf-8")
    notebook.write_text(kept.replace("brief.findings()", "1/0"), encoding="utf-8")
    try:
        result = call(workspace, "run", "2023-W37", "--only", "weekly/*")
    finally:
        notebook.write_text(kept, encoding="utf-8")
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr and "失败" in result.stderr


def test_lint_names_file_and_line(workspace: Workspace, tmp_path: Path) -> None:
    clean = call(workspace, "lint")
    assert clean.exit_code == 0, clean.stdout
    copy = tmp_path / "ws"
    shutil.copytree(workspace.root, copy, ignore=shutil.ignore_patterns("issues", "outbox", "returns"))
    study = copy / "params" / "indicators" / "study.yml"
    lines = study.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if "sum(days)" in line)
    lines[at] = lines[at].replace("sum(days)", "sum(day)")
    study.write_text("\n".join(lines), encoding="utf-8")
    result = call(copy, "lint")
    assert result.exit_code == 1
    assert f'params/indicators/study.yml:{at + 1}: reading_class.days: ledger study has no column \'day\'. Did you mean: days?' \
        in result.stdout
    assert call(copy, "show", "B03").exit_code == 2
    study.write_text("\n".join(lines).replace("sum(day)", "sum(days)"), encoding="utf-8")
    weekly = copy / "notebooks" / "weekly.ipynb"
    weekly.write_text(weekly.read_text(encoding="utf-8").replace("{漏报单位数}", "{漏报单位}"), encoding="utf-8")
    result = call(copy, "lint", "--json")
    remarks: list[dict[str, Any]] = json.loads(result.stdout)
    wrong = [r for r in remarks if r["severity"] == "error"]
    assert len(wrong) == 1 and wrong[0]["place"] == "notebooks/weekly.ipynb: cell 3, line 8"
    assert "Did you mean" in wrong[0]["message"]


def test_lint_tells_of_a_correction_that_no_longer_fits(workspace: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "ws"
    shutil.copytree(workspace.root, copy, ignore=shutil.ignore_patterns("issues", "outbox", "returns"))
    (copy / "params" / "corrections").mkdir(exist_ok=True)
    (copy / "params" / "corrections" / "late.yml").write_text(
        "- {ledger: study, unit: C01, match: {topic: 没有这一行}, set: {days: 2}, expect: {days: 9}, reason: 电话更正, who: 办公室,"
        " on: 2023-10-20T09:00:00}\n", encoding="utf-8")
    result = call(copy, "lint")
    assert result.exit_code == 0
    assert "params/corrections: study, C01" in result.stdout and "no row says" in result.stdout and "电话更正" in result.stdout


def test_schemas_are_current(workspace: Workspace) -> None:
    from jianbao.definitions.schema import schemas

    folder = Path(__file__).parents[1] / "params" / "schema"
    assert {p.stem: p.read_text(encoding="utf-8") for p in folder.glob("*.json")} == schemas(), "run: jianbao lint --schemas"


def test_a_new_workspace_goes_the_whole_way(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    folder = tmp_path / "防汛检查"
    assert CliRunner().invoke(main, ["new", str(folder)]).exit_code == 0
    assert CliRunner().invoke(main, ["new", str(folder)]).exit_code == 2
    assert call(folder, "lint").exit_code == 0
    env = {"JIANBAO_NOW": f"{_this_year()}-03-13T10:00:00"}
    assert call(folder, "template", f"{_this_year()}-W10", env=env).exit_code == 0
    for n, path in enumerate(sorted((folder / "data/outbox").rglob("*.xlsx"))):
        book = load_workbook(path)
        sheet = book["重点事项台账"]
        header = next(r for r in sheet.iter_rows() if any(c.value and "事项编号" in str(c.value) for c in r))
        titles = [str(c.value or "").strip("* ") for c in header]
        values = {"事项编号": "S1", "事项名称": "检查排水沟", "登记日期": f"{_this_year()}-03-04",
                  "办理时限": f"{_this_year()}-03-05", "状态": "已办结" if n else "办理中",
                  "办结日期": f"{_this_year()}-03-05" if n else None}
        for title, value in values.items():
            at = next(k for k, t in enumerate(titles) if t.startswith(title))
            sheet.cell(header[0].row + 1, at + 1, value)
        (folder / "data/inbox").mkdir(exist_ok=True)
        book.save(folder / "data/inbox" / path.name)
    received = call(folder, "receive", env=env)
    assert received.exit_code == 0, received.output
    made = call(folder, "run", f"{_this_year()}-W10", "--as-of", "latest", env=env)
    assert made.exit_code == 0, made.output
    html = next((folder / "data/issues").rglob("brief.html")).read_text(encoding="utf-8")
    assert "办结率66.7%" in re.sub(r"<[^>]+>|\u2060", "", html)


def _this_year() -> int:
    from datetime import date

    return date.today().year


def test_importing_costs_nothing(tmp_path: Path) -> None:
    code = ("import sys, jianbao; heavy = {'pandas','duckdb','pyarrow','pydantic','matplotlib','sqlalchemy','IPython'};"
            "print(sorted(heavy & set(sys.modules)))")
    for program in (code, code.replace("import sys, jianbao", "import sys, jianbao.cli")):
        out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ))
        assert out.stdout.strip() == "[]"
