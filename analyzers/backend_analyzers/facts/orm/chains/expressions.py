"""Conditions and other expressions of SQLAlchemy as SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.types import typed
from backend_analyzers.facts.orm.chains.entities import Column, Entity, qualified
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
_AFTER = {
    "desc": " DESC",
    "asc": " ASC",
    "nullslast": " NULLS LAST",
    "nulls_last": " NULLS LAST",
    "nullsfirst": " NULLS FIRST",
    "nulls_first": " NULLS FIRST",
}
_PASSED = frozenset(
    {"self_group", "of_type", "as_scalar", "scalar_subquery", "type_coerce", "collate"}
)
_NO_PARENTHESES = frozenset({"current_timestamp", "current_date", "current_time", "current_user"})
_DEEPEST = 40


class Expressions:
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
                return self._call(node)
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
                return (*self._grouped(left), word, *self._grouped(right))
            case (("&" | "|" as operator), (left, right)):
                between = " AND " if operator == "&" else " OR "
                both = joined((self._grouped(left), self._grouped(right)), between)
                return around("(", both, ")") if operator == "|" else both
            case (("~" | "not"), (inner,)):
                return around("NOT (", self.write(inner), ")")
            case "-", (inner,):
                return around("-", self.write(inner), "")
            case _:
                return parameter(node)

    def _grouped(self, node: ir.Expr) -> Sql:
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
        return (*self._grouped(left), word, *self._grouped(right))

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
                if self.lowering.names.word(function) or _is_function(function):
                    return True
                return isinstance(function, ir.Attribute) and self.is_sql(function.value)
            case _:
                return False

    # Calls --------------------------------------------------------------------------------------

    def _call(self, node: ir.Call) -> Sql:
        function = node.function
        word = self.lowering.names.word(function)
        if _is_function(function) or ".func." in f".{word}":
            return self._function(node, function)
        if word:
            found = self._word(node, word.rpartition(".")[2])
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

    def _function(self, node: ir.Call, function: ir.Expr) -> Sql:
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

    def _word(self, node: ir.Call, word: str) -> Sql | None:
        given = [one.value for one in node.arguments if not one.name]
        match word:
            case "and_" | "or_":
                return self._logic(node, word)
            case "not_" if given:
                return around("NOT (", self.write(given[0]), ")")
            case "desc" | "asc" | "nullslast" | "nulls_last" | "nullsfirst" | "nulls_first" if (
                given
            ):
                return (*self.write(given[0]), text(_AFTER[word], node))
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
                return self._cast(given, word)
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
                return self._between(node, given[0], given[1], given[2])
            case "foreign" | "remote" if given:
                return self.write(given[0])
            case "column" if given and isinstance(given[0], ir.Text) and given[0].constant:
                return (text(given[0].constant, given[0]),)
            case _:
                return None

    def _logic(self, node: ir.Call, word: str) -> Sql:
        parts = [
            parameter(node) if one is None else self._grouped(one)
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

    def _cast(self, given: list[ir.Expr], word: str) -> Sql:
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

    def _between(self, node: ir.Expr, left: ir.Expr, low: ir.Expr, high: ir.Expr) -> Sql:
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

    # Methods ------------------------------------------------------------------------------------

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
            return (*self._grouped(owner), word, *self.write(given[0]))
        if name in _AFTER:
            return (*self.write(owner), text(_AFTER[name], node))
        if name in _PASSED:
            return self.write(owner)
        if name == "label":
            return self.write(owner)
        return None

    def is_in(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        function = node.function
        negative = isinstance(function, ir.Attribute) and function.name != "in_"
        word = text(" NOT IN " if negative else " IN ", node)
        left = self._grouped(owner)
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
            return (*self._grouped(owner), text(" LIKE ", node), *value(pattern, inner))
        return (
            *self._grouped(owner),
            text(f" LIKE {before}", node),
            *self.write(inner),
            text(after, node),
        )

    def is_between(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        if len(given) < 2:  # noqa: PLR2004
            return parameter(node)
        return self._between(node, owner, given[0], given[1])

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
        if not isinstance(owner, ir.Call) or not _is_function(owner.function) or not given:
            return self.subquery(node) if self.lowering.is_query(node) else parameter(node)
        tests = joined(map(self.write, given), " AND ")
        return (*self.write(owner), text(" FILTER (WHERE ", node), *tests, text(")", node))

    def cast_to(self, node: ir.Call, owner: ir.Expr, given: list[ir.Expr]) -> Sql:
        del node
        return self._cast([owner, *given], "cast")

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


def _is_function(function: ir.Expr) -> bool:
    """`func.lower`, also where `func` cannot be followed."""
    if not isinstance(function, ir.Attribute):
        return False
    owner = function.value
    while isinstance(owner, ir.Attribute) and owner.name != "func":
        owner = owner.value
    return (isinstance(owner, ir.Name) and owner.id.rpartition(":")[2] == "func") or (
        isinstance(owner, ir.Attribute) and owner.name == "func"
    )
