"""Whole statements out of lowered queries: SELECT in its forms, INSERT, UPDATE, DELETE."""

from __future__ import annotations

from typing import Literal, NamedTuple

from backend_analyzers.facts.django.calls import Unreadable, arguments
from backend_analyzers.facts.django.catalog import Catalog
from backend_analyzers.facts.django.expressions import expression, operand
from backend_analyzers.facts.django.lower import Lowered
from backend_analyzers.facts.django.rows import Reader, Rows, Step
from backend_analyzers.facts.django.select import Sources
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.facts.django.written import (
    PARAMETER,
    Part,
    Parts,
    column_parts,
    hole,
    joined,
)
from backend_analyzers.sql.names import quoted

Fetches = Literal["one", "many", "unknown"]

_GET_LIMIT = "21"
"""`get` reads this many rows, to say how many there are when it is not one."""


class Statement(NamedTuple):
    """A statement and what its call wants of the rows."""

    parts: Parts
    fetches: Fetches


def statement(known: Catalog, reader: Reader, rows: Rows, *, many: bool) -> Statement | None:
    """The statement of a query, None when it cannot be said."""
    writer = _Writer(known, reader)
    try:
        return writer.statement(rows, many=many)
    except Unreadable:
        return None


class _Writer:
    def __init__(self, known: Catalog, reader: Reader) -> None:
        self.known = known
        self.reader = reader
        self._depth = 0

    def nested(self, term: Term, around: Sources, exists: bool) -> Parts | None:
        """A query inside of another."""
        if self._depth > 4:  # noqa: PLR2004 - deeper ones are mistakes
            return None
        found = self.reader.thing(term)
        if not isinstance(found, Rows) or found.running is not None:
            return None
        self._depth += 1
        try:
            lowered = Lowered(self.known, found, self.nested, around)
            if exists:
                return self._exists(lowered)
            if lowered.outputs is None and not lowered.extra:
                key = self.known.fields(found.label).get("pk")
                if key is None:
                    return None
                lowered.outputs = [lowered.sources.column(key, lowered.sources.alias, lowered.at)]
            return self.select(lowered, ordered=lowered.is_sliced)
        except Unreadable:
            return None
        finally:
            self._depth -= 1

    def statement(self, rows: Rows, *, many: bool) -> Statement:
        """The statement that the running method sends."""
        step = rows.running
        lowered = Lowered(self.known, rows, self.nested)
        if step is None:
            return Statement(self.select(lowered), "many" if many else "unknown")
        match step.method:
            case "get" | "get_or_create" | "update_or_create":
                return Statement(self._get(lowered, step), "one")
            case "first" | "last" | "earliest" | "latest":
                return Statement(self._first(lowered, step), "one")
            case "[]":
                return Statement(self._at_index(lowered, step), "one")
            case "count":
                return Statement(self._count(lowered), "one")
            case "exists" | "contains":
                return Statement(self._exists(lowered), "one")
            case "aggregate":
                return Statement(self._aggregate(lowered, step), "one")
            case "iterator":
                return Statement(self.select(lowered), "many")
            case "in_bulk":
                return Statement(self._in_bulk(lowered, step), "many")
            case "create" | "bulk_create":
                return Statement(self._insert(lowered, step), "unknown")
            case "update":
                return Statement(self._update(lowered, step), "unknown")
            case "delete":
                return Statement(self._delete(lowered), "unknown")
            case _:
                raise Unreadable

    # SELECT -------------------------------------------------------------------------------------

    def select(
        self,
        lowered: Lowered,
        outputs: list[Parts] | None = None,
        *,
        ordered: bool = True,
        grouped: bool = True,
    ) -> Parts:
        """A SELECT with all its clauses."""
        at = lowered.at
        if outputs is None:
            listed = lowered.outputs if lowered.outputs is not None else lowered.all_columns()
            outputs = [*listed, *lowered.extra]
        order = lowered.ordering() if ordered else []
        found = [Part("SELECT ", *at), *(lowered.distinct or [])]
        found += joined(outputs, ", ", *at)
        found += [Part(" FROM ", *at), *lowered.sources.from_parts()]
        found += self._where(lowered)
        if grouped and lowered.aggregates:
            groups = lowered.groups if lowered.groups is not None else lowered.all_columns()
            if groups:
                found += [Part(" GROUP BY ", *at), *joined(groups, ", ", *at)]
        if lowered.having:
            found += [Part(" HAVING ", *at), *joined(lowered.having, " AND ", *at)]
        if order:
            if lowered.is_reversed:
                order = [_turned(one) for one in order]
            found += [Part(" ORDER BY ", *at), *joined(order, ", ", *at)]
        if lowered.limit:
            found += [Part(" LIMIT ", *at), *lowered.limit]
        if lowered.offset:
            found += [Part(" OFFSET ", *at), *lowered.offset]
        if lowered.locking:
            found.append(Part(" FOR UPDATE", *at))
        return found

    def _where(self, lowered: Lowered) -> Parts:
        if not lowered.where:
            return []
        return [Part(" WHERE ", *lowered.at), *joined(lowered.where, " AND ", *lowered.at)]

    def _get(self, lowered: Lowered, step: Step) -> Parts:
        call = step.call
        if step.method != "get":
            kept = [
                (name, part, start)
                for name, part, start in zip(
                    call.names,
                    call.parts[1:],
                    call.starts or (call.start,) * len(call.names),
                    strict=True,
                )
                if name not in {"defaults", "create_defaults"}
            ]
            call = Term(
                "call",
                call.start,
                call.end,
                call.text,
                parts=(call.parts[0], *(part for _, part, _ in kept)),
                names=tuple(name for name, _, _ in kept),
                starts=tuple(start for _, _, start in kept),
            )
        if call.names:
            lowered.filter(call)
        lowered.limit = lowered.limit or [Part(_GET_LIMIT, *lowered.at)]
        return self.select(lowered, ordered=False)

    def _first(self, lowered: Lowered, step: Step) -> Parts:
        at = lowered.at
        if step.method in {"earliest", "latest"}:
            lowered.order = None if not step.call.positional() else lowered.order
            if step.call.positional():
                lowered.order_by(step.call)
            backwards = step.method == "latest"
        else:
            backwards = step.method == "last"
        if not lowered.is_sliced:
            if not lowered.ordering():
                key = self.known.fields(lowered.rows.label).get("pk")
                if key is not None:
                    column = lowered.sources.column(key, lowered.sources.alias, at)
                    lowered.order = [[*column, Part(" ASC", *at)]]
            if backwards:
                lowered.is_reversed = not lowered.is_reversed
            lowered.limit = [Part("1", step.call.start, step.call.end)]
        return self.select(lowered)

    def _at_index(self, lowered: Lowered, step: Step) -> Parts:
        index = step.call.parts[1]
        if lowered.is_sliced:
            raise Unreadable
        lowered.limit = [Part("1", index.start, index.end)]
        if index.value != 0:
            lowered.offset = operand(index, lowered.sources)
        return self.select(lowered)

    def _count(self, lowered: Lowered) -> Parts:
        at = lowered.at
        if lowered.is_sliced or lowered.distinct or lowered.aggregates:
            inner = self.select(lowered, ordered=lowered.is_sliced)
            return [Part("SELECT count(*) FROM (", *at), *inner, Part(") subquery", *at)]
        return self.select(lowered, [[Part("count(*)", *at)]], ordered=False)

    def _exists(self, lowered: Lowered) -> Parts:
        at = lowered.at
        lowered.limit = lowered.limit or [Part("1", *at)]
        lowered.distinct = None
        return self.select(lowered, [[Part("1 AS a", *at)]], ordered=False)

    def _aggregate(self, lowered: Lowered, step: Step) -> Parts:
        at = lowered.at
        if lowered.is_sliced or lowered.aggregates or lowered.distinct:
            raise Unreadable
        outputs: list[Parts] = []
        named = [(name, value) for name, value, _ in arguments(step.call)]
        for name, value in [*named, *(("", one) for one in step.call.positional())]:
            lowered.sources.outer_joins = True
            found = expression(value, lowered.sources)
            lowered.sources.outer_joins = False
            alias = [Part(f" AS {quoted(name)}", value.start, value.end)] if name else []
            outputs.append(
                [*found, *alias] if found is not None else [hole(value.start, value.end)]
            )
        return self.select(lowered, outputs or [[hole(*at)]], ordered=False)

    def _in_bulk(self, lowered: Lowered, step: Step) -> Parts:
        key = self.known.fields(lowered.rows.label).get("pk")
        if key is None or step.call.argument("field_name") is not None:
            raise Unreadable
        at = (step.call.start, step.call.end)
        column = column_parts(lowered.sources.alias, key.column, *at, None)
        if step.call.positional():
            lowered.where.append([*column, Part(f" IN ({PARAMETER})", *at)])
        return self.select(lowered)

    # Writing ------------------------------------------------------------------------------------

    def _insert(self, lowered: Lowered, step: Step) -> Parts:
        at, call = lowered.at, step.call
        table = self.known.shapes[lowered.sources.label]
        given = {name: (value, start) for name, value, start in arguments(call)}
        names: list[Parts] = []
        values: list[Parts] = []
        for field in table.fields:
            if not field.column or field.kind in {"AutoField", "BigAutoField", "SmallAutoField"}:
                continue
            if field.kind == "GeneratedField":
                continue
            found = given.get(field.name) or given.get(field.attname)
            exact = None
            if found is not None and field.column in given:
                exact = (found[1], found[1] + len(field.column.encode()))
            names.append(column_parts("", field.column, *at, exact))
            value = found[0] if found is not None and step.method == "create" else None
            is_plain = value is not None and value.kind == "constant"
            values.append(
                operand(value, lowered.sources)
                if value is not None and is_plain
                else [Part(PARAMETER, *at)]
            )
        if not names:
            raise Unreadable
        found_parts = [Part(f"INSERT INTO {quoted(table.table)} (", *at), *joined(names, ", ", *at)]
        found_parts += [Part(") VALUES (", *at), *joined(values, ", ", *at), Part(")", *at)]
        if table.key is not None:
            found_parts.append(Part(f" RETURNING {quoted(table.key.column)}", *at))
        return found_parts

    def _update(self, lowered: Lowered, step: Step) -> Parts:
        at, call = lowered.at, step.call
        if lowered.is_sliced or lowered.aggregates:
            raise Unreadable
        fields = self.known.fields(lowered.rows.label)
        changes: list[Parts] = []
        for name, value, start in arguments(call):
            field = fields.get(name)
            if field is None or not field.column or field.model:
                raise Unreadable
            exact = (start, start + len(name.encode())) if field.column == name else None
            column = column_parts("", field.column, start, value.end, exact)
            changes.append(
                [*column, Part(" = ", start, value.end), *operand(value, lowered.sources)]
            )
        if call.is_spread or not changes:
            changes.append([hole(call.start, call.end)])
        head = [
            Part("UPDATE ", *at),
            Part(quoted(lowered.sources.table), *at),
            Part(" SET ", *at),
            *joined(changes, ", ", *at),
        ]
        return [*head, *self._restricted(lowered)]

    def _delete(self, lowered: Lowered) -> Parts:
        table = Part(quoted(lowered.sources.table), *lowered.at)
        head = [Part("DELETE FROM ", *lowered.at), table]
        if lowered.aggregates:
            raise Unreadable
        return [*head, *self._restricted(lowered)]

    def _restricted(self, lowered: Lowered) -> Parts:
        """WHERE of a statement that writes: by the keys of a query where that joins."""
        at = lowered.at
        if not lowered.sources.joins and not lowered.is_sliced:
            return self._where(lowered)
        key = self.known.fields(lowered.rows.label).get("pk")
        if key is None:
            raise Unreadable
        column = lowered.sources.column(key, lowered.sources.alias, at)
        inner = self.select(lowered, [column], ordered=lowered.is_sliced)
        outer = column_parts("", key.column, *at, None)
        return [Part(" WHERE ", *at), *outer, Part(" IN (", *at), *inner, Part(")", *at)]


def _turned(order: Parts) -> Parts:
    """One key of an order, the other way."""
    last = order[-1]
    for word, other in ((" ASC", " DESC"), (" DESC", " ASC")):
        if last.text.endswith(word):
            return [*order[:-1], last._replace(text=last.text.removesuffix(word) + other)]
    return [*order, Part(" DESC", last.start, last.end)]
