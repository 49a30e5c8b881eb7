"""Python's imports."""

from __future__ import annotations

import tree_sitter as ts

from backend_analyzers import ir
from backend_analyzers.syntax.python_context import Context, lowers_statement


def imports(c: Context, node: ts.Node) -> list[ir.Import]:
    """One import for each module that `import a, b.c as d` names."""
    named = [child for child in node.named_children if child.type in _MODULES]
    if len(named) == 1:
        whole = imported(c, named[0])
        start, end = node.start_byte - c.base, node.end_byte - c.base
        return [ir.Import(start, end, whole.module, whole.names)]
    return [imported(c, child) for child in named]


_MODULES = frozenset({"dotted_name", "aliased_import"})


def imported(c: Context, node: ts.Node) -> ir.Import:
    """`import a.b` binds `a`, and `a.b` is then an attribute; `import a.b as c` binds `a.b`."""
    name, alias = _name_and_alias(c, node)
    if not alias:
        name = alias = name.partition(".")[0]
    start, end = node.start_byte - c.base, node.end_byte - c.base
    return ir.Import(start, end, name, (ir.Imported(start, end, "", alias),))


@lowers_statement("import_statement")
def _import(c: Context, node: ts.Node) -> ir.Stmt:
    """As a unit; inside of blocks `imports` is used instead."""
    found = imports(c, node)
    if len(found) == 1:
        return found[0]
    return ir.Other(node.start_byte - c.base, node.end_byte - c.base, (), tuple(found))


@lowers_statement("import_from_statement", "future_import_statement")
def _import_from(c: Context, node: ts.Node) -> ir.Stmt:
    module = "__future__" if node.type == "future_import_statement" else ""
    names = []
    after_import = False
    for child in node.children:
        kind = child.type
        start, end = child.start_byte - c.base, child.end_byte - c.base
        if kind == "import":
            after_import = True
        elif not after_import:
            if kind in {"dotted_name", "relative_import"}:
                module = "".join(c.source(child).split())
        elif kind == "wildcard_import":
            names.append(ir.Imported(start, end, "*", ""))
        elif kind in _MODULES:
            name, alias = _name_and_alias(c, child)
            names.append(ir.Imported(start, end, name, alias or name))
    return ir.Import(node.start_byte - c.base, node.end_byte - c.base, module, tuple(names))


def _name_and_alias(c: Context, node: ts.Node) -> tuple[str, str]:
    if node.type == "dotted_name":
        return "".join(c.source(node).split()), ""
    name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
    return (
        "".join(c.source(name).split()) if name is not None else "",
        c.source(alias) if alias is not None else "",
    )
