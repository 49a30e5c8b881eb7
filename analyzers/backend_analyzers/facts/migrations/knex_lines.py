"""What each line of the callback of knex's `createTable` and `alterTable` does to the table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from backend_analyzers.facts.migrations.javascript import Follower, Frame
from backend_analyzers.facts.migrations.javascript_files import Link
from backend_analyzers.facts.migrations.knex_columns import default_of, is_on, type_of
from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.libraries.knex_schema import COLUMNS, HARMLESS, TYPES
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    ColumnDefinition,
    Constraint,
    CreateIndex,
    Ddl,
    DropColumn,
    DropConstraint,
    DropIndex,
    RenameColumn,
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


class Making(Follower):
    """What is being done to one table."""

    def __init__(self, outer: Follower, table: TableName, *, creates: bool) -> None:
        super().__init__(outer.functions, outer.dialect)
        self.table = table
        self.creates = creates
        self.columns: list[ColumnDefinition] = []
        self.constraints: list[Constraint] = []
        self.indexes: list[CreateIndex] = []
        self.changes: list[Ddl] = []


class Line:
    """One chain: `table.string("name", 20).notNullable()`."""

    def __init__(self, table: Making, frame: Frame, links: list[Link]) -> None:
        self.table = table
        self.frame = frame
        self.links = links
        self.at: Range = (links[0].start, links[-1].call.end if links[-1].call else links[-1].end)

    def read(self) -> None:
        method = self.links[0].name.lower()
        reader = WORDS.get(method)
        if method in COLUMNS:
            self._column(method)
        elif reader is not None:
            reader(self)
        elif method not in HARMLESS:
            self.table.is_complete = False

    # Arguments ----------------------------------------------------------------------------------

    def given(self, link: Link, position: int) -> Spelled | None:
        if position >= len(link.arguments):
            return None
        return self.table.value(self.frame, link.arguments[position])

    def text(self, link: Link, position: int) -> str:
        """A text that is given; empty when there is none, or when it is not known."""
        value = self.given(link, position)
        return value.text if value is not None and value.kind == "text" else ""

    def names(self, link: Link, position: int = 0) -> tuple[str, ...]:
        """One name or a list of them; empty when they are not known."""
        value = self.given(link, position)
        if value is None:
            return ()
        if value.kind == "text":
            return (value.text,)
        parts = [one.value for one in value.entries]
        if value.kind != "list" or value.is_open or any(one.kind != "text" for one in parts):
            return ()
        return tuple(one.text for one in parts)

    def option(self, link: Link, position: int, *names: str) -> str:
        """A name that is given as such or in options."""
        value = self.given(link, position)
        if value is not None and value.kind == "mapping":
            entry = value.get(*names)
            return entry.value.text if entry is not None and entry.value.kind == "text" else ""
        return self.text(link, position)

    def key_name(self, columns: Sequence[str], kind: str) -> str:
        """The name that knex makes for a key or an index."""
        table = re.sub(r"[.-]", "_", self.table.table.name)
        return f"{table}_{'_'.join(columns)}_{kind}".lower()

    def following(self, *names: str) -> Link | None:
        return next((one for one in self.links[1:] if one.name.lower() in names), None)

    # Columns ------------------------------------------------------------------------------------

    def _column(self, method: str) -> None:
        first = self.links[0]
        name = self.text(first, 0)
        if not name and method in {"increments", "bigincrements"} and not first.arguments:
            name = "id"
        if not name:
            self.table.is_complete = False
            return
        named = first.arguments[0] if first.arguments else None
        span = (named.start, named.end) if named is not None else self.at
        is_serial = method in {"increments", "bigincrements"}
        is_primary = is_serial and not self._denied(first, "primaryKey")
        default = self._default()
        nullable = self._nullable()
        column = made_column(
            name,
            type_of(
                method,
                self.table.dialect,
                [self.given(first, n) for n in range(3)],
                is_unsigned=self.following("unsigned") is not None,
            ),
            self.at,
            span,
            nullable=nullable is not False,
            default=default,
            primary_key=is_primary,
            identity=is_serial and self.table.dialect != "postgresql",
        )
        if self.following("alter"):
            self._alter(column, nullable)
            return
        self._add(column)
        self._column_keys(name)

    def _denied(self, link: Link, option: str) -> bool:
        value = self.given(link, 1)
        entry = value.get(option) if value is not None else None
        return entry is not None and entry.value.text == "false"

    def _nullable(self) -> bool | None:
        """Whether it is said to be nullable, or not; None when nothing is said."""
        found: bool | None = None
        for link in self.links[1:]:
            if link.name.lower() in {"notnullable", "notnull"}:
                found = False
            elif link.name.lower() in {"nullable", "null"}:
                value = self.given(link, 0)
                found = value is None or value.text != "false"
        return found

    def _add(self, column: ColumnDefinition) -> None:
        if self.table.creates:
            self.table.columns.append(column)
        else:
            self.table.changes.append(AddColumn(self.table.table, column, *self.at))

    def _alter(self, column: ColumnDefinition, nullable: bool | None) -> None:
        """`alter()` says the whole column anew: a default that is not repeated is dropped."""
        self.table.changes.append(
            AlterColumn(
                self.table.table,
                column.name,
                *self.at,
                type_text=column.type_text,
                type=column.type,
                nullable=nullable is not False,
                default=column.default,
                drop_default=column.default is None,
            )
        )

    def _default(self) -> str | None:
        link = self.following("defaultto")
        if link is None or not link.arguments:
            return None
        return default_of(self.table, self.frame, link.arguments[0], self.table.dialect)

    def _column_keys(self, name: str) -> None:
        """The keys and indexes that follow a column."""
        for link in self.links[1:]:
            match link.name.lower():
                case "primary":
                    self.primary((name,), self.option(link, 0, "constraintName"))
                case "unique":
                    self.unique((name,), self.option(link, 0, "indexName"))
                case "index":
                    self.index((name,), self.text(link, 0), self.text(link, 1))
                case "references":
                    self._references((name,), link)
                case _:
                    pass

    # Keys ---------------------------------------------------------------------------------------

    def _constrain(self, constraint: Constraint) -> None:
        if self.table.creates:
            self.table.constraints.append(constraint)
        else:
            self.table.changes.append(AddConstraint(self.table.table, constraint, *self.at))

    def _add_index(self, index: CreateIndex) -> None:
        if self.table.creates:
            self.table.indexes.append(index)
        else:
            self.table.changes.append(index)

    def primary(self, columns: tuple[str, ...] = (), name: str = "") -> None:
        link = self.links[0]
        name = name if columns else self.option(link, 1, "constraintName")
        self._key(
            columns or self.names(link), name or f"{self.table.table.name}_pkey", primary=True
        )

    def unique(self, columns: tuple[str, ...] = (), name: str = "") -> None:
        link = self.links[0]
        name = name if columns else self.option(link, 1, "indexName")
        columns = columns or self.names(link)
        self._key(columns, name or self.key_name(columns, "unique"))

    def _key(self, columns: tuple[str, ...], name: str, *, primary: bool = False) -> None:
        if columns:
            self._constrain(made_key(columns, self.at, name, primary=primary))
        else:
            self.table.is_complete = False

    def index(
        self, columns: tuple[str, ...] | None = None, name: str = "", method: str = ""
    ) -> None:
        link = self.links[0]
        if columns is None:
            columns, name = self.names(link), self.text(link, 1)
            method = self.option(link, 2, "indexType", "storageEngineIndexType")
            options = self.given(link, 2)
            if options is not None and options.get("predicate") is not None:
                columns = ()  # a partial index, whose condition is the query builder's
        if not columns:
            self.table.is_complete = False
            return
        self._add_index(
            made_index(
                name or self.key_name(columns, "index"),
                self.table.table,
                columns,
                self.at,
                unique=method.lower() == "unique",
                method=method.lower() if method.lower() not in {"", "unique"} else "btree",
            )
        )

    def foreign(self) -> None:
        link = self.links[0]
        target = self.following("references")
        columns = self.names(link)
        if target is None or not columns:
            self.table.is_complete = False
            return
        self._references(columns, target, self.text(link, 1))

    def _references(self, columns: tuple[str, ...], link: Link, name: str = "") -> None:
        targets = self.names(link)
        inside = self.following("intable", "ontable")
        table = self.text(inside, 0) if inside is not None else ""
        if not inside and len(targets) == 1 and "." in targets[0]:
            table, _, column = targets[0].rpartition(".")
            targets = (column,)
        if not table or not targets:
            self.table.is_complete = False
            return
        actions = {
            word: self.text(found, 0) if (found := self.following(word)) is not None else ""
            for word in ("ondelete", "onupdate")
        }
        given = self.following("withkeyname")
        name = (self.text(given, 0) if given is not None else "") or name
        self._constrain(
            made_foreign_key(
                columns,
                made_table(table, self.at),
                targets,
                self.at,
                name or self.key_name(columns, "foreign"),
                on_delete=actions["ondelete"],
                on_update=actions["onupdate"],
            )
        )

    # Changes ------------------------------------------------------------------------------------

    def timestamps(self) -> None:
        link = self.links[0]
        options = self.given(link, 0)
        flags = [
            is_on(self.given(link, place), options, name)
            for place, name in enumerate(("useTimestamps", "defaultToNow", "useCamelCase"))
        ]
        names = ("createdAt", "updatedAt") if flags[2] else ("created_at", "updated_at")
        words = TYPES[self.table.dialect]
        for name in names:
            self._add(
                made_column(
                    name,
                    words["timestamp" if flags[0] else "datetime"],
                    self.at,
                    nullable=not flags[1],
                    default="CURRENT_TIMESTAMP" if flags[1] else None,
                )
            )

    def drop_timestamps(self) -> None:
        is_camel = is_on(self.given(self.links[0], 0), None, "")
        for name in ("createdAt", "updatedAt") if is_camel else ("created_at", "updated_at"):
            self.table.changes.append(DropColumn(self.table.table, name, *self.at))

    def drop_column(self) -> None:
        link = self.links[0]
        found = [name for place in range(len(link.arguments)) for name in self.names(link, place)]
        if not found:
            self.table.is_complete = False
        for name in found:
            self.table.changes.append(DropColumn(self.table.table, name, *self.at))

    def rename_column(self) -> None:
        old, new = self.text(self.links[0], 0), self.text(self.links[0], 1)
        if old and new:
            self.table.changes.append(RenameColumn(self.table.table, old, new, *self.at))
        else:
            self.table.is_complete = False

    def _nullability(self, *, nullable: bool) -> None:
        name = self.text(self.links[0], 0)
        if name:
            change = AlterColumn(self.table.table, name, *self.at, nullable=nullable)
            self.table.changes.append(change)
        else:
            self.table.is_complete = False

    def set_nullable(self) -> None:
        self._nullability(nullable=True)

    def drop_nullable(self) -> None:
        self._nullability(nullable=False)

    def _drop_key(self, kind: str) -> None:
        link = self.links[0]
        columns = self.names(link)
        name = self.text(link, 1) or (self.key_name(columns, kind) if columns else "")
        if name:
            self.table.changes.append(DropConstraint(self.table.table, name, *self.at))
        else:
            self.table.is_complete = False

    def drop_foreign(self) -> None:
        self._drop_key("foreign")

    def drop_unique(self) -> None:
        self._drop_key("unique")

    def drop_primary(self) -> None:
        name = self.text(self.links[0], 0) or f"{self.table.table.name}_pkey"
        self.table.changes.append(
            DropConstraint(self.table.table, name, *self.at, kind="primary key")
        )

    def drop_index(self) -> None:
        link = self.links[0]
        columns = self.names(link)
        name = self.text(link, 1) or (self.key_name(columns, "index") if columns else "")
        if not name:
            self.table.is_complete = False
            return
        index = TableName(name, self.table.table.schema, *self.at)
        table = self.table.table if self.table.dialect == "mysql" else None
        self.table.changes.append(DropIndex(index, *self.at, table=table))


WORDS: Mapping[str, Callable[[Line], None]] = {
    "primary": Line.primary,
    "unique": Line.unique,
    "index": Line.index,
    "foreign": Line.foreign,
    "timestamps": Line.timestamps,
    "droptimestamps": Line.drop_timestamps,
    "dropcolumn": Line.drop_column,
    "dropcolumns": Line.drop_column,
    "renamecolumn": Line.rename_column,
    "setnullable": Line.set_nullable,
    "dropnullable": Line.drop_nullable,
    "dropforeign": Line.drop_foreign,
    "dropunique": Line.drop_unique,
    "dropprimary": Line.drop_primary,
    "dropindex": Line.drop_index,
}
