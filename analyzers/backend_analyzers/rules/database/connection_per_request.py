"""A new connection to the database for each request.

Opening a connection costs several round trips, a login and, in PostgreSQL, a process on the server: often more
than the query it is for.  Under load every request adds one, until the server refuses them all (100
unless told otherwise).

## Example

```python
import psycopg
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders():
    with psycopg.connect("dbname=shop") as connection:
    #    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `psycopg.connect` opens a connection for each request of `orders`
        return connection.execute("SELECT id FROM orders LIMIT 50").fetchall()
```

Use instead:

```python
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

app = FastAPI()
pool = ConnectionPool("dbname=shop")


@app.get("/orders")
def orders():
    with pool.connection() as connection:
        return connection.execute("SELECT id FROM orders LIMIT 50").fetchall()
```

## Not reported

Connections that are kept: in a global, in an object, behind a cache; databases inside the process, such as
SQLite; health checks, which want to see a connection being made; commands, scripts and jobs; projects that
speak of a pooler (PgBouncer and the like) in front of the server.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.openings import names_pooler
from backend_analyzers.facts.per_request import opened_per_request
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(400, 1050),
    controls=("OWASP API4:2023",),
)
def connection_per_request(workspace: Workspace) -> Iterator[Finding]:
    found = [one for one in workspace.fact(opened_per_request) if not one.opening.is_pool]
    if not found or any(workspace.each(names_pooler).values()):
        return
    for one in found:
        yield Finding(
            at=one.opening.place,
            message=f"`{one.opening.text}` opens a connection for each request{one.of}",
            help="Take the connection from a pool that is made once, when the process starts.",
            related=tuple(Related(step.place, f"calls `{step.text}`") for step in one.steps),
            confidence=Confidence.MEDIUM if one.steps else None,
        )
