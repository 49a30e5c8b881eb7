"""PostgreSQL, SQLite and MySQL drivers of Python.

Waiting for a connection, from each driver's documentation: psycopg 3 gives up after 130 s, its
pool after 30 s, asyncpg after 60 s, sqlite3 after 5 s, PyMySQL after 10 s; psycopg2 leaves it to libpq, which
waits for ever unless the DSN, the environment or `connect_timeout` says otherwise.
"""

from __future__ import annotations

from typing import Literal as Choice

from backend_analyzers.libraries.vocabulary import (
    HAS_TIMEOUT,
    SOME_TIMEOUT,
    Connect,
    Hold,
    Library,
    Meaning,
    Pool,
    Query,
    Timeout,
    Transaction,
    Where,
    arg,
    keyword,
    methods,
)

_SQL = (arg(0, "query"), keyword("sql"), keyword("operation"))
_VALUES = (arg(1, "params"), keyword("parameters"), keyword("vars"), keyword("args"))


def _query(
    *,
    blocking: bool,
    fetches: Choice["one", "many", "unknown"] = "unknown",
    many: bool = False,
    sql: tuple[Where, ...] = _SQL,
    values: tuple[Where, ...] = _VALUES,
) -> Query:
    return Query(sql, values, blocking=blocking, fetches=fetches, many=many)


def _transactions(owner: str, *, blocking: bool) -> dict[str, Meaning]:
    return {
        f"{owner}.commit": Transaction("commit", blocking=blocking),
        f"{owner}.rollback": Transaction("rollback", blocking=blocking),
    }


def _executing(owner: str, *, blocking: bool) -> dict[str, Meaning]:
    return {
        f"{owner}.execute": _query(blocking=blocking),
        f"{owner}.executemany": _query(blocking=blocking, many=True),
    }


def _psycopg(connection: str, cursor: str, *, blocking: bool) -> dict[str, Meaning]:
    return {
        **_executing(connection, blocking=blocking),
        **_executing(cursor, blocking=blocking),
        f"{cursor}.stream": _query(blocking=blocking, fetches="many"),
        f"{connection}.transaction": Transaction("begin", blocking=blocking),
        **_transactions(connection, blocking=blocking),
    }


_PSYCOPG_WAIT = Timeout(call=(keyword("connect_timeout"),), default=HAS_TIMEOUT)
_POOL_WAIT = Timeout(call=(keyword("timeout"),), default=HAS_TIMEOUT)

# https://www.psycopg.org/psycopg3/docs/api/pool.html: without `max_size` the pool does not grow.
_POOL = Pool(size=(keyword("max_size"), keyword("min_size")), default=4)

