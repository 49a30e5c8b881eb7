"""Database clients of JavaScript: pg, mysql, mysql2, better-sqlite3, knex, Prisma.

Waiting for a connection, from each project's documentation: pg waits for ever unless
`connectionTimeoutMillis` is set, mysql and mysql2 give up after 10 s, better-sqlite3 waits 5 s for a lock.
"""

from __future__ import annotations

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
    arg,
    methods,
    option,
)

_PG_WAIT = Timeout(call=(option(0, "connectionTimeoutMillis"),), zero_is_none=True)
_PG_QUERY = Query((option(0, "text"), arg(0)), (arg(1), option(0, "values")), blocking=False)

PG = Library(
    "ecmascript",
    calls={
        "pg.Pool": Connect(
            _PG_WAIT, blocking=False, pool=True, limits=Pool((option(0, "max"),), default=10)
        ),
        "pg.Client": Connect(_PG_WAIT, blocking=False),
        "pg.Pool.query": _PG_QUERY,
        "pg.Client.query": _PG_QUERY,
    },
    types=("pg.Pool", "pg.Client"),
    returns={"pg.Pool.connect": "pg.Client"},
    holds={"pg.Pool.connect": Hold(release=("release",), counted=True)},
    aliases={"pg.PoolClient": "pg.Client", "pg-pool": "pg.Pool", "pg.ClientBase": "pg.Client"},
)


def _mysql(module: str) -> Library:
    """`mysql2/promise` has the same names as `mysql2`, and what they make works alike."""
    connection, pool = f"{module}.Connection", f"{module}.Pool"
    wait = Timeout(call=(option(0, "connectTimeout"),), default=HAS_TIMEOUT, zero_is_none=True)
    query = Query((option(0, "sql"), arg(0)), (arg(1), option(0, "values")), blocking=False)
    promise = f"{module}/promise"
    return Library(
        "ecmascript",
        calls={
            f"{module}.createConnection": Connect(wait, blocking=False),
            f"{module}.createPool": Connect(
                wait,
                blocking=False,
                pool=True,
                limits=Pool((option(0, "connectionLimit"),), default=10),
            ),
            **methods(connection, "query execute", query),
            **methods(pool, "query execute", query),
            f"{connection}.beginTransaction": Transaction("begin", blocking=False),
            f"{connection}.commit": Transaction("commit", blocking=False),
            f"{connection}.rollback": Transaction("rollback", blocking=False),
        },
        returns={
            f"{module}.createConnection": connection,
            f"{module}.createPool": pool,
            f"{pool}.getConnection": connection,
            f"{pool}.promise": pool,
            f"{connection}.promise": connection,
        },
        holds={
            f"{pool}.getConnection": Hold(
                release=("release", "destroy", "end"), back=("releaseConnection",), counted=True
            )
        },
        aliases={
            f"{promise}.createConnection": f"{module}.createConnection",
            f"{promise}.createPool": f"{module}.createPool",
            f"{promise}.Connection": connection,
            f"{promise}.Pool": pool,
            f"{promise}.PoolConnection": connection,
            f"{module}.PoolConnection": connection,
        },
    )


_SQLITE = "better-sqlite3.Database"
_STATEMENT = "better-sqlite3.Statement"
_SQLITE_WAIT = Timeout(call=(option(1, "timeout"),), default=HAS_TIMEOUT, zero_is_none=True)

SQLITE = Library(
    "ecmascript",
    calls={
        "better-sqlite3": Connect(_SQLITE_WAIT, blocking=True),
        f"{_SQLITE}.prepare": Query((arg(0),), (), blocking=True),
        f"{_SQLITE}.exec": Query((arg(0),), (), blocking=True),
        f"{_STATEMENT}.get": Query((), (arg(0),), blocking=True, fetches="one"),
        f"{_STATEMENT}.all": Query((), (arg(0),), blocking=True, fetches="many"),
        f"{_STATEMENT}.run": Query((), (arg(0),), blocking=True),
    },
    returns={"better-sqlite3": _SQLITE, f"{_SQLITE}.prepare": _STATEMENT},
)

_RAW = Query((arg(0),), (arg(1),), blocking=False)

KNEX = Library(
    "ecmascript",
    calls={
        "knex.Knex.raw": _RAW,
        "knex.Knex.schema.raw": _RAW,
        "knex.Knex.transaction": Transaction("begin", blocking=False),
    },
    returns={"knex": "knex.Knex", "knex.knex": "knex.Knex"},
    aliases={"knex.default": "knex", "knex.Knex.Transaction": "knex.Knex"},
)

_PRISMA = "@prisma/client.PrismaClient"
_MODEL = "@prisma/client.Delegate"
_ONE = Query((), (), blocking=False, fetches="one")


def _prisma() -> dict[str, Meaning]:
    """A model's methods, and raw queries: the tagged forms bind their holes as parameters."""
    one = "findUnique findUniqueOrThrow findFirst findFirstOrThrow count aggregate create upsert"
    return {
        **methods(_MODEL, one, _ONE),
        **methods(_MODEL, "update delete", _ONE),
        f"{_MODEL}.findMany": Query((), (), blocking=False, fetches="many"),
        **methods(
            _MODEL,
            "createMany updateMany deleteMany",
            Query((), (), blocking=False, many=True),
        ),
        **methods(_PRISMA, "$queryRawUnsafe $executeRawUnsafe", _RAW),
        f"{_PRISMA}.$transaction": Transaction("begin", blocking=False),
    }


PRISMA = Library(
    "ecmascript",
    calls=_prisma(),
    types=(_PRISMA,),
    attributes={f"{_PRISMA}.*": _MODEL},
    tags=(f"{_PRISMA}.$queryRaw", f"{_PRISMA}.$executeRaw"),
)

POSTGRES = Library(
    "ecmascript",
    calls={
        "postgres": Connect(Timeout(default=SOME_TIMEOUT), blocking=False, pool=True),
        "postgres.Sql.unsafe": _RAW,
    },
    returns={"postgres": "postgres.Sql"},
    tags=("postgres.Sql",),
)

LIBRARIES = (PG, _mysql("mysql2"), _mysql("mysql"), SQLITE, KNEX, PRISMA, POSTGRES)
