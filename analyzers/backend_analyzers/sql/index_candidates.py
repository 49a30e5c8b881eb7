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

from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.resolve import ColumnResolution, Resolution, resolve
from backend_analyzers.sql.schema import Index, Schema, SchemaColumn, Table, find_column
from backend_analyzers.sql.statement import ColumnRef, Operand, Predicate, Statement

MOST = 24
"""Candidates for one statement; the planner takes tens of milliseconds for each."""

_MOST_KEYS = 4
_MOST_INCLUDED = 4
_NAME = 63
"""The longest name that PostgreSQL keeps."""

_RANGES = frozenset({"<", "<=", ">", ">=", "between"})
_CONTAINS = frozenset({"@>", "<@", "&&", "?", "?|", "?&"})
_ORDERED = re.compile(r"\s*(asc|desc)?\b\s*(?:nulls\s+(first|last))?", re.IGNORECASE)
_VOLATILE = re.compile(r"\b(?:now|random|clock_timestamp|current_\w+|nextval)\b", re.IGNORECASE)
_TIMES = ("timestamp", "date")


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

    def name(self, schema: Schema) -> str:
        """A name in the way that PostgreSQL makes them: `orders_customer_id_idx`."""
        table = schema.tables[self.table].name
        told = (*self.keys, *(("where", self.where) if self.where else ()))
        words = "_".join(re.sub(r"\W+", "_", key).strip("_").lower() for key in told)
        return f"{table}_{words}"[: _NAME - 4].rstrip("_") + "_idx"

    def ddl(self, schema: Schema, *, concurrently: bool = False) -> str:
        """The statement that makes it."""
        table = schema.tables[self.table]
        label = quoted(table.name)
        if table.schema != "public":
            label = f"{quoted(table.schema)}.{label}"
        how = "" if self.method == "btree" else f" USING {self.method}"
        include = f" INCLUDE ({', '.join(self.include)})" if self.include else ""
        where = f" WHERE {self.where}" if self.where else ""
        build = "CREATE INDEX CONCURRENTLY" if concurrently else "CREATE INDEX"
        name = quoted(self.name(schema))
        return f"{build} {name} ON {label}{how} ({', '.join(self.keys)}){include}{where}"


def index_candidates(text: str, statement: Statement, schema: Schema) -> tuple[IndexCandidate, ...]:
    """What might help a statement of `text`, the most promising first; none that exists already."""
    found: dict[IndexCandidate, None] = {}
    if statement.kind in {"select", "update", "delete"}:
        resolution = resolve(statement, schema)
        uses = [
            _Use(text, statement, resolution, source, schema.tables[resolved.table])
            for source, resolved in enumerate(resolution.tables)
            if resolved.table is not None
        ]
        for make in (_lookups, _sorted, _partial, _special, _covering, _blocks):
            for use in uses:
                if use.table.kind in {"table", "materialized view"}:
                    found.update(dict.fromkeys(make(use)))
    fresh = (c for c in found if not _exists(c, schema.tables[c.table]))
    return tuple(fresh)[:MOST]


