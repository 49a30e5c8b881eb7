"""A column under another name: what changes in SQL, in models, and as a migration.

Attributes of models keep their names, so that the code that uses them stays as it is; the model says
the new name of the column beside the old name of the attribute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.homes import Home
from backend_analyzers.facts.migrations.adding import new_migration
from backend_analyzers.facts.models import Field, Mapper
from backend_analyzers.facts.models.all_models import all_models
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.schema import database, place_of
from backend_analyzers.rule import Change
from backend_analyzers.source import Place
from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.resolve import resolve
from backend_analyzers.sql.schema import Table, find_table
from backend_analyzers.workspace import Workspace


class Impossible(Exception):  # noqa: N818 - said to a person
    """The column cannot be renamed here; the message says why."""


def renamed_column(
    workspace: Workspace, home: Home, table: Table, column: str, name: str
) -> tuple[Change, ...]:
    """Every change that gives a column another name.  Raises `Impossible`.

    Migrations that were applied stay as they are: a new one renames the column.  Where a schema has no
    migrations, its own text changes.
    """
    if any(other.name == name for other in table.columns):
        raise Impossible(f"`{table.label}` has a column `{name}` already")
    changes = [
        *_in_queries(workspace, table, column, name),
        *_in_models(workspace, table, column, name),
    ]
    written = new_migration(
        workspace,
        home,
        table.key,
        name=f"rename_{_word(table.name)}_{_word(column)}",
        do=[_rename(table, column, name)],
        undo=[_rename(table, name, column)],
    )
    changes += [Change(one.at, one.text) for one in written]
    if not written:
        changes += _in_declarations(home, table, column, name)
    return tuple(dict.fromkeys(changes))


def _rename(table: Table, old: str, new: str) -> str:
    label = (
        quoted(table.name)
        if table.schema == "public"
        else f"{quoted(table.schema)}.{quoted(table.name)}"
    )
    return f"ALTER TABLE {label} RENAME COLUMN {quoted(old)} TO {quoted(new)}"


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name).lower()


def _in_queries(workspace: Workspace, table: Table, column: str, name: str) -> Iterator[Change]:
    """The names in SQL outside of migrations, in SQL files and in texts of code."""
    homes = workspace.fact(database).homes
    for path, queries in workspace.fact(all_queries).items():
        if any(home.leads_up(path) for home in homes):
            continue
        for query in queries:
            if not query.approximate and column.lower() in query.text.lower():
                yield from _in_query(query, homes, table, column, name)


def _in_query(
    query: Query, homes: Iterable[Home], table: Table, column: str, name: str
) -> Iterator[Change]:
    for home in homes:
        same = find_table(home.schema, table.name, table.schema)
        if same is None:
            continue
        for statement in query.statements:
            found = resolve(statement, home.schema).columns
            for ref, meant in zip(statement.columns, found, strict=True):
                if meant.state != "column" or meant.table != same.key or ref.name != column:
                    continue
                if not query.is_written(ref.name_start, ref.name_end):
                    raise Impossible(
                        f"a query in `{query.at.path}` that is put together at run time names `{column}`"
                    )
                yield Change(query.place(ref.name_start, ref.name_end), quoted(name))


def _in_models(workspace: Workspace, table: Table, column: str, name: str) -> Iterator[Change]:
    for model in workspace.fact(all_models).values():
        if model.table != table.name or (model.schema or "public") != table.schema:
            continue
        for field in model.fields:
            if field.column == column:
                change = _in_field(workspace, model.mapper, field, name)
                if change is None:
                    raise Impossible(
                        f"`{model.key}.{field.name}` is declared in a way that is not understood"
                    )
                yield change


_CALL = re.compile(rb"[^\n=#]*=\s*[\w.]+\(")
_NAMED = {
    "sqlalchemy": re.compile(rb"\s*(['\"])(?P<name>[^'\"\n]+)\1"),
    "django": re.compile(rb"[^\n]*?\bdb_column\s*=\s*(['\"])(?P<name>[^'\"\n]+)\1"),
    "prisma": re.compile(rb"[^\n]*?@map\(\s*(\")(?P<name>[^\"\n]+)\1\s*\)"),
}


def _in_field(workspace: Workspace, mapper: Mapper, field: Field, name: str) -> Change | None:
    """The change of a model that says the column's name; None where that is not understood."""
    source = workspace.files.get(field.at.path)
    named = _NAMED.get(mapper)
    if source is None or named is None:
        return None
    text = source.file().text
    span = workspace.span(field.at)
    call = _CALL.match(text, span.end)
    start = span.end if mapper == "prisma" else call.end() if call is not None else -1
    if start < 0:
        annotated = re.compile(rb"[ \t]*:[^\n=#]*").match(text, span.end)
        if mapper != "sqlalchemy" or annotated is None:
            return None
        end = len(annotated[0].rstrip()) + span.end
        return _at(field.at, span.start, end, end, f' = mapped_column("{name}")')
    said = named.match(text, start)
    if said is not None:
        return _at(field.at, span.start, said.start("name"), said.end("name"), name)
    if mapper == "prisma":
        line = text.find(b"\n", start)
        end = len(text[:line].rstrip()) if line >= 0 else len(text.rstrip())
        return _at(field.at, span.start, end, end, f' @map("{name}")')
    more = "" if text[start : start + 1] == b")" else ", "
    first = f'"{name}"' if mapper == "sqlalchemy" else f'db_column="{name}"'
    if mapper == "django" and more and not re.match(rb"\s*\w+\s*=", text[start:]):
        return _after_first(field.at, span.start, text, start, f', db_column="{name}"')
    return _at(field.at, span.start, start, start, first + more)


def _after_first(at: Place, base: int, text: bytes, start: int, put: str) -> Change | None:
    """Behind the positional arguments, at the end of a call that closes on its own line."""
    depth = 1
    for offset in range(start, min(len(text), start + 2000)):
        depth += {40: 1, 91: 1, 123: 1, 41: -1, 93: -1, 125: -1}.get(text[offset], 0)
        if not depth:
            end = len(text[:offset].rstrip().rstrip(b","))
            return _at(at, base, end, end, put)
    return None


def _at(field: Place, base: int, start: int, end: int, text: str) -> Change:
    """A change at an offset of the file; places count from where their unit starts."""
    shift = field.start - base
    return Change(Place(field.path, field.unit, start + shift, end + shift), text)


def _in_declarations(home: Home, table: Table, column: str, name: str) -> Iterator[Change]:
    """The DDL of a schema without migrations: where the column, and keys and indexes of it, are named."""
    if home.kind != "sql":
        return
    stored = next(one for one in table.columns if one.name == column)
    yield Change(place_of(stored.origin, stored.name_start, stored.name_end), quoted(name))
    for index in table.indexes:
        for key in index.keys:
            if key.column == column and key.start != stored.start:
                end = key.start + len(column.encode())
                yield Change(place_of(index.origin, key.start, end), quoted(name))
