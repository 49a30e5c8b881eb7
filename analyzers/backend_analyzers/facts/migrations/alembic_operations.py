"""What each of Alembic's operations does to a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.columns import ColumnRead, column, defined, reference_of
from backend_analyzers.facts.alchemy.constraints import (
    as_constraint,
    as_index,
    constraint,
    index,
    name_of,
    names_of,
)
from backend_analyzers.facts.alchemy.tables import Names, built, is_column, table_items
from backend_analyzers.facts.alchemy.texts import default_text, text_of
from backend_analyzers.facts.alchemy.things import UNKNOWN, Items, Made, Thing
from backend_analyzers.facts.alchemy.types import Types, typed
from backend_analyzers.facts.migrations.alembic_done import (
    NOTHING,
    Done,
    code_of,
    ddl_of,
    span_of,
    sql_of,
)
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    Constraint,
    CreateIndex,
    CreateType,
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
    TableName,
)
from backend_analyzers.sql.names import quoted

_NAMES = Names()


Operate = Callable[[Made, Types, Made | None], Done | None]


def _in(one: Made | ColumnRead, around: Made) -> bool:
    """Whether something is written inside of an operation's call, or at least in its unit."""
    return one.unit == around.unit


def _taken(made: Made, name: str, position: int, batch: Made | None) -> Thing:
    """An argument after the name of the table, which a batch leaves out."""
    return made.get(name, position - (batch is not None), UNKNOWN)


def _table(
    made: Made, batch: Made | None, *, name: str = "table_name", position: int = 0
) -> TableName | None:
    """The table that an operation is about."""
    if batch is not None:
        return _named_table(batch, batch.get("table_name", 0, UNKNOWN), made, "schema")
    return _named_table(made, made.get(name, position, UNKNOWN), made, "schema", name, position)


def _named_table(
    source: Made, thing: Thing, made: Made, schema: str, name: str = "", position: int = -1
) -> TableName | None:
    if not isinstance(thing, str):
        return None
    space = source.get(schema)
    if space is UNKNOWN or (space is not None and not isinstance(space, str)):
        return None
    given = source.given(name, position) if name else None
    span = span_of(made)
    if given is not None and isinstance(given.node, ir.Text) and len(given.node.parts) == 1:
        part = given.node.parts[0]
        if span[0] <= part.start and part.end <= span[1]:
            span = (part.start, part.end)
    return TableName(thing, space or None, *span)


def _spans(made: Made) -> Callable[[ColumnRead], tuple[int, int, int, int]]:
    def spans(read: ColumnRead) -> tuple[int, int, int, int]:
        if _in(read, made):
            return read.start, read.end, read.name_start, read.name_end
        return (*span_of(made), *span_of(made))

    return spans


def _opaque(made: Made, table: TableName | None) -> Done:
    """An operation on a table, of which the rest cannot be read."""
    tables = (table,) if table is not None else ()
    return ddl_of(made, Opaque(tables, table is None, *span_of(made)), complete=False)


def _create_table(made: Made, types: Types, _batch: Made | None) -> Done:
    table = _table(made, None)
    if table is None:
        return _opaque(made, None)
    read = table_items((one.value for one in made.arguments[1:]), types, known=made.complete)
    made_up = built(table, read, _NAMES, _spans(made), span_of(made))
    create = msgspec.structs.replace(
        made_up.create, if_not_exists=made.get("if_not_exists") is True
    )
    return ddl_of(made, *made_up.types, create, *made_up.indexes, complete=read.known)


def _table_create(made: Made, types: Types, owner: Made | None) -> Done:
    """`Table(…).create(bind)`."""
    assert owner is not None
    name = owner.get("name", 0, UNKNOWN)
    table = _named_table(owner, name, made, "schema")
    if table is None:
        return _opaque(made, None)
    read = table_items((one.value for one in owner.arguments[2:]), types, known=owner.complete)
    made_up = built(table, read, _NAMES, _spans(made), span_of(made))
    return ddl_of(made, *made_up.types, made_up.create, *made_up.indexes, complete=read.known)


def _table_drop(made: Made, _types: Types, owner: Made | None) -> Done:
    assert owner is not None
    table = _named_table(owner, owner.get("name", 0, UNKNOWN), made, "schema")
    return _opaque(made, None) if table is None else ddl_of(made, DropTable(table, *span_of(made)))


def _enum_create(made: Made, types: Types, owner: Made | None) -> Done:
    """`Enum(…).create(bind)`."""
    kind = typed(owner, types)
    if not kind.text or kind.labels is None:
        return NOTHING
    return ddl_of(made, CreateType(kind.text, kind.schema, "enum", kind.labels, *span_of(made)))


