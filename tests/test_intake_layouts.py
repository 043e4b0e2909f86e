"""Workbooks as people really send them: one small file for each bad habit, what comes out of it, and what is said.

All of them are read together, in one child process, by the campaign's ledgers below.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from jianbao.definitions.load import load
from jianbao.definitions.register import Register, Unit
from jianbao.errors import WorkbookError
from jianbao.intake.contract import Contract
from jianbao.intake.reader import read_batch
from jianbao.intake.workbook import Book, read_workbook
from worlds import CALENDAR, CAMPAIGN, LEDGERS, MASTERS, write_params

FILES = Path(__file__).parent / "files"
D17, D18 = date(2023, 10, 17), date(2023, 10, 18)
IDENTITY: list[list[Any]] = [["填报单位", "西岭县"], ["统计期", "2023-W42"]]
HEADER = ["学习类型", "开始日期", "天数", "主题"]
ROW, OTHER = ["读书班", D17, 2, "一"], ["中心组", D18, 1, "二"]
READ, OTHER_READ = ("读书班", D17, 2.0, "一"), ("中心组", D18, 1.0, "二")
AT_3 = "“集中学习台账”的表头认作第 3 行"
COLUMNS = {
    **LEDGERS["study"]["columns"],
    "should": {"title": "应到人数", "type": "int", "min": 0},
    "actual": {"title": "实到人数", "type": "int", "min": 0},
    "money": {"title": "经费", "type": "num"},
    "serious": {"title": "解决群众反映问题数", "type": "int"},
    "at": {"title": "报告时间", "type": "datetime"},
}
STUDY = {**LEDGERS["study"], "columns": COLUMNS}


@dataclass(frozen=True)
class Case:
    """A file, and what is to come of it. `rows` are the values of `columns` by Excel row, of the ledger `ledger`."""

    id: str
    content: bytes
    rows: Mapping[int, Sequence[Any]]
    guesses: Sequence[str] = (AT_3,)
    errors: Sequence[str] = ()  # messages, with the cell where there is one
    warnings: Sequence[str] | None = None  # None: not looked at
    columns: Sequence[str] = ("study_type", "start_date", "days", "topic")
    ledger: str = "study"
    name: str = "报表.xlsx"


def xlsx(rows: Sequence[Sequence[Any]], *, sheet: str = "集中学习台账", also: Callable[[Any], None] | None = None) -> bytes:
    book = Workbook()
    ws = book.worksheets[0]
    ws.title = sheet
    for row in rows:
        ws.append(list(row))
    if also:
        also(ws)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def altered(content: bytes, change: Callable[[str, str], str], more: Mapping[str, str] | None = None) -> bytes:
    """The same zip file with each part's text changed, and `more` parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        return zipped({name: change(name, old.read(name).decode()) for name in old.namelist()} | (more or {}))


def usual(*rows: Sequence[Any], header: Sequence[Any] = HEADER) -> list[Sequence[Any]]:
    return [*IDENTITY, header, *rows]


def since_1904(ws: Any) -> None:
    """As Excel for the Mac long made them: day numbers count from there."""
    ws.parent.epoch = CALENDAR_MAC_1904


def strict(content: bytes) -> bytes:
    """As Excel saves it under 严格 Open XML: other namespaces, days as ISO text."""

    def change(name: str, text: str) -> str:
        text = text.replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
        text = text.replace("http://schemas.openxmlformats.org/officeDocument/2006/", "http://purl.oclc.org/ooxml/officeDocument/")
        return re.sub(r'<c r="B4"[^>]*>.*?</c>', '<c r="B4" t="d"><v>2023-10-17</v></c>', text) if "sheet1" in name else text

    return altered(content, change)


def number_format(code: int) -> Callable[[str, str], str]:
    """Day cells shown by a built-in format that only Chinese programs write."""
    return lambda n, t: re.sub(r'numFmtId="(14|164)"(?=[^>]*xfId)', f'numFmtId="{code}"', t) if n == "xl/styles.xml" else t


