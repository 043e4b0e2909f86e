"""`params/` is read strictly: every mistake has its file, its line and a way out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jianbao.definitions.load import Definitions, load
from jianbao.errors import DefinitionError, UnknownName
from number_world import PARAMS

STUDY, CAMPAIGN, LEDGER = "indicators/study.yml", "campaign.yml", "ledgers/study.yml"


@pytest.fixture
def params(tmp_path: Path) -> Path:
    shutil.copytree(PARAMS, tmp_path / "params")
    return tmp_path / "params"


def line_of(text: str, part: str) -> int:
    return text[:text.index(part)].count("\n") + 1


def refused(params: Path, file: str, old: str, new: str) -> tuple[str, int]:
    """The error after `old` became `new`, and the line `new` stands in."""
    path = params / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as e:
        load(params)
    return str(e.value), line_of(text, new.split("\n")[-1])


def written(params: Path, file: str, text: str) -> str:
    (params / file).parent.mkdir(exist_ok=True)
    (params / file).write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as e:
        load(params)
    return str(e.value)


def test_the_example_loads(params: Path) -> None:
    d = load(params)
    assert len(d.catalogue) > 60
    assert d.where["reading_class.days"].startswith("params/indicators/study.yml:")
    assert d.ledger("L02") is d.ledger("集中学习台账") is d.ledger("study")
    with pytest.raises(UnknownName, match=r"no ledger 'studdy'. Did you mean: study"):
        d.ledger("studdy")
    with pytest.raises(UnknownName, match=r"no indicator '读书班天说'. Did you mean: 读书班天数"):
        _ = d.catalogue["读书班天说"]


WRONG = [
    (STUDY, "  value: sum(days)", "  valeu: sum(days)", "reading_class.days: does not know 'valeu'. Did you mean: value"),
    (STUDY, "  value: sum(days)", "  value: sum(day)", "reading_class.days: ledger study has no column 'day'. Did you mean: days?"),
    (STUDY, "  where: study_type = '读书班'", "  where: study_tipe = '读书班'",
     "ledger study has no column 'study_tipe'. Did you mean: study_type?"),
    (STUDY, "  where: study_type = '读书班'", "  where: unit.campain_unit = true",
     "the register has no column 'campain_unit'. Did you mean: campaign_unit?"),
    (STUDY, "  where: study_type = '读书班'", "  where: lower(study_type) = 'x'", "function lower() is not among those allowed"),
    (STUDY, "  where: study_type = '读书班'", "  where: study_type =", "is not an expression"),
    (STUDY, "  value: sum(days)", "  value: sum((select 1))", "Subquery is not allowed here"),
    (STUDY, "  ledger: study", "  ledger: studdy", "no ledger 'studdy'. Did you mean: study"),
    (STUDY, "  numerator: reading_class.teams", "  numerator: reading_class.team",
     "no indicator 'reading_class.team'. Did you mean: reading_class.teams"),
    (STUDY, "  numerator: reading_class.teams", "  numerator: reading_class.coverage", "reading_class.coverage: is made of itself"),
    (STUDY, "  numerator: reading_class.days", "  numerator: reading_class.coverage",
     "reading_class.coverage rolls up as ratio, so it cannot be a part of a ratio."),
    (STUDY, "  numerator: {ledger: group_study, value: sum(done)}", "  numerator: {ledger: group_study, valeu: sum(done)}",
     "group_study.coverage: does not know 'numerator.valeu'. Did you mean: value?"),
    (STUDY, "  numerator: {ledger: group_study, value: sum(done)}", "  numerator: {ledger: group_study, value: sum(dome)}",
     "ledger group_study has no column 'dome'. Did you mean: done"),
    ("indicators/rectification.yml", "  combine: rectification.rate - elapsed", "  combine: rectification.rat - elapsed",
     "no indicator 'rectification.rat'. Did you mean: rectification.rate"),
    ("indicators/rectification.yml", "  combine: rectification.rate - elapsed", "  combine: rectification.ahead - elapsed",
     "rectification.ahead: is made of itself"),
    (CAMPAIGN, "week_starts: monday", "week_starts: mon", "week_starts: Input should be 'monday', 'tuesday'"),
    (CAMPAIGN, "  same_coverage: 0.8", "  same_coverag: 0.8", "does not know 'thresholds.same_coverag'. Did you mean: same_coverage"),
    (CAMPAIGN, "starts: 2023-08-28", "starts: 2023-08-32", "day value is outside expected range (it says '2023-08-32')"),
    (LEDGER, "    codes: [读书班", "    cods: [读书班", "does not know 'columns.study_type.cods'. Did you mean: codes"),
    ("targets.yml", "launch.rate: {value: 1", "launch.rat: {value: 1", "no indicator 'launch.rat'. Did you mean: launch.rate"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), WRONG, ids=[w[2].strip() for w in WRONG])
def test_a_mistake_has_its_line_and_a_hint(params: Path, file: str, old: str, new: str, message: str) -> None:
    said, line = refused(params, file, old, new)
    assert message in said
    assert said.startswith(f"params/{file}:{line}: ")
    assert said.count("\n") == 0        # one mistake, one line


ILLEGAL = [
    ("  value: sum(days)", "  value: average(days)", "is not one of count(), sum(…), distinct(…), median(…)"),
    ("  nature: activity", "  nature: activity\n  better: higher",
     "activity counts are neither good nor bad: better: higher would rank them."),
    ("  rolls_up: ratio", "  rolls_up: sum", "numerator rolls up as ratio, not as sum."),
    ("  value: distinct(unit)\n  rolls_up: distinct", "  value: distinct(unit)\n  rolls_up: sum",
     "value rolls up as distinct or stock, not as sum."),
    ("  value: sum(days)\n  rolls_up: sum", "  value: median(days)\n  rolls_up: sum", "value rolls up as none, not as sum."),
    ("  value: sum(days)", "  value: sum(days)\n  combine: B01 - B02", "says how it is counted more than once: value, combine. Keep one."),
    ("  value: sum(days)\n", "", "does not say how it is counted. Give one of: value, units_having"),
    ("  numerator: reading_class.teams\n", "", "does not say how it is counted"),
    ("  denominator: reading_class.due\n", "", "a ratio needs both numerator and denominator."),
    ("  code: B01", "  code: B03", "B03 is also reading_class.teams. Names must be unique."),
    ("  value: sum(days)", "  value: count(days)", "write count() without"),
]


@pytest.mark.parametrize(("old", "new", "message"), ILLEGAL, ids=[w[2][:30] for w in ILLEGAL])
def test_what_cannot_be_meant_is_refused(params: Path, old: str, new: str, message: str) -> None:
    said, _ = refused(params, STUDY, old, new)
    assert message in said
    assert said.startswith("params/indicators/study.yml:")


def test_equal_keys_are_told_not_overwritten(params: Path) -> None:
    said, line = refused(params, STUDY, "  value: sum(days)", "  value: sum(days)\n  value: count()")
    assert said == f"params/{STUDY}:{line}: 'value' stands here twice."


def test_aliases_are_refused(params: Path) -> None:
    said, line = refused(params, STUDY, "  unit: 个", "  unit: &a 个\n  slot: *a")
    assert said == f"params/{STUDY}:{line}: aliases (*a) are not read. Write the value out."


def test_words_that_yaml_would_change_stay_text(params: Path) -> None:
    path = params / STUDY
    path.write_text(path.read_text(encoding="utf-8").replace("  unit: 个", "  unit: NO").replace("  slot: N03", "  slot: 010"),
                    encoding="utf-8")
    i = load(params).catalogue["B01"]
    assert (i.unit, i.slot) == ("NO", "010")
    (params / "calendar.yml").write_text("cut_off: {days: 1, at: 12:30}\n", encoding="utf-8")
    assert str(load(params).calendar.cut_off.at) == "12:30:00"


@pytest.mark.parametrize(("text", "message"), [
    ("reading_class.days:\n", "params/indicators/study.yml:1: reading_class.days: says nothing."),
    ("reading_class.days: 5\n", "params/indicators/study.yml:1: reading_class.days: says 5."),
    ("- a: 1\n", "params/indicators/study.yml:1: should be names with values below them, not a list."),
    ("a: [1\n", "params/indicators/study.yml:2: not YAML: expected ',' or ']'"),
    ("a：\n  b: 1\n  c：2\n", "Line 1 has a full-width colon ：; write : and a space."),
    ("a:\n\tb: 1\n", "params/indicators/study.yml:2: not YAML: found character '\\t'")])
def test_what_is_not_a_definition(params: Path, text: str, message: str) -> None:
    assert message in written(params, STUDY, text)


def test_text_that_is_not_utf_8(params: Path) -> None:
    (params / STUDY).write_bytes("reading_class.days: 读".encode("gbk"))
    with pytest.raises(DefinitionError, match=r"params/indicators/study.yml: not UTF-8 text .* Save it as UTF-8."):
        load(params)


def test_all_mistakes_are_told_at_once(params: Path) -> None:
    (params / "targets.yml").write_text("launch.rate: {valeu: 1}\n", encoding="utf-8")
    said, _ = refused(params, STUDY, "  value: sum(days)", "  valeu: sum(days)")
    assert [line.split(":")[0] for line in said.split("\n")] == ["params/targets.yml", "params/indicators/study.yml"]


def test_an_indicator_stands_in_one_file(params: Path) -> None:
    text = (params / STUDY).read_text(encoding="utf-8").split("reading_class.due:")[0]
    said = written(params, "indicators/zzz.yml", text)
    assert said == "params/indicators/zzz.yml:2: reading_class.teams: stands in two files."


def test_a_folder_without_a_campaign(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"campaign\.yml is not there\. A workspace has params/campaign\.yml"):
        load(tmp_path)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("date: start_date", "date: start_day", "date: no column 'start_day'. Did you mean: start_date"),
    ("date: start_date", "date: topic", "date: column 'topic' is of type str, not date."),
    ("check: end_date >= start_date", "check: end_dat >= start_date",
     "rule order: ledger study has no column 'end_dat'. Did you mean: end_date"),
    ("  topic: {title: 主题", "  unit: {title: 主题", "unit: these names are the system's own. Call the column otherwise."),
    ("  topic: {title: 主题", "  topic: {title: 天数", "天数 is the title of both days and topic."),
    ("kind: event", "kind: state", "needs a key"),
    ("code_aliases: {专题读书班: 读书班", "code_aliases: {专题读书班: 读书", "code_aliases lead to 读书, which is no code of the column.")])
def test_ledgers(params: Path, old: str, new: str, message: str) -> None:
    said, _ = refused(params, LEDGER, old, new)
    assert message in said
    assert said.startswith("params/ledgers/study.yml:")


def test_the_register_has_what_the_library_needs(params: Path) -> None:
    said, _ = refused(params, "ledgers/register.yml", "  parent: {title", "  parnt: {title")
    assert "params/ledgers/register.yml:1: the register needs the columns parent." in said


CORRECTION = "- {ledger: study, unit: C01, match: {row: 4}, set: {days: 2}, reason: r, who: w, on: 2023-10-20}\n"


def test_corrections_name_what_is_there(params: Path) -> None:
    assert "corrections/a.yml:2: no ledger 'studdy'" in written(params, "corrections/a.yml",
                                                                CORRECTION + CORRECTION.replace("study", "studdy"))
    said = written(params, "corrections/a.yml", CORRECTION.replace("days: 2", "dais: 2"))
    assert said == "params/corrections/a.yml:1: set: no column 'dais'. Did you mean: days?"
    assert "set: days is of type num, which 'two' is not" in written(params, "corrections/a.yml",
                                                                     CORRECTION.replace("days: 2", "days: two"))
    assert "match: no column 'rwo'" in written(params, "corrections/a.yml", CORRECTION.replace("row: 4", "rwo: 4"))
    assert "params/corrections/a.yml:1: does not know 'resaon'" in written(params, "corrections/a.yml",
                                                                           CORRECTION.replace("reason", "resaon"))
    (params / "corrections/a.yml").write_text(CORRECTION, encoding="utf-8")
    assert isinstance(load(params), Definitions)


def test_rules_of_diagnosis_name_indicators(params: Path) -> None:
    rule = ("suggestions: [{id: R1, step: s, any: [launch.rat < 1], evidence: e, suggest: s, "
            "success: {indicator: launch.rate}}]\n")
    assert written(params, "diagnosis.yml",
                   rule).startswith("params/diagnosis.yml:1: R1: no indicator 'launch.rat'. Did you mean: launch.rate")
    assert "R1: 'launch.rate <' is not an expression" in written(params, "diagnosis.yml",
                                                                 rule.replace("launch.rat < 1", "launch.rate <"))


def test_time_runs_forward(params: Path) -> None:
    said, _ = refused(params, CAMPAIGN, "starts: 2023-08-28", "starts: 2024-08-28")
    assert "ends on 2024-01-31, before it starts on 2024-08-28" in said
    assert "due on 2023-09-15, before it starts on 2023-10-01" in written(
        params, "targets.yml", "launch.rate: {value: 1, starts: 2023-10-01, due: 2023-09-15}\n")


def test_a_calendar_s_products_exist(params: Path) -> None:
    said = written(params, "calendar.yml", "due:\n  weekely: {days: 2}\n")
    assert "params/calendar.yml:1: no product 'weekely'. Did you mean: weekly" in said
