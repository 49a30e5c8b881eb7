"""A route without any guard, in an application that guards its others.

Where some routes of an application ask who is calling, one that does not is usually an oversight: a
decorator that was forgotten, a router that was mounted beside the guard instead of behind it.
Anybody who finds the path can then use it.

A route is judged by everything that runs for it: middleware and dependencies of the application, of
its routers and of where they are mounted, decorators, dependencies of dependencies, and checks in the
body of the handler and of what it calls.

## Example

```python
from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


def require_user(token: str):
    if token not in SESSIONS:
        raise HTTPException(status_code=401)


@app.get("/orders", dependencies=[Depends(require_user)])
#~~~~~~~~~~~~~~~~~ `GET /orders` is guarded by `require_user`
def list_orders(): ...


@app.delete("/orders/{order_id}")
#^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `DELETE /orders/{order_id}` has no guard
def delete_order(order_id: int): ...
```

Use instead:

```python
@app.delete("/orders/{order_id}", dependencies=[Depends(require_user)])
def delete_order(order_id: int): ...
```

## Not reported

Routes for which something is unknown: a prefix, a mount, a dependency or middleware that cannot be
seen and whose name does not tell, a handler that looks at the user, a session or a token without
turning anybody away.  Handlers that only show a page, redirect, or answer a constant.  Routes that are open on purpose, judged by their path: health checks, login,
registration, password resets, callbacks, webhooks, documentation, static files.  Reading what only
writing is guarded for, and content that is mostly public, such as posts and products.  Reading, where
no reading of the same file or resource is guarded, or most of it is open.  Routes below a comment
that says that they are public.  Routes that exist in some
configurations only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from backend_analyzers.facts.open_notes import open_notes
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    cwe=(306, 862),
    controls=("OWASP API2:2023", "OWASP API5:2023", "ASVS V8.2.1", "PCI DSS 7.2.1"),
)
def unauthenticated_route(workspace: Workspace) -> Iterator[Finding]:
    apps: dict[str, list[Route]] = defaultdict(list)
    for route in workspace.fact(routes):
        apps[route.app].append(route)
    notes = workspace.each(open_notes)
    for served in apps.values():
        yield from _of_application(served, notes)


def _of_application(served: list[Route], notes: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    guarded = [route for route in served if route.guards and _is_protected(route)]
    exposed = [route for route in served if _is_exposed(route)]
    if not guarded:
        return
    seen = set()
    for route in exposed:
        sibling = _sibling(route, guarded, exposed)
        if sibling is None or route.place in seen:
            continue
        if route.place.unit in notes.get(route.place.path, ()):
            continue
        seen.add(route.place)
        names = ", ".join(f"`{guard.name}`" for guard in sibling.guards[:2])
        yield Finding(
            at=route.place,
            message=f"`{_label(route)}` has no guard",
            help=f"Guard it as `{_label(sibling)}` is, or say beside it why everybody may use it.",
            related=(Related(sibling.place, f"`{_label(sibling)}` is guarded by {names}"),),
            evidence={"handler": f"{route.handler.path}:{route.handler_name}"},
        )


def _label(route: Route) -> str:
    path = route.path.text if route.path is not None else "?"
    return f"{'|'.join(route.methods)} {path}"


def _is_protected(route: Route) -> bool:
    """Whether a guard is one that others could share, rather than a check of a password."""
    return any(guard.source != "inline" for guard in route.guards) or not _is_open(route)


_FILE = re.compile(r"\.(?:json|js|css|txt|xml|html?|ico|png|svg|ya?ml|map)$")


def _is_exposed(route: Route) -> bool:
    return (
        route.resolved
        and not route.guards
        and not route.is_conditional
        and not _is_open(route)
        and route.work != "page"
        and not set(route.methods) <= {"OPTIONS", "HEAD", "WEBSOCKET", "ANY"}
    )


_OPEN = re.compile(
    r"(?i)(?:^|[/_.-])(?:health\w*|healthz?|live|liveness|livez|ready|readiness|readyz|alive|up|ping|pong|"
    r"heartbeat|status|metrics|version|info|about|contact(?:-?us)?|feedback|support\w*|report-?abuse|abuse|redirect\w*|terms|privacy|legal|faq|help|tos|imprint|home|index|"
    r"landing|robots\.txt|sitemap\w*|favicon\w*|well-known|docs?|documentation|swagger\w*|redoc|openapi\w*|"
    r"api-docs|graphiql|schema|static|assets|public|media|images?|img|css|js|fonts?|"
    r"log-?_?in|log-?_?out|sign-?_?in|sign-?_?up|sign-?_?out|signup|registers?|registration|auth|authenticate|"
    r"authorize|authorization|oauth2?|oidc|saml|sso|openid|callback|tokens?|refresh|jwks(?:\.json)?|sessions?|"
    r"password\w*|forgot\w*|reset\w*|recover\w*|verify\w*|verification|confirm\w*|activat\w*|otp|mfa|2fa|"
    r"magic-?_?link|unsubscribe|subscribe|newsletter|invit\w*|csrf\w*|captcha|webhooks?|hooks?|events?-?hook|"
    r"ipn|notify|stripe|paddle|paypal|github|gitlab|slack|twilio|sendgrid|mailgun|preview|share[ds]?|embed|error|echo|hello|test|debug|config|manifest\.json|locales?|i18n|"
    r"translations?|languages?|countr(?:y|ies)|currenc(?:y|ies)|timezones?|waitlist|leads?|guest\w*|anonymous)(?:$|[/_.-])"
)
_CONTENT = re.compile(
    r"(?i)(?:^|/)(?:posts?|articles?|blogs?|news|tags?|categor(?:y|ies)|products?|catalog(?:ue)?s?|items?|search|"
    r"comments?|reviews?|ratings?|profiles?|pages?|feeds?|plans?|pricing|features?|menus?|stores?|shops?|"
    r"movies?|books?|recipes?|courses?|lessons?|events?|jobs?|listings?|venues?|cities|regions?|"
    r"stats|statistics|leaderboard|trending|popular|latest)(?:$|/)"
)
_ACCOUNTS = re.compile(r"(?i)/(?:users?|accounts?|customers?|members?|clients?)/?$")


def _is_open(route: Route) -> bool:
    """Whether a path, or the name of its handler, says that everybody may use it."""
    path = route.path.text if route.path is not None else ""
    fixed = re.sub(r"\{[^}]*\}", "", path)
    if not fixed.strip("/") or _OPEN.search(fixed) or _FILE.search(fixed):
        return True
    if "POST" in route.methods and (_ACCOUNTS.search(path) or path.endswith("/report")):
        return True
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", route.handler_name.rpartition(".")[2])
    return bool(_OPEN.search(f"/{name}/"))


_FEW = 4
"""How many times as many routes that write have a guard, when none of them is near."""


def _sibling(route: Route, guarded: list[Route], exposed: list[Route]) -> Route | None:
    """A guarded route that this one should be like, the most similar first."""
    is_read = _is_read(route)
    if is_read and _CONTENT.search(route.path.text if route.path is not None else ""):
        return None
    own = [other for other in guarded if _resource(other) == _resource(route)]
    if is_read and own and not any(_is_read(other) for other in own):
        # Writing is guarded and no reading is: open to readers on purpose.
        return None
    if is_read and not own and route.work in {"constant", "view"}:
        return None
    alike = [one for one in guarded if _is_read(one) == is_read and one.path is not None]
    open_alike = [one for one in exposed if _is_read(one) == is_read]
    near = [one for one in alike if _is_near(one, route)]
    near_open = {one.place for one in open_alike if _is_near(one, route)}
    is_usual = len(near) * (1 if is_read else 2) >= len(near_open)
    if not near and is_read:
        near = _mounted_apart(alike)
        files = {one.place.path for one in open_alike}
        is_usual = len({_resource(one) for one in near}) >= len(files)
    elif not near:
        # A whole file of routes that write, forgotten beside many that are guarded.
        near = alike or ([one for one in own if one.path is not None])
        is_usual = len(near) >= _FEW * len({one.place for one in open_alike}) or bool(own)
    if not near or not is_usual:
        return None
    return min(
        near, key=lambda other: (other.place.path != route.place.path, other.order), default=None
    )


def _mounted_apart(guarded: list[Route]) -> list[Route]:
    """The routes that a guard covers where their router is mounted, and no other router."""
    resources: dict[Place, set[str]] = defaultdict(set)
    for route in guarded:
        for guard in route.guards:
            if guard.source in {"mount", "router"} and guard.place.path != route.place.path:
                resources[guard.place].add(_resource(route))
    return [
        route
        for route in guarded
        if any(len(resources.get(guard.place, ())) == 1 for guard in route.guards)
    ]


def _is_near(one: Route, other: Route) -> bool:
    """Whether two routes are of one file, or of one resource."""
    return one.place.path == other.place.path or _resource(one) == _resource(other)


def _is_read(route: Route) -> bool:
    return set(route.methods) <= {"GET", "HEAD"}


def _resource(route: Route) -> str:
    """The path up to its first parameter, without the last word of what has none."""
    path = route.path.text if route.path is not None else ""
    parts = [part for part in path.split("/") if part]
    fixed = []
    for part in parts:
        if part.startswith("{"):
            break
        if not re.fullmatch(r"(?i)api|v\d+|rest|internal", part):
            fixed.append(part)
    return fixed[0] if fixed else ""
