"""What a backend engineer cares about in a piece of code, whatever its language and libraries.

An event is a call that means something: a request, a query, a log line.  `start` and `end` are the
call's bytes within its unit, `function` is what is called, fully qualified, and `within` the key of
the function around it (see `flow.outline.FunctionContext`), empty at the unit's top level.

What could not be resolved is None or `unknown`, and nothing may be concluded from it.
"""

from __future__ import annotations

import enum
from typing import Literal as Choice

import msgspec

from backend_analyzers import ir


class Deadline(enum.StrEnum):
    """Whether a call that waits will ever give up."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Event(msgspec.Struct, frozen=True, gc=False):
    """A call that means something."""

    start: int
    end: int
    function: str
    within: str


class HttpRequest(Event, frozen=True, gc=False, tag=True):
    """A request to another service.  `method` is upper case, or empty when unknown."""

    method: str
    url: ir.Expr | None
    timeout: Deadline
    blocking: bool


class DatabaseQuery(Event, frozen=True, gc=False, tag=True):
    """A statement sent to a database.

    `sql` is the folded text, None when it is not known.  `argument_start` and `argument_end` are
    the bytes of the argument that holds it.  `connection` is the type of what runs it, empty when
    it was only recognised by its text.  `is_batch` says that one call runs it for many rows.
    """

    sql: ir.Text | None
    argument_start: int
    argument_end: int
    has_parameters: bool | None
    blocking: bool | None
    fetches: Choice["one", "many", "unknown"]
    connection: str
    is_batch: bool = False


class DatabaseConnect(Event, frozen=True, gc=False, tag=True):
    """A connection or a pool is opened.

    `most` is how many connections a pool opens at most, None when that is not known, and `keeps` whether
    it keeps any of them for the next caller.
    """

    timeout: Deadline
    blocking: bool
    is_pool: bool
    most: int | None = None
    keeps: bool | None = None
    url: ir.Expr | None = None


class TransactionBegin(Event, frozen=True, gc=False, tag=True):
    """A transaction begins."""

    blocking: bool


class TransactionEnd(Event, frozen=True, gc=False, tag=True):
    """A transaction is committed or rolled back."""

    action: Choice["commit", "rollback"]
    blocking: bool


class ProcessRun(Event, frozen=True, gc=False, tag=True):
    """A program is started; `waits` is False when the call returns before it ends."""

    command: ir.Expr | None
    shell: bool | None
    timeout: Deadline
    blocking: bool
    waits: bool


class Sleep(Event, frozen=True, gc=False, tag=True):
    """The caller pauses."""

    blocking: bool


class FileOpen(Event, frozen=True, gc=False, tag=True):
    """A file is opened, read or written."""

    path: ir.Expr | None
    blocking: bool


class LogWrite(Event, frozen=True, gc=False, tag=True):
    """A line is logged."""

    level: str
    arguments: tuple[ir.Expr, ...]


class TokenDecode(Event, frozen=True, gc=False, tag=True):
    """A token is read.  `verify` is None when it is not known whether its signature is checked."""

    key: ir.Expr | None
    verify: bool | None
    algorithms: tuple[str, ...] | None


class TokenEncode(Event, frozen=True, gc=False, tag=True):
    """A token is made."""

    key: ir.Expr | None
    algorithms: tuple[str, ...] | None


class Blocking(Event, frozen=True, gc=False, tag=True):
    """Other input or output; `what` names it for people (`a DNS lookup`)."""

    what: str
    blocking: bool


class ResponseSent(Event, frozen=True, gc=False, tag=True):
    """A response is made or sent with a value; `status` is None when it is not a constant."""

    kind: Choice["json", "text", "html", "error", "redirect", "file"]
    values: tuple[ir.Expr, ...]
    status: int | None


AnyEvent = (
    HttpRequest
    | DatabaseQuery
    | DatabaseConnect
    | TransactionBegin
    | TransactionEnd
    | ProcessRun
    | Sleep
    | FileOpen
    | LogWrite
    | TokenDecode
    | TokenEncode
    | Blocking
    | ResponseSent
)
