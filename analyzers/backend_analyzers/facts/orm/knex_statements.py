"""What a chain of knex's query builder writes, as pieces of SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from backend_analyzers.facts.orm.knex_parts import Parts, Range, Step, split_alias
from backend_analyzers.facts.orm.spelled import Entry, Spelled
from backend_analyzers.facts.orm.writing import Piece, Pieces, hole, joined
from backend_analyzers.libraries.knex_queries import (
    AGGREGATES,
    COMPOSED,
    DISTINCT_AGGREGATES,
    HARMLESS,
    JOINS,
    OPERATORS,
    TABLE,
    WHERE,
)
from backend_analyzers.sql.statement import Dialect


def statement(steps: tuple[Step, ...], dialect: Dialect) -> Pieces:
    """The statement of a chain; nothing when its table is not known."""
    chain = _Chain(dialect, steps[0].at)
    for step in steps:
        chain.read(step)
    return chain.made()


def is_method(name: str) -> bool:
    """Whether a method belongs to the query builder, and is more than the naming of a table."""
    return (
        name in _METHODS
        or name in JOINS
        or name in AGGREGATES
        or name in DISTINCT_AGGREGATES
        or WHERE.match(name) is not None
    )


class _Chain(Parts):
    """A statement in the making."""

    def __init__(self, dialect: Dialect, at: Range) -> None:
        super().__init__(dialect)
        self.at = at
        self.verb = "select"
        self.table: Pieces = []
        self.joins: Pieces = []
        self.columns: list[Pieces] = []
        self.conditions: list[tuple[str, Pieces]] = []
        self.groups: list[Pieces] = []
        self.having: Pieces = []
        self.orders: list[Pieces] = []
        self.limit: Pieces = []
        self.offset: Pieces = []
        self.changes: Spelled | None = None
        self.amount = ""
        self.is_distinct = False
        self.is_whole = True

    def read(self, step: Step) -> None:
        name = step.name
        if name in TABLE:
            self._from(step)
        elif name in JOINS:
            self._join(step)
        elif found := WHERE.match(name):
            self._where(step, found)
        elif name in AGGREGATES or name in DISTINCT_AGGREGATES:
            self._aggregate(step)
        elif name in _METHODS:
            _METHODS[name](self, step)
        elif name in COMPOSED:
            self.is_whole = False
        elif name not in HARMLESS:
            self.conditions.append(("AND", hole(step.at)))

    # Parts --------------------------------------------------------------------------------------

    def _from(self, step: Step) -> None:
        value = step.given[0] if step.given else None
        if value is not None and value.kind == "text" and not value.is_open:
            self.table = self.source(value.text, (value.start, value.end))
        elif value is not None and value.kind == "mapping" and len(value.entries) == 1:
            entry = value.entries[0]
            if entry.value.kind == "text":
                at = (entry.value.start, entry.value.end)
                self.table = self.source(f"{entry.value.text} as {entry.key}", at)

    def select(self, step: Step) -> None:
        for value in step.given:
            parts = [entry.value for entry in value.entries] if value.kind == "list" else [value]
            self.columns += [self.named(one) for one in parts if one.kind != "mapping"]
            if value.kind == "mapping":
                for entry in value.entries:
                    at = (entry.start, entry.end)
                    alias = [Piece(" AS ", *at), *self.writer.name(entry.key, at, entry.key)]
                    self.columns.append([*self.named(entry.value), *alias])
            if value.is_open and value.kind in {"list", "mapping"}:
                self.columns.append(hole((value.start, value.end)))

    def distinct(self, step: Step) -> None:
        self.is_distinct = True
        self.select(step)

    def first(self, step: Step) -> None:
        self.select(step)
        self.limit = [Piece("1", *step.at)]

    def _aggregate(self, step: Step) -> None:
        is_distinct = step.name in DISTINCT_AGGREGATES
        function = AGGREGATES.get(step.name) or DISTINCT_AGGREGATES[step.name]
        value = step.given[0] if step.given else Spelled("text", *step.at, "*")
        at = step.at
        alias = ""
        if value.kind == "mapping" and len(value.entries) == 1:
            alias, value = value.entries[0].key, value.entries[0].value
        if value.kind == "text" and not value.is_open:
            name, _, own = split_alias(value.text)
            alias = own or alias
            value = Spelled("text", value.start, value.end, name)
        word = f"{function}(DISTINCT " if is_distinct else f"{function}("
        found = [Piece(word, *at), *self.named(value), Piece(")", *at)]
        if alias:
            found += [Piece(" AS ", *at), *self.writer.name(alias, at)]
        self.columns.append(found)

    def _join(self, step: Step) -> None:
        given, at = step.given, step.at
        self.joins.append(Piece(f" {JOINS[step.name]} ", *at))
        if not given or given[0].kind != "text" or given[0].is_open:
            self.joins += hole(at)
            return
        self.joins += self.source(given[0].text, (given[0].start, given[0].end))
        self.joins.append(Piece(" ON ", *at))
        match given[1:]:
            case [left, right] if left.kind == right.kind == "text":
                self.joins += [*self.named(left), Piece(" = ", *at), *self.named(right)]
            case [left, sign, right] if left.kind == sign.kind == right.kind == "text":
                word = f" {sign.text} " if sign.text in OPERATORS else " = "
                self.joins += [*self.named(left), Piece(word, *at), *self.named(right)]
            case [pairs] if pairs.kind == "mapping" and not pairs.is_open:
                terms = [
                    [
                        *self.column(entry.key, (entry.start, entry.end)),
                        Piece(" = ", *at),
                        *self.named(entry.value),
                    ]
                    for entry in pairs.entries
                ]
                self.joins += joined(terms, " AND ", at)
            case _:
                self.joins += hole(at)

    # Conditions ---------------------------------------------------------------------------------

    def _where(self, step: Step, found: re.Match[str]) -> None:
        glue = "OR" if (found["glue"] or "").lower() == "or" else "AND"
        kind = (found["kind"] or "").lower()
        pieces = self.condition(step, kind)
        if pieces:
            self.conditions.append((glue, pieces))

    def hold(self, step: Step) -> None:
        self.having = hole(step.at)

    def hold_raw(self, step: Step) -> None:
        self.having = self.raw(step.given[0]) if step.given else hole(step.at)

    # Order and pages ----------------------------------------------------------------------------

    def group(self, step: Step) -> None:
        for value in step.given:
            parts = [entry.value for entry in value.entries] if value.kind == "list" else [value]
            self.groups += [self.named(one) for one in parts]

    def group_raw(self, step: Step) -> None:
        self.groups.append(self.raw(step.given[0]) if step.given else hole(step.at))

    def order(self, step: Step) -> None:
        if not step.given:
            return
        first = step.given[0]
        if first.kind == "list":
            for entry in first.entries:
                value = entry.value
                column, order = value.get("column"), value.get("order")
                if value.kind == "mapping" and column is not None:
                    self._ordered(column.value, order.value if order is not None else None)
                else:
                    self._ordered(value, None)
            return
        self._ordered(first, step.given[1] if len(step.given) > 1 else None)

    def _ordered(self, column: Spelled, order: Spelled | None) -> None:
        found = self.named(column)
        if order is not None and order.text.lower() == "desc":
            found.append(Piece(" DESC", order.start, order.end))
        self.orders.append(found)

    def order_raw(self, step: Step) -> None:
        self.orders.append(self.raw(step.given[0]) if step.given else hole(step.at))

    def take(self, step: Step) -> None:
        self.limit = self.value(step.given[0]) if step.given else []

    def skip(self, step: Step) -> None:
        self.offset = self.value(step.given[0]) if step.given else []

    # Writing ------------------------------------------------------------------------------------

    def insert(self, step: Step) -> None:
        self.verb = "insert"
        self.changes = step.given[0] if step.given else None

    def update(self, step: Step) -> None:
        self.verb = "update"
        first = step.given[0] if step.given else None
        if first is not None and first.kind == "text" and len(step.given) > 1:
            entry = Entry(first.text, first.start, first.end, step.given[1])
            first = Spelled("mapping", *step.at, "", (entry,))
        self.changes = first

    def delete(self, _step: Step) -> None:
        self.verb = "delete"

    def increment(self, step: Step) -> None:
        self.amount = "+" if step.name == "increment" else "-"
        self.update(step)

    def conflict(self, _step: Step) -> None:
        """What an insert does with rows that are there is left out."""

    def made(self) -> Pieces:
        """The statement; nothing when its table is not known, or other queries are a part of it."""
        if not self.table or not self.is_whole:
            return []
        match self.verb:
            case "insert":
                return self._inserted()
            case "update":
                return self._updated()
            case "delete":
                return [Piece("DELETE FROM ", *self.at), *self.table, *self._filter()]
            case _:
                return self._selected()

    def _selected(self) -> Pieces:
        at = self.at
        columns = joined(self.columns, ", ", at) or [Piece("*", *at)]
        found = [
            Piece("SELECT DISTINCT " if self.is_distinct else "SELECT ", *at),
            *columns,
            Piece(" FROM ", *at),
            *self.table,
            *self.joins,
            *self._filter(),
        ]
        if self.groups:
            found += [Piece(" GROUP BY ", *at), *joined(self.groups, ", ", at)]
        if self.having:
            found += [Piece(" HAVING ", *at), *self.having]
        if self.orders:
            found += [Piece(" ORDER BY ", *at), *joined(self.orders, ", ", at)]
        if self.limit:
            found += [Piece(" LIMIT ", *at), *self.limit]
        if self.offset:
            found += [Piece(" OFFSET ", *at), *self.offset]
        return found

    def _filter(self) -> Pieces:
        found: Pieces = []
        for glue, pieces in self.conditions:
            found.append(Piece(f" {glue} " if found else " WHERE ", *self.at))
            found += pieces
        return found

    def _inserted(self) -> Pieces:
        at, row = self.at, self.changes
        if row is not None and row.kind == "list" and row.entries:
            row = row.entries[0].value
        columns: list[Pieces] = []
        values: list[Pieces] = []
        for entry in row.entries if row is not None and row.kind == "mapping" else ():
            columns.append(self.key(entry.key, (entry.start, entry.end)))
            values.append(self.value(entry.value))
        if row is None or row.kind != "mapping" or row.is_open or not columns:
            place = (row.start, row.end) if row is not None else at
            columns.append(hole(place))
            values.append(hole(place))
        return [
            Piece("INSERT INTO ", *at),
            *self.table,
            Piece(" (", *at),
            *joined(columns, ", ", at),
            Piece(") VALUES (", *at),
            *joined(values, ", ", at),
            Piece(")", *at),
        ]

    def _updated(self) -> Pieces:
        at, row = self.at, self.changes
        terms: list[Pieces] = []
        for entry in row.entries if row is not None and row.kind == "mapping" else ():
            place = (entry.start, entry.end)
            column = self.key(entry.key, place)
            more = [*column, Piece(f" {self.amount} ", *place)] if self.amount else []
            terms.append([*column, Piece(" = ", *place), *more, *self.value(entry.value)])
        if row is None or row.kind != "mapping" or row.is_open or not terms:
            place = (row.start, row.end) if row is not None else at
            terms.append([*hole(place), Piece(" = ", *place), *hole(place)])
        return [
            Piece("UPDATE ", *at),
            *self.table,
            Piece(" SET ", *at),
            *joined(terms, ", ", at),
            *self._filter(),
        ]


_METHODS: Mapping[str, Callable[[_Chain, Step], None]] = {
    "select": _Chain.select,
    "column": _Chain.select,
    "columns": _Chain.select,
    "pluck": _Chain.select,
    "distinct": _Chain.distinct,
    "first": _Chain.first,
    "groupBy": _Chain.group,
    "groupByRaw": _Chain.group_raw,
    "having": _Chain.hold,
    "havingRaw": _Chain.hold_raw,
    "orderBy": _Chain.order,
    "orderByRaw": _Chain.order_raw,
    "limit": _Chain.take,
    "offset": _Chain.skip,
    "insert": _Chain.insert,
    "update": _Chain.update,
    "del": _Chain.delete,
    "delete": _Chain.delete,
    "increment": _Chain.increment,
    "decrement": _Chain.increment,
    "onConflict": _Chain.conflict,
    "ignore": _Chain.conflict,
    "merge": _Chain.conflict,
}
