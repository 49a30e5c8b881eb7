"""None of the rewrites that only look right is ever taken for the same query."""

from __future__ import annotations

import pytest

from backend_engineer.planner.canonical import canonical
from backend_engineer.planner.compare import compare_texts
from backend_engineer.planner.databases import database
from backend_engineer.planner.planner import Planner
from backend_engineer.planner.tables import read_tables
from tests.planner.schemas import SCHEMAS
from tests.planner.wrong_rewrites import WRONG

PAIRS = [
    pytest.param(name, *pair, id=f"{name} {number}")
    for name, pairs in WRONG.items()
    for number, pair in enumerate(pairs)
]


def test_there_are_enough() -> None:
    assert len(PAIRS) >= 150
    assert all(len(pairs) >= 50 for pairs in WRONG.values())


@pytest.mark.parametrize(("name", "one", "other"), PAIRS)
def test_a_wrong_rewrite_is_refused(planner: Planner, name: str, one: str, other: str) -> None:
    compared = compare_texts(planner, SCHEMAS[name], one, other, seconds=4)
    assert compared.verdict in {"refuted", "inconclusive"}, compared.reason
    assert "does not run" not in compared.reason
    assert "could not be read" not in compared.reason


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_wrong_rewrite_has_the_same_canonical_form(planner: Planner, name: str) -> None:
    made = database(planner.cluster, SCHEMAS[name], purpose="_rows")
    assert not made.errors
    with made.connect() as connection:
        tables = read_tables(connection)
    for one, other in WRONG[name]:
        form = canonical(one, tables)
        assert form is None or form != canonical(other, tables), one
