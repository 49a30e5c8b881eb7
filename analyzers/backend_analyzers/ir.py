"""The small common program representation that every language lowers to.

Nodes are frozen structs.  `start` and `end` count bytes from the start of the unit that holds the
node, so that a unit whose text did not change is the *same* value wherever it moves.  Syntax that
no rule needs lowers to `Unknown` with its children: nothing is lost, nothing fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal as Choice

import msgspec


class Node(msgspec.Struct, frozen=True, gc=False):
    """A piece of a unit: a half-open range of bytes, relative to the unit's start."""

    start: int
    end: int


# Expressions -----------------------------------------------------------------------------------


class Name(Node, frozen=True, gc=False, tag=True):
    """A variable: `self`, `this` and `super` included."""

    id: str


class Attribute(Node, frozen=True, gc=False, tag=True):
    """`value.name`; also `value?.name`."""

    value: Expr
    name: str
    name_start: int


class Index(Node, frozen=True, gc=False, tag=True):
    """`value[index]`; also a generic type such as `list[int]` or `Promise<Order>`."""

    value: Expr
    index: Expr


class Argument(Node, frozen=True, gc=False, tag=True):
    """One argument of a call.  `spread` is `*` or `**` (`...` lowers to `*`)."""

    value: Expr
    name: str = ""
    spread: Choice["", "*", "**"] = ""


class Call(Node, frozen=True, gc=False, tag=True):
    """`function(arguments)`; with `new`, a constructor call of a language that says so."""

    function: Expr
    arguments: tuple[Argument, ...]
    new: bool = False


class Constant(Node, frozen=True, gc=False, tag=True):
    """A number, a boolean or nothing (`None`, `null`, `undefined`).  Strings are `Text`."""

    value: int | float | bool | None


class Chunk(Node, frozen=True, gc=False, tag=True):
    """A run of text inside a string, quotes left out.

    Either the UTF-8 of `text` is exactly the bytes from `start` to `end`, or the chunk is one
    escape sequence (and then all of `text` stands for all of the range).
    """

    text: str


class Hole(Node, frozen=True, gc=False, tag=True):
    """An interpolated expression, delimiters included in the range."""

    value: Expr


class Text(Node, frozen=True, gc=False, tag=True):
    """A string, template literal or f-string; adjacent literals are one text.

    `function` is that of a tagged template, `is_bytes` marks a byte string.
    """

    parts: tuple[Chunk | Hole, ...]
    function: Expr | None = None
    is_bytes: bool = False

    @property
    def constant(self) -> str | None:
        """The value, when there are no holes."""
        out = []
        for part in self.parts:
            if isinstance(part, Hole):
                return None
            out.append(part.text)
        return "".join(out)


class Entry(Node, frozen=True, gc=False, tag=True):
    """An element of a collection: `key` in mappings, `spread` for `*x`, `**x` and `...x`."""

    value: Expr
    key: Expr | None = None
    spread: bool = False


class Collection(Node, frozen=True, gc=False, tag=True):
    """A list, tuple, set or mapping written out.  An object literal is a mapping with text keys."""

    kind: Choice["list", "tuple", "set", "mapping"]
    entries: tuple[Entry, ...]


class Generator(Node, frozen=True, gc=False, tag=True):
    """`for target in iterable if conditions`, a part of a comprehension."""

    target: Expr
    iterable: Expr
    conditions: tuple[Expr, ...] = ()


class Comprehension(Node, frozen=True, gc=False, tag=True):
    """A comprehension or generator expression; a mapping's element is an `Operator(":")`."""

    kind: Choice["list", "set", "mapping", "generator"]
    element: Expr
    generators: tuple[Generator, ...]


class Operator(Node, frozen=True, gc=False, tag=True):
    """Any operator, in the spelling of its language: `+`, `%`, `==`, `and`, `&&`, `not in`, `!`,
    `?:` (condition, then, else), `:=` and `=` as expressions (target, value), `yield`, `typeof`.
    """

    operator: str
    operands: tuple[Expr, ...]


class Await(Node, frozen=True, gc=False, tag=True):
    value: Expr


class Lambda(Node, frozen=True, gc=False, tag=True):
    """A function written as an expression: `lambda`, arrow function, function expression."""

    function: Function


class Unknown(Node, frozen=True, gc=False, tag=True):
    """Syntax that the ir has no word for, with the parts it has words for."""

    children: tuple[Expr, ...] = ()


Expr = (
    Name
    | Attribute
    | Index
    | Call
    | Constant
    | Text
    | Collection
    | Comprehension
    | Operator
    | Await
    | Lambda
    | Unknown
)

# Statements ------------------------------------------------------------------------------------


class Imported(Node, frozen=True, gc=False, tag=True):
    """`name` of a module bound to `alias`; the whole module when `name` is empty, `*` for all.

    A default import has the name `default`.
    """

    name: str
    alias: str


class Import(Node, frozen=True, gc=False, tag=True):
    """An import.  `module` as written: `a.b`, `..models`, `./db`, `pg`.

    `const {a: b} = require("m")` and `const m = await import("m")` lower to this too.  A Python
    `import a.b` without alias binds `a` (`alias="a"`, `name=""`, `module="a"`, and a second
    `Imported` is not needed).
    """

    module: str
    names: tuple[Imported, ...]


class Assign(Node, frozen=True, gc=False, tag=True):
    """`targets = value`; `operator` is `+` in `x += 1`; `value` is None for a bare declaration."""

    targets: tuple[Expr, ...]
    value: Expr | None
    annotation: Expr | None = None
    operator: str = ""


