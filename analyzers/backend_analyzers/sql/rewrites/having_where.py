"""A condition on what is grouped by can be asked before the groups are made."""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.rewrites.view import Edit, Rewrite, Select, View, all_nodes, conjuncts


def rewrite(view: View) -> Iterator[Rewrite]:
    for select in view.selects:
        keys = select.keys
        if not select.is_plain or select.having is None or select.group is None or not keys:
            continue
        parts = conjuncts(select.having)
        movable = [part for part in parts if _is_about(view, part, keys)]
        if movable:
            yield from _moved(view, select, parts, movable)


def _is_about(view: View, part: Node, keys: list[Node]) -> bool:
    """Whether a condition reads only what is grouped by."""
    if any(
        n.kind in {"func_application", "func_expr", "select_with_parens"} for n in all_nodes(part)
    ):
        return False
    grouped = {column.key for key in keys if (column := view.column(key)) is not None}
    columns = [view.stored(ref) for ref in view.columns_in(part.start, part.end)]
    return bool(columns) and all(c is not None and c.key in grouped for c in columns)


def _moved(view: View, select: Select, parts: list[Node], movable: list[Node]) -> Iterator[Rewrite]:
    assert select.group is not None
    assert select.having_clause is not None
    assert select.having is not None
    stay = [part for part in parts if part not in movable]
    texts = [view.qualified(part.start, part.end) for part in movable]
    if None in texts:
        return
    text = " AND ".join(
        f"({t})" if part.kind == "or" else str(t) for t, part in zip(texts, movable, strict=True)
    )
    if select.where is None:
        put = Edit(select.end, select.end, f" WHERE {text}")
    elif select.where.kind == "or":
        put = Edit(select.where.start, select.where.end, f"({view.of(select.where)}) AND {text}")
    else:
        put = Edit(select.where.end, select.where.end, f" AND {text}")
    if stay:
        gone = Edit(select.having.start, select.having.end, view.all_of(*stay))
    else:
        gone = Edit(select.group.end, select.having_clause.end, "")
    yield from view.rewrite("Ask before the groups are made", put, gone)
