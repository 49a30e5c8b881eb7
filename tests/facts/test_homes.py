"""Which schema a query is for, what makes it, and in which order migrations apply."""

import pytest

from backend_analyzers.facts import readers
from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.history import history
from backend_analyzers.facts.schema import database
from backend_analyzers.facts.scripts import home_of, scripts
from backend_analyzers.source import Place
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.workspace import Workspace


def step(
    name: str,
    *after: str,
    ddl: str = "",
    app: str = "shop",
    replaces: tuple[str, ...] = (),
) -> Migration:
    """A Django migration of an app."""
    at = Place(f"src/{app}/migrations/{name}.py", "", 0, 0)
    operations = (Operation(at, parse_ddl(ddl)),) if ddl else ()
    return Migration("django", at, app, name, operations, after, replaces)


def applied(monkeypatch: pytest.MonkeyPatch, *steps: Migration) -> Workspace:
    def migrations_of(workspace: Workspace) -> tuple[Migration, ...]:
        del workspace
        return steps

    monkeypatch.setattr(readers, "migration_readers", lambda: (migrations_of,))
    monkeypatch.setattr(
        "backend_analyzers.facts.migrations.history.migration_readers", lambda: (migrations_of,)
    )
    return Workspace.of({})


def test_migrations_apply_after_what_they_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = applied(
        monkeypatch,
        step("0001_z", "0000_first", "billing:0001_a", ddl="ALTER TABLE t ADD c int"),
        step("0001_a", "shop:0000_first", app="billing", ddl="ALTER TABLE t ADD b int"),
        step("0000_first", ddl="CREATE TABLE t (a int)"),
    )
    (line,) = workspace.fact(history)

    assert [one.revision for one in line.migrations] == ["0000_first", "0001_a", "0001_z"]
    assert {branch: [m.revision for m in heads] for branch, heads in line.heads.items()} == {
        "shop": ["0001_z"],
        "billing": ["0001_a"],
    }
    (home,) = workspace.fact(database).homes
    (table,) = home.schema.tables.values()
    assert [column.name for column in table.columns] == ["a", "b", "c"]
    assert home.folder == "src"


def test_two_heads_and_a_missing_revision_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = applied(
        monkeypatch, step("0001_a"), step("0002_b", "0001_a"), step("0002_c", "0001_a", "0001_x")
    )
    (line,) = workspace.fact(history)

    assert [one.revision for one in line.heads["shop"]] == ["0002_b", "0002_c"]
    assert [(one.revision, name) for one, name in line.missing] == [("0002_c", "0001_x")]


def test_a_squashed_migration_stands_for_what_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = applied(
        monkeypatch,
        step("0001_a", ddl="CREATE TABLE t (a int)"),
        step("0002_b", "0001_a", ddl="ALTER TABLE t ADD b int"),
        step("0001_squashed", ddl="CREATE TABLE t (a int, b int)", replaces=("0001_a", "0002_b")),
        step("0003_c", "0002_b", ddl="ALTER TABLE t ADD c int"),
    )
    (line,) = workspace.fact(history)

    assert [one.revision for one in line.migrations] == ["0001_squashed", "0003_c"]
    (table,) = workspace.fact(database).all_tables()
    assert [column.name for column in table.columns] == ["a", "b", "c"]


def test_what_follows_itself_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = applied(monkeypatch, step("1", "2"), step("2", "1"))

    assert len(workspace.fact(history)[0].migrations) == 2


def test_a_query_is_for_the_nearest_schema_that_has_its_tables() -> None:
    workspace = Workspace.of(
        {
            "a/migrations/1.sql": "CREATE TABLE orders (id int);",
            "b/migrations/1.sql": "CREATE TABLE orders (id int); CREATE TABLE lines (id int);\n"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; INSERT INTO lines VALUES (1);",
            "b/app/q.sql": "SELECT * FROM orders;",
            "a/q.sql": "SELECT * FROM orders JOIN lines USING (id);",
            "q.sql": "SELECT * FROM nothing;",
        }
    )
    declared = workspace.fact(database)
    homes = {
        path: found.folder if (found := home_of(declared, queries[0])) else None
        for path, queries in workspace.fact(all_queries).items()
        if path.endswith("q.sql")
    }

    assert homes == {"b/app/q.sql": "b/migrations", "a/q.sql": "b/migrations", "q.sql": None}
    script = workspace.fact(scripts)["sql:b/migrations"]
    assert [text.split()[1] for text in script.statements] == ["TABLE", "TABLE", "FUNCTION"]
