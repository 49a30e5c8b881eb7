"""Empty relations that look as large as production's to the planner.

The planner reads the real length of a relation's file, and the height of a B-tree from its first page.
So files are made long without being large (sparse), and an empty B-tree gets as many levels as the real
one has: valid pages, and still no entry.  The layout is that of PostgreSQL 11 and later
(src/include/storage/bufpage.h, src/include/access/nbtree.h).
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path

BLOCK = 8192
_SEGMENT = 131_072
"""Blocks in one file of a relation; the next file follows."""

_MAGIC = 0x053162
_VERSION = 4
_HEADER = 24
_SPECIAL = 16
_LEAF, _ROOT = 1, 2
_FULL = 0.7
"""How full inner pages are: what they become as rows come in no order."""


def set_length(file: Path, blocks: int) -> None:
    """Make the files of a relation as long as that many blocks, of zeros that take no room."""
    status = file.stat()
    number, left = 0, blocks
    while left > 0 or number == 0:
        part = file if number == 0 else file.with_name(f"{file.name}.{number}")
        handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if number:
                os.fchown(handle, status.st_uid, status.st_gid)
            os.ftruncate(handle, min(left, _SEGMENT) * BLOCK)
        finally:
            os.close(handle)
        left -= _SEGMENT
        number += 1
    while (rest := file.with_name(f"{file.name}.{number}")).exists():
        rest.unlink()
        number += 1


def set_height(file: Path, height: int) -> None:
    """Replace an empty B-tree by an equally empty one with so many levels above its leaf."""
    with file.open("r+b", buffering=0) as pages:
        meta = bytearray(pages.read(BLOCK))
        magic, version = struct.unpack_from("<II", meta, _HEADER)
        if (magic, version) != (_MAGIC, _VERSION):
            raise ValueError(f"`{file}` is no B-tree of version {_VERSION}")
        root = height + 1
        struct.pack_into("<IIII", meta, _HEADER + 8, root, height, root, height)
        pages.seek(0)
        pages.write(meta)
        for level in range(height + 1):
            flags = (_LEAF if level == 0 else 0) | (_ROOT if level == height else 0)
            # An inner page has one entry, less than any key, that points to the page below.
            down = [] if level == 0 else [struct.pack("<HHHH", 0, level, 0, 8 | 0x2000)]
            pages.seek((level + 1) * BLOCK)
            pages.write(_page(level, flags, down))


def height_of(pages: int, key_width: float) -> int:
    """The height of a B-tree with so many pages and keys of that many bytes, estimated."""
    fan_out = max(2, int((BLOCK - 40) * _FULL / (key_width + 12)))
    level, height = max(1, pages - 1), 0
    while level > 1:
        level, height = math.ceil(level / fan_out), height + 1
    return height


def _page(level: int, flags: int, items: list[bytes]) -> bytes:
    page = bytearray(BLOCK)
    upper = BLOCK - _SPECIAL
    for number, item in enumerate(items):
        upper -= (len(item) + 7) // 8 * 8
        page[upper : upper + len(item)] = item
        pointer = upper | (1 << 15) | (len(item) << 17)
        struct.pack_into("<I", page, _HEADER + 4 * number, pointer)
    lower = _HEADER + 4 * len(items)
    struct.pack_into("<QHHHHHHI", page, 0, 0, 0, 0, lower, upper, BLOCK - _SPECIAL, BLOCK | 4, 0)
    struct.pack_into("<IIIHH", page, BLOCK - _SPECIAL, 0, 0, level, flags, 0)
    return bytes(page)
