"""The methods of Django's managers and query sets, by what they do to a query.

From the reference of `QuerySet` in Django 5.2.  The asynchronous forms (`aget`, `acount`) do what the
others do.
"""

from __future__ import annotations

FILTERS = frozenset({"filter", "exclude"})

REFINING = frozenset(
    {
        *FILTERS,
        *("all", "order_by", "reverse", "distinct", "values", "values_list", "only", "defer"),
        *("select_related", "prefetch_related", "annotate", "alias", "using", "select_for_update"),
        *("none", "dates", "datetimes", "get_queryset", "complex_filter"),
    }
)
"""Methods that give another query set, and run nothing."""

UNREAD = frozenset(
    {"raw", "extra", "union", "intersection", "difference", "dates", "datetimes", "complex_filter"}
)
"""Methods after which a query is another one than this reader could say."""

ONE = frozenset({"get", "first", "last", "earliest", "latest"})
"""Methods that run a query and give a row as an object."""

VALUES = frozenset({"count", "exists", "aggregate", "contains", "explain"})
"""Methods that run a query and give something else."""

WRITES = frozenset(
    {
        "create",
        "bulk_create",
        "get_or_create",
        "update_or_create",
        "update",
        "bulk_update",
        "delete",
    }
)

BATCHES = frozenset({"bulk_create", "bulk_update", "in_bulk"})
"""Methods that read or write many rows at once."""

MANY = frozenset({"iterator", "in_bulk"})
"""Methods that run a query and give rows."""

RUNNING = frozenset({*ONE, *VALUES, *WRITES, *MANY})
MAKES_ONE = frozenset({*ONE, "create"})
"""Methods whose result is an object of the model."""

ASYNC = {f"a{name}": name for name in RUNNING}
METHODS = frozenset({*REFINING, *RUNNING, *ASYNC, *UNREAD})

SHORTCUTS = {
    "get_object_or_404": "get",
    "aget_object_or_404": "get",
    "get_list_or_404": "filter",
    "aget_list_or_404": "filter",
}
"""Functions of `django.shortcuts` that query what they are given first."""

CONSUMERS = frozenset(
    {
        *("list", "tuple", "set", "frozenset", "dict", "sorted", "len", "sum", "min", "max", "any"),
        *("all", "bool", "enumerate", "next", "iter", "zip", "map", "reversed"),
    }
)
"""Functions of Python that run the query set they are given."""

MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
"""Attributes by which a class gives its rows where it does not say otherwise."""

RELATED_WRITES = frozenset({"add", "remove", "clear", "set"})
"""Methods of related managers that write."""
