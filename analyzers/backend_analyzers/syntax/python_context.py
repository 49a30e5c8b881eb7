"""What the parts of the Python lowering share: the unit at hand and the tables of node types.

The parts (`python_text`, `python_expressions`, `python_statements`) enter their functions in two
tables by the type of node they lower, so that they can call each other without importing each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import tree_sitter as ts

from backend_analyzers import ir

DEPTH_LIMIT: Final = 120
"""How deep the ir of a unit gets; below that is `Unknown`.  Python's own parser stops at 100
levels of blocks and 200 of parentheses, and people long before."""


class Context:
    """One unit while it is lowered."""

    __slots__ = ("base", "depth", "text", "yields")

    def __init__(self, text: bytes, base: int) -> None:
        self.text = text
        self.base = base
        self.depth = 0
        self.yields = False
        """Whether the function at hand has been seen to yield."""

    def source(self, node: ts.Node) -> str:
        return self.text[node.start_byte : node.end_byte].decode(errors="replace")


LowerExpression = Callable[[Context, ts.Node], ir.Expr]
LowerStatement = Callable[[Context, ts.Node], ir.Stmt]
EXPRESSIONS: Final[dict[str, LowerExpression]] = {}
STATEMENTS: Final[dict[str, LowerStatement]] = {}
NO_CODE: Final = frozenset({"comment", "line_continuation"})
"""Named nodes that can stand between any two tokens."""


def lowers_expression(*types: str) -> Callable[[LowerExpression], LowerExpression]:
    def enter(function: LowerExpression) -> LowerExpression:
        EXPRESSIONS.update(dict.fromkeys(types, function))
        return function

    return enter


def lowers_statement(*types: str) -> Callable[[LowerStatement], LowerStatement]:
    def enter(function: LowerStatement) -> LowerStatement:
        STATEMENTS.update(dict.fromkeys(types, function))
        return function

    return enter


def expression(c: Context, node: ts.Node) -> ir.Expr:
    """The ir of an expression, of a target, of a type or of anything else that is not a statement."""
    kind = node.type
    if kind == "identifier":
        start = node.start_byte
        end = node.end_byte
        if start == end:
            return ir.Unknown(start - c.base, end - c.base)
        name = c.text[start:end].decode(errors="replace")
        return ir.Name(start - c.base, end - c.base, name)
    if c.depth >= DEPTH_LIMIT:
        return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base)
    c.depth += 1
    result = EXPRESSIONS.get(kind, unknown)(c, node)
    c.depth -= 1
    return result


def expressions(c: Context, nodes: Iterable[ts.Node]) -> tuple[ir.Expr, ...]:
    return tuple([expression(c, node) for node in nodes if node.type not in NO_CODE])


def optional(c: Context, node: ts.Node | None) -> ir.Expr | None:
    return None if node is None else expression(c, node)


def unknown(c: Context, node: ts.Node) -> ir.Expr:
    """Whatever has no function of its own, errors included: nothing readable inside is lost."""
    parts = expressions(c, node.named_children)
    return ir.Unknown(node.start_byte - c.base, node.end_byte - c.base, parts)
