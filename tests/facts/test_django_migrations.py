"""Django's migrations as DDL."""

from pathlib import Path
from textwrap import dedent

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.django import migrations_of
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.schema import Schema, Table
from backend_analyzers.workspace import Workspace
from tests.facts.django_shop import TABLES, asked_of_django, workspace

FIRST = """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True)),
                ("code", models.CharField(max_length=9, unique=True)),
                ("note", models.TextField(null=True)),
            ],
        ),
    ]
"""


def of(*later: str, first: str = FIRST) -> tuple[Migration, ...]:
    """The migrations of an app `shop`: the first, and others with these operations."""
    texts = {"shop/migrations/0001_initial.py": dedent(first)}
    for number, operations in enumerate(later, 2):
        head = f'dependencies = [("shop", "{before(number)}")]'
        texts[f"shop/migrations/{number:04}_step.py"] = (
            "from django.db import migrations, models\n\n\n"
            f"class Migration(migrations.Migration):\n    {head}\n    operations = [{operations}]\n"
        )
    return Workspace.of(texts).fact(migrations_of)


def before(number: int) -> str:
    return "0001_initial" if number == 2 else f"{number - 1:04}_step"


def schema(migrations: tuple[Migration, ...]) -> Schema:
    found = Schema()
    for migration in migrations:
        for operation in migration.operations:
            found = apply(found, operation.ddl, "")
    return found


def actions(migration: Migration) -> list[str]:
    return [
        type(action).__name__
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    ]


def test_a_model_is_a_table_with_its_keys() -> None:
    (migration,) = of()
    (table,) = schema((migration,)).tables.values()

    assert (migration.branch, migration.revision, migration.after) == ("shop", "0001_initial", ())
    assert migration.complete
    assert migration.reverts == "yes"
    assert [(one.name, one.type, one.nullable) for one in table.columns] == [
        ("id", "bigint", False),
        ("code", "character varying(9)", False),
        ("note", "text", True),
    ]
    assert table.primary_key == ("id",)


def test_a_new_column_gets_a_default_that_is_dropped_again() -> None:
    migration = of('migrations.AddField("order", "total", models.IntegerField(default=3))')[1]

    assert actions(migration) == ["AddColumn", "AlterColumn"]
    added = migration.operations[0].ddl[0].actions[0]
    assert getattr(added, "column").default == "3"  # noqa: B009 - the type is asserted above


def test_a_column_becomes_required() -> None:
    migrations = of('migrations.AlterField("order", "note", models.TextField(default="-"))')
    (table,) = schema(migrations).tables.values()

    assert actions(migrations[1]) == ["AlterColumn"] * 3
    assert not table.columns[2].nullable


def test_a_renamed_model_takes_what_refers_to_it_along() -> None:
    migrations = of(
        'migrations.CreateModel("Line", [("id", models.BigAutoField(primary_key=True)),'
        ' ("order", models.ForeignKey("shop.Order", models.CASCADE))]),'
        ' migrations.AddField("order", "tags", models.ManyToManyField("shop.Line"))',
        'migrations.RenameModel("Order", "Purchase")',
    )
    tables = schema(migrations).tables

    assert set(tables) == {"public.shop_purchase", "public.shop_line", "public.shop_purchase_tags"}
    assert [c.name for c in tables["public.shop_purchase_tags"].columns] == [
        "id",
        "purchase_id",
        "line_id",
    ]
    assert tables["public.shop_line"].foreign_keys[0].target == "public.shop_purchase"


def test_the_database_and_the_state_may_differ() -> None:
    migrations = of(
        """migrations.SeparateDatabaseAndState(
            database_operations=[migrations.AddField("order", "a", models.IntegerField(null=True))],
            state_operations=[migrations.AddField("order", "b", models.IntegerField(null=True))],
        )""",
        'migrations.RenameField("order", "b", "c")',
    )

    assert actions(migrations[1]) == ["AddColumn"]
    assert actions(migrations[2]) == ["RenameColumn"]


