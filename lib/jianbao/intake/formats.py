"""What a file is, by its bytes rather than its name, and what to do with what is no workbook. Imports gate, errors.

Offices send photos, Word tables, RAR archives and web pages called .xls. Each is kept and answered with the way out that
fits it; what may be a ledger goes on to the gate, which looks closer.
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from jianbao.errors import WorkbookError
from jianbao.intake.gate import OLE, PARQUET, ZIP
from jianbao.intake.scan import RESAVE

Kind = Literal["workbook", "archive", "scan", "other"]


class Format(NamedTuple):
    """`what` names it in a sentence: 这是…。 `remedy` is "" for what may be read."""

    kind: Kind
    what: str = ""
    remedy: str = ""

    @property
    def refused(self) -> WorkbookError:
        return WorkbookError("format", f"这是{self.what}，不能当台账读。", self.remedy)


WORKBOOK, ARCHIVE = Format("workbook"), Format("archive", "压缩包")
_INTO_TEMPLATE = "请把表里的内容填进下发的 Excel 模板，存为 .xlsx 后重新报送。"
_UNPACK = "请解压后把里面的表放进来，或用系统自带的压缩功能压成 .zip 后重新报送。"
_SCAN = "台账请填在下发的 Excel 模板里报送；是盖章件的，请与本单位的台账一起报送，文件名写明单位。"
_MAIL = "请打开邮件，把附件另存出来，报送附件。"


def _scan(what: str) -> Format:
    return Format("scan", what, _SCAN)


_HEADS: tuple[tuple[bytes, Format], ...] = (
    (b"%PDF", _scan(" PDF")),
    (b"\xff\xd8\xff", _scan("照片（JPEG）")),
    (b"\x89PNG", _scan("图片（PNG）")),
    (b"GIF8", _scan("图片（GIF）")),
    (b"II*\0", _scan("扫描图片（TIFF）")),
    (b"MM\0*", _scan("扫描图片（TIFF）")),
    (b"Rar!", Format("other", " RAR 压缩包", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Format("other", " 7z 压缩包", _UNPACK)),
    (b"\x1f\x8b", Format("other", " gz 压缩包", _UNPACK)),
    (b"BZh", Format("other", " bz2 压缩包", _UNPACK)),
    (b"\xfd7zXZ\0", Format("other", " xz 压缩包", _UNPACK)),
    (b"PK\x07\x08", Format("other", "分卷压缩包", "请不分卷，压成一个 .zip 后重新报送。")),
    (b"PK\x05\x06", Format("other", "空的压缩包", "里面没有文件，请重新压缩后报送。")),
    (b"{\\rtf", Format("other", " Word（RTF）文件", _INTO_TEMPLATE)),
)
# Streams of OLE files, as their directory writes them.
_STREAMS = tuple(
    (name.encode("utf-16-le"), found)
    for name, found in (
        ("Workbook", WORKBOOK),
        ("Book", WORKBOOK),
        ("EncryptedPackage", WORKBOOK),  # the gate says that it is locked
        ("WordDocument", Format("other", " Word（WPS 文字）文件", _INTO_TEMPLATE)),
        ("PowerPoint Document", Format("other", "演示文稿", _INTO_TEMPLATE)),
        ("__properties_version1.0", Format("other", "一封邮件（.msg）", _MAIL)),
    )
)
_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_MAIL_HEAD = re.compile(rb"(?:received|return-path|from|to|subject|mime-version|date|message-id|x-[a-z-]+):\s", re.IGNORECASE)
_WEB_ARCHIVE = Format("other", "网页存档（.mht）", RESAVE)
_TEXT = Format("other", "文本文件（.txt）", f"请填进下发的 Excel 模板；已分好列的，{RESAVE}")
_WPS_TABLE = Format("other", " WPS 表格（.et）", RESAVE)
_WPS_SUFFIXES = (".et", ".ett")


def format_of(content: bytes, name: str) -> Format:
    """The format of a file; what is not known goes as a workbook to the gate, which says what is wrong with it."""
    suffix = PurePosixPath(name).suffix.lower()
    if content.startswith(ZIP):
        return _zip(content, suffix)
    if content.startswith(OLE):
        return _ole(content, suffix)
    if content.startswith(PARQUET):
        return WORKBOOK
    for head, found in _HEADS:
        if content.startswith(head):
            return found
    if content.startswith(b"BM") and content[6:10] == b"\0\0\0\0":
        return _scan("图片（BMP）")
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _scan("图片（WEBP）")
    if content[4:8] == b"ftyp":
        return _scan("照片（HEIC）") if content[8:12] in _HEIF else Format("other", "视频", _SCAN)
    if content[257:262] == b"ustar":
        return Format("other", " tar 压缩包", _UNPACK)
    if content.startswith(b"MZ") and b"\0" in content[:64]:
        return Format("other", "程序文件", "没有打开。请报送下发的 Excel 模板。")
    if _MAIL_HEAD.match(content):
        web = suffix in (".mht", ".mhtml") or b"multipart/related" in content[:4096].lower()
        return _WEB_ARCHIVE if web else Format("other", "一封邮件（.eml）", _MAIL)
    if suffix == ".txt" and content:
        return _TEXT
    return WORKBOOK


def explained(error: WorkbookError, name: str) -> WorkbookError:
    """What could not be read, in the words of what it is: a WPS table that is not an ordinary Excel file inside."""
    if error.rule in ("damaged", "not-excel") and name.lower().endswith(_WPS_SUFFIXES):
        return _WPS_TABLE.refused
    return error


def _zip(content: bytes, suffix: str) -> Format:
    """A workbook is a zip file too. The first part tells nearly all of them, without going through the directory."""
    length = int.from_bytes(content[26:28], "little")
    first = content[30 : 30 + length]
    if first.startswith(_OFFICE):
        return WORKBOOK
    if first == b"mimetype":
        kind = content[38:110]
        if b"opendocument.text" in kind:
            return Format("other", " Word 类文件（.odt）", _INTO_TEMPLATE)
        return Format("other", "演示文稿", _INTO_TEMPLATE) if b"opendocument.presentation" in kind else WORKBOOK
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError):
        broken = Format("other", "没有传完或已损坏的压缩包", "请重新压缩后报送，传完再放进来。")
        return broken if suffix == ".zip" else WORKBOOK
    known = set(names)
    if "[Content_Types].xml" in known or "content.xml" in known or any(n.startswith(("xl/", "_rels/")) for n in names):
        return WORKBOOK
    if "OFD.xml" in known:
        return _scan(" OFD 版式文件")
    if "Index.zip" in known or any(n.endswith(".iwa") for n in names):
        return Format("other", "苹果 Numbers 表格", "请在 Numbers 里“导出为 Excel”，得到 .xlsx 后重新报送。")
    return ARCHIVE


def _ole(content: bytes, suffix: str) -> Format:
    found = next((found for name, found in _STREAMS if name in content), None)
    if found is None:
        return _WPS_TABLE if suffix in _WPS_SUFFIXES else WORKBOOK
    return found
