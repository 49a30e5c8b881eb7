"""A column under another name, everywhere at once."""

import pytest

from backend_analyzers.analyze import applied
from backend_analyzers.facts.schema import database
from backend_analyzers.renaming import Impossible, renamed_column
from backend_analyzers.sql.schema import find_table
from backend_analyzers.workspace import Workspace

SCHEMA = "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);\n"


def renamed(files: dict[str, str], old: str, new: str, table: str = "orders") -> dict[str, str]:
    """The files that change."""
    workspace = Workspace.of(files)
    home = next(h for h in workspace.fact(database).homes if find_table(h.schema, table))
    found = find_table(home.schema, table)
    assert found is not None
    after = applied(workspace, renamed_column(workspace, home, found, old, new))
    texts = {path: source.file().text.decode() for path, source in after.files.items()}
    return {path: text for path, text in texts.items() if files.get(path) != text}


def test_queries_change_and_a_migration_renames_the_column() -> None:
    files = {
        "migrations/0001_orders.sql": SCHEMA,
        "app.py": 'import psycopg\n\ndef f(c: psycopg.Connection) -> None:\n'
        '    c.execute("SELECT o.total, \'ä\' FROM orders o WHERE total > %s", (1,))\n'
        '    c.execute("SELECT total FROM invoices")\n',
        "report.sql": "SELECT sum(total) AS total FROM orders GROUP BY note;\n",
    }  # fmt: skip

    assert renamed(files, "total", "amount") == {
        "app.py": files["app.py"]
        .replace("o.total", "o.amount")
        .replace("WHERE total", "WHERE amount"),
        "report.sql": "SELECT sum(amount) AS total FROM orders GROUP BY note;\n",
        "migrations/0002_rename_orders_total.sql": "ALTER TABLE orders RENAME COLUMN total TO amount;\n",
    }


def test_a_schema_without_migrations_changes_itself() -> None:
    schema = SCHEMA + "CREATE INDEX orders_total ON orders (total, note);\n"

    assert renamed({"schema.sql": schema}, "total", "order") == {
        "schema.sql": schema.replace(" total int", ' "order" int').replace("(total,", '("order",')
    }


def test_a_query_in_a_file_of_models_changes_and_the_attribute_keeps_its_name() -> None:
    models = (
        "from sqlalchemy import text\n"
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column\n\n\n"
        "class Base(DeclarativeBase):\n    pass\n\n\n"
        "class Order(Base):\n"
        "    __tablename__ = 'orders'\n"
        "    id: Mapped[int] = mapped_column(primary_key=True)\n"
        "    total: Mapped[int] = mapped_column()\n\n\n"
        "def sums(session):\n"
        "    return session.execute(text('SELECT sum(total) FROM orders'))\n"
    )
    files = {"migrations/0001_orders.sql": SCHEMA, "models.py": models}

    assert renamed(files, "total", "amount") == {
        "models.py": models.replace("sum(total)", "sum(amount)").replace(
            "total: Mapped[int] = mapped_column()", 'total: Mapped[int] = mapped_column("amount")'
        ),
        "migrations/0002_rename_orders_total.sql": "ALTER TABLE orders RENAME COLUMN total TO amount;\n",
    }


def test_a_name_that_is_taken_or_a_query_that_cannot_change_stops_it() -> None:
    with pytest.raises(Impossible, match="has a column `note` already"):
        renamed({"schema.sql": SCHEMA}, "total", "note")
    built = 'def f(c, t):\n    c.execute("SELECT total\\x20FROM orders")\n'
    with pytest.raises(Impossible, match=r"app.py"):
        renamed({"schema.sql": SCHEMA, "app.py": built.replace("total", "to\\x74al")}, "total", "x")
