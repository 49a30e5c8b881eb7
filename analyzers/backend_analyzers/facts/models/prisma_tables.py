"""The tables that Prisma makes of the models of a schema: columns, keys and indexes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.prisma_names import (
    Schema,
    column_named,
    column_of,
    default_of,
    type_of,
)
from backend_analyzers.facts.models.prisma_relations import field_of
from backend_analyzers.libraries.prisma_types import SERIALS
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import ColumnDefinition, Constraint, CreateIndex, CreateTable
from backend_analyzers.sql.made import (
    made_column,
    made_foreign_key,
    made_index,
    made_key,
    made_table,
)
from backend_analyzers.syntax.prisma import Attribute, Block, Item, Member, listed


def model_of(schema: Schema, name: str) -> Model:
    """A model and its table."""
    path, unit, block = schema.blocks[name]
    columns = {m.name: c for m in block.members if (c := _column(schema, m)) is not None}
    fields = tuple(
        field_of(schema, Place(path, unit, m.start, m.name_end), block, m, columns)
        for m in block.members
        if m.attribute("ignore") is None or m.name in columns
    )
    table = made_table(
        schema.table(block), (block.name_start, block.name_end), schema.namespace(block)
    )
    create = CreateTable(
        table,
        tuple(columns.values()),
        tuple(_constraints(schema, block, columns)),
        0,
        block.end,
        known=block.known,
    )
    return Model(
        key=schema.key(name),
        mapper="prisma",
        table=table.name,
        at=Place(path, unit, block.name_start, block.name_end),
        fields=fields,
        create=create,
        indexes=tuple(_indexes(schema, block, columns)),
        schema=table.schema,
        known=block.known,
        managed=block.kind == "model",
    )


def _column(schema: Schema, member: Member) -> ColumnDefinition | None:
    """The column of a field; None for a relation, and for what cannot be read."""
    if not member.type or member.type in schema.blocks:
        return None
    text = type_of(schema, member)
    default = member.attribute("default")
    written = default.arguments[0].text if default is not None and default.arguments else ""
    is_serial = written.startswith("autoincrement(")
    if is_serial and schema.dialect == "postgresql":
        text = SERIALS.get(text, text)
    if member.many:
        text = f"{text}[]"
    return made_column(
        column_of(member),
        text,
        (member.start, member.end),
        (member.start, member.name_end),
        # A list is not null to Prisma, and may be to the database.
        nullable=member.optional or member.many,
        default=default_of(schema, member, written, text),
        identity=is_serial and schema.dialect != "postgresql",
    )


# Keys and indexes ------------------------------------------------------------------------------


def _constraints(
    schema: Schema, block: Block, columns: Mapping[str, ColumnDefinition]
) -> Iterator[Constraint]:
    table = schema.table(block)
    for names, one in _declared(block, "id"):
        key = _columns(names, columns)
        if key:
            name = None if schema.dialect != "postgresql" else f"{table}_pkey"
            yield made_key(key, (one.start, one.end), _given_name(one) or name, primary=True)
    if not schema.has_foreign_keys:
        return
    for member in block.members:
        relation = member.attribute("relation")
        target = schema.block(member.type)
        fields = listed(relation.argument("fields")) if relation is not None else ()
        key = _columns(fields, columns)
        if relation is None or target is None or not key:
            continue
        references = listed(relation.argument("references"))
        wanted = tuple(column_named(target, one.name) for one in references)
        at = (member.start, member.end)
        yield made_foreign_key(
            key,
            made_table(schema.table(target), at, schema.namespace(target)),
            wanted,
            at,
            _given_name(relation) or schema.constraint(table, *key, suffix="_fkey"),
            on_delete=_action(relation, "onDelete", "SetNull" if member.optional else "Restrict"),
            on_update=_action(relation, "onUpdate", "Cascade"),
        )


def _action(relation: Attribute, name: str, otherwise: str) -> str:
    given = relation.argument(name)
    word = given.text if given is not None else otherwise
    return {"SetNull": "set null", "SetDefault": "set default", "NoAction": "no action"}.get(
        word, word.lower()
    )


def _indexes(
    schema: Schema, block: Block, columns: Mapping[str, ColumnDefinition]
) -> Iterator[CreateIndex]:
    table = made_table(
        schema.table(block), (block.name_start, block.name_end), schema.namespace(block)
    )
    for word in ("unique", "index"):
        for items, one in _declared(block, word):
            names = _columns(items, columns)
            if not names:
                continue
            suffix = "_key" if word == "unique" else "_idx"
            method = one.argument("type")
            yield made_index(
                _given_name(one) or schema.constraint(table.name, *names, suffix=suffix),
                table,
                names,
                (one.start, one.end),
                unique=word == "unique",
                descending=[
                    columns[item.name].name
                    for item in items
                    if item.name in columns and "Desc" in item.options
                ],
                method=method.text.lower() if method is not None else "btree",
            )


def _declared(block: Block, word: str) -> Iterator[tuple[tuple[Item, ...], Attribute]]:
    """What `@word` says of a field, and `@@word` of several."""
    for member in block.members:
        one = member.attribute(word)
        if one is not None:
            yield (Item(member.name, member.start, member.name_end, _sort(one)),), one
    for one in block.attributes:
        if one.name == word:
            yield listed(one.argument("fields", 0)), one


def _sort(attribute: Attribute) -> str:
    given = attribute.argument("sort")
    return given.text if given is not None else ""


def _given_name(attribute: Attribute) -> str | None:
    given = attribute.argument("map")
    return given.string if given is not None else None


def _columns(items: tuple[Item, ...], columns: Mapping[str, ColumnDefinition]) -> tuple[str, ...]:
    found = tuple(columns[item.name].name for item in items if item.name in columns)
    return found if len(found) == len(items) else ()
