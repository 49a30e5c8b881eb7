"""Migrations of Alembic: what a script says, and that it is what Alembic itself does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from backend_analyzers.facts.migrations import Migration, Operation
from backend_analyzers.facts.migrations.alembic import migrations_of
from backend_analyzers.source import Place
from backend_analyzers.sql.ddl import (
    AddColumn,
    AddConstraint,
    AlterColumn,
    CreateIndex,
    CreateTable,
    CreateType,
    Ddl,
    DropColumn,
    Opaque,
    RenameColumn,
)
from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.schema import Schema, Table
from backend_analyzers.workspace import Workspace

HEAD = """\
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

revision = "b2"
down_revision = "a1"
branch_labels = None
depends_on = None

"""


def script(upgrade: str, downgrade: str = "op.drop_table('t')", before: str = "") -> str:
    body = dedent(upgrade).strip().replace("\n", "\n    ")
    return f"{HEAD}{dedent(before)}\n\ndef upgrade():\n    {body}\n\n\ndef downgrade():\n    {downgrade}\n"


def read(text: str, path: str = "migrations/versions/b2_orders.py") -> Migration:
    (found,) = migrations_of(Workspace.of({path: text}))
    return found


def of(upgrade: str, before: str = "") -> Migration:
    return read(script(upgrade, before=before))


def actions(migration: Migration) -> list[Ddl]:
    return [a for o in migration.operations for s in o.ddl for a in s.actions]


def only(migration: Migration) -> Operation:
    (operation,) = migration.operations
    return operation


def source(text: str, place: Place) -> str:
    workspace = Workspace.of({place.path: text})
    span = workspace.span(place)
    return text.encode()[span.start : span.end].decode()


def test_a_script_says_what_it_follows() -> None:
    found = of("op.drop_table('t')")

    assert (found.tool, found.revision, found.after) == ("alembic", "b2", ("a1",))
    assert found.branch == "migrations"
    assert found.complete and found.transaction and found.reverts == "yes"


def test_the_first_one_follows_nothing_and_a_merge_follows_several() -> None:
    first = read(
        script("op.drop_table('t')").replace('down_revision = "a1"', "down_revision = None")
    )
    merge = read(
        script("pass", "pass").replace('down_revision = "a1"', 'down_revision = ("a1", "a2")')
    )

    assert first.after == ()
    assert merge.after == ("a1", "a2")
    assert merge.operations == () and merge.reverts == "yes"


def test_annotated_names_of_newer_templates_are_read() -> None:
    text = (
        script("op.drop_table('t')")
        .replace('revision = "b2"', 'revision: str = "b2"')
        .replace('down_revision: str = "a1"', 'down_revision: Union[str, None] = "a1"')
    )

    assert read(text).revision == "b2"


@pytest.mark.parametrize(
    ("downgrade", "reverts"),
    [
        ("pass", "no"),
        ("raise NotImplementedError", "no"),
        ('"""Nothing."""', "no"),
        ("...", "no"),
        ("op.drop_table('t')", "yes"),
    ],
)
def test_whether_it_goes_back(downgrade: str, reverts: str) -> None:
    assert read(script("op.rename_table('a', 'b')", downgrade)).reverts == reverts


def test_a_table_with_its_columns_keys_and_indexes() -> None:
    text = script(
        """
        op.create_table(
            "orders",
            sa.Column("id", sa.Integer(), nullable=False),
            sa.Column("customer_id", sa.BigInteger(), sa.ForeignKey("shop.customers.id", ondelete="CASCADE")),
            sa.Column("état", sa.String(20), server_default="new", nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
            sa.UniqueConstraint("customer_id", "état"),
            schema="shop",
        )
        op.create_index(op.f("ix_orders_customer"), "orders", ["customer_id", sa.text("lower(état)")],
            schema="shop", postgresql_where=sa.text("état <> 'gone'"), postgresql_using="btree", unique=True)
        """
    )
    migration = read(text)
    table, index = actions(migration)

    assert isinstance(table, CreateTable) and isinstance(index, CreateIndex)
    assert [(c.name, c.type, c.nullable, c.default) for c in table.columns] == [
        ("id", "integer", False, "nextval()"),
        ("customer_id", "bigint", True, None),
        ("état", "character varying(20)", False, "'new'"),
    ]
    reference = table.columns[1].references
    assert reference is not None and reference.table.schema == "shop"
    assert (reference.table.name, reference.columns, reference.on_delete) == (
        "customers",
        ("id",),
        "cascade",
    )
    assert [(c.kind, c.columns) for c in table.constraints] == [
        ("primary key", ("id",)),
        ("unique", ("customer_id", "état")),
    ]
    assert (index.name, index.unique, index.where) == ("ix_orders_customer", True, "état <> 'gone'")
    assert [key.column or key.text for key in index.keys] == ["customer_id", "lower(état)"]
    place = migration.operations[0].at
    column = table.columns[2]
    assert source(text, Place(place.path, place.unit, column.name_start, column.name_end)) == "état"
    assert (
        source(text, Place(place.path, place.unit, table.table.start, table.table.end)) == "orders"
    )


def test_what_alter_column_changes() -> None:
    found = of(
        """
        op.alter_column("t", "a", new_column_name="b", type_=sa.Text(), nullable=False,
                        existing_type=sa.String(5), server_default=None)
        op.alter_column("t", "c", existing_type=sa.Integer(), server_default=sa.text("now()"))
        op.alter_column("t", "d", existing_type=sa.Integer(), existing_nullable=True, comment="x")
        """
    )
    first, rename, second = actions(found)

    assert isinstance(first, AlterColumn) and isinstance(second, AlterColumn)
    assert (first.type, first.nullable, first.drop_default) == ("text", False, True)
    assert rename == RenameColumn(first.table, "a", "b", rename.start, rename.end)
    assert (second.type, second.nullable, second.default) == (None, None, "now()")


def test_loops_over_what_is_written_out_are_unrolled() -> None:
    found = of(
        """
        for table, column in (("a", "x"), ("b", "y")):
            op.add_column(table, sa.Column(column, sa.Text()))
        for name in NAMES:
            op.drop_column(f"{name}_log", "%s_id" % name)
        """,
        before='NAMES = ["user", "order"]',
    )

    assert [
        (a.table.name, a.column.name if isinstance(a, AddColumn) else a.column)
        for a in actions(found)
        if isinstance(a, AddColumn | DropColumn)
    ] == [("a", "x"), ("b", "y"), ("user_log", "user_id"), ("order_log", "order_id")]
    assert found.complete


def test_functions_of_the_file_are_followed() -> None:
    found = of(
        "_add('orders')\n_add('lines', kind=sa.Integer())",
        before="""
        def _add(table, kind=None):
            with op.batch_alter_table(table, schema=None) as batch_op:
                batch_op.add_column(sa.Column("extra", kind or sa.Text()))
        """,
    )
    first, second = actions(found)

    assert isinstance(first, AddColumn) and isinstance(second, AddColumn)
    assert (first.table.name, first.column.type) == ("orders", "text")
    assert (second.table.name, second.column.type) == ("lines", "integer")
    assert found.operations[0].at.unit == "_add"


def test_batches_name_their_table_once() -> None:
    found = of(
        """
        with op.batch_alter_table("orders", schema="shop") as batch_op:
            batch_op.drop_column("a")
            batch_op.create_index(batch_op.f("ix_b"), ["b"], unique=False)
            batch_op.create_foreign_key("fk", "customers", ["customer_id"], ["id"])
            batch_op.alter_column("c", nullable=True)
        """
    )

    assert [type(a).__name__ for a in actions(found)] == [
        "DropColumn",
        "CreateIndex",
        "AddConstraint",
        "AlterColumn",
    ]
    assert {a.table.schema for a in actions(found) if isinstance(a, DropColumn)} == {"shop"}


def test_sql_is_read_where_it_stands() -> None:
    text = script('op.execute(sa.text("ALTER TABLE orders ADD COLUMN état text"))')
    operation = only(read(text))
    (statement,) = operation.ddl
    (added,) = statement.actions

    assert isinstance(added, AddColumn) and operation.runs == "sql"
    place = operation.at
    at = Place(place.path, place.unit, added.column.name_start, added.column.name_end)
    assert source(text, at) == "état"


def test_sql_that_changes_rows_is_kept_as_text() -> None:
    operation = only(of("""op.execute("UPDATE orders SET paid = true WHERE id > 5")"""))

    assert (operation.runs, operation.ddl) == ("sql", ())
    assert operation.sql.startswith("UPDATE orders")


def test_sql_that_is_not_known_may_do_anything() -> None:
    found = of("op.execute(STATEMENTS[key])")
    (action,) = actions(found)

    assert isinstance(action, Opaque) and action.everything
    assert not found.complete


def test_changes_of_rows_are_code() -> None:
    found = of(
        """
        bind = op.get_bind()
        bind.execute(orders.update().where(orders.c.id > 5).values(paid=True))
        op.bulk_insert(orders, [{"id": 1}])
        """,
        before='orders = sa.table("orders", sa.column("id", sa.Integer))',
    )

    assert [o.runs for o in found.operations] == ["code", "code"]
    assert actions(found) == []
    assert found.complete


def test_what_depends_on_the_database_is_marked() -> None:
    found = of(
        """
        inspector = sa.inspect(op.get_bind())
        if "orders" not in inspector.get_table_names():
            op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))
        op.drop_table("old")
        """
    )

    assert [o.depends for o in found.operations] == [True, False]


def test_what_is_left_early_may_not_happen() -> None:
    found = of(
        """
        if not _exists(op.get_bind()):
            return
        op.drop_table("old")
        """,
        before="def _exists(bind):\n    return bind.execute(sa.text('SELECT 1')).scalar()",
    )

    assert found.operations[-1].depends


def test_the_dialect_is_postgresql_where_a_script_asks() -> None:
    found = of(
        """
        if op.get_bind().dialect.name == "sqlite":
            return
        if op.get_context().dialect.name == "postgresql":
            op.drop_table("a")
        else:
            op.drop_table("b")
        """
    )

    assert not only(found).depends
    assert found.complete


def test_what_runs_outside_of_a_transaction() -> None:
    found = of(
        """
        with op.get_context().autocommit_block():
            op.create_index("ix", "t", ["a"], postgresql_concurrently=True)
        """
    )

    assert not found.transaction
    assert only(found).concurrent


def test_enums_are_made_with_their_tables_but_not_with_columns() -> None:
    found = of(
        """
        color = postgresql.ENUM("red", "green", name="color")
        color.create(op.get_bind(), checkfirst=True)
        op.add_column("t", sa.Column("color", color))
        op.create_table("u", sa.Column("size", sa.Enum("s", "m", name="size")))
        """
    )

    assert [
        a.values if isinstance(a, CreateType) else type(a).__name__ for a in actions(found)
    ] == [("red", "green"), "AddColumn", ("s", "m"), "CreateTable"]


def test_helpers_of_other_files_may_do_anything() -> None:
    found = of("create_things(op)", before="from app.migration_helpers import create_things")

    assert only(found).runs == "code"
    assert not found.complete


@pytest.mark.parametrize(
    "upgrade",
    [
        "op.create_table(",
        "op.create_table()",
        "op.create_table('t', *columns)",
        "op.add_column('t', sa.Column())",
        "op.alter_column('t')",
        "op.create_index('i', 't')",
        "op.create_foreign_key(None, 'a', 'b')",
        "for x in y:",
        "op.execute()",
        "op.",
        "with op.batch_alter_table() as b: b.drop_column('x')",
        "while True:\n    op.drop_table('t')",
        "upgrade()",
    ],
)
def test_half_typed_scripts_are_read_as_far_as_they_go(upgrade: str) -> None:
    migrations_of(Workspace.of({"m/versions/x.py": script(upgrade)}))


# Against Alembic itself ------------------------------------------------------------------------

ENV = """
from alembic import context
import sqlalchemy as sa

