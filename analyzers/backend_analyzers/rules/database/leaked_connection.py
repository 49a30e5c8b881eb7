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
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.paths import is_frontend, is_migration, is_test, is_tool
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.mentions import Mention, mentions
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.drivers import is_in_process
from backend_analyzers.libraries.vocabulary import Hold
from backend_analyzers.rule import Confidence, Finding, Related, Severity, unit_rule


@unit_rule(
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    cwe=(772, 404),
    controls=("OWASP API4:2023",),
)
def leaked_connection(code: Code) -> Iterator[Finding]:
    if len(code.outline.functions) == 1 or _is_short_lived(code.path):
        return
    tables = code.names.tables
    for site in code.outline.calls:
        called = site.call.function
        last = called.name if isinstance(called, ir.Attribute) else ""
        if last not in tables.held and not isinstance(called, ir.Name):
            continue
        name = code.callee_of(site.call)
        hold = tables.holds.get(name)
        around = code.enclosing(site.call)
        if hold is None or around.node is None or around.name in _WHOLE_PROCESS:
            continue
        taken = _taken(around.node, site.call)
        if taken is not None:
            local = is_in_process(code.language, name)
            yield from _judged(code, around.node, hold, taken, is_local=local)


def _is_short_lived(path: str) -> bool:
    return is_test(path) or is_frontend(path) or is_migration(path)


_WHOLE_PROCESS = frozenset({"main", "run_migrations_online", "run_migrations_offline"})


class _Taken(msgspec.Struct, frozen=True):
    """How the result of a call that gives a connection is taken."""

    call: ir.Call
    how: Literal["bound", "with", "chained"]
    name: str = ""
    method: str = ""


def _taken(function: ir.Function, call: ir.Call) -> _Taken | None:
    """How a function takes what a call gives; None when somebody else may give it back."""
    for node in ir.walk(function):
        match node:
            case ir.Assign(targets=(ir.Name(id=name),), value=value) if _is(value, call):
                return _Taken(call, "bound", name)
            case ir.With():
                for item in node.items:
                    if _is(item.context, call):
                        target = item.target
                        name = target.id if isinstance(target, ir.Name) else ""
                        return _Taken(call, "with", name) if name or target is None else None
            case ir.Assign(value=ir.Call() as outer) | ir.Evaluate(value=ir.Call() as outer):
                method = outer.function
                if isinstance(method, ir.Attribute) and _is(method.value, call):
                    return _Taken(call, "chained", method=method.name)
            case _:
                pass
    return None


def _is(value: ir.Expr | None, call: ir.Call) -> bool:
    return value is call or (isinstance(value, ir.Await) and value.value is call)


def _judged(
    code: Code, function: ir.Function, hold: Hold, taken: _Taken, *, is_local: bool
) -> Iterator[Finding]:
    if taken.how == "chained":
        if taken.method not in hold.release and not function.name.startswith("__"):
            said = f"the {hold.what} of `{dotted(taken.call.function)}` is never given back"
            yield _finding(code, taken, said, sure=False, is_local=is_local)
        return
    if taken.how == "with" and (hold.managed or not taken.name):
        return
    after = [one for one in mentions(function, taken.name) if one.node.start >= taken.call.end]
    given_back = [one for one in after if _gives_back(one, hold)]
    if not given_back:
        if not _escapes(function, after):
            yield _never(code, hold, taken, is_local=is_local)
        return
    if any(one.use in {"return", "stored", "captured"} for one in after):
        return
    first = given_back[0]
    if any(one.guard or (one.use != "method" and not _is_back(one, hold)) for one in given_back):
        return
    is_lent = any(one.use == "yield" and one.node.start < first.node.start for one in after)
    if not (is_lent or _may_fail_between(code, taken.call, first.node)):
        return
    name = _called(first)
    said = f"`{taken.name}` is not given back when something fails before `{name}`"
    shown = Related(code.place(first.node), "only reached when nothing failed")
    yield _finding(code, taken, said, sure=False, is_local=is_local, related=(shown,))


def _is_back(mention: Mention, hold: Hold) -> bool:
    return mention.use == "argument" and mention.detail in hold.back


_CLOSING = frozenset({"closing", "aclosing", "enter_context", "enter_async_context", "push"})


def _gives_back(mention: Mention, hold: Hold) -> bool:
    match mention.use:
        case "method" | "attribute":
            return mention.detail in hold.release
        case "argument":
            return mention.detail in hold.back or mention.detail in _CLOSING
        case "with":
            return hold.managed
        case _:
            return False


def _escapes(function: ir.Function, after: list[Mention]) -> bool:
    """Whether somebody else may give back what is never given back here."""
    if any(one.use in {"return", "yield", "stored", "captured", "argument"} for one in after):
        return True
    calls = {id(one.node) for one in after if one.use == "method"}
    for node in ir.walk(function):
        match node:
            case ir.Return(value=value) if _made_by(value, calls):
                return True
            case ir.Assign(targets=targets, value=value) if _made_by(value, calls):
                for target in targets:
                    if not isinstance(target, ir.Name) or _is_kept(function, target.id):
                        return True
            case _:
                pass
    return False


def _made_by(value: ir.Expr | None, calls: set[int]) -> bool:
    while isinstance(value, ir.Await):
        value = value.value
    return id(value) in calls


def _is_kept(function: ir.Function, name: str) -> bool:
    """Whether what was made from the connection leaves the function, or knows the way back to it."""
    return any(
        one.use in {"return", "yield", "stored", "captured"}
        or (one.use == "attribute" and one.detail == "connection")
        for one in mentions(function, name)
    )


def _may_fail_between(code: Code, call: ir.Call, release: ir.Node) -> bool:
    """Whether anything is done with the connection before it is given back."""
    return any(
        call.end <= site.call.start and site.call.end < release.start for site in code.outline.calls
    )


def _called(mention: Mention) -> str:
    assert isinstance(mention.node, ir.Call)
    return dotted(mention.node.function) or mention.detail


def _never(code: Code, hold: Hold, taken: _Taken, *, is_local: bool) -> Finding:
    said = f"`{taken.name}` is never given back"
    if taken.how == "with":
        said = f"`with` ends the transaction of `{taken.name}` and leaves the connection open"
    return _finding(code, taken, said, sure=hold.counted or not is_local, is_local=is_local)


def _finding(
    code: Code,
    taken: _Taken,
    said: str,
    *,
    sure: bool,
    is_local: bool,
    related: tuple[Related, ...] = (),
) -> Finding:
    confidence = None if sure else Confidence.MEDIUM
    if is_local or is_tool(code.path):
        confidence = Confidence.LOW
    return Finding(
        at=code.place(taken.call),
        message=said,
        help=_HELP,
        related=related,
        confidence=confidence,
    )


_HELP = "Give it back in `with` or `finally`, whatever happens in between."
