"""Files that are not what they seem: refused before a parser sees them, or read in a child that may die."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from jianbao.errors import WorkbookError
from jianbao.intake.gate import MAX_FILE, inspect
from jianbao.intake.reader import RawSheet, read_batch


def workbook(fill: Callable[[Workbook], None] | None = None) -> bytes:
    book = Workbook()
    book.active.title = "表"
    book.active["A1"] = "标题"
    if fill:
        fill(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def patched(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same workbook with one part of it changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = old.read(info.filename)
            new.writestr(info.filename, change(data) if info.filename == part else data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def far_cell(place: str) -> bytes:
    return patched(
        workbook(),
        SHEET,
        lambda x: x.replace(
            b"</sheetData>",
            f'<row r="{place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{place}"><v>1</v></c></row></sheetData>'.encode(),
        ),
    )


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("xl/workbook.xml", "<workbook/>")
        z.writestr("xl/sharedStrings.xml", b"a" * (64 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "rule", "says"),
    [
        (b"", "empty-file", "0 字节"),
        (b"PK\x03\x04" + b"\0" * (MAX_FILE + 1), "too-large", "超过 20 MB"),
        (b"%PDF-1.7 ...", "not-excel", "是 PDF"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not-excel", "改了后缀的网页"),
        (workbook()[:-400], "damaged", "没有传完"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged", "不完整"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2048 + "EncryptedPackage".encode("utf-16-le"), "encrypted", "打开密码"),
        (far_cell("XFD1048576"), "far-cell", "XFD1048576"),
        (far_cell("A999999"), "far-cell", "A999999"),
        (far_cell("ZZ150000"), "far-cell", "150000 行 702 列"),
        (patched(workbook(), SHEET, lambda x: b'<!DOCTYPE x [<!ENTITY a "b">]>' + x), "dtd", "DTD"),
        (bomb(), "bomb", "展开后有 64 MB"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_refused_before_any_parser(content: bytes, rule: str, says: str) -> None:
    with pytest.raises(WorkbookError, match=says) as e:
        inspect(content, "报表.xlsx")
    assert e.value.rule == rule
    assert e.value.remedy


def test_a_path_that_climbs_out_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("xl/workbook.xml", "<workbook/>")
        z.writestr("../../evil", "x")
    with pytest.raises(WorkbookError, match="不正常的路径"):
        inspect(out.getvalue(), "a.xlsx")


def test_a_word_file_is_called_so() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("word/document.xml", "<w/>")
    with pytest.raises(WorkbookError, match="是 Word 文件"):
        inspect(out.getvalue(), "报表.xlsx")


def test_error_cells_and_formulas_without_a_value_are_seen() -> None:
    def fill(book: Workbook) -> None:
        book.active["B2"] = "#N/A"
        book.active["C3"] = "=1+1"

    marks = inspect(workbook(fill), "a.xlsx")
    assert marks.faults == {"表": {(1, 1): "#N/A", (2, 2): "formula"}}


def test_a_formula_with_its_value_is_a_value() -> None:
    content = patched(
        workbook(lambda b: b.active.__setitem__("C3", "=1+1")),
        SHEET,
        lambda x: x.replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>").replace(b"<v/>", b"<v>2</v>"),
    )
    assert inspect(content, "a.xlsx").faults == {}
    assert read_batch({0: ("a.xlsx", content)})[0][0].rows[2][2] == 2  # type: ignore[index]


def test_merges_over_several_rows_are_seen() -> None:
    def fill(book: Workbook) -> None:
        book.active.merge_cells("A1:D1")
        book.active.merge_cells("B2:B4")

    assert inspect(workbook(fill), "a.xlsx").merged == {"表": [(1, 1, 3, 1)]}


def test_row_and_column_numbers_are_those_of_the_sheet() -> None:
    def fill(book: Workbook) -> None:
        book.active["A1"] = None
        book.active["C5"] = "x"

    sheet = read_batch({0: ("a.xlsx", workbook(fill))})[0][0]  # type: ignore[index]
    assert isinstance(sheet, RawSheet)
    assert sheet.rows[4][2] == "x"


def test_hidden_sheets_are_told_and_code_lists_left_out() -> None:
    def fill(book: Workbook) -> None:
        book.create_sheet("_codes")
        book.create_sheet("藏").sheet_state = "hidden"

    assert [(s.name, s.visible) for s in read_batch({0: ("a.xlsx", workbook(fill))})[0]] == [("表", True), ("藏", False)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_the_encodings_of_the_country(encoding: str) -> None:
    content = "单位,天数\n东湖县,2\n".encode(encoding)
    sheet = read_batch({0: ("folder/学习.csv", content)})[0][0]  # type: ignore[index]
    assert (sheet.name, sheet.rows) == ("学习", [["单位", "天数"], ["东湖县", "2"]])


def test_a_suffix_may_lie() -> None:
    assert [s.name for s in read_batch({0: ("报表.xls", workbook())})[0]] == ["表"]


def test_a_file_that_kills_its_child_harms_no_other() -> None:
    """Written so that the gate's search does not see it, the far cell takes the reading process down."""
    kill = patched(
        workbook(),
        SHEET,
        lambda x: x.replace(b"</sheetData>", b'<row r = "1048576"><c r = "XFD1048576"><v>1</v></c></row></sheetData>'),
    )
    inspect(kill, "b.xlsx")
    good = workbook()
    result = read_batch({"first": ("a.xlsx", good), "bad": ("b.xlsx", kill), "last": ("c.xlsx", good)})
    assert [s.name for s in result["first"]] == [s.name for s in result["last"]] == ["表"]
    assert isinstance(result["bad"], WorkbookError)
    assert result["bad"].rule == "unreadable"


