"""The texts and constants that expressions stand for: one `ir.Text` with a hole for what is unknown.

Chunks keep the offsets of the literal they come from when it stands in the same unit.  A chunk that
comes from elsewhere (a module-level constant) has the range of the name that stands for it here,
and so has a hole, whose value is then that name: every node of a folded text lies in the unit.
"""

from __future__ import annotations

import re
from typing import Final

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.infer import DEPTH, Names

PARTS = 400
"""A text of more parts is cut off: what follows is one hole."""

Part = ir.Chunk | ir.Hole
Value = str | int | float | bool | tuple["Value", ...] | None


class _Missing:
    """The constant of what is not constant."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


class Folder:
    """Folds expressions with the help of resolved names."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._known: dict[int, list[Part] | None] = {}
        self._constants_known: dict[int, Value | _Missing] = {}

    # Texts --------------------------------------------------------------------------------------

    def text(self, expression: ir.Expr, here: bool = True, depth: int = DEPTH) -> ir.Text | None:
        """The text of an expression; None when it is not known to be one."""
        if isinstance(expression, ir.Text) and self._is_tagged(expression, here):
            return expression
        parts = self.parts(expression, here, depth)
        if parts is None:
            return None
        is_bytes = isinstance(expression, ir.Text) and expression.is_bytes
        return ir.Text(expression.start, expression.end, tuple(parts), None, is_bytes)

    def parts(self, expression: ir.Expr, here: bool, depth: int) -> list[Part] | None:
        """The parts of the text of an expression, or None.

        Kept by identity: what an expression says is asked again and again by what contains it.
        """
        key = id(expression)
        if key not in self._known:
            self._known[key] = None
            if depth > 0:
                self._known[key] = self._parts(expression, here, depth)
        return self._known[key]

    def _parts(self, expression: ir.Expr, here: bool, depth: int) -> list[Part] | None:
        match expression:
            case ir.Text():
                # What a tag makes of a template is its own affair.
                is_tagged = self._is_tagged(expression, here)
                return None if is_tagged else self._literal(expression, here, depth)
            case ir.Operator(operator="+"):
                return self._sum(expression, here, depth)
            case ir.Operator(operator="%", operands=(left, right)):
                return self._percent(left, right, here, depth)
            case ir.Operator(operator=":=" | "=", operands=(_, value)):
                return self.parts(value, here, depth - 1)
            case ir.Call():
                return self._call(expression, here, depth)
            case ir.Name(id=name):
                found, local = self.names.bindings(name, expression.start, here)
                return self._bound(expression, found, local, here, depth)
            case ir.Attribute(value=value, name=name):
                return self._attribute(expression, value, name, here, depth)
            case _:
                return None

    def _is_tagged(self, text: ir.Text, here: bool) -> bool:
        return text.function is not None and self.names.name(text.function, here) != "String.raw"

    def _literal(self, text: ir.Text, here: bool, depth: int) -> list[Part]:
        parts: list[Part] = []
        for part in text.parts:
            if isinstance(part, ir.Chunk):
                parts.append(part)
            else:
                parts += self._hole(part, part.value, here, depth - 1)
        return parts[:PARTS]

    def _hole(self, at: ir.Node, value: ir.Expr, here: bool, depth: int) -> list[Part]:
        """What a value contributes where it is put into a text: its own text, or a hole."""
        constant = self.constant(value, here, depth - 1)
        if isinstance(constant, int | float) and not isinstance(constant, bool):
            return [ir.Chunk(at.start, at.end, str(constant))]
        inner = self.parts(value, here, depth - 1)
        if inner is not None and not isinstance(constant, bool):
            return inner
        return [ir.Hole(at.start, at.end, value)]

    def _sum(self, expression: ir.Operator, here: bool, depth: int) -> list[Part] | None:
        operands: list[ir.Expr] = []
        pending: list[ir.Expr] = [expression]
        while pending:
            current = pending.pop()
            if isinstance(current, ir.Operator) and current.operator == "+":
                pending.extend(reversed(current.operands))
            else:
                operands.append(current)
        parts: list[Part] = []
        is_text = False
        for operand in operands:
            own = self.parts(operand, here, depth - 1)
            is_text = is_text or own is not None
            parts += self._hole(operand, operand, here, depth - 1) if own is None else own
        return parts[:PARTS] if is_text and len(operands) > 1 else None

    def _bound(
        self,
        name: ir.Expr,
        found: list[Binding],
        local: bool,
        here: bool,
        depth: int,
    ) -> list[Part] | None:
        """The text of a name: what it was given, and what was appended to it since."""
        first = [one for one in found if one.kind != "append"]
        if len(first) != 1 or first[0].kind != "value" or first[0].value is None:
            return None
        parts = self.parts(first[0].value, local, depth - 1)
        if parts is None:
            return None
        parts = list(parts)  # the list itself is kept, and is the value's
        for binding in found:
            if binding.kind == "append" and binding.value is not None:
                parts += self._hole(binding.value, binding.value, local, depth - 1)
        parts = parts[:PARTS]
        return self._moved(parts, name) if here and not local else parts

    def _attribute(
        self, expression: ir.Attribute, value: ir.Expr, name: str, here: bool, depth: int
    ) -> list[Part] | None:
        """The text of a class attribute: `self.TABLE`, `Orders.TABLE`."""
        known = self._class_attribute(value, name, here)
        parts = None if known is None else self.parts(known, here=False, depth=depth - 1)
        return parts if parts is None or not here else self._moved(parts, expression)

    def _class_attribute(self, value: ir.Expr, name: str, here: bool) -> ir.Expr | None:
        """What an attribute of a class of this module is given, when it is given one thing only."""
        owner = self.names.type(value, here) or self.names.name(value, here)
        shape = self.names.scope.classes.get(owner[1:]) if owner.startswith(":") else None
        known = shape.attributes.get(name, ()) if shape is not None else ()
        return known[0].value if len(known) == 1 and known[0].kind == "value" else None

    def _moved(self, parts: list[Part], to: ir.Expr) -> list[Part]:
        """Parts from elsewhere, at the range of the name that stands for them here."""
        return [
            ir.Chunk(to.start, to.end, part.text)
            if isinstance(part, ir.Chunk)
            else ir.Hole(to.start, to.end, to)
            for part in parts
        ]

    # Calls that make texts ----------------------------------------------------------------------

    def _call(self, call: ir.Call, here: bool, depth: int) -> list[Part] | None:
        function = call.function
        values = [one.value for one in call.arguments if not one.spread and not one.name]
        if self.names.name(function, here) in self.names.tables.texts:
            return self.parts(values[0], here, depth - 1) if values else None
        if not isinstance(function, ir.Attribute):
            return None
        match function.name:
            case "format":
                return self._format(function.value, call, here, depth)
            case "join":
                return self._join(function.value, values, call, here, depth)
            case (
                "bindparams"
                | "columns"
                | "strip"
                | "lstrip"
                | "rstrip"
                | "trim"
                | "trimStart"
                | "trimEnd"
                | "toString"
            ):
                return self.parts(function.value, here, depth - 1)
            case "concat":
                parts = self.parts(function.value, here, depth - 1)
                if parts is None:
                    return None
                for value in values:
                    parts = parts + self._hole(value, value, here, depth - 1)
                return parts[:PARTS]
            case _:
                return None

    def _join(
        self, receiver: ir.Expr, values: list[ir.Expr], call: ir.Call, here: bool, depth: int
    ) -> list[Part] | None:
        """`", ".join([…])`, and `[…].join(", ")`; a hole when the elements are not written out."""
        separator, elements = (receiver, values[0]) if values else (None, receiver)
        if isinstance(receiver, ir.Collection):
            separator, elements = (values[0] if values else None), receiver
        glue = [] if separator is None else self.parts(separator, here, depth - 1)
        if glue is None:
            return None
        if not isinstance(elements, ir.Collection) or any(one.spread for one in elements.entries):
            return None if separator is None else [ir.Hole(call.start, call.end, call)]
        parts: list[Part] = []
        for number, entry in enumerate(elements.entries):
            parts += glue if number else []
            parts += self._hole(entry.value, entry.value, here, depth - 1)
        return parts[:PARTS]

    def _format(
        self, receiver: ir.Expr, call: ir.Call, here: bool, depth: int
    ) -> list[Part] | None:
        template = self.parts(receiver, here, depth - 1)
        if template is None:
            return None
        positional = [one.value for one in call.arguments if not one.name]
        named = {one.name: one.value for one in call.arguments if one.name}
        is_spread = any(one.spread for one in call.arguments)
        count = 0

        def value_of(field: str) -> ir.Expr | None:
            nonlocal count
            base = re.split(r"[.\[!:]", field, maxsplit=1)[0]
            if base and not base.isdigit():
                return named.get(base)
            place = int(base) if base and len(base) < 4 else count  # noqa: PLR2004
            count += 0 if base else 1
            return positional[place] if place < len(positional) and not is_spread else None

        return self._filled(template, _FIELD, value_of, call, here, depth)

    def _percent(self, left: ir.Expr, right: ir.Expr, here: bool, depth: int) -> list[Part] | None:
        template = self.parts(left, here, depth - 1)
        if template is None:
            return None
        values: list[ir.Expr] = [right]
        named: dict[str, ir.Expr] = {}
        if isinstance(right, ir.Collection):
            values = [entry.value for entry in right.entries]
            for entry in right.entries:
                if isinstance(entry.key, ir.Text) and entry.key.constant is not None:
                    named[entry.key.constant] = entry.value
        remaining = iter(values)

        def value_of(field: str) -> ir.Expr | None:
            key = re.match(r"\(([^)]*)\)", field)
            return named.get(key.group(1)) if key else next(remaining, None)

        return self._filled(template, _PERCENT, value_of, right, here, depth)

    def _filled(
        self,
        template: list[Part],
        pattern: re.Pattern[str],
        value_of: _ValueOf,
        otherwise: ir.Expr,
        here: bool,
        depth: int,
    ) -> list[Part]:
        """A template with its fields replaced; a field whose value is unknown holds `otherwise`."""
        parts: list[Part] = []
        for part in template:
            if isinstance(part, ir.Hole):
                parts.append(part)
                continue
            last = 0
            for found in pattern.finditer(part.text):
                parts += _piece(part, last, found.start())
                last = found.end()
                field = found.group("field")
                if field is None:
                    # A doubled sign stands for one; all of its bytes, as with an escape.
                    parts += _escaped(part, found.start(), found.end())
                    continue
                value = value_of(field)
                if value is None:
                    parts.append(ir.Hole(otherwise.start, otherwise.end, otherwise))
                else:
                    parts += self._hole(value, value, here, depth - 1)
            parts += _piece(part, last, len(part.text))
        return parts[:PARTS]

    # Constants ----------------------------------------------------------------------------------

    def constant(
        self, expression: ir.Expr, here: bool = True, depth: int = DEPTH
    ) -> Value | _Missing:
        """The value of an expression that is the same in every run, or `MISSING`."""
        key = id(expression)
        if key not in self._constants_known:
            self._constants_known[key] = MISSING
            if depth > 0:
                self._constants_known[key] = self._constant(expression, here, depth)
        return self._constants_known[key]

    def _constant(self, expression: ir.Expr, here: bool, depth: int) -> Value | _Missing:
        match expression:
            case ir.Constant(value=value):
                return value
            case ir.Text(function=None):
                whole = ir.Text(0, 0, tuple(self._literal(expression, here, depth))).constant
                return MISSING if whole is None else whole
            case ir.Collection(kind="list" | "tuple" | "set", entries=entries):
                return self._constants(entries, here, depth)
            case ir.Operator(operator="-", operands=(value,)):
                inner = self.constant(value, here, depth - 1)
                return -inner if isinstance(inner, int | float) else MISSING
            case ir.Operator(operator="*", operands=(left, right)):
                return self._product(left, right, here, depth)
            case ir.Name(id=name):
                if name in _NOTHING:
                    return None
                found, local = self.names.bindings(name, expression.start, here)
                if len(found) == 1 and found[0].kind == "value" and found[0].value is not None:
                    return self.constant(found[0].value, local, depth - 1)
                return self._constant_text(expression, here, depth)
            case ir.Attribute(value=value, name=name):
                known = self._class_attribute(value, name, here)
                if known is not None:
                    return self.constant(known, here=False, depth=depth - 1)
                return MISSING
            case _:
                return self._constant_text(expression, here, depth)

    def _constant_text(self, expression: ir.Expr, here: bool, depth: int) -> Value | _Missing:
        parts = self.parts(expression, here, depth - 1)
        if parts is None:
            return MISSING
        whole = ir.Text(0, 0, tuple(parts)).constant
        return MISSING if whole is None else whole

    def _constants(self, entries: tuple[ir.Entry, ...], here: bool, depth: int) -> Value | _Missing:
        values: list[Value] = []
        for entry in entries[:PARTS]:
            value = MISSING if entry.spread else self.constant(entry.value, here, depth - 1)
            if isinstance(value, _Missing):
                return MISSING
            values.append(value)
        return tuple(values)

    def _product(self, left: ir.Expr, right: ir.Expr, here: bool, depth: int) -> Value | _Missing:
        first = self.constant(left, here, depth - 1)
        second = self.constant(right, here, depth - 1)
        if isinstance(first, int | float) and isinstance(second, int | float):
            product = float(first) * float(second)
            return int(product) if product.is_integer() and abs(product) < 2**53 else product
        return MISSING


from collections.abc import Callable  # noqa: E402

_ValueOf = Callable[[str], ir.Expr | None]
_FIELD = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}")
_PERCENT = re.compile(r"%%|%(?P<field>(?:\([^)]*\))?[-#0 +]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa])")
_NOTHING = frozenset({"None", "undefined", "null"})


def _piece(chunk: ir.Chunk, first: int, last: int) -> list[Part]:
    """Part of a chunk, with the bytes it stands for."""
    if first >= last:
        return []
    text = chunk.text[first:last]
    if len(chunk.text.encode(errors="replace")) != chunk.end - chunk.start:
        return [ir.Chunk(chunk.start, chunk.end, text)]
    start = chunk.start + len(chunk.text[:first].encode(errors="replace"))
    return [ir.Chunk(start, start + len(text.encode(errors="replace")), text)]


def _escaped(chunk: ir.Chunk, first: int, last: int) -> list[Part]:
    whole = _piece(chunk, first, last)[0]
    return [ir.Chunk(whole.start, whole.end, chunk.text[first])]