def wps(content: bytes) -> bytes:
    """As WPS writes it: its build among the properties, no dimension, texts in the cells, line ends escaped."""
    space = "http://schemas.openxmlformats.org/officeDocument/2006/"
    build = (
        f'<Properties xmlns="{space}custom-properties" xmlns:vt="{space}docPropsVTypes">'
        '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="KSOProductBuildVer">'
        "<vt:lpwstr>2052-12.1.0.15120</vt:lpwstr></property></Properties>"
    )

    def change(name: str, text: str) -> str:
        if name.startswith("xl/worksheets/"):
            text = re.sub(r"<dimension[^>]*/>", "", text)
            return re.sub(r'<c r="D4"[^>]*>.*?</c>', '<c r="D4" t="inlineStr"><is><t>一_x000D_\n二</t></is></c>', text)
        return text

    return altered(content, change, {"docProps/custom.xml": build})


def xlsb(rows: Sequence[Sequence[Any]], *, hidden_row: int) -> bytes:
    """A binary workbook, record by record: nothing at hand writes one."""

    def record(kind: int, data: bytes = b"") -> bytes:
        number = bytes([kind & 0x7F | (0x80 if kind > 0x7F else 0)]) + (bytes([kind >> 7]) if kind > 0x7F else b"")
        return number + bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data

    def text(said: str) -> bytes:
        return struct.pack("<L", len(said)) + said.encode("utf-16-le")

    sheet = [record(129), record(148, struct.pack("<4L", 0, len(rows) - 1, 0, 4)), record(145)]
    for i, row in enumerate(rows):
        sheet.append(record(0, struct.pack("<LLHBBBL", i, 0, 300, 0, 0x10 if i == hidden_row - 1 else 0, 0, 0)))
        for j, said in enumerate(row):
            place = struct.pack("<LL", j, 0)
            if said == "#DIV/0!":
                sheet.append(record(3, place + b"\x07"))
            elif isinstance(said, str):
                sheet.append(record(6, place + text(said)))
            else:
                sheet.append(record(5, place + struct.pack("<d", said)))
    sheet += [record(146), record(130)]
    book = [record(131), record(143), record(156, struct.pack("<LL", 0, 1) + text("rId1") + text("集中学习台账")), record(144), record(132)]
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"

    def link(kind: str, to: str) -> str:
        return f'<Relationships xmlns="{links}"><Relationship Id="rId1" Type="{kinds}/{kind}" Target="{to}"/></Relationships>'

    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"><Default Extension="bin" '
            'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
            "_rels/.rels": link("officeDocument", "xl/workbook.bin"),
            "xl/workbook.bin": b"".join(book),
            "xl/_rels/workbook.bin.rels": link("worksheet", "worksheets/sheet1.bin"),
            "xl/worksheets/sheet1.bin": b"".join(sheet),
        }
    )


def hidden(*rows: int, columns: Sequence[str] = (), filtered: str = "") -> Callable[[Any], None]:
    def hide(ws: Any) -> None:
        for row in rows:
            ws.row_dimensions[row].hidden = True
        for letter in columns:
            ws.column_dimensions[letter].hidden = True
        if filtered:
            ws.auto_filter.ref = filtered
            ws.auto_filter.add_filter_column(0, ["读书班"])

    return hide


def merged(*ranges: str) -> Callable[[Any], None]:
    def merge(ws: Any) -> None:
        for cells in ranges:
            ws.merge_cells(cells)

    return merge


