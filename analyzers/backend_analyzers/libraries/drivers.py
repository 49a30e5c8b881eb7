"""Database drivers: the dialect they speak, and how they take parameters."""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.source import Language
from backend_analyzers.sql.statement import Dialect


class Driver(msgspec.Struct, frozen=True):
    """A driver, by what the qualified names of its functions and types begin with.

    `placeholder` is what stands for a value in its SQL (`$` is followed by a number); `values` says
    how the values follow: as one tuple, one list, or the rest of the arguments.
    """

    prefixes: tuple[str, ...]
    dialect: Dialect
    placeholder: Literal["%s", "?", "$", ""] = ""
    values: Literal["tuple", "list", "rest", ""] = ""


_PYTHON = (
    Driver(("psycopg.", "psycopg2."), "postgresql", "%s", "tuple"),
    Driver(("asyncpg.",), "postgresql", "$", "rest"),
    Driver(("pymysql.", "MySQLdb.", "mysql.connector."), "mysql", "%s", "tuple"),
    Driver(("sqlite3.", "aiosqlite."), "sqlite", "?", "tuple"),
)
_ECMASCRIPT = (
    Driver(("pg.", "postgres.Sql."), "postgresql", "$", "list"),
    Driver(("mysql.", "mysql2."), "mysql", "?", "list"),
    Driver(("better-sqlite3.",), "sqlite"),
)
_ERRORS = (*(prefix for driver in _PYTHON for prefix in driver.prefixes), "sqlalchemy.")


def driver_of(language: Language, name: str) -> Driver | None:
    """The driver that a function or type belongs to."""
    drivers = _ECMASCRIPT if language.is_ecmascript else _PYTHON
    return next((one for one in drivers if name.startswith(one.prefixes)), None)


def is_database_error(name: str) -> bool:
    """Whether an exception comes from a driver, so that its text tells of tables and hosts."""
    return name.startswith(_ERRORS)


def is_in_process(language: Language, name: str) -> bool:
    """Whether a driver's database lives in the process: nothing is waited for, and nothing runs out."""
    found = driver_of(language, name)
    return found is not None and found.dialect == "sqlite"


_FAIL_AS_A_WHOLE = (
    *("psycopg.Connection", "psycopg.Cursor", "psycopg.AsyncConnection", "psycopg.AsyncCursor"),
    *("psycopg2.connection", "psycopg2.cursor", "sqlalchemy.Connection", "sqlalchemy.orm.Session"),
    *("sqlalchemy.ext.asyncio.AsyncConnection", "sqlalchemy.ext.asyncio.AsyncSession"),
)


def stays_failed(kind: str) -> bool:
    """Whether objects of a type refuse to go on after an error, until they are rolled back."""
    return kind in _FAIL_AS_A_WHOLE
