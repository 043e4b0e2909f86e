"""One file of every hostile kind, all in one receive: what becomes of it, what the filer is told, and no harm to the rest."""

from __future__ import annotations

import io
import pickle
import struct
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openpyxl import Workbook

from hostile_files import SHEET, biff, entry, ods, ods_rows, ole, overlapping, poked, repacked, shared, with_rows, zip_of
from jianbao.errors import WorkbookError
from jianbao.intake import handover, reader
from jianbao.intake.child import MAX_TEXT
from jianbao.intake.gate import MAX_PARTS, inspect
from jianbao.intake.inbox import check
from jianbao.intake.receipt import FileReport
from worlds import World, make_world, write_sheet

STUDY, PERIOD = "集中学习台账", "2023-W42"
CLASS = {"学习类型": "读书班", "开始日期": date(2023, 10, 17), "天数": 2}
TITLES = ("学习类型", "开始日期", "天数")
PLAIN = [[STUDY], [], ["填报单位", "C02"], ["统计期", PERIOD], ["零报送"], list(TITLES), ["读书班", "2023-10-17", "2"]]


@cache
def workbook(filer: str = "C02", topic: str = "") -> bytes:
    """A good one."""
    book = Workbook()
    book.active.title = STUDY
    write_sheet(book.active, STUDY, filer, PERIOD, [{**CLASS, "主题": topic}], titles=[*TITLES, "主题"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def row(n: int, cell: str) -> str:
    return f'<row r="{n}">{cell}</row>'


def in_sheet(old: str, new: str) -> bytes:
    return repacked(workbook(), {SHEET: lambda x: x.replace(old.encode(), new.encode())})


def before_sheet(text: str, encoding: str = "utf-8") -> bytes:
    return repacked(workbook(), {SHEET: lambda x: (text + x.decode()).encode(encoding)})


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
STYLES = b'<cellXfs count="60000">' + b"<xf/>" * 60000 + b"</cellXfs>"


def csv_file(*lines: str) -> bytes:
    return "\n".join([",".join(str(c or "") for c in r) for r in PLAIN] + list(lines)).encode("utf-8-sig")


def twice(first: str, second: str) -> bytes:
    return zip_of([("xl/workbook.xml", b"<workbook/>"), (first, b"x"), (second, b"x")])


def locked() -> bytes:
    import msoffcrypto.format.ooxml

    out = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(workbook())).encrypt("123456", out)
    return out.getvalue()


def filepass() -> bytes:
    return ole(biff({STUDY: PLAIN}, before=struct.pack("<HHHHH", 0x2F, 6, 1, 1, 1)))


class Kind(NamedTuple):
    name: str
    made: Callable[[], bytes]
    outcome: str  # "": whatever its own content deserves
    rule: str
    says: str  # within a finding, or what was guessed
    suffix: str = ".xlsx"


BAD, OK = "unreadable", "stored"
KINDS = [
    # The zip
    Kind("bomb", lambda: zip_of([("xl/workbook.xml", b"<workbook/>"), ("xl/sharedStrings.xml", b"a" * (64 << 20))]), BAD, "bomb",
         "文件展开后有 64 MB"),
    Kind("zip in a zip in a workbook", lambda: repacked(workbook(), {"xl/embeddings/a.zip": zip_of([("b", b"a" * (30 << 20))])}),
         OK, "", "嵌入的文件和控件没有读取"),
    Kind("overlapping parts", overlapping, BAD, "damaged", "内部结构不正常"),
    Kind("a size that lies", lambda: poked(workbook(), entry(workbook(), SHEET) + 24, b"\x10\0\0\0"), BAD, "damaged", "已损坏"),
    Kind("a name that lies", lambda: poked(workbook(), workbook().index(SHEET.encode()), b"xl/worksheets/other1.xml"), BAD,
         "damaged", "目录与内容不符"),
    Kind("the same part twice", lambda: twice("xl/styles.xml", "xl/styles.xml"), BAD, "damaged", "部件重名"),
    Kind("the same part in capitals", lambda: twice("xl/styles.xml", "XL\\Styles.xml"), BAD, "damaged", "部件重名"),
    Kind("too many parts", lambda: zip_of([("xl/workbook.xml", b"")] + [(f"xl/{n}", b"") for n in range(MAX_PARTS)]), BAD,
         "damaged", "部件过多"),
    Kind("zip64", lambda: repacked(workbook(topic="zip64"), zip64=True), OK, "", ""),
    Kind("data descriptors", lambda: repacked(workbook(topic="streamed"), streamed=True), OK, "", ""),
    Kind("not packed", lambda: repacked(workbook(topic="stored"), method=0), OK, "", ""),
    Kind("junk behind", lambda: workbook(topic="junk") + b"\0" * 5000, OK, "", ""),
    Kind("junk in front", lambda: b"\r\n\r\n" + workbook(), BAD, "damaged", "开头多出了别的内容"),
    Kind("cut short", lambda: workbook()[:-900], BAD, "damaged", "没有传完"),
    Kind("climbing out", lambda: repacked(workbook(), {"../../../etc/cron.d/x": b"x"}), BAD, "damaged", "不正常的路径"),
    Kind("climbing out, backwards", lambda: repacked(workbook(), {"..\\..\\x": b"x"}), BAD, "damaged", "不正常的路径"),
    Kind("from the root", lambda: repacked(workbook(), {"/etc/passwd": b"x"}), BAD, "damaged", "不正常的路径"),
    Kind("on a drive", lambda: repacked(workbook(), {"C:/x": b"x"}), BAD, "damaged", "不正常的路径"),
    Kind("a locked part", lambda: poked(workbook(), entry(workbook(), SHEET) + 8, b"\x01\0"), BAD, "encrypted", "打开密码"),
    # The sheet
    Kind("far cell", lambda: with_rows(workbook(), row(1048576, '<c r="XFD1048576"><v>1</v></c>')), BAD, "far-cell", "XFD1048576"),
    Kind("far cell in single quotes", lambda: with_rows(workbook(), "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"), BAD,
         "far-cell", "XFD1048576"),
    Kind("far cell with spaces", lambda: with_rows(workbook(), '<row r = "1048576"><c r = "XFD1048576"><v>1</v></c></row>'), BAD,
         "unreadable", "耗尽了内存或时间"),
    Kind("far cell in a sheet kept elsewhere", lambda: repacked(
        with_rows(workbook(), row(999999, '<c r="A999999"><v>1</v></c>')), {
            SHEET: None, "xl/p/1.xml": b'<worksheet><sheetData><row r="999999"><c r="A999999"><v>1</v></c></row></sheetData>'
            b"</worksheet>", "xl/_rels/workbook.xml.rels": lambda x: x.replace(b"worksheets/sheet1.xml", b"p/1.xml")}), BAD,
        "far-cell", "A999999"),
    Kind("many empty columns", lambda: with_rows(workbook(), row(9, '<c r="ZZZ9"><v>1</v></c>')), BAD, "far-cell", "ZZZ9"),
    Kind("cells without places", lambda: repacked(workbook(), {SHEET: lambda x: x.replace(b' r="', b' q="')}), OK, "", ""),
    Kind("a large extent", lambda: repacked(workbook(topic="extent"), {
        SHEET: lambda x: x.replace(b"<dimension ref=\"A1:D7\"", b'<dimension ref="A1:XFD1048576"')}), OK, "", ""),
    Kind("shared strings", lambda: shared(workbook(topic="shared")), OK, "", ""),
    Kind("four billion shared strings", lambda: repacked(shared(workbook()), {"xl/sharedStrings.xml": lambda x: x.replace(
        b'uniqueCount="', b'uniqueCount="42949672')}), BAD, "damaged", "计数不实"),
    Kind("sixty thousand styles", lambda: repacked(workbook(), {"xl/styles.xml": lambda x: x.replace(
        b"<cellXfs", STYLES + b"<cellXfs", 1)}), "", "", ""),
    Kind("merged all over", lambda: in_sheet("</sheetData>", '</sheetData><mergeCells><mergeCell ref="A8:XFD1048576"/></mergeCells>'),
         BAD, "merged", "合并单元格太多"),
    Kind("merged a million times", lambda: in_sheet("</sheetData>", "</sheetData><mergeCells>"
         + '<mergeCell ref="A7:A200000"/>' * 50 + "</mergeCells>"), BAD, "merged", "合并单元格太多"),
    Kind("a text without end", lambda: repacked(shared(workbook()), {"xl/sharedStrings.xml": lambda x: x.replace(
        b"2023-W42", b"2023-W42" + b"x" * (2 << 20))}), BAD, "too-large", f"超过 {MAX_TEXT} 字"),
    Kind("entities", lambda: before_sheet(f"<!DOCTYPE l [{LAUGHS}]>"), BAD, "dtd", "DTD"),
    Kind("entities behind a comment", lambda: before_sheet("<!-- <worksheet> --><!DOCTYPE x>"), BAD, "dtd", "DTD"),
    Kind("an outside entity", lambda: before_sheet('<!DOCTYPE x SYSTEM "file:///etc/passwd">'), BAD, "dtd", "DTD"),
    Kind("entities in UTF-16", lambda: before_sheet("<!DOCTYPE x>", "utf-16"), BAD, "encoding", "不常见的编码"),
    Kind("entities in UTF-16 without a mark", lambda: before_sheet("<!DOCTYPE x>", "utf-16-le"), BAD, "encoding", "不常见的编码"),
    Kind("a sheet that is no XML", lambda: repacked(workbook(), {SHEET: b"\x93\x4c" * 100}), BAD, "damaged", "已损坏"),
    Kind("no sheet at all", lambda: repacked(workbook(), {SHEET: None}), BAD, "damaged", ""),
    Kind("a string that is not there", lambda: repacked(shared(workbook()), {
        SHEET: lambda x: x.replace(b't="s"><v>0<', b't="s"><v>99999<')}), BAD, "damaged", "有损坏"),
    # What it carries
    Kind("macros", lambda: repacked(workbook(topic="vba"), {"xl/vbaProject.bin": b"\xd0\xcf"}), OK, "", "含宏，没有执行", ".xlsm"),
    Kind("links to other files", lambda: repacked(workbook(topic="link"), {
        "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
        "xl/externalLinks/_rels/externalLink1.xml.rels": b'<Relationships><Relationship Target="file:///etc/passwd"/></Relationships>',
    }), OK, "", "外部链接没有读取"),
    Kind("a connection", lambda: repacked(workbook(topic="connection"), {"xl/connections.xml": b"<connections/>"}), OK, "",
         "外部数据连接没有读取"),
    Kind("controls", lambda: repacked(workbook(topic="ActiveX"), {"xl/activeX/activeX1.bin": b"x"}), OK, "", "控件没有读取"),
    Kind("pictures", lambda: repacked(workbook(topic="picture"), {"xl/media/image1.png": b"x"}), OK, "", "图片没有读取"),
    # Older and other formats
    Kind("locked", locked, BAD, "encrypted", "打开密码"),
    Kind("locked, old", filepass, BAD, "encrypted", "打开密码", ".xls"),
    Kind("an old head and nothing more", lambda: ole(b"")[:612], BAD, "damaged", "不完整", ".xls"),
    Kind("an old file of noise", lambda: ole(b"")[:512] + b"\xfd\xff\xff\xff" * 1024, BAD, "", "", ".xls"),
    Kind("an old file", lambda: ole(biff({STUDY: PLAIN})), OK, "", "", ".xls"),
    Kind("old macros", lambda: ole(biff({STUDY: [*PLAIN, PLAIN[-1]]}), also=["_VBA_PROJECT_CUR"]), OK, "", "含宏，没有执行", ".xls"),
    Kind("an old far cell", lambda: ole(biff({STUDY: PLAIN}, within=struct.pack("<HHHHHd", 0x203, 14, 65535, 16383, 0, 1.0))), BAD,
         "", "", ".xls"),
    Kind("an old text that is longer than its record", lambda: ole(biff({STUDY: PLAIN}, within=struct.pack(
        "<HHHHHHB", 0x204, 9, 9, 0, 0, 65535, 1))), "", "", "", ".xls"),
    Kind("an .ods", lambda: ods(ods_rows(PLAIN) + '<table:table-row table:number-rows-repeated="1048569">'
         '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'), OK, "", "", ".ods"),
    Kind("rows repeated", lambda: ods(ods_rows(PLAIN) + '<table:table-row table:number-rows-repeated="1048569"><table:table-cell '
         'office:value-type="float" office:value="1"/></table:table-row>'), BAD, "far-cell", "表格占了", ".ods"),
    Kind("columns repeated", lambda: ods('<table:table-row><table:table-cell table:number-columns-repeated="999999999999999" '
         'office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>'), BAD, "far-cell", "表格占了", ".ods"),
    Kind("an .ods with a DTD", lambda: repacked(ods(""), {"content.xml": lambda x: b"<!DOCTYPE x>" + x}), BAD, "dtd", "DTD", ".ods"),
    Kind("a binary workbook of noise", lambda: zip_of([("xl/workbook.bin", b"\x83\x01\xff\xff\xff\xff\x7f" * 50)]), BAD, "damaged", "",
         ".xlsb"),
    Kind("a web page", lambda: b"<html><body><table><tr><td>1</td></tr></table></body></html>", BAD, "", "网页", ".xls"),
    Kind("a table of rubbish", lambda: b"PAR1" + b"\xff" * 400 + b"\xff\xff\xff\x7fPAR1", BAD, "damaged", "", ".parquet"),
    # Text
    Kind("a line of ten megabytes", lambda: csv_file("x" * (10 << 20)), BAD, "", "", ".csv"),
    Kind("a million columns", lambda: csv_file("," * 1_000_000), BAD, "far-cell", "1000001 列", ".csv"),
    Kind("a million rows", lambda: csv_file(*["a,b"] * 1_000_000), BAD, "far-cell", "行", ".csv"),
    Kind("an open quote", lambda: csv_file('"' + "a,b\n" * 100_000), BAD, "", "", ".csv"),
    Kind("zero bytes", lambda: csv_file("\0\0\0,\0"), "", "", "", ".csv"),
    Kind("noise", lambda: bytes(range(256)) * 40, BAD, "", "", ".csv"),
]  # fmt: skip


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileReport]:
    """All of them between good files, in one receive."""
    world = make_world(tmp_path_factory.mktemp("hostile"))
    inbox = world.root / "data" / "inbox"
    inbox.mkdir(parents=True)
    for n, kind in enumerate(KINDS):
        (inbox / f"{n:02d}{kind.suffix}").write_bytes(kind.made())
        (inbox / f"{n:02d}good.xlsx").write_bytes(workbook(topic=f"good {n}"))
    began = time.monotonic()
    receipt = world.receive()
    assert time.monotonic() - began < 240
    reports = {f.file: f for f in receipt.files}
    for report in reports.values():
        for f in report.findings:
            assert f.rule and f.message and f.remedy, report
    return reports


