"""Personal data in free text: found, masked, told; and nothing that merely looks like a long number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from jianbao.cli import main
from jianbao.definitions.personal import find, looks_like_name, mask, number_kind
from jianbao.intake.inbox import check
from worlds import LEDGERS, World, make_world

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
REGIONS = ("110101", "370102", "440305", "532301", "650104")
STUDY, PROBLEMS = "集中学习台账", "问题台账"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
PROBLEM = {"问题编号": "WT-1", "问题摘要": "窗口排队时间长", "登记日期": date(2023, 10, 17), "状态": "整改中"}


def with_check(first: str) -> str:
    return first + "10X98765432"[sum(w * int(d) for w, d in zip(WEIGHTS, first, strict=True)) % 11]


def luhn(first: str) -> str:
    def total(digits: str) -> int:
        return sum(sum(divmod(int(d) * (1 + k % 2), 10)) for k, d in enumerate(reversed(digits)))

    return first + next(d for d in "0123456789" if total(first + d) % 10 == 0)


days = st.dates(date(1930, 1, 1), date(2020, 12, 31)).map(lambda d: d.strftime("%Y%m%d"))
ids = st.builds(lambda region, day, n: with_check(f"{region}{day}{n:03d}"), st.sampled_from(REGIONS), days, st.integers(0, 999))
phones = st.builds(lambda second, n: f"1{second}{n:09d}", st.sampled_from("3456789"), st.integers(0, 999_999_999))
cards = st.builds(lambda n, more: luhn(f"62{n:013d}{more}"), st.integers(0, 10**13 - 1), st.sampled_from(["", "1", "05", "123"]))
around = st.sampled_from([("", ""), ("身份证号：", "，住东街"), ("（", "）"), ("2023年10月17日来访，", "。"), ("共3人，其中", "等")])
gaps = st.sampled_from([" ", "-", "－", "\u3000", "\u200b", " - "[:2]])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


# Found

@pytest.mark.parametrize(("text", "kind", "masked"), [
    ("110101199003074514", "id", "110101**********14"),
    ("11010119900307459X", "id", "110101**********9X"),
    ("11010119900307459x", "id", "110101**********9x"),
    ("110101 19900307 4514", "id", "110101 ******** **14"),
    ("110101-19900307-4514", "id", "110101-********-**14"),
    ("１１０１０１１９９００３０７４５１４", "id", "１１０１０１**********１４"),
    ("110101900307451", "id", "110101*******51"),
    ("ID110101199003074514", "id", "ID110101**********14"),
    ("13800138000", "phone", "138****8000"),
    ("138 0013 8000", "phone", "138 **** 8000"),
    ("138-0013-8000", "phone", "138-****-8000"),
    ("+86 13800138000", "phone", "+86 138****8000"),
    ("8613800138000", "phone", "86138****8000"),
    ("Tel:13800138000", "phone", "Tel:138****8000"),
    ("来电13800138000，13900139000", "phone", "来电138****8000，139****9000"),
    ("6222021234567890128", "card", "6222***********0128"),
    ("6222 0212 3456 7890 128", "card", "6222 **** **** ***0 128"),
])
def test_each_form_is_found_and_masked(text: str, kind: str, masked: str) -> None:
    assert {p.kind for p in find(text)} == {kind}
    assert mask(text) == masked
    assert mask(masked) == masked and not find(masked)


@given(ids, around, gaps, st.sampled_from([(), (6,), (6, 14), (4, 8, 12, 16), tuple(range(1, 18))]))
def test_an_id_number_is_found_however_it_is_spaced(number: str, words: tuple[str, str], gap: str, at: tuple[int, ...]) -> None:
    spaced = "".join(gap * (k in at) + c for k, c in enumerate(number))
    for said in (spaced, spaced.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})):
        text = words[0] + said + words[1]
        assert [p.kind for p in find(text)] == ["id"]
        assert text[find(text)[0].start:find(text)[0].end] == said
        assert mask(text).count("*") == 10


@given(phones, around, st.sampled_from(["", " ", "-", "·"]))
def test_a_phone_is_found_between_words(number: str, words: tuple[str, str], gap: str) -> None:
    said = gap.join((number[:3], number[3:7], number[7:]))
    if gap and number[3:5] == "20":      # 156-2023-1017 may be a document's number
        return
    assert [p.kind for p in find(words[0] + said + words[1])] == ["phone"]


@given(cards, around)
def test_a_card_is_found_between_words(number: str, words: tuple[str, str]) -> None:
    assert [p.kind for p in find(words[0] + number + words[1])] in (["card"], ["id"])


@given(st.text(alphabet="0123456789 -xX－１２３年月日元abc，。", max_size=60))
def test_masking_twice_is_masking_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)
    assert len(mask(text)) == len(text)


# Passed over

@pytest.mark.parametrize("text", [
    "〔2023〕12号", "青发〔2023〕128号文", "S01-ZZ-01", "WT-2023-0012", "项目编码2310-440300-04-01-123456", "12000000000 元",
    "合计12000000000元",
    "13800138000元", "投资13800138000.00", "￥13800138000", "2023-10-17至2023-10-18", "20231017113045", "2023101720231018",
    "91440300MA5DA1XY2T", "914403001922038216", "0871-63125678", "400-810-8888", "156-2023-1017", "P13800138000", "0.13800138000",
    "110101199003074515", "110101199013074514", "000101199003074514", "12345678901234567890123", "1,234,567,890,123", "95%",
])
def test_numbers_of_an_office_pass(text: str) -> None:
    assert find(text) == []
    assert mask(text) is text or mask(text) == text


def test_random_numbers_are_seldom_taken_for_a_person() -> None:
    random = Random(1)

    def share(length: int, kind: str) -> float:
        texts = ["".join(random.choices("0123456789", k=length)) for _ in range(5_000)]
        return sum(any(p.kind == kind for p in find(t)) for t in texts) / len(texts)

    assert share(18, "id") < 0.001         # one check digit in eleven, one date in a thousand, one region in four
    assert share(15, "id") < 0.02           # the old form has no check digit
    assert share(16, "card") < 0.02
    for length in (5, 8, 10, 12, 14, 20, 23):
        assert share(length, "phone") + share(length, "id") + share(length, "card") == 0


@settings(max_examples=200)
@given(st.integers(0, 10**12), st.sampled_from(["元", "万元", "%", "平方米", "吨", "人次"]))
def test_an_amount_is_never_masked(value: int, measure: str) -> None:
    assert mask(f"{value}{measure}") == f"{value}{measure}"


@pytest.mark.parametrize(("value", "kind"), [
    (110101199003074514.0, "id"), (6222021234567890128.0, "card"), (13800138000.0, None), (12000000000.0, None), (1.1e17, None)])
def test_a_number_cell_is_told_by_its_first_digits(value: float, kind: str | None) -> None:
    assert number_kind(value) == kind


@pytest.mark.parametrize(("text", "name"), [
    ("王小明", True), ("李雷", True), ("欧阳修文", True), ("王小明（书记）", True), ("S01-ZZ-01", False), ("书记", False), ("王", False),
    ("窗口排队时间长", False), ("市住房局", False)])
def test_a_name_begins_with_a_usual_surname(text: str, name: bool) -> None:
    assert looks_like_name(text) is name


# At the door

ID, ID_X, PHONE, CARD = "110101199003074514", "37010219851112299X", "13800138000", "6222021234567890128"
PLANTED = (ID, with_check(ID_X[:17]), PHONE, CARD, "13900139000", with_check("44030519770101123"))


def told(world: World, sheets: Any, *, filer: str = "C02", name: str | None = None) -> Any:
    world.file(filer, "2023-W42", sheets, name=name)
    return [f for f in world.receive().files if f.outcome != "duplicate"][-1]


@pytest.mark.parametrize(("value", "message"), [
    (f"来访人{ID}", "“问题摘要”里有身份证号。"),
    (float(ID), "“问题摘要”里有身份证号。"),
    (f"卡号 {CARD}", "“问题摘要”里有银行卡号。"),
    (float(CARD), "“问题摘要”里有银行卡号。"),
])
def test_an_id_number_or_a_card_returns_the_sheet(world: World, value: Any, message: str) -> None:
    report = told(world, {PROBLEMS: [PROBLEM, {**PROBLEM, "问题编号": "WT-2", "问题摘要": value}], STUDY: [CLASS]})
    assert report.outcome == "partly"
    found = [f for f in report.findings if f.rule == "personal"]
    assert [(f.severity, f.cell, f.message) for f in found] == [("error", "B8", message)]
    assert found[0].remedy.startswith("台账不收") and found[0].remedy.endswith("请删去后重新报送。")
    assert [(s.ledger, s.accepted) for s in report.sheets] == [("problems", False), ("study", True)]


@pytest.mark.parametrize("value", [f"来电{PHONE}", float(PHONE)])
def test_a_phone_is_stored_masked(world: World, value: Any) -> None:
    report = told(world, {PROBLEMS: [{**PROBLEM, "问题摘要": value}]})
    assert [(f.severity, f.cell, f.message) for f in report.findings] == [
        ("warning", "B7", "“问题摘要”里有手机号码，入库时已隐去中间几位。")]
    rows = world.workspace.snapshot().connection.sql(f"select summary from {world.workspace.snapshot().source('problems')}")
    assert rows.fetchall() == [(str(value).removesuffix(".0").replace(PHONE, "138****8000"),)]


def test_a_long_number_in_a_column_of_text_has_lost_its_last_digits(world: World) -> None:
    report = told(world, {PROBLEMS: [{**PROBLEM, "问题摘要": 123456789012345678.0}]})
    assert [(f.severity, f.rule, f.message) for f in report.findings] == [
        ("warning", "long-number", "“问题摘要”的数太长，表格软件已丢失后面的位数（显示成 1.2E+17）。")]


def test_a_column_that_no_ledger_has_is_looked_at_too(world: World) -> None:
    report = told(world, {PROBLEMS: [{**PROBLEM, "身份证号码": ID}]})
    assert [(f.severity, f.cell, f.message) for f in report.findings if f.rule == "personal"] == [
        ("error", "F7", "这一格里有身份证号。")]
    assert not report.sheets[0].accepted


def test_many_cells_are_told_up_to_a_hundred(world: World) -> None:
    report = told(world, {PROBLEMS: [{**PROBLEM, "问题编号": f"WT-{n}", "问题摘要": f"来电{PHONE}"} for n in range(150)]})
    found = [f.message for f in report.findings if f.rule == "personal"]
    assert len(found) == 101 and found[-1] == "另有 50 格也是这样，没有逐一列出。"
    assert report.sheets[0].accepted


def test_a_name_in_a_column_of_codes_is_told_and_not_kept(tmp_path: Path) -> None:
    study = {**LEDGERS["study"], "columns": {**LEDGERS["study"]["columns"], "leader": {
        "title": "主讲人编码", "pattern": r"[A-Z]\w*-[A-Z]{2}-\d{2}", "pattern_of": "职务编码", "help": "如 C01-ZZ-02。"}, "others": {
        "title": "同讲人编码", "type": "list", "pattern": r"[A-Z]\w*-[A-Z]{2}-\d{2}", "pattern_of": "职务编码"}}}
    world = make_world(tmp_path, ledgers={**LEDGERS, "study": study})
    report = told(world, {STUDY: [{**CLASS, "主讲人编码": "王小明"}, {**CLASS, "主讲人编码": "局长"},
                                  {**CLASS, "主讲人编码": "C02-ZZ-01", "同讲人编码": "C02-FZ-03、赵四"}, {**CLASS, "同讲人编码": "C02-1"}]})
    assert [(f.severity, f.rule, f.cell, f.value, f.message, f.remedy) for f in report.findings] == [
        ("error", "name", "H7", "王**", "“主讲人编码”疑似填了姓名（王**）。", "台账不记姓名，请填职务编码。如 C01-ZZ-02。"),
        ("error", "name", "I9", "赵*", "“同讲人编码”疑似填了姓名（赵*）。", "台账不记姓名，请填职务编码。"),
        ("error", "pattern", "H8", "局长", "“主讲人编码”写的不是职务编码。", "请填职务编码。如 C01-ZZ-02。"),
        ("error", "pattern", "I10", "C02-1", "“同讲人编码”写的不是职务编码。", "请填职务编码。")]


@pytest.mark.parametrize(("said", "kept"), [
    ("窗口\u202e排队", "窗口排队"), ("窗\u200b口排队", "窗口排队"), ("\ufeff窗口排队", "窗口排队"), ("窗口\u2066排队\u2069", "窗口排队")])
def test_characters_that_cannot_be_seen_are_taken_out(world: World, said: str, kept: str) -> None:
    report = told(world, {PROBLEMS: [{**PROBLEM, "问题摘要": said}]})
    assert [(f.severity, f.rule, f.cell, f.message) for f in report.findings] == [
        ("warning", "unseen", "B7", "“问题摘要”里有看不见的控制字符，已去掉。")]
    rows = world.workspace.snapshot().connection.sql(f"select summary from {world.workspace.snapshot().source('problems')}")
    assert rows.fetchall() == [(kept,)]


def planted(world: World) -> None:
    """A phone, an ID number and a card wherever a unit can write something."""
    phone, id_, card = f"联系{PHONE}", f"身份证{ID}", f"卡{CARD}"
    world.file("C02", "2023-W42", {STUDY: [{**CLASS, "主题": phone}], PROBLEMS: [{**PROBLEM, "问题摘要": phone, "问题编号": PHONE}]},
               name=f"张三{PHONE}.xlsx")
    world.file("C01", "2023-W42", {STUDY: [{**CLASS, "单位": "东湖县", "主题": id_}, {**CLASS, "单位": f"东湖县{PHONE}", "天数": id_}],
                                   PROBLEMS: [{**PROBLEM, "单位": "东湖县", "问题编号": ID, "问题摘要": card, "状态": PLANTED[1],
                                               f"列{PLANTED[5]}": ID}]}, name=f"{ID}.xlsx")
    book = load_workbook(world.file("B01", "2023-W42", {STUDY: [{**CLASS, "学习类型": float(PHONE), "主题": float(ID)}],
                                                        PROBLEMS: [PROBLEM]}, name="甲.xlsx"))
    book[PROBLEMS].title = f"问题台账{PHONE}"
    book[STUDY]["A1"] = f"集中学习台账 填报人{ID} 电话{PHONE}"
    book.create_sheet(f"别的{ID}")["A1"] = card
    book.save(world.root / "data/inbox/甲.xlsx")
    world.file(f"石桥镇{PHONE}", "2023-W42", {STUDY: [CLASS]}, name="乙.xlsx")
    (world.root / "data/inbox" / f"坏{ID}.xlsx").write_bytes(b"PK\x03\x04 broken " + ID.encode())


def stored(world: World) -> Iterator[tuple[str, str]]:
    """(where, text) of everything the workspace holds but what came in, and what is the unit's own in its returned copy."""
    import pyarrow.parquet as pq

    for path in sorted(p for p in world.root.rglob("*") if p.is_file()):
        where = path.relative_to(world.root).as_posix()
        if where.startswith("data/inbox/") or "/files/" in where:
            continue
        yield f"{where} (name)", path.name
        if path.suffix == ".parquet":
            yield where, str(pq.read_table(path).to_pylist())
        elif path.suffix == ".xlsx":
            book = load_workbook(path)
            for sheet in book:
                own = "核查结果" in book.sheetnames and sheet.title != "核查结果"      # the unit's own cells in its copy
                yield where, " ".join(f"{'' if own else c.value} {c.comment.text if c.comment else ''}"
                                      for row in sheet.iter_rows() for c in row)
        elif path.name.startswith("catalogue.sqlite"):
            yield where, path.read_bytes().decode("utf-8", "replace")
        else:
            yield where, path.read_bytes().decode("utf-8", "replace")
    with sqlite3.connect(next(world.root.rglob("catalogue.sqlite"))) as c:
        for (table,) in c.execute("select name from sqlite_master where type = 'table'").fetchall():
            yield table, str(c.execute(f'select * from "{table}"').fetchall())


