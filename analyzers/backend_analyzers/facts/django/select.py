"""The tables of one query: how names such as `customer__name` are found, and what they join."""

from __future__ import annotations

from collections.abc import Callable

from backend_analyzers.facts.django.catalog import Catalog, Way
from backend_analyzers.facts.django.expressions import Columns, Located
from backend_analyzers.facts.django.shapes import DjangoField, Shape
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.facts.django.written import Part, Parts, column_parts
from backend_analyzers.libraries.django_lookups import LOOKUPS
from backend_analyzers.sql.names import quoted

Nested = Callable[[Term, "Sources", bool], Parts | None]
"""Writes the SELECT of a term that is a query inside of another."""


class Join:
    """A table that is joined: `left` until something needs a row of it."""

    def __init__(self, table: str, alias: str, condition: Parts, at: tuple[int, int]) -> None:
        self.table = table
        self.alias = alias
        self.condition = condition
        self.at = at
        self.left = True


class Sources(Columns):
    """The table of a model with what is joined to it."""

    def __init__(
        self,
        known: Catalog,
        label: str,
        at: Term,
        nested: Nested,
        around: Sources | None = None,
    ) -> None:
        self.known = known
        self.label = known.concrete(label)
        self.at = at
        self.nested = nested
        self.around = around
        self.taken: set[str] = around.taken if around is not None else set()
        self.annotations: dict[str, Parts | None] = {}
        self.outer_joins = False
        """Whether what is asked for now must not lose rows."""
        self._joins: dict[tuple[object, ...], Join] = {}
        self.paths: dict[tuple[str, ...], str] = {}
        """The aliases of what names lead to."""
        self._many = 0
        self.table = known.shapes[self.label].table
        self.alias = self._alias(self.table)

    def _alias(self, table: str) -> str:
        alias, number = table, len(self.taken) + 1
        while alias in self.taken:
            number += 1
            alias = f"t{number}"
        self.taken.add(alias)
        return alias

    @property
    def joins(self) -> tuple[Join, ...]:
        """What is joined, in order."""
        return tuple(self._joins.values())

    def next_filter(self) -> None:
        """Relations to many rows are joined anew by each call of `filter`."""
        self._many += 1

    def from_parts(self) -> Parts:
        """What follows FROM."""
        start, end = self.at.start, self.at.end
        named = quoted(self.table) + (f" {self.alias}" if self.alias != self.table else "")
        found = [Part(named, start, end)]
        for join in self._joins.values():
            kind = " LEFT JOIN " if join.left else " JOIN "
            alias = f" {join.alias}" if join.alias != join.table else ""
            found.append(Part(f"{kind}{quoted(join.table)}{alias} ON (", *join.at))
            found += [*join.condition, Part(")", *join.at)]
        return found

    # Columns ------------------------------------------------------------------------------------

    def locate(self, name: str, start: int, end: int, *, exact: bool) -> Located | None:
        """The column of a name, with the joins that lead to it."""
        names = name.split("__")
        if names[0] in self.annotations and names[0] not in self.known.fields(self.label):
            parts = self.annotations[names[0]]
            return Located(list(parts), None, tuple(names[1:])) if parts is not None else None
        return _Walk(self, name, start, end, exact=exact).located()

    def rows(self, term: Term, *, exists: bool = False) -> Parts | None:
        """The SELECT of a term that is a query."""
        return self.nested(term, self, exists)

    def outer(self, name: str, start: int, end: int) -> Parts | None:
        """A column of the query around."""
        if self.around is None:
            return None
        located = self.around.locate(name, start, end, exact=False)
        return located.parts if located is not None and not located.rest else None

    def column(self, field: DjangoField, alias: str, at: tuple[int, int]) -> Parts:
        """A column of this query as it stands in a list."""
        return column_parts(alias, field.column, *at, None)

    def joined(
        self, table: str, on: tuple[str, str, str], at: tuple[int, int], *, left: bool, many: bool
    ) -> str:
        """The alias of a table that is joined where `on` (alias, its column, the other's) are equal."""
        key = (table, *on, self._many if many else 0)
        join = self._joins.get(key)
        if join is None:
            alias = self._alias(table)
            first, second = (
                column_parts(on[0], on[1], *at, None),
                column_parts(alias, on[2], *at, None),
            )
            condition = [*first, Part(" = ", *at), *second]
            join = self._joins[key] = Join(table, alias, condition, at)
        join.left = join.left and left
        return join.alias

    def parent_alias(self, label: str, field: DjangoField, alias: str, at: tuple[int, int]) -> str:
        """The alias of the table above, for a field that is inherited."""
        for _ in range(8):
            entry = self.known.entries.get(label)
            if entry is None or not field.model or field.model == label:
                break
            up = next((one for one in entry.parents if self._has(one, field.model)), "")
            link = next(
                (f for f in entry.shape.fields if f.to == up and f.kind == "OneToOneField"), None
            )
            target = self.known.shapes.get(self.known.concrete(up))
            if link is None or target is None or target.key is None:
                break
            on = (alias, link.column, target.key.column)
            alias = self.joined(target.table, on, at, left=False, many=False)
            label = up
        return alias

    def _has(self, label: str, model: str) -> bool:
        entry = self.known.entries.get(label)
        return label == model or (
            entry is not None and any(self._has(p, model) for p in entry.parents)
        )


