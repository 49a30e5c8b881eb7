"""What a function does about who is calling: the part of authentication that one file shows.

A `Checks` says whether a function turns somebody away (answers 401 or 403, verifies a signature),
whether it looks at who is calling, and what else runs for it: its dependencies, its decorators
and the functions it calls.  `facts/guards.py` follows those through the workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.looks import Seen, look, owned
from backend_analyzers.facts.modules import reference
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File, Place


class Use(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A function that is named where it is to run: a guard, a dependency, a handler, a router.

    `name` is a reference in the file of `place`, empty when it is no name; `text` is what to show.
    An `annotation` is a type, which may stand for a dependency.  `body` is given for a function
    written on the spot.  `sure` says that the place itself makes it a guard, whatever it is.
    """

    name: str
    text: str
    place: Place
    is_annotation: bool = False
    body: Checks | None = None
    sure: bool = False


class Checks(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one function, class or annotated type does about who is calling."""

    name: str
    place: Place
    """Of its name, or of the whole when it has none."""
    denies: bool = False
    looks: bool = False
    """Reads the user, a session, a header or a token, whatever it then does with it."""
    stops: bool = False
    """May answer, raise or return something instead of letting the request through."""
    passes_on: bool = False
    """May hand the request to the next matching route."""
    uses: tuple[Use, ...] = ()
    decorators: tuple[Use, ...] = ()
    calls: tuple[str, ...] = ()
    hands_over: tuple[str, ...] = ()
    """The calls that are given the request or a credential; empty names are unknown ones."""
    is_class: bool = False
    is_attribute: bool = False
    """A class attribute that frameworks fill in; its dependencies are `uses`."""
    pages: bool = False
    """Knows pages: a limit, an offset, a cursor."""
    takes: Literal["one", "many", ""] = ""
    """How much of what a query returns it seems to use."""


@unit_fact
def unit_checks(code: Code) -> tuple[Checks, ...]:
    """What each function with a name does, for one unit."""
    return tuple(_declared(code, code.unit.node, code.unit.owner))


@file_fact
def function_checks(file: File) -> dict[str, Checks]:
    """What each function, method, class and annotated type of a file does, by name."""
    found: dict[str, Checks] = {}
    for unit in unit_checks.each(file):
        for one in unit:
            found.setdefault(one.name, one)
    return found


def of_function(code: Code, name: str, function: ir.Function) -> Checks:
    """What a function, and the functions inside it, do about who is calling."""
    return _of(code, name, function, (*function.parameters, *function.body), function)


def depended(code: Code, value: ir.Expr) -> Use | None:
    """What `Depends(f)`, `Security(f)` and `Middleware(c)` name, or None for other expressions."""
    if not isinstance(value, ir.Call):
        return None
    marker = reference(value.function).rpartition(".")[2]
    if marker not in _MARKERS or not value.arguments:
        return None
    return used(code, value.arguments[0].value, sure=marker == "Security")


_MARKERS = frozenset({"Depends", "Security", "Middleware", "Inject"})


def used(code: Code, value: ir.Expr, *, sure: bool = False) -> Use:
    """An expression that stands where a function is wanted."""
    body = None
    name = owned(code, reference(value))
    if isinstance(value, ir.Lambda):
        function = value.function
        body = of_function(code, function.name, function)
    text = name or (body.name if body is not None else "") or "function"
    return Use(name, _shown(text), code.place(value), body=body, sure=sure)


def _shown(name: str) -> str:
    return name.rpartition(":")[2].removesuffix("()") or name


def _declared(code: Code, statement: ir.Stmt, owner: str) -> Iterator[Checks]:
    prefix = f"{owner}." if owner else ""
    match statement:
        case ir.Function():
            yield of_function(code, prefix + statement.name, statement)
        case ir.Class():
            yield from _declared_class(code, statement, prefix)
        case ir.Assign(targets=(ir.Name() as target,)) if uses := _attribute(
            code, statement, owner
        ):
            yield Checks(prefix + target.id, code.place(statement), uses=uses, is_attribute=True)
        case ir.Assign(targets=(ir.Name() as target,)) if statement.value is not None:
            yield from _assigned(code, prefix + target.id, statement.value)
        case ir.Assign(targets=(ir.Attribute() as target,)) if statement.value is not None:
            name = reference(target).rpartition("prototype.")[2]
            yield from _assigned(code, name, statement.value)
        case ir.Export() if statement.value is not None and not statement.module:
            yield from _assigned(code, statement.name or "=", statement.value)
        case ir.Branch() | ir.Try() | ir.With() | ir.Other():
            for inner in statement.body:
                yield from _declared(code, inner, owner)
        case _:
            pass


def _attribute(code: Code, statement: ir.Assign, owner: str) -> tuple[Use, ...]:
    """The dependencies of `user: User = Depends(get_user)` in a class."""
    if not owner or code.language.is_ecmascript:
        return ()
    use = depended(code, statement.value) if statement.value is not None else None
    if use is not None:
        return (use,)
    if statement.annotation is None:
        return ()
    return tuple(_annotated(code, statement.annotation))


def _declared_class(code: Code, statement: ir.Class, prefix: str) -> Iterator[Checks]:
    name = prefix + statement.name
    uses = [used(code, base.value) for base in statement.bases if not base.name]
    uses += [used(code, decorator) for decorator in statement.decorators]
    calls = tuple(f"{name}.{method}" for method in _CALLED)
    yield Checks(name, code.place(statement), uses=tuple(uses), calls=calls, is_class=True)
    for inner in statement.body:
        yield from _declared(code, inner, name)


_CALLED = ("__call__", "__init__", "dispatch", "dispatch_request", "use", "process_request")


def _assigned(code: Code, name: str, value: ir.Expr, depth: int = 0) -> Iterator[Checks]:
    """A function, a wrapped function, an object of functions, or an annotated type, by name."""
    if depth > 3:  # noqa: PLR2004 - objects in objects in objects
        return
    match value:
        case ir.Lambda():
            yield of_function(code, name, value.function)
        case ir.Call():
            if any(isinstance(argument.value, ir.Lambda) for argument in value.arguments):
                yield _of(code, name, value, (value,), None)
        case ir.Index() if reference(value.value).rpartition(".")[2] == "Annotated":
            uses = tuple(_annotated(code, value))
            if uses:
                yield Checks(name, code.place(value), uses=uses)
        case ir.Collection(kind="mapping"):
            inner = "" if name == "=" else f"{name}."
            for entry in value.entries:
                if isinstance(entry.key, ir.Text) and (key := entry.key.constant):
                    yield from _assigned(code, inner + key, entry.value, depth + 1)
        case ir.Collection() if name.rpartition(".")[2] in {"decorators", "method_decorators"}:
            uses = tuple(used(code, entry.value) for entry in value.entries)
            yield Checks(name, code.place(value), uses=uses)
        case _:
            pass


def _of(
    code: Code,
    name: str,
    node: ir.Node,
    parts: Iterable[ir.Node],
    function: ir.Function | None,
) -> Checks:
    seen = Seen()
    if function is not None:
        seen.own = {one.name for one in function.parameters}
    for part in parts:
        look(code, part, seen)
    uses = list(_dependencies(code, function)) if function is not None else []
    place = code.place(node)
    if function is not None and function.name_end > function.name_start:
        # The name stays where it is while the body is being written.
        place = code.place_of(function.name_start, function.name_end)
    decorators = function.decorators if function is not None else ()
    return Checks(
        name=name,
        place=place,
        denies=seen.denies,
        looks=seen.looks,
        stops=seen.stops,
        passes_on=seen.passes_on,
        pages=seen.pages,
        takes=seen.takes,
        uses=tuple(uses),
        decorators=tuple(used(code, decorator) for decorator in decorators),
        calls=tuple(seen.calls),
        hands_over=tuple(seen.hands_over),
    )


def _dependencies(code: Code, function: ir.Function) -> Iterator[Use]:
    for parameter in function.parameters:
        if parameter.default is not None:
            use = depended(code, parameter.default)
            if use is not None:
                yield use
            elif _is_bare_depends(parameter.default) and parameter.annotation is not None:
                yield used(code, parameter.annotation)
        if parameter.annotation is not None:
            yield from _annotated(code, parameter.annotation)


def _is_bare_depends(value: ir.Expr) -> bool:
    return (
        isinstance(value, ir.Call)
        and not value.arguments
        and reference(value.function).rpartition(".")[2] in {"Depends", "Security"}
    )


def _annotated(code: Code, annotation: ir.Expr) -> Iterator[Use]:
    """The dependencies of `Annotated[T, Depends(f)]`, or the name that may stand for such."""
    if isinstance(annotation, ir.Index):
        if reference(annotation.value).rpartition(".")[2] == "Annotated":
            elements = (
                [entry.value for entry in annotation.index.entries]
                if isinstance(annotation.index, ir.Collection)
                else [annotation.index]
            )
            for element in elements[1:]:
                use = depended(code, element)
                if use is not None:
                    yield use
                elif _is_bare_depends(element):
                    yield used(code, elements[0])
        return
    name = reference(annotation)
    if name and name not in _BUILTIN:
        yield Use(name, name, code.place(annotation), is_annotation=True)


_BUILTIN = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "bytes",
        "dict",
        "list",
        "set",
        "tuple",
        "object",
        "Request",
        "Response",
        "any",
        "string",
    ]
)
