"""Functions run statement by statement, without running anything: what they would do, as far as it shows."""

from __future__ import annotations

from typing import Final

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.evaluate import Evaluator, bound, elements, unpacked
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    Closure,
    Given,
    Items,
    Made,
    Pairs,
    Thing,
    plain,
)

TURNS = 500
"""Turns of a loop that are followed."""

DEEPEST_CALLS = 12


class _Left(msgspec.Struct, frozen=True):
    """A function, or a loop, was left: by `return` with a value, `raise`, `break` or `continue`."""

    how: str
    value: Thing = None


_GOES_ON: Final = None


class Runner(Evaluator):
    """Runs statements; what is only maybe done is done with `maybe` above zero.

    A subclass overrides `called` to see what is called, and `entered` for what `with` enters.
    """

    def __init__(self, unit: str = "") -> None:
        super().__init__(unit)
        self.maybe = 0
        self.calls_deep = 0
        self.early = False
        """Whether the function may have been left already."""
        self.unclear = False
        """Whether something may happen that was not seen."""

    def entered(self, _thing: Thing) -> None:
        """A `with` statement enters a context."""

    def exited(self, _thing: Thing) -> None:
        """It leaves it."""

    def call(self, closure: Closure, made: Made) -> Thing:
        """Run a function that can be read."""
        function = closure.function
        if self.calls_deep >= DEEPEST_CALLS or function.is_generator:
            self.unclear = True
            return UNKNOWN
        names = {**closure.names, **bound(function, made)}
        self.calls_deep += 1
        before, unit, early = self.maybe, self.unit, self.early
        self.early = False
        if isinstance(closure.home, str):
            self.unit = closure.home
        left = self.run(function.body, names)
        unsure = self.early
        self.maybe, self.unit, self.early = before, unit, early
        self.calls_deep -= 1
        if unsure:
            return UNKNOWN
        if left is None:
            return None
        return left.value if left.how == "return" else UNKNOWN

    def run(self, body: tuple[ir.Stmt, ...], names: dict[str, Thing]) -> _Left | None:
        """Run statements in order."""
        for statement in body:
            left = self._statement(statement, names)
            if left is not None:
                return left
        return _GOES_ON

    def _statement(self, statement: ir.Stmt, names: dict[str, Thing]) -> _Left | None:
        match statement:
            case ir.Assign():
                self._assign(statement, names)
            case ir.Evaluate(value=value):
                self._evaluate(value, names)
            case ir.Branch():
                return self._branch(statement, names)
            case ir.Loop():
                return self._loop(statement, names)
            case ir.With():
                return self._with(statement, names)
            case ir.Try():
                return self._try(statement, names)
            case ir.Return(value=value):
                return _Left("return", None if value is None else self.value(value, names))
            case ir.Raise():
                return _Left("raise")
            case ir.Jump(kind=kind):
                return _Left(kind)
            case ir.Function(name=name):
                names[name] = Closure(statement, names)
            case ir.Import():
                self.imports(statement, names)
            case ir.Class(name=name):
                names[name] = UNKNOWN
            case ir.Other(expressions=expressions, body=body):
                for one in expressions:
                    self.value(one, names)
                return self.run(body, names)
            case _:
                pass
        return _GOES_ON

    def imports(self, _statement: ir.Import, _names: dict[str, Thing]) -> None:
        """An import inside a function."""

    def _evaluate(self, value: ir.Expr, names: dict[str, Thing]) -> None:
        # `found.append(x)` and the like change what a name stands for.
        if isinstance(value, ir.Call) and isinstance(value.function, ir.Attribute):
            owner = value.function.value
            if isinstance(owner, ir.Name) and value.function.name in _CHANGING:
                self.value(value, names)
                if owner.id in names and not isinstance(names[owner.id], Made):
                    given = [self.value(one.value, names) for one in value.arguments]
                    names[owner.id] = _changed(names[owner.id], value.function.name, given)
                return
        self.value(value, names)

    def _assign(self, statement: ir.Assign, names: dict[str, Thing]) -> None:
        if statement.value is None:
            return
        value = self.value(statement.value, names)
        for target in statement.targets:
            if statement.operator and isinstance(target, ir.Name):
                joined = ir.Operator(
                    statement.start, statement.end, statement.operator, (target, statement.value)
                )
                names[target.id] = self.value(joined, names)
            elif isinstance(target, ir.Index) and isinstance(target.value, ir.Name):
                names[target.value.id] = UNKNOWN
            else:
                names.update(unpacked(target, value))

    def _branch(self, statement: ir.Branch, names: dict[str, Thing]) -> _Left | None:
        test = self.value(statement.test, names)
        if plain(test):
            return self.run(statement.body if test else statement.orelse, names)
        self.maybe += 1
        one, other = dict(names), dict(names)
        first = self.run(statement.body, one)
        second = self.run(statement.orelse, other)
        self.maybe -= 1
        self._merge(names, one if first is None else None, other if second is None else None)
        if first is not None and second is not None:
            return first if first.how == second.how else _Left("raise")
        for left in (first, second):
            if left is not None and left.how != "raise":
                # Whether anything after this runs is not known.
                self.maybe += 1
                self.early = self.early or left.how == "return"
        return _GOES_ON

    def _merge(
        self, names: dict[str, Thing], one: dict[str, Thing] | None, other: dict[str, Thing] | None
    ) -> None:
        """What names stand for after one of two ways."""
        if one is None or other is None:
            names.update(one or other or {})
            return
        for name in one.keys() | other.keys():
            first, second = one.get(name, UNKNOWN), other.get(name, UNKNOWN)
            same = first is second or (plain(first) and plain(second) and first == second)
            names[name] = first if same else UNKNOWN

    def _loop(self, statement: ir.Loop, names: dict[str, Thing]) -> _Left | None:
        turns = 0
        if statement.kind == "each" and statement.iterable is not None:
            for element in elements(self.value(statement.iterable, names)):
                turns += 1
                if element is None or turns > TURNS:
                    return self._perhaps(statement, names)
                names.update(unpacked(statement.target, element.value))
                left = self.run(statement.body, names)
                if left is not None and left.how == "break":
                    return _GOES_ON
                if left is not None and left.how != "continue":
                    return left
            return self.run(statement.orelse, names)
        return self._perhaps(statement, names)

    def _perhaps(self, statement: ir.Loop, names: dict[str, Thing]) -> _Left | None:
        """A loop of which the turns are not known: its body once, maybe."""
        self.maybe += 1
        inner = {**names, **unpacked(statement.target, UNKNOWN)}
        for name in _assigned(statement.body):
            inner[name] = names[name] = UNKNOWN
        self.run(statement.body, inner)
        self.maybe -= 1
        changed = [name for name, value in names.items() if inner.get(name) is not value]
        names.update(dict.fromkeys(changed, UNKNOWN))
        return _GOES_ON

    def _with(self, statement: ir.With, names: dict[str, Thing]) -> _Left | None:
        things: list[Thing] = []
        for item in statement.items:
            thing = self.value(item.context, names)
            things.append(thing)
            self.entered(thing)
            names.update(unpacked(item.target, thing))
        left = self.run(statement.body, names)
        for thing in reversed(things):
            self.exited(thing)
        return left

    def _try(self, statement: ir.Try, names: dict[str, Thing]) -> _Left | None:
        left = self.run(statement.body, names)
        self.maybe += 1
        for handler in statement.handlers:
            self.run(handler.body, {**names, handler.name: UNKNOWN})
        self.maybe -= 1
        if left is None:
            left = self.run(statement.orelse, names)
        self.run(statement.final, names)
        return left


_CHANGING = frozenset(
    {"append", "extend", "insert", "add", "update", "pop", "remove", "setdefault"}
)


def _changed(thing: Thing, how: str, given: list[Thing]) -> Thing:
    """A collection after one of its methods was called."""
    match thing, how, given:
        case Items(), "append", [one]:
            return Items(thing.kind, (*thing.values, Given(one)), thing.complete)
        case Items(), "extend", [Items() as more]:
            both = (*thing.values, *more.values)
            return Items(thing.kind, both, thing.complete and more.complete)
        case Pairs(), "update", [Pairs() as more]:
            return Pairs({**thing.values, **more.values}, thing.complete and more.complete)
        case _:
            return UNKNOWN


def _assigned(body: tuple[ir.Stmt, ...]) -> set[str]:
    found: set[str] = set()
    for statement in body:
        for node in ir.walk(statement):
            if isinstance(node, ir.Assign):
                found |= {name for target in node.targets for name in unpacked(target, UNKNOWN)}
    return found
