"""The conditions of Prisma's client: `where: {status: "open", lines: {some: {…}}}`."""

from __future__ import annotations

from typing import NamedTuple

from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.models.prisma import Prisma
from backend_analyzers.facts.orm.spelled import Entry, Spelled
from backend_analyzers.facts.orm.writing import Piece, Pieces, Writer, hole, joined
from backend_analyzers.libraries.prisma_client import COMPARED, LIKE, LISTS, SOME

Range = tuple[int, int]


class Names:
    """The models of one schema by what the client calls them, and their fields."""

    def __init__(self, schema: Prisma) -> None:
        self.dialect = schema.dialect
        self.models = {model.key: model for model in schema.models.values()}
        self.client = {name[:1].lower() + name[1:]: model for name, model in schema.models.items()}
        self._fields = {
            model.key: {field.name: field for field in model.fields}
            for model in schema.models.values()
        }

    def field(self, model: Model, name: str) -> Field | None:
        return self._fields[model.key].get(name)

    def column(self, model: Model, name: str) -> Field | None:
        """The field of a name that is a column."""
        found = self.field(model, name)
        return found if found is not None and found.column else None

    def relation(self, model: Model, name: str) -> Field | None:
        """The field of a name that leads to other rows."""
        found = self.field(model, name)
        return found if found is not None and not found.column else None

    def key(self, model: Model) -> str:
        """The column of the primary key, if it is one."""
        for one in model.create.constraints:
            if one.kind == "primary key" and len(one.columns) == 1:
                return one.columns[0]
        return ""

    def owns(self, model: Model, field: Field) -> bool:
        """Whether the columns of a relation are a foreign key of this model, not of the other."""
        mine = tuple(one for one, _ in field.join)
        keys = [c.columns for c in model.create.constraints if c.kind == "foreign key"]
        return bool(mine) and (mine in keys or (not keys and mine != (self.key(model),)))


class Scope(NamedTuple):
    """A table of a statement and the name by which its columns are called."""

    model: Model
    name: str
    schema: str | None = None


