"""What stands in FROM, JOIN, USING, INTO and UPDATE: tables, subqueries, functions and joins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from backend_analyzers.sql.building import Building, Level
from backend_analyzers.sql.expressions import QUERIES, condition, walk
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import Derived, TableRef

Query = Callable[..., Level]
_ALIASES = frozenset({"alias_clause", "func_alias_clause", "opt_alias_clause"})
_FUNCTIONS = frozenset(
    {"func_table", "xmltable", "json_table", "func_application", "func_expr_common_subexpr"}
)
_LISTS = frozenset({"from_clause", "using_clause", "from_list"})


def from_items(building: Building, node: Node, level: Level, query: Query, join: str = "") -> None:
    """Note everything below a FROM clause in ``level``."""
    match node.kind:
        case kind if kind in _LISTS:
            for child in node.children:
                from_items(building, child, level, query, join)
        case "table_ref" | "simple_select" | "extended_relation_expr":
            _table_ref(building, node, level, query, join)
        case "joined_table":
            _joined(building, node, level, query, join)
        case "qualified_name":
            _table(building, node, None, node, level, "join" if join else "read", join)
        case "ERROR" | "MISSING":
            building.doubt(level)
        case _:
            pass


def target_table(building: Building, node: Node, level: Level) -> None:
    """The table that a statement writes."""
    name = node if node.kind == "qualified_name" else _descend(node)
    if name is None:
        building.doubt(level)
        return
    alias = next(
        (
            child
            for child in reversed(node.children)
            if not child.children and child.kind not in {"kw_only", "*", "kw_as", "kw_set"}
        ),
        None,
    )
    if alias is not None and building.name(alias) is None:
        building.doubt(level)
        alias = None
    _table(building, name, alias, node, level, "write", "")


def _descend(node: Node) -> Node | None:
    for child in node.children:
        if child.kind == "qualified_name":
            return child
        found = _descend(child) if child.kind == "extended_relation_expr" else None
        if found is not None:
            return found
    return None


def _table_ref(building: Building, node: Node, level: Level, query: Query, join: str) -> None:
    alias_node = next((c for c in node.children if c.kind in _ALIASES), None)
    alias, columns, alias_name = _alias(building, alias_node, level)
    lateral = node.has("kw_lateral")
    for child in node.children:
        kind = child.kind
        if kind == "qualified_name":
            role: Literal["join", "read"] = "join" if join else "read"
            _table(building, child, alias_name, node, level, role, join, columns)
        elif kind == "extended_relation_expr":
            name = _descend(child)
            if name is not None:
                _table(building, name, alias_name, node, level, "join" if join else "read", join)
        elif kind in QUERIES:
            body = query(building, child, level.number, "derived", isolated=not lateral)
            _derived(building, "subquery", alias, columns, level, node, body.number, lateral)
        elif kind in _FUNCTIONS:
            walk(building, child, level, "from")
            _derived(building, "function", alias, columns, level, node, None, lateral)
        elif kind == "joined_table":
            _joined(building, child, level, query, join)
            if alias is not None:
                _derived(building, "join", alias, (), level, node, None, lateral)
        elif kind in {"ERROR", "MISSING"}:
            building.doubt(level)
        elif kind == "tablesample_clause":
            walk(building, child, level, "from")


def _derived(
    building: Building,
    kind: Literal["subquery", "function", "join"],
    alias: str | None,
    columns: tuple[str, ...],
    level: Level,
    node: Node,
    body: int | None,
    lateral: bool,
) -> None:
    building.derived.append(
        Derived(kind, alias, columns, level.number, body, lateral, node.start, node.end)
    )


def _alias(
    building: Building, node: Node | None, level: Level
) -> tuple[str | None, tuple[str, ...], Node | None]:
    if node is None:
        return None, (), None
    while len(node.children) == 1 and node.children[0].kind in _ALIASES:
        node = node.children[0]
    tokens = [c for c in node.children if not c.children and c.kind not in {"kw_as", "(", ")"}]
    lists = [c for c in node.children if c.children]
    columns: list[str] = []
    for part in lists:
        for element in part.children:
            head = element.children[0] if element.children else element
            name = building.name(head)
            columns.extend([name] if name else [])
    if not tokens:
        return None, tuple(columns), None
    name = building.name(tokens[0])
    if name is None:
        building.doubt(level)
        return None, tuple(columns), None
    return name, tuple(columns), tokens[0]


def _table(
    building: Building,
    name: Node,
    alias: Node | None,
    whole: Node,
    level: Level,
    role: Literal["read", "write", "join"],
    join: str,
    columns: tuple[str, ...] = (),
) -> None:
    path = building.path(name)
    parts = [part for part, _ in path]
    if not path or None in parts:
        building.doubt(level)
        return
    last = path[-1][1]
    text = str(parts[-1])
    schema = parts[-2] if len(parts) > 1 else None
    building.tables.append(
        TableRef(
            name=text,
            schema=schema,
            alias=building.name(alias) if alias else None,
            start=whole.start,
            end=whole.end,
            name_start=last.start,
            name_end=last.end,
            role=role,
            scope=level.number,
            join=join,
            column_aliases=columns,
            cte=building.cte(text, level) if schema is None and role != "write" else None,
            catalog=parts[-3] if len(parts) > 2 else None,  # noqa: PLR2004
        )
    )


def _joined(building: Building, node: Node, level: Level, query: Query, join: str) -> None:
    children = node.children
    if children and children[0].kind == "(":
        for child in children:
            if child.kind in {"joined_table", "table_ref"}:
                from_items(building, child, level, query, join)
        return
    kind = "inner"
    tables = 0
    for child in children:
        if child.kind in {"table_ref", "joined_table"}:
            from_items(building, child, level, query, kind if tables else join)
            tables += 1
        elif child.kind == "kw_natural":
            level.natural = True
        elif child.kind == "kw_cross":
            kind = "cross"
        elif child.kind == "join_type" or child.kind in {"kw_left", "kw_right", "kw_full"}:
            word = child.children[0].kind if child.children else child.kind
            kind = word.removeprefix("kw_")
        elif child.kind == "join_qual":
            _join_condition(building, child, level)
        elif child.kind in {"ERROR", "MISSING"}:
            building.doubt(level)


def _join_condition(building: Building, node: Node, level: Level) -> None:
    if node.children[0].kind == "kw_on":
        for child in node.children[1:]:
            condition(building, child, level, "join")
        return
    for child in node.children:
        if child.kind == "name_list":
            for item in child.children:
                column = building.column([(building.name(item), item)], level, "join")
                if column is not None:
                    level.merged.append(column.name)
        elif child.kind == "opt_alias_clause_for_join_using":
            alias = building.name(child.children[-1])
            building.derived.append(
                Derived("join", alias, (), level.number, None, False, child.start, child.end)
            )
