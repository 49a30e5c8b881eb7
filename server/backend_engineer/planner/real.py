"""A real database, asked for plans and for its catalogue, and for nothing else.

All that is sent is EXPLAIN without ANALYZE, and our export query, in a transaction that can only read,
with limits of time.  The address is in an environment variable and stays there: it is in no message.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from backend_analyzers.sql.parse import parse
from backend_engineer.planner.binaries import Unavailable
from backend_engineer.planner.explain import Node, NotPlanned, explain
from backend_engineer.planner.export import export_query

Connection = psycopg.Connection[tuple[Any, ...]]

_SECONDS = 5
_LOCK_MILLISECONDS = 500
_QUERIES = frozenset({"select", "insert", "update", "delete", "merge"})
_WHY = {
    "password authentication failed": "the user or the password is refused",
    "no password supplied": "it asks for a password",
    "could not translate host": "its host is not known here",
    "failed to resolve host": "its host is not known here",
    "does not exist": "there is no such database or user",
    "Connection refused": "nothing listens there",
    "No such file": "nothing listens there",
    "timeout": "it does not answer",
    "too many": "it takes no more connections",
    "SSL": "the encryption could not be agreed on",
    "no pg_hba.conf entry": "it does not let this machine in",
}


class Address:
    """The environment variable that names a database.  Prints as its name, never as its value."""

    def __init__(self, variable: str) -> None:
        self.variable = variable

    def __repr__(self) -> str:
        return f"Address({self.variable!r})"

    @property
    def url(self) -> str:
        """The value.  Raises `Unavailable` when there is none."""
        found = os.environ.get(self.variable, "")
        if not found:
            raise Unavailable(
                f"the environment variable `{self.variable}` of `[planner] database_url_env` is not "
                "set; set it to the URL of a database, or remove the setting"
            )
        return found

    @property
    def dialect(self) -> str:
        """Which database it is, by the scheme.  Raises `Unavailable` for others."""
        scheme = self.url.partition("://")[0].partition("+")[0].lower()
        if scheme in {"postgres", "postgresql"}:
            return "postgresql"
        if scheme in {"mysql", "mariadb"}:
            return "mysql"
        raise Unavailable(f"`{self.variable}` is no URL of PostgreSQL or MySQL")


@contextlib.contextmanager
def reading(address: Address, *, seconds: float) -> Iterator[Connection]:
    """A transaction that can only read, of a connection that ends with it.  Raises `Unavailable`."""
    scheme, _, rest = address.url.partition("://")
    try:
        # `postgresql+psycopg://` is how SQLAlchemy says it.
        options = conninfo_to_dict(f"{scheme.partition('+')[0]}://{rest}")
    except psycopg.Error:
        raise Unavailable(f"`{address.variable}` is no URL of PostgreSQL") from None
    options["application_name"] = "backend-engineer"
    options["connect_timeout"] = str(_SECONDS)
    try:
        connection = psycopg.connect(**options, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise Unavailable(_unreachable(address, error)) from None
    try:
        connection.execute("BEGIN TRANSACTION READ ONLY")
        connection.execute(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        connection.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = '30s'")
        yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(_unreachable(address, error)) from None
    finally:
        with contextlib.suppress(psycopg.Error):
            connection.execute("ROLLBACK")
        connection.close()


def plan(address: Address, query: str, *, seconds: float) -> Node:
    """The plan of one query.  Raises `NotPlanned` for whatever is none, and `Unavailable`."""
    statements = parse(query, dialect="postgresql")
    if len(statements) != 1 or statements[0].kind not in _QUERIES:
        raise NotPlanned("only single queries are planned in a real database")
    with reading(address, seconds=seconds) as connection:
        return explain(connection, query)


def exported(address: Address, *, seconds: float) -> str:
    """The statistics of the database, as our export query gives them.  Raises `Unavailable`."""
    with reading(address, seconds=seconds) as connection:
        try:
            row = connection.execute(export_query().encode()).fetchone()
        except psycopg.Error as error:
            told = (error.diag.message_primary or type(error).__name__).split("\n")[0]
            raise Unavailable(
                f"the statistics of the database of `{address.variable}` cannot be read: {told}"
            ) from None
    assert row is not None
    return json.dumps(row[0])


def _unreachable(address: Address, error: psycopg.Error) -> str:
    """What is wrong, in our words: those of the library repeat parts of the address."""
    said = str(error)
    why = next((ours for theirs, ours in _WHY.items() if theirs in said), "it cannot be reached")
    return (
        f"the database of `{address.variable}` is not asked: {why}. Check the variable, or remove "
        "`database_url_env` from `[planner]`"
    )


def parts(address: Address) -> dict[str, Any]:
    """The address in pieces, for drivers that take no URL."""
    split = urlsplit(address.url)
    return {
        "host": split.hostname or "localhost",
        "port": split.port or 3306,
        "user": unquote(split.username or ""),
        "password": unquote(split.password or ""),
        "database": split.path.lstrip("/"),
    }
