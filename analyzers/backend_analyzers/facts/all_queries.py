"""Every query of the workspace: those that are written as SQL, and those that a mapper writes."""

from __future__ import annotations

from collections.abc import Mapping

from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.workspace import Workspace


def all_queries(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file, in order."""
    return workspace.each(queries)
