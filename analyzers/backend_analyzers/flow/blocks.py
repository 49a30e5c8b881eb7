"""The shape of a unit: blocks that are entered as a whole, functions, bindings, and where calls stand."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal as Choice

import msgspec

from backend_analyzers import ir
from backend_analyzers.flow.bindings import Binding


class Block(msgspec.Struct, frozen=True, eq=False):
    """A run of statements that is entered as a whole, and perhaps not at all.

    Blocks that share a `choice` exclude each other.  `exits` says that nothing after the block runs
    once it was entered; names bound in a `comprehension` or `handler` end with it.
    """

    number: int
    parent: int
    function: int
    start: int
    end: int
    kind: Choice["function", "branch", "loop", "handler", "comprehension"]
    choice: int = 0
    exits: bool = False
    loop: ir.Loop | ir.Comprehension | None = None


class FunctionContext(msgspec.Struct, frozen=True, eq=False):
    """A function of a unit, or (with number 0 and no node) the unit's own top level.

    `key` is the function's qualified name within the file, as the unit's key is: `Orders.create`,
    and `Orders.create.<lambda 2>` for what has no name.  A lambda knows the call it is an argument
    of.  `block` is the block that its body is.
    """

    number: int
    parent: int
    key: str
    node: ir.Function | None
    block: int
    owner: str = ""
    call: ir.Call | None = None

    @property
    def is_async(self) -> bool:
        return self.node is not None and self.node.is_async

    @property
    def name(self) -> str:
        return self.node.name if self.node is not None else ""

    @property
    def parameters(self) -> tuple[ir.Parameter, ...]:
        return self.node.parameters if self.node is not None else ()


class CallSite(msgspec.Struct, frozen=True, eq=False):
    """A call and the block it stands in."""

    call: ir.Call
    block: int


class Outline:
    """What one walk over a unit finds (see `flow.outline`)."""

    __slots__ = (
        "_blocks_by_start",
        "awaited",
        "bindings",
        "blocks",
        "branches",
        "calls",
        "contexts",
        "functions",
        "raises",
        "returns",
        "tagged",
        "texts",
    )

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.functions: list[FunctionContext] = []
        self.bindings: list[dict[str, list[Binding]]] = []
        self.calls: list[CallSite] = []
        self.awaited: set[int] = set()
        self.tagged: list[tuple[ir.Text, int]] = []
        self.texts: list[tuple[ir.Text, int]] = []
        self.returns: list[tuple[ir.Return, int]] = []
        self.raises: list[tuple[ir.Raise, int]] = []
        self.contexts: list[tuple[ir.Expr, int, int]] = []
        """What `with` statements enter, and the range in which it holds."""
        self.branches: list[tuple[ir.Branch, int]] = []
        self._blocks_by_start: tuple[list[int], list[Block]] = ([], [])

    def seal(self) -> None:
        """Order what was found, once all of it is here."""
        self.calls.sort(key=_call_start)
        ordered = sorted(self.blocks, key=lambda block: (block.start, -block.end, block.number))
        self._blocks_by_start = ([block.start for block in ordered], ordered)

    def block_at(self, offset: int) -> Block:
        """The innermost block that holds an offset."""
        starts, ordered = self._blocks_by_start
        place = bisect_right(starts, offset) - 1
        block = ordered[max(place, 0)]
        while block.number and not block.start <= offset < block.end:
            block = self.blocks[block.parent]
        return block

    def is_within(self, block: int, outer: int) -> bool:
        """Whether `block` is `outer` or lies inside it."""
        while block > outer:
            block = self.blocks[block].parent
        return block == outer

    def bind(self, function: int, name: str, binding: Binding) -> None:
        self.bindings[function].setdefault(name, []).append(binding)


def _call_start(site: CallSite) -> tuple[int, int]:
    return site.call.start, -site.call.end