if context.is_offline_mode():
    context.configure(url="postgresql://", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
"""

HISTORY = {
    "1": """
    op.create_table(
        "customers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(120), unique=True, index=True),
        sa.Column("balance", sa.Numeric(10, 2), server_default="0", nullable=False),
        sa.Column("born", sa.Date()),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON()),
        sa.Column("ratio", sa.Float()),
        sa.Column("blob", sa.LargeBinary()),
        sa.Column("took", sa.Interval()),
        sa.Column("key", sa.Uuid()),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.SmallInteger(), nullable=False),
        sa.Column("label", sa.Unicode(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tags"),
        sa.UniqueConstraint("label", name="uq_tags_label"),
        sa.CheckConstraint("length(label) > 0", name="ck_tags_label"),
    )
    """,
    "2": """
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("customer_id", sa.Integer(), sa.ForeignKey("customers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.Enum("new", "paid", name="order_state"), nullable=False),
        sa.Column("placed_at", sa.DateTime(), nullable=False),
        sa.Column("total", sa.Numeric(12, 2)),
    )
    op.create_index("ix_orders_customer_placed", "orders", ["customer_id", "placed_at"])
    op.create_index("uq_orders_state", "orders", ["state", "total"], unique=True,
        postgresql_where=sa.text("total > 0"), sqlite_where=sa.text("total > 0"))
    op.create_table(
        "order_tags",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name="fk_tag", onupdate="CASCADE"),
        sa.PrimaryKeyConstraint("order_id", "tag_id"),
    )
    """,
    "3": """
    for column in ("street", "city"):
        op.add_column("customers", sa.Column(column, sa.String(60), nullable=True))
    with op.batch_alter_table("customers") as batch_op:
        batch_op.alter_column("notes", new_column_name="remarks", existing_type=sa.Text())
        batch_op.alter_column("name", type_=sa.String(200), existing_type=sa.String(80), existing_nullable=False)
        batch_op.alter_column("city", nullable=False, existing_type=sa.String(60), server_default="nowhere")
        batch_op.drop_column("ratio")
        batch_op.create_unique_constraint("uq_customers_name", ["name", "city"])
    op.drop_index("ix_orders_customer_placed", table_name="orders")
    op.create_index("ix_orders_placed", "orders", [sa.text("placed_at DESC")])
    """,
    "4": """
    op.rename_table("tags", "labels")
    op.execute("CREATE TABLE audit (id INTEGER NOT NULL PRIMARY KEY, what TEXT)")
    op.execute(sa.text("CREATE INDEX ix_audit_what ON audit (what)"))
    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.BigInteger(), nullable=True))
        batch_op.create_foreign_key("fk_parent", "orders", ["parent_id"], ["id"], ondelete="SET NULL")
    op.create_table("gone", sa.Column("id", sa.Integer(), primary_key=True))
    op.drop_table("gone")
    """,
}

INSPECT = """
import json, sys
import sqlalchemy as sa

