"""What names denote and which types values have, within one unit and its module's scope.

Types are qualified names (`httpx.Client`).  What the module itself defines begins with a colon
(`:Orders`, `:Orders.create`), so that it cannot be taken for a library's.  The empty text is
"unknown", and so is whatever has two possible answers.

`here` says whether an expression belongs to the unit; one that comes from the scope is evaluated
among the module's names only, whatever the names of the function that led to it.
"""

from __future__ import annotations

import builtins
import itertools
import re
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding, Signature
from backend_analyzers.flow.outline import Block, Outline
from backend_analyzers.flow.scope import ClassShape, Scope
from backend_analyzers.libraries.tables import Tables

DEPTH = 24
"""How many steps from name to value are followed."""

_GLOBALS = frozenset(dir(builtins)) | frozenset(
    {
        "Array",
        "Buffer",
        "Date",
        "Error",
        "JSON",
        "Map",
        "Math",
        "Number",
        "Object",
        "Promise",
        "RegExp",
        "Response",
        "Request",
        "Set",
        "String",
        "AbortController",
        "AbortSignal",
        "URL",
        "URLSearchParams",
        "console",
        "document",
        "encodeURIComponent",
        "fetch",
        "globalThis",
        "parseFloat",
        "parseInt",
        "process",
        "queueMicrotask",
        "require",
        "setImmediate",
        "setInterval",
        "setTimeout",
        "structuredClone",
        "window",
    }
)
_CONTAINERS = frozenset({"list", "dict", "tuple", "set", "Array", "Map", "Set", "Record"})
_TRANSPARENT = frozenset(
    {
        "Annotated",
        "Optional",
        "Final",
        "ClassVar",
        "Required",
        "NotRequired",
        "Awaitable",
        "Coroutine",
        "Promise",
        "Readonly",
        "Partial",
        "NonNullable",
        "Awaited",
        "AsyncIterator",
        "AsyncGenerator",
        "Iterator",
        "Generator",
        "AsyncIterable",
    }
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class Origin(NamedTuple):
    """The call that made a value."""

    call: ir.Call
    here: bool


class Names:
    """Resolves names and types; results are kept by the identity of the expression."""

    def __init__(self, outline: Outline, scope: Scope, tables: Tables) -> None:
        self.outline = outline
        self.scope = scope
        self.tables = tables
        self._names: dict[int, str] = {}
        self._types: dict[int, str] = {}

    # Bindings -----------------------------------------------------------------------------------

    def bindings(self, name: str, at: int, here: bool) -> tuple[list[Binding], bool]:
        """The bindings of `name` that may hold at an offset, and whether they are of the unit."""
        outline = self.outline
        if here:
            block = outline.block_at(at)
            function = outline.functions[block.function]
            own = function.number
            while function.number:
                known = outline.bindings[function.number].get(name)
                if known is not None:
                    if function.number != own:
                        return known, True
                    return self._reaching(known, at, block), True
                function = outline.functions[function.parent]
        return list(self.scope.names.get(name, ())), False

    def _reaching(self, known: list[Binding], at: int, block: Block) -> list[Binding]:
        """The bindings that an offset may see: the last that must hold, and the possible ones since."""
        outline = self.outline
        found: list[Binding] = []
        definite: Binding | None = None
        ordered = sorted(known, key=lambda one: one.after)
        for binding in reversed(ordered):
            if binding.after > at:
                continue
            if outline.is_within(block.number, binding.block):
                found.append(binding)
                if binding.kind != "append":
                    definite = binding
                    break
            elif not self._is_over(binding, block):
                found.append(binding)
        found.reverse()
        later = [
            one for one in ordered if one.after > at and self._comes_round(one, block, definite)
        ]
        return found + later

    def _is_over(self, binding: Binding, block: Block) -> bool:
        """Whether a binding of an earlier block cannot reach this one."""
        outline = self.outline
        around = {block.number}
        while block.number:
            block = outline.blocks[block.parent]
            around.add(block.number)
        bound = outline.blocks[binding.block]
        choices = {outline.blocks[number].choice for number in around} - {0}
        while bound.number not in around:
            if bound.exits or bound.kind == "comprehension":
                return True
            if bound.choice in choices:
                return True
            if bound.kind == "handler" and binding.detail == "exception":
                return True
            bound = outline.blocks[bound.parent]
        return False

    def _comes_round(self, binding: Binding, block: Block, definite: Binding | None) -> bool:
        """Whether a later binding reaches back because both stand in one loop."""
        outline = self.outline
        if binding.kind == "append":
            return False
        number = block.number
        while number:
            current = outline.blocks[number]
            if current.kind == "loop" and outline.is_within(binding.block, number):
                return definite is None or not outline.is_within(definite.block, number)
            if current.kind == "function":
                return False
            number = current.parent
        return False

    # Names --------------------------------------------------------------------------------------

    def name(self, expression: ir.Expr, here: bool = True, depth: int = DEPTH) -> str:
        """The qualified name of what an expression denotes, or empty."""
        key = id(expression)
        known = self._names.get(key)
        if known is None:
            self._names[key] = ""
            found = self._name(expression, here, depth) if depth > 0 else ""
            known = self._names[key] = self.tables.aliases.get(found, found)
        return known

    def _name(self, expression: ir.Expr, here: bool, depth: int) -> str:
        match expression:
            case ir.Name(id=name):
                found, local = self.bindings(name, expression.start, here)
                if found:
                    return self._agreed(
                        [self._binding_name(name, one, local, depth - 1) for one in found]
                    )
                return name if name in _GLOBALS else ""
            case ir.Attribute(value=value, name=name):
                owner = self.type(value, here, depth - 1)
                if owner:
                    return self.member(owner, name)
                base = self.name(value, here, depth - 1)
                if base.startswith(":"):
                    is_class = base[1:] in self.scope.classes
                    return self.member(base, name) if is_class else ""
                return f"{base}.{name}" if base else ""
            case ir.Index(value=value):
                # A generic class (`Pool[Record]`) is that class.
                base = self.name(value, here, depth - 1)
                return base if base.lstrip(":") in self.scope.classes or self._is_type(base) else ""
            case ir.Await(value=value):
                return self.name(value, here, depth - 1)
            case ir.Call(function=ir.Name(id="require"), arguments=(ir.Argument(value=ir.Text()),)):
                module = expression.arguments[0].value
                assert isinstance(module, ir.Text)
                return (module.constant or "").removeprefix("node:")
            case _:
                return ""

    def _binding_name(self, name: str, binding: Binding, here: bool, depth: int) -> str:
        match binding.kind:
            case "import":
                return binding.detail
            case "function" | "class":
                return f":{binding.detail or name}"
            case "value" if isinstance(binding.value, ir.Name | ir.Attribute):
                return self.name(binding.value, here, depth)
            case "value" if isinstance(binding.value, ir.Call):
                return self._called_import(binding.value, here, depth)
            case "property" if binding.value is not None:
                base = self.type(binding.value, here, depth) or self.name(
                    binding.value, here, depth
                )
                return f"{base}.{binding.detail}" if base else ""
            case _:
                return ""

    def _called_import(self, call: ir.Call, here: bool, depth: int) -> str:
        """`const fetch = promisify(exec)` and the like denote what they wrap."""
        wrapper = self.name(call.function, here, depth)
        if wrapper in {"util.promisify", "functools.partial"} and call.arguments:
            return self.name(call.arguments[0].value, here, depth)
        return ""

    def _is_type(self, name: str) -> bool:
        return bool(name) and self.tables.returns.get(name) == name

    def member(self, owner: str, name: str) -> str:
        """The qualified name of an attribute of a type, found in its bases if it has it from them."""
        for _ in range(DEPTH):
            if not owner.startswith(":"):
                break
            shape = self.scope.classes.get(owner[1:])
            if shape is None or name in shape.methods or name in shape.attributes:
                break
            base = self._base(shape)
            if not base:
                break
            owner = base
        return self._inherited(f"{owner}.{name}")

    def _inherited(self, qualified: str) -> str:
        """The name under which a library's table knows an inherited method."""
        tables = self.tables
        owner, _, name = qualified.rpartition(".")
        for _ in range(DEPTH):
            candidate = f"{owner}.{name}"
            if candidate in tables.calls or candidate in tables.returns:
                return candidate
            base = tables.bases.get(owner)
            if base is None:
                break
            owner = base
        return qualified

    def _base(self, shape: ClassShape) -> str:
        """The first base whose name is known."""
        for base in shape.bases:
            found = self.name(base, here=False)
            if found:
                return found
        return ""

    def _agreed(self, answers: list[str]) -> str:
        distinct = set(answers)
        return answers[0] if len(distinct) == 1 else ""

    # Types --------------------------------------------------------------------------------------

    def type(self, expression: ir.Expr, here: bool = True, depth: int = DEPTH) -> str:
        """The type of a value, or empty."""
        key = id(expression)
        known = self._types.get(key)
        if known is None:
            self._types[key] = ""
            found = self._type(expression, here, depth) if depth > 0 else ""
            known = self._types[key] = self.tables.aliases.get(found, found)
        return known

    def _type(self, expression: ir.Expr, here: bool, depth: int) -> str:
        match expression:
            case ir.Name(id="self" | "cls" | "this"):
                return self._own_type(expression, here)
            case ir.Name(id=name):
                found, local = self.bindings(name, expression.start, here)
                typed = [one for one in found if not _is_nothing(one)]
                if typed and typed[0].kind == "parameter" and local:
                    conventional = self._conventional(name, expression.start)
                    if conventional:
                        return conventional
                return self._agreed(
                    [self.binding_type(one, local, depth - 1) for one in typed] or [""]
                )
            case ir.Call():
                return self._call_type(expression, here, depth - 1)
            case ir.Await(value=value):
                return self.type(value, here, depth - 1)
            case ir.Attribute(value=value, name=name):
                return self._attribute_type(value, name, here, depth - 1)
            case ir.Operator(operator=":=" | "=", operands=(_, value)):
                return self.type(value, here, depth - 1)
            case ir.Operator(operator="or" | "||" | "??" | "??=" | "||=", operands=operands):
                return self._agreed([self.type(one, here, depth - 1) for one in operands])
            case ir.Operator(operator="/", operands=(left, _)):
                return self.type(left, here, depth - 1)
            case ir.Operator(operator="?:", operands=(_, *branches)):
                chosen = [one for one in branches if not _is_none(one)]
                return self._agreed([self.type(one, here, depth - 1) for one in chosen] or [""])
            case _:
                return ""

    def _own_type(self, expression: ir.Name, here: bool) -> str:
        """The type of `self`, `cls` or `this`: the class around the method."""
        if not here:
            return ""
        function = self.outline.functions[self.outline.block_at(expression.start).function]
        if expression.id != "this":
            while function.number and all(one.name != expression.id for one in function.parameters):
                function = self.outline.functions[function.parent]
        owner = self.outline.functions[0].owner or function.owner
        return f":{owner}" if owner else ""

    def _conventional(self, name: str, at: int) -> str:
        """The type of an untyped parameter by what it and its neighbour are called."""
        conventions = self.tables.conventions
        if not conventions:
            return ""
        function = self.outline.functions[self.outline.block_at(at).function]
        while function.number and all(one.name != name for one in function.parameters):
            function = self.outline.functions[function.parent]
        for first, second in itertools.pairwise(function.parameters):
            if first.annotation is None and second.annotation is None:
                found = conventions.get((first.name, second.name))
                if found is not None and name in {first.name, second.name}:
                    return found[first.name != name]
        return ""

    def binding_type(self, binding: Binding, here: bool, depth: int = DEPTH) -> str:
        """The type of what a binding gives its name."""
        if binding.annotation is not None:
            found = self.annotated(binding.annotation, here, depth)
            if found:
                return found
        if binding.detail in {"*", "**"}:
            return ""
        value = binding.value
        if value is None:
            return ""
        match binding.kind:
            case "value" | "parameter":
                return self.type(value, here, depth)
            case "enter":
                entered = self.type(value, here, depth)
                return self.tables.returns.get(f"{entered}.__enter__", entered)
            case "property":
                return self._attribute_type(value, binding.detail, here, depth)
            case _:
                return ""

    def _call_type(self, call: ir.Call, here: bool, depth: int) -> str:
        callee = self.callee(call, here, depth)
        if not callee:
            return ""
        if not callee.startswith(":"):
            if callee in {"fastapi.Depends", "fastapi.Security"} and call.arguments:
                return self._dependency(call.arguments[0].value, here, depth)
            return self.tables.returns.get(callee, "")
        if callee[1:] in self.scope.classes:
            return callee
        signature = self.signature(callee)
        if signature is None or signature.returns is None:
            return ""
        return self.annotated(signature.returns, here=False, depth=depth)

    def callee(self, call: ir.Call, here: bool = True, depth: int = DEPTH) -> str:
        """The qualified name of what a call calls: `Type.__call__` for an object that is called."""
        name = self.name(call.function, here, depth)
        if name or not isinstance(call.function, ir.Name | ir.Attribute):
            return name
        owner = self.type(call.function, here, depth)
        return f"{owner}.__call__" if owner else ""

    def _dependency(self, value: ir.Expr, here: bool, depth: int) -> str:
        signature = self.signature(self.name(value, here, depth))
        if signature is None or signature.returns is None:
            return ""
        return self.annotated(signature.returns, here=False, depth=depth)

    def signature(self, qualified: str) -> Signature | None:
        """The signature of a function or method that this module defines."""
        if not qualified.startswith(":"):
            return None
        found = self.scope.names.get(qualified[1:], ())
        if len(found) == 1:
            return found[0].signature
        owner, _, name = qualified[1:].rpartition(".")
        shape = self.scope.classes.get(owner)
        return shape.methods.get(name) if shape is not None else None

    def _attribute_type(self, value: ir.Expr, name: str, here: bool, depth: int) -> str:
        owner = self.type(value, here, depth)
        if not owner:
            base = self.name(value, here, depth)
            if base.startswith(":"):
                owner = base
            else:
                return self._known_attribute(base, name) if base else ""
        for binding in self.attribute_bindings(owner, name):
            return binding
        return self._returned_attribute(owner, name)

    def attribute_bindings(self, owner: str, name: str) -> list[str]:
        """The type of an attribute that a class of this module has, as a list of one, or nothing."""
        for _ in range(DEPTH):
            shape = self.scope.classes.get(owner[1:]) if owner.startswith(":") else None
            if shape is None:
                return []
            known = [one for one in shape.attributes.get(name, ()) if not _is_nothing(one)]
            if known:
                return [self._agreed([self.binding_type(one, here=False) for one in known])]
            owner = self._base(shape)
        return []

    def _returned_attribute(self, owner: str, name: str) -> str:
        owner = self.member(owner, name).rpartition(".")[0]
        return self._known_attribute(owner, name)

    def _known_attribute(self, owner: str, name: str) -> str:
        attributes = self.tables.attributes
        for _ in range(DEPTH):
            found = attributes.get(f"{owner}.{name}")
            if found is None and not name.startswith("$"):
                found = attributes.get(f"{owner}.*")
            if found is not None:
                return found
            owner = self.tables.bases.get(owner, "")
            if not owner:
                break
        return ""

    # Annotations --------------------------------------------------------------------------------

    def annotated(self, annotation: ir.Expr, here: bool, depth: int = DEPTH) -> str:
        """The type that an annotation names; optional types count as the type itself."""
        if depth <= 0:
            return ""
        match annotation:
            case ir.Name(id=name):
                resolved = self.name(annotation, here, depth)
                return self._canonical(resolved or (name if name.islower() else ""))
            case ir.Attribute():
                return self._canonical(self.name(annotation, here, depth))
            case ir.Text():
                return self._quoted(annotation.constant or "", annotation.start, here, depth)
            case ir.Index(value=value, index=index):
                return self._generic(value, index, here, depth)
            case ir.Operator(operator="|", operands=operands):
                sides = [one for one in operands if not _is_none(one)]
                return self.annotated(sides[0], here, depth - 1) if len(sides) == 1 else ""
            case _:
                return ""

    def _generic(self, value: ir.Expr, index: ir.Expr, here: bool, depth: int) -> str:
        last = value.name if isinstance(value, ir.Attribute) else getattr(value, "id", "")
        if last in _TRANSPARENT:
            if isinstance(index, ir.Collection) and index.entries:
                index = index.entries[0].value
            return self.annotated(index, here, depth - 1)
        if last == "Union" and isinstance(index, ir.Collection):
            sides = [one.value for one in index.entries if not _is_none(one.value)]
            return self.annotated(sides[0], here, depth - 1) if len(sides) == 1 else ""
        return "" if last in _CONTAINERS else self.annotated(value, here, depth - 1)

    def _quoted(self, text: str, at: int, here: bool, depth: int) -> str:
        text = text.strip().removesuffix("| None").strip()
        if not _DOTTED.fullmatch(text):
            return ""
        first, *rest = text.split(".")
        expression: ir.Expr = ir.Name(at, at, first)
        for part in rest:
            expression = ir.Attribute(at, at, expression, part, at)
        # Not kept by identity: the expression does not live as long as its result would.
        found = self._name(expression, here, depth)
        self._forget(expression)
        return self._canonical(found)

    def _forget(self, expression: ir.Expr) -> None:
        for node in ir.walk(expression):
            self._names.pop(id(node), None)
            self._types.pop(id(node), None)

    def _canonical(self, name: str) -> str:
        return self.tables.aliases.get(name, name)

    # Origins ------------------------------------------------------------------------------------

    def origin(self, expression: ir.Expr, here: bool = True, depth: int = DEPTH) -> Origin | None:
        """The call that made the object which an expression denotes, when there is just one."""
        if depth <= 0:
            return None
        match expression:
            case ir.Call():
                return Origin(expression, here)
            case ir.Await(value=value):
                return self.origin(value, here, depth - 1)
            case ir.Name(id=name):
                found, local = self.bindings(name, expression.start, here)
                return self._only_origin(found, local, depth)
            case ir.Attribute(value=value, name=name):
                owner = self.type(value, here)
                shape = self.scope.classes.get(owner[1:]) if owner.startswith(":") else None
                if shape is None:
                    return None
                known = [one for one in shape.attributes.get(name, ()) if not _is_nothing(one)]
                return self._only_origin(known, False, depth)
            case _:
                return None

    def _only_origin(self, found: list[Binding], here: bool, depth: int) -> Origin | None:
        known = [one for one in found if not _is_nothing(one)]
        if len(known) != 1 or known[0].kind not in {"value", "enter"} or known[0].value is None:
            return None
        return self.origin(known[0].value, here, depth - 1)


def _is_none(expression: ir.Expr) -> bool:
    if isinstance(expression, ir.Name):
        return expression.id in {"None", "null", "undefined"}
    return isinstance(expression, ir.Constant) and expression.value is None


def _is_nothing(binding: Binding) -> bool:
    """`client = None`, or a bare `let client`: a placeholder that says nothing about the type."""
    if binding.kind != "value" or binding.annotation is not None:
        return False
    return binding.value is None or _is_none(binding.value)
