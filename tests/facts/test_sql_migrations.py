"""Migrations that are SQL files, for every tool that has such."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.sql_files import migrations_of
from backend_analyzers.source import File, Language
from backend_analyzers.sources import Open
from backend_analyzers.workspace import Workspace

TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY);\n"


def of(texts: dict[str, str]) -> list[Migration]:
    return sorted(Workspace.of(texts).fact(migrations_of), key=lambda one: one.at.path)


def only(path: str, text: str) -> Migration:
    (found,) = of({path: text})
    return found


def kinds(migration: Migration) -> list[str]:
    return [
        type(action).__name__
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    ]


@pytest.mark.parametrize(
    ("path", "tool", "branch", "revision"),
    [
        ("db/migrations/0001_orders.sql", "sql", "db/migrations", "0001_orders"),
        ("db/migrate/20240102030405_orders.sql", "sql", "db/migrate", "20240102030405_orders"),
        ("drizzle/0000_quick_silver.sql", "sql", "drizzle", "0000_quick_silver"),
        ("migrations/2024-01-02-0304_orders/up.sql", "sql", "migrations", "2024-01-02-0304_orders"),
        (
            "src/main/resources/db/migration/V1__a.sql",
            "flyway",
            "src/main/resources/db/migration",
            "1",
        ),
        ("sql/V1_2.3__orders.sql", "flyway", "sql", "1.2.3"),
        ("sql/R__orders_view.sql", "flyway", "sql", "R__orders_view"),
        ("m/000001_orders.up.sql", "golang-migrate", "m", "000001"),
        (
            "packages/db/prisma/migrations/20240102030405_init/migration.sql",
            "prisma",
            "packages/db/prisma/migrations",
            "20240102030405_init",
        ),
    ],
)
def test_names_say_which_tool_and_revision(
    path: str, tool: str, branch: str, revision: str
) -> None:
    found = only(path, TABLE)

    assert (found.tool, found.branch, found.revision) == (tool, branch, revision)
    assert found.after is None
    assert kinds(found) == ["CreateTable"]
    assert found.operations[0].sql == TABLE.strip().rstrip(";")


@pytest.mark.parametrize(
    "path",
    [
        "schema.sql",
        "db/schema.sql",
        "queries/orders.sql",
        "db/migrations/orders.sql",
        "1_orders.sql",
        "tests/migrations/0001_orders.sql",
        "db/migrations/tests/0001_orders.sql",
    ],
)
def test_a_dump_or_a_query_is_no_migration(path: str) -> None:
    assert of({path: TABLE}) == []


def test_numbered_queries_are_no_migrations() -> None:
    assert of({"q/1.sql": "SELECT 1;", "q/2.sql": "SELECT 2;", "q/3.sql": "SELECT 3;"}) == []


def test_numbered_files_with_ddl_are_migrations_together() -> None:
    found = of(
        {"schema/01-orders.sql": TABLE, "schema/02-index.sql": "CREATE INDEX ON orders (id);"}
    )

    assert [one.revision for one in found] == ["01-orders", "02-index"]


def test_pairs_of_files_lead_back() -> None:
    found = of(
        {
            "m/000001_a.up.sql": TABLE,
            "m/000001_a.down.sql": "DROP TABLE orders;",
            "m/000002_b.up.sql": "DROP TABLE old;",
            "m/000003_c.up.sql": "DROP TABLE older;",
            "m/000003_c.down.sql": "-- nothing\n",
        }
    )

    assert [(one.revision, one.reverts) for one in found] == [
        ("000001", "yes"),
        ("000002", "no"),
        ("000003", "no"),
    ]


def test_flyway_undoes_where_anything_is_undone() -> None:
    up = {"V1__a.sql": TABLE, "V2__b.sql": "DROP TABLE old;"}

    assert [one.reverts for one in of(up)] == ["unknown", "unknown"]
    assert [one.reverts for one in of({**up, "U2__b.sql": "CREATE TABLE old ();"})] == ["no", "yes"]


def test_flyway_begins_no_transaction_for_what_cannot_run_in_one() -> None:
    assert only("V1__a.sql", TABLE).transaction
    assert not only("V1__a.sql", "CREATE INDEX CONCURRENTLY i ON orders (id);").transaction


@pytest.mark.parametrize(
    ("text", "transaction", "reverts"),
    [
        ("-- migrate:up\n{}-- migrate:down\nDROP TABLE orders;\n", True, "yes"),
        ("-- migrate:up\n{}-- migrate:down\n", True, "no"),
        ("-- migrate:up transaction:false\n{}\n-- migrate:down\n", False, "no"),
        ("-- +goose Up\n{}-- +goose Down\nDROP TABLE orders;\n", True, "yes"),
        ("-- +goose NO TRANSACTION\n-- +goose Up\n{}", False, "no"),
        ("-- +migrate Up\n{}-- +migrate Down\nDROP TABLE orders;\n", True, "yes"),
        ("-- +migrate Up notransaction\n{}-- +migrate Down\nDROP TABLE orders;", False, "yes"),
    ],
)
def test_sections_of_one_file(text: str, transaction: bool, reverts: str) -> None:
    found = only("migrations/20240101_orders.sql", text.format(TABLE))

    assert kinds(found) == ["CreateTable"]
    assert found.transaction is transaction
    assert found.reverts == reverts


def test_goose_takes_functions_whole() -> None:
    found = only(
        "m/001_f.sql",
        "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int AS $$\n"
        "BEGIN; SELECT 1; END;\n$$ LANGUAGE sql;\n-- +goose StatementEnd\n-- +goose Down\n"
        "DROP FUNCTION f;\n",
    )

    assert [operation.runs for operation in found.operations] == ["sql"]
    assert "SELECT 1; END;" in found.operations[0].sql


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("m/migrations/1_a.sql", TABLE + TABLE, False),
        ("m/migrations/1_a.sql", f"BEGIN;\n{TABLE}COMMIT;\n", True),
        ("m/migrations/1_a.sql", f"BEGIN;\n{TABLE}COMMIT;\n{TABLE}", False),
        ("m/1_a.up.sql", TABLE, False),
        ("m/1_a.up.sql", TABLE + TABLE, True),
        ("p/migrations/20240101_a/migration.sql", TABLE, False),
        ("p/migrations/20240101_a/migration.sql", TABLE + TABLE, True),
    ],
)
def test_what_runs_in_one_transaction(path: str, text: str, expected: bool) -> None:
    assert only(path, text).transaction is expected


def test_rows_are_operations_too() -> None:
    found = only("migrations/1_a.sql", TABLE + "UPDATE orders SET id = 2;")

    assert [operation.runs for operation in found.operations] == ["ddl", "sql"]
    assert found.operations[1].sql == "UPDATE orders SET id = 2"
    assert found.operations[1].at.path == "migrations/1_a.sql"
    assert found.complete


def test_a_statement_too_long_to_keep_makes_it_incomplete() -> None:
    rows = ", ".join(f"({number})" for number in range(60_000))
    found = only("migrations/1_a.sql", f"{TABLE}INSERT INTO orders VALUES {rows};")

    assert not found.complete
    assert found.operations[1].sql == ""


def test_what_is_half_typed_fails_nothing() -> None:
    assert only("migrations/1_a.sql", "CREATE TABLE ö (").tool == "sql"


def test_an_edit_elsewhere_keeps_the_others() -> None:
    before = Workspace.of({"m/migrations/1_a.sql": TABLE, "m/migrations/2_b.sql": TABLE})
    first = before.fact(migrations_of)
    edited = File("m/migrations/3_c.sql", Language.SQL, TABLE.encode())
    after = before.updated({edited.path: Open(edited)})

    assert after.fact(migrations_of)[:2] == first