def _add_column(made: Made, types: Types, batch: Made | None) -> Done:
    table = _table(made, batch)
    thing = _taken(made, "column", 1, batch)
    if table is None or not isinstance(thing, Made) or not is_column(thing):
        return _opaque(made, table)
    read = column(thing, types)
    if not read.name:
        return _opaque(made, table)
    at = _spans(made)(read)
    reference = None
    if read.foreign:
        reference = reference_of(read.foreign[0], table.name, read.name, at[:2])
    named = read.foreign[0].name if read.foreign else None
    names = (("foreign key", named),) if named else ()
    definition = defined(read, read.name, at, in_key=False, reference=reference, names=names)
    actions: list[Ddl] = [
        AddColumn(
            table, definition, *span_of(made), if_not_exists=made.get("if_not_exists") is True
        )
    ]
    if read.index:
        key = IndexKey(read.name, quoted(read.name), *at[:2])
        name = _NAMES.of("ix", table, (read.name,))
        actions.append(
            CreateIndex(name, table.schema, table, (key,), *span_of(made), unique=read.unique)
        )
    return ddl_of(made, *actions, complete=read.known)


def _drop_column(made: Made, _types: Types, batch: Made | None) -> Done:
    table = _table(made, batch)
    name = _taken(made, "column_name", 1, batch)
    if table is None or not isinstance(name, str):
        return _opaque(made, table)
    return ddl_of(made, DropColumn(table, name, *span_of(made)))


def _alter_column(made: Made, types: Types, batch: Made | None) -> Done:
    table = _table(made, batch)
    name = _taken(made, "column_name", 1, batch)
    if table is None or not isinstance(name, str) or not made.complete:
        return _opaque(made, table)
    kind = made.get("type_")
    text = None if kind is None else typed(kind, types).text
    nullable = made.get("nullable")
    default = made.get("server_default", default=False)
    renamed = made.get("new_column_name", default=made.get("name"))
    complete = nullable is not UNKNOWN and renamed is not UNKNOWN
    written = None if default is False or default is None else default_text(default)
    altered = AlterColumn(
        table,
        name,
        *span_of(made),
        type_text=text,
        type=None if text is None else typed(kind, types).type,
        nullable=nullable if isinstance(nullable, bool) else None,
        default=written if written is not None else None,
        drop_default=default is None,
    )
    actions: list[Ddl] = []
    if (
        text is not None
        or altered.nullable is not None
        or altered.default is not None
        or altered.drop_default
    ):
        actions.append(altered)
    if isinstance(renamed, str) and renamed != name:
        actions.append(RenameColumn(table, name, renamed, *span_of(made)))
    return ddl_of(made, *actions, complete=complete) if actions else NOTHING


def _create_index(made: Made, _types: Types, batch: Made | None) -> Done:
    table = _table(made, batch, position=1)
    columns = _taken(made, "columns", 2, batch)
    if table is None or not isinstance(columns, Items):
        return _opaque(made, table)
    read = index(made, made.get("index_name", 0, UNKNOWN), columns.values)
    if not read.known:
        return _opaque(made, table)
    own = tuple(one for one in read.columns if one)
    name = read.name or _NAMES.of("ix", table, own)
    found = as_index(read, name, table, str, span_of(made))
    found = msgspec.structs.replace(found, if_not_exists=made.get("if_not_exists") is True)
    return ddl_of(made, found, concurrent=read.concurrently, complete=read.known)


def _drop_index(made: Made, _types: Types, batch: Made | None) -> Done:
    name = name_of(made.get("index_name", 0, UNKNOWN))
    if name is None:
        return _opaque(made, _table(made, batch, position=1))
    space = (made if batch is None else batch).get("schema")
    concurrently = made.get("postgresql_concurrently") is True
    named = TableName(name, space if isinstance(space, str) else None, *span_of(made))
    return ddl_of(
        made,
        DropIndex(
            named,
            *span_of(made),
            concurrently=concurrently,
            if_exists=made.get("if_exists") is True,
        ),
        concurrent=concurrently,
    )


def _create_foreign_key(made: Made, _types: Types, batch: Made | None) -> Done:
    if batch is None:
        table = _named_table(made, made.get("source_table", 1, UNKNOWN), made, "source_schema")
    else:
        table = _table(made, batch)
    target = _named_table(made, _taken(made, "referent_table", 2, batch), made, "referent_schema")
    local = _taken(made, "local_cols", 3, batch)
    remote = _taken(made, "remote_cols", 4, batch)
    columns = names_of(local.values) if isinstance(local, Items) else None
    targets = names_of(remote.values) if isinstance(remote, Items) else None
    if table is None or target is None or columns is None or targets is None:
        return _opaque(made, table)
    reference = Reference(
        target, targets, _lower(made.get("ondelete")), _lower(made.get("onupdate"))
    )
    added = Constraint(
        "foreign key",
        name_of(made.get("constraint_name", 0)),
        columns,
        *span_of(made),
        reference=reference,
        valid=made.get("postgresql_not_valid") is not True,
    )
    return ddl_of(made, AddConstraint(table, added, *span_of(made)))