PSYCOPG = Library(
    "python",
    calls={
        "psycopg.connect": Connect(_PSYCOPG_WAIT, blocking=True),
        "psycopg.Connection.connect": Connect(_PSYCOPG_WAIT, blocking=True),
        "psycopg.AsyncConnection.connect": Connect(_PSYCOPG_WAIT, blocking=False),
        "psycopg_pool.ConnectionPool": Connect(_POOL_WAIT, blocking=True, pool=True, limits=_POOL),
        "psycopg_pool.AsyncConnectionPool": Connect(
            _POOL_WAIT, blocking=False, pool=True, limits=_POOL
        ),
        **_psycopg("psycopg.Connection", "psycopg.Cursor", blocking=True),
        **_psycopg("psycopg.AsyncConnection", "psycopg.AsyncCursor", blocking=False),
    },
    types=("psycopg_pool.ConnectionPool", "psycopg_pool.AsyncConnectionPool"),
    returns={
        "psycopg.connect": "psycopg.Connection",
        "psycopg.Connection.connect": "psycopg.Connection",
        "psycopg.AsyncConnection.connect": "psycopg.AsyncConnection",
        "psycopg.Connection.cursor": "psycopg.Cursor",
        "psycopg.Connection.execute": "psycopg.Cursor",
        "psycopg.Cursor.execute": "psycopg.Cursor",
        "psycopg.AsyncConnection.cursor": "psycopg.AsyncCursor",
        "psycopg.AsyncConnection.execute": "psycopg.AsyncCursor",
        "psycopg.AsyncCursor.execute": "psycopg.AsyncCursor",
        "psycopg_pool.ConnectionPool.connection": "psycopg.Connection",
        "psycopg_pool.ConnectionPool.getconn": "psycopg.Connection",
        "psycopg_pool.AsyncConnectionPool.connection": "psycopg.AsyncConnection",
        "psycopg_pool.AsyncConnectionPool.getconn": "psycopg.AsyncConnection",
    },
    holds={
        "psycopg.connect": Hold(),
        "psycopg.Connection.connect": Hold(),
        "psycopg.AsyncConnection.connect": Hold(),
        **{
            f"psycopg_pool.{pool}.getconn": Hold(back=("putconn",), managed=False, counted=True)
            for pool in ("ConnectionPool", "AsyncConnectionPool")
        },
    },
    attributes={
        "psycopg.Cursor.connection": "psycopg.Connection",
        "psycopg.AsyncCursor.connection": "psycopg.AsyncConnection",
    },
    aliases={
        "psycopg.connection.Connection": "psycopg.Connection",
        "psycopg.cursor.Cursor": "psycopg.Cursor",
    },
    bases={
        "psycopg.ClientCursor": "psycopg.Cursor",
        "psycopg.ServerCursor": "psycopg.Cursor",
    },
    texts=("psycopg.sql.SQL", "psycopg2.sql.SQL", "textwrap.dedent", "inspect.cleandoc"),
)

_LIBPQ_WAIT = Timeout(call=(keyword("connect_timeout"),), default=SOME_TIMEOUT)
_POOLS = ("SimpleConnectionPool", "ThreadedConnectionPool", "AbstractConnectionPool")

# The second argument is required; 0 never happens and counts as unknown.
_MAXCONN = Pool(size=(arg(1, "maxconn"),), default=0, unlimited=(0,))

PSYCOPG2 = Library(
    "python",
    calls={
        "psycopg2.connect": Connect(_LIBPQ_WAIT, blocking=True),
        **{
            f"psycopg2.pool.{pool}": Connect(_LIBPQ_WAIT, blocking=True, pool=True, limits=_MAXCONN)
            for pool in _POOLS
        },
        **_executing("psycopg2.cursor", blocking=True),
        **_transactions("psycopg2.connection", blocking=True),
        **methods(
            "psycopg2.extras",
            "execute_values execute_batch",
            _query(blocking=True, many=True, sql=(arg(1, "sql"),), values=(arg(2, "argslist"),)),
        ),
    },
    types=tuple(f"psycopg2.pool.{pool}" for pool in _POOLS),
    returns={
        "psycopg2.connect": "psycopg2.connection",
        "psycopg2.connection.cursor": "psycopg2.cursor",
        **{f"psycopg2.pool.{pool}.getconn": "psycopg2.connection" for pool in _POOLS},
    },
    holds={
        "psycopg2.connect": Hold(managed=False),
        **{
            f"psycopg2.pool.{pool}.getconn": Hold(back=("putconn",), managed=False, counted=True)
            for pool in _POOLS
        },
    },
    aliases={
        "psycopg2.extensions.connection": "psycopg2.connection",
        "psycopg2.extensions.cursor": "psycopg2.cursor",
        "psycopg2.extras.DictCursor": "psycopg2.cursor",
        "psycopg2.extras.RealDictCursor": "psycopg2.cursor",
    },
)


def _asyncpg(owner: str) -> dict[str, Meaning]:
    values = (arg(1), keyword("args"))
    return {
        f"{owner}.execute": _query(blocking=False, values=values),
        f"{owner}.executemany": _query(blocking=False, many=True, values=values),
        f"{owner}.fetch": _query(blocking=False, fetches="many", values=values),
        f"{owner}.fetchrow": _query(blocking=False, fetches="one", values=values),
        f"{owner}.fetchval": _query(blocking=False, fetches="one", values=values),
        f"{owner}.cursor": _query(blocking=False, fetches="many", values=values),
    }


