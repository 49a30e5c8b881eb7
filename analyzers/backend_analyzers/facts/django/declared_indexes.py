"""The indexes and constraints of `class Meta`, and of the operations that add them."""

from __future__ import annotations

from backend_analyzers.facts.django.expressions import Columns, Located, condition, expression
from backend_analyzers.facts.django.names import index_name, meta_index_name
from backend_analyzers.facts.django.shapes import (
    Shape,
)
from backend_analyzers.facts.django.terms import Term, texts
from backend_analyzers.facts.django.written import (
    Parts,
    column_parts,
    is_certain,
    text_of,
)
from backend_analyzers.libraries.django_lookups import INDEX_METHODS
from backend_analyzers.sql.ddl import (
    Constraint,
    CreateIndex,
    IndexKey,
    TableName,
)
from backend_analyzers.sql.names import quoted

Span = tuple[int, int]


def unique_together(shape: Shape, fields: tuple[str, ...], span: Span) -> Constraint:
    """One entry of `unique_together`."""
    columns = tuple(shape.column(name) for name in fields)
    return Constraint("unique", index_name(shape.table, columns, "_uniq"), columns, *span)


def index_together(shape: Shape, fields: tuple[str, ...], span: Span) -> CreateIndex:
    """One entry of `index_together`."""
    columns = tuple(shape.column(name) for name in fields)
    name = index_name(shape.table, columns, "_idx")
    keys = tuple(plain_key(column, span) for column in columns)
    return CreateIndex(name, None, table_name(shape.table, span), keys, *span)


def together(term: Term | None) -> tuple[tuple[str, ...], ...] | None:
    """`unique_together` as it may be written: one group of fields, or several."""
    if term is None or (term.kind == "constant" and term.value is None):
        return ()
    one = texts(term)
    if one:
        return (one,)
    if term.kind == "call" and term.last in {"set", "tuple", "list"}:
        return together(term.positional()[0]) if term.positional() else ()
    if term.kind != "list":
        return None
    groups = [texts(part) for part in term.parts]
    return tuple(group for group in groups if group) if all(g is not None for g in groups) else None


def name_of(shape: Shape, term: Term) -> str | None:
    """The name that an index or a constraint is given."""
    given = term.argument("name")
    if given is None or not isinstance(given.value, str):
        return None
    app = shape.label.partition(".")[0]
    return given.value.replace("%(app_label)s", app).replace("%(class)s", shape.name.lower())


def declared_index(
    shape: Shape, term: Term, span: Span, *, concurrently: bool = False
) -> CreateIndex | None:
    """An entry of `Meta.indexes`; None when it cannot be read."""
    method, suffix = INDEX_METHODS.get(term.last, ("", ""))
    if term.kind != "call" or not method or term.is_spread:
        return None
    names = texts(term.argument("fields"))
    classes = texts(term.argument("opclasses")) or ()
    table = OneTable(shape)
    if names:
        ordered = [(shape.column(name.removeprefix("-")), name.startswith("-")) for name in names]
        keys: list[IndexKey] = []
        for number, (column, descending) in enumerate(ordered):
            opclass = classes[number] if number < len(classes) else ""
            keys.append(
                IndexKey(
                    column,
                    quoted(column),
                    *span,
                    descending=descending,
                    opclass=opclass,
                    columns=(column,),
                )
            )
        name = name_of(shape, term) or meta_index_name(shape.table, ordered, suffix)
    else:
        found = _expression_keys(table, term.positional(), span)
        given = name_of(shape, term)
        if not found or given is None:
            return None
        keys, name = found, given
    where = _where(table, term)
    if where is None:
        return None
    include = tuple(shape.column(one) for one in texts(term.argument("include")) or ())
    return CreateIndex(
        name,
        None,
        table_name(shape.table, span),
        tuple(keys),
        *span,
        method=method,
        include=include,
        where=where or None,
        concurrently=concurrently,
    )


