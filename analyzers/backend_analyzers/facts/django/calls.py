"""What the calls of a chain are given."""

from __future__ import annotations

from backend_analyzers.facts.django.terms import Term
from backend_analyzers.libraries.django_lookups import AGGREGATES


class Unreadable(Exception):  # noqa: N818 - no error: the query is left out
    """A query that cannot be said."""


def arguments(call: Term) -> list[tuple[str, Term, int]]:
    """The keywords of a call with where each begins."""
    starts = call.starts or (call.start,) * len(call.names)
    return [
        (name, value, start)
        for name, value, start in zip(call.names, call.parts[1:], starts, strict=False)
        if name and name[0] != "*"
    ]


def texts_of(call: Term) -> tuple[str, ...]:
    """The arguments of a call that are texts; unreadable ones end the query."""
    if call.is_spread:
        raise Unreadable
    found = [one.value for one in call.positional() if isinstance(one.value, str)]
    if len(found) != len(call.positional()):
        raise Unreadable
    return tuple(found)


def bounds(index: Term) -> tuple[Term | None, Term | None]:
    """The lower and the upper end of a slice."""
    parts = index.parts
    if len(parts) > 1:
        return parts[0], parts[1]
    if not parts:
        return None, None
    only = parts[0]
    return (only, None) if only.start == index.start else (None, only)


def has_aggregate(term: Term) -> bool:
    """Whether an expression counts or sums over rows."""
    stack = [term]
    while stack:
        one = stack.pop()
        if one.kind == "call" and one.last in AGGREGATES:
            return True
        if one.last not in {"Subquery", "Exists"}:
            stack.extend(one.parts)
    return False


def has_or(term: Term) -> bool:
    stack = [term]
    while stack:
        one = stack.pop()
        if one.kind == "operator" and one.text in {"|", "~"}:
            return True
        stack.extend(one.parts)
    return False


def default_name(term: Term) -> str:
    first = term.positional()[0].value if term.positional() else ""
    return f"{first}__{term.last.lower()}"


def mentions(aggregates: set[str], call: Term) -> bool:
    names = {name.split("__")[0] for name, _, _ in arguments(call)}
    return bool(names & aggregates)
