"""The words of knex's query builder, and what each adds to a statement.

From https://knexjs.org/guide/query-builder.html.
"""

from __future__ import annotations

import re

BUILDER = re.compile(r"(?i)^(?:\w*knex|db|database|trx|tx|qb|dbconnection|conn|connection)$")
"""What knex is called, where its type is not known."""

TABLE = frozenset({"from", "into", "table"})
"""Methods that name the table."""

JOINS = {
    "join": "JOIN",
    "innerJoin": "JOIN",
    "leftJoin": "LEFT JOIN",
    "leftOuterJoin": "LEFT JOIN",
    "rightJoin": "RIGHT JOIN",
    "rightOuterJoin": "RIGHT JOIN",
    "fullOuterJoin": "FULL JOIN",
    "outerJoin": "FULL JOIN",
}

WHERE = re.compile(
    r"^(?P<glue>or|and)?(?P<word>where)(?P<kind>NotNull|NotIn|NotBetween|NotExists|Null|In|Between|Exists"
    r"|Raw|Not|Like|ILike)?$",
    re.IGNORECASE,
)
"""`where`, `orWhereIn`, `andWhereNot`; a kind that is not among them is not known."""

AGGREGATES = {"count": "count", "sum": "sum", "avg": "avg", "min": "min", "max": "max"}
DISTINCT_AGGREGATES = {"countDistinct": "count", "sumDistinct": "sum", "avgDistinct": "avg"}

HARMLESS = frozenset(
    {
        *("transacting", "debug", "on", "catch", "finally", "timeout", "hintComment", "comment"),
        *("clone", "then", "asCallback", "stream", "pipe", "options", "connection", "queryContext"),
        *("returning", "forUpdate", "forShare", "skipLocked", "noWait", "as", "withSchema"),
    }
)
"""Methods that leave what a query reads as it is."""

COMPOSED = frozenset(
    {
        *("with", "withRecursive", "withMaterialized", "withNotMaterialized", "union", "unionAll"),
        *("intersect", "except", "fromRaw", "joinRaw", "using", "jsonExtract"),
    }
)
"""Methods that put other queries into one, whose names would not be understood without them."""

OPERATORS = frozenset(
    {
        *("=", "<", ">", "<=", ">=", "<>", "!=", "like", "not like", "ilike", "not ilike", "is"),
        *("is not", "in", "not in", "between", "not between", "~", "~*", "@>", "<@", "&&"),
    }
)
