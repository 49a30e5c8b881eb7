"""The query levels of a tree: which node is which clause, and how the tables are joined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import Scope, Statement

_SETS = frozenset({"kw_union", "kw_intersect", "kw_except"})
_SORTS = frozenset({"sort_clause", "opt_sort_clause"})
_LIMITS = frozenset({"limit_clause", "offset_clause", "select_limit", "opt_select_limit"})
_TABLES = frozenset({"table_ref", "joined_table"})


class Source(NamedTuple):
    """One table or subquery in FROM.

    `number` is its index in `Statement.tables`, None for a subquery or function.  `nullable`: an outer
    join may give NULL for all its columns.  `joined` is the join that adds it on its right side, `kind`
    of which sort, `on` the condition of that join.
    """

    node: Node
    number: int | None
    nullable: bool
    kind: str = ""
    joined: Node | None = None
    on: Node | None = None
    merged: bool = False


class Select:
    """One SELECT with its clauses as nodes; `tail` holds its ORDER BY, LIMIT and WITH, if any."""

    def __init__(self, node: Node, tail: Node | None, scope: Scope, statement: Statement) -> None:
        self.node = node
        self.tail = tail
        self.scope = scope
        parts = {part.kind: part for part in reversed(node.children)}
        self.distinct = parts.get("kw_distinct")
        self.distinct_on = parts.get("distinct_clause")
        targets = parts.get("target_list")
        self.targets: list[Node] = targets.children if targets is not None else []
        self.from_ = parts.get("from_clause")
        where = parts.get("where_clause")
        self.where_clause = where
        self.where = where.children[1] if where is not None else None
        self.group = parts.get("group_clause")
        having = parts.get("having_clause")
        self.having_clause = having
        self.having = having.children[1] if having is not None else None
        self.windows = parts.get("window_clause")
        known = {*parts} - _CLAUSES
        rest = tail.children if tail is not None else []
        self.sort = next((part for part in rest if part.kind in _SORTS), None)
        self.limit = next((part for part in rest if part.kind in _LIMITS), None)
        self.with_ = next((part for part in rest if part.kind == "with_clause"), None)
        others = {part.kind for part in rest} - _SORTS - _LIMITS - {"with_clause", node.kind}
        self.is_plain = not known and not others
        """Whether there is nothing in it that is not named here."""
        self.sources: list[Source] = list(_sources(self.from_, scope, statement))
        self.by_number = {s.number: s for s in self.sources if s.number is not None}

    @property
    def is_grouped(self) -> bool:
        """Whether its rows stand for groups of rows."""
        return self.group is not None or self.having is not None or self.scope.aggregated

    @property
    def has_windows(self) -> bool:
        """Whether a window function may look at other rows."""
        return self.windows is not None or any(_has(t, "over_clause") for t in self.targets)

    @property
    def keys(self) -> list[Node] | None:
        """The expressions of GROUP BY; None for ROLLUP and its like."""
        if self.group is None:
            return None
        listed = self.group.children[-1]
        items = listed.children if listed.kind == "group_by_list" else [listed]
        special = ("rollup", "cube", "grouping", "empty")
        return None if any(i.kind.startswith(special) for i in items) else items

    @property
    def order(self) -> list[Node]:
        """The items of ORDER BY."""
        if self.sort is None:
            return []
        listed = self.sort.children[-1]
        return listed.children if listed.kind == "sortby_list" else [listed]

    @property
    def end(self) -> int:
        """Where WHERE ends, or would stand."""
        for part in (self.where_clause, self.from_):
            if part is not None:
                return part.end
        return self.node.end


_CLAUSES = frozenset(
    {
        *("kw_select", "kw_distinct", "distinct_clause", "target_list", "from_clause"),
        *("where_clause", "group_clause", "having_clause", "window_clause", "opt_all_clause"),
    }
)


def selects(root: Node, statement: Statement) -> Iterator[Select]:
    """Every SELECT below a node, outer ones first."""
    stack: list[tuple[Node, Node | None]] = [(root, None)]
    while stack:
        node, parent = stack.pop()
        if node.kind == "simple_select" and not any(c.kind in _SETS for c in node.children):
            scope = _scope(node, statement)
            if scope is not None:
                yield Select(node, parent, scope, statement)
        below = node if node.kind == "select_no_parens" else None
        stack += [(child, below) for child in reversed(node.children) if child.children]


def _scope(node: Node, statement: Statement) -> Scope | None:
    """The smallest scope around a SELECT."""
    around = [
        scope
        for scope in statement.scopes
        if scope.start <= node.start and node.end <= scope.end and scope.kind == "select"
    ]
    return min(around, key=lambda scope: scope.end - scope.start, default=None)


def _sources(clause: Node | None, scope: Scope, statement: Statement) -> Iterator[Source]:
    if clause is None:
        return
    numbers = {t.start: n for n, t in enumerate(statement.tables) if t.scope == scope.id}
    listed = clause.children[-1]
    items = listed.children if listed.kind == "from_list" else [listed]
    for item in items:
        yield from _leaves(item, numbers, Source(item, None, nullable=False))


def _leaves(node: Node, numbers: dict[int, int], context: Source) -> Iterator[Source]:
    """The tables below a node of FROM; the first of a join takes over what is said of the join."""
    inner = next((child for child in node.children if child.kind == "joined_table"), None)
    if node.kind == "table_ref" and inner is None:
        name = next((c for c in node.children if c.kind == "qualified_name"), None)
        number = numbers.get(node.start) if name is not None else None
        yield context._replace(node=node, number=number)
        return
    if node.kind == "table_ref" and inner is not None:
        yield from _leaves(inner, numbers, context)
        return
    if node.children and node.children[0].kind == "(":
        for child in node.children:
            if child.kind in _TABLES:
                yield from _leaves(child, numbers, context._replace(joined=None, on=None))
        return
    sides = [child for child in node.children if child.kind in _TABLES]
    if len(sides) != 2:  # noqa: PLR2004
        return
    kind = _kind(node)
    qualifier = next((child for child in node.children if child.kind == "join_qual"), None)
    on = qualifier.children[1] if qualifier and qualifier.children[0].kind == "kw_on" else None
    merged = kind != "cross" and on is None
    left_null = context.nullable or kind in {"right", "full"}
    right_null = context.nullable or kind in {"left", "full"}
    yield from _leaves(sides[0], numbers, context._replace(nullable=left_null))
    yield from _leaves(
        sides[1], numbers, Source(sides[1], None, right_null, kind, node, on, merged)
    )


def _kind(node: Node) -> str:
    for child in node.children:
        if child.kind == "join_type":
            return child.children[0].kind.removeprefix("kw_")
        word = child.kind.removeprefix("kw_")
        if word in {"left", "right", "full", "cross", "natural"}:
            return word
    return "inner"


def _has(node: Node, kind: str) -> bool:
    return any(child.kind == kind or _has(child, kind) for child in node.children)


def descend(node: Node, kind: str) -> Node | None:
    """The first node of a kind below another, not within subqueries."""
    for child in node.children:
        if child.kind == kind:
            return child
        if child.kind != "select_with_parens":
            found = descend(child, kind)
            if found is not None:
                return found
    return None
