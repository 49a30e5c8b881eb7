"""The attributes of Sequelize's tables, as columns and keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from backend_analyzers.facts.orm.spelled import Entry, Spelled
from backend_analyzers.libraries.sequelize_types import BY_CLIENT, SERIALS, SIZED, TYPES
from backend_analyzers.sql.ddl import (
    AddConstraint,
    AlterColumn,
    ColumnDefinition,
    Constraint,
    CreateType,
    Ddl,
    TableName,
)
from backend_analyzers.sql.made import (
    Range,
    made_column,
    made_foreign_key,
    made_key,
    made_table,
    quoted_name,
    text_literal,
)


class Table:
    """A table whose columns are being read."""

    def __init__(self, table: TableName, at: Range) -> None:
        self.table = table
        self.at = at
        self.columns: list[ColumnDefinition] = []
        self.constraints: list[Constraint] = []
        self.types: list[Ddl] = []
        self.known = True
        self.is_sure = True
        """Whether every default is known."""

    def constraints_with(self, primary: Sequence[str]) -> Iterator[Constraint]:
        """The constraints, with a key of several columns where several say so."""
        if len(primary) > 1:
            yield made_key(primary, self.at, f"{self.table.name}_pkey", primary=True)
        yield from self.constraints


def named(value: Spelled | None, at: Range) -> TableName | None:
    """A table by its name, or by `{tableName, schema}`."""
    if value is None:
        return None
    if value.kind == "text":
        return made_table(value.text, (value.start, value.end))
    table, schema = value.get("tableName"), value.get("schema")
    if table is None or table.value.kind != "text":
        return None
    return made_table(table.value.text, at, schema.value.text if schema is not None else None)


def placed(column: ColumnDefinition, *, alone: bool) -> ColumnDefinition:
    """A column that is the key by itself, or only a part of it."""
    return column if alone else msgspec.structs.replace(column, primary_key=False)


def column_of(made: Table, entry: Entry) -> None:
    """Read `name: {type: …, allowNull: false}`, or `name: TYPE`."""
    value = entry.value
    held = (
        {one.key: one.value for one in value.entries}
        if value.kind == "mapping"
        else {"type": value}
    )
    if value.kind == "unknown" or (value.kind == "mapping" and value.is_open) or "type" not in held:
        made.known = False
        if "type" not in held:
            return
    field = held.get("field")
    name = field.text if field is not None and field.kind == "text" else entry.key
    text = type_of(made, name, held["type"])
    if text is None:
        return
    if not text:
        made.known = False
    at = (entry.start, entry.end)
    is_serial = "autoIncrement" in held and held["autoIncrement"].is_true
    primary = "primaryKey" in held and held["primaryKey"].is_true
    nullable = not ("allowNull" in held and held["allowNull"].text == "false")
    made.columns.append(
        made_column(
            name,
            SERIALS.get(text, text) if is_serial else text,
            at,
            nullable=nullable,
            default=_default(made, held.get("defaultValue"), text),
            primary_key=primary,
        )
    )
    unique = held.get("unique")
    if unique is not None and unique.is_true:
        made.constraints.append(made_key((name,), at, f"{made.table.name}_{name}_key"))
    elif unique is not None and unique.kind == "text":
        made.constraints.append(made_key((name,), at, unique.text))
    reference = _reference(made, name, held, at)
    if reference is not None:
        made.constraints.append(reference)


def _reference(made: Table, name: str, held: dict[str, Spelled], at: Range) -> Constraint | None:
    given = held.get("references")
    if given is None:
        return None
    model, key = given.get("model"), given.get("key")
    target = named(model.value if model is not None else given, at)
    if target is None:
        made.known = False
        return None
    column = key.value.text if key is not None else ""
    on_delete, on_update = held.get("onDelete"), held.get("onUpdate")
    return made_foreign_key(
        (name,),
        target,
        (column,) if column else ("id",),
        at,
        f"{made.table.name}_{name}_fkey",
        on_delete=on_delete.text if on_delete is not None else "",
        on_update=on_update.text if on_update is not None else "",
    )


def type_of(made: Table, column: str, value: Spelled) -> str | None:
    """The type of a column; empty when it is not known, None for what is no column."""
    if value.kind == "text":
        return value.text
    if value.kind != "call":
        return ""
    names = [
        one for one in value.text.split(".") if one not in {"DataTypes", "Sequelize", "DataType"}
    ]
    word = next((one for one in names if one.isupper()), "")
    if word == "VIRTUAL":
        return None
    arguments = [one.value for one in value.entries]
    if word == "ENUM":
        return _enum(made, column, arguments)
    if word == "ARRAY":
        inner = arguments[0] if arguments else None
        if (
            inner is not None
            and inner.kind == "mapping"
            and (held := inner.get("type")) is not None
        ):
            inner = held.value
        base = type_of(made, column, inner) if inner is not None else ""
        return f"{base}[]" if base else ""
    if word == "STRING" and "BINARY" in names:
        return "BYTEA"
    size = ",".join(one.text for one in arguments if one.kind == "constant")
    if size and word in SIZED:
        return f"{SIZED[word]}({size})"
    if word == "DATE" and size:
        return f"TIMESTAMP({size}) WITH TIME ZONE"
    return TYPES.get(word, "")


def _enum(made: Table, column: str, arguments: list[Spelled]) -> str:
    """Its type is called after the table and the column."""
    values = arguments
    first = arguments[0] if arguments else None
    if first is not None and first.kind == "list":
        values = [one.value for one in first.entries]
    elif (
        first is not None and first.kind == "mapping" and (held := first.get("values")) is not None
    ):
        values = [one.value for one in held.value.entries]
    name = f"enum_{made.table.name}_{column}"
    labels = tuple(one.text for one in values if one.kind == "text")
    made.types.append(CreateType(name, made.table.schema, "enum", labels, *made.at))
    schema = made.table.schema or "public"
    return f'"{schema}"."{name}"'


def _default(made: Table, value: Spelled | None, type_text: str) -> str | None:
    """A default as SQL; `NULL` stands for one that is not known."""
    if value is None or value.is_null:
        return None
    match value.kind:
        case "text":
            return text_literal(value.text)
        case "constant":
            return value.text
        case "list":
            inner = ", ".join(text_literal(one.value.text) for one in value.entries)
            return f"ARRAY[{inner}]::{type_text}"
        case "mapping" if not value.entries and not value.is_open:
            return "'{}'"
        case "call":
            word = value.text.rpartition(".")[2]
            if word in BY_CLIENT:
                return None
            first = value.entries[0].value if value.entries else None
            if word == "literal" and first is not None and first.kind == "text":
                return first.text
            if word == "fn" and first is not None and first.kind == "text":
                return f"{first.text}()"
        case _:
            pass
    made.is_sure = False
    return "NULL"


def keys_of(made: Table, options: Spelled | None) -> None:
    """The unique keys that the options of a table declare."""
    held = options.get("uniqueKeys") if options is not None else None
    for entry in held.value.entries if held is not None else ():
        fields = entry.value.get("fields")
        names = [one.value.text for one in fields.value.entries] if fields is not None else []
        if names and all(names):
            made.constraints.append(made_key(names, made.at, entry.key or None))


def changed(made: Table, attribute: Spelled) -> list[Ddl]:
    """`changeColumn` says all of a column anew, and what is not repeated goes; but for a reference it adds that only."""
    is_reference = attribute.get("references") is not None
    found: list[Ddl] = [*made.types]
    found += [
        AlterColumn(
            made.table,
            column.name,
            *made.at,
            type_text=None if is_reference else column.type_text,
            type=None if is_reference else column.type,
            nullable=None if is_reference and column.nullable else column.nullable,
            default=column.default,
            drop_default=column.default is None and not is_reference,
        )
        for column in made.columns
        if not is_reference or not column.nullable or column.default is not None
    ]
    found += [AddConstraint(made.table, one, *made.at) for one in made.constraints]
    return found


def condition_of(value: Spelled) -> str:
    """The condition of a partial index, `{status: "open", deletedAt: null}`; empty when it is not known."""
    terms = []
    for entry in value.entries if value.kind == "mapping" and not value.is_open else ():
        name, given = quoted_name(entry.key, "postgresql"), entry.value
        if given.is_null:
            terms.append(f"{name} IS NULL")
        elif given.kind == "text":
            terms.append(f"{name} = {text_literal(given.text)}")
        elif given.kind == "constant":
            terms.append(f"{name} = {given.text}")
        else:
            return ""
    return " AND ".join(terms)


_KINDS = {"unique", "foreign key", "primary key"}


def constraint_of(
    table: TableName, options: Spelled, fields: Spelled | None, at: Range
) -> Constraint | None:
    """What `addConstraint` declares; None for what is not a key."""
    held = {one.key: one.value for one in options.entries}
    listed = fields or held.get("fields")
    kind = held["type"].text.lower() if "type" in held else ""
    if kind == "check":
        return Constraint("check", held["name"].text if "name" in held else None, (), *at)
    names = [one.value.text for one in listed.entries] if listed is not None else []
    if kind not in _KINDS or not names or not all(names):
        return None
    name = held["name"].text if "name" in held and held["name"].kind == "text" else ""
    if kind == "foreign key":
        given = held.get("references")
        target = given.get("table") if given is not None else None
        where = named(target.value, at) if target is not None else None
        field = given.get("field", "fields") if given is not None else None
        if where is None or field is None:
            return None
        columns = [one.value.text for one in field.value.entries] or [field.value.text]
        on_delete, on_update = held.get("onDelete"), held.get("onUpdate")
        return made_foreign_key(
            names,
            where,
            columns,
            at,
            name or f"{table.name}_{'_'.join(names)}_{where.name}_fk",
            on_delete=on_delete.text if on_delete is not None else "",
            on_update=on_update.text if on_update is not None else "",
        )
    is_primary = kind == "primary key"
    suffix = "pk" if is_primary else "uk"
    return made_key(
        names, at, name or f"{table.name}_{'_'.join(names)}_{suffix}", primary=is_primary
    )


def underscored(name: str) -> str:
    """`ordersCustomer_id` as Sequelize's names of indexes have it."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    words = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", words)
    return words.replace("-", "_").lower()
