"""Python's functions and classes."""

from __future__ import annotations

from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import (
    Context,
    expression,
    expressions,
    lowers_statement,
)
from backend_analyzers.syntax.python_expressions import arguments
from backend_analyzers.syntax.python_operators import parameters
from backend_analyzers.syntax.python_statements import is_async, other, suite


@lowers_statement("decorated_definition")
def _decorated(c: Context, node: ts.Node) -> ir.Stmt:
    """The decorators belong to the range of what they decorate."""
    definition = node.child_by_field_name("definition")
    if definition is None or definition.type not in _DEFINITIONS:
        return other(c, node)
    if definition.type == "class_definition":
        return class_definition(c, definition, node)
    return _function(c, definition, node)


_DEFINITIONS: Final = frozenset({"function_definition", "class_definition"})


def _decorators(c: Context, node: ts.Node | None) -> tuple[ir.Expr, ...]:
    if node is None:
        return ()
    found = [child for child in node.named_children if child.type == "decorator"]
    return tuple([value for each in found for value in expressions(c, each.named_children)])


@lowers_statement("function_definition")
def _plain_function(c: Context, node: ts.Node) -> ir.Stmt:
    return _function(c, node, None)


def _function(c: Context, node: ts.Node, decorated: ts.Node | None) -> ir.Function:
    start, end = (decorated or node).start_byte - c.base, node.end_byte - c.base
    decorated_by = _decorators(c, decorated)
    outside, c.yields = c.yields, False
    taken: tuple[ir.Parameter, ...] = ()
    returns: ir.Expr | None = None
    name, name_start, name_end = "", start, start
    for child in node.named_children:
        kind = child.type
        if kind == "identifier":
            name = c.source(child)
            name_start, name_end = child.start_byte - c.base, child.end_byte - c.base
        elif kind == "parameters":
            taken = parameters(c, child)
        elif kind == "type":
            returns = expression(c, child)
    body = suite(c, node)
    is_generator, c.yields = c.yields, outside
    return ir.Function(
        start,
        end,
        name,
        name_start,
        name_end,
        taken,
        body,
        decorated_by,
        returns,
        is_async(node),
        is_generator,
        any(isinstance(d, ir.Name) and d.id in _STATIC for d in decorated_by),
    )


_STATIC: Final = frozenset({"staticmethod", "classmethod"})


@lowers_statement("class_definition")
def _plain_class(c: Context, node: ts.Node) -> ir.Stmt:
    return class_definition(c, node, None)


def class_definition(
    c: Context, node: ts.Node, decorated: ts.Node | None, *, header: int | None = None
) -> ir.Class:
    """A class, or only its header, which ends at the offset `header` of the file."""
    start = (decorated or node).start_byte - c.base
    end = (node.end_byte if header is None else header) - c.base
    name, name_start, name_end = "", start, start
    bases: tuple[ir.Argument, ...] = ()
    for child in node.named_children:
        kind = child.type
        if kind == "identifier":
            name = c.source(child)
            name_start, name_end = child.start_byte - c.base, child.end_byte - c.base
        elif kind == "argument_list":
            bases = tuple(arguments(c, child))
    body = suite(c, node) if header is None else ()
    return ir.Class(start, end, name, name_start, name_end, bases, body, _decorators(c, decorated))
