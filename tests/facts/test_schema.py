"""The schema at head, from whatever files a project keeps it in."""

import pytest

from backend_analyzers.facts.schema import Database, database
from backend_analyzers.workspace import Workspace


def of(**texts: str) -> Database:
    """The schemas of some files; `a__b` stands for the path `a/b`."""
    return Workspace.of(texts).fact(database)


def columns(database: Database) -> dict[str, list[str]]:
    return {
        table.name: [column.name for column in table.columns] for table in database.all_tables()
    }


def test_migrations_apply_in_natural_order() -> None:
    found = of(
        **{
            "m/migrations/10_c.sql": "ALTER TABLE t RENAME COLUMN b TO c;",
            "m/migrations/9_b.sql": "ALTER TABLE t ADD COLUMN b int;",
            "m/migrations/1_a.sql": "CREATE TABLE t (a int);",
        }
    )

    assert columns(found) == {"t": ["a", "c"]}
    assert found.homes[0].files == (
        "m/migrations/1_a.sql",
        "m/migrations/9_b.sql",
        "m/migrations/10_c.sql",
    )


def test_repeatable_migrations_apply_last() -> None:
    found = of(
        **{
            "R__view.sql": "CREATE VIEW v AS SELECT a, b FROM t;",
            "V1__t.sql": "CREATE TABLE t (a int);",
            "V2__t.sql": "ALTER TABLE t ADD COLUMN b int;",
        }
    )

    assert columns(found)["v"] == ["a", "b"]


def test_files_without_numbers_apply_after_what_they_change() -> None:
    found = of(
        **{
            "sql/create_indexes.sql": "CREATE INDEX t_a ON t (a);",
            "sql/create_primary_keys.sql": "ALTER TABLE t ADD PRIMARY KEY (a);",
            "sql/create_tables.sql": "CREATE TABLE t (a int);",
            "sql/drop_tables.sql": "DROP TABLE t;",
        }
    )
    (table,) = found.all_tables()

    assert table.known
    assert table.primary_key == ("a",)


def test_numbered_files_keep_their_order() -> None:
    found = of(
        **{
            "delta/1/a.sql": "CREATE TABLE old (a int);\nALTER TABLE old RENAME TO t;\nCREATE INDEX i ON t (a);",
            "delta/2/b.sql": "DROP TABLE t;\nCREATE TABLE t (b int);",
        }
    )
    (table,) = found.all_tables()

    assert [column.name for column in table.columns] == ["b"]
    assert not table.indexes


@pytest.mark.parametrize(
    "down",
    [
        {"m/2.sql": "-- migrate:up\nALTER TABLE t ADD b int;\n-- migrate:down\nDROP TABLE t;"},
        {"m/2.sql": "-- +goose Up\nALTER TABLE t ADD b int;\n-- +goose Down\nDROP TABLE t;"},
        {"m/2.up.sql": "ALTER TABLE t ADD b int;", "m/2.down.sql": "DROP TABLE t;"},
        {"m/2.sql": "ALTER TABLE t ADD b int;", "m/U2__t.sql": "DROP TABLE t;"},
        {"m/2.sql": "ALTER TABLE t ADD b int;", "m/2_rollback.sql": "DROP TABLE t;"},
    ],
)
def test_what_undoes_a_migration_is_left_out(down: dict[str, str]) -> None:
    found = of(**{"m/1.sql": "CREATE TABLE t (a int);"}, **down)

    assert columns(found) == {"t": ["a", "b"]}


def test_each_service_has_its_own_schema() -> None:
    found = of(
        **{
            "shop/migrations/2024_init/migration.sql": "CREATE TABLE users (a int);",
            "admin/schema.sql": "CREATE TABLE users (b int);",
        }
    )

    assert [home.folder for home in found.homes] == ["admin", "shop/migrations"]
    assert len(found.tables("users")) == 2


def test_steps_below_their_result_are_past() -> None:
    base = "CREATE TABLE t (a int, b int);\nCREATE TABLE u (a int);"
    found = of(
        **{
            "db/tables.sql": base,
            "db/updates/1.sql": "CREATE TABLE t (a int);",
            "db/other/1.sql": "CREATE TABLE elsewhere (a int);",
        }
    )

    assert found.past == {"sql:db/updates"}
    assert [home.folder for home in found.current] == ["db", "db/other"]


def test_steps_beside_their_result_are_past() -> None:
    found = of(
        **{
            "admin/sql/tables.sql": "CREATE TABLE t (a int);\nCREATE TABLE u (a int);",
            "admin/schema_changes/5.sql": "CREATE TABLE t (a int);",
            "admin/billing/tables.sql": "CREATE TABLE t (a int);",
        }
    )

    assert found.past == {"sql:admin/schema_changes"}


def test_tables_that_no_schema_has() -> None:
    found = of(
        **{
            "m/1.sql": "CREATE TABLE t (a int);\nCREATE TEMP TABLE staged (a int);",
            "tests/1.sql": "CREATE TABLE only_in_tests (a int);",
            "clickhouse/1.sql": "CREATE TABLE db.views (a Date) ENGINE = MergeTree ORDER BY a;",
            "a.py": (
                "import psycopg\n"
                "def f(c: psycopg.Connection):\n"
                '    c.execute("CREATE TABLE made (a int)")\n'
                '    c.execute("ALTER TABLE changed ADD COLUMN a int")\n'
            ),
            "b.ts": 'export const users = pgTable("mapped", {});\n',
        }
    )

    assert {"staged", "only_in_tests", "views", "made", "changed", "mapped"} <= found.elsewhere
    assert found.changed == {"made", "changed"}
    assert [table.name for table in found.all_tables()] == ["t"]
    assert not found.open


@pytest.mark.parametrize(
    "code",
    [
        'def f(c, x):\n    c.execute(f"CREATE TABLE t_{x} (a int)")\n',
        "import peewee\nclass A(peewee.Model):\n    pass\n",
    ],
)
def test_tables_without_a_name_leave_the_schema_open(code: str) -> None:
    assert of(**{"m/1.sql": "CREATE TABLE t (a int);", "a.py": code}).open


def test_an_index_with_a_name_put_together_does_not() -> None:
    code = (
        "import psycopg\n"
        "def f(c: psycopg.Connection, x):\n"
        '    c.execute(f"CREATE INDEX i_{x} ON t (a)")\n'
    )

    assert not of(**{"m/1.sql": "CREATE TABLE t (a int);", "a.py": code}).open
