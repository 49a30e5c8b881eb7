"""Every query of the workspace: those that are written as SQL, and those that a mapper writes."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.facts.readers import query_readers
from backend_analyzers.workspace import Workspace


def all_queries(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file, in order; those that a mapper writes are `approximate`."""
    found = dict(workspace.each(queries))
    mapped: dict[str, tuple[Query, ...]] = {}
    for reader in query_readers():
        for path, some in workspace.fact(reader).items():
            if some:
                mapped[path] = (*mapped.get(path, ()), *some)
    for path, some in mapped.items():
        found[path] = tuple(sorted((*found.get(path, ()), *some), key=lambda query: query.at))
    return found
