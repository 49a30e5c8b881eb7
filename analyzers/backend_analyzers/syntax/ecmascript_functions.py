"""Functions, parameters, classes and their members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    NO_CODE,
    Context,
    body,
    code,
    expression,
    lowers_expression,
    lowers_statement,
    sole,
    statement,
    unknown,
)
from backend_analyzers.syntax.ecmascript_text import string
from backend_analyzers.syntax.ecmascript_types import indexed


@lowers_expression(
    "arrow_function", "function_expression", "generator_function", "method_definition"
)
def _lambda(c: Context, node: ts.Node) -> ir.Expr:
    """A method in an object literal has no name of its own: it does not bind one."""
    function = lower_function(c, node, is_named=node.type != "method_definition")
    return ir.Lambda(function.start, function.end, function)


@lowers_statement("function_declaration", "generator_function_declaration")
def _declaration(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    out.append(lower_function(c, node))


@lowers_statement("function_signature", "method_signature", "abstract_method_signature")
def _signature(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """An overload or an abstract method has nothing to run."""
    out.append(ir.Other(node.start_byte - c.base, node.end_byte - c.base))


class _Parts(NamedTuple):
    name: ts.Node | None
    parameters: ts.Node | None
    block: ts.Node | None
    returns: ts.Node | None
    words: frozenset[str]
    """`async`, `static`, `*` and the like."""


_RETURNS: Final = frozenset({"type_annotation", "type_predicate_annotation", "asserts_annotation"})
_BESIDE: Final = NO_CODE | {"type_parameters", "decorator", "accessibility_modifier"}


def _parts(node: ts.Node) -> _Parts:
    name = parameters = block = returns = None
    words: list[str] = []
    is_arrow = node.type == "arrow_function"
    for child in node.children:
        kind = child.type
        if not child.is_named:
            words.append(kind)
        elif kind == "formal_parameters":
            parameters = child
        elif kind == "statement_block" and not is_arrow:
            block = child
        elif kind in _RETURNS:
            returns = child
        elif kind in _BESIDE or kind == "ERROR":
            continue
        elif not is_arrow:
            name = name or child
        elif "=>" in words:
            block = child
        else:
            parameters = child
    return _Parts(name, parameters, block, returns, frozenset(words))


def lower_function(
    c: Context,
    node: ts.Node,
    *,
    start: int | None = None,
    decorators: tuple[ir.Expr, ...] = (),
    is_named: bool = True,
    name: ts.Node | None = None,
) -> ir.Function:
    """A function of any spelling; `name` is that of the field that an arrow function is in."""
    parts = _parts(node)
    begin = node.start_byte - c.base if start is None else start
    named = name or (parts.name if is_named else None)
    in_switch, c.in_switch = c.in_switch, False
    block = _block(c, parts.block)
    parameters: tuple[ir.Parameter, ...] = ()
    if parts.parameters is not None:
        parameters = _parameters(c, parts.parameters)
        block = (*_properties(c, parts), *block)
    c.in_switch = in_switch
    return ir.Function(
        begin,
        node.end_byte - c.base,
        _name(c, named),
        begin if named is None else named.start_byte - c.base,
        begin if named is None else named.end_byte - c.base,
        parameters,
        block,
        decorators=decorators,
        returns=None if parts.returns is None else expression(c, parts.returns),
        is_async="async" in parts.words,
        is_generator="*" in parts.words,
        is_static="static" in parts.words or "static get" in parts.words,
    )


def _block(c: Context, node: ts.Node | None) -> tuple[ir.Stmt, ...]:
    """The body; that of an arrow function may be an expression."""
    if node is None or node.type == "statement_block":
        return body(c, node)
    return (ir.Return(node.start_byte - c.base, node.end_byte - c.base, expression(c, node)),)


def _name(c: Context, node: ts.Node | None) -> str:
    if node is None:
        return ""
    if node.type == "string":
        return string(c, node).constant or ""
    return c.source(node)


# Parameters --------------------------------------------------------------------------------------


def _parameters(c: Context, node: ts.Node) -> tuple[ir.Parameter, ...]:
    if node.type != "formal_parameters":
        return (_parameter(c, node, node),)
    found = []
    for child in code(node):
        kind = child.type
        if kind in {"required_parameter", "optional_parameter"}:
            pattern = child.child_by_field_name("pattern")
            if pattern is None or pattern.type == "this":
                continue
            annotation = child.child_by_field_name("type")
            default = child.child_by_field_name("value")
            found.append(_parameter(c, child, pattern, annotation, default))
        elif kind == "assignment_pattern":
            inner = code(child)
            default = inner[1] if len(inner) == 2 else None  # noqa: PLR2004
            found.append(_parameter(c, child, inner[0] if inner else child, None, default))
        elif kind != "ERROR":
            found.append(_parameter(c, child, child))
    return tuple(found)


def _parameter(
    c: Context,
    node: ts.Node,
    pattern: ts.Node,
    annotation: ts.Node | None = None,
    default: ts.Node | None = None,
) -> ir.Parameter:
    is_rest = pattern.type == "rest_pattern"
    inner = code(pattern) if is_rest else []
    target = inner[0] if inner else pattern
    is_plain = target.type == "identifier"
    return ir.Parameter(
        node.start_byte - c.base,
        node.end_byte - c.base,
        c.source(target) if is_plain else "",
        None if annotation is None else expression(c, annotation),
        None if default is None else expression(c, default),
        "*" if is_rest else "",
        None if is_plain else expression(c, target),
    )


def _properties(c: Context, parts: _Parts) -> Iterator[ir.Stmt]:
    """`constructor(private db: Pool)` assigns its parameter to `this.db`."""
    if parts.name is None or parts.parameters is None or _name(c, parts.name) != "constructor":
        return
    for child in parts.parameters.named_children:
        pattern = child.child_by_field_name("pattern")
        if pattern is None or pattern.type != "identifier":
            continue
        if not any(word.type in _PROPERTY_WORDS for word in child.children):
            continue
        start, end = pattern.start_byte - c.base, pattern.end_byte - c.base
        name = c.source(pattern)
        this = ir.Attribute(start, end, ir.Name(start, start, "this"), name, start)
        annotation = child.child_by_field_name("type")
        yield ir.Assign(
            start,
            end,
            (this,),
            ir.Name(start, end, name),
            None if annotation is None else expression(c, annotation),
        )


_PROPERTY_WORDS: Final = frozenset({"accessibility_modifier", "override_modifier", "readonly"})


# Classes -----------------------------------------------------------------------------------------

CLASSES: Final = frozenset({"class_declaration", "abstract_class_declaration", "class"})


@lowers_statement("class_declaration", "abstract_class_declaration")
def _class_declaration(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    out.append(lower_class(c, node))


@lowers_expression("class")
def _class_expression(c: Context, node: ts.Node) -> ir.Expr:
    """The ir has no class that is a value; its methods are functions all the same."""
    lowered = lower_class(c, node)
    found: list[ir.Expr] = [base.value for base in lowered.bases]
    for one in lowered.body:
        if isinstance(one, ir.Function):
            found.append(ir.Lambda(one.start, one.end, one))
        elif isinstance(one, ir.Assign) and one.value is not None:
            found.append(one.value)
    return ir.Unknown(lowered.start, lowered.end, tuple(found))


def lower_class(
    c: Context,
    node: ts.Node,
    *,
    name: str = "",
    decorators: Sequence[ts.Node] = (),
    end: int | None = None,
) -> ir.Class:
    """A class.  With `end` only its header, and decorators from before an `export` with it."""
    start = node.start_byte - c.base
    name_start = name_end = start
    bases: tuple[ir.Argument, ...] = ()
    members: list[ir.Stmt] = []
    outside = [expression(c, decorator) for decorator in decorators]
    for child in node.children:
        kind = child.type
        if kind == "decorator":
            outside.append(expression(c, child))
        elif kind in {"identifier", "type_identifier"}:
            own = c.source(child)
            if name in {"", own}:
                name = own
                name_start, name_end = child.start_byte - c.base, child.end_byte - c.base
        elif kind == "class_heritage":
            bases = tuple(_bases(c, child))
        elif kind == "class_body" and end is None:
            for one in class_members(child):
                lower_member(c, one, members)
    return ir.Class(
        0 if end is not None else start,
        node.end_byte - c.base if end is None else end,
        name,
        name_start,
        name_end,
        bases,
        tuple(members),
        tuple(outside),
    )


def _bases(c: Context, heritage: ts.Node) -> Iterator[ir.Argument]:
    for child in code(heritage):
        kind = child.type
        if kind not in {"extends_clause", "implements_clause"}:
            value = expression(c, child)
            yield ir.Argument(value.start, value.end, value)
            continue
        name = "" if kind == "extends_clause" else "implements"
        base: ir.Expr | None = None
        for part in code(child):
            if part.type == "type_arguments" and base is not None:
                base = indexed(c, base, part)
                continue
            if base is not None:
                yield ir.Argument(base.start, base.end, base, name)
            base = expression(c, part)
        if base is not None:
            yield ir.Argument(base.start, base.end, base, name)


class Member(NamedTuple):
    """A member of a class, with the decorators that TypeScript's grammar puts before it."""

    node: ts.Node
    start: int
    decorators: tuple[ts.Node, ...]


