"""Connections that a function takes and does not give back on every path.

Where a function of the project gives the connection (`connection = connect()`), this file alone cannot say that it is
one: such a leak names the function in `callee`, and counts when that one is in `givers` of its file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.mentions import Mention, mentions
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.drivers import is_in_process
from backend_analyzers.libraries.vocabulary import Hold
from backend_analyzers.source import File, Place

ANY = Hold(
    release=("close", "release", "terminate", "commit", "rollback", "end", "destroy", "remove"),
    back=(
        "putconn",
        "release",
        "releaseConnection",
        "close",
        "put_connection",
        "return_connection",
    ),
)
"""What is given by a function whose own kind of connection is not known here."""


class Leak(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A connection that is taken at `at` and may stay taken.

    `kind` says how: never given back, only when nothing fails (`released` is where, `shown` the call there), or held
    by a `with` block that does not close it.  `name` is the local name, empty when it has none.
    """

    at: Place
    kind: Literal["never", "unless", "with", "chained"]
    name: str
    text: str
    what: str
    is_sure: bool
    is_local: bool
    callee: str = ""
    released: Place | None = None
    shown: str = ""


@file_fact
def leaks(file: File) -> tuple[Leak, ...]:
    """The connections of a file that may stay taken."""
    return tuple(one for found in unit_leaks.each(file) for one in found)


@file_fact
def givers(file: File) -> dict[str, bool]:
    """The functions, and the factories at module level, that give a connection to their caller.

    The value says whether the database is in the process.
    """
    found: dict[str, bool] = {}
    for unit in unit_givers.each(file):
        found.update(unit)
    return found


@unit_fact
def unit_givers(code: Code) -> dict[str, bool]:
    """The functions and factories of a unit that give a connection to their caller."""
    node = code.unit.node
    if isinstance(node, ir.Assign) and isinstance(node.value, ir.Call):
        kind = code.type_of(node.value)
        is_factory = f"{kind}.__call__" in code.names.tables.holds
        return {one.id: False for one in node.targets if isinstance(one, ir.Name) and is_factory}
    found: dict[str, bool] = {}
    for returned, block in code.outline.returns:
        value = returned.value
        function = code.outline.functions[code.outline.blocks[block].function]
        if value is None or function.node is None or function.node.is_generator:
            continue
        made = code.origin_of(value)
        if made is not None and made.here and not function.node.decorators:
            name = code.callee_of(made.call)
            if name in code.names.tables.holds:
                found[function.key] = is_in_process(code.language, name)
    return found


@unit_fact
def unit_leaks(code: Code) -> tuple[Leak, ...]:
    """The connections of a unit that may stay taken."""
    if len(code.outline.functions) == 1:
        return ()
    return tuple(_leaks(code))


_WHOLE_PROCESS = frozenset({"main", "run_migrations_online", "run_migrations_offline"})


def _leaks(code: Code) -> Iterator[Leak]:
    tables = code.names.tables
    for site in code.outline.calls:
        called = site.call.function
        last = called.name if isinstance(called, ir.Attribute) else ""
        if last not in tables.held and not _CONNECTS.search(last or getattr(called, "id", "")):
            continue
        around = code.enclosing(site.call)
        if around.node is None or around.name in _WHOLE_PROCESS:
            continue
        name = code.callee_of(site.call)
        hold = tables.holds.get(name)
        if hold is None and not _is_ours(name):
            continue
        taken = _taken(around.node, site.call)
        if taken is None or (hold is None and taken.how != "bound"):
            continue
        leak = _judged(code, around.node, hold or ANY, taken)
        if leak is not None:
            yield msgspec.structs.replace(
                leak,
                is_local=is_in_process(code.language, name),
                callee="" if hold is not None else name,
            )


_CONNECTS = re.compile(r"conn|session|pool|db|database|acquire|engine|client|local", re.IGNORECASE)
"""What functions that give a connection have in their names: the others are not looked at."""


def _is_ours(name: str) -> bool:
    return name.startswith((":", ".")) or "." in name


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


def _judged(code: Code, function: ir.Function, hold: Hold, taken: _Taken) -> Leak | None:
    text = dotted(taken.call.function)
    kind: Literal["never", "with"] = "with" if taken.how == "with" else "never"
    leak = Leak(
        code.place(taken.call), kind, taken.name, text, hold.what, is_sure=True, is_local=False
    )
    if taken.how == "chained":
        if taken.method in hold.release or function.name.startswith("__"):
            return None
        return msgspec.structs.replace(leak, kind="chained", is_sure=False)
    if taken.how == "with" and (hold.managed or not taken.name):
        return None
    after = [one for one in mentions(function, taken.name) if one.node.start >= taken.call.end]
    given_back = [one for one in after if _gives_back(one, hold)]
    if not given_back:
        return None if _escapes(function, after) else leak
    if any(one.use in {"return", "stored", "captured"} for one in after):
        return None
    if any(one.guard or (one.use != "method" and not _is_back(one, hold)) for one in given_back):
        return None
    first = given_back[0]
    is_lent = any(one.use == "yield" and one.node.start < first.node.start for one in after)
    if not (is_lent or _may_fail_between(code, taken.call, first.node)):
        return None
    return msgspec.structs.replace(
        leak,
        kind="unless",
        is_sure=False,
        released=code.place(first.node),
        shown=_called(first),
    )


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
    calls = {
        id(one.node) for one in after if one.use == "method" and one.detail not in _PLAIN_VALUES
    }
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


_PLAIN_VALUES = frozenset(
    {"scalar", "get", "fetch", "fetchrow", "fetchval", "fetch_one", "fetch_all", "scalar_one"}
)
"""Methods whose answer holds nothing of the connection."""


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
