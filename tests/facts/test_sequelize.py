"""Migrations of Sequelize, against the SQL that Sequelize itself sends."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.sequelize import migrations
from backend_analyzers.workspace import Workspace
from tests.facts.same_schema import schema_of, schema_of_sql, shown

EVERYTHING = """\
'use strict';
const TABLE = 'orders';
module.exports = {
  up: async (queryInterface, Sequelize) => {
    await queryInterface.createTable('customers', {
      id: { type: Sequelize.UUID, defaultValue: Sequelize.UUIDV4, primaryKey: true, allowNull: false },
      email: { type: Sequelize.STRING(100), allowNull: false, unique: true },
    });
    await queryInterface.createTable(TABLE, {
      id: { type: Sequelize.INTEGER, autoIncrement: true, primaryKey: true },
      state: { type: Sequelize.ENUM('open', 'closed'), defaultValue: 'open' },
      note: Sequelize.TEXT,
      total: { type: Sequelize.DECIMAL(10, 2), allowNull: false, defaultValue: 0 },
      paid: { type: Sequelize.BOOLEAN, defaultValue: false },
      tags: { type: Sequelize.ARRAY(Sequelize.STRING), allowNull: true },
      data: { type: Sequelize.JSONB },
      size: { type: Sequelize.BIGINT },
      ratio: { type: Sequelize.DOUBLE },
      day: { type: Sequelize.DATEONLY },
      raw: { type: 'CHARACTER VARYING' },
      createdAt: { type: Sequelize.DATE, allowNull: false, defaultValue: Sequelize.literal('CURRENT_TIMESTAMP') },
      updatedAt: { type: Sequelize.DATE, defaultValue: Sequelize.fn('now') },
      customerId: {
        type: Sequelize.UUID,
        references: { model: 'customers', key: 'id' },
        onDelete: 'CASCADE',
        onUpdate: 'SET NULL',
      },
    });
    await queryInterface.sequelize.transaction(async (transaction) => {
      await queryInterface.addColumn(TABLE, 'extra', { type: Sequelize.STRING, allowNull: true }, { transaction });
      await queryInterface.changeColumn('orders', 'note', { type: Sequelize.STRING(50), allowNull: false }, { transaction });
      await queryInterface.changeColumn('orders', 'customerId', { type: Sequelize.UUID, allowNull: false, onDelete: 'cascade', references: { model: 'customers' } });
    });
    await queryInterface.removeColumn('orders', 'ratio');
    await queryInterface.addIndex('orders', ['state', 'createdAt'], { concurrently: true });
    await queryInterface.addIndex('orders', { fields: ['note'], unique: true, name: 'by_note', where: { state: 'open', day: null } });
    await queryInterface.addConstraint('orders', { fields: ['state', 'note'], type: 'unique', name: 'u_sn' });
    await queryInterface.addConstraint('orders', { fields: ['size'], type: 'foreign key', name: 'f_size', references: { table: 'sizes', field: 'id' }, onDelete: 'restrict' });
    await queryInterface.removeConstraint('orders', 'u_sn');
    await queryInterface.renameTable('customers', 'people');
    await queryInterface.renameColumn('orders', 'raw', 'cooked');
    await queryInterface.sequelize.query('ALTER TABLE orders ADD COLUMN é int');
    await queryInterface.bulkInsert('orders', [{ note: 'a' }]);
  },
  down: async (queryInterface) => {
    await queryInterface.dropTable('orders');
  },
};
"""
SENT = """
CREATE TABLE IF NOT EXISTS "customers" ("id" UUID NOT NULL , "email" VARCHAR(100) NOT NULL UNIQUE, PRIMARY KEY ("id"));
CREATE TABLE IF NOT EXISTS "orders" ("id"  SERIAL , "state" "public"."enum_orders_state" DEFAULT 'open', "note" TEXT, "total" DECIMAL(10,2) NOT NULL DEFAULT 0, "paid" BOOLEAN DEFAULT false, "tags" VARCHAR(255)[], "data" JSONB, "size" BIGINT, "ratio" DOUBLE PRECISION, "day" DATE, "raw" CHARACTER VARYING, "createdAt" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP WITH TIME ZONE DEFAULT now(), "customerId" UUID REFERENCES "customers" ("id") ON DELETE CASCADE ON UPDATE SET NULL, PRIMARY KEY ("id"));
ALTER TABLE "public"."orders" ADD COLUMN "extra" VARCHAR(255);
ALTER TABLE "orders" ALTER COLUMN "note" SET NOT NULL;ALTER TABLE "orders" ALTER COLUMN "note" DROP DEFAULT;ALTER TABLE "orders" ALTER COLUMN "note" TYPE VARCHAR(50);
ALTER TABLE "orders" ALTER COLUMN "customerId" SET NOT NULL;ALTER TABLE "orders"  ADD FOREIGN KEY ("customerId") REFERENCES "customers" ("id") ON DELETE CASCADE;
ALTER TABLE "public"."orders" DROP COLUMN "ratio";
CREATE INDEX CONCURRENTLY "orders_state_created_at" ON "orders" ("state", "createdAt");
CREATE UNIQUE INDEX "by_note" ON "orders" ("note") WHERE "state" = 'open' AND "day" IS NULL;
ALTER TABLE "orders" ADD CONSTRAINT "u_sn" UNIQUE ("state", "note");
ALTER TABLE "orders" ADD CONSTRAINT "f_size" FOREIGN KEY ("size") REFERENCES "sizes" ("id") ON DELETE RESTRICT;
ALTER TABLE "orders" DROP CONSTRAINT "u_sn";
ALTER TABLE "customers" RENAME TO "people";
ALTER TABLE "orders" RENAME COLUMN "raw" TO "cooked";
ALTER TABLE orders ADD COLUMN é int;
INSERT INTO "orders" ("note") VALUES ('a');
"""
"""What Sequelize 6.37 sends to PostgreSQL for `up`."""


def of(text: str, path: str = "migrations/20240102-orders.js") -> tuple[Migration, ...]:
    found = Workspace.of({path: text}).one(path, migrations)
    assert found is not None
    return found


def only(text: str) -> Migration:
    (found,) = of(text)
    return found


def kinds(migration: Migration) -> list[str]:
    return [
        type(action).__name__
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    ]


def test_the_schema_is_the_one_that_sequelize_makes() -> None:
    found = only(EVERYTHING)

    assert shown(schema_of([found])) == shown(schema_of_sql(SENT))
    assert found.complete
    assert (found.tool, found.revision, found.reverts) == ("sequelize", "20240102-orders", "yes")
    assert found.operations[-1].runs == "sql"
    assert any(operation.concurrent for operation in found.operations)
    assert not found.transaction


@pytest.mark.parametrize(
    "text",
    [
        "module.exports = { up: (queryInterface, Sequelize) => queryInterface.dropTable('a') };",
        "module.exports = { async up({ context: queryInterface }) { await queryInterface.dropTable('a'); } };",
        "export const up = async ({ context: queryInterface }) => { await queryInterface.dropTable('a'); };",
        "export default { up: async (qi: QueryInterface) => { await qi.dropTable('a'); } };",
        "module.exports = { up: (qi, Sequelize) => qi.sequelize.transaction((t) => Promise.all([qi.dropTable('a')])) };",
        "exports.up = (q, Sequelize) => q.dropTable('a').then(() => console.log('done'));",
    ],
)
def test_ways_to_write_it(text: str) -> None:
    (found,) = of(text, "migrations/1.ts")

    assert kinds(found) == ["DropTable"]
    assert found.complete


def test_one_transaction_around_everything() -> None:
    found = only(
        "module.exports = { up: async (queryInterface) => { await queryInterface.sequelize.transaction(async (t) => {"
        " await queryInterface.dropTable('a', { transaction: t }); }); } };"
    )

    assert found.transaction


def test_the_first_of_several_ways_returns() -> None:
    found = only(
        "const names = ['a', 'b'];\nmodule.exports = { up: async (queryInterface) => { for (const name of names) {"
        " try { await queryInterface.removeConstraint('t', name); return; } catch (e) { } } } };"
    )

    assert kinds(found) == ["DropConstraint"]


def test_what_is_not_known() -> None:
    found = only(
        "module.exports = { up: async (queryInterface, Sequelize) => {"
        " await queryInterface.addColumn('a', 'b', { type: Sequelize.STRING, defaultValue: process.env.X });"
        " await queryInterface.addColumn('a', 'c', options);"
        " await queryInterface.addIndex('a', ['b'], { where: { b: { [Sequelize.Op.ne]: null } } }); } };"
    )

    assert kinds(found) == ["AddColumn", "CreateIndex"]
    assert [one.runs for one in found.operations] == ["ddl", "code", "ddl"]
    assert not found.complete
    (table,) = schema_of([found]).tables.values()
    assert table.columns[0].default == "NULL"
    assert table.indexes[0].where == "true"


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        (", down: async (queryInterface) => { await queryInterface.dropTable('b'); }", "yes"),
        (", down: async () => {}", "no"),
        ("", "no"),
    ],
)
def test_whether_it_goes_back(down: str, expected: str) -> None:
    text = f"module.exports = {{ up: (queryInterface) => queryInterface.dropTable('a'){down} }};"

    assert only(text).reverts == expected


@pytest.mark.parametrize(
    "text",
    [
        "exports.up = (knex) => knex.schema.dropTable('a'); // not sequelize",
        "const Sequelize = require('sequelize');\nmodule.exports = new Sequelize('x');",
        "module.exports = { up: () => sequelize.sync() };",
    ],
)
def test_what_is_no_migration(text: str) -> None:
    assert of(text) == ()


def test_what_is_half_typed() -> None:
    for size in range(0, len(EVERYTHING), 41):
        of(EVERYTHING[:size])