class _Use:
    """How a statement uses the rows of one of its tables, gathered once."""

    def __init__(
        self, text: str, statement: Statement, resolution: Resolution, source: int, table: Table
    ) -> None:
        self.text = text.encode(errors="replace")
        self.statement = statement
        self.source = source
        self.table = table
        self.scope = statement.tables[source].scope
        self.resolved = {
            (ref.start, ref.end): found
            for ref, found in zip(statement.columns, resolution.columns, strict=True)
        }
        self.equal: dict[str, bool] = {}
        """Columns compared with `=`, and whether the other side is the same for all rows."""
        self.ranges: list[str] = []
        self.fixed: dict[str, str] = {}
        """Columns that are always compared with the same constant, and the text of that."""
        self.special: list[Predicate] = []
        for predicate in statement.predicates:
            if (
                predicate.scope == self.scope
                and predicate.conjunct
                and predicate.clause != "having"
            ):
                self._take(predicate)
        self._booleans()

    def own(self, ref: ColumnRef | None) -> SchemaColumn | None:
        """The column of this table that a reference means."""
        found = self._found(ref)
        if ref is None or found is None or found.source != self.source:
            return None
        return find_column(self.table, ref.name)

    def _found(self, ref: ColumnRef | None) -> ColumnResolution | None:
        return self.resolved.get((ref.start, ref.end)) if ref is not None else None

    def _take(self, predicate: Predicate) -> None:
        sides = [(predicate.left, predicate.right, predicate.operator)]
        if predicate.right is not None and predicate.operator in {"=", *_RANGES}:
            sides.append((predicate.right, predicate.left, predicate.operator))
        for side, other, operator in sides:
            column = self.own(side.column)
            if column is None:
                continue
            if operator in {"=", "in", "is null"} and not self._is_own(other):
                is_fixed = other is None or other.fixed or operator == "in"
                self.equal[column.name] = self.equal.get(column.name, False) or is_fixed
                if operator == "=" and other is not None and other.kind == "constant":
                    self.fixed[column.name] = f"{quoted(column.name)} = {other.text}"
                elif operator == "is null":
                    self.fixed[column.name] = f"{quoted(column.name)} IS NULL"
                return
            if operator in _RANGES and (other is None or not self._is_own(other)):
                self.ranges.append(column.name)
                return
        self.special.append(predicate)

    def _is_own(self, operand: Operand | None) -> bool:
        return operand is not None and any(self.own(ref) is not None for ref in operand.columns)

    def _booleans(self) -> None:
        """`WHERE active AND NOT deleted` compares without an operator."""
        inside = [(p.start, p.end) for p in self.statement.predicates]
        for ref in self.statement.columns:
            column = self.own(ref)
            if column is None or column.type != "boolean" or ref.clause != "where":
                continue
            if ref.scope != self.scope or any(s <= ref.start and ref.end <= e for s, e in inside):
                continue
            before = self.text[: ref.start].decode(errors="replace")
            negated = re.search(r"\bnot\s*\Z", before, re.IGNORECASE) is not None
            self.fixed[column.name] = f"{'NOT ' if negated else ''}{quoted(column.name)}"

    def order(self) -> tuple[str, ...]:
        """The keys of ORDER BY when all are columns of this table."""
        keys = []
        for ref in self.statement.columns:
            if ref.clause != "order" or ref.scope != self.scope:
                continue
            if self.own(ref) is None:
                return ()
            told = _ORDERED.match(self.text[ref.end :].decode(errors="replace"))
            down = " DESC" if told and (told[1] or "").lower() == "desc" else ""
            nulls = f" NULLS {told[2].upper()}" if told and told[2] else ""
            keys.append(f"{quoted(ref.name)}{down}{nulls}")
        return tuple(dict.fromkeys(keys))

    def groups(self) -> tuple[str, ...]:
        """The columns of this table in GROUP BY."""
        refs = (r for r in self.statement.columns if r.clause == "group" and r.scope == self.scope)
        return tuple(dict.fromkeys(quoted(ref.name) for ref in refs if self.own(ref)))

    def needed(self) -> tuple[str, ...]:
        """Every column of this table that the statement reads."""
        if any(star.clause == "select" and not star.in_exists for star in self.statement.stars):
            return ()
        refs = (ref.name for ref in self.statement.columns if self.own(ref) is not None)
        return tuple(dict.fromkeys(refs))


def _lookups(use: _Use) -> Iterator[IndexCandidate]:
    """The columns that are compared, constants before joins, one range at the end."""
    constant = [quoted(name) for name, is_fixed in use.equal.items() if is_fixed]
    joined = [quoted(name) for name, is_fixed in use.equal.items() if not is_fixed]
    bounds = [quoted(name) for name in dict.fromkeys(use.ranges)]
    for columns in ((*constant, *joined), tuple(constant), *((name,) for name in joined)):
        if columns:
            yield _index(use, columns)
            for bound in bounds:
                yield _index(use, (*columns, bound))
    if 1 < len(constant) <= _MOST_KEYS - 1:
        for order in list(permutations(constant))[1:6]:
            yield _index(use, order)
    for bound in bounds:
        yield _index(use, (bound,))
    for name in constant:
        yield _index(use, (name,))


def _sorted(use: _Use) -> Iterator[IndexCandidate]:
    """What is compared, then what is sorted or grouped by: no sort is left to do."""
    constant = tuple(quoted(name) for name, is_fixed in use.equal.items() if is_fixed)
    for keys in (use.order(), use.groups()):
        if keys and len(keys) <= _MOST_KEYS:
            yield _index(use, (*(c for c in constant if c not in keys), *keys))
            yield _index(use, keys)


