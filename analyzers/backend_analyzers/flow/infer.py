"""What names denote and which types values have, within one unit and its module's scope.

Types are qualified names (`httpx.Client`).  What the module itself defines begins with a colon
(`:Orders`, `:Orders.create`), so that it cannot be taken for a library's.  The empty text is
"unknown", and so is whatever has two possible answers.

`here` says whether an expression belongs to the unit; one that comes from the scope is evaluated
among the module's names only, whatever the names of the function that led to it.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.flow.annotations import annotated, is_none
from backend_analyzers.flow.bindings import Binding, Signature
from backend_analyzers.flow.blocks import Outline
from backend_analyzers.flow.free_names import FREE_NAMES
from backend_analyzers.flow.lookup import Lookup
from backend_analyzers.flow.scope import ClassShape, Scope
from backend_analyzers.libraries.tables import Tables

DEPTH = 24
"""How many steps from name to value are followed."""


class Origin(NamedTuple):
    """The call that made a value."""

    call: ir.Call
    here: bool


class Names(Lookup):
    """Resolves names and types; results are kept by the identity of the expression."""

    def __init__(self, outline: Outline, scope: Scope, tables: Tables) -> None:
        super().__init__(outline, scope)
        self.tables = tables
        self._names: dict[int, str] = {}
        self._types: dict[int, str] = {}

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
                return name if name in FREE_NAMES else ""
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
                chosen = [one for one in branches if not is_none(one)]
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
            found = annotated(self, binding.annotation, here, depth)
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
        return annotated(self, signature.returns, here=False, depth=depth)

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
        return annotated(self, signature.returns, here=False, depth=depth)

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

    def name_for_once(self, expression: ir.Expr, here: bool, depth: int) -> str:
        """The name of an expression that will not live: nothing is kept by its identity."""
        found = self._name(expression, here, depth)
        for node in ir.walk(expression):
            self._names.pop(id(node), None)
            self._types.pop(id(node), None)
        return found

    def alias(self, name: str) -> ir.Expr | None:
        """What a module-level name for a type stands for: `Database = Annotated[Session, …]`."""
        found = self.scope.names.get(name, ())
        if len(found) == 1 and found[0].kind == "value":
            return found[0].value
        return None

    def canonical(self, name: str) -> str:
        """The spelling of a name that the tables use."""
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


def _is_nothing(binding: Binding) -> bool:
    """`client = None`, or a bare `let client`: a placeholder that says nothing about the type."""
    if binding.kind != "value" or binding.annotation is not None:
        return False
    return binding.value is None or is_none(binding.value)
