"""What flows into the answer of a function: the calls and the loaded rows that it returns or sends.

Values are followed backwards, through local names, loops and comprehensions, but not through what
counts, compares or picks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.listings import Listing, listing
from backend_analyzers.facts.looks import owned
from backend_analyzers.facts.modules import reference
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File


class Answer(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The rows and the results of calls, by reference, that a function answers with."""

    listings: tuple[Listing, ...] = ()
    calls: tuple[str, ...] = ()
    pages: bool = False
    """Whether the function knows pages in any form."""


@unit_fact
def unit_answers(code: Code) -> dict[str, Answer]:
    """The answers of the functions of a unit; the keys are made by `key`."""
    found = {}
    for context in code.functions():
        if context.node is not None:
            answer = _Flow(code, context.node).answer()
            if answer.listings or answer.calls:
                named = context.node.name_end > context.node.name_start
                start = context.node.name_start if named else context.node.start
                found[key(code.unit.key, start)] = answer
    return found


@file_fact
def answers(file: File) -> dict[str, Answer]:
    """The answers of the functions of a file; the keys are made by `key`."""
    found: dict[str, Answer] = {}
    for unit in unit_answers.each(file):
        found.update(unit)
    return found


def key(unit: str, start: int) -> str:
    """The key of a function: of its name, or of the whole when it has none."""
    return f"{unit}@{start}"


_MOST = 400
_PICKING = re.compile(
    r"^(?:len|sum|any|all|max|min|next|isinstance|bool|count|first|one|scalar|one_or_none|get|some|every|"
    r"indexOf|includes|reduce|join|pop|shift|at|exists|hasattr|zip_longest|islice|slice|paginate|find)$"
)
_SENDS = frozenset({"json", "send", "jsonp", "end"})
_ADDS = frozenset({"append", "extend", "push", "add", "update", "unshift"})
_PAGE = re.compile(
    r"(?i)^(?:\w+_)?(?:limit|offset|page|per_?page|page_?size|page_?num(?:ber)?|cursor|skip|slice|islice|"
    r"since|max_?results|batch_?size|page_?token|next_?token|common|commons)$|paginat|paging|limit|chunk"
)


class _Flow:
    """One function, read backwards from what it answers."""

    def __init__(self, code: Code, function: ir.Function) -> None:
        self.code = code
        self.function = function
        self.values: dict[str, list[ir.Expr]] = {}
        self.answered: list[ir.Expr] = []
        self.pages = False
        for part in (*function.parameters, *function.body):
            self._collect(part)

    def answer(self) -> Answer:
        """The rows and calls that reach the answer."""
        if self.pages or not self.answered:
            return Answer(pages=self.pages)
        listings: dict[int, Listing] = {}
        calls: dict[str, None] = {}
        seen: set[str] = set()
        pending: list[ir.Expr] = list(self.answered)
        for _ in range(_MOST):
            if not pending:
                break
            value = pending.pop()
            if isinstance(value, ir.Name):
                if value.id not in seen:
                    seen.add(value.id)
                    pending += self.values.get(value.id, ())
                continue
            if isinstance(value, ir.Call):
                found = self._listing(value)
                if found is not None:
                    listings[value.start] = found
                    continue
                name = owned(self.code, reference(value.function))
                if name:
                    calls[name] = None
            pending += self._parts(value)
        return Answer(tuple(listings.values()), tuple(calls)[:40])

    def _listing(self, call: ir.Call) -> Listing | None:
        if not isinstance(call.function, ir.Attribute):
            return None
        end = call.function.end
        place = self.code.place_of(end - len(call.function.name.encode()), end)
        return listing(call, self.code.language, place, self._only)

    def _only(self, name: str) -> ir.Expr | None:
        values = self.values.get(name, ())
        return values[0] if len(values) == 1 else None

    def _parts(self, value: ir.Expr) -> Iterator[ir.Expr]:
        """The parts of an expression whose rows it passes on."""
        match value:
            case ir.Call():
                last = reference(value.function).rpartition(".")[2]
                if isinstance(value.function, ir.Attribute):
                    last = value.function.name
                    if not _PICKING.match(last):
                        yield value.function.value
                if not _PICKING.match(last):
                    yield from (argument.value for argument in value.arguments)
            case ir.Attribute() | ir.Await():
                yield value.value
            case ir.Collection():
                yield from (entry.value for entry in value.entries)
            case ir.Comprehension():
                yield from (generator.iterable for generator in value.generators[:1])
            case ir.Operator(operator="?:" | "if", operands=(_, *rest)):
                yield from rest
            case ir.Operator(operator="+" | "or" | "||" | "??" | "and" | "&&" | "|" | "yield"):
                yield from value.operands
            case _:
                pass

    def _collect(self, node: ir.Node) -> None:
        """What local names stand for, what is answered, and whether pages are known."""
        stack: list[tuple[ir.Node, bool]] = [(node, True)]
        while stack and not self.pages:
            at, is_own = stack.pop()
            match at:
                case ir.Name(id=word) | ir.Attribute(name=word) | ir.Parameter(name=word):
                    self.pages = self.pages or bool(_PAGE.search(word))
                case ir.Chunk():
                    self.pages = self.pages or bool(_PAGE.match(at.text))
                case ir.Return() if at.value is not None and is_own:
                    self.answered.append(at.value)
                case ir.Assign() if at.value is not None:
                    for target in at.targets:
                        self._bind(target, at.value)
                case ir.Loop() if at.iterable is not None and at.target is not None:
                    self._bind(at.target, at.iterable)
                case ir.Call():
                    self._called(at)
                case _:
                    pass
            nested = isinstance(at, ir.Lambda | ir.Function)
            stack.extend((child, is_own and not nested) for child in ir.children(at))

    def _called(self, call: ir.Call) -> None:
        function = call.function
        if not isinstance(function, ir.Attribute) or not call.arguments:
            return
        value = call.arguments[0].value
        if function.name in _ADDS and isinstance(function.value, ir.Name):
            self.values.setdefault(function.value.id, []).append(value)
        elif function.name == "then" and isinstance(value, ir.Lambda):
            parameters = value.function.parameters
            if parameters and parameters[0].name:
                self.values.setdefault(parameters[0].name, []).append(function.value)
        elif self._sends(function):
            self.answered.append(value)

    def _sends(self, function: ir.Attribute) -> bool:
        """Whether a method sends what it is given to the client."""
        return (
            function.name in _SENDS
            and self.code.language.is_ecmascript
            and reference(function.value).removesuffix("()").partition(".")[0]
            in {"res", "response", "reply"}
        )

    def _bind(self, target: ir.Expr, value: ir.Expr) -> None:
        match target:
            case ir.Name():
                self.values.setdefault(target.id, []).append(value)
            case ir.Index(value=ir.Name(id=name)):
                self.values.setdefault(name, []).append(value)
            case ir.Collection():
                for entry in target.entries:
                    self._bind(entry.value, value)
            case _:
                pass