def class_members(class_body: ts.Node) -> Iterator[Member]:
    """The members; those inside an error are members too."""
    decorators: list[ts.Node] = []
    stack = class_body.named_children[::-1]
    while stack:
        child = stack.pop()
        kind = child.type
        if kind == "decorator":
            decorators.append(child)
        elif kind == "ERROR":
            stack.extend(reversed(child.named_children))
        elif kind not in NO_CODE:
            start = decorators[0].start_byte if decorators else child.start_byte
            yield Member(child, start, tuple(decorators))
            decorators.clear()


def lower_member(c: Context, member: Member, out: list[ir.Stmt]) -> None:
    """A method, a field, a static block, or a signature without a body."""
    node = member.node
    kind = node.type
    if kind == "method_definition":
        inner = [child for child in node.named_children if child.type == "decorator"]
        decorators = tuple(expression(c, one) for one in (*member.decorators, *inner))
        start = member.start - c.base
        out.append(lower_function(c, node, start=start, decorators=decorators))
    elif kind in {"field_definition", "public_field_definition"}:
        _field(c, member, out)
    elif kind == "class_static_block":
        block = node.child_by_field_name("body")
        start, end = node.start_byte - c.base, node.end_byte - c.base
        out.append(ir.Other(start, end, (), body(c, block)))
    elif kind == "index_signature":
        out.append(ir.Other(node.start_byte - c.base, node.end_byte - c.base))
    else:
        statement(c, node, out)


