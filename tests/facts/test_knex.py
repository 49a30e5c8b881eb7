"""Migrations of knex, against the SQL that knex itself sends."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.migrations import Migration
from backend_analyzers.facts.migrations.knex import migrations_of
from backend_analyzers.workspace import Workspace
from tests.facts.same_schema import schema_of, schema_of_sql, shown

EVERYTHING = """
const STATES = ['open', 'closed'];
function audit(table) {
  table.timestamps(true, true);
  table.uuid('editor').references('users.id');
}
exports.up = async function (knex) {
  await knex.schema.createTable('users', (t) => { t.uuid('id').primary().defaultTo(knex.fn.uuid()); t.string('email', 100).notNullable().unique(); });
  await knex.schema.createTable('orders', (table) => {
    table.increments('id');
    table.bigInteger('big').unsigned();
    table.string('name').notNullable().index();
    table.text('note').nullable();
    table.decimal('total', 10, 3).notNullable().defaultTo(0);
    table.decimal('any', null);
    table.float('f'); table.double('d');
    table.boolean('paid').defaultTo(false);
    table.enu('state', STATES).notNullable().defaultTo('open');
    table.json('j'); table.jsonb('jb').defaultTo(knex.raw("'{}'::jsonb"));
    table.timestamp('placed').defaultTo(knex.fn.now());
    table.timestamp('plain', { useTz: false, precision: 3 });
    table.datetime('dt', { useTz: false });
    table.date('day'); table.time('at'); table.binary('blob'); table.specificType('tags', 'text[]');
    table.integer('customer_id').unsigned().references('id').inTable('customers').onDelete('CASCADE').onUpdate('SET NULL');
    table.foreign(['a', 'b'], 'fk_ab').references(['x', 'y']).inTable('others');
    table.integer('a'); table.integer('b');
    table.unique(['a', 'b']);
    table.unique(['name', 'a'], { indexName: 'u_na' });
    table.index(['b', 'a'], 'i_ba'); table.index('note', null, 'gin');
    audit(table);
  });
  for (const name of ['x', 'y']) {
    await knex.schema.alterTable('orders', (t) => { t.string(`extra_${name}`, 20); });
  }
  ['p', 'q'].forEach((n) => knex.schema);
  await knex.schema.alterTable('orders', (t) => {
    t.string('note', 50).notNullable().alter();
    t.renameColumn('day', 'on_day');
    t.dropColumns('f', 'd');
    t.dropUnique(['a', 'b']);
    t.dropIndex(['name']);
    t.setNullable('total');
    t.dropForeign('customer_id');
  }).renameTable('users', 'people').raw('CREATE INDEX CONCURRENTLY "orders_é" ON orders (big)');
};
exports.down = async () => {};
"""
SENT = """
create table "users" ("id" uuid default (gen_random_uuid()), "email" varchar(100) not null, constraint "users_pkey" primary key ("id"));
alter table "users" add constraint "users_email_unique" unique ("email");
create table "orders" ("id" serial primary key, "big" bigint, "name" varchar(255) not null, "note" text null, "total" decimal(10, 3) not null default '0', "any" decimal, "f" real, "d" double precision, "paid" boolean default '0', "state" text check ("state" in ('open', 'closed')) not null default 'open', "j" json, "jb" jsonb default '{}'::jsonb, "placed" timestamptz default CURRENT_TIMESTAMP, "plain" timestamp(3), "dt" timestamp, "day" date, "at" time, "blob" bytea, "tags" text[], "customer_id" integer, "a" integer, "b" integer, "created_at" timestamptz not null default CURRENT_TIMESTAMP, "updated_at" timestamptz not null default CURRENT_TIMESTAMP, "editor" uuid);
create index "orders_name_index" on "orders" ("name");
alter table "orders" add constraint "orders_customer_id_foreign" foreign key ("customer_id") references "customers" ("id") on update SET NULL on delete CASCADE;
alter table "orders" add constraint "fk_ab" foreign key ("a", "b") references "others" ("x", "y");
alter table "orders" add constraint "orders_a_b_unique" unique ("a", "b");
alter table "orders" add constraint "u_na" unique ("name", "a");
create index "i_ba" on "orders" ("b", "a");
create index "orders_note_index" on "orders" using gin ("note");
alter table "orders" add constraint "orders_editor_foreign" foreign key ("editor") references "users" ("id");
alter table "orders" add column "extra_x" varchar(20);
alter table "orders" add column "extra_y" varchar(20);
alter table "orders" alter column "note" drop default;
alter table "orders" alter column "note" drop not null;
alter table "orders" alter column "note" type varchar(50) using ("note"::varchar(50));
alter table "orders" alter column "note" set not null;
alter table "orders" rename "day" to "on_day";
alter table "orders" drop column "f", drop column "d";
alter table "orders" drop constraint "orders_a_b_unique";
drop index "orders_name_index";
alter table "orders" alter column "total" drop not null;
alter table "orders" drop constraint "orders_customer_id_foreign";
alter table "users" rename to "people";
CREATE INDEX CONCURRENTLY "orders_é" ON orders (big);
"""
"""What knex 3.3 sends to PostgreSQL for `up`."""


def of(text: str, path: str = "migrations/20240102_orders.js", **more: str) -> list[Migration]:
    return list(Workspace.of({path: text, **more}).fact(migrations_of))


def only(text: str, path: str = "migrations/20240102_orders.js") -> Migration:
    (found,) = of(text, path)
    return found


def kinds(migration: Migration) -> list[str]:
    return [
        type(action).__name__
        for operation in migration.operations
        for statement in operation.ddl
        for action in statement.actions
    ]


def test_the_schema_is_the_one_that_knex_makes() -> None:
    found = only(EVERYTHING)

    assert shown(schema_of([found])) == shown(schema_of_sql(SENT))
    assert found.complete
    assert (found.tool, found.branch, found.revision) == ("knex", "migrations", "20240102_orders")
    assert found.reverts == "no"
    assert found.operations[-1].concurrent


@pytest.mark.parametrize(
    "text",
    [
        "exports.up = (knex) => knex.schema.createTable('a', (t) => { t.integer('x'); });",
        (
            "exports.up = function (knex, Promise) { return Promise.all([knex.schema.createTable('a', function (t) {"
            " t.integer('x'); })]); };"
        ),
        "export async function up(knex) { await knex.schema.createTable('a', (t) => t.integer('x')); }",
        "module.exports = { up: async (k) => { await k.schema.createTable('a', (t) => { t.integer('x'); }); } };",
        "export default { async up(knex) { await knex.schema.createTable('a', (t) => { t.integer('x'); }); } };",
        (
            "exports.up = (knex) => knex.transaction(async (trx) => { await trx.schema.createTable('a', (t) => {"
            " t.integer('x'); }); });"
        ),
        (
            "const make = (k, name) => k.schema.createTable(name, (t) => { t.integer('x'); });\n"
            "exports.up = (knex) => make(knex, 'a');"
        ),
        (
            "exports.up = (knex) => knex.schema.hasTable('a').then((is) => knex.schema.createTable('a', (t) => {"
            " t.integer('x'); }));"
        ),
    ],
)
def test_ways_to_write_it(text: str) -> None:
    found = only(text)

    assert kinds(found) == ["CreateTable"]
    assert [c.name for t in schema_of([found]).tables.values() for c in t.columns] == ["x"]


def test_typescript() -> None:
    text = (
        "import type { Knex } from 'knex';\n"
        "export async function up(knex: Knex): Promise<void> {\n"
        "  await knex.schema.alterTable('a', (t: Knex.AlterTableBuilder) => { t.dropColumn('b'); });\n}\n"
        "export async function down(knex: Knex): Promise<void> { await knex.raw('select 1'); }\n"
    )
    found = only(text, "src/db/migrations/1_a.ts")

    assert kinds(found) == ["DropColumn"]
    assert found.reverts == "yes"


def test_what_stands_under_a_condition_depends() -> None:
    found = only(
        "exports.up = async (knex) => { if (!(await knex.schema.hasTable('a'))) {"
        " await knex.schema.createTable('a', (t) => { t.integer('x'); }); } };"
    )

    assert [one.depends for one in found.operations] == [True]


def test_a_condition_on_the_database_is_decided() -> None:
    text = (
        "exports.up = async (knex) => { if (knex.client.config.client === 'mysql') { await knex.raw('drop table a'); }"
        " else { await knex.raw('drop table b'); } };"
    )
    (found,) = of(text)

    assert [one.sql for one in found.operations] == ["drop table b"]
    assert [one.depends for one in found.operations] == [False]


def test_the_configuration_names_the_dialect() -> None:
    text = "exports.up = (knex) => knex.schema.createTable('a', (t) => { t.increments(); t.jsonb('j'); t.uuid('u'); });"
    (found,) = of(text, **{"knexfile.js": "module.exports = { client: 'mysql2', connection: {} };"})
    (table,) = schema_of([found]).tables.values()

    assert [(c.name, c.type) for c in table.columns] == [
        ("id", "int unsigned"),
        ("j", "json"),
        ("u", "character(36)"),
    ]
    assert table.dialect == "mysql"


def test_no_transaction() -> None:
    text = "exports.up = (knex) => knex.raw('select 1');\nexports.config = { transaction: false };"

    assert not only(text).transaction
    assert only("exports.up = (knex) => knex.raw('select 1');").transaction


def test_rows_and_what_cannot_be_read() -> None:
    found = only(
        "exports.up = async (knex) => { await knex('a').update({ b: 1 }); const rows = await knex('a').select();"
        " for (const row of rows) { await knex('a').where({ id: row.id }).del(); } await other(knex); };"
    )

    assert [one.runs for one in found.operations] == ["sql", "code", "code"]
    assert not found.complete


def test_a_table_with_parts_that_are_not_known() -> None:
    found = only(
        "exports.up = (knex) => knex.schema.createTable('a', (t) => { t.integer('x'); common(t); t.string(NAME); });"
    )
    (table,) = schema_of([found]).tables.values()

    assert not table.known
    assert not found.complete


def test_a_migration_made_by_a_function_of_the_project() -> None:
    found = only(
        "const { addColumn } = require('../../utils');\nmodule.exports = addColumn('posts', 'x', {}); // knex",
        "data/migrations/versions/5.1/01_x.js",
    )

    assert [one.runs for one in found.operations] == ["code"]
    assert not found.complete


@pytest.mark.parametrize(
    "text",
    [
        "exports.up = (queryInterface, Sequelize) => queryInterface.addColumn('a', 'b', {});",
        "exports.seed = (knex) => knex('a').insert({});",
        "const knex = require('knex');\nmodule.exports = createApp(knex);",
        "module.exports = { up: true };",
    ],
)
def test_what_is_no_migration_of_knex(text: str) -> None:
    assert of(text, "src/app.js") == []


def test_places_are_those_of_the_calls() -> None:
    text = "const é = 1;\nexports.up = (knex) => knex.schema.dropTable('a');"
    workspace = Workspace.of({"m/1_a.js": text})
    (found,) = workspace.fact(migrations_of)
    span = workspace.span(found.operations[0].at)

    assert text.encode()[span.start : span.end].decode() == "knex.schema.dropTable('a')"


def test_raw_sql_stands_where_it_is_written() -> None:
    text = "exports.up = (knex) => knex.raw('ALTER TABLE a\\n ADD COLUMN é int');"
    workspace = Workspace.of({"m/1_a.js": text})
    (found,) = workspace.fact(migrations_of)
    (operation,) = found.operations
    action = operation.ddl[0].actions[0]
    start = workspace.files["m/1_a.js"].offset(operation.at.unit)

    assert text.encode()[start + action.start : start + action.end].decode() == "ADD COLUMN é int"


def test_what_is_half_typed() -> None:
    for size in range(0, len(EVERYTHING), 37):
        of(EVERYTHING[:size])
