"""Every rewrite of the registry over many queries: none is ever refuted, and what it gives is named alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from psycopg.pq import ExecStatus

from backend_analyzers.sql.interpret import apply
from backend_analyzers.sql.parse import parse
from backend_analyzers.sql.parse_ddl import parse_ddl
from backend_analyzers.sql.rewrites import registry, rewrites
from backend_analyzers.sql.rewrites.view import view
from backend_analyzers.sql.schema import Schema
from backend_engineer.planner.compare import compare_texts
from backend_engineer.planner.databases import database
from backend_engineer.planner.planner import Planner
from tests.planner.rewritten_queries import QUERIES
from tests.planner.schemas import SCHEMAS

_ADVICE = {"keyset", "batched"}
"""Modules whose rewrites ask for other rows, and so are never compared."""


@cache
def schema(name: str) -> Schema:
    made = Schema()
    for statement in SCHEMAS[name].statements:
        made = apply(made, parse_ddl(statement), "")
    return made


def offered() -> Iterator[tuple[str, str, str]]:
    """Schema, query, rewrite: all that is offered for the queries."""
    for name, queries in QUERIES.items():
        for query in queries:
            for one in rewrites(query, parse(query)[0], schema(name)):
                yield name, query, one.text


OFFERED = list(offered())
CASES = [pytest.param(*one, id=f"{one[0]} {number}") for number, one in enumerate(OFFERED)]


def test_each_query_has_a_rewrite_and_each_rewrite_queries() -> None:
    asked = {(name, query) for name, query, _ in OFFERED}
    missing = [q for name, queries in QUERIES.items() for q in queries if (name, q) not in asked]
    assert not missing
    assert sum(map(len, QUERIES.values())) >= 120
    used: Counter[str] = Counter()
    for name, queries in QUERIES.items():
        for query in queries:
            subject = view(query, parse(query)[0], schema(name))
            assert subject is not None, query
            used.update(n for n, rewrite in registry().items() if any(rewrite(subject)))
    assert {name for name in registry() if used[name] < 3} <= _ADVICE, used


@pytest.mark.parametrize(("name", "query", "other"), CASES)
def test_an_offered_rewrite_is_not_refuted(
    planner: Planner, name: str, query: str, other: str
) -> None:
    compared = compare_texts(planner, SCHEMAS[name], query, other, rounds=15, seed=3)
    assert compared.verdict != "refuted", f"{other}: {compared.reason}"
    assert "does not run" not in compared.reason, f"{other}: {compared.reason}"
    named = _names(planner, name, query)
    assert b"?column?" in named or named == _names(planner, name, other)


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "query", "other"), CASES)
def test_an_offered_rewrite_stands_a_thousand_rounds(
    planner: Planner, name: str, query: str, other: str
) -> None:
    compared = compare_texts(
        planner, SCHEMAS[name], query, other, rounds=1000, seconds=120, seed=11, proofs=False
    )
    assert compared.verdict == "agreed", f"{other}: {compared.reason}"
    assert compared.rounds == 1000


def _names(planner: Planner, name: str, query: str) -> list[bytes | None]:
    made = database(planner.cluster, SCHEMAS[name], purpose="_rows")
    with made.connect() as connection:
        server = connection.pgconn
        assert server.prepare(b"", query.encode()).status == ExecStatus.COMMAND_OK
        described = server.describe_prepared(b"")
        return [described.fname(number) for number in range(described.nfields)]
