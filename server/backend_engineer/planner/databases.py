"""A database for each schema: its DDL loaded by a role that may do nothing else.

What a workspace declares is not trusted.  It is loaded statement by statement as an unprivileged
owner, under limits of time, memory and size; what fails is noted and left out.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from backend_analyzers.oracle import Script
from backend_engineer.planner.cluster import OWNER, SUPERUSER, Cluster, limited

PREFIX = "shadow_"
_MOST = 24
"""Databases that are kept; each takes 7 MB."""

_VERBS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(create|alter|drop|comment|do|set|grant|revoke|security)\b",
    re.IGNORECASE | re.DOTALL,
)
_SKIPPED = re.compile(
    r"\s*(?:set\s+(?:session|role|local\s+role|authorization)\b"
    r"|(?:create|alter|drop)\s+(?:database|role|user(?!\s+mapping)|tablespace|publication|subscription|system"
    r"|event\s+trigger|language|server|foreign\s+data)\b"
    r"|(?:grant|revoke|security|comment)\b|alter\s+\w+\s+\S+\s+owner\s+to\b)",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r'\s*create\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?', re.IGNORECASE
)
_WITH_ROWS = re.compile(
    r"\s*create\s+(?:(?:global|local|temp|temporary|unlogged)\s+)*(?:table|materialized\s+view)\b"
    r"[^;(]*(?:\([^()]*\)\s*)?\bas\b",
    re.IGNORECASE,
)
_NO_ROWS = re.compile(r"\bwith\s+(?:no\s+)?data\s*;?\s*\Z", re.IGNORECASE)

_SHIMS = {
    "uuid-ossp": (
        (
            "CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_generate_v1() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_generate_v1mc() RETURNS uuid LANGUAGE sql VOLATILE "
            "AS 'SELECT gen_random_uuid()'"
        ),
        (
            "CREATE FUNCTION public.uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE "
            "AS $$SELECT '00000000-0000-0000-0000-000000000000'::uuid$$"
        ),
    ),
    "pgcrypto": (
        (
            "CREATE FUNCTION public.gen_random_bytes(integer) RETURNS bytea LANGUAGE sql VOLATILE "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.digest(text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.digest(bytea, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.hmac(text, text, text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT ''::bytea$$"
        ),
        (
            "CREATE FUNCTION public.crypt(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT "
            "AS $$SELECT $1$$"
        ),
        "CREATE FUNCTION public.gen_salt(text) RETURNS text LANGUAGE sql VOLATILE AS $$SELECT $1$$",
    ),
}
"""What these extensions declare, for schemas that need them where they are not installed."""


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


def database(
    cluster: Cluster, script: Script, *, purpose: str = "", seconds: float = 5.0
) -> Database:
    """The database of a script, made when there is none; `purpose` tells several of one script apart.

    `seconds` is how long one statement may take.
    """
    if script.dialect != "postgresql":
        raise ValueError(f"PostgreSQL cannot load a schema of {script.dialect}")
    name = f"{PREFIX}{script.digest[:24]}{purpose}"
    with cluster.connect() as connection:
        known = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            (name,),
        ).fetchone()
        if known is not None and known[0] is not None:
            return Database(cluster, name, msgspec.json.decode(known[0], type=tuple[Error, ...]))
        create_empty(connection, name)
    made = Database(cluster, name)
    errors = tuple(load(made, script.statements, seconds=seconds))
    note = msgspec.json.encode(errors[:200]).decode()
    with cluster.connect() as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(note))
        )
    return msgspec.structs.replace(made, errors=errors)


def create_empty(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    """An empty database of the owner's, in place of one of that name and of those not used lately."""
    others = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s ORDER BY oid DESC",
        (f"{PREFIX}%",),
    ).fetchall()
    for (old,) in [(name,), *others[_MOST:]]:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old))
        )
    connection.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(OWNER)
        )
    )


def load(made: Database, statements: tuple[str, ...], *, seconds: float) -> Iterator[Error]:
    """Run what declares something, each statement alone; yields what failed."""
    connection = _ready(made, seconds)
    try:
        for number, statement in enumerate(statements):
            if (extended := extend(made, statement)) is not None:
                if extended:
                    yield Error(number, extended)
                continue
            if not is_declaring(statement):
                continue
            if connection.closed:
                connection = _ready(made, seconds)
            if error := run(made.cluster, connection, without_rows(statement), seconds):
                yield Error(number, error)
    finally:
        connection.close()


def run(
    cluster: Cluster,
    connection: psycopg.Connection[tuple[Any, ...]],
    statement: str,
    seconds: float,
) -> str:
    """Run one statement of the workspace; why it failed, or nothing."""
    try:
        with limited(cluster, connection.info.backend_pid, seconds):
            connection.execute(statement.encode(), prepare=False)
    except psycopg.Error as error:
        with contextlib.suppress(psycopg.Error):
            connection.execute("ROLLBACK")
        return (error.diag.message_primary or str(error)).split("\n")[0][:300]
    return ""


def is_declaring(statement: str) -> bool:
    """Whether a statement declares something here: rows, roles and other databases are left out."""
    return _VERBS.match(statement) is not None and _SKIPPED.match(statement) is None


def without_rows(statement: str) -> str:
    """The statement that makes the same table without computing what is in it."""
    if not _WITH_ROWS.match(statement) or _NO_ROWS.search(statement):
        return statement
    return f"{statement.rstrip().rstrip(';')} WITH NO DATA"


def _ready(made: Database, seconds: float) -> psycopg.Connection[tuple[Any, ...]]:
    connection = made.connect()
    connection.execute(f"SET statement_timeout = {int(seconds * 900)}")
    connection.execute("SET check_function_bodies = off")
    connection.execute("SET client_min_messages = error")
    return connection


def extend(made: Database, statement: str) -> str | None:
    """Run what makes an extension: why it failed, or nothing; None for any other statement.

    Extensions are installed by us, where there are any; the owner may not.
    """
    extension = _EXTENSION.match(statement)
    return _extend(made, extension[1].lower()) if extension is not None else None


def _extend(made: Database, name: str) -> str:
    with made.connect_as_superuser() as connection:
        is_there = connection.execute(
            "SELECT trusted OR name IN ('vector', 'hstore', 'citext') FROM pg_available_extension_versions "
            "WHERE name = %s LIMIT 1",
            (name,),
        ).fetchone()
        if is_there is None:
            shims = _SHIMS.get(name)
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
