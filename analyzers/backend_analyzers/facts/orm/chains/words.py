"""The functions of SQLAlchemy as SQL: `func.lower(…)`, `and_(…)`, `case(…)`, `exists(…)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.types import typed
from backend_analyzers.facts.orm.chains.writing import Sql, around, joined, parameter, text

if TYPE_CHECKING:
    pass

from backend_analyzers.facts.orm.chains.operators import Operators

AFTER = {
    "desc": " DESC",
    "asc": " ASC",
    "nullslast": " NULLS LAST",
    "nulls_last": " NULLS LAST",
    "nullsfirst": " NULLS FIRST",
    "nulls_first": " NULLS FIRST",
}
_NO_PARENTHESES = frozenset({"current_timestamp", "current_date", "current_time", "current_user"})


class Words(Operators):
    """Writes what is said by a function."""

    def function(self, node: ir.Call, function: ir.Expr) -> Sql:
        name = function.name if isinstance(function, ir.Attribute) else ""
        if not name:
            return parameter(node)
        if name.lower() in _NO_PARENTHESES:
            return (text(name.upper(), node),)
        given = [one.value for one in node.arguments if not one.name]
        if not given:
            return (text(f"{name}(*)" if name == "count" else f"{name}()", node),)
        parts: list[Sql] = []
        for one in given:
            entity = self.lowering.entity(one)
            if entity is not None:
                self.select.use(entity)
                parts.append((text("*", one),))
            else:
                parts.append(self.write(one))
        return around(f"{name}(", joined(parts, ", "), ")")

    def word(self, node: ir.Call, word: str) -> Sql | None:
        given = [one.value for one in node.arguments if not one.name]
        match word:
            case "and_" | "or_":
                return self._logic(node, word)
            case "not_" if given:
                return around("NOT (", self.write(given[0]), ")")
            case "desc" | "asc" | "nullslast" | "nulls_last" | "nullsfirst" | "nulls_first" if (
                given
            ):
                return (*self.write(given[0]), text(AFTER[word], node))
            case "distinct" if given:
                return around("DISTINCT ", joined(map(self.write, given), ", "), "")
            case "exists":
                return self._exists(node, given)
            case "text" | "literal_column" if given:
                words = given[0].constant if isinstance(given[0], ir.Text) else None
                return parameter(node) if words is None else (text(words, given[0]),)
            case "literal" | "bindparam":
                if word == "literal" and given and isinstance(given[0], ir.Constant | ir.Text):
                    return self.write(given[0])
                return parameter(node)
            case "true" | "false" | "null":
                return (text(word.upper() if word == "null" else word, node),)
            case "cast" | "type_coerce" | "try_cast" if given:
                return self.cast(given, word)
            case "case":
                return self._case(node)
            case "extract" if len(given) > 1:
                field = given[0].constant if isinstance(given[0], ir.Text) else None
                if field is None:
                    return parameter(node)
                return around(f"EXTRACT({field} FROM ", self.write(given[1]), ")")
            case "tuple_" if given:
                return around("(", joined(map(self.write, given), ", "), ")")
            case "any_" | "all_" if given:
                return around(f"{word[:3].upper()} (", self.write(given[0]), ")")
            case "between" if len(given) > 2:  # noqa: PLR2004
                return self.between(node, given[0], given[1], given[2])
            case "foreign" | "remote" if given:
                return self.write(given[0])
            case "column" if given and isinstance(given[0], ir.Text) and given[0].constant:
                return (text(given[0].constant, given[0]),)
            case _:
                return None

    def _logic(self, node: ir.Call, word: str) -> Sql:
        parts = [
            parameter(node) if one is None else self.grouped(one)
            for one in self.spread(node.arguments)
        ]
        if not parts:
            return parameter(node)
        both = joined(parts, " AND " if word == "and_" else " OR ")
        return around("(", both, ")") if len(parts) > 1 else both

    def spread(self, arguments: tuple[ir.Argument, ...]) -> list[ir.Expr | None]:
        """Positional arguments; None for those of a spread that is not known."""
        found: list[ir.Expr | None] = []
        for one in arguments:
            if one.name or one.spread == "**":
                continue
            if not one.spread:
                found.append(one.value)
                continue
            inner = one.value
            added = 0
            if isinstance(inner, ir.Operator) and inner.operator == "maybe":
                added = len(inner.operands) - 1
                inner = inner.operands[0]
            while isinstance(inner, ir.Operator) and inner.operator == ":=":
                inner = inner.operands[1]
            if isinstance(inner, ir.Collection) and inner.kind != "mapping":
                found += (None if entry.spread else entry.value for entry in inner.entries)
                found += [None] * added
            else:
                found.append(None)
        return found

    def cast(self, given: list[ir.Expr], word: str) -> Sql:
        inner = self.write(given[0])
        if word == "type_coerce" or len(given) < 2:  # noqa: PLR2004
            return inner
        kind = typed(self.lowering.names.thing(given[1]), self.lowering.names.reader)
        if not kind.text:
            return inner
        return around("CAST(", inner, f" AS {kind.text})")

    def _case(self, node: ir.Call) -> Sql:
        arms: list[Sql] = []
        given = [one.value for one in node.arguments if not one.name]
        if len(given) == 1 and isinstance(given[0], ir.Collection) and given[0].kind == "list":
            given = [entry.value for entry in given[0].entries]
        for one in given:
            if not isinstance(one, ir.Collection) or len(one.entries) != 2:  # noqa: PLR2004
                return parameter(node)
            test, then = one.entries
            arms.append(
                (
                    text(" WHEN ", one),
                    *self.write(test.value),
                    text(" THEN ", one),
                    *self.write(then.value),
                )
            )
        if not arms:
            return parameter(node)
        otherwise = next((one.value for one in node.arguments if one.name == "else_"), None)
        last: Sql = () if otherwise is None else (text(" ELSE ", node), *self.write(otherwise))
        inner = tuple(piece for arm in arms for piece in arm)
        return (text("CASE", node), *inner, *last, text(" END", node))

    def between(self, node: ir.Expr, left: ir.Expr, low: ir.Expr, high: ir.Expr) -> Sql:
        return (
            *self.write(left),
            text(" BETWEEN ", node),
            *self.write(low),
            text(" AND ", node),
            *self.write(high),
        )

    def _exists(self, node: ir.Call, given: list[ir.Expr]) -> Sql:
        if len(given) == 1 and self.lowering.is_query(given[0]):
            return around("EXISTS ", self.subquery(given[0]), "")
        return around("EXISTS ", self.subquery(node), "")

    def subquery(self, node: ir.Expr) -> Sql:
        """A query in parentheses, which may refer to this one."""
        inner = self.lowering.query(node, outer=self.select)
        if inner is None:
            return parameter(node)
        self.select.nested = True
        if inner.kind == "exists":
            return around("EXISTS (", inner.sql(), ")")
        return around("(", inner.sql(), ")")