found = {}
inspector = sa.inspect(sa.create_engine(sys.argv[1]))
for name in inspector.get_table_names():
    if name == "alembic_version":
        continue
    found[name] = {
        "columns": {c["name"]: c["nullable"] for c in inspector.get_columns(name)},
        "key": sorted(inspector.get_pk_constraint(name)["constrained_columns"]),
        "unique": sorted(sorted(u["column_names"]) for u in inspector.get_unique_constraints(name)),
        "foreign": sorted(
            [f["constrained_columns"], f["referred_table"], f["referred_columns"],
             f["options"].get("ondelete", "").lower()]
            for f in inspector.get_foreign_keys(name)
        ),
        "indexes": sorted([i["name"], [c for c in i["column_names"] if c], bool(i["unique"])]
                          for i in inspector.get_indexes(name)),
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("alembic")
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "migrations" / "env.py").write_text(ENV)
    (root / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {root / 'migrations'}\nsqlalchemy.url = sqlite:///{root / 'db'}\n"
    )
    before = None
    for number, body in HISTORY.items():
        text = (
            script(dedent(body), "pass")
            .replace('revision = "b2"', f'revision = "r{number}"', 1)
            .replace('down_revision = "a1"', f"down_revision = {before!r}")
        )
        before = f"r{number}"
        (versions / f"r{number}.py").write_text(text)
    return root


