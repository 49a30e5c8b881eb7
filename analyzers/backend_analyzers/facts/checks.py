"""What a function does about who is calling: the part of authentication that one file shows.

A `Checks` says whether a function turns somebody away (answers 401 or 403, verifies a signature),
whether it looks at who is calling, and what else runs for it: its dependencies, its decorators
and the functions it calls.  `facts/guards.py` follows those through the workspace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.modules import reference
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File, Place
from backend_analyzers.workspace import file_fact, unit_fact


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


def owned(code: Code, name: str) -> str:
    """A reference in which `self` and `this` are replaced by the class around."""
    head, dot, rest = name.partition(".")
    if head in {"self", "this", "cls"} and code.unit.owner and dot:
        return f"{code.unit.owner}.{rest}"
    return name


def _shown(name: str) -> str:
    return name.rpartition(":")[2].removesuffix("()") or name


def _declared(code: Code, statement: ir.Stmt, owner: str) -> Iterator[Checks]:
    prefix = f"{owner}." if owner else ""
    match statement:
        case ir.Function():
            yield of_function(code, prefix + statement.name, statement)
        case ir.Class():
            yield from _declared_class(code, statement, prefix)
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
    seen = _Seen()
    if function is not None:
        seen.own = {one.name for one in function.parameters}
    for part in parts:
        for inner in ir.walk(part):
            _look(code, inner, seen)
            _look_at_rows(inner, seen)
    uses = list(_dependencies(code, function)) if function is not None else []
    decorators = function.decorators if function is not None else ()
    return Checks(
        name=name,
        place=code.place(node),
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


class _Seen:
    def __init__(self) -> None:
        self.denies = False
        self.looks = False
        self.stops = False
        self.passes_on = False
        self.pages = False
        self.takes: Literal["one", "many", ""] = ""
        self.own: set[str] = set()
        self.read: set[tuple[int, int]] = set()
        self.calls: dict[str, None] = {}
        self.hands_over: dict[str, None] = {}

    def reads(self, headers: ir.Expr, name: str | None) -> None:
        """One header or cookie is read: `headers` by itself then says nothing."""
        self.read.add((headers.start, headers.end))
        if name is None or (name != "get" and _TELLING_HEADER.search(name)):
            self.looks = True


def _is_headers(value: ir.Expr) -> bool:
    return isinstance(value, ir.Attribute) and value.name in {"headers", "cookies"}


_TELLING_HEADER = re.compile(
    r"(?i)auth|token|key|signature|cookie|session|user(?!-agent)|secret|jwt|identity"
)


def _look(code: Code, node: ir.Node, seen: _Seen) -> None:
    match node:
        case ir.Constant(value=401 | 403):
            seen.denies = True
        case ir.Attribute():
            if _DENYING.search(node.name):
                seen.denies = True
            elif node.name in _WHO and isinstance(node.value, ir.Name | ir.Attribute):
                base = node.value.id if isinstance(node.value, ir.Name) else node.value.name
                if base in _REQUEST and (node.start, node.end) not in seen.read:
                    seen.looks = True
            if _is_headers(node.value):
                seen.reads(node.value, node.name)
        case ir.Index() if _is_headers(node.value):
            seen.reads(node.value, node.index.constant if isinstance(node.index, ir.Text) else None)
        case ir.Name():
            if node.id in _AMBIENT and node.id not in seen.own:
                seen.looks = seen.looks or _is_ambient(code, node.id)
            elif _DENYING.search(node.id):
                seen.denies = True
        case ir.Parameter():
            if isinstance(node.default, ir.Call) and _CREDENTIAL.search(node.name):
                marker = reference(node.default.function).rpartition(".")[2]
                seen.looks = seen.looks or marker in {"Header", "Cookie", "Query"}
        case ir.Raise():
            seen.stops = True
        case ir.Return(value=value) if value is not None and not isinstance(value, ir.Constant):
            seen.stops = True
        case ir.Call():
            _look_at_call(code, node, seen)
        case _:
            pass


def _look_at_rows(node: ir.Node, seen: _Seen) -> None:
    """Whether one row or all rows of a result are used, and whether the function knows pages."""
    word = ""
    match node:
        case ir.Name():
            word = node.id
        case ir.Attribute():
            word = node.name
        case ir.Parameter():
            word = node.name
        case ir.Index(index=ir.Constant(value=0)):
            if reference(node.value).rpartition(".")[2] in _ROWS:
                seen.takes = "one"
        case ir.Chunk():
            seen.pages = seen.pages or node.text in _PAGES
        case _:
            pass
    if word in _PAGES or "paginat" in word.lower():
        seen.pages = True
    if word in _ONE:
        seen.takes = "one"
    elif word in _MANY and not seen.takes:
        seen.takes = "many"


_PAGES = frozenset(
    [
        "limit",
        "offset",
        "page",
        "per_page",
        "perPage",
        "page_size",
        "pageSize",
        "cursor",
        "skip",
        "take",
        "after",
        "before",
        "top",
        "pagination",
        "paging",
        "first",
        "last",
        "slice",
        "islice",
        "batch_size",
        "since",
        "max_results",
        "maxResults",
        "size",
    ]
)
_ONE = frozenset(
    [
        "fetchone",
        "fetchval",
        "fetchrow",
        "scalar",
        "scalar_one",
        "scalar_one_or_none",
        "one",
        "one_or_none",
        "rowCount",
        "rowcount",
    ]
)
_ROWS = frozenset({"rows", "result", "results", "data"})
_MANY = frozenset({"fetchall", "rows", "all", "mappings", "scalars"})


def _is_ambient(code: Code, name: str) -> bool:
    """Whether a name is the framework's user or session, and not a database session."""
    if name != "session":
        return True
    bindings = code.scope.names.get(name, ())
    return any(
        one.kind == "import" and one.detail.startswith(("flask.", "quart.")) for one in bindings
    )


