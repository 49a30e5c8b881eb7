"""The events of a unit: each call that the libraries' tables give a meaning, read with its arguments.

Only calls whose last name occurs in a table are resolved at all, so that a unit without events
costs next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_analyzers import ir
from backend_analyzers.events import (
    AnyEvent,
    Blocking,
    DatabaseQuery,
    FileOpen,
    HttpRequest,
    LogWrite,
    ProcessRun,
    ResponseSent,
    Sleep,
    TokenDecode,
    TokenEncode,
    TransactionBegin,
    TransactionEnd,
)
from backend_analyzers.flow.arguments import Lack, argument, first_argument
from backend_analyzers.flow.blocks import CallSite
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.connects import connected
from backend_analyzers.flow.deadlines import deadline
from backend_analyzers.libraries.vocabulary import (
    Block,
    Connect,
    Decode,
    Encode,
    Http,
    Log,
    Meaning,
    Open,
    Pause,
    Process,
    Query,
    Respond,
    Transaction,
    Where,
)
from backend_analyzers.sql.dialects import looks_like_sql

_RUNS_SQL = frozenset(
    {
        *("execute", "executemany", "executescript", "query", "fetch", "fetchrow", "fetchval"),
        *("fetchall", "fetch_one", "fetch_all", "fetch_val", "one", "many", "raw", "unsafe"),
        *("exec", "prepare", "scalar", "scalars", "exec_driver_sql", "any", "none", "oneOrNone"),
        *("manyOrNone", "queryOne", "queryAll", "$queryRawUnsafe", "$executeRawUnsafe"),
    }
)
_SQL_TAGS = frozenset({"sql", "SQL", "$queryRaw", "$executeRaw"})
_ONE = frozenset({"fetchrow", "fetchval", "fetch_one", "fetch_val", "one", "oneOrNone", "scalar"})
_MANY = frozenset({"fetch", "fetch_all", "many", "manyOrNone", "scalars", "any"})


def events(code: Code) -> tuple[AnyEvent, ...]:
    """What a unit does that matters, in source order."""
    known = code.memo.get(events)
    if known is None:
        known = code.memo[events] = _events(code)
    result: tuple[AnyEvent, ...] = known
    return result


def _events(code: Code) -> tuple[AnyEvent, ...]:
    found: list[AnyEvent] = []
    tables = code.names.tables
    last, calls = tables.last, tables.calls
    for site in code.outline.calls:
        function = site.call.function
        if isinstance(function, ir.Attribute):
            name = function.name
            if name not in last and name not in _RUNS_SQL:
                continue
        elif not isinstance(function, ir.Name):
            continue
        else:
            name = ""
        qualified = code.callee_of(site.call)
        meaning = calls.get(qualified) if qualified else None
        if meaning is not None:
            event = _read(code, site, qualified, meaning)
        elif name in _RUNS_SQL:
            event = _by_its_text(code, site, qualified, name)
        else:
            continue
        if event is not None:
            found.append(event)
    if code.outline.tagged:
        found += _tagged(code, found)
    found.sort(key=_start)
    return tuple(found)


def _start(event: AnyEvent) -> tuple[int, int]:
    return event.start, -event.end


def _within(code: Code, block: int) -> str:
    outline = code.outline
    return outline.functions[outline.blocks[block].function].key


def _read(code: Code, site: CallSite, name: str, meaning: Meaning) -> AnyEvent | None:
    call = site.call
    at = (call.start, call.end, name, _within(code, site.block))
    match meaning:
        case Http():
            return HttpRequest(
                *at,
                method=_method(code, call, meaning),
                url=_given(code, call, meaning.url),
                timeout=deadline(code, call, meaning.timeout),
                blocking=meaning.blocking,
            )
        case Query():
            return _query(code, call, at, meaning)
        case Connect():
            return connected(code, call, at, meaning)
        case Transaction(action="begin"):
            return TransactionBegin(*at, blocking=meaning.blocking)
        case Transaction(action="commit" | "rollback" as action):
            return TransactionEnd(*at, action=action, blocking=meaning.blocking)
        case Process():
            return _process(code, call, at, meaning)
        case Pause():
            return Sleep(*at, blocking=meaning.blocking)
        case Open():
            function = call.function
            receiver = function.value if isinstance(function, ir.Attribute) else None
            path = receiver if meaning.path is None else _given(code, call, (meaning.path,))
            return FileOpen(*at, path=path, blocking=meaning.blocking)
        case Log():
            return _log(call, at, meaning)
        case Decode():
            return _decode(code, call, at, meaning)
        case Encode():
            key = _given(code, call, (meaning.key,))
            return TokenEncode(*at, key=key, algorithms=_algorithms(code, call, meaning.algorithms))
        case Block():
            return Blocking(*at, what=meaning.what, blocking=meaning.blocking)
        case Respond():
            return _respond(code, call, at, meaning)
        case _:
            return None


_At = tuple[int, int, str, str]


def _given(code: Code, call: ir.Call, places: tuple[Where, ...]) -> ir.Expr | None:
    found = first_argument(code.names, call, places, here=True)
    return None if isinstance(found, Lack) else found


def _method(code: Code, call: ir.Call, meaning: Http) -> str:
    if isinstance(meaning.method, str):
        return meaning.method
    found = argument(code.names, call, meaning.method)
    if isinstance(found, Lack):
        is_default = found is Lack.NOT_GIVEN and bool(meaning.method.options)
        return "GET" if is_default else ""
    value = code.constant(found)
    return value.upper() if isinstance(value, str) else ""


def _query(code: Code, call: ir.Call, at: _At, meaning: Query) -> DatabaseQuery:
    given = _given(code, call, meaning.sql)
    text = None if given is None else code.text_of(given)
    here = given or call
    owner = at[2].rpartition(".")[0]
    return DatabaseQuery(
        *at,
        sql=text,
        argument_start=here.start,
        argument_end=here.end,
        has_parameters=_is_tagged(text) or _has_parameters(code, call, meaning.parameters),
        blocking=meaning.blocking,
        fetches=meaning.fetches,
        connection=owner,
        is_batch=meaning.many,
    )


def _is_tagged(text: ir.Text | None) -> bool:
    """The holes of a tagged template are parameters: that is what the tag is for."""
    return text is not None and text.function is not None


def _has_parameters(code: Code, call: ir.Call, places: tuple[Where, ...]) -> bool | None:
    found = first_argument(code.names, call, places, here=True)
    if isinstance(found, Lack):
        return None if found is Lack.UNKNOWN else False
    return not isinstance(found, ir.Lambda)


def _by_its_text(code: Code, site: CallSite, qualified: str, name: str) -> DatabaseQuery | None:
    """A call on an unknown object that hands over SQL is a query all the same."""
    call = site.call
    if not call.arguments or call.arguments[0].spread:
        return None
    given = call.arguments[0].value
    if isinstance(given, ir.Constant | ir.Lambda | ir.Comprehension):
        return None
    if isinstance(given, ir.Collection):
        found = first_argument(code.names, call, (Where(0, options=("text", "sql")),), here=True)
        if isinstance(found, Lack):
            return None
        given = found
    text = code.text_of(given)
    if text is None or not _is_sql(text):
        return None
    rest = [one.value for one in call.arguments[1:]]
    return DatabaseQuery(
        call.start,
        call.end,
        qualified or name,
        _within(code, site.block),
        sql=text,
        argument_start=given.start,
        argument_end=given.end,
        has_parameters=_is_tagged(text) or any(not isinstance(one, ir.Lambda) for one in rest),
        blocking=None,
        fetches="one" if name in _ONE else "many" if name in _MANY else "unknown",
        connection="",
        is_batch=name == "executemany",
    )


def _is_sql(text: ir.Text) -> bool:
    written = "".join(part.text if isinstance(part, ir.Chunk) else "hhh" for part in text.parts)
    return looks_like_sql(written)


def _tagged(code: Code, found: list[AnyEvent]) -> Iterator[DatabaseQuery]:
    """Queries written as tagged templates, whose holes are parameters."""
    spoken = {event.argument_start for event in found if isinstance(event, DatabaseQuery)}
    tags = code.names.tables.tags
    for text, block in code.outline.tagged:
        tag = text.function
        if tag is None or text.start in spoken:
            continue
        name = code.name_of(tag) or code.type_of(tag)
        last = tag.name if isinstance(tag, ir.Attribute) else getattr(tag, "id", "")
        if name not in tags and not (last in _SQL_TAGS and _is_sql(text)):
            continue
        yield DatabaseQuery(
            text.start,
            text.end,
            name or last,
            _within(code, block),
            sql=text,
            argument_start=text.start,
            argument_end=text.end,
            has_parameters=True,
            blocking=False,
            fetches="unknown",
            connection=name.rpartition(".")[0] if name in tags else "",
        )


def _process(code: Code, call: ir.Call, at: _At, meaning: Process) -> ProcessRun:
    shell: bool | None
    if isinstance(meaning.by_shell, bool):
        shell = meaning.by_shell
    else:
        shell = _flag(code, call, (meaning.by_shell,), otherwise=False)
    return ProcessRun(
        *at,
        command=_given(code, call, (meaning.command,)),
        shell=shell,
        timeout=deadline(code, call, meaning.timeout),
        blocking=meaning.blocking,
        waits=meaning.waits,
    )


def _flag(code: Code, call: ir.Call, places: tuple[Where, ...], *, otherwise: bool) -> bool | None:
    """The value of a switch; None when it is not known."""
    found = first_argument(code.names, call, places, here=True)
    if isinstance(found, Lack):
        return otherwise if found is Lack.NOT_GIVEN else None
    value = code.constant(found)
    if isinstance(value, str):
        return True
    return value if isinstance(value, bool) else None


def _log(call: ir.Call, at: _At, meaning: Log) -> LogWrite:
    written = tuple(one.value for one in call.arguments if not one.name and not one.spread)
    return LogWrite(*at, level=meaning.level, arguments=written[meaning.skip :])


def _decode(code: Code, call: ir.Call, at: _At, meaning: Decode) -> TokenDecode:
    verify: bool | None = meaning.verifies
    if meaning.verify:
        verify = _flag(code, call, meaning.verify, otherwise=meaning.verifies)
    return TokenDecode(
        *at,
        key=_given(code, call, (meaning.key,)),
        verify=verify,
        algorithms=_algorithms(code, call, meaning.algorithms),
    )


def _algorithms(code: Code, call: ir.Call, places: tuple[Where, ...]) -> tuple[str, ...] | None:
    """The algorithms that are named; empty when none are, None when they are not known."""
    found = first_argument(code.names, call, places, here=True)
    if isinstance(found, Lack):
        return () if found is Lack.NOT_GIVEN else None
    value = code.constant(found)
    if isinstance(value, str):
        return (value,)
    if isinstance(value, tuple):
        return tuple(one for one in value if isinstance(one, str))
    return None


def _respond(code: Code, call: ir.Call, at: _At, meaning: Respond) -> ResponseSent:
    found = [argument(code.names, call, where) for where in meaning.value]
    values = tuple(one for one in found if not isinstance(one, Lack))
    status = _given(code, call, meaning.status)
    function = call.function
    if status is None and isinstance(function, ir.Attribute):
        # `response.status(500).json(…)`
        chained = function.value
        if (
            isinstance(chained, ir.Call)
            and isinstance(chained.function, ir.Attribute)
            and chained.function.name == "status"
            and chained.arguments
        ):
            status = chained.arguments[0].value
    return ResponseSent(*at, kind=meaning.kind, values=values, status=_status(code, status))


def _status(code: Code, status: ir.Expr | None) -> int | None:
    if status is None:
        return None
    number = code.constant(status)
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    named = _STATUS_NAME.search(code.name_of(status))
    return int(named.group(1)) if named else None


_STATUS_NAME = re.compile(r"\.HTTP_(\d{3})(?:_|$)")