def test_sql_and_code() -> None:
    migrations = of(
        'migrations.RunSQL("ALTER TABLE shop_order ADD COLUMN extra int"),'
        " migrations.RunPython(fill)",
        'migrations.RunSQL("SELECT 1", migrations.RunSQL.noop),'
        " migrations.RunPython(fill, migrations.RunPython.noop)",
    )
    sql, code = migrations[1].operations

    assert (sql.runs, sql.sql, code.runs) == (
        "sql",
        "ALTER TABLE shop_order ADD COLUMN extra int",
        "code",
    )
    assert actions(migrations[1]) == ["AddColumn"]
    assert [one.reverts for one in migrations] == ["yes", "no", "yes"]


def test_concurrent_indexes_and_transactions() -> None:
    (_, migration) = of(
        'AddIndexConcurrently("order", models.Index(fields=["-note"], name="by_note"))'
    )
    (operation,) = migration.operations
    (index,) = operation.ddl[0].actions

    assert operation.concurrent
    assert getattr(index, "concurrently")  # noqa: B009


def test_what_cannot_be_read_is_said() -> None:
    assert [
        one.complete
        for one in of(
            'OurOperation("order")',
            'migrations.AddField("missing", "a", models.TextField())',
            'migrations.AddField("order", name, models.TextField())',
            "*more",
        )
    ] == [True, False, False, False, False]


def test_a_squashed_migration_and_what_it_stands_for() -> None:
    texts = {
        "shop/migrations/0001_initial.py": dedent(FIRST),
        "shop/migrations/0002_a.py": "from django.db import migrations, models\n"
        "class Migration(migrations.Migration):\n"
        '    dependencies = [("shop", "0001_initial")]\n'
        '    operations = [migrations.RemoveField("order", "note")]\n',
        "shop/migrations/0001_squashed_0002_a.py": dedent(FIRST).replace(
            "initial = True", 'replaces = [("shop", "0001_initial"), ("shop", "0002_a")]'
        ),
    }
    found = {one.revision: one for one in Workspace.of(texts).fact(migrations_of)}

    assert found["0001_squashed_0002_a"].replaces == ("0001_initial", "0002_a")
    assert all(one.complete for one in found.values())
    assert actions(found["0002_a"]) == ["DropColumn"]


def test_half_typed_text_and_other_letters() -> None:
    of('migrations.AddField("order", "größe", models.')
    migrations = of('migrations.AddField("order", "größe", models.IntegerField(null=True))')

    assert actions(migrations[1]) == ["AddColumn"]


def test_the_migrations_do_what_django_does(tmp_path: Path) -> None:
    migrations = workspace().fact(migrations_of)
    found = {table.name: table for table in schema(migrations).tables.values()}
    real = asked_of_django(tmp_path, TABLES)
    own = {name: one for name, one in real.items() if not name.startswith(("auth_", "django_"))}

    assert all(one.complete for one in migrations)
    assert set(found) == set(own)
    for name, truth in own.items():
        table = found[name]
        assert {one.name: one.nullable for one in table.columns} == {
            column: one["nullable"] for column, one in truth["columns"].items()
        }, name
        assert set(table.primary_key or ()) == {
            column for column, one in truth["columns"].items() if one["key"]
        }
        assert (
            sorted(
                [list(key.columns), [key.target.removeprefix("public."), *key.target_columns]]
                for key in table.foreign_keys
            )
            == truth["foreign"]
        )
        is_renamed = name.startswith("archive_")
        assert indexes(table, named=not is_renamed) == sorted(
            ("" if is_renamed else short(given), unique, columns)
            for given, unique, columns in truth["indexes"]
        ), name


def indexes(table: Table, *, named: bool) -> list[tuple[str, bool, list[str | None]]]:
    """Indexes and unique keys, without those that only PostgreSQL has."""
    return sorted(
        (
            short(one.name) if named else "",
            one.unique,
            [key.column for key in one.keys],
        )
        for one in table.indexes
        if one.kind != "primary key" and not one.name.endswith("_like")
    )


def short(name: str) -> str:
    """A name that both databases give: SQLite knows longer ones, and none for a unique column."""
    has_none = name.startswith("__unnamed") or name.endswith("_key") or len(name) > 55
    return "" if has_none else name
