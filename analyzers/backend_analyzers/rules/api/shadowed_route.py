"""A route that is never reached, because an earlier one matches first.

FastAPI and Express try routes in the order in which they were added.  A pattern such as
`/orders/{order_id}` takes `/orders/latest` too, so the later handler never runs: its callers get a
validation error, a 404, or the answer of the wrong handler.

## Example

```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}")
#~~~~~~~~~~~~~~~~~~~~~~~~~~~~ `GET /orders/{order_id}` matches first
def get_order(order_id: int): ...


@app.get("/orders/latest")
#^^^^^^^^^^^^^^^^^^^^^^^^ `GET /orders/latest` is never reached
def latest_order(): ...
```

Use instead:

```python
@app.get("/orders/latest")
def latest_order(): ...


@app.get("/orders/{order_id}")
def get_order(order_id: int): ...
```

## Not reported

Parameters whose converter does not accept the later path (`{order_id:int}`), handlers that may pass
the request on (`next()`), routes that exist in some configurations only, and frameworks that prefer
the more specific pattern, such as Flask; there only two routes of the same shape exclude each other.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from backend_analyzers.facts.route_paths import covers
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(severity=Severity.WARNING, confidence=Confidence.HIGH, cwe=(561,))
def shadowed_route(workspace: Workspace) -> Iterator[Finding]:
    apps: dict[str, list[Route]] = defaultdict(list)
    for route in workspace.fact(routes):
        if route.path is not None and route.methods:
            apps[route.app].append(route)
    for served in apps.values():
        reported = set()
        hidden = list(_shadowed(served))
        ways = Counter((route.place, route.methods) for route in served)
        lost = Counter((route.place, route.methods) for route, _ in hidden)
        for later, earlier in hidden:
            declared = later.place, later.methods
            if later.place in reported or lost[declared] < ways[declared]:
                # A declaration with several paths is reached by the others.
                continue
            reported.add(later.place)
            yield Finding(
                at=later.place,
                message=f"`{_label(later)}` is never reached",
                help=f"Declare it before `{_label(earlier)}`, or let that pattern accept less.",
                related=(Related(earlier.place, f"`{_label(earlier)}` matches first"),),
            )


def _label(route: Route) -> str:
    path = route.path.text if route.path is not None else "?"
    return f"{'|'.join(route.methods)} {path}"


def _shadowed(served: Iterable[Route]) -> Iterator[tuple[Route, Route]]:
    """The routes that are never reached, each with the one that is instead."""
    before: dict[str, list[Route]] = defaultdict(list)
    for route in served:
        assert route.path is not None
        first = _first(route.path.text)
        hiding = [_hiding(before, method, first, route) for method in route.methods]
        if hiding[0] is not None and all(one is not None for one in hiding):
            yield route, hiding[0]
        for method in route.methods:
            before[f"{method} {first}"].append(route)


def _hiding(before: dict[str, list[Route]], method: str, first: str, route: Route) -> Route | None:
    """The first route that takes the requests of one method."""
    for key in (f"{method} {first}", f"{method} {{", f"ANY {first}", "ANY {"):
        for earlier in before.get(key, ()):
            if _hides(earlier, route):
                return earlier
    return None


def _first(path: str) -> str:
    """The first segment of a path, `{` for a parameter: only equal ones can cover each other."""
    segment = path.lstrip("/").partition("/")[0]
    return "{" if segment.startswith("{") else segment


def _hides(earlier: Route, later: Route) -> bool:
    if earlier.passes_on or earlier.is_conditional or later.is_conditional:
        return False
    if earlier.handler == later.handler or earlier.place == later.place:
        return False
    if earlier.place.path != later.place.path and not (earlier.is_ordered and later.is_ordered):
        return False
    assert earlier.path is not None
    assert later.path is not None
    if not later.in_order or not earlier.in_order:
        return _shape(earlier) == _shape(later)
    return covers(earlier.path, later.path)


def _shape(route: Route) -> str:
    """A path in which parameters are known by their converters alone."""
    assert route.path is not None
    kinds = {one.name: one.converter for one in route.path.parameters}
    return re.sub(r"\{(\w*)\}", lambda match: f"{{:{kinds.get(match[1], '')}}}", route.path.text)
