"""The calls of methods that a loop repeats with other values each time.

Which of them are queries is for the mapper to say (`facts/all_queries.py`).
"""

from __future__ import annotations

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.facts.repeated import element, given_values, head, repeating_loop
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.scope import dotted
from backend_analyzers.source import File, Place


class Repeated(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A call, the loop that repeats it, and what the loop calls an element."""

    call: Place
    text: str
    loop: Place
    each: str


@file_fact
def repeated_calls(file: File) -> tuple[Repeated, ...]:
    """The calls of a file that loops repeat."""
    return tuple(one for found in unit_repeated_calls.each(file) for one in found)


@unit_fact
def unit_repeated_calls(code: Code) -> tuple[Repeated, ...]:
    """The calls of a unit that loops repeat."""
    outline = code.outline
    loops = [block for block in outline.blocks if block.loop is not None]
    callbacks = any(function.call is not None for function in outline.functions)
    if len(outline.functions) == 1 or not (loops or callbacks):
        return ()
    found = []
    for site in outline.calls:
        called = site.call.function
        if not isinstance(called, ir.Attribute):
            continue
        if not callbacks and not any(one.start <= site.call.start < one.end for one in loops):
            continue
        values = [one for one in given_values(site.call) if not isinstance(one, ir.Lambda)]
        loop = repeating_loop(code, site.call, values)
        if loop is not None:
            text = dotted(called) or f"{_first(called)}….{called.name}"
            place = code.place(site.call)
            found.append(Repeated(place, text, head(code, loop), element(loop)))
    return tuple(found)


def _first(called: ir.Expr) -> str:
    """What a chain of calls begins with: `db.query` of `db.query(Order).filter(…).first`."""
    first = ""
    while not isinstance(called, ir.Name):
        match called:
            case ir.Call(function=function):
                first = dotted(function) or first
                called = function
            case ir.Attribute(value=value) | ir.Await(value=value) | ir.Index(value=value):
                called = value
            case _:
                break
    return first
