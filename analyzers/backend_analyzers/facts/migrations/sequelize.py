"""Migrations of Sequelize: `up: (queryInterface, Sequelize) => queryInterface.addColumn("orders", "total", {…})`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backend_analyzers import ir
from backend_analyzers.fact import file_fact
from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.javascript import Follower, Frame
from backend_analyzers.facts.migrations.javascript_files import Found, Link, script
from backend_analyzers.facts.migrations.knex import reverts, revision
from backend_analyzers.facts.migrations.sequelize_tables import (
    Table,
    changed,
    column_of,
    condition_of,
    constraint_of,
    keys_of,
    named,
    placed,
    underscored,
)
from backend_analyzers.facts.orm.spelled import Entry, Spelled
from backend_analyzers.libraries.sequelize_types import READS, ROWS
from backend_analyzers.source import File
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    CreateSchema,
    CreateTable,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    DropSchema,
    DropTable,
    RenameColumn,
    RenameTable,
    TableName,
)
from backend_analyzers.sql.made import Range, made_index
from backend_analyzers.sql.statement import Dialect


@file_fact
def migrations(file: File) -> tuple[Migration, ...]:
    """The migration that a file is, if it is one."""
    if not file.language.is_ecmascript or not _MAY_BE.search(file.text):
        return ()
    found = script(file)
    up = found.functions.get("up")
    roots = _roots(up) if up is not None else frozenset()
    if up is None or not roots or b"queryRunner" in file.text:
        return ()
    reader = _Sequelize(found.functions, "postgresql")
    reader.run(Frame(up.code, roots, {}), up.function.body)
    start = up.function.name_start if up.function.name else up.function.start
    end = up.function.name_end if up.function.name else up.function.start + 1
    return (
        Migration(
            tool="sequelize",
            at=up.code.place_of(start, end),
            branch=file.path.rpartition("/")[0],
            revision=revision(file.path),
            operations=tuple(reader.found),
            transaction=reader.is_transaction,
            reverts=reverts(found, _Sequelize, "postgresql", _roots),
            complete=reader.is_complete,
        ),
    )


_MAY_BE = re.compile(rb"\b(?:queryInterface|QueryInterface|Sequelize|sequelize)\b")
_METHOD = re.compile(r"\A(?:createTable|dropTable|addColumn|removeColumn|changeColumn|renameColumn"
                     r"|renameTable|addIndex|removeIndex|addConstraint|removeConstraint|sequelize"
                     r"|bulkInsert|bulkDelete|bulkUpdate|createSchema|dropSchema)\Z")  # fmt: skip


def _roots(up: Found) -> frozenset[str]:
    """What `up` calls the query interface: its first parameter, or `{context}` of that."""
    first = next(iter(up.function.parameters), None)
    if first is None:
        return frozenset()
    names = {first.name} if first.name else set()
    if isinstance(first.pattern, ir.Collection):
        names = {one.value.id for one in first.pattern.entries if isinstance(one.value, ir.Name)}
    for node in ir.walk(up.function):
        if isinstance(node, ir.Attribute) and _METHOD.match(node.name):
            value = node.value
            if isinstance(value, ir.Name) and value.id in names:
                return frozenset({value.id})
    return frozenset(names & {"queryInterface"})


class _Sequelize(Follower):
    """Reads the calls of the query interface."""

    def __init__(self, functions: Mapping[str, Found], dialect: Dialect) -> None:
        super().__init__(functions, dialect)
        self.inside = 0
        self.outside = 0

    @property
    def is_transaction(self) -> bool:
        """Whether all that it does stands in one transaction that it begins itself."""
        return self.inside == 1 and not self.outside

    def call(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        first = links[0]
        if first.name == "sequelize":
            self._sequelize(frame, links[1:], whole)
            return
        link = links[-1]
        before = len(self.found)
        reader = _WORDS.get(link.name)
        if link.call is None or link.name in READS:
            pass
        elif link.name in ROWS:
            self.add_rows(frame, whole)
        elif reader is None:
            self.add_code(frame, whole)
        else:
            actions = reader(Call(self, frame, link))
            if not actions:
                self.add_code(frame, whole)
            else:
                concurrent = link.name in {"addIndex", "removeIndex"} and _is_concurrent(
                    self, frame, link
                )
                self.add(frame, whole, *actions, concurrent=concurrent)
        if len(self.found) > before and not self._within:
            self.outside += 1

    _within = False

    def _sequelize(self, frame: Frame, links: list[Link], whole: ir.Expr) -> None:
        """`queryInterface.sequelize.query(…)` and `.transaction(async (transaction) => {…})`."""
        link = links[0] if links else None
        if link is None or link.call is None:
            return
        if link.name == "query" and link.arguments:
            given = self.value(frame, link.arguments[0])
            if given.kind != "text" and self._is_read(frame, link.arguments[0]):
                return
            if given.kind == "text" and re.match(
                r"\s*(?:select|show)\b", given.text, re.IGNORECASE
            ):
                return
            self.add_sql(frame, whole, link.arguments[0])
            self.outside += not self._within
        elif link.name == "transaction":
            callback = next((one for one in link.arguments if isinstance(one, ir.Lambda)), None)
            if callback is not None:
                self.inside += 1
                was, self._within = self._within, True
                self.run(frame, callback.function.body)
                self._within = was
        elif link.name not in {"fn", "literal", "col", "where", "define", "import", "getDialect"}:
            self.add_code(frame, whole)

    def _is_read(self, frame: Frame, given: ir.Expr) -> bool:
        text = frame.code.text_of(given)
        first = text.parts[0] if text is not None and text.parts else None
        return isinstance(first, ir.Chunk) and first.text.lstrip().lower().startswith("select")


def _is_concurrent(follower: Follower, frame: Frame, link: Link) -> bool:
    return any(
        (entry := follower.value(frame, one).get("concurrently")) is not None
        and entry.value.is_true
        for one in link.arguments
    )


class Call:
    """One call of the query interface, with its arguments spelled out."""

    def __init__(self, follower: Follower, frame: Frame, link: Link) -> None:
        assert link.call is not None
        self.follower = follower
        self.at: Range = (link.call.start, link.call.end)
        self.given = [follower.value(frame, one) for one in link.arguments]

    def doubt(self, *, is_sure: bool) -> None:
        """Note that a part was not read."""
        self.follower.is_complete = self.follower.is_complete and is_sure

    def value(self, position: int) -> Spelled | None:
        return self.given[position] if position < len(self.given) else None

    def table(self, position: int = 0) -> TableName | None:
        return named(self.value(position), self.at)

    def text(self, position: int) -> str:
        value = self.value(position)
        return value.text if value is not None and value.kind == "text" else ""


def _create_table(call: Call) -> list[Ddl]:
    table, attributes, options = call.table(), call.value(1), call.value(2)
    if table is None or attributes is None or attributes.kind != "mapping":
        return []
    made = Table(table, call.at)
    for entry in attributes.entries:
        column_of(made, entry)
    keys_of(made, options)
    call.doubt(is_sure=made.known and made.is_sure and not attributes.is_open)
    primary = [one.name for one in made.columns if one.primary_key]
    return [
        *made.types,
        CreateTable(
            table,
            tuple(placed(one, alone=len(primary) < 2) for one in made.columns),  # noqa: PLR2004
            tuple(made.constraints_with(primary)),
            *call.at,
            if_not_exists=True,
            known=made.known and not attributes.is_open,
        ),
    ]


def _add_column(call: Call) -> list[Ddl]:
    table, name, attribute = call.table(), call.text(1), call.value(2)
    if table is None or not name or attribute is None:
        return []
    made = Table(table, call.at)
    column_of(made, Entry(name, *call.at, attribute))
    call.doubt(is_sure=made.is_sure)
    constraints = [AddConstraint(table, one, *call.at) for one in made.constraints]
    columns = [AddColumn(table, one, *call.at) for one in made.columns]
    return [*made.types, *columns, *constraints] if columns and made.known else []


def _change_column(call: Call) -> list[Ddl]:
    table, name, attribute = call.table(), call.text(1), call.value(2)
    if table is None or not name or attribute is None:
        return []
    made = Table(table, call.at)
    column_of(made, Entry(name, *call.at, attribute))
    call.doubt(is_sure=made.is_sure)
    return changed(made, attribute) if made.known else []


def _remove_column(call: Call) -> list[Ddl]:
    table, name = call.table(), call.text(1)
    return [DropColumn(table, name, *call.at)] if table is not None and name else []


def _rename_column(call: Call) -> list[Ddl]:
    table, old, new = call.table(), call.text(1), call.text(2)
    if table is None or not old or not new:
        return []
    return [RenameColumn(table, old, new, *call.at)]


def _rename_table(call: Call) -> list[Ddl]:
    table, new = call.table(), call.table(1)
    return [RenameTable(table, new.name, *call.at)] if table is not None and new else []


def _drop_table(call: Call) -> list[Ddl]:
    table = call.table()
    return [DropTable(table, *call.at, if_exists=True)] if table is not None else []


def _fields(value: Spelled | None) -> tuple[list[str], list[str]] | None:
    """The columns of an index, and which of them are in descending order."""
    if value is None or value.kind != "list" or value.is_open:
        return None
    names: list[str] = []
    descending: list[str] = []
    for entry in value.entries:
        one = entry.value
        if one.kind == "mapping":
            order = one.get("order")
            field = one.get("name", "attribute")
            if field is None or field.value.kind != "text":
                return None
            if order is not None and order.value.text.upper() == "DESC":
                descending.append(field.value.text)
            one = field.value
        if one.kind != "text":
            return None
        names.append(one.text)
    return names, descending


def _add_index(call: Call) -> list[Ddl]:
    table, second, options = call.table(), call.value(1), call.value(2)
    if second is not None and second.kind == "mapping":
        options = second
        fields = second.get("fields")
        second = fields.value if fields is not None else None
    found = _fields(second)
    if table is None or found is None or not found[0]:
        return []
    names, descending = found
    held = {entry.key: entry.value for entry in options.entries} if options is not None else {}
    name = (
        held["name"].text
        if "name" in held
        else held["indexName"].text
        if "indexName" in held
        else ""
    )
    kind = held["type"].text.upper() if "type" in held else ""
    method = (
        held["using"].text if "using" in held else held["method"].text if "method" in held else ""
    )
    where = condition_of(held["where"]) if "where" in held else None
    if where == "":
        call.doubt(is_sure=False)
        where = "true"
    return [
        made_index(
            name or underscored(f"{table.name}_{'_'.join(names)}"),
            table,
            names,
            call.at,
            unique=kind == "UNIQUE" or ("unique" in held and held["unique"].is_true),
            descending=descending,
            method=method.lower() or "btree",
            where=where,
            concurrently="concurrently" in held and held["concurrently"].is_true,
        )
    ]


def _remove_index(call: Call) -> list[Ddl]:
    table, name = call.table(), call.text(1)
    if not name:
        found = _fields(call.value(1))
        name = underscored(f"{table.name}_{'_'.join(found[0])}") if table and found else ""
    if table is None or not name:
        return []
    index = TableName(name, table.schema, *call.at)
    return [DropIndex(index, *call.at, if_exists=True)]


def _add_constraint(call: Call) -> list[Ddl]:
    table, second, options = call.table(), call.value(1), call.value(2)
    fields = second if second is not None and second.kind == "list" else None
    if second is not None and second.kind == "mapping":
        options = second
    if table is None or options is None or options.kind != "mapping":
        return []
    constraint = constraint_of(table, options, fields, call.at)
    return [AddConstraint(table, constraint, *call.at)] if constraint is not None else []


def _remove_constraint(call: Call) -> list[Ddl]:
    table, name = call.table(), call.text(1)
    return [DropConstraint(table, name, *call.at)] if table is not None and name else []


def _schema(call: Call) -> list[Ddl]:
    name = call.text(0)
    return [CreateSchema(name, *call.at)] if name else []


def _drop_schema(call: Call) -> list[Ddl]:
    name = call.text(0)
    return [DropSchema(name, *call.at)] if name else []


_WORDS: Mapping[str, Callable[[Call], list[Ddl]]] = {
    "createTable": _create_table,
    "dropTable": _drop_table,
    "renameTable": _rename_table,
    "addColumn": _add_column,
    "removeColumn": _remove_column,
    "changeColumn": _change_column,
    "renameColumn": _rename_column,
    "addIndex": _add_index,
    "removeIndex": _remove_index,
    "addConstraint": _add_constraint,
    "removeConstraint": _remove_constraint,
    "createSchema": _schema,
    "dropSchema": _drop_schema,
}
