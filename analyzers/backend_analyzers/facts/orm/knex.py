"""The queries of knex's query builder, `knex("orders").where({status}).limit(10)`, as approximate SQL.

A chain that is put together in several places is read as far as it is written in one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.migrations.javascript_files import Link, chain
from backend_analyzers.facts.migrations.knex import client
from backend_analyzers.facts.modules import reference
from backend_analyzers.facts.orm.knex_parts import QUERY, Step
from backend_analyzers.facts.orm.knex_statements import is_method, statement
from backend_analyzers.facts.orm.spelled import Spelled, spelled
from backend_analyzers.facts.orm.writing import Called, written
from backend_analyzers.facts.paths import is_test
from backend_analyzers.facts.queries import Query
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.knex_queries import BUILDER, TABLE
from backend_analyzers.libraries.knex_schema import CLIENTS
from backend_analyzers.source import File
from backend_analyzers.sql.statement import Dialect
from backend_analyzers.workspace import Workspace


class Asked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A chain that runs a query."""

    called: Called
    steps: tuple[Step, ...]


def queries_of(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file that uses knex, in the dialect that its configuration names."""
    found = {path: some for path, some in workspace.each(asked).items() if some}
    return workspace.by_path(_queries, found, workspace.fact(dialect) if found else None)


def dialect(workspace: Workspace) -> Dialect:
    """The only dialect that the configuration of knex names; PostgreSQL otherwise."""
    clients = workspace.each(client)
    named = {name for path, some in clients.items() if not is_test(path) for name in some}
    dialects = {CLIENTS[name] for name in named if name in CLIENTS}
    return dialects.pop() if len(dialects) == 1 else "postgresql"


def _queries(_path: str, some: tuple[Asked, ...], spoken: Dialect | None) -> tuple[Query, ...]:
    return tuple(_written(some, spoken or "postgresql"))


def _written(some: tuple[Asked, ...], spoken: Dialect) -> Iterator[Query]:
    for one in some:
        pieces = statement(one.steps, spoken)
        if pieces:
            yield written(pieces, spoken, one.called)


@file_fact
def asked(file: File) -> tuple[Asked, ...]:
    """The chains of a file that begin at knex."""
    if not file.language.is_ecmascript or b"knex" not in file.text.lower():
        return ()
    return tuple(one for some in _asked.each(file) for one in some)


@unit_fact
def _asked(code: Code) -> tuple[Asked, ...]:
    found: list[Asked] = []
    inner: set[int] = set()
    kept: set[int] | None = None
    for site in code.calls():
        call = site.call
        if id(call) in inner:
            continue
        root, links = chain(call)
        at = call.function
        while isinstance(at, ir.Attribute | ir.Call | ir.Await):
            if isinstance(at, ir.Call):
                inner.add(id(at))
            at = at.function if isinstance(at, ir.Call) else at.value
        links = [*_before_then(links)]
        steps = _steps(code, root, links)
        if steps is None or not _is_over(steps):
            continue
        if kept is None:
            kept = _kept(code)
        if id(call) in kept:
            # More may be added to what has a name, before it runs.
            steps = (*steps, Step("extended", call.start, call.end, ()))
        one = any(step.name in {"first", "pluckFirst"} for step in steps)
        called = Called(
            code.place(call),
            code.enclosing(call).key,
            ".".join(_through(root, links)),
            "one" if one else "many" if _is_read(steps) else "unknown",
        )
        found.append(Asked(called, steps))
        # What is given to it is a part of it.
        for link in links:
            inner.update(id(one) for given in link.arguments for one in ir.walk(given))
    return tuple(found)


def _kept(code: Code) -> set[int]:
    """The calls whose result is given a name, without waiting for it."""
    return {
        id(node.value)
        for node in ir.walk(code.unit.node)
        if isinstance(node, ir.Assign) and isinstance(node.value, ir.Call)
    }


def _before_then(links: list[Link]) -> Iterator[Link]:
    for link in links:
        if link.name in {"then", "catch", "finally"}:
            return
        yield link


def _through(root: ir.Expr, links: list[Link]) -> Iterator[str]:
    """The names before the first call of the builder."""
    yield reference(root)
    for link in links:
        if link.call is None or BUILDER.match(link.name):
            yield link.name
        if link.call is not None:
            return


def _steps(code: Code, root: ir.Expr, links: list[Link]) -> tuple[Step, ...] | None:
    """The methods of a chain of knex; None for any other chain."""
    while links and links[0].call is None:
        # `this.db("orders")`, `app.knex.select()`
        name, *links = links
        root = ir.Name(name.start, name.end, name.name)
        if not links:
            return None
    if links and BUILDER.match(links[0].name):
        # `this.knex("orders")`
        name, *links = links
        root = ir.Name(name.start, name.end, name.name)
        links = [Link("", name.call, name.start, name.end), *links]
    if not links or not _is_knex(code, root, links):
        return None
    if links[0].name and links[0].name not in {*TABLE, "select", "with", "withRecursive"}:
        return None
    steps = []
    for link in links:
        call = link.call
        if call is None:
            return None
        if any(one.spread for one in call.arguments):
            return None
        given = tuple(_given(code, one.value) for one in call.arguments)
        steps.append(Step(link.name or "from", link.start, link.end, given))
    if not any(step.name in TABLE for step in steps):
        return None
    return tuple(steps)


def _is_knex(code: Code, root: ir.Expr, links: list[Link]) -> bool:
    if code.type_of(root) == "knex.Knex":
        return True
    name = root.id if isinstance(root, ir.Name) else ""
    if not BUILDER.match(name):
        return False
    return bool(links[0].name) or bool(links[0].arguments)


def _given(code: Code, expression: ir.Expr) -> Spelled:
    """An argument; `knex.raw("…")` is what it says, marked by an entry of its own."""
    root, links = chain(expression)
    if links and links[-1].name == "raw" and links[-1].arguments:
        said = spelled(code, links[-1].arguments[0])
        if said.kind == "text" and isinstance(root, ir.Name):
            return Spelled("text", said.start, said.end, said.text, (), is_open=True)
    is_query = isinstance(expression, ir.Lambda) or (
        bool(links) and _steps(code, root, links) is not None
    )
    if is_query:
        return Spelled("unknown", expression.start, expression.end, QUERY)
    return spelled(code, expression)


def _is_over(steps: tuple[Step, ...]) -> bool:
    """Whether a chain is a statement, not the beginning of one that is written elsewhere."""
    return any(is_method(step.name) for step in steps)


def _is_read(steps: tuple[Step, ...]) -> bool:
    changes = {"insert", "update", "del", "delete", "increment", "decrement", "truncate"}
    return all(step.name not in changes for step in steps)
