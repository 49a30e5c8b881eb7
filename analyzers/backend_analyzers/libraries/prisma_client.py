"""The methods of Prisma's client: what each asks the database for, and where its options are.

From https://www.prisma.io/docs/orm/reference/prisma-client-reference.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["select", "count", "aggregate", "group", "insert", "update", "delete", "upsert"]


class Method(msgspec.Struct, frozen=True):
    """`one` says that it gives or changes one row, `limits` that the query itself is for one."""

    action: Action
    one: bool = False
    limits: bool = False


METHODS = {
    "findMany": Method("select"),
    "findFirst": Method("select", one=True, limits=True),
    "findFirstOrThrow": Method("select", one=True, limits=True),
    "findUnique": Method("select", one=True, limits=True),
    "findUniqueOrThrow": Method("select", one=True, limits=True),
    "count": Method("count", one=True),
    "aggregate": Method("aggregate", one=True),
    "groupBy": Method("group"),
    "create": Method("insert", one=True),
    "createMany": Method("insert"),
    "createManyAndReturn": Method("insert"),
    "update": Method("update", one=True),
    "updateMany": Method("update"),
    "updateManyAndReturn": Method("update"),
    "delete": Method("delete", one=True),
    "deleteMany": Method("delete"),
    "upsert": Method("upsert", one=True),
}

COMPARED = {"equals": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
"""Filters that compare with one value."""

LIKE = {"contains": ("%", "%"), "startsWith": ("", "%"), "endsWith": ("%", "")}
"""Filters that match a pattern, with what is before and after the value."""

LISTS = {"has": "@>", "hasEvery": "@>", "hasSome": "&&"}
"""Filters of array columns."""

SOME = {"some": (True, False), "none": (False, False), "every": (False, True)}
"""Filters of lists of rows: whether there must be one, and whether it must fail the condition."""

CHANGES = {"increment": "+", "decrement": "-", "multiply": "*", "divide": "/"}
"""What can be done to a number in `data`."""

FUNCTIONS = {"_sum": "sum", "_avg": "avg", "_min": "min", "_max": "max", "_count": "count"}
