"""What each function does that waits, and whom of the project it calls.

One file says what its functions do and which names they call; `facts/callees.py` finds the functions behind
the names, in all files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.events import (
    AnyEvent,
    Blocking,
    DatabaseConnect,
    DatabaseQuery,
    FileOpen,
    HttpRequest,
    ProcessRun,
    Sleep,
    TransactionEnd,
)
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.function_names import function_keys, handler_numbers
from backend_analyzers.facts.repeated import element, given_values, head, repeating_loop
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place

Weight = Literal["high", "medium", "low"]


class Act(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call that stops the thread until somebody else is done: what it waits for, and how sure that is."""

    what: str
    text: str
    place: Place
    weight: Weight


class Asked(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A query that a function runs; `loop` is the loop that repeats it with other values."""

    text: str
    place: Place
    reads: bool
    has_values: bool
    is_local: bool
    """In a database that lives in the process, where a query costs no round trip."""
    loop: Place | None = None
    each: str = ""
    """The name of an element of what the loop runs over."""


class Calling(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call of what may be a function of the project; `awaited` when it stands behind `await`."""

    callee: str
    text: str
    place: Place
    awaited: bool = False
    loop: Place | None = None
    each: str = ""


class Does(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one function does.  `loop` says what on an event loop runs it: nothing, a task, a request."""

    key: str
    place: Place
    is_async: bool
    is_generator: bool
    is_cached: bool
    loop: Literal["", "async", "handler"]
    acts: tuple[Act, ...] = ()
    asks: tuple[Asked, ...] = ()
    calls: tuple[Calling, ...] = ()


@file_fact
def calls(file: File) -> tuple[Does, ...]:
    """What the functions of a file do, those left out that do nothing of interest."""
    return tuple(does for found in unit_calls.each(file) for does in found)


@unit_fact
def unit_calls(code: Code) -> tuple[Does, ...]:
    """What the functions of a unit do."""
    functions = code.outline.functions
    if len(functions) == 1 or not code.outline.calls:
        return ()
    reader = _Reader(code)
    for event in events(code):
        reader.event(event)
    reader.others()
    return tuple(reader.found())


class _Reader:
    """The functions of one unit, with what was found in each, by number."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.acts: dict[int, list[Act]] = {}
        self.asks: dict[int, list[Asked]] = {}
        self.calls: dict[int, list[Calling]] = {}
        self.sites = {(one.call.start, one.call.end): one for one in code.outline.calls}
        self.spoken: set[tuple[int, int]] = set()

    def event(self, event: AnyEvent) -> None:
        """Note what a call with a meaning does, for the function that runs it."""
        at = (event.start, event.end)
        self.spoken.add(at)
        site = self.sites.get(at)
        block = site.block if site is not None else self.code.outline.block_at(event.start).number
        number = running(self.code, block)
        if not number:
            return
        text = dotted(site.call.function) if site is not None else ""
        text = text or _short(event.function)
        place = self.code.place_of(event.start, event.end)
        if isinstance(event, DatabaseQuery):
            self.asks.setdefault(number, []).append(_asked(self.code, event, site, text, place))
        act = _act(event, text, place)
        if act is not None and (site is None or not self.code.is_awaited(site.call)):
            self.acts.setdefault(number, []).append(act)

    def others(self) -> None:
        """Note the calls that may be of functions of the project."""
        code = self.code
        seen: set[tuple[int, str, bool]] = set()
        for site in code.outline.calls:
            call = site.call
            if (call.start, call.end) in self.spoken or not _may_be_ours(code, call):
                continue
            number = running(code, site.block)
            callee = _callee(code, call) if number else ""
            if not callee:
                continue
            loop = repeating_loop(code, call, [one.value for one in call.arguments])
            key = (number, callee, loop is None)
            if key in seen:
                continue
            seen.add(key)
            self.calls.setdefault(number, []).append(
                Calling(
                    callee,
                    dotted(call.function) or callee,
                    code.place(call),
                    code.is_awaited(call),
                    None if loop is None else head(code, loop),
                    "" if loop is None else element(loop),
                )
            )

    def found(self) -> Iterator[Does]:
        """The functions of the unit that do something of interest."""
        names = function_keys(self.code)
        handlers = handler_numbers(self.code)
        for function in self.code.outline.functions[1:]:
            number, node = function.number, function.node
            acts, asks = self.acts.get(number), self.asks.get(number)
            made = self.calls.get(number)
            if node is None or not (acts or asks or made):
                continue
            start, end = node.name_start, node.name_end
            if not start < end:
                start, end = node.start, min(node.end, node.start + 1)
            is_handler = number in handlers
            is_python = not self.code.language.is_ecmascript
            on_loop = node.is_async or (is_handler and not is_python)
            yield Does(
                key=names.get(number, function.key),
                place=self.code.place_of(start, end),
                is_async=node.is_async,
                is_generator=node.is_generator,
                is_cached=any("cache" in dotted(_called(one)).lower() for one in node.decorators),
                loop=("handler" if is_handler else "async") if on_loop else "",
                acts=tuple(acts or ()),
                asks=tuple(asks or ()),
                calls=tuple(made or ()),
            )


def _called(decorator: ir.Expr) -> ir.Expr:
    return decorator.function if isinstance(decorator, ir.Call) else decorator


def _short(name: str) -> str:
    return ".".join(name.split(".")[-2:])


_INLINE = frozenset(
    {"forEach", "map", "flatMap", "filter", "some", "every", "find", "findIndex", "reduce"}
)


def running(code: Code, block: int) -> int:
    """The number of the function that runs a block: a callback for each element runs in its caller."""
    outline = code.outline
    function = outline.functions[outline.blocks[block].function]
    while function.call is not None:
        called = function.call.function
        is_inline = isinstance(called, ir.Attribute) and called.name in _INLINE
        if function.is_async or not is_inline:
            break
        function = outline.functions[function.parent]
    return function.number


def _asked(code: Code, event: DatabaseQuery, site: object, text: str, place: Place) -> Asked:
    call = getattr(site, "call", None)
    values: list[ir.Node] = []
    reads = event.fetches != "unknown"
    if event.sql is not None:
        first = next((p.text for p in event.sql.parts if isinstance(p, ir.Chunk)), "")
        reads = first.lstrip(" \t\r\n(").lower().startswith(("select", "with"))
        values += _value_holes(event.sql)
    if isinstance(call, ir.Call):
        given = [one for one in given_values(call) if not _is_statement(code, one, event)]
        if event.sql is not None:
            given = [
                one
                for one in given
                if not (one.start <= event.argument_start and event.argument_end <= one.end)
            ]
        values += given
    at = call if isinstance(call, ir.Call) else ir.Constant(event.start, event.end, None)
    is_alone = event.is_batch or not values
    loop = None if is_alone else repeating_loop(code, at, values)
    return Asked(
        text,
        place,
        reads,
        any(not isinstance(one, ir.Constant | ir.Lambda) for one in values),
        _is_in_process(code, event),
        None if loop is None else head(code, loop),
        "" if loop is None else element(loop),
    )


def _is_statement(code: Code, value: ir.Expr, event: DatabaseQuery) -> bool:
    """Whether a value is the statement itself, taken from what a loop runs over: lines of a file."""
    if event.sql is not None or not value.start <= event.argument_start < value.end:
        return False
    while isinstance(value, ir.Call) and len(value.arguments) == 1:
        value = value.arguments[0].value
    if not isinstance(value, ir.Name):
        return False
    found, _ = code.names.bindings(value.id, value.start, here=True)
    return any(one.kind == "element" for one in found)


def _is_in_process(code: Code, event: DatabaseQuery) -> bool:
    """Whether the database is SQLite; of an object that is not known, when the file imports no other."""
    if "." in event.function and event.connection:
        return "sqlite" in event.function
    imported = [
        binding.detail
        for bindings in code.scope.names.values()
        for binding in bindings
        if binding.kind == "import"
    ]
    return any("sqlite" in name for name in imported)


_VALUE = re.compile(
    r"(?:[=<>'(,%]|\b(?:like|ilike|in|values|between|and|limit|offset))\s*$", re.IGNORECASE
)


def _value_holes(text: ir.Text) -> Iterator[ir.Node]:
    """The holes of a query that stand for values, not for names of tables or columns."""
    is_tagged = text.function is not None
    before = ""
    for part in text.parts:
        if isinstance(part, ir.Chunk):
            before += part.text
        else:
            if is_tagged or _VALUE.search(before):
                yield part.value
            before += "x"


_QUICK_FILES = frozenset(
    """
    exists existsSync access accessSync stat statSync lstatSync unlink unlinkSync rename renameSync
    mkdir mkdirSync rmdir rmdirSync touch remove makedirs listdir replace realpathSync
    """.split()  # noqa: SIM905
)


def _act(event: AnyEvent, text: str, place: Place) -> Act | None:
    """What a call waits for, when it stops the thread meanwhile."""
    if not getattr(event, "blocking", False):
        return None
    match event:
        case Sleep():
            return Act("sleeps", text, place, "high")
        case HttpRequest():
            return Act("waits for a response", text, place, "high")
        case ProcessRun() if event.waits:
            return Act("waits for a program", text, place, "high")
        case DatabaseQuery() if event.function.startswith("better-sqlite3"):
            return None
        case DatabaseQuery():
            return Act("waits for the database", text, place, _by_engine(event.function, "high"))
        case TransactionEnd():
            return Act("waits for the database", text, place, _by_engine(event.function, "medium"))
        case DatabaseConnect() if event.function.startswith("better-sqlite3"):
            return None
        case DatabaseConnect():
            return Act("waits for the database", text, place, _by_engine(event.function, "high"))
        case FileOpen():
            is_quick = event.function.rpartition(".")[2] in _QUICK_FILES
            return Act("waits for the disk", text, place, "low" if is_quick else "medium")
        case Blocking():
            weight: Weight = "low" if event.function == "input" else "high"
            return Act(f"waits for {event.what}", text, place, weight)
        case _:
            return None


def _by_engine(function: str, otherwise: Weight) -> Weight:
    return "low" if function.startswith("sqlite3") else otherwise


# Names -----------------------------------------------------------------------------------------


_OWN = frozenset({"self", "cls", "this"})


def _may_be_ours(code: Code, call: ir.Call) -> bool:
    """A cheap look before names are resolved."""
    root: ir.Expr = call.function
    while isinstance(root, ir.Attribute):
        root = root.value
    if not isinstance(root, ir.Name):
        return isinstance(root, ir.Call)
    if root.id in _OWN:
        return True
    known = code.scope.names.get(root.id)
    for binding in known or ():
        if binding.kind == "import":
            return _is_ours(code, binding.detail)
    return known is not None or any(
        _says_what(binding) for bound in code.outline.bindings for binding in bound.get(root.id, ())
    )


def _says_what(binding: Binding) -> bool:
    """Whether a binding may tell what its name denotes."""
    return binding.kind in {"function", "class", "import", "enter", "property"} or (
        binding.annotation is not None or isinstance(binding.value, _TELLING)
    )


_TELLING = (ir.Call, ir.Await, ir.Name, ir.Attribute, ir.Operator)


def _is_ours(code: Code, name: str) -> bool:
    """Whether a qualified name may be of the project."""
    if name.startswith((":", ".")):
        return True
    if code.language.is_ecmascript:
        return name.startswith(("@/", "~/", "#/", "@src/", "src/", "@app/", "app/"))
    first = name.partition(".")[0]
    return "." in name and first not in sys.stdlib_module_names and first not in _OTHERS


_OTHERS = frozenset(
    """
    requests httpx aiohttp urllib3 sqlalchemy psycopg psycopg2 asyncpg fastapi starlette pydantic
    flask django pytest numpy pandas typing_extensions click typer rich yaml boto3 botocore redis
    celery attr attrs marshmallow jwt jose anyio trio orjson dateutil pytz structlog loguru
    """.split()  # noqa: SIM905
)


def _callee(code: Code, call: ir.Call) -> str:
    """The qualified name of a called function that may be of the project."""
    callee = code.callee_of(call)
    function = call.function
    if not callee and isinstance(function, ir.Attribute):
        origin = code.origin_of(function.value)
        made = code.names.callee(origin.call, origin.here) if origin is not None else ""
        if made.rpartition(".")[2].lstrip(":")[:1].isupper():
            callee = f"{made}.{function.name}"
    return callee if callee and _is_ours(code, callee) else ""
