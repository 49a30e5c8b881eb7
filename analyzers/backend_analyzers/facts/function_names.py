"""By which names others call the functions of a unit, and which of them answer requests."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from backend_analyzers import ir
from backend_analyzers.facts.route_reader import unit_declarations
from backend_analyzers.flow.blocks import FunctionContext
from backend_analyzers.flow.code import Code


def function_keys(code: Code) -> Mapping[int, str]:
    """The names by which others call the functions that are values: `const f = () => …`."""
    node = code.unit.node
    value = node.value if isinstance(node, ir.Assign | ir.Export) else None
    if value is None:
        return {}
    name = code.unit.key.partition("~")[0]
    named: dict[int, str] = {}
    if isinstance(value, ir.Lambda):
        named[id(value.function)] = name
    elif isinstance(value, ir.Collection) and value.kind == "mapping":
        prefix = f"{name}." if isinstance(node, ir.Assign) else ""
        for entry in value.entries:
            if isinstance(entry.value, ir.Lambda) and isinstance(entry.key, ir.Text):
                named[id(entry.value.function)] = prefix + (entry.key.constant or "")
    return {
        one.number: named[id(one.node)] for one in code.outline.functions if id(one.node) in named
    }


_REQUESTS = frozenset({"req", "request", "_req", "_request"})
_RESPONSES = frozenset({"res", "response", "reply", "_res"})


def handler_numbers(code: Code) -> frozenset[int]:
    """The numbers of the functions that answer requests."""
    steps = [step for step in unit_declarations(code).steps if step.kind == "route"]
    inline = {(s.target.place.start, s.target.place.end) for s in steps if s.target is not None}
    named = {s.target.name for s in steps if s.target is not None and s.target.name}
    return frozenset(
        one.number
        for one in code.outline.functions
        if one.node is not None
        and (
            one.key in named
            or (one.node.start, one.node.end) in inline
            or (code.language.is_ecmascript and _answers(one))
        )
    )


def _answers(function: FunctionContext) -> bool:
    names = [one.name for one in function.parameters[:3]]
    return any(a in _REQUESTS and b in _RESPONSES for a, b in itertools.pairwise(names))
