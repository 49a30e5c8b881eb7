"""The routes that the applications of a workspace serve, with what guards them.

Routes are found from the applications down: through mounts, prefixes and factories, across files.
What cannot be resolved is unknown and says so; no rule reports on it.
"""

from __future__ import annotations

from backend_analyzers.facts.guards import judge
from backend_analyzers.facts.route import Route, RouteGuard, describe
from backend_analyzers.facts.route_declarations import route_declarations
from backend_analyzers.facts.route_graph import Graph
from backend_analyzers.facts.route_walk import Walk
from backend_analyzers.workspace import Workspace

__all__ = ["Route", "RouteGuard", "describe", "routes"]


def routes(workspace: Workspace) -> tuple[Route, ...]:
    """Every route of the workspace; those of one application are in their order."""
    judged = workspace.fact(judge)
    graph = Graph(judged.modules, workspace.each(route_declarations), judged.checks)
    walk = Walk(graph, judged)
    for node in walk.roots():
        walk.application(node)
    for node in graph.routers:
        if node not in walk.visited and graph.events[node]:
            walk.unmounted(node)
    return tuple(walk.found)