@pytest.mark.parametrize(("n", "kind"), list(enumerate(KINDS)), ids=[k.name.replace(" ", "-") for k in KINDS])
def test_what_becomes_of_it(received: dict[str, FileReport], n: int, kind: Kind) -> None:
    report = received[f"{n:02d}{kind.suffix}"]
    said = [*(f.message for f in report.findings), *report.guesses]
    if kind.outcome:
        assert report.outcome == kind.outcome, said
    if kind.outcome == BAD:
        assert [f.severity for f in report.findings] == ["error"]
    if kind.rule:
        assert [f.rule for f in report.findings] == [kind.rule]
    if kind.says:
        assert any(kind.says in text for text in said), said


def test_the_good_files_between_them_are_stored(received: dict[str, FileReport]) -> None:
    good = [f for name, f in received.items() if "good" in name]
    assert len(good) == len(KINDS)
    assert {f.outcome for f in good} == {"stored"}


KILLER = '<row r = "1048576"><c r = "{}1048576"><v>1</v></c></row>'


def test_three_that_kill_the_reader_among_fifty(tmp_path: Path) -> None:
    files = {n: (f"{n}.xlsx", workbook()) for n in range(50)}
    for n, column in ((0, "XFA"), (20, "XFB"), (49, "XFC")):
        files[n] = (f"{n}.xlsx", with_rows(workbook(), KILLER.format(column)))
    read = reader.read_batch(files)
    assert list(read) == list(range(50))
    bad = {n: r for n, r in read.items() if isinstance(r, WorkbookError)}
    said = ("unreadable", "读取这个文件时耗尽了内存或时间，文件内容不正常。")
    assert {n: (r.rule, r.message) for n, r in bad.items()} == dict.fromkeys((0, 20, 49), said)
    assert all([s.name for s in r] == [STUDY] for n, r in read.items() if n not in bad)  # type: ignore[union-attr]


