"""The sealed-off reader: bytes in by stdin, cells out by stdout. Imports gate, errors; started by reader, never imported.

A crafted file can make any parser allocate half a terabyte or loop for hours. Here that ends this process and nothing
else: memory and time are limited, no file can be written, and each result leaves as soon as it is there.
"""

from __future__ import annotations

import csv
import io
import pickle
import sys
from typing import Any

from jianbao.errors import WorkbookError
from jianbao.intake.gate import RESAVE, inspect

MEMORY = 1 << 30  # bytes of address space
SECONDS_PER_FILE, SECONDS_MORE = 2, 20
CODES_SHEET = "_codes"  # the templates' own drop-down lists: never filed
Cells = tuple[str, bool, list[list[Any]], dict[tuple[int, int], str], list[tuple[int, int, int, int]]]


def main() -> None:
    """Reads a pickled list of (name, content); writes one pickled result for each, in order."""
    job: list[tuple[str, bytes]] = pickle.load(sys.stdin.buffer)
    _limit(len(job))
    out = sys.stdout.buffer
    for name, content in job:
        try:
            result: Any = read(content, name)
        except WorkbookError as e:
            result = (e.rule, e.message, e.remedy)
        except BaseException as e:  # calamine's PanicException is no Exception
            result = _explained(e)
        pickle.dump(result, out, pickle.HIGHEST_PROTOCOL)
        out.flush()


def read(content: bytes, name: str) -> list[Cells]:
    """The sheets of one file, in its order: title, visible, rows (rows[i][j] is Excel row i+1), faults, merged ranges."""
    marks = inspect(content, name)
    if not content.startswith((b"PK", b"\xd0\xcf")):
        return [_text(content, name)]
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = []
    for sheet in book.sheets_metadata:
        if sheet.name == CODES_SHEET or sheet.typ != SheetTypeEnum.WorkSheet:
            continue
        cells = book.get_sheet_by_name(sheet.name)
        merged = marks.merged.get(sheet.name, [])
        if content.startswith(b"\xd0\xcf"):
            merged = [(a, b, c, d) for (a, b), (c, d) in cells.merged_cell_ranges or ()]
        sheets.append(
            (
                sheet.name,
                sheet.visible == SheetVisibleEnum.Visible,
                cells.to_python(skip_empty_area=False),
                marks.faults.get(sheet.name, {}),
                merged,
            )
        )
    return sheets


def _text(content: bytes, name: str) -> Cells:
    """A CSV file as one sheet named after it: UTF-8 with or without mark, else GB 18030."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise WorkbookError("encoding", "文本编码无法识别。", "请另存为 UTF-8 编码的 CSV。")
    rows = [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    width = max(map(len, rows), default=0)
    title = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    return title, True, [row + [""] * (width - len(row)) for row in rows], {}, []


def _explained(error: BaseException) -> tuple[str, str, str]:
    kind = type(error).__name__
    if kind == "PasswordError":
        return "encrypted", "文件设有打开密码，无法读取。", "请取消打开密码后重新报送。"
    if kind == "MemoryError":
        return "bomb", "文件展开后太大，不像正常填报的台账。", "请把内容粘贴到新下发的模板里重新报送。"
    return "damaged", "文件内部有损坏，读不出来。", RESAVE


def _limit(files: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the gate and the parent's clock remain
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    seconds = SECONDS_MORE + SECONDS_PER_FILE * files
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
