"""One query for each element of a collection: N+1.

Each query costs a round trip.  A list that takes 2 ms with ten rows takes 2 s with ten thousand, and
the database spends its time on parsing and planning the same statement again and again.

## Example

```python
import psycopg


def lines(connection: psycopg.Connection, orders: list[int]):
    found = {}
    for order in orders:
  # ~~~~~~~~~~~~~~~~~~~ the loop
        cursor = connection.execute("SELECT sku FROM order_lines WHERE order_id = %s", (order,))
        #        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `connection.execute` runs once for each `order`
        found[order] = cursor.fetchall()
    return found
```

Use instead:

```python
import psycopg


def lines(connection: psycopg.Connection, orders: list[int]):
    found = {order: [] for order in orders}
    cursor = connection.execute(
        "SELECT order_id, sku FROM order_lines WHERE order_id = ANY(%s)", (orders,)
    )
    for order, sku in cursor:
        found[order].append(sku)
    return found
```

## Not reported

Loops that wait or try again, run over something written out or over batches, take messages from a
queue, or end right after the query; `executemany` and the like; statements that differ in the name of a
table only; databases inside the process, such as SQLite, whose queries take no round trip; migrations, seeds,
scripts and tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_analyzers.facts.callees import Project, project
from backend_analyzers.facts.calls import Asked, Calling, Does
from backend_analyzers.facts.paths import is_frontend, is_test, is_tool
from backend_analyzers.facts.readers import ask_readers
from backend_analyzers.facts.rewriting import asked_together
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace

DEEPEST = 2
"""Calls between the loop and the query."""


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(1049, 1073),
    controls=("OWASP API4:2023",),
)
def query_in_loop(workspace: Workspace) -> Iterator[Finding]:
    known = workspace.fact(project)
    told: set[Place] = set()
    for path, functions in known.does.items():
        if is_test(path) or is_tool(path) or is_frontend(path):
            continue
        for function in functions:
            for finding in (
                *_direct(workspace, function.asks),
                *_through_calls(known, path, function),
            ):
                told.add(finding.at)
                yield finding
    # `query(…).first().delete()` is one query, and what is done with its row.
    starts = {(place.path, place.unit, place.start) for place in told}
    for reader in ask_readers():
        for path, asks in workspace.fact(reader).items():
            if is_test(path) or is_tool(path) or is_frontend(path):
                continue
            for finding in _direct(workspace, sorted(asks, key=_end)):
                begins = (finding.at.path, finding.at.unit, finding.at.start)
                if begins not in starts:
                    starts.add(begins)
                    yield finding


def _end(asked: Asked) -> tuple[str, int, int]:
    return asked.place.unit, asked.place.start, asked.place.end


def _direct(workspace: Workspace, asks: Iterable[Asked]) -> Iterator[Finding]:
    for asked in asks:
        if asked.loop is None or asked.is_local:
            continue
        instead = asked_together(workspace, asked.place) if asked.reads else ""
        yield Finding(
            at=asked.place,
            message=f"`{asked.text}` runs once for each {_each(asked.each)}",
            help=_HELP if asked.reads else _HELP_WRITING,
            related=(Related(asked.loop, "the loop"),),
            confidence=None if asked.reads else Confidence.MEDIUM,
            evidence={"instead": instead} if instead else {},
        )


_HELP = "Ask once for all of them, and take each from the answer."
_HELP_WRITING = "Write all of them with one statement, or with `executemany`."


def _each(name: str) -> str:
    return f"`{name}`" if name else "element"


def _through_calls(known: Project, path: str, function: Does) -> Iterator[Finding]:
    for call in function.calls:
        if call.loop is None:
            continue
        chain = _asks(known, path, call, 1)
        if chain is None:
            continue
        asked = chain[-1]
        assert isinstance(asked, Asked)
        yield Finding(
            at=call.place,
            message=f"`{call.text}` queries the database once for each {_each(call.each)}",
            help=_HELP,
            related=(Related(call.loop, "the loop"), *(_step(one) for one in chain)),
            confidence=Confidence.MEDIUM,
        )


Chain = tuple[Asked | Calling, ...]


def _asks(known: Project, path: str, call: Calling, depth: int) -> Chain | None:
    """The way from a call to a query that reads what it is given."""
    found = known.called(path, call.callee)
    if found is None:
        return None
    file, function = found
    if function.is_cached or _MANY.search(function.key):
        return None
    for asked in function.asks:
        if asked.reads and asked.has_values and not asked.is_local:
            return (asked,)
    if depth < DEEPEST:
        for inner in function.calls:
            chain = _asks(known, file, inner, depth + 1)
            if chain is not None:
                return (inner, *chain)
    return None


_MANY = re.compile(r"batch|bulk|chunk|many|cache|memo|loader|lock|poll|retry", re.IGNORECASE)


def _step(one: Asked | Calling) -> Related:
    if isinstance(one, Asked):
        return Related(one.place, f"`{one.text}` asks the database")
    return Related(one.place, f"calls `{one.text}`")
