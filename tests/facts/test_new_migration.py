"""A new migration comes after all others, in the words of the project's own tool."""

import pytest

from backend_analyzers.facts.migrations.adding import following, new_migration
from backend_analyzers.facts.schema import database
from backend_analyzers.workspace import Workspace

TABLE = "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint);"
INDEX = "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id)"
DROP = "DROP INDEX CONCURRENTLY orders_customer_id_idx"

CASES = {
    "sql": (
        {"db/migrations/0009_a.sql": TABLE},
        {
            "db/migrations/0010_index_orders.sql": "-- Run outside of a transaction.\n"
            f"{INDEX};\n"
        },
    ),
    "flyway": (
        {"db/migration/V1_9__orders.sql": TABLE},
        {"db/migration/V1_10__index_orders.sql": f"{INDEX};\n"},
    ),
    "golang-migrate": (
        {
            "migrations/000001_orders.up.sql": TABLE,
            "migrations/000001_orders.down.sql": "DROP TABLE orders;",
        },
        {
            "migrations/000002_index_orders.up.sql": f"{INDEX};\n",
            "migrations/000002_index_orders.down.sql": f"{DROP};\n",
        },
    ),
    "dbmate": (
        {"db/migrations/20240102030405_a.sql": f"-- migrate:up\n{TABLE}\n-- migrate:down\nDROP TABLE orders;"},
        {
            "db/migrations/20240102030406_index_orders.sql": "-- migrate:up transaction:false\n"
            f"{INDEX};\n\n-- migrate:down transaction:false\n{DROP};\n"
        },
    ),
    "goose": (
        {"migrations/00001_a.sql": f"-- +goose Up\n{TABLE}\n-- +goose Down\nDROP TABLE orders;"},
        {
            "migrations/00002_index_orders.sql": "-- +goose NO TRANSACTION\n-- +goose Up\n"
            f"{INDEX};\n\n-- +goose Down\n{DROP};\n"
        },
    ),
    "prisma": (
        {
            "prisma/migrations/20240101000000_init/migration.sql": TABLE,
            "prisma/migrations/migration_lock.toml": "",
        },
        {"prisma/migrations/20240101000001_index_orders/migration.sql": f"{INDEX};\n"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("tool", CASES)
def test_a_tool_gets_its_own_form(tool: str) -> None:
    files, expected = CASES[tool]
    workspace = Workspace.of(files)
    (home,) = workspace.fact(database).homes
    written = new_migration(
        workspace, home, "public.orders", name="index_orders", do=[INDEX], undo=[DROP]
    )

    assert {one.path: one.text for one in written} == expected


@pytest.mark.parametrize(
    ("number", "next_"),
    [
        ("0007", "0008"),
        ("9", "10"),
        ("1.2", "1.3"),
        ("1_9", "1_10"),
        ("20231231235959", "20231231235960"),
    ],
)
def test_numbers_keep_their_width(number: str, next_: str) -> None:
    assert following(number) == next_
