"""Columns, values and operators as SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.orm.chains.entities import Column, qualified
from backend_analyzers.facts.orm.chains.writing import Sql, around, joined, parameter, text, value

if TYPE_CHECKING:
    from backend_analyzers.facts.orm.chains.lowering import Lowering
    from backend_analyzers.facts.orm.chains.selects import Select

_BINARY = {
    "==": "=",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "+": "+",
    "-": "-",
    "*": "*",
    "/": "/",
    "%": "%",
}
_DEEPEST = 40


class Operators:
    """Writes expressions for one query; `lowering` writes the queries inside of them."""

    def __init__(self, lowering: Lowering, select: Select) -> None:
        self.lowering = lowering
        self.select = select
        self.depth = 0

    def condition(self, node: ir.Expr) -> Sql:
        """A condition; one that is not known is a parameter."""
        return self.write(node)

    def write(self, node: ir.Expr) -> Sql:
        """An expression; what is not known is a parameter."""
        self.depth += 1
        try:
            return self._write(node) if self.depth < _DEEPEST else parameter(node)
        finally:
            self.depth -= 1

    def _write(self, node: ir.Expr) -> Sql:
        match node:
            case ir.Operator(operator=":=", operands=(_, inner)):
                entity = self.lowering.entity(node)
                return parameter(node) if entity is not None else self.write(inner)
            case ir.Constant(value=constant):
                return value(constant, node)
            case ir.Text(function=None):
                words = node.constant
                return parameter(node) if words is None else value(words, node)
            case ir.Attribute():
                return self._attribute(node)
            case ir.Operator():
                return self._operator(node)
            case ir.Call():
                return self.call(node)
            case ir.Index(value=inner):
                return self._index(node, inner)
            case _:
                return parameter(node)

    def _attribute(self, node: ir.Attribute) -> Sql:
        column = self.lowering.column(node)
        if column is None:
            if node.name in {"astext", "expression"} and isinstance(node.value, ir.Index):
                return self.write(node.value)
            return parameter(node)
        if not column.name:
            return parameter(node)
        self.select.use(column.entity)
        return qualified(column, self.lowering.models, node, node)

    def _index(self, node: ir.Index, inner: ir.Expr) -> Sql:
        """`data["key"]` of a JSON column."""
        if not isinstance(inner, ir.Attribute) or self.lowering.column(inner) is None:
            return parameter(node)
        return (*self.write(inner), text(" -> ", node), *self.write(node.index))

    # Operators ----------------------------------------------------------------------------------

    def _operator(self, node: ir.Operator) -> Sql:
        match node.operator, node.operands:
            case (("==" | "!=" as operator), (left, right)):
                return self._equal(node, operator, left, right)
            case operator, (left, right) if operator in _BINARY:
                if not (self.is_sql(left) or self.is_sql(right)):
                    return parameter(node)
                word = text(f" {_BINARY[operator]} ", node)
                return (*self.grouped(left), word, *self.grouped(right))
            case (("&" | "|" as operator), (left, right)):
                between = " AND " if operator == "&" else " OR "
                both = joined((self.grouped(left), self.grouped(right)), between)
                return around("(", both, ")") if operator == "|" else both
            case (("~" | "not"), (inner,)):
                return around("NOT (", self.write(inner), ")")
            case "-", (inner,):
                return around("-", self.write(inner), "")
            case _:
                return parameter(node)

    def grouped(self, node: ir.Expr) -> Sql:
        inner = node
        while isinstance(inner, ir.Operator) and inner.operator == ":=":
            inner = inner.operands[1]
        written = self.write(node)
        if isinstance(inner, ir.Operator) and inner.operator in {"&", "|", "+", "-", "=="}:
            return around("(", written, ")")
        return written

    def _equal(self, node: ir.Operator, operator: str, left: ir.Expr, right: ir.Expr) -> Sql:
        for one, other in ((left, right), (right, left)):
            column = self.lowering.column(one)
            if column is not None and not column.name:
                return self.relation(node, column, operator, other)
        if not (self.is_sql(left) or self.is_sql(right)):
            return parameter(node)
        if isinstance(right, ir.Constant) and right.value is None:
            words = " IS NULL" if operator == "==" else " IS NOT NULL"
            return (*self.write(left), text(words, node))
        word = text(f" {_BINARY[operator]} ", node)
        return (*self.grouped(left), word, *self.grouped(right))

    def relation(self, node: ir.Expr, column: Column, operator: str, other: ir.Expr) -> Sql:
        """`Order.customer == customer` compares the columns of the foreign key."""
        field = column.field
        if field is None or not field.join or field.many or field.through:
            return parameter(node)
        self.select.use(column.entity)
        nothing = isinstance(other, ir.Constant) and other.value is None
        parts: list[Sql] = []
        for own, _ in field.join:
            name = Column(column.entity, own)
            left = qualified(name, self.lowering.models, None, node)
            if nothing:
                words = " IS NULL" if operator == "==" else " IS NOT NULL"
                parts.append((*left, text(words, node)))
            else:
                parts.append((*left, text(f" {_BINARY[operator]} ", node), *parameter(other)))
        return joined(parts, " AND ")

    def is_sql(self, node: ir.Expr) -> bool:
        """Whether an expression is one of the database rather than of Python."""
        match node:
            case ir.Operator(operator=":=", operands=(_, inner)):
                return self.is_sql(inner)
            case ir.Attribute() | ir.Index(value=ir.Attribute()):
                inner = node if isinstance(node, ir.Attribute) else node.value
                return self.lowering.column(inner) is not None or (
                    node is not inner or self.is_sql(inner.value)
                    if isinstance(inner, ir.Attribute)
                    else False
                )
            case ir.Operator(operands=operands):
                return any(self.is_sql(one) for one in operands)
            case ir.Call(function=function):
                if self.lowering.names.word(function) or is_function(function):
                    return True
                return isinstance(function, ir.Attribute) and self.is_sql(function.value)
            case _:
                return False

    def call(self, node: ir.Call) -> Sql:
        """A call: a subclass knows what it means."""
        return parameter(node)


def is_function(function: ir.Expr) -> bool:
    """`func.lower`, also where `func` cannot be followed."""
    if not isinstance(function, ir.Attribute):
        return False
    owner = function.value
    while isinstance(owner, ir.Attribute) and owner.name != "func":
        owner = owner.value
    return (isinstance(owner, ir.Name) and owner.id.rpartition(":")[2] == "func") or (
        isinstance(owner, ir.Attribute) and owner.name == "func"
    )
