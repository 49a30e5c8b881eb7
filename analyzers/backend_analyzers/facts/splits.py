"""Where code takes the text of an attribute or a column apart at commas: `order.tags.split(",")`."""

from __future__ import annotations

import msgspec

from backend_analyzers import ir
from backend_analyzers.fact import file_fact, unit_fact
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File, Place


class Split(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One of them: the name of what is taken apart, and of the variable that it is a part of."""

    name: str
    owner: str
    at: Place


@file_fact
def splits(file: File) -> tuple[Split, ...]:
    """The splits of a file of code, in order."""
    if not file.language.is_code or b".split(" not in file.text:
        return ()
    return tuple(split for found in unit_splits.each(file) for split in found)


@unit_fact
def unit_splits(code: Code) -> tuple[Split, ...]:
    """The splits of a unit."""
    found = []
    for site in code.calls():
        call = site.call
        function = call.function
        if (
            isinstance(function, ir.Attribute)
            and function.name == "split"
            and len(call.arguments) == 1
        ):
            separator = call.arguments[0].value
            said = separator.constant if isinstance(separator, ir.Text) else None
            named = _named(function.value) if said in {",", ", ", ";", "|"} else None
            if named is not None:
                found.append(Split(*named, code.place_of(call.start, call.end)))
    return tuple(found)


def _named(value: ir.Expr) -> tuple[str, str] | None:
    """`order.tags` and `order["tags"]` as ("tags", "order")."""
    match value:
        case ir.Attribute(value=ir.Name(id=owner), name=name):
            return name, owner
        case ir.Index(value=ir.Name(id=owner), index=ir.Text() as key) if key.constant:
            return key.constant, owner
        case _:
            return None
