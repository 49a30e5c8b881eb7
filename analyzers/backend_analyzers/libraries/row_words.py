"""The words in which object mappers and query builders load rows: SQLAlchemy, Prisma, knex and others.

Facts from the references of SQLAlchemy 2, SQLModel, Flask-SQLAlchemy 3, Prisma 6, knex 3,
Sequelize 6, Mongoose 8 and TypeORM 0.3.  `facts/listings.py` reads chains of calls by them.
"""

from __future__ import annotations

from backend_analyzers.source import Language

ALL = {
    "python": frozenset({"all", "fetchall"}),
    "ecmascript": frozenset({"findMany", "findAll", "find", "select", "from", "exec", "toArray"}),
}
"""The last words of chains that load every row."""

STATEMENT = frozenset({"execute", "scalars", "exec", "stream_scalars"})
"""Methods of a session that run the statement they are given."""

NARROWING = frozenset(
    {
        *("limit", "offset", "slice", "fetch", "first", "one", "one_or_none", "get", "paginate"),
        *("skip", "take", "top", "page", "group_by", "groupBy", "having", "count", "yield_per"),
        *("max", "min", "sum", "avg", "stream", "partitions", "findOne", "cursor", "batchSize"),
        *("insert", "update", "delete", "del", "returning", "pluck", "increment", "into", "raw"),
        *("fetchmany", "scalar", "distinctOn", "countDistinct", "modify", "select_from", "cte"),
        *("from_statement", "subquery", "union", "union_all", "intersect", "with_entities"),
        *("__table__", "c", "exists", "in_", "whereIn", "join", "outerjoin", "innerJoin"),
        *("leftJoin", "rightJoin", "aggregate", "callback", "sample", "tablesample"),
    }
)
"""Words in a chain after which it no longer loads every row, or nobody can tell."""

HARMLESS = frozenset(
    {
        *("all", "fetchall", "scalars", "unique", "mappings", "query", "session", "options"),
        *("order_by", "distinct", "select", "find", "findAll", "findMany", "from", "exec", "lean"),
        *("sort", "populate", "orderBy", "execution_options", "with_for_update", "as", "toArray"),
        *(
            "execute",
            "columns",
            "where",
            "filter",
            "filter_by",
            "andWhere",
            "whereNot",
            "whereNull",
        ),
        *("whereNotNull", "collation", "scope", "unscoped", "clone", "select_related", "db"),
    }
)
"""Words that leave the number of rows open."""

FILTERS = frozenset({"where", "filter", "filter_by", "andWhere"})
ORDERS = frozenset({"order_by", "orderBy", "sort"})
PAGES = frozenset(
    {
        *(
            "limit",
            "take",
            "skip",
            "offset",
            "cursor",
            "first",
            "last",
            "page",
            "perPage",
            "pageSize",
        ),
    }
)
"""Keys of an options object that ask for a page."""

# Queries of mappers in Python, as chains of calls (`facts/lazy_loads.py`) -----------------------

DJANGO_QUERY = frozenset(
    {
        *(
            "all",
            "filter",
            "exclude",
            "order_by",
            "distinct",
            "annotate",
            "alias",
            "using",
            "reverse",
        ),
        *("defer", "only", "extra", "select_for_update", "iterator", "aiterator"),
    }
)
"""Methods of a query set that leave its rows what they are."""

SQLALCHEMY_QUERY = frozenset(
    {
        *("filter", "filter_by", "where", "order_by", "distinct", "limit", "offset", "join"),
        *(
            "outerjoin",
            "having",
            "all",
            "scalars",
            "unique",
            "with_for_update",
            "params",
            "partitions",
        ),
        *("execution_options", "populate_existing", "yield_per"),
    }
)
"""Methods of a query or a result that leave its rows what they are."""

EAGER = frozenset({"select_related", "prefetch_related", "options"})
"""Methods that say what is loaded together with the rows."""

SELECTS = frozenset({"scalars", "exec", "stream_scalars", "query"})
"""Methods of a session that are given what to select."""


def ecosystem(language: Language) -> str:
    """The key of a language in the tables above."""
    return "ecmascript" if language.is_ecmascript else "python"
