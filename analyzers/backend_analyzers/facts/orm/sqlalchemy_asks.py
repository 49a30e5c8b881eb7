"""Which statements of SQLAlchemy loops repeat, also those through objects whose type nobody says."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.calls import Asked
from backend_analyzers.facts.orm.sqlalchemy import queries_of
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.repeated_calls import Repeated, repeated_calls
from backend_analyzers.workspace import Workspace


def asks_of(workspace: Workspace) -> Mapping[str, tuple[Asked, ...]]:
    """The statements of each file that loops repeat."""
    repeated = workspace.each(repeated_calls)
    found = {
        path: _of_file(queries, repeated.get(path, ()))
        for path, queries in workspace.fact(queries_of).items()
    }
    return {path: asks for path, asks in found.items() if asks}


def _of_file(queries: tuple[Query, ...], repeated: tuple[Repeated, ...]) -> tuple[Asked, ...]:
    calls = {one.call: one for one in queries if one.call is not None}
    return tuple(
        Asked(
            one.text,
            one.call,
            reads=all(statement.kind == "select" for statement in calls[one.call].statements),
            has_values=True,
            is_local=False,
            loop=one.loop,
            each=one.each,
        )
        for one in repeated
        if one.call in calls
    )
