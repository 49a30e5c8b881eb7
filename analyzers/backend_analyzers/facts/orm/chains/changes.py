"""The calls of a chain that say what is written: values, conflicts, what is returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_analyzers import ir
from backend_analyzers.facts.orm.chains.entities import columns_of
from backend_analyzers.facts.orm.chains.expressions import Expressions
from backend_analyzers.facts.orm.chains.joins import Joins
from backend_analyzers.facts.orm.chains.selects import Select
from backend_analyzers.facts.orm.chains.writing import Sql, joined, name, parameter, text

if TYPE_CHECKING:
    from backend_analyzers.facts.orm.chains.lowering import Lowering


class Changes:
    """What the calls of a chain add to a query: the part of INSERT and UPDATE."""

    def __init__(self, lowering: Lowering, select: Select, expressions: Expressions) -> None:
        self.lowering = lowering
        self.select = select
        self.expressions = expressions
        self.joins = Joins(lowering.models)

    def given(self, call: ir.Call) -> Iterator[ir.Expr | None]:
        yield from self.expressions.spread(call.arguments)

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
        for one in self.given(call):
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


def is_true(argument: ir.Argument, name_: str) -> bool:
    """Whether an argument of that name is `True`."""
    value = argument.value
    return argument.name == name_ and isinstance(value, ir.Constant) and value.value is True
