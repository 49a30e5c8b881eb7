"""Conditions and other expressions of SQLAlchemy as SQL: the methods of columns and relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.orm.chains.entities import Entity
from backend_analyzers.facts.orm.chains.writing import Sql, around, joined, parameter, text, value

if TYPE_CHECKING:
    pass

from backend_analyzers.facts.orm.chains.operators import is_function
from backend_analyzers.facts.orm.chains.words import AFTER, Words

_METHODS = {
    "like": "LIKE",
    "ilike": "ILIKE",
    "notlike": "NOT LIKE",
    "not_like": "NOT LIKE",
    "notilike": "NOT ILIKE",
    "not_ilike": "NOT ILIKE",
    "is_distinct_from": "IS DISTINCT FROM",
    "isnot_distinct_from": "IS NOT DISTINCT FROM",
    "is_not_distinct_from": "IS NOT DISTINCT FROM",
    "op_eq": "=",
    "regexp_match": "~",
    "concat": "||",
    "__eq__": "=",
    "__ne__": "<>",
}
_PASSED = frozenset(
    {"self_group", "of_type", "as_scalar", "scalar_subquery", "type_coerce", "collate"}
)


class Expressions(Words):
    """Writes what is said by a method."""

    def call(self, node: ir.Call) -> Sql:
        function = node.function
        word = self.lowering.names.word(function)
        if is_function(function) or ".func." in f".{word}":
            return self.function(node, function)
        if word:
            found = self.word(node, word.rpartition(".")[2])
            if found is not None:
                return found
        if self.lowering.is_query(node):
            return self.subquery(node)
        if isinstance(function, ir.Attribute):
            found = self._method(node, function)
            if found is not None:
                return found
        elif _is_operator(function) and node.arguments:
            return self._operated(node, function)
        return parameter(node)

    def _operated(self, node: ir.Call, operator: ir.Expr) -> Sql:
        """`column.op("->>")(key)`."""
        assert isinstance(operator, ir.Call)
        left = operator.function
        assert isinstance(left, ir.Attribute)
        given = operator.arguments[0].value
        words = given.constant if isinstance(given, ir.Text) else None
        if words is None or not self.is_sql(left.value):
            return parameter(node)
        return (
            *self.write(left.value),
            text(f" {words} ", node),
            *self.write(node.arguments[0].value),
        )

    def _method(self, node: ir.Call, function: ir.Attribute) -> Sql | None:
        name, owner = function.name, function.value
        given = [one.value for one in node.arguments if not one.name]
        if name in {"any", "has"}:
            return self._some(node, owner, given)
        if not self.is_sql(owner):
            return None
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, node, owner, given)
        if name in _METHODS and given:
            word = text(f" {_METHODS[name]} ", node)
            return (*self.grouped(owner), word, *self.write(given[0]))
        if name in AFTER:
            return (*self.write(owner), text(AFTER[name], node))
        if name in _PASSED:
            return self.write(owner)
        if name == "label":
            return self.write(owner)
        return None

    def is_in(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        function = node.function
        negative = isinstance(function, ir.Attribute) and function.name != "in_"
        word = text(" NOT IN " if negative else " IN ", node)
        left = self.grouped(owner)
        if not given:
            return parameter(node)
        inner = given[0]
        while isinstance(inner, ir.Operator) and inner.operator == ":=":
            entity = self.lowering.entity(inner)
            if entity is not None and entity.kind == "subquery":
                return (*left, word, *entity.body)
            inner = inner.operands[1]
        if self.lowering.is_query(inner):
            return (*left, word, *self.subquery(inner))
        if isinstance(inner, ir.Collection) and not any(e.spread for e in inner.entries):
            values = joined((self.write(e.value) for e in inner.entries), ", ")
            return (*left, word, *around("(", values or value(None, node), ")"))
        return (*left, word, *around("(", parameter(inner), ")"))

    def is_same(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        function = node.function
        negative = isinstance(function, ir.Attribute) and function.name != "is_"
        if not given:
            return parameter(node)
        left, right = self.write(owner), given[0]
        word = " IS NOT " if negative else " IS "
        if isinstance(right, ir.Constant) and (
            right.value is None or isinstance(right.value, bool)
        ):
            return (*left, text(word, node), *value(right.value, right))
        return (
            *left,
            text(
                word.rstrip() + " NOT DISTINCT FROM " if not negative else " IS DISTINCT FROM ",
                node,
            ),
            *self.write(right),
        )

    def is_like(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        function = node.function
        assert isinstance(function, ir.Attribute)
        column = self.lowering.column(owner)
        if column is not None and not column.name:
            return parameter(node)
        before = "'%' || " if function.name in {"contains", "icontains", "endswith"} else ""
        after = " || '%'" if function.name in {"contains", "icontains", "startswith"} else ""
        if not given:
            return parameter(node)
        inner = given[0]
        words = inner.constant if isinstance(inner, ir.Text) else None
        if words is not None:
            pattern = ("%" if before else "") + words + ("%" if after else "")
            return (*self.grouped(owner), text(" LIKE ", node), *value(pattern, inner))
        return (
            *self.grouped(owner),
            text(f" LIKE {before}", node),
            *self.write(inner),
            text(after, node),
        )

    def is_between(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        if len(given) < 2:  # noqa: PLR2004
            return parameter(node)
        return self.between(node, owner, given[0], given[1])

    def over(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        del given
        parts: list[Sql] = []
        for word, key in (("PARTITION BY ", "partition_by"), ("ORDER BY ", "order_by")):
            found = next((one.value for one in node.arguments if one.name == key), None)
            if found is not None:
                listed = (
                    [entry.value for entry in found.entries]
                    if isinstance(found, ir.Collection)
                    else [found]
                )
                parts.append(around(word, joined(map(self.write, listed), ", "), ""))
        window = joined(parts, " ")
        return (*self.write(owner), text(" OVER (", node), *window, text(")", node))

    def filtered(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        if not isinstance(owner, ir.Call) or not is_function(owner.function) or not given:
            return self.subquery(node) if self.lowering.is_query(node) else parameter(node)
        tests = joined(map(self.write, given), " AND ")
        return (*self.write(owner), text(" FILTER (WHERE ", node), *tests, text(")", node))

    def cast_to(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        del node
        return self.cast([owner, *given], "cast")

    def _some(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql | None:
        """`Order.lines.any(…)`: a row that the relation leads to exists."""
        if isinstance(owner, ir.Call):
            return None
        column = self.lowering.column(owner)
        field = None if column is None else column.field
        if column is None or field is None or not field.relation:
            return parameter(node) if column is not None and column.name else None
        target = self.lowering.models.by_key.get(field.relation)
        if target is None or not (field.join or field.through):
            return parameter(node)
        self.select.use(column.entity)
        inner = self.lowering.related(
            column, Entity(target.model.table, target, at=owner), node, self.select
        )
        if inner is None:
            return parameter(node)
        expressions = Expressions(self.lowering, inner)
        inner.where += (expressions.write(one) for one in given)
        for one in node.arguments:
            if one.name:
                inner.where.append(self.lowering.by_name(inner, inner.primary, one))
        return around("EXISTS (", inner.sql(), ")")


_Special = Callable[[Expressions, ir.Call, ir.Expr, list[ir.Expr]], Sql]
_SPECIAL: dict[str, _Special] = {
    **dict.fromkeys(("in_", "notin_", "not_in"), Expressions.is_in),
    **dict.fromkeys(("is_", "isnot", "is_not"), Expressions.is_same),
    **dict.fromkeys(("contains", "icontains", "startswith", "endswith"), Expressions.is_like),
    "between": Expressions.is_between,
    "over": Expressions.over,
    "filter": Expressions.filtered,
    "cast": Expressions.cast_to,
}


def _is_operator(function: ir.Expr) -> bool:
    return (
        isinstance(function, ir.Call)
        and isinstance(function.function, ir.Attribute)
        and function.function.name in {"op", "bool_op"}
        and bool(function.arguments)
    )
