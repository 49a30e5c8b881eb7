"""The calls of a chain that bring in other tables: joins, and relations that are loaded with their owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped
from backend_analyzers.facts.orm.chains.entities import Column, Entity, columns_of, source
from backend_analyzers.facts.orm.chains.writing import Sql, is_parameter, parameter, text
from backend_analyzers.sql.names import quoted

if TYPE_CHECKING:
    pass

from backend_analyzers.facts.orm.chains.changes import Changes, is_true


class Joining(Changes):
    """What the calls of a chain add to a query: other tables."""

    def join(self, call: ir.Call) -> None:
        outer = any(is_true(a, "isouter") for a in call.arguments)
        full = any(is_true(a, "full") for a in call.arguments)
        self._joined(call, "FULL JOIN" if full else "LEFT JOIN" if outer else "JOIN")

    def outerjoin(self, call: ir.Call) -> None:
        full = any(is_true(a, "full") for a in call.arguments)
        self._joined(call, "FULL JOIN" if full else "LEFT JOIN")

    def join_from(self, call: ir.Call) -> None:
        given = list(self.given(call))
        if given and given[0] is not None:
            entity = self.lowering.entity(given[0])
            if entity is not None:
                self.select.use(entity)
        self._join(given[1:], call, "JOIN")

    def outerjoin_from(self, call: ir.Call) -> None:
        given = list(self.given(call))
        self._join(given[1:], call, "LEFT JOIN")

    def _joined(self, call: ir.Call, word: str) -> None:
        given = list(self.given(call))
        named = next((a.value for a in call.arguments if a.name == "onclause"), None)
        if named is not None:
            given.append(named)
        relations = [one for one in given if one is not None and self._relation(one) is not None]
        if len(given) > 1 and len(relations) == len(given):
            for one in given:  # the form of SQLAlchemy 1.3: `join(User.orders, Order.lines)`
                self._join([one], call, word)
            return
        self._join(given, call, word)

    def _relation(self, node: ir.Expr) -> Column | None:
        column = self.lowering.column(node)
        return column if column is not None and not column.name and column.field else None

    def _join(self, given: list[ir.Expr | None], call: ir.Call, word: str) -> None:
        first = given[0] if given else None
        second = given[1] if len(given) > 1 else None
        select = self.select
        if first is None:
            select.doubtful = True
            return
        target = self.lowering.entity(first)
        column = self._relation(first)
        alias: Entity | None = None
        if column is None and target is None:
            column, alias = self._of_type(first)
        named = first.constant if isinstance(first, ir.Text) else None
        if column is None and named and select.last and select.last.mapped is not None:
            column = self.lowering.attribute(select.last, named)
        if column is not None:
            self._along(column, alias, call, word, first)
            return
        if target is None:
            select.doubtful = True
            return
        by = None if second is None else self._relation(second)
        if by is not None:
            self._along(by, target, call, word, first)
            return
        if second is not None:
            select.joined.add(target.key)
            condition: Sql | None = self.expressions.condition(second)
        else:
            condition = self.joins.found(list(self._sources()), target, call)
        self._add(target, condition or parameter(call), call, word)

    def _of_type(self, node: ir.Expr) -> tuple[Column | None, Entity | None]:
        """`User.orders.of_type(Alias)`, `User.orders.and_(…)`."""
        if not isinstance(node, ir.Call) or not isinstance(node.function, ir.Attribute):
            return None, None
        column = self._relation(node.function.value)
        alias = None
        if node.function.name == "of_type" and node.arguments:
            alias = self.lowering.entity(node.arguments[0].value)
        return column, alias

    def _along(
        self, column: Column, alias: Entity | None, call: ir.Call, word: str, at: ir.Expr
    ) -> None:
        """Join what a relation leads to."""
        field, models = column.field, self.lowering.models
        target = None if field is None else models.by_key.get(field.relation)
        if field is None or target is None:
            self.select.doubtful = True
            return
        entity = alias or Entity(target.model.table, target, at=at)
        self.select.use(column.entity)
        if field.through:
            between = self.joins.between(field, call)
            steps = (
                None
                if between is None
                else self.joins.through(column.entity, between, entity, call)
            )
            if between is None or steps is None:
                self.select.doubtful = True
                return
            self._add(between, steps[0], call, word)
            self._add(entity, steps[1], call, word)
            return
        condition = self.joins.condition(column.entity, field, entity, call)
        self._add(entity, condition[1] if condition else parameter(call), call, word)

    def _sources(self) -> Iterator[Entity]:
        if self.select.last is not None:
            yield self.select.last
        yield from self.select.entities.values()

    def _add(self, entity: Entity, condition: Sql, call: ir.Call, word: str) -> None:
        select = self.select
        if is_parameter(condition):
            select.doubtful = True  # how the two belong together is not known
        select.joined.add(entity.key)
        select.add(entity)
        select.last = entity
        select.joins.append(
            (
                text(f" {word} ", call),
                *source(entity, self.lowering.models),
                text(" ON ", call),
                *condition,
            )
        )

    def select_from(self, call: ir.Call) -> None:
        for one in self.given(call):
            entity = None if one is None else self.lowering.entity(one)
            if entity is not None:
                rest = dict(self.select.entities)
                self.select.entities = {entity.key: entity, **rest}
                self.select.primary = self.select.last = entity
                self.select.add(entity)
            elif one is not None and isinstance(one, ir.Call):
                self._core_join(one)
            else:
                self.select.doubtful = True

    def _core_join(self, node: ir.Call) -> None:
        """`select_from(join(a, b, …))` and `a.join(b, …)`."""
        function = node.function
        word = self.lowering.names.word(function).rpartition(".")[2]
        given = [one.value for one in node.arguments if not one.name]
        left: ir.Expr | None = None
        method = word
        if word in {"join", "outerjoin"} and given:
            left, given = given[0], given[1:]
        elif isinstance(function, ir.Attribute) and function.name in {"join", "outerjoin"}:
            left, method = function.value, function.name
        if left is None:
            self.select.doubtful = True
            return
        entity = self.lowering.entity(left)
        if entity is not None:
            self.select.use(entity)
            self.select.last = entity
        elif isinstance(left, ir.Call):
            self._core_join(left)
        outer = method == "outerjoin" or any(is_true(a, "isouter") for a in node.arguments)
        self._join(list(given), node, "LEFT JOIN" if outer else "JOIN")

    def options(self, call: ir.Call) -> None:
        for one in self.given(call):
            if isinstance(one, ir.Call):
                self._option(one)

    def _option(self, node: ir.Call) -> None:
        """`load_only(…)` and `joinedload(…)`; the others change nothing of this statement."""
        root, links = self.lowering.chain(node)
        first = root if isinstance(root, ir.Call) else None
        if first is None:
            return
        owner: Entity | None = self.select.primary
        for call in (first, *(link.call for link in links)):
            function = call.function
            method = (
                function.name if isinstance(function, ir.Attribute) else getattr(function, "id", "")
            )
            if method.rpartition(":")[2] == "load_only" and call is first:
                self._only(call)
            if method.rpartition(":")[2] != "joinedload" or not call.arguments or owner is None:
                return
            column = self.lowering.column(call.arguments[0].value)
            inner = any(is_true(a, "innerjoin") for a in call.arguments)
            owner = self._eager(column, owner, call, "JOIN" if inner else "LEFT JOIN")

    def _only(self, call: ir.Call) -> None:
        columns = [self.lowering.column(one.value) for one in call.arguments]
        primary = self.select.primary
        if primary is None or any(one is None or not one.name for one in columns):
            return
        key = [
            c
            for k in _keys(primary.mapped)
            for c in [(text(f"{quoted(primary.label)}.{quoted(k)}", call),)]
        ]
        self.select.outputs = [*key, *(self.expressions.write(one.value) for one in call.arguments)]

    def _eager(
        self, column: Column | None, owner: Entity, call: ir.Call, word: str
    ) -> Entity | None:
        """The join by which a relation is loaded with its owner."""
        field = None if column is None else column.field
        target = None if field is None else self.lowering.models.by_key.get(field.relation)
        if field is None or target is None or self.select.kind != "select":
            return None
        number = 1 + len(self.select.eager)
        entity = Entity(f"{target.model.table}_{number}", target, at=call.arguments[0].value)
        if field.through:
            between = self.joins.between(field, call, f"{field.through}_{number}")
            steps = None if between is None else self.joins.through(owner, between, entity, call)
            if between is None or steps is None:
                return None
            self._eagerly(between, steps[0], call, word)
            self._eagerly(entity, steps[1], call, word)
        else:
            condition = self.joins.condition(owner, field, entity, call)
            if condition is None:
                return None
            self._eagerly(entity, condition[1], call, word)
        self.select.outputs += columns_of(entity, self.lowering.models, call)
        return entity

    def _eagerly(self, entity: Entity, condition: Sql, call: ir.Call, word: str) -> None:
        self.select.eager.append(
            (
                text(f" {word} ", call),
                *source(entity, self.lowering.models),
                text(" ON ", call),
                *condition,
            )
        )


def _keys(mapped: Mapped | None) -> tuple[str, ...]:
    if mapped is None:
        return ()
    return next((c.columns for c in mapped.model.create.constraints if c.kind == "primary key"), ())
