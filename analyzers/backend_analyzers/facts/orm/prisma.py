"""The queries of Prisma's client, `prisma.order.findMany({…})`, as approximate SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.models.prisma import Prisma, schema_for, schemas
from backend_analyzers.facts.modules import reference
from backend_analyzers.facts.orm.prisma_statements import Names, statements
from backend_analyzers.facts.orm.spelled import Spelled, spelled
from backend_analyzers.facts.orm.writing import Called, written
from backend_analyzers.facts.queries import Query
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.prisma_client import METHODS
from backend_analyzers.source import File
from backend_analyzers.workspace import Workspace


class Asked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call of a method of a model; `start` and `end` are those of the model's name."""

    called: Called
    model: str
    start: int
    end: int
    method: str
    options: Spelled | None


def queries_of(workspace: Workspace) -> Mapping[str, tuple[Query, ...]]:
    """The queries of each file that calls Prisma's client."""
    found = {path: some for path, some in workspace.each(asked).items() if some}
    return workspace.by_path(_queries, found, workspace.fact(_names))


_Named = tuple[tuple[Prisma, Names], ...]


def _names(workspace: Workspace) -> _Named:
    return tuple((schema, Names(schema)) for schema in workspace.fact(schemas))


def _queries(path: str, some: tuple[Asked, ...], named: _Named) -> tuple[Query, ...]:
    schema = schema_for(tuple(schema for schema, _ in named), path)
    names = next((names for one, names in named if one is schema), None)
    return tuple(_written(some, names)) if names is not None else ()


def _written(some: tuple[Asked, ...], names: Names) -> Iterator[Query]:
    for one in some:
        model = names.client.get(one.model)
        if model is None:
            continue
        at = (one.start, one.end)
        for pieces, place in statements(names, model, METHODS[one.method], one.options, at):
            where = None
            if place is not None:
                where = msgspec.structs.replace(one.called.at, start=place[0], end=place[1])
            yield written(pieces, names.dialect, one.called, where)


@file_fact
def asked(file: File) -> tuple[Asked, ...]:
    """The calls of a file that are of Prisma's client, or look like it."""
    if not file.language.is_ecmascript or not any(word in file.text for word in _WORDS):
        return ()
    return tuple(one for some in _asked.each(file) for one in some)


_WORDS = tuple(f".{name}".encode() for name in METHODS)


@unit_fact
def _asked(code: Code) -> tuple[Asked, ...]:
    found = []
    for site in code.calls():
        call = site.call
        function = call.function
        if not isinstance(function, ir.Attribute) or function.name not in METHODS:
            continue
        owner = function.value
        if not isinstance(owner, ir.Attribute) or not _is_client(code, call, owner.value):
            continue
        if len(call.arguments) > 1 or any(one.spread for one in call.arguments):
            continue
        options = spelled(code, call.arguments[0].value) if call.arguments else None
        method = METHODS[function.name]
        called = Called(
            code.place(call),
            code.enclosing(call).key,
            reference(owner.value),
            "one" if method.one else "many",
        )
        start = owner.name_start
        end = start + len(owner.name.encode())
        found.append(Asked(called, owner.name, start, end, function.name, options))
    return tuple(found)


_CLIENT = re.compile(r"(?i)(?:prisma\w*|^_?(?:db|tx|trx|transaction|database|client|orm)\w{0,8})$")


def _is_client(code: Code, call: ir.Call, receiver: ir.Expr) -> bool:
    """Whether an object is Prisma's client, by its type or by what it is called."""
    callee = code.callee_of(call)
    if callee.startswith("@prisma/client."):
        return True
    name = reference(receiver).replace("()", "")
    return _CLIENT.search(name.rpartition(".")[2]) is not None
