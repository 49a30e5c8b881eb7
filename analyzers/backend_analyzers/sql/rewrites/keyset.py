"""OFFSET reads and throws away what it skips; a condition on the last row seen begins there."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.keys import is_distinct
from backend_analyzers.sql.rewrites.view import Column, Edit, Rewrite, Select, View, descend


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        if select.scope.role != "top" or select.limit is None or not select.order:
            continue
        offset = _offset(select.limit)
        if offset is None or select.is_grouped or select.distinct or select.distinct_on:
            continue
        if select.where is not None and select.where.kind == "or":
            continue
        yield from _after(view, select, offset)


def _offset(limit: Node) -> Node | None:
    return limit if limit.kind == "offset_clause" else descend(limit, "offset_clause")


def _after(view: View, select: Select, offset: Node) -> Iterator[Rewrite]:
    """Only for an order by columns without NULL, all in one direction, in which no two rows tie."""
    columns: list[Column] = []
    directions = set()
    for item in select.order:
        value = item.children[0] if item.kind == "sortby" else item
        column = view.column(value)
        if column is None or not view.is_required(column, select):
            return
        words = [c.kind for c in item.children[1:]] if item.kind == "sortby" else []
        if len(words) > 1 or (words and words[0] not in {"kw_asc", "kw_desc"}):
            return
        directions.add("<" if "kw_desc" in words else ">")
        columns.append(column)
    if len(directions) != 1 or not is_distinct(view, select, [c.key for c in columns]):
        return
    names = [view.of(i.children[0] if i.kind == "sortby" else i) for i in select.order]
    last = [f":last_{column.name}" for column in columns]
    left, right = ", ".join(names), ", ".join(last)
    if len(names) > 1:
        left, right = f"({left})", f"({right})"
    joint = " AND" if select.where is not None else " WHERE"
    start = offset.start
    while view.text[start - 1 : start].isspace():
        start -= 1
    edits = (
        Edit(select.end, select.end, f"{joint} {left} {directions.pop()} {right}"),
        Edit(start, offset.end, ""),
    )
    yield view.advice("Begin after the last row seen", *edits)