def _partial(use: _Use) -> Iterator[IndexCandidate]:
    """Only the rows that a constant condition leaves, by whatever else is asked."""
    for name, condition in use.fixed.items():
        others = [quoted(other) for other in use.equal if other != name]
        keys = (*others, *use.order()) or tuple(quoted(bound) for bound in use.ranges[:1])
        if keys and not _VOLATILE.search(condition):
            yield _index(use, keys, where=condition)
        elif len(use.fixed) == 1 and use.table.primary_key:
            yield _index(use, tuple(map(quoted, use.table.primary_key)), where=condition)


def _special(use: _Use) -> Iterator[IndexCandidate]:
    """Expressions, arrays, documents, full text, and patterns that begin with anything."""
    for predicate in use.special:
        operand, other = predicate.left, predicate.right
        if predicate.operator == "@@" and other is not None:
            for side in (operand, other):
                if _is_of(use, side) and "tsquery" not in side.text.lower():
                    yield _index(use, (_key(use, side),), method="gin")
        elif predicate.operator in _CONTAINS and use.own(operand.column) is not None:
            yield _index(use, (_key(use, operand),), method="gin")
        elif predicate.operator in {"like", "ilike"} and _is_of(use, operand):
            if predicate.operator == "like" and not predicate.leading_wildcard:
                yield _index(use, (f"{_key(use, operand)} text_pattern_ops",))
            else:
                key = f"{_key(use, operand)} gin_trgm_ops"
                yield _index(use, (key,), method="gin", extension="pg_trgm")
        elif (
            predicate.operator in {"=", "in", *_RANGES}
            and _is_of(use, operand)
            and other is not None
            and not other.columns
            and operand.column is None
        ):
            yield _index(use, (_key(use, operand),))


def _covering(use: _Use) -> Iterator[IndexCandidate]:
    """The lookup with all that is read beside it, so that the table is not visited."""
    needed = use.needed()
    keys = [name for name, is_fixed in use.equal.items() if is_fixed] or list(use.equal)
    keys += [name for name in dict.fromkeys(use.ranges) if name not in keys][:1]
    rest = tuple(quoted(name) for name in needed if name not in keys)
    if keys and 0 < len(rest) <= _MOST_INCLUDED:
        yield _index(use, tuple(map(quoted, keys)), include=rest)


def _blocks(use: _Use) -> Iterator[IndexCandidate]:
    """A summary of each range of blocks, for times in the order of which rows arrive."""
    for name in dict.fromkeys(use.ranges):
        column = find_column(use.table, name)
        if column is not None and column.type.startswith(_TIMES):
            yield _index(use, (quoted(name),), method="brin")


def _index(
    use: _Use,
    keys: Iterable[str],
    *,
    method: Literal["btree", "gin", "brin", "hash"] = "btree",
    include: tuple[str, ...] = (),
    where: str = "",
    extension: str = "",
) -> IndexCandidate:
    shown = tuple(dict.fromkeys(keys))[:_MOST_KEYS]
    return IndexCandidate(use.table.key, shown, method, include, where, extension)


def _is_of(use: _Use, operand: Operand) -> bool:
    """Whether an operand is made of columns of this table and of nothing that changes."""
    return (
        bool(operand.columns)
        and all(use.own(ref) is not None for ref in operand.columns)
        and operand.kind in {"column", "function", "cast", "arithmetic", "expression"}
        and not _VOLATILE.search(operand.text)
    )


def _key(use: _Use, operand: Operand) -> str:
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
    if index.method != candidate.method or candidate.include or index.where is not None:
        return False
    keys = [_plain(key.text or key.column or "", down=key.descending) for key in index.keys]
    wanted = [_plain(key, down=key.endswith(" DESC")) for key in candidate.keys]
    return not candidate.where and keys[: len(wanted)] == wanted


def _plain(key: str, *, down: bool) -> str:
    bare = re.sub(r'[\s()"]+|\bDESC\b|\bASC\b', " ", key, flags=re.IGNORECASE).strip().lower()
    return f"{bare} desc" if down else bare
