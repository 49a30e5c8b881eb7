"""What an expression stands for when it is read without running it.

A thing is a plain value, something that a library names, a call of such, a function of the file, or
`UNKNOWN`.  Things live while a file is read and are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from backend_analyzers import ir

Thing = Any
"""`str`, `int`, `float`, `bool`, `None`, or one of the classes below."""


class _Unknown:
    """What nothing is known of."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = _Unknown()


class Named(msgspec.Struct, frozen=True):
    """Something outside of what can be read, by its qualified name: `sqlalchemy.Integer`."""

    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]


class Given(msgspec.Struct, frozen=True, eq=False):
    """An argument of a call, and where it is written."""

    value: Thing
    node: ir.Expr | None = None


class Made(msgspec.Struct, frozen=True, eq=False):
    """The result of calling a `Named`, a `Member` or a class: what it was given.

    `complete` is False when there were spread arguments that could not be read.
    """

    function: Thing
    arguments: tuple[Given, ...]
    named: Mapping[str, Given]
    node: ir.Call
    unit: str = ""
    complete: bool = True

    @property
    def name(self) -> str:
        """The qualified name of what was called."""
        return self.function.name if isinstance(self.function, Named) else ""

    @property
    def last(self) -> str:
        """The last name of what was called."""
        if isinstance(self.function, Named | Member):
            return self.function.last
        return ""

    def get(self, name: str, position: int = -1, default: Thing = None) -> Thing:
        """An argument by its name, or else by its position."""
        found = self.given(name, position)
        return default if found is None else found.value

    def given(self, name: str, position: int = -1) -> Given | None:
        """The same, with where it is written."""
        if name in self.named:
            return self.named[name]
        if 0 <= position < len(self.arguments):
            return self.arguments[position]
        return None


class Member(msgspec.Struct, frozen=True, eq=False):
    """An attribute of a thing that was made, or of one that has no such attribute to read."""

    owner: Thing
    name: str

    @property
    def last(self) -> str:
        return self.name


class Generic(msgspec.Struct, frozen=True, eq=False):
    """`base[index]` where that is no look-up: `Mapped[int]`."""

    base: Thing
    index: Thing


class Alternative(msgspec.Struct, frozen=True, eq=False):
    """`a | b` of types."""

    options: tuple[Thing, ...]


class Items(msgspec.Struct, frozen=True, eq=False):
    """A list, tuple or set; `complete` is False when there may be other elements."""

    kind: str
    values: tuple[Given, ...]
    complete: bool = True

    def __iter__(self) -> Iterator[Thing]:
        return (one.value for one in self.values)


class Pairs(msgspec.Struct, frozen=True, eq=False):
    """A mapping with keys that are plain values."""

    values: Mapping[Any, Given]
    complete: bool = True


class Expression(msgspec.Struct, frozen=True, eq=False):
    """An operator applied to things that are not plain: `User.id == Address.user_id`."""

    operator: str
    operands: tuple[Thing, ...]
    node: ir.Expr


class Closure(msgspec.Struct, frozen=True, eq=False):
    """A function that can be read, with the names around it."""

    function: ir.Function
    names: Mapping[str, Thing] = {}
    home: Any = None


class ClassThing(msgspec.Struct, frozen=True, eq=False):
    """A class that can be read; `key` says which, `home` is whatever its reader needs."""

    key: str
    home: Any = None


class Module(msgspec.Struct, frozen=True, eq=False):
    """A file of the project, as a thing that has attributes."""

    path: str


class EnumMember(msgspec.Struct, frozen=True):
    """A member of an enum; `key` is that of its class."""

    key: str
    name: str


def comparable(thing: Thing) -> bool:
    """Whether a thing is what it is, and equal to nothing else."""
    return plain(thing) or isinstance(thing, EnumMember)


def plain(thing: Thing) -> bool:
    """Whether a thing is a number, a text, a truth value or None."""
    return thing is None or isinstance(thing, str | int | float | bool)


def is_known(thing: Thing) -> bool:
    """Whether anything is known of it."""
    return thing is not UNKNOWN


class ColumnOf(msgspec.Struct, frozen=True, eq=False):
    """A column, by the name of its attribute; `key` is that of the class or table that has it, if known."""

    name: str
    key: str = ""
