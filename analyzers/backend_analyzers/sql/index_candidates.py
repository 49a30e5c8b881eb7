"""Indexes that might make a statement cheaper.

These are guesses for the planner to judge: each follows from how the statement looks for, joins or
sorts the rows of one table.  Whether it is used, and what it saves, only the planner says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import Literal

import msgspec

from backend_analyzers.sql.ddl import IndexKey
from backend_analyzers.sql.index_uses import RANGES, Use, unordered
from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.resolve import resolve
from backend_analyzers.sql.schema import Index, Schema, Table, find_column
from backend_analyzers.sql.statement import Operand, Statement

MOST = 40
"""Candidates for one statement; the planner takes some milliseconds for each."""

_MOST_KEYS = 4
_MOST_INCLUDED = 4
_NAME = 63
"""The longest name that PostgreSQL keeps."""

_CONTAINS = frozenset({"@>", "<@", "&&", "?", "?|", "?&"})
_VOLATILE = re.compile(r"\b(?:now|random|clock_timestamp|current_\w+|nextval)\b", re.IGNORECASE)
_PATTERNS = frozenset({"like", "ilike", "~", "~*", "similar to"})
_TIMES = ("timestamp", "date")
_LONG = ("text", "varchar", "character varying", "uuid", "bytea", "char")


class IndexCandidate(msgspec.Struct, frozen=True, gc=False):
    """An index that does not exist yet.  `keys` are columns or expressions in parentheses, as SQL."""

    table: str
    """The key of the table in `Schema.tables`."""
    keys: tuple[str, ...]
    method: Literal["btree", "gin", "brin", "hash"] = "btree"
    include: tuple[str, ...] = ()
    where: str = ""
    extension: str = ""
    """An extension that it needs."""
    rare: str = ""
    """The column whose value `where` fixes: only one of few values makes an index of a part."""

    def name(self, schema: Schema) -> str:
        """A name in the way that PostgreSQL makes them: `orders_customer_id_idx`."""
        table = schema.tables[self.table].name
        told = (*self.keys, *(("where", self.where) if self.where else ()))
        words = "_".join(re.sub(r"\W+", "_", key).strip("_").lower() for key in told)
        stem = f"{table}_{words}"[: _NAME - 6].rstrip("_") + "_idx"
        taken = {index.name for one in schema.tables.values() for index in one.indexes}
        numbered = (f"{stem}{number}" for number in range(1, 100))
        return next(name for name in (stem, *numbered) if name not in taken)

    def ddl(self, schema: Schema, *, name: str = "", concurrently: bool = False) -> str:
        """The statement that makes it, by default with the name that it should have."""
        table = schema.tables[self.table]
        label = quoted(table.name)
        if table.schema != "public":
            label = f"{quoted(table.schema)}.{label}"
        how = "" if self.method == "btree" else f" USING {self.method}"
        include = f" INCLUDE ({', '.join(self.include)})" if self.include else ""
        where = f" WHERE {self.where}" if self.where else ""
        build = "CREATE INDEX CONCURRENTLY" if concurrently else "CREATE INDEX"
        called = quoted(name or self.name(schema))
        return f"{build} {called} ON {label}{how} ({', '.join(self.keys)}){include}{where}"


def index_candidates(text: str, statement: Statement, schema: Schema) -> tuple[IndexCandidate, ...]:
    """What might help a statement of `text`, the most promising first; none that exists already."""
    found: dict[IndexCandidate, None] = {}
    if statement.kind in {"select", "update", "delete"}:
        resolution = resolve(statement, schema)
        uses = [
            Use(text, statement, resolution, source, schema.tables[resolved.table])
            for source, resolved in enumerate(resolution.tables)
            if resolved.table is not None
        ]
        for make in (_lookups, _sorted, _partial, _special, _covering, _blocks, _hashed):
            for use in uses:
                if use.table.kind in {"table", "materialized view"}:
                    found.update(dict.fromkeys(make(use)))
    fresh = (c for c in found if not _exists(c, schema.tables[c.table]))
    return tuple(fresh)[:MOST]


def made_redundant(candidate: IndexCandidate, table: Table) -> tuple[Index, ...]:
    """The indexes of a table that a new one can do all the work of."""
    if candidate.method != "btree" or candidate.where:
        return ()
    keys = [_plain(key) for key in candidate.keys]
    beside = {*map(unordered, candidate.keys), *candidate.include}
    return tuple(
        index
        for index in table.indexes
        if index.kind == "index"
        and not index.unique
        and index.method == "btree"
        and index.where is None
        and 0 < len(index.keys) <= len(keys)
        and [_key_of(key) for key in index.keys] == keys[: len(index.keys)]
        and {quoted(name) for name in index.include} <= beside
    )


def _lookups(use: Use) -> Iterator[IndexCandidate]:
    """The columns that are compared, constants before joins, one range at the end."""
    constant, joined, bounds = use.constants(), use.joined(), use.bounds()
    for columns in ((*constant, *joined), constant, *((name,) for name in joined)):
        if columns:
            yield _index(use, columns)
            for bound in bounds:
                yield _index(use, (*columns, bound))
    for name in joined if constant else ():
        yield _index(use, (name, *constant))
    if 1 < len(constant) <= _MOST_KEYS - 1:
        for order in list(permutations(constant))[1:6]:
            yield _index(use, order)
    for bound in bounds:
        yield _index(use, (bound,))
    for name in constant:
        yield _index(use, (name,))


def _sorted(use: Use) -> Iterator[IndexCandidate]:
    """What is compared, then what is sorted or grouped by: no sort is left to do."""
    constant, joined = use.constants(), use.joined()
    for keys in (use.order(), use.groups(), use.extremes()):
        if keys and len(keys) <= _MOST_KEYS:
            for before in (constant, (*constant, *joined), ()):
                yield _index(use, (*(c for c in before if c not in keys), *keys))


def _partial(use: Use) -> Iterator[IndexCandidate]:
    """Only the rows that a constant condition leaves, by whatever else is asked."""
    for name, condition in use.fixed.items():
        if _VOLATILE.search(condition):
            continue
        rare = name if " = " in condition or " IN (" in condition else ""
        others = [quoted(other) for other in use.equal if other != name]
        bounds = tuple(bound for bound in use.bounds()[:1] if bound != quoted(name))
        ways = ((*others, *(use.order() or use.groups())), (*others, *bounds), use.order(), bounds)
        for keys in dict.fromkeys(way for way in ways if way):
            yield _index(use, keys, where=condition, rare=rare)
        if not any(ways) and use.table.primary_key:
            key = tuple(map(quoted, use.table.primary_key))
            yield _index(use, key, where=condition, rare=rare)


def _special(use: Use) -> Iterator[IndexCandidate]:
    """Expressions, arrays, documents, full text, and patterns that begin with anything."""
    for predicate in use.special:
        operand, other = predicate.left, predicate.right
        operator = predicate.operator
        if operator == "@@" and other is not None:
            for side in (operand, other):
                if _is_of(use, side) and "tsquery" not in side.text.lower():
                    yield _index(use, (_key(use, side),), method="gin")
        elif operator in _CONTAINS and use.own(operand.column) is not None:
            column = use.own(operand.column)
            if operator == "@>" and column is not None and column.type == "jsonb":
                yield _index(use, (f"{_key(use, operand)} jsonb_path_ops",), method="gin")
            yield _index(use, (_key(use, operand),), method="gin")
        elif operator in _PATTERNS and _is_of(use, operand):
            if operator == "like" and not predicate.leading_wildcard:
                yield _index(use, (f"{_key(use, operand)} text_pattern_ops",))
                constant = use.constants()
                if constant:
                    yield _index(use, (*constant, f"{_key(use, operand)} text_pattern_ops"))
            yield _index(
                use, (f"{_key(use, operand)} gin_trgm_ops",), method="gin", extension="pg_trgm"
            )
        elif (
            operator in {"=", "in", *RANGES}
            and _is_of(use, operand)
            and other is not None
            and not other.columns
            and operand.column is None
        ):
            yield _index(use, (_key(use, operand),))
            if use.constants():
                yield _index(use, (*use.constants(), _key(use, operand)))


def _covering(use: Use) -> Iterator[IndexCandidate]:
    """The lookup with all that is read beside it, so that the table is not visited."""
    constant, joined, bounds = use.constants(), use.joined(), use.bounds()
    order = use.order() or use.groups()
    for before, after in (
        (constant or joined, order),
        (constant or joined, bounds[:1]),
        ((*constant, *joined), ()),
    ):
        keys = (*(key for key in before if key not in after), *after)
        rest = use.without(keys)
        if keys and len(keys) <= _MOST_KEYS and 0 < len(rest) <= _MOST_INCLUDED:
            yield _index(use, keys, include=rest)


def _blocks(use: Use) -> Iterator[IndexCandidate]:
    """A summary of each range of blocks, for times in the order of which rows arrive."""
    for name in dict.fromkeys(use.ranges):
        column = find_column(use.table, name)
        if column is not None and column.type.startswith(_TIMES):
            yield _index(use, (quoted(name),), method="brin")


def _hashed(use: Use) -> Iterator[IndexCandidate]:
    """Long values that are only ever looked up as a whole take less room as hashes."""
    constant = [name for name, is_fixed in use.equal.items() if is_fixed]
    if len(use.equal) == len(constant) == 1 and not use.ranges and not use.order():
        column = find_column(use.table, constant[0])
        if column is not None and column.type.startswith(_LONG):
            yield _index(use, (quoted(column.name),), method="hash")


def _index(
    use: Use,
    keys: Iterable[str],
    *,
    method: Literal["btree", "gin", "brin", "hash"] = "btree",
    include: tuple[str, ...] = (),
    where: str = "",
    extension: str = "",
    rare: str = "",
) -> IndexCandidate:
    shown = tuple(dict.fromkeys(keys))[:_MOST_KEYS]
    return IndexCandidate(use.table.key, shown, method, include, where, extension, rare)


def _is_of(use: Use, operand: Operand) -> bool:
    """Whether an operand is made of columns of this table and of nothing that changes."""
    return (
        bool(operand.columns)
        and all(use.own(ref) is not None for ref in operand.columns)
        and operand.kind in {"column", "function", "cast", "arithmetic", "expression"}
        and not _VOLATILE.search(operand.text)
    )


def _key(use: Use, operand: Operand) -> str:
    """An operand as the key of an index: a column, or an expression without qualifiers."""
    if operand.column is not None:
        return quoted(operand.column.name)
    pieces, last = [], operand.start
    for ref in sorted(operand.columns, key=lambda ref: ref.start):
        pieces += [use.text[last : ref.start].decode(errors="replace"), quoted(ref.name)]
        last = ref.end
    pieces.append(use.text[last : operand.end].decode(errors="replace"))
    return f"({''.join(pieces)})"


def _exists(candidate: IndexCandidate, table: Table) -> bool:
    return any(_serves(index, candidate) for index in table.indexes)


def _serves(index: Index, candidate: IndexCandidate) -> bool:
    """Whether an index begins with the same keys: then a new one is little better."""
    methods = {"btree", "hash"} if candidate.method == "hash" else {candidate.method}
    if index.method not in methods or candidate.include or index.where is not None:
        return False
    keys = [_key_of(key) for key in index.keys]
    wanted = [_plain(key) for key in candidate.keys]
    return not candidate.where and keys[: len(wanted)] == wanted


def _key_of(key: IndexKey) -> str:
    opclass = f" {key.opclass}" if key.opclass else ""
    return _plain(f"{key.text or key.column or ''}{opclass}{' DESC' if key.descending else ''}")


def _plain(key: str) -> str:
    """A key without what makes no difference, so that two can be compared."""
    bare = re.sub(r'[\s()"]+|\bDESC\b|\bASC\b', " ", key, flags=re.IGNORECASE).strip().lower()
    return f"{bare} desc" if re.search(r"\bDESC\b", key, re.IGNORECASE) else bare
