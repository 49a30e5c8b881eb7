"""Queries that are not PostgreSQL, by way of sqlglot, into the same values.

sqlglot is slow to import, so this module is imported where it is needed. It is fed text in which a
character is a byte, so that its offsets are ours. Predicates are not read here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Literal

import sqlglot
from sqlglot import exp

from backend_analyzers.sql.building import Building, Level
from backend_analyzers.sql.lexing import Prepared
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.queries import nested
from backend_analyzers.sql.statement import (
    Clause,
    Cte,
    Derived,
    Limit,
    Output,
    ScopeRole,
    Star,
    Statement,
    StatementKind,
    TableRef,
)

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
_DIALECTS = {"postgresql": "mysql", "mysql": "mysql", "sqlite": "sqlite"}
_LONGEST = 64 * 1024
_DEEPEST = 60


def parsed(prepared: Prepared, start: int, end: int) -> exp.Expr | None:
    """The tree of one piece; None when this parser does not know it either."""
    if end - start > _LONGEST:
        return None
    dialect = _DIALECTS[prepared.dialect]
    piece = prepared.text[start:end].rstrip().rstrip(b";").decode("latin-1")
    if dialect == "mysql":
        piece = piece.replace('"', "`").replace("$", "@")
    try:
        tree = sqlglot.parse_one(piece, read=dialect)
    except Exception:  # noqa: BLE001 - a foreign parser on broken text: what it cannot read is unknown
        return None
    return (
        None if tree is None or isinstance(tree, exp.Command) or _depth(tree) > _DEEPEST else tree
    )


def _depth(tree: exp.Expr) -> int:
    deepest, stack = 0, [(tree, 0)]
    while stack and deepest <= _DEEPEST:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    return deepest


def foreign_statement(
    prepared: Prepared, start: int, end: int, kind: StatementKind
) -> Statement | None:
    """The statement in one piece, or None."""
    tree = parsed(prepared, start, end)
    if tree is None or not isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete)):
        return None
    lowering = _Lowering(prepared, start, end)
    lowering.statement(tree, None, "top")
    first = start + len(prepared.text[start:end]) - len(prepared.text[start:end].lstrip())
    last = start + len(prepared.text[start:end].rstrip().rstrip(b";").rstrip())
    return lowering.building.freeze(kind, first, last)


def place(node: Any, base: int) -> tuple[int, int] | None:
    """The byte span of an identifier."""
    meta = node.meta if isinstance(node, exp.Expr) else {}
    if "start" not in meta:
        return None
    return base + int(meta["start"]), base + int(meta["end"]) + 1


class _Lowering:
    def __init__(self, prepared: Prepared, start: int, end: int) -> None:
        self.building = Building(prepared, nested)
        self.base = start
        self.whole = Node("piece", start, end, [])

    def statement(self, tree: exp.Expr, parent: int | None, role: ScopeRole) -> Level:
        building = self.building
        level = building.level(self._node(tree), parent, role, isolated=role in {"cte", "source"})
        self._ctes(tree, level)
        match tree:
            case exp.Subquery():
                inner = tree.this
                level.kind = "set"
                level.arms.append(self.statement(inner, level.number, "arm").number)
            case exp.SetOperation():
                level.kind = "set"
                for side in (tree.this, tree.expression):
                    level.arms.append(self.statement(side, level.number, "arm").number)
                level.outputs = list(building.levels[level.arms[0]].outputs)
            case exp.Insert():
                level.kind = "insert"
                self._insert(tree, level)
            case exp.Update():
                level.kind = "update"
                self._table(tree.this, level, "write", "")
                for assigned in tree.expressions:
                    self._walk(assigned, level, "set")
            case exp.Delete():
                level.kind = "delete"
                self._table(tree.this, level, "write", "")
                for table in tree.args.get("using") or ():
                    self._source(table, level, "")
            case exp.Select():
                self._outputs(tree, level)
            case _:
                building.doubt(level)
        self._clauses(tree, level)
        return level

    def _node(self, tree: exp.Expr) -> Node:
        if not self.building.levels:
            return self.whole
        spans = [s for i in tree.find_all(exp.Identifier, exp.Star) if (s := place(i, self.base))]
        if not spans:
            return Node("piece", self.base, self.base, [])
        return Node("piece", min(s for s, _ in spans), max(e for _, e in spans), [])

    def _ctes(self, tree: exp.Expr, level: Level) -> None:
        clause: Any = tree.args.get("with_")
        for cte in clause.expressions if clause else ():
            alias = cte.args.get("alias")
            named = self._named(alias.this if alias else None)
            if named is None:
                self.building.doubt(level)
                continue
            name, span = named
            body = self.statement(cte.this, level.number, "cte")
            columns = tuple(n[0] for c in alias.columns if (n := self._named(c)))
            level.ctes[name] = len(self.building.ctes)
            recursive = bool(clause is not None and clause.args.get("recursive"))
            self.building.ctes.append(
                Cte(name, columns, level.number, body.number, recursive, *span, *span)
            )

    def _named(self, node: Any) -> tuple[str, tuple[int, int]] | None:
        span = place(node, self.base)
        if span is None or self.building.in_hole(*span):
            return None
        text = self.building.text[slice(*span)].decode("utf-8", "replace")
        name = self.building.fold(text) if text.startswith('"') else text.lower()
        return (name, span) if name else None

    def _insert(self, tree: exp.Insert, level: Level) -> None:
        target = tree.this
        columns = target.expressions if isinstance(target, exp.Schema) else ()
        self._table(target.this if isinstance(target, exp.Schema) else target, level, "write", "")
        for column in columns:
            self._column([column], level, "insert")
        if isinstance(tree.expression, exp.Query):
            self.statement(tree.expression, level.number, "source")
        elif tree.expression is not None:
            self._walk(tree.expression, level, "values")
        conflict = tree.args.get("conflict")
        for assigned in conflict.expressions if conflict else ():
            self._walk(assigned, level, "set")

    def _outputs(self, tree: exp.Select, level: Level) -> None:
        level.distinct = tree.args.get("distinct") is not None
        self._sources(tree, level)
        for output in tree.expressions:
            inner = output.this if isinstance(output, exp.Alias) else output
            if isinstance(inner, exp.Star) or (
                isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)
            ):
                self._star(inner, level)
                continue
            if isinstance(inner, exp.AggFunc):
                level.aggregated = True
            before = len(self.building.columns)
            self._walk(inner, level, "select")
            alias = self._named(output.args.get("alias")) if inner is not output else None
            plain = isinstance(inner, exp.Column) and len(self.building.columns) > before
            column = self.building.columns[before] if plain else None
            start = column.start if column else level.start
            name = alias[0] if alias else column.name if column else None
            end = alias[1][1] if alias else column.end if column else start
            level.outputs.append(Output(name, start, end, alias is not None, column))

    def _star(self, node: exp.Expr, level: Level) -> None:
        owner = self._named(node.args.get("table"))
        star = node.this if isinstance(node, exp.Column) else node
        span = place(star, self.base)
        if span is None:
            self.building.doubt(level)
            return
        start = owner[1][0] if owner else span[0]
        qualifier = (owner[0],) if owner else ()
        self.building.stars.append(
            Star(start, span[1], qualifier, level.number, "select", level.role == "exists")
        )
        level.outputs.append(Output(None, start, span[1], star=True))

    def _sources(self, tree: exp.Expr, level: Level) -> None:
        source = tree.args.get("from_")
        if source is not None:
            self._source(source.this, level, "")
        for join in tree.args.get("joins") or ():
            kind = (join.side or join.kind or "inner").lower()
            level.natural = level.natural or join.method == "NATURAL"
            self._source(join.this, level, kind)
            self._walk(join.args.get("on"), level, "join")
            for column in join.args.get("using") or ():
                found = self._column([column], level, "join")
                level.merged.extend([found] if found else [])

    def _source(self, node: exp.Expr, level: Level, join: str) -> None:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self._table(node, level, "join" if join else "read", join)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            body = self.statement(node.this, level.number, "derived")
            body.isolated = True
            alias = self._named(node.args["alias"].this) if node.args.get("alias") else None
            span = (body.start, body.end)
            self.building.derived.append(
                Derived(
                    "subquery",
                    alias[0] if alias else None,
                    (),
                    level.number,
                    body.number,
                    False,
                    *span,
                )
            )
        else:
            self.building.doubt(level)
            self._walk(node, level, "from")
        self._sources(node, level)

    def _table(
        self, node: Any, level: Level, role: Literal["read", "write", "join"], join: str
    ) -> None:
        named = self._named(node.this) if isinstance(node, exp.Table) else None
        if named is None:
            self.building.doubt(level)
            return
        name, span = named
        alias = node.args.get("alias")
        label = self._named(alias.this) if alias is not None else None
        schema = self._named(node.args.get("db"))
        catalog = self._named(node.args.get("catalog"))
        self.building.tables.append(
            TableRef(
                name=name,
                schema=schema[0] if schema else None,
                alias=label[0] if label else None,
                start=schema[1][0] if schema else span[0],
                end=label[1][1] if label else span[1],
                name_start=span[0],
                name_end=span[1],
                role=role,
                scope=level.number,
                join=join,
                cte=None if schema or role == "write" else self.building.cte(name, level),
                catalog=catalog[0] if catalog else None,
            )
        )
        if role == "write":
            self._sources(node, level)

    def _clauses(self, tree: exp.Expr, level: Level) -> None:
        parts: tuple[tuple[str, Clause], ...] = (
            ("where", "where"),
            ("group", "group"),
            ("having", "having"),
            ("order", "order"),
            ("returning", "returning"),
        )
        for key, clause in parts:
            self._walk(tree.args.get(key), level, clause)
        level.filtered = tree.args.get("where") is not None
        level.grouped = tree.args.get("group") is not None
        level.ordered = tree.args.get("order") is not None
        for key in ("limit", "offset"):
            found = tree.args.get(key)
            if found is not None:
                text = found.expression.sql() if found.expression else found.sql()
                constant = isinstance(found.expression, exp.Literal)
                kind: Literal["constant", "expression"] = "constant" if constant else "expression"
                setattr(level, key, Limit(text, level.end, level.end, kind))

    def _walk(self, node: Any, level: Level, clause: Clause) -> None:
        if not isinstance(node, exp.Expr):
            return
        if isinstance(node, exp.Query):
            inner = node.this if isinstance(node, exp.Subquery) else node
            role: ScopeRole = "exists" if isinstance(node.parent, exp.Exists) else "subquery"
            self.statement(inner, level.number, role)
        elif isinstance(node, exp.Column):
            if not isinstance(node.this, exp.Star):
                self._column(list(node.parts), level, clause)
        else:
            for child in self._children(node):
                self._walk(child, level, clause)

    def _children(self, node: exp.Expr) -> Iterator[exp.Expr]:
        return (child for child in node.iter_expressions() if not isinstance(child, exp.DataType))

    def _column(self, parts: list[Any], level: Level, clause: Clause) -> str | None:
        path: list[tuple[str | None, Node]] = []
        for part in parts:
            named = self._named(part)
            if named is None:
                self.building.doubt(level)
                return None
            path.append((named[0], Node("identifier", *named[1], [])))
        found = self.building.column(path, level, clause)
        return found.name if found else None
