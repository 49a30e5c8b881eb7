"""YAML: where the units of a file are, and what each one says.

The entries at the top of a document are units, and where one only holds a block of entries or items,
each of those is a unit of its own with the entry as its owner: `services`, `services.web`; items have
no names.  Units are whole lines, since what YAML means depends on columns, and they are found by the
text alone: a file costs next to nothing until `values` asks what it says.  JSON is YAML too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import NamedTuple

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.source import File, Language, grammar
from backend_analyzers.syntax.yaml_text import block_text, quoted_text

DEEPEST = 60
"""Levels; what is nested deeper is unknown."""


def module(file: File) -> ir.Module:
    """The units of a file; those whose text did not change since the last version are the same."""
    from backend_analyzers.syntax import module as whole  # noqa: PLC0415 - it asks for this one

    known = file.reused.get(whole)
    before = {unit.key: unit for unit in known.units} if isinstance(known, ir.Module) else {}
    units: dict[str, ir.Unit] = {}
    offsets: list[int] = []
    for piece in _pieces(file.text):
        name = piece.name
        if not name:
            digest = blake2b(file.text[piece.start : piece.end], digest_size=8).hexdigest()
            name = f"{piece.owner}.#{digest}" if piece.owner else f"#{digest}"
        key, repeats = name, 1
        while key in units:
            repeats += 1
            key = f"{name}~{repeats}"
        size = piece.end - piece.start
        old = before.get(key)
        if old is not None and (old.owner, old.node.end) == (piece.owner, size):
            units[key] = old
        else:
            units[key] = ir.Unit(key, piece.owner, ir.Other(0, size))
        offsets.append(piece.start)
    return ir.Module(tuple(units.values()), tuple(offsets))


def values(file: File) -> Mapping[str, ir.Expr]:
    """What each unit says, by its key: a mapping of one entry, a list of one item, or the whole.

    Offsets count from the start of the unit.
    """
    known: dict[str, tuple[bytes, ir.Expr]] | None = file.memo.get(values)
    if known is None:
        from backend_analyzers.syntax import module as whole  # noqa: PLC0415

        before: dict[str, tuple[bytes, ir.Expr]] = file.reused.get(values, {})
        lowered = whole(file)
        known = {}
        for unit, start in zip(lowered.units, lowered.offsets, strict=True):
            text = file.text[start : start + unit.node.end]
            old = before.get(unit.key)
            known[unit.key] = old if old is not None and old[0] == text else (text, value(text))
        file.memo[values] = known
    return {key: found for key, (_, found) in known.items()}


def value(text: bytes) -> ir.Expr:
    """What a text says; half-typed parts are unknown."""
    root = ts.Parser(grammar(Language.YAML)).parse(text).root_node
    return _node(root, text, 0)


# Units -----------------------------------------------------------------------------------------


class _Piece(NamedTuple):
    start: int
    end: int
    owner: str
    name: str


_MARKS = (b"---", b"...")
_TOP = re.compile(rb"^[^\s#%}\]][^\n]*", re.MULTILINE)
_KEY = re.compile(
    rb"""[ ]*(?P<key>"[^"\n]*"|'[^'\n]*'|[^\s\[\]{}\#&*!|>'"%@`,?-][^\n\#]*?|-[^\s][^\n\#]*?)[ \t]*:(?=\s|\Z)"""
    rb"(?P<rest>[^\n]*)",
    re.VERBOSE,
)
_OPEN = re.compile(rb"[ \t]*(?:[&!][^\s]*[ \t]*)*(?:\#[^\n]*)?\r?\Z")
"""What may follow the colon of an entry whose value stands below it."""
_ITEM = re.compile(rb"[ ]*-(?=\s|\Z)")
_NEXT = re.compile(rb"^([ ]*)(?=[^\s#])", re.MULTILINE)


def _pieces(text: bytes) -> Iterator[_Piece]:
    owner = ""
    heads = list(_heads(text))
    ends = [head.start() for head, _ in heads[1:]] + [len(text)]
    for (head, found), end in zip(heads, ends, strict=False):
        start = head.start()
        if found is None or not found.re.groups:
            owner = owner if found is not None else ""
            if not head[0].startswith(_MARKS):
                yield _Piece(start, _trimmed(text, start, end, 0), owner, "")
            continue
        name = found["key"].strip(b"\"'").decode(errors="replace")
        whole = _Piece(start, _trimmed(text, start, end, 0), "", name)
        owner = ""
        if _OPEN.match(found["rest"]):
            owner = name
            yield from _members(text, head.end(), whole)
        else:
            yield whole


def _heads(text: bytes) -> Iterator[tuple[re.Match[bytes], re.Match[bytes] | None]]:
    """The lines at which a unit may begin, with what they begin with: an item, a key, or neither."""
    is_inside = False
    for head in _TOP.finditer(text):
        is_mark = head[0].startswith(_MARKS)
        found = None if is_mark else _ITEM.match(head[0]) or _KEY.match(head[0])
        if found is not None or is_mark or not is_inside:
            yield head, found
        is_inside = not is_mark


def _members(text: bytes, start: int, around: _Piece) -> Iterator[_Piece]:
    """The entry itself, then what stands below it."""
    end = around.end
    first = _NEXT.search(text, start, end)
    if first is None or not first[1]:
        yield around
        return
    indent = len(first[1])
    lines = re.compile(rb"^ {%d}[^\s#}\]][^\n]*" % indent, re.MULTILINE)
    is_list = _ITEM.match(text, first.start()) is not None
    heads = [
        (line.start(), found)
        for line in lines.finditer(text, start, end)
        if (found := (_ITEM if is_list else _KEY).match(line[0])) is not None
    ]
    if not heads or heads[0][0] != first.start():
        yield around
        return
    yield around._replace(end=_trimmed(text, around.start, heads[0][0], indent))
    ends = [at for at, _ in heads[1:]] + [end]
    for (at, found), last in zip(heads, ends, strict=True):
        name = "" if is_list else found["key"].strip(b"\"'").decode(errors="replace")
        stop = _trimmed(text, at, last, indent)
        yield _Piece(at, stop, around.name, f"{around.name}.{name}" if name else "")


def _trimmed(text: bytes, start: int, end: int, indent: int) -> int:
    """Without the blank lines below, and the comments on what comes next."""
    while True:
        end = start + len(text[start:end].rstrip())
        line = text.rfind(b"\n", start, end) + 1
        if not line:
            return end
        bare = text[line:end].lstrip(b" ")
        if not bare.startswith(b"#") or end - line - len(bare) > indent:
            return end
        end = line


# Values ----------------------------------------------------------------------------------------


def _node(node: ts.Node, text: bytes, depth: int) -> ir.Expr:
    if depth > DEEPEST:
        return ir.Unknown(node.start_byte, node.end_byte)
    match node.type:
        case "stream" | "document":
            parts = [one for one in node.named_children if one.type not in _IGNORED]
            if len(parts) == 1:
                return _node(parts[0], text, depth)
            found = tuple(_node(one, text, depth + 1) for one in parts)
            return ir.Unknown(node.start_byte, node.end_byte, found)
        case "block_node" | "flow_node":
            return _content(node, text, depth)
        case "block_mapping" | "flow_mapping":
            entries = tuple(_entries(node, text, depth + 1))
            return ir.Collection(node.start_byte, node.end_byte, "mapping", entries)
        case "block_sequence" | "flow_sequence":
            return ir.Collection(
                node.start_byte, node.end_byte, "list", tuple(_items(node, text, depth + 1))
            )
        case "block_mapping_pair" | "flow_pair":
            entry = _entry(node, text, depth + 1)
            return ir.Collection(node.start_byte, node.end_byte, "mapping", (entry,))
        case _:
            return _scalar(node, text)


_IGNORED = frozenset({"comment", "yaml_directive", "tag_directive", "reserved_directive"})


def _content(node: ts.Node, text: bytes, depth: int) -> ir.Expr:
    """The value behind an anchor and a tag."""
    for child in node.named_children:
        if child.type not in {"anchor", "tag", "comment"}:
            return _node(child, text, depth + 1)
    return ir.Constant(node.start_byte, node.end_byte, None)


def _entries(node: ts.Node, text: bytes, depth: int) -> Iterator[ir.Entry]:
    for child in node.named_children:
        if child.type in {"block_mapping_pair", "flow_pair"}:
            yield _entry(child, text, depth)
        elif child.type not in _IGNORED:
            found = _node(child, text, depth)
            yield ir.Entry(child.start_byte, child.end_byte, found, None, spread=True)


def _entry(pair: ts.Node, text: bytes, depth: int) -> ir.Entry:
    key = pair.child_by_field_name("key")
    held = pair.child_by_field_name("value")
    start, end = pair.start_byte, pair.end_byte
    value = ir.Constant(end, end, None) if held is None else _node(held, text, depth)
    if key is None:
        return ir.Entry(start, end, value, None)
    if text[key.start_byte : key.end_byte] == b"<<":
        return ir.Entry(start, end, value, None, spread=True)
    name = _node(key, text, depth)
    if isinstance(name, ir.Constant):
        written = text[key.start_byte : key.end_byte].decode(errors="replace")
        chunk = ir.Chunk(key.start_byte, key.end_byte, written)
        name = ir.Text(key.start_byte, key.end_byte, (chunk,))
    return ir.Entry(start, end, value, name)


def _items(node: ts.Node, text: bytes, depth: int) -> Iterator[ir.Entry]:
    for child in node.named_children:
        if child.type in _IGNORED:
            continue
        inner = child
        if child.type == "block_sequence_item":
            parts = [one for one in child.named_children if one.type not in _IGNORED]
            if not parts:
                nothing = ir.Constant(child.end_byte, child.end_byte, None)
                yield ir.Entry(child.start_byte, child.end_byte, nothing)
                continue
            inner = parts[0]
        yield ir.Entry(child.start_byte, child.end_byte, _node(inner, text, depth))


def _scalar(node: ts.Node, text: bytes) -> ir.Expr:
    start, end = node.start_byte, node.end_byte
    written = text[start:end]
    match node.type:
        case "plain_scalar":
            return _plain(node, start, end, written)
        case "double_quote_scalar" | "single_quote_scalar":
            return ir.Text(start, end, quoted_text(written, start))
        case "block_scalar":
            return ir.Text(start, end, block_text(text, start, end))
        case "alias":
            name = written[1:].decode(errors="replace")
            return ir.Name(start + 1, end, name)
        case _:
            return ir.Unknown(start, end)


_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None}


def _plain(node: ts.Node, start: int, end: int, written: bytes) -> ir.Expr:
    kind = node.named_children[0].type if node.named_children else "string_scalar"
    content = written.decode(errors="replace")
    if kind in {"boolean_scalar", "null_scalar"}:
        return ir.Constant(start, end, _WORDS.get(content.lower()))
    if kind in {"integer_scalar", "float_scalar"}:
        try:
            number = int(content, 0) if kind == "integer_scalar" else float(content)
        except ValueError:
            pass
        else:
            return ir.Constant(start, end, number)
    return ir.Text(start, end, quoted_text(b"\0" + written + b"\0", start - 1))
