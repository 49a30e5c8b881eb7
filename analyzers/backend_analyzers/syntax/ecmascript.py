"""JavaScript, TypeScript and TSX: where the units of a file are, and their lowering to the ir.

The lowering itself is in the modules `ecmascript_*`; importing them fills the tables of
`ecmascript_context`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec
import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax import (  # noqa: F401 - they enter what they lower in the tables
    ecmascript_assignments,
    ecmascript_statements,
    ecmascript_types,
)
from backend_analyzers.syntax.ecmascript_broken import Fragment, Torn, fragments
from backend_analyzers.syntax.ecmascript_context import (
    NO_CODE,
    STATEMENTS,
    Context,
    code,
    statements,
)
from backend_analyzers.syntax.ecmascript_functions import (
    CLASSES,
    Member,
    class_members,
    lower_class,
    lower_member,
)
from backend_analyzers.syntax.piece import Group, Piece


def groups(root: ts.Node) -> Iterator[Group]:
    """The units of a file.  Of a broken file, the parts that are whole are found by themselves."""
    if not root.has_error:
        for node in root.named_children:
            yield Group(node.type, node.start_byte, node.end_byte, _pieces(node))
        return
    for part in fragments(root):
        if isinstance(part, Torn):
            end = part.shift + len(part.text)
            yield Group("fragment", part.shift, end, _mended(part))
            continue
        for node in part.nodes:
            start, end = node.start_byte + part.shift, node.end_byte + part.shift
            kind = "" if node.has_error else node.type
            yield Group(kind, start, end, _shifted(node, part))


def _mended(torn: Torn) -> Iterator[Piece]:
    fragment = torn.mended()
    for node in fragment.nodes:
        yield from _shifted(node, fragment)


def _shifted(node: ts.Node, fragment: Fragment) -> Iterator[Piece]:
    for piece in _pieces(node):
        yield piece._replace(text=fragment.text, shift=fragment.shift)


def lower(piece: Piece, text: bytes) -> ir.Stmt:
    """The statement that a piece is; several are the body of one `Other`."""
    c = Context(text, piece.start)
    length = piece.end - piece.start
    if piece.kind == "class":
        found = _class(piece.node)
        assert found is not None
        name = found.name.decode(errors="replace")
        return lower_class(c, found.node, name=name, decorators=found.decorators, end=length)
    if piece.kind == "export":
        return ir.Export(0, length, piece.name.removeprefix(_EXPORT), _declared_name(c, piece.node))
    if piece.kind == "member":
        lowered: list[ir.Stmt] = []
        lower_member(c, Member(piece.node, piece.start, _decorators(piece)), lowered)
        out = tuple(lowered)
    else:
        out = statements(c, (piece.node,))
    if len(out) != 1:
        return ir.Other(0, length, (), out)
    return out[0] if not out[0].start else msgspec.structs.replace(out[0], start=0)


def _pieces(node: ts.Node) -> Iterator[Piece]:
    kind = node.type
    if kind in NO_CODE:
        return
    if kind == "ERROR":
        yield from _inside(node)
        return
    start, end = node.start_byte, node.end_byte
    found = _class(node)
    if found is not None:
        yield from _class_pieces(node, found)
        return
    if kind == "export_statement" and any(child.type == "default" for child in node.children):
        declaration = node.child_by_field_name("declaration")
        name = None if declaration is None else declaration.child_by_field_name("name")
        if declaration is None or name is None:
            yield Piece(node, start, end, "", "default")
            return
        yield Piece(node, start, name.end_byte, "", _EXPORT + "default", "export")
        yield Piece(declaration, start, end, "", _text(name))
        return
    yield Piece(node, start, end, "", _name(node))


_EXPORT: Final = "export "
"""Begins the key of a unit that only says that another one is exported; no name has a space."""


def _inside(error: ts.Node) -> Iterator[Piece]:
    """What can be read in text that the parser gave up on."""
    stack = [error]
    while stack:
        node = stack.pop()
        if node.type == "ERROR":
            stack.extend(reversed(node.named_children))
        elif node.type in STATEMENTS:
            yield from _pieces(node)
        elif node.child_count and node.type not in NO_CODE:
            yield Piece(node, node.start_byte, node.end_byte, "", "")


# Classes -----------------------------------------------------------------------------------------


class _Class(NamedTuple):
    """A class at the top level, perhaps inside a statement that exports it."""

    node: ts.Node
    name: bytes
    exported: str
    decorators: tuple[ts.Node, ...]


def _class(node: ts.Node) -> _Class | None:
    kind = node.type
    if kind in CLASSES:
        return _named(node, "", ())
    if kind == "export_statement":
        decorators = tuple(child for child in node.named_children if child.type == "decorator")
        is_default = any(child.type == "default" for child in node.children)
        for child in node.named_children:
            if child.type in CLASSES:
                return _named(child, "default" if is_default else "", decorators)
        return None
    if kind != "expression_statement":
        return None
    for child in node.named_children:
        if child.type == "class" and child.child_by_field_name("name") is not None:
            return _named(child, "", ())
        if child.type == "assignment_expression":
            inner = code(child)
            if len(inner) == 2 and inner[1].type == "class":  # noqa: PLR2004
                exports = _EXPORTS.fullmatch(inner[0].text or b"")
                if exports is not None:
                    return _named(inner[1], (exports[1] or b"=").decode(errors="replace"), ())
    return None


_EXPORTS: Final = re.compile(rb"(?:module\.exports|(?:module\.)?exports\.([\w$\x80-\xff]+))")


def _named(node: ts.Node, exported: str, decorators: tuple[ts.Node, ...]) -> _Class | None:
    if node.child_by_field_name("body") is None:
        return None
    name = node.child_by_field_name("name")
    if name is not None and name.text:
        return _Class(node, name.text, exported, decorators)
    own = "default" if exported in {"", "="} else exported
    return _Class(node, own.encode(), exported, decorators)


def _class_pieces(node: ts.Node, found: _Class) -> Iterator[Piece]:
    body = found.node.child_by_field_name("body")
    assert body is not None
    start, end = node.start_byte, body.start_byte
    name = found.name.decode(errors="replace")
    if found.exported:
        yield Piece(node, start, end, "", _EXPORT + found.exported, "export")
    yield Piece(node, start, end, "", name, "class")
    for member in class_members(body):
        own = _member_name(member.node)
        qualified = f"{name}.{own}" if own else ""
        yield Piece(member.node, member.start, member.node.end_byte, name, qualified, "member")


def _member_name(node: ts.Node) -> str:
    if node.type == "method_definition" or node.type.endswith("field_definition"):
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        if name is not None and name.type != "computed_property_name":
            return _text(name).strip("'\"")
    return ""


def _decorators(piece: Piece) -> tuple[ts.Node, ...]:
    """The decorators that stand before a member, between the start of its piece and itself."""
    found: list[ts.Node] = []
    node: ts.Node | None = piece.node
    while node is not None and node.start_byte > piece.start:
        node = node.prev_named_sibling
        if node is not None and node.type == "decorator":
            found.append(node)
    return tuple(reversed(found))


# Names -------------------------------------------------------------------------------------------


def _declared_name(c: Context, node: ts.Node) -> ir.Name:
    """The name of what a statement exports; it is not in the text for a class that has none."""
    found = _class(node)
    declaration = node.child_by_field_name("declaration") if found is None else found.node
    name = None if declaration is None else declaration.child_by_field_name("name")
    if name is not None:
        return ir.Name(name.start_byte - c.base, name.end_byte - c.base, c.source(name))
    return ir.Name(0, 0, "" if found is None else found.name.decode(errors="replace"))


def _name(node: ts.Node) -> str:
    """The name that a statement gives to something, or empty."""
    kind = node.type
    if kind == "export_statement":
        node = node.child_by_field_name("declaration") or node
        kind = node.type
        if kind == "export_statement":
            return ""
    if kind in {"lexical_declaration", "variable_declaration", "using_declaration"}:
        declarators = [child for child in node.named_children if child.type not in NO_CODE]
        name = declarators[0].child_by_field_name("name") if len(declarators) == 1 else None
        return _text(name) if name is not None and name.type == "identifier" else ""
    if kind == "expression_statement":
        return _assigned_name(node)
    if kind.endswith("_signature"):
        return ""
    name = node.child_by_field_name("name")
    return "" if name is None else _text(name).strip("'\"")


def _assigned_name(node: ts.Node) -> str:
    """`exports.list = …`, `Orders.prototype.list = function …`, and a function that lacks its end."""
    inner = code(node)
    if len(inner) != 1:
        return ""
    if inner[0].type in {"function_expression", "generator_function", "internal_module"}:
        name = inner[0].child_by_field_name("name")
        return "" if name is None else _text(name)
    if inner[0].type != "assignment_expression":
        return ""
    sides = code(inner[0])
    if len(sides) != 2 or sides[0].type != "member_expression":  # noqa: PLR2004
        return ""
    target = sides[0].text or b""
    exports = _EXPORTS.fullmatch(target)
    if exports is not None:
        return (exports[1] or b"=").decode(errors="replace")
    is_function = sides[1].type in {"function_expression", "arrow_function", "generator_function"}
    return target.decode(errors="replace") if is_function and _DOTTED.fullmatch(target) else ""


_DOTTED: Final = re.compile(rb"[\w$.\x80-\xff]{1,100}")


def _text(node: ts.Node) -> str:
    return (node.text or b"").decode(errors="replace")
