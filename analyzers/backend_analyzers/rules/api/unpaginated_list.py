"""A route for a collection that returns every row there is.

The table grows, the answer with it: one request then holds a connection, reads the whole table, and
builds a body of megabytes in memory.  Clients come to rely on getting everything, so that pages are
hard to add later.

## Example

```python
import psycopg
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
#^^^^^^^^^^^^^^^^^ `GET /orders` returns every row of `orders`
def list_orders():
    with psycopg.connect(DSN) as connection:
        return connection.execute("SELECT id, total FROM orders ORDER BY id").fetchall()
        #                          ~~~~~~ this query has no LIMIT
```

Use instead:

```python
@app.get("/orders")
def list_orders(after: int = 0, limit: int = Query(50, le=200)):
    with psycopg.connect(DSN) as connection:
        return connection.execute(
            "SELECT id, total FROM orders WHERE id > %s ORDER BY id LIMIT %s", (after, limit)
        ).fetchall()
```

## Not reported

Routes of a single resource (the path ends in a parameter), the rows of one parent unless they pile up
with time (they are in the order of a time, or are messages, reviews, payments, …), queries that aggregate or look up given keys, tables that are small by nature (countries, roles, settings),
exports and streams, and handlers that know pages in any form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.answers import Answer, answers, key
from backend_analyzers.facts.checks import Checks
from backend_analyzers.facts.guards import Judge, judge
from backend_analyzers.facts.listings import Listing
from backend_analyzers.facts.queries import Query, queries
from backend_analyzers.facts.routes import Route, routes
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.sql.statement import Statement
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    cwe=(770,),
    controls=("OWASP API4:2023", "ASVS V2.4.1"),
)
def unpaginated_list(workspace: Workspace) -> Iterator[Finding]:
    asked = workspace.each(queries)
    judged = workspace.fact(judge)
    reported = set()
    for route in workspace.fact(routes):
        if not _is_collection(route) or route.place in reported:
            continue
        for function in _functions(route, workspace, judged):
            found = _unlimited(asked.get(function.place.path, ()), function, route)
            if found is not None:
                reported.add(route.place)
                yield _finding(route, *found)
                break
        if route.place not in reported:
            listed = _listed(route, workspace, judged)
            if listed is not None:
                reported.add(route.place)
                yield _listed_finding(route, listed)


def _finding(route: Route, query: Query, statement: Statement) -> Finding:
    label = f"GET {route.path.text if route.path is not None else '?'}"
    verb = query.place(statement.start, statement.start + len("SELECT"))
    return Finding(
        at=route.place,
        message=f"`{label}` returns every row of `{statement.tables[0].name}`",
        help="Take a limit with an upper bound, and a cursor or an offset, and give them to the query.",
        related=(Related(verb, "this query has no LIMIT"),),
        evidence={"sql": query.source(statement.start, statement.end)[:500]},
    )


def _listed_finding(route: Route, listed: Listing) -> Finding:
    label = f"GET {route.path.text if route.path is not None else '?'}"
    return Finding(
        at=route.place,
        message=f"`{label}` returns every row of `{listed.model}`",
        help="Take a limit with an upper bound, and a cursor or an offset, and give them to the query.",
        related=(Related(listed.place, "this loads all rows"),),
    )


_STREAM = re.compile(
    r"(?i)export|download|stream|csv|dump|backup|feed|sitemap|report|stat(?:s|istics)|metrics|count|summary|"
    r"analytics|dashboard|chart|graph|matrix"
)


def _is_collection(route: Route) -> bool:
    if route.path is None or set(route.methods) != {"GET"} or not route.is_mounted:
        return False
    last = route.path.text.rstrip("/").rpartition("/")[2]
    return (
        bool(last)
        and "{" not in last
        and not _STREAM.search(f"{route.path.text} {route.handler_name}")
    )


def _functions(route: Route, workspace: Workspace, judged: Judge) -> Iterator[Checks]:
    """The handler, and what it calls by name in the workspace for its answer."""
    handler = route.body
    if handler is None:
        return
    yield handler
    if handler.pages:
        return
    answer = _answer(workspace, route.handler.path, handler)
    for name in answer.calls if answer is not None else ():
        found = judged.function(route.handler.path, name)
        if found is not None and not found[1].is_class:
            yield found[1]


def _unlimited(
    asked: tuple[Query, ...], function: Checks, route: Route
) -> tuple[Query, Statement] | None:
    """The one query of a function, when it may return any number of rows."""
    inside = [query for query in asked if _asks(function, query)]
    if len(inside) != 1 or len(inside[0].statements) != 1:
        return None
    query = inside[0]
    if function.pages or "one" in {function.takes, query.fetches}:
        return None
    if query.fetches == "unknown" and function.takes != "many":
        return None
    statement = query.statements[0]
    return (query, statement) if _returns_all(statement, route) else None


def _asks(function: Checks, query: Query) -> bool:
    """Whether a query is run by a function."""
    place, call = function.place, query.call
    if call is None or (call.path, call.unit) != (place.path, place.unit):
        return False
    if function.name in {place.unit, query.function}:
        return True
    return place.start <= call.start and call.end <= place.end


_MOST_CALLS = 2
"""How many calls may lie between the handler and the query."""


def _listed(route: Route, workspace: Workspace, judged: Judge) -> Listing | None:
    """The rows of a model that the answer of a route holds all of."""
    if route.body is None or "page" in route.response.lower() or "pagin" in route.response.lower():
        return None
    pending = [(route.handler.path, route.body, 0)]
    seen = set()
    while pending:
        path, function, depth = pending.pop()
        answer = _answer(workspace, path, function)
        if answer is None or answer.pages or (path, function.name) in seen:
            continue
        seen.add((path, function.name))
        for listed in answer.listings:
            if _is_long(listed, route):
                return listed
        for name in answer.calls if depth < _MOST_CALLS else ():
            found = judged.function(path, name)
            if found is not None and not found[1].is_class:
                pending.append((*found, depth + 1))
    return None


def _answer(workspace: Workspace, path: str, function: Checks) -> Answer | None:
    known = workspace.each(answers).get(path)
    place = function.place
    return known.get(key(place.unit, place.start)) if known is not None else None


def _is_long(listed: Listing, route: Route) -> bool:
    """Whether there may be any number of these rows."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", listed.model)
    if _SMALL.match(name) or _SMALL.match(f"{name}s"):
        return False
    if any(_KEY.search(one) for one in listed.keys):
        return False
    below_one = route.path is not None and "{" in route.path.text
    if not any(_PARENT.search(one) or below_one for one in listed.keys):
        return not below_one or not listed.keys
    return any(_MOMENT.search(one) for one in listed.ordered) or bool(
        _GROWING.search(name) or _GROWING.search(f"{name}s")
    )


