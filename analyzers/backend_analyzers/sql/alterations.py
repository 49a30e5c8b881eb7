"""ALTER, RENAME and DROP out of the small tree, one action each."""

from __future__ import annotations

from typing import Literal

from backend_analyzers.sql.building import Building
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropSchema,
    DropTable,
    Opaque,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    SetSchema,
    TableName,
)
from backend_analyzers.sql.declarations import Span, column_definition, constraint, table_name
from backend_analyzers.sql.nodes import Node
from backend_analyzers.sql.types import normalised_type

_RELATIONS = ("qualified_name", "extended_relation_expr", "any_name")
_HARMLESS = frozenset(
    [
        "kw_owner",
        "kw_enable",
        "kw_disable",
        "kw_cluster",
        "kw_replica",
        "kw_validate",
        "kw_force",
        "kw_no",
        "kw_set",
        "kw_reset",
    ]
)


def alter_table(building: Building, node: Node, span: Span) -> list[Ddl]:
    """The actions of ALTER TABLE; those that change no table, column, key or index are left out."""
    table = table_name(building, node.first(*_RELATIONS))
    if table is None:
        return [] if node.has("kw_all") else [Opaque((), True, *span)]
    if not (node.has("kw_table") or node.has("kw_foreign")):
        return []
    found: list[Ddl] = []
    for child in node.children:
        if child.kind == "alter_table_cmds":
            for command in child.children:
                found.extend(_command(building, command, table))
        elif child.kind == "ERROR":
            found.append(Opaque((table,), False, *span))
    return found


def _command(building: Building, node: Node, table: TableName) -> list[Ddl]:
    span = (node.start, node.end)
    parts = node.children
    first = parts[0].kind
    if first == "kw_add":
        definition = node.first("columnDef")
        if definition is not None:
            column = column_definition(building, definition)
            added = column and AddColumn(table, column, *span, if_not_exists=node.has("kw_if"))
            return [added or Opaque((table,), False, *span)]
        part = node.first("TableConstraint", "ConstraintElem")
        found = constraint(building, part) if part else None
        return [AddConstraint(table, found, *span) if found else Opaque((table,), False, *span)]
    if first == "kw_drop":
        return [_dropped(building, node, table)]
    if first == "kw_alter":
        return _altered(building, node, table)
    if first in {"kw_inherit", "kw_of", "kw_not"}:
        return [Opaque((table,), False, *span)]
    return [] if first in _HARMLESS else [Opaque((table,), False, *span)]


def _dropped(building: Building, node: Node, table: TableName) -> Ddl:
    span = (node.start, node.end)
    names = [
        c for c in node.children if (not c.children and not c.kind.startswith("kw_")) or _soft(c)
    ]
    name = building.name(names[-1]) if names else None
    if name is None:
        return Opaque((table,), False, *span)
    if node.has("kw_constraint"):
        return DropConstraint(table, name, *span)
    return DropColumn(
        table, name, *span, if_exists=node.has("kw_if"), cascade=node.has("kw_cascade")
    )


_WORDS = frozenset(
    [
        "kw_add",
        "kw_drop",
        "kw_alter",
        "kw_column",
        "kw_constraint",
        "kw_if",
        "kw_exists",
        "kw_not",
        "kw_null",
        "kw_set",
        "kw_data",
        "kw_type",
        "kw_cascade",
        "kw_restrict",
        "kw_rename",
        "kw_to",
        "kw_table",
        "kw_index",
        "kw_view",
        "kw_default",
        "kw_materialized",
        "kw_foreign",
        "kw_schema",
        "kw_sequence",
        "kw_concurrently",
    ]
)


def _soft(node: Node) -> bool:
    """A word that is a name here: the grammar knows it, and this statement does not use it."""
    return not node.children and node.kind.startswith("kw_") and node.kind not in _WORDS


