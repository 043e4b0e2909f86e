"""Parts of a zip file, out of one and into one. Standard library only: every child starts with it."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping

CHUNK = 4 << 20
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
UTF8, FIRST_DAY = 0x800, 0x21


def unpacked(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part in chunks, never more than the zip directory promises; ZipFile.open takes twice as long.

    Raises BadZipFile or zlib.error for a part that is damaged.
    """
    at = part.header_offset
    if content[at : at + 4] != LOCAL:
        raise zipfile.BadZipFile(part.filename)
    at += 30 + sum(struct.unpack_from("<HH", content, at + 26))  # past the name and what may follow it
    packed: bytes | memoryview = memoryview(content)[at : at + part.compress_size]
    unpack = zlib.decompressobj(-zlib.MAX_WBITS) if part.compress_type == zipfile.ZIP_DEFLATED else None
    if unpack is None and part.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(part.filename)
    left, crc = part.file_size, 0
    while left > 0:
        size = min(left, CHUNK)
        if unpack is None:
            chunk, packed = bytes(packed[:size]), packed[size:]
        else:
            chunk = unpack.decompress(packed, size)
            packed = unpack.unconsumed_tail
        if not chunk:
            raise zipfile.BadZipFile(part.filename)
        left, crc = left - len(chunk), zlib.crc32(chunk, crc)
        yield chunk
    if crc != part.CRC:
        raise zipfile.BadZipFile(part.filename)


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A zip file of these parts, not compressed."""
    body, directory, at = [], [], 0
    for name, data in parts.items():
        path = name.encode()
        about = struct.pack("<5H3L2H", 20, UTF8, 0, 0, FIRST_DAY, zlib.crc32(data), len(data), len(data), len(path), 0)
        body += [LOCAL, about, path, data]
        directory.append(CENTRAL + struct.pack("<H", 20) + about + struct.pack("<3H2L", 0, 0, 0, 0, at) + path)
        at += len(LOCAL) + len(about) + len(path) + len(data)
    listed = b"".join(directory)
    return b"".join([*body, listed, END, struct.pack("<4H2LH", 0, 0, len(directory), len(directory), len(listed), at, 0)])
