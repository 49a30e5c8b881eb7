"""The queries of knex's builder as approximate SQL."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.orm.knex import queries_of
from backend_analyzers.facts.queries import Query
from backend_analyzers.workspace import Workspace


def queries(code: str, **more: str) -> list[Query]:
    texts = {"app.js": f"// knex\n{code}", **more}
    return list(Workspace.of(texts).fact(queries_of).get("app.js", ()))


def sql(call: str) -> list[str]:
    return [one.text for one in queries(f"async function f(x, y) {{ return await {call}; }}")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("knex('orders').select()", 'SELECT * FROM "orders"'),
        ("knex.select('a', 'b as c').from('orders')", 'SELECT "a", "b" AS "c" FROM "orders"'),
        ("this.db('orders').first()", 'SELECT * FROM "orders" LIMIT 1'),
        ("knex('s.orders as o').select('o.*')", 'SELECT "o".* FROM "s"."orders" AS "o"'),
        (
            "knex('orders').where({status: 'open', x}).orWhere('a', '>', 3).whereNull('b')",
            """SELECT * FROM "orders" WHERE "status" = 'open' AND "x" = $1 OR "a" > 3 AND "b" IS NULL""",
        ),
        (
            "knex('a').whereIn('id', [1, x]).whereNotIn('b', y).andWhere('c', null).select('id')",
            'SELECT "id" FROM "a" WHERE "id" IN (1, $1) AND "b" NOT IN ($2) AND "c" IS NULL',
        ),
        (
            "knex('a').whereBetween('id', [1, x]).whereNot({b: 1}).whereLike('c', 'x%')",
            """SELECT * FROM "a" WHERE "id" BETWEEN 1 AND $1 AND NOT ("b" = 1) AND "c" LIKE 'x%'""",
        ),
        (
            "knex('a').whereRaw('lower(b) = ?', [x]).orderByRaw('c desc nulls last').limit(5)",
            'SELECT * FROM "a" WHERE (lower(b) = $1) ORDER BY c desc nulls last LIMIT 5',
        ),
        (
            "knex('a').join('b', 'a.id', 'b.a_id').leftJoin('c as d', 'd.id', '=', 'b.c_id').select('a.id')",
            'SELECT "a"."id" FROM "a" JOIN "b" ON "a"."id" = "b"."a_id" LEFT JOIN "c" AS "d" ON "d"."id" = "b"."c_id"',
        ),
        (
            "knex('a').select('b').count('* as n').groupBy('b').orderBy('n', 'desc').offset(x)",
            'SELECT "b", count(*) AS "n" FROM "a" GROUP BY "b" ORDER BY "n" DESC OFFSET $1',
        ),
        (
            "knex('a').orderBy([{column: 'b', order: 'desc'}, 'c']).limit(x)",
            'SELECT * FROM "a" ORDER BY "b" DESC, "c" LIMIT $1',
        ),
        (
            "knex('a').insert({b: 1, c: x}).returning('id')",
            'INSERT INTO "a" ("b", "c") VALUES (1, $1)',
        ),
        ("knex('a').insert([{b: 1}])", 'INSERT INTO "a" ("b") VALUES (1)'),
        ("knex('a').where({id: x}).update({b: 'c'})", """UPDATE "a" SET "b" = 'c' WHERE "id" = $1"""),
        ("knex('a').where('id', 1).increment('n', 2)", 'UPDATE "a" SET "n" = "n" + 2 WHERE "id" = 1'),
        ("knex('a').where('id', 1).del()", 'DELETE FROM "a" WHERE "id" = 1'),
        ("trx('a').distinct('b')", 'SELECT DISTINCT "b" FROM "a"'),
        ("knex('a').whereIn('b', knex.raw('select 1'))", 'SELECT * FROM "a" WHERE "b" IN (select 1)'),
    ],
)  # fmt: skip
def test_chains(call: str, expected: str) -> None:
    found = sql(call)

    assert found == [expected]


@pytest.mark.parametrize(
    "call",
    [
        "knex('a').where((b) => b.where('c', 1).orWhere('d', 2))",
        "knex('a').where(x)",
        "knex('a').where({b: 1, ...x}).select()",
        "knex('a').whereIn('b', knex('c').select('id'))",
        "knex('a').modify(x).select('b')",
        "knex('a').where({b: 1}).having('n', '>', 1)",
    ],
)
def test_what_is_not_written_out_is_a_hole(call: str) -> None:
    (found,) = queries(f"async function f(x) {{ return {call}; }}")

    assert found.holes
    assert not found.statements[0].complete


@pytest.mark.parametrize(
    "call",
    [
        "knex(x).select()",
        "knex('a')",
        "knex.with('c', x).select().from('c')",
        "knex('a').select().union(x)",
        "$('a').first()",
        "jquery('a').select()",
        "knex.from(knex('b').as('c')).select()",
    ],
)
def test_what_is_left_out(call: str) -> None:
    assert sql(call) == []


def test_a_chain_with_a_name_may_go_on() -> None:
    (found,) = queries(
        "function f(x) { const q = knex('a').where('b', 1); if (x) q.limit(x); return q; }"
    )

    assert found.holes
    (waited,) = queries("async function f() { const q = await knex('a').where('b', 1); return q; }")
    assert not waited.holes


def test_who_runs_it() -> None:
    (found,) = queries(
        "async function é(ids) { for (const id of ids) { await this.knex('a').where({ id }).first(); } }"
    )

    assert found.function == "é"
    assert found.fetches == "one"
    assert found.receiver == "this.knex"
    assert found.approximate
    assert found.executed
    assert found.call is not None


def test_names_lead_back_to_the_code() -> None:
    code = "// knex\nfunction f(x) { return knex('orders').where({ örder: x }).select('b'); }"
    workspace = Workspace.of({"app.js": code})
    (query,) = workspace.fact(queries_of)["app.js"]
    text = query.text.encode()

    def shown(word: str) -> str:
        start = text.index(word.encode())
        span = workspace.span(query.place(start, start + len(word.encode())))
        return code.encode()[span.start : span.end].decode()

    assert shown("orders") == "'orders'"
    assert shown("örder") == "örder"
    assert shown("$1") == "x"


def test_the_configuration_names_the_dialect() -> None:
    more = {"knexfile.js": "module.exports = { client: 'mysql2', connection: {} };"}
    (found,) = queries("function f(x) { return knex('a').where({ b: x }); }", **more)

    assert found.text == "SELECT * FROM `a` WHERE `b` = ?"
    assert found.statements[0].dialect == "mysql"
