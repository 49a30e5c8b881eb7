"""Expressions evaluated to things, without running anything.

What names mean is the business of a subclass.  Nothing here raises for what a file says; how much is
computed is bounded by `BUDGET`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend_analyzers import ir
from backend_analyzers.facts.alchemy.operations import method, operated, table_of
from backend_analyzers.facts.alchemy.things import (
    UNKNOWN,
    ClassThing,
    Closure,
    Generic,
    Given,
    Items,
    Made,
    Member,
    Named,
    Pairs,
    Thing,
    plain,
)

BUDGET = 200_000
"""Expressions that are looked at for one file."""

DEEPEST = 60
LARGEST = 2_000
"""Elements of a collection, or turns of a loop."""

Names = Mapping[str, Thing]


class Evaluator:
    """Evaluates expressions; `unit` is the unit that they stand in."""

    def __init__(self, unit: str = "") -> None:
        self.unit = unit
        self.left = BUDGET
        self.depth = 0

    def look_up(self, _name: str) -> Thing:
        """What a name means that no function binds."""
        return UNKNOWN

    def attribute_of(self, _owner: ClassThing, _name: str) -> Thing:
        """An attribute of a class that can be read."""
        return UNKNOWN

    def called(self, made: Made) -> Thing:
        """What a call gives: the call itself, unless a subclass knows better."""
        return made

    def call(self, closure: Closure, made: Made) -> Thing:
        """What a function that can be read gives."""
        function = closure.function
        if len(function.body) == 1 and isinstance(function.body[0], ir.Return):
            value = function.body[0].value
            names = {**closure.names, **bound(function, made)}
            return None if value is None else self.value(value, names)
        return UNKNOWN

    def value(self, expression: ir.Expr, names: Names) -> Thing:
        """What an expression stands for."""
        self.left -= 1
        if self.left < 0 or self.depth > DEEPEST:
            return UNKNOWN
        self.depth += 1
        try:
            return self._value(expression, names)
        finally:
            self.depth -= 1

    def _value(self, expression: ir.Expr, names: Names) -> Thing:
        match expression:
            case ir.Constant(value=value):
                return value
            case ir.Text(function=None):
                return self._text(expression, names)
            case ir.Name(id=name):
                return names[name] if name in names else self.look_up(name)
            case ir.Attribute(value=value, name=name):
                return self.attribute(self.value(value, names), name)
            case ir.Call():
                return self._call(expression, names)
            case ir.Index(value=value, index=index):
                return self._index(self.value(value, names), self.value(index, names))
            case ir.Collection():
                return self._collection(expression, names)
            case ir.Comprehension():
                return self._comprehension(expression, names)
            case ir.Operator():
                return self._operator(expression, names)
            case ir.Lambda(function=function):
                return Closure(function, names)
            case ir.Await(value=value):
                return self.value(value, names)
            case _:
                return UNKNOWN

    def _text(self, text: ir.Text, names: Names) -> Thing:
        pieces: list[str] = []
        for part in text.parts:
            if isinstance(part, ir.Chunk):
                pieces.append(part.text)
            else:
                value = self.formatted(self.value(part.value, names))
                if not isinstance(value, str | int | float):
                    return UNKNOWN
                pieces.append(str(value))
        return "".join(pieces)

    def formatted(self, thing: Thing) -> Thing:
        """What a thing is in a text."""
        return thing

    def attribute(self, owner: Thing, name: str) -> Thing:
        """An attribute of a thing."""
        if isinstance(owner, Named):
            return Named(f"{owner.name}.{name}")
        if isinstance(owner, ClassThing):
            return self.attribute_of(owner, name)
        return UNKNOWN if owner is UNKNOWN else Member(owner, name)

    # Calls --------------------------------------------------------------------------------------

    def _call(self, call: ir.Call, names: Names) -> Thing:
        function = self.value(call.function, names)
        arguments: list[Given] = []
        named: dict[str, Given] = {}
        complete = True
        for one in call.arguments:
            value = self.value(one.value, names)
            if one.spread == "*":
                complete = complete and isinstance(value, Items) and value.complete
                arguments.extend(value.values if isinstance(value, Items) else ())
            elif one.spread == "**":
                complete = complete and isinstance(value, Pairs) and value.complete
                named.update(value.values if isinstance(value, Pairs) else {})
            elif one.name:
                named[one.name] = Given(value, one.value)
            else:
                arguments.append(Given(value, one.value))
        made = Made(function, tuple(arguments), named, call, self.unit, complete)
        if isinstance(function, Closure):
            return self.call(function, made)
        if isinstance(function, Member) and (
            plain(function.owner) or _is_container(function.owner)
        ):
            return method(function.owner, function.name, made)
        if isinstance(function, Named) and function.name.startswith("builtins."):
            return table_of(function.last, self.listed(made))
        return self.called(made)

    def listed(self, made: Made) -> Made:
        """A call with what its arguments hold, where they are no collections by themselves."""
        return made

    def _index(self, base: Thing, index: Thing) -> Thing:
        match base:
            case Pairs(values=values) if plain(index) and index in values:
                return values[index].value
            case Items(values=values, complete=True) if isinstance(index, int):
                return values[index].value if -len(values) <= index < len(values) else UNKNOWN
            case Named() | ClassThing() | Generic():
                return Generic(base, index)
            case _:
                return UNKNOWN

    # Collections --------------------------------------------------------------------------------

    def _collection(self, collection: ir.Collection, names: Names) -> Thing:
        if collection.kind == "mapping":
            return self._mapping(collection, names)
        values: list[Given] = []
        complete = True
        for entry in collection.entries[:LARGEST]:
            value = self.value(entry.value, names)
            if entry.spread and isinstance(value, Items):
                complete = complete and value.complete
                values.extend(value.values)
            elif not entry.spread or isinstance(value, Made):
                complete = complete and not entry.spread
                values.append(Given(value, entry.value))
            else:
                complete = False
        complete = complete and len(collection.entries) <= LARGEST
        return Items(collection.kind, tuple(values), complete)

    def _mapping(self, collection: ir.Collection, names: Names) -> Thing:
        values: dict[object, Given] = {}
        complete = len(collection.entries) <= LARGEST
        for entry in collection.entries[:LARGEST]:
            value = self.value(entry.value, names)
            if entry.spread:
                complete = complete and isinstance(value, Pairs) and value.complete
                values.update(value.values if isinstance(value, Pairs) else {})
                continue
            key = UNKNOWN if entry.key is None else self.value(entry.key, names)
            if plain(key) or isinstance(key, Named):
                values[key] = Given(value, entry.value)
            else:
                complete = False
        return Pairs(values, complete)

    def _comprehension(self, node: ir.Comprehension, names: Names) -> Thing:
        found = list(self._rounds(node.generators, dict(names)))
        if any(one is None for one in found):
            return Items("list", (), complete=False)
        if node.kind == "mapping" and isinstance(node.element, ir.Operator):
            pairs: dict[object, Given] = {}
            for one in found:
                key, value = (self.value(e, one or {}) for e in node.element.operands[:2])
                if not plain(key):
                    return Pairs(pairs, complete=False)
                pairs[key] = Given(value, node.element.operands[1])
            return Pairs(pairs)
        values = tuple(Given(self.value(node.element, one or {}), node.element) for one in found)
        return Items("list", values)

    def _rounds(
        self, generators: tuple[ir.Generator, ...], names: dict[str, Thing]
    ) -> Iterator[dict[str, Thing] | None]:
        """The names in each round of a comprehension; None for rounds that cannot be told."""
        if not generators:
            yield names
            return
        first, *rest = generators
        for element in elements(self.value(first.iterable, names)):
            if element is None:
                yield None
                return
            inner = {**names, **unpacked(first.target, element.value)}
            tests = [self.value(test, inner) for test in first.conditions]
            if any(not plain(test) for test in tests):
                yield None
                return
            if all(tests):
                yield from self._rounds(tuple(rest), inner)

    def _operator(self, node: ir.Operator, names: Names) -> Thing:
        match node.operator, node.operands:
            case "?:", (test, then, otherwise):
                decided = self.value(test, names)
                if plain(decided):
                    return self.value(then if decided else otherwise, names)
                one, other = self.value(then, names), self.value(otherwise, names)
                return one if plain(one) and one == other else UNKNOWN
            case "and" | "or", operands:
                return self._logic(node, [self.value(one, names) for one in operands])
            case _:
                return operated(node, [self.value(one, names) for one in node.operands])

    def _logic(self, node: ir.Operator, values: list[Thing]) -> Thing:
        absorbing = node.operator == "or"
        rest = list(values)
        while len(rest) > 1 and (plain(rest[0]) or _is_true(rest[0])):
            if bool(rest[0]) is absorbing:
                return rest[0]
            rest.pop(0)
        if len(rest) == 1:
            return rest[0]
        if any(plain(value) and bool(value) is absorbing for value in rest):
            return absorbing
        return operated(node, rest)


def _is_true(thing: Thing) -> bool:
    """Whether a thing is an object, which is true: an instance of a type, for example."""
    return isinstance(thing, Made) and thing.last[:1].isupper()


def elements(thing: Thing) -> Iterator[Given | None]:
    """The elements of what a loop runs over, then None if there may be others."""
    match thing:
        case Items(values=values, complete=complete):
            yield from values[:LARGEST]
            if not complete or len(values) > LARGEST:
                yield None
        case Pairs(values=values, complete=complete):
            for key in values:
                yield Given(key, values[key].node)
            if not complete:
                yield None
        case _:
            yield None


def unpacked(target: ir.Expr | None, value: Thing) -> dict[str, Thing]:
    """What `target = value` binds."""
    if isinstance(target, ir.Name):
        return {target.id: value}
    found: dict[str, Thing] = {}
    if isinstance(target, ir.Collection):
        parts: list[Thing] = [UNKNOWN] * len(target.entries)
        if isinstance(value, Items) and len(value.values) == len(parts):
            parts = list(value)
        for entry, part in zip(target.entries, parts, strict=True):
            found.update(unpacked(entry.value, part))
    return found


def bound(function: ir.Function, made: Made) -> dict[str, Thing]:
    """The parameters of a function as a call gives them."""
    found: dict[str, Thing] = {}
    given = list(made.arguments)
    for parameter in function.parameters:
        if parameter.kind == "*":
            found[parameter.name] = Items("tuple", tuple(given), made.complete)
            given = []
        elif parameter.kind == "**":
            rest = {name: one for name, one in made.named.items() if name not in found}
            found[parameter.name] = Pairs(rest, made.complete)
        elif parameter.name in made.named:
            found[parameter.name] = made.named[parameter.name].value
        elif given:
            found[parameter.name] = given.pop(0).value
        elif isinstance(parameter.default, ir.Constant):
            found[parameter.name] = parameter.default.value if made.complete else UNKNOWN
        elif isinstance(parameter.default, ir.Text) and made.complete:
            constant = parameter.default.constant
            found[parameter.name] = UNKNOWN if constant is None else constant
        elif parameter.name:
            found[parameter.name] = UNKNOWN
    return found


def _is_container(thing: Thing) -> bool:
    return isinstance(thing, Items | Pairs)
