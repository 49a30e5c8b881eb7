"""SQLAlchemy, core and sessions, in its synchronous and asynchronous forms.

The asynchronous classes do what the synchronous ones of the same name do, without blocking.
"""

from __future__ import annotations

from backend_analyzers.libraries.vocabulary import (
    SOME_TIMEOUT,
    Connect,
    Hold,
    Library,
    Meaning,
    Pool,
    Query,
    Timeout,
    Transaction,
    arg,
    keyword,
)

_SQL = (arg(0, "statement"),)
_VALUES = (arg(1, "parameters"), arg(1, "params"))
_CHAINING = """
    filter filter_by join outerjoin order_by group_by having limit offset options distinct
    with_for_update select_from where params execution_options populate_existing
    """
_ENGINE = Timeout(default=SOME_TIMEOUT)


def _running(owner: str, *, blocking: bool) -> dict[str, Meaning]:
    """What connections and sessions have in common."""
    one = Query(_SQL, _VALUES, blocking=blocking, fetches="one")
    many = Query(_SQL, _VALUES, blocking=blocking, fetches="many")
    return {
        f"{owner}.execute": Query(_SQL, _VALUES, blocking=blocking),
        f"{owner}.exec_driver_sql": Query(_SQL, _VALUES, blocking=blocking),
        f"{owner}.exec": Query(_SQL, _VALUES, blocking=blocking),
        f"{owner}.scalar": one,
        f"{owner}.scalars": many,
        f"{owner}.stream": many,
        f"{owner}.get": Query((), (), blocking=blocking, fetches="one"),
        f"{owner}.refresh": Query((), (), blocking=blocking, fetches="one"),
        f"{owner}.begin": Transaction("begin", blocking=blocking),
        f"{owner}.begin_nested": Transaction("begin", blocking=blocking),
        f"{owner}.commit": Transaction("commit", blocking=blocking),
        f"{owner}.rollback": Transaction("rollback", blocking=blocking),
    }


def _query_methods() -> dict[str, Meaning]:
    """The legacy `session.query(…)`: a chain that runs when its result is asked for."""
    owner = "sqlalchemy.orm.Query"
    many = Query((), (), blocking=True, fetches="many")
    one = Query((), (), blocking=True, fetches="one")
    return {
        f"{owner}.all": many,
        **{
            f"{owner}.{name}": one
            for name in ("first", "one", "one_or_none", "scalar", "count", "get")
        },
        f"{owner}.update": Query((), (), blocking=True),
        f"{owner}.delete": Query((), (), blocking=True),
    }


_ORM = "sqlalchemy.orm"
_AIO = "sqlalchemy.ext.asyncio"

# https://docs.sqlalchemy.org/en/20/core/engines.html: `pool_size` 0 and `max_overflow` -1 are no limit.
_POOL = Pool(
    size=(keyword("pool_size"),),
    default=5,
    overflow=(keyword("max_overflow"),),
    overflow_default=10,
    kind=keyword("poolclass"),
    none=("sqlalchemy.pool.NullPool",),
    same=("sqlalchemy.pool.QueuePool", "sqlalchemy.pool.AsyncAdaptedQueuePool"),
    unlimited=(0, -1),
)

# A session gives its connection back whenever its transaction ends.
_SESSION = Hold("session", release=("close", "commit", "rollback", "invalidate"), counted=True)

