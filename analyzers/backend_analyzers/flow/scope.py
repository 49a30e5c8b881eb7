"""What the names of a module denote, seen from inside its functions.

A `Scope` is a value.  It stays *equal* while someone types inside a function body, so that the
other units of the file keep their results: it holds signatures rather than bodies, and what
comes out of a body (`self.client = httpx.Client()` in a constructor) without its offsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding, Signature, assigned, imported, signature
from backend_analyzers.source import File
from backend_analyzers.syntax import module
from backend_analyzers.versions import difference

NESTING = 40
"""How deep an expression is copied before the rest counts as unknown."""


class ClassShape(msgspec.Struct, frozen=True, gc=False):
    """A class: its bases, and what is known of the values and methods its instances have."""

    bases: tuple[ir.Expr, ...] = ()
    attributes: dict[str, tuple[Binding, ...]] = {}
    methods: dict[str, Signature] = {}
    decorators: tuple[ir.Expr, ...] = ()


class Scope(msgspec.Struct, frozen=True, gc=False):
    """The names of a module.

    `names` gives every binding of each name at module level; a name with two that disagree is
    unknown.  `attributes` holds module-level assignments to dotted names such as
    `axios.defaults.timeout`.  `exports` gives the local name, or the value, behind each exported name
    (a Python module exports what it binds and has none here).
    """

    names: dict[str, tuple[Binding, ...]] = {}
    classes: dict[str, ClassShape] = {}
    attributes: dict[str, tuple[ir.Expr, ...]] = {}
    exports: dict[str, Binding] = {}
    stars: tuple[str, ...] = ()


EMPTY = Scope()


def scope(file: File) -> Scope:
    """The scope of a file of code, computed once for each version of it."""
    if not file.language.is_code:
        return EMPTY
    return _declarations(file).scope


def declared_names(file: File, unit: ir.Unit) -> Iterator[str]:
    """The names of the module that one unit of a file gives values to."""
    for name, _ in _declarations(file).by_unit[id(unit)][1].names:
        yield name


class _Declared(msgspec.Struct, frozen=True, gc=False):
    """What one unit adds to the scope."""

    names: tuple[tuple[str, Binding], ...] = ()
    attributes: tuple[tuple[str, ir.Expr], ...] = ()
    exports: tuple[tuple[str, Binding], ...] = ()
    stars: tuple[str, ...] = ()
    member: str = ""
    method: Signature | None = None
    shape: ClassShape | None = None


_NONE = _Declared()


class _Declarations(msgspec.Struct, frozen=True):
    """What the units of one version of a file declare, and the scope that follows from it."""

    units: tuple[ir.Unit, ...]
    by_unit: dict[int, tuple[ir.Unit, _Declared]]
    scope: Scope


def _declarations(file: File) -> _Declarations:
    known = file.memo.get(_Declarations)
    if known is None:
        before = file.reused.get(_Declarations) or _Declarations((), {}, EMPTY)
        known = file.memo[_Declarations] = _updated(module(file).units, before)
    result: _Declarations = known
    return result


def _updated(units: tuple[ir.Unit, ...], before: _Declarations) -> _Declarations:
    """The declarations of a version, from those of the one before it.

    While someone types inside a function, what its unit declares stays equal, and with it the scope.
    """
    start, old_end, new_end = difference(before.units, units)
    gone, come = before.units[start:old_end], units[start:new_end]
    by_unit = dict(before.by_unit)
    old = [(unit, by_unit.pop(id(unit))[1]) for unit in gone]
    moved = {id(unit): declared for unit, declared in old}
    new = [(unit, moved.get(id(unit)) or _declared(unit)) for unit in come]
    by_unit.update((id(unit), (unit, declared)) for unit, declared in new)
    scope = before.scope
    if not before.units or _said(old) != _said(new):
        merged = _merged(by_unit[id(unit)] for unit in units)
        scope = scope if scope == merged else merged
    return _Declarations(units, by_unit, scope)


def _said(declared: Iterable[tuple[ir.Unit, _Declared]]) -> list[tuple[str, str, _Declared]]:
    """All that `_merged` looks at, of units that declare anything."""
    return [
        (unit.owner, "" if one.shape is None else unit.key, one)
        for unit, one in declared
        if unit.owner or one != _NONE
    ]


def _merged(declared: Iterable[tuple[ir.Unit, _Declared]]) -> Scope:
    names: dict[str, tuple[Binding, ...]] = {}
    attributes: dict[str, tuple[ir.Expr, ...]] = {}
    exports: dict[str, Binding] = {}
    stars: tuple[str, ...] = ()
    classes: dict[str, _Open] = {}
    for unit, one in declared:
        if unit.owner:
            classes.setdefault(unit.owner, _Open()).add(one)
            continue
        for name, binding in one.names:
            names[name] = (*names.get(name, ()), binding)
        for name, value in one.attributes:
            attributes[name] = (*attributes.get(name, ()), value)
        exports.update(one.exports)
        stars += one.stars
        if one.shape is not None:
            classes.setdefault(unit.key.partition("~")[0], _Open()).shape = one.shape
    shapes = {name: one.closed() for name, one in classes.items()}
    return Scope(names, shapes, attributes, exports, stars)


class _Open:
    """A class whose members are being collected."""

    def __init__(self) -> None:
        self.shape = ClassShape()
        self.attributes: dict[str, tuple[Binding, ...]] = {}
        self.methods: dict[str, Signature] = {}

    def add(self, declared: _Declared) -> None:
        for name, binding in declared.names:
            self.attributes[name] = (*self.attributes.get(name, ()), binding)
        if declared.method is not None:
            self.methods[declared.member] = declared.method
        elif declared.shape is not None:
            self.shape = declared.shape

    def closed(self) -> ClassShape:
        shape = self.shape
        return ClassShape(shape.bases, self.attributes, self.methods, shape.decorators)


def _declared(unit: ir.Unit) -> _Declared:
    node = unit.node
    if isinstance(node, ir.Class) and not unit.owner:
        bases = tuple(base.value for base in node.bases if not base.name and not base.spread)
        return _Declared(
            names=((node.name, Binding("class", detail=node.name)),) if node.name else (),
            shape=ClassShape(bases, decorators=node.decorators),
        )
    if unit.owner:
        return _member(node)
    names: list[tuple[str, Binding]] = []
    attributes: list[tuple[str, ir.Expr]] = []
    exports: list[tuple[str, Binding]] = []
    stars: list[str] = []
    for statement, is_nested in _statements(node):
        for name, binding in _bound(statement):
            if name == "*":
                stars.append(binding.detail)
            else:
                names.append((name, _settled(binding, is_nested)))
        if isinstance(statement, ir.Assign):
            attributes += _dotted_assignments(statement)
        elif isinstance(statement, ir.Evaluate):
            names += ((name, Binding("unknown")) for name in _assigned_inside(statement.value))
            attributes += _set_by_call(statement.value)
        elif isinstance(statement, ir.Export):
            exports += _exported(statement)
    return _Declared(tuple(names), tuple(attributes), tuple(exports), tuple(stars))


def _assigned_inside(expression: ir.Expr) -> Iterator[str]:
    if isinstance(expression, ir.Operator) and expression.operator == "=":
        target = expression.operands[0]
        if isinstance(target, ir.Name):
            yield target.id


_SETTERS = frozenset({"mount", "setdefaulttimeout"})


def _set_by_call(expression: ir.Expr) -> Iterator[tuple[str, ir.Expr]]:
    """Calls that change how a module or a session behaves from then on."""
    if isinstance(expression, ir.Call) and isinstance(expression.function, ir.Attribute):
        function = expression.function
        if function.name in _SETTERS and (name := dotted(function)) and expression.arguments:
            yield name, unplaced(expression.arguments[-1].value, {})


def _statements(node: ir.Stmt) -> Iterator[tuple[ir.Stmt, bool]]:
    """The statements that run when the module is loaded; True for those inside another."""
    stack: list[tuple[ir.Stmt, bool]] = [(node, False)]
    while stack:
        current, is_nested = stack.pop()
        yield current, is_nested
        inner: tuple[ir.Stmt, ...] = ()
        if isinstance(current, ir.Branch | ir.Loop):
            inner = (*current.body, *current.orelse)
        elif isinstance(current, ir.Try):
            handled = tuple(one for handler in current.handlers for one in handler.body)
            inner = (*current.body, *handled, *current.orelse, *current.final)
        elif isinstance(current, ir.With | ir.Other):
            inner = current.body
        stack.extend((statement, True) for statement in reversed(inner))


def _bound(statement: ir.Stmt) -> Iterator[tuple[str, Binding]]:
    """The names that a statement binds, those inside its body left out."""
    match statement:
        case ir.Import():
            for name, qualified in imported(statement):
                yield name, Binding("import", detail=qualified)
        case ir.Function(name=name) if name:
            yield name, Binding("function", detail=name, signature=signature(statement))
        case ir.Class(name=name) if name:
            yield name, Binding("class", detail=name)
        case ir.Assign(operator="", targets=targets, value=value, annotation=annotation):
            for target in targets:
                yield from assigned(target, value, 0, 0, annotation)
        case ir.Assign(targets=(ir.Name(id=name),), operator=operator):
            yield name, Binding("append" if operator == "+" else "unknown", value=statement.value)
        case ir.Loop(target=target, iterable=iterable) if target is not None:
            kind = "element" if isinstance(target, ir.Name) else "unknown"
            for name, binding in assigned(target, None, 0, 0, None):
                yield name, msgspec.structs.replace(binding, kind=kind, value=iterable)
        case ir.With(items=items):
            for item in items:
                if isinstance(item.target, ir.Name):
                    yield item.target.id, Binding("enter", value=item.context)
        case _:
            pass


def _settled(binding: Binding, is_nested: bool) -> Binding:
    """The binding without what changes while a function body is written."""
    value = binding.value
    detail = binding.detail
    if binding.kind == "function" and not detail:
        return msgspec.structs.replace(binding, after=0, block=0)
    if value is not None and (is_nested or _has_lambda(value)):
        value = unplaced(value, {})
    return msgspec.structs.replace(binding, value=value, after=0, block=0)


def _has_lambda(value: ir.Expr) -> bool:
    return any(isinstance(node, ir.Lambda) for node in ir.walk(value))


def _dotted_assignments(statement: ir.Assign) -> Iterator[tuple[str, ir.Expr]]:
    if statement.value is None or statement.operator:
        return
    for target in statement.targets:
        if isinstance(target, ir.Attribute) and (name := dotted(target)):
            yield name, unplaced(statement.value, {})


def dotted(expression: ir.Expr) -> str:
    """`a.b.c` as written, or empty when the expression is no such thing."""
    parts = []
    while isinstance(expression, ir.Attribute):
        parts.append(expression.name)
        expression = expression.value
    if not isinstance(expression, ir.Name):
        return ""
    return ".".join([expression.id, *reversed(parts)])


def _exported(statement: ir.Export) -> Iterator[tuple[str, Binding]]:
    value = statement.value
    if statement.module:
        source = value.id if isinstance(value, ir.Name) else statement.name
        separator = "" if statement.module.endswith(".") else "."
        yield (
            statement.name,
            Binding("import", detail=f"{statement.module}{separator}{source}"),
        )
    elif isinstance(value, ir.Lambda):
        yield statement.name, Binding("function", signature=signature(value.function))
    elif value is not None:
        yield statement.name, Binding("value", value=unplaced(value, {}))


def _member(node: ir.Stmt) -> _Declared:
    match node:
        case ir.Function(name=name):
            return _Declared(
                names=tuple(_instance_attributes(node)),
                member=name,
                method=signature(node),
            )
        case ir.Assign():
            found = tuple((name, _settled(one, is_nested=False)) for name, one in _bound(node))
            return _Declared(names=found)
        case ir.Class():
            return _Declared()
        case _:
            return _Declared()


def _instance_attributes(method: ir.Function) -> Iterator[tuple[str, Binding]]:
    """What a method assigns to attributes of its instance, in terms of module-level names.

    Parameters stand for their annotations, and a local name that is assigned once for its value.
    A constructor's annotated parameters count as attributes of the same name too, which is what
    TypeScript's parameter properties are; elsewhere nobody asks for them.
    """
    annotations = {one.name: one.annotation for one in method.parameters if one.name}
    local: dict[str, ir.Expr | None] = dict.fromkeys(annotations)
    found: list[tuple[str, Binding]] = []
    for statement in _body_statements(method):
        if isinstance(statement, ir.Evaluate):
            found += (
                (name.partition(".")[2], Binding("value", value=setting))
                for name, setting in _set_by_call(statement.value)
            )
        if not isinstance(statement, ir.Assign) or statement.operator:
            continue
        value = statement.value
        for target in statement.targets:
            if isinstance(target, ir.Name):
                local[target.id] = None if target.id in local else value
            elif isinstance(target, ir.Attribute) and _is_instance(target.value, method):
                annotation = statement.annotation
                if isinstance(value, ir.Name) and value.id in annotations and annotation is None:
                    annotation = annotations[value.id]
                settled = None if value is None else unplaced(value, local)
                note = None if annotation is None else unplaced(annotation, {})
                found.append((target.name, Binding("value", value=settled, annotation=note)))
    yield from found
    if method.name == "constructor":
        assigned_names = {name for name, _ in found}
        for name, annotation in annotations.items():
            if annotation is not None and name not in assigned_names:
                yield name, Binding("value", annotation=unplaced(annotation, {}))


def _is_instance(expression: ir.Expr, method: ir.Function) -> bool:
    if not isinstance(expression, ir.Name):
        return False
    if expression.id == "this":
        return True
    return bool(method.parameters) and expression.id == method.parameters[0].name == "self"


def _body_statements(function: ir.Function) -> Iterator[ir.Stmt]:
    for statement in function.body:
        for inner, _ in _statements(statement):
            yield inner


def unplaced(
    expression: ir.Expr, local: dict[str, ir.Expr | None], depth: int = NESTING
) -> ir.Expr:
    """The expression without offsets and functions; `local` names are replaced by their values."""
    if depth <= 0:
        return _NOTHING
    match expression:
        case ir.Name(id=name):
            if name not in local:
                return ir.Name(0, 0, name)
            value = local[name]
            return _NOTHING if value is None else unplaced(value, {**local, name: None}, depth - 1)
        case ir.Lambda():
            return _NOTHING
        case _:
            copied = _copied(expression, local, depth)
            assert not isinstance(copied, ir.Node) or copied.start == 0
            return copied  # type: ignore[return-value]


_NOTHING = ir.Unknown(0, 0)


def _copied(node: ir.Node, local: dict[str, ir.Expr | None], depth: int) -> ir.Node:
    values: list[object] = []
    for name in node.__struct_fields__[2:]:
        value = getattr(node, name)
        if isinstance(value, ir.Node):
            value = _copy(value, local, depth)
        elif isinstance(value, tuple):
            value = tuple(_copy(one, local, depth) for one in value)
        elif name == "name_start":
            value = 0
        values.append(value)
    return type(node)(0, 0, *values)


def _copy(node: ir.Node, local: dict[str, ir.Expr | None], depth: int) -> ir.Node:
    if isinstance(node, ir.Argument | ir.Chunk | ir.Hole | ir.Entry | ir.Generator):
        return _copied(node, local, depth - 1)
    return unplaced(node, local, depth - 1)  # type: ignore[arg-type]
