"""The queries of Prisma's client as approximate SQL."""

from __future__ import annotations

import pytest

from backend_analyzers.facts.orm.prisma import queries_of
from backend_analyzers.facts.queries import Query
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace
from tests.facts.test_prisma import SOURCE

SCHEMA = (
    SOURCE
    + """
model Order {
  id         Int       @id @default(autoincrement())
  status     String
  customerId Int?      @map("customer_id")
  customer   Customer? @relation(fields: [customerId], references: [id])
  lines      Line[]
  labels     Label[]
  tags       String[]
  @@unique([customerId, status])
  @@map("orders")
}
model Line {
  id      Int   @id
  orderId Int
  price   Int
  order   Order @relation(fields: [orderId], references: [id])
}
model Customer {
  id     Int     @id
  name   String
  orders Order[]
}
model Label {
  id     Int     @id
  orders Order[]
}
"""
)
ALL = '"orders"."id", "orders"."status", "orders"."customer_id", "orders"."tags"'
FROM = f'SELECT {ALL} FROM "orders"'


def queries(code: str, **more: str) -> list[Query]:
    texts = {"prisma/schema.prisma": SCHEMA, "app.ts": code, **more}
    return list(Workspace.of(texts).fact(queries_of).get("app.ts", ()))


def sql(call: str) -> list[str]:
    return [one.text for one in queries(f"async function f(x, y) {{ return await {call}; }}")]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("prisma.order.findMany()", FROM),
        ("prisma.order.findMany({})", FROM),
        ("db.order.findFirst({where: {id: 1}})", f'{FROM} WHERE "orders"."id" = 1 LIMIT 1'),
        ("this.prisma.order.findUnique({where: {id: x}})", f'{FROM} WHERE "orders"."id" = $1 LIMIT 1'),
        (
            "prisma.order.findMany({where: {status: 'open', customerId: {in: [1, x]}}, take: 10, skip: x})",
            f"""{FROM} WHERE "orders"."status" = 'open' AND "orders"."customer_id" IN (1, $1) LIMIT 10 OFFSET $2""",
        ),
        (
            "prisma.order.findMany({select: {id: true, status: false}, orderBy: [{id: 'desc'}, {status: x}]})",
            'SELECT "orders"."id" FROM "orders" ORDER BY "orders"."id" DESC, "orders"."status"',
        ),
        (
            "prisma.order.findMany({where: {OR: [{id: {gt: 3}}, {status: {contains: x, mode: 'insensitive'}}]}})",
            f"""{FROM} WHERE (("orders"."id" > 3) OR ("orders"."status" ILIKE '%' || $1 || '%'))""",
        ),
        (
            "prisma.order.findMany({where: {NOT: {status: 'x'}, customerId: null, tags: {has: 'a'}}})",
            (f"""{FROM} WHERE NOT (("orders"."status" = 'x')) AND "orders"."customer_id" IS NULL"""
            """ AND "orders"."tags" @> ARRAY['a']"""),
        ),
        (
            "prisma.order.findMany({where: {customer: {name: x}}})",
            (f'{FROM} WHERE EXISTS (SELECT 1 FROM "Customer" AS t1 WHERE "t1"."id" = "orders"."customer_id"'
            ' AND "t1"."name" = $1)'),
        ),
        (
            "prisma.order.findMany({where: {lines: {none: {price: {gte: 5}}}}})",
            (f'{FROM} WHERE NOT EXISTS (SELECT 1 FROM "Line" AS t1 WHERE "t1"."orderId" = "orders"."id"'
            ' AND "t1"."price" >= 5)'),
        ),
        (
            "prisma.order.findMany({where: {lines: {every: {price: 5}}}})",
            (f'{FROM} WHERE NOT EXISTS (SELECT 1 FROM "Line" AS t1 WHERE "t1"."orderId" = "orders"."id"'
            ' AND NOT ("t1"."price" = 5))'),
        ),
        (
            "prisma.order.findMany({where: {labels: {some: {id: 1}}}})",
            (f'{FROM} WHERE EXISTS (SELECT 1 FROM "_LabelToOrder" AS t2 JOIN "Label" AS t1'
            ' ON "t1"."id" = "t2"."A" WHERE "t2"."B" = "orders"."id" AND "t1"."id" = 1)'),
        ),
        (
            "prisma.order.findUnique({where: {customerId_status: {customerId: 1, status: x}}})",
            f'{FROM} WHERE "orders"."customer_id" = 1 AND "orders"."status" = $1 LIMIT 1',
        ),
        (
            "prisma.order.findMany({cursor: {id: x}, orderBy: {id: 'asc'}, take: 5})",
            f'{FROM} WHERE "orders"."id" >= $1 ORDER BY "orders"."id" LIMIT 5',
        ),
        ("prisma.order.count({where: {id: 1}})", 'SELECT count(*) FROM "orders" WHERE "orders"."id" = 1'),
        ("prisma.line.aggregate({_sum: {price: true}})", 'SELECT sum("Line"."price") FROM "Line"'),
        (
            "prisma.order.groupBy({by: ['status'], _count: true})",
            'SELECT "orders"."status", count(*) FROM "orders" GROUP BY "orders"."status"',
        ),
        (
            "prisma.order.create({data: {status: x, customer: {connect: {id: 1}}}})",
            'INSERT INTO "orders" ("status", "customer_id") VALUES ($1, $2)',
        ),
        (
            "prisma.line.createMany({data: [{id: 1, orderId: 2}]})",
            'INSERT INTO "Line" ("id", "orderId", "price") VALUES (1, 2, $1)',
        ),
        (
            "prisma.line.update({where: {id: 1}, data: {price: {increment: 2}, orderId: x}})",
            'UPDATE "Line" SET "price" = "price" + 2, "orderId" = $1 WHERE "Line"."id" = 1',
        ),
        ("prisma.line.deleteMany()", 'DELETE FROM "Line"'),
    ],
)  # fmt: skip
def test_calls(call: str, expected: str) -> None:
    assert sql(call) == [expected]


