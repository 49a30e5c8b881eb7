"""The chains of calls in a unit that may be queries of Django, as terms.

Local names are replaced by what they stand for, so that `orders = Order.objects.all()` and
`orders.filter(…)` some lines below make one chain.  Whether a name is a model, and an attribute a
relation, one file cannot tell: `facts/django/rows.py` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.django.chain_reader import ChainReader
from backend_analyzers.facts.django.terms import Term, last_name
from backend_analyzers.facts.repeated import element, head, repeating_loop
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.django_orm import (
    ASYNC,
    CONSUMERS,
    METHODS,
    RUNNING,
    SHORTCUTS,
)
from backend_analyzers.source import File, Language, Place


class Chain(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A chain of calls: `runs` says that the database is asked here, by the chain's last call or its use."""

    term: Term
    at: Place
    function: str
    runs: bool
    many: bool = False
    """Whether its rows are gone through here."""
    text: str = ""
    """How it is written, without what is given to its calls."""
    loop: Place | None = None
    """The loop that repeats it with other values, and what that calls an element."""
    each: str = ""


_WORDS = tuple(
    word.encode()
    for word in (".objects", ".filter(", ".all()", "_set.", ".exclude(", "_or_404(", "_manager")
)


@file_fact
def chains(file: File) -> tuple[Chain, ...]:
    """The chains of a file that may be queries."""
    if file.language is not Language.PYTHON or not any(word in file.text for word in _WORDS):
        return ()
    return tuple(chain for found in unit_chains.each(file) for chain in found)


@unit_fact
def unit_chains(code: Code) -> tuple[Chain, ...]:
    """The chains of a unit that may be queries."""
    if not any(
        _is_method(site.call) and _is_hopeful(code, site.call) for site in code.outline.calls
    ):
        return ()
    return tuple(sorted(_Finder(code).found(), key=_start))


def _start(chain: Chain) -> tuple[int, int]:
    return chain.at.start, -chain.at.end


def _is_method(call: ir.Call) -> bool:
    function = call.function
    if isinstance(function, ir.Attribute):
        return function.name in METHODS and not _is_of_python(function.name, call.arguments)
    return isinstance(function, ir.Name) and function.id in SHORTCUTS


def _is_of_python(name: str, arguments: tuple[ir.Argument, ...]) -> bool:
    """Whether a method is called as that of a mapping, a list or a path is: `get("key")`, `count(x)`."""
    first = arguments[0] if arguments else None
    is_plain = first is not None and not first.name and not first.spread
    match name:
        case "get":
            return first is None or (
                is_plain and not isinstance(first.value, ir.Call | ir.Operator)
            )
        case "update" | "count" | "exists" | "create" | "delete":
            return is_plain
        case _:
            return False


def _is_hopeful(code: Code, expression: ir.Expr) -> bool:
    """A cheap look at what a chain begins with, before it is read."""
    root = expression
    while True:
        match root:
            case ir.Call(function=ir.Name(id=name), arguments=(first, *_)) if name in SHORTCUTS:
                root = first.value
            case ir.Call(function=inner) | ir.Attribute(value=inner) | ir.Index(value=inner):
                root = inner
            case ir.Await(value=inner):
                root = inner
            case _:
                break
    if not isinstance(root, ir.Name):
        return False
    if root.id in {"self", "cls"}:
        return True
    found, local = code.names.bindings(root.id, root.start, here=True)
    if not local:
        return bool(found)
    return any(
        binding.kind in {"value", "element", "import"} or binding.annotation is not None
        for binding in found
    )


_LOOKED_AT = frozenset(
    {ir.Call, ir.Index, ir.Loop, ir.Generator, ir.Branch, ir.Operator, ir.Assign}
)


