"""What the names in a statement stand for: models, tables, aliases, subqueries and their columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Made,
    Named,
    Thing,
)
from backend_analyzers.facts.alchemy.world import Reader, World
from backend_analyzers.facts.models import Field
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped
from backend_analyzers.facts.orm.chains.writing import Piece, Sql, name, text
from backend_analyzers.libraries.sqlalchemy_types import is_alchemy
from backend_analyzers.sql.names import quoted


class Entity(msgspec.Struct, frozen=True, eq=False):
    """Something that rows come from: a model or a table under a name, or a query in parentheses."""

    label: str
    mapped: Mapped | None = None
    body: Sql = ()
    kind: Literal["table", "subquery", "cte"] = "table"
    at: ir.Node | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Tells sources of one query apart."""
        return (self.label, self.mapped.key if self.mapped is not None else self.kind)


class Column(msgspec.Struct, frozen=True, eq=False):
    """A column of an entity; `name` is "" for an attribute that is none."""

    entity: Entity
    name: str
    field: Field | None = None


class Models:
    """The models of the workspace, by how statements name them."""

    def __init__(self, found: Mapping[str, Mapped], world: World) -> None:
        self.found = found
        self.world = world
        self.by_key = {one.model.key: one for one in found.values()}
        self.by_table: dict[tuple[str | None, str], Mapped] = {}
        self.classes_of: dict[tuple[str | None, str], list[str]] = {}
        for one in found.values():
            place = (one.model.schema, one.model.table)
            held = self.by_table.get(place)
            if held is None or (held.parent and not one.parent):
                self.by_table[place] = one

    def parent(self, mapped: Mapped) -> Mapped | None:
        """The model whose table a joined one extends."""
        if not mapped.parent:
            return None
        found = self.found.get(mapped.parent)
        if found is not None and mapped.shares:
            return self.parent(found)
        return found

    def of_thing(self, thing: Thing) -> Mapped | None:
        """The model that a thing is."""
        if isinstance(thing, ClassThing):
            return self.found.get(thing.key)
        if isinstance(thing, Made) and thing.last == "Table" and is_alchemy(thing.name):
            table, schema = thing.get("name", 0), thing.get("schema")
            space = schema if isinstance(schema, str) else None
            return self.by_table.get((space, table)) if isinstance(table, str) else None
        return None


class Names:
    """The names of one statement: those of the file, and the locals that hide them."""

    def __init__(self, models: Models, reader: Reader, owner: str, hidden: tuple[str, ...]) -> None:
        self.models = models
        self.reader = reader
        self.names: dict[str, Thing] = dict.fromkeys(hidden, UNKNOWN)
        self.names["self"] = UNKNOWN
        own = f"{reader.path}:{owner}"
        if owner and own in models.world.classes:
            self.names["cls"] = ClassThing(own, reader.path)
        self._things: dict[int, tuple[ir.Expr, Thing]] = {}

    def thing(self, expression: ir.Expr) -> Thing:
        """What an expression stands for."""
        known = self._things.get(id(expression))
        if known is None:
            self.reader.left = max(self.reader.left, 500)
            found = self.reader.value(expression, self.names)
            known = self._things[id(expression)] = (expression, found)
        return known[1]

    def word(self, function: ir.Expr) -> str:
        """The last name of a function of SQLAlchemy, or empty when it is none."""
        thing = self.thing(function)
        if isinstance(thing, Named) and is_alchemy(thing.name):
            return thing.name.partition(".")[2]
        return ""

    def model(self, expression: ir.Expr) -> Mapped | None:
        """The model that an expression names."""
        while isinstance(expression, ir.Operator) and expression.operator == ":=":
            expression = expression.operands[1]
        if isinstance(expression, ir.Attribute) and expression.name in {
            "__table__",
            "c",
            "columns",
        }:
            return self.model(expression.value)
        if not isinstance(expression, ir.Name | ir.Attribute):
            return None
        return self.models.of_thing(self.thing(expression))


