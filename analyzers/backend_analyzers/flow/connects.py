"""What opening a connection or a pool says: how long it waits, and how many connections it may open."""

from __future__ import annotations

from backend_analyzers import ir
from backend_analyzers.events import DatabaseConnect
from backend_analyzers.flow.arguments import Lack, argument, first_argument
from backend_analyzers.flow.code import Code
from backend_analyzers.flow.deadlines import deadline
from backend_analyzers.flow.fold import MISSING
from backend_analyzers.libraries.vocabulary import Connect, Pool, Where


def connected(
    code: Code, call: ir.Call, at: tuple[int, int, str, str], meaning: Connect
) -> DatabaseConnect:
    """The event of a call that opens a connection or a pool."""
    keeps, most = None, None
    if meaning.pool and meaning.limits is not None:
        keeps, most = _limits(code, call, meaning.limits)
    url = argument(code.names, call, Where(0, "url"))
    return DatabaseConnect(
        *at,
        timeout=deadline(code, call, meaning.timeout),
        blocking=meaning.blocking,
        is_pool=meaning.pool,
        most=most,
        keeps=keeps,
        url=None if isinstance(url, Lack) else url,
    )


def _limits(code: Code, call: ir.Call, pool: Pool) -> tuple[bool | None, int | None]:
    """Whether a pool keeps connections, and how many it opens at most; None is unknown."""
    if pool.kind is not None:
        kind = argument(code.names, call, pool.kind)
        if kind is Lack.UNKNOWN:
            return None, None
        if not isinstance(kind, Lack):
            name = code.name_of(kind)
            if name in pool.none:
                return False, None
            if name not in pool.same:
                return None, None
    size = _number(code, call, pool.size, pool.default)
    beyond = _number(code, call, pool.overflow, pool.overflow_default)
    if size is None or beyond is None or {size, beyond} & set(pool.unlimited):
        return True, None
    return True, size + beyond


def _number(code: Code, call: ir.Call, places: tuple[Where, ...], default: int) -> int | None:
    """The number given at the first of some places, the default when there is none, None when unknown."""
    for where in places:
        found = first_argument(code.names, call, (where,), here=True)
        if found is Lack.UNKNOWN:
            return None
        if isinstance(found, Lack):
            continue
        value = code.constant(found)
        if value is MISSING:
            return None
        if value is not None:
            return value if isinstance(value, int) and not isinstance(value, bool) else None
    return default
