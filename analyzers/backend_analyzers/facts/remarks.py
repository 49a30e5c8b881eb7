"""What comments say of tables: dependencies (`fd: a, b -> c`), and that a repetition is meant.

A comment belongs to the table that it stands in, directly above, or at the end of the line of.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice

import msgspec
import tree_sitter as ts

from backend_analyzers.fact import file_fact
from backend_analyzers.source import File, Language
from backend_analyzers.sql.dependencies import Dependency
from backend_analyzers.syntax import module


class Remark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One remark.  `unit` is that of the table, `offset` where in it (0 when the remark is outside).

    `table` is its name where the remark says it.  Without a dependency the remark says that what is
    repeated there is repeated on purpose.
    """

    unit: str
    offset: int
    dependency: Dependency | None = None
    table: str = ""


_NAME = rb"[\w$\".\x80-\xff]+"
_LIST = _NAME + rb"(?:[ \t]*,[ \t]*" + _NAME + rb")*"
_SAID = re.compile(
    rb"\bfd[ \t]*:[ \t]*(?P<left>" + _LIST + rb")[ \t]*(?:->|=>|\xe2\x86\x92)[ \t]*"
    rb"(?P<right>" + _LIST + rb")"
    rb"|(?P<meant>denormali[sz]|redundan|on[ \t]purpose|by[ \t]design|intentional|deliberate|snapshot"
    rb"|duplicat|cop(?:y|ied)[ \t](?:of|from)|cached?\b|at[ \t]the[ \t]time[ \t]of|historic|legacy)",
    re.IGNORECASE,
)
_DECLARES = re.compile(
    rb"models\.Model\b|\bColumn\(|mapped_column\(|create_table\(|createTable\(|@Entity\b"
    rb"|DeclarativeBase|SQLModel|AddField\(|\bCreateModel\("
)
_COMMENT_ON = re.compile(rb"comment\s+on\s+(table|column)\s+([\w$\".\x80-\xff]+)", re.IGNORECASE)
_MOST = 400


@file_fact
def remarks(file: File) -> tuple[Remark, ...]:
    """The remarks of a file, in order."""
    text = file.text
    if file.language is Language.SQL:
        speaks = any(word in text for word in (b"--", b"/*", b"#", b"omment", b"OMMENT"))
    else:
        speaks = file.language.is_code and _DECLARES.search(text) is not None
    if not speaks:
        return ()
    found = (_remark(file, match) for match in islice(_SAID.finditer(text), _MOST))
    return tuple(remark for remark in found if remark is not None)


def _remark(file: File, match: re.Match[bytes]) -> Remark | None:
    dependency = None
    if match["left"]:
        dependency = Dependency.of(_names(match["left"]), _names(match["right"]))
    if file.language is Language.SQL:
        return _in_sql(file, match.start(), match.end(), dependency)
    comment = _comment(file.tree.root_node.descendant_for_byte_range(*match.span()))
    return _in_code(file, comment, dependency) if comment is not None else None


def _in_sql(file: File, offset: int, end: int, dependency: Dependency | None) -> Remark | None:
    lowered, text = module(file), file.text
    place = bisect_right(lowered.offsets, offset) - 1
    begin, stop = 0, 0
    if place >= 0:
        unit, begin = lowered.units[place], lowered.offsets[place]
        stop = begin + unit.node.end
        if named := _COMMENT_ON.match(text, begin, stop):
            path = [p.strip('"') for p in named[2].decode(errors="replace").split(".")]
            is_column = named[1].lower() == b"column"
            table = path[-2] if is_column and len(path) > 1 else path[-1]
            return Remark(unit.key, 0, dependency, table) if offset < stop else None
    if not _is_sql_comment(text, begin, offset):
        return None
    if place >= 0 and (offset < stop or b"\n" not in text[stop:offset]):
        return Remark(lowered.units[place].key, min(offset, stop) - begin, dependency)
    after = place + 1
    if after < len(lowered.units) and _is_near(text, end, lowered.offsets[after]):
        return Remark(lowered.units[after].key, 0, dependency)
    return None


def _names(text: bytes) -> list[str]:
    parts = (part.strip().decode(errors="replace") for part in text.split(b","))
    return [part.rpartition(".")[2].strip('"') for part in parts]


def _is_near(text: bytes, start: int, end: int) -> bool:
    """Whether no empty line lies between a comment and what follows."""
    return re.search(rb"\n[ \t\r]*\n", text[start:end]) is None


def _is_sql_comment(text: bytes, start: int, offset: int) -> bool:
    """Whether an offset is inside a comment, seen from the text of its line and the blocks before."""
    line = text[text.rfind(b"\n", 0, offset) + 1 : offset]
    if b"--" in line or line.lstrip().startswith((b"#", b"*")) or b" # " in line:
        return True
    opened = text.rfind(b"/*", start, offset)
    return opened != -1 and text.find(b"*/", opened, offset) == -1


_CLASSES = {"class_definition", "class_declaration", "class", "abstract_class_declaration"}


def _comment(node: ts.Node | None) -> ts.Node | None:
    """The comment around a node, or the text that stands alone as a docstring."""
    while node is not None:
        if "comment" in node.type:
            return node
        if node.type == "string":
            around = node.parent
            return node if around is not None and around.type == "expression_statement" else None
        if "string" not in node.type:
            return None
        node = node.parent
    return None


def _in_code(file: File, comment: ts.Node, dependency: Dependency | None) -> Remark | None:
    """The remark belongs to the class or the call around it, or to what comes right after it."""
    around = comment.parent
    while around is not None and around.type not in _CLASSES:
        around = around.parent
    if around is None:
        after = comment.next_named_sibling
        while after is not None and "comment" in after.type:
            after = after.next_named_sibling
        inner = after.child_by_field_name("definition") if after is not None else None
        after = inner or after
        is_class = after is not None and after.type in _CLASSES
        if (
            after is not None
            and is_class
            and _is_near(file.text, comment.end_byte, after.start_byte)
        ):
            around = after
    if around is not None:
        name = around.child_by_field_name("name")
        offset = name.start_byte if name is not None else around.start_byte
        unit, start = _unit_at(file, offset)
        return Remark(unit, offset - start, dependency)
    unit, start = _unit_at(file, comment.start_byte)
    return Remark(unit, comment.start_byte - start, dependency) if unit else None


def _unit_at(file: File, offset: int) -> tuple[str, int]:
    lowered = module(file)
    place = bisect_right(lowered.offsets, offset) - 1
    return (lowered.units[place].key, lowered.offsets[place]) if place >= 0 else ("", 0)