_ASYNCPG_WAIT = Timeout(call=(keyword("timeout"),), default=HAS_TIMEOUT)

ASYNCPG = Library(
    "python",
    calls={
        "asyncpg.connect": Connect(_ASYNCPG_WAIT, blocking=False),
        "asyncpg.create_pool": Connect(
            _ASYNCPG_WAIT,
            blocking=False,
            pool=True,
            limits=Pool(size=(keyword("max_size"),), default=10),
        ),
        **_asyncpg("asyncpg.Connection"),
        **_asyncpg("asyncpg.Pool"),
        "asyncpg.Connection.transaction": Transaction("begin", blocking=False),
    },
    returns={
        "asyncpg.connect": "asyncpg.Connection",
        "asyncpg.create_pool": "asyncpg.Pool",
        "asyncpg.Pool.acquire": "asyncpg.Connection",
    },
    holds={
        "asyncpg.connect": Hold(release=("close", "terminate")),
        "asyncpg.Pool.acquire": Hold(release=("close",), back=("release",), counted=True),
    },
    aliases={
        "asyncpg.pool.Pool": "asyncpg.Pool",
        "asyncpg.connection.Connection": "asyncpg.Connection",
        "asyncpg.pool.PoolConnectionProxy": "asyncpg.Connection",
    },
)


def _sqlite(module: str, *, blocking: bool) -> Library:
    connection, cursor = f"{module}.Connection", f"{module}.Cursor"
    returns = {f"{module}.connect": connection, f"{connection}.cursor": cursor}
    for name in ("execute", "executemany", "executescript"):
        returns[f"{connection}.{name}"] = cursor
        returns[f"{cursor}.{name}"] = cursor
    wait = Timeout(call=(arg(1, "timeout"),), default=HAS_TIMEOUT)
    script = Query(_SQL, (), blocking=blocking)
    return Library(
        "python",
        calls={
            f"{module}.connect": Connect(wait, blocking=blocking),
            **_executing(connection, blocking=blocking),
            **_executing(cursor, blocking=blocking),
            f"{connection}.executescript": script,
            f"{cursor}.executescript": script,
            **_transactions(connection, blocking=blocking),
            f"{connection}.execute_fetchall": _query(blocking=blocking, fetches="many"),
        },
        returns=returns,
        # A `with` block over a connection of the standard library ends the transaction only.
        holds={f"{module}.connect": Hold(managed=not blocking)},
        aliases={f"{module}.core.Connection": connection, f"{module}.cursor.Cursor": cursor},
    )


def _mysql(module: str, wait: Timeout) -> Library:
    connection, cursor = f"{module}.Connection", f"{module}.Cursor"
    return Library(
        "python",
        calls={
            f"{module}.connect": Connect(wait, blocking=True),
            **_executing(cursor, blocking=True),
            f"{connection}.query": Query((arg(0, "sql"),), (), blocking=True),
            f"{connection}.begin": Transaction("begin", blocking=True),
            **_transactions(connection, blocking=True),
        },
        returns={f"{module}.connect": connection, f"{connection}.cursor": cursor},
        holds={f"{module}.connect": Hold()},
        aliases={
            f"{module}.connections.Connection": connection,
            f"{module}.cursors.Cursor": cursor,
            f"{module}.cursors.DictCursor": cursor,
        },
    )


_MYSQL_WAIT = (keyword("connect_timeout"), keyword("connection_timeout"))

LIBRARIES = (
    PSYCOPG,
    PSYCOPG2,
    ASYNCPG,
    _sqlite("sqlite3", blocking=True),
    _sqlite("aiosqlite", blocking=False),
    _mysql("pymysql", Timeout(call=_MYSQL_WAIT, default=HAS_TIMEOUT)),
    _mysql("MySQLdb", Timeout(call=_MYSQL_WAIT, default=SOME_TIMEOUT)),
    _mysql("mysql.connector", Timeout(call=_MYSQL_WAIT, default=HAS_TIMEOUT)),
)
