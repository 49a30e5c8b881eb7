"""SQL that is put together from what somebody else sends.

Whoever controls a part of a statement's text controls the statement: they read other people's rows, change
them, or delete the table.  Values belong into parameters, and names of columns into a list of those that
are allowed.

## Example

```python
import psycopg
from flask import request


def search(connection: psycopg.Connection):
    name = request.args["name"]
    #      ~~~~~~~ comes from outside here
    return connection.execute(f"SELECT id FROM orders WHERE name = '{name}'")
    #                                                               ^^^^^^ `name` comes from the request and becomes part of the SQL


def by_name(connection: psycopg.Connection, name: str):
#                                           ~~~~~~~~~ `name` comes from the caller
    return connection.execute(f"SELECT id FROM orders WHERE name = '{name}'")
    #                                                               ^^^^^^ `name` becomes part of the SQL, where a parameter belongs
```

Use instead:

```python
import psycopg
from flask import request


def search(connection: psycopg.Connection):
    name = request.args["name"]
    return connection.execute("SELECT id FROM orders WHERE name = %s", (name,))
```

## Not reported

Parameters, in whatever style the driver has; numbers, UUIDs and dates; values that were compared with a list of
allowed ones; identifiers that the driver quotes; placeholders that are put together; tagged templates
whose holes are parameters.  What a function is given by its caller counts where a value stands, and not
where the name of a table or a clause does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from backend_analyzers import ir
from backend_analyzers.events import DatabaseQuery
from backend_analyzers.facts.paths import is_tool
from backend_analyzers.facts.route_reader import unit_declarations
from backend_analyzers.flow.code import Code, FunctionContext
from backend_analyzers.flow.meanings import events
from backend_analyzers.flow.scope import dotted
from backend_analyzers.flow.taint import PARAMETER, Source, Tainted, parameters_of, taint
from backend_analyzers.libraries.drivers import driver_of
from backend_analyzers.rule import (
    Change,
    Confidence,
    Finding,
    Fix,
    Related,
    Severity,
    unit_rule,
)
from backend_analyzers.source import Place


@unit_rule(
    severity=Severity.ERROR,
    confidence=Confidence.HIGH,
    cwe=(89,),
    controls=("OWASP A03:2021", "OWASP API8:2023", "ASVS V5.3.4", "PCI DSS 6.2.4"),
)
def sql_injection(code: Code) -> Iterator[Finding]:
    source: Source | None = None
    for event in events(code):
        if not isinstance(event, DatabaseQuery) or event.sql is None:
            continue
        text = event.sql
        if text.function is not None or not any(isinstance(p, ir.Hole) for p in text.parts):
            continue
        source = source or _source(code)
        yield from _in_query(code, event, text, source)


def _in_query(code: Code, event: DatabaseQuery, text: ir.Text, source: Source) -> Iterator[Finding]:
    found: list[tuple[ir.Hole, Tainted]] = []
    for number, part in enumerate(text.parts):
        if not isinstance(part, ir.Hole):
            continue
        tainted = taint(code, part.value, source)
        if tainted is None and _position(text, number) and not _NAMES.search(_shown(part)):
            tainted = taint(code, part.value, source, parameters=True)
            if tainted is not None and not _may_be_text(code, tainted):
                tainted = None
        if tainted is not None:
            found.append((part, tainted))
    fix = _fix(code, event, text, {id(hole) for hole, _ in found}) if found else None
    for hole, tainted in found:
        yield _finding(code, event, hole, tainted, fix)


def _finding(
    code: Code, event: DatabaseQuery, hole: ir.Hole, tainted: Tainted, fix: Fix | None
) -> Finding:
    name = _shown(hole)
    shown = f"`{name}`" if name else "a value"
    if tainted.kind == PARAMETER:
        message = f"{shown} becomes part of the SQL, where a parameter belongs"
        confidence = Confidence.LOW if is_tool(code.path) else Confidence.MEDIUM
    else:
        message = f"{shown} comes from the request and becomes part of the SQL"
        confidence = None
    return Finding(
        at=code.place(hole),
        message=message,
        help="Pass values as parameters, and take names only from a list of allowed ones.",
        related=tuple(_way(hole, tainted)),
        fixes=(fix,) if fix is not None else (),
        evidence={"function": event.function},
        confidence=confidence,
    )


def _way(hole: ir.Hole, tainted: Tainted) -> Iterator[Related]:
    """The steps from the source to the hole, those left out that lie within each other."""
    shown: list[Place] = []
    for place, note in tainted.path:
        around_hole = hole.start <= place.start < hole.end
        if not around_hole and not any(
            p.start >= place.start and p.end <= place.end for p in shown
        ):
            shown.append(place)
            yield Related(place, note)


def _shown(hole: ir.Hole) -> str:
    value = hole.value
    while isinstance(value, ir.Call | ir.Index | ir.Await):
        value = value.function if isinstance(value, ir.Call) else value.value
    return dotted(value)


# Positions -------------------------------------------------------------------------------------

_OPERATOR = re.compile(r"(?:[=<>]|\b(?:like|ilike|between)|\bin\s*\()\s*$", re.IGNORECASE)
_NAMES_GO_ON = re.compile(r"^(?:\.|\(|_|\w)")


def _position(text: ir.Text, number: int) -> Literal["", "quoted", "inside", "bare"]:
    """How a value stands at a hole: alone in quotes, with others in quotes, or without any."""
    before = "".join(
        part.text if isinstance(part, ir.Chunk) else "x" for part in text.parts[:number]
    )
    after = text.parts[number + 1] if number + 1 < len(text.parts) else None
    rest = after.text if isinstance(after, ir.Chunk) else ""
    if before.count("'") % 2:
        alone = before.endswith("'") and rest.startswith("'")
        return "quoted" if alone else "inside"
    if _OPERATOR.search(before) and not _NAMES_GO_ON.match(rest):
        return "bare"
    return ""


_NAMES = re.compile(
    r"(?:table|schema|column|col|field|database|db|catalog|alias|clause|sql|query|condition|where|placeholders?"
    r"|params|marks|order|direction|operator|op|interval|dialect|prefix|suffix|expr|expression|type|index"
    r"|sequence|seq|role|constraint|view|function|namespace)s?(?:_?(?:name|id|str))?$",
    re.IGNORECASE,
)
"""What is called so is seldom a value."""

_NUMBERS = re.compile(
    r"(?:limit|offset|count|size|page|days|hours|minutes|seconds|year|timestamp|epoch|version|now|number|num"
    r"|min|max|total|amount|ts|time|date|day)s?$",
    re.IGNORECASE,
)
"""What is called so, and not declared, is seldom a text."""

# Sources ---------------------------------------------------------------------------------------

_TEXTS = frozenset(
    """
    str bytes Optional Union None list List dict Dict Any Sequence set tuple Iterable string any
    unknown String Array Record undefined null object typing t T
    """.split()  # noqa: SIM905
)


def _source(code: Code) -> Source:
    """Request objects, and what handlers of this unit get from the request."""
    named = _handlers(code)
    given: set[tuple[str, str]] = set()
    models: dict[tuple[str, str], str] = {}
    for function in code.functions() if named else ():
        if function.key not in named or code.language.is_ecmascript:
            continue
        for one in function.parameters:
            if one.name in {"", "self", "cls"} or one.kind:
                continue
            if _is_input(code, function, one):
                given.add((function.key, one.name))
            elif one.annotation is not None and code.name_of(one.annotation).startswith(":"):
                models[function.key, one.name] = code.name_of(one.annotation)[1:]
    direct = parameters_of(frozenset(given))
    if not models:
        return direct

    def source(code: Code, expression: ir.Expr) -> str:
        if isinstance(expression, ir.Attribute) and isinstance(expression.value, ir.Name):
            owner = models.get((code.enclosing(expression).key, expression.value.id))
            if owner is not None:
                return "request" if _is_text_field(code, owner, expression.name) else ""
        return direct(code, expression)

    return source


def _handlers(code: Code) -> frozenset[str]:
    return frozenset(
        step.target.name
        for step in unit_declarations(code).steps
        if step.kind == "route" and step.target is not None and step.target.name
    )


def _is_text_field(code: Code, owner: str, name: str) -> bool:
    shape = code.scope.classes.get(owner)
    known = shape.attributes.get(name, ()) if shape is not None else ()
    return any(one.annotation is not None and _is_text(code, one.annotation) for one in known)


def _is_input(code: Code, function: FunctionContext, parameter: ir.Parameter) -> bool:
    """Whether a handler gets a parameter as text from the request."""
    for around in (parameter.annotation, parameter.default):
        if around is not None and any(_restricts(node) for node in ir.walk(around)):
            return False
    if parameter.annotation is not None:
        return _is_text(code, parameter.annotation)
    if isinstance(parameter.default, ir.Constant) and parameter.default.value is not None:
        return False
    assert function.node is not None
    converted = re.compile(rf"<(?:int|float|uuid):{re.escape(parameter.name)}>")
    return not any(
        isinstance(node, ir.Text) and converted.search(node.constant or "")
        for decorator in function.node.decorators
        for node in ir.walk(decorator)
    )


def _restricts(node: ir.Node) -> bool:
    """Something that is injected, or that checks the text: `Depends(…)`, `Query(pattern=…)`, `Literal`."""
    if isinstance(node, ir.Name):
        return node.id in {"Depends", "Security", "Literal"}
    if isinstance(node, ir.Attribute):
        return node.name in {"Depends", "Security", "Literal"}
    return isinstance(node, ir.Argument) and node.name in {"pattern", "regex", "enum"}


def _is_text(code: Code, annotation: ir.Expr, depth: int = 6) -> bool:
    """Whether an annotation lets any text through."""
    if depth <= 0:
        return False
    if isinstance(annotation, ir.Index):
        last = dotted(annotation.value).rpartition(".")[2]
        if last == "Annotated" and isinstance(annotation.index, ir.Collection):
            first = annotation.index.entries[:1]
            return bool(first) and _is_text(code, first[0].value, depth - 1)
    names = [node for node in ir.walk(annotation) if isinstance(node, ir.Name)]
    for name in names:
        if name.id in _TEXTS:
            continue
        bound = code.scope.names.get(name.id, ())
        value = bound[0].value if len(bound) == 1 and bound[0].kind == "value" else None
        if value is None or not _is_text(code, value, depth - 1):
            return False
    if isinstance(annotation, ir.Text):
        return annotation.constant in {"str", "str | None"}
    return bool(names)


_LONGEST_WAY = 3
"""Steps; what was made of a caller's value in more of them is another value."""


