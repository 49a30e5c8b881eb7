"""Expressions of a unit as terms, with local names replaced by what they stand for."""

from __future__ import annotations

import msgspec

from backend_analyzers import ir
from backend_analyzers.facts.django.terms import Term, constant_term, reference
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.code import MISSING, Code
from backend_analyzers.flow.fold import Value, _Missing

_DEEPEST = 20

_LARGEST = 600
"""Nodes of one chain; a larger one is left out."""


class ChainReader:
    """Reads expressions with local names replaced by what they stand for."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.followed: set[int] = set()
        """Values of names that chains go on from."""
        self._left = 0
        self._open: set[int] = set()

    def read(self, expression: ir.Expr) -> Term | None:
        """The expression as a term, None when it is too large."""
        self._left = _LARGEST
        found = self._read(expression, _DEEPEST)
        return found if self._left > 0 else None

    def _read(self, expression: ir.Expr, depth: int) -> Term:
        at = (expression.start, expression.end)
        self._left -= 1
        if depth <= 0 or self._left <= 0:
            return Term("unknown", *at)
        match expression:
            case ir.Constant(value=value):
                return constant_term(at, value)
            case ir.Text():
                text = self.code.text_of(expression)
                constant = text.constant if text is not None else None
                return constant_term(at, constant) if constant is not None else Term("unknown", *at)
            case ir.Name():
                return self._name(expression, at, depth)
            case ir.Attribute():
                return self._attribute(expression, at, depth)
            case ir.Call():
                return self._call(expression, at, depth)
            case ir.Collection(kind="mapping"):
                return Term("unknown", *at)
            case ir.Collection(entries=entries):
                if len(entries) > _LARGEST // 4 or any(entry.spread for entry in entries):
                    return Term("unknown", *at)
                return Term(
                    "list", *at, parts=tuple(self._read(e.value, depth - 1) for e in entries)
                )
            case ir.Operator(operator=operator, operands=operands):
                folded = self.code.constant(expression)
                if folded is not MISSING:
                    return _folded(at, folded)
                parts = tuple(self._read(one, depth - 1) for one in operands)
                return Term("operator", *at, operator, parts=parts)
            case ir.Index(value=value, index=index):
                parts = (self._read(value, depth - 1), self._read(index, depth - 1))
                return Term("index", *at, parts=parts)
            case ir.Await(value=value):
                return self._read(value, depth - 1)
            case _:
                return Term("unknown", *at)

    def _name(self, name: ir.Name, at: tuple[int, int], depth: int) -> Term:
        if name.id in {"self", "cls"}:
            owner = self.code.type_of(name)
            if owner:
                return Term("self" if name.id == "self" else "class", *at, owner)
        found, local = self.code.names.bindings(name.id, name.start, here=True)
        if not local:
            folded = self.code.constant(name)
            if folded is not MISSING:
                return _folded(at, folded)
            return Term("name", *at, reference(self.code, name))
        values = [self._bound(one, at, depth) for one in found]
        if len(values) == 1:
            return values[0]
        return Term("choice", *at, parts=tuple(values)) if values else Term("unknown", *at)

    def _bound(self, binding: Binding, at: tuple[int, int], depth: int) -> Term:
        """What one binding gives its name."""
        if binding.kind == "import":
            return Term("name", *at, binding.detail)
        if binding.kind == "class":
            return Term("unknown", *at)
        if binding.kind == "parameter" and not binding.detail:
            type_ = self.code.names.binding_type(binding, here=True) if binding.annotation else ""
            return Term("typed", *at, type_) if type_ else Term("unknown", *at)
        value = binding.value
        if value is None or id(binding) in self._open or binding.kind not in {"value", "element"}:
            return Term("unknown", *at)
        if binding.kind == "element" and binding.detail:
            return Term("unknown", *at)
        self._open.add(id(binding))
        found = self._read(value, depth - 1)
        self._open.discard(id(binding))
        if binding.kind == "element":
            return Term("element", *at, parts=(found,))
        self.followed.add(id(value))
        # A value that is only handed on keeps the place where it is used.
        if found.kind in {"constant", "unknown"}:
            return msgspec.structs.replace(found, start=at[0], end=at[1])
        return found

    def _attribute(self, expression: ir.Attribute, at: tuple[int, int], depth: int) -> Term:
        root: ir.Expr = expression
        while isinstance(root, ir.Attribute):
            root = root.value
        if isinstance(root, ir.Name) and root.id not in {"self", "cls"}:
            found, local = self.code.names.bindings(root.id, root.start, here=True)
            if not local or (len(found) == 1 and found[0].kind == "import"):
                folded = self.code.constant(expression)
                if folded is not MISSING:
                    return _folded(at, folded)
                return Term("name", *at, reference(self.code, expression))
        inner = self._read(expression.value, depth - 1)
        return Term("attribute", *at, expression.name, parts=(inner,))

    def _call(self, call: ir.Call, at: tuple[int, int], depth: int) -> Term:
        called = self._read(call.function, depth - 1)
        names = tuple(one.spread or one.name for one in call.arguments)
        starts = tuple(one.start for one in call.arguments)
        parts = (called, *(self._read(one.value, depth - 1) for one in call.arguments))
        return Term("call", *at, parts=parts, names=names, starts=starts)


def _folded(at: tuple[int, int], value: Value | _Missing) -> Term:
    if isinstance(value, tuple):
        return Term("list", *at, parts=tuple(constant_term(at, one) for one in value))
    return constant_term(at, value)
