"""What the shadow sees statements do is what PostgreSQL's documentation says that they do."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from backend_analyzers.oracle import Observed, Replay, Step
from backend_engineer.planner.observe import replay
from backend_engineer.planner.planner import Planner
from tests.planner.conftest import script

SPEC = Path(__file__).parent / "observe.md"


class Case(NamedTuple):
    title: str
    before: str
    after: str

    @property
    def statements(self) -> tuple[str, ...]:
        return script(re.sub(r"^--.*\n", "", self.after, flags=re.MULTILINE)).statements


def cases() -> list[Case]:
    sections = SPEC.read_text().split("\n## ")[1:]
    found = []
    for section in sections:
        before, after = re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        found.append(Case(section.partition("\n")[0], before, after))
    return found


def seen(planner: Planner, before: str, after: str) -> tuple[Observed, ...]:
    """What the statements of a migration do to the tables that others made."""
    steps = (Step(script(before).statements, watched=False), Step(script(after).statements))
    return replay(planner.cluster, Replay(steps), seconds=1.0).steps[1]


@pytest.fixture(scope="module")
def all_seen(planner: Planner) -> dict[str, tuple[Observed, ...]]:
    """What the statements of every case do; between two cases everything is taken away."""
    steps = []
    for case in CASES:
        steps += [Step((*_EMPTY, *script(case.before).statements), watched=False)]
        steps += [Step(case.statements)]
    answered = replay(planner.cluster, Replay(tuple(steps))).steps
    return dict(zip((case.title for case in CASES), answered[1::2], strict=True))


_EMPTY = ("DROP SCHEMA public CASCADE", "DROP SCHEMA IF EXISTS old CASCADE", "CREATE SCHEMA public")


def as_text(statements: tuple[str, ...], observed: tuple[Observed, ...]) -> str:
    lines = []
    for statement, one in zip(statements, observed, strict=True):
        lines += [f"{statement.rstrip(';')};", *_said(one)]
    return "\n".join(lines) + "\n"


def _said(one: Observed) -> list[str]:
    lines = [f"-- assumes that {what}" for what in one.assumed]
    if one.error:
        lines.append(f"-- fails: {one.error}")
    for effect in one.effects:
        words = [effect.lock, *(w for w in ("rewrites", "scans", "drops") if getattr(effect, w))]
        lines.append(f"-- {effect.table}: {', '.join(words)}")
    return lines or ["-- nothing"]


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_agrees_with_the_documentation(
    case: Case, all_seen: dict[str, tuple[Observed, ...]]
) -> None:
    assert as_text(case.statements, all_seen[case.title]) == case.after


def test_there_are_enough_cases() -> None:
    assert sum(len(case.statements) for case in CASES) >= 60


def test_what_is_missing_is_assumed_and_said(planner: Planner) -> None:
    one, two, three = seen(
        planner,
        "CREATE TABLE t (id bigint PRIMARY KEY);",
        "ALTER TABLE orders ADD CONSTRAINT o_t FOREIGN KEY (t_id) REFERENCES t (id);"
        "CREATE INDEX ON t (placed_at); DROP INDEX idx_old;",
    )
    assert one.assumed == ("table orders exists, with rows", "orders has a column t_id bigint")
    assert {e.table: e.lock for e in one.effects} == {
        "orders": "ShareRowExclusiveLock",
        "t": "ShareRowExclusiveLock",
    }
    assert two.assumed == ("t has a column placed_at timestamptz",)
    assert two.effects[0].lock == "ShareLock"
    assert three.assumed == ("an index idx_old exists, on a table with rows",)
    assert three.effects[0].lock == "AccessExclusiveLock"


def test_tables_in_other_schemas_are_made_up_there(planner: Planner) -> None:
    observed = seen(
        planner,
        "SELECT 1;",
        "ALTER TABLE app.orders ADD CONSTRAINT o_u FOREIGN KEY (user_id) REFERENCES app.users (id);"
        "ALTER TABLE app.orders DROP CONSTRAINT old;"
        "ALTER TABLE app.orders ADD CONSTRAINT kinds CHECK (kind <> 1 OR state = 3);"
        "ALTER TABLE app.orders ADD CONSTRAINT flags CHECK (NOT (fast AND cheap));",
    )
    assert [one.error for one in observed] == ["", "", "", ""]
    assert "app.orders has a column kind bigint" in observed[2].assumed
    assert "app.orders has a column fast boolean" in observed[3].assumed


def test_a_type_that_was_made_up_says_nothing_of_a_rewrite(planner: Planner) -> None:
    one, two, three = seen(
        planner,
        "CREATE TABLE t (id int);",
        "ALTER TABLE orders ALTER COLUMN price TYPE numeric(12, 2);"
        "ALTER TABLE orders ADD COLUMN b int;"
        "ALTER TABLE orders ALTER price SET DATA TYPE numeric(14, 2), ALTER COLUMN b TYPE bigint;",
    )
    assert one.error == three.error == "the type of orders.price before is not known"
    assert "table orders exists, with rows" in two.assumed
    assert two.effects[0].lock == "AccessExclusiveLock"


def test_what_nothing_helps_is_an_error(planner: Planner) -> None:
    one, two = seen(planner, "SELECT 1;", "ALTER TABLE t ADD COLUMN; UPDATE t SET a = nothing(a);")
    assert "syntax error" in one.error
    assert "function nothing" in two.error
    assert not one.effects and not two.effects


def test_comments_before_a_statement_are_none_of_it(planner: Planner) -> None:
    steps = (
        Step(("-- one\n/* two */ CREATE TABLE t (a int)", "-- go\nBEGIN"), watched=False),
        Step(("-- later\nCREATE INDEX CONCURRENTLY t_a ON t (a)", "-- nothing more")),
    )
    concurrent, nothing = replay(planner.cluster, Replay(steps)).steps[1]
    assert concurrent.effects[0].lock == "ShareUpdateExclusiveLock"
    assert nothing == Observed()


def test_hostile_statements_do_nothing_and_end(planner: Planner) -> None:
    hostile = (
        "COPY (SELECT 1) TO PROGRAM 'touch /tmp/owned';",
        "SELECT pg_read_file('/etc/passwd');",
        "SET statement_timeout = 0;",
        "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$;",
        "INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 1000000000);",
        "ALTER TABLE t ADD COLUMN b int NOT NULL;",
    )
    began = time.monotonic()
    observed = seen(planner, "CREATE TABLE t (a text);", "\n".join(hostile))
    assert time.monotonic() - began < 20
    assert observed[0].error.startswith("permission denied")
    assert observed[1].error.startswith("permission denied")
    assert not observed[2].error
    assert observed[3].error
    assert observed[4].error
    assert observed[5].effects[0].lock == "AccessExclusiveLock"


def test_a_loop_in_what_went_before_ends(planner: Planner) -> None:
    (observed,) = seen(
        planner,
        "CREATE TABLE t (a int); DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$; CREATE TABLE u (a int);",
        "ALTER TABLE u ADD CHECK (a > 0);",
    )
    assert not observed.assumed
    assert observed.effects[0].table == "u"


def test_many_statements_are_watched_one_by_one(planner: Planner) -> None:
    tables = "".join(f"CREATE TABLE t{n} (id bigint PRIMARY KEY, a int);" for n in range(50))
    changes = "".join(f"ALTER TABLE t{n} ALTER COLUMN a TYPE bigint;" for n in range(50))
    observed = seen(planner, tables, changes)
    assert len(observed) == 50
    assert all(one.effects[0].rewrites for one in observed)


def test_a_table_that_the_migration_failed_to_make_is_not_taken_for_an_old_one(
    planner: Planner,
) -> None:
    after = "CREATE TABLE roles (id no_type_of_ours(3));\nCREATE INDEX ON roles (workspace);"
    failed, index = seen(planner, "CREATE TABLE users (id int);", after)

    assert failed.error
    assert not index.error
    assert index.effects == ()