def _field(c: Context, member: Member, out: list[ir.Stmt]) -> None:
    """A field.  One that holds a function is a method; one with decorators is wrapped, since an
    assignment has none."""
    node = member.node
    start, end = member.start - c.base, node.end_byte - c.base
    name = annotation = value = None
    words: list[str] = []
    decorators = list(member.decorators)
    for child in node.children:
        kind = child.type
        if not child.is_named:
            words.append(kind)
        elif kind == "decorator":
            decorators.append(child)
        elif kind == "type_annotation":
            annotation = child
        elif kind in _FIELD_WORDS:
            continue
        elif "=" in words:
            value = child
        else:
            name = name or child
    lowered = tuple(expression(c, one) for one in decorators)
    if name is None:
        out.append(ir.Other(start, end, (*lowered, unknown(c, node))))
        return
    if value is not None and value.type in {"arrow_function", "function_expression"}:
        function = lower_function(c, value, start=start, decorators=lowered, name=name)
        is_static = "static" in words
        out.append(msgspec.structs.replace(function, end=end, is_static=is_static))
        return
    assign = ir.Assign(
        start,
        end,
        (_field_target(c, name),),
        None if value is None else expression(c, value),
        None if annotation is None else expression(c, annotation),
    )
    out.append(ir.Other(start, end, lowered, (assign,)) if lowered else assign)


_FIELD_WORDS: Final = NO_CODE | {"accessibility_modifier", "override_modifier", "ERROR"}


def _field_target(c: Context, node: ts.Node) -> ir.Expr:
    if node.type == "computed_property_name":
        return sole(c, node)
    quote = 1 if node.type == "string" else 0
    start, end = node.start_byte + quote - c.base, node.end_byte - quote - c.base
    return ir.Name(start, end, _name(c, node))
