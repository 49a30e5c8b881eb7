"""Migrations of TypeORM: classes with `up(queryRunner)`, in SQL or with `new Table({…})`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.javascript import Follower, Frame
from backend_analyzers.facts.migrations.javascript_files import Found, Link, script, setting
from backend_analyzers.facts.migrations.knex import reverts, revision
from backend_analyzers.facts.migrations.typeorm_tables import (
    Table,
    column_of,
    foreign_key_of,
    index_of,
    made_by,
    table_of,
    unique_of,
)
from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.libraries.typeorm_types import READS
from backend_analyzers.source import File
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    CreateSchema,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropSchema,
    DropTable,
    Opaque,
    RenameColumn,
    RenameTable,
    ReplaceColumn,
    TableName,
)
from backend_analyzers.sql.made import Range, made_key, made_table


@file_fact
def migrations(file: File) -> tuple[Migration, ...]:
    """The migration that a file is, if it is one."""
    if not file.language.is_ecmascript or not _MAY_BE.search(file.text):
        return ()
    found = script(file)
    up = found.functions.get("up")
    if up is None or not found.owner:
        return ()
    roots = _roots(up)
    reader = _TypeOrm(found.functions, "postgresql")
    reader.run(Frame(up.code, roots, {}), up.function.body)
    transaction = setting(found, "transaction")
    return (
        Migration(
            tool="typeorm",
            at=up.code.place_of(up.function.name_start, up.function.name_end),
            branch=file.path.rpartition("/")[0],
            revision=revision(file.path),
            operations=tuple(reader.found),
            transaction=transaction is None or transaction.text != "false",
            reverts=reverts(found, _TypeOrm, "postgresql"),
            complete=reader.is_complete,
        ),
    )


_MAY_BE = re.compile(rb"\bMigrationInterface\b|\bqueryRunner\b")


def _roots(up: Found) -> frozenset[str]:
    return frozenset(one.name for one in up.function.parameters[:1] if one.name)


class _TypeOrm(Follower):
    """Reads the calls of the query runner."""

    def call(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        first = links[0]
        if first.name == "query" and first.arguments:
            said = self.value(frame, first.arguments[0])
            if said.kind == "text" and re.match(r"\s*select\b", said.text, re.IGNORECASE):
                return
            self.add_sql(frame, whole, first.arguments[0])
            return
        if first.name in {"manager", "connection", "dataSource"}:
            self._rows(frame, links, whole)
            return
        if first.call is None or first.name in READS:
            return
        if first.name == "clearTable":
            self.add_rows(frame, whole)
            return
        reader = _WORDS.get(first.name)
        actions = reader(Call(self, frame, first)) if reader is not None else []
        if not actions:
            self.add_code(frame, whole)
        else:
            self.add(frame, whole, *actions)

    def _rows(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        """Rows that the migration reads or writes through the entity manager."""
        names = {link.name for link in links}
        if links[-1].name == "query" and links[-1].arguments:
            self.add_sql(frame, whole, links[-1].arguments[0])
        elif names & {"save", "insert", "update", "delete", "remove", "upsert", "execute"}:
            self.add_rows(frame, whole)


class Call:
    """One call of the query runner, with its arguments spelled out."""

    def __init__(self, follower: Follower, frame: Frame, link: Link) -> None:
        assert link.call is not None
        self.at: Range = (link.call.start, link.call.end)
        self.given = [follower.value(frame, one) for one in link.arguments]

    def value(self, position: int) -> Spelled:
        if position < len(self.given):
            return self.given[position]
        return Spelled("unknown", *self.at)

    def text(self, position: int) -> str:
        value = self.value(position)
        return value.text if value.kind == "text" else ""

    def table(self, position: int = 0) -> TableName | None:
        """A table by its name, or by a `new Table({name})`."""
        value = self.value(position)
        if value.kind == "text":
            return made_table(value.text, (value.start, value.end))
        made = made_by(value, "Table")
        name = made.get("name") if made is not None else None
        if name is None or name.value.kind != "text":
            return None
        return made_table(name.value.text, (name.start, name.end))

    def several(self, position: int) -> list[Spelled]:
        """One value, or those of a list."""
        value = self.value(position)
        return [one.value for one in value.entries] if value.kind == "list" else [value]

    def name(self, position: int, kind: str) -> str:
        """A name that is given as such, or in `new TableIndex({name})`."""
        value = self.value(position)
        if value.kind == "text":
            return value.text
        made = made_by(value, kind)
        name = made.get("name") if made is not None else None
        return name.value.text if name is not None and name.value.kind == "text" else ""


def _create_table(call: Call) -> list[Ddl]:
    return table_of(call.value(0), call.at, if_not_exists=call.value(1).is_true)


def _drop_table(call: Call) -> list[Ddl]:
    table = call.table()
    if table is None:
        return []
    return [DropTable(table, *call.at, if_exists=call.value(1).is_true)]


def _add_columns(call: Call) -> list[Ddl]:
    table = call.table()
    found: list[Ddl] = []
    for value in call.several(1) if table is not None else ():
        made = Table(table, call.at) if table is not None else None
        if made is None or not column_of(made, value):
            return []
        found += made.types
        found += [AddColumn(made.table, one, *call.at) for one in made.columns]
        found += [AddConstraint(made.table, one, *call.at) for one in made.constraints]
    return found


def _drop_columns(call: Call) -> list[Ddl]:
    table = call.table()
    names = []
    for value in call.several(1):
        made = made_by(value, "TableColumn")
        name = made.get("name") if made is not None else None
        names.append(name.value.text if name is not None else value.text)
        if value.kind not in {"text", "call"}:
            return []
    if table is None or not names or not all(names):
        return []
    return [DropColumn(table, name, *call.at) for name in names]


def _change_column(call: Call) -> list[Ddl]:
    table, name = call.table(), call.name(1, "TableColumn")
    made = Table(table, call.at) if table is not None else None
    if made is None or not name or not column_of(made, call.value(2)) or not made.columns:
        return []
    return [*made.types, ReplaceColumn(made.table, name, made.columns[0], *call.at)]


def _rename_column(call: Call) -> list[Ddl]:
    table, old, new = call.table(), call.name(1, "TableColumn"), call.name(2, "TableColumn")
    if table is None or not old or not new:
        return []
    return [RenameColumn(table, old, new, *call.at)]


def _rename_table(call: Call) -> list[Ddl]:
    table, new = call.table(), call.text(1)
    return [RenameTable(table, new, *call.at)] if table is not None and new else []


def _create_indexes(call: Call) -> list[Ddl]:
    table = call.table()
    found = [index_of(table, one, call.at) for one in call.several(1)] if table is not None else []
    known = [one for one in found if one is not None]
    return list(known) if len(known) == len(found) else []


def _drop_index(call: Call) -> list[Ddl]:
    table, name = call.table(), call.name(1, "TableIndex")
    if table is None or not name:
        return []
    return [DropIndex(TableName(name, table.schema, *call.at), *call.at)]


def _create_foreign_keys(call: Call) -> list[Ddl]:
    table = call.table()
    if table is None:
        return []
    found = [foreign_key_of(table, one, call.at) for one in call.several(1)]
    known = [AddConstraint(table, one, *call.at) for one in found if one is not None]
    return list(known) if len(known) == len(found) else []


def _create_uniques(call: Call) -> list[Ddl]:
    table = call.table()
    if table is None:
        return []
    found = [unique_of(table, one, call.at) for one in call.several(1)]
    known = [AddConstraint(table, one, *call.at) for one in found if one is not None]
    return list(known) if len(known) == len(found) else []


def _create_primary_key(call: Call) -> list[Ddl]:
    table = call.table()
    names = [one.text for one in call.several(1) if one.kind == "text"]
    if table is None or not names:
        return []
    return [AddConstraint(table, made_key(names, call.at, primary=True), *call.at)]


def _drop_constraint(call: Call) -> list[Ddl]:
    """A key whose name the migration looks up may be any of the table."""
    table = call.table()
    if table is None:
        return []
    kinds = ("TableForeignKey", "TableUnique", "TableCheck", "TableExclusion")
    name = next((found for kind in kinds if (found := call.name(1, kind))), "")
    if name:
        return [DropConstraint(table, name, *call.at)]
    return [Opaque((table,), False, *call.at)]


def _drop_primary_key(call: Call) -> list[Ddl]:
    table = call.table()
    return [DropConstraint(table, "", *call.at, kind="primary key")] if table is not None else []


def _create_schema(call: Call) -> list[Ddl]:
    return [CreateSchema(call.text(0), *call.at)] if call.text(0) else []


def _drop_schema(call: Call) -> list[Ddl]:
    return [DropSchema(call.text(0), *call.at)] if call.text(0) else []


_WORDS: Mapping[str, Callable[[Call], list[Ddl]]] = {
    "createTable": _create_table,
    "dropTable": _drop_table,
    "addColumn": _add_columns,
    "addColumns": _add_columns,
    "dropColumn": _drop_columns,
    "dropColumns": _drop_columns,
    "changeColumn": _change_column,
    "renameColumn": _rename_column,
    "renameTable": _rename_table,
    "createIndex": _create_indexes,
    "createIndices": _create_indexes,
    "dropIndex": _drop_index,
    "createForeignKey": _create_foreign_keys,
    "createForeignKeys": _create_foreign_keys,
    "dropForeignKey": _drop_constraint,
    "createUniqueConstraint": _create_uniques,
    "createUniqueConstraints": _create_uniques,
    "dropUniqueConstraint": _drop_constraint,
    "dropCheckConstraint": _drop_constraint,
    "createPrimaryKey": _create_primary_key,
    "dropPrimaryKey": _drop_primary_key,
    "createSchema": _create_schema,
    "dropSchema": _drop_schema,
}
