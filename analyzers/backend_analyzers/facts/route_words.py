"""What calls on routers say, by the tables of the frameworks: routes, mounts, guards and their functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backend_analyzers import ir
from backend_analyzers.facts.checks import Use, of_function
from backend_analyzers.facts.modules import reference
from backend_analyzers.facts.route_declarations import Router, Step
from backend_analyzers.facts.route_names import Frame, Names, identity
from backend_analyzers.facts.route_uses import Uses, is_none
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.frameworks import vocabulary
from backend_analyzers.libraries.routing import (
    Attach,
    Create,
    Declare,
    Guard,
    Mount,
    Parameter,
    Word,
)
from backend_analyzers.source import Place

_DEEPEST = 30
_MOST_FUNCTIONS = 60
_PATH_WORDS = ("prefix", "path", "base", "root", "url")
LIKELY = frozenset(
    {
        "app",
        "router",
        "server",
        "api",
        "bp",
        "blueprint",
        "application",
        "express",
        "r",
        "route",
        "routes",
    }
)


_SUBCLASS = Create(
    "router", "", prefix="prefix", guards=("dependencies",), parent=Parameter(0, "app")
)
"""A call of a class that may turn out to be a kind of router."""


class Recorder:
    """Records the routers of a unit and what is done to them."""

    def __init__(self, code: Code, names: Names) -> None:
        self.code = code
        self.names = names
        self.uses = Uses(code, names)
        self.vocabulary = vocabulary(code.language)
        self.is_python = not code.language.is_ecmascript
        self.routers: list[Router] = []
        self.steps: list[Step] = []
        self.keys: set[str] = set()
        self.branches = 0
        """How many conditions surround what is being read."""

    def create(self, value: ir.Call, key: str, frame: Frame) -> bool:
        """Add the router that a constructor call makes; it is called `key`."""
        create = self.vocabulary.creates.get(self.constructor(value.function, frame))
        callee = ""
        if create is None:
            callee = self.names.name(value.function, frame)
            last = re.split(r"[./]", key)[-1].rpartition("_")[2].lower()
            if last not in LIKELY or not callee.rpartition(".")[2].rpartition(":")[2][:1].isupper():
                return False
            create = _SUBCLASS
        arguments = {one.name: one.value for one in value.arguments if one.name}
        uses, known = self.uses.listed((arguments.get(name) for name in create.guards), frame)
        prefix = arguments.get(create.prefix) if create.prefix else None
        has_prefix = prefix is not None and not is_none(prefix)
        text = self.names.text(prefix, frame) if has_prefix else ""
        if not has_prefix and create.named is not None:
            name = self.names.text(_argument(value.arguments, create.named), frame)
            text = f"/{name}" if name else None
        self.add(
            Router(
                key=key,
                kind=create.kind,
                framework=create.framework,
                place=self.code.place(value),
                prefix=text,
                uses=uses,
                known=known,
                hidden=_is_false(arguments.get(create.hidden)),
                callee=callee,
            )
        )
        self.names.made[identity(value)] = key
        if create.parent is not None:
            self._attach(value, create.parent, key, frame)
        return True

    def _attach(self, call: ir.Call, parent: Parameter, child: str, frame: Frame) -> None:
        """Mount a router on the one that a call is given."""
        given = _argument(call.arguments, parent)
        receiver = self.names.name(given, frame) if given is not None else ""
        if receiver:
            self._step("mount", receiver, call, target=Use(child, child, self.code.place(call)))

    def constructor(self, function: ir.Expr, frame: Frame) -> str:
        if isinstance(function, ir.Name | ir.Attribute):
            name = self.names.name(function, frame)
            if ":" in name:
                module, _, rest = name.rpartition(":")
                rest = rest.removeprefix("default").removeprefix(".")
                return f"{module}.{rest}" if rest else module
        return self.names.qualified(function)

    def receiver(self, value: ir.Expr, frame: Frame) -> tuple[str, tuple[str | None, ...] | None]:
        """The router that a word is called on, and the paths when it is `router.route(path)`."""
        made = self.names.made_by(value)
        if made is not None:
            return made, None
        if isinstance(value, ir.Call) and isinstance(value.function, ir.Attribute):
            method = value.function.name
            if method == "route" and not self.is_python and value.arguments:
                receiver, _ = self.receiver(value.function.value, frame)
                return receiver, self.names.paths(value.arguments[0].value, frame)
            if method in self.vocabulary.words and not self.is_python and value.arguments:
                return self.receiver(value.function.value, frame)
        return self.names.name(value, frame), None

    def decorator(
        self, decorator: ir.Expr, node: ir.Function, name: str, number: int, frame: Frame
    ) -> None:
        """A decorator that declares a route; those between it and the function guard the route."""
        call = decorator if isinstance(decorator, ir.Call) else None
        function = call.function if call is not None else decorator
        if not isinstance(function, ir.Attribute):
            return
        receiver = self.names.name(function.value, frame)
        for word in self.vocabulary.words.get(function.name, ()) if receiver else ():
            if isinstance(word, Guard) and word.function is None:
                body = of_function(self.code, name, node) if frame.function else None
                guard = Use(name, node.name, self._at(node), body=body)
                self._step("guard", receiver, decorator, uses=(guard,), reach=word.reach)
                return
            if isinstance(word, Declare) and call is not None:
                arguments = call.arguments
                path = _argument(arguments, word.path)
                if path is None:
                    continue
                body = of_function(self.code, name, node) if frame.function else None
                target = Use(name, node.name, self._at(node), body=body)
                below = tuple(
                    use
                    for one in node.decorators[number + 1 :]
                    if not self._declares(one) and (use := self.uses.one(one, frame)) is not None
                )
                self._declare(
                    decorator,
                    call,
                    word,
                    receiver,
                    (self.names.paths(path, frame)),
                    target,
                    below,
                    frame,
                )
                return

    def class_decorator(self, decorator: ir.Expr, node: ir.Class, name: str, frame: Frame) -> bool:
        """A decorator that declares the methods of a class as the handlers of a path."""
        if not isinstance(decorator, ir.Call) or not isinstance(decorator.function, ir.Attribute):
            return False
        receiver = self.names.name(decorator.function.value, frame)
        for word in self.vocabulary.words.get(decorator.function.name, ()) if receiver else ():
            path = _argument(decorator.arguments, word.path) if isinstance(word, Declare) else None
            if isinstance(word, Declare) and path is not None and word.handler is None:
                target = Use(name, node.name, self.code.place(node))
                paths = self._paths(decorator, word, path, frame)
                self._declare(decorator, decorator, word, receiver, paths, target, (), frame)
                return True
        return False

    def _paths(
        self, call: ir.Call, word: Declare, path: ir.Expr, frame: Frame
    ) -> tuple[str | None, ...]:
        if not word.many:
            return self.names.paths(path, frame)
        given = [one for one in call.arguments if not one.name][max(word.path.position, 0) :]
        if any(one.spread for one in given):
            return (None,)
        if not given:
            return self.names.paths(path, frame)
        return tuple(self.names.text(one.value, frame) for one in given)

    def _declares(self, decorator: ir.Expr) -> bool:
        """Whether a decorator is itself a route of the same function."""
        function = decorator.function if isinstance(decorator, ir.Call) else None
        return (
            isinstance(function, ir.Attribute)
            and any(
                isinstance(word, Declare) for word in self.vocabulary.words.get(function.name, ())
            )
            and bool(decorator.arguments)  # type: ignore[union-attr]
            and isinstance(decorator.arguments[0].value, ir.Text)  # type: ignore[union-attr]
        )

    def _at(self, node: ir.Function) -> Place:
        place = self.code.place(node)
        shift = place.start - node.start
        return Place(place.path, place.unit, node.name_start + shift, node.name_end + shift)

    def word(
        self,
        call: ir.Call,
        word: Word,
        receiver: str,
        path: tuple[str | None, ...] | None,
        frame: Frame,
    ) -> bool:
        if isinstance(word, Mount):
            return self._mount(call, word, receiver, frame)
        if isinstance(word, Guard):
            return self._guard(call, word, receiver, frame)
        if isinstance(word, Attach):
            # A function of that name may also add routes to what it is given.
            self._attach(call, word.parent, receiver, frame)
            return False
        if word.middleware:
            return self._verb(call, word, receiver, path, frame)
        if word.handler is None:
            return False
        handler = _argument(call.arguments, word.handler)
        where = _argument(call.arguments, word.path)
        if where is None:
            return False
        target = self.uses.one(handler, frame) if handler is not None else None
        paths = self._paths(call, word, where, frame)
        self._declare(call, call, word, receiver, paths, target, (), frame)
        return True

    def _declare(
        self,
        at: ir.Node,
        call: ir.Call,
        word: Declare,
        receiver: str,
        paths: tuple[str | None, ...],
        target: Use | None,
        below: tuple[Use, ...],
        frame: Frame,
    ) -> None:
        arguments = {one.name: one.value for one in call.arguments if one.name}
        spread = any(one.spread for one in call.arguments)
        methods = word.methods
        if not methods:
            given = arguments.get("methods")
            listed = self.names.paths(given, frame) if given is not None else word.default
            methods = () if spread else tuple(one.upper() for one in listed if one is not None)
        guards = arguments.get(word.guards) if word.guards else None
        uses, known = self.uses.listed((guards,), frame)
        response = arguments.get(word.response) if word.response else None
        self._step(
            "route",
            receiver,
            at,
            paths=paths,
            methods=methods,
            target=target,
            uses=(*uses, *below),
            known=known and not spread,
            hidden=_is_false(arguments.get(word.hidden)),
            response=reference(response) if response is not None else "",
        )

    def _verb(
        self,
        call: ir.Call,
        word: Declare,
        receiver: str,
        path: tuple[str | None, ...] | None,
        frame: Frame,
    ) -> bool:
        values = [one.value for one in call.arguments]
        if path is None:
            if len(values) < 2:  # noqa: PLR2004 - `app.get("setting")`
                return False
            path = self.names.paths(values.pop(0), frame)
        uses, known = self.uses.flattened(
            call.arguments[len(call.arguments) - len(values) :], frame, unwrap=True
        )
        if not uses:
            return False
        *before, target = uses
        self._step(
            "route",
            receiver,
            call,
            paths=path,
            methods=word.methods,
            target=target,
            uses=tuple(before),
            known=known,
        )
        return True

    def _mount(self, call: ir.Call, word: Mount, receiver: str, frame: Frame) -> bool:
        child = _argument(call.arguments, word.child)
        if child is None:
            return False
        arguments = {one.name: one.value for one in call.arguments if one.name}
        prefix = _argument(call.arguments, word.prefix)
        uses, known = self.uses.listed(
            (arguments.get(word.guards) if word.guards else None,), frame
        )
        has_prefix = prefix is not None and not is_none(prefix)
        self._step(
            "mount",
            receiver,
            call,
            paths=(self.names.text(prefix, frame),) if has_prefix else ("",),
            target=self.uses.one(child, frame),
            uses=uses,
            known=known and not any(one.spread for one in call.arguments),
            hidden=_is_false(arguments.get(word.hidden)),
            isolated=word.isolated,
            overrides=has_prefix and word.overrides,
        )
        return True

    def _guard(self, call: ir.Call, word: Guard, receiver: str, frame: Frame) -> bool:
        if word.function is None:
            uses, known = self.uses.flattened(call.arguments, frame)
            if not self.is_python or not uses:
                return False
            self._step("guard", receiver, call, uses=tuple(uses), known=known, reach=word.reach)
            return True
        if self.is_python:
            value = _argument(call.arguments, word.function)
            use = self.uses.one(value, frame) if value is not None else None
            if use is None:
                return False
            self._step("guard", receiver, call, uses=(use,), reach=word.reach)
            return True
        arguments = list(call.arguments)
        paths: tuple[str | None, ...] = ("",)
        if arguments and self._is_path(arguments[0].value, frame, alone=len(arguments) == 1):
            paths = self.names.paths(arguments.pop(0).value, frame)
        uses, known = self.uses.flattened(arguments, frame)
        if not uses:
            return False
        self._step("use", receiver, call, paths=paths, uses=tuple(uses), known=known)
        return True

    def _is_path(self, value: ir.Expr, frame: Frame, *, alone: bool) -> bool:
        """Whether the first argument of `use` is where rather than what."""
        known = self.names.known(value, frame)
        match known:
            case ir.Text():
                return True
            case ir.Operator():
                return True
            case ir.Collection():
                return any(
                    isinstance(self.names.known(e.value, frame), ir.Text) for e in known.entries
                )
            case ir.Unknown():
                return not alone
            case ir.Attribute(name=last) | ir.Name(id=last):
                # `config.api.prefix`: constants are told from functions by their names alone.
                return not alone and any(word in last.lower() for word in _PATH_WORDS)
            case _:
                return False

    def apply(self, node: ir.Call, frame: Frame) -> None:
        """A function that is given a router: it may add to it."""
        names = []
        for argument in node.arguments:
            value = argument.value
            name = ""
            if isinstance(value, ir.Name | ir.Attribute | ir.Call):
                name = self.names.name(value, frame)
                last = name.replace("/", ".").rpartition(".")[2]
                if name not in self.keys and last not in LIKELY:
                    name = ""
            names.append(name)
        if any(names):
            callee = self.names.name(node.function, frame)
            if callee:
                self._step("apply", callee, node, arguments=tuple(names))

    def add(self, router: Router) -> None:
        if router.key not in self.keys:
            self.keys.add(router.key)
            self.routers.append(router)

    def _step(self, kind: str, receiver: str, at: ir.Node, **fields: object) -> None:
        """Add a step, whose place is the head of its call: up to its first argument."""
        first = at.arguments[0].value if isinstance(at, ir.Call) and at.arguments else None
        end = first.end if first is not None and first.start >= at.start else at.end
        if isinstance(first, ir.Lambda | ir.Collection | ir.Call):
            end = at.function.end if isinstance(at, ir.Call) else at.end
        place = self.code.place_of(at.start, end)
        conditional = self.branches > 0
        self.steps.append(Step(kind, receiver, place, is_conditional=conditional, **fields))  # type: ignore[arg-type]


def _argument(arguments: Iterable[ir.Argument], parameter: Parameter) -> ir.Expr | None:
    position = 0
    for argument in arguments:
        if argument.name:
            if argument.name == parameter.name:
                return argument.value
        elif not argument.spread:
            if position == parameter.position:
                return argument.value
            position += 1
    return None


def _is_false(value: ir.Expr | None) -> bool:
    return isinstance(value, ir.Constant) and value.value is False