class _Walk:
    """One name on its way through the relations."""

    def __init__(self, sources: Sources, name: str, start: int, end: int, *, exact: bool) -> None:
        self.sources = sources
        self.known = sources.known
        self.names = name.split("__")
        self.at = (start, end)
        self.start = start
        self.exact = exact
        self.label = sources.label
        self.alias = sources.alias
        self.names_so_far: tuple[str, ...] = ()
        self.left = False
        self.many = False

    def located(self) -> Located | None:
        for number, name in enumerate(self.names):
            rest = self.names[number + 1 :]
            field = self.known.fields(self.label).get(name)
            if field is not None:
                if not field.is_relation:
                    return self._column(field, number, rest)
                found = self._relation(field, number, rest)
                if found is not None or field.to not in self.known.entries:
                    return found
                continue
            way = next((w for w in self.known.ways_back(self.label) if w.query == name), None)
            if way is None:
                return None
            self._back(way)
            if not rest or rest[0] in LOOKUPS:
                key = self.known.fields(way.model).get("pk")
                return self._column(key, number, rest) if key is not None else None
        key = self.known.fields(self.label).get("pk")
        return self._column(key, len(self.names) - 1, []) if key is not None else None

    def _column(self, field: DjangoField, number: int, rest: list[str]) -> Located | None:
        if not field.column:
            return None
        alias = self.sources.parent_alias(self.label, field, self.alias, self.at)
        return self._at(alias, field, number, rest)

    def _at(self, alias: str, field: DjangoField, number: int, rest: list[str]) -> Located:
        begin = self.start + len("__".join(self.names[:number]).encode()) + (2 if number else 0)
        size = len(self.names[number].encode())
        is_exact = self.exact and field.column == self.names[number]
        name = (begin, begin + size) if is_exact else None
        parts = column_parts(alias, field.column, *self.at, name)
        return Located(parts, field, tuple(rest), self.many)

    def _relation(self, field: DjangoField, number: int, rest: list[str]) -> Located | None:
        """The column of a relation, or None when the way goes on behind it."""
        target = self.known.target_field(field)
        is_last = not rest or rest[0] in LOOKUPS
        if self.names[number] == field.attname and field.attname != field.name:
            return self._column(field, number, rest)
        if field.kind == "ManyToManyField":
            return self._through(field, number, rest)
        if is_last:
            return self._column(field, number, rest)
        names = {"pk", target.name, target.attname} if target is not None else set()
        is_key = rest[0] in names and (len(rest) == 1 or rest[1] in LOOKUPS)
        if is_key and target is not None and not target.is_relation:
            return self._column(field, number, rest[1:])
        other = self.known.shapes.get(self.known.concrete(field.to))
        if target is None or other is None:
            return None
        alias = self.sources.parent_alias(self.label, field, self.alias, self.at)
        self.left = self.left or field.nullable
        self._step(field.name, other.table, (alias, field.column, target.column), many=False)
        self.label = field.to
        return None

    def _step(self, name: str, table: str, on: tuple[str, str, str], *, many: bool) -> None:
        self.alias = self.sources.joined(
            table,
            on,
            self.at,
            left=self.sources.outer_joins and self.left,
            many=many or self.many,
        )
        self.many = self.many or many
        if name:
            self.names_so_far = (*self.names_so_far, name)
            self.sources.paths[self.names_so_far] = self.alias

    def _back(self, way: Way) -> None:
        """Along a relation from its end to its beginning."""
        model = self.known.shapes[self.known.concrete(way.model)]
        self.left = True
        if way.field.kind == "ManyToManyField":
            between = self.known.through(self.known.shapes[way.model], way.field)
            columns = ends_of(self.known, between, way.field, way.model) if between else None
            if between is None or columns is None:
                return
            near, far = columns[1], columns[0]
            self._join_through(way.query, between, near, far, model)
        else:
            target = self.known.target_field(way.field)
            column = target.column if target is not None else "id"
            on = (self.alias, column, way.field.column)
            self._step(way.query, model.table, on, many=way.many)
        self.label = way.model

    def _join_through(self, name: str, between: Shape, near: str, far: str, other: Shape) -> None:
        own = self.known.fields(self.label).get("pk")
        column = own.column if own is not None else "id"
        self._step("", between.table, (self.alias, column, near), many=True)
        key = other.key
        end = key.column if key is not None else "id"
        self._step(name, other.table, (self.alias, far, end), many=True)

    def _through(self, field: DjangoField, number: int, rest: list[str]) -> Located | None:
        shape = self.known.shapes.get(field.model or self.label)
        between = self.known.through(shape, field) if shape is not None else None
        columns = ends_of(self.known, between, field, self.label) if between is not None else None
        other = self.known.shapes.get(self.known.concrete(field.to))
        if between is None or columns is None or other is None:
            return None
        near, far = columns
        self.left = True
        keys = {"pk", other.key.name, other.key.attname} if other.key is not None else {"pk"}
        wants_key = bool(rest) and rest[0] in keys and (len(rest) == 1 or rest[1] in LOOKUPS)
        if not rest or rest[0] in LOOKUPS or wants_key:
            own = self.known.fields(self.label).get("pk")
            column = own.column if own is not None else "id"
            self._step("", between.table, (self.alias, column, near), many=True)
            end = next(one for one in between.fields if one.column == far)
            return self._at(self.alias, end, number, rest[1:] if wants_key else rest)
        self._join_through(field.name, between, near, far, other)
        self.label = field.to
        return None


def ends_of(
    known: Catalog, between: Shape, field: DjangoField, model: str
) -> tuple[str, str] | None:
    """The columns of a join table that refer to the model of a relation, and to its target."""
    source = known.concrete(field.model or model)
    keys = [one for one in between.fields if one.kind in {"ForeignKey", "OneToOneField"}]
    near = [one for one in keys if known.concrete(one.to) == source]
    far = [one for one in keys if known.concrete(one.to) == known.concrete(field.to)]
    if source == known.concrete(field.to):
        return (near[0].column, near[1].column) if len(near) > 1 else None
    return (near[0].column, far[0].column) if near and far else None
