"""Every query of the workspace: those that are written as SQL, and those that a mapper writes."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.facts.readers import query_readers
from backend_analyzers.workspace import Workspace

Queries = tuple[Query, ...]


def all_queries(workspace: Workspace) -> Mapping[str, Queries]:
    """The queries of each file, in order; those that a mapper writes are `approximate`."""
    written = workspace.each(queries)
    mapped: dict[str, Queries] = {}
    for reader in query_readers():
        for path, some in workspace.fact(reader).items():
            if some:
                mapped[path] = (*mapped[path], *some) if path in mapped else some
    return {**written, **mapped, **workspace.joined(_in_order, written, mapped)}


def _in_order(written: Queries, mapped: Queries) -> Queries:
    return tuple(sorted((*written, *mapped), key=lambda query: query.at)) if written else mapped
