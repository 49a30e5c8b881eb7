"""Statements of SQLAlchemy as one file writes them: chains of calls, with local names followed.

What the names in a chain mean is found out when all files are here (`sqlalchemy`).  A part that is only added
under a condition is kept as such: `Operator("maybe", (sure, chain, ...))`, where the chains begin with
an empty name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.orm.chains.following import (
    _GETS,
    _MANY,
    _ONE,
    EXECUTES,
    LARGEST,
    ROOTS,
    TERMINALS,
    Fetches,
    Following,
    last,
)
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Language


class Sketch(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A statement, and the call that runs it.

    `kind` says how: `execute` hands it over, `query` ends a chain with `method`, `get` asks for one row
    by its key, `built` only builds it.  `locals` are the names that are no names of the module.
    """

    unit: str
    owner: str
    kind: Literal["execute", "query", "get", "built"]
    method: str
    statement: ir.Expr
    fetches: Fetches = "unknown"
    function: str = ""
    call: tuple[int, int] | None = None
    arguments: tuple[ir.Argument, ...] = ()
    receiver: str = ""
    locals: tuple[str, ...] = ()


@file_fact
def sketches(file: File) -> tuple[Sketch, ...]:
    """The statements of a file of Python."""
    if file.language is not Language.PYTHON or not any(word in file.text for word in _MENTIONS):
        return ()
    return tuple(one for found in unit_sketches.each(file) for one in found)


_MENTIONS = (b".query", b"select(", b"session", b".execute(", b".scalar", b"insert(", b"update(")


@unit_fact
def unit_sketches(code: Code) -> tuple[Sketch, ...]:
    """The statements of a unit."""
    calls = code.outline.calls
    if not any(last(site.call) in _INTERESTING for site in calls) and not _has_query(code):
        return ()
    return tuple(_Finder(code).all())


_INTERESTING = ROOTS | frozenset({"execute", "scalars", "scalar", "exec", "get"})


def _has_query(code: Code) -> bool:
    """Whether something is called on `Model.query`."""
    return any(
        isinstance(site.call.function, ir.Attribute)
        and isinstance(site.call.function.value, ir.Attribute)
        and site.call.function.value.name == "query"
        for site in code.outline.calls
    )