def head(project: Path) -> Schema:
    files = {
        str(path.relative_to(project)): path.read_text()
        for path in sorted(project.rglob("versions/*.py"))
    }
    found = migrations_of(Workspace.of(files))
    assert all(one.complete for one in found)
    schema = Schema()
    for migration in sorted(found, key=lambda one: one.revision):
        for operation in migration.operations:
            schema = apply(schema, operation.ddl, "")
    return schema


def run(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def shape(table: Table) -> dict[str, object]:
    return {
        "columns": {c.name: c.nullable for c in table.columns},
        "key": sorted(table.primary_key or ()),
        "unique": sorted(sorted(i.columns) for i in table.indexes if i.kind == "unique"),
        "foreign": sorted(
            [
                list(k.columns),
                k.target.removeprefix("public."),
                list(k.target_columns),
                k.on_delete,
            ]
            for k in table.foreign_keys
        ),
        "indexes": sorted(
            [i.name, [k.column for k in i.keys if k.column], i.unique]
            for i in table.indexes
            if i.kind == "index"
        ),
    }


def test_the_schema_is_what_alembic_makes_on_sqlite(project: Path) -> None:
    run(project, "-m", "alembic", "upgrade", "head")
    real = json.loads(run(project, "-c", INSPECT, f"sqlite:///{project / 'db'}"))
    ours = {table.name: shape(table) for table in head(project).tables.values()}
    for table in real.values():  # SQLite does not say which keys of an index are in which order
        table["indexes"] = [i for i in table["indexes"] if i[0] != "ix_orders_placed"]
    for found in ours.values():
        found["indexes"] = [i for i in found["indexes"] if i[0] != "ix_orders_placed"]  # type: ignore[attr-defined]

    assert ours == real


def test_the_types_are_what_alembic_writes_for_postgresql(project: Path) -> None:
    sql = run(project, "-m", "alembic", "upgrade", "head", "--sql")
    real = Schema()
    for statement in parse_ddl(sql, dialect="postgresql"):
        real = apply(real, statement, "")
    types = {
        (t.name, c.name): (c.type, c.nullable, c.default)
        for t in real.tables.values()
        for c in t.columns
        if t.name != "alembic_version"
    }
    ours = {
        (t.name, c.name): (c.type, c.nullable, c.default)
        for t in head(project).tables.values()
        for c in t.columns
    }

    assert ours == types
    assert AddConstraint in {type(a) for s in parse_ddl(sql) for a in s.actions}
    assert head(project).types == real.types
