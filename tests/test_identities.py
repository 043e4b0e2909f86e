"""Identities and claims: what must agree, what a brief says when it does not, and words printed only while they hold."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from jianbao.brief import prose
from jianbao.brief.brief import Brief, open_brief
from jianbao.brief.claims import identity_of, wrong_in
from jianbao.brief.parts import Findings, Prose, Run, Table
from jianbao.definitions.load import load
from jianbao.definitions.period import Period
from jianbao.errors import BriefError, DefinitionError
from jianbao.numbers import identities
from jianbao.numbers.cube import Cube
from jianbao.numbers.readings import read
from jianbao.publish.lint import lint
from worlds import World, make_world


def counted(code: str, title: str, unit: str = "个", **how: Any) -> dict[str, Any]:
    return {"code": code, "title": {"zh": title}, "unit": unit, "nature": "coverage", "definition": f"{title}。", **how}


INDICATORS: dict[str, Any] = {
    "held.units": counted("A1", "已办单位数", ledger="study", where="study_type = '读书班'", value="distinct(unit)", rolls_up="distinct"),
    "due.units": counted("A2", "应办单位数", ledger="bases", value="sum(firms)", rolls_up="stock"),
    "held.share": counted("A3", "举办率", "%", numerator="held.units", denominator="due.units", rolls_up="ratio"),
    "held.days": counted("A4", "天数", "天", ledger="study", value="sum(days)", rolls_up="sum"),
    "problems.count": counted("A5", "问题数", ledger="problems", value="count()", rolls_up="stock"),
    "problems.new": counted("A6", "新增问题数", ledger="problems", value="count()", date="registered_on", rolls_up="sum"),
    "replied": counted("A7", "答复数", "条", ledger="opinions", value="sum(replied)", rolls_up="sum"),
    "opened": counted("A8", "收到数", "条", ledger="opinions", value="sum(opened)", rolls_up="sum"),
    "days.per_unit": counted("A9", "均天数", "天", numerator="held.days", denominator="held.units", rolls_up="ratio", decimals=0),
}  # fmt: skip
ALL_HELD = {"id": "all-held", "title": "都已举办", "check": "held.units = due.units", "units": "unit", "claim": ["均举办", "全部举办"],
            "about": "held.share", "severity": "warning", "hint": "催办。"}
REPLIED = {"id": "replied", "title": "答复不多于收到", "check": "replied <= opened", "units": "unit", "hint": "核对两数。"}
GROWTH = {"id": "growth", "title": "期初加新增等于期末",
          "check": "problems.count = coalesce(problems.count.previous, 0) + problems.new.in_period"}
RULES = [ALL_HELD, REPLIED, GROWTH]
# 东湖县, 西岭县 and 市住房局 are due to hold one; 柳河镇 and 石桥镇 are not.
BASES = [{"单位编码": u, "基准日": date(2023, 8, 1), "企业数": n} for u, n in [("B01", 1), ("C01", 1), ("C02", 1), ("C01-T01", 0)]]
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 9, 5), "天数": 1}

OVERANSWERED = {"意见统计表": [{"单位": "C01", "收到意见数": 5, "答复数": 8}], "集中学习台账": [{"单位": "C01", **CLASS}]}


def world_with(tmp_path: Path, *rules: dict[str, Any], guarded: tuple[str, ...] = (), **params: Any) -> World:
    product = {"notebook": "w.ipynb", "name": "简报", "title": "{单位}情况"}
    file = {"guarded": list(guarded), "identities": list(rules or RULES)}
    return make_world(tmp_path, indicators={"all": INDICATORS}, master={"基数表": BASES},
                      params={"briefs.yml": {"weekly": product}, "identities.yml": file, **params})  # fmt: skip


def hold(world: World, *units: str, week: str = "2023-W36", at: str = "2023-09-11T10:00") -> None:
    filers: dict[str, list[str]] = {}
    for unit in units:
        filers.setdefault("C01" if unit == "C01-T01" else unit, []).append(unit)
    for filer, each in filers.items():
        world.file(filer, week, {"集中学习台账": [{"单位": u, **CLASS, "开始日期": Period(week).starts} for u in each]})
    assert [f for f in world.receive(at).findings if f.severity == "error"] == []


def brief_of(world: World, unit: str = "root", period: str = "2023-W36") -> Brief:
    return open_brief(period, unit, workspace=world.workspace)


def said(brief: Brief, text: str) -> str:
    brief.say(text)
    part = brief.parts[-1]
    assert isinstance(part, Prose)
    return part.text


# Whether they hold

def outcome(world: World, rule: str, unit: str = "root", period: str = "2023-W36") -> bool | None:
    p = Period(period)
    cube = Cube(world.workspace, [p], indicators=[])      # nothing is computed but what the identity names
    identity = next(i for i in world.workspace.definitions.identities.identities if i.id == rule)
    return identities.check(cube, identity, unit, p).holds


def test_a_claim_of_all_holds_when_all_that_are_due_have_done_it(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    hold(world, "B01", "C01")
    assert outcome(world, "all-held") is False                 # 2 of 3
    assert outcome(world, "all-held", "C01") is True           # 1 of 1
    hold(world, "C02", at="2023-09-11T11:00")
    assert outcome(world, "all-held") is True


def test_what_nobody_filed_is_neither_held_nor_violated(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    hold(world, "B01", "C01")
    assert outcome(world, "replied") is None
    assert outcome(world, "growth") is None
    assert [c.identity.id for c in identities.violations(brief_of(world).cube, "root", Period("2023-W36"))] == ["all-held"]


def problem(key: str, day: date, unit: str = "C01") -> dict[str, Any]:
    return {"问题编号": key, "单位": unit, "问题摘要": "某事", "登记日期": day, "状态": "整改中"}


def test_opening_and_new_make_closing_also_in_the_first_period(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    world.file("C01", "2023-W36", {"问题台账": [problem("P1", date(2023, 9, 6))]})
    world.receive("2023-09-11T10:00")
    assert outcome(world, "growth") is True                    # 0 + 1 = 1
    world.file("C01", "2023-W37", {"问题台账": [problem("P2", date(2023, 9, 13)), problem("P3", date(2023, 9, 14))]})
    world.receive("2023-09-18T10:00")
    assert outcome(world, "growth", period="2023-W37") is True     # 1 + 2 = 3
    # P4 is dated into the week before, but that week is read anew, so it still balances: 2 + 2 = 4
    world.file("C02", "2023-W37", {"问题台账": [problem("P4", date(2023, 9, 8), "C02")]})
    world.receive("2023-09-18T11:00")
    cube = Cube(world.workspace, [Period("2023-W37")], indicators=[])
    growth = next(i for i in world.workspace.definitions.identities.identities if i.id == "growth")
    found = identities.check(cube, growth, "root", Period("2023-W37")).compared[0]
    assert (found.left, found.right) == (4.0, 3.0)     # the state of W36 does not know P4: it was first filed for W37
    assert found.holds is False


@pytest.mark.parametrize(("check", "more", "holds"), [
    ("held.share = 0.6666666666666667", {}, True),
    ("held.share = 0.6667", {}, False),
    ("held.units = 2 and due.units = 4", {}, False),           # one of two fails
    ("held.units = 2 and replied = 1", {}, None),              # one cannot be said
    ("held.units = 1 and replied = 1", {}, False),             # and one that fails settles it
    ("held.units * 2 = 5", {"tolerance": 0.2}, True),          # 4 is within a fifth of 5
    ("held.units * 2 = 5", {"tolerance": 0.19}, False),
    ("held.units * 2 < 4", {}, False), ("held.units * 2 <= 4", {}, True), ("held.units <> 3", {}, True),
    ("held.units / 0 = 1", {}, None),
    ("days.per_unit = 1.25", {}, True), ("days.per_unit = 1", {"printed": True}, True),     # 1.25 days print as 1
])  # fmt: skip
def test_comparisons(tmp_path: Path, check: str, more: dict[str, Any], holds: bool | None) -> None:
    world = world_with(tmp_path, {"id": "x", "title": "试", "check": check, **more})
    world.file("C02", "2023-W36", {"集中学习台账": [{**CLASS, "天数": 1.5}]})
    hold(world, "B01")
    assert outcome(world, "x") is holds


def test_a_condition_that_does_not_hold_leaves_the_identity_out(tmp_path: Path) -> None:
    rules = [{**REPLIED, "id": str(n), "check": "held.units = 3", "when": when}
             for n, when in enumerate(["held.units >= 2", "held.units > 2", "replied > 0", "elapsed > 0.01"])]
    world = world_with(tmp_path, *rules)
    hold(world, "B01", "C01")
    assert [c.identity.id for c in identities.checked(brief_of(world).cube, "root", Period("2023-W36"))] == ["0", "3"]


def test_whom_an_identity_is_asked_of(tmp_path: Path) -> None:
    rules = [{"id": units, "title": "试", "check": "held.units <= 0", "units": units} for units in ("root", "unit", "children", "all")]
    world = world_with(tmp_path, *rules)
    hold(world, "C01", "C01-T01")

    def asked(unit: str, **more: Any) -> list[tuple[str, str, float | None]]:
        checked = identities.checked(brief_of(world).cube, unit, Period("2023-W36"), **more)
        return [(c.identity.id, c.unit.code, c.compared[0].left) for c in checked if c.holds is False]

    assert asked("root") == [("root", "root", 2), ("unit", "root", 2), ("children", "root", 2), ("children", "C01", 2),
                             ("all", "C01", 1), ("all", "C01-T01", 1)]       # each by its own rows
    assert asked("C01") == [("unit", "C01", 2), ("children", "C01", 2), ("children", "C01-T01", 1), ("all", "C01", 1),
                            ("all", "C01-T01", 1)]
    assert asked("root", members=("C01", "C02")) == [("unit", "C01", 2), ("children", "C01", 2), ("all", "C01", 1)]


# In a brief

def test_a_violated_identity_is_a_finding_with_both_sides_and_what_to_do(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    world.file("C01", "2023-W36", OVERANSWERED)
    world.receive("2023-09-11T10:00")
    brief = brief_of(world)
    before = brief.head.open_findings
    brief.findings()
    part = brief.parts[-1]
    assert isinstance(part, Findings)
    lines = {line.place: line for line in part.items if line.place.startswith("勾稽关系")}
    replied = lines["勾稽关系 › 答复不多于收到"]
    assert (replied.severity, replied.unit) == ("error", "青石市")
    assert replied.message == "答复数8条，应不大于收到数5条，相差3条。"
    assert replied.remedy == "核对两数。"
    assert lines["勾稽关系 › 都已举办"].severity == "warning"
    assert lines["勾稽关系 › 都已举办"].message == "已办单位数1个，与应办单位数3个相差2个。不能写“均举办”“全部举办”。"
    assert before >= 2
    assert "错误1处" in part.summary


def test_a_sum_is_told_with_its_parts(tmp_path: Path) -> None:
    world = world_with(tmp_path, {**GROWTH, "check": "problems.count = coalesce(problems.count.previous, 0) + problems.new.in_period + 1"})
    for week, at in (("2023-W36", "2023-09-11T10:00"), ("2023-W37", "2023-09-18T10:00")):
        day = Period(week).starts
        world.file("C01", week, {"问题台账": [problem(f"P{day:%d}", day)]})
        world.receive(at)
    found = brief_of(world, period="2023-W37")._findings
    assert [f.message for f in found if f.rule == "growth"] == [
        "问题数2个，应等于问题数（上周）1个＋新增问题数（本周）1个＋1＝3个，相差1个。"]


def test_the_working_paper_lists_every_identity(tmp_path: Path) -> None:
    world = world_with(tmp_path, *RULES, {**REPLIED, "id": "each", "title": "各单位答复", "units": "all"})
    world.file("C01", "2023-W36", OVERANSWERED)
    world.file("C02", "2023-W36", {"意见统计表": [{"收到意见数": 5, "答复数": 5}]})
    world.receive("2023-09-11T10:00")
    brief = brief_of(world)
    brief.identities()
    part = brief.parts[-1]
    assert isinstance(part, Table)
    assert part.face == "working" and not brief.document.face("issued").parts[1:]
    rows = [tuple(cell.text for cell in row) for row in part.rows]
    assert rows == [
        ("都已举办", "青石市", "A1 已办单位数1个", "＝", "A2 应办单位数3个", "不成立"),
        ("答复不多于收到", "青石市", "A7 答复数13条", "≤", "A8 收到数10条", "不成立"),
        ("各单位答复", "7个", "成立1个", "", "不成立1个，数据不足5个", "不成立"),
        ("各单位答复", "东湖县", "A7 答复数8条", "≤", "A8 收到数5条", "不成立"),
    ]
    assert part.notes == ("数据不足，不作判断：期初加新增等于期末。",)


def test_a_figure_of_another_date_must_be_said(tmp_path: Path) -> None:
    world = world_with(tmp_path, {"id": "one-date", "title": "同一截止日期", "one_date": True, "severity": "warning"})
    hold(world, "B01", at="2023-09-11T10:00")
    hold(world, "C01", week="2023-W37", at="2023-09-18T10:00")
    brief = brief_of(world, period="2023-W37")
    earlier = read(brief.cube, "held.units", "root", Period("2023-W36"))

    def dates() -> list[str]:
        brief.findings()
        part = brief.parts[-1]
        assert isinstance(part, Findings)
        return [line.message for line in part.items if "截止日期" in line.message]

    def show(text: str) -> None:
        brief.show(Prose((Run(text), Run("1个", brief.figures.add(earlier, "1个")))))

    brief.say("已办{已办单位数}，{已办单位数.期内.环比}。")
    show("上周末已办")
    show("截至9月10日，已办")
    assert dates() == []
    show("已办")
    assert len(dates()) == 1
    assert dates()[0].startswith("已办单位数1个的截止日期是2023年9月10日") and "文中没有说明" in dates()[0]


# Claims

def test_a_claim_is_printed_while_it_holds_and_bound_to_its_figure(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    hold(world, "B01", "C01", "C02")
    brief = brief_of(world)
    assert said(brief, "应办单位{断言:均举办}读书班。") == "应办单位均举办读书班。"
    assert said(brief, "应办单位｛断言：均举办｜否则＝陆续举办｝读书班。") == "应办单位均举办读书班。"
    assert said(brief, "{claim:全部举办|else=没有全部举办}。") == "全部举办。"
    run = next(r for r in brief.parts[0].runs if r.text == "均举办")      # type: ignore[union-attr]
    brief.sources()
    figure = next(f for f in brief.parts[-1].figures if f.id == run.figure)     # type: ignore[union-attr]
    assert (figure.code, figure.derived, figure.formula) == ("A3", "断言", "3 ÷ 3")
    assert len(brief.trace(str(run.figure))) == 3 + 4      # three classes, and the four rows of the bases


def test_a_claim_that_does_not_hold_is_never_printed(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    hold(world, "B01", "C01")
    brief = brief_of(world)
    assert said(brief, "已办{已办单位数}〔，应办的{断言:均举办}〕。") == "已办2个。"
    assert said(brief, "应办单位{断言:均举办|否则=陆续举办}读书班。") == "应办单位陆续举办读书班。"
    assert brief.parts[-1].runs[1].figure is not None     # type: ignore[union-attr]
    with pytest.raises(BriefError, match=r"【\{断言:均举办\}】: 青石市、2023年第36周.*：已办单位数2个，与应办单位数3个相差1个。"
                                         r".*cannot be printed.*〔…〕.*否则="):
        brief.say("应办单位{断言:均举办}读书班。")
    assert said(brief, "东湖县{断言:均举办@C01}，西岭县〔{断言:均举办@西岭县}〕。") == "东湖县均举办，西岭县。"
    assert said(brief_of(world, "C01"), "{断言:均举办}") == "均举办"       # of the brief's own unit


def test_a_claim_that_cannot_be_computed_is_not_printed(tmp_path: Path) -> None:
    world = world_with(tmp_path, {**REPLIED, "claim": ["件件有答复"], "about": "opened"})
    hold(world, "B01")
    brief = brief_of(world)
    with pytest.raises(BriefError, match="数据不足"):
        brief.say("意见{断言:件件有答复}。")
    assert said(brief, "意见{断言:件件有答复|否则=正在答复}。") == "意见正在答复。"


def test_a_claim_typed_by_hand_is_refused_unless_it_holds(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    hold(world, "B01", "C01")
    with pytest.raises(BriefError, match=r"【均举办】: 青石市.*与应办单位数3个相差1个.*\{断言:均举办\}"):
        brief_of(world).say("应办单位均举办读书班。")
    with pytest.raises(BriefError, match="【全部举办】"):
        brief_of(world).say("{字面:全部举办|来源=会议通知}读书班。")
    assert said(brief_of(world, "C01"), "应办单位均举办读书班。") == "应办单位均举办读书班。"     # lint still asks for a brace
    assert said(brief_of(world), "还没有全部举办，要确保年底前全部举办；班均举办1天。").endswith("1天。")


@pytest.mark.parametrize(("brace", "message"), [
    ("断言:均举行", "no claim '均举行'. Did you mean: 均举办"),
    ("断言:均举办|否者=陆续", "a claim goes on with 依据= or 否则="),
    ("断言:", "write the claim's words"),
    ("断言:均举办|否则=全部举办", "全部举办 is a claim itself"),
    ("断言:都好", r"says? which: \{断言:都好\|依据=A3\} or \{断言:都好\|依据=A8\}"),
    ("断言:都好|依据=A4", "no identity 'A4'"),
])  # fmt: skip
def test_a_wrong_claim_brace_says_what_to_write(tmp_path: Path, brace: str, message: str) -> None:
    world = world_with(tmp_path, {**ALL_HELD, "claim": ["均举办", "全部举办", "都好"]}, {**REPLIED, "claim": ["都好"], "about": "opened"})
    d = world.workspace.definitions
    with pytest.raises(BriefError, match=f"(?i){message}"):
        for found in prose.braces("他们{" + brace + "}。", d.catalogue):
            identity_of(d, found)


def test_the_figure_meant_tells_one_claim_from_another(tmp_path: Path) -> None:
    world = world_with(tmp_path, ALL_HELD, {**REPLIED, "claim": ["均举办"], "about": "opened"})
    d = world.workspace.definitions

    def meant(about: str) -> str:
        return identity_of(d, prose.braces(f"{{断言:均举办|依据={about}}}", d.catalogue)[0]).id

    assert [meant(a) for a in ("A3", "举办率", "held.share", "all-held", "A8", "replied")] == ["all-held"] * 4 + ["replied"] * 2


# Lint

def test_lint_names_the_cell_and_the_brace_to_write(tmp_path: Path) -> None:
    world = world_with(tmp_path, guarded=("全覆盖", "100%"))
    notebook(world, ["period: str = ''\nunit: str = ''\nas_of: str = ''",
                     "%%say\n已办{已办单位数}。\n\n学习上，应办单位均举办读书班，做到全覆盖。",
                     "brief.say('率先{断言:均举办}')\nbrief.say(f'完成{n}，达到100%')\nbrief.heading('全部举办')",
                     "%%say\n{断言:均举行}，还没有全覆盖。"],
             markdown="本周\n\n均举办了读书班")
    errors = {(r.place.removeprefix("notebooks/w.ipynb: "), r.message.split("】")[0]) for r in lint(world.workspace)
              if r.severity == "error" and "w.ipynb" in r.place}
    assert errors == {("cell 2, line 4", "【均举办"), ("cell 2, line 4", "【全覆盖"), ("cell 3, line 2", "【100%"),
                      ("cell 3, line 3", "【全部举办"), ("cell 4, line 2", "【{断言:均举行}"), ("cell 5, line 3", "【均举办")}
    message = next(r.message for r in lint(world.workspace) if "line 4" in r.place and "均举办" in r.message)
    assert message.endswith("Write {断言:均举办}.")
    assert "Add an identity with claim: [全覆盖…]" in next(r.message for r in lint(world.workspace) if "【全覆盖】" in r.message)


def notebook(world: World, cells: list[str], markdown: str = "") -> None:
    made: list[dict[str, Any]] = [{"cell_type": "code", "metadata": {"tags": ["parameters"]} if n == 0 else {}, "source": source,
                                   "outputs": [], "execution_count": None, "id": f"c{n}"} for n, source in enumerate(cells)]
    if markdown:
        made.append({"cell_type": "markdown", "metadata": {}, "source": markdown, "id": "m"})
    folder = world.root / "notebooks"
    folder.mkdir(exist_ok=True)
    (folder / "w.ipynb").write_text(json.dumps({"cells": made, "metadata": {"kernelspec": {
        "name": "python3", "display_name": "Python 3", "language": "python"}}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def test_words_inside_another_word_are_told_once_and_evidence_is_read_too(tmp_path: Path) -> None:
    world = world_with(tmp_path, guarded=("全部",))
    d = world.workspace.definitions
    assert [m.split("】")[0] for m in wrong_in("他们全部举办，全部完成。", d)] == ["【全部举办", "【全部"]
    assert list(wrong_in("平均举办1天，尚未全部举办，督促他们月底前全部举办。", d)) == []


# The file

@pytest.mark.parametrize(("change", "message"), [
    ({"check": "held.unit = due.units"},
     r"params/identities\.yml:\d+: all-held: check: no indicator 'held\.unit'\. Did you mean: held\.units"),
    ({"check": "held.units.at_end = 1"}, r"held\.units is read as 期内、累计, not 时点"),
    ({"check": "held.units"}, "write comparisons, joined by `and`"),
    ({"check": "held.units = 1 or due.units = 1"}, "write comparisons, joined by `and`"),
    ({"check": ""}, "says nothing to check"),
    ({"chek": "a = b"}, "does not know 'identities.0.chek'. Did you mean: check"),
    ({"units": "everyone"}, "units"),
    ({"about": ""}, "'about' is missing"),
    ({"about": "held.shar"}, r"about: no indicator 'held\.shar'. Did you mean: held\.share"),
    ({"tolerance": 0.1, "check": "held.units <= due.units"}, "a tolerance goes with = only"),
    ({"when": "elapsed > 0.5"}, "leave 'when' out"),
    ({"one_date": True}, "leave check out"),
])  # fmt: skip
def test_a_wrong_identity_names_its_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    world = world_with(tmp_path)
    file = world.root / "params" / "identities.yml"
    file.write_text(yaml.safe_dump({"identities": [{**ALL_HELD, **change}]}, allow_unicode=True, sort_keys=False), encoding="utf-8")
    with pytest.raises(DefinitionError, match=message) as raised:
        load(world.root / "params")
    assert str(raised.value).startswith("params/identities.yml:")


def test_an_id_stands_once(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="all-held stands twice"):
        world_with(tmp_path, ALL_HELD, {**REPLIED, "id": "all-held"}).workspace.definitions  # noqa: B018


def test_a_workspace_without_the_file_has_no_identities(tmp_path: Path) -> None:
    world = make_world(tmp_path, indicators={"all": INDICATORS})
    assert world.workspace.definitions.identities.identities == ()
    assert list(wrong_in("应办单位均举办。", world.workspace.definitions)) == []


# The example

def test_only_claims_may_fail_in_the_example(example: Any) -> None:
    brief = open_brief("2023-W42", "root", "2023-10-23T12:00", workspace=example)
    checked = identities.checked(brief.cube, "root", brief.period)
    unsaid = {c.identity.id for c in checked if c.scope == "subtree" and c.holds is None}
    wrong = {f"{c.identity.id} {c.unit.code}" for c in checked if c.holds is False and not c.identity.claim}
    assert (unsaid, wrong) == (set(), set())
    held = {c.identity.id: c.holds for c in checked if c.identity.claim}
    assert held["all-launched"] is True and held["all-held"] is False
    assert said(brief, "〔{断言:全部召开动员会}〕") == "全部召开动员会"
