"""Chains of calls as queries: `select(…).where(…)`, `session.query(…).filter(…)` and the rest."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.facts.models import Field
from backend_analyzers.facts.orm.chains.entities import (
    Column,
    Entity,
    Models,
    Names,
    columns_of,
    holder,
    qualified,
)
from backend_analyzers.facts.orm.chains.expressions import Expressions
from backend_analyzers.facts.orm.chains.joins import Joins
from backend_analyzers.facts.orm.chains.selects import Select
from backend_analyzers.facts.orm.chains.steps import COMPOUNDS, Link, Steps
from backend_analyzers.facts.orm.chains.writing import Sql, around, joined, parameter, text
from backend_analyzers.sql.names import quoted

_DEEPEST = 6
_MOST = 150
"""Queries inside of one: where loops and conditions build on each other, there could be any number."""
_DERIVED = frozenset({"subquery", "cte", "alias", "lateral"})


class Lowering:
    """Writes the queries of one statement."""

    def __init__(self, models: Models, names: Names) -> None:
        self.models = models
        self.names = names
        self.depth = 0
        self.left = _MOST
        self._entities: dict[tuple[int, int, str], Entity | None] = {}

    # Chains -------------------------------------------------------------------------------------

    def chain(self, node: ir.Expr) -> tuple[ir.Expr, list[Link]]:
        """Where a chain begins, and its calls in order."""
        links: list[Link] = []
        while True:
            match node:
                case ir.Operator(operator=":=", operands=(_, inner)):
                    node = inner
                case ir.Operator(operator="maybe", operands=(inner, *added)):
                    for one in added:
                        _, more = self.chain(one)
                        links += (Link(link.method, link.call, True) for link in reversed(more))
                    node = inner
                case ir.Call(function=ir.Attribute(value=inner, name=method)) if not self._is_root(
                    node
                ):
                    links.append(Link(method, node))
                    node = inner
                case ir.Attribute(value=inner, name="statement" | "selectable"):
                    node = inner
                case _:
                    return node, links[::-1]

    def _is_root(self, node: ir.Call) -> bool:
        function = node.function
        assert isinstance(function, ir.Attribute)
        if function.name == "query":
            return bool(node.arguments)
        if function.name in {"select", "insert", "update", "delete", "exists"} | COMPOUNDS.keys():
            if self.names.word(function):
                return True
            return function.name in {"select", "insert", "update", "delete"} and (
                self.names.model(function.value) is not None
            )
        return False

    def is_query(self, node: ir.Expr) -> bool:
        """Whether an expression is a query rather than something inside of one."""
        root, _ = self.chain(node)
        match root:
            case ir.Call(function=function):
                word = self.names.word(function).rpartition(".")[2]
                if word in {"select", "exists"} or word in COMPOUNDS:
                    return True
                return isinstance(function, ir.Attribute) and (
                    (function.name == "query" and bool(root.arguments))
                    or (function.name == "select" and self.names.model(function.value) is not None)
                )
            case ir.Attribute(name="query"):
                return self.names.model(root.value) is not None
            case _:
                return False

    def query(self, node: ir.Expr, outer: Select | None = None) -> Select | None:
        """The query that a chain makes; None when it is none that can be read."""
        if self.depth >= _DEEPEST or self.left <= 0:
            return None
        self.depth += 1
        self.left -= 1
        root, links = self.chain(node)
        select = self._begun(root, outer)
        if select is not None:
            expressions = Expressions(self, select)
            steps = Steps(self, select, expressions)
            for link in links:
                steps.take(link)
                select = steps.select
        self.depth -= 1
        return select

    def _begun(self, root: ir.Expr, outer: Select | None) -> Select | None:
        select = Select(root, self.models, outer)
        if isinstance(root, ir.Attribute) and root.name == "query":
            mapped = self.names.model(root.value)
            if mapped is None:
                return None
            self.output(select, root.value)
            return select
        if not isinstance(root, ir.Call):
            return None
        function = root.function
        word = self.names.word(function).rpartition(".")[2]
        if isinstance(function, ir.Attribute) and not word:
            if function.name == "query":
                return self._queried(select, root)
            mapped = self.names.model(function.value)
            if mapped is None:
                return None
            if function.name == "select":
                self.output(select, function.value)
                return select
            return self._changing(select, function.name, function.value)
        if word == "select":
            return self._selected(select, root)
        if word == "exists":
            return self._existing(select, root)
        if word in COMPOUNDS:
            return self._compound(select, root, word)
        if word in {"insert", "update", "delete"} and root.arguments:
            return self._changing(select, word, root.arguments[0].value)
        return None

    def _queried(self, select: Select, root: ir.Call) -> Select | None:
        """`session.query(…)`: whatever the session is, something of a model must be asked for."""
        for one in Expressions(self, select).spread(root.arguments):
            self.output(select, one or root)
        known = select.nested or any(
            one.mapped is not None or one.body for one in select.entities.values()
        )
        return select if known else None

    def _selected(self, select: Select, root: ir.Call) -> Select:
        given = Expressions(self, select).spread(root.arguments)
        first = given[0] if given else None
        if isinstance(first, ir.Collection) and first.kind == "list":
            # The form of SQLAlchemy 1.3: `select([a, b], condition)`.
            for entry in first.entries:
                self.output(select, entry.value)
            select.where += (
                Expressions(self, select).condition(one) for one in given[1:2] if one is not None
            )
            return select
        for one in given:
            self.output(select, one or root)
        return select

    def _existing(self, select: Select, root: ir.Call) -> Select | None:
        given = [one.value for one in root.arguments if not one.name]
        if given and self.is_query(given[0]):
            found = self.query(given[0], select.outer)
            if found is not None:
                found.kind = "exists"
            return found
        select.kind = "exists"
        for one in given:
            entity = self.entity(one)
            if entity is not None:
                select.add(entity)
            else:
                Expressions(self, select).write(one)
        select.outputs = [(text("1", root),)]
        return select

    def _compound(self, select: Select, root: ir.Call, word: str) -> Select | None:
        parts: list[Sql] = []
        for one in Expressions(self, select).spread(root.arguments):
            inner = None if one is None else self.query(one, select.outer)
            if inner is None:
                return None
            parts.append(inner.sql())
            select.ctes.update(inner.ctes)
        if not parts:
            return None
        select.body = joined(parts, f" {COMPOUNDS[word]} ")
        return select

    def _changing(self, select: Select, kind: str, target: ir.Expr) -> Select | None:
        mapped = self.names.model(target)
        if mapped is None:
            return None
        select.kind = kind
        select.target = Entity(mapped.model.table, mapped, at=_spelling(target))
        select.primary = select.target
        return select

    def output(self, select: Select, node: ir.Expr) -> None:
        """Something that a query gives."""
        entity = self.entity(node)
        if entity is not None:
            select.add(entity)
            select.last = entity
            select.outputs += columns_of(entity, self.models, node)
            return
        inner = node
        label = ""
        match inner:
            case ir.Call(function=ir.Attribute(value=owner, name="label"), arguments=(first, *_)):
                given = first.value
                label = (given.constant or "") if isinstance(given, ir.Text) else ""
                inner = owner
            case _:
                pass
        written = Expressions(self, select).write(inner)
        if label:
            written = (*written, text(f" AS {quoted(label)}", node))
        select.outputs.append(written)

    # What names stand for -----------------------------------------------------------------------

    def entity(self, node: ir.Expr) -> Entity | None:
        """The model, table, alias or subquery that an expression is."""
        key = (node.start, node.end, type(node).__name__)
        if key not in self._entities:
            self._entities[key] = None
            self._entities[key] = self._entity(node, "")
        return self._entities[key]

    def _entity(self, node: ir.Expr, label: str) -> Entity | None:
        match node:
            case ir.Operator(operator=":=", operands=(ir.Name(id=known), inner)):
                return self._entity(inner, known)
            case ir.Name() | ir.Attribute():
                mapped = self.names.model(node)
                if mapped is None:
                    return None
                return Entity(mapped.model.table, mapped, at=_spelling(node))
            case ir.Call(function=function):
                word = self.names.word(function).rpartition(".")[2]
                if word in {"aliased", "alias", "with_polymorphic"} and node.arguments:
                    return self._aliased(node, node.arguments, label)
                if isinstance(function, ir.Attribute) and function.name in _DERIVED:
                    if self.is_query(function.value):
                        return self._derived(node, function, label)
                    arguments = (ir.Argument(node.start, node.end, function.value), *node.arguments)
                    return self._aliased(node, arguments, label)
                return None
            case _:
                return None

    def _aliased(
        self, node: ir.Call, arguments: tuple[ir.Argument, ...], label: str
    ) -> Entity | None:
        named = next((a.value for a in arguments if a.name == "name"), None)
        if named is None and len(arguments) > 1 and isinstance(arguments[-1].value, ir.Text):
            named = arguments[-1].value
        given = named.constant if isinstance(named, ir.Text) else None
        inner = self.entity(arguments[0].value)
        if inner is None:
            return None
        if inner.mapped is None:
            return inner
        return Entity(given or label or f"{inner.mapped.model.table}_1", inner.mapped, at=node)

    def _derived(self, node: ir.Call, function: ir.Attribute, label: str) -> Entity | None:
        inner = self.query(function.value)
        if inner is None:
            return None
        named = next((a.value for a in node.arguments if a.name in {"", "name"}), None)
        given = named.constant if isinstance(named, ir.Text) else None
        name_ = given or label or "anon_1"
        if function.name == "cte":
            return Entity(name_, None, inner.sql(), "cte", node)
        return Entity(name_, None, around("(", inner.sql(), ")"), "subquery", node)

    def column(self, node: ir.Expr) -> Column | None:
        """The column, or the relation, that an expression names."""
        while isinstance(node, ir.Operator) and node.operator == ":=":
            node = node.operands[1]
        if not isinstance(node, ir.Attribute):
            return None
        owner = node.value
        core = False
        if isinstance(owner, ir.Attribute) and owner.name in {"c", "columns"}:
            owner, core = owner.value, True
        entity = self.entity(owner)
        if entity is None:
            return None
        if entity.mapped is None:
            return Column(entity, node.name) if core else None
        if core:
            known = {one.name for one in entity.mapped.model.create.columns}
            return Column(entity, node.name) if node.name in known else None
        return self.attribute(entity, node.name)

    def attribute(self, entity: Entity, name_: str) -> Column | None:
        """An attribute of an entity."""
        assert entity.mapped is not None
        held = holder(entity.mapped, name_, self.models)
        if held is not None:
            return Column(
                entity, held[1], held[0].model.field(name_) or Field(name_, held[0].model.at)
            )
        field = entity.mapped.model.field(name_)
        return None if field is None else Column(entity, "", field)

    def by_name(self, select: Select, entity: Entity | None, argument: ir.Argument) -> Sql:
        """`filter_by(name=value)`."""
        if entity is None or entity.mapped is None:
            return parameter(argument)
        column = self.attribute(entity, argument.name)
        if column is None:
            return parameter(argument.value)
        spelling = ir.Attribute(
            argument.start,
            argument.start + len(argument.name.encode(errors="replace")),
            ir.Name(argument.start, argument.start, ""),
            argument.name,
            argument.start,
        )
        expressions = Expressions(self, select)
        if not column.name:
            return expressions.relation(argument.value, column, "==", argument.value)
        left = qualified(column, self.models, spelling, argument)
        value = argument.value
        if isinstance(value, ir.Constant) and value.value is None:
            return (*left, text(" IS NULL", argument))
        return (*left, text(" = ", argument), *expressions.write(value))

    def set_values(self, select: Select, arguments: tuple[ir.Argument, ...]) -> None:
        """`query.update({"paid": True})`."""
        steps = Steps(self, select, Expressions(self, select))
        for one in arguments[:1]:
            steps.mapping(one.value)

    def related(self, column: Column, target: Entity, at: ir.Node, outer: Select) -> Select | None:
        """The rows that a relation leads to, as a query inside of another."""
        select = Select(at, self.models, outer)
        select.outputs = [(text("1", at),)]
        select.add(target)
        condition = Joins(self.models).condition(column.entity, column.field, target, at)
        if condition is None:
            return None
        through, words = condition
        if through is not None:
            select.add(through)
        select.where.append(words)
        return select


def _spelling(node: ir.Expr) -> ir.Node:
    """The bytes that name a class: the last name of `models.Order`."""
    if isinstance(node, ir.Attribute) and node.name in {"__table__", "c"}:
        node = node.value
    while isinstance(node, ir.Operator) and node.operator == ":=":
        node = node.operands[1]
    return node
