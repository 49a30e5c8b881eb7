"""Q objects, lookups and query expressions of Django as SQL.

What a name means (`customer__name`) is the business of `Columns`: in an index it is a column of one
table, in a query it may join others.  What cannot be read is None, or a hole where it stands among
other conditions.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from backend_analyzers.facts.django.shapes import DjangoField
from backend_analyzers.facts.django.terms import Term
from backend_analyzers.facts.django.written import (
    PARAMETER,
    Part,
    Parts,
    hole,
    joined,
    literal,
)
from backend_analyzers.libraries.django_fields import COLUMN_TYPES
from backend_analyzers.libraries.django_lookups import (
    AGGREGATES,
    COMPARISONS,
    CONTAINERS,
    DATED,
    EXPRESSIONS,
    EXTRACTIONS,
    FUNCTIONS,
    LOOKUPS,
    PATTERNS,
    TRANSFORMS,
    TRUNCATIONS,
    UPPERED,
)

_DEEPEST = 16
_CONTAINER_KINDS = frozenset({"ArrayField", "JSONField", "HStoreField"})


class Located(NamedTuple):
    """What a name with `__` in it leads to: a column, and the lookups that are left of the name."""

    parts: Parts
    field: DjangoField | None
    rest: tuple[str, ...]
    many: bool = False
    """Whether the way there leads to many rows."""


class Columns(Protocol):
    """Finds columns by the names of Django."""

    def locate(self, name: str, start: int, end: int, *, exact: bool) -> Located | None:
        """The column of a name; `exact` says that the name stands at `start` byte by byte."""
        ...

    def rows(self, term: Term, *, exists: bool = False) -> Parts | None:
        """The SELECT of a term that is a set of rows, None when it is none.

        With `exists` only whether there are any is asked.
        """
        ...

    def outer(self, name: str, start: int, end: int) -> Parts | None:
        """The column of the query around, for `OuterRef`."""
        ...


# Conditions ------------------------------------------------------------------------------------


def condition(term: Term, columns: Columns, depth: int = _DEEPEST) -> Parts:
    """A Q object, or any other condition; a hole when it cannot be read."""
    unknown = [hole(term.start, term.end)]
    if depth <= 0:
        return unknown
    if term.kind == "operator":
        if term.text in {"&", "|"}:
            word = " AND " if term.text == "&" else " OR "
            pieces = [condition(one, columns, depth - 1) for one in term.parts]
            return _around(joined(pieces, word, term.start, term.end), term)
        if term.text == "~" and len(term.parts) == 1:
            return _negated(condition(term.parts[0], columns, depth - 1), term)
        return unknown
    if term.last == "Q":
        return _q(term, columns, depth)
    if term.last == "Exists" and term.positional():
        rows = columns.rows(term.positional()[0], exists=True)
        return [_part("EXISTS (", term), *rows, _part(")", term)] if rows is not None else unknown
    found = expression(term, columns, depth - 1)
    return found if found is not None else unknown


def _q(term: Term, columns: Columns, depth: int) -> Parts:
    if term.is_spread:
        return [hole(term.start, term.end)]
    word, negated = " AND ", False
    pieces: list[Parts] = []
    for name, value in term.keywords():
        if name == "_connector":
            word = f" {value.value} " if value.value in {"AND", "OR"} else " AND "
        elif name == "_negated":
            negated = value.value is True
    for one in term.positional():
        pair = one.parts if one.kind == "list" and len(one.parts) == 2 else ()  # noqa: PLR2004 - ("name", value)
        if pair and isinstance(pair[0].value, str):
            at = (pair[0].start + 1, pair[0].end - 1)
            pieces.append(lookup(pair[0].value, pair[1], columns, *at))
        else:
            pieces.append(condition(one, columns, depth - 1))
    pieces += keyword_conditions(term, columns)
    if not pieces:
        return []
    found = joined(pieces, word, term.start, term.end)
    found = _around(found, term) if len(pieces) > 1 else found
    return _negated(found, term) if negated else found


def keyword_conditions(call: Term, columns: Columns) -> list[Parts]:
    """The conditions that the keywords of a call are."""
    found: list[Parts] = []
    starts = call.starts or (call.start,) * len(call.names)
    for name, value, start in zip(call.names, call.parts[1:], starts, strict=False):
        if name and name[0] not in "_*":
            found.append(lookup(name, value, columns, start, start + len(name.encode())))
    return found


def lookup(name: str, value: Term, columns: Columns, start: int, end: int) -> Parts:
    """`name=value`; a hole when the name leads nowhere."""
    located = columns.locate(name, start, end, exact=True)
    if located is None:
        return [hole(start, max(end, value.end))]
    at = Term("unknown", start, max(end, value.end))
    rest = list(located.rest)
    last = rest.pop() if rest and rest[-1] in LOOKUPS else "exact"
    kind = located.field.kind if located.field is not None else ""
    left = located.parts
    if rest == ["year"] and kind in {"DateField", "DateTimeField"} and last in COMPARISONS:
        return _in_year(left, last, value, at)
    for transform in rest:
        changed = _transformed(left, transform, kind, at)
        if changed is None:
            return [hole(at.start, at.end)]
        left, kind = changed, "JSONField" if kind == "JSONField" else "IntegerField"
    found = _compared(left, last, value, columns, at, kind)
    return found if found is not None else [hole(at.start, at.end)]


def _in_year(left: Parts, last: str, value: Term, at: Term) -> Parts:
    """A year is compared by where it begins and ends, so that an index can be used."""
    first = last_ = Part(PARAMETER, value.start, value.end)
    if isinstance(value.value, int):
        first = Part(f"'{value.value}-01-01'", value.start, value.end)
        last_ = Part(f"'{value.value}-12-31 23:59:59.999999'", value.start, value.end)
    if last == "exact":
        return [*left, _part(" BETWEEN ", at), first, _part(" AND ", at), last_]
    bound = first if last in {"gte", "lt"} else last_
    return [*left, _part(f" {COMPARISONS[last]} ", at), bound]


def _transformed(left: Parts, transform: str, kind: str, at: Term) -> Parts | None:
    if kind in {"JSONField", "HStoreField"}:
        return [*left, _part(f" -> {literal(transform)}", at)]
    template = TRANSFORMS.get(transform)
    if template is None:
        return None
    zone = " AT TIME ZONE 'UTC'" if kind == "DateTimeField" and transform in DATED else ""
    before, _, after = template.replace("{zone}", zone).partition("{}")
    return [_part(before, at), *left, _part(after, at)]


def _compared(
    left: Parts, last: str, value: Term, columns: Columns, at: Term, kind: str
) -> Parts | None:
    if last == "isnull":
        if value.value is True or value.value is False:
            return [*left, _part(" IS NULL" if value.value else " IS NOT NULL", at)]
        return None
    if last in {"exact", "iexact"} and value.kind == "constant" and value.value is None:
        return [*left, _part(" IS NULL", at)]
    if last == "in":
        return _in(left, value, columns, at)
    if last == "range":
        if value.kind != "list" or len(value.parts) != 2:  # noqa: PLR2004 - from, to
            pair = [[Part(PARAMETER, value.start, value.end)]] * 2
        else:
            pair = [operand(one, columns) for one in value.parts]
        return [*left, _part(" BETWEEN ", at), *joined(pair, " AND ", at.start, at.end)]
    if last in CONTAINERS and (kind in _CONTAINER_KINDS or last not in PATTERNS):
        return [*left, _part(f" {CONTAINERS[last]} ", at), *operand(value, columns)]
    if last in COMPARISONS:
        return [*left, _part(f" {COMPARISONS[last]} ", at), *operand(value, columns)]
    if last in EXPRESSIONS:
        return [*left, _part(f"::text {EXPRESSIONS[last]} ", at), *operand(value, columns)]
    if last in PATTERNS or last == "iexact":
        return _like(left, last, value, columns, at)
    return None


def _like(left: Parts, last: str, value: Term, columns: Columns, at: Term) -> Parts:
    before, after = PATTERNS.get(last, ("", ""))
    if value.kind == "constant":
        text = str(value.value).replace("\\", "\\\\")
        if last != "iexact":
            text = text.replace("%", r"\%").replace("_", r"\_")
        right = [Part(literal(f"{before}{text}{after}"), value.start, value.end)]
    else:
        right = operand(value, columns)
        right = [_part(f"{literal(before)} || ", at), *right] if before else right
        right = [*right, _part(f" || {literal(after)}", at)] if after else right
    if last in UPPERED:
        left = [_part("upper(", at), *left, _part("::text)", at)]
        right = [_part("upper(", at), *right, _part(")", at)]
    else:
        left = [*left, _part("::text", at)]
    return [*left, _part(" = " if last == "iexact" else " LIKE ", at), *right]


def _in(left: Parts, value: Term, columns: Columns, at: Term) -> Parts:
    rows = columns.rows(value)
    if rows is not None:
        return [*left, _part(" IN (", at), *rows, _part(")", at)]
    if value.kind == "list" and value.parts:
        listed = [operand(one, columns) for one in value.parts]
    else:
        listed = [[Part(PARAMETER, value.start, value.end)]]
    return [*left, _part(" IN (", at), *joined(listed, ", ", at.start, at.end), _part(")", at)]


def _negated(parts: Parts, term: Term) -> Parts:
    return [_part("NOT (", term), *parts, _part(")", term)] if parts else []


def _around(parts: Parts, term: Term) -> Parts:
    return [_part("(", term), *parts, _part(")", term)] if parts else []


def _part(text: str, at: Term) -> Part:
    return Part(text, at.start, at.end)


# Expressions -----------------------------------------------------------------------------------


def operand(value: Term, columns: Columns) -> Parts:
    """The value of a lookup: a constant, an expression of the database, or a parameter."""
    if value.kind == "constant":
        return [Part(literal(value.value), value.start, value.end)]
    found = expression(value, columns)
    if found is not None:
        return found
    rows = columns.rows(value)
    if rows is not None:
        return [_part("(", value), *rows, _part(")", value)]
    return [Part(PARAMETER, value.start, value.end)]


def expression(term: Term, columns: Columns, depth: int = _DEEPEST) -> Parts | None:
    """An expression that the database computes; None for any other, and for what cannot be read."""
    if depth <= 0:
        return None
    if term.kind == "operator" and len(term.parts) == 2 and term.text in {"+", "-", "*", "/", "%"}:  # noqa: PLR2004
        return _arithmetic(term, columns, depth)
    if term.kind != "call":
        return None
    name, given = term.last, term.positional()
    match name:
        case "F" if given and isinstance(given[0].value, str):
            return _column(given[0], columns)
        case "OuterRef" if given and isinstance(given[0].value, str):
            return columns.outer(given[0].value, given[0].start, given[0].end)
        case "Value" if given:
            return operand(given[0], columns)
        case "Subquery" if given:
            rows = columns.rows(given[0])
            return [_part("(", term), *rows, _part(")", term)] if rows is not None else None
        case "Exists" if given:
            rows = columns.rows(given[0], exists=True)
            return [_part("EXISTS (", term), *rows, _part(")", term)] if rows is not None else None
        case "ExpressionWrapper" | "OrderBy" | "Collate" | "OpClass" if given:
            return argument(given[0], columns, depth)
        case "Cast" if len(given) > 1:
            return _cast(term, given, columns, depth)
        case "Case":
            return _case(term, columns, depth)
        case "Concat" | "ConcatPair":
            pieces = [argument(one, columns, depth) for one in given]
            known = [one for one in pieces if one is not None]
            return (
                joined(known, " || ", term.start, term.end) if len(known) == len(pieces) else None
            )
        case _:
            return _function(term, name, given, columns, depth)


def argument(term: Term, columns: Columns, depth: int) -> Parts | None:
    """What a database function is given: a text is the name of a column."""
    if term.kind == "constant":
        if isinstance(term.value, str):
            return _column(term, columns)
        return [Part(literal(term.value), term.start, term.end)]
    return expression(term, columns, depth - 1)


def _column(term: Term, columns: Columns) -> Parts | None:
    name = str(term.value)
    located = columns.locate(
        name, term.start + 1, term.end - 1, exact=term.end - term.start == len(name) + 2
    )
    if located is None:
        return None
    left, kind = located.parts, located.field.kind if located.field is not None else ""
    for transform in located.rest:
        changed = _transformed(left, transform, kind, term)
        if changed is None:
            return None
        left = changed
    return left


def _function(
    term: Term, name: str, given: tuple[Term, ...], columns: Columns, depth: int
) -> Parts | None:
    at = (term.start, term.end)
    if name in TRUNCATIONS and given:
        inner = argument(given[0], columns, depth)
        head = _part(f"date_trunc('{TRUNCATIONS[name]}', ", term)
        return [head, *inner, _part(")", term)] if inner is not None else None
    if name in EXTRACTIONS and given:
        inner = argument(given[0], columns, depth)
        return _transformed(inner, EXTRACTIONS[name], "", term) if inner is not None else None
    template = AGGREGATES.get(name) or FUNCTIONS.get(name)
    if template is None:
        return None
    before, _, after = template.partition("{}")
    if name == "Count" and given and given[0].value == "*":
        inner_parts = [_part("*", term)]
    else:
        pieces = [argument(one, columns, depth) for one in given]
        if any(one is None for one in pieces):
            return None
        inner_parts = joined([one for one in pieces if one is not None], ", ", *at)
    distinct = term.argument("distinct")
    if name in AGGREGATES and distinct is not None and distinct.value is True:
        inner_parts = [_part("DISTINCT ", term), *inner_parts]
    found = (
        [_part(before, term), *inner_parts, _part(after, term)] if after else [_part(before, term)]
    )
    only = term.argument("filter")
    if name in AGGREGATES and only is not None:
        found += [
            _part(" FILTER (WHERE ", term),
            *condition(only, columns, depth - 1),
            _part(")", term),
        ]
    return found


def _arithmetic(term: Term, columns: Columns, depth: int) -> Parts | None:
    sides: list[Parts] = []
    known = False
    for one in term.parts:
        found = expression(one, columns, depth - 1)
        known = known or found is not None
        sides.append(found if found is not None else operand(one, columns))
    if not known:
        return None
    return _around(joined(sides, f" {term.text} ", term.start, term.end), term)


def _cast(term: Term, given: tuple[Term, ...], columns: Columns, depth: int) -> Parts | None:
    type_ = COLUMN_TYPES.get(given[1].last, "")
    inner = argument(given[0], columns, depth)
    if inner is None or not type_ or "{" in type_:
        return None
    return [_part("(", term), *inner, _part(f")::{type_}", term)]


def _case(term: Term, columns: Columns, depth: int) -> Parts | None:
    found = [_part("CASE", term)]
    for when in term.positional():
        if when.last != "When":
            return None
        then = when.argument("then")
        tests = [condition(one, columns, depth - 1) for one in when.positional()]
        starts = when.starts or (when.start,) * len(when.names)
        for name, value, start in zip(when.names, when.parts[1:], starts, strict=False):
            if name and name != "then":
                tests.append(lookup(name, value, columns, start, start + len(name.encode())))
        if then is None or not tests:
            return None
        found += [_part(" WHEN ", when), *joined(tests, " AND ", when.start, when.end)]
        found += [_part(" THEN ", when), *operand(then, columns)]
    default = term.argument("default")
    if default is not None:
        found += [_part(" ELSE ", term), *operand(default, columns)]
    return [*found, _part(" END", term)]