def constraint(shape: Shape, term: Term, span: Span) -> Constraint | CreateIndex | None:
    """An entry of `Meta.constraints`: some that are unique are indexes in the database."""
    name = name_of(shape, term)
    table = OneTable(shape)
    if name is None or term.is_spread:
        return None
    if term.last == "CheckConstraint":
        check = term.argument("condition", 0) or term.argument("check")
        found = condition(check, table) if check is not None else []
        text = text_of(found) if found and is_certain(found) else ""
        return Constraint("check", name, (), *span, text=text)
    if term.last == "ExclusionConstraint":
        return Constraint("exclude", name, (), *span)
    if term.last != "UniqueConstraint":
        return None
    names = texts(term.argument("fields")) or ()
    columns = tuple(shape.column(one) for one in names)
    where = _where(table, term)
    include = tuple(shape.column(one) for one in texts(term.argument("include")) or ())
    classes = texts(term.argument("opclasses")) or ()
    nulls = term.argument("nulls_distinct")
    expressions = term.positional()
    if not (expressions or where or where is None or include or classes or nulls):
        return Constraint("unique", name, columns, *span)
    keys = [
        plain_key(column, span, classes[number] if number < len(classes) else "")
        for number, column in enumerate(columns)
    ] or _expression_keys(table, expressions, span)
    if not keys or where is None:
        return None
    return CreateIndex(
        name,
        None,
        table_name(shape.table, span),
        tuple(keys),
        *span,
        unique=True,
        include=include,
        where=where or None,
        nulls_not_distinct=nulls is not None and nulls.value is False,
    )


def _where(table: OneTable, term: Term) -> str | None:
    """The condition of an index; "" for none, None when it cannot be read."""
    given = term.argument("condition")
    if given is None or (given.kind == "constant" and given.value is None):
        return ""
    found = condition(given, table)
    return text_of(found) if found and is_certain(found) else None


def _expression_keys(table: OneTable, terms: tuple[Term, ...], span: Span) -> list[IndexKey]:
    keys: list[IndexKey] = []
    for term in terms:
        key = _expression_key(table, term, span)
        if key is None:
            return []
        keys.append(key)
    return keys


def _expression_key(table: OneTable, term: Term, span: Span) -> IndexKey | None:
    descending, opclass = False, ""
    while True:
        called = term.parts[0] if term.kind == "call" else None
        if called is not None and called.kind == "attribute" and called.text in {"desc", "asc"}:
            descending = descending or called.text == "desc"
            term = called.parts[0]
        elif term.last == "OpClass" and term.positional():
            given = term.argument("name", 1)
            opclass = str(given.value) if given is not None and given.value else ""
            term = term.positional()[0]
        elif term.last == "OrderBy" and term.positional():
            way = term.argument("descending")
            descending = way is not None and way.value is True
            term = term.positional()[0]
        elif term.last == "IndexExpression" and term.positional():
            term = term.positional()[0]
        else:
            break
    name = term.positional()[0] if term.last == "F" and term.positional() else term
    if name.kind == "constant" and isinstance(name.value, str):
        column = table.shape.column(name.value)
        return IndexKey(
            column, quoted(column), *span, descending=descending, opclass=opclass, columns=(column,)
        )
    found = expression(term, table)
    if found is None or not is_certain(found):
        return None
    columns = tuple(dict.fromkeys(table.used))
    return IndexKey(
        None, text_of(found), *span, descending=descending, opclass=opclass, columns=columns
    )


class OneTable(Columns):
    """The columns of one table, by the names of its fields."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.used: list[str] = []

    def locate(self, name: str, start: int, end: int, *, exact: bool) -> Located | None:  # noqa: ARG002
        """The column of a name; no other table is joined here."""
        first, *rest = name.split("__")
        field = self.shape.key if first == "pk" else None
        for one in self.shape.fields:
            if first in {one.name, one.attname}:
                field = one
        if field is None or not field.column:
            return None
        self.used.append(field.column)
        parts = column_parts("", field.column, start, end, None)
        return Located(parts, field, tuple(rest))

    def rows(self, term: Term, *, exists: bool = False) -> Parts | None:  # noqa: ARG002
        """There are no queries in the definition of a table."""
        return None

    def outer(self, name: str, start: int, end: int) -> Parts | None:  # noqa: ARG002
        """Nor is there a query around it."""
        return None


def plain_key(column: str, span: Span, opclass: str = "") -> IndexKey:
    return IndexKey(column, quoted(column), *span, opclass=opclass, columns=(column,))


def table_name(table: str, span: Span) -> TableName:
    """The table; Django quotes what it is told, so that `"shop"."order"` names a schema too."""
    schema, separator, name = table.strip('"').partition('"."')
    return TableName(name if separator else table.strip('"'), schema if separator else None, *span)
