"""The calls of a chain, each as it changes the query so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.models.sqlalchemy_mapping import Mapped
from backend_analyzers.facts.orm.chains.entities import Column, Entity, columns_of, source
from backend_analyzers.facts.orm.chains.expressions import Expressions
from backend_analyzers.facts.orm.chains.joins import Joins
from backend_analyzers.facts.orm.chains.selects import Select
from backend_analyzers.facts.orm.chains.writing import Sql, joined, name, parameter, spelt, text
from backend_analyzers.sql.names import quoted

if TYPE_CHECKING:
    from backend_analyzers.facts.orm.chains.lowering import Lowering

COMPOUNDS = {
    "union": "UNION",
    "union_all": "UNION ALL",
    "intersect": "INTERSECT",
    "except_": "EXCEPT",
    "intersect_all": "INTERSECT ALL",
    "except_all": "EXCEPT ALL",
}
_IGNORED = frozenset(
    {
        *("execution_options", "params", "populate_existing", "enable_eagerloads", "yield_per"),
        *("correlate", "correlate_except", "prefix_with", "with_hint", "autoflush", "unique"),
        *("scalar_subquery", "as_scalar", "self_group", "set_label_style", "enable_assertions"),
        *(
            "subquery",
            "cte",
            "alias",
            "lateral",
            "label",
            "with_session",
            "compile",
            "all",
            "statement",
        ),
        *(
            "return_defaults",
            "inline",
            "with_labels",
            "reset_joinpoint",
            "only_return_tuples",
            "exists",
        ),
    }
)


class Link(NamedTuple):
    """One call of a chain; `maybe` when it is only made under a condition."""

    method: str
    call: ir.Call
    maybe: bool = False


class Steps:
    """Adds the calls of a chain to a query, one after the other."""

    def __init__(self, lowering: Lowering, select: Select, expressions: Expressions) -> None:
        self.lowering = lowering
        self.select = select
        self.expressions = expressions
        self.joins = Joins(lowering.models)

    def take(self, link: Link) -> None:
        """Add one call."""
        method = link.method
        if method in _IGNORED:
            return
        found = _STEPS.get(method)
        if found is None:
            self.select.doubtful = True
        elif link.maybe and method not in {"options", "execution_options"}:
            self._maybe(link)
        else:
            found(self, link.call)

    def _maybe(self, link: Link) -> None:
        """A call that is perhaps not made: only that there may be more is sure."""
        select, call = self.select, link.call
        match link.method:
            case "where" | "filter" | "filter_by":
                select.where.append(parameter(call))
            case "having":
                select.having.append(parameter(call))
            case "limit":
                select.limit = parameter(call)
            case "offset":
                select.offset = parameter(call)
            case "order_by":
                select.order.append(parameter(call))
            case _:
                select.doubtful = True

    def _given(self, call: ir.Call) -> Iterator[ir.Expr | None]:
        yield from self.expressions.spread(call.arguments)

    def where(self, call: ir.Call) -> None:
        for one in self._given(call):
            self.select.where.append(parameter(call) if one is None else self._conjunct(one))

    def _conjunct(self, node: ir.Expr) -> Sql:
        """A condition that stands beside others."""
        inner = node
        while isinstance(inner, ir.Operator) and inner.operator == ":=":
            inner = inner.operands[1]
        if isinstance(inner, ir.Call) and self.lowering.names.word(inner.function).endswith("and_"):
            parts = [
                parameter(inner) if one is None else self._conjunct(one)
                for one in self.expressions.spread(inner.arguments)
            ]
            return joined(parts, " AND ")
        return self.expressions.condition(node)

    def filter_by(self, call: ir.Call) -> None:
        entity = self.select.last or self.select.primary
        for one in call.arguments:
            if one.name:
                self.select.where.append(self.lowering.by_name(self.select, entity, one))
            else:
                self.select.where.append(parameter(one.value))

    def with_parent(self, call: ir.Call) -> None:
        self.select.where.append(parameter(call))

    def having(self, call: ir.Call) -> None:
        for one in self._given(call):
            self.select.having.append(
                parameter(call) if one is None else self.expressions.condition(one)
            )

    def group_by(self, call: ir.Call) -> None:
        self.select.group += self._listed(call)

    def order_by(self, call: ir.Call) -> None:
        given = list(self._given(call))
        if len(given) == 1 and isinstance(given[0], ir.Constant) and not given[0].value:
            self.select.order = []
            return
        self.select.order += self._listed(call)

    def _listed(self, call: ir.Call) -> Iterator[Sql]:
        for one in self._given(call):
            inner = one
            while isinstance(inner, ir.Operator) and inner.operator == ":=":
                inner = inner.operands[1]
            entity = None if one is None else self.lowering.entity(one)
            if entity is not None:
                yield from columns_of(entity, self.lowering.models, one or call)
            elif isinstance(inner, ir.Text) and inner.constant:
                yield (spelt(quoted(inner.constant), inner.start, inner.start),)
            else:
                yield parameter(call) if one is None else self.expressions.write(one)

    def limit(self, call: ir.Call) -> None:
        self.select.limit = self._number(call)

    def offset(self, call: ir.Call) -> None:
        self.select.offset = self._number(call)

    def _number(self, call: ir.Call) -> Sql:
        given = next((one.value for one in call.arguments), None)
        if isinstance(given, ir.Constant) and given.value is None:
            return ()
        return parameter(call) if given is None else self.expressions.write(given)

    def slice(self, call: ir.Call) -> None:
        self.select.limit, self.select.offset = parameter(call), parameter(call)

    def distinct(self, call: ir.Call) -> None:
        on = [self.expressions.write(one) for one in self._given(call) if one is not None]
        words: Sql = (text("DISTINCT ", call),)
        if on:
            words = (text("DISTINCT ON (", call), *joined(on, ", "), text(") ", call))
        self.select.distinct = words

    def join(self, call: ir.Call) -> None:
        outer = any(_is_true(a, "isouter") for a in call.arguments)
        full = any(_is_true(a, "full") for a in call.arguments)
        self._joined(call, "FULL JOIN" if full else "LEFT JOIN" if outer else "JOIN")

    def outerjoin(self, call: ir.Call) -> None:
        full = any(_is_true(a, "full") for a in call.arguments)
        self._joined(call, "FULL JOIN" if full else "LEFT JOIN")

    def join_from(self, call: ir.Call) -> None:
        given = list(self._given(call))
        if given and given[0] is not None:
            entity = self.lowering.entity(given[0])
            if entity is not None:
                self.select.use(entity)
        self._join(given[1:], call, "JOIN")

    def outerjoin_from(self, call: ir.Call) -> None:
        given = list(self._given(call))
        self._join(given[1:], call, "LEFT JOIN")

    def _joined(self, call: ir.Call, word: str) -> None:
        given = list(self._given(call))
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
        for one in self._given(call):
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
        outer = method == "outerjoin" or any(_is_true(a, "isouter") for a in node.arguments)
        self._join(list(given), node, "LEFT JOIN" if outer else "JOIN")

    def with_entities(self, call: ir.Call) -> None:
        select = self.select
        last, select.outputs = select.last, []
        for one in self._given(call):
            self.lowering.output(select, one or call)
        select.last = last

    def add_columns(self, call: ir.Call) -> None:
        for one in self._given(call):
            self.lowering.output(self.select, one or call)

    def compound(self, call: ir.Call) -> None:
        function = call.function
        assert isinstance(function, ir.Attribute)
        for one in self._given(call):
            inner = None if one is None else self.lowering.query(one, self.select.outer)
            if inner is None:
                self.select.doubtful = True
                continue
            self.select.compound.append((COMPOUNDS[function.name], inner.sql()))

    def with_for_update(self, call: ir.Call) -> None:
        words = " FOR UPDATE"
        if any(_is_true(a, "read") for a in call.arguments):
            words = " FOR SHARE"
        if any(_is_true(a, "nowait") for a in call.arguments):
            words += " NOWAIT"
        if any(_is_true(a, "skip_locked") for a in call.arguments):
            words += " SKIP LOCKED"
        self.select.suffix = (text(words, call),)

    def options(self, call: ir.Call) -> None:
        for one in self._given(call):
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
            inner = any(_is_true(a, "innerjoin") for a in call.arguments)
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

    # Changes ------------------------------------------------------------------------------------

    def values(self, call: ir.Call) -> None:
        for one in call.arguments:
            if one.spread:
                self.select.doubtful = True
            elif one.name:
                self._set(one.name, one.start, one.value)
            else:
                self.mapping(one.value)

    def mapping(self, value: ir.Expr) -> None:
        while isinstance(value, ir.Operator) and value.operator == ":=":
            value = value.operands[1]
        if isinstance(value, ir.Collection) and value.kind == "list" and value.entries:
            value = value.entries[0].value
        if not isinstance(value, ir.Collection) or value.kind != "mapping":
            self.select.doubtful = True
            return
        for entry in value.entries:
            key = entry.key
            if isinstance(key, ir.Text) and key.constant and key.parts:
                self._set(key.constant, key.parts[0].start, entry.value)
            elif isinstance(key, ir.Attribute) and self.lowering.column(key) is not None:
                self._set(key.name, key.name_start, entry.value)
            else:
                self.select.doubtful = True

    def _set(self, attribute: str, start: int, value: ir.Expr) -> None:
        select = self.select
        assert select.primary is not None
        column = self.lowering.attribute(select.primary, attribute)
        known = column.name if column is not None and column.name else ""
        if not known and select.primary.mapped is not None:
            names = {one.name for one in select.primary.mapped.model.create.columns}
            known = attribute if attribute in names else ""
        if not known:
            select.doubtful = True
            return
        end = start + len(attribute.encode(errors="replace"))
        select.sets.append((known, (name(known, start, end),), self.expressions.write(value)))

    def from_select(self, call: ir.Call) -> None:
        given = [one.value for one in call.arguments]
        if len(given) < 2 or not isinstance(given[0], ir.Collection):  # noqa: PLR2004
            self.select.doubtful = True
            return
        for entry in given[0].entries:
            if isinstance(entry.value, ir.Text) and entry.value.constant:
                part = entry.value.parts[0]
                self._set(entry.value.constant, part.start, entry.value)
            elif isinstance(entry.value, ir.Attribute):
                self._set(entry.value.name, entry.value.name_start, entry.value)
        inner = self.lowering.query(given[1])
        if inner is None:
            self.select.doubtful = True
        else:
            self.select.selected = inner.sql()

    def returning(self, call: ir.Call) -> None:
        select = self.select
        for one in self._given(call):
            entity = None if one is None else self.lowering.entity(one)
            if entity is not None:
                select.returning += columns_of(entity, self.lowering.models, one or call)
            else:
                select.returning.append(
                    parameter(call) if one is None else self.expressions.write(one)
                )

    def on_conflict(self, call: ir.Call) -> None:
        function = call.function
        assert isinstance(function, ir.Attribute)
        listed = next((a.value for a in call.arguments if a.name == "index_elements"), None)
        target: Sql = ()
        if isinstance(listed, ir.Collection):
            names = [self._element(entry.value) for entry in listed.entries]
            target = (text(" (", call), *joined(names, ", "), text(")", call))
        if function.name == "on_conflict_do_nothing":
            self.select.conflict = (text(" ON CONFLICT", call), *target, text(" DO NOTHING", call))
            return
        given = next((a.value for a in call.arguments if a.name == "set_"), None)
        sets: list[Sql] = []
        if isinstance(given, ir.Collection) and given.kind == "mapping" and target:
            for entry in given.entries:
                if isinstance(entry.key, ir.Text) and entry.key.constant:
                    start, end = entry.key.parts[0].start, entry.key.parts[0].end
                    named = (name(entry.key.constant, start, end), text(" = ", call))
                    sets.append((*named, *parameter(entry.value)))
        if not sets:
            self.select.doubtful = True
            return
        self.select.conflict = (
            text(" ON CONFLICT", call),
            *target,
            text(" DO UPDATE SET ", call),
            *joined(sets, ", "),
        )

    def _element(self, node: ir.Expr) -> Sql:
        if isinstance(node, ir.Text) and node.constant and node.parts:
            return (name(node.constant, node.parts[0].start, node.parts[0].end),)
        column = self.lowering.column(node)
        if column is not None and column.name and isinstance(node, ir.Attribute):
            size = len(node.name.encode(errors="replace"))
            return (name(column.name, node.name_start, node.name_start + size),)
        return parameter(node)


def _keys(mapped: Mapped | None) -> tuple[str, ...]:
    if mapped is None:
        return ()
    return next((c.columns for c in mapped.model.create.constraints if c.kind == "primary key"), ())


def _is_true(argument: ir.Argument, name_: str) -> bool:
    value = argument.value
    return argument.name == name_ and isinstance(value, ir.Constant) and value.value is True


_STEPS = {
    **dict.fromkeys(("where", "filter"), Steps.where),
    **dict.fromkeys(COMPOUNDS, Steps.compound),
    **dict.fromkeys(("with_entities", "with_only_columns"), Steps.with_entities),
    **dict.fromkeys(("add_columns", "add_column", "add_entity", "column"), Steps.add_columns),
    **dict.fromkeys(("on_conflict_do_nothing", "on_conflict_do_update"), Steps.on_conflict),
    "filter_by": Steps.filter_by,
    "with_parent": Steps.with_parent,
    "having": Steps.having,
    "group_by": Steps.group_by,
    "order_by": Steps.order_by,
    "limit": Steps.limit,
    "offset": Steps.offset,
    "slice": Steps.slice,
    "distinct": Steps.distinct,
    "join": Steps.join,
    "outerjoin": Steps.outerjoin,
    "join_from": Steps.join_from,
    "outerjoin_from": Steps.outerjoin_from,
    "select_from": Steps.select_from,
    "with_for_update": Steps.with_for_update,
    "options": Steps.options,
    "values": Steps.values,
    "from_select": Steps.from_select,
    "returning": Steps.returning,
}
