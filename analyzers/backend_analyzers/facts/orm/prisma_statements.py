"""What each method of Prisma's client writes, as pieces of SQL.

Related rows that are included are read by a query of their own, as the client does.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.models import Field, Model
from backend_analyzers.facts.orm.prisma_filters import Filters, Names, Scope
from backend_analyzers.facts.orm.spelled import Entry, Spelled
from backend_analyzers.facts.orm.writing import Piece, Pieces, Writer, hole, joined
from backend_analyzers.libraries.prisma_client import CHANGES, FUNCTIONS, Method

Range = tuple[int, int]
Made = tuple[Pieces, Range | None]
"""A statement, and the range that it is written for when that is less than the call."""

_DEEPEST = 4

__all__ = ["Names", "statements"]


def statements(
    names: Names, model: Model, method: Method, options: Spelled | None, at: Range
) -> Iterator[Made]:
    """The statements that a call runs; none when it cannot be read."""
    if options is not None and options.kind != "mapping":
        options = Spelled("mapping", options.start, options.end, is_open=True)
    given = options or Spelled("mapping", *at)
    maker = _Maker(names, at)
    match method.action:
        case "select":
            yield from maker.select(model, given, one=method.limits)
        case "count" | "aggregate" | "group":
            yield maker.grouped(model, given, method.action), None
        case "insert":
            yield from maker.insert(model, given)
        case "update":
            yield maker.update(model, given, "data"), None
        case "delete":
            yield maker.delete(model, given), None
        case "upsert":
            first = Spelled("mapping", *at, "", tuple(e for e in given.entries if e.key == "where"))
            yield from maker.select(model, first, one=True)
            yield _Maker(names, at).update(model, given, "update"), None


class _Maker:
    """Writes one statement after the other for one call."""

    def __init__(self, names: Names, at: Range) -> None:
        self.names = names
        self.at = at
        self.writer = Writer(names.dialect)
        self.filters = Filters(names, self.writer)

    # Reading ------------------------------------------------------------------------------------

    def select(
        self, model: Model, options: Spelled, *, one: bool = False, depth: int = 0
    ) -> Iterator[Made]:
        at = self.at
        scope = Scope(model, model.table, model.schema)
        pieces = [
            Piece("SELECT ", *at),
            *self._columns(scope, options),
            Piece(" FROM ", *at),
            *self.writer.table(model.table, model.schema, at),
        ]
        pieces += self._where(scope, options)
        pieces += self._order(scope, options)
        pieces += self._page(options, one=one)
        yield pieces, None
        yield from self._included(model, options, depth)

    def _columns(self, scope: Scope, options: Spelled) -> Pieces:
        selected, omitted = options.get("select"), options.get("omit")
        if selected is not None and selected.value.kind == "mapping":
            chosen = [
                self.filters.column(scope, field, (entry.start, entry.end), entry.key)
                for entry in selected.value.entries
                if (field := self.names.column(scope.model, entry.key)) is not None
                and entry.value.text != "false"
            ]
            if selected.value.is_open:
                chosen.append(hole((selected.start, selected.end)))
            # What relations are joined by is read as well.
            return joined(chosen, ", ", self.at) or self._all(scope, frozenset())
        if selected is not None:
            return hole((selected.start, selected.end))
        left_out = frozenset(e.key for e in omitted.value.entries) if omitted else frozenset()
        return self._all(scope, left_out)

    def _all(self, scope: Scope, left_out: frozenset[str]) -> Pieces:
        fields = [f for f in scope.model.fields if f.column and f.name not in left_out]
        named = [self.filters.column(scope, field, self.at) for field in fields]
        return joined(named, ", ", self.at) or [Piece("1", *self.at)]

    def _where(self, scope: Scope, options: Spelled, *more: Pieces) -> Pieces:
        given = options.get("where")
        conditions = [one for one in more if one]
        if given is not None:
            found = self.filters.condition(scope, given.value)
            conditions += [found] if found else []
        cursor = options.get("cursor")
        if cursor is not None:
            conditions.append(self._after(scope, options, cursor))
        if options.is_open and given is None:
            conditions.append(hole((options.start, options.end)))
        if not conditions:
            return []
        return [Piece(" WHERE ", *self.at), *joined(conditions, " AND ", self.at)]

    def _after(self, scope: Scope, options: Spelled, cursor: Entry) -> Pieces:
        """A cursor of one column in its own order is a condition; any other is not known."""
        order = options.get("orderBy")
        entries = cursor.value.entries
        at = (cursor.start, cursor.end)
        field = self.names.column(scope.model, entries[0].key) if len(entries) == 1 else None
        if field is None or cursor.value.is_open:
            return hole(at)
        sign = ">="
        if order is not None:
            by = (
                order.value.entries[0]
                if order.value.kind == "mapping" and order.value.entries
                else None
            )
            if by is None or by.key != field.name or len(order.value.entries) > 1:
                return hole(at)
            sign = "<=" if by.value.text == "desc" else ">="
        entry = entries[0]
        named = self.filters.column(scope, field, (entry.start, entry.end), entry.key)
        return [*named, Piece(f" {sign} ", *at), *self.writer.value(entry.value)]

    def _order(self, scope: Scope, options: Spelled) -> Pieces:
        given = options.get("orderBy")
        if given is None:
            return []
        value = given.value
        parts = [e.value for e in value.entries] if value.kind == "list" else [value]
        is_known = value.kind in {"list", "mapping"} and not value.is_open
        terms: list[Pieces] = []
        for part in parts:
            is_known = is_known and part.kind == "mapping" and not part.is_open
            for entry in part.entries:
                at = (entry.start, entry.end)
                field = self.names.column(scope.model, entry.key)
                if field is None:
                    terms.append(hole(at))
                    continue
                term = self.filters.column(scope, field, at, entry.key)
                direction = entry.value.get("sort") if entry.value.kind == "mapping" else None
                word = direction.value.text if direction is not None else entry.value.text
                if word == "desc":
                    term.append(Piece(" DESC", entry.value.start, entry.value.end))
                terms.append(term)
        if not is_known:
            terms.append(hole((given.start, given.end)))
        return [Piece(" ORDER BY ", given.start, given.end), *joined(terms, ", ", self.at)]

    def _page(self, options: Spelled, *, one: bool) -> Pieces:
        found: Pieces = []
        take, skip = options.get("take"), options.get("skip")
        if one:
            found += [Piece(" LIMIT 1", *self.at)]
        elif take is not None:
            at = (take.start, take.end)
            found.append(Piece(" LIMIT ", *at))
            text = take.value.text.lstrip("-")
            if take.value.kind == "constant" and text.isdigit():
                found.append(Piece(text, take.value.start, take.value.end))
            else:
                found += self.writer.parameter((take.value.start, take.value.end))
        if skip is not None and skip.value.text != "0":
            found.append(Piece(" OFFSET ", skip.start, skip.end))
            found += self.writer.value(skip.value)
        return found

    def _included(self, model: Model, options: Spelled, depth: int) -> Iterator[Made]:
        """One query for each relation that is included."""
        for word in ("include", "select"):
            given = options.get(word)
            for entry in given.value.entries if given is not None else ():
                field = self.names.relation(model, entry.key)
                if field is None or entry.value.text == "false" or depth >= _DEEPEST:
                    continue
                target = self.names.models.get(field.relation)
                if target is not None:
                    yield from self._related(model, field, target, entry, depth)

    def _related(
        self, model: Model, field: Field, target: Model, entry: Entry, depth: int
    ) -> Iterator[Made]:
        at = (entry.start, entry.end)
        inner = _Maker(self.names, at)
        options = entry.value if entry.value.kind == "mapping" else Spelled("mapping", *at)
        scope = Scope(target, target.table, target.schema)
        source: Pieces = [
            Piece("SELECT ", *at),
            *inner._columns(scope, options),
            Piece(" FROM ", *at),
            *inner.writer.table(target.table, target.schema, at),
        ]
        among = inner.filters.among(model, field, scope, at)
        if among is None:
            return
        tables, condition = among
        pieces = [*source, *tables, *inner._where(scope, options, condition)]
        pieces += inner._order(scope, options)
        yield pieces, (entry.start, entry.end)
        for more, place in inner._included(target, options, depth + 1):
            yield more, place or at

    # Counting -----------------------------------------------------------------------------------

    def grouped(self, model: Model, options: Spelled, action: str) -> Pieces:
        at = self.at
        scope = Scope(model, model.table, model.schema)
        by = options.get("by")
        keys: list[Pieces] = []
        if action == "group" and by is not None:
            listed = [e.value for e in by.value.entries] if by.value.kind == "list" else [by.value]
            for one in listed:
                field = self.names.column(model, one.text) if one.kind == "text" else None
                place = (one.start, one.end)
                keys.append(self.filters.column(scope, field, place) if field else hole(place))
            if by.value.is_open:
                keys.append(hole((by.start, by.end)))
        outputs = [*keys, *self._aggregates(scope, options, action)]
        pieces = [
            Piece("SELECT ", *at),
            *joined(outputs, ", ", at),
            Piece(" FROM ", *at),
            *self.writer.table(model.table, model.schema, at),
            *self._where(scope, options),
        ]
        if keys:
            pieces += [Piece(" GROUP BY ", *at), *joined(keys, ", ", at)]
        having = options.get("having")
        if having is not None:
            pieces += [Piece(" HAVING ", *at), *hole((having.start, having.end))]
        return pieces + (self._page(options, one=False) if action != "count" else [])

    def _aggregates(self, scope: Scope, options: Spelled, action: str) -> Iterator[Pieces]:
        counted = action != "group"
        for entry in options.entries:
            function = FUNCTIONS.get(entry.key)
            for one in entry.value.entries if function else ():
                at = (one.start, one.end)
                field = self.names.column(scope.model, one.key)
                if field is not None:
                    named = self.filters.column(scope, field, at, one.key)
                    yield [Piece(f"{function}(", *at), *named, Piece(")", *at)]
                    counted = False
            if function == "count" and not entry.value.entries:
                counted = True
        if counted:
            yield [Piece("count(*)", *self.at)]

    # Writing ------------------------------------------------------------------------------------

    def insert(self, model: Model, options: Spelled) -> Iterator[Made]:
        data = options.get("data")
        row = data.value if data is not None else Spelled("unknown", *self.at)
        if row.kind == "list":
            row = row.entries[0].value if row.entries else Spelled("unknown", row.start, row.end)
        at = self.at
        columns: list[Pieces] = []
        values: list[Pieces] = []
        written: set[str] = set()
        for column, entry, value in self._data(model, row):
            written.add(column)
            columns.append(self.writer.name(column, (entry.start, entry.end), entry.key))
            values.append(self.writer.value(value))
        if row.kind != "mapping" or row.is_open:
            columns.append(hole((row.start, row.end)))
            values.append(hole((row.start, row.end)))
        else:
            for one in model.create.columns:
                # What is neither given nor made by the database is made by the client.
                is_made = one.nullable or one.default is not None or one.generated
                if one.name not in written and not is_made:
                    columns.append(self.writer.name(one.name, at))
                    values.append(self.writer.parameter(at))
        pieces = [Piece("INSERT INTO ", *at), *self.writer.table(model.table, model.schema, at)]
        if columns:
            pieces += [Piece(" (", *at), *joined(columns, ", ", at), Piece(") VALUES (", *at)]
            pieces += [*joined(values, ", ", at), Piece(")", *at)]
        else:
            pieces.append(Piece(" DEFAULT VALUES", *at))
        yield pieces, None

    def _data(self, model: Model, row: Spelled) -> Iterator[tuple[str, Entry, Spelled]]:
        """The columns that `data` gives, with their values."""
        for entry in row.entries:
            field = self.names.field(model, entry.key)
            if field is None:
                continue
            if field.column:
                yield field.column, entry, entry.value
            elif self.names.owns(model, field) and not field.many:
                # `{customer: {connect: {id}}}` writes the foreign key.
                unknown = Spelled("unknown", entry.value.start, entry.value.end)
                for mine, _ in field.join:
                    yield mine, entry, unknown

    def update(self, model: Model, options: Spelled, word: str) -> Pieces:
        at = self.at
        scope = Scope(model, model.table, model.schema)
        data = options.get(word)
        row = data.value if data is not None else Spelled("unknown", *at)
        changes: list[Pieces] = []
        for column, entry, value in self._data(model, row):
            place = (entry.start, entry.end)
            name = self.writer.name(column, place, entry.key)
            change = value.entries[0] if value.kind == "mapping" and value.entries else None
            if change is not None and change.key in CHANGES:
                sum_ = [*self.writer.name(column, place), Piece(f" {CHANGES[change.key]} ", *place)]
                changes.append(
                    [*name, Piece(" = ", *place), *sum_, *self.writer.value(change.value)]
                )
            else:
                given = change.value if change is not None and change.key == "set" else value
                changes.append([*name, Piece(" = ", *place), *self.writer.value(given)])
        if row.kind != "mapping" or row.is_open or not changes:
            place = (row.start, row.end)
            changes.append([*hole(place), Piece(" = ", *place), *hole(place)])
        return [
            Piece("UPDATE ", *at),
            *self.writer.table(model.table, model.schema, at),
            Piece(" SET ", *at),
            *joined(changes, ", ", at),
            *self._where(scope, options),
        ]

    def delete(self, model: Model, options: Spelled) -> Pieces:
        scope = Scope(model, model.table, model.schema)
        table = self.writer.table(model.table, model.schema, self.at)
        return [Piece("DELETE FROM ", *self.at), *table, *self._where(scope, options)]
