"""What lies in an inbox: files found and read whole, archives taken apart, other formats answered, names made harmless."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import struct
import time
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from jianbao.errors import JianbaoError, WorkbookError
from jianbao.intake.archives import label, members
from jianbao.intake.arrivals import Found, Left, arrived, known, listed, read, remember, shown_name
from jianbao.intake.formats import format_of
from jianbao.store import Store

AT = datetime(2023, 10, 23, 9)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbook(text: str = "甲") -> bytes:
    book = Workbook()
    book.worksheets[0]["A1"] = text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def plain_zip(name: bytes, content: bytes, *, flags: int = 0, extra: bytes = b"", size: int | None = None) -> bytes:
    """One stored file under raw bytes, as a Windows tool in China writes it."""
    size = len(content) if size is None else size
    about = struct.pack("<5H3L2H", 20, flags, 0, 0, 0x21, zlib.crc32(content), len(content), size, len(name), len(extra))
    local = b"PK\x03\x04" + about + name + extra + content
    entry = b"PK\x01\x02" + struct.pack("<H", 20) + about + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name + extra
    return local + entry + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(entry), len(local), 0)


def names(folder: Path) -> list[str]:
    return [f.name for f in listed(folder, AT, must_exist=True).files]


def left(folder: Path) -> list[tuple[str, str]]:
    return [(r.file, r.findings[0].rule) for r in listed(folder, AT, must_exist=True).left]


def found(path: Path) -> Found:
    (one,) = listed(path, AT, must_exist=True).files
    return one


# Formats


@pytest.mark.parametrize(("content", "name", "kind", "what"), [
    (workbook(), "a.xlsx", "workbook", ""),
    (workbook(), "a.zip", "workbook", ""),                                  # an .xlsx is a zip file too
    (zipped({"a.xlsx": workbook()}), "a.xlsx", "archive", "压缩包"),        # and an archive may be called .xlsx
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "a.et", "workbook", ""),
    (OLE + b"\0" * 2000, "a.et", "other", " WPS 表格（.et）"),
    (OLE + "WordDocument".encode("utf-16-le"), "a.xls", "other", " Word（WPS 文字）文件"),
    (OLE + "PowerPoint Document".encode("utf-16-le"), "a.dps", "other", "演示文稿"),
    (OLE + "__properties_version1.0".encode("utf-16-le"), "a.msg", "other", "一封邮件（.msg）"),
    (b"%PDF-1.7", "a.xlsx", "scan", " PDF"),
    (b"\xff\xd8\xff\xe0", "a.jpg", "scan", "照片（JPEG）"),
    (b"\x89PNG\r\n", "a.png", "scan", "图片（PNG）"),
    (b"\0\0\0\x18ftypheic", "a.heic", "scan", "照片（HEIC）"),
    (b"BM\x36\0\0\0\0\0\0\0", "a.bmp", "scan", "图片（BMP）"),
    (b"II*\0", "a.tif", "scan", "扫描图片（TIFF）"),
    (zipped({"OFD.xml": b"<ofd/>", "Doc_0/Document.xml": b""}), "a.ofd", "scan", " OFD 版式文件"),
    (b"Rar!\x1a\x07\x01\0", "a.zip", "other", " RAR 压缩包"),
    (b"7z\xbc\xaf\x27\x1c", "a.7z", "other", " 7z 压缩包"),
    (b"\x1f\x8b\x08", "a.tar.gz", "other", " gz 压缩包"),
    (zipped({"Index/Document.iwa": b"x"}), "a.numbers", "other", "苹果 Numbers 表格"),
    (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "a.xls", "other", "网页存档（.mht）"),
    (b"Received: from mail\r\nSubject: report", "a.eml", "other", "一封邮件（.eml）"),
    (b"{\\rtf1", "a.doc", "other", " Word（RTF）文件"),
    ("学习类型\t天数".encode(), "a.txt", "other", "文本文件（.txt）"),
    (zipped({"a.xlsx": b"x"})[:60], "a.zip", "other", "没有传完或已损坏的压缩包"),
    (b"PK\x05\x06" + b"\0" * 18, "a.zip", "other", "空的压缩包"),
    ("学习类型,天数".encode(), "a.csv", "workbook", ""),
    (b"BMW,1\n2,3\n4,5", "a.csv", "workbook", ""),
])
def test_a_file_is_what_its_bytes_say(content: bytes, name: str, kind: str, what: str) -> None:
    known_as = format_of(content, name)
    assert (known_as.kind, known_as.what) == (kind, what)


@pytest.mark.parametrize(("content", "name", "said"), [
    (b"Rar!\x1a\x07", "a.rar", "这是 RAR 压缩包，不能当台账读。 请解压后把里面的表放进来，或用系统自带的压缩功能压成 .zip 后重新报送。"),
    (OLE + "WordDocument".encode("utf-16-le"), "a.wps",
     "这是 Word（WPS 文字）文件，不能当台账读。 请把表里的内容填进下发的 Excel 模板，存为 .xlsx 后重新报送。"),
    (OLE, "a.et", "这是 WPS 表格（.et），不能当台账读。 请用 WPS 或 Excel 打开，另存为 .xlsx 后重新报送。"),
    (b"\xff\xd8\xff", "a.jpg", "这是照片（JPEG），不能当台账读。 台账请填在下发的 Excel 模板里报送；是盖章件的，"
     "请与本单位的台账一起报送，文件名写明单位。"),
])
def test_each_kind_has_its_way_out(content: bytes, name: str, said: str) -> None:
    assert str(format_of(content, name).refused) == said


# Archives


@pytest.mark.parametrize("content", [
    plain_zip("市直/财政局.xlsx".encode("gb18030"), b"x"),                  # GBK, and no flag that would say so
    plain_zip("市直/财政局.xlsx".encode(), b"x", flags=0x800),
    plain_zip("市直/财政局.xlsx".encode(), b"x"),                           # as macOS writes it
    plain_zip(b"_____.xlsx", b"x", extra=struct.pack("<HHBL", 0x7075, 26, 1, zlib.crc32(b"_____.xlsx")) + "市直/财政局.xlsx".encode()),
])
def test_names_in_an_archive_are_read_as_they_were_meant(content: bytes) -> None:
    assert [m.name for m in members(content)] == ["市直/财政局.xlsx"]


def test_what_systems_leave_in_an_archive_is_passed_over() -> None:
    content = zipped({"甲/": b"", "甲/a.xlsx": b"x", "__MACOSX/甲/._a.xlsx": b"x", "甲/~$a.xlsx": b"x", "甲/Thumbs.db": b"x",
                      "甲/.DS_Store": b"x", "desktop.ini": b"x", "received.csv": b"file,received_at"})
    assert [m.name for m in members(content)] == ["甲/a.xlsx"]


@pytest.mark.parametrize(("name", "shown"), [
    ("../../etc/passwd", "etc/passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("/abs/甲.xlsx", "abs/甲.xlsx"),
    ("C:\\台账\\甲.xlsx", "台账/甲.xlsx"),
    ("甲\x00\n\x1b[31m.xlsx", "甲···[31m.xlsx"),
    ("甲\u202exslx.exe", "甲·xslx.exe"),
    ("é.xlsx", "é.xlsx"),
    ("长" * 5000 + ".xlsx", "长" * 190 + "….xlsx"),
    ("../..", ""),
])
def test_a_name_is_a_label_and_never_a_path(name: str, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize(("content", "rule", "message"), [
    (zipped({"a.csv": b"0" * (40 << 20)}), "bomb", "压缩包展开后有 40 MB，不像正常报送的材料。"),
    (zipped({f"{n}.csv": b"x" for n in range(2001)}), "bomb", "压缩包里有 2001 个文件，超过 2000 个。"),
    (plain_zip(b"a.xlsx", b"x", flags=1), "encrypted", "压缩包设有密码，打不开。"),
    (plain_zip(b"a.csv", b"x" * 10, size=600 << 20), "bomb", "压缩包展开后有 600 MB，不像正常报送的材料。"),
    (plain_zip(b"a.csv", b"x" * 10, size=90), "damaged", "压缩包已损坏、没有传完，或压缩方式不常见。"),
    (plain_zip(b"a.csv", b"abcdefgh").replace(b"abcdefgh", b"abcdefgx"), "damaged", "压缩包已损坏、没有传完，或压缩方式不常见。"),
    (plain_zip(b"\xff\xfe.csv", b"x", flags=0x800), "damaged", "压缩包已损坏、没有传完，或压缩方式不常见。"),
    (zipped({"Thumbs.db": b"x"}), "empty-archive", "压缩包里没有文件。"),
])
def test_an_archive_that_is_no_delivery_is_refused_whole(content: bytes, rule: str, message: str) -> None:
    with pytest.raises(WorkbookError) as e:
        members(content)
    assert (e.value.rule, e.value.message) == (rule, message)


def test_an_archive_in_an_archive_is_opened_once(tmp_path: Path) -> None:
    deep = zipped({"深.xlsx": workbook("深")})
    path = tmp_path / "汇总.zip"
    path.write_bytes(zipped({"甲.xlsx": workbook(), "内.zip": zipped({"乙.xlsx": workbook("乙"), "里.zip": deep}), "坏.zip": deep[:50]}))
    one = found(path)
    files = arrived([(one, read(one))])
    assert [(i.name, i.format.kind, i.refused.rule if i.refused else "") for i in files] == [
        ("汇总.zip", "archive", ""),
        ("汇总.zip › 甲.xlsx", "workbook", ""),
        ("汇总.zip › 内.zip", "archive", ""),
        ("汇总.zip › 内.zip › 乙.xlsx", "workbook", ""),
        ("汇总.zip › 内.zip › 里.zip", "archive", "nested"),
        ("汇总.zip › 坏.zip", "other", "format"),
    ]
    assert [i.container for i in files] == ["", files[0].sha256, files[0].sha256, files[2].sha256, files[2].sha256, files[0].sha256]


# Listing


def test_only_regular_files_are_listed_and_the_rest_is_said(tmp_path: Path) -> None:
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    for folder in (inbox / "甲", inbox / ".git", outside):
        folder.mkdir(parents=True)
    for path in (inbox / "甲" / "a.xlsx", inbox / ".git" / "x", inbox / "~$a.xlsx", inbox / "Thumbs.db", outside / "b.xlsx"):
        path.write_bytes(b"x")
    for name in ("c.xlsx.part", "d.crdownload"):
        (inbox / name).write_bytes(b"x")
    (inbox / "出去.xlsx").symlink_to(outside / "b.xlsx")
    (inbox / "出去").symlink_to(outside)
    (inbox / "里面.xlsx").symlink_to(inbox / "甲" / "a.xlsx")
    (inbox / "断.xlsx").symlink_to(inbox / "nowhere")
    os.mkfifo(inbox / "管道")
    with socket.socket(socket.AF_UNIX) as s:
        here = Path.cwd()
        os.chdir(inbox)             # the path of a socket must be short
        try:
            s.bind("口")
        finally:
            os.chdir(here)
        assert names(inbox) == ["甲/a.xlsx"]
        assert sorted(left(inbox)) == [("c.xlsx.part", "unfinished"), ("d.crdownload", "unfinished"), ("出去", "link"),
                                       ("出去.xlsx", "link"), ("口", "no-file"), ("断.xlsx", "link"), ("管道", "no-file")]


def test_any_name_on_disk_can_be_shown(tmp_path: Path) -> None:
    for raw in ("财政局.xlsx".encode("gb18030"), b"\xff\xfe.xlsx", b"a\n\x1b[2J.xlsx", ("长" * 83 + ".xlsx").encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_bytes(b"x")
    shown = names(tmp_path)
    assert shown[0] == "a··[2J.xlsx" and "财政局.xlsx" in shown and "长" * 83 + ".xlsx" in shown and len(shown) == 4
    assert all(name.encode() for name in shown)
    assert shown_name(Path("甲/乙.xlsx")) == "甲/乙.xlsx"


def test_a_file_that_changes_between_listing_and_reading_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"one")
    grown, replaced, gone = found(path), found(path), found(path)
    assert read(found(path)) == b"one"
    with path.open("ab") as f:
        f.write(b" more")
    with pytest.raises(Left, match="文件正在写入，没有收。"):
        read(grown)
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "b").replace(path)
    with pytest.raises(Left, match="文件正在写入，没有收。"):
        read(replaced)
    path.unlink()
    with pytest.raises(Left, match="列出以后被移走或换掉了，没有收。"):
        read(gone)
    path.symlink_to(tmp_path)
    with pytest.raises(Left, match="列出以后被移走或换掉了，没有收。"):
        read(gone)


def test_what_may_not_be_read_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"one")
    one = found(path)

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(Left, match="没有读取权限，没有收。"):
        read(one)


def test_a_list_of_received_times_may_be_gbk_and_not_in_the_future(tmp_path: Path) -> None:
    (tmp_path / "财政局.xlsx").write_bytes(b"x")
    (tmp_path / "received.csv").write_bytes("file,received_at\n财政局.xlsx,2023-10-20T17:30\n".encode("gb18030"))
    assert [f.received_at for f in listed(tmp_path, AT, must_exist=True).files] == [datetime(2023, 10, 20, 17, 30)]
    with pytest.raises(JianbaoError, match=r"received\.csv:2: 2023-10-20 17:30 lies in the future\. Correct the time\."):
        listed(tmp_path, AT, must_exist=True, latest=datetime(2023, 10, 1))


def test_an_unchanged_file_is_known_and_a_changed_one_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", {})
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"one")
    remember(store, [(found(path), b"one")])
    assert known(store, [found(path)]) == {}                    # so fresh that it may change again and bear the same time
    before = time.time() - 60
    os.utime(path, (before, before))
    one = found(path)
    settled = Found(one.path, one.name, one.received_at, one.mark._replace(changed=one.mark.modified))
    remember(store, [(settled, b"one")])
    assert known(store, [settled]) == {path: hashlib.sha256(b"one").hexdigest()}
    path.write_bytes(b"two")                                    # of the same length,
    os.utime(path, (before, before))                            # with the old time set again
    assert found(path).mark[:2] == settled.mark[:2]
    assert known(store, [found(path)]) == {}
