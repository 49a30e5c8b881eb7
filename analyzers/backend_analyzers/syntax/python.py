"""Python: where the units of a file are, and what each one says.

The grammar reads Python 3.14 (and what it can of Python 2).  `python_context` and the modules that
it names do the lowering; `python_fragments` takes broken files apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax import python_text  # noqa: F401 - enters its node types
from backend_analyzers.syntax.piece import Group, Piece
from backend_analyzers.syntax.python_context import NO_CODE, Context
from backend_analyzers.syntax.python_definitions import class_definition
from backend_analyzers.syntax.python_fragments import (
    Fragment,
    Source,
    class_name,
    flattened,
    has_definition_in_string,
    has_open_string,
    indentation,
    is_cut_off,
    is_damaged,
    members,
    parsed,
    split,
)
from backend_analyzers.syntax.python_imports import imported
from backend_analyzers.syntax.python_statements import gathered, statement


def groups(root: ts.Node) -> Iterator[Group]:
    """The statements of the file and the members of its classes, from top to bottom.

    Of a broken file, the healthy statements are taken as they are.  What lies between them is
    taken apart by its text and parsed again in smaller fragments, so that a broken line costs
    its own function only.
    """
    if not root.has_error:
        around = _Around(Source(b"", 0, is_file=True))
        return (_group(node, around) for node in root.children if node.type not in NO_CODE)
    text = b" " * root.start_byte + (root.text or b"")
    around = _Around(Source(text, 0, is_file=True))
    return _mended(root.children, len(text), around)


def lower(piece: Piece, text: bytes) -> ir.Stmt:
    """The ir of a piece.  Offsets count from its start."""
    c = Context(text, piece.start)
    node = piece.node
    if piece.kind == "class":
        decorated = node if node.type == "decorated_definition" else None
        return class_definition(c, _definition(node), decorated, header=piece.end)
    if piece.kind == "import":
        return imported(c, node)
    if piece.kind == "error":
        return gathered(c, piece.start, piece.end, _within(piece))
    return statement(c, node)


class _Around(NamedTuple):
    """What a piece stands in."""

    source: Source
    owner: str = ""
    depth: int = 0
    indent: bytes = b""
    first: int = 0
    """Where the text of the file begins in a fragment."""

    def piece(
        self, node: ts.Node, name: str, kind: str = "statement", *, end: int | None = None
    ) -> Piece:
        return Piece(
            node,
            node.start_byte,
            node.end_byte if end is None else end,
            self.owner,
            name,
            kind,
            None if self.source.is_file else self.source.text,
            self.source.shift,
        )


def _group(node: ts.Node, around: _Around) -> Group:
    kind = "" if node.has_error else node.type
    return Group(kind, node.start_byte, node.end_byte, _statements((node,), around))


def _statements(nodes: Iterable[ts.Node], around: _Around) -> Iterator[Piece]:
    for node in nodes:
        kind = node.type
        if kind == "expression_statement":
            yield around.piece(node, _dotted(around.owner, _assigned(node)))
        elif kind in NO_CODE or not node.is_named:
            continue
        else:
            yield from _statement(node, around)


def _statement(node: ts.Node, around: _Around) -> Iterable[Piece]:
    """Of most nodes, one piece; this is what each key stroke does for each unit of a file."""
    kind = node.type
    if kind in _COMPOUND:
        definition = _definition(node)
        name = _dotted(around.owner, definition.child_by_field_name("name"))
        if definition.type == "class_definition" and around.depth < _NESTED_CLASSES:
            return _class(node, definition, name, around)
        return (around.piece(node, name),)
    if kind == "expression_statement":
        return _statements((node,), around)
    if kind == "import_statement" and node.named_child_count > 1:
        parts = [child for child in node.named_children if child.type in _MODULES]
        return [around.piece(child, "", "import") for child in parts]
    if kind == "ERROR":
        return _dug_out(node, around)
    return (around.piece(node, ""),)


_COMPOUND: Final = frozenset({"class_definition", "function_definition", "decorated_definition"})
_MODULES: Final = frozenset({"dotted_name", "aliased_import"})
_NESTED_CLASSES: Final = 20


def _definition(node: ts.Node) -> ts.Node:
    if node.type == "decorated_definition":
        return node.child_by_field_name("definition") or node
    return node


def _dotted(owner: str, node: ts.Node | None) -> str:
    if node is None or node.is_missing:
        return ""
    name = (node.text or b"").decode(errors="replace")
    return f"{owner}.{name}" if owner else name


def _assigned(node: ts.Node) -> ts.Node | None:
    """The variable of a plain assignment, whose unit keeps its key when the value changes."""
    assignment = node.child(0)
    if assignment is None or assignment.type != "assignment":
        return None
    target = assignment.child(0)
    return target if target is not None and target.type == "identifier" else None


def _class(node: ts.Node, definition: ts.Node, name: str, around: _Around) -> Iterator[Piece]:
    """The header, which ends with its colon, and then each member."""
    end = node.end_byte
    header_is_broken = False
    body: ts.Node | None = None
    for child in definition.children:
        if child.type == "block":
            body = child
            break
        if child.type == ":":
            end = child.end_byte
        elif child.type != "ERROR" or end == node.end_byte:
            header_is_broken = header_is_broken or child.has_error
    header = around.piece(node, name, "class", end=end)
    yield header._replace(is_broken=header_is_broken)
    inside = around._replace(owner=name, depth=around.depth + 1)
    if body is not None and not definition.has_error:
        yield from _statements(body.children, inside)
    elif definition.has_error and name:
        indent = indentation(around.source.text, end, node.end_byte)
        nodes = members(definition)
        if indent:
            for group in _mended(nodes, node.end_byte, inside._replace(indent=indent)):
                yield from group.pieces
        else:
            yield from _statements(nodes, inside)


# Broken files ----------------------------------------------------------------------------------


def _mended(nodes: Iterable[ts.Node], end: int, around: _Around) -> Iterator[Group]:
    """Healthy nodes as they are, and the damaged stretches between them by their text."""
    text = around.source.text
    stretch: list[ts.Node] = []
    earlier: ts.Node | None = None
    for node in nodes:
        if node.type in NO_CODE or node.end_byte <= around.first:
            continue
        is_bad = is_damaged(node, len(around.indent))
        if stretch and not is_bad:
            yield from _stretch(stretch, node.start_byte, around)
            stretch = []
        suspect = not stretch and (is_bad or has_definition_in_string(text, node))
        if suspect and has_open_string(text, node.start_byte, end):
            stretch = [node, node]
            break
        if not is_bad:
            if earlier is not None:
                yield _group(earlier, around)
            earlier = node
        elif not stretch and earlier is not None:
            if is_cut_off(text, earlier, node, end, around.indent):
                stretch = [earlier, node]
            else:
                yield _group(earlier, around)
                stretch = [node]
            earlier = None
        else:
            stretch.append(node)
    if earlier is not None:
        yield _group(earlier, around)
    if stretch:
        yield from _stretch(stretch, end, around)


def _stretch(nodes: list[ts.Node], end: int, around: _Around) -> Iterator[Group]:
    start = max(nodes[0].start_byte, around.first)
    cuts = split(around.source.text, start, end, around.indent)
    if len(cuts) == len(nodes) == 1 and nodes[0].type in _COMPOUND:
        yield _group(nodes[0], around)
        return
    for cut in cuts:
        yield Group("fragment", *cut, _fragment(cut, around))


def _fragment(cut: tuple[int, int], around: _Around, *, is_final: bool = False) -> Iterator[Piece]:
    """One cut: a class goes on by its members, other code is parsed."""
    text = around.source.text
    start, end = cut
    found = class_name(text, start, end)
    if found and not is_final and around.depth < _NESTED_CLASSES:
        name, after = found
        indent = indentation(text, after, end)
        if len(indent) > len(around.indent):
            yield from _class_fragment(cut, name, indent, around)
            return
    fragment = parsed(text[start:end], around.indent)
    if fragment.is_broken and not is_final:
        cuts = split(text, start, end, around.indent, finely=True)
        if len(cuts) > 1:
            for inner in cuts:
                yield from _fragment(inner, around, is_final=True)
            return
    yield from _in_fragment(fragment, start, around)


def _header(code: bytes, start: int, indent: bytes, around: _Around) -> Iterator[Piece]:
    """A class without methods: it is given a `...` of its own, lest it have no body at all."""
    fragment = parsed(code + b"\n" + indent + b"...", around.indent)
    end = around.source.shift + start + len(code)
    found = [p for p in _in_fragment(fragment, start, around) if p.start + p.shift < end]
    if any(p.end + p.shift > end for p in found):
        return _in_fragment(parsed(code, around.indent), start, around)
    return iter(found)


def _in_fragment(fragment: Fragment, start: int, around: _Around) -> Iterator[Piece]:
    shift = around.source.shift + start - fragment.first
    source = Source(fragment.text, shift, is_file=False)
    return _statements(fragment.nodes, around._replace(source=source, first=fragment.first))


def _class_fragment(
    cut: tuple[int, int], name: str, indent: bytes, around: _Around
) -> Iterator[Piece]:
    """The header with what is above the first method, then each method and what is below it."""
    (start, end), *methods = split(around.source.text, *cut, indent)
    yield from _header(around.source.text[start:end].rstrip(), start, indent, around)
    owner = f"{around.owner}.{name}" if around.owner else name
    inside = around._replace(owner=owner, depth=around.depth + 1, indent=indent)
    for method in methods[:-1]:
        yield from _fragment(method, inside)
    for method in methods[-1:]:
        last, *below = split(around.source.text, *method, around.indent, finely=True)
        yield from _fragment(last, inside)
        for outside in below:
            yield from _fragment(outside, around)


def _dug_out(error: ts.Node, around: _Around) -> Iterator[Piece]:
    """The definitions inside an error, and what is around them."""
    rubble: list[ts.Node] = []
    for node in flattened(error):
        if node.start_byte < around.first:
            continue
        if node.type not in _COMPOUND:
            rubble.append(node)
            continue
        if rubble:
            yield _rubble(error, rubble, around)
            rubble = []
        yield from _statement(node, around)
    if rubble:
        yield _rubble(error, rubble, around)


def _rubble(error: ts.Node, nodes: list[ts.Node], around: _Around) -> Piece:
    piece = around.piece(error, "", "error", end=nodes[-1].end_byte)
    return piece._replace(start=nodes[0].start_byte)


def _within(piece: Piece) -> list[ts.Node]:
    return [
        node
        for node in flattened(piece.node)
        if node.is_named and piece.start <= node.start_byte and node.end_byte <= piece.end
    ]
