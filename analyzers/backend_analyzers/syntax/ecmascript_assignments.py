"""Declarations of variables, assignments and the other expressions that stand as statements."""

from __future__ import annotations

from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    NO_CODE,
    Context,
    code,
    expression,
    expressions,
    lowers_statement,
    statement,
    unwrapped,
)
from backend_analyzers.syntax.ecmascript_functions import lower_class, lower_function
from backend_analyzers.syntax.ecmascript_modules import exported_as, required, required_module


@lowers_statement("lexical_declaration", "variable_declaration", "using_declaration")
def _declaration(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    declarators = [child for child in node.named_children if child.type not in NO_CODE]
    for child in declarators:
        if child.type != "variable_declarator":
            statement(c, child, out)
            continue
        whole = node if len(declarators) == 1 else child
        _declarator(c, child, whole.start_byte - c.base, whole.end_byte - c.base, out)


def _declarator(c: Context, node: ts.Node, start: int, end: int, out: list[ir.Stmt]) -> None:
    target = annotation = value = None
    broken: list[ts.Node] = []
    for child in node.named_children:
        kind = child.type
        if kind == "type_annotation":
            annotation = child
        elif kind == "ERROR":
            broken.append(child)
        elif kind in NO_CODE:
            continue
        elif target is None:
            target = child
        else:
            value = child
    type_ = None if annotation is None else expression(c, annotation)
    if target is None:
        pass
    elif value is None:
        out.append(ir.Assign(start, end, (expression(c, target),), None, type_))
    elif value.type == "class" and target.type == "identifier":
        out.append(lower_class(c, value, name=c.source(target)))
    else:
        _assigned(c, [target], value, type_, start, end, out)
    for one in broken:
        statement(c, one, out)


def _assigned(
    c: Context,
    targets: list[ts.Node],
    value: ts.Node,
    annotation: ir.Expr | None,
    start: int,
    end: int,
    out: list[ir.Stmt],
) -> None:
    """`a = b = value`: one assignment, an import, or exports of the one value."""
    value = unwrapped(value)
    while value.type == "assignment_expression":
        inner = code(value)
        if len(inner) != 2:  # noqa: PLR2004 - an error inside
            break
        targets.append(inner[0])
        value = unwrapped(inner[1])
    if len(targets) == 1 and (found := required(c, targets[0], value, start, end)) is not None:
        out.append(found)
        return
    exported = [(exported_as(c, target), target) for target in targets]
    names = [name for name, _ in exported if name and name != "exports"]
    kept = tuple(expression(c, target) for name, target in exported if not name)
    source: ir.Expr | None = None
    if kept or not names:
        kept = kept or expressions(c, targets)
        out.append(ir.Assign(start, end, kept, expression(c, value), annotation))
        source = kept[0]
    elif value.type == "class":
        lowered = lower_class(c, value, name=_class_name(c, value, names[0]))
        out.append(lowered)
        source = ir.Name(lowered.name_start, lowered.name_end, lowered.name)
    for name in names:
        out.append(ir.Export(start, end, name, source or expression(c, value)))
        source = source or ir.Unknown(start, start)


def _class_name(c: Context, node: ts.Node, exported: str) -> str:
    """What an exported class is called: its own name, else that of the export."""
    name = node.child_by_field_name("name")
    if name is not None:
        return c.source(name)
    return "default" if exported == "=" else exported


@lowers_statement("expression_statement")
def _expression_statement(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    for child in node.named_children:
        if child.type == "ERROR":
            statement(c, child, out)
        elif child.type not in NO_CODE:
            evaluated(c, child, start, end, out)


def evaluated(c: Context, node: ts.Node, start: int, end: int, out: list[ir.Stmt]) -> None:
    node = unwrapped(node)
    kind = node.type
    inner = node.named_children
    if kind == "assignment_expression" and len(inner) == 2:  # noqa: PLR2004
        _assigned(c, [inner[0]], inner[1], None, start, end, out)
    elif kind == "augmented_assignment_expression" and len(inner) == 2:  # noqa: PLR2004
        operator = next((one.type for one in node.children if one.type.endswith("=")), "=")
        target, value = expressions(c, inner)
        out.append(ir.Assign(start, end, (target,), value, None, operator[:-1]))
    elif kind == "sequence_expression":
        for one in inner:
            if one.type not in NO_CODE:
                evaluated(c, one, one.start_byte - c.base, one.end_byte - c.base, out)
    elif kind in _DECLARED and node.child_by_field_name("name") is not None:
        # A declaration without its closing brace is taken for an expression.
        out.append(lower_class(c, node) if kind == "class" else lower_function(c, node))
    elif kind == "internal_module":
        statement(c, node, out)
    elif kind == "call_expression" and (module := required_module(c, node)) is not None:
        out.append(ir.Import(start, end, module, ()))
    else:
        out.append(ir.Evaluate(start, end, expression(c, node)))


_DECLARED: Final = frozenset({"function_expression", "generator_function", "class"})
