"""Where the arguments of a call are, in the words of the libraries' tables.

A question about an argument has three answers: the expression, "not given", and "cannot be known"
(`**options`, `...arguments`, an object that is not written out).
"""

from __future__ import annotations

import enum

from backend_analyzers import ir
from backend_analyzers.flow.infer import DEPTH, Names
from backend_analyzers.libraries.vocabulary import Where


class Lack(enum.Enum):
    """Why there is no expression."""

    NOT_GIVEN = "not given"
    UNKNOWN = "unknown"


Found = ir.Expr | Lack


def first_argument(names: Names, call: ir.Call, places: tuple[Where, ...], here: bool) -> Found:
    """The value at the first of `places` that is given."""
    answer: Found = Lack.NOT_GIVEN
    for where in places:
        found = argument(names, call, where, here)
        if not isinstance(found, Lack):
            return found
        if found is Lack.UNKNOWN:
            answer = found
    return answer


def argument(names: Names, call: ir.Call, where: Where, here: bool = True) -> Found:
    """The value at a place of a call."""
    found = _direct(call, where)
    if not where.options or isinstance(found, Lack):
        return found
    return _property(names, found, where.options, here, DEPTH)


def _direct(call: ir.Call, where: Where) -> Found:
    position = 0
    is_spread = False
    for one in call.arguments:
        if one.spread:
            is_spread = True
        elif one.name:
            if one.name == where.name:
                return one.value
        elif position == where.position and not is_spread:
            return one.value
        else:
            position += 1
    return Lack.UNKNOWN if is_spread else Lack.NOT_GIVEN


def _property(
    names: Names, value: ir.Expr, options: tuple[str, ...], here: bool, depth: int
) -> Found:
    """A property of an object that is written out, here or where its name is given its value."""
    if depth <= 0:
        return Lack.UNKNOWN
    match value:
        case ir.Text() | ir.Lambda() | ir.Constant():
            return Lack.NOT_GIVEN
        case ir.Collection(kind="mapping", entries=entries):
            return _entry(names, entries, options, here, depth)
        case ir.Collection():
            return Lack.NOT_GIVEN
        case ir.Call(arguments=arguments) if names.name(value.function, here) == "dict":
            for one in arguments:
                if one.name in options:
                    return one.value
            return Lack.UNKNOWN if any(one.spread for one in arguments) else Lack.NOT_GIVEN
        case ir.Name(id=name):
            found, local = names.bindings(name, value.start, here)
            if len(found) == 1 and found[0].kind == "value" and found[0].value is not None:
                inner = _property(names, found[0].value, options, local, depth - 1)
                # An expression of another unit must not be taken for one of this.
                foreign = here and not local and not isinstance(inner, Lack)
                return Lack.UNKNOWN if foreign and not _is_plain(inner) else inner
            return Lack.UNKNOWN
        case _:
            return Lack.UNKNOWN


def _is_plain(found: Found) -> bool:
    """Whether an expression means the same everywhere: a number, None, a text without holes."""
    if isinstance(found, ir.Text):
        return found.constant is not None
    return isinstance(found, ir.Constant)


def _entry(
    names: Names, entries: tuple[ir.Entry, ...], options: tuple[str, ...], here: bool, depth: int
) -> Found:
    answer: Found = Lack.NOT_GIVEN
    for entry in entries:
        if entry.spread:
            inner = _property(names, entry.value, options, here, depth - 1)
            answer = answer if inner is Lack.NOT_GIVEN else inner
        elif isinstance(entry.key, ir.Text):
            if entry.key.constant in options:
                answer = entry.value
        elif entry.key is not None:
            answer = Lack.UNKNOWN if isinstance(answer, Lack) else answer
    return answer