def sheets(*more: tuple[str, Sequence[Sequence[Any]]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in more:
        ws = book.create_sheet(title)
        for row in rows:
            ws.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(column: str, said: Any, meant: Any, *guesses: str, errors: Sequence[str] = (), id: str = "") -> Case:  # noqa: A002
    """A row of the ledger with one cell more."""
    title = COLUMNS[column]["title"]
    place = HEADER.index(title) if title in HEADER else len(HEADER)
    row = [*ROW, ""]
    row[place] = said
    header = HEADER if title in HEADER else [*HEADER, title]
    return Case(
        id or f"{title} {said!r}", xlsx(usual(row[: len(header)], header=header)), {4: (meant,)}, (AT_3, *guesses), errors, None, (column,)
    )


def guess(column: str, why: str, said: str, meant: str) -> str:
    return f"“集中学习台账”的“{COLUMNS[column]['title']}”第 4 行{why}，如“{said}”读作 {meant}"


PEOPLE = ("should", "actual")
CSV_ROWS = "学习类型,开始日期,天数,主题\n读书班,2023-10-17,2,一\n"
BY_NAME = ("统计期按文件名认作 2023年第42周（10月16日—10月22日）", "填报单位按文件名认作 C02")
CSV_NAME = "集中学习台账_C02_2023-W42"
AT_1 = f"“{CSV_NAME}”的表头认作第 1 行"
PAGE = (
    "<html><head><meta charset=gb2312><style>td{color:red}</style></head><body><table border=1>"
    "<tr><th>学习类型</th><th>开始日期</th><th>天数</th><th>主题</th></tr>"
    "<tr><td rowspan=2>读书班</td><td>2023-10-17</td><td>2</td><td>一&amp;甲</td></tr>"
    "<tr><td>2023-10-18</td><td>1</td><td>二<br>三<script>x()</script></td></tr></table></body></html>"
)
LEVELS = [["学习类型", "开始日期", "天数", "主题", "人数", ""], ["", "", "", "", "应到", "实到"]]
PROBLEMS = ["问题编号", "问题摘要", "登记日期", "状态"]

CASES = [
    # Where things stand
    Case("title rows", xlsx([["学习情况表"], [], *usual(ROW)]), {6: READ}, ("“集中学习台账”的表头认作第 5 行",)),
    Case(
        "two levels of titles",
        xlsx([*IDENTITY, *LEVELS, [*ROW, 30, 28]], also=merged("A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:F3")),
        {5: (*READ, 30, 28)},
        (
            "“集中学习台账”的表头认作第 3、4 行",
            "“集中学习台账”的列名“人数·应到”认作“应到人数”、“人数·实到”认作“实到人数”",
        ),
        columns=("study_type", "start_date", "days", "topic", *PEOPLE),
    ),
    Case(
        "two levels, each sub-title under its own group",
        xlsx(
            [
                *IDENTITY,
                ["学习类型", "开始日期", "天数", "人数", "", "次数", ""],
                ["", "", "", "应到", "实到", "应到", "实到"],
                ["读书班", D17, 2, 30, 28, 4, 3],
            ]
        ),
        {5: (30, 28)},
        (
            "“集中学习台账”的表头认作第 3、4 行",
            "“集中学习台账”的列名“人数·应到”认作“应到人数”、“人数·实到”认作“实到人数”",
        ),
        columns=PEOPLE,
    ),
    Case(
        "the joined title in one cell",
        xlsx(usual([*ROW, 30, 28], header=[*HEADER, "人数·应到", "人数（实到）"])),
        {4: (30, 28)},
        (AT_3, "“集中学习台账”的列名“人数·应到”认作“应到人数”、“人数（实到）”认作“实到人数”"),
        columns=PEOPLE,
    ),
    Case(
        "a title with its unit",
        xlsx(usual([*ROW, 30, 8], header=[*HEADER, "应到人数/人", "经费：元"])),
        {4: (30, 8.0)},
        (AT_3, "“集中学习台账”的列名“应到人数/人”认作“应到人数”、“经费：元”认作“经费”"),
        columns=("should", "money"),
    ),
    Case(
        "ten thousands are another unit",
        xlsx(usual([*ROW, 8], header=[*HEADER, "经费（万元）"])),
        {4: (None,)},
        warnings=[
            "A3 缺少这些列，按没有填处理：结束日期、参加人数、出勤率、应到人数、实到人数、经费、解决群众反映问题数、报告时间。",
            "E3 多出的列没有收：经费（万元）。",
        ],
        columns=("money",),
    ),
    Case(
        "a title almost as it should be",
        xlsx(usual([*ROW, 5], header=[*HEADER, "解决群众反应问题数"])),
        {4: (None,)},  # eight of nine: not alike enough
        columns=("serious",),
    ),
    Case(
        "a title with one character more",
        xlsx(usual([*ROW, 5], header=[*HEADER, "解决群众反映的问题数"])),
        {4: (5,)},
        (AT_3, "“集中学习台账”的列名“解决群众反映的问题数”认作“解决群众反映问题数”"),
        columns=("serious",),
    ),
    Case(
        "but not with the one that turns it round",
        xlsx(usual([*ROW, 5], header=[*HEADER, "未解决群众反映问题数"])),
        {4: (None,)},
        columns=("serious",),
    ),
    Case(
        "two titles for one column: neither",
        xlsx(usual([*ROW, 5, 6], header=[*HEADER, "解决群众反映的问题数", "解决群众反映问题数量"])),
        {4: (None,)},
        columns=("serious",),
    ),
    Case("columns moved", xlsx(usual(["一", 2, D17, "读书班"], header=["主题", "天数", "开始日期", "学习类型"])), {4: READ}),
    Case(
        "line breaks and spaces in titles", xlsx(usual(ROW, header=["学习\n类型", " 开始 日期", "天数*", "\ufeff主题：\u200b"])), {4: READ}
    ),
    Case(
        "the header again on each page",
        xlsx([["台账"], *usual(ROW), [], ["台账"], *IDENTITY, HEADER, OTHER]),
        {5: READ, 11: OTHER_READ},
        ("“集中学习台账”的表头认作第 4 行", "“集中学习台账”第 7—10 行重复了表头，没有当作数据"),
    ),
    Case(
        "numbers of columns below the titles",
        xlsx(usual(["甲", "乙", 1, 2], ROW)),
        {5: READ},
        (AT_3, "“集中学习台账”第 4 行认作栏次，没有当作数据"),
    ),
    Case(
        "rows with nothing but their number",
        xlsx(usual([1, *ROW], [2], [3, *OTHER], [4], [5], header=["序号", *HEADER])),
        {4: READ, 6: OTHER_READ},
        (AT_3, "“集中学习台账”第 5、7、8 行只有序号，没有收"),
    ),
    Case(
        "a note beside the table",
        xlsx(usual([*ROW, ""], ["", "", "", "", "见附件"])),
        {4: READ},
        (AT_3, "“集中学习台账”第 5 行只在没有收的列里有内容，没有收"),
    ),
    Case(
        "a signature", xlsx(usual(ROW, ["填表人：", "", "", "审核人："])), {4: READ}, (AT_3, "“集中学习台账”第 5 行认作落款或说明，没有收")
    ),
    Case(
        "merged downwards",
        xlsx(usual(ROW, ["中心组", None, 1, "二"]), also=merged("B4:B5")),
        {4: READ, 5: ("中心组", D17, 1.0, "二")},
        (AT_3, "“集中学习台账”的“开始日期”合并了单元格，第 5 行按合并的内容读"),
    ),
    Case(
        "hidden rows",
        xlsx(usual(ROW, OTHER, ROW, OTHER), also=hidden(5, 6)),
        {4: READ, 5: OTHER_READ, 6: READ, 7: OTHER_READ},
        (AT_3, "“集中学习台账”第 5、6 行是隐藏的，也收了（共 2 行）"),
    ),
    Case(
        "a filter left on",
        xlsx(usual(ROW, OTHER), also=hidden(5, filtered="A3:D5")),
        {4: READ, 5: OTHER_READ},
        (AT_3, "“集中学习台账”第 5 行被筛选隐藏，也收了（共 1 行）"),
    ),
    Case("a hidden column", xlsx(usual(ROW), also=hidden(columns=["C"])), {4: READ}, (AT_3, "“集中学习台账”的 C 列“天数”是隐藏的，也收了")),
    # Several tables, several sheets
    Case(
        "two ledgers in one sheet",
        xlsx(
            [*IDENTITY, ["一、集中学习台账"], HEADER, ROW, OTHER, [], ["二、问题台账"], PROBLEMS, ["WT-1", "排队", D17, "整改中"]],
            sheet="Sheet1",
        ),
        {5: READ, 6: OTHER_READ},
        ("“Sheet1”里有 2 张表：第 1 行起“集中学习台账”、第 7 行起“问题台账”", "“Sheet1”的表头认作第 4 行", "“Sheet1”的表头认作第 9 行"),
    ),
    Case(
        "and the second of them",
        xlsx(
            [*IDENTITY, ["一、集中学习台账"], HEADER, ROW, OTHER, [], ["二、问题台账"], PROBLEMS, ["WT-1", "排队", D17, "整改中"]],
            sheet="Sheet1",
        ),
        {10: ("WT-1", "排队", D17, "整改中")},
        ("“Sheet1”里有 2 张表：第 1 行起“集中学习台账”、第 7 行起“问题台账”", "“Sheet1”的表头认作第 4 行", "“Sheet1”的表头认作第 9 行"),
        columns=("problem_id", "summary", "registered_on", "status"),
        ledger="problems",
    ),
    Case(
        "each with its own lines of who and when",
        xlsx([*IDENTITY, HEADER, ROW, *IDENTITY, ["零报送", "是"], PROBLEMS]),
        {4: READ},
        ("“集中学习台账”里有 2 张表：第 1 行起“集中学习台账”、第 5 行起“问题台账”", AT_3, "“集中学习台账”的表头认作第 8 行"),
    ),
    Case(
        "empty sheets beside it",
        sheets(("集中学习台账", usual(ROW)), ("Sheet2", []), ("Sheet3", [[None]])),
        {4: READ},
        warnings=["A3 缺少这些列，按没有填处理：结束日期、参加人数、出勤率、应到人数、实到人数、经费、解决群众反映问题数、报告时间。"],
    ),
    Case(
        "another sheet beside it",
        sheets(("通讯录", [["甲", "乙"]]), ("集中学习台账", usual(ROW))),
        {4: READ},
        warnings=[
            "工作表“通讯录”认不出是哪种台账，没有收。",
            "A3 缺少这些列，按没有填处理：结束日期、参加人数、出勤率、应到人数、实到人数、经费、解决群众反映问题数、报告时间。",
        ],
    ),
    # What stands in cells
    cell("should", "１２", 12),
    cell("should", " 1,234 ", 1234),
    cell("should", "12人", 12),
    cell("should", "\u200b12\ufeff", 12),
    cell("should", "十二", 12, guess("should", "用汉字写数", "十二", "12")),
    cell("should", "一百零五人", 105, guess("should", "用汉字写数", "一百零五人", "105")),
    cell("should", "一百二", None, errors=["E4 “一百二”不是数字。"]),
    cell("should", "12 13", None, errors=["E4 “12 13”中间有空格，分不清是不是一个数。"]),
    cell("should", "\u200b", None),
    cell("money", "3.5万元", 35000.0),
    cell("share", "85.3%", 0.853),
    cell("share", 0.853, 0.853),
    cell("share", 85.3, 0.853, guess("share", "没有百分号", "85.3", "85.3%")),
    cell("start_date", "2023年10月8日", date(2023, 10, 8)),
    cell("start_date", "二〇二三年十月十八日", D18),
    cell("start_date", "十月十八日", D18, guess("start_date", "没有写年份", "十月十八日", "2023-10-18")),
    cell("start_date", "10月18日", D18, guess("start_date", "没有写年份", "10月18日", "2023-10-18")),
    cell("start_date", "2023.10.18", D18),
    cell("start_date", "23/10/18", D18, guess("start_date", "年份只写了两位", "23/10/18", "2023-10-18")),
    cell("start_date", "18/10/2023", D18, guess("start_date", "年份写在最后", "18/10/2023", "2023-10-18")),
    cell("start_date", "8/10/2023", None, errors=["B4 “8/10/2023”分不清是 8月10日 还是 10月8日。"]),
    cell("start_date", "18/10/23", None, errors=["B4 “18/10/23”分不清年、月、日。"]),
    cell("start_date", 45217, D18, guess("start_date", "写的是日期序号", "45217", "2023-10-18")),
    cell("start_date", "45217", D18, guess("start_date", "写的是日期序号", "45217", "2023-10-18"), id="a serial as text"),
    cell("start_date", "2023-10-18 下午3:30", D18),
    cell("at", "2023年10月18日 15时30分", datetime(2023, 10, 18, 15, 30)),
    cell("at", "2023/10/18 下午3:30", datetime(2023, 10, 18, 15, 30)),
    cell("at", datetime(2023, 10, 18, 15, 30), datetime(2023, 10, 18, 15, 30), id="a cell of day and time"),
    cell("topic", "一\u00a0", "一"),
    cell("topic", "\ufeff一\u200b二", "一二"),
    cell("topic", "一\r\n二", "一\n二"),
    cell("days", "=1+1", None, errors=["C4 “天数”的公式没有算出结果。"]),
    cell("days", "#REF!", None, errors=["C4 “天数”的公式出错（#REF!）。"]),
    Case(
        "a formula with its value",
        altered(
            xlsx(usual(["读书班", D17, "=1+1", "一"])),
            lambda n, t: t.replace("<v/>", "<v>2</v>").replace("<v></v>", "<v>2</v>").replace("<v />", "<v>2</v>") if "sheet1" in n else t,
        ),
        {4: READ},
    ),
    # Programs and formats
    Case(
        "days counted from 1904",
        xlsx(usual(ROW, ["中心组", 45217 - 1462, 1, "二"]), also=since_1904),
        {4: READ, 5: OTHER_READ},
        ("工作簿用的是 1904 日期系统，日期已按此换算", AT_3, "“集中学习台账”的“开始日期”第 5 行写的是日期序号，如“43755”读作 2023-10-18"),
    ),
    *(Case(f"built-in format {n}", altered(xlsx(usual(ROW)), number_format(n)), {4: READ}) for n in (27, 28, 31, 36, 50, 57, 58)),
    Case("strict Open XML", strict(xlsx(usual(ROW))), {4: READ}),
    Case("saved by WPS", wps(xlsx(usual(ROW))), {4: ("读书班", D17, 2.0, "一\n二")}),
    Case("an .xlsx called .xls", xlsx(usual(ROW)), {4: READ}, ("文件名后缀是 .xls，内容是 xlsx 工作簿，按内容读", AT_3), name="报表.xls"),
    Case(
        "a binary workbook",
        xlsb(usual(["读书班", 45216, 2, "一"], ["中心组", 45217, "#DIV/0!", "二"]), hidden_row=5),
        {4: READ, 5: ("中心组", D18, None, "二")},
        (
            AT_3,
            "“集中学习台账”第 5 行是隐藏的，也收了（共 1 行）",
            "“集中学习台账”的“开始日期”第 4、5 行写的是日期序号，如“45216”读作 2023-10-17",
        ),
        ["C5 “天数”的公式出错（#DIV/0!）。"],
        name="报表.xlsb",
    ),
    *(
        Case(
            name,
            (FILES / name).read_bytes(),
            {
                4: (*READ, 30),
                5: ("中心组", D17, 1.0, "二", 12),
                6: ("专题研讨", D18, None, "三", 5),
                7: ("读书班", date(2023, 10, 19), 1.0, "四", 12),
            },
            (
                *(["工作簿用的是 1904 日期系统，日期已按此换算"] if "1904" in name else []),
                AT_3,
                "“集中学习台账”的“开始日期”合并了单元格，第 5 行按合并的内容读",
                "“集中学习台账”第 6 行是隐藏的，也收了（共 1 行）",
                "“集中学习台账”的 E 列“应到人数”是隐藏的，也收了",
                f"“集中学习台账”的“开始日期”第 7 行写的是日期序号，如“{43756 if '1904' in name else 45218}”读作 2023-10-19",
                "“集中学习台账”的“应到人数”第 5 行用汉字写数，如“十二”读作 12",
            ),
            ["C6 “天数”的公式出错（#DIV/0!）。"],
            columns=("study_type", "start_date", "days", "topic", "should"),
            name=name,
        )
        for name in ("layout.xls", "layout.ods", "layout_1904.xls", "layout_1904.ods")  # saved by LibreOffice
    ),
    *(
        Case(f"CSV in {encoding}", CSV_ROWS.encode(encoding), {2: READ}, (*BY_NAME, AT_1), name=f"{CSV_NAME}.csv")
        for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be", "utf-16-le")
    ),
    *(
        Case(
            f"CSV by {name}",
            CSV_ROWS.replace(",", mark).encode("utf-8-sig"),
            {2: READ},
            (f"按{name}分列", *BY_NAME, AT_1),
            name=f"{CSV_NAME}.csv",
        )
        for mark, name in (("\t", "制表符"), (";", "分号"), ("，", "全角逗号"))
    ),
    Case(
        "a comma in quotes, another separator within",
        '学习类型,开始日期,天数,主题\n读书班,2023-10-17,2,"一;二,三"\n'.encode(),
        {2: ("读书班", D17, 2.0, "一;二,三")},
        (*BY_NAME, AT_1),
        name=f"{CSV_NAME}.csv",
    ),
    Case(
        "errors and kept zeros in CSV",
        ('学习类型,开始日期,天数,主题\n读书班,2023-10-17,#N/A,"=""007"""\n').encode(),
        {2: ("读书班", D17, None, "007")},
        (*BY_NAME, AT_1),
        ["C2 “天数”的公式出错（#N/A）。"],
        name=f"{CSV_NAME}.csv",
    ),
    Case(
        "Excel's own line",
        ("sep=;\r\n" + CSV_ROWS.replace(",", ";")).encode(),
        {2: READ},
        ("按分号分列", *BY_NAME, AT_1),
        name=f"{CSV_NAME}.csv",
    ),
    Case(
        "a text called .xls",
        CSV_ROWS.replace(",", "\t").encode("gb18030"),
        {2: READ},
        ("文件名后缀是 .xls，内容是文本，按内容读", "按制表符分列", *BY_NAME, AT_1),
        name=f"{CSV_NAME}.xls",
    ),
    Case(
        "a page called .xls",
        PAGE.encode("gb18030"),
        {2: ("读书班", D17, 2.0, "一&甲"), 3: ("读书班", D18, 1.0, "二\n三")},
        ("文件名后缀是 .xls，内容是网页，按里面的表格读", *BY_NAME, AT_1, f"“{CSV_NAME}”的“学习类型”合并了单元格，第 3 行按合并的内容读"),
        name=f"{CSV_NAME}.xls",
    ),
]


@dataclass
class Reading:
    """All cases, read once."""

    contract: Contract
    books: dict[str, Book] = field(default_factory=dict)

    def read(self, files: Mapping[str, tuple[str, bytes]]) -> dict[str, Book]:
        books = {}
        for key, sheets in read_batch(files).items():
            assert not isinstance(sheets, WorkbookError), f"{key}: {sheets}"
            books[key] = read_workbook(self.contract, files[key][0], sheets, datetime(2023, 10, 23, 10))
        return books


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Reading:
    folder = tmp_path_factory.mktemp("layouts")
    ledgers = {"study": STUDY, "problems": LEDGERS["problems"], "reviews": LEDGERS["reviews"]}
    write_params(
        folder,
        {"campaign.yml": CAMPAIGN, "calendar.yml": CALENDAR, **{f"ledgers/{n}.yml": x for n, x in {**MASTERS, **ledgers}.items()}},
    )
    register = Register([Unit("Z01", "办公室", org_type="办公室"), Unit("C02", "西岭县", org_type="县")])
    made = Reading(Contract(load(folder), register))
    made.books = made.read({case.id: (case.name, case.content) for case in CASES})
    return made


def said(book: Book, severity: str) -> list[str]:
    found = [*book.findings, *(f for sheet in book.sheets for f in sheet.findings)]
    return [f"{f.cell} {f.message}".strip() for f in found if f.severity == severity]


def values(book: Book, case: Case) -> dict[int, tuple[Any, ...]]:
    (sheet,) = [sheet for sheet in book.sheets if sheet.ledger.name == case.ledger]
    return {row: tuple(sheet.values[name][k] for name in case.columns) for k, row in enumerate(sheet.rows)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_comes_out_of_a_file_and_what_is_said(reading: Reading, case: Case) -> None:
    book = reading.books[case.id]
    assert values(book, case) == {row: tuple(found) for row, found in case.rows.items()}
    assert list(book.guesses) == list(case.guesses)
    assert said(book, "error") == list(case.errors)
    if case.warnings is not None:
        assert said(book, "warning") == list(case.warnings)


@pytest.mark.office
@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_what_another_program_saves_says_the_same(reading: Reading, tmp_path: Path, kind: str) -> None:
    def habits(ws: Any) -> None:
        merged("B4:B5")(ws)
        hidden(6, columns=["D"])(ws)

    rows = usual(ROW, ["中心组", None, 1, "二"], ["专题研讨", "10月18日", "=1/0", "三"], ["读书班", 45217, "１", "四"])
    (tmp_path / "a.xlsx").write_bytes(xlsx(rows, also=habits))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", kind, "--outdir"]
    subprocess.run([*command, str(tmp_path), str(tmp_path / "a.xlsx")], check=True, capture_output=True, timeout=120)
    name = f"a.{kind}"
    case = Case("", b"", {})
    book = reading.read({name: (name, (tmp_path / name).read_bytes())})[name]
    assert values(book, case) == {
        4: READ,
        5: ("中心组", D17, 1.0, "二"),
        6: ("专题研讨", D18, None, "三"),
        7: ("读书班", D18, 1.0, "四"),
    }
    assert said(book, "error") == ["C6 “天数”的公式出错（#DIV/0!）。"]
    assert book.guesses == (
        AT_3,
        "“集中学习台账”的“开始日期”合并了单元格，第 5 行按合并的内容读",
        "“集中学习台账”第 6 行是隐藏的，也收了（共 1 行）",
        "“集中学习台账”的 D 列“主题”是隐藏的，也收了",
        "“集中学习台账”的“开始日期”第 6 行没有写年份，如“10月18日”读作 2023-10-18",
        "“集中学习台账”的“开始日期”第 7 行写的是日期序号，如“45217”读作 2023-10-18",
    )