def _may_be_text(code: Code, tainted: Tainted) -> bool:
    """Whether the parameter that a value comes from may be text, as far as its declaration says."""
    at = tainted.path[0][0]
    if len(tainted.path) > _LONGEST_WAY:
        return False
    for function in code.functions():
        for one in function.parameters:
            if (one.start, one.end) != (at.start, at.end):
                continue
            if one.kind or function.key in _handlers(code):
                return False  # it is no text from the request, as far as the framework says
            if one.annotation is not None:
                return _is_text(code, one.annotation)
            is_number = isinstance(one.default, ir.Constant) and one.default.value is not None
            return not is_number and not _NUMBERS.search(one.name)
    return False


# Fixes -----------------------------------------------------------------------------------------


def _fix(code: Code, event: DatabaseQuery, text: ir.Text, tainted: set[int]) -> Fix | None:
    """Parameters instead of holes, when every hole is a plain value of a text written in the call."""
    driver = driver_of(code.language, event.function)
    call = next((s.call for s in code.calls() if s.call.start == event.start), None)
    if (
        driver is None
        or not driver.placeholder
        or call is None
        or len(call.arguments) != 1
        or call.arguments[0].name
    ):
        return None
    argument = call.arguments[0].value
    if not isinstance(argument, ir.Text) or len(argument.parts) != len(text.parts):
        return None
    changes: list[Change] = []
    values: list[str] = []
    for number, part in enumerate(text.parts):
        if isinstance(part, ir.Chunk):
            if driver.placeholder == "%s" and "%" in part.text:
                return None
            continue
        position = _position(text, number)
        name = dotted(part.value)
        delimiters = 3 if code.language.is_ecmascript else 2
        is_plain = part.end - part.start == len(name.encode()) + delimiters
        if id(part) not in tainted or not name or not is_plain or position in {"", "inside"}:
            return None
        values.append(name)
        quote = position == "quoted"
        at = code.place_of(part.start - quote, part.end + quote)
        sign = f"${len(values)}" if driver.placeholder == "$" else driver.placeholder
        changes.append(Change(at, sign))
    changes += _plain(code, argument)
    end = call.arguments[0].end
    changes.append(Change(code.place_of(end, end), f", {_given(values, driver.values)}"))
    return Fix("Pass the values as parameters", tuple(changes))


def _plain(code: Code, text: ir.Text) -> Iterator[Change]:
    """Takes the `f` off a text of Python that has no holes left, and no doubled braces."""
    if code.language.is_ecmascript or not text.parts:
        return
    is_written = all(
        isinstance(part, ir.Hole) or len(part.text.encode()) == part.end - part.start
        for part in text.parts
    )
    if is_written and text.parts[0].start - text.start in {2, 4}:  # f" and f\"""
        yield Change(code.place_of(text.start, text.start + 1), "")


def _given(values: list[str], shape: str) -> str:
    joined = ", ".join(values)
    if shape == "rest":
        return joined
    if shape == "list":
        return f"[{joined}]"
    return f"({joined},)" if len(values) == 1 else f"({joined})"
