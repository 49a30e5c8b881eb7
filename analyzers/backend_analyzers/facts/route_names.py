"""What the names in routing code stand for: references, constants and paths, through local assignments."""

from __future__ import annotations

from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.facts.looks import owned
from backend_analyzers.facts.modules import reference, required
from backend_analyzers.flow.code import Code


class Frame(NamedTuple):
    """A function being read.  `names` holds its local names: a reference, an expression, or None."""

    function: str
    names: dict[str, str | ir.Expr | None]
    around: Frame | None


_DEEPEST = 30


class Names:
    """Resolves the names of one unit.  `made` leads from a call to the router that it made."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.made: dict[int, str] = {}
        self._depth = 0

    def made_by(self, value: ir.Expr) -> str | None:
        """The router that a call of this unit made."""
        return self.made.get(identity(value)) if value.end else None

    def known(self, value: ir.Expr, frame: Frame, depth: int = 0) -> ir.Expr:
        """The expression that a name stands for, as far as that is written in this unit or module."""
        if depth > _DEEPEST:
            return value
        if isinstance(value, ir.Attribute):
            inner = self.known(value.value, frame, depth + 1)
            within = member(inner, value.name)
            return self.known(within, frame, depth + 1) if within is not None else value
        if not isinstance(value, ir.Name):
            return value
        at: Frame | None = frame
        while at is not None:
            if value.id in at.names:
                found = at.names[value.id]
                if isinstance(found, str) or found is None or found is value:
                    return value
                return self.known(found, at.around or at, depth + 1) if found != value else value
            at = at.around
        bindings = self.code.scope.names.get(value.id, ())
        if len(bindings) == 1 and bindings[0].kind == "value" and bindings[0].value is not None:
            return self.known(bindings[0].value, Frame("", {}, None), depth + 1)
        return value

    def name(self, value: ir.Expr, frame: Frame) -> str:
        """An expression as a reference, its local names replaced by what they stand for."""
        made = self.made_by(value)
        if made is not None:
            return made
        if isinstance(value, ir.Attribute):
            found = self.known(value, frame)
            if found is not value:
                return self.name(found, frame)
        name = reference(value)
        if not name or ":" in name:
            return name
        head, dot, rest = name.partition(".")
        called = "()" if head.endswith("()") else ""
        local = self._local(head.removesuffix("()"), frame, 0)
        if local is None:
            return owned(self.code, name)
        return f"{local}{called}{'' if local.endswith(':') else dot}{rest}" if local else ""

    def _local(self, name: str, frame: Frame, depth: int) -> str | None:
        """What a local name refers to; None when the name is not local, empty when unknown."""
        at: Frame | None = frame
        while at is not None:
            if name in at.names:
                found = at.names[name]
                if isinstance(found, str):
                    return found
                if found is None or depth > _DEEPEST:
                    return ""
                if isinstance(found, ir.Lambda):
                    return f"{at.function}.{name}" if at.function else name
                if isinstance(found, ir.Name) and found.id == name:
                    return self._local(name, at.around, depth + 1) if at.around else None
                return (
                    self.name(found, at.around or at)
                    if isinstance(found, ir.Name | ir.Attribute | ir.Call)
                    else ""
                )
            at = at.around
        return None

    def qualified(self, value: ir.Expr) -> str:
        """The qualified name of what an expression denotes, by the imports of the module."""
        if isinstance(value, ir.Call):
            module = required(value)
            return module or ""
        if isinstance(value, ir.Attribute):
            inner = self.qualified(value.value)
            return f"{inner}.{value.name}" if inner else ""
        if not isinstance(value, ir.Name):
            return ""
        for binding in self.code.scope.names.get(value.id, ()):
            if binding.kind == "import":
                return binding.detail
            if binding.kind in {"value", "property"} and isinstance(
                binding.value, ir.Attribute | ir.Name | ir.Call
            ):
                if isinstance(binding.value, ir.Name) and binding.value.id == value.id:
                    return ""
                self._depth += 1
                inner = self.qualified(binding.value) if self._depth < _DEEPEST else ""
                self._depth -= 1
                return (
                    f"{inner}.{binding.detail}" if inner and binding.kind == "property" else inner
                )
        return ""

    def text(self, value: ir.Expr | None, frame: Frame, depth: int = 0) -> str | None:
        """The text of a path; references to texts elsewhere are put between NULs."""
        if value is None or depth > _DEEPEST:
            return None
        value = self.known(value, frame)
        match value:
            case ir.Text():
                out = []
                for part in value.parts:
                    found = (
                        part.text
                        if isinstance(part, ir.Chunk)
                        else self.text(part.value, frame, depth + 1)
                    )
                    if found is None:
                        return None
                    out.append(found)
                return "".join(out)
            case ir.Operator(operator="+", operands=(left, right)):
                one, other = self.text(left, frame, depth + 1), self.text(right, frame, depth + 1)
                return one + other if one is not None and other is not None else None
            case ir.Name() | ir.Attribute():
                name = self.name(value, frame)
                return f"\0{name}\0" if name and "/" not in name.rpartition(":")[2] else None
            case _:
                return None

    def paths(self, value: ir.Expr | None, frame: Frame) -> tuple[str | None, ...]:
        if value is not None:
            known = self.known(value, frame)
            if isinstance(known, ir.Collection) and known.kind != "mapping":
                return tuple(self.text(entry.value, frame) for entry in known.entries)
        return (self.text(value, frame),)

    def elements(self, value: ir.Expr, frame: Frame) -> list[ir.Expr] | None:
        value = self.known(value, frame)
        if isinstance(value, ir.Collection) and value.kind != "mapping":
            return [entry.value for entry in value.entries if not entry.spread]
        return None

    def bound(self, target: ir.Expr, element: ir.Expr) -> dict[str, str | ir.Expr | None]:
        if isinstance(target, ir.Name):
            return {target.id: element}
        if isinstance(target, ir.Collection):
            values = element.entries if isinstance(element, ir.Collection) else ()
            names: dict[str, str | ir.Expr | None] = {}
            for number, entry in enumerate(target.entries):
                if not isinstance(entry.value, ir.Name):
                    continue
                if target.kind == "mapping" and isinstance(entry.key, ir.Text):
                    names[entry.value.id] = member(element, entry.key.constant or "")
                else:
                    names[entry.value.id] = values[number].value if number < len(values) else None
            return names
        return {}

    def key(self, target: ir.Expr | None, frame: Frame, owner: str) -> str:
        """The name of the object that is assigned to `target`."""
        match target:
            case ir.Name() if frame.function:
                return f"{frame.function}/{target.id}"
            case ir.Name():
                return f"{owner}.{target.id}" if owner else target.id
            case ir.Attribute():
                return owned(self.code, reference(target))
            case _:
                return ""


def member(value: ir.Expr, name: str) -> ir.Expr | None:
    """`value.name`, of an object that is written out."""
    if isinstance(value, ir.Collection) and value.kind == "mapping":
        for entry in value.entries:
            if isinstance(entry.key, ir.Text) and entry.key.constant == name:
                return entry.value
    return None


def identity(value: ir.Node) -> int:
    """Where an expression of the unit stands, as one number."""
    return value.start << 32 | value.end
