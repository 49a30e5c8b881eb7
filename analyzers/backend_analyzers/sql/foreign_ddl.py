"""DDL of MySQL and SQLite, by way of sqlglot, into the same values."""

from __future__ import annotations

import re
from typing import Any, Literal

from sqlglot import exp

from backend_analyzers.sql.building import Building
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    CreateView,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    IndexKey,
    Opaque,
    Reference,
    RenameColumn,
    RenameTable,
    ReplaceColumn,
    TableName,
)
from backend_analyzers.sql.foreign import foreign_statement, parsed, place
from backend_analyzers.sql.lexing import Prepared
from backend_analyzers.sql.queries import nested
from backend_analyzers.sql.types import normalised_type

_TOKEN = re.compile(rb"'(?:[^'\\]++|\\.|'')*+'?|\"[^\"]*\"|[(),]", re.DOTALL)
_ACTION = re.compile(r"on\s+(delete|update)\s+(.+)", re.IGNORECASE)


def foreign_ddl(prepared: Prepared, start: int, end: int) -> tuple[Ddl, ...] | None:
    """The actions of one piece; None when it cannot be read, empty when it changes no table."""
    tree = parsed(prepared, start, end)
    if tree is None:
        return None
    reader = _Reader(prepared, start, end)
    try:
        match tree:
            case exp.Create():
                return reader.create(tree)
            case exp.Alter():
                return reader.alter(tree)
            case exp.Drop():
                return reader.drop(tree)
            case _:
                return ()
    except (AttributeError, KeyError, IndexError, TypeError):
        return None


