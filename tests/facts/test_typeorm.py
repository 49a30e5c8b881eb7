"""Migrations of TypeORM, against the SQL that TypeORM itself sends."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.typeorm import migrations
from backend_analyzers.workspace import Workspace
from tests.facts.same_schema import schema_of, schema_of_sql, shown

EVERYTHING = """\
const { Table, TableColumn, TableIndex, TableForeignKey, TableUnique } = require('typeorm');
class All1690000000000 {
  name = 'All1690000000000';
  async up(queryRunner) {
    await queryRunner.createTable(
      new Table({
        name: 'orders',
        columns: [
          { name: 'id', type: 'int', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'key', type: 'uuid', generationStrategy: 'uuid', isGenerated: true, default: 'uuid_generate_v4()' },
          { name: 'state', type: 'enum', enum: ['open', 'closed'], default: "'open'" },
          { name: 'note', type: 'varchar', length: '50', isNullable: true, isUnique: true },
          { name: 'total', type: 'decimal', precision: 10, scale: 2, default: 0 },
          { name: 'tags', type: 'text', isArray: true, isNullable: true },
          { name: 'placed', type: 'timestamp with time zone', precision: 3, default: 'now()' },
          { name: 'plain', type: 'timestamp', default: 'now()' },
          { name: 'customerId', type: 'int8' },
        ],
        foreignKeys: [
          { columnNames: ['customerId'], referencedTableName: 'customers', referencedColumnNames: ['id'], onDelete: 'CASCADE' },
        ],
        indices: [{ columnNames: ['state', 'placed'] }, { name: 'i_note', columnNames: ['note'], isUnique: true, where: 'note is not null' }],
        uniques: [{ columnNames: ['customerId', 'state'] }],
      }),
      true,
    );
    await queryRunner.createTable(new Table({ name: 'lines', columns: [new TableColumn({ name: 'a', type: 'int', isPrimary: true }), new TableColumn({ name: 'b', type: 'int', isPrimary: true })] }));
    await queryRunner.query(`ALTER TABLE "lines" ADD "é" integer`);
  }
  async down(queryRunner) {
    await queryRunner.dropTable('orders');
  }
}
module.exports = { All1690000000000 };
"""
SENT = """
CREATE TYPE "public"."orders_state_enum" AS ENUM('open', 'closed');
CREATE TABLE "orders" ("id" SERIAL NOT NULL, "key" uuid NOT NULL DEFAULT uuid_generate_v4(), "state" "public"."orders_state_enum" NOT NULL DEFAULT 'open', "note" varchar(50), "total" decimal(10,2) NOT NULL DEFAULT 0, "tags" text array, "placed" TIMESTAMP(3) WITH TIME ZONE NOT NULL DEFAULT now(), "plain" timestamp NOT NULL DEFAULT now(), "customerId" int8 NOT NULL, CONSTRAINT "UQ_bbaa8b47d305c4e14e61766b084" UNIQUE ("customerId", "state"), CONSTRAINT "UQ_818dc827c27abc760b045148169" UNIQUE ("note"), CONSTRAINT "FK_e5de51ca888d8b1f5ac25799dd1" FOREIGN KEY ("customerId") REFERENCES "customers" ("id") ON DELETE CASCADE, CONSTRAINT "PK_710e2d4957aa5878dfe94e4ac2f" PRIMARY KEY ("id"));
CREATE INDEX "IDX_8c7870822b7bb020a0b40e9406" ON "orders"  ("state", "placed");
CREATE UNIQUE INDEX "i_note" ON "orders"  ("note") WHERE note is not null;
CREATE TABLE "lines" ("a" int NOT NULL, "b" int NOT NULL, CONSTRAINT "PK_fdb096d7804592627bc7cd25d06" PRIMARY KEY ("a", "b"));
ALTER TABLE "lines" ADD "é" integer;
"""
"""What TypeORM 1.1 sends to PostgreSQL for `up`."""
PATH = "src/migrations/1690000000000-All.ts"


def of(text: str) -> tuple[Migration, ...]:
    found = Workspace.of({PATH: text}).one(PATH, migrations)
    assert found is not None
    return found


def up(body: str, more: str = "") -> Migration:
    (found,) = of(
        "import { MigrationInterface, QueryRunner, Table } from 'typeorm';\n"
        f"export class All1 implements MigrationInterface {{\n  name = 'All1';\n{more}"
        f"  public async up(queryRunner: QueryRunner): Promise<void> {{\n    {body}\n  }}\n"
        "  public async down(queryRunner: QueryRunner): Promise<void> {}\n}\n"
    )
    return found


def kinds(migration: Migration) -> list[str]:
    return [
        type(action).__name__
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    ]


def test_the_schema_is_the_one_that_typeorm_makes() -> None:
    (found,) = of(EVERYTHING)

    assert shown(schema_of([found])) == shown(schema_of_sql(SENT))
    assert found.complete
    assert (found.tool, found.branch, found.revision, found.reverts) == (
        "typeorm",
        "src/migrations",
        "1690000000000-All",
        "yes",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("await queryRunner.query('DROP TABLE a');", ["DropTable"]),
        ("await queryRunner.dropTable('a', true);", ["DropTable"]),
        (
            "await queryRunner.addColumn('a', new TableColumn({ name: 'b', type: 'int' }));",
            ["AddColumn"],
        ),
        (
            (
                "await queryRunner.addColumns('a', [new TableColumn({ name: 'b', type: 'int' }), "
                "new TableColumn({ name: 'c', type: 'int', isUnique: true })]);"
            ),
            ["AddColumn", "AddColumn", "AddConstraint"],
        ),
        ("await queryRunner.dropColumns('a', ['b', 'c']);", ["DropColumn", "DropColumn"]),
        (
            "await queryRunner.changeColumn('a', 'b', new TableColumn({ name: 'b', type: 'text' }));",
            ["ReplaceColumn"],
        ),
        ("await queryRunner.renameColumn('a', 'b', 'c');", ["RenameColumn"]),
        ("await queryRunner.renameTable('a', 'b');", ["RenameTable"]),
        (
            "await queryRunner.createIndex('a', new TableIndex({ columnNames: ['b'], isUnique: true }));",
            ["CreateIndex"],
        ),
        ("await queryRunner.dropIndex('a', 'i');", ["DropIndex"]),
        (
            (
                "await queryRunner.createForeignKey('a', new TableForeignKey({ columnNames: ['b'],"
                " referencedTableName: 'c', referencedColumnNames: ['id'] }));"
            ),
            ["AddConstraint"],
        ),
        ("await queryRunner.dropForeignKey('a', 'f');", ["DropConstraint"]),
        (
            (
                "const table = await queryRunner.getTable('a');\n"
                "    const key = table.foreignKeys.find((one) => one.columnNames.indexOf('b') !== -1);\n"
                "    await queryRunner.dropForeignKey('a', key);"
            ),
            ["Opaque"],
        ),
        ("await queryRunner.createPrimaryKey('a', ['b']);", ["AddConstraint"]),
        ("await queryRunner.query('SELECT 1');", []),
    ],
)
def test_operations(body: str, expected: list[str]) -> None:
    found = up(body)

    assert kinds(found) == expected
    assert found.complete
    assert found.reverts == "no"


def test_escaped_quotes_are_no_part_of_a_name() -> None:
    found = up("await queryRunner.query(`CREATE TABLE \\`a\\` (\\`b\\` int)`);")
    (table,) = schema_of([found]).tables.values()

    assert (table.name, [column.name for column in table.columns]) == ("a", ["b"])


def test_what_cannot_be_read() -> None:
    found = up(
        "await queryRunner.createTable(table); await queryRunner.query(sql); await move(queryRunner);"
    )

    assert [one.runs for one in found.operations] == ["code", "code", "code"]
    assert not found.complete


def test_rows() -> None:
    found = up(
        "await queryRunner.manager.update(Order, {}, { a: 1 }); await queryRunner.manager.find(Order);"
    )

    assert [one.runs for one in found.operations] == ["sql"]


def test_no_transaction() -> None:
    assert not up(
        "await queryRunner.query('DROP TABLE a');", "  transaction = false as const;\n"
    ).transaction
    assert up("await queryRunner.query('DROP TABLE a');").transaction


def test_a_table_in_a_constant() -> None:
    found = up(
        "const t = new Table({ name: 's.a', columns: [{ name: 'b', type: 'int' }] }); await queryRunner.createTable(t);"
    )
    (table,) = schema_of([found]).tables.values()

    assert (table.schema, table.name, table.known) == ("s", "a", True)


@pytest.mark.parametrize(
    "text",
    [
        "export class A { up(x) { x.query('DROP TABLE a'); } }",
        "const queryRunner = source.createQueryRunner();",
    ],
)
def test_what_is_no_migration(text: str) -> None:
    assert of(text) == ()


def test_what_is_half_typed() -> None:
    for size in range(0, len(EVERYTHING), 41):
        of(EVERYTHING[:size])
