"""Fixes of rules that write a query in another way: the change in the host, and what must be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import TypeVar

from msgspec.structs import replace

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.plans import planned_text
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.resolved import Resolved, fits, resolved
from backend_analyzers.facts.schema import Database, database
from backend_analyzers.facts.scripts import home_of, scripts
from backend_analyzers.oracle import Compare, Script
from backend_analyzers.source import Place
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.rewrites import Edit
from backend_analyzers.sql.rewrites.asked import as_query
from backend_analyzers.sql.rewrites.batched import rewrite as batched
from backend_analyzers.sql.rewrites.view import View, view, view_of
from backend_analyzers.sql.schema import Schema
from backend_analyzers.workspace import Workspace

T = TypeVar("T")

_PLACEHOLDER = re.compile(r"%%|%s|%\(\w+\)s")
"""What a driver reads itself: taken from the text as it stands, so that it may stand elsewhere too."""


class Grounds:
    """What rewrites stand on: the schemas and their scripts; one object as long as nothing of it changes."""

    def __init__(self, declared: Database, made: Mapping[str, Script]) -> None:
        self.declared = declared
        self.scripts = made

    def of(self, query: Query) -> tuple[Schema, Script] | None:
        """The schema that a query is for."""
        home = home_of(self.declared, query)
        return (home.schema, self.scripts[home.key]) if home is not None else None


def grounds(workspace: Workspace) -> Grounds:
    """The grounds of all rewrites."""
    return Grounds(workspace.fact(database), workspace.fact(scripts))


Check = Callable[[tuple[Resolved, ...], Grounds], Iterator[T]]


def findings_with(workspace: Workspace, check: Check[T]) -> Iterator[T]:
    """What a check finds in the statements of one file, for every file."""
    found = workspace.by_path(_of_path(check), workspace.fact(resolved), workspace.fact(grounds))
    return chain.from_iterable(found.values())


@cache
def _of_path(check: Check[T]) -> Callable[[str, tuple[Resolved, ...], Grounds], tuple[T, ...]]:
    return lambda _path, statements, standing: tuple(check(statements, standing))


def viewed(one: Resolved, standing: Grounds) -> View | None:
    """The statement as rewrites see it; None when it is not known well enough."""
    if one.query.approximate or one.query.holes or len(one.query.statements) != 1:
        return None
    found = standing.of(one.query)
    return view(one.query.text, one.statement, found[0]) if found is not None else None


def asked_together(workspace: Workspace, call: Place) -> str:
    """The query of a call, for many keys at once; empty when it is not one for a key."""
    queries = workspace.fact(all_queries).get(call.path, ())
    query = next((one for one in queries if one.call == call and len(one.statements) == 1), None)
    found = workspace.fact(grounds).of(query) if query is not None else None
    if query is None or found is None or query.approximate or query.holes:
        return ""
    subject = view(query.text, query.statements[0], found[0])
    return next((r.text for r in batched(subject)), "") if subject is not None else ""


def places(query: Query, edits: Iterable[Edit]) -> tuple[tuple[Place, str], ...] | None:
    """Where in the host the edits are made; None when one cannot be, as it stands."""
    found = []
    for edit in edits:
        if not fits(query, _PLACEHOLDER.sub("", edit.text)):
            return None
        start, end = edit.start, edit.end
        touched = (start, end) if end > start else (max(start - 1, 0), start)
        if not query.is_written(*touched):
            return None
        found.append((query.place(start, end), edit.text))
    return tuple(found)


def replaced(query: Query, start: int, end: int, text: str) -> str:
    """The text of a query with another part in it."""
    written = query.text.encode(errors="replace")
    return (written[:start] + text.encode() + written[end:]).decode(errors="replace")


def compared(
    query: Query, other: str, found: tuple[Schema, Script] | None, *, but: str = ""
) -> tuple[Compare, ...] | None:
    """What must give the same rows as another text; None when that cannot be asked.

    `but` is a statement that takes away from the schema what makes them differ.
    """
    if found is None:
        return None
    schema, script = found
    texts = []
    for text in (query.text, other):
        subject = view_of(text, schema)
        asked = as_query(subject) if subject is not None else None
        statements = parse(asked, dialect="postgresql") if asked is not None else ()
        if asked is None or len(statements) != 1:
            return None
        planned = planned_text(
            replace(query, text=asked, statements=statements, segments=(), holes=()), statements[0]
        )
        if planned is None:
            return None
        texts.append(planned[0])
    statements_of = (*script.statements, but) if but else script.statements
    return (Compare(Script(statements_of, script.dialect), *texts),)
