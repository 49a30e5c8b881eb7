"""The parts of a statement of knex's query builder: tables, columns, values and conditions."""

from __future__ import annotations

import re

import msgspec

from backend_analyzers.facts.orm.spelled import Spelled
from backend_analyzers.facts.orm.writing import Piece, Pieces, Writer, hole, joined
from backend_analyzers.libraries.knex_queries import OPERATORS
from backend_analyzers.sql.statement import Dialect

Range = tuple[int, int]

QUERY = "query"
"""The text of a value that is a query or a callback of its own."""


class Step(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One method of a chain with its arguments; a text that is `raw` SQL is open."""

    name: str
    start: int
    end: int
    given: tuple[Spelled, ...]

    @property
    def at(self) -> Range:
        return self.start, self.end


class Parts:
    """Writes the parts of one statement."""

    def __init__(self, dialect: Dialect) -> None:
        self.writer = Writer(dialect)

    def source(self, text: str, at: Range) -> Pieces:
        """`orders as o` and `schema.orders`."""
        name, _, alias = split_alias(text)
        schema, _, table = name.rpartition(".")
        found = self.writer.table(table, schema or None, at)
        if alias:
            found += [Piece(" AS ", *at), *self.writer.name(alias, at)]
        return found

    def column(self, text: str, at: Range) -> Pieces:
        """`o.id as order`, `o.*` and `*`."""
        name, _, alias = split_alias(text)
        parts: list[Pieces] = [
            [Piece("*", *at)] if part == "*" else self.writer.name(part, at)
            for part in name.split(".")
        ]
        found = joined(parts, ".", at)
        if alias:
            found += [Piece(" AS ", *at), *self.writer.name(alias, at)]
        return found

    def raw(self, value: Spelled) -> Pieces:
        """SQL that is written out; its question marks are parameters, two are a name."""
        at = (value.start, value.end)
        if value.kind != "text":
            return hole(at)
        found: Pieces = []
        for part in re.split(r"(\?\??)", value.text):
            if part == "?":
                found += self.writer.parameter(at)
            elif part == "??":
                found += hole(at)
            elif part:
                found.append(Piece(part, *at))
        return found

    def named(self, value: Spelled) -> Pieces:
        """A column that is given: a text is its name, unless it is raw."""
        if value.kind != "text":
            return hole((value.start, value.end))
        return (
            self.raw(value) if value.is_open else self.column(value.text, (value.start, value.end))
        )

    def value(self, value: Spelled) -> Pieces:
        if value.kind == "text" and value.is_open:
            return self.raw(value)
        return self.writer.value(value)

    def values(self, value: Spelled) -> Pieces:
        """What stands behind IN."""
        at = (value.start, value.end)
        if value.kind == "text" and value.is_open:
            return [Piece("(", *at), *self.raw(value), Piece(")", *at)]
        return self.writer.values(value)

    def condition(self, step: Step, kind: str) -> Pieces:
        given, at = step.given, step.at
        if not given:
            return hole(at)
        if kind == "raw":
            return [Piece("(", *at), *self.raw(given[0]), Piece(")", *at)]
        if kind in {"exists", "notexists"}:
            return hole(at)
        if given[0].kind == "mapping" and kind in {"", "not"}:
            return self.object(given[0], is_negated=kind == "not")
        if given[0].kind != "text":
            return hole(at)
        column = self.named(given[0])
        if kind in {"null", "notnull"}:
            word = " IS NULL" if kind == "null" else " IS NOT NULL"
            return [*column, Piece(word, *at)]
        if len(given) < 2:  # noqa: PLR2004 - a column and a value
            return self.raw(given[0]) if given[0].is_open else hole(at)
        if kind in {"in", "notin"}:
            if given[1].text == QUERY and given[1].kind == "unknown":
                return hole(at)
            word = " IN " if kind == "in" else " NOT IN "
            return [*column, Piece(word, *at), *self.values(given[1])]
        if kind in {"between", "notbetween"}:
            word = " BETWEEN " if kind == "between" else " NOT BETWEEN "
            return [*column, Piece(word, *at), *self.bounds(given[1])]
        if kind in {"like", "ilike"}:
            return [*column, Piece(f" {kind.upper()} ", *at), *self.value(given[1])]
        return self.compared(step, column, is_negated=kind == "not")

    def bounds(self, value: Spelled) -> Pieces:
        at = (value.start, value.end)
        if value.kind == "list" and len(value.entries) == 2:  # noqa: PLR2004 - from and to
            low, high = (self.value(entry.value) for entry in value.entries)
        else:
            low, high = self.writer.parameter(at), self.writer.parameter(at)
        return [*low, Piece(" AND ", *at), *high]

    def compared(self, step: Step, column: Pieces, *, is_negated: bool) -> Pieces:
        given, at = step.given, step.at
        sign, value = "=", given[1]
        if len(given) > 2:  # noqa: PLR2004 - with an operator
            if given[1].kind != "text" or given[1].text.lower() not in OPERATORS:
                return hole(at)
            sign, value = given[1].text.upper(), given[2]
        if sign in {"IN", "NOT IN"}:
            found = [*column, Piece(f" {sign} ", *at), *self.values(value)]
        elif sign in {"BETWEEN", "NOT BETWEEN"}:
            found = [*column, Piece(f" {sign} ", *at), *self.bounds(value)]
        elif value.is_null and sign in {"=", "IS"}:
            found = [*column, Piece(" IS NULL", *at)]
        elif value.is_null:
            found = [*column, Piece(" IS NOT NULL", *at)]
        else:
            found = [*column, Piece(f" {sign} ", *at), *self.value(value)]
        return [Piece("NOT (", *at), *found, Piece(")", *at)] if is_negated else found

    def object(self, value: Spelled, *, is_negated: bool) -> Pieces:
        at = (value.start, value.end)
        parts: list[Pieces] = []
        for entry in value.entries:
            place = (entry.start, entry.end)
            column = self.key(entry.key, place)
            if entry.value.is_null:
                parts.append([*column, Piece(" IS NULL", *place)])
            else:
                parts.append([*column, Piece(" = ", *place), *self.value(entry.value)])
        if value.is_open:
            parts.append(hole(at))
        found = joined(parts, " AND ", at)
        return [Piece("NOT (", *at), *found, Piece(")", *at)] if found and is_negated else found

    def key(self, key: str, at: Range) -> Pieces:
        """A key of an object, which stands in the code as it is."""
        parts = [self.writer.name(part, at, key) for part in key.split(".")]
        return joined(parts, ".", at)


def split_alias(text: str) -> tuple[str, str, str]:
    found = re.match(r"(?i)\s*(\S+)\s+as\s+(\S+)\s*\Z", text)
    return (found[1], " as ", found[2]) if found else (text.strip(), "", "")