_SMALL = re.compile(
    r"(?i)^(?:\w+_)?(?:countr(?:y|ies)|currenc(?:y|ies)|languages?|locales?|regions?|states?|time_?zones?|roles?|"
    r"permissions?|categor(?:y|ies)|settings?|options?|configs?|configurations?|plans?|tiers?|types?|statuses|status|"
    r"kinds?|levels?|units?|features?|flags?|genres?|departments?|teams?|migrations?|schema_versions?|tags?|"
    r"enums?|lookups?|brackets?|pages?|widgets?|themes?|templates?|providers?|plugins?|integrations?|tenants?|warehouses?|stores?|branches|tax_rates|shipping_methods|payment_methods)$"
)


def _returns_all(statement: Statement, route: Route) -> bool:
    if statement.kind != "select" or not statement.complete or not statement.scopes:
        return False
    top = statement.scopes[0]
    if top.kind != "select" or top.limit is not None or top.aggregated or top.grouped or top.arms:
        return False
    tables = [table for table in statement.tables if table.scope == top.id]
    if not tables or statement.ctes or any(table.cte is not None for table in tables):
        return False
    if all(_SMALL.match(table.name) for table in tables):
        return False
    below_one = route.path is not None and "{" in route.path.text
    of_parent = False
    for predicate in statement.predicates:
        if predicate.scope != top.id or predicate.clause != "where":
            continue
        if predicate.operator in {"in", "between", ">", ">=", "<", "<="}:
            return False
        if predicate.operator == "=":
            if _KEY.search(predicate.left.text):
                return False
            of_parent = of_parent or below_one or bool(_PARENT.search(predicate.left.text))
    return not of_parent or _accumulates(statement, top.id)


_KEY = re.compile(r"(?i)(?:^|[.\"`])(?:id|uuid|key|slug|email|token|code|name|username|sku)[\"`]?$")
_PARENT = re.compile(r"(?i)(?:_|(?<=[a-z])(?=I))(?:id|uuid|key)[\"`]?$")
_MOMENT = re.compile(
    r"(?i)^(?!.*(?:creat|updat|modif|added|joined|grant|insert|changed))"
    r".*(?:_at|_on|_time|date|time|timestamp|[a-z]At)$"
)
"""A time at which something happened; every table has the time at which its rows were made."""
_GROWING = re.compile(
    r"(?i)(?:^|_)(?:reviews?|comments?|messages?|events?|logs?|orders?|payments?|transactions?|notifications?|"
    r"history|histories|readings?|runs?|executions?|deliveries|submissions?|measurements?|posts?|audits?|entries|changes|visits?|sessions?|invoices?|tickets?)$"
)


def _accumulates(statement: Statement, scope: int) -> bool:
    """Whether the rows of one parent pile up with time: they are in its order, or named after it."""
    ordered = any(
        column.clause == "order" and column.scope == scope and _MOMENT.search(column.name)
        for column in statement.columns
    )
    return ordered or bool(_GROWING.search(statement.tables[0].name))