def test_what_is_included_is_read_by_a_query_of_its_own() -> None:
    call = "prisma.customer.findMany({include: {orders: {where: {status: 'a'}, include: {lines: true}}}})"

    assert sql(call) == [
        'SELECT "Customer"."id", "Customer"."name" FROM "Customer"',
        f"""{FROM} WHERE "orders"."customer_id" IN ($1) AND "orders"."status" = 'a'""",
        'SELECT "Line"."id", "Line"."orderId", "Line"."price" FROM "Line" WHERE "Line"."orderId" IN ($1)',
    ]


def test_what_is_not_written_out_is_a_hole() -> None:
    for call in (
        "prisma.order.findMany({where: x})",
        "prisma.order.findMany({where: {id: 1, ...x}})",
        "prisma.order.findMany(x)",
        "prisma.order.findMany({where: {nothing: 1}})",
    ):
        (found,) = queries(f"function f(x) {{ return {call}; }}")
        assert found.text.startswith(f"{FROM} WHERE ")
        assert found.holes
        assert not found.statements[0].complete


def test_options_are_followed_through_names() -> None:
    code = "function f(id) { const where = { id }; return prisma.order.findFirst({ where }); }"

    assert queries(code)[0].text == f'{FROM} WHERE "orders"."id" = $1 LIMIT 1'


@pytest.mark.parametrize(
    "call",
    [
        "prisma.nothing.findMany()",
        "api.order.findMany()",
        "prisma.findMany()",
        "prisma.order.find()",
    ],
)
def test_what_is_no_call_of_the_client(call: str) -> None:
    assert sql(call) == []


def test_names_lead_back_to_the_code() -> None:
    code = "async function é(x) { await prisma.order.findMany({ where: { customerId: x, status: 'ö' } }); }"
    workspace = Workspace.of({"prisma/schema.prisma": SCHEMA, "app.ts": code})
    (query,) = workspace.fact(queries_of)["app.ts"]
    text = query.text.encode()
    file = workspace.files["app.ts"].file()

    def shown(word: str) -> str:
        start = text.rindex(word.encode())
        span = workspace.span(query.place(start, start + len(word.encode())))
        return file.source(span.start, span.end)

    assert shown("customer_id") == "customerId"
    assert shown("status") == "status"
    assert shown("$1") == "x"
    assert shown("'ö'") == "'ö'"
    assert query.function == "é"
    assert query.call == Place("app.ts", "é", 29, 94)
    assert query.fetches == "many"
    assert query.approximate


def test_every_statement_parses() -> None:
    for query in queries(
        "function f(x) { prisma.order.findMany({include: {customer: true, labels: true}}); }"
    ):
        assert query.statements[0].complete, query.text
        assert query.statements[0].columns