def test_a_row_that_is_only_formatted_is_not_far() -> None:
    content = patched(workbook(), SHEET, lambda x: x.replace(b"</sheetData>", b'<row r="1048576" ht="20"/></sheetData>'))
    assert len(read_batch({0: ("a.xlsx", content)})[0][0].rows) == 1  # type: ignore[index]


def test_the_parser_is_given_only_what_was_inspected() -> None:
    out = io.BytesIO(workbook(lambda b: b.active.merge_cells("A2:A4")))
    with zipfile.ZipFile(out, "a") as z:
        z.writestr("xl/vbaProject.bin", "anything")
    given = inspect(out.getvalue(), "a.xlsx").content
    with zipfile.ZipFile(io.BytesIO(given)) as z:
        assert z.testzip() is None
        assert sorted(z.namelist()) == [
            "[Content_Types].xml",
            "_rels/.rels",
            "xl/_rels/workbook.xml.rels",
            "xl/styles.xml",
            "xl/workbook.xml",
            SHEET,
        ]
    assert read_batch({0: ("a.xlsx", out.getvalue())}) == {0: [RawSheet("表", True, [["标题"]], {}, [(1, 0, 3, 0)])]}


def test_sheets_under_another_name_are_read_as_well() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(b"worksheets/sheet1.xml", b"pages/sheet1.xml")
            new.writestr(name.replace("worksheets/", "pages/"), data)
    assert [s.rows for s in read_batch({0: ("a.xlsx", out.getvalue())})[0]] == [[["标题"]]]  # type: ignore[union-attr]


def test_elements_with_a_prefix_are_read_as_well() -> None:
    def prefixed(xml: bytes) -> bytes:
        return re.sub(rb"<(/?)(\w)", rb"<\1x:\2", xml.replace(b"xmlns=", b"xmlns:x="))

    content = patched(workbook(lambda b: b.active.__setitem__("B2", "#N/A")), SHEET, prefixed)
    sheet = read_batch({0: ("a.xlsx", content)})[0][0]  # type: ignore[index]
    assert isinstance(sheet, RawSheet)
    assert (sheet.rows[0][0], sheet.faults) == ("标题", {(1, 1): "#N/A"})


def test_a_comment_does_not_hide_a_dtd() -> None:
    content = patched(workbook(), SHEET, lambda x: b"<!-- <worksheet> --><!DOCTYPE x>" + x)
    with pytest.raises(WorkbookError, match="DTD"):
        inspect(content, "a.xlsx")


def test_a_part_longer_than_the_directory_says_is_damaged() -> None:
    """A zip may promise less than it holds: what is over is never unpacked, and the file not read."""
    content = bytearray(workbook())
    with zipfile.ZipFile(io.BytesIO(content)) as z:
        size = z.getinfo(SHEET).file_size
    at = content.rindex(SHEET.encode()) - 46  # its entry in the directory
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = (size - 10).to_bytes(4, "little")
    with pytest.raises(WorkbookError, match="已损坏"):
        inspect(bytes(content), "a.xlsx")


def test_a_module_in_the_working_directory_does_not_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zipfile.py").write_text("raise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    assert [s.name for s in read_batch({0: ("a.xlsx", workbook())})[0]] == ["表"]  # type: ignore[union-attr]


def test_damage_inside_is_said_and_the_rest_is_read() -> None:
    broken = patched(workbook(), SHEET, lambda x: x.replace(b"</worksheet>", b""))
    cut = patched(workbook(), "xl/workbook.xml", lambda x: x[:50])
    result = read_batch({1: ("a.xlsx", broken), 2: ("b.xlsx", cut), 3: ("c.xlsx", workbook())})
    assert isinstance(result[2], WorkbookError)
    assert result[2].rule == "damaged"
    assert [s.name for s in result[3]] == ["表"]
