"""A zip of workbooks taken apart in memory, within hard limits. Imports gate, parts, errors.

Nothing is ever written under a name that stands in an archive: names are labels. An archive is taken whole or not at
all, so that nobody has to find out which of its files are missing.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from datetime import datetime
from typing import NamedTuple

from jianbao.errors import WorkbookError
from jianbao.intake.gate import MAX_PACKING, MAX_SMALL
from jianbao.intake.parts import LOCAL, BadZip, Part, unpacked

MAX_MEMBERS = 2000
MAX_INSIDE = 500 << 20  # bytes unpacked
MAX_NAME = 200  # characters of a label
UTF8_FLAG, ENCRYPTED_FLAG, UNICODE_PATH = 0x800, 0x1, 0x7075
JUNK = frozenset(("thumbs.db", "desktop.ini", ".ds_store", "received.csv"))
_AGAIN = "请重新压缩后报送。"


class Member(NamedTuple):
    name: str
    content: bytes
    modified: datetime | None


def members(content: bytes, *, at_most: int = MAX_MEMBERS, size: int = MAX_INSIDE) -> list[Member]:
    """The files in an archive, in its order; folders, lock files and what systems leave behind are passed over.

    Raises WorkbookError for an archive that is encrypted, damaged, empty or larger than anything a unit sends.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = [(label(_name(p)), p) for p in archive.infolist() if not p.orig_filename.endswith(("/", "\\"))]
        wanted = [(name, p) for name, p in parts if name and not is_junk(name)]
        _check(wanted, at_most, size)
        return [Member(name, b"".join(unpacked(content, _part(content, p))), _time(p)) for name, p in wanted]
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        OverflowError,
        ValueError,  # a name that is not what its flag says
    ):
        raise WorkbookError("damaged", "压缩包已损坏、没有传完，或压缩方式不常见。", f"{_AGAIN}用系统自带的压缩功能即可。") from None


def is_junk(name: str) -> bool:
    """What no person sent: lock files, hidden files, and what systems leave in folders."""
    *folders, last = name.split("/")
    return last.startswith(("~$", ".")) or last.lower() in JUNK or "__MACOSX" in folders or any(f.startswith(".") for f in folders)


def label(name: str) -> str:
    """A name as it may be shown and stored, never a path: no steps up, no drive, no control or direction characters."""
    text = unicodedata.normalize("NFC", name.replace("\\", "/"))
    parts = [_shown(p).strip() for p in text.split("/")]
    return "/".join(p for p in parts if p not in ("", ".", "..") and not (len(p) == 2 and p[1] == ":"))


def _shown(text: str) -> str:
    clean = "".join(c if c.isprintable() or c in "\u3000\xa0" else "·" for c in text)
    if len(clean) <= MAX_NAME:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    return f"{stem[: MAX_NAME - 10]}….{suffix}" if dot and len(suffix) < 8 else f"{clean[: MAX_NAME - 1]}…"


def _check(wanted: list[tuple[str, zipfile.ZipInfo]], at_most: int, size: int) -> None:
    parts = [p for _, p in wanted]
    if not parts:
        raise WorkbookError("empty-archive", "压缩包里没有文件。", _AGAIN)
    if len(parts) > at_most:
        raise WorkbookError("bomb", f"压缩包里有 {len(parts)} 个文件，超过 {at_most} 个。", "请分几个压缩包报送。")
    if any(p.flag_bits & ENCRYPTED_FLAG for p in parts):
        raise WorkbookError("encrypted", "压缩包设有密码，打不开。", "请去掉密码重新压缩后报送。")
    inside, packed = sum(p.file_size for p in parts), max(1, sum(p.compress_size for p in parts))
    swollen = any(p.file_size > MAX_SMALL and p.file_size > max(1, p.compress_size) * MAX_PACKING for p in parts)
    if inside > size or swollen or (inside > MAX_SMALL and inside > packed * MAX_PACKING):
        raise WorkbookError("bomb", f"压缩包展开后有 {inside >> 20} MB，不像正常报送的材料。", "请只放台账，分几个压缩包报送。")


def _part(content: bytes, p: zipfile.ZipInfo) -> Part:
    """Where its bytes are. Two names for the same bytes are harmless here: what all of them promise together is limited."""
    at = p.header_offset
    if content[at : at + 4] != LOCAL:
        raise BadZip(p.orig_filename)
    begins = at + 30 + sum(struct.unpack_from("<HH", content, at + 26))
    return Part(p.orig_filename, p.flag_bits, p.compress_type, p.CRC, p.compress_size, p.file_size, begins)


def _name(part: zipfile.ZipInfo) -> str:
    """The name as its writer meant it. Windows in China writes GBK and says nothing; some tools add it in UTF-8."""
    if part.flag_bits & UTF8_FLAG:
        return part.orig_filename
    raw = part.orig_filename.encode("cp437")
    if (said := _unicode_path(part.extra, zlib.crc32(raw))) is not None:
        return said
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("gb18030", "replace")


def _unicode_path(extra: bytes, crc: int) -> str | None:
    """What the extra field of Info-ZIP says, when it is of this name."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and len(body) > 5 and body[0] == 1 and int.from_bytes(body[1:5], "little") == crc:
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _time(part: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*part.date_time)
    except ValueError:
        return None
