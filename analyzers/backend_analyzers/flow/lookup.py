"""Which bindings of a name may hold where it is used."""

from __future__ import annotations

from backend_analyzers.flow.bindings import Binding
from backend_analyzers.flow.blocks import Block, Outline
from backend_analyzers.flow.scope import Scope


class Lookup:
    """Finds bindings in the functions of a unit and, outside of them, in the module's scope."""

    def __init__(self, outline: Outline, scope: Scope) -> None:
        self.outline = outline
        self.scope = scope

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
