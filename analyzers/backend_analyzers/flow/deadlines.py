"""Whether a call that waits will ever give up.

The call itself is asked first, then the object it is a method of, then settings of the whole
module, then the library's default.  Whatever cannot be read is unknown, never absent.
"""

from __future__ import annotations

import re

from backend_analyzers import ir
from backend_analyzers.events import Deadline
from backend_analyzers.flow.arguments import Found, Lack, argument, first_argument
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.fold import MISSING
from backend_analyzers.flow.infer import Origin
from backend_analyzers.flow.scope import dotted
from backend_analyzers.libraries.vocabulary import Timeout

_GUARD = re.compile(
    r"timeout|deadline|wait_for|fail_after|move_on_after|Promise\.race|abort", re.IGNORECASE
)


def deadline(code: Code, call: ir.Call, timeout: Timeout) -> Deadline:
    """Whether a call has a deadline."""
    names = code.names
    found = first_argument(names, call, timeout.call, here=True)
    if not isinstance(found, Lack):
        return _value(code, found, timeout, here=True)
    if found is Lack.UNKNOWN:
        return Deadline.UNKNOWN
    stated = _of_receiver(code, call, timeout)
    if stated is None:
        stated = _of_settings(code, timeout)
    if stated is None:
        stated = timeout.default
    if stated is Deadline.ABSENT and _is_guarded(code, call):
        return Deadline.UNKNOWN
    return stated


def _of_receiver(code: Code, call: ir.Call, timeout: Timeout) -> Deadline | None:
    """What the object was made with; None when its making says nothing."""
    function = call.function
    receiver = function.value if isinstance(function, ir.Attribute) else function
    kind = code.type_of(receiver)
    if not kind:
        return None
    if kind.startswith(":"):
        # A class of the project that extends the library's may well set deadlines of its own.
        return Deadline.UNKNOWN
    if not timeout.constructor:
        return Deadline.UNKNOWN if _is_adapted(code, receiver) else None
    origin = code.origin_of(receiver)
    if origin is None:
        return None if timeout.default is Deadline.PRESENT else Deadline.UNKNOWN
    found = _given(code, origin, timeout)
    if found is Lack.NOT_GIVEN:
        return None
    if isinstance(found, Lack):
        return Deadline.UNKNOWN
    return _value(code, found, timeout, here=origin.here)


def _given(code: Code, origin: Origin, timeout: Timeout) -> Found:
    return first_argument(code.names, origin.call, timeout.constructor, origin.here)


def _is_adapted(code: Code, receiver: ir.Expr) -> bool:
    """Whether somebody mounts an adapter on a session, or replaces its `request`: it may set deadlines."""
    name = dotted(receiver)
    changed = (f"{name}.mount", f"{name}.request", f"{name}.send")
    if any(one in code.scope.attributes for one in changed):
        return True
    owner = code.scope.classes.get(code.outline.functions[0].owner)
    if owner is not None and name.partition(".")[0] in {"self", "this"}:
        member = name.partition(".")[2]
        if any(f"{member}.{one}" in owner.attributes for one in ("mount", "request", "send")):
            return True
    return any(
        isinstance(site.call.function, ir.Attribute)
        and site.call.function.name == "mount"
        and dotted(site.call.function.value) == name
        for site in code.calls()
    )


def _of_settings(code: Code, timeout: Timeout) -> Deadline | None:
    for setting in timeout.settings:
        for value in code.scope.attributes.get(setting, ()):
            return _value(code, value, timeout, here=False)
    return None


def _value(code: Code, value: ir.Expr, timeout: Timeout, here: bool) -> Deadline:
    """What a value given as the timeout amounts to."""
    names = code.names
    if isinstance(value, ir.Name | ir.Attribute):
        made = names.origin(value, here)
        value, here = (value, here) if made is None else made
    if isinstance(value, ir.Call):
        parts = names.tables.deadlines.get(names.name(value.function, here))
        if parts is not None:
            return _described(code, value, parts, timeout, here)
    if isinstance(value, ir.Collection) and value.kind == "mapping":
        return Deadline.PRESENT if value.entries else Deadline.ABSENT
    constant = code.fold.constant(value, here)
    if constant is MISSING:
        return Deadline.UNKNOWN
    if constant is None or (constant == 0 and timeout.zero_is_none):
        return Deadline.ABSENT
    if isinstance(constant, tuple) and all(one is None for one in constant):
        return Deadline.ABSENT
    return Deadline.PRESENT


def _described(
    code: Code, call: ir.Call, parts: tuple[object, ...], timeout: Timeout, here: bool
) -> Deadline:
    """A timeout object such as `httpx.Timeout(None)`: absent only when all that is given is None."""
    answers = set()
    for where in parts:
        found = argument(code.names, call, where, here)  # type: ignore[arg-type]
        if found is Lack.UNKNOWN:
            return Deadline.UNKNOWN
        if not isinstance(found, Lack):
            answers.add(_value(code, found, timeout, here))
    if Deadline.PRESENT in answers:
        return Deadline.PRESENT
    return Deadline.ABSENT if answers == {Deadline.ABSENT} else Deadline.UNKNOWN


def _is_guarded(code: Code, call: ir.Call) -> bool:
    """Whether something around the call ends it: `asyncio.timeout`, `wait_for`, `Promise.race`, a decorator."""
    outline = code.outline
    for context, start, end in outline.contexts:
        if start <= call.start < end and _speaks_of_time(context):
            return True
    for site in outline.calls:
        if site.call.start > call.start:
            break
        inside = site.call.start <= call.start and call.end <= site.call.end
        if inside and site.call is not call and _speaks_of_time(site.call):
            return True
    function = code.enclosing(call)
    while function.number:
        if function.node is not None and any(map(_speaks_of_time, function.node.decorators)):
            return True
        function = outline.functions[function.parent]
    return False


def _speaks_of_time(expression: ir.Expr) -> bool:
    called = expression.function if isinstance(expression, ir.Call) else expression
    return bool(_GUARD.search(dotted(called)))
