"""A database for each schema: its DDL loaded by a role that may do nothing else.

What a workspace declares is not trusted.  It is loaded statement by statement as an unprivileged
owner, under limits of time, memory and size; what fails is noted and left out.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from backend_analyzers.oracle import Script
from backend_engineer.planner.binaries import FOR_STATISTICS
from backend_engineer.planner.cluster import OWNER, SUPERUSER, Cluster, limited
from backend_engineer.planner.shims import SHIMS
from backend_engineer.planner.statements import bare, encoded, is_declaring, without_rows

PREFIX = "shadow_"
_MOST = 24
"""Databases that are kept; each takes 7 MB."""

OURS = "backend_engineer"
"""A schema for what we need ourselves, where nothing of the workspace is found by name."""

_EXTENSION = re.compile(
    r'create\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?', re.IGNORECASE
)
_TABLESPACE = re.compile(r"\s(?:using\s+index\s+)?tablespace\s+(?:\"[^\"]+\"|\w+)", re.IGNORECASE)
_NO_TABLESPACE = re.compile(r'tablespace "[^"]+" does not exist')
_NO_TYPE = re.compile(
    r'type "(?:\w+\.)?(geometry|geography|raster|box2d|box3d|topogeometry)" does not exist'
)

_TOO_SLOW = 3
"""Statements of one script that may reach the limit of time; the rest is not loaded then."""
_ALL_SECONDS = 60.0
_LARGEST = 400_000_000
"""Bytes of a database; a schema without rows takes 8 MB."""


class Error(msgspec.Struct, frozen=True):
    """A statement of the script that did not run, by its number from zero."""

    statement: int
    message: str


class Database(msgspec.Struct, frozen=True):
    """A database with the schema of a script, without rows.  `connect` is its owner's."""

    cluster: Cluster
    name: str
    errors: tuple[Error, ...] = ()

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the unprivileged owner, which commits each statement."""
        return self.cluster.connect(self.name, OWNER)

    def connect_as_superuser(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection for what is ours to do, never for text of the workspace."""
        return self.cluster.connect(self.name, SUPERUSER)


class Note(msgspec.Struct, frozen=True):
    """What is kept with a database, where the workspace cannot write: `state` is its user's word."""

    errors: tuple[Error, ...] = ()
    state: str = ""


def database(
    cluster: Cluster,
    script: Script,
    *,
    purpose: str = "",
    seconds: float = 5.0,
    locale: str = "C",
) -> Database:
    """The database of a script, made when there is none; `purpose` tells several of one script apart.

    `seconds` is how long one statement may take.
    """
    if script.dialect != "postgresql":
        raise ValueError(f"PostgreSQL cannot load a schema of {script.dialect}")
    name = f"{PREFIX}{script.digest[:24]}{purpose}"
    made = Database(cluster, name)
    with cluster.connect() as connection:
        known = noted(connection, name)
        if known is None:
            make_room(cluster, connection, name)
            create_empty(connection, name, locale=locale)
    cluster.used.pop(name, None)
    cluster.used[name] = None
    if known is not None:
        return msgspec.structs.replace(made, errors=known.errors)
    errors = tuple(load(made, script.statements, seconds=seconds))
    with cluster.connect() as connection:
        note(connection, name, Note(errors[:200]))
    return msgspec.structs.replace(made, errors=errors)


def noted(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> Note | None:
    """What is kept with a database; None when there is none, or none that was loaded to its end."""
    known = connection.execute(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", (name,)
    ).fetchone()
    if known is None or known[0] is None:
        return None
    try:
        return msgspec.json.decode(known[0], type=Note)
    except msgspec.MsgspecError:
        return None


def note(connection: psycopg.Connection[tuple[Any, ...]], name: str, what: Note) -> None:
    """Keep something with a database, and be sure that it is kept before anything that follows."""
    connection.execute("SET synchronous_commit = on")
    text = msgspec.json.encode(what).decode()
    connection.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(text))
    )


def make_room(cluster: Cluster, connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    """Drop the databases that are too many: those of earlier runs first, then the least used."""
    there = [
        row[0]
        for row in connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE %s AND datname <> %s ORDER BY oid",
            (f"{PREFIX}%", name),
        ).fetchall()
    ]
    going = [one for one in there if one not in cluster.used]
    going += [one for one in cluster.used if one in there]
    for old in going[: max(0, len(there) - _MOST + 1)]:
        cluster.used.pop(old, None)
        _drop(connection, old)


def copy(connection: psycopg.Connection[tuple[Any, ...]], name: str, origin: str) -> None:
    """A database like another one, in place of one of that name."""
    _drop(connection, name)
    _create(connection, name, origin, "")


def create_empty(
    connection: psycopg.Connection[tuple[Any, ...]], name: str, *, locale: str = "C"
) -> None:
    """An empty database in place of one of that name.

    It belongs to us, so that the workspace can neither drop, set up nor describe it; the schema
    `public` belongs to the workspace.
    """
    _drop(connection, name)
    _create(connection, name, "template0", "" if locale == "C" else locale)
    with psycopg.connect(
        host=connection.info.host, dbname=name, user=SUPERUSER, autocommit=True
    ) as inside:
        inside.execute(f"ALTER SCHEMA public OWNER TO {OWNER}".encode())
        if inside.info.server_version >= FOR_STATISTICS * 10_000:
            inside.execute(f"CREATE SCHEMA {OURS}".encode())
            inside.execute(f"CREATE EXTENSION pg_buffercache SCHEMA {OURS}".encode())


