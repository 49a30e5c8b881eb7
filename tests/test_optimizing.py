"""Advice about a query becomes a change of the text that wrote it, or a new migration."""

from backend_analyzers.analyze import applied
from backend_analyzers.facts.plans import Plannable, plannable
from backend_analyzers.optimizing import changes_of
from backend_analyzers.oracle import Advice
from backend_analyzers.workspace import Workspace

SCHEMA = (
    "CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);\n"
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers (id),\n"
    "  placed_at timestamp NOT NULL);\n"
)


def planned(code: str) -> tuple[Workspace, Plannable]:
    workspace = Workspace.of({"migrations/0001_shop.sql": SCHEMA, "app.py": code})
    (one,) = workspace.fact(plannable)["app.py"]
    return workspace, one


def changed(code: str, advice: Advice | None = None) -> dict[str, str]:
    workspace, one = planned(code)
    chosen = advice or Advice("", sql=one.rewrites[0].text)
    after = applied(workspace, changes_of(workspace, one, chosen))
    return {
        path: source.file().text.decode()
        for path, source in after.files.items()
        if path not in workspace.files or workspace.files[path].digest != source.digest
    }


def test_an_index_becomes_a_migration() -> None:
    code = 'Q = "SELECT id FROM orders WHERE customer_id = %s"\n'
    ddl = "CREATE INDEX orders_customer_id_idx ON orders (customer_id)"

    assert changed(code, Advice("", ddl=ddl)) == {
        "migrations/0002_index_orders_customer_id.sql": "-- Run outside of a transaction.\n"
        "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON orders (customer_id);\n"
    }


def test_a_rewrite_changes_only_what_is_other_and_keeps_the_layout() -> None:
    code = (
        'Q = """\n    SELECT id  -- the ones of that day\n      FROM orders\n'
        '     WHERE customer_id = %s\n       AND placed_at::date = \'2024-03-01\'\n"""\n'
    )
    (text,) = changed(code).values()

    assert text.startswith(code[: code.index("placed_at::date")])
    assert "placed_at >= " in text
    assert "placed_at < " in text


def test_values_that_would_change_places_are_left_to_a_person() -> None:
    code = 'Q = "SELECT id FROM orders WHERE placed_at::date = %s"\n'
    workspace, one = planned(code)

    assert one.rewrites
    assert changes_of(workspace, one, Advice("", sql=one.rewrites[0].text)) == ()
