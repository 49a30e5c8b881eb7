"""Queries and data-changing statements: scopes, tables, outputs out of the small tree."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers.sql.building import Building, Level
from backend_analyzers.sql.clauses import LIMITS, limit, names, outputs
from backend_analyzers.sql.expressions import QUERIES, condition, walk
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.sources import from_items, target_table
from backend_analyzers.sql.statement import (
    Clause,
    Cte,
    Output,
    ScopeRole,
    Star,
)

_WITH = frozenset({"with_clause", "opt_with_clause"})
_SORTS = frozenset({"sort_clause", "opt_sort_clause"})
_SET_OPERATIONS = frozenset({"kw_union", "kw_intersect", "kw_except"})
CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


def nested(building: Building, node: Node, level: Level, role: ScopeRole) -> int | None:
    """A query inside an expression of ``level``."""
    if node.kind not in QUERIES:
        walk(building, node, level, "where")
        return None
    return query(building, node, level.number, role).number


def statement(building: Building, node: Node) -> None:
    """Lower the one statement that is below the root."""
    found = _principal(node)
    if found is None:
        if node.children:
            building.doubt()
            _recover(building, node)
    elif found.kind in CHANGES:
        change(building, found, None, "top")
    else:
        query(building, found, None, "top")


def query(
    building: Building,
    node: Node,
    parent: int | None,
    role: ScopeRole,
    *,
    isolated: bool = False,
) -> Level:
    """Lower a query with all its parts into a new scope."""
    level = building.level(node, parent, role, isolated=isolated)
    core = _unwrapped(building, node, level)
    if core.kind == "select_no_parens":
        parts = core.children
        with_clause = next((p for p in parts if p.kind in _WITH), None)
        if with_clause is not None:
            with_queries(building, with_clause, level)
        for part in parts:
            if part.kind in {"simple_select", "values_clause"}:
                _body(building, part, level)
            elif part.kind in QUERIES:
                _arms(building, [part], level)
        for part in parts:
            _tail(building, part, level)
    else:
        _body(building, core, level)
    return level


def change(building: Building, node: Node, parent: int | None, role: ScopeRole) -> Level:
    """Lower INSERT, UPDATE, DELETE or MERGE."""
    level = building.level(node, parent, role, isolated=parent is not None)
    for part in node.children:
        if part.kind in _WITH:
            with_queries(building, part, level)
    match node.kind:
        case "InsertStmt":
            level.kind = "insert"
            _insert(building, node, level)
        case "UpdateStmt":
            level.kind = "update"
        case "DeleteStmt":
            level.kind = "delete"
        case _:
            level.kind = "merge"
    for part in node.children:
        _change_part(building, part, level)
    return level


def with_queries(building: Building, node: Node, level: Level) -> None:
    """Note WITH queries: each sees those before it, and with RECURSIVE all."""
    recursive = node.has("kw_recursive")
    tables = [c for part in node.children if part.kind == "cte_list" for c in part.children]
    places: list[tuple[Node, str, int]] = []
    for table in tables:
        if table.kind != "common_table_expr":
            building.doubt(level)
            continue
        name = building.name(table.children[0])
        if name is None:
            building.doubt(level)
            continue
        index = len(building.ctes)
        building.ctes.append(_cte(building, table, name, level, recursive=recursive))
        places.append((table, name, index))
        if recursive:
            level.ctes[name] = index
        else:
            _cte_body(building, table, index, level)
            level.ctes[name] = index
    if recursive:
        for table, _, index in places:
            _cte_body(building, table, index, level)


def _cte(building: Building, table: Node, name: str, level: Level, *, recursive: bool) -> Cte:
    head = table.children[0]
    columns = table.first("opt_name_list", "name_list")
    return Cte(
        name=name,
        columns=tuple(names(building, columns)) if columns else (),
        scope=level.number,
        body=None,
        recursive=recursive,
        start=table.start,
        end=table.end,
        name_start=head.start,
        name_end=head.end,
    )


def _cte_body(building: Building, table: Node, index: int, level: Level) -> None:
    body: Level | None = None
    for part in table.children:
        if part.kind in QUERIES:
            body = query(building, part, level.number, "cte", isolated=True)
        elif part.kind in CHANGES:
            body = change(building, part, level.number, "cte")
    if body is None:
        building.doubt()
        return
    old = building.ctes[index]
    building.ctes[index] = Cte(
        name=old.name,
        columns=old.columns,
        scope=old.scope,
        body=body.number,
        recursive=old.recursive,
        start=old.start,
        end=old.end,
        name_start=old.name_start,
        name_end=old.name_end,
    )


def _principal(node: Node) -> Node | None:
    """The query or change below the root, through EXPLAIN, PREPARE, CREATE … AS."""
    current = [node]
    for _ in range(6):
        following: list[Node] = []
        for candidate in current:
            if candidate.kind in CHANGES or candidate.kind in QUERIES:
                return candidate
            following.extend(c for c in candidate.children if c.children)
        current = following[:64]
    return None


def _recover(building: Building, node: Node) -> None:
    """Whole tables and columns out of the pieces of a statement that does not parse."""
    level = building.level(node, None, "top")
    level.kind = "other"
    level.open = True
    stack = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if child.kind in QUERIES:
            query(building, child, level.number, "subquery")
        elif child.kind == "table_ref":
            from_items(building, child, level, query)
        elif child.kind == "relation_expr_opt_alias":
            target_table(building, child, level)
        elif child.kind == "columnref":
            walk(building, child, level, "where")
        else:
            stack.extend(reversed(child.children))


def _unwrapped(building: Building, node: Node, level: Level) -> Node:
    core = node
    while core.kind == "select_with_parens":
        inner = core.first("select_no_parens", "simple_select", "select_with_parens")
        inner = inner or core.first("values_clause")
        if any(child.kind in {"ERROR", "MISSING"} for child in core.children):
            building.doubt(level)
        if inner is None:
            return core
        core = inner
    return core


def _arms(building: Building, arms: Iterable[Node], level: Level) -> None:
    level.kind = "set"
    for arm in arms:
        level.arms.append(query(building, arm, level.number, "arm").number)
    if level.arms:
        first = building.levels[level.arms[0]]
        level.outputs = list(first.outputs)
        level.list_end = first.list_end


def _body(building: Building, node: Node, level: Level) -> None:
    """SELECT, VALUES, TABLE or a set operation, without WITH, ORDER BY and LIMIT."""
    if node.kind == "values_clause":
        _values(building, node, level)
        return
    children = node.children
    if any(child.kind in _SET_OPERATIONS for child in children):
        _arms(building, [child for child in children if child.kind in QUERIES], level)
        return
    if children and children[0].kind == "kw_table":
        from_items(building, node, level, query)
        star = Star(node.start, node.end, (), level.number, "select", level.role == "exists")
        level.outputs.append(Output(None, star.start, star.end, star=True))
        return
    for part in children:
        if part.kind == "from_clause":
            level.list_end = part.start
            from_items(building, part, level, query)
    for part in children:
        _select_part(building, part, level)


def _select_part(building: Building, part: Node, level: Level) -> None:
    match part.kind:
        case "target_list":
            outputs(building, part, level, "select")
        case "distinct_clause" | "kw_distinct":
            # DISTINCT ON sees the names of the select list, as ORDER BY does.
            level.distinct = True
            walk(building, part, level, "order")
        case "where_clause" | "where_or_current_clause":
            _where(building, part, level, "where")
        case "group_clause":
            level.grouped = True
            walk(building, part, level, "group")
        case "having_clause":
            _where(building, part, level, "having")
        case "window_clause":
            walk(building, part, level, "window")
        case "from_clause" | "kw_select" | "kw_all":
            pass
        case _:
            walk(building, part, level, "select")


def _where(building: Building, node: Node, level: Level, clause: Clause) -> None:
    level.filtered = level.filtered or clause == "where"
    if node.has("kw_current"):
        return
    for child in node.children[1:]:
        condition(building, child, level, clause)


def _values(building: Building, node: Node, level: Level) -> None:
    level.kind = "values"
    rows = [child for child in node.children if child.kind == "expr_list"]
    if rows:
        level.outputs = [
            Output(f"column{index}", value.start, value.end)
            for index, value in enumerate(rows[0].children, 1)
        ]
    for child in node.children:
        walk(building, child, level, "values")


def _tail(building: Building, part: Node, level: Level) -> None:
    if part.kind in _SORTS:
        level.ordered = True
        walk(building, part, level, "order")
    elif part.kind in LIMITS:
        limit(building, part, level)
    elif part.kind == "ERROR":
        building.doubt(level)


def _insert(building: Building, node: Node, level: Level) -> None:
    target = node.first("insert_target")
    if target is None:
        building.doubt(level)
        return
    target_table(building, target, level)
    rest = node.first("insert_rest", *QUERIES)
    if rest is None:
        return
    parts = [rest] if rest.kind in QUERIES else rest.children
    for part in parts:
        if part.kind == "insert_column_list":
            for item in part.children:
                building.column(building.path(item), level, "insert")
                if building.in_hole(item.start, item.end):
                    building.doubt()
        elif part.kind in QUERIES:
            query(building, part, level.number, "source", isolated=True)
        elif part.kind == "ERROR":
            building.doubt(level)


def _change_part(building: Building, part: Node, level: Level) -> None:
    match part.kind:
        case "relation_expr_opt_alias":
            target_table(building, part, level)
        case "set_clause_list":
            _assignments(building, part, level)
        case "from_clause" | "using_clause" | "table_ref" | "from_list":
            from_items(building, part, level, query)
        case "where_or_current_clause" | "where_clause":
            _where(building, part, level, "where")
        case "returning_clause":
            for child in part.children:
                if child.kind == "target_list":
                    outputs(building, child, level, "returning")
        case "opt_on_conflict":
            _conflict(building, part, level)
        case "ERROR" | "MISSING":
            building.doubt(level)
            walk(building, part, level, "where")
        case "insert_target" | "insert_rest" | "with_clause" | "opt_with_clause":
            pass
        case _:
            if part.kind not in QUERIES:
                walk(building, part, level, "where")


def _conflict(building: Building, node: Node, level: Level) -> None:
    for part in node.children:
        if part.kind == "opt_conf_expr":
            for inner in part.children:
                for element in inner.children if inner.kind == "index_params" else ():
                    if len(element.children) >= 1 and not element.children[0].children:
                        building.column(building.path(element)[:1], level, "conflict")
                if inner.kind == "where_clause":
                    walk(building, inner, level, "conflict")
        elif part.kind == "set_clause_list":
            _assignments(building, part, level)
        elif part.kind == "where_clause":
            _where(building, part, level, "where")
        elif part.kind == "ERROR":
            building.doubt(level)


def _assignments(building: Building, node: Node, level: Level) -> None:
    for clause in node.children:
        for part in clause.children:
            if part.kind in {"set_target", "set_target_list"}:
                for target in [part] if part.kind == "set_target" else part.children:
                    _assigned(building, target, level)
            else:
                walk(building, part, level, "set")
        if building.in_hole(clause.start, clause.start + 1):
            building.doubt()


def _assigned(building: Building, target: Node, level: Level) -> None:
    path = building.path(target)
    if len(path) > 1:
        labels = {t.label for t in building.tables if t.scope == level.number}
        path = path[:2] if path[0][0] in labels else path[:1]
    building.column(path, level, "set")
