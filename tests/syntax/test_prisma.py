"""Prisma schemas as values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend_analyzers.source import Edit, File, Language
from backend_analyzers.syntax import module
from backend_analyzers.syntax.prisma import Attribute, Block, block, blocks, listed

SCHEMA = """\
datasource db {
  provider = "postgresql" // not "mysql"
  url      = env("DATABASE_URL")
}

/// An örder.
model Order {
  id         Int       @id @default(autoincrement())
  customer   Customer? @relation("o", fields: [customerId], references: [id], onDelete: Cascade)
  customerId Int?      @map("customer_id")
  lines      Line[]
  total      Decimal   @default(dbgenerated("(1)::numeric")) @db.Decimal(10, 2)
  shape      Unsupported("circle")?

  @@index([customerId, id(sort: Desc)], map: "i")
  @@map("orders")
}

enum Status {
  OPEN
  CLOSED @map("closed")
}
"""


def _file(text: str) -> File:
    return File("schema.prisma", Language.PRISMA, text.encode())


def _read(text: str) -> dict[str, Block]:
    return dict(blocks(_file(text)))


def test_blocks_are_units() -> None:
    assert [unit.key for unit in module(_file(SCHEMA)).units] == [
        "datasource db",
        "Order",
        "Status",
    ]


def test_members_and_their_attributes() -> None:
    order = _read(SCHEMA)["Order"]

    assert [(m.name, m.type, m.many, m.optional) for m in order.members] == [
        ("id", "Int", False, False),
        ("customer", "Customer", False, True),
        ("customerId", "Int", False, True),
        ("lines", "Line", True, False),
        ("total", "Decimal", False, False),
        ("shape", 'Unsupported("circle")', False, True),
    ]
    total = order.members[4]
    assert [one.name for one in total.attributes] == ["default", "db.Decimal"]
    assert [one.text for one in total.attributes[1].arguments] == ["10", "2"]
    assert total.attributes[0].arguments[0].text == 'dbgenerated("(1)::numeric")'
    relation = order.members[1].attribute("relation")
    assert relation is not None
    assert [one.name for one in relation.arguments] == ["", "fields", "references", "onDelete"]
    assert order.known


def test_lists_of_fields_say_where_each_stands() -> None:
    order = _read(SCHEMA)["Order"]
    index = next(one for one in order.attributes if one.name == "index")
    items = listed(index.argument("fields", 0))

    assert [(one.name, one.options) for one in items] == [
        ("customerId", ""),
        ("id", "(sort: Desc)"),
    ]
    file = _file(SCHEMA)
    start = module(file).offsets[1]
    assert file.source(start + items[1].start, start + items[1].end) == "id(sort: Desc)"


def test_settings_and_enums() -> None:
    read = _read(SCHEMA)
    provider = read["datasource db"].setting("provider")

    assert provider is not None
    assert provider.string == "postgresql"
    assert [one.name for one in read["Status"].members] == ["OPEN", "CLOSED"]


def test_what_is_half_typed() -> None:
    read = _read("model A {\n  id Int @id @default(\n  b St\n\nmodel B {\n  id\n}\n")

    assert list(read) == ["A", "B"]
    assert [(m.name, m.type) for m in read["B"].members] == [("id", "")]


def test_attributes_over_several_lines() -> None:
    found = block(b"model A {\n  @@unique(\n    fields: [a,\n      b]\n  )\n  a Int\n}")

    assert found is not None
    (unique,) = found.attributes
    assert isinstance(unique, Attribute)
    assert [one.name for one in listed(unique.argument("fields"))] == ["a", "b"]
    assert [one.name for one in found.members] == ["a"]


def test_an_edit_keeps_the_other_units() -> None:
    before = _file(SCHEMA)
    units = {unit.key: unit for unit in module(before).units}
    at = before.text.index(b"CLOSED")
    after = before.edited((Edit(at, at + 6, b"SHUT"),))

    now = {unit.key: unit for unit in module(after).units}
    assert now["Order"] is units["Order"]
    assert module(after) == module(_file(after.text.decode()))


@given(st.text(alphabet='model {}@()[]"\\/:,=?\nenum é', max_size=80))
def test_anything_is_taken(text: str) -> None:
    blocks(_file(f"model A {{\n{text}"))