def load(made: Database, statements: tuple[str, ...], *, seconds: float) -> Iterator[Error]:
    """Run what declares something, each statement alone; yields what failed."""
    texts = [bare(statement) for statement in statements]
    for number, text in enumerate(texts):  # first, as what follows may need them
        if error := extend(made, text):
            yield Error(number, error)
    connection = _ready(made, seconds)
    until, slow = time.monotonic() + _ALL_SECONDS, 0
    try:
        for number, text in enumerate(texts):
            if _EXTENSION.match(text) or not is_declaring(text):
                continue
            if slow >= _TOO_SLOW or time.monotonic() > until:
                yield Error(number, "not loaded: the schema takes too long")
                return
            if connection.closed:
                connection = _ready(made, seconds)
            started = time.monotonic()
            if error := _loaded(made, connection, text, seconds):
                slow += time.monotonic() - started > seconds * 0.8
                yield Error(number, error)
    finally:
        connection.close()
        _forget_settings(made)
    if _size(made) > _LARGEST:
        with made.cluster.connect() as superuser:
            create_empty(superuser, made.name)
        yield Error(len(texts), "nothing is loaded: the schema fills the disk with rows")


def _loaded(
    made: Database, connection: psycopg.Connection[tuple[Any, ...]], text: str, seconds: float
) -> str:
    """Run one statement, without what only says where it is stored; why it failed, or nothing."""
    error = run(made.cluster, connection, without_rows(text), seconds)
    if error and _NO_TABLESPACE.search(error):
        return _loaded(made, connection, _TABLESPACE.sub(" ", text), seconds)
    missing = _NO_TYPE.search(error)
    if missing is not None:
        # Types of PostGIS, which is not there: a column of another type is better than no table.
        kind = missing[1]
        plain = re.sub(
            rf"(?<![\w.])(?:\w+\.)?{kind}\b\s*(?:\([^()]*\))?", "text ", text, flags=re.IGNORECASE
        )
        if plain != text:
            return _loaded(made, connection, plain, seconds)
    return error


def run(
    cluster: Cluster,
    connection: psycopg.Connection[tuple[Any, ...]],
    statement: str,
    seconds: float,
) -> str:
    """Run one statement of the workspace; why it failed, or nothing."""
    try:
        with limited(cluster, connection.info.backend_pid, seconds):
            connection.execute(encoded(statement), prepare=False)
    except psycopg.Error as error:
        with contextlib.suppress(psycopg.Error):
            connection.execute("ROLLBACK")
        return (error.diag.message_primary or str(error)).split("\n")[0][:300]
    return ""


def _drop(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    connection.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )


def _create(
    connection: psycopg.Connection[tuple[Any, ...]], name: str, template: str, locale: str
) -> None:
    has_strategies = connection.info.server_version >= 150_000  # noqa: PLR2004
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} {} {}").format(
            sql.Identifier(name),
            sql.Identifier(template),
            sql.SQL("STRATEGY file_copy" if has_strategies else ""),
            sql.SQL("LOCALE {}").format(sql.Literal(locale)) if locale else sql.SQL(""),
        )
    )
    connection.execute(
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
            sql.Identifier(name), sql.Identifier(OWNER)
        )
    )


def _ready(made: Database, seconds: float) -> psycopg.Connection[tuple[Any, ...]]:
    connection = made.connect()
    connection.execute(f"SET statement_timeout = {int(seconds * 900)}")
    connection.execute("SET check_function_bodies = off")
    connection.execute("SET client_min_messages = error")
    return connection


def _forget_settings(made: Database) -> None:
    """A role may change what its next sessions begin with, in every database: not this one."""
    with made.connect_as_superuser() as connection:
        connection.execute("DELETE FROM pg_catalog.pg_db_role_setting WHERE setrole <> 0")


def _size(made: Database) -> int:
    with made.cluster.connect() as connection:
        row = connection.execute("SELECT pg_database_size(%s)", (made.name,)).fetchone()
    return row[0] if row is not None else 0


def extend(made: Database, statement: str) -> str | None:
    """Run what makes an extension: why it failed, or nothing; None for any other statement.

    Only those are installed that PostgreSQL lets anybody install who owns a database.
    """
    named = _EXTENSION.match(bare(statement))
    if named is None:
        return None
    name = named[1].lower()
    with made.connect_as_superuser() as connection:
        is_there = connection.execute(
            "SELECT trusted FROM pg_available_extension_versions WHERE name = %s LIMIT 1", (name,)
        ).fetchone()
        if is_there is None:
            shims = SHIMS.get(name)
            if shims is None:
                return f'extension "{name}" is not available here'
            for shim in shims:
                with contextlib.suppress(psycopg.errors.DuplicateFunction):
                    connection.execute(shim.encode())
            return ""
        if not is_there[0]:
            return f'extension "{name}" is not loaded here'
        connection.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public").format(sql.Identifier(name))
        )
    return ""
