"""What the parts of the JavaScript and TypeScript lowering share: the unit at hand and the tables.

The parts enter their functions in two tables by the type of node they lower, so that they can
call each other without importing each other.  One lowering serves JavaScript, TypeScript and TSX:
the grammars of the latter two extend that of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import tree_sitter as ts

from backend_analyzers import ir

DEPTH_LIMIT: Final = 150
"""How deep the ir of a unit gets; below that is `Unknown`."""

LONG: Final = 40
"""A chain of operators, cases or `else if` that is longer than this becomes flat."""


class Context:
    """One unit while it is lowered."""

    __slots__ = ("base", "depth", "in_switch", "text")

    def __init__(self, text: bytes, base: int) -> None:
        self.text = text
        self.base = base
        self.depth = 0
        self.in_switch = False
        """Whether a `break` without label ends a `switch` here, rather than a loop."""

    def source(self, node: ts.Node) -> str:
        return self.text[node.start_byte : node.end_byte].decode(errors="replace")


LowerExpression = Callable[[Context, ts.Node], ir.Expr]
LowerStatement = Callable[[Context, ts.Node, list[ir.Stmt]], None]
_E = TypeVar("_E", bound=LowerExpression)
_S = TypeVar("_S", bound=LowerStatement)
EXPRESSIONS: Final[dict[str, LowerExpression]] = {}
STATEMENTS: Final[dict[str, LowerStatement]] = {}
"""A statement lowers to any number of them, which are appended to a list."""

NAMES: Final = frozenset(
    {
        "identifier",
        "this",
        "super",
        "import",
        "property_identifier",
        "private_property_identifier",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
        "type_identifier",
        "predefined_type",
        "this_type",
    }
)
NO_CODE: Final = frozenset({"comment", "html_comment", "hash_bang_line", "empty_statement"})
"""Named nodes that can stand between any two tokens, and the lone semicolon."""


def lowers_expression(*types: str) -> Callable[[_E], _E]:
    def enter(function: _E) -> _E:
        EXPRESSIONS.update(dict.fromkeys(types, function))
        return function

    return enter


def lowers_statement(*types: str) -> Callable[[_S], _S]:
    def enter(function: _S) -> _S:
        STATEMENTS.update(dict.fromkeys(types, function))
        return function

    return enter


def expression(c: Context, node: ts.Node) -> ir.Expr:
    """The ir of an expression, a pattern, a type, or anything else that is not a statement."""
    kind = node.type
    if kind in NAMES:
        start = node.start_byte
        end = node.end_byte
        if start == end:
            return ir.Unknown(start - c.base, end - c.base)
        return ir.Name(start - c.base, end - c.base, c.text[start:end].decode(errors="replace"))
    if c.depth >= DEPTH_LIMIT:
        return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base)
    c.depth += 1
    result = EXPRESSIONS.get(kind, unknown)(c, node)
    c.depth -= 1
    return result


def unknown(c: Context, node: ts.Node) -> ir.Unknown:
    """What can be read inside a node that the ir has no word for."""
    return ir.Unknown(
        node.start_byte - c.base, node.end_byte - c.base, expressions(c, node.named_children)
    )


def expressions(c: Context, nodes: Iterable[ts.Node]) -> tuple[ir.Expr, ...]:
    return tuple(expression(c, node) for node in nodes if node.type not in NO_CODE)


def sole(c: Context, node: ts.Node) -> ir.Expr:
    """The expression inside a node that only wraps it; whatever is there if the text is broken."""
    inner = code(node)
    return expression(c, inner[0]) if len(inner) == 1 else unknown(c, node)


def code(node: ts.Node) -> list[ts.Node]:
    """The named children but the comments."""
    return [child for child in node.named_children if child.type not in NO_CODE]


def unwrapped(node: ts.Node) -> ts.Node:
    """What is inside parentheses, however many there are."""
    while node.type == "parenthesized_expression":
        inner = code(node)
        if not inner:
            break
        node = inner[0]
    return node


def statements(c: Context, nodes: Iterable[ts.Node]) -> tuple[ir.Stmt, ...]:
    out: list[ir.Stmt] = []
    for node in nodes:
        statement(c, node, out)
    return tuple(out)


def statement(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """Append the ir of a statement; of broken text, what can be read."""
    kind = node.type
    if kind in NO_CODE:
        return
    if c.depth >= DEPTH_LIMIT:
        out.append(ir.Other(node.start_byte - c.base, node.end_byte - c.base))
        return
    c.depth += 1
    lower = STATEMENTS.get(kind)
    if lower is not None:
        lower(c, node, out)
    elif kind == "ERROR":
        for child in node.named_children:
            statement(c, child, out)
    else:
        out.append(
            ir.Evaluate(node.start_byte - c.base, node.end_byte - c.base, expression(c, node))
        )
    c.depth -= 1


def body(c: Context, node: ts.Node | None) -> tuple[ir.Stmt, ...]:
    """The statements of a block, or the one that stands in the place of a block."""
    if node is None:
        return ()
    if node.type == "statement_block":
        return statements(c, node.named_children)
    return statements(c, (node,))