def _look_at_call(code: Code, call: ir.Call, seen: _Seen) -> None:
    name = owned(code, reference(call.function))
    first = call.arguments[0].value if call.arguments else None
    if isinstance(call.function, ir.Attribute) and call.function.name in {"get", "header"}:
        header = first.constant if isinstance(first, ir.Text) else None
        inner = call.function.value
        if _is_headers(inner):
            seen.reads(inner, header)
        elif isinstance(inner, ir.Name) and inner.id == "req":
            seen.reads(call.function, header)
    last = name.rpartition(".")[2]
    if name == "next":
        if first is None or (isinstance(first, ir.Text) and first.constant == "route"):
            seen.passes_on = True
        else:
            seen.stops = True
        return
    if last == "redirect" and any(_mentions_login(one.value) for one in call.arguments):
        seen.denies = True
    if last in {"redirectToLogin", "redirect_to_login"}:
        seen.denies = True
    if name.partition(".")[0] in _TALKS_BACK:
        seen.stops = True
        return
    if last in {"abort", "redirect"}:
        seen.stops = True
    if name and len(seen.calls) < _MOST_CALLS:
        seen.calls[name] = None
    if last not in {"catch", "then"}:
        for argument in call.arguments:
            if isinstance(argument.value, ir.Name) and argument.value.id == "next":
                seen.passes_on = True
    for argument in call.arguments:
        if _is_handed_over(argument.value):
            seen.hands_over[name] = None


def _is_handed_over(value: ir.Expr) -> bool:
    if isinstance(value, ir.Name):
        return value.id in {"req", "request", "ctx"} or bool(_CREDENTIAL.search(value.id))
    if isinstance(value, ir.Attribute):
        return value.name in _WHO and reference(value).partition(".")[0] in _REQUEST
    return False


def _mentions_login(value: ir.Expr) -> bool:
    return any(isinstance(node, ir.Chunk) and _LOGIN.search(node.text) for node in ir.walk(value))


_MOST_CALLS = 60
_TALKS_BACK = frozenset({"res", "response", "console", "logger", "log", "logging", "reply"})
_REQUEST = frozenset({"req", "request", "g", "ctx", "context", "locals", "state", "res", "info"})
_WHO = frozenset(
    [
        "user",
        "currentUser",
        "current_user",
        "session",
        "headers",
        "authorization",
        "auth",
        "cookies",
        "token",
        "isAuthenticated",
        "is_authenticated",
        "userId",
        "user_id",
        "accountId",
        "identity",
        "get",
        "header",
        "environ",
        "oidc",
        "kauth",
    ]
) - {"get"}
_AMBIENT = frozenset({"current_user", "session", "currentUser", "current_identity"})
_CREDENTIAL = re.compile(
    r"(?i)^(?:x_)?(?:\w*_)?(?:token|jwt|credentials?|authorization|api_?key|signature|session_?id|secret)$"
)
_DENYING = re.compile(
    r"(?i)unauthori[sz]ed|forbidden|permission_?denied|access_?denied|not_?authenticated|"
    r"not_?authori[sz]ed|authentication_?(?:error|failed|exception)|authori[sz]ation_?(?:error|exception)|"
    r"invalid_?(?:token|signature|credentials)|credentials_?exception|auth_?error|insufficient_?permission"
)
_LOGIN = re.compile(r"(?i)log-?_?in|sign-?_?in|auth")


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
