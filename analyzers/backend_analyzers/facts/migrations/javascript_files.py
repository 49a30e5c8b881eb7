"""What a JavaScript or TypeScript file of migrations exports, and the chains of calls in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backend_analyzers import ir
from backend_analyzers.fact import codes
from backend_analyzers.facts.migrations.moved import moved
from backend_analyzers.facts.orm.spelled import Spelled, spelled
from backend_analyzers.flow.code import Code
from backend_analyzers.source import File
from backend_analyzers.sql.ddl import DdlStatement
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.statement import Dialect


class Found(NamedTuple):
    """A function of a file, in its unit."""

    code: Code
    function: ir.Function


class Script(NamedTuple):
    """A file that may be a migration: its functions and what else it exports."""

    functions: Mapping[str, Found]
    settings: Mapping[str, tuple[Code, ir.Expr]]
    owner: str = ""
    """The class that `up` is a method of."""
    made: tuple[Code, ir.Expr] | None = None
    """What is exported as a whole, when that is not written out."""


def script(file: File) -> Script:
    """The functions of a file by name; of an object or a class that is exported, its members too."""
    functions: dict[str, Found] = {}
    settings: dict[str, tuple[Code, ir.Expr]] = {}
    owner, made = "", None
    for code in codes(file):
        node = code.unit.node
        name = code.unit.key.rpartition(".")[2].partition("~")[0]
        match node:
            case ir.Function():
                functions.setdefault(node.name, Found(code, node))
                if node.name == "up":
                    owner = code.unit.owner
            case ir.Assign(targets=(ir.Name(id=target),), value=value) if value is not None:
                _export(code, target, value, functions, settings)
            case ir.Export(name="=" | "default" | "", value=ir.Collection(kind="mapping") as whole):
                for entry in whole.entries:
                    if isinstance(entry.key, ir.Text) and entry.key.constant:
                        _export(code, entry.key.constant, entry.value, functions, settings)
            case ir.Export(name="=" | "default" | "", value=ir.Call() as value):
                made = (code, value)
            case ir.Export(value=value) if value is not None:
                _export(code, node.name or name, value, functions, settings)
            case _:
                pass
    return Script(functions, settings, owner, made)


def _export(
    code: Code,
    name: str,
    value: ir.Expr,
    functions: dict[str, Found],
    settings: dict[str, tuple[Code, ir.Expr]],
) -> None:
    if isinstance(value, ir.Lambda):
        functions[name] = Found(code, value.function)
    elif isinstance(value, ir.Name) and value.id in functions:
        functions[name] = functions[value.id]
    else:
        settings[name] = (code, value)


def setting(found: Script, *names: str) -> Spelled | None:
    """What a file exports under a name, or a member of that: `config`, `transaction`."""
    known = found.settings.get(names[0])
    if known is None:
        return None
    value = spelled(*known)
    for name in names[1:]:
        entry = value.get(name)
        if entry is None:
            return None
        value = entry.value
    return value


# Chains ----------------------------------------------------------------------------------------


class Link(NamedTuple):
    """One step of `knex.schema.createTable(…)`: a name, with the call of it; the call of the root has none."""

    name: str
    call: ir.Call | None
    start: int
    end: int

    @property
    def arguments(self) -> tuple[ir.Expr, ...]:
        return tuple(one.value for one in self.call.arguments) if self.call is not None else ()


def chain(expression: ir.Expr) -> tuple[ir.Expr, list[Link]]:
    """The root of a chain of attributes and calls, and its links from there."""
    links: list[Link] = []
    call: ir.Call | None = None
    at = expression
    while True:
        match at:
            case ir.Call(function=function):
                if call is not None:
                    links.append(Link("", call, call.start, call.end))
                call, at = at, function
            case ir.Attribute(value=value, name=name):
                end = at.name_start + len(name.encode(errors="replace"))
                links.append(Link(name, call, at.name_start, end))
                call, at = None, value
            case ir.Await(value=value):
                if call is not None:
                    links.append(Link("", call, call.start, call.end))
                    call = None
                at = value
            case _:
                if call is not None:
                    links.append(Link("", call, call.start, call.end))
                return at, links[::-1]


# SQL that is written out ----------------------------------------------------------------------

_LARGEST_UNIT = 1_000_000


def placed_ddl(
    parts: tuple[ir.Chunk | ir.Hole, ...],
    size: int,
    sql: str,
    within: tuple[int, int],
    dialect: Dialect,
) -> tuple[DdlStatement, ...]:
    """The DDL of a text with the offsets of its unit (of `size` bytes), parsed with all else blank.

    Where the text does not stand in the unit byte by byte, everything has the range `within`.
    """
    is_here = bool(parts) and all(
        isinstance(one, ir.Chunk)
        and within[0] <= one.start
        and one.end <= within[1]
        # An escape has room for a space, and for nothing that means something.
        and (one.end - one.start == len(one.text.encode(errors="replace")) or not one.text.strip())
        for one in parts
    )
    if not is_here or size > _LARGEST_UNIT:
        return tuple(moved(one, None, within) for one in parse_ddl(sql, dialect=dialect))
    blank = bytearray(b" " * size)
    for part in parts:
        if isinstance(part, ir.Chunk):
            said = part.text.encode(errors="replace")[: part.end - part.start]
            blank[part.start : part.start + len(said)] = said
    return parse_ddl(bytes(blank), dialect=dialect)
