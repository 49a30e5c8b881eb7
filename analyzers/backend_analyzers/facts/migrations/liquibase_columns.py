"""What each change of Liquibase does, as DDL: `createTable`, `addColumn`, `addForeignKeyConstraint`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from backend_analyzers.libraries.liquibase_words import TYPES, WITHOUT_SIZE
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    ColumnDefinition,
    Constraint,
    CreateTable,
    CreateView,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropTable,
    Opaque,
    RenameColumn,
    RenameTable,
    TableName,
)
from backend_analyzers.sql.made import (
    Range,
    made_column,
    made_foreign_key,
    made_index,
    made_key,
    made_table,
    text_literal,
)
from backend_analyzers.sql.types import normalised_type


class Change(NamedTuple):
    """One change: its word, its range, and its attributes."""

    word: str
    at: Range
    body: Any

    def text(self, *names: str) -> str:
        """The first of some attributes that is there."""
        for name in names:
            found = self.body.get(name) if isinstance(self.body, dict) else None
            if isinstance(found, str) and found:
                return found
        return ""

    def name(self, *names: str) -> str:
        return folded(self.text(*names))

    def names(self, name: str) -> tuple[str, ...]:
        """Names with commas between them."""
        return tuple(folded(one.strip()) for one in self.text(name).split(",") if one.strip())

    def table(self, name: str = "tableName", schema: str = "schemaName") -> TableName | None:
        found = self.name(name)
        return made_table(found, self.at, self.name(schema) or None) if found else None

    def columns(self) -> list[Mapping[str, Any]]:
        """The `column` of each item of `columns`."""
        held = self.body if isinstance(self.body, dict) else {}
        given, single = held.get("columns"), held.get("column")
        items = [*(given if isinstance(given, list) else ()), held]
        items += single if isinstance(single, list) else ()
        found = [one.get("column") for one in items if isinstance(one, dict)]
        return [one for one in found if isinstance(one, dict)]


def folded(name: str) -> str:
    """Names in capitals are not quoted, and so are lower case in PostgreSQL; mixed ones are quoted."""
    bare = name.strip('`"')
    return bare.lower() if bare.isupper() and bare == name else bare


def made_of(change: Change) -> tuple[Ddl, ...] | None:
    """What a change does; None when it cannot be read."""
    reader = _WORDS.get(change.word)
    if reader is None:
        return None
    found = tuple(reader(change))
    return found or None


# Columns ---------------------------------------------------------------------------------------


def type_of(written: str) -> str:
    """A type of Liquibase as PostgreSQL has it."""
    plain = re.sub(r"^java\.sql\.Types\.", "", written.strip(), flags=re.IGNORECASE)
    base, bracket, rest = plain.partition("(")
    word = TYPES.get(base.strip().lower(), base.strip())
    size = f"{bracket}{rest}"
    if word.lower() in WITHOUT_SIZE:
        size = re.sub(r"\([^)]*\)", "", size).strip()
        size = "" if size.lower() == "unsigned" else f" {size}" if size else ""
    return f"{word}{size}"


def _default(column: Mapping[str, Any]) -> str | None:
    for name, value in column.items():
        if not name.startswith("defaultValue") or not isinstance(value, str):
            continue
        match name:
            case "defaultValue":
                return text_literal(value)
            case "defaultValueBoolean":
                return {"1": "TRUE", "0": "FALSE"}.get(value, value.upper())
            case "defaultValueDate":
                is_function = not re.match(r"\d", value)
                return value if is_function else text_literal(value)
            case "defaultValueNumeric" | "defaultValueComputed":
                return value
            case "defaultValueSequenceNext":
                return f"nextval({text_literal(value)})"
            case _:
                pass
    return None


def _flag(held: Mapping[str, Any], name: str) -> bool | None:
    value = held.get(name)
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def _column(change: Change, column: Mapping[str, Any]) -> ColumnDefinition | None:
    name, written = column.get("name"), column.get("type")
    if not isinstance(name, str) or not name:
        return None
    held = column.get("constraints")
    limits: Mapping[str, Any] = held if isinstance(held, dict) else {}
    is_serial = _flag(column, "autoIncrement") is True
    return made_column(
        folded(name),
        type_of(written if isinstance(written, str) else ""),
        change.at,
        nullable=_flag(limits, "nullable") is not False,
        default=_default(column),
        primary_key=False,
        identity=is_serial,
    )


def _limits(change: Change, table: TableName, column: Mapping[str, Any]) -> Iterator[Constraint]:
    """The keys that a column declares."""
    held = column.get("constraints")
    if not isinstance(held, dict):
        return
    name = folded(str(column.get("name", "")))
    if _flag(held, "unique"):
        yield made_key((name,), change.at, _text(held, "uniqueConstraintName") or None)
    target, columns = _text(held, "referencedTableName"), _text(held, "referencedColumnNames")
    found = re.match(r"\s*([\w.\"]+)\s*\(([^)]*)\)", _text(held, "references"))
    if found is not None:
        target, columns = found[1], found[2]
    if target:
        yield made_foreign_key(
            (name,),
            made_table(folded(target), change.at, table.schema),
            tuple(folded(one.strip()) for one in columns.split(",") if one.strip()),
            change.at,
            _text(held, "foreignKeyName") or None,
            on_delete="cascade" if _flag(held, "deleteCascade") else "",
        )


def _text(held: Mapping[str, Any], name: str) -> str:
    value = held.get(name)
    return value if isinstance(value, str) else ""


# Changes ---------------------------------------------------------------------------------------


def _create_table(change: Change) -> Iterator[Ddl]:
    table = change.table()
    if table is None:
        return
    columns = [column for one in change.columns() if (column := _column(change, one)) is not None]
    constraints: list[Constraint] = []
    keys = [one for one in change.columns() if _flag(_limits_of(one), "primaryKey")]
    if keys:
        name = next(
            (found for one in keys if (found := _text(_limits_of(one), "primaryKeyName"))), ""
        )
        names = [folded(str(one.get("name", ""))) for one in keys]
        constraints.append(
            made_key(names, change.at, folded(name) or f"{table.name}_pkey", primary=True)
        )
    for one in change.columns():
        constraints += _limits(change, table, one)
    is_known = len(columns) == len(change.columns()) and bool(columns)
    yield CreateTable(table, tuple(columns), tuple(constraints), *change.at, known=is_known)


def _limits_of(column: Mapping[str, Any]) -> Mapping[str, Any]:
    held = column.get("constraints")
    return held if isinstance(held, dict) else {}


def _add_column(change: Change) -> Iterator[Ddl]:
    table = change.table()
    for one in change.columns() if table is not None else ():
        column = _column(change, one)
        if table is None or column is None:
            continue
        yield AddColumn(table, column, *change.at)
        for limit in _limits(change, table, one):
            yield AddConstraint(table, limit, *change.at)


def _drop_column(change: Change) -> Iterator[Ddl]:
    table = change.table()
    names = [change.name("columnName")]
    names += [folded(str(one.get("name", ""))) for one in change.columns()]
    for name in names:
        if table is not None and name:
            yield DropColumn(table, name, *change.at)


def _alter(change: Change, **changes: Any) -> Iterator[Ddl]:
    table, column = change.table(), change.name("columnName")
    if table is not None and column:
        yield AlterColumn(table, column, *change.at, **changes)


def _modify_type(change: Change) -> Iterator[Ddl]:
    text = type_of(change.text("newDataType"))
    if text:
        yield from _alter(change, type_text=text, type=normalised_type(text))


def _not_null(change: Change) -> Iterator[Ddl]:
    yield from _alter(change, nullable=False)


def _nullable(change: Change) -> Iterator[Ddl]:
    yield from _alter(change, nullable=True)


def _add_default(change: Change) -> Iterator[Ddl]:
    default = _default(change.body) if isinstance(change.body, dict) else None
    if default is not None:
        yield from _alter(change, default=default)


def _drop_default(change: Change) -> Iterator[Ddl]:
    yield from _alter(change, drop_default=True)


def _identity(change: Change) -> Iterator[Ddl]:
    yield from _alter(change, generated="identity")


def _add_key(change: Change) -> Iterator[Ddl]:
    table, names = change.table(), change.names("columnNames")
    is_primary = change.word == "addPrimaryKey"
    name = change.name("constraintName") or None
    if table is not None and names:
        if name is None and is_primary:
            name = f"{table.name}_pkey"
        yield AddConstraint(table, made_key(names, change.at, name, primary=is_primary), *change.at)


def _add_foreign_key(change: Change) -> Iterator[Ddl]:
    table = change.table("baseTableName", "baseTableSchemaName")
    target = change.table("referencedTableName", "referencedTableSchemaName")
    columns = change.names("baseColumnNames")
    if table is None or target is None or not columns:
        return
    on_delete = change.text("onDelete") or (
        "cascade" if change.text("deleteCascade") == "true" else ""
    )
    constraint = made_foreign_key(
        columns,
        target,
        change.names("referencedColumnNames"),
        change.at,
        change.name("constraintName") or None,
        on_delete=on_delete,
        on_update=change.text("onUpdate"),
    )
    yield AddConstraint(table, constraint, *change.at)


def _drop_constraint(change: Change) -> Iterator[Ddl]:
    table = change.table() or change.table("baseTableName")
    name = change.name("constraintName")
    if table is not None and change.word == "dropPrimaryKey":
        name = name or f"{table.name}_pkey"
        yield DropConstraint(table, name, *change.at, kind="primary key")
    elif table is not None and name:
        yield DropConstraint(table, name, *change.at)


def _create_index(change: Change) -> Iterator[Ddl]:
    table = change.table()
    columns = change.columns()
    names = [folded(_text(one, "name")) for one in columns]
    if table is None or not names or not all(re.fullmatch(r"\w+", name) for name in names):
        return
    yield made_index(
        change.name("indexName") or None,
        table,
        names,
        change.at,
        unique=change.text("unique") == "true",
        descending=[
            name for name, one in zip(names, columns, strict=True) if _flag(one, "descending")
        ],
    )


def _drop_index(change: Change) -> Iterator[Ddl]:
    name = change.name("indexName")
    if name:
        yield DropIndex(TableName(name, change.name("schemaName") or None, *change.at), *change.at)


def _drop_table(change: Change) -> Iterator[Ddl]:
    table = change.table() or change.table("viewName")
    if table is not None:
        yield DropTable(
            table,
            *change.at,
            cascade=change.text("cascadeConstraints") == "true",
            kind="view" if change.word == "dropView" else "table",
        )


def _rename_table(change: Change) -> Iterator[Ddl]:
    table, name = change.table("oldTableName"), change.name("newTableName")
    if table is not None and name:
        yield RenameTable(table, name, *change.at)


def _rename_column(change: Change) -> Iterator[Ddl]:
    table = change.table()
    old, new = change.name("oldColumnName"), change.name("newColumnName")
    if table is not None and old and new:
        yield RenameColumn(table, old, new, *change.at)


def _create_view(change: Change) -> Iterator[Ddl]:
    view = change.table("viewName")
    if view is not None:
        yield CreateView(view, (), None, *change.at, replace=True)


def _taint(change: Change) -> Iterator[Ddl]:
    table = change.table() or change.table("baseTableName")
    if table is not None:
        yield Opaque((table,), False, *change.at)


_WORDS: Mapping[str, Callable[[Change], Iterator[Ddl]]] = {
    "createTable": _create_table,
    "addColumn": _add_column,
    "dropColumn": _drop_column,
    "modifyDataType": _modify_type,
    "addNotNullConstraint": _not_null,
    "dropNotNullConstraint": _nullable,
    "addDefaultValue": _add_default,
    "dropDefaultValue": _drop_default,
    "addAutoIncrement": _identity,
    "addPrimaryKey": _add_key,
    "addUniqueConstraint": _add_key,
    "addForeignKeyConstraint": _add_foreign_key,
    "dropPrimaryKey": _drop_constraint,
    "dropUniqueConstraint": _drop_constraint,
    "dropForeignKeyConstraint": _drop_constraint,
    "dropAllForeignKeyConstraints": _taint,
    "mergeColumns": _taint,
    "createIndex": _create_index,
    "dropIndex": _drop_index,
    "dropTable": _drop_table,
    "dropView": _drop_table,
    "renameTable": _rename_table,
    "renameColumn": _rename_column,
    "createView": _create_view,
}