def _lower(thing: Thing) -> str:
    return thing.lower() if isinstance(thing, str) else ""


def _key(kind: Literal["unique", "primary key"]) -> Operate:
    def create(made: Made, _types: Types, batch: Made | None) -> Done:
        table = _table(made, batch, position=1)
        given = _taken(made, "columns", 2, batch)
        columns = names_of(given.values) if isinstance(given, Items) else None
        if table is None or columns is None:
            return _opaque(made, table)
        name = name_of(made.get("constraint_name", 0))
        added = Constraint(kind, name, columns, *span_of(made))
        return ddl_of(made, AddConstraint(table, added, *span_of(made)))

    return create


def _create_check(made: Made, _types: Types, batch: Made | None) -> Done:
    table = _table(made, batch, position=1)
    if table is None:
        return _opaque(made, table)
    condition = text_of(_taken(made, "condition", 2, batch))
    text = f"CHECK ({condition})" if condition is not None else ""
    name = name_of(made.get("constraint_name", 0))
    valid = made.get("postgresql_not_valid") is not True
    added = Constraint("check", name, (), *span_of(made), text=text, valid=valid)
    return ddl_of(made, AddConstraint(table, added, *span_of(made)))


def _create_exclude(made: Made, _types: Types, batch: Made | None) -> Done:
    table = _table(made, batch, position=1)
    if table is None:
        return _opaque(made, table)
    name = name_of(made.get("constraint_name", 0))
    added = Constraint("exclude", name, (), *span_of(made))
    return ddl_of(made, AddConstraint(table, added, *span_of(made)))


def _drop_constraint(made: Made, _types: Types, batch: Made | None) -> Done:
    table = _table(made, batch, position=1)
    name = name_of(made.get("constraint_name", 0, UNKNOWN))
    if table is None or name is None:
        return _opaque(made, table)
    return ddl_of(made, DropConstraint(table, name, *span_of(made)))


def _rename_table(made: Made, _types: Types, _batch: Made | None) -> Done:
    table = _table(made, None, name="old_table_name")
    name = made.get("new_table_name", 1, UNKNOWN)
    if table is None or not isinstance(name, str):
        return _opaque(made, table)
    return ddl_of(made, RenameTable(table, name, *span_of(made)))


def _drop_table(made: Made, _types: Types, _batch: Made | None) -> Done:
    table = _table(made, None)
    if table is None:
        return _opaque(made, table)
    return ddl_of(made, DropTable(table, *span_of(made), if_exists=made.get("if_exists") is True))


def _bulk_insert(_made: Made, _types: Types, _batch: Made | None) -> Done:
    return code_of()


def _add_constraint(made: Made, _types: Types, batch: Made | None) -> Done:
    """`op.create_…` by object: rarely used."""
    table = _table(made, batch)
    thing = _taken(made, "constraint", 1, batch)
    read = constraint(thing) if isinstance(thing, Made) else None
    if table is None or read is None:
        return _opaque(made, table)
    added = as_constraint(read, read.name, str, span_of(made))
    return (
        _opaque(made, table)
        if added is None
        else ddl_of(made, AddConstraint(table, added, *span_of(made)))
    )


def _execute(made: Made, _types: Types, _batch: Made | None) -> Done | None:
    return sql_of(made.get("sqltext", 0, UNKNOWN), made) or code_of()


def _nothing(_made: Made, _types: Types, _batch: Made | None) -> Done:
    return NOTHING


OPERATIONS: Mapping[str, Operate] = {
    "create_table": _create_table,
    "table.create": _table_create,
    "table.drop": _table_drop,
    "enum.create": _enum_create,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_foreign_key": _create_foreign_key,
    "create_unique_constraint": _key("unique"),
    "create_primary_key": _key("primary key"),
    "create_check_constraint": _create_check,
    "create_exclude_constraint": _create_exclude,
    "drop_constraint": _drop_constraint,
    "rename_table": _rename_table,
    "drop_table": _drop_table,
    "execute": _execute,
    "bulk_insert": _bulk_insert,
    "add_constraint": _add_constraint,
    "create_table_comment": _nothing,
    "drop_table_comment": _nothing,
}
OPERATIONS = {**OPERATIONS, "enum.create": _enum_create}
