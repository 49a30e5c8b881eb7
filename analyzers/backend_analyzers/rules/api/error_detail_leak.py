"""The text or the stack of an unexpected error that is sent to the client.

The message of an error that nobody expected names tables, columns, hosts, files and sometimes values:
what an attacker needs for the next request, and nothing the user can act on.

## Example

```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders")
def list_orders():
    try:
        return load()
    except Exception as error:
    #      ~~~~~~~~~ any error is caught here
        raise HTTPException(status_code=500, detail=str(error))
        #                                           ^^^^^^^^^^ `str(error)` reaches the client
```

Use instead:

```python
    except Exception:
        logger.exception("listing orders failed")
        raise HTTPException(status_code=500, detail="The orders could not be loaded.")
```

## Not reported

Errors that are meant for the client: a specific exception class, a JavaScript error in an answer of
400 to 499 or with a status of its own (`error.status`), what a test of the error (`instanceof`, a code)
has let through, what only parses or validates, and functions that exist to test or debug
something.  Details that are sent in debug or development mode only, and what is only logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.modules import reference
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.drivers import is_database_error
from backend_analyzers.rule import Confidence, Finding, Related, Severity, unit_rule


@unit_rule(
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    cwe=(209,),
    controls=("OWASP API8:2023", "ASVS V16.5.1", "PCI DSS 6.2.4"),
)
def error_detail_leak(code: Code) -> Iterator[Finding]:
    reported = set()
    for caught in _caught(code):
        for answer in _answers(code, caught):
            for leak in _leaks(answer, caught.name):
                if leak.start in reported:
                    continue
                reported.add(leak.start)
                shown = _shown(leak, caught.name)
                related = (Related(code.place(caught.at), "any error is caught here"),)
                yield Finding(
                    at=code.place(leak),
                    message=f"`{shown}` reaches the client",
                    help="Log the error and answer with a message that is made for the client.",
                    related=related if caught.at.end else (),
                )


class _Caught(NamedTuple):
    """An error that may be anything: its name, where it is caught, and what then runs."""

    name: str
    at: ir.Node
    body: tuple[ir.Stmt, ...]
    function: ir.Function | None


_DEEPEST = 40
_ANY = re.compile(r"(?:^|\.)(?:Exception|BaseException|Throwable)$")
_SYSTEM = frozenset({"OSError", "IOError"})
_ERROR_NAME = re.compile(r"^(?:e|err|error|ex|exc|exception)$")


def _caught(code: Code) -> Iterator[_Caught]:
    functions = [context.node for context in code.functions()]
    handles = any(block.kind == "handler" for block in code.outline.blocks)
    named = (one for one in functions if one is not None)
    if not handles and not any(True for one in named for _ in _handler_function(code, one)):
        return  # as nearly always: there is no need to walk
    meant = {
        handler.start
        for node in ir.walk(code.unit.node)
        if isinstance(node, ir.Try) and _only_checks(node)
        for handler in node.handlers
    }
    for node in ir.walk(code.unit.node):
        if isinstance(node, ir.Handler) and node.start not in meant:
            around = _around(functions, node)
            if around is not None and _TRIAL.search(around.name):
                continue
            if code.language.is_ecmascript:
                if node.name:
                    yield _Caught(node.name, _head(node), node.body, around)
            elif _is_any(code, node.catches):
                yield _Caught(node.name, node.catches or _head(node), node.body, around)
        elif isinstance(node, ir.Function):
            yield from _handler_function(code, node)


_TRIAL = re.compile(
    r"^(?:debug|test|diagnose|probe)(?:_|[A-Z]|$)|_(?:debug|test|diagnose|probe)(?:_|$)|[a-z](?:Debug|Test)(?:[A-Z]|$)"
)
"""Functions whose answer is whether something works, and why it does not."""

_CHECKING = re.compile(
    r"(?i)valid|pars(?:e|ing)|(?:^|\.)(?:int|float|loads|uuid|strptime|fromisoformat|compile|isinstance|len|str|dict|json|get_json|form|body)$"
)


def _only_checks(node: ir.Try) -> bool:
    """Whether what is tried only reads what the client has sent: its errors are meant for the client."""
    calls = [one for part in node.body for one in ir.walk(part) if isinstance(one, ir.Call)]
    return bool(calls) and all(_is_check(one) for one in calls)


def _is_check(call: ir.Call) -> bool:
    """Whether a call reads or checks the body: `loads(body)`, `request.json()`, `Payload(**body)`."""
    name = reference(call.function)
    builds = [one.spread for one in call.arguments] == ["**"]
    return bool(_CHECKING.search(name)) or (builds and name.rpartition(".")[2][:1].isupper())


def _head(node: ir.Node) -> ir.Node:
    """The first word of a statement."""
    return ir.Node(node.start, node.start + len("catch"))


def _around(functions: list[ir.Function | None], node: ir.Node) -> ir.Function | None:
    """The innermost function that holds a node."""
    inside = [f for f in functions if f is not None and f.start <= node.start and node.end <= f.end]
    return min(inside, key=lambda f: f.end - f.start, default=None)


def _is_any(code: Code, catches: ir.Expr | None) -> bool:
    if catches is None:
        return True
    if isinstance(catches, ir.Collection):
        return any(_is_any(code, entry.value) for entry in catches.entries)
    name = code.name_of(catches) or reference(catches)
    return bool(_ANY.search(name)) or is_database_error(name) or name in _SYSTEM


def _handler_function(code: Code, node: ir.Function) -> Iterator[_Caught]:
    """A function that frameworks call with whatever error there was."""
    parameters = [one for one in node.parameters if one.name not in {"self", "cls"}]
    if code.language.is_ecmascript:
        if parameters and _ERROR_NAME.match(parameters[0].name):
            yield _Caught(parameters[0].name, parameters[0], node.body, node)
        return
    for decorator in node.decorators:
        if not isinstance(decorator, ir.Call) or not decorator.arguments or not parameters:
            continue
        word = reference(decorator.function).rpartition(".")[2]
        what = decorator.arguments[0].value
        is_500 = isinstance(what, ir.Constant) and what.value == _SERVER_ERROR
        if word in {"exception_handler", "errorhandler", "app_errorhandler"} and (
            is_500 or _ANY.search(reference(what))
        ):
            yield _Caught(parameters[-1].name, decorator, node.body, node)


_SERVER_ERROR = 500

# Answers ---------------------------------------------------------------------------------------


def _answers(code: Code, caught: _Caught) -> Iterator[ir.Node]:
    """What is sent to the client while the error is being handled."""
    for statement in _statements(caught.body, caught.name, 0):
        if code.language.is_ecmascript:
            yield from (call for call in _calls(statement) if _sends(call, code))
        elif isinstance(statement, ir.Raise | ir.Evaluate) and isinstance(statement.value, ir.Call):
            wanted = "HTTPException" if isinstance(statement, ir.Raise) else "abort"
            if _last(statement.value) == wanted:
                yield statement.value
        elif (
            isinstance(statement, ir.Return)
            and statement.value is not None
            and (_is_response(statement.value) or _is_route(caught.function))
        ):
            yield statement.value


def _statements(body: tuple[ir.Stmt, ...], name: str, depth: int) -> Iterator[ir.Stmt]:
    """The statements that run for any error: not those that a test of it, or of the mode, guards."""
    for statement in body:
        if depth > _DEEPEST:
            return
        match statement:
            case ir.Branch():
                if not _is_mode(statement.test):
                    if not _tests_kind(statement.test, name):
                        yield from _statements(statement.body, name, depth + 1)
                    yield from _statements(statement.orelse, name, depth + 1)
            case ir.Loop() | ir.With() | ir.Other():
                yield from _statements(statement.body, name, depth + 1)
            case ir.Try():
                yield from _statements((*statement.body, *statement.final), name, depth + 1)
            case ir.Function() | ir.Class():
                pass
            case _:
                yield statement


_MODE = re.compile(
    r"(?i)debug|develop|dev_?mode|(?:^|_|\.)(?:dev|env|testing|verbose)(?:$|_|\.)|node_env|environment|production|is_?prod|is_?dev"
)


def _is_mode(test: ir.Node) -> bool:
    for node in ir.walk(test):
        word = (
            node.id
            if isinstance(node, ir.Name)
            else node.name
            if isinstance(node, ir.Attribute)
            else ""
        )
        text = node.text if isinstance(node, ir.Chunk) else ""
        if (word and _MODE.search(word)) or text in {"development", "production", "dev", "debug"}:
            return True
    return False


def _tests_kind(test: ir.Expr, name: str) -> bool:
    """Whether a condition looks into the error, and not only at whether there is one."""
    if isinstance(test, ir.Name):
        return False
    if isinstance(test, ir.Operator) and test.operator in {"!", "not", "!=", "!==", "==", "==="}:
        return any(isinstance(node, ir.Attribute | ir.Call) for node in ir.walk(test)) and _names(
            test, name
        )
    return _names(test, name)


def _names(node: ir.Node, name: str) -> bool:
    return any(isinstance(inner, ir.Name) and inner.id == name for inner in ir.walk(node))


def _calls(statement: ir.Stmt) -> Iterator[ir.Call]:
    stack: list[ir.Node] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ir.Lambda):
            continue
        if (
            isinstance(node, ir.Operator)
            and node.operator in {"?:", "&&"}
            and _is_mode(node.operands[0])
        ):
            continue
        if isinstance(node, ir.Call):
            yield node
        stack.extend(ir.children(node))


_SENDING = frozenset({"json", "send", "end", "jsonp", "write"})
_CLIENT_ERRORS = range(400, 500)


def _sends(call: ir.Call, code: Code) -> bool:
    """`res.status(500).json(…)`, unless the status says that the error is the client's, or is the error's own."""
    if not isinstance(call.function, ir.Attribute) or call.function.name not in _SENDING:
        return False
    receiver = call.function.value
    for _ in range(_DEEPEST):
        if not isinstance(receiver, ir.Call) or not isinstance(receiver.function, ir.Attribute):
            break
        if receiver.function.name in {"status", "code"} and receiver.arguments:
            status = code.constant(receiver.arguments[0].value)
            if not isinstance(status, int) or status in _CLIENT_ERRORS:
                return False
        receiver = receiver.function.value
    return isinstance(receiver, ir.Name) and receiver.id in {"res", "response", "reply"}


def _last(call: ir.Call) -> str:
    return reference(call.function).rpartition(".")[2]


_RESPONSES = frozenset(
    {
        "jsonify",
        "JSONResponse",
        "Response",
        "make_response",
        "PlainTextResponse",
        "ORJSONResponse",
        "HTMLResponse",
    }
)
_VERBS = frozenset(
    {
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "route",
        "api_route",
        "exception_handler",
        "errorhandler",
        "app_errorhandler",
    }
)


def _is_response(value: ir.Expr) -> bool:
    if isinstance(value, ir.Collection) and value.kind == "tuple" and value.entries:
        value = value.entries[0].value
    return isinstance(value, ir.Call) and _last(value) in _RESPONSES


def _is_route(function: ir.Function | None) -> bool:
    """Whether what a function returns is sent: it is decorated as a route."""
    return function is not None and any(
        isinstance(one, ir.Call)
        and isinstance(one.function, ir.Attribute)
        and one.function.name in _VERBS
        and bool(one.arguments)
        for one in function.decorators
    )


# Leaks -----------------------------------------------------------------------------------------

_DETAILS = frozenset(
    {
        "message",
        "stack",
        "args",
        "sqlMessage",
        "sql",
        "detail",
        "orig",
        "toString",
        "stderr",
        "trace",
    }
)
_TRACES = frozenset({"traceback.format_exc", "traceback.format_exception", "format_exc"})


def _leaks(answer: ir.Node, name: str) -> Iterator[ir.Node]:
    """The outermost expressions in an answer that hold the text of the error."""
    stack: list[ir.Node] = [answer]
    while stack:
        node = stack.pop()
        match node:
            case ir.Call() if reference(node.function) in _TRACES:
                yield node
                continue
            case ir.Call() if _is_text_of(node, name):
                yield node
                continue
            case ir.Attribute(value=ir.Name(id=found)) if found == name and name:
                if node.name in _DETAILS:
                    yield node
                continue
            case ir.Name(id=found) if found == name and name:
                yield node
                continue
            case ir.Operator(operator="?:" | "&&" | "and" | "if") if _is_mode(node):
                continue
            case ir.Operator(operator="?:" | "if", operands=(_, *rest)):
                stack.extend(reversed(rest))
                continue
            case ir.Operator(operator="instanceof" | "==" | "===" | "!=" | "!==" | "in"):
                continue
            case ir.Lambda():
                continue
            case ir.Call() if node is not answer and _last(node) in _HARMLESS:
                continue
        if isinstance(node, ir.Call):
            stack.extend(argument.value for argument in reversed(node.arguments))
        else:
            stack.extend(reversed(list(ir.children(node))))


_HARMLESS = frozenset(
    {"type", "len", "isinstance", "status_of", "get_status", "hash", "bool", "id"}
)


def _is_text_of(call: ir.Call, name: str) -> bool:
    """`str(error)`, `String(error)`, `error.toString()`, `JSON.stringify(error)`."""
    function = reference(call.function)
    if name and function == f"{name}.toString":
        return True
    first = call.arguments[0].value if call.arguments else None
    is_error = isinstance(first, ir.Name) and first.id == name and bool(name)
    return is_error and function in {
        "str",
        "repr",
        "String",
        "JSON.stringify",
        "inspect",
        "util.inspect",
    }


def _shown(leak: ir.Node, name: str) -> str:
    match leak:
        case ir.Call():
            inner = name if leak.arguments else ""
            return f"{reference(leak.function)}({inner})"
        case ir.Attribute():
            return f"{name}.{leak.name}"
        case _:
            return name