CHILD = reader.START
SLEEPY = """
import sys
sys.path += sys.argv[1:-1]
from jianbao.intake import child
def read(content, name, marks, read=child.read):
    while name.startswith("slow"):
        pass
    return read(content, name, marks)
child.read = read
child.main()
"""


def test_files_that_use_up_their_time_share_a_bounded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has half of what the first had, and so on: none is tried twice, and the rest is read."""
    monkeypatch.setattr(reader, "START", SLEEPY)
    monkeypatch.setattr(reader, "SECONDS", 1.0)
    monkeypatch.setattr(reader, "LEAST_SECONDS", 0.1)
    started = []
    make = reader._Child.__init__
    monkeypatch.setattr(reader._Child, "__init__", lambda self, given, s: (started.append(s), make(self, given, s))[1])
    names = ["a.xlsx", "slow1.xlsx", "b.xlsx", "slow2.xlsx", "c.xlsx"]
    read = reader.read_batch({name: (name, workbook()) for name in names})
    assert [name for name, r in read.items() if isinstance(r, WorkbookError)] == [n for n in names if "slow" in n]
    assert started == [1.0, 0.5, 0.25]


class Evil:
    def __init__(self, what: Any, *arguments: Any) -> None:
        self.what = (what, arguments)

    def __reduce__(self) -> Any:
        return self.what


def test_a_child_that_was_taken_over_can_run_nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "mark"
    said = pickle.dumps(Evil(Path.touch, mark))
    monkeypatch.setattr(reader, "START", f"import sys; sys.stdout.buffer.write({struct.pack('<BI', 2, len(said)) + said!r})")
    (read,) = reader.read_batch({0: ("a.xlsx", workbook())}).values()
    assert isinstance(read, WorkbookError)
    assert not mark.exists()


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Evil(eval, "1")),
        pickle.dumps(Evil(getattr, 1, "real")),
        pickle.dumps(Evil(io.open, "/dev/null")),
        b"\x80\x05\x8c\x08datetime\x8c\x03sys\x93.",
        b"\x80\x05]r\xff\xff\xff\xff.",  # the memo's place four billion
        b"\x80\x05B\xff\xff\xff\x7f.",
        b"",
        b"nonsense",
    ],
)
def test_what_a_child_says_is_plain_values_or_nothing(data: bytes) -> None:
    assert handover.result(io.BytesIO(struct.pack("<BI", 2, len(data)) + data)) is None


def test_values_come_over_as_they_were_and_long_sheets_in_pieces() -> None:
    from datetime import time as clock
    from datetime import timedelta

    out = io.BytesIO()
    values = [1.5, "文", True, None, date(2023, 1, 2), datetime(2023, 1, 2, 3), clock(4), timedelta(5), {(1, 2): "#N/A"}, (1, 2)]
    handover.put_rows(out, [[1.0]])
    handover.put_rows(out, [[2.0]])
    handover.put_result(out, values)
    handover.put_result(out, "next")
    out.seek(0)
    assert [handover.result(out) for _ in range(3)] == [([[1.0], [2.0]], values), ([], "next"), None]


def test_no_more_than_a_bounded_length_is_taken() -> None:
    assert handover.result(io.BytesIO(struct.pack("<BI", 2, handover.MAX_RESULT + 1) + b"x" * 100)) is None


def test_a_lone_surrogate_in_a_name_and_a_name_like_a_formula(tmp_path: Path) -> None:
    assert [s.name for s in reader.read_batch({0: ("\udcff=1+1.xlsx", workbook())})[0]] == [STUDY]  # type: ignore[union-attr]


def test_nothing_is_left_of_the_limits_where_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no such limits, macOS not all of them: the files are read all the same."""
    start = "import sys\nsys.modules['resource'] = None\n" + CHILD
    monkeypatch.setattr(reader, "START", start)
    assert [s.name for s in reader.read_batch({0: ("a.xlsx", workbook())})[0]] == [STUDY]  # type: ignore[union-attr]
    refusing = "import sys, resource\ndef no(*a): raise ValueError\nresource.setrlimit = no\n" + CHILD
    monkeypatch.setattr(reader, "START", refusing)
    assert [s.name for s in reader.read_batch({0: ("a.xlsx", workbook())})[0]] == [STUDY]  # type: ignore[union-attr]


