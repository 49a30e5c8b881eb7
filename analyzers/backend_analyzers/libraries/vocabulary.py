"""The words in which a table says what a library's functions mean.

A table is data: it maps the qualified name of a function (`requests.get`, or `httpx.Client.get` for
the method of a type) to a meaning, and says where among the arguments the parts of that meaning
stand.  Reading the tables is the business of `backend_analyzers.flow`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal as Choice

import msgspec

from backend_analyzers.events import Deadline


class Where(msgspec.Struct, frozen=True):
    """Where a value stands in a call: by position, by name, or as a property of an argument.

    `options` are the names of properties of the object at `position`.  `position` -1 is none.
    """

    position: int = -1
    name: str = ""
    options: tuple[str, ...] = ()


def arg(position: int, name: str = "") -> Where:
    """The argument at `position`, or the one called `name`."""
    return Where(position, name)


def keyword(name: str) -> Where:
    """The argument called `name`, which has no position."""
    return Where(-1, name)


def option(position: int, *names: str) -> Where:
    """A property (the first of `names` that is there) of the object at `position`."""
    return Where(position, options=names)


class Timeout(msgspec.Struct, frozen=True):
    """How long a call waits: what it says itself, else what its object was made with, else `default`."""

    call: tuple[Where, ...] = ()
    constructor: tuple[Where, ...] = ()
    default: Deadline = Deadline.ABSENT
    settings: tuple[str, ...] = ()
    """Dotted names whose assignment at module level sets a deadline (`axios.defaults.timeout`)."""
    zero_is_none: bool = False


HAS_TIMEOUT = Deadline.PRESENT
SOME_TIMEOUT = Deadline.UNKNOWN


class Http(msgspec.Struct, frozen=True, tag=True):
    """A request to another service."""

    method: str | Where
    url: tuple[Where, ...]
    timeout: Timeout
    blocking: bool


class Query(msgspec.Struct, frozen=True, tag=True):
    """A statement sent to a database."""

    sql: tuple[Where, ...]
    parameters: tuple[Where, ...]
    blocking: bool
    fetches: Choice["one", "many", "unknown"] = "unknown"
    many: bool = False
    """It runs once for each row of its parameters: a batch."""
    otherwise: Choice["query", "nothing"] = "query"
    """What a call means whose argument is no SQL text."""


class Pool(msgspec.Struct, frozen=True):
    """How many connections a pool holds at most: its size, and what it opens beyond it when all are taken.

    `kind` is the argument that chooses another sort of pool; the sorts in `none` keep nothing.  Numbers in
    `unlimited` stand for no limit.
    """

    size: tuple[Where, ...]
    default: int
    overflow: tuple[Where, ...] = ()
    overflow_default: int = 0
    kind: Where | None = None
    none: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    """The sorts of pool that the numbers are about."""
    unlimited: tuple[int, ...] = ()


class Connect(msgspec.Struct, frozen=True, tag=True):
    """A connection, or a pool of them, is opened."""

    timeout: Timeout
    blocking: bool
    pool: bool = False
    limits: Pool | None = None


class Transaction(msgspec.Struct, frozen=True, tag=True):
    """A transaction begins or ends."""

    action: Choice["begin", "commit", "rollback"]
    blocking: bool


class Process(msgspec.Struct, frozen=True, tag=True):
    """A program is started.  `waits` is False when the call returns before the program ends."""

    command: Where
    by_shell: bool | Where
    timeout: Timeout
    blocking: bool
    waits: bool = True


class Pause(msgspec.Struct, frozen=True, tag=True):
    """The caller sleeps."""

    blocking: bool


class Open(msgspec.Struct, frozen=True, tag=True):
    """A file is opened, read or written; `path` None means that the receiver is the path."""

    path: Where | None
    blocking: bool


class Log(msgspec.Struct, frozen=True, tag=True):
    """A line is logged at `level`."""

    level: str
    skip: int = 0
    """How many leading arguments are not part of what is written."""


class Decode(msgspec.Struct, frozen=True, tag=True):
    """A token is decoded, and verified unless told otherwise."""

    key: Where
    algorithms: tuple[Where, ...]
    verify: tuple[Where, ...] = ()
    verifies: bool = True


class Encode(msgspec.Struct, frozen=True, tag=True):
    """A token is made."""

    key: Where
    algorithms: tuple[Where, ...] = ()


class Block(msgspec.Struct, frozen=True, tag=True):
    """Anything else that makes the calling thread wait for the world."""

    what: str
    blocking: bool = True


class Respond(msgspec.Struct, frozen=True, tag=True):
    """A response is made or sent."""

    value: tuple[Where, ...]
    status: tuple[Where, ...] = ()
    kind: Choice["json", "text", "html", "error", "redirect", "file"] = "json"


class Hold(msgspec.Struct, frozen=True):
    """What a call gives is held until it is given back: a connection, a session, a cursor of the server.

    `release` are the methods that give it back, `back` those of what it came from that take it.
    `managed` says that a `with` block over it gives it back; one over `psycopg2` ends only the
    transaction.  `counted` says that there is a fixed number of them, so that others wait for it.
    """

    what: str = "connection"
    release: tuple[str, ...] = ("close",)
    back: tuple[str, ...] = ()
    managed: bool = True
    counted: bool = False


Meaning = (
    Http
    | Query
    | Connect
    | Transaction
    | Process
    | Pause
    | Open
    | Log
    | Decode
    | Encode
    | Block
    | Respond
)


class Library(msgspec.Struct, frozen=True):
    """What is known of one library.

    `calls` says what calling a name means.  `returns` gives the type of what a call gives, after
    awaiting, and `attributes` that of an attribute (`Type.*` for any other one); calling a name in
    `types` gives that very type.  `aliases` maps other spellings of a name to the one used here,
    `bases` a type to the one it extends.  Calling an object means what `Type.__call__` does.
    `texts` are functions whose first argument is a text that they pass on; a text tagged with one of
    `tags` is a query whose holes are parameters.  `deadlines` are types that describe a timeout,
    with the arguments that set it.  `holds` are functions whose result must be given back.
    """

    ecosystem: Choice["python", "ecmascript"]
    calls: Mapping[str, Meaning] = {}
    returns: Mapping[str, str] = {}
    attributes: Mapping[str, str] = {}
    types: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}
    bases: Mapping[str, str] = {}
    texts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    deadlines: Mapping[str, tuple[Where, ...]] = {}
    holds: Mapping[str, Hold] = {}
    conventions: Mapping[tuple[str, str], tuple[str, str]] = {}
    """The types of two neighbouring parameters, neither annotated, that are called so."""


def methods(owner: str, names: str, meaning: Meaning) -> dict[str, Meaning]:
    """The same meaning for several methods (given as one text) of a type or module."""
    return {f"{owner}.{name}": meaning for name in names.split()}
