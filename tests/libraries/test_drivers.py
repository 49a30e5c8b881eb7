"""Drivers are told apart by what their names begin with, in each language by itself."""

from __future__ import annotations

import pytest

from backend_analyzers.libraries.drivers import driver_of, is_database_error
from backend_analyzers.source import Language


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        (Language.PYTHON, "psycopg.Cursor.execute", ("postgresql", "%s", "tuple")),
        (Language.PYTHON, "asyncpg.Pool.fetch", ("postgresql", "$", "rest")),
        (Language.PYTHON, "mysql.connector.Cursor.execute", ("mysql", "%s", "tuple")),
        (Language.PYTHON, "aiosqlite.Connection.execute", ("sqlite", "?", "tuple")),
        (Language.JAVASCRIPT, "mysql.Pool.query", ("mysql", "?", "list")),
        (Language.TYPESCRIPT, "pg.Pool.query", ("postgresql", "$", "list")),
    ],
)
def test_a_driver_says_how_it_takes_values(
    language: Language, name: str, expected: tuple[str, str, str]
) -> None:
    driver = driver_of(language, name)

    assert driver is not None
    assert (driver.dialect, driver.placeholder, driver.values) == expected


@pytest.mark.parametrize("name", ["", "psycopgish.Cursor", "sqlalchemy.Connection", "pg.Pool"])
def test_what_no_table_names_is_no_driver(name: str) -> None:
    assert driver_of(Language.PYTHON, name) is None


def test_errors_of_drivers_tell_of_the_database() -> None:
    assert is_database_error("psycopg.OperationalError")
    assert is_database_error("sqlalchemy.exc.IntegrityError")
    assert not is_database_error("orders.UnknownProduct")