class _Reader:
    def __init__(self, prepared: Prepared, start: int, end: int) -> None:
        self.prepared = prepared
        self.building = Building(prepared, nested)
        self.base = start
        self.stop = end
        self.span = (start, end - prepared.text[start:end].endswith(b";"))

    def create(self, tree: exp.Create) -> tuple[Ddl, ...] | None:
        kind = (tree.args.get("kind") or "").upper()
        if kind == "TABLE":
            return self._table(tree)
        if kind == "INDEX":
            index = self._index(tree)
            return (index,) if index else None
        if kind == "VIEW":
            target = tree.this
            listed = target.expressions if isinstance(target, exp.Schema) else ()
            name = self._table_name(target.this if listed else target)
            if name is None:
                return None
            query = foreign_statement_of(self.prepared, *self.span)
            columns = self._names(listed)
            return (
                CreateView(name, columns, query, *self.span, replace=bool(tree.args["replace"])),
            )
        return ()

    def _table(self, tree: exp.Create) -> tuple[Ddl, ...] | None:
        schema = tree.this
        listed = schema.expressions if isinstance(schema, exp.Schema) else []
        name = self._table_name(schema.this if isinstance(schema, exp.Schema) else schema)
        if name is None:
            return None
        like = tree.find(exp.LikeProperty)
        parent = self._table_name(like.this) if like else None
        columns: list[ColumnDefinition] = []
        constraints: list[Constraint] = []
        indexes: list[CreateIndex] = []
        known = tree.expression is None
        for element in listed:
            if isinstance(element, exp.ColumnDef):
                column = self._column(element)
                known = known and column is not None
                columns.extend([column] if column else [])
            elif isinstance(element, exp.Identifier):
                known = False
            else:
                self._key(element, name, constraints, indexes)
        return (
            CreateTable(
                table=name,
                columns=tuple(columns),
                constraints=tuple(constraints),
                start=self.span[0],
                end=self.span[1],
                if_not_exists=bool(tree.args.get("exists")),
                temporary=tree.find(exp.TemporaryProperty) is not None,
                like=(parent,) if parent else (),
                indexes=tuple(indexes),
                known=known,
            ),
        )

    def _named(self, node: Any) -> tuple[str, int, int] | None:
        node = node.this if isinstance(node, (exp.Column, exp.Ordered, exp.ColumnPrefix)) else node
        node = node.this if isinstance(node, exp.Column) else node
        span = place(node, self.base)
        if span is None or self.building.in_hole(*span):
            return None
        text = self.building.text[slice(*span)].decode("utf-8", "replace")
        name = self.building.fold(text) if text.startswith('"') else text.lower()
        return (name, *span) if name else None

    def _names(self, nodes: Any) -> tuple[str, ...]:
        return tuple(found[0] for node in nodes or () if (found := self._named(node)))

    def _table_name(self, node: Any) -> TableName | None:
        if not isinstance(node, exp.Table):
            return None
        found, schema = self._named(node.this), self._named(node.args.get("db"))
        return TableName(found[0], schema[0] if schema else None, *found[1:]) if found else None

    def _column(self, node: exp.ColumnDef) -> ColumnDefinition | None:
        named = self._named(node.this)
        if named is None:
            return None
        name, start, end = named
        kinds = [part.args.get("kind") for part in node.args.get("constraints") or ()]

        def first(kind: type[exp.Expr]) -> Any:
            return next((part for part in kinds if isinstance(part, kind)), None)

        text = node.args["kind"].sql("mysql").lower() if node.args.get("kind") else ""
        not_null = first(exp.NotNullColumnConstraint)
        primary = first(exp.PrimaryKeyColumnConstraint) is not None
        default, reference = first(exp.DefaultColumnConstraint), first(exp.Reference)
        computed = first(exp.ComputedColumnConstraint)
        automatic = first(exp.AutoIncrementColumnConstraint) is not None
        generated: Literal["", "identity", "stored", "virtual"] = ""
        if computed is not None:
            generated = "stored" if computed.args.get("persisted") else "virtual"
        elif automatic:
            generated = "identity"
        return ColumnDefinition(
            name=name,
            type_text=text,
            type=normalised_type(text),
            nullable=not (primary or (not_null and not not_null.args.get("allow_null"))),
            start=start,
            end=self._end(start),
            name_start=start,
            name_end=end,
            default=default.this.sql() if default is not None else None,
            primary_key=primary,
            unique=first(exp.UniqueColumnConstraint) is not None,
            references=self._reference(reference) if reference is not None else None,
            generated=generated,
            quoted=self.building.text[start : start + 1] == b'"',
        )

    def _end(self, start: int) -> int:
        """Where an element of a list ends: at the comma or parenthesis after it."""
        depth = 0
        for token in _TOKEN.finditer(self.building.text, start, self.stop):
            word = token[0]
            if depth == 0 and word in {b",", b")"}:
                return start + len(self.building.text[start : token.start()].rstrip())
            depth += (word == b"(") - (word == b")")
        return self.span[1]

    def _reference(self, node: exp.Expr) -> Reference | None:
        target = node.this
        listed = target.expressions if isinstance(target, exp.Schema) else ()
        table = self._table_name(target.this if isinstance(target, exp.Schema) else target)
        if table is None:
            return None
        actions = {"delete": "", "update": ""}
        for option in node.args.get("options") or ():
            found = _ACTION.match(str(option))
            if found is not None:
                actions[found[1].lower()] = found[2].lower()
        return Reference(table, self._names(listed), actions["delete"], actions["update"])

    def _key(
        self,
        node: exp.Expr,
        table: TableName,
        constraints: list[Constraint],
        indexes: list[CreateIndex],
        name: str | None = None,
    ) -> None:
        identifiers = [s for i in node.find_all(exp.Identifier) if (s := place(i, self.base))]
        start = min((s for s, _ in identifiers), default=self.base)
        span = (start, self._end(start))
        match node:
            case exp.Constraint():
                named = self._named(node.this)
                for inner in node.expressions:
                    self._key(inner, table, constraints, indexes, named[0] if named else None)
            case exp.PrimaryKey():
                columns = self._names(node.expressions)
                constraints.append(Constraint("primary key", name, columns, *span))
            case exp.UniqueColumnConstraint():
                inner = node.this
                named = self._named(inner.this) if isinstance(inner, exp.Schema) else None
                columns = self._names(inner.expressions if inner is not None else ())
                label = named[0] if named else name
                constraints.append(Constraint("unique", label, columns, *span))
            case exp.ForeignKey():
                columns = self._names(node.expressions)
                reference = node.args.get("reference")
                target = self._reference(reference) if reference is not None else None
                if target is not None:
                    key = Constraint("foreign key", name, columns, *span, reference=target)
                    constraints.append(key)
            case exp.IndexColumnConstraint():
                named = self._named(node.this)
                method = str(node.args.get("kind") or "btree").lower()
                keys = self._index_keys(node.expressions)
                label = named[0] if named else None
                indexes.append(CreateIndex(label, None, table, keys, *span, method=method))
            case _:
                pass

    def _index_keys(self, nodes: Any) -> tuple[IndexKey, ...]:
        found: list[IndexKey] = []
        for node in nodes or ():
            named = self._named(node)
            descending = isinstance(node, exp.Ordered) and bool(node.args.get("desc"))
            if named is not None:
                name, start, end = named
                found.append(IndexKey(name, name, start, end, descending=descending))
            else:
                columns = self._names(node.find_all(exp.Column))
                found.append(IndexKey(None, node.sql(), *self.span, descending, columns=columns))
        return tuple(found)

    def _index(self, tree: exp.Create) -> CreateIndex | None:
        index = tree.this
        table = self._table_name(index.args.get("table"))
        named, params = self._named(index.this), index.args.get("params")
        if table is None or params is None:
            return None
        where = params.args.get("where")
        return CreateIndex(
            name=named[0] if named else None,
            schema=None,
            table=table,
            keys=self._index_keys(params.args.get("columns")),
            start=self.span[0],
            end=self.span[1],
            unique=bool(tree.args.get("unique")),
            where=where.this.sql() if where is not None else None,
            if_not_exists=bool(tree.args.get("exists")),
        )

    def alter(self, tree: exp.Alter) -> tuple[Ddl, ...] | None:
        table = self._table_name(tree.this)
        if table is None or (tree.args.get("kind") or "").upper() != "TABLE":
            return None
        found: list[Ddl] = []
        for action in tree.args.get("actions") or ():
            found.extend(self._action(action, table))
        return tuple(found)

    def _action(self, node: exp.Expr, table: TableName) -> list[Ddl]:
        span = self.span
        match node:
            case exp.ColumnDef():
                column = self._column(node)
                return [
                    AddColumn(table, column, *span) if column else Opaque((table,), False, *span)
                ]
            case exp.Drop():
                return self._dropped(node, table)
            case exp.AddConstraint():
                constraints: list[Constraint] = []
                indexes: list[CreateIndex] = []
                for inner in node.expressions:
                    self._key(inner, table, constraints, indexes)
                return [*(AddConstraint(table, c, *span) for c in constraints), *indexes]
            case exp.RenameColumn():
                old, new = self._named(node.this), self._named(node.args.get("to"))
                return [RenameColumn(table, old[0], new[0], *span)] if old and new else []
            case exp.ModifyColumn():
                column = self._column(node.this)
                old = self._named(node.args.get("rename_from")) or self._named(node.this.this)
                return [ReplaceColumn(table, old[0], column, *span)] if column and old else []
            case exp.DropPrimaryKey():
                return [DropConstraint(table, "", *span, kind="primary key")]
            case exp.AlterRename():
                target = self._table_name(node.this)
                return [RenameTable(table, target.name, *span)] if target else []
            case _:
                return [Opaque((table,), False, *span)]

    def _dropped(self, node: exp.Drop, table: TableName) -> list[Ddl]:
        kind = (node.args.get("kind") or "").upper()
        found: list[Ddl] = []
        for target in node.args.get("tables") or ():
            named = self._named(target.this)
            if named is None:
                continue
            name, start, end = named
            if kind in {"INDEX", "KEY"}:
                index = TableName(name, None, start, end)
                found.append(DropIndex(index, *self.span, table=table))
            elif kind in {"FOREIGN KEY", "CONSTRAINT"}:
                found.append(DropConstraint(table, name, *self.span))
            else:
                found.append(DropColumn(table, name, *self.span))
        return found

    def drop(self, tree: exp.Drop) -> tuple[Ddl, ...] | None:
        kind = (tree.args.get("kind") or "").upper()
        names = [name for t in tree.args.get("tables") or () if (name := self._table_name(t))]
        exists = bool(tree.args.get("exists"))
        if kind == "INDEX":
            cluster = tree.args.get("cluster")
            table = self._table_name(cluster.this) if cluster is not None else None
            return tuple(DropIndex(n, *self.span, table=table, if_exists=exists) for n in names)
        if kind in {"TABLE", "VIEW"}:
            return tuple(
                DropTable(
                    n, *self.span, if_exists=exists, kind="table" if kind == "TABLE" else "view"
                )
                for n in names
            )
        return ()


def foreign_statement_of(prepared: Prepared, start: int, end: int) -> Any:
    """The query of CREATE … AS, read on its own."""
    found = re.search(rb"\bAS\s+(?=SELECT|WITH|\()", prepared.text[start:end], re.IGNORECASE)
    return foreign_statement(prepared, start + found.end(), end, "select") if found else None