class _Finder(Following):
    """Finds the statements of one unit."""

    def all(self) -> Iterator[Sketch]:
        """Those that are run, then those that are only built."""
        calls = [site.call for site in self.code.outline.calls]
        for call in calls:
            found = self._executed(call) or self._ended(call) or self._got(call)
            if found is not None:
                yield found
        for value in self._iterated():
            found = self._looped(value)
            if found is not None:
                yield found
        for call in calls:
            if self.is_root(call) and (call.start, call.end) not in self.used:
                found = self._built(call)
                if found is not None:
                    yield found

    # What runs ----------------------------------------------------------------------------------

    def _executed(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in EXECUTES:
            return None
        given = next(
            (a.value for a in call.arguments if a.name in {"", "statement", "clause"}), None
        )
        if given is None or isinstance(given, ir.Text | ir.Constant):
            return None
        statement = self.resolved(given)
        if statement is None or not self._has_root(statement):
            return None
        name = function.name
        fetches: Fetches = "one" if name in _ONE else "many" if name in _MANY else "unknown"
        after = self.outer.get(id(call))
        while after is not None:
            method = last(after)
            fetches = "one" if method in _ONE else "many" if method in _MANY else fetches
            after = self.outer.get(id(after))
        return self._sketch("execute", name, statement, fetches, call, dotted(function.value))

    def _ended(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in TERMINALS:
            return None
        if not _may_be_query(function.value):
            return None
        statement = self.resolved(function.value)
        if statement is None or not _is_query(statement):
            return None
        return self._sketch(
            "query",
            function.name,
            statement,
            TERMINALS[function.name],
            call,
            _receiver(statement),
            tuple(
                replace(a, value=self.resolved(a.value) or ir.Unknown(a.value.start, a.value.end))
                for a in call.arguments
            ),
        )

    def _got(self, call: ir.Call) -> Sketch | None:
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in _GETS:
            return None
        given = [a for a in call.arguments if not a.spread]
        if len(given) < 2 or not _is_class(given[0].value):  # noqa: PLR2004
            return None
        entity = self.resolved(given[0].value)
        if entity is None:
            return None
        return self._sketch(
            "get", function.name, entity, "one", call, dotted(function.value), tuple(given[1:2])
        )

    def _iterated(self) -> Iterator[ir.Expr]:
        for block in self.code.outline.blocks:
            loop = block.loop
            if isinstance(loop, ir.Loop) and loop.kind == "each" and loop.iterable is not None:
                yield loop.iterable
            elif isinstance(loop, ir.Comprehension):
                yield from (one.iterable for one in loop.generators)
        for site in self.code.outline.calls:
            call = site.call
            if isinstance(call.function, ir.Name) and call.function.id in {"list", "set", "tuple"}:
                yield from (a.value for a in call.arguments[:1])

    def _looped(self, value: ir.Expr) -> Sketch | None:
        while isinstance(value, ir.Await):
            value = value.value
        if not _may_be_query(value) or (value.start, value.end) in self.used:
            return None
        statement = self.resolved(value)
        if statement is None or not _is_query(statement):
            return None
        if not _calls_something(statement):
            return None
        return self._sketch("query", "", statement, "many", value, _receiver(statement))

    def _built(self, call: ir.Call) -> Sketch | None:
        top = call
        while (after := self.outer.get(id(top))) is not None and last(after) not in TERMINALS:
            top = after
        statement = self.resolved(top)
        if statement is None:
            return None
        return self._sketch("built", "", statement, "unknown", None, "")

    def _sketch(
        self,
        kind: Literal["execute", "query", "get", "built"],
        method: str,
        statement: ir.Expr,
        fetches: Fetches,
        call: ir.Node | None,
        receiver: str,
        arguments: tuple[ir.Argument, ...] = (),
    ) -> Sketch | None:
        nodes = list(ir.walk(statement))
        if len(nodes) > 20 * LARGEST or not _fits(nodes):
            return None
        for node in (*nodes, *(n for a in arguments for n in ir.walk(a.value))):
            if isinstance(node, ir.Call) and self.is_root(node):
                self.used.add((node.start, node.end))
        at = call or statement
        function = self.code.enclosing(at)
        names = {
            node.id
            for node in (*nodes, *(n for a in arguments for n in ir.walk(a.value)))
            if isinstance(node, ir.Name) and self._is_local(node)
        }
        return Sketch(
            self.code.unit.key,
            self.code.outline.functions[0].owner or self.code.unit.owner,
            kind,
            method,
            statement,
            fetches,
            function.key,
            None if call is None else (call.start, call.end),
            arguments,
            receiver,
            tuple(sorted(names)),
        )

    def _is_local(self, name: ir.Name) -> bool:
        if ":" in name.id:
            return False
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        return local and bool(found)

    def _has_root(self, statement: ir.Expr) -> bool:
        return any(
            (isinstance(node, ir.Call) and self.is_root(node))
            or (isinstance(node, ir.Attribute) and node.name == "query")
            for node in ir.walk(statement)
        )


def _is_class(value: ir.Expr) -> bool:
    name = value.name if isinstance(value, ir.Attribute) else getattr(value, "id", "")
    return name[:1].isupper() or name in {"cls", "model"}


def _may_be_query(value: ir.Expr) -> bool:
    """A cheap look before names are followed."""
    while True:
        match value:
            case ir.Call(function=ir.Attribute(name="query")):
                return True
            case ir.Call(function=ir.Attribute(value=inner)) | ir.Await(value=inner):
                value = inner
            case ir.Attribute(name="query") | ir.Name():
                return True
            case _:
                return False


def _is_query(statement: ir.Expr) -> bool:
    """Whether a chain begins with `session.query(…)` or `Model.query`."""
    for _ in range(200):
        match statement:
            case ir.Operator(operator=":=", operands=(_, inner)):
                statement = inner
            case ir.Operator(operator="maybe", operands=(inner, *_)):
                statement = inner
            case ir.Call(function=ir.Attribute(name="query"), arguments=arguments):
                return bool(arguments)
            case ir.Call(function=ir.Attribute(value=inner)):
                statement = inner
            case ir.Attribute(name="query"):
                return True
            case _:
                return False
    return False


def _calls_something(statement: ir.Expr) -> bool:
    return any(isinstance(node, ir.Call) for node in ir.walk(statement))


def _receiver(statement: ir.Expr) -> str:
    for node in ir.walk(statement):
        if isinstance(node, ir.Call) and isinstance(node.function, ir.Attribute):
            if node.function.name == "query":
                return dotted(node.function.value)
        elif isinstance(node, ir.Attribute) and node.name == "query":
            return dotted(node)
    return ""


_LARGEST_INTEGER = 2**63


def _fits(nodes: list[ir.Node]) -> bool:
    return all(
        abs(one.value) < _LARGEST_INTEGER
        for one in nodes
        if isinstance(one, ir.Constant) and isinstance(one.value, int)
    )
