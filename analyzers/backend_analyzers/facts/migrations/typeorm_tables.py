"""`new Table({…})`, `new TableColumn({…})` and the other objects of TypeORM's migrations, as DDL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.libraries.typeorm_types import SERIALS, TYPES
from backend_analyzers.sql.ddl import (
    ColumnDefinition,
    Constraint,
    CreateIndex,
    CreateTable,
    CreateType,
    Ddl,
    TableName,
)
from backend_analyzers.sql.made import (
    Range,
    made_column,
    made_foreign_key,
    made_index,
    made_key,
    made_table,
)


class Table:
    """A table whose columns are being read."""

    def __init__(self, table: TableName, at: Range) -> None:
        self.table = table
        self.at = at
        self.columns: list[ColumnDefinition] = []
        self.constraints: list[Constraint] = []
        self.types: list[Ddl] = []
        self.primary: list[str] = []
        self.primary_name = ""
        self.known = True

    @property
    def path(self) -> str:
        """The table as TypeORM's names have it."""
        schema = self.table.schema
        return f"{schema}.{self.table.name}" if schema else self.table.name


def made_by(value: Spelled, kind: str) -> Spelled | None:
    """The options of `new TableColumn({…})`, or of an object that stands for it."""
    if value.kind == "mapping":
        return value
    if value.kind == "call" and value.text.rpartition(".")[2] == kind and value.entries:
        inner = value.entries[0].value
        return inner if inner.kind == "mapping" else None
    return None


def _text(value: Spelled, *names: str) -> str:
    entry = value.get(*names)
    return (
        entry.value.text if entry is not None and entry.value.kind in {"text", "constant"} else ""
    )


def _is_on(value: Spelled, name: str) -> bool:
    entry = value.get(name)
    return entry is not None and entry.value.is_true


def _names(value: Spelled, *keys: str) -> list[str]:
    entry = value.get(*keys)
    if entry is None:
        return []
    if entry.value.kind == "text":
        return [entry.value.text]
    found = [one.value.text for one in entry.value.entries if one.value.kind == "text"]
    return found if len(found) == len(entry.value.entries) and not entry.value.is_open else []


def generated_name(prefix: str, path: str, columns: Sequence[str], where: str = "") -> str:
    """The name that TypeORM makes of a digest."""
    key = f"{path.replace('.', '_', 1)}_{'_'.join(sorted(columns))}"
    key += f"_{where}" if where else ""
    digest = hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest()
    return f"{prefix}_{digest[: 26 if prefix in {'IDX', 'REL'} else 27]}"


def table_of(value: Spelled, at: Range, *, if_not_exists: bool = False) -> list[Ddl]:
    """What `createTable(new Table({…}))` makes; nothing when it cannot be read."""
    options = made_by(value, "Table")
    name = _text(options, "name") if options is not None else ""
    if options is None or not name:
        return []
    schema = _text(options, "schema")
    made = Table(made_table(name, at, schema or None), at)
    columns = options.get("columns")
    if columns is None or columns.value.kind != "list" or columns.value.is_open:
        made.known = False
    for entry in columns.value.entries if columns is not None else ():
        made.known = column_of(made, entry.value) and made.known
    indexes: list[CreateIndex] = []
    for key, read in (("foreignKeys", foreign_key_of), ("uniques", unique_of)):
        held = options.get(key)
        for entry in held.value.entries if held is not None else ():
            constraint = read(made.table, entry.value, at)
            made.known = made.known and constraint is not None
            made.constraints += [constraint] if constraint is not None else []
    held = options.get("indices")
    for entry in held.value.entries if held is not None else ():
        index = index_of(made.table, entry.value, at)
        made.known = made.known and index is not None
        indexes += [index] if index is not None else []
    if made.primary:
        key_name = made.primary_name or generated_name("PK", made.path, made.primary)
        made.constraints.insert(0, made_key(made.primary, at, key_name, primary=True))
    create = CreateTable(
        made.table,
        tuple(made.columns),
        tuple(made.constraints),
        *at,
        if_not_exists=if_not_exists,
        known=made.known and not options.is_open,
    )
    return [*made.types, create, *indexes]


