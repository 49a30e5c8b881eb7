"""Queries that mappers and query builders write, as approximate SQL: one module for each of them.

Each has a workspace fact `queries_of(workspace) -> Mapping[str, tuple[Query, ...]]`, by path.
"""
