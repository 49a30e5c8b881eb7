"""The growing statement: what the lowering of a tree finds is collected here, then frozen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from backend_analyzers.sql.lexing import Prepared
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.statement import (
    Clause,
    ColumnRef,
    Cte,
    Derived,
    Limit,
    Output,
    Predicate,
    Scope,
    ScopeKind,
    ScopeRole,
    Star,
    Statement,
    StatementKind,
    TableRef,
)

RESERVED = frozenset(
    [
        "ALL",
        "ANALYSE",
        "ANALYZE",
        "AND",
        "ANY",
        "ARRAY",
        "AS",
        "ASC",
        "ASYMMETRIC",
        "BOTH",
        "CASE",
        "CAST",
        "CHECK",
        "COLLATE",
        "COLUMN",
        "CONSTRAINT",
        "CREATE",
        "DEFAULT",
        "DEFERRABLE",
        "DESC",
        "DISTINCT",
        "DO",
        "ELSE",
        "END",
        "EXCEPT",
        "FALSE",
        "FETCH",
        "FOR",
        "FOREIGN",
        "FROM",
        "GRANT",
        "GROUP",
        "HAVING",
        "IN",
        "INITIALLY",
        "INNER",
        "INTERSECT",
        "INTO",
        "JOIN",
        "LATERAL",
        "LEADING",
        "LEFT",
        "LIMIT",
        "NATURAL",
        "NOT",
        "NULL",
        "OFFSET",
        "ON",
        "ONLY",
        "OR",
        "ORDER",
        "OUTER",
        "PLACING",
        "PRIMARY",
        "REFERENCES",
        "RETURNING",
        "RIGHT",
        "SELECT",
        "SYMMETRIC",
        "TABLE",
        "THEN",
        "TO",
        "TRAILING",
        "TRUE",
        "UNION",
        "UNIQUE",
        "UPDATE",
        "USING",
        "VALUES",
        "VARIADIC",
        "WHEN",
        "WHERE",
        "WINDOW",
        "WITH",
        "SET",
        "DELETE",
        "INSERT",
    ]
)


# The lowering of a query inside an expression: handed in, since queries hold expressions in turn.
Nested = Callable[["Building", Node, "Level", ScopeRole], "int | None"]


class Level:
    """A scope that is still being read."""

    __slots__ = (
        "aggregated",
        "arms",
        "ctes",
        "distinct",
        "end",
        "filtered",
        "grouped",
        "isolated",
        "kind",
        "limit",
        "list_end",
        "merged",
        "natural",
        "number",
        "offset",
        "open",
        "ordered",
        "outputs",
        "parent",
        "role",
        "start",
    )

    def __init__(self, number: int, parent: int | None, role: ScopeRole, node: Node) -> None:
        self.number = number
        self.parent = parent
        self.role: ScopeRole = role
        self.kind: ScopeKind = "select"
        self.start, self.end = node.start, node.end
        self.outputs: list[Output] = []
        self.limit: Limit | None = None
        self.offset: Limit | None = None
        self.distinct = self.grouped = self.aggregated = self.ordered = self.filtered = False
        self.isolated = self.open = self.natural = False
        self.arms: list[int] = []
        self.merged: list[str] = []
        self.ctes: dict[str, int] = {}
        self.list_end = 0


class Building:
    """Everything found so far. Names are folded here and nowhere else."""

    def __init__(self, prepared: Prepared, nested: Nested) -> None:
        self.prepared = prepared
        self.text = prepared.text
        self.dialect = prepared.dialect
        self.holes = prepared.holes
        self.parameter_starts = {start for start, _ in prepared.parameters}
        self.levels: list[Level] = []
        self.tables: list[TableRef] = []
        self.ctes: list[Cte] = []
        self.derived: list[Derived] = []
        self.columns: list[ColumnRef] = []
        self.stars: list[Star] = []
        self.predicates: list[Predicate] = []
        self.complete = True
        self.nested = nested

    def level(
        self, node: Node, parent: int | None, role: ScopeRole, *, isolated: bool = False
    ) -> Level:
        """Open a scope."""
        level = Level(len(self.levels), parent, role, node)
        level.isolated = isolated
        self.levels.append(level)
        return level

    def doubt(self, level: Level | None = None) -> None:
        """Something was not understood; with a level, there may be more tables in it."""
        self.complete = False
        if level is not None:
            level.open = True

    def in_hole(self, start: int, end: int) -> bool:
        """Whether a range of the text touches something unknown."""
        holes = self.holes
        if not holes:
            return False
        index = max(0, bisect_left(holes, (start, start)) - 1)
        return any(s < end and e > start for s, e in holes[index : index + 8])

    def source(self, start: int, end: int) -> str:
        """The text as it was written."""
        return self.prepared.original[start:end].decode("utf-8", "replace")

    def name(self, node: Node) -> str | None:
        """A folded identifier; None for a hole, a missing name or a reserved word."""
        if node.kind == "MISSING" or node.children or self.in_hole(node.start, node.end):
            return None
        text = self.text[node.start : node.end].decode("utf-8", "replace")
        return self.fold(text)

    def fold(self, text: str) -> str | None:
        """Fold a name as the dialect compares it."""
        if text.startswith('"'):
            body = text[1:-1].replace('""', '"')
            return (body if self.dialect == "postgresql" else body.lower()) or None
        return None if text.upper() in RESERVED else text.lower()

    def path(self, node: Node) -> list[tuple[str | None, Node]]:
        """The dotted names of a qualified name or column; ``*`` is the name of a star."""
        found: list[tuple[str | None, Node]] = []
        for child in node.children:
            self._path(child, found)
        return found

    def _path(self, child: Node, found: list[tuple[str | None, Node]]) -> None:
        if child.kind in {"indirection", "indirection_el", "attrs", "opt_indirection"}:
            if child.first("["):
                return
            for inner in child.children:
                self._path(inner, found)
        elif child.kind == "*":
            found.append(("*", child))
        elif not child.children and child.kind not in {".", "["}:
            found.append((self.name(child), child))

    def cte(self, name: str, level: Level) -> int | None:
        """The WITH query that a table name means in this scope."""
        current: Level | None = level
        for _ in range(len(self.levels) + 1):
            if current is None:
                return None
            if name in current.ctes:
                return current.ctes[name]
            current = None if current.parent is None else self.levels[current.parent]
        return None

    def column(
        self, path: list[tuple[str | None, Node]], level: Level, clause: Clause
    ) -> ColumnRef | None:
        """Note a column; None when part of its name is unknown."""
        names = [name for name, _ in path if name is not None]
        if not path or len(names) != len(path):
            if path and not self.in_hole(path[0][1].start, path[-1][1].end):
                self.doubt(level)
            return None
        last = path[-1][1]
        found = ColumnRef(
            name=names[-1],
            qualifier=tuple(names[:-1]),
            start=path[0][1].start,
            end=last.end,
            name_start=last.start,
            name_end=last.end,
            clause=clause,
            scope=level.number,
            quoted=self.text[last.start : last.start + 1] == b'"',
        )
        self.columns.append(found)
        return found

    def freeze(self, kind: StatementKind, start: int, end: int) -> Statement:
        """The finished value."""
        return Statement(
            kind=kind,
            dialect=self.dialect,
            start=start,
            end=end,
            complete=self.complete,
            scopes=tuple(_freeze_level(level) for level in self.levels),
            tables=tuple(self.tables),
            ctes=tuple(self.ctes),
            derived=tuple(self.derived),
            columns=tuple(self.columns),
            stars=tuple(self.stars),
            predicates=tuple(self.predicates),
            parameters=tuple(p for p in self.prepared.parameters if start <= p[0] < end),
        )


def _freeze_level(level: Level) -> Scope:
    return Scope(
        id=level.number,
        parent=level.parent,
        kind=level.kind,
        role=level.role,
        start=level.start,
        end=level.end,
        outputs=tuple(level.outputs),
        limit=level.limit,
        offset=level.offset,
        distinct=level.distinct,
        grouped=level.grouped,
        aggregated=level.aggregated,
        ordered=level.ordered,
        filtered=level.filtered,
        isolated=level.isolated,
        open=level.open,
        natural=level.natural,
        arms=tuple(level.arms),
        merged=tuple(level.merged),
        list_end=level.list_end,
    )