class Evaluate(Node, frozen=True, gc=False, tag=True):
    """An expression that stands as a statement."""

    value: Expr


class Branch(Node, frozen=True, gc=False, tag=True):
    """`if`, and each case of `match` or `switch` (whose test is `Operator("case", (subject, pattern))`)."""

    test: Expr
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()


class Loop(Node, frozen=True, gc=False, tag=True):
    """`for` runs over `iterable`; `while`, `do` and a C-style `for` have `iterable` as their test.

    `kind` is `each` for loops over the elements of something and `while` for all others.
    """

    kind: Choice["each", "while"]
    target: Expr | None
    iterable: Expr | None
    body: tuple[Stmt, ...]
    orelse: tuple[Stmt, ...] = ()
    is_async: bool = False


class Handler(Node, frozen=True, gc=False, tag=True):
    """`except catches as name:` or `catch (name)`."""

    catches: Expr | None
    name: str
    body: tuple[Stmt, ...]


class Try(Node, frozen=True, gc=False, tag=True):
    body: tuple[Stmt, ...]
    handlers: tuple[Handler, ...]
    orelse: tuple[Stmt, ...] = ()
    final: tuple[Stmt, ...] = ()


class Managed(Node, frozen=True, gc=False, tag=True):
    """`context as target`."""

    context: Expr
    target: Expr | None


class With(Node, frozen=True, gc=False, tag=True):
    items: tuple[Managed, ...]
    body: tuple[Stmt, ...]
    is_async: bool = False


class Return(Node, frozen=True, gc=False, tag=True):
    value: Expr | None


class Raise(Node, frozen=True, gc=False, tag=True):
    """`raise` or `throw`."""

    value: Expr | None


class Jump(Node, frozen=True, gc=False, tag=True):
    """`break` or `continue`."""

    kind: Choice["break", "continue"]


class Parameter(Node, frozen=True, gc=False, tag=True):
    """A parameter; `name` is empty when it destructures, and `pattern` then holds the pattern."""

    name: str
    annotation: Expr | None = None
    default: Expr | None = None
    kind: Choice["", "*", "**"] = ""
    pattern: Expr | None = None


class Function(Node, frozen=True, gc=False, tag=True):
    """A function or method.  The range includes decorators; an arrow with an expression body has one `Return`."""

    name: str
    name_start: int
    name_end: int
    parameters: tuple[Parameter, ...]
    body: tuple[Stmt, ...]
    decorators: tuple[Expr, ...] = ()
    returns: Expr | None = None
    is_async: bool = False
    is_generator: bool = False
    is_static: bool = False
    """Static or class method."""


class Class(Node, frozen=True, gc=False, tag=True):
    """A class.  At top level its `body` is empty: each member is a unit of its own."""

    name: str
    name_start: int
    name_end: int
    bases: tuple[Argument, ...]
    body: tuple[Stmt, ...] = ()
    decorators: tuple[Expr, ...] = ()


class Export(Node, frozen=True, gc=False, tag=True):
    """`export default value`, `module.exports = value`, `export {name as alias} from "m"`.

    `name` is `default`, `=` for `module.exports` as a whole, `*` for all of `module`.
    `export const x = …` and `export function f…` lower to the declaration itself.
    """

    name: str
    value: Expr | None
    module: str = ""


class Other(Node, frozen=True, gc=False, tag=True):
    """A statement that the ir has no word for, with its expressions and inner statements."""

    expressions: tuple[Expr, ...] = ()
    body: tuple[Stmt, ...] = ()


Stmt = (
    Import
    | Assign
    | Evaluate
    | Branch
    | Loop
    | Try
    | With
    | Return
    | Raise
    | Jump
    | Function
    | Class
    | Export
    | Other
)

# Units -----------------------------------------------------------------------------------------


class Unit(msgspec.Struct, frozen=True, gc=False):
    """The piece of a module that is lowered, analysed and kept as a whole.

    Each top-level statement is a unit, and so is each member of a class (the class itself is a
    unit with an empty body, which ends before its first member).  `key` names the unit within its
    file: a qualified name such as `Orders.create`, or `#` and a digest of its text for what has
    no name; a repeated key gets `~2`, `~3`, ….  `owner` is the qualified name of the class around
    it, or empty.
    """

    key: str
    owner: str
    node: Stmt


class Module(msgspec.Struct, frozen=True, gc=False):
    """A whole file.  `offsets[i]` is where `units[i]` starts in the file."""

    units: tuple[Unit, ...]
    offsets: tuple[int, ...]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside `node`, in the order of their fields."""
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if type(value) is tuple:
            yield from value
        elif value is not None:
            yield value


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything inside it, in source order as far as the fields are."""
    fields = _FIELDS
    stack = [node]
    pop, push = stack.pop, stack.extend
    while stack:
        current = pop()
        yield current
        for name in fields[type(current)][::-1]:
            value = getattr(current, name)
            if type(value) is tuple:
                push(value[::-1])
            elif value is not None:
                stack.append(value)


def _node_types(kind: type[Node]) -> Iterator[type[Node]]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _node_types(inner)


_PLAIN = {"str", "int", "bool", "Choice", "float"}


def _fields_with_nodes(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a type that hold nodes or tuples of nodes: the others are never looked at."""
    notes = kind.__annotations__
    return tuple(
        name
        for name in kind.__struct_fields__[2:]
        if not _PLAIN & set(re.findall(r"\w+", notes[name]))
    )


_FIELDS = {kind: _fields_with_nodes(kind) for kind in _node_types(Node)}
