"""The calls of a chain, each as it changes the query so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.orm.chains.entities import columns_of
from backend_analyzers.facts.orm.chains.writing import Sql, joined, parameter, spelt, text
from backend_analyzers.sql.names import quoted

if TYPE_CHECKING:
    pass

from backend_analyzers.facts.orm.chains.changes import is_true
from backend_analyzers.facts.orm.chains.joining import Joining

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


class Steps(Joining):
    """Adds the calls of a chain to a query, one after the other."""

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

    def where(self, call: ir.Call) -> None:
        for one in self.given(call):
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
        for one in self.given(call):
            self.select.having.append(
                parameter(call) if one is None else self.expressions.condition(one)
            )

    def group_by(self, call: ir.Call) -> None:
        self.select.group += self._listed(call)

    def order_by(self, call: ir.Call) -> None:
        given = list(self.given(call))
        if len(given) == 1 and isinstance(given[0], ir.Constant) and not given[0].value:
            self.select.order = []
            return
        self.select.order += self._listed(call)

    def _listed(self, call: ir.Call) -> Iterator[Sql]:
        for one in self.given(call):
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
        on = [self.expressions.write(one) for one in self.given(call) if one is not None]
        words: Sql = (text("DISTINCT ", call),)
        if on:
            words = (text("DISTINCT ON (", call), *joined(on, ", "), text(") ", call))
        self.select.distinct = words

    def with_entities(self, call: ir.Call) -> None:
        select = self.select
        last, select.outputs = select.last, []
        for one in self.given(call):
            self.lowering.output(select, one or call)
        select.last = last

    def add_columns(self, call: ir.Call) -> None:
        for one in self.given(call):
            self.lowering.output(self.select, one or call)

    def compound(self, call: ir.Call) -> None:
        function = call.function
        assert isinstance(function, ir.Attribute)
        for one in self.given(call):
            inner = None if one is None else self.lowering.query(one, self.select.outer)
            if inner is None:
                self.select.doubtful = True
                continue
            self.select.compound.append((COMPOUNDS[function.name], inner.sql()))

    def with_for_update(self, call: ir.Call) -> None:
        words = " FOR UPDATE"
        if any(is_true(a, "read") for a in call.arguments):
            words = " FOR SHARE"
        if any(is_true(a, "nowait") for a in call.arguments):
            words += " NOWAIT"
        if any(is_true(a, "skip_locked") for a in call.arguments):
            words += " SKIP LOCKED"
        self.select.suffix = (text(words, call),)


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