class Filters:
    """Writes conditions."""

    def __init__(self, names: Names, writer: Writer) -> None:
        self.names = names
        self.writer = writer

    def column(self, scope: Scope, field: Field, at: Range, code: str = "") -> Pieces:
        """A column with the name of its table."""
        return self._named(scope, field.column, at, code)

    def _named(self, scope: Scope, column: str, at: Range, code: str = "") -> Pieces:
        table = self.writer.table(scope.name, scope.schema, at)
        return [*table, Piece(".", *at), *self.writer.name(column, at, code)]

    def condition(self, scope: Scope, given: Spelled) -> Pieces:
        """All that an object asks for; nothing for an empty one."""
        at = (given.start, given.end)
        if given.kind != "mapping":
            return hole(at)
        parts = [part for entry in given.entries if (part := self._entry(scope, entry))]
        if given.is_open:
            parts.append(hole(at))
        return joined(parts, " AND ", at)

    def _entry(self, scope: Scope, entry: Entry) -> Pieces:
        at = (entry.start, entry.end)
        if entry.key in {"AND", "OR", "NOT"}:
            return self._logic(scope, entry, at)
        field = self.names.field(scope.model, entry.key)
        if field is None:
            return self._compound(scope, entry, at)
        if field.column:
            return self._column(scope, field, entry)
        return self._relation(scope, field, entry)

    def _logic(self, scope: Scope, entry: Entry, at: Range) -> Pieces:
        value = entry.value
        given = [one.value for one in value.entries] if value.kind == "list" else [value]
        parts = [found for one in given if (found := self.condition(scope, one))]
        if value.is_open and value.kind == "list":
            parts.append(hole(at))
        if not parts:
            return []
        inner = [[Piece("(", *at), *part, Piece(")", *at)] for part in parts]
        found = joined(inner, " OR " if entry.key == "OR" else " AND ", at)
        if entry.key == "NOT":
            return [Piece("NOT (", *at), *found, Piece(")", *at)]
        return [Piece("(", *at), *found, Piece(")", *at)] if len(parts) > 1 else found

    def _compound(self, scope: Scope, entry: Entry, at: Range) -> Pieces:
        """`{a_b: {a: 1, b: 2}}`, a key of several columns; anything else is not known."""
        inner = entry.value
        fields = [self.names.column(scope.model, one.key) for one in inner.entries]
        if inner.kind != "mapping" or not fields or None in fields:
            return hole(at)
        return self.condition(scope, inner)

    # Columns ------------------------------------------------------------------------------------

    def _column(self, scope: Scope, field: Field, entry: Entry) -> Pieces:
        at = (entry.start, entry.end)
        named = self.column(scope, field, at, entry.key)
        value = entry.value
        if value.kind != "mapping":
            if value.kind == "list":
                return hole(at)
            return [*named, *self._equal(value)]
        is_insensitive = any(
            one.key == "mode" and one.value.text == "insensitive" for one in value.entries
        )
        parts = [
            self._operator(named, one, is_insensitive) for one in value.entries if one.key != "mode"
        ]
        if value.is_open:
            parts.append(hole(at))
        return joined(parts, " AND ", at)

    def _equal(self, value: Spelled) -> Pieces:
        at = (value.start, value.end)
        if value.is_null:
            return [Piece(" IS NULL", *at)]
        return [Piece(" = ", *at), *self.writer.value(value)]

    def _operator(self, named: Pieces, one: Entry, is_insensitive: bool) -> Pieces:
        at, value = (one.start, one.end), one.value
        if one.key == "equals":
            return [*named, *self._equal(value)]
        if one.key in COMPARED:
            return [*named, Piece(f" {COMPARED[one.key]} ", *at), *self.writer.value(value)]
        if one.key in {"in", "notIn"}:
            word = " IN " if one.key == "in" else " NOT IN "
            return [*named, Piece(word, *at), *self.writer.values(value)]
        if one.key == "not":
            return self._negated(named, one, is_insensitive)
        if one.key in LIKE:
            like = "ILIKE" if is_insensitive and self.names.dialect == "postgresql" else "LIKE"
            return [*named, Piece(f" {like} ", *at), *self._pattern(one)]
        if one.key in LISTS and self.names.dialect == "postgresql":
            array = Piece("ARRAY[", *at)
            inner = (
                joined((self.writer.value(e.value) for e in value.entries), ", ", at)
                if value.kind == "list"
                else self.writer.value(value)
            )
            return [*named, Piece(f" {LISTS[one.key]} ", *at), array, *inner, Piece("]", *at)]
        return hole(at)

    def _negated(self, named: Pieces, one: Entry, is_insensitive: bool) -> Pieces:
        at, value = (one.start, one.end), one.value
        if value.is_null:
            return [*named, Piece(" IS NOT NULL", *at)]
        if value.kind == "mapping":
            inner = [self._operator(named, part, is_insensitive) for part in value.entries]
            return [Piece("NOT (", *at), *joined(inner, " AND ", at), Piece(")", *at)]
        return [*named, Piece(" <> ", *at), *self.writer.value(value)]

    def _pattern(self, one: Entry) -> Pieces:
        before, after = LIKE[one.key]
        value = one.value
        if value.kind == "text":
            said = Spelled("text", value.start, value.end, f"{before}{value.text}{after}")
            return self.writer.value(said)
        at = (value.start, value.end)
        parts = [[Piece(f"'{before}'", *at)]] if before else []
        parts.append(self.writer.parameter(at))
        parts += [[Piece(f"'{after}'", *at)]] if after else []
        if self.names.dialect == "mysql":
            return [Piece("CONCAT(", *at), *joined(parts, ", ", at), Piece(")", *at)]
        return joined(parts, " || ", at)

    # Relations ----------------------------------------------------------------------------------

    def _relation(self, scope: Scope, field: Field, entry: Entry) -> Pieces:
        at, value = (entry.start, entry.end), entry.value
        target = self.names.models.get(field.relation)
        if target is None or (value.kind != "mapping" and not value.is_null):
            return hole(at)
        if field.many:
            parts = [
                self._exists(scope, field, target, one, *SOME[one.key])
                if one.key in SOME
                else hole((one.start, one.end))
                for one in value.entries
            ]
            return joined(parts, " AND ", at)
        if value.is_null:
            if self.names.owns(scope.model, field):
                return [*self._named(scope, field.join[0][0], at), Piece(" IS NULL", *at)]
            return self._exists(
                scope, field, target, Entry("", *at, Spelled("mapping", *at)), False, False
            )
        for one in value.entries:
            if one.key in {"is", "isNot"}:
                if one.value.is_null:
                    inner = Entry(entry.key, one.start, one.end, one.value)
                    found = self._relation(scope, field, inner)
                    place = (one.start, one.end)
                    return (
                        found
                        if one.key == "is"
                        else [Piece("NOT (", *place), *found, Piece(")", *place)]
                    )
                return self._exists(scope, field, target, one, one.key == "is", False)
        return self._exists(scope, field, target, entry, True, False)

    def _exists(
        self, scope: Scope, field: Field, target: Model, entry: Entry, wanted: bool, failing: bool
    ) -> Pieces:
        at = (entry.start, entry.end)
        alias = self.writer.next_alias()
        inner = Scope(target, alias)
        if field.through:
            link = self._link(scope, field, inner, at)
            if link is None:
                return hole(at)
            tables, join = link
        elif field.join:
            tables = [
                *self.writer.table(target.table, target.schema, at),
                Piece(f" AS {alias}", *at),
            ]
            join = joined(
                (
                    [
                        *self._named(inner, theirs, at),
                        Piece(" = ", *at),
                        *self._named(scope, mine, at),
                    ]
                    for mine, theirs in field.join
                ),
                " AND ",
                at,
            )
        else:
            return hole(at)
        condition = self.condition(inner, entry.value)
        parts = [join]
        if condition and failing:
            parts.append([Piece("NOT (", *at), *condition, Piece(")", *at)])
        elif condition:
            parts.append(condition)
        elif failing:
            return []  # every row passes a condition that asks for nothing
        word = "EXISTS" if wanted else "NOT EXISTS"
        return [
            Piece(word, *at),
            Piece(" (SELECT 1 FROM ", *at),
            *tables,
            Piece(" WHERE ", *at),
            *joined(parts, " AND ", at),
            Piece(")", *at),
        ]

    def _sides(self, model: Model, field: Field) -> tuple[str, str, str, str] | None:
        """Of a table between two lists: the columns for this model and the other, and their keys."""
        target = self.names.models.get(field.relation)
        if target is None or target is model:
            return None
        mine, theirs = self.names.key(model), self.names.key(target)
        if not mine or not theirs:
            return None
        is_first = model.key.rpartition(":")[2] < target.key.rpartition(":")[2]
        return ("A", "B", mine, theirs) if is_first else ("B", "A", mine, theirs)

    def _link(
        self, scope: Scope, field: Field, inner: Scope, at: Range
    ) -> tuple[Pieces, Pieces] | None:
        sides = self._sides(scope.model, field)
        if sides is None:
            return None
        mine, theirs, key, other = sides
        between = Scope(inner.model, self.writer.next_alias())
        target = inner.model
        tables = [
            *self.writer.name(field.through, at),
            Piece(f" AS {between.name} JOIN ", *at),
            *self.writer.table(target.table, target.schema, at),
            Piece(f" AS {inner.name} ON ", *at),
            *self._named(inner, other, at),
            Piece(" = ", *at),
            *self._named(between, theirs, at),
        ]
        join = [*self._named(between, mine, at), Piece(" = ", *at), *self._named(scope, key, at)]
        return tables, join

    def among(
        self, model: Model, field: Field, scope: Scope, at: Range
    ) -> tuple[Pieces, Pieces] | None:
        """How the rows that a relation leads to are found, once those of the model are there.

        What is joined, and the condition; None when the relation is not known.
        """
        if field.through:
            sides = self._sides(model, field)
            if sides is None:
                return None
            mine, theirs, _, other = sides
            between = Scope(model, field.through)
            tables = [
                Piece(" JOIN ", *at),
                *self.writer.name(field.through, at),
                Piece(" ON ", *at),
                *self._named(between, theirs, at),
                Piece(" = ", *at),
                *self._named(scope, other, at),
            ]
            return tables, [*self._named(between, mine, at), *self._in(at)]
        if not field.join:
            return None
        parts = [[*self._named(scope, theirs, at), *self._in(at)] for _, theirs in field.join]
        return [], joined(parts, " AND ", at)

    def _in(self, at: Range) -> Pieces:
        return [Piece(" IN (", *at), *self.writer.parameter(at), Piece(")", *at)]
