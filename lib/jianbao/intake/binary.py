"""What parsers do not tell of a workbook in a binary format: hidden rows and columns, error cells, the date system.

For .xls (records of BIFF8) and .xlsb (records of BIFF12). Whatever does not look as it should ends the search: the parser
has the last word on the file.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from jianbao.intake.concealed import Marks

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
_SHEET, _BEGIN, _END, _1904, _ROW, _COLUMNS, _FILTERED, _ERROR, _FORMULA = 0x85, 0x809, 0x0A, 0x22, 0x208, 0x7D, 0x9B, 0x205, 0x06
_TEXT, _PART = 0, 0x10  # kinds of stream that are no sheet of cells


def marks_of_xls(content: bytes) -> tuple[dict[str, Marks], bool]:
    """Sheet title → marks, and whether day numbers count from 1904."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            stream = ole.openstream("Workbook" if ole.exists("Workbook") else "Book").read()
        return _marks_of_xls(stream)
    except Exception:  # a damaged directory: the parser says so
        return {}, False


def _marks_of_xls(stream: bytes) -> tuple[dict[str, Marks], bool]:
    names: dict[int, str] = {}
    found: dict[str, Marks] = {}
    since_1904 = False
    sheet: Marks | None = None
    depth = at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        data = stream[at + 4 : at + 4 + length]
        if kind == _BEGIN:
            depth += 1
            if depth == 1 and at in names:
                sheet = found.setdefault(names[at], Marks())
        elif kind == _END:
            depth -= 1
            sheet = sheet if depth > 0 else None
        elif kind == _SHEET and length > 8 and data[5] == 0:
            names[struct.unpack_from("<L", data)[0]] = _name(data)
        elif kind == _1904:
            since_1904 = data[:1] == b"\1"
        elif sheet is not None and depth == 1:
            _look(sheet, kind, data)
        at += 4 + length
    return found, since_1904


def _name(data: bytes) -> str:
    text = data[8:]
    return text[: 2 * data[6]].decode("utf-16-le", "replace") if data[7] & 1 else text[: data[6]].decode("latin-1")


def _look(sheet: Marks, kind: int, data: bytes) -> None:
    if kind == _ROW and len(data) >= 16:
        if data[12] & 0x20:
            sheet.concealed.rows.add(int.from_bytes(data[:2], "little"))
    elif kind == _COLUMNS and len(data) >= 10:
        first, last, _, _, flags = struct.unpack_from("<5H", data)
        if flags & 1:
            sheet.concealed.columns.update(range(first, min(last, 255) + 1))
    elif kind == _FILTERED:
        sheet.concealed.filtered = True
    elif kind == _ERROR and len(data) >= 8 and data[7]:
        sheet.faults[struct.unpack_from("<HH", data)] = ERRORS.get(data[6], "#ERROR")
    elif kind == _FORMULA and len(data) >= 14 and data[12:14] == b"\xff\xff" and data[6] == 2:
        sheet.faults[struct.unpack_from("<HH", data)] = ERRORS.get(data[8], "#ERROR")


def records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a part of an .xlsb: kind and content."""
    at = 0
    while at < len(part):
        kind, at = _number(part, at, 2)
        length, at = _number(part, at, 4)
        yield kind, part[at : at + length]
        at += length


def _number(part: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for k in range(most):
        if at >= len(part):
            break
        byte, at = part[at], at + 1
        value |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            break
    return value, at


def marks_of_xlsb_sheet(part: bytes) -> Marks:
    """The marks of one sheet's part, its merged ranges too."""
    sheet, row = Marks(), 0
    try:
        for kind, data in records(part):
            if kind == 0 and len(data) >= 12:  # BrtRowHdr
                row = int.from_bytes(data[:4], "little")
                if data[11] & 0x10:  # fDyZero
                    sheet.concealed.rows.add(row)
            elif kind in (3, 11) and len(data) >= 9:  # BrtCellError, BrtFmlaError
                sheet.faults[row, int.from_bytes(data[:4], "little")] = ERRORS.get(data[8], "#ERROR")
            elif kind == 60 and len(data) >= 18:  # BrtColInfo
                first, last, _, _, flags = struct.unpack_from("<4LH", data)
                if flags & 1:
                    sheet.concealed.columns.update(range(first, min(last, 702) + 1))
            elif kind == 176 and len(data) >= 16:  # BrtMergeCell
                top, bottom, left, right = struct.unpack_from("<4L", data)
                if bottom > top:
                    sheet.merged.append((top, left, bottom, right))
            elif kind == 163:  # BrtBeginFilterColumn
                sheet.concealed.filtered = True
    except struct.error:
        pass
    return sheet


def xlsb_since_1904(workbook: bytes) -> bool:
    return any(kind == 153 and data[:1] and data[0] & 1 for kind, data in records(workbook))  # BrtWbProp
