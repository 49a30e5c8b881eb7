"""A call to another system while a transaction holds locks.

Whatever the transaction has written or locked stays locked until the other system has answered, and so does one
connection of the pool.  When it is slow, requests that need the same rows wait behind it; when it hangs, so does the
database.  And when the transaction is rolled back afterwards, the mail has been sent all the same.

## Example

```python
import psycopg
import requests


def pay(connection: psycopg.Connection, order: int, card: str) -> None:
    with connection.transaction():
    #    ~~~~~~~~~~~~~~~~~~~~~~~~ the transaction
        connection.execute("UPDATE orders SET state = 'paid' WHERE id = %s", (order,))
      # ~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~ holds its locks meanwhile
        requests.post("https://payments.example/charge", json={"card": card}, timeout=10)
      # ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `requests.post` waits for a response while a transaction holds locks
```

Use instead:

```python
import psycopg
import requests


def pay(connection: psycopg.Connection, order: int, card: str) -> None:
    requests.post("https://payments.example/charge", json={"card": card}, timeout=10)
    with connection.transaction():
        connection.execute("UPDATE orders SET state = 'paid' WHERE id = %s", (order,))
```

or write down what is to be done (an outbox), commit, and do it afterwards (`transaction.on_commit` in
Django).

## Not reported

Calls before the first change of the transaction or after its end; what is only handed to `on_commit`; transactions that
only read; tests and migrations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers.facts.all_queries import all_queries
from backend_analyzers.facts.callees import Callees, callees
from backend_analyzers.facts.calls import Act, Calling, Does, calls
from backend_analyzers.facts.network import network
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.facts.queries import Query
from backend_analyzers.facts.transactions import Transaction, transactions
from backend_analyzers.rule import Confidence, Finding, Related, Severity, workspace_rule
from backend_analyzers.source import Place
from backend_analyzers.workspace import Workspace

DEEPEST = 3
"""Calls between the transaction and the network."""


@workspace_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(667, 833),
    controls=("OWASP API4:2023",),
)
def transaction_across_network_call(workspace: Workspace) -> Iterator[Finding]:
    found = {
        path: some
        for path, some in workspace.each(transactions).items()
        if some and not (is_test(path) or is_migration(path))
    }
    if not found:
        return
    queries = workspace.fact(all_queries)
    reach = _Reach(workspace.fact(callees), workspace.each(calls), workspace.each(network))
    told: set[Place] = set()
    for path, some in found.items():
        for one in some:
            for finding in _judged(reach, path, one, queries.get(path, ())):
                if finding.at not in told:
                    told.add(finding.at)
                    yield finding


def _judged(
    reach: _Reach, path: str, one: Transaction, queries: tuple[Query, ...]
) -> Iterator[Finding]:
    changes = sorted((*one.changes, *_mapped(one, queries)))
    if not changes:
        return
    for here in one.meanwhile:
        first = here.after(changes)
        if first is None:
            continue
        if here.act is not None:
            yield _finding(path, one, first, here.place, here.act, ())
        elif here.call is not None:
            chain = reach.find(path, here.call, 1)
            if chain is not None:
                act, steps = chain
                yield _finding(path, one, first, here.place, act, (here.call, *steps))


def _mapped(one: Transaction, queries: tuple[Query, ...]) -> Iterator[Place]:
    """What a mapper writes inside of the transaction."""
    for query in queries:
        at = query.call
        if not query.approximate or at is None or at.unit != one.at.unit:
            continue
        inside = one.at.start <= at.start < one.end
        if inside and any(s.kind in {"insert", "update", "delete"} for s in query.statements):
            yield at


def _finding(
    path: str,
    one: Transaction,
    first: Place,
    at: Place,
    act: Act,
    steps: tuple[Calling, ...],
) -> Finding:
    related = [Related(one.at, "the transaction")] if one.at != first else []
    related.append(Related(first, "holds its locks meanwhile"))
    related += [Related(step.place, f"calls `{step.text}`") for step in steps[1:]]
    if steps:
        related.append(Related(act.place, f"`{act.text}` {act.what}"))
    named = steps[0].text if steps else act.text
    confidence = Confidence.MEDIUM if steps else None
    return Finding(
        at=at,
        message=f"`{named}` {act.what} while a transaction holds locks",
        help="Do it before the first change, or after the commit.",
        related=tuple(related),
        confidence=Confidence.LOW if is_tool(path) else confidence,
    )


Chain = tuple[Act, tuple[Calling, ...]]


class _Reach:
    """The way from a call to the network, through functions of the project; answers are kept."""

    def __init__(
        self,
        names: Callees,
        does: Mapping[str, tuple[Does, ...]],
        acts: Mapping[str, dict[str, tuple[Act, ...]]],
    ) -> None:
        self._names = names
        self._does = does
        self._acts = acts
        self._known: dict[tuple[str, str], Chain | None] = {}

    def find(self, path: str, call: Calling, depth: int) -> Chain | None:
        """What a call does over the network, and the calls between."""
        where = self._names.where(path, call.callee)
        if where is None or depth > DEEPEST:
            return None
        if where not in self._known:
            self._known[where] = None
            self._known[where] = self._inside(where, depth)
        return self._known[where]

    def _inside(self, where: tuple[str, str], depth: int) -> Chain | None:
        path, key = where
        for name in (key, f"{key}.__init__", f"{key}.constructor"):
            for act in self._acts.get(path, {}).get(name, ()):
                if act.what != "sleeps":
                    return act, ()
        for does in self._does.get(path, ()):
            if does.key == key and not does.is_cached:
                for call in does.calls:
                    chain = self.find(path, call, depth + 1)
                    if chain is not None:
                        return chain[0], (call, *chain[1])
        return None
