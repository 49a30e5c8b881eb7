"""What each file declares of the database: DDL in SQL files and in the texts of code."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from backend_analyzers.fact import file_fact
from backend_analyzers.facts.queries import HOLE, Query, code_queries
from backend_analyzers.source import File, Language
from backend_analyzers.sql.ddl import (
    AddColumn,
    CreateTable,
    CreateView,
    Ddl,
    DdlStatement,
    DropIndex,
    RenameColumn,
    RenameTable,
    ReplaceColumn,
    TableName,
)
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.syntax import module
from backend_analyzers.syntax.sql import dialect


class Declared(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The DDL in one unit of a SQL file, with offsets from the unit's start."""

    unit: str
    statements: tuple[DdlStatement, ...]


class OtherTables(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Tables that code declares: their names, and whether there are others whose names it does not say.

    `changed` are those that its DDL makes or changes, and the indexes that it drops; `columns` the
    columns that this gives them.  `mapped` are those that may have other columns besides.
    """

    names: frozenset[str] = frozenset()
    open: bool = False
    changed: frozenset[str] = frozenset()
    mapped: frozenset[str] = frozenset()
    columns: dict[str, frozenset[str]] = {}


_UP = re.compile(
    rb"^[ \t]*--[ \t]*(?:migrate:up|\+goose[ \t]+Up|\+migrate[ \t]+Up)\b",
    re.MULTILINE | re.IGNORECASE,
)
_DOWN = re.compile(
    rb"^[ \t]*--[ \t]*(?:migrate:down|\+goose[ \t]+Down|\+migrate[ \t]+Down|@UNDO|//@UNDO)",
    re.MULTILINE | re.IGNORECASE,
)
DOWN_FILE = re.compile(
    r"(?:^|[._-])(?:down|undo|rollback|revert)\.sql$|^U\d[\w.]*__.*\.sql$"
    r"|^(?:drop|reset|teardown|truncate|clean)(?:[._-]?(?:db|database|tables?|all|schema|up))?\.sql$",
    re.IGNORECASE,
)

_WAREHOUSE = re.compile(
    r"clickhouse|snowflake|bigquery|redshift|duckdb|\bspark\b|\bhive\b|athena", re.IGNORECASE
)
"""Databases for analysis: their tables have neither keys nor indexes of this kind."""


@file_fact
def ddl(file: File) -> tuple[Declared, ...]:
    """The DDL of a SQL file in order, without what only undoes a migration."""
    if file.language is not Language.SQL or DOWN_FILE.search(file.path.rpartition("/")[2]):
        return ()
    if _WAREHOUSE.search(file.path) or b"MergeTree" in file.text:
        return ()
    lowered = module(file)
    before: dict[str, Declared] = file.reused.get(_declared, {})
    found: dict[str, Declared] = {}
    turns = turns_of(file.text)
    for unit, start in zip(lowered.units, lowered.offsets, strict=True):
        if is_down(turns, start):
            continue
        text = file.text[start : start + unit.node.end]
        found[unit.key] = before.get(unit.key) or _declared(unit.key, text, file)
    file.memo[_declared] = found
    return tuple(one for one in found.values() if one.statements)


def _declared(unit: str, text: bytes, file: File) -> Declared:
    return Declared(unit, parse_ddl(text, dialect=dialect(file)))


def turns_of(text: bytes) -> list[tuple[int, bool]]:
    """Where a migration changes direction: (offset, whether it goes down from there)."""
    if b"--" not in text:
        return []
    found = [(match.start(), False) for match in _UP.finditer(text)]
    found += [(match.start(), True) for match in _DOWN.finditer(text)]
    return sorted(found)


def is_down(turns: list[tuple[int, bool]], offset: int) -> bool:
    down = False
    for start, goes_down in turns:
        if start > offset:
            break
        down = goes_down
    return down


@file_fact
def tails(file: File) -> dict[str, tuple[int, int]]:
    """The size of each declaring unit in bytes, and of what goes with it: semicolon and line end."""
    lowered = module(file)
    declaring = {declared.unit for declared in ddl(file)}
    return {
        unit.key: (unit.node.end, _tail(file.text, start, start + unit.node.end))
        for unit, start in zip(lowered.units, lowered.offsets, strict=True)
        if unit.key in declaring
    }


_REST = re.compile(rb"[ \t]*;?")
_LINE_END = re.compile(rb"[ \t]*(?:\r\n|\n)")


def _tail(text: bytes, start: int, end: int) -> int:
    rest = _REST.match(text, end)
    stop = rest.end() if rest is not None and text[rest.end() - 1 : rest.end()] == b";" else end
    alone = not text[text.rfind(b"\n", 0, start) + 1 : start].strip()
    line_end = _LINE_END.match(text, stop) if alone else None
    return (line_end.end() if line_end is not None else stop) - end


_NAMED = re.compile(
    rb"""(?:__tablename__\s*=|db_table\s*=|T(?<!\wT)able\(|create_table\(|rename_table\(|createTable(?:IfNotExists)?\(
    |CreateTable(?:IfNotExists)?\(|renameTable\(|hasTable\(|d(?<!\wd)efine\(|@Entity\(\s*(?:\{\s*name\s*:)?
    |pgTable\(|mysqlTable\(|sqliteTable\(|add_column\(|addColumn\(|alterTable\(|alter_table\(|rename_column\(
    |renameColumn\(|\.table\(|tempView\(|TempView\(|tableName\s*[:=]|table_name\s*=
    |new\s+Table\(\s*\{\s*name\s*:|t(?<!\wt)able\s*[:=])\s*f?["'`]([\w.$-]+)["'`]""",
    re.VERBOSE,
)
_NAMING = (
    *(b"__tablename__", b"db_table", b"Table(", b"_table(", b"reateTable", b"renameTable("),
    *(b"hasTable(", b"define(", b"@Entity(", b"ableName", b"table_name", b"table:", b"table ="),
    *(b"table=", b"table :", b"_column(", b"Column(", b"lterTable(", b".table(", b"empView("),
)
"""One of these is in every text that `_NAMED` finds something in: looking for them is quicker.

And every alternative of `_NAMED` begins with a letter, since `re` then skips what no match begins with.
"""
_DERIVED = re.compile(
    rb"""\bmodels\.Model\b|@Entity\(\s*\)|@prisma/client|\bsequelize\b|\bmongoose\b
    |\bpeewee\b|\btortoise\b|declared_attr|\bautomap_base\b|\bMetaData\(\)\s*\.\s*reflect|\breflect\(
    |\bobjection\b|\bmikro-orm\b""",
    re.VERBOSE,
)

_SQLMODEL = re.compile(rb"table(?<!\wtable)\s*=\s*True\b")
_DERIVING = (
    *(b"models.Model", b"@Entity(", b"@prisma/client", b"sequelize", b"mongoose"),
    *(b"peewee", b"tortoise", b"declared_attr", b"automap_base", b"reflect", b"objection"),
    b"mikro-orm",
)


@file_fact
def other_tables(file: File) -> OtherTables:
    """What a file says of tables in no schema: ORM models, migrations in code, warehouses."""
    if not file.language.is_code:
        inside = frozenset(_in_warehouse(file))
        return OtherTables(inside, mapped=inside)
    names: set[str] = set()
    mapped: set[str] = set()
    if any(word in file.text for word in _NAMING):
        for match in _NAMED.finditer(file.text):
            name = match[1].decode(errors="replace").lower()
            names |= {name, name.rpartition(".")[2]}
            if not _MENTION.match(match[0]):
                mapped |= {name, name.rpartition(".")[2]}
    is_open = any(word in file.text for word in _DERIVING) and bool(_DERIVED.search(file.text))
    is_open = is_open or bool(_SQLMODEL.search(file.text))
    touched = _Touched(set(), mapped, {})
    for found in code_queries.each(file):
        for query in found:
            if any(statement.kind == "ddl" for statement in query.statements):
                is_open = _touch(query, touched) or is_open
    return OtherTables(
        frozenset(names | touched.names),
        is_open,
        frozenset(touched.names),
        frozenset(touched.mapped),
        {table: frozenset(columns) for table, columns in touched.columns.items()},
    )


_MENTION = re.compile(rb"hasTable|\.table|[tT]empView|table\s*[:=]")
"""Beginnings of what names a table that is there already."""


class _Touched(NamedTuple):
    """What DDL in code makes and changes, gathered over the queries of a file."""

    names: set[str]
    mapped: set[str]
    columns: dict[str, set[str]]


def _touch(query: Query, touched: _Touched) -> bool:
    """Gather the DDL of a query; whether it may make tables that it does not name."""
    names: set[str] = set()
    for statement in parse_ddl(query.text):
        for action in statement.actions:
            match action:
                case CreateView(view=named):
                    names.add(named.name.lower())
                    touched.mapped.add(named.name.lower())
                case DropIndex(index=named):
                    names.add(named.name.lower())
                case RenameTable(table=named, name=name):
                    names |= {named.name.lower(), name.lower()}
                    touched.mapped.update({named.name.lower(), name.lower()})
                case _:
                    found = getattr(action, "table", None)
                    if isinstance(found, TableName):
                        names.add(found.name.lower())
                        _columns(action, found.name.lower(), query, touched)
    touched.names.update(names)
    unclear = any(HOLE in name for name in names) or (not names and bool(query.holes))
    return unclear and _MAKES.search(query.text) is not None


def _columns(action: Ddl, table: str, query: Query, touched: _Touched) -> None:
    """Note the columns that an action gives a table, or that they cannot be read."""
    given = touched.columns.setdefault(table, set())
    match action:
        case CreateTable(columns=columns, known=known):
            given.update(column.name for column in columns)
            if not known or query.holes or action.query is not None:
                touched.mapped.add(table)
        case AddColumn(column=column):
            given.add(column.name)
            if query.holes:
                touched.mapped.add(table)
        case RenameColumn(name=name):
            given.add(name)
        case ReplaceColumn(definition=definition):
            given.add(definition.name)
        case _:
            pass


_MAKES = re.compile(r"\bcreate\b[^;(]*\b(?:table|view)\b|\brename\s+to\b", re.IGNORECASE)


def _in_warehouse(file: File) -> set[str]:
    if not _WAREHOUSE.search(file.path) and b"MergeTree" not in file.text:
        return set()
    found = _CREATED.findall(file.text)
    return {name.decode(errors="replace").lower() for name in found}


_CREATED = re.compile(
    rb"\bcreate\s+(?:or\s+replace\s+)?(?:materialized\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?"
    rb"(?:[\w`\"]+\.)?[`\"]?(\w+)",
    re.IGNORECASE,
)