def column_of(made: Table, value: Spelled) -> bool:
    """Read a column; whether it could be."""
    options = made_by(value, "TableColumn")
    name = _text(options, "name") if options is not None else ""
    if options is None or not name:
        return False
    text = _type(made, name, options)
    at = (value.start, value.end)
    strategy = _text(options, "generationStrategy")
    generated = options.get("isGenerated")
    is_generated = strategy or (generated is not None and not generated.value.is_null
                                and generated.value.text != "false")  # fmt: skip
    default = _default(options)
    identity = strategy == "identity"
    if is_generated and strategy != "uuid" and not identity:
        text = SERIALS.get(text, text)
    elif strategy == "uuid" and default is None:
        default = "uuid_generate_v4()"
    if _is_on(options, "isPrimary"):
        made.primary.append(name)
        made.primary_name = _text(options, "primaryKeyConstraintName") or made.primary_name
    made.columns.append(
        made_column(
            name,
            text,
            at,
            nullable=_is_on(options, "isNullable"),
            default=default,
            identity=identity,
        )
    )
    if _is_on(options, "isUnique"):
        made.constraints.append(made_key((name,), at, generated_name("UQ", made.path, [name])))
    return bool(text)


def _type(made: Table, name: str, options: Spelled) -> str:
    written = _text(options, "type")
    is_array = _is_on(options, "isArray")
    if options.get("enum") is not None and written in {"enum", "simple-enum"}:
        given = _text(options, "enumName") or f"{made.table.name}_{name.lower()}_enum"
        labels = tuple(_names(options, "enum"))
        made.types.append(CreateType(given, made.table.schema, "enum", labels, *made.at))
        schema = made.table.schema or "public"
        base = f'"{schema}"."{given}"'
    else:
        base = TYPES.get(written, written)
        length = _text(options, "length")
        precision, scale = _text(options, "precision"), _text(options, "scale")
        if length and "(" not in base:
            base = f"{base}({length})"
        elif precision and base in {"decimal", "numeric"}:
            base = f"{base}({precision},{scale})" if scale else f"{base}({precision})"
        elif precision and base.startswith(("timestamp", "time")):
            head, _, tail = base.partition(" ")
            base = f"{head}({precision}) {tail}".strip()
    return f"{base}[]" if is_array and base else base


def _default(options: Spelled) -> str | None:
    """Defaults are SQL already."""
    entry = options.get("default")
    if entry is None or entry.value.is_null:
        return None
    if entry.value.kind in {"text", "constant"}:
        return entry.value.text
    return "NULL"


def foreign_key_of(table: TableName, value: Spelled, at: Range) -> Constraint | None:
    """A foreign key; None when it cannot be read."""
    options = made_by(value, "TableForeignKey")
    if options is None:
        return None
    columns, targets = _names(options, "columnNames"), _names(options, "referencedColumnNames")
    target = _text(options, "referencedTableName")
    if not columns or not target:
        return None
    path = f"{table.schema}.{table.name}" if table.schema else table.name
    return made_foreign_key(
        columns,
        made_table(target, at, _text(options, "referencedSchema") or None),
        targets,
        at,
        _text(options, "name") or generated_name("FK", path, columns),
        on_delete=_text(options, "onDelete"),
        on_update=_text(options, "onUpdate"),
    )


def unique_of(table: TableName, value: Spelled, at: Range) -> Constraint | None:
    """A unique constraint; None when it cannot be read."""
    options = made_by(value, "TableUnique")
    columns = _names(options, "columnNames") if options is not None else []
    if options is None or not columns:
        return None
    path = f"{table.schema}.{table.name}" if table.schema else table.name
    return made_key(columns, at, _text(options, "name") or generated_name("UQ", path, columns))


def index_of(table: TableName, value: Spelled, at: Range) -> CreateIndex | None:
    """An index; None when it cannot be read."""
    options = made_by(value, "TableIndex")
    columns = _names(options, "columnNames") if options is not None else []
    if options is None or not columns:
        return None
    path = f"{table.schema}.{table.name}" if table.schema else table.name
    where = _text(options, "where")
    return made_index(
        _text(options, "name") or generated_name("IDX", path, columns, where),
        table,
        columns,
        at,
        unique=_is_on(options, "isUnique"),
        method="gist" if _is_on(options, "isSpatial") else "btree",
        where=where or None,
    )
