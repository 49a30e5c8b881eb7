"""A route as the workspace serves it: where, what handles it, what guards it."""

from __future__ import annotations

from typing import Literal

import msgspec

from backend_analyzers.facts.checks import Checks
from backend_analyzers.facts.route_paths import Path, PathParameter
from backend_analyzers.source import Place

Origin = Literal["application", "router", "mount", "route", "dependency", "inline"]


class RouteGuard(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Something that turns somebody away before or in a handler, and where it applies from."""

    name: str
    place: Place
    source: Origin


class Route(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One handler on one path.

    `path` is `/orders/{order_id}`, or None when a part of it is unknown.  `app` names the application
    (its file and name); routes of one `app` match in their `order` when the framework is `in_order`.
    """

    framework: str
    methods: tuple[str, ...]
    """Empty when unknown; `ANY` for all."""
    path: Path | None
    handler_name: str
    handler: Place
    place: Place
    """Of the declaration: the decorator or the call."""
    app: str
    order: int
    guards: tuple[RouteGuard, ...] = ()
    guards_known: bool = True
    """Whether `guards` is all there is."""
    is_mounted: bool = True
    """False for a router that no application of the workspace is seen to serve."""
    in_order: bool = True
    hidden: bool = False
    """Kept out of the documentation by the code itself."""
    response: str = ""
    passes_on: bool = False
    """Whether the handler may leave the request to the next route."""
    is_conditional: bool = False
    """Whether it is served in some configurations only."""
    work: Literal["", "constant", "page", "view"] = ""
    """What the handler does: answer by itself, only show a page or another place, fill a page."""
    body: Checks | None = None
    """What the handler does, when it is seen."""
    is_ordered: bool = True
    """False when other files add to the router, in an order that imports decide."""

    @property
    def resolved(self) -> bool:
        """Whether path, methods, mounts and guards are all known."""
        return (
            self.path is not None and bool(self.methods) and self.is_mounted and self.guards_known
        )

    @property
    def parameters(self) -> tuple[PathParameter, ...]:
        """The parameters of the path."""
        return self.path.parameters if self.path is not None else ()


def describe(route: Route) -> str:
    """One line: `GET /orders/{order_id} -> orders/routes.py:get_order [require_user]`."""
    methods = ",".join(route.methods) or "?"
    path = route.path.text if route.path is not None else "?"
    guards = [guard.name for guard in route.guards]
    if not route.guards_known:
        guards.append("?")
    shown = f" [{', '.join(guards)}]" if guards else ""
    unmounted = "" if route.is_mounted else " (not mounted)"
    name = route.handler_name or "?"
    return f"{methods} {path} -> {route.handler.path}:{name}{shown}{unmounted}"
