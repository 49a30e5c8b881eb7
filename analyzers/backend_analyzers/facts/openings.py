"""Where connections and pools are opened, and which functions run once for each request."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import DatabaseConnect
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.function_names import function_keys, handler_numbers
from backend_analyzers.flow.blocks import FunctionContext
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.drivers import is_in_process
from backend_analyzers.source import File, Place


class Opening(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call that opens a connection or a pool, in the function called `key` (none: at module level).

    `most` is how many connections it opens at most, `keeps` whether it keeps any; both None if unknown.
    """

    key: str
    text: str
    place: Place
    is_pool: bool
    most: int | None
    keeps: bool | None
    is_local: bool
    is_conditional: bool
    """In a branch: in some configurations only."""
    is_kept: bool
    """The function keeps it for its next run, in a global, an object or a cache."""


class Openings(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one file opens; `each_request` are functions that its own text says a request runs."""

    opened: tuple[Opening, ...] = ()
    each_request: tuple[str, ...] = ()
    """Names as the file calls them: handlers and dependencies."""


@file_fact
def openings(file: File) -> Openings:
    """The connections and pools that a file opens."""
    opened: list[Opening] = []
    requested: dict[str, None] = {}
    for found in unit_openings.each(file):
        opened += found.opened
        requested.update(dict.fromkeys(found.each_request))
    return Openings(tuple(opened), tuple(requested))


_POOLER = re.compile(
    rb"pg_?bouncer|pgcat\b|\bodyssey\b|proxysql|rds[ _-]?proxy|supavisor|pgpool|pooler\.",
    re.IGNORECASE,
)


@file_fact
def names_pooler(file: File) -> bool:
    """Whether a file speaks of a pooler between the code and the server."""
    return bool(_POOLER.search(file.text))


@unit_fact
def unit_openings(code: Code) -> Openings:
    """The connections and pools that a unit opens."""
    if not code.language.is_code:
        return Openings()
    opened = tuple(
        _opening(code, event) for event in events(code) if isinstance(event, DatabaseConnect)
    )
    return Openings(opened, tuple(_requested(code)))


def _opening(code: Code, event: DatabaseConnect) -> Opening:
    outline = code.outline
    block = outline.block_at(event.start)
    is_conditional = False
    while block.kind != "function":
        is_conditional = is_conditional or block.kind in {"branch", "handler"}
        block = outline.blocks[block.parent]
    text = ".".join(event.function.split(".")[-2:])
    return Opening(
        key=_key(code, outline.functions[outline.block_at(event.start).function]),
        text=text,
        place=code.place_of(event.start, event.end),
        is_pool=event.is_pool,
        most=event.most,
        keeps=event.keeps,
        is_local=is_in_process(code.language, event.function) or _is_sqlite(code, event),
        is_conditional=is_conditional or _is_chosen(code, event),
        is_kept=_is_kept(code, event),
    )


def _key(code: Code, function: FunctionContext) -> str:
    """By which name others call a function; one without a name is called after its unit."""
    key = function_keys(code).get(function.number, function.key)
    return f"{code.unit.key} {key}" if "<" in key else key


def _is_sqlite(code: Code, event: DatabaseConnect) -> bool:
    text = code.text_of(event.url) if event.url is not None else None
    first = text.parts[0] if text is not None and text.parts else None
    return isinstance(first, ir.Chunk) and first.text.startswith(("sqlite", "duckdb"))


def _is_chosen(code: Code, event: DatabaseConnect) -> bool:
    """Whether what is opened is one of two: `a() if testing else b()`."""
    return any(
        isinstance(node, ir.Operator)
        and node.operator == "?:"
        and node.start <= event.start < node.end
        for node in ir.walk(code.unit.node)
    )


# What is opened once and kept -------------------------------------------------------------------

_OF_A_REQUEST = frozenset({"g", "request", "req", "ctx"})


def _is_kept(code: Code, event: DatabaseConnect) -> bool:
    """Whether the function keeps what it opens for its next run."""
    function = code.outline.functions[code.outline.block_at(event.start).function]
    if function.node is None:
        return False
    if any("cache" in dotted(_called(one)).lower() for one in function.node.decorators):
        return True
    tests = {
        name
        for branch, _ in code.outline.branches
        for node in ir.walk(branch.test)
        if (name := dotted(node) if isinstance(node, ir.Name | ir.Attribute) else "")
    }
    return any(_keeps(code, function, target, tests) for target in _targets(function.node, event))


def _called(decorator: ir.Expr) -> ir.Expr:
    return decorator.function if isinstance(decorator, ir.Call) else decorator


def _targets(function: ir.Function, event: DatabaseConnect) -> Iterator[ir.Expr]:
    """What is given the connection, or the local name that holds it."""
    local = ""
    for node in ir.walk(function):
        if not isinstance(node, ir.Assign) or node.value is None:
            continue
        value = node.value
        is_it = value.start <= event.start < event.end <= value.end
        if is_it or (local and isinstance(value, ir.Name) and value.id == local):
            for target in node.targets:
                yield target
                if isinstance(target, ir.Name) and is_it:
                    local = target.id


def _keeps(code: Code, function: FunctionContext, target: ir.Expr, tests: set[str]) -> bool:
    match target:
        case ir.Name(id=name):
            return name in code.scope.names
        case ir.Index(value=value):
            return dotted(value).partition(".")[0] not in _OF_A_REQUEST
        case ir.Attribute():
            name = dotted(target)
            root = name.partition(".")[0]
            if root in _OF_A_REQUEST:
                return False
            return root not in {"self", "this"} or name in tests or function.name != "__init__"
        case _:
            return False


# What runs for each request ---------------------------------------------------------------------

_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
_HOOKS = frozenset({"before_request", "before_app_request", "middleware"})


def _requested(code: Code) -> Iterator[str]:
    node = code.unit.node
    functions = [one for one in code.outline.functions if one.node is not None]
    handlers = handler_numbers(code)
    for function in functions:
        if function.number in handlers:
            yield f":{_key(code, function)}"
        assert function.node is not None
        for parameter in function.parameters:
            for part in (parameter.default, parameter.annotation):
                yield from _depended(code, part)
        if any(_last(one) in _HOOKS for one in function.node.decorators):
            yield f":{function.key}"
    if isinstance(node, ir.Assign):
        yield from _depended(code, node.value)
    if functions and _is_view(code, functions[0]):
        yield f":{functions[0].key}"


def _last(decorator: ir.Expr) -> str:
    return dotted(_called(decorator)).rpartition(".")[2]


def _depended(code: Code, part: ir.Expr | None) -> Iterator[str]:
    """The functions in `Depends(…)`, as a default or inside of `Annotated[…]`."""
    if part is None or isinstance(part, ir.Name | ir.Constant):
        return
    for node in ir.walk(part):
        if isinstance(node, ir.Call) and node.arguments and code.callee_of(node) in _DEPENDS:
            name = code.name_of(node.arguments[0].value)
            if name:
                yield name


def _is_view(code: Code, function: FunctionContext) -> bool:
    """Whether a function looks like a view of Django."""
    names = [one.name for one in function.parameters[:2]]
    if "request" not in names or code.language.is_ecmascript:
        return False
    return any(
        binding.kind == "import" and binding.detail.startswith(("django.", "rest_framework."))
        for bindings in code.scope.names.values()
        for binding in bindings
    )
