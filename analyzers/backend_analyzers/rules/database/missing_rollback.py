"""A transaction that failed and is used again without a rollback.

After an error PostgreSQL refuses every further statement of the transaction, and a session of SQLAlchemy or an `atomic`
block of Django refuses to go on as well: whoever uses the connection next gets an error that has nothing to do
with what they do.

## Example

```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def save(session: Session, orders: list) -> int:
    failed = 0
    for order in orders:
        try:
            session.add(order)
            session.commit()
          # ~~~~~~~~~~~~~~~~ may fail
        except IntegrityError:
      # ^^^^^^^^^^^^^^^^^^^^^ goes on without `session.rollback()`
            failed += 1
    return failed
```

Use instead:

```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session


def save(session: Session, orders: list) -> int:
    failed = 0
    for order in orders:
        try:
            session.add(order)
            session.commit()
        except IntegrityError:
            session.rollback()
            failed += 1
    return failed
```

A savepoint (`session.begin_nested()`, a nested `connection.transaction()` or `transaction.atomic()`) around what may fail
does as well, and keeps what was done before.

## Not reported

Handlers that raise, leave the process, or give the connection to a function that may roll back; connections that are closed
in `finally` or end with their block; what only reads through a connection that comes from elsewhere; savepoints around what
may fail; `autocommit`; SQLite and MySQL, whose transactions survive an error; tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import DatabaseQuery, TransactionBegin, TransactionEnd
from backend_analyzers.facts.paths import is_migration, is_test, is_tool
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.mentions import catches_all
from backend_analyzers.flow.order import may_follow
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.drivers import is_database_error, stays_failed
from backend_analyzers.rule import Confidence, Finding, Related, Severity, unit_rule


@unit_rule(severity=Severity.WARNING, confidence=Confidence.HIGH, cwe=(755, 460))
def missing_rollback(code: Code) -> Iterator[Finding]:
    if code.language.is_ecmascript or is_test(code.path) or is_migration(code.path):
        return
    if len(code.outline.functions) == 1:
        return
    for function in code.outline.functions:
        node = function.node
        if node is None:
            continue
        for tried in _tries(node):
            for used in _used(code, tried):
                handler = _forgetful(code, node, tried, used)
                if handler is not None:
                    yield _finding(code, handler, used)
                    break
        yield from _in_atomic(code, node)


class _Used(msgspec.Struct, frozen=True):
    """What the body of a `try` uses: by which name, where last, and whether it changes anything."""

    name: str
    last: ir.Node
    changes: bool
    rolls_back: bool
    """Whether it has a method for that: a cursor has none."""


def _tries(function: ir.Function) -> Iterator[ir.Try]:
    """The `try` statements of a function, those of functions inside left out."""
    stack: list[ir.Node] = [*function.body]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Function | ir.Lambda | ir.Class):
            continue
        if isinstance(node, ir.Try) and node.handlers:
            yield node
        stack += ir.children(node)


def _used(code: Code, tried: ir.Try) -> Iterator[_Used]:
    """The connections that may fail in the body of a `try`."""
    start, end = (tried.body[0].start, tried.body[-1].end) if tried.body else (0, 0)
    found: dict[str, _Used] = {}
    calls = {(one.call.start, one.call.end): one.call for one in code.outline.calls}
    for event in events(code):
        if not start <= event.start < end:
            continue
        if isinstance(event, TransactionBegin):
            return  # it ends with its own block
        if not isinstance(event, DatabaseQuery | TransactionEnd):
            continue
        if isinstance(event, TransactionEnd) and event.action == "rollback":
            continue
        call = calls.get((event.start, event.end))
        owner = event.function.rpartition(".")[0]
        if call is None or not isinstance(call.function, ir.Attribute) or not stays_failed(owner):
            continue
        name = dotted(call.function.value)
        if name:
            changes = isinstance(event, TransactionEnd) or call.function.name in _CHANGES
            before = found.get(name)
            changes = changes or (before is not None and before.changes) or _writes(event)
            found[name] = _Used(name, call, changes, "ursor" not in owner)
    yield from found.values()


_CHANGES = frozenset({"flush", "commit", "delete", "update", "executemany"})
_WRITES = re.compile(r"\s*(?:insert|update|delete|merge)\b", re.IGNORECASE)


def _writes(event: DatabaseQuery | TransactionEnd) -> bool:
    if not isinstance(event, DatabaseQuery) or event.sql is None or not event.sql.parts:
        return False
    first = event.sql.parts[0]
    return isinstance(first, ir.Chunk) and bool(_WRITES.match(first.text))


def _forgetful(code: Code, function: ir.Function, tried: ir.Try, used: _Used) -> ir.Handler | None:
    """The handler that goes on with a connection whose transaction has failed."""
    if _is_autocommit(code) or any(_ends_it(one, used.name) for one in tried.final):
        return None
    if not _goes_on(code, function, tried, used):
        return None
    for handler in tried.handlers:
        if not _catches_database(code, handler):
            continue
        if any(isinstance(one, ir.Raise) for part in handler.body for one in ir.walk(part)):
            return None
        return None if any(_ends_it(one, used.name) for one in handler.body) else handler
    return None


def _is_autocommit(code: Code) -> bool:
    return any(
        isinstance(node, ir.Argument | ir.Attribute) and node.name in _AUTOCOMMIT
        for node in ir.walk(code.unit.node)
    )


_AUTOCOMMIT = frozenset({"autocommit", "isolation_level", "set_isolation_level"})


def _catches_database(code: Code, handler: ir.Handler) -> bool:
    if catches_all(handler):
        return True
    caught = handler.catches
    listed = (
        [one.value for one in caught.entries] if isinstance(caught, ir.Collection) else [caught]
    )
    return any(
        is_database_error(code.name_of(one)) and not _HARMLESS.search(code.name_of(one))
        for one in listed
        if one is not None
    )


_HARMLESS = re.compile(
    r"NoResultFound|MultipleResultsFound|ResourceClosed|ProgrammingError$|Interface"
)
"""What the library raises about an answer, when no statement has failed."""

_ENDS = re.compile(
    r"rollback|close|abort|reset|discard|remove|dispose|invalidate|reconnect|exit|fail|putconn|release"
    r"|terminate|expunge|savepoint|undo",
    re.IGNORECASE,
)


_LOOKS = frozenset({"is_active", "in_transaction", "transaction_status", "needs_rollback"})
"""What a handler looks at that knows in what state the transaction is."""


def _ends_it(statement: ir.Stmt, name: str) -> bool:
    """Whether a statement ends the transaction, or hands the connection to a function that may."""
    for node in ir.walk(statement):
        if isinstance(node, ir.Attribute) and node.name in _LOOKS:
            return True
        if not isinstance(node, ir.Call):
            continue
        last = (
            node.function.name if isinstance(node.function, ir.Attribute) else dotted(node.function)
        )
        if _ENDS.search(last):
            return True
        if any(dotted(one.value) == name for one in node.arguments):
            return True
    return False


def _goes_on(code: Code, function: ir.Function, tried: ir.Try, used: _Used) -> bool:
    """Whether anybody uses the connection after the handler."""
    outline = code.outline
    root = used.name.partition(".")[0]
    made_here, inside = _made_in(code, function, root, tried)
    if not made_here:
        return used.changes
    if any(_uses_again(code, tried, one.call, used.name) for one in outline.calls):
        return True
    block = outline.block_at(tried.start)
    while block.kind != "function":
        if block.kind == "loop" and block.start >= inside:
            return True
        block = outline.blocks[block.parent]
    return False


def _uses_again(code: Code, tried: ir.Try, call: ir.Call, name: str) -> bool:
    called = call.function
    if (
        call.start < tried.end
        or not isinstance(called, ir.Attribute)
        or dotted(called.value) != name
    ):
        return False
    if code.enclosing(call) is not code.enclosing(tried) or _ENDS.search(called.name):
        return False
    outline = code.outline
    return may_follow(outline, outline.block_at(tried.start), outline.block_at(call.start))


def _made_in(code: Code, function: ir.Function, root: str, tried: ir.Try) -> tuple[bool, int]:
    """Whether a function makes the connection itself, and from where on it has it."""
    if any(one.name == root for one in function.parameters):
        return False, 0
    found, local = code.names.bindings(root, tried.start, here=True)
    if not local or not found:
        return False, 0
    for one in found:
        if one.value is None or not isinstance(one.value, ir.Call | ir.Await):
            return False, 0
        made = one.value.value if isinstance(one.value, ir.Await) else one.value
        called = made.function if isinstance(made, ir.Call) else None
        if isinstance(called, ir.Attribute) and called.name == "cursor":
            inner = dotted(called.value).partition(".")[0]
            if inner and inner != root:
                return _made_in(code, function, inner, tried)
    return True, max(one.after for one in found)


def _finding(code: Code, handler: ir.Handler, used: _Used) -> Finding:
    end = handler.catches.end if handler.catches is not None else handler.start + len("except")
    named = f"`{used.name}.rollback()`" if used.rolls_back else "a rollback"
    return Finding(
        at=code.place_of(handler.start, end),
        message=f"goes on without {named}",
        help="Roll back before the connection is used again, or put a savepoint around what may fail.",
        related=(Related(code.place(used.last), "may fail"),),
        confidence=Confidence.LOW if is_tool(code.path) else None,
    )


# Django ----------------------------------------------------------------------------------------

_ATOMIC = "django.db.transaction.atomic"
_DATABASE_ERRORS = re.compile(
    r"^django\.db\.(?:\w+\.)*(?:Integrity|Database|Operational|Data)Error$"
)
_DJANGO_WRITES = frozenset({"save", "create", "bulk_create", "bulk_update"})
_DJANGO_USES = frozenset(
    {
        *_DJANGO_WRITES,
        *("get", "first", "exists", "count", "delete", "update", "get_or_create", "add"),
    }
)


def _in_atomic(code: Code, function: ir.Function) -> Iterator[Finding]:
    """What fails in an `atomic` block and is caught inside of it, before the block goes on."""
    ranges = [
        (start, end)
        for context, start, end in code.outline.contexts
        if isinstance(context, ir.Call) and code.callee_of(context) == _ATOMIC
    ]
    for decorator in function.decorators:
        called = decorator.function if isinstance(decorator, ir.Call) else decorator
        if code.name_of(called) == _ATOMIC:
            ranges.append((function.name_end, function.end))
    if not ranges:
        return
    for tried in _tries(function):
        around = [one for one in ranges if one[0] <= tried.start and tried.end <= one[1]]
        if not around or any(tried.start <= start < tried.end for start, _ in ranges):
            continue
        failing = _first_write(tried)
        if failing is None:
            continue
        end = max(around)[1]
        for handler in tried.handlers:
            if _stays_broken(code, handler) and _goes_on_in_block(code, tried, handler, end):
                yield _finding(code, handler, _Used("", failing, changes=True, rolls_back=False))


def _first_write(tried: ir.Try) -> ir.Call | None:
    for statement in tried.body:
        for node in ir.walk(statement):
            called = node.function if isinstance(node, ir.Call) else None
            if isinstance(called, ir.Attribute) and called.name in _DJANGO_WRITES:
                assert isinstance(node, ir.Call)
                return node
    return None


def _stays_broken(code: Code, handler: ir.Handler) -> bool:
    caught = handler.catches
    listed = (
        [one.value for one in caught.entries] if isinstance(caught, ir.Collection) else [caught]
    )
    if not any(one is not None and _DATABASE_ERRORS.match(code.name_of(one)) for one in listed):
        return False
    nodes = [one for part in handler.body for one in ir.walk(part)]
    return not any(isinstance(one, ir.Raise) for one in nodes) and not any(
        isinstance(one, ir.Attribute) and "rollback" in one.name for one in nodes
    )


def _goes_on_in_block(code: Code, tried: ir.Try, handler: ir.Handler, end: int) -> bool:
    """Whether the block uses the database again: in the handler, or after it, or in the next round."""
    outline = code.outline
    leaves = bool(handler.body) and isinstance(handler.body[-1], ir.Return)
    for site in outline.calls:
        called = site.call.function
        if not isinstance(called, ir.Attribute) or called.name not in _DJANGO_USES:
            continue
        in_handler = handler.start <= site.call.start < handler.end
        later = tried.end <= site.call.start < end and not leaves
        if (in_handler or later) and dotted(called.value).partition(".")[0] not in _NO_QUERY:
            return True
    return False


_NO_QUERY = frozenset({"logger", "log", "errors", "cache", "os", "re", "messages"})