def source(entity: Entity, models: Models) -> Sql:
    """An entity as FROM or JOIN names it."""
    at = entity.at or ir.Constant(0, 0, None)
    if entity.mapped is None:
        alias = text(f" AS {quoted(entity.label)}", at)
        return (*entity.body, alias) if entity.kind == "subquery" else (name_piece(entity, at),)
    own = _table(entity.mapped, entity.label, at)
    above = models.parent(entity.mapped)
    below, below_label = entity.mapped, entity.label
    found = own
    while above is not None:
        # Joined inheritance: the rows of the table above are a part of the object.
        label = above.model.table
        on = _inherits(below, above)
        condition = " AND ".join(
            f"{quoted(label)}.{quoted(b)} = {quoted(below_label)}.{quoted(a)}" for a, b in on
        )
        found = (
            *_table(above, label, at),
            text(" JOIN ", at),
            *found,
            text(f" ON {condition}", at),
        )
        below, below_label, above = above, label, models.parent(above)
    return found


def name_piece(entity: Entity, at: ir.Node) -> Piece:
    """The name of a WITH query."""
    return text(quoted(entity.label), at)


def _table(mapped: Mapped, label: str, at: ir.Node) -> Sql:
    model = mapped.model
    found: list[Piece] = []
    if model.schema:
        found.append(text(f"{quoted(model.schema)}.", at))
    found.append(Piece(quoted(model.table), at.start, max(at.start, at.end)))
    if label != model.table:
        found.append(text(f" AS {quoted(label)}", at))
    return tuple(found)


def _inherits(below: Mapped, above: Mapped) -> list[tuple[str, str]]:
    """The columns by which a table extends another."""
    found: list[tuple[str, str]] = []
    for column in below.model.create.columns:
        reference = column.references
        if reference is not None and reference.table.name == above.model.table:
            found.append((column.name, reference.columns[0] if reference.columns else "id"))
    keys = {
        c
        for one in below.model.create.constraints
        if one.kind == "primary key"
        for c in one.columns
    }
    inside = [pair for pair in found if pair[0] in keys]
    return inside or found or [("id", "id")]


def holder(mapped: Mapped, attribute: str, models: Models) -> tuple[Mapped, str] | None:
    """The model whose table has the column of an attribute, and the column."""
    current: Mapped | None = mapped
    for _ in range(8):
        if current is None:
            return None
        if attribute in current.attributes:
            return current, current.attributes[attribute]
        current = models.parent(current)
    return None


def columns_of(entity: Entity, models: Models, at: ir.Node) -> list[Sql]:
    """Every column of an entity, as an object of it is loaded.

    They stand as `*`: the statement is only like what is sent, and a table may have very many.
    """
    if entity.mapped is None:
        return [(text(f"{quoted(entity.label)}.*", at),)]
    found: list[Sql] = []
    current: Mapped | None = entity.mapped
    label = entity.label
    while current is not None:
        found.append((text(f"{quoted(label)}.*", at),))
        current = models.parent(current)
        label = current.model.table if current is not None else label
    return found


def qualified(column: Column, models: Models, node: ir.Attribute | None, at: ir.Node) -> Sql:
    """A column with the name of its table, as the attribute `node` spells it."""
    label = column.entity.label
    if column.entity.mapped is not None and column.field is not None:
        held = holder(column.entity.mapped, column.field.name, models)
        if held is not None and held[0] is not column.entity.mapped:
            label = held[0].model.table
    if node is None:
        return (text(f"{quoted(label)}.{quoted(column.name)}", at),)
    start = node.name_start
    end = start + len(node.name.encode(errors="replace"))
    owner = node.value
    return (
        Piece(quoted(label), owner.start, owner.end if label != _spelt(owner) else owner.start),
        text(".", node),
        name(column.name, start, end),
    )


def _spelt(node: ir.Expr) -> str:
    return node.id if isinstance(node, ir.Name) else ""
