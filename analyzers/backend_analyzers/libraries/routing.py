"""The words in which a web framework's table says what declares routes, mounts and guards.

Supporting another framework is another table in these words; `facts/route_declarations.py` reads
code by them and knows no framework by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec


class Parameter(msgspec.Struct, frozen=True, gc=False):
    """An argument by position and by name; a position of -1 means by name only."""

    position: int = -1
    name: str = ""


class Create(msgspec.Struct, frozen=True, gc=False):
    """A call that makes an application or a router.

    `guards` names the arguments that list what runs before every route of it.
    """

    kind: Literal["app", "router"]
    framework: str
    prefix: str = ""
    guards: tuple[str, ...] = ()
    hidden: str = ""
    """The argument that, when false, keeps the routes out of the documentation."""
    named: Parameter | None = None
    """The argument that is the prefix, after a slash, when no prefix is given."""
    parent: Parameter | None = None
    """The argument that is the router which this one is mounted on at once."""


class Declare(msgspec.Struct, frozen=True, gc=False):
    """A call on a receiver that declares a route.

    Without `handler` the handler is the function that the call decorates, or the last positional
    argument when `middleware` says that those between the path and the handler run before it.
    Empty `methods` are read from the argument `methods`, and are `default` when that is missing.
    """

    methods: tuple[str, ...] = ()
    default: tuple[str, ...] = ("GET",)
    path: Parameter = Parameter(0, "path")
    handler: Parameter | None = None
    middleware: bool = False
    guards: str = ""
    hidden: str = ""
    response: str = ""
    many: bool = False
    """All positional arguments from the path on are paths of the same handler."""


class Mount(msgspec.Struct, frozen=True, gc=False):
    """A call on a receiver that puts the routes of another object below it."""

    child: Parameter
    prefix: Parameter
    guards: str = ""
    hidden: str = ""
    isolated: bool = False
    """Only what runs around the whole application covers the child, not its guards."""
    overrides: bool = False
    """The prefix replaces the one that the child was made with."""


class Attach(msgspec.Struct, frozen=True, gc=False):
    """A call on a router that puts it below the object that it is given."""

    parent: Parameter


class Guard(msgspec.Struct, frozen=True, gc=False):
    """A call on a receiver, or a decorator, that puts a function before its routes.

    `reach` is what it covers: the routes of the receiver, or of the whole application.
    """

    function: Parameter | None = None
    reach: Literal["receiver", "app"] = "receiver"


Word = Declare | Mount | Guard | Attach


class Framework(msgspec.Struct, frozen=True):
    """What the calls of one web framework mean for routing."""

    name: str
    language: Literal["python", "ecmascript"]
    creates: Mapping[str, Create]
    """By qualified name of the callee."""
    words: Mapping[str, Word]
    """By the name of the method, called on an application or router."""
    types: Mapping[str, Literal["app", "router"]] = {}
    """What a parameter with this annotation is."""
    guards: frozenset[str] = frozenset()
    """Qualified names of functions and classes that authenticate or authorise."""
    harmless: frozenset[str] = frozenset()
    """Qualified names that never do."""
    views: frozenset[str] = frozenset()
    """Qualified names of the classes that class-based handlers are derived from; they guard nothing."""
    in_order: bool = True
    """The first matching route wins; otherwise the most specific one does."""


HTTP_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
