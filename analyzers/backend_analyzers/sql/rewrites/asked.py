"""A statement as a query of the rows that it reads, so that two of them can be compared."""

from __future__ import annotations

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import View


def as_query(view: View) -> str | None:
    """A SELECT as it is; for UPDATE and DELETE one that gives the rows they change, and what they write."""
    if view.statement.kind == "select":
        return view.text.decode(errors="replace")
    change = _first(view.root, {"UpdateStmt", "DeleteStmt"})
    if change is None:
        return None
    parts = {part.kind: part for part in change.children}
    target = parts.get("relation_expr_opt_alias")
    where = parts.get("where_or_current_clause")
    if target is None or where is None or where.kind == "kw_current" or "with_clause" in parts:
        return None
    written = parts.get("set_clause_list")
    others = parts.get("from_clause") or parts.get("using_clause")
    outputs = _text(view, written) if written is not None else "*"
    tables = _text(view, target)
    if others is not None:
        tables = f"{tables}, {_text(view, others.children[-1])}"
    return f"SELECT {outputs} FROM {tables} {_text(view, where)}"  # noqa: S608 - text of theirs


def _first(node: Node, kinds: set[str]) -> Node | None:
    if node.kind in kinds:
        return node
    for child in node.children:
        found = _first(child, kinds)
        if found is not None:
            return found
    return None


def _text(view: View, node: Node) -> str:
    return view.text[node.start : node.end].decode(errors="replace")