def test_checking_says_the_same_and_keeps_nothing(tmp_path: Path) -> None:
    world: World = make_world(tmp_path)
    world.file("C02", PERIOD, {STUDY: [CLASS]})
    world.receive()
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_rows(workbook(), KILLER.format("XFD")))
    (report,) = check(world.workspace, [path]).files
    assert (report.outcome, [f.rule for f in report.findings]) == ("unreadable", ["unreadable"])


def test_a_column_wrong_all_the_way_down_is_told_of_once_more_and_not_a_million_times(tmp_path: Path) -> None:
    world: World = make_world(tmp_path)
    rows = [{**CLASS, "天数": "好几天", "参加人数": -1 if n else 5} for n in range(1500)]
    world.receive()
    (report,) = check(world.workspace, [world.file("C02", PERIOD, {STUDY: rows})], received_at=datetime(2023, 10, 23, 10)).files
    assert report.outcome == "returned"
    assert 2002 <= len(report.findings) < 2010
    told = [(f.cell, f.message) for f in report.findings if f.rule == "type"]
    assert (told[0], told[999][0]) == (("D7", "“好几天”不是数字。"), "D1006")
    assert told[1000] == ("D6", "“天数”还有 500 行也是这样（“好几天”不是数字），没有逐一列出。")
    last = [f.message for f in report.findings if f.rule == "min"][-1]
    assert last == "“参加人数”还有 499 行也是这样（“参加人数”小于 0），没有逐一列出。"


