"""Imports and exports, of ES modules and of CommonJS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.ecmascript_context import (
    STATEMENTS,
    Context,
    code,
    expression,
    lowers_statement,
    statement,
    unwrapped,
)
from backend_analyzers.syntax.ecmascript_functions import CLASSES, lower_class
from backend_analyzers.syntax.ecmascript_text import string

NAMESPACE: Final = ""
"""The name in an `Imported` that stands for the whole module."""


@lowers_statement("import_statement")
def _import(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    module = ""
    names: list[ir.Imported] = []
    for child in node.named_children:
        kind = child.type
        if kind == "string":
            module = string(c, child).constant or ""
        elif kind == "import_clause":
            names += _clause(c, child)
        elif kind == "import_require_clause":
            source = child.child_by_field_name("source")
            module = "" if source is None else string(c, source).constant or ""
            names += [_imported(c, one, "") for one in code(child) if one.type == "identifier"]
    out.append(ir.Import(node.start_byte - c.base, node.end_byte - c.base, module, tuple(names)))


def _imported(c: Context, node: ts.Node, name: str) -> ir.Imported:
    return ir.Imported(node.start_byte - c.base, node.end_byte - c.base, name, c.source(node))


def _clause(c: Context, clause: ts.Node) -> Iterator[ir.Imported]:
    for child in code(clause):
        kind = child.type
        if kind == "identifier":
            yield _imported(c, child, "default")
        elif kind == "namespace_import":
            yield from (_imported(c, one, NAMESPACE) for one in code(child))
        elif kind == "named_imports":
            for specifier in code(child):
                inner = code(specifier)
                if specifier.type == "import_specifier" and inner:
                    start, end = specifier.start_byte - c.base, specifier.end_byte - c.base
                    name = _exported_name(c, inner[0])
                    yield ir.Imported(start, end, name, c.source(inner[-1]))


@lowers_statement("import_alias")
def _import_alias(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    """`import Order = models.Order`"""
    inner = [expression(c, one) for one in code(node)]
    start, end = node.start_byte - c.base, node.end_byte - c.base
    if len(inner) == 2:  # noqa: PLR2004
        out.append(ir.Assign(start, end, (inner[0],), inner[1]))


def required(c: Context, target: ts.Node, value: ts.Node, start: int, end: int) -> ir.Import | None:
    """The import that `target = value` is: of `require("m")`, `require("m").a` or
    `await import("m")`, bound to a name or taken apart."""
    value = unwrapped(value)
    path: list[str] = []
    while value.type == "member_expression":
        inner = code(value)
        path.append(c.source(inner[-1]))
        value = unwrapped(inner[0])
    module = required_module(c, value)
    if module is None:
        return None
    path.reverse()
    names = _bound(c, target, ".".join(path))
    return None if names is None else ir.Import(start, end, module, names)


def required_module(c: Context, node: ts.Node) -> str | None:
    """The module of a `require` or an awaited `import` with a constant argument."""
    word = "require"
    if node.type == "await_expression":
        inner = code(node)
        if len(inner) != 1:
            return None
        node = inner[0]
        word = "import"
    if node.type != "call_expression":
        return None
    function, arguments = node.children[0], node.children[-1]
    if c.text[function.start_byte : function.end_byte] != word.encode():
        return None
    given = code(arguments)
    if not given or given[0].type != "string":
        return None
    return string(c, given[0]).constant


def _bound(c: Context, target: ts.Node, prefix: str) -> tuple[ir.Imported, ...] | None:
    if target.type == "identifier":
        return (_imported(c, target, prefix),)
    if target.type != "object_pattern":
        return None
    dot = "." if prefix else ""
    names: list[ir.Imported] = []
    for child in code(target):
        name: ts.Node | None = child
        alias: ts.Node | None = child
        if child.type == "pair_pattern":
            name, alias = child.child_by_field_name("key"), child.child_by_field_name("value")
        elif child.type == "object_assignment_pattern":
            name = alias = child.child_by_field_name("left")
        elif child.type == "rest_pattern":
            names += [_imported(c, one, prefix) for one in code(child)]
            continue
        if name is None or alias is None or name.type not in _KEYS or alias.type not in _ALIASES:
            return None
        start, end = child.start_byte - c.base, child.end_byte - c.base
        names.append(ir.Imported(start, end, prefix + dot + c.source(name), c.source(alias)))
    return tuple(names)


_ALIASES: Final = frozenset({"identifier", "shorthand_property_identifier_pattern"})
_KEYS: Final = frozenset({"property_identifier", "shorthand_property_identifier_pattern"})


# Exports -----------------------------------------------------------------------------------------


def exported_as(c: Context, target: ts.Node) -> str:
    """The name under which an assignment to `target` exports: `=` for `module.exports` itself, `exports`
    for the variable that is the same object, empty when it exports nothing."""
    start = target.start_byte
    if not c.text.startswith((b"exports", b"module.exports"), start):
        return ""
    found = _EXPORTS.fullmatch(c.text, start, target.end_byte)
    if found is None:
        return ""
    if found[2] is not None:
        return found[2].decode(errors="replace")
    return "=" if found[1] else "exports"


_EXPORTS: Final = re.compile(rb"(module\.)?exports(?:\.([\w$\x80-\xff]+))?")


@lowers_statement("export_statement")
def _export(c: Context, node: ts.Node, out: list[ir.Stmt]) -> None:
    decorators = [child for child in node.named_children if child.type == "decorator"]
    words = {child.type for child in node.children if not child.is_named}
    for child in node.named_children:
        kind = child.type
        if kind in CLASSES and (kind != "class" or "default" in words):
            lowered = lower_class(c, child, name=class_name(c, child), decorators=decorators)
            out.append(lowered)
            if "default" in words:
                out.append(default_export(c, node, lowered.name))
        elif kind in {"export_clause", "namespace_export"} or kind == "string":
            continue
        elif kind in STATEMENTS:
            statement(c, child, out)
            name = child.child_by_field_name("name") if "default" in words else None
            if name is not None:
                out.append(default_export(c, node, c.source(name)))
        elif kind not in {"decorator", "comment"} and "as" not in words:
            start, end = node.start_byte - c.base, node.end_byte - c.base
            name_ = "=" if "=" in words else "default"
            out.append(ir.Export(start, end, name_, expression(c, child)))
    out += _clauses(c, node, words)


def class_name(c: Context, node: ts.Node) -> str:
    """The name of an exported class, which may be none but `default`."""
    name = node.child_by_field_name("name")
    return "default" if name is None else c.source(name)


def default_export(c: Context, node: ts.Node, name: str) -> ir.Export:
    start = node.start_byte - c.base
    return ir.Export(start, start, "default", ir.Name(start, start, name))


def _clauses(c: Context, node: ts.Node, words: set[str]) -> Iterator[ir.Stmt]:
    start, end = node.start_byte - c.base, node.end_byte - c.base
    source = node.child_by_field_name("source")
    module = "" if source is None else string(c, source).constant or ""
    if "*" in words:
        yield ir.Export(start, end, "*", None, module)
    for child in node.named_children:
        if child.type == "namespace_export":
            for one in code(child):
                name = _exported_name(c, one)
                at, to = one.start_byte - c.base, one.end_byte - c.base
                yield ir.Import(start, end, module, (ir.Imported(at, to, NAMESPACE, name),))
                yield ir.Export(start, end, name, ir.Name(at, to, name))
        elif child.type == "export_clause":
            for specifier in code(child):
                inner = [one for one in specifier.children if one.type not in _NOT_NAMES]
                if not inner:
                    continue
                local = inner[0]
                at, to = local.start_byte - c.base, local.end_byte - c.base
                value = ir.Name(at, to, _exported_name(c, local))
                name = _exported_name(c, inner[-1])
                begin, stop = specifier.start_byte - c.base, specifier.end_byte - c.base
                yield ir.Export(begin, stop, name, value, module)


_NOT_NAMES: Final = frozenset({"type", "typeof", "as", "comment", "ERROR"})


def _exported_name(c: Context, node: ts.Node) -> str:
    if node.type == "string":
        return string(c, node).constant or ""
    return c.source(node)
