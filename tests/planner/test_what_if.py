"""The index that is best on the shadow is the best one in a database that has the rows."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from backend_engineer.plan_text import nodes
from backend_engineer.planner.advise import (
    WORTH,
    Best,
    alike_up_to,
    best_indexes,
    candidates_of,
    to_try,
)
from backend_engineer.planner.cluster import SUPERUSER
from backend_engineer.planner.databases import create_empty
from backend_engineer.planner.explain import NotPlanned, explain
from backend_engineer.planner.export import export_query
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.translate import schema_of
from tests.planner.conftest import script
from tests.planner.production import QUERIES, SCHEMA, fill

pytestmark = pytest.mark.e2e
Connection = psycopg.Connection[tuple[Any, ...]]
Open = Callable[..., Planner]

TEXT = script(SCHEMA)


class Production(NamedTuple):
    """A database with rows and what it exports, in a folder."""

    connection: Connection
    folder: Path


@pytest.fixture(scope="module")
def production(planner: Planner, folder: Path) -> Iterator[Production]:
    cluster = planner.cluster
    with cluster.connect() as connection:
        create_empty(connection, "production")
    with cluster.connect("production") as connection:
        fill(connection)
        connection.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION pageinspect")
        for name, query in (
            ("export.json", export_query(heights=True)),
            ("sizes.json", export_query(values=False)),
        ):
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            (folder / name).write_bytes(json.dumps(row[0]).encode())
        dumped = subprocess.run(
            cluster.binaries.command(
                *("pg_dump", "-h", str(cluster.data), "-U", SUPERUSER, "--statistics-only"),
                "production",
            ),
            capture_output=True,
            check=True,
            **cluster.binaries.as_user(),  # type: ignore[call-overload]
        )
        (folder / "dump.sql").write_bytes(dumped.stdout)
        yield Production(connection, folder)


class Truth(NamedTuple):
    """What a query costs in production, now and with each candidate that it would use."""

    cost: float
    after: dict[str, float]


@pytest.fixture(scope="module")
def truths(production: Production, open_planner: Open) -> list[Truth]:
    """Each candidate is built once, on the rows, and all queries are planned with it."""
    schema = schema_of(TEXT)
    found = [Truth(explain(production.connection, query)["Total Cost"], {}) for query in QUERIES]
    wanted: dict[str, list[int]] = defaultdict(list)
    with open_planner(production.folder, statistics="export.json") as planner:
        shadow = planner.shadow(TEXT)
        for number, query in enumerate(QUERIES):
            for one in to_try(shadow, candidates_of(query, schema), schema).values():
                wanted[one.ddl(schema, name="tried")].append(number)
    for ddl, numbers in wanted.items():
        with production.connection.transaction(force_rollback=True):
            try:
                production.connection.execute(ddl.encode())
            except psycopg.Error:
                continue
            for number in numbers:
                top = explain(production.connection, QUERIES[number])
                if any(node.get("Index Name") == "tried" for node in nodes(top)):
                    found[number].after[ddl] = top["Total Cost"]
    return found


def helped(truths: list[Truth]) -> list[int]:
    return [
        n
        for n, one in enumerate(truths)
        if min(one.after.values(), default=1e99) <= one.cost * WORTH
    ]


def best_on_shadow(planner: Planner) -> list[Best]:
    schema = schema_of(TEXT)
    shadow = planner.shadow(TEXT)
    found = []
    for query in QUERIES:
        try:
            cost = shadow.explain(query)["Total Cost"]
        except NotPlanned as error:
            raise AssertionError(query) from error
        found.append(best_indexes(shadow, query, schema, cost, seconds=60))
    return found


def right(truths: list[Truth], best: list[Best]) -> list[str]:
    """The queries whose best index is another one in production, and what it costs there."""
    schema = schema_of(TEXT)
    wrong = []
    for number in helped(truths):
        truth = truths[number]
        least = min(truth.after.values())
        single = best[number].single
        ddl = single[0].candidate.ddl(schema, name="tried") if single else ""
        # Several that cost the same are all the best; then the shadow takes the smallest.
        if truth.after.get(ddl, 1e99) > alike_up_to(least, truth.cost):
            wrong.append(f"{QUERIES[number]}: {ddl} {truth.after.get(ddl)} instead of {least}")
    return wrong


@pytest.mark.parametrize("statistics", ["export.json", "dump.sql"])
def test_the_best_index_is_that_of_the_full_database(
    production: Production, truths: list[Truth], open_planner: Open, statistics: str
) -> None:
    with open_planner(production.folder, statistics=statistics) as planner:
        best = best_on_shadow(planner)
    count = len(helped(truths))
    wrong = right(truths, best)
    assert len(QUERIES) >= 40
    assert count >= 30
    assert len(wrong) <= count * 0.1, "\n".join(wrong)


def test_what_does_not_help_is_not_advised(
    production: Production, truths: list[Truth], open_planner: Open
) -> None:
    with open_planner(production.folder, statistics="export.json") as planner:
        best = best_on_shadow(planner)
    idle = set(range(len(QUERIES))) - set(helped(truths))
    advised = [QUERIES[n] for n in idle if best[n].single]
    assert len(advised) <= len(QUERIES) * 0.05, advised


@pytest.mark.parametrize("statistics", ["export.json", "dump.sql"])
def test_the_plans_are_those_of_the_full_database(
    production: Production, truths: list[Truth], open_planner: Open, statistics: str
) -> None:
    with open_planner(production.folder, statistics=statistics) as planner:
        shadow = planner.shadow(TEXT)
        costs = [shadow.explain(query)["Total Cost"] for query in QUERIES]
    ratios = [cost / truth.cost for cost, truth in zip(costs, truths, strict=True)]
    assert sorted(ratios)[len(ratios) // 2] == pytest.approx(1, rel=0.001)
    assert sum(0.9 < ratio < 1.1 for ratio in ratios) >= len(ratios) * 0.9


def test_without_values_the_evidence_is_sizes(production: Production, open_planner: Open) -> None:
    assert b"user" not in (production.folder / "sizes.json").read_bytes()
    with open_planner(production.folder, statistics="sizes.json") as planner:
        shadow = planner.shadow(TEXT)
        assert shadow.evidence_of(shadow.explain(QUERIES[0])) == "sizes"
