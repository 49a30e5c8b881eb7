"""Queries of Django as SQL: the steps of a chain, one after the other."""

from __future__ import annotations

from backend_analyzers.facts.django.calls import (
    Unreadable,
    arguments,
    bounds,
    default_name,
    has_aggregate,
    has_or,
    mentions,
    texts_of,
)
from backend_analyzers.facts.django.catalog import Catalog
from backend_analyzers.facts.django.expressions import (
    condition,
    expression,
    lookup,
    operand,
)
from backend_analyzers.facts.django.rows import Related, Rows, Step
from backend_analyzers.facts.django.select import Nested, Sources, ends_of
from backend_analyzers.facts.django.shapes import DjangoField
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.facts.django.written import (
    PARAMETER,
    Part,
    Parts,
    column_parts,
    hole,
    joined,
    literal,
)
from backend_analyzers.sql.names import quoted


class Lowered:
    """One query while it is put together."""

    def __init__(
        self, known: Catalog, rows: Rows, nested: Nested, around: Sources | None = None
    ) -> None:
        self.known = known
        self.rows = rows
        self.sources = Sources(known, rows.label, rows.at, nested, around)
        self.where: list[Parts] = []
        self.having: list[Parts] = []
        self.order: list[Parts] | None = None
        self.outputs: list[Parts] | None = None
        self.annotations: dict[str, Parts] = {}
        self.aggregates: set[str] = set()
        self.groups: list[Parts] | None = None
        self.only: tuple[str, ...] | None = None
        self.deferred: set[str] = set()
        self.extra: list[Parts] = []
        self.distinct: Parts | None = None
        self.limit: Parts = []
        self.offset: Parts = []
        self.locking = False
        self.is_reversed = False
        self.is_sliced = False
        if rows.related is not None:
            self._related(rows.related)
        for step in rows.steps:
            self._step(step)
        if rows.unsure:
            self.where.append([hole(rows.at.start, rows.at.end)])

    @property
    def at(self) -> tuple[int, int]:
        return self.rows.at.start, self.rows.at.end

    # Steps --------------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        call = step.call
        match step.method:
            case "filter" | "exclude":
                self.filter(call, exclude=step.method == "exclude")
            case "order_by":
                self.order_by(call)
            case "reverse":
                self.is_reversed = not self.is_reversed
            case "distinct":
                self.distinct = self._distinct(call)
            case "values" | "values_list":
                self.values(call)
            case "annotate" | "alias":
                self.annotate(call, shown=step.method == "annotate")
            case "only":
                self.only = texts_of(call)
            case "defer":
                self.deferred |= set(texts_of(call))
            case "select_related":
                self.select_related(call)
            case "select_for_update":
                self.locking = True
            case "none":
                raise Unreadable
            case "[:]":
                self.slice(call)
            case _:
                pass

    def filter(self, call: Term, *, exclude: bool = False) -> None:
        """The conditions of `filter`, `exclude` or `get`."""
        if self.is_sliced:
            raise Unreadable
        self.sources.next_filter()
        found: list[Parts] = []
        for one in call.positional():
            self.sources.outer_joins = exclude or has_or(one)
            found.append(condition(one, self.sources))
        self.sources.outer_joins = exclude
        for name, value, start in arguments(call):
            self.sources.outer_joins = exclude or (
                name.endswith("__isnull") and value.value is not False
            )
            found.append(lookup(name, value, self.sources, start, start + len(name.encode())))
        self.sources.outer_joins = False
        if call.is_spread:
            found.append([hole(call.start, call.end)])
        found = [one for one in found if one]
        if exclude and found:
            start, end = call.start, call.end
            inner = joined(found, " AND ", start, end)
            found = [[Part("NOT (", start, end), *inner, Part(")", start, end)]]
        is_grouped = any(mentions(self.aggregates, call) for _ in found[:1])
        (self.having if is_grouped else self.where).extend(found)

    def order_by(self, call: Term) -> None:
        """The order, in place of any other."""
        self.order = []
        self.is_reversed = False
        for one in call.positional():
            self.order.append(self._ordered(one))
        if call.is_spread:
            self.order.append([hole(call.start, call.end)])

    def _ordered(self, term: Term) -> Parts:
        at = (term.start, term.end)
        if term.kind == "constant" and isinstance(term.value, str):
            name = term.value
            if name == "?":
                return [Part("random()", *at)]
            return self._ordered_name(name, at, written=term.end - term.start == len(name) + 2)
        way = ""
        called = term.parts[0] if term.kind == "call" else None
        if (
            called is not None
            and called.kind in {"attribute", "name"}
            and called.text.rpartition(".")[2] in {"asc", "desc"}
        ):
            way = " DESC" if called.text.endswith("desc") else ""
            term = called.parts[0] if called.parts else term
        found = expression(term, self.sources)
        return [*found, Part(way, *at)] if found is not None and way else found or [hole(*at)]

    def _ordered_name(self, name: str, at: tuple[int, int], *, written: bool) -> Parts:
        plain = name.lstrip("-+")
        descends = name.startswith("-")
        start = at[0] + 1 + len(name) - len(plain)
        self.sources.outer_joins = True
        located = self.sources.locate(plain, start, at[1] - 1, exact=written)
        self.sources.outer_joins = False
        if located is None:
            return [hole(*at)]
        if plain in self.annotations:
            return [Part(quoted(plain) + (" DESC" if descends else ""), *at)]
        return [*located.parts, Part(" DESC" if descends else " ASC", *at)]

    def _distinct(self, call: Term) -> Parts:
        columns = [self._column(one, (call.start, call.end)) for one in texts_of(call)]
        start, end = call.start, call.end
        if not columns:
            return [Part("DISTINCT ", start, end)]
        listed = joined(columns, ", ", start, end)
        return [Part("DISTINCT ON (", start, end), *listed, Part(") ", start, end)]

    def _column(self, name: str, at: tuple[int, int]) -> Parts:
        self.sources.outer_joins = True
        located = self.sources.locate(name, *at, exact=False)
        self.sources.outer_joins = False
        return located.parts if located is not None else [hole(*at)]

    def values(self, call: Term) -> None:
        """Columns in place of objects; aggregates that come later are for each group of them."""
        outputs: list[Parts] = []
        plain: list[Parts] = []
        for one in call.positional():
            at = (one.start, one.end)
            if isinstance(one.value, str):
                name = one.value
                if name in self.annotations:
                    if name not in self.aggregates:
                        plain.append(self.annotations[name])
                    outputs.append([*self.annotations[name], Part(f" AS {quoted(name)}", *at)])
                    continue
                self.sources.outer_joins = True
                is_written = one.end - one.start == len(name) + 2
                located = self.sources.locate(name, one.start + 1, one.end - 1, exact=is_written)
                self.sources.outer_joins = False
                outputs.append(located.parts if located is not None else [hole(*at)])
            else:
                found = expression(one, self.sources)
                outputs.append(found if found is not None else [hole(*at)])
            plain.append(outputs[-1])
        for name, value, _ in arguments(call):
            if name in {"flat", "named"}:
                continue
            found = expression(value, self.sources)
            at = (value.start, value.end)
            self.sources.annotations[name] = found
            shown = [*found, Part(f" AS {quoted(name)}", *at)] if found is not None else [hole(*at)]
            outputs.append(shown)
            if found is not None and not has_aggregate(value):
                plain.append(found)
        if call.is_spread:
            outputs.append([hole(call.start, call.end)])
        if outputs:
            self.outputs = outputs
            self.extra = []
        elif self.outputs is None:
            self.outputs = plain = self.all_columns()
        if not self.aggregates:
            self.groups = plain

    def annotate(self, call: Term, *, shown: bool) -> None:
        """Computed columns; with aggregates among them the rows are grouped."""
        named = [(name, value) for name, value, _ in arguments(call)]
        named += [(default_name(one), one) for one in call.positional()]
        if call.is_spread:
            self.extra.append([hole(call.start, call.end)])
        for name, value in named:
            self.sources.outer_joins = True
            found = expression(value, self.sources)
            if found is None:
                rows = self.sources.rows(value)
                found = (
                    [Part("(", value.start, value.end), *rows, Part(")", value.start, value.end)]
                    if rows
                    else None
                )
            self.sources.outer_joins = False
            at = (value.start, value.end)
            self.sources.annotations[name] = found
            if found is None:
                self.extra.append([hole(*at)])
                continue
            self.annotations[name] = found
            if has_aggregate(value):
                self.aggregates.add(name)
            if shown:
                self.extra.append([*found, Part(f" AS {quoted(name)}", *at)])

    def select_related(self, call: Term) -> None:
        """The columns of rows that are read along."""
        for one in call.positional():
            if not isinstance(one.value, str):
                continue
            names = one.value.split("__")
            for size in range(1, len(names) + 1):
                self._read_along(names[:size], (one.start, one.end))

    def _read_along(self, names: list[str], at: tuple[int, int]) -> None:
        label = self.rows.label
        for name in names:
            field = self.known.fields(label).get(name)
            way = next(
                (w for w in self.known.ways_back(label) if w.query == name and not w.many), None
            )
            label = field.to if field is not None else way.model if way is not None else ""
        if label not in self.known.entries:
            return
        self.sources.outer_joins = True
        key: DjangoField | None = None
        for field in self.known.entries[label].shape.fields:
            if not field.column:
                continue
            located = self.sources.locate("__".join([*names, field.name]), *at, exact=False)
            if field.primary:
                key = field
            elif located is not None:
                self.extra.append(located.parts)
        alias = self.sources.paths.get(tuple(names))
        if key is not None and alias:
            self.extra.append(self.sources.column(key, alias, at))
        self.sources.outer_joins = False

    def slice(self, term: Term) -> None:
        """`[a:b]` is a limit and an offset."""
        if self.is_sliced:
            raise Unreadable
        self.is_sliced = True
        lower, upper = bounds(term.parts[1])
        at = (term.start, term.end)
        if lower is not None and lower.value != 0:
            self.offset = operand(lower, self.sources)
        if upper is None:
            return
        known = lower.value if lower is not None else 0
        if isinstance(upper.value, int) and isinstance(known, int):
            self.limit = [Part(literal(max(upper.value - known, 0)), *at)]
        else:
            self.limit = [Part(PARAMETER, upper.start, upper.end)]

    # Parts --------------------------------------------------------------------------------------

    def _related(self, related: Related) -> None:
        """The rows of one object."""
        at = (related.at.start, related.at.end)
        if related.way is not None and related.way.field.kind != "ManyToManyField":
            found = [*column_parts(self.sources.alias, related.way.field.column, *at, None)]
        else:
            found = self._joined_to(related, at)
        self.where.append([*found, Part(" = ", *at), Part(PARAMETER, *at)])

    def _joined_to(self, related: Related, at: tuple[int, int]) -> Parts:
        """The column of a join table that refers to the object."""
        way, known = related.way, self.known
        field = way.field if way is not None else related.field
        model = way.model if way is not None else related.source
        shape = known.shapes.get(field.model or model) if field is not None else None
        between = known.through(shape, field) if shape is not None and field is not None else None
        ends = (
            ends_of(known, between, field, model)
            if between is not None and field is not None
            else None
        )
        if between is None or ends is None:
            raise Unreadable
        object_end, row_end = ends if way is None else (ends[1], ends[0])
        own = known.fields(self.rows.label).get("pk")
        on = (self.sources.alias, own.column if own is not None else "id", row_end)
        alias = self.sources.joined(between.table, on, at, left=False, many=False)
        return column_parts(alias, object_end, *at, None)

    def all_columns(self) -> list[Parts]:
        """The columns of the model, without those that are left for later."""
        label = self.sources.label
        found: list[Parts] = []
        entry = self.known.entries[label]
        for field in entry.all_fields(self.known):
            if not field.column or not self._is_wanted(field):
                continue
            alias = self.sources.parent_alias(label, field, self.sources.alias, self.at)
            found.append(self.sources.column(field, alias, self.at))
        if not entry.shape.known:
            found.append([hole(*self.at)])
        return found

    def _is_wanted(self, field: DjangoField) -> bool:
        if field.primary:
            return True
        if self.only is not None:
            firsts = {name.split("__")[0] for name in self.only}
            return field.name in firsts or field.attname in firsts
        return field.name not in self.deferred

    def ordering(self) -> list[Parts]:
        """What follows ORDER BY: what the chain says, else what the model does."""
        if self.order is not None:
            return self.order
        if self.groups is not None and self.aggregates:
            return []
        entry = self.known.entries[self.sources.label]
        return [self._ordered_name(name, self.at, written=False) for name in entry.ordering]
