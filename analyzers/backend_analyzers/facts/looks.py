"""One look at each node of a function: what it does about who is calling, and how much it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from backend_analyzers import ir
from backend_analyzers.facts.modules import reference
from backend_analyzers.flow.code import Code


def owned(code: Code, name: str) -> str:
    """A reference in which `self` and `this` are replaced by the class around."""
    head, dot, rest = name.partition(".")
    if head in {"self", "this", "cls"} and code.unit.owner and dot:
        return f"{code.unit.owner}.{rest}"
    return name


class Seen:
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


def look(code: Code, part: ir.Node, seen: Seen) -> None:
    """Look at a part of a function: who is calling, and how many rows are used."""
    looked_at = _LOOKED
    for node in ir.walk(part):
        looked = looked_at.get(type(node))
        if looked is not None:
            looked(code, node, seen)


def _look_at_constant(_code: Code, node: ir.Constant, seen: Seen) -> None:
    if node.value in {401, 403}:
        seen.denies = True


def _look_at_attribute(_code: Code, node: ir.Attribute, seen: Seen) -> None:
    value = node.value
    if _tells(node.name):
        _look_at_word(node.name, seen)
    if _is_denying(node.name):
        seen.denies = True
    elif node.name in _WHO and isinstance(value, ir.Name | ir.Attribute):
        base = value.id if isinstance(value, ir.Name) else value.name
        if base in _REQUEST and (node.start, node.end) not in seen.read:
            seen.looks = True
    if _is_headers(value):
        seen.reads(value, node.name)


def _look_at_index(_code: Code, node: ir.Index, seen: Seen) -> None:
    is_first = isinstance(node.index, ir.Constant) and node.index.value == 0
    if is_first and reference(node.value).rpartition(".")[2] in _ROWS:
        seen.takes = "one"
    if _is_headers(node.value):
        seen.reads(node.value, node.index.constant if isinstance(node.index, ir.Text) else None)


def _look_at_name(code: Code, node: ir.Name, seen: Seen) -> None:
    if not _tells(node.id):
        return
    _look_at_word(node.id, seen)
    if node.id in _AMBIENT and node.id not in seen.own:
        seen.looks = seen.looks or _is_ambient(code, node.id)
    elif _is_denying(node.id):
        seen.denies = True


def _look_at_parameter(_code: Code, node: ir.Parameter, seen: Seen) -> None:
    _look_at_word(node.name, seen)
    if isinstance(node.default, ir.Call) and _CREDENTIAL.search(node.name):
        marker = reference(node.default.function).rpartition(".")[2]
        seen.looks = seen.looks or marker in {"Header", "Cookie", "Query"}


def _look_at_raise(_code: Code, _node: ir.Raise, seen: Seen) -> None:
    seen.stops = True


def _look_at_return(_code: Code, node: ir.Return, seen: Seen) -> None:
    if node.value is not None and not isinstance(node.value, ir.Constant):
        seen.stops = True


def _look_at_word(word: str, seen: Seen) -> None:
    """Whether one row or all rows of a result are used, and whether the function knows pages."""
    if word in _PAGES or _is_about_pages(word):
        seen.pages = True
    if word in _ONE:
        seen.takes = "one"
    elif word in _MANY and not seen.takes:
        seen.takes = "many"


def _look_at_chunk(_code: Code, node: ir.Chunk, seen: Seen) -> None:
    seen.pages = seen.pages or node.text in _PAGES


def _is_about_pages(word: str) -> bool:
    return "paginat" in word.lower()


@lru_cache(maxsize=8192)
def _is_denying(word: str) -> bool:
    return _DENYING.search(word) is not None


@lru_cache(maxsize=8192)
def _tells(word: str) -> bool:
    """Whether a name says anything at all.  The same words come again and again: most say nothing."""
    return word in _TELLING or _is_about_pages(word) or _is_denying(word)


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


def _look_at_call(code: Code, call: ir.Call, seen: Seen) -> None:
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
        if last == "render":
            seen.calls[name] = None
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

_LOOKED: dict[type, Callable[[Code, Any, Seen], None]] = {
    ir.Constant: _look_at_constant,
    ir.Attribute: _look_at_attribute,
    ir.Index: _look_at_index,
    ir.Name: _look_at_name,
    ir.Parameter: _look_at_parameter,
    ir.Raise: _look_at_raise,
    ir.Return: _look_at_return,
    ir.Call: _look_at_call,
    ir.Chunk: _look_at_chunk,
}
_TELLING = _AMBIENT | _PAGES | _ONE | _MANY
