"""How a statement looks for, joins and sorts the rows of one of its tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend_analyzers.sql.names import quoted
from backend_analyzers.sql.resolve import ColumnResolution, Resolution
from backend_analyzers.sql.schema import SchemaColumn, Table, find_column
from backend_analyzers.sql.statement import ColumnRef, Operand, Predicate, Statement

RANGES = frozenset({"<", "<=", ">", ">=", "between"})
_ORDERED = re.compile(r"\s*\)?\s*(asc|desc)?\b\s*(?:nulls\s+(first|last))?", re.IGNORECASE)
_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(\s*(?:[A-Za-z_]\w*\s*\.\s*)?\Z")
_EXTREMES = re.compile(r"\b(?:max|min)\s*\(\s*(?:\w+\s*\.\s*)?\Z", re.IGNORECASE)
_MOST_LISTED = 60
"""Characters of a list of constants that a partial index may name."""


class Use:
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
        if predicate.right is not None and predicate.operator in {"=", *RANGES}:
            sides.append((predicate.right, predicate.left, predicate.operator))
        for side, other, operator in sides:
            column = self.own(side.column)
            if column is None:
                continue
            if operator == "is not null":
                self.fixed[column.name] = f"{quoted(column.name)} IS NOT NULL"
                return
            if operator in {"=", "in", "is null"} and not self._is_own(other):
                is_fixed = other is None or other.fixed or operator == "in"
                self.equal[column.name] = self.equal.get(column.name, False) or is_fixed
                if operator == "=" and other is not None and other.kind == "constant":
                    self.fixed[column.name] = f"{quoted(column.name)} = {other.text}"
                elif operator == "is null":
                    self.fixed[column.name] = f"{quoted(column.name)} IS NULL"
                elif operator == "in" and _is_short_list(other):
                    assert other is not None
                    self.fixed[column.name] = f"{quoted(column.name)} IN {_in_parentheses(other)}"
                return
            if operator in RANGES and (other is None or not self._is_own(other)):
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
            keys.append(f"{self._called(ref)}{down}{nulls}")
        return tuple(dict.fromkeys(keys))

    def _called(self, ref: ColumnRef) -> str:
        """A column as a key, with the function of it alone that it stands in, if any."""
        before = self.text[: ref.start].decode(errors="replace")
        call = _CALL.search(before)
        if call is None or not self.text[ref.end :].lstrip().startswith(b")"):
            return quoted(ref.name)
        return f"({call[1].lower()}({quoted(ref.name)}))"

    def extremes(self) -> tuple[str, ...]:
        """The columns of which the least or greatest value is asked, where that is all."""
        scope = self.statement.scopes[self.scope]
        if not scope.aggregated or scope.grouped:
            return ()
        refs = [r for r in self.statement.columns if r.clause == "select" and r.scope == self.scope]
        if not refs or not all(self.own(ref) for ref in refs):
            return ()
        before = (self.text[: ref.start].decode(errors="replace") for ref in refs)
        if not all(_EXTREMES.search(text) for text in before):
            return ()
        return tuple(dict.fromkeys(quoted(ref.name) for ref in refs))

    def groups(self) -> tuple[str, ...]:
        """The columns of this table in GROUP BY."""
        refs = (r for r in self.statement.columns if r.clause == "group" and r.scope == self.scope)
        return tuple(dict.fromkeys(self._called(ref) for ref in refs if self.own(ref)))

    def constants(self) -> tuple[str, ...]:
        """The keys that are compared with what is the same for all rows."""
        return tuple(quoted(name) for name, is_fixed in self.equal.items() if is_fixed)

    def joined(self) -> tuple[str, ...]:
        """The keys that are compared with columns of other tables."""
        return tuple(quoted(name) for name, is_fixed in self.equal.items() if not is_fixed)

    def bounds(self) -> tuple[str, ...]:
        """The keys that are compared with a range."""
        return tuple(quoted(name) for name in dict.fromkeys(self.ranges))

    def without(self, columns: Sequence[str]) -> tuple[str, ...]:
        """What else is read than some keys, to be kept beside them."""
        plain = {unordered(key) for key in columns}
        return tuple(key for name in self.needed() if (key := quoted(name)) not in plain)

    def needed(self) -> tuple[str, ...]:
        """Every column of this table that the statement reads."""
        if any(star.clause == "select" and not star.in_exists for star in self.statement.stars):
            return ()
        refs = (ref.name for ref in self.statement.columns if self.own(ref) is not None)
        return tuple(dict.fromkeys(refs))


def unordered(key: str) -> str:
    """A key without the direction in which it is sorted."""
    return key.partition(" DESC")[0].partition(" NULLS ")[0]


def _is_short_list(operand: Operand | None) -> bool:
    """Whether an operand is a list of constants, short enough to be named in an index."""
    return (
        operand is not None
        and operand.kind == "list"
        and len(operand.text) <= _MOST_LISTED
        and bool(operand.arguments)
        and all(one.kind == "constant" for one in operand.arguments)
    )


def _in_parentheses(operand: Operand) -> str:
    text = operand.text.strip()
    return text if text.startswith("(") else f"({text})"