SQLALCHEMY = Library(
    "python",
    calls={
        "sqlalchemy.create_engine": Connect(_ENGINE, blocking=False, pool=True, limits=_POOL),
        f"{_AIO}.create_async_engine": Connect(_ENGINE, blocking=False, pool=True, limits=_POOL),
        "sqlalchemy.Engine.begin": Transaction("begin", blocking=True),
        f"{_ORM}.sessionmaker.begin": Transaction("begin", blocking=True),
        f"{_AIO}.AsyncEngine.begin": Transaction("begin", blocking=False),
        f"{_AIO}.async_sessionmaker.begin": Transaction("begin", blocking=False),
        **_running("sqlalchemy.Connection", blocking=True),
        **_running(f"{_ORM}.Session", blocking=True),
        f"{_ORM}.Session.flush": Query((), (), blocking=True),
        f"{_AIO}.AsyncSession.flush": Query((), (), blocking=False),
        **_running(f"{_AIO}.AsyncConnection", blocking=False),
        **_running(f"{_AIO}.AsyncSession", blocking=False),
        **_query_methods(),
    },
    types=(
        f"{_ORM}.Session",
        f"{_ORM}.sessionmaker",
        f"{_AIO}.AsyncSession",
        f"{_AIO}.async_sessionmaker",
        "flask_sqlalchemy.SQLAlchemy",
    ),
    returns={
        "sqlalchemy.create_engine": "sqlalchemy.Engine",
        "sqlalchemy.Engine.connect": "sqlalchemy.Connection",
        "sqlalchemy.Engine.begin": "sqlalchemy.Connection",
        f"{_ORM}.sessionmaker.__call__": f"{_ORM}.Session",
        f"{_ORM}.sessionmaker.begin": f"{_ORM}.Session",
        f"{_ORM}.scoped_session": f"{_ORM}.scoped_session",
        f"{_ORM}.scoped_session.__call__": f"{_ORM}.Session",
        f"{_ORM}.Session.query": f"{_ORM}.Query",
        f"{_ORM}.Session.connection": "sqlalchemy.Connection",
        **{f"{_ORM}.Query.{name}": f"{_ORM}.Query" for name in _CHAINING.split()},
        f"{_AIO}.create_async_engine": f"{_AIO}.AsyncEngine",
        f"{_AIO}.AsyncEngine.connect": f"{_AIO}.AsyncConnection",
        f"{_AIO}.AsyncEngine.begin": f"{_AIO}.AsyncConnection",
        f"{_AIO}.async_sessionmaker.__call__": f"{_AIO}.AsyncSession",
        f"{_AIO}.async_sessionmaker.begin": f"{_AIO}.AsyncSession",
    },
    holds={
        "sqlalchemy.Engine.connect": Hold(counted=True),
        "sqlalchemy.Engine.raw_connection": Hold(managed=False, counted=True),
        f"{_AIO}.AsyncEngine.connect": Hold(counted=True),
        f"{_ORM}.Session": _SESSION,
        f"{_ORM}.sessionmaker.__call__": _SESSION,
        f"{_AIO}.AsyncSession": _SESSION,
        f"{_AIO}.async_sessionmaker.__call__": _SESSION,
    },
    attributes={"flask_sqlalchemy.SQLAlchemy.session": f"{_ORM}.Session"},
    aliases={
        "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
        "sqlalchemy.engine.Engine": "sqlalchemy.Engine",
        "sqlalchemy.engine.base.Engine": "sqlalchemy.Engine",
        "sqlalchemy.engine.Connection": "sqlalchemy.Connection",
        "sqlalchemy.orm.session.Session": f"{_ORM}.Session",
        "sqlalchemy.orm.session.sessionmaker": f"{_ORM}.sessionmaker",
        "sqlalchemy.sql.text": "sqlalchemy.text",
        "sqlalchemy.sql.expression.text": "sqlalchemy.text",
        "sqlalchemy.NullPool": "sqlalchemy.pool.NullPool",
        "sqlalchemy.pool.impl.NullPool": "sqlalchemy.pool.NullPool",
        "sqlalchemy.QueuePool": "sqlalchemy.pool.QueuePool",
        "sqlalchemy.AsyncAdaptedQueuePool": "sqlalchemy.pool.AsyncAdaptedQueuePool",
        "sqlmodel.Session": f"{_ORM}.Session",
        "sqlmodel.create_engine": "sqlalchemy.create_engine",
        "sqlmodel.text": "sqlalchemy.text",
        "sqlmodel.ext.asyncio.session.AsyncSession": f"{_AIO}.AsyncSession",
        "sqlalchemy.ext.asyncio.session.AsyncSession": f"{_AIO}.AsyncSession",
    },
    bases={f"{_ORM}.scoped_session": f"{_ORM}.Session"},
    texts=("sqlalchemy.text",),
)

LIBRARIES = (SQLALCHEMY,)