def test_what_is_hidden_or_merged_all_the_way_down_costs_no_more_than_it_is_long() -> None:
    """Each of these once went through all rows for every row."""
    from jianbao.intake.reader import RawSheet
    from jianbao.intake.reading import read_sheet

    world_rows = 30_000
    ledger, header, parse = _every()
    cells: list[list[Any]] = [["单位", "天数"], *[["", 1.0]] * world_rows]
    raw = RawSheet(STUDY, True, cells, {}, [(n, 1, n + 1, 1) for n in range(1, world_rows - 1, 2)], hidden_rows=range(1, world_rows))
    began = time.process_time()
    sheet = read_sheet(raw, ledger, header, file="a.xlsx", filer="C02", period=None, nil=False, parse=parse, own_unit="C02")
    assert time.process_time() - began < 20  # a quarter of a second; it was minutes
    assert set(sheet.units) == {"C02"}
    assert len(sheet.rows) == world_rows


def _every() -> Any:
    from jianbao.definitions.ledger import Ledger
    from jianbao.intake.cells import as_number, as_text
    from jianbao.intake.headers import Header

    ledger = Ledger.model_validate({"name": "study", "code": "L", "title": STUDY, "kind": "event", "columns": {
        "days": {"title": "天数", "type": "num"}}})
    return ledger, Header(0, {"unit": 0, "days": 1}), lambda name: (as_text if name == "unit" else as_number, {})


def test_an_ordinary_workbook_is_noted_for_nothing() -> None:
    assert inspect(workbook(), "a.xlsx").notes == ()