def test_what_was_planted_everywhere_is_found_nowhere_but_in_the_files_themselves(world: World) -> None:
    planted(world)
    inbox = list((world.root / "data/inbox").iterdir())
    before = check(world.workspace, inbox)
    said = [("check", json.dumps(before.to_json(), ensure_ascii=False))]
    receipt = world.receive()
    assert {f.outcome for f in receipt.files} >= {"stored", "partly", "returned", "unreadable"}
    said.append(("receive", json.dumps(receipt.to_json(), ensure_ascii=False, default=str)))
    for args in (["check", "data/inbox"], ["check", "data/inbox", "--json"], ["roster", "2023-W42"], ["roster", "2023-W42", "--json"],
                 ["roster", "2023-W42", "--remind"], ["receive"], ["receive", "--json"]):
        result = CliRunner().invoke(main, ["-w", str(world.root), *[str(world.root / a) if a == "data/inbox" else a for a in args]])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        said.append((" ".join(args), result.output))
    found = [(where, number) for where, text in [*said, *stored(world)] for number in PLANTED if number in text or number[:-1] in text]
    assert not found
    files = [p for p in world.root.rglob("*") if p.is_file() and "/files/" in p.as_posix()]
    assert len(files) >= len(inbox)         # each as it came
    names = [f.message for f in receipt.findings if f.rule == "personal" and not f.cell]
    assert {"文件名里有手机号码。", "文件名里有身份证号。", "工作表名里有手机号码。", "没有收的工作表里有银行卡号。"} <= set(names)


def test_cells_of_a_sheet_whose_name_is_masked_are_marked_all_the_same(world: World) -> None:
    path = world.file("C02", "2023-W42", {PROBLEMS: [{**PROBLEM, "问题摘要": f"来访人{ID}"}]})
    book = load_workbook(path)
    book[PROBLEMS].title = f"问题台账{PHONE}"
    book.save(path)
    report = [f for f in world.receive().files if f.returned][-1]
    copy = load_workbook(report.returned)
    assert "“问题摘要”里有身份证号。" in copy[f"问题台账{PHONE}"]["B7"].comment.text
