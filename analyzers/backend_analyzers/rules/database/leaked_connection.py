"""A connection that is not given back on every path.

A pool has a fixed number of connections.  One that is not returned when a query fails is lost, and after
a few errors every request waits for a connection that nobody will give back.  Without a pool the server runs
out of connections instead (PostgreSQL allows 100 unless told otherwise).

## Example

```python
from psycopg_pool import ConnectionPool

pool = ConnectionPool()


def rename(order: int, name: str) -> None:
    connection = pool.getconn()
    #            ^^^^^^^^^^^^^^ `connection` is not given back when something fails before `pool.putconn`
    connection.execute("UPDATE orders SET name = %s WHERE id = %s", (name, order))
    connection.commit()
    pool.putconn(connection)
  # ~~~~~~~~~~~~~~~~~~~~~~~~ only reached when nothing failed
```

Use instead:

```python
from psycopg_pool import ConnectionPool

pool = ConnectionPool()


def rename(order: int, name: str) -> None:
    with pool.connection() as connection:
        connection.execute("UPDATE orders SET name = %s WHERE id = %s", (name, order))
```

`try: … finally: connection.close()` does as well.  A `with` block over a connection of psycopg2 or
sqlite3 only ends the transaction; `contextlib.closing` closes.

## Not reported

Connections that are returned, kept in an object, given to a function or an exit stack: somebody else may close
them.  What is closed in `finally`, by `with`, or in a handler and after it.  Tests, migrations and `main`,
which end with their process.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_analyzers.facts.callees import callees
from backend_analyzers.facts.leaks import Leak, givers, leaks
from backend_analyzers.facts.paths import is_frontend, is_migration, is_test, is_tool
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.workspace import Workspace


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(772, 404),
    controls=("OWASP API4:2023",),
)
def leaked_connection(workspace: Workspace) -> Iterator[Finding]:
    found = {path: some for path, some in workspace.each(leaks).items() if some}
    if not found:
        return
    names = workspace.fact(callees)
    given = workspace.each(givers)
    for path, some in found.items():
        if is_test(path) or is_frontend(path) or is_migration(path):
            continue
        for leak in some:
            is_local = leak.is_local
            if leak.callee:
                kinds = [
                    given[file][name]
                    for file, name in names.way(path, leak.callee)
                    if name in given.get(file, {})
                ]
                if not kinds:
                    continue
                is_local = kinds[0]
            is_minor = is_local or is_tool(path)
            yield _finding(leak, Confidence.LOW if is_minor else _confidence(leak))


def _confidence(leak: Leak) -> Confidence | None:
    return None if leak.is_sure else Confidence.MEDIUM


def _finding(leak: Leak, confidence: Confidence | None) -> Finding:
    match leak.kind:
        case "chained":
            said = f"the {leak.what} of `{leak.text}` is never given back"
        case "with":
            said = f"`with` ends the transaction of `{leak.name}` and leaves the connection open"
        case "unless":
            said = f"`{leak.name}` is not given back when something fails before `{leak.shown}`"
        case _:
            said = f"`{leak.name}` is never given back"
    released = leak.released
    return Finding(
        at=leak.at,
        message=said,
        help="Give it back in `with` or `finally`, whatever happens in between.",
        related=()
        if released is None
        else (Related(released, "only reached when nothing failed"),),
        confidence=confidence,
    )