class _Finder:
    """Finds the chains of one unit."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.reader = ChainReader(code)
        self.inner: set[int] = set()
        """Expressions that are part of a longer chain, or of the conditions of another."""
        self.used: dict[int, tuple[bool, bool]] = {}
        """How expressions are used: (whether they run there, whether for many rows)."""
        self.assigned: set[int] = set()
        self.gone_through: list[ir.Expr] = []
        self.candidates: list[ir.Call | ir.Index] = []

    def found(self) -> Iterator[Chain]:
        """The chains, in no order."""
        for node in ir.walk(self.code.unit.node):
            if type(node) in _LOOKED_AT:
                self._look(node)
        tops: list[ir.Expr] = [
            node for node in self.candidates if id(node) not in self.inner and self._is_top(node)
        ]
        tops += [node for node in self.gone_through if isinstance(node, ir.Name | ir.Attribute)]
        held: list[ir.Expr] = []
        for top in tops:
            if id(top) in self.assigned and id(top) not in self.used and not _runs(top):
                held.append(top)
            else:
                yield from self._chain(top)
        for top in held:
            # What a name was given is a query of its own unless another chain goes on from it.
            if id(top) not in self.reader.followed:
                yield from self._chain(top)

    def _look(self, node: ir.Node) -> None:
        match node:
            case ir.Call():
                self.candidates.append(node)
                self._look_at_call(node)
            case ir.Index(value=value, index=index):
                self.candidates.append(node)
                self.inner.add(id(value))
                is_slice = isinstance(index, ir.Operator) and index.operator == ":"
                if not is_slice:
                    self.used[id(node)] = (True, False)
            case ir.Loop(kind="each", iterable=iterable) if iterable is not None:
                self._go_through(iterable)
            case ir.Generator(iterable=iterable):
                self._go_through(iterable)
            case ir.Branch(test=test):
                self.used.setdefault(id(test), (True, False))
            case ir.Operator(operator="in" | "not in", operands=(_, container)):
                self._go_through(container)
            case ir.Operator(operator="not" | "and" | "or" | "?:", operands=operands):
                for one in operands[:1]:
                    self.used.setdefault(id(one), (True, False))
            case ir.Assign(targets=(ir.Name(),), value=value, operator="") if value is not None:
                self.assigned.add(id(value))
            case _:
                pass

    def _go_through(self, value: ir.Expr) -> None:
        self.used[id(value)] = (True, True)
        self.gone_through.append(value)

    def _look_at_call(self, call: ir.Call) -> None:
        function = call.function
        if isinstance(function, ir.Attribute):
            if not _runs(function.value):
                self.inner.add(id(function.value))
            if function.name in METHODS:
                self._not_alone(call)
        name = function.id if isinstance(function, ir.Name) else ""
        if name in SHORTCUTS and call.arguments:
            self.inner.add(id(call.arguments[0].value))
        elif name in CONSUMERS:
            for argument in call.arguments:
                self._go_through(argument.value)
        elif name in {"Subquery", "Exists", "Prefetch"}:
            self._not_alone(call)
        for argument in call.arguments:
            if argument.spread:
                self._go_through(argument.value)

    def _not_alone(self, call: ir.Call) -> None:
        """Query sets that are given to a query become part of it, unless they run before."""
        for argument in call.arguments:
            value = argument.value
            if isinstance(value, ir.Call | ir.Index) and not _runs(value):
                self.inner.add(id(value))

    def _is_top(self, node: ir.Call | ir.Index) -> bool:
        if isinstance(node, ir.Call):
            return _is_method(node) or _goes_on(node)
        if isinstance(node, ir.Index):
            value = node.value
            while isinstance(value, ir.Index):
                value = value.value
            return (isinstance(value, ir.Call) and _is_method(value)) or (
                isinstance(value, ir.Name) and self._is_slice_or_used(node)
            )
        return False

    def _is_slice_or_used(self, node: ir.Index) -> bool:
        return id(node) in self.used and self.used[id(node)][1]

    def _chain(self, top: ir.Expr) -> Iterator[Chain]:
        if not _is_hopeful(self.code, top):
            return
        term = self.reader.read(top)
        if term is None or not _may_be_rows(term):
            return
        runs, many = self.used.get(id(top), (False, False))
        if isinstance(top, ir.Call) and _runs(top):
            runs = True
        if isinstance(top, ir.Name | ir.Attribute) and term.kind in {"element", "self", "typed"}:
            return
        code = self.code
        loop = repeating_loop(code, top, [top]) if runs else None
        yield Chain(
            term,
            code.place(top),
            code.enclosing(top).key,
            runs,
            many,
            _spelled(top),
            head(code, loop) if loop is not None else None,
            element(loop) if loop is not None else "",
        )


def _spelled(expression: ir.Expr) -> str:
    """`Order.objects.filter(…).first`: a chain without what its calls are given."""
    match expression:
        case ir.Name(id=name):
            return name
        case ir.Attribute(value=value, name=name):
            return f"{_spelled(value)}{'(…)' if isinstance(value, ir.Call) else ''}.{name}"
        case ir.Call(function=function):
            return _spelled(function)
        case ir.Index(value=value):
            return f"{_spelled(value)}[…]"
        case _:
            return "…"


def _goes_on(call: ir.Call) -> bool:
    """Whether a call is of a method, maybe the project's own, of what a chain gives."""
    function = call.function
    inner = function.value if isinstance(function, ir.Attribute) else None
    return isinstance(inner, ir.Call) and _is_method(inner) and not _runs(inner)


def _runs(value: ir.Expr) -> bool:
    if not isinstance(value, ir.Call):
        return False
    function = value.function
    if isinstance(function, ir.Name):
        return function.id in SHORTCUTS
    return isinstance(function, ir.Attribute) and (
        function.name in RUNNING or function.name in ASYNC
    )


_TITLE = re.compile(r"(?:^|[.:?])_?[A-Z]\w*[a-z]\w*(?:\.|$)|get_user_model")


def _may_be_rows(term: Term) -> bool:
    """Whether what a chain begins with may be a model, or a row of one."""
    while True:
        match term.kind:
            case "name":
                return bool(_TITLE.search(term.text)) or last_name(term.text) in SHORTCUTS
            case "self" | "typed" | "class":
                return True
            case "choice":
                return any(_may_be_rows(one) for one in term.parts)
            case "call" | "attribute" | "index" | "element":
                if term.last in SHORTCUTS and len(term.parts) > 1:
                    term = term.parts[1]
                    continue
                term = term.parts[0]
            case _:
                return False
