"""A pool that pools nothing.

`NullPool` opens a connection for each use and closes it again, and an engine or pool that is made inside of a
request is thrown away with the connections it has just opened.  Both pay for a login each time, and
neither limits how many connections there are at once.

## Example

```python
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

app = FastAPI()
engine = create_engine("postgresql+psycopg://db/shop", poolclass=NullPool)
#        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `sqlalchemy.create_engine` keeps no connection for the next request


@app.get("/orders")
def orders():
    with engine.connect() as connection:
        return connection.execute(text("SELECT id FROM orders LIMIT 50")).all()
```

Use instead:

```python
from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI()
engine = create_engine("postgresql+psycopg://db/shop", pool_size=5)


@app.get("/orders")
def orders():
    with engine.connect() as connection:
        return connection.execute(text("SELECT id FROM orders LIMIT 50")).all()
```

## Not reported

`NullPool` in migrations, commands, tests, workers that fork, and where a branch chooses it; in front of a
pooler such as PgBouncer, where it is right; for SQLite.  Engines that are kept in a global or a cache.
Projects that serve no requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers.facts.openings import Opening, names_pooler, openings
from backend_analyzers.facts.paths import is_frontend, is_migration, is_test, is_tool
from backend_analyzers.facts.per_request import opened_per_request
from backend_analyzers.facts.routes import routes
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(400, 1050),
    controls=("OWASP API4:2023",),
)
def unpooled_connection(workspace: Workspace) -> Iterator[Finding]:
    made = [one for one in workspace.fact(opened_per_request) if one.opening.is_pool]
    empty = list(_empty(workspace))
    if not (made or empty) or any(workspace.each(names_pooler).values()):
        return
    for one in made:
        yield Finding(
            at=one.opening.place,
            message=f"`{one.opening.text}` makes a pool for each request{one.of}",
            help="Make it once, when the process starts, and let the requests share it.",
            related=tuple(Related(step.place, f"calls `{step.text}`") for step in one.steps),
            confidence=Confidence.MEDIUM if one.steps else None,
        )
    serves = bool(workspace.fact(routes)) if empty else False
    if serves:
        for opening in empty:
            yield Finding(
                at=opening.place,
                message=f"`{opening.text}` keeps no connection for the next request",
                help="Leave the pool to the library, or say how large it may be.",
                confidence=Confidence.MEDIUM,
            )


def _empty(workspace: Workspace) -> Iterator[Opening]:
    """Pools of services that keep nothing."""
    for path, found in workspace.each(openings).items():
        if is_test(path) or is_tool(path) or is_migration(path) or is_frontend(path):
            continue
        for one in found.opened:
            forks = _FORKS.search(path) or _FORKS.search(one.key)
            if one.keeps is False and not (one.is_local or one.is_conditional or forks):
                yield one


_FORKS = re.compile(
    r"worker|celery|task|job|lambda|serverless|fork|subprocess|test|migrat|script|listen",
    re.IGNORECASE,
)
"""Processes that must not share connections, or that live too short to keep any."""
