"""The parts of a query that do not nest: outputs, limits, lists of names."""

from __future__ import annotations

from backend_analyzers.sql.building import Building, Level
from backend_analyzers.sql.expressions import operand, walk
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import Clause, ColumnRef, Limit, Output, Star

LIMITS = frozenset({"limit_clause", "offset_clause", "select_limit", "opt_select_limit"})


def outputs(building: Building, node: Node, level: Level, clause: Clause) -> None:
    """The columns that a query gives."""
    for target in node.children:
        alias: Node | None = None
        value = target
        if target.kind == "target_el":
            parts = [child for child in target.children if child.kind != "kw_as"]
            value = parts[0]
            alias = parts[1] if len(parts) > 1 else None
        if value.kind == "*" or (value.kind == "columnref" and _is_star(value)):
            _star(building, value, level, clause)
        elif value.kind == "ERROR":
            walk(building, value, level, clause)
            building.doubt(level)
        else:
            _output(building, value, alias, level, clause)


def limit(building: Building, node: Node, level: Level) -> None:
    if node.kind in {"select_limit", "opt_select_limit"}:
        for child in node.children:
            limit(building, child, level)
        return
    values = [c for c in node.children[1:] if c.kind not in {"row_or_rows", ","}]
    keywords = {"kw_first", "kw_next", "kw_row", "kw_rows", "kw_only", "kw_with", "kw_ties"}
    values = [value for value in values if value.kind not in keywords]
    for value in values:
        walk(building, value, level, "limit")
    if node.kind == "offset_clause":
        level.offset = _bound(building, values[0] if values else node)
    else:
        level.limit = _bound(building, values[-1] if values else node)
        if node.has(","):
            level.offset = _bound(building, values[0])


def names(building: Building, node: Node) -> list[str]:
    """The names of a list such as ``(a, b)``; an unknown name is left out."""
    if not node.children:
        name = building.name(node) if node.kind not in {"(", ")", ","} else None
        return [name] if name else []
    return [name for child in node.children for name in names(building, child)]


def _is_star(node: Node) -> bool:
    tail = node.children[-1]
    while tail.children:
        tail = tail.children[-1]
    return tail.kind == "*"


def _star(building: Building, node: Node, level: Level, clause: Clause) -> None:
    qualifier = tuple(name for name, _ in building.path(node) if name not in {None, "*"})
    if building.in_hole(node.start, node.end):
        building.doubt()
    building.stars.append(
        Star(
            start=node.start,
            end=node.end,
            qualifier=tuple(str(name) for name in qualifier),
            scope=level.number,
            clause="returning" if clause == "returning" else "select",
            in_exists=level.role == "exists",
        )
    )
    level.outputs.append(Output(None, node.start, node.end, star=True))


def _output(
    building: Building, value: Node, alias: Node | None, level: Level, clause: Clause
) -> None:
    if alias is None and value.kind == "columnref" and building.in_hole(value.start, value.end):
        building.doubt()
    found = operand(building, value, level, clause)
    column: ColumnRef | None = found.column
    name = column.name if column else None
    if found.kind == "cast" and found.arguments and found.arguments[0].column:
        name = found.arguments[0].column.name
    elif found.kind == "function" and "." not in found.name:
        name = found.name
    if alias is not None:
        name = building.name(alias)
        if name is None:
            building.doubt(level)
    end = alias.end if alias else value.end
    level.outputs.append(Output(name, value.start, end, aliased=alias is not None, column=column))


def _bound(building: Building, node: Node) -> Limit:
    text = building.source(node.start, node.end)
    if building.in_hole(node.start, node.end):
        return Limit(text, node.start, node.end, "hole")
    if node.kind == "param" or node.start in building.parameter_starts:
        return Limit(text, node.start, node.end, "parameter")
    if node.kind in {"kw_all", "kw_null"}:
        return Limit(text, node.start, node.end, "all")
    kind = "expression" if node.children and not text.lower().startswith("fetch") else "constant"
    return Limit(text, node.start, node.end, "constant" if kind == "constant" else "expression")
