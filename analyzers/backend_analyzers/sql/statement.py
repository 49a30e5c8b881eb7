"""The value model of one SQL statement.

All offsets are byte offsets into the text that was parsed, so that a caller who cut the statement
out of a string literal can map them back to its file. Names are *folded*: compared with ``==`` they
mean what the dialect would mean (PostgreSQL lowers unquoted names, MySQL and SQLite lower all).
The name as it was written is the text of its span.

A statement is flat: scopes refer to their parents by index, and everything that was found says
which scope it was found in. A reference resolves in its own scope first, then outwards.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Dialect = Literal["postgresql", "mysql", "sqlite"]
StatementKind = Literal["select", "insert", "update", "delete", "merge", "ddl", "other"]
Clause = Literal[
    "select",
    "from",
    "join",
    "where",
    "group",
    "having",
    "order",
    "window",
    "limit",
    "set",
    "insert",
    "values",
    "conflict",
    "returning",
]
ScopeRole = Literal["top", "cte", "derived", "subquery", "exists", "in", "arm", "source"]
ScopeKind = Literal["select", "values", "set", "insert", "update", "delete", "merge", "other"]
OperandKind = Literal[
    "column",
    "constant",
    "null",
    "parameter",
    "hole",
    "function",
    "cast",
    "arithmetic",
    "list",
    "row",
    "subquery",
    "any",
    "expression",
]


class TableRef(msgspec.Struct, frozen=True, gc=False):
    """A table named in FROM, JOIN, INTO, UPDATE or USING; ``cte`` is set when a WITH query answers to the name."""

    name: str
    schema: str | None
    alias: str | None
    start: int
    end: int
    name_start: int
    name_end: int
    role: Literal["read", "write", "join"]
    scope: int
    join: str = ""
    column_aliases: tuple[str, ...] = ()
    cte: int | None = None
    catalog: str | None = None

    @property
    def label(self) -> str:
        """The qualifier by which columns refer to this table."""
        return self.alias or self.name


class ColumnRef(msgspec.Struct, frozen=True, gc=False):
    """A column named in an expression or in a list of columns to write.

    ``qualifier`` holds the names before the last dot, outermost first. ``start`` and ``end`` cover
    the qualifier too, ``name_start`` and ``name_end`` only the last name.
    """

    name: str
    qualifier: tuple[str, ...]
    start: int
    end: int
    name_start: int
    name_end: int
    clause: Clause
    scope: int
    quoted: bool = False


class Star(msgspec.Struct, frozen=True, gc=False):
    """A ``*`` or ``t.*`` that stands for columns; the star of ``count(*)`` is not one."""

    start: int
    end: int
    qualifier: tuple[str, ...]
    scope: int
    clause: Literal["select", "returning"]
    in_exists: bool = False


class Output(msgspec.Struct, frozen=True, gc=False):
    """One column that a query gives; ``name`` is None where the name depends on the dialect or is unknown."""

    name: str | None
    start: int
    end: int
    aliased: bool = False
    column: ColumnRef | None = None
    star: bool = False


class Limit(msgspec.Struct, frozen=True, gc=False):
    """The text of LIMIT, FETCH FIRST or OFFSET."""

    text: str
    start: int
    end: int
    kind: Literal["constant", "parameter", "hole", "all", "expression"]


class Cte(msgspec.Struct, frozen=True, gc=False):
    """A WITH query; ``body`` is its scope, None when it could not be read."""

    name: str
    columns: tuple[str, ...]
    scope: int
    body: int | None
    recursive: bool
    start: int
    end: int
    name_start: int
    name_end: int


class Derived(msgspec.Struct, frozen=True, gc=False):
    """A table in FROM that is no stored table: a subquery, VALUES, a function call or an aliased join.

    With neither ``body`` nor ``columns`` its columns are unknown.
    """

    kind: Literal["subquery", "function", "join"]
    alias: str | None
    columns: tuple[str, ...]
    scope: int
    body: int | None
    lateral: bool
    start: int
    end: int


class Operand(msgspec.Struct, frozen=True, gc=False):
    """One side of a predicate.

    ``name`` is the function (lower case), the type of a cast or the arithmetic operator;
    ``arguments`` are the function's arguments, what is cast, or both sides of the operator.
    ``columns`` are all columns of this scope that occur anywhere inside. ``extract(f from x)`` is the function ``extract``
    with the field as its first argument, a constant.
    """

    kind: OperandKind
    start: int
    end: int
    text: str
    columns: tuple[ColumnRef, ...] = ()
    column: ColumnRef | None = None
    name: str = ""
    arguments: tuple[Operand, ...] = ()
    subquery: int | None = None

    @property
    def fixed(self) -> bool:
        """Whether the value is the same for every row: no column, no subquery."""
        return not self.columns and self.kind in {
            "constant",
            "null",
            "parameter",
            "hole",
            "function",
            "cast",
            "arithmetic",
            "list",
        }


class Predicate(msgspec.Struct, frozen=True, gc=False):
    """A comparison in WHERE, HAVING or ON.

    ``operator`` is lower case with single spaces: ``=``, ``<>``, ``in``, ``not in``, ``like``, ``not ilike``,
    ``between``, ``is null``, ``is distinct from``. ``conjunct`` is True when the whole condition can only hold if this
    predicate holds, that is, it is not below OR, NOT or CASE. BETWEEN keeps its upper bound in ``upper``.
    ``leading_wildcard`` is True for LIKE with a literal pattern that begins with a wildcard.
    """

    operator: str
    left: Operand
    right: Operand | None
    start: int
    end: int
    operator_start: int
    operator_end: int
    scope: int
    clause: Clause
    conjunct: bool
    upper: Operand | None = None
    leading_wildcard: bool = False


class Scope(msgspec.Struct, frozen=True, gc=False):
    """A query level: SELECT, VALUES, one arm of UNION, or the whole of an INSERT, UPDATE, DELETE or MERGE.

    ``isolated``: names do not see the tables of the parent, only those of its parents (a derived
    table without LATERAL, a WITH query, the source of an INSERT). ``open``: there may be tables or
    names that could not be read, so a name that does not resolve proves nothing. ``arms``: scopes
    of a UNION, INTERSECT or EXCEPT, whose names come from the first. ``merged``: columns of USING.
    """

    id: int
    parent: int | None
    kind: ScopeKind
    role: ScopeRole
    start: int
    end: int
    outputs: tuple[Output, ...] = ()
    limit: Limit | None = None
    offset: Limit | None = None
    distinct: bool = False
    grouped: bool = False
    aggregated: bool = False
    ordered: bool = False
    filtered: bool = False
    isolated: bool = False
    open: bool = False
    natural: bool = False
    arms: tuple[int, ...] = ()
    merged: tuple[str, ...] = ()
    list_end: int = 0


class Statement(msgspec.Struct, frozen=True, gc=False):
    """One statement. ``scopes[0]`` is the statement itself, if it is a query or changes rows.

    ``complete`` is False when the parser met an error or a hole may hide structure (a clause, a
    list, a table): then what was found is there, but what was not found may be there too.
    """

    kind: StatementKind
    dialect: Dialect
    start: int
    end: int
    complete: bool
    scopes: tuple[Scope, ...] = ()
    tables: tuple[TableRef, ...] = ()
    ctes: tuple[Cte, ...] = ()
    derived: tuple[Derived, ...] = ()
    columns: tuple[ColumnRef, ...] = ()
    stars: tuple[Star, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    parameters: tuple[tuple[int, int], ...] = ()

    @property
    def top(self) -> Scope | None:
        """The outermost scope, or None for a statement that is no query."""
        return self.scopes[0] if self.scopes else None

    @property
    def limit(self) -> Limit | None:
        """The outermost LIMIT."""
        return self.scopes[0].limit if self.scopes else None
