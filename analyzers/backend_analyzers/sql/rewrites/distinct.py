"""DISTINCT, or GROUP BY without aggregates, over rows that a key tells apart already."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.keys import is_distinct, outputs
from backend_analyzers.sql.rewrites.view import Edit, Rewrite, Select, View, all_nodes


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if select.distinct is not None and is_redundant(view, select):
            yield from view.rewrite("Leave DISTINCT out", cut(view, select.distinct))
        yield from _group(view, select)
    yield from _in_sets(view)
    yield from _counted(view)


def is_redundant(view: View, select: Select) -> bool:
    """Whether no two rows that a query gives can be the same."""
    if select.has_windows and not select.is_grouped:
        return is_distinct(view, select, outputs(view, select))
    if not select.is_grouped:
        return is_distinct(view, select, outputs(view, select))
    keys = select.keys
    if keys is None or not keys:
        return False
    columns = [view.column(key) for key in keys]
    if any(column is None for column in columns):
        return False
    return {column.key for column in columns if column is not None} <= outputs(view, select)


def cut(view: View, node: Node) -> Edit:
    """A word taken away with the space after it."""
    end = node.end
    while view.text[end : end + 1].isspace():
        end += 1
    return Edit(node.start, end, "")


def _group(view: View, select: Select) -> Iterator[Rewrite]:
    """GROUP BY that makes each row a group of its own."""
    keys = select.keys
    if not keys or select.scope.aggregated or select.having is not None or select.group is None:
        return
    columns = [view.column(key) for key in keys]
    known = {column.key for column in columns if column is not None}
    if len(known) == len(keys) and is_distinct(view, select, known) and not select.has_windows:
        start = select.end
        yield from view.rewrite("Leave GROUP BY out", Edit(start, select.group.end, ""))


def _in_sets(view: View) -> Iterator[Rewrite]:
    """Where only membership counts, duplicates do not."""
    for select in view.selects:
        if select.distinct is None or not select.is_plain or select.limit is not None:
            continue
        if select.scope.role in {"in", "exists"} and not select.scope.arms:
            yield from view.rewrite("Leave DISTINCT out", cut(view, select.distinct))


def _counted(view: View) -> Iterator[Rewrite]:
    """`count(DISTINCT id)` over rows that the id tells apart."""
    for node in all_nodes(view.root):
        if node.kind != "func_application" or view.lower(node.children[0]) != "count":
            continue
        word = next((child for child in node.children if child.kind == "kw_distinct"), None)
        listed = next((child for child in node.children if child.kind == "func_arg_list"), None)
        if word is None or listed is None or len(listed.children) != 1:
            continue
        column = view.column(listed.children[0])
        select = next(
            (s for s in view.selects if column is not None and column.source in s.by_number), None
        )
        if select is None or column is None or not _inside(node, select):
            continue
        if view.is_required(column, select) and is_distinct(view, select, [column.key]):
            yield from view.rewrite("Leave DISTINCT out", cut(view, word))


def _inside(node: Node, select: Select) -> bool:
    return any(t.start <= node.start and node.end <= t.end for t in select.targets)
