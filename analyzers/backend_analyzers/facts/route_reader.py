"""Reads the routing of one unit: walks its statements in order and names what they do to routers."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers import ir
from backend_analyzers.fact import unit_fact
from backend_analyzers.facts.route_declarations import RouteDeclarations, Router
from backend_analyzers.facts.route_names import Frame, Names
from backend_analyzers.facts.route_words import LIKELY, Recorder
from backend_analyzers.flow.code import Code
from backend_analyzers.libraries.frameworks import Vocabulary, vocabulary
from backend_analyzers.libraries.routing import Declare


@unit_fact
def unit_declarations(code: Code) -> RouteDeclarations:
    """What one unit says about routing."""
    if not _is_relevant(code):
        return _NOTHING
    reader = _Reader(code)
    owner = code.unit.owner
    frame = Frame("", {}, None)
    reader.statement(code.unit.node, frame, owner)
    return RouteDeclarations(
        tuple(reader.record.routers), tuple(reader.record.steps), reader.returns, reader.texts
    )


_DEEPEST = 30
_DEEPEST_TEXT = 3
_LONGEST_PATH = 200
_MOST_UNROLLED = 60


_NOTHING = RouteDeclarations()


def _is_relevant(code: Code) -> bool:
    """A cheap look before the walk: most functions have nothing to do with routing."""
    if not isinstance(code.unit.node, ir.Function):
        return True
    words = vocabulary(code.language)
    is_python = not code.language.is_ecmascript
    if any(_may_route(site.call, words, is_python=is_python) for site in code.calls()):
        return True
    for context in code.functions():
        for decorator in context.node.decorators if context.node is not None else ():
            named = decorator.function if isinstance(decorator, ir.Call) else decorator
            if isinstance(named, ir.Attribute) and named.name in words.words:
                return True
    last = code.unit.node.body[-1] if code.unit.node.body else None
    return isinstance(last, ir.Return) and isinstance(last.value, ir.Name | ir.Attribute | ir.Call)


def _may_route(call: ir.Call, words: Vocabulary, *, is_python: bool) -> bool:
    function = call.function
    name = ""
    if isinstance(function, ir.Attribute):
        name = function.name
        for word in words.words.get(name, ()):
            if not is_python:
                return name == "use" or len(call.arguments) > 1
            if not isinstance(word, Declare) or word.handler is not None:
                return True
    elif isinstance(function, ir.Name):
        name = function.id
    if name in words.constructors or (name == "route" and not is_python):
        return True
    for argument in call.arguments:
        value = argument.value
        last = value.id if isinstance(value, ir.Name) else ""
        if (value.name if isinstance(value, ir.Attribute) else last) in LIKELY:
            return True
    return False


class _Reader:
    """The state of one walk over a unit."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.names = Names(code)
        self.record = Recorder(code, self.names)
        self.returns: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.depth = 0

    # Statements ----------------------------------------------------------------------------

    def statements(self, body: Iterable[ir.Stmt], frame: Frame, owner: str) -> None:
        for statement in body:
            self.statement(statement, frame, owner)

    def statement(self, node: ir.Stmt, frame: Frame, owner: str) -> None:
        if self.depth > _DEEPEST:
            return
        self.depth += 1
        match node:
            case ir.Import():
                self._import(node, frame)
            case ir.Assign():
                self._assign(node, frame, owner)
            case ir.Evaluate():
                self.expression(node.value, frame)
            case ir.Function():
                self._function(node, frame, owner)
            case ir.Class():
                inner = f"{owner}.{node.name}" if owner else node.name
                for decorator in node.decorators:
                    if not self.record.class_decorator(decorator, node, inner, frame):
                        self.expression(decorator, frame)
                self.statements(node.body, frame, inner)
            case ir.Branch():
                self.expression(node.test, frame)
                self.record.branches += 1
                self.statements((*node.body, *node.orelse), frame, owner)
                self.record.branches -= 1
            case ir.Loop():
                self._loop(node, frame, owner)
            case ir.Try():
                self.statements(node.body, frame, owner)
                for handler in node.handlers:
                    self.statements(handler.body, frame, owner)
                self.statements((*node.orelse, *node.final), frame, owner)
            case ir.With():
                self.statements(node.body, frame, owner)
            case ir.Return():
                if node.value is not None:
                    self._return(node.value, frame)
            case ir.Export():
                self._export(node, frame)
            case ir.Other():
                for expression in node.expressions:
                    self.expression(expression, frame)
                self.statements(node.body, frame, owner)
            case ir.Raise() | ir.Jump():
                pass
        self.depth -= 1

    def _import(self, node: ir.Import, frame: Frame) -> None:
        if frame.around is not None:
            for one in node.names:
                frame.names[one.alias] = f"{node.module}:{one.name}"

    def _assign(self, node: ir.Assign, frame: Frame, owner: str) -> None:
        if node.value is None:
            return
        target = node.targets[0] if node.targets else None
        key = self.names.key(target, frame, owner)
        if key and isinstance(node.value, ir.Lambda):
            self._lambda(node.value, frame, key)
            if isinstance(target, ir.Name) and frame.around is not None:
                frame.names[target.id] = node.value
            return
        made = self._made(node.value, key, frame) if key else ""
        if not made:
            self.expression(node.value, frame)
        if key and not made and not frame.function:
            self._texts(key, node.value, frame, 0)
        for one in node.targets:
            if isinstance(one, ir.Name) and frame.around is not None:
                frame.names[one.id] = made or node.value
            elif isinstance(one, ir.Collection):
                for name in ir.walk(one):
                    if isinstance(name, ir.Name) and frame.around is not None:
                        frame.names[name.id] = None

    def _texts(self, key: str, value: ir.Expr, frame: Frame, depth: int) -> None:
        """The constants, also those inside objects, that a path elsewhere may be made of."""
        if isinstance(value, ir.Collection) and value.kind == "mapping" and depth < _DEEPEST_TEXT:
            for entry in value.entries:
                if isinstance(entry.key, ir.Text) and (name := entry.key.constant):
                    self._texts(f"{key}.{name}", entry.value, frame, depth + 1)
        elif isinstance(value, ir.Text | ir.Operator):
            text = self.names.text(value, frame)
            if text is not None and "\0" not in text and len(text) < _LONGEST_PATH:
                self.texts[key] = text

    def _function(self, node: ir.Function, frame: Frame, owner: str) -> None:
        name = node.name
        if frame.function:
            frame.names[name] = ir.Lambda(node.start, node.end, node)
            name = f"{frame.function}.{name}"
        elif owner:
            name = f"{owner}.{name}"
        for number, decorator in enumerate(node.decorators):
            self.record.decorator(decorator, node, name, number, frame)
        self._body(node, name, frame)

    def _body(self, node: ir.Function, name: str, frame: Frame) -> None:
        inner = Frame(name, {}, frame)
        parameters = node.parameters
        if parameters and parameters[0].name in {"self", "cls"}:
            parameters = parameters[1:]
        for position, parameter in enumerate(parameters):
            if parameter.name:
                inner.names[parameter.name] = f"{name}/{parameter.name}"
                self._parameter(parameter, position, name)
        self.statements(node.body, inner, self.code.unit.owner)

    def _parameter(self, parameter: ir.Parameter, position: int, function: str) -> None:
        annotation = self.names.qualified(parameter.annotation) if parameter.annotation else ""
        kind, framework = self.record.vocabulary.types.get(annotation, ("", ""))
        if kind or parameter.name in LIKELY:
            self.record.add(
                Router(
                    key=f"{function}/{parameter.name}",
                    kind="parameter",
                    framework=framework,
                    place=self.code.place(parameter),
                    sure=bool(kind),
                    function=function,
                    position=position,
                )
            )

    def _lambda(self, node: ir.Lambda, frame: Frame, name: str) -> None:
        self._body(node.function, name, frame)

    def _loop(self, node: ir.Loop, frame: Frame, owner: str) -> None:
        elements = self.names.elements(node.iterable, frame) if node.iterable is not None else None
        if elements is None or not isinstance(node.target, ir.Name | ir.Collection):
            self.statements((*node.body, *node.orelse), frame, owner)
            return
        for element in elements[:_MOST_UNROLLED]:
            inner = Frame(frame.function, self.names.bound(node.target, element), frame)
            self.statements(node.body, inner, owner)

    def _return(self, value: ir.Expr, frame: Frame) -> None:
        name = self._made(value, f"{frame.function}/return", frame) or self.names.name(value, frame)
        if not name:
            self.expression(value, frame)
        elif frame.function:
            self.returns.setdefault(frame.function, name)
            if isinstance(value, ir.Call):
                self.expression(value, frame)

    def _export(self, node: ir.Export, frame: Frame) -> None:
        name = node.name or "="
        if node.value is None or node.module:
            return
        if isinstance(node.value, ir.Lambda):
            self._lambda(node.value, frame, name)
        elif not self._made(node.value, name, frame):
            self._texts(name, node.value, frame, 0)
            self.expression(node.value, frame)

    # Expressions ---------------------------------------------------------------------------

    def expression(self, node: ir.Node, frame: Frame) -> None:
        """Read the calls inside an expression, in the order in which they run."""
        if self.depth > _DEEPEST * 2:
            return
        self.depth += 1
        if isinstance(node, ir.Lambda):
            self._lambda(node, frame, f"{frame.function or self.code.unit.key}.<{node.start}>")
        elif isinstance(node, ir.Call):
            self._call(node, frame)
        else:
            for child in ir.children(node):
                self.expression(child, frame)
        self.depth -= 1

    def _call(self, node: ir.Call, frame: Frame) -> None:
        if isinstance(node.function, ir.Attribute):
            self.expression(node.function.value, frame)
        elif not isinstance(node.function, ir.Name):
            self.expression(node.function, frame)
        if self._unrolled(node, frame):
            return
        for argument in node.arguments:
            self.expression(argument.value, frame)
        if self._made(node, f"{self.code.unit.key}@{node.start}", frame):
            return
        if isinstance(node.function, ir.Attribute):
            receiver, path = self.record.receiver(node.function.value, frame)
            if receiver:
                for word in self.record.vocabulary.words.get(node.function.name, ()):
                    if self.record.word(node, word, receiver, path, frame):
                        return
        self.record.apply(node, frame)

    def _unrolled(self, node: ir.Call, frame: Frame) -> bool:
        """`[…].forEach(router => app.use(router))`."""
        function = node.function
        if not isinstance(function, ir.Attribute) or function.name not in {"forEach", "map"}:
            return False
        callback = node.arguments[0].value if node.arguments else None
        elements = self.names.elements(function.value, frame)
        if elements is None or not isinstance(callback, ir.Lambda):
            return False
        parameters = callback.function.parameters
        for element in elements[:_MOST_UNROLLED]:
            target = (
                (parameters[0].pattern or ir.Name(0, 0, parameters[0].name)) if parameters else None
            )
            names = self.names.bound(target, element) if target is not None else {}
            self.statements(
                callback.function.body, Frame(frame.function, names, frame), self.code.unit.owner
            )
        return True

    def _made(self, value: ir.Expr, key: str, frame: Frame) -> str:
        """The name of the router that an expression makes: `key`, unless it has one already."""
        if isinstance(value, ir.Await):
            return self._made(value.value, key, frame)
        if not isinstance(value, ir.Call):
            return ""
        known = self.names.made_by(value)
        if known is not None:
            return known
        if self.record.create(value, key, frame):
            for argument in value.arguments:
                self.expression(argument.value, frame)
            return key
        base = self._chain_base(value, frame)
        if base is None or not self.record.create(base, key, frame):
            return ""
        self.expression(value, frame)
        return key

    def _chain_base(self, value: ir.Call, frame: Frame) -> ir.Call | None:
        """The constructor call that `express().use(…).use(…)` begins with."""
        inner: ir.Expr = value
        for _ in range(_DEEPEST):
            if not (isinstance(inner, ir.Call) and isinstance(inner.function, ir.Attribute)):
                return None
            if inner.function.name not in self.record.vocabulary.words:
                return None
            inner = inner.function.value
            if (
                isinstance(inner, ir.Call)
                and self.record.constructor(inner.function, frame) in self.record.vocabulary.creates
            ):
                return inner
        return None
