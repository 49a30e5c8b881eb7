"""The models of Prisma schemas, and the tables that Prisma makes of them."""

from __future__ import annotations

from backend_analyzers.facts.models import Model
from backend_analyzers.facts.models.prisma import models, schema_for, schemas
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace

SOURCE = 'datasource db {\n  provider = "postgresql"\n}\n'
SHOP = (
    SOURCE
    + """
enum Status {
  OPEN
  CLOSED @map("closed")
}

model Order {
  id         Int       @id @default(autoincrement())
  status     Status    @default(CLOSED)
  customerId Int?      @map("customer_id")
  customer   Customer? @relation(fields: [customerId], references: [id])
  note       String    @default("it's") @db.VarChar(20)
  placed     DateTime  @default(now()) @updatedAt
  tags       String[]  @default([])
  labels     Label[]
  code       String    @default(uuid()) @unique

  @@unique([customerId, note])
  @@index([placed(sort: Desc), status], map: "by_place")
  @@map("orders")
}

model Customer {
  id     BigInt  @id @default(dbgenerated("next_id()"))
  orders Order[]
}

model Label {
  a      Int
  b      Int
  id     String  @default(cuid())
  orders Order[]

  @@id([a, b])
}
"""
)


def of(text: str) -> dict[str, Model]:
    return dict(Workspace.of({"prisma/schema.prisma": text}).fact(models))


def test_fields_are_columns_or_ways_to_other_rows() -> None:
    order = of(SHOP)["Order"]

    assert order.table == "orders"
    assert [(f.name, f.column, f.type, f.nullable) for f in order.fields if f.column] == [
        ("id", "id", "integer", False),
        ("status", "status", '"status"', False),
        ("customerId", "customer_id", "integer", True),
        ("note", "note", "character varying(20)", False),
        ("placed", "placed", "timestamp(3) without time zone", False),
        ("tags", "tags", "text[]", False),
        ("code", "code", "text", False),
    ]
    customer = next(f for f in order.fields if f.name == "customer")
    assert (customer.relation, customer.many, customer.join) == (
        "Customer",
        False,
        (("customer_id", "id"),),
    )
    back = of(SHOP)["Customer"].fields[1]
    assert (back.relation, back.many, back.join) == ("Order", True, (("id", "customer_id"),))


def test_places_are_the_names() -> None:
    workspace = Workspace.of({"prisma/schema.prisma": SHOP})
    order = workspace.fact(models)["Order"]
    file = workspace.files["prisma/schema.prisma"].file()

    def shown(at: Place) -> str:
        span = workspace.span(at)
        return file.source(span.start, span.end)

    assert shown(order.at) == "Order"
    assert [shown(field.at) for field in order.fields[:3]] == ["id", "status", "customerId"]


def test_tables_as_the_tool_makes_them() -> None:
    """Names and actions as `prisma migrate diff --from-empty` writes them."""
    order = of(SHOP)["Order"]

    defaults = {column.name: column.default for column in order.create.columns}
    assert defaults == {
        "id": "nextval()",
        "status": "'closed'",
        "customer_id": None,
        "note": "'it''s'",
        "placed": "CURRENT_TIMESTAMP",
        "tags": "ARRAY[]::TEXT[]",
        "code": None,
    }
    assert [(c.kind, c.name, c.columns) for c in order.create.constraints] == [
        ("primary key", "orders_pkey", ("id",)),
        ("foreign key", "orders_customer_id_fkey", ("customer_id",)),
    ]
    reference = order.create.constraints[1].reference
    assert reference is not None
    assert (reference.on_delete, reference.on_update) == ("set null", "cascade")
    assert [(i.name, i.unique, [k.column for k in i.keys]) for i in order.indexes] == [
        ("orders_code_key", True, ["code"]),
        ("orders_customer_id_note_key", True, ["customer_id", "note"]),
        ("by_place", False, ["placed", "status"]),
    ]
    assert [key.descending for key in order.indexes[2].keys] == [True, False]


def test_lists_on_both_sides_have_a_table_between() -> None:
    text = SHOP.replace("@@id([a, b])", "").replace("  a      Int\n", "  a      Int     @id\n")
    found = of(text)
    labels = next(f for f in found["Order"].fields if f.name == "labels")

    assert labels.through == "_LabelToOrder"
    between = found["_LabelToOrder"]
    assert [(c.name, c.type) for c in between.create.columns] == [
        ("A", "integer"),
        ("B", "integer"),
    ]
    assert not between.known


def test_enums_are_types() -> None:
    (schema,) = Workspace.of({"prisma/schema.prisma": SHOP}).fact(schemas)
    ((_, enum),) = schema.enums

    assert (enum.name, enum.values) == ("Status", ("OPEN", "closed"))


def test_other_dialects() -> None:
    mysql = of(SHOP.replace("postgresql", "mysql").replace("String[]  @default([])", "Json"))[
        "Order"
    ]
    types = {column.name: column.type for column in mysql.create.columns}

    assert types["code"] == "character varying(191)"
    assert types["status"] == "enum('open','closed')"
    assert mysql.create.columns[0].generated == "identity"


def test_databases_that_are_not_read() -> None:
    assert of(SHOP.replace("postgresql", "mongodb")) == {}
    assert of(SHOP.replace(SOURCE, "")) == {}


def test_a_relation_mode_without_foreign_keys() -> None:
    text = SHOP.replace('"postgresql"\n', '"postgresql"\n  relationMode = "prisma"\n')

    assert [c.kind for c in of(text)["Order"].create.constraints] == ["primary key"]


def test_a_schema_in_several_files() -> None:
    workspace = Workspace.of(
        {
            "prisma/schema/main.prisma": SOURCE,
            "prisma/schema/shop/a.prisma": "model A {\n  id Int @id\n  bs B[]\n}\n",
            "prisma/schema/b.prisma": "model B {\n  id Int @id\n  aId Int\n"
            "  a A @relation(fields: [aId], references: [id])\n}\n",
        }
    )
    found = workspace.fact(models)

    assert sorted(found) == ["A", "B"]
    assert found["A"].fields[1].join == (("id", "aId"),)


def test_two_schemas_with_models_of_one_name() -> None:
    model = "model User {\n  id Int @id\n}\n"
    workspace = Workspace.of({f"{name}/schema.prisma": SOURCE + model for name in ("a", "b")})
    found = workspace.fact(schemas)

    assert sorted(workspace.fact(models)) == ["User", "b:User"]
    near = schema_for(found, "b/src/app.ts")
    assert near is not None
    assert near.folder == "b"
    assert schema_for(found, "c/app.ts") is None


def test_what_is_half_typed() -> None:
    text = SOURCE + "model Order {\n  id Int @id\n  customer Cust\n  é \n  x Int @default(\n"
    order = of(text)["Order"]

    assert order.fields[0].column == "id"
    assert order.create.columns[0].name == "id"
