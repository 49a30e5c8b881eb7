"""The relations of Prisma's models, and the tables that it makes for those between two lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.prisma_names import Schema, column_named, column_of, type_of
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import ColumnDefinition, CreateTable
from backend_analyzers.sql.made import (
    Range,
    made_column,
    made_foreign_key,
    made_index,
    made_table,
)
from backend_analyzers.syntax.prisma import Block, Member, listed


def field_of(
    schema: Schema,
    at: Place,
    block: Block,
    member: Member,
    columns: Mapping[str, ColumnDefinition],
) -> Field:
    column = columns.get(member.name)
    if column is not None:
        return Field(member.name, at, column.name, column.type, member.optional)
    target = schema.block(member.type)
    if target is None:
        return Field(member.name, at, relation="?", many=member.many, loading="none")
    join = _join(member, block, target)
    through = ""
    if not join:
        other = _opposite(block, member, target)
        if other is not None:
            join = tuple((mine, theirs) for theirs, mine in _join(other, target, block))
            if not join and member.many and other.many:
                through = _join_table(block, member, target)
    return Field(
        member.name,
        at,
        nullable=member.optional,
        relation=schema.key(member.type),
        many=member.many,
        join=join,
        through=through,
        loading="none",
    )


def _join(member: Member, block: Block, target: Block) -> tuple[tuple[str, str], ...]:
    relation = member.attribute("relation")
    if relation is None:
        return ()
    fields = listed(relation.argument("fields"))
    references = listed(relation.argument("references"))
    return tuple(
        (column_named(block, one.name), column_named(target, other.name))
        for one, other in zip(fields, references, strict=False)
    )


def _relation_name(member: Member) -> str:
    relation = member.attribute("relation")
    given = relation.argument("name", 0) if relation is not None else None
    return (given.string or "") if given is not None else ""


def _opposite(block: Block, member: Member, target: Block) -> Member | None:
    """The field of the other model that is the same relation."""
    name = _relation_name(member)
    found = [
        other
        for other in target.members
        if other.type == block.name
        and _relation_name(other) == name
        and not (target is block and other.name == member.name)
    ]
    return found[0] if len(found) == 1 else None


def _join_table(block: Block, member: Member, target: Block) -> str:
    first, second = sorted((block.name, target.name))
    return f"_{_relation_name(member) or f'{first}To{second}'}"


def join_tables(schema: Schema) -> Iterator[Model]:
    """The tables that Prisma makes by itself for lists on both sides.

    Their key was a unique index before version 6 and a primary key since, so they are not known whole.
    """
    seen: set[str] = set()
    for path, unit, block in schema.blocks.values():
        for member in block.members:
            target = schema.block(member.type)
            other = _opposite(block, member, target) if target is not None else None
            if target is None or other is None or not (member.many and other.many):
                continue
            if _join(member, block, target) or _join(other, target, block):
                continue
            name = _join_table(block, member, target)
            if name not in seen:
                seen.add(name)
                yield _joining(
                    schema, name, Place(path, unit, member.start, member.name_end), block, target
                )


def _joining(schema: Schema, name: str, at: Place, block: Block, target: Block) -> Model:
    span: Range = (at.start, at.end)
    first, second = sorted((block, target), key=lambda one: one.name)
    columns = []
    constraints = []
    for side, one in (("A", first), ("B", second)):
        key = next((m for m in one.members if m.attribute("id") is not None), None)
        text = type_of(schema, key) if key is not None else ""
        target_table = made_table(schema.table(one), span, schema.namespace(one))
        columns.append(made_column(side, text, span, nullable=False))
        if schema.has_foreign_keys and key is not None:
            constraints.append(
                made_foreign_key(
                    (side,),
                    target_table,
                    (column_of(key),),
                    span,
                    f"{name}_{side}_fkey",
                    on_delete="cascade",
                    on_update="cascade",
                )
            )
    table = made_table(name, span, schema.namespace(first))
    create = CreateTable(table, tuple(columns), tuple(constraints), *span, known=False)
    indexes = (
        made_index(f"{name}_AB_unique", table, ("A", "B"), span, unique=True),
        made_index(f"{name}_B_index", table, ("B",), span),
    )
    fields = tuple(Field(c.name, at, c.name, c.type, nullable=False) for c in columns)
    return Model(
        schema.key(name), "prisma", name, at, fields, create, indexes, table.schema, known=False
    )