def _altered(building: Building, node: Node, table: TableName) -> list[Ddl]:
    span = (node.start, node.end)
    start = 2 if node.children[1].kind == "kw_column" else 1
    if start >= len(node.children):
        return [Opaque((table,), False, *span)]
    if node.children[1].kind == "kw_constraint":
        return []
    name = building.name(node.children[start])
    rest = node.children[start + 1 :]
    if name is None or not rest:
        return [Opaque((table,), False, *span)]
    kinds = [part.kind for part in rest]
    if "kw_null" in kinds and kinds[0] in {"kw_set", "kw_drop"}:
        return [AlterColumn(table, name, *span, nullable=kinds[0] == "kw_drop")]
    kind = next((part for part in rest if part.kind == "Typename"), None)
    if kind is not None:
        text = building.source(kind.start, kind.end)
        return [AlterColumn(table, name, *span, type_text=text, type=normalised_type(text))]
    if rest[0].kind == "alter_column_default":
        inner = rest[0].children
        if inner[0].kind == "kw_drop":
            return [AlterColumn(table, name, *span, drop_default=True)]
        text = building.source(inner[-1].start, inner[-1].end)
        return [AlterColumn(table, name, *span, default=text)]
    if kinds[0] == "kw_add":
        return [AlterColumn(table, name, *span, generated="identity")]
    if kinds[0] == "kw_drop":
        return [AlterColumn(table, name, *span, generated="")]
    return []


def rename(building: Building, node: Node, span: Span) -> list[Ddl]:
    """ALTER … RENAME."""
    relation = node.first(*_RELATIONS)
    table = table_name(building, relation)
    new = building.name(node.children[-1])
    subject = node.children[1].kind
    if subject == "kw_index":
        return [RenameIndex(table, new, *span)] if table and new else []
    if subject not in {"kw_table", "kw_view", "kw_materialized", "kw_foreign"}:
        return []
    if table is None or new is None:
        return [Opaque((table,) if table else (), table is None, *span)]
    at = next(i for i, c in enumerate(node.children) if c.kind == "kw_rename")
    parts = node.children[at + 1 : -1]
    if parts and parts[0].kind == "kw_to":
        return [RenameTable(table, new, *span)]
    olds = [part for part in parts if part.kind not in {"kw_column", "kw_constraint", "kw_to"}]
    old = building.name(olds[0]) if olds else None
    if old is None:
        return [Opaque((table,), False, *span)]
    if any(part.kind == "kw_constraint" for part in parts):
        return [RenameConstraint(table, old, new, *span)]
    return [RenameColumn(table, old, new, *span)]


def set_schema(building: Building, node: Node, span: Span) -> list[Ddl]:
    """ALTER TABLE … SET SCHEMA."""
    if node.children[1].kind not in {"kw_table", "kw_view", "kw_materialized", "kw_foreign"}:
        return []
    table = table_name(building, node.first(*_RELATIONS))
    schema = building.name(node.children[-1])
    if table is None or schema is None:
        return [Opaque((table,) if table else (), table is None, *span)]
    return [SetSchema(table, schema, *span)]


def drop(building: Building, node: Node, span: Span) -> list[Ddl]:
    """DROP TABLE, VIEW, INDEX and SCHEMA; other objects carry no columns."""
    exists, cascade = node.has("kw_if"), node.has("kw_cascade")
    listed = node.first("any_name_list", "name_list")
    names = [table_name(building, _named(child)) for child in listed.children] if listed else []
    words = [child.kind for child in node.children[1:3]]
    subject = building.source(node.children[1].start, node.children[1].end).lower()
    if "kw_index" in words:
        concurrently = node.has("kw_concurrently")
        return [
            DropIndex(name, *span, concurrently=concurrently, if_exists=exists)
            for name in names
            if name is not None
        ]
    if subject == "schema":
        return [DropSchema(name.name, *span) for name in names if name is not None]
    subject = " ".join(subject.split())
    kinds: dict[str, Literal["table", "view", "materialized view", "foreign table"]] = {
        "table": "table",
        "view": "view",
        "materialized view": "materialized view",
        "foreign table": "foreign table",
    }
    kind = kinds.get(subject)
    if kind is None:
        return []
    return [
        DropTable(name, *span, if_exists=exists, cascade=cascade, kind=kind)
        if name
        else Opaque((), True, *span)
        for name in names
    ]


def _named(node: Node) -> Node:
    return node if node.children else Node("any_name", node.start, node.end, [node])
