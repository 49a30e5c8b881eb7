"""The functions that are named in arguments: handlers, guards, dependencies, routers."""

from __future__ import annotations

from collections.abc import Iterable

from backend_analyzers import ir
from backend_analyzers.facts.checks import Use, depended, of_function, used
from backend_analyzers.facts.route_names import Frame, Names
from backend_analyzers.flow.code import Code
from backend_analyzers.source import Place

_DEEPEST = 30
_MOST_FUNCTIONS = 60


class Uses:
    """Reads the functions that a unit names."""

    def __init__(self, code: Code, names: Names) -> None:
        self.code = code
        self.names = names

    def flattened(
        self, arguments: Iterable[ir.Argument], frame: Frame, *, unwrap: bool = False
    ) -> tuple[list[Use], bool]:
        """The functions in some arguments, arrays opened; the last is `unwrap`ped as a handler."""
        values: list[ir.Expr] = []
        known = True
        pending = [(one.value, bool(one.spread)) for one in reversed(tuple(arguments))]
        while pending and len(values) < _MOST_FUNCTIONS:
            value, spread = pending.pop()
            opened = self.names.known(value, frame)
            if isinstance(opened, ir.Collection) and opened.kind in {"list", "tuple"}:
                pending.extend((entry.value, entry.spread) for entry in reversed(opened.entries))
            else:
                known = known and not spread
                values.append(value)
        uses: list[Use] = []
        for place, value in enumerate(values[:-1]):
            within = _wrapped(value)
            if within is not None and not isinstance(within, ir.Lambda):
                values[place] = within
                uses += [one] if (one := self.one(value, frame)) is not None else []
        inner = _wrapped(values[-1]) if unwrap and values else None
        while inner is not None and len(uses) < _DEEPEST:
            wrapper = values.pop()
            assert isinstance(wrapper, ir.Call)
            values += [wrapper.function, inner]
            inner = _wrapped(inner)
        for value in values:
            use = self.one(value, frame)
            if use is not None:
                uses.append(use)
        return uses, known

    def one(self, value: ir.Expr, frame: Frame) -> Use | None:
        """A function named or written in a unit."""
        if isinstance(value, ir.Constant | ir.Text):
            return None
        found = used(self.code, value)
        name = self.names.name(value, frame)
        local = self.names.known(value, frame)
        body = found.body
        if body is None and isinstance(local, ir.Lambda):
            body = of_function(self.code, local.function.name, local.function)
        place = found.place
        if (place.start, place.end) == (0, 0) or value.end == 0:
            place = Place(place.path, "", 0, 0)
        return Use(name, found.text, place, body=body)

    def listed(self, lists: Iterable[ir.Expr | None], frame: Frame) -> tuple[tuple[Use, ...], bool]:
        """The dependencies in some lists, and whether that is all of them."""
        uses: list[Use] = []
        known = True
        for value in lists:
            if value is None or is_none(value):
                continue
            opened = self.names.known(value, frame)
            if not isinstance(opened, ir.Collection):
                known = False
                continue
            for entry in opened.entries:
                use = depended(self.code, entry.value)
                if use is None:
                    inner = self.names.known(entry.value, frame)
                    use = depended(self.code, inner)
                    if use is None:
                        found = self.one(entry.value, frame)
                        known = known and found is not None and not entry.spread
                        use = found
                elif use.name:
                    call = entry.value
                    if isinstance(call, ir.Call):
                        name = self.names.name(call.arguments[0].value, frame)
                        use = Use(name, use.text, use.place, body=use.body, sure=use.sure)
                if use is not None:
                    uses.append(use)
        return tuple(uses), known


def _wrapped(value: ir.Expr) -> ir.Expr | None:
    """The handler in `asyncHandler(handler)`: a function, or a name that is the only argument."""
    if not isinstance(value, ir.Call) or not value.arguments or value.new:
        return None
    for argument in value.arguments:
        if isinstance(argument.value, ir.Lambda):
            return argument.value
    only = value.arguments[0].value
    if len(value.arguments) == 1 and isinstance(only, ir.Name | ir.Attribute):
        last = only.id if isinstance(only, ir.Name) else only.name
        if last[:1].islower() and last.upper() != last:
            return only
    return None


def is_none(value: ir.Expr) -> bool:
    """Whether an argument is written as None."""
    return isinstance(value, ir.Constant) and value.value is None
